//! Links to hosted pages and what happens on them: portal sessions, top-ups, first payments.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::wallet::new_grant;
use super::{Due, LINK_MINUTES, Store, TopUp, new_id, new_secret, room_for, seconds_after};
use crate::credyt::Amount;
use crate::credyt::types::{
    CreatePortalSessionRequest, InitiateTopUpRequest, InitiateTopUpResponse, PortalSession, RedirectTo,
    SubscriptionStatus, TopUp as TopUpView, TopUpStatus, Transaction, TransactionType,
};
use crate::sandbox::ledger::PAID;
use crate::sandbox::refusal::{Faults, Refusal};

/// Expired links are kept this long, so that the page can say so and send the customer back.
const KEPT_SECONDS: i64 = 3600;

/// A link to a hosted page; its token is the only key to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) payment: Payment,
    pub(crate) expires_at: Timestamp,
}

/// What a link is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Payment {
    Portal { customer: String, return_url: String, failure_url: String },
    TopUp { top_up: String },
    Subscription { customer: String, subscription: String },
}

impl Store {
    pub(crate) fn open_portal(
        &mut self,
        request: CreatePortalSessionRequest,
        now: Timestamp,
    ) -> Result<PortalSession, Refusal> {
        let mut faults = Faults::default();
        if !self.customers.contains_key(&request.customer_id) {
            faults.add("customer_id", format!("There is no customer {}.", request.customer_id));
        }
        faults.address("return_url", &request.return_url);
        faults.address("failure_url", &request.failure_url);
        faults.done()?;
        let CreatePortalSessionRequest { customer_id: customer, return_url, failure_url } = request;
        let expires_at = seconds_after(now, LINK_MINUTES * 60);
        let payment = Payment::Portal { customer, return_url, failure_url };
        let token = self.add_link(new_secret(), Link { payment, expires_at }, now);
        Ok(PortalSession { redirect_url: format!("{}/portal?token={token}", self.base), expires_at })
    }

    pub(crate) fn add_link(&mut self, token: String, link: Link, now: Timestamp) -> String {
        let forget = seconds_after(now, -KEPT_SECONDS);
        self.links.retain(|_, link| link.expires_at > forget);
        self.links.insert(token.clone(), link);
        token
    }

    /// A link that can still be used.
    pub(crate) fn link(&self, token: &str, now: Timestamp) -> Option<&Payment> {
        self.links.get(token).filter(|link| now < link.expires_at).map(|link| &link.payment)
    }

    /// Where a failed or expired link sends the customer.
    pub(crate) fn failure_url(&self, token: &str) -> Option<String> {
        match &self.links.get(token)?.payment {
            Payment::Portal { failure_url, .. } => Some(failure_url.clone()),
            Payment::TopUp { top_up } => self.top_ups.get(top_up).map(|top_up| top_up.failure_url.clone()),
            Payment::Subscription { customer, subscription } => {
                let customer = self.customers.get(customer)?;
                customer.subscriptions.iter().find(|s| s.id == *subscription)?.failure_url.clone()
            }
        }
    }

    pub(crate) fn start_top_up(
        &mut self,
        request: InitiateTopUpRequest,
        now: Timestamp,
    ) -> Result<InitiateTopUpResponse, Refusal> {
        room_for(self.top_ups.len(), "top-ups")?;
        let mut faults = Faults::default();
        if !self.customers.contains_key(&request.customer_id) {
            faults.add("customer_id", format!("There is no customer {}.", request.customer_id));
        }
        if !request.amount.is_positive() {
            faults.add("amount", "Must be more than zero, in major units.");
        }
        faults.address("return_url", &request.return_url);
        faults.address("failure_url", &request.failure_url);
        let currency = request.currency.to_uppercase();
        if !is_currency(&currency) || self.assets.contains_key(&currency) {
            faults.add(
                "currency",
                "Must be a currency code such as USD; custom assets are bought through destination.",
            );
        }
        if request.credit_expires_at.is_some_and(|end| end <= now) {
            faults.add("credit_expires_at", "Must be in the future.");
        }
        let expires_at = seconds_after(now, LINK_MINUTES * 60);
        let top_up = TopUp {
            id: new_id("top"),
            customer_id: request.customer_id,
            amount: request.amount,
            currency,
            description: request.description,
            destination: request.destination,
            credit_expires_at: request.credit_expires_at,
            status: TopUpStatus::Initiated,
            return_url: request.return_url,
            failure_url: request.failure_url,
            expires_at,
            paid_at: None,
        };
        if let Err((field, message)) = self.top_up_credit(&top_up, now) {
            faults.add(field, message);
        }
        faults.done()?;
        let id = top_up.id.clone();
        self.top_ups.insert(id.clone(), top_up);
        self.due.insert((expires_at, Due::TopUpExpires { top_up: id.clone() }));
        let token = self.add_link(
            new_secret(),
            Link { payment: Payment::TopUp { top_up: id.clone() }, expires_at },
            now,
        );
        Ok(InitiateTopUpResponse {
            id,
            status: TopUpStatus::Initiated,
            redirect_url: format!("{}/pay?token={token}", self.base),
            created_at: now,
            expires_at,
        })
    }

