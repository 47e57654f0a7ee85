//! The billing-cycle procedure and the API client, against the sandbox.

#![expect(clippy::unwrap_used, reason = "a fault in the set-up is to fail the test right there")]

use std::time::Duration;

use credyt_integrate::credyt::types::{CreateCustomerRequest, VersionRef};
use credyt_integrate::credyt::verify::{Report, Status, Step, realistic_events, verify_product};
use credyt_integrate::credyt::{Client, ClientError};
use credyt_integrate::sandbox::{LocationForm, LookupForm, Outage, SANDBOX_KEY};
use serde_json::json;

use crate::sandbox_support::Bench;

fn client(bench: &Bench) -> Client {
    Client::new(&bench.handle.url(), SANDBOX_KEY).unwrap()
}

async fn verified(bench: &Bench, code: &str) -> Report {
    let client = client(bench);
    let product = client.find_product(code).await.unwrap().unwrap();
    verify_product(&client, &product, Duration::ZERO).await
}

fn outcome(report: &Report, step: Step) -> Status {
    report.steps.iter().find(|outcome| outcome.step == step).unwrap().status
}

#[tokio::test]
async fn every_usage_product_of_the_default_catalogue_passes_all_steps() {
    let bench = Bench::start().await;
    for code in ["default_plan", "token_plan", "image_pack"] {
        let report = verified(&bench, code).await;
        assert!(report.steps.iter().all(|outcome| outcome.status == Status::Pass), "{report:?}");
    }
}

#[tokio::test]
async fn it_also_passes_with_the_other_forms_of_the_look_up() {
    let bench = Bench::start().await;
    for (lookup, location) in [
        (LookupForm::Redirect, LocationForm::Absolute),
        (LookupForm::Page, LocationForm::Relative),
        (LookupForm::Object, LocationForm::Relative),
    ] {
        bench.handle.behave(|b| (b.lookup, b.location) = (lookup, location));
        assert!(
            verified(&bench, "image_pack").await.steps.iter().all(|outcome| outcome.status == Status::Pass)
        );
    }
}

#[tokio::test]
async fn a_plan_with_a_fee_is_paid_in_the_sandbox_and_then_proven() {
    let bench = Bench::start().await;
    let report = verified(&bench, "pro_monthly").await;
    assert!(report.steps.iter().all(|outcome| outcome.status == Status::Pass), "{report:?}");
    assert!(report.steps[2].detail.contains("default:CREDITS 2000"), "{report:?}");
}

#[tokio::test]
async fn a_product_without_a_published_version_fails_at_the_customer_and_says_what_to_change() {
    let bench = Bench::start().await;
    bench.post("/products", json!({"name": "Draft", "code": "draft", "prices": []})).await;
    let report = verified(&bench, "draft").await;
    assert!(!report.ok());
    assert_eq!(outcome(&report, Step::Customer), Status::Fail);
    assert!(report.steps[0].change.as_deref().unwrap().contains("publish"));
    assert!(report.steps[1..].iter().all(|outcome| outcome.status == Status::Skipped));
}

#[tokio::test]
async fn events_are_built_from_the_prices() {
    let bench = Bench::start().await;
    let client = client(&bench);
    let product = client.find_product("token_plan").await.unwrap().unwrap();
    let version = client.product_version(&product.id, VersionRef::Default).await.unwrap();
    let events = realistic_events(&version);
    assert_eq!(events.len(), 1, "one event for both prices");
    let data = &events[0].data.as_ref().unwrap().0;
    assert_eq!(
        serde_json::to_value(data).unwrap(),
        json!({"input_tokens": 1840, "model": "any", "output_tokens": 1840})
    );
}

#[tokio::test]
async fn the_client_repeats_what_is_harmless_and_nothing_else() {
    let bench = Bench::start().await;
    let client = client(&bench);
    bench.handle.behave(|b| (b.rate_limited, b.retry_after) = (1, 0));
    assert_eq!(client.context().await.unwrap().environment, "test");
    bench.handle.behave(|b| (b.rate_limited, b.retry_after) = (1, 0));
    let request = CreateCustomerRequest {
        name: "Ada".to_owned(),
        external_id: None,
        email: None,
        metadata: None,
        subscriptions: None,
        external_accounts: None,
    };
    assert_eq!(client.create_customer(&request).await.unwrap_err().status(), Some(429));
    assert!(client.find_customer("nobody").await.unwrap().is_none());
    bench.handle.behave(|b| b.outage = Outage::Unavailable);
    assert_eq!(client.create_customer(&request).await.unwrap_err().status(), Some(503));
    let url = bench.handle.url();
    bench.handle.shutdown().await.unwrap();
    let error = Client::new(&url, SANDBOX_KEY).unwrap().create_customer(&request).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
}
