//! Lists: filters, search, and the records behind a figure.

use axum::extract::{Query, State};
use gongzhi_kernel::project::Row;
use gongzhi_lang::model::{Indicator, Lapse, Level, Measure, Mechanism};
use gongzhi_service::figures::{self, Figure as Value, FigureQuery, Grain};
use gongzhi_store::{ListQuery, Order};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::rows::{cursor, cursor_text, record_row};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, say};
use crate::view::{
    Choice, DrillPage, Figure, FilterSelect, Filters, Link, OptionGroup, Paging, RecordList, SearchPage, Tab,
    format,
};

/// Rows of a page.
const ROWS: u32 = 30;

/// Which records.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct Asked {
    q: String,
    mechanism: String,
    place: String,
    kind: String,
    unit: String,
    state: String,
    /// `open`, `closed` or `late`.
    show: String,
    month: String,
    indicator: String,
    /// `counted`, `base` or `rest`.
    part: String,
    after: String,
}

impl Asked {
    /// The address of this list with one part of it changed.
    fn with(&self, name: &str, value: &str) -> String {
        let parts = [
            ("q", &self.q),
            ("mechanism", &self.mechanism),
            ("place", &self.place),
            ("kind", &self.kind),
            ("unit", &self.unit),
            ("state", &self.state),
            ("show", &self.show),
            ("month", &self.month),
            ("indicator", &self.indicator),
            ("part", &self.part),
        ];
        let known = parts.into_iter().map(|(n, v)| (n, if n == name { value } else { v.as_str() }));
        let extra = (name == "after").then_some(("after", value));
        let pairs: Vec<String> = known
            .chain(extra)
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        format!("/desk/list?{}", pairs.join("&"))
    }
}

/// The address of the records behind a figure.
pub fn figure_href(
    mechanism: &str,
    indicator: &str,
    part: &str,
    place: &str,
    unit: &str,
    kind: &str,
    month: &str,
) -> String {
    let asked = Asked {
        mechanism: mechanism.into(),
        indicator: indicator.into(),
        place: place.into(),
        unit: unit.into(),
        kind: kind.into(),
        month: month.into(),
        ..Asked::default()
    };
    asked.with("part", part)
}

/// `GET /desk/list`, `GET /desk/search`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    let (actor, text) = (me.actor(), asked.q.trim().to_owned());
    let query = query(&app, &asked);
    let read = app.read(move |service| {
        if text.is_empty() {
            let page = service.list(&actor, query)?;
            return Ok((page.rows, page.next));
        }
        Ok((service.search(&actor, &text, 100)?, None))
    });
    let (rows, next) = read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let list = RecordList {
        filters: Some(filters(&app, &visitor, &asked)),
        paging: Paging {
            first_href: if asked.after.is_empty() { String::new() } else { asked.with("after", "") },
            next_href: next.map(|next| asked.with("after", &cursor_text(next))).unwrap_or_default(),
            ..Paging::default()
        },
        rows: shown(&app, &visitor, &rows),
        ..RecordList::default()
    };
    let title = visitor.t("search-title");
    let s = visitor.desk_shell(&app, &me, title);
    match drill(&app, &visitor, &asked) {
        Some(mut page) => {
            page.s = s;
            page.list = RecordList { filters: None, ..list };
            Ok(ok(&page))
        }
        None => Ok(ok(&SearchPage { s, list })),
    }
}

