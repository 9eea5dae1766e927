//! Tables in forms and on pages: the cell of row 2 in column `amount` of `costs` is posted as
//! `costs.2.amount`, so that a cell is a field like any other.

use gongzhi_base::Value;
use gongzhi_lang::model::{Field as Asked, ITEM, Type};
use gongzhi_service::State;

use super::fields::{Shape, kind};
use super::input::Read;
use super::names;
use super::posted::{Posted, kept_value};
use super::words::say;
use crate::i18n::{Lang, t_with};
use crate::view::{ChoiceInput, ChoiceStyle, Field, FieldKind, RowInput, RowsInput, Table};

/// Rows offered beyond those that are filled in.
const SPARE: usize = 3;
/// Most rows of one form, above any table's own limit.
const MOST: usize = 200;

/// The name under which a cell is posted.
pub fn name(table: &Asked, row: usize, column: &str) -> String {
    format!("{}.{row}.{column}", table.name)
}

/// A column as the field of one row.
pub fn cell(table: &Asked, row: usize, column: &Asked) -> Asked {
    Asked { name: name(table, row, &column.name), ..column.clone() }
}

/// How many rows have been posted, empty ones among them.
pub fn posted_rows(table: &Asked, posted: &Posted) -> usize {
    let names = posted.values.iter().map(|(name, _)| name);
    let files = posted.files.iter().map(|upload| &upload.field);
    let rows = names.chain(files).filter_map(|name| {
        let (row, _) = name.strip_prefix(&table.name)?.strip_prefix('.')?.split_once('.')?;
        row.parse::<usize>().ok().filter(|row| *row < MOST)
    });
    rows.max().map_or(0, |last| last + 1)
}

/// What a table starts with: the rows as they stand in the record.
pub fn begin(table: &Asked, value: &Value) -> Posted {
    let mut posted = Posted::default();
    let mut put = |name: String, value: String| posted.values.push((name, value));
    for (at, row) in value.items().iter().enumerate() {
        let Value::Row(cells) = row else { continue };
        for (column, value) in cells {
            let asked = table.columns.iter().map(|column| &column.field).find(|asked| asked.name == *column);
            match value {
                Value::File(file) => put(format!("{}.kept", name(table, at, column)), kept_value(file)),
                value => put(name(table, at, column), typed(asked, value)),
            }
        }
    }
    posted
}

/// A value as it is typed.
pub fn typed(asked: Option<&Asked>, value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(yes) => yes.to_string(),
        Value::Int(fen) if asked.is_some_and(|asked| asked.amount) => {
            let sign = if *fen < 0 { "-" } else { "" };
            format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
        }
        Value::Int(number) => number.to_string(),
        Value::Date(date) if asked.is_some_and(|asked| asked.ty == Type::Month) => {
            format!("{:04}-{:02}", date.year(), date.month())
        }
        Value::Date(date) => date.to_string(),
        Value::Span(span) => span.to_string(),
        Value::Record(id) => id.to_string(),
        _ => String::new(),
    }
}

/// The table of a form. `typed` are its values so far, from the page before or from the record.
pub fn table(
    shape: &Shape<'_>,
    table: &Asked,
    posted: Option<&Posted>,
    typed: &Posted,
    read: Option<&Read>,
    faults: &std::collections::BTreeMap<String, String>,
) -> RowsInput {
    let items: Vec<(String, String)> = match &table.each {
        Some(catalogue) => {
            let under = table.under.as_ref().and_then(|under| shape.record?.fields.get(under)?.text());
            let entries = shape.state.world.lowest_under(catalogue, under);
            entries.into_iter().map(|entry| (entry.code.clone(), say(shape.lang, &entry.words))).collect()
        }
        None => Vec::new(),
    };
    let there = posted_rows(table, typed);
    let more = posted.is_some_and(|posted| posted.get("_pick") == Some(table.name.as_str()));
    let most = table.max.map_or(50, |max| usize::try_from(max).unwrap_or(MOST)).min(MOST);
    let count = match (&table.each, posted) {
        (Some(_), _) => items.len(),
        (None, Some(_)) if !more => there,
        (None, _) => (there + SPARE).min(most.max(there)),
    };
    let rows = (0..count.max(1)).map(|at| {
        let item = items.get(at);
        // Rows by entry may come in any order: each goes to its entry.
        let from = item.and_then(|(code, _)| {
            (0..there).find(|row| typed.get(&name(table, *row, ITEM)) == Some(code.as_str()))
        });
        let values = match from {
            Some(from) if from != at => moved(table, typed, from, at),
            _ => typed.clone(),
        };
        let cells = table.columns.iter().map(|column| {
            let asked = cell(table, at, &column.field);
            Field {
                name: asked.name.clone(),
                label: say(shape.lang, &asked.words),
                help: say(shape.lang, &asked.help),
                required: !column.optional,
                error: faults.get(&asked.name).cloned(),
                kind: folded(kind(shape, &asked, !column.optional, &values, read)),
                ..Field::default()
            }
        });
        let number = t_with(shape.lang, "rows-row", [("n", (at as i64 + 1).into())]);
        RowInput {
            label: item.map_or(number, |(_, label)| label.clone()),
            item: item.map(|(code, _)| code.clone()).unwrap_or_default(),
            cells: cells.collect(),
        }
    });
    let rows: Vec<RowInput> = rows.collect();
    RowsInput { more: table.each.is_none() && rows.len() < most, rows }
}

/// A choice under each other would make the rows of a table as high as its list is long.
fn folded(kind: FieldKind) -> FieldKind {
    match kind {
        FieldKind::Choice(input) if input.style == ChoiceStyle::List => {
            FieldKind::Choice(ChoiceInput { style: ChoiceStyle::Select, ..input })
        }
        kind => kind,
    }
}

/// The values of one row under the names of another.
fn moved(table: &Asked, typed: &Posted, from: usize, to: usize) -> Posted {
    let (from, to) = (name(table, from, ""), name(table, to, ""));
    let values = typed
        .values
        .iter()
        .filter_map(|(name, value)| Some((format!("{to}{}", name.strip_prefix(&from)?), value.clone())));
    Posted { values: values.collect(), ..Posted::default() }
}

/// A table's rows as they are shown; `None` for what is no table.
pub fn shown(lang: Lang, state: &State, table: &Asked, value: &Value) -> Option<Table> {
    let Type::Rows(_) = table.ty else { return None };
    let mut heads: Vec<String> = table.columns.iter().map(|column| say(lang, &column.field.words)).collect();
    if let Some(catalogue) = &table.each {
        let words = state.world.catalogue(catalogue).map(|known| say(lang, &known.words));
        heads.insert(0, words.unwrap_or_default());
    }
    let rows = value.items().iter().filter_map(|row| {
        let Value::Row(cells) = row else { return None };
        let own = table.columns.iter().map(|column| match cells.get(&column.field.name) {
            Some(Value::File(file)) => file.name.clone(),
            Some(value) => names::value(lang, state, &column.field, value),
            None => String::new(),
        });
        let item = table.each.as_ref().zip(cells.get(ITEM).and_then(Value::text));
        let item = item.map(|(catalogue, code)| {
            let known = state.world.catalogue(catalogue).and_then(|known| known.entries.get(code));
            known.map_or_else(|| code.to_owned(), |entry| say(lang, &entry.words))
        });
        Some(item.into_iter().chain(own).collect())
    });
    let numbers = table.columns.iter().map(|column| column.field.ty == Type::Int);
    let right = table.each.iter().map(|_| false).chain(numbers).collect();
    Some(Table { heads, right, rows: rows.collect() })
}
