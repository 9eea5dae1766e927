//! Residents report, and get their receipt.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use gongzhi_kernel::{Actor, Order};
use gongzhi_lang::model::{Mechanism, Step, Who};
use gongzhi_service::State as County;
use gongzhi_service::codes::grouped;
use serde::Deserialize;

use super::fields::Shape;
use super::follow::opened;
use super::form::{self, Failed};
use super::posted::Posted;
use super::problem::{Answer, ok, page as render, see};
use super::record::show::Gaze;
use super::visitor::Visitor;
use super::words::say;
use super::{input::Read, names, proof, qr};
use crate::app::App;
use crate::i18n::t_with;
use crate::view::{Link, ReceiptPage, ReportPage, TextPage, TextSection, format};

/// What a link to the form carries.
#[derive(Deserialize, Default)]
pub struct Asked {
    mechanism: Option<String>,
    place: Option<String>,
}

/// Mechanisms that anybody may open, with the step that does it.
pub fn open_to_all(state: &County) -> Vec<(Arc<Mechanism>, String)> {
    let all = state.laws.library.mechanisms.values().filter(|mechanism| mechanism.receipt);
    let public = |mechanism: &Arc<Mechanism>| {
        let step = mechanism.openers().find(|step| step.by.contains(&Who::Anyone))?;
        Some((mechanism.clone(), step.name.clone()))
    };
    all.filter_map(public).collect()
}

/// `GET /report`: the form, or the choice where there are several.
pub async fn page(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    let state = app.service.state();
    let mut all = open_to_all(&state);
    if let Some(name) = &asked.mechanism {
        all.retain(|(mechanism, _)| mechanism.name == *name);
    }
    match all.as_slice() {
        [] => StatusCode::NOT_FOUND.into_response(),
        [(mechanism, step)] => {
            let given = asked.place.filter(|code| state.world.place(code).is_some());
            shown(&app, &visitor, &state, mechanism, step, given.as_deref(), None)
        }
        several => {
            let place = asked.place.map(|place| format!("&place={place}")).unwrap_or_default();
            let link = |(mechanism, _): &(Arc<Mechanism>, String)| {
                Link::new(
                    say(visitor.lang, &mechanism.words),
                    format!("/report?mechanism={}{place}", mechanism.name),
                )
            };
            ok(&TextPage {
                title: visitor.t("report-title"),
                sections: vec![TextSection {
                    links: several.iter().map(link).collect(),
                    ..TextSection::default()
                }],
                s: visitor.shell(&app, visitor.t("report-title")),
            })
        }
    }
}

/// `GET /g/{code}`: the QR code of a grid or another place.
pub async fn scanned(Path(code): Path<String>, State(app): State<App>) -> Response {
    match app.service.state().world.place(&code) {
        Some(place) => see(&format!("/report?place={}", place.code)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The form again: what was posted, what was read of it, what was wrong.
type Again<'a> = (&'a Posted, &'a Read, &'a Failed);

fn shown(
    app: &App,
    visitor: &Visitor,
    state: &County,
    mechanism: &Mechanism,
    step: &str,
    place: Option<&str>,
    again: Option<Again<'_>>,
) -> Response {
    let Some(step) = mechanism.step(step) else { return StatusCode::NOT_FOUND.into_response() };
    let shape = shape(visitor, state, mechanism, step, place);
    let none = Failed::default();
    let (posted, read, failed) = match again {
        Some((posted, read, failed)) => (Some(posted), Some(read), failed),
        None => (None, None, &none),
    };
    let action = format!("/report?mechanism={}", mechanism.name);
    let mut form = form::form(app, &shape, action, None, posted, read, failed);
    form.draft_key = format!("report.{}", mechanism.name);
    form.note = visitor.t("report-note");
    let title = visitor.t("report-title");
    let page = ReportPage {
        s: visitor.shell(app, title),
        scanned: place.map(|code| names::place(visitor.lang, state, code)).unwrap_or_default(),
        urgent: visitor.t("report-urgent"),
        form,
    };
    render(failed.status(), &page)
}

fn shape<'s>(
    visitor: &'s Visitor,
    state: &'s County,
    mechanism: &'s Mechanism,
    step: &'s Step,
    place: Option<&str>,
) -> Shape<'s> {
    let place = mechanism.place.clone().zip(place.map(str::to_owned));
    Shape {
        lang: visitor.lang,
        state,
        mechanism,
        step,
        presentation: &visitor.presentation,
        now: visitor.now,
        desk: false,
        record: None,
        given: place.into_iter().collect::<BTreeMap<_, _>>(),
        proposed: BTreeMap::new(),
    }
}

