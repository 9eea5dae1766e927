//! `gongzhi burden`: what the documents ask of each role in a month, against the county's limits.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use gongzhi_lang::burden::{Limit, Line, Sum, Volumes, counted, left_out, lines, over, sums};
use gongzhi_lang::{At, Checked, DataFile, Fault as Found};
use gongzhi_service::ambient::Machine;
use gongzhi_service::burden::{read_limits, read_volumes, unknown, write_volumes};

use super::check::{Texts, lang, read};
use super::{Fault, say};

/// Arguments of `gongzhi burden`.
#[derive(clap::Args)]
pub struct Burden {
    /// Documents, data files or directories of them.
    #[arg(default_value = "mechanisms", value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    files: Files,
    /// Directory of a county whose ledger tells how often steps are taken, in place of a file. What is
    /// counted is kept there for the desk's page.
    #[arg(long, value_name = "DIR", conflicts_with = "volumes")]
    data: Option<PathBuf>,
    /// `text` for people, `json` for machines, `volumes` for a file of volumes as measured.
    #[arg(long, default_value = "text", value_parser = ["text", "json", "volumes"])]
    format: String,
}

/// Volumes and limits, also taken by `gongzhi check`.
#[derive(clap::Args)]
pub struct Files {
    /// How often steps are taken a month, by mechanism and step (TOML); a mechanism left out is a fault.
    #[arg(long, value_name = "FILE")]
    volumes: Option<PathBuf>,
    /// Minutes a month allowed for each role (TOML); more than that is a fault.
    #[arg(long, value_name = "FILE")]
    budget: Option<PathBuf>,
    /// A county's directory, as `gongzhi load` takes it: its `volumes.toml` and `budget.toml`, where they are
    /// not named otherwise.
    #[arg(long, value_name = "DIR")]
    county: Option<PathBuf>,
}

impl Files {
    /// The file that is named, or the county's.
    fn of(&self, named: &Option<PathBuf>, file: &str) -> Option<PathBuf> {
        named.clone().or_else(|| Some(self.county.as_ref()?.join(file)).filter(|path| path.is_file()))
    }

    fn volumes_file(&self) -> Option<PathBuf> {
        self.of(&self.volumes, "volumes.toml")
    }

    fn budget_file(&self) -> Option<PathBuf> {
        self.of(&self.budget, "budget.toml")
    }

    /// Whether the burden is held against a budget, at volumes.
    pub fn held(&self) -> bool {
        self.volumes_file().is_some() && self.budget_file().is_some()
    }

    /// Whether there is anything to count.
    pub fn given(&self) -> bool {
        self.volumes_file().is_some() || self.budget_file().is_some() || self.county.is_some()
    }

    /// Adds what is over the limits to the faults of a check.
    pub fn check(&self, checked: &mut Checked, texts: &mut Texts) -> Result<(), Fault> {
        if let Some(dir) =
            self.county.as_ref().filter(|_| self.volumes_file().or(self.budget_file()).is_none())
        {
            return Err(Fault::told("burden-no-files", [("dir", dir.display().to_string())]));
        }
        let (volumes, mut found) = self.volumes(checked, texts)?;
        let limits = self.limits(checked, &volumes, texts)?;
        found.extend(over(&lines(&checked.library, &volumes), &volumes, &limits));
        checked.add(found, &texts.sources, &texts.data);
        Ok(())
    }

    /// The volumes and what they leave out; their file joins the texts, so that this stands at its line.
    fn volumes(&self, checked: &Checked, texts: &mut Texts) -> Result<(Volumes, Vec<Found>), Fault> {
        let Some(path) = self.volumes_file() else { return Ok(Default::default()) };
        let named = |why: &dyn std::fmt::Display| Fault::new(format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|error| named(&error))?;
        let volumes = read_volumes(&text).map_err(|bad| named(&bad))?;
        // Where a document has faults of its own, what it would have declared is not unknown.
        if let Some(bad) = unknown(&volumes, &[], &checked.library).filter(|_| checked.is_clean()) {
            return Err(named(&bad));
        }
        let end = text.lines().next().map_or(0, str::len) as u32;
        let at = At { source: texts.next(), start: 0, end };
        texts.data.push(DataFile { name: path.display().to_string(), text });
        let found = left_out(&checked.library, &volumes, at);
        Ok((volumes, found))
    }

