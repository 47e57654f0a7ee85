//! A front end that is no part of the server's app: it fetches the routes, and is not edited.

use crate::catalog::{AppLanguage, Kind, Markup};
use crate::fingerprint::App;
use crate::sites::{SELECT_FROM, Site, ui_slots};
use crate::steps::support::Kit;

/// Where the front end beside the server's app shows people their account.
pub fn slot(kit: &Kit<'_>) -> Option<Site> {
    let of_browser = |entry: &&crate::catalog::Entry| {
        let markup = entry.ui.as_ref().is_some_and(|ui| ui.markup != Markup::Pug);
        entry.kind == Kind::Ui && markup && entry.languages.contains(&AppLanguage::Typescript)
    };
    let app = App {
        root: ".".to_owned(),
        folders: vec![String::new()],
        foreign: Vec::new(),
        entries: kit.cx.catalog.entries().iter().filter(of_browser).map(|entry| entry.id.clone()).collect(),
        ..kit.cx.app.clone()
    };
    let slots = ui_slots(kit.cx.program, kit.cx.catalog, &app);
    slots.into_iter().next().filter(|slot| slot.score >= SELECT_FROM)
}
