//! The simulator: from a seed a county lives in compressed time, against the real kernel, store and
//! service, with faults; then everything that must hold is checked. The same seed plays the same
//! county to the last byte of its log.

mod acts;
mod book;
mod chance;
mod checks;
mod county;
pub mod faulty;
mod fill;
mod habits;
mod life;
mod machine;
mod model;
mod rules;
mod sending;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use gongzhi_base::Digest;

pub use faulty::Sabotage;
pub use habits::Habits;
pub use model::Violation;
use rules::By;

/// The year that is lived.
const YEAR: i16 = 2026;

/// The database of a county.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Engine {
    /// A file, as the product has it by itself. The same seed plays the same to the last byte.
    #[default]
    Sqlite,
    /// A real server of the county's own. Nodes hear of each other in their own time, so that a seed says what
    /// people do and what goes wrong, not in which order two nodes come.
    Postgres,
}

/// One simulation.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub days: u32,
    /// Villages of the county; `None` leaves it to the habits.
    pub villages: Option<u32>,
    pub nodes: usize,
    pub engine: Engine,
    /// The directory of the mechanism documents.
    pub mechanisms: PathBuf,
    pub habits: Habits,
    /// A lie that the ledger tells, to prove that it would be noticed.
    pub sabotage: Option<Sabotage>,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    pub records: u64,
    pub accepted: u64,
    /// Answered again as before.
    pub again: u64,
    pub refused: u64,
    /// Not done because of a fault, to be sent again.
    pub failed: u64,
    pub crashes: u64,
    pub faults: BTreeMap<&'static str, u64>,
    pub passed: u64,
    pub warned: u64,
    pub checks: u64,
    pub entries: u64,
    /// Steps taken by somebody, by `mechanism.step`.
    pub steps: BTreeMap<String, u64>,
}

/// How a simulation ended.
#[derive(Clone, Debug)]
pub struct Report {
    pub seed: u64,
    pub days: u32,
    pub nodes: usize,
    pub tally: Tally,
    /// The root of the log at the end.
    pub root: Option<Digest>,
    pub failure: Option<Failed>,
}

/// What was broken, and the last steps before it.
#[derive(Clone, Debug)]
pub struct Failed {
    pub violation: Violation,
    pub day: String,
    pub trace: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { records, accepted, again, refused, failed, crashes, faults, passed, warned, .. } =
            &self.tally;
        let faults: u64 = faults.values().sum();
        write!(f, "seed {:>4}  {} days  {} node", self.seed, self.days, self.nodes)?;
        if self.nodes > 1 {
            f.write_str("s")?;
        }
        write!(
            f,
            "  records {records}  accepted {accepted}  again {again}  refused {refused}  failed {failed}  \
             crashes {crashes}  faults {faults}  deadlines {passed}+{warned}  entries {}  checks {}",
            self.tally.entries, self.tally.checks
        )?;
        match (&self.failure, &self.root) {
            (Some(failure), _) => write!(f, "  FAILED on {}: {}", failure.day, failure.violation.what),
            (None, Some(root)) => write!(f, "  root {}  ok", &root.to_string()[..16]),
            (None, None) => f.write_str("  not begun"),
        }
    }
}

/// Plays one simulation to its end or to the first thing that must not be.
pub fn run(plan: &Plan) -> Result<Report, String> {
    let mut life = life::Life::begin(plan)?;
    let ended = life.live();
    Ok(life.report(ended))
}
