//! Follows a value back to an organisation that the signed-in user belongs to.
//!
//! A record counts when the app itself loads it for the signed-in user: a condition of the query names the user, or the
//! query starts from a record that such a condition found. It may be handed on by functions of the app (`getTeam()`), by
//! a wrapper that gives it to what it wraps (`withTeam((team) => …)`), and by the framework (`Depends(current_team)`).
//! A record that is found by an id of the request alone is nobody's: the sender could name any organisation. So is one
//! that is looked up for a user who may be missing, because a condition without a value lets every record through.

use super::{Record, Row};
use crate::catalog::{IdentitySource, Kind};
use crate::resolve::Def;
use crate::sites::cx::{Cx, word_at};
use crate::sites::holds::end_of_guard;
use crate::sites::identity::{self, dependency_of};
use crate::sites::owner::{Chain, reads};
use crate::syntax::{Binding, Call, CallId, Expr, FunctionId, Path, Root};
use crate::workspace::{FileId, Language};

/// Functions of the app and bindings that are looked into, one inside the other.
const MAX_HOPS: usize = 6;

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// The organisation's record.
    Record,
    /// Its id.
    Id,
    /// A record with the organisation's id in a member, which may be empty.
    Row(String, bool),
    /// A list of such values.
    List(Box<What>),
    /// An object of such values.
    Fields(Vec<(String, What)>),
}

/// A value that says which organisation it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Held {
    pub(super) what: What,
    /// There always is one.
    pub(super) certain: bool,
}

/// A function, with the expressions in it that name the signed-in user for certain.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) file: FileId,
    pub(super) function: FunctionId,
    users: Vec<String>,
}

/// The search for one organisation.
pub(super) struct Follow<'c, 'a> {
    pub(super) cx: &'c Cx<'a>,
    pub(super) record: &'c Record,
}

impl What {
    /// A member of it.
    pub(super) fn member(&self, record: &Record, path: &[String]) -> Option<Self> {
        let Some((head, rest)) = path.split_first() else { return Some(self.clone()) };
        match self {
            Self::List(one) if head == "0" => one.member(record, rest),
            Self::List(_) => None,
            // The data of an answer.
            _ if head == "data" => self.member(record, rest),
            Self::Record if *head == record.id && rest.is_empty() => Some(Self::Id),
            Self::Row(member, _) if head == member && rest.is_empty() => Some(Self::Id),
            Self::Row(member, _) if related(member) == Some(head) => Self::Record.member(record, rest),
            Self::Fields(fields) => {
                fields.iter().find(|(key, _)| key == head).and_then(|(_, what)| what.member(record, rest))
            }
            _ => None,
        }
    }
}

/// The member through which a record gives the organisation's record: `team` beside `teamId`.
fn related(member: &str) -> Option<&str> {
    member.strip_suffix("_id").or_else(|| member.strip_suffix("Id")).filter(|name| !name.is_empty())
}

impl Scope {
    /// A function in which these expressions name the signed-in user, under whatever names they are bound to.
    pub(super) fn new(cx: &Cx<'_>, file: FileId, function: FunctionId, users: &[String]) -> Self {
        let mut users: Vec<String> = users.iter().map(|u| plain(u)).collect();
        let facts = cx.program.facts(file);
        let around: Vec<FunctionId> = facts.enclosing(Some(function)).collect();
        for binding in facts.bindings.iter().filter(|b| b.function.is_some_and(|f| around.contains(&f))) {
            let Some(path) = bound_path(facts, &binding.value) else { continue };
            for name in &binding.names {
                let whole =
                    name.path.iter().fold(plain(&path.dotted()), |text, part| format!("{text}.{part}"));
                let aliases = users.iter().filter_map(|user| {
                    let rest = user.strip_prefix(whole.as_str())?;
                    (rest.is_empty() || rest.starts_with('.')).then(|| format!("{}{rest}", name.local))
                });
                let aliases: Vec<String> = aliases.collect();
                users.extend(aliases);
            }
        }
        users.retain(|u| !u.is_empty());
        users.sort();
        users.dedup();
        Self { file, function, users }
    }

