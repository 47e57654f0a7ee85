//! The balance on a page: a small component that fetches it, and one use of it beside the billing link.
//!
//! In comes the slot and the path of the balance route, out go a new file and the insertion with its import as one unit,
//! so that neither is there without the other. The file lies where the app's components lie, is called as they are, and
//! is exported as they are.

use std::collections::BTreeSet;

use minijinja::context;

use crate::catalog::{Display, Kind, embedded_text};
use crate::edit::{EditUnit, NewFile};
use crate::sites::handlers::all_reached_from;
use crate::sites::{Detail, Site};
use crate::steps::support::names::{Wanted, bring};
use crate::steps::support::{Kit, join, link, route};
use crate::syntax::source::Source;
use crate::syntax::style::restyle;
use crate::template;
use crate::workspace::FileId;

const WHY: &str = "users see what they have left";

/// Whether code of the app asks for the balance, or a page puts it in words itself.
pub fn is_shown(kit: &Kit<'_>, path: &str) -> bool {
    let quoted = ['"', '\'', '`'].map(|quote| format!("{quote}{path}"));
    let formats = kit.function("formatBalance");
    kit.files.iter().filter(|f| !kit.is_generated(**f)).any(|f| {
        let text = kit.text(*f);
        quoted.iter().any(|q| text.as_str().contains(q.as_str()))
            || has_markup(kit, *f) && text.as_str().contains(&formats)
    })
}

/// The component and its use in the slot; `None` when the slot's UI has no component for it.
pub fn add(kit: &Kit<'_>, site: &Site, path: &str) -> Option<Result<EditUnit, String>> {
    let slot = kit.cx.workspace.find(&site.file).filter(|f| has_markup(kit, *f))?;
    let (entry, display) =
        kit.entries(Kind::Ui).into_iter().find_map(|e| Some((e, e.ui.as_ref()?.display.as_ref()?)))?;
    if !depends_on(kit, &display.package) {
        return None;
    }
    Some(build(kit, slot, site, path, display, &entry.id))
}

fn build(
    kit: &Kit<'_>,
    slot: FileId,
    site: &Site,
    path: &str,
    display: &Display,
    entry: &str,
) -> Result<EditUnit, String> {
    let extension = site.file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let home = Home::find(kit, slot, display);
    let file = join(&home.dir, &format!("{}.{extension}", home.case.write(&display.component)));
    if kit.cx.workspace.find(&file).is_some() {
        return Err(format!("`{file}` is there already and shows something else"));
    }
    let text = kit.text(slot);
    let language = kit.cx.workspace.entry(slot).language.ok_or("the file is no code")?;
    let source = Source::parse(language, text.as_str()).ok_or("the file is no code")?;
    let wanted = Wanted {
        local: Some(display.component.clone()),
        ..Wanted::file(
            file.as_str(),
            if home.default_export { "default" } else { display.component.as_str() },
        )
    };
    let at = site.span.range().start;
    let (mut edits, names) =
        bring(kit, &site.file, &source, &[wanted], Some(at)).map_err(|e| e.to_string())?;
    let name = names.first().ok_or("the component cannot be imported")?;
    // A page that shows the component already lacks only its file.
    let has_class = if link::is_shown(&source, name) {
        false
    } else {
        let (beside, has_class) = link::beside(kit, site, &link::New::Component(name))?;
        edits.extend(beside);
        has_class
    };

    let template = format!("{entry}/{}", display.template);
    let raw = embedded_text(&template).ok_or_else(|| format!("codemods/{template} is missing"))?;
    let scope = context! {
        directive => display.directive.iter().any(|id| kit.cx.app.entries.contains(id)),
        default_export => home.default_export,
        class => has_class,
        paid => paid_paths(kit),
        typed => !language_is_plain(extension),
        path,
    };
    let made = template::environment()
        .and_then(|environment| environment.render_named_str(&template, &raw, scope))
        .map_err(|e| format!("codemods/{template}: {e:#}"))?;
    let made = restyle(&made, language, &kit.new_style(language));
    Ok(EditUnit::new("Show the balance", WHY)
        .for_site(site.id.as_str())
        .create(file, NewFile::new(made, WHY))
        .edits(site.file.as_str(), edits))
}

