//! Cases of what surrounds the entries: nodes, keys, rebuilding, archives, waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use gongzhi_base::Timestamp;
use gongzhi_kernel::merkle::Frontier;
use gongzhi_lang::model::Dimension;

use super::Make;
use super::fixture::{Book, cell, id, record};
use crate::{CellQuery, Credential, ListQuery, Look, LookQuery, Scope, Want};

pub(super) fn nodes(make: Make<'_>) {
    let mut book = Book::new(make());
    for from in [0, 200, 400, 600] {
        book.put((from..from + 200).map(record).collect()).expect("a batch");
    }
    let ledger = &book.ledger;
    assert_eq!(ledger.nodes(1, 0, 10).expect("nodes").len(), 3, "800 entries finish three tiles");
    assert_eq!(ledger.nodes(1, 1, 1).expect("nodes"), ledger.nodes(1, 0, 2).expect("nodes")[1..]);
    assert_eq!(ledger.nodes(2, 0, 1), Ok(vec![]));
    assert_eq!(ledger.nodes(0, 799, 9).expect("hashes"), [book.head.hash]);
    let read = Frontier::read(book.head.size, |level, from, count| ledger.nodes(level, from, count as u32));
    assert_eq!(read.expect("an edge"), *book.edge());
}

pub(super) fn keys(make: Make<'_>) {
    let mut book = Book::new(make());
    let (mut batch, head) = book.batch(vec![record(1), record(2), record(3)]);
    batch.keys = vec![(id(1), vec![1; 40]), (id(2), vec![2; 40])];
    book.ledger.commit(book.head, &batch).expect("a batch");
    book.head = head;
    let of = [id(2), id(3), id(1)];
    let mut found = book.ledger.keys(&of).expect("keys");
    found.sort();
    let mut all = vec![(id(1), vec![1; 40]), (id(2), vec![2; 40])];
    all.sort();
    assert_eq!(found, all);
    assert_eq!(book.ledger.all_keys(None, 10), Ok(all.clone()));
    assert_eq!(book.ledger.all_keys(Some(all[0].0), 10), Ok(all[1..].to_vec()));

    let (mut batch, _) = book.batch(vec![record(4)]);
    batch.destroyed = vec![id(1)];
    batch.keys = vec![(id(4), vec![4; 40])];
    // Refused as a whole: the key stays.
    assert!(book.ledger.commit(gongzhi_kernel::chain::Head::EMPTY, &batch).is_err());
    assert_eq!(book.ledger.all_keys(None, 10), Ok(all));
    book.ledger.commit(book.head, &batch).expect("a batch");
    assert_eq!(book.ledger.keys(&[id(1)]), Ok(vec![]));
    book.head = head_after(&book, &batch);
    // Destroyed first, then written: a new key of an erased record stays.
    let (mut batch, _) = book.batch(vec![record(5)]);
    batch.destroyed = vec![id(2)];
    batch.keys = vec![(id(2), vec![9; 40])];
    book.ledger.commit(book.head, &batch).expect("a batch");
    assert_eq!(book.ledger.keys(&[id(2)]), Ok(vec![(id(2), vec![9; 40])]));
    book.ledger.put_keys(&[(id(4), vec![5; 40])]).expect("replaced");
    assert_eq!(book.ledger.keys(&[id(4)]), Ok(vec![(id(4), vec![5; 40])]));
}

fn head_after(book: &Book, batch: &crate::Batch) -> gongzhi_kernel::chain::Head {
    let last = batch.entries.last().expect("an entry");
    gongzhi_kernel::chain::Head { size: book.head.size + batch.entries.len() as u64, hash: last.hash }
}

pub(super) fn rebuild(make: Make<'_>) {
    let mut book = Book::new(make());
    let key = cell("handled", Dimension::Place, "p", "2026-01");
    book.put_with_cells((1..=4).map(record).collect(), BTreeMap::from([(key.clone(), (1, 2))]))
        .expect("a batch");
    let all = ListQuery { scope: Scope::All, ..ListQuery::default() };
    let before = book.ledger.list(&all).expect("a list").rows;
    assert_eq!(before.len(), 4);
    assert_eq!(book.ledger.rebuilding(), Ok(false));
    let cells = CellQuery {
        mechanism: key.mechanism.to_string(),
        indicators: vec![],
        dimension: Dimension::Place,
        keys: vec![],
        from: "2026-01".into(),
        to: "2026-12".into(),
    };
    // What was told once may be remembered, and must be told no more when the tables were emptied or filled.
    let told = || -> Vec<(i64, i64)> {
        let tallies = book.ledger.tallies(&cells).expect("tallies").into_iter();
        tallies.map(|tally| (tally.numerator, tally.denominator)).collect()
    };
    assert_eq!((told(), told()), (vec![(1, 2)], vec![(1, 2)]));

    book.ledger.begin_rebuild().expect("begun");
    assert_eq!(book.ledger.rebuilding(), Ok(true));
    assert!(book.ledger.list(&all).expect("a list").rows.is_empty());
    assert_eq!(book.ledger.snapshot(id(1)), Ok(None));
    assert_eq!((told(), told()), (vec![], vec![]));
    assert_eq!(book.ledger.cells(&cells), Ok(vec![]));
    assert_eq!(book.ledger.entries(0, 10).expect("entries").len(), 4, "entries stay");

    let batch = crate::Batch {
        records: (1..=4).map(record).collect(),
        cells: vec![(key, (3, 4))],
        counters: BTreeMap::from([(("m".to_owned(), 2026), 7)]),
        ..crate::Batch::default()
    };
    book.ledger.put_derived(&batch).expect("derived");
    book.ledger.end_rebuild().expect("ended");
    assert_eq!(book.ledger.rebuilding(), Ok(false));
    assert_eq!(book.ledger.list(&all).expect("a list").rows, before);
    let value = &book.ledger.cells(&cells).expect("cells")[0];
    assert_eq!((value.numerator, value.denominator), (3, 4));
    assert_eq!(told(), [(3, 4)]);
    assert_eq!(book.ledger.counters().expect("counters").into_values().collect::<Vec<_>>(), [7]);
}

