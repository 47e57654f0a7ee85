//! What a description of a sample app says: how it starts, how a person uses it over HTTP, and what that is to cost.
//!
//! Texts may name values in angle brackets: `<email>`, `<password>`, `<name>` of the person, `<port>`, `<provider>` and
//! `<home>` of the run, and whatever a call took from an answer. A person whose `<token>` was taken sends it as a bearer token;
//! cookies are kept and sent as a browser does.

/// A sample app with one set of answers.
pub(crate) struct App {
    /// What its tests are called.
    pub(crate) name: &'static str,
    /// Its folder below `fixtures/`.
    pub(crate) fixture: &'static str,
    /// The `credyt.toml` to integrate it with; empty for none, so that the defaults hold.
    pub(crate) answers: &'static str,
    /// The variables it is built and started with.
    pub(crate) env: &'static [(&'static str, &'static str)],
    /// Commands that make it ready after its dependencies are there, in order.
    pub(crate) build: &'static [&'static [&'static str]],
    /// Commands that make a new database.
    pub(crate) migrate: &'static [&'static [&'static str]],
    /// The server; it listens on `<port>`.
    pub(crate) start: &'static [&'static str],
    /// A path that answers once the server is up.
    pub(crate) ready: &'static str,
    /// How a new person signs up and is signed in afterwards.
    pub(crate) sign_up: &'static [Call],
    /// A call that takes `<user_id>`, the app's own id of the person, when the sign-up did not.
    pub(crate) who: Option<Call>,
    /// Ids are counted up, so the next one is known before a person has it.
    pub(crate) counts_ids: bool,
    /// What costs money.
    pub(crate) actions: &'static [Action],
    /// The route to the hosted portal, and how it answers.
    pub(crate) portal: (&'static str, Portal),
    /// The route of the balance.
    pub(crate) balance: &'static str,
    /// A page that shows the balance or leads to the portal, and what has to be on it.
    pub(crate) page: Option<(&'static str, &'static [&'static str])>,
    /// The plan with a monthly fee that new users are subscribed to; usage alone is billed without one.
    pub(crate) plan: Option<Plan>,
}

/// A plan that has to be paid before it is active.
pub(crate) struct Plan {
    /// What has to be paid, as the payment page says it.
    pub(crate) price: &'static str,
    /// The balance after that.
    pub(crate) included: u32,
    /// The route of the webhook.
    pub(crate) webhook: &'static str,
}

impl Plan {
    /// The monthly plan of the sandbox's catalogue, as `credyt.toml` names it.
    pub(crate) const MONTHLY: &'static str = "product = \"pro_monthly\"\nasset = \"CREDITS\"\n";

    /// That plan in an app whose webhook is at this path.
    pub(crate) const fn monthly(webhook: &'static str) -> Self {
        Self { price: "$20.00", included: 2000, webhook }
    }
}

/// How the portal's address is handed over.
#[derive(Clone, Copy)]
pub(crate) enum Portal {
    /// A redirect.
    Redirect,
    /// `{ "url": … }`.
    Json,
}

/// One request and what its answer is to be.
#[derive(Clone, Copy)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Body,
    /// The status when all is well.
    pub(crate) status: u16,
    /// Values to take from the answer.
    pub(crate) take: &'static [(&'static str, Take)],
}

#[derive(Clone, Copy)]
pub(crate) enum Body {
    None,
    Json(&'static str),
    Form(&'static [(&'static str, &'static str)]),
    /// A form that a page shows, sent with its hidden fields as a browser without scripts would.
    PageForm(&'static [(&'static str, &'static str)]),
}

/// Where a value is found in an answer.
#[derive(Clone, Copy)]
pub(crate) enum Take {
    /// At this JSON pointer.
    Json(&'static str),
    /// In the text, after this and until that.
    Between(&'static str, &'static str),
    /// In a cookie that is a JSON web token: this claim.
    Claim(&'static str, &'static str),
}

/// Something that costs money.
pub(crate) struct Action {
    pub(crate) name: &'static str,
    /// What a person has to do first; it may cost money too.
    pub(crate) before: &'static [Call],
    pub(crate) call: Call,
    pub(crate) streams: Streams,
    /// The event type.
    pub(crate) event: &'static str,
    /// The event's data, as JSON.
    pub(crate) data: &'static str,
    /// What is taken from the balance.
    pub(crate) fee: &'static str,
    /// The vendor and its cost.
    pub(crate) cost: Option<(&'static str, &'static str)>,
    /// How it is refused without a balance.
    pub(crate) refusal: Refusal,
}

/// Whether an action's answer is a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streams {
    No,
    /// Yes, and the provider is left when the reader leaves.
    Yes,
    /// Yes, and the app reads it to its end whether or not someone listens.
    ToItsEnd,
}

/// A refusal for want of a balance, in the app's own shape.
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// Pieces of the body.
    pub(crate) says: &'static [&'static str],
}
