//! A list that names the app's handlers: a table of addresses, the controllers of a module.

use minijinja::{Environment, context};
use tree_sitter::Node;

use super::paths;
use super::text::handler_name;
use crate::catalog::{Entry, KeptBody, Listed, NewRoute};
use crate::edit::Edit;
use crate::resolve::{Def, Module};
use crate::steps::support::names::{Wanted, bring};
use crate::steps::support::{Kit, identity, join};
use crate::syntax::source::{Source, children, items};
use crate::syntax::{Decorator, Expr, Facts, Path, Span, place};
use crate::workspace::FileId;

const WHY: &str = "the route is found through it";

/// See the module.
pub(super) struct Listing<'a> {
    pub(super) file: FileId,
    route: &'a NewRoute,
    rules: &'a Listed,
    /// A place in the list: an element, or the list itself.
    at: Span,
    /// The neighbour's file, where the list names its class.
    beside: Option<FileId>,
    /// The path in front of the route's own, without what the server puts in front of all.
    prefix: String,
    outer: String,
    /// Paths end with a slash.
    slash: bool,
}

impl<'a> Listing<'a> {
    pub(super) fn find(
        kit: &Kit<'a>,
        entry: &'a Entry,
        route: &'a NewRoute,
        rules: &'a Listed,
    ) -> Option<Self> {
        match &rules.setting {
            Some(setting) => Self::of_setting(kit, entry, route, rules, setting),
            None => Self::beside(kit, entry, route, rules),
        }
    }

    /// The list of the module that a setting names: `ROOT_URLCONF = "config.urls"`.
    fn of_setting(
        kit: &Kit<'a>,
        entry: &'a Entry,
        route: &'a NewRoute,
        rules: &'a Listed,
        setting: &str,
    ) -> Option<Self> {
        let mut named = kit.cx.program.files_with_word(setting).into_iter().filter(|f| kit.files.contains(f));
        let (file, module) = named.find_map(|file| {
            let facts = kit.cx.program.facts(file);
            let binding = facts.bindings.iter().find(|b| b.names.iter().any(|n| n.local == setting))?;
            Some((file, binding.value.as_str()?.to_owned()))
        })?;
        let Module::File(file) = kit.cx.program.module(file, &module, None) else { return None };
        let facts = kit.cx.program.facts(file);
        let bound = facts.bindings.iter().filter(|b| b.function.is_none());
        let list = bound.into_iter().find(|b| b.names.iter().any(|n| n.local == rules.list))?;
        let rows = rows_in(facts, list.statement);
        let is_rest = |path: &str| rules.catch_all.iter().any(|mark| path.contains(mark.as_str()));
        let said: Vec<&str> =
            rows.iter().map(|(path, _)| path.as_str()).filter(|path| !is_rest(path)).collect();
        let slash = said.iter().filter(|path| path.ends_with('/')).count() * 2 >= said.len();
        let absolute: Vec<String> = said.iter().map(|path| format!("/{path}")).collect();
        let roots = &entry.framework.as_ref()?.mounting.roots;
        let above = paths::above(absolute.iter().map(String::as_str), roots);
        Some(Self {
            file,
            route,
            rules,
            at: list.statement,
            beside: None,
            prefix: format!("{above}{}", rules.prefix),
            outer: String::new(),
            slash,
        })
    }

    /// The list that names the class of the handler which shows how the user is known.
    fn beside(kit: &Kit<'a>, entry: &'a Entry, route: &'a NewRoute, rules: &'a Listed) -> Option<Self> {
        let named = listed_classes(kit, &rules.list);
        let (neighbour, _) = identity::best(kit)?;
        let of = |file: FileId| named.iter().find(move |(_, _, class)| *class == file);
        let (file, at, class) = *of(neighbour)?;
        let own = named.iter().filter_map(|(_, _, class)| class_path(kit, *class));
        let own: Vec<String> = own.map(|path| format!("/{}", path.trim_start_matches('/'))).collect();
        let roots = &entry.framework.as_ref()?.mounting.roots;
        let above = paths::above(own.iter().map(String::as_str), roots);
        let outer = rules.outer.iter().find_map(|member| {
            kit.files.iter().find_map(|f| {
                let facts = kit.cx.program.facts(*f);
                let call = facts.calls.iter().find(|c| c.callee.segments.last() == Some(member))?;
                Some(format!("/{}", call.args.first()?.as_str()?.trim_matches('/')))
            })
        });
        Some(Self {
            file,
            route,
            rules,
            at,
            beside: Some(class),
            prefix: format!("{above}{}", rules.prefix),
            outer: outer.unwrap_or_default(),
            slash: false,
        })
    }

