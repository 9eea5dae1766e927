//! `POST /records/{id}/looks`: looks at personal fields. The look stands in the ledger before
//! anything is shown.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json_;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::{Address, Body};
use super::problem::{CommandProblems, Problem};
use super::shape::Id;
use super::value;
use crate::app::App;

/// What looks at personal fields.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "command_id": "6f1c2a9e-look-1", "fields": ["contact_phone"], "purpose": "call back on the result" }))]
pub struct LookRequest {
    /// Chosen by you, 8 to 64 of `A-Z a-z 0-9 - _ .`.
    pub command_id: String,
    pub fields: Vec<String>,
    /// Why; kept with the look.
    pub purpose: String,
}

/// What was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub struct Looked {
    pub record: Id,
    /// Sequence of the look in the ledger.
    pub seq: u64,
    /// Values by field.
    pub values: BTreeMap<String, Json_>,
}

/// Look at personal fields.
///
/// Only for the roles that the mechanism names for each field. Who looked, when, at what and why stands in the ledger for good.
/// Fields that hold nothing are left out; a look at none that holds something is refused (`nothing-personal`).
#[utoipa::path(
    post, path = "/records/{id}/looks", tag = "records", request_body = LookRequest,
    params(("id" = Id, Path, description = "The record")),
    responses((status = 200, description = "The values", body = Looked), CommandProblems),
    security(("session" = []))
)]
pub async fn look(
    State(app): State<App>,
    caller: Caller,
    Address(id): Address<String>,
    Body(request): Body<LookRequest>,
) -> Result<Json<Looked>, Problem> {
    let record = caller.record_id(&id, &app)?;
    let command = caller.command_id(&request.command_id)?;
    let actor = caller.actor(&app).await?;
    if actor == gongzhi_kernel::Actor::Public {
        return Err(caller.failure(&gongzhi_service::Failure::SignedOut, &app));
    }
    let looked = app.service.look(command, actor, record, request.fields, request.purpose).await;
    let (outcome, values) = looked.map_err(|failure| caller.failure(&failure, &app))?;
    let values = values.into_iter().map(|(name, value)| (name, value::plain(None, &value)));
    Ok(Json(Looked { record: Id(record), seq: outcome.seq, values: values.collect() }))
}
