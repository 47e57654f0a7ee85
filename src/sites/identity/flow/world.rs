//! What the engine asks, answered from the app's names and the picked entries.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::{record, signed};
use crate::catalog::{Callee, Carrier, Entry, Framework, IdentitySource, Kind, Role, UserFields};
use crate::flow::{Abs, Access, Cell, Fun, Names, Origin, Part, Trust, What, World};
use crate::ir::Points;
use crate::resolve::Def;
use crate::sites::cx::{Cx, after, is_callee};
use crate::sites::holds;
use crate::sites::identity::evidence;
use crate::syntax::{FunctionId, Span};
use crate::workspace::{FileId, Language};

/// One call that an entry vouches for.
pub(super) struct Rule<'a> {
    pub(super) entry: &'a Entry,
    callee: &'a Callee,
    pub(super) fields: &'a UserFields,
    nullable: bool,
    /// The members are the library's own. What is in a token is the app's choice: only what the code reads is there.
    pub(super) members_known: bool,
    callback: Option<usize>,
    unless: &'a [String],
}

/// The app with its rules.
pub(super) struct Known<'c, 'a> {
    pub(super) cx: &'c Cx<'a>,
    rules: Vec<Rule<'a>>,
    pub(super) carriers: Vec<&'a Carrier>,
    /// What the app puts into all of its tokens.
    signed: OnceCell<Vec<String>>,
    /// A record that the app loads by a verified id is taken to be there.
    pub(super) records_stand: bool,
}

impl<'c, 'a> Known<'c, 'a> {
    /// As it is for a function; `None` where the app speaks of nothing that vouches for a user.
    pub(super) fn of(cx: &'c Cx<'a>, function: Fun) -> Option<Self> {
        let handler = Some(function);
        let mut rules = Vec::new();
        for entry in cx.entries(Kind::Auth) {
            let Some(auth) = &entry.auth else { continue };
            for identity in evidence::sources(cx, entry, handler) {
                if let IdentitySource::Call(callee) = &identity.source {
                    let (fields, nullable) = (&identity.user, identity.nullable);
                    rules.push(Rule {
                        entry,
                        callee,
                        fields,
                        nullable,
                        members_known: identity.members_known,
                        callback: None,
                        unless: &[],
                    });
                }
            }
            for verifier in &auth.verifiers {
                let (callee, fields, callback) = (&verifier.call, &verifier.user, verifier.callback);
                let (nullable, unless) = (verifier.nullable, verifier.unless.as_slice());
                rules.push(Rule { entry, callee, fields, nullable, members_known: false, callback, unless });
            }
        }
        rules.retain(|rule| cx.says(rule.callee.module.split(['*', '.']).next().unwrap_or_default()));
        let frameworks = cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
        let carriers = frameworks.flat_map(|f| &f.carriers).collect();
        (!rules.is_empty()).then(|| Self {
            cx,
            rules,
            carriers,
            signed: OnceCell::new(),
            records_stand: false,
        })
    }

    /// A rule.
    pub(super) fn rule(&self, index: usize) -> &Rule<'a> {
        &self.rules[index]
    }

    /// Members that the app puts into all tokens it makes.
    pub(super) fn signed(&self) -> &[String] {
        self.signed.get_or_init(|| signed::members(self.cx))
    }

    /// Whether code may read any member there, declared or not: a place that the framework types as anything, or a file
    /// without types.
    pub(super) fn is_untyped(&self, file: FileId, path: &[String]) -> bool {
        let language = self.cx.workspace().entry(file).language;
        let typed = matches!(language, Some(Language::TypeScript | Language::Tsx));
        let mut free = self.carriers.iter().filter(|carrier| carrier.untyped);
        !typed || free.any(|carrier| path.starts_with(&keys(&carrier.path)))
    }

    /// The frameworks of the app.
    pub(super) fn frameworks(&self) -> impl Iterator<Item = &'a Framework> + '_ {
        self.cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref())
    }

    /// Whether a file's language reads members of dicts as items.
    pub(super) fn is_python(&self, file: FileId) -> bool {
        !self.cx.workspace().entry(file).language.is_some_and(Language::is_ecmascript)
    }
}

/// Where a carrier is kept.
fn cell_of(carrier: &Carrier) -> Option<Cell> {
    match (&carrier.of, &carrier.symbol) {
        (Some(role), _) => Some(role_cell(*role).to_owned()),
        (None, Some(symbol)) => Some(format!("{}.{}", symbol.module, symbol.name)),
        (None, None) => None,
    }
}

/// The cell of a parameter's role.
pub(super) fn role_cell(role: Role) -> &'static str {
    match role {
        Role::Request => "request",
        Role::Response => "response",
        Role::Context => "context",
        Role::Next => "next",
        Role::Error => "error",
        Role::Instance => "instance",
        Role::Other => "other",
    }
}

fn keys(path: &str) -> Vec<String> {
    path.split('.').filter(|p| !p.is_empty()).map(str::to_owned).collect()
}

impl World for Known<'_, '_> {
    fn points(&self, file: FileId, function: FunctionId) -> Option<Arc<Points>> {
        holds::points(self.cx, file, Some(function))
    }

    fn callee(&self, file: FileId, call: Span) -> Def {
        holds::call_at(self.cx, file, call).map_or(Def::Unknown, |id| self.cx.callee(file, id))
    }

