//! A changed byte anywhere in the database is noticed before the product runs on it; what nothing looks at, a rebuild heals.
//! What neither the log nor a cipher covers is named here, and in `docs/RELIABILITY.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_base::Timestamp;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::{Deed, Event};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::codes::CodeSecret;
use gongzhi_service::doctor::{self, Level, Outside};
use gongzhi_service::recount::recount;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Ambient, Service, Settings, rebuild};
use gongzhi_store::sqlite::Sqlite;
use gongzhi_store::{Batch, Ledger};

use crate::county::{Place, content, open};

/// The master key of the old ledgers in the suite: it protects nobody's data.
pub const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Kept beside the log and covered by nothing: a change there cannot alter what the log says. An
/// answer serves only the same command sent again; accounts and settings are the administrator's.
pub const BESIDE: &[&str] = &[
    "answer",
    "credential",
    "session",
    "setting",
    "notice",
    "notice_for",
    "choices",
    "message",
    "dead_letter_decision",
    "ledger",
];

fn clock() -> Arc<dyn Ambient> {
    Arc::new(Scripted::new(Timestamp::read("2026-10-14T01:00:00Z").expect("a time"), 7))
}

/// The small ledger of the suite, rebuilt once, so that what is healed can be compared.
pub fn small(place: &Place, name: &str) -> PathBuf {
    let dir = place.path(name);
    std::fs::create_dir_all(&dir).expect("a directory");
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/../../suite/ledgers/v1/county.db");
    std::fs::copy(suite, dir.join("county.db")).expect("a copy");
    grow(&dir);
    heal(&dir).expect("sound");
    dir
}

/// Adds looks at one record until the log has nodes. A rebuild writes what follows from them.
fn grow(dir: &Path) {
    let ledger = ledger(dir).expect("a ledger");
    let code = code(dir);
    let mut head = ledger.head().expect("a head");
    let last = ledger.entries(head.size - 1, 1).expect("entries").remove(0);
    let record = last.header.record;
    let mut event = Event::from_bytes(&last.body).expect("an event");
    event.revision = ledger.history(record).expect("entries").len() as u64;
    event.deed = Deed::Look { fields: vec!["phone".into()], purpose: "call back".into() };
    let (before, mut batch) = (head, Batch::default());
    while head.size < 260 {
        event.revision += 1;
        let (entry, next) = head.append(&code, &event, [1; 16]);
        batch.entries.push(entry);
        head = next;
    }
    ledger.commit(before, &batch).expect("committed");
}

/// The code of the county in a directory.
pub fn code(dir: &Path) -> String {
    Sqlite::county_of(&dir.join("county.db")).expect("a county")
}

pub fn ledger(dir: &Path) -> Result<Arc<dyn Ledger>, String> {
    let file = dir.join("county.db");
    let county = Sqlite::county_of(&file).map_err(|error| error.to_string())?;
    Ok(Arc::new(Sqlite::open(&file, &county).map_err(|error| error.to_string())?))
}

fn master() -> MasterKey {
    MasterKey::read(KEY).expect("a key")
}

fn heal(dir: &Path) -> Result<(), String> {
    healed(&ledger(dir)?)
}

/// Writes anew what is derived.
pub fn healed(ledger: &Arc<dyn Ledger>) -> Result<(), String> {
    rebuild::rebuild(ledger, master(), &clock(), &mut |_| {}).map(drop).map_err(|error| error.to_string())
}

/// What a recount names, by kind.
pub fn recounted(ledger: &Arc<dyn Ledger>) -> BTreeSet<&'static str> {
    let secret = CodeSecret::kept(ledger, master()).expect("read");
    assert!(secret.is_some());
    let found = recount(ledger.as_ref(), secret.as_ref(), clock().now(), &mut |_, _| {}).expect("counted");
    found.strange.iter().map(|strange| strange.kind).collect()
}

/// What the administrator's commands say of a database in a directory; `None` when they find nothing.
fn noticed(dir: &Path) -> Option<String> {
    ledger(dir).map_or_else(Some, |ledger| noticed_in(ledger, dir))
}

