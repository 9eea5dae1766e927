//! A view shows what no list may show · 视图显示了列表不能显示的内容
//!
//! # What it does
//! Finds personal fields in the columns, filters and marks of views, and whatever else does not fit
//! into a list: files, points and tables.
//!
//! # Why is this bad
//! Personal values are sealed and every look at one is recorded; a list would show them to whoever
//! passes by. Files and tables are read on the record's own page.
//!
//! # Example
//! ```yaml
//! views:
//!   all: { as: list, columns: [number, phone], zh: 全部, en: All }
//! ```
//!
//! # Fix
//! ```yaml
//! views:
//!   all: { as: list, columns: [number, title], zh: 全部, en: All }
//! ```
//!
//! # 作用
//! 找出视图的列、筛选和标记里的个人信息字段，以及放不进列表的附件、坐标和表格。
//!
//! # 为什么不好
//! 个人信息是加封的，每次查看都要留痕；列表会让路过的人都看见。附件和表格在事项自己的页面上看。

use crate::ast::Mechanism;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::view;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ821",
    name: "view-personal",
    severity: Severity::Error,
    page: include_str!("view_personal.rs"),
};

/// All views of a mechanism.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for word in mechanism.views.iter().flat_map(|view| view.fields()) {
        let Some(field) = mechanism.field(word.text()) else { continue };
        if field.personal.is_some() {
            faults.add(Fault::new(&CHECK, "personal", word.at).with(word.text()));
        } else if field.type_of().is_some_and(|ty| !view::in_columns(ty)) {
            faults.add(Fault::new(&CHECK, "wide", word.at).with(word.text()));
        }
    }
}
