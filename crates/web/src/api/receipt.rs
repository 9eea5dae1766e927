//! `GET /follow/{code}/receipt` and `GET /records/{id}/receipt`: the receipt of a record, with which
//! anybody proves offline that its entries are in the log. The form is described in
//! `docs/receipt.md`.

use axum::extract::State;
use axum::response::Response;
use gongzhi_base::RecordId;
use gongzhi_kernel::Actor;
use serde::Deserialize;
use serde_json::Value as Json_;
use utoipa::IntoParams;

use super::caller::Caller;
use super::follow::record_of;
use super::input::{Address, Params};
use super::problem::{FollowProblems, Problem, StaffProblems};
use super::shape::Id;
use crate::app::App;
use crate::pages::proof::send;

/// Which receipt.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// Size of the log on an earlier receipt: the new one proves that the log was only added to since.
    #[param(example = 1_284)]
    pub since: Option<u64>,
}

/// The receipt of a record that one holds the code of.
///
/// What the holder did and what was entered for him comes whole; of the staff's steps the proof and the time. The newest state each time.
#[utoipa::path(
    get, path = "/follow/{code}/receipt", operation_id = "follow_receipt", tag = "log",
    params(("code" = String, Path, description = "The receipt code", example = "7K3M-Q9XD-2HVB-T5NC"), Since),
    responses((status = 200, description = "The receipt", body = Json_), FollowProblems),
    security(())
)]
pub async fn holder(
    State(app): State<App>,
    caller: Caller,
    Address(code): Address<String>,
    Params(asked): Params<Since>,
) -> Result<Response, Problem> {
    let id = record_of(&app, &caller, code).await?;
    let made =
        caller.read_open(&app, move |service| service.receipt_file(&Actor::Holder(id), id, asked.since));
    made.await.map(|(_, file)| send(file.text(), &id.to_string()))
}

/// The receipt of a record that one may read.
#[utoipa::path(
    get, path = "/records/{id}/receipt", operation_id = "receipt", tag = "log",
    params(("id" = Id, Path, description = "The record"), Since),
    responses((status = 200, description = "The receipt", body = Json_), StaffProblems),
    security(("session" = []))
)]
pub async fn staff(
    State(app): State<App>,
    caller: Caller,
    Address(id): Address<String>,
    Params(asked): Params<Since>,
) -> Result<Response, Problem> {
    let id: RecordId = caller.record_id(&id, &app)?;
    let made = caller.read(&app, move |service, actor| service.receipt_file(actor, id, asked.since)).await;
    made.map(|(_, file)| send(file.text(), &id.to_string()))
}
