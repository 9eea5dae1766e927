//! `gongzhi demo`: the demo county, loaded when its directory is empty, then served.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::ambient::{Ahead, Ambient as _, Scripted};
use gongzhi_service::seal::KEY_FILE;
use gongzhi_service::service::setting;

use super::open::{DATABASE, Held, Store};
use super::place::{self, LOADING, Standing};
use super::{Fault, seen, show};

/// Milliseconds.
const DAY: i64 = 24 * 3_600_000;

/// Arguments of `gongzhi demo`.
#[derive(clap::Args)]
pub struct Demo {
    /// Directory of the demo's data.
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    data: PathBuf,
    /// Throw the data away and load anew.
    #[arg(long)]
    reset: bool,
    /// Directory of the county's files; the first one of `counties/` if left out.
    #[arg(long, value_name = "DIR")]
    county: Option<PathBuf>,
    /// Directory of the mechanism documents.
    #[arg(long, value_name = "DIR", default_value = "mechanisms")]
    mechanisms: PathBuf,
    /// The demo's past follows from this number.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Play this many more matters than the demo has (for measurements).
    #[arg(long, default_value_t = 0, value_name = "N")]
    flood: u64,
    /// Leave out the demo's past: a county without any matters (for measurements).
    #[arg(long)]
    no_past: bool,
    /// Set the demo's clock so many days ahead, to see what time brings: deadlines, terms, rounds.
    #[arg(long, default_value_t = 0, value_name = "DAYS")]
    ahead: u16,
    /// Load only, do not serve.
    #[arg(long)]
    load_only: bool,
    #[command(flatten)]
    http: super::serve::Http,
}

/// Runs it.
pub fn run(args: &Demo) -> Result<(), Fault> {
    if args.reset {
        throw_away(&args.data)?;
    }
    // What a demo that was cut off has put there already goes with the rest of it.
    let again = args.data.join(LOADING).is_dir() && !args.data.join(DATABASE).exists();
    if again || place::standing(&args.data) != Standing::County {
        if !again {
            place::may_begin(&args.data)?;
        }
        load(args)?;
    }
    if args.load_only {
        return Ok(());
    }
    super::serve::serve(&Held::of_dir(&args.data), Arc::new(clock(args)), &args.http)
}

fn clock(args: &Demo) -> Ahead {
    Ahead(i64::from(args.ahead) * DAY)
}

/// Removes what the demo has put into a directory, and nothing else.
fn throw_away(dir: &Path) -> Result<(), Fault> {
    for name in [DATABASE, "county.db-wal", "county.db-shm", seen::FILE, show::LOCK, KEY_FILE] {
        let path = dir.join(name);
        if path.is_file() {
            std::fs::remove_file(path)?;
        }
    }
    let files = dir.join("files");
    if files.is_dir() {
        std::fs::remove_dir_all(files)?;
    }
    Ok(())
}

/// Loads beside and moves into place when all is there, so that a broken-off load leaves nothing
/// that looks like a county.
fn load(args: &Demo) -> Result<(), Fault> {
    let beside = args.data.join(LOADING);
    if beside.is_dir() {
        std::fs::remove_dir_all(&beside)?;
    }
    let county = county_files(args)?;
    let now = clock(args).now();
    let clock = Arc::new(Scripted::new(crate::demo::begin(now), args.seed));
    let service = super::load::county(&Store::of_dir(&beside), &county, &args.mechanisms, clock.clone())?;
    let mut shown = 0;
    let mut progress = |done: crate::demo::Progress| progress(&done, &mut shown);
    let drawn = (args.seed, args.flood);
    let played = match args.no_past {
        true => crate::demo::flood(&service, &clock, &county, now, drawn, &mut progress),
        false => crate::demo::play(&service, &clock, &county, now, drawn, &mut progress),
    };
    let summary = played.map_err(|fault| Fault::new(fault.to_string()))?;
    service.ledger().put_setting(setting::DEMO, b"1")?;
    let accounts = county.join("accounts.csv");
    service.ledger().put_setting(setting::ACCOUNTS, &std::fs::read(accounts)?)?;
    service.close();
    // The key first: a county without its key would be lost, a key without a county harms nobody.
    for name in [KEY_FILE, "files", DATABASE] {
        if name == KEY_FILE && !beside.join(name).exists() {
            continue; // It came from the environment.
        }
        std::fs::rename(beside.join(name), args.data.join(name))?;
    }
    std::fs::remove_dir_all(&beside)?;
    eprintln!("{summary}");
    Ok(())
}

/// Where the county's files lie.
fn county_files(args: &Demo) -> Result<PathBuf, Fault> {
    if let Some(county) = &args.county {
        return Ok(county.clone());
    }
    gongzhi_service::load::first_county(Path::new("counties"))
        .ok_or_else(|| Fault::told("demo-no-counties", []))
}

/// A line of progress on a terminal, in place.
fn progress(done: &crate::demo::Progress, shown: &mut u64) {
    if std::io::stderr().is_terminal() && done.commands >= *shown + 200 {
        *shown = done.commands;
        eprint!("\r{done}        ");
    }
}
