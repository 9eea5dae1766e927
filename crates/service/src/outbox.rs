//! What people are told: notices in the application and, as each chooses, messages by e-mail or to
//! a chat robot, at once or once a day; and the calendar of their deadlines.

use std::sync::Arc;

use gongzhi_base::{Digest, Timestamp};
use gongzhi_kernel::notice::{self, Notice};
use gongzhi_kernel::{Actor, Event, Laws, Record, World, rights};
use gongzhi_store::outbox::{Channel, Decision, Mark, Message, Told, Waiting};

use crate::failure::Failure;
use crate::service::Service;

pub mod choice;
pub mod feed;
pub mod hook;
pub mod ical;
pub mod mail;
pub mod send;
pub mod settings;
pub mod spread;
mod text;

/// What an event tells of a record, as its decision lets it be told.
pub(crate) fn of_event(
    laws: &Laws,
    world: &World,
    event: &Event,
    record: Option<&Arc<Record>>,
) -> Vec<Notice> {
    match (laws.version(&event.mechanism, event.version), record) {
        (Some(mechanism), Some(record)) => notice::of_event(mechanism, event, record, world),
        _ => Vec::new(),
    }
}

/// A page of a person's notices: unread ones first, each part newest first.
pub struct Notices {
    pub told: Vec<Told>,
    /// Where the next page begins: whether among the read ones, and before which.
    pub next: Option<(bool, Mark)>,
}

impl Service {
    /// A page of a person's notices.
    pub fn notices(&self, person: &str, after: Option<(bool, Mark)>, limit: u32) -> Result<Notices, Failure> {
        let outbox = self.ledger().outbox();
        let (among_read, before) = after.map_or((false, None), |(read, mark)| (read, Some(mark)));
        let mut told = Vec::new();
        if !among_read {
            told = outbox.notices(person, false, before, limit + 1)?;
        }
        let most = limit as usize;
        if told.len() <= most {
            let before = before.filter(|_| among_read);
            told.extend(outbox.notices(person, true, before, limit + 1 - told.len() as u32)?);
        }
        let more = told.len() > most;
        told.truncate(most);
        let next = told.last().filter(|_| more).map(|last| (last.read, last.mark));
        Ok(Notices { told, next })
    }

    /// How many notices a person has not read, up to 100.
    pub fn unread(&self, person: &str) -> Result<u64, Failure> {
        Ok(self.ledger().outbox().unread(person)?)
    }

    /// Reads a person's notice: marks it and gives it.
    pub fn open_notice(&self, person: &str, mark: Mark) -> Result<Told, Failure> {
        let outbox = self.ledger().outbox();
        let told = outbox.notice(person, mark)?.ok_or(Failure::NotFound)?;
        if !told.read {
            outbox.read(person, mark, false)?;
        }
        Ok(told)
    }

    /// Marks all that a person had been told up to a mark as read.
    pub fn read_notices(&self, person: &str, up_to: Mark) -> Result<(), Failure> {
        Ok(self.ledger().outbox().read(person, up_to, true)?)
    }

    /// Sends a person a message that only says that it arrives.
    pub fn send_test(&self, person: &str, channel: Channel) -> Result<(), Failure> {
        let lang = self.choice(person)?.language();
        let now = self.now();
        let message = Message {
            id: send::fresh_id(self.ambient()),
            person: person.to_owned(),
            channel,
            subject: text::text(lang, "test.subject", &[]),
            text: text::text(lang, "test.text", &[]),
            link: "/desk/notices/settings".to_owned(),
            made: now,
            due: now,
            tries: 0,
            error: String::new(),
        };
        Ok(self.ledger().outbox().put_message(&message)?)
    }

    /// Whether an actor administers the installation: who may enter somebody into a post.
    pub fn may_administer(&self, actor: &Actor) -> bool {
        let state = self.state();
        let posts =
            state.laws.library.mechanisms.values().filter(|one| one.register.as_deref() == Some("post"));
        posts.flat_map(|one| one.openers()).any(|step| {
            let allowed = rights::may_step(step, actor, None, &state.world.county, &state.world);
            allowed.is_some() && matches!(actor, Actor::Person { .. })
        })
    }

    /// Dead letters, newest first, for whoever administers.
    pub fn dead_letters(
        &self,
        actor: &Actor,
        before: Option<(Timestamp, Digest)>,
        limit: u32,
    ) -> Result<(Vec<Message>, Vec<Decision>, Waiting), Failure> {
        if !self.may_administer(actor) {
            return Err(Failure::NotFound);
        }
        let outbox = self.ledger().outbox();
        Ok((outbox.dead_letters(before, limit)?, outbox.decisions(20)?, outbox.waiting()?))
    }

    /// Sends a dead letter again (`again`) or throws it away. Who decided it is kept.
    pub fn decide_letter(&self, actor: &Actor, letter: Digest, again: bool) -> Result<(), Failure> {
        let Actor::Person { code, .. } = actor else { return Err(Failure::NotFound) };
        if !self.may_administer(actor) {
            return Err(Failure::NotFound);
        }
        let outbox = self.ledger().outbox();
        let found = outbox.dead_letter(letter)?.ok_or(Failure::NotFound)?;
        let decision = Decision {
            message: letter,
            at: self.now(),
            by: code.clone(),
            again,
            person: found.person,
            channel: found.channel,
            subject: found.subject,
            error: found.error,
        };
        if outbox.decide(&decision)? { Ok(()) } else { Err(Failure::NotFound) }
    }
}
