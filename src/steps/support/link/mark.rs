//! The element beside which a link or a balance is put.
//!
//! A slot names a line. The element there is taken out of what cannot hold a link (a button, a form, the rows of a menu, a
//! component that shows only children of its own kind), and into the branch that signed-in users see:
//!
//! ```text
//! {user ? <UserMenu /> : <SignIn />}      beside `UserMenu`, whichever of the two the line is about
//! ```

use std::ops::Range;

use tree_sitter::Node;

use crate::catalog::Ui;
use crate::syntax::source::{Source, named, walk};

/// Elements around the mark that are looked at for one it stands in as its only content.
const NEAR: usize = 4;

/// Finds the marks of a file.
pub(super) struct Marks<'s, 't> {
    pub(super) source: &'s Source<'t>,
    pub(super) ui: &'s Ui,
}

/// Elements that a page has one of.
const DOCUMENT: &[&str] = &["html", "head", "body"];

impl<'s> Marks<'s, '_> {
    /// The element of a line that stands in the list of its neighbours.
    pub(super) fn at(&self, line: Range<usize>) -> Option<Node<'s>> {
        let named = self.of_line(&line)?;
        let named = if DOCUMENT.contains(&tag(self.source, named)) { self.inside(named)? } else { named };
        let leaves = self.ui.leave.iter().any(|text| self.source.slice(line.clone()).contains(text.as_str()));
        let mark = out_of_controls(self.source, self.for_signed_in(named, leaves));
        Some(self.out_of_closed(mark))
    }

    /// The innermost element of a document that signs out: nothing stands beside the document itself.
    fn inside(&self, document: Node<'s>) -> Option<Node<'s>> {
        let signs_out = |node: Node<'s>| {
            let text = self.source.of(node);
            is_element(node)
                && node != document
                && self.ui.leave.iter().any(|mark| text.contains(mark.as_str()))
        };
        let mut found = outermost(document, &signs_out).first().copied()?;
        while let Some(inner) = outermost(found, &|node| node != found && signs_out(node)).first() {
            found = *inner;
        }
        Some(found)
    }

    /// The element that a line is about: the one it begins or goes on with, else the first inside of its expression.
    pub(super) fn of_line(&self, line: &Range<usize>) -> Option<Node<'s>> {
        let text = self.source.slice(line.clone());
        let start = line.start + (text.len() - text.trim_start().len());
        let around = element_around(self.source.root().descendant_for_byte_range(start, start + 1)?)?;
        if around.start_byte() >= start || !text.trim_start().starts_with(['{', '(', '?', ':', '&']) {
            return Some(around);
        }
        let inside = outermost(around, &|node| {
            is_element(node) && node != around && (start..line.end).contains(&node.start_byte())
        });
        let shown = inside.iter().find(|node| self.is_for_signed_in(**node) == Some(true));
        Some(*shown.or(inside.first()).unwrap_or(&around))
    }

    /// The element, or where only visitors see it, or everybody and no sign-out stands there (`leaves`), one that
    /// only signed-in users see.
    fn for_signed_in(&self, mark: Node<'s>, leaves: bool) -> Node<'s> {
        let shown = self.is_for_signed_in(mark);
        if shown == Some(true) || (shown.is_none() && leaves) {
            return mark;
        }
        let around = if shown.is_none() { mark } else { whole(mark) };
        let all = outermost(around, &|node| is_element(node) && self.is_for_signed_in(node) == Some(true));
        all.last().map_or(mark, |node| last_inside(*node))
    }

    /// Whether the branch around an element is the one for signed-in users, or that for visitors.
    fn is_for_signed_in(&self, node: Node<'s>) -> Option<bool> {
        let mut at = node;
        while let Some(parent) = at.parent() {
            let told = match parent.kind() {
                "jsx_element" => self.told_by_tag(tag(self.source, parent)),
                "ternary_expression" => {
                    let condition = parent.child_by_field_name("condition")?;
                    let holds = self.says_signed_in(condition).filter(|_| condition != at);
                    holds.map(|holds| holds == (parent.child_by_field_name("consequence") == Some(at)))
                }
                "binary_expression" if parent.child_by_field_name("right") == Some(at) => {
                    let is_and = operator(self.source, parent) == "&&";
                    let left = parent.child_by_field_name("left").filter(|_| is_and);
                    left.and_then(|left| self.says_signed_in(left))
                }
                _ => None,
            };
            if told.is_some() {
                return told;
            }
            at = parent;
        }
        None
    }

    fn told_by_tag(&self, tag: &str) -> Option<bool> {
        let is_in = |tags: &[String]| tags.iter().any(|known| known == tag);
        let signed = &self.ui.signed_in;
        is_in(&signed.inside).then_some(true).or_else(|| is_in(&signed.outside).then_some(false))
    }

    /// What a condition says of the visitor when it holds: `user`, `!session?.user`, `user && isOpen`,
    /// `status === "authenticated"`.
    fn says_signed_in(&self, condition: Node<'s>) -> Option<bool> {
        let source = self.source;
        match condition.kind() {
            "parenthesized_expression" => self.says_signed_in(condition.named_child(0)?),
            "unary_expression" if operator(source, condition) == "!" => {
                let inner = self.says_signed_in(condition.child_by_field_name("argument")?)?;
                Some(!inner)
            }
            "binary_expression" => {
                let left = condition.child_by_field_name("left")?;
                let right = condition.child_by_field_name("right")?;
                match operator(source, condition) {
                    // That not both hold says nothing of either.
                    "&&" => {
                        self.says_signed_in(left).or_else(|| self.says_signed_in(right)).filter(|yes| *yes)
                    }
                    "===" | "==" => self.equals(left, right),
                    "!==" | "!=" => self.equals(left, right).map(|equal| !equal),
                    _ => None,
                }
            }
            "identifier" | "member_expression" | "call_expression" => {
                self.names_user(condition).then_some(true)
            }
            _ => None,
        }
    }

    fn equals(&self, left: Node<'s>, right: Node<'s>) -> Option<bool> {
        let value = self.source.of(right);
        let signed = &self.ui.signed_in;
        let is_in = |states: &[String]| states.iter().any(|s| s == value.trim_matches(['"', '\'']));
        if matches!(right.kind(), "null" | "undefined") {
            return self.names_user(left).then_some(false);
        }
        is_in(&signed.states).then_some(true).or_else(|| is_in(&signed.other_states).then_some(false))
    }

    /// Whether a value is the signed-in user, or says whether there is one: by its last name, that of its data apart.
    fn names_user(&self, value: Node<'s>) -> bool {
        let text = self.source.of(value).trim_end_matches("()").trim_end_matches(".data");
        let last = text.rsplit('.').next().unwrap_or_default().trim_end_matches(['?', '!']);
        self.ui.signed_in.names.iter().any(|name| name == last)
    }

    /// The outermost component around an element that would not show what is put beside it; else the element.
    fn out_of_closed(&self, mark: Node<'s>) -> Node<'s> {
        let mut best = mark;
        let mut at = mark;
        while let Some(parent) = at.parent() {
            if is_element(parent) && self.is_closed(tag(self.source, parent)) {
                best = parent;
            }
            at = parent;
        }
        best
    }

    fn is_closed(&self, tag: &str) -> bool {
        self.ui.closed.iter().any(|known| match known.strip_prefix('*') {
            Some(end) => tag.ends_with(end),
            None => {
                tag == known || tag.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('.'))
            }
        })
    }
}

