//! The organisations that could pay, with what speaks for each.
//!
//! A record type is one when its name says so and users belong to it: the user refers to it, a record type refers to both
//! (a membership), or its own declaration holds users. Sign-in libraries that keep organisations themselves are asked for
//! by the words their entries list.

use super::{FIELD, Organisation, Record, Row};
use crate::catalog::{Catalog, Kind, payer_words};
use crate::fingerprint::Evidence;
use crate::sites::cx::Cx;
use crate::sites::owner::{Reference, References, names_of};
use crate::sites::schema::{self, Model, names_user};
use crate::sites::signup::key_of;

/// The organisations, those the app bills first, and what speaks for users as payers.
pub(super) fn candidates(cx: &Cx<'_>) -> (Vec<Organisation>, Vec<Evidence>) {
    if cx.app.auth.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let models = cx.models();
    let users = schema::user_names(cx, models);
    let search = Search { cx, models, users: References::to(cx, &users), user_names: &users };
    let mut found: Vec<Organisation> = Vec::new();
    for model in models.iter().filter(|m| !names_user(&m.name)) {
        if !found.iter().any(|o| o.name == model.name) {
            found.extend(search.organisation(model));
        }
    }
    let kept = search.kept(&found);
    found.extend(kept);
    found.sort_by_key(|o| !o.billed);
    let evidence = if found.is_empty() { Vec::new() } else { search.users_are_billed() };
    (found, evidence)
}

struct Search<'c, 'a> {
    cx: &'c Cx<'a>,
    models: &'c [Model],
    /// References to the user model.
    users: References<'a>,
    user_names: &'c [String],
}

impl Search<'_, '_> {
    /// A record type as an organisation, when it is one.
    fn organisation(&self, model: &Model) -> Option<Organisation> {
        let noun = payer_words().noun(&model.name).or_else(|| payer_words().noun(model.table.as_deref()?))?;
        let cx = self.cx;
        let names = names_of(model);
        let here = References::to(cx, &names);
        let mut evidence = vec![self.at(model, 0, model.name.as_str(), format!("declares `{}`", model.name))];
        let mut rows = Vec::new();
        let mut billed = false;
        let mut belongs = false;
        for other in self.models.iter().filter(|m| m.file != model.file || m.span != model.span) {
            if payer_words().is_outside(&other.name) {
                continue;
            }
            let Some(Reference { member, optional, at }) = here.of(cx, other) else { continue };
            let is_user = names_user(&other.name);
            let of_user = self.users.of(cx, other).is_some();
            if is_user || of_user {
                // Records of the organisation's that a user made name one, too: their names say no membership, but a row
                // that is found by its user is that user's.
                let why = if is_user {
                    format!("each `{}` belongs to one (`{member}`)", other.name)
                } else {
                    format!("`{}` ties users to it (`{member}`)", other.name)
                };
                if !belongs {
                    evidence.push(self.at(other, at, &model.name, why));
                }
                belongs = true;
            } else if let Some((column, at)) = self.billing(other) {
                billed = true;
                let why = format!("`{}` of it holds an id of a payment provider (`{column}`)", other.name);
                evidence.push(self.at(other, at, &model.name, why));
            }
            rows.push(Row { names: names_of(other), member, optional, is_user, of_user });
        }
        let text = cx.slice(model.file, model.span);
        let lists =
            |name: &String| text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == name);
        // One that refers to a user is that user's, such as a login kept with a provider.
        if !belongs && self.user_names.iter().any(lists) && self.users.of(cx, model).is_none() {
            belongs = true;
            evidence.push(self.at(model, 0, &model.name, "its records hold users".to_owned()));
        }
        if let Some((column, at)) = self.billing(model) {
            billed = true;
            let why = format!("already holds an id of a payment provider (`{column}`)");
            evidence.push(self.at(model, at, &model.name, why));
        }
        if let Some((file, line, setting)) = setting(cx, &model.name) {
            billed = true;
            let why = format!("`{setting}` names it as the one who pays");
            evidence.push(Evidence { field: FIELD, value: model.name.clone(), file, line, why });
        }
        let orm = cx.catalog.get(&model.orm)?.orm.as_ref()?;
        let id = key_of(cx, model.file, model.span, &orm.primary_key).map_or("id".to_owned(), |k| k.member);
        let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        let display = ["name", "displayName", "display_name", "title"].iter().find(|d| words.contains(d));
        let record = Record { names, id, display: display.map(|d| (*d).to_owned()), rows };
        belongs.then(|| Organisation {
            name: model.name.clone(),
            noun: noun.to_owned(),
            billed,
            evidence,
            record: Some(record),
        })
    }

    /// Organisations that a sign-in library keeps, where the app uses them and declares no record type for them.
    fn kept(&self, declared: &[Organisation]) -> Option<Organisation> {
        let cx = self.cx;
        let (entry, known) = cx.entries(Kind::Auth).find_map(|entry| {
            let known = entry.auth.as_ref()?.organisations.as_ref()?;
            known.marks.iter().any(|mark| cx.says(mark)).then_some((entry, known))
        })?;
        if declared.iter().any(|o| o.noun == known.noun || o.billed) {
            return None;
        }
        let name = format!("{} {}s", entry.title, known.noun);
        let (file, line, mark) = known.marks.iter().find_map(|mark| {
            let (file, line) = first(cx, mark)?;
            Some((file, line, mark))
        })?;
        let why = format!("uses the organisations of {} (`{}`)", entry.title, mark.trim_matches(['(', '<']));
        let mut evidence = vec![Evidence { field: FIELD, value: name.clone(), file, line, why }];
        let mut billed = false;
        for model in self.models {
            let text = cx.slice(model.file, model.span);
            let refers = |column: &String| {
                text.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == column)
            };
            if !names_user(&model.name)
                && known.columns.iter().any(refers)
                && let Some((column, at)) = self.billing(model)
            {
                billed = true;
                let why = format!("`{}` of it holds an id of a payment provider (`{column}`)", model.name);
                evidence.push(self.at(model, at, &name, why));
            }
        }
        Some(Organisation { name, noun: known.noun.clone(), billed, evidence, record: None })
    }

    /// What the app already bills per user.
    fn users_are_billed(&self) -> Vec<Evidence> {
        let of_user = |m: &&Model| {
            let organisations = payer_words().noun(&m.name).is_some();
            !organisations && (names_user(&m.name) || self.users.of(self.cx, m).is_some())
        };
        let found = self.models.iter().filter(of_user).filter_map(|m| {
            let (column, at) = self.billing(m)?;
            Some(self.at(
                m,
                at,
                "user",
                format!("`{}` holds an id of a payment provider (`{column}`)", m.name),
            ))
        });
        found.collect()
    }

    fn billing(&self, model: &Model) -> Option<(String, u32)> {
        let text = self.cx.slice(model.file, model.columns);
        let (column, at) = billing_column(self.cx.catalog, &model.name, &text)?;
        Some((column.to_owned(), at + model.columns.start - model.span.start))
    }

    fn at(&self, model: &Model, offset: u32, value: &str, why: String) -> Evidence {
        Evidence {
            field: FIELD,
            value: value.to_owned(),
            file: self.cx.path(model.file).to_owned(),
            line: self.cx.line(model.file, model.span.start + offset),
            why,
        }
    }
}

