//! Lost connections, halted nodes and a server that goes away.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gongzhi_testkit::postgres::{Cluster, database};

use super::super::error::Fault;
use super::*;

/// A way to the server that cuts a connection at a certain answer of the server, once.
struct Cutter {
    _dir: tempfile::TempDir,
    url: String,
    cuts: Arc<AtomicU32>,
}

impl Cutter {
    /// Cuts before the first answer that holds `at` reaches the client, once [`Cutter::arm`] was called.
    fn new(url: &str, at: &'static [u8]) -> Cutter {
        let (before, rest) = url.split_once('@').expect("a user");
        let (socket, database) = rest.split_once('/').expect("a database");
        let (dir, port) = socket.rsplit_once(':').expect("a port");
        let target = format!("{}/.s.PGSQL.{port}", dir.replace("%2F", "/"));
        let own = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(own.path().join(format!(".s.PGSQL.{port}"))).expect("a socket");
        let cuts = Arc::new(AtomicU32::new(0));
        let armed = cuts.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), Ok(server)) = (client, UnixStream::connect(&target)) else { return };
                let (mut from, mut to) =
                    (client.try_clone().expect("a handle"), server.try_clone().expect("a handle"));
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                let armed = armed.clone();
                std::thread::spawn(move || answers(server, client, at, &armed));
            }
        });
        let dir = own.path().display().to_string().replace('/', "%2F");
        Cutter { url: format!("{before}@{dir}:{port}/{database}"), _dir: own, cuts }
    }

    /// From now on the next so many connections with such an answer are cut.
    fn arm(&self, cuts: u32) {
        self.cuts.store(cuts, Ordering::SeqCst);
    }

    fn all_were_cut(&self) -> bool {
        self.cuts.load(Ordering::SeqCst) == 0
    }
}

