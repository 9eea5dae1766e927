//! `GET /dead-letters` and `POST /dead-letters/{id}`: messages that could not be sent, for whoever
//! administers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gongzhi_base::{Digest, Timestamp};
use gongzhi_service::Failure;
use gongzhi_store::outbox::{Channel, Message};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Address, Body, Params};
use super::problem::{CommandProblems, Problem, QUERY, StaffProblems};
use crate::app::App;

/// Which page of the dead letters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LettersQuery {
    /// What `next` of the page before said.
    pub before: Option<String>,
    /// Letters of a page, 1 to 200; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A message that could not be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Letter {
    pub id: String,
    /// Code of the person to whom it is addressed.
    pub person: String,
    /// `mail` or `hook`.
    pub channel: &'static str,
    pub subject: String,
    /// RFC 3339.
    pub made: String,
    /// Attempts so far.
    pub tries: u32,
    /// Why it could not be sent, in the server's words.
    pub error: String,
}

/// Messages that could not be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct Letters {
    /// Newest first.
    pub letters: Vec<Letter>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many wait to be sent, and how many are dead; each counted up to 1,000.
    pub waiting: u64,
    pub dead: u64,
}

/// What is to become of one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "again": true }))]
pub struct LetterDecision {
    /// Sent again, or thrown away.
    pub again: bool,
}

/// Read what could not be sent.
#[utoipa::path(
    get, path = "/dead-letters", tag = "notices", params(LettersQuery),
    responses((status = 200, description = "Messages that could not be sent", body = Letters), StaffProblems),
    security(("session" = []))
)]
pub async fn letters(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<LettersQuery>,
) -> Result<Json<Letters>, Problem> {
    let before = match &query.before {
        Some(text) => Some(cursor(text).ok_or_else(|| caller.problem(&QUERY).because("before"))?),
        None => None,
    };
    let limit = query.limit.unwrap_or(50).clamp(1, 200);
    let found = caller.read(&app, move |service, actor| {
        let (mut letters, _, waiting) = service.dead_letters(actor, before, limit + 1)?;
        let more = letters.len() > limit as usize;
        letters.truncate(limit as usize);
        let next = letters.last().filter(|_| more).map(|last| format!("{}.{}", last.made.0, last.id));
        let letters = letters.into_iter().map(letter).collect();
        Ok(Letters { letters, next, waiting: waiting.waiting, dead: waiting.dead })
    });
    found.await.map(Json)
}

/// Send a message again, or throw it away.
///
/// Who decided it is kept.
#[utoipa::path(
    post, path = "/dead-letters/{id}", tag = "notices", request_body = LetterDecision,
    params(("id" = String, Path, description = "The message")),
    responses((status = 204, description = "It is decided"), CommandProblems),
    security(("session" = []))
)]
pub async fn decide(
    State(app): State<App>,
    caller: Caller,
    Address(id): Address<String>,
    Body(decision): Body<LetterDecision>,
) -> Result<StatusCode, Problem> {
    let id: Digest = id.parse().map_err(|_| caller.failure(&Failure::NotFound, &app))?;
    let actor = caller.actor(&app).await?;
    caller.read_open(&app, move |service| service.decide_letter(&actor, id, decision.again)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn letter(message: Message) -> Letter {
    Letter {
        id: message.id.to_string(),
        channel: match message.channel {
            Channel::Mail => "mail",
            Channel::Hook => "hook",
        },
        person: message.person,
        subject: message.subject,
        made: message.made.rfc3339(),
        tries: message.tries,
        error: message.error,
    }
}

fn cursor(text: &str) -> Option<(Timestamp, Digest)> {
    let (made, id) = text.split_once('.')?;
    Some((Timestamp(made.parse().ok()?), id.parse().ok()?))
}
