//! A record opened for somebody: by the clerk at the window, at the hotline, in the grid.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use gongzhi_base::Value;
use gongzhi_kernel::decide::PARENT;
use gongzhi_kernel::{Order, Raw};
use gongzhi_lang::model::{Mechanism, Step};
use gongzhi_service::codes::grouped;
use gongzhi_service::desk::{RecordView, opening_steps};
use gongzhi_service::{Failure, State as County};
use serde::Deserialize;

use super::page::reasons;
use super::show::{Gaze, desk_base};
use crate::app::App;
use crate::pages::fields::Shape;
use crate::pages::form::{self, Failed};
use crate::pages::input::{self, Read};
use crate::pages::names;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, ok, page as render, see};
use crate::pages::rows::record_row;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::{
    Choice, Duplicate, FieldKind, Hidden, Link, NewRecordPage, OptionGroup, TextPage, TextSection,
};

/// The way to enter something into a register, for whoever may.
pub fn to_enter(visitor: &Visitor, mechanism: &Mechanism, me: &Me, state: &County) -> Option<Link> {
    mechanism.register.as_ref()?;
    let step = opening_steps(&me.staff.actor, mechanism, &state.world).next()?;
    Some(Link::new(say(visitor.lang, &step.words), format!("/desk/new/{}/{}", mechanism.name, step.name)))
}

/// `GET /desk/new`: what may be opened; where it is one thing, that.
pub async fn choose(State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let state = app.service.state();
    // A part is opened from its parent's page, an entry of a register from its list.
    let own = |mechanism: &&Arc<Mechanism>| mechanism.parent.is_none() && mechanism.register.is_none();
    let mechanisms = state.laws.library.mechanisms.values().filter(own);
    let all: Vec<(&Arc<Mechanism>, &Step)> = mechanisms
        .flat_map(|mechanism| {
            opening_steps(&me.staff.actor, mechanism, &state.world).map(move |step| (mechanism, step))
        })
        .collect();
    let link = |(mechanism, step): &(&Arc<Mechanism>, &Step)| {
        let label = format!("{} · {}", say(visitor.lang, &mechanism.words), say(visitor.lang, &step.words));
        Link::new(label, format!("/desk/new/{}/{}", mechanism.name, step.name))
    };
    match all.as_slice() {
        [] => Err(Trouble::status(&app, &visitor, StatusCode::FORBIDDEN)),
        [one] => Ok(see(&link(one).href)),
        several => Ok(ok(&TextPage {
            title: visitor.t("new-title"),
            sections: vec![TextSection {
                links: several.iter().map(link).collect(),
                ..TextSection::default()
            }],
            s: visitor.desk_shell(&app, &me, visitor.t("new-title")),
        })),
    }
}

/// A mechanism with one of its opening steps, if the person may take it.
fn found(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    mechanism: &str,
    step: &str,
) -> Result<Arc<Mechanism>, Trouble> {
    let state = app.service.state();
    let known = state.laws.library.mechanisms.get(mechanism);
    let known = known
        .filter(|known| opening_steps(&me.staff.actor, known, &state.world).any(|known| known.name == step));
    known.cloned().ok_or_else(|| Trouble::at_desk(app, visitor, me, &Failure::NotFound))
}

/// Under which record a part is opened.
#[derive(Deserialize, Default)]
pub struct Under {
    #[serde(default)]
    parent: String,
}

/// The record under which a part is opened, if the person may read it; none for a mechanism without parents.
async fn parent(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    mechanism: &Mechanism,
    typed: &str,
) -> Result<Option<RecordView>, Trouble> {
    let Some(kind) = &mechanism.parent else { return Ok(None) };
    let view = super::read(app, visitor, me, typed).await?;
    match view.record.mechanism == *kind {
        true => Ok(Some(view)),
        false => Err(Trouble::at_desk(app, visitor, me, &Failure::NotFound)),
    }
}

/// `GET /desk/new/{mechanism}/{step}`
pub async fn page(
    Path((mechanism, name)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    Query(under): Query<Under>,
) -> Answer {
    let mechanism = found(&app, &visitor, &me, &mechanism, &name)?;
    let parent = parent(&app, &visitor, &me, &mechanism, &under.parent).await?;
    let proposed = proposed(&app, &me, &mechanism, &name).await?;
    let way = Way { mechanism: &mechanism, name: &name, parent: parent.as_ref(), proposed };
    shown(&app, &visitor, &me, &way, None, None)
}

/// What is opened, by which step, under which record.
struct Way<'w> {
    mechanism: &'w Mechanism,
    name: &'w str,
    parent: Option<&'w RecordView>,
    /// Rows with which its tables begin.
    proposed: BTreeMap<String, Value>,
}

