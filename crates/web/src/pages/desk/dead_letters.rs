//! Messages that could not be sent: the administrator sends them again or throws them away.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use gongzhi_base::{Digest, Timestamp};
use gongzhi_service::State as County;
use gongzhi_store::outbox::{Channel, Decision, Message};
use serde::Deserialize;

use crate::app::App;
use crate::i18n::{Lang, t_with};
use crate::pages::names;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, ok, see};
use crate::pages::rows::moment;
use crate::pages::visitor::{Me, Visitor};
use crate::view::{
    DeadLetter, DeadLettersPage, Figure, Flash, Form, Hidden, LetterDecision, Link, Paging, Sure, Tone,
    format,
};

/// Letters of a page.
const ROWS: u32 = 30;

/// Where the page begins, and what was done before.
#[derive(Deserialize)]
pub struct Asked {
    before: Option<String>,
    said: Option<String>,
    /// The letter about whose end the person is asked once more.
    discard: Option<String>,
}

/// `GET /desk/dead-letters`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    let actor = me.actor();
    let before = asked.before.as_deref().and_then(cursor);
    let read = app.read(move |service| service.dead_letters(&actor, before, ROWS + 1));
    let (mut found, decisions, waiting) =
        read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let more = found.len() > ROWS as usize;
    found.truncate(ROWS as usize);
    let next = found.last().filter(|_| more).map(|last| format!("{}.{}", last.made.0, last.id));
    let state = app.service.state();
    let (lang, now) = (visitor.lang, app.service.now());
    let figure = |key: &str, n: u64, tone| Figure {
        label: visitor.t(key),
        value: format::number(n as i64),
        tone,
        ..Figure::default()
    };
    let mut s = visitor.desk_shell(&app, &me, visitor.t("letters-title"));
    s.crumbs = super::operate::crumbs(&visitor, "letters-title");
    s.flash = match asked.said.as_deref() {
        Some("again") => Some("letters-done-again"),
        Some("discard") => Some("letters-done-discard"),
        _ => None,
    }
    .map(|key| Flash { tone: Tone::Good, text: visitor.t(key), link: None });
    Ok(ok(&DeadLettersPage {
        s,
        figures: vec![
            figure("letters-dead", waiting.dead, if waiting.dead > 0 { Tone::Late } else { Tone::Good }),
            figure("letters-waiting", waiting.waiting, Tone::Plain),
        ],
        letters: found.iter().map(|one| letter(&visitor, &state, one, &asked, now)).collect(),
        paging: Paging {
            first_href: if before.is_some() { "/desk/dead-letters".into() } else { String::new() },
            next_href: next.map(|next| format!("/desk/dead-letters?before={next}")).unwrap_or_default(),
            ..Paging::default()
        },
        decisions: decisions.iter().map(|one| decided(lang, &visitor, &state, one, now)).collect(),
    }))
}

/// `POST /desk/dead-letters/{id}`
pub async fn decide(
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    Path(id): Path<String>,
    posted: Posted,
) -> Answer {
    let again = match posted.text("what") {
        "again" => true,
        "discard" => false,
        _ => return Err(Trouble::status(&app, &visitor, StatusCode::BAD_REQUEST)),
    };
    let Ok(id) = id.parse::<Digest>() else {
        return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND));
    };
    let actor = me.actor();
    app.read(move |service| service.decide_letter(&actor, id, again))
        .await
        .map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    Ok(see(&format!("/desk/dead-letters?said={}", if again { "again" } else { "discard" })))
}

fn cursor(text: &str) -> Option<(Timestamp, Digest)> {
    let (made, id) = text.split_once('.')?;
    Some((Timestamp(made.parse().ok()?), id.parse().ok()?))
}

fn addressed(lang: Lang, state: &County, person: &str, channel: Channel) -> String {
    let key = match channel {
        Channel::Mail => "letters-by-mail",
        Channel::Hook => "letters-by-hook",
    };
    t_with(lang, key, [("x", names::person(&state.world, person).into())])
}

fn letter(visitor: &Visitor, state: &County, message: &Message, asked: &Asked, now: Timestamp) -> DeadLetter {
    let lang = visitor.lang;
    let before =
        asked.before.as_ref().filter(|text| cursor(text).is_some()).map(|before| format!("before={before}"));
    let here = |more: Option<String>| {
        let query: Vec<String> = before.clone().into_iter().chain(more).collect();
        format!("/desk/dead-letters{}{}", if query.is_empty() { "" } else { "?" }, query.join("&"))
    };
    let press = |what: &str, key: &str, grave| Form {
        action: format!("/desk/dead-letters/{}", message.id),
        hidden: vec![Hidden { name: "what".into(), value: what.into() }],
        submit: visitor.t(key),
        grave,
        ..Form::default()
    };
    DeadLetter {
        when: moment(lang, state, message.made, now),
        to: addressed(lang, state, &message.person, message.channel),
        subject: message.subject.clone(),
        error: message.error.clone(),
        tries: t_with(lang, "letters-tries", [("n", message.tries.into())]),
        again: press("again", "letters-again", false),
        discard: Link::new(
            visitor.t("letters-discard"),
            format!("{}#sure", here(Some(format!("discard={}", message.id)))),
        ),
        sure: (asked.discard.as_deref() == Some(&*message.id.to_string())).then(|| Sure {
            words: visitor.t("letters-sure"),
            yes: press("discard", "letters-sure-yes", true),
            no: Link::new(visitor.t("letters-sure-no"), here(None)),
        }),
    }
}

fn decided(lang: Lang, visitor: &Visitor, state: &County, one: &Decision, now: Timestamp) -> LetterDecision {
    LetterDecision {
        when: moment(lang, state, one.at, now),
        who: names::person(&state.world, &one.by),
        what: visitor.t(if one.again { "letters-again" } else { "letters-discard" }),
        letter: format!("{} · {}", addressed(lang, state, &one.person, one.channel), one.subject),
    }
}
