//! The records of a sheet as its rows, for whoever reads or prints it.

use std::collections::HashMap;

use gongzhi_base::RecordId;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::{Actor, Record, rights};
use gongzhi_store::{StoreError, Want};

use super::Sheet;
use crate::failure::Failure;
use crate::service::Service;

/// Most rows of a sheet that is written.
pub const ROWS: usize = 5_000;
/// Records read at once.
const ROUND: usize = 256;

/// One row: the record of each level of the chain, from above; none where nothing stands below.
pub type Row = Vec<Option<Record>>;

impl Service {
    /// A record with the rows of one of its sheets, as far as the actor may read them; and whether that
    /// is all of them. Personal values are not among a sheet's columns.
    pub fn sheet_rows(
        &self,
        actor: &Actor,
        root: RecordId,
        mechanism: &str,
    ) -> Result<(Record, Sheet, Vec<Row>, bool), Failure> {
        let (law, record) = self.readable(actor, root)?.ok_or(Failure::NotFound)?;
        let mut sheets = self.sheets(actor, &law, &record).into_iter();
        let sheet = sheets.find(|sheet| sheet.row().name == mechanism).ok_or(Failure::NotFound)?;
        let mut rows: Vec<Row> = Vec::new();
        let mut whole = true;
        // Level by level, so that each is read in few questions.
        let mut above: Vec<Row> = vec![Vec::new()];
        let mut parents: Vec<Option<Record>> = vec![Some(record.clone())];
        for part in &sheet.chain {
            let of = |parent: &Record| -> Vec<RecordId> {
                let own = parent.parts.iter().filter(|known| known.mechanism == part.name);
                own.map(|known| known.id).collect()
            };
            let mut ids: Vec<RecordId> = parents.iter().flatten().flat_map(of).collect();
            whole &= ids.len() <= ROWS;
            ids.truncate(ROWS);
            let mut known = self.readable_parts(actor, &ids)?;
            for (row, parent) in std::mem::take(&mut above).into_iter().zip(&parents) {
                let ids = parent.as_ref().map(of).unwrap_or_default();
                let found: Vec<Record> = ids.iter().filter_map(|id| known.remove(id)).collect();
                if found.is_empty() {
                    above.push(row.into_iter().chain([None]).collect());
                    continue;
                }
                above.extend(
                    found
                        .into_iter()
                        .map(|record| row.iter().cloned().chain([Some(record)]).collect::<Row>()),
                );
            }
            parents = above.iter().map(|row| row.last().cloned().flatten()).collect();
        }
        rows.extend(above.into_iter().filter(|row| row.iter().any(Option::is_some)));
        whole &= rows.len() <= ROWS;
        rows.truncate(ROWS);
        Ok((record, sheet, rows, whole))
    }

    fn readable_parts(&self, actor: &Actor, ids: &[RecordId]) -> Result<HashMap<RecordId, Record>, Failure> {
        let state = self.state();
        let mut known = HashMap::new();
        for ids in ids.chunks(ROUND) {
            let want = Want { records: ids.to_vec(), commands: Vec::new() };
            for (id, bytes) in self.ledger().load(&want)?.records {
                let record = Record::from_bytes(&bytes)
                    .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))?;
                let law = state.laws.version(&record.mechanism, record.version);
                if law.is_some_and(|law| rights::may_read(law, actor, &record, &state.world)) {
                    known.insert(id, record);
                }
            }
        }
        Ok(known)
    }
}