fn shown(app: &App, visitor: &Visitor, rows: &[Row]) -> Vec<crate::view::RecordRow> {
    let (state, now) = (app.service.state(), app.service.now());
    rows.iter().map(|row| record_row(visitor.lang, &state, row, now)).collect()
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The filter in the store's form; what does not exist finds nothing.
fn query(app: &App, asked: &Asked) -> ListQuery {
    let state = app.service.state();
    let level = |code: &str| state.world.place(code).map_or(Level::Grid, |place| place.level);
    let mechanism = state.laws.newest(&asked.mechanism);
    let (marks, marks_clear) = match mechanism.and_then(|m| Some((m, figures::marks(m, &asked.indicator)?))) {
        Some((mechanism, (base, counted))) => {
            let ratio = mechanism.indicators.iter().any(|i| i.name == asked.indicator && is_ratio(i));
            match (ratio, asked.part.as_str()) {
                (false, _) => (counted, 0),
                (true, "counted") => (base | counted, 0),
                (true, "rest") => (base, counted),
                (true, _) => (base, 0),
            }
        }
        None => (0, 0),
    };
    ListQuery {
        mechanism: some(&asked.mechanism).or_else(|| main_mechanism(app)),
        place: some(&asked.place).map(|code| (level(&code), code)),
        unit: some(&asked.unit),
        kind: some(&asked.kind),
        state: some(&asked.state),
        open: match asked.show.as_str() {
            "open" | "late" => Some(true),
            "closed" => Some(false),
            _ => None,
        },
        late: (asked.show == "late").then_some(true),
        month: some(&asked.month),
        marks,
        marks_clear,
        order: if matches!(asked.show.as_str(), "open" | "late") { Order::Due } else { Order::Newest },
        after: cursor(&asked.after),
        limit: ROWS,
        ..ListQuery::default()
    }
}

fn is_ratio(indicator: &Indicator) -> bool {
    matches!(indicator.measure, Measure::Ratio { .. })
}

/// The mechanism that lists show when none is named: the first that residents may open.
fn main_mechanism(app: &App) -> Option<String> {
    let state = app.service.state();
    state.laws.library.mechanisms.values().find(|mechanism| mechanism.receipt).map(|m| m.name.clone())
}

fn filters(app: &App, visitor: &Visitor, asked: &Asked) -> Filters {
    let state = app.service.state();
    let lang = visitor.lang;
    let choice = |value: &str, label: String, chosen: &str| Choice {
        value: value.into(),
        label,
        selected: value == chosen,
        ..Choice::default()
    };
    let select = |name: &str, key: &str, options: Vec<Choice>| FilterSelect {
        name: name.into(),
        label: visitor.t(key),
        groups: vec![OptionGroup { label: String::new(), options }],
    };
    let mechanism = some(&asked.mechanism).or_else(|| main_mechanism(app));
    let law = mechanism.as_deref().and_then(|name| state.laws.newest(name));
    let places = state.world.children(&state.world.county);
    let places = places.map(|place| choice(&place.code, say(lang, &place.words), &asked.place)).collect();
    let states = law.into_iter().flat_map(|law| &law.states);
    let states = states.map(|known| choice(&known.name, say(lang, &known.words), &asked.state)).collect();
    let catalogue = mechanism.as_deref().and_then(|name| app.service.kind_catalogue(name));
    let entries = catalogue.as_deref().and_then(|name| state.world.catalogue(name));
    let kinds = entries.into_iter().flat_map(|catalogue| catalogue.entries.values());
    let kinds = kinds.filter(|entry| entry.parent.is_none());
    let kinds = kinds.map(|entry| choice(&entry.code, say(lang, &entry.words), &asked.kind)).collect();
    let shows =
        ["open", "late", "closed"].map(|show| choice(show, visitor.t(&format!("show-{show}")), &asked.show));
    let mut active = Vec::new();
    let mut add = |name: &str, value: &str, label: String| {
        if !value.is_empty() {
            active.push(Link::new(label, asked.with(name, "")));
        }
    };
    add("place", &asked.place, names::place(lang, &state, &asked.place));
    add("unit", &asked.unit, names::unit(lang, &state, &asked.unit));
    let kind =
        catalogue.as_deref().map(|name| names::entry(lang, &state, name, &asked.kind)).unwrap_or_default();
    add("kind", &asked.kind, kind);
    let state_words = law.and_then(|law| law.state(&asked.state)).map(|known| say(lang, &known.words));
    add("state", &asked.state, state_words.unwrap_or_default());
    let show_words = match asked.show.as_str() {
        "open" | "late" | "closed" => visitor.t(&format!("show-{}", asked.show)),
        other => other.to_owned(),
    };
    add("show", &asked.show, show_words);
    add("month", &asked.month, super::board::month_words(visitor.lang, &asked.month));
    Filters {
        action: "/desk/list".into(),
        query: asked.q.clone(),
        selects: vec![
            select("show", "filter-show", shows.to_vec()),
            select("place", "filter-place", places),
            select("kind", "filter-kind", kinds),
            select("state", "filter-state", states),
        ],
        clear_href: if active.is_empty() { String::new() } else { "/desk/list".into() },
        active,
        ..Filters::default()
    }
}

/// The head of a figure's list: the figure itself, its rule and its parts.
fn drill(app: &App, visitor: &Visitor, asked: &Asked) -> Option<DrillPage> {
    let state = app.service.state();
    let mechanism = state.laws.newest(&asked.mechanism)?;
    let indicator = mechanism.indicators.iter().find(|indicator| indicator.name == asked.indicator)?;
    let values = figure(app, mechanism, indicator, asked);
    let value = values.first();
    let where_words = [
        (!asked.place.is_empty()).then(|| names::place(visitor.lang, &state, &asked.place)),
        (!asked.unit.is_empty()).then(|| names::unit(visitor.lang, &state, &asked.unit)),
        (!asked.month.is_empty()).then(|| super::board::month_words(visitor.lang, &asked.month)),
    ];
    let where_words: Vec<String> = where_words.into_iter().flatten().collect();
    let tab = |part: &str, count: i64| Tab {
        label: visitor.t(&format!("part-{part}")),
        count: format::number(count),
        href: asked.with("part", part),
        current: asked.part == part || asked.part.is_empty() && part == "base",
    };
    let parts = match (is_ratio(indicator), value) {
        (true, Some(value)) => vec![
            tab("base", value.denominator),
            tab("counted", value.numerator),
            tab("rest", value.denominator - value.numerator),
        ],
        _ => Vec::new(),
    };
    Some(DrillPage {
        figure: Figure {
            label: match indicator.measure {
                Measure::Percentile { .. } => figure_words(visitor.lang, indicator, None),
                _ => say(visitor.lang, &indicator.words),
            },
            value: shown_values(indicator, &values),
            note: where_words.join(" · "),
            ..Figure::default()
        },
        clause: clause_link(visitor.lang, &indicator.clause).map(|(label, href)| Link::new(label, href)),
        rule: indicator.clause.basis.clone(),
        parts,
        ..DrillPage::default()
    })
}

/// The figure whose records are listed; of times taken, one for each point.
fn figure(app: &App, mechanism: &Mechanism, indicator: &Indicator, asked: &Asked) -> Vec<Value> {
    use gongzhi_lang::model::Dimension;
    let county = app.service.state().world.county.clone();
    let (dimension, key) = match (asked.place.as_str(), asked.unit.as_str(), asked.kind.as_str()) {
        ("", "", "") => (Dimension::Place, county),
        ("", "", kind) => (Dimension::Kind, kind.to_owned()),
        ("", unit, _) => (Dimension::Unit, unit.to_owned()),
        (place, _, _) => (Dimension::Place, place.to_owned()),
    };
    let months = match asked.month.as_str() {
        "" => ("0000-00".to_owned(), "9999-99".to_owned()),
        period => Grain::months(period),
    };
    let query = FigureQuery {
        mechanism: mechanism.name.clone(),
        indicators: vec![indicator.name.clone()],
        dimension,
        keys: vec![key],
        months,
    };
    app.service.figures_by(&query, Grain::Whole).unwrap_or_default()
}

/// The values of a figure: of times taken, with how many of a hundred records took no longer.
fn shown_values(indicator: &Indicator, values: &[Value]) -> String {
    let one = |value: &Value| match value.point {
        Some(point) => format!("{} ({point}%)", value_words(indicator, value)),
        None => value_words(indicator, value),
    };
    values.iter().map(one).collect::<Vec<_>>().join(" · ")
}

/// A figure's name; a time taken with its unit and its point.
pub fn figure_words(lang: Lang, indicator: &Indicator, point: Option<u8>) -> String {
    let name = say(lang, &indicator.words);
    let Measure::Percentile { unit, .. } = &indicator.measure else { return name };
    let unit = t(lang, if *unit == Lapse::Hours { "in-hours" } else { "in-working-days" });
    match point {
        Some(point) => t_with(
            lang,
            "figure-point",
            [("x", name.into()), ("n", i64::from(point).into()), ("unit", unit.into())],
        ),
        None => t_with(lang, "figure-in", [("x", name.into()), ("unit", unit.into())]),
    }
}

/// A figure's value as shown: a percentage, a number, or a time in the unit of its indicator.
pub fn value_words(indicator: &Indicator, value: &Value) -> String {
    match indicator.measure {
        Measure::Ratio { .. } => {
            format::percent(value.numerator.max(0) as u64, value.denominator.max(0) as u64)
        }
        // To the tenth: what is kept is no more exact.
        Measure::Percentile { .. } => {
            let tenths = (value.thousandths.unwrap_or(0) + 50) / 100;
            format!("{}.{}", format::number(tenths / 10), tenths % 10)
        }
        Measure::Count(_) | Measure::Sum(_) => format::number(value.numerator),
    }
}
