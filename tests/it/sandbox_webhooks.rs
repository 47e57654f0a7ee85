//! Webhooks of the sandbox, received by a real server: signed, repeated, listed.

#![expect(clippy::unwrap_used, reason = "a fault in the set-up is to fail the test right there")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use credyt_integrate::credyt::verify;
use credyt_integrate::sandbox::SandboxConfig;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::sandbox_support::Bench;

/// A receiver that answers the status it is told and passes on what it gets.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    received: mpsc::UnboundedReceiver<(String, Bytes)>,
}

type Shared = (Arc<AtomicU16>, mpsc::UnboundedSender<(String, Bytes)>);

impl Receiver {
    async fn start() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let (sender, received) = mpsc::unbounded_channel();
        let shared: Shared = (Arc::clone(&status), sender);
        let router = Router::new().fallback(take).with_state(shared);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/credyt", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, status, received }
    }
}

async fn take(State((status, sender)): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature =
        headers.get("credyt-signature").map(|value| value.to_str().unwrap_or_default().to_owned());
    drop(sender.send((signature.unwrap_or_default(), body)));
    StatusCode::from_u16(status.load(Ordering::SeqCst)).unwrap_or(StatusCode::OK)
}

#[tokio::test]
async fn activation_is_delivered_signed_with_the_destination_secret() {
    let mut receiver = Receiver::start().await;
    let secret = "whsec_known_beforehand";
    let config = SandboxConfig {
        webhook: Some((receiver.url.clone(), Some(secret.to_owned()))),
        ..SandboxConfig::default()
    };
    let bench = Bench::with(config).await;
    let customer = bench.customer("user_1", "default_plan").await;
    let (signature, body) = receiver.received.recv().await.unwrap();
    let now = jiff::Timestamp::now().as_second();
    assert!(verify(secret, &signature, &body, now), "{signature}");
    assert!(!verify("whsec_other", &signature, &body, now));
    let envelope: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&envelope["type"], &envelope["live_mode"]),
        (&json!("subscription.activated"), &json!(false))
    );
    assert_eq!(envelope["data"]["customer_id"], *customer);
    assert!(envelope["id"].as_str().unwrap().starts_with("evt_"));
}

#[tokio::test]
async fn a_failed_delivery_is_repeated_with_the_same_event_and_listed() {
    let mut receiver = Receiver::start().await;
    let bench = Bench::start().await;
    bench.handle.behave(|b| b.webhook_retry_ms = 0);
    let made = bench.post("/webhooks", json!({"url": receiver.url})).await;
    assert!(made.status == 201 && made.body["secret"].as_str().unwrap().starts_with("whsec_"));
    let id = made.body["id"].as_str().unwrap();
    receiver.status.store(500, Ordering::SeqCst);
    let queued = bench.post(&format!("/webhooks/{id}/test/customer.created"), json!({"any": "thing"})).await;
    assert_eq!(queued.status, 202);
    let (_, first) = receiver.received.recv().await.unwrap();
    receiver.status.store(204, Ordering::SeqCst);
    let (_, second) = receiver.received.recv().await.unwrap();
    assert_eq!(first, second, "the same event, so that a receiver can drop repeats");
    let event: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!((&event["id"], &event["data"]), (&queued.body["id"], &json!({"any": "thing"})));
}

#[tokio::test]
async fn destinations_can_be_listed_paused_and_removed() {
    let bench = Bench::start().await;
    let made = bench
        .post("/webhooks", json!({"url": "http://127.0.0.1:9/x", "topics": ["subscription.activated"]}))
        .await;
    let path = format!("/webhooks/{}", made.body["id"].as_str().unwrap());
    assert_eq!(bench.get(&path).await.body["secret"], made.body["secret"]);
    let paused = bench.patch(&path, json!({"enabled": false})).await;
    assert_eq!((paused.status, &paused.body["enabled"]), (200, &json!(false)));
    let listed = bench.get("/webhooks?enabled=false").await.body;
    assert_eq!(listed["total_count"], 1);
    assert!(listed["items"][0]["secret"].is_null() && listed["limit"].is_null(), "{listed}");
    assert_eq!(bench.get("/webhooks/events").await.body, json!({"models": [], "pagination": {"limit": 20}}));
    assert_eq!(bench.delete(&path).await.status, 204);
    assert_eq!(bench.get(&path).await.status, 404);
    assert_eq!(bench.post("/webhooks", json!({"url": "not an address"})).await.status, 422);
}
