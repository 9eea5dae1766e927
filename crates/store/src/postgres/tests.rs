//! The conformance suite on PostgreSQL, and what only a shared server can suffer.

mod encrypted;
mod faults;
mod fence;
mod turns;

use gongzhi_base::words::query_terms;
use gongzhi_testkit::postgres::{Cluster, Database, database};

use super::*;
use crate::conformance::fixture::{
    Book, COUNTY, Dice, MATTER, erase_some, found_in, id, record, with_scopes, with_text,
};
use crate::{Order, ScopePart, Within, conformance, verify};

/// A ledger with the database that it lives in.
fn open(database: &Database, county: &str) -> Postgres {
    Postgres::open(database.url(), county).expect("opens")
}

#[test]
fn conforms() {
    let database = database();
    conformance::run(&|| {
        // Emptying is much quicker than another database for each case.
        database.sql(
            "DO $$ DECLARE t TEXT; BEGIN
                 FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'gongzhi' AND tablename <> 'version'
                 LOOP EXECUTE 'TRUNCATE gongzhi.' || quote_ident(t); END LOOP;
             END $$",
        );
        Box::new(open(&database, COUNTY))
    });
}

/// Enough records of all kinds that the planner has a choice, with statistics as they should be.
fn many(ledger: Postgres, count: u64) -> Book {
    let mut dice = Dice(4);
    let mut book = Book::new(Box::new(ledger));
    for from in (0..count).step_by(500) {
        let records = (from..from + 500).map(|n| {
            let mut stored = with_text(record(n), if n % 50 == 7 { "停水 rare" } else { "路灯 lamp" });
            let row = &mut stored.projection.row;
            row.path[1] = Some(format!("t{}", dice.below(12)));
            row.path[2] = Some(format!("v{}", dice.below(120)));
            row.path[3] = Some(format!("g{}", dice.below(600)));
            row.unit = Some(format!("u{}", dice.below(30)));
            row.kind = Some("0101".into());
            row.kind_top = Some(format!("0{}", dice.below(9)));
            row.parent = dice.once_in(20).then(|| id(dice.below(50)));
            row.open = dice.once_in(4);
            row.due = row.open.then_some(row.opened);
            stored.projection.todo = vec![format!("clerk@t{}", dice.below(12))];
            with_scopes(stored)
        });
        book.put(records.collect()).expect("committed");
    }
    book
}

fn within(within: Within) -> Scope {
    Scope::Any(vec![ScopePart { mechanism: MATTER.into(), within }])
}

