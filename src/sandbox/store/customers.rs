//! Customers and connected accounts.

use jiff::Timestamp;

use super::{Customer, Store, new_id, room_for};
use crate::credyt::types::{
    ConnectedAccount, CreateAccountRequest, CreateCustomerRequest, CreateCustomerResponse,
    Customer as CustomerView, CustomerSummary, SubscriptionStatus, UpdateCustomerRequest,
};
use crate::sandbox::behaviour::DuplicateStatus;
use crate::sandbox::refusal::{Faults, Refusal};

impl Store {
    pub(crate) fn create_customer(
        &mut self,
        request: CreateCustomerRequest,
        now: Timestamp,
    ) -> Result<CreateCustomerResponse, Refusal> {
        room_for(self.customers.len(), "customers")?;
        let mut faults = Faults::default();
        faults.blank("name", Some(&request.name));
        faults.blank("external_id", request.external_id.as_deref());
        if request.email.as_ref().is_some_and(|email| !email.contains('@')) {
            faults.add("email", "Must be an e-mail address.");
        }
        faults.done()?;
        if let Some(external_id) = &request.external_id {
            self.refuse_duplicate(external_id, None)?;
        }
        let wanted = request.subscriptions.unwrap_or_default();
        let planned = wanted
            .into_iter()
            .enumerate()
            .map(|(index, wanted)| self.plan_subscription(wanted, &format!("subscriptions[{index}]."), now))
            .collect::<Result<Vec<_>, _>>()?;
        let id = new_id("cust");
        if let Some(external_id) = &request.external_id {
            self.external_ids.insert(external_id.clone(), id.clone());
        }
        self.customers.insert(
            id.clone(),
            Customer {
                id: id.clone(),
                external_id: request.external_id,
                name: request.name,
                email: request.email,
                metadata: request.metadata,
                external_accounts: request.external_accounts,
                created_at: now,
                subscriptions: Vec::new(),
                accounts: std::collections::BTreeMap::new(),
                transactions: std::collections::BTreeMap::new(),
                tiers: std::collections::BTreeMap::new(),
            },
        );
        for subscription in planned {
            self.subscribe(&id, subscription, now);
        }
        let subscriptions = self.subscription_views(&id, now);
        Ok(CreateCustomerResponse { id, subscriptions: Some(subscriptions) })
    }

    pub(crate) fn customer_by_external_id(&self, external_id: &str) -> Option<&Customer> {
        self.external_ids.get(external_id).and_then(|id| self.customers.get(id))
    }

    pub(crate) fn customer_view(&mut self, id: &str, now: Timestamp) -> Result<CustomerView, Refusal> {
        self.customer(id)?;
        let subscriptions = self.subscription_views(id, now);
        let customer = self.customer(id)?;
        Ok(CustomerView {
            id: customer.id.clone(),
            external_id: customer.external_id.clone(),
            name: customer.name.clone(),
            email: customer.email.clone(),
            active_subscription_count: customer.active_subscriptions(),
            created_at: customer.created_at,
            metadata: customer.metadata.clone(),
            subscriptions: Some(subscriptions),
            external_accounts: Some(customer.external_accounts.clone().unwrap_or_default()),
        })
    }

    pub(crate) fn update_customer(
        &mut self,
        id: &str,
        request: UpdateCustomerRequest,
    ) -> Result<(), Refusal> {
        self.customer(id)?;
        let mut faults = Faults::default();
        faults.blank("name", request.name.as_deref());
        faults.blank("external_id", request.external_id.as_deref());
        faults.done()?;
        if let Some(external_id) = &request.external_id {
            self.refuse_duplicate(external_id, Some(id))?;
        }
        if let Some(customer) = self.customers.get_mut(id) {
            if let Some(external_id) = &request.external_id {
                if let Some(before) = &customer.external_id {
                    self.external_ids.remove(before);
                }
                self.external_ids.insert(external_id.clone(), id.to_owned());
            }
            customer.name = request.name.unwrap_or_else(|| std::mem::take(&mut customer.name));
            customer.external_id = request.external_id.or_else(|| customer.external_id.take());
            customer.email = request.email.or_else(|| customer.email.take());
        }
        Ok(())
    }

    fn refuse_duplicate(&self, external_id: &str, except: Option<&str>) -> Result<(), Refusal> {
        let Some(holder) = self.customer_by_external_id(external_id) else { return Ok(()) };
        if except == Some(holder.id.as_str()) {
            return Ok(());
        }
        Err(match self.behaviour.duplicate_customer {
            DuplicateStatus::Unprocessable => {
                Refusal::field("external_id", "A customer with this external_id already exists.")
            }
            DuplicateStatus::Conflict => {
                Refusal::conflict(format!("A customer with external_id {external_id} already exists."))
            }
        })
    }

    pub(crate) fn create_account(
        &mut self,
        request: CreateAccountRequest,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        room_for(self.accounts.len(), "connected accounts")?;
        let mut faults = Faults::default();
        faults.blank("name", Some(&request.name));
        let taken = |account: &ConnectedAccount| account.external_id == request.external_id;
        if request.external_id.is_some() && self.accounts.values().any(taken) {
            faults.add("external_id", "An account with this external_id already exists.");
        }
        faults.done()?;
        let id = new_id("act");
        let CreateAccountRequest { name, external_id, metadata } = request;
        self.accounts.insert(
            id.clone(),
            ConnectedAccount { id: id.clone(), external_id, name, created_at: now, metadata },
        );
        Ok(id)
    }
}

impl Customer {
    pub(crate) fn active_subscriptions(&self) -> u32 {
        self.subscriptions.iter().filter(|s| s.status == SubscriptionStatus::Active).count() as u32
    }

    pub(crate) fn summary(&self) -> CustomerSummary {
        CustomerSummary {
            id: self.id.clone(),
            external_id: self.external_id.clone(),
            name: self.name.clone(),
            email: self.email.clone(),
            active_subscription_count: self.active_subscriptions(),
        }
    }
}
