//! Which member of a record type is its key, and how it is declared.

use crate::sites::cx::Cx;
use crate::syntax::{ClassId, Span};
use crate::workspace::FileId;

use super::models::with_bases;

/// The key of a record type: its member, and the text that declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `id`
    pub member: String,
    /// From the member's name to the end of the line with the mark.
    pub declaration: String,
}

/// The key of the record type declared at a span; members may stand in classes it extends. `None` when nothing is marked
/// as a key.
pub fn key_of(cx: &Cx<'_>, file: FileId, span: Span, marks: &[String]) -> Option<Key> {
    let facts = cx.program.facts(file);
    let class = facts.classes.iter().position(|c| c.span == span);
    let text = match class {
        Some(index) => with_bases(cx, file, ClassId(index as u32), 0),
        None => cx.slice(file, span),
    };
    let member = primary(&text, marks)?;
    let mark = first_mark(&text, marks)?;
    let mut at = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let names = leading_word(line.trim_start()).as_deref() == Some(member.as_str());
        if names && offset <= mark {
            at = Some(offset);
        }
        offset += line.len();
    }
    let end = text.get(mark..)?.find('\n').map_or(text.len(), |n| mark + n);
    Some(Key { declaration: text.get(at.unwrap_or(mark)..end)?.trim().to_owned(), member })
}

/// The field whose declaration holds one of the marks.
pub(super) fn primary(text: &str, marks: &[String]) -> Option<String> {
    let at = first_mark(text, marks)?;
    let line_start = text.get(..at)?.rfind('\n').map_or(0, |n| n + 1);
    let line = text.get(line_start..)?.lines().next()?.trim_start();
    if line.starts_with('@') {
        // A decorator: the field follows.
        let after = text.get(line_start..)?.lines().map(str::trim_start).find(|l| !l.starts_with('@'))?;
        return leading_word(after);
    }
    let names = |l: &str| {
        let word = leading_word(l)?;
        let rest = l.strip_prefix(word.as_str())?;
        (rest.starts_with([':', ' ', '=', '\t', '?', '!']) && !rest.trim_start().starts_with('('))
            .then_some(word)
    };
    let own = text.get(line_start..at)?.trim_start();
    if let Some(word) = names(own) {
        return Some(word);
    }
    let mut before = text.get(..line_start)?.lines().rev();
    if line.starts_with('.') {
        // A method in a chain: the member stands where the chain begins.
        return before.map(str::trim_start).find(|l| !l.starts_with('.')).and_then(names);
    }
    // One of several options: the member is the one whose brackets they stand in.
    let mut open = opened(own);
    before
        .find(|l| {
            open += opened(l);
            open > 0
        })
        .and_then(|l| names(l.trim_start()))
}

/// How many brackets a line opens and does not close.
fn opened(line: &str) -> i32 {
    line.chars().map(|c| i32::from("([{".contains(c)) - i32::from(")]}".contains(c))).sum()
}

fn first_mark(text: &str, marks: &[String]) -> Option<usize> {
    let at = marks.iter().filter_map(|m| {
        // `@@id` is not `@id`: it names several fields.
        let doubled = |i: usize| m.starts_with('@') && text.get(..i).is_some_and(|t| t.ends_with('@'));
        text.match_indices(m.as_str()).map(|(i, _)| i).find(|i| !doubled(*i))
    });
    at.min()
}

fn leading_word(line: &str) -> Option<String> {
    let word: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marked_member_is_the_key() {
        let marks = [
            "@id".to_owned(),
            "primaryKey: true".to_owned(),
            ".primaryKey(".to_owned(),
            "primary_key=True".to_owned(),
        ];
        for (text, member) in [
            ("model User {\n  @@id([a, b])\n  key Int @id\n}", "key"),
            ("{\n  uid: text('uid')\n    .primaryKey()\n}", "uid"),
            (
                "{\n  id: {\n    type: DataTypes.UUID,\n    defaultValue: DataTypes.UUIDV4,\n    primaryKey: true,\n  },\n}",
                "id",
            ),
            ("    id: Mapped[int] = mapped_column(primary_key=True)\n", "id"),
        ] {
            assert_eq!(primary(text, &marks).as_deref(), Some(member), "{text}");
        }
        assert_eq!(primary("{\n  id: text('id')\n}", &marks), None);
    }
}
