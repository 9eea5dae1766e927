//! Lists to take along: what a page of the desk shows, as XLSX or CSV, within the same rights and by the
//! same questions.

use axum::extract::{Path, State};
use axum::response::Response;
use gongzhi_base::RecordId;
use gongzhi_kernel::project::Row;
use gongzhi_lang::model::Mechanism;
use gongzhi_lang::view::Column as Shown;
use gongzhi_paper::write::{self, Cell, Column, Table};
use gongzhi_service::State as County;
use gongzhi_service::listing::Listed;

use super::lists::{self, Asked, cell};
use crate::app::App;
use crate::i18n::{Lang, t_with};
use crate::pages::problem::{Answer, Trouble};
use crate::pages::rows::record_row;
use crate::pages::sheets::{XLSX, saved};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::{Link, format};

/// Most records of one export.
pub const MOST: usize = 5_000;
/// Records read at once.
pub const ROUND: u32 = 200;

/// `GET /desk/export/{inbox,search,list,matrix}.{xlsx,csv}`, `calendar.ics`: the question of the page stands in the address.
pub async fn page(
    Path(file): Path<String>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
    asked: Asked,
) -> Answer {
    let (name, ending) = file.rsplit_once('.').unwrap_or((&file, ""));
    let actor = me.actor();
    match name {
        "list" => return list(&app, &visitor, &me, &asked, ending).await,
        "matrix" | "calendar" => {
            return lists::files::page(&app, &visitor, &me, &asked, (name, ending)).await;
        }
        _ => {}
    }
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
            let text = asked.get("q").trim().to_owned();
            let read = app.read(move |service| service.search(&actor, &text, MOST as u32 + 1));
            ("search-title", read.await)
        }
        _ => return Err(Trouble::at_desk(&app, &visitor, &me, &gongzhi_service::Failure::NotFound)),
    };
    let mut rows = read.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let whole = rows.len() <= MOST;
    rows.truncate(MOST);
    let state = app.service.state().clone();
    let table = table(&app, &visitor, &state, &rows, visitor.t(title));
    file_of(&app, &visitor, &me, vec![table], whole, ending).await
}

/// A mechanism's list, or the records behind a figure: the page's question, and its columns.
async fn list(app: &App, visitor: &Visitor, me: &Me, asked: &Asked, ending: &str) -> Answer {
    let (actor, person, question) = (me.actor(), me.staff.code.clone(), asked.clone());
    let read = app.read(move |service| {
        let main = service.main_list(&actor).map(|mechanism| mechanism.name.clone());
        let mut ask = question.ask(&main.unwrap_or_default());
        if ask.columns.is_empty() {
            let laws = &service.state().laws;
            let view =
                laws.newest(&ask.mechanism).and_then(|law| law.view(&ask.view)).map(|view| view.name.clone());
            let lists = service.lists(&person)?;
            ask.columns = lists.columns(&ask.mechanism, &view.unwrap_or_default()).to_vec();
        }
        (ask.after, ask.limit) = (None, ROUND);
        let mut rows = Vec::new();
        loop {
            let page = service.listing(&actor, &ask)?;
            rows.extend(page.rows);
            ask.after = page.next;
            if page.next.is_none() || rows.len() > MOST {
                return Ok((page.mechanism, page.view, page.columns, rows));
            }
        }
    });
    let (mechanism, view, columns, mut rows) =
        read.await.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))?;
    let whole = rows.len() <= MOST;
    rows.truncate(MOST);
    let state = app.service.state().clone();
    let lang = visitor.lang;
    if let Some(indicator) = mechanism.indicators.iter().find(|known| known.name == asked.get("indicator")) {
        let rows: Vec<Row> = rows.into_iter().map(|one| one.row).collect();
        let title = format!("{}-{}", say(lang, &mechanism.words), say(lang, &indicator.words));
        let table = table(app, visitor, &state, &rows, title);
        return file_of(app, visitor, me, vec![table], whole, ending).await;
    }
    let rows: Vec<&Listed> = rows.iter().collect();
    let title = format!("{}-{}", say(lang, &mechanism.words), say(lang, &view.words));
    let table = records(app, lang, &state, &mechanism, title, &columns, &rows);
    file_of(app, visitor, me, vec![table], whole, ending).await
}

