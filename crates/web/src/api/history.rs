//! `GET /records/{id}/history`: everything that happened to a record, oldest first.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use gongzhi_kernel::event::ClockChange;
use gongzhi_kernel::{Acted, Deed, Event, World};
use gongzhi_lang::model::{Field, Mechanism};
use serde::Serialize;
use serde_json::Value as Json_;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Address;
use super::problem::{Problem, StaffProblems};
use super::shape::{Id, Time, WordsShape};
use super::value;
use crate::app::App;

/// A record's events.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    pub items: Vec<EventShape>,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventShape {
    /// Sequence in the county's ledger.
    pub seq: u64,
    /// The record's revision after it.
    pub revision: u64,
    pub at: Time,
    pub by: By,
    /// `step`, `reminder`, `passed`, `part-opened`, `part-closed`, `look` or `erased`.
    pub deed: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepShape>,
    /// The deadline of a reminder or passing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<PartShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<LookShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased: Option<ErasedShape>,
}

/// A step that was taken, with all it changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepShape {
    #[schema(example = "accept")]
    pub name: String,
    pub words: WordsShape,
    /// Short words for a timeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<WordsShape>,
    /// The state after, where it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    pub set: BTreeMap<String, Json_>,
    /// Fields that were emptied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cleared: Vec<String>,
    pub deadlines: Vec<ChangeShape>,
}

/// A change of a deadline.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangeShape {
    pub deadline: String,
    /// `started`, `met`, `dropped`, `paused`, `resumed` or `extended`.
    pub change: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
}

/// A part of the record.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartShape {
    pub mechanism: String,
    pub record: Id,
}

/// A look at personal fields.
#[derive(Debug, Serialize, ToSchema)]
pub struct LookShape {
    pub fields: Vec<String>,
    pub purpose: String,
}

/// An erasure of personal values.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasedShape {
    pub fields: Vec<String>,
    /// Empty when their time of keeping had ended.
    pub reason: String,
}

/// Who acted, and the post that gave the right.
#[derive(Debug, Serialize, ToSchema)]
pub struct By {
    /// `public`, `holder`, `system` or `staff`.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl By {
    /// Who acted. Persons are named to staff only: a resident learns the office and the role.
    pub fn new(acted: &Acted, world: &World, named: bool) -> By {
        let kind = match acted {
            Acted::Public => "public",
            Acted::Holder => "holder",
            Acted::System => "system",
            Acted::Person { .. } => "staff",
        };
        let mut by = By { kind, person: None, name: None, role: None, unit: None, place: None };
        if let Acted::Person { code, post } = acted {
            if named {
                by.person = Some(code.clone());
                by.name = world.person(code).map(|person| person.name.clone());
            }
            if let Some(post) = post {
                by.role = Some(post.role.clone());
                by.unit.clone_from(&post.unit);
                by.place = Some(post.place.clone());
            }
        }
        by
    }
}

/// Who reads an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    Staff,
    /// The holder of the receipt code: public steps and public fields only.
    Holder,
}

impl Reader {
    /// Whether a field is shown.
    pub fn sees(self, field: Option<&Field>) -> bool {
        self == Reader::Staff || field.is_some_and(|field| field.public && field.personal.is_none())
    }
}

/// An event for a reader; `None` if it is not for that reader.
pub fn event(
    seq: u64,
    event: &Event,
    mechanism: &Mechanism,
    world: &World,
    reader: Reader,
) -> Option<EventShape> {
    let mut shape = EventShape {
        seq,
        revision: event.revision,
        at: Time(event.at),
        by: By::new(&event.by, world, reader == Reader::Staff),
        deed: "step",
        step: None,
        deadline: None,
        part: None,
        look: None,
        erased: None,
    };
    if reader == Reader::Holder {
        let Deed::Step(taken) = &event.deed else { return None };
        mechanism.step(&taken.step).filter(|step| step.public)?;
    }
    match &event.deed {
        Deed::Step(taken) => {
            let rule = mechanism.step(&taken.step);
            let seen = |name: &str| reader.sees(mechanism.field(name));
            let set = taken.set.iter().filter(|(name, _)| seen(name));
            let words = rule.map(|step| &step.words).cloned().unwrap_or_default();
            shape.step = Some(StepShape {
                name: taken.step.clone(),
                words: (&words).into(),
                note: rule.and_then(|step| WordsShape::some(&step.note)),
                to: taken.to.clone(),
                set: set
                    .map(|(name, value)| (name.clone(), value::json(mechanism.field(name), value)))
                    .collect(),
                cleared: taken.cleared.iter().filter(|name| seen(name)).cloned().collect(),
                deadlines: taken.clocks.iter().map(|(name, change)| changed(name, change)).collect(),
            });
        }
        Deed::Passed { deadline, late } => {
            shape.deed = if *late { "passed" } else { "reminder" };
            shape.deadline = Some(deadline.clone());
        }
        Deed::Part(news) => {
            let part = &news.part;
            shape.deed = if part.open { "part-opened" } else { "part-closed" };
            shape.part = Some(PartShape { mechanism: part.mechanism.clone(), record: Id(part.id) });
        }
        Deed::Left(left) => {
            shape.deed = "part-left";
            shape.part = Some(PartShape { mechanism: left.mechanism.clone(), record: Id(left.part) });
        }
        Deed::Erased { fields, reason } => {
            shape.deed = "erased";
            shape.erased = Some(ErasedShape { fields: fields.clone(), reason: reason.clone() });
        }
        Deed::Look { fields, purpose } => {
            shape.deed = "look";
            shape.look = Some(LookShape { fields: fields.clone(), purpose: purpose.clone() });
        }
    }
    Some(shape)
}

fn changed(deadline: &str, change: &ClockChange) -> ChangeShape {
    let (change, due) = match change {
        ClockChange::Started(derivation) => ("started", Some(derivation.due)),
        ClockChange::Met => ("met", None),
        ClockChange::Dropped => ("dropped", None),
        ClockChange::Paused => ("paused", None),
        ClockChange::Resumed(derivation) => ("resumed", Some(derivation.due)),
        ClockChange::Extended(derivation) => ("extended", Some(derivation.due)),
    };
    ChangeShape { deadline: deadline.to_owned(), change, due: due.map(Time) }
}

/// Read a record's history.
#[utoipa::path(
    get, path = "/records/{id}/history", tag = "records",
    params(("id" = Id, Path, description = "The record")),
    responses((status = 200, description = "Its events, oldest first", body = History), StaffProblems),
    security(("session" = []))
)]
pub async fn history(
    State(app): State<App>,
    caller: Caller,
    Address(id): Address<String>,
) -> Result<Json<History>, Problem> {
    let id = caller.record_id(&id, &app)?;
    let view = caller.read(&app, move |service, actor| service.view(actor, id)).await?;
    let state = app.service.state();
    let events = view.history.iter();
    let shown =
        events.filter_map(|(seq, one)| event(*seq, one, &view.mechanism, &state.world, Reader::Staff));
    Ok(Json(History { items: shown.collect() }))
}
