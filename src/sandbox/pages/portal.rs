//! The hosted pages: the billing portal with its top-up form, and the payment of a top-up or a subscription.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::render;
use crate::credyt::Amount;
use crate::credyt::types::SubscriptionStatus;
use crate::sandbox::app::App;
use crate::sandbox::store::{Customer, Payment, Store, Subscription};

/// How much history the portal lists.
const ROWS_SHOWN: usize = 30;

type Fields = BTreeMap<String, String>;

fn token(query: &Fields) -> &str {
    query.get("token").map(String::as_str).unwrap_or_default()
}

/// `GET /portal`.
pub(crate) async fn show(State(app): State<App>, Query(query): Query<Fields>) -> Response {
    portal_page(&app, token(&query), StatusCode::OK, "", "")
}

fn portal_page(app: &App, token: &str, status: StatusCode, amount: &str, fault: &str) -> Response {
    let page = app.read(|store, now| match store.link(token, now) {
        Some(Payment::Portal { customer, return_url, .. }) => {
            let customer = store.customers.get(customer)?;
            Some(json!({
                "token": token,
                "name": customer.name,
                "email": customer.email,
                "accounts": accounts(store, customer, now),
                "subscriptions": subscriptions(store, customer),
                "history": history(store, customer),
                "return_url": return_url,
                "amount": if amount.is_empty() { "20" } else { amount },
                "fault": fault,
            }))
        }
        _ => None,
    });
    page.map_or_else(|| expired(app, token), |page| render(status, "portal.html", &page))
}

/// `POST /portal`: pay with the test card, or let it fail; either way back to the app.
pub(crate) async fn top_up(State(app): State<App>, Query(query): Query<Fields>, body: Bytes) -> Response {
    let fields = form(&body);
    let given = fields.get("amount").map(|text| text.trim().replace(',', ".")).unwrap_or_default();
    let Some(amount) = given.parse::<Amount>().ok().filter(|amount| amount.is_positive()) else {
        let fault = "Enter an amount above zero, such as 20.";
        return portal_page(&app, token(&query), StatusCode::UNPROCESSABLE_ENTITY, &given, fault);
    };
    let asset = fields.get("asset").map_or("USD", String::as_str);
    let accepted = fields.get("outcome").is_none_or(|outcome| outcome == "pay");
    match app.write(|store, now| store.portal_top_up(token(&query), amount, asset, accepted, now)) {
        Ok(address) => back(&address),
        Err(refusal) if refusal.status() == StatusCode::NOT_FOUND => expired(&app, token(&query)),
        Err(refusal) => portal_page(&app, token(&query), refusal.status(), &given, refusal.reason()),
    }
}

/// `GET /pay`.
pub(crate) async fn show_payment(State(app): State<App>, Query(query): Query<Fields>) -> Response {
    let token = token(&query);
    let page = app.read(|store, now| {
        let (what, amount, currency, open, customer) = match store.link(token, now)? {
            Payment::TopUp { top_up } => {
                let top_up = store.top_ups.get(top_up)?;
                let what = top_up.description.clone().unwrap_or_else(|| "Top-up".to_owned());
                (what, top_up.amount, top_up.currency.clone(), top_up.is_pending(), &top_up.customer_id)
            }
            Payment::Subscription { customer, subscription } => {
                let held =
                    store.customers.get(customer)?.subscriptions.iter().find(|s| s.id == *subscription)?;
                let (amount, currency) = store.price_of(held);
                (
                    product_names(store, held),
                    amount,
                    currency,
                    held.status == SubscriptionStatus::ActionRequired,
                    customer,
                )
            }
            Payment::Portal { .. } => return None,
        };
        let name = store.customers.get(customer).map(|customer| customer.name.clone());
        let amount = money(amount, &currency, None);
        Some(json!({"token": token, "what": what, "amount": amount, "open": open, "name": name}))
    });
    page.map_or_else(|| expired(&app, token), |page| render(StatusCode::OK, "pay.html", &page))
}

/// `POST /pay`.
pub(crate) async fn pay(State(app): State<App>, Query(query): Query<Fields>, body: Bytes) -> Response {
    let accepted = form(&body).get("outcome").is_none_or(|outcome| outcome == "pay");
    let address = app.write(|store, now| store.finish_payment(token(&query), accepted, now));
    address.map_or_else(|| expired(&app, token(&query)), |address| back(&address))
}

