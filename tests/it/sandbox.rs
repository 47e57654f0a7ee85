//! The sandbox over HTTP: what an app integration sends, and what it gets.

use credyt_integrate::sandbox::{
    DuplicateStatus, LocationForm, LookupForm, Outage, SandboxConfig, UnknownVendor, UnpaidWord,
};
use serde_json::{Value, json};

use crate::sandbox_support::Bench;

#[tokio::test]
async fn a_customer_of_the_default_plan_is_active_and_has_a_wallet() {
    let bench = Bench::start().await;
    let made = bench
        .post(
            "/customers",
            json!({"name": "Ada", "external_id": "user_1", "metadata": {"plan": "payg"},
                   "subscriptions": [{"products": [{"code": "default_plan"}]}]}),
        )
        .await;
    assert_eq!(made.status, 201);
    let subscription = &made.body["subscriptions"][0];
    assert_eq!(subscription["status"], "active");
    assert_eq!(subscription["products"][0]["code"], "default_plan");
    assert_eq!(subscription["products"][0]["version"], 1);
    let id = made.body["id"].as_str().unwrap();
    assert!(id.starts_with("cust_") && id.len() == 31, "{id}");
    let customer = bench.get(&format!("/customers/{id}")).await.body;
    assert_eq!(customer["active_subscription_count"], 1);
    assert_eq!(customer["metadata"], json!({"plan": "payg"}));
    assert_eq!(customer["external_accounts"], json!([]));
    let wallet = bench.get(&format!("/customers/{id}/wallet")).await.body;
    assert_eq!(
        wallet,
        json!({"accounts": [{"id": "default:USD", "name": "default", "asset": "USD", "available": 0}]})
    );
}

#[tokio::test]
async fn the_look_up_by_external_id_answers_in_every_switched_form() {
    let bench = Bench::start().await;
    let id = bench.customer("user 7/ü", "default_plan").await;
    let path = "/customers?external_id=user%207%2F%C3%BC";
    let found = bench.get(path).await;
    assert_eq!(
        (found.status, found.location.unwrap(), found.text.as_str()),
        (303, format!("/customers/{id}"), "")
    );
    bench.handle.behave(|b| b.location = LocationForm::Absolute);
    assert_eq!(bench.get(path).await.location.unwrap(), bench.url(&format!("/customers/{id}")));
    bench.handle.behave(|b| b.lookup = LookupForm::Page);
    assert_eq!(bench.get(path).await.body["items"][0]["id"], *id);
    bench.handle.behave(|b| b.lookup = LookupForm::Object);
    let object = bench.get(path).await;
    assert_eq!((object.status, &object.body["id"]), (200, &json!(id)));
    assert_eq!(bench.get("/customers?external_id=nobody").await.status, 404);
}

#[tokio::test]
async fn a_duplicate_external_id_is_refused_with_the_switched_status() {
    let bench = Bench::start().await;
    bench.customer("user_1", "default_plan").await;
    let again = json!({"name": "Bo", "external_id": "user_1"});
    let refused = bench.post("/customers", again.clone()).await;
    assert_eq!(refused.status, 422);
    assert_eq!(refused.body["title"], "One or more validation errors occurred.");
    assert!(refused.body["errors"]["external_id"][0].is_string());
    bench.handle.behave(|b| b.duplicate_customer = DuplicateStatus::Conflict);
    let refused = bench.post("/customers", again).await;
    assert_eq!((refused.status, &refused.body["title"]), (409, &json!("Conflict")));
    assert_eq!(bench.get("/customers").await.body["total_count"], 1);
}

#[tokio::test]
async fn a_customer_can_be_renamed_and_found_by_the_new_external_id_only() {
    let bench = Bench::start().await;
    let id = bench.customer("before", "default_plan").await;
    bench.customer("other", "default_plan").await;
    let path = format!("/customers/{id}");
    assert_eq!(bench.patch(&path, json!({"external_id": "other"})).await.status, 422);
    let changed = bench.patch(&path, json!({"name": "Bo", "external_id": "after"})).await;
    assert_eq!((changed.status, changed.text.as_str()), (204, ""));
    assert_eq!(bench.get("/customers?external_id=before").await.status, 404);
    assert_eq!(bench.get("/customers?external_id=after").await.location.unwrap(), path);
    let customer = bench.get(&path).await.body;
    assert_eq!((&customer["name"], &customer["email"]), (&json!("Bo"), &json!("ada@example.com")));
    assert_eq!(bench.get("/customers?email=ada@example.com").await.body["total_count"], 2);
}

