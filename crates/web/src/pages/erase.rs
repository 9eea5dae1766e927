//! The data subject's page part: what is held about him, who looked, and having it erased
//! (PIPL arts. 44, 45, 47); and the same erasure at the desk, for whoever may look.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use gongzhi_kernel::{Actor, Deed, Refusal};
use gongzhi_lang::model::Field as Asked;
use gongzhi_service::Failure;
use gongzhi_service::desk::RecordView;

use super::follow::{self, Held};
use super::posted::Posted;
use super::problem::{Answer, Trouble, page as render, see};
use super::record::show::{Gaze, desk_base};
use super::visitor::{Me, Visitor};
use super::words::{clause_link, failure_words, fault_words, refusal_words_in, say, who_words};
use super::{names, problem, record};
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::view::{
    ErasePage, Field, FieldGroup, FieldKind, Form, Hidden, Link, Look, OwnData, OwnItem, Shell, TextInput,
};

/// Characters of a reason at the most; the kernel's limit for a purpose.
const REASON: u32 = 200;

/// What the holder's page says of his own data; `None` when none was ever given. `open` is the key of the words for how
/// long they are kept while the record is open.
pub fn own(gaze: &Gaze<'_>, view: &RecordView, base: &str, open: &str) -> Option<OwnData> {
    let (lang, state) = (gaze.lang, gaze.state);
    let fields = view.mechanism.fields.iter().filter_map(|field| Some((field, field.personal.as_ref()?)));
    let items: Vec<OwnItem> = fields
        .filter_map(|(field, personal)| {
            let value = view.own.get(&field.name)?;
            Some(OwnItem {
                label: say(lang, &field.words),
                value: names::value(lang, state, field, value),
                purpose: say(lang, &personal.purpose),
                audience: who_words(lang, &personal.audience, state),
                clause: clause_link(lang, &field.clause).map(|(label, href)| Link::new(label, href)),
            })
        })
        .collect();
    let erased = view.history.iter().any(|(_, event)| matches!(event.deed, Deed::Erased { .. }));
    let looks = looks(gaze, view, base, false);
    if items.is_empty() && looks.is_empty() && !erased {
        return None;
    }
    let until = match (items.is_empty(), view.kept_until) {
        (true, _) => t(lang, "own-none").into_owned(),
        (false, Some(at)) => t_with(lang, "own-until", [("x", gaze.moment(at).into())]),
        (false, None) => match gongzhi_kernel::keeping::span(&view.mechanism, &view.record) {
            Some(span) => t_with(lang, open, [("x", super::why::span(lang, span).into())]),
            None => String::new(),
        },
    };
    let (erase_href, refused) = match &view.erasure {
        Ok(()) => (format!("{base}/data/erasure"), String::new()),
        // That nothing is left is said already.
        Err(Refusal::NothingPersonal) => (String::new(), String::new()),
        Err(refusal) => (String::new(), refusal_words_in(lang, refusal, state).words),
    };
    Some(OwnData { items, until, looks, erase_href, refused })
}

/// Looks at personal fields, newest first; `staff` see the person's name, others the office.
pub fn looks(gaze: &Gaze<'_>, view: &RecordView, base: &str, staff: bool) -> Vec<Look> {
    let lang = gaze.lang;
    let name = |name: &String| {
        view.mechanism.field(name).map(|field: &Asked| say(lang, &field.words)).unwrap_or_default()
    };
    let found = view.history.iter().rev().filter_map(|(_, entry)| match &entry.deed {
        Deed::Look { fields, purpose } => Some(Look {
            when: gaze.moment(entry.at),
            who: names::acted(lang, gaze.state, &entry.by, staff),
            record: Link::new(view.record.number.clone(), base.to_owned()),
            fields: fields.iter().map(name).collect::<Vec<_>>().join(&t(lang, "list-comma")),
            purpose: purpose.clone(),
            mark: None,
        }),
        _ => None,
    });
    found.collect()
}

/// What of the posted form stands on the page again.
#[derive(Default)]
struct Again {
    reason: String,
    error: Option<String>,
    /// A failure told above the form.
    told: Option<super::words::RefusalText>,
}

