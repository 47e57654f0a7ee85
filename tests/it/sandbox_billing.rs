//! Billing over time and over many events, to the last decimal.

#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "helpers of tests: a fault in one ends the test, and bodies are written where they are sent"
)]

use serde_json::{Value, json};

use crate::sandbox_support::Bench;

const DAY: u32 = 86_400;

async fn product(bench: &Bench, code: &str, prices: Value, entitlements: Value) {
    let request =
        json!({"name": code, "code": code, "publish": true, "prices": prices, "entitlements": entitlements});
    let made = bench.post("/products", request).await;
    assert_eq!(made.status, 201, "{}", made.text);
}

fn usage(event_type: &str, calculation: Value, asset: &str, rows: Value) -> Value {
    let mut usage = json!({"event_type": event_type});
    usage.as_object_mut().unwrap().extend(calculation.as_object().unwrap().clone());
    json!({"name": event_type, "type": "usage_based", "billing_model": {"type": "real_time"}, "usage_calculation": usage,
           "pricing": [{"asset": asset, "values": rows}]})
}

/// Usage by the sandbox's clock, which the test has moved.
async fn use_now(bench: &Bench, customer: &str, id: &str, event_type: &str, data: Value) {
    let now = bench.page(&bench.url("/_sandbox/state")).await.body["now"].clone();
    let event = json!({"id": id, "event_type": event_type, "occurred_at": now, "data": data});
    let sent = bench.post("/events", json!({"customer_id": customer, "events": [event]})).await;
    assert_eq!(sent.status, 204, "{}", sent.text);
}

async fn advance(bench: &Bench, seconds: u32) {
    bench.post("/_sandbox/clock", json!({"advance_seconds": seconds})).await;
}

#[tokio::test]
async fn an_entitlement_that_rolls_over_adds_up_and_one_that_is_given_once_lapses() {
    let bench = Bench::start().await;
    let use_credits = usage("render", json!({"usage_type": "unit"}), "CREDITS", json!([{"unit_price": 30}]));
    let rolling = json!([{"name": "Monthly", "asset": "CREDITS", "amount": 100, "purpose": "bundled",
                          "lifecycle": {"duration": "month", "refresh": {"strategy": "rollover"}}}]);
    product(&bench, "rolling", json!([use_credits]), rolling).await;
    let once = json!([{"name": "Welcome", "asset": "CREDITS", "amount": 100, "purpose": "promotion",
                       "lifecycle": {"duration": "week", "duration_count": 2}}]);
    product(&bench, "once", json!([use_credits]), once).await;
    let (rolling, once) = (bench.customer("r", "rolling").await, bench.customer("o", "once").await);
    bench.usage(&rolling, "r1", "render", json!({})).await;
    bench.usage(&once, "o1", "render", json!({})).await;
    let both = async |bench: &Bench| {
        (bench.balance(&rolling, "default:CREDITS").await, bench.balance(&once, "default:CREDITS").await)
    };
    assert_eq!(both(&bench).await, ("70".to_owned(), "70".to_owned()));
    advance(&bench, 13 * DAY).await;
    assert_eq!(both(&bench).await.1, "70");
    advance(&bench, 2 * DAY).await;
    assert_eq!(both(&bench).await, ("70".to_owned(), "0".to_owned()));
    advance(&bench, 17 * DAY).await;
    assert_eq!(both(&bench).await, ("170".to_owned(), "0".to_owned()));
    use_now(&bench, &once, "o2", "render", json!({})).await;
    assert_eq!(both(&bench).await.1, "-30", "overdraft is on");
}

#[tokio::test]
async fn given_credit_goes_before_paid_credit_and_what_is_paid_stays() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "image_pack").await;
    let bought = json!({"transaction_id": "t", "asset": "IMAGES", "amount": 2, "reason": "external_topup"});
    bench.post(&format!("/customers/{id}/wallet/adjustments"), bought).await;
    for number in 0..4 {
        bench.usage(&id, &format!("e{number}"), "image_generated", json!({})).await;
    }
    let grants = bench.get(&format!("/customers/{id}/wallet/default:IMAGES/grants")).await.body;
    let mut left: Vec<String> = grants["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| format!("{} {}", grant["purpose"].as_str().unwrap(), grant["available"]))
        .collect();
    left.sort();
    assert_eq!(left, ["paid 1", "promotion 0"]);
}

