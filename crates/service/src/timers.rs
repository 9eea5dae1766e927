//! Deadlines that have come: each is told to the kernel once, also after days switched off.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gongzhi_base::{CommandId, RecordId, Timestamp};
use gongzhi_kernel::{Actor, Command, Order, Refusal};
use gongzhi_store::{StoreError, Timer};

use crate::failure::Failure;
use crate::service::Service;

/// How many timers one round takes.
const ROUND: u32 = 256;
/// How far it is looked beyond timers that cannot fire.
const FARTHEST: u32 = 65_536;
/// How often the clock is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Fires everything that is due until nothing is left; how many fired.
pub fn fire_due(service: &Service, now: Timestamp) -> Result<usize, Failure> {
    let mut fired = crate::recur::open_due(service, now)?;
    let mut round = ROUND;
    loop {
        let due = service.ledger().timers(now, round)?;
        let new = fire(service, &due, now)?;
        fired += new;
        // Timers that cannot fire, as of a document that is gone, must not stand in the way of those
        // behind them.
        match (new, due.len() < round as usize) {
            (0, true) => return Ok(fired),
            (0, false) if round < FARTHEST => round *= 4,
            (0, false) => return Ok(fired),
            _ => {}
        }
    }
}

/// Fires these; how many of them had not fired before.
pub fn fire(service: &Service, due: &[Timer], now: Timestamp) -> Result<usize, Failure> {
    let records: Vec<RecordId> = due.iter().map(|timer| timer.record).collect();
    let rows = service.ledger().rows(&records)?;
    let revisions: HashMap<RecordId, u64> = rows.iter().map(|row| (row.id, row.revision)).collect();
    let revision = |timer: &Timer| revisions.get(&timer.record).copied().unwrap_or_default();
    let commands = due.iter().filter_map(|timer| elapse(timer, revision(timer), now)).collect();
    let results = service.engine().act_all(commands);
    let any = results.iter().any(Result::is_ok);
    let mut new = 0;
    for (timer, result) in due.iter().zip(results) {
        match result {
            Ok(outcome) => new += usize::from(!outcome.again),
            // Mostly it was noted with what passed before it; whatever else was wrong is so in the next round too.
            Err(Failure::Refused(Refusal::NoSuch { .. })) if any => {}
            // A damaged record must not hold up the deadlines of all others.
            Err(Failure::Store(StoreError::Corrupt(why))) => {
                tracing::error!(record = %timer.record, deadline = %timer.deadline, why, "timer not taken");
            }
            Err(Failure::Store(error)) => return Err(Failure::Store(error)),
            Err(failure @ (Failure::Busy | Failure::Clock { .. })) => return Err(failure),
            Err(failure) => {
                tracing::warn!(record = %timer.record, deadline = %timer.deadline, ?failure, "timer not taken");
            }
        }
    }
    Ok(new)
}

/// The command of a timer. Its identifier follows from what it is about, so that two nodes or a
/// restart never fire it twice; the record's revision stands in it because a deadline may begin
/// anew and end at the very moment at which it had passed before.
fn elapse(timer: &Timer, revision: u64, now: Timestamp) -> Option<Command> {
    let digest = gongzhi_base::Digest::of_parts(&[
        &timer.record.0,
        timer.deadline.as_bytes(),
        &timer.at.0.to_be_bytes(),
        &revision.to_be_bytes(),
    ]);
    let id = CommandId::new(&format!("timer-{}", &digest.to_string()[..40])).ok()?;
    let order = Order::Elapse { record: timer.record, deadline: timer.deadline.clone() };
    Some(Command { id, actor: Actor::System, at: now, order })
}

/// Looks at the clock every few seconds until the service is dropped. Runs on its own thread.
pub fn run(service: &Arc<Service>) {
    let weak = Arc::downgrade(service);
    let _ = std::thread::Builder::new().name("timers".into()).spawn(move || {
        while let Some(service) = weak.upgrade() {
            if let Err(failure) = fire_due(&service, service.now()) {
                tracing::error!(?failure, "timers could not be fired; trying again");
            }
            drop(service);
            std::thread::sleep(EVERY);
        }
    });
}
