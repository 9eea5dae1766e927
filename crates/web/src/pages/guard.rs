//! What stands around every request: security headers, the origin of unsafe requests, limits,
//! panics, time, compression, a trace.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use super::problem::Trouble;
use super::settings::Presentation;
use super::visitor::Visitor;
use crate::app::App;

/// Largest body: several photos that no script has shrunk. Single files are bounded more tightly.
const MAX_BODY: usize = 130 * 1024 * 1024;
/// Longest time until an answer begins; slow phones send photos for minutes.
const PATIENCE: Duration = Duration::from_secs(180);

/// Policy without inline script or style. Tiles of maps come from here as well.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Puts the layers around a router.
pub fn layers(router: Router<App>, app: &App) -> Router<App> {
    router
        .fallback(missing)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), explain))
        .layer(Presentation::layer(app))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PATIENCE))
        .layer(middleware::from_fn_with_state(app.clone(), own_site))
        // Pages are made for each request: the quickest level loses a tenth in size and halves the cost.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(middleware::from_fn_with_state(app.clone(), headers))
        .layer(middleware::from_fn(crate::ops::measure))
        .layer(TraceLayer::new_for_http())
}

/// No such page.
async fn missing() -> StatusCode {
    StatusCode::NOT_FOUND
}

/// Gives an answer without any words (a status alone, as the router itself makes them) its page.
async fn explain(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(visitor) = Visitor::from_request_parts(&mut parts, &app).await;
    let machine = parts.uri.path().starts_with("/api/");
    let response = next.run(Request::from_parts(parts, body)).await;
    let failed = response.status().is_client_error() || response.status().is_server_error();
    // The framework's own refusals are bare or plain text in English.
    let media = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let bare = media.is_none_or(|media| media.starts_with(b"text/plain"));
    let asset =
        ["/assets/", "/icons/", "/healthz", "/readyz"].iter().any(|known| visitor.path.starts_with(known));
    if failed && bare && !machine && !asset {
        return Trouble::status(&app, &visitor, response.status()).into_response();
    }
    response
}

/// A handler that panicked: the words for the operator go to the log, the person gets a page.
fn panicked(what: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let told =
        what.downcast_ref::<String>().map(String::as_str).or_else(|| what.downcast_ref::<&str>().copied());
    tracing::error!(panic = told.unwrap_or("unknown"), "a handler panicked");
    let words: Vec<String> = crate::i18n::Lang::ALL
        .into_iter()
        .map(|lang| {
            let (title, text) =
                (crate::i18n::t(lang, "error-500-title"), crate::i18n::t(lang, "error-500-text"));
            format!("<h1>{title}</h1><p>{text}</p>")
        })
        .collect();
    let html = format!("<!doctype html><meta charset=\"utf-8\"><title>500</title>{}", words.concat());
    (StatusCode::INTERNAL_SERVER_ERROR, axum::response::Html(html)).into_response()
}

/// Refuses requests that change something and come from another site's page. Programs send neither
/// header and pass: they carry no cookie that a browser was tricked into sending.
async fn own_site(State(app): State<App>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || from_here(request.headers(), request.uri(), &app.public_url) {
        return next.run(request).await;
    }
    tracing::warn!(path = request.uri().path(), "a request from another site was refused");
    let (mut parts, _) = request.into_parts();
    let Ok(visitor) = Visitor::from_request_parts(&mut parts, &app).await;
    Trouble::status(&app, &visitor, StatusCode::FORBIDDEN).into_response()
}

/// Whether a browser says that the request comes from our own pages, or nothing is said at all.
fn from_here(headers: &HeaderMap, uri: &Uri, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else { return true };
    let host = text("host").or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
    let named = origin.split_once("://").map(|(_, named)| named);
    origin == public_url || named.is_some() && named == host
}

async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut put = |name: header::HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(header::CONTENT_SECURITY_POLICY, POLICY);
    put(header::REFERRER_POLICY, "no-referrer");
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(
        header::HeaderName::from_static("permissions-policy"),
        "geolocation=(self), camera=(self), microphone=()",
    );
    put(header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    if app.secure {
        put(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_from_other_sites_are_told_apart() {
        let uri = Uri::from_static("/report");
        let cases: [(&[(&'static str, &'static str)], bool); 7] = [
            (&[], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "http://a.example"), ("host", "a.example")], true),
            (&[("origin", "http://b.example"), ("host", "a.example")], false),
            (&[("origin", "null"), ("host", "a.example")], false),
        ];
        for (given, passes) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(from_here(&headers, &uri, "https://public.example"), passes, "{given:?}");
        }
    }
}
