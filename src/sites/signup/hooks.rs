//! Places where a library tells of a new user: options, webhooks, signals, methods to override, calls that sign up.
//!
//! What they are called is said by the entries' `signups`. A hook that exists is a place; one that the library offers and
//! the app does not use yet is a place too, where it would be written ([`Hook::Missing`]). Users kept by a provider
//! ([`Auth::hosted`](crate::catalog::Auth)) come to exist outside of the repository: only their webhook is preselected.

mod calls;
mod signals;

use super::models::{Model, Whose, code_with};
use super::options::{self, Found};
use super::place;
use super::value::{Named, below};
use crate::catalog::{Entry, How, Kind, SignUp, SignUpPlace, Symbol, UserFields};
use crate::fingerprint::import_forms;
use crate::resolve::Def;
use crate::sites::cx::{Cx, after, wild};
use crate::sites::{Detail, Hook, SELECT_FROM, Signup, SignupHow, SignupPlan, Site, SiteKind};
use crate::syntax::{Call, CallId, Facts, FunctionId, Path, Span};
use crate::workspace::FileId;

/// A place a library names.
pub(super) struct Told {
    pub(super) site: Site,
    /// No user comes to exist without it.
    pub(super) sees_all: bool,
}

impl Told {
    /// Whether a statement stands inside of the hook.
    pub(super) fn holds(&self, file: &str, statement: Span) -> bool {
        let Detail::Signup(signup) = &self.site.detail else { return false };
        self.site.file == file
            && matches!(signup.plan.hook, Some(Hook::Body(body)) if body.contains(statement))
    }
}

/// Every place at which the picked auth entries, or signals of the data library, tell of a new organisation.
pub(super) fn of_organisation<'a>(cx: &Cx<'a>, models: &[Model<'a>], noun: &str) -> Vec<Told> {
    let mut found: Vec<Told> = Vec::new();
    for entry in cx.entries(Kind::Auth) {
        let Some(auth) = &entry.auth else { continue };
        let signals = auth.signups.iter().filter(|s| matches!(s.place, SignUpPlace::Callback { .. }));
        let signals = signals.filter(|_| !models.is_empty());
        let own = auth.organisations.iter().filter(|o| o.noun == noun).flat_map(|o| &o.founded);
        for signup in signals.chain(own) {
            Search { cx, models, entry, signup, new: noun }.run(&mut found);
        }
    }
    found
}

/// Every place the picked auth entries name.
pub(super) fn hooks<'a>(cx: &Cx<'a>, models: &[Model<'a>]) -> Vec<Told> {
    let mut found: Vec<Told> = Vec::new();
    for entry in cx.entries(Kind::Auth) {
        let Some(auth) = &entry.auth else { continue };
        let before = found.len();
        // A hook is better than the calls that lead to it, so it is looked for first.
        let is_call = |s: &&SignUp| matches!(s.place, SignUpPlace::Call { .. });
        for signup in auth.signups.iter().filter(|s| !is_call(s)) {
            let search = Search { cx, models, entry, signup, new: "user" };
            search.run(&mut found);
        }
        if found[before..].iter().any(|t| t.site.score >= SELECT_FROM) {
            continue;
        }
        for signup in auth.signups.iter().filter(is_call) {
            let search = Search { cx, models, entry, signup, new: "user" };
            search.calls(auth.hosted, &mut found);
        }
    }
    found
}

/// Whether a call can be of a symbol by the names in its file alone: resolving every call of the file would read most of
/// what it imports.
fn may_be(symbol: &Symbol, facts: &Facts, call: &Call) -> bool {
    let Some(root) = call.callee.root_name() else { return false };
    match facts.imports.iter().find(|import| import.local == root) {
        Some(import) => wild(&symbol.module, &import.module),
        None => symbol.name == "default" || call.callee.last() == symbol.name.rsplit('.').next(),
    }
}

struct Search<'c, 'a> {
    cx: &'c Cx<'a>,
    models: &'c [Model<'a>],
    entry: &'a Entry,
    signup: &'a SignUp,
    /// What comes to exist.
    new: &'c str,
}

/// What a place comes to, before it is a site.
struct Draft {
    file: FileId,
    function: Option<FunctionId>,
    symbol: String,
    region: Span,
    statement: Span,
    hook: Option<Hook>,
    /// The expression that is the user.
    user: Option<Named>,
    score: f64,
    evidence: Vec<String>,
    sees_all: bool,
}

impl Search<'_, '_> {
    fn run(&self, found: &mut Vec<Told>) {
        match &self.signup.place {
            SignUpPlace::OptionsHook { call, path, params, user, needs } => {
                self.options_hook(call, path, params, user, needs.as_deref(), found);
            }
            SignUpPlace::Callback { symbol, param } => self.callback(symbol, param.as_deref(), found),
            SignUpPlace::Event { verifiers, event, user } => self.event(verifiers, event, user, found),
            SignUpPlace::Method { base, method, param } => self.method(base, method, param, found),
            SignUpPlace::Call { .. } => {}
        }
    }