#[tokio::test]
async fn one_event_costs_its_exact_price_once() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    assert_eq!(
        bench.usage(&id, "e1", "completion_finished", json!({"total_tokens": 1840})).await.status,
        204
    );
    assert_eq!(bench.balance(&id, "default:USD").await, "-0.0184");
    let repeated = bench.usage(&id, "e1", "completion_finished", json!({"total_tokens": 999_999})).await;
    assert_eq!((repeated.status, repeated.text.as_str()), (204, ""));
    assert_eq!(
        bench.balance(&id, "default%3Ausd").await,
        "-0.0184",
        "the path may be encoded and in another case"
    );
    let event = bench.get("/events/e1").await.body;
    let fee = &event["fees"][0];
    assert_eq!(fee["amount"].to_string(), "0.0184");
    assert_eq!(fee["product_code"], "default_plan");
    assert_eq!(fee["product_version"], 1);
    assert_eq!(fee["input_volume"], 1840);
    assert_eq!(event["data"], json!({"total_tokens": 1840}));
    let fee_id = fee["id"].as_str().unwrap();
    for transaction in ["e1", fee_id] {
        let found = bench.get(&format!("/customers/{id}/wallet/transactions/{transaction}")).await.body;
        assert_eq!(
            (found["type"].as_str(), found["amount"].to_string()),
            (Some("fee"), "-0.0184".to_owned())
        );
    }
}

#[tokio::test]
async fn events_can_be_refused_or_their_answers_lost_a_number_of_times() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    let data = json!({"total_tokens": 1000});
    bench.handle.behave(|b| b.refused_events = 1);
    let refused = bench.usage(&id, "e1", "completion_finished", data.clone()).await;
    assert_eq!((refused.status, bench.get("/events/e1").await.status), (503, 404));
    bench.handle.behave(|b| b.lost_events = 1);
    let event = json!({"id": "e1", "event_type": "completion_finished", "occurred_at": jiff::Timestamp::now(), "data": data});
    let lost = bench
        .http
        .post(bench.url("/events"))
        .header("X-CREDYT-API-KEY", credyt_integrate::sandbox::SANDBOX_KEY)
        .json(&json!({"customer_id": id, "events": [event]}))
        .send()
        .await;
    assert!(lost.is_err(), "the connection closes without an answer: {lost:?}");
    assert_eq!(bench.get("/events/e1").await.status, 200, "but the event counts");
    assert_eq!(bench.usage(&id, "e1", "completion_finished", data).await.status, 204);
    assert_eq!(bench.balance(&id, "default:USD").await, "-0.01");
}

#[tokio::test]
async fn a_batch_with_one_bad_event_is_refused_whole_and_names_the_field() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    let now = jiff::Timestamp::now();
    let refused = bench
        .post(
            "/events",
            json!({"customer_id": id, "events": [
                {"id": "good", "event_type": "image_generated", "occurred_at": now},
                {"id": "old", "event_type": "image_generated", "occurred_at": "2020-01-01T00:00:00Z"},
                {"id": "negative", "event_type": "completion_finished", "occurred_at": now, "data": {"total_tokens": -1}},
            ]}),
        )
        .await;
    assert_eq!(refused.status, 422);
    let fields: Vec<&String> = refused.body["errors"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["events[1].occurred_at", "events[2].data.total_tokens"]);
    assert_eq!(bench.get("/events/good").await.status, 404);
}

