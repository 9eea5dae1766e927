//! The person's own page.

use axum::extract::State;
use gongzhi_kernel::Actor;

use crate::app::App;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::record::show::Gaze;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::pages::{erase, names};
use crate::view::{AccountPage, Fact, OwnData, Post};

/// `GET /desk/account`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let state = app.service.state();
    let lang = visitor.lang;
    let fact =
        |key: &str, value: &str| Fact { label: visitor.t(key), value: value.into(), ..Fact::default() };
    let own = own(&app, &visitor, &me).await?;
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
        facts: vec![fact("account-name", &me.staff.name), fact("account-login", &me.staff.code)],
        posts: posts.collect(),
        own,
        sign_out_action: "/desk/sign-out".into(),
        ..AccountPage::default()
    }))
}

/// What the register of staff holds about whoever is signed in, as he sees it himself: uncovered, with whoever looked.
async fn own(app: &App, visitor: &Visitor, me: &Me) -> Result<Option<OwnData>, Trouble> {
    let state = app.service.state();
    let Some(id) = state.world.person(&me.staff.code).map(|person| person.record) else { return Ok(None) };
    let found = app.read(move |service| service.view(&Actor::Holder(id), id)).await;
    let view = found.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))?;
    let gaze = Gaze {
        lang: visitor.lang,
        state: &state,
        mechanism: &view.mechanism,
        now: app.service.now(),
        base: "/desk/account".to_owned(),
        staff: false,
    };
    // Erasing them at once is for who no longer serves; that is the administrator's step.
    Ok(erase::own(&gaze, &view, &gaze.base, "own-open-staff")
        .map(|own| OwnData { erase_href: String::new(), ..own }))
}
