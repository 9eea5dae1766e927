//! Input that cannot be right: each is told in words, and nothing is changed.

use axum::http::header;
use serde_json::json;

use super::*;

const JSON: &str = "application/json";

#[tokio::test]
async fn broken_json_is_told_with_its_place() {
    let broken = ask("POST", "/records").lang("en").body(JSON, b"{\"command_id\":\n  oops}").send().await;
    assert_eq!(broken.headers[header::CONTENT_LANGUAGE], "en");
    let broken = broken.problem(400, "json-syntax");
    assert_eq!(broken["position"], json!({ "line": 2, "column": 3 }));
    let zh = ask("POST", "/records").body(JSON, b"{").send().await.problem(400, "json-syntax");
    assert!(zh["detail"].as_str().is_some_and(|detail| detail.contains("第 1 行")), "{zh}");
    for body in
        [r#"{"mechanism":"matter"}"#, r#"{"command_id":"a","mechanism":"m","step":"s","more":1}"#, "[]", "7"]
    {
        let shape =
            ask("POST", "/records").body(JSON, body.as_bytes()).send().await.problem(400, "json-shape");
        assert!(shape["reason"].as_str().is_some());
    }
    ask("POST", "/records").body(JSON, b"\xff\xfe").send().await.problem(400, "json-syntax");
    ask("POST", "/records").body(JSON, b"").send().await.problem(400, "json-syntax");
}

#[tokio::test]
async fn a_huge_body_and_other_types_are_not_taken() {
    let huge = vec![b' '; 300 * 1024];
    ask("POST", "/records").body(JSON, &huge).send().await.problem(413, "too-large");
    ask("POST", "/records").body("text/plain", b"{}").send().await.problem(415, "media-type");
    ask("POST", "/records").send().await.problem(415, "media-type");
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    ask("GET", "/nothing-here").lang("en").send().await.problem(404, "route");
    let wrong = ask("DELETE", "/records").send().await;
    assert!(wrong.headers.contains_key(header::ALLOW));
    wrong.problem(405, "method");
    ask("GET", "/mechanisms/no-such").send().await.problem(404, "not-found");
    ask("GET", "/records/xyz").by("dispatch").send().await.problem(404, "not-found");
    ask("GET", "/places/999").send().await.problem(404, "not-found");
    ask("GET", "/inbox?limit=many").by("dispatch").send().await.problem(400, "query");
    ask("GET", "/inbox?colour=red").by("dispatch").send().await.problem(400, "query");
    ask("GET", "/inbox?after=zzz").by("dispatch").send().await.problem(400, "query");
    ask("GET", "/records?indicator=none&mechanism=matter").by("dispatch").send().await.problem(400, "query");
}

#[tokio::test]
async fn all_faults_of_fields_come_at_once() {
    let fields = json!({ "what": "短", "where": "000", "kind": 7, "spot": { "lat": 999, "lon": 0 },
        "danger": "perhaps", "photos": ["x"], "colour": "red", "wish": "a\u{7}b" });
    let body = json!({ "command_id": command(), "mechanism": "matter", "step": "report", "fields": fields });
    let told = ask("POST", "/records").lang("en").json(&body).send().await.problem(422, "fields");
    let faults = told["faults"].as_array().expect("faults");
    let mut named: Vec<(&str, &str)> = faults
        .iter()
        .map(|fault| {
            (fault["field"].as_str().unwrap_or_default(), fault["code"].as_str().unwrap_or_default())
        })
        .collect();
    named.sort_unstable();
    assert_eq!(
        named,
        [
            ("colour", "not-asked"),
            ("danger", "not-bool"),
            ("kind", "no-entry"),
            ("photos", "not-file"),
            ("spot", "not-point"),
            ("what", "too-short"),
            ("where", "no-place"),
            ("wish", "bad-text"),
        ]
    );
    let open = report("小区门口有人占道经营").await;
    let told = step("officer.tongcheng", &open.id, "refuse", json!({})).await.problem(422, "fields");
    assert_eq!(told["faults"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_command_identifier_has_one_form() {
    for id in ["", "short", "has space in it", "中文中文中文中文"] {
        let body = json!({ "command_id": id, "mechanism": "matter", "step": "report", "fields": {} });
        let told = ask("POST", "/records").json(&body).send().await.problem(422, "fields");
        assert_eq!(told["faults"][0]["field"], "command_id");
    }
}
