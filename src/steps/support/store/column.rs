//! The column in the declaration of the record, written as its neighbours are.

use minijinja::context;
use tree_sitter::Node;

use crate::catalog::ModelShape;
use crate::edit::Edit;
use crate::steps::support::Kit;
use crate::steps::support::names::{Wanted, bring};
use crate::steps::support::store::record::{Record, snippet};
use crate::syntax::place;
use crate::syntax::source::{Source, children};

const WHY: &str = "holds the Credyt customer id";

/// The edits that declare the column.
pub(super) fn edits(kit: &Kit<'_>, record: &Record<'_>) -> Result<Vec<Edit>, String> {
    let mut why = format!("a column of {} cannot be written here", record.entry.title);
    for shape in record.shapes() {
        let planned = match shape {
            ModelShape::Block { files, keyword } if files.match_path(&record.site.file) => {
                in_block(kit, record, keyword)
            }
            ModelShape::Call { columns, .. } => in_call(kit, record, *columns),
            ModelShape::Class { .. } if kit.is_python() => in_class(kit, record),
            _ => continue,
        };
        match planned {
            Ok(edits) => return Ok(edits),
            Err(refusal) => why = refusal,
        }
    }
    Err(why)
}

/// A line of a schema block: after the last column, in front of relations, in the columns of its neighbours.
fn in_block(kit: &Kit<'_>, record: &Record<'_>, keyword: &str) -> Result<Vec<Edit>, String> {
    let (line, _) = snippet(&record.column.insert, &context! { receiver => "", ..record.variables(kit) })?;
    let text = kit.text(record.file);
    let fields = fields(&record.declaration, &models(text.as_str(), keyword));
    let last = fields.last().ok_or("it has no field yet")?;
    let at = record.site.span.range().start + last.end;
    let indent = last.line.get(..last.line.len() - last.line.trim_start().len()).unwrap_or_default();
    let kind = most(fields.iter().filter_map(|f| f.kind));
    let attribute = most(fields.iter().filter_map(|f| f.attribute));
    let mut words = line.trim().splitn(3, ' ');
    let mut new = indent.to_owned();
    for (word, next) in [(words.next(), kind), (words.next(), attribute), (words.next(), None)] {
        let Some(word) = word else { break };
        new.push_str(word);
        let gap = next.map_or(1, |column| column.saturating_sub(new.chars().count()).max(1));
        new.push_str(&" ".repeat(gap));
    }
    Ok(vec![Edit::insertion(at, format!("{}{}", text.line_ending().as_str(), new.trim_end()), WHY)])
}

/// Names of the record types of a schema.
fn models<'t>(text: &'t str, keyword: &str) -> Vec<&'t str> {
    let name = |line: &'t str| line.strip_prefix(keyword)?.trim_start().split([' ', '{']).next();
    text.lines().filter_map(name).collect()
}

/// A field of a block, by its line.
struct Field<'t> {
    line: &'t str,
    /// Offset of the line's end in the block.
    end: usize,
    /// Column at which the type begins.
    kind: Option<usize>,
    /// Column at which the attributes begin.
    attribute: Option<usize>,
}

/// The most frequent of some numbers, the smaller one of two.
fn most(numbers: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for number in numbers {
        *counts.entry(number).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(number, count)| (*count, std::cmp::Reverse(*number)))
        .map(|(number, _)| number)
}

/// The columns of a block; fields whose type is another record type are none.
fn fields<'t>(block: &'t str, models: &[&str]) -> Vec<Field<'t>> {
    let mut found = Vec::new();
    let mut offset = 0;
    for whole in block.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\n', '\r']);
        let end = offset + line.len();
        let first = offset == 0;
        offset += whole.len();
        let mut words = line.split_whitespace();
        let (Some(name), Some(kind)) = (words.next(), words.next()) else { continue };
        let is_field = !first && !name.starts_with(['@', '/', '}']);
        if !is_field || models.contains(&kind.trim_end_matches(['?', '[', ']'])) {
            continue;
        }
        let starts = starts(line);
        found.push(Field { line, end, kind: starts.get(1).copied(), attribute: starts.get(2).copied() });
    }
    found
}

/// Columns at which the words of a line begin.
fn starts(line: &str) -> Vec<usize> {
    let mut inside = false;
    let mut found = Vec::new();
    for (at, c) in line.chars().enumerate() {
        if !c.is_whitespace() && !inside {
            found.push(at);
        }
        inside = !c.is_whitespace();
    }
    found
}

