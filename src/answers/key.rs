//! The name of one answer: a path of TOML keys, shown as a user would write it.

/// Path of an answer in `credyt.toml`, for instance `asset` or `events."app/chat/route.ts#POST:0".estimate`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<String>);

impl Key {
    /// A key of the file's top level.
    pub fn top(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// The API key: asked for, but never kept; `credyt.toml` and `--set` know no such key.
    pub fn api_key() -> Self {
        Self::top("api_key")
    }

    /// A key of one paid call, by its site's id without `billable:`.
    pub fn event(site: &str, name: &str) -> Self {
        Self(vec!["events".to_owned(), site.to_owned(), name.to_owned()])
    }

    /// Whether one site that is not a paid call is used.
    pub fn site(id: &str) -> Self {
        Self(vec!["sites".to_owned(), id.to_owned()])
    }

    /// A key of any depth; at least one part.
    pub(super) fn from_parts(parts: Vec<String>) -> Self {
        Self(parts)
    }

    /// The parts, outermost first.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The last part, and the table it stands in.
    pub(super) fn split(&self) -> (&[String], &str) {
        match self.0.split_last() {
            Some((name, table)) => (table, name),
            None => (&[], ""),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&dotted(&self.0))
    }
}

/// The parts as a dotted TOML key, quoted where TOML wants it.
pub(super) fn dotted(parts: &[String]) -> String {
    parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(".")
}

fn quoted(part: &str) -> String {
    let bare = !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { part.to_owned() } else { string(part) }
}

/// A TOML basic string.
pub(super) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => out.extend(format!("\\u{:04X}", c as u32).chars()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
