//! How the person wants to be told, test messages, and the address of the calendar.

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gongzhi_base::Lang as Spoken;
use gongzhi_service::outbox::choice::{Choice, ChoiceFault, Mode};
use gongzhi_service::outbox::hook::Form as Taken;
use gongzhi_service::outbox::ical::Kind;
use gongzhi_store::outbox::Channel;
use serde::Deserialize;

use crate::app::App;
use crate::i18n::t_with;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, page as render, see};
use crate::pages::visitor::{Me, Visitor};
use crate::view::{
    self, ChoiceInput, ChoiceStyle, Field, FieldGroup, FieldKind, Flash, Form, Link, NoticeSettingsPage,
    OptionGroup, TextInput, Tone,
};

/// What was done before.
#[derive(Deserialize)]
pub struct Asked {
    said: Option<String>,
}

/// `GET /desk/notices/settings`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    let said = asked.said.as_deref().and_then(|said| match said {
        "saved" => Some("notice-saved"),
        "test" => Some("notice-test-sent"),
        "ended" => Some("notice-calendar-ended"),
        _ => None,
    });
    let flash = said.map(|key| Flash { tone: Tone::Good, text: visitor.t(key), link: None });
    shown(&app, &visitor, &me, StatusCode::OK, Again { flash, ..Again::default() }).await
}

/// What stands on the page beside what is kept.
#[derive(Default)]
struct Again {
    flash: Option<Flash>,
    /// What was typed and is wrong.
    typed: Option<(Choice, Vec<(&'static str, &'static str)>)>,
    calendar: String,
}

/// `POST /desk/notices/settings`
pub async fn save(State(app): State<App>, visitor: Visitor, me: Me, posted: Posted) -> Answer {
    let person = me.staff.code.clone();
    let trouble = |failure| Trouble::at_desk(&app, &visitor, &me, &failure);
    let asked = person.clone();
    let before = app.read(move |service| service.choice(&asked)).await.map_err(trouble)?;
    let (choice, mut faults) = typed(&posted, &before);
    if faults.is_empty() {
        let new = choice.clone();
        let found = app.read(move |service| service.choose(&person, &new)).await.map_err(trouble)?;
        if found.is_empty() {
            return Ok(see("/desk/notices/settings?said=saved"));
        }
        faults = found.into_iter().map(|fault| (fault.field(), fault_key(fault))).collect();
    }
    let again = Again { typed: Some((choice, faults)), ..Again::default() };
    shown(&app, &visitor, &me, StatusCode::UNPROCESSABLE_ENTITY, again).await
}

/// The key of the words about a fault.
pub fn fault_key(fault: ChoiceFault) -> &'static str {
    match fault {
        ChoiceFault::Address => "notice-fault-address",
        ChoiceFault::Url => "notice-fault-url",
        ChoiceFault::Plain => "notice-fault-plain",
        ChoiceFault::Inside => "notice-fault-inside",
        ChoiceFault::Hour => "notice-fault-hour",
        ChoiceFault::Secret => "notice-fault-secret",
    }
}

/// Reads the form; words that no choice has are faults of their own.
fn typed(posted: &Posted, before: &Choice) -> (Choice, Vec<(&'static str, &'static str)>) {
    let mut faults = Vec::new();
    let mut mode = |name| {
        let found = Mode::read(posted.text(name));
        faults.extend(found.is_none().then_some((name, "notice-fault-mode")));
        found.unwrap_or_default()
    };
    let (mail, hook) = (mode("mail"), mode("hook"));
    let form = Taken::read(posted.text("form"));
    faults.extend(form.is_none().then_some(("form", "notice-fault-mode")));
    let hour = posted.text("hour").trim().parse().ok();
    faults.extend(hour.is_none().then_some(("hour", "notice-fault-hour")));
    let url = posted.text("url").trim().to_owned();
    let secret = match posted.text("secret") {
        // A secret never goes to another address than the one it was typed for.
        "" if url == before.url => before.secret.clone(),
        secret => secret.to_owned(),
    };
    let lang = Spoken::read(posted.text("lang")).unwrap_or_default().short().to_owned();
    let address = posted.text("address").trim().to_owned();
    let choice = Choice {
        lang,
        mail,
        address,
        hook,
        url,
        form: form.unwrap_or_default(),
        secret,
        hour: hour.unwrap_or(before.hour),
    };
    (choice, faults)
}

