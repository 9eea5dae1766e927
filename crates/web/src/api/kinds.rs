//! `GET /kinds/propose`: kinds that fit a text. A person decides.

use axum::Json;
use axum::extract::State;
use gongzhi_service::Failure;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::Params;
use super::problem::{Problem, PublicProblems};
use super::shape::WordsShape;
use crate::app::App;

/// What is told.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Told {
    #[param(example = "matter")]
    pub mechanism: String,
    #[param(example = "no water at home for two days")]
    pub text: String,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// Proposed kinds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Proposals {
    /// Best first, three at the most.
    pub items: Vec<ProposalShape>,
}

/// A proposed kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Proposal)]
pub struct ProposalShape {
    pub code: String,
    pub words: WordsShape,
    /// Names of the entries above it, from the top.
    pub above: Vec<WordsShape>,
    /// Only for comparing: higher fits better.
    pub weight: u32,
}

/// Propose kinds by the words of a text.
#[utoipa::path(
    get, path = "/kinds/propose", tag = "proposals", params(Told),
    responses((status = 200, description = "Proposed kinds", body = Proposals), PublicProblems),
    security(())
)]
pub async fn propose(
    State(app): State<App>,
    caller: Caller,
    Params(told): Params<Told>,
) -> Result<Json<Proposals>, Problem> {
    let name = app.service.kind_catalogue(&told.mechanism);
    let name = name.ok_or_else(|| caller.failure(&Failure::NotFound, &app))?;
    let text: String = told.text.chars().take(2_000).collect();
    let state = app.service.state();
    let words = |code: &str| {
        let entry = state.world.catalogue(&name).and_then(|catalogue| catalogue.entries.get(code));
        entry.map(|entry| WordsShape::from(&entry.words))
    };
    let proposals = app.service.propose_kind(&name, &text).into_iter();
    let items = proposals.filter_map(|proposal| {
        let mut path = state.world.entry_path(&name, &proposal.code);
        path.pop();
        Some(ProposalShape {
            words: words(&proposal.code)?,
            above: path.iter().filter_map(|code| words(code)).collect(),
            weight: proposal.weight,
            code: proposal.code,
        })
    });
    Ok(Json(Proposals { items: items.collect() }))
}
