//! Cases of what records claim for themselves alone, and of the traces that they leave in inboxes, lists and search.

use gongzhi_base::{Digest, Timestamp};
use gongzhi_kernel::Claim;
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::project::facet_token;

use super::Make;
use super::fixture::{Book, Dice, id, record, with_scopes, with_text};
use crate::{Batch, Names, Stored};

fn claim(n: u8) -> Claim {
    Claim([n; 16])
}

pub(super) fn held(make: Make<'_>) {
    let mut book = Book::new(make());
    let (mut batch, head) = book.batch(vec![record(1), record(2)]);
    // Two records may hold one claim: that they share it only says that they have to be compared.
    batch.claimed = vec![(claim(1), id(1)), (claim(2), id(1)), (claim(2), id(2))];
    book.ledger.commit(book.head, &batch).expect("a batch");
    book.head = head;
    let all = [claim(1), claim(2), claim(3)];
    let found = book.ledger.holders(&all).expect("holders");
    let mut second = [(claim(2), id(1)), (claim(2), id(2))];
    second.sort();
    assert_eq!(found, [[(claim(1), id(1))].as_slice(), &second].concat());
    assert_eq!(book.ledger.holders(&[]), Ok(vec![]));

    // Freed first, then claimed: what one record leaves another one takes in the same group.
    let (mut batch, head) = book.batch(vec![record(3)]);
    batch.freed = vec![(claim(1), id(1)), (claim(2), id(2))];
    batch.claimed = vec![(claim(1), id(3))];
    assert!(book.ledger.commit(Head::EMPTY, &batch).is_err());
    assert_eq!(book.ledger.holders(&all).expect("holders"), found, "refused as a whole");
    book.ledger.commit(book.head, &batch).expect("a batch");
    book.head = head;
    let now = vec![(claim(1), id(3)), (claim(2), id(1))];
    assert_eq!(book.ledger.holders(&all), Ok(now.clone()));
    let mut sorted = now.clone();
    sorted.sort();
    assert_eq!(book.ledger.claims(None, 1), Ok(sorted[..1].to_vec()));
    assert_eq!(book.ledger.claims(Some(sorted[0]), 9), Ok(sorted[1..].to_vec()));
    assert_eq!(book.ledger.claims(Some(sorted[1]), 9), Ok(vec![]));

    book.ledger.begin_rebuild().expect("begun");
    assert_eq!(book.ledger.holders(&all), Ok(vec![]));
    let batch = Batch { records: (1..=3).map(record).collect(), claimed: now.clone(), ..Batch::default() };
    book.ledger.put_derived(&batch).expect("derived");
    book.ledger.end_rebuild().expect("ended");
    assert_eq!(book.ledger.holders(&all), Ok(now));
}

pub(super) fn traces(make: Make<'_>) {
    let mut book = Book::new(make());
    let mut names = Names::default();
    names.add("lamp");
    assert_eq!(book.ledger.traces(&names), Ok(Default::default()));
    let mut dice = Dice(11);
    let mut drawn = |n: u64| -> Stored {
        let text: &&str = dice.pick(&["路灯 lamp", "停水 lamp water", "井盖"]);
        let mut stored = with_text(record(n), text);
        let row = &mut stored.projection.row;
        row.path[2] = Some(format!("v{}", dice.below(3)));
        row.unit = dice.once_in(2).then(|| "officer@u1".to_owned());
        row.open = !dice.once_in(3);
        row.due = dice.once_in(2).then_some(row.opened);
        row.late = row.due.is_some() && dice.once_in(2);
        if row.open {
            stored.projection.todo = vec!["clerk@t1".into(), format!("officer@u{}", dice.below(2))];
            stored.projection.timers = vec![("accept".into(), Timestamp(row.opened.0 + 5))];
        }
        stored.projection.facets = ["force=f1", "month=2026-01"].map(facet_token).to_vec();
        stored.receipt = Some(Digest::of(&n.to_be_bytes()));
        with_scopes(stored)
    };
    for _ in 0..3 {
        // Written the first time, then changed twice in every way.
        let all: Vec<Stored> = (1..=24).map(&mut drawn).collect();
        book.put(all.clone()).expect("a batch");
        let kept = book.ledger.traces(&names).expect("traces");
        assert_eq!((kept.records.len(), kept.strays.len()), (24, 0));
        for stored in &all {
            let id = stored.projection.row.id;
            assert_eq!(kept.records.get(&id), Some(&book.ledger.trace(stored, &names)), "{stored:?}");
        }
        // They tell one record from another.
        assert_ne!(book.ledger.trace(&all[0], &names), book.ledger.trace(&all[1], &names));
    }
}
