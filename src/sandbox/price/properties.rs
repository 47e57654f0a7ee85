//! What holds for every price, whatever the numbers.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Numbers as people put them into prices: few digits, so that nothing needs rounding.
fn decimal() -> impl Strategy<Value = Amount> {
    (0_i64..1_000_000, 0_u32..6)
        .prop_map(|(digits, scale)| Amount::from(rust_decimal::Decimal::new(digits, scale)))
}

fn package() -> impl Strategy<Value = u32> {
    prop::sample::select(vec![1, 2, 10, 1000, 1_000_000])
}

fn by_volume(rows: &serde_json::Value, model: Option<&str>) -> Price {
    let mut price = json!({
        "name": "p", "type": "usage_based", "billing_model": {"type": "real_time"},
        "usage_calculation": {"event_type": "e", "usage_type": "volume", "volume_field": "n", "billable_dimensions": ["a", "b"]},
        "pricing": [{"asset": "USD", "values": rows}],
    });
    if let Some(model) = model {
        price["pricing_model"] = json!(model);
        price["tiering"] = json!({"basis": "volume"});
    }
    serde_json::from_value(price).unwrap()
}

fn data(volume: Amount, more: &serde_json::Value) -> EventData {
    let mut data = json!({"n": volume});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(data).unwrap()
}

fn fee(price: &Price, data: &EventData, used: Amount) -> Fee {
    price_event(price, &price.pricing[0], data, used).unwrap()
}

proptest! {
    #[test]
    fn a_volume_costs_the_same_in_one_event_or_in_several(rate in decimal(), package in package(), parts in prop::collection::vec(decimal(), 1..8)) {
        let price = by_volume(&json!([{"volume_rate": rate, "package_size": package}]), None);
        let whole: Amount = parts.iter().copied().sum();
        let apart: Amount = parts.iter().map(|part| fee(&price, &data(*part, &json!({})), Amount::ZERO).amount).sum();
        prop_assert_eq!(fee(&price, &data(whole, &json!({})), Amount::ZERO).amount, apart);
    }

    #[test]
    fn tiers_do_not_depend_on_how_usage_is_cut_into_events(
        rates in prop::collection::vec(decimal(), 3), first in 1_i64..500, second in 500_i64..1000,
        parts in prop::collection::vec(decimal(), 1..8),
    ) {
        let rows = json!([{"up_to": first, "volume_rate": rates[0]}, {"up_to": second, "volume_rate": rates[1]}, {"volume_rate": rates[2]}]);
        let price = by_volume(&rows, Some("tiered"));
        let whole: Amount = parts.iter().copied().sum();
        let (mut used, mut apart) = (Amount::ZERO, Amount::ZERO);
        for part in &parts {
            let fee = fee(&price, &data(*part, &json!({})), used);
            apart += fee.amount;
            used += fee.counted;
        }
        prop_assert_eq!(used, whole);
        prop_assert_eq!(fee(&price, &data(whole, &json!({})), Amount::ZERO).amount, apart);
    }

    #[test]
    fn a_fee_stays_within_its_bounds_and_is_untouched_between_them(rate in decimal(), volume in decimal(), a in decimal(), b in decimal()) {
        let (least, most) = (a.min(b), a.max(b));
        let plain = fee(&by_volume(&json!([{"volume_rate": rate}]), None), &data(volume, &json!({})), Amount::ZERO).amount;
        let rows = json!([{"volume_rate": rate, "min_amount": least, "max_amount": most}]);
        let clamped = fee(&by_volume(&rows, None), &data(volume, &json!({})), Amount::ZERO).amount;
        prop_assert_eq!(clamped, plain.max(least).min(most));
    }

    #[test]
    fn the_order_of_rows_matters_only_among_equals(order in Just(vec![0, 1, 2, 3]).prop_shuffle(), a in "[xy]", b in "[xy]") {
        let rows = [("*", "*", 1), ("x", "*", 2), ("*", "x", 2), ("x", "x", 3)];
        let listed: Vec<_> = order.iter().map(|&i| {
            let (a, b, rate) = rows[i];
            json!({"dimensions": {"a": a, "b": b}, "values": [{"volume_rate": rate}]})
        }).collect();
        let price = by_volume(&json!(listed), None);
        let exact = i64::from(a == "x") + i64::from(b == "x");
        let charged = fee(&price, &data(Amount::ONE, &json!({"a": a, "b": b})), Amount::ZERO).amount;
        prop_assert_eq!(charged, Amount::from(1 + exact));
    }
}
