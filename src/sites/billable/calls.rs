//! Which calls spend money: members of a provider's clients, its functions, and raw requests to its hosts.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;

use super::http::request;
use super::{Paid, Rule, chosen, unknown};
use crate::catalog::{Entry, Kind, ProviderCall};
use crate::resolve::{Def, names_callee};
use crate::sites::cx::{Cx, wild};
use crate::sites::handlers::argument_for;
use crate::syntax::{Call, CallId, Expr, Facts, Imported, Param, Path, Root};
use crate::workspace::{FileId, Language};

/// Files in which a paid call may stand: those that name a method of a picked provider as calls do, with a literal of the
/// provider or the members in front of it (a client may come from another file under any name); or part of an address.
pub(super) fn candidates(cx: &Cx<'_>) -> Vec<FileId> {
    let marks = Marks::of(cx);
    let sorted = |mut literals: Vec<String>| {
        literals.sort();
        literals.dedup();
        AhoCorasick::new(literals).ok()
    };
    let (certain, imports) = (sorted(marks.certain), sorted(marks.imports));
    let holds = |finder: &Option<AhoCorasick>, text: &str| finder.as_ref().is_some_and(|f| f.is_match(text));
    let names = |text: &str, m: &String| names_callee(text, m) || is_renamed(text, m);
    let names_method =
        |text: &str| marks.calls_values || marks.calls_any || marks.methods.iter().any(|m| names(text, m));
    let may_pay = |text: &str| holds(&certain, text) || (holds(&imports, text) && names_method(text));
    let has = |id: &&FileId| cx.workspace().text(**id).is_ok_and(|text| may_pay(text.as_str()));
    cx.files.par_iter().filter(has).copied().collect()
}

/// Whether an import may give a function another name: `generateText as write`, `{ generateText: write }`.
fn is_renamed(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let rest = text.get(at + name.len()..).unwrap_or_default();
        rest.starts_with(" as ") || rest.starts_with(": ")
    })
}

/// What the text of a file with a paid call holds.
#[derive(Default)]
struct Marks {
    /// Enough alone: members of a client with its method, hosts, ends of addresses.
    certain: Vec<String>,
    /// Literals of the providers, in files that import them.
    imports: Vec<String>,
    /// Names of what is called there.
    methods: BTreeSet<String>,
    /// Some provider's models are called themselves.
    calls_values: bool,
    /// Any call of some provider's client counts.
    calls_any: bool,
}

impl Marks {
    fn of(cx: &Cx<'_>) -> Self {
        let mut marks = Self::default();
        for entry in cx.entries(Kind::Provider) {
            marks.imports.extend(entry.literals.iter().cloned());
            let Some(provider) = &entry.provider else { continue };
            marks.calls_any |= !provider.free.is_empty();
            marks.certain.extend(unknown::marks(provider));
            for call in &provider.calls {
                marks.add_call(&call.path);
            }
            if !provider.http.is_empty() {
                let requests =
                    cx.catalog.of(Kind::Http).filter_map(|e| e.http.as_ref()).flat_map(|h| &h.calls);
                marks.methods.extend(requests.map(|request| request.name.clone()));
            }
            marks.certain.extend(provider.hosts.iter().cloned());
            // A client that is made elsewhere is asked for the end of an address: `client.post("/predictions")`.
            let ends = provider.http.iter().filter(|h| !h.free);
            let ends = ends.filter_map(|h| h.path.trim_end_matches('/').rsplit('/').next());
            marks.certain.extend(ends.filter(|end| end.len() > 6).map(|end| format!("/{end}")));
        }
        marks
    }

    fn add_call(&mut self, path: &str) {
        self.calls_values |= path.ends_with("()");
        let parts: Vec<&str> = path.split('.').filter(|p| *p != "*" && *p != "()").collect();
        let Some(method) = parts.last() else { return };
        self.methods.insert((*method).to_owned());
        let tail = parts[parts.len().saturating_sub(2)..].join(".");
        self.certain.push(if parts.len() > 1 { tail } else { format!("{tail}(") });
    }
}

pub(super) fn paid_call<'a>(cx: &Cx<'a>, file: FileId, call: CallId) -> Option<Paid<'a>> {
    let facts = cx.program.facts(file);
    let c = facts.call(call);
    let called = called(cx, file, c);
    let own_name = called.last()?;
    let last = imported_as(facts, called).unwrap_or(own_name);
    let def = std::cell::OnceCell::new();
    for provider in cx.entries(Kind::Provider) {
        let Some(knowledge) = &provider.provider else { continue };
        for rule in &knowledge.calls {
            let method = rule.path.rsplit('.').next();
            if method != Some(last) && (method != Some("()") || !may_call_a_value(cx, file, called)) {
                continue;
            }
            let def = def.get_or_init(|| handed_in(cx, cx.def(file, c.function, called)));
            if is_rule(provider, rule, def) {
                return (!rule.free).then_some(Paid::new(file, call, provider, Rule::Call(rule)));
            }
        }
    }
    let def = || def.get_or_init(|| handed_in(cx, cx.def(file, c.function, called)));
    if let Some((provider, path)) = unknown::member(cx, file, c, def) {
        return Some(Paid::new(file, call, provider, Rule::Unknown(path)));
    }
    if !matches!(def(), Def::Outside(..))
        && let Some((provider, rule, other)) = chosen::call(cx, file, c, called)
    {
        return Some(Paid { other, ..Paid::new(file, call, provider, Rule::Call(rule)) });
    }
    let sent = request(cx, file, call)?;
    for provider in cx.entries(Kind::Provider) {
        let Some(knowledge) = &provider.provider else { continue };
        let Some(host) = knowledge.hosts.iter().find(|h| sent.url.contains(h.as_str())) else { continue };
        let path = sent.url.split(host.as_str()).nth(1).unwrap_or_default();
        let rule = knowledge.http.iter().find(|r| {
            r.method.eq_ignore_ascii_case(&sent.method)
                && (r.path == "*" || path.contains(r.path.trim_end_matches('*')))
        });
        let Some(rule) = rule else {
            let path = unknown::address(knowledge, &sent.method, path)?;
            return Some(Paid::new(file, call, provider, Rule::Unknown(path)));
        };
        return (!rule.free).then_some(Paid::new(file, call, provider, Rule::Http(rule, host)));
    }
    None
}

