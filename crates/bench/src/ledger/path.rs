//! The full command path without HTTP: decide, seal, append, read models, search, indicators.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gongzhi_base::{CommandId, RecordId};
use gongzhi_kernel::{Actor, Command, Order, Raw};
use gongzhi_service::ambient::Machine;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Service, Settings, load};
use gongzhi_store::Ledger;

use crate::script::{Request, Script};

/// Of so many lifecycles one looks whether search finds its record: a query is no command.
const SEARCHED: u64 = 64;

/// Loads a county into an empty ledger and opens it.
pub fn open(ledger: Arc<dyn Ledger>, county: &Path, work: &Path) -> Result<Service, String> {
    let files = load::read_library(Path::new("mechanisms")).map_err(|fault| format!("{fault:?}"))?;
    let library = load::check_library(&files).map_err(|fault| format!("{fault:?}"))?;
    let file = load::CountyFile::read(county).map_err(|fault| format!("{fault:?}"))?;
    file.write(ledger.as_ref()).map_err(|fault| format!("{fault:?}"))?;
    let settings = Settings {
        ledger,
        ambient: Arc::new(Machine),
        files: work.join("files"),
        master: MasterKey::fresh(&Machine),
        library: Some(library),
    };
    let service = Service::open(settings).map_err(|error| error.to_string())?;
    load::county(&service, county, &files).map_err(|fault| format!("{fault:?}"))?;
    service.reload_laws().map_err(|failure| format!("{failure:?}"))?;
    Ok(service)
}

/// How long the callers go on.
#[derive(Clone, Copy)]
pub enum Until {
    Seconds(u64),
    Lifecycles(u64),
}

/// What a run of the command path took.
pub struct Took {
    pub commands: u64,
    pub seconds: f64,
    /// Processor time in microseconds a command, by the name of the thread; `callers` is all the rest.
    pub cpu: BTreeMap<String, f64>,
}

impl Took {
    pub fn rate(&self) -> f64 {
        self.commands as f64 / self.seconds
    }

    /// The processor time in words.
    pub fn cpu(&self) -> String {
        let parts: Vec<String> =
            self.cpu.iter().map(|(name, micros)| format!("{name} {micros:.1}")).collect();
        parts.join(", ")
    }
}

/// Runs the command path with so many callers, each playing whole lifecycles of the script.
pub fn run(service: &Service, script: &Script, callers: usize, until: Until) -> Result<Took, String> {
    let number = AtomicU64::new(0);
    let (before, began) = (cpu(), crate::now());
    let more = |n: u64| match until {
        Until::Seconds(seconds) => began.elapsed() < Duration::from_secs(seconds),
        Until::Lifecycles(lifecycles) => n < lifecycles,
    };
    let done: Vec<Result<u64, String>> = std::thread::scope(|scope| {
        let caller = || {
            let mut commands = 0;
            loop {
                let n = number.fetch_add(1, Ordering::Relaxed);
                if !more(n) {
                    return Ok(commands);
                }
                commands += lifecycle(service, script, n)?;
            }
        };
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("a caller ended badly".to_owned()))
        };
        threads.into_iter().map(join).collect()
    });
    let commands = done.into_iter().sum::<Result<u64, String>>()?;
    let seconds = began.elapsed().as_secs_f64();
    let a_command = |(name, nanos): (String, u64)| {
        let spent = nanos.saturating_sub(before.get(&name).copied().unwrap_or(0));
        (name, spent as f64 / 1e3 / commands.max(1) as f64)
    };
    Ok(Took { commands, seconds, cpu: cpu().into_iter().map(a_command).collect() })
}

/// Processor time of this process so far in nanoseconds, by the name of the thread. Threads that have
/// ended and those of the callers count together.
fn cpu() -> BTreeMap<String, u64> {
    let text = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let own = std::env::current_exe().unwrap_or_default();
    let own = own.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut spent = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let name = text(task.path().join("comm")).trim().to_owned();
        let nanos = text(task.path().join("schedstat"));
        let nanos: u64 = nanos.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0);
        if !own.starts_with(&name) {
            *spent.entry(name).or_default() += nanos;
        }
    }
    // Ticks of a hundredth of a second, user and system, also of threads that have ended.
    let stat = text("/proc/self/stat".into());
    let ticks: u64 = stat.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    let named: u64 = spent.values().sum();
    spent.insert("callers".to_owned(), (ticks * 10_000_000).saturating_sub(named));
    spent
}

fn lifecycle(service: &Service, script: &Script, n: u64) -> Result<u64, String> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    names.insert("place", script.places[n as usize % script.places.len()].clone());
    names.insert("word", format!("bench{n}z"));
    let record = service.new_record_id();
    let mut commands = 0;
    for (at, request) in script.requests.iter().enumerate() {
        if request.method != "POST" {
            if !n.is_multiple_of(SEARCHED) {
                continue;
            }
            let word = &names["word"];
            let reader = actor(service, request, record);
            let found = service.search(&reader, word, 10).map_err(|failure| format!("{failure:?}"))?;
            if found.first().map(|row| row.id) != Some(record) {
                return Err(format!("{word} was not found"));
            }
            continue;
        }
        let filled = names
            .iter()
            .fold(request.body.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value));
        let order = order(request, &filled, record)?;
        let id = CommandId::new(&format!("bench-{n}-{at}")).map_err(|_| "no identifier".to_owned())?;
        let command = Command { id, actor: actor(service, request, record), at: service.now(), order };
        service.engine().act_blocking(command).map_err(|failure| format!("{}: {failure:?}", request.name))?;
        commands += 1;
    }
    Ok(commands)
}

/// Who asks: an account of the script; without one the public opens and the holder goes on.
fn actor(service: &Service, request: &Request, record: RecordId) -> Actor {
    match &request.account {
        Some(login) => service.actor_of(login),
        None if request.path.contains("/steps/") => Actor::Holder(record),
        None => Actor::Public,
    }
}

/// The order that a request of the HTTP interface stands for.
fn order(request: &Request, body: &str, record: RecordId) -> Result<Order, String> {
    let body: serde_json::Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let fields = body.get("fields").and_then(serde_json::Value::as_object).cloned().unwrap_or_default();
    let input = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, Raw::Text(value.as_str()?.to_owned()))))
        .collect();
    let text = |name: &str| body.get(name).and_then(|v| v.as_str()).unwrap_or_default().to_owned();
    Ok(match request.path.rsplit_once("/steps/") {
        Some((_, step)) => Order::Step { record, step: step.to_owned(), expect: None, input },
        None => Order::Open { mechanism: text("mechanism"), step: text("step"), id: record, input },
    })
}
