//! Commits: the chain, conflicts, atomicity, and what each part of a batch leaves behind.

use std::collections::BTreeMap;

use gongzhi_base::{Digest, Point, RecordId, Short, Timestamp};
use gongzhi_kernel::chain::{Entry, Head};
use gongzhi_lang::model::Dimension;

use super::Make;
use super::fixture::{Book, COUNTY, MATTER, bucket, cell, command, event, id, record, with_text};
use crate::{Batch, CellQuery, ListQuery, Provable, Scope, StoreError, Timer, Want, verify};

pub(super) fn chain(make: Make<'_>) {
    let mut book = Book::new(make());
    book.put((0..5).map(record).collect()).expect("committed");
    let mut second = record(3);
    second.projection.row.revision = 2;
    book.put(vec![second, record(5)]).expect("committed");
    let ledger = &*book.ledger;
    assert_eq!(ledger.head(), Ok(book.head));
    assert_eq!(book.head.size, 7);
    let mut seen = Vec::new();
    assert_eq!(verify(ledger, &mut |count| seen.push(count)), Ok(book.head));
    assert_eq!(seen, [7]);
    let all = ledger.entries(0, 100).expect("entries");
    assert_eq!(all.iter().map(|entry| entry.header.seq).collect::<Vec<_>>(), (0..7).collect::<Vec<_>>());
    assert_eq!(ledger.entries(2, 3).expect("a part"), all[2..5]);
    assert_eq!(ledger.entries(7, 3), Ok(Vec::new()));
    let history = ledger.history(id(3)).expect("history");
    assert_eq!(history, [all[3].clone(), all[5].clone()]);
    assert_eq!(ledger.history(id(99)), Ok(Vec::new()));
    ledger.put_setting("one", b"1").expect("a setting");
    let provable = |id: RecordId, entries: &[Entry], before: Option<&Entry>| Provable {
        snapshot: ledger.snapshot(id).expect("a snapshot"),
        entries: entries.to_vec(),
        before: before.cloned(),
        settings: vec![None, Some(b"1".to_vec())],
        head: book.head,
    };
    let found = |id| ledger.provable(id, &["two", "one"]);
    assert_eq!(found(id(3)), Ok(provable(id(3), &history, Some(&all[2]))));
    assert!(found(id(3)).is_ok_and(|found| found.snapshot.is_some()));
    assert_eq!(found(id(0)), Ok(provable(id(0), &all[..1], None)), "it is the first of all");
    assert_eq!(found(id(99)), Ok(provable(id(99), &[], None)));
}

pub(super) fn conflict(make: Make<'_>) {
    let mut book = Book::new(make());
    let (late, _) = book.batch(vec![record(1)]);
    book.put(vec![record(2)]).expect("committed");
    assert_eq!(book.ledger.commit(Head::EMPTY, &late), Err(StoreError::Conflict));
    let other = Head { size: 1, hash: Digest([9; 32]) };
    assert_eq!(book.ledger.commit(other, &Batch::default()), Err(StoreError::Conflict));
    assert_eq!(book.ledger.head(), Ok(book.head));
    assert_eq!(book.ledger.snapshot(id(1)), Ok(None));
    book.put(vec![record(1)]).expect("the writer goes on");
}

pub(super) fn known(make: Make<'_>) {
    let mut book = Book::new(make());
    book.put(vec![record(1), record(2)]).expect("committed");
    // A record that is taken for new and is there; an answer of a command that was accepted before.
    let (mut begun, _) = book.batch(vec![record(1), record(3)]);
    let (first, next) = book.head.append(COUNTY, &event(&record(1).projection.row), [7; 16]);
    let (second, _) = next.append(COUNTY, &event(&record(3).projection.row), [7; 16]);
    begun.entries = vec![first, second];
    assert_eq!(book.ledger.commit(book.head, &begun), Err(StoreError::Known));
    let (mut repeated, _) = book.batch(vec![record(3)]);
    repeated.answers[0].command = command(1);
    assert_eq!(book.ledger.commit(book.head, &repeated), Err(StoreError::Known));
    assert_eq!(book.ledger.head(), Ok(book.head), "nothing of it was written");
    assert_eq!(book.ledger.snapshot(id(3)), Ok(None));
    book.put(vec![record(3), record(1)]).expect("the writer goes on");
    assert_eq!(verify(&*book.ledger, &mut |_| ()), Ok(book.head));
}

