//! The Credyt customer id beside the app's own user, for users who want that: a column, its migration, and the two
//! functions of the customer module that read and write it.
//!
//! In comes the user record as the app declares it, out come edits that go into the unit of the customer module, because
//! neither works without the other. Everything an ORM needs is in its entry. What stands in the way (a key of an unknown
//! type, no client to go through, a sign-up with another id) is a sentence for a `todo`; nothing is written then.
//!
//! The wallet is always found by the user's own id, so the column only saves a look-up.

mod column;
mod exact;
mod handle;
mod history;
mod json;
mod lines;
mod migration;
mod record;

use crate::answers::Key;
use crate::edit::EditUnit;
use crate::steps::support::Kit;
use crate::steps::{Question, Todo};
use crate::template;

pub use record::Record;

/// Whether the customer module keeps the id already.
pub fn is_there(kit: &Kit<'_>) -> bool {
    let save = if kit.is_python() { "_save_customer_id(" } else { "saveCustomerId(" };
    kit.module_file("customer").is_some_and(|f| kit.text(f).as_str().contains(save))
}

/// The store of a customer module that has one.
pub(super) fn context(kit: &Kit<'_>) -> Option<template::Store> {
    if !is_there(kit) {
        return None;
    }
    let record = Record::find(kit).ok()?;
    lines::store(kit, &record).ok()
}

/// The question whether to keep the id, where it can be kept.
pub fn question(kit: &Kit<'_>) -> Option<Question> {
    let record = Record::find(kit).ok()?;
    lines::store(kit, &record).ok()?;
    let text = format!("Store the Credyt customer id on each `{}` record?", record.schema.model);
    Some(Question::confirm(Key::top("store_customer_id"), text, false).help(
        format!("It saves a look-up a process; without it wallets are found by the {}'s own id. It adds a column and a migration.", kit.noun()),
    ))
}

/// What is planned for a user who wants the id kept.
#[derive(Debug)]
pub struct Kept {
    /// For the customer module.
    pub store: template::Store,
    /// The column and its migration.
    pub unit: EditUnit,
    /// What is left for a person.
    pub todo: Vec<Todo>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// The site of the record.
    pub site: String,
}

/// The column, its migration, and the lines for the customer module; what stands in the way as a `todo`.
pub fn plan(kit: &Kit<'_>) -> Result<Kept, Todo> {
    let noun = kit.noun();
    let no_place = |why: String| Todo { unmet: true, ..Todo::chore(left(noun, &why)) };
    let record = Record::find(kit).map_err(no_place)?;
    let unmet = |why: String| Todo::unmet(left(noun, &why), record.site.file.as_str(), record.site.line);
    let store = lines::store(kit, &record).map_err(unmet)?;
    let mut unit = EditUnit::new("", "");
    let mut todo = Vec::new();
    let mut notes = Vec::new();
    if !record.has_column() {
        unit.add(record.site.file.as_str(), column::edits(kit, &record).map_err(unmet)?);
        let migrated = migration::plan(kit, &record);
        for (path, file) in migrated.files {
            unit = unit.create(path, file);
        }
        for (path, edit) in migrated.edits {
            unit.add(path, [edit]);
        }
        todo.extend(migrated.todo);
        todo.extend(exact::todo(kit, &record));
        if !record.column.private {
            notes.push(format!(
                "`{}` is part of every `{}` record that is read whole; leave it out where records are sent to browsers.",
                record.column.member, record.schema.model
            ));
        }
    }
    Ok(Kept { store, unit, todo, notes, site: record.site.id.clone() })
}

fn left(noun: &str, why: &str) -> String {
    format!("the Credyt customer id is not stored beside the {noun}: {why}")
}
