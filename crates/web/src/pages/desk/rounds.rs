//! What opens by itself: the last period, how far it is, and when the next one comes.

use axum::extract::{Path, Query, State};
use gongzhi_service::recur::{Opening, Round};
use serde::Deserialize;

use crate::app::App;
use crate::i18n::t_with;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, ok, see};
use crate::pages::rows::moment;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, say};
use crate::view::{Flash, Link, RoundView, RoundsPage, Tone, format};

/// What was done before.
#[derive(Deserialize, Default)]
pub struct Asked {
    said: Option<String>,
}

/// `POST /desk/rounds/{mechanism}`: the present period again, for what has come since.
pub async fn again(
    Path(mechanism): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    _posted: Posted,
) -> Answer {
    let actor = me.actor();
    let done = app.read(move |service| service.open_again(&actor, &mechanism)).await;
    match done.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))? {
        true => Ok(see("/desk/rounds?said=opened")),
        false => Ok(see("/desk/rounds?said=early")),
    }
}

/// `GET /desk/rounds`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    let actor = me.actor();
    let found = app.read(move |service| service.openings(&actor)).await;
    let found = found.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let rounds = found.iter().map(|opening| shown(&app, &visitor, opening)).collect();
    let mut s = visitor.desk_shell(&app, &me, visitor.t("rounds-title"));
    s.crumbs = super::operate::crumbs(&visitor, "rounds-title");
    s.flash = match asked.said.as_deref() {
        Some("opened") => Some((Tone::Good, "rounds-done")),
        Some("early") => Some((Tone::Soon, "rounds-early")),
        _ => None,
    }
    .map(|(tone, key)| Flash { tone, text: visitor.t(key), link: None });
    Ok(ok(&RoundsPage { s, rounds }))
}

fn shown(app: &App, visitor: &Visitor, opening: &Opening) -> RoundView {
    let mechanism = &opening.mechanism;
    let lang = visitor.lang;
    let running = opening.round.filter(|round| round.ended.is_none());
    let clause = mechanism.recurs.as_ref().and_then(|rule| clause_link(lang, &rule.clause));
    RoundView {
        title: say(lang, &mechanism.words),
        again_href: match running {
            Some(_) => String::new(),
            None => format!("/desk/rounds/{}", mechanism.name),
        },
        clause: clause.map(|(label, href)| Link::new(label, href)),
        last: opening.last.map(|day| format::full_day(lang, day)).unwrap_or_default(),
        next: format::full_day(lang, opening.next),
        told: opening.round.map(|round| told(app, visitor, &round)).unwrap_or_default(),
        running: running.map(|round| (round.seen as u64, round.total as u64)),
        records: opening.last.map(|_| {
            Link::new(visitor.t("rounds-records"), format!("/desk/list?mechanism={}", mechanism.name))
        }),
    }
}

/// How far a round is or how it ended, in words.
fn told(app: &App, visitor: &Visitor, round: &Round) -> String {
    let state = app.service.state();
    let number = |n: usize| format::number(n as i64);
    let at = round.ended.unwrap_or(round.began);
    let key = if round.ended.is_some() { "rounds-ended" } else { "rounds-running" };
    let pairs = [
        ("seen", number(round.seen).into()),
        ("total", number(round.total).into()),
        ("opened", number(round.opened).into()),
        ("at", moment(visitor.lang, &state, at, app.service.now()).into()),
    ];
    t_with(visitor.lang, key, pairs)
}
