//! Charging an event: match it to the prices of the customer's active subscriptions, take the fees, book the revenue.
//!
//! Matching is by `event_type` only. An event that matches nothing is kept without fees, as the service does, and gets a
//! [`Doubt`] that says what was probably meant.

use jiff::{Timestamp, tz::TimeZone};

use super::{Doubt, Store, SubscribedProduct, new_id};
use crate::credyt::types::{
    AssetPricing, BillingType, CalculatedFee, Event, EventData, EventFee, Price, SimulateUsageRequest,
    SimulateUsageResponse, SubscriptionStatus, TierPeriod, UsageEvent,
};
use crate::credyt::{Amount, nearest};
use crate::sandbox::ledger::Slice;
use crate::sandbox::price::{Fee, NoFee, price_event};
use crate::sandbox::refusal::{Faults, Refusal};

/// A price that listens to an event, and what it says.
struct Match {
    product: SubscribedProduct,
    price: Price,
    currency: String,
    tier: String,
    outcome: Result<Fee, NoFee>,
}

impl Store {
    /// Works out and takes the fees of a stored event.
    pub(crate) fn bill(&mut self, number: u64, now: Timestamp) {
        let Some(stored) = self.events.get(&number).filter(|stored| !stored.billed) else { return };
        let event = stored.event.clone();
        let empty = EventData::default();
        let matches =
            self.matches(&event.customer_id, &event.event_type, event.data.as_ref().unwrap_or(&empty), now);
        let mut doubt = None;
        let mut fees = Vec::new();
        let mut revenue = Amount::ZERO;
        for found in &matches {
            match &found.outcome {
                Ok(fee) => {
                    let slices = self.debit(&event.customer_id, &found.currency, fee.amount, now);
                    revenue += self.revenue_of(&found.currency, &slices, now);
                    if let Some(customer) = self.customers.get_mut(&event.customer_id)
                        && !fee.counted.is_zero()
                    {
                        *customer.tiers.entry(found.tier.clone()).or_default() += fee.counted;
                    }
                    fees.push(charged_fee(found, fee, &event));
                }
                Err(why) => {
                    doubt = Some(Doubt {
                        reason: format!("price \u{201c}{}\u{201d}: {why}", found.price.name),
                        nearest: None,
                    });
                }
            }
        }
        if matches.is_empty() {
            doubt = Some(self.doubt_of(&event));
        }
        let stats = self.event_stats(&fees, event.costs.as_deref().unwrap_or_default(), revenue);
        if let Some(stored) = self.events.get_mut(&number) {
            stored.event.fees = fees;
            stored.event.stats = stats;
            stored.billed = true;
            stored.revenue = revenue;
            stored.doubt = doubt;
        }
    }

    /// Faults that only show when the event is priced: a negative volume, an amount beyond all bounds.
    pub(crate) fn check_priceable(&self, customer: &str, event: &UsageEvent, at: &str, faults: &mut Faults) {
        let empty = EventData::default();
        let data = event.data.as_ref().unwrap_or(&empty);
        for found in self.matches(customer, &event.event_type, data, event.occurred_at) {
            if let Err(why) = &found.outcome
                && why.refuses()
            {
                let field =
                    found.price.usage_calculation.and_then(|usage| usage.volume_field).unwrap_or_default();
                faults.add(format!("{at}.data.{field}"), format!("Not chargeable: {why}."));
            }
        }
    }

    fn matches(&self, customer: &str, event_type: &str, data: &EventData, now: Timestamp) -> Vec<Match> {
        let Some(customer) = self.customers.get(customer) else { return Vec::new() };
        let active = customer.subscriptions.iter().filter(|s| s.status == SubscriptionStatus::Active);
        let mut found = Vec::new();
        for product in active.flat_map(|subscription| &subscription.products) {
            let Some(version) = self.version(&product.id, product.version) else { continue };
            for price in version.prices.iter().filter(|price| price.listens_to(event_type)) {
                let Some(pricing) = price
                    .pricing
                    .iter()
                    .find(|pricing| {
                        customer.accounts.contains_key(&format!("default:{}", pricing.asset).to_lowercase())
                    })
                    .or_else(|| price.pricing.first())
                else {
                    continue;
                };
                let tier = tier_key(price, pricing, now);
                let used = customer.tiers.get(&tier).copied().unwrap_or(Amount::ZERO);
                found.push(Match {
                    product: product.clone(),
                    outcome: price_event(price, pricing, data, used),
                    price: price.clone(),
                    currency: pricing.asset.clone(),
                    tier,
                });
            }
        }
        found
    }

