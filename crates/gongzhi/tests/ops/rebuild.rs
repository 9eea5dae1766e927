//! A rebuilt county equals the one before; a recount names what is wrong.

use crate::county::{Place, bad, content, gongzhi, good, open, same};

/// What opening a ledger writes anew each time: the wrapped secrets; and how often its lists were written, which a
/// rebuild counts on.
const OPENED: &[&str] = &["setting", "ledger"];

#[test]
fn a_rebuilt_county_equals_the_one_before() {
    let place = Place::new();
    let county = place.county("county");
    let before = content(&county, OPENED);
    assert!(before.len() > 20_000, "only {} rows", before.len());
    open(&county)
        .execute_batch(
            "DELETE FROM cell; DELETE FROM todo; UPDATE record SET title = 'x', state = 'y';
        INSERT INTO words (words) VALUES ('delete-all'); UPDATE counter SET last = 1; DELETE FROM timer",
        )
        .expect("damage");
    let done = good(gongzhi(&[&"rebuild", &"--data", &county]));
    assert!(done.contains("entries, "), "{done}");
    same(&before, &content(&county, OPENED));
}

#[test]
fn a_rebuild_cut_off_is_said_and_run_again() {
    let place = Place::new();
    let county = place.county("county");
    let before = content(&county, OPENED);
    // As a rebuild that was killed leaves it: emptied in part, and marked.
    open(&county)
        .execute_batch("UPDATE ledger SET rebuilding = 1; DELETE FROM record WHERE row % 2; DELETE FROM cell")
        .expect("cut off");
    let refused = bad(gongzhi(&[&"figures", &"--data", &county]));
    assert!(refused.contains("run gongzhi rebuild again"), "{refused}");
    good(gongzhi(&[&"rebuild", &"--data", &county]));
    same(&before, &content(&county, OPENED));
}

#[test]
fn a_recount_names_figures_that_differ() {
    let place = Place::new();
    let county = place.county("county");
    let counted = good(gongzhi(&[&"recount", &"--data", &county]));
    assert!(counted.contains("compared, 0 differ; 0 differ of the rest"), "{counted}");
    let conn = open(&county);
    let changed = "UPDATE cell SET num = num + 1 WHERE (series, key, period) IN (SELECT series, key, period FROM cell WHERE num > 0 LIMIT 2)";
    assert_eq!(conn.execute(changed, []), Ok(2));
    let invented = "INSERT INTO cell (county, series, key, period, num, den) SELECT county, series, 'nowhere', period, 7, 0 FROM cell WHERE num > 0 LIMIT 1";
    assert_eq!(conn.execute(invented, []), Ok(1));
    let output = gongzhi(&[&"recount", &"--data", &county]);
    assert_eq!(output.status.code(), Some(1));
    let counted = bad(output);
    assert!(counted.contains(" 3 differ") && counted.contains("nowhere"), "{counted}");
    let json = bad(gongzhi(&[&"recount", &"--format", &"json", &"--data", &county]));
    let json: serde_json::Value = serde_json::from_str(json.lines().next().expect("a line")).expect("JSON");
    assert_eq!(json["differences"].as_array().map(Vec::len), Some(3));
    good(gongzhi(&[&"rebuild", &"--data", &county]));
    good(gongzhi(&[&"recount", &"--data", &county]));
}