#[tokio::test]
async fn wrong_shapes_name_every_field() {
    let bench = Bench::start().await;
    let cases = [
        ("/customers", json!({"external_id": 7}), vec!["external_id", "name"]),
        (
            "/customers",
            json!({"name": "A", "subscriptions": [{"products": [{"code": "defualt_plan"}]}]}),
            vec!["subscriptions[0].products[0].code"],
        ),
        ("/events", json!({"events": []}), vec!["customer_id", "events"]),
        (
            "/events",
            json!({"customer_external_id": "nobody", "events": [{"id": "", "event_type": "x", "occurred_at": jiff::Timestamp::now()}]}),
            vec!["customer_external_id", "events[0].id"],
        ),
        (
            "/billing-portal/sessions",
            json!({"customer_id": "c", "return_url": "/relative"}),
            vec!["failure_url"],
        ),
        (
            "/billing-portal/sessions",
            json!({"customer_id": "c", "return_url": "/relative", "failure_url": "javascript:alert(1)"}),
            vec!["customer_id", "failure_url", "return_url"],
        ),
    ];
    for (path, body, fields) in cases {
        let refused = bench.post(path, body.clone()).await;
        assert_eq!(refused.status, 422, "{body}");
        let named: Vec<&String> = refused.body["errors"].as_object().unwrap().keys().collect();
        assert_eq!(named, fields, "{body}");
    }
    for broken in ["", "{", "[]", "\"text\""] {
        let refused = bench.send(reqwest::Method::POST, "/customers", Some(broken.to_owned())).await;
        assert_eq!((refused.status, &refused.body["title"]), (400, &json!("Bad Request")), "{broken}");
    }
    let huge = format!("{{\"name\": \"{}\"}}", "x".repeat(3_000_000));
    assert_eq!(bench.send(reqwest::Method::POST, "/customers", Some(huge)).await.status, 413);
    assert_eq!(bench.get("/nowhere").await.status, 404);
    assert_eq!(bench.delete("/customers").await.status, 405);
}

#[tokio::test]
async fn only_test_keys_are_let_in() {
    let bench = Bench::start().await;
    let ask = |name: &'static str, key: &'static str| {
        bench.http.get(bench.url("/accounts/self")).header(name, key).send()
    };
    for (name, key) in [
        ("x-credyt-api-key", "wrong"),
        ("x-credyt-api-key", "key_live_1"),
        ("authorization", "Bearer key_test_1"),
    ] {
        let refused = ask(name, key).await.unwrap();
        assert_eq!(refused.status(), 401, "{key}");
        assert_eq!(refused.text().await.unwrap(), "");
    }
    let known = ask("X-Credyt-Api-Key", "key_test_whatever").await.unwrap();
    assert_eq!(known.json::<Value>().await.unwrap()["environment"], "test");
    let rejected = bench.handle.snapshot()["rejected"].to_string();
    assert!(rejected.contains("belongs in the X-CREDYT-API-KEY header"), "{rejected}");
    assert!(!rejected.contains("key_live_1"), "a key is never shown");
}

#[tokio::test]
async fn an_event_that_matches_nothing_is_accepted_and_doubted_with_the_reason() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    let other = bench.customer("user_2", "image_pack").await;
    let waiting = bench.customer("user_3", "pro_monthly").await;
    assert_eq!(bench.usage(&id, "typo", "image_genrated", json!({})).await.status, 204);
    assert_eq!(bench.usage(&id, "no-volume", "completion_finished", json!({"tokens": 5})).await.status, 204);
    assert_eq!(bench.usage(&other, "not-held", "speech_generated", json!({})).await.status, 204);
    assert_eq!(bench.usage(&waiting, "unpaid", "image_generated", json!({})).await.status, 204);
    assert_eq!(bench.get("/events/typo").await.body["fees"], json!([]));
    let snapshot = bench.handle.snapshot();
    let doubt = |id: &str| {
        let events = snapshot["events"].as_array().unwrap();
        events.iter().find(|event| event["id"] == id).unwrap()["doubt"].clone()
    };
    assert_eq!(doubt("typo")["nearest"], "image_generated");
    assert!(doubt("no-volume")["reason"].as_str().unwrap().contains("data.total_tokens"));
    assert!(doubt("not-held")["reason"].as_str().unwrap().contains("not subscribed"));
    assert!(doubt("unpaid")["reason"].as_str().unwrap().contains("action_required"));
}