    /// The limits; their file joins the texts, so that what is found stands at its line.
    fn limits(&self, checked: &Checked, volumes: &Volumes, texts: &mut Texts) -> Result<Vec<Limit>, Fault> {
        let Some(path) = self.budget_file() else { return Ok(Vec::new()) };
        let named = |why: &dyn std::fmt::Display| Fault::new(format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(&path).map_err(|error| named(&error))?;
        let limits = read_limits(&text, texts.next()).map_err(|bad| named(&bad))?;
        if let Some(bad) = unknown(volumes, &limits, &checked.library).filter(|_| checked.is_clean()) {
            return Err(named(&bad));
        }
        texts.data.push(DataFile { name: path.display().to_string(), text });
        Ok(limits)
    }
}

/// Runs it: 0 within the limits, 1 over them or with faults in the documents, 2 when a file is unreadable.
pub fn run(args: &Burden) -> ExitCode {
    match print(args) {
        Ok(code) => code,
        Err(fault) => {
            eprintln!("gongzhi: {fault}");
            ExitCode::from(2)
        }
    }
}

fn print(args: &Burden) -> Result<ExitCode, Fault> {
    let lang = lang();
    let mut texts = read(&args.paths)?;
    let mut checked = gongzhi_lang::check(&texts.sources, &texts.data);
    if !checked.is_clean() {
        texts.print(&checked, lang)?;
        return Ok(ExitCode::from(1));
    }
    let (volumes, mut found) = match &args.data {
        Some(dir) => {
            let service = super::open::Held::of_dir(dir).service(Arc::new(Machine))?;
            let volumes = service.measure_burden();
            service.close();
            (volumes?, Vec::new())
        }
        None => args.files.volumes(&checked, &mut texts)?,
    };
    if args.format == "volumes" {
        say(&write_volumes(&volumes))?;
        return Ok(ExitCode::SUCCESS);
    }
    let lines = lines(&checked.library, &volumes);
    let limits = args.files.limits(&checked, &volumes, &mut texts)?;
    checked.diagnostics.clear();
    found.extend(over(&lines, &volumes, &limits));
    checked.add(found, &texts.sources, &texts.data);
    if args.format == "json" {
        say(&format!("{}\n", json(&lines, &volumes, &limits)))?;
    } else {
        say(&table(&lines, &volumes, &limits))?;
        texts.print(&checked, lang)?;
    }
    Ok(if checked.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// By role, then by role and document.
fn table(lines: &[Line], volumes: &Volumes, limits: &[Limit]) -> String {
    let mut out =
        "role\tposts\ttimes/month\tfields/month\tminutes/month\tminutes counted\tlimit\n".to_owned();
    for (role, sum) in sums(lines, |line| &line.role) {
        let posts = volumes.posts.get(role).map_or_else(|| "-".to_owned(), u64::to_string);
        let limit = limits.iter().find(|limit| limit.role == role);
        let limit = limit.map_or_else(|| "-".to_owned(), |limit| limit.minutes.to_string());
        let (times, fields, minutes) = (sum.times / 1_000, sum.fields / 1_000, sum.minutes());
        let counted = counted(role, &sum, volumes);
        let _ = writeln!(out, "{role}\t{posts}\t{times}\t{fields}\t{minutes}\t{counted}\t{limit}");
    }
    out.push_str("\nrole\tmechanism\tstep\tfields\tmay be left empty\tseconds\ttimes/month\tminutes/month\n");
    for line in lines.iter().filter(|line| line.times > 0) {
        let mut sum = Sum::default();
        sum.add(line);
        let Line { role, mechanism, step, times, cost } = line;
        let _ = writeln!(
            out,
            "{role}\t{mechanism}\t{step}\t{}\t{}\t{}\t{}\t{}",
            cost.fields,
            cost.optional,
            cost.seconds,
            *times as f64 / 1_000.0,
            sum.minutes()
        );
    }
    out
}

fn json(lines: &[Line], volumes: &Volumes, limits: &[Limit]) -> serde_json::Value {
    let roles = sums(lines, |line| &line.role).into_iter().map(|(role, sum)| {
        serde_json::json!({
            "role": role,
            "posts": volumes.posts.get(role),
            "times": sum.times as f64 / 1_000.0,
            "fields": sum.fields as f64 / 1_000.0,
            "minutes": sum.minutes(),
            "counted": counted(role, &sum, volumes),
            "limit": limits.iter().find(|limit| limit.role == role).map(|limit| limit.minutes),
        })
    });
    let steps = lines.iter().map(|line| {
        serde_json::json!({
            "role": line.role,
            "mechanism": line.mechanism,
            "step": line.step,
            "fields": line.cost.fields,
            "optional": line.cost.optional,
            "seconds": line.cost.seconds,
            "times": line.times as f64 / 1_000.0,
        })
    });
    serde_json::json!({ "roles": roles.collect::<Vec<_>>(), "steps": steps.collect::<Vec<_>>() })
}
