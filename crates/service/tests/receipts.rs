//! Receipts that prove something and receipts that do not, as files: `suite/receipts/cases.json`.
//! Rust and the checker of the page in the browser are held to the same cases.
//!
//! `REWRITE=1 cargo test -p gongzhi-service --test receipts` writes the cases anew.

use std::collections::BTreeMap;
use std::path::Path;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::value::Sealed;
use gongzhi_base::{Digest, RecordId, Timestamp, Value};
use gongzhi_kernel::actor::Post;
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::event::{Opening, StepTaken};
use gongzhi_kernel::merkle::root_of;
use gongzhi_kernel::note::{Checkpoint, LogKey, Note, SignerKey, VerifierKey};
use gongzhi_kernel::receipt::{Compact, Earlier, Fault, Proven, Receipt, Seen, Trust};
use gongzhi_kernel::{Acted, Deed, Event, proof};
use gongzhi_service::receipt::{Label, Reading, ReceiptFile, plain};
use serde_json::{Value as Json, json};

const COUNTY: &str = "000000";
const ORIGIN: &str = "gongzhi.000000";
const OWN: RecordId = RecordId([1; 16]);
/// 2026-11-23T10:00:00+08:00.
const START: i64 = 1_795_399_200_000;

fn signer(seed: u8) -> SignerKey {
    SignerKey::new(ORIGIN.into(), &[seed; 32])
}

fn public(seed: u8) -> VerifierKey {
    signer(seed).verifier()
}

fn foreign() -> VerifierKey {
    SignerKey::new("gongzhi.111111".into(), &[9; 32]).verifier()
}

/// What happens to the record: told with words and a sealed value, dispatched by itself, accepted by
/// the staff, late.
fn deed(revision: u64) -> (Acted, Deed) {
    let step = |taken| Deed::Step(Box::new(taken));
    let staff = Post { role: "officer".into(), unit: Some("u1".into()), place: "000000000000".into() };
    match revision {
        1 => {
            let sealed = Sealed { scheme: 1, key: OWN, bytes: vec![0xAB; 40] };
            let set = BTreeMap::from([
                ("contact_phone".to_owned(), Value::Sealed(sealed)),
                ("households".to_owned(), Value::Int(12)),
                ("landmark".to_owned(), Value::from("lamp-broken")),
                ("what".to_owned(), Value::from("村口的路灯不亮，已经一个星期。")),
                ("where".to_owned(), Value::from("140823100200")),
            ]);
            let opening = Some(Opening { number: "W2026-000001".into(), parent: None, above: Vec::new() });
            let to = Some("received".into());
            (
                Acted::Public,
                step(StepTaken { step: "report".into(), to, opening, set, ..StepTaken::default() }),
            )
        }
        2 => (Acted::System, step(StepTaken { step: "dispatch".into(), ..StepTaken::default() })),
        3 => {
            let by = Acted::Person { code: "p1".into(), post: Some(staff) };
            (by, step(StepTaken { step: "accept".into(), ..StepTaken::default() }))
        }
        _ => (Acted::System, Deed::Passed { deadline: "answer".into(), late: true }),
    }
}

fn event(owner: u8, revision: u64) -> Event {
    let (by, deed) = deed(revision);
    let at = Timestamp(START + 60_000 * revision as i64);
    let record = RecordId([owner; 16]);
    Event { record, mechanism: "matter".into(), version: 1, revision, at, by, deed }
}

/// The receipt of the record 1, which has four entries among those of others.
fn receipt_at(size: usize, earlier: Option<usize>, keys: &[u8]) -> Receipt {
    let owners = [2, 1, 2, 3, 1, 2, 1, 3, 2, 3, 1, 2, 3];
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
    let point = Checkpoint { origin: ORIGIN.into(), size: size as u64, root: root_of(&leaves[..size]) };
    let signers: Vec<SignerKey> = keys.iter().map(|seed| signer(*seed)).collect();
    let own = entries[..size].iter().filter(|entry| entry.header.record == OWN);
    Receipt {
        record: OWN,
        keys: signers.iter().map(SignerKey::verifier).collect(),
        checkpoint: Note::sign(point.text(), &signers),
        entries: own
            .map(|entry| Proven {
                seq: entry.header.seq,
                header: entry.header.to_bytes(),
                // The staff's step comes without its content.
                body: (entry.header.revision != 3).then(|| (entry.salt, entry.body.clone())),
                path: proof::inclusion(entry.header.seq, size as u64, read).expect("a proof"),
            })
            .collect(),
        before: Some(entries[0].header.to_bytes()),
        earlier: earlier.map(|from| Earlier {
            size: from as u64,
            root: root_of(&leaves[..from]),
            path: proof::consistency(from as u64, size as u64, read).expect("a proof"),
        }),
    }
}

