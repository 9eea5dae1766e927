//! The territory: `GET /places`, `/places/{code}`, `/places/{code}/children`, `/places/near` and
//! `/places.geojson`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gongzhi_base::Point;
use gongzhi_kernel::World;
use gongzhi_kernel::world::Place;
use gongzhi_lang::model::Level;
use gongzhi_service::Failure;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json_, json};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Address, Params};
use super::problem::{Problem, PublicProblems, QUERY};
use super::shape::{PointShape, WordsShape, place_name};
use crate::app::App;
use crate::i18n::Lang;

/// Places of an answer at the most, where words are looked for.
const FOUND: usize = 30;

/// Places, as the islands of the pages take them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Places {
    pub items: Vec<PlaceItem>,
}

/// A place in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceItem {
    #[schema(example = "100200300200")]
    pub code: String,
    /// In the caller's language.
    pub name: String,
    /// Names of the places above it, without the county.
    pub path: String,
    /// `county`, `township`, `village` or `grid`.
    pub level: &'static str,
    /// Whether places lie under it.
    pub more: bool,
    /// The distance, where nearness was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metres: Option<u32>,
}

/// A place.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Place)]
pub struct PlaceShape {
    pub code: String,
    pub words: WordsShape,
    pub level: &'static str,
    /// Town, township, community, village and the like.
    pub kind: String,
    /// Codes of the places at and above it, from the county down.
    pub path: Vec<String>,
    pub more: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<PointShape>,
    /// Its bounds in words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub bounds: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phone: String,
}

/// Which places.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlaceQuery {
    /// Words of the name or of the names above it, in either language, or the beginning of a code.
    #[param(example = "mill")]
    pub q: Option<String>,
    /// Only places directly under this one; empty for the county.
    pub under: Option<String>,
    /// `county`, `township`, `village` or `grid`.
    pub level: Option<String>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// Where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NearQuery {
    #[param(example = 35.37)]
    pub lat: f64,
    #[param(example = 111.24)]
    pub lon: f64,
    /// `county`, `township`, `village` or `grid`.
    pub level: Option<String>,
    /// Places at the most, 1 to 20; 5 if left out.
    #[param(minimum = 1, maximum = 20)]
    pub limit: Option<usize>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

fn item(lang: Lang, world: &World, place: &Place) -> PlaceItem {
    let path = world.path(&place.code);
    let above = path.iter().skip(1).flatten().filter(|code| **code != place.code);
    let names: Vec<String> = above.map(|code| place_name(lang, world, code)).collect();
    PlaceItem {
        code: place.code.clone(),
        name: place_name(lang, world, &place.code),
        path: names.join(" / "),
        level: place.level.word(),
        more: world.children(&place.code).next().is_some(),
        metres: None,
    }
}

fn level(caller: &Caller, word: Option<&str>) -> Result<Option<Level>, Problem> {
    match word.filter(|word| !word.is_empty()) {
        None => Ok(None),
        Some(word) => match Level::read(word) {
            Some(level) => Ok(Some(level)),
            None => Err(caller.problem(&QUERY).because("level")),
        },
    }
}

/// Territory changes rarely, and its answers differ by language.
fn cached(body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Language, Cookie"));
    response
}

fn list(caller: &Caller, world: &World, query: &PlaceQuery) -> Result<Vec<PlaceItem>, Problem> {
    let level = level(caller, query.level.as_deref())?;
    let wanted = |place: &&Place| level.is_none_or(|level| place.level == level);
    let words: Vec<String> =
        query.q.as_deref().unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
    let words = words.as_slice();
    let under = query.under.as_deref().map(|code| if code.is_empty() { world.county.as_str() } else { code });
    let found = |place: &&Place| {
        let text = world.place_words(&place.code).to_lowercase();
        words.iter().all(|word| text.contains(word) || place.code.starts_with(word.as_str()))
    };
    // Whoever types a name means the place that bears it, before those under it.
    let own = |place: &Place| {
        let name = format!("{} {}", place.words.zh, place.words.en).to_lowercase();
        !words.iter().any(|word| name.contains(word))
    };
    let mut places: Vec<&Place> = match (under, words.is_empty()) {
        (Some(code), true) => world.children(code).filter(wanted).collect(),
        (Some(code), false) => world.children(code).filter(wanted).filter(found).collect(),
        (None, false) => world.places().filter(wanted).filter(found).collect(),
        (None, true) if level.is_some() => world.places().filter(wanted).collect(),
        (None, true) => Vec::new(),
    };
    if !words.is_empty() {
        places.sort_by_key(|place| (own(place), place.level, place.code.as_str()));
        places.truncate(FOUND);
    }
    Ok(places.into_iter().map(|place| item(caller.lang, world, place)).collect())
}

