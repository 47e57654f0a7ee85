//! Python: statements here, [`value`] what is computed and what is asked.

mod value;

use tree_sitter::Node;

use super::{Lower, children, field, opaque, span};
use crate::ir::{Act, Body, Bound, Cond, Kind, Span, Spot, Value};

impl Lower<'_> {
    /// A function or a whole module.
    pub(super) fn python(mut self, node: Node<'_>) -> Body {
        let mut params = Vec::new();
        for param in field(node, "parameters").map(children).unwrap_or_default() {
            let name = match param.kind() {
                "identifier" => Some(param),
                "typed_parameter" => param.named_child(0),
                _ => field(param, "name"),
            };
            let Some(name) = name else { continue };
            let starred = matches!(name.kind(), "list_splat_pattern" | "dictionary_splat_pattern");
            // What is false or null without being handed over is as good as missing.
            let vague = field(param, "value").is_some_and(|value| !matches!(value.kind(), "false" | "none"));
            let key = if starred { vec!["...".to_owned()] } else { Vec::new() };
            let name = name.named_child(0).filter(|_| starred).unwrap_or(name);
            params.push(vec![Bound { name: self.of(name).to_owned(), path: key, vague: vague || starred }]);
        }
        match field(node, "body") {
            Some(body) if node.kind() == "lambda" => {
                let at = self.b.spot();
                let value = self.py_value(body);
                self.b.returns(Some(value));
                self.b.list(span(body), vec![(span(body), at)]);
            }
            Some(body) => self.py_list(body),
            None => self.py_list(node),
        }
        self.b.finish(params)
    }

    fn py_list(&mut self, list: Node<'_>) {
        let mut stmts: Vec<(Span, Spot)> = Vec::new();
        for item in children(list) {
            stmts.push((span(item), self.b.spot()));
            let _ = self.deeper(|this| this.py_stmt(item));
        }
        self.b.list(span(list), stmts);
    }

    fn py_part(&mut self, node: Node<'_>, part: &str) {
        if let Some(inner) = field(node, part) {
            self.py_list(inner);
        }
    }

    fn py_stmt(&mut self, node: Node<'_>) {
        match node.kind() {
            "expression_statement" => {
                for inner in children(node) {
                    match inner.kind() {
                        "assignment" | "augmented_assignment" => {
                            self.py_assign(span(node), inner);
                        }
                        _ => {
                            let value = self.py_value(inner);
                            self.b.act(span(node), Act::Eval(value));
                        }
                    }
                }
            }
            "return_statement" => {
                let value = children(node).first().map(|inner| self.py_value(*inner));
                self.b.returns(value);
            }
            "raise_statement" => {
                for inner in children(node) {
                    self.py_value(inner);
                }
                self.b.throws();
            }
            "assert_statement" => {
                if let Some(asked) = children(node).first() {
                    let cond = self.py_cond(*asked);
                    let asks = self.b.spot().block;
                    let (fails, after) = (self.b.block(), self.b.block());
                    self.b.branch(cond, after, fails);
                    self.b.resume(fails);
                    self.b.throws();
                    self.b.resume(after);
                    self.b.check(span(node), asks, after);
                }
            }
            "if_statement" => self.py_if(node),
            "while_statement" | "for_statement" => self.py_loop(node),
            "break_statement" => self.b.breaks(None),
            "continue_statement" => self.b.continues(None),
            "try_statement" => self.py_try(node),
            "with_statement" => self.py_with(node),
            "match_statement" => self.py_match(node),
            "decorated_definition" => {
                // What a decorator makes of it is for whoever asks to say.
                if let Some(inner) = field(node, "definition") {
                    self.py_stmt(inner);
                }
            }
            "function_definition" => {
                if let Some(name) = field(node, "name") {
                    let value = Value { span: span(node), kind: Kind::Function };
                    self.py_bind(span(node), name, value);
                }
            }
            "class_definition"
            | "import_statement"
            | "import_from_statement"
            | "pass_statement"
            | "global_statement"
            | "nonlocal_statement"
            | "future_import_statement" => {}
            "delete_statement" => {
                for target in children(node) {
                    let gone = opaque(target, Vec::new());
                    self.py_target(span(node), target, gone);
                }
            }
            _ => {
                let parts = children(node).into_iter().map(|inner| self.py_value(inner)).collect();
                self.b.act(span(node), Act::Eval(opaque(node, parts)));
            }
        }
    }

    fn py_bind(&mut self, whole: Span, pattern: Node<'_>, value: Value) {
        let mut names = Vec::new();
        self.py_names(pattern, &mut Vec::new(), &mut names);
        self.b.act(whole, Act::Bind(names, value));
    }

    fn py_names(&self, node: Node<'_>, path: &mut Vec<String>, names: &mut Vec<Bound>) {
        match node.kind() {
            "identifier" => {
                names.push(Bound { name: self.of(node).to_owned(), path: path.clone(), vague: false });
            }
            "pattern_list" | "tuple_pattern" | "list_pattern" if path.len() < 50 => {
                for (at, part) in children(node).into_iter().enumerate() {
                    path.push(at.to_string());
                    self.py_names(part, path, names);
                    path.pop();
                }
            }
            "list_splat_pattern" => {
                if let Some(inner) = node.named_child(0) {
                    names.push(Bound {
                        name: self.of(inner).to_owned(),
                        path: vec!["...".to_owned()],
                        vague: true,
                    });
                }
            }
            _ => {}
        }
    }

    fn py_target(&mut self, whole: Span, target: Node<'_>, value: Value) {
        if matches!(target.kind(), "attribute" | "subscript") {
            let place = self.py_value(target);
            self.b.act(whole, Act::Store(place, value));
        } else {
            self.py_bind(whole, target, value);
        }
    }

    fn py_assign(&mut self, whole: Span, node: Node<'_>) {
        let Some(left) = field(node, "left") else { return };
        let Some(right) = field(node, "right") else { return };
        if node.kind() == "augmented_assignment" {
            let parts = vec![self.py_value(left), self.py_value(right)];
            let value = opaque(node, parts);
            self.py_target(whole, left, value);
            return;
        }
        // `a = b = c`
        if right.kind() == "assignment" {
            self.py_assign(whole, right);
            let inner = field(right, "left").map(|inner| self.py_value(inner));
            let value = inner.unwrap_or_else(|| opaque(right, Vec::new()));
            self.py_target(whole, left, value);
            return;
        }
        let value = self.py_value(right);
        self.py_target(whole, left, value);
    }

    fn py_if(&mut self, node: Node<'_>) {
        let after = self.b.block();
        let mut first = None;
        let mut cursor = node.walk();
        let others: Vec<Node<'_>> = node.children_by_field_name("alternative", &mut cursor).collect();
        for part in std::iter::once(node).chain(others) {
            if part.kind() == "else_clause" {
                self.py_part(part, "body");
                continue;
            }
            let Some(cond) = field(part, "condition").map(|c| self.py_cond(c)) else { continue };
            first.get_or_insert(self.b.spot().block);
            let (yes, no) = (self.b.block(), self.b.block());
            self.b.branch(cond, yes, no);
            self.b.resume(yes);
            self.py_part(part, "consequence");
            self.b.jump(after);
            self.b.resume(no);
        }
        self.b.goto(after);
        if let Some(first) = first {
            self.b.check(span(node), first, after);
        }
    }

    fn py_loop(&mut self, node: Node<'_>) {
        let each = field(node, "right").map(|right| self.py_value(right));
        let head = self.b.block();
        self.b.goto(head);
        let (body, done, after) = (self.b.block(), self.b.block(), self.b.block());
        let cond = match field(node, "condition") {
            Some(cond) => self.py_cond(cond),
            None => Cond::Opaque(each.iter().cloned().collect()),
        };
        if matches!(&cond, Cond::Truthy(Value { kind: Kind::Literal(on), .. }) if on == "True") {
            self.b.jump(body);
        } else {
            self.b.branch(cond, body, done);
        }
        self.b.resume(body);
        if let (Some(each), Some(left)) = (each, field(node, "left")) {
            let item = Value { span: each.span, kind: Kind::Opaque(Vec::new()) };
            self.py_bind(span(left), left, item);
        }
        self.b.enter_loop(None, after, Some(head));
        self.py_part(node, "body");
        self.b.leave_loop();
        self.b.jump(head);
        // `else` runs where the loop was not broken out of.
        self.b.resume(done);
        if let Some(other) = field(node, "alternative") {
            self.py_part(other, "body");
        }
        self.b.goto(after);
    }

    fn py_try(&mut self, node: Node<'_>) {
        let (caught, after) = (self.b.block(), self.b.block());
        self.b.enter_try(caught);
        self.py_part(node, "body");
        self.b.leave_try();
        let parts = children(node);
        if let Some(other) = parts.iter().find(|p| p.kind() == "else_clause") {
            self.py_part(*other, "body");
        }
        self.b.jump(after);
        let handlers: Vec<&Node<'_>> =
            parts.iter().filter(|p| matches!(p.kind(), "except_clause" | "except_group_clause")).collect();
        self.b.resume(caught);
        let mut catches_all = false;
        for handler in &handlers {
            let next = self.b.block();
            let inside = self.b.block();
            self.b.branch(Cond::Opaque(Vec::new()), inside, next);
            self.b.resume(inside);
            let items = children(**handler);
            // A bare `except:` or `except Exception:` is the last one that anything comes to.
            let asked = items.iter().find(|i| i.kind() != "block");
            let name = asked.map(|a| self.of(*a)).unwrap_or_default();
            catches_all |=
                asked.is_none() || name.starts_with("Exception") || name.starts_with("BaseException");
            let alias = asked.filter(|a| a.kind() == "as_pattern").and_then(|a| field(*a, "alias"));
            if let Some(alias) = alias.and_then(|a| a.named_child(0)) {
                let error = opaque(alias, Vec::new());
                self.py_bind(span(alias), alias, error);
            }
            if let Some(block) = items.iter().find(|i| i.kind() == "block") {
                self.py_list(*block);
            }
            self.b.jump(after);
            self.b.resume(next);
        }
        let last = parts.iter().find(|p| p.kind() == "finally_clause");
        if handlers.is_empty() && last.is_some() {
            // Behind the last part it goes on, or the error does.
            self.b.jump(after);
        } else if catches_all {
            // Nothing else comes here.
            self.b.returns(None);
        } else {
            self.b.throws();
        }
        self.b.resume(after);
        if let Some(last) = last {
            for block in children(*last) {
                self.py_list(block);
            }
        }
        if handlers.is_empty() {
            let (goes_on, fails) = (self.b.block(), self.b.block());
            self.b.branch(Cond::Opaque(Vec::new()), goes_on, fails);
            self.b.resume(fails);
            self.b.throws();
            self.b.resume(goes_on);
        }
    }

    fn py_with(&mut self, node: Node<'_>) {
        let mut forgives = false;
        let clause = children(node).into_iter().find(|c| c.kind() == "with_clause");
        for item in clause.map(children).unwrap_or_default() {
            let Some(value) = field(item, "value") else { continue };
            if value.kind() != "as_pattern" {
                let value = self.py_value(value);
                forgives |= matches!(&value.kind, Kind::Call(call) if is_suppress(&call.callee));
                self.b.act(span(item), Act::Eval(value));
                continue;
            }
            let given = children(value).first().map(|v| self.py_value(*v));
            let alias = field(value, "alias").and_then(|a| a.named_child(0));
            if let (Some(given), Some(alias)) = (given, alias) {
                let entered = Value { span: given.span, kind: Kind::Opaque(vec![given]) };
                self.py_bind(span(item), alias, entered);
            }
        }
        let after = self.b.block();
        if forgives {
            self.b.enter_try(after);
        }
        self.py_part(node, "body");
        if forgives {
            self.b.leave_try();
        }
        self.b.goto(after);
    }

    fn py_match(&mut self, node: Node<'_>) {
        let subject = field(node, "subject").map(|s| self.py_value(s));
        let (Some(subject), Some(body)) = (subject, field(node, "body")) else { return };
        let asks = self.b.spot().block;
        let after = self.b.block();
        for case in children(body).into_iter().filter(|c| c.kind() == "case_clause") {
            let patterns: Vec<Node<'_>> =
                children(case).into_iter().filter(|c| c.kind() == "case_pattern").collect();
            let written = patterns.first().map(|p| self.of(*p)).unwrap_or_default();
            let (yes, no) = (self.b.block(), self.b.block());
            let guarded = field(case, "guard").is_some();
            let cond = match (patterns.as_slice(), written) {
                _ if guarded => Cond::Opaque(vec![subject.clone()]),
                ([_], "None") => Cond::Null { of: subject.clone(), strict: false },
                ([_], "_") => Cond::Truthy(Value { span: span(case), kind: Kind::Literal("True".into()) }),
                _ => Cond::Opaque(vec![subject.clone()]),
            };
            self.b.branch(cond, yes, no);
            self.b.resume(yes);
            let mut names = Vec::new();
            for pattern in &patterns {
                self.py_captures(*pattern, &mut names);
            }
            if !names.is_empty() {
                self.b.act(span(case), Act::Bind(names, opaque(case, Vec::new())));
            }
            self.py_part(case, "consequence");
            self.b.jump(after);
            self.b.resume(no);
        }
        self.b.goto(after);
        self.b.check(span(node), asks, after);
    }

    fn py_captures(&self, node: Node<'_>, names: &mut Vec<Bound>) {
        for inner in children(node) {
            if matches!(inner.kind(), "identifier") || inner.kind() == "dotted_name" {
                let name = self.of(inner);
                if !name.contains('.') && name != "_" {
                    names.push(Bound { name: name.to_owned(), path: Vec::new(), vague: true });
                }
            } else if names.len() < 50 {
                self.py_captures(inner, names);
            }
        }
    }
}

/// `contextlib.suppress(…)` goes on behind its block when that fails.
fn is_suppress(callee: &Value) -> bool {
    callee.place().is_some_and(|p| p.keys.last().unwrap_or(&p.root) == "suppress")
}
