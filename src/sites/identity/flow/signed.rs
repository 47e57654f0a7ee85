//! What the app puts into the tokens that it makes: a member of all of them is there in each that is checked.

use std::collections::BTreeSet;

use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::identity::claimed::signings;
use crate::syntax::{Call, Expr};
use crate::workspace::FileId;

/// The members that every call which makes a token puts there; none where one of them cannot be read.
pub(super) fn members(cx: &Cx<'_>) -> Vec<String> {
    let mut all: Option<BTreeSet<String>> = None;
    for (file, call) in signings(cx) {
        let put = payload(cx, file, cx.program.facts(file).call(call));
        all = Some(match all {
            Some(known) => known.intersection(&put).cloned().collect(),
            None => put,
        });
    }
    all.unwrap_or_default().into_iter().collect()
}

/// The members that one of them puts into its token.
fn payload(cx: &Cx<'_>, file: FileId, call: &Call) -> BTreeSet<String> {
    match call.args.first() {
        Some(Expr::Object(pairs)) => pairs.iter().map(|(key, _)| key.clone()).collect(),
        Some(Expr::Path(path)) => {
            let Some(name) = path.as_name() else { return BTreeSet::new() };
            match cx.program.name(file, call.function, name, call.span.start) {
                Def::Param(at, function, position, rest) if rest.is_empty() => {
                    let param = cx.program.facts(at).function(function).params.get(position);
                    param.and_then(|p| p.annotation_text.as_deref()).map(declared).unwrap_or_default()
                }
                Def::Value(at, index, rest) if rest.is_empty() => {
                    match cx.program.binding(at, index).map(|b| &b.value) {
                        Some(Expr::Object(pairs)) => pairs.iter().map(|(key, _)| key.clone()).collect(),
                        _ => BTreeSet::new(),
                    }
                }
                _ => BTreeSet::new(),
            }
        }
        _ => BTreeSet::new(),
    }
}

/// The members that a type written in place says are there: `{ id: string; email?: string }` has an `id`.
fn declared(annotation: &str) -> BTreeSet<String> {
    let inside = annotation.trim().trim_start_matches(':').trim();
    let Some(inside) = inside.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return BTreeSet::new();
    };
    if inside.contains('{') {
        return BTreeSet::new();
    }
    let members = inside.split([';', ',', '\n']).filter_map(|member| member.split_once(':'));
    members.map(|(name, _)| name.trim().to_owned()).filter(|name| !name.ends_with('?')).collect()
}
