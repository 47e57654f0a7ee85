//! The place where a new router is mounted: beside the app's own.

use minijinja::{Environment, context};

use super::mounts::{callers, is_own, mounted, mounting, option_of, outer_path, own_file, own_path};
use super::paths;
use super::registered::registered;
use crate::catalog::{Mount, NewRoute};
use crate::edit::Edit;
use crate::resolve::camel;
use crate::steps::support::names::{Wanted, bring, import_line_from};
use crate::steps::support::{Kit, join};
use crate::syntax::source::Source;
use crate::syntax::{Call, Expr, Facts, Imported, ResultUse, Span, place};
use crate::workspace::FileId;

const WHY: &str = "the route is reached through it";

/// The place beside which a new router is mounted.
pub(super) struct Anchor<'a> {
    pub(super) file: FileId,
    route: &'a NewRoute,
    rules: &'a Mount,
    /// The app or router that mounts it.
    app: String,
    /// The statement beside which it is mounted.
    at: Span,
    /// The mount stands in front of it, not behind it.
    in_front: bool,
    /// Routers of files that are mounted in the file, with their paths; the last of them is the nearest.
    siblings: Vec<Sibling>,
    /// Path in front of what is mounted in this file.
    pub(super) outer: String,
    /// The mount says the path, not the router.
    pub(super) mount_has_prefix: bool,
}

/// A router that is mounted.
struct Sibling {
    /// What the file calls it.
    name: String,
    file: FileId,
    /// Its path, where the mount says one.
    path: Option<String>,
    /// Its path, where it says one itself.
    own: Option<String>,
    statement: Span,
    app: String,
}

impl<'a> Anchor<'a> {
    pub(super) fn find(kit: &Kit<'a>, route: &'a NewRoute) -> Option<Self> {
        let rules = route.mount.as_ref()?;
        Self::in_front(kit, route, rules).or_else(|| Self::behind(kit, route, rules))
    }

    /// In front of the first call that would leave nothing to the router.
    fn in_front(kit: &Kit<'a>, route: &'a NewRoute, rules: &'a Mount) -> Option<Self> {
        own_code(kit).find_map(|file| {
            let facts = kit.cx.program.facts(file);
            let call = facts
                .calls
                .iter()
                .find(|c| is_member(c, &rules.after) && hands_over(facts, c, &rules.before))?;
            Some(Self {
                file,
                route,
                rules,
                app: call.receiver().unwrap_or_else(|| "app".to_owned()),
                at: call.statement,
                in_front: true,
                siblings: routers(kit, file, facts, rules),
                outer: outer_path(kit, file),
                mount_has_prefix: true,
            })
        })
    }

    /// Behind the last router that is mounted, else behind the last handler that is registered on the app itself, else
    /// behind what sets the app up.
    fn behind(kit: &Kit<'a>, route: &'a NewRoute, rules: &'a Mount) -> Option<Self> {
        let mut best: Option<(usize, Self)> = None;
        for file in own_code(kit) {
            let facts = kit.cx.program.facts(file);
            let siblings = routers(kit, file, facts, rules);
            let place = match siblings.last() {
                Some(last) => Some((last.app.clone(), last.statement)),
                None if kit.is_python() => set_up(kit, file, facts, rules),
                None => registered(kit, file).pop().map(|last| (last.receiver, last.statement)),
            };
            let Some((app, at)) = place else { continue };
            let says = |last: &Sibling| last.path.is_some() || last.own.is_none() && !kit.is_python();
            let mount_has_prefix = rules.insert.lines.contains("prefix") && siblings.last().is_none_or(says);
            // Routers mounted count for more than handlers; of files with as many the one that is mounted itself.
            let outer = outer_path(kit, file);
            let weight =
                siblings.len() * 4 + usize::from(!outer.is_empty()) + usize::from(siblings.is_empty());
            if best.as_ref().is_none_or(|(w, _)| weight > *w) {
                let in_front = false;
                let anchor =
                    Self { file, route, rules, app, at, in_front, siblings, outer, mount_has_prefix };
                best = Some((weight, anchor));
            }
        }
        best.map(|(_, anchor)| anchor)
    }

