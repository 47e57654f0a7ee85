//! What an event costs by one price: exact decimal arithmetic, no state, no clock.
//!
//! In: a price, its rows in one asset, the event's data, and how much the tiers have counted so far.
//! Out: a [`Fee`], or why there is none. Where the service's behaviour is not known the choices are: parts of a package are
//! proportional, nothing is rounded, `up_to` is inclusive, a tier list without an open end goes on at its last rate.

use std::collections::BTreeMap;

use crate::credyt::Amount;
use crate::credyt::types::{
    AssetPricing, EventData, Price, PriceRow, PricingModel, TierBasis, UsageCalculation, UsageType,
};

/// A price's answer for one event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fee {
    /// What is charged.
    pub(crate) amount: Amount,
    /// The dimensions of the row that matched, for dimensional prices.
    pub(crate) dimensions: Option<BTreeMap<String, String>>,
    /// The volume that was multiplied.
    pub(crate) input_volume: Option<Amount>,
    /// The row that applied; the last one reached when there were several tiers.
    pub(crate) row: PriceRow,
    /// How far the event moves the count of the tiers.
    pub(crate) counted: Amount,
}

/// Why a price that listens to the event's type produces no fee.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoFee {
    /// The volume field is not in the data.
    #[error("`data.{0}` is missing, so nothing can be multiplied")]
    VolumeMissing(String),
    /// The volume field is not a number.
    #[error("`data.{0}` is not a number, so nothing can be multiplied")]
    VolumeNotNumeric(String),
    /// The volume is below zero.
    #[error("`data.{0}` is negative")]
    VolumeNegative(String),
    /// No row has the event's dimension values and there is no `*`.
    #[error("no price row for {0}")]
    NoRow(String),
    /// The price has no rows, or counts in a way that is not known.
    #[error("the price has {0}")]
    NotPriced(&'static str),
    /// The result cannot be represented.
    #[error("the amount is too large to represent")]
    TooLarge,
}

impl NoFee {
    /// Whether the request must be refused; otherwise the event is stored without a fee.
    pub(crate) fn refuses(&self) -> bool {
        matches!(self, Self::VolumeNegative(_) | Self::TooLarge)
    }
}

/// Prices one event. `used` is what the tiers of this price have counted in the current period.
pub(crate) fn price_event(
    price: &Price,
    pricing: &AssetPricing,
    data: &EventData,
    used: Amount,
) -> Result<Fee, NoFee> {
    let usage = price.usage_calculation.as_ref().ok_or(NoFee::NotPriced("no usage calculation"))?;
    if usage.usage_type == UsageType::Custom {
        return Err(NoFee::NotPriced("the usage type `custom`, whose arithmetic is not documented"));
    }
    let (dimensions, rows) = select_rows(usage, pricing, data)?;
    let first = rows.first().ok_or(NoFee::NotPriced("no rows"))?;
    let counts_volume = match usage.usage_type {
        UsageType::Unit | UsageType::Custom => false,
        UsageType::Volume => true,
        UsageType::UnitAndVolume => rows.iter().any(|row| row.volume_rate.is_some()),
    };
    let volume = if counts_volume { Some(read_volume(usage, data)?) } else { None };
    let tiered = matches!(price.pricing_model, Some(PricingModel::Tiered | PricingModel::Bulk));
    let (amount, row, counted) = if tiered {
        let basis = price.tiering.as_ref().and_then(|tiering| tiering.basis);
        in_tiers(rows, price.pricing_model, basis, usage.usage_type, volume, used)?
    } else {
        (flat(first, usage.usage_type, volume)?, first, Amount::ZERO)
    };
    let amount = row.max_amount.map_or(amount, |ceiling| amount.min(ceiling));
    let amount = row.min_amount.map_or(amount, |floor| amount.max(floor));
    Ok(Fee { amount, dimensions, input_volume: volume, row: row.clone(), counted })
}

type Rows<'p> = (Option<BTreeMap<String, String>>, &'p [PriceRow]);

