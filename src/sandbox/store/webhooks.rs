//! Webhook destinations, and the queue of what is to be delivered.
//!
//! Publishing only queues: sending happens outside the lock, in [`crate::sandbox::delivery`], which reports each attempt back.

use jiff::Timestamp;
use serde_json::Value;

use super::{DELIVERIES_KEPT, Store, data_of, new_id, new_secret, room_for};
use crate::credyt::types::{
    CreateWebhookRequest, CreateWebhookResponse, UpdateWebhookRequest, WebhookDestination, WebhookEnvelope,
    WebhookEventItem,
};
use crate::sandbox::refusal::{Faults, Refusal};

/// One delivery to make.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) destination: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) event: String,
    pub(crate) topic: String,
    pub(crate) body: Value,
}

impl Store {
    pub(crate) fn create_webhook(
        &mut self,
        request: CreateWebhookRequest,
        secret: Option<String>,
        now: Timestamp,
    ) -> Result<CreateWebhookResponse, Refusal> {
        room_for(self.webhooks.len() * 1000, "webhook destinations")?;
        let mut faults = Faults::default();
        faults.address("url", &request.url);
        let topics = request.topics.unwrap_or_else(|| vec!["*".to_owned()]);
        if topics.is_empty() {
            faults.add("topics", "At least one topic, or [\"*\"].");
        }
        faults.done()?;
        let id = new_id("whd");
        let secret = secret.unwrap_or_else(|| format!("whsec_{}", new_secret()));
        let destination = WebhookDestination {
            id: id.clone(),
            url: request.url,
            topics,
            connect: request.connect.unwrap_or(false),
            enabled: true,
            created_at: now,
            updated_at: now,
            secret: Some(secret.clone()),
        };
        self.webhooks.insert(id.clone(), destination);
        Ok(CreateWebhookResponse { id, secret, created_at: now })
    }

    pub(crate) fn webhook(&self, id: &str) -> Result<&WebhookDestination, Refusal> {
        self.webhooks
            .get(id)
            .ok_or_else(|| Refusal::missing(format!("There is no webhook destination {id}.")))
    }

    pub(crate) fn update_webhook(
        &mut self,
        id: &str,
        request: UpdateWebhookRequest,
        now: Timestamp,
    ) -> Result<WebhookDestination, Refusal> {
        self.webhook(id)?;
        let mut faults = Faults::default();
        if let Some(url) = &request.url {
            faults.address("url", url);
        }
        if request.topics.as_ref().is_some_and(Vec::is_empty) {
            faults.add("topics", "At least one topic, or [\"*\"].");
        }
        faults.done()?;
        let destination =
            self.webhooks.get_mut(id).ok_or_else(|| Refusal::missing("The destination is gone."))?;
        destination.url = request.url.unwrap_or_else(|| std::mem::take(&mut destination.url));
        destination.topics = request.topics.unwrap_or_else(|| std::mem::take(&mut destination.topics));
        destination.enabled = request.enabled.unwrap_or(destination.enabled);
        destination.updated_at = now;
        Ok(destination.clone())
    }

    /// Queues an event for every destination that wants its topic; returns the event's id.
    pub(crate) fn publish(&mut self, topic: &str, data: &Value, now: Timestamp) -> String {
        let wanting: Vec<String> = self
            .webhooks
            .values()
            .filter(|w| {
                w.enabled && !w.connect && w.topics.iter().any(|wanted| wanted == "*" || wanted == topic)
            })
            .map(|destination| destination.id.clone())
            .collect();
        self.send_to(&wanting, topic, data, now)
    }

    /// Queues an event for the given destinations, whatever topics they want.
    pub(crate) fn send_to(
        &mut self,
        destinations: &[String],
        topic: &str,
        data: &Value,
        now: Timestamp,
    ) -> String {
        let event = new_id("evt");
        let envelope = WebhookEnvelope {
            id: event.clone(),
            r#type: topic.to_owned(),
            created: now,
            live_mode: false,
            data: data.clone(),
        };
        for destination in destinations.iter().filter_map(|id| self.webhooks.get(id)) {
            self.outbox.push(Outgoing {
                destination: destination.id.clone(),
                url: destination.url.clone(),
                secret: destination.secret.clone().unwrap_or_default(),
                event: event.clone(),
                topic: topic.to_owned(),
                body: data_of(&envelope),
            });
        }
        event
    }

    /// Records how an attempt went.
    pub(crate) fn record_delivery(
        &mut self,
        sent: &Outgoing,
        attempt: u32,
        outcome: &Result<u16, String>,
        now: Timestamp,
    ) {
        let worked = outcome.as_ref().is_ok_and(|status| (200..300).contains(status));
        let metadata = match outcome {
            Ok(status) => serde_json::json!({"attempt": attempt, "status": status}),
            Err(error) => serde_json::json!({"attempt": attempt, "error": error}),
        };
        self.deliveries.push(WebhookEventItem {
            id: sent.event.clone(),
            destination_id: sent.destination.clone(),
            topic: sent.topic.clone(),
            time: now,
            successful_at: worked.then_some(now),
            failed_at: (!worked).then_some(now),
            metadata: Some(metadata),
            data: sent.body.clone(),
        });
        let over = self.deliveries.len().saturating_sub(DELIVERIES_KEPT);
        self.deliveries.drain(..over);
    }
}