    /// 1-based line of the place.
    pub(super) fn line(&self, kit: &Kit<'_>) -> usize {
        kit.text(self.file).line_of(self.at.start as usize)
    }

    /// The path in front of the router, where the router itself says it.
    pub(super) fn own_prefix(&self, kit: &Kit<'_>) -> Option<String> {
        (!self.mount_has_prefix).then(|| self.prefix(kit))
    }

    /// `/billing`, below the same path as its siblings: `/api/drafts` gives `/api/billing`.
    pub(super) fn prefix(&self, kit: &Kit<'_>) -> String {
        let said = |s: &'_ Sibling| s.path.clone().or_else(|| s.own.clone());
        let mounted: Vec<String> = self.siblings.iter().filter_map(said).collect();
        let above = if self.siblings.is_empty() {
            let beside = registered(kit, self.file);
            let paths = beside.iter().filter(|one| one.receiver == self.app).map(|one| one.path.as_str());
            paths::above(paths, &mounting(kit).roots)
        } else {
            paths::above(mounted.iter().map(String::as_str), &mounting(kit).roots)
        };
        format!("{above}{}", self.rules.prefix)
    }

    /// Among its siblings and named as they are: `auth.routes.ts` gives `billing.routes.ts`. Where each has a folder of
    /// its own, it has one, too.
    pub(super) fn new_file(&self, kit: &Kit<'_>) -> String {
        let name = &self.route.file;
        if let Some(made) = own_file(kit, name) {
            return kit.path(made).to_owned();
        }
        let entry = |s: &Sibling| kit.cx.workspace.entry(s.file);
        let Some(last) = self.siblings.last().map(entry) else {
            let here = kit.cx.workspace.entry(self.file).dir();
            let folders = &mounting(kit).folders;
            let is_one = here.rsplit('/').next().is_some_and(|name| folders.iter().any(|f| f == name));
            let beside = folders.iter().map(|folder| join(here, folder));
            let dir = beside.into_iter().find(|dir| kit.cx.workspace.has_dir(dir));
            let dir = dir.or_else(|| is_one.then(|| here.to_owned()));
            let dir = dir.unwrap_or_else(|| match mounting(kit).folders.first() {
                Some(folder) if !kit.is_python() => join(here, folder),
                _ => here.to_owned(),
            });
            return join(&dir, &format!("{name}.{}", kit.source_ext));
        };
        let mut dirs: Vec<&str> = self.siblings.iter().map(|s| entry(s).dir()).collect();
        dirs.sort_unstable();
        let together = |dir: &&str| dirs.iter().filter(|d| *d == dir).count();
        let most = dirs.iter().copied().max_by_key(together).filter(|dir| together(dir) > 1);
        let rest = last.name().split_once('.').map_or("", |(_, rest)| rest);
        if let Some(dir) = most {
            return join(dir, &format!("{name}.{rest}"));
        }
        let dir = last.dir();
        let (above, folder) = dir.rsplit_once('/').unwrap_or(("", dir));
        let apart =
            dirs.len() > 1 && dirs.iter().all(|d| d.rsplit_once('/').is_some_and(|(a, _)| a == above));
        let stem = last.name().split('.').next().unwrap_or_default();
        let of_feature = self.siblings.last().is_some_and(|s| names_feature(folder, stem, s));
        if (apart || of_feature) && !mounting(kit).folders.iter().any(|known| known == folder) {
            return join(&join(above, name), &format!("{name}.{rest}"));
        }
        join(dir, &format!("{name}.{rest}"))
    }