pub(super) fn gap(make: Make<'_>) {
    let mut book = Book::new(make());
    book.put(vec![record(1)]).expect("committed");
    let (mut batch, _) = book.batch(vec![record(2), record(3)]);
    batch.entries.swap(0, 1);
    assert!(matches!(book.ledger.commit(book.head, &batch), Err(StoreError::Engine(_))));
    batch.entries.remove(0);
    batch.entries[0].header.county = "another".into();
    assert!(matches!(book.ledger.commit(book.head, &batch), Err(StoreError::Engine(_))));
    assert_eq!(book.ledger.head(), Ok(book.head));
}

pub(super) fn answers(make: Make<'_>) {
    let mut book = Book::new(make());
    let (batch, head) = book.batch(vec![record(1), record(2)]);
    book.ledger.commit(book.head, &batch).expect("committed");
    book.head = head;
    let want = Want {
        records: vec![id(2), id(9)],
        commands: vec![command(2), command(77), batch.answers[0].command.clone()],
    };
    let loaded = book.ledger.load(&want).expect("loaded");
    assert_eq!(loaded.records, [(id(2), record(2).snapshot)]);
    assert_eq!(loaded.answers, [batch.answers[1].clone(), batch.answers[0].clone()]);
    // The same command in a second batch would be a second effect: the engine refuses it whole.
    let (mut again, _) = book.batch(vec![record(3)]);
    again.answers[0].command = command(1);
    assert!(book.ledger.commit(book.head, &again).is_err());
    assert_eq!(book.ledger.snapshot(id(3)), Ok(None));
}

pub(super) fn atomic(make: Make<'_>) {
    let mut book = Book::new(make());
    let before = with_text(record(1), "停水");
    book.put_with_cells(
        vec![before],
        BTreeMap::from([(cell("all", Dimension::Place, "c1", "2026-01"), (1, 1))]),
    )
    .expect("committed");
    let mut changed = with_text(record(1), "停电");
    changed.projection.row.revision = 2;
    changed.projection.todo = vec!["clerk@c1".into()];
    changed.projection.timers = vec![("reply".into(), Timestamp(5))];
    let mut fresh = with_text(record(2), "路灯");
    fresh.projection.row.mechanism = "new-mechanism".into();
    let (mut batch, _) = book.batch(vec![changed, fresh]);
    batch.cells.push((cell("all", Dimension::Place, "c1", "2026-01"), (5, 5)));
    batch.cells.push((cell("new", Dimension::Unit, "u1", ""), (5, 5)));
    batch.counters.insert((MATTER.into(), 2026), 9);
    // One command answered twice cannot be stored: the failure comes after the entries.
    let twice = batch.answers[0].clone();
    batch.answers.push(twice);
    for _ in 0..2 {
        assert!(book.ledger.commit(book.head, &batch).is_err());
    }
    let ledger = &*book.ledger;
    assert_eq!(ledger.head(), Ok(book.head));
    assert_eq!(ledger.entries(0, 10).map(|entries| entries.len()), Ok(1));
    assert_eq!(ledger.rows(&[id(1), id(2)]).map(|rows| rows.len()), Ok(1));
    assert_eq!(ledger.rows(&[id(1)]).map(|rows| rows[0].revision), Ok(1));
    assert_eq!(ledger.todo_count(&["clerk@c1".into()]), Ok((0, 0)));
    assert_eq!(ledger.timers(Timestamp(i64::MAX), 10), Ok(Vec::new()));
    assert_eq!(ledger.counters(), Ok(BTreeMap::new()));
    assert_eq!(
        ledger.load(&Want { records: vec![], commands: vec![twice_of(&batch)] }).map(|l| l.answers.len()),
        Ok(0)
    );
    let terms = gongzhi_base::words::query_terms("停水");
    assert_eq!(ledger.search(&Scope::All, &terms, 5).map(|rows| rows.len()), Ok(1));
    // The same content without the fault goes through, with everything that was rolled back before.
    batch.answers.pop();
    ledger.commit(book.head, &batch).expect("committed");
    let read = |indicators: &str, dimension, from: &str| {
        ledger
            .cells(&CellQuery {
                mechanism: MATTER.into(),
                indicators: vec![indicators.into()],
                dimension,
                keys: vec![],
                from: from.into(),
                to: from.into(),
            })
            .expect("cells")
            .iter()
            .map(|cell| (cell.numerator, cell.denominator))
            .collect::<Vec<_>>()
    };
    assert_eq!(read("all", Dimension::Place, "2026-01"), [(6, 6)]);
    assert_eq!(read("new", Dimension::Unit, ""), [(5, 5)]);
    let everything = ListQuery { scope: Scope::All, ..ListQuery::default() };
    assert_eq!(ledger.list(&everything).map(|page| page.rows.len()), Ok(2));
}