#[tokio::test]
async fn costs_need_a_known_vendor_unless_switched_and_make_the_margin() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    let with_cost = |event: &str, vendor: &str| {
        json!({"customer_id": id, "events": [{"id": event, "event_type": "completion_finished", "occurred_at": jiff::Timestamp::now(),
               "data": {"total_tokens": 15600}, "costs": [{"id": "c", "vendor_external_id": vendor, "amount": 0.0184}]}]})
    };
    let refused = bench.post("/events", with_cost("a", "unheard_of")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body["errors"]["events[0].costs[0].vendor_external_id"].is_array());
    assert_eq!(bench.post("/events", with_cost("b", "openai")).await.status, 204);
    let event = bench.get("/events/b").await.body;
    let stats = &event["stats"];
    assert_eq!(
        [stats["gross_revenue"].to_string(), stats["net_revenue"].to_string(), stats["margin"].to_string()],
        ["0.156", "0.1376", "88.21"]
    );
    let vendor = event["costs"][0]["vendor_id"].as_str().unwrap();
    let spent = bench.get(&format!("/vendors/{vendor}/stats")).await.body;
    assert_eq!(spent["total_costs"].to_string(), "0.0184");
    bench.handle.behave(|b| b.unknown_vendor = UnknownVendor::Accept);
    assert_eq!(bench.post("/events", with_cost("a", "unheard_of")).await.status, 204);
}

#[tokio::test]
async fn delays_rate_limits_and_outages_can_be_switched_over_http() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    let switch = |body: Value| bench.post("/_sandbox/behaviour", body);
    assert_eq!(switch(json!({"event_delay_ms": 3_600_000})).await.body["event_delay_ms"], 3_600_000);
    bench.usage(&id, "later", "image_generated", json!({})).await;
    assert_eq!(bench.balance(&id, "default:USD").await, "0");
    bench.post("/_sandbox/clock", json!({"advance_seconds": 3601})).await;
    assert_eq!(bench.balance(&id, "default:USD").await, "-0.05");
    switch(json!({"rate_limited": 1, "retry_after": 7})).await;
    let limited = bench.get("/accounts/self").await;
    assert_eq!((limited.status, limited.retry_after.as_deref()), (429, Some("7")));
    assert_eq!(bench.get("/accounts/self").await.status, 200);
    switch(json!({"outage": "unavailable"})).await;
    assert_eq!(bench.get("/accounts/self").await.status, 503);
    bench.handle.behave(|b| b.outage = Outage::Error);
    assert_eq!(bench.get("/accounts/self").await.status, 500);
    switch(json!({"outage": "none"})).await;
    assert_eq!(bench.get("/accounts/self").await.status, 200);
    let refused = switch(json!({"outage": "meteor"})).await;
    assert!(
        refused.body["errors"]["outage"][0].as_str().unwrap().contains("unavailable"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn adjustments_and_charges_happen_once_per_transaction_id() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    let path = format!("/customers/{id}/wallet/adjustments");
    let gift = json!({"transaction_id": "t1", "asset": "usd", "amount": 10, "reason": "gift", "metadata": {"campaign": "spring"}});
    let first = bench.post(&path, gift.clone()).await;
    let again = bench.post(&path, gift).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    bench
        .post(
            &path,
            json!({"transaction_id": "t2", "asset": "USD", "amount": -4.5, "reason": "external_refund"}),
        )
        .await;
    assert_eq!(bench.balance(&id, "default:USD").await, "5.5");
    let charge = json!({"transaction_id": "t3", "asset": "USD", "amount": 2.75});
    for _ in 0..2 {
        let charged = bench.post(&format!("/customers/{id}/wallet/charges"), charge.clone()).await;
        assert_eq!((charged.status, charged.body), (201, json!({})));
    }
    assert_eq!(bench.balance(&id, "default:USD").await, "2.75");
    let grants =
        bench.get(&format!("/customers/{id}/wallet/default:USD/grants?purpose=promotion")).await.body;
    assert_eq!(
        (grants["total_count"].as_i64(), grants["items"][0]["available"].to_string()),
        (Some(1), "2.75".to_owned())
    );
    let refused = bench
        .post(&path, json!({"transaction_id": "t4", "asset": "GOLD", "amount": 0, "reason": "luck"}))
        .await;
    assert_eq!(refused.body["errors"].as_object().unwrap().len(), 1, "shape first: {}", refused.text);
    assert_eq!(bench.get(&format!("/customers/{id}/wallet/default:EUR")).await.status, 404);
}

#[tokio::test]
async fn the_portal_tops_up_and_returns_to_the_app() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "default_plan").await;
    let session = bench
        .post("/billing-portal/sessions", json!({"customer_id": id, "return_url": "http://localhost:3000/back?x=1", "failure_url": "http://localhost:3000/no"}))
        .await;
    assert_eq!(session.status, 200);
    let address = session.body["redirect_url"].as_str().unwrap();
    let page = bench.page(address).await;
    assert!(page.status == 200 && page.text.contains("Pay with test card"), "{}", page.text);
    let failed = bench.form(address, "amount=5&asset=USD&outcome=fail").await;
    assert_eq!((failed.status, failed.location.as_deref()), (303, Some("http://localhost:3000/no")));
    let wrong = bench.form(address, "amount=-5&asset=USD&outcome=pay").await;
    assert!(wrong.status == 422 && wrong.text.contains("above zero"));
    let paid = bench.form(address, "amount=12%2C50&asset=USD&outcome=pay").await;
    assert_eq!((paid.status, paid.location.as_deref()), (303, Some("http://localhost:3000/back?x=1")));
    assert_eq!(bench.balance(&id, "default:USD").await, "12.5");
    bench.post("/_sandbox/clock", json!({"advance_seconds": 601})).await;
    let late = bench.page(address).await;
    assert!(late.status == 410 && late.text.contains("localhost:3000"), "{}", late.text);
    assert_eq!(bench.form(address, "amount=5&asset=USD&outcome=pay").await.status, 410);
    assert_eq!(bench.page(&bench.url("/portal?token=guess")).await.status, 410);
}

