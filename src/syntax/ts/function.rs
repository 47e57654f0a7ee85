//! Functions, parameters and patterns.

use tree_sitter::Node;

use super::super::facts::{
    Expr, Function, FunctionId, FunctionKind, Param, Path, PatternName, ResultUse, Root,
};
use super::{Walk, children, field, has_token, span};

impl Walk<'_> {
    pub(super) fn function(&mut self, node: Node<'_>, hint: Option<&str>, kind: FunctionKind) -> FunctionId {
        let own = field(node, "name").map(|n| self.text(n).trim_matches(['"', '\'']).to_owned());
        let name = own.or_else(|| hint.map(str::to_owned)).unwrap_or_default();
        let class = (kind == FunctionKind::Method).then_some(self.b.class).flatten();
        let symbol = class.map_or_else(|| name.clone(), |c| format!("{}.{name}", self.b.facts.class(c).name));
        let decorators = if kind == FunctionKind::Method { self.decorators(node) } else { Vec::new() };
        let params = self.params(node);
        let body = field(node, "body");
        let block = body.filter(|b| b.kind() == "statement_block");
        let (id, outer) = self.b.begin_function(Function {
            name,
            symbol,
            span: span(node),
            statement: self.b.statement,
            body: body.map_or_else(|| span(node), span),
            expression_body: body.is_some() && block.is_none(),
            params,
            gives: field(node, "return_type").map(|t| self.text(t).trim_start_matches([':', ' ']).to_owned()),
            is_async: has_token(node, "async"),
            is_generator: node.kind().contains("generator") || has_token(node, "*"),
            kind,
            parent: self.b.function,
            class,
            decorators,
            argument_of: None,
        });
        if let Some(block) = block {
            self.directives(block, Some(id));
            for child in children(block) {
                self.statement(child);
            }
        } else if let Some(body) = body {
            self.b.statement = span(body);
            let value = self.expr(body);
            self.b.set_result(&value, ResultUse::Returned);
            self.b.returned(value);
        }
        self.b.restore(outer);
        id
    }

    fn params(&mut self, node: Node<'_>) -> Vec<Param> {
        if let Some(single) = field(node, "parameter") {
            let names = self.pattern(single);
            return vec![Param {
                names,
                annotation: None,
                annotation_text: None,
                default: None,
                span: span(single),
            }];
        }
        let Some(list) = field(node, "parameters") else { return Vec::new() };
        children(list)
            .into_iter()
            .filter(|p| p.kind().ends_with("_parameter"))
            .map(|p| self.param(p))
            .collect()
    }

    fn param(&mut self, node: Node<'_>) -> Param {
        let names = field(node, "pattern").map_or_else(Vec::new, |p| self.pattern(p));
        let annotation = field(node, "type").and_then(|t| t.named_child(0));
        let annotation_text = annotation.map(|t| self.text(t).to_owned());
        let default = field(node, "value").map(|v| self.expr(v));
        Param {
            names,
            annotation: annotation.and_then(|t| self.type_path(t)),
            annotation_text,
            default,
            span: span(node),
        }
    }

    /// A type that is a bare name, as a path: what constructor injection needs.
    fn type_path(&self, node: Node<'_>) -> Option<Expr> {
        let name = match node.kind() {
            "type_identifier" => self.text(node),
            "generic_type" => field(node, "name").map(|n| self.text(n))?,
            _ => return None,
        };
        Some(Expr::Path(Path { root: Root::Name(name.to_owned()), segments: Vec::new(), span: span(node) }))
    }

    /// The names a pattern binds.
    pub(super) fn pattern(&mut self, node: Node<'_>) -> Vec<PatternName> {
        let mut names = Vec::new();
        self.pattern_into(node, &mut Vec::new(), &mut names);
        names
    }

    fn pattern_into(&mut self, node: Node<'_>, path: &mut Vec<String>, names: &mut Vec<PatternName>) {
        if !self.b.enter() {
            return;
        }
        match node.kind() {
            "identifier" | "this" => {
                names.push(PatternName { local: self.text(node).to_owned(), path: path.clone() });
            }
            "shorthand_property_identifier_pattern" => {
                let name = self.text(node).to_owned();
                path.push(name.clone());
                names.push(PatternName { local: name, path: path.clone() });
                path.pop();
            }
            "object_pattern" => {
                for part in children(node) {
                    self.pattern_into(part, path, names);
                }
            }
            "pair_pattern" => {
                let key =
                    field(node, "key").map_or("", |k| self.text(k)).trim_matches(['"', '\'']).to_owned();
                path.push(key);
                if let Some(value) = field(node, "value") {
                    self.pattern_into(value, path, names);
                }
                path.pop();
            }
            "array_pattern" => {
                for (index, part) in children(node).into_iter().enumerate() {
                    path.push(index.to_string());
                    self.pattern_into(part, path, names);
                    path.pop();
                }
            }
            "object_assignment_pattern" | "assignment_pattern" => {
                if let Some(left) = field(node, "left") {
                    self.pattern_into(left, path, names);
                }
                if let Some(right) = field(node, "right") {
                    drop(self.expr(right));
                }
            }
            "rest_pattern" => {
                path.push("...".to_owned());
                if let Some(inner) = node.named_child(0) {
                    self.pattern_into(inner, path, names);
                }
                path.pop();
            }
            _ => {}
        }
        self.b.leave();
    }
}
