//! The migration that adds the column: files in the way the app's migrations are written, or a `todo` with the command.

use minijinja::{Value, context};

use crate::catalog::{Migrate, ModelShape, embedded_text};
use crate::edit::{Edit, NewFile};
use crate::steps::Todo;
use crate::steps::support::store::history::{self, Last};
use crate::steps::support::store::json::{Document, for_template};
use crate::steps::support::store::record::{Record, rendered};
use crate::steps::support::{Kit, join};
use crate::syntax::source::Source;
use crate::syntax::style::restyle;

const WHY: &str = "adds the column for the Credyt customer id";

/// What becomes of the database.
#[derive(Debug, Default)]
pub(super) struct Migrated {
    pub(super) files: Vec<(String, NewFile)>,
    pub(super) edits: Vec<(String, Edit)>,
    pub(super) todo: Vec<Todo>,
}

/// The migration; nothing for an ORM whose database needs none.
pub(super) fn plan(kit: &Kit<'_>, record: &Record<'_>) -> Migrated {
    let Some(migrate) = &record.orm.migrate else { return Migrated::default() };
    let folder = record.schema.migrations.as_deref();
    let by_hand = |why: Option<String>| {
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let text = format!("make and apply a migration for the new column: `{}`{why}", migrate.command);
        Migrated {
            todo: vec![Todo::chore(text).at(record.site.file.as_str(), record.site.line)],
            ..Migrated::default()
        }
    };
    let (Some(folder), Some(how)) = (folder, &migrate.history) else {
        return match migrate.without.as_ref().map(|text| rendered(text, &scope(kit, record, migrate, None))) {
            Some(Ok(text)) => Migrated {
                todo: vec![Todo::chore(text).at(record.site.file.as_str(), record.site.line)],
                ..Migrated::default()
            },
            _ => by_hand(None),
        };
    };
    let written = history::last(kit, folder, how).and_then(|last| write(kit, record, migrate, folder, &last));
    match written {
        Ok(mut migrated) => {
            let apply = migrate.apply.as_ref().unwrap_or(&migrate.command);
            migrated.todo.push(Todo::chore(format!("apply the new migration: `{apply}`")));
            migrated
        }
        Err(why) => by_hand(Some(why)),
    }
}

fn write(
    kit: &Kit<'_>,
    record: &Record<'_>,
    migrate: &Migrate,
    folder: &str,
    last: &Last,
) -> Result<Migrated, String> {
    let scope = scope(kit, record, migrate, Some(last));
    let for_dialect = |dialects: &[String]| {
        dialects.is_empty() || dialects.iter().any(|d| Some(d.as_str()) == record.dialect)
    };
    let mut migrated = Migrated::default();
    for file in migrate.files.iter().filter(|f| for_dialect(&f.dialects)) {
        let path = join(folder, &rendered(&file.path, &scope)?);
        let template = format!("{}/{}", record.entry.id, file.template);
        let text = embedded_text(&template).ok_or_else(|| format!("codemods/{template} is missing"))?;
        let text = in_style(kit, last, &path, &rendered(&text, &scope)?);
        migrated.files.push((path, NewFile::new(text, WHY)));
    }
    if migrated.files.is_empty() {
        return Err(format!("none is written for {}", record.dialect.unwrap_or("this database")));
    }
    for document in &migrate.json {
        let from = join(folder, &rendered(&document.from, &scope)?);
        let to = join(folder, &rendered(&document.to, &scope)?);
        let before = kit.cx.workspace.text_at(&from).ok_or_else(|| format!("`{from}` is not there"))?;
        let mut json = Document::read(before.as_str())
            .ok_or_else(|| format!("`{from}` is not as the tool writes it"))?;
        let scope = context! { from => for_template(&json.value), ..scope.clone() };
        for set in document.set.iter().filter(|s| for_dialect(&s.dialects)) {
            let at = rendered(&set.at, &scope)?;
            let value = serde_json::from_str(&rendered(&set.value, &scope)?).map_err(|e| e.to_string())?;
            json.set(&at, value).ok_or_else(|| format!("`{from}` has nothing at `{at}`"))?;
        }
        let after = json.text().ok_or_else(|| format!("`{from}` could not be written"))?;
        if from == to {
            migrated.edits.push((to, difference(before.as_str(), &after)));
        } else {
            migrated.files.push((to, NewFile::new(after, WHY)));
        }
    }
    Ok(migrated)
}

fn scope(kit: &Kit<'_>, record: &Record<'_>, migrate: &Migrate, last: Option<&Last>) -> Value {
    let variables = record.variables(kit);
    let table =
        declared_table(kit, record, migrate).or_else(|| rendered(migrate.table.as_ref()?, &variables).ok());
    let seed = format!("{}:{}", last.map_or("", |l| l.name.as_str()), record.column.member);
    let text = last.and_then(|l| kit.cx.workspace.text_at(l.path.as_ref()?));
    context! {
        table,
        last => last.map(|l| l.name.as_str()),
        next => last.map(|l| l.next.as_str()),
        head => last.and_then(|l| l.head.as_deref()),
        text => text.as_ref().map(|t| t.as_str()).unwrap_or_default(),
        revision => history::digest(&seed).get(..12),
        uuid => history::uuid(&seed),
        ..variables
    }
}

/// The table's name where the declaration says it: as an argument, or behind a word.
fn declared_table(kit: &Kit<'_>, record: &Record<'_>, migrate: &Migrate) -> Option<String> {
    let facts = kit.cx.program.facts(record.file);
    let by_argument = record.shapes().iter().find_map(|shape| {
        let ModelShape::Call { table: Some(position), .. } = shape else { return None };
        let call = facts.calls.iter().find(|c| record.site.span.contains(c.span))?;
        call.args.get(*position)?.as_str().map(str::to_owned)
    });
    by_argument.or_else(|| {
        migrate.table_in.iter().find_map(|word| {
            let (_, rest) = record.declaration.split_once(word.as_str())?;
            let line = rest.lines().next()?;
            let quote = line.chars().find(|c| matches!(c, '"' | '\''))?;
            line.split(quote).nth(1).map(str::to_owned)
        })
    })
}

/// Code in the style of the last revision.
fn in_style(kit: &Kit<'_>, last: &Last, path: &str, text: &str) -> String {
    let Some(language) = crate::workspace::Language::of(path).filter(|l| l.is_code()) else {
        return text.to_owned();
    };
    let before = last.path.as_ref().and_then(|p| kit.cx.workspace.text_at(p));
    let style = match before.as_ref().and_then(|t| Source::parse(language, t.as_str())) {
        Some(source) => kit.style_of(&source),
        None => kit.new_style(language),
    };
    restyle(text, language, &style)
}

/// The one edit between two texts.
fn difference(before: &str, after: &str) -> Edit {
    let head = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let room = before.len().min(after.len()) - head;
    let tail = before.bytes().rev().zip(after.bytes().rev()).take(room).take_while(|(a, b)| a == b).count();
    // Neither end may cut a character.
    let head = (0..=head).rev().find(|at| before.is_char_boundary(*at)).unwrap_or(0);
    let tail = (0..=tail).rev().find(|at| before.is_char_boundary(before.len() - at)).unwrap_or(0);
    let new = after.get(head..after.len() - tail).unwrap_or_default();
    Edit::replacement(head..before.len() - tail, new, WHY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_one_edit() {
        let edit = difference("[1, 2]", "[1, 3, 2]");
        assert_eq!((edit.range(), edit.text()), (4..4, "3, "));
        let edit = difference("é", "è");
        assert_eq!((edit.range(), edit.text()), (0..2, "è"));
    }
}
