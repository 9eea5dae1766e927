//! What is derived, changed in the database of either engine: a recount names it, a rebuild heals it. And a changed
//! value in any column of a PostgreSQL database is noticed or healed; `bytes.rs` does the same for SQLite.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use gongzhi_store::Ledger;
use gongzhi_store::postgres::Postgres;
use gongzhi_testkit::postgres::{Database, database};

use crate::bytes::{BESIDE, KEY, MUST, code, healed, ledger, noticed_in, recounted, small};
use crate::county::{Place, gongzhi, good, open};

/// Changes, and what a recount has to name. `{one of T}` picks a row of a table.
const CHANGES: &[(&str, &str)] = &[
    ("list", "DELETE FROM unit_new WHERE (unit, record) IN ({one of unit_new: unit, record})"),
    (
        "list",
        "UPDATE unit_new SET unit = unit || 'x' WHERE (unit, record) IN ({one of unit_new: unit, record})",
    ),
    ("list", "UPDATE unit_open SET due = due - 1 WHERE (unit, record) IN ({one of unit_open: unit, record})"),
    ("list", "UPDATE record SET scopes = scopes || 'x' WHERE (record) IN ({one of record: record})"),
    ("inbox", "DELETE FROM todo WHERE (who, record) IN ({one of todo: who, record})"),
    ("inbox", "UPDATE todo SET who = 'nobody' WHERE (who, record) IN ({one of todo: who, record})"),
    ("inbox", "UPDATE todo SET due = due - 1 WHERE (who, record) IN ({one of todo: who, record})"),
    ("timer", "UPDATE record SET timers = timers || 'x' WHERE (record) IN ({one of record: record})"),
    ("receipt", "UPDATE record SET receipt = NULL WHERE receipt IS NOT NULL"),
    (
        "receipt",
        "UPDATE record SET receipt = (SELECT hash FROM entry ORDER BY seq LIMIT 1) WHERE receipt IS NOT NULL",
    ),
    ("claim", "INSERT INTO claim (county, claim, record) SELECT county, record, record FROM record LIMIT 1"),
];

/// The same of what each engine keeps in its own way.
const SQLITE: &[(&str, &str)] = &[
    ("list", "UPDATE unit_open SET row = row + 1 WHERE (unit, record) IN ({one of unit_open: unit, record})"),
    ("inbox", "UPDATE todo SET row = row + 1 WHERE (who, record) IN ({one of todo: who, record})"),
    ("search", "INSERT INTO words (rowid, text, scope) VALUES (1000000, 'lamp', '')"),
    ("search", "DELETE FROM words WHERE rowid IN (SELECT max(rowid) FROM words)"),
    (
        "search",
        "INSERT OR REPLACE INTO words (rowid, text, scope) SELECT max(rowid), 'another', '' FROM words",
    ),
];
const POSTGRES: &[(&str, &str)] = &[
    ("list", "UPDATE waiting SET due = due - 1 WHERE (record) IN ({one of waiting: record})"),
    ("list", "UPDATE waiting SET town = 'x' WHERE (record) IN ({one of waiting: record})"),
    ("list", "DELETE FROM waiting WHERE (record) IN ({one of waiting: record})"),
    ("search", "UPDATE words SET text = text || ' another' WHERE (row) IN ({one of words: row})"),
    (
        "search",
        "UPDATE words SET lexemes = lexemes || to_tsvector('simple', 'another') WHERE (row) IN ({one of words: row})",
    ),
    (
        "search",
        "UPDATE words SET lexemes = ts_delete(lexemes, '=' || (SELECT r.mechanism FROM record r WHERE r.record = words.record)) WHERE (row) IN ({one of words: row})",
    ),
    ("search", "UPDATE words SET row = row + 1000000 WHERE (row) IN ({one of words: row})"),
    ("search", "DELETE FROM words WHERE (row) IN ({one of words: row})"),
];

