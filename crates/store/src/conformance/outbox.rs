//! Notices and messages: written with their entries, spread once, taken by one, settled by whoever
//! has them.

use gongzhi_base::{Digest, Timestamp, Words};
use gongzhi_kernel::notice::Notice;

use super::Make;
use super::fixture::{Book, MATTER, id, record};
use crate::outbox::{Attempt, Channel, Choices, Decision, Mark, Message, Waiting};
use crate::{Batch, StoreError};

fn notice(n: u64, to: &[&str]) -> Notice {
    Notice {
        record: id(n),
        mechanism: MATTER.into(),
        rule: "assigned".into(),
        at: Timestamp(1_000 + n as i64),
        text: Words::new(format!("新来{n}"), format!("new {n}")),
        to: to.iter().map(|person| (*person).to_owned()).collect(),
    }
}

fn mark(seq: u64, n: u32) -> Mark {
    Mark { seq, n }
}

/// Commits one record with notices told by its entry.
fn tell(book: &mut Book, n: u64, told: &[&[&str]]) {
    let (mut batch, head) = book.batch(vec![record(n)]);
    let seq = book.head.size;
    batch.notices = told.iter().enumerate().map(|(at, to)| (mark(seq, at as u32), notice(n, to))).collect();
    book.ledger.commit(book.head, &batch).expect("committed");
    book.head = head;
}

fn marks(book: &Book, person: &str, read: bool, before: Option<Mark>, limit: u32) -> Vec<(u64, u32)> {
    let told = book.ledger.outbox().notices(person, read, before, limit).expect("read");
    assert!(told.iter().all(|one| one.read == read));
    told.into_iter().map(|one| (one.mark.seq, one.mark.n)).collect()
}

pub(super) fn notices(make: Make<'_>) {
    let mut book = Book::new(make());
    tell(&mut book, 1, &[&["li", "wang"], &["li"]]);
    tell(&mut book, 2, &[]);
    tell(&mut book, 3, &[&["li"]]);
    let outbox = book.ledger.outbox();
    assert_eq!(marks(&book, "li", false, None, 10), [(2, 0), (0, 1), (0, 0)], "newest first");
    assert_eq!(marks(&book, "li", false, Some(mark(2, 0)), 1), [(0, 1)], "pages go on");
    assert_eq!(marks(&book, "wang", false, None, 10), [(0, 0)]);
    assert_eq!(marks(&book, "zhao", false, None, 10), []);
    let told = outbox.notice("wang", mark(0, 0)).expect("read").expect("there");
    assert_eq!((told.record, told.rule.as_str(), told.at), (id(1), "assigned", Timestamp(1_001)));
    assert_eq!((told.mechanism.as_str(), &told.text), (MATTER, &Words::new("新来1", "new 1")));
    assert_eq!(outbox.notice("wang", mark(2, 0)), Ok(None), "nobody has another's");
    assert_eq!((outbox.unread("li"), outbox.unread("wang"), outbox.unread("zhao")), (Ok(3), Ok(1), Ok(0)));
    outbox.read("li", mark(0, 1), false).expect("read");
    outbox.read("wang", mark(2, 0), false).expect("nothing to read");
    assert_eq!(marks(&book, "li", false, None, 10), [(2, 0), (0, 0)]);
    assert_eq!(marks(&book, "li", true, None, 10), [(0, 1)]);
    assert!(outbox.notice("li", mark(0, 1)).is_ok_and(|told| told.is_some_and(|told| told.read)));
    outbox.read("li", mark(1, 9), true).expect("read up to there");
    assert_eq!(marks(&book, "li", false, None, 10), [(2, 0)], "what came later stays unread");
    assert_eq!(outbox.unread("li"), Ok(1));
    assert_eq!(outbox.forget(2, 1), Ok(1));
    assert_eq!(outbox.forget(2, 10), Ok(1));
    assert_eq!(outbox.forget(2, 10), Ok(0));
    assert_eq!((marks(&book, "li", true, None, 10), marks(&book, "wang", false, None, 10)), (vec![], vec![]));
    assert_eq!(marks(&book, "li", false, None, 10), [(2, 0)]);
}

