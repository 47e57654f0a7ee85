//! Wallets: reading balances, adjustments, charges, grants.

use jiff::Timestamp;

use super::subscriptions::grant_end;
use super::{Customer, Due, Store, new_id, room_for};
use crate::credyt::Amount;
use crate::credyt::types::{
    AccountDetails, AdjustmentReason, CreateAdjustmentRequest, CreateAdjustmentResponse, CreateChargeRequest,
    CreditGrant, Transaction, TransactionType, Wallet, WalletAccount,
};
use crate::sandbox::ledger::{Account, Grant, PAID, Slice};
use crate::sandbox::refusal::{Faults, Refusal};

impl Store {
    pub(crate) fn wallet(&self, customer: &str, now: Timestamp) -> Result<Wallet, Refusal> {
        let accounts = self.customer(customer)?.accounts.values();
        let accounts = accounts.map(|account| WalletAccount {
            id: account.id(),
            name: account.name.clone(),
            asset: account.asset.clone(),
            available: account.available(now),
        });
        Ok(Wallet { accounts: accounts.collect() })
    }

    pub(crate) fn account(&self, customer: &str, account: &str) -> Result<&Account, Refusal> {
        let found = self.customer(customer)?.accounts.get(&account.to_lowercase());
        found.ok_or_else(|| Refusal::missing(format!("The wallet has no account {account}.")))
    }