#[tokio::test]
async fn a_top_up_may_buy_a_custom_asset_and_is_paid_once() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "image_pack").await;
    assert_eq!(bench.balance(&id, "default:IMAGES").await, "3", "the entitlement");
    let started = bench
        .post(
            "/top-ups",
            json!({"customer_id": id, "amount": 20.07, "currency": "USD", "destination": {"asset": "IMAGES"},
                                 "return_url": "http://localhost/ok", "failure_url": "http://localhost/no"}),
        )
        .await;
    assert_eq!((started.status, started.body["status"].as_str()), (201, Some("initiated")));
    let account = bench.get(&format!("/customers/{id}/wallet/default:IMAGES")).await.body;
    assert_eq!(account["pending_in"], 401, "20.07 at 0.05 is 401.4, rounded down to whole images");
    let address = started.body["redirect_url"].as_str().unwrap();
    for _ in 0..2 {
        let paid = bench.form(address, "outcome=pay").await;
        assert_eq!((paid.status, paid.location.as_deref()), (303, Some("http://localhost/ok")));
    }
    assert_eq!(bench.balance(&id, "default:IMAGES").await, "404");
    let top_up = bench.get(&format!("/top-ups/{}", started.body["id"].as_str().unwrap())).await.body;
    assert_eq!(top_up["status"], "succeeded");
}

