//! Paid calls outside of every app: functions that are deployed on their own, workers and scripts beside the apps. No step
//! writes there, and the owner hears of each of them.

use super::billable::billables;
use super::cx::{Cx, is_callee};
use super::{Detail, Site};
use crate::catalog::{Catalog, Kind, Open, deployed};
use crate::fingerprint::Fingerprint;
use crate::resolve::{Def, Program};
use crate::workspace::{FileId, Workspace};

/// Every paid call in a file of no app. [`Site::app`] is the folder that is deployed, else the file's; it is never the
/// root of an app, so that no step takes such a place for its own.
pub(super) fn elsewhere(program: &Program, catalog: &Catalog, fingerprint: &Fingerprint) -> Vec<Site> {
    let mut cx = Cx::new(program, catalog, &fingerprint.elsewhere);
    cx.files.retain(|file| {
        let path = &program.workspace().entry(*file).path;
        !fingerprint.apps.iter().any(|app| app.owns(path))
    });
    if cx.files.is_empty() || cx.entries(Kind::Provider).next().is_none() {
        return Vec::new();
    }
    let mut sites = billables(&cx);
    for site in &mut sites {
        site.selected = false;
        if let Detail::Billable(billable) = &mut site.detail {
            billable.plan.missing = None;
        }
        let unit = deployed().iter().find_map(|kind| Some((kind, kind.unit(&site.file)?)));
        let dir = site.file.rsplit_once('/').map_or(".", |(dir, _)| dir);
        let Some((kind, (folder, name))) = unit else {
            site.app = dir.to_owned();
            site.evidence.push("it runs outside of the apps that were found".to_owned());
            continue;
        };
        site.app = format!("{folder}/{name}");
        let asked = signed_in(&cx, &site.file);
        let home = folder.strip_suffix(kind.folder.as_str()).unwrap_or_default();
        let open = kind.open.as_ref().and_then(|open| open_at(program.workspace(), open, home, name));
        let who = match (asked, open) {
            (Some(asked), _) => format!("it asks who is signed in ({asked})"),
            (None, Some((key, place))) => format!(
                "nothing in it asks who is signed in, and `{key}` ({place}) lets everyone in: whoever has its address can spend the key"
            ),
            (None, None) => "nothing in it asks who is signed in".to_owned(),
        };
        let why = format!("it runs in the {} `{name}`, into which nothing is written; {who}", kind.what);
        if let Detail::Billable(billable) = &mut site.detail {
            billable.plan.missing = Some(why.clone());
        }
        site.evidence.push(why);
    }
    sites
}

/// Where a file asks a sign-in library who is there: `supabase.auth.getUser`, line 10.
fn signed_in(cx: &Cx<'_>, path: &str) -> Option<String> {
    let file: FileId = cx.workspace().find(path)?;
    let facts = cx.program.facts(file);
    let asked = facts.call_ids().find(|id| super::front::is_sign_in(cx, &cx.callee(file, *id)))?;
    let call = facts.call(asked);
    Some(format!("`{}`, line {}", cx.written(file, &call.callee), cx.line(file, call.span.start)))
}

/// The key and the place of a setting that lets everyone in, when it is set.
fn open_at(workspace: &Workspace, open: &Open, home: &str, name: &str) -> Option<(String, String)> {
    let file = format!("{home}{}", open.file);
    let text = workspace.text_at(&file)?;
    let table: toml::Table = toml::from_str(text.as_str()).ok()?;
    let path = open.table.replace("{name}", name);
    let mut keys = path.split('.');
    let first = table.get(keys.next()?)?;
    let value = keys.try_fold(first, |at, key| at.get(key))?.get(&open.key)?.as_bool()?;
    let head = format!("[{path}]");
    let lines = text.as_str().lines().enumerate().skip_while(|(_, line)| line.trim() != head);
    let line = lines.map(|(at, line)| (at + 1, line)).find(|(_, line)| line.trim().starts_with(&open.key));
    let place = line.map_or_else(|| file.clone(), |(line, _)| format!("{file}:{line}"));
    (value == open.value).then(|| (format!("{} = {value}", open.key), place))
}

/// Whether a call is one of a sign-in library that says who is there.
pub(super) fn says_who(cx: &Cx<'_>, def: &Def) -> bool {
    let auth = || cx.entries(Kind::Auth).filter_map(|entry| entry.auth.as_ref());
    let by_call = auth().flat_map(|auth| &auth.identities).any(|identity| match &identity.source {
        crate::catalog::IdentitySource::Call(callee) => is_callee(callee, def),
        _ => false,
    });
    by_call || auth().flat_map(|auth| &auth.verifiers).any(|verifier| is_callee(&verifier.call, def))
}

#[cfg(test)]
mod tests;
