//! The place where a new router is mounted: beside the app's own.

use minijinja::{Environment, context};

use super::mounts::{callers, is_own, is_verb, mounted, outer_path, own_file};
use crate::catalog::{Mount, NewRoute};
use crate::edit::Edit;
use crate::steps::support::names::{Wanted, bring};
use crate::steps::support::{Kit, join};
use crate::syntax::source::Source;
use crate::syntax::{Call, Expr, Facts, place};
use crate::workspace::FileId;

const WHY: &str = "the route is reached through it";

/// The registration of a route or router beside which a new router is mounted.
pub(super) struct Anchor<'a> {
    pub(super) file: FileId,
    route: &'a NewRoute,
    rules: &'a Mount,
    call: &'a Call,
    /// The mount stands in front of the call, not behind it.
    in_front: bool,
    /// A router that is mounted in the file, with the call that mounts it; nothing when handlers are registered one by
    /// one.
    sibling: Option<(&'a Call, FileId)>,
    /// Path in front of what is mounted in this file.
    pub(super) outer: String,
    /// The mount says the path, not the router.
    pub(super) mount_has_prefix: bool,
}

impl<'a> Anchor<'a> {
    pub(super) fn find(kit: &Kit<'a>, route: &'a NewRoute) -> Option<Self> {
        let rules = route.mount.as_ref()?;
        Self::in_front(kit, route, rules).or_else(|| Self::behind(kit, route, rules))
    }

    /// In front of the first call that would leave nothing to the router.
    fn in_front(kit: &Kit<'a>, route: &'a NewRoute, rules: &'a Mount) -> Option<Self> {
        let program: &'a crate::resolve::Program = kit.cx.program;
        callers(kit).find_map(|file| {
            let facts = program.facts(file);
            let call = facts
                .calls
                .iter()
                .find(|c| is_member(c, &rules.after) && hands_over(facts, c, &rules.before))?;
            let sibling = routers(kit, file, facts, rules).last();
            let outer = outer_path(kit, file);
            Some(Self { file, route, rules, call, in_front: true, sibling, outer, mount_has_prefix: true })
        })
    }

    /// Behind the last router that is mounted, else behind the last handler that is registered on the app itself.
    fn behind(kit: &Kit<'a>, route: &'a NewRoute, rules: &'a Mount) -> Option<Self> {
        let program: &'a crate::resolve::Program = kit.cx.program;
        let mut best: Option<(usize, Self)> = None;
        for file in callers(kit) {
            let facts = program.facts(file);
            let mounts: Vec<_> = routers(kit, file, facts, rules).collect();
            let sibling = mounts.last().copied();
            let handler = || facts.calls.iter().rfind(|c| !kit.is_python() && registers(kit, c));
            let Some(call) = sibling.map(|(call, _)| call).or_else(handler) else { continue };
            let mount_has_prefix = match sibling {
                Some((call, _)) if kit.is_python() => call.keywords.iter().any(|(k, _)| k == "prefix"),
                _ => true,
            };
            // Routers mounted count for more than handlers; of files with as many the one that is mounted itself.
            let outer = outer_path(kit, file);
            let weight = mounts.len() * 4 + usize::from(!outer.is_empty()) + usize::from(sibling.is_none());
            if best.as_ref().is_none_or(|(w, _)| weight > *w) {
                let anchor =
                    Self { file, route, rules, call, in_front: false, sibling, outer, mount_has_prefix };
                best = Some((weight, anchor));
            }
        }
        best.map(|(_, anchor)| anchor)
    }

    /// 1-based line of the call.
    pub(super) fn line(&self, kit: &Kit<'_>) -> usize {
        kit.text(self.file).line_of(self.call.statement.start as usize)
    }

    /// The path in front of the router, where the router itself says it.
    pub(super) fn own_prefix(&self) -> &str {
        &self.rules.prefix
    }

    /// `/billing`, below the same path as its sibling: `/api/drafts` gives `/api/billing`.
    pub(super) fn prefix(&self) -> String {
        let of_sibling = self.sibling.and_then(|(call, _)| match call.args.first() {
            Some(Expr::Str(path)) => Some(path.clone()),
            _ => call
                .keywords
                .iter()
                .find(|(k, _)| k == "prefix")
                .and_then(|(_, v)| v.as_str().map(str::to_owned)),
        });
        match of_sibling.as_deref().and_then(|p| p.trim_end_matches('/').rsplit_once('/')) {
            Some((above, _)) => format!("{above}{}", self.rules.prefix),
            None => self.rules.prefix.clone(),
        }
    }

