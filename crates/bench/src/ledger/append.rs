//! The engine alone: callers who each want one event durable, grouped as the product groups commands.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use gongzhi_base::value::Sealed;
use gongzhi_base::{RecordId, Timestamp, Value};
use gongzhi_kernel::actor::Acted;
use gongzhi_kernel::event::{Deed, Event, StepTaken};
use gongzhi_kernel::merkle::Frontier;
use gongzhi_store::{Batch, Ledger};

/// Most events of one transaction, as in the product.
const GROUP: usize = gongzhi_service::engine::GROUP;

/// How long a caller sleeps at most before it looks whether all is over.
const PATIENCE: Duration = Duration::from_millis(50);

/// An event of the usual size: a step with some text and a sealed value.
fn event(n: u64) -> Event {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&n.to_be_bytes());
    let record = RecordId(id);
    let sealed = Sealed { scheme: 1, key: record, bytes: vec![n as u8; 52] };
    let text = "The street lamp at the crossing has been out for three days; nobody sees the road at night.";
    Event {
        record,
        mechanism: "bench".into(),
        version: 1,
        revision: 1,
        at: Timestamp(1_780_000_000_000 + n.cast_signed()),
        by: Acted::Public,
        deed: Deed::Step(Box::new(StepTaken {
            step: "report".into(),
            to: Some("received".into()),
            place: Some("000000".into()),
            set: [("what".to_owned(), Value::from(text)), ("phone".to_owned(), Value::Sealed(sealed))].into(),
            ..StepTaken::default()
        })),
    }
}

/// What callers hand over, and whether more may come.
#[derive(Default)]
struct Desk {
    waiting: Vec<(Event, Arc<Caller>)>,
    callers: usize,
}

/// A caller that sleeps until its event is durable: one wake an event, so that the ledger is measured and
/// not what stands around it.
struct Caller {
    thread: Thread,
    durable: AtomicBool,
}

/// Durable events a second with so many callers.
pub fn run(ledger: &Arc<dyn Ledger>, county: &str, callers: usize, seconds: u64) -> Result<f64, String> {
    let desk = (Mutex::new(Desk { callers, ..Desk::default() }), Condvar::new());
    let stop = AtomicBool::new(false);
    let durable = AtomicU64::new(0);
    let number = AtomicU64::new(0);
    let began = crate::now();
    let failed = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let failed = append(ledger.as_ref(), county, &desk);
            stop.store(true, Ordering::Relaxed);
            failed
        });
        for _ in 0..callers {
            scope.spawn(|| {
                let me = Arc::new(Caller { thread: std::thread::current(), durable: AtomicBool::new(false) });
                while !stop.load(Ordering::Relaxed) {
                    me.durable.store(false, Ordering::Relaxed);
                    let event = event(number.fetch_add(1, Ordering::Relaxed));
                    locked(&desk.0).waiting.push((event, me.clone()));
                    desk.1.notify_one();
                    while !me.durable.load(Ordering::Acquire) && !stop.load(Ordering::Relaxed) {
                        std::thread::park_timeout(PATIENCE);
                    }
                    durable.fetch_add(u64::from(me.durable.load(Ordering::Acquire)), Ordering::Relaxed);
                }
                locked(&desk.0).callers -= 1;
                desk.1.notify_one();
            });
        }
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap_or_else(|_| Some("the writer ended badly".into()))
    });
    let rate = durable.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    failed.map_or(Ok(rate), Err)
}

fn locked(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes what waits durable, group by group, until no caller is left. Gives what went wrong.
fn append(ledger: &dyn Ledger, county: &str, (desk, bell): &(Mutex<Desk>, Condvar)) -> Option<String> {
    let mut head = match ledger.head() {
        Ok(head) => head,
        Err(error) => return Some(error.to_string()),
    };
    let mut edge = Frontier::default();
    loop {
        let idle = |desk: &mut Desk| desk.waiting.is_empty() && desk.callers > 0;
        let mut found = bell.wait_while(locked(desk), idle).unwrap_or_else(PoisonError::into_inner);
        if found.waiting.is_empty() {
            return None;
        }
        let many = found.waiting.len().min(GROUP);
        let group: Vec<_> = found.waiting.drain(..many).collect();
        drop(found);
        let mut batch = Batch::default();
        let mut end = head;
        for (event, _) in &group {
            let (entry, next) = end.append(county, event, [7; 16]);
            batch.nodes.extend(edge.push(entry.hash));
            batch.entries.push(entry);
            end = next;
        }
        if let Err(error) = ledger.commit(head, &batch) {
            return Some(error.to_string());
        }
        head = end;
        for (_, caller) in group {
            caller.durable.store(true, Ordering::Release);
            caller.thread.unpark();
        }
    }
}
