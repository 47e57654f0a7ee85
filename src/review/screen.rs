//! The one handle through which everything is printed.
//!
//! Reports go to stdout, talk (progress, warnings, prompts) to stderr; each has its own answer to "colour or not". In
//! JSON mode stdout holds exactly one document, so reports go to nobody and only [`Screen::document`] prints.
//!
//! A reader that went away (`| head`) is not an error of the program: [`ScreenError::Closed`] ends it with status 0.

use std::io::{self, IsTerminal, Write};

use console::{Color, Style};

use super::pager;
use super::text::{Label, Text};

/// Widest line of prose; longer ones are hard to read.
const PROSE_WIDTH: usize = 100;
/// Width when there is no terminal to ask.
const PLAIN_WIDTH: usize = 100;

/// Printing failed.
#[derive(Debug, thiserror::Error)]
pub enum ScreenError {
    /// Whoever read stdout went away.
    #[error("the reader of the output went away")]
    Closed,
    /// Anything else, such as a full disk.
    #[error("cannot write to stdout: {0}")]
    Write(io::Error),
}

impl From<io::Error> for ScreenError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Closed } else { Self::Write(error) }
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set; always when `CLICOLOR_FORCE` is.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// What the choice means for a stream.
    pub fn decide(self, terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
        let set = |name| env(name).filter(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR").is_some() => false,
            Self::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            Self::Auto => terminal && set("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// Stdout and stderr of one run.
pub struct Screen {
    out: Stream,
    err: Stream,
    width: usize,
    height: usize,
    reports: Reports,
    /// Lines kept for a pager.
    held: Option<Vec<Text>>,
}

/// One stream and what is known of it.
struct Stream {
    to: Box<dyn Write + Send>,
    color: bool,
    terminal: bool,
}

impl Stream {
    fn line(&mut self, text: &Text) -> io::Result<()> {
        let mut line = paint(text, self.color);
        // Blanks at a line's end serve nobody.
        line.truncate(line.trim_end_matches(' ').len());
        line.push('\n');
        self.to.write_all(line.as_bytes())
    }
}

/// Where reports go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reports {
    /// Stdout.
    Out,
    /// Stderr, beside the prompts, because stdout is a document.
    Err,
    /// Nowhere: stdout is a document and nobody watches.
    Nowhere,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("width", &self.width)
            .field("reports", &self.reports)
            .finish_non_exhaustive()
    }
}

impl Screen {
    /// The process's own streams. With `json`, reports go to stderr when a person is asked there, else nowhere.
    pub fn of_process(choice: ColorChoice, json: bool, asks: bool) -> Self {
        let env = |name: &str| std::env::var(name).ok();
        let (out, err) = (io::stdout(), io::stderr());
        let (out_terminal, err_terminal) = (out.is_terminal(), err.is_terminal());
        let (color_out, color_err) = (choice.decide(out_terminal, env), choice.decide(err_terminal, env));
        console::set_colors_enabled(color_out);
        console::set_colors_enabled_stderr(color_err);
        let size = console::Term::stderr().size_checked().or_else(|| console::Term::stdout().size_checked());
        let columns = env("COLUMNS").and_then(|columns| columns.parse().ok());
        Self {
            out: Stream { to: Box::new(out), color: color_out, terminal: out_terminal },
            err: Stream { to: Box::new(err), color: color_err, terminal: err_terminal },
            width: size.map(|(_, width)| width.into()).or(columns).unwrap_or(PLAIN_WIDTH).max(40),
            height: size.map_or(usize::MAX, |(height, _)| height.into()),
            reports: match (json, asks) {
                (false, _) => Reports::Out,
                (true, true) => Reports::Err,
                (true, false) => Reports::Nowhere,
            },
            held: None,
        }
    }

    /// Streams that are not the process's, without colour, for tests.
    pub fn of_writers(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, width: usize) -> Self {
        let stream = |to| Stream { to, color: false, terminal: false };
        Self {
            out: stream(out),
            err: stream(err),
            width,
            height: usize::MAX,
            reports: Reports::Out,
            held: None,
        }
    }

    /// Columns of the terminal.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Lines of the terminal; very many when there is none.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Whether a person reads the reports on the terminal.
    pub fn is_paged(&self) -> bool {
        self.reports == Reports::Out && self.out.terminal
    }

    /// Whether talk is read on a terminal, where a line may move.
    pub fn talks_to_terminal(&self) -> bool {
        self.err.terminal
    }

    /// A line of a report, wrapped.
    pub fn report(&mut self, text: impl Into<Text>) -> Result<(), ScreenError> {
        self.report_indented(0, text)
    }

    /// A line of a report whose wrapped lines start further in.
    pub fn report_indented(&mut self, indent: usize, text: impl Into<Text>) -> Result<(), ScreenError> {
        let lines = text.into().wrapped(self.width.min(PROSE_WIDTH), indent);
        self.report_lines(&lines)
    }

    /// Lines of a report exactly as they are, such as a diff.
    pub fn report_lines(&mut self, lines: &[Text]) -> Result<(), ScreenError> {
        if let Some(held) = &mut self.held {
            held.extend_from_slice(lines);
            return Ok(());
        }
        let stream = match self.reports {
            Reports::Out => &mut self.out,
            Reports::Err => &mut self.err,
            Reports::Nowhere => return Ok(()),
        };
        for line in lines {
            stream.line(line)?;
        }
        Ok(stream.to.flush()?)
    }

    /// Keeps reports from here on, to show them together when a person reads them on a terminal.
    pub fn hold(&mut self) {
        if self.is_paged() {
            self.held = Some(Vec::new());
        }
    }

    /// Shows what was kept, through a pager when it does not fit on the terminal.
    pub fn release(&mut self) -> Result<(), ScreenError> {
        if let Some(lines) = self.held.take() {
            pager::show(self, &lines)?;
        }
        Ok(())
    }

    /// The lines as they would be reported, for a pager.
    pub fn painted(&self, lines: &[Text]) -> String {
        lines.iter().map(|line| paint(line, self.out.color) + "\n").collect()
    }

    /// The one JSON document of a run.
    pub fn document(&mut self, document: &impl serde::Serialize) -> Result<(), ScreenError> {
        let text = serde_json::to_string_pretty(document).map_err(|e| ScreenError::Write(e.into()))?;
        self.raw(&(text + "\n"))
    }

    /// Text for another program, such as a completion script: stdout, as it is.
    pub fn raw(&mut self, text: &str) -> Result<(), ScreenError> {
        self.out.to.write_all(text.as_bytes())?;
        Ok(self.out.to.flush()?)
    }

    /// A line of talk: stderr, wrapped. Whether it can be printed changes nothing.
    pub fn say(&mut self, text: impl Into<Text>) {
        self.say_indented(0, text);
    }

    /// A line of talk whose wrapped lines start further in.
    pub fn say_indented(&mut self, indent: usize, text: impl Into<Text>) {
        for line in text.into().wrapped(self.width.min(PROSE_WIDTH), indent) {
            drop(self.err.line(&line));
        }
    }

    /// Talk without a line end: a prompt that waits for a key.
    pub fn prompt(&mut self, text: &Text) {
        let text = paint(text, self.err.color);
        drop(self.err.to.write_all(text.as_bytes()));
        drop(self.err.to.flush());
    }

    /// `error: …`
    pub fn error(&mut self, text: &str) {
        self.say_indented(7, Text::new().with(Label::Error, "error").plain(": ").then(text.into()));
    }

    /// `warning: …`
    pub fn warn(&mut self, text: &str) {
        self.say_indented(9, Text::new().with(Label::Warning, "warning").plain(": ").then(text.into()));
    }

    /// `hint: …`
    pub fn hint(&mut self, text: &str) {
        self.say_indented(6, Text::new().with(Label::Hint, "hint").plain(": ").then(text.into()));
    }
}

fn paint(text: &Text, color: bool) -> String {
    let paint = |(label, piece): &(Label, String)| match style(*label) {
        Some(style) if color => style.force_styling(true).apply_to(piece).to_string(),
        _ => piece.clone(),
    };
    text.pieces().iter().map(paint).collect()
}

/// The theme.
fn style(label: Label) -> Option<Style> {
    let style = Style::new();
    Some(match label {
        Label::Plain => return None,
        Label::Heading => style.bold(),
        Label::Path | Label::Literal => style.cyan(),
        Label::Muted | Label::Hunk => style.dim(),
        Label::Hint => style.cyan().bold(),
        Label::Success => style.green().bold(),
        Label::Warning => style.yellow().bold(),
        Label::Error => style.red().bold(),
        Label::Added => style.green(),
        Label::AddedWord => style.fg(Color::Black).on_green(),
        Label::Removed => style.red(),
        Label::RemovedWord => style.fg(Color::Black).on_red(),
        Label::Key => style.bold().cyan(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_the_flag_then_the_environment_then_the_terminal() {
        type Env = &'static [(&'static str, &'static str)];
        let env = |pairs: Env| {
            move |name: &str| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        };
        let cases: [(ColorChoice, bool, Env, bool); 9] = [
            (ColorChoice::Auto, true, &[], true),
            (ColorChoice::Auto, false, &[], false),
            (ColorChoice::Auto, true, &[("NO_COLOR", "1")], false),
            (ColorChoice::Auto, true, &[("NO_COLOR", "")], true),
            (ColorChoice::Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (ColorChoice::Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (ColorChoice::Auto, true, &[("TERM", "dumb")], false),
            (ColorChoice::Always, false, &[("NO_COLOR", "1")], true),
            (ColorChoice::Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ];
        for (choice, terminal, pairs, expected) in cases {
            assert_eq!(choice.decide(terminal, env(pairs)), expected, "{choice:?} {terminal} {pairs:?}");
        }
    }
}
