//! Expressions: what is called with what, and what a value is made of.

use tree_sitter::Node;

use super::super::facts::{Assign, Call, Expr, FunctionKind, Path, ResultUse, Root, Span};
use super::{Walk, children, field, has_token, span};

impl Walk<'_> {
    /// Describes an expression and notes every call, function and class in it.
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr {
        self.named_value(node, "")
    }

    /// The same for a value that a name holds: a function takes the name, also through a wrapper call.
    pub(super) fn named_value(&mut self, node: Node<'_>, name: &str) -> Expr {
        if !self.b.enter() {
            return Expr::Other;
        }
        let value = self.expr_inner(node, name);
        self.b.leave();
        value
    }

    fn expr_inner(&mut self, node: Node<'_>, name: &str) -> Expr {
        let hint = (!name.is_empty()).then_some(name);
        match node.kind() {
            "identifier"
            | "this"
            | "undefined"
            | "member_expression"
            | "subscript_expression"
            | "super"
            | "non_null_expression"
            | "property_identifier"
            | "nested_identifier" => self.path(node).map_or(Expr::Other, Expr::Path),
            "parenthesized_expression" | "as_expression" | "satisfies_expression" | "type_assertion" => {
                let inner = children(node)
                    .into_iter()
                    .find(|c| !c.kind().contains("type") || c.kind() == "type_assertion");
                inner.map_or(Expr::Other, |n| self.named_value(n, name))
            }
            "call_expression" => self.call(node, field(node, "function"), name, false),
            "new_expression" => self.call(node, field(node, "constructor"), name, true),
            "await_expression" => {
                let inner = node.named_child(0).map_or(Expr::Other, |n| self.named_value(n, name));
                let awaited = Expr::Await(Box::new(inner));
                if let Some(id) = awaited.as_call() {
                    self.b.facts.calls[id.0 as usize].awaited = true;
                }
                awaited
            }
            "arrow_function" => Expr::Function(self.function(node, hint, FunctionKind::Arrow)),
            "function_expression" | "generator_function" => {
                Expr::Function(self.function(node, hint, FunctionKind::Expression))
            }
            "class" => {
                self.class(node, name.to_owned());
                Expr::Other
            }
            "string" => Expr::Str(self.string(node)),
            "template_string" => self.template(node),
            "number" => Expr::Number(self.text(node).to_owned()),
            "true" => Expr::Bool(true),
            "false" => Expr::Bool(false),
            "null" => Expr::Null,
            "object" => self.object(node),
            "array" => Expr::List(children(node).into_iter().map(|n| self.expr(n)).collect()),
            "binary_expression" => self.binary(node),
            "ternary_expression" => {
                for part in ["condition"] {
                    if let Some(n) = field(node, part) {
                        self.expr(n);
                    }
                }
                let mut branch = |part| field(node, part).map_or(Expr::Other, |n| self.named_value(n, name));
                let yes = branch("consequence");
                Expr::Either(Box::new(yes), Box::new(branch("alternative")))
            }
            "assignment_expression" => self.assignment(node),
            "augmented_assignment_expression" if self.is_default(node) => self.default(node),
            _ => {
                for child in children(node) {
                    if child.kind().ends_with("_statement") || child.kind() == "statement_block" {
                        self.statement(child);
                    } else {
                        self.expr(child);
                    }
                }
                Expr::Other
            }
        }
    }

    /// A path of members; calls inside it are noted.
    fn path(&mut self, node: Node<'_>) -> Option<Path> {
        let mut segments = Vec::new();
        let mut at = node;
        let root = loop {
            match at.kind() {
                "member_expression" => {
                    segments.push(field(at, "property").map_or("", |p| self.text(p)).to_owned());
                    at = field(at, "object")?;
                }
                "subscript_expression" => {
                    let index = field(at, "index")?;
                    segments.push(match self.expr(index) {
                        Expr::Str(key) => key,
                        Expr::Number(index) => index,
                        _ => "[]".to_owned(),
                    });
                    at = field(at, "object")?;
                }
                "non_null_expression"
                | "parenthesized_expression"
                | "as_expression"
                | "satisfies_expression"
                | "await_expression"
                | "instantiation_expression" => at = at.named_child(0)?,
                "nested_identifier" => {
                    segments.push(field(at, "property").map_or("", |p| self.text(p)).to_owned());
                    at = field(at, "object")?;
                }
                "identifier" | "undefined" | "property_identifier" => {
                    break Root::Name(self.text(at).to_owned());
                }
                "this" => break Root::This("this".to_owned()),
                "super" => break Root::Name("super".to_owned()),
                "import" => break Root::Name("import".to_owned()),
                _ => match self.expr(at) {
                    Expr::Call(id) => {
                        if at.parent().is_some_and(|p| p.kind() == "await_expression") {
                            self.b.facts.calls[id.0 as usize].awaited = true;
                        }
                        break Root::Call(id);
                    }
                    _ => break Root::Other,
                },
            }
        };
        segments.reverse();
        Some(Path { root, segments, span: span(node) })
    }

    fn call(&mut self, node: Node<'_>, callee: Option<Node<'_>>, name: &str, is_new: bool) -> Expr {
        let mut whole = span(node);
        // The grammar reads `await f<T>(x)` as a call of `await f`.
        let awaited = callee.filter(|c| c.kind() == "await_expression").and_then(|c| c.named_child(0));
        let callee = awaited.or(callee);
        if let Some(inner) = awaited {
            whole.start = inner.start_byte() as u32;
        }
        let callee_span = callee.map_or(Span { start: whole.start, end: whole.start }, span);
        let callee = callee.and_then(|c| self.path(c)).unwrap_or(Path {
            root: Root::Other,
            segments: Vec::new(),
            span: callee_span,
        });
        let args_node = field(node, "arguments");
        let id = self.b.reserve_call(Call {
            callee,
            span: whole,
            args: Vec::new(),
            keywords: Vec::new(),
            args_span: args_node.map_or(whole, span),
            is_new,
            awaited: awaited.is_some(),
            function: self.b.function,
            class: self.b.class,
            statement: self.b.statement,
            result: ResultUse::Nested,
        });
        let mut args = Vec::new();
        match args_node {
            Some(list) if list.kind() == "arguments" => {
                for (position, arg) in children(list).into_iter().enumerate() {
                    let value = self.named_value(arg, name);
                    if let Expr::Function(function) = value {
                        self.b.facts.functions[function.0 as usize].argument_of = Some((id, position));
                    }
                    args.push(value);
                }
            }
            Some(template) => args.push(self.expr(template)),
            None => {}
        }
        self.b.facts.calls[id.0 as usize].args = args;
        if awaited.is_some() { Expr::Await(Box::new(Expr::Call(id))) } else { Expr::Call(id) }
    }

    fn template(&mut self, node: Node<'_>) -> Expr {
        let mut parts = Vec::new();
        for part in children(node) {
            if part.kind() == "template_substitution" {
                let hole = part.named_child(0).map_or(Expr::Other, |n| self.expr(n));
                parts.push(Err(hole));
            } else {
                parts.push(Ok(self.text(part).to_owned()));
            }
        }
        if parts.iter().all(Result::is_ok) {
            return Expr::Str(parts.into_iter().filter_map(Result::ok).collect());
        }
        Expr::Template(parts)
    }

    fn object(&mut self, node: Node<'_>) -> Expr {
        let mut pairs = Vec::new();
        for part in children(node) {
            match part.kind() {
                "pair" => {
                    let key =
                        field(part, "key").map_or("", |k| self.text(k)).trim_matches(['"', '\'']).to_owned();
                    let value = field(part, "value").map_or(Expr::Other, |v| self.named_value(v, &key));
                    if let Expr::Function(id) = value {
                        self.b.facts.functions[id.0 as usize].kind = FunctionKind::Property;
                    }
                    pairs.push((key, value));
                }
                "shorthand_property_identifier" => {
                    let name = self.text(part).to_owned();
                    let path =
                        Path { root: Root::Name(name.clone()), segments: Vec::new(), span: span(part) };
                    pairs.push((name, Expr::Path(path)));
                }
                "method_definition" => {
                    let id = self.function(part, None, FunctionKind::Property);
                    pairs.push((self.b.facts.function(id).name.clone(), Expr::Function(id)));
                }
                "spread_element" => {
                    let value = part.named_child(0).map_or(Expr::Other, |n| self.expr(n));
                    pairs.push(("...".to_owned(), value));
                }
                _ => {}
            }
        }
        Expr::Object(pairs)
    }

    fn binary(&mut self, node: Node<'_>) -> Expr {
        let left = field(node, "left").map_or(Expr::Other, |n| self.expr(n));
        let right = field(node, "right").map_or(Expr::Other, |n| self.expr(n));
        for operator in ["+", "||", "??", "&&"] {
            if has_token(node, operator) {
                return Expr::Binary(Box::new(left), operator, Box::new(right));
            }
        }
        Expr::Other
    }

    fn assignment(&mut self, node: Node<'_>) -> Expr {
        let Some(left) = field(node, "left") else { return Expr::Other };
        let hint = match left.kind() {
            "identifier" => self.text(left).to_owned(),
            "member_expression" => field(left, "property").map_or("", |p| self.text(p)).to_owned(),
            _ => String::new(),
        };
        let value = field(node, "right").map_or(Expr::Other, |n| self.named_value(n, &hint));
        self.b.set_result(&value, ResultUse::Bound);
        match left.kind() {
            "member_expression" => {
                if let Some(target) = self.path(left) {
                    let (statement, function) = (self.b.statement, self.b.function);
                    self.b.facts.assigns.push(Assign { target, value: value.clone(), statement, function });
                    self.common_js_export(&hint, &value);
                }
            }
            "identifier" | "object_pattern" | "array_pattern" => {
                let names = self.pattern(left);
                self.b.bind(names, value.clone(), None, super::super::facts::BindingKind::Assigned);
            }
            _ => {}
        }
        value
    }

    /// Whether an assignment is made only where there is nothing yet: `a ??= b`, `a ||= b`.
    fn is_default(&self, node: Node<'_>) -> bool {
        field(node, "operator").is_some_and(|operator| matches!(self.text(operator), "??=" | "||="))
    }

    /// `a ??= b`, which is worth what `a ?? b` is.
    fn default(&mut self, node: Node<'_>) -> Expr {
        let before = field(node, "left").and_then(|left| self.path(left));
        let value = self.assignment(node);
        match before {
            Some(before) => Expr::Binary(Box::new(Expr::Path(before)), "??", Box::new(value)),
            None => value,
        }
    }

    /// `module.exports = …`, `module.exports.x = …`, `exports.x = …`
    fn common_js_export(&mut self, last: &str, value: &Expr) {
        use super::super::facts::{Export, ExportTarget};
        let Some(target) = self.b.facts.assigns.last().map(|a| a.target.clone()) else { return };
        let at = self.b.statement;
        let name = match (target.root_name(), target.segments.as_slice()) {
            (Some("module"), [e]) if e == "exports" => "default",
            (Some("module"), [e, _]) if e == "exports" => last,
            (Some("exports"), [_]) => last,
            _ => return,
        };
        let mut push = |name: &str, value: &Expr| {
            let target = match value {
                Expr::Path(path) if path.as_name().is_some() => ExportTarget::Local(path.dotted()),
                other => ExportTarget::Value(other.clone()),
            };
            self.b.facts.exports.push(Export { name: name.to_owned(), target, span: at });
        };
        push(name, value);
        if let (Expr::Object(pairs), "default") = (value, name) {
            for (key, value) in pairs.iter().filter(|(k, _)| k != "...") {
                push(key, value);
            }
        }
    }
}