#[test]
fn the_usual_lists_read_one_index_range() {
    let database = database();
    let ledger = open(&database, COUNTY);
    let book = many(open(&database, COUNTY), 4_000);
    let open_by_due = ListQuery {
        mechanism: Some(MATTER.into()),
        open: Some(true),
        order: Order::Due,
        ..ListQuery::default()
    };
    let newest = ListQuery { mechanism: Some(MATTER.into()), ..ListQuery::default() };
    let county = within(Within::Place(Level::County, "c1".into()));
    let town = within(Within::Place(Level::Township, "t1".into()));
    let village = within(Within::Place(Level::Village, "v1".into()));
    let grid = within(Within::Place(Level::Grid, "g1".into()));
    let unit = within(Within::Unit("u1".into()));
    let after = Some((5, id(1)));
    let in_town = Some((Level::Township, "t1".to_owned()));
    let kind = Some("01".to_owned());
    let month = Some("2026-01".to_owned());
    let facets = vec!["force=f1".to_owned(), "due_on=2026-03".to_owned()];
    let inside = vec!["due_on=2026-03".to_owned(), format!("above={}", id(1))];
    let all = Scope::All;
    let cases = [
        ("open_all", ListQuery { scope: all.clone(), after, ..open_by_due.clone() }),
        ("open_all", ListQuery { scope: county, late: Some(true), ..open_by_due.clone() }),
        ("open_town", ListQuery { scope: town.clone(), after, ..open_by_due.clone() }),
        ("open_village", ListQuery { scope: village.clone(), ..open_by_due.clone() }),
        ("open_village", ListQuery { scope: village, place: in_town.clone(), ..open_by_due.clone() }),
        ("open_grid", ListQuery { scope: grid.clone(), ..open_by_due.clone() }),
        ("open_unit", ListQuery { scope: all.clone(), unit: Some("u2".into()), ..open_by_due.clone() }),
        ("open_kind", ListQuery { scope: all.clone(), kind: kind.clone(), ..open_by_due.clone() }),
        ("unit_open_pkey", ListQuery { scope: unit.clone(), after, ..open_by_due.clone() }),
        // A list of values leads whatever else is asked for.
        ("unit_open_pkey", ListQuery { scope: town.clone(), facets: facets.clone(), ..open_by_due.clone() }),
        ("unit_open_pkey", ListQuery { scope: town.clone(), facets: inside, ..open_by_due }),
        ("unit_new_pkey", ListQuery { scope: unit.clone(), facets, after, ..newest.clone() }),
        ("new_all", ListQuery { scope: all.clone(), after, ..newest.clone() }),
        ("new_all", ListQuery { scope: all.clone(), month: month.clone(), ..newest.clone() }),
        ("new_town", ListQuery { scope: town, after, kind: kind.clone(), ..newest.clone() }),
        (
            "new_town",
            ListQuery {
                scope: all.clone(),
                place: in_town,
                month: month.clone(),
                marks: 1,
                ..newest.clone()
            },
        ),
        ("new_grid", ListQuery { scope: grid, ..newest.clone() }),
        ("new_unit", ListQuery { scope: all.clone(), unit: Some("u1".into()), ..newest.clone() }),
        ("new_kind", ListQuery { scope: all.clone(), kind: kind.clone(), ..newest.clone() }),
        ("new_part", ListQuery { scope: all, parent: Some(id(3)), ..newest.clone() }),
        ("unit_new_pkey", ListQuery { scope: unit.clone(), after, kind, ..newest.clone() }),
        ("unit_new_pkey", ListQuery { scope: unit, month, ..newest }),
    ];
    assert_eq!(ledger.counters().map(|found| found.len()), Ok(0), "all is applied");
    // Before the server has ever counted the tables, and after.
    for counted in [false, true] {
        if counted {
            database.sql("ANALYZE");
        }
        for (index, query) in &cases {
            let plan = ledger.pool.run(async |link| list::plan(link, COUNTY, query).await).expect("a plan");
            assert!(plan.contains(&format!("using {index} on ")), "{counted} {index}:\n{plan}\n{query:?}");
            let bad = ["Seq Scan", "Sort", "Bitmap", "Hash"];
            assert!(!bad.iter().any(|word| plan.contains(word)), "{counted} {index}:\n{plan}\n{query:?}");
        }
    }
    drop(book);
}

#[test]
fn an_older_database_gets_the_lists_within_records_above() {
    let database = database();
    let mut book = Book::new(Box::new(open(&database, COUNTY)));
    book.put(conformance::fixture::parts(12)).expect("committed");
    let before = conformance::fixture::lists_within(&*book.ledger);
    assert!(before.iter().all(|(rows, _)| !rows.is_empty()), "{before:?}");
    drop(book);
    let rows = || database.sql("SELECT string_agg(scopes, chr(10) ORDER BY record) FROM gongzhi.record");
    let kept = rows();
    database.sql(
        "DELETE FROM gongzhi.unit_new WHERE starts_with(unit, 'zf~'); DELETE FROM gongzhi.unit_open WHERE starts_with(unit, 'zf~');
         UPDATE gongzhi.record SET scopes = left(scopes, strpos(scopes, ' zf~') - 1) WHERE strpos(scopes, ' zf~') > 0;
         ALTER TABLE gongzhi.ledger DROP COLUMN epoch; UPDATE gongzhi.version SET number = 3",
    );
    assert_ne!(rows(), kept);
    assert_eq!(conformance::fixture::lists_within(&open(&database, COUNTY)), before);
    assert_eq!(rows(), kept, "as a commit would have written them");
}

#[test]
fn search_reads_the_inverted_index_block_by_block() {
    let database = database();
    // Also while the table is new and was never counted: the plan may be kept for long.
    let ledger = open(&database, COUNTY);
    let plan = ledger.pool.run(async |link| list::planned(link, &search::sql(3), 12).await).expect("a plan");
    assert!(plan.contains("Bitmap Index Scan on words_lexemes"), "{plan}");
    let book = many(ledger, 20_000);
    let rare: Vec<RecordId> = (0..20_000).rev().filter(|n| n % 50 == 7).map(id).collect();
    let find = |text: &str, limit| -> Vec<RecordId> {
        let found = book.ledger.search(&Scope::All, &query_terms(text), limit).expect("a search");
        found.iter().map(|row| row.id).collect()
    };
    assert_eq!(find("停水", 1_000), rare, "all of them, over all blocks, newest first");
    assert_eq!(find("停水 rar", 3), rare[..3]);
    assert_eq!(find("路灯", 2), [id(19_999), id(19_998)]);
    assert_eq!(find("停水 路灯", 10), []);
}

