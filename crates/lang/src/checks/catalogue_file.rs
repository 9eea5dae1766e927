//! The data file is missing · 找不到数据文件
//!
//! # What it does
//! Looks for the data file of each catalogue and for the columns that the catalogue declares; `code`,
//! `parent`, `zh` and `en` are always needed.
//!
//! # Why is this bad
//! A field with entries of that catalogue would offer nothing to choose, and time limits read from its
//! columns would be empty.
//!
//! # Example
//! ```yaml
//! catalogue: kinds
//! file: kind.csv
//! ```
//!
//! # Fix
//! ```yaml
//! catalogue: kinds
//! file: kinds.csv
//! ```
//!
//! # 作用
//! 查找每个目录的数据文件和目录声明的列；`code`、`parent`、`zh`、`en` 四列总是要有。
//!
//! # 为什么不好
//! 以该目录为选项的字段会无项可选，从列里读取的时限也会是空的。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::source::{At, Word};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ701",
    name: "catalogue-file",
    severity: Severity::Error,
    page: include_str!("catalogue_file.rs"),
};

/// The file that a catalogue names is not there.
pub fn missing<'a>(file: &Word, known: impl Iterator<Item = &'a str>) -> Fault {
    Fault::new(&CHECK, "missing", file.at).with(file.text()).suggest(file.text(), known)
}

/// A column that the file lacks.
pub fn no_column<'a>(at: At, column: &str, file: &str, known: impl Iterator<Item = &'a str>) -> Fault {
    Fault::new(&CHECK, "column", at).with(column).with(file).suggest(column, known)
}
