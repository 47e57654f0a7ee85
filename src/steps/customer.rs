//! A Credyt customer for each user: made right after the user's record is, and never in the way of the sign-up.
//!
//! ```text
//! const user = await prisma.user.create({ … });
//! await registerCustomer({ id: user.id, email: user.email });        // added
//! ```
//!
//! The call never throws. A user without a customer (billing was down, or the user is older than the integration) gets
//! one on first need, so places without an id in scope, and hosted sign-up, need nothing.

mod settled;

use std::ops::Range;

use settled::Failure;

use crate::answers::Key;
use crate::catalog::{self, Entry, Kind};
use crate::edit::{Edit, EditUnit};
use crate::sites::signup::{guest_flag, linked, user_key};
use crate::sites::{
    Detail, Hook, Identity, IdentitySource, SELECT_FROM, Signup, Site, SiteKind, are_providers, named_by,
};
use crate::steps::key::{declare, push};
use crate::steps::support::expired::expired;
use crate::steps::support::names::{Wanted, bring};
use crate::steps::support::payment::{self, ComingBack};
use crate::steps::support::{Kit, env_files, generated, store, user};
use crate::steps::{Area, Halt, Question, Status, Step, StepContext, StepPlan, Todo};
use crate::syntax::place::{self, Refusal, WithResult};
use crate::syntax::source::Source;
use crate::syntax::{FunctionId, Span};
use crate::template::Flavour;
use crate::workspace::FileId;

const WHY: &str = "a new user becomes a customer";

/// See the module.
#[derive(Debug)]
pub(super) struct CustomerStep;

impl Step for CustomerStep {
    fn area(&self) -> Area {
        Area::Customer
    }

    fn questions(&self, cx: &StepContext<'_>) -> Vec<Question> {
        let product = product();
        let recurring = Question::confirm(
            Key::top("recurring_fee"),
            "Does this product have a recurring fee, such as a monthly price?",
            crate::sandbox::has_recurring_fee(cx.answers.product()),
        )
        .help("It is paid on a page of Credyt before the subscription is active; the app says where users come back to.");
        let stored = Kit::new(cx).ok().filter(Kit::knows_users).and_then(|kit| store::question(&kit));
        [product, recurring].into_iter().chain(stored).collect()
    }

    fn plan(&self, cx: &StepContext<'_>) -> StepPlan {
        match Kit::new(cx) {
            Ok(kit) if !kit.knows_users() => StepPlan::not_applicable(super::support::NO_USERS),
            Ok(kit) => plan(&kit).unwrap_or_else(StepPlan::from),
            Err(unfit) => StepPlan::not_applicable(unfit.to_string()),
        }
    }
}

fn product() -> Question {
    Question::text(Key::top("product"), "Which product are new customers subscribed to?", "default_plan")
        .help("The product's code in Credyt; the sandbox has `default_plan`.")
}

/// What a later step has to ask when it is the one that brings the module.
pub(super) fn product_if_new(kit: &Kit<'_>) -> Option<Question> {
    (!kit.done.customer).then(product)
}

