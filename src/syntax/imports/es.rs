//! ECMAScript imports and CommonJS requires.

use std::ops::Range;

use tree_sitter::Node;

use super::{
    BETWEEN, FIRST, ImportName, ImportRefusal, ImportRequest, LAST, free, header, is_extension, line_of,
    sorted_among, sorted_index, specifier, visible,
};
use crate::edit::{Edit, Listing};
use crate::syntax::source::{Source, children, items, named};
use crate::syntax::style::{Style, is_require};

/// One specifier of a list.
struct Specifier<'t> {
    name: &'t str,
    local: &'t str,
    type_keyword: Option<Range<usize>>,
    range: Range<usize>,
}

/// One import statement, or `const … = require("…")`.
struct Statement<'a, 't> {
    node: Node<'a>,
    module: &'t str,
    type_keyword: Option<Range<usize>>,
    default: Option<(&'t str, Range<usize>)>,
    namespace: Option<&'t str>,
    list: Option<(Node<'a>, Vec<Specifier<'t>>)>,
    require: bool,
}

pub(super) fn import(
    source: &Source<'_>,
    style: &Style,
    requests: &[ImportRequest<'_>],
) -> Result<(Vec<Edit>, Vec<String>), ImportRefusal> {
    let statements = statements(source);
    let commonjs = if statements.is_empty() { style.commonjs } else { statements.iter().all(|s| s.require) };
    let mut edits = Vec::new();
    let mut names = Vec::new();
    // What is missing, by the statement it is added to or by module.
    let mut additions: Vec<(usize, Vec<&ImportRequest<'_>>)> = Vec::new();
    let mut fresh: Vec<(String, bool, Vec<&ImportRequest<'_>>)> = Vec::new();
    for request in requests {
        if let Some((edit, name)) = existing(source, &statements, request)? {
            visible(source, &name, request.at)?;
            edits.extend(edit);
            names.push(name);
            continue;
        }
        let local = request.wanted_local();
        if !names.contains(&local) {
            free(source, &local)?;
        }
        if requests
            .iter()
            .zip(&names)
            .any(|(r, n)| *n == local && r.name == request.name && r.module == request.module)
        {
            names.push(local);
            continue;
        }
        names.push(local);
        if let Some(at) = statements.iter().position(|s| can_take(s, request)) {
            match additions.iter_mut().find(|(i, _)| *i == at) {
                Some((_, list)) => list.push(request),
                None => additions.push((at, vec![request])),
            }
        } else {
            let modules: Vec<&str> = statements.iter().map(|s| s.module).collect();
            let module = with_extension(specifier(request, &modules), &modules);
            let same = |(m, t, list): &&mut (String, bool, Vec<&ImportRequest<'_>>)| {
                *m == module && *t == request.type_only && list.iter().all(|r| fits(r.name, request.name))
            };
            match fresh.iter_mut().find(same) {
                Some((_, _, list)) => list.push(request),
                None => fresh.push((module, request.type_only, vec![request])),
            }
        }
    }
    for (at, list) in additions {
        edits.extend(extend(source, style, &statements[at], &list));
    }
    let lines: Vec<Listing> =
        fresh.iter().flat_map(|(m, t, list)| lines(style, commonjs, m, *t, list)).collect();
    if !lines.is_empty() {
        edits.extend(insert_lines(source, &statements, &lines));
    }
    Ok((edits.into_iter().map(Edit::shared).collect(), names))
}

/// Whether two names can stand in one statement: at most one default, and no namespace.
fn fits(a: ImportName<'_>, b: ImportName<'_>) -> bool {
    !matches!(
        (a, b),
        (ImportName::Namespace, _) | (_, ImportName::Namespace) | (ImportName::Default, ImportName::Default)
    )
}

/// A binding that is there already, with the edit that makes a value of a type if need be.
fn existing(
    source: &Source<'_>,
    statements: &[Statement<'_, '_>],
    request: &ImportRequest<'_>,
) -> Result<Option<(Option<Edit>, String)>, ImportRefusal> {
    let why = |name: &str| format!("`{name}` is needed as a value");
    for statement in statements.iter().filter(|s| request.is_module(s.module)) {
        let whole = matches!(request.name, ImportName::Namespace) && statement.require;
        let default = match request.name {
            ImportName::Default => statement.default.as_ref(),
            _ if whole => statement.default.as_ref(),
            _ => None,
        };
        let wanted = match request.name {
            ImportName::Named(name) => Some(name),
            ImportName::Default => Some("default"),
            ImportName::Namespace => None,
        };
        let list = statement.list.as_ref().map(|(_, list)| list.as_slice()).unwrap_or_default();
        let specifier = wanted.and_then(|name| list.iter().find(|s| s.name == name));
        let (local, keyword) = match (default, specifier, statement.namespace) {
            (Some((local, _)), _, _) => (*local, None),
            (None, Some(specifier), _) => (specifier.local, specifier.type_keyword.clone()),
            (None, None, Some(local)) if request.name == ImportName::Namespace => (local, None),
            _ => continue,
        };
        let alone = list.len() + usize::from(statement.default.is_some()) <= 1;
        let keyword = match (&statement.type_keyword, keyword) {
            _ if request.type_only => None,
            (Some(_), _) if !alone => {
                let line = line_of(source, statement.node.start_byte());
                return Err(ImportRefusal::TypeOnly { name: local.to_owned(), line });
            }
            (Some(keyword), _) => Some(keyword.clone()),
            (None, keyword) => keyword,
        };
        let edit = keyword.map(|range| {
            let rest = source.slice(range.end..source.text.len());
            let blanks = rest.len() - rest.trim_start().len();
            Edit::deletion(range.start..range.end + blanks, why(local))
        });
        return Ok(Some((edit, local.to_owned())));
    }
    Ok(None)
}

/// Whether a name can be added to a statement.
fn can_take(statement: &Statement<'_, '_>, request: &ImportRequest<'_>) -> bool {
    if !request.is_module(statement.module) || statement.type_keyword.is_some() != request.type_only {
        return false;
    }
    match request.name {
        ImportName::Named(_) if statement.require => statement.list.is_some(),
        ImportName::Named(_) => {
            statement.list.is_some()
                || (statement.default.is_some() && statement.namespace.is_none() && !request.type_only)
        }
        ImportName::Default => {
            statement.list.is_some()
                && statement.default.is_none()
                && !statement.require
                && !request.type_only
        }
        ImportName::Namespace => false,
    }
}

fn extend(
    source: &Source<'_>,
    style: &Style,
    statement: &Statement<'_, '_>,
    requests: &[&ImportRequest<'_>],
) -> Vec<Edit> {
    let why = |r: &ImportRequest<'_>| format!("import `{}` from `{}`", r.wanted_local(), statement.module);
    let mut edits = Vec::new();
    let mut named: Vec<&&ImportRequest<'_>> = Vec::new();
    for request in requests {
        match (request.name, &statement.list) {
            (ImportName::Default, Some((list, _))) => {
                edits.push(Edit::insertion(
                    list.start_byte(),
                    format!("{}, ", request.wanted_local()),
                    why(request),
                ));
            }
            _ => named.push(request),
        }
    }
    let text = |r: &ImportRequest<'_>| specifier_text(r, statement.require);
    let Some(first) = named.first() else { return edits };
    let Some((list, specifiers)) = &statement.list else {
        let Some((_, default)) = &statement.default else { return edits };
        let all: Vec<String> = named.iter().map(|r| text(r)).collect();
        edits.push(Edit::insertion(default.end, format!(", {}", style.braces(&all.join(", "))), why(first)));
        return edits;
    };
    if specifiers.is_empty() {
        let all: Vec<String> = named.iter().map(|r| text(r)).collect();
        edits.push(Edit::replacement(list.byte_range(), style.braces(&all.join(", ")), why(first)));
        return edits;
    }
    let names: Vec<&str> = specifiers.iter().map(|s| s.name).collect();
    for request in named {
        let at = sorted_index(&names, &request.own_name());
        let text = text(request);
        let edit = if let Some(next) = specifiers.get(at) {
            let own_line = source.is_first_on_line(next.range.start);
            let gap = if own_line {
                format!("{}{}", source.newline(), source.indent_at(next.range.start))
            } else {
                " ".to_owned()
            };
            Edit::insertion(next.range.start, format!("{text},{gap}"), why(request))
        } else {
            // At the end: in front of a trailing comma, so that the list keeps its form.
            let last = &specifiers[specifiers.len() - 1];
            let own_line = source.is_first_on_line(last.range.start);
            let gap = if own_line {
                format!("{}{}", source.newline(), source.indent_at(last.range.start))
            } else {
                " ".to_owned()
            };
            Edit::insertion(last.range.end, format!(",{gap}{text}"), why(request))
        };
        edits.push(sorted_among(edit, &names, &request.own_name()));
    }
    edits
}

fn specifier_text(request: &ImportRequest<'_>, require: bool) -> String {
    let (own, local) = (request.own_name(), request.wanted_local());
    match (own == local, require) {
        (true, _) => own,
        (false, true) => format!("{own}: {local}"),
        (false, false) => format!("{own} as {local}"),
    }
}

/// New statements without their line ends: one for all names, or in a form where those cannot stand beside the whole
/// module, one for that and one for them.
fn lines(
    style: &Style,
    require: bool,
    module: &str,
    type_only: bool,
    requests: &[&ImportRequest<'_>],
) -> Vec<Listing> {
    let is_named = |r: &&&ImportRequest<'_>| matches!(r.name, ImportName::Named(_));
    let whole = requests.iter().find(|r| !is_named(r)).map(|request| {
        let star = if request.name == ImportName::Namespace && !require { "* as " } else { "" };
        format!("{star}{}", request.wanted_local())
    });
    let named: Vec<&&ImportRequest<'_>> = requests.iter().filter(is_named).collect();
    let keyword = match (require, type_only) {
        (true, _) => "const",
        (false, true) => "import type",
        (false, false) => "import",
    };
    let (module, end) = (style.string(module), style.semicolon());
    let from = if require { format!(" = require({module}){end}") } else { format!(" from {module}{end}") };
    let names = |before: &str| {
        let [open, close] = style.brace_pair();
        let list = Listing::new(format!("{keyword} {before}{open}"), format!("{close}{from}"));
        named.iter().fold(list, |list, request| list.item("", specifier_text(request, require)))
    };
    let alone = |whole: &str| Listing::new(format!("{keyword} {whole}"), from.clone());
    match whole {
        None => vec![names("")],
        Some(whole) if named.is_empty() => vec![alone(&whole)],
        Some(whole) if require => vec![alone(&whole), names("")],
        Some(whole) => vec![names(&format!("{whole}, "))],
    }
}

/// New statements, each an edit of its own: of two units that need some of the same, each line is brought once.
fn insert_lines(source: &Source<'_>, statements: &[Statement<'_, '_>], lines: &[Listing]) -> Vec<Edit> {
    let newline = source.newline();
    let new = |at: usize, line: &Listing, [before, behind]: [&str; 2]| {
        let why = format!("`{}`", line.text().trim_end_matches(';'));
        Edit::listing(at, line.clone().between(before, behind), why)
    };
    if let Some(last) = last_of_header(source, statements) {
        let end = source.line_end(last.node.end_byte());
        // Something else on the line, which is no comment: the import goes right behind its own statement.
        let rest = source.slice(last.node.end_byte()..end).trim_start_matches([' ', '\t', ';']);
        let at = if rest.is_empty() || rest.starts_with("//") || rest.starts_with("/*") {
            end
        } else {
            last.node.end_byte()
        };
        return lines.iter().map(|l| new(at, l, [newline, ""])).collect();
    }
    let at = header::end(source);
    let rest = source.slice(at..source.text.len());
    let before = if at > header::top(source) && !source.slice(0..at).ends_with('\n') { newline } else { "" };
    // After a directive or comment a blank line; before code as well.
    let (at, lead) =
        if at > header::top(source) && rest.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']) {
            (header::next_line(source, at), String::new())
        } else if at > header::top(source) && source.slice(0..at).trim_start_matches('\u{feff}').len() > 1 {
            (at, format!("{before}{newline}"))
        } else {
            (at, before.to_owned())
        };
    let spaced = |text: &str, rank: &str| {
        (!text.is_empty()).then(|| Edit::insertion(at, text, "a group of its own").ranked(rank))
    };
    let all = lines.iter().map(|l| new(at, l, ["", newline]).ranked(BETWEEN));
    let behind = spaced(blank_line(source, at, newline), LAST);
    spaced(&lead, FIRST).into_iter().chain(all).chain(behind).collect()
}

/// A line end when code follows at once.
fn blank_line<'n>(source: &Source<'_>, at: usize, newline: &'n str) -> &'n str {
    let rest = source.slice(at..source.text.len());
    if rest.is_empty() || rest.starts_with(['\n', '\r']) { "" } else { newline }
}

/// The last import of those that stand together at the top; of all if none does.
fn last_of_header<'s, 'a, 't>(
    source: &Source<'_>,
    statements: &'s [Statement<'a, 't>],
) -> Option<&'s Statement<'a, 't>> {
    let mut last = None;
    for node in named(source.root()) {
        if let Some(statement) = statements.iter().find(|s| s.node == node) {
            // A require far below is not part of the header.
            last = Some(statement);
            continue;
        }
        let passes = match node.kind() {
            "comment" | "hash_bang_line" | "import_alias" => true,
            "expression_statement" => header::is_directive(source, node) || last.is_none_or(|l| !l.require),
            _ => false,
        };
        if !passes && last.is_some() {
            break;
        }
    }
    last
}

/// The extension that the file's relative imports have, on a relative or aliased specifier without one.
fn with_extension(module: &str, existing: &[&str]) -> String {
    let local =
        |m: &str| m.starts_with('.') || m.starts_with("@/") || m.starts_with("~/") || m.starts_with('#');
    let extension =
        |m: &str| m.rsplit_once('.').map(|(_, e)| e).filter(|e| is_extension(e)).map(str::to_owned);
    if !local(module) || extension(module).is_some() {
        return module.to_owned();
    }
    let relative: Vec<Option<String>> = existing.iter().filter(|m| local(m)).map(|m| extension(m)).collect();
    let Some(Some(common)) = relative.iter().find(|e| e.is_some()) else { return module.to_owned() };
    let with = relative.iter().filter(|e| e.as_deref() == Some(common)).count();
    if with * 2 > relative.len() { format!("{module}.{common}") } else { module.to_owned() }
}

/// Every import and require at the top level.
fn statements<'a, 't>(source: &'a Source<'t>) -> Vec<Statement<'a, 't>> {
    named(source.root())
        .into_iter()
        .filter_map(|node| match node.kind() {
            "import_statement" => import_statement(source, node),
            "lexical_declaration" | "variable_declaration" => require_statement(source, node),
            _ => None,
        })
        .collect()
}

fn string_value<'t>(source: &Source<'t>, node: Node<'_>) -> &'t str {
    source.of(node).trim_matches(['"', '\'', '`'])
}

fn import_statement<'a, 't>(source: &'a Source<'t>, node: Node<'a>) -> Option<Statement<'a, 't>> {
    let module = string_value(source, node.child_by_field_name("source")?);
    let mut statement = Statement {
        node,
        module,
        type_keyword: None,
        default: None,
        namespace: None,
        list: None,
        require: false,
    };
    statement.type_keyword =
        children(node).into_iter().find(|c| matches!(c.kind(), "type" | "typeof")).map(|c| c.byte_range());
    let Some(clause) = named(node).into_iter().find(|c| c.kind() == "import_clause") else {
        return Some(statement);
    };
    for part in named(clause) {
        match part.kind() {
            "identifier" => statement.default = Some((source.of(part), part.byte_range())),
            "namespace_import" => statement.namespace = items(part).first().map(|n| source.of(*n)),
            "named_imports" => {
                let list = items(part).into_iter().filter_map(|s| {
                    let name = s.child_by_field_name("name")?;
                    let local = s.child_by_field_name("alias").unwrap_or(name);
                    let keyword = children(s).into_iter().find(|c| matches!(c.kind(), "type" | "typeof"));
                    Some(Specifier {
                        name: source.of(name).trim_matches(['"', '\'']),
                        local: source.of(local),
                        type_keyword: keyword.map(|k| k.byte_range()),
                        range: s.byte_range(),
                    })
                });
                statement.list = Some((part, list.collect()));
            }
            _ => {}
        }
    }
    Some(statement)
}

fn require_statement<'a, 't>(source: &'a Source<'t>, node: Node<'a>) -> Option<Statement<'a, 't>> {
    let declarators: Vec<Node<'a>> = items(node);
    let [declarator] = declarators.as_slice() else { return None };
    let (name, value) = (declarator.child_by_field_name("name")?, declarator.child_by_field_name("value")?);
    let mut member = None;
    let call = if value.kind() == "member_expression" {
        member = value.child_by_field_name("property");
        value.child_by_field_name("object")?
    } else {
        value
    };
    if call.kind() != "call_expression" || !is_require(source, call) {
        return None;
    }
    let argument =
        items(call.child_by_field_name("arguments")?).into_iter().next().filter(|a| a.kind() == "string")?;
    let mut statement = Statement {
        node,
        module: string_value(source, argument),
        type_keyword: None,
        default: None,
        namespace: None,
        list: None,
        require: true,
    };
    match (name.kind(), member) {
        ("identifier", None) => statement.default = Some((source.of(name), name.byte_range())),
        // `const x = require("m").x` cannot be extended, only reused.
        ("identifier", Some(_)) => {}
        ("object_pattern", None) => {
            let list = items(name).into_iter().filter_map(|s| {
                let (name, local) = match s.kind() {
                    "shorthand_property_identifier_pattern" => (s, s),
                    "pair_pattern" => (s.child_by_field_name("key")?, s.child_by_field_name("value")?),
                    _ => return None,
                };
                Some(Specifier {
                    name: source.of(name),
                    local: source.of(local),
                    type_keyword: None,
                    range: s.byte_range(),
                })
            });
            statement.list = Some((name, list.collect()));
        }
        _ => return None,
    }
    Some(statement)
}