    fn options_hook(
        &self,
        symbol: &Symbol,
        path: &str,
        params: &str,
        user: &str,
        needs: Option<&str>,
        found: &mut Vec<Told>,
    ) {
        let keys: Vec<&str> = path.split('.').collect();
        let mut seen: Vec<(FileId, Span)> = Vec::new();
        let imports = import_forms(&symbol.module);
        for file in code_with(self.cx, imports.iter().map(String::as_str)) {
            let facts = self.cx.program.facts(file);
            for id in facts.call_ids() {
                let call = facts.call(id);
                if !may_be(symbol, facts, call)
                    || !is_symbol(symbol, &self.cx.callee(file, id))
                    || place::aside(self.cx, file, call.function).is_some()
                {
                    continue;
                }
                for object in options::objects(self.cx, file, call) {
                    if seen.contains(&(object.file, object.span)) {
                        continue;
                    }
                    seen.push((object.file, object.span));
                    let offers = needs.is_none_or(|key| options::has_key(self.cx, &object, key));
                    let draft = match options::follow(self.cx, &object, &keys) {
                        Found::Function { file, at, params: written, body } => {
                            let Some(user) = in_params(&written, user) else { continue };
                            Draft {
                                file,
                                function: None,
                                symbol: path.to_owned(),
                                region: at,
                                statement: body,
                                hook: Some(Hook::Body(body)),
                                user: Some(user),
                                score: 0.96,
                                evidence: vec![format!(
                                    "`{path}` of {} is called with every new {}",
                                    self.entry.title, self.new
                                )],
                                sees_all: false,
                            }
                        }
                        Found::Missing { file, object, last, keys } if offers => Draft {
                            file,
                            function: None,
                            symbol: path.to_owned(),
                            region: last,
                            statement: last,
                            hook: Some(Hook::Missing { object, path: keys, params: params.to_owned() }),
                            user: Some(in_pattern(params, user)),
                            score: 0.9,
                            evidence: vec![format!(
                                "{} calls `{path}` with every new {}; it is not written yet",
                                self.entry.title, self.new
                            )],
                            sees_all: false,
                        },
                        Found::Missing { .. } | Found::Unclear => continue,
                    };
                    found.push(self.told(draft));
                }
            }
        }
    }

    /// The branch of a webhook handler for a new user.
    fn event(&self, verifiers: &[Symbol], event: &str, user: &str, found: &mut Vec<Told>) {
        for file in code_with(self.cx, [event].into_iter()) {
            let facts = self.cx.program.facts(file);
            let verified = |id: &CallId| {
                let def = self.cx.callee(file, *id);
                verifiers.iter().any(|v| after(v, &def).is_some())
            };
            let Some(verifier) = facts.call_ids().filter(verified).last() else { continue };
            let bound = facts.bindings.iter().filter(|b| b.value.as_call() == Some(verifier)).find_map(|b| {
                match b.names.as_slice() {
                    [one] if one.path.is_empty() => Some(one.local.clone()),
                    _ => None,
                }
            });
            for branch in options::branches(self.cx, file, event) {
                let base = bound.clone().or_else(|| branch.subject.clone());
                let function = facts
                    .function_ids()
                    .filter(|f| facts.function(*f).span.contains(branch.body))
                    .min_by_key(|f| facts.function(*f).span.len());
                found.push(self.told(Draft {
                    file,
                    function,
                    symbol: function.map_or_else(String::new, |f| facts.function(f).symbol.clone()),
                    region: branch.body,
                    statement: branch.body,
                    hook: Some(Hook::Body(branch.body)),
                    user: base.map(|b| Named::Record(format!("{b}.{user}"))),
                    score: 0.92,
                    evidence: vec![format!("the webhook's branch for `{event}`")],
                    sees_all: false,
                }));
            }
        }
    }

    /// A method of a class that the library calls.
    fn method(&self, base: &Symbol, method: &str, param: &str, found: &mut Vec<Told>) {
        for file in code_with(self.cx, [base.name.as_str()].into_iter()) {
            let facts = self.cx.program.facts(file);
            for class in &facts.classes {
                if !class.bases.iter().any(|b| is_symbol(base, &self.cx.def(file, class.parent, b))) {
                    continue;
                }
                let id = facts.function_ids().find(|id| {
                    let f = facts.function(*id);
                    f.name == method && class.body.contains(f.span)
                });
                let draft = match id {
                    Some(id) => {
                        let f = facts.function(id);
                        // The first parameter is the instance.
                        let name = f.params.get(1).and_then(|p| p.name()).unwrap_or(param).to_owned();
                        Draft {
                            file,
                            function: Some(id),
                            symbol: f.symbol.clone(),
                            region: f.statement,
                            statement: f.body,
                            hook: Some(Hook::Body(f.body)),
                            user: Some(Named::Record(name)),
                            score: 0.95,
                            evidence: vec![format!(
                                "{} calls `{method}` with every new user",
                                self.entry.title
                            )],
                            sees_all: false,
                        }
                    }
                    None => Draft {
                        file,
                        function: None,
                        symbol: format!("{}.{method}", class.name),
                        region: class.span,
                        statement: class.span,
                        hook: Some(Hook::Missing {
                            object: class.body,
                            path: vec![method.to_owned()],
                            params: param.to_owned(),
                        }),
                        user: Some(Named::Record(param.to_owned())),
                        score: 0.9,
                        evidence: vec![format!(
                            "{} calls `{method}` with every new user; it is not written yet",
                            self.entry.title
                        )],
                        sees_all: false,
                    },
                };
                found.push(self.told(draft));
            }
        }
    }

