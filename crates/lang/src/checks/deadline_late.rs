//! The step taken when late cannot be taken · 超时步骤走不了
//!
//! # What it does
//! Checks the step named by `late` or `then`: the system must be allowed to take it, and in every state in
//! which the deadline may run. A moment (`then`) is no limit: it has no `late`.
//!
//! # Why is this bad
//! When the time is over nothing would happen: no reminder, no chasing, no mark.
//!
//! # Example
//! ```yaml
//! deadlines:
//!   answer: { zh: 答复, en: Answer, starts: accept, ends: close, within: 5 days, late: chase }
//! steps:
//!   chase: { zh: 督办, en: Chase, from: accepted, to: same, by: dispatcher }
//! ```
//!
//! # Fix
//! ```yaml
//! steps:
//!   chase: { zh: 督办, en: Chase, from: [accepted, extended], to: same, by: [system, dispatcher] }
//! ```
//!
//! # 作用
//! 检查 `late`、`then` 所指的步骤：必须允许系统办理，而且在时限可能计时的每个状态都能办理。只标记时刻的（`then`）不是时限，没有 `late`。
//!
//! # 为什么不好
//! 到时间了什么也不会发生：没有提醒，没有督办，没有标记。

use crate::ast::Step;
use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::flow::Flow;
use crate::source::{At, Word};

/// The check.
pub const CHECK: Check = Check {
    code: "GZ303",
    name: "deadline-late",
    severity: Severity::Error,
    page: include_str!("deadline_late.rs"),
};

/// A moment with what only a limit has.
pub fn no_limit(deadline: &Word, at: At) -> Fault {
    Fault::new(&CHECK, "moment", at).with(deadline.text())
}

/// The steps of `late` and `then` over the states in which their deadlines run.
pub fn check(flow: &Flow<'_>, faults: &mut Faults) {
    let mechanism = flow.mechanism;
    for deadline in &mechanism.deadlines {
        let Some(late) = deadline.comes() else { continue };
        let Some(step) = mechanism.step(late.text()) else { continue };
        if !step.by_system() {
            faults.add(Fault::new(&CHECK, "by", late.at).with(step.name.text()));
        }
        let paused = |state: &str| deadline.pauses.iter().any(|pause| pause.value == state);
        let allowed = |state: &str| step.from.iter().any(|from| from.value == state);
        let running = flow.running(deadline);
        let missing: Vec<&str> =
            running.into_iter().filter(|state| !paused(state) && !allowed(state)).collect();
        if missing.is_empty() {
            continue;
        }
        // Mostly a step goes on without ending the deadline: name it.
        let ends = |step: &Step| deadline.ending().any(|end| end.value == step.name.value);
        let leads = |step: &&Step| {
            let from = step.from.iter().any(|from| paused(from.text()) || allowed(from.text()));
            from && !ends(step) && step.to.as_ref().is_some_and(|to| missing.contains(&to.text()))
        };
        let leading: Vec<&str> = mechanism.steps.iter().filter(leads).map(|step| step.name.text()).collect();
        let fault = Fault::new(&CHECK, "state", late.at).with(step.name.text()).with(missing.join("`, `"));
        faults.add(match leading.is_empty() {
            true => fault,
            false => fault.help("help.ends", vec![leading.join("`, `").into()]),
        });
    }
}
