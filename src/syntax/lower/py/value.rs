//! What expressions compute, and what conditions ask.

use tree_sitter::Node;

use super::super::{Lower, children, field, has_token, opaque, span};
use crate::ir::{Call, Cond, Kind, Logic, Value};

impl Lower<'_> {
    pub(super) fn py_value(&mut self, node: Node<'_>) -> Value {
        self.deeper(|this| this.py_value_inner(node)).unwrap_or_else(|| opaque(node, Vec::new()))
    }

    pub(super) fn py_perhaps(&mut self, node: Node<'_>) -> Value {
        self.perhaps += 1;
        let value = self.py_value(node);
        self.perhaps -= 1;
        value
    }

    pub(super) fn py_value_inner(&mut self, node: Node<'_>) -> Value {
        let at = |kind: Kind| Value { span: span(node), kind };
        match node.kind() {
            "identifier" => at(Kind::Name(self.of(node).to_owned())),
            "none" => at(Kind::Null),
            "true" | "false" | "integer" | "float" => at(Kind::Literal(self.of(node).to_owned())),
            "string" if !children(node).iter().any(|c| c.kind() == "interpolation") => at(Kind::Text(
                children(node).iter().filter(|c| c.kind() == "string_content").map(|c| self.of(*c)).collect(),
            )),
            "attribute" => {
                let (Some(object), Some(key)) = (field(node, "object"), field(node, "attribute")) else {
                    return opaque(node, Vec::new());
                };
                let of = Box::new(self.py_value(object));
                at(Kind::Member { of, key: self.of(key).to_owned(), optional: false })
            }
            "subscript" => {
                let (Some(object), Some(index)) = (field(node, "value"), field(node, "subscript")) else {
                    return opaque(node, Vec::new());
                };
                let of = self.py_value(object);
                let index = self.py_value(index);
                match literal(&index) {
                    Some(key) => at(Kind::Member { of: Box::new(of), key, optional: false }),
                    None => opaque(node, vec![of, index]),
                }
            }
            "await" | "parenthesized_expression" => {
                let inner = children(node);
                inner.first().map_or_else(|| opaque(node, Vec::new()), |inner| self.py_value(*inner))
            }
            "named_expression" => {
                let (Some(name), Some(value)) = (field(node, "name"), field(node, "value")) else {
                    return opaque(node, Vec::new());
                };
                let value = self.py_value(value);
                let mut names = Vec::new();
                self.py_names(name, &mut Vec::new(), &mut names);
                self.bind_inside(span(node), names, value);
                at(Kind::Name(self.of(name).to_owned()))
            }
            "call" => self.py_call(node),
            "lambda" => at(Kind::Function),
            "dictionary" => {
                let mut pairs = Vec::new();
                for part in children(node) {
                    if part.kind() == "pair" {
                        let key = field(part, "key").map(|k| self.py_value(k));
                        let value = field(part, "value").map(|v| self.py_value(v));
                        let key = key.as_ref().and_then(literal);
                        if let Some(value) = value {
                            pairs.push((Some(key.unwrap_or_default()), value));
                        }
                    } else if let Some(inner) = part.named_child(0) {
                        pairs.push((None, self.py_value(inner)));
                    }
                }
                at(Kind::Object(pairs))
            }
            "list" | "tuple" | "expression_list" => {
                at(Kind::List(children(node).into_iter().map(|item| self.py_value(item)).collect()))
            }
            "conditional_expression" => match children(node).as_slice() {
                [yes, cond, no] => {
                    let cond = self.py_cond(*cond);
                    let yes = Box::new(self.py_perhaps(*yes));
                    let no = Box::new(self.py_perhaps(*no));
                    at(Kind::Choice(Box::new(cond), yes, no))
                }
                _ => opaque(node, Vec::new()),
            },
            "boolean_operator" => {
                let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
                    return opaque(node, Vec::new());
                };
                let how = if has_token(node, "and") { Logic::And } else { Logic::Or };
                let left = Box::new(self.py_value(left));
                let right = Box::new(self.py_perhaps(right));
                at(Kind::Logic(how, left, right))
            }
            "type" => opaque(node, Vec::new()),
            _ => {
                let parts = children(node).into_iter().map(|part| self.py_value(part)).collect();
                opaque(node, parts)
            }
        }
    }

    pub(super) fn py_call(&mut self, node: Node<'_>) -> Value {
        let Some(callee) = field(node, "function") else { return opaque(node, Vec::new()) };
        let callee = self.py_value(callee);
        let mut call = Call { callee, args: Vec::new(), keywords: Vec::new(), spread: false, is_new: false };
        let args = field(node, "arguments");
        for arg in args.filter(|a| a.kind() == "argument_list").map(children).unwrap_or_default() {
            match arg.kind() {
                "keyword_argument" => {
                    if let (Some(name), Some(value)) = (field(arg, "name"), field(arg, "value")) {
                        let value = self.py_value(value);
                        call.keywords.push((self.of(name).to_owned(), value));
                    }
                }
                "list_splat" | "dictionary_splat" => {
                    call.spread = true;
                    let value = self.py_value(arg);
                    if arg.kind() == "list_splat" {
                        call.args.push(value);
                    }
                }
                _ => {
                    let value = self.py_value(arg);
                    call.args.push(value);
                }
            }
        }
        Value { span: span(node), kind: Kind::Call(Box::new(call)) }
    }

    pub(super) fn py_cond(&mut self, node: Node<'_>) -> Cond {
        self.deeper(|this| this.py_cond_inner(node)).unwrap_or_else(|| Cond::Opaque(Vec::new()))
    }

    pub(super) fn py_cond_inner(&mut self, node: Node<'_>) -> Cond {
        match node.kind() {
            "parenthesized_expression" => match children(node).as_slice() {
                [inner] => self.py_cond(*inner),
                _ => Cond::Opaque(Vec::new()),
            },
            "not_operator" => match field(node, "argument") {
                Some(inner) => self.py_cond(inner).negated(),
                None => Cond::Opaque(Vec::new()),
            },
            "boolean_operator" => {
                let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
                    return Cond::Opaque(Vec::new());
                };
                let first = Box::new(self.py_cond(left));
                self.perhaps += 1;
                let second = Box::new(self.py_cond(right));
                self.perhaps -= 1;
                if has_token(node, "and") { Cond::And(first, second) } else { Cond::Or(first, second) }
            }
            "comparison_operator" => self.py_comparison(node),
            "call" => {
                let value = self.py_value(node);
                let Kind::Call(call) = &value.kind else { return Cond::Truthy(value) };
                match (&call.callee.kind, call.args.as_slice()) {
                    (Kind::Name(name), [one]) if name == "bool" => Cond::Truthy(one.clone()),
                    (Kind::Name(name), [one, class]) if name == "isinstance" => {
                        let class = class.place().and_then(|p| p.keys.last().cloned().or(Some(p.root)));
                        Cond::Is(one.clone(), class.unwrap_or_default())
                    }
                    _ => Cond::Truthy(value),
                }
            }
            _ => Cond::Truthy(self.py_value(node)),
        }
    }

    pub(super) fn py_comparison(&mut self, node: Node<'_>) -> Cond {
        let sides = children(node);
        let [left, right] = sides.as_slice() else {
            let values = sides.into_iter().map(|side| self.py_value(side)).collect();
            return Cond::Opaque(values);
        };
        let between = self.text.get(left.end_byte()..right.start_byte()).unwrap_or_default();
        let how = between.split_whitespace().collect::<Vec<_>>().join(" ");
        let (left, right) = (self.py_value(*left), self.py_value(*right));
        match how.as_str() {
            "is" | "==" | "is not" | "!=" => {
                let (of, other) = if left.kind == Kind::Null { (right, left) } else { (left, right) };
                let cond = match literal(&other) {
                    _ if other.kind == Kind::Null => Cond::Null { of, strict: false },
                    Some(text) => Cond::Equals(of, text),
                    None => Cond::Opaque(vec![of, other]),
                };
                if how.contains("not") || how.starts_with('!') { cond.negated() } else { cond }
            }
            "in" | "not in" => {
                let cond = match literal(&left) {
                    Some(key) => Cond::Has(right, key),
                    None => Cond::Opaque(vec![left, right]),
                };
                if how == "in" { cond } else { cond.negated() }
            }
            _ => Cond::Opaque(vec![left, right]),
        }
    }
}

fn literal(value: &Value) -> Option<String> {
    match &value.kind {
        Kind::Text(text) | Kind::Literal(text) => Some(text.clone()),
        _ => None,
    }
}
