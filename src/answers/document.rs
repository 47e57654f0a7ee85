//! Reading `credyt.toml` with the place of every value, and writing one answer into its text.
//!
//! Writing works on the text, not on a parsed tree: the value's own bytes are replaced, or one line is added at the
//! end of its table. Comments, order, line ends and spacing elsewhere cannot change, because they are never printed.

use std::collections::BTreeMap;
use std::ops::Range;

use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::{dotted, string};
use super::schema::{self, Problem};
use super::{AnswersError, Key, Value};

/// First lines of a new file.
const HEADER: &str = "\
# Answers given to `credyt-integrate`, so that a rerun asks nothing twice.
# Commit this file; it holds no secret.
version = 1
";

/// Every answer of a text; unknown keys and unfitting values are errors that name the line.
pub(super) fn read(file: &str, text: &str) -> Result<BTreeMap<Key, Value>, AnswersError> {
    let table = parse(file, text)?;
    let mut reader = Reader { file, text, values: BTreeMap::new() };
    reader.table(table.get_ref(), &mut Vec::new())?;
    Ok(reader.values)
}

/// The text with one answer added or replaced. The text must be one that [`read`] accepted.
pub(super) fn write(text: &str, key: &Key, value: &Value) -> String {
    let written = literal(value);
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let base = if text.trim().is_empty() { format!("{text}{HEADER}") } else { text.to_owned() };
    let Ok(table) = DeTable::parse(&base) else { return base };
    if let Some(span) = find(table.get_ref(), key.parts()).map(Spanned::span) {
        return splice(&base, span, &written);
    }
    let (table_path, name) = key.split();
    let line = format!("{} = {written}", dotted(&[name.to_owned()]));
    if let Some(at) = insertion(&base, table.get_ref(), table_path) {
        return insert_line(&base, at, &line, newline);
    }
    let end = if base.ends_with('\n') { "" } else { newline };
    format!("{base}{end}{newline}[{}]{newline}{line}{newline}", dotted(table_path))
}

/// `KEY=VALUE` as typed on a command line: the value as TOML where it is TOML, as bare text otherwise.
pub(super) fn argument(argument: &str) -> Result<(Key, Value), AnswersError> {
    const FROM: &str = "--set";
    let bad =
        |message: &str| AnswersError::Syntax { file: FROM.to_owned(), line: 1, message: message.to_owned() };
    let (key, value) = split_argument(argument).ok_or_else(|| bad("expected `KEY=VALUE`"))?;
    let key_of = |text: &str| -> Option<Key> {
        let table = DeTable::parse(text).ok()?;
        let mut parts = Vec::new();
        let mut at = table.get_ref();
        loop {
            let (name, value) = at.iter().next()?;
            parts.push(name.get_ref().to_string());
            match value.get_ref() {
                DeValue::Table(inner) => at = inner,
                _ => return Some(Key::from_parts(parts)),
            }
        }
    };
    let key = key_of(&format!("{key} = 0"))
        .ok_or_else(|| bad("the key is not a TOML key; quote parts that hold dots or slashes"))?;
    let kind = schema::kind_of(key.parts()).ok_or_else(|| Problem::Unknown.at(FROM, 1, &key))?;
    let as_toml = format!("v = {value}");
    let parsed = DeTable::parse(&as_toml).ok().and_then(|table| {
        let found = find(table.get_ref(), &["v".to_owned()])?;
        value_of(&as_toml, found)
    });
    let as_text = match kind {
        schema::Kind::Areas => {
            Value::List(value.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect())
        }
        _ => Value::Text(value.to_owned()),
    };
    let fits = |candidate: Value| schema::check(&key, candidate).ok();
    let value = parsed
        .and_then(fits)
        .or_else(|| fits(as_text))
        .ok_or_else(|| Problem::Expected(kind).at(FROM, 1, &key))?;
    Ok((key, value))
}

/// Splits at the first `=` outside quotes.
fn split_argument(argument: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in argument.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '=') => return Some((argument.get(..at)?.trim(), argument.get(at + 1..)?.trim())),
            _ => {}
        }
    }
    None
}

