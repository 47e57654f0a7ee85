//! A plain Python generator that a response sends to its reader: it is closed once the response is over.
//!
//! A server may iterate such a generator in threads and drop it when the reader leaves, without closing it. What was
//! produced until then would be recorded whenever the garbage is collected. The framework's entry says which responses
//! do so, and how something is run after one; where no such response is found, nothing is done here.
//!
//! ```text
//! metered = meter_chat_completion(stream, …)
//! return StreamingResponse(to_events(metered), background=BackgroundTask(metered.close))
//! ```

use minijinja::{Environment, UndefinedBehavior, context};

use super::Spot;
use crate::catalog;
use crate::edit::Edit;
use crate::sites::cx::after;
use crate::steps::support::{Kit, names::Wanted};
use crate::syntax::place::{self, Refusal};
use crate::syntax::{Call, CallId, Expr, Facts, FunctionId, Span};
use crate::workspace::FileId;

/// A line of Python that most formatters leave alone.
const WIDTH: usize = 88;
const WHY: &str = "closes the stream when its reader leaves, so that what was produced is recorded then";

/// A response that sends a stream, and how the stream is closed after it.
pub(super) struct Closing<'k> {
    /// Where the response is made.
    pub(super) file: FileId,
    rule: &'k catalog::Closing,
    response: Call,
    sent: Sent,
    /// The list of what is run after the response, where the handler is given one.
    tasks: Option<String>,
}

/// What the response is given.
enum Sent {
    /// Something that reads the metered stream.
    Metered,
    /// The generator that meters, by its name.
    Named(String),
    /// The call of that generator.
    Made(Span),
}

impl<'k> Closing<'k> {
    /// The response of a stream that is read at `read`, in the function of `call`.
    pub(super) fn find(kit: &Kit<'k>, spot: &Spot<'_>, call: &Call, read: Span) -> Option<Self> {
        let rule = kit.framework.framework.as_ref()?.closing.as_ref()?;
        let made = |file, response: &Call, sent| {
            if response.keywords.iter().any(|(name, _)| rule.keyword() == name) {
                return None;
            }
            let tasks = tasks(kit.cx.program.facts(file), response.function, rule);
            Some(Self { file, rule, response: response.clone(), sent, tasks })
        };
        if let Some(response) = sends(kit, rule, spot.file, read, call.function) {
            return made(spot.file, response, Sent::Metered);
        }
        let generator = call.function.filter(|f| spot.facts.function(*f).is_generator)?;
        let callers = kit.cx.program.callers_in_app(spot.file, generator);
        let [(file, at)] =
            callers.into_iter().filter(|(f, _)| !kit.graph().is_aside(*f)).collect::<Vec<_>>()[..]
        else {
            return None;
        };
        let facts = kit.cx.program.facts(file);
        let name = bound_to(facts, at);
        let response = sends(kit, rule, file, facts.call(at).span, facts.call(at).function)?;
        let sent = match name {
            Some(name) => Sent::Named(name),
            None if matches!(response.args.first(), Some(Expr::Call(id)) if *id == at) => {
                Sent::Made(facts.call(at).span)
            }
            // What reads the generator may be closed or not.
            None => return None,
        };
        made(file, response, sent)
    }