pub(super) fn looks(make: Make<'_>) {
    let mut book = Book::new(make());
    let (mut batch, _) = book.batch((0..6).map(record).collect());
    let look = |seq: u64, at: i64| Look { seq, at: Timestamp(at), person: format!("p{}", seq % 2) };
    // Two within one moment, and a clock that was set back.
    batch.looks = [(0, 10), (1, 20), (2, 20), (3, 15), (4, 30)].map(|(seq, at)| look(seq, at)).to_vec();
    book.ledger.commit(book.head, &batch).expect("a batch");
    let ledger = &book.ledger;
    let all = LookQuery { from: Timestamp(0), to: Timestamp(99), person: None, after: None, limit: 9 };
    let seqs = |query: &LookQuery| -> Vec<u64> {
        ledger.looks(query).expect("looks").iter().map(|look| look.seq).collect()
    };
    assert_eq!(ledger.looks(&all).expect("looks")[0], look(4, 30));
    assert_eq!(seqs(&all), [4, 2, 1, 3, 0]);
    assert_eq!(seqs(&LookQuery { from: Timestamp(15), to: Timestamp(30), ..all.clone() }), [2, 1, 3]);
    let odd = LookQuery { person: Some("p1".into()), ..all.clone() };
    assert_eq!(seqs(&odd), [1, 3]);
    assert_eq!(seqs(&LookQuery { person: Some("nobody".into()), ..all.clone() }), [0; 0]);
    assert_eq!(seqs(&LookQuery { limit: 2, ..all.clone() }), [4, 2]);
    assert_eq!(seqs(&LookQuery { after: Some((Timestamp(20), 2)), ..all.clone() }), [1, 3, 0]);
    assert_eq!(seqs(&LookQuery { after: Some((Timestamp(20), 1)), ..odd }), [3]);

    ledger.begin_rebuild().expect("begun");
    assert_eq!(seqs(&all), [0; 0]);
    let derived = crate::Batch { looks: batch.looks[..2].to_vec(), ..crate::Batch::default() };
    ledger.put_derived(&derived).expect("derived");
    ledger.put_derived(&derived).expect("the same again");
    ledger.end_rebuild().expect("ended");
    assert_eq!(seqs(&all), [1, 0]);
}

pub(super) fn archive(make: Make<'_>) {
    let mut book = Book::new(make());
    book.put((1..=5).map(record).collect()).expect("a batch");
    let all = book.ledger.answers(None, 10).expect("answers");
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted_by_key(|answer| answer.command.as_str().to_owned()));
    assert_eq!(book.ledger.answers(Some(&all[1].command), 2), Ok(all[2..4].to_vec()));
    let want = Want { commands: vec![all[3].command.clone()], records: vec![] };
    assert_eq!(book.ledger.load(&want).expect("found").answers, all[3..4]);

    for login in ["b", "a"] {
        let credential = Credential { login: login.into(), person: "p".into(), hash: "h".into() };
        book.ledger.put_credential(&credential).expect("an account");
    }
    let logins: Vec<String> =
        book.ledger.credentials().expect("accounts").into_iter().map(|account| account.login).collect();
    assert_eq!(logins, ["a", "b"]);
    book.ledger.put_setting("two", b"2").expect("a setting");
    book.ledger.put_setting("one", b"1").expect("a setting");
    let settings = book.ledger.settings().expect("settings");
    assert_eq!(settings, [("one".to_owned(), b"1".to_vec()), ("two".to_owned(), b"2".to_vec())]);
    let values = vec![Some(b"2".to_vec()), None, Some(b"1".to_vec())];
    assert_eq!(book.ledger.settings_and_head(&["two", "three", "one"]), Ok((values, book.head)));
    assert_eq!(book.ledger.settings_and_head(&[]), Ok((Vec::new(), book.head)));
}

pub(super) fn wait(make: Make<'_>) {
    let mut book = Book::new(make());
    book.put(vec![record(1)]).expect("a batch");
    assert_eq!(book.ledger.wait(0, Duration::from_secs(60)), Ok(book.head.size), "it has grown already");
    assert_eq!(book.ledger.wait(1, Duration::from_millis(50)), Ok(book.head.size), "nothing came");
}

pub(super) fn by_record(make: Make<'_>) {
    let mut book = Book::new(make());
    book.put((1..=4).map(record).collect()).expect("a batch");
    for (n, revision) in [(3, 2), (1, 2), (3, 3)] {
        let mut again = record(n);
        again.projection.row.revision = revision;
        book.put(vec![again]).expect("a batch");
    }
    let read = |after, limit| book.ledger.entries_by_record(after, limit).expect("entries");
    let all = read(None, 100);
    let keys: Vec<_> = all.iter().map(|entry| (entry.header.record, entry.header.revision)).collect();
    assert_eq!(all.len(), 7);
    assert!(keys.is_sorted(), "by record, then by revision");
    assert_eq!(
        keys.iter().filter(|(record, _)| *record == id(3)).map(|(_, r)| *r).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    let mut paged = Vec::new();
    loop {
        let page = read(paged.last().copied(), 2);
        if page.is_empty() {
            break;
        }
        paged.extend(page.iter().map(|entry| (entry.header.record, entry.header.revision)));
    }
    assert_eq!(paged, keys, "pages lose and double nothing, also within a record");
}
