//! The sandbox, and what it knows: customers, balances, events.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use credyt_integrate::sandbox::{Behaviour, Handle, SANDBOX_KEY, Sandbox, SandboxConfig};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::person::http;

/// How long what an app does in the background may take.
const SOON: Duration = Duration::from_secs(15);

/// What deliveries are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_only_for_tests";

/// The sandbox an app talks to.
pub(crate) struct Ledger {
    handle: Handle,
}

impl Ledger {
    /// A sandbox with the default catalogue, or with one in which no vendor is known, and with a receiver of webhooks.
    pub(crate) async fn start(
        with_vendors: bool,
        webhook: Option<String>,
        folder: &std::path::Path,
    ) -> Result<Self> {
        let webhook = webhook.map(|address| (address, Some(WEBHOOK_SECRET.to_owned())));
        let mut config = SandboxConfig { webhook, ..SandboxConfig::default() };
        if !with_vendors {
            let catalogue: Value =
                serde_json::from_str(include_str!("../../src/sandbox/default_catalogue.json"))?;
            let mut catalogue = catalogue.as_object().cloned().context("the catalogue is an object")?;
            catalogue.remove("vendors");
            let seed = folder.join("catalogue-without-vendors.json");
            std::fs::write(&seed, Value::Object(catalogue).to_string())?;
            config.seed = Some(seed);
        }
        Ok(Self { handle: Sandbox::start(config).await? })
    }

    pub(crate) fn url(&self) -> String {
        self.handle.url()
    }

    /// Changes the switches.
    pub(crate) fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        self.handle.behave(change);
    }

    /// As from the start.
    pub(crate) fn behave_well(&self) {
        self.handle.behave(|behaviour| *behaviour = Behaviour::default());
    }

    /// A call of the API itself, as another program of the same company would make it.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let request = http().post(format!("{}{path}", self.url())).header("X-CREDYT-API-KEY", SANDBOX_KEY);
        let answer = request.json(&body).send().await?;
        ensure!(
            answer.status().is_success(),
            "{path} answered {}: {}",
            answer.status(),
            answer.text().await?
        );
        Ok(answer.json().await?)
    }

    /// The customer with this email.
    pub(crate) fn customer_of(&self, email: &str) -> Option<Value> {
        self.list("customers").into_iter().find(|customer| customer["email"] == email)
    }

    /// The customers with this external id.
    pub(crate) fn customers_for(&self, external_id: &str) -> Vec<Value> {
        self.list("customers").into_iter().filter(|customer| customer["external_id"] == external_id).collect()
    }

    /// The events of a customer by its external id, oldest first.
    pub(crate) fn events_of(&self, external_id: &str) -> Vec<Value> {
        let mut events = self.list("events");
        events.retain(|event| event["external_id"] == external_id);
        events.reverse();
        events
    }

    /// The switches as they are now.
    pub(crate) fn switches(&self) -> Value {
        self.handle.snapshot()["behaviour"].clone()
    }

    fn list(&self, name: &str) -> Vec<Value> {
        self.handle.snapshot()[name].as_array().cloned().unwrap_or_default()
    }

    /// The balance in dollars.
    pub(crate) fn balance(&self, external_id: &str) -> Result<Decimal> {
        let customers = self.customers_for(external_id);
        let customer = customers.first().with_context(|| format!("no customer for {external_id}"))?;
        let accounts = customer["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let account = accounts.iter().find(|account| account["id"] == "default:USD");
        decimal(&account.context("the customer has no account in dollars")?["available"])
    }

    /// Puts money into the customer's wallet.
    pub(crate) async fn fund(&self, external_id: &str, amount: &str) -> Result<()> {
        let customers = self.customers_for(external_id);
        let id = customers.first().and_then(|customer| customer["id"].as_str());
        let id = id.with_context(|| format!("no customer for {external_id}"))?;
        let amount: Value = serde_json::from_str(amount)?;
        let body = json!({
            "transaction_id": uuid::Uuid::new_v4(), "asset": "USD", "amount": amount, "reason": "gift",
        });
        self.post(&format!("/customers/{id}/wallet/adjustments"), body).await?;
        Ok(())
    }

    /// Waits until a customer has this many events.
    pub(crate) async fn events_soon(&self, external_id: &str, count: usize) -> Result<Vec<Value>> {
        let mut events = Vec::new();
        soon(|| {
            events = self.events_of(external_id);
            events.len() >= count
        })
        .await;
        ensure!(events.len() == count, "{count} events were expected, not {events:#?}");
        Ok(events)
    }

    pub(crate) async fn stop(self) {
        drop(self.handle.shutdown().await);
    }
}

/// Waits until something holds, for a while.
pub(crate) async fn soon(holds: impl FnMut() -> bool) -> bool {
    within(SOON, holds).await
}

/// Whether something holds before a time has passed.
pub(crate) async fn within(time: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + time;
    while !holds() {
        if Instant::now() > deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    true
}

/// The exact number of a JSON document.
pub(crate) fn decimal(value: &Value) -> Result<Decimal> {
    let text = value.to_string();
    text.parse().or_else(|_| Decimal::from_scientific(&text)).with_context(|| format!("{text} is no number"))
}
