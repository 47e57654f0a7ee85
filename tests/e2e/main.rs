//! The proof that the generated code is right: sample apps are integrated, installed, started beside a sandbox and a stand-in for
//! the AI provider, and used over HTTP.
//!
//! ```text
//! cargo test --test e2e                        # everything that did not pass as it is now
//! cargo test --test e2e express::is_billed     # as with any other test
//! E2E_AGAIN=1 cargo test --test e2e            # also what passed
//! ```
//!
//! A test that passed is not run again while everything it depends on is the same (`prepare.rs`); it is listed as `unchanged`.
//! An app whose runtime is missing is ignored, with the reason. Installed packages stay in `target/typecheck`, the rest in
//! `target/e2e`, where `app.log` of each app says what it printed.

mod app;
mod apps;
mod checks;
mod ledger;
mod person;
mod prepare;
mod process;
mod provider;
mod stage;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use libtest_mimic::{Arguments, Failed, Trial};
use tokio::runtime::Runtime;

use checks::Check;
use prepare::Prepared;
use stage::{Stage, World};

fn main() -> Result<ExitCode> {
    let mut arguments = Arguments::from_args();
    // The switches of a sandbox are there once for all, and two apps at a time are too much for a small machine.
    arguments.test_threads = Some(1);
    let _alone = if arguments.list { None } else { Some(prepare::alone()?) };
    let theatre = Arc::new(Theatre::new());
    let conclusion = libtest_mimic::run(&arguments, trials(&arguments, &theatre));
    theatre.close();
    Ok(conclusion.exit_code())
}

/// The tests of all apps that the arguments ask for.
fn trials(arguments: &Arguments, theatre: &Arc<Theatre>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for app in apps::ALL {
        let mut checks = checks::of(app);
        checks.retain(|check| is_wanted(arguments, &check.name));
        if checks.is_empty() {
            continue;
        }
        let prepared = if arguments.list { Ok(None) } else { prepare_if_possible(app) };
        match prepared {
            Ok(Some(prepared)) => {
                let prepared = Arc::new(prepared);
                trials.extend(checks.into_iter().map(|check| trial(check, &prepared, theatre)));
            }
            Ok(None) => {
                trials.extend(checks.into_iter().map(|check| Trial::test(check.name, || Ok(()))));
            }
            Err(Unprepared::Missing(reason)) => trials.extend(checks.into_iter().map(|check| {
                Trial::test(check.name, || Ok(())).with_kind(reason.clone()).with_ignored_flag(true)
            })),
            Err(Unprepared::Failed(error)) => {
                trials.push(Trial::test(format!("{}::is_integrated", app.name), move || {
                    Err(Failed::from(error))
                }));
            }
        }
    }
    trials
}

/// As `libtest` filters.
fn is_wanted(arguments: &Arguments, name: &str) -> bool {
    let matches =
        |filter: &String| if arguments.exact { name == filter } else { name.contains(filter.as_str()) };
    arguments.filter.as_ref().is_none_or(matches) && !arguments.skip.iter().any(matches)
}

/// Why there is nothing to start.
enum Unprepared {
    /// The reason, for people.
    Missing(String),
    Failed(String),
}

fn prepare_if_possible(app: &'static app::App) -> Result<Option<Prepared>, Unprepared> {
    let failed = |error: anyhow::Error| Unprepared::Failed(format!("{error:#}"));
    if let Some(reason) = prepare::missing(app).map_err(failed)? {
        return Err(Unprepared::Missing(reason));
    }
    prepare::integrate(app).map(Some).map_err(failed)
}

fn trial(check: Check, prepared: &Arc<Prepared>, theatre: &Arc<Theatre>) -> Trial {
    if prepared.has_passed(&check.name) && std::env::var_os("E2E_AGAIN").is_none() {
        return Trial::test(check.name, || Ok(())).with_kind("unchanged");
    }
    let (prepared, theatre) = (Arc::clone(prepared), Arc::clone(theatre));
    Trial::test(check.name.clone(), move || {
        theatre.play(&prepared, &check).map_err(|error| Failed::from(format!("{error:#}")))
    })
}

/// Where the tests take place: one app at a time, started when a test needs it and kept for the next.
struct Theatre {
    runtime: Runtime,
    stage: Mutex<Option<Stage>>,
}

impl Theatre {
    fn new() -> Self {
        Self { runtime: Runtime::new().expect("a runtime can be started"), stage: Mutex::new(None) }
    }

    /// Runs one check and remembers that it passed.
    fn play(&self, prepared: &Prepared, check: &Check) -> Result<()> {
        let mut stage = self.stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.runtime.block_on(async {
            let stage = set(&mut stage, prepared, check.world).await?;
            stage.reset();
            let start = stage.printed().len();
            let outcome = check.run(stage).await;
            stage.reset();
            outcome.map_err(|error| {
                anyhow::anyhow!("{error:#}\nMeanwhile the app printed:\n{}", stage.printed_since(start))
            })
        })?;
        prepared.pass(&check.name)
    }

    fn close(&self) {
        let stage = self.stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(stage) = stage {
            self.runtime.block_on(stage.strike());
        }
    }
}

/// The stage of this app in this world: the one that stands, or a new one.
async fn set<'s>(current: &'s mut Option<Stage>, prepared: &Prepared, world: World) -> Result<&'s Stage> {
    let stands =
        current.as_ref().is_some_and(|stage| stage.app.name == prepared.app.name && stage.world == world);
    if !stands {
        if let Some(stage) = current.take() {
            stage.strike().await;
        }
        *current = Some(Stage::set(prepared, world).await?);
    }
    current.as_ref().context("the stage was just set")
}
