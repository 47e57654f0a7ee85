//! How a file is written, learned from the file, and canonical text brought into that style.
//!
//! Each question (tabs or spaces, which quotes, semicolons …) is a vote of the places in the file that answer it. A file
//! without an answer takes the majority of the app, then what `.prettierrc` or `.editorconfig` say, then the
//! language's usual. Those files are read as data; nothing is run.

mod config;
mod restyle;
mod votes;

pub use config::StyleConfig;
pub use restyle::restyle;
pub use votes::Votes;
pub(crate) use votes::is_require;

use crate::workspace::{Language, LineEnding};

use super::source::Source;

/// One level of indentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Indent {
    /// A tab.
    Tab,
    /// So many spaces.
    Spaces(u8),
}

impl Indent {
    /// The characters of one level.
    pub fn unit(self) -> String {
        match self {
            Self::Tab => "\t".to_owned(),
            Self::Spaces(n) => " ".repeat(usize::from(n)),
        }
    }
}

/// Every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent yes or no about a text")]
pub struct Style {
    /// One level.
    pub indent: Indent,
    /// `'` or `"`.
    pub quote: char,
    /// Statements end with `;`.
    pub semicolons: bool,
    /// Objects, arrays and import lists over several lines end with a comma.
    pub trailing_commas: bool,
    /// Arguments and parameters over several lines end with a comma.
    pub trailing_commas_in_calls: bool,
    /// `{ a }` rather than `{a}`.
    pub brace_spacing: bool,
    /// How lines end.
    pub line_ending: LineEnding,
    /// Modules are brought in with `require`.
    pub commonjs: bool,
}

impl Style {
    /// The usual style of a language.
    pub fn usual(language: Language) -> Self {
        let python = language == Language::Python;
        Self {
            indent: Indent::Spaces(if python { 4 } else { 2 }),
            quote: '"',
            semicolons: !python,
            trailing_commas: true,
            trailing_commas_in_calls: true,
            brace_spacing: true,
            line_ending: LineEnding::Lf,
            commonjs: false,
        }
    }

    /// The style of a file: its own votes, then the app's, then configuration, then the usual.
    pub fn learn(source: &Source<'_>, app: &Votes, config: StyleConfig) -> Self {
        Self::decide(source.language, &Votes::of(source), app, config)
    }

    /// The style of a file from itself alone.
    pub fn of(source: &Source<'_>) -> Self {
        Self::learn(source, &Votes::default(), StyleConfig::default())
    }

    /// The style for a new file: the app's majority, then configuration, then the usual.
    pub fn for_new_file(language: Language, app: &Votes, config: StyleConfig) -> Self {
        Self::decide(language, &Votes::default(), app, config)
    }

    /// The styles that differ from this one in a single answer.
    pub fn neighbours(self) -> Vec<Self> {
        let indents = [Indent::Tab, Indent::Spaces(2), Indent::Spaces(4)];
        let line_ending = if self.line_ending == LineEnding::Lf { LineEnding::CrLf } else { LineEnding::Lf };
        let mut all = vec![
            Self { trailing_commas_in_calls: !self.trailing_commas_in_calls, ..self },
            Self { trailing_commas: !self.trailing_commas, ..self },
            Self { brace_spacing: !self.brace_spacing, ..self },
            Self { quote: if self.quote == '"' { '\'' } else { '"' }, ..self },
            Self { semicolons: !self.semicolons, ..self },
            Self { line_ending, ..self },
        ];
        all.extend(indents.into_iter().filter(|i| *i != self.indent).map(|indent| Self { indent, ..self }));
        all
    }

    fn decide(language: Language, file: &Votes, app: &Votes, config: StyleConfig) -> Self {
        let usual = Self::usual(language);
        let python = language == Language::Python;
        // Configuration written for one language says nothing about the other's quotes and semicolons.
        let js = |answer: Option<bool>| if python { None } else { answer };
        let pick = |of: fn(&Votes) -> Option<bool>, config: Option<bool>, usual: bool| {
            of(file).or_else(|| of(app)).or(config).unwrap_or(usual)
        };
        Self {
            indent: file.indent().or_else(|| app.indent()).or(config.indent).unwrap_or(usual.indent),
            quote: if pick(Votes::single_quotes, js(config.single_quotes), usual.quote == '\'') {
                '\''
            } else {
                '"'
            },
            semicolons: !python && pick(Votes::semicolons, config.semicolons, usual.semicolons),
            trailing_commas: pick(Votes::trailing_commas, js(config.trailing_commas), usual.trailing_commas),
            trailing_commas_in_calls: pick(
                Votes::trailing_commas_in_calls,
                js(config.trailing_commas_in_calls),
                usual.trailing_commas_in_calls,
            ),
            brace_spacing: pick(Votes::brace_spacing, js(config.brace_spacing), usual.brace_spacing),
            line_ending: if pick(Votes::crlf, config.crlf, false) {
                LineEnding::CrLf
            } else {
                LineEnding::Lf
            },
            commonjs: !python && pick(Votes::commonjs, None, usual.commonjs),
        }
    }

    /// A string literal with this value. A value that holds the quote is written with the other one.
    pub fn string(&self, value: &str) -> String {
        let other = if self.quote == '"' { '\'' } else { '"' };
        let quote = if value.contains(self.quote) && !value.contains(other) { other } else { self.quote };
        let mut out = String::from(quote);
        for c in value.chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                c if c == quote => out.extend(['\\', c]),
                c => out.push(c),
            }
        }
        out.push(quote);
        out
    }

    /// `;` or nothing.
    pub fn semicolon(&self) -> &'static str {
        if self.semicolons { ";" } else { "" }
    }

    /// `{ inner }` or `{inner}`.
    pub fn braces(&self, inner: &str) -> String {
        let [open, close] = self.brace_pair();
        format!("{open}{inner}{close}")
    }

    /// What stands around the inner part of [`Style::braces`].
    pub fn brace_pair(&self) -> [&'static str; 2] {
        if self.brace_spacing { ["{ ", " }"] } else { ["{", "}"] }
    }
}

#[cfg(test)]
mod tests;
