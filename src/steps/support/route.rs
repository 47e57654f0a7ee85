//! A route the app gets: a file the framework finds by itself, or a router that is mounted beside the app's own.
//!
//! One file serves the portal and the balance where the framework's idiom is a router, so the file is brought along when
//! the second of them is added, as the generated modules are.

use minijinja::{Environment, UndefinedBehavior, Value, context, value::Serde};

use crate::catalog::{Entry, NewRoute, RoutePurpose, embedded_text};
use crate::edit::{EditUnit, NewFile};
use crate::resolve::{Def, Module};
use crate::steps::support::names::{Wanted, bring, specifiers};
use crate::steps::support::{Kit, identity, join, merge, render};
use crate::steps::{Area, Route, RouteKind, Todo};
use crate::syntax::source::Source;
use crate::syntax::style::restyle;
use crate::syntax::{Call, Expr, place};
use crate::template::{self, Areas, Flavour};
use crate::workspace::FileId;

/// What is added for a route.
#[derive(Debug)]
pub struct Added {
    /// The file and its mount.
    pub unit: EditUnit,
    /// What the app serves then.
    pub route: Route,
    /// What could not be done.
    pub todo: Vec<Todo>,
}

/// The purpose's route in the framework's entry.
fn entry_of<'a>(kit: &Kit<'a>, purpose: RoutePurpose) -> Option<(&'a Entry, &'a NewRoute)> {
    let framework = kit.framework.framework.as_ref()?;
    framework.routes.iter().find(|r| r.purpose == purpose).map(|r| (kit.framework, r))
}

/// The path the app serves (or will serve) a route at.
pub fn path(kit: &Kit<'_>, purpose: RoutePurpose) -> Option<String> {
    let (_, route) = entry_of(kit, purpose)?;
    if route.mount.is_none() {
        return Some(route.path.clone());
    }
    let anchor = Anchor::find(kit, route)?;
    Some(format!("{}{}{}", anchor.outer, anchor.prefix(), route.path))
}

/// The edits that add a route; `None` when the framework's entry has no such route.
pub fn add(kit: &Kit<'_>, purpose: RoutePurpose, area: Area) -> Option<Result<Added, Todo>> {
    let (entry, route) = entry_of(kit, purpose)?;
    Some(build(kit, entry, route, area))
}

fn build(kit: &Kit<'_>, entry: &Entry, route: &NewRoute, area: Area) -> Result<Added, Todo> {
    let unmet = |text: String| Todo { unmet: true, ..Todo::chore(text) };
    let anchor = match &route.mount {
        Some(_) => Some(Anchor::find(kit, route).ok_or_else(|| {
            unmet(format!(
                "add a route for {}: no place was found where routes are registered",
                area.title().to_lowercase()
            ))
        })?),
        None => None,
    };
    let file = file_of(kit, route, anchor.as_ref());
    let signed = identity::signed(kit, &file).ok_or_else(|| {
        unmet(format!(
            "add a route for {}: no handler of the app shows how the signed-in user is known",
            area.title().to_lowercase()
        ))
    })?;
    let (_, before_area) = (kit.done, area);
    let before = kit.done;
    let after = before.with(before_area.id()).unwrap_or(before);
    let path = path(kit, route.purpose).unwrap_or_else(|| route.path.clone());
    let text = |areas: Areas| -> Result<String, Todo> {
        rendered(kit, entry, route, &file, &signed, anchor.as_ref(), areas)
            .map_err(|why| unmet(format!("the route `{file}` could not be written: {why}")))
    };
    let title = format!("Route {} {path}", route.method);
    let mut unit = EditUnit::new(title, area.what());
    let mut todo = Vec::new();
    let new = text(after)?;
    match kit.cx.workspace.text_at(&file) {
        None => unit = unit.create(file.as_str(), NewFile::new(new, area.what())),
        Some(current) if current.as_str() == new => {}
        Some(current) => {
            let old = text(before)?;
            match merge::merge(&old, &new, current.as_str(), area.what()) {
                Ok(edits) => unit.add(file.as_str(), edits),
                Err(line) => todo.push(Todo::unmet(
                    format!("add {} {path} here; the file was changed by hand", route.method),
                    file.as_str(),
                    line,
                )),
            }
        }
    }
    if let Some(anchor) = &anchor
        && !is_mounted(kit, &file)
    {
        match anchor.mount(kit, route, &file) {
            Ok(edits) => unit.add(kit.path(anchor.file), edits),
            Err(why) => {
                let line = kit.text(anchor.file).line_of(anchor.call.statement.start as usize);
                todo.push(Todo::unmet(
                    format!("mount the router of `{file}` here: {why}"),
                    kit.path(anchor.file),
                    line,
                ));
            }
        }
    }
    let what = match route.purpose {
        RoutePurpose::Portal => RouteKind::Portal,
        RoutePurpose::Balance => RouteKind::Balance,
        RoutePurpose::Webhook => RouteKind::Webhook,
    };
    Ok(Added { unit, route: Route { what, method: route.method.clone(), path }, todo })
}

