//! Loading a county: its documents, territory, units, people and posts become records through the
//! same commands as everything else, and are read back from the ledger at every start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, Digest, RecordId};
use gongzhi_kernel::refusal::{Fault, FieldFault};
use gongzhi_kernel::{Actor, Command, Event, Laws, Order, Raw, Record, Refusal, World};
use gongzhi_lang::model::{Library, Mechanism};
use gongzhi_lang::{DataFile, Source};
use gongzhi_store::{Ledger, StoreError};

use crate::failure::Failure;
use crate::publish;
use crate::rebuild::derive;
use crate::service::{Service, setting};

/// The mechanism whose records are the published documents. It is known by name because without it
/// no other document can be read.
pub const DOCUMENTS: &str = "documents";

/// The laws as published in the ledger, older versions too; `fallback` while it holds none.
pub fn laws(ledger: &dyn Ledger, fallback: Option<Library>) -> Result<Laws, StoreError> {
    let documents: Vec<Record> =
        ledger.snapshots(DOCUMENTS)?.iter().map(|bytes| read_record(bytes)).collect::<Result<_, _>>()?;
    if documents.is_empty() {
        return Ok(Laws::new(fallback.unwrap_or_default()));
    }
    publish::laws(ledger, documents)
}

fn read_record(bytes: &[u8]) -> Result<Record, StoreError> {
    Record::from_bytes(bytes).map_err(|error| StoreError::Corrupt(format!("a register's record: {error}")))
}

/// Takes the registers' records into a world.
pub fn registers(ledger: &dyn Ledger, laws: &Laws, world: &mut World) -> Result<(), StoreError> {
    for mechanism in laws.library.mechanisms.values().filter(|mechanism| mechanism.register.is_some()) {
        for bytes in ledger.snapshots(&mechanism.name)? {
            register(ledger, mechanism, &read_record(&bytes)?, world)?;
        }
    }
    Ok(())
}

/// Takes one record of a register into a world; a place with its history, because figures stand on the
/// map of their time.
pub(crate) fn register(
    ledger: &dyn Ledger,
    mechanism: &Mechanism,
    record: &Record,
    world: &mut World,
) -> Result<(), StoreError> {
    if mechanism.register.as_deref() != Some("place") || record.revision == 1 {
        world.register(mechanism, record);
        return Ok(());
    }
    let mut forms: Vec<Record> = Vec::new();
    for entry in ledger.history(record.id)? {
        let fault =
            |why: &dyn std::fmt::Display| StoreError::Corrupt(format!("entry {}: {why}", entry.header.seq));
        let event = Event::from_bytes(&entry.body).map_err(|why| fault(&why))?;
        let next = Record::fold(forms.last().cloned(), &event);
        forms.push(next.map_err(|_| fault(&"it does not follow the record's entry before"))?);
        // What came after the record that is being taken in follows by itself.
        if event.revision == record.revision {
            break;
        }
    }
    world.register_past(mechanism, &forms);
    Ok(())
}

/// A fault in the files of a county.
#[derive(Clone, PartialEq, Debug)]
pub enum LoadFault {
    /// A file is missing or cannot be read.
    File {
        path: String,
        why: String,
    },
    /// A row of a table.
    Row {
        path: String,
        line: u64,
        why: String,
    },
    /// Documents with faults; the words are those of the checker.
    Documents(Vec<String>),
    Failure(Failure),
}

impl From<Failure> for LoadFault {
    fn from(failure: Failure) -> LoadFault {
        LoadFault::Failure(failure)
    }
}

impl From<StoreError> for LoadFault {
    fn from(error: StoreError) -> LoadFault {
        LoadFault::Failure(Failure::Store(error))
    }
}

/// The files of a mechanism library.
#[derive(Clone, Debug, Default)]
pub struct LibraryFiles {
    pub sources: Vec<Source>,
    pub data: Vec<DataFile>,
}

/// Reads `*.md` and `*.csv` of a directory, sorted by name.
pub fn read_library(dir: &Path) -> Result<LibraryFiles, LoadFault> {
    let fault = |path: &Path, why: std::io::Error| LoadFault::File {
        path: path.display().to_string(),
        why: why.to_string(),
    };
    let mut paths: Vec<_> = std::fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect())
        .map_err(|why| fault(dir, why))?;
    paths.sort();
    let mut files = LibraryFiles::default();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let read = || std::fs::read_to_string(&path).map_err(|why| fault(&path, why));
        if name.ends_with(".md") {
            files.sources.push(Source { path: name, text: read()? });
        } else if name.ends_with(".csv") {
            files.data.push(DataFile { name, text: read()? });
        }
    }
    Ok(files)
}

