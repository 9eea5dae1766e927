//! The conformance suite on SQLite, and what only a file can suffer.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::conformance::fixture::{
    Book, COUNTY, MATTER, erase_some, found_in, id, record, with_text, wrapped,
};
use crate::{Order, ScopePart, VerifyError, Within, conformance, verify};
use gongzhi_base::words::query_terms;
use gongzhi_kernel::chain::{Head, What};
use gongzhi_kernel::merkle::Frontier;
use gongzhi_lang::model::Level;
use rusqlite::params;

fn open(path: &Path) -> Sqlite {
    Sqlite::open(path, COUNTY).expect("opens")
}

/// A directory of some committed batches, closed again.
fn filled(batches: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let mut book = Book::new(Box::new(open(dir.path())));
    for n in 0..batches {
        book.put((n * 10..n * 10 + 10).map(|n| with_text(record(n), "停水 broken")).collect())
            .expect("committed");
    }
    dir
}

#[test]
fn conforms() {
    let dir = tempfile::tempdir().expect("a directory");
    let count = std::cell::Cell::new(0);
    conformance::run(&|| {
        count.set(count.get() + 1);
        Box::new(open(&dir.path().join(format!("{}/ledger.sqlite", count.get()))))
    });
}

#[test]
fn the_usual_lists_read_one_index_range() {
    let dir = filled(1);
    let ledger = open(dir.path());
    let open_by_due = ListQuery {
        mechanism: Some(MATTER.into()),
        open: Some(true),
        order: Order::Due,
        ..ListQuery::default()
    };
    let newest = ListQuery { mechanism: Some(MATTER.into()), ..ListQuery::default() };
    let within = |within: Within| Scope::Any(vec![ScopePart { mechanism: MATTER.into(), within }]);
    let town = within(Within::Place(Level::Township, "t1".into()));
    let village = within(Within::Place(Level::Village, "v1".into()));
    let grid = within(Within::Place(Level::Grid, "g1".into()));
    let county = within(Within::Place(Level::County, "c1".into()));
    let unit = within(Within::Unit("u1".into()));
    let after = Some((5, id(1)));
    let drill = ListQuery {
        scope: Scope::All,
        place: Some((Level::Township, "t1".into())),
        month: Some("2026-01".into()),
        marks: 1,
        marks_clear: 2,
        after,
        ..newest.clone()
    };
    let kind = |query: &ListQuery| {
        let kind = Some("01".to_owned());
        ListQuery { scope: Scope::All, kind, ..query.clone() }
    };
    for (index, query) in [
        ("open_all", ListQuery { scope: Scope::All, after, ..open_by_due.clone() }),
        ("open_all", ListQuery { scope: county, late: Some(true), ..open_by_due.clone() }),
        ("open_town", ListQuery { scope: town.clone(), after, ..open_by_due.clone() }),
        ("open_village", ListQuery { scope: village.clone(), ..open_by_due.clone() }),
        (
            "open_village",
            ListQuery { scope: village, place: Some((Level::Township, "t1".into())), ..open_by_due.clone() },
        ),
        ("open_grid", ListQuery { scope: grid.clone(), ..open_by_due.clone() }),
        (
            "open_unit",
            ListQuery {
                scope: unit.clone(),
                unit: Some("u2".into()),
                state: Some("working".into()),
                ..open_by_due.clone()
            },
        ),
        ("open_all", kind(&open_by_due)),
        ("new_all", ListQuery { scope: Scope::All, after, ..newest.clone() }),
        ("new_town", ListQuery { scope: town.clone(), after, ..newest.clone() }),
        ("new_grid", ListQuery { scope: grid, ..newest.clone() }),
        ("new_unit", ListQuery { scope: Scope::All, unit: Some("u1".into()), ..newest.clone() }),
        ("new_part", ListQuery { scope: Scope::All, parent: Some(id(3)), ..newest.clone() }),
        ("new_town", drill),
    ] {
        let plan = ledger.readers.read(|conn| list::plan(conn, COUNTY, &query)).expect("a plan");
        assert!(plan.starts_with(&format!("SEARCH r USING INDEX {index} ")), "{plan}\n{query:?}");
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP"), "{plan}");
    }
    let facets = vec!["force=f1".to_owned(), "due_on=2026-03".to_owned()];
    let within = vec!["due_on=2026-03".to_owned(), format!("above={}", id(1))];
    for (table, query) in [
        ("unit_open", ListQuery { scope: unit.clone(), after, ..open_by_due.clone() }),
        // A list of values leads whatever else is asked for.
        (
            "unit_open",
            ListQuery { scope: town.clone(), facets: facets.clone(), after, ..open_by_due.clone() },
        ),
        ("unit_open", ListQuery { scope: town.clone(), facets: within.clone(), after, ..open_by_due }),
        ("unit_new", ListQuery { scope: unit.clone(), facets: within, after, ..newest.clone() }),
        ("unit_new", ListQuery { scope: unit.clone(), facets, after, ..newest.clone() }),
        ("unit_new", ListQuery { scope: unit.clone(), after, kind: Some("09".into()), ..newest.clone() }),
        ("unit_new", ListQuery { scope: unit, month: Some("2026-01".into()), ..newest.clone() }),
    ] {
        let plan = ledger.readers.read(|conn| list::plan(conn, COUNTY, &query)).expect("a plan");
        assert!(
            plan.starts_with("SEARCH s USING PRIMARY KEY (county=? AND mechanism=? AND unit=? AND "),
            "{plan}"
        );
        assert!(
            plan.contains("SEARCH r USING INTEGER PRIMARY KEY") && !plan.contains("TEMP"),
            "{table}: {plan}"
        );
    }
    // A month is a range of the order by opening, not a filter over a town's whole past.
    let month = ListQuery { scope: Scope::All, month: Some("2026-01".into()), ..newest };
    let plan = ledger.readers.read(|conn| list::plan(conn, COUNTY, &month)).expect("a plan");
    assert!(plan.contains("opened>? AND opened<?"), "{plan}");
}

