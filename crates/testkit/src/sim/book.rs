//! What clients have sent and been answered, and the truth of what became of it.

use std::collections::{BTreeMap, BTreeSet};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, RecordId};
use gongzhi_kernel::{Acted, Deed, Event, Order};
use gongzhi_service::{Failure, Outcome};
use gongzhi_store::{Answer, Ledger, StoreError};

use super::faulty::Durable;
use super::model::{Model, Violation, broken};
use super::rules::By;

/// A command that somebody has sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub by: By,
    pub order: Order,
    /// What was made durable of it, by what the ledger was really given.
    pub durable: Option<Answer>,
    pub acknowledged: Option<Outcome>,
    pub tries: u32,
    /// A server was right to refuse it whatever comes.
    pub wrong: Option<&'static str>,
}

/// All commands by their identifiers.
#[derive(Default)]
pub struct Book {
    pub sent: BTreeMap<CommandId, Sent>,
    /// In the order of their acknowledgement.
    pub acknowledged: Vec<CommandId>,
}

/// What became of one answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Became {
    Accepted,
    Again,
    Refused,
    Failed,
}

/// What went wrong below an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// The answer of a commit that stands may have been lost.
    pub lost: bool,
    /// Any fault.
    pub any: bool,
}

impl Book {
    /// Takes in what was made durable: entries go to the model, each command's to whoever sent it.
    /// Gives the identifiers made durable and the records that changed.
    pub fn follow(
        &mut self,
        durable: &[Durable],
        ledger: &dyn Ledger,
        model: &mut Model,
    ) -> Result<(BTreeSet<CommandId>, BTreeSet<RecordId>), Violation> {
        let (mut made, mut changed) = (BTreeSet::new(), BTreeSet::new());
        for group in durable {
            let mut seq = group.first;
            for answer in &group.answers {
                let events = events(ledger, seq, answer.seq)?;
                let sent = self.sent.get_mut(&answer.command);
                let by = match &sent {
                    Some(sent) => {
                        if sent.durable.is_some() {
                            return Err(broken(
                                answer.record,
                                format!("{} was carried out twice", answer.command.as_str()),
                            ));
                        }
                        sent.by.clone()
                    }
                    // Timers and the loading of a county are the product's own.
                    None => By::System,
                };
                let stepped = model.records.get(&answer.record).map(|known| known.stepped);
                if let Some(sent) = &sent {
                    fits(sent, &events, stepped)?;
                }
                // A deadline that had passed unnoticed may come before what was ordered.
                let own = events.iter().position(|event| event.by != Acted::System).unwrap_or(0);
                model.begin();
                for (at, event) in events.iter().enumerate() {
                    changed.insert(event.record);
                    model.take(event, (at == own).then_some(&by))?;
                }
                model.end()?;
                let revision = model.records.get(&answer.record).map_or(0, |known| known.revision);
                if revision != answer.revision {
                    return Err(broken(answer.record, format!("answered revision {}", answer.revision)));
                }
                if let Some(sent) = sent {
                    sent.durable = Some(answer.clone());
                    made.insert(answer.command.clone());
                }
                seq = answer.seq + 1;
            }
        }
        Ok((made, changed))
    }

