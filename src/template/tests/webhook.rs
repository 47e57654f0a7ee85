//! The webhook module as it runs: JavaScript in Node, Python in both its flavours, over the same deliveries.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::*;
use crate::credyt::{SIGNATURE_HEADER, sign};

const SECRET: &str = "whsec_test_of_the_generated_module";

/// A delivery: the header, the body as it arrives, and whether it is to be believed.
fn delivery(name: &str, header: &str, body: &str, genuine: bool) -> Value {
    json!({ "name": name, "header": header, "body": body, "genuine": genuine })
}

fn deliveries() -> Vec<Value> {
    let now = jiff::Timestamp::now().as_second();
    let body = r#"{"id":"evt_1","type":"subscription.activated","data":{"customer_id":"cust_1","note":"ä"}}"#;
    let header = sign(SECRET, now, body.as_bytes());
    let hash = header.split("v0=").nth(1).unwrap_or_default();
    let other = "ab".repeat(32);
    vec![
        delivery("as it was sent", &header, body, true),
        delivery("the second of two hashes", &format!("t={now},v0={other},{hash}"), body, true),
        delivery("an unknown scheme beside it", &format!("t={now},v1={other},v0={hash}"), body, true),
        delivery("spaces after the commas", &format!("t={now}, v0={hash}"), body, true),
        delivery("a changed body", &header, &body.replace("cust_1", "cust_2"), false),
        delivery("a body that was parsed and written again", &header, &body.replace(':', ": "), false),
        delivery("another secret", &sign("whsec_another", now, body.as_bytes()), body, false),
        delivery("another time", &format!("t={},v0={hash}", now - 1), body, false),
        delivery("too old", &sign(SECRET, now - 301, body.as_bytes()), body, false),
        // Far enough for a program that takes its time to start.
        delivery("from the future", &sign(SECRET, now + 900, body.as_bytes()), body, false),
        delivery("a hash cut short", header.trim_end_matches(|c| hash.ends_with(c)), body, false),
        delivery("no hash", &format!("t={now}"), body, false),
        delivery("no time", &format!("v0={hash}"), body, false),
        delivery("no header", "", body, false),
    ]
}

/// What is in order whatever the language: who was activated after each event.
fn course() -> Value {
    json!({
        "events": [
            { "id": "evt_1", "type": "subscription.activated", "data": { "customer_id": "cust_1" } },
            { "id": "evt_1", "type": "subscription.activated", "data": { "customer_id": "cust_1" } },
            { "id": "evt_2", "type": "balance.low", "data": { "customer_id": "cust_1" } },
            { "id": "evt_3", "type": "subscription.activated", "data": {} },
            { "id": "evt_4", "type": "subscription.activated", "data": { "customer_id": "fails once" } },
            { "id": "evt_4", "type": "subscription.activated", "data": { "customer_id": "fails once" } },
            { "id": "evt_5", "type": "subscription.activated", "data": { "customer_id": "stranger" } },
        ],
        "activated": ["user of cust_1", "failed", "user of fails once"],
    })
}

const NODE: &str = r#"
import { readFileSync } from "node:fs";
import { handleWebhook, readWebhook } from "./webhook.js";
const { deliveries, events } = JSON.parse(readFileSync(0, "utf8"));
const believed = deliveries.map((d) => readWebhook(d.header || undefined, Buffer.from(d.body))?.id === "evt_1");
const asText = deliveries.map((d) => readWebhook(d.header, d.body)?.id === "evt_1");
const activated = [];
for (const event of events) {
  try {
    await handleWebhook(event, async (user) => { activated.push(user); });
  } catch {
    activated.push("failed");
  }
}
console.log(JSON.stringify({ believed, asText, activated }));
"#;

const NODE_CLIENT: &str = r#"
let failed = false;
export const credyt = {
  async getCustomer(id) {
    if (id === "fails once" && !failed) {
      failed = true;
      throw new Error("not now");
    }
    return { id, external_id: id === "stranger" ? null : `user of ${id}` };
  },
};
"#;

