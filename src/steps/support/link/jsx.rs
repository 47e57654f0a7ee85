//! An element among JSX siblings, in their form: a row in a menu or list, a bare element elsewhere.

use std::ops::Range;

use tree_sitter::Node;

use super::mark::{Marks, is_element, is_link, is_row, tag};
use super::{New, TEXT, WHY};
use crate::catalog::Ui;
use crate::edit::Edit;
use crate::syntax::place;
use crate::syntax::source::{Source, named};
use crate::syntax::style::Style;

/// The edits that put something beside the element of a line, and whether it was given a class.
pub(super) fn beside(
    source: &Source<'_>,
    style: &Style,
    ui: &Ui,
    line: Range<usize>,
    new: &New<'_>,
) -> Result<(Vec<Edit>, bool), String> {
    let mark = Marks { source, ui }.at(line).ok_or("no element stands there")?;
    let previous = previous_element(source, mark);
    let class = class_nearby(source, mark).filter(|_| !is_row(tag(source, mark)));
    let class_given = class.is_some();
    let text = if is_row(tag(source, mark)) { row(source, mark, new) } else { bare(class.as_deref(), new) };
    let text = text.ok_or("the file has no such elements")?;
    // Leaving comes last, also where nothing stands in front of it.
    let first = previous.is_none() && mark.parent().is_some_and(is_element);
    if first && super::leaves(ui, source.of(mark)) && !ui.closed.iter().any(|name| name == tag(source, mark))
    {
        let edits = place::add_jsx_before(source, style, &mark.byte_range(), &text, WHY);
        return Ok((edits.map_err(|e| e.to_string())?, class_given));
    }
    let after = previous.unwrap_or(mark);
    let mut edits =
        place::add_jsx_after(source, style, &after.byte_range(), &text, WHY).map_err(|e| e.to_string())?;
    // Line breaks between elements are no space.
    let apart =
        matches!(new, New::Component(_)) && source.of(after).contains(TEXT) && !is_row(tag(source, mark));
    if let Some(first) = edits.first().filter(|_| apart && edits.len() == 1) {
        let spaced = format!("{{\" \"}}{}", first.text());
        edits = vec![Edit::insertion(after.end_byte(), spaced, WHY)];
    }
    Ok((edits, class_given))
}

/// Whether the element of a line is one that only small screens show.
pub(super) fn is_on_small_screens(source: &Source<'_>, ui: &Ui, line: &Range<usize>) -> bool {
    let mut at = Marks { source, ui }.of_line(line);
    while let Some(node) = at {
        let open = node.child_by_field_name("open_tag").unwrap_or(node);
        let class = attributes(open).into_iter().map(|a| source.of(a)).find(|a| a.starts_with("className"));
        let named = |mark: &String| match mark.strip_prefix('<') {
            Some(start) => is_element(node) && tag(source, node).starts_with(start),
            None => class.is_some_and(|class| class.contains(mark.as_str())),
        };
        if ui.small.iter().any(named) {
            return true;
        }
        at = node.parent();
    }
    false
}

/// Outside of menus and lists.
fn bare(class: Option<&str>, new: &New<'_>) -> Option<String> {
    let class = class.map(|class| format!(" {class}")).unwrap_or_default();
    match new {
        New::Link(href) => Some(format!("<a{class} href=\"{href}\">{TEXT}</a>")),
        New::Component(name) => Some(format!("<{name}{class} />")),
        New::Empty(_) => None,
    }
}

