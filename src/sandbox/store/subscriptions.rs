//! The life of a subscription: planned, scheduled, waiting for payment, active, renewed, ended.
//!
//! Planning checks the request and changes nothing, so that a customer with one bad subscription is refused whole.
//! Accounts are provisioned at once; entitlements are granted, and usage is charged, from activation on.

use jiff::Timestamp;

use super::{
    Due, GrantedEntitlement, LINK_MINUTES, Link, Payment, Store, SubscribedProduct, Subscription,
    a_year_after, after, new_id, new_secret, seconds_after,
};
use crate::credyt::types::{
    BillingType, CreateSubscriptionRequest, Price, PriceType, Recurrence, RedirectTo, RefreshStrategy,
    RequiredAction, Subscription as SubscriptionView, SubscriptionProduct, SubscriptionStatus,
    SubscriptionSwitch, UpdateSubscriptionProductRequest, VersionRef, VersionStatus,
};
use crate::credyt::{Amount, types};
use crate::sandbox::behaviour::UnpaidWord;
use crate::sandbox::ledger::Grant;
use crate::sandbox::refusal::{Faults, Refusal};

/// A subscription that was checked but not made yet.
pub(crate) struct Planned {
    subscription: Subscription,
    starts_at: Option<Timestamp>,
}

impl Store {
    /// Checks a wanted subscription; `at` is the path of its fields.
    pub(crate) fn plan_subscription(
        &self,
        wanted: CreateSubscriptionRequest,
        at: &str,
        now: Timestamp,
    ) -> Result<Planned, Refusal> {
        let mut faults = Faults::default();
        if wanted.products.is_empty() {
            faults.add(format!("{at}products"), "At least one product is required.");
        }
        let mut products = Vec::new();
        for (index, wanted) in wanted.products.iter().enumerate() {
            match self.resolve_product(wanted) {
                Ok(product) => products.push(product),
                Err((field, message)) => faults.add(format!("{at}products[{index}]{field}"), message),
            }
        }
        let pays = products
            .iter()
            .any(|product| self.cycle_price(product).is_some_and(|(amount, _)| amount.is_positive()));
        for (name, address) in [("return_url", &wanted.return_url), ("failure_url", &wanted.failure_url)] {
            match address {
                Some(address) => faults.address(format!("{at}{name}"), address),
                None if pays => {
                    faults.add(format!("{at}{name}"), "Required for a product with a recurring fee.");
                }
                None => {}
            }
        }
        if wanted.renews_at.is_some_and(|end| end <= wanted.starts_at.unwrap_or(now)) {
            faults.add(format!("{at}renews_at"), "Must be after the start.");
        }
        faults.done()?;
        let status = if wanted.starts_at.is_some_and(|start| start > now) {
            SubscriptionStatus::Scheduled
        } else if pays {
            SubscriptionStatus::ActionRequired
        } else {
            SubscriptionStatus::Active
        };
        let subscription = Subscription {
            id: new_id("sub"),
            status,
            started_at: None,
            renews_at: wanted.renews_at,
            products,
            grants: Vec::new(),
            cycles: 0,
            return_url: wanted.return_url,
            failure_url: wanted.failure_url,
            redirect_to: wanted.redirect_to.unwrap_or(RedirectTo::ReturnUrl),
        };
        Ok(Planned { subscription, starts_at: wanted.starts_at })
    }

    /// Makes a planned subscription and returns its id.
    pub(crate) fn subscribe(&mut self, customer: &str, planned: Planned, now: Timestamp) -> String {
        let Planned { subscription, starts_at } = planned;
        let (id, status, end) = (subscription.id.clone(), subscription.status, subscription.renews_at);
        let assets = self.assets_of(&subscription.products);
        if let Some(customer) = self.customers.get_mut(customer) {
            customer.subscriptions.push(subscription);
            for asset in assets {
                customer.account_mut("default", &asset);
            }
        }
        let due = |store: &mut Self, time, end| {
            let (customer, subscription) = (customer.to_owned(), id.clone());
            let due =
                if end { Due::End { customer, subscription } } else { Due::Start { customer, subscription } };
            store.due.insert((time, due));
        };
        if let Some(end) = end {
            due(self, end, true);
        }
        match status {
            SubscriptionStatus::Scheduled => due(self, starts_at.unwrap_or(now), false),
            SubscriptionStatus::Active => self.activate(customer, &id, now),
            _ => {}
        }
        id
    }

