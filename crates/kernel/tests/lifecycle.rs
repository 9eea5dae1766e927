//! A small county lives through whole lifecycles: what each command gives, and the laws that hold
//! whatever is commanded.

mod county;

use std::collections::BTreeMap;

use county::{County, at, fields, officer};
use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Value, Zone};
use gongzhi_kernel::project::{Cell, delta, project};
use gongzhi_kernel::{Actor, Event, Fault, Order, Post, Record, Refusal};
use proptest::prelude::*;

#[test]
fn a_case_goes_its_way() {
    let mut county = County::new();
    let town = officer("town", "11");
    let id = county.report("111");
    assert_eq!(county.records[&id].number, "C2026-0001");
    assert_eq!(county.field(id, "unit"), Some(Value::from("town")));
    assert!(matches!(county.field(id, "contact"), Some(Value::Sealed(_))), "personal values are sealed");
    county.step(&town, id, "accept", &[]).expect("accepted");
    county.step(&town, id, "answer", &[]).expect("answered");
    let record = &county.records[&id];
    assert_eq!(record.state, "done");
    assert!(record.clocks["answer"].met);
}

#[test]
fn three_refusals_raise_it_by_themselves() {
    let mut county = County::new();
    let town = officer("town", "11");
    let id = county.report("111");
    for _ in 0..2 {
        county.step(&town, id, "refuse", &[("reason", "不归我们管")]).expect("refused");
    }
    let events = county.step(&town, id, "refuse", &[("reason", "不归我们管")]).expect("refused");
    assert_eq!(events.len(), 2, "the refusal and the automatic step");
    assert_eq!(county.field(id, "unit"), Some(Value::from("top")));
    assert_eq!(county.field(id, "raised"), Some(Value::Int(1)));
}

#[test]
fn parts_hold_the_answer_back() {
    let mut county = County::new();
    let (town, water) = (officer("town", "11"), officer("water", "1"));
    let id = county.report("111");
    county.step(&town, id, "accept", &[]).expect("accepted");
    county.step(&town, id, "join", &[("partners", "water|other")]).expect("joined");
    let parts: Vec<RecordId> = county.records[&id].parts.iter().map(|part| part.id).collect();
    assert_eq!(parts.len(), 2);
    assert_eq!(county.records[&parts[0]].place, "111", "a part lives where its parent does");
    match county.step(&town, id, "answer", &[]) {
        Err(Refusal::Need { words, clause }) => {
            assert_eq!(words.en, "parts are still open");
            assert_eq!(clause.basis, "县级规则 4");
        }
        other => panic!("{other:?}"),
    }
    county.step(&water, parts[0], "give", &[("reply", "已修好")]).expect("given");
    county.step(&officer("other", "12"), parts[1], "give", &[("reply", "已修好")]).expect("given");
    county.step(&town, id, "answer", &[]).expect("answered");
}

#[test]
fn a_deadline_pauses_extends_warns_and_passes() {
    let mut county = County::new();
    let town = officer("town", "11");
    let id = county.report("111");
    let due =
        |county: &County| Zone::CHINA.civil(county.records[&id].clocks["answer"].derivation.due).to_string();
    assert_eq!(due(&county), "2026-09-22T00:00:00");
    county.step(&town, id, "accept", &[]).expect("accepted");
    county.step(&town, id, "ask", &[("reason", "哪条路")]).expect("asked");
    county.now = at("2026-09-16T10:00");
    county.step(&Actor::Holder(id), id, "tell", &[("what", "东街停水")]).expect("told");
    assert_eq!(due(&county), "2026-09-24T00:00:00", "two midnights stood still");
    county.step(&town, id, "more", &[]).expect("extended");
    assert_eq!(due(&county), "2026-09-26T00:00:00");
    let elapse = || Order::Elapse { record: id, deadline: "answer".into() };
    assert!(county.send(Actor::System, elapse()).is_err(), "nothing has come yet");
    county.now = at("2026-09-25T08:00");
    county.send(Actor::System, elapse()).expect("reminded");
    assert!(county.send(Actor::System, elapse()).is_err(), "reminded once");
    county.now = at("2026-09-26T00:00");
    let events = county.send(Actor::System, elapse()).expect("passed");
    assert_eq!(events.len(), 2, "the passing and the chase");
    assert_eq!(county.field(id, "raised"), Some(Value::Int(10)));
    assert!(county.send(Actor::System, elapse()).is_err(), "passes once");
}

