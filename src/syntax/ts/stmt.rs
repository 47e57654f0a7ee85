//! Statements: imports, exports, declarations, classes, control flow.

use tree_sitter::Node;

use super::super::facts::{
    BindingKind, Class, ClassId, Decorator, Export, ExportTarget, Expr, Field, FunctionId, FunctionKind,
    Import, ImportKind, Imported, Interface, Param, Path, PatternName, ResultUse, Root, Span,
};
use super::{Walk, children, field, has_token, span};

impl Walk<'_> {
    pub(super) fn statement(&mut self, node: Node<'_>) {
        if !self.b.enter() {
            return;
        }
        let outer = self.b.place();
        if !matches!(node.kind(), "statement_block" | "else_clause" | "catch_clause" | "finally_clause") {
            self.b.statement = span(node);
        }
        self.statement_inner(node);
        self.b.restore(outer);
        self.b.leave();
    }

    /// String statements at the start of a module or a function body.
    pub(super) fn directives(&mut self, body: Node<'_>, function: Option<FunctionId>) {
        for child in children(body) {
            let text = (child.kind() == "expression_statement").then(|| child.named_child(0)).flatten();
            match text.filter(|t| t.kind() == "string") {
                Some(text) => {
                    let text = self.string(text);
                    self.b.facts.directives.push((text, function));
                }
                None if child.kind() == "hash_bang_line" => {}
                None => break,
            }
        }
    }

    fn statement_inner(&mut self, node: Node<'_>) {
        match node.kind() {
            "import_statement" => self.import(node),
            "export_statement" => self.export(node),
            "lexical_declaration" | "variable_declaration" => self.declaration(node, None),
            "function_declaration" | "generator_function_declaration" => {
                self.function(node, None, FunctionKind::Declaration);
            }
            "class_declaration" | "abstract_class_declaration" => {
                self.class(node, String::new());
            }
            // `declare module "server" { … }`, `namespace Server { … }`: only types are told.
            "ambient_declaration" | "module" | "internal_module" => self.ambient(node),
            "expression_statement" => {
                if let Some(inner) = node.named_child(0) {
                    if inner.kind() == "internal_module" {
                        self.ambient(inner);
                        return;
                    }
                    let value = self.expr(inner);
                    self.b.set_result(&value, ResultUse::Discarded);
                }
            }
            "return_statement" => {
                if let Some(inner) = node.named_child(0) {
                    let value = self.expr(inner);
                    self.b.set_result(&value, ResultUse::Returned);
                    self.b.returned(value);
                }
            }
            "statement_block" | "class_static_block" => {
                self.b.block = span(node);
                for child in children(node) {
                    self.statement(child);
                }
            }
            "for_in_statement" => self.for_in(node),
            "for_statement" => {
                self.b.block = span(node);
                self.each_part(node);
            }
            "interface_declaration" | "type_alias_declaration" => self.interface(node, false),
            "comment" | "empty_statement" | "string" => {}
            _ => self.each_part(node),
        }
    }

    /// Any other statement: its parts are statements or expressions.
    fn each_part(&mut self, node: Node<'_>) {
        for child in children(node) {
            if is_statement(child.kind()) { self.statement(child) } else { drop(self.expr(child)) }
        }
    }

    fn for_in(&mut self, node: Node<'_>) {
        let value = field(node, "right").map_or(Expr::Other, |n| self.expr(n));
        self.b.block = span(node);
        let names = field(node, "left").map_or_else(Vec::new, |n| self.pattern(n));
        self.b.bind(names, value, None, BindingKind::Loop);
        if let Some(body) = field(node, "body") {
            self.statement(body);
        }
    }

    fn import(&mut self, node: Node<'_>) {
        let Some(source) = field(node, "source") else { return };
        let module = self.string(source);
        let type_only = has_token(node, "type");
        let push = |walk: &mut Self, imported, local: &str, type_only| {
            let import = Import {
                module: module.clone(),
                imported,
                local: local.to_owned(),
                type_only,
                kind: ImportKind::Static,
                span: span(node),
                function: walk.b.function,
            };
            walk.b.facts.imports.push(import);
        };
        let Some(clause) = children(node).into_iter().find(|c| c.kind() == "import_clause") else {
            push(self, Imported::All, "", type_only);
            return;
        };
        for part in children(clause) {
            match part.kind() {
                "identifier" => push(self, Imported::Default, self.text(part), type_only),
                "namespace_import" => {
                    let name = part.named_child(0).map_or("", |n| self.text(n));
                    push(self, Imported::Namespace, name, type_only);
                }
                "named_imports" => {
                    for spec in children(part) {
                        let Some(name) = field(spec, "name") else { continue };
                        let local = field(spec, "alias").unwrap_or(name);
                        let text = self.text(name).trim_matches(['"', '\'']);
                        let imported = if text == "default" {
                            Imported::Default
                        } else {
                            Imported::Named(text.to_owned())
                        };
                        push(self, imported, self.text(local), type_only || has_token(spec, "type"));
                    }
                }
                _ => {}
            }
        }
    }

    fn export(&mut self, node: Node<'_>) {
        let at = span(node);
        let push = |walk: &mut Self, name: &str, target| {
            walk.b.facts.exports.push(Export { name: name.to_owned(), target, span: at });
        };
        let source = field(node, "source").map(|s| self.string(s));
        let decorators = self.decorators(node);
        for part in children(node) {
            match part.kind() {
                "export_clause" => {
                    for spec in children(part) {
                        let Some(name) = field(spec, "name").map(|n| self.text(n)) else { continue };
                        let alias = field(spec, "alias").map_or(name, |n| self.text(n));
                        let target = match &source {
                            Some(module) => {
                                ExportTarget::From { module: module.clone(), name: name.to_owned() }
                            }
                            None => ExportTarget::Local(name.to_owned()),
                        };
                        push(self, alias, target);
                    }
                }
                "namespace_export" => {
                    let name = part.named_child(0).map_or("", |n| self.text(n));
                    let module = source.clone().unwrap_or_default();
                    push(self, name, ExportTarget::From { module, name: "*".to_owned() });
                }
                _ => {}
            }
        }
        if let Some(module) = source {
            if has_token(node, "*") {
                push(self, "*", ExportTarget::All { module });
            }
            return;
        }
        if let Some(declared) = field(node, "declaration") {
            if has_token(node, "default") {
                let target = self.default_declaration(declared, decorators);
                push(self, "default", target);
            } else {
                self.exported_declaration(declared, at, decorators);
            }
        } else if let Some(value) = field(node, "value") {
            let value = self.named_value(value, "default");
            push(self, "default", ExportTarget::Value(value));
        }
    }

    fn default_declaration(&mut self, node: Node<'_>, decorators: Vec<Decorator>) -> ExportTarget {
        let name = field(node, "name").map(|n| self.text(n).to_owned());
        if node.kind().contains("class") {
            let id = self.class(node, String::new());
            self.b.facts.classes[id.0 as usize].decorators.splice(0..0, decorators);
        } else {
            let id = self.function(node, name.is_none().then_some("default"), FunctionKind::Declaration);
            if name.is_none() {
                return ExportTarget::Value(Expr::Function(id));
            }
        }
        ExportTarget::Local(name.unwrap_or_default())
    }

    fn exported_declaration(&mut self, node: Node<'_>, at: Span, decorators: Vec<Decorator>) {
        let push = |walk: &mut Self, name: String| {
            walk.b.facts.exports.push(Export {
                name: name.clone(),
                target: ExportTarget::Local(name),
                span: at,
            });
        };
        match node.kind() {
            "lexical_declaration" | "variable_declaration" => {
                let first = self.b.facts.bindings.len();
                self.declaration(node, None);
                let names: Vec<String> = self.b.facts.bindings[first..]
                    .iter()
                    .filter(|b| b.statement == at || b.function == self.b.function)
                    .flat_map(|b| b.names.iter().map(|n| n.local.clone()))
                    .collect();
                // A function held by a constant is no binding of its own.
                let mut functions: Vec<String> = children(node)
                    .into_iter()
                    .filter_map(|d| field(d, "name").filter(|n| n.kind() == "identifier"))
                    .map(|n| self.text(n).to_owned())
                    .collect();
                functions.retain(|f| !names.contains(f));
                for name in names.into_iter().chain(functions) {
                    push(self, name);
                }
            }
            "class_declaration" | "abstract_class_declaration" => {
                let id = self.class(node, String::new());
                let class = &mut self.b.facts.classes[id.0 as usize];
                class.decorators.splice(0..0, decorators);
                let name = class.name.clone();
                push(self, name);
            }
            _ => {
                let name = field(node, "name").map(|n| self.text(n).to_owned());
                self.statement_inner(node);
                if let Some(name) = name {
                    push(self, name);
                }
            }
        }
    }

    /// `const a = …, { b } = …`
    pub(super) fn declaration(&mut self, node: Node<'_>, kind: Option<BindingKind>) {
        let constant = has_token(node, "const");
        let kind = kind.unwrap_or(if constant { BindingKind::Const } else { BindingKind::Let });
        for declarator in children(node).into_iter().filter(|d| d.kind() == "variable_declarator") {
            let Some(name) = field(declarator, "name") else { continue };
            let hint = if name.kind() == "identifier" { self.text(name) } else { "" };
            let value = field(declarator, "value").map_or(Expr::Other, |v| self.named_value(v, hint));
            let annotation =
                field(declarator, "type").map(|t| self.text(t).trim_start_matches([':', ' ']).to_owned());
            let names = self.pattern(name);
            self.requires(&names, &value);
            self.b.bind(names, value, annotation, kind);
        }
    }

    /// `const x = require("m")`, `const { a } = require("m")`, `const { a } = await import("m")`,
    /// `const a = require("m").a`: noted as imports.
    fn requires(&mut self, names: &[PatternName], value: &Expr) {
        let (call, member) = match value.unawaited() {
            Expr::Call(id) => (*id, None),
            Expr::Path(Path { root: Root::Call(id), segments, .. }) if segments.len() == 1 => {
                (*id, segments.first().cloned())
            }
            _ => return,
        };
        let call = self.b.facts.call(call);
        let kind = match call.callee.as_name() {
            Some("require") => ImportKind::Require,
            Some("import") => ImportKind::Dynamic,
            _ => return,
        };
        let Some(module) = call.args.first().and_then(Expr::as_str).map(str::to_owned) else { return };
        for name in names {
            let imported = match (name.path.as_slice(), &member) {
                ([], None) if kind == ImportKind::Dynamic => Imported::Namespace,
                ([], None) => Imported::Default,
                ([], Some(m)) | ([m], None) if m == "default" => Imported::Default,
                ([], Some(m)) | ([m], None) => Imported::Named(m.clone()),
                _ => continue,
            };
            self.b.facts.imports.push(Import {
                module: module.clone(),
                imported,
                local: name.local.clone(),
                type_only: false,
                kind,
                span: self.b.statement,
                function: self.b.function,
            });
        }
    }

    /// The decorators that stand directly before or in a node.
    pub(super) fn decorators(&mut self, node: Node<'_>) -> Vec<Decorator> {
        let mut found: Vec<Node<'_>> =
            children(node).into_iter().filter(|c| c.kind() == "decorator").collect();
        let mut before = node.prev_named_sibling();
        while let Some(sibling) = before.filter(|s| s.kind() == "decorator") {
            found.insert(0, sibling);
            before = sibling.prev_named_sibling();
        }
        found.into_iter().filter_map(|d| self.decorator(d)).collect()
    }

    fn decorator(&mut self, node: Node<'_>) -> Option<Decorator> {
        let inner = node.named_child(0)?;
        let value = self.expr(inner);
        let (path, args) = match &value {
            Expr::Call(id) => {
                let call = self.b.facts.call(*id);
                (call.callee.clone(), call.args.clone())
            }
            Expr::Path(path) => (path.clone(), Vec::new()),
            _ => return None,
        };
        Some(Decorator { path, args, keywords: Vec::new(), span: span(node) })
    }

    pub(super) fn class(&mut self, node: Node<'_>, hint: String) -> ClassId {
        let name = field(node, "name").map_or(hint, |n| self.text(n).to_owned());
        let decorators = self.decorators(node);
        let bases = self.bases(node);
        let body = field(node, "body");
        let id = ClassId(self.b.facts.classes.len() as u32);
        self.b.facts.classes.push(Class {
            name,
            bases,
            implements: self.implements(node),
            keywords: Vec::new(),
            span: span(node),
            body: body.map_or_else(|| span(node), span),
            fields: Vec::new(),
            decorators,
            parent: self.b.function,
        });
        let outer = self.b.place();
        self.b.class = Some(id);
        for member in body.map(children).unwrap_or_default() {
            self.b.statement = span(member);
            self.member(member, id);
        }
        self.b.restore(outer);
        id
    }

    fn bases(&mut self, node: Node<'_>) -> Vec<Path> {
        let heritage = children(node).into_iter().filter(|c| c.kind() == "class_heritage");
        let clauses: Vec<Node<'_>> = heritage.flat_map(children).collect();
        let mut bases = Vec::new();
        for clause in clauses {
            let values = if clause.kind() == "extends_clause" { children(clause) } else { vec![clause] };
            for value in values {
                match self.expr(value) {
                    Expr::Path(path) => bases.push(path),
                    // What a function makes is a base too: `extends Mixin(Base)`.
                    Expr::Call(made) => {
                        let span = span(value);
                        bases.push(Path { root: Root::Call(made), segments: Vec::new(), span });
                    }
                    _ => {}
                }
            }
        }
        bases
    }

    fn implements(&self, node: Node<'_>) -> Vec<String> {
        let heritage = children(node).into_iter().filter(|c| c.kind() == "class_heritage");
        let clauses = heritage.flat_map(children).filter(|clause| clause.kind() == "implements_clause");
        clauses.flat_map(children).filter_map(|named| self.type_name(named)).collect()
    }

    /// The name of a type, without its arguments.
    fn type_name(&self, node: Node<'_>) -> Option<String> {
        let name = if node.kind() == "generic_type" { field(node, "name")? } else { node };
        let is_name = matches!(name.kind(), "type_identifier" | "nested_type_identifier" | "identifier");
        is_name.then(|| self.text(name).to_owned())
    }

    /// The types inside of a declaration that adds to what is declared elsewhere.
    fn ambient(&mut self, node: Node<'_>) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match node.kind() {
                "interface_declaration" => self.interface(node, true),
                "ambient_declaration"
                | "module"
                | "internal_module"
                | "statement_block"
                | "export_statement"
                | "expression_statement" => open.extend(children(node).into_iter().rev()),
                _ => {}
            }
        }
    }

    /// `interface A extends B { c: D }`, `type A = { c: D }`, `type A = B & { c: D }`
    fn interface(&mut self, node: Node<'_>, added: bool) {
        let extends = children(node).into_iter().filter(|c| c.kind() == "extends_type_clause");
        let mut bases: Vec<String> =
            extends.flat_map(children).filter_map(|named| self.type_name(named)).collect();
        let body = field(node, "body").or_else(|| field(node, "value"));
        let (Some(name), Some(body)) = (field(node, "name"), body) else { return };
        let mut shapes = Vec::new();
        let mut open = vec![body];
        while let Some(part) = open.pop() {
            match part.kind() {
                "interface_body" | "object_type" => shapes.push(part),
                "intersection_type" => open.extend(children(part).into_iter().rev()),
                _ if part.id() != body.id() => bases.extend(self.type_name(part)),
                _ => {}
            }
        }
        if shapes.is_empty() {
            return;
        }
        let properties = shapes.into_iter().flat_map(children).filter(|m| m.kind() == "property_signature");
        let fields = properties.filter_map(|member| {
            let name = self.text(field(member, "name")?).to_owned();
            let annotation = self.text(field(member, "type")?).trim_start_matches([':', ' ']).to_owned();
            Some(Field { name, annotation: Some(annotation), value: None, span: span(member) })
        });
        let interface =
            Interface { name: self.text(name).to_owned(), bases, fields: fields.collect(), added };
        self.b.facts.interfaces.push(interface);
    }

    fn member(&mut self, node: Node<'_>, class: ClassId) {
        match node.kind() {
            "method_definition" => {
                let id = self.function(node, None, FunctionKind::Method);
                if self.b.facts.function(id).name == "constructor" {
                    self.parameter_properties(id, class);
                }
            }
            "public_field_definition" => {
                let name = field(node, "name").map_or("", |n| self.text(n)).to_owned();
                let annotation =
                    field(node, "type").map(|t| self.text(t).trim_start_matches([':', ' ']).to_owned());
                let value = field(node, "value").map(|v| self.named_value(v, &name));
                if let Some(Expr::Function(id)) = value {
                    let symbol = format!("{}.{name}", self.b.facts.class(class).name);
                    let function = &mut self.b.facts.functions[id.0 as usize];
                    (function.kind, function.class, function.symbol) =
                        (FunctionKind::Method, Some(class), symbol);
                }
                let field = Field { name, annotation, value, span: span(node) };
                self.b.facts.classes[class.0 as usize].fields.push(field);
            }
            "class_static_block" => self.statement(node),
            _ => {}
        }
    }

    /// `constructor(private readonly db: Db)` declares a field.
    fn parameter_properties(&mut self, constructor: FunctionId, class: ClassId) {
        let params: Vec<Param> = self.b.facts.function(constructor).params.clone();
        for param in params {
            let text = self.b.text.get(param.span.range()).unwrap_or_default();
            let is_property = ["private ", "public ", "protected ", "readonly "].iter().any(|m| {
                text.trim_start().starts_with(m)
                    || text.contains(&format!(" {m}"))
                    || text.contains(&format!("\n{m}"))
            });
            if let (true, Some(name)) = (is_property, param.name()) {
                let field = Field {
                    name: name.to_owned(),
                    annotation: param.annotation_text.clone(),
                    value: Some(Expr::Path(Path {
                        root: Root::Name(name.to_owned()),
                        segments: Vec::new(),
                        span: param.span,
                    })),
                    span: param.span,
                };
                self.b.facts.classes[class.0 as usize].fields.push(field);
            }
        }
    }
}

fn is_statement(kind: &str) -> bool {
    kind.ends_with("_statement")
        || kind.ends_with("_declaration")
        || kind.ends_with("_clause")
        || matches!(kind, "statement_block" | "switch_body" | "switch_case" | "switch_default")
}
