//! `gongzhi doctor`: everything that keeps a county safe, a line each.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use gongzhi_service::ambient::{Ambient as _, Machine};
use gongzhi_service::doctor::{self, Finding, Level, Outside};
use gongzhi_service::files::Files;
use gongzhi_service::seal::KEY_FILE;
use gongzhi_web::i18n::{FluentArgs, Lang, t, t_args};

use super::Fault;
use super::words::lang;

/// Arguments of `gongzhi doctor`.
#[derive(clap::Args)]
pub struct Doctor {
    #[command(flatten)]
    data: super::open::Held,
    /// A checkpoint of the log that a witness or a resident kept: is the ledger its continuation?
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Read every page of the database and every entry too, however long it takes.
    #[arg(long)]
    deep: bool,
    /// Free room on the disk, in MB, below which that is a failure; below ten times as much it is a warning.
    #[arg(long, value_name = "MB", default_value_t = doctor::LEAST_FREE >> 20)]
    least_free: u64,
    /// `text` for people, `json` for machines.
    #[arg(long, default_value = "text", value_parser = ["text", "json"])]
    format: String,
}

/// Runs it: 0 when nothing has failed, 1 when something has, 2 when nothing could be looked at; that is a line too.
pub fn run(args: &Doctor) -> ExitCode {
    let (found, code) = match examine(args) {
        Ok(found) => {
            let failed = found.iter().any(|line| line.level == Level::Fail);
            (found, u8::from(failed))
        }
        Err(fault) => {
            let args = vec![("why", fault.to_string())];
            (vec![Finding { level: Level::Fail, check: "county", outcome: "bad", args }], 2)
        }
    };
    match args.format.as_str() {
        "json" => println!("{}", json(lang(), &found)),
        _ => print(lang(), &found),
    }
    ExitCode::from(code)
}

fn examine(args: &Doctor) -> Result<Vec<Finding>, Fault> {
    let note = match &args.checkpoint {
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| Fault::file(path, &error))?),
        None => None,
    };
    let ledger = args.data.ledger()?;
    let store = args.data.store();
    let kept = store.dir().ok().and_then(super::seen::kept);
    // Nothing is made where nothing is.
    let files = store.dir().ok().map(|dir| dir.join("files"));
    let files = files.filter(|dir| dir.is_dir()).and_then(|dir| Files::open(dir).ok());
    let outside = Outside {
        now: Machine.now(),
        master: store.held_master().map_err(|fault| fault.to_string()),
        key_readable: store.dir().is_ok_and(|dir| readable(&dir.join(KEY_FILE))),
        free: if store.is_database() { None } else { store.dir().ok().and_then(free) },
        least_free: args.least_free.saturating_mul(1 << 20),
        seen: kept.as_deref(),
        checkpoint: note.as_deref(),
        deep: args.deep,
        files: files.as_ref(),
    };
    Ok(doctor::examine(&ledger, &outside))
}

/// Free bytes for this user on the disk of a directory.
fn free(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(unix)]
fn readable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn readable(_: &Path) -> bool {
    false
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Fail => "fail",
    }
}

fn words(lang: Lang, line: &Finding) -> String {
    let mut args = FluentArgs::new();
    for (name, value) in &line.args {
        args.set(*name, value.clone());
    }
    t_args(lang, &format!("doctor-{}-{}", line.check, line.outcome), &args)
}

fn print(lang: Lang, found: &[Finding]) {
    for line in found {
        let level = t(lang, &format!("doctor-level-{}", name(line.level)));
        println!("[{level}] {}: {}", t(lang, &format!("doctor-{}", line.check)), words(lang, line));
    }
    let count = |level| found.iter().filter(|line| line.level == level).count();
    let (warn, fail) = (count(Level::Warn), count(Level::Fail));
    let summary = match (fail, warn) {
        (0, 0) => "ok",
        (0, _) => "warn",
        _ => "fail",
    };
    let mut args = FluentArgs::new();
    args.set("warn", warn);
    args.set("fail", fail);
    println!("{}", t_args(lang, &format!("doctor-summary-{summary}"), &args));
}

fn json(lang: Lang, found: &[Finding]) -> serde_json::Value {
    let line = |line: &Finding| {
        let args: serde_json::Map<String, serde_json::Value> =
            line.args.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        serde_json::json!({
            "level": name(line.level),
            "check": line.check,
            "outcome": line.outcome,
            "values": args,
            "words": words(lang, line),
        })
    };
    found.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_words_in_both_languages() {
        for (check, outcomes) in doctor::OUTCOMES {
            for lang in Lang::ALL {
                assert!(gongzhi_web::i18n::has(lang, &format!("doctor-{check}")), "{check}");
                for outcome in *outcomes {
                    let key = format!("doctor-{check}-{outcome}");
                    assert!(gongzhi_web::i18n::has(lang, &key), "{key}");
                }
            }
        }
    }
}
