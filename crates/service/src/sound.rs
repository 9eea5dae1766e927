//! Records as deciding may take them: in the form that their newest entry leads to.
//!
//! What is decided on another form would be written to the log for good. So a record that was exchanged, or put
//! back to what it was, is named here, and nothing is done to it before it is rebuilt from its entries.

use std::time::Duration;

use gongzhi_base::RecordId;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::Record;
use gongzhi_store::{Answer, Ledger, Loaded, StoreError, Want};

/// How often a record is read again that another node may have changed between its two parts.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(4);

/// A record, or why it cannot be believed.
pub(crate) type Found = (RecordId, Result<Record, StoreError>);

/// Reads records and answers.
pub(crate) fn load(ledger: &dyn Ledger, want: &Want) -> Result<(Vec<Found>, Vec<Answer>), StoreError> {
    let mut tries = 0;
    loop {
        let loaded = ledger.load(want)?;
        let found: Vec<Found> =
            loaded.records.iter().map(|(id, bytes)| (*id, sound(&loaded, *id, bytes))).collect();
        if found.iter().all(|(_, record)| record.is_ok()) || !ledger.shared() || tries == TRIES {
            return Ok((found, loaded.answers));
        }
        tries += 1;
        std::thread::sleep(PAUSE * tries);
    }
}

/// One record, if it is there.
pub(crate) fn record(ledger: &dyn Ledger, id: RecordId) -> Result<Option<Record>, StoreError> {
    let want = Want { records: vec![id], commands: Vec::new() };
    load(ledger, &want)?.0.pop().map(|(_, record)| record).transpose()
}

fn sound(loaded: &Loaded, id: RecordId, bytes: &[u8]) -> Result<Record, StoreError> {
    let bad = |what: String| {
        Err(StoreError::Corrupt(format!("record {id}: {what}; nothing is done to it: run `gongzhi rebuild`")))
    };
    let record = match Record::from_bytes(bytes) {
        Ok(record) => record,
        Err(error) => return bad(error.to_string()),
    };
    let newest = loaded.revisions.get(&id).copied().unwrap_or_default();
    if record.id != id {
        return bad(format!("the form of record {} stands in its place", record.id));
    }
    if record.revision != newest {
        return bad(format!("kept as of revision {}, its entries end at {newest}", record.revision));
    }
    Ok(record)
}
