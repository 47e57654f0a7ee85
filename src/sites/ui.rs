//! Where a balance and a billing link belong on the screen.
//!
//! A slot is told by the name of its file (what kind of place it is) and by what stands in it (a sign-out button, an
//! avatar, a link to settings: here the signed-in user looks for their account). Parts of a component library, landing
//! pages, sign-in pages and mails lose against the app's own frame. Names and marks are data of the `ui/` entry.

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use crate::catalog::{Catalog, Kind, Markup, Slot, Ui};
use crate::fingerprint::App;
use crate::resolve::Program;
use crate::syntax::Span;
use crate::workspace::{FileEntry, FileId, SourceText, is_aside};

use super::{Detail, SELECT_FROM, Site, SiteKind, UiSlot};

/// The slots of an app, best first; only the best is selected.
pub fn slots(program: &Program, catalog: &Catalog, app: &App) -> Vec<Site> {
    let ws = program.workspace();
    let mut sites: Vec<Site> = Vec::new();
    let own: Vec<(FileId, &FileEntry)> =
        ws.files().filter(|(_, file)| app.owns(&file.path) && !is_aside(&file.path)).collect();
    for ui in app.picked(catalog, Kind::Ui).into_iter().filter_map(|e| e.ui.as_ref()) {
        // Words always build.
        let Ok(leave) = AhoCorasick::new(&ui.leave) else { continue };
        let is_ui = |file: &FileEntry| ui.files.match_path(&file.path);
        let found = own.par_iter().filter(|(_, file)| is_ui(file)).filter_map(|(id, file)| {
            let text = ws.text(*id).ok()?;
            site(app, ui, &leave, &file.path, &text)
        });
        sites.par_extend(found);
    }
    sites.sort_by(|a, b| {
        b.score.total_cmp(&a.score).then_with(|| (a.file.len(), &a.file).cmp(&(b.file.len(), &b.file)))
    });
    sites.truncate(12);
    if let Some(first) = sites.first_mut() {
        first.selected = first.score >= SELECT_FROM;
    }
    sites
}

/// A file's name as slots write it: the first part of its stem, lower case, without separators. Files that bear the
/// name of their role (`page`, `index`) are named by their folder.
fn plain_name(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let squeeze = |s: &str| -> String {
        s.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
    };
    let stem = squeeze(parts.next().unwrap_or(path).split('.').next().unwrap_or_default());
    match stem.as_str() {
        "index" | "page" => {
            parts.map(squeeze).find(|p| !p.is_empty() && p != "app" && p != "src").unwrap_or(stem)
        }
        _ => stem,
    }
}

/// What a path says.
enum Named<'u> {
    /// It speaks for a slot.
    Slot(&'u Slot),
    /// Nothing, though it may hold one.
    Plain,
    /// That it is a page or an endpoint of its own.
    Elsewhere,
}

/// The slot a path speaks for most.
fn best_name<'u>(ui: &'u Ui, path: &str) -> Named<'u> {
    let name = plain_name(path);
    let lower = path.to_lowercase();
    let named = |s: &&Slot| s.names.contains(&name) || s.paths.iter().any(|p| lower.contains(p.as_str()));
    match ui.slots.iter().filter(named).max_by(|a, b| a.score.total_cmp(&b.score)) {
        Some(slot) => Named::Slot(slot),
        None if name.ends_with("page") || lower.contains("/api/") => Named::Elsewhere,
        None => Named::Plain,
    }
}

fn site(app: &App, ui: &Ui, leave: &AhoCorasick, path: &str, text: &SourceText) -> Option<Site> {
    let body = text.as_str();
    let named = best_name(ui, path);
    let user_menu = ui.slots.iter().find(|s| s.what == "user-menu")?;
    let leave = sign_out(leave, body);
    // A file of any name is a slot only where users sign out.
    let (slot, mut score) = match named {
        Named::Slot(slot) => (slot, slot.score - 0.15),
        Named::Plain if leave.is_some() => (user_menu, 0.5),
        Named::Plain | Named::Elsewhere => return None,
    };
    let mut evidence = Vec::new();
    if matches!(named, Named::Slot(_)) {
        let article = if slot.what.starts_with('a') { "an" } else { "a" };
        evidence.push(format!("named like {article} {}", slot.what));
    }
    if let Some(at) = leave {
        // In a frame that is on every page the sign-out is what makes it a slot.
        score += if slot.score <= 0.5 { 0.35 } else { 0.2 };
        evidence.push(format!("users sign out here (line {})", text.line_of(at)));
    }
    let signs = slot.signs.iter().filter(|s| body.contains(s.as_str()));
    score += signs.take(8).map(|_| 0.01).sum::<f64>();
    let wrong = penalty(ui, slot, path, body);
    if wrong > 0.0 {
        score -= wrong;
        evidence.push("part of a library, or of pages seen before signing in".to_owned());
    }
    if score < 0.3 {
        return None;
    }
    let at = anchor(body, slot, leave);
    let line = text.line_of(at);
    let span = Span::from(text.line_start(line)..text.line_start(line) + text.line(line).len());
    Some(Site {
        id: format!("{}:{path}#{}:0", SiteKind::UiSlot.as_str(), slot.what),
        kind: SiteKind::UiSlot,
        app: app.root.clone(),
        file: path.to_owned(),
        line,
        end_line: line,
        symbol: None,
        score: (score.min(0.99) * 100.0).round() / 100.0,
        selected: false,
        detail: Detail::UiSlot(UiSlot { what: slot.what.clone(), client: in_browser(path, body) }),
        evidence,
        span,
    })
}

