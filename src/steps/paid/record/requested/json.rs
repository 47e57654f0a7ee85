//! Where the code has the JSON of an answer: the numbers to bill by stand in it.

use std::ops::Range;

use super::{Client, Order, Spot, clients};
use crate::catalog::{Answered, UsageField};
use crate::syntax::{Binding, Call};

/// The JSON of an answer.
pub(super) struct Json {
    /// The expression for it.
    pub(super) value: String,
    /// The statement behind which it is known.
    pub(super) after: Range<usize>,
}

impl Json {
    /// The JSON that the app itself has read, where nothing gives it another type than the client does.
    pub(super) fn of(order: &Order<'_, '_>, spot: &Spot<'_>, call: &Call, answer: &Binding) -> Option<Self> {
        let rule = order.spend.rule();
        if (rule.usage.is_empty() && rule.tokens.is_none())
            || order.spend.billable.streaming
            || answer.annotation.is_some()
        {
            return None;
        }
        let how = answered(order, spot, call)?;
        match how.json.strip_suffix("()") {
            Some(method) => read_by(method, spot, answer),
            None => taken(&how.json, spot, call, answer),
        }
    }
}

/// `const data = await response.json();`, in the block of the request.
fn read_by(method: &str, spot: &Spot<'_>, answer: &Binding) -> Option<Json> {
    let response = plain_name(answer)?;
    let reads = |b: &&Binding| {
        b.value.as_call().map(|id| spot.facts.call(id)).is_some_and(|c| {
            c.callee.root_name() == Some(response)
                && c.callee.segments.iter().eq([method])
                && c.args.is_empty()
                && !is_typed(spot, c, b.statement.end as usize)
        })
    };
    let same_block = |b: &&Binding| b.function == answer.function && b.scope == answer.scope;
    let read = spot.facts.bindings.iter().filter(reads).find(same_block)?;
    let value = plain_name(read).filter(|_| read.annotation.is_none())?.to_owned();
    Some(Json { value, after: read.statement.range() })
}

/// `response.data`, or what a pattern has taken of it.
fn taken(member: &str, spot: &Spot<'_>, call: &Call, answer: &Binding) -> Option<Json> {
    if is_typed(spot, call, answer.statement.end as usize) {
        return None;
    }
    let local = answer.names.iter().find(|n| n.path == [member]).map(|n| n.local.clone());
    let value = local.or_else(|| Some(format!("{}.{member}", plain_name(answer)?)))?;
    Some(Json { value, after: answer.statement.range() })
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
    let told = !matches!(client, Client::Global) || call.callee.segments.is_empty();
    clients(order, call).flat_map(|h| &h.answers).find(|how| told && client.is_of(&how.modules))
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
