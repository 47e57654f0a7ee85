//! What configuration files say about style, read as data.

use super::Indent;

/// Answers of configuration files; `None` where they say nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StyleConfig {
    /// One level of indentation.
    pub indent: Option<Indent>,
    /// `'` rather than `"`.
    pub single_quotes: Option<bool>,
    /// Statements end with `;`.
    pub semicolons: Option<bool>,
    /// Commas after the last element of an object, array or import list.
    pub trailing_commas: Option<bool>,
    /// Commas after the last argument or parameter.
    pub trailing_commas_in_calls: Option<bool>,
    /// `{ a }` rather than `{a}`.
    pub brace_spacing: Option<bool>,
    /// Lines end with `\r\n`.
    pub crlf: Option<bool>,
}

impl StyleConfig {
    /// `.prettierrc` as JSON or as flat YAML, or the `prettier` key of `package.json` as JSON text. Anything else is
    /// no answer.
    pub fn prettier(text: &str) -> Self {
        let json: Option<serde_json::Value> =
            jsonc_parser::parse_to_serde_value(text, &jsonc_parser::ParseOptions::default()).ok();
        let get = |key: &str| -> Option<String> {
            match json.as_ref().filter(|v| v.is_object()) {
                Some(json) => json.get(key).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)),
                None => flat_yaml(text, key),
            }
        };
        let flag = |key: &str| get(key).and_then(|v| v.parse::<bool>().ok());
        let width = get("tabWidth").and_then(|v| v.parse::<u8>().ok());
        let commas = get("trailingComma");
        Self {
            indent: match flag("useTabs") {
                Some(true) => Some(Indent::Tab),
                _ => width.filter(|n| (1..=8).contains(n)).map(Indent::Spaces),
            },
            single_quotes: flag("singleQuote"),
            semicolons: flag("semi"),
            trailing_commas: commas.as_deref().map(|c| c != "none"),
            trailing_commas_in_calls: commas.as_deref().map(|c| c == "all"),
            brace_spacing: flag("bracketSpacing"),
            crlf: get("endOfLine").filter(|v| v != "auto").map(|v| v == "crlf"),
        }
    }

    /// `.editorconfig`, for a file with this name.
    pub fn editorconfig(text: &str, file_name: &str) -> Self {
        let mut config = Self::default();
        let mut applies = false;
        let (mut tabs, mut size) = (None, None);
        for line in text.lines().map(str::trim) {
            if let Some(pattern) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                applies = globset::Glob::new(pattern).is_ok_and(|g| g.compile_matcher().is_match(file_name));
                continue;
            }
            let Some((key, value)) =
                line.split_once('=').filter(|_| applies && !line.starts_with(['#', ';']))
            else {
                continue;
            };
            let value = value.trim().to_ascii_lowercase();
            match key.trim().to_ascii_lowercase().as_str() {
                "indent_style" => tabs = Some(value == "tab"),
                "indent_size" => size = value.parse::<u8>().ok().filter(|n| (1..=8).contains(n)),
                "end_of_line" => config.crlf = Some(value == "crlf"),
                "quote_type" => config.single_quotes = Some(value == "single"),
                _ => {}
            }
        }
        config.indent = if tabs == Some(true) { Some(Indent::Tab) } else { size.map(Indent::Spaces) };
        config
    }

    /// These answers where there are any, else those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            indent: self.indent.or(other.indent),
            single_quotes: self.single_quotes.or(other.single_quotes),
            semicolons: self.semicolons.or(other.semicolons),
            trailing_commas: self.trailing_commas.or(other.trailing_commas),
            trailing_commas_in_calls: self.trailing_commas_in_calls.or(other.trailing_commas_in_calls),
            brace_spacing: self.brace_spacing.or(other.brace_spacing),
            crlf: self.crlf.or(other.crlf),
        }
    }
}

/// The value of `key: value` at the start of a line.
fn flat_yaml(text: &str, key: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let value = line.strip_prefix(key)?.trim_start().strip_prefix(':')?;
        let value = value.split(" #").next().unwrap_or(value).trim();
        Some(value.trim_matches(['"', '\'']).to_owned())
    })
}