#[test]
fn top_kinds_have_an_index() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut book = Book::new(Box::new(open(dir.path())));
    let mut stored = record(1);
    stored.projection.row.kind = Some("0101".into());
    stored.projection.row.kind_top = Some("01".into());
    book.put(vec![stored]).expect("committed");
    drop(book);
    let ledger = open(dir.path());
    for (order, open, index) in [(Order::Due, Some(true), "open_kind"), (Order::Newest, None, "new_kind")] {
        let query =
            ListQuery { scope: Scope::All, kind: Some("01".into()), order, open, ..ListQuery::default() };
        let plan = ledger.readers.read(|conn| list::plan(conn, COUNTY, &query)).expect("a plan");
        assert!(plan.contains(index) && !plan.contains("TEMP"), "{plan}");
    }
}

#[test]
fn a_full_disk_changes_nothing_and_the_ledger_goes_on_when_there_is_room() {
    let dir = filled(3);
    let ledger = open(dir.path());
    let head = ledger.head().expect("a head");
    let pages: i64 = {
        let writer = ledger.writer();
        let pages = writer.conn.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
        writer.conn.pragma_update(None, "max_page_count", pages).expect("a limit");
        pages
    };
    let event = conformance::fixture::event;
    let mut big = record(500);
    // Nothing that could be packed smaller.
    let mut dice = conformance::fixture::Dice(1);
    big.snapshot = std::iter::repeat_with(|| dice.roll() as u8).take(400_000).collect();
    let (entry, _) = head.append(COUNTY, &event(&big.projection.row), [1; 16]);
    let batch = Batch { entries: vec![entry], records: vec![big], ..Batch::default() };
    for _ in 0..3 {
        assert_eq!(ledger.commit(head, &batch), Err(StoreError::Full));
        assert_eq!(ledger.head(), Ok(head));
        assert_eq!(ledger.snapshot(id(500)), Ok(None));
        assert_eq!(verify(&ledger, &mut |_| ()), Ok(head));
    }
    ledger.writer().conn.pragma_update(None, "max_page_count", pages + 500).expect("room");
    ledger.commit(head, &batch).expect("committed");
    assert!(verify(&ledger, &mut |_| ()).is_ok_and(|end| end.size == head.size + 1));
}

