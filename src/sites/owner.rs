//! Whoever owns the record that a request is about: the payer where visitors spend and an owner pays.
//!
//! A public chatbot, a shared link or a job has no signed-in user, yet the record it loads says whose it is. The owner is
//! a member of that record which refers to the user model; it is read from the app's own data, never from the request.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::cx::{Cx, word_at};
use super::explain::untrusted;
use super::identity::bindings_before;
use super::payer::{Paying, Record, Row};
use super::schema::{Model, names_user};
use super::{Identity, IdentitySource, holds};
use crate::catalog::{Kind, Owner};
use crate::resolve::Def;
use crate::syntax::{Call, CallId, Expr, Facts, FunctionId, PatternName, Root};
use crate::workspace::FileId;

/// Functions of the app that are looked into for what they return.
const MAX_HOPS: usize = 3;

/// A record type whose records belong to users.
#[derive(Debug, Clone)]
pub struct Owned {
    /// What the code may call it: the model, its table, the client's member.
    names: Vec<String>,
    /// The member that names the owner.
    member: String,
    /// It may be empty.
    optional: bool,
}

/// The record types of an app that refer to its user model.
pub fn owned(cx: &Cx<'_>) -> Vec<Owned> {
    if cx.app.auth.is_empty() && cx.entries(Kind::Auth).next().is_none() {
        return Vec::new();
    }
    // Where an organisation pays, a record's organisation does; that is known with the payers.
    if let Some(record) = organisation(cx) {
        let about = |row: &Row| Owned {
            names: row.names.clone(),
            member: row.member.clone(),
            optional: row.optional,
        };
        return record.rows.iter().filter(|row| !row.of_user && !row.is_user).map(about).collect();
    }
    let models = cx.models();
    let users = super::schema::user_names(cx, models);
    if users.is_empty() {
        return Vec::new();
    }
    let users = References::to(cx, &users);
    let owned = models.iter().filter(|m| !names_user(&m.name)).filter_map(|model| {
        let Reference { member, optional, .. } = users.of(cx, model)?;
        Some(Owned { names: names_of(model), member, optional })
    });
    owned.collect()
}

/// The record type of the organisation that pays.
fn organisation<'c>(cx: &'c Cx<'_>) -> Option<&'c Record> {
    match cx.payers().paying() {
        Paying::Organisation(organisation) => organisation.record.as_ref(),
        Paying::User | Paying::Unclear => None,
    }
}

/// How the declarations of an app refer to one record type, whatever their library.
pub(super) struct References<'a> {
    patterns: Vec<(&'a str, &'a Owner, regex::Regex)>,
    marks: Marks,
}

impl<'a> References<'a> {
    /// References to the record type with these names.
    pub(super) fn to(cx: &Cx<'a>, names: &[String]) -> Self {
        let targets = alternatives(names);
        let owners = cx.entries(Kind::Orm).flat_map(|entry| {
            let owners = entry.orm.iter().flat_map(|orm| &orm.owners);
            owners.map(move |owner| (entry.id.as_str(), owner))
        });
        let compiled = owners.filter_map(|(orm, owner)| {
            let pattern = regex::Regex::new(&ascii_words(&owner.column).replace("{user}", &targets)).ok()?;
            Some((orm, owner, pattern))
        });
        Self { patterns: compiled.collect(), marks: Marks::default() }
    }

    /// How a record type refers to it.
    pub(super) fn of(&self, cx: &Cx<'_>, model: &Model) -> Option<Reference> {
        let text = cx.slice(model.file, model.span);
        let own = self.patterns.iter().filter(|(orm, _, _)| *orm == model.orm);
        own.into_iter().find_map(|(_, owner, pattern)| reference(owner, pattern, &self.marks, &text))
    }
}

/// A pattern whose words are those of ASCII, as names of columns are: with every letter of Unicode in it, compiling it
/// costs more than all searches with it.
fn ascii_words(pattern: &str) -> String {
    pattern.replace("\\w", "[0-9A-Za-z_]").replace("\\b", "(?-u:\\b)")
}

/// A pattern for what a declaration may call a record type. A key names the table, which is usually the plural.
fn alternatives(names: &[String]) -> String {
    let plural = names.iter().map(|n| format!("{}s", n.to_lowercase()));
    let all: Vec<String> = names.iter().cloned().chain(plural).map(|n| regex::escape(&n)).collect();
    if all.is_empty() { "[^\\s\\S]".to_owned() } else { format!("(?:{})", all.join("|")) }
}

