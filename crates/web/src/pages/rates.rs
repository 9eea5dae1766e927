//! The open rates of every office: ratios of the mechanisms that anybody may open, by township and month.

use axum::extract::{Query, State};
use axum::response::Response;
use gongzhi_lang::model::{Dimension, Indicator, Measure, Mechanism};
use gongzhi_service::Failure;
use gongzhi_service::State as County;
use gongzhi_service::figures::{Figure as Found, FigureQuery};
use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde::Deserialize;

use super::names;
use super::problem::{Answer, Trouble, ok};
use super::report::open_to_all;
use super::visitor::Visitor;
use super::words::{clause_link, say};
use crate::app::App;
use crate::i18n::{Lang, t_with};
use crate::view::{
    Cell, Column, Fact, Figure, FigureRow, FigureTable, Line, LineChart, Link, Point, RatesPage, Tone, format,
};

/// Months shown.
const MONTHS: i32 = 6;

/// Which rate is shown.
#[derive(Deserialize, Default)]
pub struct Asked {
    rate: Option<String>,
}

/// The first of the months shown, up to the present one, oldest first.
fn months(state: &County, now: gongzhi_base::Timestamp) -> Vec<Date> {
    let today = state.world.zone.date(now);
    let first = date(today.year(), today.month(), 1);
    (0..MONTHS).rev().filter_map(|back| first.checked_sub(back.months()).ok()).collect()
}

fn key(month: Date) -> String {
    format!("{:04}-{:02}", month.year(), month.month())
}

/// Ratios with a target, which is what makes a rate worth publishing beside others.
fn ratios(mechanism: &Mechanism) -> Vec<&Indicator> {
    let all =
        mechanism.indicators.iter().filter(|indicator| matches!(indicator.measure, Measure::Ratio { .. }));
    all.filter(|indicator| indicator.by.contains(&Dimension::Place)).collect()
}

/// How a rate stands against its target.
fn tone(indicator: &Indicator, figure: &Found) -> Tone {
    match (indicator.target, figure.thousandths) {
        (Some(target), Some(value)) if target.at_least == (value >= target.thousandths) => Tone::Good,
        (Some(_), Some(_)) => Tone::Soon,
        _ => Tone::Plain,
    }
}

fn percent(figure: &Found) -> String {
    let part = u64::try_from(figure.numerator).unwrap_or(0);
    format::percent(part, u64::try_from(figure.denominator).unwrap_or(0))
}

fn base(figure: &Found) -> String {
    format!("{}/{}", format::number(figure.numerator), format::number(figure.denominator))
}

fn shown(lang: Lang, indicator: &Indicator, found: Option<&Found>) -> Figure {
    let target = indicator.target.map(|target| {
        let value = format!("{}%", target.thousandths / 1_000);
        t_with(lang, if target.at_least { "target-least" } else { "target-most" }, [("x", value.into())])
    });
    Figure {
        label: say(lang, &indicator.words),
        value: found.map_or_else(|| "–".to_owned(), percent),
        note: found.map(base).into_iter().chain(target).collect::<Vec<_>>().join(" · "),
        href: String::new(),
        tone: found.map_or(Tone::Plain, |found| tone(indicator, found)),
    }
}

/// The whole county's rates of the latest month that has any, for the front page.
pub async fn county_now(app: &App, visitor: &Visitor) -> Result<(String, Vec<Figure>), Failure> {
    let state = app.service.state();
    let months = months(&state, app.service.now());
    let (Some((mechanism, _)), Some(first), Some(last)) =
        (open_to_all(&state).into_iter().next(), months.first(), months.last())
    else {
        return Ok((String::new(), Vec::new()));
    };
    let asked = query(&mechanism, vec![state.world.county.clone()], *first, *last);
    let found = app.read(move |service| service.figures(&asked)).await?;
    let counted = |month: &&Date| {
        found.iter().any(|figure| figure.key.period == key(**month) && figure.denominator > 0)
    };
    let Some(month) = months.iter().rev().find(counted) else {
        return Ok((String::new(), Vec::new()));
    };
    let figures = ratios(&mechanism).into_iter().filter(|indicator| indicator.target.is_some()).take(3).map(
        |indicator| {
            let figure = found
                .iter()
                .find(|figure| figure.key.indicator == indicator.name && figure.key.period == key(*month));
            shown(visitor.lang, indicator, figure)
        },
    );
    Ok((format::month(visitor.lang, *month), figures.collect()))
}

fn query(mechanism: &Mechanism, keys: Vec<String>, first: Date, last: Date) -> FigureQuery {
    FigureQuery {
        mechanism: mechanism.name.clone(),
        indicators: ratios(mechanism).into_iter().map(|indicator| indicator.name.clone()).collect(),
        dimension: Dimension::Place,
        keys,
        within: None,
        months: (key(first), key(last)),
    }
}

