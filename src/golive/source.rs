//! Where looks come from: a sandbox, which tells everything in one answer, or an account, which is asked object by object.
//!
//! The sandbox is read through its own `/_sandbox/state`, so that watching does not show among the requests it lists.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::rules::{Balances, Look, SeenCustomer, SeenEvent, SeenRequest, SeenTopUp};
use crate::credyt::types::{CreditGrant, EventFee, EventSummary, TopUpStatus};
use crate::credyt::{Amount, Client, ClientError, http_builder};

/// How long an account may take to work out the fees of an event.
const SETTLING: SignedDuration = SignedDuration::from_secs(15);
/// Purpose of what a customer paid for.
const PAID: &str = "paid";

/// A sandbox or an account.
#[derive(Debug)]
pub enum Source {
    /// A sandbox and its client.
    Sandbox {
        /// Talks to its own endpoints.
        http: reqwest::Client,
        /// Its address.
        base: String,
    },
    /// An account behind the API.
    Account(Client),
}

/// The parts of a sandbox's state that matter here.
#[derive(Debug, Deserialize)]
struct State {
    now: Timestamp,
    customers: Vec<StateCustomer>,
    events: Vec<StateEvent>,
    top_ups: Vec<StateTopUp>,
    requests: Vec<StateRequest>,
}

#[derive(Debug, Deserialize)]
struct StateCustomer {
    id: String,
    external_id: Option<String>,
    accounts: Vec<StateAccount>,
}

#[derive(Debug, Deserialize)]
struct StateAccount {
    id: String,
    available: Amount,
}

#[derive(Debug, Deserialize)]
struct StateEvent {
    id: String,
    customer_id: String,
    event_type: String,
    created_at: Timestamp,
    fees: Vec<EventFee>,
    billed: bool,
    doubt: Option<StateDoubt>,
}

#[derive(Debug, Deserialize)]
struct StateDoubt {
    reason: String,
    nearest: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StateTopUp {
    id: String,
    customer_id: String,
    status: TopUpStatus,
    paid_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct StateRequest {
    at: Timestamp,
    method: String,
    path: String,
    status: u16,
    reason: Option<String>,
}

impl Source {
    /// The source behind a client: a sandbox when its own endpoints answer, else an account.
    pub async fn of(client: Client) -> Result<Self, ClientError> {
        let http = http_builder().build().map_err(|error| ClientError::Setup(error.to_string()))?;
        let base = client.base().to_owned();
        let sandbox = Self::Sandbox { http, base };
        // Whatever else answers there is no sandbox.
        Ok(if sandbox.look(&[]).await.is_ok() { sandbox } else { Self::Account(client) })
    }

    /// Whether requests can be seen.
    pub fn is_sandbox(&self) -> bool {
        matches!(self, Self::Sandbox { .. })
    }

    /// How long to wait between two looks.
    pub fn pause(&self) -> Duration {
        match self {
            Self::Sandbox { .. } => Duration::from_millis(400),
            Self::Account(_) => Duration::from_secs(2),
        }
    }

    /// What there is now; of an account's customers those in `skip` are not asked about.
    pub async fn look(&self, skip: &[String]) -> Result<Look, ClientError> {
        match self {
            Self::Sandbox { http, base } => Ok(state(http, base).await?.into()),
            Self::Account(client) => ask(client, skip).await,
        }
    }
}

async fn state(http: &reqwest::Client, base: &str) -> Result<State, ClientError> {
    let unreachable = |error: reqwest::Error| ClientError::Unreachable {
        host: base.trim_start_matches("http://").to_owned(),
        reason: error.without_url().to_string(),
    };
    let answer = http.get(format!("{base}/_sandbox/state")).send().await.map_err(unreachable)?;
    answer.json().await.map_err(unreachable)
}

impl From<State> for Look {
    fn from(state: State) -> Self {
        let customers = state.customers.into_iter().map(|customer| {
            let events = state.events.iter().rev().filter(|event| event.customer_id == customer.id);
            let top_ups = state
                .top_ups
                .iter()
                .rev()
                .filter(|t| t.customer_id == customer.id && t.status == TopUpStatus::Succeeded);
            SeenCustomer {
                events: events.map(StateEvent::seen).collect(),
                top_ups: top_ups
                    .filter_map(|top_up| Some(SeenTopUp { id: top_up.id.clone(), at: top_up.paid_at? }))
                    .collect(),
                balances: customer.accounts.into_iter().map(|a| (a.id, a.available)).collect(),
                id: customer.id,
                external_id: customer.external_id,
            }
        });
        let requests = state.requests.into_iter().rev().map(|request| SeenRequest {
            at: request.at,
            method: request.method,
            path: request.path,
            status: request.status,
            reason: request.reason,
        });
        Self { at: state.now, customers: customers.collect(), requests: Some(requests.collect()) }
    }
}

impl StateEvent {
    fn seen(&self) -> SeenEvent {
        let fees = self.fees.iter().map(|fee| (fee.amount, fee.currency.clone())).collect();
        let doubt = self.doubt.as_ref().map(|doubt| {
            let hint = doubt.nearest.as_ref().map(|near| format!("; did you mean {near}?"));
            format!("{}{}", doubt.reason, hint.unwrap_or_default())
        });
        SeenEvent {
            id: self.id.clone(),
            event_type: self.event_type.clone(),
            at: self.created_at,
            fees: self.billed.then_some(fees),
            doubt,
        }
    }
}

async fn ask(client: &Client, skip: &[String]) -> Result<Look, ClientError> {
    let at = Timestamp::now();
    let mut customers = Vec::new();
    for summary in client.customers().await? {
        let mut seen = SeenCustomer {
            id: summary.id,
            external_id: summary.external_id,
            balances: Balances::new(),
            events: Vec::new(),
            top_ups: Vec::new(),
        };
        if !skip.contains(&seen.id) {
            let events = client.events_of(&seen.id).await?;
            seen.events = events.into_iter().rev().map(|event| of_summary(event, at)).collect();
            for account in client.wallet(&seen.id).await?.accounts {
                let grants: Vec<CreditGrant> = client.grants(&seen.id, &account.id, PAID).await?;
                seen.top_ups.extend(grants.into_iter().map(|g| SeenTopUp { id: g.id, at: g.created_at }));
                seen.balances.insert(account.id, account.available);
            }
            seen.top_ups.sort_by_key(|top_up| top_up.at);
        }
        customers.push(seen);
    }
    Ok(Look { at, customers, requests: None })
}

fn of_summary(event: EventSummary, now: Timestamp) -> SeenEvent {
    let fees: Vec<_> = event.total_fees.into_iter().zip(event.fee_currency).collect();
    let settled = event.has_fees || now.duration_since(event.created_at) > SETTLING;
    SeenEvent {
        id: event.id,
        event_type: event.event_type,
        at: event.created_at,
        fees: settled.then_some(fees),
        doubt: None,
    }
}
