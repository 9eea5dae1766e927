//! What waits for the person, ordered by what is due.

use axum::extract::{Query, State};
use axum::response::Response;
use gongzhi_store::COUNTED;
use serde::Deserialize;

use crate::app::App;
use crate::i18n::t_with;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::rows::{cursor, cursor_text, record_row};
use crate::pages::visitor::{Me, Visitor};
use crate::view::{Figure, InboxPage, Paging, RecordList, Tone, format};

/// Rows of a page.
const ROWS: u32 = 30;

/// Where the page begins.
#[derive(Deserialize)]
pub struct Asked {
    after: Option<String>,
}

/// `GET /desk`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    let actor = me.actor();
    let after = asked.after.as_deref().and_then(cursor);
    let read = app.read(move |service| {
        let page = service.inbox(&actor, after, ROWS)?;
        let count = service.inbox_count(&actor)?;
        Ok((page, count, service.openers(&actor)))
    });
    let (found, (waiting, late), openers) =
        read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let state = app.service.state();
    let now = app.service.now();
    let lang = visitor.lang;
    let figure = |key: &str, n: u64, tone| Figure {
        label: visitor.t(key),
        // A full inbox is not counted to its end.
        value: match n as usize {
            n if n >= COUNTED => t_with(lang, "inbox-or-more", [("n", (COUNTED - 1).into())]),
            n => format::number(n as i64),
        },
        tone,
        ..Figure::default()
    };
    let page = InboxPage {
        s: visitor.desk_shell(&app, &me, visitor.t("inbox-title")),
        figures: vec![
            figure("inbox-waiting", waiting, Tone::Plain),
            figure("inbox-late", late, if late > 0 { Tone::Late } else { Tone::Good }),
        ],
        list: RecordList {
            rows: found.rows.iter().map(|row| record_row(lang, &state, row, now)).collect(),
            empty: visitor.t("inbox-empty"),
            downloads: super::export::links(&visitor, "/desk/export/inbox", "", !found.rows.is_empty()),
            paging: Paging {
                first_href: if after.is_some() { "/desk".into() } else { String::new() },
                next_href: found
                    .next
                    .map(|next| format!("/desk?after={}", cursor_text(next)))
                    .unwrap_or_default(),
                ..Paging::default()
            },
            ..RecordList::default()
        },
        live: "/desk/live".into(),
        new_href: openers.first().map(|(mechanism, step)| format!("/desk/new/{mechanism}/{step}")),
    };
    let response: Response = ok(&page);
    Ok(response)
}
