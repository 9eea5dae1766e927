//! `GET /records/{id}`: one record as its readers at the desk see it.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use gongzhi_service::desk::RecordView;
use serde::Serialize;
use serde_json::Value as Json_;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Address;
use super::mechanisms::AskShape;
use super::problem::{Problem, StaffProblems};
use super::shape::{BasisShape, DeadlineShape, Id, RowShape, Time, WordsShape, basis, deadlines, place_name};
use super::value;
use crate::app::App;
use crate::i18n::Lang;

/// One record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Record)]
pub struct RecordShape {
    pub id: Id,
    #[schema(example = "matter")]
    pub mechanism: String,
    /// The mechanism's version on which it runs.
    pub version: u32,
    #[schema(example = "W2026-000123")]
    pub number: String,
    pub state: StateNow,
    /// Send it back as `seen` with a step.
    pub revision: u64,
    pub opened: Time,
    pub changed: Time,
    /// The places at and above it, from the county down.
    pub place: Vec<Named>,
    /// Values by field; personal ones as `{"masked": "…"}`.
    pub fields: BTreeMap<String, Json_>,
    pub deadlines: Vec<DeadlineShape>,
    /// Steps that the caller may take now.
    pub steps: Vec<Offer>,
    /// Personal fields that the caller may look at, stating a purpose.
    pub may_look: Vec<String>,
    /// Records opened by this one.
    pub parts: Vec<RowShape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<RowShape>,
    /// Records named by its fields.
    pub cited: Vec<RowShape>,
}

/// The state a record is in.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateNow {
    #[schema(example = "accepted")]
    pub name: String,
    pub words: WordsShape,
    /// Whether nothing runs any more.
    #[serde(rename = "final")]
    pub is_final: bool,
}

/// A code with its name in the caller's language.
#[derive(Debug, Serialize, ToSchema)]
pub struct Named {
    pub code: String,
    pub name: String,
}

/// A step that may be taken now.
#[derive(Debug, Serialize, ToSchema)]
pub struct Offer {
    #[schema(example = "accept")]
    pub name: String,
    pub words: WordsShape,
    pub asks: Vec<AskShape>,
    pub rule: BasisShape,
}

impl StateNow {
    /// The state of a view's record.
    pub fn of(view: &RecordView) -> StateNow {
        let state = view.mechanism.state(&view.record.state);
        StateNow {
            name: view.record.state.clone(),
            words: (&state.map(|state| state.words.clone()).unwrap_or_default()).into(),
            is_final: state.is_some_and(|state| state.is_final),
        }
    }
}

/// The steps offered in a view.
pub fn offers(lang: Lang, view: &RecordView) -> Vec<Offer> {
    let known = view.steps.iter().filter_map(|name| view.mechanism.step(name));
    known
        .map(|step| Offer {
            name: step.name.clone(),
            words: (&step.words).into(),
            asks: step.asks.iter().map(AskShape::from).collect(),
            rule: basis(lang, &step.clause),
        })
        .collect()
}

/// The places at and above a record.
pub fn places(app: &App, lang: Lang, place: &str) -> Vec<Named> {
    let state = app.service.state();
    let path = state.world.path(place);
    let named = |code: String| Named { name: place_name(lang, &state.world, &code), code };
    path.into_iter().flatten().map(named).collect()
}

/// Read a record.
///
/// For staff whose posts let them; anybody else is told that there is no such record.
#[utoipa::path(
    get, path = "/records/{id}", tag = "records",
    params(("id" = Id, Path, description = "The record")),
    responses((status = 200, description = "The record", body = RecordShape), StaffProblems),
    security(("session" = []))
)]
pub async fn record(
    State(app): State<App>,
    caller: Caller,
    Address(id): Address<String>,
) -> Result<Json<RecordShape>, Problem> {
    let id = caller.record_id(&id, &app)?;
    let view = caller.read(&app, move |service, actor| service.view(actor, id)).await?;
    Ok(Json(shape(&app, caller.lang, view)))
}

fn shape(app: &App, lang: Lang, view: RecordView) -> RecordShape {
    let fields = view.record.fields.iter();
    let fields = fields.map(|(name, value)| (name.clone(), value::json(view.mechanism.field(name), value)));
    RecordShape {
        id: Id(view.record.id),
        mechanism: view.record.mechanism.clone(),
        version: view.record.version,
        number: view.record.number.clone(),
        state: StateNow::of(&view),
        revision: view.record.revision,
        opened: Time(view.record.opened),
        changed: Time(view.record.changed),
        place: places(app, lang, &view.record.place),
        fields: fields.collect(),
        deadlines: deadlines(lang, &view.mechanism, &view.record),
        steps: offers(lang, &view),
        may_look: view.may_look,
        parts: view.parts.into_iter().map(RowShape::from).collect(),
        parent: view.parent.map(RowShape::from),
        cited: view.cited.into_iter().map(RowShape::from).collect(),
    }
}
