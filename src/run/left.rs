//! What a run leaves to a person, folded by cause: one entry a cause, with its places.
//!
//! In: the `todo`s of the steps, each about one place. Out: [`Left`], in the order of the report: what was wanted and is
//! not there first. What is said of one paid call by two steps ("not billed", "not held back") is one thing to a person,
//! and so are thirty calls that lack the same for the same reason.

use std::fmt;

use serde::Serialize;

use crate::steps::{Candidate, Cause, Lacks, OR_SKIP, Todo, Unpaid};

/// Places that a line of text names; the document has all of them.
const NAMED: usize = 6;

/// Calls that a line of text names.
const CALLS: usize = 3;

/// Where the key of an answer stands in words.
const SIGN_IN: &str = "say `sign_in = true`";
const SKIP: &str = "say `skip = true`";

/// One thing that is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Why.
    pub cause: Cause,
    /// What is not there and what to do, in words.
    pub text: String,
    /// Where.
    pub places: Vec<Place>,
    /// The answer of `credyt.toml` that would settle it.
    pub key: Option<String>,
    /// What came into question as the payer.
    pub candidates: Vec<Candidate>,
    /// Whether it was wanted (exit status 6).
    #[serde(skip)]
    pub unmet: bool,
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// Relative to the root.
    pub file: String,
    /// 1-based.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The site it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.places.is_empty() {
            let named: Vec<String> = self.places.iter().take(NAMED).map(ToString::to_string).collect();
            f.write_str(&named.join(", "))?;
            if self.places.len() > NAMED {
                write!(f, " and {} more", self.places.len() - NAMED)?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.text)
    }
}

/// Folds what is left.
pub fn fold(todo: &[Todo]) -> Vec<Left> {
    let mut groups: Vec<Group> = Vec::new();
    for todo in paired(todo) {
        let known = groups.iter_mut().find(|group| group.takes(&todo));
        match known {
            Some(group) => group.add(&todo),
            None => groups.push(Group::of(&todo)),
        }
    }
    let mut left: Vec<Left> = groups.into_iter().map(Group::into_left).collect();
    left.sort_by_key(|one| !one.unmet);
    left
}

/// The same with one entry for a paid call that lacks both, whoever said so.
fn paired(todo: &[Todo]) -> Vec<Todo> {
    let mut paired: Vec<Todo> = Vec::new();
    for one in todo {
        let (Some(unpaid), true) = (&one.unpaid, one.file.is_some()) else {
            paired.push(one.clone());
            continue;
        };
        let is_half = |other: &Todo| {
            other.unpaid.as_ref().is_some_and(|u| {
                u.site == unpaid.site && u.call == unpaid.call && wants(u.lacks, unpaid.lacks)
            })
        };
        // Of several ways to one call each is told of at its own place.
        let here = paired.iter().position(|other| is_half(other) && other.place() == one.place());
        let partner = here.or_else(|| paired.iter().position(is_half));
        match partner.and_then(|at| paired.get_mut(at)) {
            Some(other) => join(other, one),
            None => paired.push(one.clone()),
        }
    }
    paired
}

/// Whether two halves make a whole, or say the same again.
fn wants(known: Lacks, more: Lacks) -> bool {
    known != more && (known == Lacks::Event || known == Lacks::Both)
}

/// Adds to a call that is not billed that it is not held back either.
fn join(billed: &mut Todo, held: &Todo) {
    if let Some(unpaid) = &mut billed.unpaid {
        unpaid.lacks = Lacks::Both;
    }
    if billed.text != held.text && billed.cause != held.cause {
        billed.text = format!("{}; no check stands in front of it because {}", billed.text, held.text);
    }
    billed.candidates.extend(held.candidates.iter().cloned());
}

/// What has one cause.
struct Group {
    like: Todo,
    calls: Vec<String>,
    /// What the routes are for that could not be added.
    routes: Vec<String>,
    places: Vec<Place>,
    candidates: Vec<Candidate>,
}

impl Group {
    fn of(todo: &Todo) -> Self {
        let mut group = Self {
            like: todo.clone(),
            calls: Vec::new(),
            routes: Vec::new(),
            places: Vec::new(),
            candidates: Vec::new(),
        };
        group.add(todo);
        group
    }

    fn takes(&self, todo: &Todo) -> bool {
        let lacks = |todo: &Todo| todo.unpaid.as_ref().map(|u| u.lacks);
        let like = &self.like;
        let kind = |todo: &Todo| (todo.cause, todo.unmet, lacks(todo), todo.route.is_some());
        like.text == todo.text && kind(like) == kind(todo)
    }

    fn add(&mut self, todo: &Todo) {
        if let Some(Unpaid { call, .. }) = &todo.unpaid
            && !self.calls.contains(call)
        {
            self.calls.push(call.clone());
        }
        if let Some(what) = todo.route.as_ref().filter(|what| !self.routes.contains(what)) {
            self.routes.push(what.clone());
        }
        if let Some(file) = &todo.file {
            let site = todo.unpaid.as_ref().map(|u| u.site.clone());
            let place = Place { file: file.clone(), line: todo.line, site };
            if !self.places.contains(&place) {
                self.places.push(place);
            }
        }
        for candidate in &todo.candidates {
            if !self.candidates.contains(candidate) {
                self.candidates.push(candidate.clone());
            }
        }
    }

