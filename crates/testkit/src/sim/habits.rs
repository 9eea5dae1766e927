//! What people do and what goes wrong, as data: `suite/simulate/habits.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// The habits of a county.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    pub county: CountyHabits,
    pub people: PeopleHabits,
    pub wrong: WrongHabits,
    pub faults: FaultHabits,
    /// How readily a step is taken, by `mechanism.step`; 1 when nothing is said.
    pub steps: BTreeMap<String, f64>,
    /// The same for opening.
    pub openings: BTreeMap<String, f64>,
    pub words: Vec<String>,
}

/// What a county is made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountyHabits {
    pub villages: u32,
    pub villages_of_township: u32,
    pub most_grids: u32,
    pub county_units: Vec<String>,
    pub township_units: Vec<String>,
    pub village_units: Vec<String>,
    /// Of a hundred posts, how many are held twice, and by somebody who holds one already.
    pub second_holder: f64,
    pub further_post: f64,
    /// In the county's own place: the kinds of unit in which a role is held.
    pub only_in: BTreeMap<String, Vec<String>>,
}

/// How people live. Times are hours from and to; shares are of a hundred.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleHabits {
    /// Records opened a day for each hundred villages.
    pub openings: f64,
    /// Until somebody turns to a record that changed.
    pub turn: [f64; 2],
    /// Until somebody turns to a closed one again, and how often at all.
    pub again: [f64; 2],
    pub closed_again: f64,
    pub holder: f64,
    /// Acts of the administrators a day.
    pub registers: f64,
    /// How often a day a document is published anew, with its versions raised.
    pub revisions: f64,
    pub looks: f64,
    pub erasures: f64,
    /// Of what the staff does: kept on a phone without network, and for how many hours.
    pub offline: f64,
    pub offline_hours: [f64; 2],
    /// Of what is sent: sent again although it was answered.
    pub twice: f64,
    /// Acts at once: how many a day, and how many commands each.
    pub bursts: f64,
    pub burst: [u64; 2],
    /// Reads that are compared with the model, a day.
    pub reads: f64,
    pub optional: f64,
    /// Of those in a post, how many are absent in any week.
    pub absent: f64,
}

/// Deliberate wrong things, of a hundred acts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrongHabits {
    pub stranger: f64,
    pub state: f64,
    pub stale: f64,
    pub malformed: f64,
    pub reused: f64,
    pub code: f64,
}

/// What the machine does wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultHabits {
    /// Of a hundred commits.
    pub before: f64,
    pub full: f64,
    pub lost: f64,
    pub conflict: f64,
    pub slow: f64,
    pub read: f64,
    pub die_before: f64,
    pub die_after: f64,
    /// Times a month.
    pub crashes: f64,
    pub stops: f64,
    pub off: f64,
    pub off_hours: [f64; 2],
    pub jumps: f64,
    pub jump_hours: f64,
    /// Of a hundred crashes: the log's end is torn.
    pub torn: f64,
}

impl Habits {
    /// Reads a file of habits.
    pub fn read(path: &Path) -> Result<Habits, String> {
        let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
        toml::from_str(&text).map_err(|why| format!("{}: {why}", path.display()))
    }
}