/// Patterns about a column, made once each: many records call theirs the same.
#[derive(Default)]
struct Marks(Mutex<BTreeMap<String, Option<regex::Regex>>>);

impl Marks {
    fn say(&self, pattern: &str, text: &str) -> bool {
        let Ok(mut known) = self.0.lock() else { return false };
        let made = known.entry(pattern.to_owned()).or_insert_with(|| regex::Regex::new(pattern).ok());
        made.as_ref().is_some_and(|made| made.is_match(text))
    }
}

/// How a declaration refers to another one.
pub(super) struct Reference {
    /// The member that holds the other one's key.
    pub(super) member: String,
    /// It may be empty.
    pub(super) optional: bool,
    /// Where, in the declaration.
    pub(super) at: u32,
}

fn reference(owner: &Owner, pattern: &regex::Regex, marks: &Marks, text: &str) -> Option<Reference> {
    let column = pattern.captures(text)?.get(1)?;
    let (column, at) = (column.as_str(), column.start() as u32);
    let says =
        |pattern: &String| marks.say(&ascii_words(pattern).replace("{column}", &regex::escape(column)), text);
    let optional =
        owner.optional.as_ref().is_some_and(says) || owner.required.as_ref().is_some_and(|r| !says(r));
    let member = owner.member.as_ref().map_or_else(|| column.to_owned(), |m| m.replace("{column}", column));
    Some(Reference { member, optional, at })
}

pub(super) fn names_of(model: &Model) -> Vec<String> {
    let mut first_low = model.name.clone();
    if let Some(first) = first_low.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let mut names = vec![model.name.clone(), first_low];
    names.extend(model.bound.clone());
    names.extend(model.table.clone());
    names.sort();
    names.dedup();
    names
}

/// The owner of a record that a function has loaded before an offset; of several, the one it loads first.
pub fn in_function(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    let facts = cx.program.facts(file);
    let payers = cx.payers();
    let paying = payers.paying();
    let noun = paying.noun();
    let mut bindings: Vec<_> = bindings_before(facts, function, at).collect();
    bindings.sort_by_key(|b| b.statement.start);
    bindings.into_iter().find_map(|binding| {
        let Loaded { record, certain, many, asked_for } = record(cx, file, &binding.value, 0)?;
        // A row that is looked up by its owner says no more than who was asked for.
        if asked_for || is_made_before(cx, file, function, record, binding.statement.start) {
            return None;
        }
        let local = binding.names.iter().find(|n| is_record(n, many))?.local.clone();
        let id = format!("{local}.{}", record.member);
        let guarded = holds::end_of_guard(cx, file, binding.statement, &[&local], at);
        let has_owner =
            !record.optional || holds::end_of_guard(cx, file, binding.statement, &[&id], at).is_some();
        let line = cx.line(file, binding.statement.start);
        Some(Identity {
            id,
            email: None,
            name: None,
            auth: String::new(),
            ready_at: guarded.unwrap_or(binding.statement.end),
            nullable: !(has_owner && (certain || guarded.is_some())),
            source: IdentitySource::Record,
            evidence: vec![format!("`{local}` is loaded by the app, and belongs to a {noun} (line {line})")],
        })
    })
}

/// Whether a function makes such a record before an offset, itself or by a function of the app: one that it loads then may
/// be that one, with whatever owner it was given.
fn is_made_before(cx: &Cx<'_>, file: FileId, function: FunctionId, record: &Owned, offset: u32) -> bool {
    let facts = cx.program.facts(file);
    let inside = |id: &CallId| {
        let call = facts.call(*id);
        call.span.end <= offset && facts.enclosing(call.function).any(|f| f == function)
    };
    facts.call_ids().filter(inside).any(|id| {
        makes(cx, facts, id, record)
            || matches!(cx.callee(file, id), Def::Function(at, callee) if {
                let facts = cx.program.facts(at);
                let own = |id: &CallId| facts.enclosing(facts.call(*id).function).any(|f| f == callee);
                facts.call_ids().filter(own).any(|id| makes(cx, facts, id, record))
            })
    })
}

/// The last names of the methods that make records.
fn creating<'a>(cx: &Cx<'a>) -> impl Iterator<Item = &'a str> {
    let creates = cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).flat_map(|o| &o.creates);
    creates.flat_map(|c| c.form.methods()).filter_map(|method| method.rsplit('.').next())
}

