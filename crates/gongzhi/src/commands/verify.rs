//! `gongzhi verify`: the whole ledger, one record or a period.

use std::process::ExitCode;

use gongzhi_base::{RecordId, Zone};
use gongzhi_service::audit::{Outcome, Part, check};
use gongzhi_service::service::setting;
use gongzhi_store::Ledger;
use gongzhi_web::receipt::{audit_json, audit_words};

use super::Fault;
use super::words::lang;

/// Arguments of `gongzhi verify`.
#[derive(clap::Args)]
pub struct Verify {
    #[command(flatten)]
    data: super::open::Held,
    /// One record only, by its number or identifier.
    #[arg(long, value_name = "NUMBER|ID", conflicts_with_all = ["from", "to"])]
    record: Option<String>,
    /// From this day on, as `2026-01-31`.
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<jiff::civil::Date>,
    /// Up to this day, inclusive.
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<jiff::civil::Date>,
    /// `text` for people, `json` for machines.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Runs it: 0 verifies, 1 does not, 2 when it cannot be asked.
pub fn run(args: &Verify) -> ExitCode {
    match verify(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(fault) => {
            eprintln!("gongzhi: {fault}");
            ExitCode::from(2)
        }
    }
}

fn verify(args: &Verify) -> Result<bool, Fault> {
    let ledger = args.data.ledger()?;
    let part = part(args, ledger.as_ref())?;
    let outcome = check(ledger.as_ref(), &part, &mut |_, _| {});
    match args.format.as_str() {
        "json" => println!("{}", audit_json(&outcome)),
        _ => println!("{}", audit_words(lang(), &outcome)),
    }
    Ok(matches!(outcome, Outcome::Sound { .. }))
}

fn part(args: &Verify, ledger: &dyn Ledger) -> Result<Part, Fault> {
    if let Some(name) = &args.record {
        let id: Option<RecordId> = match name.parse() {
            Ok(id) => Some(id),
            Err(_) => ledger.by_number(name.trim())?,
        };
        return id.map(Part::Record).ok_or_else(|| Fault::told("no-record", [("record", name.clone())]));
    }
    let (Some(from), Some(to)) = (args.from, args.to) else { return Ok(Part::Whole) };
    let minutes = ledger.setting(setting::ZONE)?.and_then(|bytes| String::from_utf8(bytes).ok());
    let zone = minutes.and_then(|text| text.parse().ok()).map_or(Zone::CHINA, |minutes| Zone { minutes });
    Ok(Part::Period { from: zone.start_of(from), to: zone.end_of(to) })
}
