//! A person at a terminal decides.

use console::Term;

use super::prompt::{self, KeyChoice};
use super::screen::Screen;
use super::text::Text;
use super::{diff_view, edit_file, lists, overview, pager, pick, series};
use crate::answers::Value;
use crate::edit::{ChangeSet, Outcome};
use crate::run::{AppFacts, Reviewer, RunError, StepView, Verdict, introduction, likeliest, totals};
use crate::sites::{Explainer, Site};
use crate::steps::Question;

/// Asks on stderr, reads keys from the terminal.
#[derive(Debug)]
pub struct Terminal {
    term: Term,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    All,
    Files,
    Hunks,
    Edit,
    Show,
    Explain,
    Skip,
    Back,
    Quit,
    Whole,
}

const APPLY: KeyChoice<Action> =
    KeyChoice { key: 'a', word: "apply", help: "write everything that is shown", value: Action::All };
const FILES: KeyChoice<Action> =
    KeyChoice { key: 'f', word: "files", help: "choose files; the rest is left out", value: Action::Files };
const HUNKS: KeyChoice<Action> =
    KeyChoice { key: 'h', word: "hunks", help: "choose hunk by hunk", value: Action::Hunks };
const EDIT: KeyChoice<Action> = KeyChoice {
    key: 'e',
    word: "edit",
    help: "change a file in $EDITOR before it is written",
    value: Action::Edit,
};
const SHOW: KeyChoice<Action> =
    KeyChoice { key: 'd', word: "diff", help: "show the diff again", value: Action::Show };
const EXPLAIN: KeyChoice<Action> = KeyChoice {
    key: 'x',
    word: "explain",
    help: "show why this place: the way to it, who pays, what lost",
    value: Action::Explain,
};
const SKIP: KeyChoice<Action> =
    KeyChoice { key: 's', word: "skip", help: "leave this step out and go on", value: Action::Skip };
const BACK: KeyChoice<Action> = KeyChoice {
    key: 'b',
    word: "back",
    help: "to the step before; what it wrote is put back first",
    value: Action::Back,
};
const QUIT: KeyChoice<Action> =
    KeyChoice { key: 'q', word: "quit", help: "stop here; what was applied stays", value: Action::Quit };
const WHOLE: KeyChoice<Action> = KeyChoice {
    key: 'w',
    word: "whole",
    help: "take back your choices: the whole step again",
    value: Action::Whole,
};

impl Terminal {
    /// The terminal of the process, when both its ends are one.
    pub fn open() -> Option<Self> {
        use std::io::IsTerminal as _;
        let term = Term::stderr();
        (std::io::stdin().is_terminal() && term.is_term()).then_some(Self { term })
    }
}

impl Reviewer for Terminal {
    fn choose_app(
        &mut self,
        _screen: &mut Screen,
        apps: &[AppFacts],
        sites: &[Site],
    ) -> Result<usize, RunError> {
        let weight = |app: &AppFacts| sites.iter().filter(|s| s.app == app.root && s.selected).count();
        let labels: Vec<String> = apps
            .iter()
            .map(|app| format!("{}  {}  {} place(s) to integrate", app.root, app.name, weight(app)))
            .collect();
        let best = likeliest(apps, sites);
        lists::select(&self.term, "Which app do you want to integrate?", &labels, best)
    }

    fn overview(
        &mut self,
        screen: &mut Screen,
        app: &AppFacts,
        explainer: &Explainer<'_>,
        ask: bool,
    ) -> Result<Vec<(String, bool)>, RunError> {
        overview::show(screen, app, explainer.sites, ask)?;
        if ask { overview::correct(screen, &self.term, explainer) } else { Ok(Vec::new()) }
    }

    fn answer(&mut self, screen: &mut Screen, question: &Question) -> Result<Value, RunError> {
        prompt::question(screen, &self.term, question)
    }

    fn answers(&mut self, screen: &mut Screen, questions: &[Question]) -> Result<Vec<Value>, RunError> {
        series::answers(screen, &self.term, questions)
    }

    fn review(&mut self, screen: &mut Screen, view: &StepView<'_>) -> Result<Verdict, RunError> {
        introduction(screen, view)?;
        let mut changes = view.changes.clone();
        let mut left_out: Vec<String> = Vec::new();
        let mut show = true;
        loop {
            let outcome = changes.outcome(view.workspace)?;
            let paged = show && pager::show(screen, &diff_view::outcome(&outcome, screen.width()))?;
            show = true;
            screen.report("")?;
            if outcome.is_empty() {
                screen.report("Nothing is left of this step.")?;
            } else {
                // What was read in the pager is gone from the screen.
                for (_, file) in diff_view::order(&outcome).into_iter().filter(|_| paged) {
                    screen.report(Text::new().plain("  ").then(diff_view::file_line(file)))?;
                }
                screen.report(totals(&outcome))?;
            }
            let partial = !left_out.is_empty();
            match prompt::key(
                screen,
                &self.term,
                "Apply this step?",
                &choices(view, &changes, &outcome, partial),
            )? {
                Action::All => return Ok(Verdict::Apply { changes, left_out }),
                Action::Skip => return Ok(Verdict::Skip),
                Action::Back => return Ok(Verdict::Back),
                Action::Quit => return Ok(Verdict::Quit),
                Action::Show => {}
                Action::Explain => {
                    overview::explain_one(screen, &self.term, &view.explainer, &view.sites())?;
                    show = false;
                }
                Action::Whole => {
                    changes = view.changes.clone();
                    left_out.clear();
                }
                Action::Files | Action::Hunks if outcome.is_empty() => {}
                action @ (Action::Files | Action::Hunks) => {
                    let part = if action == Action::Files {
                        pick::files(&self.term, &changes, &outcome)?
                    } else {
                        pick::hunks(screen, &self.term, &changes, &outcome)?
                    };
                    show = false;
                    if let Some(part) = part {
                        for title in &part.left_out {
                            screen.say_indented(2, Text::new().muted("– left out: ").plain(title));
                        }
                        show = !part.left_out.is_empty();
                        changes = part.changes;
                        left_out.extend(part.left_out);
                    }
                }
                Action::Edit => match edit_file::edit(screen, &self.term, &changes, &outcome)? {
                    Some(edited) => match edited.outcome(view.workspace)?.check() {
                        Ok(()) => changes = edited,
                        Err(problems) => {
                            for problem in problems {
                                screen.warn(&problem.to_string());
                            }
                            screen.say("Your edit was not taken; the step is as it was.");
                            show = false;
                        }
                    },
                    None => show = false,
                },
            }
        }
    }

    fn is_interactive(&self) -> bool {
        true
    }

    fn confirm(&mut self, screen: &mut Screen, text: &str, default: bool) -> Result<bool, RunError> {
        prompt::confirm(screen, &self.term, text, default)
    }
}

/// The keys that make sense now.
fn choices(
    view: &StepView<'_>,
    changes: &ChangeSet,
    outcome: &Outcome,
    partial: bool,
) -> Vec<KeyChoice<Action>> {
    let mut keys = Vec::new();
    let (files, hunks) = pick::choices(changes, outcome);
    if !outcome.is_empty() {
        keys.push(APPLY);
        if files > 1 {
            keys.push(FILES);
        }
        if hunks > 1 {
            keys.push(HUNKS);
        }
        keys.extend([EDIT, SHOW]);
    }
    if !view.sites().is_empty() {
        keys.push(EXPLAIN);
    }
    if partial {
        keys.push(WHOLE);
    }
    keys.push(SKIP);
    if view.can_go_back {
        keys.push(BACK);
    }
    keys.push(QUIT);
    keys
}
