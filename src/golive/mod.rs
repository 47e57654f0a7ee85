//! An integrated app in use, watched: five checks, ticked off as they are seen.
//!
//! ```text
//! Source (sandbox or account) -> Look ──┐
//! Proxy (in front of the app) -> 402  ──┴─> Watch (rules, pure) -> News
//! ```
//!
//! Nothing is sent to Credyt and nothing is typed for the user: they sign up, use the app, run dry and top up; the rules
//! decide what that proves. A check is *seen* when the thing itself was seen, and *inferred* when only its traces were: Credyt
//! keeps no list of portal sessions and cannot know what an app answered a browser.

mod proxy;
mod rules;
mod source;

use jiff::Timestamp;
use serde::Serialize;

pub use proxy::{Proxy, ProxyError, Refusal};
pub use rules::{Balances, Look, SeenCustomer, SeenEvent, SeenRequest, SeenTopUp, Watch};
pub use source::Source;

/// What has to work before an app goes live, in the order in which a new user meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Sign-up makes a customer with an external id.
    Customer,
    /// A paid action is charged.
    Usage,
    /// With an empty balance it is refused, and nothing is charged.
    Refusal,
    /// The portal opens and takes a top-up.
    TopUp,
    /// After the top-up the same action works.
    UsageAgain,
}

impl Check {
    /// All checks in order.
    pub const ALL: [Self; 5] = [Self::Customer, Self::Usage, Self::Refusal, Self::TopUp, Self::UsageAgain];

    /// What is shown when it holds.
    pub fn title(self) -> &'static str {
        match self {
            Self::Customer => "sign-up makes a customer",
            Self::Usage => "use is charged",
            Self::Refusal => "an empty balance is refused",
            Self::TopUp => "the portal takes a top-up",
            Self::UsageAgain => "use goes on after the top-up",
        }
    }

    /// What the user does to show it.
    pub fn task(self) -> &'static str {
        match self {
            Self::Customer => "sign up as a new user",
            Self::Usage => "use a paid feature while there is a balance",
            Self::Refusal => "use it with an empty balance",
            Self::TopUp => "open the billing portal from the app and top up",
            Self::UsageAgain => "use the feature again",
        }
    }
}

/// How sure a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The thing itself was seen.
    Seen,
    /// Its traces were seen; the detail says which.
    Inferred,
    /// The opposite was seen.
    Failed,
    /// Nothing was seen yet.
    Missing,
}

/// One check and what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Which check.
    pub check: Check,
    /// How sure it is.
    pub status: Status,
    /// When it was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What was seen.
    pub detail: String,
    /// What to change, when it failed or did not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

impl Outcome {
    /// Whether the check holds.
    pub fn holds(&self) -> bool {
        matches!(self.status, Status::Seen | Status::Inferred)
    }
}

/// Something to tell at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A check was decided, or decided otherwise than before.
    Decided(Outcome),
    /// Something went wrong that explains why a check does not come.
    Trouble(String),
}
