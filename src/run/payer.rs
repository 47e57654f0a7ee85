//! Who pays, asked once and before anything is planned: where the places are depends on it.

use super::RunError;
use crate::answers::{Answers, Key, Payer};
use crate::review::Screen;
use crate::run::Reviewer;
use crate::sites::payer::{Organisation, Payers};
use crate::steps::{Choice, Question};

/// Asks what is not answered yet, and keeps the answers. Apps without organisations are asked nothing.
pub(super) fn ask(
    screen: &mut Screen,
    reviewer: &mut dyn Reviewer,
    payers: &Payers,
    answers: &mut Answers,
) -> Result<(), RunError> {
    if !payers.is_open() {
        return Ok(());
    }
    if answers.payer().who.is_none() {
        let question = who(payers);
        let value = reviewer.answer(screen, &question)?;
        answers.set(&question.key, value)?;
    }
    let answer = answers.payer();
    let clear = payers.organisations.iter().filter(|o| o.billed).count() == 1;
    if answer.who == Some(Payer::Organisation)
        && answer.organisation.is_none()
        && payers.organisations.len() > 1
        && !clear
    {
        let question = which(payers);
        let value = reviewer.answer(screen, &question)?;
        answers.set(&question.key, value)?;
    }
    Ok(())
}

fn who(payers: &Payers) -> Question {
    let names: Vec<&str> = payers.organisations.iter().map(|o| o.name.as_str()).collect();
    let noun = match payers.organisations.as_slice() {
        [one] => one.noun.as_str(),
        _ => "organisation",
    };
    let choices = vec![
        Choice::new("user", "user          each user has a balance"),
        Choice::new("organisation", format!("organisation  the users of a {noun} share one")),
    ];
    let text = format!("Who pays: each user, or the organisation ({})?", names.join(", "));
    Question::select(Key::top("payer"), text, choices, payers.default.as_str()).help(why(payers))
}

/// Why one of them is recommended.
fn why(payers: &Payers) -> String {
    let said = |o: &Organisation| {
        o.evidence.last().map(|e| format!("`{}`: {} ({}:{})", o.name, e.why, e.file, e.line))
    };
    match payers.default {
        Payer::Organisation => {
            let billed = payers.organisations.iter().find(|o| o.billed).and_then(said);
            format!("recommended is the organisation; {}", billed.unwrap_or_default())
        }
        Payer::User => match payers.evidence.first() {
            Some(e) => format!("recommended is the user; {} ({}:{})", e.why, e.file, e.line),
            None => "nothing in the app bills an organisation so far".to_owned(),
        },
    }
}

fn which(payers: &Payers) -> Question {
    let choice = |o: &Organisation| {
        let place = o.evidence.first().map(|e| format!("{}:{}", e.file, e.line)).unwrap_or_default();
        Choice::new(o.name.as_str(), format!("{}  {place}", o.name))
    };
    let choices = payers.organisations.iter().map(choice).collect();
    Question {
        default: None,
        ..Question::select(
            Key::top("organisation"),
            "Which of these is the organisation that pays?",
            choices,
            "",
        )
    }
    .help("users of one share a balance")
}