    fn name(&self, file: FileId, function: FunctionId, name: &str, at: u32) -> Def {
        self.cx.program.name(file, Some(function), name, at)
    }

    fn function_at(&self, file: FileId, span: Span) -> Option<FunctionId> {
        let facts = self.cx.program.facts(file);
        facts.function_ids().find(|id| facts.function(*id).span == span)
    }

    fn parent(&self, file: FileId, function: FunctionId) -> Option<FunctionId> {
        self.cx.program.facts(file).function(function).parent
    }

    fn source(&self, file: FileId, call: Span, def: &Def) -> Option<(usize, Option<usize>)> {
        let Def::Outside(..) = def else { return None };
        let found = self.rules.iter().position(|rule| is_callee(rule.callee, def))?;
        let unless = self.rules[found].unless;
        if !unless.is_empty() {
            let written = self.cx.slice(file, call);
            if unless.iter().any(|text| written.contains(text.as_str())) {
                return None;
            }
        }
        Some((found, self.rules[found].callback))
    }

    fn given(&self, rule: usize, origin: Origin) -> Abs {
        let from = BTreeSet::from([origin]);
        let known = &self.rules[rule];
        let what = if known.fields.id.iter().any(String::is_empty) {
            What::User(Part::Id, from)
        } else {
            What::Claims { rule, path: Vec::new(), from }
        };
        Abs { what, maybe: known.nullable }
    }

    fn claim(&self, rule: usize, path: &[String], from: &BTreeSet<Origin>) -> Abs {
        let known = &self.rules[rule];
        let whole = path.join(".");
        let parts = [
            (Part::Id, &known.fields.id),
            (Part::Email, &known.fields.email),
            (Part::Name, &known.fields.name),
        ];
        if let Some((part, _)) = parts.iter().find(|(_, names)| names.contains(&whole)) {
            return Abs::of(What::User(*part, from.clone()));
        }
        let below = format!("{whole}.");
        let all = || parts.iter().flat_map(|(_, names)| names.iter());
        if !all().any(|name| name.starts_with(&below)) {
            return Abs::any(Trust::App).or_null();
        }
        // A user further down in an answer is missing where nobody is signed in.
        let holds = all().any(|name| name.strip_prefix(&below).is_some_and(|rest| !rest.contains('.')));
        let maybe = known.nullable && holds && path.len() > 1;
        Abs { what: What::Claims { rule, path: path.to_vec(), from: from.clone() }, maybe }
    }

    fn record(&self, file: FileId, call: Span, of: Option<&Abs>, args: &[Abs]) -> Option<Abs> {
        let loaded = record::loaded(self.cx, file, holds::call_at(self.cx, file, call)?, of, args)?;
        Some(if self.records_stand { loaded.there() } else { loaded })
    }

    fn cell(&self, def: &Def) -> Option<Cell> {
        let mut carriers = self.carriers.iter();
        let carrier = carriers
            .find(|c| c.symbol.as_ref().is_some_and(|s| after(s, def).is_some_and(<[String]>::is_empty)))?;
        cell_of(carrier)
    }

    fn accessor(&self, cell: &Cell, method: &str) -> Option<Access> {
        self.carriers.iter().filter(|c| cell_of(c).as_ref() == Some(cell)).find_map(|carrier| {
            if carrier.get.as_deref() == Some(method) {
                Some(Access::Get(keys(&carrier.path)))
            } else if carrier.set.as_deref() == Some(method) {
                Some(Access::Set(keys(&carrier.path)))
            } else {
                None
            }
        })
    }

    fn constructor(&self, def: &Def) -> Option<(FileId, Option<FunctionId>, bool)> {
        let Def::Class(file, class) = def else { return None };
        let facts = self.cx.program.facts(*file);
        let python = self.is_python(*file);
        let name = if python { "__init__" } else { "constructor" };
        let maker = facts.function_ids().find(|id| {
            let f = facts.function(*id);
            f.class == Some(*class) && f.name == name
        });
        Some((*file, maker, python))
    }

    fn takes_instance(&self, file: FileId, function: FunctionId) -> bool {
        let facts = self.cx.program.facts(file);
        let f = facts.function(function);
        let is_static = f.decorators.iter().any(|d| d.path.last() == Some("staticmethod"));
        f.class.is_some() && self.is_python(file) && !is_static
    }
}

/// What the shared places hold before anything of the app has run.
pub(super) fn untouched(known: &Known<'_, '_>, set: &BTreeSet<String>) -> Names {
    let roles = [(Role::Request, Trust::Sent), (Role::Response, Trust::App), (Role::Context, Trust::Sent)];
    let mut cells: Names =
        roles.iter().map(|(role, trust)| (role_cell(*role), Abs::object(Some(*trust), false))).collect();
    for carrier in &known.carriers {
        let Some(cell) = cell_of(carrier) else { continue };
        let path = keys(&carrier.path);
        if !cells.contains_key(&cell) {
            cells.insert(&cell, Abs::object(None, false));
        }
        let Some(held) = cells.get_mut(&cell) else { continue };
        if !path.is_empty() {
            held.set(&path, Abs::object(None, false));
            continue;
        }
        // What the app itself sets there is nothing before.
        for key in set.iter().filter(|key| !carrier.sent.contains(key)) {
            held.set(std::slice::from_ref(key), Abs::NULL);
        }
    }
    cells
}
