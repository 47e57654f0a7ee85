//! The parts of a route's code that a framework's entry gives, and what rendering them asks for: imports, names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, State, Value, context};

use super::text::free;
use crate::catalog::{Snippet, Writing};
use crate::steps::support::Kit;
use crate::steps::support::identity::{Signed, Step};
use crate::template::{self, Log};

/// See the module.
#[derive(Debug)]
pub(super) struct Parts {
    writing: Writing,
    python: bool,
    /// Names that locals do not take.
    taken: BTreeSet<String>,
    /// What the handler's request, or context, is called.
    request: String,
    response: String,
    /// It is taken apart.
    apart: bool,
    /// What the way to the user takes of it.
    of_user: Vec<String>,
    /// The way to the user reads it.
    asked_by_user: bool,
    asked: Mutex<Asked>,
}

/// What has been asked for so far.
#[derive(Debug, Default)]
struct Asked {
    /// Modules with a name of each.
    imports: BTreeSet<(String, String)>,
    members: Vec<String>,
    request: bool,
}

impl Parts {
    pub(super) fn new(kit: &Kit<'_>, writing: &Writing, signed: Option<&Signed>) -> Self {
        let python = kit.is_python();
        let mut taken = signed.map(|signed| signed.names.clone()).unwrap_or_default();
        let of_user = signed.map(|signed| signed.members.clone()).unwrap_or_default();
        let named = signed.and_then(|signed| signed.request.clone());
        let apart = !of_user.is_empty() || writing.taken_apart && named.is_none();
        if apart {
            let parts = [&writing.origin, &writing.origin_lines, &writing.redirect];
            let parts = parts.into_iter().flatten().chain([&writing.signature, &writing.raw_body]);
            taken.extend(parts.flat_map(|part| members_in(&part.lines)));
        }
        let asked_by_user = named.is_some();
        let usual = |name: &Option<String>, taken: &BTreeSet<String>| {
            name.as_deref().map(|name| free(taken, name, python)).unwrap_or_default()
        };
        let request = named.unwrap_or_else(|| usual(&writing.request, &taken));
        let response = signed.and_then(|signed| signed.response.clone());
        let response = response.unwrap_or_else(|| usual(&writing.response, &taken));
        taken.extend([request.clone(), response.clone()]);
        Self {
            writing: writing.clone(),
            python,
            taken,
            request,
            response,
            apart,
            of_user,
            asked_by_user,
            asked: Mutex::default(),
        }
    }

