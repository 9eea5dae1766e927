//! Writing spreadsheets: XLSX as people print and fill it, CSV for programs.

use jiff::civil::Date;
use rust_xlsxwriter::{
    DataValidation, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet, XlsxError,
};

use crate::sheet::letters;

/// Rows below the last one that still take values from lists, in a form to be filled.
const FORM: u32 = 2_000;
/// Longest name of a sheet, in characters.
const NAME: usize = 31;
/// Longest text of a cell, in characters.
const TEXT: usize = 32_767;

/// A value of a cell.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    Empty,
    Text(String),
    Number(i64),
    /// An amount in hundredths.
    Amount(i64),
    Date(Date),
}

/// A column.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Column {
    pub heading: String,
    /// Told when the cell is chosen; empty for nothing.
    pub help: String,
    /// In letters of the ordinary width.
    pub width: u16,
    /// What may be chosen in it; other values are refused by the spreadsheet program.
    pub choices: Vec<String>,
}

/// Cells of a column that stand for several rows, counted from 0; `to` is the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Merged {
    pub column: usize,
    pub from: usize,
    pub to: usize,
}

/// A table on a sheet of its own.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Table {
    /// The sheet's name.
    pub name: String,
    /// Above the headings; empty for none.
    pub title: String,
    /// Under the title; empty for none.
    pub lead: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    pub merged: Vec<Merged>,
}

/// A workbook could not be made; why, in words for an operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WriteFault(pub String);

impl From<XlsxError> for WriteFault {
    fn from(error: XlsxError) -> WriteFault {
        WriteFault(error.to_string())
    }
}

/// A workbook of these tables. `lists` names the sheet that holds the choices of columns, when there are any.
pub fn xlsx(tables: &[Table], lists: &str) -> Result<Vec<u8>, WriteFault> {
    let mut book = Workbook::new();
    let mut choices: Vec<&[String]> = Vec::new();
    let lists = sheet_name(lists, "Lists");
    for table in tables {
        let sheet = book.add_worksheet();
        let name = sheet_name(&table.name, "Sheet");
        sheet.set_name(&name)?;
        let head = head(sheet, table)?;
        body(sheet, table, head)?;
        for (at, column) in (0..).zip(&table.columns) {
            if column.choices.is_empty() {
                continue;
            }
            let known = choices.iter().position(|known| **known == column.choices);
            let position = known.unwrap_or_else(|| {
                choices.push(&column.choices);
                choices.len() - 1
            });
            let letters = letters(position as u32);
            let range =
                format!("='{}'!${letters}$1:${letters}${}", lists.replace('\'', "''"), column.choices.len());
            let rule = DataValidation::new().allow_list_formula(Formula::new(range));
            let last = head + table.rows.len() as u32 + FORM;
            sheet.add_data_validation(head + 1, at, last, at, &rule)?;
        }
    }
    if !choices.is_empty() {
        let sheet = book.add_worksheet();
        sheet.set_name(&lists)?;
        for (at, choices) in (0..).zip(choices) {
            sheet.set_column_width(at, 32)?;
            for (row, choice) in (0..).zip(choices) {
                sheet.write(row, at, text(choice))?;
            }
        }
    }
    Ok(book.save_to_buffer()?)
}

fn bordered() -> Format {
    Format::new()
        .set_border(FormatBorder::Thin)
        .set_border_color("BFBFBF")
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
}

/// Title, lead and headings; gives the row of the headings.
fn head(sheet: &mut Worksheet, table: &Table) -> Result<u32, WriteFault> {
    let last = u16::try_from(table.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
    let mut row = 0;
    let title = Format::new().set_bold().set_font_size(16).set_align(FormatAlign::Center);
    for (words, format, height) in [(&table.title, title, 30), (&table.lead, Format::new(), 18)] {
        if words.is_empty() {
            continue;
        }
        match last {
            0 => drop(sheet.write_with_format(row, 0, text(words), &format)?),
            last => drop(sheet.merge_range(row, 0, row, last, &text(words), &format)?),
        }
        sheet.set_row_height(row, height)?;
        row += 1;
    }
    let heading = bordered().set_bold().set_background_color("EEF1F5").set_align(FormatAlign::Center);
    for (at, column) in (0..).zip(&table.columns) {
        sheet.write_with_format(row, at, text(&column.heading), &heading)?;
        sheet.set_column_width(at, f64::from(column.width.clamp(6, 80)))?;
        if !column.help.is_empty() {
            let note = rust_xlsxwriter::Note::new(text(&column.help)).add_author_prefix(false);
            sheet.insert_note(row, at, &note)?;
        }
    }
    sheet.set_freeze_panes(row + 1, 0)?;
    sheet.set_repeat_rows(0, row)?;
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    Ok(row)
}

fn body(sheet: &mut Worksheet, table: &Table, head: u32) -> Result<(), WriteFault> {
    let plain = bordered();
    let number = bordered().set_num_format("0");
    let amount = bordered().set_num_format("#,##0.00");
    let date = bordered().set_num_format("yyyy-mm-dd");
    for (at, cells) in (head + 1..).zip(&table.rows) {
        for (column, cell) in (0..).zip(cells) {
            match cell {
                Cell::Empty => drop(sheet.write_blank(at, column, &plain)?),
                Cell::Text(words) => drop(sheet.write_with_format(at, column, text(words), &plain)?),
                Cell::Number(n) => drop(sheet.write_with_format(at, column, *n as f64, &number)?),
                Cell::Amount(n) => drop(sheet.write_with_format(at, column, *n as f64 / 100.0, &amount)?),
                Cell::Date(day) => {
                    let day = ExcelDateTime::from_ymd(day.year() as u16, day.month() as u8, day.day() as u8)?;
                    sheet.write_with_format(at, column, &day, &date)?;
                }
            }
        }
    }
    for Merged { column, from, to } in table.merged.iter().filter(|merged| merged.to > merged.from) {
        let column = u16::try_from(*column).unwrap_or(u16::MAX);
        let (first, last) = (head + 1 + *from as u32, head + 1 + *to as u32);
        let cell = table.rows.get(*from).and_then(|row| row.get(usize::from(column)));
        sheet.merge_range(first, column, last, column, &shown(cell.unwrap_or(&Cell::Empty)), &plain)?;
    }
    Ok(())
}

/// A text that a cell can hold.
fn text(words: &str) -> String {
    words.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).take(TEXT).collect()
}

