//! What anybody sees without an account: the records that documents publish, by place and month; and what
//! the holder of a code has besides the record itself.

use std::collections::HashMap;
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Date, RecordId};
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, Record, recurs, rights};
use gongzhi_lang::model::{Level, Mechanism};
use gongzhi_store::{ListQuery, Scope, StoreError, Want};

use crate::desk::RecordView;
use crate::failure::Failure;
use crate::service::Service;

/// Records of one mechanism shown to a holder for whom they open: the present one and the one before.
const SHOWN: usize = 2;

/// A published record; of its fields only the public ones may be shown.
pub struct Published {
    pub row: Row,
    pub mechanism: Arc<Mechanism>,
    pub record: Record,
}

/// A page of a board, by title, and where the next one begins.
pub struct Board {
    pub records: Vec<Published>,
    pub next: Option<(i64, RecordId)>,
}

impl Service {
    /// Mechanisms whose records stand on the public page of a place of that level.
    pub fn published_at(&self, level: Level) -> Vec<Arc<Mechanism>> {
        let state = self.state();
        let all = state.laws.library.mechanisms.values();
        // Parts are shown with what they are parts of.
        let here = all.filter(|one| rights::is_published(one) && one.parent.is_none());
        here.filter(|one| one.lives_at.contains(&level)).cloned().collect()
    }

    /// The records of a mechanism that were opened in a month (`yyyy-mm`) in a place and under it.
    pub fn board(
        &self,
        mechanism: &str,
        place: &str,
        month: &str,
        after: Option<(i64, RecordId)>,
        limit: u32,
    ) -> Result<Board, Failure> {
        let state = self.state().clone();
        let level = state.world.place(place).map(|place| place.level).ok_or(Failure::NotFound)?;
        if !state.laws.newest(mechanism).is_some_and(|known| rights::is_published(known)) {
            return Err(Failure::NotFound);
        }
        let page = self.ledger().list(&ListQuery {
            scope: Scope::All,
            mechanism: Some(mechanism.to_owned()),
            place: Some((level, place.to_owned())),
            month: Some(month.to_owned()),
            after,
            limit,
            ..ListQuery::default()
        })?;
        let want = Want { records: page.rows.iter().map(|row| row.id).collect(), commands: Vec::new() };
        let mut records: HashMap<RecordId, Record> = HashMap::new();
        for (id, bytes) in self.ledger().load(&want)?.records {
            let record = Record::from_bytes(&bytes)
                .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))?;
            records.insert(id, record);
        }
        let shown = page.rows.into_iter().filter_map(|row| {
            let record = records.remove(&row.id)?;
            // A record that began before its document published anything stays unpublished.
            let mechanism = state.laws.version(&record.mechanism, record.version)?.clone();
            rights::is_published(&mechanism).then_some(Published { row, mechanism, record })
        });
        let mut records: Vec<Published> = shown.collect();
        records.sort_by(|one, other| one.row.title.cmp(&other.row.title));
        Ok(Board { records, next: page.next })
    }

    /// A published record with what its public page shows: its parts only as far as they are published too.
    pub fn public_view(&self, id: RecordId) -> Result<RecordView, Failure> {
        let record = self.record(id)?;
        let state = self.state().clone();
        let mechanism = state.laws.version(&record.mechanism, record.version).ok_or(Failure::NotFound)?;
        if !rights::is_published(mechanism) {
            return Err(Failure::NotFound);
        }
        let mut view = self.viewed(&Actor::Public, mechanism.clone(), record)?;
        view.tree.retain(|part| part.record.is_some());
        Ok(view)
    }

    /// The code of a record that lasts, for whoever may enter such records: it opens what opens by itself
    /// for its holder, who may have lost it. Codes of everything else are shown once.
    pub fn lasting_code(&self, actor: &Actor, view: &RecordView) -> Option<String> {
        let state = self.state();
        let rules = state.laws.library.mechanisms.values().filter(|one| one.receipt);
        let mut rules = rules.filter_map(|one| one.recurs.as_ref());
        let lasts =
            view.mechanism.receipt && rules.any(|rule| rule.source.as_ref() == Some(&view.mechanism.name));
        let may = |step: &gongzhi_lang::model::Step| {
            rights::may_step(step, actor, None, &view.record.place, &state.world).is_some()
        };
        (lasts && view.mechanism.openers().any(may)).then(|| self.receipt_code(view.record.id))
    }

    /// What opened by itself for a record in the present period, and the newest before, newest first: whoever
    /// holds the code of that record holds theirs as well.
    pub fn opened_for(&self, record: &Record) -> Result<Vec<(Row, Arc<Mechanism>)>, Failure> {
        let state = self.state().clone();
        let today = state.world.zone.date(self.now());
        let mut ids = Vec::new();
        for mechanism in state.laws.library.mechanisms.values().filter(|mechanism| mechanism.receipt) {
            let Some(rule) = &mechanism.recurs else { continue };
            if rule.source.as_ref() != Some(&record.mechanism) {
                continue;
            }
            let present: Date = rule.every.first(today);
            ids.push(recurs::id(&mechanism.name, present, Some(record.id), &state.world));
            let (item, since) = (Some(record.id), Some(record.opened));
            ids.extend(recurs::earlier(rule, &mechanism.name, present, item, since, &state.world));
        }
        let mut rows = self.ledger().rows(&ids)?;
        rows.sort_by_key(|row| std::cmp::Reverse(row.opened));
        let mut shown: HashMap<String, usize> = HashMap::new();
        rows.retain(|row| {
            let shown = shown.entry(row.mechanism.clone()).or_default();
            *shown += 1;
            *shown <= SHOWN
        });
        let known = rows.into_iter().filter_map(|row| {
            let mechanism = state.laws.version(&row.mechanism, row.version)?.clone();
            Some((row, mechanism))
        });
        Ok(known.collect())
    }
}
