//! The form of one step, and taking it.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use gongzhi_kernel::decide::PARENT;
use gongzhi_kernel::{Order, Raw, Refusal};
use gongzhi_lang::model::Step;
use gongzhi_service::desk::RecordView;
use gongzhi_service::{Failure, State as County};

use super::moving::{self, Moving};
use super::show::{Gaze, desk_base};
use crate::app::App;
use crate::i18n::t_with;
use crate::pages::fields::{Shape, typed};
use crate::pages::form::{self, Failed};
use crate::pages::home;
use crate::pages::input::Read;
use crate::pages::posted::Posted;
use crate::pages::problem::{self, Answer, Trouble, page as render, see};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{RefusalText, clause_link, say};
use crate::view::{ErrorPage, Fact, Hidden, Link, RecordRow, Shell, StepPage};

/// `GET /desk/r/{id}/do/{step}`
pub async fn page(
    Path((id, name)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
) -> Answer {
    let view = super::read(&app, &visitor, &me, &id).await?;
    let state = app.service.state().clone();
    let step = offered(&app, &visitor, &me, &view, &name)?;
    let moving = where_to(&app, &visitor, &me, &view, step).await?;
    Ok(shown((&app, &visitor, &me), &state, &view, (step, &moving), None))
}

/// A step that the person may take now; else why not.
fn offered<'v>(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    view: &'v RecordView,
    name: &str,
) -> Result<&'v Step, Trouble> {
    let refuse = |refusal| Trouble::at_desk(app, visitor, me, &Failure::Refused(refusal));
    let step = view.mechanism.step(name).filter(|step| !step.opens_record());
    let step = step.ok_or_else(|| refuse(Refusal::NoSuch { what: name.to_owned() }))?;
    if view.steps.contains(&step.name) {
        return Ok(step);
    }
    let (words, clause) = (step.words.clone(), step.clause.clone());
    if step.from.contains(&view.record.state) {
        return Err(refuse(Refusal::NoRight { step: words, who: step.by.clone(), clause }));
    }
    let state = view.mechanism.state(&view.record.state).map(|state| state.words.clone()).unwrap_or_default();
    Err(refuse(Refusal::WrongState { step: words, state, clause }))
}

/// Where the record may go, where the step puts it anywhere.
async fn where_to(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    view: &RecordView,
    step: &Step,
) -> Result<Moving, Trouble> {
    let read = Moving::read(app, me, view, step).await;
    read.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))
}

type Again<'a> = (&'a Posted, &'a Read, &'a Failed);

fn shown(
    (app, visitor, me): (&App, &Visitor, &Me),
    state: &County,
    view: &RecordView,
    (step, moving): (&Step, &Moving),
    again: Option<Again<'_>>,
) -> Response {
    let (lang, record) = (visitor.lang, &view.record);
    let base = desk_base(record.id);
    let shape = shape(visitor, state, view, step);
    let none = Failed::default();
    let (posted, read, failed) = match again {
        Some((posted, read, failed)) => (Some(posted), Some(read), failed),
        None => (None, None, &none),
    };
    let action = format!("{base}/do/{}", step.name);
    let mut form = form::form(app, &shape, action, Some(record.revision), posted, read, failed);
    if let Some(field) = moving.field(lang, state, view, posted) {
        form.groups[0].fields.insert(0, field);
    }
    if moving.preview.is_some() {
        let sure = posted.map(|posted| posted.text(PARENT).trim().to_owned()).unwrap_or_default();
        form.hidden.push(Hidden { name: moving::SURE.to_owned(), value: sure });
        form.submit = visitor.t("move-do");
    }
    form.cancel = Some(Link::new(visitor.t("back"), base.clone()));
    // With the revision in its name a draft ends with the step that it was for.
    form.draft_key = format!("{}.{}.{}", record.id, step.name, record.revision);
    let now = app.service.now();
    let gaze = Gaze { lang, state, mechanism: &view.mechanism, now, base: base.clone(), staff: true };
    let after = step.to.as_deref().filter(|to| *to != record.state).map(|to| gaze.state(to).label);
    let title = say(lang, &step.words);
    let mut s = visitor.desk_shell(app, me, title.clone());
    if posted.is_some() {
        s.resend.clone_from(&form.id);
    }
    let page = StepPage {
        s,
        title,
        effect: match after {
            Some(state) => t_with(lang, "step-effect", [("x", state.into())]),
            None => visitor.t("step-effect-same"),
        },
        clause: clause_link(lang, &step.clause).map(|(label, href)| Link::new(label, href)),
        record: RecordRow {
            code: record.number.clone(),
            subject: gaze.subject(record),
            href: base,
            place: crate::pages::names::place(lang, state, &record.place),
            state: gaze.state(&record.state),
            due: gaze.due(record),
            ..RecordRow::default()
        },
        facts: gaze.facts(record, |field| field.public),
        moving: moving.preview.clone(),
        form,
    };
    let status = if moving.fault.is_empty() { failed.status() } else { StatusCode::UNPROCESSABLE_ENTITY };
    render(status, &page)
}

fn shape<'s>(visitor: &'s Visitor, state: &'s County, view: &'s RecordView, step: &'s Step) -> Shape<'s> {
    Shape {
        lang: visitor.lang,
        state,
        mechanism: &view.mechanism,
        step,
        presentation: &visitor.presentation,
        now: visitor.now,
        desk: true,
        record: Some(&view.record),
        given: BTreeMap::new(),
        proposed: BTreeMap::new(),
    }
}

