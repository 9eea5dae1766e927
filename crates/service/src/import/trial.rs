//! A trial: commands decided one after the other by the kernel's own rules, and thrown away. What it
//! accepts now the writer accepts too, as long as nobody acts in between.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gongzhi_base::RecordId;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::{Case, Claim, Command, Record, Refusal, claims, decide};
use gongzhi_store::{Ledger, StoreError};

use crate::engine::State;

/// The records as they would be.
pub struct Trial<'t> {
    state: &'t State,
    ledger: &'t dyn Ledger,
    found: RefCell<HashMap<RecordId, Option<Arc<Record>>>>,
    counters: BTreeMap<(String, i16), u64>,
    /// What the commands so far claim.
    claimed: HashMap<Claim, BTreeSet<RecordId>>,
    broken: RefCell<Option<StoreError>>,
}

impl<'t> Trial<'t> {
    pub fn new(state: &'t State, ledger: &'t dyn Ledger) -> Result<Trial<'t>, StoreError> {
        Ok(Trial {
            state,
            ledger,
            found: RefCell::default(),
            counters: ledger.counters()?,
            claimed: HashMap::new(),
            broken: RefCell::default(),
        })
    }

    /// A record as it would be now; read from the ledger at first.
    pub fn record(&self, id: RecordId) -> Option<Arc<Record>> {
        if let Some(known) = self.found.borrow().get(&id) {
            return known.clone();
        }
        let read = self.ledger.snapshot(id).and_then(|bytes| {
            let read = bytes.map(|bytes| Record::from_bytes(&bytes)).transpose();
            read.map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))
        });
        let record = match read {
            Ok(record) => record.map(Arc::new),
            Err(error) => {
                *self.broken.borrow_mut() = Some(error);
                None
            }
        };
        self.found.borrow_mut().insert(id, record.clone());
        record
    }

    /// Adds records that were read already.
    pub fn know(&self, records: impl IntoIterator<Item = Arc<Record>>) {
        let mut found = self.found.borrow_mut();
        records.into_iter().for_each(|record| drop(found.insert(record.id, Some(record))));
    }

    /// Decides a command on top of those before.
    pub fn decide(&mut self, command: &Command) -> Result<Result<(), Refusal>, StoreError> {
        let record = |id: RecordId| self.record(id);
        let counter = |mechanism: &str, year: i16| {
            self.counters.get(&(mechanism.to_owned(), year)).copied().unwrap_or(0)
        };
        let holders = |wanted: &[Claim]| -> Vec<RecordId> {
            let durable = self.ledger.holders(wanted).unwrap_or_else(|error| {
                *self.broken.borrow_mut() = Some(error);
                Vec::new()
            });
            let made = wanted.iter().filter_map(|claim| self.claimed.get(claim)).flatten();
            let all: BTreeSet<RecordId> =
                durable.into_iter().map(|(_, id)| id).chain(made.copied()).collect();
            all.into_iter().collect()
        };
        let (laws, world) = (&self.state.laws, &self.state.world);
        let case = Case { laws, world, record: &record, counter: &counter, holders: &holders };
        let decided = decide(&case, command);
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        Ok(decided.map(|decision| {
            self.counters.extend(decision.counters);
            for record in decision.records.values() {
                let Some(law) = self.state.laws.version(&record.mechanism, record.version) else { continue };
                for claim in claims::of(law, record, self.state.world.zone) {
                    self.claimed.entry(claim).or_default().insert(record.id);
                }
            }
            let records = decision.records.into_iter().map(|(id, record)| (id, Some(record)));
            self.found.borrow_mut().extend(records);
        }))
    }
}