/// Records as a table with these columns.
pub fn records(
    app: &App,
    lang: Lang,
    state: &County,
    mechanism: &Mechanism,
    name: String,
    columns: &[Shown],
    rows: &[&Listed],
) -> Table {
    let (zone, now) = (state.world.zone, app.service.now());
    let told = |civil| Cell::Text(format::iso(civil).replace('T', " "));
    let moment = |at| told(zone.civil(at));
    let made = |column: &Shown, one: &Listed| match column {
        Shown::Opened => moment(one.row.opened),
        Shown::Changed => moment(one.row.changed),
        Shown::Due => one.row.due.map_or(Cell::Empty, |at| told(state.world.zone.told(at))),
        Shown::Field(name) => match one.value(name) {
            Some((field, value)) => crate::pages::sheets::value(lang, state, field, None, Some(value)),
            None => Cell::Empty,
        },
        column => Cell::Text(cell::text(lang, state, column, one, now)),
    };
    let heading = |column: &Shown| Column {
        heading: cell::head(lang, mechanism, column),
        width: match column {
            Shown::Title => 40,
            column if cell::numeric(mechanism, column) => 10,
            _ => 20,
        },
        ..Column::default()
    };
    Table {
        name,
        columns: columns.iter().map(heading).collect(),
        rows: rows.iter().map(|one| columns.iter().map(|column| made(column, one)).collect()).collect(),
        ..Table::default()
    }
}

fn table(app: &App, visitor: &Visitor, state: &County, rows: &[Row], title: String) -> Table {
    let (lang, zone, now) = (visitor.lang, state.world.zone, app.service.now());
    let column = |key: &str, width| Column { heading: visitor.t(key), width, ..Column::default() };
    let told = |civil| format::iso(civil).replace('T', " ");
    let cells = |row: &Row| {
        let shown = record_row(lang, state, row, now);
        let due = row.due.map(|at| told(state.world.zone.told(at))).unwrap_or_default();
        let texts = [
            shown.code,
            shown.subject,
            shown.kind,
            shown.place,
            shown.state.label,
            shown.owner,
            told(zone.civil(row.opened)),
            due,
        ];
        texts.map(Cell::Text).to_vec()
    };
    Table {
        name: title,
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

/// Tables as the file asked for, which is called as the first of them; CSV holds only that one. One that was cut says so
/// in its last row.
pub async fn file_of(
    app: &App,
    visitor: &Visitor,
    me: &Me,
    mut tables: Vec<Table>,
    whole: bool,
    ending: &str,
) -> Result<Response, Trouble> {
    if !whole {
        let told = t_with(visitor.lang, "export-cut", [("n", (MOST as i64).into())]);
        tables.iter_mut().take(1).for_each(|table| table.rows.push(vec![Cell::Text(told.clone())]));
    }
    let Some(first) = tables.first() else {
        return Err(Trouble::at_desk(app, visitor, me, &gongzhi_service::Failure::NotFound));
    };
    let name = format!("{}.{ending}", first.name);
    match ending {
        "csv" => Ok(saved(write::csv(first), "text/csv; charset=utf-8", &name)),
        "xlsx" => {
            let made = app.read(move |_| Ok(write::xlsx(&tables, "")));
            match made.await.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))? {
                Ok(bytes) => Ok(saved(bytes, XLSX, &name)),
                Err(fault) => Err(Trouble::broken(app, visitor, &fault.0)),
            }
        }
        _ => Err(Trouble::at_desk(app, visitor, me, &gongzhi_service::Failure::NotFound)),
    }
}
