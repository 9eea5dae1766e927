//! `./x bench matrix`: the views of the work programme as the browser asks for them, over loopback.

use std::fmt::Write as _;
use std::path::Path;

use crate::load;
use crate::script::Script;
use crate::server::{self, Server};

/// Clients at the same time: one, and as many as an office has people.
const CLIENTS: [usize; 2] = [1, 8];

/// The table in Markdown.
pub async fn run(quick: bool) -> Result<String, String> {
    let source = std::fs::read_to_string("suite/bench/matrix.toml").map_err(|error| error.to_string())?;
    let script = Script::read(&source)?;
    let loaded = format!("{}/past", crate::WORK);
    eprintln!("bench: loading the demo county with its past");
    server::load(Path::new(&loaded), 0, true).await?;
    let server = Server::start(Path::new(&loaded), Path::new(&format!("{}/run", crate::WORK))).await?;
    let tokens = load::sign_in(&server.host, &script).await?;
    let seconds = if quick { 3 } else { 12 };
    let mut out = String::new();
    let _ = writeln!(
        out,
        "| page | clients | p50 ms | p99 ms | pages a second | KB sent |\n|---|---:|---:|---:|---:|---:|"
    );
    for (name, page) in &script.pages {
        let cookie = match page.account.as_ref().and_then(|account| tokens.get(account)) {
            Some(token) => format!("Cookie: session={token}\r\n"),
            None => String::new(),
        };
        let bytes = sent(&server.host, &page.path, &cookie).await?;
        for clients in CLIENTS {
            // A first second warms caches and connections and is not counted.
            load::pages(&server.host, name, page, &cookie, clients, 1).await;
            let measured = load::pages(&server.host, name, page, &cookie, clients, seconds).await;
            if let Some(first) = measured.failures.first() {
                return Err(format!("{name}: {first}"));
            }
            let at = |percent| measured.percentile(name, percent);
            let _ = writeln!(
                out,
                "| {name} | {clients} | {:.1} | {:.1} | {:.0} | {:.1} |",
                at(50.0),
                at(99.0),
                measured.requests(),
                bytes as f64 / 1_000.0
            );
        }
    }
    server.stop().await;
    Ok(out)
}

/// Bytes of a page as sent to a browser.
async fn sent(host: &str, path: &str, cookie: &str) -> Result<usize, String> {
    let head = format!("{cookie}Accept-Encoding: br\r\nAccept-Language: zh-CN\r\n");
    let mut client = crate::http::Client::connect(host).await.map_err(|error| error.to_string())?;
    let answer = client.send("GET", path, &head, "").await.map_err(|error| format!("{path}: {error}"))?;
    if answer.status == 200 { Ok(answer.body.len()) } else { Err(format!("{path}: {}", answer.status)) }
}
