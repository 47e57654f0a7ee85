//! Recording one paid call: which lines, where.
//!
//! The event goes to the call itself when the payer is in scope there, else around the call's result in the handler. A
//! result without a name gets one; a stream is metered where it is consumed; an SDK's own callback is used where there is
//! one. What fits none of these is a reason in words, never a guess. One file a shape of call.

mod already;
mod answered;
mod attempt;
mod callback;
mod closing;
mod guest;
mod heard;
mod job;
mod metered;
mod prompt;
mod requested;

pub use already::{is_recorded, recorders_of};
pub use attempt::paid_again;
pub use guest::is_for_visitors;

use crate::catalog::{StreamUsage, StreamWhen, TokenUsage};
use crate::edit::{Edit, EditUnit};
use crate::sites::payer::Paying;
use crate::sites::{Identity, IdentityAt, another};
use crate::steps::paid::code::{Calling, Event, event_keywords, event_object};
use crate::steps::paid::reach::{self, Door};
use crate::steps::paid::{Spend, hand, taking, user_id, with_source};
use crate::steps::support::expired::expired;
use crate::steps::support::identity::{There, there};
use crate::steps::support::{Kit, names, names::Wanted, tokens, tokens::Wants};
use crate::syntax::source::Source;
use crate::syntax::style::Style;
use crate::syntax::{Call, CallId, Expr, Facts, FunctionId, ResultUse};
use crate::workspace::FileId;

/// Why a call is not recorded, in words, with the place where a person should look.
pub struct Reason {
    /// As in "not recorded, because …".
    pub why: String,
    /// File.
    pub file: FileId,
    /// Offset.
    pub at: u32,
    /// The call is not billed at all; else only what the words say.
    pub whole: bool,
}

/// What recording one call takes.
pub struct Recorded {
    /// The edits, with their imports.
    pub unit: EditUnit,
    /// Id of the stream meter it uses.
    pub meter: Option<String>,
    /// What it needs of the module of tokens.
    pub tokens: Wants,
    /// The event asks who pays: it is told at these calls of handlers …
    pub doors: Vec<Door>,
    /// … and not on these ways.
    pub faults: Vec<Reason>,
}

impl Recorded {
    /// Adds edits that other paid calls may need as well.
    fn bring(&mut self, kit: &Kit<'_>, edits: &[(FileId, Vec<Edit>)]) {
        for (file, edits) in edits {
            self.unit.add(kit.path(*file).to_owned(), edits.iter().cloned().map(Edit::shared));
        }
    }

    /// The same with edits that bring the payer into scope.
    fn with(mut self, kit: &Kit<'_>, taken: Option<(FileId, Vec<Edit>)>) -> Self {
        if let Some((file, edits)) = taken {
            self.unit.add(kit.path(file).to_owned(), edits);
        }
        self
    }
}

/// The event to write: what every shape of call needs to know of it.
#[derive(Clone, Copy)]
struct Order<'a, 'k> {
    kit: &'a Kit<'k>,
    spend: &'a Spend<'a>,
    payer: Payer<'a>,
    /// The paid call, with the text of its file where that is the file of the event: then its arguments can be repeated.
    paid: (&'a Call, Option<&'a str>),
    /// Who is paid, once costs are wired.
    vendor: Option<&'a str>,
}

/// How the payer is written in an event.
#[derive(Clone, Copy)]
enum Payer<'a> {
    /// An expression in scope, as text.
    Named(&'a str),
    /// An expression in scope, where another one holds.
    Where { holds: &'a str, payer: &'a str, otherwise: Absent },
    /// Read from what a handler has set for the time of its call.
    Carried,
}

/// Who is not billed where a payer may be missing.
#[derive(Clone, Copy)]
enum Absent {
    /// What an older version of the app put into a queue.
    Queued,
    /// Visitors who are not signed in.
    Visitor,
}

impl Absent {
    /// Why the call runs without a payer, as in "not recorded, because …".
    fn why(self) -> &'static str {
        match self {
            Self::Queued => "it may run for what was put into its queue before",
            Self::Visitor => "it also runs for visitors who are not signed in",
        }
    }
}

/// A file in which an event is written.
struct Spot<'a> {
    file: FileId,
    source: &'a Source<'a>,
    style: Style,
    facts: &'a Facts,
}

