//! Two nodes on one PostgreSQL database: what one writes the other knows, and nothing is lost,
//! doubled or done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, RecordId, Timestamp};
use gongzhi_kernel::{Actor, Command, Deed, Event, Order, Raw};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Outcome, Service, Settings, load, timers};
use gongzhi_store::postgres::Postgres;
use gongzhi_testkit::postgres::{Database, database};

const DAY: i64 = 86_400_000;

struct Nodes {
    one: Service,
    two: Service,
    clock: Arc<Scripted>,
    // Dropped last.
    _dir: tempfile::TempDir,
    _database: Database,
}

/// The demo county loaded by one node, and a second node beside it.
fn nodes() -> Nodes {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let (dir, database) = (tempfile::tempdir().expect("a directory"), database());
    let clock = Arc::new(Scripted::new(Timestamp::read("2026-11-02T01:00:00Z").expect("a time"), 1));
    let files = load::read_library(&root.join("mechanisms")).expect("documents");
    let data = root.join("counties/wenxi");
    let county = load::CountyFile::read(&data).expect("a county's file");
    let open = |library| {
        let ledger = Arc::new(Postgres::open(database.url(), &county.place).expect("a ledger"));
        county.write(ledger.as_ref()).expect("settings");
        let master = MasterKey::of_dir(dir.path(), ledger.as_ref(), clock.as_ref()).expect("a key");
        let (ambient, files) = (clock.clone(), dir.path().join("files"));
        Service::open(Settings { ledger, ambient, files, master, library }).expect("a service")
    };
    let one = open(Some(load::check_library(&files).expect("clean documents")));
    load::county(&one, &data, &files).expect("loaded");
    one.reload_laws().expect("laws from the ledger");
    let two = open(None);
    Nodes { one, two, clock, _dir: dir, _database: database }
}

fn report(service: &Service, name: &str) -> Outcome {
    let input = [("what", format!("路灯不亮 {name}")), ("where", "140823204208".to_owned())]
        .map(|(name, value)| (name.to_owned(), Raw::Text(value)))
        .into();
    let id = service.new_record_id();
    let order = Order::Open { mechanism: "matter".into(), step: "report".into(), id, input };
    let id = CommandId::new(name).expect("an identifier");
    let command = Command { id, actor: Actor::Public, at: service.now(), order };
    service.engine().act_blocking(command).expect("accepted, whoever came first")
}

#[test]
fn a_command_sent_again_to_the_other_node_is_answered_again() {
    // The other node takes it for new, writes its group in vain, looks it up and answers; what shared the
    // group is done.
    let nodes = nodes();
    let first: Vec<Outcome> = (0..8).map(|n| report(&nodes.one, &format!("sent-again-{n}"))).collect();
    let size = nodes.one.ledger().head().expect("a head").size;
    let (again, fresh) = std::thread::scope(|scope| {
        let fresh = scope.spawn(|| -> Vec<Outcome> {
            (0..8).map(|n| report(&nodes.two, &format!("sent-once-{n}"))).collect()
        });
        let again = |n| {
            scope.spawn({
                let two = &nodes.two;
                move || report(two, &format!("sent-again-{n}"))
            })
        };
        let again: Vec<_> = (0..8).map(again).collect();
        let again: Vec<Outcome> = again.into_iter().map(|thread| thread.join().expect("answered")).collect();
        (again, fresh.join().expect("answered"))
    });
    for (first, again) in first.iter().zip(&again) {
        assert_eq!(*again, Outcome { again: true, ..first.clone() });
    }
    assert!(fresh.iter().all(|outcome| !outcome.again && outcome.seq >= size));
    let head = gongzhi_store::verify(nodes.two.ledger(), &mut |_| ()).expect("the log verifies");
    assert_eq!(head.size, size + fresh.len() as u64 * (first[1].seq - first[0].seq), "nothing was doubled");
}

#[test]
fn commands_from_both_nodes_are_done_once_and_seen_by_both() {
    const EACH: usize = 40;
    let nodes = nodes();
    let mut seen = [&nodes.one, &nodes.two].map(|node| node.engine().changes.subscribe());
    let run = |service: &Service, node: &str| -> Vec<Outcome> {
        (0..EACH).map(|n| report(service, &format!("node-{node}-{n:04}"))).collect()
    };
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let two = scope.spawn(|| run(&nodes.two, "two"));
        let mut all = run(&nodes.one, "one");
        all.extend(two.join().expect("the second node"));
        all
    });
    let ids: Vec<RecordId> = outcomes.iter().map(|outcome| outcome.record).collect();
    let rows = nodes.one.ledger().rows(&ids).expect("rows");
    let numbers: BTreeSet<&String> = rows.iter().map(|row| &row.number).collect();
    assert_eq!((rows.len(), numbers.len()), (2 * EACH, 2 * EACH), "each matter is there with its own number");
    let places: BTreeSet<u64> = outcomes.iter().map(|outcome| outcome.seq).collect();
    assert_eq!(places.len(), 2 * EACH, "each has its own place in the ledger");
    gongzhi_store::verify(nodes.two.ledger(), &mut |_| {}).expect("the log verifies");
    // The same command at the other node is answered the same, and done by neither again.
    let found = nodes.two.ledger().load(&gongzhi_store::Want {
        records: vec![],
        commands: vec![CommandId::new("node-one-0000").expect("an identifier")],
    });
    assert_eq!(found.expect("an answer").answers[0].record, ids[0]);

    // Live pages of each node hear of everything, also of what the other wrote.
    for live in &mut seen {
        let mut missing: BTreeSet<RecordId> = ids.iter().copied().collect();
        for _ in 0..200 {
            while let Ok(changes) = live.try_recv() {
                for change in changes.iter() {
                    missing.remove(&change.record);
                }
            }
            if missing.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(missing.is_empty(), "{} changes were never told", missing.len());
    }
}

#[test]
fn a_deadline_passes_once_and_a_session_holds_on_both_nodes() {
    let nodes = nodes();
    let ids: Vec<RecordId> =
        (0..12).map(|n| report(&nodes.one, &format!("deadline-{n:04}")).record).collect();
    let start = nodes.one.now();
    for days in [1, 2, 5, 9, 20] {
        nodes.clock.set(start.plus_millis(days * DAY));
        std::thread::scope(|scope| {
            for node in [&nodes.one, &nodes.two] {
                scope.spawn(move || timers::fire_due(node, node.now()).expect("fired"));
            }
        });
    }
    let mut passed: BTreeMap<(RecordId, String), u32> = BTreeMap::new();
    for id in ids {
        for entry in nodes.two.ledger().history(id).expect("history") {
            if let Deed::Passed { deadline, late: true } =
                Event::from_bytes(&entry.body).expect("an event").deed
            {
                *passed.entry((id, deadline)).or_default() += 1;
            }
        }
    }
    assert!(passed.len() >= 12, "deadlines passed: {passed:?}");
    assert!(passed.values().all(|times| *times == 1), "each once: {passed:?}");

    nodes.one.set_password("window", "window", "eight-or-more").expect("an account");
    let signed = nodes.one.sign_in("window", "eight-or-more", "10.0.0.1").expect("signed in");
    let there = nodes.two.staff(&signed.token).expect("asked").expect("known at the other node");
    assert_eq!(there.code, "window");
    nodes.two.sign_out(&signed.token).expect("signed out");
    assert!(nodes.one.staff(&signed.token).expect("asked").is_none(), "gone at both");
}