#[test]
fn what_a_full_disk_keeps_out_of_the_lists_comes_into_them_when_there_is_room() {
    let dir = filled(3);
    let ledger = open(dir.path());
    let head = ledger.head().expect("a head");
    // Packed it is small, and so it is committed; unpacked there is no room for it.
    let mut big = record(500);
    big.snapshot = vec![7; 400_000];
    let (entry, end) = head.append(COUNTY, &conformance::fixture::event(&big.projection.row), [1; 16]);
    let batch = Batch { entries: vec![entry], records: vec![big], ..Batch::default() };
    {
        let writer = ledger.writer();
        let pages: i64 =
            writer.conn.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
        writer.conn.pragma_update(None, "max_page_count", pages + 10).expect("a limit");
    }
    ledger.commit(head, &batch).expect("committed");
    let everything = ListQuery { scope: Scope::All, limit: 100, ..ListQuery::default() };
    let listed = || ledger.list(&everything).map(|page| page.rows.len());
    assert_eq!(listed(), Ok(30), "lists are shown as they are");
    let want = Want { records: vec![id(500)], commands: Vec::new() };
    assert_eq!(ledger.load(&want).err(), Some(StoreError::Full), "nothing is decided on what is old");
    ledger.writer().conn.pragma_update(None, "max_page_count", 1_000_000).expect("room");
    assert_eq!(listed(), Ok(31));
    assert_eq!(ledger.load(&want).map(|loaded| loaded.records.len()), Ok(1));
    assert_eq!(verify(&ledger, &mut |_| ()), Ok(end));
}

#[test]
fn a_lost_or_changed_row_of_what_is_to_be_applied_is_told_and_a_rebuild_helps() {
    for trouble in ["DELETE FROM pending WHERE n = 3", "UPDATE pending SET body = zeroblob(40) WHERE n = 3"] {
        let dir = filled(2);
        let ledger = open(dir.path());
        // As a crash between commits and their application leaves it.
        let head = ledger.head().expect("a head");
        let (entry, end) =
            head.append(COUNTY, &conformance::fixture::event(&record(70).projection.row), [1; 16]);
        let batch = Batch { entries: vec![entry], records: vec![record(70)], ..Batch::default() };
        {
            let mut writer = ledger.writer();
            writer.commit(head, &batch).expect("committed");
            writer.conn.execute_batch(trouble).expect("changed");
        }
        let list = || ledger.list(&ListQuery { scope: Scope::All, ..ListQuery::default() });
        let told = list().expect_err("told");
        assert!(
            matches!(&told, StoreError::Corrupt(what) if what.contains("commit 3") && what.contains("rebuild")),
            "{told}"
        );
        assert_eq!(verify(&ledger, &mut |_| ()), Ok(end), "the entries stand");
        ledger.begin_rebuild().expect("emptied");
        assert_eq!(list().map(|page| page.rows.len()), Ok(0));
        ledger.end_rebuild().expect("ended");
    }
}

#[test]
fn the_words_of_a_rebuild_leave_no_file_behind() {
    let dir = filled(2);
    let aside = dir.path().join("ledger.sqlite-words");
    // As a rebuild leaves it that was killed.
    std::fs::write(&aside, "no database").expect("written");
    let batch =
        Batch { records: (0..20).map(|n| with_text(record(n), "停水")).collect(), ..Batch::default() };
    let ledger = open(dir.path());
    ledger.begin_rebuild().expect("begun");
    ledger.put_derived(&batch).expect("written");
    assert!(aside.exists());
    drop(ledger);
    assert!(!aside.exists(), "given up");
    let ledger = open(dir.path());
    ledger.begin_rebuild().expect("begun again");
    ledger.put_derived(&batch).expect("written");
    ledger.end_rebuild().expect("ended");
    assert!(!aside.exists());
    assert_eq!(ledger.search(&Scope::All, &query_terms("停水"), 100).map(|rows| rows.len()), Ok(20));
}

