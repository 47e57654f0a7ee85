//! Records that the app loads by a condition on the signed-in user: they hold the user's id where the condition says so.

use std::collections::BTreeMap;

use super::follow::{Follow, Place};
use super::shape::{Part, Shape, What};
use crate::catalog::Kind;
use crate::sites::cx::Cx;
use crate::sites::cx::word_at;
use crate::sites::owner::{Chain, reads};
use crate::sites::schema::user_names;
use crate::sites::signup::user_key;
use crate::syntax::{Call, CallId, Expr};

/// What a query finds by a part of the user: `where: { userId: session.user.id }`, `.eq("user_id", user.id)`.
pub(super) fn found(follow: &mut Follow<'_, '_>, place: &Place, id: CallId) -> Option<Shape> {
    let cx = follow.cx;
    let facts = cx.program.facts(place.file);
    let chain = Chain::of(facts, id);
    let words = chain.words(facts);
    let certain = reads(cx, &words)?;
    let orms: Vec<_> = cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).collect();
    let is_one_of = |names: &[String], word: &str| names.iter().any(|n| n == word);
    if orms.iter().any(|o| words.iter().any(|w| is_one_of(&o.reads_many, w))) {
        return None;
    }
    // An alternative may let other records through.
    let whole = cx.slice(place.file, facts.call(id).span);
    let open = |word: &String| whole.match_indices(word.as_str()).any(|(at, _)| word_at(&whole, at, word));
    if orms.iter().flat_map(|o| &o.conditions_open).any(open) {
        return None;
    }
    let strict = orms.iter().any(|o| words.iter().any(|w| is_one_of(&o.reads_strict, w)));
    let condition = |word: &str| orms.iter().any(|o| is_one_of(&o.conditions, word));
    let mut record = Shape::of(What::Object(BTreeMap::new()));
    for call in chain.calls.iter().map(|id| facts.call(*id)) {
        for (key, value) in conditions(call, condition) {
            let mut value = follow.value(place, value);
            // A condition without a value lets every record through, or none where the read takes no such condition.
            if matches!(value.what, What::Part { .. }) && (!value.maybe || strict) && is_selected(call, key) {
                value.maybe = false;
                record.set(&[key.to_owned()], value);
            }
        }
    }
    let What::Object(members) = &record.what else { return None };
    if members.is_empty() {
        return None;
    }
    if let Some((key, id)) = by_address(cx, &words, members) {
        record.set(&[key], id);
    }
    // Some clients answer with the record beside an error.
    let mut data = record.clone();
    data.maybe = !certain;
    record.set(&["data".to_owned()], data);
    Some(if certain { record } else { record.maybe() })
}

/// The key of the app's own user, where that is whom a query finds by the signed-in user's e-mail address.
fn by_address(cx: &Cx<'_>, words: &[&str], found: &BTreeMap<String, Shape>) -> Option<(String, Shape)> {
    let from = found.values().find_map(|value| match value.what {
        What::Part { part: Part::Email, from, .. } => Some(from),
        _ => None,
    })?;
    let users = user_names(cx, cx.models());
    let is_user = words.iter().any(|w| users.iter().any(|name| name == w));
    let key = user_key(cx).filter(|key| is_user && !found.contains_key(key))?;
    Some((key, Shape::of(What::Part { part: Part::Id, from, rank: 0 })))
}

/// The columns that a call asks for, with their values.
fn conditions(call: &Call, is_condition: impl Fn(&str) -> bool) -> Vec<(&str, &Expr)> {
    let mut found = Vec::new();
    let by_method = call.callee.last().is_some_and(&is_condition);
    for arg in &call.args {
        let Expr::Object(pairs) = arg else { continue };
        for (key, value) in pairs {
            match value {
                Expr::Object(inner) if is_condition(key) => {
                    found.extend(inner.iter().map(|(key, value)| (key.as_str(), value)));
                }
                value if by_method => found.push((key.as_str(), value)),
                _ => {}
            }
        }
    }
    if let (true, [Expr::Str(column), value]) = (by_method, call.args.as_slice()) {
        found.push((column.as_str(), value));
    }
    found
}

/// Whether a query that lists what it loads lists this column.
fn is_selected(call: &Call, key: &str) -> bool {
    match call.option("select") {
        Some(Expr::Object(columns)) => columns.iter().any(|(column, _)| column == key),
        _ => true,
    }
}
