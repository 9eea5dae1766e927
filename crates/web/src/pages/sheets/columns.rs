//! The columns of a sheet in words, and the form to be filled with its lists and its explanation.

use std::collections::HashMap;

use axum::extract::{Path, State};
use gongzhi_base::Words;
use gongzhi_lang::model::{Field, Type};
use gongzhi_paper::write::{self, Cell, Table};
use gongzhi_service::State as County;
use gongzhi_service::import::{Column, Sheet};

use super::{XLSX, saved};
use crate::app::App;
use crate::i18n::{Lang, t, t_with};
use crate::pages::input::item;
use crate::pages::problem::{Answer, Trouble};
use crate::pages::visitor::{Me, Visitor};
use crate::pages::words::say;
use crate::view::SheetColumn;
use crate::view::format;

/// Longest list that is offered in a cell.
const CHOICES: usize = 3_000;

/// The words by which a column's entries are called in cells: their names, or their codes where
/// several have one name.
pub struct Called {
    by_code: HashMap<String, String>,
    /// In the order of the register.
    pub all: Vec<String>,
}

impl Called {
    fn new<'a>(lang: Lang, known: impl Iterator<Item = (&'a str, &'a Words)>) -> Called {
        let named: Vec<(String, String)> =
            known.map(|(code, words)| (code.to_owned(), say(lang, words))).collect();
        let mut times: HashMap<&str, usize> = HashMap::new();
        named.iter().for_each(|(_, name)| *times.entry(name.as_str()).or_default() += 1);
        let called = |(code, name): &(String, String)| match times.get(name.as_str()) {
            Some(1) if !name.is_empty() => name.clone(),
            _ => code.clone(),
        };
        let all: Vec<String> = named.iter().map(called).collect();
        let by_code = named.iter().map(|(code, _)| code.clone()).zip(all.iter().cloned()).collect();
        Called { by_code, all }
    }

    /// What stands in a cell for a code.
    pub fn name(&self, code: &str) -> String {
        self.by_code.get(code).cloned().unwrap_or_else(|| code.to_owned())
    }
}

/// How the entries of a field are called; `None` for a field that names none.
pub fn called(lang: Lang, state: &County, field: &Field) -> Option<Called> {
    let world = &state.world;
    Some(match item(&field.ty) {
        Type::Choice(_) => {
            Called::new(lang, field.options.iter().map(|(name, words)| (name.as_str(), words)))
        }
        Type::Entry(catalogue) => {
            let entries = world.catalogue(catalogue).into_iter().flat_map(|known| known.entries.values());
            Called::new(lang, entries.map(|entry| (entry.code.as_str(), &entry.words)))
        }
        Type::Place => {
            let fits = |level| field.levels.is_empty() || field.levels.contains(&level);
            let places = world.places().filter(|place| fits(place.level));
            Called::new(lang, places.map(|place| (place.code.as_str(), &place.words)))
        }
        Type::Unit => {
            let fits = |kind: &String| field.kinds.is_empty() || field.kinds.contains(kind);
            let units = world.units().filter(|unit| fits(&unit.kind));
            Called::new(lang, units.map(|unit| (unit.code.as_str(), &unit.words)))
        }
        _ => return None,
    })
}

/// How a column is filled, in words.
fn how(lang: Lang, column: &Column) -> String {
    if column.number {
        return t(lang, "sheet-how-known").into_owned();
    }
    let field = &column.field;
    let key = match item(&field.ty) {
        Type::Int if field.amount => "sheet-how-amount",
        Type::Int => "sheet-how-number",
        Type::Date => "sheet-how-date",
        Type::Month => "sheet-how-month",
        Type::Choice(_) | Type::Entry(_) => "sheet-how-choice",
        Type::Place => "sheet-how-place",
        Type::Unit => "sheet-how-unit",
        Type::Person => "sheet-how-person",
        _ => "sheet-how-text",
    };
    let mut told = vec![t(lang, key).into_owned()];
    if matches!(field.ty, Type::List(_)) {
        told.push(t(lang, "sheet-how-list").into_owned());
    } else if field.ty == Type::Text
        && let Some(max) = field.max
    {
        told.push(t_with(lang, "sheet-how-most", [("n", max.into())]));
    } else if field.ty == Type::Int
        && let Some(min) = field.min.filter(|min| *min > 0)
    {
        let least = if field.amount { format::yuan(min) } else { min.to_string() };
        told.push(t_with(lang, "sheet-how-least", [("x", least.into())]));
    }
    told.retain(|part| !part.is_empty());
    told.join(&t(lang, "sheet-how-and"))
}

