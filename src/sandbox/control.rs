//! `/_sandbox/…`: what the real service does not have. The state as JSON, its changes as a stream, the switches, the clock.
//!
//! Needs no key, so it is for this machine only ([`super::origin`]), and changes must be JSON: a web page cannot send that
//! elsewhere without being asked first.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::app::App;
use super::behaviour::BehaviourPatch;
use super::extract::{Body, says_json};
use super::refusal::Refusal;
use super::store::{CLOCK_LIMIT, Customer, Store, StoredEvent, TopUp};
use crate::credyt::shape::api_object;

/// Changes within this time are shown together.
const GATHER: Duration = Duration::from_millis(120);
/// How much of each list the dashboard gets.
const SHOWN: usize = 100;
/// How many doubtful events it gets, also when many others came after them.
const DOUBTS: usize = 20;

api_object! {
    /// Moves the sandbox's clock.
    pub(crate) struct ClockRequest {
        /// Seconds to add; time only moves forward.
        pub(crate) advance_seconds: u32,
    }
}

pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/_sandbox/state", get(state))
        .route("/_sandbox/stream", get(stream))
        .route("/_sandbox/behaviour", get(read_behaviour).post(change_behaviour))
        .route("/_sandbox/clock", post(move_clock))
        .layer(from_fn(json_only))
}

async fn json_only(request: Request, next: Next) -> Response {
    if request.method() == axum::http::Method::POST && !says_json(request.headers()).unwrap_or(false) {
        return Refusal::malformed("The body must be sent as application/json.").into_response();
    }
    next.run(request).await
}

async fn state(State(app): State<App>) -> Response {
    axum::Json(snapshot(&app)).into_response()
}

async fn read_behaviour(State(app): State<App>) -> Response {
    axum::Json(app.read(|store, _| store.behaviour.clone())).into_response()
}

async fn change_behaviour(State(app): State<App>, Body(patch): Body<BehaviourPatch>) -> Response {
    let now = app.write(|store, _| {
        store.behaviour.apply(&patch);
        store.behaviour.clone()
    });
    axum::Json(now).into_response()
}

async fn move_clock(State(app): State<App>, Body(request): Body<ClockRequest>) -> Response {
    let moved = app.write(|store, _| {
        let offset = store.clock_offset.saturating_add(i64::from(request.advance_seconds));
        let fits = offset <= CLOCK_LIMIT;
        if fits {
            store.clock_offset = offset;
        }
        fits
    });
    if !moved {
        let detail = "The sandbox's clock goes at most a thousand years ahead.";
        return Refusal::field("advance_seconds", detail).into_response();
    }
    axum::Json(json!({"now": app.read(|_, now| now)})).into_response()
}

/// Snapshots as server-sent events: one at once, then one after each burst of changes.
async fn stream(State(app): State<App>) -> impl IntoResponse {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut activity = app.activity();
        loop {
            activity.mark_unchanged();
            let event = Event::default().data(snapshot(&app).to_string());
            let changed = async {
                if sender.send(Ok(event)).await.is_ok() && activity.changed().await.is_ok() {
                    tokio::time::sleep(GATHER).await;
                    return true;
                }
                false
            };
            tokio::select! {
                more = changed => if !more { return },
                () = app.stopping() => return,
                () = sender.closed() => return,
            }
        }
    });
    Sse::new(Snapshots(receiver)).keep_alive(KeepAlive::default())
}

/// The receiving half as a stream.
struct Snapshots(mpsc::Receiver<Result<Event, Infallible>>);

impl futures_core::Stream for Snapshots {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

/// Everything the dashboard shows, newest first.
pub(crate) fn snapshot(app: &App) -> Value {
    let mut shown = app.read(|store, now| {
        json!({
            "now": now,
            "base": app.base(),
            "behaviour": store.behaviour,
            "counts": {
                "customers": store.customers.len(),
                "events": store.events.len(),
                "deliveries": store.deliveries.len(),
            },
            "stats": store.total_stats(super::store::Period::default()),
            "customers": store.customers.values().rev().take(SHOWN).map(|customer| customer_json(customer, now)).collect::<Vec<_>>(),
            "doubts": store.doubtful(DOUBTS).map(|stored| event_json(store, stored)).collect::<Vec<_>>(),
            "events": store.events.values().rev().take(SHOWN).map(|stored| event_json(store, stored)).collect::<Vec<_>>(),
            "top_ups": store.top_ups.values().rev().take(SHOWN).map(top_up_json).collect::<Vec<_>>(),
            "deliveries": store.deliveries.iter().rev().take(SHOWN).map(|delivery| json!({
                "id": delivery.id,
                "topic": delivery.topic,
                "time": delivery.time,
                "success": delivery.successful_at.is_some(),
                "metadata": delivery.metadata,
                "url": store.webhooks.get(&delivery.destination_id).map(|webhook| webhook.url.clone()),
            })).collect::<Vec<_>>(),
            "products": store.products.values().filter(|product| !product.archived).map(|product| json!({
                "id": product.id, "code": product.code, "name": product.name, "default_version": product.default_version,
            })).collect::<Vec<_>>(),
            "event_types": store.event_types(),
        })
    });
    app.feed(|feed| {
        shown["counts"]["requests"] = json!(feed.total);
        shown["requests"] = json!(feed.requests.iter().rev().take(SHOWN).collect::<Vec<_>>());
        shown["rejected"] = json!(
            feed.requests.iter().rev().filter(|line| line.status >= 400).take(SHOWN).collect::<Vec<_>>()
        );
        shown["notes"] = json!(feed.notes.iter().rev().collect::<Vec<_>>());
    });
    shown
}

fn customer_json(customer: &Customer, now: jiff::Timestamp) -> Value {
    let accounts = customer.accounts.values().map(
        |account| json!({"id": account.id(), "asset": account.asset, "available": account.available(now)}),
    );
    let subscriptions = customer.subscriptions.iter().map(|subscription| {
        let products: Vec<String> =
            subscription.products.iter().map(|p| format!("{} v{}", p.code, p.version)).collect();
        json!({"id": subscription.id, "status": subscription.status.word(), "products": products})
    });
    json!({
        "id": customer.id,
        "external_id": customer.external_id,
        "name": customer.name,
        "email": customer.email,
        "created_at": customer.created_at,
        "accounts": accounts.collect::<Vec<_>>(),
        "subscriptions": subscriptions.collect::<Vec<_>>(),
    })
}

fn top_up_json(top_up: &TopUp) -> Value {
    json!({
        "id": top_up.id,
        "customer_id": top_up.customer_id,
        "amount": top_up.amount,
        "currency": top_up.currency,
        "status": top_up.status.word(),
        "paid_at": top_up.paid_at,
    })
}

fn event_json(store: &Store, stored: &StoredEvent) -> Value {
    let event = &stored.event;
    let customer = store.customers.get(&event.customer_id);
    json!({
        "id": event.id,
        "customer_id": event.customer_id,
        "external_id": customer.and_then(|customer| customer.external_id.clone()),
        "customer": customer.map(|customer| customer.name.clone()),
        "event_type": event.event_type,
        "subject": event.subject,
        "occurred_at": event.occurred_at,
        "created_at": event.created_at,
        "data": event.data,
        "fees": event.fees,
        "costs": event.costs,
        "stats": event.stats,
        "billed": stored.billed,
        "doubt": stored.doubt,
    })
}
