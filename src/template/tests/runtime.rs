//! The client, customer, balance and usage modules as they run, against a sandbox that misbehaves on purpose: ids that stand
//! for nobody, usage of nothing, repeats, limits, many actions at once, an outage, a faulty setup.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::*;
use crate::sandbox::{SANDBOX_KEY, Sandbox, SandboxConfig};

/// Writes the modules of an app; those of `bad` subscribe to a product that nobody made.
fn write(context: &ModuleContext, folder: &Path) {
    for (name, product) in [("good", "default_plan"), ("bad", "no_such_plan")] {
        let context = ModuleContext { product: product.to_owned(), ..context.clone() };
        std::fs::create_dir(folder.join(name)).unwrap();
        for module in modules(&context).unwrap() {
            std::fs::write(folder.join(name).join(&module.file_name), &module.text).unwrap();
        }
    }
}

/// What the script saw; `None` when the program is not installed.
fn run(program: &str, script: &str, folder: &Path, policy: &str) -> Option<Value> {
    if Command::new(program).arg("--version").output().is_err() {
        eprintln!("left out: `{program}` is not installed here");
        return None;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let sandbox = runtime.block_on(Sandbox::start(SandboxConfig::default())).unwrap();
    let output = Command::new(program)
        .args([script, &sandbox.url(), policy])
        .current_dir(folder)
        .env("CREDYT_API_KEY", SANDBOX_KEY)
        .env("CREDYT_API_URL", sandbox.url())
        .output()
        .unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn assert_behaves(seen: &Value, policy: OnUnavailable) {
    let refused = json!(["SetupError", null, "SetupError", "SetupError", 503, "billing_misconfigured"]);
    assert_eq!(seen["nobody"], json!(vec![refused; 8]), "an id that stands for nobody has no wallet");
    assert_eq!(seen["nobodyAsked"], json!([]));
    assert_eq!(seen["nobodyHints"], 1, "said once, not at each request");

    assert_eq!(seen["nothing"], json!([]), "nothing is not sold, and what was not told is not 0");
    assert_eq!(seen["nothingLogged"], 4);
    assert_eq!(seen["something"], json!([{ "input_tokens": 5, "estimated": true }]));
    assert_eq!(seen["somethingLogged"], 1);

    let job = ["00000000-0000-4000-8000-000000000000", "84f805a2-26ff-5324-8cc9-017c7bd89f75"];
    assert_eq!(seen["job"], json!(job), "one event a job, however often it is tried");
    assert_eq!(seen["repeated"], 4, "an event whose answer was lost is there");
    assert_eq!(seen["repeatedLogged"], json!([]));
    assert_eq!(seen["limited"].as_array().unwrap().len(), 3);
    assert_eq!(seen["limited"][0], 5);
    assert_eq!(seen["limitedLogged"], json!([]));

    assert_eq!(seen["parallel"], 3, "what is under way is taken off");
    assert_eq!(seen["refused"], json!([402, "insufficient_balance", 0.01]));
    assert_eq!(seen["spent"], 0);
    assert_eq!(seen["again"], 1);
    assert_eq!(seen["later"], 1, "an action that was never billed does not count for ever");

    let (answer, calls) = (&seen["hanging"][0], &seen["hanging"][1]);
    match policy {
        OnUnavailable::Allow => assert_eq!(*answer, json!([true, true, true])),
        OnUnavailable::Block => {
            let refused = json!([503, "balance_unavailable", { "Retry-After": "5" }]);
            assert_eq!(*answer, json!(vec![refused; 3]));
        }
    }
    assert_eq!(*calls, 1, "after one time-out the others do not wait");
    assert_eq!(seen["recordWaited"], false);
    assert_eq!((&seen["back"], &seen["backAgain"]), (&json!(true), &json!(402)));

    let fault = json!([false, 503, "billing_misconfigured"]);
    assert_eq!(seen["unknownProduct"], json!([fault, fault]), "a faulty setup makes nothing free");
    let hints = seen["unknownProductHints"].as_array().unwrap();
    assert_eq!(hints.len(), 1);
    assert!(hints[0].as_str().unwrap().contains("no_such_plan"), "{hints:?}");
    assert_eq!((&seen["badKey"], &seen["noKey"]), (&fault[2], &fault[2]));
}

fn with_policy(mut context: ModuleContext, policy: OnUnavailable) -> ModuleContext {
    context.on_unavailable = policy;
    context.node_floor = Some(18);
    context.web_crypto = false;
    context
}

#[test]
fn node_bills_the_right_user_once_whatever_happens() {
    for (policy, name) in [(OnUnavailable::Allow, "allow"), (OnUnavailable::Block, "block")] {
        let folder = tempfile::tempdir().unwrap();
        write(&with_policy(javascript(ModuleSystem::Esm), policy), folder.path());
        std::fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).unwrap();
        std::fs::write(folder.path().join("check.mjs"), include_str!("runtime/check.mjs")).unwrap();
        let Some(seen) = run("node", "check.mjs", folder.path(), name) else { return };
        assert_behaves(&seen, policy);
        assert_eq!(seen["limited"], json!([5, 42_000, 42_000]));
    }
}

#[test]
fn python_bills_the_right_user_once_whatever_happens() {
    for (policy, name) in [(OnUnavailable::Allow, "allow"), (OnUnavailable::Block, "block")] {
        let folder = tempfile::tempdir().unwrap();
        let context = python(Flavour::Sync, Client::Http, HttpLibrary::Requests);
        write(&with_policy(context, policy), folder.path());
        std::fs::write(folder.path().join("requests.py"), include_str!("runtime/requests.py")).unwrap();
        std::fs::write(folder.path().join("check.py"), include_str!("runtime/check.py")).unwrap();
        let Some(seen) = run("python3", "check.py", folder.path(), name) else { return };
        assert_behaves(&seen, policy);
        assert_eq!(seen["limited"], json!([5, 42.0, 42.0]));
        assert_eq!(seen["place"], true, "the error says where the app is at fault");
    }
}
