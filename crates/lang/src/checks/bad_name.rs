//! Unsuitable name · 名称不合适
//!
//! # What it does
//! Finds names with signs other than letters, digits, `-` and `_`, names that begin with a digit, names
//! of fields and columns with `-`, and fields called like a word of the expressions (`state`, `number`,
//! `now` …).
//!
//! # Why is this bad
//! Expressions would read `a-b` as a subtraction and `state` as the record's state, not as the field.
//!
//! # Example
//! ```yaml
//! fields:
//!   call-back: { type: text, zh: 回访, en: Call-back }
//! ```
//!
//! # Fix
//! ```yaml
//! fields:
//!   call_back: { type: text, zh: 回访, en: Call-back }
//! ```
//!
//! # 作用
//! 找出含有字母、数字、`-`、`_` 以外符号的名称、以数字开头的名称、带 `-` 的字段名和列名，以及与表达式用词（`state`、`number`、`now` 等）同名的字段。
//!
//! # 为什么不好
//! 表达式会把 `a-b` 读成减法，把 `state` 读成事项的状态，而不是字段。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::expr::types::RESERVED;
use crate::source::Word;
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ009", name: "bad-name", severity: Severity::Error, page: include_str!("bad_name.rs") };

/// Whether a word may name something; tells if not.
pub fn check(word: &Word, faults: &mut Faults) -> bool {
    let starts = word.text().starts_with(|c: char| c.is_alphabetic());
    let fine = starts && word.text().chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    // An empty key has been told as a fault of syntax.
    if !fine && !word.value.is_empty() {
        faults.add(Fault::new(&CHECK, "form", word.at).with(word.text()));
    }
    fine
}

/// Whether a word may name what expressions read; tells if not.
pub fn variable(word: &Word, faults: &mut Faults) -> bool {
    if !check(word, faults) {
        return false;
    }
    if word.text().contains('-') {
        let better = word.text().replace('-', "_");
        faults.add(
            Fault::new(&CHECK, "hyphen", word.at).with(word.text()).help("help.write", vec![better.into()]),
        );
        return false;
    }
    if RESERVED.contains(&word.text()) {
        faults.add(Fault::new(&CHECK, "reserved", word.at).with(word.text()));
        return false;
    }
    true
}

/// Names of all fields.
pub fn fields(world: &World<'_>, faults: &mut Faults) {
    for field in world.documents.mechanisms.iter().flat_map(|mechanism| &mechanism.fields) {
        variable(&field.name, faults);
    }
}
