//! The records that are there and that a sheet speaks of: by their numbers, by their keys, and those that it may mean.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, words};
use gongzhi_kernel::decide::is_open;
use gongzhi_kernel::{Record, rights};
use gongzhi_lang::model::Mechanism;
use gongzhi_paper::sheet::Row;
use gongzhi_store::{ListQuery, Scope, StoreError, Want};

use super::{Known, Planning, changing, title};
use crate::import::{Alike, Becomes, Entry, ImportFailure, What};

/// Records read at once.
const ROUND: usize = 256;
/// Rows of a list read at once.
const PAGE: u32 = 1_024;
/// Records compared for their names at most.
const COMPARED: usize = 200_000;
/// From which likeness on two names may be one that was changed.
const ALIKE: f64 = 0.5;

impl Planning<'_> {
    /// The records of a row by their numbers: of each level, what stands in its own column, or above what is known so.
    /// None with faults.
    pub(super) fn numbered(&mut self, row: &Row) -> Result<Option<Vec<Option<Known>>>, ImportFailure> {
        let sheet = self.sheet;
        let mut known: Vec<Option<Known>> = vec![None; sheet.chain.len()];
        for level in (0..sheet.chain.len()).rev() {
            let column = sheet.columns.iter().position(|column| column.level == level && column.number);
            let text =
                column.and_then(|column| self.found.columns[column]).map(|at| row.text(at).trim().to_owned());
            let Some(text) = text.filter(|text| !text.is_empty()) else {
                let below = known.get(level + 1).cloned().flatten();
                let above = below.and_then(|below| self.trial.record(below.record.parent?));
                known[level] = above.map(|record| Known { record, told: false });
                continue;
            };
            let record = match self.service.ledger().by_number(&text)? {
                Some(id) => self.read_one(id)?,
                None => None,
            };
            let root = self.root.map(|root| root.id);
            let here = |record: &Arc<Record>| {
                let inside = root.is_none_or(|root| record.ancestors().any(|above| above == root));
                inside && record.mechanism == sheet.chain[level].name
            };
            let Some(record) = record.filter(here) else {
                self.fault(row, column, What::NoNumber);
                return Ok(None);
            };
            for above in record.ancestors().collect::<Vec<_>>() {
                self.read_one(above)?;
            }
            let below = known.get(level + 1).and_then(Option::as_ref);
            if below.is_some_and(|one| one.record.parent != Some(record.id) && !self.moves(level + 1, one)) {
                self.fault(row, column, What::Elsewhere);
                return Ok(None);
            }
            known[level] = Some(Known { record, told: true });
        }
        Ok(Some(known))
    }

    /// Whether the row may put a record that it knows by its number under another one: the one that the row is about.
    pub(super) fn moves(&self, level: usize, known: &Known) -> bool {
        level + 1 == self.sheet.chain.len()
            && known.told
            && changing(&self.sheet.chain[level], &known.record).is_some_and(|step| step.moves)
    }

    /// A record as far as the actor may read it, known to the trial from then on.
    fn read_one(&self, id: RecordId) -> Result<Option<Arc<Record>>, ImportFailure> {
        let record = self.service.readable(self.actor, id)?.map(|(_, record)| Arc::new(record));
        self.trial.know(record.clone());
        Ok(record)
    }

    /// The part of a record that has this key, and how many have it.
    pub(super) fn there(
        &mut self,
        level: usize,
        under: Option<RecordId>,
        key: &[u8],
    ) -> Result<Option<(Arc<Record>, usize)>, StoreError> {
        let mechanism = &self.sheet.chain[level];
        if !self.known.contains_key(&(under, level)) {
            let mut parts = HashMap::new();
            for ids in self.held(mechanism, under)?.chunks(ROUND) {
                let want = Want { records: ids.to_vec(), commands: Vec::new() };
                for (id, bytes) in self.service.ledger().load(&want)?.records {
                    let record = Record::from_bytes(&bytes)
                        .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))?;
                    let law = self.state.laws.version(&record.mechanism, record.version);
                    let may = |law| rights::may_read(law, self.actor, &record, &self.state.world);
                    // Of a register nobody is told, by way of a sheet, what he may not read.
                    if under.is_none() && !law.is_some_and(|law| may(law)) {
                        continue;
                    }
                    let record = Arc::new(record);
                    self.trial.know([record.clone()]);
                    let entry = parts.entry(super::key(mechanism, &record.fields)).or_insert((record, 0));
                    entry.1 += 1;
                }
            }
            self.known.insert((under, level), parts);
        }
        Ok(self.known[&(under, level)].get(key).cloned())
    }

    /// The records of a mechanism under one, or all of a register.
    fn held(&self, mechanism: &Mechanism, under: Option<RecordId>) -> Result<Vec<RecordId>, StoreError> {
        if let Some(under) = under {
            // A record that this sheet opens has no parts yet.
            let record = self.trial.record(under);
            let parts = record.iter().flat_map(|record| &record.parts);
            return Ok(parts.filter(|part| part.mechanism == mechanism.name).map(|part| part.id).collect());
        }
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = self.service.ledger().list(&ListQuery {
                scope: Scope::All,
                mechanism: Some(mechanism.name.clone()),
                after,
                limit: PAGE,
                ..ListQuery::default()
            })?;
            ids.extend(page.rows.iter().map(|row| row.id));
            after = page.next;
            if after.is_none() {
                return Ok(ids);
            }
        }
    }

    /// Tells new records that are perhaps one that is there and stands in no row: called nearly so under the same one,
    /// whose name was changed then; or called just so under another one, from where it is to be moved then.
    pub(super) fn alike(&mut self) -> Result<(), StoreError> {
        let new = |entry: &&Entry| matches!(entry.becomes, Becomes::New(_));
        let levels: HashSet<usize> = self.entries.iter().filter(new).map(|entry| entry.level).collect();
        for level in levels.into_iter().filter(|level| *level > 0) {
            self.read_level(level)?;
        }
        let spoken: HashSet<RecordId> = self.entries.iter().map(|entry| entry.record).collect();
        let mut left = COMPARED;
        let mut found = Vec::new();
        for (at, entry) in self.entries.iter().enumerate() {
            let Becomes::New(values) = &entry.becomes else { continue };
            let law = &self.sheet.chain[entry.level];
            let open = |record: &Record| !spoken.contains(&record.id) && is_open(law, &record.state);
            let mut nearest: Option<(f64, &Arc<Record>)> = None;
            let beside = self.known.get(&(entry.under, entry.level)).into_iter().flat_map(HashMap::values);
            for (record, _) in beside.filter(|(record, _)| open(record)).take(left) {
                left -= 1;
                let likeness = words::likeness(&entry.title, &title(law, &record.fields));
                if likeness >= ALIKE && nearest.is_none_or(|(most, _)| likeness > most) {
                    nearest = Some((likeness, record));
                }
            }
            let key = super::key(law, values);
            let elsewhere = || {
                let others = self.known.iter().filter(|((under, level), _)| {
                    *level == entry.level && under.is_some() && *under != entry.under
                });
                let named = others.filter_map(|(_, parts)| parts.get(&key)).map(|(record, _)| record);
                named.filter(|record| open(record)).min_by(|a, b| a.number.cmp(&b.number))
            };
            let record = nearest.map(|(_, record)| record).or_else(elsewhere);
            found.extend(record.map(|record| {
                let (number, title) = (record.number.clone(), title(law, &record.fields));
                let elsewhere =
                    (record.parent != entry.under).then(|| self.told(entry.level, record.parent?));
                (at, Alike { number, title, elsewhere: elsewhere.flatten() })
            }));
        }
        for (at, alike) in found {
            self.entries[at].alike = Some(alike);
        }
        Ok(())
    }

    /// Reads all records of a level under the record to which the sheet belongs.
    fn read_level(&mut self, level: usize) -> Result<(), StoreError> {
        let mut above = vec![self.root.map(|root| root.id)];
        for level in 0..=level {
            let mut below = Vec::new();
            for under in above {
                self.there(level, under, &[])?;
                let parts = self.known[&(under, level)].values();
                below.extend(parts.map(|(record, _)| Some(record.id)));
            }
            above = below;
        }
        Ok(())
    }

    /// From where to where the sheet moves a record: the numbers and titles of both; none where it stays.
    pub(super) fn moved(
        &self,
        level: usize,
        record: &Record,
        under: Option<RecordId>,
    ) -> Option<(String, String)> {
        if record.parent == under || level == 0 {
            return None;
        }
        Some((self.told(level, record.parent?)?, self.told(level, under?)?))
    }

    /// Number and title of a record above those of a level.
    fn told(&self, level: usize, above: RecordId) -> Option<String> {
        let above = self.trial.record(above)?;
        Some(format!(
            "{} {}",
            above.number,
            title(self.sheet.chain.get(level.checked_sub(1)?)?, &above.fields)
        ))
    }
}
