//! One wallet account: a sequence of grants and, below zero, an overdraft.
//!
//! The balance is the sum of the grants in force less the overdraft. A debit uses grants in a fixed order (entitlement priority,
//! granted before paid, the sooner end, the older) and puts the rest on the overdraft; new credit fills the overdraft first.
//! Overdraft has no limit: blocking is the application's job.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::credyt::Amount;

/// Purpose of value that the customer paid for.
pub(crate) const PAID: &str = "paid";

/// One account of a wallet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// The name part of the id, normally `default`.
    pub(crate) name: String,
    /// Currency or custom asset.
    pub(crate) asset: String,
    /// What was spent beyond all grants.
    pub(crate) overdraft: Amount,
    /// Oldest first; used up and expired ones stay for the record, up to a limit.
    pub(crate) grants: Vec<Grant>,
}

/// A slice of prepaid value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// Its id.
    pub(crate) id: String,
    /// What is left.
    pub(crate) available: Amount,
    /// When it begins to count.
    pub(crate) effective_at: Timestamp,
    /// When the rest lapses.
    pub(crate) expires_at: Timestamp,
    /// `paid`, `bundled`, `promotion` or `other`.
    pub(crate) purpose: String,
    /// The entitlement's priority.
    pub(crate) priority: Option<i64>,
    /// Revenue booked per unit used, from the entitlement.
    pub(crate) revenue_basis: Option<Amount>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// The entitlement it came from, so that a rollover finds it.
    pub(crate) origin: Option<String>,
}

/// A part of a debit and how to book it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// How much.
    pub(crate) amount: Amount,
    /// Revenue per unit, where the grant says so.
    pub(crate) revenue_basis: Option<Amount>,
}

/// How many spent or expired grants an account keeps.
const GRANTS_KEPT: usize = 500;

impl Account {
    /// An empty account.
    pub(crate) fn new(name: &str, asset: &str) -> Self {
        Self { name: name.to_owned(), asset: asset.to_owned(), overdraft: Amount::ZERO, grants: Vec::new() }
    }

    /// `name:ASSET`.
    pub(crate) fn id(&self) -> String {
        format!("{}:{}", self.name, self.asset)
    }

    /// What can be spent; negative when overdrawn.
    pub(crate) fn available(&self, now: Timestamp) -> Amount {
        let granted: Amount =
            self.grants.iter().filter(|grant| grant.counts(now)).map(|grant| grant.available).sum();
        granted - self.overdraft
    }

    /// Adds a grant; what counts already fills the overdraft first.
    pub(crate) fn credit(&mut self, grant: Grant, now: Timestamp) {
        self.grants.push(grant);
        self.fill_overdraft(now);
        while self.grants.len() > GRANTS_KEPT {
            let Some(spent) = self.grants.iter().position(|g| g.available.is_zero() || g.expires_at <= now)
            else {
                break;
            };
            self.grants.remove(spent);
        }
    }

    /// Lets grants in force pay off the overdraft; called when one is added or begins to count.
    pub(crate) fn fill_overdraft(&mut self, now: Timestamp) {
        let owed = std::mem::take(&mut self.overdraft);
        if owed.is_positive() {
            // The booking of this usage was made when it was charged.
            drop(self.debit(owed, now));
        }
    }

    /// Takes an amount, which must not be negative.
    pub(crate) fn debit(&mut self, amount: Amount, now: Timestamp) -> Vec<Slice> {
        let mut usable: Vec<usize> = (0..self.grants.len())
            .filter(|&i| self.grants[i].counts(now) && self.grants[i].available.is_positive())
            .collect();
        usable.sort_by_key(|&i| {
            let grant = &self.grants[i];
            (grant.priority.unwrap_or(i64::MAX), grant.purpose == PAID, grant.expires_at, grant.created_at, i)
        });
        let mut slices = Vec::new();
        let mut left = amount;
        for i in usable {
            if left.is_zero() {
                break;
            }
            let grant = &mut self.grants[i];
            let part = left.min(grant.available);
            grant.available -= part;
            left -= part;
            slices.push(Slice { amount: part, revenue_basis: grant.revenue_basis });
        }
        if left.is_positive() {
            self.overdraft += left;
            slices.push(Slice { amount: left, revenue_basis: None });
        }
        slices
    }
}

impl Grant {
    /// Whether it is part of the balance at `now`.
    pub(crate) fn counts(&self, now: Timestamp) -> bool {
        self.effective_at <= now && now < self.expires_at
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn grant(id: &str, value: &str, purpose: &str, priority: Option<i64>, expires: i64) -> Grant {
        Grant {
            id: id.to_owned(),
            available: amount(value),
            effective_at: at(0),
            expires_at: at(expires),
            purpose: purpose.to_owned(),
            priority,
            revenue_basis: None,
            created_at: at(0),
            origin: None,
        }
    }

    fn left(account: &Account) -> Vec<String> {
        account.grants.iter().map(|g| format!("{}={}", g.id, g.available)).collect()
    }

    #[test]
    fn grants_are_used_by_priority_then_free_before_paid_then_sooner_end() {
        let mut account = Account::new("default", "CREDITS");
        for g in [
            grant("paid", "10", PAID, None, 50),
            grant("late", "10", "promotion", None, 90),
            grant("soon", "10", "promotion", None, 60),
            grant("first", "10", "bundled", Some(1), 99),
        ] {
            account.credit(g, at(1));
        }
        account.debit(amount("25"), at(2));
        assert_eq!(left(&account), ["paid=10", "late=5", "soon=0", "first=0"]);
        account.debit(amount("16.5"), at(2));
        assert_eq!(account.available(at(2)), amount("-1.5"));
    }

    #[test]
    fn credit_fills_the_hole_first_also_when_it_begins_to_count_later() {
        let mut account = Account::new("default", "USD");
        account.debit(amount("3"), at(1));
        account.credit(grant("a", "2", PAID, None, 99), at(1));
        assert_eq!(account.available(at(1)), amount("-1"));
        let mut later = grant("b", "5", PAID, None, 99);
        later.effective_at = at(10);
        account.credit(later, at(1));
        assert_eq!(account.available(at(1)), amount("-1"));
        account.fill_overdraft(at(10));
        assert_eq!(account.available(at(10)), amount("4"));
        assert_eq!(left(&account), ["a=0", "b=4"]);
    }

    #[test]
    fn an_expired_grant_is_gone_but_what_was_spent_of_it_stays_spent() {
        let mut account = Account::new("default", "USD");
        account.credit(grant("a", "5", "promotion", None, 10), at(1));
        account.debit(amount("2"), at(2));
        assert_eq!(account.available(at(9)), amount("3"));
        assert_eq!(account.available(at(10)), Amount::ZERO);
        account.debit(amount("1"), at(10));
        assert_eq!(account.available(at(10)), amount("-1"));
    }
}
