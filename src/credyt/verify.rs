//! The billing cycle, proven on one product: from a new customer to a balance that is lower by exactly the fees.
//!
//! In: a client and a product. Out: a [`Report`] with six steps, each passed, failed with what to change, or skipped because an
//! earlier one failed. The events are built from the product's own prices (volume field, dimensions), so a product that cannot be
//! charged for what it says shows it here. A test customer is left behind: the API has no way to delete one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::types::{
    AdjustmentReason, BillingType, CreateAdjustmentRequest, CreateCustomerRequest, CreateSubscriptionRequest,
    Customer, Event, EventData, Price, PriceRow, PriceType, Product, ProductVersion, SubscriptionProduct,
    UsageEvent, UsageRequest, VersionRef,
};
use super::{Amount, Client, ClientError};

/// How long the service may take to charge an event.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(300);
/// Where a payment page would send the customer.
const RETURN_URL: &str = "https://example.com/";

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// A customer subscribed to the product.
    Customer,
    /// The subscription can be used.
    Subscription,
    /// The wallet has the accounts of the product's assets.
    Balance,
    /// An adjustment arrives to the last decimal.
    Funding,
    /// The events are charged, at the subscribed version.
    Fees,
    /// The balance is lower by exactly the fees.
    Difference,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Self; 6] =
        [Self::Customer, Self::Subscription, Self::Balance, Self::Funding, Self::Fees, Self::Difference];

    /// What the step shows.
    pub fn title(self) -> &'static str {
        match self {
            Self::Customer => "customer created",
            Self::Subscription => "subscription usable",
            Self::Balance => "starting balance",
            Self::Funding => "funding arrives",
            Self::Fees => "usage is charged",
            Self::Difference => "balance is exact",
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Pass,
    /// Not as it should be.
    Fail,
    /// Not tried.
    Skipped,
}

/// One step of one product.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Which step.
    pub step: Step,
    /// How it ended.
    pub status: Status,
    /// What was seen.
    pub detail: String,
    /// What to change, when it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

/// What was found out about one product.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The product's code.
    pub product: String,
    /// The version that was tried.
    pub product_version: Option<u32>,
    /// The customer that was made.
    pub customer_id: Option<String>,
    /// The six steps.
    pub steps: Vec<Outcome>,
}

impl Report {
    /// Whether nothing failed.
    pub fn ok(&self) -> bool {
        self.steps.iter().all(|outcome| outcome.status != Status::Fail)
    }
}

/// Why the procedure ended early.
struct Stop {
    status: Status,
    detail: String,
    change: Option<String>,
}

impl Stop {
    fn fail(detail: impl Into<String>, change: impl Into<String>) -> Self {
        Self { status: Status::Fail, detail: detail.into(), change: Some(change.into()) }
    }

    fn skip(detail: impl Into<String>) -> Self {
        Self { status: Status::Skipped, detail: detail.into(), change: None }
    }

    fn refused(error: &ClientError, change: &str) -> Self {
        Self::fail(error.to_string(), change)
    }
}

/// Runs the six steps on a product.
pub async fn verify_product(client: &Client, product: &Product, wait_for_payment: Duration) -> Report {
    let mut cycle = Cycle {
        client,
        product,
        wait_for_payment,
        report: Report {
            product: product.code.clone(),
            product_version: None,
            customer_id: None,
            steps: Vec::new(),
        },
        customer: None,
        version: None,
        before: BTreeMap::new(),
        events: Vec::new(),
    };
    let mut stopped = false;
    for step in Step::ALL {
        let outcome = if stopped {
            Outcome { step, status: Status::Skipped, detail: "not tried".to_owned(), change: None }
        } else {
            match cycle.step(step).await {
                Ok(detail) => Outcome { step, status: Status::Pass, detail, change: None },
                Err(Stop { status, detail, change }) => {
                    stopped = true;
                    Outcome { step, status, detail, change }
                }
            }
        };
        cycle.report.steps.push(outcome);
    }
    cycle.report
}

/// What one step leaves for the next.
struct Cycle<'c> {
    client: &'c Client,
    product: &'c Product,
    wait_for_payment: Duration,
    report: Report,
    customer: Option<Customer>,
    version: Option<ProductVersion>,
    /// Balances before the events, by account id.
    before: BTreeMap<String, Amount>,
    events: Vec<Event>,
}

