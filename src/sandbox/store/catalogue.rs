//! Products and their versions: made, checked, published, archived.
//!
//! The shape of a price says which fields exist; here is which of them make sense together.

use jiff::Timestamp;

use super::{Product, Store, Version, new_id, room_for};
use crate::credyt::Amount;
use crate::credyt::types::{
    BillingType, CreateProductRequest, CreateProductResponse, CreateProductVersionRequest, DefaultVersion,
    Entitlement, Price, PriceRow, PriceType, PricingModel, Product as ProductView, ProductSubscriber,
    ProductVersion, UpdateProductVersionRequest, UsageCalculation, UsageType, VersionReference,
    VersionStatus,
};
use crate::sandbox::refusal::{Faults, Refusal};

impl Store {
    pub(crate) fn product_by_code(&self, code: &str) -> Option<&Product> {
        self.products.values().find(|product| product.code == code && !product.archived)
    }

    pub(crate) fn product(&self, id: &str) -> Result<&Product, Refusal> {
        self.products.get(id).ok_or_else(|| Refusal::missing(format!("There is no product {id}.")))
    }

    pub(crate) fn create_product(
        &mut self,
        request: CreateProductRequest,
        now: Timestamp,
    ) -> Result<CreateProductResponse, Refusal> {
        room_for(self.products.len(), "products")?;
        let mut faults = Faults::default();
        faults.blank("name", Some(&request.name));
        faults.blank("code", Some(&request.code));
        if self.product_by_code(&request.code).is_some() {
            faults.add("code", "A product with this code already exists.");
        }
        let entitlements = request.entitlements.unwrap_or_default();
        self.check_content(&request.prices, &entitlements, &mut faults);
        faults.done()?;
        let product = Product {
            id: new_id("prp"),
            code: request.code,
            name: request.name,
            archived: false,
            default_version: None,
            versions: std::collections::BTreeMap::new(),
        };
        let id = product.id.clone();
        self.products.insert(id.clone(), product);
        Ok(self.add_version(&id, request.prices, entitlements, request.publish.unwrap_or(false), now))
    }

    pub(crate) fn create_version(
        &mut self,
        id: &str,
        request: CreateProductVersionRequest,
        now: Timestamp,
    ) -> Result<CreateProductResponse, Refusal> {
        let product = self.product(id)?;
        room_for(product.versions.len() * 1000, "versions of one product")?;
        let mut faults = Faults::default();
        let entitlements = request.entitlements.unwrap_or_default();
        self.check_content(&request.prices, &entitlements, &mut faults);
        faults.done()?;
        Ok(self.add_version(id, request.prices, entitlements, request.publish.unwrap_or(false), now))
    }

    fn add_version(
        &mut self,
        id: &str,
        mut prices: Vec<Price>,
        entitlements: Vec<Entitlement>,
        publish: bool,
        now: Timestamp,
    ) -> CreateProductResponse {
        for price in &mut prices {
            price.id = Some(new_id("prc"));
        }
        let status = if publish { VersionStatus::Published } else { VersionStatus::Draft };
        let mut answer = CreateProductResponse {
            id: id.to_owned(),
            code: String::new(),
            version: 1,
            status,
            is_default: false,
        };
        if let Some(product) = self.products.get_mut(id) {
            answer.version = product.versions.keys().next_back().map_or(1, |newest| newest + 1);
            product
                .versions
                .insert(answer.version, Version { created_at: now, status, prices, entitlements });
            if publish && product.default_version.is_none() {
                product.default_version = Some(answer.version);
            }
            answer.is_default = product.default_version == Some(answer.version);
            answer.code.clone_from(&product.code);
        }
        answer
    }

    pub(crate) fn update_version(
        &mut self,
        id: &str,
        number: u32,
        request: &UpdateProductVersionRequest,
    ) -> Result<(), Refusal> {
        self.product(id)?;
        let product =
            self.products.get_mut(id).ok_or_else(|| Refusal::missing("There is no such product."))?;
        let version = product.versions.get_mut(&number).ok_or_else(|| no_version(number))?;
        if request.publish == Some(true) {
            if version.status == VersionStatus::Archived {
                return Err(Refusal::field("publish", "The version is archived."));
            }
            version.status = VersionStatus::Published;
            product.default_version.get_or_insert(number);
        }
        if request.make_default == Some(true) {
            if version.status != VersionStatus::Published {
                return Err(Refusal::field("make_default", "Only a published version can be the default."));
            }
            product.default_version = Some(number);
        }
        Ok(())
    }

    pub(crate) fn archive_version(&mut self, id: &str, number: u32) -> Result<(), Refusal> {
        self.product(id)?;
        let product =
            self.products.get_mut(id).ok_or_else(|| Refusal::missing("There is no such product."))?;
        if product.default_version == Some(number) {
            return Err(Refusal::field(
                "version",
                "The default version cannot be archived; make another one the default.",
            ));
        }
        let version = product.versions.get_mut(&number).ok_or_else(|| no_version(number))?;
        version.status = VersionStatus::Archived;
        Ok(())
    }

