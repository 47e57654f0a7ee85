//! What conditions say of places.

use std::collections::BTreeSet;

use super::{Cond, Kind, Logic, Place, Value};

/// What is known of a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// It is there: not null, not undefined.
    There,
    /// It is null, undefined or otherwise false.
    Gone,
    /// It is of this class or type.
    Is(String),
    /// It is not of this class or type.
    IsNot(String),
    /// It is this text or number.
    Equals(String),
    /// It is not this text or number.
    Differs(String),
}

/// Facts that hold together.
pub type Known = BTreeSet<(Place, Fact)>;

/// Adds that a place and all that it is a member of are there.
pub(super) fn there(place: &Place, known: &mut Known) {
    for length in 0..=place.keys.len() {
        let keys = place.keys[..length].to_vec();
        known.insert((Place { root: place.root.clone(), keys }, Fact::There));
    }
}

/// Adds what a condition says when it holds, or when it does not.
pub fn learn(cond: &Cond, holds: bool, known: &mut Known) {
    match (cond, holds) {
        (Cond::Not(inner), _) => learn(inner, !holds, known),
        (Cond::And(a, b), true) | (Cond::Or(a, b), false) => {
            learn(a, holds, known);
            learn(b, holds, known);
        }
        (Cond::And(a, b), false) | (Cond::Or(a, b), true) => {
            // The first says it, or it says the opposite and the second is asked.
            let mut first = known.clone();
            learn(a, holds, &mut first);
            let mut second = known.clone();
            learn(a, !holds, &mut second);
            learn(b, holds, &mut second);
            *known = first.intersection(&second).cloned().collect();
        }
        (Cond::Truthy(value), true) => {
            value.place().iter().for_each(|place| there(place, known));
            match &value.kind {
                Kind::Logic(Logic::And, left, right) => {
                    learn(&Cond::Truthy((**left).clone()), true, known);
                    learn(&Cond::Truthy((**right).clone()), true, known);
                }
                Kind::Logic(Logic::Or | Logic::Coalesce, left, right) => {
                    let (left, right) = ((**left).clone(), (**right).clone());
                    let either = Cond::Or(Box::new(Cond::Truthy(left)), Box::new(Cond::Truthy(right)));
                    learn(&either, true, known);
                }
                _ => {}
            }
        }
        (Cond::Truthy(value), false) => {
            if let Kind::Logic(Logic::Or, left, right) = &value.kind {
                learn(&Cond::Truthy((**left).clone()), false, known);
                learn(&Cond::Truthy((**right).clone()), false, known);
            }
            known.extend(value.place().map(|place| (place, Fact::Gone)));
        }
        (Cond::Null { of, .. }, true) => {
            known.extend(of.place().map(|place| (place, Fact::Gone)));
        }
        (Cond::Null { of, strict }, false) => {
            // `a?.b !== null` holds when there is no `a`.
            if !strict {
                of.place().iter().for_each(|place| there(place, known));
            }
        }
        (Cond::Is(of, class), true) => {
            if let Some(place) = of.place() {
                // `typeof null` is `"object"`.
                if class != "object" {
                    there(&place, known);
                }
                known.insert((place, Fact::Is(class.clone())));
            }
        }
        (Cond::Is(of, class), false) => {
            known.extend(of.place().map(|place| (place, Fact::IsNot(class.clone()))));
        }
        (Cond::Equals(of, text), true) => {
            if let Some(place) = of.place() {
                there(&place, known);
                known.insert((place, Fact::Equals(text.clone())));
            }
        }
        (Cond::Equals(of, text), false) => {
            known.extend(of.place().map(|place| (place, Fact::Differs(text.clone()))));
        }
        (Cond::Has(of, key), true) => {
            if let Some(mut place) = of.place() {
                place.keys.push(key.clone());
                there(&place, known);
            }
        }
        (Cond::Has(..), false) | (Cond::Opaque(_), _) => {}
    }
}

/// Adds what the operators around a part of a value say where it is computed.
pub(super) fn within(value: &Value, offset: u32, known: &mut Known) {
    match &value.kind {
        Kind::Choice(cond, yes, no) => {
            if yes.span.has(offset) {
                learn(cond, true, known);
            } else if no.span.has(offset) {
                learn(cond, false, known);
            }
        }
        Kind::Logic(how, left, right) if right.span.has(offset) => match how {
            Logic::And => learn(&Cond::Truthy((**left).clone()), true, known),
            Logic::Or => learn(&Cond::Truthy((**left).clone()), false, known),
            Logic::Coalesce => known.extend(left.place().map(|place| (place, Fact::Gone))),
        },
        _ => {}
    }
    if let Some(part) = value.parts().into_iter().find(|part| part.span.has(offset)) {
        within(part, offset, known);
    }
}
