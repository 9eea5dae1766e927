//! Bodies of posts: typed values in order, and files, which are kept as they come in. One door for
//! every form, so that no form of signed-in people is read without its token.

use axum::body::Bytes;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, FromRequestParts as _, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gongzhi_base::{CommandId, FileRef};
use gongzhi_service::accounts::same_secret;
use gongzhi_service::files::{FileFault, MAX_BYTES};
use tokio::sync::Semaphore;

use super::problem::Trouble;
use super::visitor::{Me, Visitor};
use crate::app::App;

/// Longest typed value in bytes.
const MAX_VALUE: usize = 64 * 1024;
/// Most values and files of one post.
const MAX_PARTS: usize = 400;
/// Most files of one post.
const MAX_FILES: usize = 24;

/// Pictures decoded at the same time: each may need much memory for a moment.
static DECODING: Semaphore = Semaphore::const_new(2);

/// A file that came in, kept or refused.
#[derive(Clone, Debug)]
pub struct Upload {
    pub field: String,
    pub kept: Result<FileRef, FileFault>,
}

/// A sheet that came in to be read. It is no file of a record and is kept nowhere.
#[derive(Clone, Debug, Default)]
pub struct SentSheet {
    pub bytes: Vec<u8>,
    /// Whether that was all of it.
    pub whole: bool,
}

/// The name under which forms send a sheet.
const SHEET: &str = "sheet";

/// What was posted.
#[derive(Clone, Debug, Default)]
pub struct Posted {
    pub values: Vec<(String, String)>,
    pub files: Vec<Upload>,
    /// More files came than are taken at once.
    pub too_many: bool,
    /// A sheet to be read, on the pages that read one.
    pub sheet: Option<SentSheet>,
}

impl Posted {
    /// The first value under a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value under a name, empty for none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// All values under a name.
    pub fn all<'p>(&'p self, name: &'p str) -> impl Iterator<Item = &'p str> {
        self.values.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The identifier that the form was made with, so that sending it twice does it once.
    pub fn command_id(&self, app: &App) -> CommandId {
        CommandId::new(self.text("command_id")).unwrap_or_else(|_| app.service.new_command_id())
    }

    /// Puts a value in the place of all under that name.
    pub fn put(&mut self, name: &str, value: &str) {
        self.values.retain(|(known, _)| known != name);
        self.values.push((name.to_owned(), value.to_owned()));
    }
}

impl FromRequest<App> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, app: &App) -> Result<Posted, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(visitor) = Visitor::from_request_parts(&mut parts, app).await;
        // Residents' pages act for nobody's account: only the desk's forms carry a token.
        let desk = parts.uri.path().starts_with("/desk/") && parts.uri.path() != "/desk/sign-in";
        let sheets = desk && parts.uri.path().contains("/import/");
        let secret = match desk {
            true => {
                let me = Me::from_request_parts(&mut parts, app).await;
                Some(me.map_err(|trouble| trouble.into_response())?.staff.csrf)
            }
            false => None,
        };
        let media = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let multipart = media.is_some_and(|media| media.starts_with("multipart/form-data"));
        let request = Request::from_parts(parts, body);
        let posted = match multipart {
            true => many_parts(app, request, secret.as_deref(), sheets).await,
            false => one_part(request).await,
        };
        let posted = posted.map_err(|status| Trouble::status(app, &visitor, status).into_response())?;
        if let Some(secret) = secret
            && !same_secret(&secret, posted.text("_csrf"))
        {
            return Err(Trouble::status(app, &visitor, StatusCode::FORBIDDEN).into_response());
        }
        Ok(posted)
    }
}

async fn one_part(request: Request) -> Result<Posted, StatusCode> {
    let bytes = Bytes::from_request(request, &()).await.map_err(|fault| fault.into_response().status())?;
    if bytes.len() > 4 * MAX_VALUE {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    Ok(Posted { values: decode(&bytes), ..Posted::default() })
}

/// Values of an urlencoded text, in order.
pub fn decode(bytes: &[u8]) -> Vec<(String, String)> {
    let plain = |part: &[u8]| {
        let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_encoding::percent_decode(&spaced).decode_utf8_lossy().into_owned()
    };
    let pairs = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(MAX_PARTS);
    pairs
        .map(|pair| match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (plain(&pair[..at]), plain(&pair[at + 1..])),
            None => (plain(pair), String::new()),
        })
        .collect()
}

