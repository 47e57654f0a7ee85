//! `/events`: sending usage, and looking at what became of it.

use axum::extract::{Path, State};

use super::{Answer, done, ok};
use crate::credyt::types::{EventSummary, UsageRequest};
use crate::sandbox::app::App;
use crate::sandbox::extract::{Body, Params};
use crate::sandbox::refusal::Refusal;

pub(crate) async fn send(State(app): State<App>, Body(request): Body<UsageRequest>) -> Answer {
    let doubts = app.write(|store, now| {
        let first = store.next_event;
        store.take_events(request, now)?;
        let doubtful = store.events.range(first..).filter_map(|(_, stored)| {
            let doubt = stored.doubt.as_ref()?;
            let hint =
                doubt.nearest.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            Some(format!(
                "doubt: event {} ({}): {}{hint}",
                stored.event.id, stored.event.event_type, doubt.reason
            ))
        });
        Ok::<_, Refusal>(doubtful.collect::<Vec<_>>())
    })?;
    for doubt in doubts {
        app.log(&doubt);
    }
    Ok(done())
}

pub(crate) async fn read(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.read(|store, _| {
        let stored = store.event_numbers.get(&id).and_then(|number| store.events.get(number));
        stored
            .map(|stored| ok(&stored.event))
            .ok_or_else(|| Refusal::missing(format!("There is no event {id}.")))
    })
}

pub(crate) async fn list(State(app): State<App>, params: Params) -> Answer {
    let period = params.period()?;
    let has_fees = params.flag("has_fees")?;
    let types: Option<Vec<&str>> =
        params.text("event_types").map(|list| list.split(',').map(str::trim).collect());
    app.read(|store, _| {
        let external = params.text("customer_external_id").map(|id| {
            store.customer_by_external_id(id).map(|customer| customer.id.as_str()).unwrap_or_default()
        });
        let newest_first = store.events.values().rev().filter(|stored| {
            let event = &stored.event;
            params.text("event_id").is_none_or(|id| id == event.id)
                && params.text("customer_id").is_none_or(|id| id == event.customer_id)
                && external.is_none_or(|id| id == event.customer_id)
                && params.text("subject").is_none_or(|subject| event.subject.as_deref() == Some(subject))
                && types.as_ref().is_none_or(|types| types.contains(&event.event_type.as_str()))
                && has_fees.is_none_or(|wanted| wanted != event.fees.is_empty())
                && period.covers(stored)
        });
        let page = params.page(newest_first, |stored| {
            let event = &stored.event;
            let currency = event.fees.first().map(|fee| fee.currency.clone());
            let total = event
                .fees
                .iter()
                .filter(|fee| Some(&fee.currency) == currency.as_ref())
                .map(|fee| fee.amount)
                .sum();
            EventSummary {
                id: event.id.clone(),
                customer_id: event.customer_id.clone(),
                external_id: store
                    .customers
                    .get(&event.customer_id)
                    .and_then(|customer| customer.external_id.clone()),
                event_type: event.event_type.clone(),
                subject: event.subject.clone(),
                description: event.description.clone(),
                occurred_at: event.occurred_at,
                created_at: event.created_at,
                total_fees: currency.is_some().then_some(total),
                fee_currency: currency,
                has_fees: !event.fees.is_empty(),
                stats: event.stats.clone(),
            }
        })?;
        Ok(ok(&page))
    })
}
