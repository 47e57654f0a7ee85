//! The wire, pair by pair: what an integration sends and the whole answer to it, with no key more and none less.
//!
//! In expected bodies `cust_*` is any text that begins so, `@time` any RFC 3339 time; everything else is itself.

#![expect(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "helpers of tests: a fault in one ends the test, and bodies are written where they are sent"
)]

use credyt_integrate::sandbox::DuplicateStatus;
use serde_json::{Value, json};

use crate::sandbox_support::{Answer, Bench};

/// Says where two bodies differ.
fn difference(given: &Value, wanted: &Value, at: &str) -> Option<String> {
    match (given, wanted) {
        (Value::Object(given), Value::Object(wanted)) => {
            let unwanted = given.keys().find(|key| !wanted.contains_key(*key));
            if let Some(key) = unwanted {
                return Some(format!("{at}.{key} is not expected"));
            }
            wanted.iter().find_map(|(key, wanted)| match given.get(key) {
                Some(given) => difference(given, wanted, &format!("{at}.{key}")),
                None => Some(format!("{at}.{key} is missing")),
            })
        }
        (Value::Array(given), Value::Array(wanted)) if given.len() == wanted.len() => given
            .iter()
            .zip(wanted)
            .enumerate()
            .find_map(|(index, (given, wanted))| difference(given, wanted, &format!("{at}[{index}]"))),
        (Value::String(given), Value::String(wanted)) => {
            let same = match wanted.strip_suffix('*') {
                Some(start) => given.starts_with(start) && given.len() > start.len(),
                None if wanted == "@time" => given.parse::<jiff::Timestamp>().is_ok() && given.ends_with('Z'),
                None => given == wanted,
            };
            (!same).then(|| format!("{at} is {given}, not {wanted}"))
        }
        // Numbers by their text: 0.10 would be another answer than 0.1.
        (given, wanted) => (*given != *wanted).then(|| format!("{at} is {given}, not {wanted}")),
    }
}

#[track_caller]
fn expect(answer: &Answer, status: u16, wanted: Value) {
    assert_eq!(answer.status, status, "{}", answer.text);
    if let Some(difference) = difference(&answer.body, &wanted, "body") {
        panic!("{difference}\n{}", answer.text);
    }
}

/// A bench with a product of each kind of usage price.
async fn bench() -> Bench {
    let bench = Bench::start().await;
    let usage = |name: &str, calculation: Value, rows: Value| {
        json!({"name": name, "type": "usage_based", "billing_model": {"type": "real_time"},
               "usage_calculation": calculation, "pricing": [{"asset": "USD", "values": rows}]})
    };
    let prices = [
        usage(
            "Sketch",
            json!({"event_type": "sketch_drawn", "usage_type": "unit"}),
            json!([{"unit_price": 0.25}]),
        ),
        usage(
            "Words",
            json!({"event_type": "text_written", "usage_type": "volume", "volume_field": "words"}),
            json!([{"volume_rate": 3, "package_size": 1_000_000}]),
        ),
        usage(
            "Minutes",
            json!({"event_type": "tape_read", "usage_type": "volume", "volume_field": "minutes",
                   "billable_dimensions": ["quality"]}),
            json!([
                {"dimensions": {"quality": "*"}, "values": [{"volume_rate": 0.04}]},
                {"dimensions": {"quality": "studio"}, "values": [{"volume_rate": 0.06}]},
            ]),
        ),
    ];
    let made = bench
        .post("/products", json!({"name": "Studio", "code": "studio", "publish": true, "prices": prices}))
        .await;
    let wanted =
        json!({"id": "prp_*", "code": "studio", "version": 1, "status": "published", "is_default": true});
    expect(&made, 201, wanted);
    bench
}

fn event(id: &str, event_type: &str, data: Value) -> Value {
    json!({"id": id, "event_type": event_type, "occurred_at": jiff::Timestamp::now(), "data": data})
}