fn good() -> Receipt {
    receipt_at(13, Some(6), &[7])
}

fn reading() -> Reading {
    let label = |zh: &str, en: &str| Label { zh: zh.into(), en: en.into() };
    let labels = BTreeMap::from([
        ("report".to_owned(), label("反映", "Report")),
        ("what".to_owned(), label("事项", "Matter")),
        ("households".to_owned(), label("户数", "Households")),
        ("where".to_owned(), label("地点", "Where")),
    ]);
    Reading { zone: 480, labels, asked: vec!["what".into()] }
}

fn file(receipt: &Receipt) -> String {
    let file = serde_json::to_value(ReceiptFile::new(receipt, reading())).expect("JSON");
    file.to_string()
}

/// A file in this form in which the entry without content has a salt.
fn with_salt(form: u64) -> String {
    let mut file: Json = serde_json::from_str(&file(&good())).expect("JSON");
    file["gongzhi-receipt"] = form.into();
    file["entries"][2]["salt"] = "BgYGBgYGBgYGBgYGBgYGBg==".into();
    file.to_string()
}

/// A receipt whose checkpoint bears only a signature of another log's key.
fn signed_by_another() -> String {
    let mut receipt = good();
    let key = SignerKey::new("gongzhi.111111".into(), &[9; 32]);
    receipt.checkpoint = Note::sign(receipt.checkpoint.text.clone(), &[key]);
    file(&receipt)
}

/// The short form as it was before: with a salt, without the entry before.
fn first_short() -> String {
    let short = Compact { before: Some(vec![1; 16]), ..Compact::of(&good()).expect("a short form") };
    let mut bytes = short.to_bytes();
    assert_eq!(bytes[1], 2, "the form stands there");
    bytes[1] = 1;
    Compact::in_digits(&bytes)
}

/// A log of two entries of which the second is dated so much before the first.
fn back_dated(format: u8, millis: i64) -> Receipt {
    let (mut before, head) = Head::EMPTY.append(COUNTY, &event(2, 1), [0; 16]);
    before.header.format = format;
    let at = Timestamp(event(1, 1).at.0 - millis);
    let (mut entry, _) = head.append(COUNTY, &Event { at, ..event(1, 1) }, [1; 16]);
    (entry.header.format, entry.header.previous) = (format, before.header.hash());
    let leaves = [before.header.hash(), entry.header.hash()];
    let point = Checkpoint { origin: ORIGIN.into(), size: 2, root: root_of(&leaves) };
    Receipt {
        keys: vec![public(7)],
        checkpoint: Note::sign(point.text(), &[signer(7)]),
        entries: vec![Proven {
            seq: 1,
            header: entry.header.to_bytes(),
            body: Some((entry.salt, entry.body)),
            path: vec![leaves[0]],
        }],
        before: Some(before.header.to_bytes()),
        earlier: None,
        ..good()
    }
}

/// A true receipt that somebody wants to be misread: other words for what was written, also where it is one word
/// or a number, lines that look proven, names that end their brackets, a time four hundred days ago, characters that
/// turn the reading round.
fn misread() -> String {
    let mut file: Json = serde_json::from_str(&file(&good())).expect("JSON");
    let reading = &mut file["reading"];
    reading["zone"] = (-400 * 24 * 60).into();
    let label = |words: &str| json!({ "zh": words, "en": words });
    reading["labels"]["村口的路灯不亮，已经一个星期。"] = label("县长受贿一百万元");
    reading["labels"]["lamp-broken"] = label("撤回我的反映");
    reading["labels"]["140823100200"] = label("北京〕（县里已证明）〔x");
    reading["labels"]["where"] = label("地点〕: 北京 （县里已证明） 〔﹞❳");
    reading["labels"]["report"] = label("办结并满意\n更正 (ok): 真实");
    reading["labels"]["what"] = label("\u{202e}事项\u{2066}\u{1b}[31m");
    reading["labels"]["dispatch"] = label(&"长".repeat(200));
    file.to_string()
}

