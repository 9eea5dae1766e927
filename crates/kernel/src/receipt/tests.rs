//! Receipts of a log in memory: what is proven, and each way to be deceived with its own answer.

use super::*;
use crate::actor::Acted;
use crate::chain::Head;
use crate::event::Deed;
use crate::note::SignerKey;

const COUNTY: &str = "000000";
const ORIGIN: &str = "gongzhi.000000";

fn event(record: u8, revision: u64) -> Event {
    Event {
        record: RecordId([record; 16]),
        mechanism: "m".into(),
        version: 1,
        revision,
        at: Timestamp(1_000 * revision as i64),
        by: Acted::Public,
        deed: Deed::Passed { deadline: "answer".into(), late: false },
    }
}

fn signer() -> SignerKey {
    SignerKey::new(ORIGIN.into(), &[7; 32])
}

/// A receipt of the record 1, which has three entries among those of others.
fn receipt_at(size: usize, earlier: Option<usize>) -> Receipt {
    let owners = [2, 1, 2, 3, 1, 2, 3, 2, 1, 3, 3, 2];
    let mut head = Head::EMPTY;
    let (mut entries, mut revisions) = (Vec::new(), [0u64; 4]);
    for (at, owner) in owners.into_iter().enumerate() {
        revisions[usize::from(owner)] += 1;
        let (entry, next) = head.append(COUNTY, &event(owner, revisions[usize::from(owner)]), [at as u8; 16]);
        entries.push(entry);
        head = next;
    }
    let leaves: Vec<Digest> = entries.iter().map(|entry| entry.hash).collect();
    let read = |_: u8, from: u64, count: usize| Ok::<_, ()>(leaves[from as usize..][..count].to_vec());
    let root = |size: usize| crate::merkle::root_of(&leaves[..size]);
    let point = Checkpoint { origin: ORIGIN.into(), size: size as u64, root: root(size) };
    let own = entries[..size].iter().filter(|entry| entry.header.record == RecordId([1; 16]));
    Receipt {
        record: RecordId([1; 16]),
        keys: vec![signer().verifier()],
        checkpoint: Note::sign(point.text(), &[signer()]),
        entries: own
            .map(|entry| Proven {
                seq: entry.header.seq,
                header: entry.header.to_bytes(),
                body: Some((entry.salt, entry.body.clone())),
                path: proof::inclusion(entry.header.seq, size as u64, read).expect("a proof"),
            })
            .collect(),
        before: Some(entries[0].header.to_bytes()),
        earlier: earlier.map(|from| Earlier {
            size: from as u64,
            root: root(from),
            path: proof::consistency(from as u64, size as u64, read).expect("a proof"),
        }),
    }
}

fn receipt() -> Receipt {
    receipt_at(12, Some(5))
}

fn trust() -> Trust {
    Trust { keys: vec![signer().verifier().into()], log: None }
}

#[test]
fn a_sound_receipt_proves_time_and_content() {
    let proven = receipt().verify(&trust()).expect("verifies");
    assert!(!proven.own_keys);
    assert_eq!(proven.since, Some(5));
    assert_eq!(proven.signers, vec![signer().verifier()]);
    let seen: Vec<_> = proven.entries.iter().map(|entry| (entry.seq, entry.at, entry.revision)).collect();
    assert_eq!(seen, [(1, Timestamp(1_000), 1), (4, Timestamp(2_000), 2), (8, Timestamp(3_000), 3)]);
    assert_eq!(proven.entries[0].event, Some(event(1, 1)));
    assert!(receipt().verify(&Trust::default()).expect("verifies").own_keys);
    let mut bare = receipt();
    bare.entries.iter_mut().for_each(|entry| entry.body = None);
    assert!(bare.verify(&trust()).expect("verifies").entries.iter().all(|entry| entry.event.is_none()));
}

