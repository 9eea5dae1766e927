//! Cases of what records claim for themselves alone.

use gongzhi_kernel::Claim;
use gongzhi_kernel::chain::Head;

use super::Make;
use super::fixture::{Book, id, record};
use crate::Batch;

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

    book.ledger.begin_rebuild().expect("begun");
    assert_eq!(book.ledger.holders(&all), Ok(vec![]));
    let batch = Batch { records: (1..=3).map(record).collect(), claimed: now.clone(), ..Batch::default() };
    book.ledger.put_derived(&batch).expect("derived");
    book.ledger.end_rebuild().expect("ended");
    assert_eq!(book.ledger.holders(&all), Ok(now));
}
