//! Who sees and does what: nothing here decides it, but nothing here may leak either.

use axum::http::header;
use serde_json::json;

use super::*;

#[tokio::test]
async fn another_township_s_officer_finds_nothing() {
    let open = report("村委会门口的健身器材坏了").await;
    for path in ["", "/history"] {
        let path = format!("/records/{}{path}", open.id);
        ask("GET", &path).by("officer.water").send().await.problem(404, "not-found");
    }
    step("officer.water", &open.id, "accept", json!({})).await.problem(404, "not-found");
    let found =
        ask("GET", &format!("/search?q={}", open.number)).by("officer.water").send().await.expect(200);
    assert_eq!(found["items"], json!([]));
    let list = ask("GET", "/records?mechanism=matter&limit=200").by("officer.water").send().await.expect(200);
    assert!(list["items"].as_array().expect("items").iter().all(|row| row["id"] != open.id.as_str()));
}

#[tokio::test]
async fn nobody_reads_without_a_session() {
    let open = report("公交站牌歪了要倒").await;
    for path in [format!("/records/{}", open.id), "/inbox".into(), "/records".into(), "/search?q=abc".into()]
    {
        let answer = ask("GET", &path).send().await;
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer realm=\"gongzhi\"");
        answer.problem(401, "signed-out");
    }
    let wrong = ask("GET", "/inbox").header(header::AUTHORIZATION, "Bearer 00").send().await;
    wrong.problem(401, "signed-out");
}

#[tokio::test]
async fn personal_fields_are_masked_until_a_look_is_recorded() {
    let open = report("楼道里的灯忽明忽暗").await;
    let path = format!("/records/{}", open.id);
    let answer = ask("GET", &path).by("window").send().await;
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("13800001234"));
    let seen = answer.expect(200);
    assert_eq!(seen["fields"]["contact_phone"]["masked"], "138****1234");
    assert_eq!(seen["fields"]["contact_name"]["masked"], "张＊＊");

    let body = json!({ "command_id": command(), "fields": ["contact_phone"], "purpose": "回访办理结果" });
    let looks = format!("{path}/looks");
    let looked = ask("POST", &looks).by("window").json(&body).send().await.expect(200);
    assert_eq!(looked["values"], json!({ "contact_phone": "13800001234" }));
    let history = ask("GET", &format!("{path}/history")).by("window").send().await;
    assert!(!String::from_utf8_lossy(&history.bytes).contains("13800001234"));
    let history = history.expect(200);
    let look = history["items"].as_array().expect("items").last().cloned().expect("an event");
    assert_eq!((&look["deed"], &look["look"]["purpose"]), (&json!("look"), &json!("回访办理结果")));
    assert_eq!(look["by"]["person"], "window");

    let idle = json!({ "command_id": command(), "fields": ["contact_phone"], "purpose": " " });
    ask("POST", &looks).by("window").json(&idle).send().await.problem(422, "fields");
    let body = json!({ "command_id": command(), "fields": ["contact_phone"], "purpose": "想看看" });
    ask("POST", &looks).by("audit").json(&body).send().await.problem(403, "no-right");
    ask("POST", &looks).json(&body).send().await.problem(401, "signed-out");
}

/// Erases at an address under the API as somebody.
async fn erase(path: &str, login: &str) -> Answer {
    let body = json!({ "command_id": command(), "reason": "办结后不再需要" });
    ask("POST", &format!("{path}/erasure")).by(login).json(&body).send().await
}

#[tokio::test]
async fn personal_values_are_erased_once_closed_by_whoever_may_look() {
    let open = report("小区门禁坏了谁都能进").await;
    let path = format!("/records/{}", open.id);
    let told = erase(&path, "window").await.problem(409, "still-needed");
    assert!(told["clause"]["text"].is_string() || told["detail"].is_string(), "{told}");
    step("officer.tongcheng", &open.id, "accept", json!({ "plan": "当天去看" })).await.expect(200);
    step("officer.tongcheng", &open.id, "answer", json!({ "done": "门禁已修好", "result": "solved" }))
        .await
        .expect(200);
    hold(&open.code, "rate", json!({ "solved": "yes", "satisfied": "yes" })).await.expect(200);

    erase(&path, "").await.problem(401, "signed-out");
    erase(&path, "audit").await.problem(403, "no-right");
    let idle = json!({ "command_id": command(), "reason": " " });
    ask("POST", &format!("{path}/erasure")).by("window").json(&idle).send().await.problem(422, "fields");
    erase(&path, "window").await.expect(200);

    let seen = ask("GET", &path).by("window").send().await.expect(200);
    assert!(seen["fields"].get("contact_phone").is_none(), "{seen}");
    let history = ask("GET", &format!("{path}/history")).by("window").send().await.expect(200);
    let last = history["items"].as_array().expect("items").last().cloned().expect("an event");
    assert_eq!((&last["deed"], &last["erased"]["reason"]), (&json!("erased"), &json!("办结后不再需要")));
    let found = ask("GET", "/search?q=13800001234").by("window").send().await.expect(200);
    let found = found["items"].as_array().expect("items");
    assert!(found.iter().all(|row| row["id"] != open.id.as_str()), "the index still finds him");
    erase(&path, "window").await.problem(409, "nothing-personal");
    let body = json!({ "command_id": command(), "fields": ["contact_phone"], "purpose": "回访办理结果" });
    let look = ask("POST", &format!("{path}/looks")).by("window").json(&body);
    look.send().await.problem(409, "nothing-personal");
    let again = ask("GET", &format!("{path}/history")).by("window").send().await.expect(200);
    assert_eq!(again["items"], history["items"], "nothing was seen");
}

