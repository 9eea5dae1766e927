//! Sheets of a record's parts: the form to fill, the import with its preview, the sheet as it looks on
//! paper.

mod columns;
mod import;
mod paper;
mod shown;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;

pub use import::{file_words, no_table_words};
pub use paper::{links, printed, value};
pub use shown::{fault_words, hints, reported};

/// Their routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/desk/r/{id}/import/{mechanism}", get(import::page).post(import::upload))
        .route("/desk/r/{id}/import/{mechanism}/form.xlsx", get(columns::form))
        .route("/desk/r/{id}/import/{mechanism}/{token}", get(import::preview).post(import::apply))
        .route("/desk/import/{mechanism}", get(import::page).post(import::upload))
        .route("/desk/import/{mechanism}/form.xlsx", get(columns::form))
        .route("/desk/import/{mechanism}/{token}", get(import::preview).post(import::apply))
        .route("/desk/import/{mechanism}/{token}/left.csv", get(import::left))
        .route("/desk/r/{id}/sheet/{file}", get(paper::page))
}

/// The media type of XLSX.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A file to be saved under a name.
pub fn saved(bytes: Vec<u8>, media: &'static str, name: &str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