fn plan(kit: &Kit<'_>) -> Result<StepPlan, Halt> {
    let mut plan = StepPlan::new(Status::Planned);
    let (noun, shared) = (kit.noun(), kit.paying().is_shared());
    let kept = kept(kit, &mut plan);
    let coming_back = kit.cx.answers.recurring_fee().then(|| ComingBack::find(kit));
    let generated = generated::plan_with(kit, Area::Customer, |context, after| {
        if after && let Some(kept) = &kept {
            context.store = Some(kept.store.clone());
        }
        if after && let Some(coming_back) = &coming_back {
            context.payment = Some(coming_back.payment.clone());
        }
    })?;
    let mut module = generated;
    // A column and an address come with the module, whoever calls it first.
    let stands = kept.is_some() || coming_back.is_some();
    if stands {
        module = module.standing();
    }
    let mut templates = EditUnit::new("The address in the env template", "people who set the app up see it");
    if let Some(coming_back) = &coming_back {
        if !payment::is_there(kit) {
            plan.todo.push(coming_back.chore());
        }
        declare(kit, &mut module, &mut plan, coming_back.settings());
        env_files::add_to_templates(kit, &mut templates, coming_back.paragraphs());
    }
    if let Some(kept) = kept {
        // The module does not work without the column, nor the column without the module.
        if !kept.unit.is_empty() {
            plan.sites.push(kept.site);
            plan.notes.extend(kept.notes);
        }
        module = module.with(kept.unit);
        plan.todo.extend(kept.todo);
    }
    push(&mut plan, module);
    let modules = plan.changes.paths();
    push(&mut plan, templates);
    let mut called = stands || kit.done.customer || !calls(kit).is_empty();
    let signups: Vec<(&Site, &Signup)> = kit
        .cx
        .sites
        .iter()
        .filter(|s| s.kind == SiteKind::Signup && s.selected)
        .filter_map(|s| match &s.detail {
            Detail::Signup(signup) => Some((s, signup.as_ref())),
            _ => None,
        })
        .collect();
    for (site, signup) in uncovered(kit, &signups) {
        if let Some(library) = known_by(kit, site, signup) {
            plan.notes.push(format!(
                "At {}:{} a record with an id of its own is made, and whoever pays is known by the id of {library}: the customer is made under that one on first need.",
                site.file, site.line
            ));
            continue;
        }
        if let Some(member) = known_as(kit, signup) {
            plan.notes.push(format!(
                "At {}:{} a record is made, and the app's tokens name users by another of its members (`{member}`): the customer is made under that one on first need.",
                site.file, site.line
            ));
            continue;
        }
        match unit(kit, site, signup) {
            Ok(Some(unit)) => {
                plan.sites.push(site.id.clone());
                push(&mut plan, unit);
                called = true;
                plan.todo.extend(coming_back.as_ref().map(|_| pay_first(kit, site)));
            }
            Ok(None) if signup.plan.later => plan.notes.push(format!(
                "At {}:{} guests are made; the customer of a guest is made when that guest first spends.",
                site.file, site.line
            )),
            Ok(None) => plan.notes.push(format!(
                "At {}:{} nothing names the new {noun}'s id; the customer is made when that {noun} first needs one.",
                site.file, site.line
            )),
            Err(why) => plan.todo.push(Todo::left(
                kit.cx.asked_for,
                format!("call `{}` for the new {noun} here: {why}", kit.function("registerCustomer")),
                site.file.as_str(),
                site.line,
            )),
        }
    }
    plan.todo.extend(linked(kit.graph()).iter().map(|place| {
        let when = if place.written { "users are merged" } else { "guests who sign up get a new id" };
        let text = format!(
            "{when} in `{}`: the balance stays with the customer of the id that is given up; move it there, or tell these users to use it up first",
            place.name
        );
        Todo::chore(text).at(kit.path(place.file), place.line)
    }));
    if !called {
        return Ok(uncalled(kit, plan, noun));
    }
    plan.changes.rest_on(&modules);
    if plan.changes.is_empty() && plan.todo.iter().all(|t| !t.unmet) {
        plan.status = Status::Already;
        plan.notes.clear();
        return Ok(plan);
    }
    if signups.is_empty() {
        plan.notes.push(match unticked(kit) {
            Some(site) => format!("{site}; each {noun} gets a customer on first need."),
            None => {
                format!("No line that makes {noun}s was recognised, so each gets a customer on first need.")
            }
        });
    } else if shared {
        plan.notes.push(format!("A {noun} that is there already gets its customer on first need."));
    } else {
        plan.notes.push("Users who signed up before get their customer on first need.".to_owned());
    }
    plan.next = if shared {
        format!("Make a new {noun} and look at the customers in Credyt (or at the sandbox's page).")
    } else {
        String::from("Sign up as a new user and look at the customers in Credyt (or at the sandbox's page).")
    };
    Ok(plan)
}

/// The sign-in library by whose ids everybody who pays is known, where a sign-up makes a record with an id of its own: a
/// customer under that id would be another one.
fn known_by<'a>(kit: &Kit<'a>, site: &Site, signup: &Signup) -> Option<&'a str> {
    if signup.plan.hook.is_some() || kit.cx.catalog.get(&signup.plan.entry)?.kind != Kind::Orm {
        return None;
    }
    let payers = kit.cx.sites.iter().filter_map(|site| match &site.detail {
        Detail::Billable(billable) => billable.plan.identity.as_ref(),
        _ => None,
    });
    let libraries: Vec<Option<&'a Entry>> = payers.map(|identity| library_of(kit, identity)).collect();
    let first = *libraries.first()?;
    let same = libraries.iter().all(|library| library.map(|e| &e.id) == first.map(|e| &e.id));
    let sets_key = || {
        let facts = kit.cx.program.facts(kit.cx.workspace.find(&site.file)?);
        let call = facts.calls.iter().find(|call| call.span == signup.plan.call)?;
        let key = user_key(kit.graph())?;
        Some(["", "data.", "create."].iter().any(|above| call.option_at(&format!("{above}{key}")).is_some()))
    };
    first.filter(|_| same && sets_key() != Some(true)).map(|entry| entry.title.as_str())
}

