//! Portal sessions and top-ups: the two ways to a hosted page.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::credyt::Amount;
use crate::credyt::shape::{api_enum, api_object};

api_object! {
    /// Opens a portal session.
    pub struct CreatePortalSessionRequest {
        pub customer_id: String,
        pub return_url: String,
        pub failure_url: String,
    }

    /// A short-lived link that signs the customer in. It is a secret.
    pub struct PortalSession {
        pub redirect_url: String,
        pub expires_at: Timestamp,
    }

    /// Starts a top-up that the customer pays.
    pub struct InitiateTopUpRequest {
        pub customer_id: String,
        pub amount: Amount,
        pub currency: String,
        pub description: Option<String>,
        pub destination: Option<TopUpDestination>,
        pub credit_expires_at: Option<Timestamp>,
        pub return_url: String,
        pub failure_url: String,
        pub metadata: Option<BTreeMap<String, String>>,
    }

    /// The account that receives a top-up.
    pub struct TopUpDestination {
        pub account_name: Option<String>,
        pub asset: String,
        /// Replaces the configured rate.
        pub exchange_rate: Option<Amount>,
    }

    /// The started top-up and where to pay it.
    pub struct InitiateTopUpResponse {
        pub id: String,
        pub status: TopUpStatus,
        pub redirect_url: String,
        pub created_at: Timestamp,
        pub expires_at: Timestamp,
    }

    /// A top-up as it stands.
    pub struct TopUp {
        pub id: String,
        pub customer_id: String,
        pub amount: Amount,
        pub currency: String,
        pub destination: Option<TopUpDestination>,
        pub status: TopUpStatus,
    }
}

api_enum! {
    /// The states of a top-up.
    pub enum TopUpStatus {
        Initiated = "initiated",
        Pending = "pending",
        Succeeded = "succeeded",
        Failed = "failed",
        Expired = "expired",
    }
}
