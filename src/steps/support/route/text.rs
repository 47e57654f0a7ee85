//! The text of a route's file: its body from the area's template, around it the framework's own parts.

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::{Value, context, value::Serde};

use super::anchor::Anchor;
use super::parts::Parts;
use crate::catalog::{Entry, NewRoute, RoutePurpose, Snippet, Writing, embedded_text};
use crate::steps::support::names::{relative, specifiers};
use crate::steps::support::{Kit, env, identity, render};
use crate::syntax::source::{Source, children};
use crate::syntax::style::restyle;
use crate::syntax::{Import, Span, all_names, facts, free_names};
use crate::template::{self, Areas, Flavour, Lang, ModuleSystem};
use crate::workspace::Language;

/// The route a text is for.
pub(super) struct Scene<'a, 'k> {
    pub(super) entry: &'a Entry,
    pub(super) route: &'a NewRoute,
    pub(super) file: &'a str,
    /// The signed-in user, for routes that have one.
    pub(super) signed: Option<&'a identity::Signed>,
    pub(super) anchor: Option<&'a Anchor<'k>>,
    /// The path that the file itself says in front of its routes.
    pub(super) prefix: Option<String>,
}

/// What is written into a file that is there already.
pub(super) struct Code {
    /// What it imports.
    pub(super) imports: Vec<Import>,
    /// The statements, in canonical form.
    pub(super) text: String,
}

impl Scene<'_, '_> {
    /// The text for the areas that are done then, in the style of the app.
    pub(super) fn render(&self, kit: &Kit<'_>, areas: Areas) -> Result<String, String> {
        let router = self.anchor.map_or("router".to_owned(), Anchor::router_name);
        let text = self.canonical(kit, areas, (&router, ""), false)?;
        let text = if kit.is_python() { tidy_imports(&text) } else { text };
        let text = template::for_language(&text, kit.lang, kit.module)
            .map_err(|line| format!("codemods/{} does not parse, line {line}", self.template()))?;
        Ok(restyle(&text, kit.language(), &kit.new_style(kit.language())))
    }

    /// The handlers alone, for an app of another file with a path in front of theirs: what makes a router is left out.
    pub(super) fn within(
        &self,
        kit: &Kit<'_>,
        areas: Areas,
        other: &Source<'_>,
        (app, base): (&str, &str),
    ) -> Result<Code, String> {
        let text = self.canonical(kit, areas, (app, base), true)?;
        let language = if kit.is_python() { Language::Python } else { Language::TypeScript };
        let source = Source::parse(language, &text).ok_or("the template is no code")?;
        let facts = facts(language, &text);
        let is_import = |span: Span| facts.imports.iter().any(|import| import.span == span);
        let mut kept: Vec<String> = Vec::new();
        let mut needed: Vec<String> = Vec::new();
        for node in children(source.root()).into_iter().filter(tree_sitter::Node::is_named) {
            let span = Span::from(node.byte_range());
            let bound = facts.bindings.iter().filter(|b| span.contains(b.statement));
            let bound = bound.filter(|b| b.function.is_none()).flat_map(|b| &b.names);
            // The app is there, and a logger may be.
            let is_there = bound.into_iter().any(|n| n.local == app || other.uses_name(&n.local).is_some());
            if is_import(span) || is_there {
                continue;
            }
            let used = free_names(&source, &node.byte_range());
            needed.extend(used.into_iter().map(|(name, _)| name.to_owned()));
            kept.push(source.of(node).to_owned());
        }
        let taken = facts.functions.iter().filter(|f| f.parent.is_none() && !f.name.is_empty());
        if let Some(f) = taken.into_iter().find(|f| other.uses_name(&f.name).is_some()) {
            return Err(format!("`{}` is there already", f.name));
        }
        let imports = facts.imports.into_iter().filter(|import| needed.contains(&import.local)).collect();
        let gap = if kit.is_python() { "\n\n\n" } else { "\n\n" };
        let lead = gap.get(1..).unwrap_or_default();
        let text = format!("{lead}{}", kept.join(gap));
        let plain = other.language == Language::JavaScript;
        let text = if plain {
            template::for_language(&text, Lang::JavaScript, ModuleSystem::Esm)
                .map(|script| format!("{lead}{}", script.trim()))
                .map_err(|line| format!("codemods/{} does not parse, line {line}", self.template()))?
        } else {
            text
        };
        Ok(Code { imports, text })
    }

