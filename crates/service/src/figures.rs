//! Figures: indicators as they are kept while events are applied, by place, unit, kind and month;
//! quarters and years are their months put together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gongzhi_base::{RecordId, Short};
use gongzhi_kernel::project::{CellKey, apart_key};
use gongzhi_kernel::spread::Spread;
use gongzhi_lang::model::{At, Dimension, Indicator, Lapse, Measure, Mechanism};
use gongzhi_store::{CellQuery, Tally};

use crate::failure::Failure;
use crate::service::Service;

/// One figure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    pub key: CellKey,
    /// Which percentile, in per cent; none for other figures.
    pub point: Option<u8>,
    /// Records counted, or their sum; of a percentile the place of its record among all by time taken.
    pub numerator: i64,
    /// Records that a ratio or percentile is over, 0 for other figures.
    pub denominator: i64,
    /// In thousandths: per cent for a ratio, hours or working days for a percentile, the count otherwise.
    /// `None` for what is over nothing.
    pub thousandths: Option<i64>,
}

impl Figure {
    /// The indicator's name, with the percentile behind it: `answering.p90`.
    pub fn name(&self) -> String {
        match self.point {
            Some(point) => format!("{}.p{point}", self.key.indicator),
            None => self.key.indicator.to_string(),
        }
    }
}

/// On which map figures by place are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Map {
    /// Places as they are now: what was moved counts where it lies today, as in lists.
    #[default]
    Today,
    /// A record counts under the places above it when it was opened.
    AsItWas,
}

/// How figures are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reading {
    pub grain: Grain,
    pub map: Map,
}

impl From<Grain> for Reading {
    fn from(grain: Grain) -> Reading {
        Reading { grain, ..Reading::default() }
    }
}

/// Over which periods figures are put together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Grain {
    #[default]
    Month,
    Quarter,
    Year,
    /// All months asked for.
    Whole,
}

impl Grain {
    /// The period that holds a month: `2026-11`, `2026-Q4`, `2026`, or empty for the whole.
    pub fn period(self, month: &str) -> String {
        let (year, number) = month.split_once('-').unwrap_or((month, ""));
        match (self, number.parse::<u8>()) {
            (Grain::Month, _) => month.to_owned(),
            (Grain::Quarter, Ok(number @ 1..=12)) => format!("{year}-Q{}", number.div_ceil(3)),
            // A gauge of the present has no month.
            (Grain::Quarter, _) => month.to_owned(),
            (Grain::Year, _) => year.to_owned(),
            (Grain::Whole, _) => String::new(),
        }
    }

    /// The first and last month of a period written as month, quarter or year; a text that is none of
    /// them holds no month.
    pub fn months(period: &str) -> (String, String) {
        gongzhi_store::months(period)
    }
}

/// Which figures.
#[derive(Clone, Debug)]
pub struct FigureQuery {
    pub mechanism: String,
    /// Empty means all of the mechanism.
    pub indicators: Vec<String>,
    pub dimension: Dimension,
    /// Empty means all keys.
    pub keys: Vec<String>,
    /// Only what is counted within this record above, which keeps its parts apart; of places, units, kinds and fields.
    pub within: Option<RecordId>,
    /// Months from and to, inclusive; ignored for gauges.
    pub months: (String, String),
}

impl Service {
    /// Figures of a mechanism: those with a period within the months, and the gauges of the present. A
    /// percentile gives one figure for each of its points.
    pub fn figures(&self, query: &FigureQuery) -> Result<Vec<Figure>, Failure> {
        self.figures_by(query, Reading::default())
    }

    /// The same over quarters, years or all months put together, or on the map of the time.
    pub fn figures_by(
        &self,
        query: &FigureQuery,
        reading: impl Into<Reading>,
    ) -> Result<Vec<Figure>, Failure> {
        let Reading { grain, map } = reading.into();
        let state = self.state();
        let Some(mechanism) = state.laws.newest(&query.mechanism).cloned() else {
            return Err(Failure::NotFound);
        };
        let wanted = |indicator: &&Indicator| {
            query.indicators.is_empty() || query.indicators.contains(&indicator.name)
        };
        let (gauges, periodic): (Vec<&Indicator>, Vec<&Indicator>) =
            mechanism.indicators.iter().filter(wanted).partition(|indicator| indicator.at == At::Now);
        let mut figures = Vec::new();
        for (indicators, months) in
            [(gauges, (String::new(), String::new())), (periodic, query.months.clone())]
        {
            if indicators.is_empty() {
                continue;
            }
            let mut wanted = CellQuery {
                mechanism: query.mechanism.clone(),
                indicators: indicators.iter().map(|indicator| indicator.name.clone()).collect(),
                dimension: query.dimension,
                keys: query.keys.clone(),
                from: months.0,
                to: months.1,
            };
            let read = |wanted: &CellQuery| match query.within {
                Some(above) => self.cells_within(above, wanted.clone()),
                None => Ok(self.ledger().tallies(wanted)?),
            };
            let mut cells = read(&wanted)?;
            if (query.dimension, map) == (Dimension::Place, Map::Today) {
                wanted.dimension = Dimension::Moved;
                let moved = read(&wanted)?.into_iter();
                cells.extend(moved.map(|mut tally| {
                    tally.key.dimension = Dimension::Place;
                    tally
                }));
            }
            figures.extend(put_together(&indicators, cells, grain));
        }
        Ok(figures)
    }

