//! `GET /records`: records by filter, within the caller's rights.

use axum::Json;
use axum::extract::State;
use gongzhi_service::{Failure, figures};
use gongzhi_store::{ListQuery, Order};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::Params;
use super::problem::{Problem, QUERY, StaffProblems};
use super::shape::{Rows, cursor};
use crate::app::App;

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    #[param(example = "matter")]
    pub mechanism: Option<String>,
    /// Code of a place: records there and in all places under it.
    pub place: Option<String>,
    /// Code of the unit in charge.
    pub unit: Option<String>,
    /// Code of a kind: that entry and all under it.
    pub kind: Option<String>,
    pub state: Option<String>,
    pub open: Option<bool>,
    /// Whether a running deadline has passed.
    pub late: Option<bool>,
    /// Month of opening.
    #[param(example = "2026-11")]
    pub month: Option<String>,
    /// Only records in the base of this indicator; needs `mechanism`.
    #[param(example = "solution")]
    pub indicator: Option<String>,
    /// With `indicator`: those counted, those in the base but not counted, or the whole base (the default).
    #[param(inline)]
    pub counted: Option<Counted>,
    /// Only parts of this record.
    pub parent: Option<String>,
    #[param(inline)]
    pub order: Option<Sorted>,
    /// What `next` of the page before said.
    pub after: Option<String>,
    /// Records of a page, 1 to 200; 50 if left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// Which records of an indicator.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    Yes,
    No,
    Base,
}

/// How a list is sorted.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sorted {
    /// Newest opened first (the default).
    Newest,
    /// By due time, those without one last.
    Due,
}

/// List records.
#[utoipa::path(
    get, path = "/records", tag = "records", params(Filter),
    responses((status = 200, description = "A page of records", body = Rows), StaffProblems),
    security(("session" = []))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(filter): Params<Filter>,
) -> Result<Json<Rows>, Problem> {
    let query = query(&app, &caller, filter)?;
    let page = caller.read(&app, move |service, actor| service.list(actor, query));
    Ok(Json(page.await?.into()))
}

fn query(app: &App, caller: &Caller, filter: Filter) -> Result<ListQuery, Problem> {
    let bad = |what: &str| caller.problem(&QUERY).because(what);
    let state = app.service.state();
    let place = match filter.place {
        Some(code) => {
            let level = state.world.place(&code).map(|place| place.level);
            Some((level.ok_or_else(|| caller.failure(&Failure::NotFound, app))?, code))
        }
        None => None,
    };
    let mut marks = (0, 0);
    if let Some(indicator) = &filter.indicator {
        let mechanism = filter.mechanism.as_deref().and_then(|name| state.laws.newest(name));
        let mechanism = mechanism.ok_or_else(|| bad("mechanism"))?;
        let (base, count) = figures::marks(mechanism, indicator).ok_or_else(|| bad("indicator"))?;
        // Counts have no base of their own: what is counted is the base.
        let base =
            match mechanism.indicators.iter().find(|known| known.name == *indicator).map(|i| &i.measure) {
                Some(gongzhi_lang::model::Measure::Ratio { .. }) => base,
                _ => count,
            };
        marks = match filter.counted.unwrap_or(Counted::Base) {
            Counted::Base => (base, 0),
            Counted::Yes => (base | count, 0),
            Counted::No => (base, count),
        };
    }
    let parent = match filter.parent.as_deref().map(str::parse) {
        Some(id) => Some(id.map_err(|_| bad("parent"))?),
        None => None,
    };
    let after = match filter.after.as_deref() {
        Some(text) => Some(cursor(text).ok_or_else(|| bad("after"))?),
        None => None,
    };
    Ok(ListQuery {
        mechanism: filter.mechanism,
        place,
        unit: filter.unit,
        kind: filter.kind,
        state: filter.state,
        open: filter.open,
        late: filter.late,
        month: filter.month,
        marks: marks.0,
        marks_clear: marks.1,
        parent,
        order: match filter.order {
            Some(Sorted::Due) => Order::Due,
            _ => Order::Newest,
        },
        after,
        limit: filter.limit.unwrap_or(50).clamp(1, 200),
        ..ListQuery::default()
    })
}
