//! Taking in what other server nodes appended to the same ledger.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gongzhi_base::RecordId;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::project::project;
use gongzhi_kernel::{Event, Record};
use gongzhi_store::{Ledger, StoreError, Want};
use tokio::sync::mpsc;

use super::handle::Job;
use super::{Changed, Position, State, Writer, edge_of, time_of};
use crate::load;

/// Entries read at once.
const PAGE: u32 = 1_000;
/// Above so many entries nothing is followed one by one: all that is kept is read anew.
const FAR: u64 = 20_000;
/// How long one wait lasts; also how soon the thread notices that the service has ended.
const PATIENCE: Duration = Duration::from_millis(500);

/// Tells the writer whenever others have appended. Ends with the engine.
pub(super) fn start(
    ledger: Arc<dyn Ledger>,
    jobs: mpsc::WeakSender<Job>,
    written: Arc<AtomicU64>,
) -> std::io::Result<()> {
    let follow = move || {
        let mut seen = written.load(Ordering::Relaxed);
        while jobs.strong_count() > 0 {
            seen = seen.max(written.load(Ordering::Relaxed));
            match ledger.wait(seen, PATIENCE) {
                Ok(size) => seen = seen.max(size),
                Err(error) => {
                    tracing::warn!(%error, "the ledger cannot be followed; trying again");
                    std::thread::sleep(PATIENCE);
                    continue;
                }
            }
            // What this node wrote itself is known already.
            if seen > written.load(Ordering::Relaxed)
                && let Some(jobs) = jobs.upgrade()
                && jobs.blocking_send(Job::Follow(None)).is_err()
            {
                return;
            }
        }
    };
    std::thread::Builder::new().name("follower".into()).spawn(follow).map(|_| ())
}

impl Writer {
    /// Catches up with the ledger's head: forgets records that others changed, takes in registers,
    /// documents and numbers, and tells live pages.
    pub(super) fn catch_up(&mut self) -> Result<(), StoreError> {
        let head = self.means.ledger.head()?;
        self.catch_up_with(head)
    }

    /// The same, up to a head that the ledger has.
    pub(super) fn catch_up_with(&mut self, head: Head) -> Result<(), StoreError> {
        if head == self.at.head {
            return Ok(());
        }
        if head.size < self.at.head.size {
            return Err(StoreError::Corrupt(format!(
                "the ledger had {} entries and has {} now: an older state was restored below a running server",
                self.at.head.size, head.size
            )));
        }
        let far = head.size - self.at.head.size > FAR;
        let mut touched: BTreeMap<RecordId, String> = BTreeMap::new();
        let mut edge = self.at.edge.clone();
        while !far && edge.size() < head.size {
            let page = self.means.ledger.entries(edge.size(), PAGE)?;
            if page.is_empty() {
                return Err(StoreError::Corrupt(format!("entry {} is missing", edge.size())));
            }
            for entry in page {
                if entry.header.seq >= head.size {
                    break;
                }
                let event = Event::from_bytes(&entry.body)
                    .map_err(|error| StoreError::Corrupt(format!("entry {}: {error}", entry.header.seq)))?;
                touched.insert(entry.header.record, event.mechanism);
                edge.push(entry.hash);
            }
        }
        let changed = if far {
            edge = edge_of(self.means.ledger.as_ref(), head)?;
            self.read_anew()?;
            Vec::new()
        } else {
            self.take_in(touched)?
        };
        let counters = self.means.ledger.counters()?;
        let time = time_of(self.means.ledger.as_ref(), head)?;
        self.moved(Position { head, time, edge, counters, world: self.at.world.clone() });
        let published = self.means.state.load();
        if !Arc::ptr_eq(&published.world, &self.at.world) {
            self.means
                .state
                .store(Arc::new(State { laws: published.laws.clone(), world: self.at.world.clone() }));
        }
        if !changed.is_empty() {
            let _ = self.changes.send(Arc::new(changed));
        }
        Ok(())
    }

    /// Reads documents and registers as when the service began.
    fn read_anew(&mut self) -> Result<(), StoreError> {
        self.kept.clear();
        let laws = load::laws(self.means.ledger.as_ref(), None)?;
        load::registers(self.means.ledger.as_ref(), &laws, Arc::make_mut(&mut self.at.world))?;
        self.use_laws(laws);
        Ok(())
    }

    fn take_in(&mut self, touched: BTreeMap<RecordId, String>) -> Result<Vec<Changed>, StoreError> {
        let want = Want { records: touched.keys().copied().collect(), commands: Vec::new() };
        let records = self.means.ledger.load(&want)?.records;
        let records: Vec<Record> = records
            .iter()
            .map(|(id, bytes)| {
                Record::from_bytes(bytes)
                    .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))
            })
            .collect::<Result<_, _>>()?;
        // First the documents: by them everything else is read.
        let laws = self.means.state.load().laws.clone();
        let known = |record: &Record| laws.version(&record.mechanism, record.version).is_some();
        if touched.values().any(|mechanism| mechanism == load::DOCUMENTS) || !records.iter().all(known) {
            let laws = load::laws(self.means.ledger.as_ref(), None)?;
            self.use_laws(laws);
        }
        let laws = self.means.state.load().laws.clone();
        let now = self.means.ambient.now();
        let mut changed = Vec::with_capacity(records.len());
        for record in records {
            self.kept.pop(&record.id);
            let Some(mechanism) = laws.version(&record.mechanism, record.version) else { continue };
            if mechanism.register.is_some() {
                let ledger = self.means.ledger.as_ref();
                load::register(ledger, mechanism, &record, Arc::make_mut(&mut self.at.world))?;
                // Under which places records count may be otherwise now.
                if self.at.world.is_place(record.id) {
                    self.kept.clear();
                }
            }
            let todo = project(mechanism, &record, &self.at.world, now).todo;
            changed.push(Changed { record: record.id, mechanism: record.mechanism, todo });
        }
        Ok(changed)
    }
}
