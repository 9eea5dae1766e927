//! HTML pages: residents' and the desk's, generic over the mechanism documents.

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub mod desk;
mod erase;
mod fields;
mod follow;
mod form;
mod guard;
mod help;
mod home;
pub mod input;
pub mod names;
mod places;
pub mod posted;
pub mod problem;
pub mod proof;
mod public;
mod qr;
mod rates;
pub mod record;
mod report;
pub mod rows;
pub mod settings;
pub mod sheets;
mod tables;
#[cfg(test)]
mod tests;
mod verify;
pub mod visitor;
pub mod why;
pub mod words;

pub use guard::layers;

/// All pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(home::page))
        .route("/about", get(home::about))
        .route("/offline", get(home::offline))
        .route("/preferences", get(home::preferences).post(home::prefer))
        .route("/help", get(help::index))
        .route("/help/{document}", get(help::page))
        .route("/rates", get(rates::page))
        .route("/places", get(places::page).post(places::choose))
        .route("/places/children/{code}", get(places::children))
        .route("/places/search", get(places::find))
        .route("/places/outline.geojson", get(places::outline))
        .route("/places/{code}", get(public::page))
        .route("/places/{code}/{id}", get(public::one))
        .route("/places/{code}/{id}/why/{deadline}", get(public::why))
        .route("/places/{code}/{id}/files/{digest}", get(public::file))
        .route("/report", get(report::page).post(report::submit))
        .route("/g/{code}", get(report::scanned))
        .route("/receipt/{code}", get(report::receipt))
        .route("/verify", get(verify::page))
        .route("/follow", get(follow::find))
        .route("/follow/{code}", get(follow::page))
        .route("/follow/{code}/{step}", post(follow::act))
        .route("/follow/{code}/receipt", get(proof::page))
        .route("/follow/{code}/receipt.json", get(proof::file))
        .route("/follow/{code}/why/{deadline}", get(follow::why))
        .route("/follow/{code}/files/{digest}", get(follow::file))
        .route("/follow/{code}/data/erasure", get(erase::holder).post(erase::holder_submit))
        .route("/desk/r/{id}/erasure", get(erase::staff).post(erase::staff_submit))
        .merge(desk::routes())
        .merge(record::routes())
        .merge(sheets::routes())
}
