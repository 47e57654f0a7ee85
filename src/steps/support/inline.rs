//! The balance on a page whose templates have no components: an element beside the billing link, and the few lines of
//! script that fill it from the balance route.

use minijinja::{Environment, context};

use crate::catalog::{Kind, Markup, embedded_text};
use crate::edit::EditUnit;
use crate::sites::Site;
use crate::steps::support::{Kit, link};
use crate::workspace::Language;

/// The element's id.
const ID: &str = "credyt-balance";
/// The script, beside the entries of `ui/`.
const SCRIPT: &str = "ui/balance.js.j2";
const WHY: &str = "users see what they have left";

/// The element and its script; `None` when the slot is no such template.
pub fn add(kit: &Kit<'_>, site: &Site, path: &str) -> Option<Result<EditUnit, String>> {
    let file = kit.cx.workspace.find(&site.file)?;
    let markup = kit.entries(Kind::Ui).into_iter().filter_map(|e| e.ui.as_ref()).map(|ui| ui.markup);
    let markup = markup.into_iter().find(|markup| *markup != Markup::Jsx)?;
    if kit.cx.workspace.entry(file).language != Some(Language::Other) {
        return None;
    }
    Some(build(kit, site, path, markup))
}

/// Whether a template shows the balance already.
pub fn is_shown(kit: &Kit<'_>, site: &Site) -> bool {
    kit.cx.workspace.text_at(&site.file).is_some_and(|text| text.as_str().contains(ID))
}

fn build(kit: &Kit<'_>, site: &Site, path: &str, markup: Markup) -> Result<EditUnit, String> {
    let script = script(path)?;
    let newline = kit.cx.workspace.text_at(&site.file).map_or("\n", |text| text.line_ending().as_str());
    let lines = |pattern: &str| {
        let element = link::alike(pattern, &link::Alike::empty(ID))?;
        let indent = pattern.get(..pattern.len() - pattern.trim_start().len())?;
        let unit = if indent.contains('\t') { "\t" } else { "  " };
        let single = pattern.contains('\'') && !pattern.contains('"');
        let quotes = |line: &str| if single { line.replace('"', "'") } else { line.to_owned() };
        let body = script.lines().map(|line| format!("{indent}{unit}{}", quotes(line)));
        let (open, close) = match markup {
            Markup::Pug => ("script.", None),
            Markup::Html | Markup::Jsx => ("<script>", Some(format!("{indent}</script>"))),
        };
        let all: Vec<String> =
            [element, format!("{indent}{open}")].into_iter().chain(body).chain(close).collect();
        Some(all.join(newline))
    };
    let (edits, _) = link::beside(kit, site, &link::New::Empty(&lines))?;
    Ok(EditUnit::new("Show the balance", WHY).for_site(site.id.as_str()).edits(site.file.as_str(), edits))
}

fn script(path: &str) -> Result<String, String> {
    let raw = embedded_text(SCRIPT).ok_or_else(|| format!("codemods/{SCRIPT} is missing"))?;
    let rendered = Environment::new().render_str(&raw, context! { path });
    rendered.map_err(|error| format!("codemods/{SCRIPT}: {error:#}"))
}
