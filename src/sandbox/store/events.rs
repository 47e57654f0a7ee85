//! Taking in usage: checked as a whole, stored once per id, billed at once or after the switched delay.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Due, EVENTS_KEPT, Store, StoredEvent};
use crate::credyt::Amount;
use crate::credyt::types::{Event, UsageEvent, UsageRequest};
use crate::sandbox::behaviour::{RepeatedEvent, UnknownVendor};
use crate::sandbox::refusal::{Faults, Refusal};

/// How old an event may be, and how far ahead.
const GRACE_DAYS: i64 = 30;
const AHEAD_MINUTES: i64 = 5;
/// Among how many of the latest events doubtful ones are looked for.
const DOUBTS_SOUGHT: usize = 5000;

impl Store {
    /// Stores the new events of a batch and returns how many were new.
    pub(crate) fn take_events(&mut self, request: UsageRequest, now: Timestamp) -> Result<usize, Refusal> {
        let mut faults = Faults::default();
        let customer = match (&request.customer_id, &request.customer_external_id) {
            (Some(id), _) => {
                if let Some(customer) = self.customers.get(id) {
                    Some(customer.id.clone())
                } else {
                    faults.add("customer_id", format!("There is no customer {id}."));
                    None
                }
            }
            (None, Some(external_id)) => {
                if let Some(customer) = self.customer_by_external_id(external_id) {
                    Some(customer.id.clone())
                } else {
                    faults.add(
                        "customer_external_id",
                        format!("There is no customer with external_id {external_id}."),
                    );
                    None
                }
            }
            (None, None) => {
                faults.add("customer_id", "Either customer_id or customer_external_id is required.");
                None
            }
        };
        if request.events.is_empty() {
            faults.add("events", "At least one event is required.");
        }
        for (index, event) in request.events.iter().enumerate() {
            self.check_event(event, &format!("events[{index}]"), now, &mut faults);
            if self.event_numbers.contains_key(&event.id) {
                match self.behaviour.repeated_event {
                    RepeatedEvent::Accept => {}
                    RepeatedEvent::Conflict => {
                        return Err(Refusal::conflict(format!("There is an event {} already.", event.id)));
                    }
                    RepeatedEvent::Unprocessable => {
                        faults.add(format!("events[{index}].id"), "There is an event with this id already.");
                    }
                }
            }
            if let Some(customer) = &customer {
                self.check_priceable(customer, event, &format!("events[{index}]"), &mut faults);
            }
        }
        faults.done()?;
        let Some(customer) = customer else { return Ok(0) };
        let mut seen = BTreeSet::new();
        let mut taken = 0;
        for event in request.events {
            // By default a repeated id is answered like a new one and has no effect, also inside one batch.
            if self.event_numbers.contains_key(&event.id) || !seen.insert(event.id.clone()) {
                continue;
            }
            self.store_event(&customer, event, now);
            taken += 1;
        }
        Ok(taken)
    }

    /// The latest events that are probably mistakes, newest first.
    pub(crate) fn doubtful(&self, most: usize) -> impl Iterator<Item = &StoredEvent> {
        let recent = self.events.values().rev().take(DOUBTS_SOUGHT);
        recent.filter(|stored| stored.doubt.is_some()).take(most)
    }

    fn store_event(&mut self, customer: &str, event: UsageEvent, now: Timestamp) {
        let number = self.next_event;
        self.next_event += 1;
        self.event_numbers.insert(event.id.clone(), number);
        let costs = event.costs.map(|costs| costs.into_iter().map(|cost| self.complete_cost(cost)).collect());
        let event = Event {
            id: event.id,
            customer_id: customer.to_owned(),
            event_type: event.event_type,
            occurred_at: event.occurred_at,
            created_at: now,
            subject: event.subject,
            description: event.description,
            data: event.data,
            costs,
            fees: Vec::new(),
            stats: None,
        };
        self.events.insert(number, StoredEvent { event, billed: false, revenue: Amount::ZERO, doubt: None });
        if self.behaviour.event_delay_ms == 0 {
            self.bill(number, now);
        } else {
            let delay = SignedDuration::from_millis(i64::from(self.behaviour.event_delay_ms));
            let time = now.checked_add(delay).unwrap_or(now);
            self.due.insert((time, Due::Bill { event: number }));
        }
        while self.events.len() > EVENTS_KEPT {
            let Some((_, oldest)) = self.events.pop_first() else { break };
            self.event_numbers.remove(&oldest.event.id);
        }
    }

    /// Faults of an event that do not depend on the customer.
    pub(crate) fn check_event(&self, event: &UsageEvent, at: &str, now: Timestamp, faults: &mut Faults) {
        faults.blank(format!("{at}.id"), Some(&event.id));
        faults.blank(format!("{at}.event_type"), Some(&event.event_type));
        let age = now.duration_since(event.occurred_at);
        if age > SignedDuration::from_hours(24 * GRACE_DAYS) {
            faults.add(
                format!("{at}.occurred_at"),
                format!("Older than the grace period of {GRACE_DAYS} days."),
            );
        }
        if age < -SignedDuration::from_mins(AHEAD_MINUTES) {
            faults.add(
                format!("{at}.occurred_at"),
                format!("More than {AHEAD_MINUTES} minutes in the future."),
            );
        }
        for (index, cost) in event.costs.iter().flatten().enumerate() {
            let at = format!("{at}.costs[{index}]");
            faults.blank(format!("{at}.id"), Some(&cost.id));
            if cost.amount.is_negative() {
                faults.add(format!("{at}.amount"), "Must not be negative.");
            }
            let strict = self.behaviour.unknown_vendor == UnknownVendor::Refuse;
            match (&cost.vendor_id, &cost.vendor_external_id) {
                (None, None) => {
                    faults.add(
                        format!("{at}.vendor_id"),
                        "Either vendor_id or vendor_external_id is required.",
                    );
                }
                (Some(id), _) if strict && !self.vendors.contains_key(id) => {
                    faults.add(format!("{at}.vendor_id"), format!("There is no vendor {id}."));
                }
                (None, Some(external_id)) if strict && self.vendor_by_external_id(external_id).is_none() => {
                    let message = format!("There is no vendor with external_id {external_id}.");
                    faults.add(format!("{at}.vendor_external_id"), message);
                }
                _ => {}
            }
        }
    }
}
