//! A route the app gets: a file the framework finds by itself, or a router that is mounted beside the app's own.
//!
//! One file serves the portal and the balance where the framework's idiom is a router, so the file is brought along when
//! the second of them is added, as the generated modules are.

mod anchor;
mod doors;
mod front;
mod lacking;
mod listed;
mod mounts;
mod parts;
mod paths;
mod registered;
mod text;
mod within;

use crate::catalog::{Entry, NewRoute, RoutePurpose};
use crate::edit::{EditUnit, NewFile};
use crate::sites::{Detail, SiteKind};
use crate::steps::support::identity::{Home, Signed, Unknown};
use crate::steps::support::{Kit, identity, join, merge};
use crate::steps::{Area, Route, RouteKind, Todo};
use crate::template::Areas;
use crate::workspace::FileId;
use anchor::Anchor;
use listed::Listing;
use within::Within;

pub use front::let_through;
pub(super) use mounts::Mounts;

/// What is added for a route.
#[derive(Debug)]
pub struct Added {
    /// The file and its mount.
    pub unit: EditUnit,
    /// What the app serves then.
    pub route: Route,
    /// The file of the route.
    pub file: String,
    /// What could not be done, or is to be looked at.
    pub todo: Vec<Todo>,
}

/// The purpose's route in the framework's entry.
fn entry_of<'a>(kit: &Kit<'a>, purpose: RoutePurpose) -> Option<(&'a Entry, &'a NewRoute)> {
    // Nobody is signed in for a webhook, so the server's own framework has it where it can.
    let of = |entry: &'a Entry| {
        let routes = entry.framework.iter().flat_map(|f| &f.routes);
        routes.into_iter().find(|r| r.purpose == purpose).map(|r| (entry, r))
    };
    match purpose {
        RoutePurpose::Webhook => of(kit.framework).or_else(|| of(identity::framework(kit))),
        RoutePurpose::Portal | RoutePurpose::Balance => of(identity::framework(kit)),
    }
}

/// The path the app serves (or will serve) a route at.
pub fn path(kit: &Kit<'_>, purpose: RoutePurpose) -> Option<String> {
    let (entry, route) = entry_of(kit, purpose)?;
    if let Some(listed) = &route.listed {
        return Some(Listing::find(kit, entry, route, listed)?.path());
    }
    if route.mount.is_none() {
        return Some(place_of(kit, entry, route).1);
    }
    let anchor = Anchor::find(kit, route)?;
    let file = anchor.new_file(kit);
    if let Err(unknown) = user(kit, route, &Home { path: &file, mounted_in: Some(anchor.file), within: None })
        && let Some(within) = Within::find(kit, route, &unknown)
    {
        return Some(within.path(route));
    }
    Some(format!("{}{}{}", anchor.outer, anchor.prefix(kit), route.path))
}

/// Who is signed in, for a route that asks for that. Credyt signs what it sends; nobody is signed in there.
fn user(kit: &Kit<'_>, route: &NewRoute, home: &Home<'_>) -> Result<Option<Signed>, Unknown> {
    match route.purpose {
        RoutePurpose::Webhook => Ok(None),
        RoutePurpose::Portal | RoutePurpose::Balance => identity::signed(kit, home).map(Some),
    }
}

/// The edits that add a route; `None` when the framework's entry has no such route.
pub fn add(kit: &Kit<'_>, purpose: RoutePurpose, area: Area) -> Option<Result<Added, Todo>> {
    let (entry, route) = entry_of(kit, purpose)?;
    Some(build(kit, entry, route, area))
}