#[test]
fn what_was_committed_is_there_after_opening_again() {
    let dir = filled(3);
    let ledger = open(dir.path());
    assert!(verify(&ledger, &mut |_| ()).is_ok_and(|head| head.size == 30));
    assert_eq!(ledger.search(&Scope::All, &query_terms("停水"), 100).map(|rows| rows.len()), Ok(30));
    let mut book_head = ledger.head().expect("a head");
    // Series and mechanisms of an earlier life are known again.
    let row = record(100);
    let (entry, head) = book_head.append(COUNTY, &conformance::fixture::event(&row.projection.row), [1; 16]);
    let batch = Batch { entries: vec![entry], records: vec![row], ..Batch::default() };
    ledger.commit(book_head, &batch).expect("committed");
    book_head = head;
    assert_eq!(ledger.head(), Ok(book_head));
}

/// A record in which no unit has a part.
fn unlisted(n: u64) -> crate::Stored {
    let mut stored = record(n);
    stored.projection.scopes.retain(|token| !token.starts_with("zu"));
    stored
}

/// Takes back the fifth migration and those after it that made tables.
pub(super) const BEFORE_OUTBOX: &str = "DROP TABLE notice; DROP TABLE notice_for; DROP TABLE choices;
    DROP TABLE message; DROP TABLE dead_letter_decision; DROP TABLE claim; DROP TABLE pending; DROP INDEX entry_of_record;
    CREATE INDEX entry_of_record ON entry (county, record, revision);
    ALTER TABLE ledger DROP COLUMN spread; ALTER TABLE ledger DROP COLUMN batches; ALTER TABLE ledger DROP COLUMN applied;";

#[test]
fn an_older_database_gets_the_lists_of_units() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut book = Book::new(Box::new(open(dir.path())));
    // Enough for a whole tile of the log, whose node an older database lacks.
    book.put((1_000..1_300).map(unlisted).collect()).expect("committed");
    let mut stored: Vec<_> = (0..6).map(record).collect();
    for (n, stored) in stored.iter_mut().enumerate() {
        stored.projection.scopes.extend(["zuu1".to_owned(), "zuhelper".to_owned()].into_iter().take(n % 3));
        stored.projection.row.open = n != 1;
    }
    book.put(stored).expect("committed");
    let nodes = book.ledger.nodes(1, 0, 9).expect("nodes");
    assert_eq!(nodes.len(), 1);
    drop(book);
    let lists = |ledger: Sqlite| {
        let mut found = Vec::new();
        for (unit, order) in [("u1", Order::Newest), ("helper", Order::Newest), ("u1", Order::Due)] {
            let part = ScopePart { mechanism: MATTER.into(), within: Within::Unit(unit.into()) };
            let open = (order == Order::Due).then_some(true);
            let query = ListQuery { scope: Scope::Any(vec![part]), order, open, ..ListQuery::default() };
            found
                .push(ledger.list(&query).expect("a list").rows.iter().map(|row| row.id).collect::<Vec<_>>());
        }
        found
    };
    let before = lists(open(dir.path()));
    assert_eq!(before, [vec![id(5), id(4), id(2), id(1)], vec![id(5), id(2)], vec![id(2), id(4), id(5)]]);
    Connection::open(dir.path().join(FILE))
        .and_then(|conn| {
            conn.execute_batch(BEFORE_OUTBOX)?;
            conn.execute_batch(
                "DROP TABLE unit_new; DROP TABLE unit_open; DROP TABLE node; DROP TABLE record_key; DROP TABLE look;
                 ALTER TABLE ledger DROP COLUMN rebuilding; PRAGMA user_version = 1",
            )
        })
        .expect("made older");
    assert_eq!(lists(open(dir.path())), before);
    assert_eq!(open(dir.path()).nodes(1, 0, 9), Ok(nodes));
}