/// Paths at which users spend, up to what a request fills in: the balance is read again after requests to them.
fn paid_paths(kit: &Kit<'_>) -> Vec<String> {
    let mut files = BTreeSet::new();
    for site in kit.cx.sites.iter().filter(|site| site.selected) {
        let Detail::Billable(billable) = &site.detail else { continue };
        files.extend(billable.plan.handler.as_ref().map(|handler| handler.file));
        // A service is reached from other handlers as well.
        if let Some(file) = kit.cx.workspace.find(&site.file) {
            let reached = all_reached_from(kit.graph(), file, billable.plan.function);
            files.extend(reached.into_iter().map(|reached| reached.file));
        }
    }
    let mut paths: Vec<String> = files.into_iter().filter_map(|file| route::served_at(kit, file)).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Files without type annotations.
fn language_is_plain(extension: &str) -> bool {
    extension.starts_with('j')
}

fn has_markup(kit: &Kit<'_>, file: FileId) -> bool {
    let name = kit.cx.workspace.entry(file).name();
    name.ends_with(".tsx") || name.ends_with(".jsx")
}

/// Whether the app's manifest, or that of the workspace around it, names the package.
fn depends_on(kit: &Kit<'_>, package: &str) -> bool {
    let quoted = format!("\"{package}\"");
    let own = join(kit.cx.app.dir(), "package.json");
    [own.as_str(), "package.json"]
        .iter()
        .filter_map(|path| kit.cx.workspace.text_at(path))
        .any(|text| text.as_str().contains(&quoted))
}

/// Where components live and how they are written there.
struct Home {
    dir: String,
    case: Case,
    default_export: bool,
}

impl Home {
    fn find(kit: &Kit<'_>, slot: FileId, display: &Display) -> Self {
        let dir = Self::folder(kit, slot, display);
        let all: Vec<FileId> =
            kit.files.iter().copied().filter(|f| has_markup(kit, *f) && !kit.is_generated(*f)).collect();
        let here: Vec<FileId> =
            all.iter().copied().filter(|f| kit.cx.workspace.entry(*f).dir() == dir).collect();
        let of_here = Case::most(kit, &here);
        let case = of_here.or_else(|| Case::most(kit, &all)).unwrap_or(Case::Kebab);
        let defaults = here.iter().filter(|f| kit.text(**f).as_str().contains("export default ")).count();
        Self { dir, case, default_export: defaults * 2 > here.len() }
    }

    /// The slot's folder when it holds components, else the folder of components with the most files.
    fn folder(kit: &Kit<'_>, slot: FileId, display: &Display) -> String {
        let holds = |dir: &str| dir.split('/').any(|part| display.folders.iter().any(|f| f == part));
        let own = kit.cx.workspace.entry(slot).dir();
        if holds(own) {
            return own.to_owned();
        }
        let named = |dir: &str| display.folders.iter().any(|f| dir.rsplit('/').next() == Some(f.as_str()));
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        for file in kit.files.iter().filter(|f| has_markup(kit, **f)) {
            let dir = kit.cx.workspace.entry(*file).dir();
            if named(dir) {
                *counts.entry(dir).or_default() += 1;
            }
        }
        let most = counts.into_iter().max_by_key(|(dir, count)| (*count, std::cmp::Reverse(dir.len())));
        if let Some((dir, _)) = most {
            return dir.to_owned();
        }
        // Beside the folder that holds the generated modules' folder: `src/lib/…` gives `src/…`.
        let above = |dir: &str| dir.rsplit_once('/').map_or(String::new(), |(above, _)| above.to_owned());
        let base = above(&above(&kit.dir));
        let base = if base.starts_with(kit.cx.app.dir()) { base } else { kit.cx.app.dir().to_owned() };
        join(&base, display.folders.first().map_or("components", String::as_str))
    }
}

/// How files of components are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Kebab,
    Pascal,
    Camel,
}

impl Case {
    /// The case a file's name speaks for; one lower-case word speaks for none.
    fn of(stem: &str) -> Option<Self> {
        let first = stem.chars().next()?;
        if first.is_ascii_uppercase() {
            Some(Self::Pascal)
        } else if stem.contains('-') {
            Some(Self::Kebab)
        } else if first.is_ascii_lowercase() && stem.chars().any(|c| c.is_ascii_uppercase()) {
            Some(Self::Camel)
        } else {
            None
        }
    }

    fn most(kit: &Kit<'_>, files: &[FileId]) -> Option<Self> {
        let stem = |f: &FileId| kit.cx.workspace.entry(*f).name().split('.').next().unwrap_or_default();
        let votes: Vec<Self> = files.iter().filter_map(|f| Self::of(stem(f))).collect();
        let count = |case: &Self| votes.iter().filter(|v| *v == case).count();
        [Self::Camel, Self::Pascal, Self::Kebab].into_iter().filter(|c| count(c) > 0).max_by_key(count)
    }

    /// A component's name as the name of its file.
    fn write(self, component: &str) -> String {
        match self {
            Self::Pascal => component.to_owned(),
            Self::Camel => {
                let mut chars = component.chars();
                let first = chars.next().map(|c| c.to_ascii_lowercase());
                first.into_iter().chain(chars).collect()
            }
            Self::Kebab => super::snake(component).replace('_', "-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_as_their_neighbours() {
        for (neighbour, expected) in
            [("user-menu", "credit-balance"), ("UserMenu", "CreditBalance"), ("userMenu", "creditBalance")]
        {
            let case = Case::of(neighbour).expect("a case");
            assert_eq!(case.write("CreditBalance"), expected);
        }
        assert_eq!(Case::of("header"), None);
    }
}