impl Cycle<'_> {
    async fn step(&mut self, step: Step) -> Result<String, Stop> {
        match step {
            Step::Customer => self.create_customer().await,
            Step::Subscription => self.check_subscription().await,
            Step::Balance => self.read_balances().await,
            Step::Funding => self.fund().await,
            Step::Fees => self.use_and_read_fees().await,
            Step::Difference => self.compare_balances().await,
        }
    }

    fn customer_id(&self) -> Result<String, Stop> {
        self.report.customer_id.clone().ok_or_else(|| Stop::skip("there is no customer"))
    }

    async fn create_customer(&mut self) -> Result<String, Stop> {
        let external_id = format!("verify-{}", uuid::Uuid::new_v4());
        let product = SubscriptionProduct { id: None, code: Some(self.product.code.clone()), version: None };
        let subscription = CreateSubscriptionRequest {
            starts_at: None,
            renews_at: None,
            products: vec![product],
            return_url: Some(RETURN_URL.to_owned()),
            failure_url: Some(RETURN_URL.to_owned()),
            redirect_to: None,
        };
        let request = CreateCustomerRequest {
            name: "Billing verification".to_owned(),
            external_id: Some(external_id.clone()),
            email: Some("verify@example.com".to_owned()),
            metadata: None,
            subscriptions: Some(vec![subscription]),
            external_accounts: None,
        };
        let made = self.client.create_customer(&request).await.map_err(|error| {
            Stop::refused(
                &error,
                "publish a version of the product, and check its code and the key's environment",
            )
        })?;
        self.report.customer_id = Some(made.id.clone());
        let found = self.client.find_customer(&external_id).await;
        let found =
            found.map_err(|error| Stop::refused(&error, "the customer was made but cannot be looked up"))?;
        match found {
            Some(customer) if customer.id == made.id => {
                self.customer = Some(customer);
                Ok(made.id)
            }
            _ => Err(Stop::fail(
                "the look-up by external_id does not find it",
                "report this to Credyt: the look-up is broken",
            )),
        }
    }

    async fn check_subscription(&mut self) -> Result<String, Stop> {
        let deadline = tokio::time::Instant::now() + self.wait_for_payment;
        let mut paid = false;
        loop {
            let customer = self.customer.take().ok_or_else(|| Stop::skip("there is no customer"))?;
            let Some(subscription) = customer.subscriptions.iter().flatten().next() else {
                let change = "check that the product has a default version";
                return Err(Stop::fail("the customer has no subscription", change));
            };
            if subscription.status == "active" {
                let held = subscription
                    .products
                    .iter()
                    .find(|held| held.code.as_deref() == Some(&self.product.code));
                let version = held.and_then(|held| held.version).unwrap_or(VersionRef::Default);
                let version = self.client.product_version(&self.product.id, version).await;
                let version = version
                    .map_err(|error| Stop::refused(&error, "the subscribed version cannot be read"))?;
                self.report.product_version = Some(version.version);
                let detail = format!("active, on version {}", version.version);
                self.version = Some(version);
                self.customer = Some(customer);
                return Ok(detail);
            }
            let mut actions = subscription.required_actions.iter().flatten();
            let payment =
                actions.find(|action| matches!(action.r#type.as_str(), "payment" | "payment_method"));
            let Some(payment) = payment else {
                let detail = format!("it is {} and there is no payment link", subscription.status);
                return Err(Stop::fail(detail, "a subscription that is not active must say what is missing"));
            };
            if !paid {
                paid = true;
                self.client.pay_in_sandbox(&payment.redirect_url).await;
            } else if tokio::time::Instant::now() >= deadline {
                return Err(Stop::skip(format!(
                    "{}; the payment link is there: {} (pay it with a test card while `--wait 300` waits)",
                    subscription.status, payment.redirect_url
                )));
            } else {
                tokio::time::sleep(PAUSE).await;
            }
            let again = self.client.customer(&customer.id).await;
            self.customer =
                Some(again.map_err(|error| Stop::refused(&error, "the customer cannot be read again"))?);
        }
    }

    async fn balances(&self) -> Result<BTreeMap<String, Amount>, Stop> {
        let wallet = self.client.wallet(&self.customer_id()?).await;
        let wallet = wallet.map_err(|error| Stop::refused(&error, "the wallet cannot be read"))?;
        Ok(wallet.accounts.into_iter().map(|account| (account.id, account.available)).collect())
    }

    /// The asset that usage of the product is charged in.
    fn asset(&self) -> Option<String> {
        let version = self.version.as_ref()?;
        version
            .prices
            .iter()
            .find(|price| is_usage(price))?
            .pricing
            .first()
            .map(|pricing| pricing.asset.clone())
    }

    async fn read_balances(&mut self) -> Result<String, Stop> {
        let balances = self.balances().await?;
        if let Some(asset) = self.asset()
            && !balances.keys().any(|id| id.eq_ignore_ascii_case(&format!("default:{asset}")))
        {
            let change =
                format!("the wallet should have default:{asset}; check the asset of the product's prices");
            return Err(Stop::fail(format!("there is no account in {asset}"), change));
        }
        let shown: Vec<String> = balances.iter().map(|(id, amount)| format!("{id} {amount}")).collect();
        Ok(if shown.is_empty() { "no accounts".to_owned() } else { shown.join(", ") })
    }

    async fn fund(&mut self) -> Result<String, Stop> {
        let Some(asset) = self.asset() else {
            return Err(Stop::skip("the product has no usage price to pay from a balance"));
        };
        let account = format!("default:{asset}");
        let before = find(&self.balances().await?, &account);
        // An amount with decimals, so that rounding would show.
        let amount: Amount = "12.34".parse().map_err(|error| Stop::skip(format!("{error}")))?;
        let request = CreateAdjustmentRequest {
            transaction_id: uuid::Uuid::new_v4().to_string(),
            account_name: None,
            asset: asset.clone(),
            amount,
            description: Some("Billing verification".to_owned()),
            reason: AdjustmentReason::Gift,
            effective_at: None,
            expires_at: None,
            metadata: None,
        };
        let made = self.client.adjust(&self.customer_id()?, &request).await;
        made.map_err(|error| Stop::refused(&error, "check that the asset exists"))?;
        let expected = before + amount;
        let after = self.settled(|balances| find(balances, &account) == expected).await?;
        let now = find(&after, &account);
        if now != expected {
            let change = format!("{account} should be {expected}; look at the customer's grants");
            return Err(Stop::fail(format!("{before} + {amount} became {now}"), change));
        }
        self.before = after;
        Ok(format!("{account} {before} → {now}"))
    }

    /// Balances once they are as wanted, or as they are when patience ends.
    async fn settled(
        &self,
        wanted: impl Fn(&BTreeMap<String, Amount>) -> bool,
    ) -> Result<BTreeMap<String, Amount>, Stop> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let balances = self.balances().await?;
            if wanted(&balances) || tokio::time::Instant::now() >= deadline {
                return Ok(balances);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn use_and_read_fees(&mut self) -> Result<String, Stop> {
        let version = self.version.as_ref().ok_or_else(|| Stop::skip("the version is not known"))?;
        let sent = realistic_events(version);
        let request = UsageRequest {
            customer_id: Some(self.customer_id()?),
            customer_external_id: None,
            events: sent.clone(),
        };
        let taken = self.client.send_usage(&request).await;
        taken.map_err(|error| {
            Stop::refused(&error, "an event made from the product's own prices was refused; check them")
        })?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut shown = Vec::new();
        for wanted in &sent {
            let event = loop {
                let event = self.client.event(&wanted.id).await;
                let event = event.map_err(|error| Stop::refused(&error, "the event cannot be read"))?;
                match event {
                    Some(event) if !event.fees.is_empty() => break event,
                    _ if tokio::time::Instant::now() >= deadline => {
                        let data = wanted.data.as_ref().map(|data| Value::Object(data.0.clone()).to_string());
                        let detail =
                            format!("{} {} was not charged", wanted.event_type, data.unwrap_or_default());
                        let change = "check event_type, volume_field and the dimension rows of the price";
                        return Err(Stop::fail(detail, change));
                    }
                    _ => tokio::time::sleep(PAUSE).await,
                }
            };
            if let Some(fee) = event.fees.iter().find(|fee| fee.product_version != version.version) {
                let detail = format!("{} was charged at version {}", event.event_type, fee.product_version);
                return Err(Stop::fail(
                    detail,
                    format!("the customer is on version {}; two products overlap?", version.version),
                ));
            }
            let fees: Vec<String> =
                event.fees.iter().map(|fee| format!("{} {}", fee.amount, fee.currency)).collect();
            shown.push(format!("{} {}", event.event_type, fees.join(" + ")));
            self.events.push(event);
        }
        Ok(format!("{}, version {}", shown.join("; "), version.version))
    }

    async fn compare_balances(&mut self) -> Result<String, Stop> {
        let mut expected = self.before.clone();
        for fee in self.events.iter().flat_map(|event| &event.fees) {
            let account = format!("default:{}", fee.currency);
            let known =
                expected.keys().find(|id| id.eq_ignore_ascii_case(&account)).cloned().unwrap_or(account);
            *expected.entry(known).or_default() -= fee.amount;
        }
        let after = self.settled(|balances| *balances == expected).await?;
        let mut shown = Vec::new();
        for (account, wanted) in &expected {
            let now = find(&after, account);
            let start = find(&self.before, account);
            if now != *wanted {
                let detail = format!("{account} went from {start} to {now}, not to {wanted}");
                return Err(Stop::fail(detail, "compare the event's fees with the customer's transactions"));
            }
            if now != start {
                shown.push(format!("{account} {start} → {now}"));
            }
        }
        Ok(if shown.is_empty() { "all fees are 0, and nothing moved".to_owned() } else { shown.join(", ") })
    }
}

fn find(balances: &BTreeMap<String, Amount>, account: &str) -> Amount {
    balances
        .iter()
        .find(|(id, _)| id.eq_ignore_ascii_case(account))
        .map_or(Amount::ZERO, |(_, amount)| *amount)
}

fn is_usage(price: &Price) -> bool {
    price.r#type == PriceType::UsageBased && price.billing_model.r#type == BillingType::RealTime
}

/// One event for every event type of a version, with the volumes and dimensions that its prices read.
pub fn realistic_events(version: &ProductVersion) -> Vec<UsageEvent> {
    let mut by_type = BTreeMap::<&str, Map<String, Value>>::new();
    for price in version.prices.iter().filter(|price| is_usage(price)) {
        let Some(usage) = &price.usage_calculation else { continue };
        let data = by_type.entry(&usage.event_type).or_default();
        if let Some(field) = &usage.volume_field {
            data.entry(field.clone()).or_insert_with(|| Value::from(volume_for(price)));
        }
        let row =
            price.pricing.iter().flat_map(|pricing| &pricing.values).find_map(|row| row.dimensions.as_ref());
        for (name, value) in row.into_iter().flatten() {
            let value = if value == "*" { "any" } else { value };
            data.entry(name.clone()).or_insert_with(|| Value::from(value));
        }
    }
    by_type
        .into_iter()
        .map(|(event_type, data)| UsageEvent {
            id: uuid::Uuid::new_v4().to_string(),
            event_type: event_type.to_owned(),
            occurred_at: Timestamp::now(),
            subject: Some("verification".to_owned()),
            description: Some("Billing verification".to_owned()),
            data: (!data.is_empty()).then_some(EventData(data)),
            costs: None,
        })
        .collect()
}

/// A volume as such an event has it: thousands where packages are large (tokens), a few otherwise (minutes).
fn volume_for(price: &Price) -> u32 {
    fn largest(rows: &[PriceRow]) -> Amount {
        let sizes = rows.iter().map(|row| {
            let inner = largest(row.values.as_deref().unwrap_or_default());
            inner.max(row.package_size.unwrap_or(Amount::ONE))
        });
        sizes.max().unwrap_or(Amount::ONE)
    }
    let package = price.pricing.iter().map(|pricing| largest(&pricing.values)).max().unwrap_or(Amount::ONE);
    if package >= Amount::from(1000) { 1840 } else { 3 }
}
