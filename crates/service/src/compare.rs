//! What is derived from the entries and kept beside them, compared with what the entries say now: records, rows, deadlines,
//! inboxes, lists, search, receipt codes, claims, numbers given, looks, and whether each answer is of a record and
//! revision that there is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::Claim;
use gongzhi_kernel::project::Row;
use gongzhi_store::{Ledger, Look, LookQuery, Names, StoreError, Trace, Want};

use crate::replay::Folded;

/// Records compared at once, and what is read at once of the rest.
const PAGE: usize = 500;
/// Most differences of a kind that are listed; more of them say nothing more.
const MOST: usize = 100;

/// Something kept otherwise than the entries say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Strange {
    /// What it is, by a word for programs: `record`, `row`, `receipt`, `claim`, `timer`, `inbox`, `list`, `search`,
    /// `name` (search knows a record by other names of places, units or entries than they have now, as after a
    /// renaming), `number`, `look`, `answer`.
    pub kind: &'static str,
    /// Which one: a record's identifier, a number's mechanism and year, an entry's sequence, a row that is no record's.
    pub which: String,
}

/// What the entries say, gathered while they are read.
#[derive(Default)]
pub(crate) struct Expected {
    /// Receipt codes are compared too: their secret is known.
    receipts: bool,
    timers: BTreeSet<(i64, RecordId, String)>,
    traces: HashMap<RecordId, Trace>,
    claims: BTreeSet<(Claim, RecordId)>,
    numbers: BTreeMap<(String, i16), u64>,
    looks: BTreeMap<u64, Look>,
    revisions: HashMap<RecordId, u64>,
    strange: BTreeSet<Strange>,
    /// How many of each kind.
    listed: BTreeMap<&'static str, usize>,
}

impl Expected {
    /// Nothing is expected yet. `receipts` tells whether what follows is folded with the secret of receipt codes.
    pub fn new(receipts: bool) -> Expected {
        Expected { receipts, ..Expected::default() }
    }

    fn strange(&mut self, kind: &'static str, which: impl ToString) {
        let listed = self.listed.entry(kind).or_default();
        if *listed < MOST && self.strange.insert(Strange { kind, which: which.to_string() }) {
            *listed += 1;
        }
    }

    /// Compares records one by one, and notes what is compared as a whole at the end.
    pub fn records(
        &mut self,
        ledger: &dyn Ledger,
        names: &Names,
        folded: &[Folded],
    ) -> Result<(), StoreError> {
        for folded in folded.chunks(PAGE) {
            let ids: Vec<RecordId> = folded.iter().map(|folded| folded.stored.projection.row.id).collect();
            let want = Want { records: ids.clone(), commands: Vec::new() };
            let kept: HashMap<RecordId, Vec<u8>> = ledger.load(&want)?.records.into_iter().collect();
            let rows: HashMap<RecordId, Row> =
                ledger.rows(&ids)?.into_iter().map(|row| (row.id, row)).collect();
            for folded in folded {
                let made = &folded.stored.projection;
                let id = made.row.id;
                if kept.get(&id) != Some(&folded.stored.snapshot) {
                    self.strange("record", id);
                }
                if rows.get(&id) != Some(&made.row) {
                    self.strange("row", id);
                }
                self.note(folded, ledger.trace(&folded.stored, names));
            }
        }
        Ok(())
    }

    fn note(&mut self, folded: &Folded, trace: Trace) {
        let made = &folded.stored.projection;
        let id = made.row.id;
        self.timers.extend(made.timers.iter().map(|(name, at)| (at.0, id, name.clone())));
        self.traces.insert(id, trace);
        self.claims.extend(folded.claims.iter().map(|claim| (*claim, id)));
        if let Some((series, number)) = &folded.number {
            let last = self.numbers.entry(series.clone()).or_default();
            *last = (*last).max(*number);
        }
        self.looks.extend(folded.looks.iter().map(|look| (look.seq, look.clone())));
        self.revisions.insert(id, made.row.revision);
    }

