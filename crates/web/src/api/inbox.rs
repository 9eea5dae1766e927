//! `GET /inbox`: what waits for the caller's posts, by due time.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::Params;
use super::problem::{Problem, QUERY, StaffProblems};
use super::shape::{Rows, cursor};
use crate::app::App;

/// Which page of the inbox.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxQuery {
    /// What `next` of the page before said.
    pub after: Option<String>,
    /// Records of a page, 1 to 200; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// What waits.
#[derive(Debug, Serialize, ToSchema)]
pub struct Inbox {
    pub page: Rows,
    /// How many wait, counted up to 100.
    pub waiting: u64,
    /// How many of them are late.
    pub late: u64,
}

/// Read one's inbox.
#[utoipa::path(
    get, path = "/inbox", tag = "records", params(InboxQuery),
    responses((status = 200, description = "What waits, most urgent first", body = Inbox), StaffProblems),
    security(("session" = []))
)]
pub async fn inbox(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<InboxQuery>,
) -> Result<Json<Inbox>, Problem> {
    let after = match &query.after {
        Some(text) => Some(cursor(text).ok_or_else(|| caller.problem(&QUERY).because("after"))?),
        None => None,
    };
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let inbox = caller.read(&app, move |service, actor| {
        let (waiting, late) = service.inbox_count(actor)?;
        Ok(Inbox { page: service.inbox(actor, after, limit)?.into(), waiting, late })
    });
    inbox.await.map(Json)
}
