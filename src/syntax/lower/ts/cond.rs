//! What conditions ask.

use tree_sitter::Node;

use super::super::{Lower, children, field, has_token};
use super::literal;
use crate::ir::{Cond, Kind, Value};

impl Lower<'_> {
    /// What a condition asks.
    pub(super) fn script_cond(&mut self, node: Node<'_>) -> Cond {
        self.deeper(|this| this.script_cond_inner(node)).unwrap_or_else(|| Cond::Opaque(Vec::new()))
    }

    pub(super) fn script_cond_inner(&mut self, node: Node<'_>) -> Cond {
        match node.kind() {
            "parenthesized_expression" => match children(node).as_slice() {
                [inner] => self.script_cond(*inner),
                _ => Cond::Opaque(Vec::new()),
            },
            "unary_expression" if has_token(node, "!") => match field(node, "argument") {
                Some(inner) => self.script_cond(inner).negated(),
                None => Cond::Opaque(Vec::new()),
            },
            "call_expression" => {
                let value = self.script_value(node);
                match value.kind {
                    // `Boolean(user)` asks for the user.
                    Kind::Call(ref call)
                        if call.callee.kind == Kind::Name("Boolean".to_owned()) && call.args.len() == 1 =>
                    {
                        Cond::Truthy(call.args[0].clone())
                    }
                    _ => Cond::Truthy(value),
                }
            }
            "binary_expression" => {
                let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
                    return Cond::Opaque(Vec::new());
                };
                let how = field(node, "operator").map(|o| self.of(o)).unwrap_or_default();
                if matches!(how, "&&" | "||") {
                    let first = Box::new(self.script_cond(left));
                    self.perhaps += 1;
                    let second = Box::new(self.script_cond(right));
                    self.perhaps -= 1;
                    return if how == "&&" { Cond::And(first, second) } else { Cond::Or(first, second) };
                }
                self.script_comparison(how, left, right)
            }
            "ternary_expression" => {
                let value = self.script_value(node);
                Cond::Opaque(vec![value])
            }
            _ => Cond::Truthy(self.script_value(node)),
        }
    }

    pub(super) fn script_comparison(&mut self, how: &str, left: Node<'_>, right: Node<'_>) -> Cond {
        // `typeof x === "undefined"`
        if let (Some(of), "===" | "==" | "!==" | "!=") = (typeof_argument(left), how) {
            let of = self.script_value(of);
            let of_type = self.content(right);
            let cond =
                if of_type == "undefined" { Cond::Null { of, strict: false } } else { Cond::Is(of, of_type) };
            return if how.starts_with('!') { cond.negated() } else { cond };
        }
        let (left, right) = (self.script_value(left), self.script_value(right));
        match how {
            "instanceof" => {
                let class =
                    right.place().map_or_else(String::new, |p| p.keys.last().cloned().unwrap_or(p.root));
                Cond::Is(left, class)
            }
            "in" => match left.kind {
                Kind::Text(key) => Cond::Has(right, key),
                _ => Cond::Opaque(vec![left, right]),
            },
            "===" | "==" | "!==" | "!=" => {
                let cond = equality(left, right, how.len() == 3);
                if how.starts_with('!') { cond.negated() } else { cond }
            }
            _ => Cond::Opaque(vec![left, right]),
        }
    }
}

/// `x` of `typeof x`.
fn typeof_argument(node: Node<'_>) -> Option<Node<'_>> {
    let asks = node.kind() == "unary_expression" && has_token(node, "typeof");
    field(node, "argument").filter(|_| asks)
}

/// `left === right`
fn equality(left: Value, right: Value, strict: bool) -> Cond {
    let (of, other) =
        if literal(&left).is_some() || left.kind == Kind::Null { (right, left) } else { (left, right) };
    match (&other.kind, literal(&other)) {
        // `x !== undefined` leaves null open, `x !== null` leaves undefined open: one is not told from the other.
        (Kind::Null, _) => {
            let strict = strict && of.is_optional() && other.span.len() == 4;
            Cond::Null { of, strict }
        }
        (_, Some(text)) => Cond::Equals(of, text),
        _ => Cond::Opaque(vec![of, other]),
    }
}
