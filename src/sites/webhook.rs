//! Existing webhook handlers, whose style another one should follow.

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use crate::catalog::{Catalog, Kind};
use crate::fingerprint::App;
use crate::resolve::Program;
use crate::syntax::{ExportTarget, Function};
use crate::workspace::{FileEntry, FileId, Language};

use super::{Detail, Site, SiteKind, Webhook};

/// Files that verify or read a sender's webhook, one site a file.
pub fn webhooks(program: &Program, catalog: &Catalog, app: &App) -> Vec<Site> {
    let ws = program.workspace();
    let mut sites = Vec::new();
    let marks = catalog.of(Kind::Sender).filter_map(|e| e.sender.as_ref()).flat_map(|s| &s.marks);
    // One pass says which files hold any mark; marks of text always build.
    let Ok(marked) = AhoCorasick::new(marks) else { return sites };
    let code = |file: &FileEntry| file.language.is_some_and(Language::is_code);
    let own: Vec<(FileId, &FileEntry)> =
        ws.files().filter(|(_, file)| code(file) && app.owns(&file.path) && !file.is_aside()).collect();
    let own = own.into_par_iter().filter(|(id, _)| ws.text(*id).is_ok_and(|t| marked.is_match(t.as_str())));
    for (id, file) in own.collect::<Vec<_>>() {
        let Ok(text) = ws.text(id) else { continue };
        let body = text.as_str();
        let by_path = file.path.to_lowercase().contains("webhook");
        let sender = catalog.of(Kind::Sender).find_map(|entry| {
            let knowledge = entry.sender.as_ref()?;
            let mark = knowledge.marks.iter().find(|m| body.contains(m.as_str()))?;
            Some((entry, mark, body.find(mark.as_str())?))
        });
        let Some((entry, mark, at)) = sender else { continue };
        // A mark alone may stand in a helper; the handler is the function around it, or the file's own when its path
        // says so.
        let facts = program.facts(id);
        let holds = |f: &&Function| f.span.has(at as u32) && !f.name.is_empty();
        let named =
            |f: &&Function| facts.exports.iter().any(|e| e.name == f.name || is_local(&e.target, &f.name));
        let functions = || facts.functions.iter().filter(|f| f.parent.is_none());
        let exported = functions()
            .find(|f| holds(f) && named(f))
            .or_else(|| functions().find(named).filter(|_| by_path));
        let around = exported.or_else(|| facts.functions.iter().filter(holds).min_by_key(|f| f.span.len()));
        let (span, symbol) = match around {
            Some(f) => (f.statement, Some(f.symbol.clone())),
            None => continue,
        };
        let line = text.line_of(span.start as usize);
        sites.push(Site {
            id: format!(
                "{}:{}#{}:0",
                SiteKind::Webhook.as_str(),
                file.path,
                symbol.as_deref().unwrap_or_default()
            ),
            kind: SiteKind::Webhook,
            app: app.root.clone(),
            file: file.path.clone(),
            line,
            end_line: text.line_of((span.end as usize).saturating_sub(1)),
            symbol,
            score: if by_path { 0.95 } else { 0.75 },
            selected: false,
            detail: Detail::Webhook(Webhook { sender: Some(entry.value().to_owned()) }),
            evidence: vec![format!("`{mark}` (line {})", text.line_of(at))],
            span,
        });
    }
    sites.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.file.cmp(&b.file)));
    if let Some(first) = sites.first_mut() {
        first.selected = true;
    }
    sites
}

fn is_local(target: &ExportTarget, name: &str) -> bool {
    matches!(target, ExportTarget::Local(local) if local == name)
}
