//! The number cannot be counted · 编号格式不对
//!
//! # What it does
//! Checks the form of `number`: plain characters, `{yyyy}`, `{mm}`, `{dd}` and exactly one counter
//! `{n:6}` with 1 to 9 digits. As the counter begins anew each year, the year must stand in the number.
//! A part may be numbered under its parent: `{parent}.{n}`. No two mechanisms have the same format.
//!
//! # Why is this bad
//! Two records would carry the same number, on receipts that people keep.
//!
//! # Example
//! ```yaml
//! number: "W-{n}"
//! ```
//!
//! # Fix
//! ```yaml
//! number: "W{yyyy}-{n:6}"
//! ```
//!
//! # 作用
//! 检查 `number` 的格式：普通字符、`{yyyy}`、`{mm}`、`{dd}` 和恰好一个 1 至 9 位的计数 `{n:6}`。计数每年重新开始，所以编号里必须有年份。分项可以在上级编号下编号：`{parent}.{n}`。两种机制不能用同一个格式。
//!
//! # 为什么不好
//! 两个事项会有相同的编号，而回执已经在群众手里。

use std::collections::BTreeMap;

use crate::ast::Mechanism;
use crate::checks::{Check, World};
use crate::diagnostic::{Fault, Faults, Severity};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ802",
    name: "number-format",
    severity: Severity::Error,
    page: include_str!("number_format.rs"),
};

/// The form of all numbers; parts have their parent's number before theirs.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for mechanism in &world.documents.mechanisms {
        form(mechanism, faults);
        let Some(number) = mechanism.number.as_ref().filter(|number| !number.text().contains("{parent}"))
        else {
            continue;
        };
        if let Some(first) = known.insert(without_width(number.text()), mechanism.name.text()) {
            faults.add(Fault::new(&CHECK, "twice", number.at).with(first));
        }
    }
}

/// Counters of any width give the same numbers once they have outgrown the smaller one.
fn without_width(format: &str) -> String {
    match format.split_once("{n:") {
        Some((before, after)) => {
            format!("{before}{{n:{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => format.to_owned(),
    }
}

fn form(mechanism: &Mechanism, faults: &mut Faults) {
    let Some(number) = &mechanism.number else { return };
    let mut rest = number.text();
    let (mut counters, mut years, mut under) = (0, 0, 0);
    while let Some(open) = rest.find(['{', '}']) {
        let slot = rest[open..].find('}').map(|close| &rest[open..open + close + 1]);
        match slot {
            Some("{yyyy}") => years += 1,
            Some("{mm}" | "{dd}") => {}
            Some("{parent}") if mechanism.parent.is_some() => under += 1,
            Some("{n}") if mechanism.parent.is_some() => counters += 1,
            Some(slot) if is_counter(slot) => counters += 1,
            slot => {
                let wrong = slot.unwrap_or(&rest[open..]);
                faults.add(Fault::new(&CHECK, "slot", number.at).with(wrong));
                return;
            }
        }
        rest = &rest[open + slot.map_or(1, str::len)..];
    }
    // Under a parent the counter goes on for each parent, and the parent's number holds the year.
    let plain = number.text().contains("{n}");
    if counters != 1 || plain != (under == 1) {
        faults.add(Fault::new(&CHECK, "counter", number.at));
    } else if years == 0 && under == 0 {
        faults.add(Fault::new(&CHECK, "year", number.at));
    }
}

fn is_counter(slot: &str) -> bool {
    let digits = slot.strip_prefix("{n:").and_then(|rest| rest.strip_suffix('}'));
    digits.is_some_and(|digits| digits.len() == 1 && matches!(digits.as_bytes()[0], b'1'..=b'9'))
}