/// Plans the event of one paid call.
pub fn record(kit: &Kit<'_>, spend: &Spend<'_>, vendor: Option<&str>) -> Result<Recorded, Reason> {
    let reason = |why: &str| Reason {
        why: why.to_owned(),
        file: spend.file,
        at: spend.billable.plan.call.start,
        whole: true,
    };
    let call = spend.call(kit.cx.program.facts(spend.file)).ok_or_else(|| reason("the call has moved"))?;
    let text = kit.text(spend.file);
    let by = |payer: Payer<'_>, file: FileId, at: &Call| {
        let paid = (call, (file == spend.file && at.span == call.span).then(|| text.as_str()));
        let order = Order { kit, spend, payer, paid, vendor };
        in_file(kit, file, |spot| write(&order, spot, at)).map_err(|why| reason(&why))
    };
    let plan = &spend.billable.plan;
    if spend.billable.plan.at == IdentityAt::Call
        && let Some(identity) = &plan.identity
    {
        // A check that stands behind the call says nothing of who is there in front of it.
        if identity.nullable || identity.ready_at > call.span.end {
            if is_for_visitors(kit, (spend.file, call.function), call.span, identity) {
                return Err(reason(GUESTS));
            }
            let asked = asked(kit, spend.file, call.function, identity);
            let There { test, identity } = asked.ok_or_else(|| reason(&visitors(kit)))?;
            let payer = user_id(kit, &identity);
            let payer = Payer::Where { holds: &test, payer: &payer, otherwise: Absent::Visitor };
            let mut recorded = by(payer, spend.file, call)?;
            recorded.faults.push(Reason { whole: false, ..reason(FREE_FOR_VISITORS) });
            return Ok(recorded);
        }
        if let Some(Ok(hand)) = hand::in_place_of(kit, spend.file, call.function, identity) {
            return by(Payer::Named(&hand.name), spend.file, call).map(|mut recorded| {
                recorded.bring(kit, &hand.edits);
                recorded
            });
        }
        if let Some(gone) =
            call.function.and_then(|f| expired(kit, spend.file, f, call.span.end, &identity.id))
        {
            return Err(reason(&gone));
        }
        let taken = taking(kit, identity).map_err(|why| reason(&why))?;
        return by(Payer::Named(&user_id(kit, identity)), spend.file, call)
            .map(|found| found.with(kit, taken));
    }
    let stream = spend.rule().call.and_then(|c| c.stream.as_ref()).map(|s| &s.usage);
    let told = matches!(stream, Some(StreamUsage::Callback(_)));
    if spend.billable.streaming && !told && call.result == ResultUse::Returned {
        // The handler gets the stream itself; whoever it is then is told there.
        return by(Payer::Carried, spend.file, call);
    }
    let mut ways = reach::ways(kit.graph(), spend.file, call.function);
    let handed = if ways.faults.is_empty() && !ways.doors.is_empty() {
        None
    } else {
        hand::to_function_around(kit, spend.file, call.function)
    };
    if let Some(Ok(hand)) = handed {
        let there = if kit.is_python() { format!("{} is not None", hand.name) } else { hand.name.clone() };
        let payer = if hand.maybe {
            Payer::Where { holds: &there, payer: &hand.name, otherwise: Absent::Queued }
        } else {
            Payer::Named(&hand.name)
        };
        return by(payer, spend.file, call).map(|mut recorded| {
            recorded.bring(kit, &hand.edits);
            recorded
        });
    }
    if !ways.faults.is_empty() || ways.doors.is_empty() {
        let above = hand::doors_above(kit, spend.file, call.function);
        let starts =
            |door: &Door| kit.cx.program.facts(door.handler.file).function(door.handler.function).span.start;
        let is_mended =
            |fault: &Reason| above.iter().any(|d| d.handler.file == fault.file && starts(d) == fault.at);
        ways.faults.retain(|fault| !is_mended(fault));
        ways.doors.retain(|d| !above.iter().any(|o| (o.handler.file, o.call) == (d.handler.file, d.call)));
        ways.doors.extend(above);
    }
    let signed_in = |d: &&Door| d.identity.as_ref().is_some_and(|i| !i.nullable);
    let can_ask = |d: &Door| {
        let (file, call) = (d.handler.file, d.call);
        let function = kit.cx.program.facts(file).call(call).function;
        let at = kit.cx.program.facts(file).call(call).span.start;
        let is_asked = |i: &Identity| {
            asked(kit, file, function, i).is_some()
                && another(kit.graph(), (file, d.handler.function), at, i).is_none()
        };
        d.identity.as_ref().is_some_and(|i| !i.nullable || is_asked(i))
    };
    if !ways.doors.iter().any(can_ask) {
        if let Some(Err(why)) = handed {
            return Err(reason(&why));
        }
        return Err(
            match (ways.doors.iter().any(|d| d.identity.is_some()), ways.faults.into_iter().next()) {
                (true, _) => reason(&visitors(kit)),
                (false, Some(fault)) if plan.identity.is_some() => fault,
                (false, None) if plan.identity.is_some() => reason(RUN_BY_OTHERS),
                _ => reason(plan.missing.as_deref().unwrap_or(NOBODY)),
            },
        );
    }
    let id = spend.call_id(kit.cx.program.facts(spend.file));
    // Whose key it is can be read at the call, and not around it.
    if !spend.billable.streaming
        && plan.own_key.is_none()
        && let Some(door) =
            id.and_then(|id| reach::same_value(kit.graph(), &ways, (spend.file, id))).filter(signed_in)
        && let Some(identity) = &door.identity
    {
        let there = kit.cx.program.facts(door.handler.file).call(door.call);
        let user = user_id(kit, identity);
        if let Ok(mut recorded) = by(Payer::Named(&user), door.handler.file, there)
            && let Ok(taken) = taking(kit, identity)
        {
            recorded.bring(kit, &door.brings);
            return Ok(recorded.with(kit, taken));
        }
    }
    let mut recorded = by(Payer::Carried, spend.file, call)?;
    recorded.doors = ways.doors;
    recorded.faults = ways.faults;
    recorded.faults.extend(ways.others.into_iter().filter_map(|(file, call)| outside(kit, file, call?)));
    Ok(recorded)
}

