//! The block is no YAML · 代码块不是正确的 YAML
//!
//! # What it does
//! Reads each block as YAML 1.2 and tells where reading stopped. Aliases, keys that are no words,
//! several documents in one block and very deep nesting are refused too.
//!
//! # Why is this bad
//! Nothing of a block that cannot be read takes effect, and what it declares is missing everywhere
//! else.
//!
//! # Example
//! ```yaml
//! states:
//!   open: { zh: 待办, en: Open
//! ```
//!
//! # Fix
//! ```yaml
//! states:
//!   open: { zh: 待办, en: Open }
//! ```
//!
//! # 作用
//! 按 YAML 1.2 读取每个代码块，指出读到哪里停下。不接受别名、不是词的键、一块多篇和过深的嵌套。
//!
//! # 为什么不好
//! 读不出来的代码块完全不起作用，其中声明的内容在别处也都找不到。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ001",
    name: "yaml-syntax",
    severity: Severity::Error,
    page: include_str!("yaml_syntax.rs"),
};

/// What the parser's own words come down to, by a part of them; the first that is found.
const REASONS: [(&str, &str); 14] = [
    ("flow sequence", "yaml.list"),
    ("flow mapping", "yaml.mapping"),
    ("flow construct", "yaml.open"),
    ("quoted scalar, found unexpected", "yaml.quote"),
    ("in quoted scalar", "yaml.quote"),
    ("trailing content", "yaml.trailing"),
    ("escape", "yaml.escape"),
    ("tab", "yaml.tab"),
    ("simple key", "yaml.key"),
    ("expected key", "yaml.key"),
    ("mapping values", "yaml.colon"),
    ("indentation", "yaml.indent"),
    ("anchor", "yaml.anchor"),
    ("sequence entries", "yaml.dash"),
];

/// Reading stopped here; the parser's own words say why.
pub fn syntax(at: At, info: &str) -> Fault {
    let reason = REASONS.iter().find(|(part, _)| info.contains(part)).map_or("yaml.other", |(_, key)| key);
    Fault::new(&CHECK, "syntax", at).with_key(reason)
}

/// An alias or anchor.
pub fn alias(at: At) -> Fault {
    Fault::new(&CHECK, "alias", at)
}

/// A second document in one block.
pub fn several(at: At) -> Fault {
    Fault::new(&CHECK, "several", at)
}

/// Nested too deeply.
pub fn deep(at: At) -> Fault {
    Fault::new(&CHECK, "deep", at)
}

/// A key that is a list or a mapping, or nothing.
pub fn key(at: At) -> Fault {
    Fault::new(&CHECK, "key", at)
}
