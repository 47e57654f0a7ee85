//! Records of the app's users that it loads by the id of whoever is signed in: `User.findById(claims.id)`.

use std::collections::BTreeSet;

use crate::catalog::Kind;
use crate::flow::{Abs, Names, Origin, Part, Trust, What};
use crate::sites::cx::{Cx, word_at};
use crate::sites::owner::{Chain, reads};
use crate::sites::schema::user_names;
use crate::sites::signup::user_key;
use crate::syntax::{CallId, Expr};
use crate::workspace::FileId;

/// The user's record, where a call loads one by their id, or goes on with one that the call before it loads.
pub(super) fn loaded(cx: &Cx<'_>, file: FileId, id: CallId, of: Option<&Abs>, args: &[Abs]) -> Option<Abs> {
    let known = |abs: &&Abs| matches!(&abs.what, What::Object { members, .. } if members.values().any(|m| m.user_id().is_some()));
    let before = of.filter(known);
    if before.is_none() && !args.iter().any(|arg| arg.user_id().is_some() || holds(arg)) {
        return None;
    }
    let facts = cx.program.facts(file);
    let chain = Chain::of(facts, id);
    let words = chain.words(facts);
    let certain = reads(cx, &words)?;
    let key = user_key(cx)?;
    if !is_of_one_user(cx, file, &chain, &words) || hides(cx, file, id, &key) {
        return None;
    }
    // `.select("name")`, `.lean()`: the same record.
    if let Some(before) = before {
        return Some(before.clone());
    }
    let from = asked_for(args, &key)?;
    let mut members = Names::new();
    members.insert(&key, Abs::of(What::User(Part::Id, from)));
    let record = Abs::of(What::Object { members, open: Some(Trust::App), items: false });
    Some(if certain { record } else { record.or_null() })
}

/// Whether an object handed over holds the user's id somewhere.
fn holds(arg: &Abs) -> bool {
    match &arg.what {
        What::Object { members, .. } => members.values().any(|m| m.user_id().is_some() || holds(m)),
        _ => false,
    }
}

/// Whether a chain of calls is about one record of the app's users.
fn is_of_one_user(cx: &Cx<'_>, file: FileId, chain: &Chain, words: &[&str]) -> bool {
    let users = user_names(cx, cx.models());
    let orms: Vec<_> = cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).collect();
    let is_one_of = |names: &[String], word: &str| names.iter().any(|n| n == word);
    let facts = cx.program.facts(file);
    let whole = chain.calls.iter().map(|id| cx.slice(file, facts.call(*id).span)).collect::<String>();
    let open = |word: &String| whole.match_indices(word.as_str()).any(|(at, _)| word_at(&whole, at, word));
    words.iter().any(|word| users.iter().any(|user| user == word))
        && !orms.iter().any(|orm| {
            words.iter().any(|word| is_one_of(&orm.reads_many, word) || is_one_of(&orm.reads_plain, word))
        })
        && !orms.iter().flat_map(|orm| &orm.conditions_open).any(open)
}

/// Whether a call leaves the key out of what it loads.
fn hides(cx: &Cx<'_>, file: FileId, id: CallId, key: &str) -> bool {
    let call = cx.program.facts(file).call(id);
    let selected = match call.option("select") {
        Some(Expr::Object(columns)) => columns.iter().any(|(column, _)| column == key),
        _ => true,
    };
    !selected || cx.slice(file, call.args_span).contains(&format!("-{key}"))
}

/// Who vouches for the id that the record is asked for by: handed over itself, or as the key in a condition.
fn asked_for(args: &[Abs], key: &str) -> Option<BTreeSet<Origin>> {
    args.iter().find_map(|arg| {
        let by_key = || match &arg.what {
            What::Object { members, .. } => {
                let inner = members.values().find_map(|m| match &m.what {
                    What::Object { members, .. } => members.get(key),
                    _ => None,
                });
                members.get(key).or(inner)
            }
            _ => None,
        };
        let id = if arg.user_id().is_some() { Some(arg) } else { by_key() };
        id.filter(|id| !id.maybe).and_then(Abs::user_id).cloned()
    })
}