/// A name that a sheet can have.
fn sheet_name(name: &str, otherwise: &str) -> String {
    let plain = |c: &char| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') && !c.is_control();
    let name: String = name.chars().filter(plain).take(NAME).collect();
    if name.trim().is_empty() { otherwise.to_owned() } else { name }
}

/// A cell as plain text: numbers without separators, dates as `2026-03-01`.
fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(words) => text(words),
        Cell::Number(number) => number.to_string(),
        Cell::Amount(hundredths) => {
            let sign = if *hundredths < 0 { "-" } else { "" };
            format!("{sign}{}.{:02}", hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100)
        }
        Cell::Date(day) => day.to_string(),
    }
}

/// A table as CSV: UTF-8 with the mark by which spreadsheet programs know it, lines ended by CR LF. A text that
/// such a program would take for a formula begins with an apostrophe, so that it is shown and not computed.
pub fn csv(table: &Table) -> Vec<u8> {
    let mut out = b"\xEF\xBB\xBF".to_vec();
    let headings = table.columns.iter().map(|column| harmless(&column.heading)).collect::<Vec<_>>();
    line(&mut out, &headings);
    for row in &table.rows {
        let cells = row.iter().map(|cell| match cell {
            Cell::Text(words) => harmless(&text(words)),
            cell => shown(cell),
        });
        line(&mut out, &cells.collect::<Vec<_>>());
    }
    out
}

fn line(out: &mut Vec<u8>, cells: &[String]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            out.extend(format!("\"{}\"", cell.replace('"', "\"\"")).bytes());
        } else {
            out.extend(cell.bytes());
        }
    }
    out.extend(b"\r\n");
}

/// Signs with which spreadsheet programs begin a formula, full-width ones too.
fn harmless(words: &str) -> String {
    match words.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') => format!("'{words}"),
        _ if words.starts_with(['\t', '\r']) => format!("'{words}"),
        _ => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::{Limits, read};

    fn table() -> Table {
        let column = |heading: &str| Column { heading: heading.into(), width: 12, ..Column::default() };
        let words = |words: &str| Cell::Text(words.into());
        Table {
            name: "任务书/明细".into(),
            title: "任务书".into(),
            lead: String::new(),
            columns: vec![column("目标"), column("目标数"), column("期限")],
            rows: vec![
                vec![words("甲"), Cell::Number(20), Cell::Date(Date::constant(2026, 3, 1))],
                vec![Cell::Empty, Cell::Amount(-105), Cell::Empty],
            ],
            merged: vec![Merged { column: 0, from: 0, to: 1 }],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bytes = xlsx(&[table()], "名单").expect("a workbook");
        let book = read(&bytes, &Limits::default()).expect("a book");
        assert_eq!(book.sheets[0].name, "任务书明细");
        let rows = &book.sheets[0].rows;
        let texts = |row: usize| (0..3).map(|column| rows[row].text(column)).collect::<Vec<_>>();
        assert_eq!(texts(1), ["目标", "目标数", "期限"]);
        assert_eq!(texts(2), ["甲", "20", "2026-03-01"]);
        assert_eq!(texts(3), ["甲", "-1.05", ""]);
    }

    #[test]
    fn choices_stand_on_a_sheet_of_their_own() {
        let mut table = table();
        table.columns[0].choices = (0..300).map(|n| format!("单位{n}")).collect();
        let bytes = xlsx(&[table], "名单").expect("a workbook");
        let book = read(&bytes, &Limits::default()).expect("a book");
        assert_eq!((book.sheets[1].name.as_str(), book.sheets[1].rows.len()), ("名单", 300));
    }

    #[test]
    fn no_text_becomes_a_formula_in_csv() {
        let mut table = table();
        let evil = ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "a,\"b\"\nc"];
        table.rows = evil.iter().map(|words| vec![Cell::Text((*words).into())]).collect();
        let bytes = csv(&table);
        let written = String::from_utf8(bytes.clone()).expect("text");
        assert!(written.starts_with("\u{feff}目标,目标数,期限\r\n"), "{written}");
        let book = read(&bytes, &Limits::default()).expect("a book");
        let read: Vec<&str> = book.sheets[0].rows.iter().skip(1).map(|row| row.text(0)).collect();
        assert_eq!(read, ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "' =1", "'\t=1", "'＝1", "a,\"b\"\nc"]);
    }
}
