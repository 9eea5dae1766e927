//! `POST …/erasure`: personal values of a record erased for good. Their key is destroyed; the
//! ledger still verifies.

use axum::Json;
use axum::extract::State;
use gongzhi_base::RecordId;
use gongzhi_kernel::Actor;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::follow::record_of;
use super::input::{Address, Body};
use super::problem::{CommandProblems, HolderProblems, Problem};
use super::shape::Id;
use super::step::Taken;
use crate::app::App;

/// What erases personal values.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "command_id": "6f1c2a9e-erase-1", "reason": "the matter is closed and I want no calls" }))]
pub struct ErasureRequest {
    /// Chosen by you, 8 to 64 of `A-Z a-z 0-9 - _ .`. The same command sent again gives the same answer and does nothing.
    pub command_id: String,
    /// Why; kept with the erasure.
    pub reason: String,
}

async fn erase(
    app: &App,
    caller: &Caller,
    actor: Actor,
    record: RecordId,
    request: ErasureRequest,
) -> Result<Json<Taken>, Problem> {
    let command = caller.command_id(&request.command_id)?;
    let erased = app.service.erase(command, actor, record, request.reason).await;
    erased.map(|outcome| Json(outcome.into())).map_err(|failure| caller.failure(&failure, app))
}

/// Erase the personal values of a record.
///
/// For whoever may look at all of them, once the record is closed (PIPL art. 47). Nothing readable is left in store, index or search.
#[utoipa::path(
    post, path = "/records/{id}/erasure", operation_id = "erase", tag = "records", request_body = ErasureRequest,
    params(("id" = Id, Path, description = "The record")),
    responses((status = 200, description = "Erased", body = Taken), CommandProblems),
    security(("session" = []))
)]
pub async fn staff(
    State(app): State<App>,
    caller: Caller,
    Address(id): Address<String>,
    Body(request): Body<ErasureRequest>,
) -> Result<Json<Taken>, Problem> {
    let record = caller.record_id(&id, &app)?;
    let actor = caller.actor(&app).await?;
    if actor == Actor::Public {
        return Err(caller.failure(&gongzhi_service::Failure::SignedOut, &app));
    }
    erase(&app, &caller, actor, record, request).await
}

/// Erase one's own personal values as holder of the code, once the record is closed.
#[utoipa::path(
    post, path = "/follow/{code}/erasure", operation_id = "follow_erase", tag = "follow", request_body = ErasureRequest,
    params(("code" = String, Path, description = "The receipt code", example = "7K3M-Q9XD-2HVB-T5NC")),
    responses((status = 200, description = "Erased", body = Taken), HolderProblems),
    security(())
)]
pub async fn holder(
    State(app): State<App>,
    caller: Caller,
    Address(code): Address<String>,
    Body(request): Body<ErasureRequest>,
) -> Result<Json<Taken>, Problem> {
    let record = record_of(&app, &caller, code).await?;
    erase(&app, &caller, Actor::Holder(record), record, request).await
}
