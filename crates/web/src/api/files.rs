//! `POST /files` keeps a file before it is named in a command; `GET /records/{id}/files/{digest}`
//! gives it back to those who may read the record.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Extension, FromRequest, Multipart, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gongzhi_base::FileRef;
use gongzhi_service::Failure;
use gongzhi_service::files::{FileFault, MAX_BYTES};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Address, Params, unread};
use super::problem::{BODY, FileProblems, Problem, StaffProblems, TOO_LARGE, TOO_MANY};
use super::shape::{FileShape, Id};
use super::value;
use crate::app::App;

/// Most bytes of an upload, with room for the wrapping of a form.
pub const MAX_UPLOAD: usize = MAX_BYTES + 64 * 1024;

/// A brake on filling the disk, by address.
pub struct Uploads(DefaultKeyedRateLimiter<Option<IpAddr>>);

impl Default for Uploads {
    fn default() -> Uploads {
        let often = NonZeroU32::new(60).unwrap_or(NonZeroU32::MIN);
        Uploads(RateLimiter::keyed(Quota::per_minute(often)))
    }
}

/// How a file is to be taken.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Upload {
    /// Its name, for a body that is the file itself.
    #[param(example = "road.jpg")]
    pub name: Option<String>,
    /// Whether only a picture will do.
    pub photo: Option<bool>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// A form with one file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents the form")]
pub struct UploadForm {
    /// JPEG, PNG, WebP, PDF, DOCX or XLSX.
    #[schema(value_type = String, format = Binary)]
    pub file: Vec<u8>,
}

/// Keep a file.
///
/// The body is a form with the part `file`, or the file itself. Pictures are written anew without the place and camera data
/// that phones put into them. A file that no command names is of no use to anybody.
#[utoipa::path(
    post, path = "/files", tag = "files", params(Upload),
    request_body(content(
        (UploadForm = "multipart/form-data"),
        (Vec<u8> = "application/octet-stream")
    ), description = "At most 20 MiB"),
    responses((status = 201, description = "Kept; use it as a field's value", body = FileShape), FileProblems),
    security((), ("session" = []))
)]
pub async fn upload(
    State(app): State<App>,
    Extension(uploads): Extension<Arc<Uploads>>,
    caller: Caller,
    Params(upload): Params<Upload>,
    request: Request,
) -> Result<Response, Problem> {
    if uploads.0.check_key(&caller.address()).is_err() {
        return Err(caller.problem(&TOO_MANY));
    }
    // Whoever sends a token means it: an ended session is told before megabytes are read.
    caller.actor(&app).await?;
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (name, bytes) = match media.is_some_and(|media| media.starts_with("multipart/")) {
        true => part(&caller, request, &app).await?,
        false => {
            let bytes = Bytes::from_request(request, &app).await;
            (String::new(), bytes.map_err(|rejection| unread(caller.lang, &rejection))?)
        }
    };
    let name = upload.name.unwrap_or(name);
    let photo = upload.photo.unwrap_or(false);
    let kept = app.read(move |service| Ok(service.files.keep(&name, &bytes, photo))).await;
    let kept = kept.map_err(|failure| caller.failure(&failure, &app))?;
    let kept = kept.map_err(|fault| Problem::file(caller.lang, &fault))?;
    Ok((StatusCode::CREATED, Json(FileShape::from(&kept))).into_response())
}

/// The part `file` of a form.
async fn part(caller: &Caller, request: Request, app: &App) -> Result<(String, Bytes), Problem> {
    let form = Multipart::from_request(request, app).await;
    let mut form = form.map_err(|rejection| caller.problem(&BODY).because(rejection.body_text()))?;
    let broken = |error: axum::extract::multipart::MultipartError| {
        let kind = match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => &TOO_LARGE,
            _ => &BODY,
        };
        caller.problem(kind).because(error.body_text())
    };
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or_default().to_owned();
            return Ok((name, field.bytes().await.map_err(broken)?));
        }
    }
    Err(Problem::file(caller.lang, &FileFault::Empty))
}

/// Read a file of a record.
#[utoipa::path(
    get, path = "/records/{id}/files/{digest}", tag = "files",
    params(("id" = Id, Path, description = "The record"), ("digest" = String, Path, description = "The file's digest")),
    responses((status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>), StaffProblems),
    security(("session" = []))
)]
pub async fn file(
    State(app): State<App>,
    caller: Caller,
    Address((id, digest)): Address<(String, String)>,
) -> Result<Response, Problem> {
    let id = caller.record_id(&id, &app)?;
    let view = caller.read(&app, move |service, actor| service.view(actor, id)).await?;
    let file = value::file_of(&view.record, &view.history, &digest, |_| true);
    send(&app, &caller, file).await
}

/// What need not be escaped in a header's `filename*` (RFC 8187).
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// Sends a kept file. Nothing in it may run in a browser.
pub async fn send(app: &App, caller: &Caller, file: Option<FileRef>) -> Result<Response, Problem> {
    let missing = || caller.failure(&Failure::NotFound, app);
    let file = file.ok_or_else(missing)?;
    let path = app.service.files.path(file.digest);
    let bytes = app.read(move |_| Ok(std::fs::read(path))).await;
    let bytes = bytes.map_err(|failure| caller.failure(&failure, app))?.map_err(|error| {
        tracing::error!(%error, digest = %file.digest, "a kept file cannot be read");
        missing()
    })?;
    let shown = if file.media.starts_with("image/") { "inline" } else { "attachment" };
    let disposition = format!("{shown}; filename*=UTF-8''{}", utf8_percent_encode(&file.name, NAME));
    let mut response = Body::from(bytes).into_response();
    let headers = response.headers_mut();
    let media = HeaderValue::from_str(&file.media);
    headers
        .insert(header::CONTENT_TYPE, media.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600, immutable"));
    Ok(response)
}
