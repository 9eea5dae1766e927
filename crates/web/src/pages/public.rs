//! What a place publishes: the boards of its page, and the page of one record, for anybody.

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use gongzhi_kernel::world::Place;
use gongzhi_lang::model::{Mechanism, Type};
use gongzhi_service::State as County;
use gongzhi_service::desk::RecordView;
use gongzhi_service::published::Published;
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde::Deserialize;

use super::names;
use super::problem::{Answer, Trouble, ok};
use super::record::show::{Gaze, held_file};
use super::rows::{cursor, cursor_text, record_row};
use super::visitor::Visitor;
use super::words::{clause_link, say};
use super::{fields, input, record, why};
use crate::app::App;
use crate::i18n::{t, t_with};
use crate::view::{
    Child, Fact, Link, Paging, PublicBoard, PublicCard, PublicPage, PublicParts, PublicRecordPage, WhyPage,
    format,
};

/// Records on one page of a board.
const SHOWN: u32 = 50;

/// Which month of which board, and where it goes on.
#[derive(Deserialize, Default)]
pub struct Asked {
    #[serde(default)]
    board: String,
    #[serde(default)]
    month: String,
    #[serde(default)]
    after: String,
}

/// The address of a place's public page.
pub fn address(code: &str) -> String {
    format!("/places/{code}")
}

fn missing(app: &App, visitor: &Visitor) -> Trouble {
    Trouble::status(app, visitor, StatusCode::NOT_FOUND)
}

/// The way down to a place. Grids publish nothing.
fn path(visitor: &Visitor, state: &County, code: &str) -> Vec<Link> {
    let codes = state.world.path(code).into_iter().flatten();
    codes.map(|code| Link::new(names::place_alone(visitor.lang, state, &code), address(&code))).collect()
}

/// `2026-11` as its first day.
fn month_of(text: &str) -> Option<Date> {
    let (year, month) = text.split_once('-')?;
    let (year, month) = (year.parse().ok()?, month.parse().ok()?);
    Date::new(year, month, 1).ok()
}

fn key(month: Date) -> String {
    format!("{:04}-{:02}", month.year(), month.month())
}

/// `GET /places/{code}`
pub async fn page(
    Path(code): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Answer {
    let state = app.service.state().clone();
    let place = state.world.place(&code).ok_or_else(|| missing(&app, &visitor))?;
    let today = state.world.zone.date(app.service.now());
    let present = date(today.year(), today.month(), 1);
    let mut boards = Vec::new();
    for mechanism in app.service.published_at(place.level) {
        let mine = asked.board == mechanism.name;
        // A month to come has nothing to show.
        let month = month_of(&asked.month).filter(|month| mine && *month <= present).unwrap_or(present);
        let after = cursor(&asked.after).filter(|_| mine);
        let (name, place) = (mechanism.name.clone(), code.clone());
        let found = app.read(move |service| service.board(&name, &place, &key(month), after, SHOWN)).await;
        let found = found.map_err(|failure| Trouble::failure(&app, &visitor, &failure))?;
        let to = |month: Date| format!("{}?board={}&month={}", address(&code), mechanism.name, key(month));
        let link = |month: Date| Link::new(format::month(visitor.lang, month), to(month));
        let cards = found.records.iter().map(|one| card(&app, &visitor, &state, &code, one));
        let next = found.next.map(|next| format!("{}&after={}", to(month), cursor_text(next)));
        let published = mechanism.published.as_ref();
        boards.push(PublicBoard {
            id: mechanism.name.clone(),
            title: say(visitor.lang, &mechanism.words),
            purpose: published.map(|one| say(visitor.lang, &one.purpose)).unwrap_or_default(),
            clause: published.and_then(|one| clause(&visitor, one)),
            month: format::month(visitor.lang, month),
            earlier: month.checked_sub(1.month()).map(link).unwrap_or_default(),
            later: month.checked_add(1.month()).ok().filter(|later| *later <= present).map(link),
            cards: cards.collect(),
            paging: Paging {
                first_href: after.map(|_| to(month)).unwrap_or_default(),
                next_href: next.unwrap_or_default(),
                ..Paging::default()
            },
        });
    }
    let mut path = path(&visitor, &state, &code);
    if let Some(last) = path.last_mut() {
        last.href.clear();
    }
    let title = names::place_alone(visitor.lang, &state, &code);
    Ok(ok(&PublicPage {
        s: visitor.shell(&app, t_with(visitor.lang, "public-title", [("x", title.as_str().into())])),
        title,
        path,
        boards,
        places: under(&visitor, &state, place),
    }))
}

/// Places under one; grids have no page of their own.
fn under(visitor: &Visitor, state: &County, place: &Place) -> Vec<Link> {
    let below = state.world.children(&place.code);
    let with_page = below.filter(|below| below.level != gongzhi_lang::model::Level::Grid);
    with_page
        .map(|below| Link::new(names::place_alone(visitor.lang, state, &below.code), address(&below.code)))
        .collect()
}

fn clause(visitor: &Visitor, published: &gongzhi_lang::model::Published) -> Option<Link> {
    clause_link(visitor.lang, &published.clause).map(|(label, href)| Link::new(label, href))
}

fn gaze<'g>(
    app: &App,
    visitor: &Visitor,
    state: &'g County,
    mechanism: &'g Mechanism,
    base: String,
) -> Gaze<'g> {
    Gaze { lang: visitor.lang, state, mechanism, now: app.service.now(), base, staff: false }
}