/// How an entry reads in Chinese.
fn told(entry: &Seen, reading: &Reading) -> Vec<String> {
    let named = |code: &str| match reading.name(code, true) {
        Some(name) => format!("{code} 〔{name}〕"),
        None => plain(code),
    };
    let mut lines = vec![reading.time(entry.at)];
    let Some(Event { deed: Deed::Step(taken), .. }) = &entry.event else { return lines };
    lines.push(named(&taken.step));
    lines.extend(taken.set.iter().map(|(name, value)| {
        let shown = match value {
            Value::Text(text) => plain(text),
            Value::Int(n) => n.to_string(),
            _ => String::new(),
        };
        format!("{}: {shown}", named(name))
    }));
    lines
}

/// What the checker is given.
struct Given {
    name: &'static str,
    text: String,
    /// Lines as lists of keys have them: a key alone, or with the sizes for which it signs.
    keys: Vec<String>,
    checkpoint: Option<Note>,
}

fn changed(name: &'static str, change: impl FnOnce(&mut Receipt)) -> Given {
    let mut receipt = good();
    change(&mut receipt);
    given(name, file(&receipt), vec![public(7)], None)
}

fn given(name: &'static str, text: String, keys: Vec<VerifierKey>, checkpoint: Option<Note>) -> Given {
    Given { name, text, keys: keys.iter().map(ToString::to_string).collect(), checkpoint }
}

/// A receipt signed by these keys, and what is known of them.
fn listed(name: &'static str, signers: &[u8], keys: &[LogKey], checkpoint: Option<Note>) -> Given {
    let keys = keys.iter().map(ToString::to_string).collect();
    Given { name, text: file(&receipt_at(13, Some(6), signers)), keys, checkpoint }
}

