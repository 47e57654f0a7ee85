//! The bodies of the two functions that read and write the id, with what they import.

use minijinja::{Value, context};

use crate::catalog::{Link, Snippet};
use crate::steps::support::Kit;
use crate::steps::support::store::handle::{self, Named};
use crate::steps::support::store::record::{Record, snippet};
use crate::template::{self, Store};

/// The store, or what stands in its way.
pub(super) fn store(kit: &Kit<'_>, record: &Record<'_>) -> Result<Store, String> {
    let (link, handle) = link(kit, record)?;
    let model = if link.imports_model {
        let found = handle::model(kit, record.file, &record.schema.model);
        Some(found.ok_or_else(|| format!("`{}` is not exported under its name", record.schema.model))?)
    } else {
        None
    };
    let (text, customer) =
        if kit.is_python() { ("user_id", "customer_id") } else { ("userId", "customerId") };
    let (user_id, needs) = key_expression(record, &kit.told(text))?;
    let scope = context! {
        handle => handle.as_ref().map(|h| h.local.as_str()),
        user_id,
        customer_id => customer,
        ..record.variables(kit)
    };
    let told = |lines: &Snippet| Snippet { lines: template::told(&lines.lines, kit.noun()), ..lines.clone() };
    let (load, for_load) = snippet(&told(&link.load), &scope)?;
    let (save, for_save) = snippet(&told(&link.save), &scope)?;
    let mut store = Store {
        standard: Vec::new(),
        packages: Vec::new(),
        own: Vec::new(),
        load: trimmed(&load),
        save: trimmed(&save),
    };
    // Python has one list of imports a module, so names of one module stand in one line.
    let mut modules: Vec<(String, Vec<String>)> = Vec::new();
    for (module, name) in needs.into_iter().chain(for_load).chain(for_save) {
        if name == "*" {
            store.standard.push(format!("import {module}"));
        } else {
            match modules.iter_mut().find(|(m, _)| *m == module) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => modules.push((module, vec![name])),
            }
        }
    }
    for (module, mut names) in modules {
        names.sort();
        let names = names.join(", ");
        store.packages.push(if kit.is_python() {
            format!("from {module} import {names}")
        } else {
            format!("import {{ {names} }} from \"{module}\";")
        });
    }
    store.own = [handle, model].into_iter().flatten().map(|named| named.import).collect();
    for list in [&mut store.standard, &mut store.packages, &mut store.own] {
        list.sort();
        list.dedup();
    }
    Ok(store)
}

/// The first way of the entry that fits the app.
fn link<'a>(kit: &Kit<'_>, record: &Record<'a>) -> Result<(&'a Link, Option<Named>), String> {
    let fits = |link: &&Link| link.flavour.is_none_or(|f| !kit.is_python() || f == kit.flavour());
    for link in record.orm.links.iter().filter(fits) {
        if link.handles.is_empty() {
            return Ok((link, None));
        }
        if let Some(found) = handle::find(kit, link) {
            if kit.cx.sites.iter().any(|s| {
                s.selected && s.kind == crate::sites::SiteKind::Signup && s.file == kit.path(found.file)
            }) {
                return Err(format!(
                    "`{}` makes {}s, so the modules would import each other",
                    kit.path(found.file),
                    kit.noun()
                ));
            }
            return Ok((link, Some(found)));
        }
    }
    Err("no database client or session factory was found that the modules could use".to_owned())
}

type Imports = Vec<(String, String)>;

/// The key's value from the id as text.
fn key_expression(record: &Record<'_>, text: &str) -> Result<(String, Imports), String> {
    let words: Vec<&str> =
        record.key.declaration.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let fits =
        |words_of: &[String]| words_of.is_empty() || words_of.iter().any(|w| words.contains(&w.as_str()));
    if record.orm.keys.is_empty() {
        return Ok((text.to_owned(), Vec::new()));
    }
    let Some(kind) = record.orm.keys.iter().find(|k| fits(&k.words)) else {
        return Err(format!("the type of its key is not known (`{}`)", record.key.declaration));
    };
    let scope: Value = context! { id => text, ..context! { dialect => record.dialect } };
    snippet(&kind.convert, &scope)
}

fn trimmed(lines: &str) -> String {
    lines.trim_end_matches('\n').to_owned()
}
