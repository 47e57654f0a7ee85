//! Everything the server remembers, and the operations on it.
//!
//! One plain value behind one lock, serializable as the state file. An operation takes the time as an argument and either
//! happens whole or returns a [`Refusal`] and changes nothing. What is to happen later (a delayed event's fees, a
//! scheduled start, a renewal) waits in `due` and is carried out by [`Store::settle`], which every access calls first.

mod assets;
mod billing;
mod catalogue;
mod customers;
mod events;
mod payments;
mod stats;
mod subscriptions;
mod vendors;
mod wallet;
mod webhooks;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::behaviour::Behaviour;
use super::ledger::Account;
use super::refusal::Refusal;
use crate::credyt::Amount;
use crate::credyt::types::{
    AssetRates, ConnectedAccount, Entitlement, Event, ExternalAccount, Interval, Price, RedirectTo,
    SubscriptionStatus, TopUpDestination, TopUpStatus, Transaction, Vendor, VersionStatus,
    WebhookDestination, WebhookEventItem,
};

pub(crate) use payments::{Link, Payment};
pub(crate) use stats::Period;
pub(crate) use webhooks::Outgoing;

/// How many events are kept in full; older ones are forgotten.
const EVENTS_KEPT: usize = 100_000;
/// How many webhook deliveries are kept.
const DELIVERIES_KEPT: usize = 500;
/// How many objects of a kind may exist, so that a runaway script cannot eat the machine.
const OBJECTS_MAX: usize = 100_000;
/// Lifetime of portal sessions and payment links.
const LINK_MINUTES: i64 = 10;

/// Seconds that the clock may be ahead: a thousand years, so that no date after it is out of range.
pub(crate) const CLOCK_LIMIT: i64 = 1000 * 366 * 86_400;

/// The whole state.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    pub(crate) behaviour: Behaviour,
    /// Added to the machine's clock, in seconds.
    pub(crate) clock_offset: i64,
    pub(crate) customers: BTreeMap<String, Customer>,
    /// External id to customer id.
    pub(crate) external_ids: BTreeMap<String, String>,
    pub(crate) products: BTreeMap<String, Product>,
    pub(crate) assets: BTreeMap<String, Asset>,
    pub(crate) vendors: BTreeMap<String, Vendor>,
    pub(crate) accounts: BTreeMap<String, ConnectedAccount>,
    /// By order of arrival.
    pub(crate) events: BTreeMap<u64, StoredEvent>,
    /// Event id to order of arrival.
    pub(crate) event_numbers: BTreeMap<String, u64>,
    pub(crate) next_event: u64,
    pub(crate) top_ups: BTreeMap<String, TopUp>,
    pub(crate) links: BTreeMap<String, Link>,
    pub(crate) webhooks: BTreeMap<String, WebhookDestination>,
    pub(crate) deliveries: Vec<WebhookEventItem>,
    /// What waits for its time.
    pub(crate) due: BTreeSet<(Timestamp, Due)>,
    /// Webhooks to send once the lock is released.
    #[serde(skip)]
    pub(crate) outbox: Vec<Outgoing>,
    /// Where the pages are, for links.
    #[serde(skip)]
    pub(crate) base: String,
}

/// Something that happens at its time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Due {
    /// Fees and balance of an accepted event.
    Bill {
        event: u64,
    },
    /// A grant that begins to count.
    Effective {
        customer: String,
        account: String,
    },
    /// A subscription that starts, or ends.
    Start {
        customer: String,
        subscription: String,
    },
    End {
        customer: String,
        subscription: String,
    },
    /// A billing cycle that is over.
    Renew {
        customer: String,
        subscription: String,
    },
    /// An entitlement's next grant.
    Refresh {
        customer: String,
        subscription: String,
        index: usize,
    },
    /// A top-up nobody paid.
    TopUpExpires {
        top_up: String,
    },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: String,
    pub(crate) external_id: Option<String>,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) metadata: Option<BTreeMap<String, String>>,
    pub(crate) external_accounts: Option<Vec<ExternalAccount>>,
    pub(crate) created_at: Timestamp,
    pub(crate) subscriptions: Vec<Subscription>,
    /// By id in lower case, because ids compare without case.
    pub(crate) accounts: BTreeMap<String, Account>,
    /// Adjustments and charges; fees of usage are found through the events.
    pub(crate) transactions: BTreeMap<String, Transaction>,
    /// What tiers have counted, by price, row and period.
    pub(crate) tiers: BTreeMap<String, Amount>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) status: SubscriptionStatus,
    pub(crate) started_at: Option<Timestamp>,
    /// End of the paid cycle, or the end the request gave.
    pub(crate) renews_at: Option<Timestamp>,
    pub(crate) products: Vec<SubscribedProduct>,
    /// Entitlements granted so far, with the count of their periods.
    pub(crate) grants: Vec<GrantedEntitlement>,
    /// Cycles paid so far, counted from `started_at`.
    pub(crate) cycles: u32,
    pub(crate) return_url: Option<String>,
    pub(crate) failure_url: Option<String>,
    pub(crate) redirect_to: RedirectTo,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SubscribedProduct {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) version: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GrantedEntitlement {
    pub(crate) product: String,
    pub(crate) entitlement: Entitlement,
    pub(crate) since: Timestamp,
    pub(crate) periods: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) archived: bool,
    pub(crate) default_version: Option<u32>,
    pub(crate) versions: BTreeMap<u32, Version>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) created_at: Timestamp,
    pub(crate) status: VersionStatus,
    pub(crate) prices: Vec<Price>,
    pub(crate) entitlements: Vec<Entitlement>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asset {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) precision: Option<u32>,
    pub(crate) label: String,
    pub(crate) symbol: Option<String>,
    pub(crate) rates: Vec<AssetRates>,
    pub(crate) created_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredEvent {
    pub(crate) event: Event,
    /// Whether fees were worked out yet.
    pub(crate) billed: bool,
    /// Revenue in the currency of the statistics.
    pub(crate) revenue: Amount,
    /// Why a price that could have applied did not; shown in red.
    pub(crate) doubt: Option<Doubt>,
}

