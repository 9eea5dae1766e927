//! The list of erasures: which records' keys were destroyed, and when in the log.
//!
//! A backup made before an erasure still holds the key. Whoever restores it gives the newest list, and
//! what it names stays unreadable. The list is text, names nobody, and ends with a digest.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::{Deed, Event};
use gongzhi_store::{Batch, Ledger, StoreError};

use super::{ArchiveFault, Erasures};

/// Setting: the records, sixteen bytes each, whose keys are gone because a list of erasures names them: no entry here
/// tells of their erasure.
pub const LISTED: &str = "erasures-listed";

/// Records whose keys are gone because a list of erasures names them.
pub fn listed(ledger: &dyn Ledger) -> Result<BTreeSet<RecordId>, StoreError> {
    let kept = ledger.setting(LISTED)?.unwrap_or_default();
    Ok(kept.chunks_exact(16).filter_map(|id| Some(RecordId(id.try_into().ok()?))).collect())
}

/// Adds to them.
pub(super) fn list(
    ledger: &dyn Ledger,
    records: impl IntoIterator<Item = RecordId>,
) -> Result<(), StoreError> {
    let mut all = listed(ledger)?;
    let before = all.len();
    all.extend(records);
    if all.len() == before {
        return Ok(());
    }
    let bytes: Vec<u8> = all.iter().flat_map(|id| id.0).collect();
    ledger.put_setting(LISTED, &bytes)
}

const FIRST: &str = "gongzhi erasures 1";
const PAGE: u32 = 4_096;

/// The list with what it is a list of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ErasureList {
    pub county: String,
    /// Size of the log up to which it goes.
    pub size: u64,
    pub erased: Erasures,
}

impl ErasureList {
    /// All erasures of a ledger.
    pub fn of(ledger: &dyn Ledger) -> Result<ErasureList, StoreError> {
        let size = ledger.head()?.size;
        let mut list = ErasureList { county: super::take::county(ledger)?, size, ..ErasureList::default() };
        let mut at = 0;
        while at < size {
            let page = ledger.entries(at, (size - at).min(u64::from(PAGE)) as u32)?;
            if page.is_empty() {
                return Err(StoreError::Corrupt(format!("entry {at} is missing")));
            }
            for entry in page {
                at = entry.header.seq + 1;
                let event = Event::from_bytes(&entry.body)
                    .map_err(|why| StoreError::Corrupt(format!("entry {}: {why}", entry.header.seq)))?;
                if matches!(event.deed, Deed::Erased { .. }) {
                    list.erased.insert(event.record, entry.header.seq);
                }
            }
        }
        Ok(list)
    }

    /// The list as text.
    pub fn text(&self) -> String {
        let mut text = format!("{FIRST}\ncounty {}\nsize {}\n", self.county, self.size);
        for (record, seq) in &self.erased {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{record} {seq}");
        }
        let digest = Digest::of(text.as_bytes());
        text + &format!("end {} {digest}\n", self.erased.len())
    }

    /// Reads the text back.
    pub fn read(text: &str) -> Result<ErasureList, ArchiveFault> {
        let bad = |why: &str| ArchiveFault::List(why.to_owned());
        let end = text.rfind("end ").ok_or_else(|| bad("has no end"))?;
        let (body, last) = text.split_at(end);
        let digest = last.split_whitespace().nth(2).and_then(|digest| digest.parse::<Digest>().ok());
        if digest != Some(Digest::of(body.as_bytes())) {
            return Err(bad("was changed or cut off"));
        }
        let mut lines = body.lines();
        if lines.next() != Some(FIRST) {
            return Err(bad("is of another form"));
        }
        let mut value = |name: &str| lines.next().and_then(|line| line.strip_prefix(name)).map(str::to_owned);
        let county = value("county ").ok_or_else(|| bad("names no county"))?;
        let size = value("size ").and_then(|size| size.parse().ok()).ok_or_else(|| bad("names no size"))?;
        let mut erased = Erasures::new();
        for line in lines {
            let parts = line
                .split_once(' ')
                .and_then(|(record, seq)| Some((record.parse().ok()?, seq.parse().ok()?)));
            let (record, seq) = parts.ok_or_else(|| bad("has a line of another form"))?;
            erased.insert(record, seq);
        }
        Ok(ErasureList { county, size, erased })
    }

    /// Destroys the keys of what the list names and no entry here erased, as after a restore of an older state, whether
    /// the county went on since or not. Gives how many there were.
    pub fn apply(&self, ledger: &dyn Ledger) -> Result<u64, ArchiveFault> {
        let held = super::take::county(ledger)?;
        if held != self.county {
            return Err(ArchiveFault::OtherList { held, list: self.county.clone() });
        }
        let head = ledger.head()?;
        let own = ErasureList::of(ledger)?.erased;
        let later: Vec<_> = self.erased.keys().filter(|id| !own.contains_key(id)).copied().collect();
        let destroyed: Vec<_> = ledger.keys(&later)?.into_iter().map(|(id, _)| id).collect();
        let count = destroyed.len() as u64;
        // First, so that no key is ever gone and nobody knows why.
        list(ledger, later)?;
        if count > 0 {
            ledger.commit(head, &Batch { destroyed, ..Batch::default() })?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_and_a_changed_one_does_not() {
        let erased = [(RecordId([1; 16]), 7), (RecordId([2; 16]), 9)].into();
        let list = ErasureList { county: "000000".into(), size: 12, erased };
        let text = list.text();
        assert_eq!(ErasureList::read(&text).expect("a list"), list);
        for bad in [
            text.replace("01 7", "01 8"),
            text.replacen("0202", "0203", 1),
            text[..60].to_owned(),
            String::new(),
        ] {
            assert!(ErasureList::read(&bad).is_err(), "{bad}");
        }
    }
}
