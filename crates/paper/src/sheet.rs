//! A sheet as it was read: rows of cells as text, each with its place.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

/// A file of sheets.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Book {
    pub sheets: Vec<Sheet>,
}

/// One sheet. A CSV file is one sheet without a name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sheet {
    pub name: String,
    /// Rows with something in them, in their order. Empty rows are not there.
    pub rows: Vec<Row>,
}

/// A row with something in it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Row {
    /// As spreadsheet programs number it, from 1.
    pub number: u32,
    /// Whether the file hides it, by hand or by a filter.
    pub hidden: bool,
    /// Cells with something in them, by column from 0.
    pub cells: BTreeMap<u32, Cell>,
}

impl Row {
    /// The text of a column; empty where there is none.
    pub fn text(&self, column: u32) -> &str {
        self.cells.get(&column).map_or("", |cell| &cell.text)
    }

    /// The fault of a column's cell.
    pub fn fault(&self, column: u32) -> Option<CellFault> {
        self.cells.get(&column).and_then(|cell| cell.fault)
    }
}

/// A cell.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Cell {
    /// Trimmed. Numbers are written as short as they go, dates as `2026-03-01`.
    pub text: String,
    /// Why the text must not be used.
    pub fault: Option<CellFault>,
}

/// What is wrong with a cell itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CellFault {
    /// It is merged over several columns: nobody can tell to which of them the value belongs. (Merged over
    /// rows it holds for each of them.)
    MergedAcross,
    /// A formula whose result was never computed or saved.
    Formula,
    /// An error of the spreadsheet program, such as `#REF!`.
    Error,
}

/// The letters of a column from 0: `A`, `Z`, `AA`.
pub fn letters(column: u32) -> String {
    let mut left = u64::from(column) + 1;
    let mut text = Vec::new();
    while left > 0 {
        let digit = (left - 1) % 26;
        text.push(char::from(b'A' + digit as u8));
        left = (left - 1) / 26;
    }
    text.iter().rev().collect()
}

/// A text as it is compared: full-width letters and digits made plain (NFKC), without blanks, in lower case.
pub fn folded(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// A column that is looked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Heading {
    /// What may stand at its head, in any language.
    pub names: Vec<String>,
    /// Whether a sheet without it is another sheet.
    pub required: bool,
}

/// Where a table begins.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// Position of the sheet in the book.
    pub sheet: usize,
    /// Position in the sheet's rows of the first row under the headings.
    pub first: usize,
    /// The columns of the headings looked for, in their order.
    pub columns: Vec<Option<u32>>,
    /// Columns whose headings are not looked for: they are not read.
    pub unknown: Vec<u32>,
    /// Positions in the book of other sheets that hold such a table too: they are not read.
    pub others: Vec<usize>,
}

/// The table is nowhere; what comes nearest.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct NotFound {
    /// Names of the sheets looked at.
    pub sheets: Vec<String>,
    /// The sheet and row that hold most of the headings.
    pub nearest: Option<(String, u32)>,
    /// What stands there.
    pub read: Vec<String>,
    /// Headings that are missing there, by position.
    pub missing: Vec<usize>,
    /// A heading that stands there twice, by position.
    pub twice: Option<usize>,
}

/// Rows at the top of a sheet among which the headings are looked for: titles may stand above them.
const HEAD: usize = 20;

/// Looks for the row that holds the headings, in all sheets. The row with most of them wins; among equals
/// the first.
pub fn find(book: &Book, headings: &[Heading]) -> Result<Found, NotFound> {
    let wanted: Vec<Vec<String>> =
        headings.iter().map(|heading| heading.names.iter().map(|name| folded(name)).collect()).collect();
    let mut best: Option<(usize, Found)> = None;
    let mut fitting: Vec<usize> = Vec::new();
    let mut nearest = NotFound::default();
    let mut most = 0;
    for (at, sheet) in book.sheets.iter().enumerate() {
        nearest.sheets.push(sheet.name.clone());
        for (position, row) in sheet.rows.iter().take(HEAD).enumerate() {
            let read: Vec<(u32, String)> =
                row.cells.iter().map(|(column, cell)| (*column, folded(&cell.text))).collect();
            let places: Vec<Vec<u32>> = wanted
                .iter()
                .map(|names| {
                    read.iter().filter(|(_, text)| names.contains(text)).map(|(at, _)| *at).collect()
                })
                .collect();
            let held = places.iter().filter(|places| !places.is_empty()).count();
            let twice = places.iter().position(|places| places.len() > 1);
            let missing: Vec<usize> = (0..headings.len())
                .filter(|&heading| headings[heading].required && places[heading].is_empty())
                .collect();
            if missing.is_empty() && twice.is_none() && held > 0 {
                if fitting.last() != Some(&at) {
                    fitting.push(at);
                }
                if best.as_ref().is_none_or(|(most, _)| held > *most) {
                    let columns = places.iter().map(|places| places.first().copied()).collect();
                    let known = |column: &u32| places.iter().flatten().any(|known| known == column);
                    let unknown = row.cells.keys().copied().filter(|column| !known(column)).collect();
                    let others = Vec::new();
                    best = Some((held, Found { sheet: at, first: position + 1, columns, unknown, others }));
                }
            } else if held > most {
                most = held;
                nearest.nearest = Some((sheet.name.clone(), row.number));
                nearest.read = row.cells.values().map(|cell| cell.text.clone()).collect();
                nearest.missing = missing;
                nearest.twice = twice;
            }
        }
    }
    let Some((_, mut found)) = best else { return Err(nearest) };
    found.others = fitting.into_iter().filter(|at| *at != found.sheet).collect();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        assert_eq!([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
    }

    #[test]
    fn texts_are_compared_without_width_and_blanks() {
        assert_eq!(folded(" 目标 数（１２）Ａ"), "目标数(12)a");
    }
}
