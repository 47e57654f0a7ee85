//! How the value of a call is named right after it: `user`, `user[0]`, `data.user`, or not at all.
//!
//! A step may only write what is in scope, so an id is an expression over a name that the statement binds, over the
//! record handed to the call, or over what was written into the record. Nothing else is tried.

use super::models::{Model, holds};
use crate::catalog::Gives;
use crate::sites::cx::Cx;
use crate::syntax::{CallId, Expr, Facts, FunctionId, PatternName, ResultUse};
use crate::workspace::FileId;

/// What names the new record after its statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Named {
    /// An expression is the record.
    Record(String),
    /// Single members have names: member, name.
    Members(Vec<(String, String)>),
    /// The value is there, but nothing names it (`return User.create(…)`): how it hangs together once it has a name.
    Unbound(Gives),
    /// Nothing of the record is there.
    Nothing,
}

/// The expressions a step can use.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fields {
    pub(super) id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    /// The fresh name they are members of.
    pub(super) bind: Option<String>,
}

/// What the statement of a call makes of its value.
pub(super) fn named(facts: &Facts, call: CallId, gives: Gives) -> Named {
    let binding = facts.bindings.iter().find(|b| holds(&b.value, call));
    let Some(binding) = binding else {
        let whole = matches!(facts.call(call).result, ResultUse::Returned | ResultUse::Discarded);
        return match gives {
            Gives::Nothing | Gives::Argument => Named::Nothing,
            _ if whole => Named::Unbound(gives),
            _ => Named::Nothing,
        };
    };
    let prefix: &[&str] = match gives {
        Gives::Record => &[],
        Gives::List => &["0"],
        Gives::Data => &["data"],
        Gives::Nothing | Gives::Argument => return Named::Nothing,
    };
    below(&binding.names, prefix)
}

/// The record at a path of a value that is bound to these names.
pub(super) fn below(names: &[PatternName], prefix: &[&str]) -> Named {
    for n in names {
        if n.path.iter().map(String::as_str).eq(prefix.iter().copied()) {
            return Named::Record(n.local.clone());
        }
        if n.path.len() < prefix.len() && n.path.iter().zip(prefix).all(|(a, b)| a == b) {
            return Named::Record(member(&n.local, &prefix[n.path.len()..]));
        }
    }
    let members: Vec<(String, String)> = names
        .iter()
        .filter(|n| n.path.len() == prefix.len() + 1 && n.path.iter().zip(prefix).all(|(a, b)| a == b))
        .filter_map(|n| Some((n.path.last()?.clone(), n.local.clone())))
        .collect();
    if members.is_empty() { Named::Nothing } else { Named::Members(members) }
}

fn member(base: &str, path: &[&str]) -> String {
    path.iter().fold(base.to_owned(), |text, part| {
        if part.bytes().all(|b| b.is_ascii_digit()) {
            format!("{text}[{part}]")
        } else {
            format!("{text}.{part}")
        }
    })
}

/// The expressions for what names the record; `written` is what the record was made from, `only` what of it is there.
pub(super) fn fields(
    cx: &Cx<'_>,
    (file, function): (FileId, Option<FunctionId>),
    model: &Model<'_>,
    named: &Named,
    written: &[(String, Expr)],
    only: Option<&[String]>,
) -> Fields {
    let member = |base: &str, name: &String| {
        only.is_none_or(|only| only.contains(name)).then(|| format!("{base}.{name}"))
    };
    let of = |base: &str, bind: Option<String>| {
        let id = member(base, &model.id);
        Fields {
            email: model.email.as_ref().and_then(|e| member(base, e)),
            name: model.display.as_ref().and_then(|n| member(base, n)),
            bind: bind.filter(|_| id.is_some()),
            id,
        }
    };
    let mut fields = match named {
        Named::Record(base) => of(base, None),
        Named::Unbound(gives) => {
            let fresh = fresh_name(cx, file, function);
            let base = match gives {
                Gives::List => format!("{fresh}[0]"),
                Gives::Data => format!("{fresh}.data"),
                _ => fresh.clone(),
            };
            of(&base, Some(fresh))
        }
        Named::Members(members) => {
            let get = |name: &str| members.iter().find(|(m, _)| m == name).map(|(_, local)| local.clone());
            Fields {
                id: get(&model.id),
                email: model.email.as_deref().and_then(get),
                name: model.display.as_deref().and_then(get),
                bind: None,
            }
        }
        Named::Nothing => Fields::default(),
    };
    let from_written = |member: &str| {
        let value = written.iter().find(|(key, _)| key == member).map(|(_, v)| v)?;
        value.as_path().filter(|p| p.root_name().is_some()).map(crate::syntax::Path::dotted)
    };
    fields.id = fields.id.or_else(|| from_written(&model.id));
    fields.email = fields.email.or_else(|| from_written(model.email.as_deref()?));
    fields.name = fields.name.or_else(|| from_written(model.display.as_deref()?));
    fields
}

/// A name for the new user that the function does not use yet, in the file's own case.
fn fresh_name(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> String {
    let facts = cx.program.facts(file);
    let outer = facts.enclosing(function).last();
    let text = outer.map_or_else(String::new, |f| cx.slice(file, facts.function(f).span));
    let python = !cx.workspace().entry(file).language.is_some_and(crate::workspace::Language::is_ecmascript);
    let names =
        if python { ["user", "new_user", "created_user"] } else { ["user", "newUser", "createdUser"] };
    let used = |name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let member = text.get(..at).is_some_and(|t| t.ends_with('.'));
            !member && crate::sites::cx::word_at(&text, at, name)
        })
    };
    let free = names.iter().find(|n| !used(n));
    (*free.unwrap_or(&names[2])).to_owned()
}
