//! `/webhooks`: destinations, test deliveries, and the list of deliveries.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use super::{Answer, created, done, ok, with_status};
use crate::credyt::types::{
    CreateWebhookRequest, TestWebhookResponse, UpdateWebhookRequest, WebhookDestination,
};
use crate::sandbox::app::App;
use crate::sandbox::extract::{AnyJson, Body, Params};
use crate::sandbox::refusal::Refusal;

pub(crate) async fn create(State(app): State<App>, Body(request): Body<CreateWebhookRequest>) -> Answer {
    app.write(|store, now| store.create_webhook(request, None, now)).map(|made| created(&made))
}

pub(crate) async fn list(State(app): State<App>, params: Params) -> Answer {
    let (enabled, connect) = (params.flag("enabled")?, params.flag("connect")?);
    let items: Vec<WebhookDestination> = app.read(|store, _| {
        let matching = store.webhooks.values().filter(|webhook| {
            enabled.is_none_or(|wanted| wanted == webhook.enabled)
                && connect.is_none_or(|wanted| wanted == webhook.connect)
        });
        matching.map(|webhook| WebhookDestination { secret: None, ..webhook.clone() }).collect()
    });
    Ok(ok(&serde_json::json!({"total_count": items.len(), "items": items})))
}

pub(crate) async fn read(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.read(|store, _| store.webhook(&id).map(ok))
}

pub(crate) async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(request): Body<UpdateWebhookRequest>,
) -> Answer {
    app.write(|store, now| store.update_webhook(&id, request, now)).map(|webhook| ok(&webhook))
}

pub(crate) async fn delete(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.write(|store, _| {
        store.webhook(&id)?;
        store.webhooks.remove(&id);
        Ok(done())
    })
}

/// Deliveries, newest first; a cursor is the number of deliveries skipped.
pub(crate) async fn events(State(app): State<App>, params: Params) -> Answer {
    let limit = params.limit()?;
    let skip: usize = match (params.parsed("next", "a cursor")?, params.parsed::<usize>("prev", "a cursor")?)
    {
        (Some(next), _) => next,
        (None, Some(prev)) => prev,
        (None, None) => 0,
    };
    let wanted = match params.text("status") {
        None => None,
        Some("Success") => Some(true),
        Some("Failed") => Some(false),
        Some(_) => return Err(Refusal::field("status", "Expected one of Success, Failed.")),
    };
    let (from, to) = (params.time("time_gte")?, params.time("time_lte")?);
    let destinations: Option<Vec<&str>> = params.text("destination_id").map(|list| list.split(',').collect());
    app.read(|store, _| {
        let matching: Vec<_> = store
            .deliveries
            .iter()
            .rev()
            .filter(|delivery| {
                destinations.as_ref().is_none_or(|ids| ids.contains(&delivery.destination_id.as_str()))
                    && wanted.is_none_or(|success| success == delivery.successful_at.is_some())
                    && from.is_none_or(|from| delivery.time >= from)
                    && to.is_none_or(|to| delivery.time <= to)
            })
            .collect();
        let models: Vec<_> = matching.iter().skip(skip).take(limit).collect();
        let mut pagination = serde_json::json!({"limit": limit});
        if skip + models.len() < matching.len() {
            pagination["next"] = Value::from((skip + limit).to_string());
        }
        if skip > 0 {
            pagination["prev"] = Value::from(skip.saturating_sub(limit).to_string());
        }
        Ok(ok(&serde_json::json!({"models": models, "pagination": pagination})))
    })
}

pub(crate) async fn test_one(
    State(app): State<App>,
    Path((id, topic)): Path<(String, String)>,
    AnyJson(data): AnyJson,
) -> Answer {
    app.read(|store, _| store.webhook(&id).map(drop))?;
    Ok(queue(&app, &[id], &topic, &data))
}

pub(crate) async fn test_one_connected(
    State(app): State<App>,
    Path((id, topic, account)): Path<(String, String, String)>,
    AnyJson(data): AnyJson,
) -> Answer {
    app.read(|store, _| store.webhook(&id).map(drop))?;
    known_account(&app, &account)?;
    Ok(queue(&app, &[id], &topic, &data))
}

pub(crate) async fn test_all(
    State(app): State<App>,
    Path(topic): Path<String>,
    AnyJson(data): AnyJson,
) -> Answer {
    let own = destinations(&app, false);
    Ok(queue(&app, &own, &topic, &data))
}

pub(crate) async fn test_all_connected(
    State(app): State<App>,
    Path((topic, account)): Path<(String, String)>,
    AnyJson(data): AnyJson,
) -> Answer {
    known_account(&app, &account)?;
    let connected = destinations(&app, true);
    Ok(queue(&app, &connected, &topic, &data))
}

fn destinations(app: &App, connect: bool) -> Vec<String> {
    app.read(|store, _| {
        let matching =
            store.webhooks.values().filter(|webhook| webhook.enabled && webhook.connect == connect);
        matching.map(|webhook| webhook.id.clone()).collect()
    })
}

fn known_account(app: &App, id: &str) -> Result<(), Refusal> {
    let known = app.read(|store, _| store.accounts.contains_key(id));
    if known { Ok(()) } else { Err(Refusal::missing(format!("There is no account {id}."))) }
}

fn queue(app: &App, destinations: &[String], topic: &str, data: &Value) -> Response {
    let id = app.write(|store, now| store.send_to(destinations, topic, data, now));
    with_status(StatusCode::ACCEPTED, &TestWebhookResponse { id })
}
