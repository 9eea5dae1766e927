//! One step of many records.

use serde_json::json;

use super::*;

#[tokio::test]
async fn each_record_is_answered_by_itself_and_the_same_request_does_nothing_again() {
    let (first, second) = (report("巷口井盖松动").await, report("公厕门锁坏了").await);
    step("officer.tongcheng", &second.id, "accept", json!({ "plan": "明天修" })).await.expect(200);
    let body = |rehearse: bool, command: &str| {
        json!({ "command_id": command, "rehearse": rehearse, "fields": { "plan": "今天去看" },
            "records": [{ "record": first.id }, { "record": second.id }, { "record": "00112233445566778899aabbccddeeff" }] })
    };
    let batch = command();
    let send =
        async |by: &str, body| ask("POST", "/steps/accept").by(by).json(&body).send().await.expect(200);

    let told = send("officer.tongcheng", body(true, &batch)).await;
    let results = told["results"].as_array().expect("results").clone();
    assert_eq!((&results[0]["taken"], &results[0]["problem"]), (&json!(true), &json!(null)));
    assert_eq!(results[1]["problem"]["type"], "/api/v1/problems#wrong-state");
    assert!(results[1]["problem"]["clause"].is_object(), "{told}");
    assert_eq!(results[2]["problem"]["status"], 404);
    let seen = ask("GET", &format!("/records/{}", first.id)).by("officer.tongcheng").send().await.expect(200);
    assert_eq!(seen["state"]["name"], "dispatched", "a rehearsal writes nothing");

    // Whoever has no right sees neither record nor step.
    let other = send("officer.water", body(true, &batch)).await;
    assert!(other["results"].as_array().expect("results").iter().all(|one| one["taken"] == false), "{other}");

    let done = send("officer.tongcheng", body(false, &batch)).await;
    let taken: Vec<bool> = done["results"]
        .as_array()
        .expect("results")
        .iter()
        .filter_map(|one| one["taken"].as_bool())
        .collect();
    assert_eq!(taken, [true, false, false]);
    let again = send("officer.tongcheng", body(false, &batch)).await;
    assert_eq!(again["results"][0], done["results"][0], "answered alike");
    let seen = ask("GET", &format!("/records/{}", first.id)).by("officer.tongcheng").send().await.expect(200);
    assert_eq!(
        (&seen["state"]["name"], &seen["revision"]),
        (&json!("accepted"), &done["results"][0]["revision"])
    );
}

#[tokio::test]
async fn nobody_and_too_many_are_refused() {
    let open = report("电线垂到路面").await;
    let body = json!({ "command_id": command(), "fields": {}, "records": [{ "record": open.id }] });
    let done = ask("POST", "/steps/accept").json(&body).send().await.expect(200);
    assert_eq!(done["results"][0]["taken"], false, "without a session nothing is taken");
    let none = json!({ "command_id": command(), "fields": {}, "records": [] });
    ask("POST", "/steps/accept").by("officer.tongcheng").json(&none).send().await.problem(400, "query");
}
