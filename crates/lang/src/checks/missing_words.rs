//! Words missing in a language · 缺少一种语言的文字
//!
//! # What it does
//! Finds names and messages that are not given in both Chinese and English, and titles without one of
//! the two (`中文 · English`).
//!
//! # Why is this bad
//! Every page stands in both languages; a reader would meet an empty label.
//!
//! # Example
//! ```yaml
//! states:
//!   open: { zh: 待办 }
//! ```
//!
//! # Fix
//! ```yaml
//! states:
//!   open: { zh: 待办, en: Open }
//! ```
//!
//! # 作用
//! 找出没有同时给出中文和英文的名称、提示和标题（写作 `中文 · English`）。
//!
//! # 为什么不好
//! 每个页面都有中英两种文字，缺了一种，读的人就会看到空白。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::literate::{Block, title_words};
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ007",
    name: "missing-words",
    severity: Severity::Error,
    page: include_str!("missing_words.rs"),
};

/// Tells the languages that are missing.
pub fn check(zh: &str, en: &str, at: At, faults: &mut Faults) {
    for (key, text) in [("lang.zh", zh), ("lang.en", en)] {
        if text.trim().is_empty() {
            faults.add(Fault::new(&CHECK, if key == "lang.zh" { "zh" } else { "en" }, at));
        }
    }
}

/// Titles of documents that declare a mechanism.
pub fn titles(outlines: &[Vec<Block>], faults: &mut Faults) {
    for (index, outline) in outlines.iter().enumerate() {
        let title = outline.iter().find_map(|block| match block {
            Block::Heading { level: 1, text, range, .. } => Some((text, range)),
            _ => None,
        });
        let at = |start: usize, end: usize| At { source: index as u32, start: start as u32, end: end as u32 };
        match title {
            Some((text, range)) => {
                let words = title_words(text);
                check(&words.zh, &words.en, at(range.start, range.start + 2 + text.len()), faults);
            }
            None => faults.add(Fault::new(&CHECK, "title", at(0, 0))),
        }
    }
}
