//! Places: the picker's answers for script, and the way through the territory without it.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse as _, Response};
use gongzhi_kernel::world::Place;
use gongzhi_lang::model::Level;
use gongzhi_service::State as County;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::fields::{find_places, search};
use super::names;
use super::problem::ok;
use super::visitor::Visitor;
use crate::app::App;
use crate::i18n::Lang;
use crate::view::{Field, FieldGroup, FieldKind, Form, Link, PlaceChild, PlaceInput, PlacePage};

/// A place as script takes it.
#[derive(Serialize)]
struct Item {
    code: String,
    name: String,
    path: String,
    level: &'static str,
    /// Whether places lie under it.
    more: bool,
}

fn item(lang: Lang, state: &County, place: &Place) -> Item {
    Item {
        code: place.code.clone(),
        name: names::place_alone(lang, state, &place.code),
        path: names::place(lang, state, &place.code),
        level: place.level.word(),
        more: state.world.children(&place.code).next().is_some(),
    }
}

/// `GET /places/children/{code}`
pub async fn children(Path(code): Path<String>, State(app): State<App>, visitor: Visitor) -> Response {
    let state = app.service.state();
    let items: Vec<Item> =
        state.world.children(&code).map(|place| item(visitor.lang, &state, place)).collect();
    Json(json!({ "items": items })).into_response()
}

/// Words looked for, or the place gone into.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    at: String,
}

/// `GET /places/search?q=`
pub async fn find(Query(asked): Query<Asked>, State(app): State<App>, visitor: Visitor) -> Response {
    let state = app.service.state();
    let codes = find_places(&state.world, &asked.q, &[]);
    let places = codes.iter().filter_map(|code| state.world.place(code));
    let items: Vec<Item> = places.map(|place| item(visitor.lang, &state, place)).collect();
    Json(json!({ "items": items })).into_response()
}

/// `GET /places/outline.geojson`: the townships' and grids' positions for the map.
pub async fn outline(State(app): State<App>, visitor: Visitor) -> Response {
    let state = app.service.state();
    let placed = state.world.places().filter_map(|place| Some((place, place.point?)));
    let features: Vec<_> = placed
        .map(|(place, point)| {
            let (lat, lon) = point.degrees();
            json!({
                "type": "Feature",
                "properties": { "code": place.code, "name": names::place_alone(visitor.lang, &state, &place.code),
                    "level": place.level.word() },
                "geometry": { "type": "Point", "coordinates": [lon, lat] },
            })
        })
        .collect();
    Json(json!({ "type": "FeatureCollection", "features": features })).into_response()
}

/// `GET /places?at=`: level by level to the place, then to the report's form.
pub async fn page(Query(asked): Query<Asked>, State(app): State<App>, visitor: Visitor) -> Response {
    let state = app.service.state();
    let lang = visitor.lang;
    let at = if state.world.place(&asked.at).is_some() { asked.at } else { state.world.county.clone() };
    let mut path: Vec<Link> = state
        .world
        .path(&at)
        .into_iter()
        .flatten()
        .map(|code| Link::new(names::place_alone(lang, &state, &code), format!("/places?at={code}")))
        .collect();
    if let Some(last) = path.last_mut() {
        last.href.clear();
    }
    let child = |place: &Place| {
        let under = state.world.children(&place.code).count();
        PlaceChild {
            name: names::place_alone(lang, &state, &place.code),
            note: names::level(lang, place.level),
            open_href: if under > 0 { format!("/places?at={}", place.code) } else { String::new() },
            choose_href: format!("/g/{}", place.code),
            board_href: match app.service.published_at(place.level).is_empty() {
                true => String::new(),
                false => super::public::address(&place.code),
            },
        }
    };
    let picker = PlaceInput {
        results: (!asked.q.is_empty()).then(|| search(lang, &state, &asked.q, &Level::ALL[1..])),
        query: asked.q.clone(),
        children_url: "/places/children/".to_owned(),
        search_url: "/places/search?q=".to_owned(),
        ..PlaceInput::default()
    };
    let field = Field {
        name: "place".to_owned(),
        label: visitor.t("place-title"),
        required: true,
        kind: FieldKind::Place(picker),
        ..Field::default()
    };
    ok(&PlacePage {
        s: visitor.shell(&app, visitor.t("place-title")),
        form: Form {
            id: "place-form".to_owned(),
            action: "/places".to_owned(),
            groups: vec![FieldGroup { fields: vec![field], ..FieldGroup::default() }],
            submit: visitor.t("place-choose"),
            ..Form::default()
        },
        path,
        children: state.world.children(&at).map(child).collect(),
    })
}

/// `POST /places`: to the form with the place chosen, or to what was found.
pub async fn choose(State(app): State<App>, posted: super::posted::Posted) -> Response {
    let code = posted.text("place").to_owned();
    if app.service.state().world.place(&code).is_some() {
        return super::problem::see(&format!("/report?place={code}"));
    }
    let query =
        percent_encoding::utf8_percent_encode(posted.text("place.q"), percent_encoding::NON_ALPHANUMERIC);
    super::problem::see(&format!("/places?q={query}"))
}