pub(super) fn atomic(make: Make<'_>) {
    let mut book = Book::new(make());
    let (mut batch, _) = book.batch(vec![record(1)]);
    batch.notices = vec![(mark(0, 0), notice(1, &["li"]))];
    let elsewhere = gongzhi_kernel::chain::Head { size: 5, hash: Digest([1; 32]) };
    assert!(book.ledger.commit(elsewhere, &batch).is_err());
    assert_eq!(book.ledger.outbox().unread("li"), Ok(0), "nobody is told of what did not happen");
    tell(&mut book, 1, &[&["li"]]);
    book.ledger.begin_rebuild().expect("emptied");
    book.ledger.put_derived(&Batch { records: vec![record(1)], ..Batch::default() }).expect("written");
    book.ledger.end_rebuild().expect("whole");
    assert_eq!(book.ledger.outbox().unread("li"), Ok(1), "what was told stays told");
}

fn message(n: u8, due: i64) -> Message {
    Message {
        id: Digest([n; 32]),
        person: "li".into(),
        channel: if n.is_multiple_of(2) { Channel::Mail } else { Channel::Hook },
        subject: format!("第{n}封"),
        text: "一行\n两行".into(),
        link: "/desk".into(),
        made: Timestamp(i64::from(n)),
        due: Timestamp(due),
        tries: 0,
        error: String::new(),
    }
}

pub(super) fn spreading(make: Make<'_>) {
    let mut book = Book::new(make());
    tell(&mut book, 1, &[&["li", "wang"]]);
    tell(&mut book, 2, &[&["li"], &["wang"]]);
    let outbox = book.ledger.outbox();
    let (from, found) = outbox.unspread(2).expect("read");
    assert_eq!(from, 0);
    assert_eq!(found, [(mark(0, 0), notice(1, &["li", "wang"])), (mark(1, 0), notice(2, &["li"]))]);
    assert_eq!(outbox.spread(0, 1, &[message(1, 5)]), Ok(true));
    assert_eq!(outbox.spread(0, 1, &[message(2, 5)]), Ok(false), "another came first");
    assert_eq!(outbox.waiting(), Ok(Waiting { waiting: 1, dead: 0 }));
    let (from, found) = outbox.unspread(10).expect("read");
    assert_eq!((from, found.len()), (1, 2));
    assert_eq!(outbox.spread(1, 2, &[message(1, 5), message(3, 5)]), Ok(true));
    assert_eq!(outbox.unspread(10), Ok((2, vec![])));
    assert_eq!(outbox.waiting(), Ok(Waiting { waiting: 2, dead: 0 }), "one identifier, one message");
}

pub(super) fn choices(make: Make<'_>) {
    let ledger = make();
    let outbox = ledger.outbox();
    let choices = |person: &str, digest: Option<i64>, feed: Option<u8>| Choices {
        person: person.into(),
        sealed: vec![0, 255, 7],
        digest: digest.map(Timestamp),
        told: 4,
        feed: feed.map(|feed| Digest([feed; 32])),
    };
    assert_eq!(outbox.choices("li"), Ok(None));
    outbox.put_choices(&choices("li", Some(100), Some(1))).expect("written");
    outbox.put_choices(&choices("wang", Some(50), Some(2))).expect("written");
    outbox.put_choices(&choices("zhao", None, None)).expect("written");
    assert_eq!(outbox.choices("li"), Ok(Some(choices("li", Some(100), Some(1)))));
    assert_eq!(outbox.by_feed(Digest([2; 32])), Ok(Some("wang".into())));
    assert_eq!(outbox.by_feed(Digest([3; 32])), Ok(None));
    let due = |until: i64| {
        let found = outbox.digests(Timestamp(until), 10).expect("read");
        found.into_iter().map(|one| one.person).collect::<Vec<_>>()
    };
    assert_eq!((due(49), due(50), due(100)), (vec![], vec!["wang".into()], vec!["wang".into(), "li".into()]));
    let next = Some(Timestamp(200));
    assert_eq!(outbox.put_digest("wang", Timestamp(50), next, 9, &[message(1, 50)]), Ok(true));
    assert_eq!(
        outbox.put_digest("wang", Timestamp(50), next, 9, &[message(2, 50)]),
        Ok(false),
        "made already"
    );
    assert_eq!(outbox.waiting(), Ok(Waiting { waiting: 1, dead: 0 }));
    assert!(
        outbox
            .choices("wang")
            .is_ok_and(|found| found.is_some_and(|one| one.told == 9 && one.digest == next))
    );
    outbox.put_choices(&choices("li", None, None)).expect("replaced");
    assert_eq!((due(1_000), outbox.by_feed(Digest([1; 32]))), (vec!["wang".into()], Ok(None)));
}