    fn template(&self) -> String {
        format!("{}/entry.toml", self.entry.id)
    }

    fn writing(&self) -> Result<&Writing, String> {
        let writing = self.entry.framework.as_ref().and_then(|f| f.writing.as_ref());
        writing.ok_or_else(|| format!("codemods/{} does not say how a route is written", self.template()))
    }

    /// The file: what it imports, what stands in front of its handlers, the handlers. Alone when they go to another file.
    fn canonical(
        &self,
        kit: &Kit<'_>,
        areas: Areas,
        (router, base): (&str, &str),
        alone: bool,
    ) -> Result<String, String> {
        let writing = self.writing()?;
        let parts = Arc::new(Parts::new(kit, writing, self.signed));
        let log = render::context(kit, areas).log;
        let scope = self.scope(kit, areas, (router, base), &parts);
        let environment = parts.environment(&scope, log)?;
        let part = |snippet: &Snippet, more: Value| -> Result<String, String> {
            parts
                .render(&environment, snippet, context! { ..more, ..scope.clone() })
                .map_err(|e| format!("{e:#}"))
        };
        let in_file = |r: &&NewRoute| r.file == self.route.file && areas.has(area_of(r.purpose));
        let routes = self.entry.framework.iter().flat_map(|f| &f.routes).filter(in_file);
        let level = if kit.is_python() { 4 } else { 2 };
        let mut handlers: Vec<String> = Vec::new();
        let mut behind = String::new();
        for route in routes {
            let purpose = area_of(route.purpose);
            let path = format!("areas/{purpose}/{}/route.j2", language_folder(kit));
            let raw = embedded_text(&path).ok_or_else(|| format!("codemods/{path} is missing"))?;
            let told = template::told(&raw, kit.noun());
            parts.begin();
            let setup = parts.setup(&environment, &scope, self.signed, level)?;
            let names = names_of(route.purpose);
            let name = if kit.is_python() { names.1 } else { names.0 };
            let more = context! { setup, purpose, name, method => route.method.clone(), path => format!("{base}{}", route.path) };
            let text = environment
                .render_named_str(&path, &told, context! { ..more.clone(), ..scope.clone() })
                .map_err(|e| format!("{e:#}"))?;
            let (body, rest) = text.split_once(BEHIND).unwrap_or((&text, ""));
            behind.push_str(rest);
            let own = writing.open_webhook.as_ref().filter(|_| route.purpose == RoutePurpose::Webhook);
            let open = own.unwrap_or(&writing.open);
            // The origin is asked for by what opens a handler in some frameworks, so that comes last.
            let open = part(open, context! { params => parts.params(), ..more.clone() })?;
            let close = environment
                .render_str(&writing.close, context! { ..more, ..scope.clone() })
                .map_err(|e| format!("{e:#}"))?;
            let close = if close.is_empty() { String::new() } else { format!("\n{close}") };
            handlers.push(format!("{open}\n{}{close}", indented(body.trim_matches('\n'), level)));
        }
        let gap = if kit.is_python() && !writing.nested { "\n\n\n" } else { "\n\n" };
        let mut code = handlers.join(gap);
        if !alone {
            if writing.nested {
                code = indented(&code, level);
            }
            if let Some(head) = &writing.head {
                let above = part(head, context! { purpose => area_of(self.route.purpose) })?;
                let above = above.trim_end();
                let between = if above.is_empty() {
                    ""
                } else if !writing.nested {
                    gap
                } else if above.ends_with('{') {
                    "\n"
                } else {
                    // What ends a block of its own stands apart from the first handler.
                    "\n\n"
                };
                code = format!("{above}{between}{code}");
            }
            if let Some(foot) = &writing.foot {
                code.push('\n');
                code.push_str(foot);
            }
        }
        let gap = if kit.is_python() { "\n\n\n" } else { "\n\n" };
        let behind = behind.trim_matches('\n');
        if !behind.is_empty() {
            code = format!("{code}{gap}{behind}");
        }
        let above = self.above(kit, areas, &parts, &code);
        Ok(format!("{above}{code}\n"))
    }