async fn customer(bench: &Bench) -> String {
    let wanted = json!({"name": "Wanda", "external_id": "w-1", "email": "w@example.com", "metadata": {"team": "blue"},
                        "subscriptions": [{"products": [{"code": "studio"}]}]});
    bench.post("/customers", wanted).await.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn customers() {
    let bench = bench().await;
    let active = json!({"id": "sub_*", "status": "active", "started_at": "@time",
                        "products": [{"id": "prp_*", "code": "studio", "version": 1}]});
    let request = json!({"name": "Wanda", "external_id": "w-1", "email": "w@example.com", "metadata": {"team": "blue"},
                         "subscriptions": [{"products": [{"code": "studio"}]}]});
    let made = bench.post("/customers", request.clone()).await;
    expect(&made, 201, json!({"id": "cust_*", "subscriptions": [active]}));
    let id = made.body["id"].as_str().unwrap();

    let taken = json!({"type": "https://tools.ietf.org/html/rfc4918#section-11.2", "status": 422,
                       "title": "One or more validation errors occurred.",
                       "errors": {"external_id": ["A customer with this external_id already exists."]}});
    expect(&bench.post("/customers", request.clone()).await, 422, taken);
    bench.handle.behave(|b| b.duplicate_customer = DuplicateStatus::Conflict);
    let conflict = json!({"type": "https://tools.ietf.org/html/rfc9110#section-15.5.10", "title": "Conflict", "status": 409,
                          "detail": "A customer with external_id w-1 already exists."});
    expect(&bench.post("/customers", request).await, 409, conflict);

    let found = bench.get("/customers?external_id=w-1").await;
    expect(&found, 303, Value::Null);
    assert_eq!(found.location, Some(format!("/customers/{id}")));
    let nobody = json!({"type": "https://tools.ietf.org/html/rfc9110#section-15.5.5", "title": "Not Found", "status": 404,
                        "detail": "There is no customer with external_id w-0."});
    expect(&bench.get("/customers?external_id=w-0").await, 404, nobody);
    let whole = json!({"id": id, "external_id": "w-1", "name": "Wanda", "email": "w@example.com", "created_at": "@time",
                       "active_subscription_count": 1, "metadata": {"team": "blue"}, "external_accounts": [],
                       "subscriptions": [active]});
    expect(&bench.get(&format!("/customers/{id}")).await, 200, whole);

    let plan = json!({"products": [{"code": "pro_monthly"}], "return_url": "https://app.example.com/done",
                      "failure_url": "https://app.example.com/failed", "redirect_to": "return_url"});
    let waiting = json!({"id": "sub_*", "status": "action_required",
                         "products": [{"id": "prp_*", "code": "pro_monthly", "version": 1}],
                         "required_actions": [{"type": "payment", "redirect_url": "http://127.0.0.1:*"}]});
    let made = bench.post("/customers", json!({"name": "Xu", "subscriptions": [plan]})).await;
    expect(&made, 201, json!({"id": "cust_*", "subscriptions": [waiting]}));
}

#[tokio::test]
async fn usage() {
    let bench = bench().await;
    let id = customer(&bench).await;
    bench.post("/vendors", json!({"name": "Tapes", "external_id": "tapes"})).await;
    let mut sent = event("e-words", "text_written", json!({"words": 52000, "model": "quill-2"}));
    sent["subject"] = json!("page_9");
    sent["costs"] =
        json!([{"id": "e-words:llm", "vendor_external_id": "tapes", "category": "text", "amount": 0.0184}]);
    let batch = json!({"customer_external_id": "w-1", "events": [
        event("e-sketch", "sketch_drawn", json!({})), sent, event("e-studio", "tape_read", json!({"minutes": 12.5, "quality": "studio"})),
        event("e-other", "tape_read", json!({"minutes": 3, "quality": "phone"})), event("e-none", "page_viewed", json!({})),
    ]});
    expect(&bench.post("/events", batch).await, 204, Value::Null);

    let fee = |price: &str, amount: Value, more: Value| {
        let mut fee = json!({"id": "fee_*", "product_id": "prp_*", "product_code": "studio", "product_version": 1,
                             "price_id": "prc_*", "price_name": price, "currency": "USD", "amount": amount});
        fee.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fee
    };
    let seen = |id: &str, kind: &str, data: Value, fees: Value| {
        json!({"id": id, "customer_id": "cust_*", "event_type": kind, "occurred_at": "@time", "created_at": "@time",
               "data": data, "fees": fees})
    };
    let stats = |gross: Value, costs: Value, net: Value, margin: Value| json!({"gross_revenue": gross, "total_costs": costs, "net_revenue": net, "margin": margin, "currency": "USD"});
    let words = fee(
        "Words",
        json!(0.156),
        json!({"usage_type": "volume", "volume_field": "words", "input_volume": 52000,
                                                  "volume_rate": 3, "package_size": 1_000_000}),
    );
    let mut wanted =
        seen("e-words", "text_written", json!({"words": 52000, "model": "quill-2"}), json!([words]));
    wanted["subject"] = json!("page_9");
    wanted["costs"] = json!([{"id": "e-words:llm", "vendor_id": "vnd_*", "vendor_external_id": "tapes", "category": "text",
                              "amount": 0.0184, "currency": "USD"}]);
    wanted["stats"] = stats(json!(0.156), json!(0.0184), json!(0.1376), json!(88.21));
    expect(&bench.get("/events/e-words").await, 200, wanted);

    let sketch = fee("Sketch", json!(0.25), json!({"usage_type": "unit", "unit_price": 0.25}));
    let mut wanted = seen("e-sketch", "sketch_drawn", json!({}), json!([sketch]));
    wanted["stats"] = stats(json!(0.25), json!(0), json!(0.25), json!(100));
    expect(&bench.get("/events/e-sketch").await, 200, wanted);
    for (event, quality, amount, matched) in
        [("e-studio", "studio", "0.75", "studio"), ("e-other", "phone", "0.12", "*")]
    {
        let shown = bench.get(&format!("/events/{event}")).await.body["fees"][0].clone();
        assert_eq!(
            (shown["amount"].to_string().as_str(), &shown["dimensions"]["quality"]),
            (amount, &json!(matched)),
            "{quality}"
        );
    }
    expect(&bench.get("/events/e-none").await, 200, seen("e-none", "page_viewed", json!({}), json!([])));

    let account = json!({"id": "default:USD", "name": "default", "asset": "USD", "available": -1.276});
    expect(&bench.get(&format!("/customers/{id}/wallet")).await, 200, json!({"accounts": [account]}));
    let mut account = account;
    account["pending_in"] = json!(0);
    account["pending_out"] = json!(0);
    expect(&bench.get(&format!("/customers/{id}/wallet/default:USD")).await, 200, account);

    let nobody = json!({"type": "https://tools.ietf.org/html/rfc4918#section-11.2", "status": 422,
                        "title": "One or more validation errors occurred.",
                        "errors": {"customer_id": ["Either customer_id or customer_external_id is required."]}});
    expect(
        &bench.post("/events", json!({"events": [event("x", "sketch_drawn", json!({}))]})).await,
        422,
        nobody,
    );
}

#[tokio::test]
async fn money() {
    let bench = bench().await;
    let id = customer(&bench).await;
    let adjustments = format!("/customers/{id}/wallet/adjustments");
    let gift = json!({"transaction_id": "t-1", "account_name": "default", "asset": "USD", "amount": 10, "reason": "gift",
                      "description": "Welcome", "expires_at": "2999-08-01T00:00:00Z", "metadata": {"campaign": "spring"}});
    let taken = json!({"id": "t-1", "created_at": "@time"});
    expect(&bench.post(&adjustments, gift.clone()).await, 201, taken.clone());
    expect(&bench.post(&adjustments, gift).await, 201, taken);
    let refund =
        json!({"transaction_id": "t-2", "asset": "USD", "amount": -4.5, "reason": "external_refund"});
    expect(&bench.post(&adjustments, refund).await, 201, json!({"id": "t-2", "created_at": "@time"}));
    let charge = json!({"transaction_id": "t-3", "asset": "USD", "amount": 2.75, "subject": "export_12"});
    expect(&bench.post(&format!("/customers/{id}/wallet/charges"), charge).await, 201, json!({}));
    assert_eq!(bench.balance(&id, "default:USD").await, "2.75");
    let shown = json!({"id": "t-1", "type": "adjustment", "account_id": "default:USD", "asset": "USD", "amount": 10,
                       "description": "Welcome", "metadata": {"campaign": "spring"}, "created_at": "@time", "executed_at": "@time"});
    expect(&bench.get(&format!("/customers/{id}/wallet/transactions/t-1")).await, 200, shown);
    let grant = json!({"id": "grant_*", "available": 2.75, "effective_at": "@time", "expires_at": "2999-08-01T00:00:00Z",
                       "purpose": "promotion", "created_at": "@time"});
    let grants = bench.get(&format!("/customers/{id}/wallet/default:USD/grants")).await;
    expect(&grants, 200, json!({"items": [grant], "total_count": 1, "limit": 20, "offset": 0}));

    let addresses =
        json!({"return_url": "https://app.example.com/", "failure_url": "https://app.example.com/failed"});
    let with = |more: Value| {
        let mut body = addresses.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let session = bench.post("/billing-portal/sessions", with(json!({"customer_id": id}))).await;
    expect(
        &session,
        200,
        json!({"redirect_url": format!("{}/portal?token=*", bench.handle.url()), "expires_at": "@time"}),
    );
    let top_up = with(json!({"customer_id": id, "amount": 20, "currency": "USD", "description": "Paper"}));
    let started = bench.post("/top-ups", top_up).await;
    let page = format!("{}/pay?token=*", bench.handle.url());
    expect(
        &started,
        201,
        json!({"id": "top_*", "status": "initiated", "redirect_url": page, "created_at": "@time", "expires_at": "@time"}),
    );
    let shown =
        json!({"id": "top_*", "customer_id": id, "amount": 20, "currency": "USD", "status": "initiated"});
    expect(&bench.get(&format!("/top-ups/{}", started.body["id"].as_str().unwrap())).await, 200, shown);
}

#[tokio::test]
async fn the_account_vendors_and_webhooks() {
    let bench = bench().await;
    let made = bench.post("/vendors", json!({"name": "Tapes", "external_id": "tapes"})).await;
    expect(&made, 201, json!({"id": "vnd_*", "created_at": "@time"}));
    let request = json!({"url": "https://app.example.com/webhooks", "topics": ["subscription.activated"]});
    let made = bench.post("/webhooks", request).await;
    expect(&made, 201, json!({"id": "whd_*", "secret": "whsec_*", "created_at": "@time"}));
    let without = bench.http.get(bench.url("/accounts/self")).send().await.unwrap();
    assert_eq!(without.status(), 401);
    assert_eq!(without.text().await.unwrap(), "");
    let context = bench.get("/accounts/self").await;
    assert_eq!((context.status, &context.body["environment"]), (200, &json!("test")));
}
