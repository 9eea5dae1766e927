//! `POST /steps/{step}`: one step of many records, each decided by itself.

use axum::Json;
use axum::extract::State;
use gongzhi_kernel::Refusal;
use gongzhi_service::Failure;
use gongzhi_service::bulk::{Chosen, MOST};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::attached;
use super::caller::Caller;
use super::input::{Address, Body, Fields};
use super::problem::{CommandProblems, Problem, QUERY};
use super::shape::Id;
use crate::app::App;

/// What takes a step of many records.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "command_id": "chase-2026-11", "rehearse": true, "fields": { "order": "Report within three days" },
    "records": [{ "record": "00f1c2a9e0b24c5d8e7f6a5b4c3d2e1f" }] }))]
pub struct BulkRequest {
    /// Chosen by you. The same request sent again gives the same answers and does nothing again.
    pub command_id: String,
    /// 1 to 200 records.
    pub records: Vec<BulkRecord>,
    #[serde(default)]
    pub fields: Fields,
    /// Only tell what would happen; nothing is written.
    #[serde(default)]
    pub rehearse: bool,
}

/// One of the records.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRecord {
    pub record: String,
    /// The revision that the person saw; left out, any revision will do.
    #[serde(default)]
    pub seen: Option<u64>,
}

/// What happened, record by record in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkAnswer {
    pub results: Vec<BulkResult>,
}

/// What happened to one record, or would happen.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkResult {
    pub record: Id,
    /// Whether the step was taken, or would be.
    pub taken: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// Why not, with the clause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Take a step of many records.
///
/// Each record is decided by itself, within the caller's rights: some may take it while others refuse.
#[utoipa::path(
    post, path = "/steps/{step}", tag = "records", request_body = BulkRequest,
    params(("step" = String, Path, description = "The step", example = "chase")),
    responses((status = 200, description = "Answered record by record", body = BulkAnswer), CommandProblems),
    security(("session" = []))
)]
pub async fn bulk(
    State(app): State<App>,
    caller: Caller,
    Address(step): Address<String>,
    Body(request): Body<BulkRequest>,
) -> Result<Json<BulkAnswer>, Problem> {
    let batch = caller.command_id(&request.command_id)?;
    if request.records.is_empty() || request.records.len() > MOST {
        return Err(caller.problem(&QUERY).because("records"));
    }
    attached::verify(&app, &caller, &request.fields.0).await?;
    let mut chosen: Vec<Chosen> = Vec::with_capacity(request.records.len());
    for one in &request.records {
        chosen.push((caller.record_id(&one.record, &app)?, one.seen));
    }
    let (ids, input) = (chosen.clone(), request.fields.0);
    let answers: Vec<Result<Option<u64>, Failure>> = if request.rehearse {
        let rehearsed =
            caller.read(&app, move |service, actor| service.rehearse(actor, &chosen, &step, &input)).await?;
        rehearsed.into_iter().map(|one| one.result.map(|()| None).map_err(Failure::from)).collect()
    } else {
        // A cookie reads but never acts.
        let actor = caller.actor(&app).await?;
        let done = caller
            .read_open(&app, move |service| Ok(service.take_turn(&actor, &batch, &step, &chosen, &input)))
            .await?;
        done.into_iter().map(|one| one.map(|outcome| Some(outcome.revision))).collect()
    };
    let state = app.service.state().clone();
    let rows = {
        let ids: Vec<_> = ids.iter().map(|(id, _)| *id).collect();
        caller.read_open(&app, move |service| Ok(service.ledger().rows(&ids)?)).await?
    };
    let result = |((id, _), answer): (&Chosen, Result<Option<u64>, Failure>)| {
        let (revision, problem) = match answer {
            Ok(revision) => (revision, None),
            Err(failure) => {
                // Faults of fields are told in the words of the record's own mechanism.
                let row = rows.iter().find(|row| row.id == *id);
                let row = row.filter(|_| matches!(failure, Failure::Refused(Refusal::Fields(_))));
                let mechanism = row.and_then(|row| state.laws.version(&row.mechanism, row.version));
                let mechanism = mechanism.map(AsRef::as_ref);
                (None, Some(Problem::failure(caller.lang, &failure, Some(&state), mechanism)))
            }
        };
        BulkResult { record: Id(*id), taken: problem.is_none(), revision, problem }
    };
    Ok(Json(BulkAnswer { results: ids.iter().zip(answers).map(result).collect() }))
}
