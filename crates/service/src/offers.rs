//! Rows that a form begins with, as the document proposes them: from records that whoever fills it in
//! may read. Nothing is decided by it: what is sent counts.

use std::collections::{BTreeMap, HashMap};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::eval::Scope;
use gongzhi_kernel::{Actor, Record};
use gongzhi_lang::model::Step;
use gongzhi_store::{ListQuery, StoreError, Want};

use crate::failure::Failure;
use crate::service::Service;

/// Open records looked through for one table.
const LOOKED: u32 = 1_000;

impl Service {
    /// The proposed rows of each table that a step asks: a list of rows by the table's name. Those that
    /// are due first come first.
    pub fn proposed_rows(&self, actor: &Actor, step: &Step) -> Result<BTreeMap<String, Value>, Failure> {
        let state = self.state();
        let mut found = BTreeMap::new();
        for proposal in &step.proposes {
            let query = ListQuery {
                mechanism: Some(proposal.mechanism.clone()),
                open: Some(true),
                order: gongzhi_store::Order::Due,
                limit: LOOKED,
                ..ListQuery::default()
            };
            let ids: Vec<RecordId> = self.list(actor, query)?.rows.into_iter().map(|row| row.id).collect();
            let mut rows = Vec::new();
            let want = Want { records: ids.clone(), commands: Vec::new() };
            let mut snapshots: HashMap<RecordId, Vec<u8>> =
                self.ledger().load(&want)?.records.into_iter().collect();
            for bytes in ids.iter().filter_map(|id| snapshots.remove(id)) {
                let record = Record::from_bytes(&bytes).map_err(|error| {
                    StoreError::Corrupt(format!("a record of {}: {error}", proposal.mechanism))
                })?;
                let Some(law) = state.laws.version(&record.mechanism, record.version) else { continue };
                let scope = Scope::of(law, &record, &state.world, self.now());
                if proposal.when.as_ref().is_none_or(|when| scope.holds(when)) {
                    let cells =
                        proposal.with.iter().filter_map(|(name, of)| Some((name.clone(), scope.eval(of)?)));
                    rows.push(Value::Row(cells.collect()));
                }
                if rows.len() == proposal.most as usize {
                    break;
                }
            }
            found.insert(proposal.field.clone(), Value::List(rows));
        }
        Ok(found)
    }
}