    /// Beside the sibling and named as it is: `auth.routes.ts` gives `billing.routes.ts`.
    pub(super) fn new_file(&self, kit: &Kit<'_>) -> String {
        let name = &self.route.file;
        if let Some(made) = own_file(kit, name) {
            return kit.path(made).to_owned();
        }
        if let Some((_, sibling)) = self.sibling {
            let entry = kit.cx.workspace.entry(sibling);
            let rest = entry.name().split_once('.').map_or("", |(_, rest)| rest);
            return join(entry.dir(), &format!("{name}.{rest}"));
        }
        let dir = kit.cx.workspace.entry(self.file).dir();
        join(&join(dir, "routes"), &format!("{name}.{}", kit.source_ext))
    }

    /// `billingRoutes` beside `draftRoutes`.
    pub(super) fn router_name(&self, kit: &Kit<'_>) -> String {
        if kit.is_python() {
            return "router".to_owned();
        }
        let last = self
            .sibling
            .and_then(|(call, _)| call.args.last().and_then(Expr::as_path))
            .and_then(|p| p.as_name().map(str::to_owned));
        let ending =
            last.and_then(|name| ["Routes", "Router", "Route"].into_iter().find(|end| name.ends_with(end)));
        format!("{}{}", camel(&self.route.file), ending.unwrap_or("Routes"))
    }

    /// The edits that mount the router of a file.
    pub(super) fn mount(&self, kit: &Kit<'_>, file: &str) -> Result<Vec<Edit>, String> {
        let text = kit.text(self.file);
        let language = kit.cx.workspace.entry(self.file).language.ok_or("it is no code")?;
        let source = Source::parse(language, text.as_str()).ok_or("it is no code")?;
        let name = self.router_name(kit);
        let local = kit.is_python().then(|| format!("{}_router", self.route.file));
        let wanted = Wanted { local, ..Wanted::file(file, name) };
        let at = self.call.statement.start as usize;
        let (mut edits, names) =
            bring(kit, kit.path(self.file), &source, &[wanted], Some(at)).map_err(|e| e.to_string())?;
        let router = names.first().cloned().unwrap_or_default();
        let app = self.call.callee.root_name().unwrap_or("app");
        let prefix = if self.mount_has_prefix { Some(self.prefix()) } else { None };
        let line = Environment::new()
            .render_str(&self.rules.insert.lines, context! { app, router, prefix })
            .map_err(|e| e.to_string())?;
        let range = self.call.statement.range();
        let style = kit.style_of(&source);
        let insert = if self.in_front { place::before } else { place::after };
        edits.extend(insert(&source, &style, &range, &line, WHY).map_err(|e| e.to_string())?);
        Ok(edits)
    }
}

/// Routers that are mounted in a file, in order, with the calls that mount them; those that were added are not among
/// them.
fn routers<'a>(
    kit: &Kit<'_>,
    file: FileId,
    facts: &'a Facts,
    rules: &Mount,
) -> impl Iterator<Item = (&'a Call, FileId)> {
    let at_top = |call: &&Call| call.function.is_none() || kit.is_python();
    let calls = facts.calls.iter().filter(move |c| is_member(c, &rules.after)).filter(at_top);
    calls.filter_map(move |call| {
        let router = mounted(kit, file, call)?;
        (!is_own(kit, router)).then_some((call, router))
    })
}

/// `app.use(…)`: a member of a name, called.
fn is_member(call: &Call, members: &[String]) -> bool {
    call.callee.segments.len() == 1 && call.callee.segments.last().is_some_and(|m| members.contains(m))
}

/// Whether one of the arguments is a call of one of these.
fn hands_over(facts: &Facts, call: &Call, callees: &[String]) -> bool {
    let made = call.args.iter().filter_map(Expr::as_call).map(|id| facts.call(id).callee.dotted());
    call.function.is_none() && made.into_iter().any(|callee| callees.contains(&callee))
}

/// `app.get("/path", handler)` at the top of a module.
fn registers(kit: &Kit<'_>, call: &Call) -> bool {
    call.callee.segments.len() == 1
        && call.callee.segments.last().is_some_and(|m| is_verb(kit, m))
        && call.function.is_none()
        && call.args.len() > 1
        && matches!(call.args.first(), Some(Expr::Str(path)) if path.starts_with('/'))
}

/// `credyt-webhook` as `credytWebhook`.
fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut text, part| {
        let mut chars = part.chars();
        text.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        text.push_str(chars.as_str());
        text
    })
}
