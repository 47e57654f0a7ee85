//! A generated file brought along from one rendering to the next, with what was changed by hand kept.
//!
//! ```text
//! old rendering -> new rendering     the hunks to apply
//! old rendering -> file as it is     where those lines are now, and which were changed
//! ```
//!
//! A hunk whose old lines were changed by hand cannot be applied; it is a conflict with its line, and nothing of the
//! file is changed then.

use similar::{DiffOp, TextDiff};

use crate::edit::Edit;

/// The edits that do to `current` what was done from `old` to `new`; else the 1-based line of the first conflict.
pub(super) fn merge(old: &str, new: &str, current: &str, why: &str) -> Result<Vec<Edit>, usize> {
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let current_lines: Vec<&str> = current.split_inclusive('\n').collect();
    let starts = offsets(&current_lines);
    let kept = same_lines(&old_lines, &current_lines);
    let mut edits = Vec::new();
    for op in TextDiff::from_slices(&old_lines, &new_lines).ops() {
        let (old_range, text) = match *op {
            DiffOp::Equal { .. } => continue,
            DiffOp::Delete { old_index, old_len, .. } => (old_index..old_index + old_len, String::new()),
            DiffOp::Insert { old_index, new_index, new_len } => {
                (old_index..old_index, lines(&new_lines, new_index, new_len))
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                (old_index..old_index + old_len, lines(&new_lines, new_index, new_len))
            }
        };
        let place = place(&kept, &old_range, current_lines.len());
        let Some(place) = place else {
            // Somebody may have made the same change already.
            let before = kept.get(..old_range.start).unwrap_or_default().iter().rev().flatten().next();
            return Err(before.map_or(1, |line| line + 2));
        };
        let range = starts[place.start]..starts[place.end];
        if current.get(range.clone()) == Some(text.as_str()) {
            continue;
        }
        edits.push(Edit::replacement(range, text, why));
    }
    Ok(edits)
}

/// For each old line the line it is now, `None` when it was changed.
fn same_lines(old: &[&str], current: &[&str]) -> Vec<Option<usize>> {
    let mut same = vec![None; old.len()];
    for op in TextDiff::from_slices(old, current).ops() {
        if let DiffOp::Equal { old_index, new_index, len } = *op {
            for i in 0..len {
                same[old_index + i] = Some(new_index + i);
            }
        }
    }
    same
}

/// Where a range of old lines is now: unchanged and in one piece, with an unchanged line on at least one side of it.
fn place(same: &[Option<usize>], old: &std::ops::Range<usize>, len: usize) -> Option<std::ops::Range<usize>> {
    if old.is_empty() {
        let before =
            old.start.checked_sub(1).map_or(Some(0), |i| same.get(i).copied().flatten().map(|l| l + 1));
        let after = if old.start == same.len() { Some(len) } else { same.get(old.start).copied().flatten() };
        let at = match (before, after) {
            (Some(before), Some(after)) if before == after => before,
            // Lines were added here by hand: the new ones go above the line they stand above in the rendering.
            (_, Some(after)) => after,
            (Some(before), None) => before,
            (None, None) => return None,
        };
        return Some(at..at);
    }
    let first = same.get(old.start).copied().flatten()?;
    let mut next = first;
    for line in old.clone() {
        if same.get(line).copied().flatten()? != next {
            return None;
        }
        next += 1;
    }
    Some(first..next)
}

fn lines(all: &[&str], start: usize, len: usize) -> String {
    all.get(start..start + len).unwrap_or_default().concat()
}

/// Offset at which each line starts, and the end.
fn offsets(lines: &[&str]) -> Vec<usize> {
    let mut at = 0;
    let mut all = vec![0];
    for line in lines {
        at += line.len();
        all.push(at);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(old: &str, new: &str, current: &str) -> Result<String, usize> {
        let edits = merge(old, new, current, "why")?;
        let mut out = current.to_owned();
        for edit in edits.iter().rev() {
            out.replace_range(edit.range(), edit.text());
        }
        Ok(out)
    }

    #[test]
    fn an_untouched_file_becomes_the_new_rendering() {
        let (old, new) = ("a\nb\nc\n", "a\nx\nc\nd\n");
        assert_eq!(merged(old, new, old).as_deref(), Ok(new));
    }

    #[test]
    fn what_was_changed_elsewhere_stays() {
        let out = merged("a\nb\nc\nd\n", "a\nb\nc\nx\n", "mine\na\nb, mine\nc\nd\n");
        assert_eq!(out.as_deref(), Ok("mine\na\nb, mine\nc\nx\n"));
    }

    #[test]
    fn a_change_of_the_same_lines_is_refused_with_its_place() {
        assert_eq!(merged("a\nb\nc\n", "a\nx\nc\n", "a\nmine\nc\n"), Err(2));
    }
}
