//! The receipt as a proof, for whoever holds its code: what it proves now, as a file to keep and as
//! a QR code that any phone checks by itself.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gongzhi_kernel::receipt::{Compact, Receipt};
use gongzhi_service::Failure;
use serde::Deserialize;

use super::follow::{self, Held};
use super::problem::{Answer, Trouble, page as render, see};
use super::qr;
use super::visitor::Visitor;
use crate::app::App;
use crate::i18n::t_with;
use crate::view::{Link, ProofPage, ProofPart};

/// Media type of a receipt's file.
pub const MEDIA: &str = "application/json";

/// The size of the log of an earlier receipt, as typed.
#[derive(Deserialize, Default)]
pub struct Asked {
    since: Option<String>,
}

impl Asked {
    /// Nothing, a number, or what was typed in place of one.
    fn read(&self) -> Result<Option<u64>, String> {
        let typed = self.since.as_deref().unwrap_or_default().trim();
        let digits: String = typed.chars().filter(|c| !matches!(c, ',' | '，' | ' ')).collect();
        match digits.as_str() {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| typed.to_owned()),
        }
    }
}

/// The short form of a receipt as a link whose part after `#` no server ever sees.
pub fn link(receipt: &Receipt) -> Option<String> {
    Compact::of(receipt).map(|short| format!("/verify#{}", short.digits()))
}

/// The part that receipt pages show: the QR code and where the file is.
pub fn part(app: &App, held: &Held, receipt: &Receipt) -> Option<ProofPart> {
    let href = link(receipt)?;
    Some(ProofPart {
        qr_svg: qr::dense(&format!("{}{href}", app.public_url)),
        verify_href: href,
        file_href: format!("{}/receipt.json", held.base),
        page_href: format!("{}/receipt", held.base),
    })
}

/// The receipt of a matter as it stands now.
pub async fn receipt(app: &App, visitor: &Visitor, held: &Held) -> Result<Receipt, Trouble> {
    let id = held.view.record.id;
    let made = app.read(move |service| service.receipt(id, None)).await;
    made.map_err(|failure| Trouble::failure(app, visitor, &failure))
}

/// `GET /follow/{code}/receipt`
pub async fn page(
    Path(code): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Answer {
    let held = follow::opened(&app, &visitor, &code).await?;
    let receipt = receipt(&app, &visitor, &held).await?;
    let point = gongzhi_kernel::note::Checkpoint::read(&receipt.checkpoint.text)
        .map_err(|_| Trouble::status(&app, &visitor, StatusCode::INTERNAL_SERVER_ERROR))?;
    let bad = match asked.read() {
        Ok(since) => since.is_some_and(|since| since > point.size),
        Err(_) => true,
    };
    let page = ProofPage {
        s: visitor.shell(&app, visitor.t("proof-title")),
        record: Link::new(held.view.record.number.clone(), held.base.clone()),
        facts: vec![
            visitor.fact("proof-log", point.origin),
            visitor.fact("proof-size", point.size.to_string()),
            visitor.fact("proof-entries", receipt.entries.len().to_string()),
        ],
        part: part(&app, &held, &receipt).unwrap_or_default(),
        since_error: bad.then(|| t_with(visitor.lang, "proof-since-bad", [("n", point.size.into())])),
        since: asked.since.unwrap_or_default(),
    };
    Ok(render(if bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page))
}

/// `GET /follow/{code}/receipt.json`
pub async fn file(
    Path(code): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Answer {
    let held = follow::opened(&app, &visitor, &code).await?;
    let again = |typed: &str| {
        let typed = percent_encoding::utf8_percent_encode(typed, percent_encoding::NON_ALPHANUMERIC);
        Ok(see(&format!("{}/receipt?since={typed}", held.base)))
    };
    let since = match asked.read() {
        Ok(since) => since,
        Err(typed) => return again(&typed),
    };
    let (actor, id) = (held.actor.clone(), held.view.record.id);
    match app.read(move |service| service.receipt_file(&actor, id, since)).await {
        Ok((_, made)) => Ok(send(made.text(), &held.view.record.number)),
        Err(Failure::NotFound) if since.is_some() => again(asked.since.as_deref().unwrap_or_default()),
        Err(failure) => Err(Trouble::failure(&app, &visitor, &failure)),
    }
}

/// A receipt's file, to be saved under a name with the matter's number.
pub fn send(text: String, number: &str) -> Response {
    let number: String = number.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let name = format!("attachment; filename=\"receipt-{number}.json\"");
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}
