//! Is this a project that can be integrated? A plain "no, because" is a result; an invented payer would be a fault.

use camino::Utf8Path;

use super::{AppFacts, Findings, RunError, fold, unread};
use crate::catalog::{Catalog, deployed};
use crate::sites::cx::Cx;
use crate::sites::{Detail, IdentityAt, Site, SiteKind, in_front};
use crate::workspace::Workspace;

/// The refusal for a folder without any app.
pub(super) fn no_app(root: &Utf8Path) -> RunError {
    RunError::NotIntegrable {
        why: format!("no app was found in `{root}`"),
        hints: vec![
            "an app has a manifest (`package.json`, `pyproject.toml`, `requirements.txt`) and a framework this build knows"
                .to_owned(),
            "run in the app's folder, or give it: `credyt-integrate PATH`".to_owned(),
        ],
    }
}

/// Refuses apps in which billing has no user to bill or nothing to bill for.
pub(super) fn check(
    findings: &Findings,
    catalog: &Catalog,
    app: &AppFacts,
    sites: &[Site],
) -> Result<(), RunError> {
    let name = if app.name.is_empty() { "this app" } else { &app.name };
    if let Some(reason) = &app.refused {
        let places = sites.iter().filter(|site| site.kind == SiteKind::Billable);
        return Err(RunError::NotIntegrable {
            why: format!("`{name}` cannot be integrated yet: {reason}"),
            hints: places
                .map(|site| format!("a paid call that is not billed: `{}:{}`", site.file, site.line))
                .collect(),
        });
    }
    let of = |kind: SiteKind| sites.iter().filter(move |site| site.kind == kind);
    let paid = of(SiteKind::Billable).count();
    let signups = of(SiteKind::Signup).count();
    let identified = of(SiteKind::Billable).any(|site| match &site.detail {
        Detail::Billable(billable) => billable.identity.at != IdentityAt::None,
        _ => false,
    });
    if app.has_users || signups > 0 || identified || is_guarded(findings, catalog, app, sites) {
        return Ok(());
    }
    if paid == 0
        && !app.providers.is_empty()
        && let Some((what, folder)) = apart(findings.program.workspace())
    {
        return Err(RunError::NotIntegrable {
            why: format!(
                "`{name}` spends nothing itself: the code in `{folder}` is deployed on its own ({what}), and nothing is written into that yet"
            ),
            hints: vec![format!("it uses {}", app.providers.join(", "))],
        });
    }
    if paid > 0 || !app.providers.is_empty() {
        let spends = match of(SiteKind::Billable).next() {
            Some(first) => format!(
                "{paid} paid call{} found (the first is at `{}:{}`)",
                if paid == 1 { " was" } else { "s were" },
                first.file,
                first.line
            ),
            None => format!("it uses {}", app.providers.join(", ")),
        };
        return Err(RunError::NotIntegrable {
            why: format!("requests to `{name}` carry no user, so nobody can be billed for its paid calls"),
            hints: vec![spends, "add sign-in first, then run again".to_owned()],
        });
    }
    Err(RunError::NotIntegrable {
        why: format!("`{name}` has nothing to bill: no paid call, no sign-up and no sign-in was found"),
        hints: vec!["if the app is in another folder, give it: `credyt-integrate PATH`".to_owned()],
    })
}

/// What code beside an app is deployed on its own: its kind, and the folder.
fn apart(workspace: &Workspace) -> Option<(&'static str, String)> {
    let code = workspace.files().map(|(_, file)| file).filter(|file| file.is_code() && !file.is_aside());
    code.into_iter().find_map(|file| {
        let (kind, (folder, _)) = deployed().iter().find_map(|kind| Some((kind, kind.unit(&file.path)?)))?;
        Some((kind.what.as_str(), folder.to_owned()))
    })
}

/// The same refusal with the code that was not looked into: what is missing may be in there.
pub(super) fn with_unread(refused: RunError, workspace: &Workspace) -> RunError {
    match refused {
        RunError::NotIntegrable { why, mut hints } => {
            hints.extend(fold(&unread::todo(workspace)).iter().map(ToString::to_string));
            RunError::NotIntegrable { why, hints }
        }
        other => other,
    }
}

/// Whether something in front of a paid call asks who is signed in, though nobody could be named.
fn is_guarded(findings: &Findings, catalog: &Catalog, app: &AppFacts, sites: &[Site]) -> bool {
    let cx = Cx::new(&findings.program, catalog, &app.app);
    sites.iter().any(|site| match &site.detail {
        Detail::Billable(billable) => billable
            .plan
            .handler
            .as_ref()
            .is_some_and(|handler| !in_front(&cx, handler.file, handler.function).is_empty()),
        _ => false,
    })
}
