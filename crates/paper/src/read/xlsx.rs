//! XLSX.

use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Dimensions, Reader as _, SheetType, Xlsx};

use super::{Gathered, Limits, ReadFault};
use crate::sheet::{Book, Cell, CellFault, Sheet};

/// Most merged areas of a sheet.
const MERGED: usize = 20_000;
/// Most cells that the merged areas of a sheet fill.
const CELLS: usize = 1_000_000;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Book, ReadFault> {
    measure(bytes, limits)?;
    // A fault of the library in a strange file must be a damaged file, and no more, to whoever sent it.
    let read = catch_unwind(AssertUnwindSafe(|| cells(bytes, limits)));
    read.unwrap_or(Err(ReadFault::Damaged))
}

/// Unpacks everything once and throws it away, counting: what the file itself says of its sizes may be
/// a lie.
fn measure(bytes: &[u8], limits: &Limits) -> Result<(), ReadFault> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| ReadFault::Damaged)?;
    if archive.len() > limits.parts {
        return Err(ReadFault::Bomb);
    }
    let mut left = limits.unpacked;
    let mut is_sheet = false;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|_| ReadFault::Damaged)?;
        is_sheet |= part.name().is_ok_and(|name| name.starts_with("xl/"));
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        let read = read.map_err(|_| ReadFault::Damaged)?;
        left = left.checked_sub(read).ok_or(ReadFault::Bomb)?;
    }
    if is_sheet { Ok(()) } else { Err(ReadFault::NotASheet) }
}

fn cells(bytes: &[u8], limits: &Limits) -> Result<Book, ReadFault> {
    let damaged = |_| ReadFault::Damaged;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names: Vec<String> = sheets.map(|sheet| sheet.name.clone()).collect();
    let hidden = super::hidden::rows(bytes);
    let mut gathered = Gathered::new(limits);
    for name in names {
        gathered.begin(&name);
        {
            let mut reader = book.worksheet_cells_reader(&name).map_err(damaged)?;
            while let Some(record) = reader.next_cell_with_formula_metadata().map_err(damaged)? {
                let (row, column) = record.pos;
                gathered.put(row, column, cell(&record.value, record.formula.is_some()))?;
            }
        }
        if let (Some(sheet), Some(hidden)) = (gathered.sheets.last_mut(), hidden.get(&name)) {
            sheet.rows.iter_mut().for_each(|row| row.hidden = hidden.contains(&row.number));
        }
        let areas = book.merge_cells_by_sheet_name(&name).map_err(damaged)?;
        if areas.len() > MERGED {
            return Err(ReadFault::Bomb);
        }
        if let Some(sheet) = gathered.sheets.last_mut() {
            let mut left = CELLS;
            for area in areas {
                merge(sheet, &area, limits, &mut left)?;
            }
        }
    }
    Ok(Book { sheets: gathered.sheets })
}

fn cell(value: &DataRef<'_>, formula: bool) -> Cell {
    let fault = |fault| Cell { text: String::new(), fault: Some(fault) };
    let text = match value {
        DataRef::Empty if formula => return fault(CellFault::Formula),
        DataRef::Empty => String::new(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => shortest(*number),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(at) if at.is_duration() => shortest(at.as_f64()),
        DataRef::DateTime(at) => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            let day = format!("{year:04}-{month:02}-{day:02}");
            match (hour, minute, second) {
                (0, 0, 0) => day,
                (hour, minute, second) => format!("{day}T{hour:02}:{minute:02}:{second:02}"),
            }
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            text.strip_suffix("T00:00:00").unwrap_or(text).to_owned()
        }
        DataRef::Error(_) => return fault(CellFault::Error),
    };
    Cell { text, fault: None }
}

/// A number as short as it goes: 20, not 20.0. Sums of decimals carry dust in their last digits.
fn shortest(number: f64) -> String {
    let text = format!("{number:.10}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A merged area's value holds for all its rows that have anything else in them. Over columns nobody can
/// tell to which one it belongs. `left` are the cells that may still be filled.
fn merge(sheet: &mut Sheet, area: &Dimensions, limits: &Limits, left: &mut usize) -> Result<(), ReadFault> {
    let ((top, first), (bottom, last)) = (area.start, area.end);
    let last = last.min(limits.columns.saturating_sub(1));
    let number = top.saturating_add(1);
    let from = sheet.rows.partition_point(|row| row.number < number);
    let Some(cell) = sheet.rows.get(from).filter(|row| row.number == number) else { return Ok(()) };
    let Some(cell) = cell.cells.get(&first).cloned() else { return Ok(()) };
    let until = sheet.rows.partition_point(|row| row.number <= bottom.saturating_add(1));
    for (at, row) in sheet.rows.iter_mut().enumerate().take(until).skip(from) {
        if last <= first {
            *left = left.checked_sub(1).ok_or(ReadFault::Bomb)?;
            row.cells.insert(first, cell.clone());
            continue;
        }
        for column in first..=last {
            *left = left.checked_sub(1).ok_or(ReadFault::Bomb)?;
            let text = if (at, column) == (from, first) { cell.text.clone() } else { String::new() };
            row.cells.insert(column, Cell { text, fault: Some(CellFault::MergedAcross) });
        }
    }
    Ok(())
}