#[tokio::test]
async fn monthly_tiers_begin_again_each_month_and_lifetime_ones_do_not() {
    let bench = Bench::start().await;
    let tiers = |event_type: &str, period: &str| {
        let rows = json!([{"up_to": 10, "volume_rate": 1}, {"volume_rate": 0.1}]);
        let mut price = usage(event_type, json!({"usage_type": "volume", "volume_field": "n"}), "USD", rows);
        price["pricing_model"] = json!("tiered");
        price["tiering"] = json!({"basis": "volume", "period": period});
        price
    };
    product(&bench, "tiers", json!([tiers("by_month", "monthly"), tiers("for_ever", "lifetime")]), json!([]))
        .await;
    let id = bench.customer("user_1", "tiers").await;
    for (id_of_event, event_type) in [("a", "by_month"), ("b", "for_ever")] {
        bench.usage(&id, id_of_event, event_type, json!({"n": 12})).await;
        let fee = bench.get(&format!("/events/{id_of_event}")).await.body["fees"][0]["amount"].to_string();
        assert_eq!(fee, "10.2");
    }
    advance(&bench, 32 * DAY).await;
    for (id_of_event, event_type, wanted) in [("c", "by_month", "10.2"), ("d", "for_ever", "1.2")] {
        use_now(&bench, &id, id_of_event, event_type, json!({"n": 12})).await;
        let fee = bench.get(&format!("/events/{id_of_event}")).await.body["fees"][0]["amount"].to_string();
        assert_eq!(fee, wanted, "{event_type}");
    }
}

#[tokio::test]
async fn a_one_time_fee_is_taken_at_activation_and_quantity_multiplies_it() {
    let bench = Bench::start().await;
    let fee = json!({"name": "Set-up", "type": "fixed", "billing_model": {"type": "one_time"},
                     "pricing": [{"asset": "USD", "values": [{"unit_price": 9.99, "quantity": 3}]}]});
    product(&bench, "setup", json!([fee]), json!([])).await;
    let id = bench.customer("user_1", "setup").await;
    assert_eq!(bench.balance(&id, "default:USD").await, "-29.97");
}

#[tokio::test]
async fn a_price_in_several_assets_takes_the_one_the_customer_has() {
    let bench = Bench::start().await;
    let mut price = usage("render", json!({"usage_type": "unit"}), "CREDITS", json!([{"unit_price": 5}]));
    let in_money = json!({"asset": "USD", "values": [{"unit_price": 0.05}]});
    price["pricing"].as_array_mut().unwrap().insert(0, in_money);
    product(&bench, "either", json!([price]), json!([])).await;
    let id = bench.customer("user_1", "either").await;
    bench.usage(&id, "e", "render", json!({})).await;
    let fees = bench.get("/events/e").await.body["fees"].clone();
    assert_eq!((fees.as_array().unwrap().len(), fees[0]["currency"].as_str()), (1, Some("USD")));
}

#[tokio::test]
async fn ten_thousand_small_fees_leave_the_exact_balance() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    for batch in 0..20 {
        let events: Vec<Value> = (0..500)
            .map(|number| {
                json!({"id": format!("{batch}/{number}"), "event_type": "completion_finished",
                       "occurred_at": jiff::Timestamp::now(), "data": {"total_tokens": 7}})
            })
            .collect();
        let sent = bench.post("/events", json!({"customer_id": id, "events": events})).await;
        assert_eq!(sent.status, 204);
    }
    // 10 000 times 7 tokens at 10 for a million; binary floats would be off by now.
    assert_eq!(bench.balance(&id, "default:USD").await, "-0.7");
}
