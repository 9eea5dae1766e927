//! Sheets and printed pages: spreadsheets read and written, pages set and printed. A leaf: it knows
//! cells, tables and pages, and nothing of mechanisms, records or rights.

pub mod date;
pub mod print;
pub mod read;
pub mod sheet;
pub mod write;
