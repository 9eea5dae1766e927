//! A map: the records at their points, or at their places. The list beside it says the same without script, a page at
//! a time.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use gongzhi_service::listing::Listed;
use serde_json::json;

use super::asked::Asked;
use super::cell;
use super::page::{Seen, ask, row};
use crate::app::App;
use crate::pages::desk::export;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::visitor::{Me, Visitor};
use crate::view::{MapPage, Tone};

/// Points of one map at most.
const MOST: usize = 2_000;

/// The map with the list beside it.
pub async fn page(seen: &Seen<'_>) -> Answer {
    let ask = ask(seen);
    let listing = seen.read(move |service, actor| service.listing(actor, &ask)).await?;
    let asked = seen.asked;
    let page = MapPage {
        s: seen.shell(),
        head: seen.head(),
        src: format!("/desk/list.geojson?{}", seen.head_asked().query()),
        center: seen.visitor.presentation.centre.clone(),
        columns: seen.heads(&listing.columns),
        rows: listing.rows.iter().map(|one| row(seen, &listing.columns, one)).collect(),
        downloads: seen.records_as_files(&[], !listing.rows.is_empty()),
        paging: asked.paging(listing.next),
    };
    Ok(ok(&page))
}

/// `GET /desk/list.geojson`: the same records as points.
pub async fn points(State(app): State<App>, visitor: Visitor, me: Me, asked: Asked) -> Answer {
    let (mut ask, actor) = (asked.ask(""), me.actor());
    (ask.after, ask.limit) = (None, export::ROUND);
    let all = app.read(move |service| {
        let mut rows = Vec::new();
        loop {
            let page = service.listing(&actor, &ask)?;
            rows.extend(page.rows);
            ask.after = page.next;
            if page.next.is_none() || rows.len() >= MOST {
                rows.truncate(MOST);
                return Ok(rows);
            }
        }
    });
    let rows: Vec<Listed> = all.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let state = app.service.state();
    let point = |one: &Listed| {
        let placed = || one.row.path.iter().rev().flatten().find_map(|code| state.world.place(code)?.point);
        one.row.point.or_else(placed)
    };
    let features = rows.iter().filter_map(|one| {
        let (lat, lon) = point(one)?.degrees();
        let shown = cell::state_of(visitor.lang, one);
        let tone = if one.row.late { Tone::Late } else { shown.tone };
        Some(json!({
            "type": "Feature",
            "properties": { "label": cell::title(one), "href": format!("/desk/r/{}", one.row.id), "tone": tone.code() },
            "geometry": { "type": "Point", "coordinates": [lon, lat] },
        }))
    });
    let all: Vec<_> = features.collect();
    let response: Response = Json(json!({ "type": "FeatureCollection", "features": all })).into_response();
    Ok(response)
}