async fn many_parts(
    app: &App,
    request: Request,
    secret: Option<&str>,
    sheets: bool,
) -> Result<Posted, StatusCode> {
    let mut form =
        Multipart::from_request(request, app).await.map_err(|fault| fault.into_response().status())?;
    let mut posted = Posted::default();
    let mut parts = 0;
    while let Some(field) = form.next_field().await.map_err(|fault| fault.into_response().status())? {
        parts += 1;
        if parts > MAX_PARTS {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let name = field.name().unwrap_or_default().to_owned();
        let Some(file) = field.file_name().map(str::to_owned) else {
            let (bytes, whole) = collect(field, MAX_VALUE).await?;
            if !whole {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            posted.values.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            continue;
        };
        // The token stands before any file in each form: nothing is kept for a stranger.
        if secret.is_some_and(|secret| !same_secret(secret, posted.text("_csrf"))) {
            return Err(StatusCode::FORBIDDEN);
        }
        let (bytes, whole) = collect(field, MAX_BYTES).await?;
        if sheets && name == SHEET {
            posted.sheet = Some(SentSheet { bytes, whole });
            continue;
        }
        if bytes.is_empty() && file.is_empty() {
            continue;
        }
        if posted.files.len() >= MAX_FILES {
            posted.too_many = true;
            continue;
        }
        let kept = if whole { keep(app, file, bytes).await } else { Err(FileFault::TooLarge) };
        posted.files.push(Upload { field: name, kept });
    }
    Ok(posted)
}

/// A part's bytes, read to its end but kept only up to `most`; whether that was all of it.
async fn collect(mut field: Field<'_>, most: usize) -> Result<(Vec<u8>, bool), StatusCode> {
    let mut bytes = Vec::new();
    let mut whole = true;
    while let Some(chunk) = field.chunk().await.map_err(|fault| fault.into_response().status())? {
        whole = whole && bytes.len() + chunk.len() <= most;
        if whole {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
    }
    Ok((bytes, whole))
}

async fn keep(app: &App, name: String, bytes: Vec<u8>) -> Result<FileRef, FileFault> {
    let _permit = DECODING.acquire().await;
    let service = app.service.clone();
    let kept = tokio::task::spawn_blocking(move || service.files.keep(&name, &bytes, false)).await;
    kept.unwrap_or_else(|error| Err(FileFault::Disk(error.to_string())))
}

/// A kept file as a hidden value, so that a form that failed elsewhere need not send it again.
pub fn kept_value(file: &FileRef) -> String {
    format!("{} {} {}", file.digest, file.media, file.name)
}

/// Reads such a value back: the file must lie in the store, and begin as its kind does.
pub fn read_kept(app: &App, value: &str) -> Option<FileRef> {
    use std::io::Read as _;
    let mut parts = value.splitn(3, ' ');
    let digest = parts.next()?.parse().ok()?;
    let media = parts.next()?;
    let name = parts.next()?.chars().filter(|c| !c.is_control()).take(100).collect();
    let mut file = std::fs::File::open(app.service.files.path(digest)).ok()?;
    let size = file.metadata().ok()?.len();
    let mut head = [0; 5];
    file.read_exact(&mut head).ok()?;
    let fits = match media {
        "image/jpeg" => head.starts_with(&[0xFF, 0xD8, 0xFF]),
        "application/pdf" => head == *b"%PDF-",
        office => {
            office.starts_with("application/vnd.openxmlformats-officedocument.")
                && head.starts_with(b"PK\x03\x04")
        }
    };
    fits.then(|| FileRef { digest, name, media: media.to_owned(), size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urlencoded_values_keep_their_order_and_letters() {
        let posted = Posted { values: decode(b"a=1&b=%E5%81%9C+%E6%B0%B4&a=2&c"), ..Posted::default() };
        assert_eq!(posted.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(posted.text("b"), "停 水");
        assert_eq!((posted.get("c"), posted.get("d")), (Some(""), None));
    }
}
