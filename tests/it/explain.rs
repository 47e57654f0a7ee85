//! `explain`: the way to a place, who pays there, and what lost; and what it says when there is no such place.

use std::path::Path;

use serde_json::Value;

use crate::common::{Program, Project};

/// `explain` in a fixture: the status, stdout and stderr.
fn explain(fixture: &str, arguments: &[&str]) -> (i32, String, String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(fixture);
    let output = Program::Tool.command(&folder).arg("explain").args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().expect("not killed"), text(output.stdout), text(output.stderr))
}

#[test]
fn a_paid_call_in_a_service_reads_like_this() {
    let (status, out, err) = explain("express-jwt-prisma", &["WriterService.write"]);
    assert_eq!((status, err.as_str()), (0, ""));
    insta::assert_snapshot!(out);
}

#[test]
fn a_sign_up_reads_like_this() {
    let (status, out, _) = explain("fastapi-sqlmodel-jwt", &["signup:"]);
    assert_eq!(status, 0, "{out}");
    insta::assert_snapshot!(out);
}

#[test]
fn the_document_has_the_way_the_payer_and_the_score() {
    let (status, out, err) = explain("express-jwt-prisma", &["WriterService.write", "--json"]);
    assert_eq!((status, err.as_str()), (0, ""));
    let document: Value = serde_json::from_str(&out).expect("one document");
    assert_eq!(document["version"], 1);
    assert_eq!(document["site"]["kind"], "billable");
    let way: Vec<&str> =
        document["chain"].as_array().expect("hops").iter().filter_map(|h| h["what"].as_str()).collect();
    assert_eq!((way.first(), way.last()), (Some(&"entry"), Some(&"site")));
    assert!(document["chain"].as_array().expect("hops").iter().all(|h| h["line"].is_u64()));
    assert_eq!(document["payer"]["expr"], document["site"]["detail"]["identity"]["expr"]);
    assert!(document["lost"].is_array());
    let parts = document["score"]["parts"].as_array().expect("parts");
    let sum: f64 = parts.iter().filter_map(|p| p["points"].as_f64()).sum();
    assert!((sum - document["score"]["total"].as_f64().expect("a number")).abs() < 0.001);
}

#[test]
fn a_place_that_is_not_there_is_refused_with_those_that_are_near() {
    let (status, out, err) = explain("express-jwt-prisma", &["WriterService.wrte"]);
    assert_eq!((status, out.as_str()), (2, ""));
    insta::assert_snapshot!(err);
    let (status, _, err) = explain("express-jwt-prisma", &["WriterService"]);
    assert_eq!(status, 2);
    insta::assert_snapshot!(err);
    let (status, _, err) = explain("express-jwt-prisma", &["src/services/writer.service.ts:1"]);
    assert_eq!(status, 2);
    insta::assert_snapshot!(err);
    let (_, _, err) = explain("express-jwt-prisma", &["42"]);
    insta::assert_snapshot!(err);
    let empty = Project::without_git(&[]).tool(&["explain", "x", "--json"]);
    assert_eq!(empty.status, 2);
    assert_eq!(empty.json()["error"]["kind"], "usage");
}