    /// What stands above the code: the imports that it uses, and a logger where the app makes one a file.
    fn above(&self, kit: &Kit<'_>, areas: Areas, parts: &Parts, code: &str) -> String {
        let log = render::context(kit, areas).log;
        let below = format!("{}\n{code}", log.setup.as_deref().unwrap_or_default());
        let used = Used::of(if kit.is_python() { Language::Python } else { Language::TypeScript }, &below);
        let log_import = log.import.as_ref().map(|line| rebased(kit, line, self.file));
        let signed = self.signed.map(|signed| signed.imports.clone()).unwrap_or_default();
        let address = env::own_address(kit, self.file).and_then(|address| address.import);
        let modules = self.modules(kit, areas);
        if !kit.is_python() {
            let lines = parts.imports(false).into_iter().chain(log_import).chain(signed);
            let lines = lines.chain(address).chain(modules).filter_map(|line| used.part(&line));
            return format!("{}\n\n", grouped(lines).join("\n"));
        }
        let standard: Vec<String> = parts
            .imports(true)
            .into_iter()
            .filter(|line| STANDARD.iter().any(|m| line.starts_with(&format!("from {m} "))))
            .collect();
        let of_packages: Vec<String> =
            parts.imports(true).into_iter().filter(|line| !standard.contains(line)).collect();
        let is_standard = |line: &String| line == "import logging";
        let (log_standard, log_own): (Vec<_>, Vec<_>) = log_import.into_iter().partition(is_standard);
        let first: Vec<String> = log_standard.into_iter().chain(standard).collect();
        let own = signed.into_iter().chain(log_own).chain(address).chain(modules);
        let own: Vec<String> = own.collect();
        let sections = [first, of_packages, own].map(|lines| used.parts(&lines));
        let sections = sections.iter().filter(|s| !s.is_empty()).map(|s| s.join("\n"));
        let imports = sections.collect::<Vec<_>>().join("\n\n");
        let gap = if log.setup.is_none() && self.writing().is_ok_and(|w| w.head.is_none()) {
            "\n\n\n"
        } else {
            "\n\n"
        };
        match log.setup {
            Some(setup) if self.writing().is_ok_and(|w| w.head.is_some()) => {
                format!("{imports}\n\n{setup}\n")
            }
            Some(setup) => format!("{imports}\n\n{setup}\n\n\n"),
            None => format!("{imports}{gap}"),
        }
    }

    /// The import lines of the generated modules.
    fn modules(&self, kit: &Kit<'_>, areas: Areas) -> Vec<String> {
        let module = |name: &str| specifiers(kit, self.file, &kit.module_path(name)).0;
        let mut wanted: Vec<(&str, &[&str])> = Vec::new();
        if self.route.purpose == RoutePurpose::Webhook {
            wanted.push(("webhook", &["handleWebhook", "readWebhook"]));
        } else {
            let in_file = |purpose: RoutePurpose| {
                let mut routes = self.entry.framework.iter().flat_map(|f| &f.routes);
                areas.has(area_of(purpose))
                    && routes.any(|r| r.purpose == purpose && r.file == self.route.file)
            };
            let balance = in_file(RoutePurpose::Balance);
            if balance {
                wanted.push(("balance", &["getBalance"]));
            }
            if kit.is_python() {
                wanted.push(("customer", &["BillingUser"]));
            }
            if balance {
                wanted.push(("display", &["formatBalance"]));
            }
            if in_file(RoutePurpose::Portal) {
                wanted.push(("portal", &["createPortalUrl"]));
            }
        }
        let line = |(file, names): (&str, &[&str])| {
            let named = |name: &&str| {
                if name.starts_with(char::is_uppercase) { kit.told(name) } else { kit.function(name) }
            };
            let names = names.iter().map(named).collect::<Vec<_>>().join(", ");
            let module = module(file);
            if kit.is_python() {
                format!("from {module} import {names}")
            } else {
                format!("import {{ {names} }} from \"{module}\";")
            }
        };
        wanted.into_iter().map(line).collect()
    }

