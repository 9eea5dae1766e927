//! Whoever holds a receipt code follows the matter, adds to it, rates it, has it reopened.

use std::collections::{BTreeMap, HashSet};
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use gongzhi_kernel::{Actor, Deed, Order};
use gongzhi_lang::model::{Type, Who};
use gongzhi_service::codes::{self, grouped};
use gongzhi_service::desk::RecordView;
use serde::Deserialize;

use super::fields::Shape;
use super::form::{self, Failed};
use super::input::Read;
use super::posted::Posted;
use super::problem::{Answer, Trouble, ok, page as render, see};
use super::record::show::{Gaze, held_file};
use super::visitor::Visitor;
use super::words::{clause_link, refusal_words_in, say};
use super::{erase, names, record, why};
use crate::app::App;
use crate::i18n::{Lang, t_with};
use crate::view::{self, FindPage, Flash, FollowPage, FollowStep, Link, Tone, WhyPage};

/// Codes that were opened before count no more against the brake on guessing: their pages and
/// photos are asked for one by one.
static OPENED: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
/// Codes remembered at the most.
const REMEMBERED: usize = 10_000;

/// A record opened by its code.
pub struct Held {
    pub code: String,
    /// Address of its pages.
    pub base: String,
    pub view: RecordView,
    pub actor: Actor,
}

/// Opens a record by a typed code; wrong ones and too many tries get their page.
pub async fn opened(app: &App, visitor: &Visitor, typed: &str) -> Result<Held, Trouble> {
    let code = codes::read(typed);
    let known = code.as_ref().is_some_and(|code| remembered().contains(code));
    if !known && !app.service.may_try_code(&visitor.from) {
        return Err(Trouble::status(app, visitor, StatusCode::TOO_MANY_REQUESTS));
    }
    let Some(code) = code else { return Err(wrong(app, visitor, typed)) };
    let asked = code.clone();
    let found = app.read(move |service| match service.by_code(&asked)? {
        Some(id) => service.view(&Actor::Holder(id), id).map(|view| Some((Actor::Holder(id), view))),
        None => Ok(None),
    });
    match found.await {
        Ok(Some((actor, view))) => {
            let mut opened = remembered();
            if opened.len() >= REMEMBERED {
                opened.clear();
            }
            opened.insert(code.clone());
            Ok(Held { base: format!("/follow/{}", grouped(&code)), code, view, actor })
        }
        Ok(None) => Err(wrong(app, visitor, typed)),
        Err(failure) => Err(Trouble::failure(app, visitor, &failure)),
    }
}

fn remembered() -> std::sync::MutexGuard<'static, HashSet<String>> {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wrong(app: &App, visitor: &Visitor, typed: &str) -> Trouble {
    render(StatusCode::NOT_FOUND, &finding(app, visitor, typed, Some(visitor.t("follow-wrong")))).into()
}

/// Where a code is typed in, perhaps with what is wrong with the one typed.
fn finding(app: &App, visitor: &Visitor, typed: &str, error: Option<String>) -> FindPage {
    let hotline = &visitor.presentation.hotline;
    FindPage {
        s: visitor.shell(app, visitor.t("home-follow")),
        code: typed.chars().take(60).collect(),
        error,
        hotline: Link::new(hotline.clone(), format!("tel:{hotline}")),
    }
}

/// The code typed into the form.
#[derive(Deserialize, Default)]
pub struct Typed {
    code: Option<String>,
    done: Option<String>,
}

/// `GET /follow`
pub async fn find(State(app): State<App>, visitor: Visitor, Query(typed): Query<Typed>) -> Answer {
    match typed.code.filter(|code| !code.trim().is_empty()) {
        Some(code) => Ok(see(&opened(&app, &visitor, &code).await?.base)),
        None => Ok(ok(&finding(&app, &visitor, "", None))),
    }
}

