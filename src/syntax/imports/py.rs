//! Python imports.

use std::ops::Range;

use tree_sitter::Node;

use super::{
    FIRST, ImportName, ImportRefusal, ImportRequest, LAST, free, header, sorted_among, sorted_index,
    specifier, visible,
};
use crate::edit::{Edit, Listing};
use crate::syntax::source::{Source, named};

/// Modules of the standard library by which its group is told.
const STANDARD: &[&str] = &[
    "__future__",
    "abc",
    "argparse",
    "asyncio",
    "base64",
    "collections",
    "contextlib",
    "contextvars",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "hashlib",
    "io",
    "itertools",
    "json",
    "logging",
    "math",
    "os",
    "pathlib",
    "random",
    "re",
    "secrets",
    "shutil",
    "sqlite3",
    "string",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "typing",
    "urllib",
    "uuid",
];

/// One name of an import.
struct Name<'t> {
    own: &'t str,
    local: Option<&'t str>,
    range: Range<usize>,
}

/// `from module import names` or `import names`.
struct Statement<'a, 't> {
    node: Node<'a>,
    /// `None` for `import a.b`.
    from: Option<&'t str>,
    names: Vec<Name<'t>>,
}

/// A new statement.
struct Line {
    module: String,
    is_from: bool,
    list: Listing,
}

impl Line {
    fn new(from: Option<String>, names: &[String]) -> Self {
        let Some(module) = from else {
            // `import a` and `import b` are no list of one kind.
            let module = names.join(", ");
            return Self { list: Listing::new(format!("import {module}"), ""), module, is_from: false };
        };
        let empty = Listing::new(format!("from {module} import "), "");
        let list = names.iter().fold(empty, |list, name| list.item(by_kind(name), name));
        Self { module, is_from: true, list }
    }

    /// What several steps bring to one place comes out sorted: `import x` before `from x import y`, as isort has it.
    fn rank(&self) -> String {
        format!("{} {}", u8::from(self.is_from), self.module.to_lowercase())
    }

    /// The statement at a place, between other text.
    fn at(&self, place: usize, before: &str, behind: &str) -> Edit {
        let why = format!("`{}`", self.list.text());
        Edit::listing(place, self.list.clone().between(before, behind), why).ranked(self.rank())
    }
}

