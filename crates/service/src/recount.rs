//! `gongzhi recount`: every indicator and everything else derived from the entries, against what is kept.

use std::collections::{BTreeMap, BTreeSet};

use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::project::CellKey;
use gongzhi_lang::model::Dimension;
use gongzhi_store::{CellQuery, Ledger, StoreError};

use crate::archive::listed;
use crate::codes::CodeSecret;
use crate::compare::{Expected, Strange};
use crate::replay::{self, Folded, Replay};
use crate::sums::Sums;

/// A figure that is kept otherwise than it is counted; numerators and denominators.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    pub key: CellKey,
    pub kept: (i64, i64),
    pub counted: (i64, i64),
}

/// Records whose sealed values nobody can read any more, although no entry says that they were erased.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Keyless {
    /// Those that a list of erasures named, which was given to a restore or applied.
    pub listed: u64,
    /// Those for which nothing accounts: their keys were lost.
    pub lost: u64,
    pub first_lost: Option<RecordId>,
}

/// What a recount found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recount {
    pub entries: u64,
    pub records: u64,
    /// Figures compared.
    pub cells: u64,
    /// In the order of their keys.
    pub differences: Vec<Difference>,
    /// What else is kept otherwise than the entries say, up to a hundred of each kind.
    pub strange: Vec<Strange>,
    /// Records with sealed values whose key is gone although no entry says that they were erased.
    pub keyless: Keyless,
    /// Entries came while it counted: differences may be theirs.
    pub moved: bool,
}

impl Recount {
    /// Whether everything is kept as the entries say.
    pub fn agrees(&self) -> bool {
        self.differences.is_empty() && self.strange.is_empty()
    }

    /// Whether nothing differs but the names by which search knows records, as when a place, a unit or a kind was renamed
    /// after they last changed.
    pub fn only_names(&self) -> bool {
        self.differences.is_empty() && self.strange.iter().all(|strange| strange.kind == "name")
    }
}

/// Derives everything from the entries alone and compares. Changes nothing. Receipt codes follow from the entries and a
/// secret that the master key opens ([`CodeSecret::kept`]); without it they are not compared.
pub fn recount(
    ledger: &dyn Ledger,
    secret: Option<&CodeSecret>,
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Recount, StoreError> {
    let head = ledger.head()?;
    let ground = replay::ground(ledger)?;
    let mut counted = Sums::default();
    let mut mechanisms: BTreeSet<String> = ground.laws.library.mechanisms.keys().cloned().collect();
    let (mut entries, mut records) = (0, 0);
    let (mut expected, mut keyless) = (Expected::new(secret.is_some()), Keyless::default());
    let listed = listed(ledger)?;
    let replay = Replay { ledger, ground: &ground, secret, now, size: head.size };
    replay.run(&mut |folded| {
        expected.records(ledger, &ground.names, &folded)?;
        without_key(ledger, &folded, &listed, &mut keyless)?;
        for folded in folded {
            folded.stored.projection.share.cells().into_iter().for_each(|cell| counted.add(cell));
            mechanisms.insert(folded.stored.projection.row.mechanism);
            entries += folded.entries;
            records += 1;
        }
        progress(entries, head.size);
        Ok(())
    })?;
    let mut kept = kept(ledger, &mechanisms)?;
    let counted = counted.all();
    let strange = expected.rest(ledger, &ground.names)?;
    let moved = ledger.head()? != head;
    let cells = counted.len() as u64;
    let mut differences: Vec<Difference> = counted
        .into_iter()
        .filter_map(|(key, counted)| {
            let kept = kept.remove(&key).unwrap_or_default();
            (kept != counted).then_some(Difference { key, kept, counted })
        })
        .collect();
    // What is kept of nothing.
    differences.extend(kept.into_iter().map(|(key, kept)| Difference { key, kept, counted: (0, 0) }));
    differences.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(Recount { entries, records, cells, differences, strange, keyless, moved })
}

/// Adds the records that hold sealed values and have no key.
fn without_key(
    ledger: &dyn Ledger,
    folded: &[Folded],
    listed: &BTreeSet<RecordId>,
    found: &mut Keyless,
) -> Result<(), StoreError> {
    let sealed = folded.iter().filter(|folded| folded.sealed).map(|folded| folded.stored.projection.row.id);
    let sealed: Vec<RecordId> = sealed.collect();
    let held: BTreeSet<RecordId> = ledger.keys(&sealed)?.into_iter().map(|(id, _)| id).collect();
    for id in sealed.into_iter().filter(|id| !held.contains(id)) {
        if listed.contains(&id) {
            found.listed += 1;
        } else {
            found.lost += 1;
            found.first_lost.get_or_insert(id);
        }
    }
    Ok(())
}

/// All kept cells of these mechanisms.
fn kept(
    ledger: &dyn Ledger,
    mechanisms: &BTreeSet<String>,
) -> Result<BTreeMap<CellKey, (i64, i64)>, StoreError> {
    let mut found = BTreeMap::new();
    for mechanism in mechanisms {
        for dimension in Dimension::ALL {
            let query = CellQuery {
                mechanism: mechanism.clone(),
                indicators: Vec::new(),
                dimension,
                keys: Vec::new(),
                // From the gauges of the present, which have no period, to the last month there can be.
                from: String::new(),
                to: "9999-99".into(),
            };
            let cells = ledger.cells(&query)?.into_iter();
            found.extend(cells.map(|cell| (cell.key, (cell.numerator, cell.denominator))));
        }
    }
    Ok(found)
}