    /// A function with the signed-in user that it finds itself before an offset.
    fn own(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32, given: Vec<String>) -> Self {
        let found = identity::in_function(cx, file, function, at);
        let injected = identity::in_params(cx, file, function);
        let known = [found, injected].into_iter().flatten().filter(|i| !i.nullable).map(|i| i.id);
        let users: Vec<String> = given.into_iter().chain(known).collect();
        Self::new(cx, file, function, &users)
    }

    fn names_user(&self, path: &Path) -> bool {
        let written = plain(&path.dotted());
        self.users.contains(&written)
    }

    fn speaks_of_user(&self, text: &str) -> bool {
        let text = plain(text);
        self.users.iter().any(|user| {
            let root = user.split('.').next().unwrap_or(user);
            text.match_indices(user.as_str()).any(|(at, _)| {
                let end = text.get(at + user.len()..).and_then(|t| t.chars().next());
                let member = text.get(..at).is_some_and(|t| t.ends_with('.'));
                !member && word_at(&text, at, root) && !end.is_some_and(|c| c.is_alphanumeric() || c == '_')
            })
        })
    }
}

/// The path a name is bound to, through what only turns it into another type.
fn bound_path<'f>(facts: &'f crate::syntax::Facts, value: &'f Expr) -> Option<&'f Path> {
    match value.unawaited() {
        Expr::Path(path) => Some(path),
        Expr::Call(id) => match facts.call(*id).args.as_slice() {
            [Expr::Path(path)] if facts.call(*id).callee.as_name().is_some() => Some(path),
            _ => None,
        },
        _ => None,
    }
}

/// An expression without `!` and `?`.
fn plain(expr: &str) -> String {
    expr.replace(['!', '?'], "")
}

impl Follow<'_, '_> {
    /// What an expression is in a function.
    pub(super) fn value(&self, scope: &Scope, expr: &Expr, hops: usize) -> Option<Held> {
        if hops > MAX_HOPS {
            return None;
        }
        match expr.unawaited() {
            Expr::Call(id) => self.call(scope, *id, hops),
            Expr::Path(path) => self.path(scope, path, hops),
            Expr::Binary(left, "??" | "||" | "or", right) | Expr::Either(left, right) => {
                self.one_of(scope, left, right, hops)
            }
            _ => None,
        }
    }

    /// Of two values one may be nothing; otherwise both must hold.
    fn one_of(&self, scope: &Scope, left: &Expr, right: &Expr, hops: usize) -> Option<Held> {
        let held = |expr: &Expr| self.value(scope, expr, hops + 1);
        match (left.is_null(), right.is_null()) {
            (false, true) => held(left).map(|h| Held { certain: false, ..h }),
            (true, false) => held(right).map(|h| Held { certain: false, ..h }),
            (false, false) => {
                let (left, right) = (held(left)?, held(right)?);
                (left.what == right.what)
                    .then_some(Held { certain: left.certain && right.certain, what: left.what })
            }
            (true, true) => None,
        }
    }

    fn path(&self, scope: &Scope, path: &Path, hops: usize) -> Option<Held> {
        if let Root::Call(call) = path.root {
            let held = self.call(scope, call, hops + 1)?;
            return Some(Held { what: held.what.member(self.record, &path.segments)?, ..held });
        }
        let name = path.root_name()?;
        if let Some(held) = self.of_signed_in(scope, path) {
            return Some(held);
        }
        match self.cx.program.name(scope.file, Some(scope.function), name, path.span.start) {
            Def::Value(file, index, taken) if file == scope.file => {
                let binding = self.cx.program.binding(file, index)?.clone();
                let held = self.bound(scope, &binding, hops)?;
                let members: Vec<String> = taken.into_iter().chain(path.segments.iter().cloned()).collect();
                let guarded = || {
                    let names = [name, &path.dotted()];
                    end_of_guard(self.cx, file, binding.statement, &names, path.span.start).is_some()
                };
                let certain = (held.certain || guarded()) && !self.is_optional(scope, path);
                Some(Held { what: held.what.member(self.record, &members)?, certain })
            }
            Def::Param(file, function, position, taken) => {
                let held = self.param(file, function, position, hops + 1)?;
                let members: Vec<String> = taken.into_iter().chain(path.segments.iter().cloned()).collect();
                Some(Held { what: held.what.member(self.record, &members)?, ..held })
            }
            _ => None,
        }
    }

