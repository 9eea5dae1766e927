//! `GET /log/proof`: proofs over the public log, for whoever does not want to compute them from its
//! tiles (`/log/tile/…`).

use axum::Json;
use axum::extract::State;
use gongzhi_service::Failure;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::Params;
use super::problem::{self, Problem, PublicProblems};
use crate::app::App;

/// Which proof: of an entry (`entry`), or that the log only grew (`from`).
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Sequence of an entry, counted from 0: proves that it is in the log.
    pub entry: Option<u64>,
    /// Size of an earlier log: proves that the log continues it.
    pub from: Option<u64>,
    /// Size of the log to which the proof leads; the present one if left out.
    pub size: Option<u64>,
}

/// A proof after RFC 6962.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proof)]
pub struct ProofShape {
    /// Size of the log to which it leads.
    pub size: u64,
    /// Hashes in hexadecimal digits: for an entry from the leaf upwards; for a log as in RFC 9162, 2.1.4.
    pub hashes: Vec<String>,
}

/// Prove an entry, or that the log only grew.
#[utoipa::path(
    get, path = "/log/proof", operation_id = "proof", tag = "log", params(Wanted),
    responses((status = 200, description = "The proof", body = ProofShape), PublicProblems),
    security(())
)]
pub async fn proof(
    State(app): State<App>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
) -> Result<Json<ProofShape>, Problem> {
    let (entry, from) = (wanted.entry, wanted.from);
    if entry.is_some() == from.is_some() {
        return Err(caller.problem(&problem::QUERY).because("give either `entry` or `from`".to_owned()));
    }
    let found = caller.read_open(&app, move |service| {
        let size = match wanted.size {
            Some(size) => size,
            None => service.checkpoint()?.checkpoint.size,
        };
        let hashes = match (entry, from) {
            (Some(entry), _) => service.prove_inclusion(entry, size),
            (_, Some(from)) => service.prove_consistency(from, size),
            (None, None) => Err(Failure::NotFound),
        };
        Ok((size, hashes?))
    });
    let (size, hashes) = found.await?;
    Ok(Json(ProofShape { size, hashes: hashes.iter().map(ToString::to_string).collect() }))
}
