//! The built files of `web/dist`: names that carry a digest never change and are kept for good,
//! the others are asked for again each time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gongzhi_base::Digest;
use rust_embed::Embed;

use crate::view::Assets;

#[derive(Embed)]
#[folder = "../../web/dist"]
struct Dist;

/// What the build calls its files: logical name to name with digest.
static NAMES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let manifest = Dist::get("manifest.json");
    manifest.and_then(|file| serde_json::from_slice(&file.data).ok()).unwrap_or_default()
});

/// Addresses of the files that the layout names.
pub fn assets() -> Assets {
    let address = |name: &str| NAMES.get(name).map(|file| format!("/assets/{file}")).unwrap_or_default();
    let fixed = |name: &str| if Dist::get(name).is_some() { format!("/{name}") } else { String::new() };
    Assets {
        css: address("main.css"),
        js: address("main.js"),
        icon: fixed("icons/icon.svg"),
        manifest: fixed("app.webmanifest"),
    }
}

/// Sends a built file, compressed beforehand where the browser takes it.
pub fn send(name: &str, asked: &HeaderMap) -> Response {
    // What the build keeps for itself is nobody else's.
    let hidden =
        name == "manifest.json" || name.starts_with('.') || name.ends_with(".br") || name.ends_with(".gz");
    let (Some(media), false) = (media(name), hidden) else { return StatusCode::NOT_FOUND.into_response() };
    let Some(plain) = Dist::get(name) else { return StatusCode::NOT_FOUND.into_response() };
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if NAMES.values().any(|known| known == name) {
        headers
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    } else {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let tag = format!("\"{}\"", &Digest(plain.metadata.sha256_hash()).to_string()[..16]);
        let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let same = known.is_some_and(|known| known.contains(&tag));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if same {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
    }
    let taken = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (encoding, ending) in [("br", "br"), ("gzip", "gz")] {
        if takes(taken, encoding)
            && let Some(file) = Dist::get(&format!("{name}.{ending}"))
        {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
            return (headers, body(file.data)).into_response();
        }
    }
    (headers, body(plain.data)).into_response()
}

/// Whether an `Accept-Encoding` takes an encoding (`q=0` refuses it).
fn takes(accept: &str, encoding: &str) -> bool {
    accept.split(',').any(|part| {
        let (name, rest) = part.split_once(';').unwrap_or((part, ""));
        let refused = rest.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>() == Ok(0.0));
        name.trim().eq_ignore_ascii_case(encoding) && !refused
    })
}

fn body(data: Cow<'static, [u8]>) -> Body {
    match data {
        Cow::Borrowed(data) => Body::from(Bytes::from_static(data)),
        Cow::Owned(data) => Body::from(data),
    }
}

fn media(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(encoding: &'static str) -> HeaderMap {
        [(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding))].into_iter().collect()
    }

    #[test]
    fn the_layout_s_files_are_there_and_kept_for_good() {
        let assets = assets();
        for address in [&assets.css, &assets.js] {
            let name = address.strip_prefix("/assets/").expect("a built file");
            let response = send(name, &asking("gzip, br"));
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
            let cached = response.headers()[header::CACHE_CONTROL].to_str().expect("ascii");
            assert!(cached.contains("immutable"), "{cached}");
        }
    }

    #[test]
    fn files_of_fixed_name_are_asked_for_again() {
        let first = send("sw.js", &HeaderMap::new());
        assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache");
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());
        assert_eq!(send("sw.js", &again).status(), StatusCode::NOT_MODIFIED);
    }

    #[test]
    fn nothing_else_is_given_away() {
        for name in ["manifest.json", ".stamp", "../Cargo.toml", "main.js.map", "sw.js.br", ""] {
            assert_eq!(send(name, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{name}");
        }
    }

    #[test]
    fn refused_encodings_are_not_sent() {
        assert!(takes("gzip, br;q=0.9", "br"));
        assert!(!takes("gzip, br;q=0", "br"));
        assert!(!takes("", "br"));
    }
}