/// A change with its rows picked.
fn picked(change: &str) -> String {
    let Some((before, rest)) = change.split_once("{one of ") else { return change.to_owned() };
    let (pick, after) = rest.split_once('}').expect("a brace");
    let (table, columns) = pick.split_once(": ").expect("columns");
    format!("{before}SELECT {columns} FROM {table} ORDER BY {columns} LIMIT 1{after}")
}

fn each_is_named(ledger: &Arc<dyn Ledger>, own: &[(&str, &str)], run: &dyn Fn(&str)) {
    assert_eq!(recounted(ledger), [].into());
    for (kind, change) in CHANGES.iter().chain(own) {
        run(&picked(change));
        assert_eq!(recounted(ledger), [*kind].into(), "{change}");
        healed(ledger).expect("rebuilt");
        assert_eq!(recounted(ledger), [].into(), "after {change}");
    }
}

#[test]
fn a_recount_names_each_thing_that_is_kept_otherwise_on_sqlite() {
    let place = Place::new();
    let sound = small(&place, "sound");
    let conn = open(&sound);
    each_is_named(&ledger(&sound).expect("a ledger"), SQLITE, &|sql| {
        assert!(conn.execute(sql, []).expect(sql) > 0, "{sql}");
    });
}

/// The suite's small ledger in a database.
fn moved(place: &Place) -> (Database, String) {
    let sound = small(place, "sound");
    std::fs::write(sound.join("master.key"), KEY).expect("written");
    let database = database();
    good(gongzhi(&[&"move", &"--from", &sound, &"--to", &database.url()]));
    (database, code(&sound))
}

fn held(database: &Database, county: &str) -> Arc<dyn Ledger> {
    Arc::new(Postgres::open(database.url(), county).expect("opens"))
}

#[test]
fn a_recount_names_each_thing_that_is_kept_otherwise_on_postgresql() {
    let place = Place::new();
    let (database, county) = moved(&place);
    each_is_named(&held(&database, &county), POSTGRES, &|sql| {
        let changed = database.sql(&format!(
            "SET search_path = gongzhi; WITH done AS ({sql} RETURNING 1) SELECT count(*) FROM done"
        ));
        assert_ne!(changed, "0", "{sql}");
    });
}

/// Columns of all tables, with their types.
fn columns(database: &Database) -> Vec<(String, String, String)> {
    let found = database.sql(
        "SELECT string_agg(concat_ws(' ', table_name, column_name, data_type), chr(10) ORDER BY table_name, ordinal_position)
         FROM information_schema.columns WHERE table_schema = 'gongzhi'",
    );
    let line = |line: &str| {
        let mut parts = line.splitn(3, ' ').map(str::to_owned);
        let mut next = || parts.next().expect("three parts");
        (next(), next(), next())
    };
    found.lines().map(line).collect()
}

/// What a database holds, a line a row.
fn content(database: &Database, tables: &BTreeSet<&str>) -> String {
    let all = tables.iter().map(|table| match *table {
        // Numbers of series mean nothing outside; a figure of nothing is none.
        "cell" => "SELECT 'cell ' || concat_ws('|', s.mechanism, s.dimension, s.indicator, c.key, c.period, c.num, c.den)
            FROM cell c JOIN series s ON s.county = c.county AND s.id = c.series WHERE c.num <> 0 OR c.den <> 0"
            .to_owned(),
        table => format!("SELECT '{table} ' || t::text FROM {table} t"),
    });
    let all = all.collect::<Vec<_>>().join(" UNION ALL ");
    database.sql(&format!("SET search_path = gongzhi; SELECT * FROM ({all}) AS line ORDER BY 1"))
}

