//! `GET /desk/r/{id}/counted/{field}`: the records behind a computed number.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use gongzhi_base::{RecordId, Value};

use crate::app::App;
use crate::i18n::t_with;
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::rows::record_row;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, say};
use crate::view::{DrillPage, Figure, Link, Paging, RecordList};

/// Records of a page.
const ROWS: usize = 50;

/// Where the page begins.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub struct From {
    from: usize,
}

/// The page.
pub async fn page(
    Path((id, name)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    axum::extract::Query(from): axum::extract::Query<From>,
) -> Answer {
    let missing = || Trouble::status(&app, &visitor, StatusCode::NOT_FOUND);
    let id: RecordId = id.parse().map_err(|_| missing())?;
    let (actor, field) = (me.actor(), name.clone());
    let found = app.read(move |service| service.counted(&actor, id, &field)).await;
    let found = found.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let counted = found.ok_or_else(missing)?;
    let (lang, state, now) = (visitor.lang, app.service.state().clone(), app.service.now());
    let field = counted.mechanism.field(&name).ok_or_else(missing)?;
    let value = counted.record.fields.get(&name).map(|value| names::value(lang, &state, field, value));
    let about = counted.mechanism.title.as_deref().and_then(|title| counted.record.fields.get(title));
    let about = about.and_then(Value::text).unwrap_or(&counted.record.number).to_owned();
    let href = |from: usize| format!("/desk/r/{id}/counted/{name}?from={from}");
    let shown = counted.parts.iter().skip(from.from).take(ROWS);
    let rows: Vec<_> = shown.map(|one| record_row(lang, &state, &one.row, now)).collect();
    let next = from.from.saturating_add(ROWS);
    let mut words = Vec::new();
    if counted.hidden > 0 {
        words.push(t_with(lang, "counted-hidden", [("n", (counted.hidden as i64).into())]));
    }
    if counted.more {
        words.push(visitor.t("counted-more"));
    }
    let title = say(lang, &field.words);
    let mut s = visitor.desk_shell(&app, &me, title.clone());
    s.crumbs = vec![Link::new(about.clone(), format!("/desk/r/{id}")), Link::new(title.clone(), "")];
    let page = DrillPage {
        s,
        figure: Figure { label: title, value: value.unwrap_or_default(), note: about, ..Figure::default() },
        clause: clause_link(lang, &field.clause).map(|(label, href)| Link::new(label, href)),
        rule: words.join(" "),
        parts: Vec::new(),
        list: RecordList {
            rows,
            paging: Paging {
                shown: t_with(lang, "counted-of", [("n", (counted.parts.len() as i64).into())]),
                first_href: if from.from > 0 { href(0) } else { String::new() },
                next_href: if next < counted.parts.len() { href(next) } else { String::new() },
            },
            ..RecordList::default()
        },
    };
    Ok(ok(&page))
}