fn build<'a>(kit: &Kit<'a>, entry: &'a Entry, route: &'a NewRoute, area: Area) -> Result<Added, Todo> {
    let unmet = |text: String| Todo { unmet: true, ..Todo::chore(text) };
    let what = &area.title().to_lowercase();
    let anchor = match &route.mount {
        Some(_) => Some(
            Anchor::find(kit, route)
                .ok_or_else(|| Todo::route(what, "no place was found where routes are registered"))?,
        ),
        None => None,
    };
    let listing = match &route.listed {
        Some(listed) => Some(
            Listing::find(kit, entry, route, listed).ok_or_else(|| lacking::listing(kit, listed, what))?,
        ),
        None => None,
    };
    let file = match (&anchor, &listing) {
        (Some(anchor), _) => anchor.new_file(kit),
        (_, Some(listing)) => listing.new_file(kit),
        _ => place_of(kit, entry, route).0,
    };
    let mounted_in = anchor.as_ref().map(|a| a.file).or(listing.as_ref().map(|l| l.file));
    let prefix = match (&anchor, &listing) {
        (Some(anchor), _) => anchor.own_prefix(kit),
        (_, Some(listing)) => Some(listing.prefix()),
        _ => None,
    };
    let signed = match user(kit, route, &Home { path: &file, mounted_in, within: None }) {
        Ok(signed) => signed,
        Err(unknown) => {
            let within = Within::find(kit, route, &unknown).and_then(|w| w.signed(kit).ok().map(|s| (w, s)));
            return match within {
                Some((within, signed)) => among(kit, entry, route, area, &within, &signed),
                None => Err(left(kit, &unknown, what)),
            };
        }
    };
    let before = kit.done;
    let after = before.with(area.id()).unwrap_or(before);
    let path = path(kit, route.purpose).unwrap_or_else(|| route.path.clone());
    let text = |areas: Areas| -> Result<String, Todo> {
        let prefix = prefix.clone();
        let scene = text::Scene {
            entry,
            route,
            file: &file,
            signed: signed.as_ref(),
            anchor: anchor.as_ref(),
            prefix,
        };
        scene
            .render(kit, areas)
            .map_err(|why| unmet(format!("the route `{file}` could not be written: {why}")))
    };
    let mut unit = EditUnit::new(format!("Route {} {path}", route.method), area.what());
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
        && !mounts::is_mounted(kit, &file)
    {
        match anchor.mount(kit, &file) {
            Ok(edits) => unit.add(kit.path(anchor.file), edits),
            Err(why) => todo.push(Todo::unmet(
                format!("mount the router of `{file}` here: {why}"),
                kit.path(anchor.file),
                anchor.line(kit),
            )),
        }
    }
    if let Some(listing) = &listing
        && !listing.has(kit)
    {
        match listing.add(kit, &file) {
            Ok(edits) => unit.add(kit.path(listing.file), edits),
            Err(why) => todo.push(Todo::unmet(
                format!("list the route of `{file}` here: {why}"),
                kit.path(listing.file),
                listing.line(kit),
            )),
        }
    }
    if route.purpose == RoutePurpose::Webhook
        && let Some(kept) = entry.framework.iter().find_map(|f| f.writing.as_ref()?.keeps_body.as_ref())
    {
        match listed::keep_body(kit, kept) {
            Some(Ok((path, edits))) => unit.add(path, edits),
            Some(Err(())) => {}
            None => todo.push(unmet(format!(
                "give `{}` the option `{}: true`: a webhook's signature is over the body as it was sent",
                kept.call, kept.option
            ))),
        }
    }
    todo.extend(signed.iter().filter_map(|signed| doors::other(kit, signed, (route, &path))));
    Ok(Added {
        unit,
        route: Route { what: kind(route.purpose), method: route.method.clone(), path },
        file,
        todo,
    })
}

/// The route written among those of a file that is there.
fn among(
    kit: &Kit<'_>,
    entry: &Entry,
    route: &NewRoute,
    area: Area,
    within: &Within,
    signed: &Signed,
) -> Result<Added, Todo> {
    let path = within.path(route);
    let file = kit.path(within.file).to_owned();
    let areas = Areas::default().with(area.id()).unwrap_or_default();
    let edits = within.edits(kit, entry, route, signed, areas).map_err(|why| {
        Todo::unmet(format!("add {} {path} here: {why}", route.method), file.clone(), within.line(kit))
    })?;
    let unit =
        EditUnit::new(format!("Route {} {path}", route.method), area.what()).edits(file.as_str(), edits);
    let todo = doors::other(kit, signed, (route, &path)).into_iter().collect();
    let route = Route { what: kind(route.purpose), method: route.method.clone(), path };
    Ok(Added { unit, route, file, todo })
}

