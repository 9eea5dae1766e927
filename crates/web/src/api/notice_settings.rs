//! `GET` and `PUT /notices/settings`: how the caller wants to be told.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gongzhi_kernel::Actor;
use gongzhi_service::Failure;
use gongzhi_service::outbox::choice::{Choice, Mode};
use gongzhi_service::outbox::hook::Form;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Body;
use super::problem::{CommandProblems, Problem, StaffProblems};
use crate::app::App;
use crate::pages::desk::notice_settings::fault_key;

/// How one is told outside of the application, where notices always stand.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "lang": "zh", "mail": "daily", "address": "name@example.cn", "hook": "off", "url": "", "form": "dingtalk", "hour": 8 }))]
pub struct NoticeSettings {
    /// `zh` or `en`: the language of what is sent.
    pub lang: String,
    /// `off`, `at-once` or `daily`.
    pub mail: String,
    pub address: String,
    /// `off`, `at-once` or `daily`.
    pub hook: String,
    /// Where the robot or program listens.
    pub url: String,
    /// `dingtalk`, `wecom`, `feishu` or `json`.
    pub form: String,
    /// Its signing secret; never told, and kept when left out as long as the address stays.
    #[serde(skip_serializing)]
    pub secret: Option<String>,
    /// Hour of the daily summary, 0 to 23.
    pub hour: i8,
}

/// Read how one is told.
#[utoipa::path(
    get, path = "/notices/settings", tag = "notices",
    responses((status = 200, description = "How one is told", body = NoticeSettings), StaffProblems),
    security(("session" = []))
)]
pub async fn settings(State(app): State<App>, caller: Caller) -> Result<Json<NoticeSettings>, Problem> {
    let found = caller.read(&app, |service, actor| {
        let Actor::Person { code, .. } = actor else { return Err(Failure::SignedOut) };
        service.choice(code)
    });
    let choice = found.await?;
    Ok(Json(NoticeSettings {
        mail: choice.mail.word().to_owned(),
        hook: choice.hook.word().to_owned(),
        form: choice.form.word().to_owned(),
        lang: choice.lang,
        address: choice.address,
        url: choice.url,
        secret: None,
        hour: choice.hour,
    }))
}

/// Choose how one is told.
#[utoipa::path(
    put, path = "/notices/settings", tag = "notices", request_body = NoticeSettings,
    responses((status = 204, description = "It is chosen"), CommandProblems),
    security(("session" = []))
)]
pub async fn choose_settings(
    State(app): State<App>,
    caller: Caller,
    Body(asked): Body<NoticeSettings>,
) -> Result<StatusCode, Problem> {
    let actor = caller.actor(&app).await?;
    let Actor::Person { code, .. } = actor else { return Err(caller.failure(&Failure::SignedOut, &app)) };
    let mut faults = Vec::new();
    let mut unknown = |field| faults.push((field, "not-offered", "notice-fault-mode"));
    let mail = Mode::read(&asked.mail).unwrap_or_else(|| {
        unknown("mail");
        Mode::Off
    });
    let hook = Mode::read(&asked.hook).unwrap_or_else(|| {
        unknown("hook");
        Mode::Off
    });
    let form = Form::read(&asked.form).unwrap_or_else(|| {
        unknown("form");
        Form::default()
    });
    if gongzhi_base::Lang::read(&asked.lang).is_none() {
        unknown("lang");
    }
    if faults.is_empty() {
        let chosen = caller.read_open(&app, move |service| {
            let before = service.choice(&code)?;
            let url = asked.url.trim().to_owned();
            let kept = if url == before.url { before.secret } else { String::new() };
            let choice = Choice {
                lang: asked.lang,
                mail,
                address: asked.address.trim().to_owned(),
                hook,
                url,
                form,
                secret: asked.secret.unwrap_or(kept),
                hour: asked.hour,
            };
            service.choose(&code, &choice)
        });
        faults.extend(chosen.await?.into_iter().map(|fault| (fault.field(), "refused", fault_key(fault))));
    }
    if faults.is_empty() { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::members(caller.lang, &faults)) }
}
