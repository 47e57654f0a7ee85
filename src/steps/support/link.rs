//! A link to the billing portal beside what is in a slot already, written as its neighbours are.
//!
//! In JSX the link is an element after the element before the one that marks the slot (a sign-out, usually), with the class
//! of a link beside it. In templates without a grammar the nearest link above the mark is taken as the pattern: its line
//! is repeated with another address and text, so that classes and list items come along.

use tree_sitter::Node;

use crate::edit::Edit;
use crate::sites::Site;
use crate::steps::support::Kit;
use crate::syntax::place;
use crate::syntax::source::Source;

const WHY: &str = "leads to the page where users top up";
/// What the link says.
pub const TEXT: &str = "Manage billing";
/// Lines above the mark in which a link is looked for.
const NEAR: usize = 15;

/// The edits that put the link in a slot.
pub fn add(kit: &Kit<'_>, site: &Site, href: &str) -> Result<Vec<Edit>, String> {
    let element = |class: Option<String>| {
        let class = class.map(|c| format!(" {c}")).unwrap_or_default();
        format!("<a{class} href=\"{href}\">{TEXT}</a>")
    };
    beside(kit, site, &element, &|line| alike(line, &Alike::link(href)))
}

/// The edits that put an element beside the slot's mark.
pub fn beside(
    kit: &Kit<'_>,
    site: &Site,
    element: &dyn Fn(Option<String>) -> String,
    line: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Edit>, String> {
    let file = kit.cx.workspace.find(&site.file).ok_or("the file is gone")?;
    let text = kit.cx.workspace.text(file).map_err(|e| e.to_string())?;
    let language = kit.cx.workspace.entry(file).language;
    if let Some(language) = language.filter(|l| l.is_ecmascript()) {
        let source = Source::parse(language, text.as_str()).ok_or("the file is no code")?;
        let style = kit.style_of(&source);
        let mark = mark(&source, site.span.range()).ok_or("no element stands there")?;
        let after = previous_element(mark).unwrap_or(mark);
        let class = class_nearby(&source, mark);
        return place::add_jsx_after(&source, &style, &after.byte_range(), &element(class), WHY)
            .map_err(|e| e.to_string());
    }
    let newline = text.line_ending().as_str();
    for number in (site.line.saturating_sub(NEAR).max(1)..=site.line).rev() {
        let pattern = text.line(number);
        if let Some(new) = line(pattern) {
            let at = text.line_start(number) + pattern.len();
            return Ok(vec![Edit::insertion(at, format!("{newline}{new}"), WHY)]);
        }
    }
    Err("no link stands near it to be written alike".to_owned())
}

/// The element of a line that stands in the list of its neighbours: out of buttons, list items and forms.
fn mark<'s>(source: &'s Source<'_>, line: std::ops::Range<usize>) -> Option<Node<'s>> {
    let text = source.slice(line.clone());
    let start = line.start + (text.len() - text.trim_start().len());
    let mut node = source.root().descendant_for_byte_range(start, start + 1)?;
    while !is_element(node) {
        node = node.parent()?;
    }
    let mut best = node;
    let mut at = node;
    for _ in 0..4 {
        let Some(parent) = at.parent().filter(|p| is_element(*p)) else { break };
        let name = tag(source, parent);
        at = parent;
        if matches!(name, "form" | "li" | "button" | "a")
            || name == "Link"
            || name.ends_with("Item")
            || name == "Button"
        {
            best = parent;
        }
    }
    Some(best)
}

fn is_element(node: Node<'_>) -> bool {
    matches!(node.kind(), "jsx_element" | "jsx_self_closing_element")
}

fn tag<'t>(source: &Source<'t>, node: Node<'_>) -> &'t str {
    let open = node.child_by_field_name("open_tag").unwrap_or(node);
    open.child_by_field_name("name").map_or("", |name| source.of(name))
}

fn previous_element(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node.prev_named_sibling();
    while let Some(sibling) = at {
        if is_element(sibling) {
            return Some(sibling);
        }
        if sibling.kind() != "jsx_text" {
            return None;
        }
        at = sibling.prev_named_sibling();
    }
    None
}

/// The class attribute of a link among the siblings.
fn class_nearby(source: &Source<'_>, node: Node<'_>) -> Option<String> {
    let parent = node.parent()?;
    (0..parent.named_child_count() as u32).filter_map(|i| parent.named_child(i)).find_map(|sibling| {
        if !matches!(tag(source, sibling), "a" | "Link" | "NavLink") {
            return None;
        }
        let open = sibling.child_by_field_name("open_tag").unwrap_or(sibling);
        let attributes = (0..open.named_child_count() as u32).filter_map(|i| open.named_child(i));
        attributes.map(|a| source.of(a)).find(|a| a.starts_with("className=\"")).map(str::to_owned)
    })
}

/// What stands in the place of a link whose line is repeated.
pub struct Alike {
    tag: &'static str,
    /// In HTML, with a space in front.
    html: String,
    /// Behind a selector of Pug.
    pug: String,
    text: &'static str,
}

impl Alike {
    fn link(href: &str) -> Self {
        let (html, pug) = (format!(" href=\"{href}\""), format!("(href='{href}')"));
        Self { tag: "a", html, pug, text: TEXT }
    }

    /// An empty element that a script fills.
    pub fn empty(id: &str) -> Self {
        Self { tag: "span", html: format!(" id=\"{id}\""), pug: format!("#{id}"), text: "" }
    }
}

/// The line of another link with this in its place; `None` when the line holds no link.
pub fn alike(line: &str, new: &Alike) -> Option<String> {
    let indent = line.get(..line.len() - line.trim_start().len())?;
    let body = line.trim();
    if body.starts_with("a.") || body.starts_with("a(") || body.starts_with("li: a") {
        // Indentation is structure: selector, attributes, text.
        let (before, a) = body.split('(').next()?.split_at(usize::from(body.starts_with("li: ")) * 4);
        let written = format!("{indent}{before}{}{}{} {}", new.tag, a.get(1..)?, new.pug, new.text);
        return body.contains("href=").then(|| written.trim_end().to_owned());
    }
    let open = body.find("<a ")?;
    let close = body.find("</a>")?;
    let tag_end = open + end_of_tag(body.get(open..)?)?;
    if tag_end > close {
        return None;
    }
    let before = body.get(..open)?;
    let after = body.get(close + 4..)?;
    let attributes = body.get(open..tag_end)?;
    let class = attribute(attributes, "class").filter(|c| !c.contains("{%") && !c.contains("<%"));
    let class = class.map(|c| format!(" class=\"{c}\"")).unwrap_or_default();
    if before.contains('%') || after.contains('%') {
        return None;
    }
    let Alike { tag, html, text, .. } = new;
    Some(format!("{indent}{before}<{tag}{class}{html}>{text}</{tag}>{after}"))
}

/// Offset of the `>` that ends a tag; quoted values and template tags are looked over.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('>', None) => return Some(at),
            (_, _) => {}
        }
    }
    None
}

fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let at = tag.find(&format!(" {name}="))? + name.len() + 2;
    let quote = tag.get(at..)?.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    tag.get(at + 1..)?.split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_written_as_the_one_beside_it() {
        for (line, expected) in [
            (
                "    a.nav-link(href='/account' class=x ? 'a' : b)= user.name",
                Some("    a.nav-link(href='/b') Manage billing"),
            ),
            (
                "  <li><a class=\"nav\" href=\"{{ url_for('x') }}\">X</a></li>",
                Some("  <li><a class=\"nav\" href=\"/b\">Manage billing</a></li>"),
            ),
            (
                "  <a href=\"/x\" class=\"{% if a > b %}on{% endif %}\">X</a>",
                Some("  <a href=\"/b\">Manage billing</a>"),
            ),
            ("  <button>Log out</button>", None),
            ("  article.card", None),
        ] {
            assert_eq!(alike(line, &Alike::link("/b")).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn an_empty_element_takes_the_place_of_the_link() {
        for (line, expected) in [
            ("  li: a.nav-link(href='/x') X", "  li: span.nav-link#n"),
            (
                "  <li><a class=\"nav\" href=\"/x\">X</a></li>",
                "  <li><span class=\"nav\" id=\"n\"></span></li>",
            ),
        ] {
            assert_eq!(alike(line, &Alike::empty("n")).as_deref(), Some(expected), "{line}");
        }
    }
}
