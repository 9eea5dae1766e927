//! What the person was told: unread first, opened by a press, all marked by one.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use gongzhi_service::State as County;
use gongzhi_store::outbox::{Mark, Told};
use serde::Deserialize;

use crate::app::App;
use crate::i18n::Lang;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, ok, see};
use crate::pages::rows::moment;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, say};
use crate::view::{Form, Hidden, Link, NoticeRow, NoticesPage, Paging};

/// Notices of a page.
const ROWS: u32 = 30;

/// Where the page begins: `read.SEQ-N`, `new.SEQ-N`.
#[derive(Deserialize)]
pub struct Asked {
    after: Option<String>,
}

/// `GET /desk/notices`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    let person = me.staff.code.clone();
    let after = asked.after.as_deref().and_then(cursor);
    let read = app.read(move |service| {
        Ok((service.notices(&person, after, ROWS)?, service.may_administer(&service.actor_of(&person))))
    });
    let (found, administers) =
        read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let state = app.service.state();
    let (lang, now) = (visitor.lang, app.service.now());
    let rows = found.told.iter().map(|told| NoticeRow {
        text: Link::new(say(lang, &told.text), format!("/desk/notices/{}", told.mark)),
        when: moment(lang, &state, told.at, now),
        unread: !told.read,
        clause: clause(lang, &state, told),
    });
    // The newest unread one of the first page: what comes while the page is looked at stays unread.
    let newest = found.told.iter().find(|told| !told.read && after.is_none());
    let mut more = vec![Link::new(visitor.t("notice-settings-title"), "/desk/notices/settings")];
    more.extend(administers.then(|| Link::new(visitor.t("operate-title"), "/desk/operate")));
    Ok(ok(&NoticesPage {
        rows: rows.collect(),
        read_all: newest.map(|newest| Form {
            action: "/desk/notices/read".into(),
            hidden: vec![Hidden { name: "to".into(), value: newest.mark.to_string() }],
            submit: visitor.t("notices-read-all"),
            ..Form::default()
        }),
        more,
        paging: Paging {
            first_href: if after.is_some() { "/desk/notices".into() } else { String::new() },
            next_href: found.next.map(cursor_text).unwrap_or_default(),
            ..Paging::default()
        },
        s: visitor.desk_shell(&app, &me, visitor.t("notices-title")),
    }))
}

/// `GET /desk/notices/{mark}`: reads it, and on to its record.
pub async fn open(State(app): State<App>, visitor: Visitor, me: Me, Path(at): Path<String>) -> Answer {
    let Ok(at) = at.parse::<Mark>() else {
        return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND));
    };
    let person = me.staff.code.clone();
    let told = app
        .read(move |service| service.open_notice(&person, at))
        .await
        .map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    Ok(see(&format!("/desk/r/{}", told.record)))
}

/// `POST /desk/notices/read`: all up to the one that stood first.
pub async fn read_all(
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Result<Response, Trouble> {
    let Ok(to) = posted.text("to").parse::<Mark>() else {
        return Err(Trouble::status(&app, &visitor, StatusCode::BAD_REQUEST));
    };
    let person = me.staff.code.clone();
    app.read(move |service| service.read_notices(&person, to))
        .await
        .map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    Ok(see("/desk/notices"))
}

/// The clause that wants it told, as its newest document has it.
fn clause(lang: Lang, state: &County, told: &Told) -> Option<Link> {
    let rules = &state.laws.newest(&told.mechanism)?.notices;
    let rule = rules.iter().find(|rule| rule.name == told.rule)?;
    clause_link(lang, &rule.clause).map(|(label, href)| Link::new(label, href))
}

fn cursor_text((read, at): (bool, Mark)) -> String {
    format!("/desk/notices?after={}.{}", if read { "read" } else { "new" }, at)
}

fn cursor(after: &str) -> Option<(bool, Mark)> {
    let (part, at) = after.split_once('.')?;
    Some((part == "read", at.parse().ok()?))
}
