//! A day of the calendar that cannot be found · 找不到的日历日期
//!
//! # What it does
//! Checks deadlines that end on a day of the calendar (`due`): they have no `within` beside it and no
//! `pauses`, what stands before `of` is a day, and what stands behind `of` is `week`, `month`, `quarter`, `year` or a field of type month
//! or date.
//!
//! # Why is this bad
//! Two rules for one deadline contradict each other, and a day of the calendar does not stand still.
//!
//! # Example
//! ```yaml
//! deadlines:
//!   pledge: { zh: 承诺期限, en: Pledge, starts: open, ends: pledge, due: day 5 of moth, basis: 县委通知 }
//! ```
//!
//! # Fix
//! ```yaml
//! deadlines:
//!   pledge: { zh: 承诺期限, en: Pledge, starts: open, ends: pledge, due: day 5 of month, basis: 县委通知 }
//! ```
//!
//! # 作用
//! 检查以日历日期为准的时限（`due`）：不能同时写 `within` 和 `pauses`；`of` 前面是一天的写法，`of` 后面是 `week`、`month`、`quarter`、`year`，或者月份、日期字段。
//!
//! # 为什么不好
//! 一个时限两条规定会互相矛盾；日历上的日子也不会停下来等人。

use crate::ast::Mechanism;
use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ304",
    name: "calendar-day",
    severity: Severity::Error,
    page: include_str!("calendar_day.rs"),
};

/// Both a span and a day.
pub fn both(at: At) -> Fault {
    Fault::new(&CHECK, "both", at)
}

/// What stands before `of` names no day.
pub fn phrase(at: At, day: &str) -> Fault {
    Fault::new(&CHECK, "phrase", at).with(day)
}

/// All deadlines that end on a day of the calendar.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for deadline in &mechanism.deadlines {
        let Some(due) = &deadline.due else { continue };
        if let Some(pause) = deadline.pauses.first() {
            faults.add(Fault::new(&CHECK, "pauses", pause.at).with(deadline.name.text()));
        }
        let Some(of) = &due.of else { continue };
        match mechanism.field(of.text()).map(|field| field.type_of()) {
            None if of.text() == "month" || mechanism.incomplete => {}
            None => {
                let fields = mechanism
                    .fields
                    .iter()
                    .filter(|field| matches!(field.type_of(), Some(Type::Month | Type::Date)))
                    .map(|field| field.name.text());
                let known = ["week", "month", "quarter", "year"].into_iter().chain(fields);
                faults.add(unknown_name::fault("kind.period", of.text(), of.at, known));
            }
            Some(Some(Type::Month | Type::Date) | None) => {}
            Some(_) => faults.add(Fault::new(&CHECK, "field", of.at).with(of.text())),
        }
    }
}
