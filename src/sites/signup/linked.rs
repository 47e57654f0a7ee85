//! Places at which one user goes over into another: a guest who signs up, two accounts that become one.
//!
//! The one who is given up has a customer of their own, with what they have paid. Only the app knows what becomes of that, so
//! nothing is written here; it is said.

use super::options::{self, Found};
use crate::catalog::{Entry, Kind};
use crate::resolve::Def;
use crate::sites::cx::{Cx, after};
use crate::workspace::FileId;

/// Such a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Its file.
    pub file: FileId,
    /// 1-based.
    pub line: usize,
    /// What it is called: `onLinkAccount`.
    pub name: String,
    /// The function is there; else the library does it without one.
    pub written: bool,
}

/// Every such place, in the order of the files.
pub fn linked(cx: &Cx<'_>) -> Vec<Linked> {
    let mut found: Vec<Linked> = Vec::new();
    for rule in cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|a| &a.linked) {
        let keys: Vec<&str> = rule.path.split('.').collect();
        let is_call = |def: &Def| after(&rule.call, def).is_some_and(<[String]>::is_empty);
        let name = keys.last().copied().unwrap_or_default();
        for file in &cx.files {
            let speaks = cx
                .workspace()
                .text(*file)
                .is_ok_and(|text| text.as_str().contains(&rule.call.module) || text.as_str().contains(name));
            if !speaks {
                continue;
            }
            let facts = cx.program.facts(*file);
            for id in facts.call_ids().filter(|id| is_call(&cx.callee(*file, *id))) {
                let call = facts.call(id);
                let place =
                    options::objects(cx, *file, call).iter().find_map(|object| {
                        match options::follow(cx, object, &keys) {
                            Found::Function { file, at, .. } => Some((file, at.start)),
                            _ => None,
                        }
                    });
                let (file, at, written) = match place {
                    Some((file, at)) => (file, at, true),
                    None if rule.always => (*file, call.span.start, false),
                    None => continue,
                };
                found.push(Linked { file, line: cx.line(file, at), name: name.to_owned(), written });
            }
        }
    }
    found.sort_by_key(|l| (l.file, l.line));
    found.dedup_by_key(|l| (l.file, l.line));
    found
}

/// The member of a user of this library that says that it is a guest, where the app has any.
pub fn guest_flag<'a>(cx: &Cx<'_>, entry: &'a Entry) -> Option<&'a str> {
    let guests = entry.auth.as_ref()?.guests.as_ref()?;
    guests.marks.iter().any(|mark| cx.says(mark)).then_some(guests.flag.as_str())
}
