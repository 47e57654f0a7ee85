//! Why a route could not be added, told with what is there: the app that has a session without an id is not one that knows
//! nobody, and a list that no setting names is not a list that is missing.

use crate::catalog::Listed;
use crate::sites::Detail;
use crate::steps::Todo;
use crate::steps::support::{Kit, identity};

/// Nobody is known to a new handler: what the app's own handlers lack for it.
pub(super) fn user(kit: &Kit<'_>, what: &str) -> Todo {
    // Whatever keeps the paid calls from a payer keeps the route from its user.
    let missing = kit.cx.sites.iter().find_map(|site| match &site.detail {
        Detail::Billable(billable) => Some((site, billable, billable.plan.missing.as_ref()?)),
        _ => None,
    });
    if let Some((site, billable, why)) = missing {
        // It is said of what the handler has, which a paid call further down does not show.
        let handler = billable.plan.handler.as_ref().filter(|handler| kit.path(handler.file) != site.file);
        let (file, line) = handler.map_or((site.file.as_str(), site.line), |handler| {
            let line = kit.text(handler.file).line_of(billable.plan.reached_by.start as usize);
            (kit.path(handler.file), line)
        });
        return Todo::route(what, why.as_str()).at(file, line);
    }
    let shown = identity::shown(kit).find_map(|shown| Some((shown.file, shown.function?, shown.identity.id)));
    if let Some((file, function, id)) = shown {
        let at = kit.cx.program.facts(file).function(function).span.start as usize;
        let why = format!(
            "the handler here knows the signed-in user as `{id}`, in a way that another file cannot; give the app a \
             function that any handler can ask for the user, and run the step again"
        );
        return Todo::route(what, why).at(kit.path(file), kit.text(file).line_of(at));
    }
    Todo::route(
        what,
        "no handler of the app shows how the signed-in user is known; let one that only the signed-in reach read the \
         user's id, and run the step again",
    )
}

/// The list of routes was not found: the setting that names it, or the list where there is one all the same.
pub(super) fn listing(kit: &Kit<'_>, rules: &Listed, what: &str) -> Todo {
    let bound = |name: &str| {
        kit.cx.program.files_with_word(name).into_iter().filter(|file| kit.files.contains(file)).find_map(
            |file| {
                let bindings = &kit.cx.program.facts(file).bindings;
                let binding = bindings.iter().find(|b| b.names.iter().any(|n| n.local == name))?;
                Some((file, kit.text(file).line_of(binding.statement.start as usize)))
            },
        )
    };
    let list = rules.list.as_str();
    let Some(setting) = rules.setting.as_deref() else {
        return Todo::route(
            what,
            format!("no `{list}` was found that names the class of a handler which knows the signed-in user"),
        );
    };
    match (bound(setting), bound(list)) {
        (Some((file, line)), _) => Todo::route(
            what,
            format!("`{setting}` leads to no module of the app with a list `{list}`; add the route where it leads"),
        )
        .at(kit.path(file), line),
        (None, Some((file, line))) => Todo::route(
            what,
            format!(
                "whether `{list}` here is the app's own list of routes is not known, because no setting `{setting}` names \
                 it; set it, and run the step again"
            ),
        )
        .at(kit.path(file), line),
        (None, None) => Todo::route(what, format!("the app has neither a setting `{setting}` nor a list `{list}`")),
    }
}
