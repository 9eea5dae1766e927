//! Files of records, for those who may read the record that holds them.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gongzhi_base::FileRef;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::show::held_file;
use crate::app::App;
use crate::pages::problem::{Answer, Trouble};
use crate::pages::visitor::{Me, Visitor};

/// `GET /desk/r/{record}/files/{digest}`
pub async fn page(
    Path((record, digest)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
) -> Answer {
    let view = super::read(&app, &visitor, &me, &record).await?;
    let file = digest.parse().ok().and_then(|digest| held_file(&view, digest, true));
    match file {
        Some(file) => Ok(send(&app, &file).await),
        None => Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND)),
    }
}

/// Sends a kept file under its name. Photos are shown, other files are saved.
pub async fn send(app: &App, file: &FileRef) -> Response {
    let bytes = match tokio::fs::read(app.service.files.path(file.digest)).await {
        Ok(bytes) => bytes,
        Err(error) => {
            tracing::error!(%error, digest = %file.digest, "a kept file cannot be read");
            return StatusCode::NOT_FOUND.into_response();
        }
    };
    let photo = file.media.starts_with("image/");
    let way = if photo { "inline" } else { "attachment" };
    let name = utf8_percent_encode(&file.name, NON_ALPHANUMERIC);
    let disposition = HeaderValue::from_str(&format!("{way}; filename*=UTF-8''{name}"));
    let media = HeaderValue::from_str(&file.media);
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers
        .insert(header::CONTENT_TYPE, media.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers
        .insert(header::CONTENT_DISPOSITION, disposition.unwrap_or(HeaderValue::from_static("attachment")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    response
}