    /// A member of the signed-in user that refers to the organisation: `user.teamId`, `session.user.teamId`.
    fn of_signed_in(&self, scope: &Scope, path: &Path) -> Option<Held> {
        let (member, _) = path.segments.split_last()?;
        let row = self.record.rows.iter().find(|row| row.is_user && row.member == *member)?;
        let written = plain(&path.dotted());
        let base = written.strip_suffix(member.as_str())?;
        let is_user =
            scope.users.iter().any(|u| u.rsplit_once('.').is_some_and(|(b, _)| format!("{b}.") == base));
        // A session may hold less than the record it was made from.
        let whole = !self.cx.workspace().entry(scope.file).language.is_some_and(Language::is_ecmascript);
        is_user.then_some(Held { what: What::Id, certain: whole && !row.optional })
    }

    /// Whether a path is written with `?.`.
    fn is_optional(&self, scope: &Scope, path: &Path) -> bool {
        self.cx.slice(scope.file, path.span).contains("?.")
    }

    /// What a binding's value is, before its pattern takes members of it.
    pub(super) fn bound(&self, scope: &Scope, binding: &Binding, hops: usize) -> Option<Held> {
        // A name that is bound elsewhere, too, may be anything there.
        let facts = self.cx.program.facts(scope.file);
        let again = facts.bindings.iter().any(|other| {
            other.statement != binding.statement
                && other.function == binding.function
                && other.scope == binding.scope
                && other.names.iter().any(|n| binding.names.iter().any(|own| own.local == n.local))
        });
        if again {
            return None;
        }
        self.value(scope, &binding.value, hops + 1)
    }

    fn call(&self, scope: &Scope, id: CallId, hops: usize) -> Option<Held> {
        match self.cx.callee(scope.file, id) {
            Def::Function(file, function) => self.returned(scope, Some(id), (file, function), hops),
            Def::Value(file, index, rest) if rest.is_empty() => {
                // `export const getTeam = cache(async () => …)`
                let binding = self.cx.program.binding(file, index)?;
                let wrapped = self.cx.program.facts(file).call(binding.value.as_call()?);
                let inner = wrapped.args.iter().find_map(|arg| match arg {
                    Expr::Function(function) => Some(*function),
                    _ => None,
                })?;
                self.returned(scope, Some(id), (file, inner), hops)
            }
            Def::Class(..) => None,
            _ => self.read(scope, id),
        }
    }

    /// What a function of the app gives back for the signed-in user.
    fn returned(
        &self,
        scope: &Scope,
        call: Option<CallId>,
        (file, function): (FileId, FunctionId),
        hops: usize,
    ) -> Option<Held> {
        if hops > MAX_HOPS {
            return None;
        }
        let given = call.map(|call| self.handed(scope, call, (file, function))).unwrap_or_default();
        let facts = self.cx.program.facts(file);
        let end = facts.function(function).body.end.saturating_sub(1);
        let inner = Scope::own(self.cx, file, function, end, given);
        let mut all: Option<Held> = None;
        let mut missing = false;
        for (_, value) in facts.returns.iter().filter(|(f, _)| *f == function) {
            if value.is_null() {
                missing = true;
                continue;
            }
            let held = self.value(&inner, value, hops + 1)?;
            all = match all {
                None => Some(held),
                Some(known) if known.what == held.what => {
                    Some(Held { certain: known.certain && held.certain, ..held })
                }
                Some(_) => return None,
            };
        }
        all.map(|held| Held { certain: held.certain && !missing, ..held })
    }

    /// The names that the signed-in user is handed over under.
    fn handed(&self, scope: &Scope, call: CallId, (file, function): (FileId, FunctionId)) -> Vec<String> {
        let facts = self.cx.program.facts(scope.file);
        let call = facts.call(call);
        let params = &self.cx.program.facts(file).function(function).params;
        let mut given = Vec::new();
        let mut hand = |value: &Expr, names: &[crate::syntax::PatternName]| {
            let Some(path) = bound_path(facts, value) else { return };
            let whole = plain(&path.dotted());
            for name in names {
                let taken = name.path.iter().fold(whole.clone(), |text, part| format!("{text}.{part}"));
                given.extend(scope.users.iter().filter_map(|user| {
                    let rest = user.strip_prefix(taken.as_str())?;
                    (rest.is_empty() || rest.starts_with('.')).then(|| format!("{}{rest}", name.local))
                }));
            }
        };
        for (value, param) in call.args.iter().zip(params) {
            match (value, param.names.as_slice()) {
                (Expr::Object(pairs), names) => {
                    for (key, value) in pairs {
                        for name in names.iter().filter(|n| n.path.first() == Some(key)) {
                            let rest =
                                crate::syntax::PatternName { path: name.path[1..].to_vec(), ..name.clone() };
                            hand(value, &[rest]);
                        }
                    }
                }
                (value, names) => hand(value, names),
            }
        }
        for (key, value) in &call.keywords {
            if let Some(param) = params.iter().find(|p| p.name() == Some(key)) {
                hand(value, &param.names);
            }
        }
        given
    }

