//! What checkers print, as places and words: `tsc`, `vue-tsc`, `svelte-check`, `mypy`, `pyright` and what prints like them.
//!
//! They agree on a line that begins with a path, goes on with a line number in brackets or between colons, and says `error`;
//! `svelte-check` puts the words on the next line.

use camino::Utf8Path;

use super::Problem;

/// The complaints in an output, in order.
pub(super) fn problems(output: &str, folder: &Utf8Path, root: &Utf8Path) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut lines = output.lines().map(plain).peekable();
    while let Some(line) = lines.next() {
        let Some((path, number, rest)) = place(&line) else { continue };
        let words = match said(rest) {
            Some(words) => words,
            None if rest.trim().is_empty() => {
                let Some(next) = lines.next_if(|next| next.trim_start().starts_with("Error:")) else {
                    continue;
                };
                next.trim_start().trim_start_matches("Error:").trim().to_owned()
            }
            None => continue,
        };
        found.push(Problem { file: relative(path, folder, root), line: number, text: words });
    }
    found
}

/// `src/a.ts(3,5)`, `src/a.ts:3:5`, `a.py:3`: the path, the line, and what follows.
fn place(line: &str) -> Option<(&str, usize, &str)> {
    let line = line.trim_start();
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    for (at, mark) in line.char_indices().filter(|(_, c)| matches!(c, '(' | ':')) {
        let rest = line.get(at + 1..)?;
        let count = digits(rest);
        let path = line.get(..at)?;
        let is_path =
            (path.contains('.') && !path.contains(' ') || path.contains('/')) && !path.contains("://");
        if count == 0 || !is_path {
            continue;
        }
        let number = rest.get(..count)?.parse().ok()?;
        let rest = rest.get(count..)?;
        // The column, if there is one.
        let column = |rest: &'_ str| rest.strip_prefix([',', ':']).map(digits).filter(|n| *n > 0);
        let rest = column(rest).and_then(|n| rest.get(n + 1..)).unwrap_or(rest);
        let rest = if mark == '(' { rest.strip_prefix(')')? } else { rest };
        return Some((path, number, rest));
    }
    None
}

/// What follows `error`, with the code in front of it.
fn said(rest: &str) -> Option<String> {
    let rest = rest.trim_start_matches([':', ' ', '-']);
    let words = rest.strip_prefix("error")?;
    Some(words.trim_start_matches([':', ' ']).trim().to_owned())
}

/// Without colours.
fn plain(line: &str) -> String {
    console::strip_ansi_codes(line).into_owned()
}

/// The path as the rest of the program has it.
fn relative(path: &str, folder: &Utf8Path, root: &Utf8Path) -> String {
    let full = if path.starts_with('/') { path.into() } else { folder.join(path) };
    let inner = full.strip_prefix(root).unwrap_or(&full);
    inner
        .components()
        .filter(|part| part.as_str() != ".")
        .map(|part| part.as_str())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(output: &str) -> Vec<String> {
        problems(output, Utf8Path::new("/r/apps/web"), Utf8Path::new("/r"))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_forms_of_the_usual_checkers_are_read() {
        let output = "\
src/a.ts(3,5): error TS2339: Property 'id' does not exist.
\u{1b}[96msrc/b.ts\u{1b}[0m:\u{1b}[93m7\u{1b}[0m:\u{1b}[93m1\u{1b}[0m - \u{1b}[91merror\u{1b}[0m\u{1b}[90m TS2307: \u{1b}[0mCannot find module.
app/x.py:4: error: Name \"a\" is not defined  [name-defined]
app/x.py:5: note: See the documentation
  /r/apps/web/app/y.py:9:12 - error: \"b\" is unknown (reportUndefinedVariable)
  /r/apps/web/app/y.py:9:12 - warning: Import is old
/r/apps/web/src/App.svelte:2:7
Error: Type 'string' is not assignable to type 'number'. (ts)
Found 1 error in src/a.ts:3
";
        assert_eq!(
            found(output),
            [
                "apps/web/src/a.ts:3: TS2339: Property 'id' does not exist.",
                "apps/web/src/b.ts:7: TS2307: Cannot find module.",
                "apps/web/app/x.py:4: Name \"a\" is not defined  [name-defined]",
                "apps/web/app/y.py:9: \"b\" is unknown (reportUndefinedVariable)",
                "apps/web/src/App.svelte:2: Type 'string' is not assignable to type 'number'. (ts)",
            ]
        );
    }

    #[test]
    fn what_is_no_complaint_is_none() {
        assert!(found("12:30: error in the kitchen\nok\nhttp://x/y:80 error\n: error\n(1)\n").is_empty());
    }
}
