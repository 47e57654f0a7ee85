//! What is on sale to begin with: the default catalogue, or the user's seed file. Both go through the same checks as the API.

use std::path::Path;

use jiff::Timestamp;

use super::SandboxError;
use super::persist::read_json;
use super::refusal::Refusal;
use super::store::Store;
use crate::credyt::shape::api_object;
use crate::credyt::types::{CreateAssetRequest, CreateProductRequest, CreateVendorRequest};

api_object! {
    /// A seed file: what to create, each as the API's own request.
    pub(crate) struct Seed {
        pub(crate) assets: Option<Vec<CreateAssetRequest>>,
        pub(crate) products: Option<Vec<CreateProductRequest>>,
        pub(crate) vendors: Option<Vec<CreateVendorRequest>>,
    }
}

/// The default catalogue.
const DEFAULT: &str = include_str!("default_catalogue.json");

/// Whether a product of the default catalogue has a recurring fee.
pub fn has_recurring_fee(code: &str) -> bool {
    let catalogue: serde_json::Value = serde_json::from_str(DEFAULT).unwrap_or_default();
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let product = list(&catalogue["products"]).into_iter().find(|product| product["code"] == code);
    product.is_some_and(|product| {
        list(&product["prices"]).iter().any(|price| price["billing_model"]["type"] == "recurring")
    })
}

/// Fills an empty store. Products are published unless they say otherwise.
pub(crate) fn fill(store: &mut Store, seed: Option<&Path>, now: Timestamp) -> Result<(), SandboxError> {
    let value = match seed {
        Some(path) => read_json(path, "seed file")?,
        None => serde_json::from_str(DEFAULT).expect("the default catalogue is JSON, as a test shows"),
    };
    let source = seed.map_or_else(|| "the default catalogue".to_owned(), |path| path.display().to_string());
    let refused = |what: String| {
        let source = source.clone();
        move |refusal: Refusal| SandboxError::Refused {
            what: format!("{what} of {source}"),
            reason: refusal.reason().to_owned(),
        }
    };
    let mut findings = crate::credyt::Check::document::<Seed>(&value);
    if let Some(note) = findings.notes.pop() {
        findings.errors.entry(String::new()).or_default().push(note);
    }
    if !findings.errors.is_empty() {
        return Err(refused("the content".to_owned())(Refusal::fields(findings.errors)));
    }
    let seed: Seed = serde_json::from_value(value)
        .map_err(|error| refused("the content".to_owned())(Refusal::malformed(error.to_string())))?;
    for asset in seed.assets.into_iter().flatten() {
        let what = format!("asset {}", asset.code);
        store.create_asset(asset, now).map_err(refused(what))?;
    }
    for mut product in seed.products.into_iter().flatten() {
        let what = format!("product {}", product.code);
        product.publish.get_or_insert(true);
        store.create_product(product, now).map_err(refused(what))?;
    }
    for vendor in seed.vendors.into_iter().flatten() {
        let what = format!("vendor {}", vendor.name);
        store.create_vendor(vendor, now).map_err(refused(what))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_monthly_plan_alone_has_a_recurring_fee() {
        assert!(has_recurring_fee("pro_monthly"));
        assert!(!has_recurring_fee("default_plan") && !has_recurring_fee("a_product_of_ones_own"));
    }

    #[test]
    fn the_default_catalogue_passes_the_checks_and_prices_the_default_event_types() {
        let mut store = Store::default();
        fill(&mut store, None, Timestamp::now()).unwrap();
        let plan = store.product_by_code("default_plan").unwrap();
        let version = store.version_view(&plan.id, plan.default_version.unwrap()).unwrap();
        for event_type in ["image_generated", "completion_finished"] {
            let listening: Vec<_> =
                version.prices.iter().filter(|price| price.listens_to(event_type)).collect();
            assert_eq!(listening.len(), 1, "{event_type}");
            assert_eq!(listening[0].pricing[0].asset, "USD");
        }
        for vendor in ["openai", "anthropic", "replicate"] {
            assert!(store.vendor_by_external_id(vendor).is_some());
        }
    }
}
