//! `GET /desk/figures/{mechanism}`: the figures of a mechanism by all that it is counted by. Each opens
//! its records.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use gongzhi_base::RecordId;
use gongzhi_lang::model::{Dimension, Indicator, Measure, Mechanism};
use gongzhi_service::figures::{Figure as Value, FigureQuery, Grain};
use gongzhi_service::listing::Listed;
use gongzhi_service::{Failure, State as County};

use super::apart;
use super::asked::{Asked, NONE};
use super::cell;
use super::page::{figure_words, value_words};
use crate::app::App;
use crate::pages::desk::board::{against, last_months, month_words, target_of};
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::{clause_link, say};
use crate::view::{Cell, Column, FigureRow, FigureTable, FiguresPage, Link, Tone};

/// Months over which figures with a period are summed.
const MONTHS: usize = 12;
/// Rows of a table.
const ROWS: usize = 120;

/// Figures by dimension, indicator (with its percentile) and key, put together over the months.
type Found = BTreeMap<(Dimension, String, String), Value>;

struct Figures<'a> {
    visitor: &'a Visitor,
    state: &'a County,
    mechanism: &'a Mechanism,
    found: Found,
    /// The records above, as far as the person may read them.
    above: Vec<Listed>,
    /// The question for the list: the record above that is looked at, where these are kept apart.
    asked: Asked,
}

/// The page.
pub async fn page(
    Path(name): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    asked: Asked,
) -> Answer {
    let (actor, wanted) = (me.actor(), name.clone());
    let months = last_months(&app.service.state(), app.service.now(), MONTHS);
    let span = (months[0].clone(), months[MONTHS - 1].clone());
    let shown = span.clone();
    let read = app.read(move |service| {
        let known = service.listable(&actor).into_iter().find(|one| one.name == wanted);
        let mechanism = known.filter(|one| !one.indicators.is_empty()).ok_or(Failure::NotFound)?;
        let apart = service.apart(&actor, &mechanism)?;
        let asked = asked.apart(&apart);
        let within = asked.under().filter(|_| apart::chosen(&apart, &asked));
        let mut found = Found::new();
        for dimension in
            [Dimension::Place, Dimension::Unit, Dimension::Kind, Dimension::Parent, Dimension::Field]
        {
            let by = mechanism.indicators.iter().filter(|one| one.by.contains(&dimension));
            let indicators: Vec<String> = by.map(|one| one.name.clone()).collect();
            if indicators.is_empty() {
                continue;
            }
            let state = service.state();
            let county = &state.world.county;
            // Of places only those right under the county: the rest is a list away.
            let keys = match dimension {
                Dimension::Place => state.world.children(county).map(|place| place.code.clone()).collect(),
                _ => Vec::new(),
            };
            let query = FigureQuery {
                mechanism: mechanism.name.clone(),
                indicators,
                dimension,
                keys,
                within: within.filter(|_| dimension != Dimension::Parent),
                months: span.clone(),
            };
            for figure in service.figures_by(&query, Grain::Whole)? {
                found.insert((dimension, figure.name(), figure.key.key.to_string()), figure);
            }
        }
        let parents = found.keys().filter(|(dimension, ..)| *dimension == Dimension::Parent);
        let mut ids: Vec<RecordId> = parents.filter_map(|(_, _, key)| key.parse().ok()).collect();
        ids.sort();
        ids.dedup();
        let mut above = service.listed_of(&actor, &ids)?;
        if let Some(id) = within {
            above.retain(|one| one.row.id == id || one.record.ancestors().any(|above| above == id));
        }
        Ok((mechanism, found, above, apart, asked))
    });
    let read = match read.await {
        Err(Failure::NotFound) => return Err(Trouble::status(&app, &visitor, StatusCode::NOT_FOUND)),
        read => read,
    };
    let (mechanism, found, mut above, apart, asked) =
        read.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    above.sort_by(|a, b| a.row.number.cmp(&b.row.number));
    let state = app.service.state().clone();
    let lang = visitor.lang;
    let choice = apart::choice(lang, &state, &mechanism, &apart, &asked, &format!("/desk/figures/{name}"));
    let under = apart.iter().find(|row| Some(row.id) == asked.under());
    let under = under.map(|row| Link::new(row.title.clone(), format!("/desk/r/{}", row.id)));
    let asked = Asked::default().with("mechanism", &mechanism.name).with("under", asked.get("under"));
    let figures = Figures { visitor: &visitor, state: &state, mechanism: &mechanism, found, above, asked };
    let title = say(lang, &mechanism.words);
    let page = FiguresPage {
        s: visitor.desk_shell(&app, &me, format!("{} · {title}", visitor.t("figures-title"))),
        title,
        list: figures.asked.href(),
        apart: choice,
        under,
        note: crate::i18n::t_with(
            lang,
            "figures-note",
            [("x", month_words(lang, &shown.0).into()), ("y", month_words(lang, &shown.1).into())],
        ),
        tables: figures.tables(),
    };
    Ok(ok(&page))
}

