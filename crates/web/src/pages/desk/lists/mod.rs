//! Lists of records and the other views of them, saved filters, steps of many records, and places.

mod apart;
mod asked;
mod board;
mod bulk;
mod calendar;
pub mod cell;
mod counted;
mod figures;
pub mod files;
mod head;
mod map;
mod matrix;
pub mod page;
mod places;
mod saved;
mod search;
mod timeline;

use axum::Router;
use axum::response::Redirect;
use axum::routing::{get, post};

use crate::app::App;

pub use asked::Asked;
pub use page::{figure_href, figure_words, value_words};

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/desk/list", get(page::page))
        .route("/desk/search", get(page::page))
        .route("/desk/list.geojson", get(map::points))
        .route("/desk/lists", get(places::index))
        .route("/desk/list/save", post(saved::save))
        .route("/desk/list/forget", post(saved::forget))
        .route("/desk/list/columns", post(saved::columns))
        // Preview and result are answers to what was chosen: asked for by their address alone, they lead to the lists.
        .route("/desk/bulk", get(async || Redirect::to("/desk/lists")).post(bulk::submit))
        .route("/desk/figures/{mechanism}", get(figures::page))
        .route("/desk/places/{code}", get(places::page))
        .route("/desk/r/{id}/counted/{field}", get(counted::page))
}
