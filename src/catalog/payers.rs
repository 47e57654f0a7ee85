//! The words by which a record type is told to be an organisation that may pay: `codemods/payers.toml`.

use serde::Deserialize;

/// See the file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayerWords {
    /// Parts of a name that say "organisation", in lower case.
    pub organisations: Vec<String>,
    /// Parts of a name that say that somebody does not belong to an organisation yet.
    pub outsiders: Vec<String>,
    /// Parts of a name behind such a word that leave it what it is.
    pub suffixes: Vec<String>,
}

impl PayerWords {
    /// What an organisation whose records are of this type is called: `team` for `teams` and for `AppTeam`, nothing for
    /// `TeamMember`.
    pub fn noun(&self, name: &str) -> Option<&str> {
        let words = words(name);
        let at = |word: &String| words.iter().rposition(|w| w == word || is_plural(w, word));
        let (index, noun) = self.organisations.iter().filter_map(|w| Some((at(w)?, w))).max()?;
        let rest = words.get(index + 1..).unwrap_or_default();
        rest.iter().all(|w| self.suffixes.contains(w)).then_some(noun.as_str())
    }

    /// Whether records of this type are about people who do not belong to an organisation yet.
    pub fn is_outside(&self, name: &str) -> bool {
        words(name).iter().any(|w| self.outsiders.iter().any(|o| w == o || is_plural(w, o)))
    }
}

/// The words of a name in any case: `team_members` and `TeamMembers` are `team`, `members`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = '_';
    for c in name.chars() {
        let begins = !before.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase());
        if c.is_alphanumeric() {
            if begins || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        before = c;
    }
    words
}

fn is_plural(word: &str, one: &str) -> bool {
    word.strip_prefix(one).is_some_and(|end| end == "s")
        || one.strip_suffix('y').is_some_and(|stem| word.strip_prefix(stem) == Some("ies"))
        || one.strip_suffix("ss").is_some_and(|_| word.strip_prefix(one) == Some("es"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_organisation_is_told_by_its_name_and_not_from_what_belongs_to_it() {
        let known = crate::catalog::payer_words();
        for (name, noun) in [
            ("Team", Some("team")),
            ("teams", Some("team")),
            ("companies", Some("company")),
            ("AppTenant", Some("tenant")),
            ("organizationTable", Some("organization")),
            ("TeamMember", None),
            ("team_memberships", None),
            ("OrganizationInvitation", None),
            ("steam", None),
            ("User", None),
        ] {
            assert_eq!(known.noun(name), noun, "{name}");
        }
    }
}
