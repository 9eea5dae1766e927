//! Reading spreadsheets that people send: XLSX and CSV. Every limit is applied before or while it is
//! read, so that no file, however it is made, costs more than its limits.
//!
//! - A cell merged over rows holds for each of them; one merged over columns is a fault of its cells.
//! - Of a formula the result saved with the file counts; one without a result is a fault of its cell.
//! - CSV is read as UTF-8 (with or without byte order mark) or, failing that, as GB 18030, which holds GBK and
//!   is what spreadsheet programs write in China. Columns are parted by comma, semicolon or tab.

mod hidden;
mod text;
mod xlsx;

use crate::sheet::{Book, Row, Sheet};

/// What a file may cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Bytes of all that a packed file holds, unpacked; and of the texts of all cells, as one text may stand in
    /// any number of them.
    pub unpacked: u64,
    /// Files within a packed file.
    pub parts: usize,
    /// Rows with something in them, over all sheets.
    pub rows: usize,
    /// The last column that may hold something, counted from 1.
    pub columns: u32,
    /// Characters of one cell.
    pub characters: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes: 10 * 1024 * 1024,
            unpacked: 64 * 1024 * 1024,
            parts: 1_000,
            rows: 5_000,
            columns: 100,
            characters: 5_000,
        }
    }
}

/// Why a file was not read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadFault {
    /// More bytes than [`Limits::bytes`].
    TooLarge,
    /// Unpacked it would be larger than [`Limits::unpacked`] or hold too many files.
    Bomb,
    /// Nothing in it.
    Empty,
    /// The old binary form (`.xls`), or one protected by a password.
    OldOrProtected,
    /// Another kind of file.
    NotASheet,
    /// It breaks off or does not hold together, such as by two contents of one cell.
    Damaged,
    /// In a text, a quote that opens a cell and is not closed where that cell ends; its line, counted from 1.
    Quote(u64),
    /// A text in no encoding that is read.
    Encoding,
    TooManyRows,
    /// The first cell beyond the last column, such as `CW7`.
    TooManyColumns(String),
    /// The cell that holds too much, such as `C7`.
    TooLong(String),
}

/// Reads a file by what is in it, not by its name.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Book, ReadFault> {
    if bytes.is_empty() {
        return Err(ReadFault::Empty);
    }
    if bytes.len() > limits.bytes {
        return Err(ReadFault::TooLarge);
    }
    let book = if bytes.starts_with(b"PK\x03\x04") {
        xlsx::read(bytes, limits)?
    } else if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(ReadFault::OldOrProtected);
    } else {
        text::read(bytes, limits)?
    };
    if book.sheets.iter().all(|sheet| sheet.rows.is_empty()) {
        return Err(ReadFault::Empty);
    }
    Ok(book)
}

/// Gathers rows within the limits.
struct Gathered<'l> {
    limits: &'l Limits,
    sheets: Vec<Sheet>,
    rows: usize,
    /// Bytes of all texts so far.
    bytes: u64,
}

impl<'l> Gathered<'l> {
    fn new(limits: &'l Limits) -> Gathered<'l> {
        Gathered { limits, sheets: Vec::new(), rows: 0, bytes: 0 }
    }

    fn begin(&mut self, name: &str) {
        self.sheets.push(Sheet { name: name.to_owned(), rows: Vec::new() });
    }

    /// The cell with its limits kept; empty text is no cell.
    fn put(&mut self, row: u32, column: u32, cell: crate::sheet::Cell) -> Result<(), ReadFault> {
        if cell.text.is_empty() && cell.fault.is_none() {
            return Ok(());
        }
        let name = || format!("{}{}", crate::sheet::letters(column), u64::from(row) + 1);
        if column >= self.limits.columns {
            return Err(ReadFault::TooManyColumns(name()));
        }
        if cell.text.len() > self.limits.characters && cell.text.chars().count() > self.limits.characters {
            return Err(ReadFault::TooLong(name()));
        }
        self.bytes += cell.text.len() as u64;
        if self.bytes > self.limits.unpacked {
            return Err(ReadFault::Bomb);
        }
        let Some(sheet) = self.sheets.last_mut() else { return Ok(()) };
        let number = row.saturating_add(1);
        // Rows come in their order in all sound files; one out of order is put where it belongs.
        let at = match sheet.rows.last() {
            Some(last) if last.number == number => sheet.rows.len() - 1,
            Some(last) if last.number > number => {
                match sheet.rows.binary_search_by_key(&number, |row| row.number) {
                    Ok(at) => at,
                    Err(at) => {
                        sheet.rows.insert(at, Row { number, ..Row::default() });
                        self.rows += 1;
                        at
                    }
                }
            }
            _ => {
                sheet.rows.push(Row { number, ..Row::default() });
                self.rows += 1;
                sheet.rows.len() - 1
            }
        };
        if self.rows > self.limits.rows {
            return Err(ReadFault::TooManyRows);
        }
        // A second content of a cell means that the place of one of them was read wrongly.
        match sheet.rows[at].cells.insert(column, cell) {
            None => Ok(()),
            Some(_) => Err(ReadFault::Damaged),
        }
    }
}
