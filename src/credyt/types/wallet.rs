//! Wallets: accounts, adjustments, charges, transactions and grants.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::credyt::Amount;
use crate::credyt::shape::{api_enum, api_object};

api_object! {
    /// All accounts of a customer.
    pub struct Wallet {
        pub accounts: Vec<WalletAccount>,
    }

    /// The balance of one account.
    pub struct WalletAccount {
        /// `name:ASSET`, such as `default:USD`.
        pub id: String,
        pub name: String,
        pub asset: String,
        /// Spendable; negative when overdrawn.
        pub available: Amount,
    }

    /// One account with the amounts in flight.
    pub struct AccountDetails {
        pub id: String,
        pub name: String,
        pub asset: String,
        pub available: Amount,
        pub pending_in: Amount,
        pub pending_out: Amount,
    }

    /// A manual credit (positive) or debit (negative).
    pub struct CreateAdjustmentRequest {
        /// Idempotency key.
        pub transaction_id: String,
        pub account_name: Option<String>,
        pub asset: String,
        pub amount: Amount,
        pub description: Option<String>,
        pub reason: AdjustmentReason,
        pub effective_at: Option<Timestamp>,
        pub expires_at: Option<Timestamp>,
        pub metadata: Option<BTreeMap<String, String>>,
    }

    /// Acknowledges an adjustment.
    pub struct CreateAdjustmentResponse {
        pub id: String,
        pub created_at: Timestamp,
    }

    /// A fee that no event stands behind; `amount` decides, the rest explains.
    pub struct CreateChargeRequest {
        /// Idempotency key.
        pub transaction_id: String,
        pub account_name: Option<String>,
        pub asset: String,
        pub subject: Option<String>,
        pub description: Option<String>,
        pub metadata: Option<BTreeMap<String, String>>,
        pub input_units: Option<Amount>,
        pub input_volume: Option<Amount>,
        pub unit_price: Option<Amount>,
        pub volume_rate: Option<Amount>,
        pub package_size: Option<Amount>,
        pub amount: Amount,
    }

    /// One movement on an account.
    pub struct Transaction {
        pub id: String,
        pub r#type: TransactionType,
        pub account_id: String,
        pub asset: String,
        pub amount: Amount,
        pub description: Option<String>,
        pub metadata: Option<BTreeMap<String, String>>,
        pub created_at: Timestamp,
        pub executed_at: Option<Timestamp>,
    }

    /// One slice of prepaid value with its own lifetime.
    pub struct CreditGrant {
        pub id: String,
        pub available: Amount,
        pub effective_at: Timestamp,
        pub expires_at: Timestamp,
        pub purpose: String,
        pub created_at: Timestamp,
    }
}

api_enum! {
    /// Why an adjustment is made.
    pub enum AdjustmentReason {
        Gift = "gift",
        ExternalTopup = "external_topup",
        ExternalRefund = "external_refund",
        Other = "other",
    }

    /// The kind of a movement.
    pub enum TransactionType { Adjustment = "adjustment", Fee = "fee" }
}
