//! The text of a route's file, from its template.

use minijinja::{Environment, UndefinedBehavior, Value, context, value::Serde};

use super::anchor::Anchor;
use crate::catalog::{Entry, NewRoute, embedded_text};
use crate::steps::support::names::{relative, specifiers};
use crate::steps::support::{Kit, identity, render};
use crate::syntax::style::restyle;
use crate::template::{self, Areas, Flavour};

/// The route a text is for.
pub(super) struct Scene<'a, 'k> {
    pub(super) entry: &'a Entry,
    pub(super) route: &'a NewRoute,
    pub(super) file: &'a str,
    /// The signed-in user, for routes that have one.
    pub(super) signed: Option<&'a identity::Signed>,
    pub(super) anchor: Option<&'a Anchor<'k>>,
}

impl Scene<'_, '_> {
    /// The text for the areas that are done then, in the style of the app.
    pub(super) fn render(&self, kit: &Kit<'_>, areas: Areas) -> Result<String, String> {
        let path = format!("{}/{}", self.entry.id, self.route.template);
        let raw = embedded_text(&path).ok_or_else(|| format!("codemods/{path} is missing"))?;
        let told = template::told(&raw, kit.noun());
        let text = Self::environment(kit, areas)?
            .render_named_str(&path, &told, self.scope(kit, areas))
            .map_err(|e| format!("{e:#}"))?;
        let text = if kit.is_python() { tidy_imports(&text) } else { text };
        let text = template::for_language(&text, kit.lang, kit.module)
            .map_err(|line| format!("codemods/{path} does not parse, line {line}"))?;
        Ok(restyle(&text, kit.language(), &kit.new_style(kit.language())))
    }

    fn scope(&self, kit: &Kit<'_>, areas: Areas) -> Value {
        let module = |name: &str| specifiers(kit, self.file, &kit.module_path(name)).0;
        let log = render::context(kit, areas).log;
        let is_async = kit.flavour() == Flavour::Async;
        context! {
            areas => Value::from(Serde(&areas)),
            signed => self.signed.map(|signed| Value::from(Serde(signed))),
            person => "user",
            pages => identity::has_pages(kit),
            router => self.anchor.map_or("router".to_owned(), |a| a.router_name(kit)),
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