/// The name under which a function that is called by a plain name was imported, where that is another.
fn imported_as<'f>(facts: &'f Facts, called: &Path) -> Option<&'f str> {
    let local = called.as_name()?;
    let import = facts.imports.iter().find(|import| import.local == local)?;
    match &import.imported {
        Imported::Named(name) => Some(name),
        _ => None,
    }
}

/// What is called in the end: `f` in `in_thread(f)(x)` when the wrapper is no function of the app.
pub(super) fn called<'f>(cx: &'f Cx<'_>, file: FileId, call: &'f Call) -> &'f Path {
    let Root::Call(wrapper) = call.callee.root else { return &call.callee };
    let wrapper = cx.program.facts(file).call(wrapper);
    let inner = match wrapper.args.as_slice() {
        [Expr::Path(path)] if call.callee.segments.is_empty() && !path.segments.is_empty() => path,
        _ => return &call.callee,
    };
    match cx.def(file, wrapper.function, &wrapper.callee) {
        Def::Outside(..) => inner,
        _ => &call.callee,
    }
}

/// A member of a parameter is a member of what every caller hands in, when they agree.
fn handed_in(cx: &Cx<'_>, def: Def) -> Def {
    let Def::Param(file, function, position, members) = &def else { return def };
    let f = cx.program.facts(*file).function(*function);
    let is_self = |p: &Param| p.name().is_some_and(|n| n == "self" || n == "cls");
    let skip = usize::from(f.params.first().is_some_and(is_self));
    let (Some(param), Some(at)) = (f.params.get(*position), position.checked_sub(skip)) else { return def };
    if members.is_empty() || param.name().is_none() {
        return def;
    }
    let mut agreed: Option<Def> = None;
    for &(caller, call) in cx.callers(*file, *function).iter() {
        let facts = cx.program.facts(caller);
        let Some(Expr::Path(path)) = argument_for(facts, call, at, param.name()) else { return def };
        let mut path = path.clone();
        path.segments.extend(members.iter().cloned());
        match cx.def(caller, facts.call(call).function, &path) {
            given @ Def::Outside(..) if agreed.as_ref().is_none_or(|a| *a == given) => agreed = Some(given),
            _ => return def,
        }
    }
    agreed.unwrap_or(def)
}

/// Whether what is called is what a rule means.
pub(super) fn is_rule(provider: &Entry, rule: &ProviderCall, def: &Def) -> bool {
    let Def::Outside(module, members) = def else { return false };
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let path: Vec<&str> = rule.path.split('.').collect();
    if let Some(own) = &rule.module {
        let named = members.strip_prefix(&["default"]).unwrap_or(&members);
        return wild(own, module) && (named == path || members == path);
    }
    let Some(knowledge) = &provider.provider else { return false };
    if let Some((&"*", rest)) = path.split_first() {
        let known = knowledge.clients.iter().any(|c| wild(&c.symbol.module, module));
        let made = members.contains(&"()") || !rule.of.is_empty();
        if !known || !made || !members.ends_with(rest) {
            return false;
        }
        let value = &members[..members.len() - rest.len()];
        let local =
            |m: &&str| knowledge.local_models.iter().any(|l| wild(&l.module, module) && wild(&l.name, m));
        let is_local = || value.iter().any(local);
        return (rule.of.is_empty() || is_made_by(&rule.of, value))
            && !is_made_by(&knowledge.unpaid, value)
            && !is_local();
    }
    knowledge.clients.iter().any(|client| {
        if !wild(&client.symbol.module, module) {
            return false;
        }
        let rest = if client.symbol.name == "*" {
            members.strip_prefix(&["default"]).unwrap_or(&members)
        } else {
            let name: Vec<&str> = client.symbol.name.split('.').collect();
            match members.strip_prefix(name.as_slice()).and_then(|r| r.strip_prefix(&["()"])) {
                Some(rest) => rest,
                None => return false,
            }
        };
        // `client.with_options(timeout=5).chat.completions.create`
        let skipped = rest.iter().rposition(|m| *m == "()").map_or(0, |at| at + 1);
        rest == path.as_slice() || rest[skipped..] == path
    })
}

/// Whether a value comes right out of one of the makers: `new ChatModel()`, `ChatPromptTemplate.fromMessages()`. Steps
/// after that make something else of it.
fn is_made_by(makers: &[String], value: &[&str]) -> bool {
    let value = value.strip_suffix(&["()"]).unwrap_or(value);
    let value = value.strip_prefix(&["default"]).unwrap_or(value);
    let Some((maker, factory)) = value.split_first() else { return false };
    factory.len() < 2 && !factory.contains(&"()") && makers.iter().any(|m| wild(m, maker))
}

/// Whether a call may be that of a value that was made before: `model(messages)`, in languages that know such calls.
fn may_call_a_value(cx: &Cx<'_>, file: FileId, called: &Path) -> bool {
    let facts = cx.program.facts(file);
    let declared = |name: &str| {
        facts.functions.iter().any(|f| f.name == name) || facts.classes.iter().any(|c| c.name == name)
    };
    cx.workspace().entry(file).language == Some(Language::Python) && !called.as_name().is_some_and(declared)
}