#[tokio::test]
async fn a_monthly_plan_waits_for_its_payment_then_grants_its_credits_each_month() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "pro_monthly").await;
    let subscription = |customer: &Value| customer["subscriptions"][0].clone();
    let waiting = subscription(&bench.get(&format!("/customers/{id}")).await.body);
    assert_eq!(
        (&waiting["status"], &waiting["required_actions"][0]["type"]),
        (&json!("action_required"), &json!("payment"))
    );
    bench.handle.behave(|b| b.unpaid_word = UnpaidWord::Pending);
    assert_eq!(subscription(&bench.get(&format!("/customers/{id}")).await.body)["status"], "pending");
    bench.post("/_sandbox/clock", json!({"advance_seconds": 700})).await;
    assert_eq!(
        bench.page(waiting["required_actions"][0]["redirect_url"].as_str().unwrap()).await.status,
        410
    );
    let fresh = subscription(&bench.get(&format!("/customers/{id}")).await.body);
    let address = fresh["required_actions"][0]["redirect_url"].as_str().unwrap();
    assert!(bench.page(address).await.text.contains("$20.00"));
    let failed = bench.form(address, "outcome=fail").await;
    assert_eq!(failed.location.as_deref(), Some("https://app.example.com/failed"));
    let paid = bench.form(address, "outcome=pay").await;
    assert_eq!(paid.location.as_deref(), Some("https://app.example.com/ok"));
    let active = subscription(&bench.get(&format!("/customers/{id}")).await.body);
    assert_eq!(active["status"], "active");
    assert!(active["required_actions"].is_null() && active["renews_at"].is_string());
    assert_eq!(bench.balance(&id, "default:CREDITS").await, "2000");
    bench.usage(&id, "e1", "image_generated", json!({})).await;
    assert_eq!(bench.balance(&id, "default:CREDITS").await, "1995");
    assert_eq!(bench.get("/events/e1").await.body["stats"]["gross_revenue"].to_string(), "0.05");
    bench.post("/_sandbox/clock", json!({"advance_seconds": 32 * 86400})).await;
    assert_eq!(bench.balance(&id, "default:CREDITS").await, "2000", "expire and replace");
}

#[tokio::test]
async fn a_paid_subscription_needs_its_return_addresses_and_a_bad_one_makes_no_customer() {
    let bench = Bench::start().await;
    let refused = bench
        .post("/customers", json!({"name": "A", "external_id": "u", "subscriptions": [{"products": [{"code": "pro_monthly"}]}]}))
        .await;
    assert_eq!(refused.status, 422);
    let fields: Vec<&String> = refused.body["errors"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["subscriptions[0].failure_url", "subscriptions[0].return_url"]);
    assert_eq!(bench.get("/customers?external_id=u").await.status, 404);
}

#[tokio::test]
async fn subscriptions_start_later_stop_and_move_to_a_new_version() {
    let bench = Bench::start().await;
    let id = bench.post("/customers", json!({"name": "A"})).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.get(&format!("/customers/{id}/wallet")).await.body, json!({"accounts": []}));
    let start = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let made = bench
        .post(
            &format!("/customers/{id}/subscriptions"),
            json!({"products": [{"code": "default_plan"}], "starts_at": start}),
        )
        .await;
    assert_eq!((made.status, &made.body["status"]), (201, &json!("scheduled")));
    bench.usage(&id, "early", "image_generated", json!({})).await;
    bench.post("/_sandbox/clock", json!({"advance_seconds": 3700})).await;
    bench.usage(&id, "then", "image_generated", json!({})).await;
    assert_eq!(bench.balance(&id, "default:USD").await, "-0.05");
    let product = made.body["products"][0]["id"].as_str().unwrap();
    let price = json!({"name": "Image", "type": "usage_based", "billing_model": {"type": "real_time"},
        "usage_calculation": {"event_type": "image_generated", "usage_type": "unit"},
        "pricing": [{"asset": "USD", "values": [{"unit_price": 1}]}]});
    let version = bench.post(&format!("/products/{product}"), json!({"prices": [price]})).await.body;
    assert_eq!((&version["version"], &version["status"]), (&json!(2), &json!("draft")));
    let subscription = format!("/customers/{id}/subscriptions/{}", made.body["id"].as_str().unwrap());
    let move_to_2 =
        || async { bench.patch(&format!("{subscription}/products/{product}"), json!({"version": 2})).await };
    assert_eq!(move_to_2().await.status, 422, "only published versions can be subscribed to");
    bench.patch(&format!("/products/{product}/2"), json!({"publish": true})).await;
    bench.usage(&id, "still-1", "image_generated", json!({})).await;
    assert_eq!(move_to_2().await.status, 204);
    bench.usage(&id, "on-2", "image_generated", json!({})).await;
    assert_eq!(bench.balance(&id, "default:USD").await, "-1.1");
    assert_eq!(bench.get("/events/on-2").await.body["fees"][0]["product_version"], 2);
    assert_eq!(bench.patch(&subscription, json!({"status": "inactive"})).await.status, 204);
    bench.usage(&id, "stopped", "image_generated", json!({})).await;
    assert_eq!(bench.balance(&id, "default:USD").await, "-1.1");
    let listed = bench.get(&format!("/events?customer_id={id}&has_fees=false")).await.body;
    assert_eq!(listed["total_count"], 2);
    assert_eq!(listed["items"][0]["id"], "stopped", "newest first");
}

