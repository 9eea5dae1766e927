//! Constraints hold whoever writes: many callers on one node, and two nodes on one database.

mod fixture;

use std::path::Path;
use std::sync::Arc;

use fixture::{County, county_on, root};
use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Timestamp, Value};
use gongzhi_kernel::{Command, Order, Raw, Record, Refusal};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Failure, Outcome, Service, Settings, load};
use gongzhi_store::Ledger;
use gongzhi_store::postgres::Postgres;
use gongzhi_store::sqlite::Sqlite;
use gongzhi_testkit::postgres::database;

/// Calls a meeting in a room, over some quarters of an hour of one day.
fn call(service: &Service, room: &str, from: u64, long: u64) -> Result<Outcome, Failure> {
    let at = |quarter: u64| format!("2026-11-20 {:02}:{:02}", 8 + quarter / 4, quarter % 4 * 15);
    let topic = Raw::Row([("topic".to_owned(), Raw::Text("进度".into()))].into());
    let input = [
        ("subject", Raw::Text("照明措施推进会".into())),
        ("sort", Raw::Text("progress".into())),
        ("room", Raw::Text(room.into())),
        ("starts_at", Raw::Text(at(from))),
        ("ends_at", Raw::Text(at(from + long))),
        ("invited", Raw::List(vec![Raw::Text("tongcheng".into())])),
        ("agenda", Raw::List(vec![topic])),
    ];
    let input = input.map(|(name, raw)| (name.to_owned(), raw)).into();
    let id = service.new_record_id();
    let order = Order::Open { mechanism: "meeting".into(), step: "call".into(), id, input };
    let actor = service.actor_of("planner");
    service.engine().act_blocking(Command { id: service.new_command_id(), actor, at: service.now(), order })
}

fn cancel(service: &Service, record: RecordId) {
    let input = [("reason".to_owned(), Raw::Text("另行安排".into()))].into();
    let order = Order::Step { record, step: "cancel".into(), expect: None, input };
    let actor = service.actor_of("planner");
    let command = Command { id: service.new_command_id(), actor, at: service.now(), order };
    service.engine().act_blocking(command).expect("cancelled");
}

/// Books as many callers do at once; how many were let in and how many refused.
fn book(service: &Service, seed: u64) -> (usize, usize) {
    let mut state = seed;
    let mut dice = move |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let (mut booked, mut refused) = (0, 0);
    for _ in 0..60 {
        match call(service, ["r1", "r2"][dice(2) as usize], dice(30), 1 + dice(6)) {
            Ok(outcome) => {
                booked += 1;
                // One in three gives its hour back at once.
                if dice(3) == 0 {
                    cancel(service, outcome.record);
                }
            }
            Err(Failure::Refused(Refusal::Clash { other, .. })) => {
                assert!(other.is_some(), "the programme office may read every meeting");
                refused += 1;
            }
            Err(failure) => panic!("{failure:?}"),
        }
    }
    (booked, refused)
}

/// The meetings that stand: room, beginning and end.
fn standing(ledger: &dyn Ledger) -> Vec<(String, i64, i64)> {
    let time = |record: &Record, name: &str| match &record.fields[name] {
        Value::Time(at) => at.0,
        other => panic!("{other:?}"),
    };
    let records = ledger.snapshots("meeting").expect("meetings");
    let records = records.iter().map(|bytes| Record::from_bytes(bytes).expect("a record"));
    records
        .filter(|record| record.state == "called")
        .map(|record| {
            let room = record.fields["room"].text().expect("a room").to_owned();
            (room, time(&record, "starts_at"), time(&record, "ends_at"))
        })
        .collect()
}

fn no_two_meet(ledger: &dyn Ledger) -> usize {
    let mut all = standing(ledger);
    all.sort();
    for pair in all.windows(2) {
        assert!(pair[0].0 != pair[1].0 || pair[0].2 <= pair[1].1, "{pair:?}");
    }
    all.len()
}

/// Callers of one node at once, and then what is rebuilt from the entries.
fn one_node(county: &County) {
    let service = &county.service;
    let (mut booked, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..6).map(|seed| scope.spawn(move || book(service, seed))).collect();
        for caller in callers {
            let (in_, out) = caller.join().expect("a caller");
            (booked, refused) = (booked + in_, refused + out);
        }
    });
    assert!(booked > 20 && refused > 100, "{booked} booked, {refused} refused");
    assert!(no_two_meet(service.ledger()) >= 8);
}

#[test]
fn no_room_is_booked_twice_by_many_callers_on_sqlite() {
    let county =
        county_on(&|dir, code| Arc::new(Sqlite::open(&dir.join("county.db"), code).expect("a database")));
    one_node(&county);
    let service = &county.service;
    // What is claimed is derived: a rebuild finds the same.
    let (room, from, to) = standing(service.ledger()).pop().expect("a meeting");
    let quarter = |at: i64| {
        (at / 900_000 - Timestamp::read("2026-11-20T00:00:00Z").expect("a time").0 / 900_000) as u64
    };
    assert!(call(service, &room, quarter(from), quarter(to) - quarter(from)).is_err());
    let fixture::County { service, clock, _dir: dir } = county;
    drop(service);
    let path = dir.path().join("county.db");
    let code = Sqlite::county_of(&path).expect("a county");
    let ledger = Sqlite::open(&path, &code).expect("a database");
    let ledger: Arc<dyn Ledger> = Arc::new(ledger);
    let master = MasterKey::in_file(&dir.path().join("master.key")).expect("a key");
    let ambient: Arc<dyn gongzhi_service::ambient::Ambient> = clock.clone();
    gongzhi_service::rebuild::rebuild(&ledger, master, &ambient, &mut |_| {}).expect("rebuilt");
    drop(ledger);
    let service = fixture::open(dir.path(), &clock);
    match call(&service, &room, quarter(from), quarter(to) - quarter(from)) {
        Err(Failure::Refused(Refusal::Clash { .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_room_is_booked_twice_by_two_nodes_on_postgresql() {
    let (dir, database) = (tempfile::tempdir().expect("a directory"), database());
    let clock = Arc::new(Scripted::new(Timestamp::read("2026-11-02T01:00:00Z").expect("a time"), 1));
    let files = load::read_library(&root().join("mechanisms")).expect("documents");
    let data = load::first_county(&root().join("counties")).expect("a county");
    let county = load::CountyFile::read(&data).expect("a county's file");
    let open = |library, files: &Path| {
        let ledger = Arc::new(Postgres::open(database.url(), &county.place).expect("a ledger"));
        county.write(ledger.as_ref()).expect("settings");
        let master = MasterKey::of_dir(dir.path(), ledger.as_ref(), clock.as_ref()).expect("a key");
        let (ambient, files) = (clock.clone(), files.to_owned());
        Service::open(Settings { ledger, ambient, files, master, library }).expect("a service")
    };
    let place = dir.path().join("files");
    let one = open(Some(load::check_library(&files).expect("clean documents")), &place);
    load::county(&one, &data, &files).expect("loaded");
    one.reload_laws().expect("laws from the ledger");
    let two = open(None, &place);
    let (mut booked, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        let nodes = [&one, &two, &one, &two];
        let callers: Vec<_> =
            (10..).zip(nodes).map(|(seed, node)| scope.spawn(move || book(node, seed))).collect();
        for caller in callers {
            let (in_, out) = caller.join().expect("a caller");
            (booked, refused) = (booked + in_, refused + out);
        }
    });
    assert!(booked > 20 && refused > 60, "{booked} booked, {refused} refused");
    assert!(no_two_meet(one.ledger()) >= 8);
}
