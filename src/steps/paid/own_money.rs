//! What the app charges by itself: a counter of credits that goes down, plans that are sold.
//!
//! Whoever adds billing to such an app decides which of the two charges for a use; a tool cannot know. The places are named,
//! so that nobody pays twice.

use crate::catalog::{OwnMoney, own_money};
use crate::resolve::Def;
use crate::sites::cx::{wild, word_at};
use crate::steps::support::Kit;
use crate::steps::{Cause, Todo};
use crate::workspace::FileId;

/// Most places that are named.
const NAMED: usize = 12;

/// How less of something is written behind its name: `credits: { decrement: 1 }`, `credits -= 1`, `credits = credits - 1`.
const LESS: &[&str] = &["-=", "- ", "-$", "decrement"];

/// Characters behind a name in which that stands.
const NEAR: usize = 48;

/// One `todo` a place, all with the same words; none where the app counts nothing.
pub(in crate::steps) fn todo(kit: &Kit<'_>) -> Vec<Todo> {
    let words = own_money();
    let mut counters: Vec<&str> = Vec::new();
    let mut sellers: Vec<&str> = Vec::new();
    let mut places: Vec<(String, usize)> = Vec::new();
    for file in kit.files.iter().copied().filter(|f| !kit.is_generated(*f)) {
        for (counter, line) in taken_from(kit, file, words) {
            counters.push(counter);
            places.push((kit.path(file).to_owned(), line));
        }
        for (seller, line) in sold(kit, file, words) {
            sellers.push(seller);
            places.push((kit.path(file).to_owned(), line));
        }
    }
    for names in [&mut counters, &mut sellers] {
        names.sort_unstable();
        names.dedup();
    }
    let mut what: Vec<String> = counters.iter().map(|counter| format!("`{counter}`")).collect();
    what.extend(sellers.iter().map(|seller| format!("plans sold through {seller}")));
    let text = format!(
        "the app counts money of its own ({}): decide which of the two charges for a use, so that nobody pays twice",
        what.join(", ")
    );
    let at = |(file, line): (String, usize)| Todo {
        cause: Cause::OwnMoney,
        ..Todo::chore(text.as_str()).at(file, line)
    };
    places.into_iter().take(NAMED).map(at).collect()
}

/// Lines on which a counter goes down.
fn taken_from<'w>(kit: &Kit<'_>, file: FileId, words: &'w OwnMoney) -> Vec<(&'w str, usize)> {
    let text = kit.text(file);
    let body = text.as_str();
    let mut found: Vec<(&str, usize)> = Vec::new();
    for counter in &words.counters {
        for (at, _) in body.match_indices(counter.as_str()).filter(|(at, _)| word_at(body, *at, counter)) {
            let behind = body.get(at + counter.len()..).unwrap_or_default();
            let line = text.line_of(at);
            if is_less(behind, counter) && !found.iter().any(|(_, known)| *known == line) {
                found.push((counter, line));
            }
        }
    }
    found.sort_by_key(|(_, line)| *line);
    found
}

/// Whether less of a counter is written right behind its name.
fn is_less(behind: &str, counter: &str) -> bool {
    let near: String = behind.chars().take(NEAR).collect();
    let statement = near.split([';', ')']).next().unwrap_or(&near);
    let first = statement.trim_start_matches(['"', '\'', '`', ' ', ']', '}', ':', '{', '\n', '=']);
    LESS.iter().any(|less| first.starts_with(less))
        // `credits = credits - 1`, `credits: user.credits - cost`, `F("credits") - 1`
        || statement.match_indices(counter).any(|(at, _)| {
            let rest = statement.get(at + counter.len()..).unwrap_or_default();
            word_at(statement, at, counter) && rest.trim_start_matches(['"', '\'', '}', ' ']).starts_with('-')
        })
        || near.trim_start_matches(['"', '\'']).strip_prefix(')').is_some_and(|rest| rest.trim_start().starts_with('-'))
}

/// Lines on which a plan is sold.
fn sold<'w>(kit: &Kit<'_>, file: FileId, words: &'w OwnMoney) -> Vec<(&'w str, usize)> {
    let text = kit.text(file);
    let ends = |call: &str| call.rsplit('.').next().unwrap_or(call).to_owned();
    let named = |plans: &&crate::catalog::Plans| {
        plans.calls.iter().any(|call| text.as_str().contains(&format!("{}(", ends(call))))
    };
    let maybe: Vec<_> = words.plans.iter().filter(named).collect();
    if maybe.is_empty() {
        return Vec::new();
    }
    let facts = kit.cx.program.facts(file);
    let mut found = Vec::new();
    for id in facts.call_ids() {
        let call = facts.call(id);
        let Some(last) = call.callee.segments.last().map(String::as_str).or(call.callee.root_name()) else {
            continue;
        };
        if !maybe.iter().any(|plans| plans.calls.iter().any(|c| ends(c) == last)) {
            continue;
        }
        let Def::Outside(module, members) = kit.graph().callee(file, id) else { continue };
        let path = members.join(".");
        let seller = maybe.iter().find(|plans| {
            let of_it =
                plans.modules.iter().any(|m| wild(m, &module) || module.starts_with(&format!("{m}.")));
            of_it && plans.calls.iter().any(|c| path == *c || path.ends_with(&format!(".{c}")))
        });
        found.extend(seller.map(|plans| (plans.title.as_str(), text.line_of(call.span.start as usize))));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::is_less;

    #[test]
    fn a_counter_goes_down_where_something_is_taken_from_it() {
        for (behind, expected) in [
            (": { decrement: 1 } },", true),
            (" -= 1", true),
            (" = user.credits - cost;", true),
            (": sql`${users.credits} - 1`", true),
            (" = credits - 1 WHERE id = $1", true),
            ("\") - 1", true),
            (": { increment: 10 } },", false),
            (" < 1) return", false),
            (" += 5", false),
            (": z.number().min(-1)", false),
            ("\": user.credits}", false),
        ] {
            assert_eq!(is_less(behind, "credits"), expected, "{behind}");
        }
    }
}
