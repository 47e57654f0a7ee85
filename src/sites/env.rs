//! Where a new secret must be told: the declaration of the settings, and the committed env files.

use crate::fingerprint::App;
use crate::resolve::Program;
use crate::syntax::Span;

use super::{Detail, EnvSite, Site, SiteKind};

/// The style under which env files are reported.
pub const TEMPLATE: &str = "template";

/// The settings' declaration first, then the env files; every one is to be told.
pub fn envs(program: &Program, app: &App) -> Vec<Site> {
    let declared = app.env.site.iter().map(|site| {
        let style = app.env.style.clone().unwrap_or_default();
        let symbol = site.symbol.clone();
        let evidence = format!("settings are declared here ({style})");
        of(app, &site.file, (site.line, site.end_line), site.span, symbol, style, evidence)
    });
    let templates = app.env.files.iter().filter_map(|file| {
        let text = program.workspace().text_at(file)?;
        let end = text.as_str().len();
        let last = text.line_of(text.as_str().trim_end().len());
        let span = Span::from(end..end);
        Some(of(app, file, (last, last), span, None, TEMPLATE.to_owned(), "committed env file".to_owned()))
    });
    declared.chain(templates).collect()
}

fn of(
    app: &App,
    file: &str,
    (line, end_line): (usize, usize),
    span: Span,
    symbol: Option<String>,
    style: String,
    evidence: String,
) -> Site {
    Site {
        id: format!("{}:{file}", SiteKind::Env.as_str()),
        kind: SiteKind::Env,
        app: app.root.clone(),
        file: file.to_owned(),
        line,
        end_line,
        symbol,
        score: 0.9,
        selected: true,
        detail: Detail::Env(EnvSite { style }),
        evidence: vec![evidence],
        span,
    }
}