/// `GET /follow/{code}`
pub async fn page(
    Path(code): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    Query(typed): Query<Typed>,
) -> Answer {
    let held = opened(&app, &visitor, &code).await?;
    let done = typed.done.and_then(|name| Some(say(visitor.lang, &held.view.mechanism.step(&name)?.words)));
    Ok(shown(&app, &visitor, &held, None, done))
}

/// A step's form again: its name, what was posted, read, and wrong with it.
struct Again<'a> {
    step: &'a str,
    posted: &'a Posted,
    read: &'a Read,
    failed: &'a Failed,
}

fn shown(
    app: &App,
    visitor: &Visitor,
    held: &Held,
    again: Option<Again<'_>>,
    done: Option<String>,
) -> Response {
    let state = app.service.state();
    let (lang, view) = (visitor.lang, &held.view);
    let gaze = gaze(app, visitor, &state, held);
    let unit = gaze.unit(&view.record).and_then(|code| state.world.unit(code));
    let mut s = visitor.shell(app, gaze.subject(&view.record));
    s.flash = done.map(|step| Flash {
        tone: Tone::Good,
        text: t_with(lang, "step-done", [("x", step.into())]),
        ..Flash::default()
    });
    let opener = view.history.first().and_then(|(_, entry)| match &entry.deed {
        Deed::Step(taken) => view.mechanism.step(&taken.step),
        _ => None,
    });
    let asked = |name: &str| opener.is_some_and(|step| step.asks.iter().any(|ask| ask.field == name));
    let given = !record::told(&view.mechanism);
    let page = FollowPage {
        s,
        given,
        opened: opened_for(app, visitor, &state, view),
        code: grouped(&held.code),
        subject: gaze.subject(&view.record),
        state: gaze.state(&view.record.state),
        owner: unit.map(|unit| say(lang, &unit.words)).unwrap_or_default(),
        owner_phone: unit.map(|unit| unit.phone.clone()).unwrap_or_default(),
        due: gaze.due(&view.record),
        stages: Vec::new(),
        answer: answer(&gaze, view),
        facts: gaze.facts(&view.record, |field| given || asked(&field.name)),
        files: gaze.files(view.record.fields.iter().filter(|(name, _)| asked(name))),
        steps: steps(app, visitor, &state, held, again.as_ref()),
        hindered: hindered(lang, &state, view),
        events: gaze.events(view),
        receipt_href: format!("/receipt/{}", grouped(&held.code)),
        proof_href: format!("{}/receipt", held.base),
        own: erase::own(&gaze, view, &held.base, "own-open"),
    };
    render(again.map_or(StatusCode::OK, |again| again.failed.status()), &page)
}

/// What opened by itself for the holder, each under its own code.
fn opened_for(
    app: &App,
    visitor: &Visitor,
    state: &gongzhi_service::State,
    view: &RecordView,
) -> Vec<view::PublicCard> {
    let found = app.service.opened_for(&view.record).unwrap_or_else(|failure| {
        tracing::error!(?failure, "what opened for a record could not be read");
        Vec::new()
    });
    let card = |(row, mechanism): (gongzhi_kernel::project::Row, std::sync::Arc<_>)| {
        let mechanism: &gongzhi_lang::model::Mechanism = &mechanism;
        let month = view::format::month(visitor.lang, state.world.zone.date(row.opened));
        view::PublicCard {
            title: format!("{} · {month}", say(visitor.lang, &mechanism.words)),
            href: format!("/follow/{}", grouped(&app.service.receipt_code(row.id))),
            state: super::rows::record_row(visitor.lang, state, &row, app.service.now()).state,
            ..view::PublicCard::default()
        }
    };
    found.into_iter().map(card).collect()
}

fn gaze<'g>(app: &App, visitor: &Visitor, state: &'g gongzhi_service::State, held: &'g Held) -> Gaze<'g> {
    Gaze {
        lang: visitor.lang,
        state,
        mechanism: &held.view.mechanism,
        now: app.service.now(),
        base: held.base.clone(),
        staff: false,
    }
}

