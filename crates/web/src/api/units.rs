//! `GET /units`: offices, departments and committees.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::Params;
use super::problem::{Problem, PublicProblems};
use super::shape::WordsShape;
use crate::app::App;

/// Which units.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UnitQuery {
    /// Words of the name, in either language.
    pub q: Option<String>,
    #[param(example = "township-office")]
    pub kind: Option<String>,
    /// Units in charge of this very place.
    pub place: Option<String>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// Units.
#[derive(Debug, Serialize, ToSchema)]
pub struct Units {
    pub items: Vec<UnitShape>,
}

/// A unit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unit)]
pub struct UnitShape {
    pub code: String,
    pub words: WordsShape,
    #[schema(example = "township-office")]
    pub kind: String,
    /// The place it is in charge of.
    pub place: String,
    /// The unit to which what is stuck is raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superior: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// Whether it sits in the county's one-stop centre.
    pub resident: bool,
}

/// List units.
#[utoipa::path(
    get, path = "/units", tag = "territory", params(UnitQuery),
    responses((status = 200, description = "Units by code", body = Units), PublicProblems),
    security(())
)]
pub async fn units(State(app): State<App>, Params(query): Params<UnitQuery>) -> Result<Json<Units>, Problem> {
    let state = app.service.state();
    let q = query.q.as_deref().unwrap_or_default().trim().to_lowercase();
    let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
    let wanted = state.world.units().filter(|unit| {
        is(&query.kind, &unit.kind)
            && is(&query.place, &unit.place)
            && (q.is_empty() || format!("{} {}", unit.words.zh, unit.words.en).to_lowercase().contains(&q))
    });
    let items = wanted.map(|unit| UnitShape {
        code: unit.code.clone(),
        words: (&unit.words).into(),
        kind: unit.kind.clone(),
        place: unit.place.clone(),
        superior: unit.superior.clone(),
        phone: unit.phone.clone(),
        resident: unit.resident,
    });
    Ok(Json(Units { items: items.collect() }))
}
