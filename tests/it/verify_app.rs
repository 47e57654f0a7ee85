//! `verify --app`: the program watches a sandbox while a made-up app is used through it.

#![expect(clippy::unwrap_used, reason = "a fault in the set-up is to fail the test right there")]

use std::process::{Output, Stdio};

use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::common::Program;
use crate::sandbox_support::Bench;

/// An app that refuses everything, as it should with an empty balance; returns its address.
async fn refusing_app() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().fallback(async || (StatusCode::PAYMENT_REQUIRED, "top up first"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// The program, watching; what it says before it watches, and the address to open.
struct Watcher {
    child: Child,
    errors: BufReader<tokio::process::ChildStderr>,
    said: String,
    open: String,
}

impl Watcher {
    async fn start(bench: &Bench, app: &str, more: &[&str]) -> Self {
        let mut command = Command::from(Program::Tool.command(std::env::temp_dir().as_path()));
        command.args(["verify", "--url", &bench.handle.url(), "--app", app, "--json", "--through", "0"]);
        command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut watcher = Self {
            errors: BufReader::new(child.stderr.take().unwrap()),
            child,
            said: String::new(),
            open: String::new(),
        };
        while watcher.open.is_empty() {
            let mut line = String::new();
            assert_ne!(
                watcher.errors.read_line(&mut line).await.unwrap(),
                0,
                "ended early: {}",
                watcher.said
            );
            if let Some(rest) = line.strip_prefix("Open it at ") {
                watcher.open = rest.split_whitespace().next().unwrap().to_owned();
            }
            watcher.said.push_str(&line);
        }
        watcher
    }

    async fn end(mut self) -> (i32, Value, String) {
        let Output { status, stdout, .. } = self.child.wait_with_output().await.unwrap();
        self.errors.read_to_string(&mut self.said).await.unwrap();
        (status.code().unwrap(), serde_json::from_slice(&stdout).unwrap(), self.said)
    }
}

fn statuses(document: &Value) -> Vec<String> {
    let checks = document["checks"].as_array().unwrap();
    checks
        .iter()
        .map(|check| format!("{}: {}", check["check"].as_str().unwrap(), check["status"].as_str().unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_five_checks_are_seen_when_a_new_user_goes_through_the_app() {
    let bench = Bench::start().await;
    bench.customer("from_before", "default_plan").await;
    let app = refusing_app().await;
    let watcher = Watcher::start(&bench, &app, &[]).await;
    assert_ne!(watcher.open, app);

    let customer = bench.customer("user_1", "default_plan").await;
    let refused = bench.page(&format!("{}/api/image?prompt=x", watcher.open)).await;
    assert_eq!((refused.status, refused.text.as_str()), (402, "top up first"), "passed on unchanged");
    let session = json!({"customer_id": customer, "return_url": app, "failure_url": app});
    let portal = bench.post("/billing-portal/sessions", session).await.body["redirect_url"].clone();
    bench.form(portal.as_str().unwrap(), "amount=5&asset=USD&outcome=pay").await;
    bench.usage(&customer, "e1", "image_generated", json!({})).await;

    let (status, document, said) = watcher.end().await;
    assert_eq!(status, 0, "{said}");
    assert_eq!(document["environment"], "sandbox");
    assert_eq!(document["ok"], true);
    assert_eq!(
        statuses(&document),
        ["customer: seen", "usage: seen", "refusal: seen", "top_up: seen", "usage_again: seen"]
    );
    let details: Vec<&str> = document["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["detail"].as_str().unwrap())
        .collect();
    assert!(details[0].contains("user_1"), "{details:?}");
    assert!(details[1].contains("0.05 USD"), "{details:?}");
    assert_eq!(details[2], "`GET /api/image` answered 402", "without the query");
    assert_eq!(
        bench.handle.snapshot()["requests"].to_string().matches("wallet").count(),
        0,
        "it only watches"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_come_in_time_is_named_with_what_to_change() {
    let bench = Bench::start().await;
    let app = refusing_app().await;
    let watcher = Watcher::start(&bench, &app, &["--timeout", "2"]).await;
    let customer = bench.customer("user_1", "default_plan").await;
    bench.usage(&customer, "e1", "imagegenerated", json!({})).await;
    let (status, document, said) = watcher.end().await;
    assert_eq!(status, 1);
    assert_eq!(statuses(&document)[..2], ["customer: seen", "usage: missing"]);
    let change = document["checks"][1]["change"].as_str().unwrap();
    assert!(change.contains("did you mean image_generated"), "{change}");
    assert!(said.contains("was not charged"), "{said}");
}

#[tokio::test]
async fn an_app_that_does_not_answer_is_said_at_once() {
    let bench = Bench::start().await;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut command = Command::from(Program::Tool.command(std::env::temp_dir().as_path()));
    let app = format!("http://{free}");
    let output =
        command.args(["verify", "--url", &bench.handle.url(), "--app", &app]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("nothing answers at") && said.contains("CREDYT_API_URL"), "{said}");
}
