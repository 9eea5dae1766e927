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

/// A row's fields. `{n}` stands for a number, `{day}` for a day, and `{soon}` and `{then}` for five minutes of
/// this afternoon that no other row has, where a constraint lets a thing be there once.
fn fields(row: &Row) -> Json {
    static USED: AtomicI64 = AtomicI64::new(0);
    let n = USED.fetch_add(1, Ordering::Relaxed);
    let start = Timestamp::read("2027-01-04T00:00:00Z").expect("a time");
    let day = gongzhi_base::Zone::CHINA.date(start.plus_millis(n * 86_400_000)).to_string();
    let mut text = row["fields"].replace("{n}", &n.to_string()).replace("{day}", &day);
    if text.contains("{soon}") {
        let [soon, then] = this_afternoon();
        text = text.replace("{soon}", &soon).replace("{then}", &then);
    }
    match text.as_str() {
        "" => json!({}),
        // `@` stands for something that no row had before: a register's code is taken once.
        text => serde_json::from_str(&text.replace('@', &command()))
            .unwrap_or_else(|error| panic!("{row:?}: {error}")),
    }
}

/// The beginning and end of the next five minutes of this afternoon.
fn this_afternoon() -> [String; 2] {
    static USED: AtomicI64 = AtomicI64::new(0);
    const FIVE: i64 = 5 * 60_000;
    let zone = gongzhi_base::Zone::CHINA;
    let noon = zone.start_of(zone.date(county().clock.now())).plus_millis(12 * 3_600_000);
    let from = noon.plus_millis(USED.fetch_add(1, Ordering::Relaxed) * FIVE);
    assert_eq!(zone.date(from), zone.date(noon), "the afternoon is used up");
    [from, from.plus_millis(FIVE)].map(|at| zone.civil(at).strftime("%Y-%m-%d %H:%M").to_string())
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

/// Puts a file that was sent in the place of each `{paper}` in a list.
async fn with_papers(mut fields: Json) -> Json {
    let lists = fields.as_object_mut().into_iter().flat_map(|fields| fields.values_mut());
    for item in lists.filter_map(Json::as_array_mut).flatten().filter(|item| **item == "{paper}") {
        let asked = ask("POST", "/files?name=paper.pdf").body("application/pdf", super::files::PDF);
        *item = asked.send().await.expect(201);
    }
    fields
}

async fn take(row: &Row, open: &Open, lang: &str) -> Answer {
    let body = json!({ "command_id": command(), "fields": with_papers(fields(row)).await });
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

/// The documents of the suite by name.
fn documents() -> Vec<(String, String)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/refusals");
    let paths = std::fs::read_dir(dir).expect("the suite").flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    files.sort();
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).expect("a document");
    files.iter().map(|path| (path.display().to_string(), read(path))).collect()
}

/// The revision of a record, or of the record of which it is a part.
async fn revision(open: &Open) -> Json {
    ask("GET", &format!("/records/{}", open.id)).by("audit").send().await.expect(200)["revision"].clone()
}

/// What is wrong with an answer to a row.
fn fault(row: &Row, lang: &str, answer: &Answer) -> Option<&'static str> {
    if answer.status.as_str() != row["status"] {
        return Some("another status");
    }
    if answer.json["type"] != format!("/api/v1/problems#{}", row["kind"]) {
        return Some("another kind");
    }
    if !answer.json.to_string().contains(&row[lang]) {
        return Some("other words");
    }
    // What a rule refuses names the rule.
    let by_rule = ["no-right", "wrong-state", "need", "clash"].contains(&row["kind"].as_str());
    let clause = &answer.json["clause"];
    let named = clause["text"].as_str().is_some_and(|text| !text.is_empty())
        && clause["href"].as_str().is_some_and(|href| href.starts_with("/help/") && href.contains('#'));
    (by_rule && !named).then_some("no clause")
}

#[tokio::test]
async fn each_refusal_has_its_status_words_and_clause_and_changes_nothing() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (file, text) in documents() {
        let recipes = tables(&text, "state");
        // What is refused changes nothing, so that all rows of a state share one record.
        let mut reached: HashMap<String, (Open, Json)> = HashMap::new();
        for row in tables(&text, "who") {
            tried += 1;
            let state = row["in"].clone();
            if state != "new" && !reached.contains_key(&state) {
                let open = reach(&recipes, &state).await;
                let at = revision(&open).await;
                reached.insert(state.clone(), (open, at));
            }
            for lang in ["zh", "en"] {
                let answer = match reached.get(&state) {
                    None => open(&row, given(&recipes, &row).await, lang).await,
                    Some((on, _)) if row["step"].starts_with('+') => add(&row, on, lang).await,
                    Some((on, _)) => take(&row, on, lang).await,
                };
                if let Some(what) = fault(&row, lang, &answer) {
                    let (who, step) = (&row["who"], &row["step"]);
                    wrong.push(format!("{file} {who} {step} in {state} ({lang}): {what}: {}", answer.json));
                }
            }
        }
        for (state, (open, at)) in &reached {
            if revision(open).await != *at {
                wrong.push(format!("{file}: what was refused in {state} changed the record"));
            }
        }
    }
    assert!(tried > 20, "only {tried} rows");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The mechanism that a row is about.
fn about(recipes: &[Row], row: &Row) -> String {
    let named =
        |step: &str| step.split_once('/').map(|(mechanism, _)| mechanism.trim_start_matches('+').to_owned());
    if let Some(mechanism) = named(&row["step"]) {
        return mechanism;
    }
    let mut state = row["in"].as_str();
    loop {
        let recipe = recipes.iter().find(|recipe| recipe["state"] == state).expect("a recipe");
        let step = recipe["step"].as_str();
        // A later step of a part leaves the record that was opened before.
        let opens = step.starts_with(['+', '*']) || recipe["after"].is_empty();
        match (opens, recipe["after"].as_str()) {
            (true, _) if step.starts_with('*') => return step[1..].to_owned(),
            (true, _) => return named(step).unwrap_or_else(|| "matter".to_owned()),
            (false, before) => state = before,
        }
    }
}

#[test]
fn each_mechanism_has_at_least_five_different_refusals() {
    use std::collections::{BTreeMap, BTreeSet};
    let mut found: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    for (_, text) in documents() {
        let recipes = tables(&text, "state");
        for row in tables(&text, "who") {
            let key = ["who", "step", "in", "fields", "kind"].map(|name| row[name].clone());
            found.entry(about(&recipes, &row)).or_default().insert(key.to_vec());
        }
    }
    let library = &county().app.service.state().laws.library;
    let count = |name: &String| found.get(name).map_or(0, BTreeSet::len);
    let few: Vec<String> = library.mechanisms.keys().filter(|name| count(name) < 5).cloned().collect();
    assert!(few.is_empty(), "fewer than five rows in suite/refusals: {few:?}");
}
