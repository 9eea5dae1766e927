//! The desk's pages that show many records, and signing in. One record's pages stand in
//! [`super::record`].

pub mod account;
pub mod board;
pub mod burden;
pub mod inbox;
pub mod list;
pub mod live;
pub mod sign_in;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/desk", get(inbox::page))
        .route("/desk/sign-in", get(sign_in::page).post(sign_in::submit))
        .route("/desk/sign-out", post(sign_in::out))
        .route("/desk/list", get(list::page))
        .route("/desk/search", get(list::page))
        .route("/desk/board", get(board::page))
        .route("/desk/burden", get(burden::page))
        .route("/desk/live", get(live::events))
        .route("/desk/account", get(account::page))
}
