//! The REST API under `/api/v1`. One file holds a whole endpoint: types, documentation, handler and
//! errors. This file only lists.

pub mod attached;
mod bulk;
pub mod caller;
mod catalogues;
mod dead_letters;
mod duplicates;
mod erasure;
mod figures;
pub mod files;
mod follow;
mod history;
mod import;
mod inbox;
mod input;
mod kinds;
mod list;
mod log;
mod looks;
mod mechanisms;
mod notice_settings;
mod notices;
mod open;
mod places;
mod problem;
mod problems;
mod receipt;
mod record;
mod search;
mod session;
mod shape;
mod step;
mod units;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::i18n::Lang;
use caller::Caller;
use problem::Problem;

/// The description's frame; paths and schemas come from the endpoints.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gongzhi",
        version = "1",
        description = "Records of a county's mechanisms: open, act, read, follow, count. Mechanisms, fields and steps are the county's own \
            documents; `GET /mechanisms` tells them. Commands carry a `command_id` chosen by the client and may be sent again without harm. \
            Problems are RFC 9457 problem details in the language of `Accept-Language` (`zh`, `en`).",
        license(name = "MIT OR Apache-2.0")
    ),
    servers((url = "/api/v1")),
    components(schemas(problem::Problem)),
    tags(
        (name = "session", description = "Signing in and out"),
        (name = "description", description = "Mechanisms, catalogues and problems"),
        (name = "territory", description = "Places and units"),
        (name = "records", description = "Records: staff and whoever a mechanism lets open them"),
        (name = "notices", description = "What one was told"),
        (name = "follow", description = "Records by receipt code"),
        (name = "log", description = "Receipts and proofs over the public log (`/log/checkpoint`, `/log/keys`, `/log/tile/…`)"),
        (name = "files", description = "Attachments"),
        (name = "figures", description = "Indicators"),
        (name = "proposals", description = "Likely duplicates and kinds; a person decides")
    ),
    modifiers(&Session)
)]
struct Description;

/// Declares the bearer token of a session.
struct Session;

impl Modify for Session {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("64 hexadecimal digits")
            .description(Some("The token that `POST /sign-in` answers"))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::Http(scheme));
    }
}

/// Routes and their description.
fn described() -> (Router<App>, utoipa::openapi::OpenApi) {
    let uploads = OpenApiRouter::new()
        .routes(routes!(files::upload))
        .layer(DefaultBodyLimit::max(files::MAX_UPLOAD))
        .layer(Extension(Arc::new(files::Uploads::default())));
    let sheets = OpenApiRouter::new()
        .routes(routes!(import::import))
        .routes(routes!(import::import_register))
        .layer(DefaultBodyLimit::max(gongzhi_service::import::LIMITS.bytes + 1));
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(session::sign_in))
        .routes(routes!(session::sign_out))
        .routes(routes!(mechanisms::mechanisms))
        .routes(routes!(mechanisms::mechanism))
        .routes(routes!(catalogues::catalogue))
        .routes(routes!(problems::problems))
        .routes(routes!(places::places))
        .routes(routes!(places::near))
        .routes(routes!(places::geojson))
        .routes(routes!(places::place))
        .routes(routes!(places::children))
        .routes(routes!(units::units))
        .routes(routes!(open::open, list::list))
        .routes(routes!(record::record))
        .routes(routes!(step::step))
        .routes(routes!(bulk::bulk))
        .routes(routes!(history::history))
        .routes(routes!(looks::look))
        .routes(routes!(erasure::staff))
        .routes(routes!(files::file))
        .routes(routes!(inbox::inbox))
        .routes(routes!(notices::notices))
        .routes(routes!(notices::read_notices))
        .routes(routes!(notice_settings::settings, notice_settings::choose_settings))
        .routes(routes!(dead_letters::letters))
        .routes(routes!(dead_letters::decide))
        .routes(routes!(search::search))
        .routes(routes!(figures::figures))
        .routes(routes!(duplicates::duplicates))
        .routes(routes!(kinds::propose))
        .routes(routes!(follow::follow))
        .routes(routes!(follow::step))
        .routes(routes!(erasure::holder))
        .routes(routes!(follow::file))
        .routes(routes!(receipt::holder))
        .routes(routes!(receipt::staff))
        .routes(routes!(log::proof))
        .layer(DefaultBodyLimit::max(input::MAX_JSON))
        .merge(uploads)
        .merge(sheets)
        .split_for_parts()
}

/// The API's routes, to be nested under `/api/v1`.
pub fn routes() -> Router<App> {
    let (router, description) = described();
    let description = Bytes::from(serde_json::to_vec(&description).unwrap_or_default());
    let openapi = move || {
        let description = description.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], description).into_response() }
    };
    router
        .route("/openapi.json", get(openapi))
        .layer(CatchPanicLayer::custom(broken))
        .method_not_allowed_fallback(wrong_method)
        .fallback(no_route)
}

/// A fault of ours: no stack trace, and in both languages' first one, since the request is gone.
fn broken(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::own(Lang::default(), &problem::BROKEN).into_response()
}

async fn wrong_method(caller: Caller) -> Problem {
    caller.problem(&problem::METHOD)
}

async fn no_route(caller: Caller) -> Problem {
    caller.problem(&problem::ROUTE)
}
