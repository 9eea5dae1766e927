//! `gongzhi doctor`: what it says of a sound county, and of one with something wrong.

use crate::county::{Place, gongzhi, open};

fn look(county: &std::path::Path, more: &[&str]) -> (Option<i32>, String) {
    let mut args: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"doctor", &"--data", &county];
    args.extend(more.iter().map(|arg| arg as &dyn AsRef<std::ffi::OsStr>));
    let output = gongzhi(&args);
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_sound_county_has_no_failure_in_either_language() {
    let place = Place::new();
    let county = place.county("county");
    let (code, said) = look(&county, &["--deep", "--lang", "zh"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("[正常] 主密钥") && said.contains("从未备份"), "{said}");
    let (code, said) = look(&county, &["--lang", "en", "--format", "json"]);
    assert_eq!(code, Some(0), "{said}");
    let json: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    let lines = json.as_array().expect("lines");
    let of =
        |check: &str| lines.iter().find(|line| line["check"] == check).unwrap_or_else(|| panic!("{check}"));
    assert_eq!(of("durability")["level"], "ok");
    assert_eq!(of("backup")["outcome"], "never");
    assert!(lines.iter().all(|line| !line["words"].as_str().expect("words").contains("doctor-")), "{said}");
    // How much room is too little is the administrator's to say.
    let (code, said) = look(&county, &["--lang", "en", "--least-free", "1000000000"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("[FAIL] disk: only") && said.contains("1 failed"), "{said}");
}

#[test]
fn each_fault_is_named_with_what_to_do() {
    let place = Place::new();
    let county = place.county("county");
    let cases: [(&str, &str, &str); 6] = [
        ("UPDATE ledger SET size = size + 1", "log", "end"),
        ("DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)", "log", "end"),
        ("UPDATE node SET hash = zeroblob(31)", "log", "root"),
        ("UPDATE ledger SET rebuilding = 1", "whole", "rebuilding"),
        (
            "UPDATE record_key SET key = zeroblob(72) WHERE record = (SELECT max(record) FROM record_key)",
            "keys",
            "bad",
        ),
        ("UPDATE setting SET value = x'22' WHERE name = 'calendar'", "calendar", "missing"),
    ];
    for (n, (sql, check, outcome)) in cases.into_iter().enumerate() {
        let county = place.county(&format!("case-{n}"));
        assert!(open(&county).execute(sql, []).expect("changed") > 0, "{sql}");
        let (code, said) = look(&county, &["--lang", "en", "--format", "json"]);
        assert_eq!(code, Some(1), "{sql}: {said}");
        let json: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        let found = json.as_array().expect("lines").iter().any(|line| {
            // A node that cannot even be read ends the examination.
            let named = line["check"] == check && line["outcome"] == outcome
                || check == "log" && line["check"] == "reading";
            line["level"] == "fail" && named
        });
        assert!(found, "{sql}: {said}");
    }
    let late = "UPDATE setting SET value = CAST('1700000000000 5' AS BLOB) WHERE name = 'backup-last'";
    open(&county)
        .execute(
            "INSERT INTO setting (county, name, value) SELECT county, 'backup-last', x'31' FROM ledger",
            [],
        )
        .expect("a setting");
    open(&county).execute(late, []).expect("changed");
    let (code, said) = look(&county, &["--lang", "en"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("[warn] backup: the last backup is"), "{said}");
}

#[test]
fn a_clock_set_back_is_noticed() {
    let place = Place::new();
    let county = place.county("county");
    // The demo's past ends now: an entry of the future is what a clock set back looks like.
    let ledger = crate::bytes::ledger(&county).expect("a ledger");
    let (county_code, head) = (crate::bytes::code(&county), ledger.head().expect("a head"));
    let mut last = ledger.entries(head.size - 1, 1).expect("entries").remove(0);
    let mut event =
        <gongzhi_kernel::Event as gongzhi_base::canon::Canon>::from_bytes(&last.body).expect("an event");
    event.at = event.at.plus_millis(3 * 3_600_000);
    event.revision += 1;
    let (entry, _) = head.append(&county_code, &event, [1; 16]);
    last = entry;
    let batch = gongzhi_store::Batch { entries: vec![last], ..gongzhi_store::Batch::default() };
    ledger.commit(head, &batch).expect("committed");
    drop(ledger);
    let (code, said) = look(&county, &["--lang", "en"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("minutes before the last entry"), "{said}");
}

#[test]
fn keys_that_were_lost_are_a_failure() {
    let place = Place::new();
    let county = place.county("county");
    assert!(open(&county).execute("DELETE FROM record_key", []).expect("deleted") > 0);
    let (code, said) = look(&county, &["--deep"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("[FAIL] personal values"), "{said}");
    assert!(said.contains("no erasure in the ledger says so"), "{said}");
}

#[test]
fn a_search_that_knows_nothing_is_a_failure() {
    let place = Place::new();
    let emptied = place.county("emptied");
    open(&emptied).execute_batch("INSERT INTO words (words) VALUES ('delete-all')").expect("emptied");
    let (code, said) = look(&emptied, &["--deep"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("[FAIL] derived") && said.contains("search "), "{said}");
}

#[test]
fn a_damaged_database_is_a_line_with_what_to_do() {
    let place = Place::new();
    for (name, share) in [("half", 2), ("little", 400)] {
        let county = place.county(name);
        let file = county.join("county.db");
        let bytes = std::fs::read(&file).expect("the file");
        std::fs::write(&file, &bytes[..bytes.len() / share]).expect("cut");
        let (code, said) = look(&county, &["--deep"]);
        assert!(matches!(code, Some(1 | 2)), "{said}");
        assert!(said.contains("[FAIL]") && said.contains("gongzhi restore"), "{said}");
    }
    let county = place.county("dropped");
    open(&county).execute_batch("DROP TABLE todo").expect("dropped");
    let (code, said) = look(&county, &["--deep"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no such table: todo") && said.contains("restore the newest backup"), "{said}");
    let said = crate::county::bad(gongzhi(&[&"rebuild", &"--data", &county]));
    assert!(said.contains("no such table: todo") && said.contains("Restore the newest backup"), "{said}");
}
