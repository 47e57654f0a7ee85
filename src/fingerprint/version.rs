//! Versions in manifests, as far as "which major line is meant" needs them.

/// The lowest version a specification admits, as numbers; `None` when it names none (`latest`, a tag, a branch), which
/// is then taken for the newest.
pub(super) fn lowest(spec: &str) -> Option<Vec<u64>> {
    let digits = spec.find(|c: char| c.is_ascii_digit())?;
    let tail = spec.get(digits..)?;
    let end = tail.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(tail.len());
    let numbers: Vec<u64> =
        tail.get(..end)?.split('.').filter(|p| !p.is_empty()).map_while(|p| p.parse().ok()).collect();
    (!numbers.is_empty()).then_some(numbers)
}

/// Whether a specification lies in `min <= version < below`.
pub(super) fn within(spec: &str, min: Option<&str>, below: Option<&str>) -> bool {
    let Some(version) = lowest(spec) else { return below.is_none() };
    let at_least = min.and_then(lowest).is_none_or(|m| compare(&version, &m).is_ge());
    let under = below.and_then(lowest).is_none_or(|b| compare(&version, &b).is_lt());
    at_least && under
}

/// Compares with missing parts as zero.
fn compare(a: &[u64], b: &[u64]) -> std::cmp::Ordering {
    let part = |v: &[u64], i: usize| v.get(i).copied().unwrap_or(0);
    (0..a.len().max(b.len()))
        .map(|i| part(a, i).cmp(&part(b, i)))
        .find(|o| o.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_counts_as_the_newest_and_a_range_as_its_lowest() {
        for (spec, min, below, expected) in [
            ("^4.24.7", Some("5"), None, false),
            ("^4.24.7", None, Some("5"), true),
            ("5.0.0-beta.25", Some("5"), None, true),
            ("beta", Some("5"), None, true),
            ("beta", None, Some("5"), false),
            (">=4,<6", Some("5"), None, false),
            ("~=2.11", Some("2.11"), None, true),
            ("npm:other@5.1.0", Some("5"), None, true),
        ] {
            assert_eq!(within(spec, min, below), expected, "{spec} {min:?} {below:?}");
        }
    }
}
