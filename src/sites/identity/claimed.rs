//! By which member of a user's record the app's own tokens name the user.
//!
//! ```text
//! jwt.sign({ sub: user.publicId }, secret)      // `sub` is `publicId`
//! ```

use std::collections::BTreeSet;

use crate::catalog::{Callee, Kind};
use crate::resolve::Def;
use crate::sites::Identity;
use crate::sites::cx::{Cx, is_callee};
use crate::syntax::{Call, CallId, Expr, FunctionId, Path};
use crate::workspace::FileId;

/// The claim that says whom a token is for, by RFC 7519 (4.1.2).
const SUBJECT: &str = "sub";

/// The member of a record that the id of a payer is, where the app itself puts that into its tokens.
pub fn named_by(cx: &Cx<'_>, payer: &Identity) -> Option<String> {
    let entry = cx.catalog.get(&payer.auth)?;
    if entry.kind != Kind::Auth || entry.auth.as_ref()?.signers.is_empty() {
        return None;
    }
    let claim = payer.id.rsplit_once('.').map_or(SUBJECT, |(_, member)| member.trim_end_matches(['!', '?']));
    let value = |(file, id): (FileId, CallId)| {
        let call = cx.program.facts(file).call(id);
        Token { file, function: call.function, call }.value(cx, claim)
    };
    let put: Vec<String> = signings(cx).into_iter().filter_map(value).collect();
    let first = put.first()?;
    put.iter().all(|member| member == first).then(|| first.clone())
}

/// A call that makes a token.
struct Token<'a> {
    file: FileId,
    function: Option<FunctionId>,
    call: &'a Call,
}

/// The app's calls that make tokens, in file order.
pub(super) fn signings(cx: &Cx<'_>) -> Vec<(FileId, CallId)> {
    let signers = cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|auth| &auth.signers);
    let signers: Vec<_> = signers.collect();
    let word = |callee: &Callee| {
        let name = callee.made.as_ref().unwrap_or(&callee.name);
        name.rsplit('.').next().unwrap_or_default().to_owned()
    };
    let words: BTreeSet<String> = signers.iter().map(|signer| word(&signer.call)).collect();
    let files: BTreeSet<FileId> = words.iter().flat_map(|word| cx.program.files_with_word(word)).collect();
    let makes = |file: FileId, id: CallId| {
        let def = cx.callee(file, id);
        signers.iter().any(|signer| is_callee(&signer.call, &def))
    };
    let calls = |file: FileId| cx.program.facts(file).call_ids().map(move |id| (file, id));
    let own = files.into_iter().filter(|file| cx.holds(*file));
    own.flat_map(calls).filter(|(file, id)| makes(*file, *id)).collect()
}

impl Token<'_> {
    /// The member of a record that a claim is.
    fn value(&self, cx: &Cx<'_>, claim: &str) -> Option<String> {
        let subject = || self.call.option("subject").filter(|_| claim == SUBJECT);
        let payload = match self.call.args.first()? {
            Expr::Path(path) => self.bound(cx, path)?,
            value => value.clone(),
        };
        let value = payload.property(claim).or_else(subject)?;
        let path = text_of(cx, self.file, value)?;
        if path.segments.is_empty() {
            self.handed(cx, path.as_name()?)
        } else {
            path.last().map(str::to_owned)
        }
    }

    fn bound(&self, cx: &Cx<'_>, path: &Path) -> Option<Expr> {
        match cx.program.name(self.file, self.function, path.as_name()?, path.span.start) {
            Def::Value(at, index, rest) if rest.is_empty() => {
                cx.program.binding(at, index).map(|binding| binding.value.clone())
            }
            _ => None,
        }
    }

    /// What every caller hands in for a parameter of the function around the call.
    fn handed(&self, cx: &Cx<'_>, name: &str) -> Option<String> {
        let function = self.function?;
        let params = &cx.program.facts(self.file).function(function).params;
        let position = params.iter().position(|param| param.name() == Some(name))?;
        let callers = cx.callers(self.file, function);
        let mut given = callers.iter().map(|(file, call)| {
            let call = cx.program.facts(*file).call(*call);
            let path = text_of(cx, *file, call.args.get(position)?)?;
            path.last().filter(|_| !path.segments.is_empty()).map(str::to_owned)
        });
        let first = given.next()??;
        given.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }
}

/// The member in a value, also as text: `str(user.public_id)`, `user._id.toString()`.
fn text_of<'f>(cx: &'f Cx<'_>, file: FileId, value: &'f Expr) -> Option<Path> {
    match value.unawaited() {
        Expr::Path(path) => Some(path.clone()),
        Expr::Call(id) => {
            let call = cx.program.facts(file).call(*id);
            match call.callee.as_name() {
                Some("str" | "String") => call.args.first()?.as_path().cloned(),
                None if call.callee.last() == Some("toString") => {
                    let mut path = call.callee.clone();
                    path.segments.pop();
                    Some(path)
                }
                _ => None,
            }
        }
        _ => None,
    }
}
