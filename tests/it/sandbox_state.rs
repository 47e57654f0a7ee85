//! The state file of the program: what was answered is kept, however it ends.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a fault in a helper ends its test")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::Program;

struct Served {
    child: Child,
    url: String,
}

fn serve(folder: &Path) -> Served {
    let mut command = Program::Tool.command(folder);
    command.args(["sandbox", "--port", "0", "--quiet", "--state", "state.json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("Sandbox ready at ").unwrap().to_owned();
    Served { child, url }
}

async fn call(http: &reqwest::Client, method: reqwest::Method, address: String, body: Value) -> Value {
    let request = http.request(method, address).header("x-credyt-api-key", "key_test_x");
    let answer = request.json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.text().await.unwrap().parse().unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_killed_sandbox_comes_back_with_what_it_had_written() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let http = reqwest::Client::new();
    let folder = tempfile::tempdir().unwrap();
    let mut served = serve(folder.path());
    let made = json!({"name": "Ada", "external_id": "user_1", "subscriptions": [{"products": [{"code": "default_plan"}]}]});
    let customer = call(&http, reqwest::Method::POST, format!("{}/customers", served.url), made).await;
    let events: Vec<Value> = (0..50)
        .map(|n| json!({"id": format!("e{n}"), "event_type": "image_generated", "occurred_at": jiff::Timestamp::now()}))
        .collect();
    let usage = json!({"customer_id": customer["id"], "events": events});
    call(&http, reqwest::Method::POST, format!("{}/events", served.url), usage).await;

    // It is written a little after the last change, and then the process is ended without a chance to do anything.
    let path = folder.path().join("state.json");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !std::fs::read_to_string(&path).unwrap_or_default().contains("\"e49\"") {
        assert!(Instant::now() < deadline, "never written");
        tokio::task::yield_now().await;
    }
    served.child.kill().unwrap();
    served.child.wait().unwrap();
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["state.json", "state.json.lock"], "the lock ends with the process, its file may stay");

    let mut served = serve(folder.path());
    let id = customer["id"].as_str().unwrap();
    let address = format!("{}/customers/{id}/wallet/default:USD", served.url);
    let account = call(&http, reqwest::Method::GET, address, Value::Null).await;
    assert_eq!(account["available"].to_string(), "-2.5");
    served.child.kill().unwrap();
    served.child.wait().unwrap();
}

#[tokio::test]
async fn a_state_file_has_one_sandbox() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let folder = tempfile::tempdir().unwrap();
    let mut served = serve(folder.path());
    let mut second = Program::Tool.command(folder.path());
    second.args(["sandbox", "--port", "0", "--state", "state.json"]);
    let second = second.output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("the state of another sandbox"), "{said}");
    served.child.kill().unwrap();
    served.child.wait().unwrap();
}