/// A row like the others of a menu or list.
fn row(source: &Source<'_>, mark: Node<'_>, new: &New<'_>) -> Option<String> {
    let name = tag(source, mark);
    let rows = mark.parent().map(named).unwrap_or_default();
    let mut rows = rows.into_iter().filter(|n| is_element(*n) && tag(source, *n) == name);
    let pattern = rows.find_map(|row| Some((row, link_in(source, row)?)));
    let like = pattern.map_or(mark, |(row, _)| row);
    let open = like.child_by_field_name("open_tag").unwrap_or(like);
    let kept = |text: &&str| text.starts_with("className=\"") || *text == "asChild";
    let class = |text: &&str| text.starts_with("className=\"");
    let written: Vec<&str> = attributes(open).into_iter().map(|a| source.of(a)).collect();
    let spelled = |keep: &dyn Fn(&&str) -> bool| -> String {
        written.iter().filter(|text| keep(text)).map(|text| format!(" {text}")).collect()
    };
    match new {
        New::Link(href) => {
            let handler = written.iter().find_map(|text| {
                let name = text.split('=').next()?;
                HANDLERS.contains(&name).then_some(name)
            });
            match (pattern, handler) {
                (Some((_, link)), _) => {
                    let open = link.child_by_field_name("open_tag").unwrap_or(link);
                    let own = attributes(open).into_iter().map(|a| source.of(a)).find(|a| class(a));
                    let own = own.map(|class| format!(" {class}")).unwrap_or_default();
                    let attributes = spelled(&kept);
                    Some(format!("<{name}{attributes}>\n  <a{own} href=\"{href}\">{TEXT}</a>\n</{name}>"))
                }
                // The row itself is what is clicked.
                (None, Some(handler)) if name != "li" => {
                    let attributes = spelled(&class);
                    Some(format!(
                        "<{name}{attributes} {handler}={{() => window.location.assign(\"{href}\")}}>\n  {TEXT}\n</{name}>"
                    ))
                }
                (None, _) => {
                    let attributes = spelled(&class);
                    Some(format!("<{name}{attributes}>\n  <a href=\"{href}\">{TEXT}</a>\n</{name}>"))
                }
            }
        }
        New::Component(component) => {
            let label = name.strip_suffix("Item").map(|menu| format!("{menu}Label"));
            let label = label.filter(|label| source.uses_name(label).is_some());
            let (outer, off) = match &label {
                Some(label) => (label.as_str(), ""),
                // A row that only holds something takes no such attribute.
                None if !written.iter().any(|text| is_clicked(text)) => (name, ""),
                None => (name, " disabled"),
            };
            let attributes = if label.is_some() { String::new() } else { spelled(&class) };
            Some(format!("<{outer}{attributes}{off}>\n  <{component} />\n</{outer}>"))
        }
        New::Empty(_) => None,
    }
}

/// Attributes with what happens when a row is clicked.
const HANDLERS: &[&str] = &["onClick", "onSelect"];

/// Whether an attribute makes a row something that is clicked: the row of a menu, and not what stands in it.
fn is_clicked(attribute: &str) -> bool {
    let name = attribute.split('=').next().unwrap_or(attribute);
    HANDLERS.contains(&name) || name == "asChild"
}

/// The one link in an element.
fn link_in<'s>(source: &Source<'_>, node: Node<'s>) -> Option<Node<'s>> {
    named(node).into_iter().find(|n| is_element(*n) && is_link(tag(source, *n)))
}

