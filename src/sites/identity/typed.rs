//! Whether the compiler lets a member of a handler's parameter be read: what a guard puts on the request stands in no type
//! unless the app declares it, on a type of its own or on the framework's.
//!
//! ```text
//! router.post("/draft", requireUser, (req, res) => { … })          // `req.user` only where the app extends `Request`
//! router.post("/draft", requireUser, (req: SignedIn, res) => { … }) // as `SignedIn` has it
//! ```

use crate::catalog::Kind;
use crate::ir::{Fact, Place};
use crate::sites::cx::{Cx, written_member};
use crate::sites::signup::key_of;
use crate::sites::{Identity, IdentitySource, guard, holds};
use crate::syntax::{Field, FunctionId, Param};
use crate::workspace::{FileId, Language};

/// What the types of a file say of a member.
enum Declared {
    /// It is there.
    Sure,
    /// It may be undefined.
    Maybe,
    /// There is none.
    No,
}

/// An identity as the compiler lets it be written at an offset of a handler, if at all.
pub(super) fn readable(
    cx: &Cx<'_>,
    (file, function): (FileId, FunctionId),
    at: u32,
    identity: Identity,
) -> Option<Identity> {
    let held = matches!(identity.source, IdentitySource::RequestProperty { .. } | IdentitySource::Followed);
    let Some((root, key)) = first_member(&identity.id).filter(|_| held) else { return Some(identity) };
    match declared(cx, file, function, root, key) {
        Declared::Sure => Some(identity),
        Declared::No => None,
        Declared::Maybe if identity.nullable || is_checked(cx, file, (root, key), at) => Some(identity),
        Declared::Maybe => {
            let holder = format!("{root}.{key}");
            let sure = |text: String| assert(&holder, &text);
            Some(Identity { id: sure(identity.id), email: identity.email.map(sure), ..identity })
        }
    }
}

/// A text of a handler of the app for another handler like it, in which nothing has been checked: members that the type of
/// its parameter says may be missing are said to be there.
pub fn asserted(cx: &Cx<'_>, file: FileId, function: FunctionId, text: &str) -> String {
    let Some((root, key)) = first_member(text) else { return text.to_owned() };
    match declared(cx, file, function, root, key) {
        Declared::Maybe => assert(&format!("{root}.{key}"), text),
        Declared::Sure | Declared::No => text.to_owned(),
    }
}

/// `req.user.id` as `req.user!.id`.
fn assert(holder: &str, text: &str) -> String {
    match text.strip_prefix(holder) {
        Some(rest) if rest.starts_with('.') => format!("{holder}!{rest}"),
        Some("") => format!("{holder}!"),
        _ => text.to_owned(),
    }
}

/// `req` and `user` of `req.user.id`.
fn first_member(text: &str) -> Option<(&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let (root, rest) = text.split_once(['.', '?', '!'])?;
    let rest = rest.trim_start_matches(['.', '?', '!']);
    let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let key = rest.get(..end).filter(|key| !key.is_empty())?;
    root.chars().all(is_word).then_some((root, key))
}

/// Whether a check in front of a place has made sure of a member.
fn is_checked(cx: &Cx<'_>, file: FileId, (root, key): (&str, &str), at: u32) -> bool {
    let is_it = |of: &Place| of.root == root && of.keys.first().is_some_and(|first| first == key);
    holds::known(cx, file, at).iter().any(|(of, fact)| *fact == Fact::There && is_it(of))
}

/// What the types say of a member that the app puts on a parameter of a handler.
fn declared(cx: &Cx<'_>, file: FileId, function: FunctionId, root: &str, key: &str) -> Declared {
    let typed = matches!(cx.workspace().entry(file).language, Some(Language::TypeScript | Language::Tsx));
    let facts = cx.program.facts(file);
    let mut around = facts.enclosing(Some(function));
    let param = around.find_map(|id| facts.function(id).params.iter().find(|p| p.name() == Some(root)));
    let Some(param) = param.filter(|_| typed && !is_free(cx, key)) else {
        return Declared::Sure;
    };
    if let Some(declared) = of_type(cx, file, param, key) {
        return declared;
    }
    // The app's own code compiles as it stands, and what a library puts there it has declared.
    let written = cx.slice(file, facts.function(function).span);
    let told = written_member(&written, root, key).is_some() || !guard::is_set(cx, key);
    if told { Declared::Sure } else { Declared::No }
}

/// Whether a framework's type for what carries the member lets any be read.
fn is_free(cx: &Cx<'_>, key: &str) -> bool {
    let frameworks = cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
    let mut carriers = frameworks.flat_map(|f| &f.carriers);
    carriers.any(|carrier| carrier.untyped && carrier.path.split('.').next() == Some(key))
}

/// What the parameter's own type says, or the app's addition to the framework's.
fn of_type(cx: &Cx<'_>, file: FileId, param: &Param, key: &str) -> Option<Declared> {
    let annotation = param.annotation_text.as_deref().unwrap_or_default();
    let mut words = annotation.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    if words.any(|word| word == "any") {
        return Some(Declared::Sure);
    }
    // `Request & { user?: Account }`
    if annotation.contains(&format!("{key}?:")) {
        return Some(Declared::Maybe);
    }
    if annotation.contains(&format!("{key}:")) {
        return Some(Declared::Sure);
    }
    let own = cx.program.field_of(file, annotation, key);
    let (at, field) = own.or_else(|| added(cx, key))?;
    Some(if may_be_missing(cx, at, field) { Declared::Maybe } else { Declared::Sure })
}

/// Whether a type always has a property: one that the app declares, or the record of a data model of the app's.
pub(super) fn has(cx: &Cx<'_>, file: FileId, of_type: &str, name: &str) -> bool {
    if let Some((at, field)) = cx.program.field_of(file, of_type, name) {
        return !may_be_missing(cx, at, field);
    }
    let model = cx.models().iter().find(|model| model.name == of_type);
    model.is_some_and(|model| {
        let orm = cx.catalog.get(&model.orm).and_then(|entry| entry.orm.as_ref());
        let key = orm.and_then(|orm| key_of(cx, model.file, model.span, &orm.primary_key));
        key.is_some_and(|key| key.member == name)
    })
}

fn may_be_missing(cx: &Cx<'_>, file: FileId, field: &Field) -> bool {
    let optional = cx.slice(file, field.span).contains(&format!("{}?", field.name));
    optional || field.annotation.as_deref().is_some_and(|of| of.contains("undefined") || of.contains("null"))
}

/// What the app adds to a type that is not its own: `declare global { namespace Server { interface Request { … } } }`.
fn added<'c>(cx: &'c Cx<'_>, key: &str) -> Option<(FileId, &'c Field)> {
    cx.added().iter().find(|(_, field)| field.name == key).map(|(file, field)| (*file, field))
}

/// Every property that the app adds to types of others, also in files of nothing but types.
pub(in crate::sites) fn all_added(cx: &Cx<'_>) -> Vec<(FileId, Field)> {
    let mut found = Vec::new();
    for (file, entry) in cx.workspace().files() {
        let typed = matches!(entry.language, Some(Language::TypeScript | Language::Tsx));
        let adds = |text: &str| text.contains("declare ") || text.contains("namespace ");
        if !typed
            || cx.path_in_app(file).is_none()
            || !cx.workspace().text(file).is_ok_and(|text| adds(text.as_str()))
        {
            continue;
        }
        let added = cx.program.facts(file).interfaces.iter().filter(|interface| interface.added);
        found.extend(added.flat_map(|interface| &interface.fields).map(|field| (file, field.clone())));
    }
    found
}

#[cfg(test)]
mod tests;
