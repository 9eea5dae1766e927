//! A printed document that could not be printed · 无法打印的文书
//!
//! # What it does
//! Checks `prints` of a mechanism: each piece is one of `heading`, `text`, `right`, `facts`, `rows` and
//! `parts`; its names are fields, states and parts that are there; tables are tables; nothing personal, no
//! file, point or record stands in it.
//!
//! # Why is this bad
//! The paper that people sign would lack what they sign for, or would show personal data to whoever holds it.
//!
//! # Example
//! ```yaml
//! prints:
//!   minutes: { zh: 会议纪要, en: Minutes, body: [ { rows: place } ] }   # `place` is no table
//! ```
//!
//! # Fix
//! ```yaml
//! prints:
//!   minutes: { zh: 会议纪要, en: Minutes, body: [ { rows: agenda } ] }
//! ```
//!
//! # 作用
//! 检查机制的 `prints`：每一段是 `heading`、`text`、`right`、`facts`、`rows`、`parts` 之一；所用名称是已有的字段、状态和分项；表格确是表格；不含个人信息、附件、坐标和事项。
//!
//! # 为什么不好
//! 拿去签字的文书缺了内容，或者把个人信息交给了拿到纸的人。

use crate::ast::{Field, Mechanism};
use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::print::{BUILT_IN, Piece, Print};
use crate::source::{At, Word};
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ843", name: "print", severity: Severity::Error, page: include_str!("print.rs") };

/// No piece, or several in one.
pub fn piece(at: At) -> Fault {
    Fault::new(&CHECK, "piece", at)
}

/// All printed documents.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in world.documents.mechanisms.iter().filter(|mechanism| !mechanism.incomplete) {
        for print in &mechanism.prints {
            one(world, mechanism, print, faults);
        }
    }
}

fn one(world: &World<'_>, mechanism: &Mechanism, print: &Print, faults: &mut Faults) {
    for word in &print.states {
        if mechanism.state(word.text()).is_none() {
            let known = mechanism.state_names();
            faults.add(unknown_name::fault("kind.state", word.text(), word.at, known));
        }
    }
    for word in print.fields() {
        field(mechanism, word, faults);
    }
    for piece in &print.body {
        match piece {
            Piece::Rows(word) => {
                let ty = mechanism.field(word.text()).and_then(|field| field.type_of());
                if ty.is_some_and(|ty| !matches!(ty, Type::Rows(_))) {
                    faults.add(Fault::new(&CHECK, "rows", word.at).with(word.text()));
                }
            }
            Piece::Facts(words) => {
                let table = |word: &&Word| {
                    let field = mechanism.field(word.text()).and_then(Field::type_of);
                    matches!(field, Some(Type::Rows(_)))
                };
                for word in words.iter().filter(table) {
                    faults.add(Fault::new(&CHECK, "table", word.at).with(word.text()));
                }
            }
            Piece::Parts { mechanism: name, columns } => {
                let Some(part) = world.mechanism(name.text()) else {
                    let known = world.mechanism_names();
                    faults.add(unknown_name::fault("kind.mechanism", name.text(), name.at, known));
                    continue;
                };
                if part.parent.as_ref().is_none_or(|parent| parent.value != mechanism.name.value) {
                    faults.add(
                        Fault::new(&CHECK, "parts", name.at).with(name.text()).with(mechanism.name.text()),
                    );
                }
                for word in columns.iter().filter(|word| !BUILT_IN.contains(&word.text())) {
                    field(part, word, faults);
                }
            }
            Piece::Heading { .. } | Piece::Text { .. } | Piece::Right { .. } => {}
        }
    }
}

/// A field that is there and may be printed.
fn field(mechanism: &Mechanism, word: &Word, faults: &mut Faults) {
    let Some(field) = mechanism.field(word.text()) else {
        let known = mechanism.field_names().chain(BUILT_IN);
        faults.add(unknown_name::fault("kind.field", word.text(), word.at, known));
        return;
    };
    let item = match field.type_of() {
        Some(Type::List(item)) => Some(&**item),
        ty => ty,
    };
    let hidden = field.personal.is_some() || matches!(item, Some(Type::File | Type::Point | Type::Record(_)));
    if hidden {
        faults.add(Fault::new(&CHECK, "field", word.at).with(word.text()));
    }
}
