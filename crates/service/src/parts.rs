//! The parts of a record as its page shows them: two levels, each part within the reader's rights.

use std::collections::HashMap;
use std::sync::Arc;

use gongzhi_base::RecordId;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::decide::is_open;
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, Record, rights};
use gongzhi_lang::model::Mechanism;
use gongzhi_store::{StoreError, Want};

use crate::engine::State;
use crate::failure::Failure;
use crate::service::Service;

/// Most parts shown of one record, and most of all their own parts together.
const SHOWN: usize = 200;

/// A part of a record.
pub struct PartView {
    pub row: Row,
    pub mechanism: Arc<Mechanism>,
    /// The part itself, if the reader may read it.
    pub record: Option<Record>,
    /// Its own parts, without theirs.
    pub parts: Vec<PartView>,
}

impl Service {
    /// The first parts of a record, with their own.
    pub(crate) fn tree(&self, actor: &Actor, record: &Record) -> Result<Vec<PartView>, Failure> {
        let ids: Vec<RecordId> = record.parts.iter().map(|part| part.id).take(SHOWN).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut parts = self.part_views(actor, &ids)?;
        let under = |part: &PartView| -> Vec<RecordId> {
            part.record.iter().flat_map(|record| &record.parts).map(|part| part.id).collect()
        };
        let below: Vec<RecordId> = parts.iter().flat_map(under).take(SHOWN).collect();
        let mut found: HashMap<RecordId, PartView> = HashMap::new();
        if !below.is_empty() {
            found.extend(self.part_views(actor, &below)?.into_iter().map(|part| (part.row.id, part)));
        }
        for part in &mut parts {
            part.parts = under(part).iter().filter_map(|id| found.remove(id)).collect();
        }
        Ok(parts)
    }

    fn part_views(&self, actor: &Actor, ids: &[RecordId]) -> Result<Vec<PartView>, Failure> {
        let state = self.state();
        let want = Want { records: ids.to_vec(), commands: Vec::new() };
        let mut records: HashMap<RecordId, Record> = HashMap::new();
        for (id, bytes) in self.ledger().load(&want)?.records {
            let record = Record::from_bytes(&bytes)
                .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))?;
            records.insert(id, record);
        }
        let mut rows: HashMap<RecordId, Row> =
            self.ledger().rows(ids)?.into_iter().map(|row| (row.id, row)).collect();
        let views = ids.iter().filter_map(|id| {
            let (row, record) = (rows.remove(id)?, records.remove(id)?);
            let mechanism = state.laws.version(&record.mechanism, record.version)?.clone();
            let open = matches!(actor, Actor::Public) && rights::is_published(&mechanism);
            let may = open || rights::may_read(&mechanism, actor, &record, &state.world);
            Some(PartView { row, mechanism, record: may.then_some(record), parts: Vec::new() })
        });
        Ok(views.collect())
    }
}

/// The steps by which an actor may open a part of a record now.
pub(crate) fn part_openers(
    actor: &Actor,
    mechanism: &Mechanism,
    record: &Record,
    state: &State,
) -> Vec<(String, String)> {
    if !is_open(mechanism, &record.state) {
        return Vec::new();
    }
    let parts = state.laws.library.mechanisms.values();
    let parts = parts.filter(|part| part.parent.as_deref() == Some(mechanism.name.as_str()));
    let ways = parts.flat_map(|part| {
        let may = part
            .openers()
            .filter(|step| rights::may_step(step, actor, None, &record.place, &state.world).is_some());
        may.map(|step| (part.name.clone(), step.name.clone()))
    });
    ways.collect()
}