fn cases() -> Vec<Given> {
    let own = || vec![public(7)];
    let whole = file(&good());
    let short = Compact::of(&good()).expect("a short form").digits();
    let note = |size, seed| Some(receipt_at(size, None, &[seed]).checkpoint);
    let term = |seed, from, to| LogKey { key: public(seed), from, to };
    let false_log = || {
        let point = Checkpoint { origin: ORIGIN.into(), size: 13, root: Digest([1; 32]) };
        Some(Note::sign(point.text(), &[signer(7)]))
    };
    let longer = |receipt: &mut Receipt| {
        // The same number with one byte more than it takes: not the one canonical form.
        let at = 9;
        assert_eq!(receipt.entries[0].header[at], 1, "the sequence stands there");
        receipt.entries[0].header.splice(at..=at, [0x18, 1]);
    };
    vec![
        given("sound, with trusted keys", whole.clone(), own(), None),
        given("sound, with its own keys", whole.clone(), vec![], None),
        given("sound, one of several keys", file(&receipt_at(13, None, &[6, 7])), own(), None),
        given(
            "sound after a rotation, by the new key",
            file(&receipt_at(13, None, &[8])),
            vec![public(7), public(8)],
            None,
        ),
        given("sound after a rotation, by the old key", whole.clone(), vec![public(7), public(8)], None),
        listed("sound, signed at the last size of a retired key", &[7], &[term(7, 0, Some(13))], None),
        listed(
            "sound, signed at the first size of a new key",
            &[8],
            &[term(7, 0, Some(13)), term(8, 13, None)],
            None,
        ),
        listed(
            "sound, by two keys in the time of both",
            &[7, 8],
            &[term(7, 0, Some(13)), term(8, 9, None)],
            None,
        ),
        listed(
            "sound, by a key that another list knows longer",
            &[7],
            &[term(7, 0, Some(9)), term(7, 0, None)],
            None,
        ),
        listed(
            "sound, and a kept checkpoint by a key retired since",
            &[8],
            &[term(7, 0, Some(6)), term(8, 6, None)],
            note(6, 7),
        ),
        listed("signed by a key retired before", &[7], &[term(7, 0, Some(12)), term(8, 12, None)], None),
        listed("signed by a key not yet in use", &[8], &[term(7, 0, None), term(8, 14, None)], None),
        listed(
            "signed by a retired key beside the present one",
            &[7, 8],
            &[term(7, 0, Some(12)), term(8, 12, None)],
            None,
        ),
        listed(
            "a kept checkpoint by a key not yet in use",
            &[7],
            &[term(7, 0, None), term(8, 12, None)],
            note(6, 8),
        ),
        given(
            "signed by another log's key, where both logs' keys are trusted",
            signed_by_another(),
            vec![public(7), foreign()],
            None,
        ),
        given("sound, continues a checkpoint kept", whole.clone(), own(), note(6, 7)),
        given("sound, agrees with a checkpoint of its size", whole.clone(), own(), note(13, 7)),
        given("sound, of one entry", file(&receipt_at(2, None, &[7])), own(), None),
        given("sound, short form", short.clone(), own(), None),
        given("sound, address of a QR code", format!("https://example.cn/verify#{short}"), own(), None),
        given("short form without keys", short.clone(), vec![], None),
        given("short form, a digit changed", short.replacen("00", "01", 1), own(), None),
        given("short form, cut", short[..short.len() - 17].to_owned(), own(), None),
        given("no receipt", "a letter to the county".into(), own(), None),
        given("a file cut off", whole[..whole.len() / 2].to_owned(), own(), None),
        given("another form", whole.replace("\"gongzhi-receipt\":2", "\"gongzhi-receipt\":3"), own(), None),
        given(
            "another name at its top",
            whole.replace("\"origin\":\"gongzhi.000000\"", "\"origin\":\"gongzhi.111111\""),
            own(),
            None,
        ),
        given("no Base64", whole.replace("\"header\":\"", "\"header\":\"*"), own(), None),
        given("another county's keys", whole.clone(), vec![foreign()], None),
        given("a key that nobody trusts", whole.clone(), vec![public(8)], None),
        given(
            "a checkpoint that another log signed",
            whole.clone(),
            own(),
            Some({
                let point = Checkpoint { origin: "gongzhi.111111".into(), size: 13, root: Digest([1; 32]) };
                Note::sign(point.text(), &[SignerKey::new("gongzhi.111111".into(), &[9; 32])])
            }),
        ),
        given("a log unlike the checker's", whole.clone(), own(), false_log()),
        given("a log that cannot be compared", whole, own(), note(9, 7)),
        changed("a checkpoint without size", |r| r.checkpoint.text = "gongzhi.000000\nx\nAAAA\n".into()),
        changed("a forged signature", |r| r.checkpoint.signatures[0].bytes[9] ^= 1),
        changed("a forged size", |r| r.checkpoint.text = r.checkpoint.text.replace("\n13\n", "\n14\n")),
        changed("nothing in it", |r| r.entries.clear()),
        changed("a head cut short", |r| r.entries[0].header.truncate(20)),
        changed("a head of another entry", |r| r.entries[0].seq = 2),
        changed("a head not in canonical form", longer),
        changed("another county in the head", |r| r.entries[0].header[4] ^= 1),
        changed("a time set back", |r| {
            let mut header =
                gongzhi_kernel::chain::Header::from_bytes(&r.entries[0].header).expect("a header");
            header.at = Timestamp(START - 86_400_000);
            r.entries[0].header = header.to_bytes();
        }),
        changed("a changed proof", |r| r.entries[1].path[2].0[0] ^= 1),
        changed("a proof cut short", |r| r.entries[1].path.truncate(2)),
        changed("a proof too long", |r| r.entries[1].path.push(Digest([0; 32]))),
        changed("another record", |r| r.record = RecordId([2; 16])),
        changed("an entry left out", |r| drop(r.entries.remove(1))),
        changed("a changed word", |r| {
            let (_, body) = r.entries[0].body.as_mut().expect("there");
            let at = body.windows(6).position(|bytes| bytes == "路灯".as_bytes()).expect("the words");
            body.splice(at..at + 6, *"路牌".as_bytes().first_chunk::<6>().expect("six bytes"));
        }),
        changed("a body cut short", |r| r.entries[0].body.as_mut().expect("there").1.truncate(30)),
        changed("a changed salt", |r| r.entries[0].body.as_mut().expect("there").0[0] ^= 1),
        given("a salt without content", with_salt(2), own(), None),
        given("sound, in the first form", with_salt(1), own(), None),
        given("sound, short, in the first form", first_short(), own(), None),
        changed("sound, without the entry before", |r| r.before = None),
        changed("a false entry before", |r| r.before.as_mut().expect("there")[12] ^= 1),
        changed("another entry as the one before", |r| r.before = Some(r.entries[1].header.clone())),
        given("dated before the entry before it", file(&back_dated(2, 60_000)), own(), None),
        given(
            "of format 1, dated an hour before the entry before it",
            file(&back_dated(1, 3_600_000)),
            own(),
            None,
        ),
        given(
            "sound, of format 1 and a minute before the entry before it",
            file(&back_dated(1, 60_000)),
            own(),
            None,
        ),
        given("sound, with a false reading", misread(), own(), None),
        changed("a rewritten log", |r| r.earlier.as_mut().expect("there").root.0[0] ^= 1),
        changed("a log that was cut", |r| r.earlier.as_mut().expect("there").size = 14),
    ]
}