/// The column of a record type by which an outside service knows who pays, as the code writes it, and its offset.
/// Records about single payments are not who pays.
pub(in crate::sites) fn billing_column<'t>(
    catalog: &Catalog,
    name: &str,
    columns: &'t str,
) -> Option<(&'t str, u32)> {
    let known: Vec<&str> = catalog
        .of(Kind::Sender)
        .filter_map(|e| e.sender.as_ref())
        .flat_map(|s| s.payer_columns.iter().map(String::as_str))
        .collect();
    let is_known = |word: &str| {
        let plain: String = word.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect();
        known.iter().any(|id| plain.contains(id))
    };
    // Most record types hold no such column at all.
    if is_document(name) || !is_known(columns) {
        return None;
    }
    let mut at = 0;
    columns.split(|c: char| !(c.is_alphanumeric() || c == '_')).find_map(|word| {
        let start = at + columns.get(at..)?.find(word)?;
        at = start + word.len();
        is_known(word).then_some((word, start as u32))
    })
}

/// Records about single payments.
fn is_document(name: &str) -> bool {
    let name = name.to_lowercase();
    [
        "payment",
        "invoice",
        "charge",
        "transaction",
        "event",
        "log",
        "order",
        "webhook",
        "product",
        "price",
        "session",
        "usage",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// Where a library's setting names a record type as the one who pays.
fn setting(cx: &Cx<'_>, model: &str) -> Option<(String, usize, String)> {
    let settings =
        cx.catalog.of(Kind::Sender).filter_map(|e| e.sender.as_ref()).flat_map(|s| &s.payer_settings);
    settings.into_iter().filter(|setting| cx.says(setting)).find_map(|setting| {
        cx.files.iter().find_map(|file| {
            let text = cx.workspace().text(*file).ok()?;
            if !text.as_str().contains(setting.as_str()) {
                return None;
            }
            let facts = cx.program.facts(*file);
            let named = facts.bindings.iter().find(|b| b.names.iter().any(|n| n.local == *setting))?;
            let value = named.value.as_str()?;
            let is_it = value.rsplit('.').next() == Some(model);
            is_it.then(|| (cx.path(*file).to_owned(), cx.line(*file, named.statement.start), setting.clone()))
        })
    })
}

/// The first place in the app at which a text stands.
fn first(cx: &Cx<'_>, text: &str) -> Option<(String, usize)> {
    cx.files.iter().find_map(|file| {
        let at = cx.workspace().text(*file).ok()?.as_str().find(text)?;
        Some((cx.path(*file).to_owned(), cx.line(*file, at as u32)))
    })
}
