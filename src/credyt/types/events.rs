//! Usage events, their costs, and the fees they produce.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Profitability, UsageType};
use crate::credyt::shape::api_object;
use crate::credyt::{Amount, Check, Shape};

api_object! {
    /// A batch of events of one customer, named by one of the two ids.
    pub struct UsageRequest {
        pub customer_id: Option<String>,
        pub customer_external_id: Option<String>,
        pub events: Vec<UsageEvent>,
    }

    /// One thing that happened and may have to be charged.
    pub struct UsageEvent {
        /// Idempotency key of the event.
        pub id: String,
        /// Must equal a price's event type, or nothing is charged.
        pub event_type: String,
        pub occurred_at: Timestamp,
        pub subject: Option<String>,
        pub description: Option<String>,
        /// Holds the volume and the dimensions.
        pub data: Option<EventData>,
        pub costs: Option<Vec<Cost>>,
    }

    /// What one vendor charged for the activity behind an event.
    pub struct Cost {
        pub id: String,
        pub vendor_id: Option<String>,
        pub vendor_external_id: Option<String>,
        pub category: Option<String>,
        pub description: Option<String>,
        pub metadata: Option<EventData>,
        pub units: Option<Amount>,
        pub unit_price: Option<Amount>,
        pub input_volume: Option<Amount>,
        pub volume_rate: Option<Amount>,
        pub package_size: Option<Amount>,
        pub amount: Amount,
        /// USD when left out.
        pub currency: Option<String>,
    }

    /// A stored event together with its fees.
    pub struct Event {
        pub id: String,
        pub customer_id: String,
        pub event_type: String,
        pub occurred_at: Timestamp,
        pub created_at: Timestamp,
        pub subject: Option<String>,
        pub description: Option<String>,
        pub data: Option<EventData>,
        pub costs: Option<Vec<Cost>>,
        /// Empty when no active subscription priced the event.
        pub fees: Vec<EventFee>,
        pub stats: Option<Profitability>,
    }

    /// A fee that was charged.
    pub struct EventFee {
        pub id: String,
        pub product_id: String,
        pub product_code: String,
        pub product_version: u32,
        pub price_id: String,
        pub price_name: String,
        pub currency: String,
        pub dimensions: Option<std::collections::BTreeMap<String, String>>,
        pub usage_type: UsageType,
        pub volume_field: Option<String>,
        pub input_volume: Option<Amount>,
        pub unit_price: Option<Amount>,
        pub volume_rate: Option<Amount>,
        pub package_size: Option<Amount>,
        pub description: Option<String>,
        pub amount: Amount,
    }

    /// An event as lists show it.
    pub struct EventSummary {
        pub id: String,
        pub customer_id: String,
        pub external_id: Option<String>,
        pub event_type: String,
        pub subject: Option<String>,
        pub description: Option<String>,
        pub occurred_at: Timestamp,
        pub created_at: Timestamp,
        pub total_fees: Option<Amount>,
        pub fee_currency: Option<String>,
        pub has_fees: bool,
        pub stats: Option<Profitability>,
    }

    /// Events to price without billing anyone.
    pub struct SimulateUsageRequest {
        pub events: Vec<UsageEvent>,
    }

    /// A fee that an event would have produced.
    pub struct CalculatedFee {
        pub price_id: String,
        pub price_name: String,
        pub currency: String,
        pub usage_id: String,
        pub event_type: String,
        pub dimensions: Option<std::collections::BTreeMap<String, String>>,
        pub usage_type: UsageType,
        pub volume_field: Option<String>,
        pub input_volume: Option<Amount>,
        pub unit_price: Option<Amount>,
        pub volume_rate: Option<Amount>,
        pub package_size: Option<Amount>,
        pub description: Option<String>,
        pub amount: Amount,
    }

    /// What a simulation found.
    pub struct SimulateUsageResponse {
        pub fees: Vec<CalculatedFee>,
        /// Why an event produced no fee.
        pub warnings: Option<Vec<String>>,
    }
}

/// A flat map of text, booleans and numbers, in the sender's order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventData(pub Map<String, Value>);

impl EventData {
    /// The number under `field`, if there is one.
    pub fn number(&self, field: &str) -> Option<Amount> {
        match self.0.get(field)? {
            Value::Number(number) => number.to_string().parse().ok(),
            _ => None,
        }
    }

    /// The text form of what is under `field`, by which dimensions are compared.
    pub fn text(&self, field: &str) -> Option<String> {
        match self.0.get(field)? {
            Value::String(text) => Some(text.clone()),
            Value::Bool(flag) => Some(flag.to_string()),
            Value::Number(number) => {
                let text = number.to_string();
                Some(text.parse::<Amount>().map_or(text, |amount| amount.to_string()))
            }
            _ => None,
        }
    }
}

impl Shape for EventData {
    fn check(value: &Value, at: &mut Check) {
        let Value::Object(members) = value else {
            return at.fault("Expected an object of text, booleans and numbers.");
        };
        for (name, member) in members {
            at.in_field(name, |at| match member {
                Value::Number(_) => Amount::check(member, at),
                Value::String(_) | Value::Bool(_) => {}
                _ => at.fault("Expected text, a boolean or a number; the map is flat."),
            });
        }
    }
}
