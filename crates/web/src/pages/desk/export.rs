//! Lists to take along: what a page of the desk shows, as XLSX or CSV, within the same rights and by the
//! same questions.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use gongzhi_base::RecordId;
use gongzhi_kernel::project::Row;
use gongzhi_paper::write::{self, Cell, Column, Table};
use gongzhi_service::State as County;
use serde::Deserialize;

use crate::app::App;
use crate::i18n::t_with;
use crate::pages::problem::{Answer, Trouble};
use crate::pages::rows::record_row;
use crate::pages::sheets::{XLSX, saved};
use crate::pages::visitor::{Me, Visitor};
use crate::view::{Link, format};

/// Most records of one export.
pub const MOST: usize = 5_000;
/// Records read at once.
pub const ROUND: u32 = 200;

/// What is searched for.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    q: String,
}

/// `GET /desk/export/{inbox,search}.{xlsx,csv}`
pub async fn page(
    Path(file): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    Query(asked): Query<Asked>,
) -> Answer {
    let (name, ending) = file.rsplit_once('.').unwrap_or((&file, ""));
    let actor = me.actor();
    let (title, read) = match name {
        "inbox" => {
            let read = app.read(move |service| {
                let (mut rows, mut after): (Vec<Row>, Option<(i64, RecordId)>) = (Vec::new(), None);
                loop {
                    let page = service.inbox(&actor, after, ROUND)?;
                    rows.extend(page.rows);
                    after = page.next;
                    if after.is_none() || rows.len() > MOST {
                        return Ok(rows);
                    }
                }
            });
            ("inbox-title", read.await)
        }
        "search" => {
            let text = asked.q.trim().to_owned();
            let read = app.read(move |service| service.search(&actor, &text, MOST as u32 + 1));
            ("search-title", read.await)
        }
        _ => return Err(Trouble::at_desk(&app, &visitor, &me, &gongzhi_service::Failure::NotFound)),
    };
    let mut rows = read.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let whole = rows.len() <= MOST;
    rows.truncate(MOST);
    let state = app.service.state().clone();
    let table = table(&app, &visitor, &state, &rows, title);
    file_of(&app, &visitor, &me, table, whole, ending).await
}

fn table(app: &App, visitor: &Visitor, state: &County, rows: &[Row], title: &str) -> Table {
    let (lang, zone, now) = (visitor.lang, state.world.zone, app.service.now());
    let column = |key: &str, width| Column { heading: visitor.t(key), width, ..Column::default() };
    let moment = |at| format::iso(zone.civil(at)).replace('T', " ");
    let cells = |row: &Row| {
        let shown = record_row(lang, state, row, now);
        let due = row.due.map(moment).unwrap_or_default();
        let texts = [
            shown.code,
            shown.subject,
            shown.kind,
            shown.place,
            shown.state.label,
            shown.owner,
            moment(row.opened),
            due,
        ];
        texts.map(Cell::Text).to_vec()
    };
    Table {
        name: visitor.t(title),
        columns: vec![
            column("sheet-col-number", 18),
            column("col-subject", 40),
            column("filter-kind", 28),
            column("col-place", 28),
            column("col-state", 12),
            column("col-owner", 24),
            column("export-opened", 18),
            column("col-due", 18),
        ],
        rows: rows.iter().map(cells).collect(),
        ..Table::default()
    }
}

/// Ways to take a list along: `base` with each ending, and the question behind it. None for an empty list.
pub fn links(visitor: &Visitor, base: &str, query: &str, any: bool) -> Vec<Link> {
    let question = if query.is_empty() { String::new() } else { format!("?{query}") };
    let ways = [("export-xlsx", "xlsx"), ("export-csv", "csv")].into_iter().filter(|_| any);
    ways.map(|(key, ending)| Link::new(visitor.t(key), format!("{base}.{ending}{question}"))).collect()
}

/// A table as the file asked for. One that was cut says so in its last row.
pub async fn file_of(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    mut table: Table,
    whole: bool,
    ending: &str,
) -> Result<Response, Trouble> {
    if !whole {
        let told = t_with(visitor.lang, "export-cut", [("n", (MOST as i64).into())]);
        table.rows.push(vec![Cell::Text(told)]);
    }
    let name = format!("{}.{ending}", table.name);
    match ending {
        "csv" => Ok(saved(write::csv(&table), "text/csv; charset=utf-8", &name)),
        "xlsx" => {
            let made = app.read(move |_| Ok(write::xlsx(&[table], "")));
            match made.await.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))? {
                Ok(bytes) => Ok(saved(bytes, XLSX, &name)),
                Err(fault) => Err(Trouble::broken(app, visitor, &fault.0)),
            }
        }
        _ => Err(Trouble::at_desk(app, visitor, me, &gongzhi_service::Failure::NotFound)),
    }
}
