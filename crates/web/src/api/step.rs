//! `POST /records/{id}/steps/{step}`: takes a step of a record.

use axum::Json;
use axum::extract::State;
use gongzhi_base::RecordId;
use gongzhi_kernel::{Actor, Order, Refusal};
use gongzhi_service::{Failure, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::attached;
use super::caller::Caller;
use super::input::{Address, Body, Fields};
use super::problem::{CommandProblems, Problem};
use super::shape::Id;
use crate::app::App;

/// What takes a step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "command_id": "6f1c2a9e-accept-1", "seen": 3, "fields": { "plan": "On the spot this afternoon" } }))]
pub struct StepRequest {
    /// Chosen by you, 8 to 64 of `A-Z a-z 0-9 - _ .`. The same command sent again gives the same answer and does nothing.
    pub command_id: String,
    /// The revision that the person saw. If a step was taken since, this one is refused; left out, any revision will do.
    #[serde(default)]
    pub seen: Option<u64>,
    #[serde(default)]
    pub fields: Fields,
}

/// The step was taken; it is on the disk for good.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    pub record: Id,
    pub revision: u64,
    /// Sequence of the command's last entry in the ledger.
    pub seq: u64,
    /// The same command had been carried out before.
    pub again: bool,
}

impl From<Outcome> for Taken {
    fn from(outcome: Outcome) -> Taken {
        Taken {
            record: Id(outcome.record),
            revision: outcome.revision,
            seq: outcome.seq,
            again: outcome.again,
        }
    }
}

/// Take a step.
///
/// Which steps the caller may take now is told by `GET /records/{id}`. Answered when it is durable.
#[utoipa::path(
    post, path = "/records/{id}/steps/{step}", tag = "records", request_body = StepRequest,
    params(("id" = Id, Path, description = "The record"), ("step" = String, Path, description = "The step", example = "accept")),
    responses((status = 200, description = "Taken", body = Taken), CommandProblems),
    security((), ("session" = []))
)]
pub async fn step(
    State(app): State<App>,
    caller: Caller,
    Address((id, step)): Address<(String, String)>,
    Body(request): Body<StepRequest>,
) -> Result<Json<Taken>, Problem> {
    let record = caller.record_id(&id, &app)?;
    let actor = caller.actor(&app).await?;
    take(&app, &caller, actor, record, step, request).await.map(Json)
}

/// Takes a step as an actor; also for holders.
pub async fn take(
    app: &App,
    caller: &Caller,
    actor: Actor,
    record: RecordId,
    step: String,
    request: StepRequest,
) -> Result<Taken, Problem> {
    let command = caller.command_id(&request.command_id)?;
    attached::verify(app, caller, &request.fields.0).await?;
    let public = actor == Actor::Public;
    let order = Order::Step { record, step, expect: request.seen, input: request.fields.0 };
    match app.service.act(command, actor, order).await {
        Ok(outcome) => Ok(outcome.into()),
        Err(Failure::Refused(Refusal::Fields(faults))) => Err(faulty(app, caller, record, faults).await),
        Err(failure @ Failure::Refused(Refusal::NoRight { .. })) if public => {
            Err(caller.failure(&failure, app).unsigned())
        }
        Err(failure) => Err(caller.failure(&failure, app)),
    }
}

/// Faults of fields in the words of the record's own mechanism.
async fn faulty(
    app: &App,
    caller: &Caller,
    record: RecordId,
    faults: Vec<gongzhi_kernel::FieldFault>,
) -> Problem {
    let failure = Failure::Refused(Refusal::Fields(faults));
    let row = app.read(move |service| Ok(service.ledger().rows(&[record])?.pop())).await;
    let state = app.service.state();
    let mechanism = match &row {
        Ok(Some(row)) => state.laws.version(&row.mechanism, row.version).map(AsRef::as_ref),
        _ => None,
    };
    Problem::failure(caller.lang, &failure, Some(&state), mechanism)
}
