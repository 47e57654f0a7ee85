//! Where the code has the JSON of an answer: the numbers to bill by stand in it.

use std::ops::Range;

use super::{Client, Order, Spot, clients, outcome, sent};
use crate::catalog::{Answered, Succeeded, UsageField};
use crate::edit::Edit;
use crate::syntax::place::{self, ResultUse, WithResult};
use crate::syntax::{Binding, BindingKind, Call};

/// The JSON of an answer.
pub(super) struct Json {
    /// Where the app has it.
    pub(super) at: At,
    /// It is read only where the answer is known to be a success.
    pub(super) checked: bool,
}

/// Where the code has the JSON of an answer.
pub(super) enum At {
    /// The expression for it, and the statement behind which it is known.
    Known { value: String, after: Range<usize> },
    /// The call that reads it in the middle of something: `return response.json()`.
    Read(Range<usize>),
}

impl At {
    /// Offset from which on it is at hand.
    pub(super) const fn start(&self) -> usize {
        match self {
            Self::Known { after: at, .. } | Self::Read(at) => at.start,
        }
    }

    /// Code right behind it; `write` is told the expression for it.
    pub(super) fn followed_by(
        &self,
        spot: &Spot<'_>,
        why: &str,
        write: impl Fn(&str) -> String,
    ) -> Result<Vec<Edit>, String> {
        let edits = match self {
            Self::Known { value, after } => place::after(spot.source, &spot.style, after, &write(value), why),
            Self::Read(call) => {
                let request =
                    WithResult { call, prefer: "data", result: ResultUse::Needed, promise: true, why };
                place::after_call(spot.source, &spot.style, &request, write).map(|(edits, _)| edits)
            }
        };
        edits.map_err(|refusal| refusal.to_string())
    }

    /// Whether code can stand there at all.
    fn takes_code(&self, spot: &Spot<'_>) -> bool {
        self.followed_by(spot, "", str::to_owned).is_ok()
    }
}

impl Json {
    /// The JSON that the app itself has read, where nothing gives it another type than the client does.
    pub(super) fn of(
        order: &Order<'_, '_>,
        spot: &Spot<'_>,
        call: &Call,
        answer: &Binding,
        succeeded: Option<&Succeeded>,
    ) -> Option<Self> {
        let rule = order.spend.rule();
        if (rule.usage.is_empty() && rule.tokens.is_none()) || order.spend.billable.streaming {
            return None;
        }
        let how = answered(order, spot, call)?;
        match how.json.strip_suffix("()") {
            Some(method) => read_by(method, spot, call, answer, succeeded),
            None => taken(&how.json, spot, call, answer),
        }
    }
}

/// `const data = await response.json();` or `return response.json()`: the first one on the way of an answer that succeeded,
/// before the name holds another answer.
fn read_by(
    method: &str,
    spot: &Spot<'_>,
    call: &Call,
    answer: &Binding,
    succeeded: Option<&Succeeded>,
) -> Option<Json> {
    let response = plain_name(answer)?;
    let given_again = spot.facts.bindings.iter().filter(|b| {
        b.function == answer.function
            && b.statement.start > call.span.end
            && b.names.iter().any(|n| n.local == response)
    });
    let until = given_again.map(|b| b.statement.start).min().unwrap_or(u32::MAX);
    let reads = |c: &&Call| {
        c.function == call.function
            && c.callee.root_name() == Some(response)
            && c.callee.segments.iter().eq([method])
            && c.args.is_empty()
            && (call.span.end..until).contains(&c.span.start)
    };
    spot.facts.calls.iter().filter(reads).find_map(|read| {
        let checked = outcome::on_success(spot.source, read, call, response, succeeded)?;
        let at = place_of(spot, read)?;
        at.takes_code(spot).then_some(Json { at, checked })
    })
}