impl Figures<'_> {
    fn tables(&self) -> Vec<FigureTable> {
        let lang = self.visitor.lang;
        let mut tables = Vec::new();
        let plain = [
            (Dimension::Place, "place", "board-by-place"),
            (Dimension::Kind, "kind", "board-by-kind"),
            (Dimension::Unit, "unit", "board-by-unit"),
        ];
        for (dimension, name, key) in plain {
            let keys = self.keys(dimension, |_| true);
            let keys = if dimension == Dimension::Kind { self.kinds(keys) } else { keys };
            let label = |key: &str| match dimension {
                Dimension::Place => vec![names::place_alone(lang, self.state, key)],
                Dimension::Unit => vec![names::unit(lang, self.state, key)],
                _ => self.kind(key),
            };
            let ask = |asked: Asked, key: &str| asked.with(name, key);
            tables.push(self.table(name.into(), self.visitor.t(key), dimension, &keys, &label, &ask));
        }
        // The records above, a table for each of their mechanisms.
        let mut levels: Vec<&str> = Vec::new();
        for one in &self.above {
            if !levels.contains(&one.mechanism.name.as_str()) {
                levels.push(&one.mechanism.name);
            }
        }
        for level in levels {
            let of = self.above.iter().filter(|one| one.mechanism.name == level);
            let keys: Vec<String> = of.map(|one| one.row.id.to_string()).collect();
            let words = self.state.laws.newest(level).map(|one| say(lang, &one.words)).unwrap_or_default();
            let label = |key: &str| {
                let known = self.above.iter().find(|one| one.row.id.to_string() == key);
                vec![known.map(|one| format!("{} {}", one.row.number, cell::title(one))).unwrap_or_default()]
            };
            let ask = |asked: Asked, key: &str| asked.with("under", key);
            let id = format!("above-{level}");
            tables.push(self.table(id, words, Dimension::Parent, &keys, &label, &ask));
        }
        for field in &self.mechanism.by_fields {
            let prefix = format!("{field}=");
            let keys = self.keys(Dimension::Field, |key| key.starts_with(&prefix));
            let value = |key: &str| key.strip_prefix(&prefix).unwrap_or(key).to_owned();
            let label =
                |key: &str| vec![cell::axis_value(lang, self.state, self.mechanism, field, &value(key))];
            let ask = |asked: Asked, key: &str| {
                let value = value(key);
                asked.with(&format!("f.{field}"), if value.is_empty() { NONE } else { &value })
            };
            let title = cell::axis_head(lang, self.mechanism, field);
            tables.push(self.table(format!("by-{field}"), title, Dimension::Field, &keys, &label, &ask));
        }
        tables.retain(|table| !table.rows.is_empty());
        tables
    }

    /// The name of a kind, behind those above it.
    fn kind(&self, code: &str) -> Vec<String> {
        use gongzhi_lang::model::Type;
        let field = self.mechanism.kind.as_deref().and_then(|name| self.mechanism.field(name));
        match field.map(|field| &field.ty) {
            Some(Type::Entry(catalogue)) => names::entry_path(self.visitor.lang, self.state, catalogue, code),
            _ => vec![code.to_owned()],
        }
    }

    /// As many levels of kinds as a table holds: the lowest ones are a list away.
    fn kinds(&self, mut keys: Vec<String>) -> Vec<String> {
        while keys.len() > ROWS {
            let depth = |key: &String| self.kind(key).len();
            let most = keys.iter().map(depth).max().unwrap_or_default();
            if most <= 1 {
                keys.truncate(ROWS);
                break;
            }
            keys.retain(|key| depth(key) < most);
        }
        keys
    }

    fn keys(&self, dimension: Dimension, keep: impl Fn(&str) -> bool) -> Vec<String> {
        let of = self.found.keys().filter(|(known, _, key)| *known == dimension && keep(key));
        let mut keys: Vec<String> = of.map(|(_, _, key)| key.clone()).collect();
        keys.sort();
        keys.dedup();
        if dimension != Dimension::Kind {
            keys.truncate(ROWS);
        }
        keys
    }

    fn table(
        &self,
        id: String,
        title: String,
        dimension: Dimension,
        keys: &[String],
        label: &dyn Fn(&str) -> Vec<String>,
        ask: &dyn Fn(Asked, &str) -> Asked,
    ) -> FigureTable {
        let lang = self.visitor.lang;
        let field = id.strip_prefix("by-").filter(|_| dimension == Dimension::Field);
        let by = |one: &&Indicator| {
            one.by.contains(&dimension)
                && field.is_none_or(|field| one.fields.iter().any(|known| known == field))
        };
        let indicators: Vec<(&Indicator, Option<u8>)> =
            self.mechanism.indicators.iter().filter(by).flat_map(pointed).collect();
        let cell = |(indicator, point): &(&Indicator, Option<u8>), key: &String| {
            let name =
                point.map_or_else(|| indicator.name.clone(), |point| format!("{}.p{point}", indicator.name));
            let Some(value) = self.found.get(&(dimension, name, key.clone())) else {
                return Cell { share: -1.0, ..Cell::default() };
            };
            let asked = self.asked.clone();
            let (numerator, denominator) = (value.numerator, value.denominator);
            Cell {
                value: value_words(indicator, value),
                note: match indicator.measure {
                    Measure::Ratio { .. } => format!("{numerator}/{denominator}"),
                    _ => String::new(),
                },
                share: -1.0,
                href: ask(asked.with("indicator", &indicator.name), key).href(),
                tone: target_of(indicator, *point).map_or(Tone::Plain, |target| against(Some(target), value)),
            }
        };
        let row = |key: &String| {
            let mut above = label(key);
            FigureRow {
                label: above.pop().unwrap_or_default(),
                above,
                href: match key.parse::<RecordId>() {
                    Ok(id) if dimension == Dimension::Parent => format!("/desk/r/{id}"),
                    _ => String::new(),
                },
                cells: indicators.iter().map(|indicator| cell(indicator, key)).collect(),
            }
        };
        let column = |(indicator, point): &(&Indicator, Option<u8>)| Column {
            label: figure_words(lang, indicator, *point),
            href: clause_link(lang, &indicator.clause).map(|(_, href)| href).unwrap_or_default(),
            ..Column::default()
        };
        FigureTable {
            id,
            row_head: title.clone(),
            title,
            columns: indicators.iter().map(column).collect(),
            rows: keys.iter().map(row).collect(),
            ..FigureTable::default()
        }
    }
}

/// An indicator as columns show it: a time taken once for each of its points.
fn pointed(one: &Indicator) -> Vec<(&Indicator, Option<u8>)> {
    match &one.measure {
        Measure::Percentile { points, .. } => points.iter().map(|point| (one, Some(*point))).collect(),
        _ => vec![(one, None)],
    }
}
