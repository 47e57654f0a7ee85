//! What the steps around paid calls share: the calls a step acts on, what the knowledge base says of each, and how the
//! payer is written at a place.

pub(in crate::steps) mod account;
pub mod carry;
pub mod code;
pub mod hand;
pub(in crate::steps) mod own_money;
pub mod reach;
pub mod record;
pub(in crate::steps) mod silent;
#[cfg(test)]
pub(in crate::steps) mod tests;

use crate::answers::{EventAnswers, Key};
use crate::catalog::{
    Handler, HttpCall, Makes, Output, Provider, ProviderCall, Role, TokenUsage, UsageField, outputs,
};
use crate::edit::Edit;
use crate::sites::billable::UNKNOWN;
use crate::sites::held_request;
use crate::sites::{Billable, Detail, HandlerRef, Identity, IdentitySource, PaidTo, Site, SiteKind};
use crate::steps::customer::product_if_new;
use crate::steps::support::Kit;
use crate::steps::{Area, Question};
use crate::syntax::source::Source;
use crate::syntax::{Call, CallId, Expr, Facts, place};
use crate::template::Lang;
use crate::workspace::FileId;

/// One paid call that a step may act on.
#[derive(Clone)]
pub struct Spend<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its details.
    pub billable: &'a Billable,
    /// The file.
    pub file: FileId,
    /// The provider's knowledge.
    pub provider: &'a Provider,
    /// The knowledge of who is paid, where the call takes any provider's model.
    pub maker: Option<&'a Provider>,
    /// What was said about it.
    pub answers: EventAnswers,
}

/// What the knowledge base says of a paid call, SDK call or raw request alike.
pub struct Rule<'a> {
    /// The SDK call; `None` for raw requests.
    pub call: Option<&'a ProviderCall>,
    /// The raw request; `None` for SDK calls.
    pub http: Option<&'a HttpCall>,
    /// What it makes.
    pub makes: Makes,
    /// Suggested event type.
    pub event: Option<&'a str>,
    /// Where the quantity is in the value.
    pub usage: &'a [UsageField],
    /// Where the value counts tokens.
    pub tokens: Option<&'a TokenUsage>,
}

impl<'a> Spend<'a> {
    /// The selected paid calls of the app, in file order.
    pub fn all(kit: &Kit<'a>) -> Vec<Self> {
        let mut all: Vec<Self> = kit.cx.sites.iter().filter_map(|site| Self::of(kit, site)).collect();
        all.sort_by_key(|s| (s.file, s.billable.plan.call));
        all
    }

    fn of(kit: &Kit<'a>, site: &'a Site) -> Option<Self> {
        if site.kind != SiteKind::Billable || !site.selected {
            return None;
        }
        let Detail::Billable(billable) = &site.detail else { return None };
        let spend = Self::any(kit, site)?;
        // Never two events for one spend, whatever was switched on by hand.
        let billed = |id: &String| kit.cx.sites.iter().any(|other| other.selected && other.id == *id);
        if billable.covered_by.as_ref().is_some_and(billed) {
            return None;
        }
        (spend.answers.skip != Some(true)).then_some(spend)
    }

    /// A paid call, whether a step may act on it or not.
    pub fn any(kit: &Kit<'a>, site: &'a Site) -> Option<Self> {
        let Detail::Billable(billable) = &site.detail else { return None };
        let (entry, _) = billable.plan.rule.split_once('#')?;
        let provider = kit.cx.catalog.get(entry)?.provider.as_ref()?;
        let maker = match &billable.plan.paid_to {
            PaidTo::Entry(id) => kit.cx.catalog.get(id).and_then(|entry| entry.provider.as_ref()),
            PaidTo::Provider | PaidTo::Unknown => None,
        };
        let answers = kit.cx.answers.event(key(site));
        let file = kit.cx.workspace.find(&site.file)?;
        Some(Self { site, billable, file, provider, maker, answers })
    }

    /// Whether nothing is known of the call but whose client it is made on.
    pub fn is_unknown(&self) -> bool {
        self.billable.plan.rule.split_once('#').is_some_and(|(_, name)| name.starts_with(UNKNOWN))
    }

