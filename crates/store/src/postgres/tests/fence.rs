//! Whoever changes a county's keys is alone with it, and whoever was connected before stays outside.

use gongzhi_testkit::postgres::database;

use super::*;

fn commit_one(ledger: &Postgres, n: u64) -> Result<(), StoreError> {
    let head = ledger.head()?;
    let (entry, _) = head.append(COUNTY, &conformance::fixture::event(&record(n).projection.row), [1; 16]);
    ledger.commit(head, &Batch { entries: vec![entry], records: vec![record(n)], ..Batch::default() })
}

#[test]
fn who_changes_keys_is_let_in_when_nobody_is_connected_and_lets_nobody_in() {
    let database = database();
    let node = open(&database, COUNTY);
    let other_county = open(&database, "other");
    commit_one(&node, 1).expect("committed");
    let Err(StoreError::Held(by)) = Postgres::alone(database.url(), COUNTY, false) else {
        panic!("a node is connected")
    };
    assert!(!by.is_empty() && by.iter().all(|who| who.starts_with("gongzhi (process ")), "{by:?}");
    // Nothing was changed by the refusal.
    commit_one(&node, 2).expect("it goes on");
    drop(node);

    // A connection ends a moment after its last holder.
    let alone = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        Postgres::alone(database.url(), COUNTY, false).ok()
    });
    let alone = alone.expect("nobody is connected any more");
    assert!(matches!(Postgres::open(database.url(), COUNTY), Err(StoreError::Held(by)) if by.is_empty()));
    assert!(matches!(Postgres::alone(database.url(), COUNTY, false), Err(StoreError::Held(_))));
    alone.put_keys(&[(id(7), vec![1])]).expect("it works on the keys");
    commit_one(&alone, 3).expect("and on the entries");
    assert!(other_county.head().is_ok(), "another county is not concerned");
    drop(alone);
    let back = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        Postgres::open(database.url(), COUNTY).ok()
    });
    assert_eq!(verify(&back.expect("open to all again"), &mut |_| ()).expect("verifies").size, 3);
}

#[test]
fn who_was_cut_off_reads_and_writes_nothing_any_more() {
    let database = database();
    let (halted, other) = (open(&database, COUNTY), open(&database, COUNTY));
    commit_one(&halted, 1).expect("committed");
    // In the middle of a turn, as a halted process may be.
    let head = halted.turn().expect("a turn");
    drop(Postgres::alone(database.url(), COUNTY, true).expect("it cuts off who is there"));
    let (entry, _) = head.append(COUNTY, &conformance::fixture::event(&record(2).projection.row), [1; 16]);
    let late = Batch { entries: vec![entry], records: vec![record(2)], ..Batch::default() };
    for _ in 0..2 {
        for node in [&halted, &other] {
            let refused = node.commit(head, &late).expect_err("refused");
            assert!(refused.to_string().contains("start it again"), "{refused}");
            assert_eq!(node.head(), Err(StoreError::CutOff));
            assert_eq!(node.keys(&[id(7)]), Err(StoreError::CutOff));
            assert_eq!(node.put_setting("a", b"b"), Err(StoreError::CutOff));
            assert_eq!(node.wait(0, Duration::from_millis(1)), Err(StoreError::CutOff));
        }
    }
    // Started again it is one like any other.
    let back = (0..500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        Postgres::open(database.url(), COUNTY).ok()
    });
    let back = back.expect("open to all again");
    assert_eq!(back.head(), Ok(head), "nothing came in under the old keys");
    commit_one(&back, 2).expect("committed");
}
