//! `verify` in the folder of an integrated app: its event types are priced, and one that is free is a failure.

#![expect(clippy::unwrap_used, reason = "a fault in the set-up is to fail the test right there")]

use serde_json::Value;
use tokio::process::Command;

use crate::common::Program;
use crate::sandbox_support::Bench;

async fn verified(bench: &Bench, toml: &str) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("api")).unwrap();
    std::fs::write(folder.path().join("api/credyt.toml"), toml).unwrap();
    let mut command = Command::from(Program::Tool.command(folder.path()));
    command.args(["verify", "--url", &bench.handle.url(), "--json"]);
    let output = command.output().await.unwrap();
    (output.status.code().unwrap(), serde_json::from_slice(&output.stdout).unwrap())
}

#[tokio::test]
async fn an_event_type_that_no_price_listens_to_fails_with_the_nearest_one() {
    let bench = Bench::start().await;
    let toml = "version = 1\nproduct = \"default_plan\"\n[events.\"a.ts#f:0\"]\nevent_type = \"image_genrated\"\n[events.\"a.ts#f:1\"]\nevent_type = \"completion_finished\"\n[events.\"a.ts#f:2\"]\nevent_type = \"skipped\"\nskip = true\n";
    let (status, document) = verified(&bench, toml).await;
    assert_eq!((status, &document["ok"]), (1, &Value::Bool(false)));
    let events = document["events"].as_array().unwrap();
    let seen: Vec<(&str, &str)> = events
        .iter()
        .map(|event| (event["event_type"].as_str().unwrap(), event["status"].as_str().unwrap()))
        .collect();
    assert_eq!(seen, [("completion_finished", "pass"), ("image_genrated", "fail")]);
    assert!(events[1]["change"].as_str().unwrap().contains("did you mean `image_generated`?"), "{events:?}");
}

#[tokio::test]
async fn a_product_that_is_not_there_fails_and_priced_events_pass() {
    let bench = Bench::start().await;
    let events = "[events.\"a.ts#f:0\"]\nevent_type = \"image_generated\"\n";
    let (status, document) =
        verified(&bench, &format!("version = 1\nproduct = \"default_pln\"\n{events}")).await;
    assert_eq!(status, 1);
    assert!(document["events"][0]["change"].as_str().unwrap().contains("`default_plan`"), "{document}");
    let (status, document) = verified(&bench, &format!("version = 1\n{events}")).await;
    assert_eq!(status, 0, "{document}");
}
