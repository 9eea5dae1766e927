//! `GET /search`: records by their words or number, within the caller's rights.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::caller::Caller;
use super::input::Params;
use super::problem::{Problem, StaffProblems};
use super::shape::Rows;
use crate::app::App;

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words in Chinese or English, all of which must be found, or a number.
    #[param(example = "street lamp")]
    pub q: String,
    /// Records at the most, 1 to 100; 30 if left out.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// Search records.
///
/// Personal fields are never searched.
#[utoipa::path(
    get, path = "/search", tag = "records", params(SearchQuery),
    responses((status = 200, description = "What was found, newest first", body = Rows), StaffProblems),
    security(("session" = []))
)]
pub async fn search(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<SearchQuery>,
) -> Result<Json<Rows>, Problem> {
    let limit = query.limit.unwrap_or(30).clamp(1, 100);
    let rows = caller.read(&app, move |service, actor| service.search(actor, &query.q, limit));
    Ok(Json(rows.await?.into()))
}