/// Checks a library of files: the checked library, or every fault in words.
pub fn check_library(files: &LibraryFiles) -> Result<Library, LoadFault> {
    let checked = gongzhi_kernel::example::check(&files.sources, &files.data);
    if checked.is_clean() {
        return Ok(checked.library);
    }
    let words =
        checked.diagnostics.iter().map(|d| format!("{}:{} {} {}", d.path, d.line, d.code, d.message.en));
    Err(LoadFault::Documents(words.collect()))
}

/// The first of the directories of counties' files that lie in a directory, in the order of their names.
pub fn first_county(dir: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?;
    entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("county.toml").is_file())
        .min()
}

/// A county's own file with its holiday table: what must be known before its service is opened.
pub struct CountyFile {
    /// Code of the county's place: names its ledger.
    pub place: String,
    minutes: i32,
    text: String,
    calendar: String,
    /// `volumes.toml` and `budget.toml`, where there are any.
    burden: [Option<String>; 2],
}

impl CountyFile {
    /// Reads `county.toml` and `workdays.csv` of a directory.
    pub fn read(dir: &Path) -> Result<CountyFile, LoadFault> {
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read_to_string(&path)
                .map_err(|why| LoadFault::File { path: path.display().to_string(), why: why.to_string() })
        };
        let fault =
            |why: String| LoadFault::File { path: dir.join("county.toml").display().to_string(), why };
        let text = read("county.toml")?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| fault(error.to_string()))?;
        let string = |name: &str| {
            let value = table.get(name).and_then(toml::Value::as_str);
            value.map(str::to_owned).ok_or_else(|| fault(format!("`{name}` is missing")))
        };
        let offset = string("utc_offset")?;
        let minutes = read_offset(&offset)
            .ok_or_else(|| fault(format!("utc_offset `{offset}` has not the form +08:00")))?;
        let burden = ["volumes.toml", "budget.toml"].map(|name| std::fs::read_to_string(dir.join(name)).ok());
        Ok(CountyFile { place: string("place")?, minutes, calendar: read("workdays.csv")?, text, burden })
    }

    /// Writes the settings that a service reads when it is opened.
    pub fn write(&self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        ledger.put_setting(setting::COUNTY, self.place.as_bytes())?;
        ledger.put_setting(setting::ZONE, self.minutes.to_string().as_bytes())?;
        ledger.put_setting(setting::COUNTY_FILE, self.text.as_bytes())?;
        for (name, text) in [setting::VOLUMES, setting::BUDGET].into_iter().zip(&self.burden) {
            if let Some(text) = text {
                ledger.put_setting(name, text.as_bytes())?;
            }
        }
        ledger.put_setting(setting::CALENDAR, self.calendar.as_bytes())
    }
}

/// `+08:00` in minutes.
fn read_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    Some(sign * (hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?))
}

/// Publishes documents and enters territory, units, people and posts. Loading the same files again
/// changes nothing.
pub fn county(service: &Service, dir: &Path, files: &LibraryFiles) -> Result<(), LoadFault> {
    let fresh = service.ledger().head()?.size == 0;
    let documents = files
        .sources
        .iter()
        .map(|source| (&source.path, &source.text))
        .chain(files.data.iter().map(|file| (&file.name, &file.text)));
    let rows = documents.map(|(code, text)| {
        let row: Row = [("code".to_owned(), code.clone()), ("source".to_owned(), text.clone())].into();
        (0, row)
    });
    enter(service, "mechanisms", DOCUMENTS, rows.collect())?;
    for register in ["place", "unit", "person", "post"] {
        let mechanism = register_mechanism(service, register)
            .ok_or_else(|| LoadFault::Documents(vec![format!("no mechanism has `register: {register}`")]))?;
        let (path, rows) = table(dir, register)?;
        enter(service, &path, &mechanism, rows)?;
    }
    // The first entries came before the places and units that they are listed under.
    if fresh {
        derive(service.ledger(), service.code_secret(), service.now(), &mut |_| {})?;
    }
    Ok(())
}

fn register_mechanism(service: &Service, register: &str) -> Option<String> {
    let state = service.state();
    let found = state.laws.library.mechanisms.values().find(|m| m.register.as_deref() == Some(register));
    found.map(|mechanism| mechanism.name.clone())
}

type Row = BTreeMap<String, String>;