/// Whether a call makes a record of this type.
fn makes(cx: &Cx<'_>, facts: &Facts, call: CallId, record: &Owned) -> bool {
    let creates = || cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).flat_map(|o| &o.creates);
    let chain = Chain::of(facts, call);
    let is_create = creating(cx).any(|method| {
        chain.calls.iter().any(|id| facts.call(*id).callee.segments.last().is_some_and(|m| m == method))
    });
    let tables: Vec<&str> = creates().filter_map(|c| c.form.table()).collect();
    is_create && chain.spoken(facts, &tables).iter().any(|word| record.names.iter().any(|name| name == word))
}

/// What an expression loads.
struct Loaded<'c> {
    record: &'c Owned,
    /// There always is one.
    certain: bool,
    /// It is a list of them.
    many: bool,
    /// It is looked up by its owner, or made on the spot.
    asked_for: bool,
}

/// The value itself, the first of a list, or the `data` of an answer. A list as a whole is nobody's.
fn is_record(name: &PatternName, many: bool) -> bool {
    match name.path.as_slice() {
        [] => !many,
        [one] => one == "0" || one == "data" && !many,
        _ => false,
    }
}

/// The owned record that an expression loads.
fn record<'c>(cx: &'c Cx<'_>, file: FileId, value: &Expr, hops: usize) -> Option<Loaded<'c>> {
    if hops > MAX_HOPS {
        return None;
    }
    let facts = cx.program.facts(file);
    match value.unawaited() {
        Expr::Call(id) => {
            if let Def::Function(at, function) = cx.callee(file, *id) {
                return returned(cx, at, function, hops);
            }
            read(cx, file, facts, *id)
        }
        Expr::Path(path) => {
            let name = path.as_name()?;
            bound(cx, &cx.program.name(file, None, name, path.span.start), hops)
        }
        Expr::Binary(left, _, right) | Expr::Either(left, right) => {
            record(cx, file, left, hops + 1).or_else(|| record(cx, file, right, hops + 1))
        }
        _ => None,
    }
}

/// What the binding behind a name loads.
fn bound<'c>(cx: &'c Cx<'_>, name: &Def, hops: usize) -> Option<Loaded<'c>> {
    let Def::Value(at, index, _) = *name else { return None };
    let binding = cx.program.binding(at, index)?.clone();
    let loaded = record(cx, at, &binding.value, hops + 1)?;
    let first = binding.names.iter().any(|n| !n.path.is_empty() && is_record(n, loaded.many));
    Some(Loaded { many: loaded.many && !first, ..loaded })
}

fn returned<'c>(cx: &'c Cx<'_>, file: FileId, function: FunctionId, hops: usize) -> Option<Loaded<'c>> {
    let facts = cx.program.facts(file);
    facts.returns.iter().filter(|(f, _)| *f == function).find_map(|(_, value)| match value.unawaited() {
        Expr::Path(path) => {
            let name = cx.program.name(file, Some(function), path.as_name()?, path.span.start);
            bound(cx, &name, hops).map(|loaded| Loaded { certain: false, ..loaded })
        }
        value => record(cx, file, value, hops + 1),
    })
}

/// The record that a chain of library calls reads: it speaks of an owned model and ends in a method that loads one.
fn read<'c>(cx: &'c Cx<'_>, file: FileId, facts: &Facts, call: CallId) -> Option<Loaded<'c>> {
    // `request.data.get("message")` loads no record, whatever a model is called.
    let function = facts.call(call).function;
    let sent = |f| untrusted::part_of(cx, file, f, &Expr::Call(call)).is_some();
    if function.is_some_and(sent) {
        return None;
    }
    let chain = Chain::of(facts, call);
    let words = chain.words(facts);
    let certain = reads(cx, &words)?;
    let holds = |names: &[String]| words.iter().any(|w| names.iter().any(|n| n == w));
    let orms = || cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref());
    let many = orms().any(|o| holds(&o.reads_many));
    let tables: Vec<&str> = orms().flat_map(|o| &o.creates).filter_map(|c| c.form.table()).collect();
    let spoken = chain.spoken(facts, &tables);
    let named = |o: &&Owned| spoken.iter().any(|w| o.names.iter().any(|n| n == w));
    let record = cx.owned().iter().find(named)?;
    let made = creating(cx).any(|method| {
        !orms().any(|o| o.reads.iter().chain(&o.reads_certain).any(|read| read == method))
            && chain.calls.iter().any(|id| facts.call(*id).callee.last() == Some(method))
    });
    let asked_for = made || is_condition(&cx.slice(file, facts.call(call).span), &record.member);
    Some(Loaded { record, certain, many, asked_for })
}

