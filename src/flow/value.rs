//! What an expression may be, as far as it matters for who pays: a part of the signed-in user, the checked claims that
//! hold it, an object with such members, or something else of the app's own or of the sender's.
//!
//! Values meet where ways through the code meet. Meeting never gains trust: what may be the sender's on one way is the
//! sender's, whatever vouches for it on the other.

use std::collections::BTreeSet;

use super::names::Names;
use crate::syntax::{FunctionId, Span};
use crate::workspace::FileId;

/// Who answers for a value, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// Whoever sent the request wrote it.
    Sent,
    /// The app's own code made it.
    App,
    /// A source of the sign-in library vouches for it.
    Verified,
}

/// What of the user a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The id.
    Id,
    /// The e-mail address.
    Email,
    /// The name.
    Name,
}

/// The call that vouches for something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Which rule of the catalogue it fits.
    pub rule: usize,
    /// The file.
    pub file: FileId,
    /// The call.
    pub call: Span,
}

/// A place outside of the locals that outlives a function: a parameter the framework hands to several, an object that
/// it keeps for each request.
pub type Cell = String;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Abs {
    /// What it is, when it is there.
    pub what: What,
    /// It may be null.
    pub maybe: bool,
}

/// Ways of a function that are kept apart.
const WAYS: usize = 8;

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Nothing: no way leads here, or it is null.
    Never,
    /// A part of the signed-in user.
    User(Part, BTreeSet<Origin>),
    /// What a source says of the user, or a member of it.
    Claims {
        /// The rule that tells which members are the user's.
        rule: usize,
        /// The members so far.
        path: Vec<String>,
        /// The calls.
        from: BTreeSet<Origin>,
    },
    /// An object whose members are known.
    Object {
        /// They.
        members: Names,
        /// Who answers for the members that are not listed; there are none when nobody does.
        open: Option<Trust>,
        /// Members are read as items: a Python dict.
        items: bool,
    },
    /// A place that others see as well, with members of it.
    Cell(Cell, Vec<String>),
    /// A function of the app with what it sees of the functions around it.
    Function(FileId, FunctionId, Names),
    /// Calling it goes on with the request.
    Next,
    /// A value written out: one that counts as true, or as false.
    Flag(bool),
    /// What a function gives back in its several ways, as long as it is not known which one was gone. Nothing in it is
    /// such a value, and one of them holds the user.
    Either(Vec<Abs>),
    /// Anything else.
    Any(Trust),
}

impl Abs {
    /// Where no way leads.
    pub const NEVER: Self = Self { what: What::Never, maybe: false };

    /// Null, for certain.
    pub const NULL: Self = Self { what: What::Never, maybe: true };

    /// Anything that this one answers for.
    pub fn any(trust: Trust) -> Self {
        Self::of(What::Any(trust))
    }

    /// Something that is there.
    pub fn of(what: What) -> Self {
        Self { what, maybe: false }
    }

    /// An object with members still to be set.
    pub fn object(open: Option<Trust>, items: bool) -> Self {
        Self::of(What::Object { members: Names::new(), open, items })
    }

    /// The same where it may be null.
    #[must_use]
    pub fn or_null(mut self) -> Self {
        self.maybe = true;
        self
    }

    /// The same once it is known to be there.
    #[must_use]
    pub fn there(mut self) -> Self {
        self.maybe = false;
        self
    }

    /// Whether it is null and nothing else.
    pub fn is_null(&self) -> bool {
        self.what == What::Never && self.maybe
    }

    /// What a function that comes back with one of these gives. They are kept apart where one of them holds the user and
    /// others do not, so that a check behind the call can tell.
    pub fn either(all: Vec<Self>) -> Self {
        let maybe = all.iter().any(|one| one.maybe);
        let mut there: Vec<Self> = all.iter().filter(|one| one.what != What::Never).cloned().collect();
        for one in &mut there {
            one.maybe = false;
        }
        there.sort();
        there.dedup();
        let with = there.iter().filter(|one| one.holds_user()).count();
        let is_plain = |one: &Self| !matches!(one.what, What::Either(_));
        if with > 0 && with < there.len() && there.len() <= WAYS && there.iter().all(is_plain) {
            return Self { what: What::Either(there), maybe };
        }
        all.into_iter().reduce(Self::join).unwrap_or(Self::NEVER)
    }

    /// Whether a member of it is of the user.
    fn holds_user(&self) -> bool {
        match &self.what {
            What::Object { members, .. } => members.values().any(|member| {
                matches!(member.what, What::User(..) | What::Claims { .. }) || member.holds_user()
            }),
            _ => false,
        }
    }

    /// The same as one value, where it is one of several.
    #[must_use]
    pub fn as_one(self) -> Self {
        let What::Either(all) = self.what else { return self };
        let one = all.into_iter().reduce(Self::join).unwrap_or(Self::NEVER);
        Self { maybe: one.maybe || self.maybe, ..one }
    }

