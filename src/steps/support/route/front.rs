//! Code in front of the routes that may turn a request away: a webhook comes without a session and has to get past it.

use crate::catalog::Front;
use crate::edit::{Edit, EditUnit};
use crate::steps::Todo;
use crate::steps::support::{Kit, join};
use crate::workspace::FileId;

/// Opens a group of paths that a pattern leaves out.
const LEFT_OUT: &str = "(?!";

/// Lets a path through whatever stands in front of the app's routes; where the code does not show how, someone is told.
pub fn let_through(kit: &Kit<'_>, path: &str, unit: &mut EditUnit) -> Option<Todo> {
    let front = kit.framework.framework.as_ref()?.front.as_ref()?;
    let file = file_of(kit, front)?;
    let text = kit.text(file);
    if !front.turns_away.iter().any(|mark| text.as_str().contains(mark.as_str())) {
        return None;
    }
    match gate(text.as_str(), &front.patterns, path) {
        Gate::Open => None,
        Gate::Opened(at, added) => {
            let why = "the sender of webhooks has no session";
            unit.add(kit.path(file), [Edit::insertion(at, added, why)]);
            None
        }
        Gate::Unknown(at) => Some(
            Todo::chore(format!("let POST {path} through here: it comes without a session"))
                .at(kit.path(file), text.line_of(at)),
        ),
    }
}

fn file_of(kit: &Kit<'_>, front: &Front) -> Option<FileId> {
    let root = kit.cx.app.dir();
    let is_one = |file: &&FileId| {
        let path = kit.path(**file);
        let inside = if root.is_empty() { Some(path) } else { path.strip_prefix(&join(root, "")) };
        inside.is_some_and(|p| {
            let p = p.trim_start_matches('/');
            front.files.match_path(p)
        })
    };
    kit.files.iter().find(is_one).copied()
}

#[derive(Debug, PartialEq, Eq)]
enum Gate {
    /// The path does not come through there, or is let through already.
    Open,
    /// It is let through by this text at this offset.
    Opened(usize, String),
    /// Someone has to look, here.
    Unknown(usize),
}

/// What the text of the file says about a path.
fn gate(text: &str, key: &str, path: &str) -> Gate {
    let Some(start) = text.find(&format!("{key}:")) else { return Gate::Unknown(0) };
    let value = text.get(start..).unwrap_or_default();
    let end = value.find(']').filter(|e| value.find('[').is_some_and(|o| o < *e));
    let end = end.map_or(text.len(), |e| start + e);
    let patterns: Vec<(usize, &str)> =
        strings(text).filter(|(at, s)| (start..end).contains(at) && s.starts_with('/')).collect();
    // Elsewhere in the file: a list of paths that need no session.
    let named = strings(text)
        .filter(|(at, s)| !(start..end).contains(at) && s.starts_with('/') && s.len() > 1)
        .any(|(_, s)| s.contains("(.*)") && path.starts_with(literal(s)));
    let through: Vec<&(usize, &str)> = patterns.iter().filter(|(_, p)| comes_through(p, path)).collect();
    match through.as_slice() {
        [] if !patterns.is_empty() => Gate::Open,
        _ if named => Gate::Open,
        [(at, pattern)] => match pattern.find(LEFT_OUT) {
            Some(inside) if pattern.starts_with("/(") => {
                Gate::Opened(at + inside + LEFT_OUT.len(), format!("{}|", path.trim_start_matches('/')))
            }
            _ => Gate::Unknown(*at),
        },
        _ => Gate::Unknown(start),
    }
}

/// Whether a path is one of those a pattern is for.
fn comes_through(pattern: &str, path: &str) -> bool {
    if let Some(at) = pattern.find(LEFT_OUT).filter(|_| pattern.starts_with("/(")) {
        let group = pattern.get(at + LEFT_OUT.len()..).unwrap_or_default();
        let rest = path.trim_start_matches('/');
        let left_out = group
            .split(['|', ')', '('])
            .filter(|p| !p.is_empty())
            .any(|p| rest.starts_with(literal(p)) && !literal(p).is_empty());
        return !left_out;
    }
    let start = literal(pattern);
    path.starts_with(start) && (start.ends_with('/') || pattern != start || path == start)
}

/// The part of a pattern that stands for itself.
fn literal(pattern: &str) -> &str {
    let end = pattern.find([':', '(', '*', '[', '.', '\\', '$', '?']).unwrap_or(pattern.len());
    pattern.get(..end).unwrap_or_default()
}

/// String literals on one line each, with the offset of their text.
fn strings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let open = at + rest.find(['"', '\'', '`'])?;
        let quote = text.get(open..)?.chars().next()?;
        let inside = text.get(open + 1..)?;
        let len = inside.find([quote, '\n']).unwrap_or(inside.len());
        at = open + 1 + len + 1;
        Some((open + 1, inside.get(..len)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/api/webhooks/credyt";

    #[test]
    fn patterns_that_leave_paths_out_leave_the_webhook_out_as_well() {
        let text = "export const config = { matcher: [\"/((?!api/auth|_next/static|favicon.ico).*)\"] };";
        let Gate::Opened(at, added) = gate(text, "matcher", PATH) else { panic!("not opened") };
        let mut after = text.to_owned();
        after.insert_str(at, &added);
        assert!(after.contains("((?!api/webhooks/credyt|api/auth|"), "{after}");
        assert_eq!(gate(&after, "matcher", PATH), Gate::Open);
    }

    #[test]
    fn what_does_not_concern_the_webhook_is_left_alone() {
        for text in [
            "export const config = { matcher: [\"/dashboard/:path*\", \"/account\"] };",
            "export const config = { matcher: \"/((?!api|_next).*)\" };",
            "const isPublic = createRouteMatcher([\"/api/webhooks(.*)\"]);\nexport const config = { matcher: [\"/(api|trpc)(.*)\"] };",
        ] {
            assert_eq!(gate(text, "matcher", PATH), Gate::Open, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_to_someone() {
        for text in [
            "export default withAuth({});",
            "export const config = { matcher: [\"/(api|trpc)(.*)\"] };",
            "export const config = { matcher: [\"/api/:path*\"] };",
        ] {
            assert!(matches!(gate(text, "matcher", PATH), Gate::Unknown(_)), "{text}");
        }
    }
}