/// A call on a way in that no request was found to take: a script, a job, or code that nothing uses.
fn outside(kit: &Kit<'_>, file: FileId, call: CallId) -> Option<Reason> {
    let call = kit.cx.program.facts(file).call(call);
    let why = format!(
        "no handler of a request was found that gets to `{}` here, so what it spends on this way is billed to nobody; hand the user's id down to it if a user is to pay",
        call.callee.dotted()
    );
    (!kit.graph().is_aside(file)).then_some(Reason { why, file, at: call.span.start, whole: false })
}

/// Where a handler with a user sets something going that calls a function of the app.
const RUN_BY_OTHERS: &str = "a library runs the function around it; hand the user's id down to it";

/// Where users are billed and visitors are not.
const FREE_FOR_VISITORS: &str = "visitors who are not signed in may use it as before, and what they spend is billed to nobody; require sign-in in front of it if they should not";

/// Where only visitors come.
pub const GUESTS: &str = "only visitors who are not signed in get to it there";

/// Where not even a user is known.
pub const NOBODY: &str = "no expression in scope names the signed-in user";

/// Where whoever pays may be missing.
pub fn visitors(kit: &Kit<'_>) -> String {
    match kit.paying() {
        Paying::User => {
            "it also runs for visitors who are not signed in; require sign-in there, or decide who pays for them"
                .to_owned()
        }
        paying => format!(
            "it also runs for users who act for no {noun}; leave when there is no {noun}, before the call",
            noun = paying.noun()
        ),
    }
}

