//! The demo county's past: invented months of life, played through the same commands as everything
//! else, so that the ledger tells a plausible history and every list has something in it.
//!
//! What people do is data (`habits.toml` of the county); here are only chance, time and commands.

mod cast;
mod chance;
mod fill;
mod habits;
mod pace;
mod paint;
mod plan;
mod player;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use gongzhi_base::Timestamp;
use gongzhi_service::ambient::Scripted;
use gongzhi_service::service::setting;
use gongzhi_service::{Failure, Service, load};

/// How long the invented past is: half a year of days.
const PAST: i64 = 184 * 24 * pace::HOUR;

/// When the demo's past begins, so that it ends now.
pub fn begin(now: Timestamp) -> Timestamp {
    now.plus_millis(-PAST)
}

/// How far the playing has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Commands accepted so far.
    pub commands: u64,
    /// Records opened so far.
    pub opened: u64,
    /// The day being played.
    pub day: String,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} records, {} commands", self.day, self.opened, self.commands)
    }
}

/// What was played.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    pub commands: u64,
    /// Records opened by people, by the way in which they came.
    pub opened: BTreeMap<String, u64>,
    /// Steps that a rule refused: people try what does not go, too.
    pub refused: u64,
    /// The first words of each sort of refusal with how often it came.
    pub refusals: BTreeMap<String, u64>,
    /// Cues of scenes that could not be followed, with the reason.
    pub missed: Vec<String>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opened: u64 = self.opened.values().sum();
        write!(f, "{opened} records opened, {} commands played", self.commands)
    }
}

/// Why the past could not be played.
#[derive(Clone, PartialEq, Debug)]
pub enum DemoFault {
    /// The habits file is missing, cannot be read, or names what the documents do not have.
    File {
        path: String,
        why: String,
    },
    /// A table or picture that the habits name.
    Tables(String),
    Failure(Box<Failure>),
}

impl fmt::Display for DemoFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DemoFault::File { path, why } => write!(f, "{path}: {why}"),
            DemoFault::Tables(what) => write!(f, "the demo's tables: {what}"),
            DemoFault::Failure(failure) => write!(f, "the demo could not be played: {failure:?}"),
        }
    }
}

impl From<Failure> for DemoFault {
    fn from(failure: Failure) -> DemoFault {
        DemoFault::Failure(Box::new(failure))
    }
}

impl From<gongzhi_store::StoreError> for DemoFault {
    fn from(error: gongzhi_store::StoreError) -> DemoFault {
        Failure::Store(error).into()
    }
}

/// Plays the past from the clock's time to `until`, with its scenes, and gives the demo's people
/// their passwords. `further` records come on top by the same habits, for measurements.
pub fn play(
    service: &Service,
    clock: &Arc<Scripted>,
    dir: &Path,
    until: Timestamp,
    (seed, further): (u64, u64),
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, DemoFault> {
    let habits = habits::read(dir, &service.state())?;
    let from = service.now();
    let mut player = player::Player::new(service, clock, &habits, dir, (from, until), seed)?;
    player.plan_openings(habits.play.records);
    player.plan_recurring();
    player.plan_scenes();
    player.plan_trees(dir)?;
    player.plan_openings(further);
    let summary = player.run(progress)?;
    service.measure_burden()?;
    passwords(service, dir)?;
    Ok(summary)
}

/// Gives the demo's people their passwords.
pub fn passwords(service: &Service, dir: &Path) -> Result<(), DemoFault> {
    let habits = habits::read(dir, &service.state())?;
    let path = dir.join(&habits.accounts.file);
    let rows = load::read_csv(&path).map_err(|fault| DemoFault::Tables(format!("{fault:?}")))?;
    for (_, row) in rows {
        let Some(login) = row.get(&habits.accounts.login) else { continue };
        service.set_password(login, login, &habits.accounts.password)?;
    }
    service.ledger().put_setting(setting::DEMO_PASSWORD, habits.accounts.password.as_bytes())?;
    Ok(())
}

/// Plays only `n` records by the same habits, without scenes and the demo's own past: for measurements.
pub fn flood(
    service: &Service,
    clock: &Arc<Scripted>,
    dir: &Path,
    until: Timestamp,
    (seed, n): (u64, u64),
    progress: &mut dyn FnMut(Progress),
) -> Result<Summary, DemoFault> {
    let habits = habits::read(dir, &service.state())?;
    let from = service.now();
    let mut player = player::Player::new(service, clock, &habits, dir, (from, until), seed)?;
    player.plan_openings(n);
    let summary = player.run(progress)?;
    passwords(service, dir)?;
    Ok(summary)
}
