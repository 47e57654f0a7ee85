//! Customers, their subscriptions, and the account behind a key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::credyt::shape::{api_enum, api_object, describe};
use crate::credyt::{Amount, Check, Shape};

api_object! {
    /// Registers an end customer, with optional subscriptions.
    pub struct CreateCustomerRequest {
        pub name: String,
        /// Your identifier, unique over all customers.
        pub external_id: Option<String>,
        pub email: Option<String>,
        pub metadata: Option<BTreeMap<String, String>>,
        pub subscriptions: Option<Vec<CreateSubscriptionRequest>>,
        pub external_accounts: Option<Vec<ExternalAccount>>,
    }

    /// A subscription to one or more products.
    pub struct CreateSubscriptionRequest {
        pub starts_at: Option<Timestamp>,
        pub renews_at: Option<Timestamp>,
        pub products: Vec<SubscriptionProduct>,
        /// Needed only where there is a recurring fee to pay.
        pub return_url: Option<String>,
        pub failure_url: Option<String>,
        pub redirect_to: Option<RedirectTo>,
    }

    /// A product by id or code, and the version in force.
    pub struct SubscriptionProduct {
        pub id: Option<String>,
        pub code: Option<String>,
        pub version: Option<VersionRef>,
    }

    /// An account at another provider.
    pub struct ExternalAccount {
        pub provider: String,
        pub provider_id: String,
    }

    /// The new customer and the state of each subscription made with it.
    pub struct CreateCustomerResponse {
        pub id: String,
        pub subscriptions: Option<Vec<Subscription>>,
    }

    /// One subscription as it stands.
    pub struct Subscription {
        pub id: String,
        pub started_at: Option<Timestamp>,
        pub renews_at: Option<Timestamp>,
        /// `active`, or a word for what is missing. Unknown words are to be tolerated, so this is text.
        pub status: String,
        pub products: Vec<SubscriptionProduct>,
        pub required_actions: Option<Vec<RequiredAction>>,
    }

    /// What the customer has to do on a hosted page before the subscription is active.
    pub struct RequiredAction {
        /// `payment` or `payment_method`.
        pub r#type: String,
        pub redirect_url: String,
    }

    /// A customer with its subscriptions.
    pub struct Customer {
        pub id: String,
        pub external_id: Option<String>,
        pub name: String,
        pub email: Option<String>,
        pub active_subscription_count: u32,
        pub created_at: Timestamp,
        pub metadata: Option<BTreeMap<String, String>>,
        pub subscriptions: Option<Vec<Subscription>>,
        pub external_accounts: Option<Vec<ExternalAccount>>,
    }

    /// A customer as lists show it.
    pub struct CustomerSummary {
        pub id: String,
        pub external_id: Option<String>,
        pub name: String,
        pub email: Option<String>,
        pub active_subscription_count: u32,
    }

    /// The fields of a customer that may change.
    pub struct UpdateCustomerRequest {
        pub name: Option<String>,
        pub external_id: Option<String>,
        pub email: Option<String>,
    }

    /// Switches a subscription on or off.
    pub struct UpdateSubscriptionRequest {
        pub status: SubscriptionSwitch,
    }

    /// Moves a subscribed product to another version.
    pub struct UpdateSubscriptionProductRequest {
        pub version: VersionRef,
    }

    /// Revenue against cost.
    pub struct Profitability {
        pub gross_revenue: Amount,
        pub total_costs: Amount,
        pub net_revenue: Amount,
        /// A percentage.
        pub margin: Amount,
        pub currency: String,
    }

    /// One customer with its figures.
    pub struct CustomerStatsItem {
        pub id: String,
        pub external_id: Option<String>,
        pub name: String,
        pub stats: Profitability,
    }

    /// Whose key this is.
    pub struct AccountContext {
        pub account_id: String,
        /// `live` or `test`.
        pub environment: String,
        pub org_id: Option<String>,
        pub name: Option<String>,
    }

    /// Provisions a connected account.
    pub struct CreateAccountRequest {
        pub name: String,
        pub external_id: Option<String>,
        pub metadata: Option<BTreeMap<String, String>>,
    }

    /// A partitioned account under a platform account.
    pub struct ConnectedAccount {
        pub id: String,
        pub external_id: Option<String>,
        pub name: String,
        pub created_at: Timestamp,
        pub metadata: Option<BTreeMap<String, String>>,
    }
}

api_enum! {
    /// Where a customer goes after paying.
    pub enum RedirectTo { ReturnUrl = "return_url", Portal = "portal" }

    /// The states a caller may set.
    pub enum SubscriptionSwitch { Active = "active", Inactive = "inactive" }

    /// The states of a subscription.
    pub enum SubscriptionStatus {
        Active = "active",
        Inactive = "inactive",
        Scheduled = "scheduled",
        ActionRequired = "action_required",
        /// Another word for `action_required` in some places.
        Pending = "pending",
    }
}

/// A version by number, or whichever is the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionRef {
    /// The default version.
    Default,
    /// This one.
    Number(u32),
}

impl VersionRef {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(word) if word == "default" => Some(Self::Default),
            other => other.as_u64().and_then(|n| u32::try_from(n).ok()).map(Self::Number),
        }
    }
}

impl Serialize for VersionRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Default => serializer.serialize_str("default"),
            Self::Number(n) => serializer.serialize_u32(*n),
        }
    }
}

impl<'de> Deserialize<'de> for VersionRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::of(&value).ok_or_else(|| de::Error::custom("expected a version number or \"default\""))
    }
}

impl Shape for VersionRef {
    fn check(value: &Value, at: &mut Check) {
        if Self::of(value).is_none() {
            at.fault(format!("Expected a version number or \"default\", found {}.", describe(value)));
        }
    }
}
