//! Burden: what the documents ask of people, in fields and minutes.
//!
//! The time of a field follows from its type (`data/minutes.txt`, reasons in `docs/burden.md`); how often a
//! step is taken comes as volumes. Fields that a rule computes cost nobody anything, and steps of the
//! product itself neither.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::checks::{over_budget, uncounted};
use crate::diagnostic::Fault;
use crate::model::{Entry, Field, Library, Mechanism, Step, Type, Who};
use crate::source::At;

/// Of ten people who may leave a field empty, three fill it.
const FILLED: u32 = 3;
/// A list is filled with two items in general.
const ITEMS: u32 = 2;

/// Seconds by type: the first of each line of the table.
fn table() -> &'static BTreeMap<&'static str, u32> {
    static TABLE: OnceLock<BTreeMap<&'static str, u32>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let read = |line: &'static str| {
            let (name, rest) = line.split_once(':')?;
            Some((name.trim(), rest.split('|').next()?.trim().parse().ok()?))
        };
        include_str!("../data/minutes.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(read)
            .collect()
    })
}

fn of(name: &str) -> u32 {
    table().get(name).copied().unwrap_or_default()
}

/// Seconds that filling a field of one value, or of a list, takes.
fn seconds(field: &Field) -> u32 {
    of_type(field, &field.ty)
}

/// How many rows of a table are filled: one for each lowest entry of its catalogue (where a field chooses the
/// entry above them, as many as the entries above have on the average), what the document says, or as in a list.
fn rows(library: &Library, field: &Field) -> u32 {
    let Some(each) = &field.each else {
        let least = field.min.and_then(|min| u32::try_from(min).ok()).unwrap_or_default();
        return field.usual.unwrap_or(ITEMS.max(least));
    };
    let Some(catalogue) = library.catalogues.get(each) else { return ITEMS };
    let above: BTreeSet<&str> =
        catalogue.entries.values().filter_map(|entry| entry.parent.as_deref()).collect();
    let lowest: Vec<&Entry> =
        catalogue.entries.values().filter(|entry| !above.contains(entry.code.as_str())).collect();
    let groups: BTreeSet<&str> = lowest.iter().filter_map(|entry| entry.parent.as_deref()).collect();
    let among = if field.under.is_some() { groups.len().max(1) } else { 1 };
    u32::try_from(lowest.len().div_ceil(among)).unwrap_or(u32::MAX)
}

/// What asking a field costs: a table as many fields as cells are filled.
pub fn asked(library: &Library, field: &Field) -> Cost {
    if !matches!(field.ty, Type::Rows(_)) {
        return Cost { fields: 1, optional: 0, seconds: seconds(field) };
    }
    let rows = rows(library, field);
    let mut row = Cost { seconds: of("rows"), ..Cost::default() };
    for column in &field.columns {
        row.add(Cost { fields: 1, optional: 0, seconds: seconds(&column.field) }, column.optional);
    }
    Cost { fields: rows * row.fields, optional: rows * row.optional, seconds: rows * row.seconds }
}

fn of_type(field: &Field, ty: &Type) -> u32 {
    match ty {
        Type::Text if field.lines > 1 => of("long-text"),
        Type::Text => of("text"),
        Type::Int if field.amount => of("amount"),
        Type::Int => of("count"),
        Type::Date => of("date"),
        Type::Time => of("time"),
        Type::Span => of("span"),
        Type::Bool => of("bool"),
        Type::Choice(_) => of("choice"),
        Type::Entry(_) => of("entry"),
        Type::Place => of("place"),
        Type::Unit => of("unit"),
        Type::Person => of("person"),
        Type::Record(_) => of("record"),
        Type::Point => of("point"),
        Type::File if field.photo => of("photo"),
        Type::File => of("file"),
        Type::List(item) => ITEMS * of_type(field, item),
        Type::Month => of("date"),
        // Tables are counted by their cells; none stands in a list or a cell.
        Type::Rows(_) => 0,
    }
}

/// What one taking of a step costs whoever takes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cost {
    /// Fields asked, with those that may stay empty; of a table its cells.
    pub fields: u32,
    /// How many of them may stay empty.
    pub optional: u32,
    pub seconds: u32,
}

impl Cost {
    /// Adds what asking something costs, or may cost where it may stay empty.
    fn add(&mut self, more: Cost, optional: bool) {
        self.fields += more.fields;
        match optional {
            true => {
                self.optional += more.fields;
                self.seconds += of("optional") + more.seconds * FILLED / 10;
            }
            false => {
                self.optional += more.optional;
                self.seconds += more.seconds;
            }
        }
    }
}

/// The cost of a step: what it asks, and opening it at all.
pub fn cost(library: &Library, mechanism: &Mechanism, step: &Step) -> Cost {
    let mut cost = Cost { seconds: of("step"), ..Cost::default() };
    for ask in &step.asks {
        let Some(field) = mechanism.field(&ask.field) else { continue };
        cost.add(asked(library, field), ask.optional);
    }
    cost
}

/// How often steps are taken a month.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Volumes {
    /// By mechanism and step, then by role, in thousandths; the empty role stands for all who may take
    /// the step, in equal shares.
    pub steps: BTreeMap<(String, String), BTreeMap<String, u64>>,
    /// How many posts hold a role.
    pub posts: BTreeMap<String, u64>,
}

