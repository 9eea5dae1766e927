//! `POST /records`: opens a record by one of a mechanism's opening steps.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gongzhi_kernel::{Actor, Order, Refusal};
use gongzhi_service::{Failure, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::attached;
use super::caller::Caller;
use super::input::{Body, Fields};
use super::problem::{CommandProblems, Problem};
use super::shape::Id;
use crate::app::App;

/// What opens a record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "command_id": "6f1c2a9e-report-1", "mechanism": "matter", "step": "report",
    "fields": { "what": "The street lamp at the village gate has been out for three days", "where": "100200300200", "spot": { "lat": 35.37, "lon": 111.24 } }
}))]
pub struct OpenRequest {
    /// Chosen by you, 8 to 64 of `A-Z a-z 0-9 - _ .`. The same command sent again gives the same answer and does nothing.
    pub command_id: String,
    pub mechanism: String,
    /// One of the mechanism's steps that open a record.
    pub step: String,
    #[serde(default)]
    pub fields: Fields,
}

/// The record that was opened; it is on the disk for good.
#[derive(Debug, Serialize, ToSchema)]
pub struct Opened {
    pub record: Id,
    #[schema(example = "W2026-000123")]
    pub number: String,
    pub revision: u64,
    /// Sequence of the command's last entry in the ledger.
    pub seq: u64,
    /// The same command had been carried out before.
    pub again: bool,
    /// With it whoever has it follows the record. Told once, to the opener, where the mechanism gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "7K3M-Q9XD-2HVB-T5NC")]
    pub receipt_code: Option<String>,
}

/// Open a record.
///
/// Without a token where the mechanism lets anyone open it. Answered when it is durable.
#[utoipa::path(
    post, path = "/records", tag = "records", request_body = OpenRequest,
    responses((status = 201, description = "Opened", body = Opened), CommandProblems),
    security((), ("session" = []))
)]
pub async fn open(
    State(app): State<App>,
    caller: Caller,
    Body(request): Body<OpenRequest>,
) -> Result<Response, Problem> {
    let command = caller.command_id(&request.command_id)?;
    let actor = caller.actor(&app).await?;
    let public = actor == Actor::Public;
    attached::verify(&app, &caller, &request.fields.0).await?;
    let name = request.mechanism.clone();
    let order = Order::Open {
        mechanism: request.mechanism,
        step: request.step,
        id: app.service.new_record_id(),
        input: request.fields.0,
    };
    let outcome = app.service.act(command, actor, order).await;
    let outcome = outcome.map_err(|failure| {
        let state = app.service.state();
        let mechanism = state.laws.newest(&name).map(AsRef::as_ref);
        let problem = Problem::failure(caller.lang, &failure, Some(&state), mechanism);
        match failure {
            Failure::Refused(Refusal::NoRight { .. }) if public => problem.unsigned(),
            _ => problem,
        }
    })?;
    let id = outcome.record;
    let number = match outcome.number {
        Some(number) => number,
        // It was opened before.
        None => {
            let read = caller.read_open(&app, move |service| Ok(service.ledger().rows(&[id])?));
            read.await?.pop().map(|row| row.number).unwrap_or_default()
        }
    };
    let receipt = app.service.state().laws.newest(&name).is_some_and(|mechanism| mechanism.receipt);
    let opened = Opened {
        record: Id(id),
        number,
        revision: outcome.revision,
        seq: outcome.seq,
        again: outcome.again,
        receipt_code: receipt.then(|| codes::grouped(&app.service.receipt_code(id))),
    };
    let mut response = (StatusCode::CREATED, Json(opened)).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/records/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}
