//! Where an organisation comes to exist, beside the sign-ups of users.
//!
//! The user who makes an organisation at sign-up and the organisation are one place: it begins where the user's record is
//! made and acts where the organisation's is. A user who joins by invitation passes the first and not the second, so no
//! second customer comes of it.

use super::doors::Door;
use crate::catalog::Kind;
use crate::sites::cx::Cx;
use crate::sites::handlers::{Reached, handler_of};
use crate::sites::{Detail, ScorePart, Signup, Site, identity};

/// Most a place is worth at which somebody else than the payer comes to exist.
const ASIDE: f64 = 0.6;

/// The e-mail address of the signed-in user who makes an organisation, where its own record has none.
pub(super) fn add_email(cx: &Cx<'_>, door: &mut Door) {
    let Some(function) = door.function.filter(|_| door.fields.email.is_none()) else { return };
    let at = door.statement.start;
    let user = match handler_of(cx, door.file, function) {
        Some(found) => {
            let reached = Reached { file: door.file, function, found, calls: Vec::new() };
            identity::in_handler(cx, &reached, at)
        }
        None => identity::in_function(cx, door.file, function, at),
    };
    door.fields.email = user.filter(|u| !u.nullable && u.ready_at <= at).and_then(|u| u.email);
}

/// Takes a user's sign-up out of the choice.
pub(super) fn set_aside(site: &mut Site, noun: &str) {
    if !site.selected {
        return;
    }
    site.selected = false;
    site.score = site.score.min(ASIDE);
    site.evidence.push(format!("the {noun} pays: its customer is made where the {noun} is"));
    if let Detail::Signup(signup) = &mut site.detail {
        let why = "somebody else pays";
        if ScorePart::sum(&signup.plan.score) > ASIDE {
            ScorePart::lower(&mut signup.plan.score, ASIDE, why);
        }
    }
}

/// Adds the places of organisations to those of users, those of one sign-up as one.
pub(super) fn merge(cx: &Cx<'_>, sites: &mut Vec<Site>, organisations: Vec<Site>, noun: &str) {
    for mut founding in organisations {
        sites.retain(|site| site.file != founding.file || site.span != founding.span);
        let signs_up = sites.iter().position(|site| founding.selected && is_before(cx, site, &founding));
        if let Some(index) = signs_up {
            let user = sites.remove(index);
            founding.line = user.line;
            founding.span.start = user.span.start;
            founding.evidence.insert(0, format!("a user signs up there and makes a {noun}"));
            if let (Detail::Signup(own), Detail::Signup(user)) = (&mut founding.detail, &user.detail) {
                own.user_email = own.user_email.take().or_else(|| user.user_email.clone());
            }
        }
        sites.push(founding);
    }
}

/// Whether a user's record is made in the same run of a function as the organisation's, before it.
fn is_before(cx: &Cx<'_>, user: &Site, founding: &Site) -> bool {
    let (Detail::Signup(a), Detail::Signup(b)) = (&user.detail, &founding.detail) else { return false };
    let of_user = |signup: &Signup| signup.payer.is_none() && signup.plan.hook.is_none();
    let entry_is_orm = cx.catalog.get(&a.plan.entry).is_some_and(|e| e.kind == Kind::Orm);
    user.file == founding.file
        && of_user(a)
        && entry_is_orm
        && a.plan.function.is_some()
        && a.plan.function == b.plan.function
        && b.plan.hook.is_none()
        && a.plan.statement.start <= b.plan.statement.start
        && a.user_id.is_some()
}
