//! The whole ledger folded anew from its entries, record by record: what [`crate::rebuild`] writes
//! and [`crate::recount`] compares.
//!
//! Entries are read in the order of their records, so that each record is whole after its last entry
//! and memory does not grow with the ledger. One thread reads, as many as there are processors fold
//! and project, the caller takes the results in order.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Timestamp, Value};
use gongzhi_kernel::chain::Entry;
use gongzhi_kernel::project::project;
use gongzhi_kernel::{Claim, Event, Laws, Record, World, claims, number};
use gongzhi_store::{Ledger, Look, Names, StoreError, Stored};

use crate::codes::{self, CodeSecret};
use crate::load;
use crate::publish;
use crate::service::basics;

/// Entries read at once.
const PAGE: u32 = 4_096;
/// Entries that are read although nobody asked for them, between two that are wanted.
const NEAR: u64 = 16;
/// Pages that may wait between two threads.
const WAITING: usize = 4;

/// The documents and the registers, folded from the entries alone.
pub struct Ground {
    pub laws: Laws,
    pub world: World,
    /// The words of all names that search may know records by.
    pub names: Names,
}

/// A record folded from all its entries, with what follows from it.
pub struct Folded {
    pub stored: Stored,
    /// Mechanism, year and running number, when it has one.
    pub number: Option<((String, i16), u64)>,
    pub looks: Vec<Look>,
    /// What it claims for itself alone.
    pub claims: Vec<Claim>,
    /// It holds personal values: its key must be there.
    pub sealed: bool,
    /// How many entries it has.
    pub entries: u64,
}

fn broken(seq: u64, why: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("entry {seq}: {why}"))
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get().min(8))
}

/// Reads documents and registers from the entries, whatever the read models hold.
pub fn ground(ledger: &dyn Ledger) -> Result<Ground, StoreError> {
    let mut work = Groundwork::default();
    in_their_order(ledger, 0, ledger.head()?.size, &mut |entry| work.take(entry))?;
    work.ground(ledger)
}

/// What is gathered for the ground while the entries are read once, in their order: the documents, and for each
/// mechanism where its entries stand. Which of them are registers is known only when all documents were read.
#[derive(Default)]
pub(crate) struct Groundwork {
    documents: BTreeMap<RecordId, Record>,
    stands: BTreeMap<String, Stands>,
    names: Names,
}

impl Groundwork {
    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let seq = entry.header.seq;
        let mechanism = Event::mechanism_of(&entry.body).map_err(|why| broken(seq, why))?;
        if mechanism == load::DOCUMENTS {
            let names = &mut self.names;
            fold(&mut self.documents, entry, &mut |document| {
                names.changed |= document.revision > 1;
                // Lists of entries are data; what stands beside names in them does no harm here.
                if !text(document, "code").ends_with(".md") {
                    names.add(text(document, "source"));
                }
            })?;
        }
        match self.stands.get_mut(mechanism) {
            Some(stands) => stands.push(seq),
            None => self.stands.entry(mechanism.to_owned()).or_default().push(seq),
        }
        Ok(())
    }

    /// The ground that all entries taken make.
    pub fn ground(&self, ledger: &dyn Ledger) -> Result<Ground, StoreError> {
        let (county, zone, calendar) = basics(ledger)?;
        let laws = publish::laws(ledger, self.documents.values().cloned().collect())?;
        let mut world = World::new(county, zone, Arc::new(calendar), &laws.library);
        let mut names = self.names.clone();
        for (name, stands) in &self.stands {
            let Some(mechanism) = laws.newest(name).filter(|mechanism| mechanism.register.is_some()) else {
                continue;
            };
            let named = matches!(mechanism.register.as_deref(), Some("place" | "unit"));
            let mut form = |record: &Record| {
                if named {
                    names.changed |= record.revision > 1;
                    ["name", "name_en"].into_iter().for_each(|field| names.add(text(record, field)));
                }
            };
            for record in stands.records(ledger, &mut form)?.values() {
                load::register(ledger, mechanism, record, &mut world)?;
            }
        }
        for entry in laws.library.catalogues.values().flat_map(|catalogue| catalogue.entries.values()) {
            names.add(&entry.words.zh);
            names.add(&entry.words.en);
        }
        Ok(Ground { laws, world, names })
    }
}

/// Where entries stand in the log: the distance of each from the one before, in as few bytes as it takes.
#[derive(Default)]
struct Stands {
    last: u64,
    steps: Vec<u8>,
}