/// The fields that a board shows, in the order of `shows`; what is empty is left out.
fn shown(gaze: &Gaze<'_>, record: &gongzhi_kernel::Record) -> Vec<(bool, Fact)> {
    let shows = gaze.mechanism.published.iter().flat_map(|one| &one.shows);
    let known = shows.filter_map(|name| {
        let field = gaze.mechanism.field(name).filter(|field| field.public && field.personal.is_none())?;
        let value = record.fields.get(name)?;
        let fact = fields::shown(gaze.lang, gaze.state, field, value);
        let number = matches!(input::item(&field.ty), Type::Int);
        (!fact.value.is_empty()).then_some((number, fact))
    });
    known.collect()
}

fn card(app: &App, visitor: &Visitor, state: &County, place: &str, one: &Published) -> PublicCard {
    let href = format!("{}/{}", address(place), one.row.id);
    let gaze = gaze(app, visitor, state, &one.mechanism, href.clone());
    let (numbers, lines): (Vec<_>, Vec<_>) =
        shown(&gaze, &one.record).into_iter().partition(|(number, _)| *number);
    PublicCard {
        title: gaze.subject(&one.record),
        state: gaze.state(&one.record.state),
        lines: lines.into_iter().map(|(_, fact)| fact).collect(),
        numbers: numbers.into_iter().map(|(_, fact)| fact).collect(),
        href,
    }
}

/// A published record under the place at whose page it stands.
async fn read(app: &App, visitor: &Visitor, place: &str, id: &str) -> Result<RecordView, Trouble> {
    let id = id.parse().map_err(|_| missing(app, visitor))?;
    let view = app.read(move |service| service.public_view(id)).await;
    let view = view.map_err(|failure| Trouble::failure(app, visitor, &failure))?;
    match app.service.state().world.covers(place, &view.record.place) {
        true => Ok(view),
        false => Err(missing(app, visitor)),
    }
}

