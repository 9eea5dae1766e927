//! The desk's pages that show many records, and signing in. One record's pages stand in
//! [`super::record`].

pub mod account;
pub mod audit;
pub mod board;
pub mod burden;
pub mod dead_letters;
pub mod export;
pub mod inbox;
pub mod lists;
pub mod live;
pub mod notice_settings;
pub mod notices;
pub mod operate;
pub mod rounds;
pub mod sign_in;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(lists::routes())
        .route("/desk", get(inbox::page))
        .route("/desk/sign-in", get(sign_in::page).post(sign_in::submit))
        .route("/desk/sign-out", post(sign_in::out))
        .route("/desk/export/{file}", get(export::page))
        .route("/desk/board", get(board::page))
        .route("/desk/rounds", get(rounds::page))
        .route("/desk/rounds/{mechanism}", post(rounds::again))
        .route("/desk/burden", get(burden::page))
        .route("/desk/audit", get(audit::page).post(audit::begin))
        .route("/desk/audit/looks", get(audit::looks))
        .route("/desk/live", get(live::events))
        .route("/desk/account", get(account::page))
        .route("/desk/notices", get(notices::page))
        .route("/desk/notices/read", post(notices::read_all))
        .route("/desk/notices/settings", get(notice_settings::page).post(notice_settings::save))
        .route("/desk/notices/test/{channel}", post(notice_settings::test))
        .route("/desk/notices/calendar", post(notice_settings::new_calendar))
        .route("/desk/notices/calendar/end", post(notice_settings::end_calendar))
        .route("/desk/notices/{mark}", get(notices::open))
        .route("/desk/calendar.ics", get(notice_settings::feed))
        .route("/desk/operate", get(operate::page))
        .route("/desk/dead-letters", get(dead_letters::page))
        .route("/desk/dead-letters/{id}", post(dead_letters::decide))
}
