//! Harmful pattern · 有害做法
//!
//! # What it does
//! Refuses what would turn the product against people, by its structure where that can be seen and by
//! its words: indicators over persons; scores and rankings of persons; check-ins; location trails (a list
//! of positions, a position asked again and again from the same staff, person, position and time asked
//! together); a running count kept on a person; lists of “key persons” and profiles; opinions on a
//! person's character. Scores of offices and rankings of work are no harm where the mechanism names a
//! unit and no person. The words stand in `crates/lang/data/harmful.txt`.
//!
//! A word that is harmless where it stands is explained beside it with `not-harmful: { zh, en }`; the
//! explanation is told at every check (`harmful-explained`). What the structure shows cannot be
//! explained away.
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
//! 不许把系统变成对付人的工具，能从结构看出的看结构，其余看用词：按个人统计指标，给个人打分、排名，打卡留痕，位置轨迹（位置的列表、同一岗位反复上报位置、同时询问人和位置和时间），在个人名下累计次数，“重点人员”名单和画像，对人品性格的评语。机制写明单位、不涉及个人的，可以给单位打分、给工作排序。词表在 `crates/lang/data/harmful.txt`。用词在所在之处无害的，在旁边用 `not-harmful: { zh, en }` 写明理由，每次检查都会提示（`harmful-explained`）；从结构看出的，不能用理由放行。
//!
//! # 为什么不好
//! 本系统为群众和干部服务，不是对付任何人的工具。考核工作和单位，不给个人打分；形式主义的负担是明令禁止的。

use gongzhi_base::Words;

use crate::ast::{Measure, Mechanism, Step, Who};
use crate::checks::{Check, harmful_explained};
use crate::diagnostic::{Fault, Faults, Severity};
use crate::expr::parse::Node;
use crate::model::Type;
use crate::source::Word;
use crate::walk;
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

/// Patterns with the key of what to write instead.
const PATTERNS: [(&str, &str); 6] = [
    ("harm.ranking", "help.harm.ranking"),
    ("harm.points", "help.harm.points"),
    ("harm.check-in", "help.harm.check-in"),
    ("harm.trail", "help.harm.trail"),
    ("harm.profile", "help.harm.profile"),
    ("harm.character", "help.harm.character"),
];

/// A pattern by its words.
struct Pattern {
    key: &'static str,
    help: &'static str,
    ascii: Vec<&'static str>,
    chinese: Vec<&'static str>,
}

/// The word list: `key: ascii words | Chinese words`.
fn patterns() -> &'static [Pattern] {
    const LIST: &str = include_str!("../../data/harmful.txt");
    static READ: std::sync::OnceLock<Vec<Pattern>> = std::sync::OnceLock::new();
    READ.get_or_init(|| {
        let read = |line: &'static str| {
            let (key, words) = line.split_once(':')?;
            let (key, help) = PATTERNS.into_iter().find(|(known, _)| *known == key)?;
            let (ascii, chinese) = words.split_once('|')?;
            let split = |words: &'static str| words.split_whitespace().collect();
            Some(Pattern { key, help, ascii: split(ascii), chinese: split(chinese) })
        };
        LIST.lines().filter_map(read).collect()
    })
}

impl Pattern {
    /// Whether a name or its Chinese words tell of it.
    fn told_by(&self, name: &str, zh: &str) -> bool {
        let parts: Vec<String> = name.split(['-', '_']).map(str::to_ascii_lowercase).collect();
        let joined = parts.join("-");
        let by_name = self.ascii.iter().any(|word| {
            parts.iter().any(|part| part == word) || (word.contains('-') && joined.contains(word))
        });
        by_name || self.chinese.iter().any(|word| zh.contains(word) || name.contains(word))
    }
}

/// Words and structures that tell of a harmful pattern.
pub fn check(world: &World<'_>, faults: &mut Faults) {
    for mechanism in &world.documents.mechanisms {
        words(mechanism, faults);
        lists(mechanism, faults);
        tallies(mechanism, faults);
        for step in &mechanism.steps {
            positions(mechanism, step, faults);
        }
        for dimension in mechanism.indicators.iter().flat_map(|indicator| &indicator.by) {
            if matches!(dimension.text(), "person" | "actor" | "post") {
                faults.add(by_person(dimension));
            }
        }
    }
}

/// Every declared name with its words, and whether it is a field of free text.
fn declared(mechanism: &Mechanism) -> Vec<(&Word, &str, bool)> {
    let mut out = vec![(&mechanism.name, mechanism.words.zh.as_str(), false)];
    for field in &mechanism.fields {
        let is_text = matches!(field.type_of(), Some(Type::Text));
        out.push((&field.name, field.zh.as_deref().unwrap_or(""), is_text));
        let options = field.options.iter().flatten();
        out.extend(options.map(|(name, words): &(Word, Words)| (name, words.zh.as_str(), false)));
    }
    out.extend(mechanism.states.iter().map(|one| (&one.name, one.words.zh.as_str(), false)));
    out.extend(mechanism.steps.iter().map(|one| (&one.name, one.words.zh.as_str(), false)));
    out.extend(mechanism.indicators.iter().map(|one| (&one.name, one.words.zh.as_str(), false)));
    out
}

