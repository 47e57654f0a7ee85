//! The few lines that steps insert around paid calls, in canonical style.

use std::collections::BTreeMap;

use crate::catalog::{Snippet, UsageField};
use crate::template::Flavour;
use crate::unseen::escaped;

/// The name of a part of the data that is several: all of a mapping's.
pub const SPREAD: &str = "";

/// Columns a canonical line may have before its list is broken up.
const WIDTH: usize = 78;

/// How an inserted call is written here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calling {
    /// `await f(…)` (JavaScript, asynchronous Python).
    Awaited,
    /// `f(…)` (synchronous Python).
    Plain,
    /// `await asyncio.to_thread(f, …)`: a synchronous module called in an asynchronous function.
    InThread,
}

impl Calling {
    /// How an asynchronous or synchronous module is called in such a function; `None` when it cannot be.
    pub fn of(python: bool, module: Flavour, function_is_async: bool) -> Option<Self> {
        match (python, module, function_is_async) {
            (false, _, _) | (true, Flavour::Async, true) => Some(Self::Awaited),
            (true, Flavour::Sync, false) => Some(Self::Plain),
            (true, Flavour::Sync, true) => Some(Self::InThread),
            (true, Flavour::Async, false) => None,
        }
    }

    /// A call, its arguments on lines of their own when it is long.
    pub fn write(self, name: &str, args: &[String], python: bool) -> String {
        let (head, args) = match self {
            Self::Awaited => (format!("await {name}"), args.to_vec()),
            Self::Plain => (name.to_owned(), args.to_vec()),
            Self::InThread => {
                let all = std::iter::once(name.to_owned()).chain(args.iter().cloned()).collect();
                ("await asyncio.to_thread".to_owned(), all)
            }
        };
        let one_line = format!("{head}({})", args.join(", "));
        // Room for the name it is bound to and for the indent of the place, in lines as long as the usual formatters leave
        // them.
        let room = if python { 88 - 18 } else { WIDTH - 20 };
        if one_line.len() <= room && !one_line.contains('\n') {
            return one_line;
        }
        let pad = if python { "    " } else { "  " };
        let lines: String =
            args.iter().map(|a| format!("{pad}{},\n", a.replace('\n', &format!("\n{pad}")))).collect();
        format!("{head}(\n{lines})")
    }
}

/// One event, as the lines that record it.
pub struct Event<'a> {
    /// What whoever pays is called.
    pub noun: &'a str,
    /// The payer's id, as text.
    pub user_id: &'a str,
    /// The event type.
    pub event_type: &'a str,
    /// Volumes and dimensions: name and expression.
    pub data: &'a [(String, String)],
    /// The vendor, once costs are wired.
    pub vendor: Option<&'a str>,
    /// Expression of what names work that may be repeated.
    pub id: Option<&'a str>,
}

/// `{ userId: …, type: …, data: … }`, broken up when it is long.
pub fn event_object(event: &Event<'_>, more: &[(String, String)]) -> String {
    let mut pairs = vec![
        (format!("{}Id", event.noun), event.user_id.to_owned()),
        ("type".to_owned(), quoted(event.event_type)),
    ];
    if !event.data.is_empty() {
        pairs.push(("data".to_owned(), object(event.data, 2)));
    }
    pairs.extend(event.id.map(|id| ("id".to_owned(), id.to_owned())));
    pairs.extend(event.vendor.map(|v| ("vendor".to_owned(), quoted(v))));
    pairs.extend(more.iter().cloned());
    object(&pairs, 0)
}

/// An object literal, on one line when it fits behind an indent.
fn object(pairs: &[(String, String)], indent: usize) -> String {
    let pair = |(key, value): &(String, String)| match key.as_str() {
        SPREAD => format!("...{value}"),
        _ if key == value => key.clone(),
        _ => format!("{key}: {value}"),
    };
    let parts: Vec<String> = pairs.iter().map(pair).collect();
    let one_line = format!("{{ {} }}", parts.join(", "));
    if one_line.len() + indent + 22 <= WIDTH && !one_line.contains('\n') {
        return one_line;
    }
    let pad = " ".repeat(2);
    let lines: String =
        parts.iter().map(|p| format!("{pad}{},\n", p.replace('\n', &format!("\n{pad}")))).collect();
    format!("{{\n{lines}}}")
}

