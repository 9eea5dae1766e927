//! The county (or a township) at a glance: what is open, the rates by place and month. Every figure
//! opens its records.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use gongzhi_base::Timestamp;
use gongzhi_kernel::Actor;
use gongzhi_lang::model::{At, Dimension, Indicator, Level, Measure, Mechanism, Target};
use gongzhi_service::figures::{Figure as Value, FigureQuery, Grain};
use gongzhi_service::{Failure, Service, State as County};
use gongzhi_store::{ListQuery, Order, Page};
use serde::Deserialize;

use super::lists::{figure_href, figure_words, value_words};
use crate::app::App;
use crate::i18n::{Lang, t_with};
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::rows::{moment, record_row};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::{
    Bar, BarTable, Cell, Column, DashboardPage, Figure, FigureRow, FigureTable, Line, LineChart, Link, Point,
    Tab, Tone, format,
};

/// Months of the course.
const MONTHS: usize = 6;
/// Rates of the table.
const RATES: usize = 5;
/// Percentiles of times taken in the table.
const TIMES: usize = 4;
/// Bars of a table.
const BARS: usize = 13;

/// Which place and month.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    place: String,
    month: String,
}

/// Whether an actor has an overview at all: decided by the service.
pub fn may_see(app: &App, actor: &Actor) -> bool {
    app.service.overview_mechanism(actor).is_some()
}

/// The columns of the rates: ratios, and times taken with each of their points.
fn rated(mechanism: &Mechanism) -> Vec<(&Indicator, Option<u8>)> {
    let by_place = || mechanism.indicators.iter().filter(|one| one.by.contains(&Dimension::Place));
    let ratios = by_place().filter(|one| matches!(one.measure, Measure::Ratio { .. })).take(RATES);
    let times = by_place().flat_map(|one| match &one.measure {
        Measure::Percentile { points, .. } => points.iter().map(|point| (one, Some(*point))).collect(),
        _ => Vec::new(),
    });
    ratios.map(|one| (one, None)).chain(times.take(TIMES)).collect()
}

/// Figures by indicator (with its percentile), key and period.
type Found = BTreeMap<(String, String, String), Value>;

/// Everything read for one page.
struct Read {
    mechanism: String,
    place: String,
    found: Found,
    units: Found,
    kinds: Found,
    overdue: Page,
}

/// `GET /desk/board`
pub async fn page(State(app): State<App>, visitor: Visitor, me: Me, Query(asked): Query<Asked>) -> Answer {
    let now = app.service.now();
    let months = last_months(&app.service.state(), now, MONTHS);
    let periods = periods(&months);
    let chosen = if periods.contains(&asked.month) { asked.month } else { months[MONTHS - 1].clone() };
    let (actor, wanted, span, period) = (me.actor(), asked.place.clone(), months.clone(), chosen.clone());
    let read = app.read(move |service| read(service, &actor, &wanted, &span, &period));
    let read = match read.await {
        Ok(read) => read,
        Err(Failure::NotFound) => return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND)),
        Err(failure) => return Err(Trouble::at_desk(&app, &visitor, &me, &failure)),
    };
    let state = app.service.state();
    let Some(mechanism) = state.laws.newest(&read.mechanism).cloned() else {
        return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND));
    };
    let board =
        Board { lang: visitor.lang, visitor: &visitor, state: &state, mechanism: &mechanism, read: &read };
    let page = DashboardPage {
        as_of: moment(visitor.lang, &state, now, now),
        place: board.crumbs(),
        figures: board.gauges(),
        open: board.open(),
        months: board.months(&periods, &chosen),
        rates: board.rates(&chosen),
        chart: board.chart(&months),
        overdue: read.overdue.rows.iter().map(|row| record_row(visitor.lang, &state, row, now)).collect(),
        overdue_href: format!("/desk/list?mechanism={}&show=late&place={}", read.mechanism, read.place),
        live: "/desk/live".into(),
        s: visitor.desk_shell(&app, &me, visitor.t("dashboard-title")),
    };
    Ok(ok(&page))
}