    fn into_left(self) -> Left {
        let Todo { cause, text, unmet, key, unpaid, .. } = self.like;
        let text = match unpaid {
            None => match self.routes.as_slice() {
                [] => text,
                [what] => format!("add a route for {what}: {text}"),
                more => format!("add routes for {}: {text}", more.join(" and ")),
            },
            Some(unpaid) => {
                format!("{} {}: {text}", list(&self.calls), unpaid.lacks.verb(self.calls.len() > 1))
            }
        };
        let text = match &key {
            // A key of one place says nothing of the others.
            Some(_) if self.places.len() > 1 => {
                let under = |word: &str| format!("say `{word} = true` under `[events]` of `credyt.toml`");
                text.replace(SKIP, &under("skip")).replace(SIGN_IN, &under("sign_in"))
            }
            Some(key) => {
                let named = |word: &str| {
                    let of_call = key.rsplit_once('.').map_or(key.as_str(), |(of_call, _)| of_call);
                    format!("say `{of_call}.{word} = true` in `credyt.toml`")
                };
                text.replace(SKIP, &named("skip")).replace(SIGN_IN, &named("sign_in"))
            }
            None => text.replace(OR_SKIP, ""),
        };
        let key = key.filter(|_| self.places.len() < 2);
        Left { cause, text, places: self.places, key, candidates: self.candidates, unmet }
    }
}

/// `a`, `b` and 3 more
fn list(calls: &[String]) -> String {
    let quoted: Vec<String> = calls.iter().take(CALLS).map(|call| format!("`{call}`")).collect();
    let more = calls.len().saturating_sub(CALLS);
    match quoted.split_last() {
        _ if more > 0 => format!("{} and {more} more", quoted.join(", ")),
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpaid(call: &str, lacks: Lacks, why: &str, line: usize) -> Todo {
        let site = format!("billable:a.ts#{call}:{line}");
        let cause = if lacks == Lacks::Gate { Cause::Form } else { Cause::NoPayer };
        Todo::unpaid(cause, Unpaid { call: call.to_owned(), site, lacks }, why).at("a.ts", line)
    }

    fn lines(todo: &[Todo]) -> Vec<String> {
        fold(todo).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn one_cause_is_one_line_with_its_places_and_what_is_wanted_comes_first() {
        let todo = [
            Todo::chore("set the key"),
            unpaid("ask", Lacks::Event, "nobody is known", 3),
            unpaid("draw", Lacks::Event, "nobody is known", 9),
            unpaid("say", Lacks::Event, "it is a loop", 12),
            unpaid("ask", Lacks::Gate, "nobody is known", 3),
            unpaid("draw", Lacks::Gate, "nobody is known", 9),
        ];
        assert_eq!(
            lines(&todo),
            [
                "a.ts:3, a.ts:9: `ask` and `draw` are not billed and not held back: nobody is known",
                "a.ts:12: `say` is not billed: it is a loop",
                "set the key",
            ]
        );
        let left = fold(&todo);
        assert_eq!((left[0].places.len(), left[0].cause, left[0].unmet), (2, Cause::NoPayer, true));
    }

    #[test]
    fn two_reasons_of_one_call_are_both_said() {
        let todo = [
            unpaid("ask", Lacks::Event, "nobody is known", 3),
            unpaid("ask", Lacks::Gate, "it answers on a socket", 3),
        ];
        assert_eq!(
            lines(&todo),
            [
                "a.ts:3: `ask` is not billed and not held back: nobody is known; no check stands in front of it because it answers on a socket"
            ]
        );
    }

    #[test]
    fn what_one_cause_keeps_from_two_routes_is_said_once() {
        let why = "nobody is known";
        let todo = [Todo::route("portal", why).at("a.ts", 3), Todo::route("balance", why).at("a.ts", 3)];
        assert_eq!(lines(&todo), ["a.ts:3: add routes for portal and balance: nobody is known"]);
        assert_eq!(todo[0].to_string(), "a.ts:3: add a route for portal: nobody is known");
    }

    #[test]
    fn two_ways_to_one_call_keep_their_places() {
        let way = |lacks: Lacks, line: usize| {
            let unpaid = Unpaid { call: "ask".to_owned(), site: "billable:a.ts#ask:0".to_owned(), lacks };
            Todo::unpaid(Cause::NoPayer, unpaid, format!("nobody at {line}")).at("a.ts", line)
        };
        let todo = [way(Lacks::Event, 3), way(Lacks::Event, 9), way(Lacks::Gate, 9), way(Lacks::Gate, 3)];
        assert_eq!(
            lines(&todo),
            [
                "a.ts:3: `ask` is not billed and not held back: nobody at 3",
                "a.ts:9: `ask` is not billed and not held back: nobody at 9",
            ]
        );
    }

    #[test]
    fn a_call_that_is_billed_and_not_held_back_is_a_chore() {
        let left = fold(&[unpaid("ask", Lacks::Gate, "it answers on a socket", 3)]);
        assert!(!left[0].unmet && left[0].text == "`ask` is not held back: it answers on a socket");
    }

    #[test]
    fn of_many_places_and_calls_some_are_named_and_all_are_there() {
        let many: Vec<Todo> =
            (1..=9).map(|n| unpaid(&format!("call{n}"), Lacks::Event, "nobody is known", n)).collect();
        let left = fold(&many);
        let text = left[0].to_string();
        assert!(text.contains("a.ts:6 and 3 more: `call1`, `call2`, `call3` and 6 more are"), "{text}");
        assert_eq!(left[0].places.len(), 9);
    }
}