/// Passes the server's answers on until the one that is to be lost.
fn answers(mut server: UnixStream, mut client: UnixStream, at: &[u8], armed: &AtomicU32) {
    let mut bytes = [0; 16_384];
    while let Ok(read @ 1..) = server.read(&mut bytes) {
        let lost = bytes[..read].windows(at.len()).any(|window| window == at);
        let less = |cuts: u32| cuts.checked_sub(1);
        if lost && armed.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            break;
        }
        if client.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

/// Commits some batches and reads through connections that are cut at an answer; nothing is lost or doubled.
/// A key that is `destroyed` makes a commit take more than one statement; in a `turn` its transaction is open before.
fn cut_at(at: &'static [u8], destroyed: bool, turn: bool) {
    let database = database();
    let cutter = Cutter::new(database.url(), at);
    let ledger = Postgres::open(&cutter.url, COUNTY).expect("opens");
    let mut head = Head::EMPTY;
    for n in 0..6 {
        if turn {
            assert_eq!(ledger.turn(), Ok(head));
        }
        cutter.arm(if n % 2 == 1 { 1 } else { 0 });
        let (mut batch, end) = one(COUNTY, head, n);
        let cell = conformance::fixture::cell("all", gongzhi_lang::model::Dimension::Place, "c1", "2026-01");
        batch.cells.push((cell, (1, 1)));
        batch.destroyed.extend(destroyed.then_some(conformance::fixture::id(900)));
        ledger.commit(head, &batch).expect("committed once");
        assert_eq!(ledger.counters().map(|found| found.len()), Ok(0), "and applied");
        assert!(cutter.all_were_cut(), "batch {n} met no such answer");
        head = end;
    }
    let straight = open(&database, COUNTY);
    assert_eq!(verify(&straight, &mut |_| ()), Ok(head));
    assert_eq!(head.size, 6);
    assert_eq!(straight.counters().map(|found| found.len()), Ok(0), "all is applied");
    assert_eq!(database.sql("SELECT sum(num) FROM gongzhi.cell"), "6", "each batch counts once");
    assert_eq!(straight.search(&Scope::All, &query_terms("停水"), 100).map(|rows| rows.len()), Ok(6));
}

#[test]
fn a_commit_whose_answer_is_lost_stands_once() {
    cut_at(b"SELECT 1\0", false, false);
    cut_at(b"COMMIT\0", true, false);
    cut_at(b"COMMIT\0", true, true);
    cut_at(b"COMMIT\0", false, true);
}

#[test]
fn a_connection_lost_before_the_commit_is_written_again() {
    cut_at(b"UPDATE 1\0", true, false);
    cut_at(b"UPDATE 1\0", true, true);
    cut_at(b"SELECT 1\0", false, true);
}

#[test]
fn what_a_lost_connection_did_not_apply_is_applied_once() {
    // A commit is one statement here: these are answers to the applying connection.
    cut_at(b"UPDATE 1\0", false, false);
    cut_at(b"COMMIT\0", false, false);
}

#[test]
fn a_reader_does_not_wait_for_what_the_node_takes_for_applied() {
    // As after a crash of the server that lost the newest application, which the node remembers as done.
    let database = database();
    let ledger = open(&database, COUNTY);
    let (mut batch, end) = one(COUNTY, Head::EMPTY, 1);
    let key = conformance::fixture::cell("all", gongzhi_lang::model::Dimension::Place, "c1", "2026-01");
    batch.cells.push((key.clone(), (1, 1)));
    ledger.commit(Head::EMPTY, &batch).expect("committed");
    let query = crate::CellQuery {
        mechanism: key.mechanism.to_string(),
        indicators: Vec::new(),
        dimension: key.dimension,
        keys: Vec::new(),
        from: String::new(),
        to: "9999".into(),
    };
    let counted = || ledger.cells(&query).expect("cells").iter().map(|cell| cell.numerator).sum::<i64>();
    assert_eq!(counted(), 1);
    let packed: String =
        crate::pending::pack(&batch).expect("something").iter().map(|byte| format!("{byte:02x}")).collect();
    database.sql(&format!(
        "SET search_path = gongzhi; BEGIN; DELETE FROM cell; DELETE FROM record; DELETE FROM words;
         DELETE FROM unit_new; DELETE FROM unit_open; DELETE FROM todo; DELETE FROM timer; DELETE FROM waiting;
         UPDATE applied SET n = 0; INSERT INTO pending VALUES ('{COUNTY}', 1, decode('{packed}', 'hex')); COMMIT"
    ));
    assert_eq!(counted(), 1, "it is applied once more");
    assert_eq!(ledger.snapshot(id(1)), Ok(Some(record(1).snapshot)));
    assert_eq!(verify(&ledger, &mut |_| ()), Ok(end));
}

#[test]
fn what_a_crashed_server_lost_of_an_application_is_applied_again() {
    // An application is not synced by itself: with it the server may lose the numbers that it gave to new
    // series, which the node must not believe any more.
    let cluster = Cluster::own();
    let ledger = Postgres::open(&cluster.url("postgres"), COUNTY).expect("opens");
    let cell = |n: u64| {
        conformance::fixture::cell(
            &format!("all-{n}"),
            gongzhi_lang::model::Dimension::Place,
            "c1",
            "2026-01",
        )
    };
    let mut head = Head::EMPTY;
    for n in 0..4 {
        let (mut batch, end) = one(COUNTY, head, n);
        batch.cells.push((cell(n), (1, n as i64)));
        ledger.commit(head, &batch).expect("committed");
        assert_eq!(ledger.counters().map(|found| found.len()), Ok(0), "applied");
        head = end;
        cluster.stop(true);
        cluster.start();
    }
    let query = crate::CellQuery {
        mechanism: cell(0).mechanism.to_string(),
        indicators: Vec::new(),
        dimension: gongzhi_lang::model::Dimension::Place,
        keys: Vec::new(),
        from: String::new(),
        to: "9999".into(),
    };
    let found = ledger.cells(&query).expect("cells").into_iter();
    let found: Vec<_> = found.map(|found| (found.key, found.numerator, found.denominator)).collect();
    assert_eq!(found, (0..4).map(|n| (cell(n), 1, n as i64)).collect::<Vec<_>>());
    assert_eq!(ledger.search(&Scope::All, &query_terms("停水"), 100).map(|rows| rows.len()), Ok(4));
}

#[test]
fn a_commit_that_was_lost_below_others_is_told_apart() {
    // The answer is lost, and before the node asks again another node has gone on.
    let database = database();
    let cutter = Cutter::new(database.url(), b"COMMIT\0");
    let ledger = Postgres::open(&cutter.url, COUNTY).expect("opens");
    let other = open(&database, COUNTY);
    let (mut batch, end) = one(COUNTY, Head::EMPTY, 1);
    // So that the commit is a transaction of several statements.
    batch.destroyed.push(conformance::fixture::id(900));
    // The connections for looking it up are cut as well, the first few times.
    cutter.arm(4);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Whoever is cut off may not have told anybody: as in service, the others look by themselves now and then.
            let seen = (0..600).any(|_| other.wait(0, Duration::from_millis(100)) == Ok(end.size));
            assert!(seen, "the commit is durable");
            let (next, _) = one(COUNTY, end, 2);
            other.commit(end, &next).expect("the other node goes on");
        });
        assert_eq!(ledger.commit(Head::EMPTY, &batch), Ok(()), "it stands below the other's");
    });
    let (stale, _) = one(COUNTY, end, 3);
    assert_eq!(ledger.commit(end, &stale), Err(StoreError::Conflict));
    assert!(verify(&other, &mut |_| ()).is_ok_and(|head| head.size == 2));
}

