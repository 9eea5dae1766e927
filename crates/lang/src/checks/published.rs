//! Something is published that is not public · 公示了不公开的内容
//!
//! # What it does
//! Finds fields of `published` without `audience: public`, and records that would be published under a
//! title that is not public.
//!
//! # Why is this bad
//! What stands on the page of a place is read by everybody, without an account. A field that is meant
//! for the staff must not get there because of its name in a list.
//!
//! # Example
//! ```yaml
//! title: deed
//! published: { shows: [remark], purpose: { zh: 接受监督, en: So that it can be watched over } }
//! fields:
//!   deed: { type: text, audience: public, zh: 承诺事项, en: Deed }
//!   remark: { type: text, zh: 内部意见, en: Remark }
//! ```
//!
//! # Fix
//! ```yaml
//! title: deed
//! published: { shows: [result], purpose: { zh: 接受监督, en: So that it can be watched over } }
//! fields:
//!   deed: { type: text, audience: public, zh: 承诺事项, en: Deed }
//!   result: { type: text, audience: public, zh: 办理结果, en: Result }
//! ```
//!
//! # 作用
//! 找出 `published` 里没有写 `audience: public` 的字段，以及标题不公开的事项。
//!
//! # 为什么不好
//! 公示页谁都能看，不用登录。给工作人员看的内容，不能因为写进一个清单就公开了。

use crate::ast::Mechanism;
use crate::checks::{Check, unknown_name};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::source::{At, Word};

/// The check.
pub const CHECK: Check =
    Check { code: "GZ845", name: "published", severity: Severity::Error, page: include_str!("published.rs") };

/// What a mechanism publishes.
pub fn check(mechanism: &Mechanism, faults: &mut Faults) {
    let Some(published) = &mechanism.published else { return };
    let mut one = |word: &Word, at: At| match mechanism.field(word.text()) {
        Some(field) if field.personal.is_some() || field.public != Some(true) => {
            faults.add(Fault::new(&CHECK, "", at).with(word.text()));
        }
        Some(_) => {}
        None if mechanism.incomplete => {}
        None => faults.add(unknown_name::fault("kind.field", word.text(), at, mechanism.field_names())),
    };
    published.shows.iter().for_each(|word| one(word, word.at));
    // A title that names no field is told where it stands.
    let title = mechanism.title.as_ref().filter(|title| mechanism.field(title.text()).is_some());
    if let Some(title) = title {
        one(title, published.at);
    }
}
