//! `./x bench check`: checking the whole library, with every worked example replayed and the burden
//! counted, as publishing does it.

use std::fmt::Write as _;
use std::path::Path;

use gongzhi_kernel::example;
use gongzhi_lang::burden::{lines, over};
use gongzhi_service::burden::{read_limits, read_volumes};
use gongzhi_service::load;

/// Runs after the first, which warms the caches and is not counted.
const RUNS: usize = 100;

/// The table in Markdown.
pub fn run() -> Result<String, String> {
    let files = load::read_library(Path::new("mechanisms")).map_err(|fault| format!("{fault:?}"))?;
    let county = load::first_county(Path::new("counties")).ok_or("there is no county under counties/")?;
    let read = |name: &str| std::fs::read_to_string(county.join(name)).map_err(|error| error.to_string());
    let (volumes, budget) = (read("volumes.toml")?, read("budget.toml")?);
    let mut lang = Vec::new();
    let mut whole = Vec::new();
    let mut played = 0;
    for round in 0..=RUNS {
        let start = super::now();
        let checked = gongzhi_lang::check(&files.sources, &files.data);
        let alone = start.elapsed().as_secs_f64() * 1_000.0;
        let start = super::now();
        let full = example::check(&files.sources, &files.data);
        let volumes = read_volumes(&volumes).map_err(|bad| bad.to_string())?;
        let limits = read_limits(&budget, 0).map_err(|bad| bad.to_string())?;
        let found = over(&lines(&full.library, &volumes), &volumes, &limits);
        let all = start.elapsed().as_secs_f64() * 1_000.0;
        if !(checked.is_clean() && full.is_clean() && found.is_empty()) {
            return Err("the library has faults: run gongzhi check".into());
        }
        played = full.examples.len();
        if round > 0 {
            lang.push(alone);
            whole.push(all);
        }
    }
    let bytes: usize = files.sources.iter().map(|one| one.text.len()).sum();
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} documents ({} KB), {} data files, {played} worked examples; {RUNS} runs, one thread.\n",
        files.sources.len(),
        bytes / 1_000,
        files.data.len()
    );
    let _ = writeln!(out, "| checking the whole library | p50 ms | p99 ms |\n|---|---:|---:|");
    for (name, mut times) in [("language alone", lang), ("with examples and burden", whole)] {
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        let _ = writeln!(out, "| {name} | {:.1} | {:.1} |", at(50), at(99));
    }
    Ok(out)
}
