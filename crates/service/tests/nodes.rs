//! Two nodes on one PostgreSQL database: what one writes the other knows, and nothing is lost,
//! doubled or done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, RecordId, Timestamp};
use gongzhi_kernel::{Actor, Command, Deed, Event, Order, Raw};
use gongzhi_lang::model::Library;
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
    dir: tempfile::TempDir,
    database: Database,
}

impl Nodes {
    /// One more node.
    fn another(&self) -> Service {
        open(&self.dir, &self.database, &self.clock, None)
    }
}

/// A node on the county's ledger, which begins with a library or holds documents already.
fn open(
    dir: &tempfile::TempDir,
    database: &Database,
    clock: &Arc<Scripted>,
    library: Option<Library>,
) -> Service {
    let county = load::CountyFile::read(&county_files()).expect("a county's file");
    let ledger = Arc::new(Postgres::open(database.url(), &county.place).expect("a ledger"));
    county.write(ledger.as_ref()).expect("settings");
    let master = MasterKey::of_dir(dir.path(), ledger.as_ref(), clock.as_ref()).expect("a key");
    let (ambient, files) = (clock.clone(), dir.path().join("files"));
    Service::open(Settings { ledger, ambient, files, master, library }).expect("a service")
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The demo county's files.
fn county_files() -> PathBuf {
    load::first_county(&root().join("counties")).expect("a county")
}

/// The demo county loaded by one node, and a second node beside it.
fn nodes() -> Nodes {
    let (dir, database) = (tempfile::tempdir().expect("a directory"), database());
    let clock = Arc::new(Scripted::new(Timestamp::read("2026-11-02T01:00:00Z").expect("a time"), 1));
    let files = load::read_library(&root().join("mechanisms")).expect("documents");
    let library = load::check_library(&files).expect("clean documents");
    let one = open(&dir, &database, &clock, Some(library));
    load::county(&one, &county_files(), &files).expect("loaded");
    one.reload_laws().expect("laws from the ledger");
    let two = open(&dir, &database, &clock, None);
    Nodes { one, two, clock, dir, database }
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
        assert_eq!(*again, Outcome { again: true, number: None, ..first.clone() });
        // Who opened it is told at once what stands in the lists, and its code opens it.
        let row = nodes.two.ledger().rows(&[first.record]).expect("rows").pop().expect("a row");
        assert_eq!(first.number.as_ref(), Some(&row.number));
        let code = nodes.one.receipt_code(first.record);
        assert_eq!(nodes.one.by_code(&code).expect("read"), Some(first.record));
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

/// Callers of each node write until the time is over: how many commands of each node. None may be refused.
fn crowd(nodes: &[&Service], callers: &[usize], time: Duration) -> Vec<usize> {
    let stop = AtomicBool::new(false);
    let call = |node: usize, caller: usize| {
        let mut commands = 0;
        while !stop.load(Ordering::Relaxed) {
            report(nodes[node], &format!("crowd-{node}-{caller}-{commands:06}"));
            commands += 1;
        }
        commands
    };
    std::thread::scope(|scope| {
        let each = callers.iter().enumerate().map(|(node, callers)| {
            let call = &call;
            (0..*callers).map(|caller| scope.spawn(move || call(node, caller))).collect::<Vec<_>>()
        });
        let threads: Vec<Vec<_>> = each.collect();
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        let sum = |threads: Vec<std::thread::ScopedJoinHandle<'_, usize>>| {
            threads.into_iter().map(|thread| thread.join().expect("each is accepted")).sum()
        };
        threads.into_iter().map(sum).collect()
    })
}

#[test]
fn nodes_that_write_steadily_starve_nobody() {
    let nodes = nodes();
    let three = nodes.another();
    let all = [&nodes.one, &nodes.two, &three];
    let before = nodes.one.ledger().head().expect("a head").size;
    // Two with many callers, and one whose only caller meets both of them at each command.
    let done = crowd(&all, &[24, 24, 1], Duration::from_secs(6));
    let (most, least) = (done[0].max(done[1]), done[0].min(done[1]));
    assert!(most <= 3 * least, "{most} of one, {least} of the other");
    // A caller alone has one command in each of its node's groups: as many as the others have groups.
    assert!(done[2] >= 20, "{} of the third", done[2]);
    let sum: usize = done.iter().sum();
    for node in all {
        let head = gongzhi_store::verify(node.ledger(), &mut |_| {}).expect("the log verifies");
        assert!(head.size >= before + sum as u64);
    }
    let made = nodes.database.sql("SELECT count(*) FROM gongzhi.answer WHERE command LIKE 'crowd-%'");
    assert_eq!(made, sum.to_string(), "each once");

    // Alone again, a node is as quick as ever: nobody stands in line any more.
    let alone = crowd(&all[..1], &[24], Duration::from_secs(2));
    assert!(alone[0] >= most / 3, "{} in a third of the time", alone[0]);
}