/// A register's table with its columns under the names of the register's fields.
fn table(dir: &Path, register: &str) -> Result<(String, Vec<(u64, Row)>), LoadFault> {
    let name = match register {
        "place" => "places.csv",
        "unit" => "units.csv",
        "person" => "people.csv",
        _ => "posts.csv",
    };
    let mut rows = read_csv(&dir.join(name))?;
    for (_, row) in &mut rows {
        let mut rename = |from: &str, to: &str| {
            if let Some(value) = row.remove(from) {
                row.insert(to.to_owned(), value);
            }
        };
        match register {
            "unit" => rename("kind", "unit_kind"),
            "person" => rename("login", "code"),
            "post" => rename("login", "person"),
            _ => {}
        }
        if register == "place" {
            let (lat, lon) = (row.remove("lat"), row.remove("lon"));
            if let (Some(lat), Some(lon)) = (lat, lon)
                && !lat.is_empty()
            {
                row.insert("point".to_owned(), format!("{lat},{lon}"));
            }
        }
        if register == "post" {
            let part = |name: &str| row.get(name).cloned().unwrap_or_default();
            let at = if part("unit").is_empty() { part("place") } else { part("unit") };
            let code = format!("{}/{}/{}", part("person"), part("role"), at);
            row.insert("code".to_owned(), code);
        }
        row.retain(|_, value| !value.is_empty());
    }
    Ok((name.to_owned(), rows))
}

/// A CSV file as rows by column, each with its line; lines that begin with `#` are comments.
pub fn read_csv(path: &Path) -> Result<Vec<(u64, Row)>, LoadFault> {
    let shown = path.display().to_string();
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_path(path)
        .map_err(|why| LoadFault::File { path: shown.clone(), why: why.to_string() })?;
    let heads = reader
        .headers()
        .map_err(|why| LoadFault::File { path: shown.clone(), why: why.to_string() })?
        .clone();
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| LoadFault::Row {
            path: shown.clone(),
            line: error.position().map_or(0, csv::Position::line),
            why: error.to_string(),
        })?;
        let line = row.position().map_or(0, csv::Position::line);
        let cells =
            heads.iter().zip(row.iter()).map(|(head, cell)| (head.to_owned(), cell.trim().to_owned()));
        rows.push((line, cells.collect()));
    }
    Ok(rows)
}

/// Enters rows into a register through the opening step that the product itself may take.
fn enter(service: &Service, path: &str, mechanism: &str, rows: Vec<(u64, Row)>) -> Result<(), LoadFault> {
    let state = service.state();
    let law = state
        .laws
        .newest(mechanism)
        .ok_or_else(|| LoadFault::Documents(vec![format!("no mechanism `{mechanism}`")]))?;
    let step = law
        .openers()
        .find(|step| step.by.contains(&gongzhi_lang::model::Who::System))
        .ok_or_else(|| LoadFault::Documents(vec![format!("`{mechanism}` has no step that loads it")]))?;
    let now = service.now();
    let mut lines = Vec::new();
    let mut commands = Vec::new();
    for (line, row) in rows {
        let code = row.get("code").cloned().unwrap_or_default();
        let id = RecordId::of_entry(mechanism, &code);
        let content = format!("{row:?}");
        let digest = Digest::of_parts(&[mechanism.as_bytes(), content.as_bytes()]).to_string();
        let Ok(command) = CommandId::new(&format!("load-{}", &digest[..48])) else { continue };
        let input = row
            .into_iter()
            .filter(|(name, _)| step.asks.iter().any(|ask| ask.field == *name))
            .map(|(name, value)| (name, Raw::Text(value)))
            .collect();
        let order = Order::Open { mechanism: mechanism.to_owned(), step: step.name.clone(), id, input };
        commands.push(Command { id: command, actor: Actor::System, at: now, order });
        lines.push((line, code));
    }
    for ((line, code), answer) in lines.into_iter().zip(service.engine().act_all(commands)) {
        match answer {
            Ok(_) => {}
            // The entry is there already: its code is its identifier.
            Err(Failure::Refused(Refusal::CommandReused)) => {}
            // Somebody entered it by hand.
            Err(Failure::Refused(Refusal::Fields(faults)))
                if matches!(faults.as_slice(), [FieldFault { fault: Fault::CodeTaken(_), .. }]) => {}
            Err(Failure::Refused(refusal)) => {
                let why = format!("`{code}`: {refusal:?}");
                return Err(LoadFault::Row { path: path.to_owned(), line, why });
            }
            Err(failure) => return Err(LoadFault::Failure(failure)),
        }
    }
    Ok(())
}
