//! `/customers/{id}/wallet`: balances, adjustments, charges, transactions, grants.

use axum::extract::{Path, State};

use super::{Answer, created, ok};
use crate::credyt::types::{CreateAdjustmentRequest, CreateChargeRequest};
use crate::sandbox::app::App;
use crate::sandbox::extract::{Body, Params};

pub(crate) async fn read(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.read(|store, now| store.wallet(&id, now)).map(|wallet| ok(&wallet))
}

pub(crate) async fn account(State(app): State<App>, Path((id, account)): Path<(String, String)>) -> Answer {
    app.read(|store, now| store.account_details(&id, &account, now)).map(|account| ok(&account))
}

pub(crate) async fn adjust(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(request): Body<CreateAdjustmentRequest>,
) -> Answer {
    app.write(|store, now| store.adjust(&id, request, now)).map(|made| created(&made))
}

pub(crate) async fn charge(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(request): Body<CreateChargeRequest>,
) -> Answer {
    app.write(|store, now| store.charge(&id, request, now))?;
    Ok(created(&serde_json::json!({})))
}

pub(crate) async fn transaction(
    State(app): State<App>,
    Path((id, transaction)): Path<(String, String)>,
) -> Answer {
    app.read(|store, _| store.transaction(&id, &transaction)).map(|transaction| ok(&transaction))
}

pub(crate) async fn grants(
    State(app): State<App>,
    Path((id, account)): Path<(String, String)>,
    params: Params,
) -> Answer {
    let exclude_expired = params.flag("exclude_expired")?.unwrap_or(false);
    let effective = (params.time("effective_from")?, params.time("effective_to")?);
    let expired = (params.time("expired_from")?, params.time("expired_to")?);
    app.read(|store, now| {
        let grants = store.account(&id, &account)?.grants.iter().filter(|grant| {
            params.text("purpose").is_none_or(|purpose| purpose == grant.purpose)
                && !(exclude_expired && grant.expires_at <= now)
                && effective.0.is_none_or(|from| grant.effective_at >= from)
                && effective.1.is_none_or(|to| grant.effective_at <= to)
                && expired.0.is_none_or(|from| grant.expires_at >= from)
                && expired.1.is_none_or(|to| grant.expires_at <= to)
        });
        params.page(grants, |grant| grant.view(now)).map(|page| ok(&page))
    })
}