    /// Deletes a product, or archives it when somebody was subscribed to it.
    pub(crate) fn delete_product(&mut self, id: &str) -> Result<(), Refusal> {
        self.product(id)?;
        if self.subscribers(id).is_empty() {
            self.products.remove(id);
        } else if let Some(product) = self.products.get_mut(id) {
            product.archived = true;
        }
        Ok(())
    }

    /// A version by number or `default`.
    pub(crate) fn version_number(&self, id: &str, text: &str) -> Result<u32, Refusal> {
        let product = self.product(id)?;
        let number = match text {
            "default" => product.default_version,
            digits => digits.parse().ok().filter(|number| product.versions.contains_key(number)),
        };
        number.ok_or_else(|| Refusal::missing(format!("Product {} has no version {text}.", product.code)))
    }

    pub(crate) fn product_view(&self, id: &str) -> Result<ProductView, Refusal> {
        let product = self.product(id)?;
        // Before anything is published the first draft stands in, because the field is required.
        let shown = product.default_version.or_else(|| product.versions.keys().next().copied());
        let default_version = shown.and_then(|number| {
            let version = product.versions.get(&number)?;
            let (entitlements, prices) = (version.entitlements.clone(), version.prices.clone());
            Some(DefaultVersion { version: number, entitlements, prices })
        });
        let versions = product.versions.iter().map(|(number, version)| VersionReference {
            version: *number,
            created_at: version.created_at,
            status: version.status,
        });
        Ok(ProductView {
            id: product.id.clone(),
            code: product.code.clone(),
            name: product.name.clone(),
            default_version,
            versions: versions.collect(),
        })
    }

    pub(crate) fn version_view(&self, id: &str, number: u32) -> Result<ProductVersion, Refusal> {
        let product = self.product(id)?;
        let version = product.versions.get(&number).ok_or_else(|| no_version(number))?;
        Ok(ProductVersion {
            id: product.id.clone(),
            version: number,
            code: product.code.clone(),
            name: product.name.clone(),
            prices: version.prices.clone(),
            entitlements: version.entitlements.clone(),
            status: version.status,
            is_default: product.default_version == Some(number),
        })
    }

    pub(crate) fn subscribers(&self, product: &str) -> Vec<ProductSubscriber> {
        let mut found = Vec::new();
        for customer in self.customers.values() {
            for subscription in &customer.subscriptions {
                for held in subscription.products.iter().filter(|held| held.id == product) {
                    found.push(ProductSubscriber {
                        customer_id: customer.id.clone(),
                        customer_name: customer.name.clone(),
                        external_id: customer.external_id.clone(),
                        email: customer.email.clone(),
                        subscription_id: subscription.id.clone(),
                        subscription_status: subscription.status.word().to_owned(),
                        started_at: subscription.started_at.unwrap_or(customer.created_at),
                        renews_at: subscription.renews_at,
                        product_rate_plan_id: format!("{product}.{}", held.version),
                        version: held.version,
                    });
                }
            }
        }
        found
    }

    fn check_content(&self, prices: &[Price], entitlements: &[Entitlement], faults: &mut Faults) {
        for (index, price) in prices.iter().enumerate() {
            self.check_price(price, &format!("prices[{index}]"), faults);
        }
        for (index, entitlement) in entitlements.iter().enumerate() {
            let at = format!("entitlements[{index}]");
            if self.asset(&entitlement.asset).is_none() {
                faults.add(
                    format!("{at}.asset"),
                    format!("There is no custom asset {}; create it first.", entitlement.asset),
                );
            }
            if !entitlement.amount.is_positive() {
                faults.add(format!("{at}.amount"), "Must be more than zero.");
            }
            if entitlement.lifecycle.duration_count == Some(0) {
                faults.add(format!("{at}.lifecycle.duration_count"), "Must be at least 1.");
            }
        }
    }