    fn resolve_product(
        &self,
        wanted: &SubscriptionProduct,
    ) -> Result<SubscribedProduct, (&'static str, String)> {
        let product = match (&wanted.id, &wanted.code) {
            (Some(id), _) => self.products.get(id).ok_or((".id", format!("There is no product {id}.")))?,
            (None, Some(code)) => self.product_by_code(code).ok_or_else(|| {
                let known = self.products.values().map(|product| product.code.as_str());
                let hint = crate::credyt::nearest(code, known).map(|near| format!(" Did you mean {near}?"));
                (".code", format!("There is no product with code {code}.{}", hint.unwrap_or_default()))
            })?,
            (None, None) => return Err(("", "Either id or code is required.".to_owned())),
        };
        let number = match wanted.version {
            None | Some(VersionRef::Default) => product.default_version.ok_or_else(|| {
                (".version", format!("Product {} has no published version yet.", product.code))
            })?,
            Some(VersionRef::Number(number)) => number,
        };
        match product.versions.get(&number).map(|version| version.status) {
            Some(VersionStatus::Published) => {
                Ok(SubscribedProduct { id: product.id.clone(), code: product.code.clone(), version: number })
            }
            Some(status) => Err((
                ".version",
                format!("Version {number} is {}; only published ones can be subscribed to.", status.word()),
            )),
            None => Err((".version", format!("Product {} has no version {number}.", product.code))),
        }
    }

    /// The recurring fee of a product and its cycle.
    fn cycle_price(&self, product: &SubscribedProduct) -> Option<(Amount, Recurrence)> {
        let version = self.version(&product.id, product.version)?;
        let mut cycle = None;
        let mut total = Amount::ZERO;
        for price in version.prices.iter().filter(|price| price.r#type == PriceType::Fixed) {
            if price.billing_model.r#type == BillingType::Recurring
                && let Some(recurrence) = &price.billing_model.recurring
            {
                total += fixed_amount(price).map_or(Amount::ZERO, |(amount, _)| amount);
                cycle.get_or_insert_with(|| recurrence.clone());
            }
        }
        cycle.map(|cycle| (total, cycle))
    }

