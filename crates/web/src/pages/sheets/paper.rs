//! A record's parts as a sheet looks on paper: XLSX to work on, PDF to sign.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::Record;
use gongzhi_lang::model::{Field, Mechanism, Type};
use gongzhi_paper::print::{self, Block, Document, Fonts, PrintFault};
use gongzhi_paper::write::{self, Cell, Merged, Table};
use gongzhi_service::desk::RecordView;
use gongzhi_service::import::rows::{ROWS, Row};
use gongzhi_service::import::{Column, Sheet};
use gongzhi_service::{Failure, State as County};

use super::columns::{Called, called, written};
use super::{XLSX, saved};
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble};
use crate::pages::record::show::desk_base;
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::{ErrorPage, Link, Problem};

/// Ways to a record's sheets: import for who may, XLSX and PDF for who reads.
pub fn links(app: &App, visitor: &Visitor, me: &Me, view: &RecordView) -> Vec<Link> {
    let base = desk_base(view.record.id);
    let sheets = app.service.sheets(&me.actor(), &view.mechanism, &view.record);
    let one = |sheet: &Sheet| {
        let (name, words) = (&sheet.row().name, say(visitor.lang, &sheet.row().words));
        let label = |key: &str| t_with(visitor.lang, key, [("x", words.as_str().into())]);
        let import =
            sheet.may_import.then(|| Link::new(label("import-link"), format!("{base}/import/{name}")));
        let saved = [("sheet-xlsx", "xlsx"), ("sheet-pdf", "pdf")];
        let saved = saved.map(|(key, ending)| Link::new(label(key), format!("{base}/sheet/{name}.{ending}")));
        import.into_iter().chain(saved).collect::<Vec<_>>()
    };
    sheets.iter().flat_map(one).collect()
}

/// `GET /desk/r/{id}/sheet/{mechanism}.{xlsx,pdf}`
pub async fn page(
    Path((id, file)): Path<(String, String)>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
) -> Answer {
    let missing = || Trouble::at_desk(&app, &visitor, &me, &Failure::NotFound);
    let (name, ending) = file.rsplit_once('.').ok_or_else(missing)?;
    let id: RecordId = id.parse().map_err(|_| missing())?;
    let (actor, mechanism) = (me.actor(), name.to_owned());
    let read = app.read(move |service| service.sheet_rows(&actor, id, &mechanism));
    let (record, sheet, rows, whole) =
        read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let state = app.service.state().clone();
    let table = table(&app, &visitor, &state, &record, &sheet, &rows, (whole, ending == "xlsx"));
    let name = format!("{}-{}", record.number, table.name);
    match ending {
        "xlsx" => {
            let lists = visitor.t("sheet-lists");
            let made = app.read(move |_| Ok(write::xlsx(&[table], &lists)));
            match made.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))? {
                Ok(bytes) => Ok(saved(bytes, XLSX, &format!("{name}.xlsx"))),
                Err(fault) => Err(Trouble::broken(&app, &visitor, &fault.0)),
            }
        }
        "pdf" => printed(&app, &visitor, &me, document(visitor.lang, &table), &name).await,
        _ => Err(missing()),
    }
}

/// A document as PDF, or a page that says why there is none.
pub async fn printed(app: &App, visitor: &Visitor, me: &Me, document: Document, name: &str) -> Answer {
    let made = app.read(move |_| Ok(Fonts::system().and_then(|fonts| print::pdf(&document, &fonts))));
    match made.await.map_err(|failure| Trouble::at_desk(app, visitor, me, &failure))? {
        Ok(bytes) => Ok(saved(bytes, "application/pdf", &format!("{name}.pdf"))),
        Err(fault) => Ok(unprinted(app, visitor, me, &fault)),
    }
}

fn unprinted(app: &App, visitor: &Visitor, me: &Me, fault: &PrintFault) -> Response {
    let text = match fault {
        PrintFault::NoFonts => visitor.t("fonts-missing"),
        PrintFault::Broken(why) => {
            tracing::error!(why, "a document was not printed");
            visitor.t("print-broken")
        }
    };
    let problem = Some(Problem { text, ..Problem::default() });
    let mut page =
        ErrorPage { s: visitor.desk_shell(app, me, ""), status: 500, problem, ..ErrorPage::default() };
    page.s.title = page.heading().into_owned();
    crate::pages::problem::page(StatusCode::INTERNAL_SERVER_ERROR, &page)
}

