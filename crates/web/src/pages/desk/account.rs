//! The person's own page.

use axum::extract::State;

use crate::app::App;
use crate::pages::names;
use crate::pages::problem::{Answer, ok};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::{AccountPage, Fact, Post};

/// `GET /desk/account`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let state = app.service.state();
    let lang = visitor.lang;
    let fact =
        |key: &str, value: &str| Fact { label: visitor.t(key), value: value.into(), ..Fact::default() };
    let posts = me.staff.actor.posts().iter().map(|post| Post {
        role: state.world.role(&post.role).map(|role| say(lang, &role.words)).unwrap_or_default(),
        over: match &post.unit {
            Some(unit) => names::unit(lang, &state, unit),
            None => names::place(lang, &state, &post.place),
        },
        current: true,
        ..Post::default()
    });
    Ok(ok(&AccountPage {
        s: visitor.desk_shell(&app, &me, visitor.t("account-title")),
        facts: vec![fact("account-name", &me.staff.name), fact("sign-in-login", &me.staff.code)],
        posts: posts.collect(),
        sign_out_action: "/desk/sign-out".into(),
        ..AccountPage::default()
    }))
}
