//! `plan`: a run that writes nothing and asks nothing.

use super::args::PlanArgs;
use super::{CommandResult, Rooms, interrupt, run};
use crate::review::Screen;
use crate::run::{Options, Unattended};

pub(super) fn plan(screen: &mut Screen, rooms: &Rooms<'_>, args: &PlanArgs) -> CommandResult {
    let options = Options {
        app: args.choice.app.clone(),
        step: (!args.choice.step.is_empty()).then(|| args.choice.step.clone()),
        skip: args.choice.skip.clone(),
        set: args.choice.set.clone(),
        dry_run: true,
        allow_dirty: true,
        typecheck: false,
    };
    // A pager may come, and Ctrl-C is its own while it is there.
    interrupt::handle();
    screen.hold();
    let result = run::walk(screen, rooms, &mut Unattended, &options, &args.path, args.json);
    screen.release()?;
    result
}