/// The member of a record by which the app's own tokens name whoever pays, where a sign-up would name them by another.
fn known_as(kit: &Kit<'_>, signup: &Signup) -> Option<String> {
    let id = signup.user_id.as_deref()?;
    let own = id.rsplit_once('.').map_or(id, |(_, member)| member).trim_end_matches(['!', '?']);
    let payers = kit.cx.sites.iter().filter_map(|site| match &site.detail {
        Detail::Billable(billable) => billable.plan.identity.as_ref(),
        _ => None,
    });
    let mut named = payers.filter_map(|payer| named_by(kit.graph(), payer));
    let is_key = |member: &str| ["id", "_id", "pk"].contains(&member);
    named.find(|member| member != own && !(is_key(member) && is_key(own)))
}

/// The library that keeps the users outside of the app, where an id is the one that it gives them itself.
fn library_of<'a>(kit: &Kit<'a>, identity: &Identity) -> Option<&'a Entry> {
    let entry = kit.cx.catalog.get(&identity.auth)?;
    let auth = entry.auth.as_ref()?;
    if are_providers(kit.graph(), entry) {
        return Some(entry);
    }
    if !auth.hosted {
        return None;
    }
    let IdentitySource::Call { text, .. } = &identity.source else {
        // What a guard puts on the request may be the app's own row; that has no `uid`.
        let member = identity.id.rsplit('.').next().unwrap_or_default().trim_end_matches(['!', '?']);
        let of_library = |user: &catalog::UserFields| user.id.iter().any(|id| id == member && id != "id");
        return auth.verifiers.iter().any(|verifier| of_library(&verifier.user)).then_some(entry);
    };
    let called = |source: &catalog::Identity| match &source.source {
        catalog::IdentitySource::Call(callee) => {
            text.contains(&format!("{}(", callee.made.as_deref().unwrap_or(&callee.name)))
        }
        _ => false,
    };
    auth.identities.iter().any(called).then_some(entry)
}

/// Nothing would call the module yet: the steps whose lines do bring it with them.
fn uncalled(kit: &Kit<'_>, plan: StepPlan, noun: &str) -> StepPlan {
    let why = match unticked(kit) {
        Some(site) => format!(
            "{site}; each {noun} becomes a customer on first need, and the module comes with the first step that uses it"
        ),
        None => format!(
            "no sign-up was recognised that could make the customer, so each {noun} becomes one on first need; the module comes with the first step that uses it"
        ),
    };
    let (notes, todo) = (plan.notes, plan.todo);
    StepPlan { notes, todo, ..StepPlan::not_applicable(why) }
}

/// The sign-up that was found and is not ticked, with the reason.
fn unticked(kit: &Kit<'_>) -> Option<String> {
    let signups = kit.cx.sites.iter().filter(|site| site.kind == SiteKind::Signup && !site.selected);
    let site = signups.max_by(|a, b| a.score.total_cmp(&b.score))?;
    let place = format!("the sign-up at {}:{}", site.file, site.line);
    let why = site.evidence.last().filter(|_| site.score < SELECT_FROM);
    Some(why.map_or_else(|| format!("{place} was left out"), |why| format!("{place} is not ticked ({why})")))
}

/// A new user has a plan to pay for, and only the app knows whether at once.
fn pay_first(kit: &Kit<'_>, site: &Site) -> Todo {
    Todo::chore(format!(
        "send the new user to the `{}` that `{}` returns here, if the plan is to be paid right away; the way to the portal leads there, too",
        if kit.is_python() { "payment_url" } else { "paymentUrl" },
        kit.function("registerCustomer")
    ))
    .at(site.file.as_str(), site.line)
}

/// What keeps the customer id beside the user, when the user wants that.
fn kept(kit: &Kit<'_>, plan: &mut StepPlan) -> Option<store::Kept> {
    if kit.cx.answers.store_customer_id() != Some(true) {
        return None;
    }
    match store::plan(kit) {
        Ok(kept) => Some(kept),
        Err(todo) => {
            plan.todo.push(todo);
            None
        }
    }
}

