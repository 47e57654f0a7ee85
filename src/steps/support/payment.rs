//! A plan with a recurring fee: what the customer module needs so that users can pay for it.
//!
//! Such a subscription is active only after a payment on a page of Credyt, which has to know where users come back to. The
//! module sends that address with the subscription when the user says that there is such a fee, or has the webhook that
//! hears of the payment. Other products need no address, so their module has none.

use crate::steps::Todo;
use crate::steps::support::Kit;
use crate::steps::support::env::{self, RETURN};
use crate::steps::support::env_files::{self, Paragraph};
use crate::template::Payment;

/// What of the wire format tells that the module sends the address.
const FIELD: &str = "failure_url";

/// Whether the customer module sends the address already.
pub fn is_there(kit: &Kit<'_>) -> bool {
    kit.module_file("customer").is_some_and(|file| kit.text(file).as_str().contains(FIELD))
}

/// The payment of a customer module that has it.
pub(super) fn context(kit: &Kit<'_>) -> Option<Payment> {
    is_there(kit).then(|| env::payment(kit))
}

/// The address that the customer module is to send.
pub struct ComingBack {
    /// For the customer module.
    pub payment: Payment,
    /// Whether the app has a setting for it.
    is_own: bool,
}

impl ComingBack {
    /// Looks for it in the app.
    pub fn find(kit: &Kit<'_>) -> Self {
        let payment = env::payment(kit);
        let is_own = payment.name != RETURN;
        Self { payment, is_own }
    }

    /// Settings to declare; they go into the unit of the customer module, which does not work without them.
    pub fn settings(&self) -> &'static [&'static str] {
        if self.is_own { &[] } else { &[RETURN] }
    }

    /// What env templates say of them.
    pub fn paragraphs(&self) -> &'static [&'static Paragraph] {
        if self.is_own { &[] } else { &[&env_files::COMING_BACK] }
    }

    /// What is left for a person.
    pub fn chore(&self) -> Todo {
        let name = &self.payment.name;
        Todo::chore(if self.is_own {
            format!("users come back to `{name}` after paying for their plan: set it where the app runs")
        } else {
            format!(
                "set `{name}` where the app runs: the address that users come back to after paying for their plan"
            )
        })
    }
}
