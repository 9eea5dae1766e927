//! The page of one record, and the page that explains its deadlines.

use axum::extract::{Path, Query, State};
use gongzhi_base::Value;
use gongzhi_kernel::Deed;
use gongzhi_lang::model::{Field as Asked, Step, Type};
use gongzhi_service::State as County;
use gongzhi_service::desk::RecordView;
use gongzhi_service::propose::Likely;
use serde::Deserialize;

use super::parts;
use super::show::{Gaze, desk_base};
use crate::app::App;
use crate::i18n::t_with;
use crate::pages::problem::{Answer, ok};
use crate::pages::rows::record_row;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{refusal_words_in, say};
use crate::pages::{input, names, why};
use crate::view::{
    Action, Duplicate, Field, FieldGroup, FieldKind, Flash, Form, Hidden, Link, RecordPage, TextInput, Tone,
    Unmask, WhyPage,
};

/// A step that has just been taken.
#[derive(Deserialize, Default)]
pub struct Done {
    done: Option<String>,
    /// How many records were imported under it: new, and changed.
    imported: Option<String>,
}

/// `GET /desk/r/{id}`
pub async fn page(
    Path(id): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    Query(done): Query<Done>,
) -> Answer {
    let view = super::read(&app, &visitor, &me, &id).await?;
    let likely = likely(&app, &me, &view).await;
    let mut page = shown(&app, &visitor, &me, &view, &[], None);
    let state = app.service.state();
    page.duplicates = duplicates(&app, &visitor, &state, &view, likely);
    let imported = done.imported.as_deref().and_then(|text| text.split_once('.')).map(|(new, changed)| {
        let pairs = [("x", new.parse().unwrap_or(0_u64)), ("y", changed.parse().unwrap_or(0))];
        let text = t_with(visitor.lang, "import-done", pairs.map(|(name, n)| (name, n.into())));
        Flash { tone: Tone::Good, text, ..Flash::default() }
    });
    page.sheets = super::print::links(visitor.lang, &view);
    page.sheets.extend(crate::pages::sheets::links(&app, &visitor, &me, &view));
    page.s.flash = imported.or_else(|| {
        done.done.and_then(|name| {
            let step = view.mechanism.step(&name)?;
            let text = t_with(visitor.lang, "step-done", [("x", say(visitor.lang, &step.words).into())]);
            Some(Flash { tone: Tone::Good, text, ..Flash::default() })
        })
    });
    Ok(ok(&page))
}

/// The page; `open` are personal fields that a look has just opened, `unmask` the form that asks for it.
pub fn shown(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    view: &RecordView,
    open: &[(String, Value)],
    unmask: Option<Form>,
) -> RecordPage {
    let state = app.service.state();
    let (lang, now, record) = (visitor.lang, app.service.now(), &view.record);
    let base = desk_base(record.id);
    let gaze = Gaze { lang, state: &state, mechanism: &view.mechanism, now, base: base.clone(), staff: true };
    let rows = |rows: &[gongzhi_kernel::project::Row]| {
        rows.iter().map(|row| record_row(lang, &state, row, now)).collect()
    };
    let (label, href) = crate::pages::words::clause_link(
        lang,
        &view.mechanism.steps.first().map(|step| step.clause.clone()).unwrap_or_default(),
    )
    .map(|(_, href)| (say(lang, &view.mechanism.words), href))
    .unwrap_or_default();
    let mut actions: Vec<Action> = actions(app, visitor, view)
        .into_iter()
        .chain(parts::adding(&gaze, view))
        .chain(code_again(app, visitor, me, view))
        .collect();
    actions.sort_by_key(|action| action.refusal.is_some());
    let version = t_with(lang, "why-version", [("x", label.into()), ("n", view.mechanism.version.into())]);
    RecordPage {
        s: visitor.desk_shell(app, me, format!("{} {}", record.number, gaze.subject(record))),
        code: record.number.clone(),
        subject: gaze.subject(record),
        state: gaze.state(&record.state),
        owner: gaze.unit(record).map(|code| names::unit(lang, &state, code)).unwrap_or_default(),
        due: gaze.due(record),
        actions,
        facts: gaze.facts(record, |field| told(view, field)),
        personal: gaze.personal(record, open),
        unmask: (!view.may_look.is_empty()).then(|| Unmask {
            form: unmask.unwrap_or_else(|| look_form(app, visitor, &base, "", None)),
            open: !open.is_empty(),
        }),
        looks_href: match super::look::has_personal(view) {
            true => format!("{base}/looks"),
            false => String::new(),
        },
        erase_href: match view.erasure {
            Ok(()) => format!("{base}/erasure"),
            Err(_) => String::new(),
        },
        files: gaze.files(record.fields.iter()),
        lists: parts::lists(&gaze, view, &app.service.listable(&me.staff.actor)),
        groups: parts::groups(&gaze, view),
        parent: view.parent.as_ref().map(|row| Link::new(row.number.clone(), desk_base(row.id))),
        related: rows(&view.cited),
        deadlines: why::derivations(lang, &state, &view.mechanism, record, now, &base, None),
        events: gaze.events(view),
        version: Some(Link::new(version, href)),
        ..RecordPage::default()
    }
}