    /// Compares the rest; gives all that differs, in order.
    pub fn rest(mut self, ledger: &dyn Ledger, names: &Names) -> Result<Vec<Strange>, StoreError> {
        let kept = ledger.timers(Timestamp(i64::MAX), u32::MAX)?;
        let kept: BTreeSet<_> =
            kept.into_iter().map(|timer| (timer.at.0, timer.record, timer.deadline)).collect();
        let timers: Vec<RecordId> = kept.symmetric_difference(&self.timers).map(|(_, id, _)| *id).collect();
        timers.into_iter().for_each(|id| self.strange("timer", id));
        self.traces(ledger, names)?;
        self.claims(ledger)?;
        let (kept, numbers) = (ledger.counters()?, std::mem::take(&mut self.numbers));
        let series: BTreeSet<_> = kept.keys().chain(numbers.keys()).collect();
        for series in series.into_iter().filter(|series| kept.get(series) != numbers.get(series)) {
            self.strange("number", format!("{} {}", series.0, series.1));
        }
        self.looks(ledger)?;
        self.answers(ledger)?;
        Ok(self.strange.into_iter().collect())
    }

    fn traces(&mut self, ledger: &dyn Ledger, names: &Names) -> Result<(), StoreError> {
        let (mut kept, expected) = (ledger.traces(names)?, std::mem::take(&mut self.traces));
        for beginning in std::mem::take(&mut kept.torn) {
            self.strange("search", format!("{beginning}*"));
        }
        for row in std::mem::take(&mut kept.strays) {
            self.strange("search", format!("row {row}"));
        }
        for (id, expected) in expected {
            let kept = kept.records.remove(&id).unwrap_or_default();
            self.differ(id, &kept, &expected, names);
        }
        // What is kept of records that no entry knows.
        for (id, kept) in kept.records {
            self.differ(id, &kept, &Trace::default(), names);
        }
        Ok(())
    }

    fn differ(&mut self, id: RecordId, kept: &Trace, expected: &Trace, names: &Names) {
        // Words of its own that are missing or other, or none at all, are no renaming.
        let renamed = names.changed && kept.words > 0 && kept.own == expected.own;
        let search = if renamed { "name" } else { "search" };
        let sums = |trace: &Trace| [trace.inbox, trace.lists, trace.search, trace.timers];
        for (kind, (kept, expected)) in
            ["inbox", "list", search, "timer"].into_iter().zip(sums(kept).into_iter().zip(sums(expected)))
        {
            if kept != expected {
                self.strange(kind, id);
            }
        }
        if self.receipts && kept.receipt != expected.receipt {
            self.strange("receipt", id);
        }
    }

    fn claims(&mut self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = ledger.claims(after, PAGE as u32)?;
            let Some(last) = page.last() else { break };
            after = Some(*last);
            for held in page {
                if !self.claims.remove(&held) {
                    self.strange("claim", held.1);
                }
            }
        }
        for (_, id) in std::mem::take(&mut self.claims) {
            self.strange("claim", id);
        }
        Ok(())
    }

    fn looks(&mut self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        let mut expected = std::mem::take(&mut self.looks);
        let (from, to) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
        let mut query = LookQuery { from, to, person: None, after: None, limit: PAGE as u32 };
        loop {
            let page = ledger.looks(&query)?;
            let Some(last) = page.last() else { break };
            query.after = Some((last.at, last.seq));
            for look in page {
                if expected.remove(&look.seq).as_ref() != Some(&look) {
                    self.strange("look", look.seq);
                }
            }
        }
        expected.into_keys().for_each(|seq| self.strange("look", seq));
        Ok(())
    }

    fn answers(&mut self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        let (mut after, size) = (None, ledger.head()?.size);
        loop {
            let page = ledger.answers(after.as_ref(), PAGE as u32)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.command.clone());
            for answer in page {
                let newest = self.revisions.get(&answer.record).copied().unwrap_or_default();
                if answer.revision > newest || answer.seq >= size {
                    self.strange("answer", answer.record);
                }
            }
        }
    }
}