pub(super) fn import(
    source: &Source<'_>,
    requests: &[ImportRequest<'_>],
) -> Result<(Vec<Edit>, Vec<String>), ImportRefusal> {
    let statements = statements(source);
    let modules: Vec<&str> = statements
        .iter()
        .flat_map(|s| s.from.map_or_else(|| s.names.iter().map(|n| n.own).collect(), |f| vec![f]))
        .collect();
    let mut edits = Vec::new();
    let mut names = Vec::new();
    let mut additions: Vec<(usize, Vec<&ImportRequest<'_>>)> = Vec::new();
    let mut fresh: Vec<(Option<String>, Vec<String>, Option<&str>)> = Vec::new();
    for request in requests {
        if let Some(name) = existing(&statements, request) {
            visible(source, name.split('.').next().unwrap_or(&name), request.at)?;
            names.push(name);
            continue;
        }
        let local = request.wanted_local();
        if request.name == ImportName::Default {
            return Err(ImportRefusal::NotPossible("Python modules have no default export".to_owned()));
        }
        free(source, &local)?;
        names.push(local);
        let takes = |s: &Statement<'_, '_>| {
            matches!(request.name, ImportName::Named(_))
                && s.from.is_some_and(|m| request.is_module(m))
                && !s.names.is_empty()
        };
        if let Some(at) = statements.iter().position(takes) {
            match additions.iter_mut().find(|(i, _)| *i == at) {
                Some((_, list)) => list.push(request),
                None => additions.push((at, vec![request])),
            }
        } else {
            let (from, text) = fresh_import(request, specifier(request, &modules));
            match fresh.iter_mut().find(|(f, ..)| f.is_some() && *f == from) {
                Some((_, list, _)) if !list.contains(&text) => list.push(text),
                Some(_) => {}
                None => fresh.push((from, vec![text], request.beside)),
            }
        }
    }
    for (at, list) in additions {
        edits.extend(extend(source, &statements[at], &list));
    }
    // New statements may share a place, where they stand in this order.
    fresh.sort_by_key(|(from, list, _)| from.as_ref().or(list.first()).map(|m| m.to_lowercase()));
    for (from, list, beside) in fresh {
        edits.extend(insert(source, &statements, &Line::new(from, &list), beside));
    }
    Ok((edits.into_iter().map(Edit::shared).collect(), names))
}

/// The parts of a new statement: what stands after `from`, and what after `import`.
fn fresh_import(request: &ImportRequest<'_>, module: &str) -> (Option<String>, String) {
    let local = request.wanted_local();
    let as_local = |own: &str| if own == local { own.to_owned() } else { format!("{own} as {local}") };
    match request.name {
        ImportName::Named(name) => (Some(module.to_owned()), as_local(name)),
        ImportName::Default | ImportName::Namespace => match module.rsplit_once('.') {
            Some((package, last)) => {
                let dots = if package.ends_with('.') || package.is_empty() { "." } else { "" };
                (Some(format!("{package}{dots}")), as_local(last))
            }
            None => (None, as_local(module)),
        },
    }
}

/// How the wanted thing is written with the imports there are.
fn existing(statements: &[Statement<'_, '_>], request: &ImportRequest<'_>) -> Option<String> {
    let modules = || std::iter::once(&request.module).chain(request.also);
    for statement in statements {
        for name in &statement.names {
            let local = name.local.unwrap_or(name.own);
            let found = match (request.name, statement.from) {
                (ImportName::Named(wanted), Some(from)) => name.own == wanted && request.is_module(from),
                (ImportName::Namespace, None) => modules().any(|m| *m == name.own),
                (ImportName::Namespace, Some(from)) => modules().any(|m| {
                    m.rsplit_once('.').is_some_and(|(package, last)| {
                        last == name.own && (package == from || format!("{package}.") == from)
                    })
                }),
                _ => false,
            };
            if found {
                return Some(local.to_owned());
            }
        }
    }
    None
}

/// How isort and its like order names: constants, then classes, then the rest.
fn by_kind(name: &str) -> String {
    let capital = name.starts_with(|c: char| c.is_ascii_uppercase());
    let constant = name.len() > 1 && !name.contains(|c: char| c.is_ascii_lowercase());
    let kind = match (capital, constant) {
        (true, true) => 0,
        (true, false) => 1,
        (false, _) => 2,
    };
    format!("{kind} {}", name.to_lowercase())
}

fn extend(source: &Source<'_>, statement: &Statement<'_, '_>, requests: &[&ImportRequest<'_>]) -> Vec<Edit> {
    let names: Vec<&str> = statement.names.iter().map(|n| n.own).collect();
    let mut edits = Vec::new();
    for request in requests {
        let (_, text) = fresh_import(request, request.module);
        let why =
            format!("import `{}` from `{}`", request.wanted_local(), statement.from.unwrap_or_default());
        let gap = |at: usize| {
            if source.is_first_on_line(at) {
                format!("{}{}", source.newline(), source.indent_at(at))
            } else {
                " ".to_owned()
            }
        };
        let own = request.own_name();
        let edit = if let Some(next) = statement.names.get(sorted_index(&names, &own)) {
            let at = next.range.start;
            Edit::insertion(at, format!("{text},{}", gap(at)), why)
        } else {
            let Some(last) = statement.names.last() else { continue };
            Edit::insertion(last.range.end, format!(",{}{text}", gap(last.range.start)), why)
        };
        edits.push(sorted_among(edit, &names, &own));
    }
    edits
}

/// A new statement: in its group and sorted if the file does that, else after the last import.
fn insert(
    source: &Source<'_>,
    statements: &[Statement<'_, '_>],
    line: &Line,
    beside: Option<&str>,
) -> Vec<Edit> {
    let newline = source.newline();
    let module = line.module.as_str();
    let groups = groups(source, statements);
    let first_part = |m: &str| {
        if m.starts_with('.') { ".".to_owned() } else { m.split('.').next().unwrap_or_default().to_owned() }
    };
    let module_of = |s: &Statement<'_, '_>| {
        s.from.or_else(|| s.names.first().map(|n| n.own)).unwrap_or_default().to_owned()
    };
    let with = |of: &str| {
        groups.iter().rev().find(|g| g.iter().any(|s| first_part(&module_of(s)) == first_part(of)))
    };
    let kin = with(module).or_else(|| with(beside?));
    let Some(group) = kin.or(groups.last()) else {
        let at = header::end(source);
        let rest = source.slice(at..source.text.len());
        let open =
            if at > header::top(source) && !source.slice(0..at).ends_with('\n') { newline } else { "" };
        let gap = if at > header::top(source) && at > 0 { newline } else { "" };
        let blank = if rest.is_empty() || rest.starts_with(['\n', '\r']) { "" } else { newline };
        return vec![line.at(at, &format!("{open}{gap}"), &format!("{newline}{blank}"))];
    };
    // A module of the app's own never joins the group of others' packages, nor does one of the standard library. The line
    // that divides a new group from its neighbour is an edit of its own: several imports share it.
    if kin.is_none()
        && module.starts_with('.')
        && let Some(last) = group.last()
    {
        let at = source.line_end(last.node.end_byte());
        let divider = Edit::insertion(at, newline, "a group of its own").ranked(FIRST);
        return vec![divider, line.at(at, newline, "")];
    }
    let is_standard = |m: &str| STANDARD.contains(&first_part(m).as_str());
    let standard = groups.iter().find(|g| g.iter().any(|s| is_standard(&module_of(s))));
    if kin.is_none() && is_standard(module) && standard.is_none() {
        let at = groups.first().and_then(|g| g.first()).map_or(0, |s| s.node.start_byte());
        let divider = Edit::insertion(at, newline, "a group of its own").ranked(LAST);
        return vec![line.at(at, "", newline), divider];
    }
    let group = standard.filter(|_| kin.is_none() && is_standard(module)).unwrap_or(group);
    let same_form: Vec<&&Statement<'_, '_>> =
        group.iter().filter(|s| s.from.is_some() == line.is_from).collect();
    let modules: Vec<String> = same_form.iter().map(|s| module_of(s)).collect();
    let edit = if let Some(next) = same_form.get(sorted_index(&modules, module)) {
        line.at(next.node.start_byte(), "", newline)
    } else {
        let last = same_form.last().copied().or(group.last());
        let at = last.map_or(0, |l| source.line_end(l.node.end_byte()));
        line.at(at, newline, "")
    };
    vec![edit]
}

/// The top-level imports at the head of the file, in groups divided by blank lines.
fn groups<'s, 'a, 't>(
    source: &Source<'_>,
    statements: &'s [Statement<'a, 't>],
) -> Vec<Vec<&'s Statement<'a, 't>>> {
    let mut groups: Vec<Vec<&Statement<'_, '_>>> = Vec::new();
    let mut last_end: Option<usize> = None;
    for node in named(source.root()) {
        let statement = statements.iter().find(|s| s.node == node);
        let Some(statement) = statement else {
            let passes = matches!(
                node.kind(),
                "comment" | "future_import_statement" | "try_statement" | "if_statement"
            ) || (node.kind() == "expression_statement" && groups.is_empty());
            if !passes && !groups.is_empty() {
                break;
            }
            continue;
        };
        let apart = last_end.is_none_or(|end| source.slice(end..node.start_byte()).matches('\n').count() > 1);
        match groups.last_mut() {
            Some(group) if !apart => group.push(statement),
            _ => groups.push(vec![statement]),
        }
        last_end = Some(node.end_byte());
    }
    groups
}

fn statements<'a, 't>(source: &'a Source<'t>) -> Vec<Statement<'a, 't>> {
    let mut found = Vec::new();
    for node in named(source.root()) {
        match node.kind() {
            "import_statement" | "import_from_statement" => found.push(statement(source, node)),
            _ => {}
        }
    }
    found
}

fn statement<'a, 't>(source: &'a Source<'t>, node: Node<'a>) -> Statement<'a, 't> {
    let module = node.child_by_field_name("module_name");
    let mut cursor = node.walk();
    let names = node.children_by_field_name("name", &mut cursor).map(|n| {
        let name = n.child_by_field_name("name").unwrap_or(n);
        let alias = n.child_by_field_name("alias");
        Name { own: source.of(name), local: alias.map(|a| source.of(a)), range: n.byte_range() }
    });
    Statement { node, from: module.map(|m| source.of(m)), names: names.collect() }
}