/// Why an accepted event is probably a mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Doubt {
    pub(crate) reason: String,
    /// The event type that was probably meant.
    pub(crate) nearest: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TopUp {
    pub(crate) id: String,
    pub(crate) customer_id: String,
    pub(crate) amount: Amount,
    pub(crate) currency: String,
    pub(crate) description: Option<String>,
    pub(crate) destination: Option<TopUpDestination>,
    pub(crate) credit_expires_at: Option<Timestamp>,
    pub(crate) status: TopUpStatus,
    pub(crate) return_url: String,
    pub(crate) failure_url: String,
    pub(crate) expires_at: Timestamp,
    /// When it was paid.
    pub(crate) paid_at: Option<Timestamp>,
}

impl Store {
    /// Carries out what has become due, in order.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        // The bound is for a clock moved by years: what is left is carried out at the next access.
        for _ in 0..10_000 {
            let Some((time, _)) = self.due.first() else { return };
            if *time > now {
                return;
            }
            let Some((time, due)) = self.due.pop_first() else { return };
            self.carry_out(due, time);
        }
    }

    /// When something becomes due next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(time, _)| *time)
    }

    fn carry_out(&mut self, due: Due, time: Timestamp) {
        match due {
            Due::Bill { event } => self.bill(event, time),
            Due::Effective { customer, account } => {
                let customer = self.customers.get_mut(&customer);
                if let Some(account) = customer.and_then(|customer| customer.accounts.get_mut(&account)) {
                    account.fill_overdraft(time);
                }
            }
            Due::Start { customer, subscription } => self.start_scheduled(&customer, &subscription, time),
            Due::End { customer, subscription } => self.end_subscription(&customer, &subscription),
            Due::Renew { customer, subscription } => self.renew(&customer, &subscription, time),
            Due::Refresh { customer, subscription, index } => {
                self.refresh(&customer, &subscription, index, time);
            }
            Due::TopUpExpires { top_up } => {
                let top_up = self.top_ups.get_mut(&top_up);
                if let Some(top_up) =
                    top_up.filter(|t| matches!(t.status, TopUpStatus::Initiated | TopUpStatus::Pending))
                {
                    top_up.status = TopUpStatus::Expired;
                }
            }
        }
    }

    /// The product version a subscription is on.
    pub(crate) fn version(&self, product: &str, version: u32) -> Option<&Version> {
        self.products.get(product)?.versions.get(&version)
    }

    pub(crate) fn customer(&self, id: &str) -> Result<&Customer, Refusal> {
        self.customers.get(id).ok_or_else(|| Refusal::missing(format!("There is no customer {id}.")))
    }
}

/// A new id: the prefix and 26 letters and digits that grow with time, so that ids sort by age.
pub(crate) fn new_id(prefix: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let bits = uuid::Uuid::now_v7().as_u128();
    let digits = (0..26).rev().map(|place| {
        let index = (bits >> (place * 5)) & 31;
        char::from(ALPHABET[index as usize])
    });
    format!("{prefix}_{}", digits.collect::<String>())
}

/// A secret that cannot be guessed.
pub(crate) fn new_secret() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// `start` plus `count` intervals by the calendar, in UTC. Counting from the start keeps the 31st the 31st where it can be.
pub(crate) fn after(start: Timestamp, interval: Interval, count: u32) -> Timestamp {
    let count = i64::from(count.min(10_000));
    let span = match interval {
        Interval::Day => count.days(),
        Interval::Week => count.weeks(),
        Interval::Month => count.months(),
        Interval::Year => count.min(5000).years(),
    };
    start.to_zoned(TimeZone::UTC).checked_add(span).map_or(Timestamp::MAX, |time| time.timestamp())
}

/// One year later: how long grants live when nothing says otherwise.
pub(crate) fn a_year_after(start: Timestamp) -> Timestamp {
    after(start, Interval::Year, 1)
}

/// Some seconds later.
pub(crate) fn seconds_after(start: Timestamp, seconds: i64) -> Timestamp {
    start.checked_add(seconds.seconds()).unwrap_or(Timestamp::MAX)
}

/// Refuses when a collection is full.
fn room_for(count: usize, kind: &str) -> Result<(), Refusal> {
    if count < OBJECTS_MAX {
        return Ok(());
    }
    Err(Refusal::malformed(format!(
        "This sandbox holds at most {OBJECTS_MAX} {kind}; start it with a fresh state."
    )))
}

/// What a metadata map looks like as a value.
fn data_of(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