    /// The members of what comes to exist: those the entry names, and of an organisation's own record those it declares.
    fn fields(&self) -> UserFields {
        let own = self.models.iter().find(|m| m.of != Whose::Users);
        match own.filter(|_| matches!(self.signup.place, SignUpPlace::Callback { .. })) {
            Some(model) => UserFields {
                id: vec![model.id.clone()],
                email: model.email.iter().cloned().collect(),
                name: model.display.iter().cloned().collect(),
            },
            None => self.signup.user.clone(),
        }
    }

    fn told(&self, draft: Draft) -> Told {
        let fields = self.fields();
        let (user_id, user_email, name) =
            draft.user.as_ref().map_or((None, None, None), |u| expressions(u, &fields));
        let score = draft.score;
        let cx = self.cx;
        let facts = cx.program.facts(draft.file);
        let call = draft.function.map_or(draft.statement, |f| facts.function(f).span);
        let site = Site {
            id: String::new(),
            kind: SiteKind::Signup,
            app: cx.app.root.clone(),
            file: cx.path(draft.file).to_owned(),
            line: cx.line(draft.file, draft.region.start),
            end_line: cx.line(draft.file, draft.region.end.saturating_sub(1)),
            symbol: Some(draft.symbol).filter(|s| !s.is_empty()),
            score,
            selected: score >= SELECT_FROM,
            detail: Detail::Signup(Box::new(Signup {
                how: how(self.signup.how),
                user_id,
                user_email,
                payer: None,
                plan: SignupPlan {
                    later: false,
                    failed_by: None,
                    may_skip: false,
                    statement: draft.statement,
                    call,
                    function: draft.function,
                    name,
                    bind: None,
                    entry: self.entry.id.clone(),
                    hook: draft.hook,
                    score: Vec::new(),
                },
            })),
            evidence: draft.evidence,
            span: draft.region,
        };
        Told { site, sees_all: draft.sees_all }
    }
}

fn how(how: How) -> SignupHow {
    match how {
        How::Handler => SignupHow::Handler,
        How::OauthCallback => SignupHow::OauthCallback,
        How::AuthEventHook => SignupHow::AuthEventHook,
        How::Webhook => SignupHow::Webhook,
        How::OrmSignal => SignupHow::OrmSignal,
        How::Service => SignupHow::Service,
        How::FirstLoginUpsert => SignupHow::FirstLoginUpsert,
    }
}

fn is_symbol(symbol: &Symbol, def: &Def) -> bool {
    after(symbol, def).is_some_and(<[String]>::is_empty)
}

fn without_last(path: &Path) -> Option<Path> {
    let (_, before) = path.segments.split_last()?;
    Some(Path { root: path.root.clone(), segments: before.to_vec(), span: path.span })
}

/// The first expression of each kind that the user has.
fn expressions(user: &Named, fields: &UserFields) -> (Option<String>, Option<String>, Option<String>) {
    let of = |names: &[String]| match user {
        Named::Record(base) => {
            names.first().map(|n| if n.is_empty() { base.clone() } else { format!("{base}.{n}") })
        }
        Named::Members(members) => names.iter().find_map(|name| {
            members.iter().find_map(|(member, local)| {
                let rest = name.strip_prefix(member.as_str())?;
                (rest.is_empty() || rest.starts_with('.')).then(|| format!("{local}{rest}"))
            })
        }),
        Named::Unbound(_) | Named::Nothing => None,
    };
    (of(&fields.id), of(&fields.email), of(&fields.name))
}

/// The user in a hook's parameters as the app wrote them.
fn in_params(params: &[crate::syntax::PatternName], user: &str) -> Option<Named> {
    let path: Vec<&str> = user.split('.').filter(|p| !p.is_empty()).collect();
    match below(params, &path) {
        Named::Record(base) => Some(Named::Record(base)),
        members @ Named::Members(_) if path.is_empty() => Some(members),
        _ => None,
    }
}

/// The same for parameters as the entry writes them.
fn in_pattern(params: &str, user: &str) -> Named {
    let listed = params.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
    match listed.filter(|_| user.is_empty()) {
        Some(names) => {
            let names = names.split(',').map(|name| name.trim().to_owned());
            Named::Members(names.map(|name| (name.clone(), name)).collect())
        }
        None if user.is_empty() => Named::Record(params.to_owned()),
        None => Named::Record(user.rsplit('.').next().unwrap_or(user).to_owned()),
    }
}
