//! The generated modules of one area: new files, and the files of earlier areas brought along.

use std::collections::BTreeMap;

use crate::edit::{EditUnit, NewFile};
use crate::steps::support::{Kit, merge, render};
use crate::steps::{Area, Halt, Todo};
use crate::syntax::style::{Style, restyle};
use crate::template::{self, Areas, ModuleContext};

/// The modules an app has once `area` is added to those it has: new files and changes of existing ones, empty when all
/// is there. A file that leaves no room for the area refuses the step: what it would call is not there then.
pub(crate) fn plan(kit: &Kit<'_>, area: Area) -> Result<EditUnit, Halt> {
    plan_with(kit, area, |_, _| {})
}

/// The same with changes to the contexts: `change(context, after)` is called for the rendering before and after.
pub(crate) fn plan_with(
    kit: &Kit<'_>,
    area: Area,
    change: impl Fn(&mut ModuleContext, bool),
) -> Result<EditUnit, Halt> {
    let after = with_needs(kit.done, area)?;
    let rendered = |areas: Areas, is_after: bool| -> Result<Vec<template::Module>, String> {
        let mut context = render::context(kit, areas);
        change(&mut context, is_after);
        template::modules(&context).map_err(|error| chain(&error))
    };
    let old = if kit.done.key { rendered(kit.done, false)? } else { Vec::new() };
    let new = rendered(after, true)?;
    let style = settled_style(kit, &old);
    let styled = |text: &str| restyle(text, kit.language(), &style);
    let title = format!("{} module", area.title());
    let unit = EditUnit::new(title, area.what());
    // Whatever comes later calls the client; every other module is for lines of the same step.
    let mut unit = if area == Area::Key { unit } else { unit.library() };
    let mut todo = Vec::new();
    for module in new {
        let path = match kit.module_file(&module.name) {
            Some(file) => kit.path(file).to_owned(),
            None => format!("{}/{}", kit.dir, module.file_name),
        };
        let text = styled(&module.text);
        let before = old.iter().find(|m| m.name == module.name).map(|m| styled(&m.text));
        let current = kit.cx.workspace.text_at(&path);
        match (current, before) {
            (None, _) => {
                unit = unit.create(path, NewFile::new(text, purpose(&module.text, area)));
            }
            (Some(current), before) if current.as_str() == text || before.as_ref() == Some(&text) => {}
            (Some(current), Some(before)) => {
                let why = format!("{} needs it", area.title());
                match merge::merge(&before, &text, current.as_str(), &why) {
                    Ok(edits) => unit.add(path, edits),
                    Err(line) => todo.push(Todo::unmet(
                        format!(
                            "`{}` was changed by hand where {} needs it changed; move the file away and run the step again, then bring your change back",
                            module.file_name,
                            area.title().to_lowercase()
                        ),
                        path,
                        line,
                    )),
                }
            }
            (Some(_), None) => todo.push(Todo::unmet(
                format!("a file of another purpose is where the {} module goes; rename it", module.name),
                path,
                1,
            )),
        }
    }
    if todo.is_empty() { Ok(unit) } else { Err(Halt::Refused(todo)) }
}

/// The style in which the modules that are there were written. What the steps insert is counted with the app's files, so
/// the app's majority may tip from one step to the next; the modules say what it was when they were made.
fn settled_style(kit: &Kit<'_>, old: &[template::Module]) -> Style {
    let there = |m: &template::Module| Some((m.text.clone(), kit.text(kit.module_file(&m.name)?)));
    let modules: Vec<_> = old.iter().filter_map(there).collect();
    // Lines of the renderings that are not in the files: none where nobody changed anything.
    let strange = |style: &Style| -> usize {
        let count = |(text, current): &(String, std::sync::Arc<crate::workspace::SourceText>)| {
            missing_lines(&restyle(text, kit.language(), style), current.as_str())
        };
        modules.iter().map(count).sum()
    };
    let mut style = kit.new_style(kit.language());
    let mut least = strange(&style);
    while least > 0 {
        let better = style.neighbours().into_iter().map(|other| (strange(&other), other));
        match better.min_by_key(|(lines, _)| *lines).filter(|(lines, _)| *lines < least) {
            Some((lines, other)) => (least, style) = (lines, other),
            None => break,
        }
    }
    style
}

/// How many lines of one text are not in another.
fn missing_lines(text: &str, other: &str) -> usize {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for line in other.split_inclusive('\n') {
        *left.entry(line).or_default() += 1;
    }
    let mut missing = 0;
    for line in text.split_inclusive('\n') {
        match left.get_mut(line).filter(|n| **n > 0) {
            Some(n) => *n -= 1,
            None => missing += 1,
        }
    }
    missing
}

/// The areas that are done, this one, and those it cannot do without.
fn with_needs(done: Areas, area: Area) -> Result<Areas, String> {
    let entry = template::area(area.id()).map_err(|error| chain(&error))?;
    let mut areas = done;
    for id in entry.needs.iter().chain([&entry.id]) {
        areas = areas.with(id).ok_or_else(|| format!("codemods/areas/{id} is no area"))?;
    }
    Ok(areas)
}

/// The first sentence of a module's documentation.
fn purpose(text: &str, area: Area) -> String {
    let head: String = text.chars().take(400).collect();
    let doc = head.split("/**").nth(1).or_else(|| head.split("\"\"\"").nth(1)).unwrap_or_default();
    let words = doc.split("*/").next().unwrap_or_default().replace(['*', '\n'], " ");
    let sentence = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match sentence.split(". ").next().map(|s| s.trim_end_matches('.').to_owned()) {
        Some(sentence) if !sentence.is_empty() && sentence.len() < 160 => sentence,
        _ => area.what().to_owned(),
    }
}

/// An error with its causes in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
