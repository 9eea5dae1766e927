//! `GET /notices` and `POST /notices/read`: what the caller was told.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gongzhi_kernel::Actor;
use gongzhi_service::Failure;
use gongzhi_store::outbox::Mark;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Body, Params};
use super::problem::{Problem, QUERY, StaffProblems};
use super::shape::Id;
use crate::app::App;

/// Which page of the notices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NoticesQuery {
    /// What `next` of the page before said.
    pub after: Option<String>,
    /// Notices of a page, 1 to 200; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// A notice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notice {
    /// Its place: the sequence of the entry that tells it, and its number there.
    #[schema(example = "4711-0")]
    pub id: String,
    pub record: Id,
    pub mechanism: String,
    /// The notice's name in its mechanism.
    pub rule: String,
    /// RFC 3339.
    pub at: String,
    /// In the language asked for.
    pub text: String,
    pub read: bool,
}

/// What one was told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Notices {
    /// Unread ones first, each part newest first.
    pub notices: Vec<Notice>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many are unread, counted up to 100.
    pub unread: u64,
}

/// Up to where one has read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "up_to": "4711-0" }))]
pub struct ReadRequest {
    /// The newest notice that was shown: it and all before it are read.
    pub up_to: String,
}

/// Read one's notices.
#[utoipa::path(
    get, path = "/notices", tag = "notices", params(NoticesQuery),
    responses((status = 200, description = "What one was told", body = Notices), StaffProblems),
    security(("session" = []))
)]
pub async fn notices(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<NoticesQuery>,
) -> Result<Json<Notices>, Problem> {
    let after = match &query.after {
        Some(text) => Some(cursor(text).ok_or_else(|| caller.problem(&QUERY).because("after"))?),
        None => None,
    };
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let lang = gongzhi_base::Lang::read(caller.lang.code()).unwrap_or_default();
    let found = caller.read(&app, move |service, actor| {
        let Actor::Person { code, .. } = actor else { return Err(Failure::SignedOut) };
        let page = service.notices(code, after, limit)?;
        let notices = page.told.into_iter().map(|told| Notice {
            id: told.mark.to_string(),
            record: Id(told.record),
            mechanism: told.mechanism,
            rule: told.rule,
            at: told.at.rfc3339(),
            text: told.text.get(lang).to_owned(),
            read: told.read,
        });
        let next = page.next.map(|(read, mark)| format!("{}.{}", u8::from(read), mark));
        Ok(Notices { notices: notices.collect(), next, unread: service.unread(code)? })
    });
    found.await.map(Json)
}

/// Mark notices as read.
#[utoipa::path(
    post, path = "/notices/read", tag = "notices", request_body = ReadRequest,
    responses((status = 204, description = "They are read"), StaffProblems),
    security(("session" = []))
)]
pub async fn read_notices(
    State(app): State<App>,
    caller: Caller,
    Body(request): Body<ReadRequest>,
) -> Result<StatusCode, Problem> {
    let up_to: Mark = request.up_to.parse().map_err(|_| caller.problem(&QUERY).because("up_to"))?;
    let actor = caller.actor(&app).await?;
    let Actor::Person { code, .. } = actor else { return Err(caller.failure(&Failure::SignedOut, &app)) };
    caller.read_open(&app, move |service| service.read_notices(&code, up_to)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn cursor(text: &str) -> Option<(bool, Mark)> {
    let (read, at) = text.split_once('.')?;
    Some((read == "1", at.parse().ok()?))
}
