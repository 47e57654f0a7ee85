//! A call whose value may be anything (a parser's text, an agent's state, a list): a handler that is given along with it
//! hears of every model call that it makes, and the event says what was heard.
//!
//! ```text
//! usage = ChainListener()
//! answer = chain.invoke(question, config={"callbacks": [usage]})
//! record_usage(user_id=user.id, event_type="completion_finished", data={**usage.tokens()})
//! ```

use super::answered::model;
use super::{Order, Recorded, Spot, attempt, bring, calling, recorded, statement, unit};
use crate::catalog::Listener;
use crate::edit::Edit;
use crate::steps::paid::code::{Event, SPREAD};
use crate::steps::support::Kit;
use crate::steps::support::names::Wanted;
use crate::steps::support::tokens::{self, Wants};
use crate::syntax::Call;
use crate::syntax::place::{self, ResultUse, WithResult};
use crate::syntax::source::items;

pub(super) fn record(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call) -> Result<Recorded, String> {
    let Order { kit, spend, vendor, .. } = *order;
    let listener = spend.provider.listener.as_ref().ok_or("how its usage is told is not known")?;
    can_hear(kit, listener)?;
    let ours = tokens::listener(listener).ok_or("how its usage is told is not known")?;
    let calling = calling(kit, spot.facts, call.function)?;
    let export = if kit.is_python() { &ours.python } else { &ours.typescript };
    let wanted =
        [Wanted::helper(kit, "usage", &kit.function("recordUsage")), Wanted::helper(kit, "tokens", export)];
    let brought = bring(order, spot, &wanted, calling, call.span.start)?;
    let heard = place::fresh_name(spot.source, &call.span.range(), "usage");
    let why = format!("hears of the model calls that `{}` makes", spend.billable.call);
    let declare = if kit.is_python() {
        format!("{heard} = {}()", brought.names[1])
    } else {
        format!("const {heard} = {}();", brought.names[1])
    };
    let refused = |refusal: place::Refusal| refusal.to_string();
    let declared =
        place::before(spot.source, &spot.style, &call.span.range(), &declare, &why).map_err(refused)?;
    let given = given_along(kit, spot, call, listener, &heard, &why)?;
    let mut edits = brought.edits;
    let event_type = spend.event_type();
    let mut data = vec![(SPREAD.to_owned(), format!("{heard}.tokens()"))];
    data.extend(model(order));
    let id = attempt::id(order, spot, call);
    let event = Event {
        noun: kit.noun(),
        user_id: &brought.payer,
        event_type: &event_type,
        data: &data,
        vendor,
        id: id.as_deref(),
    };
    let lines = statement(order, calling, &brought.names[0], &event);
    let why = format!("records what `{}` used, once it has succeeded", spend.billable.call);
    let request = WithResult {
        call: &call.span.range(),
        prefer: "result",
        result: ResultUse::NotNeeded,
        promise: true,
        why: &why,
    };
    let (after, _) =
        place::after_call(spot.source, &spot.style, &request, |_| lines.clone()).map_err(refused)?;
    let is_moved = after
        .iter()
        .any(|e| e.range().start < call.span.range().end && call.span.range().start < e.range().end);
    if is_moved {
        let moved = moved(spot, call, &declared, &given, after);
        edits.extend(moved.ok_or("its value is used in the same statement; give it a name first")?);
    } else {
        edits.extend(declared.into_iter().chain(given).chain(after));
    }
    let mut recorded = recorded(unit(order, spot, edits));
    recorded.tokens = Wants { listeners: vec![ours], ..Wants::reader(&listener.reader) };
    Ok(recorded)
}

