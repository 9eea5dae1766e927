//! Views that are taken along as they look: a matrix as a table of counts with its records, a month for calendar
//! programs. Of the others the records are taken along as a list.

use axum::http::header;
use axum::response::IntoResponse as _;
use gongzhi_lang::view::Shape;
use gongzhi_service::Failure;

use super::asked::Asked;
use super::page::ground;
use super::{calendar, matrix};
use crate::app::App;
use crate::pages::desk::export::file_of;
use crate::pages::problem::{Answer, Trouble};
use crate::pages::visitor::{Me, Visitor};

/// The file of the view that an address asks for, if it has such a one.
pub async fn page(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    asked: &Asked,
    (name, ending): (&str, &str),
) -> Answer {
    let ground = ground(app, visitor, me, asked).await?;
    let seen = ground.seen(app, visitor, me)?;
    match (&seen.view.shape, name, ending) {
        (Shape::Matrix { rows, columns, .. }, "matrix", ending) => {
            let tables = matrix::tables(&seen, rows, columns).await?;
            file_of(app, visitor, me, tables.into(), true, ending).await
        }
        (Shape::Calendar { on }, "calendar", "ics") => {
            let days = calendar::days(&seen, on).await?;
            let headers = [
                (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
                (header::CACHE_CONTROL, "no-store"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"calendar.ics\""),
            ];
            Ok((headers, days.text()).into_response())
        }
        _ => Err(Trouble::at_desk(app, visitor, me, &Failure::NotFound)),
    }
}
