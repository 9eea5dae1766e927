//! `./x simulate`: plays counties from seeds against the real kernel, store and service, and checks
//! them. A seed that fails plays the same again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use gongzhi_testkit::sim::{self, Habits, Plan, Report};

/// Plays simulated counties and checks that nothing is lost, doubled, crossed or miscounted.
#[derive(Parser)]
#[command(name = "simulate")]
struct Cli {
    /// How many seeds, beginning with --seed.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days are lived.
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// A small county and a short time: 24 villages, 45 days.
    #[arg(long)]
    quick: bool,
    /// Villages of the county; as the habits say when nothing is said.
    #[arg(long)]
    villages: Option<u32>,
    /// Server nodes on the one database; every third seed plays two when nothing is said.
    #[arg(long)]
    nodes: Option<usize>,
    /// What people do and what goes wrong.
    #[arg(long)]
    habits: Option<PathBuf>,
    /// Tells which steps were taken how often and which faults came.
    #[arg(long)]
    verbose: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let habits = match Habits::read(&cli.habits.clone().unwrap_or(root.join("suite/simulate/habits.toml"))) {
        Ok(habits) => habits,
        Err(why) => {
            eprintln!("simulate: {why}");
            return ExitCode::from(2);
        }
    };
    let mut broken = 0;
    for seed in cli.seed..cli.seed + cli.seeds {
        let plan = Plan {
            seed,
            days: if cli.quick { 45 } else { cli.days },
            villages: cli.villages.or(cli.quick.then_some(24)),
            nodes: cli.nodes.unwrap_or(if seed % 3 == 0 { 2 } else { 1 }).max(1),
            mechanisms: root.join("mechanisms"),
            habits: habits.clone(),
        };
        match sim::run(&plan) {
            Ok(report) => {
                println!("{report}");
                if cli.verbose {
                    details(&report);
                }
                broken += u64::from(tell(&report, &plan));
            }
            Err(why) => {
                eprintln!("simulate: seed {seed}: {why}");
                broken += 1;
            }
        }
    }
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn details(report: &Report) {
    for (name, times) in report
        .tally
        .faults
        .iter()
        .map(|(name, times)| (name.to_string(), times))
        .chain(report.tally.steps.iter().map(|(name, times)| (name.clone(), times)))
    {
        println!("  {times:>6}  {name}");
    }
}

/// Tells what was broken and how to play it again; whether anything was.
fn tell(report: &Report, plan: &Plan) -> bool {
    let Some(failure) = &report.failure else { return false };
    println!("  {}", failure.violation.what);
    for line in &failure.trace {
        println!("  {line}");
    }
    let villages = plan.villages.map(|villages| format!(" --villages {villages}")).unwrap_or_default();
    println!(
        "  again: ./x simulate --seed {} --days {} --nodes {}{villages}",
        report.seed, report.days, report.nodes
    );
    true
}
