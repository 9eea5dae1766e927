//! A row of the data file is wrong · 数据文件有错行
//!
//! # What it does
//! Reads each row of a catalogue's file: the number of columns, an empty or repeated code, a parent
//! that no row has, more levels than declared, names missing in a language, and values of another type
//! than their column.
//!
//! # Why is this bad
//! An entry that cannot be read is missing from the forms, or sends matters to nobody.
//!
//! # Example
//! ```csv
//! code,parent,zh,en,answer
//! 01,,供水,Water,5 days
//! 0101,09,停水,Outage,soon
//! ```
//!
//! # Fix
//! ```csv
//! code,parent,zh,en,answer
//! 01,,供水,Water,5 days
//! 0101,01,停水,Outage,24 h
//! ```
//!
//! # 作用
//! 读取目录文件的每一行：列数、编号为空或重复、上级不存在、层数超过声明、缺少一种语言的名称、值与列的类型不符。
//!
//! # 为什么不好
//! 读不出来的条目不会出现在表单里，或者把事项派给不存在的单位。

use crate::checks::Check;
use crate::checks::expression_types::kind;
use crate::diagnostic::{Fault, Severity};
use crate::model::Type;
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ702",
    name: "catalogue-row",
    severity: Severity::Error,
    page: include_str!("catalogue_row.rs"),
};

/// The file is no CSV from here on.
pub fn unreadable(at: At) -> Fault {
    Fault::new(&CHECK, "unreadable", at)
}

/// Another number of values than columns.
pub fn length(at: At, found: usize, wanted: usize) -> Fault {
    Fault::new(&CHECK, "length", at).with(found).with(wanted)
}

/// A value that must not be empty.
pub fn empty(at: At, column: &str) -> Fault {
    Fault::new(&CHECK, "empty", at).with(column)
}

/// A code that an earlier row has.
pub fn repeated(at: At, code: &str) -> Fault {
    Fault::new(&CHECK, "repeated", at).with(code)
}

/// A parent that no row has.
pub fn parent<'a>(at: At, code: &str, known: impl Iterator<Item = &'a str>) -> Fault {
    Fault::new(&CHECK, "parent", at).with(code).suggest(code, known)
}

/// An entry deeper than the catalogue's levels, or its own ancestor.
pub fn too_deep(at: At, code: &str, levels: u8) -> Fault {
    Fault::new(&CHECK, "deep", at).with(code).with(usize::from(levels))
}

/// A value of another type than its column.
pub fn value(at: At, column: &str, value: &str, ty: &Type) -> Fault {
    Fault::new(&CHECK, "value", at).with(value).with_key(kind(ty)).with(column)
}
