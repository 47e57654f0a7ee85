//! How the app reads its settings: the expression a module uses, and the declaration a new setting needs.
//!
//! An app that gathers its settings in one place gets the new ones declared there and reads them from there. Where the
//! place is of a form that cannot be added to, the environment is read directly, which every app can do.

mod address;
mod settings;

use std::ops::Range;

use minijinja::{Environment, UndefinedBehavior, context};
use tree_sitter::Node;

use crate::catalog::{Declaration, DeclarationShape, EnvStyle, Kind, Snippet};
use crate::edit::Edit;
use crate::fingerprint::EnvSite;
use crate::steps::support::{Kit, names};
use crate::syntax::place;
use crate::syntax::source::Source;
use crate::syntax::style::Style;
use crate::template;
use crate::workspace::FileId;

pub use address::{RETURN, own_address, payment};

/// The secret.
pub const KEY: &str = "CREDYT_API_KEY";
/// Another address of the API, for tests and the local sandbox.
pub const URL: &str = "CREDYT_API_URL";
/// The secret of the webhook.
pub const WEBHOOK: &str = "CREDYT_WEBHOOK_SECRET";

/// How the generated modules read the settings.
pub(super) fn context(kit: &Kit<'_>) -> template::Env {
    let reader = reader(kit);
    template::Env {
        import: reader.import.clone(),
        key: reader.read(kit, KEY),
        url: Some(reader.read(kit, URL)),
        key_name: KEY.to_owned(),
        webhook_secret: reader.read(kit, WEBHOOK),
        webhook_secret_name: WEBHOOK.to_owned(),
    }
}

/// The expression that reads one setting, and what it needs.
struct Reader<'a> {
    style: &'a EnvStyle,
    object: Option<String>,
    import: Option<String>,
    /// How the members of the object are written.
    case: Case,
}

impl Reader<'_> {
    fn read(&self, kit: &Kit<'_>, name: &str) -> String {
        let member = self.case.of(name);
        let rendered = render(&self.style.read, name, &member, self.object.as_deref());
        rendered.unwrap_or_else(|| {
            direct(kit).and_then(|style| render(&style.read, name, name, None)).unwrap_or_default()
        })
    }
}

fn reader<'a>(kit: &Kit<'a>) -> Reader<'a> {
    declared_reader(kit).or_else(|| direct_reader(kit)).unwrap_or(Reader {
        style: &NOTHING,
        object: None,
        import: None,
        case: Case::Upper,
    })
}

static NOTHING: EnvStyle = EnvStyle {
    rank: 0,
    declarations: Vec::new(),
    read: Snippet { lines: String::new(), imports: Vec::new() },
};

/// Through the app's own place of settings, if a new setting can be declared there.
fn declared_reader<'a>(kit: &Kit<'a>) -> Option<Reader<'a>> {
    let style = app_style(kit)?;
    let place = Place::of(kit)?;
    if !place.has(KEY) && place.edits(kit, &[KEY, URL]).is_none() {
        return None;
    }
    let (object, import) = if style.read.lines.contains("object") {
        let (what, object) = place.object(kit)?;
        (
            Some(object.clone()),
            Some(names::import_line(kit, kit.path(place.file), &what, root_name(&object))?),
        )
    } else {
        let symbol = style.read.imports.first()?;
        (None, Some(package_import(kit, &symbol.module, &symbol.name)))
    };
    let case = place.case();
    render(&style.read, KEY, &case.of(KEY), object.as_deref())?;
    Some(Reader { style, object, import, case })
}

/// From the environment itself.
fn direct_reader<'a>(kit: &Kit<'a>) -> Option<Reader<'a>> {
    let style = match app_style(kit) {
        Some(style) if style.declarations.is_empty() && render(&style.read, KEY, KEY, None).is_some() => {
            style
        }
        _ => direct(kit)?,
    };
    let import = style.read.imports.first().map(|s| package_import(kit, &s.module, &s.name));
    Some(Reader { style, object: None, import, case: Case::Upper })
}

fn package_import(kit: &Kit<'_>, module: &str, name: &str) -> String {
    match (kit.is_python(), name) {
        (true, "*") => format!("import {module}"),
        (true, name) => format!("from {module} import {name}"),
        (false, name) => format!("import {{ {name} }} from \"{module}\";"),
    }
}