fn twice_of(batch: &Batch) -> gongzhi_base::CommandId {
    batch.answers[0].command.clone()
}

pub(super) fn records(make: Make<'_>) {
    let mut book = Book::new(make());
    let plain = record(1);
    let mut full = record(2);
    full.receipt = Some(Digest([5; 32]));
    {
        let row = &mut full.projection.row;
        row.path[3] = Some("g1".into());
        row.unit = Some("water".into());
        row.kind = Some("010101".into());
        row.kind_top = Some("01".into());
        row.due = Some(Timestamp(-5));
        row.due_name = Some("reply".into());
        row.late = true;
        row.marks = u64::MAX;
        row.parent = Some(id(1));
        row.point = Some(Point { lat: 35_356_000, lon: 111_225_000 });
        row.title = "'; DROP TABLE record; -- 闻".into();
    }
    let mut register = record(3);
    register.projection.row.mechanism = "unit".into();
    register.projection.row.number = String::new();
    let mut second = record(4);
    second.projection.row.mechanism = "unit".into();
    second.projection.row.number = String::new();
    book.put(vec![plain.clone(), full.clone(), second.clone(), register.clone()]).expect("committed");
    let ledger = &*book.ledger;
    assert_eq!(
        ledger.rows(&[id(2), id(9), id(1)]),
        Ok(vec![full.projection.row.clone(), plain.projection.row.clone()]),
        "rows come in the order asked for"
    );
    assert_eq!(ledger.snapshot(id(2)), Ok(Some(full.snapshot.clone())));
    assert_eq!(ledger.snapshots("unit"), Ok(vec![register.snapshot, second.snapshot]));
    assert_eq!(ledger.snapshots("none"), Ok(vec![]));
    assert_eq!(ledger.by_receipt(Digest([5; 32])), Ok(Some(id(2))));
    assert_eq!(ledger.by_receipt(Digest([6; 32])), Ok(None));
    assert_eq!(ledger.by_number("2026-000002"), Ok(Some(id(2))));
    assert_eq!(ledger.by_number(""), Ok(None), "no number is no key");

    // Each depth of change: nothing that is listed by, then due and open, then place and unit.
    full.receipt = None;
    full.snapshot = vec![1; 9_000];
    let steps: [fn(&mut gongzhi_kernel::project::Row); 3] = [
        |row| row.state = "answered".into(),
        |row| (row.due, row.open) = (None, false),
        |row| (row.unit, row.path[2], row.parent) = (None, Some("v2".into()), None),
    ];
    for step in steps {
        step(&mut full.projection.row);
        full.projection.row.revision += 1;
        book.put(vec![full.clone()]).expect("committed");
        assert_eq!(book.ledger.rows(&[id(2)]), Ok(vec![full.projection.row.clone()]));
    }
    assert_eq!(book.ledger.snapshot(id(2)), Ok(Some(full.snapshot)));
    assert_eq!(book.ledger.by_receipt(Digest([5; 32])), Ok(Some(id(2))), "the receipt stays");
    let children = ListQuery { scope: Scope::All, parent: Some(id(1)), ..ListQuery::default() };
    assert_eq!(book.ledger.list(&children).map(|page| page.rows), Ok(vec![]));
}

