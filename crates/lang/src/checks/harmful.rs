//! Harmful pattern · 有害做法
//!
//! # What it does
//! Refuses indicators over persons, and fields, states, steps, indicators and mechanisms whose names
//! tell of ranking or scoring people, of check-ins and of location trails.
//!
//! # Why is this bad
//! The product serves residents and staff; it is no instrument against either. Work and offices are
//! measured, people are not; forms of show are a burden that the rules forbid.
//!
//! # Example
//! ```yaml
//! indicators:
//!   busiest: { zh: 个人排名, en: Ranking of staff, count: "true", by: [person] }
//! ```
//!
//! # Fix
//! ```yaml
//! indicators:
//!   handled: { zh: 办理数, en: Matters handled, count: "true", by: [unit, month] }
//! ```
//!
//! # 作用
//! 不许按个人统计指标，也不许字段、状态、步骤、指标、机制的名称带有给人排名打分、打卡留痕、位置轨迹的意思。
//!
//! # 为什么不好
//! 本系统为群众和干部服务，不是对付任何人的工具。考核工作和单位，不给个人打分；形式主义的负担是明令禁止的。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::model::Type;
use crate::source::Word;
use crate::world::World;

/// The check.
pub const CHECK: Check =
    Check { code: "GZ901", name: "harmful", severity: Severity::Error, page: include_str!("harmful.rs") };

/// An indicator about something else than work.
pub fn about(word: &Word) -> Fault {
    Fault::new(&CHECK, "about", word.at).with(word.text())
}

/// An indicator counted by person.
pub fn by_person(word: &Word) -> Fault {
    Fault::new(&CHECK, "person", word.at).with(word.text())
}

/// Patterns by their words: `key: ascii words | Chinese words`.
fn patterns() -> impl Iterator<Item = (&'static str, Vec<&'static str>, Vec<&'static str>)> {
    const LIST: &str = include_str!("../../data/harmful.txt");
    const KEYS: [&str; 4] = ["harm.ranking", "harm.points", "harm.check-in", "harm.trail"];
    LIST.lines().filter_map(|line| {
        let (key, words) = line.split_once(':')?;
        let key = KEYS.into_iter().find(|known| *known == key)?;
        let (ascii, chinese) = words.split_once('|')?;
        Some((key, ascii.split_whitespace().collect(), chinese.split_whitespace().collect()))
    })
}

/// The pattern that a name or its Chinese words tell of.
fn pattern(name: &str, zh: &str) -> Option<&'static str> {
    let parts: Vec<String> = name.split(['-', '_']).map(str::to_ascii_lowercase).collect();
    let joined = parts.join("-");
    let found = patterns().find(|(_, ascii, chinese)| {
        let by_name = ascii.iter().any(|word| {
            parts.iter().any(|part| part == word) || (word.contains('-') && joined.contains(word))
        });
        by_name || chinese.iter().any(|word| zh.contains(word) || name.contains(word))
    });
    found.map(|(key, ..)| key)
}

/// Names that tell of a harmful pattern.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        let fields = mechanism.fields.iter().map(|field| (&field.name, field.zh.as_deref().unwrap_or("")));
        let states = mechanism.states.iter().map(|state| (&state.name, state.words.zh.as_str()));
        let steps = mechanism.steps.iter().map(|step| (&step.name, step.words.zh.as_str()));
        let indicators = mechanism.indicators.iter().map(|one| (&one.name, one.words.zh.as_str()));
        let own = [(&mechanism.name, mechanism.words.zh.as_str())];
        for (name, zh) in fields.chain(states).chain(steps).chain(indicators).chain(own) {
            if let Some(key) = pattern(name.text(), zh) {
                faults.add(Fault::new(&CHECK, "name", name.at).with(name.text()).with_key(key));
            }
        }
        for field in &mechanism.fields {
            let points = field.type_of().is_some_and(|ty| *ty == Type::List(Box::new(Type::Point)));
            // A place's outline is a list of points too; a person's would be a trail.
            if points && !mechanism.is_register("place") {
                faults.add(
                    Fault::new(&CHECK, "name", field.name.at).with(field.name.text()).with_key("harm.trail"),
                );
            }
        }
        for dimension in mechanism.indicators.iter().flat_map(|indicator| &indicator.by) {
            if matches!(dimension.text(), "person" | "actor" | "post") {
                faults.add(by_person(dimension));
            }
        }
    }
}
