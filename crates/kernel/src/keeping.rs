//! How long personal values are kept, and who may have them erased.
//!
//! Each field's document says its time of keeping (PIPL art. 19). The values of one record share a
//! key, so they go together: when the shortest of their times has ended after the last step of a
//! record in a final state. Before that, in a final state, on demand (PIPL art. 47).

use gongzhi_base::{Span, Timestamp};
use gongzhi_lang::model::Mechanism;

use crate::actor::{Acted, Actor};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::rights;
use crate::world::World;

/// The name of the timer that ends the keeping; no deadline of a document can have it.
pub const TIMER: &str = "@keep";

/// When the personal values of a record are to be erased; `None` while they are needed or when it
/// holds none.
pub fn ends(mechanism: &Mechanism, record: &Record, world: &World) -> Option<Timestamp> {
    if !finished(mechanism, record) {
        return None;
    }
    let span = span(mechanism, record)?;
    Some(world.calendar.due(world.zone, record.changed, span, &[]).due)
}

/// How long the personal values of a record are kept after its last step; `None` when it holds none.
pub fn span(mechanism: &Mechanism, record: &Record) -> Option<Span> {
    let spans = record.sealed().filter_map(|name| Some(mechanism.field(name)?.personal.as_ref()?.keep));
    spans.min_by_key(|span| span.rough_minutes())
}

/// As whom an actor may have a record's personal values erased now.
pub fn may_erase(
    mechanism: &Mechanism,
    actor: &Actor,
    record: &Record,
    world: &World,
) -> Result<Acted, Refusal> {
    let mut by = match actor {
        Actor::Holder(own) if *own == record.id => Some(Acted::Holder),
        _ => None,
    };
    let holder = by.is_some();
    let mut any = false;
    for field in record.sealed().filter_map(|name| mechanism.field(name)) {
        any = true;
        if !holder {
            let allowed = rights::may_look(field, actor, record, world);
            by = Some(allowed.ok_or_else(|| Refusal::NoRight {
                step: field.words.clone(),
                who: field.personal.as_ref().map(|personal| personal.audience.clone()).unwrap_or_default(),
                clause: field.clause.clone(),
            })?);
        }
    }
    let Some(by) = by.filter(|_| any) else { return Err(Refusal::NothingPersonal) };
    if !finished(mechanism, record) {
        let state = mechanism.state(&record.state).map(|state| state.words.clone());
        return Err(Refusal::StillNeeded { state: state.unwrap_or_default() });
    }
    Ok(by)
}

fn finished(mechanism: &Mechanism, record: &Record) -> bool {
    mechanism.state(&record.state).is_some_and(|state| state.is_final)
}
