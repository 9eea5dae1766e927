//! `gongzhi recount`: every indicator counted from the ledger, against what is kept.

use std::process::ExitCode;
use std::sync::Arc;

use gongzhi_kernel::project::CellKey;
use gongzhi_service::ambient::{Ambient as _, Machine};
use gongzhi_service::codes::CodeSecret;
use gongzhi_service::recount::{self, Difference, Recount as Found};

use super::Fault;
use super::show::Line;
use super::words::words;

/// Arguments of `gongzhi recount`.
#[derive(clap::Args)]
pub struct Recount {
    #[command(flatten)]
    data: super::open::Held,
    /// `text` for people, `json` for machines.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Runs it: 0 when all agree, 1 when figures differ, 2 when it cannot be counted.
pub fn run(args: &Recount) -> ExitCode {
    match count(args) {
        Ok(found) if found.agrees() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(fault) => {
            eprintln!("gongzhi: {fault}");
            ExitCode::from(2)
        }
    }
}

fn count(args: &Recount) -> Result<Found, Fault> {
    let ledger = args.data.ledger()?;
    let secret = match args.data.store().held_master() {
        Ok(master) => CodeSecret::kept(&ledger, master)?,
        Err(_) => None,
    };
    if secret.is_none() {
        eprintln!("gongzhi: {}", words("recount-no-key", []));
    }
    let mut line = Line::new(Arc::new(Machine));
    let found = recount::recount(ledger.as_ref(), secret.as_ref(), Machine.now(), &mut |done, of| {
        line.show("recount", done, of);
    })?;
    line.end();
    if args.format == "json" {
        println!("{}", json(&found));
        return Ok(found);
    }
    for Difference { key, kept, counted } in &found.differences {
        let parts = |(above, below): (i64, i64)| format!("{above}/{below}");
        let told = words("recount-figure", [("kept", parts(*kept)), ("counted", parts(*counted))]);
        println!(
            "{}\t{}\t{}\t{}\t{}\t{told}",
            key.mechanism,
            key.indicator,
            key.dimension.word(),
            key.key,
            period(key),
        );
    }
    for strange in &found.strange {
        println!("{}\t{}\t{}", strange.kind, strange.which, words("recount-strange", []));
    }
    let told = [
        ("entries", found.entries.to_string()),
        ("records", found.records.to_string()),
        ("figures", found.cells.to_string()),
        ("differ", found.differences.len().to_string()),
        ("others", found.strange.len().to_string()),
    ];
    println!("{}", words("recounted", told));
    if found.moved && !found.agrees() {
        println!("{}", words("recount-moved", []));
    } else if !found.agrees() {
        println!("{}", words("recount-rebuild", []));
    }
    Ok(found)
}

fn json(found: &Found) -> serde_json::Value {
    let differences = found.differences.iter().map(|Difference { key, kept, counted }| {
        serde_json::json!({
            "mechanism": key.mechanism,
            "indicator": key.indicator,
            "dimension": key.dimension.word(),
            "key": key.key,
            "period": key.period,
            "bucket": key.bucket,
            "kept": [kept.0, kept.1],
            "counted": [counted.0, counted.1],
        })
    });
    serde_json::json!({
        "entries": found.entries,
        "records": found.records,
        "figures": found.cells,
        "moved": found.moved,
        "differences": differences.collect::<Vec<_>>(),
        "others": found.strange.iter().map(|strange| serde_json::json!({
            "kind": strange.kind,
            "which": strange.which,
        })).collect::<Vec<_>>(),
    })
}

/// The period, of lapses of time with their bucket.
fn period(key: &CellKey) -> String {
    let period = if key.period.is_empty() { "now" } else { &key.period };
    key.bucket.map_or_else(|| period.to_owned(), |bucket| format!("{period} bucket {bucket}"))
}