    pub(crate) fn account_details(
        &self,
        customer: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<AccountDetails, Refusal> {
        let account = self.account(customer, id)?;
        // Fees of delayed events are not known before they are worked out; only top-ups are in flight.
        let mut pending_in = Amount::ZERO;
        for top_up in
            self.top_ups.values().filter(|top_up| top_up.customer_id == customer && top_up.is_pending())
        {
            if let Ok((name, asset, amount)) = self.top_up_credit(top_up, now)
                && name.eq_ignore_ascii_case(&account.name)
                && asset == account.asset
            {
                pending_in += amount;
            }
        }
        Ok(AccountDetails {
            id: account.id(),
            name: account.name.clone(),
            asset: account.asset.clone(),
            available: account.available(now),
            pending_in,
            pending_out: Amount::ZERO,
        })
    }

    pub(crate) fn adjust(
        &mut self,
        customer: &str,
        request: CreateAdjustmentRequest,
        now: Timestamp,
    ) -> Result<CreateAdjustmentResponse, Refusal> {
        let known = self.customer(customer)?;
        if let Some(earlier) = known.transactions.get(&request.transaction_id) {
            return Ok(CreateAdjustmentResponse { id: earlier.id.clone(), created_at: earlier.created_at });
        }
        room_for(known.transactions.len(), "transactions of one customer")?;
        let mut faults = Faults::default();
        faults.blank("transaction_id", Some(&request.transaction_id));
        faults.blank("account_name", request.account_name.as_deref());
        if request.amount.is_zero() {
            faults.add("amount", "Must not be zero.");
        }
        let start = request.effective_at.unwrap_or(now);
        let end = grant_end(request.expires_at, start);
        if end <= start.max(now) {
            faults.add("expires_at", "Must be in the future and after effective_at.");
        }
        let asset = self.known_asset(&request.asset);
        if let Err(message) = &asset {
            faults.add("asset", message);
        }
        faults.done()?;
        let asset = asset.unwrap_or_default();
        let name = request.account_name.unwrap_or_else(|| "default".to_owned());
        let Some(record) = self.customers.get_mut(customer) else {
            return Err(Refusal::missing("The customer is gone."));
        };
        let account = record.account_mut(&name, &asset);
        if request.amount.is_positive() {
            let purpose = match request.reason {
                AdjustmentReason::Gift => "promotion",
                AdjustmentReason::ExternalTopup => PAID,
                AdjustmentReason::ExternalRefund | AdjustmentReason::Other => "other",
            };
            account.credit(new_grant(request.amount, purpose, start, end, now), now);
        } else {
            drop(account.debit(-request.amount, now));
        }
        let account_id = account.id();
        if start > now {
            let due = Due::Effective { customer: customer.to_owned(), account: account_id.to_lowercase() };
            self.due.insert((start, due));
        }
        let id = request.transaction_id;
        let transaction = Transaction {
            id: id.clone(),
            r#type: TransactionType::Adjustment,
            account_id,
            asset,
            amount: request.amount,
            description: request.description,
            metadata: request.metadata,
            created_at: now,
            executed_at: Some(now),
        };
        record.transactions.insert(id.clone(), transaction);
        Ok(CreateAdjustmentResponse { id, created_at: now })
    }

    pub(crate) fn charge(
        &mut self,
        customer: &str,
        request: CreateChargeRequest,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let known = self.customer(customer)?;
        if known.transactions.contains_key(&request.transaction_id) {
            return Ok(());
        }
        room_for(known.transactions.len(), "transactions of one customer")?;
        let mut faults = Faults::default();
        faults.blank("transaction_id", Some(&request.transaction_id));
        faults.blank("account_name", request.account_name.as_deref());
        if request.amount.is_negative() {
            faults.add("amount", "A charge takes a positive amount; use an adjustment to give credit.");
        }
        let asset = self.known_asset(&request.asset);
        if let Err(message) = &asset {
            faults.add("asset", message);
        }
        faults.done()?;
        let asset = asset.unwrap_or_default();
        let name = request.account_name.unwrap_or_else(|| "default".to_owned());
        let Some(record) = self.customers.get_mut(customer) else {
            return Err(Refusal::missing("The customer is gone."));
        };
        let account = record.account_mut(&name, &asset);
        drop(account.debit(request.amount, now));
        let account_id = account.id();
        let transaction = Transaction {
            id: request.transaction_id.clone(),
            r#type: TransactionType::Fee,
            account_id,
            asset,
            amount: -request.amount,
            description: request.description.or(request.subject),
            metadata: request.metadata,
            created_at: now,
            executed_at: Some(now),
        };
        record.transactions.insert(request.transaction_id, transaction);
        Ok(())
    }

    /// Takes a one-time fee from the default account of its currency.
    pub(crate) fn take_fee(
        &mut self,
        customer: &str,
        asset: &str,
        amount: Amount,
        name: &str,
        now: Timestamp,
    ) {
        let Some(record) = self.customers.get_mut(customer) else { return };
        let account = record.account_mut("default", asset);
        drop(account.debit(amount, now));
        let id = new_id("fee");
        let transaction = Transaction {
            id: id.clone(),
            r#type: TransactionType::Fee,
            account_id: account.id(),
            asset: asset.to_owned(),
            amount: -amount,
            description: Some(name.to_owned()),
            metadata: None,
            created_at: now,
            executed_at: Some(now),
        };
        record.transactions.insert(id, transaction);
    }

    /// Takes a usage fee from the default account of its asset.
    pub(crate) fn debit(
        &mut self,
        customer: &str,
        asset: &str,
        amount: Amount,
        now: Timestamp,
    ) -> Vec<Slice> {
        self.customers
            .get_mut(customer)
            .map(|c| c.account_mut("default", asset).debit(amount, now))
            .unwrap_or_default()
    }

    /// A transaction by its id, by a usage fee's id, or by the id of the event that caused it.
    pub(crate) fn transaction(&self, customer: &str, id: &str) -> Result<Transaction, Refusal> {
        let record = self.customer(customer)?;
        if let Some(transaction) = record.transactions.get(id) {
            return Ok(transaction.clone());
        }
        let by_event = self.event_numbers.get(id).and_then(|number| self.events.get(number));
        let stored = by_event.or_else(|| {
            self.events.values().rev().find(|stored| stored.event.fees.iter().any(|fee| fee.id == id))
        });
        let stored = stored.filter(|stored| stored.event.customer_id == customer);
        let fee = stored
            .and_then(|stored| stored.event.fees.iter().find(|fee| fee.id == id || stored.event.id == id));
        match (stored, fee) {
            (Some(stored), Some(fee)) => Ok(Transaction {
                id: id.to_owned(),
                r#type: TransactionType::Fee,
                account_id: format!("default:{}", fee.currency),
                asset: fee.currency.clone(),
                amount: -fee.amount,
                description: fee.description.clone().or_else(|| Some(fee.price_name.clone())),
                metadata: None,
                created_at: stored.event.created_at,
                executed_at: Some(stored.event.created_at),
            }),
            _ => Err(Refusal::missing(format!("The customer has no transaction {id}."))),
        }
    }
}

impl Customer {
    pub(crate) fn account_mut(&mut self, name: &str, asset: &str) -> &mut Account {
        let key = format!("{name}:{asset}").to_lowercase();
        self.accounts.entry(key).or_insert_with(|| Account::new(name, asset))
    }
}

impl Grant {
    pub(crate) fn view(&self, now: Timestamp) -> CreditGrant {
        CreditGrant {
            id: self.id.clone(),
            available: if now < self.expires_at { self.available } else { Amount::ZERO },
            effective_at: self.effective_at,
            expires_at: self.expires_at,
            purpose: self.purpose.clone(),
            created_at: self.created_at,
        }
    }
}

pub(crate) fn new_grant(
    amount: Amount,
    purpose: &str,
    start: Timestamp,
    end: Timestamp,
    now: Timestamp,
) -> Grant {
    Grant {
        id: new_id("grant"),
        available: amount,
        effective_at: start,
        expires_at: end,
        purpose: purpose.to_owned(),
        priority: None,
        revenue_basis: None,
        created_at: now,
        origin: None,
    }
}
