//! Many questions that differ only in what they are about, in one list: an app with twenty paid calls asks once, not
//! twenty times.
//!
//! ```text
//! Which event types do the paid calls send?
//!   completion_finished  `chat.completions.create` at app/api/code/route.ts:46
//!   image_generated      `replicate.run` at app/api/image/route.ts:31
//! Take these?  [y]es  [c]hange  [q]uit  [?]
//! ```

use console::Term;

use super::lists;
use super::prompt::{self, KeyChoice};
use super::screen::Screen;
use super::text::{Label, Text};
use crate::answers::Value;
use crate::run::RunError;
use crate::steps::Question;

#[derive(Debug, Clone, Copy)]
enum Answer {
    Take,
    Change,
    Quit,
}

const KEYS: [KeyChoice<Answer>; 3] = [
    KeyChoice { key: 'y', word: "yes", help: "take the list as it is", value: Answer::Take },
    KeyChoice { key: 'c', word: "change", help: "say which ones to answer otherwise", value: Answer::Change },
    KeyChoice { key: 'q', word: "quit", help: "stop; what was approved stays", value: Answer::Quit },
];

/// The answers, in the order of the questions: each series as one list, the others one by one.
pub(super) fn answers(
    screen: &mut Screen,
    term: &Term,
    questions: &[Question],
) -> Result<Vec<Value>, RunError> {
    let mut answers = Vec::with_capacity(questions.len());
    let mut rest = questions;
    while let Some(first) = rest.first() {
        let length = series(rest).map_or(1, <[Question]>::len);
        let (these, others) = rest.split_at(length);
        match these {
            [only] => answers.push(prompt::question(screen, term, only)?),
            _ => answers.extend(list(screen, term, first, these)?),
        }
        rest = others;
    }
    Ok(answers)
}

/// The questions at the start that make a list: of one series, each with an answer to offer.
fn series(questions: &[Question]) -> Option<&[Question]> {
    let all = &questions.first()?.series.as_ref()?.all;
    let fits = |q: &Question| q.default.is_some() && q.series.as_ref().is_some_and(|s| s.all == *all);
    let length = questions.iter().take_while(|q| fits(q)).count();
    questions.get(..length).filter(|these| these.len() > 1)
}

fn list(
    screen: &mut Screen,
    term: &Term,
    first: &Question,
    questions: &[Question],
) -> Result<Vec<Value>, RunError> {
    let mut answers: Vec<Value> = questions.iter().filter_map(|q| q.default.clone()).collect();
    let about = |q: &Question| q.series.as_ref().map_or_else(|| q.text.clone(), |s| s.this.clone());
    screen.say(Text::new().with(Label::Heading, first.series.as_ref().map_or("", |s| s.all.as_str())));
    if !first.help.is_empty() {
        screen.say_indented(2, Text::new().muted("  ").then(Text::new().muted(&first.help)));
    }
    loop {
        let texts: Vec<String> = answers.iter().map(ToString::to_string).collect();
        let width = texts.iter().map(|t| t.chars().count()).max().unwrap_or(0);
        for (text, question) in texts.iter().zip(questions) {
            let answer = Text::new().plain("  ").with(Label::Literal, &format!("{text:width$}"));
            screen.say_indented(width + 4, answer.plain("  ").plain(&about(question)));
        }
        match prompt::key(screen, term, "Take these?", &KEYS)? {
            Answer::Take => return Ok(answers),
            Answer::Quit => return Err(RunError::Stopped),
            Answer::Change => {}
        }
        let items: Vec<(String, bool)> =
            texts.iter().zip(questions).map(|(t, q)| (format!("{t}  {}", about(q)), false)).collect();
        for at in lists::multi(term, "Which do you want to answer otherwise?", &items)?.unwrap_or_default() {
            if let (Some(question), Some(answer)) = (questions.get(at), answers.get_mut(at)) {
                let now = Question { default: Some(answer.clone()), help: String::new(), ..question.clone() };
                *answer = prompt::question(screen, term, &now)?;
            }
        }
    }
}