    fn scope(&self, kit: &Kit<'_>, areas: Areas, (router, base): (&str, &str), parts: &Parts) -> Value {
        let log = render::context(kit, areas).log;
        let is_async = kit.flavour() == Flavour::Async;
        let address = env::own_address(kit, self.file);
        let writing = self.writing().ok();
        let names_error =
            log.error.contains("{error}") || writing.is_some_and(|w| w.refuse.lines.contains("~ error"));
        let shown_by = self.signed.and_then(|signed| signed.shown_by);
        let beside = shown_by.map(|(file, _)| kit.text(file).as_str().to_owned());
        context! {
            address => address.as_ref().map(|address| &address.expr),
            areas => Value::from(Serde(&areas)),
            signed => Value::from(Serde(self.signed.cloned().unwrap_or_default())),
            person => "user",
            pages => identity::has_pages(kit),
            router,
            base,
            prefix => self.prefix.clone(),
            response => parts.response(),
            leaves => writing.is_some_and(|w| w.leaves),
            throws => writing.is_some_and(|w| w.throws),
            typed => kit.lang == Lang::TypeScript,
            as_error => if names_error { " as error" } else { "" },
            neighbour => beside.unwrap_or_default(),
            is_async,
            async_ => if is_async { "async " } else { "" },
            await_ => if is_async { "await " } else { "" },
        }
    }
}

/// Between the statements of a handler and what stands behind it in the file.
const BEHIND: &str = "=== behind the handlers ===";

/// Modules of Python's own that parts import.
const STANDARD: &[&str] = &["typing", "http", "collections.abc"];

fn language_folder(kit: &Kit<'_>) -> &'static str {
    if kit.is_python() { "python" } else { "typescript" }
}

/// The area that a route belongs to.
fn area_of(purpose: RoutePurpose) -> &'static str {
    match purpose {
        RoutePurpose::Portal => "portal",
        RoutePurpose::Balance => "balance",
        RoutePurpose::Webhook => "webhook",
    }
}

/// What a handler is called: in TypeScript, in Python.
fn names_of(purpose: RoutePurpose) -> (&'static str, &'static str) {
    match purpose {
        RoutePurpose::Portal => ("openPortal", "open_portal"),
        RoutePurpose::Balance => ("readBalance", "read_balance"),
        RoutePurpose::Webhook => ("receiveWebhook", "receive_webhook"),
    }
}

/// What a handler is called in the app's language.
pub(super) fn handler_name(kit: &Kit<'_>, purpose: RoutePurpose) -> &'static str {
    let names = names_of(purpose);
    if kit.is_python() { names.1 } else { names.0 }
}

/// Lines a level further in; empty ones stay so.
fn indented(text: &str, level: usize) -> String {
    let line =
        |line: &str| if line.is_empty() { String::new() } else { format!("{}{line}", " ".repeat(level)) };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The names that code uses, by which it is told what of an import it needs.
struct Used {
    language: Language,
    /// `None` for code that does not parse, which may need everything.
    names: Option<BTreeSet<String>>,
}

impl Used {
    fn of(language: Language, code: &str) -> Self {
        let names = Source::parse(language, code).map(|source| {
            all_names(&source, &(0..code.len())).into_iter().map(str::to_owned).collect::<BTreeSet<_>>()
        });
        Self { language, names }
    }

    /// The needed ones of some import lines.
    fn parts(&self, lines: &[String]) -> Vec<String> {
        lines.iter().filter_map(|line| self.part(line)).collect()
    }

    /// An import line with the names that are used; `None` when none is. One for its effects stays.
    fn part(&self, line: &str) -> Option<String> {
        let Some(used) = &self.names else { return Some(line.to_owned()) };
        let unused = |name: &str| !used.contains(name);
        let imports = facts(self.language, line).imports;
        let left: Vec<&Import> = imports.iter().filter(|i| !i.local.is_empty() && unused(&i.local)).collect();
        if left.is_empty() {
            return Some(line.to_owned());
        }
        if left.len() == imports.len() {
            return None;
        }
        let (open, close) = if self.language == Language::Python { (" import ", "") } else { ("{ ", " }") };
        let (head, rest) = line.split_once(open)?;
        let (names, tail) = if close.is_empty() { (rest, "") } else { rest.split_once(close)? };
        let local = |name: &str| name.rsplit(' ').next().is_some_and(|local| !unused(local));
        let kept: Vec<&str> = names.split(", ").filter(|name| local(name)).collect();
        Some(format!("{head}{open}{}{close}{tail}", kept.join(", ")))
    }
}

/// Import lines with one line a module.
fn grouped(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        let names = |head: &str| {
            let (names, module) = line.strip_prefix(head)?.split_once(" } from ")?;
            Some((format!("{head}|{module}"), names.split(", ").map(str::to_owned).collect::<Vec<_>>()))
        };
        let Some((key, names)) = names("import { ").or_else(|| names("import type { ")) else {
            if !all.iter().any(|(known, _)| *known == line) {
                all.push((line, Vec::new()));
            }
            continue;
        };
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => {
                let new = names.into_iter().filter(|name| !known.contains(name)).collect::<Vec<_>>();
                known.extend(new);
            }
            None => all.push((key, names)),
        }
    }
    let line = |(key, names): (String, Vec<String>)| match key.split_once('|') {
        Some((head, module)) if !names.is_empty() => format!("{head}{} }} from {module}", names.join(", ")),
        _ => key,
    };
    all.into_iter().map(line).collect()
}