    /// Why nothing listens to an event, and the event type that was probably meant.
    fn doubt_of(&self, event: &Event) -> Doubt {
        let customer = self.customers.get(&event.customer_id);
        let subscriptions = customer.map(|c| c.subscriptions.as_slice()).unwrap_or_default();
        let listening = |product: &SubscribedProduct| {
            self.version(&product.id, product.version)
                .is_some_and(|version| version.prices.iter().any(|price| price.listens_to(&event.event_type)))
        };
        if let Some(waiting) = subscriptions.iter().find(|s| s.products.iter().any(listening)) {
            let status = waiting.status.word();
            let reason =
                format!("the subscription that prices it is {status}, so nothing is charged, also not later");
            return Doubt { reason, nearest: None };
        }
        let elsewhere = self.products.values().find(|product| {
            let newest = product.default_version.and_then(|version| product.versions.get(&version));
            newest
                .is_some_and(|version| version.prices.iter().any(|price| price.listens_to(&event.event_type)))
        });
        if let Some(product) = elsewhere {
            let held = subscriptions.iter().flat_map(|s| &s.products).any(|held| held.id == product.id);
            let reason = if held {
                format!("the customer is on an older version of {} without a price for it", product.code)
            } else {
                format!("product {} prices it, but the customer is not subscribed to it", product.code)
            };
            return Doubt { reason, nearest: None };
        }
        let known = self.event_types();
        let near = nearest(&event.event_type, known.iter().map(String::as_str)).map(str::to_owned);
        let reason = format!("no price listens to {}", event.event_type);
        Doubt { reason, nearest: near }
    }

    /// All event types that some published version prices.
    pub(crate) fn event_types(&self) -> Vec<String> {
        let prices =
            self.products.values().flat_map(|p| p.versions.values()).flat_map(|version| &version.prices);
        let mut types: Vec<String> = prices
            .filter_map(|price| price.usage_calculation.as_ref())
            .map(|usage| usage.event_type.clone())
            .collect();
        types.sort();
        types.dedup();
        types
    }

    /// What a fee is worth in money: itself in a currency; in a custom asset through the grant's revenue basis, else the rate.
    fn revenue_of(&self, currency: &str, slices: &[Slice], now: Timestamp) -> Amount {
        let Some(asset) = self.assets.get(currency) else {
            return slices.iter().map(|slice| slice.amount).sum();
        };
        let rate = asset.any_rate(now).unwrap_or(Amount::ZERO);
        slices
            .iter()
            .map(|slice| {
                slice.amount.checked_mul(slice.revenue_basis.unwrap_or(rate)).unwrap_or(Amount::ZERO)
            })
            .sum()
    }

    /// Prices events by one version without charging anyone.
    pub(crate) fn simulate(
        &self,
        product: &str,
        version: u32,
        request: &SimulateUsageRequest,
        now: Timestamp,
    ) -> Result<SimulateUsageResponse, Refusal> {
        let version =
            self.version(product, version).ok_or_else(|| Refusal::missing("There is no such version."))?;
        let mut faults = Faults::default();
        for (index, event) in request.events.iter().enumerate() {
            self.check_event(event, &format!("events[{index}]"), now, &mut faults);
        }
        faults.done()?;
        let mut fees = Vec::new();
        let mut warnings = Vec::new();
        let mut counted = std::collections::BTreeMap::<String, Amount>::new();
        for event in &request.events {
            let listening: Vec<&Price> =
                version.prices.iter().filter(|p| p.listens_to(&event.event_type)).collect();
            if listening.is_empty() {
                let known = version
                    .prices
                    .iter()
                    .filter_map(|p| Some(p.usage_calculation.as_ref()?.event_type.as_str()));
                let hint = nearest(&event.event_type, known).map(|near| format!("; did you mean {near}?"));
                let hint = hint.unwrap_or_default();
                warnings.push(format!(
                    "Event {}: no price of this version listens to {}{hint}",
                    event.id, event.event_type
                ));
            }
            for price in listening {
                let Some(pricing) = price.pricing.first() else { continue };
                let key = tier_key(price, pricing, now);
                let used = counted.get(&key).copied().unwrap_or(Amount::ZERO);
                let empty = EventData::default();
                match price_event(price, pricing, event.data.as_ref().unwrap_or(&empty), used) {
                    Ok(fee) => {
                        *counted.entry(key).or_default() += fee.counted;
                        fees.push(simulated_fee(price, pricing, &fee, event));
                    }
                    Err(why) => warnings.push(format!("Event {}, price {}: {why}", event.id, price.name)),
                }
            }
        }
        Ok(SimulateUsageResponse { fees, warnings: Some(warnings) })
    }
}

