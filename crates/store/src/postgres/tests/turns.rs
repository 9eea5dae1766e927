//! Nodes that stand in line to write.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gongzhi_testkit::postgres::database;

use super::*;

/// The n-th record as the next entry, dated behind the one before it; and the head after it.
fn next(head: Head, n: u64) -> (Batch, Head) {
    let mut stored = record(n);
    stored.projection.row.changed = Timestamp(head.size as i64);
    let (entry, end) = head.append(COUNTY, &conformance::fixture::event(&stored.projection.row), [1; 16]);
    (Batch { entries: vec![entry], records: vec![stored], ..Batch::default() }, end)
}

#[test]
fn nobody_commits_in_the_turn_of_another() {
    let database = database();
    let (first, second) = (open(&database, COUNTY), open(&database, COUNTY));
    for destroyed in [None, Some(id(900))] {
        let head = first.turn().expect("a turn");
        let (batch, _) = next(head, head.size + 1);
        let ended = AtomicBool::new(false);
        let end = std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                let result = second.commit(head, &batch);
                ended.store(true, Ordering::SeqCst);
                result
            });
            std::thread::sleep(Duration::from_millis(300));
            assert!(!ended.load(Ordering::SeqCst), "it waits until the turn has ended");
            let (mut own, end) = next(head, head.size + 100);
            own.destroyed.extend(destroyed);
            first.commit(head, &own).expect("committed in its turn");
            assert_eq!(other.join().expect("ends"), Err(StoreError::Conflict));
            end
        });
        // A turn given up, and one that ended with a commit, are in nobody's way.
        assert_eq!(second.turn(), Ok(end));
        second.let_go();
        second.let_go();
        let (batch, end) = next(end, end.size + 200);
        first
            .commit(Head { size: end.size - 1, hash: batch.entries[0].header.previous }, &batch)
            .expect("free");
    }
    assert_eq!(verify(&first, &mut |_| ()).expect("the log verifies").size, 4);
}

#[test]
fn a_turn_goes_to_who_stands_in_line_and_not_to_who_is_quick() {
    const TURNS: u64 = 60;
    let database = database();
    let (patient, quick) = (open(&database, COUNTY), open(&database, COUNTY));
    let (stop, won) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Commits as fast as it can, each on the newest head.
            let mut n = 1_000_000;
            while !stop.load(Ordering::SeqCst) {
                let mut head = quick.head().expect("a head");
                for _ in 0..50 {
                    n += 1;
                    let (batch, end) = next(head, n);
                    match quick.commit(head, &batch) {
                        Ok(()) => head = end,
                        Err(StoreError::Conflict) => break,
                        Err(error) => panic!("{error}"),
                    }
                    won.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut overtaken = 0;
            for n in 0..TURNS {
                let before = won.load(Ordering::SeqCst);
                let head = patient.turn().expect("a turn");
                // What was under way comes first, and more where this thread was halted before it stood in line.
                overtaken += u64::from(won.load(Ordering::SeqCst) > before + 2);
                let (batch, _) = next(head, n);
                patient.commit(head, &batch).expect("nobody comes first in its turn");
            }
            assert!(
                overtaken < TURNS / 4,
                "whoever stands in line is overtaken: {overtaken} of {TURNS} times"
            );
            // However slow the machine: with nobody in line the quick one gets its way.
            let goes_on = (0..4_000).any(|_| {
                std::thread::sleep(Duration::from_millis(5));
                won.load(Ordering::SeqCst) > 0
            });
            assert!(goes_on, "the quick one goes on as well");
        }));
        stop.store(true, Ordering::SeqCst);
        taken.unwrap_or_else(|failed| std::panic::resume_unwind(failed));
    });
    let won = won.into_inner();
    assert_eq!(verify(&patient, &mut |_| ()).expect("the log verifies").size, TURNS + won);
}

#[test]
fn a_turn_of_a_node_that_is_halted_ends_by_itself() {
    let database = database();
    let (halted, other) = (open(&database, COUNTY), open(&database, COUNTY));
    assert_eq!(halted.turn(), Ok(Head::EMPTY));
    let (batch, end) = next(Head::EMPTY, 1);
    other.commit(Head::EMPTY, &batch).expect("the server ends the turn");
    // It goes on, and what it decided in its turn comes too late.
    let (late, _) = next(Head::EMPTY, 2);
    assert_eq!(halted.commit(Head::EMPTY, &late), Err(StoreError::Conflict));
    assert_eq!(halted.turn(), Ok(end));
    let (batch, end) = next(end, 2);
    halted.commit(Head { size: 1, hash: batch.entries[0].header.previous }, &batch).expect("its turn now");
    assert_eq!(verify(&other, &mut |_| ()), Ok(end));
}