fn parse<'t>(file: &str, text: &'t str) -> Result<Spanned<DeTable<'t>>, AnswersError> {
    DeTable::parse(text).map_err(|error| AnswersError::Syntax {
        file: file.to_owned(),
        line: error.span().map_or(1, |span| line_of(text, span.start)),
        message: error.message().to_owned(),
    })
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    values: BTreeMap<Key, Value>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, path: &mut Vec<String>) -> Result<(), AnswersError> {
        for (name, value) in table {
            path.push(name.get_ref().to_string());
            self.entry(line_of(self.text, name.span().start), value, path)?;
            path.pop();
        }
        Ok(())
    }

    fn entry(
        &mut self,
        line: usize,
        value: &Spanned<DeValue<'_>>,
        path: &mut Vec<String>,
    ) -> Result<(), AnswersError> {
        let key = Key::from_parts(path.clone());
        if path.as_slice() == ["version"] {
            let found = self.text.get(value.span()).unwrap_or_default();
            return if found == "1" {
                Ok(())
            } else {
                Err(AnswersError::Version { file: self.file.to_owned(), found: found.to_owned() })
            };
        }
        if schema::is_table(path) {
            return match value.get_ref() {
                // New answers are added as lines, which an inline table has no place for.
                DeValue::Table(inner) if !self.text.get(value.span()).is_some_and(|t| t.starts_with('{')) => {
                    self.table(inner, path)
                }
                _ => Err(AnswersError::BadValue {
                    file: self.file.to_owned(),
                    line,
                    key: key.to_string(),
                    expected: "a table under a `[header]`".to_owned(),
                }),
            };
        }
        let Some(kind) = schema::kind_of(path) else {
            return Err(Problem::Unknown.at(self.file, line, &key));
        };
        let read = value_of(self.text, value).ok_or(Problem::Expected(kind));
        let checked = read.and_then(|value| schema::check(&key, value));
        self.values.insert(key.clone(), checked.map_err(|problem| problem.at(self.file, line, &key))?);
        Ok(())
    }
}

/// The value of a node, `None` for kinds no answer has.
fn value_of(text: &str, node: &Spanned<DeValue<'_>>) -> Option<Value> {
    Some(match node.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        // From the source, so that 0.10 stays 0.10 and no float rounds it.
        DeValue::Integer(_) | DeValue::Float(_) => {
            Value::Number(text.get(node.span())?.replace('_', "").parse::<Decimal>().ok()?)
        }
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::String(text) => Some(text.to_string()),
                    _ => None,
                })
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

fn literal(value: &Value) -> String {
    match value {
        Value::Text(text) => string(text),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(|item| string(item)).collect::<Vec<_>>().join(", "))
        }
        // No key of the file takes one.
        Value::Secret(_) => string(""),
    }
}

fn find<'a, 't>(table: &'a DeTable<'t>, path: &[String]) -> Option<&'a Spanned<DeValue<'t>>> {
    let (first, rest) = path.split_first()?;
    let value = table.iter().find(|(name, _)| name.get_ref().as_ref() == first.as_str())?.1;
    if rest.is_empty() {
        return Some(value);
    }
    match value.get_ref() {
        DeValue::Table(inner) => find(inner, rest),
        _ => None,
    }
}

/// Byte offset just past the line after which a new line of this table goes; `None` when the table has no line yet.
fn insertion(text: &str, root: &DeTable<'_>, path: &[String]) -> Option<usize> {
    let table = if path.is_empty() {
        root
    } else {
        match find(root, path)?.get_ref() {
            DeValue::Table(table) => table,
            _ => return None,
        }
    };
    let last_value = table
        .values()
        .filter(|value| !matches!(value.get_ref(), DeValue::Table(_)))
        .map(|value| value.span().end)
        .max();
    let end = match (last_value, path.is_empty()) {
        (Some(end), _) => end,
        // A top-level key of a file that has only tables goes above them.
        (None, true) => return Some(0),
        (None, false) => find(root, path)?.span().start,
    };
    let rest = text.get(end..)?;
    Some(rest.find('\n').map_or(text.len(), |at| end + at + 1))
}

fn insert_line(text: &str, at: usize, line: &str, newline: &str) -> String {
    let lead = if at > 0 && !text.get(..at).is_some_and(|t| t.ends_with('\n')) { newline } else { "" };
    splice(text, at..at, &format!("{lead}{line}{newline}"))
}

fn splice(text: &str, range: Range<usize>, with: &str) -> String {
    let before = text.get(..range.start).unwrap_or(text);
    let after = text.get(range.end..).unwrap_or_default();
    format!("{before}{with}{after}")
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}
