//! A mechanism is left out of the volumes · 机制没有计入工作量
//!
//! # What it does
//! Finds mechanisms of which people take steps, while the file of volumes names none of these steps. It runs
//! when volumes are given (`gongzhi check --volumes`, `gongzhi burden --volumes`).
//!
//! # Why is this bad
//! What has no volume is counted as if it were never done: the burden looks smaller than it is, and a
//! budget that is kept says nothing.
//!
//! # Example
//! ```toml
//! [steps.meeting]   # the documents also have `follow-up`, and people report its results
//! call = { planner = 1.5 }
//! ```
//!
//! # Fix
//! Write down how often a month its steps are taken. What is truly not done gets a zero, so that the file says so:
//! ```toml
//! [steps.follow-up]
//! report = { officer = 3 }
//! ```
//!
//! # 作用
//! 文件里有人要办的机制，工作量文件里却一个步骤都没有写的，逐个指出。给出工作量时才检查（`gongzhi check --volumes`、`gongzhi burden --volumes`）。
//!
//! # 为什么不好
//! 没有写工作量，就等于当它从来不办：负担看起来比实际小，没有超限额也说明不了什么。

use crate::checks::Check;
use crate::diagnostic::{Fault, Severity};
use crate::source::At;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ862", name: "uncounted", severity: Severity::Error, page: include_str!("uncounted.rs") };

/// A mechanism that the volumes leave out; `steps` are those that people take, `at` is where the file begins.
pub fn fault(mechanism: &str, steps: &str, at: At) -> Fault {
    Fault::new(&CHECK, "", at).with(mechanism).help("help.count", vec![mechanism.into(), steps.into()])
}
