//! A constraint that could not be kept · 守不住的约束
//!
//! # What it does
//! Checks `constraints`: each says one of `unique`, `no-overlap` and `balanced`; `unique` and
//! `no-overlap` go by fields that hold one simple value, are neither personal nor computed, or by what
//! stands in `within` (`parent` in a part only); `from` and `to` are both dates or both times; `while`
//! names states.
//!
//! # Why is this bad
//! The ledger would let two records through that the clause forbids, or refuse what nobody can mend.
//!
//! # Example
//! ```yaml
//! constraints:
//!   one-booking: { no-overlap: [venue], from: day, to: until, zh: 重复预订, en: Booked twice }
//!     # `day` is a date, `until` a time
//! ```
//!
//! # Fix
//! ```yaml
//! constraints:
//!   one-booking: { no-overlap: [venue], from: begins, to: until, zh: 重复预订, en: Booked twice }
//!     # both are times
//! ```
//!
//! # 作用
//! 检查 `constraints`：每条只写 `unique`、`no-overlap`、`balanced` 中的一种；`unique` 和 `no-overlap` 依据的字段只装一个简单的值，不是个人信息，也不是计算字段，或者依据 `within`（`parent` 只能写在分项里）；`from` 和 `to` 同为日期或者同为时间；`while` 写的是状态。
//!
//! # 为什么不好
//! 条款禁止的两个事项会一起通过，或者拒绝了谁也改不好的事。

use crate::ast::Mechanism;
use crate::checks::{Check, unknown_name};
use crate::constraint::{Constraint, Holds, Rule};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::{Type, Within};
use crate::source::Word;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ804",
    name: "constraint",
    severity: Severity::Error,
    page: include_str!("constraint.rs"),
};

/// None or several of the three rules.
pub fn one_rule(name: &Word) -> Fault {
    Fault::new(&CHECK, "rule", name.at).with(name.text())
}

/// Not exactly two sums.
pub fn two_sides(name: &Word) -> Fault {
    Fault::new(&CHECK, "sides", name.at).with(name.text())
}

/// The constraints of a mechanism.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    for constraint in &mechanism.constraints {
        let within = match &constraint.rule {
            Rule::Unique { fields, within } | Rule::NoOverlap { fields, within, .. } => {
                if fields.is_empty() && within.is_empty() {
                    faults
                        .add(Fault::new(&CHECK, "nothing", constraint.name.at).with(constraint.name.text()));
                }
                within.as_slice()
            }
            Rule::Balanced(..) => &[],
        };
        for word in within {
            match Within::read(word.text()) {
                None => {
                    let known = Within::ALL.iter().map(|within| within.word());
                    faults.add(unknown_name::fault("kind.within", word.text(), word.at, known));
                }
                Some(Within::Parent) if mechanism.parent.is_none() => {
                    faults.add(Fault::new(&CHECK, "no-parent", word.at));
                }
                Some(_) => {}
            }
        }
        for word in constraint.fields() {
            field(mechanism, word, faults);
        }
        ends(mechanism, constraint, faults);
        if let Holds::States(states) = &constraint.holds {
            for state in states.iter().filter(|state| mechanism.state(state.text()).is_none()) {
                if !mechanism.incomplete {
                    let known = mechanism.state_names().chain(["open", "always"]);
                    faults.add(unknown_name::fault("kind.state", state.text(), state.at, known));
                }
            }
        }
    }
}

fn field(mechanism: &Mechanism, word: &Word, faults: &mut Faults) {
    let Some(field) = mechanism.field(word.text()) else {
        if !mechanism.incomplete {
            faults.add(unknown_name::fault("kind.field", word.text(), word.at, mechanism.field_names()));
        }
        return;
    };
    let complex = matches!(
        field.type_of(),
        Some(Type::List(_) | Type::Rows(_) | Type::Point | Type::File | Type::Span)
    );
    let variant = match () {
        () if field.personal.is_some() => "personal",
        () if field.is.is_some() => "computed",
        () if complex => "complex",
        () => return,
    };
    faults.add(Fault::new(&CHECK, variant, word.at).with(word.text()));
}

fn ends(mechanism: &Mechanism, constraint: &Constraint, faults: &mut Faults) {
    let Rule::NoOverlap { from, to, .. } = &constraint.rule else { return };
    let ty = |word: &Word| mechanism.field(word.text()).and_then(|field| field.type_of());
    let (Some(first), Some(last)) = (ty(from), ty(to)) else { return };
    if first != last || !matches!(first, Type::Date | Type::Time) {
        faults.add(Fault::new(&CHECK, "ends", to.at).with(from.text()).with(to.text()));
    }
}
