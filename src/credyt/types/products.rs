//! Products, their versions, prices and entitlements.
//!
//! A price row is one struct for the plain, the dimensional and the fixed form: which fields make sense together is a rule of
//! the catalogue, not of the shape, and is checked where products are made.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::credyt::Amount;
use crate::credyt::shape::{api_enum, api_object};

api_object! {
    /// A product with its first version.
    pub struct CreateProductRequest {
        pub name: String,
        pub code: String,
        pub prices: Vec<Price>,
        pub entitlements: Option<Vec<Entitlement>>,
        pub publish: Option<bool>,
    }

    /// The next version of a product.
    pub struct CreateProductVersionRequest {
        pub prices: Vec<Price>,
        pub entitlements: Option<Vec<Entitlement>>,
        pub publish: Option<bool>,
    }

    /// Publishes a draft and/or makes a published version the default.
    pub struct UpdateProductVersionRequest {
        pub publish: Option<bool>,
        pub make_default: Option<bool>,
    }

    /// Identity and state of a version that was just made.
    pub struct CreateProductResponse {
        pub id: String,
        pub code: String,
        pub version: u32,
        pub status: VersionStatus,
        pub is_default: bool,
    }

    /// A product as lists show it.
    pub struct ProductSummary {
        pub id: String,
        pub code: String,
        pub name: String,
    }

    /// A product, its default version, and references to all versions.
    pub struct Product {
        pub id: String,
        pub code: String,
        pub name: String,
        pub default_version: Option<DefaultVersion>,
        pub versions: Vec<VersionReference>,
    }

    /// The content of the default version.
    pub struct DefaultVersion {
        pub version: u32,
        pub entitlements: Vec<Entitlement>,
        pub prices: Vec<Price>,
    }

    /// A pointer to one version.
    pub struct VersionReference {
        pub version: u32,
        pub created_at: Timestamp,
        pub status: VersionStatus,
    }

    /// One version in full.
    pub struct ProductVersion {
        pub id: String,
        pub version: u32,
        pub code: String,
        pub name: String,
        pub prices: Vec<Price>,
        pub entitlements: Vec<Entitlement>,
        pub status: VersionStatus,
        pub is_default: bool,
    }

    /// A customer seen from the product it subscribes to.
    pub struct ProductSubscriber {
        pub customer_id: String,
        pub customer_name: String,
        pub external_id: Option<String>,
        pub email: Option<String>,
        pub subscription_id: String,
        pub subscription_status: String,
        pub started_at: Timestamp,
        pub renews_at: Option<Timestamp>,
        pub product_rate_plan_id: String,
        pub version: u32,
    }

    /// A usage-based or a fixed price.
    pub struct Price {
        pub id: Option<String>,
        pub name: String,
        pub r#type: PriceType,
        pub pricing_model: Option<PricingModel>,
        pub tiering: Option<Tiering>,
        pub collection: Option<Value>,
        pub funding_destination: Option<Value>,
        /// Present on usage-based prices.
        pub usage_calculation: Option<UsageCalculation>,
        pub billing_model: BillingModel,
        pub pricing: Vec<AssetPricing>,
    }

    /// How events are matched and measured.
    pub struct UsageCalculation {
        pub event_type: String,
        pub usage_type: UsageType,
        pub unit_aggregation: Option<String>,
        pub volume_field: Option<String>,
        pub volume_aggregation: Option<String>,
        /// Keys of the event's data that select the row.
        pub billable_dimensions: Option<Vec<String>>,
        pub source_reference_field: Option<String>,
    }

    /// When a price is charged.
    pub struct BillingModel {
        pub r#type: BillingType,
        pub recurring: Option<Recurrence>,
        pub one_time: Option<Value>,
    }

    /// A billing cycle.
    pub struct Recurrence {
        pub interval: Interval,
        pub interval_count: Option<u32>,
    }

    /// The rows of a price in one currency or asset.
    pub struct AssetPricing {
        pub asset: String,
        pub values: Vec<PriceRow>,
    }

    /// One row: plain, or `dimensions` with rows of their own in `values`.
    pub struct PriceRow {
        pub name: Option<String>,
        pub dimensions: Option<BTreeMap<String, String>>,
        pub values: Option<Vec<PriceRow>>,
        /// Upper end of this tier, inclusive.
        pub up_to: Option<Amount>,
        pub unit_price: Option<Amount>,
        /// Multiplier of the unit price of a fixed price.
        pub quantity: Option<Amount>,
        pub volume_rate: Option<Amount>,
        pub package_size: Option<Amount>,
        pub max_amount: Option<Amount>,
        pub min_amount: Option<Amount>,
    }

    /// What tiers count and when the count starts over.
    pub struct Tiering {
        pub basis: Option<TierBasis>,
        pub period: Option<TierPeriod>,
    }

    /// A grant of custom-asset credit that comes with a product.
    pub struct Entitlement {
        pub name: String,
        pub asset: String,
        pub amount: Amount,
        pub purpose: EntitlementPurpose,
        pub lifecycle: EntitlementLifecycle,
        pub accounting: Option<EntitlementAccounting>,
        /// Lower numbers are consumed first.
        pub priority: Option<i64>,
    }

    /// How long a grant lives and whether it is renewed.
    pub struct EntitlementLifecycle {
        pub duration: Interval,
        pub duration_count: Option<u32>,
        /// Left out for a one-off grant.
        pub refresh: Option<EntitlementRefresh>,
    }

    /// What happens at the end of a grant's duration.
    pub struct EntitlementRefresh {
        pub strategy: RefreshStrategy,
    }

    /// How revenue and cost are booked as a grant is used.
    pub struct EntitlementAccounting {
        pub revenue_basis: Amount,
        pub cost_basis: String,
    }
}

api_enum! {
    /// What kind of price it is.
    pub enum PriceType { UsageBased = "usage_based", Fixed = "fixed" }

    /// What is counted.
    pub enum UsageType { Unit = "unit", Volume = "volume", UnitAndVolume = "unit_and_volume", Custom = "custom" }

    /// When a price is charged.
    pub enum BillingType { OneTime = "one_time", Recurring = "recurring", RealTime = "real_time" }

    /// The shape of a price.
    pub enum PricingModel { Flat = "flat", Tiered = "tiered", Bulk = "bulk", Package = "package" }

    /// What tiers count.
    pub enum TierBasis { Unit = "unit", Volume = "volume", Package = "package", Custom = "custom" }

    /// When the tier count starts over.
    pub enum TierPeriod {
        Lifetime = "lifetime",
        Monthly = "monthly",
        Quarterly = "quarterly",
        Yearly = "yearly",
        Custom = "custom",
    }

    /// A calendar unit.
    pub enum Interval { Day = "day", Week = "week", Month = "month", Year = "year" }

    /// A version's state.
    pub enum VersionStatus { Draft = "draft", Published = "published", Archived = "archived" }

    /// Whether credit belongs to a paid plan or is free.
    pub enum EntitlementPurpose { Bundled = "bundled", Promotion = "promotion" }

    /// Drop what is left and grant anew, or keep it and add.
    pub enum RefreshStrategy { ExpireAndReplace = "expire_and_replace", Rollover = "rollover" }
}