    /// The path users see.
    pub(super) fn path(&self) -> String {
        let slash = if self.slash { "/" } else { "" };
        format!("{}{}{}{slash}", self.outer, self.prefix, self.route.path)
    }

    /// The path in front of the file's routes, as the file says it.
    pub(super) fn prefix(&self) -> String {
        self.prefix.trim_start_matches('/').to_owned()
    }

    /// 1-based line of the list.
    pub(super) fn line(&self, kit: &Kit<'_>) -> usize {
        kit.text(self.file).line_of(self.at.start as usize)
    }

    /// Beside the list; in a folder of its own where the neighbour has one.
    pub(super) fn new_file(&self, kit: &Kit<'_>) -> String {
        let name = format!("{}.{}", self.route.file, kit.source_ext);
        let Some(beside) = self.beside else {
            return join(kit.cx.workspace.entry(self.file).dir(), &name);
        };
        let entry = kit.cx.workspace.entry(beside);
        let stem = entry.name().split('.').next().unwrap_or_default();
        let feature = self.route.file.split('.').next().unwrap_or_default();
        match entry.dir().rsplit_once('/') {
            Some((above, folder)) if folder.starts_with(stem) || stem.starts_with(folder) => {
                join(&join(above, feature), &name)
            }
            _ => join(entry.dir(), &name),
        }
    }

    /// What the file of the list calls the new handler.
    fn handler(&self, kit: &Kit<'_>) -> String {
        let file = self.route.file.split('.').next().unwrap_or_default();
        if self.rules.whole {
            return format!("{file}.{}", handler_name(kit, self.route.purpose));
        }
        // `billing.controller` holds `BillingController`.
        self.route.file.split(['.', '-']).map(capital).collect()
    }

    /// Whether the list names the handler.
    pub(super) fn has(&self, kit: &Kit<'_>) -> bool {
        let text = kit.text(self.file);
        let handler = self.handler(kit);
        text.as_str()
            .match_indices(&handler)
            .any(|(at, _)| crate::sites::cx::word_at(text.as_str(), at, &handler))
    }

    /// The edits that list the handler of a file.
    pub(super) fn add(&self, kit: &Kit<'_>, file: &str) -> Result<Vec<Edit>, String> {
        let text = kit.text(self.file);
        let language = kit.cx.workspace.entry(self.file).language.ok_or("it is no code")?;
        let source = Source::parse(language, text.as_str()).ok_or("it is no code")?;
        let handler = self.handler(kit);
        let stem = self.route.file.split('.').next().unwrap_or_default();
        let name = if self.rules.whole { "*".to_owned() } else { handler.clone() };
        let local = self.rules.whole.then(|| stem.to_owned());
        let own = Wanted { local, ..Wanted::file(file, name) };
        let others = self.rules.row.imports.iter().map(|s| Wanted::package(&s.module, &s.name));
        let wanted: Vec<Wanted> = std::iter::once(own).chain(others).collect();
        let (mut edits, names) =
            bring(kit, kit.path(self.file), &source, &wanted, None).map_err(|e| e.to_string())?;
        let handler = if self.rules.whole {
            let module = names.first().cloned().unwrap_or_default();
            format!("{module}.{}", handler_name(kit, self.route.purpose))
        } else {
            names.first().cloned().unwrap_or(handler)
        };
        let slash = if self.slash { "/" } else { "" };
        let path = format!("{}{}{slash}", self.prefix(), self.route.path);
        let name = path.trim_matches('/').rsplit('/').take(2).collect::<Vec<_>>();
        let name = name.into_iter().rev().collect::<Vec<_>>().join("-");
        let row = Environment::new()
            .render_str(&self.rules.row.lines, context! { handler, path, name })
            .map_err(|e| e.to_string())?;
        let style = kit.style_of(&source);
        let list = self.list(&source).ok_or("it is no plain list")?;
        let row = crate::syntax::style::restyle(&row, language, &style);
        let row = row.trim_end().trim_end_matches(';');
        let rest = items(list).into_iter().find(|n| {
            let written = source.of(*n);
            self.rules.catch_all.iter().any(|mark| written.contains(mark.as_str()))
        });
        let added = match rest {
            Some(rest) => Ok(vec![place::in_front_of(&source, rest, row, WHY)]),
            None => place::add_element(&source, &style, &list.byte_range(), row, WHY),
        };
        edits.extend(added.map_err(|e| e.to_string())?);
        Ok(edits)
    }