    /// The names that the file of the response needs for it.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        let imports = self.rule.argument.imports.iter().filter(|_| self.tasks.is_none());
        let beside = self.rule.responses.first().map(|symbol| symbol.module.clone());
        let wanted = |symbol: &catalog::Symbol| Wanted {
            beside: beside.clone(),
            ..Wanted::package(&symbol.module, &symbol.name)
        };
        imports.map(wanted).collect()
    }

    /// Offset of the response.
    pub(super) fn at(&self) -> u32 {
        self.response.span.start
    }

    /// Whether the response stands in the statement around a place of its file.
    pub(super) fn is_in_statement(&self, spot: &Spot<'_>, at: Span) -> bool {
        let of = |span: Span| spot.source.statement(&span.range()).map(|node| node.byte_range());
        of(self.response.span) == of(at)
    }

    /// The edits in the file of the response; `front` is what else goes in front of its statement.
    pub(super) fn edits(
        &self,
        there: &Spot<'_>,
        metered: &str,
        front: &[String],
    ) -> Result<Vec<Edit>, Refusal> {
        let response = self.response.span.range();
        let mut front = front.to_vec();
        let mut edits = Vec::new();
        let stream = match &self.sent {
            Sent::Metered => metered.to_owned(),
            Sent::Named(name) => name.clone(),
            Sent::Made(call) => {
                let name = place::fresh_name(there.source, &response, "pieces");
                front.push(format!("{name} = {}", there.source.slice(call.range())));
                edits.push(Edit::replacement(call.range(), name.clone(), WHY));
                name
            }
        };
        if let (Some(tasks), Some(rule)) = (&self.tasks, &self.rule.tasks) {
            front.extend(filled(&rule.lines, &stream, tasks));
        } else {
            let argument = filled(&self.rule.argument.lines, &stream, "").unwrap_or_default();
            let argument = (argument.as_str(), WIDTH);
            edits.extend(place::add_argument_within(there.source, &there.style, &response, argument, WHY)?);
        }
        if !front.is_empty() {
            let lines = front.join("\n");
            edits.extend(place::before(there.source, &there.style, &response, &lines, WHY)?);
        }
        Ok(edits)
    }
}

/// The innermost response whose arguments hold what stands at `span`, or a name for what is made of it.
fn sends<'k>(
    kit: &Kit<'k>,
    rule: &catalog::Closing,
    file: FileId,
    span: Span,
    function: Option<FunctionId>,
) -> Option<&'k Call> {
    let program: &'k crate::resolve::Program = kit.cx.program;
    let facts = program.facts(file);
    let is_response = |call: &Call| {
        let def = program.resolve_path(file, call.function, &call.callee);
        rule.responses.iter().any(|symbol| after(symbol, &def).is_some_and(<[String]>::is_empty))
    };
    let made = facts.call_ids().find(|id| {
        let call = facts.call(*id);
        call.function == function && call.args_span.contains(span) && bound_to(facts, *id).is_some()
    });
    let name = made.or_else(|| facts.call_ids().find(|id| facts.call(*id).span == span));
    let name = name.and_then(|id| bound_to(facts, id));
    let holds = |call: &Call| {
        let by_name =
            |arg: &Expr| arg.as_path().and_then(|p| p.as_name()).is_some_and(|n| Some(n) == name.as_deref());
        call.args_span.contains(span) || call.args.iter().any(by_name)
    };
    let own = facts.calls.iter().filter(|call| call.function == function);
    own.filter(|call| holds(call) && is_response(call)).min_by_key(|call| call.span.len())
}

/// The name that a call's value gets, and no other.
fn bound_to(facts: &Facts, call: CallId) -> Option<String> {
    let binding = facts.bindings.iter().find(|b| b.value == Expr::Call(call))?;
    match binding.names.as_slice() {
        [only] if only.path.is_empty() => Some(only.local.clone()),
        _ => None,
    }
}

/// The parameter of the handler that lists what is run after its response.
fn tasks(facts: &Facts, function: Option<FunctionId>, rule: &catalog::Closing) -> Option<String> {
    let wanted = rule.tasks.as_ref()?;
    let named = |text: &String| text.rsplit('.').next() == Some(wanted.annotation.as_str());
    let param =
        facts.function(function?).params.iter().find(|p| p.annotation_text.as_ref().is_some_and(named))?;
    param.names.first().map(|name| name.local.clone())
}

fn filled(lines: &str, stream: &str, tasks: &str) -> Option<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.render_str(lines, context! { stream, tasks }).ok()
}

#[cfg(test)]
mod tests;