    fn check_price(&self, price: &Price, at: &str, faults: &mut Faults) {
        faults.blank(format!("{at}.name"), Some(&price.name));
        if price.pricing.is_empty() {
            faults.add(format!("{at}.pricing"), "At least one asset with price rows is required.");
        }
        match (price.r#type, &price.usage_calculation) {
            (PriceType::UsageBased, None) => {
                faults.add(format!("{at}.usage_calculation"), "Required for a usage-based price.");
            }
            (PriceType::UsageBased, Some(usage)) => {
                check_usage(usage, &format!("{at}.usage_calculation"), faults);
            }
            (PriceType::Fixed, Some(_)) => {
                faults.add(format!("{at}.usage_calculation"), "A fixed price counts no usage.");
            }
            (PriceType::Fixed, None) => {}
        }
        let billing = &price.billing_model;
        if billing.r#type == BillingType::Recurring && billing.recurring.is_none() {
            faults.add(format!("{at}.billing_model.recurring"), "Required for recurring billing.");
        }
        if billing.recurring.as_ref().is_some_and(|cycle| cycle.interval_count == Some(0)) {
            faults.add(format!("{at}.billing_model.recurring.interval_count"), "Must be at least 1.");
        }
        if billing.r#type == BillingType::RealTime && price.r#type == PriceType::Fixed {
            faults.add(format!("{at}.billing_model.type"), "A fixed price is one_time or recurring.");
        }
        for (index, pricing) in price.pricing.iter().enumerate() {
            let at = format!("{at}.pricing[{index}]");
            match self.known_asset(&pricing.asset) {
                Err(message) => faults.add(format!("{at}.asset"), message),
                Ok(code) if code != pricing.asset => {
                    faults.add(format!("{at}.asset"), format!("Write it {code}."));
                }
                Ok(code) if price.r#type == PriceType::Fixed && self.assets.contains_key(&code) => {
                    faults
                        .add(format!("{at}.asset"), "Fixed prices are in a currency, not in a custom asset.");
                }
                Ok(_) => {}
            }
            if pricing.values.is_empty() {
                faults.add(format!("{at}.values"), "At least one price row is required.");
            }
            let dimensional = pricing.values.iter().filter(|row| row.dimensions.is_some()).count();
            if dimensional != 0 && dimensional != pricing.values.len() {
                faults.add(format!("{at}.values"), "Rows are either all plain or all dimensional.");
            }
            for (index, row) in pricing.values.iter().enumerate() {
                check_row(price, row, &format!("{at}.values[{index}]"), faults);
            }
            check_tiers(price, &pricing.values, &format!("{at}.values"), faults);
        }
    }
}

fn check_usage(usage: &UsageCalculation, at: &str, faults: &mut Faults) {
    faults.blank(format!("{at}.event_type"), Some(&usage.event_type));
    if usage.usage_type == UsageType::Volume && usage.volume_field.is_none() {
        faults.add(format!("{at}.volume_field"), "Required for the usage type volume.");
    }
    faults.blank(format!("{at}.volume_field"), usage.volume_field.as_deref());
}

fn check_row(price: &Price, row: &PriceRow, at: &str, faults: &mut Faults) {
    if let Some(dimensions) = &row.dimensions {
        let declared = price
            .usage_calculation
            .as_ref()
            .and_then(|usage| usage.billable_dimensions.as_deref())
            .unwrap_or_default();
        for name in dimensions.keys().filter(|name| !declared.contains(name)) {
            faults.add(format!("{at}.dimensions.{name}"), "Not among usage_calculation.billable_dimensions.");
        }
        let rows = row.values.as_deref().unwrap_or_default();
        if rows.is_empty() {
            faults.add(format!("{at}.values"), "At least one price row is required.");
        }
        for (index, row) in rows.iter().enumerate() {
            if row.dimensions.is_some() {
                faults.add(format!("{at}.values[{index}].dimensions"), "Dimensions do not nest.");
            } else {
                check_row(price, row, &format!("{at}.values[{index}]"), faults);
            }
        }
        return check_tiers(price, rows, &format!("{at}.values"), faults);
    }
    let amounts = [
        ("unit_price", row.unit_price),
        ("volume_rate", row.volume_rate),
        ("quantity", row.quantity),
        ("min_amount", row.min_amount),
        ("max_amount", row.max_amount),
        ("up_to", row.up_to),
    ];
    for (name, _) in amounts.iter().filter(|(_, amount)| amount.is_some_and(Amount::is_negative)) {
        faults.add(format!("{at}.{name}"), "Must not be negative; included credit is an entitlement.");
    }
    if row.package_size.is_some_and(|size| !size.is_positive()) {
        faults.add(format!("{at}.package_size"), "Must be more than zero.");
    }
    let needed = match (price.r#type, price.usage_calculation.as_ref().map(|usage| usage.usage_type)) {
        (PriceType::Fixed, _) | (_, Some(UsageType::Unit)) => ("unit_price", row.unit_price.is_some()),
        (_, Some(UsageType::Volume)) => ("volume_rate", row.volume_rate.is_some()),
        (_, Some(UsageType::UnitAndVolume)) => {
            ("unit_price", row.unit_price.is_some() || row.volume_rate.is_some())
        }
        _ => ("", true),
    };
    if !needed.1 {
        faults.add(format!("{at}.{}", needed.0), "Required for this kind of price.");
    }
    if let (Some(least), Some(most)) = (row.min_amount, row.max_amount)
        && least > most
    {
        faults.add(format!("{at}.min_amount"), "Must not be more than max_amount.");
    }
}

fn check_tiers(price: &Price, rows: &[PriceRow], at: &str, faults: &mut Faults) {
    if !matches!(price.pricing_model, Some(PricingModel::Tiered | PricingModel::Bulk)) {
        return;
    }
    for (index, pair) in rows.windows(2).enumerate() {
        let rising = match (pair[0].up_to, pair[1].up_to) {
            (Some(first), Some(second)) => first < second,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if pair[0].dimensions.is_none() && !rising {
            faults
                .add(format!("{at}[{index}].up_to"), "Tiers are in rising order; only the last one is open.");
        }
    }
}

fn no_version(number: u32) -> Refusal {
    Refusal::missing(format!("The product has no version {number}."))
}
