//! How many events a second the sandbox takes, over HTTP, with the senders on the same machine.
//!
//! `cargo bench --bench sandbox` prints one line for single events and one for batches. Each event is checked, priced and
//! debited before its request is answered.

#![expect(
    clippy::cast_precision_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement prints, and a fault in it may end it"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use credyt_integrate::sandbox::{SANDBOX_KEY, Sandbox, SandboxConfig};
use serde_json::{Value, json};

const SENDERS: usize = 8;
const TIME: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    drop(rustls::crypto::ring::default_provider().install_default());
    for batch in [1, 20] {
        let handle = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let http = reqwest::Client::new();
        let customer = json!({"name": "Bench", "external_id": "bench", "subscriptions": [{"products": [{"code": "default_plan"}]}]});
        send(&http, &format!("{}/customers", handle.url()), customer).await;
        let taken = Arc::new(AtomicU64::new(0));
        let began = Instant::now();
        let senders: Vec<_> = (0..SENDERS)
            .map(|_| tokio::spawn(flood(http.clone(), handle.url(), batch, Arc::clone(&taken), began)))
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        let events = taken.load(Ordering::Relaxed);
        let rate = events as f64 / began.elapsed().as_secs_f64();
        println!("{batch:>3} to a request: {rate:>8.0} events/s, {:>7.0} requests/s", rate / batch as f64);
        handle.shutdown().await.unwrap();
    }
}

async fn flood(http: reqwest::Client, base: String, batch: usize, taken: Arc<AtomicU64>, began: Instant) {
    let address = format!("{base}/events");
    while began.elapsed() < TIME {
        let now = jiff::Timestamp::now();
        let events: Vec<Value> = (0..batch)
            .map(|_| {
                json!({"id": uuid::Uuid::new_v4(), "event_type": "completion_finished", "occurred_at": now,
                       "data": {"total_tokens": 1840, "model": "m"}})
            })
            .collect();
        send(&http, &address, json!({"customer_external_id": "bench", "events": events})).await;
        taken.fetch_add(batch as u64, Ordering::Relaxed);
    }
}

async fn send(http: &reqwest::Client, address: &str, body: Value) {
    let request = http.post(address).header("x-credyt-api-key", SANDBOX_KEY).json(&body);
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}
