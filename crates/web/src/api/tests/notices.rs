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