/// The sites whose user becomes no customer yet. A call in the site's function counts; one that stands elsewhere (it was
/// moved by hand) counts for one site.
fn uncovered<'s>(kit: &Kit<'_>, sites: &[(&'s Site, &'s Signup)]) -> Vec<(&'s Site, &'s Signup)> {
    let mut elsewhere = 0;
    let mut open: Vec<(&Site, &Signup)> = sites.to_vec();
    for (file, function, span) in calls(kit) {
        let path = kit.path(file);
        let facts = kit.cx.program.facts(file);
        let inside = |site: &Site, signup: &Signup| {
            site.file == path
                && match (&signup.plan.hook, signup.plan.function) {
                    (Some(Hook::Body(body)), _) => body.contains(span),
                    (_, Some(own)) => facts.enclosing(function).any(|f| f == own),
                    (_, None) => function.is_none(),
                }
        };
        let before = open.len();
        let mut matched = false;
        open.retain(|(site, signup)| {
            let hit = inside(site, signup);
            matched |= hit;
            !hit
        });
        if open.len() == before && !sites.iter().any(|(site, signup)| inside(site, signup)) {
            elsewhere += 1;
        }
    }
    open.into_iter().skip(elsewhere).collect()
}

/// Calls that make customers, outside of the generated modules.
fn calls(kit: &Kit<'_>) -> Vec<(FileId, Option<FunctionId>, Span)> {
    let names = [kit.function("registerCustomer"), kit.function("ensureCustomer")];
    let mut found = Vec::new();
    for file in kit.files.iter().filter(|f| !kit.is_generated(**f)) {
        let text = kit.text(*file);
        if !names.iter().any(|n| text.as_str().contains(n.as_str())) {
            continue;
        }
        for call in &kit.cx.program.facts(*file).calls {
            let named = call.callee.last().is_some_and(|l| names.iter().any(|n| n == l));
            // `asyncio.to_thread(register_customer, …)`
            let handed =
                call.args.iter().filter_map(|a| a.as_path()?.as_name()).any(|a| names.iter().any(|n| n == a));
            if named || handed {
                found.push((*file, call.function, call.span));
            }
        }
    }
    found
}