    /// Whether it counts as true, where that is known.
    pub fn truth(&self) -> Option<bool> {
        match &self.what {
            What::Never => self.maybe.then_some(false),
            What::Flag(on) => (!self.maybe || !on).then_some(*on),
            What::Any(_) | What::Cell(..) | What::Either(_) => None,
            _ => (!self.maybe).then_some(true),
        }
    }

    /// The id of the signed-in user.
    pub fn user_id(&self) -> Option<&BTreeSet<Origin>> {
        match &self.what {
            What::User(Part::Id, from) => Some(from),
            _ => None,
        }
    }

    /// The least of those who answer for it and its members.
    pub fn trust(&self) -> Trust {
        match &self.what {
            What::Never | What::User(..) | What::Claims { .. } => Trust::Verified,
            What::Object { members, open, .. } => {
                let least = members.values().map(Self::trust).min().unwrap_or(Trust::Verified);
                least.min(open.unwrap_or(Trust::Verified))
            }
            What::Cell(..) | What::Function(..) | What::Next | What::Flag(_) => Trust::App,
            What::Either(all) => all.iter().map(Self::trust).min().unwrap_or(Trust::App),
            What::Any(trust) => *trust,
        }
    }

    /// Whether it is made of no more values than are left; takes them away.
    pub(super) fn weighs_within(&self, left: &mut usize) -> bool {
        let Some(rest) = left.checked_sub(1) else { return false };
        *left = rest;
        match &self.what {
            What::Object { members, .. } | What::Function(.., members) => {
                members.values().all(|member| member.weighs_within(left))
            }
            What::Either(all) => all.iter().all(|one| one.weighs_within(left)),
            _ => true,
        }
    }

    /// Functions in it are known without what they see of the functions around them.
    pub(super) fn forget_seen(&mut self) {
        match &mut self.what {
            What::Object { members, .. } => members.values_mut().for_each(Self::forget_seen),
            What::Function(.., seen) => *seen = Names::new(),
            What::Either(all) => all.iter_mut().for_each(Self::forget_seen),
            _ => {}
        }
    }

    /// A member that is not one of claims or of a place others see.
    #[must_use]
    pub fn member(&self, key: &str) -> Self {
        match &self.what {
            What::Never => Self::NULL,
            What::Object { members, open, .. } => match (members.get(key), open) {
                (Some(member), _) => member.clone(),
                (None, Some(trust)) => Self::any(*trust).or_null(),
                (None, None) => Self::NULL,
            },
            What::Any(trust) => Self::any(*trust),
            What::Either(all) => {
                let members = all.iter().map(|one| one.member(key));
                members.reduce(Self::join).unwrap_or(Self::NEVER)
            }
            _ => Self::any(Trust::App),
        }
    }