fn app_style<'a>(kit: &Kit<'a>) -> Option<&'a EnvStyle> {
    let value = kit.cx.app.env.style.as_deref()?;
    let entry = kit.cx.catalog.by_value(Kind::Env, value)?;
    let speaks = |language| entry.languages.contains(language);
    kit.framework.languages.iter().any(speaks).then_some(())?;
    entry.env.as_ref()
}

/// The style of the language itself: of those without a declaration the one with the lowest rank.
fn direct<'a>(kit: &Kit<'a>) -> Option<&'a EnvStyle> {
    let catalog: &'a crate::catalog::Catalog = kit.cx.catalog;
    catalog
        .of(Kind::Env)
        .filter(|e| kit.framework.languages.iter().any(|l| e.languages.contains(l)))
        .filter_map(|e| e.env.as_ref())
        .filter(|s| s.declarations.is_empty() && render(&s.read, KEY, KEY, None).is_some())
        .min_by_key(|s| s.rank)
}

fn render(snippet: &Snippet, name: &str, member: &str, object: Option<&str>) -> Option<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let scope = if let Some(object) = object {
        context! { name, member, object }
    } else {
        context! { name, member }
    };
    environment.render_str(&snippet.lines, scope).ok()
}

fn root_name(path: &str) -> &str {
    path.split(['.', '(']).next().unwrap_or(path)
}

/// How names of settings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Upper,
    Camel,
    Snake,
}

impl Case {
    fn of(self, name: &str) -> String {
        let lower = name.to_ascii_lowercase();
        match self {
            Self::Upper => name.to_owned(),
            Self::Snake => lower,
            Self::Camel => {
                let mut parts = lower.split('_');
                let first = parts.next().unwrap_or_default().to_owned();
                parts.fold(first, |mut text, part| {
                    let mut chars = part.chars();
                    text.extend(chars.next().map(|c| c.to_ascii_uppercase()));
                    text.push_str(chars.as_str());
                    text
                })
            }
        }
    }

    /// What most of these names follow.
    fn learn<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let (mut upper, mut camel, mut snake) = (0, 0, 0);
        for name in names {
            if name.chars().all(|c| !c.is_ascii_lowercase()) {
                upper += 1;
            } else if name.contains('_') {
                snake += 1;
            } else if name.chars().any(|c| c.is_ascii_uppercase()) {
                camel += 1;
            }
        }
        if camel > upper && camel >= snake {
            Self::Camel
        } else if snake > upper {
            Self::Snake
        } else {
            Self::Upper
        }
    }
}

/// The place where settings are declared.
pub struct Place<'a> {
    /// Its file.
    pub file: FileId,
    site: &'a EnvSite,
    declaration: &'a Declaration,
    text: std::sync::Arc<crate::workspace::SourceText>,
}

impl<'a> Place<'a> {
    /// The place, when the fingerprint found one and its text still stands there.
    pub fn of(kit: &Kit<'a>) -> Option<Self> {
        let style = app_style(kit)?;
        let app: &'a crate::fingerprint::App = kit.cx.app;
        let site = app.env.site.as_ref()?;
        let file = kit.cx.workspace.find(&site.file)?;
        let text = kit.cx.workspace.text(file).ok()?;
        let places = style.declarations.iter().filter(|d| d.insert.is_some());
        places
            .map(|declaration| Self { file, site, declaration, text: std::sync::Arc::clone(&text) })
            .find(|p| p.fits(kit))
    }