/// The rows that a form begins with; nothing is asked of the records where nothing is proposed.
async fn proposed(
    app: &App,
    me: &Me,
    mechanism: &Arc<Mechanism>,
    step: &str,
) -> Result<BTreeMap<String, Value>, Trouble> {
    if mechanism.step(step).is_none_or(|step| step.proposes.is_empty()) {
        return Ok(BTreeMap::new());
    }
    let (actor, mechanism, step) = (me.actor(), mechanism.clone(), step.to_owned());
    let rows = app.read(move |service| match mechanism.step(&step) {
        Some(step) => service.proposed_rows(&actor, step),
        None => Ok(BTreeMap::new()),
    });
    // A form without its proposals is still a form.
    Ok(rows.await.unwrap_or_default())
}

type Again<'a> = (&'a Posted, &'a Read, &'a Failed);

fn shown(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    way: &Way<'_>,
    again: Option<Again<'_>>,
    duplicates: Option<Vec<Duplicate>>,
) -> Answer {
    let Way { mechanism, name, parent, .. } = *way;
    let state = app.service.state();
    let Some(step) = mechanism.step(name) else {
        return Err(Trouble::at_desk(app, visitor, me, &Failure::NotFound));
    };
    let shape = shape(visitor, &state, me, way, step);
    let none = Failed::default();
    let (posted, read, failed) = match again {
        Some((posted, read, failed)) => (Some(posted), Some(read), failed),
        None => (None, None, &none),
    };
    let action = format!("/desk/new/{}/{name}", mechanism.name);
    let mut form = form::form(app, &shape, action, None, posted, read, failed);
    if let Some(read) = read {
        propose(app, &shape, read, &mut form);
    }
    let back = match mechanism.register {
        Some(_) => format!("/desk/list?mechanism={}", mechanism.name),
        None => "/desk".to_owned(),
    };
    form.cancel = Some(Link::new(visitor.t("back"), back));
    // Only where the person for whom it is opened gets a receipt does the page speak of a resident's matter.
    let mut title = match (mechanism.receipt, &mechanism.register) {
        (true, _) => visitor.t("new-title"),
        // “Enter” alone does not say what.
        (_, Some(_)) => {
            format!("{} · {}", say(visitor.lang, &mechanism.words), say(visitor.lang, &step.words))
        }
        _ => say(visitor.lang, &step.words),
    };
    let mut lead = if mechanism.receipt { visitor.t("new-lead") } else { String::new() };
    let mut above = None;
    if let Some(view) = parent {
        let base = desk_base(view.record.id);
        form.hidden.push(Hidden { name: PARENT.to_owned(), value: view.record.id.to_string() });
        form.cancel = Some(Link::new(visitor.t("back"), base.clone()));
        title = say(visitor.lang, &step.words);
        lead.clear();
        let now = app.service.now();
        let gaze = Gaze {
            lang: visitor.lang,
            state: &state,
            mechanism: &view.mechanism,
            now,
            base: base.clone(),
            staff: true,
        };
        above = Some(Link::new(format!("{} {}", view.record.number, gaze.subject(&view.record)), base));
    }
    let page = NewRecordPage {
        s: visitor.desk_shell(app, me, title.clone()),
        title,
        above,
        form,
        duplicates,
        lead,
        check: mechanism.duplicates.is_some() && mechanism.place.is_some(),
        dups_src: format!("/api/v1/duplicates?mechanism={}", mechanism.name),
        dups_fields: compared(mechanism),
    };
    Ok(render(failed.status(), &page))
}

/// Which fields of the form are compared while the clerk types, as `parameter=field` for the island; empty for none.
fn compared(mechanism: &Mechanism) -> String {
    let (Some(rule), Some(place)) = (&mechanism.duplicates, &mechanism.place) else { return String::new() };
    let point = rule.point.as_ref().map(|name| format!(" lat={name}.lat lon={name}.lon")).unwrap_or_default();
    format!("text={} place={place}{point}", rule.words)
}

fn shape<'s>(visitor: &'s Visitor, state: &'s County, me: &Me, way: &Way<'s>, step: &'s Step) -> Shape<'s> {
    let Way { mechanism, parent, .. } = *way;
    // A part lies where its parent does, most of the time.
    let above = parent.map(|view| view.record.place.clone());
    // Whoever works for one place reports from there most of the time.
    let own = me.staff.actor.posts().iter().find(|post| post.place != state.world.county);
    let given = mechanism.place.clone().zip(above.or_else(|| own.map(|post| post.place.clone())));
    Shape {
        lang: visitor.lang,
        state,
        mechanism,
        step,
        presentation: &visitor.presentation,
        now: visitor.now,
        desk: true,
        record: None,
        given: given.into_iter().collect::<BTreeMap<_, _>>(),
        proposed: way.proposed.clone(),
    }
}

