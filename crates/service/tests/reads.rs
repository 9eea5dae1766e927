//! Reads that fail while a command is decided: it is answered as failed and leaves nothing, the others of its group
//! are carried out, and sent again it is carried out too.

mod fixture;

use std::sync::Arc;

use fixture::{County, county_on};
use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Timestamp, Value};
use gongzhi_kernel::{Actor, Command, Order, Raw, Record};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::{Failure, recount};
use gongzhi_store::sqlite::Sqlite;
use gongzhi_store::{Ledger, StoreError};
use gongzhi_testkit::sim::faulty::{Faulty, Recorder};

/// The demo county on a ledger whose reads can be made to fail.
fn county() -> (County, Arc<Faulty>) {
    let made = std::sync::OnceLock::new();
    let county = county_on(&|dir, code| {
        let real = Arc::new(Sqlite::open(&dir.join("county.db"), code).expect("a database"));
        let clock = Arc::new(Scripted::new(Timestamp::read("2026-11-02T01:00:00Z").expect("a time"), 2));
        let faulty = Arc::new(Faulty::new(real, clock, Arc::new(Recorder::default())));
        made.set(faulty.clone()).unwrap_or_else(|_| panic!("one ledger"));
        faulty
    });
    (county, made.into_inner().expect("a ledger"))
}

fn record(county: &County, id: RecordId) -> Option<Record> {
    let bytes = county.service.ledger().snapshot(id).expect("read")?;
    Some(Record::from_bytes(&bytes).expect("a record"))
}

fn place(county: &County, code: &str) -> Record {
    let places = county.service.ledger().snapshots("places").expect("places").into_iter();
    let mut records = places.map(|bytes| Record::from_bytes(&bytes).expect("a place"));
    let of_code = |record: &Record| record.fields.get("code").and_then(Value::text) == Some(code);
    records.find(of_code).expect("the place")
}

fn order(step: &str, id: RecordId, fields: &[(&str, &str)]) -> Order {
    let input = fields.iter().map(|(n, v)| ((*n).to_owned(), Raw::Text((*v).to_owned()))).collect();
    match step {
        "report" => Order::Open { mechanism: "matter".into(), step: step.into(), id, input },
        _ => Order::Step { record: id, step: step.into(), expect: None, input },
    }
}

fn command(county: &County, who: Option<&str>, order: Order) -> Command {
    let actor = who.map_or(Actor::Public, |who| county.service.actor_of(who));
    Command { id: county.service.new_command_id(), actor, at: county.service.now(), order }
}

fn reported(county: &County, place: &str) -> Command {
    let fields = [
        ("what", "村口路灯不亮"),
        ("where", place),
        ("kind", "020202"),
        ("contact_name", fixture::NAME),
        ("contact_phone", fixture::PHONE),
    ];
    command(county, None, order("report", county.service.new_record_id(), &fields))
}

/// The log verifies, and everything derived is what its entries give.
fn whole(county: &County, when: &str) {
    let service = &county.service;
    gongzhi_store::verify(service.ledger(), &mut |_| {}).unwrap_or_else(|fault| panic!("{when}: {fault:?}"));
    let found = recount::recount(service.ledger(), None, service.now(), &mut |_, _| {}).expect("counted");
    assert_eq!(found.differences, [], "{when}");
}

/// Lets the first read of a group fail, then the second and so on until the group needs no more, most of many alike
/// left out; each time whoever failed sends again, and everything holds. Gives how often, and up to which read.
fn each_read_fails(county: &County, ledger: &Faulty, group: &dyn Fn(u32) -> Vec<Command>) -> (usize, u32) {
    // Figures are read one mechanism after the other: some of those reads are enough.
    for (times, after) in (0..8).chain((8..).step_by(9)).enumerate() {
        let commands = group(after);
        let before = ledger.head().expect("a head");
        ledger.fail_reads(after, 1);
        let answers = county.service.engine().act_all(commands.clone());
        let came = !ledger.settle().is_empty();
        let when = format!("read {after}: {answers:?}");
        for (command, answer) in commands.iter().zip(&answers) {
            match answer {
                Ok(outcome) => {
                    let now = record(county, command.order.record()).expect("it is there").revision;
                    assert!(outcome.revision <= now, "{when}");
                }
                Err(Failure::Store(StoreError::Engine(_))) => assert!(came, "{when}"),
                Err(other) => panic!("{other:?}; {when}"),
            }
        }
        let told = answers.iter().filter_map(|answer| answer.as_ref().ok()).map(|outcome| outcome.seq);
        let head = ledger.head().expect("a head");
        assert_eq!(told.max().map_or(before.size, |last| last + 1), head.size, "{when}");
        whole(county, &when);
        for answer in county.service.engine().act_all(commands) {
            answer.unwrap_or_else(|why| panic!("sent again: {why:?}; {when}"));
        }
        if !came {
            whole(county, "all was sent again");
            return (times, after);
        }
    }
    unreachable!("some group needs no more reads")
}

#[test]
fn a_read_that_fails_leaves_nothing_of_its_command() {
    let (county, ledger) = county();
    let world = county.service.state().world.clone();
    let below =
        |place: &str| -> Vec<String> { world.children(place).map(|place| place.code.clone()).collect() };
    let towns = below(&world.county);
    let code = below(&towns[0]).into_iter().next().expect("a village");
    let village = place(&county, &code).id;
    let reported = || reported(&county, &code);
    county.service.engine().act_blocking(reported()).expect("reported");

    // A place moves between two reports that are decided with it.
    let (_, moved) = each_read_fails(&county, &ledger, &|turn| {
        let to = &towns[if turn % 2 == 0 { 1 } else { 0 }];
        let amend = order("amend", village, &[("name", "改名村"), ("parent", to)]);
        vec![reported(), command(&county, Some("admin"), amend), reported()]
    });
    assert!(moved > 8, "figures, settings and keys are read: {moved}");

    // A document is published anew; what opens after it opens by it.
    let document = RecordId::of_entry("documents", "matter.md");
    let republished = || {
        let text = record(&county, document).expect("the document").fields["source"].clone();
        let text = text.text().expect("its text").to_owned();
        let line = text.lines().find(|line| line.starts_with("version: ")).expect("its version").to_owned();
        let next: u32 = line["version: ".len()..].parse().expect("a number");
        let source = text.replacen(&line, &format!("version: {}", next + 1), 1);
        command(&county, Some("admin"), order("republish", document, &[("source", &source)]))
    };
    let version = || county.service.state().laws.newest("matter").expect("matters").version;
    let (published, _) = each_read_fails(&county, &ledger, &|_| vec![republished()]);
    assert!(published > 1, "{published}");
    assert_eq!(version() as usize, published + 2, "each was taken into use");

    // Where the documents cannot be read for longer, nothing is decided by the old ones.
    let (next, command) = (version() + 1, republished());
    let reads = (0..8).find(|after| {
        ledger.fail_reads(*after, 5);
        let done = county.service.engine().act_blocking(command.clone());
        done.is_ok()
    });
    assert!(reads.is_some_and(|reads| reads > 0), "{reads:?}");
    assert_eq!(version(), next - 1, "it is durable and could not be read");
    let refused = county.service.engine().act_blocking(reported());
    assert!(matches!(refused, Err(Failure::Store(StoreError::Engine(_)))), "{refused:?}");
    ledger.settle();
    let last = county.service.engine().act_blocking(reported()).expect("reported").record;
    assert_eq!((version(), record(&county, last).expect("it is there").version), (next, next));
    whole(&county, "published and read late");
    county.service.close();
}
