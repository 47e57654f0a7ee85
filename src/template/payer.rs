//! Templates speak of a user who pays. Where an organisation does, they are told again with its name.
//!
//! `BillingUser`, `userId` and `user_id` are identifiers, "a user" stands in comments; each becomes `BillingTeam`, `teamId`,
//! `team_id`, "a team". Names inside of tags are the template's own and stay; text in quotes there is text like any other.
//! A template that means the person at the screen, whoever pays, says `{{ person }}`.

/// Who pays, in the words of a template.
pub(super) const USER: &str = "user";

/// A template's text for another payer than the user.
pub fn told(template: &str, noun: &str) -> String {
    if noun == USER {
        return template.to_owned();
    }
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (text, tag) = rest.split_at(at);
        out.push_str(&renamed(text, noun));
        let close = if tag.starts_with("{{") { "}}" } else { "%}" };
        let end = tag.find(close).map_or(tag.len(), |end| end + close.len());
        let (tag, after) = tag.split_at(end);
        out.push_str(&in_tag(tag, noun));
        rest = after;
    }
    out + &renamed(rest, noun)
}

/// Only what stands in quotes.
fn in_tag(tag: &str, noun: &str) -> String {
    let mut out = String::with_capacity(tag.len());
    let mut quote = None;
    let mut quoted = String::new();
    for c in tag.chars() {
        match quote {
            Some(open) if c == open => {
                out.push_str(&renamed(&quoted, noun));
                quoted.clear();
                out.push(c);
                quote = None;
            }
            Some(_) => quoted.push(c),
            None => {
                if c == '"' || c == '\'' {
                    quote = Some(c);
                }
                out.push(c);
            }
        }
    }
    out + &quoted
}

/// Every `user` and `User` that is a word, or a part of an identifier.
pub fn renamed(text: &str, noun: &str) -> String {
    if noun == USER {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, capital)) = next(rest) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let tail = after.get(USER.len()..).unwrap_or_default();
        let alone = !out.ends_with(|c: char| c.is_ascii_lowercase()) || capital;
        if alone && ends_word(tail) {
            // "a user" is "an organization".
            let article =
                out.ends_with(" a ") || out.ends_with("(a ") || out == "a " || out.ends_with("\na ");
            if article && !capital && noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
                out.insert(out.len() - 1, 'n');
            }
            out.push_str(&if capital { capitalised(noun) } else { noun.to_owned() });
        } else {
            out.push_str(after.get(..USER.len()).unwrap_or_default());
        }
        rest = tail;
    }
    out + rest
}

fn next(text: &str) -> Option<(usize, bool)> {
    let small = text.find(USER).map(|at| (at, false));
    let capital = text.find("User").map(|at| (at, true));
    small.into_iter().chain(capital).min()
}

/// Whether a word ends here, its plural included.
fn ends_word(tail: &str) -> bool {
    let mut chars = tail.chars();
    match chars.next() {
        Some('s') => !chars.next().is_some_and(|c| c.is_ascii_lowercase()),
        Some(c) => !c.is_ascii_lowercase(),
        None => true,
    }
}

fn capitalised(noun: &str) -> String {
    let mut chars = noun.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_words_are_told_again_and_the_names_in_tags_stay() {
        let template = "/** Each user is {{ person }}'s. */\nf(user: BillingUser, userId, user_id, users, superuser){{ signed.user }}{{ log(\"of user ${userId}\", user) }}{% if user %}";
        assert_eq!(
            told(template, "team"),
            "/** Each team is {{ person }}'s. */\nf(team: BillingTeam, teamId, team_id, teams, superuser){{ signed.user }}{{ log(\"of team ${teamId}\", user) }}{% if user %}"
        );
        assert_eq!(told("What a user spends", "organization"), "What an organization spends");
        assert_eq!(told(template, "user"), template);
    }
}