    /// What a parameter is: what a wrapper of the app's hands over, or what the framework injects.
    pub(super) fn param(
        &self,
        file: FileId,
        function: FunctionId,
        position: usize,
        hops: usize,
    ) -> Option<Held> {
        if hops > MAX_HOPS {
            return None;
        }
        self.injected(file, function, position, hops).or_else(|| self.wrapped(file, function, position, hops))
    }

    fn injected(&self, file: FileId, function: FunctionId, position: usize, hops: usize) -> Option<Held> {
        let facts = self.cx.program.facts(file);
        let param = facts.function(function).params.get(position)?;
        let sources = self.cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|a| &a.identities);
        let mut markers = sources.into_iter().filter_map(|i| match &i.source {
            IdentitySource::Injected { marker, .. } => Some(marker),
            _ => None,
        });
        markers.find_map(|marker| match dependency_of(self.cx, file, param, marker)? {
            (_, Def::Function(at, dependency), _) => {
                let nobody = Scope { file, function, users: Vec::new() };
                self.returned(&nobody, None, (at, dependency), hops + 1)
            }
            _ => None,
        })
    }

    /// `withTeam(async (form, team) => …)`, where `withTeam(action)` says `action(form, team)`.
    fn wrapped(&self, file: FileId, function: FunctionId, position: usize, hops: usize) -> Option<Held> {
        let facts = self.cx.program.facts(file);
        let own = facts.function(function).argument_of.map(|(call, at)| (file, call, at));
        let elsewhere = self.cx.handed_over(file, function);
        let (at, call, given) = match (own, elsewhere.as_ref()) {
            (Some(own), _) => own,
            (None, [one]) => *one,
            _ => return None,
        };
        let Def::Function(wrapper_file, wrapper) = self.cx.callee(at, call) else { return None };
        let facts = self.cx.program.facts(wrapper_file);
        let name = facts.function(wrapper).params.get(given)?.name()?.to_owned();
        let runs = |call: &&Call| {
            call.callee.as_name() == Some(name.as_str())
                && facts.enclosing(call.function).any(|f| f == wrapper)
        };
        let mut found: Option<Held> = None;
        for run in facts.calls.iter().filter(runs) {
            let inside = run.function?;
            let scope = Scope::own(self.cx, wrapper_file, inside, run.span.start, Vec::new());
            let held = self.value(&scope, run.args.get(position)?, hops + 1)?;
            if found.as_ref().is_some_and(|known| known.what != held.what) {
                return None;
            }
            found = Some(held);
        }
        found
    }

    /// What a chain of library calls loads for the signed-in user.
    fn read(&self, scope: &Scope, id: CallId) -> Option<Held> {
        let facts = self.cx.program.facts(scope.file);
        let chain = Chain::of(facts, id);
        let words = chain.words(facts);
        let certain = reads(self.cx, &words)?;
        let what = self.loaded(facts, &chain)?;
        let mut orms = self.cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref());
        let many = orms.any(|o| words.iter().any(|w| o.reads_many.iter().any(|m| m == w)));
        let what = if many { What::List(Box::new(what)) } else { what };
        self.is_of_user(scope, &chain, id).then_some(Held { what, certain })
    }

    /// The record type that a chain loads.
    fn loaded(&self, facts: &crate::syntax::Facts, chain: &Chain) -> Option<What> {
        let calls = || chain.calls.iter().chain(&chain.inner).map(|id| facts.call(*id));
        let members = chain.calls.iter().map(|id| facts.call(*id)).find_map(|call| {
            let words =
                call.callee.root_name().into_iter().chain(call.callee.segments.iter().map(String::as_str));
            words.into_iter().find_map(|word| self.named(word))
        });
        // `select(Team)`, `.select({ teamId: members.teamId })`
        let selects = |call: &&Call| is_select(call) && !call.args.is_empty();
        let selected = || {
            calls().find_map(|call| match call.args.first()? {
                Expr::Path(path) if is_select(call) => self.named(path.as_name()?),
                Expr::Object(pairs) if is_select(call) => self.fields(pairs),
                _ => None,
            })
        };
        let only = || {
            let roots = calls().flat_map(|call| {
                call.args.iter().filter_map(|a| a.as_path().and_then(Path::as_name)).collect::<Vec<_>>()
            });
            let mut named: Vec<What> = roots.filter_map(|root| self.named(root)).collect();
            named.dedup();
            (named.len() == 1).then(|| named.remove(0))
        };
        // What a selection lists is all there is.
        let listed = calls().any(|call| selects(&call) && matches!(call.args.first(), Some(Expr::Object(_))));
        members.or_else(selected).or_else(|| only().filter(|_| !listed))
    }

    fn named(&self, word: &str) -> Option<What> {
        if self.record.names.iter().any(|n| n == word) {
            return Some(What::Record);
        }
        self.row(word).map(|row| What::Row(row.member.clone(), row.optional))
    }

    /// The record type of this name that refers to the organisation.
    fn row(&self, word: &str) -> Option<&Row> {
        self.record.rows.iter().find(|row| row.names.iter().any(|n| n == word))
    }

    fn fields(&self, pairs: &[(String, Expr)]) -> Option<What> {
        let fields: Vec<(String, What)> = pairs
            .iter()
            .filter_map(|(key, value)| {
                let path = value.as_path()?;
                let what = self.named(path.root_name()?)?.member(self.record, &path.segments)?;
                Some((key.clone(), what))
            })
            .collect();
        (!fields.is_empty()).then_some(What::Fields(fields))
    }

    /// Whether a condition of the chain names the signed-in user.
    fn is_of_user(&self, scope: &Scope, chain: &Chain, id: CallId) -> bool {
        let facts = self.cx.program.facts(scope.file);
        let orms: Vec<_> = self.cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).collect();
        let conditions: Vec<&str> = orms.iter().flat_map(|o| &o.conditions).map(String::as_str).collect();
        let open: Vec<&str> = orms.iter().flat_map(|o| &o.conditions_open).map(String::as_str).collect();
        let whole = self.cx.slice(scope.file, facts.call(id).span);
        let is_open = |text: &str| {
            open.iter().any(|word| text.match_indices(word).any(|(at, _)| word_at(text, at, word)))
        };
        // An alternative anywhere may let other records through.
        if is_open(&whole) {
            return false;
        }
        chain.calls.iter().chain(&chain.inner).map(|id| facts.call(*id)).any(|call| {
            let by_method = call.callee.last().is_some_and(|m| conditions.contains(&m))
                && (scope.speaks_of_user(&self.cx.slice(scope.file, call.args_span))
                    || call.args.iter().any(|arg| self.mentions(scope, arg)));
            let keyed = call.args.iter().filter_map(|arg| match arg {
                Expr::Object(pairs) => Some(pairs),
                _ => None,
            });
            let by_key = keyed
                .flatten()
                .any(|(key, value)| conditions.contains(&key.as_str()) && self.mentions(scope, value));
            by_method || by_key
        })
    }

    /// Whether the signed-in user stands in an expression.
    fn mentions(&self, scope: &Scope, expr: &Expr) -> bool {
        let facts = self.cx.program.facts(scope.file);
        match expr.unawaited() {
            Expr::Path(path) => scope.names_user(path) || self.of_signed_in(scope, path).is_some(),
            Expr::Call(id) => {
                let call = facts.call(*id);
                let keywords = call.keywords.iter().map(|(_, value)| value);
                call.args.iter().chain(keywords).any(|arg| self.mentions(scope, arg))
            }
            Expr::Object(pairs) => pairs.iter().any(|(_, value)| self.mentions(scope, value)),
            Expr::List(items) => items.iter().any(|item| self.mentions(scope, item)),
            _ => false,
        }
    }
}

/// Whether a call says what is loaded by its first argument.
fn is_select(call: &Call) -> bool {
    matches!(call.callee.last(), Some("select" | "query" | "get"))
}