fn words(mechanism: &Mechanism, faults: &mut Faults) {
    let offices = about_offices(mechanism);
    for (name, zh, is_text) in declared(mechanism) {
        let applies = |pattern: &&Pattern| match pattern.key {
            "harm.points" | "harm.ranking" => !offices,
            "harm.character" => is_text,
            _ => true,
        };
        let Some(found) = patterns().iter().filter(applies).find(|one| one.told_by(name.text(), zh)) else {
            continue;
        };
        match faults.explanation(name.at).cloned() {
            Some(reason) => faults.add(harmful_explained::fault(name, found.key, &reason)),
            None => faults.add(
                Fault::new(&CHECK, "name", name.at)
                    .with(name.text())
                    .with_key(found.key)
                    .help(found.help, vec![]),
            ),
        }
    }
}

/// Whether a mechanism is about the work of units: it names the unit in charge, nobody in person, and
/// is opened by nobody of the public.
fn about_offices(mechanism: &Mechanism) -> bool {
    let person = |ty: &Type| match ty {
        Type::List(item) => **item == Type::Person,
        ty => *ty == Type::Person,
    };
    let nobody =
        mechanism.fields.iter().all(|field| field.personal.is_none() && !field.type_of().is_some_and(person));
    mechanism.unit.is_some() && nobody && !mechanism.receipt
}

/// A list of positions: a place's outline is one too; anything else's would be a trail.
fn lists(mechanism: &Mechanism, faults: &mut Faults) {
    if mechanism.is_register("place") {
        return;
    }
    for field in &mechanism.fields {
        if field.type_of().is_some_and(|ty| *ty == Type::List(Box::new(Type::Point))) {
            let fault = Fault::new(&CHECK, "name", field.name.at).with(field.name.text());
            faults.add(fault.with_key("harm.trail").help("help.harm.trail", vec![]));
        }
    }
}

/// A position asked from staff in a step that can be taken again and again, or together with a person
/// and a time: in the ledger, which knows who acted and when, both are location trails.
fn positions(mechanism: &Mechanism, step: &Step, faults: &mut Faults) {
    // Where a place or a unit lies is a fact about it.
    if mechanism.is_register("place") || mechanism.is_register("unit") {
        return;
    }
    let asked = |wanted: fn(&Type) -> bool| {
        let of_type = |field: &str| mechanism.field(field).and_then(|f| f.type_of()).is_some_and(wanted);
        step.asks.iter().find(|ask| of_type(ask.field.text()))
    };
    let Some(point) = asked(|ty| *ty == Type::Point) else { return };
    let staff = step.by.iter().any(|who| matches!(who.value, Who::Role(_) | Who::RoleOf { .. }));
    let again =
        !step.opener && step.to.as_ref().is_none_or(|to| step.from.iter().any(|from| from.value == to.value));
    let told = if staff && again {
        Some("series")
    } else if asked(|ty| *ty == Type::Person).is_some()
        && asked(|ty| matches!(ty, Type::Time | Type::Date)).is_some()
    {
        Some("sighting")
    } else {
        None
    };
    if let Some(variant) = told {
        let fault = Fault::new(&CHECK, variant, point.field.at);
        let fault = fault.with(point.field.text()).with(step.name.text());
        faults.add(fault.help("help.harm.trail", vec![]));
    }
}

/// A count that goes up from step to step on a person's own record.
fn tallies(mechanism: &Mechanism, faults: &mut Faults) {
    if !mechanism.is_register("person") {
        return;
    }
    for (field, code) in mechanism.steps.iter().flat_map(|step| &step.set) {
        let counts = mechanism.field(field.text()).and_then(|one| one.type_of()) == Some(&Type::Int);
        let mut reads_itself = false;
        if let Some(tree) = &code.tree {
            walk::trees(tree, &mut |tree| {
                reads_itself |= matches!(&tree.node, Node::Name(name) if *name == field.value);
            });
        }
        if counts && reads_itself {
            let fault = Fault::new(&CHECK, "tally", field.at).with(field.text());
            faults.add(fault.help("help.harm.points", vec![]));
        }
    }
    // The sum of a person's own number is a score by another way.
    for indicator in &mechanism.indicators {
        if matches!(indicator.measure, Some(Measure::Sum(_))) {
            let fault = Fault::new(&CHECK, "tally", indicator.name.at).with(indicator.name.text());
            faults.add(fault.help("help.harm.points", vec![]));
        }
    }
}
