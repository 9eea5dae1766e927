//! The binary: wiring only. Each command stands in a file of its own.

mod commands;
mod demo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The system's own allocator keeps a heap for each thread and gives little back: measured, this one
/// needs about half as much resident memory under load. It asks for no huge pages (`no_thp`): of each that a thread's heap
/// has begun all two megabytes are resident, which was 40 % of all.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_env("GONGZHI_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // What the program makes is its owner's alone: databases, attachments, archives.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let cli = Cli::parse();
    commands::words::choose(cli.lang.as_deref());
    let result = match cli.command {
        Command::Serve(serve) => commands::serve::run(&serve),
        Command::Demo(demo) => commands::demo::run(&demo),
        Command::Load(load) => commands::load::run(&load),
        Command::Check(check) => return commands::check::run(&check),
        Command::Burden(burden) => return commands::burden::run(&burden),
        Command::Figures(figures) => commands::figures::run(&figures),
        Command::Import(import) => match commands::import::run(&import) {
            Ok(code) => return code,
            Err(fault) => Err(fault),
        },
        Command::Outgoing(outgoing) => commands::outgoing::run(&outgoing),
        Command::Receipt(receipt) => return commands::receipt::run(&receipt),
        Command::Verify(verify) => return commands::verify::run(&verify),
        Command::Log(log) => commands::log::run(&log),
        Command::Backup(backup) => commands::backup::run(&backup),
        Command::Restore(restore) => commands::restore::run(&restore),
        Command::Move(moving) => commands::moving::run(&moving),
        Command::Erasures(erasures) => commands::erasures::run(&erasures),
        Command::Key(key) => commands::key::run(&key),
        Command::Doctor(doctor) => return commands::doctor::run(&doctor),
        Command::Rebuild(rebuild) => commands::rebuild::run(&rebuild),
        Command::Recount(recount) => return commands::recount::run(&recount),
        Command::Manual(manual) => commands::check::manual(&manual),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("gongzhi: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Gongzhi 共治: grassroots governance of a county.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// Language of all that is said: `zh` or `en`; the terminal's unless told, else Chinese.
    #[arg(long, global = true, value_parser = ["zh", "en"])]
    lang: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a county over HTTP.
    Serve(commands::serve::Serve),
    /// Load the demo county if the directory is empty, and serve it.
    Demo(commands::demo::Demo),
    /// Load a county's documents, territory, units, people and posts.
    Load(commands::load::Load),
    /// Check mechanism documents; exit code 1 if there are faults.
    Check(commands::check::Check),
    /// Print what the documents ask of each role in a month; exit code 1 over the budget.
    Burden(commands::burden::Burden),
    /// Print every indicator.
    Figures(commands::figures::Figures),
    /// Import a register, or the parts of a record, from a sheet; exit code 0 only if all of it is sound.
    Import(commands::import::Import),
    /// Verify the whole ledger, a record or a period; exit code 0 only if it verifies.
    Verify(commands::verify::Verify),
    /// Write the whole county into one encrypted file, while its server runs.
    Backup(commands::backup::Backup),
    /// Bring a county back from a backup, into a place that holds none.
    Restore(commands::restore::Restore),
    /// Move a county between a directory and a PostgreSQL database; the source stays as it is.
    Move(commands::moving::Move),
    /// The list of erased records: write it, or apply it to a county restored from an older backup.
    Erasures(commands::erasures::ErasuresArgs),
    /// The master key.
    Key(commands::key::Key),
    /// Look at everything that keeps a county safe; exit code 1 if something is wrong.
    Doctor(commands::doctor::Doctor),
    /// Write all lists, figures and search anew from the ledger; no server may run.
    Rebuild(commands::rebuild::Rebuild),
    /// Count every indicator from the ledger and compare; exit code 1 if one differs.
    Recount(commands::recount::Recount),
    /// Set the mail server and the hosts to which messages may go.
    Outgoing(commands::outgoing::Args),
    /// The keys that sign the log: list them, or add one.
    Log(commands::log::Log),
    /// Check or print a receipt, offline.
    Receipt(commands::receipt::Receipt),
    /// Print the manual of the checks.
    Manual(commands::check::Manual),
}
