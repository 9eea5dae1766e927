//! Two server nodes on one PostgreSQL database: timers fire once, messages and digests go out once.

use std::sync::Arc;

use gongzhi_service::ambient::Scripted;
use gongzhi_service::outbox::choice::Mode;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Service, Settings, timers};
use gongzhi_store::Ledger;
use gongzhi_store::postgres::Postgres;
use gongzhi_testkit::postgres::{Database, database};

use super::fixture::{County, county_on};
use super::sinks::MailSink;
use super::{DAY, MINUTE, OFFICER, by_mail, choose, later, reported, round, server};
use crate::timers::passed;

/// A node of its own, with its own connections.
fn node(database: &Database, county: &County) -> Service {
    let state = county.service.state();
    let ledger: Arc<dyn Ledger> =
        Arc::new(Postgres::open(database.url(), &state.world.county).expect("the database"));
    let clock: Arc<Scripted> = county.clock.clone();
    let master = MasterKey::in_file(&county._dir.path().join("master.key")).expect("a key");
    let files = county._dir.path().join("files");
    Service::open(Settings { ledger, ambient: clock, files, master, library: None }).expect("a service")
}

#[test]
fn two_nodes_on_one_database_fire_and_send_once() {
    const MATTERS: u32 = 16;
    let database = database();
    let county = county_on(&|_, code| Arc::new(Postgres::open(database.url(), code).expect("the database")));
    let first = &county.service;
    let sink = MailSink::listen(0);
    first.set_outgoing(&server(sink.port)).expect("set");
    choose(first, &by_mail(Mode::AtOnce, "li@county.example"));
    for n in 0..MATTERS {
        reported(&county, n);
    }
    let second = node(&database, &county);
    // Both look at the same moment: for what is to be sent, then for what is late after four days.
    let both = |work: &(dyn Fn(&Service) -> usize + Sync)| {
        std::thread::scope(|scope| {
            let other = scope.spawn(|| work(&second));
            work(first) + other.join().expect("the second node")
        })
    };
    let sent = both(&|node| round(node).sent);
    assert_eq!((sent, sink.taken().len()), (MATTERS as usize, MATTERS as usize));
    later(&county, 4 * DAY);
    both(&|node| timers::fire_due(node, node.now()).expect("fired"));
    // Whoever came second may have left something to the other's next look.
    timers::fire_due(first, first.now()).expect("fired");
    let found = passed(first);
    assert!(found.len() >= 2 * MATTERS as usize && found.values().all(|times| *times == 1), "{found:?}");
    let sent = both(&|node| round(node).sent);
    later(&county, MINUTE);
    let sent = sent + both(&|node| round(node).sent);
    let told = first.notices(OFFICER, None, 1_000).expect("notices").told.len();
    assert_eq!((sent + MATTERS as usize, sink.taken().len()), (told, told), "each notice is one letter");
    second.close();
}
