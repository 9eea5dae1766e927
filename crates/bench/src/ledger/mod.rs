//! `./x bench ledger`: the ledger against the database engines that carry it, and against itself at
//! a thousand and at a million records.

mod append;
mod baseline;
mod engines;
mod path;
mod postgres;
mod stores;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::script::Script;
use crate::{WORK, report};

/// Callers of the comparison with the engines.
const CALLERS: usize = 16;

/// What one run is about.
struct Plan {
    quick: bool,
    /// Matters of the small and the large store.
    stores: [u64; 2],
    seconds: u64,
    script: Arc<Script>,
}

/// Makes the large store unless it is there.
pub fn fill(runtime: &tokio::runtime::Runtime, quick: bool, stored: Option<u64>) -> Result<(), String> {
    runtime.block_on(stores::fill(&plan(quick, stored)?))
}

/// Only the first part: the engines and the command path, without a server; or only the command path
/// for so many lifecycles, told by processor time.
pub fn path(quick: bool, lifecycles: Option<u64>) -> Result<(), String> {
    let plan = plan(quick, None)?;
    if let Some(lifecycles) = lifecycles {
        return engines::fixed(&plan, lifecycles);
    }
    let mut out = String::new();
    engines::run(&plan, &mut out)?;
    println!("{out}");
    Ok(())
}

/// Only what is asked of a server, and of one that is running already.
pub fn at(runtime: &tokio::runtime::Runtime, quick: bool, host: &str) -> Result<(), String> {
    println!("{}", runtime.block_on(stores::at(&plan(quick, None)?, host))?);
    Ok(())
}

/// Runs it and gives the tables.
pub fn run(runtime: &tokio::runtime::Runtime, quick: bool, stored: Option<u64>) -> Result<String, String> {
    let plan = plan(quick, stored)?;
    let mut out = String::new();
    put(&mut out, format_args!("Machine: {}.\n", report::machine()));
    engines::run(&plan, &mut out)?;
    runtime.block_on(stores::run(&plan, &mut out))?;
    Ok(out)
}

fn plan(quick: bool, stored: Option<u64>) -> Result<Plan, String> {
    let source = std::fs::read_to_string("suite/bench/matter.toml").map_err(|error| error.to_string())?;
    Ok(Plan {
        quick,
        stores: [1_000, stored.unwrap_or(if quick { 5_000 } else { 1_000_000 })],
        seconds: if quick { 3 } else { 10 },
        script: Arc::new(Script::read(&source)?),
    })
}

fn put(out: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = writeln!(out, "{line}");
}

fn empty_dir(name: &str) -> Result<PathBuf, String> {
    let dir = Path::new(WORK).join(name);
    if dir.is_dir() {
        std::fs::remove_dir_all(&dir).map_err(|error| error.to_string())?;
    }
    std::fs::create_dir_all(&dir).map_err(|error| error.to_string())?;
    Ok(dir)
}

/// The county whose data the measurement loads.
fn county() -> Result<PathBuf, String> {
    let dirs = std::fs::read_dir("counties").map_err(|error| error.to_string())?;
    let mut dirs: Vec<PathBuf> = dirs.filter_map(|entry| Some(entry.ok()?.path())).collect();
    dirs.sort();
    dirs.into_iter().next().ok_or_else(|| "there is no county".to_owned())
}
