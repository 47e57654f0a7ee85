//! The address at which people open the app, where the app itself has it in a setting.
//!
//! Which names such a setting has is in `codemods/env/addresses.toml`. A setting counts when the modules can read it the
//! way they read the key: it is declared where the app declares its settings, or, where the environment is read directly,
//! code or an env template names it. What is visible of its value must not contradict (a bare host is no address).

use std::sync::Arc;

use tree_sitter::Node;

use super::{Place, Reader, outer_object, reader, render, root_name};
use crate::catalog::{Address, DeclarationShape, addresses};
use crate::steps::support::{Kit, env_files, names};
use crate::syntax::source::Source;
use crate::template::Payment;
use crate::workspace::SourceText;

/// Where users come back to after paying, when the app has no setting for its own address.
pub const RETURN: &str = "CREDYT_RETURN_URL";

/// The setting with the address to come back to: the app's own, or [`RETURN`].
pub fn payment(kit: &Kit<'_>) -> Payment {
    let reader = reader(kit);
    own(kit, &reader).unwrap_or_else(|| Payment {
        url: reader.read(kit, RETURN),
        name: RETURN.to_owned(),
        site_only: false,
    })
}

/// The app's own address as a file reads it.
pub struct OwnAddress {
    /// The expression; falsy where it is not set.
    pub expr: String,
    /// The line that brings its names into scope, where one is needed.
    pub import: Option<String>,
}

/// The setting with the address that people open, for a file at `path`.
pub fn own_address(kit: &Kit<'_>, path: &str) -> Option<OwnAddress> {
    let reader = reader(kit);
    let expr = own(kit, &reader)?.url;
    let place = reader.object.as_ref().and_then(|_| Place::of(kit));
    let import = match place {
        Some(place) if kit.path(place.file) == path => None,
        Some(place) => {
            let (what, object) = place.object(kit)?;
            let target = kit.path(place.file);
            Some(names::import_line_from(kit, path, target, &what, root_name(&object))?)
        }
        None => reader.import,
    };
    Some(OwnAddress { expr, import })
}

/// The first setting of the app that holds its address.
fn own(kit: &Kit<'_>, reader: &Reader<'_>) -> Option<Payment> {
    let declared = (!reader.style.declarations.is_empty()).then(|| Place::of(kit)).flatten();
    let applies = |a: &&Address| a.with.as_ref().is_none_or(|id| kit.cx.app.entries.contains(id));
    let names =
        addresses().iter().filter(applies).flat_map(|a| a.names.iter().map(|name| (name, a.site_only)));
    names.into_iter().find_map(|(name, site_only)| {
        let url = match &declared {
            Some(place) => declared_as(kit, reader, place, name)?,
            None if is_in_environment(kit, name) => reader.read(kit, name),
            None => return None,
        };
        is_an_address(kit, name).then(|| Payment { url, name: name.clone(), site_only })
    })
}

/// The expression for a setting that is declared in the app's place of settings.
fn declared_as(kit: &Kit<'_>, reader: &Reader<'_>, place: &Place<'_>, name: &str) -> Option<String> {
    let source = place.source(kit)?;
    let read = |name: &str, member: &str| render(&reader.style.read, name, member, reader.object.as_deref());
    match &place.declaration.shape {
        DeclarationShape::Class { .. } => {
            let facts = kit.cx.program.facts(place.file);
            let class = facts.classes.iter().find(|c| place.site.span.contains(c.span))?;
            let field = class.fields.iter().find(|f| f.name.to_ascii_uppercase() == name)?;
            if field.value.as_ref().and_then(|v| v.as_str()).is_some_and(|text| !is_url(text)) {
                return None;
            }
            let value = read(name, &field.name)?;
            match field.annotation.as_deref()? {
                "str" | "str | None" | "None | str" | "Optional[str]" => Some(value),
                kind if !kind.contains("None") && !kind.contains('[') && kind.ends_with("Url") => {
                    Some(format!("str({value})"))
                }
                _ => None,
            }
        }
        DeclarationShape::ReadingObject { .. } => {
            let object = outer_object(&source, place.site.span.range())?;
            let (key, value) = pairs(object).find(|(_, v)| env_files::has_word(source.of(*v), name))?;
            let plain = key.kind() == "property_identifier" && !source.of(value).contains("split(");
            plain.then(|| read(name, source.of(key)))?
        }
        DeclarationShape::Call { .. } => {
            let listed = keys_within(&source, place.site.span.range()).any(|key| source.of(key) == name);
            listed.then(|| read(name, &place.case().of(name)))?
        }
        DeclarationShape::ReadingClass { .. } | DeclarationShape::ReadingStatement { .. } => {
            let target = |line: &str| {
                let (target, value) = line.split_once('=')?;
                let target = target.trim().trim_start_matches("self.").split(':').next()?.trim();
                (target == name && env_files::has_word(value, name) && !value.contains("split("))
                    .then_some(())
            };
            place.text.as_str().lines().find_map(target)?;
            read(name, name)
        }
    }
}

/// Whether the setting is there for an app that reads the environment directly.
fn is_in_environment(kit: &Kit<'_>, name: &str) -> bool {
    let templates = kit.cx.app.env.files.iter().filter_map(|path| kit.cx.workspace.text_at(path));
    let in_template = |text: Arc<SourceText>| env_files::value(text.as_str(), name).is_some();
    let reads = |line: &str| {
        ["process.env", "environ", "getenv"].iter().any(|read| line.contains(read))
            && env_files::has_word(line, name)
    };
    templates.into_iter().any(in_template)
        || kit.files.iter().filter(|f| !kit.is_generated(**f)).any(|file| {
            let text = kit.text(*file);
            text.as_str().contains(name) && text.as_str().lines().any(reads)
        })
}

/// Whether no env template shows a value that is no address.
fn is_an_address(kit: &Kit<'_>, name: &str) -> bool {
    let templates = kit.cx.app.env.files.iter().filter_map(|path| kit.cx.workspace.text_at(path));
    templates.into_iter().all(|text| {
        env_files::value(text.as_str(), name).is_none_or(|value| value.is_empty() || is_url(&value))
    })
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// The properties of an object literal.
fn pairs(object: Node<'_>) -> impl Iterator<Item = (Node<'_>, Node<'_>)> {
    let children = (0..object.named_child_count() as u32).filter_map(move |i| object.named_child(i));
    children.filter_map(|pair| Some((pair.child_by_field_name("key")?, pair.child_by_field_name("value")?)))
}

/// The keys of all object literals in a range.
fn keys_within<'s>(source: &'s Source<'_>, range: std::ops::Range<usize>) -> impl Iterator<Item = Node<'s>> {
    let mut queue = vec![source.root()];
    let mut keys = Vec::new();
    while let Some(node) = queue.pop() {
        if node.end_byte() <= range.start || node.start_byte() >= range.end {
            continue;
        }
        if node.kind() == "object" && node.start_byte() >= range.start {
            keys.extend(pairs(node).map(|(key, _)| key));
        }
        queue.extend((0..node.named_child_count() as u32).filter_map(|i| node.named_child(i)));
    }
    keys.into_iter()
}

#[cfg(test)]
mod tests;