    /// A new handler begins.
    pub(super) fn begin(&self) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.members.clone_from(&self.of_user);
        asked.request = self.asked_by_user;
    }

    pub(super) fn response(&self) -> &str {
        &self.response
    }

    /// The handler's parameter as far as it was asked for: its name, or what is taken of it.
    pub(super) fn params(&self) -> String {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if self.apart && !asked.members.is_empty() {
            format!("{{ {} }}", asked.members.join(", "))
        } else if !self.apart && asked.request {
            self.request.clone()
        } else {
            String::new()
        }
    }

    /// The import lines that the rendered parts need.
    pub(super) fn imports(&self, python: bool) -> Vec<String> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(module, name): &(String, String)| match name.strip_prefix("type ") {
            _ if python => format!("from {module} import {name}"),
            Some(name) => format!("import type {{ {name} }} from \"{module}\";"),
            None => match name.strip_prefix("default ") {
                Some(name) => format!("import {name} from \"{module}\";"),
                None => format!("import {{ {name} }} from \"{module}\";"),
            },
        };
        asked.imports.iter().map(line).collect()
    }

    /// A part with its variables; its names are imported where the lines use them.
    pub(super) fn render(
        &self,
        environment: &Environment<'_>,
        snippet: &Snippet,
        scope: Value,
    ) -> Result<String, Error> {
        let text = environment.render_str(&snippet.lines, scope)?;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        for symbol in &snippet.imports {
            let local = symbol.name.rsplit(' ').next().unwrap_or_default();
            let is_used =
                text.match_indices(local).any(|(at, _)| crate::sites::cx::word_at(&text, at, local));
            if is_used {
                asked.imports.insert((symbol.module.clone(), symbol.name.clone()));
            }
        }
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// The statements that lead to the user, with refusals where nobody is signed in.
    pub(super) fn setup(
        &self,
        environment: &Environment<'_>,
        scope: &Value,
        signed: Option<&Signed>,
        level: usize,
    ) -> Result<String, String> {
        let refuse = || -> Result<String, String> {
            let more = context! { status => 401, message => "Sign in first", error => "" };
            let text = self.render(environment, &self.writing.refuse, context! { ..more, ..scope.clone() });
            let gap = format!("\n{}", " ".repeat(level));
            Ok(text.map_err(|e| format!("{e:#}"))?.replace('\n', &gap))
        };
        let mut lines: Vec<String> = Vec::new();
        for step in signed.iter().flat_map(|signed| &signed.setup) {
            lines.push(match step {
                Step::Code(code) => code.clone(),
                Step::Unless(test) if self.python => format!("if {test}:\n    {}", refuse()?),
                Step::Unless(test) => format!("if ({test}) {{\n  {}\n}}", refuse()?),
                Step::Attempt { binding, call } if self.python => {
                    format!("try:\n    {binding} = {call}\nexcept Exception:\n    {}", refuse()?)
                }
                Step::Attempt { binding, call } => {
                    let names = binding.trim_matches(['{', '}', ' ']);
                    let names = names.split(',').map(|n| n.rsplit(':').next().unwrap_or(n).trim());
                    let names = names.filter(|n| !n.is_empty()).collect::<Vec<_>>().join(", ");
                    let set = if binding.starts_with('{') {
                        format!("({binding} = {call});")
                    } else {
                        format!("{binding} = {call};")
                    };
                    format!("let {names};\ntry {{\n  {set}\n}} catch {{\n  {}\n}}", refuse()?)
                }
            });
        }
        Ok(lines.join("\n"))
    }

    /// Where templates of bodies and of parts are rendered.
    pub(super) fn environment(
        self: &Arc<Self>,
        scope: &Value,
        log: Log,
    ) -> Result<Environment<'static>, String> {
        let mut environment = template::environment().map_err(|e| e.to_string())?;
        let info = log.info.clone();
        environment.add_function("log_error", move |message: String, name: String| {
            log.error.replace("{message}", &message).replace("{error}", &name)
        });
        environment.add_function("log_info", move |message: String| info.replace("{message}", &message));
        let parts = Arc::clone(self);
        environment.add_function("local", move |name: String| free(&parts.taken, &name, parts.python));
        let parts = Arc::clone(self);
        environment.add_function("member", move |name: String| parts.member(&name));
        let parts = Arc::clone(self);
        environment.add_function("request", move || {
            parts.asked.lock().unwrap_or_else(PoisonError::into_inner).request = true;
            parts.request.clone()
        });
        let parts = Arc::clone(self);
        environment.add_function("has", move |name: String| parts.writing.part(&name).is_some());
        let parts = Arc::clone(self);
        let scope = scope.clone();
        environment.add_function("part", move |state: &State<'_, '_>, name: String, kwargs: Kwargs| {
            let unknown = || Error::new(ErrorKind::InvalidOperation, format!("there is no part `{name}`"));
            let snippet = parts.writing.part(&name).ok_or_else(unknown)?;
            let mut more: BTreeMap<String, Value> = BTreeMap::new();
            for key in kwargs.args() {
                more.insert(key.to_owned(), kwargs.get::<Value>(key)?);
            }
            more.entry("error".to_owned()).or_insert_with(|| Value::from(""));
            let more = Value::from(more);
            parts.render(state.env(), snippet, context! { ..more, ..scope.clone() })
        });
        Ok(environment)
    }

    fn member(&self, name: &str) -> String {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.apart {
            asked.request = true;
            return format!("{}.{name}", self.request);
        }
        let known = asked.members.iter().find(|m| m.split(':').next() == Some(name));
        if let Some(known) = known {
            return known.rsplit(": ").next().unwrap_or(name).to_owned();
        }
        asked.members.push(name.to_owned());
        name.to_owned()
    }
}

/// The members that a part asks for.
fn members_in(lines: &str) -> impl Iterator<Item = String> + '_ {
    lines.split("member(\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned)
}
