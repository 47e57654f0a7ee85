//! TypeScript, TSX and JavaScript: statements here, [`value`] what is computed, [`cond`] what is asked.

mod cond;
mod value;

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::{Lower, children, field, opaque, span};
use crate::ir::{Act, Body, Cond, Kind, Logic, Span, Spot, Value};

impl Lower<'_> {
    /// A function or a whole module.
    pub(super) fn script(mut self, node: Node<'_>) -> Body {
        let mut params = Vec::new();
        if let Some(list) = field(node, "parameters") {
            for param in children(list).into_iter().filter(|p| p.kind() != "decorator") {
                let mut names = Vec::new();
                let pattern = field(param, "pattern").unwrap_or(param);
                // What is false or null without being handed over is as good as missing.
                let vague = field(param, "value")
                    .is_some_and(|value| !matches!(value.kind(), "false" | "null" | "undefined"));
                self.script_names(pattern, &mut Vec::new(), vague, &mut names);
                params.push(names);
            }
        } else if let Some(one) = field(node, "parameter") {
            let mut names = Vec::new();
            self.script_names(one, &mut Vec::new(), false, &mut names);
            params.push(names);
        }
        self.scopes.push(params.iter().flatten().map(|bound| bound.name.clone()).collect());
        match field(node, "body") {
            Some(body) if body.kind() == "statement_block" => self.script_list(body, &children(body)),
            Some(body) => {
                let at = self.b.spot();
                let value = self.script_value(body);
                self.b.returns(Some(value));
                self.b.list(span(body), vec![(span(body), at)]);
            }
            None => self.script_list(node, &children(node)),
        }
        self.b.finish(params)
    }

    fn script_list(&mut self, list: Node<'_>, items: &[Node<'_>]) {
        self.scopes.push(BTreeSet::new());
        let mut stmts: Vec<(Span, Spot)> = Vec::new();
        for item in items {
            stmts.push((span(*item), self.b.spot()));
            self.script_stmt(*item, None);
        }
        self.b.list(span(list), stmts);
        self.scopes.pop();
    }

    /// A statement that may be a list in brackets.
    fn script_branch(&mut self, node: Node<'_>) {
        match node.kind() {
            "statement_block" => self.script_list(node, &children(node)),
            "else_clause" => children(node).into_iter().for_each(|inner| self.script_branch(inner)),
            _ => self.script_list(node, &[node]),
        }
    }

    fn script_stmt(&mut self, node: Node<'_>, label: Option<String>) {
        let _ = self.deeper(|this| this.script_stmt_inner(node, label));
    }

    fn script_stmt_inner(&mut self, node: Node<'_>, label: Option<String>) {
        match node.kind() {
            "statement_block" => self.script_list(node, &children(node)),
            "expression_statement" => {
                for inner in children(node) {
                    self.script_effect(span(node), inner);
                }
            }
            "lexical_declaration" | "variable_declaration" => {
                for one in children(node) {
                    let Some(name) = field(one, "name") else { continue };
                    let value = match field(one, "value") {
                        Some(value) => self.script_value(value),
                        None => Value { span: span(one), kind: Kind::Null },
                    };
                    self.script_bind(span(node), name, value);
                }
            }
            "export_statement" => {
                let inner = field(node, "declaration").or_else(|| field(node, "value"));
                match inner {
                    Some(inner) if inner.kind().ends_with("declaration") => self.script_stmt(inner, None),
                    Some(inner) => self.script_effect(span(node), inner),
                    None => {}
                }
            }
            "function_declaration" | "generator_function_declaration" => {
                if let Some(name) = field(node, "name") {
                    let value = Value { span: span(node), kind: Kind::Function };
                    self.script_bind(span(node), name, value);
                }
            }
            "return_statement" => {
                let value = children(node).first().map(|inner| self.script_value(*inner));
                self.b.returns(value);
            }
            "throw_statement" => {
                for inner in children(node) {
                    self.script_value(inner);
                }
                self.b.throws();
            }
            "if_statement" => self.script_if(node),
            "while_statement" | "do_statement" | "for_statement" | "for_in_statement" => {
                self.script_loop(node, label);
            }
            "labeled_statement" => {
                let name = field(node, "label").map(|l| self.of(l).to_owned());
                if let Some(body) = field(node, "body") {
                    self.script_stmt(body, name);
                }
            }
            "break_statement" | "continue_statement" => {
                let label = field(node, "label").map(|l| self.of(l));
                if node.kind() == "break_statement" { self.b.breaks(label) } else { self.b.continues(label) }
            }
            "try_statement" => self.script_try(node),
            "switch_statement" => self.script_switch(node),
            "import_statement"
            | "class_declaration"
            | "abstract_class_declaration"
            | "empty_statement"
            | "interface_declaration"
            | "type_alias_declaration"
            | "function_signature" => {}
            _ => {
                let parts = children(node).into_iter().map(|inner| self.script_value(inner)).collect();
                self.b.act(span(node), Act::Eval(opaque(node, parts)));
            }
        }
    }

    fn script_effect(&mut self, whole: Span, node: Node<'_>) {
        if matches!(node.kind(), "assignment_expression" | "augmented_assignment_expression") {
            self.script_assign(whole, node);
            return;
        }
        let value = self.script_value(node);
        self.b.act(whole, Act::Eval(value));
    }

    fn script_bind(&mut self, whole: Span, pattern: Node<'_>, value: Value) {
        let mut names = Vec::new();
        self.script_names(pattern, &mut Vec::new(), false, &mut names);
        // Two values under one name are not told apart: neither is known.
        let hides = self.declare(&names);
        let value = if hides { opaque(pattern, vec![value]) } else { value };
        self.b.act(whole, Act::Bind(names, value));
    }

    /// The value of an assignment, after it was made.
    fn script_assign(&mut self, whole: Span, node: Node<'_>) -> Value {
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
            return opaque(node, Vec::new());
        };
        let given = self.script_value(right);
        let value = if node.kind() == "assignment_expression" {
            given
        } else {
            let before = self.script_value(left);
            let how = field(node, "operator").map(|o| self.of(o)).unwrap_or_default();
            match how {
                "||=" => logic(node, Logic::Or, before, given),
                "&&=" => logic(node, Logic::And, before, given),
                "??=" => logic(node, Logic::Coalesce, before, given),
                _ => opaque(node, vec![before, given]),
            }
        };
        let target = unwrapped(left);
        if matches!(target.kind(), "member_expression" | "subscript_expression") {
            let place = self.script_value(target);
            let value = if self.perhaps > 0 { opaque(node, vec![value]) } else { value };
            self.b.act(whole, Act::Store(place.clone(), value));
            return Value { span: span(node), ..place };
        }
        let mut names = Vec::new();
        self.script_names(target, &mut Vec::new(), false, &mut names);
        let plain = matches!(names.as_slice(), [one] if one.path.is_empty());
        let after = names.first().filter(|_| plain).map(|one| Kind::Name(one.name.clone()));
        let result = after.map_or_else(|| value.clone(), |kind| Value { span: span(node), kind });
        self.bind_inside(whole, names, value);
        result
    }

    fn script_if(&mut self, node: Node<'_>) {
        let cond = field(node, "condition").map(|c| self.script_cond(c));
        let Some(cond) = cond else { return };
        let asks = self.b.spot().block;
        let (yes, no, after) = (self.b.block(), self.b.block(), self.b.block());
        self.b.branch(cond, yes, no);
        for (block, part) in [(yes, "consequence"), (no, "alternative")] {
            self.b.resume(block);
            if let Some(part) = field(node, part) {
                self.script_branch(part);
            }
            self.b.goto(after);
        }
        self.b.check(span(node), asks, after);
    }

    fn script_loop(&mut self, node: Node<'_>, label: Option<String>) {
        if let Some(first) = field(node, "initializer") {
            self.script_stmt(first, None);
        }
        let each = match (node.kind(), field(node, "right")) {
            ("for_in_statement", Some(right)) => Some(self.script_value(right)),
            _ => None,
        };
        let head = self.b.block();
        self.b.goto(head);
        let (body, again, after) = (self.b.block(), self.b.block(), self.b.block());
        let asked = field(node, "condition").filter(|c| c.kind() != "empty_statement" && self.of(*c) != ";");
        let is_do = node.kind() == "do_statement";
        match asked.filter(|_| !is_do) {
            Some(cond) => {
                let cond = self.script_cond(cond);
                self.b.branch(cond, body, after);
            }
            None if is_do || node.kind() != "for_in_statement" => self.b.jump(body),
            None => self.b.branch(Cond::Opaque(each.iter().cloned().collect()), body, after),
        }
        self.b.resume(body);
        if let (Some(each), Some(left)) = (each, field(node, "left")) {
            let item = Value { span: each.span, kind: Kind::Opaque(Vec::new()) };
            self.script_bind(span(left), left, item);
        }
        self.b.enter_loop(label, after, Some(again));
        if let Some(inner) = field(node, "body") {
            self.script_branch(inner);
        }
        self.b.leave_loop();
        self.b.goto(again);
        if let Some(step) = field(node, "increment") {
            self.script_effect(span(step), step);
        }
        match asked.filter(|_| is_do) {
            Some(cond) => {
                let cond = self.script_cond(cond);
                self.b.branch(cond, head, after);
            }
            None => self.b.jump(head),
        }
        self.b.resume(after);
    }

    fn script_try(&mut self, node: Node<'_>) {
        let (caught, after) = (self.b.block(), self.b.block());
        self.b.enter_try(caught);
        if let Some(body) = field(node, "body") {
            self.script_branch(body);
        }
        self.b.leave_try();
        self.b.jump(after);
        self.b.resume(caught);
        let last = field(node, "finalizer");
        if let Some(handler) = field(node, "handler") {
            // What the handler throws still runs the last part, which then throws on.
            if let Some(name) = field(handler, "parameter") {
                let error = opaque(name, Vec::new());
                self.script_bind(span(name), name, error);
            }
            if let Some(body) = field(handler, "body") {
                self.script_branch(body);
            }
        }
        self.b.jump(after);
        self.b.resume(after);
        if let Some(last) = last.and_then(|l| field(l, "body")) {
            self.script_branch(last);
        }
        if field(node, "handler").is_none() {
            // Behind the last part it goes on, or the error does.
            let (goes_on, fails) = (self.b.block(), self.b.block());
            self.b.branch(Cond::Opaque(Vec::new()), goes_on, fails);
            self.b.resume(fails);
            self.b.throws();
            self.b.resume(goes_on);
        }
    }

    fn script_switch(&mut self, node: Node<'_>) {
        let subject = field(node, "value").map(|v| self.script_value(v));
        let Some(body) = field(node, "body") else { return };
        let asks = self.b.spot().block;
        let after = self.b.block();
        let cases = children(body);
        let starts: Vec<_> = cases.iter().map(|_| self.b.block()).collect();
        let mut otherwise = after;
        for (case, start) in cases.iter().zip(&starts) {
            let Some(value) = field(*case, "value") else {
                otherwise = *start;
                continue;
            };
            let next = self.b.block();
            let value = self.script_value(value);
            let cond = match (&subject, literal(&value)) {
                // `switch (true) { case !user: … }`
                (Some(Value { kind: Kind::Literal(on), .. }), _) if on == "true" => {
                    self.script_cond(field(*case, "value").unwrap_or(*case))
                }
                (Some(subject), Some(text)) => Cond::Equals(subject.clone(), text),
                (Some(subject), None) if value.kind == Kind::Null => {
                    Cond::Null { of: subject.clone(), strict: true }
                }
                _ => Cond::Opaque(vec![value]),
            };
            self.b.branch(cond, *start, next);
            self.b.resume(next);
        }
        self.b.jump(otherwise);
        self.b.enter_loop(None, after, None);
        for (at, case) in cases.iter().enumerate() {
            self.b.resume(starts[at]);
            let value = field(*case, "value").map(|v| v.id());
            let items: Vec<Node<'_>> =
                children(*case).into_iter().filter(|c| Some(c.id()) != value).collect();
            self.script_list(*case, &items);
            self.b.jump(starts.get(at + 1).copied().unwrap_or(after));
        }
        self.b.leave_loop();
        self.b.resume(after);
        self.b.check(span(node), asks, after);
    }
}

fn literal(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::Text(text) | Kind::Literal(text) => Some(text.clone()),
        _ => None,
    }
}

fn logic(node: Node<'_>, how: Logic, left: Value, right: Value) -> Value {
    Value { span: span(node), kind: Kind::Logic(how, Box::new(left), Box::new(right)) }
}

/// Without brackets, casts and `!`.
fn unwrapped(mut node: Node<'_>) -> Node<'_> {
    while matches!(
        node.kind(),
        "parenthesized_expression" | "as_expression" | "satisfies_expression" | "non_null_expression"
    ) {
        let Some(inner) = node.named_child(0) else { break };
        node = inner;
    }
    node
}
