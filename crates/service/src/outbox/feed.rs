//! The calendar of a person's deadlines, under a secret address that calendar programs can read.

use gongzhi_base::{Digest, Timestamp, Value};
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, Record};
use gongzhi_lang::model::{Mechanism, Type};
use gongzhi_store::ListQuery;
use gongzhi_store::outbox::Choices;

use super::ical::{Calendar, Entry, Kind};
use super::text::text;
use crate::engine::State;
use crate::failure::Failure;
use crate::service::Service;

/// Deadlines in a calendar.
const MOST: u32 = 500;
/// How long what has been stays in a calendar.
const PAST: i64 = 60 * 86_400_000;

fn secret_digest(secret: &str) -> Digest {
    Digest::of_parts(&[b"gongzhi.calendar", secret.as_bytes()])
}

impl Service {
    /// Whether a person's calendar has an address.
    pub fn has_feed(&self, person: &str) -> Result<bool, Failure> {
        Ok(self.ledger().outbox().choices(person)?.is_some_and(|found| found.feed.is_some()))
    }

    /// Gives a person's calendar a new secret, which ends the one before. It is told only now: what is
    /// kept is its digest.
    pub fn new_feed(&self, person: &str) -> Result<String, Failure> {
        let (a, b) = (self.ambient().sixteen(), self.ambient().sixteen());
        let secret = Digest([a, b].concat().try_into().unwrap_or([0; 32])).to_string();
        self.put_feed(person, Some(secret_digest(&secret)))?;
        Ok(secret)
    }

    /// Ends the address of a person's calendar.
    pub fn end_feed(&self, person: &str) -> Result<(), Failure> {
        self.put_feed(person, None)
    }

    fn put_feed(&self, person: &str, feed: Option<Digest>) -> Result<(), Failure> {
        let outbox = self.ledger().outbox();
        let found = outbox.choices(person)?.unwrap_or(Choices {
            person: person.to_owned(),
            sealed: Vec::new(),
            digest: None,
            told: 0,
            feed: None,
        });
        Ok(outbox.put_choices(&Choices { feed, ..found })?)
    }

    /// The calendar that a secret opens: the running deadlines of what waits for that person. It names
    /// records by number, kind and state, and nothing that anybody typed. `base` is the address under
    /// which people reach the product.
    pub fn feed(&self, secret: &str, kind: Kind, base: &str) -> Result<Option<String>, Failure> {
        let found = self.ledger().outbox().by_feed(secret_digest(secret))?;
        let state = self.state();
        let Some(person) = found.filter(|person| state.world.person(person).is_some()) else {
            return Ok(None);
        };
        let lang = self.choice(&person)?.language();
        let actor = self.actor_of(&person);
        let rows = self.inbox(&actor, None, MOST)?.rows;
        let mut entries: Vec<Entry> =
            rows.iter().filter_map(|row| entry(&state, lang, row, kind, base)).collect();
        entries.extend(self.own_entries(&state, lang, &actor, base)?);
        let name = text(lang, "calendar.name", &[]);
        Ok(Some(Calendar { name, entries }.text()))
    }

    /// Open records that stand in calendars by their document, as far as this person may read them.
    fn own_entries(
        &self,
        state: &State,
        lang: gongzhi_base::Lang,
        actor: &Actor,
        base: &str,
    ) -> Result<Vec<Entry>, Failure> {
        let since = Timestamp(self.now().0 - PAST);
        let mut entries = Vec::new();
        for mechanism in state.laws.library.mechanisms.values().filter(|one| one.calendar.is_some()) {
            let query = ListQuery {
                mechanism: Some(mechanism.name.clone()),
                open: Some(true),
                limit: MOST,
                ..ListQuery::default()
            };
            for row in self.list(actor, query)?.rows {
                let record = self.record(row.id)?;
                let Some(law) = state.laws.version(&record.mechanism, record.version) else { continue };
                entries.extend(own_entry(state, lang, law, &record, base).filter(|entry| entry.at >= since));
            }
        }
        Ok(entries)
    }
}

/// A record's own entry: when it is, what it is and where, and nothing that anybody typed.
fn own_entry(
    state: &State,
    lang: gongzhi_base::Lang,
    mechanism: &Mechanism,
    record: &Record,
    base: &str,
) -> Option<Entry> {
    let rule = mechanism.calendar.as_ref()?;
    let zone = state.world.zone;
    let moment = |field: &str, end: bool| match record.fields.get(field)? {
        Value::Time(at) => Some(*at),
        Value::Date(day) => Some(if end { zone.end_of(*day) } else { zone.start_of(*day) }),
        _ => None,
    };
    let place = rule.at.as_ref().and_then(|name| {
        let code = record.fields.get(name)?.text()?;
        let words = match &mechanism.field(name)?.ty {
            Type::Entry(catalogue) => &state.world.catalogue(catalogue)?.entries.get(code)?.words,
            Type::Place => &state.world.place(code)?.words,
            Type::Unit => &state.world.unit(code)?.words,
            _ => return None,
        };
        Some(words.get(lang).to_owned())
    });
    let now = mechanism.state(&record.state).map_or("", |state| state.words.get(lang));
    Some(Entry {
        uid: format!("{}-own@{}.gongzhi", record.id, state.world.county),
        kind: Kind::Event,
        stamp: record.changed,
        at: moment(&rule.from, false)?,
        until: rule.to.as_ref().and_then(|to| moment(to, true)),
        day: None,
        summary: format!("{} {}", record.number, mechanism.words.get(lang)),
        description: now.to_owned(),
        location: place.unwrap_or_default(),
        url: format!("{base}/desk/r/{}", record.id),
    })
}

fn entry(state: &State, lang: gongzhi_base::Lang, row: &Row, kind: Kind, base: &str) -> Option<Entry> {
    let (due, name) = (row.due?, row.due_name.as_deref()?);
    let mechanism = state.laws.version(&row.mechanism, row.version)?;
    let deadline = mechanism.deadline(name).map_or(name, |deadline| deadline.words.get(lang));
    let now = mechanism.state(&row.state).map_or("", |state| state.words.get(lang));
    Some(Entry {
        // The same deadline of the same record stays the same entry when it moves.
        uid: format!("{}-{name}@{}.gongzhi", row.id, state.world.county),
        kind,
        stamp: row.changed,
        // A limit in days ends with its last day, not with the first moment of the next one.
        at: Timestamp(
            due.0 - i64::from(state.world.zone.civil(due).time() == jiff::civil::Time::midnight()) * 60_000,
        ),
        until: None,
        day: None,
        summary: format!("{} {deadline}", row.number),
        description: format!("{} · {now}", mechanism.words.get(lang)),
        location: String::new(),
        url: format!("{base}/desk/r/{}", row.id),
    })
}