/// Who does what in which state, and how it is refused.
#[test]
fn refusals_say_what_is_wrong() {
    let mut county = County::new();
    let town = officer("town", "11");
    let id = county.report("111");
    let stranger = officer("other", "12");
    assert_eq!(county.step(&stranger, id, "accept", &[]), Err(Refusal::NoRecord), "knows nothing of it");
    assert!(matches!(county.step(&town, id, "answer", &[]), Err(Refusal::WrongState { .. })));
    assert!(matches!(county.step(&Actor::Holder(id), id, "accept", &[]), Err(Refusal::NoRight { .. })));
    assert!(matches!(county.step(&town, id, "nothing", &[]), Err(Refusal::NoSuch { .. })));
    assert!(matches!(county.step(&Actor::Public, id, "accept", &[]), Err(Refusal::NoRecord)));
    let seen = Order::Step { record: id, step: "accept".into(), expect: Some(0), input: fields(&[]) };
    assert!(matches!(county.send(town.clone(), seen), Err(Refusal::Stale { seen: 0, now: 1, .. })));
    let new = RecordId::at(1, [1; 10]);
    let bad = fields(&[("what", "停"), ("where", "999"), ("unit", "town")]);
    let order = Order::Open { mechanism: "case".into(), step: "report".into(), id: new, input: bad };
    match county.send(Actor::Public, order) {
        Err(Refusal::Fields(faults)) => {
            let found: Vec<(&str, &Fault)> = faults.iter().map(|f| (f.field.as_str(), &f.fault)).collect();
            assert_eq!(
                found,
                [
                    ("unit", &Fault::NotAsked),
                    ("what", &Fault::TooShort(2)),
                    ("where", &Fault::NoPlace("999".into()))
                ]
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_look_is_recorded_and_needs_a_purpose() {
    let mut county = County::new();
    let town = officer("town", "11");
    let id = county.report("111");
    let look =
        |purpose: &str| Order::Look { record: id, fields: vec!["contact".into()], purpose: purpose.into() };
    assert!(matches!(county.send(town.clone(), look(" ")), Err(Refusal::Fields(_))));
    assert!(county.send(officer("other", "12"), look("回访")).is_err());
    let dispatcher = Actor::Person {
        code: "d".into(),
        posts: vec![Post { role: "dispatcher".into(), unit: None, place: "1".into() }],
    };
    assert!(
        matches!(county.send(dispatcher, look("看看")), Err(Refusal::NoRight { .. })),
        "reads, may not look"
    );
    assert_eq!(county.send(town.clone(), look("回访核实")).expect("looked").len(), 1);
    // What is erased nobody sees any more, and nothing says that somebody saw it.
    county.step(&town, id, "accept", &[]).expect("accepted");
    county.step(&town, id, "answer", &[]).expect("answered");
    county.send(Actor::Holder(id), Order::Erase { record: id, reason: "本人要求".into() }).expect("erased");
    assert_eq!(county.send(town, look("回访核实")), Err(Refusal::NothingPersonal));
}

/// A closed place lies where it lay, in the one above that took it in: what was counted under it stays there.
#[test]
fn what_was_opened_in_a_place_that_is_closed_counts_there_as_before() {
    let mut county = County::new();
    let id = county.report("111");
    let cells = |county: &County| -> BTreeMap<_, _> {
        let mechanism = county.laws.newest("case").expect("a mechanism");
        let share = project(mechanism, &county.records[&id], &county.world, county.now).share;
        share.cells().into_iter().map(|cell| (cell.key, (cell.numerator, cell.denominator))).collect()
    };
    let before = cells(&county);
    assert!(before.keys().any(|key| key.key == "111"));
    let mut place = Record::clone(&county.records[&RecordId::of_entry("places", "111")]);
    place.state = "gone".into();
    place.fields.insert("into".into(), Value::from("11"));
    let law = county.laws.newest("places").expect("a mechanism").clone();
    county.world.register(&law, &place);
    assert_eq!(cells(&county), before);
}

proptest! {
    /// Whatever is commanded: folding the events gives the records, each encodes and reads back,
    /// and the sum of all indicator changes is what a recount finds.
    #[test]
    fn folding_gives_the_records_and_indicators_add_up(deeds in prop::collection::vec((0u8..9, 0usize..4, 1i64..200), 1..60)) {
        let mut county = County::new();
        let mut ids = Vec::new();
        let mut sums = BTreeMap::new();
        for (deed, which, hours) in deeds {
            county.now = county.now.plus_millis(hours * 3_600_000);
            let before = county.records.clone();
            if deed == 0 || ids.is_empty() {
                ids.push(county.report(["111", "11", "12", "111"][which]));
            } else {
                let id = ids[which % ids.len()];
                let (actor, step): (Actor, &str) = match deed {
                    1 => (officer("town", "11"), "accept"),
                    2 => (officer("town", "11"), "refuse"),
                    3 => (officer("town", "11"), "ask"),
                    4 => (Actor::Holder(id), "tell"),
                    5 => (officer("town", "11"), "join"),
                    6 => (officer("town", "11"), "answer"),
                    7 => (officer("top", "1"), "accept"),
                    _ => {
                        let _ = county.send(Actor::System, Order::Elapse { record: id, deadline: "answer".into() });
                        (officer("town", "11"), "more")
                    }
                };
                let row: &[(&str, &str)] = match step {
                    "refuse" | "ask" => &[("reason", "理由")],
                    "tell" => &[("what", "补充情况")],
                    "join" => &[("partners", "water|other")],
                    _ => &[],
                };
                let _ = county.step(&actor, id, step, row);
            }
            for (id, record) in &county.records {
                let Some(mechanism) = county.laws.version(&record.mechanism, record.version) else { continue };
                let share = |record: &Record| project(mechanism, record, &county.world, county.now).share;
                let old = before.get(id).map(|record| share(record)).unwrap_or_default();
                for (key, change) in delta(&old, &share(record)) {
                    let sum: &mut (i64, i64) = sums.entry(key).or_default();
                    sum.0 += change.0;
                    sum.1 += change.1;
                }
            }
        }
        sums.retain(|_, sum| *sum != (0, 0));
        let mut recount = BTreeMap::new();
        for record in county.records.values() {
            let Some(mechanism) = county.laws.version(&record.mechanism, record.version) else { continue };
            for Cell { key, numerator, denominator } in
                project(mechanism, record, &county.world, county.now).share.cells()
            {
                let change = (numerator, denominator);
                let sum: &mut (i64, i64) = recount.entry(key).or_default();
                sum.0 += change.0;
                sum.1 += change.1;
            }
        }
        recount.retain(|_, sum| *sum != (0, 0));
        prop_assert_eq!(sums, recount);

        let mut folded: BTreeMap<RecordId, Record> = BTreeMap::new();
        for event in &county.events {
            let bytes = event.to_bytes();
            prop_assert_eq!(&Event::from_bytes(&bytes).expect("reads back"), event);
            let old = folded.remove(&event.record);
            folded.insert(event.record, Record::fold(old, event).expect("follows"));
        }
        prop_assert_eq!(folded.len(), county.records.len());
        for (id, record) in folded {
            prop_assert_eq!(&record, county.records[&id].as_ref());
            prop_assert_eq!(Record::from_bytes(&record.to_bytes()).expect("reads back"), record);
        }
    }
}
