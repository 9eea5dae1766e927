//! Timers fire once: over two nodes, after days switched off, and with what they tell.

use std::collections::BTreeMap;

use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::{Deed, Event, Record};
use gongzhi_service::{Service, timers};
use gongzhi_store::Batch;
use gongzhi_store::conformance::fixture;

use super::fixture::{county, open};
use super::{DAY, OFFICER, later, reported};

/// How often each deadline of each record was warned of and passed.
pub fn passed(service: &Service) -> BTreeMap<(String, String, bool), u32> {
    let mut found = BTreeMap::new();
    let mut from = 0;
    loop {
        let page = service.ledger().entries(from, 1_000).expect("entries");
        let Some(last) = page.last() else { return found };
        from = last.header.seq + 1;
        for entry in page {
            let event = Event::from_bytes(&entry.body).expect("an event");
            if let Deed::Passed { deadline, late } = event.deed {
                *found.entry((event.record.to_string(), deadline, late)).or_default() += 1;
            }
        }
    }
}

#[test]
fn timers_fire_once_on_two_nodes_after_days_switched_off() {
    const MATTERS: u32 = 40;
    let county = county();
    for n in 0..MATTERS {
        reported(&county, n);
    }
    // Switched off over a long weekend; then two nodes start at the same moment.
    later(&county, 4 * DAY);
    let second = open(county._dir.path(), &county.clock);
    let first = &county.service;
    let now = first.now();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| timers::fire_due(&second, now).expect("fired"));
        timers::fire_due(first, now).expect("fired");
        other.join().expect("the second node");
    });
    let found = passed(first);
    let late = |wanted: &str| found.keys().filter(|(_, name, late)| name == wanted && *late).count();
    assert_eq!(late("respond"), MATTERS as usize, "each response is late");
    let overdue = late("respond") + late("answer");
    assert!(found.values().all(|times| *times == 1), "{found:?}");
    assert_eq!(timers::fire_due(first, now).expect("nothing"), 0);
    assert_eq!(timers::fire_due(&second, now).expect("nothing"), 0);
    assert_eq!(passed(first), found);
    // Whoever is meant was told of each once: that it came, and that it is late.
    let told = first.notices(OFFICER, None, 1_000).expect("notices").told;
    let of = |rule: &str| told.iter().filter(|one| one.rule == rule).count();
    assert_eq!((of("assigned"), of("overdue")), (MATTERS as usize, overdue));
    gongzhi_store::verify(first.ledger(), &mut |_| {}).expect("the log verifies");
    second.close();
}

#[test]
fn a_node_that_was_cut_off_between_timers_goes_on_where_it_stopped() {
    let county = county();
    for n in 0..6 {
        reported(&county, n);
    }
    later(&county, 4 * DAY);
    // Some fired, then the machine stopped: the rest fires at the next start, none again.
    let service = &county.service;
    let due = service.ledger().timers(service.now(), 3).expect("timers");
    assert_eq!(due.len(), 3);
    timers::fire(service, &due, service.now()).expect("fired");
    let before = passed(service);
    // What of the same record had passed as well went with it.
    assert!(before.len() >= 3);
    let again = open(county._dir.path(), &county.clock);
    timers::fire(&again, &due, service.now()).expect("the same again changes nothing");
    assert_eq!(passed(&again), before);
    timers::fire_due(&again, service.now()).expect("fired");
    let found = passed(&again);
    assert!(
        found.len() > before.len() && found.len() >= 6 && found.values().all(|times| *times == 1),
        "{found:?}"
    );
    again.close();
}

#[test]
fn timers_that_cannot_fire_do_not_stand_in_the_way() {
    let county = county();
    let service = &county.service;
    let id = reported(&county, 1);
    // Records of a document that is gone, whose deadlines passed long before.
    let snapshot = service.ledger().snapshot(id).expect("read").expect("there");
    let like = Record::from_bytes(&snapshot).expect("a record");
    let records = (0..300).map(|n| {
        let mut stored = fixture::record(n);
        let record = Record { id: fixture::id(n), mechanism: "gone".into(), ..like.clone() };
        stored.snapshot = record.to_bytes();
        stored.projection.row.mechanism = "gone".into();
        stored.projection.timers = vec![("answer".into(), gongzhi_base::Timestamp(0))];
        stored
    });
    service.ledger().put_derived(&Batch { records: records.collect(), ..Batch::default() }).expect("written");
    later(&county, 4 * DAY);
    assert!(timers::fire_due(service, service.now()).expect("fired") > 0);
    assert!(passed(service).contains_key(&(id.to_string(), "respond".into(), true)));
}