    /// `billingRoutes` beside `draftRoutes`.
    pub(super) fn router_name(&self) -> String {
        if let Some(name) = &self.rules.router {
            return name.clone();
        }
        let last = self.siblings.last().map(|s| s.name.as_str());
        let ending =
            last.and_then(|name| ["Routes", "Router", "Route"].into_iter().find(|end| name.ends_with(end)));
        format!("{}{}", camel(&self.route.file), ending.unwrap_or("Routes"))
    }

    /// The last of the imports by which a function has the routers it mounts.
    fn local_import(&self, kit: &Kit<'_>) -> Option<Span> {
        let facts = kit.cx.program.facts(self.file);
        let of_router = |name: &str| self.siblings.iter().any(|s| s.name.split('.').next() == Some(name));
        let imports = facts.imports.iter().filter(|i| i.function.is_some() && of_router(&i.local));
        imports.map(|i| i.span).filter(|span| span.start < self.at.start).max_by_key(|span| span.start)
    }

    /// The edits that mount the router of a file.
    pub(super) fn mount(&self, kit: &Kit<'_>, file: &str) -> Result<Vec<Edit>, String> {
        let text = kit.text(self.file);
        let language = kit.cx.workspace.entry(self.file).language.ok_or("it is no code")?;
        let source = Source::parse(language, text.as_str()).ok_or("it is no code")?;
        let name = self.router_name();
        let local = kit.is_python().then(|| format!("{}_{name}", self.route.file));
        let wanted = Wanted { local, ..Wanted::file(file, name) };
        let at = self.at.start as usize;
        let style = kit.style_of(&source);
        // Neighbours may be imported where they are mounted, since they import this file themselves.
        let (mut edits, router) = if let Some(last) = self.local_import(kit) {
            let local = wanted.local.clone().unwrap_or_else(|| wanted.name.clone());
            let what = Imported::Named(wanted.name.clone());
            let line = import_line_from(kit, kit.path(self.file), file, &what, &local);
            let line = line.ok_or("it cannot be imported there")?;
            let edits = place::after(&source, &style, &last.range(), &line, WHY);
            (edits.map_err(|e| e.to_string())?, local)
        } else {
            let (edits, names) =
                bring(kit, kit.path(self.file), &source, &[wanted], Some(at)).map_err(|e| e.to_string())?;
            (edits, names.first().cloned().unwrap_or_default())
        };
        let app = self.app.as_str();
        let prefix = if self.mount_has_prefix { Some(self.prefix(kit)) } else { None };
        let line = Environment::new()
            .render_str(&self.rules.insert.lines, context! { app, router, prefix })
            .map_err(|e| e.to_string())?;
        let range = self.at.range();
        let insert = if self.in_front { place::before } else { place::after };
        edits.extend(insert(&source, &style, &range, &line, WHY).map_err(|e| e.to_string())?);
        Ok(edits)
    }
}

/// Whether a folder is called after what its router serves.
fn names_feature(folder: &str, stem: &str, sibling: &Sibling) -> bool {
    let folder = folder.trim_end_matches('s').to_ascii_lowercase();
    let path = sibling.path.as_deref().unwrap_or_default().to_ascii_lowercase();
    let name = sibling.name.to_ascii_lowercase();
    !folder.is_empty()
        && [stem.to_ascii_lowercase().as_str(), &path, &name].iter().any(|text| text.contains(&folder))
}

/// Files of the app that were not written by this tool.
fn own_code<'k>(kit: &'k Kit<'_>) -> impl Iterator<Item = FileId> + 'k {
    callers(kit).filter(|f| !kit.is_generated(*f) && !is_own(kit, *f))
}