    /// Judges an answer. `made` are the commands that became durable since they were sent.
    pub fn answered(
        &mut self,
        id: &CommandId,
        answer: &Result<Outcome, Failure>,
        made: &mut BTreeSet<CommandId>,
        trouble: Trouble,
    ) -> Result<Became, Violation> {
        let Some(sent) = self.sent.get_mut(id) else { unreachable!("only what was sent is answered") };
        let record = sent.durable.as_ref().map_or(sent.order.record(), |answer| answer.record);
        let bad = |what: String| broken(record, format!("{}: {what}", id.as_str()));
        let fresh = made.remove(id);
        match answer {
            Ok(outcome) => {
                if let Some(wrong) = sent.wrong {
                    return Err(bad(format!("accepted with {wrong}")));
                }
                let durable =
                    sent.durable.as_ref().ok_or_else(|| bad("acknowledged and not durable".into()))?;
                let same = durable.record == outcome.record
                    && durable.revision == outcome.revision
                    && durable.seq == outcome.seq;
                if !same {
                    return Err(bad(format!("answered {outcome:?}, durable is {durable:?}")));
                }
                // A group may be decided again after its first answer was lost.
                if outcome.again == fresh && !(trouble.lost && fresh) {
                    return Err(bad(format!("answered again: {}, durable just now: {fresh}", outcome.again)));
                }
                if sent.acknowledged.is_none() {
                    sent.acknowledged = Some(outcome.clone());
                    self.acknowledged.push(id.clone());
                }
                Ok(if outcome.again { Became::Again } else { Became::Accepted })
            }
            Err(Failure::Store(_) | Failure::Clock { .. } | Failure::Busy) => {
                if fresh && !trouble.lost {
                    return Err(bad("durable, but answered as failed without any fault".into()));
                }
                if !trouble.any {
                    return Err(bad(format!("failed without any fault: {answer:?}")));
                }
                Ok(Became::Failed)
            }
            Err(refusal) => match &sent.durable {
                Some(_) => Err(bad(format!("in the log, but refused when sent again: {refusal:?}"))),
                None => Ok(Became::Refused),
            },
        }
    }
}

/// The events of some entries, the last included.
fn events(ledger: &dyn Ledger, from: u64, to: u64) -> Result<Vec<Event>, Violation> {
    let nothing = |what: String| Violation { what, record: None };
    let mut events = Vec::new();
    while from + events.len() as u64 <= to {
        let at = from + events.len() as u64;
        let page = ledger
            .entries(at, (to - at + 1).min(1_000) as u32)
            .map_err(|error| nothing(unread(at, &error)))?;
        if page.is_empty() {
            return Err(nothing(format!("entry {at} was durable and is missing")));
        }
        for entry in page {
            let event = Event::from_bytes(&entry.body);
            events.push(event.map_err(|error| nothing(format!("entry {}: {error}", entry.header.seq)))?);
        }
    }
    Ok(events)
}

fn unread(at: u64, error: &StoreError) -> String {
    format!("entry {at} cannot be read: {error}")
}

/// Whether the first event is what was ordered.
fn fits(sent: &Sent, events: &[Event], stepped: Option<u64>) -> Result<(), Violation> {
    let Some(mut first) = events.first() else {
        return Err(broken(sent.order.record(), "a command without an event"));
    };
    // What had passed unnoticed, of the record or of those above it, may come before what somebody does.
    if let Some(own) = events.iter().find(|event| event.by != Acted::System) {
        first = own;
    }
    let same = match (&sent.order, &first.deed) {
        (Order::Open { mechanism, step, .. }, Deed::Step(taken)) => {
            first.mechanism == *mechanism && taken.step == *step && taken.opening.is_some()
        }
        (Order::Step { record, step, .. }, Deed::Step(taken)) => {
            first.record == *record && taken.step == *step
        }
        // What passed at the same time, or above the record before, passes with it.
        (Order::Elapse { record, deadline }, Deed::Passed { .. }) => events.iter().any(|event| {
            event.record == *record
                && matches!(&event.deed, Deed::Passed { deadline: passed, .. } if passed == deadline)
        }),
        (Order::Elapse { record, .. } | Order::Erase { record, .. }, Deed::Erased { .. }) => {
            first.record == *record
        }
        (Order::Look { record, fields, .. }, Deed::Look { fields: seen, .. }) => {
            // Of what is asked for, what is there.
            first.record == *record && !seen.is_empty() && seen.iter().all(|name| fields.contains(name))
        }
        _ => false,
    };
    if !same {
        return Err(broken(first.record, format!("{:?} became {:?}", sent.order, first.deed)));
    }
    if let (Order::Step { expect: Some(seen), .. }, Some(stepped)) = (&sent.order, stepped)
        && *seen < stepped
    {
        return Err(broken(
            first.record,
            format!("revision {seen} was seen, step {stepped} came since, and it was taken"),
        ));
    }
    Ok(())
}