#[test]
fn words_of_many_rows_are_put_into_the_index_together_and_of_a_few_when_there_are_enough() {
    let database = database();
    let mut book = Book::new(Box::new(open(&database, COUNTY)));
    let mut put = |from: u64, count: u64| {
        book.put((from..from + count).map(|n| with_text(record(n), "停水")).collect()).expect("committed");
        book.ledger.search(&Scope::All, &query_terms("停水"), 1_000).expect("a search").len() as u64
    };
    // Pages of the list that each search reads beside the index; asking empties it.
    let listed = || database.sql("SELECT gin_clean_pending_list('gongzhi.words_lexemes')");
    let many = search::MANY as u64;
    assert_eq!(put(0, many), many);
    assert_eq!(listed(), "0");
    assert_eq!(put(many, many - 1), 2 * many - 1);
    assert_ne!(listed(), "0", "they wait for others");
    assert_eq!(put(2 * many - 1, 300), 2 * many + 299);
    assert_eq!(listed(), "0");
    // While the index is put off there is nothing to put them into.
    book.ledger.begin_rebuild().expect("emptied");
    database.sql(&format!("SET search_path = gongzhi; {}", search::SORT_IN));
}

#[test]
fn lexemes_are_sent_as_the_server_would_make_them() {
    let database = database();
    let mut book = Book::new(Box::new(open(&database, COUNTY)));
    // The first eight bytes of a word are its whole, its beginning and those of others; in no order, and some twice.
    let long = "w".repeat(250);
    let text = format!("水 停水 zebra abcdefgh abcdefghi abcdefg abc 停水 {long} ab abcdefgh a9 9a é");
    book.put(vec![with_text(record(1), &text)]).expect("committed");
    let found = book.ledger.search(&Scope::All, &query_terms("abcdefghi"), 10).expect("a search");
    assert_eq!(found.len(), 1);
    // What the server makes of a list of words is sorted and holds each once.
    let as_made = "SELECT lexemes = array_to_tsvector(tsvector_to_array(lexemes)) AND tsvector_to_array(lexemes) @>
            (SELECT array_agg(left(word, 200)) FROM unnest(string_to_array(text, ' ')) AS word) FROM gongzhi.words";
    assert_eq!(database.sql(as_made), "t");
}

/// A batch of one entry of a county, and the head after it.
fn one(county: &str, head: Head, n: u64) -> (Batch, Head) {
    let stored = with_text(record(n), "停水");
    let (entry, end) = head.append(county, &conformance::fixture::event(&stored.projection.row), [1; 16]);
    (Batch { entries: vec![entry], records: vec![stored], ..Batch::default() }, end)
}

#[test]
fn a_rebuild_makes_all_indexes_anew_also_one_that_was_begun_twice() {
    let database = database();
    drop(many(open(&database, COUNTY), 100));
    let indexes = || {
        database.sql("SELECT string_agg(indexdef, chr(10) ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'gongzhi'")
    };
    let before = indexes();
    open(&database, COUNTY).begin_rebuild().expect("emptied");
    assert!(!indexes().contains("words_lexemes"), "it is put off");
    let ledger = open(&database, COUNTY);
    ledger.begin_rebuild().expect("emptied once more");
    let records = (0..100).map(|n| with_text(record(n), "停水")).collect();
    ledger.put_derived(&Batch { records, ..Batch::default() }).expect("derived");
    ledger.end_rebuild().expect("ended");
    assert_eq!(indexes(), before);
    assert_eq!(ledger.search(&Scope::All, &query_terms("停水"), 200).map(|rows| rows.len()), Ok(100));
}