impl Stands {
    /// The next one, behind all before.
    fn push(&mut self, seq: u64) {
        let mut step = seq - std::mem::replace(&mut self.last, seq);
        while step >= 0x80 {
            self.steps.push(step as u8 | 0x80);
            step >>= 7;
        }
        self.steps.push(step as u8);
    }

    fn iter(&self) -> impl Iterator<Item = u64> {
        let (mut at, mut step, mut shift) = (0, 0, 0);
        self.steps.iter().filter_map(move |byte| {
            step |= u64::from(byte & 0x7F) << shift;
            shift += 7;
            (byte & 0x80 == 0).then(|| {
                at += std::mem::take(&mut step);
                shift = 0;
                at
            })
        })
    }

    /// The records of these entries, which are read where they stand.
    /// `form` sees each form that a record had.
    fn records(
        &self,
        ledger: &dyn Ledger,
        form: &mut dyn FnMut(&Record),
    ) -> Result<BTreeMap<RecordId, Record>, StoreError> {
        let mut records = BTreeMap::new();
        let mut stands = self.iter().peekable();
        while let Some(first) = stands.next() {
            let mut wanted = vec![first];
            // What lies close by is read along.
            while let Some(next) = stands.next_if(|next| {
                let last = wanted.last().copied().unwrap_or(first);
                next - last <= NEAR && next - first < u64::from(PAGE)
            }) {
                wanted.push(next);
            }
            let last = wanted.last().copied().unwrap_or(first);
            let page = ledger.entries(first, (last - first) as u32 + 1)?;
            let mut page = page.iter().filter(|entry| wanted.binary_search(&entry.header.seq).is_ok());
            for seq in &wanted {
                let entry = page.next().filter(|entry| entry.header.seq == *seq);
                fold(&mut records, entry.ok_or_else(|| broken(*seq, "it is missing"))?, form)?;
            }
        }
        Ok(records)
    }
}

/// A field of text; nothing where it is none.
fn text<'a>(record: &'a Record, field: &str) -> &'a str {
    record.fields.get(field).and_then(Value::text).unwrap_or_default()
}

/// Takes an entry into its record; `form` sees what comes of it.
fn fold(
    records: &mut BTreeMap<RecordId, Record>,
    entry: &Entry,
    form: &mut dyn FnMut(&Record),
) -> Result<(), StoreError> {
    let event = Event::from_bytes(&entry.body).map_err(|why| broken(entry.header.seq, why))?;
    let record = Record::fold(records.remove(&event.record), &event)
        .map_err(|_| StoreError::Corrupt(format!("record {}: its entries do not follow", event.record)))?;
    form(&record);
    records.insert(record.id, record);
    Ok(())
}

/// Reads entries from one sequence up to, not including, another. One thread reads ahead while the caller works.
pub(crate) fn in_their_order(
    ledger: &dyn Ledger,
    from: u64,
    to: u64,
    sink: &mut dyn FnMut(&Entry) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    std::thread::scope(|scope| {
        let (pages, read) = sync_channel::<Result<Vec<Entry>, StoreError>>(WAITING);
        scope.spawn(move || {
            let mut at = from;
            while at < to {
                let page = ledger.entries(at, (to - at).min(u64::from(PAGE)) as u32);
                let page = page.and_then(|page| {
                    at = page.last().ok_or_else(|| broken(at, "it is missing"))?.header.seq + 1;
                    Ok(page)
                });
                let ended = page.is_err();
                // Nobody listens any more after a fault.
                if pages.send(page).is_err() || ended {
                    return;
                }
            }
        });
        for page in read {
            page?.iter().try_for_each(&mut *sink)?;
        }
        Ok(())
    })
}

/// What folding takes beside the entries.
pub struct Replay<'a> {
    pub ledger: &'a dyn Ledger,
    pub ground: &'a Ground,
    /// For receipt codes, where they are wanted.
    pub secret: Option<&'a CodeSecret>,
    pub now: Timestamp,
    /// Entries from this sequence on are left out: they came after the beginning.
    pub size: u64,
}

type Group = (usize, Vec<Vec<Entry>>);
type Made = (usize, Result<Vec<Folded>, StoreError>);