/// Puts the kinds that fit the words first in the list of kinds.
fn propose(app: &App, shape: &Shape<'_>, read: &Read, form: &mut crate::view::Form) {
    let (Some(title), Some(kind)) = (&shape.mechanism.title, &shape.mechanism.kind) else { return };
    let Some(Raw::Text(text)) = read.input.get(title) else { return };
    let Some(catalogue) = app.service.kind_catalogue(&shape.mechanism.name) else { return };
    let proposals = app.service.propose_kind(&catalogue, text);
    let field = form.groups.iter_mut().flat_map(|group| &mut group.fields).find(|field| field.name == *kind);
    let Some(FieldKind::Catalogue(input)) = field.map(|field| &mut field.kind) else { return };
    if proposals.is_empty() {
        return;
    }
    let chosen = input.chosen();
    let options = proposals.iter().enumerate().map(|(at, proposal)| Choice {
        value: proposal.code.clone(),
        label: names::entry(shape.lang, shape.state, &catalogue, &proposal.code),
        selected: !chosen && at == 0,
        ..Choice::default()
    });
    let label = crate::i18n::t(shape.lang, "kind-proposed").into_owned();
    let group = OptionGroup { label: String::new(), options: options.collect() };
    input.groups.insert(0, crate::view::CatalogueGroup { label, note: String::new(), groups: vec![group] });
}

/// Records near in place, time and words to what was typed.
async fn likely(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    mechanism: &Mechanism,
    read: &Read,
) -> Option<Vec<Duplicate>> {
    let rule = mechanism.duplicates.as_ref()?;
    let Some(Raw::Text(text)) = read.input.get(&rule.words) else { return None };
    let Some(Raw::Text(place)) = read.input.get(mechanism.place.as_deref()?) else { return None };
    let point = rule.point.as_ref().and_then(|name| match read.input.get(name)? {
        Raw::Text(text) => {
            let (lat, lon) = text.split_once(',')?;
            gongzhi_base::Point::from_degrees(lat.trim().parse().ok()?, lon.trim().parse().ok()?)
        }
        _ => None,
    });
    let (actor, name, text, place) = (me.actor(), mechanism.name.clone(), text.clone(), place.clone());
    let found =
        app.read(move |service| service.likely_duplicates(&actor, &name, &text, &place, point, None)).await;
    let state = app.service.state();
    let duplicates = found.ok()?.into_iter().map(|likely| Duplicate {
        reasons: reasons(visitor, &likely),
        row: record_row(visitor.lang, &state, &likely.row, app.service.now()),
        merge: None,
        link: None,
    });
    Some(duplicates.collect())
}

/// `POST /desk/new/{mechanism}/{step}`
pub async fn submit(
    Path((mechanism, name)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Result<Response, Trouble> {
    let mechanism = found(&app, &visitor, &me, &mechanism, &name)?;
    let state = app.service.state().clone();
    let Some(step) = mechanism.step(&name) else {
        return Err(Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound));
    };
    let parent = parent(&app, &visitor, &me, &mechanism, posted.text(PARENT)).await?;
    let way = Way { mechanism: &mechanism, name: &name, parent: parent.as_ref(), proposed: BTreeMap::new() };
    let shape = shape(&visitor, &state, &me, &way, step);
    if posted.get("_check").is_some() || posted.get("_pick").is_some() {
        let read = input::read(&app, visitor.lang, &mechanism, step, &posted);
        let near = likely(&app, &visitor, &me, &mechanism, &read).await;
        return shown(&app, &visitor, &me, &way, Some((&posted, &read, &Failed::default())), near);
    }
    let (read, mut failed) = form::check(&app, &shape, &posted);
    if failed.faults.is_empty() {
        let id = app.service.new_record_id();
        let mut input = read.input.clone();
        input.extend(parent.as_ref().map(|view| (PARENT.to_owned(), Raw::Text(view.record.id.to_string()))));
        let order = Order::Open { mechanism: mechanism.name.clone(), step: name.clone(), id, input };
        match app.service.act(posted.command_id(&app), me.actor(), order).await {
            Ok(outcome) => return done(&app, &me, &mechanism, outcome.record, &name).await,
            Err(failure) => failed = form::failed(&app, &shape, &read, &failure),
        }
    }
    let near = likely(&app, &visitor, &me, &mechanism, &read).await;
    shown(&app, &visitor, &me, &way, Some((&posted, &read, &failed)), near)
}

/// The receipt for the person at the window; without receipts, the record.
async fn done(app: &App, me: &Me, mechanism: &Mechanism, id: gongzhi_base::RecordId, step: &str) -> Answer {
    if mechanism.receipt {
        return Ok(see(&format!("/receipt/{}", grouped(&app.service.receipt_code(id)))));
    }
    let actor = me.actor();
    let readable = app.read(move |service| service.view(&actor, id)).await.is_ok();
    Ok(see(&if readable { format!("{}?done={step}", desk_base(id)) } else { "/desk".to_owned() }))
}
