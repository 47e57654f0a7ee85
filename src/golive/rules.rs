//! What each look at Credyt proves. Pure: looks and refusals go in, news come out; the caller does the waiting.
//!
//! A paid action with an empty balance is the hard one. Credyt sees no HTTP answer of the app, so a 402 is only *seen* when
//! the app is used through the [proxy](super::Proxy). Otherwise it is *inferred* when the app read an empty balance and sent
//! no usage for a while; and it *fails* when usage is charged to a balance that had been empty for longer than a call takes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Check, News, Outcome, Refusal, Status};
use crate::credyt::Amount;

/// How long after a reading of an empty balance no usage may come, for the refusal to be inferred.
const QUIET: SignedDuration = SignedDuration::from_secs(8);
/// How long a call may run that began while there was a balance.
const LONGEST_CALL: SignedDuration = SignedDuration::from_secs(120);

/// What Credyt holds at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// When, by the clock that the times below are of.
    pub at: Timestamp,
    /// All customers, or at least those that were made since the watch began.
    pub customers: Vec<SeenCustomer>,
    /// Recent requests, oldest first; only a sandbox tells.
    pub requests: Option<Vec<SeenRequest>>,
}

/// Balances by account id.
pub type Balances = BTreeMap<String, Amount>;

/// A customer with what belongs to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeenCustomer {
    /// Its id.
    pub id: String,
    /// The app's own id for it.
    pub external_id: Option<String>,
    /// What it can spend.
    pub balances: Balances,
    /// Its usage, oldest first.
    pub events: Vec<SeenEvent>,
    /// Its paid top-ups, oldest first.
    pub top_ups: Vec<SeenTopUp>,
}

/// A usage event.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenEvent {
    /// Its id.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// When it arrived.
    pub at: Timestamp,
    /// What it cost, amount and asset; `None` while that is being worked out.
    pub fees: Option<Vec<(Amount, String)>>,
    /// Why it was not charged, where that is known.
    pub doubt: Option<String>,
}

/// A paid top-up.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenTopUp {
    /// Its id.
    pub id: String,
    /// When it was paid.
    pub at: Timestamp,
}

/// A request to the sandbox.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenRequest {
    /// When it was answered.
    pub at: Timestamp,
    /// `GET` and so on.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The answer.
    pub status: u16,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// What is known so far.
#[derive(Debug)]
pub struct Watch {
    /// Customers from before the watch, which are not looked at.
    before: BTreeSet<String>,
    known: BTreeMap<String, Known>,
    decided: BTreeMap<Check, Outcome>,
    troubles: Vec<String>,
    last_request: Timestamp,
    portal_opened: Option<Timestamp>,
    sandbox: bool,
    /// Whether the app's answers are seen, so that nothing needs to be inferred from what follows them.
    answers: bool,
}

/// What is remembered of a customer.
#[derive(Debug, Default)]
struct Known {
    events: BTreeSet<String>,
    top_ups: BTreeSet<String>,
    last_top_up: Option<Timestamp>,
    /// Since when nothing is left to spend.
    empty_since: Option<Timestamp>,
    ever_funded: bool,
    last_event: Option<Timestamp>,
    /// When the app last asked for the balance.
    read: Option<Timestamp>,
}

impl Watch {
    /// A watch that begins with this look; only customers made after it count, and the one with the external id `wanted`.
    /// `answers`: the app is used through a [proxy](super::Proxy).
    pub fn new(first: &Look, wanted: Option<&str>, answers: bool) -> Self {
        let mut watch = Self {
            before: BTreeSet::new(),
            known: BTreeMap::new(),
            decided: BTreeMap::new(),
            troubles: Vec::new(),
            last_request: first.at,
            portal_opened: None,
            sandbox: first.requests.is_some(),
            answers,
        };
        for customer in &first.customers {
            if wanted.is_some() && customer.external_id.as_deref() == wanted {
                // What it did before the watch proves nothing about the app as it is now.
                let known = watch.known.entry(customer.id.clone()).or_default();
                known.events = customer.events.iter().map(|event| event.id.clone()).collect();
                known.top_ups = customer.top_ups.iter().map(|top_up| top_up.id.clone()).collect();
                known.ever_funded = true;
            } else {
                watch.before.insert(customer.id.clone());
            }
        }
        watch
    }

    /// The customers that need not be looked at.
    pub fn skipped(&self) -> Vec<String> {
        self.before.iter().cloned().collect()
    }

