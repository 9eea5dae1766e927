//! The engine alone: callers who each want one event durable, grouped as the product groups commands.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use gongzhi_base::value::Sealed;
use gongzhi_base::{RecordId, Timestamp, Value};
use gongzhi_kernel::actor::Acted;
use gongzhi_kernel::event::{Deed, Event, StepTaken};
use gongzhi_kernel::merkle::Frontier;
use gongzhi_store::{Batch, Ledger};

/// Most events of one transaction, as in the product.
const GROUP: usize = gongzhi_service::engine::GROUP;

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

/// Durable events a second with so many callers.
pub fn run(ledger: &Arc<dyn Ledger>, county: &str, callers: usize, seconds: u64) -> Result<f64, String> {
    let (send, queue) = mpsc::sync_channel::<(Event, mpsc::SyncSender<bool>)>(callers * 2);
    let stop = AtomicBool::new(false);
    let durable = AtomicU64::new(0);
    let number = AtomicU64::new(0);
    let began = crate::now();
    let failed = std::thread::scope(|scope| {
        let writer = scope.spawn(|| append(ledger.as_ref(), county, queue));
        for _ in 0..callers {
            let (send, stop, durable, number) = (send.clone(), &stop, &durable, &number);
            scope.spawn(move || {
                let (reply, answer) = mpsc::sync_channel(1);
                while !stop.load(Ordering::Relaxed) {
                    let n = number.fetch_add(1, Ordering::Relaxed);
                    if send.send((event(n), reply.clone())).is_err() || answer.recv() != Ok(true) {
                        return;
                    }
                    durable.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        drop(send);
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap_or_else(|_| Some("the writer ended badly".into()))
    });
    let rate = durable.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    failed.map_or(Ok(rate), Err)
}

fn append(
    ledger: &dyn Ledger,
    county: &str,
    queue: mpsc::Receiver<(Event, mpsc::SyncSender<bool>)>,
) -> Option<String> {
    let mut head = match ledger.head() {
        Ok(head) => head,
        Err(error) => return Some(error.to_string()),
    };
    let mut edge = Frontier::default();
    while let Ok(first) = queue.recv() {
        let mut batch = Batch::default();
        let mut replies = Vec::new();
        let mut end = head;
        for (event, reply) in std::iter::once(first).chain(queue.try_iter()).take(GROUP) {
            let (entry, next) = end.append(county, &event, [7; 16]);
            batch.nodes.extend(edge.push(entry.hash));
            batch.entries.push(entry);
            end = next;
            replies.push(reply);
        }
        if let Err(error) = ledger.commit(head, &batch) {
            return Some(error.to_string());
        }
        head = end;
        for reply in replies {
            let _ = reply.send(true);
        }
    }
    None
}
