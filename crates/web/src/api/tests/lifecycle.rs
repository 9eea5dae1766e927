//! From report to rating, and what the same command again does.

use axum::http::header;
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_matter_runs_from_report_to_rating() {
    let open = report("村口第三盏路灯连着三天不亮").await;
    assert!(open.number.starts_with("W2026-"), "{}", open.number);
    assert_eq!(open.code.len(), 19);

    let seen = ask("GET", &format!("/records/{}", open.id)).by("officer.tongcheng").send().await.expect(200);
    assert_eq!(seen["state"]["name"], "dispatched", "the rules dispatch what is classified");
    assert_eq!(seen["fields"]["handler"], OFFICE);
    let steps: Vec<&str> =
        seen["steps"].as_array().expect("steps").iter().filter_map(|s| s["name"].as_str()).collect();
    assert!(steps.contains(&"accept") && steps.contains(&"refuse"), "{steps:?}");
    let deadlines = seen["deadlines"].as_array().expect("deadlines");
    let answer = deadlines.iter().find(|deadline| deadline["name"] == "answer").expect("runs");
    assert_eq!(answer["state"], "running");
    assert_eq!(answer["within"], "7 days");
    assert!(answer["rule"]["basis"].as_str().is_some_and(|basis| !basis.is_empty()));

    let inbox = ask("GET", "/inbox?limit=200").by("officer.tongcheng").send().await.expect(200);
    let waiting = inbox["page"]["items"].as_array().expect("items");
    assert!(waiting.iter().any(|row| row["id"] == open.id.as_str()));

    county().tick();
    step("officer.tongcheng", &open.id, "accept", json!({ "plan": "今天下午到现场" })).await.expect(200);
    step("officer.tongcheng", &open.id, "answer", json!({ "done": "已更换灯泡和线路", "result": "solved" }))
        .await
        .expect(200);

    let followed = ask("GET", &format!("/follow/{}", open.code)).send().await.expect(200);
    assert_eq!(followed["state"]["name"], "answered");
    assert_eq!(followed["fields"]["done"], "已更换灯泡和线路");
    let offered = async || {
        let steps = ask("GET", &format!("/follow/{}", open.code)).send().await.expect(200)["steps"].clone();
        steps.as_array().expect("steps").iter().any(|step| step["name"] == "rate")
    };
    assert!(offered().await);
    hold(&open.code, "rate", json!({ "solved": "yes", "satisfied": "yes" })).await.expect(200);
    assert!(!offered().await, "what is rated is not offered for rating again");

    let closed = ask("GET", &format!("/records/{}", open.id)).by("dispatch").send().await.expect(200);
    assert_eq!(closed["state"]["name"], "closed");
    assert_eq!(closed["state"]["final"], true);

    let history =
        ask("GET", &format!("/records/{}/history", open.id)).by("dispatch").send().await.expect(200);
    let steps: Vec<&str> = history["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|e| e["step"]["name"].as_str())
        .collect();
    assert_eq!(steps, ["report", "route", "accept", "answer", "rate"]);

    let found = ask("GET", &format!("/search?q={}", open.number)).by("dispatch").send().await.expect(200);
    assert_eq!(found["items"][0]["id"], open.id.as_str());

    let figures =
        ask("GET", "/figures?mechanism=matter&dimension=unit&keys=tongcheng").send().await.expect(200);
    let figures = figures["items"].as_array().expect("items");
    assert!(figures.iter().any(|figure| figure["numerator"].as_i64() > Some(0)), "{figures:?}");
}

#[tokio::test]
async fn the_same_command_again_gives_the_same_answer_once() {
    let body = json!({ "command_id": command(), "mechanism": "matter", "step": "report",
        "fields": { "what": "桥头护栏断了一截", "where": VILLAGE } });
    let first = ask("POST", "/records").json(&body).send().await;
    let location = first.headers[header::LOCATION].to_str().expect("ascii").to_owned();
    let first = first.expect(201);
    assert_eq!(location, format!("/api/v1/records/{}", first["record"].as_str().expect("an id")));
    let again = ask("POST", "/records").json(&body).send().await.expect(201);
    assert_eq!(again["again"], true);
    for same in ["record", "number", "revision", "seq", "receipt_code"] {
        assert_eq!(first[same], again[same], "{same}");
    }
    let mut other = body.clone();
    other["fields"]["what"] = json!("另外一件事情");
    let reused = ask("POST", "/records").json(&other).send().await.problem(409, "reused");
    assert!(reused["detail"].as_str().is_some());
}

#[tokio::test]
async fn a_step_on_a_stale_page_is_refused_and_says_where_the_record_is() {
    let open = report("巷子里的下水井盖丢了").await;
    let seen = ask("GET", &format!("/records/{}", open.id)).by("officer.tongcheng").send().await.expect(200);
    let revision = seen["revision"].as_u64().expect("a revision");
    step("officer.tongcheng2", &open.id, "accept", json!({})).await.expect(200);
    let body = json!({ "command_id": command(), "seen": revision, "fields": { "reason": "不属本单位", "clause": "三定方案" } });
    let path = format!("/records/{}/steps/refuse", open.id);
    let stale = ask("POST", &path).by("officer.tongcheng").json(&body).send().await.problem(409, "stale");
    assert!(stale["revision"].as_u64() > Some(revision));
}

#[tokio::test]
async fn joint_handling_opens_parts_that_hold_the_answer_back() {
    let open = report("河道边堆了很多建筑垃圾").await;
    step("officer.tongcheng", &open.id, "accept", json!({})).await.expect(200);
    let ask_cgj = json!({ "partners": ["cgj"], "request": "请协助清运" });
    step("officer.tongcheng", &open.id, "joint", ask_cgj).await.expect(200);
    let held = json!({ "done": "已经清理完毕", "result": "solved" });
    step("officer.tongcheng", &open.id, "answer", held.clone()).await.problem(422, "need");
    let seen = ask("GET", &format!("/records/{}", open.id)).by("officer.tongcheng").send().await.expect(200);
    let part = seen["parts"][0]["id"].as_str().expect("a part").to_owned();
    step("officer.urban", &part, "join", json!({})).await.expect(200);
    step("officer.urban", &part, "reply", json!({ "done": "已派车清运" })).await.expect(200);
    step("officer.tongcheng", &part, "confirm", json!({})).await.expect(200);
    step("officer.tongcheng", &open.id, "answer", held).await.expect(200);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let (first, second) = (report("学校门口积水一").await, report("学校门口积水二").await);
    let path = "/records?mechanism=matter&state=dispatched&unit=tongcheng&limit=1";
    let page = ask("GET", path).by("dispatch").send().await.expect(200);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    let next = page["next"].as_str().expect("there are more").to_owned();
    let page = ask("GET", &format!("{path}&after={next}")).by("dispatch").send().await.expect(200);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    let all = ask("GET", "/records?mechanism=matter&limit=200").by("dispatch").send().await.expect(200);
    for open in [first, second] {
        assert!(all["items"].as_array().expect("items").iter().any(|row| row["id"] == open.id.as_str()));
    }
    let near = "/duplicates?mechanism=matter&text=学校门口积水&place=140823100200";
    let near = near.replace("学校门口积水", "%E5%AD%A6%E6%A0%A1%E9%97%A8%E5%8F%A3%E7%A7%AF%E6%B0%B4");
    let likely = ask("GET", &near).by("window").send().await.expect(200);
    assert!(likely["items"].as_array().is_some_and(|items| items.len() >= 2), "{likely}");
}
