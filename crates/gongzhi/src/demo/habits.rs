//! The habits of a demo county's people, as data: who does what in which state, how soon, and with
//! which words. Nothing of a mechanism stands here in Rust; the file names its steps, states and
//! fields, and loading checks every name against the documents.

use std::collections::BTreeMap;
use std::path::Path;

use gongzhi_service::State;
use serde::Deserialize;

use super::DemoFault;

/// A county's habits file.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Habits {
    pub play: Play,
    pub accounts: Accounts,
    pub stories: Stories,
    pub phrases: Phrases,
    pub photos: Photos,
    pub places: Places,
    pub echo: Echo,
    /// When people are awake or at work, by name.
    pub pace: BTreeMap<String, Pace>,
    /// How careless the people of a place or unit are, by its code; 1 is usual.
    #[serde(default)]
    pub manner: BTreeMap<String, f64>,
    #[serde(rename = "opening")]
    pub openings: Vec<Opening>,
    #[serde(rename = "habit")]
    pub habits: Vec<Habit>,
    #[serde(default, rename = "recurring")]
    pub recurring: Vec<Recurring>,
    #[serde(default, rename = "scene")]
    pub scenes: Vec<Scene>,
    #[serde(default, rename = "tree")]
    pub trees: Vec<Tree>,
}

/// The whole.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Play {
    /// Records opened by habit (scenes and echoes come on top).
    pub records: u64,
    /// Openings by weekday, Monday first.
    pub weekdays: [f64; 7],
    /// How many times more are opened at the end than at the beginning.
    pub growth: f64,
    /// Hours between two tries of something that was refused.
    pub again: f64,
}

/// The demo's accounts.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    pub file: String,
    /// The column of the login, which is also the person's code.
    pub login: String,
    pub password: String,
}

/// The texts of what people report, one row each.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Stories {
    pub file: String,
    /// Column of the catalogue's code.
    pub kind: String,
    /// Column of the kind of place that fits, and its word for any.
    pub place: String,
    pub any: String,
    /// Weights of the twelve months by the beginning of a kind's code; the longest one counts.
    #[serde(default)]
    pub season: BTreeMap<String, [f64; 12]>,
}

/// Further phrases.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Phrases {
    pub file: String,
    /// Column that tells what a phrase is for, and the column of its text.
    #[serde(rename = "use")]
    pub used: String,
    pub text: String,
}

/// Drawn pictures.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Photos {
    pub names: Vec<String>,
}

/// Where things happen.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// Weight of each kind of place.
    pub kinds: BTreeMap<String, f64>,
    /// Factor for a place and everything under it.
    #[serde(default)]
    pub more: BTreeMap<String, f64>,
}

/// Several people telling of the same thing.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Echo {
    /// Of a hundred openings, how many repeat an earlier one.
    pub percent: f64,
    pub days: f64,
    pub metres: f64,
    /// Forms of the repeated words, with `{text}`.
    pub texts: Vec<String>,
}

/// Hours of people.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Weights of the 24 hours of the day.
    pub hours: Vec<f64>,
    /// Only on working days.
    #[serde(default)]
    pub working_days: bool,
}

/// A way in which records are opened.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    pub name: String,
    pub of: String,
    pub step: String,
    pub by: String,
    pub weight: f64,
    pub pace: String,
    /// Only stories of these kinds (beginnings of codes); empty means all.
    #[serde(default)]
    pub kinds: Vec<String>,
    #[serde(default)]
    pub fields: BTreeMap<String, Fill>,
}

/// What somebody does in a state.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Habit {
    /// Its name in scenes; the step's when left out.
    #[serde(default)]
    pub name: String,
    pub of: String,
    #[serde(rename = "in")]
    pub states: Vec<String>,
    /// The step; left out, nobody does anything and deadlines pass.
    #[serde(default)]
    pub step: Option<String>,
    /// Instead of a step: opens parts of it, each by this opening; at once so many, and not more than
    /// `times` in all.
    #[serde(default)]
    pub part: Option<String>,
    #[serde(default)]
    pub many: Option<[u32; 2]>,
    /// Instead of a step: looks at personal fields.
    #[serde(default)]
    pub look: Vec<String>,
    #[serde(default)]
    pub purposes: Vec<String>,
    /// Who, in the document's words; left out, anybody who may.
    #[serde(default)]
    pub by: Option<String>,
    /// Weight among the habits of the state; for an aside, of a hundred.
    pub weight: f64,
    /// The careless do it more often.
    #[serde(default)]
    pub careless: bool,
    /// Happens besides the main course of the record.
    #[serde(default)]
    pub aside: bool,
    /// At most so many times in a record.
    #[serde(default)]
    pub times: Option<u32>,
    /// Only for kinds that begin so.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Only if this deadline has passed.
    #[serde(default)]
    pub late: Option<String>,
    /// Only if this deadline has not passed.
    #[serde(default)]
    pub not_late: Option<String>,
    /// Only if this step has been taken.
    #[serde(default)]
    pub taken: Option<String>,
    /// Only if these fields have these values.
    #[serde(default)]
    pub given: BTreeMap<String, String>,
    /// Only if they do not have these.
    #[serde(default)]
    pub not_given: BTreeMap<String, String>,
    /// Only once these two numbers of the record are equal, and not nought.
    #[serde(default)]
    pub equal: Option<[String; 2]>,
    /// Hours after which it is done.
    pub after: [f64; 2],
    /// Rather so many hours after a time that stands in a field.
    #[serde(default)]
    pub around: Option<Around>,
    /// Rather in this share of what is left of a running deadline.
    #[serde(default)]
    pub within: Option<Within>,
    pub pace: String,
    #[serde(default)]
    pub fields: BTreeMap<String, Fill>,
}

