//! The public log for witnesses and monitors, in the form C2SP `tlog-tiles` under `/log`: the signed
//! checkpoint, tiles of hashes, bundles of the entries' heads, and the keys.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use gongzhi_kernel::merkle::TILE;
use gongzhi_service::{Failure, Service, log};

use crate::app::App;

/// The highest level of tiles: 256^7 entries are more than a number of entries can be.
const TOP: u8 = 7;
/// A full tile never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// Checkpoint, tiles and keys.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/keys", get(keys))
        .route("/log/tile/{*tile}", get(tile))
}

fn failed(failure: &Failure) -> Response {
    let status = match failure {
        Failure::NotFound => StatusCode::NOT_FOUND,
        Failure::Busy => StatusCode::SERVICE_UNAVAILABLE,
        failure => {
            tracing::error!(?failure, "the log was not read");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    status.into_response()
}

fn text(text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (headers, text).into_response()
}

/// `GET /log/checkpoint`: the log as it is now, as a signed note.
async fn checkpoint(State(app): State<App>) -> Response {
    match app.read(Service::checkpoint).await {
        Ok(signed) => text(signed.note.to_string()),
        Err(failure) => failed(&failure),
    }
}

/// `GET /log/keys`: verifier keys one a line, with the sizes of the log from and up to which they sign.
async fn keys(State(app): State<App>) -> Response {
    match app.read(Service::checkpoint).await {
        Ok(signed) => text(log::list(&signed.keys)),
        Err(failure) => failed(&failure),
    }
}

/// What a tile's address names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Tile {
    /// `None` for heads of entries.
    level: Option<u8>,
    index: u64,
    width: usize,
}

/// Reads `<L>/<N>[.p/<W>]` or `entries/<N>[.p/<W>]`; `N` in groups of three digits, all but the last
/// behind an `x`. One spelling only, so that caches hold each tile once.
fn read(path: &str) -> Option<Tile> {
    let (level, rest) = path.split_once('/')?;
    let level = match level {
        "entries" => None,
        digits => {
            Some(number(digits).and_then(|level| u8::try_from(level).ok()).filter(|level| *level <= TOP)?)
        }
    };
    let (rest, width) = match rest.split_once(".p/") {
        Some((rest, width)) => {
            let width = usize::try_from(number(width)?).ok()?;
            (rest, Some(width).filter(|width| (1..TILE).contains(width))?)
        }
        None => (rest, TILE),
    };
    let groups: Vec<&str> = rest.split('/').collect();
    let (last, before) = groups.split_last()?;
    let mut index = 0u64;
    for (at, group) in before.iter().map(|group| group.strip_prefix('x')).chain([Some(*last)]).enumerate() {
        let group =
            group.filter(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()))?;
        if at == 0 && group == "000" && !before.is_empty() {
            return None;
        }
        index = index.checked_mul(1_000)?.checked_add(group.parse().ok()?)?;
    }
    Some(Tile { level, index, width })
}

/// A decimal number in its one spelling.
fn number(digits: &str) -> Option<u64> {
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

/// `GET /log/tile/…`
async fn tile(State(app): State<App>, Path(path): Path<String>) -> Response {
    let Some(tile) = read(&path) else { return StatusCode::NOT_FOUND.into_response() };
    let found = app.read(move |service| match tile.level {
        Some(level) => service.tile(level, tile.index, tile.width),
        None => service.entries_bundle(tile.index, tile.width),
    });
    match found.await {
        Ok(bytes) => {
            let headers =
                [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, FOREVER)];
            (headers, bytes).into_response()
        }
        Err(failure) => failed(&failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_tiles_have_one_spelling() {
        let tile = |level, index, width| Some(Tile { level, index, width });
        for (path, expected) in [
            ("0/000", tile(Some(0), 0, 256)),
            ("2/067", tile(Some(2), 67, 256)),
            ("0/x001/x234/067", tile(Some(0), 1_234_067, 256)),
            ("0/x001/000.p/12", tile(Some(0), 1_000, 12)),
            ("entries/005.p/255", tile(None, 5, 255)),
            ("entries/x001/234", tile(None, 1_234, 256)),
        ] {
            assert_eq!(read(path), expected, "{path}");
        }
        for path in [
            "",
            "0",
            "0/",
            "0/1",
            "0/01",
            "0/0000",
            "8/000",
            "00/000",
            "-1/000",
            "+1/000",
            "0/x000/001",
            "0/001/002",
            "0/x001",
            "0/x001/x002",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/01",
            "0/000.p",
            "0/000.p/",
            "data/000",
            "entries",
            "0/x999/x999/x999/x999/x999/x999/999",
            "0/００１",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
    }
}