/// The keyword arguments of `record_usage` (or `StreamEvent`).
pub fn event_keywords(event: &Event<'_>) -> Vec<String> {
    let mut args = vec![
        format!("{}_id={}", event.noun, event.user_id),
        format!("event_type={}", quoted(event.event_type)),
    ];
    if !event.data.is_empty() {
        let part = |(key, value): &(String, String)| match key.as_str() {
            SPREAD => format!("**{value}"),
            _ => format!("\"{key}\": {value}"),
        };
        let parts: Vec<String> = event.data.iter().map(part).collect();
        let one_line = format!("data={{{}}}", parts.join(", "));
        args.push(if one_line.len() + 4 <= WIDTH {
            one_line
        } else {
            let lines: String = parts.iter().map(|p| format!("    {p},\n")).collect();
            format!("data={{\n{lines}}}")
        });
    }
    args.extend(event.id.map(|id| format!("event_id={id}")));
    args.extend(event.vendor.map(|v| format!("vendor={}", quoted(v))));
    args
}

/// A string literal in canonical quotes.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(&text.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// The expression of one usage number in a value. A part that may be missing is not told, which is not zero.
pub fn usage_expr(python: bool, value: &str, field: &UsageField) -> String {
    let parts: Vec<&str> = field.path.split('.').filter(|p| !p.is_empty()).collect();
    if python {
        python_usage(value, &parts, field.nullable)
    } else {
        script_usage(value, &parts, field.nullable)
    }
}

fn script_usage(value: &str, parts: &[&str], nullable: bool) -> String {
    let mut expr = value.to_owned();
    for (index, part) in parts.iter().enumerate() {
        let optional = nullable && index > 0;
        expr.push_str(if optional { "?." } else { "." });
        expr.push_str(part);
    }
    expr
}

fn python_usage(value: &str, parts: &[&str], nullable: bool) -> String {
    let (parts, counted) = match parts.split_last() {
        Some((&"length", rest)) => (rest, true),
        _ => (parts, false),
    };
    let whole = format!("{value}{}", parts.iter().map(|p| format!(".{p}")).collect::<String>());
    if counted {
        return if nullable { format!("len({whole} or [])") } else { format!("len({whole})") };
    }
    match parts.split_first() {
        Some((first, rest)) if nullable && !rest.is_empty() => {
            format!("{whole} if {value}.{first} else None")
        }
        _ => whole,
    }
}

/// A snippet of an entry with its variables filled in. A snippet with a variable that nobody gives is a fault of the
/// entry, which the catalogue's tests find; here it gives nothing.
pub fn fill(snippet: &Snippet, variables: &[(&str, &str)]) -> Option<String> {
    let mut environment = minijinja::Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let context: BTreeMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    environment.render_str(&snippet.lines, context).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str, nullable: bool) -> UsageField {
        UsageField { field: "n".into(), path: path.into(), nullable }
    }

    #[test]
    fn usage_is_read_with_what_may_be_missing() {
        assert_eq!(usage_expr(false, "r", &field("usage.total_tokens", true)), "r.usage?.total_tokens");
        assert_eq!(usage_expr(false, "r", &field("usage.total_tokens", false)), "r.usage.total_tokens");
        assert_eq!(usage_expr(false, "r", &field("data.length", true)), "r.data?.length");
        assert_eq!(
            usage_expr(true, "r", &field("usage.total_tokens", true)),
            "r.usage.total_tokens if r.usage else None"
        );
        assert_eq!(usage_expr(true, "r", &field("data.length", true)), "len(r.data or [])");
    }

    #[test]
    fn a_short_event_stays_on_one_line_and_a_long_one_is_broken_up() {
        let data = [("images".to_owned(), "1".to_owned())];
        let event = Event {
            noun: "user",
            user_id: "session.user.id",
            event_type: "image_generated",
            data: &data,
            vendor: None,
            id: None,
        };
        assert_eq!(
            event_object(&event, &[]),
            "{\n  userId: session.user.id,\n  type: \"image_generated\",\n  data: { images: 1 },\n}"
        );
        let short = Event { noun: "user", user_id: "id", event_type: "a", data: &[], vendor: None, id: None };
        assert_eq!(event_object(&short, &[]), "{ userId: id, type: \"a\" }");
        assert_eq!(
            Calling::Plain.write("f", &event_keywords(&short), true),
            "f(user_id=id, event_type=\"a\")"
        );
        assert_eq!(Calling::InThread.write("f", &["x=1".into()], true), "await asyncio.to_thread(f, x=1)");
    }
}
