//! Naming the payer in a handler, for the time of the call through which paid calls are reached.

use std::collections::BTreeSet;

use crate::edit::{Edit, EditUnit};
use crate::sites::payer::Paying;
use crate::sites::{Identity, another, is_started};
use crate::steps::Todo;
use crate::steps::paid::reach::Door;
use crate::steps::paid::record::{NOBODY, asked, visitors};
use crate::steps::paid::{Spend, account, taking, user_id};
use crate::steps::support::identity::There;
use crate::steps::support::{Kit, names, names::Wanted};
use crate::syntax::source::Source;
use crate::syntax::{Call, CallId, FunctionId, Path, place};
use crate::workspace::FileId;

/// What carrying takes: one unit a handler's file, so that its import is brought once.
#[derive(Default)]
pub struct Carried {
    /// The edits.
    pub units: Vec<EditUnit>,
    /// Ways in on which nobody is named, and why.
    pub todo: Vec<Todo>,
}

/// A way in, with a paid call that it leads to.
pub type Way<'s, 'a> = (Door, &'s Spend<'a>);

/// Names the payer at each of these calls that does not have one yet.
pub fn carry(kit: &Kit<'_>, mut ways: Vec<Way<'_, '_>>) -> Carried {
    ways.sort_by_key(|(d, _)| (d.handler.file, d.call));
    ways.dedup_by_key(|(d, _)| (d.handler.file, d.call));
    ways.retain(|(door, _)| !account::is_own_expense(kit, (door.handler.file, door.handler.function)));
    let mut carried = Carried::default();
    let files: BTreeSet<FileId> = ways.iter().map(|(d, _)| d.handler.file).collect();
    for file in files {
        let here = ways.iter().filter(|(d, _)| d.handler.file == file && !is_named(kit, file, d.call));
        let here: Vec<&Way<'_, '_>> = here.collect();
        in_file(kit, file, &here, &mut carried);
    }
    carried
}

fn in_file(kit: &Kit<'_>, file: FileId, ways: &[&Way<'_, '_>], carried: &mut Carried) {
    let facts = kit.cx.program.facts(file);
    let text = kit.text(file);
    let source = kit.cx.workspace.entry(file).language.and_then(|l| Source::parse(l, text.as_str()));
    let path = kit.path(file).to_owned();
    let mut unit = EditUnit::new(
        "Payer of what a handler calls",
        "paid calls further down are billed to the user who is signed in here",
    );
    let mut imported = false;
    for (door, spend) in ways {
        let call = facts.call(door.call);
        let written =
            source.as_ref().ok_or_else(|| "the file does not parse".to_owned()).and_then(|source| {
                named(kit, (file, door.handler.function), source, call, door.identity.as_ref(), imported)
            });
        match written {
            Ok(edits) => {
                let known: Vec<_> = unit.file_edits().flat_map(|(_, edits)| edits).cloned().collect();
                unit.add(path.clone(), edits.into_iter().filter(|edit| !known.contains(edit)));
                for (file, edits) in &door.brings {
                    unit.add(kit.path(*file).to_owned(), edits.iter().cloned().map(Edit::shared));
                }
                imported = true;
            }
            Err(why) => {
                let line = text.line_of(call.span.start as usize);
                let todo = account::on_way(kit, spend, door, &call.callee.dotted(), why);
                carried.todo.push(todo.at(path.clone(), line));
            }
        }
    }
    if !unit.is_empty() {
        carried.units.push(unit);
    }
}

