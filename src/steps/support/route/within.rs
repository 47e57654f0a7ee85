//! Routes written among those of a file that is there already: where what guards them is known to that file alone.

use super::mounts::{mounting, outer_path};
use super::paths;
use super::registered::{Registered, registered};
use super::text::{Code, Scene};
use crate::catalog::{Entry, NewRoute};
use crate::edit::Edit;
use crate::steps::support::Kit;
use crate::steps::support::identity::{self, Home, Signed, Unknown};
use crate::syntax::imports::{ImportName, ImportRequest, get_or_import_all};
use crate::syntax::source::Source;
use crate::syntax::{Import, Imported, place};
use crate::template::Areas;
use crate::workspace::FileId;

/// A place behind the handlers of an app.
pub(super) struct Within {
    pub(super) file: FileId,
    /// The app, as the file calls it.
    receiver: String,
    /// The last handler that is registered on it.
    last: Registered,
    /// In front of the file's own paths.
    outer: String,
    /// In front of the new route's path, in the file.
    prefix: String,
}

impl Within {
    /// The place in the file to which the way to the user is local.
    pub(super) fn find(kit: &Kit<'_>, route: &NewRoute, unknown: &Unknown) -> Option<Self> {
        let Unknown::Local { file, .. } = unknown else { return None };
        let rules = route.mount.as_ref()?;
        let mut own = registered(kit, *file);
        own.retain(|one| !is_part(kit, *file, &one.receiver));
        let last = own.last()?.clone();
        let taken = own.iter().filter(|one| one.receiver == last.receiver).map(|one| one.path.as_str());
        let prefix = format!("{}{}", paths::above(taken, &mounting(kit).roots), rules.prefix);
        let outer = outer_path(kit, *file);
        Some(Self { file: *file, receiver: last.receiver.clone(), last, outer, prefix })
    }

    /// The path of a route there.
    pub(super) fn path(&self, route: &NewRoute) -> String {
        format!("{}{}{}", self.outer, self.prefix, route.path)
    }

    /// 1-based line of the handler behind which it goes.
    pub(super) fn line(&self, kit: &Kit<'_>) -> usize {
        kit.text(self.file).line_of(self.last.statement.start as usize)
    }

    /// The user there.
    pub(super) fn signed(&self, kit: &Kit<'_>) -> Result<Signed, Unknown> {
        let home = Home { path: kit.path(self.file), mounted_in: None, within: Some(self.file) };
        identity::signed(kit, &home)
    }

    /// The edits that write the route.
    pub(super) fn edits(
        &self,
        kit: &Kit<'_>,
        entry: &Entry,
        route: &NewRoute,
        signed: &Signed,
        areas: Areas,
    ) -> Result<Vec<Edit>, String> {
        let text = kit.text(self.file);
        let language = kit.cx.workspace.entry(self.file).language.ok_or("it is no code")?;
        let source = Source::parse(language, text.as_str()).ok_or("it is no code")?;
        let path = kit.path(self.file);
        let scene = Scene { entry, route, file: path, signed: Some(signed), anchor: None, prefix: None };
        let Code { imports, text } = scene.within(kit, areas, &source, (&self.receiver, &self.prefix))?;
        let at = Some(self.last.statement.start as usize);
        let requests: Vec<ImportRequest<'_>> = imports
            .iter()
            .map(|import| ImportRequest { at, local: Some(&import.local), ..request(import) })
            .collect();
        let style = kit.style_of(&source);
        let (mut edits, names) =
            get_or_import_all(&source, &style, &requests).map_err(|refusal| refusal.to_string())?;
        if let Some((import, _)) = imports.iter().zip(&names).find(|(import, name)| import.local != **name) {
            return Err(format!("`{}` means something else there", import.local));
        }
        let why = "what guards it is known to this file alone";
        let after = place::after(&source, &style, &self.last.statement.range(), &text, why);
        edits.extend(after.map_err(|refusal| refusal.to_string())?);
        Ok(edits)
    }
}

fn request(import: &Import) -> ImportRequest<'_> {
    let name = match &import.imported {
        Imported::Named(name) => ImportName::Named(name),
        Imported::Default => ImportName::Default,
        Imported::Namespace | Imported::All => ImportName::Namespace,
    };
    ImportRequest {
        module: &import.module,
        also: &[],
        name,
        type_only: import.type_only,
        local: None,
        at: None,
        beside: None,
    }
}

/// Whether a name is that of a router which other code mounts, and no app.
fn is_part(kit: &Kit<'_>, file: FileId, receiver: &str) -> bool {
    let facts = kit.cx.program.facts(file);
    let parts = kit.framework.framework.iter().flat_map(|f| &f.parts);
    let parts: Vec<&str> = parts.filter_map(|symbol| symbol.name.rsplit('.').next()).collect();
    facts.bindings.iter().filter(|b| b.names.iter().any(|n| n.local == receiver)).any(|binding| {
        let made = binding.value.as_call().map(|call| facts.call(call));
        made.and_then(|call| call.callee.last()).is_some_and(|name| parts.contains(&name))
    })
}