/// 303 to an address of the app; it was checked when the link was made.
fn back(address: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

fn expired(app: &App, token: &str) -> Response {
    let known = app.read(|store, _| store.failure_url(token));
    let (title, text) = if known.is_some() {
        (
            "This link has expired",
            "Links to this page live for ten minutes. Go back to the app and ask for a new one.",
        )
    } else {
        ("This link is not known", "It was not made by this sandbox, or it expired long ago.")
    };
    render(StatusCode::GONE, "message.html", &json!({"title": title, "text": text, "link": known}))
}

/// An `application/x-www-form-urlencoded` body.
fn form(body: &Bytes) -> Fields {
    let query = std::str::from_utf8(body).unwrap_or_default();
    let uri = Uri::builder().path_and_query(format!("/?{query}")).build().unwrap_or_default();
    Query::try_from_uri(&uri).map(|Query(fields)| fields).unwrap_or_default()
}

fn accounts(store: &Store, customer: &Customer, now: Timestamp) -> Vec<Value> {
    let mut shown: Vec<Value> = customer
        .accounts
        .values()
        .filter(|account| account.name == "default")
        .map(|account| {
            let available = account.available(now);
            let asset = store.assets.get(&account.asset);
            json!({
                "asset": account.asset,
                "available": money(available, &account.asset, asset.map(|asset| asset.label.as_str())),
                "negative": available.is_negative(),
                "paid_in": asset.map_or_else(|| Some(account.asset.clone()), |asset| asset.funding_currency(now)),
            })
        })
        .collect();
    // Money first, then the units that money buys.
    shown.sort_by_key(|account| account["asset"] != account["paid_in"]);
    if shown.is_empty() {
        shown.push(json!({"asset": "USD", "available": "$0.00", "negative": false, "paid_in": "USD"}));
    }
    shown
}

fn subscriptions(store: &Store, customer: &Customer) -> Vec<Value> {
    let rows = customer.subscriptions.iter().map(|subscription| {
        let names = product_names(store, subscription);
        json!({"products": names, "status": subscription.status.word(), "renews_at": subscription.renews_at.map(day)})
    });
    rows.collect()
}

fn product_names(store: &Store, subscription: &Subscription) -> String {
    let names = subscription
        .products
        .iter()
        .map(|held| store.products.get(&held.id).map_or(held.code.as_str(), |product| product.name.as_str()));
    names.collect::<Vec<_>>().join(", ")
}

/// Usage and top-ups, newest first.
fn history(store: &Store, customer: &Customer) -> Vec<Value> {
    let shown =
        |amount, asset: &str| money(amount, asset, store.assets.get(asset).map(|asset| asset.label.as_str()));
    let own = store.events.values().rev().filter(|stored| stored.event.customer_id == customer.id);
    let mut rows: Vec<(Timestamp, Value)> = own
        .take(ROWS_SHOWN)
        .map(|stored| {
            let event = &stored.event;
            let fees: Vec<String> = event.fees.iter().map(|fee| shown(fee.amount, &fee.currency)).collect();
            let row = json!({
                "time": minute(event.occurred_at),
                "what": event.description.as_deref().unwrap_or(&event.event_type),
                "subject": event.subject,
                "amount": if fees.is_empty() { "–".to_owned() } else { fees.join(" + ") },
                "paid": false,
            });
            (event.occurred_at, row)
        })
        .collect();
    let top_ups = store.top_ups.values().rev().filter(|top_up| top_up.customer_id == customer.id);
    rows.extend(top_ups.filter_map(|top_up| Some((top_up.paid_at?, top_up))).take(ROWS_SHOWN).map(|(paid_at, top_up)| {
        let amount = format!("+{}", shown(top_up.amount, &top_up.currency));
        let what = top_up.description.as_deref().unwrap_or("Top-up");
        (paid_at, json!({"time": minute(paid_at), "what": what, "subject": null, "amount": amount, "paid": true}))
    }));
    rows.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    rows.into_iter().take(ROWS_SHOWN).map(|(_, row)| row).collect()
}

/// An amount as a person reads it, never rounded: `$4.50`, `0.0184 EUR`, `18 images`.
fn money(amount: Amount, asset: &str, label: Option<&str>) -> String {
    let mut text = amount.to_string();
    let is_currency = asset.len() == 3;
    if is_currency {
        let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        if decimals == 0 {
            text.push('.');
        }
        for _ in decimals..2 {
            text.push('0');
        }
    }
    match (asset, text.strip_prefix('-')) {
        ("USD", Some(positive)) => format!("\u{2212}${positive}"),
        ("USD", None) => format!("${text}"),
        _ => format!("{text} {}", label.unwrap_or(asset)),
    }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

fn minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_readable_and_never_rounded() {
        let shown = |text: &str, asset: &str, label| money(text.parse().unwrap(), asset, label);
        assert_eq!(shown("4.5", "USD", None), "$4.50");
        assert_eq!(shown("20", "USD", None), "$20.00");
        assert_eq!(shown("-0.00552", "USD", None), "\u{2212}$0.00552");
        assert_eq!(shown("18", "IMAGES", Some("images")), "18 images");
        assert_eq!(shown("1.5", "EUR", None), "1.50 EUR");
    }
}
