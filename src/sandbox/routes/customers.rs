//! `/customers`: registering, looking up, changing, subscribing, statistics.

use axum::extract::{Path, State};
use jiff::tz::TimeZone;

use super::{Answer, created, done, found, ok};
use crate::credyt::types::{
    CreateCustomerRequest, CreateSubscriptionRequest, CustomerStatsItem, SubscriptionSwitch,
    UpdateCustomerRequest, UpdateSubscriptionProductRequest, UpdateSubscriptionRequest,
};
use crate::sandbox::app::App;
use crate::sandbox::extract::{Body, Params};
use crate::sandbox::refusal::Refusal;

pub(crate) async fn create(State(app): State<App>, Body(request): Body<CreateCustomerRequest>) -> Answer {
    app.write(|store, now| store.create_customer(request, now)).map(|customer| created(&customer))
}

pub(crate) async fn list(State(app): State<App>, params: Params) -> Answer {
    if let Some(external_id) = params.text("external_id") {
        let customer = app.write(|store, now| {
            let found = store
                .customer_by_external_id(external_id)
                .map(|customer| (customer.id.clone(), customer.summary()));
            found.map(|(id, summary)| store.customer_view(&id, now).map(|view| (view, summary)))
        });
        let (customer, summary) = customer.ok_or_else(|| {
            Refusal::missing(format!("There is no customer with external_id {external_id}."))
        })??;
        return Ok(found(&app, &format!("/customers/{}", customer.id), &customer, summary));
    }
    let active = match params.text("status") {
        None => None,
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        Some(_) => return Err(Refusal::field("status", "Expected one of active, inactive.")),
    };
    let page = app.read(|store, _| {
        let matching = store.customers.values().filter(|customer| {
            params.text("customer_id").is_none_or(|id| id == customer.id)
                && params.text("email").is_none_or(|email| customer.email.as_deref() == Some(email))
                && params.text("name").is_none_or(|name| name == customer.name)
                && active.is_none_or(|active| active == (customer.active_subscriptions() > 0))
        });
        params.page(matching, super::super::store::Customer::summary)
    })?;
    Ok(ok(&page))
}

pub(crate) async fn read(State(app): State<App>, Path(id): Path<String>) -> Answer {
    // Reading makes fresh payment links, so it is a change.
    app.write(|store, now| store.customer_view(&id, now)).map(|customer| ok(&customer))
}

pub(crate) async fn update(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(request): Body<UpdateCustomerRequest>,
) -> Answer {
    app.write(|store, _| store.update_customer(&id, request))?;
    Ok(done())
}

pub(crate) async fn stats(State(app): State<App>, Path(id): Path<String>, params: Params) -> Answer {
    let period = params.period()?;
    app.read(|store, _| {
        store.customer(&id)?;
        Ok(ok(&store.customer_stats(&id, period)))
    })
}

pub(crate) async fn all_stats(State(app): State<App>, params: Params) -> Answer {
    let period = params.period()?;
    app.read(|store, now| {
        let page = params.page(store.customers.values(), |customer| CustomerStatsItem {
            id: customer.id.clone(),
            external_id: customer.external_id.clone(),
            name: customer.name.clone(),
            stats: store.customer_stats(&customer.id, period),
        })?;
        let today = now.to_zoned(TimeZone::UTC).date();
        let first = store.events.values().next().map_or(now, |stored| stored.event.occurred_at);
        let from = period.from.unwrap_or_else(|| first.to_zoned(TimeZone::UTC).date());
        Ok(ok(&serde_json::json!({
            "summary": store.total_stats(period),
            "period_from": from.to_string(),
            "period_to": period.to.unwrap_or(today).to_string(),
            "items": page.items,
            "total_count": page.total_count,
            "limit": page.limit,
            "offset": page.offset,
        })))
    })
}

pub(crate) async fn subscribe(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(request): Body<CreateSubscriptionRequest>,
) -> Answer {
    app.write(|store, now| {
        store.customer(&id)?;
        let planned = store.plan_subscription(request, "", now)?;
        let subscription = store.subscribe(&id, planned, now);
        let made = store.subscription_mut(&id, &subscription).cloned();
        let made = made.ok_or_else(|| Refusal::missing("The subscription is gone."))?;
        Ok(created(&store.subscription_view(&id, &made, now)))
    })
}

pub(crate) async fn switch_subscription(
    State(app): State<App>,
    Path((id, subscription)): Path<(String, String)>,
    Body(UpdateSubscriptionRequest { status }): Body<UpdateSubscriptionRequest>,
) -> Answer {
    let status: SubscriptionSwitch = status;
    app.write(|store, now| store.switch_subscription(&id, &subscription, status, now))?;
    Ok(done())
}

pub(crate) async fn move_to_version(
    State(app): State<App>,
    Path((id, subscription, product)): Path<(String, String, String)>,
    Body(request): Body<UpdateSubscriptionProductRequest>,
) -> Answer {
    app.write(|store, _| store.move_to_version(&id, &subscription, &product, &request))?;
    Ok(done())
}
