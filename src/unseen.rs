//! Characters that a reader does not see, or that make a reader see something else than what is there.

/// Format characters (Unicode's category Cf, which holds the bidirectional controls), and the line and paragraph
/// separators, from the first to the last of each run.
const RUNS: [(char, char); 21] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{2066}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
];

/// Whether a character is one of them; controls such as a line end are not, see [`char::is_control`].
pub(crate) fn is_unseen(c: char) -> bool {
    !c.is_ascii() && RUNS.iter().any(|(first, last)| (*first..=*last).contains(&c))
}

/// The inside of a string literal with unseen characters as escapes that JavaScript, TypeScript and Python read alike.
pub(crate) fn escaped(literal: &str) -> String {
    if !literal.chars().any(is_unseen) {
        return literal.to_owned();
    }
    literal
        .chars()
        .map(|c| match u16::try_from(u32::from(c)) {
            Ok(unit) if is_unseen(c) => format!("\\u{unit:04x}"),
            _ => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{escaped, is_unseen};

    #[test]
    fn a_literal_reads_as_what_it_is() {
        assert_eq!(escaped("a\u{202e}b é"), "a\\u202eb é");
    }

    #[test]
    fn directions_and_joiners_are_unseen_and_letters_are_not() {
        for c in "\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{ad}\u{e0041}".chars() {
            assert!(is_unseen(c), "{c:?}");
        }
        for c in "aé漢🙂\n\t \u{301}".chars() {
            assert!(!is_unseen(c), "{c:?}");
        }
    }
}