/// Reads as people bring it.
fn read(text: &str) -> Option<(Receipt, Reading)> {
    let digits = text.rsplit_once('#').map_or(text, |(_, digits)| digits);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((Compact::read(digits)?.receipt()?, Reading { zone: 480, ..Reading::default() }));
    }
    let file = ReceiptFile::read(text)?;
    Some((file.receipt()?, file.reading))
}

fn fault(fault: &Fault) -> Json {
    let (name, x, y) = match fault {
        Fault::Checkpoint => ("checkpoint", None, None),
        Fault::Foreign { found, expected } => ("foreign", Some(found.clone()), Some(expected.clone())),
        Fault::NoKey => ("no-key", None, None),
        Fault::UnknownKey => ("unknown-key", None, None),
        Fault::Forged => ("forged", None, None),
        Fault::KeyRange { size, from, to } => {
            let to = to.map_or(String::new(), |to| to.to_string());
            ("key-range", Some(size.to_string()), Some(format!("{from}–{to}")))
        }
        Fault::Empty => ("empty", None, None),
        Fault::Header { seq } => ("header", Some(seq.to_string()), None),
        Fault::Record { seq } => ("record", Some(seq.to_string()), None),
        Fault::Gap { seq } => ("gap", Some(seq.to_string()), None),
        Fault::NotInLog { seq } => ("not-in-log", Some(seq.to_string()), None),
        Fault::Body { seq } => ("body", Some(seq.to_string()), None),
        Fault::Before { seq } => ("before", Some(seq.to_string()), None),
        Fault::Time { seq } => ("time", Some(seq.to_string()), None),
        Fault::Rewritten { size } => ("rewritten", Some(size.to_string()), None),
        Fault::Incomparable { size, own } => ("incomparable", Some(size.to_string()), Some(own.to_string())),
    };
    let mut told = json!({ "fault": name });
    for (key, part) in [("x", x), ("y", y)] {
        if let Some(part) = part {
            told[key] = part.into();
        }
    }
    told
}

fn outcome(case: &Given) -> Json {
    let Some((receipt, reading)) = read(&case.text) else { return json!({ "fault": "unreadable" }) };
    let keys = case.keys.iter().map(|line| line.parse().expect("a key")).collect();
    match receipt.verify(&Trust { keys, log: case.checkpoint.clone() }) {
        Err(found) => fault(&found),
        Ok(proven) => json!({
            "log": proven.checkpoint.origin,
            "size": proven.checkpoint.size,
            "record": proven.record.to_string(),
            "signers": proven.signers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "own_keys": proven.own_keys,
            "since": proven.since,
            "after": proven.after.map(|after| after.0),
            "entries": proven.entries.iter().map(|entry| json!({
                "seq": entry.seq, "at": entry.at.0, "revision": entry.revision, "shown": entry.event.is_some(),
                "told": told(entry, &reading),
            })).collect::<Vec<_>>(),
        }),
    }
}

#[test]
fn the_cases_are_what_they_are_called() {
    for case in cases() {
        let proves = outcome(&case)["fault"].is_null();
        assert_eq!(proves, case.name.starts_with("sound"), "{}: {}", case.name, outcome(&case));
    }
    let faults: std::collections::BTreeSet<String> =
        cases().iter().filter_map(|case| Some(outcome(case)["fault"].as_str()?.to_owned())).collect();
    assert_eq!(faults.len(), 17, "every fault has a case: {faults:?}");
}

#[test]
fn the_file_holds_these_cases_with_these_outcomes() {
    let told: Vec<String> = cases()
        .iter()
        .map(|case| {
            let checkpoint = case.checkpoint.as_ref().map(ToString::to_string);
            json!({ "name": case.name, "text": case.text, "keys": case.keys, "checkpoint": checkpoint,
                "outcome": outcome(case) })
            .to_string()
        })
        .collect();
    let told = format!("[\n{}\n]\n", told.join(",\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/receipts/cases.json");
    if std::env::var_os("REWRITE").is_some() {
        std::fs::write(&path, &told).expect("written");
    }
    let kept = std::fs::read_to_string(&path).expect("the cases");
    assert!(kept == told, "suite/receipts/cases.json is not what this test makes: see its head");
}