/// A column of the written sheet: of which level, and what of its records.
struct Shown<'s> {
    level: usize,
    what: Of<'s>,
}

enum Of<'s> {
    Field(&'s Field, Option<Called>),
    /// What only a change asks, such as its reason: for whoever works on the sheet to fill.
    Blank(&'s Field),
    State,
    Number,
    /// The number by which a row is known, under the words of the sheet.
    Known(&'s Field),
}

fn of_column<'s>(lang: Lang, state: &County, column: &'s Column) -> Shown<'s> {
    let field = &column.field;
    let what = match (column.number, column.only_changed) {
        (true, _) => Of::Known(field),
        (_, true) => Of::Blank(field),
        _ => Of::Field(field, called(lang, state, field)),
    };
    Shown { level: column.level, what }
}

/// The rows of a form: what is there and has not come to its end, under the sheet's columns.
pub fn filled(lang: Lang, state: &County, sheet: &Sheet, rows: &[Row]) -> Vec<Vec<Cell>> {
    let shown: Vec<Shown<'_>> = sheet.columns.iter().map(|column| of_column(lang, state, column)).collect();
    let open = |row: &&Row| {
        let last = row.last().and_then(Option::as_ref);
        last.is_some_and(|record| gongzhi_kernel::decide::is_open(sheet.row(), &record.state))
    };
    let cells = |row: &Row| shown.iter().map(|one| cell(lang, state, sheet, one, row)).collect();
    rows.iter().filter(open).map(cells).collect()
}

/// The columns that are written; `blank` with those to be filled.
fn shown<'s>(lang: Lang, state: &County, sheet: &'s Sheet, blank: bool) -> Vec<Shown<'s>> {
    let field = |level, field: &'s Field| Shown { level, what: Of::Field(field, called(lang, state, field)) };
    let asked = sheet.columns.iter().filter(|column| blank || !column.only_changed);
    let mut all: Vec<Shown<'s>> = asked.map(|column| of_column(lang, state, column)).collect();
    for (level, mechanism) in sheet.chain.iter().enumerate() {
        let names = mechanism.sheet.iter().flat_map(|sheet| &sheet.shows);
        all.extend(names.filter_map(|name| match name.as_str() {
            "state" => Some(Shown { level, what: Of::State }),
            "number" => Some(Shown { level, what: Of::Number }),
            name => Some(field(level, mechanism.field(name)?)),
        }));
    }
    all
}

/// The sheet as a table, in the order of the records: whether these are all of them, and whether it is to be worked on.
fn table(
    app: &App,
    visitor: &Visitor,
    state: &County,
    record: &Record,
    sheet: &Sheet,
    rows: &[Row],
    (whole, blank): (bool, bool),
) -> Table {
    let lang = visitor.lang;
    let shown = shown(lang, state, sheet, blank);
    let head = |one: &Shown<'_>| match &one.what {
        Of::Field(field, _) | Of::Blank(field) => written(lang, field),
        Of::Known(field) => write::Column { width: 18, ..written(lang, field) },
        Of::State => write::Column { heading: visitor.t("sheet-col-state"), width: 10, ..Default::default() },
        Of::Number => {
            write::Column { heading: visitor.t("sheet-col-number"), width: 18, ..Default::default() }
        }
    };
    let cells = |row: &Row| shown.iter().map(|one| cell(lang, state, sheet, one, row)).collect();
    let mut merged = Vec::new();
    for (column, one) in shown.iter().enumerate().filter(|(_, one)| one.level + 1 < sheet.chain.len()) {
        let id = |row: &Row| row.get(one.level).and_then(Option::as_ref).map(|record| record.id);
        let mut from = 0;
        for at in 1..=rows.len() {
            let same = rows.get(at).is_some_and(|row| id(row).is_some() && id(row) == id(&rows[from]));
            if !same {
                merged.push(Merged { column, from, to: at - 1 });
                from = at;
            }
        }
    }
    let law = state.laws.version(&record.mechanism, record.version);
    let title = law.and_then(|law| record.fields.get(law.title.as_deref()?)).and_then(Value::text);
    let today = state.world.zone.date(app.service.now());
    let mut lead = vec![
        record.number.clone(),
        t_with(lang, "sheet-as-of", [("x", crate::view::format::full_day(lang, today).into())]),
    ];
    lead.extend((!whole).then(|| t_with(lang, "sheet-cut", [("n", (ROWS as i64).into())])));
    Table {
        name: say(lang, &sheet.row().words),
        title: title.unwrap_or(&record.number).to_owned(),
        lead: lead.join(" · "),
        columns: shown.iter().map(head).collect(),
        rows: rows.iter().map(cells).collect(),
        merged,
    }
}