fn named(
    kit: &Kit<'_>,
    (file, handler): (FileId, FunctionId),
    source: &Source<'_>,
    call: &Call,
    identity: Option<&Identity>,
    imported: bool,
) -> Result<Vec<crate::edit::Edit>, String> {
    let identity = identity.ok_or_else(|| match kit.paying() {
        Paying::User => NOBODY.to_owned(),
        paying => format!("no expression in scope names the {} of the signed-in user", paying.noun()),
    })?;
    let user = if identity.nullable {
        let again = another(kit.graph(), (file, handler), call.span.start, identity).is_some();
        maybe(kit, file, call.function, identity).filter(|_| !again).ok_or_else(|| match kit.paying() {
            Paying::User => "it also runs for visitors who are not signed in".to_owned(),
            Paying::Organisation(_) | Paying::Unclear => visitors(kit),
        })?
    } else {
        user_id(kit, identity)
    };
    let wanted = [Wanted::helper(kit, "payer", &kit.function("billTo"))];
    let at = Some(call.span.start as usize);
    let (mut edits, names) =
        names::bring(kit, kit.path(file), source, &wanted, at).map_err(|refusal| refusal.to_string())?;
    if imported {
        edits.clear();
    }
    let style = kit.style_of(source);
    let why = "paid calls below are billed to this user";
    let around = if kit.is_python() {
        if !call.awaited && is_coroutine(kit, file, call) && !started_here(kit, file, call) {
            return Err("what it starts is awaited elsewhere".to_owned());
        }
        place::below_head(
            source,
            &style,
            &call.statement.range(),
            &format!("with {}({user}):", names[0]),
            why,
        )
    } else {
        place::run_inside(source, &style, &call.span.range(), (&names[0], &user), why)
    };
    edits.extend(around.map_err(|refusal| refusal.to_string())?);
    edits.extend(taking(kit, identity)?.into_iter().flat_map(|(_, edits)| edits));
    Ok(edits)
}

/// The id of a user who may be missing, or nothing.
fn maybe(kit: &Kit<'_>, file: FileId, function: Option<FunctionId>, identity: &Identity) -> Option<String> {
    let There { test, identity } = asked(kit, file, function, identity)?;
    let id = user_id(kit, &identity);
    Some(if kit.is_python() {
        format!("{id} if {test} else None")
    } else if id == identity.id {
        test
    } else {
        format!("{test} ? {id} : undefined")
    })
}

/// Whether a Python call makes a coroutine, which runs where it is awaited.
fn is_coroutine(kit: &Kit<'_>, file: FileId, call: &Call) -> bool {
    match kit.cx.program.resolve_path(file, call.function, &call.callee) {
        crate::resolve::Def::Function(at, function) => kit.cx.program.facts(at).function(function).is_async,
        _ => false,
    }
}

/// Whether what a call gives is run by the call it is given to, which keeps who pays.
fn started_here(kit: &Kit<'_>, file: FileId, call: &Call) -> bool {
    let facts = kit.cx.program.facts(file);
    let id = facts.call_ids().find(|id| facts.call(*id).span == call.span);
    id.is_some_and(|id| is_started(kit.graph(), file, id))
}

/// Whether the payer of a call is named already: it stands in what is given to the naming function, or below its head.
fn is_named(kit: &Kit<'_>, file: FileId, call: CallId) -> bool {
    let facts = kit.cx.program.facts(file);
    let span = facts.call(call).span;
    let name = kit.function("billTo");
    let naming = |c: &&Call| c.callee.as_name() == Some(name.as_str());
    if kit.is_python() {
        let text = kit.text(file);
        let Some(source) =
            kit.cx.workspace.entry(file).language.and_then(|l| Source::parse(l, text.as_str()))
        else {
            return false;
        };
        let mut node = source.node(&span.range());
        while let Some(inner) = node {
            if inner.kind() == "with_statement"
                && facts
                    .calls
                    .iter()
                    .filter(naming)
                    .any(|c| c.span.start as usize >= inner.start_byte() && c.span.end <= span.start)
            {
                return true;
            }
            node = inner.parent();
        }
        return false;
    }
    facts.calls.iter().filter(naming).any(|c| c.args_span.contains(span))
}

/// Whether the event behind a paid call asks who pays.
pub fn asks(kit: &Kit<'_>, file: FileId, function: Option<FunctionId>) -> bool {
    let facts = kit.cx.program.facts(file);
    let name = kit.function("currentPayer");
    let outer = |f: Option<FunctionId>| facts.enclosing(f).last();
    kit.module_file("payer").is_some()
        && facts
            .calls
            .iter()
            .any(|c| Path::as_name(&c.callee) == Some(name.as_str()) && outer(c.function) == outer(function))
}