/// Hours around the time in a field; fewer than none is before it.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Around {
    pub field: String,
    pub hours: [f64; 2],
}

/// A share of the time left until a deadline; more than 1 is late.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Within {
    pub deadline: String,
    pub share: [f64; 2],
}

/// How a field is filled. The first source given that has something is taken.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Fill {
    /// Of a hundred times, how often; always when left out.
    pub percent: Option<f64>,
    pub text: Option<String>,
    /// One of these.
    pub texts: Vec<String>,
    /// All of these, for a list.
    pub list: Vec<String>,
    /// All of these, for a table: each by its columns.
    pub rows: Vec<BTreeMap<String, String>>,
    /// A name with its weight.
    pub choose: BTreeMap<String, f64>,
    /// Names of `choose` that the careless earn more often.
    pub careless: Vec<String>,
    /// A column of the record's story.
    pub story: Option<String>,
    /// A phrase for this use, and another column of the same phrase than its text.
    pub phrase: Option<String>,
    pub column: Option<String>,
    /// The value that the record has.
    pub keep: bool,
    /// The place of the opening.
    pub place: bool,
    /// A point within so many metres of the place.
    pub near: Option<f64>,
    /// So many drawn pictures.
    pub photos: Option<[u32; 2]>,
    /// Digits for `#`.
    pub pattern: Option<String>,
    /// Units of these kinds, nearest to the place; several for a list.
    pub units: Vec<String>,
    /// Persons who hold posts in the unit from which the field asks them.
    pub staff: bool,
    pub count: Option<[u32; 2]>,
    /// Never a unit named by these fields.
    pub except: Vec<String>,
    /// The record that this one repeats.
    pub echoed: bool,
    /// A column of the tree's row.
    pub row: Option<String>,
    /// The day so many days ahead as that column of the tree's row tells; with `hour`, moved on to a working day.
    pub ahead: Option<String>,
    /// The day so many days from now.
    pub days: Option<[u32; 2]>,
    /// With a day: at this hour, as in `09:00`.
    pub hour: Option<String>,
    /// With a day: moved on to a working day.
    pub working: bool,
    /// One of the values of a list in the record.
    pub of: Option<String>,
    /// The rows of a table, drawn anew each time.
    pub table: Option<Box<Rows>>,
    /// A day after that of a field.
    pub later: Option<Later>,
    /// A share of a number, but never less than before.
    pub toward: Option<Toward>,
}

/// How the rows of a table are filled.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// So many rows; a check list has one for each of its entries.
    #[serde(default)]
    pub count: Option<[u32; 2]>,
    pub cells: BTreeMap<String, Fill>,
    /// So many of the rows are filled otherwise.
    #[serde(default)]
    pub others: Option<[u32; 2]>,
    #[serde(default)]
    pub other: BTreeMap<String, Fill>,
}

/// A day some days after the one in a field of the record.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Later {
    pub than: String,
    pub days: [u32; 2],
}

/// A share of the number in a field of the record.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Toward {
    pub field: String,
    pub share: [f64; 2],
}

/// Records with their parts that are drawn up from a table when the past begins, one a row; a row
/// stands under the last one whose mechanism is the parent of its own.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    pub file: String,
    /// Column that names the row's opening.
    pub opening: String,
    /// Days before the end when it is drawn up; at the beginning of the past when left out.
    #[serde(default)]
    pub before: Option<u32>,
    /// Minutes between two rows.
    pub minutes: u32,
    /// Column that tells how many days later a row is drawn up than the table begins.
    #[serde(default)]
    pub day: Option<String>,
}

/// The same trouble at the same place, again and again.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Recurring {
    pub opening: String,
    pub place: String,
    pub kind: String,
    /// Days between two of them.
    pub every: [f64; 2],
}

/// Records led to where they stand at the end.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    pub opening: String,
    #[serde(default = "one")]
    pub count: u64,
    /// Opened so many hours before the end.
    pub before: [f64; 2],
    /// At or under this place; anywhere when left out.
    #[serde(default)]
    pub place: Option<String>,
    #[serde(default)]
    pub kind: Option<String>,
    /// Fields of the opening left empty, and those surely filled.
    #[serde(default)]
    pub without: Vec<String>,
    #[serde(default)]
    pub with: Vec<String>,
    /// Repeated by so many others, which nobody has noticed yet.
    #[serde(default)]
    pub echoes: u64,
    #[serde(default)]
    pub steps: Vec<Cue>,
    /// What each of its parts does, in the order of their opening.
    #[serde(default)]
    pub parts: Vec<Vec<Cue>>,
}

