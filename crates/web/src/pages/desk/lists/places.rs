//! The page of one place at the desk: what documents show of it, each section within the reader's rights;
//! and the index of all lists.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use gongzhi_lang::view::View;
use gongzhi_service::listing::{Ask, Listing};

use super::asked::Asked;
use super::cell;
use super::page::{Seen, row};
use crate::app::App;
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::{Link, ListHeadCell, ListsGroup, ListsPage, PlaceDesk, PlaceSection};

/// Records of a section; its head opens all of them.
const SHOWN: u32 = 8;

/// `GET /desk/places/{code}`
pub async fn page(Path(code): Path<String>, State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let state = app.service.state().clone();
    let lang = visitor.lang;
    let Some(place) = state.world.place(&code) else {
        return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND));
    };
    let actor = me.actor();
    let wanted = code.clone();
    let read = app.read(move |service| {
        let mut found: Vec<(View, Listing)> = Vec::new();
        for mechanism in service.listable(&actor) {
            for view in mechanism.views.iter().filter(|view| view.on_place) {
                let ask = Ask {
                    mechanism: mechanism.name.clone(),
                    view: view.name.clone(),
                    place: wanted.clone(),
                    limit: SHOWN,
                    ..Ask::default()
                };
                found.push((view.clone(), service.listing(&actor, &ask)?));
            }
        }
        Ok(found)
    });
    let found = read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let lists = gongzhi_service::saved::Lists::default();
    let asked = Asked::default();
    let section = |(view, listing): &(View, Listing)| {
        let seen = Seen {
            app: &app,
            visitor: &visitor,
            me: &me,
            state: &state,
            asked: &asked,
            mechanism: &listing.mechanism,
            view,
            lists: &lists,
            under: None,
            apart: &[],
        };
        let all = Asked::default().with("mechanism", &listing.mechanism.name);
        let all = all.with("view", &view.name).with("place", &code);
        PlaceSection {
            id: format!("{}-{}", listing.mechanism.name, view.name),
            title: format!("{} · {}", say(lang, &listing.mechanism.words), say(lang, &view.words)),
            href: all.href(),
            columns: listing
                .columns
                .iter()
                .map(|column| ListHeadCell {
                    label: cell::head(lang, &listing.mechanism, column),
                    number: cell::numeric(&listing.mechanism, column),
                })
                .collect(),
            rows: listing.rows.iter().map(|one| row(&seen, &listing.columns, one)).collect(),
            more: listing.next.is_some(),
        }
    };
    let mut path: Vec<Link> = state
        .world
        .path(&code)
        .into_iter()
        .flatten()
        .map(|code| Link::new(names::place_alone(lang, &state, &code), format!("/desk/places/{code}")))
        .collect();
    if let Some(last) = path.last_mut() {
        last.href.clear();
    }
    let under = state.world.children(&code);
    let title = say(lang, &place.words);
    let mut s = visitor.desk_shell(&app, &me, title.clone());
    s.crumbs = path;
    Ok(ok(&PlaceDesk {
        s,
        title,
        level: names::level(lang, place.level),
        under: under
            .map(|place| Link::new(say(lang, &place.words), format!("/desk/places/{}", place.code)))
            .collect(),
        sections: found.iter().map(section).collect(),
    }))
}

/// `GET /desk/lists`: every list that the person may open, by document.
pub async fn index(State(app): State<App>, visitor: Visitor, me: Me) -> Answer {
    let (actor, person) = (me.actor(), me.staff.code.clone());
    let read = app.read(move |service| Ok((service.listable(&actor), service.lists(&person)?)));
    let (found, lists) = read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let state = app.service.state().clone();
    let lang = visitor.lang;
    let mut groups: Vec<(String, ListsGroup)> = Vec::new();
    for mechanism in &found {
        let views = mechanism.views.iter().map(|view| {
            let asked = Asked::default().with("mechanism", &mechanism.name).with("view", &view.name);
            Link::new(say(lang, &view.words), asked.href())
        });
        let one = (say(lang, &mechanism.words), views.collect::<Vec<Link>>());
        match groups.iter_mut().find(|(document, _)| *document == mechanism.document) {
            Some((_, group)) => group.lists.push(one),
            None => {
                let title = state.laws.library.documents.get(&mechanism.document);
                let title = title.map(|document| say(lang, &document.title)).unwrap_or_default();
                groups.push((mechanism.document.clone(), ListsGroup { title, lists: vec![one] }));
            }
        }
    }
    let saved = lists.saved.iter();
    Ok(ok(&ListsPage {
        s: visitor.desk_shell(&app, &me, visitor.t("lists-title")),
        saved: saved.map(|saved| Link::new(saved.name.clone(), Asked::read(&saved.query).href())).collect(),
        groups: groups.into_iter().map(|(_, group)| group).collect(),
    }))
}
