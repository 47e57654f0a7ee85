//! Every place of an app that matters for billing: where users come to exist, where money is spent, where the user
//! record is declared, where a balance belongs on the screen.
//!
//! A [`Site`] carries its score, its evidence and everything a step needs to act on it; the serialised form is the
//! contract of `sites --json`. A score below [`SELECT_FROM`] is shown and never preselected: a wrong edit costs the
//! user more than a missing one.

pub mod billable;
mod covered;
pub mod cx;
mod dispatch;
mod elsewhere;
pub mod env;
mod exempt;
pub mod explain;
mod find;
mod folded;
mod front;
pub mod guard;
pub mod handlers;
mod holds;
pub mod identity;
mod lookup;
mod makers;
mod mounted;
pub mod own_key;
pub mod owner;
pub mod payer;
pub mod runners;
pub mod schema;
pub mod signup;
pub mod ui;
pub mod webhook;

use crate::answers::Payer as Who;
pub use dispatch::{
    Hands, Producer, attempt, event_member, is_queued, is_started, producers, runs_in_context,
};
pub use explain::untrusted::is_asked_for;
pub use explain::{Explainer, Explanation, sent_ids};
pub use find::{find, look};
pub use front::{InFront, asked_before, in_front};
pub use identity::{another, are_providers, asserted, held_request, named_by, plain};
pub use lookup::{NotFound, lookup};
use serde::Serialize;
pub use ui::slots as ui_slots;

use crate::syntax::{FunctionId, Imported, Span};
use crate::workspace::FileId;

/// Score from which a site is selected by default.
pub const SELECT_FROM: f64 = 0.7;

/// What a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SiteKind {
    /// A user record comes to exist.
    Signup,
    /// A call spends money.
    Billable,
    /// The user record is declared.
    Schema,
    /// A place on the screen for the balance and the billing link.
    UiSlot,
    /// A webhook handler whose style another one should follow.
    Webhook,
    /// A secret is declared.
    Env,
}

impl SiteKind {
    /// The name in ids and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signup => "signup",
            Self::Billable => "billable",
            Self::Schema => "schema",
            Self::UiSlot => "ui_slot",
            Self::Webhook => "webhook",
            Self::Env => "env",
        }
    }
}

/// One place.
#[derive(Debug, Clone, Serialize)]
pub struct Site {
    /// `kind:file#symbol:n`, stable under edits elsewhere in the file.
    pub id: String,
    /// What it is.
    pub kind: SiteKind,
    /// Root of the app it belongs to.
    pub app: String,
    /// File, relative to the repository's root.
    pub file: String,
    /// 1-based first line of the statement acted on.
    pub line: usize,
    /// 1-based last line.
    pub end_line: usize,
    /// The function, model or element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// 0 to 1.
    pub score: f64,
    /// What `--yes` acts on.
    pub selected: bool,
    /// What there is to know about this kind of place.
    pub detail: Detail,
    /// Why, in words with lines.
    pub evidence: Vec<String>,
    /// Bytes of the statement acted on.
    #[serde(skip)]
    pub span: Span,
}

/// One reason for a score, with its share of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScorePart {
    /// Added to the score; less than nothing when it speaks against the place.
    pub points: f64,
    /// In a few words.
    pub why: &'static str,
}

impl ScorePart {
    /// What the parts come to, in hundredths.
    pub fn sum(parts: &[Self]) -> f64 {
        let sum: f64 = parts.iter().map(|part| part.points).sum();
        (sum * 100.0).round() / 100.0
    }

    /// Takes away what is above a limit.
    fn lower(parts: &mut Vec<Self>, limit: f64, why: &'static str) {
        let sum = Self::sum(parts);
        if sum > limit {
            parts.push(Self { points: limit - sum, why });
        }
    }
}

/// What there is to know about a place, by kind.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// See [`Billable`].
    Billable(Box<Billable>),
    /// See [`Signup`].
    Signup(Box<Signup>),
    /// See [`Schema`].
    Schema(Schema),
    /// See [`UiSlot`].
    UiSlot(UiSlot),
    /// See [`Webhook`].
    Webhook(Webhook),
    /// See [`EnvSite`].
    Env(EnvSite),
}

/// A call that spends money.
#[derive(Debug, Clone, Serialize)]
pub struct Billable {
    /// Entry of `codemods/providers/`, or `fetch:<host>` for raw HTTP.
    pub provider: String,
    /// The callee as written.
    pub call: String,
    /// The result arrives in pieces.
    pub streaming: bool,
    /// Where usage can be read in the result, `None` when nowhere.
    pub usage: Option<String>,
    /// Natural billing unit: `image`, `request`, `total_tokens`, …
    pub unit: String,
    /// The request handler through which a user reaches it.
    pub entry: Option<EntryRef>,
    /// The expression that names the signed-in user, who pays unless `payer` says otherwise.
    pub identity: IdentityRef,
    /// Who pays in the user's place: the organisation, with the expression that names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<PayerRef>,
    /// Id of the site that is billed for the same spend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_by: Option<String>,
    /// What a step needs beyond the report.
    #[serde(skip)]
    pub plan: BillablePlan,
}