/// Writes the event in the way the call gives its result.
fn write(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> Result<Recorded, String> {
    let spend = order.spend;
    if let Some(why) = spend.rule().call.and_then(|c| c.unread.as_deref()) {
        return Err(why.to_owned());
    }
    let stream = spend.rule().call.and_then(|c| c.stream.as_ref());
    if let Some(StreamWhen::Argument(argument)) = stream.map(|s| &s.when)
        && let Some(Expr::Path(_) | Expr::Either(..) | Expr::Binary(..)) = call.option(argument)
    {
        return Err(format!(
            "`{argument}` is said elsewhere, and what the call yields depends on it; make two calls of it, one with each"
        ));
    }
    let stream = stream.filter(|_| spend.billable.streaming);
    let absent = match order.payer {
        Payer::Where { otherwise, .. } => Some(otherwise),
        Payer::Named(_) | Payer::Carried => None,
    };
    match stream.map(|s| (s, &s.usage)) {
        None if spend.billable.streaming => Err("how this stream reports its usage is not known".to_owned()),
        None if spend.is_unknown() => Err("what this call yields is not known".to_owned()),
        None if spend.rule().call.is_none() => requested::record(order, spot, call),
        None if spend.rule().call.is_some_and(|c| c.job) => job::record(order, spot, call),
        None if spend.rule().call.is_some_and(|c| c.heard) => heard::record(order, spot, call),
        None => answered::record(order, spot, call),
        Some((_, StreamUsage::Never {})) => Err("this stream never tells its usage".to_owned()),
        Some((_, StreamUsage::Callback(callback))) => callback::record(order, spot, call, callback),
        Some(_) if let Some(absent) = absent => {
            Err(format!("{}, and a metered stream is always billed", absent.why()))
        }
        Some(_) if spend.billable.plan.own_key.is_some() => {
            Err("the user's own key pays for some of these streams, and a metered stream is always billed"
                .to_owned())
        }
        Some((stream, _)) => metered::record(order, spot, call, stream),
    }
}

/// Parses a file and hands it over, as the place of an insertion.
fn in_file<T>(
    kit: &Kit<'_>,
    file: FileId,
    work: impl FnOnce(&Spot<'_>) -> Result<T, String>,
) -> Result<T, String> {
    with_source(kit, file, |source| {
        let facts = kit.cx.program.facts(file);
        work(&Spot { file, style: kit.style_of(source), source, facts })
    })
}

/// How the generated functions are called in a function.
pub fn calling(kit: &Kit<'_>, facts: &Facts, function: Option<FunctionId>) -> Result<Calling, String> {
    let flavour = kit.flavour();
    let is_async = function.is_none_or(|f| facts.function(f).is_async);
    if !kit.is_python() && !is_async {
        return Err("the function around the call is not async".to_owned());
    }
    Calling::of(kit.is_python(), flavour, is_async)
        .ok_or_else(|| "the function is synchronous and the app's billing module is asynchronous".to_owned())
}

/// The statement that records an event, where the user's own key pays only under a condition below its opposite.
fn statement(order: &Order<'_, '_>, calling: Calling, name: &str, event: &Event<'_>) -> String {
    let python = order.kit.is_python();
    let lines = if python {
        calling.write(name, &event_keywords(event), true)
    } else {
        format!("await {name}({});", event_object(event, &[]))
    };
    let lines = match &order.spend.billable.plan.own_key {
        Some(own) => own.guard(&own.expr, &lines, python),
        None => lines,
    };
    match order.payer {
        Payer::Where { holds, .. } => only_where(holds, &lines, python),
        Payer::Named(_) | Payer::Carried => lines,
    }
}

/// Statements below a condition.
pub fn only_where(holds: &str, lines: &str, python: bool) -> String {
    if python {
        format!("if {holds}:\n    {}", lines.replace('\n', "\n    "))
    } else {
        format!("if ({holds}) {{\n  {}\n}}", lines.replace('\n', "\n  "))
    }
}

/// A user who may be missing, asked for where a function spends; nothing where an organisation pays, whose members may all
/// be signed in without it.
pub fn asked(
    kit: &Kit<'_>,
    file: FileId,
    function: Option<FunctionId>,
    identity: &Identity,
) -> Option<There> {
    there(kit, file, function?, identity).filter(|_| matches!(kit.paying(), Paying::User))
}

/// What an insertion needs in its file.
struct Brought {
    edits: Vec<Edit>,
    /// The wanted names, as the file has them.
    names: Vec<String>,
    /// Expression of the payer's id.
    payer: String,
}

/// Imports for an insertion.
fn bring(
    order: &Order<'_, '_>,
    spot: &Spot<'_>,
    wanted: &[Wanted],
    calling: Calling,
    at: u32,
) -> Result<Brought, String> {
    let kit = order.kit;
    let path = kit.path(spot.file).to_owned();
    let mut all = wanted.to_vec();
    if matches!(order.payer, Payer::Carried) {
        all.push(Wanted::helper(kit, "payer", &kit.function("currentPayer")));
    }
    if calling == Calling::InThread {
        all.push(Wanted::package("asyncio", "*"));
    }
    let (edits, names) = names::bring(kit, &path, spot.source, &all, Some(at as usize))
        .map_err(|refusal| refusal.to_string())?;
    let payer = match order.payer {
        Payer::Named(payer) | Payer::Where { payer, .. } => payer.to_owned(),
        Payer::Carried => format!("{}()", names[wanted.len()]),
    };
    Ok(Brought { edits, names, payer })
}

fn recorded(unit: EditUnit) -> Recorded {
    Recorded { unit, meter: None, tokens: Wants::default(), doors: Vec::new(), faults: Vec::new() }
}

/// A reader's name here, wanted from the module of tokens.
fn reader(kit: &Kit<'_>, usage: &TokenUsage) -> Result<(String, Wanted), String> {
    let name = tokens::reader_name(kit, &usage.reader).ok_or("its usage is of a kind that is not known")?;
    Ok((name.clone(), Wanted::helper(kit, "tokens", &name)))
}

fn unit(order: &Order<'_, '_>, spot: &Spot<'_>, edits: Vec<Edit>) -> EditUnit {
    let spend = order.spend;
    let title = format!("Usage event for `{}`", spend.billable.call);
    EditUnit::new(title, format!("`{}` is sent after each success", spend.event_type()))
        .for_site(spend.site.id.clone())
        .edits(order.kit.path(spot.file).to_owned(), edits)
}