#[test]
fn an_older_database_gets_the_lists_within_records_above() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut book = Book::new(Box::new(open(dir.path())));
    book.put(conformance::fixture::parts(12)).expect("committed");
    let before = conformance::fixture::lists_within(&*book.ledger);
    assert!(before.iter().all(|(rows, _)| !rows.is_empty()), "{before:?}");
    drop(book);
    let conn = Connection::open(dir.path().join(FILE)).expect("opens");
    let rows = |conn: &Connection| -> Vec<String> {
        let mut query = conn.prepare("SELECT scopes FROM record ORDER BY record").expect("a query");
        query.query_map([], |row| row.get(0)).expect("rows").map(|row| row.expect("a text")).collect()
    };
    let kept = rows(&conn);
    conn.execute_batch(
        "DELETE FROM unit_new WHERE unit GLOB 'zf~*'; DELETE FROM unit_open WHERE unit GLOB 'zf~*';
         UPDATE record SET scopes = substr(scopes, 1, instr(scopes, ' zf~') - 1) WHERE instr(scopes, ' zf~') > 0;
         PRAGMA user_version = 9",
    )
    .expect("made older");
    assert_ne!(rows(&conn), kept);
    assert_eq!(conformance::fixture::lists_within(&open(dir.path())), before);
    assert_eq!(rows(&conn), kept, "as a commit would have written them");
}

#[test]
fn a_list_of_first_letters_that_lost_a_row_is_named() {
    let dir = filled(1);
    let torn = || open(dir.path()).traces(&Names::default()).expect("traces").torn;
    assert!(torn().is_empty());
    // SQLite's own check knows nothing of what stands in that list.
    let run = |sql: &str| {
        let conn = Connection::open(dir.path().join(FILE)).expect("opens");
        conn.execute_batch(sql).expect(sql);
    };
    let declared = |from: u8, to: u8| {
        run(&format!(
            "PRAGMA writable_schema = on;
             UPDATE sqlite_schema SET sql = replace(sql, 'prefix = ''{from}''', 'prefix = ''{to}''') WHERE name = 'words'"
        ));
    };
    declared(1, 2);
    run("INSERT OR REPLACE INTO words (rowid, text, scope) SELECT max(row), '停水 broken', '' FROM record");
    declared(2, 1);
    assert_eq!(open(dir.path()).structure(), Ok(crate::Structure::Sound));
    assert!(["b", "停"].iter().all(|letter| torn().contains(*letter)), "{:?}", torn());
}

#[test]
fn another_county_and_a_newer_version_are_refused() {
    let dir = filled(1);
    let refusal = |county: &str| match Sqlite::open(dir.path(), county) {
        Err(StoreError::Engine(words)) => words,
        Err(other) => format!("{other:?}"),
        Ok(_) => "opened".to_owned(),
    };
    assert_eq!(refusal("111111"), "it holds the ledger of county 000000, not of 111111");
    let conn = Connection::open(dir.path().join(FILE)).expect("opens");
    conn.pragma_update(None, "user_version", 99).expect("written");
    assert!(refusal(COUNTY).contains("newer version (schema 99"), "{}", refusal(COUNTY));
}

#[test]
fn damage_is_found() {
    let changes = [
        ("UPDATE entry SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE seq = 4", Some(What::Body)),
        ("UPDATE entry SET salt = zeroblob(16) WHERE seq = 4", Some(What::Body)),
        ("UPDATE entry SET hash = zeroblob(32) WHERE seq = 4", Some(What::Chain)),
        ("UPDATE entry SET header = (SELECT header FROM entry WHERE seq = 3) WHERE seq = 4", None),
        ("UPDATE entry SET header = x'ff' WHERE seq = 4", None),
        ("UPDATE entry SET salt = x'00' WHERE seq = 4", None),
        ("DELETE FROM entry WHERE seq = 4", Some(What::Sequence)),
        ("DELETE FROM entry WHERE seq = 19", None),
        ("DELETE FROM entry", None),
        ("UPDATE ledger SET size = 19", None),
    ];
    for (change, what) in changes {
        let dir = filled(2);
        Connection::open(dir.path().join(FILE)).and_then(|conn| conn.execute_batch(change)).expect("changed");
        let found = verify(&open(dir.path()), &mut |_| ());
        match what {
            Some(what) => assert!(
                matches!(found, Err(VerifyError::Broken(b)) if b.what == what && b.seq == 4),
                "{change}: {found:?}"
            ),
            None => assert!(found.is_err(), "{change}"),
        }
    }
}

