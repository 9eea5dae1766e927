//! `./x bench ledger`: the ledger against the database engines that carry it, and against itself at
//! a thousand and at a million records.

mod append;
mod baseline;
mod path;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use gongzhi_store::Ledger;
use gongzhi_store::sqlite::Sqlite;

use crate::load::{self, Measured};
use crate::script::Script;
use crate::server::{self, Server};
use crate::{WORK, burst, refuse_failures, report};

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

/// Runs it and gives the tables.
pub fn run(runtime: &tokio::runtime::Runtime, quick: bool) -> Result<String, String> {
    let source = std::fs::read_to_string("suite/bench/matter.toml").map_err(|error| error.to_string())?;
    let plan = Plan {
        quick,
        stores: if quick { [1_000, 5_000] } else { [1_000, 1_000_000] },
        seconds: if quick { 3 } else { 10 },
        script: Arc::new(Script::read(&source)?),
    };
    let mut out = String::new();
    put(&mut out, format_args!("Machine: {}.\n", report::machine()));
    engines(&plan, &mut out)?;
    runtime.block_on(stores(&plan, &mut out))?;
    Ok(out)
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

/// Part one: what the engine gives by itself, bare append, and the whole command path.
fn engines(plan: &Plan, out: &mut String) -> Result<(), String> {
    let county = county()?;
    let file = gongzhi_service::load::CountyFile::read(&county).map_err(|fault| format!("{fault:?}"))?;
    let sqlite = |dir: &Path| -> Result<Arc<dyn Ledger>, String> {
        let ledger = Sqlite::open(&dir.join("county.db"), &file.place).map_err(|error| error.to_string())?;
        Ok(Arc::new(ledger))
    };
    eprintln!("bench: single-row commits of SQLite");
    let rows = baseline::sqlite(&empty_dir("single")?.join("rows.db"), plan.seconds)?;
    eprintln!("bench: bare append on SQLite, {CALLERS} callers");
    let bare = append::run(&sqlite(&empty_dir("append")?)?, &file.place, CALLERS, plan.seconds)?;
    eprintln!("bench: the command path on SQLite, {CALLERS} callers");
    let dir = empty_dir("path")?;
    let service = path::open(sqlite(&dir)?, &county, &dir)?;
    let commands = path::run(&service, &plan.script, CALLERS, plan.seconds)?;
    service.close();
    put(
        out,
        format_args!(
            "| engine | its own single-row durable commits/s | bare append, events/s | times | command path, commands/s | times |\n|---|---:|---:|---:|---:|---:|"
        ),
    );
    put(
        out,
        format_args!(
            "| SQLite | {rows:.0} | {bare:.0} | {:.1} | {commands:.0} | {:.2} |\n",
            bare / rows,
            commands / rows
        ),
    );
    Ok(())
}

/// Part two: an empty store, a small and a large one behind the HTTP interface.
async fn stores(plan: &Plan, out: &mut String) -> Result<(), String> {
    let number = Arc::new(AtomicU64::new(0));
    let mut rows = Vec::new();
    let [small, large] = plan.stores;
    for stored in [0, small, large] {
        let dir = format!("{WORK}/full-{stored}");
        eprintln!("bench: a store of {stored} matters");
        server::load(Path::new(&dir), stored, stored > 0).await?;
        let server = Server::start(Path::new(&dir), Path::new(&format!("{WORK}/run"))).await?;
        rows.push(store(plan, &server, stored, &number, stored == large).await?);
        server.stop().await;
    }
    put(
        out,
        format_args!(
            "| matters stored | lifecycles/s, 50 clients | inbox p99 ms | dashboard p99 ms | resident memory MB (peak) |\n|---:|---:|---:|---:|---:|"
        ),
    );
    for row in &rows {
        put(
            out,
            format_args!(
                "| {} | {:.0} | {:.1} | {:.1} | {} ({}) |",
                row.stored,
                row.lifecycles.rate(),
                row.pages[0].1,
                row.pages[1].1,
                row.memory.0,
                row.memory.1
            ),
        );
    }
    if let [empty, small, large] = rows.as_slice() {
        let pages: Vec<String> = small
            .pages
            .iter()
            .zip(&large.pages)
            .map(|((name, before), (_, after))| format!("{name} {:.2}", after / before))
            .collect();
        put(
            out,
            format_args!(
                "\nLargest against empty: {:.0} % of the lifecycles. p99 of the largest against {} matters: {}.",
                100.0 * large.lifecycles.rate() / empty.lifecycles.rate(),
                small.stored,
                pages.join(", ")
            ),
        );
        if let Some(burst) = &large.burst {
            let asked = burst.lifecycles as usize + burst.failures.len();
            put(
                out,
                format_args!(
                    "Bursts of {:?} lifecycles/s at {} matters: {:.2} % of {asked} succeeded, slowest request's p95 {:.1} ms.",
                    burst::STAGES,
                    large.stored,
                    100.0 * burst.lifecycles as f64 / asked.max(1) as f64,
                    burst.latencies.keys().map(|name| burst.percentile(name, 95.0)).fold(0.0, f64::max)
                ),
            );
        }
    }
    let dir = format!("{WORK}/full-{large}");
    eprintln!("bench: verification of {large} matters");
    let verified = server::tool("verify", Path::new(&dir)).await?;
    put(out, format_args!("Verification of the largest store: {verified}."));
    Ok(())
}

/// What was measured at one store.
struct Row {
    stored: u64,
    lifecycles: Measured,
    /// p99 in milliseconds: inbox, dashboard.
    pages: Vec<(String, f64)>,
    burst: Option<Measured>,
    memory: (u64, u64),
}

async fn store(
    plan: &Plan,
    server: &Server,
    stored: u64,
    number: &Arc<AtomicU64>,
    bursts: bool,
) -> Result<Row, String> {
    let script = &plan.script;
    let tokens = Arc::new(load::sign_in(&server.host, script).await?);
    let mut pages = Vec::new();
    for name in ["inbox", "board"] {
        let page = script.pages.get(name).ok_or(format!("the script has no page {name}"))?;
        let token = page.account.as_ref().and_then(|account| tokens.get(account));
        let cookie = token.map(|token| format!("Cookie: session={token}\r\n")).unwrap_or_default();
        load::pages(&server.host, name, page, &cookie, CALLERS, 1).await;
        let measured = load::pages(&server.host, name, page, &cookie, CALLERS, plan.seconds).await;
        refuse_failures(&measured)?;
        pages.push((name.to_owned(), measured.percentile(name, 99.0)));
    }
    load::lifecycles(&server.host, script, &tokens, 50, 2, number).await;
    let lifecycles = load::lifecycles(&server.host, script, &tokens, 50, plan.seconds, number).await;
    refuse_failures(&lifecycles)?;
    let burst = match bursts {
        true => Some(burst::run(&server.host, script, &tokens, if plan.quick { 1 } else { 4 }, number).await),
        false => None,
    };
    Ok(Row { stored, lifecycles, pages, burst, memory: server.memory() })
}
