//! What operators and browsers need besides pages and API: health, metrics, and the built files of
//! `web/dist`, which are part of the binary.

use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use gongzhi_service::Failure;
use gongzhi_store::StoreError;

use crate::app::App;

mod dist;

pub use dist::assets;

/// Health, metrics and built files.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(numbers))
        .route("/assets/{file}", get(asset))
        .route("/icons/{file}", get(icon))
        .route(
            "/app.webmanifest",
            get(|headers: HeaderMap| async move { dist::send("app.webmanifest", &headers) }),
        )
        .route("/sw.js", get(|headers: HeaderMap| async move { dist::send("sw.js", &headers) }))
        .route("/favicon.ico", get(|headers: HeaderMap| async move { dist::send("favicon.ico", &headers) }))
}

/// The process lives; nothing else is asked.
async fn alive() -> &'static str {
    "ok\n"
}

/// Whoever balances asks every few seconds.
const READY: std::time::Duration = std::time::Duration::from_secs(2);

/// Requests can be answered: the database can be read and written, and the clock is not behind it. 503 otherwise.
async fn ready(State(app): State<App>) -> Response {
    match app.read_within(READY, |service| service.ready()).await {
        Ok(()) => "ready\n".into_response(),
        Err(failure) => {
            tracing::error!(?failure, "not ready");
            let why = match failure {
                Failure::Clock { .. } => "the clock is behind the last entry\n",
                Failure::Store(StoreError::Full) => "the database's disk is full\n",
                _ => "the database does not answer\n",
            };
            (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
        }
    }
}

/// The numbers in Prometheus' text form.
async fn numbers(State(app): State<App>) -> Response {
    let media = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, "no-store")], app.metrics.render())
        .into_response()
}

async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    dist::send(&file, &headers)
}

async fn icon(Path(file): Path<String>, headers: HeaderMap) -> Response {
    dist::send(&format!("icons/{file}"), &headers)
}

/// Measures each request: `gongzhi_http_seconds` by method, route and status. A layer for the
/// whole router; what matches no route counts under one name, so that scanners make no new series.
pub async fn measure(request: Request, next: Next) -> Response {
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let path = matched.map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let begin = tick();
    let response = next.run(request).await;
    let labels = [
        ("method", metrics::SharedString::const_str(method)),
        ("path", metrics::SharedString::from_owned(path)),
        ("status", metrics::SharedString::const_str(class(response.status()))),
    ];
    metrics::histogram!("gongzhi_http_seconds", &labels).record(begin.elapsed().as_secs_f64());
    response
}

#[expect(clippy::disallowed_methods, reason = "how long a request took is no time of the product")]
fn tick() -> Instant {
    Instant::now()
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Statuses that operators tell apart, others by class.
fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => "200",
        201 => "201",
        303 => "303",
        401 => "401",
        403 => "403",
        404 => "404",
        409 => "409",
        422 => "422",
        429 => "429",
        500 => "500",
        503 => "503",
        507 => "507",
        _ if status.is_success() => "2xx",
        _ if status.is_redirection() => "3xx",
        _ if status.is_client_error() => "4xx",
        _ => "5xx",
    }
}
