//! Webhook destinations and deliveries.

use jiff::Timestamp;
use serde_json::Value;

use crate::credyt::shape::{api_enum, api_object};

api_object! {
    /// Where webhooks go and which topics are wanted.
    pub struct CreateWebhookRequest {
        pub url: String,
        /// `["*"]`, the default, means every topic.
        pub topics: Option<Vec<String>>,
        pub connect: Option<bool>,
    }

    /// The new destination and its signing secret.
    pub struct CreateWebhookResponse {
        pub id: String,
        pub secret: String,
        pub created_at: Timestamp,
    }

    /// What may change about a destination.
    pub struct UpdateWebhookRequest {
        pub url: Option<String>,
        pub topics: Option<Vec<String>>,
        pub enabled: Option<bool>,
    }

    /// A destination; lists leave out the secret.
    pub struct WebhookDestination {
        pub id: String,
        pub url: String,
        pub topics: Vec<String>,
        pub connect: bool,
        pub enabled: bool,
        pub created_at: Timestamp,
        pub updated_at: Timestamp,
        pub secret: Option<String>,
    }

    /// The body of every delivery.
    pub struct WebhookEnvelope {
        /// Drop repeats by this.
        pub id: String,
        pub r#type: String,
        pub created: Timestamp,
        pub live_mode: bool,
        pub data: Value,
    }

    /// One delivery attempt.
    pub struct WebhookEventItem {
        pub id: String,
        pub destination_id: String,
        pub topic: String,
        pub time: Timestamp,
        pub successful_at: Option<Timestamp>,
        pub failed_at: Option<Timestamp>,
        pub metadata: Option<Value>,
        pub data: Value,
    }

    /// The id of a queued test event.
    pub struct TestWebhookResponse {
        pub id: String,
    }
}

api_enum! {
    /// How a delivery ended.
    pub enum WebhookEventStatus { Success = "Success", Failed = "Failed" }
}