/// Changes one value of one row a little; `false` when there is no row or its keys forbid it.
fn change(database: &Database, table: &str, column: &str, kind: &str) -> bool {
    let half = format!("length({column}) / 2");
    let other = match kind {
        "bigint" => format!("{column} - 1000"),
        "text" => format!("overlay({column} placing '~' from {half} + 1 for 1)"),
        "bytea" => format!(
            "CASE length({column}) WHEN 0 THEN '\\xa5'::bytea
             ELSE set_byte({column}, {half}, get_byte({column}, {half}) # 16) END"
        ),
        "boolean" => format!("NOT {column}"),
        "tsvector" => format!("{column} || to_tsvector('simple', 'another')"),
        kind => panic!("{table}.{column} is of a type that nobody changes here: {kind}"),
    };
    let row = format!(
        "SELECT ctid FROM {table} WHERE {column} IS NOT NULL ORDER BY ctid OFFSET (SELECT count({column}) FROM {table}) / 2 LIMIT 1"
    );
    // What its keys forbid is no case; the block says nothing of it.
    let changed = database.sql(&format!(
        "SET search_path = gongzhi; SET client_min_messages = error;
         CREATE TEMP TABLE changed (n BIGINT);
         DO $$ BEGIN
             WITH done AS (UPDATE {table} SET {column} = {other} WHERE ctid = ({row}) RETURNING 1)
             INSERT INTO changed SELECT count(*) FROM done;
         EXCEPTION WHEN unique_violation THEN NULL; END $$;
         SELECT coalesce(sum(n), 0) FROM changed"
    ));
    changed == "1"
}

fn outcome(
    database: &Database,
    county: &str,
    dir: &Path,
    before: &str,
    whole: &BTreeSet<&str>,
) -> &'static str {
    let opened = || Postgres::open(database.url(), county).map(|ledger| Arc::new(ledger) as Arc<dyn Ledger>);
    let Ok(ledger) = opened() else { return "noticed" };
    if noticed_in(ledger, dir).is_some() {
        return "noticed";
    }
    match opened().map_err(|error| error.to_string()).and_then(|ledger| healed(&ledger)) {
        Ok(()) if content(database, whole) == before => "healed or harmless",
        Ok(()) => "lost",
        Err(error) => panic!("found by nothing, and a rebuild fails: {error}"),
    }
}

#[test]
fn a_changed_value_in_any_column_of_postgresql_is_noticed_or_healed() {
    let place = Place::new();
    let (sound, county) = moved(&place);
    let dir = place.path("files");
    std::fs::create_dir_all(&dir).expect("a directory");
    let columns = columns(&sound);
    // Tables of the whole program and counts of what was applied say nothing of the county.
    let beside: BTreeSet<&str> =
        BESIDE.iter().copied().chain(["applied", "version", "series", "index_later", "pending"]).collect();
    let whole: BTreeSet<&str> =
        columns.iter().map(|(table, ..)| table.as_str()).filter(|table| !beside.contains(table)).collect();
    let all_of = |database: &Database| {
        healed(&held(database, &county)).expect("rebuilt");
        content(database, &whole)
    };
    let before = all_of(&sound);
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (table, column, kind) in &columns {
        let case = unused(&sound).copy();
        if !change(&case, table, column, kind) {
            continue;
        }
        let mut outcome = outcome(&case, &county, &dir, &before, &whole);
        if outcome != "noticed" && beside.contains(table.as_str()) {
            outcome = "beside the log";
        }
        told.entry(outcome).or_default().push(format!("{table}.{column}"));
    }
    eprintln!("{told:#?}");
    assert_eq!(told.get("lost"), None);
    let noticed = &told["noticed"];
    for must in
        MUST.iter().chain(&["waiting.due", "waiting.unit", "words.text", "words.lexemes", "words.row"])
    {
        assert!(noticed.iter().any(|name| name == must), "{must} was not noticed");
    }
}

/// The database, once nobody is connected to it any more: a connection ends a moment after its holder.
fn unused(database: &Database) -> &Database {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let free = (0..1_000).any(|_| {
        let free = database.sql(others) == "0";
        if !free {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        free
    });
    assert!(free, "somebody stays connected");
    database
}
