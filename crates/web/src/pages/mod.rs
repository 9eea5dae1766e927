//! HTML pages: residents' and the desk's, generic over the mechanism documents.

use axum::Router;

use crate::app::App;

pub mod desk;
mod guard;
pub mod input;
pub mod names;
pub mod posted;
pub mod problem;
pub mod public;
pub mod reach;
pub mod rows;
pub mod settings;
pub mod visitor;
pub mod why;
pub mod words;

pub use guard::layers;

/// All pages.
pub fn routes() -> Router<App> {
    Router::new().merge(desk::routes()).merge(public::routes())
}
