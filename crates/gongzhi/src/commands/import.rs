//! `gongzhi import`: a register, or the parts of a record, from a sheet, for an administrator at a shell. The same use
//! case as the page's: the rights of the account, the same report row by row, all or nothing.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use gongzhi_base::RecordId;
use gongzhi_kernel::Actor;
use gongzhi_service::Service;
use gongzhi_service::ambient::Machine;
use gongzhi_service::import::{Applied, ImportFailure, LIMITS, Plan};
use gongzhi_web::i18n::{Lang, t, t_with};
use gongzhi_web::pages::sheets::{file_words, hints, no_table_words, reported};

use super::{Fault, words};

/// Arguments of `gongzhi import`.
#[derive(clap::Args)]
pub struct Import {
    #[command(flatten)]
    data: super::open::Held,
    /// The mechanism whose records are the rows, such as `posts`.
    #[arg(long, value_name = "ID")]
    mechanism: String,
    /// The number of the record under which they come; left out for a register.
    #[arg(long, value_name = "NUMBER")]
    under: Option<String>,
    /// The account in whose name it is done, by its login: its rights hold.
    #[arg(long = "as", value_name = "ACCOUNT")]
    account: String,
    /// Only check it; nothing is written.
    #[arg(long)]
    dry_run: bool,
    /// The sheet, XLSX or CSV.
    file: PathBuf,
}

/// Runs it; exit code 0 if everything was imported, or would be.
pub fn run(args: &Import) -> Result<ExitCode, Fault> {
    let lang = words::lang();
    let bytes = std::fs::read(&args.file).map_err(|error| Fault::file(&args.file, &error))?;
    // Beside a server on the same directory its registers would be read late; in a database servers follow each other.
    let store = args.data.store();
    let _held = if store.is_database() { None } else { Some(args.data.taken()?) };
    let service = args.data.service(Arc::new(Machine))?;
    let account = service.ledger().credential(&args.account)?;
    let account = account.ok_or_else(|| Fault::told("no-account", [("login", args.account.clone())]))?;
    let actor = service.actor_of(&account.person);
    let under = match &args.under {
        Some(number) => {
            let found = service.ledger().by_number(number)?;
            Some(found.ok_or_else(|| Fault::told("no-record", [("record", number.clone())]))?)
        }
        None => None,
    };
    let done = take(&service, &actor, under, args, &bytes);
    let told = match &done {
        Ok((applied, carried)) => told(lang, &service, &applied.plan, &applied.left, *carried),
        Err(ImportFailure::Otherwise(plan)) => told(lang, &service, plan, &[], false),
        Err(ImportFailure::File(fault)) => {
            let sheet = service.import_sheet(&actor, under, &args.mechanism).ok();
            file_words(lang, fault, sheet.map_or(&LIMITS, |(_, sheet)| sheet.limits()))
        }
        Err(ImportFailure::NoTable(found, sheet)) => no_table_words(lang, found, sheet),
        Err(ImportFailure::Gone) => t(lang, "import-gone").into_owned(),
        Err(ImportFailure::Failure(failure)) => gongzhi_web::pages::words::failure_words(lang, failure).words,
    };
    writeln!(std::io::stdout(), "{}", told.trim_end())?;
    service.close();
    let good = done.is_ok_and(|(applied, _)| applied.plan.faults.is_empty() && applied.left.is_empty());
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks the sheet and, if it is sound and not only to be checked, carries it out; whether it did.
fn take(
    service: &Service,
    actor: &Actor,
    under: Option<RecordId>,
    args: &Import,
    bytes: &[u8],
) -> Result<(Applied, bool), ImportFailure> {
    // Nothing is kept for whoever may not import.
    service.import_sheet(actor, under, &args.mechanism)?;
    let token = service.keep_upload(actor, under, bytes, None)?;
    let plan = service.import_plan(actor, under, &args.mechanism, token, &tell)?;
    if args.dry_run || !plan.faults.is_empty() {
        return Ok((Applied { plan, left: Vec::new() }, false));
    }
    let mark = plan.mark;
    Ok((service.import_apply(actor, under, &args.mechanism, token, mark, &tell)?, true))
}

/// How far it is, for whoever looks at a terminal.
fn tell(done: usize, total: usize) {
    use std::io::IsTerminal as _;
    let mut err = std::io::stderr();
    if err.is_terminal() {
        let _ = write!(err, "\r{} %\r", done * 100 / total.max(1));
    }
}

fn told(lang: Lang, service: &Service, plan: &Plan, left: &[u32], carried: bool) -> String {
    let state = service.state();
    let mut lines = reported(lang, &state, plan);
    let [new, changed, _] = plan.counts();
    let pairs = [("x", (new as i64).into()), ("y", (changed as i64).into())];
    lines.extend(hints(lang, plan));
    lines.push(match (carried, plan.faults.is_empty()) {
        (true, _) => t_with(lang, "import-done", pairs),
        (false, true) if plan.is_blank() => t(lang, "import-blank").into_owned(),
        (false, true) => t_with(lang, "import-would", pairs),
        (false, false) => t(lang, "import-faulty").into_owned(),
    });
    if !left.is_empty() {
        let rows: Vec<String> = left.iter().map(u32::to_string).collect();
        let rows = rows.join(&t(lang, "list-comma"));
        lines.push(t_with(lang, "import-left", [("n", (left.len() as i64).into()), ("x", rows.into())]));
    }
    lines.join("\n")
}
