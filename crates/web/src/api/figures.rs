//! `GET /figures`: indicators as they are kept, open to anybody.

use axum::Json;
use axum::extract::State;
use gongzhi_lang::model::Dimension;
use gongzhi_service::figures::{self, FigureQuery, Grain, Reading};
use gongzhi_service::{Failure, Service};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::Params;
use super::problem::{Problem, PublicProblems};
use crate::app::App;

/// Which figures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    #[param(example = "matter")]
    pub mechanism: String,
    /// By place (sums over all places under it), unit, or kind; by place if left out.
    #[param(inline)]
    pub dimension: Option<By>,
    /// First month; the beginning if left out.
    #[param(example = "2026-01")]
    pub from: Option<String>,
    /// Last month, inclusive; the newest if left out.
    #[param(example = "2026-11")]
    pub to: Option<String>,
    /// Codes separated by commas; all if left out.
    pub keys: Option<String>,
    /// Only what is counted within this record, which keeps its parts apart, such as a
    /// programme its measures.
    #[param(example = "0195e6a0c1f27000b2a4c6d8e0f10203")]
    pub under: Option<String>,
    /// Names of indicators separated by commas; all if left out.
    pub indicators: Option<String>,
    /// Months put together; by month if left out.
    #[param(inline)]
    pub period: Option<Over>,
    /// Places as they are today, or as they were when each record was opened; today if left out.
    #[param(inline)]
    pub map: Option<Map>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// What figures are told by.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum By {
    Place,
    Unit,
    Kind,
}

/// Over which periods figures are put together.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    Month,
    Quarter,
    Year,
    /// All months from the first to the last.
    Whole,
}

/// On which map figures by place are read.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Map {
    Today,
    Then,
}

/// Figures.
#[derive(Debug, Serialize, ToSchema)]
pub struct Figures {
    pub items: Vec<FigureShape>,
}

/// One figure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Figure)]
pub struct FigureShape {
    #[schema(example = "solution")]
    pub indicator: String,
    /// Code of the place, unit or kind.
    pub key: String,
    /// Which percentile, in per cent; null for other figures.
    pub point: Option<u8>,
    /// Month, quarter (`2026-Q4`) or year; empty for a gauge of the present and for the whole.
    #[schema(example = "2026-11")]
    pub period: String,
    /// Of a percentile, the place of its record among all by time taken.
    pub numerator: i64,
    /// 0 for counts; of a percentile, how many records it is over.
    pub denominator: i64,
    /// Per cent for a ratio (none over nothing), hours or working days for a percentile, else the count.
    pub value: Option<f64>,
}

fn parts(text: Option<String>) -> Vec<String> {
    let text = text.unwrap_or_default();
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Read figures.
///
/// `GET /records` with `indicator` lists the records behind a figure.
#[utoipa::path(
    get, path = "/figures", tag = "figures", params(Wanted),
    responses((status = 200, description = "The figures", body = Figures), PublicProblems),
    security(())
)]
pub async fn figures(
    State(app): State<App>,
    caller: Caller,
    Params(wanted): Params<Wanted>,
) -> Result<Json<Figures>, Problem> {
    let under = wanted.under;
    let mut query = FigureQuery {
        mechanism: wanted.mechanism,
        indicators: parts(wanted.indicators),
        dimension: match wanted.dimension {
            None | Some(By::Place) => Dimension::Place,
            Some(By::Unit) => Dimension::Unit,
            Some(By::Kind) => Dimension::Kind,
        },
        keys: parts(wanted.keys),
        within: None,
        months: (
            wanted.from.unwrap_or_else(|| "0000-00".to_owned()),
            wanted.to.unwrap_or_else(|| "9999-99".to_owned()),
        ),
    };
    let grain = match wanted.period {
        None | Some(Over::Month) => Grain::Month,
        Some(Over::Quarter) => Grain::Quarter,
        Some(Over::Year) => Grain::Year,
        Some(Over::Whole) => Grain::Whole,
    };
    let map = match wanted.map {
        None | Some(Map::Today) => figures::Map::Today,
        Some(Map::Then) => figures::Map::AsItWas,
    };
    let reading = Reading { grain, map };
    let read = move |service: &Service| {
        query.within = match under {
            Some(id) => Some(id.parse().map_err(|_| Failure::NotFound)?),
            None => None,
        };
        service.figures_by(&query, reading)
    };
    let figures = caller.read_open(&app, read).await?;
    let items = figures.into_iter().map(|figure| FigureShape {
        value: figure.thousandths.map(|thousandths| thousandths as f64 / 1_000.0),
        indicator: figure.key.indicator.into(),
        point: figure.point,
        key: figure.key.key.into(),
        period: figure.key.period.into(),
        numerator: figure.numerator,
        denominator: figure.denominator,
    });
    Ok(Json(Figures { items: items.collect() }))
}
