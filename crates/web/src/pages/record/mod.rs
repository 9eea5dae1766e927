//! One record at the desk: its page, its steps' forms, looks at personal fields, files; and opening
//! a new one for somebody.

pub mod files;
pub mod look;
mod moving;
pub mod new;
pub mod page;
mod parts;
pub mod print;
pub mod show;
pub mod step;

use axum::Router;
use axum::routing::{get, post};
use gongzhi_base::RecordId;
use gongzhi_service::Failure;
use gongzhi_service::desk::RecordView;

use super::problem::Trouble;
use super::visitor::{Me, Visitor};
use crate::app::App;

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/desk/new", get(new::choose))
        .route("/desk/new/{mechanism}/{step}", get(new::page).post(new::submit))
        .route("/desk/r/{id}", get(page::page))
        .route("/desk/r/{id}/do/{step}", get(step::page).post(step::submit))
        .route("/desk/r/{id}/print/{file}", get(print::page))
        .route("/desk/r/{id}/look", post(look::submit))
        .route("/desk/r/{id}/looks", get(look::list))
        .route("/desk/r/{id}/why/{deadline}", get(page::why))
        .route("/desk/r/{id}/files/{digest}", get(files::page))
        .route("/desk/files/{id}/{digest}", get(files::page))
}

/// A record with all that its pages show, if the person may read it.
pub async fn read(app: &App, visitor: &Visitor, me: &Me, id: &str) -> Result<RecordView, Trouble> {
    let Ok(id) = id.parse::<RecordId>() else {
        return Err(Trouble::at_desk(app, visitor, me, &Failure::NotFound));
    };
    let actor = me.actor();
    let view = app.read(move |service| service.view(&actor, id)).await;
    view.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))
}

/// Whether its records are what residents tell; others are entered for whoever gets the code.
pub fn told(mechanism: &gongzhi_lang::model::Mechanism) -> bool {
    mechanism.openers().any(|step| step.by.contains(&gongzhi_lang::model::Who::Anyone))
}
