//! The site a person means: by its id, by a place in a file, or by any part of its id that no other one has.

use super::Site;

/// Most ids that are worth listing.
const LISTED: usize = 5;

/// Why there is not exactly one such site.
#[derive(Debug, PartialEq, Eq)]
pub enum NotFound {
    /// Several fit: their ids.
    Several(Vec<String>),
    /// None does: the ids that are nearest.
    Nothing(Vec<String>),
}

/// The one site that `asked` stands for.
pub fn lookup<'s>(sites: &'s [Site], asked: &str) -> Result<&'s Site, NotFound> {
    if let Some(site) = sites.iter().find(|site| site.id == asked) {
        return Ok(site);
    }
    if let Some((file, line)) = place(sites, asked) {
        let in_file: Vec<&Site> = sites.iter().filter(|site| is_file(&site.file, file)).collect();
        let there = in_file.iter().copied().filter(|site| (site.line..=site.end_line).contains(&line));
        return one(there.collect()).unwrap_or_else(|| Err(NotFound::Nothing(by_line(in_file, line))));
    }
    let fitting: Vec<&Site> = sites.iter().filter(|site| site.id.contains(asked)).collect();
    if !asked.is_empty()
        && let Some(found) = one(fitting)
    {
        return found;
    }
    Err(NotFound::Nothing(by_likeness(sites, asked)))
}

/// The only one; the nameable ones when there are several; nothing when there is none.
fn one(mut fitting: Vec<&Site>) -> Option<Result<&Site, NotFound>> {
    match fitting.as_slice() {
        [] => None,
        [only] => Some(Ok(*only)),
        _ => {
            // A paid call and its statement's other meanings on one line: what was chosen is meant.
            let chosen: Vec<&Site> = fitting.iter().copied().filter(|site| site.selected).collect();
            if let [only] = chosen.as_slice() {
                return Some(Ok(*only));
            }
            fitting.truncate(LISTED);
            Some(Err(NotFound::Several(ids(fitting))))
        }
    }
}

/// `file:line`, when the file is one with sites.
fn place<'a>(sites: &[Site], asked: &'a str) -> Option<(&'a str, usize)> {
    let (file, line) = asked.rsplit_once(':')?;
    let file = file.strip_prefix("./").unwrap_or(file);
    let line = line.parse().ok()?;
    (!file.is_empty() && sites.iter().any(|site| is_file(&site.file, file))).then_some((file, line))
}

/// Whether a path, or the end of it after a slash, is this.
fn is_file(path: &str, asked: &str) -> bool {
    path.strip_suffix(asked).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

fn by_line(mut sites: Vec<&Site>, line: usize) -> Vec<String> {
    sites.sort_by_key(|site| site.line.abs_diff(line));
    sites.truncate(LISTED);
    ids(sites)
}

/// Ids that share most pairs of neighbouring characters with what was asked for, best first.
fn by_likeness(sites: &[Site], asked: &str) -> Vec<String> {
    let wanted = pairs(asked);
    let score = |site: &&Site| {
        let have = pairs(&site.id);
        wanted.iter().filter(|pair| have.contains(pair)).count()
    };
    let mut near: Vec<&Site> = sites.iter().filter(|site| score(site) * 2 >= wanted.len().max(1)).collect();
    near.sort_by_key(|site| std::cmp::Reverse(score(site)));
    near.truncate(LISTED);
    ids(near)
}

fn pairs(text: &str) -> Vec<(char, char)> {
    let small: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    small.iter().copied().zip(small.iter().copied().skip(1)).collect()
}

fn ids(sites: Vec<&Site>) -> Vec<String> {
    sites.into_iter().map(|site| site.id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sites::{Detail, SiteKind, UiSlot};
    use crate::syntax::Span;

    fn site(id: &str, file: &str, lines: (usize, usize), selected: bool) -> Site {
        Site {
            id: id.to_owned(),
            kind: SiteKind::UiSlot,
            app: ".".to_owned(),
            file: file.to_owned(),
            line: lines.0,
            end_line: lines.1,
            symbol: None,
            score: 0.9,
            selected,
            detail: Detail::UiSlot(UiSlot { what: "header".to_owned(), client: false }),
            evidence: Vec::new(),
            span: Span { start: 0, end: 0 },
        }
    }

    #[test]
    fn a_site_is_named_by_id_by_place_or_by_a_part() {
        let sites = [
            site("billable:app/chat/route.ts#POST:0", "app/chat/route.ts", (10, 14), true),
            site("billable:app/chat/route.ts#POST:1", "app/chat/route.ts", (20, 20), true),
            site("signup:lib/users.ts#register:0", "lib/users.ts", (3, 3), false),
            site("schema:lib/users.ts#User:0", "lib/users.ts", (3, 9), true),
        ];
        let found = |asked: &str| lookup(&sites, asked).map(|site| site.id.as_str());
        assert_eq!(found("billable:app/chat/route.ts#POST:1"), Ok("billable:app/chat/route.ts#POST:1"));
        assert_eq!(found("app/chat/route.ts:12"), Ok("billable:app/chat/route.ts#POST:0"));
        assert_eq!(found("./app/chat/route.ts:12"), Ok("billable:app/chat/route.ts#POST:0"));
        assert_eq!(found("chat/route.ts:20"), Ok("billable:app/chat/route.ts#POST:1"));
        assert_eq!(found("#register"), Ok("signup:lib/users.ts#register:0"));
        // Two things on one line: the one that is acted on.
        assert_eq!(found("users.ts:3"), Ok("schema:lib/users.ts#User:0"));
        let two = vec![sites[0].id.clone(), sites[1].id.clone()];
        assert_eq!(found("route.ts#POST"), Err(NotFound::Several(two)));
        assert_eq!(
            found("app/chat/route.ts:19"),
            Err(NotFound::Nothing(vec![sites[1].id.clone(), sites[0].id.clone()]))
        );
        assert_eq!(found("#regster"), Err(NotFound::Nothing(vec![sites[2].id.clone()])));
        assert_eq!(found("zzz"), Err(NotFound::Nothing(Vec::new())));
        assert_eq!(found(""), Err(NotFound::Nothing(Vec::new())));
    }
}