/// `GET /rates`
pub async fn page(State(app): State<App>, visitor: Visitor, Query(asked): Query<Asked>) -> Answer {
    let state = app.service.state().clone();
    let months = months(&state, app.service.now());
    let missing = || Trouble::status(&app, &visitor, axum::http::StatusCode::NOT_FOUND);
    let (mechanism, _) = open_to_all(&state).into_iter().next().ok_or_else(missing)?;
    let all = ratios(&mechanism);
    let chosen = asked.rate.and_then(|name| all.iter().find(|indicator| indicator.name == name));
    let indicator = *chosen.or(all.first()).ok_or_else(missing)?;
    let county = state.world.county.clone();
    let townships: Vec<String> = state.world.children(&county).map(|place| place.code.clone()).collect();
    let keys = townships.iter().cloned().chain([county.clone()]).collect();
    let (Some(first), Some(last)) = (months.first(), months.last()) else { return Err(missing()) };
    let query = query(&mechanism, keys, *first, *last);
    let found = app.read(move |service| service.figures(&query)).await;
    let found = found.map_err(|failure| Trouble::failure(&app, &visitor, &failure))?;
    Ok(table(&app, &visitor, &state, &all, indicator, &months, &townships, &found))
}

#[expect(clippy::too_many_arguments, reason = "one page out of one reading")]
fn table(
    app: &App,
    visitor: &Visitor,
    state: &County,
    all: &[&Indicator],
    indicator: &Indicator,
    months: &[Date],
    townships: &[String],
    found: &[Found],
) -> Response {
    let lang = visitor.lang;
    let county = &state.world.county;
    let at = |name: &str, place: &str, month: Date| {
        found.iter().find(|f| f.key.indicator == name && f.key.key == place && f.key.period == key(month))
    };
    let row = |place: &str| FigureRow {
        label: names::place_alone(lang, state, place),
        href: String::new(),
        cells: months
            .iter()
            .map(|month| match at(&indicator.name, place, *month).filter(|figure| figure.denominator > 0) {
                Some(figure) => Cell {
                    value: percent(figure),
                    note: base(figure),
                    share: figure.numerator as f64 / figure.denominator as f64,
                    tone: tone(indicator, figure),
                    href: String::new(),
                },
                None => Cell::default(),
            })
            .collect(),
        ..FigureRow::default()
    };
    let latest = months.iter().rev().find(|month| {
        all.iter().any(|indicator| {
            at(&indicator.name, county, **month).is_some_and(|figure| figure.denominator > 0)
        })
    });
    let link = |other: &&Indicator| {
        let href =
            if other.name == indicator.name { String::new() } else { format!("/rates?rate={}", other.name) };
        Link::new(say(lang, &other.words), href)
    };
    let rule = |indicator: &&Indicator| {
        let clause = clause_link(lang, &indicator.clause);
        let (label, href) = clause.unwrap_or_default();
        Fact { label: say(lang, &indicator.words), value: label, href, ..Fact::default() }
    };
    let page = RatesPage {
        s: visitor.shell(app, visitor.t("rates-title")),
        rates: all.iter().map(link).collect(),
        figures: latest.map_or_else(Vec::new, |month| {
            all.iter().map(|indicator| shown(lang, indicator, at(&indicator.name, county, *month))).collect()
        }),
        chart: Some(chart(visitor, all, months, |name, month| at(name, county, month))),
        table: FigureTable {
            id: "by-place".to_owned(),
            title: say(lang, &indicator.words),
            note: visitor.t("rates-note"),
            row_head: visitor.t("level-township"),
            columns: months
                .iter()
                .map(|m| Column { label: format::month(lang, *m), ..Column::default() })
                .collect(),
            rows: townships.iter().map(|code| row(code)).collect(),
            total: Some(row(county)),
        },
        rules: by_clause(visitor, all.iter().map(rule).collect()),
        download: None,
    };
    ok(&page)
}

/// Indicators under the same clause share a line.
fn by_clause(visitor: &Visitor, facts: Vec<Fact>) -> Vec<Fact> {
    let mut lines: Vec<Fact> = Vec::new();
    for fact in facts {
        match lines.iter_mut().find(|line| line.href == fact.href) {
            Some(line) => {
                line.label = [&line.label, &fact.label].map(String::as_str).join(&visitor.t("list-comma"))
            }
            None => lines.push(fact),
        }
    }
    lines
}

fn chart<'f>(
    visitor: &Visitor,
    all: &[&Indicator],
    months: &[Date],
    at: impl Fn(&str, Date) -> Option<&'f Found>,
) -> LineChart {
    let line = |indicator: &&Indicator| {
        let points = months.iter().map(|month| {
            let figure = at(&indicator.name, *month).filter(|figure| figure.denominator > 0);
            Point {
                value: figure.map(|figure| 100.0 * figure.numerator as f64 / figure.denominator as f64),
                text: figure.map(percent).unwrap_or_default(),
                href: String::new(),
            }
        });
        Line { label: say(visitor.lang, &indicator.words), points: points.collect() }
    };
    let lines: Vec<Line> =
        all.iter().filter(|indicator| indicator.target.is_some()).take(3).map(line).collect();
    let values = lines.iter().flat_map(|line| &line.points).filter_map(|point| point.value);
    let least = values.fold(100.0_f64, f64::min);
    LineChart {
        title: visitor.t("rates-chart"),
        summary: visitor.t("rates-chart"),
        periods: months.iter().map(|month| format::month(visitor.lang, *month)).collect(),
        lines,
        from: (least / 20.0).floor() * 20.0,
        to: 100.0,
        unit: "%".to_owned(),
    }
}
