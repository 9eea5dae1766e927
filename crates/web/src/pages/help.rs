//! Mechanism documents as help pages: the prose is the rule, the program can be unfolded.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use gongzhi_kernel::project::Row;
use gongzhi_lang::literate::{self, Block};
use gongzhi_lang::model::{Clause, Library, Sort};
use pulldown_cmark::{Event, Options, Parser, html};

use super::problem::ok;
use super::rows::record_row;
use super::visitor::{Me, Visitor};
use super::words::{clause_link, say};
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::view::{Founding, HelpPage, Link, TextPage, TextSection};

/// `GET /help`: the documents in force.
pub async fn index(State(app): State<App>, visitor: Visitor, me: Option<Me>) -> Response {
    let state = app.service.state();
    let title = visitor.t("about-documents");
    ok(&TextPage {
        s: visitor.shell_for(&app, me.as_ref(), title.clone()),
        title,
        sections: documents(&visitor, &state.laws.library)
            .into_iter()
            .map(|(title, links)| TextSection { title, links, ..TextSection::default() })
            .collect(),
    })
}

/// The documents in force by what they are to their readers: rules first, then what these name, then where their
/// examples play.
pub fn documents(visitor: &Visitor, library: &Library) -> Vec<(String, Vec<Link>)> {
    let sorts =
        [(Sort::Rules, "help-rules"), (Sort::Registers, "help-registers"), (Sort::Example, "help-example")];
    let of = |sort| {
        let own = library.documents.values().filter(move |document| document.sort == sort);
        let links = own.map(|one| Link::new(say(visitor.lang, &one.title), format!("/help/{}", one.name)));
        links.collect::<Vec<_>>()
    };
    let groups = sorts.into_iter().map(|(sort, key)| (visitor.t(key), of(sort)));
    groups.filter(|(_, links)| !links.is_empty()).collect()
}

/// `GET /help/{document}`
pub async fn page(
    Path(name): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    me: Option<Me>,
) -> Response {
    let state = app.service.state().clone();
    let library = &state.laws.library;
    let Some(document) = library.documents.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let founded = match &me {
        Some(me) => founded(&app, &visitor, me, &document.mechanisms).await,
        None => Vec::new(),
    };
    let title = say(visitor.lang, &document.title);
    let versions: Vec<String> = document
        .mechanisms
        .iter()
        .filter_map(|name| library.mechanisms.get(name))
        .map(|mechanism| {
            let pairs = [("x", say(visitor.lang, &mechanism.words).into()), ("n", mechanism.version.into())];
            t_with(visitor.lang, "why-version", pairs)
        })
        .collect();
    let (contents, html) = render(visitor.lang, &document.source);
    let others = library.documents.values();
    let others = others
        .filter(|other| other.name != name && (other.sort == Sort::Rules || other.sort == document.sort));
    ok(&HelpPage {
        s: visitor.shell_for(&app, me.as_ref(), title.clone()),
        title,
        version: versions.join(" · "),
        contents,
        founded,
        html,
        others: others
            .map(|other| Link::new(say(visitor.lang, &other.title), format!("/help/{}", other.name)))
            .collect(),
    })
}

/// The records that name one of a document's mechanisms, such as the notices that found it: for the staff,
/// each as far as their posts reach.
async fn founded(app: &App, visitor: &Visitor, me: &Me, mechanisms: &[String]) -> Vec<Founding> {
    let (actor, names) = (me.actor(), mechanisms.to_vec());
    let found = app.read(move |service| {
        let all = names.iter().map(|name| service.naming(&actor, name)).collect::<Result<Vec<_>, _>>()?;
        Ok(all.concat())
    });
    let rows = found.await.unwrap_or_else(|failure| {
        tracing::error!(?failure, "what names a mechanism could not be read");
        Vec::new()
    });
    let state = app.service.state();
    let shown = |row: &Row| {
        let law = state.laws.version(&row.mechanism, row.version);
        Founding {
            sort: law.map(|law| say(visitor.lang, &law.words)).unwrap_or_default(),
            row: record_row(visitor.lang, &state, row, app.service.now()),
        }
    };
    rows.iter().map(shown).collect()
}

