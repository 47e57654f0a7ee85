//! The file a real key may go into: an env file of the app's that git ignores.

use camino::Utf8Path;

use super::walk::in_app;
use super::{AppFacts, git};
use crate::edit::manifest::variables_set;
use crate::workspace::Workspace;

/// Ends of a template's name, which the file people make from it does not have.
const TEMPLATE_ENDS: &[&str] = &["example", "sample", "template", "dist", "default", "defaults", "tpl"];

/// Of the env files there are, the one with the most settings; else the one that the app's template is copied to.
pub(super) fn find(root: &Utf8Path, workspace: &Workspace, app: &AppFacts) -> Option<String> {
    let templates = &app.app.env.files;
    let folder = |path: &str| path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned();
    let mut folders: Vec<String> =
        std::iter::once(app.root.clone()).chain(templates.iter().map(|path| folder(path))).collect();
    folders.dedup();
    let mut there: Vec<(usize, String)> = workspace
        .files()
        .filter(|(_, file)| is_local(file.name()) && folders.contains(&folder(&file.path)))
        .filter_map(|(id, file)| Some((variables_set(workspace.text(id).ok()?.as_str()), file.path.clone())))
        .collect();
    there.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let made = templates.iter().filter_map(|path| without_end(path));
    let usual = std::iter::once(in_app(&app.root, ".env"));
    there.into_iter().map(|(_, path)| path).chain(made).chain(usual).find(|path| git::ignores(root, path))
}

/// `.env`, `.env.local`, `.env.development.local`: what one machine has.
fn is_local(name: &str) -> bool {
    name == ".env" || name == ".env.development" || (name.starts_with(".env.") && name.ends_with(".local"))
}

/// `.env.example` is copied to `.env`, `.env.local.example` to `.env.local`.
fn without_end(template: &str) -> Option<String> {
    let (rest, end) = template.rsplit_once(['.', '-', '_'])?;
    let named = rest.rsplit('/').next().is_some_and(|name| name.starts_with(".env"));
    (named && TEMPLATE_ENDS.contains(&end)).then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_names_the_file_it_is_copied_to() {
        for (template, file) in [
            (".env.example", Some(".env")),
            ("api/.env-sample", Some("api/.env")),
            (".env.local.example", Some(".env.local")),
            (".env", None),
            (".env.test", None),
            ("env.example", None),
        ] {
            assert_eq!(without_end(template).as_deref(), file, "{template}");
        }
    }
}