#[test]
fn a_rebuild_cut_off_while_it_makes_indexes_is_told_and_begun_again() {
    let database = database();
    drop(many(open(&database, COUNTY), 500));
    let indexes = || {
        database.sql("SELECT string_agg(indexdef, chr(10) ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'gongzhi'")
    };
    let before = indexes();
    let ledger = open(&database, COUNTY);
    ledger.begin_rebuild().expect("emptied");
    let derive = |ledger: &Postgres| {
        for from in (0..500).step_by(100) {
            let records = (from..from + 100).map(|n| with_text(record(n), "停水")).collect();
            ledger.put_derived(&Batch { records, ..Batch::default() }).expect("derived");
        }
    };
    derive(&ledger);
    // One index cannot be made. That over words is made on a connection of its own and stays, the others are undone.
    database.sql("UPDATE gongzhi.index_later SET sql = 'SELECT 1 / 0' WHERE name = 'open_unit'");
    assert!(ledger.end_rebuild().is_err());
    drop(ledger);
    assert!(indexes().contains("words_lexemes") && !indexes().contains("new_all"), "{}", indexes());
    let ledger = open(&database, COUNTY);
    assert_eq!(ledger.rebuilding(), Ok(true), "what is there must not be believed");
    let whole = "CREATE INDEX open_unit ON gongzhi.waiting USING btree (county, mechanism, unit, due, record) WHERE (unit IS NOT NULL)";
    database.sql(&format!("UPDATE gongzhi.index_later SET sql = '{whole}' WHERE name = 'open_unit'"));
    ledger.begin_rebuild().expect("emptied once more");
    assert_eq!(ledger.search(&Scope::All, &query_terms("停水"), 1_000).map(|rows| rows.len()), Ok(0));
    derive(&ledger);
    ledger.end_rebuild().expect("ended");
    assert_eq!((ledger.rebuilding(), indexes()), (Ok(false), before));
    assert_eq!(database.sql("SELECT count(*) FROM gongzhi.index_later"), "0");
    let found = ledger.search(&Scope::All, &query_terms("停水"), 1_000).expect("a search");
    let ids: Vec<RecordId> = found.iter().map(|row| row.id).collect();
    assert_eq!(ids, (0..500).rev().map(id).collect::<Vec<_>>(), "no row is missing");
}

#[test]
fn long_values_are_packed_as_quickly_as_the_server_can() {
    let database = database();
    let mut book = Book::new(Box::new(open(&database, COUNTY)));
    book.put(vec![with_text(record(1), &"停水 路灯 ".repeat(2_000))]).expect("committed");
    assert_eq!(book.ledger.counters().map(|found| found.len()), Ok(0), "all is applied");
    let known = database.sql(
        "SELECT CASE WHEN 'lz4' = ANY(enumvals) THEN 'lz4' ELSE 'pglz' END FROM pg_settings WHERE name = 'default_toast_compression'",
    );
    assert_eq!(database.sql("SELECT pg_column_compression(text) FROM gongzhi.words"), known);
}

#[test]
fn counties_in_one_database_never_meet() {
    let database = database();
    assert_eq!(Postgres::counties(database.url()), Ok(vec![]));
    let codes = ["111111", "222222"];
    let ledgers = codes.map(|code| open(&database, code));
    assert_eq!(Postgres::counties(database.url()), Ok(codes.map(str::to_owned).to_vec()));
    // The same records and numbers in both, written at the same time.
    std::thread::scope(|scope| {
        for (code, ledger) in codes.iter().zip(&ledgers) {
            scope.spawn(|| {
                let mut head = Head::EMPTY;
                for n in 0..40 {
                    let (batch, end) = one(code, head, n);
                    ledger.commit(head, &batch).expect("no other county is in the way");
                    head = end;
                }
            });
        }
    });
    for (code, ledger) in codes.iter().zip(&ledgers) {
        assert!(verify(ledger, &mut |_| ()).is_ok_and(|head| head.size == 40), "{code}");
        let found = ledger.search(&Scope::All, &query_terms("停水"), 100).expect("a search");
        assert_eq!(found.len(), 40, "{code}");
        ledger.put_setting("name", code.as_bytes()).expect("written");
    }
    let (first, second) = (&ledgers[0], &ledgers[1]);
    first.begin_rebuild().expect("begun");
    assert_eq!(first.list(&ListQuery { scope: Scope::All, ..ListQuery::default() }), Ok(Page::default()));
    assert_eq!((first.rebuilding(), second.rebuilding()), (Ok(true), Ok(false)));
    assert_eq!(second.snapshot(id(3)), Ok(Some(record(3).snapshot)), "the other county keeps all");
    assert_eq!(second.setting("name"), Ok(Some(b"222222".to_vec())));
}