/// The rows for this event: all of them, or those of the dimensional row with the most exact matches.
fn select_rows<'p>(
    usage: &UsageCalculation,
    pricing: &'p AssetPricing,
    data: &EventData,
) -> Result<Rows<'p>, NoFee> {
    if pricing.values.iter().all(|row| row.dimensions.is_none()) {
        return Ok((None, &pricing.values));
    }
    let mut best: Option<(usize, &PriceRow, &BTreeMap<String, String>)> = None;
    for row in &pricing.values {
        let Some(wanted) = &row.dimensions else { continue };
        let mut exact = 0;
        let matches = wanted.iter().all(|(name, value)| {
            let same = data.text(name).is_some_and(|given| given == *value);
            exact += usize::from(same);
            same || value == "*"
        });
        // Strictly more: among equals the earlier row stands.
        if matches && best.is_none_or(|(most, ..)| exact > most) {
            best = Some((exact, row, wanted));
        }
    }
    let Some((_, row, wanted)) = best else {
        let names = usage.billable_dimensions.iter().flatten();
        let given = names
            .map(|name| format!("{name} = {}", data.text(name).unwrap_or_else(|| "(missing)".to_owned())));
        return Err(NoFee::NoRow(given.collect::<Vec<_>>().join(", ")));
    };
    Ok((Some(wanted.clone()), row.values.as_deref().unwrap_or_default()))
}

fn read_volume(usage: &UsageCalculation, data: &EventData) -> Result<Amount, NoFee> {
    let field = usage.volume_field.as_deref().ok_or(NoFee::NotPriced("no volume field"))?;
    if !data.0.contains_key(field) {
        return Err(NoFee::VolumeMissing(field.to_owned()));
    }
    match data.number(field) {
        None => Err(NoFee::VolumeNotNumeric(field.to_owned())),
        Some(volume) if volume.is_negative() => Err(NoFee::VolumeNegative(field.to_owned())),
        Some(volume) => Ok(volume),
    }
}

/// One row's fee for one event.
fn flat(row: &PriceRow, usage: UsageType, volume: Option<Amount>) -> Result<Amount, NoFee> {
    let by_unit = match usage {
        UsageType::Unit | UsageType::UnitAndVolume => row.unit_price.unwrap_or(Amount::ZERO),
        UsageType::Volume | UsageType::Custom => Amount::ZERO,
    };
    let by_volume = volume.map_or(Ok(Amount::ZERO), |volume| by_volume(row, volume))?;
    by_unit.checked_add(by_volume).ok_or(NoFee::TooLarge)
}

/// `volume_rate` × volume ÷ `package_size`, multiplied first so that only one division can lose digits.
fn by_volume(row: &PriceRow, volume: Amount) -> Result<Amount, NoFee> {
    let rate = row.volume_rate.unwrap_or(Amount::ZERO);
    let package = row.package_size.filter(|size| size.is_positive()).unwrap_or(Amount::ONE);
    rate.checked_mul(volume).and_then(|total| total.checked_div(package)).ok_or(NoFee::TooLarge)
}