    /// What the knowledge base says of the call.
    pub fn rule(&self) -> Rule<'a> {
        let name = self.billable.plan.rule.split_once('#').map_or("", |(_, name)| name);
        if let Some(path) = name.strip_prefix("http:") {
            let http = self.provider.http.iter().find(|h| h.path == path);
            return Rule {
                call: None,
                http,
                makes: http.map_or(Makes::Any, |h| h.makes),
                event: http.and_then(|h| h.event.as_deref()),
                usage: http.map_or(&[], |h| h.usage.as_slice()),
                tokens: http.and_then(|h| h.tokens.as_ref()),
            };
        }
        let call = self.provider.calls.iter().find(|c| c.path == name);
        Rule {
            call,
            http: None,
            makes: call.map_or(Makes::Any, |c| c.makes),
            event: call.and_then(|c| c.event.as_deref()),
            usage: call.map_or(&[], |c| c.usage.as_slice()),
            tokens: call.and_then(|c| c.tokens.as_ref()),
        }
    }

    /// The event type: as answered, else named after what the call makes.
    pub fn event_type(&self) -> String {
        let suggested =
            self.made().map(|m| m.event.as_str()).or(self.rule().event).unwrap_or("request_finished");
        self.answers.event_type.clone().unwrap_or_else(|| suggested.to_owned())
    }

    /// What the call makes where the provider runs any model: told by the words around it.
    pub fn made(&self) -> Option<&'static Output> {
        if self.rule().makes != Makes::Any {
            return None;
        }
        let symbol = self.site.symbol.as_deref().unwrap_or_default();
        let model = self.billable.plan.model.as_deref().unwrap_or_default();
        let words = format!("{} {symbol} {model}", self.site.file).to_ascii_lowercase();
        outputs().iter().find(|output| output.words.iter().any(|w| words.contains(w)))
    }

    /// The vendor's external id: as answered, else that of who is paid.
    pub fn vendor(&self) -> Option<String> {
        let known = match &self.billable.plan.paid_to {
            PaidTo::Provider => self.provider.vendor.as_ref(),
            PaidTo::Entry(_) => self.maker.and_then(|maker| maker.vendor.as_ref()),
            PaidTo::Unknown => None,
        };
        self.answers.vendor.clone().or_else(|| known.cloned())
    }

    /// Id of the entry whose prices hold.
    pub fn priced_by(&self) -> &str {
        let rule = self.billable.plan.rule.split_once('#').map_or("", |(entry, _)| entry);
        match &self.billable.plan.paid_to {
            PaidTo::Entry(id) => id,
            PaidTo::Provider | PaidTo::Unknown => rule,
        }
    }

    /// The call's id.
    pub fn call_id(&self, facts: &Facts) -> Option<CallId> {
        facts.call_ids().find(|id| facts.call(*id).span == self.billable.plan.call)
    }

    /// The call's facts.
    pub fn call<'f>(&self, facts: &'f Facts) -> Option<&'f Call> {
        facts.calls.iter().find(|c| c.span == self.billable.plan.call)
    }
}

/// The site's id as `credyt.toml` has it.
pub fn key(site: &Site) -> &str {
    site.id.strip_prefix("billable:").unwrap_or(&site.id)
}

/// The questions that one area asks about each paid call.
pub fn questions(kit: &Kit<'_>, area: Area) -> Vec<Question> {
    let mut questions: Vec<Question> =
        Spend::all(kit).iter().filter_map(|spend| question(spend, area)).collect();
    if area == Area::Gating && !questions.is_empty() {
        // The check is written with the asset, so it is known before.
        questions.insert(0, Question::asset());
    }
    // Both may be the first to write what makes customers.
    let product = matches!(area, Area::Events | Area::Gating).then(|| product_if_new(kit)).flatten();
    product.into_iter().chain(questions).collect()
}

fn question(spend: &Spend<'_>, area: Area) -> Option<Question> {
    let about = format!("`{}` at {}:{}", spend.billable.call, spend.site.file, spend.site.line);
    let key = |name| Key::event(key(spend.site), name);
    Some(match area {
        Area::Events => {
            let mut question = Question::text(
                key("event_type"),
                format!("Which event type does {about} send?"),
                spend.event_type(),
            );
            "a price of your product listens to this name; an event that nobody listens to is not charged"
                .clone_into(&mut question.help);
            question.of("Which event types do the paid calls send?", about)
        }
        Area::Gating => {
            let text = format!("How much must be there before {about}?");
            let mut question = Question::number(key("estimate"), text, rust_decimal::Decimal::new(1, 2));
            "a user with less is asked to top up".clone_into(&mut question.help);
            question.of("How much must be there before each paid call?", about)
        }
        _ => {
            let mut question =
                Question::text(key("vendor"), format!("Who is paid for {about}?"), spend.vendor()?);
            "the vendor's external id in Credyt".clone_into(&mut question.help);
            question.of("Who is paid for each paid call?", about)
        }
    })
}

