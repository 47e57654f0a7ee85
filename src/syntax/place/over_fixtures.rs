//! Every rewrite at every call of every sample app: whatever is not refused must parse as well as before.

use std::path::{Path, PathBuf};

use super::*;
use crate::edit::{ChangeSet, EditUnit};
use crate::syntax::imports::{ImportRequest, get_or_import};
use crate::syntax::style::Indent;
use crate::syntax::{facts, imports};
use crate::workspace::{Language, LineEnding, SourceText, Workspace};

fn code_files(root: &Path) -> Vec<(PathBuf, Language, String)> {
    let files = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().filter_entry(|e| {
        !matches!(e.file_name().to_str(), Some("node_modules" | ".venv" | ".next" | "__pycache__" | "dist"))
    });
    files
        .filter_map(|e| {
            let path = e.unwrap().into_path();
            let language = Language::of(path.to_str()?).filter(|l| l.is_code())?;
            let text = std::fs::read_to_string(&path).ok().filter(|_| path.is_file())?;
            Some((path, language, text))
        })
        .collect()
}

fn parses_as_before(
    faults: &mut Vec<String>,
    path: &Path,
    text: &str,
    edits: Vec<Edit>,
    what: &str,
) -> String {
    let name = path.to_str().unwrap();
    let mut set = ChangeSet::new();
    set.push(EditUnit::new(what, "w").edits(name, edits)).unwrap_or_else(|e| panic!("{what} in {name}: {e}"));
    let outcome = set.outcome(&Workspace::in_memory([(name, text)])).unwrap();
    let after = outcome.file(name).map_or(text, |f| f.after().as_str()).to_owned();
    // An edit inside of something that is not understood is refused later on; what is asked here is the rest.
    for error in outcome.check().err().into_iter().flatten() {
        if let crate::edit::CheckError::Broken { line, .. } = error {
            let lines: Vec<&str> = after.lines().skip(line.saturating_sub(4)).take(8).collect();
            faults.push(format!("{what}:\n{}\n", lines.join("\n")));
        }
    }
    after
}

fn try_file(faults: &mut Vec<String>, path: &Path, language: Language, text: &str) {
    let Some(source) = Source::parse(language, text) else { return };
    let style = Style::of(&source);
    let python = language == Language::Python;
    let facts = facts(language, text);
    let statements =
        if python { "if not ok:\n    return\nx(\"a\")" } else { "if (!ok) {\n  y({ a: \"b\" });\n}\nx();" };
    for call in &facts.calls {
        let range = call.span.range();
        let what = format!(
            "{} at {}:{}",
            call.callee.dotted(),
            path.display(),
            SourceText::new(text.into()).line_of(range.start)
        );
        for result in [super::ResultUse::Needed, super::ResultUse::NotNeeded] {
            let request = WithResult { call: &range, prefer: "result", result, promise: true, why: "w" };
            let use_it = |name: &str| if python { format!("use({name})") } else { format!("use({name});") };
            if let Ok((edits, _)) = after_call(&source, &style, &request, use_it) {
                parses_as_before(faults, path, text, edits, &format!("{result:?} of {what}"));
            }
        }
        if let Ok(edits) = before(&source, &style, &range, statements, "w") {
            parses_as_before(faults, path, text, edits, &format!("before {what}"));
        }
        if let Ok(edits) = after(&source, &style, &range, statements, "w") {
            parses_as_before(faults, path, text, edits, &format!("after {what}"));
        }
        let argument = if python { "k_new=1" } else { "kNew" };
        if let Ok(edits) = add_argument(&source, &style, &range, argument, "w") {
            parses_as_before(faults, path, text, edits, &format!("argument of {what}"));
        }
    }
    for function in &facts.functions {
        let parameter = if python { "k_new=None" } else { "kNew = null" };
        if let Ok(edits) = add_parameter(&source, &style, &function.span.range(), parameter, "w") {
            parses_as_before(faults, path, text, edits, &format!("parameter of {}", function.symbol));
        }
    }
    for name in [imports::ImportName::Named("kNew"), imports::ImportName::Namespace] {
        let request = ImportRequest { name, local: Some("kNew"), ..ImportRequest::named("./k-new", "") };
        let request = if python { ImportRequest { module: "app.kNew", ..request } } else { request };
        let (edits, bound) = get_or_import(&source, &style, &request).unwrap();
        let after = parses_as_before(faults, path, text, edits, "import");
        let again = Source::parse(language, &after).unwrap();
        assert_eq!(get_or_import(&again, &style, &request), Ok((Vec::new(), bound)), "{}", path.display());
    }
}

#[test]
fn every_rewrite_at_every_call_of_the_sample_apps_parses() {
    let files = code_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    let mut faults = Vec::new();
    for (i, (path, language, text)) in files.iter().enumerate() {
        try_file(&mut faults, path, *language, text);
        // Some of them with the other line end.
        if i % 4 == 0 {
            try_file(&mut faults, path, *language, &text.replace("\r\n", "\n").replace('\n', "\r\n"));
        }
    }
    assert_eq!(faults.join("\n"), "");
}

#[test]
fn every_file_of_the_sample_apps_can_take_another_style_and_means_the_same() {
    for (path, language, text) in code_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")) {
        let source = Source::parse(language, &text).unwrap();
        if source.root().has_error() {
            continue;
        }
        let style = Style {
            indent: Indent::Tab,
            quote: '\'',
            semicolons: false,
            trailing_commas: false,
            trailing_commas_in_calls: false,
            brace_spacing: false,
            line_ending: LineEnding::Lf,
            commonjs: false,
        };
        let other = restyle(&text, language, &style);
        let after = Source::parse(language, &other).unwrap();
        assert!(!after.root().has_error(), "{}\n{other}", path.display());
        assert_eq!(shape(&source), shape(&after), "{}", path.display());
    }
}

/// The kinds of all named nodes in order: what a change of style must not touch.
fn shape(source: &Source<'_>) -> Vec<u16> {
    let mut kinds = Vec::new();
    walk(source.root(), &mut |node| {
        if node.is_named() && node.kind() != "jsx_text" {
            kinds.push(node.kind_id());
        }
    });
    kinds
}