#[test]
fn a_newer_schema_is_refused() {
    let database = database();
    drop(open(&database, COUNTY));
    database.sql("UPDATE gongzhi.version SET number = 99");
    let refused = Postgres::open(database.url(), COUNTY).err().expect("refused");
    assert!(refused.to_string().contains("newer version (schema 99"), "{refused}");
}

#[test]
fn waiting_ends_as_soon_as_another_node_has_written() {
    let database = database();
    let (one_node, other) = (open(&database, COUNTY), open(&database, COUNTY));
    std::thread::scope(|scope| {
        // Far longer than a test may take: only the other node's word ends it.
        let waiting = scope.spawn(|| one_node.wait(0, Duration::from_secs(3_600)));
        std::thread::sleep(Duration::from_millis(300));
        let (batch, end) = one(COUNTY, Head::EMPTY, 1);
        other.commit(Head::EMPTY, &batch).expect("committed");
        assert_eq!(waiting.join().expect("ends"), Ok(end.size));
    });
}

#[test]
fn damage_is_found() {
    for (change, found) in [
        ("UPDATE entry SET body = '\\x00'::bytea || substr(body, 2) WHERE seq = 4", "entry 4 does not hold"),
        (
            "UPDATE entry SET hash = decode(repeat('00', 32), 'hex') WHERE seq = 4",
            "entry 4 does not continue",
        ),
        ("UPDATE entry SET header = '\\xff' WHERE seq = 4", "unreadable header of entry 4"),
        ("UPDATE entry SET record = '\\x00' WHERE seq = 4", "unreadable"),
        ("DELETE FROM entry WHERE seq = 4", "entry 4 is missing"),
        ("DELETE FROM entry WHERE seq = 19", "holds 19 entries, its head names 20"),
        ("UPDATE ledger SET size = 19", "holds 20 entries, its head names 19"),
    ] {
        let database = database();
        let mut book = Book::new(Box::new(open(&database, COUNTY)));
        book.put((0..20).map(record).collect()).expect("committed");
        database.sql(&format!("SET search_path = gongzhi; {change}"));
        let fault = verify(&*book.ledger, &mut |_| ()).expect_err(change).to_string();
        assert!(fault.contains(found), "{change}: {fault}");
    }
}

#[test]
fn a_destroyed_key_is_not_in_the_files_of_its_table() {
    let cluster = Cluster::own();
    let mut book = Book::new(Box::new(Postgres::open(&cluster.url("postgres"), COUNTY).expect("opens")));
    let (gone, kept) = erase_some(&mut book);
    cluster.sql("postgres", "CHECKPOINT");
    let files = cluster.data().join("base");
    assert_eq!(found_in(&files, &gone), [0; 0]);
    assert_eq!(found_in(&files, &kept), kept, "the others are there, and this test would find them");
}

#[test]
fn nobody_commits_while_another_process_rebuilds() {
    let database = database();
    let mut book = Book::new(Box::new(open(&database, COUNTY)));
    book.put((0..40).map(record).collect()).expect("committed");
    let rows = |ledger: &dyn Ledger| ledger.list(&ListQuery { scope: Scope::All, ..ListQuery::default() });
    assert_eq!(rows(&*book.ledger).expect("a list").rows.len(), 40);
    let other = open(&database, COUNTY);
    other.begin_rebuild().expect("begun");
    let (refused, _) = book.batch(vec![record(50)]);
    assert_eq!(book.ledger.commit(book.head, &refused), Err(StoreError::Conflict));
    // In another order than the rows had, so that what a node remembers of them is true no more.
    let records = (0..40).rev().map(record).collect();
    other.put_derived(&Batch { records, ..Batch::default() }).expect("written");
    other.end_rebuild().expect("ended");
    book.put((0..60).map(record).collect()).expect("the node goes on");
    let found = rows(&*book.ledger).expect("a list");
    assert_eq!(found.rows.len(), 50, "a page");
    assert!((0..60).all(|n| book.ledger.rows(&[id(n)]).is_ok_and(|rows| rows[0].id == id(n))));
    assert_eq!(verify(&*book.ledger, &mut |_| ()), Ok(book.head));
}
