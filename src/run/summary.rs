//! The end of a run: what was done, what is left for a person, and the list to go live with.

use super::{Ended, Left, Place, StepStatus};
use crate::review::{Label, Screen, ScreenError, Text, diff_view};

/// What nobody but the owner of the app can do before real money flows.
pub const CHECKLIST: [&str; 4] = [
    "put the live key in place of the test key, in the secrets of your host",
    "check that the signature of webhooks is verified, if you receive any",
    "upload your logo for the portal in the Credyt dashboard",
    "make one real top-up, use the app, and refund it",
];

/// Prints the end of a run.
pub fn summary(screen: &mut Screen, ended: &Ended, dry_run: bool) -> Result<(), ScreenError> {
    let report = &ended.report;
    if report.steps.is_empty() {
        return screen.report("No step was asked for; nothing was changed.");
    }
    screen.report("")?;
    screen.report(Text::new().with(Label::Heading, "Summary"))?;
    for step in &report.steps {
        let (mark, label, word) = match step.status {
            StepStatus::Applied => ("✓", Label::Success, "written"),
            StepStatus::Planned => ("✓", Label::Success, "would be written"),
            StepStatus::Already => ("✓", Label::Success, "already in the code"),
            StepStatus::Skipped => ("–", Label::Muted, "skipped"),
            StepStatus::NotApplicable => ("–", Label::Muted, "not applicable"),
            StepStatus::Failed => ("✗", Label::Error, "not applied"),
        };
        let mut line = Text::new().plain("  ").with(label, mark).plain(" ").plain(step.step.id()).pad_to(15);
        line = line.plain(word);
        if !step.files.is_empty() {
            let (added, removed) =
                step.files.iter().fold((0, 0), |sum, file| (sum.0 + file.added, sum.1 + file.removed));
            let files = step.files.len();
            line = line
                .muted(&format!("  {files} file{}  ", if files == 1 { "" } else { "s" }))
                .then(diff_view::counts(added, removed));
        }
        screen.report(line)?;
    }
    if !report.left.is_empty() {
        screen.report("")?;
        screen.report(Text::new().with(Label::Heading, "Left for you"))?;
        left(screen, &report.left)?;
    }
    let done = report.steps.iter().all(|s| matches!(s.status, StepStatus::Applied | StepStatus::Already));
    if done && ended.error.is_none() && !dry_run {
        checklist(screen)?;
    }
    screen.report("")?;
    if dry_run && report.with_status(StepStatus::Planned).next().is_none() {
        screen.report("There is nothing to write.")?;
    } else if dry_run {
        screen.report("Nothing was written. Run `credyt-integrate run` to write it.")?;
    } else if report.with_status(StepStatus::Applied).next().is_some() {
        screen
            .report("Read the changes with `git diff`; take them back with `credyt-integrate undo --all`.")?;
    }
    Ok(())
}

/// Prints what is left, with the places of what is at several below it.
fn left(screen: &mut Screen, left: &[Left]) -> Result<(), ScreenError> {
    for one in left {
        let mark =
            if one.unmet { Text::new().with(Label::Warning, "  ! ") } else { Text::new().plain("  · ") };
        match one.places.as_slice() {
            [place] => {
                let text = mark.path(&place.to_string()).plain("  ").plain(&one.text);
                screen.report_indented(4, text)?;
            }
            places => {
                screen.report_indented(4, mark.plain(&one.text))?;
                for place in lines(places) {
                    screen.report_indented(6, Text::new().plain("      ").path(&place))?;
                }
            }
        }
    }
    Ok(())
}

/// One line a file: `src/a.ts:3, 9`.
fn lines(places: &[Place]) -> Vec<String> {
    let mut files: Vec<(&str, Vec<String>)> = Vec::new();
    for place in places {
        let line = place.line.map(|line| line.to_string());
        match files.iter_mut().find(|(file, _)| *file == place.file) {
            Some((_, known)) => known.extend(line),
            None => files.push((&place.file, line.into_iter().collect())),
        }
    }
    let whole = |(file, lines): (&str, Vec<String>)| match lines.as_slice() {
        [] => file.to_owned(),
        lines => format!("{file}:{}", lines.join(", ")),
    };
    files.into_iter().map(whole).collect()
}

/// Prints what to do before going live.
pub fn checklist(screen: &mut Screen) -> Result<(), ScreenError> {
    screen.report("")?;
    screen.report(Text::new().with(Label::Heading, "Before you go live"))?;
    CHECKLIST
        .iter()
        .try_for_each(|item| screen.report_indented(6, Text::new().plain("  [ ] ").then((*item).into())))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::run::fold;
    use crate::steps::Todo;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_is_left_at_several_places_is_said_once() {
        let out = Written::default();
        let mut screen = Screen::of_writers(Box::new(out.clone()), Box::new(std::io::sink()), 80);
        let todo = [
            Todo::unmet("add sign-in in front of it", "a.ts", 3),
            Todo::chore("set the key"),
            Todo::unmet("add sign-in in front of it", "b.ts", 7),
            Todo::unmet("name the user", "c.ts", 1),
            Todo::unmet("add sign-in in front of it", "b.ts", 9),
        ];
        left(&mut screen, &fold(&todo)).unwrap();
        drop(screen);
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            text,
            "  ! add sign-in in front of it\n      a.ts:3\n      b.ts:7, 9\n  ! c.ts:1  name the user\n  · set the key\n"
        );
    }
}