/// The last step of a unit after which the resident is waited for: its longest text is the answer.
fn answer(gaze: &Gaze<'_>, view: &RecordView) -> Option<view::Answer> {
    let waits =
        |name: &str| gaze.mechanism.state(name).is_some_and(|state| state.waits.contains(&Who::Holder));
    let (entry, taken, step) = view.history.iter().rev().find_map(|(_, entry)| match &entry.deed {
        Deed::Step(taken) if taken.to.as_deref().is_some_and(waits) => {
            let step = gaze.mechanism.step(&taken.step)?;
            let staff = matches!(entry.by, gongzhi_kernel::Acted::Person { .. });
            (staff && step.public).then_some((entry, taken, step))
        }
        _ => None,
    })?;
    // Words only: the names of choices and codes are long as well, but no answer.
    let public = |name: &String| {
        gaze.mechanism.field(name).is_some_and(|field| field.public && matches!(field.ty, Type::Text))
    };
    let asked = |name: &String| step.asks.iter().any(|ask| ask.field == *name);
    let texts = taken
        .set
        .iter()
        .filter(|(name, _)| public(name) && asked(name))
        .filter_map(|(_, value)| value.text());
    let text = texts.max_by_key(|text| text.chars().count())?;
    Some(view::Answer {
        unit: names::acted(gaze.lang, gaze.state, &entry.by, false),
        when: gaze.moment(entry.at),
        text: text.to_owned(),
        clause: clause_link(gaze.lang, &step.clause).map(|(label, href)| Link::new(label, href)),
        files: gaze.files(taken.set.iter().filter(|(name, _)| asked(name))),
    })
}

fn steps(
    app: &App,
    visitor: &Visitor,
    state: &gongzhi_service::State,
    held: &Held,
    again: Option<&Again<'_>>,
) -> Vec<FollowStep> {
    let view = &held.view;
    let waited =
        view.mechanism.state(&view.record.state).is_some_and(|state| state.waits.contains(&Who::Holder));
    let steps = view.steps.iter().filter_map(|name| view.mechanism.step(name));
    let none = Failed::default();
    // What would meet the nearest deadline is what the resident is waited for.
    let ends = why::nearest(&view.mechanism, &view.record).map(|(deadline, _)| deadline.ends.as_slice());
    let expected = ends.unwrap_or_default().iter().find(|end| view.steps.contains(end)).filter(|_| waited);
    steps
        .map(|step| {
            let shape = Shape {
                lang: visitor.lang,
                state,
                mechanism: &view.mechanism,
                step,
                presentation: &visitor.presentation,
                now: visitor.now,
                desk: false,
                record: None,
                given: BTreeMap::new(),
                proposed: BTreeMap::new(),
            };
            let mine = again.filter(|again| again.step == step.name);
            let (posted, read) = (mine.map(|again| again.posted), mine.map(|again| again.read));
            let failed = mine.map_or(&none, |again| again.failed);
            let action = format!("{}/{}", held.base, step.name);
            let mut form = form::form(app, &shape, action, Some(view.record.revision), posted, read, failed);
            // Several forms on one page ask for fields of the same name: the step's name tells them apart.
            for field in form.groups.iter_mut().flat_map(|group| &mut group.fields) {
                field.name = format!("{}.{}", step.name, field.name);
            }
            form.draft_key = String::new();
            let open = mine.is_some() || again.is_none() && expected == Some(&step.name);
            FollowStep { title: say(visitor.lang, &step.words), note: String::new(), form, open }
        })
        .collect()
}

/// What a condition stands against, whatever is filled in.
fn hindered(lang: Lang, state: &gongzhi_service::State, view: &RecordView) -> Vec<view::Hindered> {
    let known =
        view.hindered.iter().filter_map(|(name, refusal)| Some((view.mechanism.step(name)?, refusal)));
    known
        .map(|(step, refusal)| {
            let told = refusal_words_in(lang, refusal, state);
            view::Hindered {
                title: say(lang, &step.words),
                why: told.words,
                clause: told.clause.map(|(label, href)| Link::new(label, href)),
            }
        })
        .collect()
}

