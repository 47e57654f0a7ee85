//! Users that a framework hands to a handler: `current_user: User = Depends(get_current_user)`.

use super::bound::User;
use super::{function_text, reaches_verifier};
use crate::catalog::{self, Entry, UserFields};
use crate::resolve::Def;
use crate::sites::cx::{Cx, after, is_callee, written_member};
use crate::sites::{Identity, IdentitySource};
use crate::syntax::{Class, ClassId, Expr, Facts, FunctionId, Param, Path, Root, Span};
use crate::workspace::FileId;

/// `current_user: User = Depends(get_current_user)`, `user: CurrentUser`.
pub(super) fn injected(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    marker: &catalog::Symbol,
    callee: Option<&catalog::Callee>,
    place: (FileId, FunctionId),
) -> Option<Identity> {
    let facts = cx.program.facts(place.0);
    let f = facts.function(place.1);
    for param in &f.params {
        let Some(name) = param.name() else { continue };
        let Some((file, dependency, of_type)) = dependency_of(cx, place.0, param, marker) else {
            continue;
        };
        // A parameter without a type is what its dependency says it gives.
        let given = match (&of_type, &dependency) {
            (None, Def::Function(at, id)) => {
                cx.program.facts(*at).function(*id).gives.clone().map(|t| (*at, t))
            }
            _ => None,
        };
        let (file, of_type) = given.map_or((file, of_type), |(at, of_type)| (at, Some(of_type)));
        let of_organisation = of_type.as_deref().is_some_and(|of_type| {
            of_type
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .any(|n| cx.payers().is_organisation(n))
        });
        if of_organisation {
            continue;
        }
        let vouched = match callee {
            Some(callee) => is_callee(callee, &dependency),
            None => match dependency {
                Def::Function(at, id) => reaches_verifier(cx, at, id).is_some(),
                _ => false,
            },
        };
        if !vouched {
            continue;
        }
        let Some(user) = user_of_type(cx, file, name, of_type.as_deref(), place, &source.user) else {
            continue;
        };
        let text = cx.slice(place.0, param.span);
        let line = cx.line(place.0, param.span.start);
        return Some(Identity {
            id: user.id,
            email: user.email,
            name: user.name,
            auth: entry.id.clone(),
            ready_at: f.body.start,
            nullable: of_type.as_deref().is_some_and(|t| t.contains("None") || t.starts_with("Optional")),
            source: IdentitySource::Parameter { imports: names_in(facts, &text), text },
            evidence: vec![format!("`{name}` is injected after a token check (line {line})")],
        });
    }
    None
}