fn kind(purpose: RoutePurpose) -> RouteKind {
    match purpose {
        RoutePurpose::Portal => RouteKind::Portal,
        RoutePurpose::Balance => RouteKind::Balance,
        RoutePurpose::Webhook => RouteKind::Webhook,
    }
}

/// What a person has to do for a route whose user is not known.
fn left(kit: &Kit<'_>, unknown: &Unknown, what: &str) -> Todo {
    match unknown {
        Unknown::Nobody => lacking::user(kit, what),
        Unknown::Local { name, file, line } => {
            let why = format!(
                "`{name}`, by which the signed-in user is known, is local to this file; move it into a module that others \
                 can import, and run the step again"
            );
            Todo::route(what, why).at(kit.path(*file), *line)
        }
    }
}

/// The file and the path of a route that the framework finds by itself.
fn place_of(kit: &Kit<'_>, entry: &Entry, route: &NewRoute) -> (String, String) {
    let root = kit.cx.app.dir();
    let dirs = entry.framework.as_ref().map_or(&[][..], |f| f.route_dirs.as_slice());
    let exists = |dir: &&String| kit.cx.workspace.has_dir(&join(root, dir));
    let routes = dirs.iter().find(exists).or(dirs.last()).map_or("", String::as_str);
    let file = route.file.replace("{routes}", routes).replace("{ext}", &kit.source_ext);
    let usual = (join(root, &file), route.path.clone());
    if route.purpose != RoutePurpose::Webhook {
        return usual;
    }
    beside_another_sender(kit, &usual.0).unwrap_or(usual)
}

/// Where the app has another sender's webhook in a folder of that sender's name, ours goes beside it:
/// `api/stripe/webhook/route.ts` gives `api/credyt/webhook/route.ts`. Rules that let such paths through then hold for
/// both.
fn beside_another_sender(kit: &Kit<'_>, usual: &str) -> Option<(String, String)> {
    const OURS: &str = "credyt";
    let usual_name = usual.rsplit('/').next()?;
    let site = kit.cx.sites.iter().find(|s| s.kind == SiteKind::Webhook && s.selected)?;
    let Detail::Webhook(webhook) = &site.detail else { return None };
    let sender = webhook.sender.as_deref()?;
    let named = site.file.split('/').any(|part| part == sender);
    let (_, name) = site.file.rsplit_once('/')?;
    if !named || name != usual_name {
        return None;
    }
    let parts = |path: &str| {
        path.split('/').map(|p| if p == sender { OURS } else { p }.to_owned()).collect::<Vec<_>>()
    };
    let file = parts(&site.file).join("/");
    let dir = file.strip_suffix(&format!("/{name}"))?;
    let dirs = kit.framework.framework.as_ref().map_or(&[][..], |f| f.route_dirs.as_slice());
    let path = address(kit, dirs, dir)?;
    Some((file.clone(), path))
}

/// The path of a folder of routes. Folders in brackets group routes and are no part of it.
fn address(kit: &Kit<'_>, dirs: &[String], dir: &str) -> Option<String> {
    let below = dirs.iter().find_map(|d| dir.strip_prefix(&format!("{}/", join(kit.cx.app.dir(), d))))?;
    let path: Vec<&str> = below.split('/').filter(|p| !p.starts_with('(')).collect();
    Some(format!("/{}", path.join("/")))
}

/// The path at which the framework serves a file, up to the first part that a request fills in; nothing for files that
/// are no routes by their place.
pub fn served_at(kit: &Kit<'_>, file: FileId) -> Option<String> {
    let framework = kit.framework.framework.as_ref()?;
    let entry = kit.cx.workspace.entry(file);
    let names = framework.routes.iter().filter_map(|route| route.file.rsplit('/').next());
    let stem = entry.name().split('.').next();
    names.into_iter().find(|name| name.split('.').next() == stem)?;
    let path = address(kit, &framework.route_dirs, entry.dir())?;
    Some(path.split('[').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests;