impl Replay<'_> {
    /// Folds every record and hands them over, some at a time, in the order of their identifiers.
    /// All entries must be there. Stops at the first fault, the sink's own too.
    pub fn run(&self, sink: &mut dyn FnMut(Vec<Folded>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let entries = std::thread::scope(|scope| {
            let (groups, queue) = sync_channel::<Group>(WAITING);
            let (made, results) = sync_channel::<Made>(WAITING);
            let queue = Arc::new(Mutex::new(queue));
            let faults = made.clone();
            scope.spawn(move || {
                if let Err(error) = self.read(&groups) {
                    let _ = faults.send((usize::MAX, Err(error)));
                }
            });
            for _ in 0..threads() {
                let (queue, made) = (queue.clone(), made.clone());
                scope.spawn(move || self.work(&queue, &made));
            }
            drop((queue, made));
            in_order(results, sink)
        })?;
        if entries != self.size {
            return Err(StoreError::Corrupt(format!(
                "the ledger holds {entries} entries, its head names {}",
                self.size
            )));
        }
        Ok(())
    }

    /// Reads all entries; each group holds whole records.
    fn read(&self, groups: &SyncSender<Group>) -> Result<(), StoreError> {
        let (mut at, mut after) = (0, None);
        let mut open: Vec<Entry> = Vec::new();
        loop {
            let page = self.ledger.entries_by_record(after, PAGE)?;
            let last = page.len() < PAGE as usize;
            after = page.last().map(|entry| (entry.header.record, entry.header.revision)).or(after);
            let mut group = Vec::new();
            for entry in page.into_iter().filter(|entry| entry.header.seq < self.size) {
                if open.last().is_some_and(|before| before.header.record != entry.header.record) {
                    group.push(std::mem::take(&mut open));
                }
                open.push(entry);
            }
            if last && !open.is_empty() {
                group.push(std::mem::take(&mut open));
            }
            if !group.is_empty() {
                // Nobody listens any more after a fault.
                if groups.send((at, group)).is_err() {
                    return Ok(());
                }
                at += 1;
            }
            if last {
                return Ok(());
            }
        }
    }

    fn work(&self, queue: &Mutex<Receiver<Group>>, made: &SyncSender<Made>) {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((at, group)) = next else { return };
            let folded = group.iter().map(|entries| self.fold(entries)).collect();
            if made.send((at, folded)).is_err() {
                return;
            }
        }
    }

    fn fold(&self, entries: &[Entry]) -> Result<Folded, StoreError> {
        let mut record = None;
        let mut looks = Vec::new();
        for entry in entries {
            let seq = entry.header.seq;
            let event = Event::from_bytes(&entry.body).map_err(|why| broken(seq, why))?;
            looks.extend(Look::of(seq, &event));
            let next = Record::fold(record, &event);
            record = Some(next.map_err(|_| broken(seq, "it does not follow the record's entry before"))?);
        }
        let Some(record) = record else { return Err(StoreError::Engine("a record without entries".into())) };
        let Ground { laws, world, .. } = self.ground;
        let mechanism = laws.version(&record.mechanism, record.version).ok_or_else(|| {
            StoreError::Corrupt(format!(
                "record {} runs on version {} of “{}”, which no published document gives",
                record.id, record.version, record.mechanism
            ))
        })?;
        let projection = project(mechanism, &record, world, self.now);
        let receipt = self.secret.filter(|_| mechanism.receipt);
        let date = world.zone.date(record.opened);
        let running = mechanism.number.as_deref().and_then(|form| number::read(form, date, &record.number));
        let stored = Stored {
            snapshot: record.to_bytes(),
            receipt: receipt.map(|secret| codes::digest(&secret.code(record.id))),
            text_changed: !projection.text.is_empty(),
            projection,
        };
        let claims = claims::of(mechanism, &record, world.zone);
        let sealed = record.sealed().next().is_some();
        let number = running.map(|n| ((record.mechanism, date.year()), n));
        Ok(Folded { stored, number, looks, claims, sealed, entries: entries.len() as u64 })
    }
}

/// Hands results over in the order of their groups; gives how many entries they hold.
fn in_order(
    results: Receiver<Made>,
    sink: &mut dyn FnMut(Vec<Folded>) -> Result<(), StoreError>,
) -> Result<u64, StoreError> {
    let mut early = BTreeMap::new();
    let (mut next, mut entries) = (0, 0);
    for (at, made) in results {
        early.insert(at, made?);
        while let Some(folded) = early.remove(&next) {
            entries += folded.iter().map(|folded| folded.entries).sum::<u64>();
            sink(folded)?;
            next += 1;
        }
    }
    Ok(entries)
}
