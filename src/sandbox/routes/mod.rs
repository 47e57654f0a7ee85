//! The table of routes, and the guard that every API request passes.

mod accounts;
mod catalogue;
mod customers;
mod events;
mod guard;
mod payments;
mod vendors;
mod wallet;
mod webhooks;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use serde::Serialize;

use super::app::App;
use super::behaviour::{LocationForm, LookupForm};
use super::extract::BODY_LIMIT;
use super::refusal::Refusal;
use super::{control, origin, pages};
use crate::credyt::types::Page;

/// Every operation, the pages, and the control endpoints.
pub(crate) fn router(app: App) -> Router {
    let api = Router::new()
        .route("/accounts", post(accounts::create).get(accounts::list))
        .route("/accounts/self", get(accounts::context))
        .route("/accounts/{id}", get(accounts::read))
        .route("/assets", post(catalogue::create_asset).get(catalogue::list_assets))
        .route("/assets/{code}", get(catalogue::read_asset))
        .route("/assets/{code}/quote", post(catalogue::quote))
        .route("/assets/{code}/rates", post(catalogue::add_rate))
        .route("/billing-portal/sessions", post(payments::open_portal))
        .route("/customers", post(customers::create).get(customers::list))
        .route("/customers/stats", get(customers::all_stats))
        .route("/customers/{id}", get(customers::read).patch(customers::update))
        .route("/customers/{id}/stats", get(customers::stats))
        .route("/customers/{id}/subscriptions", post(customers::subscribe))
        .route("/customers/{id}/subscriptions/{subscription}", patch(customers::switch_subscription))
        .route(
            "/customers/{id}/subscriptions/{subscription}/products/{product}",
            patch(customers::move_to_version),
        )
        .route("/customers/{id}/wallet", get(wallet::read))
        .route("/customers/{id}/wallet/adjustments", post(wallet::adjust))
        .route("/customers/{id}/wallet/charges", post(wallet::charge))
        .route("/customers/{id}/wallet/transactions/{transaction}", get(wallet::transaction))
        .route("/customers/{id}/wallet/{account}", get(wallet::account))
        .route("/customers/{id}/wallet/{account}/grants", get(wallet::grants))
        .route("/events", post(events::send).get(events::list))
        .route("/events/{id}", get(events::read))
        .route("/products", post(catalogue::create_product).get(catalogue::list_products))
        .route(
            "/products/{id}",
            get(catalogue::read_product).post(catalogue::create_version).delete(catalogue::delete_product),
        )
        .route("/products/{id}/subscribers", get(catalogue::subscribers))
        .route(
            "/products/{id}/{version}",
            get(catalogue::read_version).patch(catalogue::update_version).delete(catalogue::archive_version),
        )
        .route("/products/{id}/{version}/simulate-usage", post(catalogue::simulate))
        .route("/top-ups", post(payments::start_top_up))
        .route("/top-ups/{id}", get(payments::read_top_up))
        .route("/vendors", post(vendors::create).get(vendors::list))
        .route("/vendors/{id}", get(vendors::read))
        .route("/vendors/{id}/stats", get(vendors::stats))
        .route("/webhooks", post(webhooks::create).get(webhooks::list))
        .route("/webhooks/events", get(webhooks::events))
        .route("/webhooks/test/{topic}", post(webhooks::test_all))
        .route("/webhooks/test/{topic}/{account}", post(webhooks::test_all_connected))
        .route("/webhooks/{id}", get(webhooks::read).patch(webhooks::update).delete(webhooks::delete))
        .route("/webhooks/{id}/test/{topic}", post(webhooks::test_one))
        .route("/webhooks/{id}/test/{topic}/{account}", post(webhooks::test_one_connected))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(app.clone(), guard::guard));
    Router::new()
        .merge(pages::router())
        .merge(control::router())
        .fallback_service(api.with_state(app.clone()))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), origin::guard))
        .with_state(app)
}

async fn unknown(uri: Uri) -> Refusal {
    Refusal::missing(format!("The API has no path {}.", uri.path()))
}

async fn wrong_method(uri: Uri) -> Refusal {
    Refusal::other(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("The path {} does not take this method.", uri.path()),
    )
}

/// What a route returns.
type Answer = Result<Response, Refusal>;

/// 200 with a body.
fn ok(body: &impl Serialize) -> Response {
    with_status(StatusCode::OK, body)
}

/// 201 with a body.
fn created(body: &impl Serialize) -> Response {
    with_status(StatusCode::CREATED, body)
}

/// 204.
fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

fn with_status(status: StatusCode, body: &impl Serialize) -> Response {
    (status, axum::Json(body)).into_response()
}

/// The answer to a look-up that found something, in the form that is switched on.
fn found<T: Serialize>(app: &App, path: &str, object: &impl Serialize, summary: T) -> Response {
    let (lookup, location) = app.read(|store, _| (store.behaviour.lookup, store.behaviour.location));
    match lookup {
        LookupForm::Redirect => {
            let address = match location {
                LocationForm::Relative => path.to_owned(),
                LocationForm::Absolute => format!("{}{path}", app.base()),
            };
            (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
        }
        LookupForm::Page => ok(&Page { items: vec![summary], total_count: 1, limit: 1, offset: 0 }),
        LookupForm::Object => ok(object),
    }
}
