//! Signing in and out.

use axum::extract::{Form as Posted, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use gongzhi_service::accounts::{SignInFault, same_secret};
use serde::Deserialize;

use crate::app::App;
use crate::pages::problem::{self, Answer, Trouble, see};
use crate::pages::visitor::{Me, Visitor, session_cookie, set_cookie};
use crate::pages::words::{failure_words, say};
use crate::view::{DemoAccount, Field, FieldGroup, FieldKind, Form, Hidden, Problem, SignInPage, TextInput};

/// Where to go afterwards.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    back: String,
}

/// What was typed.
#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    back: String,
}

/// `GET /desk/sign-in`
pub async fn page(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    problem::ok(&shown(&app, &visitor, "", &asked.back, None))
}

/// `POST /desk/sign-in`
pub async fn submit(State(app): State<App>, visitor: Visitor, Posted(typed): Posted<Typed>) -> Answer {
    let (login, from) = (typed.login.clone(), visitor.from.clone());
    let password = typed.password;
    let signed = app.read(move |service| Ok(service.sign_in(&login, &password, &from))).await;
    let fault = match signed {
        Ok(Ok(signed)) => {
            let seconds = (signed.expires.0 - app.service.now().0) / 1_000;
            let name = session_cookie(app.secure);
            let cookie = set_cookie(name, &signed.token, Some(seconds), app.secure, true);
            return Ok(([(header::SET_COOKIE, cookie)], see(inside(&typed.back))).into_response());
        }
        Ok(Err(fault)) => fault,
        Err(failure) => SignInFault::Failure(failure),
    };
    let (status, words) = match fault {
        SignInFault::Wrong => (StatusCode::UNPROCESSABLE_ENTITY, visitor.t("sign-in-wrong")),
        SignInFault::TooMany => (StatusCode::TOO_MANY_REQUESTS, visitor.t("sign-in-too-many")),
        SignInFault::Failure(failure) => {
            let told = failure_words(visitor.lang, &failure);
            (told.status, told.words)
        }
    };
    Ok(problem::page(status, &shown(&app, &visitor, &typed.login, &typed.back, Some(words))))
}

/// The session's secret, as forms post it.
#[derive(Deserialize)]
pub struct Token {
    #[serde(default, rename = "_csrf")]
    csrf: String,
}

/// `POST /desk/sign-out`
pub async fn out(State(app): State<App>, visitor: Visitor, me: Me, Posted(token): Posted<Token>) -> Answer {
    if !same_secret(&token.csrf, &me.staff.csrf) {
        return Err(Trouble::status(&app, &visitor, StatusCode::FORBIDDEN));
    }
    let session = visitor.token.clone().unwrap_or_default();
    app.read(move |service| service.sign_out(&session))
        .await
        .map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let cookie = set_cookie(session_cookie(app.secure), "", Some(0), app.secure, true);
    Ok(([(header::SET_COOKIE, cookie)], see("/desk/sign-in")).into_response())
}

/// A way back inside this site, never to another one.
fn inside(back: &str) -> &str {
    let ours =
        back.starts_with("/desk") && !back.contains(['\\', '\r', '\n']) && !back.starts_with("/desk/sign");
    if ours { back } else { "/desk" }
}

fn shown(app: &App, visitor: &Visitor, login: &str, back: &str, fault: Option<String>) -> SignInPage {
    let text = |name: &str, key: &str, autocomplete: &str, value: &str, input: &str| Field {
        name: name.into(),
        label: visitor.t(key),
        required: true,
        autocomplete: autocomplete.into(),
        kind: FieldKind::Text(TextInput {
            value: value.into(),
            max: 100,
            input: input.into(),
            ..TextInput::default()
        }),
        ..Field::default()
    };
    let fields = vec![
        text("login", "sign-in-login", "username", login, "text"),
        text("password", "sign-in-password", "current-password", "", "password"),
    ];
    let form = |id: &str, hidden: Vec<Hidden>, fields| Form {
        id: id.into(),
        action: "/desk/sign-in".into(),
        hidden,
        groups: vec![FieldGroup { fields, ..FieldGroup::default() }],
        submit: visitor.t("sign-in-submit"),
        ..Form::default()
    };
    let hidden = |name: &str, value: &str| Hidden { name: name.into(), value: value.into() };
    let state = app.service.state();
    let accounts = visitor.presentation.accounts.iter().map(|(login, zh, en)| {
        let actor = app.service.actor_of(login);
        let post = actor.posts().first();
        DemoAccount {
            login: login.clone(),
            password: visitor.presentation.password.clone(),
            name: state.world.person(login).map(|person| person.name.clone()).unwrap_or_default(),
            post: post.map(|post| crate::pages::names::post(visitor.lang, &state, post)).unwrap_or_default(),
            note: say(visitor.lang, &gongzhi_base::Words::new(zh.clone(), en.clone())),
            form: Some(form(
                &format!("as-{login}"),
                vec![
                    hidden("login", login),
                    hidden("password", &visitor.presentation.password),
                    hidden("back", back),
                ],
                Vec::new(),
            )),
        }
    });
    let mut main = form("sign-in", vec![hidden("back", back)], fields);
    main.problems = fault.into_iter().map(|text| Problem { text, ..Problem::default() }).collect();
    SignInPage {
        s: visitor.shell(app, visitor.t("sign-in-title")),
        form: main,
        demo_accounts: accounts.collect(),
    }
}
