//! CSV.

use std::borrow::Cow;

use encoding_rs::GB18030;

use super::{Gathered, Limits, ReadFault};
use crate::sheet::{Book, Cell};

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Book, ReadFault> {
    let mut text = decoded(bytes)?;
    // One form of line ends, also at the last one, so that lines can be counted.
    if text.contains('\r') {
        text = Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    if !text.ends_with('\n') {
        text.to_mut().push('\n');
    }
    let delimiter = delimiter(&text);
    if let Some(line) = broken_quote(&text, delimiter) {
        return Err(ReadFault::Quote(line));
    }
    let mut gathered = Gathered::new(limits);
    gathered.begin("");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut record, mut within) = (csv::StringRecord::new(), 0);
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => return Err(ReadFault::Damaged),
        }
        within += record.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
        // Spreadsheet programs count rows, and lines within a cell are none. The reader stands on the next
        // line, counted from 1.
        let row = reader.position().line().saturating_sub(within + 2);
        let row = u32::try_from(row).map_err(|_| ReadFault::TooManyRows)?;
        for (column, cell) in record.iter().enumerate() {
            let column = u32::try_from(column).unwrap_or(u32::MAX);
            gathered.put(row, column, Cell { text: cell.trim().to_owned(), fault: None })?;
        }
    }
    Ok(Book { sheets: gathered.sheets })
}

/// The text of a file: UTF-8, else GB 18030 where every byte of it makes sense.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, ReadFault> {
    // Texts hold no zero bytes and no control characters; other kinds of files do.
    // A printed page may be made of text alone, and says in its first bytes what it is.
    if bytes.starts_with(b"%PDF-") || bytes.iter().any(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=31)) {
        return Err(ReadFault::NotASheet);
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    GB18030.decode_without_bom_handling_and_without_replacement(bytes).ok_or(ReadFault::Encoding)
}

/// What parts the columns: whichever stands most often in the first line.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |byte: u8| first.bytes().filter(|known| *known == byte).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

/// The line, counted from 1, of the first quote that opens a cell and is not closed at that cell's end: the reader
/// would take all that follows, up to the next quote, for the text of one cell. Line ends are `\n`.
fn broken_quote(text: &str, delimiter: u8) -> Option<u64> {
    enum At {
        Start,
        Plain,
        Quoted,
        /// After a quote within a quoted cell: its end, or the first of a doubled one.
        Closing,
    }
    let (mut at, mut line, mut opened) = (At::Start, 1, 0);
    for byte in text.bytes() {
        let ends = byte == b'\n' || byte == delimiter;
        at = match at {
            At::Start if byte == b'"' => {
                opened = line;
                At::Quoted
            }
            At::Quoted if byte == b'"' => At::Closing,
            At::Quoted => At::Quoted,
            At::Closing if byte == b'"' => At::Quoted,
            At::Closing if byte == b' ' => At::Closing,
            At::Start | At::Plain | At::Closing if ends => At::Start,
            At::Closing => return Some(opened),
            At::Start | At::Plain => At::Plain,
        };
        line += u64::from(byte == b'\n');
    }
    matches!(at, At::Quoted).then_some(opened)
}