fn asked(
    app: &App,
    lang: Lang,
    s: Shell,
    view: &RecordView,
    base: &str,
    action: String,
    again: Again,
) -> Response {
    let status = match (&again.told, &again.error) {
        (Some(told), _) => told.status,
        (None, Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        (None, None) => StatusCode::OK,
    };
    let reason = Field {
        name: "reason".to_owned(),
        label: t(lang, "erase-reason").into_owned(),
        help: t(lang, "erase-reason-help").into_owned(),
        required: true,
        error: again.error,
        kind: FieldKind::Text(TextInput { value: again.reason, max: REASON, ..TextInput::default() }),
        ..Field::default()
    };
    let held = view.mechanism.fields.iter().filter(|field| field.personal.is_some());
    let held = held.filter(|field| view.record.fields.contains_key(&field.name));
    let page = ErasePage {
        record: Link::new(view.record.number.clone(), base.to_owned()),
        fields: held.map(|field| say(lang, &field.words)).collect(),
        form: Form {
            id: "erase".to_owned(),
            action,
            hidden: vec![Hidden {
                name: "command_id".to_owned(),
                value: app.service.new_command_id().as_str().to_owned(),
            }],
            groups: vec![FieldGroup { fields: vec![reason], ..FieldGroup::default() }],
            problems: again.told.map(problem::problem).into_iter().collect(),
            submit: t(lang, "own-erase").into_owned(),
            grave: true,
            ..Form::default()
        },
        s,
    };
    render(status, &page)
}

/// Erases, or says what is wrong with the form.
async fn erase(app: &App, lang: Lang, actor: Actor, view: &RecordView, posted: &Posted) -> Result<(), Again> {
    let reason = posted.text("reason").trim().to_owned();
    let done = app.service.erase(posted.command_id(app), actor, view.record.id, reason.clone()).await;
    let Err(failure) = done else { return Ok(()) };
    Err(match &failure {
        Failure::Refused(Refusal::Fields(faults)) => {
            let error = faults.first().map(|fault| fault_words(lang, &fault.fault));
            Again { reason, error, told: None }
        }
        Failure::Refused(refusal) => {
            let told = refusal_words_in(lang, refusal, &app.service.state());
            Again { reason, told: Some(told), error: None }
        }
        failure => Again { reason, told: Some(failure_words(lang, failure)), error: None },
    })
}

fn first(lang: Lang) -> Again {
    Again { reason: t(lang, "erase-reason-usual").into_owned(), ..Again::default() }
}

fn held_page(app: &App, visitor: &Visitor, held: &Held, again: Again) -> Response {
    let s = visitor.shell(app, visitor.t("erase-title"));
    asked(app, visitor.lang, s, &held.view, &held.base, format!("{}/data/erasure", held.base), again)
}

/// `GET /follow/{code}/data/erasure`
pub async fn holder(Path(code): Path<String>, State(app): State<App>, visitor: Visitor) -> Answer {
    let held = follow::opened(&app, &visitor, &code).await?;
    match &held.view.erasure {
        Ok(()) => Ok(held_page(&app, &visitor, &held, first(visitor.lang))),
        Err(_) => Ok(see(&format!("{}#own", held.base))),
    }
}

/// `POST /follow/{code}/data/erasure`
pub async fn holder_submit(
    Path(code): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    posted: Posted,
) -> Answer {
    let held = follow::opened(&app, &visitor, &code).await?;
    match erase(&app, visitor.lang, held.actor.clone(), &held.view, &posted).await {
        Ok(()) => Ok(see(&format!("{}#own", held.base))),
        Err(again) => Ok(held_page(&app, &visitor, &held, again)),
    }
}

fn desk_page(app: &App, visitor: &Visitor, me: &Me, view: &RecordView, again: Again) -> Response {
    let base = desk_base(view.record.id);
    let s = visitor.desk_shell(app, me, visitor.t("erase-title"));
    asked(app, visitor.lang, s, view, &base, format!("{base}/erasure"), again)
}

/// `GET /desk/r/{id}/erasure`
pub async fn staff(Path(id): Path<String>, State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let view = record::read(&app, &visitor, &me, &id).await?;
    match &view.erasure {
        Ok(()) => Ok(desk_page(&app, &visitor, &me, &view, Again::default())),
        Err(refusal) => Err(Trouble::at_desk(&app, &visitor, &me, &Failure::Refused(refusal.clone()))),
    }
}

/// `POST /desk/r/{id}/erasure`
pub async fn staff_submit(
    Path(id): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    posted: Posted,
) -> Answer {
    let view = record::read(&app, &visitor, &me, &id).await?;
    match erase(&app, visitor.lang, me.actor(), &view, &posted).await {
        Ok(()) => Ok(see(&desk_base(view.record.id))),
        Err(again) => Ok(desk_page(&app, &visitor, &me, &view, again)),
    }
}
