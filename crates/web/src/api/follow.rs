//! `GET /follow/{code}` and `POST /follow/{code}/steps/{step}`: what the holder of a receipt code
//! sees and does, without an account.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use gongzhi_base::RecordId;
use gongzhi_kernel::Actor;
use gongzhi_service::desk::RecordView;
use serde::Serialize;
use serde_json::Value as Json_;
use utoipa::ToSchema;

use super::caller::Caller;
use super::files::send;
use super::history::{EventShape, Reader, event};
use super::input::{Address, Body};
use super::problem::{CODE, FollowProblems, HolderProblems, Problem, TOO_MANY};
use super::record::{Named, Offer, StateNow, offers, places};
use super::shape::{DeadlineShape, Id, Time, deadlines};
use super::step::{StepRequest, Taken, take};
use super::value;
use crate::app::App;

/// A record as its holder sees it: public fields and public steps only.
#[derive(Debug, Serialize, ToSchema)]
pub struct Followed {
    pub id: Id,
    #[schema(example = "matter")]
    pub mechanism: String,
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
    /// Public fields.
    pub fields: BTreeMap<String, Json_>,
    pub deadlines: Vec<DeadlineShape>,
    /// Steps that the holder may take now.
    pub steps: Vec<Offer>,
    /// Public steps, oldest first. Persons are not named: the office and role are.
    pub history: Vec<EventShape>,
}

/// The record of a code. Only wrong codes are counted, so that people behind one address never
/// lock each other out; whoever guesses is stopped after a few.
pub async fn record_of(app: &App, caller: &Caller, code: String) -> Result<RecordId, Problem> {
    let found = caller.read_open(app, move |service| service.by_code(&code)).await?;
    found.ok_or_else(|| match app.service.may_try_code(&caller.from()) {
        true => caller.problem(&CODE),
        false => caller.problem(&TOO_MANY),
    })
}

async fn view(app: &App, caller: &Caller, code: String) -> Result<RecordView, Problem> {
    let id = record_of(app, caller, code).await?;
    caller.read_open(app, move |service| service.view(&Actor::Holder(id), id)).await
}

/// Follow a record by its receipt code.
#[utoipa::path(
    get, path = "/follow/{code}", tag = "follow",
    params(("code" = String, Path, description = "The receipt code, with or without dashes", example = "7K3M-Q9XD-2HVB-T5NC")),
    responses((status = 200, description = "What its holder may know", body = Followed), FollowProblems),
    security(())
)]
pub async fn follow(
    State(app): State<App>,
    caller: Caller,
    Address(code): Address<String>,
) -> Result<Json<Followed>, Problem> {
    let view = view(&app, &caller, code).await?;
    let state = app.service.state();
    let (record, mechanism) = (&view.record, &view.mechanism);
    let fields = record.fields.iter().filter_map(|(name, value)| {
        let field = mechanism.field(name);
        Reader::Holder.sees(field).then(|| (name.clone(), value::json(field, value)))
    });
    let events = view.history.iter();
    let history = events.filter_map(|(seq, one)| event(*seq, one, mechanism, &state.world, Reader::Holder));
    Ok(Json(Followed {
        id: Id(record.id),
        mechanism: record.mechanism.clone(),
        version: record.version,
        number: record.number.clone(),
        state: StateNow::of(&view),
        revision: record.revision,
        opened: Time(record.opened),
        changed: Time(record.changed),
        place: places(&app, caller.lang, &record.place),
        fields: fields.collect(),
        deadlines: deadlines(caller.lang, mechanism, record),
        steps: offers(caller.lang, &view),
        history: history.collect(),
    }))
}

/// Take a step as holder: add something, rate, reopen, withdraw.
#[utoipa::path(
    post, path = "/follow/{code}/steps/{step}", operation_id = "follow_step", tag = "follow", request_body = StepRequest,
    params(
        ("code" = String, Path, description = "The receipt code", example = "7K3M-Q9XD-2HVB-T5NC"),
        ("step" = String, Path, description = "The step", example = "rate")
    ),
    responses((status = 200, description = "Taken", body = Taken), HolderProblems),
    security(())
)]
pub async fn step(
    State(app): State<App>,
    caller: Caller,
    Address((code, step)): Address<(String, String)>,
    Body(request): Body<StepRequest>,
) -> Result<Json<Taken>, Problem> {
    let record = record_of(&app, &caller, code).await?;
    take(&app, &caller, Actor::Holder(record), record, step, request).await.map(Json)
}

/// Read a file of a record's public fields.
#[utoipa::path(
    get, path = "/follow/{code}/files/{digest}", operation_id = "follow_file", tag = "follow",
    params(
        ("code" = String, Path, description = "The receipt code", example = "7K3M-Q9XD-2HVB-T5NC"),
        ("digest" = String, Path, description = "The file's digest")
    ),
    responses((status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>), FollowProblems),
    security(())
)]
pub async fn file(
    State(app): State<App>,
    caller: Caller,
    Address((code, digest)): Address<(String, String)>,
) -> Result<Response, Problem> {
    let view = view(&app, &caller, code).await?;
    let shown = |name: &str| Reader::Holder.sees(view.mechanism.field(name));
    let file = value::file_of(&view.record, &view.history, &digest, shown);
    send(&app, &caller, file).await
}