    /// What has to be paid to activate a subscription: amount and currency.
    pub(crate) fn price_of(&self, subscription: &Subscription) -> (Amount, String) {
        let total = subscription
            .products
            .iter()
            .filter_map(|product| self.cycle_price(product))
            .map(|(amount, _)| amount)
            .sum();
        let currency = subscription.products.iter().find_map(|product| {
            let version = self.version(&product.id, product.version)?;
            version
                .prices
                .iter()
                .filter(|p| p.r#type == PriceType::Fixed)
                .find_map(fixed_amount)
                .map(|(_, asset)| asset)
        });
        (total, currency.unwrap_or_else(|| "USD".to_owned()))
    }

    fn assets_of(&self, products: &[SubscribedProduct]) -> Vec<String> {
        let mut assets = Vec::new();
        for version in products.iter().filter_map(|product| self.version(&product.id, product.version)) {
            let priced =
                version.prices.iter().flat_map(|price| price.pricing.iter().map(|pricing| &pricing.asset));
            let granted = version.entitlements.iter().map(|entitlement| &entitlement.asset);
            for asset in priced.chain(granted) {
                if !assets.contains(asset) {
                    assets.push(asset.clone());
                }
            }
        }
        assets
    }

    /// Makes a subscription active: the cycle begins, one-time fees are taken, entitlements granted, the webhook queued.
    pub(crate) fn activate(&mut self, customer: &str, id: &str, now: Timestamp) {
        let Some(subscription) = self.subscription_mut(customer, id) else { return };
        let first = subscription.started_at.is_none();
        subscription.status = SubscriptionStatus::Active;
        subscription.started_at.get_or_insert(now);
        let products = subscription.products.clone();
        if let Some((_, cycle)) = products.iter().find_map(|product| self.cycle_price(product)) {
            self.next_cycle(customer, id, &cycle, now);
        }
        if first {
            for product in &products {
                self.take_one_time_fees(customer, product, now);
                let entitlements = self.version(&product.id, product.version).map(|v| v.entitlements.clone());
                for entitlement in entitlements.unwrap_or_default() {
                    let granted = GrantedEntitlement {
                        product: product.id.clone(),
                        entitlement,
                        since: now,
                        periods: 0,
                    };
                    let Some(subscription) = self.subscription_mut(customer, id) else { return };
                    subscription.grants.push(granted);
                    let index = subscription.grants.len() - 1;
                    self.refresh(customer, id, index, now);
                }
            }
        }
        let data = serde_json::json!({"customer_id": customer, "subscription_id": id, "occurred_at": now});
        self.publish("subscription.activated", &data, now);
    }

    fn next_cycle(&mut self, customer: &str, id: &str, cycle: &Recurrence, now: Timestamp) {
        let Some(subscription) = self.subscription_mut(customer, id) else { return };
        let started = subscription.started_at.unwrap_or(now);
        let length = cycle.interval_count.unwrap_or(1).max(1);
        loop {
            subscription.cycles += 1;
            let end = after(started, cycle.interval, subscription.cycles.saturating_mul(length));
            if end > now || subscription.cycles == u32::MAX {
                subscription.renews_at = Some(end);
                let due = Due::Renew { customer: customer.to_owned(), subscription: id.to_owned() };
                self.due.insert((end, due));
                return;
            }
        }
    }

    /// A cycle is over: the saved test card is charged, so the next one begins.
    pub(crate) fn renew(&mut self, customer: &str, id: &str, now: Timestamp) {
        let Some(subscription) = self.subscription_mut(customer, id) else { return };
        if subscription.status != SubscriptionStatus::Active || subscription.renews_at != Some(now) {
            return;
        }
        let products = subscription.products.clone();
        if let Some((_, cycle)) = products.iter().find_map(|product| self.cycle_price(product)) {
            self.next_cycle(customer, id, &cycle, now);
        }
    }

    fn take_one_time_fees(&mut self, customer: &str, product: &SubscribedProduct, now: Timestamp) {
        let Some(version) = self.version(&product.id, product.version) else { return };
        let once = |price: &&Price| {
            price.r#type == PriceType::Fixed && price.billing_model.r#type == BillingType::OneTime
        };
        let fees: Vec<_> = version
            .prices
            .iter()
            .filter(once)
            .filter_map(|p| Some((p.name.clone(), fixed_amount(p)?)))
            .collect();
        for (name, (amount, asset)) in fees {
            self.take_fee(customer, &asset, amount, &name, now);
        }
    }

    /// Grants an entitlement's next period and schedules the one after.
    pub(crate) fn refresh(&mut self, customer: &str, id: &str, index: usize, now: Timestamp) {
        let Some(subscription) = self.subscription_mut(customer, id) else { return };
        if subscription.status != SubscriptionStatus::Active {
            return;
        }
        let Some(granted) = subscription.grants.get_mut(index) else { return };
        let GrantedEntitlement { entitlement, since, .. } = granted.clone();
        let length = entitlement.lifecycle.duration_count.unwrap_or(1).max(1);
        granted.periods += 1;
        let end = after(since, entitlement.lifecycle.duration, granted.periods.saturating_mul(length));
        let origin = format!("{id}/{index}");
        let Some(customer_record) = self.customers.get_mut(customer) else { return };
        let account = customer_record.account_mut("default", &entitlement.asset);
        let refresh = entitlement.lifecycle.refresh.as_ref();
        if refresh.is_some_and(|refresh| refresh.strategy == RefreshStrategy::Rollover) {
            let earlier = account.grants.iter_mut().filter(|grant| grant.origin.as_ref() == Some(&origin));
            for grant in earlier.filter(|grant| grant.available.is_positive() && grant.expires_at >= now) {
                grant.expires_at = end;
            }
        }
        let grant = Grant {
            id: new_id("grant"),
            available: entitlement.amount,
            effective_at: now,
            expires_at: end,
            purpose: entitlement.purpose.word().to_owned(),
            priority: entitlement.priority,
            revenue_basis: entitlement.accounting.as_ref().map(|accounting| accounting.revenue_basis),
            created_at: now,
            origin: Some(origin),
        };
        account.credit(grant, now);
        if refresh.is_some() && end < Timestamp::MAX {
            let due = Due::Refresh { customer: customer.to_owned(), subscription: id.to_owned(), index };
            self.due.insert((end, due));
        }
    }

    pub(crate) fn start_scheduled(&mut self, customer: &str, id: &str, now: Timestamp) {
        let Some(subscription) = self.subscription_mut(customer, id) else { return };
        if subscription.status != SubscriptionStatus::Scheduled {
            return;
        }
        let subscription = subscription.clone();
        if self.price_of(&subscription).0.is_positive() {
            if let Some(subscription) = self.subscription_mut(customer, id) {
                subscription.status = SubscriptionStatus::ActionRequired;
            }
        } else {
            self.activate(customer, id, now);
        }
    }

    pub(crate) fn end_subscription(&mut self, customer: &str, id: &str) {
        if let Some(subscription) = self.subscription_mut(customer, id) {
            subscription.status = SubscriptionStatus::Inactive;
        }
    }

    pub(crate) fn switch_subscription(
        &mut self,
        customer: &str,
        id: &str,
        to: SubscriptionSwitch,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.customer(customer)?;
        let subscription = self.subscription_mut(customer, id).ok_or_else(|| no_subscription(id))?;
        match (to, subscription.status) {
            (SubscriptionSwitch::Inactive, _) => {
                subscription.status = SubscriptionStatus::Inactive;
                Ok(())
            }
            (SubscriptionSwitch::Active, SubscriptionStatus::Inactive)
                if subscription.started_at.is_some() =>
            {
                self.activate(customer, id, now);
                Ok(())
            }
            (SubscriptionSwitch::Active, SubscriptionStatus::Active) => Ok(()),
            (SubscriptionSwitch::Active, status) => Err(Refusal::field(
                "status",
                format!("The subscription is {} and becomes active by itself.", status.word()),
            )),
        }
    }

    pub(crate) fn move_to_version(
        &mut self,
        customer: &str,
        id: &str,
        product: &str,
        request: &UpdateSubscriptionProductRequest,
    ) -> Result<(), Refusal> {
        self.customer(customer)?;
        self.subscription_mut(customer, id).ok_or_else(|| no_subscription(id))?;
        let wanted =
            SubscriptionProduct { id: Some(product.to_owned()), code: None, version: Some(request.version) };
        let resolved = self.resolve_product(&wanted).map_err(|(field, message)| match field {
            ".version" => Refusal::field("version", message),
            _ => Refusal::missing(message),
        })?;
        let assets = self.assets_of(std::slice::from_ref(&resolved));
        let subscription = self.subscription_mut(customer, id).ok_or_else(|| no_subscription(id))?;
        let held = subscription.products.iter_mut().find(|held| held.id == product);
        let held = held
            .ok_or_else(|| Refusal::missing(format!("Subscription {id} does not hold product {product}.")))?;
        *held = resolved;
        if let Some(customer) = self.customers.get_mut(customer) {
            for asset in assets {
                customer.account_mut("default", &asset);
            }
        }
        Ok(())
    }

    /// All subscriptions of a customer as the API shows them, with payment links that work.
    pub(crate) fn subscription_views(&mut self, customer: &str, now: Timestamp) -> Vec<SubscriptionView> {
        let subscriptions = self.customers.get(customer).map(|c| c.subscriptions.clone()).unwrap_or_default();
        subscriptions.iter().map(|subscription| self.subscription_view(customer, subscription, now)).collect()
    }

    pub(crate) fn subscription_view(
        &mut self,
        customer: &str,
        subscription: &Subscription,
        now: Timestamp,
    ) -> SubscriptionView {
        let waits = subscription.status == SubscriptionStatus::ActionRequired;
        let required_actions = waits.then(|| {
            let payment = Payment::Subscription {
                customer: customer.to_owned(),
                subscription: subscription.id.clone(),
            };
            let token = self.fresh_link(payment, now);
            vec![RequiredAction {
                r#type: "payment".to_owned(),
                redirect_url: format!("{}/pay?token={token}", self.base),
            }]
        });
        let status = match (waits, self.behaviour.unpaid_word) {
            (true, UnpaidWord::Pending) => SubscriptionStatus::Pending,
            _ => subscription.status,
        };
        SubscriptionView {
            id: subscription.id.clone(),
            started_at: subscription.started_at,
            renews_at: subscription.renews_at,
            status: status.word().to_owned(),
            products: subscription.products.iter().map(SubscribedProduct::view).collect(),
            required_actions,
        }
    }

    /// A payment link with at least half its life left.
    fn fresh_link(&mut self, payment: Payment, now: Timestamp) -> String {
        let fresh_enough = seconds_after(now, LINK_MINUTES * 30);
        let existing =
            self.links.iter().find(|(_, link)| link.payment == payment && link.expires_at >= fresh_enough);
        if let Some((token, _)) = existing {
            return token.clone();
        }
        self.add_link(new_secret(), Link { payment, expires_at: seconds_after(now, LINK_MINUTES * 60) }, now)
    }

    pub(crate) fn subscription_mut(&mut self, customer: &str, id: &str) -> Option<&mut Subscription> {
        self.customers.get_mut(customer)?.subscriptions.iter_mut().find(|subscription| subscription.id == id)
    }
}

impl SubscribedProduct {
    fn view(&self) -> SubscriptionProduct {
        SubscriptionProduct {
            id: Some(self.id.clone()),
            code: Some(self.code.clone()),
            version: Some(types::VersionRef::Number(self.version)),
        }
    }
}

/// Amount and currency of a fixed price.
fn fixed_amount(price: &Price) -> Option<(Amount, String)> {
    let pricing = price.pricing.first()?;
    let total = pricing
        .values
        .iter()
        .filter_map(|row| row.unit_price?.checked_mul(row.quantity.unwrap_or(Amount::ONE)))
        .sum();
    Some((total, pricing.asset.clone()))
}

fn no_subscription(id: &str) -> Refusal {
    Refusal::missing(format!("The customer has no subscription {id}."))
}

/// When a grant without an end of its own lapses.
pub(crate) fn grant_end(wanted: Option<Timestamp>, start: Timestamp) -> Timestamp {
    wanted.unwrap_or_else(|| a_year_after(start))
}
