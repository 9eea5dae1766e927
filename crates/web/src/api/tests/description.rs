//! What describes the API and the county, and what operators ask.

use std::collections::BTreeSet;

use axum::http::header;
use serde_json::json;

use super::*;

/// Every endpoint: a new one is entered here and nowhere else by hand.
const ENDPOINTS: &str = "
GET /catalogues/{name}
GET /dead-letters
GET /duplicates
GET /figures
GET /follow/{code}
GET /follow/{code}/files/{digest}
GET /follow/{code}/receipt
GET /inbox
GET /kinds/propose
GET /log/proof
GET /mechanisms
GET /mechanisms/{name}
GET /notices
GET /notices/settings
GET /places
GET /places.geojson
GET /places/near
GET /places/{code}
GET /places/{code}/children
GET /problems
GET /records
GET /records/{id}
GET /records/{id}/files/{digest}
GET /records/{id}/history
GET /records/{id}/receipt
GET /search
GET /units
POST /dead-letters/{id}
POST /files
POST /follow/{code}/erasure
POST /follow/{code}/steps/{step}
POST /imports/{mechanism}
POST /notices/read
POST /records
POST /records/{id}/erasure
POST /records/{id}/imports/{mechanism}
POST /records/{id}/looks
POST /records/{id}/steps/{step}
POST /sign-in
POST /sign-out
POST /steps/{step}
PUT /notices/settings
";

#[tokio::test]
async fn the_description_lists_every_endpoint() {
    let openapi = ask("GET", "/openapi.json").send().await.expect(200);
    assert_eq!(openapi["openapi"], "3.1.0");
    let paths = openapi["paths"].as_object().expect("paths");
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("operations").keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let listed: BTreeSet<String> =
        ENDPOINTS.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    assert_eq!(described, listed);
    for line in &listed {
        let (method, path) = line.split_once(' ').expect("two words");
        let path = path.replace(['{', '}'], "x");
        let answer = ask(method, &path).from(93).send().await;
        let missing = answer.json["type"] == "/api/v1/problems#route" || answer.status.as_u16() == 405;
        assert!(!missing, "{line} is described but not routed");
    }
}

#[tokio::test]
async fn every_reference_and_operation_of_the_description_is_whole() {
    let openapi = ask("GET", "/openapi.json").send().await.expect(200);
    let text = openapi.to_string();
    let schemas = openapi["components"]["schemas"].as_object().expect("schemas");
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap_or_default();
        assert!(schemas.contains_key(name), "`{name}` is named but not described");
    }
    assert!(schemas.contains_key("Problem"));
    assert_eq!(openapi["components"]["securitySchemes"]["session"]["scheme"], "bearer");
    for (path, item) in openapi["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            for member in ["summary", "operationId", "responses", "tags", "security"] {
                assert!(!operation[member].is_null(), "{method} {path} has no {member}");
            }
            let answers = operation["responses"].as_object().expect("answers");
            assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
        }
    }
    let mut ids = BTreeSet::new();
    for part in text.split("\"operationId\":\"").skip(1) {
        let id = part.split('"').next().unwrap_or_default();
        assert!(ids.insert(id.to_owned()), "the operation `{id}` is there twice");
    }
}

#[tokio::test]
async fn mechanisms_are_told_in_both_languages() {
    let list = ask("GET", "/mechanisms").send().await.expect(200);
    let names: Vec<&str> =
        list["items"].as_array().expect("items").iter().filter_map(|m| m["name"].as_str()).collect();
    assert!(names.contains(&"matter") && names.contains(&"assist"), "{names:?}");
    for name in names {
        let told = ask("GET", &format!("/mechanisms/{name}")).lang("en").send().await.expect(200);
        for part in ["fields", "steps", "states", "deadlines", "indicators"] {
            for one in told[part].as_array().expect("a list") {
                for lang in ["zh", "en"] {
                    assert!(
                        one["words"][lang].as_str().is_some_and(|words| !words.is_empty()),
                        "{name}: {one}"
                    );
                }
            }
        }
    }
    let kinds = ask("GET", "/catalogues/matter-kinds").send().await.expect(200);
    assert!(kinds["entries"].as_array().is_some_and(|entries| entries.len() > 100));
    let path = "/kinds/propose?mechanism=matter&text=%E5%81%9C%E6%B0%B4";
    let proposed = ask("GET", path).send().await.expect(200);
    assert_eq!(proposed["items"][0]["words"]["zh"], "停水");
}

#[tokio::test]
async fn places_are_found_as_the_islands_ask() {
    let found = ask("GET", "/places?q=%E8%A5%BF%E7%A4%BE&lang=en").send().await.expect(200);
    let first = &found["items"][0];
    assert_eq!((&first["code"], &first["name"]), (&json!(VILLAGE), &json!("Xishe Village")));
    assert_eq!((&first["path"], &first["level"]), (&json!("Tongcheng Town"), &json!("village")));
    assert!(first["more"].is_boolean());
    let towns = ask("GET", "/places?under=").send().await.expect(200);
    assert!(towns["items"].as_array().expect("items").iter().all(|place| place["level"] == "township"));
    let children = ask("GET", "/places/140823100000/children").send().await.expect(200);
    let under = ask("GET", "/places?under=140823100000").send().await.expect(200);
    assert_eq!(children, under);
    let near = ask("GET", "/places/near?lat=35.37378&lon=111.23758&level=village").send().await.expect(200);
    assert_eq!((&near["items"][0]["code"], &near["items"][0]["metres"]), (&json!(VILLAGE), &json!(0)));
    ask("GET", "/places/near?lat=95&lon=0").send().await.problem(400, "query");
    let map = ask("GET", "/places.geojson?level=township").send().await;
    assert_eq!(map.headers[header::CONTENT_TYPE], "application/geo+json");
    let map = map.expect(200);
    let at = map["features"][0]["geometry"]["coordinates"].as_array().expect("two numbers");
    assert!(at[0].as_f64() > Some(100.0), "the longitude comes first");
    let units = ask("GET", "/units?kind=township-office").send().await.expect(200);
    assert!(units["items"].as_array().expect("items").iter().any(|unit| unit["code"] == OFFICE));
}

#[tokio::test]
async fn kinds_of_problems_are_told_with_words() {
    let told = ask("GET", "/problems").send().await.expect(200);
    for kind in told["items"].as_array().expect("items") {
        for lang in ["zh", "en"] {
            let title = kind["title"][lang].as_str().unwrap_or_default();
            assert!(!title.is_empty() && !title.ends_with("-title"), "{kind}");
        }
    }
}

#[tokio::test]
async fn operators_get_their_answers() {
    for (path, text) in [("healthz", "ok"), ("readyz", "ready"), ("metrics", "")] {
        let request = Request::builder().uri(format!("/{path}")).body(Body::empty()).expect("a request");
        let response = county().router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        assert!(String::from_utf8_lossy(&bytes).contains(text));
    }
}