const PYTHON: &str = r#"
import asyncio, inspect, json, sys
from credyt.webhook import WebhookEvent, handle_webhook, read_webhook
given = json.load(sys.stdin)
def believed(d):
    event = read_webhook(d["header"] or None, d["body"].encode())
    return event is not None and event.id == "evt_1"
believes = [believed(d) for d in given["deliveries"]]
activated = []
def activate(user): activated.append(user)
async def activate_async(user): activated.append(user)
for event in given["events"]:
    event = WebhookEvent(event["id"], event["type"], event["data"])
    try:
        if inspect.iscoroutinefunction(handle_webhook):
            asyncio.run(handle_webhook(event, activate_async))
        else:
            handle_webhook(event, activate)
    except RuntimeError:
        activated.append("failed")
print(json.dumps({"believed": believes, "activated": activated}))
"#;

const PYTHON_CLIENT: &str = r#"
failed = []
def _customer(id):
    if id == "fails once" and not failed:
        failed.append(id)
        raise RuntimeError("not now")
    return {"id": id, "external_id": None if id == "stranger" else f"user of {id}"}
"#;

/// The webhook module of an app, without the modules it uses.
fn module(context: &ModuleContext) -> String {
    let modules = modules(context).unwrap();
    modules.into_iter().find(|module| module.name == "webhook").unwrap().text
}

/// What the program answers, `None` when it is not installed.
fn answer(program: &str, script: &str, folder: &Path) -> Option<Value> {
    let input = json!({ "deliveries": deliveries(), "events": course()["events"] });
    let stdin = folder.join("input.json");
    std::fs::write(&stdin, input.to_string()).unwrap();
    let run = Command::new(program)
        .arg(script)
        .current_dir(folder)
        .env("CREDYT_WEBHOOK_SECRET", SECRET)
        .stdin(std::fs::File::open(stdin).unwrap())
        .output();
    let Ok(output) = run else {
        eprintln!("left out: `{program}` is not installed here");
        return None;
    };
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn assert_believed(answers: &Value, of: &str) {
    for (delivery, believed) in deliveries().iter().zip(answers.as_array().unwrap()) {
        assert_eq!(*believed, delivery["genuine"], "{of}: {}", delivery["name"]);
    }
}

#[test]
fn node_believes_what_credyt_signed_and_acts_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("package.json", r#"{"type":"module"}"#);
    write("webhook.js", &module(&javascript(ModuleSystem::Esm)));
    write("client.js", NODE_CLIENT);
    write("run.js", NODE);
    let Some(answer) = answer("node", "run.js", folder.path()) else { return };
    assert_believed(&answer["believed"], "bytes");
    assert_believed(&answer["asText"], "text");
    assert_eq!(answer["activated"], course()["activated"]);
}

#[test]
fn python_believes_what_credyt_signed_and_acts_once() {
    for (flavour, get) in [(Flavour::Sync, "def"), (Flavour::Async, "async def")] {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("credyt");
        std::fs::create_dir(&package).unwrap();
        std::fs::write(package.join("__init__.py"), "").unwrap();
        let client = format!("{PYTHON_CLIENT}{get} get_customer(id): return _customer(id)\n");
        std::fs::write(package.join("client.py"), client).unwrap();
        let context = python(flavour, Client::Http, HttpLibrary::Httpx);
        std::fs::write(package.join("webhook.py"), module(&context)).unwrap();
        std::fs::write(folder.path().join("run.py"), PYTHON).unwrap();
        let Some(answer) = answer("python3", "run.py", folder.path()) else { return };
        assert_believed(&answer["believed"], get);
        assert_eq!(answer["activated"], course()["activated"], "{get}");
    }
}

#[test]
fn the_module_names_the_header_that_is_sent() {
    for context in [typescript(), python(Flavour::Sync, Client::Http, HttpLibrary::Httpx)] {
        assert!(module(&context).contains(SIGNATURE_HEADER));
    }
}
