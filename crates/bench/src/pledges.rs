//! `./x bench pledges [--members N]`: the first of a month in a county with many members. Every member gets
//! a record that opens by itself, in one run over durable transactions with full sync; then the same
//! again, which must open nothing, and the ledger is verified.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::{Actor, Command, Order, Raw};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Service, Settings, load, timers};
use gongzhi_store::Ledger;
use gongzhi_store::sqlite::Sqlite;

/// Members of one branch.
const BRANCH: usize = 50;

/// How the county of this benchmark is made: names of the documents, as data.
struct Script(toml::Table);

impl Script {
    fn read() -> Result<Script, String> {
        let text = std::fs::read_to_string("suite/bench/pledges.toml").map_err(|error| error.to_string())?;
        Ok(Script(text.parse().map_err(|error: toml::de::Error| error.to_string())?))
    }

    fn get(&self, name: &str) -> Result<&str, String> {
        let text = self.0.get(name).and_then(toml::Value::as_str);
        text.ok_or_else(|| format!("suite/bench/pledges.toml has no `{name}`"))
    }
}

/// The table in Markdown.
pub fn run(members: usize) -> Result<String, String> {
    let script = Script::read()?;
    let work = Path::new(super::WORK).join("pledges");
    if work.is_dir() {
        std::fs::remove_dir_all(&work).map_err(|error| error.to_string())?;
    }
    std::fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let at = |text: &str| Timestamp::read(text).ok_or_else(|| format!("`{text}` is no time"));
    let clock = Arc::new(Scripted::new(at(script.get("before")?)?, 1));
    let service = county(&work, &clock, &[])?;
    eprintln!("bench: entering {members} members");
    enter(&service, &script, members)?;
    let fire = |service: &Service| {
        let began = super::now();
        let fired = timers::fire_due(service, service.now()).map_err(|failure| format!("{failure:?}"))?;
        Ok::<_, String>((fired, began.elapsed().as_secs_f64()))
    };
    // What is due before that moment does not count.
    fire(&service)?;
    clock.set(at(script.get("at")?)?);
    let before = service.ledger().head().map_err(|error| error.to_string())?.size;
    let (opened, seconds) = fire(&service)?;
    let entries = service.ledger().head().map_err(|error| error.to_string())?.size - before;
    let (again, idle) = fire(&service)?;
    if opened != members || again != 0 {
        return Err(format!("{opened} of {members} opened, and {again} again"));
    }
    gongzhi_store::verify(service.ledger(), &mut |_| {}).map_err(|error| format!("{error:?}"))?;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "`{}` for {members} members, SQLite with full sync, up to {} in one durable transaction; the ledger verifies.\n",
        script.get("opens")?,
        gongzhi_service::engine::GROUP
    );
    let _ = writeln!(out, "| what | records | seconds | a second |\n|---|---:|---:|---:|");
    let _ = writeln!(
        out,
        "| opened on the first ({entries} entries) | {opened} | {seconds:.2} | {:.0} |",
        opened as f64 / seconds
    );
    let _ = writeln!(out, "| looked at again, nothing opened | 0 | {idle:.3} | |");
    service.close();
    Ok(out)
}

/// The county of the repository in an empty directory, with further documents.
pub fn county(work: &Path, clock: &Arc<Scripted>, documents: &[&str]) -> Result<Service, String> {
    let county = load::first_county(Path::new("counties")).ok_or("there is no county under counties/")?;
    let mut files = load::read_library(Path::new("mechanisms")).map_err(|fault| format!("{fault:?}"))?;
    for path in documents {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        files.sources.push(gongzhi_lang::Source { path: (*path).to_owned(), text });
    }
    let library = load::check_library(&files).map_err(|fault| format!("{fault:?}"))?;
    let file = load::CountyFile::read(&county).map_err(|fault| format!("{fault:?}"))?;
    let ledger = Sqlite::open(&work.join("county.db"), &file.place).map_err(|error| error.to_string())?;
    let ledger: Arc<dyn Ledger> = Arc::new(ledger);
    file.write(ledger.as_ref()).map_err(|error| error.to_string())?;
    let settings = Settings {
        ledger,
        ambient: clock.clone(),
        files: work.join("files"),
        master: MasterKey::fresh(clock.as_ref()),
        library: Some(library),
    };
    let service = Service::open(settings).map_err(|error| error.to_string())?;
    load::county(&service, &county, &files).map_err(|fault| format!("{fault:?}"))?;
    service.reload_laws().map_err(|failure| format!("{failure:?}"))?;
    Ok(service)
}

/// Branches over the county's villages, each with its members.
fn enter(service: &Service, script: &Script, members: usize) -> Result<(), String> {
    let state = service.state().clone();
    let villages: Vec<String> = state
        .world
        .places()
        .filter(|place| place.level == gongzhi_lang::model::Level::Village)
        .map(|place| place.code.clone())
        .collect();
    let mut branches: Vec<RecordId> = Vec::new();
    let text = |pairs: Vec<(&str, String)>| {
        pairs.into_iter().map(|(name, value)| (name.to_owned(), Raw::Text(value))).collect()
    };
    let (parent, founded) = (script.get("parent")?, script.get("founded")?);
    let (name, place, founder) = (script.get("name")?, script.get("place")?, script.get("founder")?);
    let mut founding = Vec::new();
    for (n, village) in (0..members.div_ceil(BRANCH)).zip(villages.iter().cycle()) {
        let id = service.new_record_id();
        branches.push(id);
        let input = text(vec![(name, format!("{parent} {n}")), (place, village.clone())]);
        let order = Order::Open { mechanism: parent.to_owned(), step: founded.to_owned(), id, input };
        founding.push((service.actor_of(founder), order));
    }
    send(service, founding)?;
    let (item, entered, called) = (script.get("item")?, script.get("entered")?, script.get("called")?);
    let entering = (0..members).map(|n| {
        let branch = branches[n / BRANCH].to_string();
        let input = text(vec![(called, format!("{item} {n}")), ("parent", branch)]);
        let id = service.new_record_id();
        let order = Order::Open { mechanism: item.to_owned(), step: entered.to_owned(), id, input };
        (Actor::System, order)
    });
    send(service, entering.collect())
}

fn send(service: &Service, orders: Vec<(Actor, Order)>) -> Result<(), String> {
    let command = |(actor, order)| Command { id: service.new_command_id(), actor, at: service.now(), order };
    for answer in service.engine().act_all(orders.into_iter().map(command).collect()) {
        answer.map_err(|failure| format!("{failure:?}"))?;
    }
    Ok(())
}
