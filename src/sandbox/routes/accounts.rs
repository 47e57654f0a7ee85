//! `/accounts`: whose key this is, and connected accounts.

use axum::extract::{Path, State};

use super::{Answer, created, found, ok};
use crate::credyt::types::{AccountContext, CreateAccountRequest};
use crate::sandbox::app::App;
use crate::sandbox::extract::{Body, Params};
use crate::sandbox::refusal::Refusal;

pub(crate) async fn context() -> Answer {
    Ok(ok(&AccountContext {
        account_id: "acc_00000000000000000000sandbox".to_owned(),
        environment: "test".to_owned(),
        org_id: None,
        name: Some("Sandbox".to_owned()),
    }))
}

pub(crate) async fn create(State(app): State<App>, Body(request): Body<CreateAccountRequest>) -> Answer {
    let id = app.write(|store, now| store.create_account(request, now))?;
    Ok(created(&serde_json::json!({"id": id})))
}

pub(crate) async fn list(State(app): State<App>, params: Params) -> Answer {
    if let Some(external_id) = params.text("external_id") {
        let account = app
            .read(|store, _| {
                store.accounts.values().find(|a| a.external_id.as_deref() == Some(external_id)).cloned()
            })
            .ok_or_else(|| {
                Refusal::missing(format!("There is no account with external_id {external_id}."))
            })?;
        return Ok(found(&app, &format!("/accounts/{}", account.id), &account, &account));
    }
    app.read(|store, _| params.page(store.accounts.values(), Clone::clone)).map(|page| ok(&page))
}

pub(crate) async fn read(State(app): State<App>, Path(id): Path<String>) -> Answer {
    let account = app.read(|store, _| store.accounts.get(&id).cloned());
    account.map(|account| ok(&account)).ok_or_else(|| Refusal::missing(format!("There is no account {id}.")))
}