fn rendered(
    kit: &Kit<'_>,
    entry: &Entry,
    route: &NewRoute,
    file: &str,
    signed: &identity::Signed,
    anchor: Option<&Anchor<'_>>,
    areas: Areas,
) -> Result<String, String> {
    let template_path = format!("{}/{}", entry.id, route.template);
    let text = embedded_text(&template_path).ok_or_else(|| format!("codemods/{template_path} is missing"))?;
    let module = |name: &str| specifiers(kit, file, &kit.module_path(name)).0;
    let log = render::context(kit, areas).log;
    let log_import = log.import.as_ref().map(|line| rebased(kit, line, file));
    let error = log.error.clone();
    let is_async = kit.flavour() == Flavour::Async;
    let scope = context! {
        areas => Value::from(Serde(&areas)),
        signed => Value::from(Serde(signed)),
        pages => identity::has_pages(kit),
        router => anchor.map_or("router".to_owned(), |a| a.router_name(kit)),
        prefix => anchor.filter(|a| !a.mount_has_prefix).map(|_| "/billing"),
        client_module => module("client"),
        customer_module => module("customer"),
        portal_module => module("portal"),
        balance_module => module("balance"),
        display_module => module("display"),
        log_import,
        log_setup => log.setup,
        async_ => if is_async { "async " } else { "" },
        await_ => if is_async { "await " } else { "" },
    };
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
        error.replace("{message}", &message).replace("{error}", &name)
    });
    let text = environment.render_named_str(&template_path, &text, scope).map_err(|e| format!("{e:#}"))?;
    let text = if kit.is_python() { tidy_imports(&text) } else { text };
    let text = template::for_language(&text, kit.lang, kit.module)
        .map_err(|line| format!("codemods/{template_path} does not parse, line {line}"))?;
    Ok(restyle(&text, kit.language(), &kit.new_style(kit.language())))
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
            names.sort();
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
    line.replace(specifier, &super::names::relative(folder, &target))
}

/// Where the file goes.
fn file_of(kit: &Kit<'_>, route: &NewRoute, anchor: Option<&Anchor<'_>>) -> String {
    if let Some(anchor) = anchor {
        return anchor.new_file(kit);
    }
    let root = kit.cx.app.dir();
    let app =
        ["src/app", "app"].into_iter().find(|d| kit.cx.workspace.has_dir(&join(root, d))).unwrap_or("app");
    let file = route.file.replace("{app}", app).replace("{ext}", &kit.source_ext);
    join(root, &file)
}

/// The registration of a route or router after which a new router is mounted.
struct Anchor<'a> {
    file: FileId,
    call: &'a Call,
    /// File of the router it mounts; `None` when it registers a handler.
    sibling: Option<FileId>,
    /// Path in front of what is mounted in this file.
    outer: String,
    /// The mount says the path, not the router.
    mount_has_prefix: bool,
}

