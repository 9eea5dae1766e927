//! The auditor: verifies the log in the background, and sees every look at personal data.

use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::Deed;
use gongzhi_kernel::note::Checkpoint;
use gongzhi_service::audit::{LookSeen, Outcome, Part};
use gongzhi_service::{Failure, State as County};
use gongzhi_store::LookQuery;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::names;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, page as render, see};
use crate::pages::rows::moment;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::receipt::{audit_words, root_text};
use crate::view::{
    AuditPage, Ended, Fact, Link, Look, LooksFilter, LooksPage, Paging, Running, Tone, format,
};

/// Rows of a page of looks.
const ROWS: u32 = 50;
/// Seconds after which the page comes again while a verification runs.
const AGAIN: &str = "2";

/// What was typed into the page's forms, and what is wrong with it.
#[derive(Default)]
struct Typed {
    record: String,
    record_error: Option<String>,
    from: String,
    to: String,
    period_error: Option<String>,
}

/// Closes the pages to whoever does not verify the log.
fn only_auditors(app: &App, visitor: &Visitor, me: &Me) -> Result<(), Trouble> {
    match app.service.may_audit(&me.staff.actor) {
        true => Ok(()),
        false => Err(Trouble::at_desk(app, visitor, me, &Failure::NotFound)),
    }
}

/// `GET /desk/audit`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    only_auditors(&app, &visitor, &me)?;
    shown(&app, &visitor, &me, Typed::default()).await
}

async fn shown(app: &App, visitor: &Visitor, me: &Me, typed: Typed) -> Answer {
    let signed = app.read(gongzhi_service::Service::checkpoint).await;
    let signed = signed.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))?;
    let (lang, state) = (visitor.lang, app.service.state());
    let job = app.service.audit.job();
    let running = job.as_ref().filter(|job| job.done.is_none()).map(|job| Running {
        words: t_with(
            lang,
            "audit-running",
            [
                ("x", format::number(job.checked as i64).into()),
                ("y", format::number(job.total as i64).into()),
            ],
        ),
        checked: job.checked,
        total: job.total.max(1),
    });
    let last = job.as_ref().and_then(|job| {
        let (at, outcome) = job.done.as_ref()?;
        let tone = match outcome {
            Outcome::Sound { .. } => Tone::Good,
            // Nothing was verified: that is neither good nor bad.
            Outcome::Nothing => Tone::Info,
            _ => Tone::Late,
        };
        Some(Ended {
            part: Link::new(part_words(lang, &state, app, &job.part), part_href(&job.part)),
            when: moment(lang, &state, *at, app.service.now()),
            by: names::person(&state.world, &job.by),
            words: audit_words(lang, outcome),
            tone,
        })
    });
    let mut checkpoint = checkpoint_facts(visitor, &signed.checkpoint);
    checkpoint.extend(signed.current().iter().map(|key| visitor.fact("audit-signed", key.to_string())));
    let bad = typed.record_error.is_some() || typed.period_error.is_some();
    let under_way = running.is_some();
    let page = AuditPage {
        s: visitor.desk_shell(app, me, visitor.t("audit-title")),
        running,
        last,
        record: typed.record,
        record_error: typed.record_error,
        from: typed.from,
        to: typed.to,
        period_error: typed.period_error,
        checkpoint,
    };
    let mut response: Response =
        render(if bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, &page);
    if under_way {
        response.headers_mut().insert(header::REFRESH, HeaderValue::from_static(AGAIN));
    }
    Ok(response)
}

/// What a checkpoint says.
pub fn checkpoint_facts(visitor: &Visitor, point: &Checkpoint) -> Vec<Fact> {
    vec![
        visitor.fact("verify-log", point.origin.clone()),
        visitor.fact("audit-size", format::number(point.size as i64)),
        visitor.fact("audit-root-label", root_text(&point.root)),
    ]
}

fn part_words(lang: Lang, state: &County, app: &App, part: &Part) -> String {
    match part {
        Part::Whole => t(lang, "audit-part-whole").into_owned(),
        Part::Period { from, to } => {
            let zone = state.world.zone;
            format!("{} – {}", zone.date(*from), zone.date(to.plus_millis(-1)))
        }
        Part::Record(id) => {
            let row = app.service.ledger().rows(&[*id]).ok().and_then(|mut rows| rows.pop());
            row.map_or_else(|| id.to_string(), |row| row.number)
        }
    }
}

/// Where what was verified can be seen; nowhere for more than a record.
fn part_href(part: &Part) -> String {
    match part {
        Part::Record(id) => format!("/desk/r/{id}"),
        Part::Whole | Part::Period { .. } => String::new(),
    }
}

/// `POST /desk/audit`
pub async fn begin(State(app): State<App>, visitor: Visitor, me: Me, posted: Posted) -> Answer {
    only_auditors(&app, &visitor, &me)?;
    let text = |name: &str| posted.text(name).trim().to_owned();
    let typed = Typed { record: text("record"), from: text("from"), to: text("to"), ..Typed::default() };
    let part = match posted.text("part") {
        "record" => match record(&app, &visitor, &me, &typed.record).await? {
            Some(id) => Part::Record(id),
            None => {
                let none = typed.record.is_empty();
                let error = Some(visitor.t(if none { "audit-record-none" } else { "audit-record-missing" }));
                return shown(&app, &visitor, &me, Typed { record_error: error, ..typed }).await;
            }
        },
        "period" => match period(&app, &typed.from, &typed.to) {
            Some((from, to)) => Part::Period { from, to },
            None => {
                let error = Some(visitor.t("audit-period-bad"));
                return shown(&app, &visitor, &me, Typed { period_error: error, ..typed }).await;
            }
        },
        _ => Part::Whole,
    };
    // One that runs already is shown instead.
    app.service
        .begin_audit(&me.staff.actor, part)
        .map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    Ok(see("/desk/audit"))
}