/// Find places.
///
/// With `q` by name, with `under` by the place above, with `level` alone all of a level.
#[utoipa::path(
    get, path = "/places", tag = "territory", params(PlaceQuery),
    responses((status = 200, description = "Places", body = Places), PublicProblems),
    security(())
)]
pub async fn places(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<PlaceQuery>,
) -> Result<Response, Problem> {
    let items = list(&caller, &app.service.state().world, &query)?;
    Ok(cached(Json(Places { items })))
}

/// Read a place.
#[utoipa::path(
    get, path = "/places/{code}", tag = "territory",
    params(("code" = String, Path, description = "The place", example = "100200300000")),
    responses((status = 200, description = "The place", body = PlaceShape), PublicProblems),
    security(())
)]
pub async fn place(
    State(app): State<App>,
    caller: Caller,
    Address(code): Address<String>,
) -> Result<Response, Problem> {
    let state = app.service.state();
    let world = &state.world;
    let place = world.place(&code).ok_or_else(|| caller.failure(&Failure::NotFound, &app))?;
    Ok(cached(Json(PlaceShape {
        code: place.code.clone(),
        words: (&place.words).into(),
        level: place.level.word(),
        kind: place.kind.clone(),
        path: world.path(&place.code).into_iter().flatten().collect(),
        more: world.children(&place.code).next().is_some(),
        point: place.point.map(PointShape::from),
        bounds: place.bounds.clone(),
        phone: place.phone.clone(),
    })))
}

/// List the places directly under a place.
#[utoipa::path(
    get, path = "/places/{code}/children", tag = "territory",
    params(("code" = String, Path, description = "The place above", example = "100200000000")),
    responses((status = 200, description = "The places under it", body = Places), PublicProblems),
    security(())
)]
pub async fn children(
    State(app): State<App>,
    caller: Caller,
    Address(code): Address<String>,
) -> Result<Response, Problem> {
    let state = app.service.state();
    state.world.place(&code).ok_or_else(|| caller.failure(&Failure::NotFound, &app))?;
    let items = state.world.children(&code).map(|place| item(caller.lang, &state.world, place)).collect();
    Ok(cached(Json(Places { items })))
}

/// Find the places nearest to a position.
#[utoipa::path(
    get, path = "/places/near", tag = "territory", params(NearQuery),
    responses((status = 200, description = "Places by distance", body = Places), PublicProblems),
    security(())
)]
pub async fn near(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<NearQuery>,
) -> Result<Json<Places>, Problem> {
    let level = level(&caller, query.level.as_deref())?;
    let point = Point::from_degrees(query.lat, query.lon);
    let point = point.ok_or_else(|| caller.problem(&QUERY).because("lat, lon"))?;
    let state = app.service.state();
    let wanted = state.world.places().filter(|place| level.is_none_or(|level| place.level == level));
    let mut near: Vec<(u32, &Place)> =
        wanted.filter_map(|place| Some((place.point?.metres_to(point) as u32, place))).collect();
    near.sort_by_key(|(metres, place)| (*metres, place.code.as_str()));
    near.truncate(query.limit.unwrap_or(5).clamp(1, 20));
    let items = near
        .into_iter()
        .map(|(metres, place)| PlaceItem { metres: Some(metres), ..item(caller.lang, &state.world, place) });
    Ok(Json(Places { items: items.collect() }))
}

/// The territory on a map: the points of townships, villages and grids (GeoJSON, RFC 7946).
///
/// The county's data holds no outlines yet; each place is a point.
#[utoipa::path(
    get, path = "/places.geojson", tag = "territory", params(PlaceQuery),
    responses((status = 200, description = "A collection of features", content_type = "application/geo+json", body = Object), PublicProblems),
    security(())
)]
pub async fn geojson(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<PlaceQuery>,
) -> Result<Response, Problem> {
    let level = level(&caller, query.level.as_deref())?;
    let state = app.service.state();
    let world = &state.world;
    let under = query.under.as_deref().filter(|code| !code.is_empty());
    let wanted = world.places().filter(|place| level.is_none_or(|level| place.level == level));
    let wanted = wanted.filter(|place| under.is_none_or(|code| world.covers(code, &place.code)));
    let features: Vec<Json_> = wanted.filter_map(|place| feature(caller.lang, world, place)).collect();
    let mut response = cached(Json(json!({ "type": "FeatureCollection", "features": features })));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/geo+json"));
    Ok(response)
}

fn feature(lang: Lang, world: &World, place: &Place) -> Option<Json_> {
    let (lat, lon) = place.point?.degrees();
    Some(json!({
        "type": "Feature",
        "id": place.code,
        // GeoJSON puts the longitude first.
        "geometry": { "type": "Point", "coordinates": [lon, lat] },
        "properties": {
            "code": place.code,
            "name": place_name(lang, world, &place.code),
            "level": place.level.word(),
            "kind": place.kind,
            "parent": place.parent,
        },
    }))
}