impl Price {
    /// Whether usage of this type is charged by this price.
    pub(crate) fn listens_to(&self, event_type: &str) -> bool {
        self.billing_model.r#type == BillingType::RealTime
            && self.usage_calculation.as_ref().is_some_and(|usage| usage.event_type == event_type)
    }
}

/// Under which key a price's tiers are counted: per asset, starting over with the period.
fn tier_key(price: &Price, pricing: &AssetPricing, now: Timestamp) -> String {
    let date = now.to_zoned(TimeZone::UTC).date();
    let period = match price.tiering.as_ref().and_then(|tiering| tiering.period) {
        Some(TierPeriod::Monthly) => format!("{}-{:02}", date.year(), date.month()),
        Some(TierPeriod::Quarterly) => format!("{}-Q{}", date.year(), (date.month() + 2) / 3),
        Some(TierPeriod::Yearly) => date.year().to_string(),
        Some(TierPeriod::Lifetime | TierPeriod::Custom) | None => "all".to_owned(),
    };
    format!("{}/{}/{period}", price.id.as_deref().unwrap_or(&price.name), pricing.asset)
}

fn charged_fee(found: &Match, fee: &Fee, event: &Event) -> EventFee {
    let usage = found.price.usage_calculation.as_ref();
    let reference = usage.and_then(|usage| usage.source_reference_field.as_deref());
    let about = reference.and_then(|field| event.data.as_ref()?.text(field));
    EventFee {
        id: new_id("fee"),
        product_id: found.product.id.clone(),
        product_code: found.product.code.clone(),
        product_version: found.product.version,
        price_id: found.price.id.clone().unwrap_or_default(),
        price_name: found.price.name.clone(),
        currency: found.currency.clone(),
        dimensions: fee.dimensions.clone(),
        usage_type: found.price.usage_type(),
        volume_field: usage
            .and_then(|usage| usage.volume_field.clone())
            .filter(|_| fee.input_volume.is_some()),
        input_volume: fee.input_volume,
        unit_price: fee.row.unit_price,
        volume_rate: fee.row.volume_rate,
        package_size: fee.row.package_size,
        description: event.description.clone().or(about),
        amount: fee.amount,
    }
}

fn simulated_fee(price: &Price, pricing: &AssetPricing, fee: &Fee, event: &UsageEvent) -> CalculatedFee {
    let usage = price.usage_calculation.as_ref();
    CalculatedFee {
        price_id: price.id.clone().unwrap_or_default(),
        price_name: price.name.clone(),
        currency: pricing.asset.clone(),
        usage_id: event.id.clone(),
        event_type: event.event_type.clone(),
        dimensions: fee.dimensions.clone(),
        usage_type: price.usage_type(),
        volume_field: usage
            .and_then(|usage| usage.volume_field.clone())
            .filter(|_| fee.input_volume.is_some()),
        input_volume: fee.input_volume,
        unit_price: fee.row.unit_price,
        volume_rate: fee.row.volume_rate,
        package_size: fee.row.package_size,
        description: event.description.clone(),
        amount: fee.amount,
    }
}

impl Price {
    fn usage_type(&self) -> crate::credyt::types::UsageType {
        self.usage_calculation
            .as_ref()
            .map_or(crate::credyt::types::UsageType::Unit, |usage| usage.usage_type)
    }
}
