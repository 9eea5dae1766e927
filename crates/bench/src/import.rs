//! `./x bench import [--rows N]`: a large sheet into a register, and how long somebody else waits meanwhile; beside
//! it, how long he waits while so many records are opened in one transaction. SQLite with full sync.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gongzhi_base::Timestamp;
use gongzhi_kernel::{Command, Order, Raw};
use gongzhi_service::Service;
use gongzhi_service::ambient::Scripted;

/// Records opened in one transaction, each size once.
const TOGETHER: [usize; 2] = [2_000, 10_000];
/// Between two commands of whoever acts meanwhile.
const BETWEEN: Duration = Duration::from_millis(5);

struct Script(BTreeMap<String, String>);

impl Script {
    fn read() -> Result<Script, String> {
        let text = std::fs::read_to_string("suite/bench/import.toml").map_err(|error| error.to_string())?;
        Ok(Script(toml::from_str(&text).map_err(|error| error.to_string())?))
    }

    fn get(&self, name: &str) -> Result<&str, String> {
        let text = self.0.get(name).map(String::as_str);
        text.ok_or_else(|| format!("suite/bench/import.toml has no `{name}`"))
    }

    fn sheet(&self, rows: usize) -> Result<String, String> {
        let (mut sheet, line) = (format!("{}\n", self.get("headings")?), self.get("line")?);
        for n in 0..rows {
            let _ = writeln!(sheet, "{}", line.replace("{n}", &n.to_string()));
        }
        Ok(sheet)
    }
}

/// The table in Markdown.
pub fn run(rows: usize) -> Result<String, String> {
    let script = Script::read()?;
    let work = Path::new(super::WORK).join("import");
    if work.is_dir() {
        std::fs::remove_dir_all(&work).map_err(|error| error.to_string())?;
    }
    std::fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let at = Timestamp::read("2026-11-02T01:00:00Z").ok_or("a time")?;
    let clock = Arc::new(Scripted::new(at, 1));
    let service = super::pledges::county(&work, &clock, &[script.get("document")?])?;
    let failed = |failure| format!("{failure:?}");
    let mut out = format!("`{}`, SQLite with full sync.\n\n", script.get("mechanism")?);
    let _ = writeln!(out, "| what | records | seconds | a second | another's slowest command, ms |");
    let _ = writeln!(out, "|---|---:|---:|---:|---:|");
    let mut line = |what: &str, records: usize, seconds: f64, wait: Option<f64>| {
        let wait = wait.map(|wait| format!("{:.0}", wait * 1_000.0)).unwrap_or_default();
        let _ =
            writeln!(out, "| {what} | {records} | {seconds:.2} | {:.0} | {wait} |", records as f64 / seconds);
    };
    for count in TOGETHER {
        let commands = opening(&service, &script, count)?;
        let (done, seconds, wait) =
            beside(&service, &script, || service.engine().together(commands, Vec::new()))?;
        done.map_err(failed_together)?;
        line("opened in one transaction", count, seconds, Some(wait));
    }
    let actor = service.actor_of(script.get("who")?);
    let (mechanism, sheet) = (script.get("mechanism")?, script.sheet(rows)?);
    let token = service.keep_upload(&actor, None, sheet.as_bytes(), None).map_err(failed)?;
    let (plan, seconds, wait) =
        beside(&service, &script, || service.import_plan(&actor, None, mechanism, token, &|_, _| {}))?;
    let plan = plan.map_err(failed)?;
    if plan.counts() != [rows, 0, 0] {
        return Err(format!("{:?} of {rows}, {} faults", plan.counts(), plan.faults.len()));
    }
    line("sheet read and tried", rows, seconds, Some(wait));
    let checking = seconds;
    let (done, seconds, wait) = beside(&service, &script, || {
        service.import_apply(&actor, None, mechanism, token, plan.mark, &|_, _| {})
    })?;
    let left = done.map_err(failed)?.left.len();
    // Applying makes the plan once more.
    line("sheet carried out in a run", rows, (seconds - checking).max(0.001), Some(wait));
    if left > 0 {
        return Err(format!("{left} rows were left"));
    }
    gongzhi_store::verify(service.ledger(), &mut |_| {}).map_err(|error| format!("{error:?}"))?;
    service.close();
    Ok(out)
}

fn failed_together((at, failure): gongzhi_service::engine::Halted) -> String {
    format!("command {at:?}: {failure:?}")
}

fn opening(service: &Service, script: &Script, count: usize) -> Result<Vec<Command>, String> {
    let (names, line) = (script.get("headings")?, script.get("line")?);
    let mechanism = script.get("mechanism")?;
    let state = service.state().clone();
    let law = state.laws.newest(mechanism).ok_or("no such mechanism")?;
    let field = |heading: &str| law.fields.iter().find(|field| field.words.zh == heading);
    let actor = service.actor_of(script.get("who")?);
    let open = |_| {
        let id = service.new_record_id();
        let line = line.replace("{n}", &id.to_string());
        let cells = names.split(',').zip(line.split(','));
        let input = cells.filter_map(|(heading, text)| {
            let field = field(heading)?;
            let option = field.options.iter().find(|(_, words)| words.zh == text);
            let text = option.map_or_else(|| text.to_owned(), |(name, _)| name.clone());
            Some((field.name.clone(), Raw::Text(text)))
        });
        let order = Order::Open {
            mechanism: mechanism.to_owned(),
            step: script.get("step")?.to_owned(),
            id,
            input: input.collect(),
        };
        Ok(Command { id: service.new_command_id(), actor: actor.clone(), at: service.now(), order })
    };
    (0..count).map(open).collect()
}

/// Does something while somebody else opens a record now and then; how long it took, and his longest wait, in
/// seconds.
fn beside<T>(service: &Service, script: &Script, work: impl FnOnce() -> T) -> Result<(T, f64, f64), String> {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut longest: f64 = 0.0;
            while !ended.load(Ordering::Relaxed) {
                for command in opening(service, script, 1)? {
                    let began = super::now();
                    service.engine().act_blocking(command).map_err(|failure| format!("{failure:?}"))?;
                    longest = longest.max(began.elapsed().as_secs_f64());
                }
                std::thread::sleep(BETWEEN);
            }
            Ok::<_, String>(longest)
        });
        let began = super::now();
        let done = work();
        let seconds = began.elapsed().as_secs_f64();
        ended.store(true, Ordering::Relaxed);
        let longest = other.join().map_err(|_| "the other one ended badly".to_owned())??;
        Ok((done, seconds, longest))
    })
}
