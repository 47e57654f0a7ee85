//! Expressions: what is called with what, and what a value is made of.

use tree_sitter::Node;

use super::super::facts::{
    Assign, BindingKind, Call, Expr, Function, FunctionKind, Path, PatternName, ResultUse, Root, Span,
};
use super::{Walk, children, field, has_token, span};

impl Walk<'_> {
    /// Describes an expression and notes every call in it.
    pub(super) fn expr(&mut self, node: Node<'_>) -> Expr {
        if !self.b.enter() {
            return Expr::Other;
        }
        let value = self.expr_inner(node);
        self.b.leave();
        value
    }

    fn expr_inner(&mut self, node: Node<'_>) -> Expr {
        match node.kind() {
            "identifier" | "attribute" => self.path(node).map_or(Expr::Other, Expr::Path),
            "dotted_name" => self.dotted(node),
            "call" => self.call(node),
            "await" => {
                let inner = node.named_child(0).map_or(Expr::Other, |n| self.expr(n));
                let awaited = Expr::Await(Box::new(inner));
                if let Some(id) = awaited.as_call() {
                    self.b.facts.calls[id.0 as usize].awaited = true;
                }
                awaited
            }
            "parenthesized_expression" | "type" | "expression_list" if node.named_child_count() == 1 => {
                node.named_child(0).map_or(Expr::Other, |n| self.expr(n))
            }
            "subscript" => self.subscript(node),
            "generic_type" => self.generic_type(node),
            "type" => node.named_child(0).map_or(Expr::Other, |inner| self.expr(inner)),
            "string" => self.string(node),
            "concatenated_string" => {
                let parts: Vec<Expr> = children(node).into_iter().map(|n| self.expr(n)).collect();
                parts
                    .into_iter()
                    .reduce(|a, b| Expr::Binary(Box::new(a), "+", Box::new(b)))
                    .unwrap_or(Expr::Other)
            }
            "integer" | "float" => Expr::Number(self.text(node).to_owned()),
            "true" => Expr::Bool(true),
            "false" => Expr::Bool(false),
            "none" => Expr::Null,
            "list" | "tuple" | "expression_list" => {
                Expr::List(children(node).into_iter().map(|n| self.expr(n)).collect())
            }
            "dictionary" => self.dictionary(node),
            "assignment" => self.assignment(node),
            "named_expression" => {
                let value = field(node, "value").map_or(Expr::Other, |n| self.expr(n));
                let names = field(node, "name").map_or_else(Vec::new, |n| self.pattern(n));
                self.b.bind(names, value.clone(), None, BindingKind::Const);
                value
            }
            "conditional_expression" => {
                let parts: Vec<Expr> = children(node).into_iter().map(|n| self.expr(n)).collect();
                match <[Expr; 3]>::try_from(parts) {
                    Ok([yes, _, no]) => Expr::Either(Box::new(yes), Box::new(no)),
                    Err(_) => Expr::Other,
                }
            }
            "boolean_operator" | "binary_operator" => self.binary(node),
            "lambda" => self.lambda(node),
            "yield" => {
                if let Some(function) = self.b.function {
                    self.b.facts.functions[function.0 as usize].is_generator = true;
                }
                for child in children(node) {
                    self.expr(child);
                }
                Expr::Other
            }
            _ => {
                for child in children(node) {
                    self.expr(child);
                }
                Expr::Other
            }
        }
    }

    fn name(&self, text: &str) -> Root {
        if self.receiver.as_deref() == Some(text) {
            Root::This(text.to_owned())
        } else {
            Root::Name(text.to_owned())
        }
    }

    fn dotted(&self, node: Node<'_>) -> Expr {
        let mut parts = self.text(node).split('.').map(str::to_owned);
        let root = Root::Name(parts.next().unwrap_or_default());
        Expr::Path(Path { root, segments: parts.collect(), span: span(node) })
    }

    fn path(&mut self, node: Node<'_>) -> Option<Path> {
        let mut segments = Vec::new();
        let mut at = node;
        let root = loop {
            match at.kind() {
                "attribute" => {
                    segments.push(field(at, "attribute").map_or("", |a| self.text(a)).to_owned());
                    at = field(at, "object")?;
                }
                "subscript" => {
                    let key = children(at).into_iter().nth(1);
                    segments.push(match key.map(|k| self.expr(k)) {
                        Some(Expr::Str(key) | Expr::Number(key)) => key,
                        _ => "[]".to_owned(),
                    });
                    at = field(at, "value")?;
                }
                "parenthesized_expression" | "await" => at = at.named_child(0)?,
                "identifier" => break self.name(self.text(at)),
                _ => match self.expr(at) {
                    Expr::Call(id) => {
                        if at.parent().is_some_and(|p| p.kind() == "await") {
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

    /// `X["key"]` is a path, `X[a, b]` (types) keeps its arguments.
    fn subscript(&mut self, node: Node<'_>) -> Expr {
        let parts = children(node);
        let literal = parts.len() == 2 && matches!(parts[1].kind(), "string" | "integer");
        if literal {
            return self.path(node).map_or(Expr::Other, Expr::Path);
        }
        let args: Vec<Expr> = parts.iter().skip(1).map(|n| self.expr(*n)).collect();
        match parts.first().map(|n| self.expr(*n)) {
            Some(Expr::Path(path)) => Expr::Index(path, args),
            _ => Expr::Other,
        }
    }

    /// The same where the grammar expects a type: in an annotation.
    fn generic_type(&mut self, node: Node<'_>) -> Expr {
        let mut args = Vec::new();
        let mut name = None;
        for part in children(node) {
            if part.kind() == "type_parameter" {
                args.extend(children(part).into_iter().map(|arg| self.expr(arg)));
            } else {
                name = name.or_else(|| self.path(part));
            }
        }
        name.map_or(Expr::Other, |path| Expr::Index(path, args))
    }

    fn call(&mut self, node: Node<'_>) -> Expr {
        let whole = span(node);
        let callee = field(node, "function");
        let callee_span = callee.map_or(Span { start: whole.start, end: whole.start }, span);
        let callee = callee.and_then(|c| self.path(c)).unwrap_or(Path {
            root: Root::Other,
            segments: Vec::new(),
            span: callee_span,
        });
        let list = field(node, "arguments");
        let id = self.b.reserve_call(Call {
            callee,
            span: whole,
            args: Vec::new(),
            keywords: Vec::new(),
            args_span: list.map_or(whole, span),
            is_new: false,
            awaited: false,
            function: self.b.function,
            class: self.b.class,
            statement: self.b.statement,
            result: ResultUse::Nested,
        });
        let mut args = Vec::new();
        let mut keywords = Vec::new();
        for (position, arg) in list.map(children).unwrap_or_default().into_iter().enumerate() {
            if arg.kind() == "keyword_argument" {
                let name = field(arg, "name").map_or("", |n| self.text(n)).to_owned();
                keywords.push((name, field(arg, "value").map_or(Expr::Other, |v| self.expr(v))));
                continue;
            }
            let value = self.expr(arg);
            if let Expr::Function(function) = value {
                self.b.facts.functions[function.0 as usize].argument_of = Some((id, position));
            }
            args.push(value);
        }
        let call = &mut self.b.facts.calls[id.0 as usize];
        (call.args, call.keywords) = (args, keywords);
        Expr::Call(id)
    }

    fn string(&mut self, node: Node<'_>) -> Expr {
        let mut parts = Vec::new();
        for part in children(node) {
            match part.kind() {
                "string_content" => parts.push(Ok(self.text(part).to_owned())),
                "interpolation" => {
                    let hole = part.named_child(0).map_or(Expr::Other, |n| self.expr(n));
                    parts.push(Err(hole));
                }
                _ => {}
            }
        }
        if parts.iter().all(Result::is_ok) {
            return Expr::Str(parts.into_iter().filter_map(Result::ok).collect());
        }
        Expr::Template(parts)
    }

    fn dictionary(&mut self, node: Node<'_>) -> Expr {
        let mut pairs = Vec::new();
        for part in children(node) {
            if part.kind() == "pair" {
                let key = match field(part, "key").map(|k| self.expr(k)) {
                    Some(Expr::Str(key)) => key,
                    _ => "[]".to_owned(),
                };
                pairs.push((key, field(part, "value").map_or(Expr::Other, |v| self.expr(v))));
            } else {
                pairs.push(("...".to_owned(), self.expr(part)));
            }
        }
        Expr::Object(pairs)
    }

    fn binary(&mut self, node: Node<'_>) -> Expr {
        let left = field(node, "left").map_or(Expr::Other, |n| self.expr(n));
        let right = field(node, "right").map_or(Expr::Other, |n| self.expr(n));
        for (token, operator) in [("+", "+"), ("|", "|"), ("or", "||"), ("and", "&&")] {
            if has_token(node, token) {
                return Expr::Binary(Box::new(left), operator, Box::new(right));
            }
        }
        Expr::Other
    }

    fn lambda(&mut self, node: Node<'_>) -> Expr {
        let params = field(node, "parameters").map_or_else(Vec::new, |p| self.params(p));
        let body = field(node, "body");
        let (id, outer) = self.b.begin_function(Function {
            name: String::new(),
            symbol: String::new(),
            span: span(node),
            statement: self.b.statement,
            body: body.map_or_else(|| span(node), span),
            expression_body: true,
            params,
            gives: None,
            is_async: false,
            is_generator: false,
            kind: FunctionKind::Arrow,
            parent: self.b.function,
            class: None,
            decorators: Vec::new(),
            argument_of: None,
        });
        if let Some(body) = body {
            let value = self.expr(body);
            self.b.set_result(&value, ResultUse::Returned);
        }
        self.b.restore(outer);
        Expr::Function(id)
    }

    fn assignment(&mut self, node: Node<'_>) -> Expr {
        let Some(left) = field(node, "left") else { return Expr::Other };
        let annotation = field(node, "type").map(|t| self.text(t).to_owned());
        if let Some(ty) = field(node, "type") {
            self.expr(ty);
        }
        let value = field(node, "right").map_or(Expr::Other, |n| self.expr(n));
        if matches!(left.kind(), "attribute" | "subscript") {
            self.b.set_result(&value, ResultUse::Bound);
            if let Some(target) = self.path(left) {
                let (statement, function) = (self.b.statement, self.b.function);
                self.b.facts.assigns.push(Assign { target, value: value.clone(), statement, function });
            }
        } else {
            let names = self.pattern(left);
            self.b.bind(names, value.clone(), annotation, BindingKind::Const);
        }
        value
    }

    /// The names an assignment, loop or `with` target binds.
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
            "identifier" => names.push(PatternName { local: self.text(node).to_owned(), path: path.clone() }),
            "pattern_list" | "tuple_pattern" | "list_pattern" | "tuple" | "list" => {
                for (index, part) in children(node).into_iter().enumerate() {
                    path.push(index.to_string());
                    self.pattern_into(part, path, names);
                    path.pop();
                }
            }
            "as_pattern_target" | "list_splat_pattern" | "parenthesized_expression" => {
                if let Some(inner) = node.named_child(0) {
                    self.pattern_into(inner, path, names);
                }
            }
            _ => {}
        }
        self.b.leave();
    }
}