/// Where the value of a call that reads JSON is at hand; `None` where a type says what it is.
fn place_of(spot: &Spot<'_>, read: &Call) -> Option<At> {
    let is_read = |b: &&Binding| b.value.as_call().is_some_and(|c| spot.facts.call(c).span == read.span);
    let Some(binding) = spot.facts.bindings.iter().find(is_read) else {
        return (!is_typed(spot, read, read.statement.end as usize)).then(|| At::Read(read.span.range()));
    };
    // The declaration of a name that is assigned to may give it a type.
    if binding.kind == BindingKind::Assigned
        || binding.annotation.is_some()
        || is_typed(spot, read, binding.statement.end as usize)
    {
        return None;
    }
    Some(match plain_name(binding) {
        Some(value) => At::Known { value: value.to_owned(), after: binding.statement.range() },
        None => At::Read(read.span.range()),
    })
}

/// `response.data`, or what a pattern has taken of it.
fn taken(member: &str, spot: &Spot<'_>, call: &Call, answer: &Binding) -> Option<Json> {
    if answer.annotation.is_some() || is_typed(spot, call, answer.statement.end as usize) {
        return None;
    }
    let local = answer.names.iter().find(|n| n.path == [member]).map(|n| n.local.clone());
    let value = local.or_else(|| Some(format!("{}.{member}", plain_name(answer)?)))?;
    let at = At::Known { value, after: answer.statement.range() };
    Some(Json { at, checked: false })
}

fn plain_name(binding: &Binding) -> Option<&str> {
    match binding.names.as_slice() {
        [name] if name.path.is_empty() => Some(&name.local),
        _ => None,
    }
}

/// Whether type arguments or a cast say what a call gives: the type may know no usage.
fn is_typed(spot: &Spot<'_>, call: &Call, end: usize) -> bool {
    let between = call.callee.span.end as usize..call.args_span.start as usize;
    let behind = spot.source.slice(call.span.end as usize..end);
    spot.source.slice(between).contains('<') || behind.contains(" as ") || behind.contains(" satisfies ")
}

/// Where the client of a request keeps the JSON of its answers. A method of a client that cannot be followed says nothing.
fn answered<'a>(order: &Order<'a, '_>, spot: &Spot<'_>, call: &Call) -> Option<&'a Answered> {
    let client = Client::of(order, spot, call)?;
    let made = sent(order, spot, call).map_or(call, |(_, inner)| inner);
    let told = !matches!(client, Client::Global) || made.callee.segments.is_empty();
    clients(order, spot, call).flat_map(|h| &h.answers).find(|how| told && client.is_of(&how.modules))
}

/// A member of a JSON value that may be missing.
pub(super) fn member(python: bool, value: &str, path: &str) -> String {
    if !python {
        return format!("{value}.{}", path.split('.').collect::<Vec<_>>().join("?."));
    }
    let mut parts: Vec<&str> = path.split('.').collect();
    let last = parts.pop().unwrap_or_default();
    let inner =
        parts.iter().fold(value.to_owned(), |inner, part| format!("({inner}.get(\"{part}\") or {{}})"));
    format!("{inner}.get(\"{last}\")")
}

/// The numbers in a JSON value, any part of which may be missing.
pub(super) fn numbers(python: bool, value: &str, fields: &[UsageField]) -> Vec<(String, String)> {
    let read = |path: &str| match path.strip_suffix(".length") {
        Some(list) if python => format!("len({} or [])", member(true, value, list)),
        _ => member(python, value, path),
    };
    fields.iter().map(|f| (f.field.clone(), read(&f.path))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_json_value_are_read_with_every_part_missing() {
        let field = |path: &str| UsageField { field: "n".into(), path: path.into(), nullable: false };
        let fields = [field("usage.total_tokens"), field("data.length")];
        let read = |python| numbers(python, "data", &fields).into_iter().map(|(_, n)| n).collect::<Vec<_>>();
        assert_eq!(read(false), ["data.usage?.total_tokens", "data.data?.length"]);
        assert_eq!(
            read(true),
            ["(data.get(\"usage\") or {}).get(\"total_tokens\")", "len(data.get(\"data\") or [])"]
        );
    }
}
