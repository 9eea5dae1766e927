//! How a deadline was computed: start, days counted, days skipped and why, pauses, clause.

use askama::Template;
use serde::Deserialize;

use super::{Link, Shell, Tone};

/// When something is due, in short.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Due {
    /// The moment: `11月25日 17:00`.
    pub at: String,
    /// The same for machines: `2026-11-25T17:00`.
    pub iso: String,
    /// How far away: `还剩 2 天`, `超 3 小时`.
    pub relative: String,
    /// How it stands.
    pub tone: Tone,
    /// The page that explains it; empty for none.
    pub why: String,
}

/// A deadline with its derivation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Derivation {
    /// What is due: `答复`.
    pub title: String,
    /// Whose duty it is; empty where nobody has it yet.
    pub owner: String,
    /// The outcome.
    pub due: Due,
    /// The rule in words: `5 个工作日`.
    pub rule: String,
    /// The clause that sets it.
    pub clause: Link,
    /// The clause's own words; empty when not at hand.
    pub quote: String,
    /// The steps of the computation in order: start, pauses, extensions, moves off a holiday, end.
    pub steps: Vec<DerivationStep>,
    /// The days from start to end, for limits in days; empty for limits in hours.
    pub days: Vec<Day>,
    /// Which version of the document and of the calendar it was computed with.
    pub version: String,
    /// Whether the duty is done, and when; empty when open.
    pub met: String,
}

/// A step of the computation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DerivationStep {
    /// When, as shown.
    pub when: String,
    /// What happened to the count and why.
    pub text: String,
    /// The clause of this step, where it has one of its own.
    pub clause: Option<Link>,
    /// Plain for start and end, paused for pauses, info for moves.
    pub tone: Tone,
}

/// A day between start and end.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Day {
    /// As shown: `25` or `11月25日`.
    pub label: String,
    /// The same for machines: `2026-11-25`.
    pub iso: String,
    /// Day of the week, 1 for Monday to 7 for Sunday.
    pub weekday: u8,
    /// What it is in the count.
    pub kind: DayKind,
    /// The count (`第 2 天`), or why it is skipped (`周末`, `国庆节`, `等补充材料`).
    pub note: String,
}

/// What a day is in the count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DayKind {
    /// The day it began, which does not count.
    Start,
    /// It counts.
    #[default]
    Counted,
    /// It does not count: weekend or holiday.
    Skipped,
    /// It does not count: the clock stood still.
    Paused,
    /// The last day.
    Due,
}

impl DayKind {
    /// The class suffix.
    pub fn code(self) -> &'static str {
        match self {
            DayKind::Start => "start",
            DayKind::Counted => "counted",
            DayKind::Skipped => "skipped",
            DayKind::Paused => "paused",
            DayKind::Due => "due",
        }
    }
}

impl Derivation {
    /// The days in weeks of seven, Monday first; `None` fills the first and the last week up.
    pub fn weeks(&self) -> Vec<Vec<Option<&Day>>> {
        let mut weeks: Vec<Vec<Option<&Day>>> = Vec::new();
        for day in &self.days {
            let column = usize::from(day.weekday.clamp(1, 7) - 1);
            let fits = weeks.last().is_some_and(|week| week.len() <= column);
            if !fits {
                weeks.push(Vec::new());
            }
            if let Some(week) = weeks.last_mut() {
                week.resize(column, None);
                week.push(Some(day));
            }
        }
        for week in &mut weeks {
            week.resize(7, None);
        }
        weeks
    }
}

/// The page that explains a deadline.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "why.html")]
pub struct WhyPage {
    /// The frame.
    pub s: Shell,
    /// The record it belongs to.
    pub record: Link,
    /// What the record is about.
    pub subject: String,
    /// The deadlines explained, the one asked for first.
    pub derivations: Vec<Derivation>,
}

impl Shell {
    /// A moment with its distance, to be printed with `|safe`.
    pub fn due<'a>(&'a self, due: &'a Due) -> DueTemplate<'a> {
        DueTemplate { s: self, due, short: false }
    }

    /// A moment with its distance but without the link that explains it, for lists; to be printed with `|safe`.
    pub fn due_short<'a>(&'a self, due: &'a Due) -> DueTemplate<'a> {
        DueTemplate { s: self, due, short: true }
    }

    /// A derivation, to be printed with `|safe`.
    pub fn derivation<'a>(&'a self, derivation: &'a Derivation) -> DerivationTemplate<'a> {
        DerivationTemplate { s: self, d: derivation }
    }
}

/// Prints a moment with its distance.
#[derive(Debug, Template)]
#[template(path = "part/due.html")]
pub struct DueTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The moment.
    pub due: &'a Due,
    /// Whether the link that explains it is left out.
    pub short: bool,
}

/// Prints a derivation.
#[derive(Debug, Template)]
#[template(path = "part/derivation.html")]
pub struct DerivationTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The derivation.
    pub d: &'a Derivation,
}
