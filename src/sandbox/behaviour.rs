//! Switches for what the service leaves open, so that an integration can be tested against each answer.
//!
//! Set by flags at the start and by `POST /_sandbox/behaviour` at any time; the request names the switches to change.

use serde::{Deserialize, Serialize};

use crate::credyt::shape::{api_enum, api_object};

/// How the server behaves where the documents are silent or disagree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Behaviour {
    /// The status that refuses a second customer with the same external id: 422 or 409.
    pub duplicate_customer: DuplicateStatus,
    /// Whether a redirect's `Location` is a path or a whole address.
    pub location: LocationForm,
    /// How a look-up by external id or code answers.
    pub lookup: LookupForm,
    /// What an event with a cost of an unknown vendor gets.
    pub unknown_vendor: UnknownVendor,
    /// What an event gets whose id is there already.
    pub repeated_event: RepeatedEvent,
    /// The word for a subscription that waits for its payment.
    pub unpaid_word: UnpaidWord,
    /// Milliseconds between the 204 for an event and its effect on the balance.
    pub event_delay_ms: u32,
    /// Milliseconds that every API answer waits.
    pub response_delay_ms: u32,
    /// How many of the next API requests are answered 429.
    pub rate_limited: u32,
    /// The `Retry-After` of those, in seconds.
    pub retry_after: u32,
    /// How many of the next requests with events are answered 503 and forgotten.
    pub refused_events: u32,
    /// How many of the next requests with events take effect, but the connection closes before the answer.
    pub lost_events: u32,
    /// What every API request gets instead of an answer.
    pub outage: Outage,
    /// Milliseconds before a failed webhook delivery is repeated; doubled each time.
    pub webhook_retry_ms: u32,
}

api_object! {
    /// The switches to change.
    pub struct BehaviourPatch {
        pub duplicate_customer: Option<DuplicateStatus>,
        pub location: Option<LocationForm>,
        pub lookup: Option<LookupForm>,
        pub unknown_vendor: Option<UnknownVendor>,
        pub repeated_event: Option<RepeatedEvent>,
        pub unpaid_word: Option<UnpaidWord>,
        pub event_delay_ms: Option<u32>,
        pub response_delay_ms: Option<u32>,
        pub rate_limited: Option<u32>,
        pub retry_after: Option<u32>,
        pub refused_events: Option<u32>,
        pub lost_events: Option<u32>,
        pub outage: Option<Outage>,
        pub webhook_retry_ms: Option<u32>,
    }
}

api_enum! {
    /// The status of a duplicate.
    #[derive(clap::ValueEnum)]
    pub enum DuplicateStatus {
        /// A validation failure on `external_id`.
        #[value(name = "422")]
        Unprocessable = "422",
        /// A conflict.
        #[value(name = "409")]
        Conflict = "409",
    }

    /// The form of a `Location`.
    #[derive(clap::ValueEnum)]
    pub enum LocationForm {
        /// A path.
        Relative = "relative",
        /// A whole address.
        Absolute = "absolute",
    }

    /// The answer to a look-up that finds something.
    #[derive(clap::ValueEnum)]
    pub enum LookupForm {
        /// 303 to the object.
        Redirect = "redirect",
        /// 200 with a page of one.
        Page = "page",
        /// 200 with the object.
        Object = "object",
    }

    /// What happens to costs of a vendor nobody registered.
    #[derive(clap::ValueEnum)]
    pub enum UnknownVendor {
        /// 422 on the cost.
        Refuse = "refuse",
        /// Stored as sent.
        Accept = "accept",
    }

    /// What happens to an event that is sent again.
    #[derive(clap::ValueEnum)]
    pub enum RepeatedEvent {
        /// Answered like the first, without effect.
        Accept = "accept",
        /// A conflict.
        #[value(name = "409")]
        Conflict = "409",
        /// A validation failure on its `id`.
        #[value(name = "422")]
        Unprocessable = "422",
    }

    /// The word for an unpaid subscription.
    #[derive(clap::ValueEnum)]
    pub enum UnpaidWord {
        /// The SDK's word.
        #[value(name = "action_required")]
        ActionRequired = "action_required",
        /// The guides' word.
        Pending = "pending",
    }

    /// Ways of being down.
    #[derive(clap::ValueEnum)]
    pub enum Outage {
        /// Up.
        None = "none",
        /// 503 at once.
        Unavailable = "unavailable",
        /// 500 at once.
        Error = "error",
        /// No answer until the caller gives up (a minute at most).
        Hang = "hang",
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            duplicate_customer: DuplicateStatus::Unprocessable,
            location: LocationForm::Relative,
            lookup: LookupForm::Redirect,
            unknown_vendor: UnknownVendor::Refuse,
            repeated_event: RepeatedEvent::Accept,
            unpaid_word: UnpaidWord::ActionRequired,
            event_delay_ms: 0,
            response_delay_ms: 0,
            rate_limited: 0,
            retry_after: 1,
            refused_events: 0,
            lost_events: 0,
            outage: Outage::None,
            webhook_retry_ms: 1000,
        }
    }
}

impl Behaviour {
    /// Changes what the patch names.
    pub fn apply(&mut self, patch: &BehaviourPatch) {
        fn set<T: Copy>(target: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *target = value;
            }
        }
        set(&mut self.duplicate_customer, patch.duplicate_customer);
        set(&mut self.location, patch.location);
        set(&mut self.lookup, patch.lookup);
        set(&mut self.unknown_vendor, patch.unknown_vendor);
        set(&mut self.repeated_event, patch.repeated_event);
        set(&mut self.unpaid_word, patch.unpaid_word);
        set(&mut self.event_delay_ms, patch.event_delay_ms);
        set(&mut self.response_delay_ms, patch.response_delay_ms);
        set(&mut self.rate_limited, patch.rate_limited);
        set(&mut self.retry_after, patch.retry_after);
        set(&mut self.refused_events, patch.refused_events);
        set(&mut self.lost_events, patch.lost_events);
        set(&mut self.outage, patch.outage);
        set(&mut self.webhook_retry_ms, patch.webhook_retry_ms);
    }
}