fn read(
    service: &Service,
    actor: &Actor,
    wanted: &str,
    months: &[String],
    period: &str,
) -> Result<Read, Failure> {
    let mechanism = service.overview_mechanism(actor).ok_or(Failure::NotFound)?;
    let (_, over) = service.overview(actor, &mechanism).ok_or(Failure::NotFound)?;
    let state = service.state();
    let place = if wanted.is_empty() { over.clone() } else { wanted.to_owned() };
    if !state.world.covers(&over, &place) {
        return Err(Failure::NotFound);
    }
    let Some(law) = state.laws.newest(&mechanism) else { return Err(Failure::NotFound) };
    // Only what the page shows: a county has thousands of further cells.
    let gauges: Vec<String> =
        law.indicators.iter().filter(|i| i.at == At::Now).map(|i| i.name.clone()).collect();
    let rated = rated(law);
    let named = |times: bool| -> Vec<String> {
        rated.iter().filter(|(_, point)| point.is_some() == times).map(|(i, _)| i.name.clone()).collect()
    };
    let (rates, mut times) = (named(false), named(true));
    times.dedup();
    let shown: Vec<String> = rates.iter().chain(&gauges).cloned().collect();
    let span = (months.first().cloned().unwrap_or_default(), months.last().cloned().unwrap_or_default());
    let figures =
        |dimension, indicators: &[String], keys: Vec<String>, span, grain| -> Result<Found, Failure> {
            let query = FigureQuery {
                mechanism: mechanism.clone(),
                indicators: indicators.to_vec(),
                dimension,
                keys,
                within: None,
                months: span,
            };
            let found = service.figures_by(&query, grain)?.into_iter();
            Ok(found.map(|f| ((f.name(), f.key.key.to_string(), f.key.period.to_string()), f)).collect())
        };
    let places: Vec<String> =
        state.world.children(&place).map(|child| child.code.clone()).chain([place.clone()]).collect();
    // Units and kinds are counted over the whole county only.
    let whole = place == state.world.county;
    let wide = |dimension| {
        let gauges = &gauges[..gauges.len().min(2)];
        if !whole {
            return Ok(Found::new());
        }
        figures(dimension, gauges, Vec::new(), span.clone(), Grain::Month)
    };
    let level = state.world.place(&place).map_or(Level::County, |place| place.level);
    let overdue = service.list(
        actor,
        ListQuery {
            mechanism: Some(mechanism.clone()),
            place: Some((level, place.clone())),
            open: Some(true),
            late: Some(true),
            order: Order::Due,
            limit: 5,
            ..ListQuery::default()
        },
    )?;
    let mut found = figures(Dimension::Place, &shown, places.clone(), span.clone(), Grain::Month)?;
    // A quarter or a year is its months put together, also those before the months shown.
    let grain = match period {
        period if period.contains('Q') => Some(Grain::Quarter),
        period if period.len() == 4 => Some(Grain::Year),
        _ => None,
    };
    // Of times taken only those of the chosen period: each is made of many cells.
    let all: Vec<String> = if grain.is_some() { rates.into_iter().chain(times).collect() } else { times };
    if !all.is_empty() {
        let months = Grain::months(period);
        found.extend(figures(Dimension::Place, &all, places, months, grain.unwrap_or_default())?);
    }
    Ok(Read {
        found,
        units: wide(Dimension::Unit)?,
        kinds: wide(Dimension::Kind)?,
        overdue,
        mechanism,
        place,
    })
}

/// The last months up to now, oldest first.
pub fn last_months(state: &County, now: Timestamp, count: usize) -> Vec<String> {
    let today = state.world.zone.date(now);
    let (mut year, mut month) = (today.year(), today.month());
    let mut months = Vec::with_capacity(count);
    for _ in 0..count {
        months.push(format!("{year:04}-{month:02}"));
        month -= 1;
        if month == 0 {
            (year, month) = (year - 1, 12);
        }
    }
    months.reverse();
    months
}

/// The periods to choose from: the months, the quarters that they lie in, the years.
fn periods(months: &[String]) -> Vec<String> {
    let mut periods = months.to_vec();
    for grain in [Grain::Quarter, Grain::Year] {
        let mut more: Vec<String> = months.iter().map(|month| grain.period(month)).collect();
        more.dedup();
        periods.extend(more);
    }
    periods
}

/// A month, quarter or year as people read it.
pub fn month_words(lang: Lang, month: &str) -> String {
    if let Some((year, quarter)) = month.split_once("-Q") {
        return t_with(lang, "figure-quarter", [("year", year.into()), ("n", quarter.into())]);
    }
    if month.len() == 4 {
        return t_with(lang, "figure-year", [("year", month.into())]);
    }
    let date = format!("{month}-01").parse();
    date.map_or_else(|_| month.to_owned(), |date| format::month(lang, date))
}

/// How a figure stands against its target.
pub fn against(target: Option<Target>, value: &Value) -> Tone {
    let (Some(target), Some(thousandths)) = (target, value.thousandths) else { return Tone::Plain };
    let met =
        if target.at_least { thousandths >= target.thousandths } else { thousandths <= target.thousandths };
    if met { Tone::Good } else { Tone::Late }
}

/// What a figure is held against: of times taken only the highest point is.
pub fn target_of(indicator: &Indicator, point: Option<u8>) -> Option<Target> {
    match (&indicator.measure, point) {
        (Measure::Percentile { points, .. }, Some(point)) if points.last() != Some(&point) => None,
        _ => indicator.target,
    }
}

