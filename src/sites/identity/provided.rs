//! Whether the ids in the sessions of a library are those of whoever users sign in with, in place of the app's own.
//!
//! A record that the app makes of such a user has another id: a customer under that one would not be the one who pays.

use crate::catalog::{Entry, SessionId};
use crate::sites::cx::{Cx, after};
use crate::sites::signup::options::{self, Found, Object};
use crate::workspace::FileId;

/// Whether nothing in the options of a library gives its sessions the id of a row.
pub fn are_providers(cx: &Cx<'_>, entry: &Entry) -> bool {
    let Some(rule) = entry.auth.as_ref().and_then(|auth| auth.session_id.as_ref()) else { return false };
    let Some(kept) = rule.kept.as_deref() else { return false };
    let mut found = false;
    for (file, object) in given(cx, rule) {
        let text = cx.workspace().text(file).map(|text| text.as_str().to_owned()).unwrap_or_default();
        let own = options::has_key(cx, &object, kept)
            || rule.told.iter().any(|mark| text.contains(mark.as_str()))
            || rule.asks.iter().any(|path| looks_up(cx, &object, path));
        if own {
            return false;
        }
        found = true;
    }
    found
}

/// The options that an app gives to the library, with their files.
pub(super) fn given(cx: &Cx<'_>, rule: &SessionId) -> Vec<(FileId, Object)> {
    let mut given = Vec::new();
    for symbol in &rule.options {
        let says = |file: &&FileId| {
            cx.workspace().text(**file).is_ok_and(|text| text.as_str().contains(&symbol.module))
        };
        for file in cx.files.iter().filter(says) {
            let facts = cx.program.facts(*file);
            for id in facts.call_ids() {
                if after(symbol, &cx.callee(*file, id)).is_some_and(<[String]>::is_empty) {
                    let objects = options::objects(cx, *file, facts.call(id));
                    given.extend(objects.into_iter().map(|object| (object.file, object)));
                }
            }
        }
    }
    given
}

/// Whether a function of the options waits for something: as a rule for a row.
fn looks_up(cx: &Cx<'_>, object: &Object, path: &str) -> bool {
    let keys: Vec<&str> = path.split('.').collect();
    match options::follow(cx, object, &keys) {
        Found::Function { file, body, .. } => cx.slice(file, body).contains("await "),
        Found::Missing { .. } => false,
        Found::Unclear => true,
    }
}