/// A name that nothing else has: `url`, else `billingUrl` (`billing_url`).
pub(super) fn free(taken: &BTreeSet<String>, name: &str, is_python: bool) -> String {
    let mut chars = name.chars();
    let capital: String = chars.next().map(|c| c.to_ascii_uppercase()).into_iter().chain(chars).collect();
    let second = if is_python { format!("billing_{name}") } else { format!("billing{capital}") };
    let numbered = (2..).map(|n| format!("{name}{n}"));
    let mut all = [name.to_owned(), second].into_iter().chain(numbered);
    all.find(|name| !taken.contains(name)).unwrap_or_default()
}

/// The imports at the top of a Python file with one line a module, sorted within their sections.
fn tidy_imports(text: &str) -> String {
    let is_import = |line: &str| line.starts_with("import ") || line.starts_with("from ");
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.iter().position(|l| !l.is_empty() && !is_import(l)).unwrap_or(lines.len());
    let mut sections: Vec<Vec<(String, Vec<String>)>> = vec![Vec::new()];
    for line in lines.get(..end).unwrap_or_default() {
        if line.is_empty() {
            sections.push(Vec::new());
            continue;
        }
        let (module, names) =
            line.strip_prefix("from ").and_then(|l| l.split_once(" import ")).unwrap_or((line, ""));
        let names = names.split(", ").filter(|n| !n.is_empty()).map(str::to_owned);
        let known = sections.iter_mut().flatten().find(|(m, n)| m == module && !n.is_empty());
        match known {
            Some((_, all)) => all.extend(names),
            None => sections
                .last_mut()
                .into_iter()
                .for_each(|s| s.push((module.to_owned(), names.clone().collect()))),
        }
    }
    let mut out = String::new();
    for section in sections.iter_mut().filter(|s| !s.is_empty()) {
        section.sort_by_key(|(module, names)| (!names.is_empty(), module.clone()));
        for (module, names) in section {
            names.sort_by_key(|name| (rank(name), name.to_lowercase()));
            names.dedup();
            let line = if names.is_empty() {
                module.clone()
            } else {
                format!("from {module} import {}", names.join(", "))
            };
            out.push_str(&line);
            out.push('\n');
        }
        out.push('\n');
    }
    out + &lines.get(end..).unwrap_or_default().join("\n") + "\n"
}

/// Constants before classes before functions, as import sorters have them.
fn rank(name: &str) -> u8 {
    match name.chars().next() {
        Some(first) if !first.is_uppercase() => 2,
        _ if name.len() > 1 && name.chars().all(|c| !c.is_lowercase()) => 0,
        _ => 1,
    }
}

/// An import line that was written for the folder of the generated modules, for another file.
fn rebased(kit: &Kit<'_>, line: &str, file: &str) -> String {
    let quoted = line.split(['"', '\'']).nth(1);
    let Some(specifier) = quoted.filter(|s| s.starts_with('.')) else { return line.to_owned() };
    let mut dir: Vec<&str> = kit.dir.split('/').filter(|p| !p.is_empty()).collect();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(dir.pop()),
            part => dir.push(part),
        }
    }
    let target = dir.join("/");
    let folder = file.rsplit_once('/').map_or("", |(dir, _)| dir);
    line.replace(specifier, &relative(folder, &target))
}