impl<'a> Anchor<'a> {
    fn find(kit: &Kit<'a>, route: &NewRoute) -> Option<Self> {
        let after = &route.mount.as_ref()?.after;
        let program: &'a crate::resolve::Program = kit.cx.program;
        let mut best: Option<(usize, Self)> = None;
        let own = billing_file(kit);
        for file in kit.files.iter().filter(|f| !kit.is_generated(**f) && Some(**f) != own) {
            let facts = program.facts(*file);
            let mut count = 0;
            let mut last = None;
            for call in &facts.calls {
                let member = call.callee.segments.last().filter(|_| call.callee.segments.len() == 1);
                let registers = member.is_some_and(|m| after.contains(m));
                if !registers || call.function.is_some() && !kit.is_python() || is_own(kit, *file, call) {
                    continue;
                }
                let Some(sibling) = mounted(kit, *file, call) else { continue };
                count += 1;
                last = Some((call, Some(sibling)));
            }
            if count == 0 && !kit.is_python() {
                // Handlers registered one by one on the app itself.
                let mut own = facts.calls.iter().filter(|c| {
                    c.callee.segments.last().is_some_and(|m| verbs(kit, m))
                        && c.callee.segments.len() == 1
                        && c.function.is_none()
                        && c.args.len() > 1
                        && matches!(c.args.first(), Some(Expr::Str(path)) if path.starts_with('/'))
                });
                last = own.next_back().map(|c| (c, None));
            }
            let Some((call, sibling)) = last else { continue };
            let has_prefix = match sibling {
                Some(_) if kit.is_python() => call.keywords.iter().any(|(k, _)| k == "prefix"),
                _ => true,
            };
            // Routers mounted count for more than handlers; of files with as many the one that is mounted itself.
            let outer = outer_path(kit, *file, 0);
            let weight = count * 4 + usize::from(!outer.is_empty()) + usize::from(sibling.is_none());
            if best.as_ref().is_none_or(|(w, _)| weight > *w) {
                let anchor = Self { file: *file, call, sibling, outer, mount_has_prefix: has_prefix };
                best = Some((weight, anchor));
            }
        }
        best.map(|(_, anchor)| anchor)
    }

    /// `/billing`, below the same path as its sibling: `/api/drafts` gives `/api/billing`.
    fn prefix(&self) -> String {
        let of_sibling = self.sibling.and_then(|_| match self.call.args.first() {
            Some(Expr::Str(path)) => Some(path.clone()),
            _ => self
                .call
                .keywords
                .iter()
                .find(|(k, _)| k == "prefix")
                .and_then(|(_, v)| v.as_str().map(str::to_owned)),
        });
        match of_sibling.as_deref().and_then(|p| p.trim_end_matches('/').rsplit_once('/')) {
            Some((above, _)) => format!("{above}/billing"),
            None => "/billing".to_owned(),
        }
    }

    /// Beside the sibling and named as it is: `auth.routes.ts` gives `billing.routes.ts`.
    fn new_file(&self, kit: &Kit<'_>) -> String {
        if let Some(made) = billing_file(kit) {
            return kit.path(made).to_owned();
        }
        if let Some(sibling) = self.sibling {
            let entry = kit.cx.workspace.entry(sibling);
            let rest = entry.name().split_once('.').map_or("", |(_, rest)| rest);
            return join(entry.dir(), &format!("billing.{rest}"));
        }
        let dir = kit.cx.workspace.entry(self.file).dir();
        join(&join(dir, "routes"), &format!("billing.{}", kit.source_ext))
    }

    /// `billingRoutes` beside `draftRoutes`.
    fn router_name(&self, kit: &Kit<'_>) -> String {
        let last = self.call.args.last().and_then(Expr::as_path).and_then(|p| p.as_name().map(str::to_owned));
        let ending = last
            .filter(|_| self.sibling.is_some())
            .and_then(|name| ["Routes", "Router", "Route"].into_iter().find(|end| name.ends_with(end)));
        if kit.is_python() { "router".to_owned() } else { format!("billing{}", ending.unwrap_or("Routes")) }
    }

    fn mount(&self, kit: &Kit<'_>, route: &NewRoute, file: &str) -> Result<Vec<crate::edit::Edit>, String> {
        let text = kit.text(self.file);
        let language = kit.cx.workspace.entry(self.file).language.ok_or("it is no code")?;
        let source = Source::parse(language, text.as_str()).ok_or("it is no code")?;
        let name = self.router_name(kit);
        let local = kit.is_python().then(|| "billing_router".to_owned());
        let wanted = Wanted { local, ..Wanted::file(file, name) };
        let at = self.call.statement.start as usize;
        let (mut edits, names) =
            bring(kit, kit.path(self.file), &source, &[wanted], Some(at)).map_err(|e| e.to_string())?;
        let router = names.first().cloned().unwrap_or_default();
        let app = self.call.callee.root_name().unwrap_or("app");
        let prefix = if self.mount_has_prefix { Some(self.prefix()) } else { None };
        let snippet = &route.mount.as_ref().ok_or("it has no mount")?.insert.lines;
        let environment = Environment::new();
        let line =
            environment.render_str(snippet, context! { app, router, prefix }).map_err(|e| e.to_string())?;
        let range = self.call.statement.range();
        let style = kit.style_of(&source);
        edits.extend(
            place::after(&source, &style, &range, &line, "the route is reached through it")
                .map_err(|e| e.to_string())?,
        );
        Ok(edits)
    }
}