/// The way to a code that lasts, for whoever hands it out.
fn code_again(app: &App, visitor: &Visitor, me: &Me, view: &RecordView) -> Option<Action> {
    let code = app.service.lasting_code(&me.staff.actor, view)?;
    let href = format!("/receipt/{}", gongzhi_service::codes::grouped(&code));
    Some(Action { label: visitor.t("record-code"), href, ..Action::default() })
}

/// Longest text among the facts, in characters, of those that a later step asked.
const SHORT: i64 = 200;

/// Whether a field tells what the record is about: asked when it was opened, or open to all, so that what was
/// claimed, what is on record and what the rules found stand side by side. Long texts of later steps stand with
/// them among the events, and a nought that a rule only began with says nothing.
fn told(view: &RecordView, field: &Asked) -> bool {
    let asks = |step: &Step| step.asks.iter().any(|ask| ask.field == field.name);
    if view.mechanism.openers().any(asks) {
        return true;
    }
    let later = view.mechanism.steps.iter().any(asks);
    let long = later && field.ty == Type::Text && field.max.is_none_or(|max| max > SHORT);
    field.public && !long && (later || field.is.is_some() || !always_nought(view, &field.name))
}

/// Whether a number is nought and has never been anything else.
fn always_nought(view: &RecordView, field: &str) -> bool {
    let Some(now) = view.record.fields.get(field) else { return false };
    let set = view.history.iter().filter_map(|(_, entry)| match &entry.deed {
        Deed::Step(taken) => taken.set.get(field),
        Deed::Part(news) => news.set.get(field),
        Deed::Left(left) => left.set.get(field),
        _ => None,
    });
    std::iter::once(now).chain(set).all(|value| *value == Value::Int(0))
}

/// The form that asks what a look is for.
pub fn look_form(app: &App, visitor: &Visitor, base: &str, typed: &str, error: Option<String>) -> Form {
    let purpose = Field {
        name: "purpose".to_owned(),
        label: visitor.t("col-purpose"),
        help: visitor.t("look-help"),
        required: true,
        error,
        kind: FieldKind::Text(TextInput { value: typed.to_owned(), max: 200, ..TextInput::default() }),
        ..Field::default()
    };
    Form {
        id: "look".to_owned(),
        action: format!("{base}/look"),
        hidden: vec![Hidden {
            name: "command_id".to_owned(),
            value: app.service.new_command_id().as_str().to_owned(),
        }],
        groups: vec![FieldGroup { fields: vec![purpose], ..FieldGroup::default() }],
        submit: visitor.t("record-unmask"),
        ..Form::default()
    }
}

/// The steps that the person may take, in the order of the document. The first that meets the nearest
/// deadline is the one to be expected. Where none does, and the record waits for the person, it is the first that leads
/// on; and where what leads on would be refused with what is there, the first that would not. Nobody else is led to
/// anything: what an office may do at any time, such as withdrawing, is not what it is to do. Last stand those that a condition stands against now, with
/// the reason.
fn actions(app: &App, visitor: &Visitor, view: &RecordView) -> Vec<Action> {
    let base = desk_base(view.record.id);
    let against = |step: &Step| view.hindered.iter().find(|(name, _)| *name == step.name);
    let all = view.steps.iter().filter_map(|name| view.mechanism.step(name));
    let steps = all.clone().filter(|step| against(step).is_none());
    let leads_on = |step: &&Step| step.to.as_ref().is_some_and(|to| *to != view.record.state);
    let plain = steps.clone().filter(|step| !grave(view, step));
    let ready = plain.clone().filter(|step| !view.premature.contains(&step.name));
    let due = why::nearest(&view.mechanism, &view.record).map(|(deadline, _)| deadline.ends.as_slice());
    let meets = due.unwrap_or_default().iter().find_map(|end| ready.clone().find(|step| step.name == *end));
    let stays = || ready.clone().next().filter(|_| plain.clone().any(|step| leads_on(&step)));
    let next = || {
        let on = ready.clone().find(leads_on).or_else(stays);
        on.or_else(|| plain.clone().find(leads_on)).filter(|_| view.waited)
    };
    let expected = meets.or_else(next).map(|step| step.name.clone());
    let mut actions: Vec<Action> = steps
        .map(|step| {
            let href = format!("{base}/do/{}", step.name);
            let press = step.asks.is_empty().then(|| Form {
                id: format!("press-{}", step.name),
                action: href.clone(),
                hidden: vec![
                    Hidden {
                        name: "command_id".into(),
                        value: app.service.new_command_id().as_str().to_owned(),
                    },
                    Hidden { name: "seen".into(), value: view.record.revision.to_string() },
                ],
                submit: say(visitor.lang, &step.words),
                grave: grave(view, step),
                ..Form::default()
            });
            Action {
                label: say(visitor.lang, &step.words),
                href,
                primary: expected.as_deref() == Some(&step.name),
                grave: grave(view, step),
                form: press,
                ..Action::default()
            }
        })
        .collect();
    actions.sort_by_key(|action| (!action.primary, action.grave));
    let state = app.service.state();
    actions.extend(all.filter_map(|step| {
        let (_, refusal) = against(step)?;
        let told = refusal_words_in(visitor.lang, refusal, &state);
        let label = say(visitor.lang, &step.words);
        Some(Action { label, refusal: Some(told.words), ..Action::default() })
    }));
    actions
}