    /// Whether the declaration is of this place's kind.
    fn fits(&self, kit: &Kit<'_>) -> bool {
        let path = kit.path(self.file);
        let files = &self.declaration.files;
        let relative = path.strip_prefix(kit.cx.app.dir()).unwrap_or(path).trim_start_matches('/');
        if !files.is_empty() && !files.match_path(relative) {
            return false;
        }
        let Some(source) = self.source(kit).filter(|_| self.declaration.is_for(self.slice())) else {
            return false;
        };
        match &self.declaration.shape {
            DeclarationShape::Call { argument, key, .. } => {
                self.object_node(&source, *argument, key).is_some() && !self.drops(kit)
            }
            DeclarationShape::Class { .. } => self.slice().contains("class "),
            DeclarationShape::ReadingObject { reads } => outer_object(&source, self.site.span.range())
                .is_some_and(|o| reads.iter().any(|r| source.of(o).contains(r.as_str()))),
            DeclarationShape::ReadingClass { reads } => {
                self.slice().trim_start().starts_with("class ")
                    && last_reading(&source, &self.site.span.range(), reads, self.insert()).is_some()
            }
            DeclarationShape::ReadingStatement { reads } => {
                reads.iter().any(|r| self.slice().contains(r.as_str()))
            }
        }
    }

    fn source(&self, kit: &Kit<'_>) -> Option<Source<'_>> {
        Source::parse(kit.cx.workspace.entry(self.file).language?, self.text.as_str())
    }

    fn slice(&self) -> &str {
        self.text.slice(self.site.span.range())
    }

    fn insert(&self) -> &str {
        self.declaration.insert.as_ref().map_or("", |s| s.lines.as_str())
    }

    /// 1-based line of the declaration.
    pub fn line(&self) -> usize {
        self.site.line
    }

    /// Path of the file.
    pub fn path(&self) -> &'a str {
        &self.site.file
    }

    /// Whether a setting is declared there.
    pub fn has(&self, name: &str) -> bool {
        let whole = match self.declaration.shape {
            // The site is the last of many statements.
            DeclarationShape::ReadingStatement { .. } => self.text.as_str(),
            _ => self.slice(),
        };
        whole.contains(name) || whole.contains(&self.case().of(name))
    }

    fn case(&self) -> Case {
        let names = self.slice().lines().filter_map(|line| {
            let name = line.trim().split([':', '=']).next()?.trim().trim_matches(['"', '\'']);
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            (is_name && name != "model_config").then_some(name)
        });
        Case::learn(names)
    }

    /// The edits that declare the settings; `None` when this place has no room for them.
    pub fn edits(&self, kit: &Kit<'_>, names: &[&str]) -> Option<Vec<Edit>> {
        let source = self.source(kit)?;
        let style = kit.style_of(&source);
        let case = self.case();
        let mut edits = Vec::new();
        for name in names.iter().filter(|name| !self.has(name)) {
            let member = case.of(name);
            let snippet = self.declaration.insert.as_ref()?;
            let written = match (&self.declaration.shape, case) {
                // A class or a schema names its members after the variables, in the case of its own members.
                (DeclarationShape::Class { .. }, _) => member.as_str(),
                _ => name,
            };
            let text = render(snippet, written, &member, None)?;
            edits.extend(self.one(kit, &source, &style, &text)?);
            for also in &self.declaration.also {
                let DeclarationShape::Call { argument, .. } = &self.declaration.shape else { continue };
                let Some(object) = self.object_node(&source, *argument, &also.key) else { continue };
                let text = render(&also.insert, name, &member, None)?;
                edits.extend(property(&source, &style, &object.byte_range(), &text)?);
            }
            if let Some(beside) = &self.declaration.beside
                && let Some(map) = self.map_beside(kit, &source, &beside.reads)
            {
                let text = render(&beside.insert, name, &member, None)?;
                edits.extend(property(&source, &style, &map, &text)?);
            }
        }
        Some(edits)
    }

    fn one(&self, kit: &Kit<'_>, source: &Source<'_>, style: &Style, text: &str) -> Option<Vec<Edit>> {
        const WHY: &str = "declares the setting";
        match &self.declaration.shape {
            DeclarationShape::Call { argument, key, .. } => {
                let object = self.object_node(source, *argument, key)?;
                property(source, style, &object.byte_range(), text)
            }
            DeclarationShape::ReadingObject { .. } => {
                let object = outer_object(source, self.site.span.range())?;
                property(source, style, &object.byte_range(), text)
            }
            DeclarationShape::Class { .. } => {
                let (text, import) = older_python(kit, text);
                let mut edits = place::add_field(source, style, &self.site.span.range(), &text, WHY).ok()?;
                if let Some(wanted) = import {
                    edits.extend(names::bring(kit, self.path(), source, &[wanted], None).ok()?.0);
                }
                Some(edits)
            }
            DeclarationShape::ReadingClass { reads } => {
                let last = last_reading(source, &self.site.span.range(), reads, text)?;
                place::after(source, style, &last.byte_range(), text, WHY).ok()
            }
            DeclarationShape::ReadingStatement { .. } => {
                place::after(source, style, &self.site.span.range(), text, WHY).ok()
            }
        }
    }

