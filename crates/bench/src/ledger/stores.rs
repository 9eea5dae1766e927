//! Part two: an empty store, a small and a large one behind the HTTP interface.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::{CALLERS, Plan, put};
use crate::http::Client;
use crate::load::{self, Measured};
use crate::script::{PageSpec, Script};
use crate::server::{self, Server};
use crate::{WORK, burst, refuse_failures};

/// More bytes than a server writes in a quarter of a second to tell its figures.
const MUCH: u64 = 200_000;

/// Makes the large store unless it is there.
pub async fn fill(plan: &Plan) -> Result<(), String> {
    let large = plan.stores[1];
    eprintln!("bench: a store of {large} matters");
    server::load(Path::new(&format!("{WORK}/full-{large}")), large, true).await
}

pub async fn run(plan: &Plan, out: &mut String) -> Result<(), String> {
    for postgres in [false, true] {
        engine(plan, postgres, out).await?;
    }
    Ok(())
}

/// All of it on one engine.
async fn engine(plan: &Plan, postgres: bool, out: &mut String) -> Result<(), String> {
    let number = Arc::new(AtomicU64::new(0));
    let mut rows = Vec::new();
    let [small, large] = plan.stores;
    let name = if postgres { "PostgreSQL" } else { "SQLite" };
    for stored in [0, small, large] {
        eprintln!("bench: {name}, a store of {stored} matters");
        let server = serve(stored, postgres.then_some("stored")).await?;
        let caught_up = settled(&server).await;
        let mut row = store(plan, &server.host, stored, &number, stored == large).await?;
        row.caught_up = caught_up;
        row.memory = server.memory();
        rows.push(row);
        server.stop().await;
    }
    // The machine gives more now and less then: half of what an empty store gives is measured after the large one.
    eprintln!("bench: {name}, an empty store again");
    let server = serve(0, postgres.then_some("empty")).await?;
    settled(&server).await;
    let tokens = Arc::new(load::sign_in(&server.host, &plan.script).await?);
    let again = lifecycles(plan, &server.host, &tokens, &number).await?;
    server.stop().await;
    put(
        out,
        format_args!(
            "\n{name}\n\n| matters stored | lifecycles/s, 50 clients | inbox p99 ms | dashboard p99 ms | resident memory MB (peak) |\n|---:|---:|---:|---:|---:|"
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
                "\nThe empty store again, after the largest: {:.0} lifecycles/s. Largest against the mean of both: {:.0} % of the lifecycles. p99 of the largest against {} matters: {}.",
                again.rate(),
                100.0 * large.lifecycles.rate() / ((empty.lifecycles.rate() + again.rate()) / 2.0),
                small.stored,
                pages.join(", ")
            ),
        );
        put(
            out,
            format_args!(
                "Deadlines that had come since the largest was made: {}, taken within {:.1} s of its start. What it puts in order when nobody asks it for anything was done after {:.0} s, and the rest measured then.",
                large.caught_up.0, large.caught_up.1, large.caught_up.2
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
    if let Some(receipt) = rows.last().and_then(|row| row.receipt) {
        put(
            out,
            format_args!(
                "Receipt with its proofs at {large} matters, over HTTP, one client: p50 {:.2} ms, p99 {:.2} ms.",
                receipt.0, receipt.1
            ),
        );
    }
    let dir = format!("{WORK}/full-{large}");
    let url = postgres.then(|| super::postgres::url("stored"));
    for (command, wanted) in [("verify", 300_000), ("rebuild", 50_000)] {
        eprintln!("bench: {command} of {large} matters");
        let (said, seconds) = server::tool(command, Path::new(&dir), url.as_deref()).await?;
        let entries = first_number(&said).ok_or_else(|| format!("`{command}` told no number: {said}"))?;
        let rate = entries / seconds;
        put(
            out,
            format_args!(
                "`gongzhi {command}` of the largest store: {said}; {rate:.0} entries a second with the start of the program (wanted: {wanted})."
            ),
        );
    }
    Ok(())
}

/// What was measured at one store.
struct Row {
    stored: u64,
    lifecycles: Measured,
    /// p99 in milliseconds: inbox, dashboard.
    pages: Vec<(String, f64)>,
    burst: Option<Measured>,
    /// p50 and p99 in milliseconds of a receipt with its proofs.
    receipt: Option<(f64, f64)>,
    memory: (u64, u64),
    /// Deadlines that had come since the store was made, the seconds until the last was taken, and those until nothing
    /// more was written.
    caught_up: (u64, f64, f64),
}

/// A server on a copy of a store, in a database of that name if one is given.
async fn serve(stored: u64, database: Option<&str>) -> Result<Server, String> {
    let (dir, work) = (format!("{WORK}/full-{stored}"), format!("{WORK}/run"));
    let (dir, work) = (Path::new(&dir), Path::new(&work));
    server::load(dir, stored, stored > 0).await?;
    let Some(database) = database else { return Server::start(dir, work).await };
    let url = super::postgres::database(database);
    server::to_postgres(dir, work, &url).await?;
    super::postgres::settle(database);
    Server::serve(work, Some(&url)).await
}

/// Waits until a server that was switched off has taken the deadlines that came meanwhile, and done what it does when
/// nobody asks it for anything: what is measured then is not beside them. How many deadlines there were, how many seconds
/// they took, and how many until all was done.
async fn settled(server: &Server) -> (u64, f64, f64) {
    let began = crate::now();
    let (mut taken, mut last) = (0.0, began);
    let (mut written, mut still) = (0, began);
    // The server looks at the clock every two seconds, and waits for three before it puts anything in order.
    while last.max(still).elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let now = load::metric(&server.host, "gongzhi_commands").await;
        if now > taken {
            (taken, last) = (now, crate::now());
        }
        // Not what it answers to this.
        let more = server.written();
        if more > written + MUCH {
            still = crate::now();
        }
        written = more;
    }
    (taken as u64, (last - began).as_secs_f64(), (still - began).as_secs_f64())
}

/// What a server that is running already does, told request by request.
pub async fn at(plan: &Plan, host: &str) -> Result<String, String> {
    let row = store(plan, host, 0, &Arc::new(AtomicU64::new(0)), true).await?;
    let mut out = String::new();
    put(&mut out, format_args!("{:.0} lifecycles/s", row.lifecycles.rate()));
    let told = |out: &mut String, what: &str, measured: &Measured| {
        for name in measured.latencies.keys() {
            let at = |percent| measured.percentile(name, percent);
            put(
                out,
                format_args!(
                    "{what} {name}: p50 {:.2} ms, p95 {:.2}, p99 {:.2}",
                    at(50.0),
                    at(95.0),
                    at(99.0)
                ),
            );
        }
    };
    told(&mut out, "lifecycles:", &row.lifecycles);
    if let Some(burst) = &row.burst {
        told(&mut out, "bursts:", burst);
    }
    for (name, p99) in &row.pages {
        put(&mut out, format_args!("page {name}: p99 {p99:.2} ms"));
    }
    if let Some((p50, p99)) = row.receipt {
        put(&mut out, format_args!("receipt: p50 {p50:.2} ms, p99 {p99:.2}"));
    }
    Ok(out)
}

async fn store(
    plan: &Plan,
    host: &str,
    stored: u64,
    number: &Arc<AtomicU64>,
    bursts: bool,
) -> Result<Row, String> {
    let script = &plan.script;
    let tokens = Arc::new(load::sign_in(host, script).await?);
    let mut pages = Vec::new();
    for name in ["inbox", "board"] {
        let page = script.pages.get(name).ok_or(format!("the script has no page {name}"))?;
        let token = page.account.as_ref().and_then(|account| tokens.get(account));
        let cookie = token.map(|token| format!("Cookie: session={token}\r\n")).unwrap_or_default();
        load::pages(host, name, page, &cookie, CALLERS, 1).await;
        let measured = load::pages(host, name, page, &cookie, CALLERS, plan.seconds).await;
        refuse_failures(&measured)?;
        pages.push((name.to_owned(), measured.percentile(name, 99.0)));
    }
    let lifecycles = lifecycles(plan, host, &tokens, number).await?;
    let burst = match bursts {
        true => Some(burst::run(host, script, &tokens, if plan.quick { 1 } else { 4 }, number).await),
        false => None,
    };
    let receipt = if bursts { Some(receipt(host, script, &tokens).await?) } else { None };
    Ok(Row { stored, lifecycles, pages, burst, receipt, memory: (0, 0), caught_up: (0, 0.0, 0.0) })
}

/// Lifecycles of fifty clients, once it is warm.
async fn lifecycles(
    plan: &Plan,
    host: &str,
    tokens: &Arc<BTreeMap<String, String>>,
    number: &Arc<AtomicU64>,
) -> Result<Measured, String> {
    load::lifecycles(host, &plan.script, tokens, 50, 2, number).await;
    let measured = load::lifecycles(host, &plan.script, tokens, 50, plan.seconds, number).await;
    refuse_failures(&measured)?;
    Ok(measured)
}

/// Asks for the receipt of a new record over and over; the first request of the script opens it.
async fn receipt(
    host: &str,
    script: &Script,
    tokens: &BTreeMap<String, String>,
) -> Result<(f64, f64), String> {
    let open = script.requests.first().ok_or("the script has no request")?;
    let run = format!("bench-receipt-{}", std::process::id());
    let place = script.places.first().map(String::as_str).unwrap_or_default();
    let body = open.body.replace("{cmd}", &run).replace("{word}", &run).replace("{place}", place);
    let mut client = Client::connect(host).await.map_err(|error| error.to_string())?;
    let answer = client.send(&open.method, &open.path, "", &body).await.map_err(|error| error.to_string())?;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let id = json.get("record").and_then(|id| id.as_str()).ok_or("no record was opened")?;
    let reader = script.requests.iter().find_map(|request| request.account.as_ref());
    let token = reader.and_then(|login| tokens.get(login)).ok_or("nobody is signed in")?;
    let page = PageSpec { account: None, path: format!("/api/v1/records/{id}/receipt") };
    let measured =
        load::pages(host, "receipt", &page, &format!("Authorization: Bearer {token}\r\n"), 1, 3).await;
    refuse_failures(&measured)?;
    Ok((measured.percentile("receipt", 50.0), measured.percentile("receipt", 99.0)))
}

/// The first number in what a command says, in whichever language: how many entries there were.
fn first_number(said: &str) -> Option<f64> {
    let grouped = |c: char| c.is_ascii_digit() || c == ',';
    let number = said.split(|c| !grouped(c)).find(|part| part.contains(|c: char| c.is_ascii_digit()))?;
    number.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::first_number;

    #[test]
    fn numbers_are_read_with_their_groups() {
        for said in
            ["Verified: 1,109,612 entries are sound, in 3", "核验通过：1,109,612条", "1109612 entries, 7"]
        {
            assert_eq!(first_number(said), Some(1_109_612.0), "{said}");
        }
        assert_eq!(first_number("nothing, really"), None);
    }
}