struct Board<'a> {
    lang: Lang,
    visitor: &'a Visitor,
    state: &'a County,
    mechanism: &'a Mechanism,
    read: &'a Read,
}

impl Board<'_> {
    fn gauge_indicators(&self) -> impl Iterator<Item = &Indicator> {
        self.mechanism.indicators.iter().filter(|indicator| indicator.at == At::Now)
    }

    fn ratios(&self) -> impl Iterator<Item = &Indicator> {
        let ratio = |indicator: &&Indicator| matches!(indicator.measure, Measure::Ratio { .. });
        self.mechanism.indicators.iter().filter(ratio).take(RATES)
    }

    fn value<'f>(&self, found: &'f Found, indicator: &str, key: &str, month: &str) -> Option<&'f Value> {
        found.get(&(indicator.to_owned(), key.to_owned(), month.to_owned()))
    }

    fn crumbs(&self) -> Vec<Link> {
        let path = self.state.world.path(&self.read.place);
        let mut links: Vec<Link> = path
            .iter()
            .flatten()
            .map(|code| {
                let name = self.state.world.place(code).map(|place| say(self.lang, &place.words));
                Link::new(name.unwrap_or_default(), format!("/desk/board?place={code}"))
            })
            .collect();
        if let Some(last) = links.last_mut() {
            last.href.clear();
        }
        links
    }

    fn href(&self, indicator: &str, part: &str, place: &str, month: &str) -> String {
        figure_href(&self.mechanism.name, indicator, part, place, "", "", month)
    }

    fn gauges(&self) -> Vec<Figure> {
        let place = &self.read.place;
        self.gauge_indicators()
            .map(|indicator| {
                let value = self.value(&self.read.found, &indicator.name, place, "");
                Figure {
                    label: say(self.lang, &indicator.words),
                    value: format::number(value.map_or(0, |value| value.numerator)),
                    href: self.href(&indicator.name, "", place, ""),
                    tone: value.map(|value| against(indicator.target, value)).unwrap_or_default(),
                    ..Figure::default()
                }
            })
            .collect()
    }

    fn open(&self) -> Vec<BarTable> {
        let mut gauges = self.gauge_indicators();
        let (Some(open), late) = (gauges.next(), gauges.next()) else { return Vec::new() };
        let name = &self.mechanism.name;
        let places: Vec<String> =
            self.state.world.children(&self.read.place).map(|place| place.code.clone()).collect();
        let place_href = |code: &str| figure_href(name, &open.name, "", code, "", "", "");
        let short =
            |code: &str| self.state.world.place(code).map(|p| say(self.lang, &p.words)).unwrap_or_default();
        let mut tables = vec![self.bars(
            "open-place",
            "board-by-place",
            &self.read.found,
            open,
            late,
            &places,
            &short,
            &place_href,
        )];
        let tops = |found: &Found, keep: &dyn Fn(&str) -> bool| -> Vec<String> {
            let keys = found.keys().filter(|(indicator, key, _)| *indicator == open.name && keep(key));
            keys.map(|(_, key, _)| key.clone()).collect()
        };
        let mechanism_kinds = self.mechanism.kind.as_deref().and_then(|field| self.mechanism.field(field));
        if let Some(gongzhi_lang::model::Type::Entry(catalogue)) = mechanism_kinds.map(|field| &field.ty) {
            let first = |key: &str| {
                let entry = self.state.world.catalogue(catalogue).and_then(|known| known.entries.get(key));
                entry.is_some_and(|entry| entry.parent.is_none())
            };
            let kinds = tops(&self.read.kinds, &first);
            let label = |code: &str| names::entry(self.lang, self.state, catalogue, code);
            let href = |code: &str| figure_href(name, &open.name, "", "", "", code, "");
            tables.push(self.bars(
                "open-kind",
                "board-by-kind",
                &self.read.kinds,
                open,
                late,
                &kinds,
                &label,
                &href,
            ));
        }
        let units = tops(&self.read.units, &|_| true);
        let label = |code: &str| names::unit(self.lang, self.state, code);
        let href = |code: &str| figure_href(name, &open.name, "", "", code, "", "");
        tables.push(self.bars(
            "open-unit",
            "board-by-unit",
            &self.read.units,
            open,
            late,
            &units,
            &label,
            &href,
        ));
        tables.retain(|table| !table.rows.is_empty());
        tables
    }

    #[expect(clippy::too_many_arguments, reason = "one table over three dimensions")]
    fn bars(
        &self,
        id: &str,
        key: &str,
        found: &Found,
        open: &Indicator,
        late: Option<&Indicator>,
        keys: &[String],
        label: &dyn Fn(&str) -> String,
        href: &dyn Fn(&str) -> String,
    ) -> BarTable {
        let number = |indicator: &Indicator, key: &str| {
            self.value(found, &indicator.name, key, "").map_or(0, |value| value.numerator)
        };
        let mut rows: Vec<(i64, i64, &String)> = keys
            .iter()
            .map(|key| (number(open, key), late.map_or(0, |late| number(late, key)), key))
            .filter(|(count, _, _)| *count > 0)
            .collect();
        rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(b.2)));
        rows.truncate(BARS);
        let most = rows.first().map_or(1, |row| row.0.max(1)) as f64;
        let bar = |(count, late, key): (i64, i64, &String)| Bar {
            label: label(key),
            value: format::number(count),
            share: count as f64 / most,
            late_share: late.min(count) as f64 / most,
            late: if late > 0 { format!("{} {late}", self.visitor.t("board-late")) } else { String::new() },
            href: href(key),
        };
        BarTable {
            id: id.into(),
            title: self.visitor.t(key),
            label_head: self.visitor.t(key),
            value_head: say(self.lang, &open.words),
            rows: rows.into_iter().map(bar).collect(),
            more: None,
        }
    }

    fn months(&self, months: &[String], current: &str) -> Vec<Tab> {
        let tab = |month: &String| Tab {
            label: month_words(self.lang, month),
            href: format!("/desk/board?place={}&month={month}#rates", self.read.place),
            current: month == current,
            ..Tab::default()
        };
        months.iter().map(tab).collect()
    }

    fn rates(&self, month: &str) -> FigureTable {
        let row = |code: &str| FigureRow {
            label: self.state.world.place(code).map(|place| say(self.lang, &place.words)).unwrap_or_default(),
            href: format!("/desk/board?place={code}&month={month}"),
            cells: rated(self.mechanism)
                .into_iter()
                .map(|(indicator, point)| self.cell(indicator, point, code, month))
                .collect(),
            ..FigureRow::default()
        };
        FigureTable {
            id: "rates".into(),
            title: format!("{} · {}", self.visitor.t("board-rates"), month_words(self.lang, month)),
            note: self.visitor.t("board-rates-note"),
            row_head: self.visitor.t("board-by-place"),
            columns: rated(self.mechanism)
                .into_iter()
                .map(|(indicator, point)| Column {
                    label: figure_words(self.lang, indicator, point),
                    href: crate::pages::words::clause_link(self.lang, &indicator.clause)
                        .map(|(_, href)| href)
                        .unwrap_or_default(),
                    ..Column::default()
                })
                .collect(),
            rows: self.state.world.children(&self.read.place).map(|place| row(&place.code)).collect(),
            total: Some(FigureRow { href: String::new(), ..row(&self.read.place) }),
        }
    }

    fn cell(&self, indicator: &Indicator, point: Option<u8>, place: &str, month: &str) -> Cell {
        let name =
            point.map_or_else(|| indicator.name.clone(), |point| format!("{}.p{point}", indicator.name));
        let Some(value) = self.value(&self.read.found, &name, place, month) else {
            return Cell { share: -1.0, ..Cell::default() };
        };
        if value.denominator == 0 {
            return Cell { share: -1.0, ..Cell::default() };
        }
        Cell {
            value: value_words(indicator, value),
            // Of a time taken, over how many records; its rank says nothing to people.
            note: match point {
                Some(_) => format::number(value.denominator),
                None => format!("{}/{}", value.numerator, value.denominator),
            },
            share: -1.0,
            href: self.href(&indicator.name, "base", place, month),
            tone: target_of(indicator, point).map_or(Tone::Plain, |target| against(Some(target), value)),
        }
    }

    fn chart(&self, months: &[String]) -> Option<LineChart> {
        let place = &self.read.place;
        let point = |indicator: &Indicator, month: &String| {
            let value = self.value(&self.read.found, &indicator.name, place, month);
            let value = value.filter(|value| value.denominator > 0);
            Point {
                value: value.map(|value| value.numerator as f64 * 100.0 / value.denominator as f64),
                text: value.map(|value| value_words(indicator, value)).unwrap_or_default(),
                href: self.href(&indicator.name, "base", place, month),
            }
        };
        let lines: Vec<Line> = self
            .ratios()
            .take(3)
            .map(|indicator| Line {
                label: say(self.lang, &indicator.words),
                points: months.iter().map(|month| point(indicator, month)).collect(),
            })
            .collect();
        let values = || lines.iter().flat_map(|line| &line.points).filter_map(|point| point.value);
        let least = values().fold(100.0, f64::min);
        values().next()?;
        Some(LineChart {
            title: self.visitor.t("board-course"),
            summary: names::place(self.lang, self.state, place),
            periods: months.iter().map(|month| month_words(self.lang, month)).collect(),
            from: ((least - 5.0) / 10.0).floor().max(0.0) * 10.0,
            to: 100.0,
            unit: "%".into(),
            lines,
        })
    }
}
