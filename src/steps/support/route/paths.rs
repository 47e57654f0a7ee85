//! What the paths of neighbours have in front of them, so that a new path goes below it.

/// The part that most paths share in front of what is their own: `/api` of `/api/drafts` and `/api/auth`. `roots` are last
/// parts that name no resource (`api`). Where as many speak for several, the last path decides.
pub(super) fn above<'p>(paths: impl Iterator<Item = &'p str>, roots: &[String]) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for path in paths {
        let parent = parent(path, roots);
        let count = counts.iter().position(|(known, _)| *known == parent);
        let (_, n) = count.map_or((parent.clone(), 0), |at| counts.remove(at));
        counts.push((parent, n + 1));
    }
    counts.into_iter().max_by_key(|(_, n)| *n).map(|(parent, _)| parent).unwrap_or_default()
}

/// The path up to its own part, and up to what a request fills in.
fn parent(path: &str, roots: &[String]) -> String {
    let fixed = |part: &&str| !part.contains([':', '{', '*', '(', '<']);
    let all: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let mut parts: Vec<&str> = all.iter().copied().take_while(fixed).collect();
    let is_root = parts.last().is_some_and(|last| roots.iter().any(|root| root == last));
    if !(is_root && parts.len() == all.len()) {
        parts.pop();
    }
    let own = parts.iter().position(|part| !roots.iter().any(|root| root == part));
    // Below a resource there is only more of that resource.
    parts.truncate(own.unwrap_or(parts.len()));
    parts.iter().map(|part| format!("/{part}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_path_goes_below_what_its_neighbours_share() {
        let roots: Vec<String> = ["api", "v1"].map(str::to_owned).to_vec();
        for (paths, expected) in [
            (&["/api/drafts", "/api/auth"][..], "/api"),
            (&["/accounts", "/clips"], ""),
            (&["/api"], "/api"),
            (&["/api/v1/users", "/health"], ""),
            (&["/health", "/api/v1/users", "/api/v1/teams"], "/api/v1"),
            (&["/chat/:id/messages"], ""),
            (&["/drafts/:id/generate", "/drafts"], ""),
            (&[], ""),
        ] {
            assert_eq!(above(paths.iter().copied(), &roots), expected, "{paths:?}");
        }
    }
}