/// What they say of a ledger. `dir` is for files, of which there are none.
pub fn noticed_in(ledger: Arc<dyn Ledger>, dir: &Path) -> Option<String> {
    let look = || -> Result<Option<String>, String> {
        gongzhi_store::verify(ledger.as_ref(), &mut |_| {}).map_err(|error| error.to_string())?;
        let outside = Outside {
            now: clock().now(),
            master: Ok(master()),
            key_readable: false,
            free: Some(1 << 40),
            least_free: doctor::LEAST_FREE,
            seen: None,
            checkpoint: None,
            deep: true,
            files: None,
        };
        let found = doctor::examine(&ledger, &outside);
        let bad = |line: &&doctor::Finding| {
            line.level == Level::Fail && line.check != "calendar" || ["gone", "names"].contains(&line.outcome)
        };
        if let Some(bad) = found.iter().find(bad) {
            return Ok(Some(format!("doctor {} {}", bad.check, bad.outcome)));
        }
        let settings =
            Settings { ledger, ambient: clock(), files: dir.join("files"), master: master(), library: None };
        Service::open(settings).map(Service::close).map(|()| None).map_err(|error| error.to_string())
    };
    look().unwrap_or_else(Some)
}

/// How a change ended.
fn outcome(dir: &Path, before: &BTreeSet<String>) -> &'static str {
    if noticed(dir).is_some() {
        return "noticed";
    }
    let whole = |except: &[&str]| {
        let dir = dir.to_owned();
        let except: Vec<String> = except.iter().map(|name| (*name).to_owned()).collect();
        // A page that cannot be read ends the reading.
        std::panic::catch_unwind(move || {
            content(&dir, &except.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .ok()
    };
    if let Err(error) = heal(dir) {
        panic!("found by nothing, and a rebuild fails: {error}");
    }
    match whole(BESIDE) {
        Some(after) if after == *before => "healed or harmless",
        _ => "lost",
    }
}

#[test]
fn a_changed_value_in_any_column_is_noticed_or_healed() {
    let place = Place::new();
    let sound = small(&place, "sound");
    let before = content(&sound, BESIDE);
    assert_eq!(noticed(&sound), None, "nothing is found where nothing was changed");
    let columns: Vec<(String, String)> = {
        let conn = open(&sound);
        let tables = "SELECT m.name, i.name FROM sqlite_schema m JOIN pragma_table_info(m.name) i
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'words'";
        let mut query = conn.prepare(tables).expect("a query");
        query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .expect("columns")
            .collect::<Result<_, _>>()
            .expect("names")
    };
    let mut told: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (n, (table, column)) in columns.iter().enumerate() {
        let dir = place.path(&format!("case-{n}"));
        std::fs::create_dir_all(&dir).expect("a directory");
        std::fs::copy(sound.join("county.db"), dir.join("county.db")).expect("a copy");
        if !change(&dir, table, column) {
            continue;
        }
        let mut outcome = outcome(&dir, &before);
        if outcome != "noticed" && BESIDE.contains(&table.as_str()) {
            outcome = "beside the log";
        }
        told.entry(outcome).or_default().push(format!("{table}.{column}"));
        std::fs::remove_dir_all(&dir).expect("removed");
    }
    eprintln!("{told:#?}");
    assert_eq!(told.get("lost"), None);
    let noticed = &told["noticed"];
    for must in MUST {
        assert!(noticed.iter().any(|name| name == must), "{must} was not noticed");
    }
    for must in ["todo.row", "unit_new.row", "unit_open.row"] {
        assert!(noticed.iter().any(|name| name == must), "{must} was not noticed");
    }
}

/// Columns of either engine of which a changed value has to be noticed.
pub const MUST: &[&str] = &[
    "entry.header",
    "entry.hash",
    "entry.salt",
    "entry.body",
    "entry.record",
    "entry.revision",
    "ledger.size",
    "ledger.hash",
    "node.hash",
    "record_key.key",
    "cell.num",
    "cell.den",
    "record.snapshot",
    "record.unit",
    "record.title",
    "record.revision",
    "record.state",
    "counter.last",
    "todo.who",
    "look.at",
    "look.person",
    "record.receipt",
    "record.todo",
    "record.timers",
    "record.scopes",
    "todo.due",
    "unit_new.unit",
    "unit_new.opened",
    "unit_open.mechanism",
    "unit_open.due",
];

/// Changes one value of one row a little; `false` when there is no row or its keys forbid it.
fn change(dir: &Path, table: &str, column: &str) -> bool {
    let conn = open(dir);
    let size: i64 = conn
        .query_row(&format!("SELECT count(\"{column}\") FROM {table}"), [], |row| row.get(0))
        .expect("rows");
    if size == 0 {
        return false;
    }
    let keys: Vec<String> = conn
        .prepare(&format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0"))
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .expect("keys");
    let keys = keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(", ");
    let keys = if keys.is_empty() { "rowid".to_owned() } else { keys };
    let changed = |by: u32| {
        format!(
        "UPDATE {table} SET \"{column}\" = CASE typeof(\"{column}\")
            WHEN 'integer' THEN \"{column}\" + {by}
            WHEN 'text' THEN substr(\"{column}\", 1, length(\"{column}\") / 2) || '~' || substr(\"{column}\", length(\"{column}\") / 2 + 2)
            WHEN 'blob' THEN CAST(substr(\"{column}\", 1, length(\"{column}\") / 2) || x'a5' || substr(\"{column}\", length(\"{column}\") / 2 + 2) AS BLOB)
            ELSE 1 END
         WHERE ({keys}) IN (SELECT {keys} FROM {table} WHERE \"{column}\" IS NOT NULL LIMIT 1 OFFSET {})",
        size / 2
    )
    };
    // The next one may be there already, and its key forbids two.
    [1, 1_000].into_iter().any(|by| conn.execute(&changed(by), []).is_ok_and(|rows| rows == 1))
}

#[test]
fn a_changed_byte_of_the_file_is_noticed_or_healed() {
    let place = Place::new();
    let sound = small(&place, "sound");
    let before = content(&sound, BESIDE);
    let bytes = std::fs::read(sound.join("county.db")).expect("the file");
    assert!(!sound.join("county.db-wal").exists(), "all of it is in the file");
    let mut told: BTreeMap<&str, u32> = BTreeMap::new();
    let stride = (bytes.len() / 90) | 1;
    for at in (17..bytes.len()).step_by(stride) {
        let dir = place.path(&format!("byte-{at}"));
        std::fs::create_dir_all(&dir).expect("a directory");
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        std::fs::write(dir.join("county.db"), changed).expect("written");
        let outcome = outcome(&dir, &before);
        assert_ne!(outcome, "lost", "byte {at}");
        *told.entry(outcome).or_default() += 1;
        std::fs::remove_dir_all(&dir).expect("removed");
    }
    eprintln!("{told:?}");
    assert!(told["noticed"] > 8);
}

#[test]
fn a_truncated_file_is_noticed() {
    let place = Place::new();
    let sound = small(&place, "sound");
    let before = content(&sound, BESIDE);
    let bytes = std::fs::read(sound.join("county.db")).expect("the file");
    for part in [0, 1, 100, 4_096, bytes.len() / 3, bytes.len() - 4_096, bytes.len() - 1] {
        let dir = place.path(&format!("cut-{part}"));
        std::fs::create_dir_all(&dir).expect("a directory");
        std::fs::write(dir.join("county.db"), &bytes[..part]).expect("written");
        // The last page may be a free one: then nothing is lost.
        let outcome = outcome(&dir, &before);
        assert_ne!(outcome, "lost", "cut to {part} bytes");
        assert!(outcome == "noticed" || part == bytes.len() - 1, "cut to {part} bytes: {outcome}");
    }
}