    /// The cells of what is counted within a record above, under the keys that they have elsewhere.
    fn cells_within(&self, above: RecordId, mut wanted: CellQuery) -> Result<Vec<Tally>, Failure> {
        let dimension = wanted.dimension;
        if wanted.keys.is_empty() && dimension == Dimension::Moved {
            // What two of them gain and lose may add up to nothing over all of them.
            wanted.keys = self.state().world.places().map(|place| place.code.clone()).collect();
        }
        if wanted.keys.is_empty() {
            // What is counted within one of them is counted over all of them too.
            let all = self.ledger().tallies(&wanted)?.into_iter();
            wanted.keys =
                all.map(|cell| cell.key.key.into()).collect::<BTreeSet<String>>().into_iter().collect();
        }
        let above = above.to_string();
        let keys: BTreeMap<String, String> = (wanted.keys.iter())
            .filter_map(|key| Some((apart_key(&above, dimension, key)?.into(), key.clone())))
            .collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        (wanted.dimension, wanted.keys) = (Dimension::Apart, keys.keys().cloned().collect());
        let mut cells = self.ledger().tallies(&wanted)?;
        for cell in &mut cells {
            cell.key.dimension = dimension;
            cell.key.key = keys.get(&*cell.key.key).map(Short::from).unwrap_or_default();
        }
        Ok(cells)
    }

    /// Every figure of every mechanism in every dimension, for `gongzhi figures`.
    pub fn all_figures(&self, reading: Reading) -> Result<Vec<Figure>, Failure> {
        let names: Vec<String> = self.state().laws.library.mechanisms.keys().cloned().collect();
        let mut figures = Vec::new();
        for mechanism in names {
            for dimension in
                [Dimension::Place, Dimension::Unit, Dimension::Kind, Dimension::Parent, Dimension::Field]
            {
                let query = FigureQuery {
                    mechanism: mechanism.clone(),
                    indicators: Vec::new(),
                    dimension,
                    keys: Vec::new(),
                    within: None,
                    months: ("0000-00".into(), "9999-99".into()),
                };
                figures.extend(self.figures_by(&query, reading)?);
            }
        }
        Ok(figures)
    }
}

/// What the cells of one figure add up to.
#[derive(Default)]
struct Sum {
    numerator: i64,
    denominator: i64,
    spread: Spread,
}

/// The figures of cells, put together over the periods, in the order of their keys.
fn put_together(indicators: &[&Indicator], tallies: Vec<Tally>, grain: Grain) -> Vec<Figure> {
    let mut sums: BTreeMap<CellKey, Sum> = BTreeMap::new();
    for Tally { mut key, numerator, denominator, buckets } in tallies {
        if grain != Grain::Month {
            key.period = grain.period(&key.period).into();
        }
        let sum = sums.entry(key).or_default();
        sum.numerator += numerator;
        sum.denominator += denominator;
        for (bucket, count, _) in buckets {
            sum.spread.add(bucket, count);
        }
    }
    let mut figures = Vec::new();
    for (key, sum) in sums {
        // What was moved away wholly leaves nothing.
        if sum.numerator == 0 && sum.denominator == 0 && sum.spread.total() == 0 {
            continue;
        }
        let Some(indicator) = indicators.iter().find(|indicator| indicator.name == key.indicator) else {
            continue;
        };
        figures.extend(of_sum(indicator, &key, &sum));
    }
    figures
}

fn of_sum(indicator: &Indicator, key: &CellKey, sum: &Sum) -> Vec<Figure> {
    let Sum { numerator, denominator, spread } = sum;
    let plain = |thousandths| {
        let (numerator, denominator) = (*numerator, *denominator);
        vec![Figure { key: key.clone(), point: None, numerator, denominator, thousandths }]
    };
    match &indicator.measure {
        Measure::Ratio { .. } if *denominator == 0 => plain(None),
        // Rounded to the nearest thousandth of a per cent: 99.438 % is 99438.
        Measure::Ratio { .. } => plain(Some((numerator * 200_000 + denominator) / (2 * denominator))),
        Measure::Percentile { points, unit, .. } => {
            let one = |point: &u8| {
                let found = spread.percentile(*point)?;
                Some(Figure {
                    key: key.clone(),
                    point: Some(*point),
                    numerator: i64::try_from(found.rank).ok()?,
                    denominator: i64::try_from(found.total).ok()?,
                    thousandths: Some(match unit {
                        Lapse::Hours => (found.thousandths + 30) / 60,
                        Lapse::WorkingDays => found.thousandths,
                    }),
                })
            };
            points.iter().filter_map(one).collect()
        }
        Measure::Count(_) | Measure::Sum(_) => plain(Some(numerator * 1_000)),
    }
}

/// The bits of a row's marks that put it into an indicator's figure: in its base, and counted.
pub fn marks(mechanism: &Arc<Mechanism>, indicator: &str) -> Option<(u64, u64)> {
    let at = mechanism.indicators.iter().position(|known| known.name == indicator).filter(|at| *at < 32)?;
    Some((1 << (2 * at), 2 << (2 * at)))
}

#[cfg(test)]
mod tests {
    use super::Grain;

    #[test]
    fn months_are_put_together_into_quarters_and_years() {
        let of = |grain: Grain| ["2026-01", "2026-03", "2026-04", "2026-12", ""].map(|m| grain.period(m));
        assert_eq!(of(Grain::Month), ["2026-01", "2026-03", "2026-04", "2026-12", ""]);
        assert_eq!(of(Grain::Quarter), ["2026-Q1", "2026-Q1", "2026-Q2", "2026-Q4", ""]);
        assert_eq!(of(Grain::Year), ["2026", "2026", "2026", "2026", ""]);
        assert_eq!(of(Grain::Whole), ["", "", "", "", ""]);
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(Grain::months("2026-Q4"), pair("2026-10", "2026-12"));
        assert_eq!(Grain::months("2026"), pair("2026-01", "2026-12"));
        assert_eq!(Grain::months("2026-07"), pair("2026-07", "2026-07"));
    }
}