    /// The object literal that lists the settings.
    fn object_node<'s>(&self, source: &'s Source<'_>, argument: usize, key: &str) -> Option<Node<'s>> {
        let call = first(source, self.site.span.range(), &["call_expression"], |node| {
            let list = node.child_by_field_name("arguments");
            list.and_then(|l| l.named_child(argument as u32)).is_some_and(|a| a.kind() == "object")
        })?;
        let mut object = call.child_by_field_name("arguments")?.named_child(argument as u32)?;
        for part in key.split('.').filter(|p| !p.is_empty()) {
            object = value_of(source, object, part).filter(|n| n.kind() == "object")?;
        }
        Some(object)
    }
}

/// `str | None` where the oldest Python of the app does not know it.
fn older_python(kit: &Kit<'_>, text: &str) -> (String, Option<names::Wanted>) {
    let floor = super::render::python_floor(kit);
    if floor.is_none_or(|f| f >= (3, 10)) || !text.contains("str | None") {
        return (text.to_owned(), None);
    }
    (text.replace("str | None", "Optional[str]"), Some(names::Wanted::package("typing", "Optional")))
}

/// A line `key: value,` as a property.
fn property(source: &Source<'_>, style: &Style, object: &Range<usize>, line: &str) -> Option<Vec<Edit>> {
    let (key, value) = line.trim().trim_end_matches(',').split_once(':')?;
    place::add_property(source, style, object, (key.trim(), value.trim()), "declares the setting").ok()
}

fn value_of<'s>(source: &Source<'_>, object: Node<'s>, key: &str) -> Option<Node<'s>> {
    (0..object.named_child_count() as u32).filter_map(|i| object.named_child(i)).find_map(|pair| {
        let name = source.of(pair.child_by_field_name("key")?);
        (name.trim_matches(['"', '\'']) == key).then(|| pair.child_by_field_name("value"))?
    })
}

fn outer_object<'s>(source: &'s Source<'_>, range: Range<usize>) -> Option<Node<'s>> {
    first(source, range, &["object"], |_| true)
}

/// The first node of a kind in a range, outermost first.
fn first<'s>(
    source: &'s Source<'_>,
    range: Range<usize>,
    kinds: &[&str],
    fits: impl Fn(Node<'s>) -> bool,
) -> Option<Node<'s>> {
    let mut queue = std::collections::VecDeque::from([source.root()]);
    while let Some(node) = queue.pop_front() {
        if node.end_byte() <= range.start || node.start_byte() >= range.end {
            continue;
        }
        let inside = node.start_byte() >= range.start && node.end_byte() <= range.end;
        if inside && kinds.contains(&node.kind()) && fits(node) {
            return Some(node);
        }
        queue.extend((0..node.named_child_count() as u32).filter_map(|i| node.named_child(i)));
    }
    None
}

/// The last statement of a class that reads the environment in the same form as the new line.
fn last_reading<'s>(
    source: &'s Source<'_>,
    class: &Range<usize>,
    reads: &[String],
    line: &str,
) -> Option<Node<'s>> {
    let on_instance = line.trim_start().starts_with("self.");
    let mut last = None;
    let mut queue = vec![source.root()];
    while let Some(node) = queue.pop() {
        if node.end_byte() <= class.start || node.start_byte() >= class.end {
            continue;
        }
        let text = source.of(node);
        if node.kind() == "expression_statement"
            && node.start_byte() >= class.start
            && text.starts_with("self.") == on_instance
            && reads.iter().any(|r| text.contains(r.as_str()))
            && last.is_none_or(|l: Node<'_>| l.start_byte() < node.start_byte())
        {
            last = Some(node);
        }
        queue.extend((0..node.named_child_count() as u32).filter_map(|i| node.named_child(i)));
    }
    last
}

#[cfg(test)]
mod tests;
