//! Whether the events that an app sends are charged at all: each type of its `credyt.toml`, priced by the product its
//! customers are on, without charging anyone.
//!
//! An event that no price listens to is answered like any other, and is free. Nothing else says so before a bill is missing.

use serde::Serialize;

use super::types::{Product, SimulateUsageRequest, UsageEvent, VersionRef};
use super::verify::{Status, realistic_events};
use super::{Client, ClientError, nearest};

/// What was found out about one event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventCheck {
    /// As the app sends it.
    pub event_type: String,
    /// Whether it has a fee.
    pub status: Status,
    /// What was seen.
    pub detail: String,
    /// What to change, when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

impl EventCheck {
    /// An event type that is not charged.
    pub fn failed(event_type: &str, detail: impl Into<String>, change: impl Into<String>) -> Self {
        Self {
            event_type: event_type.to_owned(),
            status: Status::Fail,
            detail: detail.into(),
            change: Some(change.into()),
        }
    }
}

/// Prices one event of each type by a product's default version.
pub async fn check_events(
    client: &Client,
    product: &Product,
    event_types: &[String],
) -> Result<Vec<EventCheck>, ClientError> {
    let version = client.product_version(&product.id, VersionRef::Default).await?;
    let known = realistic_events(&version);
    let mut checks = Vec::new();
    for event_type in event_types {
        let Some(event) = known.iter().find(|event| event.event_type == *event_type) else {
            checks.push(unpriced(product, event_type, &known));
            continue;
        };
        let body = SimulateUsageRequest { events: vec![event.clone()] };
        let answer = client.simulate(&product.id, version.version, &body).await?;
        let fees: Vec<String> =
            answer.fees.iter().map(|fee| format!("{} {}", fee.amount, fee.currency)).collect();
        checks.push(if fees.is_empty() {
            let warnings = answer.warnings.unwrap_or_default().join("; ");
            let detail = if warnings.is_empty() { "it has no fee".to_owned() } else { warnings };
            EventCheck::failed(event_type, detail, "check volume_field and the dimension rows of its price")
        } else {
            EventCheck {
                event_type: event_type.clone(),
                status: Status::Pass,
                detail: format!("{} on version {} of {}", fees.join(" + "), version.version, product.code),
                change: None,
            }
        });
    }
    Ok(checks)
}

fn unpriced(product: &Product, event_type: &str, known: &[UsageEvent]) -> EventCheck {
    let names = || known.iter().map(|event| event.event_type.as_str());
    let change = match nearest(event_type, names()) {
        Some(near) => {
            format!("did you mean `{near}`? Correct it in credyt.toml and in the code, or add a price")
        }
        None if known.is_empty() => format!("add a usage price for it to `{}`", product.code),
        None => format!(
            "add a usage price for it to `{}`, which prices {}",
            product.code,
            names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    EventCheck::failed(
        event_type,
        format!("no price of `{}` listens to it, so it is free", product.code),
        change,
    )
}