fn attributes(open: Node<'_>) -> Vec<Node<'_>> {
    named(open).into_iter().filter(|n| n.kind() == "jsx_attribute").collect()
}

/// The element before, lines that only separate looked over. What stands before a branch is another branch.
fn previous_element<'s>(source: &Source<'_>, node: Node<'s>) -> Option<Node<'s>> {
    let mut at = node.prev_named_sibling().filter(|_| node.parent().is_some_and(is_element));
    while let Some(sibling) = at {
        let name = if is_element(sibling) { tag(source, sibling) } else { "" };
        let separates = name == "hr" || name.ends_with("Separator") || name.ends_with("Divider");
        if is_element(sibling) && !separates {
            return Some(sibling);
        }
        if sibling.kind() != "jsx_text" && !separates {
            return None;
        }
        at = sibling.prev_named_sibling();
    }
    None
}

/// The class attribute of a link among the siblings.
fn class_nearby(source: &Source<'_>, node: Node<'_>) -> Option<String> {
    let siblings = node.parent().map(named).unwrap_or_default();
    siblings.into_iter().find_map(|sibling| {
        if !is_element(sibling) || !is_link(tag(source, sibling)) {
            return None;
        }
        let open = sibling.child_by_field_name("open_tag").unwrap_or(sibling);
        let written = attributes(open).into_iter().map(|a| source.of(a));
        written.into_iter().find(|a| a.starts_with("className=\"")).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::workspace::Language;

    fn react() -> Ui {
        Catalog::embedded().unwrap().get("ui/react").and_then(|entry| entry.ui.clone()).unwrap()
    }

    fn with(text: &str, new: &New<'_>) -> String {
        with_at(text, "Sign out", new)
    }

    /// The text with something put beside the last line that holds a mark.
    fn with_at(text: &str, mark: &str, new: &New<'_>) -> String {
        let source = Source::parse(Language::Tsx, text).unwrap();
        let at = text.rfind(mark).unwrap();
        let line = source.line_start(at)..source.line_end(at);
        let (edits, _) = beside(&source, &Style::of(&source), &react(), line, new).unwrap();
        let mut after = text.to_owned();
        for edit in edits.iter().rev() {
            after.replace_range(edit.range(), edit.text());
        }
        assert!(!Source::parse(Language::Tsx, &after).unwrap().root().has_error(), "{after}");
        after
    }

    #[test]
    fn a_menu_gets_a_row_like_its_others() {
        let menu = "const a = (\n  <Menu>\n    <MenuItem asChild>\n      <Link className=\"x\" href=\"/s\">Settings</Link>\n    </MenuItem>\n    <MenuSeparator />\n    <MenuItem onClick={leave}>\n      Sign out\n    </MenuItem>\n  </Menu>\n);\n";
        insta::assert_snapshot!(with(menu, &New::Link("/b")), @r#"
        const a = (
          <Menu>
            <MenuItem asChild>
              <Link className="x" href="/s">Settings</Link>
            </MenuItem>
            <MenuItem asChild>
              <a className="x" href="/b">Manage billing</a>
            </MenuItem>
            <MenuSeparator />
            <MenuItem onClick={leave}>
              Sign out
            </MenuItem>
          </Menu>
        );
        "#);
    }

    #[test]
    fn a_row_that_only_holds_something_takes_no_attribute_of_one_that_is_clicked() {
        let menu = "const a = (\n  <Menu>\n    <MenuItem>\n      <form action={leave}>\n        <button>Sign out</button>\n      </form>\n    </MenuItem>\n  </Menu>\n);\n";
        let shown = with(menu, &New::Component("Balance"));
        assert!(shown.contains("<Balance />") && !shown.contains("disabled"), "{shown}");
    }

    #[test]
    fn a_row_that_is_clicked_itself_leads_there_itself() {
        let menu = "const a = (\n  <Menu>\n    <MenuItem onSelect={leave}>\n      Sign out\n    </MenuItem>\n  </Menu>\n);\n";
        let linked = with(menu, &New::Link("/b"));
        assert!(linked.contains("<MenuItem onSelect={() => window.location.assign(\"/b\")}>"), "{linked}");
        let shown = with(menu, &New::Component("Balance"));
        assert!(shown.contains("<MenuItem disabled>\n      <Balance />\n    </MenuItem>"), "{shown}");
    }

    #[test]
    fn a_space_stands_between_the_link_and_the_balance() {
        let nav = "const a = (\n  <nav>\n    <b>X</b>\n    <button>Sign out</button>\n  </nav>\n);\n";
        let linked = with(nav, &New::Link("/b"));
        let shown = with(&linked, &New::Component("Balance"));
        assert!(
            shown.contains("<a href=\"/b\">Manage billing</a>{\" \"}\n    <Balance />\n    <button>"),
            "{shown}"
        );
    }

    #[test]
    fn leaving_comes_last_also_where_it_stands_alone() {
        for leave in [
            "<button>Sign out</button>",
            "<form action={leave}>\n      <button>Log out</button>\n    </form>",
        ] {
            let nav = format!("const a = (\n  <nav>\n    {leave}\n  </nav>\n);\n");
            let mark = if leave.contains("Sign") { "Sign out" } else { "Log out" };
            let linked = with_at(&nav, mark, &New::Link("/b"));
            assert!(
                linked.contains(&format!("<nav>\n    <a href=\"/b\">Manage billing</a>\n    {leave}")),
                "{linked}"
            );
        }
    }

    #[test]
    fn a_sheet_is_for_small_screens() {
        for (open, expected) in
            [("<Sheet>", true), ("<div className=\"flex md:hidden\">", true), ("<nav>", false)]
        {
            let tag = open.trim_start_matches('<').split([' ', '>']).next().unwrap();
            let text = format!("const a = (\n  {open}\n    <button>Sign out</button>\n  </{tag}>\n);\n");
            let source = Source::parse(Language::Tsx, &text).unwrap();
            let at = text.find("Sign out").unwrap();
            let line = source.line_start(at)..source.line_end(at);
            assert_eq!(is_on_small_screens(&source, &react(), &line), expected, "{open}");
        }
    }

    /// A component that shows this, and what it shows with a balance beside the line of a mark.
    fn shown(markup: &str, mark: &str) -> String {
        let text = format!("const a = (\n  {}\n);\n", markup.replace('\n', "\n  "));
        with_at(&text, mark, &New::Component("Balance"))
    }

    #[test]
    fn a_component_that_shows_its_own_kind_alone_gets_a_neighbour() {
        for (markup, mark) in [
            (
                "<nav>\n  <UserButton>\n    <UserButton.MenuItems>\n      <UserButton.Link href=\"/billing\" />\n    </UserButton.MenuItems>\n  </UserButton>\n</nav>",
                "/billing",
            ),
            (
                "<nav>\n  <Select>\n    <SelectContent>\n      <SelectItem value=\"x\">Sign out</SelectItem>\n    </SelectContent>\n  </Select>\n</nav>",
                "Sign out",
            ),
            ("<nav>\n  <Avatar>\n    <AvatarImage />\n  </Avatar>\n</nav>", "<AvatarImage"),
            (
                "<nav>\n  <MenuTrigger asChild>\n    <Face><Avatar /></Face>\n  </MenuTrigger>\n</nav>",
                "<Avatar",
            ),
        ] {
            let after = shown(markup, mark);
            assert!(after.contains("\n    <Balance />\n  </nav>"), "{after}");
        }
    }

    #[test]
    fn it_is_shown_to_those_who_are_signed_in() {
        for (markup, mark, expected) in [
            (
                "<header>\n  {userId ? <UserButton /> : <SignInButton />}\n</header>",
                "<UserButton",
                "{userId ? <>\n      <UserButton />\n      <Balance />\n    </> : <SignInButton />}",
            ),
            (
                "<header>\n  {!session?.user ? <a href=\"/login\">In</a> : <Avatar />}\n</header>",
                "</header>",
                "<a href=\"/login\">In</a> : <>\n      <Avatar />\n      <Balance />\n    </>}",
            ),
            (
                "<header>\n  <SignedOut>\n    <a href=\"/settings\">In</a>\n  </SignedOut>\n  <SignedIn>\n    <b>Me</b>\n  </SignedIn>\n</header>",
                "/settings",
                "<b>Me</b>\n      <Balance />\n    </SignedIn>",
            ),
            (
                "<header>\n  {status === \"authenticated\" && <b>Me</b>}\n</header>",
                "</header>",
                "<>\n      <b>Me</b>\n      <Balance />\n    </>}",
            ),
            // What is shown to some of the signed-in users is no place for all.
            (
                "<header>\n  {user.isPro && <b>Me</b>}\n  <button>Sign out</button>\n</header>",
                "Sign out",
                "\n    <Balance />\n    <button>Sign out</button>",
            ),
        ] {
            let after = shown(markup, mark);
            assert!(after.contains(expected), "{after}");
        }
    }
}
