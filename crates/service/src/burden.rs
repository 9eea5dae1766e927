//! What the documents cost people, at the volumes of a file or of the ledger itself.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Timestamp, Zone};
use gongzhi_kernel::{Acted, Deed, Event, Laws};
use gongzhi_lang::At;
use gongzhi_lang::burden::{Limit, Line, Volumes, lines, of_mechanism};
use gongzhi_lang::model::Library;
use gongzhi_store::{Ledger, StoreError};

use crate::failure::Failure;
use crate::service::{Service, setting};

/// Entries read at once.
const PAGE: u32 = 10_000;

/// A fault in a file of volumes or limits: its line, and what is wrong, in words for an operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadFile(pub String);

impl std::fmt::Display for BadFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads volumes: `[steps.MECHANISM]` with `step = times a month`, or `step = { role = times }`; `[posts]`
/// with `role = number`. Whether the names are known is asked with [`unknown`].
pub fn read_volumes(text: &str) -> Result<Volumes, BadFile> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| BadFile(error.to_string()))?;
    let mut volumes = Volumes::default();
    for (name, value) in &table {
        match name.as_str() {
            "posts" => {
                for (role, count) in entries(name, value)? {
                    volumes.posts.insert(role.clone(), thousandths(role, count)? / 1_000);
                }
            }
            "steps" => {
                for (mechanism, steps) in entries(name, value)? {
                    for (step, times) in entries(mechanism, steps)? {
                        volumes.steps.insert((mechanism.clone(), step.clone()), by_role(step, times)?);
                    }
                }
            }
            _ => return Err(BadFile(format!("`{name}` must be [posts] or [steps.{name}]"))),
        }
    }
    Ok(volumes)
}

fn entries<'t>(name: &str, value: &'t toml::Value) -> Result<&'t toml::Table, BadFile> {
    value.as_table().ok_or_else(|| BadFile(format!("`{name}` must be a table such as [steps.matter]")))
}

/// How often each role takes a step, in thousandths; a bare number is for all roles together.
fn by_role(step: &str, times: &toml::Value) -> Result<BTreeMap<String, u64>, BadFile> {
    let Some(roles) = times.as_table() else {
        return Ok([(String::new(), thousandths(step, times)?)].into());
    };
    roles.iter().map(|(role, times)| Ok((role.clone(), thousandths(role, times)?))).collect()
}

/// The first name that the documents do not have: a slip must not count as zero.
pub fn unknown(volumes: &Volumes, limits: &[Limit], library: &Library) -> Option<BadFile> {
    let is_role = |role: &str| matches!(role, "" | "anyone" | "holder") || library.roles.contains_key(role);
    let steps = volumes.steps.keys().find(|(mechanism, step)| {
        library.mechanisms.get(mechanism).is_none_or(|one| one.step(step).is_none())
    });
    if let Some((mechanism, step)) = steps {
        return Some(BadFile(format!("there is no step `{mechanism}/{step}` in the documents")));
    }
    let roles = volumes.steps.values().flat_map(BTreeMap::keys).chain(volumes.posts.keys());
    let mut roles = roles.chain(limits.iter().map(|limit| &limit.role));
    let role = roles.find(|role| !is_role(role))?;
    Some(BadFile(format!("there is no role `{role}` in the documents")))
}

fn thousandths(name: &str, value: &toml::Value) -> Result<u64, BadFile> {
    let number = match value {
        toml::Value::Integer(number) => Some(*number as f64),
        toml::Value::Float(number) => Some(*number),
        _ => None,
    };
    let number = number.filter(|number| (0.0..1e12).contains(number));
    let number = number.ok_or_else(|| BadFile(format!("`{name}` must be a number, zero or more")))?;
    Ok((number * 1_000.0).round() as u64)
}

/// Reads limits: `[minutes]` with `role = minutes`. `source` is the index of the file among what the
/// diagnostics are told over.
pub fn read_limits(text: &str, source: u32) -> Result<Vec<Limit>, BadFile> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| BadFile(error.to_string()))?;
    let Some(toml::Value::Table(minutes)) = table.get("minutes") else {
        return Err(BadFile("the table [minutes] is missing".into()));
    };
    let limit = |(role, value): (&String, &toml::Value)| {
        let minutes = thousandths(role, value)? / 1_000;
        Ok(Limit { role: role.clone(), minutes, at: place(text, role, source) })
    };
    minutes.iter().map(limit).collect()
}

/// Where a key stands: what was read as TOML has a line that begins with it.
fn place(text: &str, key: &str, source: u32) -> At {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let begins =
            line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        if begins {
            let at = start + line.len() - line.trim_start().len();
            return At { source, start: at as u32, end: (at + key.len()) as u32 };
        }
        start += line.len();
    }
    At { source, ..At::default() }
}

