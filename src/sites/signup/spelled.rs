//! What a file's bytes say about inserts before it is parsed: which create forms can be in it at all.
//!
//! In: the create forms of the picked ORM entries. Out: for each file the forms whose method is called there, with the
//! record's name in reach. One parallel pass over the text; what passes is then looked at by [`super::inserts`].

use aho_corasick::{AhoCorasick, MatchKind};
use rayon::prelude::*;

use super::models::Model;
use crate::catalog::{Create, CreateForm, Entry};
use crate::resolve::{is_method_call, is_word};
use crate::sites::cx::Cx;
use crate::workspace::FileId;

/// A way to make a record, with the models it may make (as indices).
pub(super) struct Form<'a> {
    pub(super) entry: &'a Entry,
    pub(super) create: &'a Create,
    pub(super) own: Vec<usize>,
}

/// Beginnings of a statement that inserts.
const SQL: [&str; 3] = ["INSERT INTO", "insert into", "Insert into"];

/// The files that may hold one of the forms, each with the indices of those, in file order.
pub(super) fn files(cx: &Cx<'_>, models: &[Model<'_>], forms: &[Form<'_>]) -> Vec<(FileId, Vec<usize>)> {
    let methods = || forms.iter().flat_map(|form| form.create.form.methods());
    let mut words: Vec<&str> = methods().map(last_member).collect();
    words.sort_unstable();
    words.dedup();
    // The longest at a place, so that `createMany` is not taken for `create`. Plain words always build.
    let Ok(finder) = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&words) else {
        return Vec::new();
    };
    let look = |file: &FileId| {
        let text = cx.workspace().text(*file).ok()?;
        let text = text.as_str();
        let calls: Vec<(&str, usize)> = finder
            .find_iter(text)
            .filter(|hit| is_method_call(text, hit.start(), hit.end()))
            .map(|hit| (words[hit.pattern().as_usize()], hit.start()))
            .collect();
        let may_hold = |form: &Form<'_>| form.may_be_in(text, models, &calls);
        let held: Vec<usize> = (0..forms.len()).filter(|i| may_hold(&forms[*i])).collect();
        (!held.is_empty()).then_some((*file, held))
    };
    cx.files.par_iter().filter_map(look).collect()
}

impl Form<'_> {
    fn may_be_in(&self, text: &str, models: &[Model<'_>], calls: &[(&str, usize)]) -> bool {
        let form = &self.create.form;
        if matches!(form, CreateForm::Sql) {
            return SQL.iter().any(|words| text.contains(words));
        }
        let own = || self.own.iter().map(|i| &models[*i]);
        let methods = form.methods();
        let mut of_form = calls
            .iter()
            .filter(|(word, _)| methods.iter().any(|m| last_member(m) == *word))
            .map(|(_, at)| *at);
        match form {
            CreateForm::ClientModel { .. } => of_form.any(|at| match member_before(text, at) {
                Member::Named(name) => own().any(|model| model.is_member(name)),
                Member::Computed => true,
                Member::None => false,
            }),
            CreateForm::ClientTable { .. } => of_form.next().is_some(),
            _ => of_form.next().is_some() && own().any(|model| model.may_be_in(text)),
        }
    }
}

/// What stands in front of a method.
#[derive(Debug, PartialEq)]
enum Member<'t> {
    Named(&'t str),
    /// `client["user"]`
    Computed,
    None,
}

fn last_member(method: &str) -> &str {
    method.rsplit('.').next().unwrap_or(method)
}

/// The member on which the method at an offset is called.
fn member_before(text: &str, method: usize) -> Member<'_> {
    let object = text.get(..method).unwrap_or_default().trim_end().trim_end_matches('.').trim_end();
    let object = object.trim_end_matches(['?', '!']).trim_end();
    if object.ends_with(']') {
        return Member::Computed;
    }
    let start = object.rfind(|c| !is_word(c)).map_or(0, |at| at + object.get(at..).map_or(1, char_len));
    match object.get(start..) {
        Some(name) if !name.is_empty() => Member::Named(name),
        _ => Member::None,
    }
}

fn char_len(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Member<'_> {
        member_before(text, text.find("create").unwrap())
    }

    #[test]
    fn the_member_in_front_is_read_through_breaks_and_marks() {
        assert_eq!(at("db.user.create()"), Member::Named("user"));
        assert_eq!(at("db\n  .user!\n  .create()"), Member::Named("user"));
        assert_eq!(at("db['user'].create()"), Member::Computed);
        assert_eq!(at("größe.create()"), Member::Named("größe"));
        assert_eq!(at("make().create()"), Member::None);
    }
}