/// A document's headings and its body as HTML. Nothing in it passes as markup of its own.
fn render(lang: Lang, source: &str) -> (Vec<Link>, String) {
    let mut contents = Vec::new();
    let mut out = String::with_capacity(source.len() * 2);
    for block in literate::blocks(source) {
        match block {
            Block::Heading { level: 1, .. } => {}
            Block::Heading { level, text, anchor, .. } => {
                let words = heading(lang, &text);
                if level == 2 {
                    contents.push(Link::new(words.clone(), format!("#{anchor}")));
                }
                let level = level.min(6);
                out.push_str(&format!(
                    "<h{level} id=\"{}\">{}</h{level}>\n",
                    escape(&anchor),
                    escape(&words)
                ));
            }
            Block::Prose { text, .. } => {
                for paragraph in in_language(lang, &text) {
                    prose(lang, &paragraph, &mut out);
                }
            }
            Block::Code { text, .. } => {
                let summary = t(lang, "help-program");
                out.push_str(&format!(
                    "<details class=\"program\"><summary>{}</summary><pre><code>{}</code></pre></details>\n",
                    escape(&summary),
                    escape(&text)
                ));
            }
        }
    }
    (contents, out)
}

/// A heading in the page's language. A Chinese one with a number is also called by it in English.
fn heading(lang: Lang, text: &str) -> String {
    let own = say(lang, &literate::title_words(text));
    let clause = Clause { document: "-".to_owned(), heading: text.to_owned(), ..Clause::default() };
    match clause_link(lang, &clause) {
        Some((label, _)) if label != own => format!("{label} · {own}"),
        _ => own,
    }
}

/// Markdown to HTML, with raw HTML shown as the text that it is.
fn prose(lang: Lang, text: &str, out: &mut String) {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let safe = parser.map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        // Chinese has no blank between words: a line end in the source would show as one.
        Event::SoftBreak if lang == Lang::Zh => Event::Text("".into()),
        event => event,
    });
    html::push_html(out, safe.filter(|event| !is_script_link(event)));
}

/// A link that would run something; documents are checked, but their words are typed by people.
fn is_script_link(event: &Event<'_>) -> bool {
    use pulldown_cmark::Tag;
    let bad = |url: &str| {
        let url = url.trim().to_lowercase();
        url.contains(':') && !["http:", "https:", "mailto:", "tel:"].iter().any(|safe| url.starts_with(safe))
    };
    match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => bad(dest_url),
        _ => false,
    }
}

/// The paragraphs of a piece of prose in one language. Documents give each passage in Chinese and
/// then in English; a passage in one language alone stays.
pub fn in_language(lang: Lang, text: &str) -> Vec<String> {
    let chinese = |text: &str| {
        let han = text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
        han * 4 > text.chars().count()
    };
    let paragraphs: Vec<&str> = text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).collect();
    let wanted: Vec<String> = paragraphs
        .iter()
        .filter(|text| chinese(text) == (lang == Lang::Zh))
        .map(|text| (*text).to_owned())
        .collect();
    if wanted.is_empty() { paragraphs.into_iter().map(str::to_owned).collect() } else { wanted }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_hold_no_markup_of_their_own() {
        let source = "# T\n## 一、甲 <b>\n<script>x</script>\n\n文 [a](javascript:b)\n```yaml\nx: <y>\n```\n";
        let (contents, html) = render(Lang::Zh, source);
        assert_eq!(contents.len(), 1);
        assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("javascript"), "{html}");
        assert!(html.contains("&lt;y&gt;") && html.contains("<details"));
    }

    #[test]
    fn anchors_are_those_of_the_clauses() {
        let source = "## 一、受理 Intake\n## 附则\n## 附则\n";
        let (contents, _) = render(Lang::Zh, source);
        let hrefs: Vec<&str> = contents.iter().map(|link| link.href.as_str()).collect();
        assert_eq!(hrefs, ["#一受理-intake", "#附则", "#附则-2"]);
    }

    #[test]
    fn each_reader_gets_their_paragraphs() {
        let text = "任何人都可以反映诉求。\n\nAnyone may report a matter.\n";
        assert_eq!(in_language(Lang::En, text), ["Anyone may report a matter."]);
        assert_eq!(in_language(Lang::Zh, text), ["任何人都可以反映诉求。"]);
        assert_eq!(in_language(Lang::En, "只有中文。"), ["只有中文。"]);
    }
}
