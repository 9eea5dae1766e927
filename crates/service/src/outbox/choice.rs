//! How a person wants to be told. Addresses are sealed: nobody reads them in the database.

use gongzhi_base::{Lang, Timestamp};
use gongzhi_kernel::World;
use gongzhi_store::StoreError;
use gongzhi_store::outbox::{Channel, Choices};
use jiff::ToSpan as _;
use serde::{Deserialize, Serialize};

use super::hook::{Form, Target};
use super::settings::Outgoing;
use crate::failure::Failure;
use crate::service::Service;

/// When a channel tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    #[default]
    Off,
    AtOnce,
    Daily,
}

impl Mode {
    /// All modes.
    pub const ALL: [Mode; 3] = [Mode::Off, Mode::AtOnce, Mode::Daily];

    /// The mode's word in forms and data.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Off => "off",
            Mode::AtOnce => "at-once",
            Mode::Daily => "daily",
        }
    }

    /// Reads the mode's word.
    pub fn read(word: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// A person's choice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    /// `zh` or `en`: the language of what is sent.
    pub lang: String,
    pub mail: Mode,
    /// Where mail goes.
    pub address: String,
    pub hook: Mode,
    /// Where the robot or program listens.
    pub url: String,
    pub form: Form,
    /// What it shares with us, to know our messages by.
    pub secret: String,
    /// The hour of the daily digest, 0 to 23.
    pub hour: i8,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice {
            lang: Lang::Zh.short().to_owned(),
            mail: Mode::Off,
            address: String::new(),
            hook: Mode::Off,
            url: String::new(),
            form: Form::default(),
            secret: String::new(),
            hour: 8,
        }
    }
}

/// What is wrong with a choice, by field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChoiceFault {
    /// No mail address, or one that cannot be written to.
    Address,
    /// No address of a robot, or one that is no web address.
    Url,
    /// Not over TLS, and not allowed by the administrator.
    Plain,
    /// Inside the county's own network, and not allowed by the administrator.
    Inside,
    /// No hour of the day.
    Hour,
    /// More than 200 characters.
    Secret,
}

impl ChoiceFault {
    /// The field in which it is wrong.
    pub fn field(self) -> &'static str {
        match self {
            ChoiceFault::Address => "address",
            ChoiceFault::Url | ChoiceFault::Plain | ChoiceFault::Inside => "url",
            ChoiceFault::Hour => "hour",
            ChoiceFault::Secret => "secret",
        }
    }
}

impl Choice {
    /// The language of what is sent.
    pub fn language(&self) -> Lang {
        Lang::read(&self.lang).unwrap_or_default()
    }

    /// When a channel tells.
    pub fn mode(&self, channel: Channel) -> Mode {
        match channel {
            Channel::Mail => self.mail,
            Channel::Hook => self.hook,
        }
    }

    /// All that is wrong with it. A channel that is off may keep an incomplete address.
    pub fn faults(&self, outgoing: &Outgoing) -> Vec<ChoiceFault> {
        let mut faults = Vec::new();
        let address_bad = self.address.len() > 200 || self.address.parse::<lettre::Address>().is_err();
        if address_bad && (self.mail != Mode::Off || !self.address.is_empty()) {
            faults.push(ChoiceFault::Address);
        }
        if self.hook != Mode::Off || !self.url.is_empty() {
            faults.extend(Target::read(&self.url, &outgoing.hosts).err());
        }
        if !(0..24).contains(&self.hour) {
            faults.push(ChoiceFault::Hour);
        }
        if self.secret.chars().count() > 200 {
            faults.push(ChoiceFault::Secret);
        }
        faults
    }

    /// When the next digest goes out after a time: at the chosen hour of a working day.
    pub fn next_digest(&self, world: &World, after: Timestamp) -> Option<Timestamp> {
        if self.mail != Mode::Daily && self.hook != Mode::Daily {
            return None;
        }
        let mut day = world.zone.date(after);
        // No holiday is longer than a month.
        for _ in 0..40 {
            let at = world.zone.instant(day.at(self.hour, 0, 0, 0));
            if at > after && world.calendar.rest(day).is_none() {
                return Some(at);
            }
            day = day.checked_add(1.day()).ok()?;
        }
        None
    }
}

impl Service {
    /// A person's choice; all channels are off for whoever has made none.
    pub fn choice(&self, person: &str) -> Result<Choice, Failure> {
        match self.ledger().outbox().choices(person)? {
            Some(found) => Ok(self.choice_in(&found)?),
            None => Ok(Choice::default()),
        }
    }

    pub(crate) fn choice_in(&self, found: &Choices) -> Result<Choice, StoreError> {
        if found.sealed.is_empty() {
            return Ok(Choice::default());
        }
        let plain = self.seals.open_bytes(&self.outbox_key, &found.person, &found.sealed);
        plain
            .and_then(|plain| serde_json::from_slice(&plain).ok())
            .ok_or_else(|| StoreError::Corrupt(format!("choices of {}", found.person)))
    }

    /// Takes a person's choice over, or tells all that is wrong with it.
    pub fn choose(&self, person: &str, choice: &Choice) -> Result<Vec<ChoiceFault>, Failure> {
        let faults = choice.faults(&self.outgoing()?);
        if !faults.is_empty() {
            return Ok(faults);
        }
        let before = self.ledger().outbox().choices(person)?;
        let digest = choice.next_digest(&self.state().world, self.now());
        // A digest begins with what comes after it was chosen.
        let told = match &before {
            Some(before) if before.digest.is_some() => before.told,
            _ => self.ledger().head()?.size,
        };
        let feed = before.and_then(|before| before.feed);
        self.put_choice(person, choice, digest, told, feed)?;
        Ok(Vec::new())
    }

    pub(crate) fn put_choice(
        &self,
        person: &str,
        choice: &Choice,
        digest: Option<Timestamp>,
        told: u64,
        feed: Option<gongzhi_base::Digest>,
    ) -> Result<(), Failure> {
        let plain = zeroize::Zeroizing::new(
            serde_json::to_vec(choice).map_err(|error| StoreError::Engine(error.to_string()))?,
        );
        let sealed = self.seals.close_bytes(&self.outbox_key, person, &plain);
        let choices = Choices { person: person.to_owned(), sealed, digest, told, feed };
        Ok(self.ledger().outbox().put_choices(&choices)?)
    }
}