#[test]
fn nobody_is_told_of_a_commit_before_it_is_done() {
    let database = database();
    let other = open(&database, COUNTY);
    let (ledger, mut head) = (open(&database, COUNTY), Head::EMPTY);
    let halted = Link::connect(&other.access).expect("connects");
    // A commit of one statement and one of several, each on a connection that has not prepared them yet.
    for destroyed in [vec![], vec![conformance::fixture::id(900)]] {
        assert_eq!(other.wait(head.size, Duration::from_millis(1)), Ok(head.size), "it listens");
        halted.run(halted.script("BEGIN; SELECT FROM ledger FOR UPDATE")).expect("holds the head");
        let (mut batch, end) = one(COUNTY, head, head.size);
        batch.destroyed = destroyed;
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| ledger.commit(head, &batch));
            assert_eq!(
                other.wait(head.size, Duration::from_millis(500)),
                Ok(head.size),
                "it waits for its turn"
            );
            halted.run(halted.script("COMMIT")).expect("lets go");
            assert_eq!(writing.join().expect("a writer"), Ok(()));
        });
        assert_eq!(other.wait(head.size, Duration::from_secs(5)), Ok(end.size));
        // Who was told goes on from there.
        let (next, after) = one(COUNTY, end, end.size);
        other.commit(end, &next).expect("committed");
        head = after;
    }
}

#[test]
fn two_who_stand_in_each_others_way_both_go_on() {
    let database = database();
    let ledger = open(&database, COUNTY);
    let (batch, end) = one(COUNTY, Head::EMPTY, 1);
    let link = Link::connect(&ledger.access).expect("connects");
    // It holds the head and wants the entries, which the commit has: the server undoes one of the two.
    link.run(link.script("SET deadlock_timeout = '1h'; BEGIN; SELECT FROM ledger FOR UPDATE")).expect("held");
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| ledger.commit(Head::EMPTY, &batch));
        std::thread::sleep(Duration::from_millis(300));
        link.run(link.script("LOCK TABLE entry IN ACCESS EXCLUSIVE MODE; COMMIT"))
            .expect("the other was undone");
        assert_eq!(writing.join().expect("a writer"), Ok(()), "and does it again");
    });
    assert_eq!(ledger.head(), Ok(end));
}

#[test]
fn a_node_halted_within_its_transaction_does_not_hold_up_the_others() {
    let database = database();
    let (halted, other) = (open(&database, COUNTY), open(&database, COUNTY));
    let (batch, end) = one(COUNTY, Head::EMPTY, 1);
    let link = Link::connect(&halted.access).expect("connects");
    link.run(link.script("BEGIN; UPDATE ledger SET size = size")).expect("holds the head");
    other.commit(Head::EMPTY, &batch).expect("the head is let go after some seconds");
    assert!(matches!(link.run(link.script("COMMIT")), Err(Fault::Lost(_))), "the halted one finds out");
    assert_eq!(halted.head(), Ok(end));
}

#[test]
fn the_server_may_go_and_come_back() {
    let cluster = Cluster::own();
    let url = cluster.url("postgres");
    let ledger = Postgres::open(&url, COUNTY).expect("opens");
    let mut head = Head::EMPTY;
    for crash in [false, true] {
        let (batch, end) = one(COUNTY, head, head.size);
        ledger.commit(head, &batch).expect("committed");
        cluster.stop(crash);
        std::thread::scope(|scope| {
            let (ledger, end) = (&ledger, end);
            let reading = scope.spawn(move || ledger.head());
            let writing = scope.spawn(move || {
                let (batch, next) = one(COUNTY, end, end.size);
                ledger.commit(end, &batch).map(|()| next)
            });
            std::thread::sleep(Duration::from_millis(500));
            cluster.start();
            assert!(reading.join().expect("a reader").is_ok(), "questions wait for the server");
            head = writing.join().expect("a writer").expect("commands wait for the server");
        });
    }
    assert_eq!(verify(&ledger, &mut |_| ()), Ok(head));
    assert_eq!(head.size, 4);
    // Away for longer than anybody waits: said plainly, and nothing was changed.
    cluster.stop(false);
    let (batch, end) = one(COUNTY, head, head.size);
    let told = ledger.commit(head, &batch).expect_err("away");
    assert!(told.to_string().contains("PostgreSQL cannot be reached"), "{told}");
    cluster.start();
    assert_eq!(ledger.head(), Ok(head));
    assert_eq!(ledger.commit(head, &batch), Ok(()), "the same again goes through");
    assert_eq!(ledger.head(), Ok(end));
}

#[test]
fn a_server_that_does_not_write_through_is_refused() {
    let cluster = Cluster::own();
    let url = cluster.url("postgres");
    let durability = Postgres::open(&url, COUNTY).and_then(|ledger| ledger.durability()).expect("sound");
    assert_eq!(durability.faults(), Vec::<String>::new());
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_commit = off");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    let durability = Postgres::open(&url, COUNTY).and_then(|ledger| ledger.durability()).expect("mended");
    assert_eq!(durability.synchronous_commit, "on", "sessions of this program wait for the disk");
    cluster.sql("postgres", "ALTER SYSTEM SET fsync = off");
    cluster.stop(false);
    cluster.start();
    let refused = Postgres::open(&url, COUNTY).err().expect("refused");
    assert!(refused.to_string().contains("fsync off"), "{refused}");
}
