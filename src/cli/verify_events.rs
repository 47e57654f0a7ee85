//! The part of `verify` that is about the app in the working folder: the product and the event types of its `credyt.toml`.

use camino::{Utf8Path, Utf8PathBuf};

use crate::answers::{Answers, FILE_NAME};
use crate::credyt::verify::Status;
use crate::credyt::verify_events::{EventCheck, check_events};
use crate::credyt::{Client, nearest};
use crate::review::{Label, Screen, Text};
use crate::run::RunError;
use crate::workspace::WorkspaceError;

/// Folders below the working folder in which an app is looked for.
const DEPTH: usize = 2;

/// The answers of an app, with the file they are in.
pub(super) struct Kept {
    file: Utf8PathBuf,
    answers: Answers,
}

/// The answers beside the working folder's app, or those of the apps right below it.
pub(super) fn kept(folder: &Utf8Path) -> Result<Vec<Kept>, RunError> {
    let mut found = Vec::new();
    look(folder, folder, DEPTH, &mut found)?;
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

fn look(root: &Utf8Path, folder: &Utf8Path, depth: usize, found: &mut Vec<Kept>) -> Result<(), RunError> {
    let path = folder.join(FILE_NAME);
    let read = std::fs::read_to_string(&path);
    let file = path.strip_prefix(root).unwrap_or(&path).to_owned();
    if read.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::InvalidData) {
        return Err(WorkspaceError::NotUtf8(file.into_string()).into());
    }
    if let Ok(text) = read {
        let answers = Answers::parse(file.as_str(), &text)?;
        found.push(Kept { file, answers });
        return Ok(());
    }
    let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
    // What cannot be read holds no app.
    let Ok(entries) = folder.read_dir_utf8() else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !name.starts_with('.') && name != "node_modules" {
            look(root, entry.path(), depth, found)?;
        }
    }
    Ok(())
}

/// Prices every event type of the answers; empty where no app is.
pub(super) async fn check(client: &Client, kept: &[Kept]) -> Result<Vec<EventCheck>, RunError> {
    let mut checks = Vec::new();
    for Kept { answers, .. } in kept {
        let types = answers.event_types();
        if types.is_empty() {
            continue;
        }
        let code = answers.product();
        if let Some(product) = client.find_product(code).await? {
            checks.extend(check_events(client, &product, &types).await?);
        } else {
            let all = client.products().await?;
            let near = nearest(code, all.iter().map(|product| product.code.as_str()));
            let change = near.map_or_else(
                || format!("make the product `{code}` in Credyt and publish it"),
                |near| format!("did you mean the product `{near}`?"),
            );
            let detail = format!("there is no product `{code}`");
            checks.extend(types.iter().map(|t| EventCheck::failed(t, &detail, &change)));
        }
    }
    Ok(checks)
}

/// Prints what was found.
pub(super) fn show(screen: &mut Screen, kept: &[Kept], checks: &[EventCheck]) -> Result<(), RunError> {
    if checks.is_empty() {
        return Ok(());
    }
    let files: Vec<&str> = kept.iter().map(|kept| kept.file.as_str()).collect();
    screen.report(
        Text::new().with(Label::Heading, "events of this app").muted(&format!("  {}", files.join(", "))),
    )?;
    for EventCheck { event_type, status, detail, change } in checks {
        let (label, mark) =
            if *status == Status::Pass { (Label::Success, "✓ pass") } else { (Label::Error, "✗ fail") };
        let line = Text::new().plain("  ").with(label, mark).plain("  ").plain(event_type).pad_to(32);
        screen.report_indented(32, line.muted(detail))?;
        if let Some(change) = change {
            let text = Text::new().plain("").pad_to(10).with(Label::Hint, "change: ").plain(change);
            screen.report_indented(32, text)?;
        }
    }
    Ok(())
}
