//! `import` and `export` as `require` and `module.exports`.

use tree_sitter::Node;

use super::javascript::{LINE_WIDTH, named_children, parse, slice};

/// The CommonJS form of an ES module. Lines that are CommonJS already stay as they are. The error is the line of a
/// syntax error in the input.
pub(super) fn from_esm(text: &str) -> Result<String, usize> {
    let tree = parse(text)?;
    let mut out = String::with_capacity(text.len());
    let mut exported = Vec::new();
    let mut done = 0;
    for statement in named_children(tree.root_node()) {
        let replacement = match statement.kind() {
            "import_statement" => require(statement, text),
            "export_statement" => {
                let Some(declaration) = statement.child_by_field_name("declaration") else { continue };
                exported.extend(declared_names(declaration, text));
                slice(text, declaration.byte_range()).to_owned()
            }
            _ => continue,
        };
        out.push_str(slice(text, done..statement.start_byte()));
        out.push_str(&replacement);
        done = statement.end_byte();
    }
    out.push_str(slice(text, done..text.len()));
    if !exported.is_empty() {
        let line = format!("module.exports = {{ {} }};", exported.join(", "));
        let lines = format!("module.exports = {{\n  {},\n}};", exported.join(",\n  "));
        out.push('\n');
        out.push_str(if line.len() <= LINE_WIDTH { &line } else { &lines });
        out.push('\n');
    }
    Ok(out)
}

fn require(statement: Node<'_>, text: &str) -> String {
    let source =
        statement.child_by_field_name("source").map_or("\"\"", |node| slice(text, node.byte_range()));
    let Some(clause) = named_children(statement).into_iter().find(|child| child.kind() == "import_clause")
    else {
        return format!("require({source});");
    };
    let bound = named_children(clause).into_iter().map(|part| {
        let part_text = slice(text, part.byte_range());
        match part.kind() {
            "named_imports" => part_text.replace(" as ", ": "),
            // `* as name`
            "namespace_import" => part_text.rsplit(' ').next().unwrap_or(part_text).to_owned(),
            _ => part_text.to_owned(),
        }
    });
    bound.map(|names| format!("const {names} = require({source});")).collect::<Vec<_>>().join("\n")
}

fn declared_names(declaration: Node<'_>, text: &str) -> Vec<String> {
    let name = |node: Node<'_>| {
        node.child_by_field_name("name").map(|name| slice(text, name.byte_range()).to_owned())
    };
    match declaration.kind() {
        "lexical_declaration" => named_children(declaration).into_iter().filter_map(name).collect(),
        _ => name(declaration).into_iter().collect(),
    }
}