/// What a step asks of a role in a month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// A role of the posts, `anyone` or `holder`.
    pub role: String,
    pub mechanism: String,
    pub step: String,
    /// Times a month, in thousandths.
    pub times: u64,
    pub cost: Cost,
}

/// Sums of lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sum {
    /// Times a month, fields asked a month, each in thousandths.
    pub times: u64,
    pub fields: u64,
    /// Milliseconds a month.
    pub millis: u64,
    /// Of the costliest step, each time it is taken.
    pub longest: u32,
}

impl Sum {
    /// Adds a line.
    pub fn add(&mut self, line: &Line) {
        self.times += line.times;
        self.fields += line.times * u64::from(line.cost.fields);
        self.millis += line.times * u64::from(line.cost.seconds);
        self.longest = self.longest.max(line.cost.seconds);
    }

    /// Minutes a month, rounded.
    pub fn minutes(&self) -> u64 {
        (self.millis + 30_000) / 60_000
    }
}

/// Every step that people take, by role, at these volumes. A step without a volume is taken no times.
pub fn lines(library: &Library, volumes: &Volumes) -> Vec<Line> {
    library.mechanisms.values().flat_map(|mechanism| of_mechanism(library, mechanism, volumes)).collect()
}

/// The lines of one mechanism, perhaps of an older version of it.
pub fn of_mechanism(library: &Library, mechanism: &Mechanism, volumes: &Volumes) -> Vec<Line> {
    let mut out = Vec::new();
    for step in &mechanism.steps {
        let roles = roles(step);
        let given = volumes.steps.get(&(mechanism.name.clone(), step.name.clone()));
        let all = given.and_then(|by_role| by_role.get("")).copied().unwrap_or_default();
        let cost = cost(library, mechanism, step);
        for (index, role) in roles.iter().enumerate() {
            let share = all / roles.len() as u64 + u64::from((index as u64) < all % roles.len() as u64);
            let own = given.and_then(|by_role| by_role.get(*role)).copied().unwrap_or_default();
            out.push(Line {
                role: (*role).to_owned(),
                mechanism: mechanism.name.clone(),
                step: step.name.clone(),
                times: share + own,
                cost,
            });
        }
    }
    out
}

/// Mechanisms of which people take steps and no step stands in the volumes, not even with a zero: they
/// would silently count as nothing. `at` is where the volumes stand.
pub fn left_out(library: &Library, volumes: &Volumes, at: At) -> Vec<Fault> {
    let known: BTreeSet<&str> = volumes.steps.keys().map(|(mechanism, _)| mechanism.as_str()).collect();
    let missing = library.mechanisms.values().filter(|one| !known.contains(one.name.as_str()));
    let told = missing.filter_map(|mechanism| {
        let taken = mechanism.steps.iter().filter(|step| !roles(step).is_empty());
        let names: Vec<&str> = taken.map(|step| step.name.as_str()).collect();
        (!names.is_empty()).then(|| uncounted::fault(&mechanism.name, &names.join("`, `"), at))
    });
    told.collect()
}

/// The people who may take a step, each once.
fn roles(step: &Step) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    let name = |who| match who {
        &Who::Anyone => Some("anyone"),
        &Who::Holder => Some("holder"),
        &Who::System => None,
        Who::Role(role) | Who::RoleOf { role, .. } => Some(role.as_str()),
    };
    step.by.iter().filter_map(name).filter(|role| seen.insert(*role)).collect()
}

/// Sums by a part of the lines.
pub fn sums<'a>(lines: &'a [Line], by: impl Fn(&'a Line) -> &'a str) -> BTreeMap<&'a str, Sum> {
    let mut out: BTreeMap<&str, Sum> = BTreeMap::new();
    for line in lines {
        out.entry(by(line)).or_default().add(line);
    }
    out
}

/// A limit that the county sets, with the place where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limit {
    pub role: String,
    /// Minutes a month for each post with the role; for `anyone` and `holder`, minutes each time.
    pub minutes: u64,
    pub at: At,
}

/// Minutes that count against a limit: a month's for each post, or each time for residents. Where the
/// number of posts is not known, all together.
pub fn counted(role: &str, sum: &Sum, volumes: &Volumes) -> u64 {
    match role {
        "anyone" | "holder" => (u64::from(sum.longest) + 30) / 60,
        role => {
            let posts = volumes.posts.get(role).copied().unwrap_or(1).max(1);
            (sum.millis / posts + 30_000) / 60_000
        }
    }
}

/// Limits that are passed.
pub fn over(lines: &[Line], volumes: &Volumes, limits: &[Limit]) -> Vec<Fault> {
    let sums = sums(lines, |line| &line.role);
    let passed = limits.iter().filter_map(|limit| {
        let minutes = counted(&limit.role, sums.get(limit.role.as_str())?, volumes);
        (minutes > limit.minutes).then(|| {
            let mut own: Vec<&Line> =
                lines.iter().filter(|line| line.role == limit.role && line.times > 0).collect();
            own.sort_by_key(|line| std::cmp::Reverse(line.times * u64::from(line.cost.seconds)));
            let most = own.iter().take(3).map(|line| format!("{}/{}", line.mechanism, line.step));
            over_budget::fault(limit, minutes, &most.collect::<Vec<_>>().join("`, `"))
        })
    });
    passed.collect()
}