pub(super) fn cells(make: Make<'_>) {
    let mut book = Book::new(make());
    let solved = |key: &str, period: &str| cell("solved", Dimension::Place, key, period);
    let changes = [
        (solved("t1", "2026-01"), (1, 1)),
        (solved("t1", "2026-02"), (0, 1)),
        (solved("t2", "2026-01"), (1, 2)),
        (cell("open", Dimension::Place, "t1", ""), (4, 0)),
        (cell("solved", Dimension::Unit, "t1", "2026-01"), (9, 9)),
        (cell("gone", Dimension::Place, "t1", "2026-01"), (1, 1)),
    ];
    book.put_with_cells(vec![record(1)], BTreeMap::from(changes)).expect("committed");
    let changes =
        [(solved("t1", "2026-01"), (-1, 2)), (cell("gone", Dimension::Place, "t1", "2026-01"), (-1, -1))];
    book.put_with_cells(vec![record(2)], BTreeMap::from(changes)).expect("committed");
    let read = |indicators: &[&str], keys: &[&str], from: &str, to: &str| {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        book.ledger
            .cells(&CellQuery {
                mechanism: MATTER.into(),
                indicators: list(indicators),
                dimension: Dimension::Place,
                keys: list(keys),
                from: from.into(),
                to: to.into(),
            })
            .expect("cells")
            .into_iter()
            .map(|cell| (cell.key.indicator, cell.key.key, cell.key.period, cell.numerator, cell.denominator))
            .collect::<Vec<_>>()
    };
    let row = |indicator: &str, key: &str, period: &str, num, den| {
        (Short::from(indicator), Short::from(key), Short::from(period), num, den)
    };
    assert_eq!(
        read(&[], &[], "2026-01", "2026-02"),
        [
            row("solved", "t1", "2026-01", 0, 3),
            row("solved", "t1", "2026-02", 0, 1),
            row("solved", "t2", "2026-01", 1, 2)
        ]
    );
    assert_eq!(
        read(&["solved"], &["t2", "t3"], "2025-01", "2026-12"),
        [row("solved", "t2", "2026-01", 1, 2)]
    );
    assert_eq!(read(&["open", "solved"], &["t1"], "", ""), [row("open", "t1", "", 4, 0)]);
    assert!(read(&["none"], &[], "", "9999").is_empty());
}

pub(super) fn told_anew(make: Make<'_>) {
    let mut book = Book::new(make());
    let key = || cell("solved", Dimension::Place, "t1", "2026-01");
    for n in 1..=3 {
        book.put_with_cells(vec![record(n)], BTreeMap::from([(key(), (1, 2))])).expect("committed");
        for keys in [vec![], vec!["t1".to_owned()]] {
            let query = CellQuery {
                mechanism: MATTER.into(),
                indicators: vec!["solved".into()],
                dimension: Dimension::Place,
                keys,
                from: "2026-01".into(),
                to: "2026-01".into(),
            };
            // Asked again it may be remembered.
            for _ in 0..2 {
                let told = book.ledger.tallies(&query).expect("tallies");
                let sums: Vec<_> = told.iter().map(|tally| (tally.numerator, tally.denominator)).collect();
                assert_eq!(sums, [(n.cast_signed(), 2 * n.cast_signed())]);
            }
        }
    }
}