/// What a parameter's marker injects: the dependency, the file it is written in, and the declared type.
pub(in crate::sites) fn dependency_of(
    cx: &Cx<'_>,
    file: FileId,
    param: &Param,
    marker: &catalog::Symbol,
) -> Option<(FileId, Def, Option<String>)> {
    let marked = |at: FileId, expr: &Expr| {
        let facts = cx.program.facts(at);
        let call = facts.call(expr.as_call()?);
        let def = cx.def(at, call.function, &call.callee);
        let is_marker = after(marker, &def).is_some_and(<[String]>::is_empty);
        let given = call.args.first().filter(|_| is_marker)?;
        called(cx, at, call.function, given)
    };
    if let Some(def) = param.default.as_ref().and_then(|d| marked(file, d)) {
        return Some((file, def, param.annotation_text.clone()));
    }
    let annotated = |at: FileId, expr: &Expr| {
        let Expr::Index(_, args) = expr else { return None };
        let def = args.iter().skip(1).find_map(|a| marked(at, a))?;
        let of_type = args.first().and_then(Expr::as_path).map(Path::dotted);
        Some((at, def, of_type))
    };
    match param.annotation.as_ref()? {
        index @ Expr::Index(..) => annotated(file, index),
        Expr::Path(path) => match cx.def(file, None, path) {
            Def::Value(at, index, _) => annotated(at, &cx.program.binding(at, index)?.value.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// What the framework calls to fill a parameter: the function that is given, or what an instance is called by.
fn called(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>, given: &Expr) -> Option<Def> {
    let facts = cx.program.facts(file);
    let made = |at: FileId, function: Option<FunctionId>, path: &Path| match cx.def(at, function, path) {
        Def::Class(at, class) => method(cx, at, class, CALLED, 0),
        _ => None,
    };
    match given {
        Expr::Path(path) => {
            // `current = CurrentUser()`, of which one is kept.
            let kept = match cx.program.origin(file, function, path) {
                Def::Value(at, index, _) => cx.program.binding(at, index).and_then(|binding| {
                    let call = cx.program.facts(at).call(binding.value.as_call()?);
                    made(at, call.function, &call.callee)
                }),
                _ => None,
            };
            Some(kept.unwrap_or_else(|| cx.def(file, function, path)))
        }
        Expr::Call(id) => made(file, function, &facts.call(*id).callee),
        _ => None,
    }
}

/// The method that an instance is called by.
const CALLED: &str = "__call__";

/// A method of a class or of one that it extends.
fn method(cx: &Cx<'_>, file: FileId, class: ClassId, name: &str, hops: usize) -> Option<Def> {
    let facts = cx.program.facts(file);
    let own = facts.function_ids().find(|id| {
        let f = facts.function(*id);
        f.class == Some(class) && f.name == name
    });
    own.map(|id| Def::Function(file, id)).or_else(|| {
        let class = facts.class(class);
        class.bases.iter().filter(|_| hops < 5).find_map(|base| match cx.def(file, class.parent, base) {
            Def::Class(at, base) => method(cx, at, base, name, hops + 1),
            _ => None,
        })
    })
}

/// The user's members of a parameter with this type.
fn user_of_type(
    cx: &Cx<'_>,
    file: FileId,
    param: &str,
    of_type: Option<&str>,
    place: (FileId, FunctionId),
    fields: &UserFields,
) -> Option<User> {
    let text = function_text(cx, place.0, place.1);
    let bare = of_type.map(|t| t.split(['|', '[']).next().unwrap_or(t).trim().to_owned());
    match bare.as_deref() {
        Some("str" | "int" | "UUID" | "uuid.UUID") => {
            let is_id = ["user_id", "uid", "userid", "current_user_id"].contains(&param)
                || param.ends_with("user_id");
            return is_id.then(|| User { id: param.to_owned(), email: None, name: None });
        }
        Some("dict" | "Dict") => {
            let key = ["id", "user_id", "sub", "uid"].iter().find_map(|k| {
                [format!("{param}[\"{k}\"]"), format!("{param}['{k}']")]
                    .into_iter()
                    .find(|w| text.contains(w))
            })?;
            return Some(User { id: key, email: None, name: None });
        }
        _ => {}
    }
    let class = bare.and_then(|name| {
        let mut parts = name.split('.').map(str::to_owned);
        let root = Root::Name(parts.next()?);
        let path = Path { root, segments: parts.collect(), span: Span { start: u32::MAX, end: u32::MAX } };
        [file, place.0].into_iter().find_map(|at| match cx.def(at, None, &path) {
            Def::Class(at, id) => Some((at, id)),
            _ => None,
        })
    });
    if let Some((at, id)) = class {
        let members = all_fields(cx, at, id, 0);
        let has = |name: &str| members.iter().any(|m| m == name);
        // A record that belongs to a user names the user by a foreign key; its own id, e-mail and name are not the user's.
        let owner = ["user_id", "owner_id"].iter().find(|m| has(m)).copied();
        let is_record = owner.is_some() && has("id");
        let id = owner.or_else(|| {
            fields
                .id
                .iter()
                .map(String::as_str)
                .find(|m| has(m))
                .or_else(|| written_member(&text, param, "id").map(|_| "id"))
        })?;
        let email = fields.email.iter().find(|m| !is_record && has(m));
        let name = fields.name.iter().find(|m| !is_record && has(m));
        let of = |m: &String| format!("{param}.{m}");
        return Some(User { id: format!("{param}.{id}"), email: email.map(of), name: name.map(of) });
    }
    let id = fields.id.iter().find_map(|m| written_member(&text, param, m))?;
    Some(User { id, email: None, name: None })
}

fn all_fields(cx: &Cx<'_>, file: FileId, id: ClassId, hops: usize) -> Vec<String> {
    let facts = cx.program.facts(file);
    let class: &Class = facts.class(id);
    let mut members: Vec<String> = class.fields.iter().map(|f| f.name.clone()).collect();
    if hops < 5 {
        for base in &class.bases {
            if let Def::Class(at, base) = cx.def(file, class.parent, base) {
                members.extend(all_fields(cx, at, base, hops + 1));
            }
        }
    }
    members
}

/// Names of a parameter's text that the module imports, with their modules.
pub(in crate::sites) fn names_in(facts: &Facts, text: &str) -> Vec<(String, String)> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let mut found: Vec<(String, String)> = words
        .filter_map(|w| {
            facts.imports.iter().find(|i| i.local == w).map(|i| (i.local.clone(), i.module.clone()))
        })
        .collect();
    found.dedup();
    found
}