/// Whether a step leads where the document says that it went badly.
fn grave(view: &RecordView, step: &Step) -> bool {
    let to = step.to.as_deref().and_then(|to| view.mechanism.state(to));
    to.is_some_and(|state| state.tone == gongzhi_lang::model::Tone::Bad)
}

/// Records that may tell of the same, while somebody could still merge this one.
async fn likely(app: &App, me: &Me, view: &RecordView) -> Vec<Likely> {
    let Some(rule) = &view.mechanism.duplicates else { return Vec::new() };
    let merges = rule.into.as_ref().is_some_and(|step| view.steps.contains(step));
    let Some(text) = view.record.fields.get(&rule.words).and_then(Value::text).filter(|_| merges) else {
        return Vec::new();
    };
    let point = rule.point.as_ref().and_then(|name| match view.record.fields.get(name) {
        Some(Value::Point(point)) => Some(*point),
        _ => None,
    });
    let (actor, id, text) = (me.actor(), view.record.id, text.to_owned());
    let (mechanism, place) = (view.record.mechanism.clone(), view.record.place.clone());
    let found = app
        .read(move |service| service.likely_duplicates(&actor, &mechanism, &text, &place, point, Some(id)));
    found.await.unwrap_or_default()
}

/// Likely duplicates with the form that merges into each.
fn duplicates(
    app: &App,
    visitor: &Visitor,
    state: &County,
    view: &RecordView,
    likely: Vec<Likely>,
) -> Vec<Duplicate> {
    let into = view.mechanism.duplicates.as_ref().and_then(|rule| view.mechanism.step(rule.into.as_deref()?));
    let base = desk_base(view.record.id);
    let one = |likely: Likely| {
        let merge = into.and_then(|step| {
            let field = step
                .asks
                .iter()
                .filter_map(|ask| view.mechanism.field(&ask.field))
                .find(|field| is_record(field))?;
            Some(Form {
                id: format!("merge-{}", likely.row.id),
                action: format!("{base}/do/{}", step.name),
                hidden: vec![
                    Hidden {
                        name: "command_id".into(),
                        value: app.service.new_command_id().as_str().to_owned(),
                    },
                    Hidden { name: "seen".into(), value: view.record.revision.to_string() },
                    Hidden { name: field.name.clone(), value: likely.row.number.clone() },
                ],
                submit: say(visitor.lang, &step.words),
                ..Form::default()
            })
        });
        Duplicate {
            reasons: reasons(visitor, &likely),
            row: record_row(visitor.lang, state, &likely.row, app.service.now()),
            merge: merge.filter(|_| likely.row.open),
            link: None,
        }
    };
    likely.into_iter().map(one).collect()
}

fn is_record(field: &Asked) -> bool {
    matches!(input::item(&field.ty), Type::Record(_))
}

/// Why a record is thought to tell of the same.
pub fn reasons(visitor: &Visitor, likely: &Likely) -> Vec<String> {
    let alike = t_with(visitor.lang, "alike-words", [("n", i64::from(likely.likeness).into())]);
    let near =
        likely.metres.map(|metres| t_with(visitor.lang, "alike-metres", [("n", i64::from(metres).into())]));
    near.into_iter().chain([alike]).collect()
}

/// `GET /desk/r/{id}/why/{deadline}`
pub async fn why(
    Path((id, deadline)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
) -> Answer {
    let view = super::read(&app, &visitor, &me, &id).await?;
    let state = app.service.state();
    let base = desk_base(view.record.id);
    let now = app.service.now();
    let gaze = Gaze {
        lang: visitor.lang,
        state: &state,
        mechanism: &view.mechanism,
        now,
        base: base.clone(),
        staff: true,
    };
    Ok(ok(&WhyPage {
        s: visitor.desk_shell(&app, &me, visitor.t("why-title")),
        subject: gaze.subject(&view.record),
        derivations: why::derivations(
            visitor.lang,
            &state,
            &view.mechanism,
            &view.record,
            now,
            &base,
            Some(&deadline),
        ),
        record: Link::new(view.record.number.clone(), base),
    }))
}
