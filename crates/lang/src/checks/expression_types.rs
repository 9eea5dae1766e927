//! Types do not fit · 类型不符
//!
//! # What it does
//! Checks every operator, function and computed value against the types of the fields, columns and
//! registers, and refuses what has no meaning where it stands: `actor` where nobody acts, `now` where
//! time alone would change the answer.
//!
//! # Why is this bad
//! The expression would never give what its author meant, and the mistake would show only on a
//! resident's matter.
//!
//! # Example
//! ```yaml
//! set: { reporters: "reporters + 'one'" }
//! ```
//!
//! # Fix
//! ```yaml
//! set: { reporters: "reporters + 1" }
//! ```
//!
//! # 作用
//! 对照字段、目录列和台账的类型，核对每个运算、函数和计算值；在没有意义的地方不许使用：没有人办理的地方不能用 `actor`，单凭时间就会变化的地方不能用 `now`。
//!
//! # 为什么不好
//! 这样的表达式永远得不出本意，而且错误要到群众的事项上才显露出来。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::model::Type;
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ402",
    name: "expression-types",
    severity: Severity::Error,
    page: include_str!("expression_types.rs"),
};

/// A value of another type than wanted.
pub fn mismatch(at: At, wanted: &Type, found: &Type) -> Fault {
    Fault::new(&CHECK, "mismatch", at).with_key(kind(wanted)).with_key(kind(found))
}

/// Two operands that do not go together.
pub fn operands(at: At, left: &Type, right: &Type) -> Fault {
    Fault::new(&CHECK, "operands", at).with_key(kind(left)).with_key(kind(right))
}

/// A type without an order.
pub fn unordered(at: At, found: &Type) -> Fault {
    Fault::new(&CHECK, "unordered", at).with_key(kind(found))
}

/// `in` without a list.
pub fn list_wanted(at: At, found: &Type) -> Fault {
    Fault::new(&CHECK, "list", at).with_key(kind(found))
}

/// `count` or `sum` over something else than a table.
pub fn rows_wanted(at: At, found: &Type) -> Fault {
    Fault::new(&CHECK, "rows", at).with_key(kind(found))
}

/// `.name` of something without members.
pub fn no_members(at: At, name: &str, found: &Type) -> Fault {
    Fault::new(&CHECK, "members", at).with(name).with_key(kind(found))
}

/// `size` of something else than a text or list.
pub fn no_size(at: At, found: &Type) -> Fault {
    Fault::new(&CHECK, "size", at).with_key(kind(found))
}

/// A number of arguments that the function does not take.
pub fn arguments(at: At, name: &str, wanted: usize, found: usize) -> Fault {
    Fault::new(&CHECK, "arguments", at).with(name).with(wanted).with(found)
}

/// Something else than a field in `has`.
pub fn field_wanted(at: At) -> Fault {
    Fault::new(&CHECK, "field", at)
}

/// Something computed where a quoted name is needed.
pub fn literal_wanted(at: At) -> Fault {
    Fault::new(&CHECK, "literal", at)
}

/// `null` written out.
pub fn null(at: At) -> Fault {
    Fault::new(&CHECK, "null", at).help("help.has", Vec::new())
}

/// A word that has no meaning where the expression stands.
pub fn not_here(at: At, name: &str) -> Fault {
    Fault::new(&CHECK, "not-here", at).with(name)
}

/// A type's key in the locale files.
pub fn kind(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "type.bool",
        Type::Int => "type.int",
        Type::Text => "type.text",
        Type::Date => "type.date",
        Type::Time => "type.time",
        Type::Span => "type.span",
        Type::Choice(_) => "type.choice",
        Type::Entry(_) => "type.entry",
        Type::Place => "type.place",
        Type::Unit => "type.unit",
        Type::Person => "type.person",
        Type::Record(_) => "type.record",
        Type::Point => "type.point",
        Type::File => "type.file",
        Type::List(_) => "type.list",
        Type::Rows(_) => "type.rows",
        Type::Month => "type.month",
    }
}
