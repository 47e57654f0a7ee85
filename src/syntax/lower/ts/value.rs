//! What expressions compute, and the names that patterns bind.

use tree_sitter::Node;

use super::super::{Lower, children, field, opaque, span};
use super::{literal, logic};
use crate::ir::{Bound, Call, Kind, Logic, Value};

impl Lower<'_> {
    /// The names of a pattern with the way to each.
    pub(super) fn script_names(
        &self,
        node: Node<'_>,
        path: &mut Vec<String>,
        vague: bool,
        names: &mut Vec<Bound>,
    ) {
        if path.len() > 50 {
            return;
        }
        let mut within = |key: String, inner: Node<'_>, vague: bool, names: &mut Vec<Bound>| {
            path.push(key);
            self.script_names(inner, path, vague, names);
            path.pop();
        };
        match node.kind() {
            "object_pattern" => {
                for part in children(node) {
                    match part.kind() {
                        "pair_pattern" => {
                            if let (Some(key), Some(value)) = (field(part, "key"), field(part, "value")) {
                                let key = self.of(key).trim_matches(['"', '\'']).to_owned();
                                within(key, value, vague, names);
                            }
                        }
                        "object_assignment_pattern" => {
                            if let Some(left) = field(part, "left") {
                                within(self.of(left).to_owned(), left, true, names);
                            }
                        }
                        "rest_pattern" => {
                            if let Some(inner) = part.named_child(0) {
                                within("...".to_owned(), inner, true, names);
                            }
                        }
                        _ => within(self.of(part).to_owned(), part, vague, names),
                    }
                }
            }
            "array_pattern" => {
                for (at, part) in children(node).into_iter().enumerate() {
                    within(at.to_string(), part, vague, names);
                }
            }
            "assignment_pattern" => {
                if let Some(left) = field(node, "left") {
                    self.script_names(left, path, true, names);
                }
            }
            "rest_pattern" => {
                if let Some(inner) = node.named_child(0) {
                    within("...".to_owned(), inner, true, names);
                }
            }
            "identifier" | "shorthand_property_identifier_pattern" | "shorthand_property_identifier" => {
                names.push(Bound { name: self.of(node).to_owned(), path: path.clone(), vague });
            }
            _ => {}
        }
    }

    pub(super) fn script_value(&mut self, node: Node<'_>) -> Value {
        self.deeper(|this| this.script_value_inner(node)).unwrap_or_else(|| opaque(node, Vec::new()))
    }

    pub(super) fn script_perhaps(&mut self, node: Node<'_>) -> Value {
        self.perhaps += 1;
        let value = self.script_value(node);
        self.perhaps -= 1;
        value
    }

    pub(super) fn script_value_inner(&mut self, node: Node<'_>) -> Value {
        let at = |kind: Kind| Value { span: span(node), kind };
        match node.kind() {
            "identifier" | "shorthand_property_identifier" => match self.of(node) {
                "undefined" => at(Kind::Null),
                name => at(Kind::Name(name.to_owned())),
            },
            "undefined" | "null" => at(Kind::Null),
            "this" => at(Kind::This),
            "true" | "false" | "number" => at(Kind::Literal(self.of(node).to_owned())),
            "string" => at(Kind::Text(self.content(node))),
            "template_string" if node.named_child_count() <= 1 && !token_inside(node) => {
                at(Kind::Text(self.content(node)))
            }
            "member_expression" => {
                let (Some(object), Some(key)) = (field(node, "object"), field(node, "property")) else {
                    return opaque(node, Vec::new());
                };
                let of = Box::new(self.script_value(object));
                let optional = has_optional(node);
                at(Kind::Member { of, key: self.of(key).to_owned(), optional })
            }
            "subscript_expression" => {
                let (Some(object), Some(index)) = (field(node, "object"), field(node, "index")) else {
                    return opaque(node, Vec::new());
                };
                let of = self.script_value(object);
                let index = self.script_value(index);
                match literal(&index) {
                    Some(key) => at(Kind::Member { of: Box::new(of), key, optional: has_optional(node) }),
                    None => opaque(node, vec![of, index]),
                }
            }
            "await_expression"
            | "parenthesized_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "type_assertion" => {
                let inner = children(node);
                let inner = if node.kind() == "type_assertion" { inner.last() } else { inner.first() };
                inner.map_or_else(|| opaque(node, Vec::new()), |inner| self.script_value(*inner))
            }
            "sequence_expression" => {
                let mut values: Vec<Value> =
                    children(node).into_iter().map(|part| self.script_value(part)).collect();
                values.pop().unwrap_or_else(|| opaque(node, Vec::new()))
            }
            "call_expression" | "new_expression" => self.script_call(node),
            "assignment_expression" | "augmented_assignment_expression" => {
                self.script_assign(span(node), node)
            }
            "arrow_function" | "function_expression" | "generator_function" => at(Kind::Function),
            "object" => at(Kind::Object(self.script_pairs(node))),
            "array" => {
                at(Kind::List(children(node).into_iter().map(|item| self.script_value(item)).collect()))
            }
            "ternary_expression" => {
                let cond = field(node, "condition").map(|c| self.script_cond(c));
                let parts = (field(node, "consequence"), field(node, "alternative"));
                match (cond, parts) {
                    (Some(cond), (Some(yes), Some(no))) => {
                        let yes = Box::new(self.script_perhaps(yes));
                        let no = Box::new(self.script_perhaps(no));
                        at(Kind::Choice(Box::new(cond), yes, no))
                    }
                    _ => opaque(node, Vec::new()),
                }
            }
            "binary_expression" => {
                let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
                    return opaque(node, Vec::new());
                };
                let how = field(node, "operator").map(|o| self.of(o)).unwrap_or_default();
                let how = match how {
                    "&&" => Some(Logic::And),
                    "||" => Some(Logic::Or),
                    "??" => Some(Logic::Coalesce),
                    _ => None,
                };
                let left = self.script_value(left);
                if let Some(how) = how {
                    let right = self.script_perhaps(right);
                    logic(node, how, left, right)
                } else {
                    let right = self.script_value(right);
                    opaque(node, vec![left, right])
                }
            }
            // Types say nothing of values.
            "type_annotation" | "type_arguments" | "class" | "property_identifier" => {
                opaque(node, Vec::new())
            }
            _ => {
                let parts = children(node).into_iter().map(|part| self.script_value(part)).collect();
                opaque(node, parts)
            }
        }
    }

    pub(super) fn script_call(&mut self, node: Node<'_>) -> Value {
        let Some(callee) = field(node, "function").or_else(|| field(node, "constructor")) else {
            return opaque(node, Vec::new());
        };
        let callee = self.script_value(callee);
        let mut call = Call { callee, args: Vec::new(), keywords: Vec::new(), spread: false, is_new: false };
        call.is_new = node.kind() == "new_expression";
        let args = field(node, "arguments").map(children).unwrap_or_default();
        for arg in args {
            call.spread |= arg.kind() == "spread_element";
            call.args.push(self.script_value(arg));
        }
        Value { span: span(node), kind: Kind::Call(Box::new(call)) }
    }

    pub(super) fn script_pairs(&mut self, node: Node<'_>) -> Vec<(Option<String>, Value)> {
        let mut pairs = Vec::new();
        for part in children(node) {
            match part.kind() {
                "pair" => {
                    let key = field(part, "key").map(|k| self.of(k).trim_matches(['"', '\'']).to_owned());
                    if let Some(value) = field(part, "value") {
                        pairs.push((key, self.script_value(value)));
                    }
                }
                "shorthand_property_identifier" => {
                    let value = self.script_value(part);
                    pairs.push((Some(self.of(part).to_owned()), value));
                }
                "spread_element" => {
                    if let Some(inner) = part.named_child(0) {
                        pairs.push((None, self.script_value(inner)));
                    }
                }
                "method_definition" => {
                    let key = field(part, "name").map(|k| self.of(k).to_owned());
                    pairs.push((key, Value { span: span(part), kind: Kind::Function }));
                }
                _ => {}
            }
        }
        pairs
    }
}

fn has_optional(node: Node<'_>) -> bool {
    field(node, "optional_chain").is_some() || children(node).iter().any(|c| c.kind() == "optional_chain")
}

/// Whether a template has a hole.
fn token_inside(node: Node<'_>) -> bool {
    children(node).iter().any(|c| c.kind() == "template_substitution")
}
