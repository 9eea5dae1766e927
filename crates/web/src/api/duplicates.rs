//! `GET /duplicates`: records that may tell of the same thing. A person decides.

use axum::Json;
use axum::extract::State;
use gongzhi_base::Point;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::Params;
use super::problem::{Problem, StaffProblems};
use super::shape::RowShape;
use crate::app::App;

/// What a new record would say.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Told {
    #[param(example = "matter")]
    pub mechanism: String,
    pub text: String,
    /// Code of the place.
    pub place: String,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    /// A record to leave out: the one compared.
    pub except: Option<String>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// Likely duplicates.
#[derive(Debug, Serialize, ToSchema)]
pub struct Duplicates {
    /// Best first.
    pub items: Vec<LikelyShape>,
}

/// A likely duplicate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Likely)]
pub struct LikelyShape {
    pub record: RowShape,
    /// How alike the words are, 0 to 100.
    pub likeness: u8,
    /// The distance, where both have a point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metres: Option<u32>,
}

/// Find likely duplicates near in place, time and words.
#[utoipa::path(
    get, path = "/duplicates", tag = "proposals", params(Told),
    responses((status = 200, description = "Likely duplicates that the caller may read", body = Duplicates), StaffProblems),
    security(("session" = []))
)]
pub async fn duplicates(
    State(app): State<App>,
    caller: Caller,
    Params(told): Params<Told>,
) -> Result<Json<Duplicates>, Problem> {
    let found = caller.read(&app, move |service, actor| {
        let point = told.lat.zip(told.lon).and_then(|(lat, lon)| Point::from_degrees(lat, lon));
        let except = told.except.and_then(|id| id.parse().ok());
        service.likely_duplicates(actor, &told.mechanism, &told.text, &told.place, point, except)
    });
    let items = found.await?.into_iter().map(|likely| LikelyShape {
        record: likely.row.into(),
        likeness: likely.likeness,
        metres: likely.metres,
    });
    Ok(Json(Duplicates { items: items.collect() }))
}
