//! `POST /records/{id}/imports/{mechanism}`, `POST /imports/{mechanism}`: records from a sheet, under one or
//! in a register.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use gongzhi_base::{Digest, RecordId};
use gongzhi_service::State as County;
use gongzhi_service::import::{Applied, Becomes, ImportFailure, LIMITS, Plan, RowFault};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::input::{Address, Params};
use super::problem::{CommandProblems, Problem, SHEET};
use super::shape::Id;
use crate::app::App;
use crate::i18n::Lang;
use crate::pages::sheets::{fault_words, file_words, hints, no_table_words};
use crate::pages::words::say;

/// How a sheet is to be taken.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Import {
    /// Chosen by you, 8 to 64 of `A-Z a-z 0-9 - _ .`. The same file sent again under it does its work once.
    #[param(example = "programme-2026-11-23")]
    pub command_id: String,
    /// Whether to carry it out; else it is only checked.
    pub apply: Option<bool>,
    /// `zh` or `en`, instead of `Accept-Language`.
    #[serde(rename = "lang")]
    pub _lang: Option<String>,
}

/// What a sheet does.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportReport {
    /// Whether it was carried out: all of it, in one durable transaction or, for a large register, in a durable run.
    /// With a fault nothing is.
    pub applied: bool,
    /// Rows that somebody else changed while a run went on: left as he made them.
    pub left: Vec<u32>,
    pub new: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// What the file holds beside what was read, in sentences: other sheets with the same headings, columns that are
    /// not asked for, hidden rows.
    pub hints: Vec<String>,
    pub faults: Vec<ImportFault>,
    /// The records that are new or change.
    pub records: Vec<ImportedRecord>,
}

/// What is wrong in a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportFault {
    /// As spreadsheet programs number it, from 1.
    pub row: u32,
    /// The letters of the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What the column is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// What stands in the cell.
    pub text: String,
    /// For people.
    pub message: String,
}

/// A record that is new or changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedRecord {
    pub row: u32,
    pub mechanism: String,
    pub record: Id,
    /// Whether it is new.
    pub new: bool,
    pub title: String,
    /// Under which record it is put, where the sheet moves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved_under: Option<Id>,
}

/// Import parts of a record from a sheet.
///
/// The body is the file, XLSX or CSV, with the columns that the mechanism's document declares. Everything is imported or nothing.
#[utoipa::path(
    post, path = "/records/{id}/imports/{mechanism}", tag = "records",
    params(
        ("id" = Id, Path, description = "The record under which they come"),
        ("mechanism" = String, Path, description = "The mechanism of the rows", example = "measure"),
        Import
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "At most 10 MiB"),
    responses((status = 200, description = "Checked or carried out", body = ImportReport), CommandProblems),
    security(("session" = []))
)]
pub async fn import(
    State(app): State<App>,
    caller: Caller,
    Address((id, mechanism)): Address<(String, String)>,
    Params(import): Params<Import>,
    bytes: Bytes,
) -> Result<Json<ImportReport>, Problem> {
    let root = caller.record_id(&id, &app)?;
    take(&app, &caller, Some(root), mechanism, &import, bytes).await
}

/// Import a register from a sheet.
///
/// The body is the file, XLSX or CSV, with the columns that the mechanism's document declares. All rows are checked
/// first; with a fault nothing is imported. A large register is written in portions: if the server stops meanwhile it goes on by itself.
#[utoipa::path(
    post, path = "/imports/{mechanism}", tag = "records",
    params(("mechanism" = String, Path, description = "The mechanism of the rows", example = "posts"), Import),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "At most 10 MiB"),
    responses((status = 200, description = "Checked or carried out", body = ImportReport), CommandProblems),
    security(("session" = []))
)]
pub async fn import_register(
    State(app): State<App>,
    caller: Caller,
    Address(mechanism): Address<String>,
    Params(import): Params<Import>,
    bytes: Bytes,
) -> Result<Json<ImportReport>, Problem> {
    take(&app, &caller, None, mechanism, &import, bytes).await
}

async fn take(
    app: &App,
    caller: &Caller,
    root: Option<RecordId>,
    mechanism: String,
    import: &Import,
    bytes: Bytes,
) -> Result<Json<ImportReport>, Problem> {
    let command = caller.command_id(&import.command_id)?;
    let apply = import.apply.unwrap_or(false);
    let actor = caller.actor(app).await?;
    let register = root.is_none().then(|| app.service.register_sheet(&actor, &mechanism)).flatten();
    let limits = register.map_or(&LIMITS, |sheet| sheet.limits());
    let done = app.read(move |service| {
        // Nothing is kept for whoever may not import.
        service.import_sheet(&actor, root, &mechanism)?;
        let seed = Digest::of(command.as_str().as_bytes());
        Ok(service.keep_upload(&actor, root, &bytes, Some(seed)).and_then(|token| {
            let plan = service.import_plan(&actor, root, &mechanism, token, &|_, _| {})?;
            if !apply || !plan.faults.is_empty() {
                return Ok((Applied { plan, left: Vec::new() }, false));
            }
            let mark = plan.mark;
            Ok((service.import_apply(&actor, root, &mechanism, token, mark, &|_, _| {})?, true))
        }))
    });
    let done = done.await.map_err(|failure| caller.failure(&failure, app))?;
    let state = app.service.state();
    match done {
        Ok((done, applied)) => Ok(Json(report(caller.lang, &state, &done, applied))),
        // Somebody came between: what it would do now is told, and nothing was done.
        Err(ImportFailure::Otherwise(plan)) => {
            let done = Applied { plan: *plan, left: Vec::new() };
            Ok(Json(report(caller.lang, &state, &done, false)))
        }
        Err(ImportFailure::Failure(failure)) => Err(caller.failure(&failure, app)),
        Err(ImportFailure::File(fault)) => Err(told(caller, file_words(caller.lang, &fault, limits))),
        Err(ImportFailure::NoTable(found, sheet)) => {
            Err(told(caller, no_table_words(caller.lang, &found, &sheet)))
        }
        Err(ImportFailure::Gone) => Err(caller.problem(&SHEET)),
    }
}

fn told(caller: &Caller, words: String) -> Problem {
    let mut problem = caller.problem(&SHEET);
    problem.detail = words;
    problem
}

fn report(lang: Lang, state: &County, done: &Applied, applied: bool) -> ImportReport {
    let plan: &Plan = &done.plan;
    let [new, changed, unchanged] = plan.counts();
    let fault = |fault: &RowFault| {
        let column = fault.column.as_ref();
        let heading = column.and_then(|(_, at)| plan.sheet.columns.get(*at));
        ImportFault {
            row: fault.row,
            column: column.map(|(letters, _)| letters.clone()).filter(|letters| !letters.is_empty()),
            heading: heading.map(|column| say(lang, &column.field.words)),
            text: fault.text.clone(),
            message: fault_words(lang, state, plan, fault).0,
        }
    };
    let worth = plan.entries.iter().filter(|entry| entry.becomes != Becomes::Unchanged);
    let records = worth.map(|entry| ImportedRecord {
        row: entry.row,
        mechanism: plan.sheet.chain[entry.level].name.clone(),
        record: Id(entry.record),
        new: matches!(entry.becomes, Becomes::New(_)),
        title: entry.title.clone(),
        moved_under: entry.moved.as_ref().and(entry.under).map(Id),
    });
    let faults = plan.faults.iter().map(fault).collect();
    let left = done.left.clone();
    let (hints, records) = (hints(lang, plan), records.collect());
    ImportReport { applied, left, new, changed, unchanged, hints, faults, records }
}
