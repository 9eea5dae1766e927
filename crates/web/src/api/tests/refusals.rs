//! The tables of `suite/refusals`: who tries what in which state, and what is answered.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use gongzhi_kernel::{Actor, Command, Order, recurs};
use serde_json::json;

use super::*;

/// A row by the names of its columns.
type Row = HashMap<String, String>;

/// The tables of a document whose first column has this name.
fn tables(text: &str, first: &str) -> Vec<Row> {
    let cells = |line: &str| -> Vec<String> {
        line.trim()
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    let mut rows = Vec::new();
    let mut heads: Option<Vec<String>> = None;
    for line in text.lines() {
        if !line.starts_with('|') {
            heads = None;
            continue;
        }
        let found = cells(line);
        match &heads {
            None => heads = Some(found),
            Some(_) if found.iter().all(|cell| cell.trim_matches(['-', ':']).is_empty()) => {}
            Some(known) if known[0] == first => rows.push(known.iter().cloned().zip(found).collect()),
            Some(_) => {}
        }
    }
    rows
}

/// A row's fields. `{n}` stands for a number and `{day}` for a day that no other row has, where a
/// constraint lets a thing be there once.
fn fields(row: &Row) -> Json {
    static USED: AtomicI64 = AtomicI64::new(0);
    let n = USED.fetch_add(1, Ordering::Relaxed);
    let start = Timestamp::read("2027-01-04T00:00:00Z").expect("a time");
    let day = gongzhi_base::Zone::CHINA.date(start.plus_millis(n * 86_400_000)).to_string();
    match row["fields"].replace("{n}", &n.to_string()).replace("{day}", &day).as_str() {
        "" => json!({}),
        // `@` stands for something that no row had before: a register's code is taken once.
        text => serde_json::from_str(&text.replace('@', &command()))
            .unwrap_or_else(|error| panic!("{row:?}: {error}")),
    }
}

/// Opens a part under a record: its step is written `+mechanism/step`.
async fn add(row: &Row, under: &Open, lang: &str) -> Answer {
    let mut fields = fields(row);
    fields["parent"] = json!(under.id);
    let (mechanism, step) = row["step"].trim_start_matches('+').split_once('/').expect("mechanism/step");
    let body = json!({ "command_id": command(), "mechanism": mechanism, "step": step, "fields": fields });
    let login = if row["who"] == "public" { "" } else { &row["who"] };
    ask("POST", "/records").by(login).lang(lang).json(&body).send().await
}

fn opened(answer: &Json) -> Open {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    Open { id: text("record"), number: text("number"), code: text("receipt_code") }
}

/// What opens by itself for a record in the present period: its step is written `*mechanism`.
fn recur(row: &Row, item: &Open) -> Open {
    let (mechanism, item) = (row["step"].trim_start_matches('*'), item.id.parse().expect("its id"));
    let service = county().app.service.clone();
    let state = service.state().clone();
    let rule = state.laws.newest(mechanism).and_then(|law| law.recurs.as_ref()).expect("it opens by itself");
    let period = rule.every.first(state.world.zone.date(service.now()));
    let id = recurs::id(mechanism, period, Some(item), &state.world);
    let order = Order::Recur { mechanism: mechanism.to_owned(), period, item: Some(item), id };
    let command = Command { id: service.new_command_id(), actor: Actor::System, at: service.now(), order };
    let code = service.receipt_code(id);
    std::thread::spawn(move || service.engine().act_blocking(command))
        .join()
        .expect("a thread")
        .expect("opens");
    Open { id: id.to_string(), number: String::new(), code }
}

/// The fields of a row; a text `^state` stands for the record that the recipe of that state opens.
async fn given(recipes: &[Row], row: &Row) -> Json {
    let mut fields = fields(row);
    for value in fields.as_object_mut().expect("fields by name").values_mut() {
        if let Some(state) = value.as_str().and_then(|text| text.strip_prefix('^')) {
            // A recipe may rest on another one: what it opens is a part of what that one opens.
            *value = Box::pin(reach(recipes, state)).await.id.into();
        }
    }
    fields
}

/// Brings a new record into a state, by the recipes of the document.
async fn reach(recipes: &[Row], state: &str) -> Open {
    let mut path = Vec::new();
    let mut at = state.to_owned();
    while !at.is_empty() {
        let recipe =
            recipes.iter().find(|row| row["state"] == at).unwrap_or_else(|| panic!("no recipe for `{at}`"));
        path.push(recipe);
        at.clone_from(&recipe["after"]);
    }
    let first = path.pop().expect("a recipe");
    let mut open = match first["step"].contains('/') {
        true => opened(&open(first, given(recipes, first).await, "zh").await.expect(201)),
        false => report_with(fields(first)).await,
    };
    for recipe in path.into_iter().rev() {
        match recipe["step"].chars().next() {
            Some('+') => open = opened(&add(recipe, &open, "zh").await.expect(201)),
            Some('*') => open = recur(recipe, &open),
            _ => drop(take(recipe, &open, "zh").await.expect(200)),
        }
    }
    open
}

/// The first part of a record that is of a mechanism.
async fn part(id: &str, mechanism: &str) -> String {
    let parts = ask("GET", &format!("/records/{id}")).by("audit").send().await.expect(200)["parts"].clone();
    let mut parts = parts.as_array().expect("parts").clone().into_iter();
    let found = parts.find(|part| part["mechanism"] == mechanism);
    found.unwrap_or_else(|| panic!("no part of `{mechanism}`"))["id"].as_str().expect("its id").to_owned()
}

async fn take(row: &Row, open: &Open, lang: &str) -> Answer {
    let body = json!({ "command_id": command(), "fields": fields(row) });
    let (id, step) = match row["step"].split_once('/') {
        Some((mechanism, step)) => (part(&open.id, mechanism).await, step),
        None => (open.id.clone(), row["step"].as_str()),
    };
    let asked = match row["who"].as_str() {
        "holder" => ask("POST", &format!("/follow/{}/steps/{step}", open.code)),
        "public" => ask("POST", &format!("/records/{id}/steps/{step}")),
        login => ask("POST", &format!("/records/{id}/steps/{step}")).by(login),
    };
    asked.lang(lang).json(&body).send().await
}

/// Tries to open a record.
async fn open(row: &Row, fields: Json, lang: &str) -> Answer {
    let (mechanism, step) = row["step"].split_once('/').expect("mechanism/step");
    let body = json!({ "command_id": command(), "mechanism": mechanism, "step": step, "fields": fields });
    let login = if row["who"] == "public" { "" } else { &row["who"] };
    ask("POST", "/records").by(login).lang(lang).json(&body).send().await
}

#[tokio::test]
async fn each_refusal_has_its_status_and_words() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/refusals");
    let mut files: Vec<_> =
        std::fs::read_dir(dir).expect("the suite").flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "md")) {
        let text = std::fs::read_to_string(file).expect("a document");
        let recipes = tables(&text, "state");
        for row in tables(&text, "who") {
            tried += 1;
            let reached = match row["in"].as_str() {
                "new" => None,
                state => Some(reach(&recipes, state).await),
            };
            for lang in ["zh", "en"] {
                let answer = match &reached {
                    None => open(&row, given(&recipes, &row).await, lang).await,
                    Some(reached) if row["step"].starts_with('+') => add(&row, reached, lang).await,
                    Some(reached) => take(&row, reached, lang).await,
                };
                let told = answer.json.to_string();
                let kind = format!("/api/v1/problems#{}", row["kind"]);
                if answer.status.as_str() != row["status"]
                    || answer.json["type"] != kind
                    || !told.contains(&row[lang])
                {
                    wrong.push(format!(
                        "{} {} {} in {} ({lang}): {told}",
                        file.display(),
                        row["who"],
                        row["step"],
                        row["in"]
                    ));
                }
            }
        }
    }
    assert!(tried > 20, "only {tried} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
