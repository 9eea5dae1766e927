//! `./x simulate`: plays counties from seeds against the real kernel, store and service, and checks
//! them. A seed that fails plays the same again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;
use gongzhi_testkit::sim::{self, Engine, Habits, Plan, Report};

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
    /// The database: `sqlite`, or `postgres` on a temporary server of each seed's own.
    #[arg(long, default_value = "sqlite", value_parser = ["sqlite", "postgres"])]
    engine: String,
    /// What people do and what goes wrong.
    #[arg(long)]
    habits: Option<PathBuf>,
    /// Seeds played at the same time; as many as there are processors when nothing is said.
    #[arg(long)]
    jobs: Option<usize>,
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
    let engine = if cli.engine == "postgres" { Engine::Postgres } else { Engine::Sqlite };
    let plan = |seed: u64| Plan {
        seed,
        days: if cli.quick { 45 } else { cli.days },
        villages: cli.villages.or(cli.quick.then_some(24)),
        nodes: cli.nodes.unwrap_or(if seed.is_multiple_of(3) { 2 } else { 1 }).max(1),
        engine,
        mechanisms: root.join("mechanisms"),
        habits: habits.clone(),
        sabotage: None,
    };
    let next = AtomicU64::new(cli.seed);
    let broken = AtomicU64::new(0);
    let jobs = cli.jobs.or_else(|| std::thread::available_parallelism().ok().map(usize::from)).unwrap_or(1);
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= cli.seed.saturating_add(cli.seeds) {
                return;
            }
            let plan = plan(seed);
            let bad = match sim::run(&plan) {
                Ok(report) => {
                    let text = tell(&report, &plan, cli.verbose);
                    print!("{text}");
                    report.failure.is_some()
                }
                Err(why) => {
                    eprintln!("simulate: seed {seed}: {why}");
                    true
                }
            };
            broken.fetch_add(u64::from(bad), Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, usize::try_from(cli.seeds).unwrap_or(1)) {
            scope.spawn(work);
        }
    });
    match broken.into_inner() {
        0 => ExitCode::SUCCESS,
        broken => {
            eprintln!("simulate: {broken} of {} seeds failed", cli.seeds);
            ExitCode::FAILURE
        }
    }
}

/// The line of a seed; what was broken and how to play it again.
fn tell(report: &Report, plan: &Plan, verbose: bool) -> String {
    let mut text = format!("{report}\n");
    let Report { tally, failure, .. } = report;
    if verbose {
        let faults = tally.faults.iter().map(|(name, times)| ((*name).to_owned(), times));
        for (name, times) in faults.chain(tally.steps.iter().map(|(name, times)| (name.clone(), times))) {
            let _ = writeln!(text, "  {times:>6}  {name}");
        }
    }
    if let Some(failure) = failure {
        for line in &failure.trace {
            let _ = writeln!(text, "  {line}");
        }
        let villages = plan.villages.map(|villages| format!(" --villages {villages}")).unwrap_or_default();
        let (seed, days, nodes) = (plan.seed, plan.days, plan.nodes);
        let engine = if plan.engine == Engine::Postgres { " --engine postgres" } else { "" };
        let _ = writeln!(
            text,
            "  again: ./x simulate --seed {seed} --days {days} --nodes {nodes}{villages}{engine}"
        );
    }
    text
}