pub(super) fn messages(make: Make<'_>) {
    let ledger = make();
    let outbox = ledger.outbox();
    for (n, due) in [(1, 10), (2, 20), (3, 30)] {
        outbox.put_message(&message(n, due)).expect("written");
    }
    outbox.put_message(&Message { subject: "other".into(), ..message(1, 1) }).expect("left as it is");
    let take = |now: i64, limit: u32| {
        let taken = outbox.take(Timestamp(now), Timestamp(now + 100), limit).expect("taken");
        taken.into_iter().map(|one| (one.id.0[0], one.tries, one.subject)).collect::<Vec<_>>()
    };
    assert_eq!(take(9, 5), []);
    assert_eq!(take(25, 1), [(1, 1, "第1封".into())], "the oldest first");
    assert_eq!(take(25, 5), [(2, 1, "第2封".into())], "taken ones are left alone");
    assert_eq!(
        take(126, 5),
        [(1, 2, "第1封".into()), (2, 2, "第2封".into()), (3, 1, "第3封".into())],
        "a lease ends"
    );
    let id = |n: u8| Digest([n; 32]);
    // Who took them too long ago decides nothing.
    let error = || "no answer".to_owned();
    outbox
        .settle(&[(id(1), 1, Attempt::Sent), (id(2), 1, Attempt::Dead { error: error() })])
        .expect("settled");
    assert_eq!(outbox.waiting(), Ok(Waiting { waiting: 3, dead: 0 }));
    let again = Attempt::Again { due: Timestamp(140), error: error() };
    outbox.settle(&[(id(1), 2, Attempt::Sent), (id(2), 2, again)]).expect("settled");
    assert_eq!(take(139, 5), []);
    assert_eq!(take(140, 5), [(2, 3, "第2封".into())]);
    outbox
        .settle(&[(id(2), 3, Attempt::Dead { error: error() }), (id(3), 1, Attempt::Dead { error: error() })])
        .expect("settled");
    assert_eq!(outbox.waiting(), Ok(Waiting { waiting: 0, dead: 2 }));
    assert_eq!(take(10_000, 5), [], "dead letters wait for nobody");
    let dead = outbox.dead_letters(None, 10).expect("read");
    assert_eq!(dead.iter().map(|one| one.id.0[0]).collect::<Vec<_>>(), [3, 2], "newest first");
    assert_eq!(
        (dead[1].error.as_str(), dead[1].text.as_str(), dead[1].channel),
        ("no answer", "一行\n两行", Channel::Mail)
    );
    let rest = outbox.dead_letters(Some((dead[0].made, dead[0].id)), 10).expect("read");
    assert_eq!(rest, dead[1..]);
    assert_eq!(outbox.dead_letter(id(3)), Ok(Some(dead[0].clone())));
    assert_eq!(outbox.dead_letter(id(1)), Ok(None), "sent ones are gone");
    let decision = |n: u8, at: i64, again: bool| Decision {
        message: id(n),
        at: Timestamp(at),
        by: "admin".into(),
        again,
        person: "li".into(),
        channel: Channel::Hook,
        subject: format!("第{n}封"),
        error: error(),
    };
    assert_eq!(outbox.decide(&decision(2, 500, true)), Ok(true));
    assert_eq!(outbox.decide(&decision(2, 501, true)), Ok(false), "it is no dead letter any more");
    assert_eq!(outbox.decide(&decision(3, 502, false)), Ok(true));
    assert_eq!(outbox.decisions(10), Ok(vec![decision(3, 502, false), decision(2, 500, true)]));
    assert_eq!(outbox.waiting(), Ok(Waiting { waiting: 1, dead: 0 }));
    assert_eq!(take(500, 5), [(2, 1, "第2封".into())], "counted anew");
    outbox.settle(&[(id(2), 1, Attempt::Dropped)]).expect("settled");
    assert_eq!(outbox.waiting(), Ok::<_, StoreError>(Waiting::default()));
}
