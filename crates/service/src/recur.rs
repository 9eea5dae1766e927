//! Records that open by themselves when their day has come: for every record that the document goes
//! over, once, whichever node fires it, and however often it is cut off and begun again.

use gongzhi_base::{CommandId, Date, Digest, RecordId, Timestamp};
use gongzhi_kernel::{Actor, Command, Order, recurs};
use gongzhi_lang::model::{Mechanism, Recurs};
use gongzhi_store::{ListQuery, Scope};

use crate::failure::Failure;
use crate::service::Service;

/// Records looked at, and commands sent, at once.
const ROUND: u32 = 256;

/// The setting that remembers the last period that was opened to its end.
fn setting(mechanism: &str) -> String {
    format!("recurs:{mechanism}")
}

/// Opens everything whose day has come; how many records were opened.
///
/// A period that is cut off is gone through again from the beginning: what was opened keeps its
/// identity and is not opened again, so that only the rest follows.
pub fn open_due(service: &Service, now: Timestamp) -> Result<usize, Failure> {
    let state = service.state().clone();
    let mut opened = 0;
    for mechanism in state.laws.library.mechanisms.values() {
        let Some(rule) = &mechanism.recurs else { continue };
        let last = service.presentation(&setting(&mechanism.name)).and_then(|text| text.parse().ok());
        for period in recurs::due(rule, last, now, &state.world) {
            opened += open_period(service, mechanism, rule, period, now)?;
            service.ledger().put_setting(&setting(&mechanism.name), period.to_string().as_bytes())?;
        }
    }
    Ok(opened)
}

fn open_period(
    service: &Service,
    mechanism: &Mechanism,
    rule: &Recurs,
    period: Date,
    now: Timestamp,
) -> Result<usize, Failure> {
    let Some(source) = &rule.source else {
        return open(service, mechanism, period, &[None], now);
    };
    let (mut opened, mut seen) = (0, 0);
    let mut after = None;
    loop {
        let page = service.ledger().list(&ListQuery {
            scope: Scope::All,
            mechanism: Some(source.clone()),
            open: Some(true),
            after,
            limit: ROUND,
            ..ListQuery::default()
        })?;
        let items: Vec<Option<RecordId>> = page.rows.iter().map(|row| Some(row.id)).collect();
        seen += items.len();
        opened += open(service, mechanism, period, &items, now)?;
        metrics::gauge!("gongzhi_recurrence_seen", "mechanism" => mechanism.name.clone()).set(seen as f64);
        after = page.next;
        if after.is_none() {
            tracing::info!(mechanism = %mechanism.name, %period, seen, opened, "records opened for a period");
            return Ok(opened);
        }
    }
}

fn open(
    service: &Service,
    mechanism: &Mechanism,
    period: Date,
    items: &[Option<RecordId>],
    now: Timestamp,
) -> Result<usize, Failure> {
    let state = service.state().clone();
    let commands = items.iter().filter_map(|item| {
        let id = recurs::id(&mechanism.name, period, *item, &state.world);
        let digest = Digest::of_parts(&[b"recur", &id.0]).to_string();
        let command = CommandId::new(&format!("recur-{}", &digest[..40])).ok()?;
        let order = Order::Recur { mechanism: mechanism.name.clone(), period, item: *item, id };
        Some(Command { id: command, actor: Actor::System, at: now, order })
    });
    let mut opened = 0;
    for answer in service.engine().act_all(commands.collect()) {
        match answer {
            Ok(outcome) => opened += usize::from(!outcome.again),
            // Its condition does not hold, or it was opened before its answer was lost.
            Err(Failure::Refused(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(opened)
}