/// Facts of a paid call for the steps that edit around it.
#[derive(Debug, Clone, Default)]
pub struct BillablePlan {
    /// Bytes of the call, `await` not included.
    pub call: Span,
    /// Function the call stands in.
    pub function: Option<FunctionId>,
    /// Id of the provider entry's call rule.
    pub rule: String,
    /// The statement in the entry through which the spend is reached (the call's own when both are one function).
    pub reached_by: Span,
    /// Hops from entry to call, for `explain`.
    pub chain: Vec<Hop>,
    /// The handler, when found.
    pub handler: Option<HandlerRef>,
    /// How the payer is known, when it is: at the call, or else in the handler.
    pub identity: Option<Identity>,
    /// Where that is.
    pub at: IdentityAt,
    /// Why nobody is named who pays, where that is not for want of a user.
    pub missing: Option<String>,
    /// How the payer is known in the handler.
    pub entry_identity: Option<Identity>,
    /// The model name's expression text at the call, when there is one.
    pub model: Option<String>,
    /// Who is paid.
    pub paid_to: PaidTo,
    /// Under which condition the user's own key pays instead.
    pub own_key: Option<own_key::OwnKey>,
    /// What the score is made of.
    pub score: Vec<ScorePart>,
    /// Whose money it is.
    pub money: Money,
}

/// Whose money a call spends, as far as the code around its client says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Money {
    /// The app's own.
    #[default]
    Ours,
    /// Nobody's, or too little to be worth an event, with the reason.
    None(String),
    /// The user's where there is a key of theirs, else the app's.
    Shared(String),
    /// The app's own where the client is the provider's; where it is what the code may choose instead, that spends by itself.
    Chosen(String),
}

/// Who is paid for a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PaidTo {
    /// The provider whose call it is, where one alone is paid for its calls.
    #[default]
    Provider,
    /// The provider of this entry: it made the model that the call is given, or it answers at the client's address.
    Entry(String),
    /// Whoever answers at an address that is nobody's that is known.
    Unknown,
}

/// One hop of the way from an entry to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// File, relative to the root.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The function there.
    pub symbol: String,
}

/// The handler a spend is reached through, with what edits need.
#[derive(Debug, Clone)]
pub struct HandlerRef {
    /// The file.
    pub file: FileId,
    /// The function.
    pub function: FunctionId,
    /// Framework entry that recognised it.
    pub framework: String,
    /// Id of the handler shape in that entry.
    pub shape: String,
}

impl HandlerRef {
    /// The handler of a way in.
    pub fn of(reached: &handlers::Reached<'_>) -> Self {
        Self {
            file: reached.file,
            function: reached.function,
            framework: reached.found.framework.id.clone(),
            shape: reached.found.handler.name.clone(),
        }
    }
}

/// The report's view of an entry.
#[derive(Debug, Clone, Serialize)]
pub struct EntryRef {
    /// File, relative to the root.
    pub file: String,
    /// 1-based line at which the handler starts.
    pub line: usize,
    /// Its name.
    pub symbol: String,
}

/// Where the payer's expression is in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityAt {
    /// At the call.
    Call,
    /// In the request handler only.
    Entry,
    /// Nowhere.
    #[default]
    None,
}

/// The report's view of a payer who is not the user.
#[derive(Debug, Clone, Serialize)]
pub struct PayerRef {
    /// Who it is.
    pub who: Who,
    /// The expression.
    pub expr: Option<String>,
    /// Where it is in scope.
    pub at: IdentityAt,
}

/// The report's view of an identity.
#[derive(Debug, Clone, Serialize)]
pub struct IdentityRef {
    /// The expression.
    pub expr: Option<String>,
    /// Where it is in scope.
    pub at: IdentityAt,
}

/// How the signed-in user (or payer) is known in a handler.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// Expression of the id in scope: `session.user.id`.
    pub id: String,
    /// Expression of the email, when known to exist.
    pub email: Option<String>,
    /// Expression of the name, when known to exist.
    pub name: Option<String>,
    /// Auth entry it was learnt from.
    pub auth: String,
    /// The id may be missing until this offset (end of the guard, or of the binding when nothing guards it).
    pub ready_at: u32,
    /// Nothing rules out that there is no user there.
    pub nullable: bool,
    /// How a new handler gets the same identity.
    pub source: IdentitySource,
    /// Why it can be trusted, in words with lines.
    pub evidence: Vec<String>,
}

