//! A link to the billing portal beside what is in a slot already, written as its neighbours are.
//!
//! In JSX ([`jsx`]) it is an element before the one that marks the slot (a sign-out, usually; [`mark`]), in the form of its
//! siblings. In
//! templates without a grammar the nearest link above the mark is taken as the pattern: its line is repeated with another
//! address and text, so that classes and list items come along.

mod jsx;
mod mark;

use crate::catalog::{Kind, Markup, Ui};
use crate::edit::Edit;
use crate::sites::Site;
use crate::steps::support::Kit;
use crate::syntax::source::{Source, walk};

const WHY: &str = "leads to the page where users top up";
/// What the link says.
pub const TEXT: &str = "Manage billing";
/// Lines above the mark in which a link is looked for.
const NEAR: usize = 15;

/// What is put beside a slot's mark.
pub enum New<'n> {
    /// The link, with its address.
    Link(&'n str),
    /// A component, by its name in the file.
    Component(&'n str),
    /// An element of a template that has no components.
    Empty(&'n dyn Fn(&str) -> Option<String>),
}

/// The edits that put the link in a slot.
pub fn add(kit: &Kit<'_>, site: &Site, href: &str) -> Result<Vec<Edit>, String> {
    beside(kit, site, &New::Link(href)).map(|(edits, _)| edits)
}

/// The edits that put something beside the slot's mark, and whether it was given a class.
pub fn beside(kit: &Kit<'_>, site: &Site, new: &New<'_>) -> Result<(Vec<Edit>, bool), String> {
    let file = kit.cx.workspace.find(&site.file).ok_or("the file is gone")?;
    let text = kit.cx.workspace.text(file).map_err(|e| e.to_string())?;
    let language = kit.cx.workspace.entry(file).language;
    if let Some(language) = language.filter(|l| l.is_ecmascript()) {
        let source = Source::parse(language, text.as_str()).ok_or("the file is no code")?;
        let ui = jsx_ui(kit).ok_or("the app shows no such elements")?;
        return jsx::beside(&source, &kit.style_of(&source), ui, site.span.range(), new);
    }
    let line = |pattern: &str| match new {
        New::Link(href) => alike(pattern, &Alike::link(href)),
        New::Empty(write) => write(pattern),
        New::Component(_) => None,
    };
    let newline = text.line_ending().as_str();
    for number in (site.line.saturating_sub(NEAR).max(1)..=site.line).rev() {
        let pattern = text.line(number);
        if let Some(new) = line(pattern) {
            let start = text.line_start(number);
            // Leaving comes last.
            if kit
                .entries(Kind::Ui)
                .iter()
                .filter_map(|entry| entry.ui.as_ref())
                .any(|ui| leaves(ui, pattern))
            {
                return Ok((vec![Edit::insertion(start, format!("{new}{newline}"), WHY)], false));
            }
            let at = start + pattern.len();
            return Ok((vec![Edit::insertion(at, format!("{newline}{new}"), WHY)], false));
        }
    }
    Err("no link stands near it to be written alike".to_owned())
}

/// Whether a piece of markup is the one by which users sign out. A component that only holds that among others is not.
fn leaves(ui: &Ui, markup: &str) -> bool {
    ui.leave.iter().any(|words| !words.starts_with('<') && markup.contains(words.as_str()))
}

/// Whether the mark of a slot is shown on small screens alone: another place is better.
pub fn on_small_screens(kit: &Kit<'_>, site: &Site) -> bool {
    let Some(file) = kit.cx.workspace.find(&site.file) else { return false };
    let Some(ui) = jsx_ui(kit) else { return false };
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language.filter(|l| l.is_ecmascript());
    let source = language.and_then(|language| Source::parse(language, text.as_str()));
    source.is_some_and(|source| jsx::is_on_small_screens(&source, ui, &site.span.range()))
}

/// Whether JSX shows a component of this name.
pub fn is_shown(source: &Source<'_>, component: &str) -> bool {
    let mut found = false;
    walk(source.root(), &mut |node| {
        found |= mark::is_element(node) && mark::tag(source, node) == component;
    });
    found
}

/// What is known of the app's JSX.
fn jsx_ui<'a>(kit: &Kit<'a>) -> Option<&'a Ui> {
    let mut all = kit.entries(Kind::Ui).into_iter().filter_map(|entry| entry.ui.as_ref());
    all.find(|ui| ui.markup == Markup::Jsx)
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
    // Words around the link are a sentence, which is not said again.
    if [before, after].iter().any(|part| part.contains('%') || has_words(part)) {
        return None;
    }
    let Alike { tag, html, text, .. } = new;
    Some(format!("{indent}{before}<{tag}{class}{html}>{text}</{tag}>{after}"))
}

/// Whether a piece of markup holds text beside its tags.
fn has_words(markup: &str) -> bool {
    let mut rest = markup;
    while let Some((text, tag)) = rest.split_once('<') {
        if text.contains(char::is_alphanumeric) {
            return true;
        }
        rest = end_of_tag(tag).and_then(|end| tag.get(end..)).unwrap_or_default();
    }
    rest.contains(char::is_alphanumeric)
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
            ("  Signed in as <b><a href=\"#\">Me</a></b>,", None),
            (
                "  <li class=\"x\"><a href=\"/x\">X</a></li>",
                Some("  <li class=\"x\"><a href=\"/b\">Manage billing</a></li>"),
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
