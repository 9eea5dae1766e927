//! What one was told, over the API and by the address of a calendar.

use serde_json::json;

use super::*;

#[tokio::test]
async fn whoever_is_meant_is_told_and_marks_it_as_read() {
    let open = report("河道边的护栏松了").await;
    let told = ask("GET", "/notices?limit=200&lang=en").by("officer.tongcheng").send().await.expect(200);
    let notices = told["notices"].as_array().expect("notices");
    let mine = notices.iter().find(|one| one["record"] == open.id.as_str()).expect("told");
    assert_eq!(
        (&mine["rule"], &mine["mechanism"], &mine["read"]),
        (&json!("assigned"), &json!("matter"), &json!(false))
    );
    let text = mine["text"].as_str().expect("a text");
    assert!(
        text.starts_with(&format!("{} has come to your unit", open.number)) && !text.contains("护栏"),
        "{text}"
    );
    assert!(told["unread"].as_u64().is_some_and(|unread| unread > 0));
    let others = ask("GET", "/notices?limit=200").by("officer.water").send().await.expect(200);
    assert!(
        others["notices"].as_array().expect("notices").iter().all(|one| one["record"] != open.id.as_str())
    );

    ask("POST", "/notices/read")
        .by("officer.tongcheng")
        .json(&json!({ "up_to": mine["id"] }))
        .send()
        .await
        .expect(204);
    let told = ask("GET", "/notices?limit=200").by("officer.tongcheng").send().await.expect(200);
    let again = told["notices"].as_array().expect("notices").iter().find(|one| one["id"] == mine["id"]);
    assert_eq!(again.expect("still there")["read"], true);

    ask("GET", "/notices").send().await.problem(401, "signed-out");
    ask("GET", "/notices?after=x").by("officer.tongcheng").send().await.problem(400, "query");
    for up_to in ["", "1", "x-1", "-1-0", "18446744073709551615-0"] {
        let body = json!({ "up_to": up_to });
        ask("POST", "/notices/read").by("officer.tongcheng").json(&body).send().await.problem(400, "query");
    }
}

#[tokio::test]
async fn a_calendar_opens_with_its_secret_only() {
    let open = report("人行道地砖翘起来了").await;
    let service = county().app.service.clone();
    let secret = tokio::task::spawn_blocking(move || service.new_feed("officer.tongcheng"));
    let secret = secret.await.expect("asked").expect("an address");
    let calendar = ask_at("GET", &format!("/desk/calendar.ics?token={secret}")).send().await;
    assert_eq!(
        (calendar.status.as_u16(), calendar.headers[header::CONTENT_TYPE].as_bytes()),
        (200, &b"text/calendar; charset=utf-8"[..])
    );
    let text = String::from_utf8(calendar.bytes).expect("UTF-8");
    assert!(text.contains(&format!("SUMMARY:{}", open.number)) && !text.contains("地砖"), "{text}");
    for wrong in ["", "?token=", "?token=0000", "?token=%00"] {
        assert_eq!(
            ask_at("GET", &format!("/desk/calendar.ics{wrong}")).send().await.status.as_u16(),
            404,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn settings_are_chosen_whole_or_not_at_all() {
    let settings = |change: serde_json::Value| {
        let mut all = json!({ "lang": "en", "mail": "daily", "address": "zhao@example.cn", "hook": "off", "url": "", "form": "wecom", "hour": 9 });
        all.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        all
    };
    let put = |body: serde_json::Value| ask("PUT", "/notices/settings").by("hotline").json(&body);
    put(settings(json!({}))).send().await.expect(204);
    let kept = ask("GET", "/notices/settings").by("hotline").send().await.expect(200);
    assert_eq!(kept, settings(json!({})), "the secret is never told");
    let wrong =
        settings(json!({ "address": "zhao", "hook": "at-once", "url": "https://192.168.0.4/x", "hour": 24 }));
    let told = put(wrong).lang("en").send().await.problem(422, "fields");
    let fields: Vec<&str> =
        told["faults"].as_array().expect("faults").iter().filter_map(|one| one["field"].as_str()).collect();
    assert_eq!(fields, ["address", "url", "hour"]);
    let told =
        put(settings(json!({ "mail": "hourly", "form": "pager" }))).send().await.problem(422, "fields");
    assert_eq!(told["faults"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        ask("GET", "/notices/settings").by("hotline").send().await.expect(200),
        kept,
        "nothing was taken over"
    );
    ask("PUT", "/notices/settings").json(&settings(json!({}))).send().await.problem(401, "signed-out");
}

#[tokio::test]
async fn dead_letters_are_for_whoever_administers() {
    ask("GET", "/dead-letters").by("officer.water").send().await.problem(404, "not-found");
    let letters = ask("GET", "/dead-letters").by("admin").send().await.expect(200);
    assert_eq!((&letters["letters"], &letters["dead"]), (&json!([]), &json!(0)));
    ask("GET", "/dead-letters?before=x").by("admin").send().await.problem(400, "query");
    let decide = |login: &str, id: &str| {
        ask("POST", &format!("/dead-letters/{id}")).by(login).json(&json!({ "again": true }))
    };
    decide("admin", &"0".repeat(64)).send().await.problem(404, "not-found");
    decide("admin", "x").send().await.problem(404, "not-found");
    decide("officer.water", &"0".repeat(64)).send().await.problem(404, "not-found");
}