/// The edits at one sign-up; `None` when nothing names the user there.
fn unit(kit: &Kit<'_>, site: &Site, signup: &Signup) -> Result<Option<EditUnit>, String> {
    let Some(id) = signup.user_id.as_deref().filter(|_| !signup.plan.later) else { return Ok(None) };
    let file = kit.cx.workspace.find(&site.file).ok_or("the file is gone")?;
    let text = kit.cx.workspace.text(file).map_err(|e| e.to_string())?;
    let language = kit.cx.workspace.entry(file).language.ok_or("the file is no code")?;
    let source = Source::parse(language, text.as_str()).ok_or("the file is no code")?;
    if is_promised(kit, file, signup) {
        return Err("the new record is not waited for here; `await` it, and run this again".to_owned());
    }
    let style = kit.style_of(&source);
    let register = kit.function("registerCustomer");
    let mut wanted = vec![Wanted::helper(kit, "customer", &register)];
    if kit.is_python() {
        wanted.push(Wanted::helper(kit, "customer", &kit.told("BillingUser")));
    }
    let call = CallForm::of(kit, file, signup);
    if call == CallForm::ToThread || call == CallForm::Run {
        wanted.push(Wanted { name: "*".to_owned(), ..Wanted::package("asyncio", "") });
    }
    let at = signup.plan.statement.start as usize;
    let (imports, local) = bring(kit, &site.file, &source, &wanted, Some(at)).map_err(|e| e.to_string())?;
    let local = local.first().cloned().unwrap_or(register);
    let statement = |rename: Option<(&str, &str)>| -> String {
        let written = |expr: &str| match rename {
            Some((from, to)) => renamed(expr, from, to),
            None => expr.to_owned(),
        };
        let email = signup.user_email.as_deref().map(written);
        let name = signup.plan.name.as_deref().map(written);
        let user = user::literal(kit, &written(id), email.as_deref(), name.as_deref());
        call.write(&local, &user)
    };
    let refusal = |refusal: Refusal| refusal.to_string();
    let reason = kit.told(WHY);
    let edits: Vec<Edit> = match (&signup.plan.hook, &signup.plan.bind) {
        (Some(hook), _) => in_hook(kit, &source, &style, hook, &someone(kit, signup, id), &statement(None))
            .map_err(refusal)?,
        (None, Some(bind)) => {
            let plan = &signup.plan;
            let range = plan.call.range();
            // What may not be there is only read where it is.
            let only_if = (plan.failed_by.is_some() || plan.may_skip).then(|| settled::holder(id));
            let statement = |name: &str| match only_if.as_deref() {
                Some(holder) => settled::under(
                    kit.is_python(),
                    &renamed(holder, bind, name),
                    &statement(Some((bind, name))),
                ),
                None => statement(Some((bind, name))),
            };
            let request = WithResult {
                call: &range,
                prefer: bind,
                result: place::ResultUse::Needed,
                promise: true,
                why: &reason,
            };
            place::after_call(&source, &style, &request, statement).map_err(refusal)?.0
        }
        (None, None) => {
            let failed = Failure::of(kit, file, signup);
            let place = settled::settled(&source, signup, id, failed.as_ref())?;
            let gone = signup.plan.function.and_then(|f| expired(kit, file, f, place.after.end as u32, id));
            if let Some(gone) = gone {
                return Err(gone);
            }
            let text = match &place.only_if {
                Some(condition) => settled::under(kit.is_python(), condition, &statement(None)),
                None => statement(None),
            };
            match returned_call(&source, &place.after) {
                Some(call) => {
                    let request = WithResult {
                        call: &call,
                        prefer: "saved",
                        result: place::ResultUse::NotNeeded,
                        promise: true,
                        why: &reason,
                    };
                    place::after_call(&source, &style, &request, |_| text.clone()).map_err(refusal)?.0
                }
                None => place::after(&source, &style, &place.after, &text, &reason).map_err(refusal)?,
            }
        }
    };
    let title = match &site.symbol {
        Some(symbol) => format!("Customer for a new {} in `{symbol}`", kit.noun()),
        None => format!("Customer for a new {}", kit.noun()),
    };
    let unit =
        EditUnit::new(title, reason.as_str()).for_site(site.id.as_str()).edits(site.file.as_str(), imports);
    Ok(Some(unit.edits(site.file.as_str(), edits)))
}

/// Whether a record is given a name before it is there.
fn is_promised(kit: &Kit<'_>, file: FileId, signup: &Signup) -> bool {
    let orm = kit.cx.catalog.get(&signup.plan.entry).and_then(|entry| entry.orm.as_ref());
    let calls = &kit.cx.program.facts(file).calls;
    let made = calls.iter().find(|call| call.span == signup.plan.call);
    orm.is_some_and(|orm| orm.promises)
        && made.is_some_and(|call| !call.awaited && call.result == crate::syntax::ResultUse::Bound)
}

/// The call whose value a statement returns: `return await users.save(user)` makes the record and ends the function.
fn returned_call(source: &Source<'_>, statement: &Range<usize>) -> Option<Range<usize>> {
    let statement = source.whole_node(statement).filter(|node| node.kind() == "return_statement")?;
    let mut value = statement.named_child(0)?;
    while matches!(value.kind(), "await_expression" | "await" | "parenthesized_expression") {
        value = value.named_child(0)?;
    }
    matches!(value.kind(), "call_expression" | "call").then(|| value.byte_range())
}

/// The condition under which a hook is told of somebody with an account: the libraries' types leave the id open, and guests
/// have an address that is made up.
fn someone(kit: &Kit<'_>, signup: &Signup, id: &str) -> String {
    let entry = kit.cx.catalog.get(&signup.plan.entry);
    match entry.and_then(|entry| guest_flag(kit.graph(), entry)) {
        Some(flag) => format!("{id} && !{}.{flag}", settled::holder(id)),
        None => id.to_owned(),
    }
}