    /// Whether all five checks hold.
    pub fn complete(&self) -> bool {
        Check::ALL.iter().all(|check| self.holds(*check))
    }

    /// All five checks, decided or not, with what to change for those that do not hold.
    pub fn outcomes(&self) -> Vec<Outcome> {
        let missing = |check: Check| Outcome {
            check,
            status: Status::Missing,
            at: None,
            detail: "not seen".to_owned(),
            change: Some(self.change(check)),
        };
        Check::ALL
            .into_iter()
            .map(|check| self.decided.get(&check).cloned().unwrap_or_else(|| missing(check)))
            .collect()
    }

    /// The app answered 402 to a request that went through the proxy.
    pub fn refused(&mut self, refusal: &Refusal) -> Vec<News> {
        let mut news = Vec::new();
        let detail = format!("`{}` answered 402", refusal.request);
        self.decide(&mut news, Check::Refusal, Status::Seen, refusal.at, detail);
        news
    }

    /// Takes in a look and says what is new.
    pub fn observe(&mut self, look: &Look) -> Vec<News> {
        let mut news = Vec::new();
        let last = self.last_request;
        for request in look.requests.iter().flatten().filter(|request| request.at > last) {
            self.request(&mut news, request);
            self.last_request = self.last_request.max(request.at);
        }
        for customer in &look.customers {
            if !self.before.contains(&customer.id) {
                self.customer(&mut news, customer, look.at);
            }
        }
        news
    }

    fn request(&mut self, news: &mut Vec<News>, request: &SeenRequest) {
        let path = request.path.split('?').next().unwrap_or_default();
        if request.status < 300 {
            if request.method == "POST" && path == "/billing-portal/sessions" {
                self.portal_opened = Some(request.at);
            }
            if request.method == "GET"
                && let Some((id, _)) =
                    path.strip_prefix("/customers/").and_then(|rest| rest.split_once("/wallet"))
            {
                self.known.entry(id.to_owned()).or_default().read = Some(request.at);
            }
            return;
        }
        // An unknown or known external id is how a client finds out whether to make a customer.
        let expected = (request.status == 404 && path == "/customers")
            || (matches!(request.status, 409 | 422)
                && request.method == "POST"
                && path == "/customers"
                && request.reason.as_ref().is_some_and(|reason| reason.contains("external_id")));
        if request.status >= 400 && !expected {
            let reason = request.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let text = format!("Credyt answered {} to {} {path}{reason}", request.status, request.method);
            self.trouble(news, text);
        }
    }

    fn customer(&mut self, news: &mut Vec<News>, customer: &SeenCustomer, now: Timestamp) {
        match &customer.external_id {
            Some(external_id) => {
                let detail = format!("external_id {external_id}, {}", customer.id);
                self.decide(news, Check::Customer, Status::Seen, now, detail);
            }
            None => self.trouble(
                news,
                format!("customer {} has no external_id, so usage sent by it is refused", customer.id),
            ),
        }
        let mut known = self.known.remove(&customer.id).unwrap_or_default();
        for top_up in &customer.top_ups {
            if known.top_ups.insert(top_up.id.clone()) {
                known.last_top_up = Some(top_up.at);
                self.topped_up(news, top_up.at);
            }
        }
        for event in customer.events.iter().filter(|event| event.fees.is_some()) {
            if known.events.insert(event.id.clone()) {
                self.event(news, event, &known);
                known.last_event = Some(event.at);
            }
        }
        let empty = !customer.balances.values().any(|available| available.is_positive());
        known.ever_funded |= !empty;
        known.empty_since = if empty { known.empty_since.or(Some(now)) } else { None };
        self.infer_refusal(news, &known, now);
        self.known.insert(customer.id.clone(), known);
    }

    fn event(&mut self, news: &mut Vec<News>, event: &SeenEvent, known: &Known) {
        let fees = event.fees.as_deref().unwrap_or_default();
        if fees.is_empty() {
            let why = event.doubt.as_deref().unwrap_or("nothing the customer is subscribed to prices it");
            return self.trouble(news, format!("{} was not charged: {why}", event.event_type));
        }
        let paid: Vec<String> = fees.iter().map(|(amount, asset)| format!("{amount} {asset}")).collect();
        let what = format!("{}, {}", event.event_type, paid.join(" + "));
        let topped_up = known.last_top_up.is_some_and(|paid| event.at > paid);
        if topped_up {
            self.decide(news, Check::UsageAgain, Status::Seen, event.at, what.clone());
        }
        // A call may have begun before the balance ran out, but not before there ever was one.
        let too_late = known
            .empty_since
            .is_some_and(|since| !known.ever_funded || event.at.duration_since(since) > LONGEST_CALL);
        let funded = known.empty_since.zip(known.last_top_up).is_some_and(|(since, paid)| paid >= since);
        if too_late && !funded && fees.iter().any(|(amount, _)| amount.is_positive()) {
            let detail = format!("{what} was charged although nothing was left");
            self.decide(news, Check::Refusal, Status::Failed, event.at, detail);
        }
        self.decide(news, Check::Usage, Status::Seen, event.at, what);
    }