/// A property of the object that lists the columns, or of the one a function of the table's own returns.
fn in_call(kit: &Kit<'_>, record: &Record<'_>, columns: usize) -> Result<Vec<Edit>, String> {
    let text = kit.text(record.file);
    let language = kit.cx.workspace.entry(record.file).language.ok_or("its file is no code")?;
    let source = Source::parse(language, text.as_str()).ok_or("its file is no code")?;
    let statement = source.node(&record.site.span.range()).ok_or("its declaration is gone")?;
    let (object, receiver) =
        listed(&source, statement, columns).ok_or("its columns are not listed as an object here")?;
    let scope = context! { receiver => receiver.as_deref().unwrap_or_default(), ..record.variables(kit) };
    let (line, imports) = snippet(&record.column.insert, &scope)?;
    let imports = if receiver.is_some() { Vec::new() } else { imports };
    let (imports, line) = imported(kit, record, &source, &imports, &line)?;
    let (key, value) = line.split_once(':').ok_or("the entry's line is no property")?;
    let style = kit.style_of(&source);
    let mut edits =
        place::add_property(&source, &style, &object.byte_range(), (key.trim(), value.trim()), WHY)
            .map_err(|e| e.to_string())?;
    edits.extend(imports);
    Ok(edits)
}

/// The object with the columns, and the parameter its values are made from.
fn listed<'s>(source: &'s Source<'_>, node: Node<'s>, columns: usize) -> Option<(Node<'s>, Option<String>)> {
    let mut queue = std::collections::VecDeque::from([node]);
    while let Some(node) = queue.pop_front() {
        if matches!(node.kind(), "call_expression" | "new_expression")
            && let Some(argument) =
                node.child_by_field_name("arguments").and_then(|a| a.named_child(columns as u32))
        {
            if argument.kind() == "object" {
                return Some((argument, None));
            }
            if argument.kind() == "arrow_function" {
                let parameters = argument.child_by_field_name("parameters");
                let name =
                    argument.child_by_field_name("parameter").or_else(|| parameters?.named_child(0))?;
                let name = name.child_by_field_name("pattern").unwrap_or(name);
                let mut body = argument.child_by_field_name("body")?;
                if body.kind() == "parenthesized_expression" {
                    body = body.named_child(0)?;
                }
                let plain = name.kind() == "identifier" && body.kind() == "object";
                return plain.then(|| (body, Some(format!("{}.", source.of(name)))));
            }
        }
        queue.extend(children(node));
    }
    None
}

/// A field of a class.
fn in_class(kit: &Kit<'_>, record: &Record<'_>) -> Result<Vec<Edit>, String> {
    let text = kit.text(record.file);
    let language = kit.cx.workspace.entry(record.file).language.ok_or("its file is no code")?;
    let source = Source::parse(language, text.as_str()).ok_or("its file is no code")?;
    let (line, imports) =
        snippet(&record.column.insert, &context! { receiver => "", ..record.variables(kit) })?;
    let (imports, line) = imported(kit, record, &source, &imports, &line)?;
    let style = kit.style_of(&source);
    let is_column = |member: &str| !record.column.relations.iter().any(|r| member.contains(r.as_str()));
    let mut edits =
        place::add_field_after(&source, &style, &record.site.span.range(), &line, WHY, &is_column)
            .map_err(|e| e.to_string())?;
    edits.extend(imports);
    Ok(edits)
}

/// The imports of a line, and the line with the names as they are here.
fn imported(
    kit: &Kit<'_>,
    record: &Record<'_>,
    source: &Source<'_>,
    imports: &[(String, String)],
    line: &str,
) -> Result<(Vec<Edit>, String), String> {
    let wanted: Vec<Wanted> = imports.iter().map(|(module, name)| Wanted::package(module, name)).collect();
    let at = Some(record.site.span.range().start);
    let (edits, names) = bring(kit, &record.site.file, source, &wanted, at).map_err(|e| e.to_string())?;
    let mut line = line.trim_end().to_owned();
    for ((_, name), local) in imports.iter().zip(&names).filter(|((_, name), local)| name != *local) {
        line = renamed(&line, name, local);
    }
    Ok((edits, line))
}

/// A name replaced where it stands as a word of its own that is no member.
fn renamed(line: &str, name: &str, local: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(name) {
        let (head, tail) = rest.split_at(at);
        let after = tail.get(name.len()..).unwrap_or_default();
        let stands =
            !head.ends_with(is_word) && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        out.push_str(head);
        out.push_str(if stands { local } else { name });
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_and_attributes_of_a_block_are_no_columns() {
        let block =
            "model User {\n  id    String @id\n  // note\n  posts Post[]\n  role  Role\n\n  @@map(\"u\")\n}";
        let found: Vec<&str> = fields(block, &models("model Post {\nmodel User {\nenum Role {", "model"))
            .iter()
            .map(|f| f.line.trim())
            .collect();
        assert_eq!(found, ["id    String @id", "role  Role"]);
        assert_eq!(starts("  id    String @id"), [2, 8, 15]);
    }

    #[test]
    fn a_name_is_replaced_as_a_word() {
        assert_eq!(
            renamed("a = Column(String(64), x=db.Column)", "Column", "sa.Column"),
            "a = sa.Column(String(64), x=db.Column)"
        );
    }
}