/// How a handler comes by the signed-in user.
#[derive(Debug, Clone, PartialEq)]
pub enum IdentitySource {
    /// `const session = await auth()`.
    Call {
        /// The call as written, `await` included.
        text: String,
        /// The name (or pattern) it is bound to.
        binding: String,
        /// The statement that binds it.
        statement: Span,
    },
    /// A parameter the framework fills: `current_user: User = Depends(get_current_user)`.
    Parameter {
        /// The parameter as written.
        text: String,
        /// Names in it that need imports, with where they come from as written.
        imports: Vec<(String, String)>,
    },
    /// A property of the request that a middleware sets: `req.user`.
    RequestProperty {
        /// The middleware's local name, when the route names one.
        guard: Option<String>,
        /// Where the middleware comes from, as written.
        from: Option<String>,
        /// What of that is imported: the middleware, or the module it is a member of.
        imported: Option<Imported>,
        /// The file it is defined in.
        defined_in: Option<FileId>,
        /// It turns away who is not signed in; if not, the property may be missing behind it.
        sure: bool,
        /// Whoever is signed in is there: the middleware was seen, or the app sets the property for every request.
        filled: bool,
    },
    /// What a wrapper of the app hands over: `request.auth.userId` below `withUser(…)`.
    Handed {
        /// The user as the wrapper itself finds them, where that is one call, and the file in which it does.
        origin: Option<Box<(FileId, Identity)>>,
        /// What the handler's parameter has to take before the expression is in scope.
        take: Option<Take>,
    },
    /// The owner of a record that the app loaded: `bot.ownerId`.
    Record,
    /// What a handler holds, followed back to what vouches for it: `c.get("userId")`.
    Followed,
    /// A name imported from a library: `flask_login.current_user`.
    Import {
        /// The name.
        name: String,
        /// The module.
        module: String,
    },
}

/// A name that a pattern of a parameter does not take yet: `userId` of `({ ctx: { team } })`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// The file.
    pub file: FileId,
    /// The pattern, brackets included.
    pub pattern: Span,
    /// The name.
    pub name: String,
}

/// How a user record comes to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignupHow {
    /// A request handler.
    Handler,
    /// The callback of an outside identity provider.
    OauthCallback,
    /// A hook of the auth library.
    AuthEventHook,
    /// A webhook of a hosted auth provider.
    Webhook,
    /// A signal of the ORM.
    OrmSignal,
    /// A function of the app's own that handlers call.
    Service,
    /// On the first signed-in request.
    FirstLoginUpsert,
}

/// A place where a user record comes to exist.
#[derive(Debug, Clone, Serialize)]
pub struct Signup {
    /// How.
    pub how: SignupHow,
    /// Expression of the new user's id right after the statement; `None` when nothing in scope names it.
    pub user_id: Option<String>,
    /// Expression of the email.
    pub user_email: Option<String>,
    /// Who comes to exist there in place of a user: the organisation that pays, with `user_id` for its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<Who>,
    /// What a step needs beyond the report.
    #[serde(skip)]
    pub plan: SignupPlan,
}

/// Facts of a sign-up for the customer step.
#[derive(Debug, Clone, Default)]
pub struct SignupPlan {
    /// The statement after which the customer is made.
    pub statement: Span,
    /// The call that makes the record.
    pub call: Span,
    /// Function it stands in.
    pub function: Option<FunctionId>,
    /// Expression of the display name.
    pub name: Option<String>,
    /// The result must be bound to this fresh name first.
    pub bind: Option<String>,
    /// ORM or auth entry that recognised it.
    pub entry: String,
    /// The customer is made inside of a hook instead of after the statement.
    pub hook: Option<Hook>,
    /// What the score is made of; empty where one look at the place decides.
    pub score: Vec<ScorePart>,
    /// Guests come to exist here: their customer is made when they first spend, and nothing is written.
    pub later: bool,
    /// The member of the call's answer that says what went wrong, where it throws nothing.
    pub failed_by: Option<String>,
    /// The call may make no record although nothing went wrong.
    pub may_skip: bool,
}

/// A function that is called with every new user.
#[derive(Debug, Clone, PartialEq)]
pub enum Hook {
    /// It is there: the customer is made at the start of this body, brackets included if it has them.
    Body(Span),
    /// It can be written: these keys, the first outermost, are added to the object literal or the class body.
    Missing {
        /// The object literal, brackets included, or the class body.
        object: Span,
        /// The keys that are not there yet; the last one is the function's.
        path: Vec<String>,
        /// The function's parameters as written.
        params: String,
    },
}

/// The declaration of the user (or payer) record.
#[derive(Debug, Clone, Serialize)]
pub struct Schema {
    /// Entry of `codemods/orm/`.
    pub orm: String,
    /// The model.
    pub model: String,
    /// The migrations folder, `None` when there is none.
    pub migrations: Option<String>,
}

/// A place on the screen.
#[derive(Debug, Clone, Serialize)]
pub struct UiSlot {
    /// `header`, `navbar`, `sidebar`, `user-menu`, `settings-page` or `account-page`.
    pub what: String,
    /// The element runs in the browser, so it cannot read a balance itself.
    #[serde(skip)]
    pub client: bool,
}

/// An existing webhook handler.
#[derive(Debug, Clone, Serialize)]
pub struct Webhook {
    /// Whose webhook: `stripe`, `clerk`, …
    pub sender: Option<String>,
}

/// A place where a secret is declared.
#[derive(Debug, Clone, Serialize)]
pub struct EnvSite {
    /// Entry of `codemods/env/`, or `template` for `.env.example` and its like.
    pub style: String,
}

#[cfg(test)]
mod tests;