    /// The list's node.
    fn list<'t>(&self, source: &'t Source<'_>) -> Option<Node<'t>> {
        const LISTS: &[&str] = &["array", "list"];
        let node = source.node(&self.at.range())?;
        if self.beside.is_some() {
            let mut around = Some(node);
            while let Some(inner) = around {
                if LISTS.contains(&inner.kind()) {
                    return Some(inner);
                }
                around = inner.parent();
            }
            return None;
        }
        let value = first(node, &|n| n.child_by_field_name("right"))?;
        first(value, &|n| LISTS.contains(&n.kind()).then_some(n))
    }
}

fn first<'t>(node: Node<'t>, of: &dyn Fn(Node<'t>) -> Option<Node<'t>>) -> Option<Node<'t>> {
    of(node).or_else(|| children(node).into_iter().find_map(|child| first(child, of)))
}

/// Calls with a path in front, within a statement: `path("api/", include("chat.urls"))`.
fn rows_in(facts: &Facts, within: Span) -> Vec<(String, Span)> {
    let rows = facts.calls.iter().filter(|c| within.contains(c.span));
    rows.filter_map(|c| Some((c.args.first().filter(|_| c.args.len() > 1)?.as_str()?.to_owned(), c.span)))
        .collect()
}

/// The classes that lists of this key name in decorators: the list's file, the element, the file of the class.
fn listed_classes(kit: &Kit<'_>, key: &str) -> Vec<(FileId, Span, FileId)> {
    let mut found = Vec::new();
    for file in &kit.files {
        let facts = kit.cx.program.facts(*file);
        for path in facts.classes.iter().flat_map(|c| &c.decorators).flat_map(|d| elements(d, key)) {
            let def = kit.graph().def(*file, None, &path);
            if let Def::Class(at, _) = def
                && !identity::is_own(kit, kit.text(at).as_str())
            {
                found.push((*file, path.span, at));
            }
        }
    }
    found
}

fn elements(decorator: &Decorator, key: &str) -> Vec<Path> {
    let objects = decorator.args.iter().filter_map(|arg| match arg {
        Expr::Object(pairs) => Some(pairs),
        _ => None,
    });
    let lists = objects.flatten().filter(|(name, _)| name == key).filter_map(|(_, value)| match value {
        Expr::List(items) => Some(items),
        _ => None,
    });
    lists.flatten().filter_map(|item| item.as_path().cloned()).collect()
}

/// The path that a class says for its handlers: `@Controller("chat")`.
fn class_path(kit: &Kit<'_>, file: FileId) -> Option<String> {
    let facts = kit.cx.program.facts(file);
    let mut decorators = facts.classes.iter().flat_map(|c| &c.decorators);
    decorators.find_map(|d| d.args.first()?.as_str().map(str::to_owned))
}

fn capital(part: &str) -> String {
    let mut chars = part.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

/// The edit that has the app keep bodies as they were sent; an error where it does already, nothing where that cannot be
/// told.
pub(super) fn keep_body(kit: &Kit<'_>, kept: &KeptBody) -> Option<Result<(String, Vec<Edit>), ()>> {
    let (file, span, given) = kit.files.iter().find_map(|file| {
        let facts = kit.cx.program.facts(*file);
        let call = facts.calls.iter().find(|c| c.callee.dotted() == kept.call)?;
        Some((*file, call.span, call.args.last().cloned()))
    })?;
    let text = kit.text(file);
    let source = Source::parse(kit.cx.workspace.entry(file).language?, text.as_str())?;
    let style = kit.style_of(&source);
    let call = source.node(&span.range())?;
    let edits = match given {
        Some(Expr::Object(pairs)) if pairs.iter().any(|(key, _)| *key == kept.option) => {
            return Some(Err(()));
        }
        Some(Expr::Object(_)) => {
            let list = call.child_by_field_name("arguments")?;
            let object = items(list).into_iter().next_back()?;
            place::add_property(
                &source,
                &style,
                &object.byte_range(),
                (&kept.option, "true"),
                "a signature is over it",
            )
        }
        _ => {
            let option = format!("{{ {}: true }}", kept.option);
            place::add_argument(
                &source,
                &style,
                &span.range(),
                &option,
                "a webhook's signature is over the body as sent",
            )
        }
    };
    Some(Ok((kit.path(file).to_owned(), edits.ok()?)))
}
