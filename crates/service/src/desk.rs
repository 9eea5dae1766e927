//! Reading: the inbox, lists, search and one record, each within the reader's rights.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Timestamp, Value, words};
use gongzhi_kernel::project::{Row, todo_key};
use gongzhi_kernel::{
    Actor, Deed, Event, Order, Record, Refusal, World, eval, hindered, keeping, number, premature, rights,
};
use gongzhi_lang::model::{Level, Mechanism, Step, Who};
use gongzhi_store::{ListQuery, Page, Scope, ScopePart, StoreError, Within};

use crate::engine::{Outcome, State};
use crate::failure::Failure;
use crate::parts::part_openers;
use crate::service::Service;

pub use crate::parts::PartView;

/// A record with all that its page shows.
pub struct RecordView {
    pub record: Record,
    pub mechanism: Arc<Mechanism>,
    /// Its events, oldest first, each with its sequence in the ledger.
    pub history: Vec<(u64, Event)>,
    /// The holder's own personal values, open; empty for everybody else. In the record and its
    /// history they are covered.
    pub own: BTreeMap<String, Value>,
    /// Names of the steps that this reader may take now; of staff also those that a condition stands against.
    pub steps: Vec<String>,
    /// What the reader could take but for a condition, with the condition. It is what staff know they have to bring
    /// about first, and never what they are led to.
    pub hindered: Against,
    /// Names of the steps that would be refused with what the record holds already.
    pub premature: Vec<String>,
    /// Whether it waits for this reader: its state says that something is to be done by one of his posts.
    pub waited: bool,
    /// Names of the personal fields that this reader may look at, stating a purpose.
    pub may_look: Vec<String>,
    /// Whether this reader may have its personal values erased now, or why not.
    pub erasure: Result<(), Refusal>,
    /// When its personal values go by themselves; `None` while they are needed or when there are none.
    pub kept_until: Option<Timestamp>,
    pub parts: Vec<Row>,
    /// The first of them with what this reader may see, and with their own parts.
    pub tree: Vec<PartView>,
    /// Steps by which this reader may open a part: mechanism and step.
    pub openers: Vec<(String, String)>,
    /// The record it is a part of.
    pub parent: Option<Row>,
    /// Records named by its fields.
    pub cited: Vec<Row>,
    /// Records named by its history: where it was moved, and what left it; as far as this reader may read them.
    pub told: Vec<Row>,
}

/// Steps by name, each with the condition that stands against it.
pub type Against = Vec<(String, Refusal)>;

impl RecordView {
    /// Whether a part was open before an event; `None` if it was not there.
    pub fn earlier_part(&self, before: &Event, id: RecordId) -> Option<bool> {
        let earlier = self.history.iter().map(|(_, event)| event);
        let news = earlier.take_while(|event| event.revision < before.revision).filter_map(|event| {
            match &event.deed {
                Deed::Part(news) if news.part.id == id => Some(news.part.open),
                _ => None,
            }
        });
        news.last()
    }
}

impl Service {
    /// Which records of all mechanisms an actor may see in lists and searches: the filter form of
    /// [`rights::may_read`].
    pub fn scope(&self, actor: &Actor) -> Scope {
        match actor {
            Actor::System => Scope::All,
            Actor::Person { .. } => scope_of(&self.state(), actor),
            Actor::Public | Actor::Holder(_) => Scope::Any(Vec::new()),
        }
    }

