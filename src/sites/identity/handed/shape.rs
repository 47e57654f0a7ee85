//! What a value holds of the signed-in user, member by member.

use std::collections::BTreeMap;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// There may be none.
    pub(super) maybe: bool,
    /// Classes of which it may be instead: `Response`, where a check answers in place of the user.
    pub(super) or: Vec<String>,
    /// What it is when it is there.
    pub(super) what: What,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    /// Nothing that is known to come from the sign-in.
    Other,
    /// A part of the user, learnt from the session call with this number; `rank` orders the names an entry gives.
    Part {
        /// Which.
        part: Part,
        /// The session call.
        from: usize,
        /// Place among the names that the part may go by.
        rank: usize,
    },
    /// An object of such values.
    Object(BTreeMap<String, Shape>),
}

/// A part of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The id.
    Id,
    /// The e-mail address.
    Email,
    /// The display name.
    Name,
}

/// A part of the user below a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    /// Members on the way to it.
    pub(super) path: Vec<String>,
    /// It may be missing.
    pub(super) maybe: bool,
    /// The session call.
    pub(super) from: usize,
    /// Place among the names that the part may go by.
    pub(super) rank: usize,
}

impl Shape {
    /// A value that says nothing of the user.
    pub(super) fn other() -> Self {
        Self::of(What::Other)
    }

    /// A value that is there.
    pub(super) fn of(what: What) -> Self {
        Self { maybe: false, or: Vec::new(), what }
    }

    /// A value that is certainly nothing: whatever else may stand there may be missing.
    pub(super) fn is_other(&self) -> bool {
        self.what == What::Other
    }

    /// The same where it may be missing.
    pub(super) fn maybe(mut self) -> Self {
        self.maybe = true;
        self
    }

    /// A member of it.
    pub(super) fn member(&self, path: &[String]) -> Self {
        let Some((first, rest)) = path.split_first() else { return self.clone() };
        let What::Object(members) = &self.what else { return Self::other() };
        let Some(member) = members.get(first) else { return Self::other() };
        let mut found = member.member(rest);
        found.maybe |= self.maybe;
        found.or.extend(self.or.iter().cloned());
        found.or.dedup();
        found
    }

    /// Puts a value at a member, objects on the way included.
    pub(super) fn set(&mut self, path: &[String], value: Self) {
        let Some((first, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if !matches!(self.what, What::Object(_)) {
            self.what = What::Object(BTreeMap::new());
        }
        if let What::Object(members) = &mut self.what {
            members.entry(first.clone()).or_insert_with(Self::other).set(rest, value);
        }
    }

    /// The members of another value over its own: `{ ...self, ...other }`.
    pub(super) fn spread(&mut self, other: &Self) {
        let What::Object(theirs) = &other.what else { return };
        for (key, value) in theirs {
            let mut value = value.clone();
            value.maybe |= other.maybe;
            self.set(std::slice::from_ref(key), value);
        }
    }

    /// What both of two ways agree on.
    pub(super) fn join(self, other: Self) -> Self {
        let maybe = self.maybe || other.maybe;
        let mut or = self.or;
        or.extend(other.or);
        or.sort();
        or.dedup();
        let what = match (self.what, other.what) {
            (What::Object(mine), What::Object(mut theirs)) => What::Object(
                mine.into_iter()
                    .map(|(key, value)| {
                        let joined = theirs.remove(&key).map_or_else(Self::other, |other| value.join(other));
                        (key, joined)
                    })
                    .collect(),
            ),
            (What::Part { part, from, rank }, What::Part { part: other, .. }) if part == other => {
                What::Part { part, from, rank }
            }
            _ => What::Other,
        };
        Self { maybe, or, what }
    }

    /// Takes a check of a member into account: it and whatever holds it are there from now on.
    pub(super) fn settle(&mut self, path: &[String]) {
        self.maybe = false;
        if let (Some((first, rest)), What::Object(members)) = (path.split_first(), &mut self.what)
            && let Some(member) = members.get_mut(first)
        {
            member.settle(rest);
        }
    }

    /// Takes a check of a member's class into account.
    pub(super) fn rule_out(&mut self, path: &[String], class: &str) {
        match (path.split_first(), &mut self.what) {
            (None, _) => self.or.retain(|or| !or.ends_with(class)),
            (Some((first, rest)), What::Object(members)) => {
                if let Some(member) = members.get_mut(first) {
                    member.rule_out(rest, class);
                }
            }
            _ => {}
        }
    }

    /// Where a part of the user stands in it, nearest first.
    pub(super) fn leaves(&self, wanted: Part) -> Vec<Leaf> {
        let mut found = Vec::new();
        self.collect(wanted, &mut Vec::new(), false, &mut found);
        found.sort_by_key(|leaf| (leaf.maybe, leaf.path.len(), leaf.rank));
        found
    }

    fn collect(&self, wanted: Part, path: &mut Vec<String>, maybe: bool, found: &mut Vec<Leaf>) {
        // What may be something else altogether is not spoken of before that is ruled out.
        if !self.or.is_empty() {
            return;
        }
        let maybe = maybe || self.maybe;
        match &self.what {
            What::Part { part, from, rank } if *part == wanted => {
                found.push(Leaf { path: path.clone(), maybe, from: *from, rank: *rank });
            }
            What::Object(members) => {
                for (key, value) in members {
                    path.push(key.clone());
                    value.collect(wanted, path, maybe, found);
                    path.pop();
                }
            }
            _ => {}
        }
    }
}