/// Routers that are always mounted in a file, in order; those that were added are not among them.
fn routers(kit: &Kit<'_>, file: FileId, facts: &Facts, rules: &Mount) -> Vec<Sibling> {
    let mounting: Vec<&Call> = facts.calls.iter().filter(|c| is_member(c, &rules.after)).collect();
    if mounting.is_empty() {
        return Vec::new();
    }
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language;
    let Some(source) = language.and_then(|language| Source::parse(language, text.as_str())) else {
        return Vec::new();
    };
    let always = |call: &&Call| place::is_unconditional(&source, &call.statement.range());
    let sibling = |call: &Call| {
        let router = mounted(kit, file, call)?;
        let path = match call.args.first() {
            Some(Expr::Str(path)) => Some(path.clone()),
            _ => option_of(kit, call).map(|v| v.as_str().map(str::to_owned).unwrap_or_default()),
        };
        let named = call.args.iter().rev().find_map(|arg| match arg {
            Expr::Path(path) => path.as_name(),
            Expr::Call(id) => facts.call(*id).callee.root_name(),
            _ => None,
        });
        let name = named.unwrap_or_default();
        (!is_own(kit, router)).then(|| Sibling {
            name: name.to_owned(),
            file: router,
            own: own_path(kit, router),
            path,
            statement: call.statement,
            app: call.receiver().unwrap_or_else(|| "app".to_owned()),
        })
    };
    mounting.into_iter().filter(always).filter_map(sibling).collect()
}

/// Behind the last of the statements that set an app up, from the one that makes it to its first handler.
fn set_up(kit: &Kit<'_>, file: FileId, facts: &Facts, rules: &Mount) -> Option<(String, Span)> {
    let handlers = registered(kit, file);
    let mounts = facts.calls.iter().filter(|c| is_member(c, &rules.after));
    let app = handlers
        .iter()
        .map(|one| one.receiver.clone())
        .chain(mounts.clone().filter_map(|c| c.callee.root_name()).map(str::to_owned));
    let made = |name: &String| {
        let parts = kit.framework.framework.iter().flat_map(|f| &f.parts);
        let parts: Vec<&str> = parts.filter_map(|s| s.name.rsplit('.').next()).collect();
        let binding = facts.bindings.iter().find(|b| b.names.iter().any(|n| n.local == *name))?;
        let call = facts.call(binding.value.as_call()?);
        let is_app = call.callee.last().is_some_and(|last| !parts.contains(&last));
        is_app.then_some((name.clone(), binding.statement))
    };
    let (app, made) = app.into_iter().find_map(|name| made(&name))?;
    let first = handlers.iter().find(|one| one.statement.start > made.start).map(|one| one.statement.start);
    let until = first.unwrap_or(u32::MAX);
    let text = kit.text(file);
    let source = Source::parse(kit.cx.workspace.entry(file).language?, text.as_str())?;
    let more = facts.calls.iter().filter(|c| {
        c.callee.root_name() == Some(app.as_str())
            && c.result == ResultUse::Discarded
            && made.start < c.statement.start
            && c.statement.start < until
            && place::is_unconditional(&source, &c.statement.range())
            && !c.callee.segments.last().is_some_and(|m| mounting(kit).ends.contains(m))
    });
    let set = facts.assigns.iter().filter(|a| {
        a.target.root_name() == Some(app.as_str())
            && a.function.is_none()
            && made.start < a.statement.start
            && a.statement.start < until
            && place::is_unconditional(&source, &a.statement.range())
    });
    let all = more.map(|c| c.statement).chain(set.map(|a| a.statement));
    let last = all.max_by_key(|s| s.start).unwrap_or(made);
    Some((app, last))
}

/// `app.use(…)`: a member of a name or of a field, called.
fn is_member(call: &Call, members: &[String]) -> bool {
    call.receiver().is_some() && call.callee.segments.last().is_some_and(|m| members.contains(m))
}

/// Whether one of the arguments is a call of one of these.
fn hands_over(facts: &Facts, call: &Call, callees: &[String]) -> bool {
    let made = call.args.iter().filter_map(Expr::as_call).map(|id| facts.call(id).callee.dotted());
    call.function.is_none() && made.into_iter().any(|callee| callees.contains(&callee))
}