/// The handler's shape in the catalog.
pub fn shape_of<'a>(kit: &Kit<'a>, handler: &HandlerRef) -> Option<&'a Handler> {
    let framework = kit.cx.catalog.get(&handler.framework)?.framework.as_ref()?;
    framework.handlers.iter().find(|h| h.name == handler.shape)
}

/// The name of a handler's parameter with a role.
pub fn role_name(kit: &Kit<'_>, handler: &HandlerRef, role: Role) -> Option<String> {
    let shape = shape_of(kit, handler)?;
    let facts = kit.cx.program.facts(handler.file);
    let function = facts.function(handler.function);
    let at = shape.params.iter().position(|r| *r == role);
    let named = at.and_then(|at| function.params.get(at)?.name()).map(str::to_owned);
    named.or_else(|| held_request(shape, function, role))
}

/// The user's id as text, at a place where the identity is in scope.
pub fn user_id(kit: &Kit<'_>, identity: &Identity) -> String {
    let id = &identity.id;
    if is_text(kit, identity) {
        return id.clone();
    }
    if kit.is_python() { format!("str({id})") } else { format!("String({id})") }
}

/// Whether the id is text for certain: the auth library says so, or the app's types do.
fn is_text(kit: &Kit<'_>, identity: &Identity) -> bool {
    if let IdentitySource::Parameter { text, .. } = &identity.source
        && kit.is_python()
    {
        return text.contains(": str") && !identity.id.contains('.');
    }
    if kit.is_python() {
        return false;
    }
    let of_library = kit.cx.catalog.get(&identity.auth).and_then(|e| e.auth.as_ref()).is_some_and(|a| {
        let called = a.identities.iter().any(|i| matches!(i.source, crate::catalog::IdentitySource::Call(_)));
        called && a.verifiers.is_empty()
    });
    let by_call = matches!(&identity.source, IdentitySource::Call { .. });
    let member = identity.id.rsplit('.').next().unwrap_or(&identity.id).trim_end_matches(['!', '?']);
    (of_library && by_call) || (kit.lang == Lang::TypeScript && kit.typed_as_string(member))
}

/// The user as the generated modules take it: id and, where known, e-mail and name.
pub fn billing_user(kit: &Kit<'_>, identity: &Identity) -> String {
    let id = user_id(kit, identity);
    let parts = [("email", &identity.email), ("name", &identity.name)];
    let known = parts.iter().filter_map(|(key, value)| value.as_ref().map(|v| (*key, v)));
    if kit.is_python() {
        let rest: String = known.map(|(key, value)| format!(", {key}={value}")).collect();
        format!("{}(id={id}{rest})", kit.told("BillingUser"))
    } else {
        let pair = |key: &str, value: &str| {
            if key == value { key.to_owned() } else { format!("{key}: {value}") }
        };
        let rest: String = known.map(|(key, value)| format!(", {}", pair(key, value))).collect();
        format!("{{ {}{rest} }}", pair("id", &id))
    }
}

/// Parses a file and hands it over.
///
/// # Errors
/// In words, those of the work, and where the file is no code that parses.
pub(in crate::steps) fn with_source<T>(
    kit: &Kit<'_>,
    file: FileId,
    work: impl FnOnce(&Source<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language.ok_or("the file is no code")?;
    let source = Source::parse(language, text.as_str()).ok_or("the file does not parse")?;
    work(&source)
}

/// What brings an identity into scope where its expression is not yet: one more name in the handler's parameter.
pub fn taking(kit: &Kit<'_>, identity: &Identity) -> Result<Option<(FileId, Vec<Edit>)>, String> {
    let IdentitySource::Handed { take: Some(take), .. } = &identity.source else { return Ok(None) };
    let why = "names the user who pays";
    let edits = with_source(kit, take.file, |source| {
        place::add_to_pattern(source, &kit.style_of(source), &take.pattern.range(), &take.name, why)
            .map_err(|refusal| refusal.to_string())
    })?;
    Ok(Some((take.file, edits.into_iter().map(Edit::shared).collect())))
}

/// The text of an option or argument of a call.
pub fn option_text<'s>(text: &'s str, call: &Call, path: &str) -> Option<&'s str> {
    match call.option_at(path)? {
        Expr::Path(path) => text.get(path.span.range()),
        _ => None,
    }
}