#[test]
fn each_deceit_has_its_own_answer() {
    type Change = fn(&mut Receipt, &mut Trust);
    let cases: [(&str, Change, Fault); 23] = [
        ("checkpoint without form", |r, _| r.checkpoint.text = "x\n".into(), Fault::Checkpoint),
        (
            "another county's log",
            |_, t| t.keys = vec![SignerKey::new("gongzhi.111111".into(), &[8; 32]).verifier().into()],
            Fault::Foreign { found: ORIGIN.into(), expected: "gongzhi.111111".into() },
        ),
        (
            "a key that nobody trusts",
            |_, t| t.keys = vec![SignerKey::new(ORIGIN.into(), &[8; 32]).verifier().into()],
            Fault::UnknownKey,
        ),
        ("no keys at all", |r, t| (r.keys, t.keys) = (vec![], vec![]), Fault::NoKey),
        (
            "a key retired before",
            |_, t| t.keys[0].to = Some(11),
            Fault::KeyRange { size: 12, from: 0, to: Some(11) },
        ),
        (
            "a key not yet in use",
            |_, t| t.keys[0].from = 13,
            Fault::KeyRange { size: 12, from: 13, to: None },
        ),
        (
            "a kept checkpoint of before the key",
            |_, t| {
                t.keys[0].from = 12;
                t.log = Some(receipt_at(5, None).checkpoint);
            },
            Fault::KeyRange { size: 5, from: 12, to: None },
        ),
        ("a forged signature", |r, _| r.checkpoint.signatures[0].bytes[9] ^= 1, Fault::Forged),
        (
            "a forged size",
            |r, _| r.checkpoint.text = r.checkpoint.text.replace("\n12\n", "\n11\n"),
            Fault::Forged,
        ),
        ("nothing in it", |r, _| r.entries.clear(), Fault::Empty),
        ("a head cut short", |r, _| r.entries[0].header.truncate(20), Fault::Header { seq: 1 }),
        ("a head of another entry", |r, _| r.entries[0].seq = 2, Fault::Header { seq: 2 }),
        ("another county in the head", |r, _| r.entries[0].header[4] ^= 1, Fault::NotInLog { seq: 1 }),
        ("a changed proof", |r, _| r.entries[1].path[2].0[0] ^= 1, Fault::NotInLog { seq: 4 }),
        ("a proof cut short", |r, _| r.entries[1].path.truncate(2), Fault::NotInLog { seq: 4 }),
        ("another record", |r, _| r.record = RecordId([2; 16]), Fault::Record { seq: 1 }),
        ("an entry left out", |r, _| drop(r.entries.remove(1)), Fault::Gap { seq: 8 }),
        (
            "a changed word",
            |r, _| r.entries[0].body.as_mut().expect("there").1[25] ^= 1,
            Fault::Body { seq: 1 },
        ),
        (
            "a changed salt",
            |r, _| r.entries[0].body.as_mut().expect("there").0[0] ^= 1,
            Fault::Body { seq: 1 },
        ),
        ("a false entry before", |r, _| r.before.as_mut().expect("there")[20] ^= 1, Fault::Before { seq: 1 }),
        (
            "a rewritten log",
            |r, _| r.earlier.as_mut().expect("there").root.0[0] ^= 1,
            Fault::Rewritten { size: 5 },
        ),
        (
            "a log unlike the checker's",
            |_, t| {
                let point = Checkpoint { origin: ORIGIN.into(), size: 12, root: Digest([1; 32]) };
                t.log = Some(Note::sign(point.text(), &[signer()]));
            },
            Fault::Rewritten { size: 12 },
        ),
        (
            "a log that cannot be compared",
            |_, t| t.log = Some(receipt_at(9, None).checkpoint),
            Fault::Incomparable { size: 12, own: 9 },
        ),
    ];
    for (name, change, expected) in cases {
        let (mut receipt, mut trust) = (receipt(), trust());
        change(&mut receipt, &mut trust);
        assert_eq!(receipt.verify(&trust), Err(expected), "{name}");
    }
}

#[test]
fn an_older_checkpoint_of_the_holder_is_continued() {
    for size in [5, 12] {
        let known = Trust { log: Some(receipt_at(size, None).checkpoint), ..trust() };
        assert_eq!(receipt().verify(&known).map(|proven| proven.since), Ok(Some(size as u64)));
    }
}

#[test]
fn every_changed_byte_of_a_head_or_body_is_found() {
    let good = receipt();
    for at in 0..good.entries[0].header.len() {
        let mut bad = good.clone();
        bad.entries[0].header[at] ^= 1;
        assert!(bad.verify(&trust()).is_err(), "byte {at} of the head");
    }
    for at in 0..good.entries[0].body.as_ref().map_or(0, |(_, body)| body.len()) {
        let mut bad = good.clone();
        bad.entries[0].body.as_mut().expect("there").1[at] ^= 1;
        assert_eq!(bad.verify(&trust()), Err(Fault::Body { seq: 1 }), "byte {at} of the body");
    }
}

#[test]
fn the_short_form_reads_back_from_digits_and_verifies() {
    let short = Compact::of(&receipt()).expect("a short form");
    let digits = short.digits();
    assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
    let read = Compact::read(&digits).expect("reads back");
    assert_eq!(read, short);
    let proven = read.receipt().expect("a receipt").verify(&trust()).expect("verifies");
    assert_eq!(proven.entries.len(), 1);
    for bad in ["", "1", "12a", &digits[1..], &digits.replace('7', "8"), &"9".repeat(17)] {
        let found = Compact::read(bad).and_then(|short| short.receipt());
        assert!(found.is_none_or(|receipt| receipt.verify(&trust()).is_err()), "{bad}");
    }
}