fn cell(lang: Lang, state: &County, sheet: &Sheet, one: &Shown<'_>, row: &Row) -> Cell {
    let Some(record) = row.get(one.level).and_then(Option::as_ref) else { return Cell::Empty };
    match &one.what {
        Of::Field(field, called) => {
            value(lang, state, field, called.as_ref(), record.fields.get(&field.name))
        }
        Of::Blank(_) => Cell::Empty,
        Of::State => Cell::Text(state_words(lang, &sheet.chain[one.level], record)),
        Of::Number | Of::Known(_) => Cell::Text(record.number.clone()),
    }
}

fn state_words(lang: Lang, mechanism: &Mechanism, record: &Record) -> String {
    mechanism.state(&record.state).map_or_else(|| record.state.clone(), |state| say(lang, &state.words))
}

/// A value as a cell: numbers and dates as such, entries of registers by the names that the import reads.
pub fn value(
    lang: Lang,
    state: &County,
    field: &Field,
    called: Option<&Called>,
    value: Option<&Value>,
) -> Cell {
    let Some(value) = value else { return Cell::Empty };
    match (value, called) {
        // Sealed values are nobody's columns.
        (Value::Sealed(_), _) => Cell::Empty,
        (Value::Int(number), _) if field.amount => Cell::Amount(*number),
        (Value::Int(number), _) => Cell::Number(*number),
        (Value::Date(day), _) if field.ty == Type::Date => Cell::Date(*day),
        (value, Some(called)) => {
            let names = value.items().iter().filter_map(Value::text).map(|code| called.name(code));
            Cell::Text(names.collect::<Vec<_>>().join(&t(lang, "list-comma")))
        }
        (value, None) => Cell::Text(names::value(lang, state, field, value)),
    }
}

/// The table as a document on its side.
fn document(lang: Lang, table: &Table) -> Document {
    let text = |cell: &Cell| match cell {
        Cell::Date(day) => crate::view::format::full_day(lang, *day),
        Cell::Amount(fen) => crate::view::format::yuan(*fen),
        Cell::Number(number) => crate::view::format::number(*number),
        Cell::Text(text) => text.clone(),
        Cell::Empty => String::new(),
    };
    let over = |at: usize, column: usize| {
        let mut all = table.merged.iter().filter(|merged| merged.column == column);
        all.find(|merged| (merged.from..=merged.to).contains(&at))
    };
    let rows = table.rows.iter().enumerate().map(|(at, row)| {
        let cells = row.iter().enumerate().filter_map(|(column, cell)| match over(at, column) {
            Some(merged) if merged.from < at => None,
            Some(merged) => Some(print::Cell { text: text(cell), rows: merged.to - merged.from + 1 }),
            None => Some(print::Cell { text: text(cell), rows: 1 }),
        });
        cells.collect()
    });
    let columns = table.columns.iter().enumerate().map(|(at, column)| {
        let texts: Vec<String> = table.rows.iter().filter_map(|row| row.get(at)).map(text).collect();
        // A heading may stand in two lines.
        let half = column.heading.chars().count().div_ceil(2);
        let heading: String = column.heading.chars().take(half).collect();
        let texts = texts.iter().map(String::as_str).chain([heading.as_str()]);
        print::Column { width: print::share(texts), heading: column.heading.clone() }
    });
    Document {
        title: table.title.clone(),
        lang: lang.code().to_owned(),
        landscape: true,
        foot: table.lead.clone(),
        blocks: vec![Block::Table { columns: columns.collect(), rows: rows.collect() }],
    }
}