#[test]
fn a_cut_or_foreign_file_gives_an_error_and_no_panic() {
    let dir = filled(4);
    let file = dir.path().join(FILE);
    let whole = std::fs::read(&file).expect("the file");
    let page = 4096;
    let pages = whole.len() / page;
    let mut damaged = 0;
    for keep in (0..pages).step_by(3).map(|n| n * page + 17).chain([page, 100, whole.len() - page]) {
        std::fs::write(&file, &whole[..keep]).expect("cut");
        if let Err(error) = used(dir.path()) {
            assert!(matches!(error, StoreError::Corrupt(_)), "{keep} bytes: {error:?}");
            damaged += 1;
        }
    }
    assert!(damaged > pages / 4, "{damaged} of {pages} were noticed");
    // Noise in the middle.
    let mut dice = conformance::fixture::Dice(1);
    for _ in 0..60 {
        let mut noisy = whole.clone();
        for _ in 0..400 {
            let at = dice.below(noisy.len() as u64) as usize;
            noisy[at] = dice.roll() as u8;
        }
        std::fs::write(&file, &noisy).expect("written");
        let _ = used(dir.path());
    }
    std::fs::write(&file, b"this is no database, it is a letter to the county, and a long one at that")
        .expect("written");
    assert!(matches!(Sqlite::open(dir.path(), COUNTY), Err(StoreError::Corrupt(_))));
}

/// Reads and writes everything once.
fn used(dir: &Path) -> Result<(), StoreError> {
    let ledger = Sqlite::open(dir, COUNTY)?;
    let head = match verify(&ledger, &mut |_| ()) {
        Ok(head) => head,
        Err(VerifyError::Store(error)) => return Err(error),
        Err(other) => return Err(StoreError::Corrupt(other.to_string())),
    };
    if head.size != 40 {
        return Err(StoreError::Corrupt("another ledger".to_owned()));
    }
    let query = ListQuery { scope: Scope::All, limit: 1_000, ..ListQuery::default() };
    ledger.list(&query)?;
    ledger.search(&Scope::All, &query_terms("停水 b"), 1_000)?;
    ledger.snapshots(MATTER)?;
    ledger.history(id(3))?;
    let stored = with_text(record(900), "停电");
    let (entry, _) = head.append(COUNTY, &conformance::fixture::event(&stored.projection.row), [1; 16]);
    ledger.commit(head, &Batch { entries: vec![entry], records: vec![stored], ..Batch::default() })
}

#[test]
fn a_log_cut_anywhere_leaves_whole_batches() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut book = Book::new(Box::new(open(dir.path())));
    for n in 0..6 {
        book.put((n * 10..n * 10 + 10).map(|n| with_text(record(n), "停水")).collect()).expect("committed");
    }
    // The state of the files as a crash leaves them: the log not yet moved into the file.
    let file = std::fs::read(dir.path().join(FILE)).expect("the file");
    let log = std::fs::read(dir.path().join(format!("{FILE}-wal"))).expect("the log");
    let after = tempfile::tempdir().expect("a directory");
    let mut sizes = std::collections::BTreeSet::new();
    for part in 0..=40 {
        let keep = log.len() * part / 40;
        std::fs::write(after.path().join(FILE), &file).expect("written");
        std::fs::write(after.path().join(format!("{FILE}-wal")), &log[..keep]).expect("written");
        let ledger = open(after.path());
        let head = verify(&ledger, &mut |_| ()).expect("whole batches only");
        assert_eq!(head.size % 10, 0);
        let found = ledger.search(&Scope::All, &query_terms("停水"), 100).expect("a search");
        assert_eq!(found.len() as u64, head.size, "read models end where the ledger ends");
        sizes.insert(head.size);
    }
    assert_eq!(sizes.last(), Some(&60), "the whole log holds everything acknowledged");
    assert!(sizes.len() > 3, "{sizes:?}");
}

