//! Statements: imports, definitions, control flow.

use tree_sitter::Node;

use super::super::facts::{
    BindingKind, Class, ClassId, Decorator, Expr, Field, Function, FunctionId, FunctionKind, Import,
    ImportKind, Imported, Param, PatternName, ResultUse,
};
use super::{Walk, children, field, has_token, span};

impl Walk<'_> {
    pub(super) fn statement(&mut self, node: Node<'_>) {
        if !self.b.enter() {
            return;
        }
        let outer = self.b.place();
        if !matches!(
            node.kind(),
            "block" | "else_clause" | "elif_clause" | "except_clause" | "finally_clause"
        ) {
            self.b.statement = span(node);
        }
        self.statement_inner(node, Vec::new());
        self.b.restore(outer);
        self.b.leave();
    }

    fn statement_inner(&mut self, node: Node<'_>, decorators: Vec<Decorator>) {
        match node.kind() {
            "import_statement" => self.import(node),
            "import_from_statement" => self.import_from(node),
            "decorated_definition" => {
                let decorators = children(node)
                    .into_iter()
                    .filter(|c| c.kind() == "decorator")
                    .filter_map(|d| self.decorator(d));
                let decorators = decorators.collect();
                if let Some(definition) = field(node, "definition") {
                    self.statement_inner(definition, decorators);
                }
            }
            "function_definition" => {
                self.function(node, decorators);
            }
            "class_definition" => self.class(node, decorators),
            "expression_statement" => {
                for child in children(node) {
                    let value = self.expr(child);
                    if child.kind() != "assignment" {
                        self.b.set_result(&value, ResultUse::Discarded);
                    }
                }
            }
            "return_statement" => {
                if let Some(inner) = node.named_child(0) {
                    let value = self.expr(inner);
                    self.b.set_result(&value, ResultUse::Returned);
                    self.b.returned(value);
                }
            }
            "for_statement" => {
                let value = field(node, "right").map_or(Expr::Other, |n| self.expr(n));
                let names = field(node, "left").map_or_else(Vec::new, |n| self.pattern(n));
                self.b.bind(names, value, None, BindingKind::Loop);
                for part in ["body", "alternative"] {
                    if let Some(n) = field(node, part) {
                        self.statement(n);
                    }
                }
            }
            "with_statement" => self.with(node),
            "block" => {
                for child in children(node) {
                    self.statement(child);
                }
            }
            "future_import_statement" | "pass_statement" | "break_statement" | "continue_statement" => {}
            _ => {
                for child in children(node) {
                    if is_statement(child.kind()) { self.statement(child) } else { drop(self.expr(child)) }
                }
            }
        }
    }

    fn push_import(&mut self, node: Node<'_>, module: &str, imported: Imported, local: &str) {
        self.b.facts.imports.push(Import {
            module: module.to_owned(),
            imported,
            local: local.to_owned(),
            type_only: false,
            kind: ImportKind::Static,
            span: span(node),
            function: self.b.function,
        });
    }

    fn import(&mut self, node: Node<'_>) {
        for part in children(node) {
            let (name, alias) = match part.kind() {
                "aliased_import" => (field(part, "name"), field(part, "alias")),
                _ => (Some(part), None),
            };
            let Some(name) = name.map(|n| self.text(n)) else { continue };
            // `import a.b` binds `a`; `import a.b as c` binds the inner module.
            let (module, local) = match alias {
                Some(alias) => (name, self.text(alias)),
                None => (name.split('.').next().unwrap_or(name), name.split('.').next().unwrap_or(name)),
            };
            self.push_import(node, module, Imported::Namespace, local);
        }
    }

    fn import_from(&mut self, node: Node<'_>) {
        let Some(module_node) = field(node, "module_name") else { return };
        let module = self.text(module_node);
        for part in children(node) {
            if part.id() == module_node.id() {
                continue;
            }
            match part.kind() {
                "wildcard_import" => self.push_import(node, module, Imported::All, ""),
                "aliased_import" => {
                    if let (Some(name), Some(alias)) = (field(part, "name"), field(part, "alias")) {
                        let imported = Imported::Named(self.text(name).to_owned());
                        self.push_import(node, module, imported, self.text(alias));
                    }
                }
                _ => {
                    let name = self.text(part);
                    self.push_import(node, module, Imported::Named(name.to_owned()), name);
                }
            }
        }
    }

    fn with(&mut self, node: Node<'_>) {
        let clause = children(node).into_iter().find(|c| c.kind() == "with_clause");
        for item in clause.map(children).unwrap_or_default() {
            let Some(value) = field(item, "value") else { continue };
            if value.kind() == "as_pattern" {
                let inner = value.named_child(0).map_or(Expr::Other, |n| self.expr(n));
                let alias = field(value, "alias").and_then(|a| a.named_child(0));
                let names = alias.map_or_else(Vec::new, |a| self.pattern(a));
                self.b.bind(names, inner, None, BindingKind::With);
            } else {
                self.expr(value);
            }
        }
        if let Some(body) = field(node, "body") {
            self.statement(body);
        }
    }

    fn decorator(&mut self, node: Node<'_>) -> Option<Decorator> {
        let value = self.expr(node.named_child(0)?);
        let (path, args, keywords) = match value {
            Expr::Call(id) => {
                let call = self.b.facts.call(id);
                (call.callee.clone(), call.args.clone(), call.keywords.clone())
            }
            Expr::Path(path) => (path, Vec::new(), Vec::new()),
            _ => return None,
        };
        Some(Decorator { path, args, keywords, span: span(node) })
    }

    fn function(&mut self, node: Node<'_>, decorators: Vec<Decorator>) -> FunctionId {
        let name = field(node, "name").map_or("", |n| self.text(n)).to_owned();
        let class = self.b.class;
        let symbol = class.map_or_else(|| name.clone(), |c| format!("{}.{name}", self.b.facts.class(c).name));
        let params = field(node, "parameters").map_or_else(Vec::new, |p| self.params(p));
        let body = field(node, "body");
        let is_static = decorators.iter().any(|d| d.path.as_name() == Some("staticmethod"));
        let receiver = class.filter(|_| !is_static).and_then(|_| params.first()?.name().map(str::to_owned));
        let (id, outer) = self.b.begin_function(Function {
            name,
            symbol,
            span: span(node),
            statement: self.b.statement,
            body: body.map_or_else(|| span(node), span),
            expression_body: false,
            params,
            gives: field(node, "return_type").map(|t| self.text(t).to_owned()),
            is_async: has_token(node, "async"),
            is_generator: false,
            kind: if class.is_some() { FunctionKind::Method } else { FunctionKind::Declaration },
            parent: self.b.function,
            class,
            decorators,
            argument_of: None,
        });
        let outer_receiver = self.receiver.clone();
        self.receiver = receiver.or_else(|| outer_receiver.clone());
        for child in body.map(children).unwrap_or_default() {
            self.statement(child);
        }
        self.receiver = outer_receiver;
        self.b.restore(outer);
        id
    }

    pub(super) fn params(&mut self, list: Node<'_>) -> Vec<Param> {
        children(list).into_iter().filter_map(|p| self.param(p)).collect()
    }

    fn param(&mut self, node: Node<'_>) -> Option<Param> {
        let name = match node.kind() {
            "identifier" => node,
            "default_parameter" | "typed_default_parameter" => field(node, "name")?,
            "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => node.named_child(0)?,
            _ => return None,
        };
        let annotation = field(node, "type").and_then(|t| t.named_child(0));
        Some(Param {
            names: vec![PatternName { local: self.text(name).to_owned(), path: Vec::new() }],
            annotation: annotation.map(|t| self.expr(t)),
            annotation_text: annotation.map(|t| self.text(t).to_owned()),
            default: field(node, "value").map(|v| self.expr(v)),
            span: span(node),
        })
    }

    fn class(&mut self, node: Node<'_>, decorators: Vec<Decorator>) {
        let mut bases = Vec::new();
        let mut keywords = Vec::new();
        for base in field(node, "superclasses").map(children).unwrap_or_default() {
            if base.kind() == "keyword_argument" {
                let name = field(base, "name").map_or("", |n| self.text(n)).to_owned();
                keywords.push((name, field(base, "value").map_or(Expr::Other, |v| self.expr(v))));
            } else {
                match self.expr(base) {
                    Expr::Path(path) | Expr::Index(path, _) => bases.push(path),
                    _ => {}
                }
            }
        }
        let body = field(node, "body");
        let id = ClassId(self.b.facts.classes.len() as u32);
        self.b.facts.classes.push(Class {
            name: field(node, "name").map_or("", |n| self.text(n)).to_owned(),
            bases,
            implements: Vec::new(),
            keywords,
            span: span(node),
            body: body.map_or_else(|| span(node), span),
            fields: Vec::new(),
            decorators,
            parent: self.b.function,
        });
        let outer = self.b.place();
        self.b.class = Some(id);
        for member in body.map(children).unwrap_or_default() {
            self.statement(member);
            self.field_of(member, id);
        }
        self.b.restore(outer);
    }

    /// `name: type = value` in a class body.
    fn field_of(&mut self, member: Node<'_>, class: ClassId) {
        let assignment = (member.kind() == "expression_statement").then(|| member.named_child(0)).flatten();
        let Some(assignment) = assignment.filter(|a| a.kind() == "assignment") else { return };
        let Some(name) = field(assignment, "left").filter(|l| l.kind() == "identifier") else { return };
        let name = self.text(name).to_owned();
        let annotation = field(assignment, "type").map(|t| self.text(t).to_owned());
        let bound = self
            .b
            .facts
            .bindings
            .iter()
            .rev()
            .find(|b| b.class == Some(class) && b.statement == span(member));
        let value = bound
            .map(|b| b.value.clone())
            .filter(|v| *v != Expr::Other || field(assignment, "right").is_some());
        let entry = Field { name, annotation, value, span: span(member) };
        self.b.facts.classes[class.0 as usize].fields.push(entry);
    }
}

fn is_statement(kind: &str) -> bool {
    kind.ends_with("_statement")
        || kind.ends_with("_definition")
        || kind.ends_with("_clause")
        || kind == "block"
}
