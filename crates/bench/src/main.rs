//! `./x bench [matter|ledger|matrix|path|check|pledges|import] [--quick] [--fill]`: speed proved on a release build over loopback,
//! with full sync. `path` is the first part of `ledger` and writes nothing, `path --lifecycles N` only
//! its command path and the processor time of it; `ledger --fill` only makes the large store, of
//! `--stored N` matters instead of a million. `at HOST:PORT` asks a server that is running already, for whoever
//! looks for what is slow in it, and writes nothing.
//! Everything is measured in one run on one machine; what is compared is compared within that run.

mod burst;
mod check;
mod http;
mod import;
mod ledger;
mod load;
mod matrix;
mod pledges;
mod report;
mod script;
mod server;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use load::Measured;
use report::Report;
use script::Script;
use server::Server;

/// The product's own allocator: what is measured in this process is measured as it runs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The clock: a benchmark is about nothing else.
#[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
pub fn now() -> Instant {
    Instant::now()
}

const WORK: &str = "target/bench";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let name = args.first().map_or("matter", String::as_str);
    let quick = args.iter().any(|arg| arg == "--quick");
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("bench: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = match name {
        "matter" => runtime.block_on(matter(quick)).and_then(|report| {
            let text = report.text();
            report.write_chart(Path::new("docs"), quick).map(|()| text).map_err(|error| error.to_string())
        }),
        "ledger" if args.iter().any(|arg| arg == "--fill") => {
            return ended(ledger::fill(&runtime, quick, number(&args, "--stored")));
        }
        "ledger" => ledger::run(&runtime, quick, number(&args, "--stored")),
        "path" => {
            return ended(ledger::path(quick, number(&args, "--lifecycles")));
        }
        "at" => {
            let host = args.get(1).map_or("127.0.0.1:8700", String::as_str);
            return ended(ledger::at(&runtime, quick, host));
        }
        "check" => check::run(),
        "pledges" => {
            pledges::run(number(&args, "--members").unwrap_or(if quick { 500 } else { 10_000 }) as usize)
        }
        "import" => {
            import::run(number(&args, "--rows").unwrap_or(if quick { 5_000 } else { 50_000 }) as usize)
        }
        "matrix" => runtime.block_on(matrix::run(quick)),
        other => Err(format!(
            "there is no benchmark `{other}`; there are: matter, ledger, at, matrix, check, path, pledges, import"
        )),
    };
    ended(result.and_then(|text| {
        println!("{text}");
        report::write(Path::new("docs"), name, &text, quick).map_err(|error| error.to_string())
    }))
}

/// The number after an option.
fn number(args: &[String], option: &str) -> Option<u64> {
    let at = args.iter().position(|arg| arg == option)?;
    args.get(at + 1)?.parse().ok()
}

fn ended(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Group commit: commands and durable transactions between two looks at the server's numbers.
async fn groups(host: &str) -> (f64, f64) {
    let commands = load::metric(host, "gongzhi_group_commands_sum").await;
    let transactions = load::metric(host, "gongzhi_group_commands_count").await;
    (commands, transactions)
}

async fn matter(quick: bool) -> Result<Report, String> {
    let source = std::fs::read_to_string("suite/bench/matter.toml").map_err(|error| error.to_string())?;
    let script = Arc::new(Script::read(&source)?);
    let stored: u64 = if quick { 5_000 } else { 100_000 };
    let seconds = if quick { 4 } else { 12 };
    let (empty, full) = (format!("{WORK}/empty"), format!("{WORK}/full-{stored}"));
    eprintln!("bench: loading an empty county and one of {stored} matters");
    server::load(Path::new(&empty), 0, false).await?;
    server::load(Path::new(&full), stored, true).await?;
    let number = Arc::new(AtomicU64::new(0));
    let mut report = Report::new(stored);

    for (label, dir) in [("empty store", &empty), ("full store", &full)] {
        eprintln!("bench: {label}");
        let server = Server::start(Path::new(dir), Path::new(&format!("{WORK}/run"))).await?;
        let tokens = Arc::new(load::sign_in(&server.host, &script).await?);
        // A first second warms caches and connections and is not counted.
        load::lifecycles(&server.host, &script, &tokens, 50, 1, &number).await;
        let before = groups(&server.host).await;
        let measured = load::lifecycles(&server.host, &script, &tokens, 50, seconds, &number).await;
        let after = groups(&server.host).await;
        refuse_failures(&measured)?;
        report.start_seconds.push(server.start_seconds);
        report.group_sizes.push((label, (after.0 - before.0) / (after.1 - before.1).max(1.0)));
        report.lifecycles.push((label, measured));
        if label == "empty store" {
            let one = load::lifecycles(&server.host, &script, &tokens, 1, seconds / 2, &number).await;
            let before = groups(&server.host).await;
            let many = load::lifecycles(&server.host, &script, &tokens, 64, seconds, &number).await;
            let after = groups(&server.host).await;
            refuse_failures(&one)?;
            refuse_failures(&many)?;
            report.one_client = one.requests();
            report.many_clients = many.requests();
            report.many_group = (after.0 - before.0) / (after.1 - before.1).max(1.0);
        } else {
            measure_pages(&server, &script, &tokens, seconds, &mut report).await?;
            report.memory = server.memory();
        }
        server.stop().await;
    }
    Ok(report)
}

fn refuse_failures(measured: &Measured) -> Result<(), String> {
    match measured.failures.first() {
        Some(first) => Err(format!("{} requests failed, the first: {first}", measured.failures.len())),
        None => Ok(()),
    }
}

async fn measure_pages(
    server: &Server,
    script: &Script,
    tokens: &BTreeMap<String, String>,
    seconds: u64,
    report: &mut Report,
) -> Result<(), String> {
    for (name, page) in &script.pages {
        let cookie = match page.account.as_ref().and_then(|account| tokens.get(account)) {
            Some(token) => format!("Cookie: session={token}\r\n"),
            None => String::new(),
        };
        let measured = load::pages(&server.host, name, page, &cookie, 16, seconds).await;
        refuse_failures(&measured)?;
        report.pages.push((name.clone(), measured));
    }
    if let Some(page) = script.pages.get("report") {
        report.weight = load::weight(&server.host, &page.path).await?;
    }
    Ok(())
}