#[tokio::test]
async fn one_event_may_match_several_prices_and_a_simulation_says_why_not() {
    let bench = Bench::start().await;
    let id = bench.customer("user_1", "token_plan").await;
    bench
        .usage(
            &id,
            "e",
            "completion_finished",
            json!({"input_tokens": 1000, "output_tokens": 200, "model": "m"}),
        )
        .await;
    let fees = bench.get("/events/e").await.body["fees"].clone();
    assert_eq!([fees[0]["amount"].to_string(), fees[1]["amount"].to_string()], ["0.003", "0.003"]);
    assert_eq!(bench.balance(&id, "default:USD").await, "-0.006");
    let product = bench.get("/products?code=token_plan").await.location.unwrap();
    let now = jiff::Timestamp::now();
    let simulated = bench
        .post(&format!("{product}/1/simulate-usage"), json!({"events": [
            {"id": "a", "event_type": "completion_finished", "occurred_at": now, "data": {"input_tokens": 2_000_000}},
            {"id": "b", "event_type": "completion_finishd", "occurred_at": now},
        ]}))
        .await
        .body;
    assert_eq!(
        (simulated["fees"].as_array().unwrap().len(), simulated["fees"][0]["amount"].to_string()),
        (1, "6".to_owned())
    );
    let warnings = simulated["warnings"].to_string();
    assert!(
        warnings.contains("output_tokens") && warnings.contains("did you mean completion_finished?"),
        "{warnings}"
    );
    assert_eq!(bench.balance(&id, "default:USD").await, "-0.006");
}

#[tokio::test]
async fn products_and_assets_are_checked_as_a_catalogue() {
    let bench = Bench::start().await;
    let broken = json!({"name": "X", "code": "default_plan", "publish": true, "prices": [
        {"name": "a", "type": "usage_based", "billing_model": {"type": "real_time"},
         "usage_calculation": {"event_type": "e", "usage_type": "volume"},
         "pricing": [{"asset": "GOLD", "values": [{"volume_rate": -1}]}]},
        {"name": "b", "type": "fixed", "billing_model": {"type": "recurring"},
         "pricing": [{"asset": "CREDITS", "values": [{"unit_price": 1}]}]},
    ], "entitlements": [{"name": "n", "asset": "USD", "amount": 1, "purpose": "bundled", "lifecycle": {"duration": "month"}}]});
    let refused = bench.post("/products", broken).await;
    let fields: Vec<&String> = refused.body["errors"].as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        [
            "code",
            "entitlements[0].asset",
            "prices[0].pricing[0].asset",
            "prices[0].pricing[0].values[0].volume_rate",
            "prices[0].usage_calculation.volume_field",
            "prices[1].billing_model.recurring",
            "prices[1].pricing[0].asset",
        ]
    );
    let made = bench.post("/assets", json!({"code": "TOKENS", "name": "Tokens", "precision": 0, "rates": [{"source": "USD", "inverse_rate": 8}]})).await;
    assert_eq!((made.status, &made.body["code"]), (201, &json!("TOKENS")));
    let quote = bench.post("/assets/tokens/quote", json!({"source": "USD", "amount": 1.2})).await.body;
    assert_eq!((quote["rate"].to_string(), &quote["destination_amount"]), ("0.125".to_owned(), &json!(9)));
    assert_eq!(bench.post("/assets/TOKENS/rates", json!({"source": "USD", "rate": 0.5})).await.status, 204);
    assert_eq!(
        bench.post("/assets/TOKENS/quote", json!({"source": "USD", "amount": 1.2})).await.body["destination_amount"],
        2
    );
    let schedule = bench.get("/assets/TOKENS").await.body["rates"][0]["schedule"].clone();
    assert_eq!(schedule[0]["valid_to"], schedule[1]["valid_from"]);
}