/// The columns as the page tells them.
pub fn told(lang: Lang, sheet: &Sheet) -> Vec<SheetColumn> {
    let one = |column: &Column| SheetColumn {
        heading: say(lang, &column.field.words),
        of: sheet.chain.get(column.level).map(|one| say(lang, &one.words)).unwrap_or_default(),
        required: !column.optional,
        key: column.key,
        how: how(lang, column),
        help: say(lang, &column.field.help),
    };
    sheet.columns.iter().map(one).collect()
}

/// The column of a table that is written.
pub fn written(lang: Lang, field: &Field) -> write::Column {
    let width = match item(&field.ty) {
        Type::Int => 10,
        Type::Date | Type::Month => 14,
        Type::Unit | Type::Entry(_) | Type::Place | Type::Choice(_) => 24,
        _ if field.max.is_some_and(|max| max <= 20) => 12,
        _ => 36,
    };
    write::Column { heading: say(lang, &field.words), width, ..write::Column::default() }
}

/// `GET /desk/r/{id}/import/{mechanism}/form.xlsx`, `GET /desk/import/{mechanism}/form.xlsx`
pub async fn form(
    Path(asked): Path<super::import::Asked>,
    State(app): State<App>,
    visitor: Visitor,
    me: Me,
) -> Answer {
    let super::import::Target { record, sheet } = super::import::target(&app, &visitor, &me, &asked).await?;
    let state = app.service.state().clone();
    let lang = visitor.lang;
    let columns = sheet.columns.iter().map(|column| {
        let list = matches!(column.field.ty, Type::List(_));
        let choices = called(lang, &state, &column.field).map(|called| called.all).unwrap_or_default();
        write::Column {
            help: [how(lang, column), say(lang, &column.field.help)].join("\n").trim().to_owned(),
            // Several in one cell cannot be chosen from a list.
            choices: if list || choices.len() > CHOICES { Vec::new() } else { choices },
            ..written(lang, &column.field)
        }
    });
    let name = say(lang, &sheet.row().words);
    // What is there and may still change stands in it, with its numbers.
    let (under, mechanism, actor) =
        (record.as_ref().map(|record| record.id), sheet.row().name.clone(), me.actor());
    let read = app.read(move |service| match under {
        Some(id) => Ok(service.sheet_rows(&actor, id, &mechanism)?.2),
        None => Ok(Vec::new()),
    });
    let there = read.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))?;
    let rows = super::paper::filled(lang, &state, &sheet, &there);
    let form = Table { name: name.clone(), columns: columns.collect(), rows, ..Table::default() };
    let heading =
        |key: &str, width| write::Column { heading: visitor.t(key), width, ..write::Column::default() };
    let explained = told(lang, &sheet).into_iter().map(|column| {
        let required = visitor.t(if column.required { "yes" } else { "no" });
        let how = [column.how, column.help].join(" ").trim().to_owned();
        [column.heading, column.of, required, how].map(Cell::Text).to_vec()
    });
    let above = (sheet.chain.len() > 1).then_some("sheet-note-above");
    let notes = above.into_iter().chain(["sheet-note-again", "sheet-note-all"]);
    let notes = notes.map(|key| vec![Cell::Text(visitor.t(key)), Cell::Empty, Cell::Empty, Cell::Empty]);
    let explanation = Table {
        name: visitor.t("sheet-explanation"),
        columns: vec![
            heading("sheet-col-column", 24),
            heading("sheet-col-of", 14),
            heading("sheet-col-required", 10),
            heading("sheet-col-how", 70),
        ],
        rows: explained.chain(notes).collect(),
        ..Table::default()
    };
    let lists = visitor.t("sheet-lists");
    let made = app.read(move |_| Ok(write::xlsx(&[form, explanation], &lists)));
    match made.await.map_err(|failure| Trouble::at_desk(&app, &visitor, &me, &failure))? {
        Ok(bytes) => {
            let under = record.map(|record| format!("{}-", record.number)).unwrap_or_default();
            Ok(saved(bytes, XLSX, &format!("{under}{name}.xlsx")))
        }
        Err(fault) => Err(Trouble::broken(&app, &visitor, &fault.0)),
    }
}