fn in_tiers(
    rows: &[PriceRow],
    model: Option<PricingModel>,
    basis: Option<TierBasis>,
    usage: UsageType,
    volume: Option<Amount>,
    used: Amount,
) -> Result<(Amount, &PriceRow, Amount), NoFee> {
    let last = rows.last().ok_or(NoFee::NotPriced("no rows"))?;
    let by_unit = matches!(basis, Some(TierBasis::Unit)) || volume.is_none();
    let quantity = if by_unit { Amount::ONE } else { volume.unwrap_or(Amount::ZERO) };
    let by_package = matches!(basis, Some(TierBasis::Package));
    // Bounds are compared in what is counted: events, or volume.
    let bound = |row: &PriceRow| -> Result<Option<Amount>, NoFee> {
        let Some(end) = row.up_to else { return Ok(None) };
        let size = if by_package { row.package_size.unwrap_or(Amount::ONE) } else { Amount::ONE };
        end.checked_mul(size).map(Some).ok_or(NoFee::TooLarge)
    };
    let reached = used.checked_add(quantity).ok_or(NoFee::TooLarge)?;
    let mut at = last;
    for row in rows {
        if bound(row)?.is_none_or(|end| reached <= end) {
            at = row;
            break;
        }
    }
    if by_unit || model == Some(PricingModel::Bulk) {
        return Ok((flat(at, usage, volume)?, at, quantity));
    }
    let mut amount =
        if usage == UsageType::UnitAndVolume { at.unit_price.unwrap_or(Amount::ZERO) } else { Amount::ZERO };
    let (mut position, mut left) = (used, quantity);
    for (index, row) in rows.iter().enumerate() {
        let open = index + 1 == rows.len();
        let room = if open { left } else { bound(row)?.map_or(left, |end| end - position) };
        let slice = left.min(room);
        if slice.is_positive() {
            amount = amount.checked_add(by_volume(row, slice)?).ok_or(NoFee::TooLarge)?;
            position += slice;
            left -= slice;
        }
    }
    Ok((amount, at, quantity))
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn price(usage: &Value, rows: &Value) -> Price {
        serde_json::from_value(json!({
            "name": "p", "type": "usage_based", "usage_calculation": usage, "billing_model": {"type": "real_time"},
            "pricing": [{"asset": "USD", "values": rows}],
        }))
        .unwrap()
    }

    fn fee(price: &Price, data: &Value, used: &str) -> Result<Fee, NoFee> {
        price_event(price, &price.pricing[0], &serde_json::from_value(data.clone()).unwrap(), amount(used))
    }

    fn charged(price: &Price, data: &Value) -> String {
        fee(price, data, "0").unwrap().amount.to_string()
    }

    fn volume(field: &str) -> Value {
        json!({"event_type": "e", "usage_type": "volume", "volume_field": field})
    }

    #[test]
    fn a_unit_costs_its_price_whatever_the_data() {
        let per_event =
            price(&json!({"event_type": "e", "usage_type": "unit"}), &json!([{"unit_price": 0.25}]));
        assert_eq!(charged(&per_event, &json!({})), "0.25");
        assert_eq!(charged(&per_event, &json!({"images": 4})), "0.25");
    }

    #[test]
    fn worked_examples_of_volume() {
        assert_eq!(
            charged(&price(&volume("minutes"), &json!([{"volume_rate": 0.15}])), &json!({"minutes": 10})),
            "1.5"
        );
        assert_eq!(
            charged(&price(&volume("minutes"), &json!([{"volume_rate": 0.4}])), &json!({"minutes": 100})),
            "40"
        );
        let per_million =
            |rate: f64| price(&volume("tokens"), &json!([{"volume_rate": rate, "package_size": 1_000_000}]));
        assert_eq!(charged(&per_million(1.25), &json!({"tokens": 1_000_000})), "1.25");
        assert_eq!(charged(&per_million(10.0), &json!({"tokens": 1_000_000})), "10");
        assert_eq!(charged(&per_million(3.0), &json!({"tokens": 1840})), "0.00552");
        assert_eq!(charged(&per_million(3.0), &json!({"tokens": 52000})), "0.156");
        assert_eq!(charged(&per_million(3.0), &json!({"tokens": 0})), "0");
    }

    #[test]
    fn unit_and_volume_add_up_and_an_absent_part_is_nothing() {
        let usage = json!({"event_type": "e", "usage_type": "unit_and_volume", "volume_field": "mb"});
        let both = price(&usage, &json!([{"unit_price": 0.1, "volume_rate": 0.02}]));
        assert_eq!(charged(&both, &json!({"mb": 5})), "0.2");
        assert_eq!(charged(&price(&usage, &json!([{"volume_rate": 0.02}])), &json!({"mb": 5})), "0.1");
        assert_eq!(charged(&price(&usage, &json!([{"unit_price": 0.1}])), &json!({})), "0.1");
        assert!(fee(&both, &json!({}), "0").is_err());
    }

    #[test]
    fn the_fee_of_an_event_is_clamped() {
        let clamped = price(&volume("n"), &json!([{"volume_rate": 1, "min_amount": 0.5, "max_amount": 2}]));
        assert_eq!(charged(&clamped, &json!({"n": 0.1})), "0.5");
        assert_eq!(charged(&clamped, &json!({"n": 1.25})), "1.25");
        assert_eq!(charged(&clamped, &json!({"n": 9})), "2");
    }

    #[test]
    fn dimensions_prefer_exact_rows_and_fall_back_to_the_wildcard() {
        let mut usage = volume("minutes");
        usage["billable_dimensions"] = json!(["quality", "fast"]);
        let row = |quality: &str, fast: &str, rate: f64| json!({"dimensions": {"quality": quality, "fast": fast}, "values": [{"volume_rate": rate}]});
        let with_fallback = price(
            &usage,
            &json!([
                row("*", "*", 0.04),
                row("hd", "*", 0.06),
                row("hd", "true", 0.09),
                row("sd", "*", 0.02)
            ]),
        );
        assert_eq!(charged(&with_fallback, &json!({"minutes": 12.5, "quality": "hd"})), "0.75");
        assert_eq!(charged(&with_fallback, &json!({"minutes": 10, "quality": "hd", "fast": true})), "0.9");
        assert_eq!(charged(&with_fallback, &json!({"minutes": 3, "quality": "ultra"})), "0.12");
        assert_eq!(
            charged(&with_fallback, &json!({"minutes": 3})),
            "0.12",
            "a missing key matches only the wildcard"
        );
        let strict = price(&usage, &json!([row("hd", "true", 1.0)]));
        assert_eq!(
            fee(&strict, &json!({"minutes": 3, "quality": "HD", "fast": true}), "0"),
            Err(NoFee::NoRow("quality = HD, fast = true".to_owned()))
        );
    }

    #[test]
    fn numeric_dimension_values_compare_by_text_form() {
        let mut usage = volume("n");
        usage["billable_dimensions"] = json!(["size"]);
        let by_size =
            price(&usage, &json!([{"dimensions": {"size": "1.5"}, "values": [{"volume_rate": 2}]}]));
        assert_eq!(charged(&by_size, &json!({"n": 1, "size": 1.50})), "2");
        assert_eq!(charged(&by_size, &json!({"n": 1, "size": "1.5"})), "2");
    }

    fn with_tiers(model: &str, tiering: &Value, usage: &Value, rows: &Value) -> Price {
        let mut tiered = serde_json::to_value(price(usage, rows)).unwrap();
        tiered["pricing_model"] = json!(model);
        tiered["tiering"] = tiering.clone();
        serde_json::from_value(tiered).unwrap()
    }

    #[test]
    fn tiers_charge_each_slice_at_its_own_rate() {
        let rows = json!([{"up_to": 100, "volume_rate": 1}, {"up_to": 200, "volume_rate": 0.5}, {"volume_rate": 0.1}]);
        let tiered = with_tiers("tiered", &json!({"basis": "volume"}), &volume("n"), &rows);
        assert_eq!(charged(&tiered, &json!({"n": 100})), "100", "up_to is inclusive");
        assert_eq!(charged(&tiered, &json!({"n": 250})), "155");
        let later = fee(&tiered, &json!({"n": 60}), "90").unwrap();
        assert_eq!((later.amount, later.counted), (amount("35"), amount("60")));
        let bulk = with_tiers("bulk", &json!({"basis": "volume"}), &volume("n"), &rows);
        assert_eq!(charged(&bulk, &json!({"n": 250})), "25");
        assert_eq!(fee(&bulk, &json!({"n": 60}), "90").unwrap().amount, amount("30"));
    }

    #[test]
    fn tiers_may_count_events_or_packages() {
        let rows = json!([{"up_to": 2, "unit_price": 1}, {"unit_price": 0.5}]);
        let per_event = with_tiers(
            "tiered",
            &json!({"basis": "unit"}),
            &json!({"event_type": "e", "usage_type": "unit"}),
            &rows,
        );
        let at = |used: &str| fee(&per_event, &json!({}), used).unwrap().amount.to_string();
        assert_eq!([at("0"), at("1"), at("2")], ["1", "1", "0.5"]);
        let rows = json!([{"up_to": 2, "volume_rate": 3, "package_size": 10}, {"volume_rate": 1, "package_size": 10}]);
        let per_package = with_tiers("tiered", &json!({"basis": "package"}), &volume("n"), &rows);
        assert_eq!(charged(&per_package, &json!({"n": 30})), "7");
    }

    #[test]
    fn without_a_usable_volume_there_is_no_fee_and_a_negative_one_is_refused() {
        let by_volume = price(&volume("n"), &json!([{"volume_rate": 1}]));
        let outcome = |data: Value| fee(&by_volume, &data, "0").unwrap_err();
        assert_eq!(outcome(json!({})), NoFee::VolumeMissing("n".to_owned()));
        assert_eq!(outcome(json!({"n": "12"})), NoFee::VolumeNotNumeric("n".to_owned()));
        assert!(!outcome(json!({"n": true})).refuses());
        assert!(outcome(json!({"n": -1})).refuses());
        let huge =
            price(&volume("n"), &json!([{"volume_rate": 79_228_162_514_264_337_593_543_950_335_u128}]));
        assert!(fee(&huge, &json!({"n": 10}), "0").unwrap_err().refuses());
    }

    #[test]
    fn a_price_of_zero_yields_a_fee_of_zero() {
        let free = price(&json!({"event_type": "e", "usage_type": "unit"}), &json!([{"unit_price": 0}]));
        assert_eq!(charged(&free, &json!({})), "0");
    }
}