    /// The keys of an actor's inbox.
    pub fn inbox_keys(&self, actor: &Actor) -> Vec<String> {
        let mut keys: Vec<String> = actor.posts().iter().flat_map(|post| post.inboxes()).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// A page of what waits for an actor, by due time.
    pub fn inbox(&self, actor: &Actor, after: Option<(i64, RecordId)>, limit: u32) -> Result<Page, Failure> {
        Ok(self.ledger().todo(&self.inbox_keys(actor), after, limit)?)
    }

    /// How many wait for an actor, and how many of them are late.
    pub fn inbox_count(&self, actor: &Actor) -> Result<(u64, u64), Failure> {
        Ok(self.ledger().todo_count(&self.inbox_keys(actor))?)
    }

    /// A filtered list; the query's own scope is replaced by the actor's.
    pub fn list(&self, actor: &Actor, query: ListQuery) -> Result<Page, Failure> {
        Ok(self.ledger().list(&ListQuery { scope: self.scope(actor), ..query })?)
    }

    /// Searches text and numbers within the actor's rights.
    pub fn search(&self, actor: &Actor, text: &str, limit: u32) -> Result<Vec<Row>, Failure> {
        let terms = words::query_terms(text);
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows = self.ledger().search(&self.scope(actor), &terms, limit)?;
        // A whole number typed in is found first, whatever its text.
        let (text, state) = (text.trim(), self.state());
        let numbers = |mechanism: &Arc<Mechanism>| {
            mechanism.number.as_deref().is_some_and(|form| number::may_be(form, text))
        };
        if rows.iter().any(|row| row.number == text) || !state.laws.all().any(numbers) {
            return Ok(rows);
        }
        if let Some(id) = self.ledger().by_number(text)?
            && self.readable(actor, id)?.is_some()
        {
            rows.splice(0..0, self.ledger().rows(&[id])?);
        }
        Ok(rows)
    }

    /// A record, if the actor may read it.
    pub(crate) fn readable(
        &self,
        actor: &Actor,
        id: RecordId,
    ) -> Result<Option<(Arc<Mechanism>, Record)>, Failure> {
        match self.record(id) {
            Ok(record) => Ok(self.if_readable(actor, record)),
            Err(Failure::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// A record that was read, if the actor may read it.
    pub(crate) fn if_readable(&self, actor: &Actor, record: Record) -> Option<(Arc<Mechanism>, Record)> {
        let state = self.state();
        let mechanism = state.laws.version(&record.mechanism, record.version)?;
        let may = rights::may_read(mechanism, actor, &record, &state.world);
        may.then(|| (mechanism.clone(), record))
    }

    /// One record with all that its page shows.
    pub fn view(&self, actor: &Actor, id: RecordId) -> Result<RecordView, Failure> {
        let (mechanism, record) = self.readable(actor, id)?.ok_or(Failure::NotFound)?;
        self.viewed(actor, mechanism, record)
    }

    /// What a page shows of a record that the actor may read.
    pub(crate) fn viewed(
        &self,
        actor: &Actor,
        mechanism: Arc<Mechanism>,
        mut record: Record,
    ) -> Result<RecordView, Failure> {
        let id = record.id;
        let state = self.state();
        let entries = self.ledger().history(id)?;
        let mut history = Vec::with_capacity(entries.len());
        for entry in entries {
            let event = Event::from_bytes(&entry.body)
                .map_err(|error| StoreError::Corrupt(format!("entry {}: {error}", entry.header.seq)))?;
            history.push((entry.header.seq, event));
        }
        let mut steps: Vec<String> = mechanism
            .steps
            .iter()
            .filter(|step| offered(step, actor, &record, &state))
            .map(|step| step.name.clone())
            .collect();
        let waits = mechanism.state(&record.state).map(|state| state.waits.as_slice()).unwrap_or_default();
        let waited =
            rights::allows(waits, actor, Some(&record), &record.place, &self.state().world).is_some();
        let (hindered, premature) = self.hindered(actor, &mechanism, &record, &steps)?;
        if matches!(actor, Actor::Holder(_)) {
            steps.retain(|step| !hindered.iter().any(|(known, _)| known == step));
        }
        let may_look = mechanism
            .fields
            .iter()
            .filter(|field| record.fields.contains_key(&field.name))
            .filter(|field| rights::may_look(field, actor, &record, &state.world).is_some())
            .map(|field| field.name.clone())
            .collect();
        let erasure = keeping::may_erase(&mechanism, actor, &record, &state.world).map(|_| ());
        let kept_until = keeping::ends(&mechanism, &record, &state.world);
        let own = match actor {
            Actor::Holder(own) if *own == id => self.seals.opened(&record)?,
            _ => BTreeMap::new(),
        };
        self.seals.cover(&mechanism, &mut record, &mut history)?;
        let ids: Vec<RecordId> = record.parts.iter().map(|part| part.id).collect();
        let cited: Vec<RecordId> = record
            .fields
            .values()
            .flat_map(Value::leaves)
            .filter_map(|value| match value {
                Value::Record(id) => Some(*id),
                _ => None,
            })
            .collect();
        let parent: Vec<RecordId> = record.parent.into_iter().collect();
        let named = history.iter().flat_map(|(_, event)| match &event.deed {
            Deed::Step(taken) => taken.opening.iter().filter_map(|opening| opening.parent).collect(),
            Deed::Left(left) => vec![left.part, left.to],
            _ => Vec::new(),
        });
        let named: BTreeSet<RecordId> = named.collect();
        let told = match named.len() {
            // Where it began is its parent.
            0 | 1 => Vec::new(),
            _ => self.listed_of(actor, &named.into_iter().collect::<Vec<_>>())?,
        };
        Ok(RecordView {
            told: told.into_iter().map(|one| one.row).collect(),
            tree: self.tree(actor, &record)?,
            openers: part_openers(actor, &mechanism, &record, &state),
            parts: self.ledger().rows(&ids)?,
            parent: self.ledger().rows(&parent)?.pop(),
            cited: self.ledger().rows(&cited)?,
            record,
            mechanism,
            history,
            own,
            erasure,
            kept_until,
            steps,
            hindered,
            premature,
            waited,
            may_look,
        })
    }

    /// Which of the steps offered a condition stands against, whatever is filled in; and which with what is there.
    fn hindered(
        &self,
        actor: &Actor,
        mechanism: &Mechanism,
        record: &Record,
        offered: &[String],
    ) -> Result<(Against, Vec<String>), Failure> {
        let state = self.state();
        let parent = record.parent.map(|id| self.record(id)).transpose()?;
        let one = |step: &Step| {
            let acted = rights::may_step(step, actor, Some(record), &record.place, &state.world)?;
            let scope = eval::Scope {
                actor: Some(&acted),
                parent: parent.as_ref(),
                ..eval::Scope::of(mechanism, record, &state.world, self.now())
            };
            Some((step.name.clone(), hindered(step, &scope), premature(step, &scope, record)))
        };
        let (mut against, mut early) = (Vec::new(), Vec::new());
        for (name, refusal, premature) in
            offered.iter().filter_map(|name| mechanism.step(name)).filter_map(one)
        {
            early.extend(premature.then(|| name.clone()));
            against.extend(refusal.map(|refusal| (name, refusal)));
        }
        Ok((against, early))
    }

    /// Looks at personal fields, stating why; those that are not filled in are left out. The look is in the ledger
    /// before anything is shown.
    pub async fn look(
        &self,
        id: gongzhi_base::CommandId,
        actor: Actor,
        record: RecordId,
        fields: Vec<String>,
        purpose: String,
    ) -> Result<(Outcome, Vec<(String, Value)>), Failure> {
        let order = Order::Look { record, fields, purpose };
        let outcome = self.act(id, actor, order).await?;
        // What the log says was seen, and no more: what was filled in since needs a look of its own.
        let entry = self.ledger().entries(outcome.seq, 1)?.pop();
        let Some(Deed::Look { fields, .. }) = entry.and_then(|entry| entry.event()).map(|event| event.deed)
        else {
            return Err(
                StoreError::Corrupt(format!("entry {} is not the look at {record}", outcome.seq)).into()
            );
        };
        let mut opened = self.seals.opened(&self.record(record)?)?;
        let open = |name: String| opened.remove(&name).map(|value| (name, value));
        Ok((outcome, fields.into_iter().filter_map(open).collect()))
    }

    /// Erases the personal values of a record for good, stating why. Their key is destroyed in the
    /// same transaction.
    pub async fn erase(
        &self,
        id: gongzhi_base::CommandId,
        actor: Actor,
        record: RecordId,
        reason: String,
    ) -> Result<Outcome, Failure> {
        self.act(id, actor, Order::Erase { record, reason }).await
    }

    /// Looks recorded on a record: when, by whom, which fields and why.
    pub fn looks<'v>(&self, view: &'v RecordView) -> impl Iterator<Item = &'v Event> {
        view.history.iter().map(|(_, event)| event).filter(|event| matches!(event.deed, Deed::Look { .. }))
    }
}

/// Whether a step is offered to an actor: its state and rights fit, and people take it.
fn offered(step: &Step, actor: &Actor, record: &Record, state: &State) -> bool {
    step.auto.is_none()
        && step.from.contains(&record.state)
        && rights::may_step(step, actor, Some(record), &record.place, &state.world).is_some()
}

fn scope_of(state: &State, actor: &Actor) -> Scope {
    let mut parts = Vec::new();
    for (name, mechanism) in &state.laws.library.mechanisms {
        for who in rights::readers(mechanism) {
            for post in actor.posts() {
                let within = match &who {
                    Who::Role(role) if *role == post.role => {
                        let level = state.world.place(&post.place).map_or(Level::County, |place| place.level);
                        Within::Place(level, post.place.clone())
                    }
                    Who::RoleOf { role, .. } if *role == post.role => match &post.unit {
                        Some(unit) => Within::Unit(todo_key(&post.role, unit)),
                        None => continue,
                    },
                    _ => continue,
                };
                let part = ScopePart { mechanism: name.clone(), within };
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
        }
    }
    Scope::Any(parts)
}

impl Service {
    /// Opening steps that an actor's posts allow: mechanism and step, registers left out.
    pub fn openers(&self, actor: &Actor) -> Vec<(String, String)> {
        let state = self.state();
        let mut found = Vec::new();
        for (name, mechanism) in &state.laws.library.mechanisms {
            // A part is opened from its parent's page.
            if mechanism.register.is_some() || mechanism.parent.is_some() {
                continue;
            }
            let may = opening_steps(actor, mechanism, &state.world);
            found.extend(may.map(|step| (name.clone(), step.name.clone())));
        }
        found
    }

    /// The widest place over which an actor may read all records of a mechanism.
    pub fn overview(&self, actor: &Actor, mechanism: &str) -> Option<(Level, String)> {
        widest(&self.scope(actor), mechanism)
    }

    /// The mechanism whose figures an actor's overview shows: the first with indicators that anybody
    /// may open and the actor may read.
    pub fn overview_mechanism(&self, actor: &Actor) -> Option<String> {
        let (state, scope) = (self.state(), self.scope(actor));
        let mechanisms = state.laws.library.mechanisms.values();
        let anybody = |m: &&Arc<Mechanism>| m.openers().any(|step| step.by.contains(&Who::Anyone));
        let mut open = mechanisms.filter(|m| !m.indicators.is_empty()).filter(anybody);
        open.find(|mechanism| widest(&scope, &mechanism.name).is_some()).map(|m| m.name.clone())
    }
}

/// The opening steps of a mechanism that an actor's posts allow somewhere; what anybody may open is no matter of posts.
pub fn opening_steps<'m>(
    actor: &'m Actor,
    mechanism: &'m Mechanism,
    world: &'m World,
) -> impl Iterator<Item = &'m Step> {
    mechanism.openers().filter(move |step| {
        let staff: Vec<Who> = step.by.iter().filter(|who| matches!(who, Who::Role(_))).cloned().collect();
        actor.posts().iter().any(|post| rights::allows(&staff, actor, None, &post.place, world).is_some())
    })
}

/// The widest place of a scope's parts over a mechanism.
fn widest(scope: &Scope, mechanism: &str) -> Option<(Level, String)> {
    let Scope::Any(parts) = scope else { return None };
    let places =
        parts.iter().filter(|part| part.mechanism == mechanism).filter_map(|part| match &part.within {
            Within::Place(level, code) => Some((*level, code.clone())),
            Within::Unit(_) => None,
        });
    places.min_by_key(|(level, _)| *level)
}
