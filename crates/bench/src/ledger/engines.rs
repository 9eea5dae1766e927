//! Part one: what each engine gives by itself, bare append through the `Ledger` interface, and the
//! whole command path.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::load::CountyFile;
use gongzhi_store::Ledger;
use gongzhi_store::sqlite::Sqlite;

use super::path::Until;
use super::postgres::PostgresEngine;
use super::{CALLERS, Plan, append, baseline, county, empty_dir, path, put};

/// A database engine under the same three measurements.
pub(super) trait Engine {
    fn name(&self) -> &'static str;
    /// Its own single-row durable commits a second.
    fn own(&self, plan: &Plan) -> Result<f64, String>;
    /// An empty ledger of a county, and a directory for files.
    fn empty(&self, name: &str, county: &str) -> Result<(Arc<dyn Ledger>, PathBuf), String>;
}

/// All that are measured.
const ENGINES: &[&dyn Engine] = &[&SqliteEngine, &PostgresEngine];

struct SqliteEngine;

impl Engine for SqliteEngine {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn own(&self, plan: &Plan) -> Result<f64, String> {
        baseline::sqlite(&empty_dir("single")?.join("rows.db"), plan.seconds)
    }

    fn empty(&self, name: &str, county: &str) -> Result<(Arc<dyn Ledger>, PathBuf), String> {
        let dir = empty_dir(name)?;
        let ledger = Sqlite::open(&dir.join("county.db"), county).map_err(|error| error.to_string())?;
        Ok((Arc::new(ledger), dir))
    }
}

pub fn run(plan: &Plan, out: &mut String) -> Result<(), String> {
    let dir = county()?;
    let file = CountyFile::read(&dir).map_err(|fault| format!("{fault:?}"))?;
    put(
        out,
        format_args!(
            "| engine | its own single-row durable commits/s | bare append, events/s | times | command path, commands/s | times |\n|---|---:|---:|---:|---:|---:|"
        ),
    );
    for engine in ENGINES {
        row(plan, *engine, &dir, &file.place, out)?;
    }
    put(out, format_args!(""));
    Ok(())
}

/// Only the command path, for so many lifecycles: the same work whatever else runs on the machine.
pub fn fixed(plan: &Plan, lifecycles: u64) -> Result<(), String> {
    let dir = county()?;
    for engine in ENGINES {
        command_path(plan, *engine, &dir, Until::Lifecycles(lifecycles))?;
    }
    Ok(())
}

fn row(plan: &Plan, engine: &dyn Engine, county: &Path, place: &str, out: &mut String) -> Result<(), String> {
    let name = engine.name();
    eprintln!("bench: single-row commits of {name}");
    // Measured before, between and after: the machine gives more now and less then.
    let before = engine.own(plan)?;
    eprintln!("bench: bare append on {name}, {CALLERS} callers");
    let bare = append::run(&engine.empty("append", place)?.0, place, CALLERS, plan.seconds)?;
    let between = engine.own(plan)?;
    let commands = command_path(plan, engine, county, Until::Seconds(plan.seconds))?.rate();
    let rows = (before + between + engine.own(plan)?) / 3.0;
    put(
        out,
        format_args!(
            "| {name} | {rows:.0} | {bare:.0} | {:.1} | {commands:.0} | {:.2} |",
            bare / rows,
            commands / rows
        ),
    );
    Ok(())
}

fn command_path(plan: &Plan, engine: &dyn Engine, county: &Path, until: Until) -> Result<path::Took, String> {
    eprintln!("bench: the command path on {}, {CALLERS} callers", engine.name());
    let file = CountyFile::read(county).map_err(|fault| format!("{fault:?}"))?;
    let (ledger, dir) = engine.empty("path", &file.place)?;
    let service = path::open(ledger, county, &dir)?;
    let took = path::run(&service, &plan.script, CALLERS, until)?;
    service.close();
    eprintln!("bench: {:.0} commands/s; processor time in µs a command: {}", took.rate(), took.cpu());
    Ok(took)
}
