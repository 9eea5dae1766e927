//! Figures: indicators as they are kept while events are applied, by place, unit, kind and month.

use std::sync::Arc;

use gongzhi_kernel::project::CellKey;
use gongzhi_lang::model::{At, Dimension, Indicator, Measure, Mechanism};
use gongzhi_store::CellQuery;

use crate::failure::Failure;
use crate::service::Service;

/// One figure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figure {
    pub key: CellKey,
    pub numerator: i64,
    pub denominator: i64,
    /// In thousandths: per cent times ten for a ratio, the count times 1,000 otherwise. `None` for
    /// a ratio over nothing.
    pub thousandths: Option<i64>,
}

impl Figure {
    /// A figure of an indicator from its sums.
    pub fn new(indicator: &Indicator, key: CellKey, numerator: i64, denominator: i64) -> Figure {
        let thousandths = match indicator.measure {
            Measure::Ratio { .. } if denominator == 0 => None,
            // Rounded to the nearest tenth of a per cent's hundredth: 99.438 % is 99438.
            Measure::Ratio { .. } => Some((numerator * 200_000 + denominator) / (2 * denominator)),
            _ => Some(numerator * 1_000),
        };
        Figure { key, numerator, denominator, thousandths }
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
    /// Months from and to, inclusive; ignored for gauges.
    pub months: (String, String),
}

impl Service {
    /// Figures of a mechanism: those with a period within the months, and the gauges of the present.
    pub fn figures(&self, query: &FigureQuery) -> Result<Vec<Figure>, Failure> {
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
            let cells = self.ledger().cells(&CellQuery {
                mechanism: query.mechanism.clone(),
                indicators: indicators.iter().map(|indicator| indicator.name.clone()).collect(),
                dimension: query.dimension,
                keys: query.keys.clone(),
                from: months.0,
                to: months.1,
            })?;
            figures.extend(cells.into_iter().filter_map(|cell| {
                let indicator = indicators.iter().find(|indicator| indicator.name == cell.key.indicator)?;
                Some(Figure::new(indicator, cell.key, cell.numerator, cell.denominator))
            }));
        }
        Ok(figures)
    }

    /// Every figure by place of every mechanism, for `gongzhi figures`.
    pub fn all_figures(&self) -> Result<Vec<Figure>, Failure> {
        let names: Vec<String> = self.state().laws.library.mechanisms.keys().cloned().collect();
        let mut figures = Vec::new();
        for mechanism in names {
            for dimension in
                [Dimension::Place, Dimension::Unit, Dimension::Kind, Dimension::Parent, Dimension::Field]
            {
                figures.extend(self.figures(&FigureQuery {
                    mechanism: mechanism.clone(),
                    indicators: Vec::new(),
                    dimension,
                    keys: Vec::new(),
                    months: ("0000-00".into(), "9999-99".into()),
                })?);
            }
        }
        Ok(figures)
    }
}

/// The bits of a row's marks that put it into an indicator's figure: in its base, and counted.
pub fn marks(mechanism: &Arc<Mechanism>, indicator: &str) -> Option<(u64, u64)> {
    let at = mechanism.indicators.iter().position(|known| known.name == indicator).filter(|at| *at < 32)?;
    Some((1 << (2 * at), 2 << (2 * at)))
}
