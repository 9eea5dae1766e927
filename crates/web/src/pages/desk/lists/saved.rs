//! A person's own filters and columns.

use axum::extract::State;
use gongzhi_service::listing::column;
use gongzhi_service::saved::{LONGEST, MOST, SaveFault, Saved};

use super::asked::Asked;
use super::page::{ground, list};
use crate::app::App;
use crate::i18n::t_with;
use crate::pages::posted::Posted;
use crate::pages::problem::{Answer, Trouble, see};
use crate::pages::visitor::{Me, Visitor};
use crate::view::{Flash, Tone};

/// `POST /desk/list/save`
pub async fn save(State(app): State<App>, visitor: Visitor, me: Me, posted: Posted) -> Answer {
    let asked = Asked::read(posted.text("query"));
    let saved = Saved {
        name: posted.text("name").to_owned(),
        mechanism: asked.get("mechanism").to_owned(),
        query: asked.query(),
    };
    let (person, again_asked) = (me.staff.code.clone(), asked.clone());
    let done = app.read(move |service| service.save_list(&person, saved)).await;
    match done.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))? {
        Ok(()) => Ok(see(&asked.href())),
        Err(fault) => {
            let words = match fault {
                SaveFault::NoName => visitor.t("save-no-name"),
                SaveFault::LongName => {
                    t_with(visitor.lang, "save-long-name", [("n", (LONGEST as i64).into())])
                }
                SaveFault::TooMany => t_with(visitor.lang, "save-too-many", [("n", (MOST as i64).into())]),
            };
            told(app, visitor, me, again_asked, words).await
        }
    }
}

/// `POST /desk/list/forget`
pub async fn forget(State(app): State<App>, visitor: Visitor, me: Me, posted: Posted) -> Answer {
    let asked = Asked::read(posted.text("back"));
    let (person, mechanism) = (me.staff.code.clone(), asked.get("mechanism").to_owned());
    let called = posted.text("name").to_owned();
    let done = app.read(move |service| service.forget_list(&person, &mechanism, &called)).await;
    done.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    Ok(see(&asked.href()))
}

/// `POST /desk/list/columns`
pub async fn columns(State(app): State<App>, visitor: Visitor, me: Me, posted: Posted) -> Answer {
    let asked = Asked::read(posted.text("back")).with("cols", "");
    let (name, view) = (posted.text("mechanism").to_owned(), posted.text("view").to_owned());
    let state = app.service.state().clone();
    let mechanism = state.laws.newest(&name);
    let known = |word: &&str| mechanism.is_some_and(|mechanism| column(mechanism, word).is_some());
    let chosen: Vec<String> = match posted.get("reset") {
        Some(_) => Vec::new(),
        None => posted.all("col").filter(known).map(str::to_owned).collect(),
    };
    let person = me.staff.code.clone();
    let done = app.read(move |service| service.choose_columns(&person, &name, &view, chosen)).await;
    done.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    Ok(see(&asked.href()))
}

/// The list again, with words about what was not done.
pub async fn again(app: App, visitor: Visitor, me: Me, asked: Asked, key: &str) -> Answer {
    let words = visitor.t(key);
    told(app, visitor, me, asked, words).await
}

async fn told(app: App, visitor: Visitor, me: Me, asked: Asked, words: String) -> Answer {
    let ground = ground(&app, &visitor, &me, &asked).await?;
    let seen = ground.seen(&app, &visitor, &me)?;
    list(&seen, Some(Flash { tone: Tone::Late, text: words, link: None })).await
}