/// `GET /places/{code}/{id}`
pub async fn one(
    Path((code, id)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
) -> Answer {
    let view = read(&app, &visitor, &code, &id).await?;
    let state = app.service.state();
    let base = format!("{}/{id}", address(&code));
    let gaze = gaze(&app, &visitor, &state, &view.mechanism, base);
    let published = view.mechanism.published.as_ref();
    let mut path = path(&visitor, &state, &code);
    let month = key_of(&state, &view);
    path.push(Link::new(
        say(visitor.lang, &view.mechanism.words),
        format!("{}?board={}&month={month}", address(&code), view.mechanism.name),
    ));
    let mut events = gaze.events(&view);
    // To everybody else the holder is not “you”.
    let (you, holder) = (t(visitor.lang, "by-you"), t(visitor.lang, "by-code"));
    for event in events.iter_mut().filter(|event| event.actor == you) {
        event.actor = holder.clone().into_owned();
    }
    Ok(ok(&PublicRecordPage {
        s: visitor.shell(&app, gaze.subject(&view.record)),
        path,
        number: view.record.number.clone(),
        title: gaze.subject(&view.record),
        state: gaze.state(&view.record.state),
        purpose: published.map(|one| say(visitor.lang, &one.purpose)).unwrap_or_default(),
        clause: published.and_then(|one| clause(&visitor, one)),
        facts: gaze.facts(&view.record, |_| true),
        files: gaze.files(view.record.fields.iter()),
        parts: parts(&gaze, &app, &visitor, &view),
        events,
    }))
}

/// The month in which a record was opened, under which its board shows it.
fn key_of(state: &County, view: &RecordView) -> String {
    state.world.zone.month(view.record.opened)
}

fn parts(gaze: &Gaze<'_>, app: &App, visitor: &Visitor, view: &RecordView) -> Vec<PublicParts> {
    let mut groups: Vec<(String, PublicParts)> = Vec::new();
    for part in &view.tree {
        let Some(record) = &part.record else { continue };
        let name = &part.mechanism.name;
        let at = groups.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            let total = view.record.parts.iter().filter(|known| known.mechanism == *name).count() as i64;
            let group = PublicParts {
                title: say(gaze.lang, &part.mechanism.words),
                total: t_with(gaze.lang, "public-parts", [("n", total.into())]),
                parts: Vec::new(),
            };
            groups.push((name.clone(), group));
            groups.len() - 1
        });
        let row = record_row(gaze.lang, gaze.state, &part.row, gaze.now);
        let own = self::gaze(app, visitor, gaze.state, &part.mechanism, String::new());
        let title = part.mechanism.title.as_deref();
        // The title stands above; what else it shows follows.
        let rest = part.mechanism.published.iter().flat_map(|one| &one.shows);
        let rest: Vec<&String> = rest.filter(|name| Some(name.as_str()) != title).collect();
        let totals = own.facts(record, |field| rest.contains(&&field.name));
        let child =
            Child { code: row.code, title: row.subject, state: row.state, totals, ..Child::default() };
        groups[at].1.parts.push(child);
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// `GET /places/{code}/{id}/why/{deadline}`
pub async fn why(
    Path((code, id, deadline)): Path<(String, String, String)>,
    State(app): State<App>,
    visitor: Visitor,
) -> Answer {
    let view = read(&app, &visitor, &code, &id).await?;
    let state = app.service.state();
    let base = format!("{}/{id}", address(&code));
    let gaze = gaze(&app, &visitor, &state, &view.mechanism, base.clone());
    let (mechanism, record) = (&view.mechanism, &view.record);
    let mut all = why::derivations(visitor.lang, &state, mechanism, record, gaze.now, &base, Some(&deadline));
    all.truncate(1);
    Ok(ok(&WhyPage {
        s: visitor.shell(&app, visitor.t("why-title")),
        record: Link::new(view.record.number.clone(), base.clone()),
        subject: gaze.subject(&view.record),
        derivations: all,
    }))
}

/// `GET /places/{code}/{id}/files/{digest}`
pub async fn file(
    Path((code, id, digest)): Path<(String, String, String)>,
    State(app): State<App>,
    visitor: Visitor,
) -> Answer {
    let view = read(&app, &visitor, &code, &id).await?;
    match digest.parse().ok().and_then(|digest| held_file(&view, digest, false)) {
        Some(file) => Ok(record::files::send(&app, &file).await),
        None => Err(missing(&app, &visitor)),
    }
}