/// A step of a scene.
#[derive(Deserialize, Debug, Clone)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// A habit's name.
    #[serde(rename = "do")]
    pub habit: String,
    /// Hours after the step before.
    pub hours: f64,
}

fn one() -> u64 {
    1
}

impl Habit {
    /// Its name in scenes.
    pub fn called(&self) -> &str {
        if self.name.is_empty() { self.step.as_deref().unwrap_or_default() } else { &self.name }
    }
}

/// Reads a county's habits and checks every name in them.
pub fn read(dir: &Path, state: &State) -> Result<Habits, DemoFault> {
    let path = dir.join("habits.toml");
    let fault = |why: String| DemoFault::File { path: path.display().to_string(), why };
    let text = std::fs::read_to_string(&path).map_err(|error| fault(error.to_string()))?;
    let habits: Habits = toml::from_str(&text).map_err(|error| fault(error.to_string()))?;
    let faults = check(&habits, state);
    if faults.is_empty() { Ok(habits) } else { Err(fault(faults.join("; "))) }
}

/// Every name that the documents and the file itself do not know.
fn check(habits: &Habits, state: &State) -> Vec<String> {
    let mut faults = Vec::new();
    let pace = |name: &str, faults: &mut Vec<String>| match habits.pace.get(name) {
        Some(pace) if pace.hours.len() == 24 => {}
        Some(_) => faults.push(format!("pace `{name}` has not 24 hours")),
        None => faults.push(format!("no pace `{name}`")),
    };
    for opening in &habits.openings {
        pace(&opening.pace, &mut faults);
        let Some(mechanism) = state.laws.newest(&opening.of) else {
            faults.push(format!("no mechanism `{}`", opening.of));
            continue;
        };
        match mechanism.step(&opening.step).filter(|step| step.opens_record()) {
            Some(step) => fields(step, &opening.fields, &mut faults),
            None => faults.push(format!("`{}` opens nothing", opening.step)),
        }
    }
    for habit in &habits.habits {
        pace(&habit.pace, &mut faults);
        let Some(mechanism) = state.laws.newest(&habit.of) else {
            faults.push(format!("no mechanism `{}`", habit.of));
            continue;
        };
        for name in &habit.states {
            if mechanism.state(name).is_none() {
                faults.push(format!("no state `{name}` in `{}`", habit.of));
            }
        }
        let deadlines = [&habit.late, &habit.not_late].into_iter().flatten();
        for name in deadlines.chain(habit.within.iter().map(|within| &within.deadline)) {
            if mechanism.deadline(name).is_none() {
                faults.push(format!("no deadline `{name}` in `{}`", habit.of));
            }
        }
        let equal = habit.equal.iter().flatten();
        for name in habit.look.iter().chain(equal).chain(habit.around.iter().map(|around| &around.field)) {
            if mechanism.field(name).is_none() {
                faults.push(format!("no field `{name}` in `{}`", habit.of));
            }
        }
        let Some(name) = &habit.step else { continue };
        let Some(step) = mechanism.step(name) else {
            faults.push(format!("no step `{name}` in `{}`", habit.of));
            continue;
        };
        for state in habit.states.iter().filter(|state| !step.from.contains(state)) {
            faults.push(format!("`{name}` is not taken in `{state}`"));
        }
        fields(step, &habit.fields, &mut faults);
    }
    let openings = habits.scenes.iter().map(|scene| &scene.opening);
    for name in openings.chain(habits.recurring.iter().map(|recurring| &recurring.opening)) {
        if !habits.openings.iter().any(|opening| opening.name == *name) {
            faults.push(format!("no opening `{name}`"));
        }
    }
    for name in habits.habits.iter().filter_map(|habit| habit.part.as_ref()) {
        if !habits.openings.iter().any(|opening| opening.name == *name) {
            faults.push(format!("no opening `{name}`"));
        }
    }
    let cues = habits.scenes.iter().flat_map(|scene| scene.steps.iter().chain(scene.parts.iter().flatten()));
    for cue in cues {
        if !habits.habits.iter().any(|habit| habit.called() == cue.habit) {
            faults.push(format!("no habit `{}`", cue.habit));
        }
    }
    faults
}

fn fields(step: &gongzhi_lang::model::Step, fills: &BTreeMap<String, Fill>, faults: &mut Vec<String>) {
    for name in fills.keys() {
        if !step.asks.iter().any(|ask| ask.field == *name) {
            faults.push(format!("`{}` does not ask `{name}`", step.name));
        }
    }
    for ask in step.asks.iter().filter(|ask| !ask.optional && !fills.contains_key(&ask.field)) {
        faults.push(format!("`{}` needs `{}`", step.name, ask.field));
    }
}