#[tokio::test]
async fn the_holder_erases_his_own_values() {
    let open = report("路边广告牌松动").await;
    let path = format!("/follow/{}", open.code);
    erase(&path, "").await.problem(409, "still-needed");
    erase("/follow/7K3M-Q9XD-2HVB-T5NC", "").await.problem(404, "code");
    step("officer.tongcheng", &open.id, "accept", json!({ "plan": "马上加固" })).await.expect(200);
    step("officer.tongcheng", &open.id, "answer", json!({ "done": "已加固", "result": "solved" }))
        .await
        .expect(200);
    hold(&open.code, "rate", json!({ "solved": "yes", "satisfied": "yes" })).await.expect(200);
    erase(&path, "").await.expect(200);
    let seen = ask("GET", &format!("/records/{}", open.id)).by("window").send().await;
    assert!(!String::from_utf8_lossy(&seen.bytes).contains("138****"));
}

#[tokio::test]
async fn the_holder_sees_public_fields_and_no_names() {
    let open = report("广场舞音响太大影响休息").await;
    step("officer.tongcheng", &open.id, "accept", json!({ "plan": "当面协商" })).await.expect(200);
    step("supervise", &open.id, "supervise", json!({ "order": "三日内办结并报告" })).await.expect(200);
    let answer = ask("GET", &format!("/follow/{}", open.code.to_lowercase())).send().await;
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    for hidden in ["13800001234", "138****", "张", "officer.tongcheng", "三日内办结", "locality", "contact"]
    {
        assert!(!text.contains(hidden), "the holder sees `{hidden}`: {text}");
    }
    let seen = answer.expect(200);
    assert_eq!(seen["fields"]["plan"], "当面协商");
    let steps: Vec<&str> = seen["history"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|e| e["step"]["name"].as_str())
        .collect();
    assert_eq!(steps, ["report", "route", "accept", "supervise"]);
    let by = &seen["history"][2]["by"];
    assert_eq!((&by["role"], &by["unit"]), (&json!("officer"), &json!(OFFICE)));
}

#[tokio::test]
async fn a_cookie_reads_but_never_acts() {
    let open = report("垃圾桶满了没人收").await;
    let token = county().token("officer.tongcheng");
    let cookie = format!("{}={token}", crate::api::caller::session_cookie(false));
    let path = format!("/records/{}", open.id);
    ask("GET", &path).header(header::COOKIE, &cookie).send().await.expect(200);
    let body = json!({ "command_id": command(), "fields": {} });
    let acted =
        ask("POST", &format!("{path}/steps/accept")).header(header::COOKIE, &cookie).json(&body).send().await;
    acted.problem(404, "not-found");
}

#[tokio::test]
async fn wrong_codes_are_counted_and_right_ones_are_not() {
    let open = report("井水发黄有味道").await;
    let mut statuses = Vec::new();
    for _ in 0..25 {
        let wrong = ask("GET", "/follow/7K3M-Q9XD-2HVB-T5NC").from(77).send().await;
        statuses.push(wrong.status.as_u16());
    }
    assert_eq!(statuses.first(), Some(&404));
    assert_eq!(statuses.last(), Some(&429));
    let last = ask("GET", "/follow/x").from(77).lang("en").send().await;
    assert_eq!(last.headers[header::RETRY_AFTER], "60");
    last.problem(429, "too-many");
    ask("GET", &format!("/follow/{}", open.code)).from(77).send().await.expect(200);
}

#[tokio::test]
async fn signing_in_gives_a_token_that_signing_out_ends() {
    county().token("hotline");
    let wrong = json!({ "login": "hotline", "password": "guess" });
    let told = ask("POST", "/sign-in").from(78).lang("en").json(&wrong).send().await.problem(401, "sign-in");
    assert_eq!(told["title"], "Wrong login or password");
    let nobody = json!({ "login": "nobody-here", "password": "guess" });
    ask("POST", "/sign-in").from(78).json(&nobody).send().await.problem(401, "sign-in");
    let right = json!({ "login": "hotline", "password": PASSWORD });
    let signed = ask("POST", "/sign-in").from(78).json(&right).send().await.expect(200);
    assert_eq!(signed["posts"][0]["role"], "hotline");
    let bearer = format!("Bearer {}", signed["token"].as_str().expect("a token"));
    ask("GET", "/inbox").header(header::AUTHORIZATION, &bearer).send().await.expect(200);
    ask("POST", "/sign-out").header(header::AUTHORIZATION, &bearer).send().await.expect(204);
    ask("GET", "/inbox").header(header::AUTHORIZATION, &bearer).send().await.problem(401, "signed-out");
    ask("POST", "/sign-out").header(header::AUTHORIZATION, &bearer).send().await.problem(401, "token");
    for _ in 0..12 {
        ask("POST", "/sign-in").from(79).json(&wrong).send().await;
    }
    ask("POST", "/sign-in").from(79).json(&wrong).send().await.problem(429, "too-many");
}
