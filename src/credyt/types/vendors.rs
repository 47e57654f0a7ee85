//! Vendors whose costs events carry.

use jiff::Timestamp;

use crate::credyt::Amount;
use crate::credyt::shape::api_object;

api_object! {
    /// Registers a vendor.
    pub struct CreateVendorRequest {
        pub name: String,
        pub external_id: Option<String>,
    }

    /// Acknowledges a vendor.
    pub struct CreateVendorResponse {
        pub id: String,
        pub created_at: Timestamp,
    }

    /// A vendor.
    pub struct Vendor {
        pub id: String,
        pub external_id: Option<String>,
        pub name: String,
        pub created_at: Timestamp,
    }

    /// What a vendor cost, in total and per category.
    pub struct VendorStats {
        pub total_costs: Amount,
        pub categories: Vec<VendorCategoryStats>,
    }

    /// What one category cost.
    pub struct VendorCategoryStats {
        pub category: String,
        pub cost: Amount,
    }
}
