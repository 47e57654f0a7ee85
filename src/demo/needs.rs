//! Whether the programs are here that an app is started with.

use std::process::Command;

use super::apps::Need;
use super::children::on_this_system;

/// The first need that is not met, as a sentence without its full stop.
pub fn missing(needs: &[Need]) -> Option<String> {
    needs.iter().find_map(|need| {
        let (program, arguments) = on_this_system(&need.run);
        let asked = Command::new(program).args(arguments).arg("--version").output();
        let Some(output) = asked.ok().filter(|output| output.status.success()) else {
            let least = need.least.as_ref().map(|least| format!(" {least} or newer")).unwrap_or_default();
            return Some(format!("{}{least} is not installed here", need.name));
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let least = need.least.as_deref()?;
        let here = numbers(&said);
        (here < numbers(least)).then(|| {
            let here: Vec<String> = here.iter().map(u32::to_string).collect();
            format!("{} {} is installed here, and {least} or newer is needed", need.name, here.join("."))
        })
    })
}

/// `v20.19.1` and `Python 3.11.7` as numbers.
fn numbers(text: &str) -> Vec<u32> {
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    digits.get(..end).unwrap_or_default().split('.').filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(run: &str, least: &str) -> Need {
        Need { run: run.to_owned(), name: "It".to_owned(), least: Some(least.to_owned()) }
    }

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(numbers("v20.19.1\n"), [20, 19, 1]);
        assert_eq!(numbers("Python 3.9.2rc1"), [3, 9, 2]);
        assert!(numbers("3.9.2") < numbers("3.11"));
    }

    #[test]
    fn what_is_missing_or_too_old_is_said() {
        let absent = missing(&[need("no-such-program-anywhere", "1")]).unwrap();
        assert_eq!(absent, "It 1 or newer is not installed here");
        let old = missing(&[need("git", "999")]).unwrap();
        assert!(old.contains("999 or newer is needed"), "{old}");
        assert_eq!(missing(&[need("git", "1")]), None);
    }
}
