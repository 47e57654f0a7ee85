//! Revenue against cost: of an event, a customer, a vendor.
//!
//! `margin` is a percentage with two decimals, 0 without revenue. Sums are in the currency of the first fee, else USD; costs in
//! another currency are left out, because nothing here knows exchange rates.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Store, StoredEvent};
use crate::credyt::Amount;
use crate::credyt::types::{Cost, EventFee, Profitability, VendorCategoryStats, VendorStats};

/// Days to cover, both inclusive.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Period {
    pub(crate) from: Option<Date>,
    pub(crate) to: Option<Date>,
}

impl Period {
    pub(crate) fn covers(self, event: &StoredEvent) -> bool {
        let day = event.event.occurred_at.to_zoned(TimeZone::UTC).date();
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

impl Store {
    pub(crate) fn event_stats(
        &self,
        fees: &[EventFee],
        costs: &[Cost],
        revenue: Amount,
    ) -> Option<Profitability> {
        if fees.is_empty() && costs.is_empty() {
            return None;
        }
        let currency = fees
            .iter()
            .map(|fee| fee.currency.as_str())
            .find(|code| !self.assets.contains_key(*code))
            .unwrap_or("USD");
        Some(profitability(revenue, costs_in(costs, currency), currency))
    }

    pub(crate) fn customer_stats(&self, customer: &str, period: Period) -> Profitability {
        self.sum(|stored| stored.event.customer_id == customer && period.covers(stored))
    }

    pub(crate) fn total_stats(&self, period: Period) -> Profitability {
        self.sum(|stored| period.covers(stored))
    }

    fn sum(&self, keep: impl Fn(&StoredEvent) -> bool) -> Profitability {
        let (mut revenue, mut costs) = (Amount::ZERO, Amount::ZERO);
        let mut currency: Option<String> = None;
        for stored in self.events.values().filter(|stored| keep(stored)) {
            let Some(stats) = &stored.event.stats else { continue };
            if *currency.get_or_insert_with(|| stats.currency.clone()) == stats.currency {
                revenue += stats.gross_revenue;
                costs += stats.total_costs;
            }
        }
        profitability(revenue, costs, currency.as_deref().unwrap_or("USD"))
    }

    pub(crate) fn vendor_stats(&self, vendor: &str, category: Option<&str>, period: Period) -> VendorStats {
        let mut categories = std::collections::BTreeMap::<String, Amount>::new();
        for stored in self.events.values().filter(|stored| period.covers(stored)) {
            for cost in
                stored.event.costs.iter().flatten().filter(|cost| cost.vendor_id.as_deref() == Some(vendor))
            {
                let name = cost.category.as_deref().unwrap_or("uncategorized");
                if category.is_none_or(|wanted| wanted == name) && cost.currency.as_deref() == Some("USD") {
                    *categories.entry(name.to_owned()).or_default() += cost.amount;
                }
            }
        }
        VendorStats {
            total_costs: categories.values().copied().sum(),
            categories: categories
                .into_iter()
                .map(|(category, cost)| VendorCategoryStats { category, cost })
                .collect(),
        }
    }
}

fn costs_in(costs: &[Cost], currency: &str) -> Amount {
    costs
        .iter()
        .filter(|cost| cost.currency.as_deref().unwrap_or("USD") == currency)
        .map(|cost| cost.amount)
        .sum()
}

fn profitability(revenue: Amount, costs: Amount, currency: &str) -> Profitability {
    let net = revenue - costs;
    let margin = if revenue.is_zero() {
        Amount::ZERO
    } else {
        let share = net
            .decimal()
            .checked_div(revenue.decimal())
            .and_then(|share| share.checked_mul(Decimal::ONE_HUNDRED));
        let share = share.unwrap_or_default();
        Amount::from(share.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero))
    };
    Profitability {
        gross_revenue: revenue,
        total_costs: costs,
        net_revenue: net,
        margin,
        currency: currency.to_owned(),
    }
}