/// A record by its number or identifier.
async fn record(app: &App, visitor: &Visitor, me: &Me, typed: &str) -> Result<Option<RecordId>, Trouble> {
    if typed.is_empty() {
        return Ok(None);
    }
    let (id, number) = (typed.parse::<RecordId>().ok(), typed.to_uppercase());
    let found = app.read(move |service| match id {
        Some(id) => Ok(service.ledger().rows(&[id])?.pop().map(|row| row.id)),
        None => Ok(service.ledger().by_number(&number)?),
    });
    let found = found.await;
    found.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))
}

/// The first moment of a day and the first after another one.
fn period(app: &App, from: &str, to: &str) -> Option<(Timestamp, Timestamp)> {
    let zone = app.service.state().world.zone;
    let (from, to): (jiff::civil::Date, jiff::civil::Date) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then(|| (zone.start_of(from), zone.end_of(to)))
}

/// Which looks.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    after: String,
}

/// `GET /desk/audit/looks`
pub async fn looks(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    only_auditors(&app, &visitor, &me)?;
    let lang = visitor.lang;
    let mut filter = LooksFilter {
        from: asked.from.trim().to_owned(),
        to: asked.to.trim().to_owned(),
        person: asked.person.trim().to_owned(),
        ..LooksFilter::default()
    };
    let after = asked
        .after
        .split_once('-')
        .and_then(|(at, seq)| Some((Timestamp(at.parse().ok()?), seq.parse().ok()?)));
    let mut query = LookQuery {
        from: Timestamp(i64::MIN),
        to: Timestamp(i64::MAX),
        person: None,
        after,
        // One more tells whether there is a next page.
        limit: ROWS + 1,
    };
    if !(filter.from.is_empty() && filter.to.is_empty()) {
        match period(&app, &filter.from, &filter.to) {
            Some((from, to)) => (query.from, query.to) = (from, to),
            None => filter.period_error = Some(visitor.t("audit-period-bad")),
        }
    }
    if !filter.person.is_empty() {
        match person(&app.service.state(), &filter.person) {
            Ok(code) => query.person = Some(code),
            Err(codes) if codes.is_empty() => filter.person_error = Some(visitor.t("audit-person-missing")),
            Err(codes) => {
                filter.person_error =
                    Some(t_with(lang, "audit-person-several", [("x", codes.join(", ").into())]));
            }
        }
    }
    let mut seen = Vec::new();
    let bad = !filter.is_good();
    if !bad {
        let actor = me.actor();
        let found = app.read(move |service| service.all_looks(&actor, &query)).await;
        seen = found.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    }
    let more = seen.len() > ROWS as usize;
    seen.truncate(ROWS as usize);
    let href = |after: &str| {
        let pairs = [("from", &filter.from), ("to", &filter.to), ("person", &filter.person)];
        let pairs =
            pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        format!("/desk/audit/looks?{}&after={after}", pairs.join("&"))
    };
    let next =
        seen.last().filter(|_| more).map(|last| href(&format!("{}-{}", last.look.at.0, last.look.seq)));
    let first_href = if after.is_some() { href("") } else { String::new() };
    let state = app.service.state();
    let status = if bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = LooksPage {
        s: visitor.desk_shell(&app, &me, visitor.t("audit-looks")),
        looks: seen.iter().map(|seen| row(lang, &state, seen, app.service.now())).collect(),
        paging: Paging { first_href, next_href: next.unwrap_or_default(), ..Paging::default() },
        filter: Some(filter),
        ..LooksPage::default()
    };
    Ok(render(status, &page))
}

/// A person's code, from the code or the name; else the codes of all who are called so.
fn person(state: &County, typed: &str) -> Result<String, Vec<String>> {
    if state.world.person(typed).is_some() {
        return Ok(typed.to_owned());
    }
    let called = state.world.people().filter(|person| person.name == typed);
    let mut codes: Vec<String> = called.map(|person| person.code.clone()).collect();
    if codes.len() == 1 { Ok(codes.remove(0)) } else { Err(codes) }
}

fn row(lang: Lang, state: &County, seen: &LookSeen, now: Timestamp) -> Look {
    let (fields, purpose) = match &seen.event.deed {
        Deed::Look { fields, purpose } => (fields.as_slice(), purpose.clone()),
        _ => (&[][..], String::new()),
    };
    let name = |name: &String| {
        let field = seen.mechanism.as_ref().and_then(|mechanism| mechanism.field(name));
        field.map_or_else(|| name.clone(), |field| say(lang, &field.words))
    };
    let number = seen.row.as_ref().map_or_else(|| seen.event.record.to_string(), |row| row.number.clone());
    Look {
        when: moment(lang, state, seen.look.at, now),
        who: names::acted(lang, state, &seen.event.by, true),
        record: Link::new(number, format!("/desk/r/{}/looks", seen.event.record)),
        fields: fields.iter().map(name).collect::<Vec<_>>().join(&t(lang, "list-comma")),
        purpose,
        mark: None,
    }
}