/// Volumes as the file form has them, for people to keep and to edit.
pub fn write_volumes(volumes: &Volumes) -> String {
    let number = |thousandths: u64| match thousandths % 1_000 {
        0 => (thousandths / 1_000).to_string(),
        rest => format!("{}.{rest:03}", thousandths / 1_000).trim_end_matches('0').to_owned(),
    };
    let mut out = String::new();
    if !volumes.posts.is_empty() {
        out.push_str("[posts]\n");
        for (role, count) in &volumes.posts {
            let _ = writeln!(out, "{role} = {count}");
        }
    }
    let mut last = "";
    for ((mechanism, step), by_role) in &volumes.steps {
        if mechanism != last {
            let _ = writeln!(out, "\n[steps.{mechanism}]");
            last = mechanism;
        }
        let inner: Vec<String> =
            by_role.iter().map(|(role, times)| format!("{role} = {}", number(*times))).collect();
        let _ = match by_role.get("") {
            Some(times) => writeln!(out, "{step} = {}", number(*times)),
            None => writeln!(out, "{step} = {{ {} }}", inner.join(", ")),
        };
    }
    out
}

/// Counts steps by role over the whole ledger: times a month on the average of the months in which
/// anything was done. Reads every entry once; erased bodies are counted as nothing.
pub fn measure(ledger: &dyn Ledger, laws: &Laws, zone: Zone) -> Result<Volumes, StoreError> {
    let mut steps: BTreeMap<(String, String), BTreeMap<String, u64>> = BTreeMap::new();
    let (mut first, mut last): (Option<Timestamp>, Option<Timestamp>) = (None, None);
    let mut from = 0;
    loop {
        let entries = ledger.entries(from, PAGE)?;
        let Some(end) = entries.last() else { break };
        from = end.header.seq + 1;
        for entry in &entries {
            let Ok(event) = Event::from_bytes(&entry.body) else { continue };
            let Deed::Step(taken) = &event.deed else { continue };
            let role = match &event.by {
                Acted::System => continue,
                Acted::Public => "anyone",
                Acted::Holder => "holder",
                Acted::Person { post, .. } => post.as_ref().map_or("anyone", |post| post.role.as_str()),
            };
            first = first.or(Some(event.at)).min(Some(event.at));
            last = last.max(Some(event.at));
            *steps
                .entry((event.mechanism, taken.step.clone()))
                .or_default()
                .entry(role.to_owned())
                .or_default() += 1;
        }
    }
    let months = match (first, last) {
        (Some(first), Some(last)) => months(zone, first, last),
        _ => 1,
    };
    for times in steps.values_mut().flat_map(BTreeMap::values_mut) {
        *times = *times * 1_000 / months;
    }
    // A step of a document no longer in force costs nobody anything any more.
    steps.retain(|(mechanism, step), _| laws.newest(mechanism).is_some_and(|one| one.step(step).is_some()));
    Ok(Volumes { steps, posts: BTreeMap::new() })
}

/// Calendar months touched by a stretch of time.
fn months(zone: Zone, first: Timestamp, last: Timestamp) -> u64 {
    let month = |at| {
        let date = zone.date(at);
        i64::from(date.year()) * 12 + i64::from(date.month())
    };
    (month(last) - month(first) + 1).max(1) as u64
}

/// What the documents in force cost, as the desk shows it.
pub struct Burden {
    pub volumes: Volumes,
    /// Of the documents in force, and of the version before of those that had one.
    pub lines: Vec<Line>,
    pub before: Vec<Line>,
    pub limits: Vec<Limit>,
}

impl Service {
    /// Counts the ledger's volumes and keeps them, with the number of posts by role.
    pub fn measure_burden(&self) -> Result<Volumes, Failure> {
        let state = self.state();
        let mut volumes = measure(self.ledger(), &state.laws, state.world.zone)?;
        let today = state.world.zone.date(self.now());
        for holding in state.world.holdings().filter(|holding| holding.on(today)) {
            *volumes.posts.entry(holding.post.role.clone()).or_default() += 1;
        }
        self.ledger().put_setting(setting::VOLUMES, write_volumes(&volumes).as_bytes())?;
        Ok(volumes)
    }

    /// The burden at the volumes measured or loaded last; the posts are those held now.
    pub fn burden(&self) -> Result<Burden, Failure> {
        let state = self.state();
        let library = &state.laws.library;
        let text = |name: &str| self.presentation(name).unwrap_or_default();
        let mut volumes = read_volumes(&text(setting::VOLUMES)).unwrap_or_default();
        volumes.posts.clear();
        let today = state.world.zone.date(self.now());
        for holding in state.world.holdings().filter(|holding| holding.on(today)) {
            *volumes.posts.entry(holding.post.role.clone()).or_default() += 1;
        }
        let limits = read_limits(&text(setting::BUDGET), 0).unwrap_or_default();
        let lines = lines(library, &volumes);
        let before = library.mechanisms.values().flat_map(|now| {
            let older = state.laws.before(&now.name, now.version);
            older.map(|older| of_mechanism(library, older, &volumes)).unwrap_or_default()
        });
        Ok(Burden { before: before.collect(), volumes, lines, limits })
    }
}