    /// What a top-up credits: account name, asset, and the amount after conversion.
    pub(crate) fn top_up_credit(
        &self,
        top_up: &TopUp,
        now: Timestamp,
    ) -> Result<(String, String, Amount), (&'static str, String)> {
        let Some(destination) = &top_up.destination else {
            return Ok(("default".to_owned(), top_up.currency.clone(), top_up.amount));
        };
        let name = destination.account_name.clone().unwrap_or_else(|| "default".to_owned());
        let asset = self.known_asset(&destination.asset).map_err(|message| ("destination.asset", message))?;
        if asset == top_up.currency && destination.exchange_rate.is_none() {
            return Ok((name, asset, top_up.amount));
        }
        let rate = match (destination.exchange_rate, self.assets.get(&asset)) {
            (Some(rate), _) if rate.is_positive() => rate,
            (Some(_), _) => return Err(("destination.exchange_rate", "Must be more than zero.".to_owned())),
            (None, Some(asset)) => asset.rate(&top_up.currency, now).ok_or_else(|| {
                (
                    "destination.asset",
                    format!("{} has no rate for {} at this time.", asset.code, top_up.currency),
                )
            })?,
            (None, None) => {
                return Err((
                    "destination.asset",
                    "Currencies are not converted into one another.".to_owned(),
                ));
            }
        };
        let units = self.units_for(&asset, top_up.amount, rate);
        units
            .map(|units| (name, asset, units))
            .ok_or_else(|| ("amount", "The amount is too large.".to_owned()))
    }

    pub(crate) fn top_up(&self, id: &str) -> Result<TopUpView, Refusal> {
        let top_up =
            self.top_ups.get(id).ok_or_else(|| Refusal::missing(format!("There is no top-up {id}.")))?;
        Ok(TopUpView {
            id: top_up.id.clone(),
            customer_id: top_up.customer_id.clone(),
            amount: top_up.amount,
            currency: top_up.currency.clone(),
            destination: top_up.destination.clone(),
            status: top_up.status,
        })
    }

    /// The test card was accepted or refused on a top-up or subscription link; returns where the customer goes.
    pub(crate) fn finish_payment(&mut self, token: &str, accepted: bool, now: Timestamp) -> Option<String> {
        match self.link(token, now)?.clone() {
            Payment::Portal { .. } => None,
            Payment::TopUp { top_up: id } => {
                let top_up = self.top_ups.get(&id)?.clone();
                if accepted && top_up.is_pending() {
                    self.credit_top_up(&top_up, now);
                }
                if let Some(top_up) = self.top_ups.get_mut(&id).filter(|top_up| top_up.is_pending()) {
                    top_up.status = if accepted { TopUpStatus::Succeeded } else { TopUpStatus::Failed };
                    top_up.paid_at = accepted.then_some(now);
                }
                Some(if accepted { top_up.return_url } else { top_up.failure_url })
            }
            Payment::Subscription { customer, subscription } => {
                let held = self.subscription_mut(&customer, &subscription)?.clone();
                if !accepted {
                    return held.failure_url;
                }
                if held.status == SubscriptionStatus::ActionRequired {
                    self.activate(&customer, &subscription, now);
                }
                if held.redirect_to == RedirectTo::Portal {
                    let (return_url, failure_url) = (held.return_url?, held.failure_url?);
                    let request =
                        CreatePortalSessionRequest { customer_id: customer, return_url, failure_url };
                    return self.open_portal(request, now).ok().map(|session| session.redirect_url);
                }
                held.return_url
            }
        }
    }

    /// A top-up made and paid on the portal page.
    pub(crate) fn portal_top_up(
        &mut self,
        token: &str,
        amount: Amount,
        asset: &str,
        accepted: bool,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let Some(Payment::Portal { customer, return_url, failure_url }) = self.link(token, now).cloned()
        else {
            return Err(Refusal::missing("The session has expired."));
        };
        if !accepted {
            return Ok(failure_url);
        }
        let custom = self.assets.contains_key(asset);
        let currency = if custom {
            self.assets.get(asset).and_then(|a| a.funding_currency(now))
        } else {
            Some(asset.to_owned())
        };
        let destination = custom.then(|| crate::credyt::types::TopUpDestination {
            account_name: None,
            asset: asset.to_owned(),
            exchange_rate: None,
        });
        let request = InitiateTopUpRequest {
            customer_id: customer,
            amount,
            currency: currency.unwrap_or_else(|| "USD".to_owned()),
            description: Some("Top-up".to_owned()),
            destination,
            credit_expires_at: None,
            return_url: return_url.clone(),
            failure_url,
            metadata: None,
        };
        let started = self.start_top_up(request, now)?;
        if let Some(top_up) = self.top_ups.get(&started.id).cloned() {
            self.credit_top_up(&top_up, now);
            if let Some(top_up) = self.top_ups.get_mut(&started.id) {
                top_up.status = TopUpStatus::Succeeded;
                top_up.paid_at = Some(now);
            }
        }
        Ok(return_url)
    }

    fn credit_top_up(&mut self, top_up: &TopUp, now: Timestamp) {
        let Ok((name, asset, amount)) = self.top_up_credit(top_up, now) else { return };
        let Some(customer) = self.customers.get_mut(&top_up.customer_id) else { return };
        let end = super::subscriptions::grant_end(top_up.credit_expires_at, now);
        let account = customer.account_mut(&name, &asset);
        account.credit(new_grant(amount, PAID, now, end, now), now);
        let transaction = Transaction {
            id: top_up.id.clone(),
            r#type: TransactionType::Adjustment,
            account_id: account.id(),
            asset,
            amount,
            description: top_up.description.clone(),
            metadata: None,
            created_at: now,
            executed_at: Some(now),
        };
        customer.transactions.insert(top_up.id.clone(), transaction);
    }
}

impl TopUp {
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.status, TopUpStatus::Initiated | TopUpStatus::Pending)
    }
}

/// Whether a code looks like a currency's: three capital letters.
pub(crate) fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}
