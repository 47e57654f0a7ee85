//! Custom assets, their rates, and quotes.

use jiff::Timestamp;

use crate::credyt::Amount;
use crate::credyt::shape::api_object;

api_object! {
    /// Defines a custom unit such as credits or minutes.
    pub struct CreateAssetRequest {
        pub code: String,
        pub name: String,
        /// Number of decimals.
        pub precision: Option<u32>,
        pub label: Option<String>,
        pub symbol: Option<String>,
        pub rates: Option<Vec<StartingRate>>,
    }

    /// The first rate of an asset, in one of the two directions.
    pub struct StartingRate {
        pub source: String,
        /// Price of one unit in the source currency.
        pub rate: Option<Amount>,
        /// Units that one unit of the source currency buys.
        pub inverse_rate: Option<Amount>,
    }

    /// Acknowledges an asset.
    pub struct CreateAssetResponse {
        pub code: String,
        pub created_at: Timestamp,
    }

    /// An asset as lists show it.
    pub struct AssetSummary {
        pub code: String,
        pub name: String,
    }

    /// An asset with its rates.
    pub struct Asset {
        pub code: String,
        pub name: String,
        pub precision: Option<u32>,
        pub label: Option<String>,
        pub symbol: Option<String>,
        pub rates: Option<Vec<AssetRates>>,
        pub created_at: Timestamp,
    }

    /// All rates of an asset for one funding currency.
    pub struct AssetRates {
        pub source: String,
        pub schedule: Vec<AssetRate>,
    }

    /// One rate and the window in which it holds.
    pub struct AssetRate {
        pub valid_from: Timestamp,
        pub valid_to: Option<Timestamp>,
        pub rate: Amount,
        pub inverse_rate: Option<Amount>,
    }

    /// A new rate, possibly scheduled.
    pub struct AddAssetRateRequest {
        pub source: String,
        pub valid_from: Option<Timestamp>,
        pub valid_to: Option<Timestamp>,
        pub rate: Amount,
    }

    /// Asks what an amount of money buys.
    pub struct QuoteAssetRequest {
        pub source: String,
        pub amount: Amount,
        pub exchange_at: Option<Timestamp>,
    }

    /// What it buys.
    pub struct QuoteAssetResponse {
        pub source: String,
        pub source_amount: Amount,
        pub destination: String,
        pub destination_amount: Amount,
        pub rate: Amount,
        pub inverse_rate: Option<Amount>,
    }
}