/// `POST /report`
pub async fn submit(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
    posted: Posted,
) -> Response {
    let state = app.service.state().clone();
    let all = open_to_all(&state);
    let chosen =
        all.iter().find(|(mechanism, _)| asked.mechanism.as_ref().is_none_or(|name| mechanism.name == *name));
    let Some((mechanism, name)) = chosen else { return StatusCode::NOT_FOUND.into_response() };
    let Some(step) = mechanism.step(name) else { return StatusCode::NOT_FOUND.into_response() };
    let shape = shape(&visitor, &state, mechanism, step, None);
    let (read, mut failed) = form::check(&app, &shape, &posted);
    if posted.get("_pick").is_some() {
        failed = Failed::default();
    } else if failed.faults.is_empty() {
        let order = Order::Open {
            mechanism: mechanism.name.clone(),
            step: name.clone(),
            id: app.service.new_record_id(),
            input: read.input.clone(),
        };
        match app.service.act(posted.command_id(&app), Actor::Public, order).await {
            Ok(outcome) => {
                return see(&format!("/receipt/{}", grouped(&app.service.receipt_code(outcome.record))));
            }
            Err(failure) => failed = form::failed(&app, &shape, &read, &failure),
        }
    }
    shown(&app, &visitor, &state, mechanism, name, None, Some((&posted, &read, &failed)))
}

/// `GET /receipt/{code}`
pub async fn receipt(Path(code): Path<String>, State(app): State<App>, visitor: Visitor) -> Answer {
    let held = opened(&app, &visitor, &code).await?;
    let proven = proof::receipt(&app, &visitor, &held).await?;
    let state = app.service.state();
    let view = &held.view;
    let gaze = Gaze {
        lang: visitor.lang,
        state: &state,
        mechanism: &view.mechanism,
        now: app.service.now(),
        base: held.base.clone(),
        staff: false,
    };
    let opener = view.history.first().and_then(|(_, entry)| match &entry.deed {
        gongzhi_kernel::Deed::Step(taken) => view.mechanism.step(&taken.step),
        _ => None,
    });
    let asked = |name: &str| opener.is_some_and(|step| step.asks.iter().any(|ask| ask.field == name));
    let mut facts = vec![crate::view::Fact {
        label: visitor.t("number"),
        value: view.record.number.clone(),
        ..crate::view::Fact::default()
    }];
    facts.extend(gaze.facts(&view.record, |field| asked(&field.name)));
    let unit =
        gaze.unit(&view.record).map(|code| names::unit(visitor.lang, &state, code)).unwrap_or_default();
    let stands = gaze.state(&view.record.state).label;
    let url = format!("{}{}", app.public_url, held.base);
    let next = match unit.as_str() {
        "" => t_with(visitor.lang, "receipt-next-state", [("x", stands.into())]),
        unit => t_with(visitor.lang, "receipt-next-unit", [("x", stands.into()), ("y", unit.into())]),
    };
    Ok(ok(&ReceiptPage {
        given: !super::record::told(&view.mechanism),
        s: visitor.shell(&app, visitor.t("receipt-name")),
        code: grouped(&held.code),
        qr_svg: qr::small(&url),
        url,
        follow_href: held.base.clone(),
        verify_url: format!("{}/verify", app.public_url),
        record: view.record.id.to_string(),
        // With the year: it is for keeping.
        received: format::moment(visitor.lang, state.world.zone.civil(view.record.opened), 0),
        facts,
        next,
        due: gaze.due(&view.record),
        proof: proof::part(&app, &held, &proven),
        draft_done: format!("report.{}", view.mechanism.name),
    }))
}
