//! What the types cannot say about an entry, checked over the whole catalog by the tests.

use super::{Catalog, Entry, Kind, When, embedded_paths, embedded_text, prices};
use crate::workspace::Language;

/// Every fault of the catalog, each with the path of its entry.
pub fn faults(catalog: &Catalog) -> Vec<String> {
    let mut faults = Vec::new();
    for entry in catalog.entries() {
        let mut say = |fault: String| faults.push(format!("codemods/{}/entry.toml: {fault}", entry.id));
        head(catalog, entry, &mut say);
        conditions(entry, &mut say);
        parts(entry, &mut say);
        files(entry, &mut say);
    }
    faults
}

fn head(catalog: &Catalog, entry: &Entry, say: &mut dyn FnMut(String)) {
    if !entry.id.starts_with(&format!("{}/", entry.kind.folder())) {
        say(format!("kind `{:?}` belongs below `{}/`", entry.kind, entry.kind.folder()));
    }
    if !entry.link.starts_with("https://") {
        say("`link` must be the address of the document it was learned from".into());
    }
    if entry.languages.is_empty() {
        say("`languages` is empty".into());
    }
    for id in entry.requires.iter().chain(&entry.excluded_by).chain(&entry.implies) {
        if catalog.get(id).is_none() {
            say(format!("names the entry `{id}`, which does not exist"));
        }
    }
    let present = [
        entry.framework.is_some(),
        entry.auth.is_some(),
        entry.orm.is_some(),
        entry.env.is_some(),
        entry.provider.is_some(),
        entry.ui.is_some(),
        entry.manager.is_some(),
        entry.sender.is_some(),
        entry.worker.is_some(),
        entry.http.is_some(),
        entry.host.is_some(),
    ];
    let wanted = [
        entry.kind == Kind::Framework,
        entry.kind == Kind::Auth,
        entry.kind == Kind::Orm,
        entry.kind == Kind::Env,
        entry.kind == Kind::Provider,
        entry.kind == Kind::Ui,
        entry.kind == Kind::Manager,
        entry.kind == Kind::Sender,
        entry.kind == Kind::Worker,
        entry.kind == Kind::Http,
        entry.kind == Kind::Host,
    ];
    if present != wanted {
        say("must have exactly the part its kind names".into());
    }
}

fn conditions(entry: &Entry, say: &mut dyn FnMut(String)) {
    if !matches!(entry.kind, Kind::Manager | Kind::Sender | Kind::Http) && entry.detect.is_empty() {
        say("has no `detect` conditions".into());
    }
    for condition in &entry.detect {
        let empty = match &condition.when {
            When::Dependency(d) => d.names.is_empty(),
            When::File(f) => f.globs.is_empty(),
            When::Text(t) => t.any.is_empty(),
            When::Import(i) => i.modules.is_empty(),
        };
        if empty {
            say(format!("a condition looks for nothing ({})", condition.why));
        }
    }
    let most: f64 = entry.detect.iter().map(|c| c.weight.max(0.0)).sum();
    if !entry.detect.is_empty() && most < super::PICKED {
        say("its conditions together weigh too little to ever pick it".into());
    }
}

fn parts(entry: &Entry, say: &mut dyn FnMut(String)) {
    let mut names: Vec<&str> = Vec::new();
    if let Some(framework) = &entry.framework {
        names.extend(framework.handlers.iter().map(|h| h.name.as_str()));
    }
    if let Some(auth) = &entry.auth {
        names.extend(auth.identities.iter().map(|i| i.name.as_str()));
        names.extend(auth.signups.iter().map(|s| s.name.as_str()));
    }
    if let Some(orm) = &entry.orm {
        names.extend(orm.creates.iter().map(|c| c.name.as_str()));
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    if names.len() != count {
        say("two of its parts bear the same name".into());
    }
    for owner in entry.orm.iter().flat_map(|o| &o.owners) {
        for pattern in
            [Some(&owner.column), owner.optional.as_ref(), owner.required.as_ref()].into_iter().flatten()
        {
            let tried = pattern.replace("{user}", "(?:User)").replace("{column}", "owner_id");
            if let Err(e) = regex::Regex::new(&tried) {
                say(format!("pattern `{pattern}`: {e}"));
            }
        }
    }
    for call in entry.provider.iter().flat_map(|p| p.calls.iter().filter(|c| !c.free && c.of.is_empty())) {
        if entry.provider.as_ref().is_some_and(|p| p.is_free(&call.path)) {
            say(format!("`{}` is named as paid and as free", call.path));
        }
    }
    let concerns_files = entry.framework.as_ref().is_some_and(|f| !f.handlers.is_empty())
        || entry.auth.as_ref().is_some_and(|a| !a.identities.is_empty() || !a.signups.is_empty())
        || entry.orm.as_ref().is_some_and(|o| !o.models.is_empty() || !o.creates.is_empty())
        || entry.provider.is_some();
    if concerns_files && entry.literals.is_empty() {
        say("names code without `literals` that tell which files hold it".into());
    }
}

fn files(entry: &Entry, say: &mut dyn FnMut(String)) {
    for path in embedded_paths(&format!("{}/", entry.id)) {
        let extension = path.rsplit('.').next().unwrap_or_default();
        let Some(text) = embedded_text(&path) else {
            say(format!("`{path}` is not UTF-8 text"));
            continue;
        };
        match extension {
            "scm" => query(&path, &text, say),
            "j2" => {
                if let Err(e) = minijinja::Environment::new().template_from_str(&text) {
                    say(format!("template `{path}`: {e}"));
                }
            }
            "toml" if path.ends_with("/prices.toml") => {
                if let Some(Err(e)) = prices(&entry.id) {
                    say(e.to_string());
                }
            }
            _ => {}
        }
    }
    if entry.framework.as_ref().is_some_and(|f| !f.routes.is_empty() && f.writing.is_none()) {
        say("has routes, and no `writing` that says how one is written".into());
    }
    let migrations = entry.orm.iter().filter_map(|o| o.migrate.as_ref()).flat_map(|m| &m.files);
    for template in migrations.map(|f| &f.template) {
        if embedded_text(&format!("{}/{template}", entry.id)).is_none() {
            say(format!("names the template `{template}`, which does not exist"));
        }
    }
}

/// Queries are named `<what>.<extension of the language>.scm`, e.g. `declaration.ts.scm`.
fn query(path: &str, text: &str, say: &mut dyn FnMut(String)) {
    let language =
        path.strip_suffix(".scm").map(|p| format!("x.{}", p.rsplit('.').next().unwrap_or_default()));
    let grammar = match language.as_deref().and_then(Language::of) {
        Some(Language::TypeScript) => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        Some(Language::Tsx | Language::JavaScript) => tree_sitter_typescript::LANGUAGE_TSX.into(),
        Some(Language::Python) => tree_sitter_python::LANGUAGE.into(),
        Some(Language::Other) if path.ends_with(".prisma.scm") => tree_sitter_prisma_io::LANGUAGE.into(),
        _ => return say(format!("query `{path}` must be named `<what>.<ts|tsx|js|py|prisma>.scm`")),
    };
    if let Err(e) = tree_sitter::Query::new(&grammar, text) {
        say(format!("query `{path}`: {e}"));
    }
}