/// Whether a query compares this member with something: `where: { userId }`, `eq(chats.userId, id)`, `Chat.user_id == id`.
/// One that only lists it among what it loads does not.
fn is_condition(query: &str, member: &str) -> bool {
    const QUOTES: [char; 2] = ['"', '\''];
    query.match_indices(member).filter(|(at, _)| word_at(query, *at, member)).any(|(at, _)| {
        let before = query.get(..at).unwrap_or_default();
        let before = before
            .trim_end_matches(|c: char| c.is_alphanumeric() || "_.$".contains(c) || QUOTES.contains(&c));
        let before = before.trim_end();
        let after =
            query.get(at + member.len()..).unwrap_or_default().trim_start_matches(QUOTES).trim_start();
        match after.chars().next() {
            Some(':') => !after.trim_start_matches([':', ' ']).starts_with("true"),
            Some('=') => !after.starts_with("=>"),
            // The first of what a function is given: `eq(chats.userId, id)`, `.eq("user_id", id)`.
            Some(',') if before.ends_with('(') => !before.ends_with("select("),
            // `where: { id, userId }`
            Some(',' | '}') => {
                let head =
                    before.rfind('{').and_then(|open| before.get(..open)).unwrap_or_default().trim_end();
                head.ends_with("where:") || head.ends_with('(')
            }
            _ => false,
        }
    })
}

/// Whether words are of a call that loads a record, and then whether there always is one.
pub(super) fn reads(cx: &Cx<'_>, words: &[&str]) -> Option<bool> {
    let holds = |names: &[String]| words.iter().any(|w| names.iter().any(|n| n == w));
    let orms: Vec<_> = cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).collect();
    let certain = orms.iter().any(|o| holds(&o.reads_certain));
    (certain || orms.iter().any(|o| holds(&o.reads))).then_some(certain)
}

/// A chain of library calls.
pub(super) struct Chain {
    /// The outermost call and those it is chained onto.
    pub(super) calls: Vec<CallId>,
    /// Calls that are arguments of these, with what they are chained onto: `session.exec(select(Bot).where(…))`.
    pub(super) inner: Vec<CallId>,
}

impl Chain {
    pub(super) fn of(facts: &Facts, call: CallId) -> Self {
        let calls = onto(facts, call);
        let args = calls.iter().flat_map(|id| &facts.call(*id).args);
        let inner = args.filter_map(|arg| match arg {
            Expr::Call(inner) => Some(onto(facts, *inner)),
            _ => None,
        });
        Self { inner: inner.flatten().collect(), calls }
    }

    /// What it may be about: its members and the names it is given, and of its words those that name a table: of one of
    /// these methods, or of the client itself.
    fn spoken<'f>(&self, facts: &'f Facts, tables: &[&str]) -> Vec<&'f str> {
        let mut words: Vec<&str> = Vec::new();
        for call in self.calls.iter().map(|id| facts.call(*id)) {
            words.extend(call.callee.segments.iter().map(String::as_str));
            words.extend(call.callee.root_name());
            let named = call.callee.segments.last().is_none_or(|method| tables.contains(&method.as_str()));
            words.extend(call.args.iter().filter(|_| named).filter_map(Expr::as_str));
            words.extend(arg_roots(call));
        }
        words.extend(self.inner.iter().flat_map(|id| arg_roots(facts.call(*id))));
        words
    }

    /// What it speaks of: its members, and plain names and words among its arguments.
    pub(super) fn words<'f>(&self, facts: &'f Facts) -> Vec<&'f str> {
        let mut words: Vec<&str> = Vec::new();
        for call in self.calls.iter().map(|id| facts.call(*id)) {
            words.extend(call.callee.segments.iter().map(String::as_str));
            words.extend(call.callee.root_name());
            words.extend(call.args.iter().filter_map(Expr::as_str).filter(|s| !s.contains(' ')));
            words.extend(arg_roots(call));
        }
        words.extend(self.inner.iter().flat_map(|id| arg_roots(facts.call(*id))));
        words
    }
}

fn arg_roots(call: &Call) -> impl Iterator<Item = &str> {
    call.args.iter().filter_map(|a| a.as_path().and_then(crate::syntax::Path::root_name))
}

/// A call and those it is chained onto.
fn onto(facts: &Facts, call: CallId) -> Vec<CallId> {
    std::iter::successors(Some(call), |id| match facts.call(*id).callee.root {
        Root::Call(inner) => Some(inner),
        _ => None,
    })
    .collect()
}