    /// Sets a member, objects on the way included.
    pub fn set(&mut self, path: &[String], value: Self) {
        let Some((first, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if matches!(self.what, What::Either(_)) {
            *self = std::mem::replace(self, Self::NEVER).as_one();
        }
        if !matches!(self.what, What::Object { .. }) {
            let open = match self.what {
                What::Never => None,
                _ => Some(self.trust().min(Trust::App)),
            };
            *self = Self::object(open, false);
        }
        let mut inner = self.member(first);
        if let What::Object { members, .. } = &mut self.what {
            inner.set(rest, value);
            members.insert(first, inner);
        }
    }

    /// The members of another value over its own: `{ ...self, ...other }`.
    pub fn spread(&mut self, other: &Self) {
        let What::Object { members, open, .. } = &mut self.what else { return };
        let other = &other.clone().as_one();
        match &other.what {
            What::Object { members: theirs, open: further, .. } => {
                if let Some(trust) = further {
                    cover(members, *trust);
                    *open = Some(open.map_or(*trust, |own| own.min(*trust)));
                }
                for (key, value) in theirs.iter() {
                    let value = value.clone();
                    let value = if other.maybe {
                        let own = members.get(key).cloned().unwrap_or(Self::NULL);
                        value.join(own)
                    } else {
                        value
                    };
                    members.insert(key, value);
                }
            }
            What::Never => {}
            _ => {
                let trust = other.trust().min(Trust::App);
                cover(members, trust);
                *open = Some(open.map_or(trust, |own| own.min(trust)));
            }
        }
    }

    /// What it may be where two ways meet.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let maybe = self.maybe || other.maybe;
        if self.what == other.what {
            return Self { maybe, ..self };
        }
        let (apart, beside) = (matches!(self.what, What::Either(_)), matches!(other.what, What::Either(_)));
        // Nothing is known of which way was gone where it meets another value.
        if (apart || beside) && self.what != What::Never && other.what != What::Never {
            return Self { maybe, ..self.as_one().join(other.as_one()) };
        }
        if self.what == What::Never {
            return Self { maybe, ..other };
        }
        if other.what == What::Never {
            return Self { maybe, ..self };
        }
        let least = self.trust().min(other.trust()).min(Trust::App);
        let what = match (self.what, other.what) {
            (What::User(a, mut from), What::User(b, more)) if a == b => {
                from.extend(more);
                What::User(a, from)
            }
            (
                What::Claims { rule, path, mut from },
                What::Claims { rule: other, path: there, from: more },
            ) if rule == other && path == there => {
                from.extend(more);
                What::Claims { rule, path, from }
            }
            (
                What::Object { members: a, open: mine, items },
                What::Object { members: b, open: theirs, items: alike },
            ) if items == alike => joined(&a, mine, &b, theirs, items),
            (a, b) if a == b => a,
            _ => What::Any(least),
        };
        Self { what, maybe }
    }
}

/// Members that others may have replaced.
fn cover(members: &mut Names, trust: Trust) {
    for member in members.values_mut() {
        *member = std::mem::replace(member, Abs::NEVER).join(Abs::any(trust));
    }
}

fn joined(a: &Names, mine: Option<Trust>, b: &Names, theirs: Option<Trust>, items: bool) -> What {
    let missing = |open: Option<Trust>| open.map_or(Abs::NULL, |trust| Abs::any(trust).or_null());
    let keys: BTreeSet<&str> = a.keys().chain(b.keys()).collect();
    let members = keys.into_iter().map(|key| {
        let (left, right) = (a.get(key).cloned(), b.get(key).cloned());
        let joined = left.unwrap_or_else(|| missing(mine)).join(right.unwrap_or_else(|| missing(theirs)));
        (key, joined)
    });
    let open = match (mine, theirs) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    };
    What::Object { members: members.collect(), open, items }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Abs> {
        let origin = |rule| {
            BTreeSet::from([Origin { rule, file: FileId::nth(0), call: Span { start: rule as u32, end: 9 } }])
        };
        let leaf = prop_oneof![
            Just(What::Never),
            Just(What::User(Part::Id, origin(0))),
            Just(What::User(Part::Id, origin(1))),
            Just(What::User(Part::Email, origin(0))),
            Just(What::Claims { rule: 0, path: vec![], from: origin(0) }),
            Just(What::Claims { rule: 1, path: vec![], from: origin(1) }),
            Just(What::Next),
            Just(What::Flag(true)),
            Just(What::Flag(false)),
            Just(What::Any(Trust::Sent)),
            Just(What::Any(Trust::App)),
        ];
        let leaf = (leaf, any::<bool>()).prop_map(|(what, maybe)| Abs { what, maybe });
        let open = || prop_oneof![Just(None), Just(Some(Trust::Sent)), Just(Some(Trust::App))];
        leaf.prop_recursive(3, 12, 3, move |inner| {
            (prop::collection::btree_map("[abc]", inner, 0..3), open(), any::<bool>(), any::<bool>())
                .prop_map(|(members, open, items, maybe)| Abs {
                    what: What::Object {
                        members: members.iter().map(|(name, value)| (name.as_str(), value.clone())).collect(),
                        open,
                        items,
                    },
                    maybe,
                })
        })
    }

    proptest! {
        #[test]
        fn meeting_is_idempotent(a in values()) {
            prop_assert_eq!(a.clone().join(a.clone()), a);
        }

        #[test]
        fn meeting_is_commutative(a in values(), b in values()) {
            prop_assert_eq!(a.clone().join(b.clone()), b.join(a));
        }

        #[test]
        fn meeting_is_associative(a in values(), b in values(), c in values()) {
            let left = a.clone().join(b.clone()).join(c.clone());
            prop_assert_eq!(left, a.join(b.join(c)));
        }

        #[test]
        fn meeting_never_gains_trust(a in values(), b in values(), key in "[abcd]") {
            let joined = a.clone().join(b.clone());
            prop_assert!(joined.trust() <= a.trust().min(b.trust()));
            // A value that is nothing has no members; what is there decides.
            let least = [&a, &b].into_iter().filter(|v| v.what != What::Never);
            let least = least.map(|v| v.member(&key).trust()).min();
            prop_assert!(least.is_none_or(|least| joined.member(&key).trust() <= least));
        }

        /// More code never makes an unverified id verified.
        #[test]
        fn only_what_is_an_id_on_both_ways_is_one(a in values(), b in values()) {
            let there = |v: &Abs| v.what == What::Never || v.user_id().is_some();
            if a.clone().join(b.clone()).user_id().is_some() {
                prop_assert!(there(&a) && there(&b));
            }
        }
    }
}
