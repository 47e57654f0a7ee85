//! The code that reads a provider's usage object, made from what `areas/events/tokens/` says of it.
//!
//! Providers count the same token in two places: cached input is part of `prompt_tokens` with one and beside
//! `input_tokens` with another. A [`Reader`] tells the counts apart, so that none is billed twice, that every kind can
//! have its own price, and that their sum is what the provider charges for, whether the answer was streamed or not.
//!
//! ```text
//! { prompt_tokens: 100, prompt_tokens_details: { cached_tokens: 80 }, completion_tokens: 5 }
//!   -> input_tokens 20, cache_read_tokens 80, output_tokens 5, total_tokens 105
//! ```

use crate::resolve::camel;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Columns of a line of TypeScript.
const WIDTH: usize = 80;

/// How the token counts of one kind of usage object are read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReaderEntry {
    id: String,
    /// In camel case; Python has it in snake case.
    name: String,
    doc: String,
    /// The document the object was learned from.
    source: String,
    counts: Vec<Count>,
}

/// One number of the event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Its name there.
    pub field: String,
    /// Where it is in the usage object: the sum of these, of which any may be missing.
    pub paths: Vec<String>,
    /// Fields that this number includes and that are counted by themselves.
    #[serde(default)]
    pub less: Vec<String>,
}

/// A reader, written in both languages.
#[derive(Debug, Clone, Serialize)]
pub struct Reader {
    pub id: String,
    pub doc: String,
    pub source: String,
    pub counts: Vec<Count>,
    pub typescript: ReaderCode,
    pub python: ReaderCode,
}

/// The parts of a reading function.
#[derive(Debug, Clone, Serialize)]
pub struct ReaderCode {
    /// Its name.
    pub name: String,
    /// The structural type of the usage object (TypeScript only): its name, and its body.
    pub usage: String,
    pub shape: String,
    /// Statements for the counts that are parts of others.
    pub parts: Vec<String>,
    /// Field and expression of each count.
    pub counts: Vec<(String, String)>,
}

impl From<ReaderEntry> for Reader {
    fn from(entry: ReaderEntry) -> Self {
        let stem = entry.name.strip_suffix("Tokens").unwrap_or(&entry.name);
        let mut letters = stem.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        let usage: String = first.into_iter().chain(letters).chain("Usage".chars()).collect();
        let typescript = ReaderCode {
            name: entry.name.clone(),
            shape: shape(&entry.counts),
            usage,
            ..code(&entry.counts, &TYPESCRIPT)
        };
        let python = ReaderCode { name: snake(&entry.name), ..code(&entry.counts, &PYTHON) };
        Self { id: entry.id, doc: entry.doc, source: entry.source, counts: entry.counts, typescript, python }
    }
}

/// How a language writes the reading of one number.
struct Language {
    local: fn(&str) -> String,
    declare: fn(&str, &str) -> String,
    read: fn(&str) -> String,
    /// Whether a read has to stand in parentheses beside another operator.
    wrap: bool,
}

const TYPESCRIPT: Language = Language {
    local: |field| camel(field.strip_suffix("_tokens").unwrap_or(field)),
    declare: |name, value| format!("const {name} = {value};"),
    read: |path| format!("usage.{} ?? 0", path.replace('.', "?.")),
    wrap: true,
};

const PYTHON: Language = Language {
    local: |field| field.strip_suffix("_tokens").unwrap_or(field).to_owned(),
    declare: |name, value| format!("{name} = {value}"),
    read: |path| {
        let names: Vec<String> = path.split('.').map(|name| format!("\"{name}\"")).collect();
        format!("_count(usage, {})", names.join(", "))
    },
    wrap: false,
};

fn code(counts: &[Count], language: &Language) -> ReaderCode {
    let is_part = |count: &Count| counts.iter().any(|other| other.less.contains(&count.field));
    let value = |count: &Count| {
        let alone = count.paths.len() + count.less.len() == 1;
        let reads: Vec<String> = count
            .paths
            .iter()
            .map(|path| (language.read)(path))
            .map(|read| if language.wrap && !alone { format!("({read})") } else { read })
            .collect();
        let less: String = count.less.iter().map(|field| format!(" - {}", (language.local)(field))).collect();
        format!("{}{less}", reads.join(" + "))
    };
    let parts: Vec<&Count> = counts.iter().filter(|c| is_part(c)).collect();
    ReaderCode {
        name: String::new(),
        usage: String::new(),
        shape: String::new(),
        parts: parts
            .iter()
            .map(|count| (language.declare)(&(language.local)(&count.field), &value(count)))
            .collect(),
        counts: counts
            .iter()
            .map(|count| {
                let expr = if is_part(count) { (language.local)(&count.field) } else { value(count) };
                (count.field.clone(), expr)
            })
            .collect(),
    }
}

