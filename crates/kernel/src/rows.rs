//! Reading the rows of a table: every fault of every cell, each under its own name
//! (`costs.2.amount`: the third row's amount).

use std::collections::BTreeMap;

use gongzhi_base::Value;
use gongzhi_lang::model::{Column, Entry, Field, ITEM, Type};

use crate::command::Raw;
use crate::input::{bounds, is_blank, value};
use crate::refusal::{Fault, FieldFault};
use crate::world::World;

/// Most rows of a table without its own limit.
const MAX_ROWS: i64 = 50;

/// The rows of a table, or every fault. Rows in which nothing stands are left out. `under` is the entry
/// under which the entries of a check list stand.
pub fn read(field: &Field, raw: &Raw, under: Option<&str>, world: &World) -> Result<Value, Vec<FieldFault>> {
    let at = |name: String, fault| FieldFault { field: name, fault };
    let rows = match raw {
        Raw::Typed(value) => return Ok(value.clone()),
        Raw::List(rows) => rows.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut faults = Vec::new();
    let mut read = Vec::new();
    for (position, raw) in rows.iter().enumerate() {
        let name = format!("{}.{position}", field.name);
        match raw {
            Raw::Row(cells) if field.each.is_none() && cells.values().all(is_blank) => {}
            Raw::Row(cells) => match row(field, &name, cells, world) {
                Ok(cells) => read.push((name, cells)),
                Err(found) => faults.extend(found),
            },
            _ => faults.push(at(field.name.clone(), Fault::NotRows)),
        }
    }
    // Which entries are missing can be said only once every row has been understood.
    if let Some(catalogue) = field.each.as_deref().filter(|_| faults.is_empty()) {
        return by_entry(field, world.lowest_under(catalogue, under), read);
    }
    let (least, most) = (field.min.unwrap_or(0), field.max.unwrap_or(MAX_ROWS));
    let size = read.len() as i64;
    if faults.is_empty() && size < least {
        faults.push(at(field.name.clone(), Fault::TooShort(least)));
    }
    if size > most {
        faults.push(at(field.name.clone(), Fault::TooLong(most)));
    }
    if faults.is_empty() {
        Ok(Value::List(read.into_iter().map(|(_, cells)| Value::Row(cells)).collect()))
    } else {
        Err(faults)
    }
}

fn row(
    field: &Field,
    name: &str,
    cells: &BTreeMap<String, Raw>,
    world: &World,
) -> Result<BTreeMap<String, Value>, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let mut read = BTreeMap::new();
    let known = |cell: &String| {
        field.columns.iter().any(|column| column.field.name == *cell) || field.each.is_some() && cell == ITEM
    };
    for cell in cells.keys().filter(|cell| !known(cell)) {
        faults.push(FieldFault { field: format!("{name}.{cell}"), fault: Fault::NotAsked });
    }
    if field.each.is_some()
        && let Some(Raw::Text(code)) = cells.get(ITEM)
    {
        read.insert(ITEM.to_owned(), Value::from(code.trim()));
    }
    for Column { field: column, optional } in &field.columns {
        let raw = cells.get(&column.name).filter(|raw| !is_blank(raw));
        let found = match raw {
            // A box that was not ticked says no.
            None if column.ty == Type::Bool => Ok(Value::Bool(false)),
            None if *optional => continue,
            None => Err(Fault::Missing),
            Some(raw) => value(column, &column.ty, raw, world).and_then(|value| bounds(column, value)),
        };
        match found {
            Ok(value) => {
                read.insert(column.name.clone(), value);
            }
            Err(fault) => faults.push(FieldFault { field: format!("{name}.{}", column.name), fault }),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

/// Rows of a table with one for each lowest entry of a catalogue, in the catalogue's order.
fn by_entry(
    field: &Field,
    entries: Vec<&Entry>,
    rows: Vec<(String, BTreeMap<String, Value>)>,
) -> Result<Value, Vec<FieldFault>> {
    let mut faults = Vec::new();
    let mut left: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for (name, cells) in rows {
        let code = cells.get(ITEM).and_then(Value::text).unwrap_or_default().to_owned();
        let fault = match entries.iter().find(|entry| entry.code == code) {
            None => Fault::NoEntry(code.chars().take(40).collect()),
            Some(entry) => match left.insert(&entry.code, cells) {
                None => continue,
                Some(_) => Fault::RowTwice(code),
            },
        };
        faults.push(FieldFault { field: format!("{name}.{ITEM}"), fault });
    }
    for entry in entries.iter().filter(|entry| !left.contains_key(entry.code.as_str())) {
        faults.push(FieldFault { field: field.name.clone(), fault: Fault::NoRow(entry.code.clone()) });
    }
    if faults.is_empty() {
        Ok(Value::List(left.into_values().map(Value::Row).collect()))
    } else {
        Err(faults)
    }
}
