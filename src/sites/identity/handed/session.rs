//! Calls that the sign-in library vouches for: where every part of the user comes from.

use std::collections::BTreeMap;

use super::follow::{Follow, Session};
use super::shape::{Part, Shape, What};
use crate::catalog::{IdentitySource, Kind};
use crate::resolve::Def;
use crate::sites::cx::is_callee;
use crate::sites::identity::lacking;
use crate::syntax::CallId;
use crate::workspace::FileId;

impl Follow<'_, '_> {
    /// The value of a call that the sign-in library vouches for.
    pub(super) fn session(&mut self, file: FileId, id: CallId) -> Option<Shape> {
        let def @ Def::Outside(..) = self.cx.callee(file, id) else { return None };
        let mut entries = self.cx.entries(Kind::Auth).filter_map(|e| Some((e, e.auth.as_ref()?)));
        let (entry, fields, nullable, signed) = entries.find_map(|(entry, auth)| {
            let session = auth.identities.iter().find_map(|identity| match &identity.source {
                IdentitySource::Call(callee) if is_callee(callee, &def) => {
                    Some((entry, &identity.user, identity.nullable, false))
                }
                _ => None,
            });
            let verifier = || auth.verifiers.iter().find(|v| is_callee(&v.call, &def));
            session.or_else(|| verifier().map(|v| (entry, &v.user, false, true)))
        })?;
        let from = self.sessions.len();
        self.sessions.push(Session { entry, file, call: id, bound: None });
        let mut whole = Shape::of(What::Object(BTreeMap::new()));
        let parts = [(Part::Id, &fields.id), (Part::Email, &fields.email), (Part::Name, &fields.name)];
        // An id that nothing puts into the session is nobody's; the rest of it is there.
        let known = |part: Part| signed || part != Part::Id || lacking(self.cx, entry).is_none();
        for (part, names) in parts.into_iter().filter(|(part, _)| known(*part)) {
            for (rank, name) in names.iter().enumerate() {
                let path: Vec<String> = name.split('.').map(str::to_owned).collect();
                let plain = |p: &String| p.chars().all(|c| c.is_alphanumeric() || c == '_');
                if path.iter().all(plain) && whole.member(&path).is_other() {
                    // What is in a token is the app's own choice: only what the code reads of it is known.
                    let rank = rank + usize::from(signed);
                    whole.set(&path, Shape::of(What::Part { part, from, rank }));
                }
            }
        }
        // Nothing may be signed in: it is the holder of the id that is missing then.
        Some(if nullable { without_user(whole) } else { whole })
    }
}

/// A session in which the user may be missing: the whole of it, and a user further down in an answer (`data.user`).
fn without_user(mut session: Shape) -> Shape {
    fn mark(shape: &mut Shape, depth: usize) {
        let What::Object(members) = &mut shape.what else { return };
        let holds = members.values().any(|m| matches!(m.what, What::Part { .. }));
        shape.maybe |= holds && depth > 1;
        for member in members.values_mut() {
            mark(member, depth + 1);
        }
    }
    mark(&mut session, 0);
    session.maybe()
}