/// Takes the step's name off the fields' names again.
fn unprefixed(mut posted: Posted, step: &str) -> Posted {
    let prefix = format!("{step}.");
    let strip = |name: &mut String| {
        if let Some(bare) = name.strip_prefix(&prefix) {
            *name = bare.to_owned();
        }
    };
    for (name, value) in &mut posted.values {
        strip(name);
        if name == "_pick" {
            strip(value);
        }
    }
    posted.files.iter_mut().for_each(|upload| strip(&mut upload.field));
    posted
}

/// `POST /follow/{code}/{step}`
pub async fn act(
    Path((code, step)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    posted: Posted,
) -> Answer {
    let held = opened(&app, &visitor, &code).await?;
    let posted = unprefixed(posted, &step);
    let state = app.service.state().clone();
    let mechanism = held.view.mechanism.clone();
    let Some(rule) = mechanism.step(&step) else {
        return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND));
    };
    let shape = Shape {
        lang: visitor.lang,
        state: &state,
        mechanism: &mechanism,
        step: rule,
        presentation: &visitor.presentation,
        now: visitor.now,
        desk: false,
        record: Some(&held.view.record),
        given: BTreeMap::new(),
        proposed: BTreeMap::new(),
    };
    let (read, mut failed) = form::check(&app, &shape, &posted);
    if posted.get("_pick").is_some() {
        failed = Failed::default();
    } else if failed.faults.is_empty() {
        let order = Order::Step {
            record: held.view.record.id,
            step: step.clone(),
            expect: posted.text("seen").parse().ok(),
            input: read.input.clone(),
        };
        match app.service.act(posted.command_id(&app), held.actor.clone(), order).await {
            Ok(_) => return Ok(see(&format!("{}?done={step}", held.base))),
            Err(failure) => failed = form::failed(&app, &shape, &read, &failure),
        }
    }
    // Read anew: what the page shows is how the matter stands now.
    let held = opened(&app, &visitor, &code).await?;
    if !held.view.steps.contains(&step) {
        let s = visitor.shell(&app, "");
        let failure = match failed.told {
            Some(told) => told,
            None => return Ok(shown(&app, &visitor, &held, None, None)),
        };
        return Err(record::step::gone(
            s,
            failure,
            super::fields::typed(visitor.lang, &mechanism, rule, &posted),
            &held.base,
        ));
    }
    Ok(shown(
        &app,
        &visitor,
        &held,
        Some(Again { step: &step, posted: &posted, read: &read, failed: &failed }),
        None,
    ))
}

/// `GET /follow/{code}/why/{deadline}`
pub async fn why(
    Path((code, deadline)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
) -> Answer {
    let held = opened(&app, &visitor, &code).await?;
    let state = app.service.state();
    let gaze = gaze(&app, &visitor, &state, &held);
    let (view, now) = (&held.view, app.service.now());
    let mut all = why::derivations(
        visitor.lang,
        &state,
        &view.mechanism,
        &view.record,
        now,
        &held.base,
        Some(&deadline),
    );
    // Deadlines inside an office are not the resident's: only the one asked for.
    all.truncate(1);
    Ok(ok(&WhyPage {
        s: visitor.shell(&app, visitor.t("why-title")),
        record: Link::new(view.record.number.clone(), held.base.clone()),
        subject: gaze.subject(&view.record),
        derivations: all,
    }))
}

/// `GET /follow/{code}/files/{digest}`
pub async fn file(
    Path((code, digest)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
) -> Answer {
    let held = opened(&app, &visitor, &code).await?;
    let file = digest.parse().ok().and_then(|digest| held_file(&held.view, digest, false));
    match file {
        Some(file) => Ok(record::files::send(&app, &file).await),
        None => Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND)),
    }
}
