//! Recording one paid call: which lines, where.
//!
//! The event goes to the call itself when the payer is in scope there, else around the call's result in the handler. A
//! result without a name gets one; a stream is metered where it is consumed; an SDK's own callback is used where there is
//! one. What fits none of these is a reason in words, never a guess. One file a shape of call.

mod already;
mod answered;
mod callback;
mod metered;

pub use already::{is_recorded, recorded_at};

use crate::catalog::StreamUsage;
use crate::edit::{Edit, EditUnit};
use crate::sites::IdentityAt;
use crate::steps::paid::code::{Calling, Event, event_keywords, event_object};
use crate::steps::paid::{Spend, user_id};
use crate::steps::support::{Kit, names, names::Wanted, render};
use crate::syntax::source::Source;
use crate::syntax::style::Style;
use crate::syntax::{Facts, FunctionId};
use crate::workspace::FileId;

/// Why a call is not recorded, in words, with the place where a person should look.
pub struct Reason {
    /// As in "not recorded, because …".
    pub why: String,
    /// File.
    pub file: FileId,
    /// Offset.
    pub at: u32,
}

/// What recording one call takes.
pub struct Recorded {
    /// The edits, with their imports.
    pub unit: EditUnit,
    /// Id of the stream meter it uses.
    pub meter: Option<String>,
}

/// The event to write: what every shape of call needs to know of it.
#[derive(Clone, Copy)]
struct Order<'a> {
    kit: &'a Kit<'a>,
    spend: &'a Spend<'a>,
    /// Expression of the payer's id, as text.
    payer: &'a str,
    /// Who is paid, once costs are wired.
    vendor: Option<&'a str>,
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
    let reason =
        |why: &str| Reason { why: why.to_owned(), file: spend.file, at: spend.billable.plan.call.start };
    let Some(identity) = &spend.billable.plan.identity else {
        return Err(reason("no expression in scope names the signed-in user"));
    };
    if identity.nullable {
        return Err(reason(
            "it also runs for visitors who are not signed in; require sign-in there, or decide who pays for them",
        ));
    }
    if spend.billable.identity.at == IdentityAt::Entry {
        return Err(reason(
            "the user is known in the handler only; hand the user's id down to this function",
        ));
    }
    let payer = user_id(kit, identity);
    let order = Order { kit, spend, payer: &payer, vendor };
    in_file(kit, spend.file, |spot| {
        let call = spend.call(spot.facts).ok_or("the call has moved")?;
        let stream = spend.rule().call.and_then(|c| c.stream.as_ref()).filter(|_| spend.billable.streaming);
        match stream.map(|s| (s, &s.usage)) {
            None if spend.billable.streaming => {
                Err("how this stream reports its usage is not known".to_owned())
            }
            None => answered::record(&order, spot, call),
            Some((_, StreamUsage::Never {})) => Err("this stream never tells its usage".to_owned()),
            Some((_, StreamUsage::Callback(callback))) => callback::record(&order, spot, call, callback),
            Some((stream, _)) => metered::record(&order, spot, call, stream),
        }
    })
    .map_err(|why| reason(&why))
}

/// Parses a file and hands it over.
fn in_file<T>(
    kit: &Kit<'_>,
    file: FileId,
    work: impl FnOnce(&Spot<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language.ok_or("the file is no code")?;
    let source = Source::parse(language, text.as_str()).ok_or("the file does not parse")?;
    let facts = kit.cx.program.facts(file);
    work(&Spot { file, style: kit.style_of(&source), source: &source, facts })
}

/// How the generated functions are called in a function.
pub fn calling(kit: &Kit<'_>, facts: &Facts, function: Option<FunctionId>) -> Result<Calling, String> {
    let flavour = render::context(kit, kit.done).flavour;
    let is_async = function.is_none_or(|f| facts.function(f).is_async);
    if !kit.is_python() && !is_async {
        return Err("the function around the call is not async".to_owned());
    }
    Calling::of(kit.is_python(), flavour, is_async)
        .ok_or_else(|| "the function is synchronous and the app's billing module is asynchronous".to_owned())
}

/// The statement that records an event.
fn statement(kit: &Kit<'_>, calling: Calling, name: &str, event: &Event<'_>) -> String {
    if kit.is_python() {
        return calling.write(name, &event_keywords(event), true);
    }
    format!("{}({});", format_args!("await {name}"), event_object(event, &[]))
}

/// Imports for an insertion, and the names they have in the file.
fn bring(
    kit: &Kit<'_>,
    spot: &Spot<'_>,
    wanted: &[Wanted],
    calling: Calling,
    at: u32,
) -> Result<(Vec<Edit>, Vec<String>), String> {
    let path = kit.path(spot.file).to_owned();
    let mut all = wanted.to_vec();
    if calling == Calling::InThread {
        all.push(Wanted::package("asyncio", "*"));
    }
    names::bring(kit, &path, spot.source, &all, Some(at as usize)).map_err(|refusal| refusal.to_string())
}

fn unit(order: &Order<'_>, spot: &Spot<'_>, edits: Vec<Edit>) -> EditUnit {
    let spend = order.spend;
    let title = format!("Usage event for `{}`", spend.billable.call);
    EditUnit::new(title, format!("`{}` is sent after each success", spend.event_type()))
        .for_site(spend.site.id.clone())
        .edits(order.kit.path(spot.file).to_owned(), edits)
}
