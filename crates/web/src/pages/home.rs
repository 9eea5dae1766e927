//! The front page, and the small pages beside it: about, offline, language and type.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use gongzhi_lang::literate::{self, Block};
use gongzhi_lang::model::{Clause, Level};
use serde::Deserialize;

use super::posted::Posted;
use super::problem::{Answer, Trouble, ok, see};
use super::rates;
use super::report::open_to_all;
use super::visitor::{Me, Visitor, set_cookie};
use super::words::{clause_link, say};
use crate::app::App;
use crate::i18n::Lang;
use crate::view::{AboutPage, Fact, HomePage, HowStep, Link, PreferencesPage, TextPage, TextSection, Theme};

/// How many clauses the front page tells.
const CLAUSES: usize = 5;
/// A year: how long choices of looks are kept.
const YEAR: i64 = 365 * 86_400;

/// `GET /`
pub async fn page(State(app): State<App>, visitor: Visitor) -> Answer {
    let state = app.service.state();
    let document = open_to_all(&state).first().map(|(mechanism, _)| mechanism.document.clone());
    let document = document.and_then(|name| state.laws.library.documents.get(&name));
    let figures = rates::county_now(&app, &visitor).await;
    let (month, figures) = figures.map_err(|failure| Trouble::failure(&app, &visitor, &failure))?;
    let hotline = &visitor.presentation.hotline;
    let contacts = Fact {
        label: visitor.t("hotline"),
        value: hotline.clone(),
        href: format!("tel:{hotline}"),
        ..Fact::default()
    };
    Ok(ok(&HomePage {
        s: visitor.shell(&app, visitor.t("nav-home")),
        report_href: "/report".to_owned(),
        month,
        rates: figures,
        rates_href: "/rates".to_owned(),
        public_href: match Level::ALL.iter().all(|level| app.service.published_at(*level).is_empty()) {
            true => String::new(),
            false => super::public::address(&state.world.county),
        },
        how: document.map(|document| how(visitor.lang, &document.name, &document.source)).unwrap_or_default(),
        contacts: if hotline.is_empty() { Vec::new() } else { vec![contacts] },
        help: document.map(|document| {
            Link::new(say(visitor.lang, &document.title), format!("/help/{}", document.name))
        }),
    }))
}

/// The first clauses of a document with the first sentence of each, in the reader's language.
fn how(lang: Lang, document: &str, source: &str) -> Vec<HowStep> {
    let blocks = literate::blocks(source);
    let pairs = blocks.windows(2).filter_map(|pair| match pair {
        [Block::Heading { level: 2, text, anchor, .. }, Block::Prose { text: prose, .. }] => {
            Some((text, anchor, prose))
        }
        _ => None,
    });
    let steps = pairs.take(CLAUSES).map(|(heading, anchor, prose)| {
        let clause = Clause {
            document: document.to_owned(),
            heading: heading.clone(),
            anchor: anchor.clone(),
            basis: String::new(),
        };
        let text = super::help::in_language(lang, prose)
            .join(" ")
            .replace('\n', if lang == Lang::Zh { "" } else { " " });
        let words = literate::title_words(heading);
        let title = match lang {
            Lang::Zh => words.zh.split_once('、').map_or(words.zh.as_str(), |(_, title)| title).to_owned(),
            // A heading that is Chinese alone: English readers get the first sentence as the title.
            Lang::En if words.en.is_empty() => sentences(&text, 1),
            Lang::En => words.en.clone(),
        };
        let text = text.strip_prefix(&title).unwrap_or(&text).trim();
        HowStep {
            title,
            text: sentences(text, 2),
            clause: clause_link(lang, &clause)
                .map(|(_, href)| Link::new(crate::i18n::t(lang, "read-clause"), href)),
        }
    });
    steps.collect()
}

