//! Rights come from posts over territory. This is the one place that decides who may act or read;
//! lists and searches use the same rules turned into a filter.

use gongzhi_base::Value;
use gongzhi_lang::model::{Field, Mechanism, Step, Who};

use crate::actor::{Acted, Actor, Post};
use crate::record::Record;
use crate::world::World;

/// Whether one of `who` allows the actor on a record, and how it is written down. `place` is the
/// record's place (a new record's chosen one).
pub fn allows(
    who: &[Who],
    actor: &Actor,
    record: Option<&Record>,
    place: &str,
    world: &World,
) -> Option<Acted> {
    who.iter().find_map(|who| allowed(who, actor, record, place, world))
}

fn allowed(who: &Who, actor: &Actor, record: Option<&Record>, place: &str, world: &World) -> Option<Acted> {
    match (who, actor) {
        (Who::System, Actor::System) => Some(Acted::System),
        (Who::Holder, Actor::Holder(id)) => (record?.id == *id).then_some(Acted::Holder),
        (Who::Anyone, Actor::Public) => Some(Acted::Public),
        (Who::Anyone, Actor::Holder(_)) => Some(Acted::Holder),
        (Who::Anyone, Actor::Person { code, posts }) => {
            Some(Acted::Person { code: code.clone(), post: posts.first().cloned() })
        }
        (Who::Role(role), Actor::Person { code, posts }) => {
            let post = posts.iter().find(|post| post.role == *role && world.covers(&post.place, place))?;
            Some(Acted::Person { code: code.clone(), post: Some(post.clone()) })
        }
        (Who::RoleOf { role, field }, Actor::Person { code, posts }) => {
            let units = record?.fields.get(field)?;
            let post = posts.iter().find(|post| post.role == *role && holds_unit(post, units))?;
            Some(Acted::Person { code: code.clone(), post: Some(post.clone()) })
        }
        _ => None,
    }
}

fn holds_unit(post: &Post, units: &Value) -> bool {
    units.items().iter().any(|unit| unit.text().is_some_and(|unit| post.unit.as_deref() == Some(unit)))
}

/// Whether the actor may take a step of a record.
pub fn may_step(
    step: &Step,
    actor: &Actor,
    record: Option<&Record>,
    place: &str,
    world: &World,
) -> Option<Acted> {
    allows(&step.by, actor, record, place, world)
}

/// Everybody of the staff who may read records of a mechanism: its readers and those who act in it.
pub fn readers(mechanism: &Mechanism) -> Vec<Who> {
    let mut who: Vec<Who> = reading(mechanism).cloned().collect();
    who.sort();
    who.dedup();
    who
}

/// The same in no order, some of them several times: costs nothing.
pub(crate) fn reading(mechanism: &Mechanism) -> impl Iterator<Item = &Who> {
    // Whoever may open a record need not be let into every other one.
    let acting = mechanism.steps.iter().filter(|step| !step.opens_record()).flat_map(|step| &step.by);
    let waiting = mechanism.states.iter().flat_map(|state| &state.waits);
    let all = mechanism.readers.iter().chain(acting).chain(waiting);
    all.filter(|who| matches!(who, Who::Role(_) | Who::RoleOf { .. }))
}

/// Whether the actor may read a record (its holder and the product always).
pub fn may_read(mechanism: &Mechanism, actor: &Actor, record: &Record, world: &World) -> bool {
    match actor {
        Actor::System => true,
        Actor::Holder(id) => *id == record.id,
        Actor::Public => false,
        Actor::Person { .. } => {
            reading(mechanism).any(|who| allowed(who, actor, Some(record), &record.place, world).is_some())
        }
    }
}

/// Whether anybody, without an account, may see the public fields of a mechanism's records.
pub fn is_published(mechanism: &Mechanism) -> bool {
    mechanism.published.is_some()
}

/// Whether the actor may look at a personal field, stating a purpose.
pub fn may_look(field: &Field, actor: &Actor, record: &Record, world: &World) -> Option<Acted> {
    allows(&field.personal.as_ref()?.audience, actor, Some(record), &record.place, world)
}