/// At the start of a hook that is there, or as a hook that is not there yet.
fn in_hook(
    kit: &Kit<'_>,
    source: &Source<'_>,
    style: &crate::syntax::style::Style,
    hook: &Hook,
    only_if: &str,
    statement: &str,
) -> Result<Vec<Edit>, Refusal> {
    let guarded =
        if kit.is_python() { statement.to_owned() } else { settled::under(false, only_if, statement) };
    match hook {
        Hook::Body(body) => {
            let node = source.whole_node(&body.range()).ok_or(Refusal::NotFound("hook"))?;
            if !node.kind().ends_with("block") {
                return place::before(source, style, &node.byte_range(), &guarded, &kit.told(WHY));
            }
            let inside = (0..node.named_child_count() as u32).filter_map(|i| node.named_child(i));
            let inside: Vec<_> = inside.filter(|n| n.kind() != "comment").collect();
            // A docstring, or a directive, stays in front.
            match (inside.iter().find(|n| !place::is_docstring(**n)), inside.last()) {
                (Some(first), _) => {
                    place::before(source, style, &first.byte_range(), &guarded, &kit.told(WHY))
                }
                (None, Some(told)) => {
                    place::after(source, style, &told.byte_range(), &guarded, &kit.told(WHY))
                }
                (None, None) => Err(Refusal::NotFound("statement of the hook")),
            }
        }
        Hook::Missing { object, path, params } => {
            if kit.is_python() {
                return Err(Refusal::NotFound("hook that could be written without knowing the class"));
            }
            let (function, outer) = path.split_last().ok_or(Refusal::NotFound("hook"))?;
            let params = if params.starts_with('{') || params.contains(',') {
                format!("({params})")
            } else {
                format!("({})", params.trim_matches(['(', ')']))
            };
            let body = guarded.replace('\n', "\n  ");
            let mut value = format!("async {params} => {{\n  {body}\n}}");
            let mut key = function.as_str();
            for above in outer.iter().rev() {
                value = format!("{{\n  {key}: {},\n}}", value.replace('\n', "\n  "));
                key = above;
            }
            place::add_property(source, style, &object.range(), (key, &value), &kit.told(WHY))
        }
    }
}

/// How the function is called where the sign-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallForm {
    /// `await f(user);`
    Await,
    /// `void f(user);` in a function that cannot await.
    Void,
    /// `f(user)`
    Plain,
    /// `await asyncio.to_thread(f, user)`: the modules are synchronous, the handler is not.
    ToThread,
    /// `asyncio.run(f(user))`: the other way round.
    Run,
}

impl CallForm {
    fn of(kit: &Kit<'_>, file: FileId, signup: &Signup) -> Self {
        let facts = kit.cx.program.facts(file);
        let is_async = match (&signup.plan.hook, signup.plan.function) {
            (Some(Hook::Missing { .. }), _) => true,
            (_, Some(function)) => facts.function(function).is_async,
            (_, None) => !kit.is_python(),
        };
        if !kit.is_python() {
            return if is_async { Self::Await } else { Self::Void };
        }
        match (kit.flavour(), is_async) {
            (Flavour::Async, true) => Self::Await,
            (Flavour::Async, false) => Self::Run,
            (Flavour::Sync, true) => Self::ToThread,
            (Flavour::Sync, false) => Self::Plain,
        }
    }

    fn write(self, function: &str, user: &str) -> String {
        let end = if user.starts_with('{') { ";" } else { "" };
        let lines = (function.len() + user.len() > LINE).then(|| on_lines(user)).flatten();
        let user = lines.as_deref().unwrap_or(user);
        match self {
            Self::Await => format!("await {function}({user}){end}"),
            Self::Void => format!("void {function}({user}){end}"),
            Self::Plain => format!("{function}({user})"),
            Self::ToThread => format!("await asyncio.to_thread({function}, {user})"),
            Self::Run => format!("asyncio.run({function}({user}))"),
        }
    }
}

/// Columns of a call beyond which its object is written on lines of its own.
const LINE: usize = 80;

/// An object literal with each of its pairs on a line.
fn on_lines(user: &str) -> Option<String> {
    let pairs: Vec<&str> = user.strip_prefix("{ ")?.strip_suffix(" }")?.split(", ").collect();
    // A comma inside of an expression divides nothing.
    let whole = |pair: &&str| pair.matches('(').count() == pair.matches(')').count();
    let lines: String = pairs.iter().map(|pair| format!("  {pair},\n")).collect();
    pairs.iter().all(whole).then(|| format!("{{\n{lines}}}"))
}

/// An expression over another name: `user.id` over `created` is `created.id`.
fn renamed(expr: &str, from: &str, to: &str) -> String {
    match expr.strip_prefix(from) {
        Some(rest) if rest.is_empty() || rest.starts_with(['.', '[', '?', '!']) => format!("{to}{rest}"),
        _ => expr.to_owned(),
    }
}

#[cfg(test)]
mod tests;
