//! Wrong value · 值不对
//!
//! # What it does
//! Finds values of another type than the key needs, words that are none of its choices, numbers out of
//! range, and values that contradict each other.
//!
//! # Why is this bad
//! The rule cannot be carried out as written.
//!
//! # Example
//! ```yaml
//! states:
//!   open: { zh: 待办, en: Open, tone: great }
//! ```
//!
//! # Fix
//! ```yaml
//! states:
//!   open: { zh: 待办, en: Open, tone: good }
//! ```
//!
//! # 作用
//! 找出类型不对的值、不在可选范围内的词、超出范围的数和互相矛盾的值。
//!
//! # 为什么不好
//! 照这样写，规定没有办法执行。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::source::{At, Word};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ006",
    name: "wrong-value",
    severity: Severity::Error,
    page: include_str!("wrong_value.rs"),
};

/// Another kind of value is needed; `kind` is a key of the locale files.
pub fn expected(kind: &'static str, at: At) -> Fault {
    Fault::new(&CHECK, "expected", at).with_key(kind)
}

/// A word that is none of the choices.
pub fn choice<'a>(word: &Word, choices: impl Iterator<Item = &'a str>) -> Fault {
    Fault::new(&CHECK, "choice", word.at).with(word.text()).suggest(word.text(), choices)
}

/// A number out of range.
pub fn range(least: i64, most: i64, at: At) -> Fault {
    Fault::new(&CHECK, "range", at).with(least.to_string()).with(most.to_string())
}

/// `max` below `min`.
pub fn bounds(at: At) -> Fault {
    Fault::new(&CHECK, "bounds", at)
}

/// `new` among other states.
pub fn new_alone(at: At) -> Fault {
    Fault::new(&CHECK, "new", at)
}

/// A step that opens a record and stays where it was.
pub fn opens_into_nothing(step: &Word) -> Fault {
    Fault::new(&CHECK, "into-nothing", step.at).with(step.text())
}

/// An indicator with no measure or several.
pub fn one_measure(indicator: &Word) -> Fault {
    Fault::new(&CHECK, "measure", indicator.at).with(indicator.text())
}