    fn topped_up(&mut self, news: &mut Vec<News>, paid: Timestamp) {
        match self.portal_opened {
            Some(opened) if opened <= paid => {
                let detail = "a portal session was opened and its top-up paid".to_owned();
                self.decide(news, Check::TopUp, Status::Seen, paid, detail);
            }
            _ => {
                let how = if self.sandbox {
                    "a top-up was paid, but no portal session was opened for it"
                } else {
                    "a paid top-up arrived; Credyt does not list portal sessions, so that it came through one is not seen"
                };
                self.decide(news, Check::TopUp, Status::Inferred, paid, how.to_owned());
            }
        }
    }

    fn infer_refusal(&mut self, news: &mut Vec<News>, known: &Known, now: Timestamp) {
        let Some(since) = known.empty_since.filter(|_| !self.answers) else { return };
        let quiet_from = if self.sandbox {
            // The app asked, and was told that nothing is left.
            let Some(read) = known.read.filter(|read| *read >= since) else { return };
            read
        } else {
            since
        };
        let quiet = known.last_event.is_none_or(|event| event < quiet_from);
        if quiet && now.duration_since(quiet_from) >= QUIET {
            let detail = if self.sandbox {
                "the app read an empty balance and sent no usage after it; the 402 itself was not seen"
            } else {
                "no usage came while the balance was empty; that a paid action was tried is not seen"
            };
            self.decide(news, Check::Refusal, Status::Inferred, quiet_from, detail.to_owned());
        }
    }

    fn holds(&self, check: Check) -> bool {
        self.decided.get(&check).is_some_and(Outcome::holds)
    }

    /// Decides a check. Seeing is stronger than inferring, and what was seen to fail once is not right because it worked elsewhere.
    fn decide(&mut self, news: &mut Vec<News>, check: Check, status: Status, at: Timestamp, detail: String) {
        let strength = |status| match status {
            Status::Missing => 0,
            Status::Inferred => 1,
            Status::Seen => 2,
            Status::Failed => 3,
        };
        if self.decided.get(&check).is_some_and(|earlier| strength(earlier.status) >= strength(status)) {
            return;
        }
        let change = (status == Status::Failed).then(|| self.change(check));
        let outcome = Outcome { check, status, at: Some(at), detail, change };
        self.decided.insert(check, outcome.clone());
        news.push(News::Decided(outcome));
    }

    /// Tells something once.
    fn trouble(&mut self, news: &mut Vec<News>, text: String) {
        if !self.troubles.contains(&text) {
            self.troubles.push(text.clone());
            news.push(News::Trouble(text));
        }
    }

    /// What to change when a check does not come.
    fn change(&self, check: Check) -> String {
        let text = match check {
            Check::Customer if self.troubles.is_empty() && self.sandbox => {
                "start the app with CREDYT_API_URL and CREDYT_API_KEY of this sandbox, and look at step `customer`"
            }
            Check::Customer => "look at what sign-up calls: step `customer` makes the customer there",
            Check::Usage if !self.holds(Check::Customer) => "it needs a customer first",
            Check::Usage => {
                "send the event after the paid call (step `events`), with an event_type that a price listens to"
            }
            Check::Refusal => {
                "check the balance before the paid call and answer 402 (step `gating`); `status` shows where it is missing"
            }
            Check::TopUp => {
                "link to the portal route (step `portal`) where users see it, and pay there with a test card"
            }
            Check::UsageAgain if !self.holds(Check::TopUp) => "it needs a top-up first",
            Check::UsageAgain => {
                "read the balance for every action: one kept from before the top-up still refuses"
            }
        };
        match self.troubles.last() {
            Some(trouble) if !self.holds(check) => format!("{text} (seen: {trouble})"),
            _ => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
