//! Sending: what clients give to the servers, and how they are answered.

use std::sync::atomic::{AtomicBool, Ordering};

use gongzhi_base::{CommandId, RecordId};
use gongzhi_kernel::{Command, Order};
use gongzhi_service::{Failure, Outcome};

use super::book::{Became, Sent};
use super::life::{HOUR, Life, What};
use super::model::Violation;
use super::rules::By;

impl Life<'_> {
    /// Writes a command into the book.
    pub fn write(&mut self, by: By, order: Order, wrong: Option<&'static str>) -> CommandId {
        self.commands += 1;
        let id = CommandId::new(&format!("sim-{:08}", self.commands));
        let id = id.unwrap_or_else(|_| unreachable!("letters, digits and a dash"));
        let sent = Sent { by, order, durable: None, acknowledged: None, tries: 0, wrong };
        self.book.sent.insert(id.clone(), sent);
        id
    }

    /// Some node; what others wrote is taken in first, or it comes upon it by itself.
    pub fn some_node(&mut self, fresh: bool) -> usize {
        let node = self.chance.count(0, self.machine.count() as u64 - 1) as usize;
        if self.machine.count() > 1 && (fresh || self.chance.happens(50.0)) {
            self.machine.at(node).service.engine().follow();
        }
        node
    }

    fn command(&mut self, node: usize, id: &CommandId) -> Command {
        let entropy = self.chance.ten();
        let service = &self.machine.at(node).service;
        let Some(sent) = self.book.sent.get_mut(id) else { unreachable!("only what is written is sent") };
        sent.tries += 1;
        // A form sent again asks for a fresh record each time.
        if let Order::Open { id, .. } = &mut sent.order
            && sent.tries > 1
            && entropy[0] & 1 == 0
        {
            *id = RecordId::at(service.now().0, entropy);
        }
        Command {
            id: id.clone(),
            actor: sent.by.actor(service),
            at: service.now(),
            order: sent.order.clone(),
        }
    }

    /// Sends commands as one group, and judges the answers.
    pub fn send(&mut self, node: usize, ids: &[CommandId]) -> Result<Vec<Became>, Violation> {
        let commands: Vec<Command> = ids.iter().map(|id| self.command(node, id)).collect();
        self.arm(node);
        let answers = self.machine.at(node).service.engine().act_all(commands);
        self.take_answers(node, ids, &answers)
    }

    /// Sends commands as two groups, the second while the first is being made durable: it is decided
    /// on what the first will leave, and again if that fails.
    pub fn send_two(
        &mut self,
        node: usize,
        first: &[CommandId],
        second: &[CommandId],
    ) -> Result<(), Violation> {
        let one: Vec<Command> = first.iter().map(|id| self.command(node, id)).collect();
        let two: Vec<Command> = second.iter().map(|id| self.command(node, id)).collect();
        self.arm(node);
        let at = self.machine.at(node);
        let (engine, ledger) = (at.service.engine(), &at.ledger);
        let answered = AtomicBool::new(false);
        let before = ledger.close_gate();
        let mut answers = std::thread::scope(|scope| {
            let send = |commands: Vec<Command>| {
                let answered = &answered;
                scope.spawn(move || {
                    let answers = engine.act_all(commands);
                    answered.store(true, Ordering::SeqCst);
                    ledger.turn();
                    answers
                })
            };
            let one = send(one);
            let waits = ledger.await_commit(&answered);
            let second = waits.then(|| {
                let seen = ledger.close_gate().max(before);
                let sent = send(two.clone());
                ledger.await_loads(seen, &answered);
                sent
            });
            ledger.open_gate();
            let mut answers = one.join().unwrap_or_default();
            // Nothing was to be made durable in the first: then one comes after the other.
            answers.extend(match second {
                Some(sent) => sent.join().unwrap_or_default(),
                None => engine.act_all(two),
            });
            answers
        });
        let ids: Vec<CommandId> = first.iter().chain(second).cloned().collect();
        answers.resize(ids.len(), Err(Failure::Busy));
        self.take_answers(node, &ids, &answers).map(|_| ())
    }

    /// Judges answers and lets those who were not served try again.
    pub fn take_answers(
        &mut self,
        node: usize,
        ids: &[CommandId],
        answers: &[Result<Outcome, Failure>],
    ) -> Result<Vec<Became>, Violation> {
        let trouble = self.settle(node);
        let mut made = self.follow(node)?;
        let mut became = Vec::new();
        for (id, answer) in ids.iter().zip(answers) {
            let sent = &self.book.sent[id];
            let record = answer.as_ref().map_or(sent.order.record(), |outcome| outcome.record);
            let (by, order) = (sent.by.clone(), named(&sent.order));
            self.note(Some(record), || format!("{} {by:?} {order}: {}", id.as_str(), short(answer)));
            let what = self.book.answered(id, answer, &mut made, trouble)?;
            match what {
                Became::Accepted => {
                    self.tally.accepted += 1;
                    let sent = &self.book.sent[id];
                    if let Order::Open { mechanism, step, .. } = &sent.order {
                        *self.tally.steps.entry(format!("{mechanism}.{step}")).or_default() += 1;
                    } else if let (Order::Step { step, .. }, Some(known)) =
                        (&sent.order, self.model.records.get(&record))
                    {
                        *self.tally.steps.entry(format!("{}.{step}", known.mechanism)).or_default() += 1;
                    }
                    if self.chance.happens(self.habits.people.twice) && !self.calm {
                        let after = self.hours([0.01, 100.0]);
                        self.push(after, What::Deliver(vec![id.clone()]));
                    }
                }
                Became::Again => self.tally.again += 1,
                Became::Refused => self.tally.refused += 1,
                Became::Failed => {
                    self.tally.failed += 1;
                    let after = self.hours([0.01, 10.0]);
                    self.push(after, What::Deliver(vec![id.clone()]));
                }
            }
            became.push(what);
        }
        self.revive(node)?;
        Ok(became)
    }

    /// What lay on phones is sent, in its order.
    pub fn deliver(&mut self, ids: &[CommandId]) -> Result<(), Violation> {
        for id in ids {
            if !self.machine.is_on() {
                self.push(HOUR, What::Deliver(vec![id.clone()]));
                continue;
            }
            let node = self.some_node(false);
            self.send(node, std::slice::from_ref(id))?;
        }
        Ok(())
    }

    /// Everybody who was not answered tries until it works; then the last deadlines.
    pub fn last_deliveries(&mut self) -> Result<(), Violation> {
        self.machine.clock.set(self.server_now());
        self.fire()?;
        let left = std::mem::take(&mut self.queue);
        for what in left.into_values() {
            if let What::Deliver(ids) = what {
                self.deliver(&ids)?;
            }
        }
        self.fire()
    }
}

fn named(order: &Order) -> String {
    match order {
        Order::Open { mechanism, step, .. } => format!("opens {mechanism}.{step}"),
        Order::Step { step, expect, .. } => format!("{step} (saw {expect:?})"),
        Order::Recur { mechanism, period, .. } => format!("{mechanism} of {period} opens"),
        Order::Elapse { deadline, .. } => format!("elapse {deadline}"),
        Order::Look { fields, .. } => format!("looks at {fields:?}"),
        Order::Erase { .. } => "erases".into(),
    }
}

fn short(answer: &Result<Outcome, Failure>) -> String {
    match answer {
        Ok(outcome) => format!("revision {}{}", outcome.revision, if outcome.again { ", again" } else { "" }),
        Err(failure) => format!("{failure:?}").chars().take(160).collect(),
    }
}
