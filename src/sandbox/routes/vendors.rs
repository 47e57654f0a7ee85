//! `/vendors`.

use axum::extract::{Path, State};

use super::{Answer, created, found, ok};
use crate::credyt::types::CreateVendorRequest;
use crate::sandbox::app::App;
use crate::sandbox::extract::{Body, Params};
use crate::sandbox::refusal::Refusal;

pub(crate) async fn create(State(app): State<App>, Body(request): Body<CreateVendorRequest>) -> Answer {
    app.write(|store, now| store.create_vendor(request, now)).map(|made| created(&made))
}

pub(crate) async fn list(State(app): State<App>, params: Params) -> Answer {
    if let Some(external_id) = params.text("external_id") {
        let vendor = app
            .read(|store, _| store.vendor_by_external_id(external_id).cloned())
            .ok_or_else(|| Refusal::missing(format!("There is no vendor with external_id {external_id}.")))?;
        return Ok(found(&app, &format!("/vendors/{}", vendor.id), &vendor, &vendor));
    }
    app.read(|store, _| params.page(store.vendors.values(), Clone::clone)).map(|page| ok(&page))
}

pub(crate) async fn read(State(app): State<App>, Path(id): Path<String>) -> Answer {
    let vendor = app.read(|store, _| store.vendors.get(&id).cloned());
    vendor.map(|vendor| ok(&vendor)).ok_or_else(|| Refusal::missing(format!("There is no vendor {id}.")))
}

pub(crate) async fn stats(State(app): State<App>, Path(id): Path<String>, params: Params) -> Answer {
    let period = params.period()?;
    app.read(|store, _| {
        if !store.vendors.contains_key(&id) {
            return Err(Refusal::missing(format!("There is no vendor {id}.")));
        }
        Ok(ok(&store.vendor_stats(&id, params.text("category"), period)))
    })
}
