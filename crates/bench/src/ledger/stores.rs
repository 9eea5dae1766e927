//! Part two: an empty store, a small and a large one behind the HTTP interface.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::{CALLERS, Plan, put};
use crate::load::{self, Measured};
use crate::server::{self, Server};
use crate::{WORK, burst, refuse_failures};

/// Makes the large store unless it is there.
pub async fn fill(plan: &Plan) -> Result<(), String> {
    let large = plan.stores[1];
    eprintln!("bench: a store of {large} matters");
    server::load(Path::new(&format!("{WORK}/full-{large}")), large, true).await
}

pub async fn run(plan: &Plan, out: &mut String) -> Result<(), String> {
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
