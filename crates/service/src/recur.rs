//! Records that open by themselves when their day has come: for every record that the document goes
//! over, once, whichever node fires it, and however often it is cut off and begun again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use gongzhi_base::{CommandId, Date, Digest, RecordId, Timestamp};
use gongzhi_kernel::{Actor, Command, Order, recurs};
use gongzhi_lang::model::{Mechanism, Recurs};
use gongzhi_store::{ListQuery, Scope};

use crate::failure::Failure;
use crate::service::Service;

/// Records looked at, at once.
const PAGE: u32 = 1_024;
/// Commands sent at once. Up to [`crate::engine::GROUP`] of them share a durable transaction, and the next
/// ones are decided while one is written; between two rounds progress is told.
const ROUND: usize = 2_048;

/// The setting that remembers the last period that was opened to its end.
fn setting(mechanism: &str) -> String {
    format!("recurs:{mechanism}")
}

/// How far the opening of a period has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Round {
    /// The period's first day.
    pub period: Date,
    pub began: Timestamp,
    /// When it was done; none while it goes on.
    pub ended: Option<Timestamp>,
    /// Records to go over, gone over so far, and opened so far (what was opened before is not counted
    /// again).
    pub total: usize,
    pub seen: usize,
    pub opened: usize,
}

/// What opens by itself, and how its last opening went on this node since it was started.
#[derive(Clone, Debug)]
pub struct Opening {
    pub mechanism: std::sync::Arc<Mechanism>,
    pub round: Option<Round>,
    /// The last period that was opened to its end, by whatever node.
    pub last: Option<Date>,
    /// The day on which the next period opens.
    pub next: Date,
}

/// Rounds by mechanism, for whoever wants to see how far they are.
#[derive(Default)]
pub struct Rounds(Mutex<BTreeMap<String, Round>>);

impl Rounds {
    fn change(&self, mechanism: &str, period: Date, now: Timestamp, change: impl FnOnce(&mut Round)) {
        let mut rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Round { period, began: now, ended: None, total: 0, seen: 0, opened: 0 };
        let round = rounds.entry(mechanism.to_owned()).or_insert(fresh);
        if round.period != period {
            *round = fresh;
        }
        change(round);
    }

    fn of(&self, mechanism: &str) -> Option<Round> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(mechanism).copied()
    }
}

impl Service {
    /// What opens by itself and how far it is, for whoever administers.
    pub fn openings(&self, actor: &Actor) -> Result<Vec<Opening>, Failure> {
        if !self.may_administer(actor) {
            return Err(Failure::NotFound);
        }
        let state = self.state().clone();
        let now = self.now();
        let all = state.laws.library.mechanisms.values();
        let opening = |mechanism: &std::sync::Arc<Mechanism>| {
            let rule = mechanism.recurs.as_ref()?;
            let last = self.presentation(&setting(&mechanism.name)).and_then(|text| text.parse().ok());
            let present = rule.every.first(state.world.zone.date(now));
            let coming = match recurs::has_come(rule, present, now, &state.world) {
                true => rule.every.next(present),
                false => present,
            };
            let next = state.world.calendar.day_of(rule.on, rule.every, coming);
            let round = self.rounds.of(&mechanism.name);
            Some(Opening { mechanism: mechanism.clone(), round, last, next })
        };
        Ok(all.filter_map(opening).collect())
    }
}

impl Service {
    /// Goes over the present period again, for whatever has come since it was opened: a member who joined
    /// on the 10th gets this month's. `false` if its day has not come. Only for whoever administers.
    pub fn open_again(&self, actor: &Actor, mechanism: &str) -> Result<bool, Failure> {
        if !self.may_administer(actor) {
            return Err(Failure::NotFound);
        }
        let state = self.state().clone();
        let now = self.now();
        let known = state.laws.newest(mechanism).ok_or(Failure::NotFound)?;
        let rule = known.recurs.as_ref().ok_or(Failure::NotFound)?;
        let present = rule.every.first(state.world.zone.date(now));
        if !recurs::has_come(rule, present, now, &state.world) {
            return Ok(false);
        }
        open_period(self, known, rule, present, now)?;
        let ended = self.now();
        self.rounds.change(mechanism, present, now, |round| round.ended = Some(ended));
        Ok(true)
    }
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
            let ended = service.now();
            service.rounds.change(&mechanism.name, period, now, |round| round.ended = Some(ended));
        }
    }
    Ok(opened)
}

/// The records that a rule goes over: those that are open now.
fn items(service: &Service, rule: &Recurs) -> Result<Vec<Option<RecordId>>, Failure> {
    let Some(source) = &rule.source else { return Ok(vec![None]) };
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let page = service.ledger().list(&ListQuery {
            scope: Scope::All,
            mechanism: Some(source.clone()),
            open: Some(true),
            after,
            limit: PAGE,
            ..ListQuery::default()
        })?;
        items.extend(page.rows.iter().map(|row| Some(row.id)));
        after = page.next;
        if after.is_none() {
            return Ok(items);
        }
    }
}

fn open_period(
    service: &Service,
    mechanism: &Mechanism,
    rule: &Recurs,
    period: Date,
    now: Timestamp,
) -> Result<usize, Failure> {
    let items = items(service, rule)?;
    let (total, name) = (items.len(), mechanism.name.as_str());
    let mut opened = 0;
    let mut seen = 0;
    service.rounds.change(name, period, now, |round| {
        *round = Round { began: now, ended: None, total, seen, opened, period }
    });
    for round in items.chunks(ROUND) {
        opened += open(service, mechanism, period, round, now)?;
        seen += round.len();
        service.rounds.change(name, period, now, |round| (round.seen, round.opened) = (seen, opened));
        metrics::gauge!("gongzhi_recurrence_seen", "mechanism" => name.to_owned()).set(seen as f64);
        metrics::gauge!("gongzhi_recurrence_total", "mechanism" => name.to_owned()).set(total as f64);
        tracing::info!(mechanism = name, %period, seen, total, opened, "records open for a period");
    }
    Ok(opened)
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