pub(super) fn buckets(make: Make<'_>) {
    let mut book = Book::new(make());
    let of = |key: &str, period: &str, n: u16| bucket("taken", key, period, n);
    let changes = [
        (of("t1", "2026-01", 7), (2, 0)),
        (of("t1", "2026-01", 463), (1, 0)),
        (of("t1", "2026-02", 0), (1, 0)),
        (of("t1", "", 30), (4, 0)),
        (of("t2", "2026-01", 7), (1, 0)),
        (cell("taken", Dimension::Place, "t1", "2026-01"), (9, 9)),
    ];
    book.put_with_cells(vec![record(1)], BTreeMap::from(changes)).expect("committed");
    let changes = [(of("t1", "2026-01", 7), (1, 0)), (of("t1", "2026-01", 463), (-1, 0))];
    book.put_with_cells(vec![record(2)], BTreeMap::from(changes)).expect("committed");
    let read = |from: &str, to: &str| {
        let query = CellQuery {
            mechanism: MATTER.into(),
            indicators: vec!["taken".into()],
            dimension: Dimension::Place,
            keys: vec!["t1".into()],
            from: from.into(),
            to: to.into(),
        };
        let found = book.ledger.cells(&query).expect("cells").into_iter();
        found.map(|cell| (cell.key.period, cell.key.bucket, cell.numerator)).collect::<Vec<_>>()
    };
    let january = [(Short::from("2026-01"), None, 9), (Short::from("2026-01"), Some(7), 3)];
    assert_eq!(read("2026-01", "2026-01"), january, "the last month of a range comes with its buckets");
    assert_eq!(read("2026-02", "2026-12"), [(Short::from("2026-02"), Some(0), 1)]);
    assert_eq!(read("", ""), [(Short::default(), Some(30), 4)], "the present is no month");
    assert_eq!(read("", "9999-99").len(), 4);
}

pub(super) fn counters(make: Make<'_>) {
    let mut book = Book::new(make());
    for (year, last) in [(2026, 3), (2027, 1), (2026, 5)] {
        let (mut batch, head) = book.batch(vec![]);
        batch.counters.insert((MATTER.into(), year), last);
        book.ledger.commit(book.head, &batch).expect("committed");
        book.head = head;
    }
    let expected = BTreeMap::from([((MATTER.to_owned(), 2026), 5), ((MATTER.to_owned(), 2027), 1)]);
    assert_eq!(book.ledger.counters(), Ok(expected));
}

pub(super) fn timers(make: Make<'_>) {
    let mut book = Book::new(make());
    let timed = |n: u64, revision: u64, timers: &[(&str, i64)]| {
        let mut stored = record(n);
        stored.projection.row.revision = revision;
        stored.projection.timers =
            timers.iter().map(|(name, at)| ((*name).to_owned(), Timestamp(*at))).collect();
        stored
    };
    book.put(vec![timed(1, 1, &[("reply", 300), ("accept", 100)]), timed(2, 1, &[("reply", 200)])])
        .expect("committed");
    let read = |book: &Book, until: i64, limit: u32| {
        book.ledger
            .timers(Timestamp(until), limit)
            .expect("timers")
            .into_iter()
            .map(|Timer { record, deadline, at }| (record, deadline, at.0))
            .collect::<Vec<_>>()
    };
    let (one, two) = (id(1), id(2));
    assert_eq!(read(&book, 250, 10), [(one, "accept".to_owned(), 100), (two, "reply".to_owned(), 200)]);
    assert_eq!(read(&book, 1_000, 1), [(one, "accept".to_owned(), 100)]);
    book.put(vec![timed(1, 2, &[("reply", 150)]), timed(2, 2, &[])]).expect("committed");
    assert_eq!(read(&book, 1_000, 10), [(one, "reply".to_owned(), 150)]);
}
