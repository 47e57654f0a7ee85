//! Paid calls in the function that a queue runs: which events get an id, and what is said of the rest.

use crate::steps::paid::tests::plan;
use crate::steps::{Area, StepPlan};

macro_rules! sample {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../../../fixtures/shape-queue-bullmq/", $path)))
    };
}

/// Plans the events of the sample app with other lines in its worker, behind the one that takes the job apart.
fn events(lines: &str) -> (StepPlan, String) {
    let (path, worker) = sample!("src/worker.ts");
    let (head, tail) = worker.split_once("  const output").unwrap();
    let (_, tail) = tail.split_once("\n}\n").unwrap();
    let worker = format!("{head}{lines}\n}}\n{tail}");
    let files = [
        sample!("package.json"),
        sample!("src/db.ts"),
        sample!("src/queue/clips.ts"),
        sample!("src/routes/accounts.ts"),
        sample!("src/routes/clips.ts"),
        sample!("src/server.ts"),
        sample!("src/session.ts"),
        (path, &worker),
    ];
    plan(&files, Area::Events, path)
}

fn todo_of(plan: &StepPlan) -> String {
    plan.todo.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_event_of_a_job_is_named_by_the_job_and_its_place() {
    let (plan, text) = events(
        "  const still = await replicate.run(\"a/video\", { input: { prompt } });\n  const output = await replicate.run(\"b/video\", { input: { still } });\n  await keep(clipId, output);",
    );
    let id = "id: `${job.queueName}:${job.id}:${job.timestamp}:video_generated`,\n";
    assert_eq!(text.matches(id).count(), 1, "{text}");
    assert_eq!(text.matches(&id.replace("d`", "d:2`")).count(), 1, "{text}");
    assert!(todo_of(&plan).contains("pays the provider again for `replicate.run`"), "{}", todo_of(&plan));
}

#[test]
fn a_call_that_a_job_makes_more_than_once_is_not_billed_once_for_all() {
    let (plan, text) = events(
        "  for (const part of prompt) {\n    const output = await replicate.run(\"a/video\", { input: { part } });\n    await keep(clipId, output);\n  }",
    );
    assert!(text.contains("await recordUsage({"), "{text}");
    assert!(!text.contains("id: `"), "{text}");
    assert!(todo_of(&plan).contains("which it calls more than once"), "{}", todo_of(&plan));
}
