//! The text of a route's file, from its template.

use std::collections::BTreeSet;

use minijinja::{Environment, UndefinedBehavior, Value, context, value::Serde};

use super::anchor::Anchor;
use crate::catalog::{Entry, NewRoute, embedded_text};
use crate::steps::support::names::{relative, specifiers};
use crate::steps::support::{Kit, env, identity, render};
use crate::syntax::source::{Source, children};
use crate::syntax::style::restyle;
use crate::syntax::{Import, Span, facts, free_names};
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
        let router = self.anchor.map_or("router".to_owned(), |a| a.router_name(kit));
        let text = self.canonical(kit, areas, &router, "")?;
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
        let text = self.canonical(kit, areas, app, base)?;
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
        format!("{}/{}", self.entry.id, self.route.template)
    }

    fn canonical(&self, kit: &Kit<'_>, areas: Areas, router: &str, base: &str) -> Result<String, String> {
        let path = self.template();
        let raw = embedded_text(&path).ok_or_else(|| format!("codemods/{path} is missing"))?;
        let told = template::told(&raw, kit.noun());
        let mut environment = Self::environment(kit, areas)?;
        let taken = self.signed.map(|signed| signed.names.clone()).unwrap_or_default();
        let is_python = kit.is_python();
        environment.add_function("local", move |name: String| free(&taken, &name, is_python));
        let scope = self.scope(kit, areas, router, base);
        environment.render_named_str(&path, &told, scope).map_err(|e| format!("{e:#}"))
    }

    fn scope(&self, kit: &Kit<'_>, areas: Areas, router: &str, base: &str) -> Value {
        let module = |name: &str| specifiers(kit, self.file, &kit.module_path(name)).0;
        let log = render::context(kit, areas).log;
        let is_async = kit.flavour() == Flavour::Async;
        let address = env::own_address(kit, self.file);
        context! {
            address => address.as_ref().map(|address| &address.expr),
            address_import => address.as_ref().and_then(|address| address.import.as_ref()),
            areas => Value::from(Serde(&areas)),
            signed => self.signed.map(|signed| Value::from(Serde(signed))),
            person => "user",
            pages => identity::has_pages(kit),
            router,
            base,
            prefix => self.anchor.filter(|a| !a.mount_has_prefix).map(Anchor::own_prefix),
            client_module => module("client"),
            customer_module => module("customer"),
            portal_module => module("portal"),
            balance_module => module("balance"),
            display_module => module("display"),
            webhook_module => module("webhook"),
            log_import => log.import.as_ref().map(|line| rebased(kit, line, self.file)),
            log_setup => log.setup,
            is_async,
            async_ => if is_async { "async " } else { "" },
            await_ => if is_async { "await " } else { "" },
        }
    }

    fn environment(kit: &Kit<'_>, areas: Areas) -> Result<Environment<'static>, String> {
        let log = render::context(kit, areas).log;
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        let syntax = minijinja::syntax::SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build();
        environment.set_syntax(syntax.map_err(|e| e.to_string())?);
        environment.add_function("log_error", move |message: String, name: String| {
            log.error.replace("{message}", &message).replace("{error}", &name)
        });
        environment.add_function("log_info", move |message: String| log.info.replace("{message}", &message));
        Ok(environment)
    }
}

/// A name that nothing else has: `url`, else `billingUrl` (`billing_url`).
fn free(taken: &BTreeSet<String>, name: &str, is_python: bool) -> String {
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