/// The place of a sign-out in the text: its last mention is the button, earlier ones are imports and handlers.
fn sign_out(leave: &AhoCorasick, body: &str) -> Option<usize> {
    leave.find_overlapping_iter(body).map(|found| found.start()).max()
}

/// What makes a file a worse place than its name says.
fn penalty(ui: &Ui, slot: &Slot, path: &str, body: &str) -> f64 {
    let lower = format!("/{}", path.to_lowercase());
    let has = |parts: &[String]| parts.iter().any(|p| lower.contains(p.as_str()));
    let markup = body.contains('<') || ui.markup == Markup::Pug;
    // Below a dynamic segment the settings are those of some thing, not of the user.
    let of_a_thing = slot.what.ends_with("page") && path.contains('[') && !path.contains("[locale]");
    [
        (has(&ui.library), 0.5),
        (has(&ui.outside), 0.2),
        (has(&ui.minor), 0.15),
        (!markup, 0.5),
        (of_a_thing, 0.1),
    ]
    .into_iter()
    .filter_map(|(holds, worth)| holds.then_some(worth))
    .sum()
}

/// Where in the file the link belongs: by the sign-out when there is one, else at the first of the slot's anchors.
fn anchor(body: &str, slot: &Slot, leave: Option<usize>) -> usize {
    leave.or_else(|| slot.anchors.iter().find_map(|a| body.rfind(a.as_str()))).unwrap_or(0)
}

/// Whether the component runs in the browser only.
fn in_browser(path: &str, body: &str) -> bool {
    let head = body.trim_start().trim_start_matches('\u{feff}');
    let file = std::path::Path::new(path).extension().and_then(|e| e.to_str()).unwrap_or_default();
    head.starts_with("\"use client\"") || head.starts_with("'use client'") || matches!(file, "vue" | "svelte")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(files: &[(&str, &str)]) -> Option<(String, usize, bool)> {
        let catalog = Catalog::embedded().unwrap_or_else(|e| panic!("{e}"));
        let package = ("package.json", r#"{"dependencies": {"next": "15", "react": "19"}}"#);
        let page = ("app/page.tsx", "export default function Page() { return <main />; }");
        let ws = crate::workspace::Workspace::in_memory(files.iter().copied().chain([package, page]));
        let print = crate::fingerprint::fingerprint(&ws, &catalog);
        let program = Program::new(&ws);
        let sites = slots(&program, &catalog, &print.apps[0]);
        sites.first().map(|s| (s.file.clone(), s.line, s.selected))
    }

    #[test]
    fn the_menu_where_users_sign_out_comes_before_headers_and_libraries() {
        let header =
            ("components/header.tsx", "export const Header = () => <header><a href=\"/\">Home</a></header>;");
        let library = ("components/ui/sidebar.tsx", "export const Sidebar = () => <aside>signOut</aside>;");
        let menu = (
            "components/user-menu.tsx",
            "\"use client\";\nexport const Menu = () => (\n  <button>Sign out</button>\n);",
        );
        assert_eq!(best(&[header, library]), Some(("components/header.tsx".into(), 1, true)));
        assert_eq!(best(&[header, library, menu]), Some(("components/user-menu.tsx".into(), 3, true)));
    }

    #[test]
    fn a_page_without_a_frame_has_no_selected_slot() {
        let login = ("app/(auth)/login/form.tsx", "export const Form = () => <form>Logout</form>;");
        assert!(best(&[login]).is_none_or(|(_, _, selected)| !selected));
    }
}