/// `POST /desk/notices/test/{channel}`
pub async fn test(
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    Path(channel): Path<String>,
    _posted: Posted,
) -> Answer {
    let channel = match channel.as_str() {
        "mail" => Channel::Mail,
        "hook" => Channel::Hook,
        _ => return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND)),
    };
    if !app.service.may_test_message(&me.staff.code) {
        return Err(Trouble::status(&app, &visitor, StatusCode::TOO_MANY_REQUESTS));
    }
    let person = me.staff.code.clone();
    app.read(move |service| service.send_test(&person, channel))
        .await
        .map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    Ok(see("/desk/notices/settings?said=test"))
}

/// `POST /desk/notices/calendar`: a new address, shown this once.
pub async fn new_calendar(State(app): State<App>, visitor: Visitor, me: Me, _posted: Posted) -> Answer {
    let person = me.staff.code.clone();
    let secret = app
        .read(move |service| service.new_feed(&person))
        .await
        .map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let calendar = format!("{}/desk/calendar.ics?token={secret}", app.public_url);
    shown(&app, &visitor, &me, StatusCode::OK, Again { calendar, ..Again::default() }).await
}

/// `POST /desk/notices/calendar/end`
pub async fn end_calendar(State(app): State<App>, visitor: Visitor, me: Me, _posted: Posted) -> Answer {
    let person = me.staff.code.clone();
    app.read(move |service| service.end_feed(&person))
        .await
        .map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    Ok(see("/desk/notices/settings?said=ended#calendar"))
}

/// Which calendar, and in which form.
#[derive(Deserialize)]
pub struct Feed {
    #[serde(default)]
    token: String,
    /// `todo` for tasks in place of events.
    #[serde(rename = "as")]
    form: Option<String>,
}

/// `GET /desk/calendar.ics`: for calendar programs, which cannot sign in.
pub async fn feed(State(app): State<App>, visitor: Visitor, Query(asked): Query<Feed>) -> Answer {
    let kind = if asked.form.as_deref() == Some("todo") { Kind::Task } else { Kind::Event };
    let base = app.public_url.clone();
    let text = app
        .read(move |service| service.feed(&asked.token, kind, &base))
        .await
        .map_err(|failure| Trouble::failure(&app, &visitor, &failure))?;
    let Some(text) = text else { return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND)) };
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"deadlines.ics\""),
    ];
    Ok((headers, text).into_response())
}

async fn shown(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    status: StatusCode,
    again: Again,
) -> Result<Response, Trouble> {
    let person = me.staff.code.clone();
    let read = app.read(move |service| {
        Ok((service.choice(&person)?, service.has_feed(&person)?, service.outgoing()?.mail.is_some()))
    });
    let (kept, has_feed, has_mail) =
        read.await.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))?;
    let channels = [(kept.mail, "mail", "notice-test-mail"), (kept.hook, "hook", "notice-test-hook")];
    let (choice, faults) = again.typed.unwrap_or((kept, Vec::new()));
    let press = |action: &str, key: &str, grave| Form {
        action: action.into(),
        submit: visitor.t(key),
        grave,
        ..Form::default()
    };
    let tests = channels.into_iter().filter(|(mode, ..)| *mode != Mode::Off);
    let mut s = visitor.desk_shell(app, me, visitor.t("notice-settings-title"));
    s.flash = again.flash;
    s.crumbs = vec![
        Link::new(visitor.t("notices-title"), "/desk/notices"),
        Link::new(visitor.t("notice-settings-title"), ""),
    ];
    let calendar_key = if has_feed { "notice-calendar-again" } else { "notice-calendar-new" };
    Ok(render(
        status,
        &NoticeSettingsPage {
            s,
            form: form(visitor, &choice, &faults, has_mail),
            tests: tests
                .map(|(_, name, key)| press(&format!("/desk/notices/test/{name}"), key, false))
                .collect(),
            calendar: again.calendar,
            calendar_new: press("/desk/notices/calendar", calendar_key, false),
            calendar_end: has_feed.then(|| press("/desk/notices/calendar/end", "notice-calendar-end", true)),
        },
    ))
}

