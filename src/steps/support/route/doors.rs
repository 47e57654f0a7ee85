//! Users who get to a paid call by one thing they send, while the portal's route asks for another: a cookie of the web pages
//! here, a token of the mobile app there. Whoever has only the one cannot open the portal, and the owner should know.

use crate::catalog::{NewRoute, RoutePurpose};
use crate::resolve::Def;
use crate::sites::{Detail, in_front};
use crate::steps::Todo;
use crate::steps::support::Kit;
use crate::steps::support::identity::Signed;
use crate::syntax::FunctionId;
use crate::workspace::FileId;

/// What a guard reads of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Cookie,
    Header,
}

impl Sent {
    fn noun(self) -> &'static str {
        match self {
            Self::Cookie => "a cookie",
            Self::Header => "a header",
        }
    }
}

/// The first paid call whose users send what the guard of the route does not look at.
pub(super) fn other(kit: &Kit<'_>, signed: &Signed, (route, path): (&NewRoute, &str)) -> Option<Todo> {
    let (file, function) = signed.shown_by?;
    if route.purpose != RoutePurpose::Portal {
        return None;
    }
    let (guard, ours) = read_by(kit, file, function?)?;
    kit.cx.sites.iter().filter(|site| site.selected).find_map(|site| {
        let Detail::Billable(billable) = &site.detail else { return None };
        let handler = billable.plan.handler.as_ref()?;
        let (their, sent) = read_by(kit, handler.file, handler.function)?;
        let text = format!(
            "users get here with {} (`{their}`), and {} {path} is behind `{guard}`, which reads {}: whoever has only the first cannot open it; let one guard take both, and put it in front of the route",
            sent.noun(),
            route.method,
            ours.noun()
        );
        (sent != ours).then(|| Todo::chore(text).at(site.file.as_str(), site.line))
    })
}

/// What the nearest guard in front of a handler reads, where that is one of the two and not both.
fn read_by(kit: &Kit<'_>, file: FileId, function: FunctionId) -> Option<(String, Sent)> {
    let at = kit.cx.program.facts(file).function(function).span.start;
    in_front(kit.graph(), file, function).into_iter().find_map(|guard| {
        let declared = kit.cx.workspace.find(&guard.file)?;
        let Def::Function(file, function) = kit.cx.program.name(declared, None, &guard.name, at) else {
            return None;
        };
        let span = kit.cx.program.facts(file).function(function).span;
        let body = kit.graph().slice(file, span).to_ascii_lowercase();
        match (body.contains("cookie"), body.contains("authorization") || body.contains("bearer")) {
            (true, false) => Some((guard.name, Sent::Cookie)),
            (false, true) => Some((guard.name, Sent::Header)),
            _ => None,
        }
    })
}
