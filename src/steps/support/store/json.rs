//! JSON documents of migrations: a value set in one, with every other byte as it was.
//!
//! Tools that write such documents print them in one fixed way, so a document is taken apart and printed again only if
//! that gives the same bytes. One that was formatted by hand is left alone.

use serde::Serialize as _;
use serde_json::{Serializer, Value, ser::PrettyFormatter};

/// A document with the way it is printed.
#[derive(Debug)]
pub(super) struct Document {
    /// What it holds.
    pub(super) value: Value,
    indent: &'static str,
    end: String,
}

impl Document {
    /// `None` when it is no JSON, or is printed in a way of its own.
    pub(super) fn read(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let end = text.get(text.trim_end().len()..)?.to_owned();
        ["  ", "\t", "    "]
            .into_iter()
            .map(|indent| Self { value: value.clone(), indent, end: end.clone() })
            .find(|document| document.text().as_deref() == Some(text))
    }

    /// The document as text.
    pub(super) fn text(&self) -> Option<String> {
        let mut bytes = Vec::new();
        let formatter = PrettyFormatter::with_indent(self.indent.as_bytes());
        self.value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter)).ok()?;
        Some(String::from_utf8(bytes).ok()? + &self.end)
    }

    /// Sets the value at a pointer, or appends it to a list; `None` when what the pointer leads through is not there.
    pub(super) fn set(&mut self, pointer: &str, value: Value) -> Option<()> {
        let (parent, last) = pointer.rsplit_once('/')?;
        let last = last.replace("~1", "/").replace("~0", "~");
        match self.value.pointer_mut(parent)? {
            Value::Object(map) => drop(map.insert(last, value)),
            Value::Array(items) if last == "-" => items.push(value),
            _ => return None,
        }
        Some(())
    }
}

/// A document as a template sees it: numbers as numbers.
pub(super) fn for_template(value: &Value) -> minijinja::Value {
    match value {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(flag) => minijinja::Value::from(*flag),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => minijinja::Value::from(whole),
            (None, part) => minijinja::Value::from(part.unwrap_or_default()),
        },
        Value::String(text) => minijinja::Value::from(text.as_str()),
        Value::Array(items) => items.iter().map(for_template).collect(),
        Value::Object(map) => {
            let pairs = map.iter().map(|(key, value)| (key.clone(), for_template(value)));
            minijinja::Value::from(pairs.collect::<std::collections::BTreeMap<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_changes_only_where_it_is_set() {
        let text = "{\n  \"id\": 1,\n  \"entries\": [\n    {\n      \"when\": 1795315574061\n    }\n  ]\n}\n";
        let mut document = Document::read(text).expect("printed as usual");
        document.set("/entries/-", serde_json::json!({"when": 2})).expect("a list");
        assert_eq!(
            document.text().expect("text"),
            text.replace("    }\n  ]", "    },\n    {\n      \"when\": 2\n    }\n  ]")
        );
        assert!(document.set("/tables/users/columns/x", Value::Null).is_none());
    }

    #[test]
    fn a_template_reads_members_and_counts() {
        let value = serde_json::json!({"entries": [{"idx": 3, "when": 41}]});
        let text = minijinja::Environment::new().render_str(
            "{{ (from.entries | last).idx + 1 }} {{ (from.entries | last).when + 1000 }}",
            minijinja::context! { from => for_template(&value) },
        );
        assert_eq!(text.ok().as_deref(), Some("4 1041"));
    }

    #[test]
    fn a_document_printed_by_hand_is_left_alone() {
        assert!(Document::read("{\"a\": 1}").is_none());
        assert!(Document::read("no json").is_none());
    }
}
