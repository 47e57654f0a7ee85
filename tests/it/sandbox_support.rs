//! A sandbox in this process and a plain HTTP client for it.

#![expect(clippy::unwrap_used, reason = "a fault in the set-up is to fail the test right there")]

use std::sync::Once;

use credyt_integrate::sandbox::{Handle, SANDBOX_KEY, Sandbox, SandboxConfig};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A running sandbox with a client that sends the key.
pub(crate) struct Bench {
    pub(crate) handle: Handle,
    pub(crate) http: reqwest::Client,
}

/// An answer: status, `Location`, body (null when there is none).
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::with(SandboxConfig::default()).await
    }

    pub(crate) async fn with(config: SandboxConfig) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { handle: Sandbox::start(config).await.unwrap(), http }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<String>) -> Answer {
        let mut request = self.http.request(method, self.url(path)).header("X-CREDYT-API-KEY", SANDBOX_KEY);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn form(&self, address: &str, fields: &'static str) -> Answer {
        let request =
            self.http.post(address).header("content-type", "application/x-www-form-urlencoded").body(fields);
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn page(&self, address: &str) -> Answer {
        read(self.http.get(address).send().await.unwrap()).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.handle.url())
    }

    /// A customer with one subscription; returns its id.
    pub(crate) async fn customer(&self, external_id: &str, product: &str) -> String {
        let body = json!({
            "name": "Ada", "external_id": external_id, "email": "ada@example.com",
            "subscriptions": [{"products": [{"code": product}], "return_url": "https://app.example.com/ok",
                               "failure_url": "https://app.example.com/failed"}],
        });
        let made = self.post("/customers", body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.body["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn usage(&self, customer: &str, id: &str, event_type: &str, data: Value) -> Answer {
        let event =
            json!({"id": id, "event_type": event_type, "occurred_at": jiff::Timestamp::now(), "data": data});
        self.post("/events", json!({"customer_id": customer, "events": [event]})).await
    }

    /// The balance of an account as the text of its JSON number.
    pub(crate) async fn balance(&self, customer: &str, account: &str) -> String {
        self.get(&format!("/customers/{customer}/wallet/{account}")).await.body["available"].to_string()
    }
}

async fn read(response: reqwest::Response) -> Answer {
    let status: StatusCode = response.status();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (location, retry_after) = (header("location"), header("retry-after"));
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status: status.as_u16(), location, retry_after, text, body }
}