/// The first sentences of a text.
fn sentences(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut left = most;
    let mut chars = text.chars().filter(|c| *c != '*').peekable();
    while let Some(c) = chars.next() {
        out.push(if c == '\n' { ' ' } else { c });
        let ends = c == '。' || c == '.' && chars.peek().is_none_or(|next| next.is_whitespace());
        left -= usize::from(ends);
        if left == 0 {
            break;
        }
    }
    out.trim().to_owned()
}

/// `GET /about`
pub async fn about(State(app): State<App>, visitor: Visitor, me: Option<Me>) -> Response {
    let state = app.service.state();
    let shell = visitor.shell_for(&app, me.as_ref(), visitor.t("about-title"));
    ok(&AboutPage {
        facts: vec![
            visitor.fact("about-county", shell.county.clone()),
            visitor.fact("about-version", env!("CARGO_PKG_VERSION").to_owned()),
        ],
        documents: super::help::documents(&visitor, &state.laws.library)
            .into_iter()
            .take(1)
            .flat_map(|(_, links)| links)
            .chain([Link::new(visitor.t("about-documents-all"), "/help")])
            .collect(),
        machines: vec![Link::new("OpenAPI", "/api/v1/openapi.json"), Link::new("/healthz", "/healthz")],
        s: shell,
    })
}

/// `GET /offline`: what the phone shows without a connection.
pub async fn offline(State(app): State<App>, visitor: Visitor) -> Response {
    let section = TextSection { paragraphs: vec![visitor.t("offline-text")], ..TextSection::default() };
    ok(&TextPage {
        title: visitor.t("offline-title"),
        sections: vec![section],
        s: visitor.shell(&app, visitor.t("offline-title")),
    })
}

/// Where to go back to.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    back: String,
}

/// An address of this site, or the front page.
fn inside(back: &str) -> &str {
    let plain = back.starts_with('/') && !back.starts_with("//") && !back.contains(['\\', '\r', '\n']);
    if plain { back } else { "/" }
}

/// `GET /preferences`
pub async fn preferences(
    State(app): State<App>,
    visitor: Visitor,
    me: Option<Me>,
    Query(asked): Query<Asked>,
) -> Response {
    ok(&PreferencesPage {
        s: visitor.shell_for(&app, me.as_ref(), visitor.t("foot-preferences")),
        back: inside(&asked.back).to_owned(),
    })
}

/// `POST /preferences`: whichever of language, type and theme were sent.
pub async fn prefer(State(app): State<App>, posted: Posted) -> Response {
    let back = without_lang(inside(posted.text("back")));
    (kept(&app, &|name| posted.get(name)), see(&back)).into_response()
}

/// The cookies that keep what was chosen of language, type and theme.
pub fn kept<'p>(app: &App, chosen: &dyn Fn(&str) -> Option<&'p str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut keep = |name: &str, value: &str| {
        headers.append(header::SET_COOKIE, set_cookie(name, value, Some(YEAR), app.secure, false));
    };
    if let Some(lang) = chosen("lang").and_then(Lang::parse) {
        keep("lang", lang.code());
    }
    if let Some(theme) = chosen("theme").and_then(Theme::parse) {
        keep("theme", theme.code());
    }
    match chosen("type") {
        Some("large") => keep("type", "large"),
        Some(_) => keep("type", "normal"),
        None => {}
    }
    headers
}

/// An address without `lang=`, which would overrule the choice just made.
fn without_lang(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else { return path.to_owned() };
    let rest: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with("lang=")).collect();
    if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_back_inside_the_site_only() {
        for bad in ["//evil.example", "https://evil.example", "/\\evil", "", "/a\r\nSet-Cookie: x"] {
            assert_eq!(inside(bad), "/", "{bad:?}");
        }
        assert_eq!(without_lang("/rates?lang=en&rate=x"), "/rates?rate=x");
        assert_eq!(without_lang("/?lang=en"), "/");
    }

    #[test]
    fn the_first_sentences_are_taken() {
        assert_eq!(sentences("一。二。三。", 2), "一。二。");
        assert_eq!(sentences("Limit 3.5 days. Then **more**. End.", 2), "Limit 3.5 days. Then more.");
    }
}
