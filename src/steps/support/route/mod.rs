//! A route the app gets: a file the framework finds by itself, or a router that is mounted beside the app's own.
//!
//! One file serves the portal and the balance where the framework's idiom is a router, so the file is brought along when
//! the second of them is added, as the generated modules are.

mod anchor;
mod front;
mod mounts;
mod text;

use crate::catalog::{Entry, NewRoute, RoutePurpose};
use crate::edit::{EditUnit, NewFile};
use crate::sites::{Detail, SiteKind};
use crate::steps::support::{Kit, identity, join, merge};
use crate::steps::{Area, Route, RouteKind, Todo};
use crate::template::Areas;
use anchor::Anchor;

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
        return Some(place_of(kit, route).1);
    }
    let anchor = Anchor::find(kit, route)?;
    Some(format!("{}{}{}", anchor.outer, anchor.prefix(), route.path))
}

/// The edits that add a route; `None` when the framework's entry has no such route.
pub fn add(kit: &Kit<'_>, purpose: RoutePurpose, area: Area) -> Option<Result<Added, Todo>> {
    let (entry, route) = entry_of(kit, purpose)?;
    Some(build(kit, entry, route, area))
}

fn build<'a>(kit: &Kit<'a>, entry: &'a Entry, route: &'a NewRoute, area: Area) -> Result<Added, Todo> {
    let unmet = |text: String| Todo { unmet: true, ..Todo::chore(text) };
    let what = area.title().to_lowercase();
    let anchor = match &route.mount {
        Some(_) => Some(Anchor::find(kit, route).ok_or_else(|| {
            unmet(format!("add a route for {what}: no place was found where routes are registered"))
        })?),
        None => None,
    };
    let file = match &anchor {
        Some(anchor) => anchor.new_file(kit),
        None => place_of(kit, route).0,
    };
    // Credyt signs what it sends; nobody is signed in there.
    let signed = match route.purpose {
        RoutePurpose::Webhook => None,
        RoutePurpose::Portal | RoutePurpose::Balance => {
            Some(identity::signed(kit, &file).ok_or_else(|| {
                unmet(format!(
                    "add a route for {what}: no handler of the app shows how the signed-in user is known"
                ))
            })?)
        }
    };
    let before = kit.done;
    let after = before.with(area.id()).unwrap_or(before);
    let path = path(kit, route.purpose).unwrap_or_else(|| route.path.clone());
    let text = |areas: Areas| -> Result<String, Todo> {
        let scene =
            text::Scene { entry, route, file: &file, signed: signed.as_ref(), anchor: anchor.as_ref() };
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
    let what = match route.purpose {
        RoutePurpose::Portal => RouteKind::Portal,
        RoutePurpose::Balance => RouteKind::Balance,
        RoutePurpose::Webhook => RouteKind::Webhook,
    };
    Ok(Added { unit, route: Route { what, method: route.method.clone(), path }, file, todo })
}

/// The file and the path of a route that the framework finds by itself.
fn place_of(kit: &Kit<'_>, route: &NewRoute) -> (String, String) {
    let root = kit.cx.app.dir();
    let dirs = kit.framework.framework.as_ref().map_or(&[][..], |f| f.route_dirs.as_slice());
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
    let below = dirs.iter().find_map(|d| dir.strip_prefix(&format!("{}/", join(kit.cx.app.dir(), d))))?;
    // Folders in brackets group routes and are no part of the path.
    let path: Vec<&str> = below.split('/').filter(|p| !p.starts_with('(')).collect();
    Some((file.clone(), format!("/{}", path.join("/"))))
}
