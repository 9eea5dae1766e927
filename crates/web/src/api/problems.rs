//! `GET /problems`: the kinds of problems, which their `type` points at.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{OWN, TOLD};
use super::shape::WordsShape;
use crate::i18n::{Lang, has, t};

/// The kinds of problems.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemKinds {
    pub items: Vec<ProblemKind>,
}

/// A kind of problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemKind {
    /// The fragment of `type`.
    #[schema(example = "stale")]
    pub kind: String,
    pub status: u16,
    pub title: WordsShape,
}

/// List the kinds of problems.
#[utoipa::path(
    get, path = "/problems", tag = "description",
    responses((status = 200, description = "All kinds", body = ProblemKinds)),
    security(())
)]
pub async fn problems() -> Json<ProblemKinds> {
    let title = |kind: &str| {
        let keys = ["api", "refusal", "failure"].map(|prefix| format!("{prefix}-{kind}-title"));
        let key = keys.into_iter().find(|key| has(Lang::Zh, key)).unwrap_or_default();
        WordsShape { zh: t(Lang::Zh, &key).into_owned(), en: t(Lang::En, &key).into_owned() }
    };
    let own = OWN.iter().map(|kind| (kind.slug, kind.status.as_u16()));
    let items = own.chain(TOLD.iter().copied()).map(|(kind, status)| ProblemKind {
        kind: kind.to_owned(),
        status,
        title: title(kind),
    });
    Json(ProblemKinds { items: items.collect() })
}
