//! `GET /catalogues/{name}`: the entries that fields choose from.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use gongzhi_service::Failure;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::input::Address;
use super::problem::{Problem, PublicProblems};
use super::shape::WordsShape;
use crate::app::App;

/// A catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Catalogue)]
pub struct CatalogueShape {
    pub name: String,
    pub words: WordsShape,
    pub levels: u8,
    /// By code, so that each entry stands after those above it.
    pub entries: Vec<EntryShape>,
}

/// An entry of a catalogue.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
pub struct EntryShape {
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    pub words: WordsShape,
    /// Values of the catalogue's further columns.
    pub values: BTreeMap<String, String>,
}

/// Read a catalogue.
#[utoipa::path(
    get, path = "/catalogues/{name}", tag = "description",
    params(("name" = String, Path, description = "The catalogue", example = "matter-kinds")),
    responses((status = 200, description = "The catalogue", body = CatalogueShape), PublicProblems),
    security(())
)]
pub async fn catalogue(
    State(app): State<App>,
    caller: Caller,
    Address(name): Address<String>,
) -> Result<Json<CatalogueShape>, Problem> {
    let state = app.service.state();
    let catalogue = state.world.catalogue(&name).ok_or_else(|| caller.failure(&Failure::NotFound, &app))?;
    let entries = catalogue.entries.values().map(|entry| EntryShape {
        code: entry.code.clone(),
        parent: entry.parent.clone(),
        words: (&entry.words).into(),
        values: entry.values.clone(),
    });
    Ok(Json(CatalogueShape {
        name: catalogue.name.clone(),
        words: (&catalogue.words).into(),
        levels: catalogue.levels,
        entries: entries.collect(),
    }))
}