/// `POST /desk/r/{id}/do/{step}`
pub async fn submit(
    Path((id, name)): Path<(String, String)>,
    State(app): State<App>,
    mut visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Answer {
    // The switches of the page send its form, so that what was typed is still there; they carry nothing out.
    let switched = visitor.switch(&posted);
    let view = super::read(&app, &visitor, &me, &id).await?;
    let state = app.service.state().clone();
    let Some(step) = view.mechanism.step(&name) else {
        return Err(Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound));
    };
    let base = desk_base(view.record.id);
    let shape = shape(&visitor, &state, &view, step);
    let (mut read, mut failed) = form::check(&app, &shape, &posted);
    let mut moving = where_to(&app, &visitor, &me, &view, step).await?;
    let seen: Option<u64> = posted.text("seen").parse().ok();
    let wanted = moving::wanted(step, &view, &posted);
    let kept = |mut answer: Response| {
        answer.headers_mut().extend(home::kept(&app, &|name| posted.get(&format!("_{name}"))));
        Ok(answer)
    };
    if posted.get("_pick").is_some() || switched && wanted.is_none() {
        let again = if switched { failed } else { Failed::default() };
        let again = Some((&posted, &read, &again));
        return kept(shown((&app, &visitor, &me), &state, &view, (step, &moving), again));
    }
    if let Some(to) = &wanted {
        read.input.insert(PARENT.to_owned(), Raw::Text(to.clone()));
    }
    // What comes of a move is shown first; it is made once it is sent again as it was shown.
    let unsure = wanted.filter(|to| switched || posted.text(moving::SURE) != to);
    if let Some(to) = unsure.filter(|_| failed.faults.is_empty() && view.steps.contains(&step.name)) {
        let (actor, id, step_name, input) = (me.actor(), view.record.id, name.clone(), read.input.clone());
        let foreseen =
            app.read(move |service| service.foreseen(&actor, (id, seen), &step_name, &input)).await;
        match foreseen {
            Ok(effects) => {
                let effects = (to.as_str(), effects.as_slice());
                moving.preview = Some(moving::preview(&visitor, &state, &view, step, effects));
                let again = Some((&posted, &read, &failed));
                return kept(shown((&app, &visitor, &me), &state, &view, (step, &moving), again));
            }
            Err(failure) => {
                moving.note(visitor.lang, &failure);
                failed = form::failed(&app, &shape, &read, &failure);
            }
        }
    } else if failed.faults.is_empty() {
        let order = Order::Step {
            record: view.record.id,
            step: name.clone(),
            expect: seen,
            input: read.input.clone(),
        };
        match app.service.act(posted.command_id(&app), me.actor(), order).await {
            Ok(_) => return after(&app, &me, &view, &name).await,
            Err(failure) => {
                moving.note(visitor.lang, &failure);
                failed = form::failed(&app, &shape, &read, &failure);
            }
        }
    }
    let view = super::read(&app, &visitor, &me, &id).await?;
    match (&failed.told, view.mechanism.step(&name)) {
        // Nothing of the form could be sent from here any more: what was typed is shown to be copied.
        (Some(told), _) if !view.steps.contains(&name) => {
            let kept = typed(visitor.lang, &view.mechanism, step, &posted);
            Err(gone(visitor.desk_shell(&app, &me, ""), told.clone(), kept, &base))
        }
        (told, Some(step)) => {
            let moved =
                told.as_ref().is_some_and(|_| posted.text("seen") != view.record.revision.to_string());
            if moved {
                note_changes(&app, &visitor, &state, &view, posted.text("seen"), &mut failed);
            }
            let again = Some((&posted, &read, &failed));
            kept(shown((&app, &visitor, &me), &state, &view, (step, &moving), again))
        }
        _ => Err(Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound)),
    }
}

/// Back to the record, or to the inbox when the step took it out of the person's sight.
async fn after(app: &App, me: &Me, view: &RecordView, step: &str) -> Answer {
    let (actor, id) = (me.actor(), view.record.id);
    let readable = app.read(move |service| service.view(&actor, id)).await.is_ok();
    Ok(see(&if readable { format!("{}?done={step}", desk_base(id)) } else { "/desk".to_owned() }))
}

/// Tells what others did since the page was opened.
fn note_changes(
    app: &App,
    visitor: &Visitor,
    state: &County,
    view: &RecordView,
    seen: &str,
    failed: &mut Failed,
) {
    let (Ok(seen), Some(told)) = (seen.parse::<u64>(), failed.told.as_mut()) else { return };
    let now = app.service.now();
    let base = desk_base(view.record.id);
    let gaze = Gaze { lang: visitor.lang, state, mechanism: &view.mechanism, now, base, staff: true };
    let newer = view.history.iter().filter(|(_, entry)| entry.revision > seen).count();
    for event in gaze.events(view).into_iter().take(newer).take(5) {
        told.words.push_str(&format!(" {} {} {}.", event.when, event.title, event.actor));
    }
}

/// A refusal after which the form makes no sense any more, with what was typed to be copied.
pub fn gone(mut s: Shell, told: RefusalText, kept: Vec<Fact>, base: &str) -> Trouble {
    s.title.clone_from(&told.title);
    let links = vec![Link::new(s.t("back-to-record"), base.to_owned())];
    let status = told.status;
    let page = ErrorPage {
        status: status.as_u16(),
        problem: Some(problem::problem(told)),
        kept,
        links,
        s,
        ..ErrorPage::default()
    };
    render(status, &page).into()
}
