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

/// Commands a second with so many callers, each playing whole lifecycles of the script.
pub fn run(service: &Service, script: &Script, callers: usize, seconds: u64) -> Result<f64, String> {
    let number = AtomicU64::new(0);
    let began = crate::now();
    let until = began + Duration::from_secs(seconds);
    let done: Vec<Result<u64, String>> = std::thread::scope(|scope| {
        let caller = || {
            let mut commands = 0;
            while crate::now() < until {
                let n = number.fetch_add(1, Ordering::Relaxed);
                commands += lifecycle(service, script, n)?;
            }
            Ok(commands)
        };
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("a caller ended badly".to_owned()))
        };
        threads.into_iter().map(join).collect()
    });
    let commands = done.into_iter().sum::<Result<u64, String>>()?;
    Ok(commands as f64 / began.elapsed().as_secs_f64())
}

fn lifecycle(service: &Service, script: &Script, n: u64) -> Result<u64, String> {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    names.insert("place", script.places[n as usize % script.places.len()].clone());
    names.insert("word", format!("bench{n}z"));
    let record = service.new_record_id();
    let mut commands = 0;
    for (at, request) in script.requests.iter().enumerate() {
        if request.method != "POST" {
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