/// Out of buttons, links, rows and forms.
fn out_of_controls<'s>(source: &Source<'_>, mark: Node<'s>) -> Node<'s> {
    let mut best = mark;
    let mut at = mark;
    for _ in 0..NEAR {
        let Some(parent) = at.parent().filter(|p| is_element(*p)) else { break };
        let name = tag(source, parent);
        at = parent;
        if matches!(name, "form" | "button" | "Button") || is_link(name) || is_row(name) {
            best = parent;
        }
    }
    best
}

/// The element a node is or stands in.
fn element_around(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node;
    while !is_element(at) {
        at = at.parent()?;
    }
    Some(at)
}

/// The outermost element around one: all that its component shows there.
fn whole(mark: Node<'_>) -> Node<'_> {
    let mut best = mark;
    let mut at = mark;
    while let Some(parent) = at.parent() {
        if is_element(parent) {
            best = parent;
        }
        at = parent;
    }
    best
}

/// The nodes below one that are wanted, in order, without those inside of others and without values of attributes.
fn outermost<'s>(around: Node<'s>, wanted: &dyn Fn(Node<'s>) -> bool) -> Vec<Node<'s>> {
    let mut found: Vec<Node<'s>> = Vec::new();
    walk(around, &mut |node| {
        let is_inside = found.last().is_some_and(|last| node.end_byte() <= last.end_byte());
        if !is_inside && wanted(node) && !is_in_attribute(node, around) {
            found.push(node);
        }
    });
    found
}

fn is_in_attribute(node: Node<'_>, below: Node<'_>) -> bool {
    let mut at = node;
    while let Some(parent) = at.parent().filter(|_| at != below) {
        if parent.kind() == "jsx_attribute" {
            return true;
        }
        at = parent;
    }
    false
}

/// The last element of a fragment, or the element itself.
fn last_inside(node: Node<'_>) -> Node<'_> {
    let is_fragment = node.child_by_field_name("open_tag").is_some_and(|open| open.named_child_count() == 0);
    let last = named(node).into_iter().rfind(|n| is_element(*n));
    last.filter(|_| is_fragment).map_or(node, last_inside)
}

fn operator<'t>(source: &Source<'t>, node: Node<'_>) -> &'t str {
    node.child_by_field_name("operator").map_or("", |operator| source.of(operator))
}

pub(super) fn is_element(node: Node<'_>) -> bool {
    matches!(node.kind(), "jsx_element" | "jsx_self_closing_element")
}

pub(super) fn tag<'t>(source: &Source<'t>, node: Node<'_>) -> &'t str {
    let open = node.child_by_field_name("open_tag").unwrap_or(node);
    open.child_by_field_name("name").map_or("", |name| source.of(name))
}

/// Whether elements of this name are the rows of a menu or list.
pub(super) fn is_row(name: &str) -> bool {
    name == "li" || name.ends_with("Item")
}

pub(super) fn is_link(name: &str) -> bool {
    matches!(name, "a" | "Link" | "NavLink")
}