fn form(visitor: &Visitor, choice: &Choice, faults: &[(&str, &str)], has_mail: bool) -> Form {
    let field = |name: &str, key: &str, help: &str, kind: FieldKind| Field {
        name: name.into(),
        label: visitor.t(key),
        help: if help.is_empty() { String::new() } else { visitor.t(help) },
        required: !matches!(kind, FieldKind::Text(_)),
        error: faults.iter().find(|(field, _)| *field == name).map(|(_, key)| visitor.t(key)),
        kind,
        ..Field::default()
    };
    let one_of = |style, options: Vec<view::Choice>| {
        let groups = vec![OptionGroup { label: String::new(), options }];
        FieldKind::Choice(ChoiceInput { groups, style, ..ChoiceInput::default() })
    };
    let option = |value: &str, label: String, chosen: bool| view::Choice {
        value: value.into(),
        label,
        selected: chosen,
        ..view::Choice::default()
    };
    let mode = |name: &str, chosen: Mode| {
        let options = Mode::ALL.map(|mode| {
            option(mode.word(), visitor.t(&format!("notice-mode-{}", mode.word())), mode == chosen)
        });
        field(name, "notice-when", "", one_of(ChoiceStyle::Row, options.into()))
    };
    let text = |value: &str, max: u32, input: &str| {
        FieldKind::Text(TextInput { value: value.into(), max, input: input.into(), ..TextInput::default() })
    };
    let forms = Taken::ALL.map(|form| {
        option(form.word(), visitor.t(&format!("notice-form-{}", form.word())), form == choice.form)
    });
    let hours = (0..24).map(|hour: i8| {
        let label = t_with(visitor.lang, "notice-hour-value", [("x", hour.to_string().into())]);
        option(&hour.to_string(), label, hour == choice.hour)
    });
    let langs = [Spoken::Zh, Spoken::En].map(|lang| {
        let name = crate::i18n::Lang::parse(lang.short()).unwrap_or_default().own_name();
        option(lang.short(), name.into_owned(), lang == choice.language())
    });
    let group = |title: &str, help: &str, fields| FieldGroup {
        title: visitor.t(title),
        help: if help.is_empty() { String::new() } else { visitor.t(help) },
        fields,
    };
    let mail_help = if has_mail { "notice-mail-help" } else { "notice-mail-off-county" };
    Form {
        id: "notice-settings".into(),
        action: "/desk/notices/settings".into(),
        groups: vec![
            group(
                "notice-mail",
                mail_help,
                vec![
                    mode("mail", choice.mail),
                    Field {
                        autocomplete: "email".into(),
                        ..field("address", "notice-address", "", text(&choice.address, 200, "email"))
                    },
                ],
            ),
            group(
                "notice-hook",
                "notice-hook-help",
                vec![
                    mode("hook", choice.hook),
                    field("form", "notice-form", "", one_of(ChoiceStyle::Select, forms.into())),
                    field("url", "notice-url", "notice-url-help", text(&choice.url, 500, "")),
                    field("secret", "notice-secret", "notice-secret-help", text("", 200, "password")),
                ],
            ),
            group(
                "notice-digest",
                "",
                vec![
                    field(
                        "hour",
                        "notice-hour",
                        "notice-hour-help",
                        one_of(ChoiceStyle::Select, hours.collect()),
                    ),
                    field("lang", "notice-lang", "", one_of(ChoiceStyle::Row, langs.into())),
                ],
            ),
        ],
        submit: visitor.t("notice-save"),
        ..Form::default()
    }
}