/// The edits of a call that is taken out of its statement: it is moved as text, which the handler becomes part of.
fn moved(
    spot: &Spot<'_>,
    call: &Call,
    declared: &[Edit],
    given: &[Edit],
    mut after: Vec<Edit>,
) -> Option<Vec<Edit>> {
    let range = call.span.range();
    let written = spot.source.slice(range.clone());
    let mut changed = written.to_owned();
    let mut inside: Vec<&Edit> = given.iter().collect();
    inside.sort_by_key(|edit| edit.range().start);
    for edit in inside.into_iter().rev() {
        let at = edit.range();
        changed
            .replace_range(at.start.checked_sub(range.start)?..at.end.checked_sub(range.start)?, edit.text());
    }
    let taken = after.iter_mut().find(|edit| edit.text().contains(written))?;
    let [declared] = declared else { return None };
    (declared.range() == taken.range() && taken.range().is_empty()).then_some(())?;
    let text = format!("{}{}", declared.text(), taken.text().replacen(written, &changed, 1));
    *taken = Edit::insertion(taken.range().start, text, taken.why());
    Some(after)
}

/// Whether the app's version of the library has such handlers where we look for them.
fn can_hear(kit: &Kit<'_>, listener: &Listener) -> Result<(), String> {
    let named = |module: &str| listener.imports.iter().any(|m| crate::catalog::glob::wild(m, module));
    let imports = |file: &crate::workspace::FileId| {
        kit.cx.program.facts(*file).imports.iter().any(|i| named(&i.module))
    };
    if !kit.is_python() || kit.files.iter().any(imports) {
        return Ok(());
    }
    Err(format!("the app does not use `{}`, by which its usage is told", listener.base.module))
}

/// Puts the handler among the call's arguments.
fn given_along(
    kit: &Kit<'_>,
    spot: &Spot<'_>,
    call: &Call,
    listener: &Listener,
    heard: &str,
    why: &str,
) -> Result<Vec<Edit>, String> {
    let (keyword, member) = (&listener.keyword, &listener.member);
    let elsewhere = || {
        format!(
            "its `{keyword}` is made elsewhere; put a handler that hears of its usage among its `{member}`"
        )
    };
    let refused = |refusal: place::Refusal| refusal.to_string();
    let list = spot.source.node(&call.args_span.range()).ok_or_else(elsewhere)?;
    let arguments = items(list);
    let range = call.span.range();
    if arguments.iter().any(|a| a.kind().contains("splat") || a.kind() == "spread_element") {
        return Err(elsewhere());
    }
    if !kit.is_python() {
        return match arguments.get(1) {
            None if arguments.len() == 1 => {
                let text = format!("{{ {member}: [{heard}] }}");
                place::add_argument(spot.source, &spot.style, &range, &text, why).map_err(refused)
            }
            Some(config)
                if config.kind() == "object" && !spot.source.of(*config).contains(member.as_str()) =>
            {
                let pair = (member.as_str(), format!("[{heard}]"));
                place::add_property(spot.source, &spot.style, &config.byte_range(), (pair.0, &pair.1), why)
                    .map_err(refused)
            }
            _ => Err(elsewhere()),
        };
    }
    let named = |a: &&tree_sitter::Node<'_>| {
        a.child_by_field_name("name").is_some_and(|n| spot.source.of(n) == keyword.as_str())
    };
    let config = arguments.iter().find(named).and_then(|a| a.child_by_field_name("value"));
    let config = config.or_else(|| arguments.get(1).copied().filter(|a| a.kind() != "keyword_argument"));
    match config {
        None => {
            let text = format!("{keyword}={{\"{member}\": [{heard}]}}");
            place::add_argument(spot.source, &spot.style, &range, &text, why).map_err(refused)
        }
        Some(dict) if dict.kind() == "dictionary" && !spot.source.of(dict).contains(member.as_str()) => {
            let rest = spot.source.slice(dict.start_byte() + 1..dict.end_byte());
            let behind = match rest.chars().next() {
                Some('}') => "",
                Some('\n' | '\r') => ",",
                _ => ", ",
            };
            let text = format!("\"{member}\": [{heard}]{behind}");
            Ok(vec![Edit::insertion(dict.start_byte() + 1, text, why)])
        }
        Some(_) => Err(elsewhere()),
    }
}