#[test]
fn a_transaction_dropped_in_the_middle_leaves_no_trace() {
    let dir = filled(1);
    let ledger = open(dir.path());
    let head = ledger.head().expect("a head");
    {
        let mut writer = ledger.writer();
        let tx = writer.conn.transaction().expect("begun");
        tx.execute("UPDATE ledger SET size = 77", []).expect("changed");
        tx.execute("DELETE FROM entry", []).expect("changed");
    }
    assert_eq!(ledger.head(), Ok(head));
    assert_eq!(verify(&ledger, &mut |_| ()), Ok(head));
}

#[test]
fn readers_see_whole_batches_while_the_log_is_moved() {
    let dir = tempfile::tempdir().expect("a directory");
    let ledger = open(dir.path());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let rows = ledger.search(&Scope::All, &query_terms("停水"), 1_000).expect("a search");
                    assert_eq!(rows.len() % 50, 0, "half a batch was seen");
                    ledger.ping().expect("answers");
                }
            });
        }
        let (mut head, mut edge) = (Head::EMPTY, Frontier::default());
        for n in 0..16 {
            let mut batch = Batch::default();
            for stored in (n * 50..n * 50 + 50).map(|n| with_text(record(n), "停水")) {
                let (entry, next) =
                    head.append(COUNTY, &conformance::fixture::event(&stored.projection.row), [1; 16]);
                batch.nodes.extend(edge.push(entry.hash));
                batch.entries.push(entry);
                batch.records.push(stored);
                head = next;
            }
            let before = Head { size: head.size - 50, hash: batch.entries[0].header.previous };
            ledger.commit(before, &batch).expect("committed");
            // As if much more had been written: the log is moved after every batch.
            ledger.keeper.changed(1_000_000);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(verify(&ledger, &mut |_| ()).is_ok_and(|head| head.size == 800));
}

#[test]
fn a_destroyed_key_is_nowhere_in_the_files() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut book = Book::new(Box::new(open(dir.path())));
    let (gone, kept) = erase_some(&mut book);
    // The log of writes is emptied right after, beside the commit.
    let left = |keys: &[u64]| found_in(dir.path(), keys);
    for _ in 0..100 {
        if left(&gone).is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(left(&gone), [0; 0]);
    assert_eq!(left(&kept), kept, "the others are there, and this test would find them");
    drop(book);
    assert_eq!(left(&gone), [0; 0]);
    assert_eq!(left(&kept), kept);
}

#[test]
fn keys_of_an_older_database_are_moved_and_leave_nothing_behind() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(open(dir.path()));
    {
        let conn = Connection::open(file_of(dir.path()).expect("a file")).expect("a connection");
        conn.execute_batch(
            "DROP TABLE record_key; CREATE TABLE record_key (county TEXT NOT NULL, record BLOB NOT NULL,
                 key BLOB NOT NULL, PRIMARY KEY (county, record)) STRICT, WITHOUT ROWID;
             PRAGMA user_version = 8",
        )
        .expect("the older form");
        for n in 0..500u64 {
            let id = gongzhi_base::Digest::of(&n.to_be_bytes()).0[..16].to_vec();
            conn.execute("INSERT INTO record_key VALUES (?1, ?2, ?3)", params![COUNTY, id, wrapped(n)])
                .expect("a key");
        }
    }
    let all: Vec<u64> = (0..500).collect();
    let ledger = open(dir.path());
    let keys = ledger.all_keys(None, 1_000).expect("keys");
    assert_eq!(keys.len(), 500);
    let destroyed = keys.into_iter().map(|(id, _)| id).collect();
    let batch = Batch { destroyed, ..Batch::default() };
    ledger.commit(Head::EMPTY, &batch).expect("committed");
    drop(ledger);
    assert_eq!(found_in(dir.path(), &all), [0; 0]);
}