/// The file that holds the billing router, wherever it is: it uses the generated modules and nothing else does.
fn billing_file(kit: &Kit<'_>) -> Option<FileId> {
    let names = [kit.function("createPortalUrl"), kit.function("formatBalance")];
    kit.files.iter().copied().filter(|f| !kit.is_generated(*f)).find(|f| {
        let stem = kit.cx.workspace.entry(*f).name().split('.').next().unwrap_or_default().to_owned();
        let text = kit.text(*f);
        stem == "billing" && names.iter().any(|n| text.as_str().contains(n.as_str()))
    })
}

fn is_own(kit: &Kit<'_>, file: FileId, call: &Call) -> bool {
    mounted(kit, file, call).is_some_and(|f| Some(f) == billing_file(kit))
}

fn is_mounted(kit: &Kit<'_>, path: &str) -> bool {
    let Some(target) = kit.cx.workspace.find(path) else { return false };
    kit.files.iter().any(|file| {
        let facts = kit.cx.program.facts(*file);
        facts.calls.iter().any(|call| mounted(kit, *file, call) == Some(target))
    })
}

/// Members that mount a router.
fn mounts<'a>(kit: &Kit<'a>) -> impl Iterator<Item = &'a String> {
    let routes = kit.framework.framework.iter().flat_map(|f| &f.routes);
    routes.filter_map(|r| r.mount.as_ref()).flat_map(|m| &m.after)
}

/// Members that register a handler.
fn verbs(kit: &Kit<'_>, member: &str) -> bool {
    let handlers = kit.framework.framework.iter().flat_map(|f| &f.handlers);
    handlers.into_iter().any(|h| match &h.shape {
        crate::catalog::HandlerShape::RouteCall { methods, .. } => methods.iter().any(|m| m == member),
        _ => false,
    })
}

/// The file whose router a call mounts: the value of one of its arguments comes from another file of the app.
fn mounted(kit: &Kit<'_>, file: FileId, call: &Call) -> Option<FileId> {
    if !call.callee.segments.last().is_some_and(|m| mounts(kit).any(|known| known == m)) {
        return None;
    }
    let facts = kit.cx.program.facts(file);
    call.args.iter().filter_map(Expr::as_path).find_map(|path| {
        let root = path.root_name()?;
        let import = facts.imports.iter().find(|i| i.local == root)?;
        let Module::File(target) = kit.cx.program.module(file, &import.module, Some(root)) else {
            return None;
        };
        if kit.is_python() {
            return (target != file).then_some(target);
        }
        match kit.cx.program.resolve_path(file, call.function, path) {
            Def::Value(at, index, _) if at != file => {
                let made = kit.cx.program.binding(at, index)?.value.as_call();
                made.map(|_| at)
            }
            Def::Outside(_, members) if members.last().is_some_and(|m| m == "()") => Some(target),
            _ => None,
        }
    })
}

/// The path in front of everything registered in a file: where its router is mounted.
fn outer_path(kit: &Kit<'_>, file: FileId, depth: usize) -> String {
    if depth > 3 {
        return String::new();
    }
    for other in kit.files.iter().filter(|f| **f != file) {
        let facts = kit.cx.program.facts(*other);
        for call in &facts.calls {
            if mounted(kit, *other, call) != Some(file) {
                continue;
            }
            let own = match call.args.first() {
                Some(Expr::Str(path)) => Some(path.clone()),
                _ => call
                    .keywords
                    .iter()
                    .find(|(k, _)| k == "prefix")
                    .and_then(|(_, v)| prefix_of(kit, *other, v)),
            };
            return format!("{}{}", outer_path(kit, *other, depth + 1), own.unwrap_or_default());
        }
    }
    String::new()
}

/// A prefix written as text, or as a member with a default of its own (`settings.API_PREFIX`).
fn prefix_of(kit: &Kit<'_>, file: FileId, value: &Expr) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let member = value.as_path()?.last()?.to_owned();
    let _ = file;
    kit.files.iter().find_map(|f| {
        let facts = kit.cx.program.facts(*f);
        let fields = facts.classes.iter().flat_map(|c| &c.fields);
        fields
            .filter(|field| field.name == member)
            .find_map(|field| field.value.as_ref()?.as_str().map(str::to_owned))
    })
}