/// The members of the usage object that are read, as the body of a TypeScript type.
fn shape(counts: &[Count]) -> String {
    let mut members: Vec<(&str, Vec<&str>)> = Vec::new();
    for path in counts.iter().flat_map(|c| &c.paths) {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        match members.iter_mut().find(|(name, _)| *name == first) {
            Some((_, inner)) => inner.push(rest),
            None => members.push((first, vec![rest])),
        }
    }
    let mut body = String::from("{\n");
    for (name, inner) in members {
        let inner: Vec<String> =
            inner.iter().filter(|i| !i.is_empty()).map(|i| format!("{i}?: Count")).collect();
        let one_line = format!("  {name}?: {{ {} }} | null;\n", inner.join("; "));
        if inner.is_empty() {
            let _ = writeln!(body, "  {name}?: Count;");
        } else if one_line.len() <= WIDTH {
            body.push_str(&one_line);
        } else {
            let lines: String = inner.iter().map(|i| format!("    {i};\n")).collect();
            let _ = write!(body, "  {name}?: {{\n{lines}  }} | null;\n");
        }
    }
    body.push('}');
    body
}

fn snake(camel: &str) -> String {
    let mut out = String::new();
    for c in camel.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::readers;
    use serde_json::{Value, json};

    fn told(reader: &super::Reader, raw: &dyn Fn(&str) -> i64, field: &str) -> i64 {
        let count = reader.counts.iter().find(|c| c.field == field).unwrap();
        raw(field) - count.less.iter().map(|f| told(reader, raw, f)).sum::<i64>()
    }

    /// What a reader makes of a usage object, as the written code does.
    fn read(id: &str, usage: &Value) -> Vec<(String, i64)> {
        let readers = readers().unwrap();
        let reader = readers.iter().find(|r| r.id == id).unwrap();
        let number = |path: &str| {
            path.split('.').try_fold(usage, |at, name| at.get(name)).and_then(Value::as_i64).unwrap_or(0)
        };
        let raw = |field: &str| -> i64 {
            let count = reader.counts.iter().find(|c| c.field == field).unwrap();
            count.paths.iter().map(|p| number(p)).sum()
        };
        let mut all: Vec<(String, i64)> = reader
            .counts
            .iter()
            .map(|c| (c.field.clone(), told(reader, &raw, &c.field)))
            .filter(|(_, n)| *n > 0)
            .collect();
        all.push(("total_tokens".into(), all.iter().map(|(_, n)| n).sum()));
        all
    }

    #[test]
    fn every_kind_of_token_is_counted_once_and_the_sum_is_what_the_provider_says() {
        // Usage objects as the providers document them, each with the sum that is charged for.
        let documented = [
            (
                "openai-chat",
                json!({"prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306, "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 128, "audio_tokens": 0}}),
                2306,
            ),
            (
                "openai-responses",
                json!({"input_tokens": 81, "input_tokens_details": {"cached_tokens": 64}, "output_tokens": 1035, "output_tokens_details": {"reasoning_tokens": 832}, "total_tokens": 1116}),
                1116,
            ),
            (
                "anthropic-messages",
                json!({"input_tokens": 50, "cache_read_input_tokens": 20000, "cache_creation_input_tokens": 248, "output_tokens": 300, "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100}}),
                20598,
            ),
            (
                "gemini",
                json!({"promptTokenCount": 40, "cachedContentTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "totalTokenCount": 52}),
                52,
            ),
            (
                "ai-sdk",
                json!({"inputTokens": 20, "inputTokenDetails": {"noCacheTokens": 16, "cacheReadTokens": 3, "cacheWriteTokens": 1}, "outputTokens": 2, "outputTokenDetails": {"textTokens": 1, "reasoningTokens": 1}, "totalTokens": 22}),
                22,
            ),
            (
                "bedrock-converse",
                json!({"inputTokens": 30, "cacheReadInputTokens": 100, "outputTokens": 628}),
                758,
            ),
            (
                "langchain",
                json!({"input_tokens": 350, "output_tokens": 240, "total_tokens": 590, "input_token_details": {"audio": 10, "cache_creation": 200, "cache_read": 100}, "output_token_details": {"audio": 10, "reasoning": 200}}),
                590,
            ),
        ];
        for (id, usage, total) in documented {
            let counts = read(id, &usage);
            assert_eq!(counts.last().unwrap().1, total, "{id}: {counts:?}");
            assert!(counts.iter().all(|(_, n)| *n > 0), "{id}: {counts:?}");
        }
    }

    #[test]
    fn the_parts_of_a_count_are_taken_out_of_it() {
        let usage = json!({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 80}, "completion_tokens": 5});
        let expected =
            [("input_tokens", 20), ("cache_read_tokens", 80), ("output_tokens", 5), ("total_tokens", 105)];
        assert_eq!(read("openai-chat", &usage), expected.map(|(f, n)| (f.to_owned(), n)));
        let plain = json!({"prompt_tokens": 7, "completion_tokens": 3});
        let expected = [("input_tokens", 7), ("output_tokens", 3), ("total_tokens", 10)];
        assert_eq!(read("openai-chat", &plain), expected.map(|(f, n)| (f.to_owned(), n)));
    }
}