#[tokio::test]
async fn the_state_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        || SandboxConfig { state: Some(folder.path().join("state.json")), ..SandboxConfig::default() };
    let bench = Bench::with(config()).await;
    let id = bench.customer("user_1", "pro_monthly").await;
    bench
        .post(
            &format!("/customers/{id}/wallet/adjustments"),
            json!({"transaction_id": "t", "asset": "USD", "amount": 0.1, "reason": "gift"}),
        )
        .await;
    bench.usage(&id, "e", "image_generated", json!({"n": 0.1})).await;
    bench.handle.shutdown().await.unwrap();
    let bench = Bench::with(config()).await;
    assert_eq!(bench.balance(&id, "default:USD").await, "0.1");
    assert_eq!(bench.get("/events/e").await.body["data"]["n"].to_string(), "0.1");
    let again = bench.usage(&id, "e", "image_generated", json!({})).await;
    assert_eq!(again.status, 204);
    assert_eq!(bench.get("/events").await.body["total_count"], 1);
    std::fs::write(folder.path().join("state.json"), "{\"version\": 9}").unwrap();
    bench.handle.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_pages_and_the_control_endpoints_are_for_this_machine() {
    let bench = Bench::start().await;
    let dashboard = bench.page(&bench.url("/")).await;
    assert!(dashboard.status == 200 && dashboard.text.contains("/_sandbox/dashboard.js"));
    let foreign =
        bench.http.get(bench.url("/_sandbox/state")).header("host", "evil.example.com").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    for path in ["/", "/customers", "/events"] {
        let rebound = bench.http.get(bench.url(path)).header("host", "evil.example");
        let rebound = rebound.header("x-credyt-api-key", "key_test_x").send().await.unwrap();
        assert_eq!(rebound.status(), 403, "{path} under a name that somebody else resolves to this machine");
    }
    for kind in ["text/plain;charset=json", "text/plain; x=json", "application/x-www-form-urlencoded;a=json"]
    {
        let post = bench.http.post(bench.url("/_sandbox/clock")).header("content-type", kind);
        let post = post.body("{\"advance_seconds\":5}").send().await.unwrap();
        assert_eq!(post.status(), 400, "{kind} is sent by a browser without asking");
    }
    let other_site = bench.http.post(bench.url("/_sandbox/clock")).header("origin", "http://evil.example");
    let other_site = other_site.json(&json!({"advance_seconds": 5})).send().await.unwrap();
    assert_eq!(other_site.status(), 403);
    let simple = bench
        .http
        .post(bench.url("/_sandbox/behaviour"))
        .body("{\"outage\":\"error\"}")
        .send()
        .await
        .unwrap();
    assert_eq!(simple.status(), 400, "a form or text post, which any page can send, changes nothing");
    let state = bench.page(&bench.url("/_sandbox/state")).await.body;
    assert_eq!(state["behaviour"]["outage"], "none");
    let mut stream = bench.http.get(bench.url("/_sandbox/stream")).send().await.unwrap();
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"data: {"));
    bench.handle.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_clock_stops_before_it_overflows() {
    let bench = Bench::start().await;
    let mut last = None;
    for _ in 0..60 {
        let moved = bench.http.post(bench.url("/_sandbox/clock")).json(&json!({"advance_seconds": u32::MAX}));
        last = Some(moved.send().await.unwrap().status());
    }
    assert_eq!(last.unwrap(), 422);
    let now = bench.page(&bench.url("/_sandbox/state")).await.body["now"].as_str().unwrap().to_owned();
    assert!(now.as_str() > "2900", "{now}");
    bench.customer("user_late", "default_plan").await;
    bench.handle.shutdown().await.unwrap();
}
