//! Who pays, where users belong to teams: shown, settled once, remembered.

use crate::common::Project;

const ACTIONS: &str = "src/app/(auth)/actions.ts";

fn teams() -> Project {
    Project::fixture("nextjs-teams-drizzle")
}

const RUN: &[&str] = &["run", "--yes", "--offline", "--step", "customer", "--allow-dirty"];

#[test]
fn detect_shows_both_with_what_speaks_for_each() {
    let detected = teams().tool(&["detect", "--json"]).json();
    let payer = &detected["apps"][0]["payer"];
    assert_eq!(payer["default"], "organisation");
    let team = &payer["organisations"][0];
    assert_eq!(
        (&team["name"], &team["noun"], &team["billed"]),
        (&"teams".into(), &"team".into(), &true.into())
    );
    let last = team["evidence"].as_array().and_then(|all| all.last()).expect("evidence");
    assert_eq!((&last["file"], &last["line"]), (&"src/db/schema.ts".into(), &14.into()));
    assert!(last["why"].as_str().is_some_and(|why| why.contains("`stripeCustomerId`")), "{last}");
}

/// Wherever the formatting breaks a call up.
fn in_one_line(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn without_an_answer_the_record_that_is_billed_pays_and_the_answer_is_kept() {
    let project = teams();
    let ran = project.tool(RUN);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(project.read("credyt.toml").contains("payer = \"organisation\"\n"));
    let actions = project.read(ACTIONS);
    assert!(in_one_line(&actions).contains("registerCustomer({ id: String(created.id), email: person.email"));
    assert_eq!(actions.matches("registerCustomer(").count(), 1, "an invited member makes no customer");
    project.commit();
    // The evidence may go: the answer stays.
    let schema = project.read("src/db/schema.ts");
    project.write(
        "src/db/schema.ts",
        schema.replace("  stripeCustomerId: text(\"stripe_customer_id\").unique(),\n", ""),
    );
    project.commit();
    assert_eq!(project.tool(RUN).status, 0);
    assert_eq!(project.changes(), "");
}

#[test]
fn the_answer_on_the_command_line_wins() {
    let project = teams();
    let ran = project.tool(&[RUN, &["--set", "payer=user"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(project.read("credyt.toml").contains("payer = \"user\"\n"));
    let actions = in_one_line(&project.read(ACTIONS));
    assert!(actions.contains("registerCustomer({ id: String(person.id), email: person.email"), "{actions}");
    let refused = project.tool(&["plan", "--set", "payer=nobody"]);
    assert_eq!(refused.status, 1, "{}", refused.err);
    assert!(refused.err.contains("`payer`") && refused.err.contains("`\"organisation\"`"), "{}", refused.err);
}
