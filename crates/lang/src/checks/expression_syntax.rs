//! The expression cannot be read · 表达式读不出来
//!
//! # What it does
//! Reads each condition and computed value by the grammar of expressions and tells where reading
//! stopped.
//!
//! # Why is this bad
//! A condition that cannot be read guards nothing.
//!
//! # Example
//! ```yaml
//! needs: [{ when: "size(what) = 4", zh: 太短, en: too short }]
//! ```
//!
//! # Fix
//! ```yaml
//! needs: [{ when: "size(what) >= 4", zh: 太短, en: too short }]
//! ```
//!
//! # 作用
//! 按表达式的语法读取每个条件和计算值，指出读到哪里停下。
//!
//! # 为什么不好
//! 读不出来的条件起不到把关作用。

use std::ops::Range;

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::expr::lex::Why;
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ401",
    name: "expression-syntax",
    severity: Severity::Error,
    page: include_str!("expression_syntax.rs"),
};

/// Where reading stopped: the sign itself, or the last one at the end.
pub fn place(code: At, range: &Range<usize>, text: &str) -> At {
    let end = text.len();
    if range.start < range.end || end == 0 {
        return code.part(range.start.min(end)..range.end.min(end));
    }
    let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
    code.part(last..end)
}

/// Why the text is no expression.
pub fn fault(at: At, why: Why) -> Fault {
    match why {
        Why::Sign('=') => Fault::new(&CHECK, "sign", at).with("=").help("help.write", vec!["==".into()]),
        Why::Sign(c) | Why::FullWidth(c) => {
            let help = match c {
                '&' => Some("&&"),
                '|' => Some("||"),
                _ => None,
            };
            let fault = Fault::new(&CHECK, "sign", at).with(c.to_string());
            match help {
                Some(help) => fault.help("help.write", vec![help.into()]),
                None => fault,
            }
        }
        Why::OpenText => Fault::new(&CHECK, "open-text", at),
        Why::Number => Fault::new(&CHECK, "number", at),
        Why::Unexpected(token) => Fault::new(&CHECK, "unexpected", at).with(token),
        Why::Ended => Fault::new(&CHECK, "ended", at),
        Why::Deep => Fault::new(&CHECK, "deep", at),
    }
}
