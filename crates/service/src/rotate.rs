//! A new master key: every record's key and every secret of the installation wrapped anew.
//!
//! No server may run. Each step can be cut off: what is under the new key already is known by opening
//! with it, and until the end both keys are needed. A server refuses a ledger between two keys.

use std::sync::Arc;

use gongzhi_base::RecordId;
use gongzhi_store::{Ledger, StoreError};

use crate::accounts::Binding;
use crate::ambient::Ambient;
use crate::seal::{CHECK, MasterKey, Seals, of_record};
use crate::service::basics;

/// Setting: not empty while keys are being wrapped anew.
pub const ROTATING: &str = "master-rotating";
/// Keys of one transaction.
const PAGE: u32 = 2_000;

/// What was wrapped anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rotated {
    pub keys: u64,
    pub secrets: u64,
}

/// Whether a change of the master key was begun and not ended.
pub fn rotating(ledger: &dyn Ledger) -> Result<bool, StoreError> {
    Ok(ledger.setting(ROTATING)?.is_some_and(|mark| !mark.is_empty()))
}

/// Wraps everything by `new` that `old` wraps; goes on where an earlier run was cut off.
pub fn rotate(
    ledger: &Arc<dyn Ledger>,
    old: MasterKey,
    new: MasterKey,
    ambient: &Arc<dyn Ambient>,
    progress: &mut dyn FnMut(u64),
) -> Result<Rotated, StoreError> {
    let (county, ..) = basics(ledger.as_ref())?;
    let to = Seals::of(&county, new, ledger.clone(), ambient.clone());
    let mut done = Rotated::default();
    let check = ledger.setting(CHECK)?;
    if check.is_some_and(|wrapped| to.unwrap(CHECK, &wrapped).is_some()) {
        // Everything is under the new key already.
        ledger.put_setting(ROTATING, b"")?;
        return Ok(done);
    }
    let from = Seals::open(&county, old, ledger.clone(), ambient.clone())?;
    ledger.put_setting(ROTATING, b"1")?;
    let mut after: Option<RecordId> = None;
    loop {
        let page = ledger.all_keys(after, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        let mut anew = Vec::with_capacity(page.len());
        for (record, wrapped) in page {
            let name = of_record(record);
            match from.unwrap(&name, &wrapped) {
                Some(key) => anew.push((record, to.wrap(&name, &key))),
                None if to.unwrap(&name, &wrapped).is_some() => {}
                None => return Err(StoreError::Corrupt(format!("key of record {record}"))),
            }
        }
        done.keys += anew.len() as u64;
        ledger.put_keys(&anew)?;
        progress(done.keys);
    }
    Binding::of(&to).anew(&Binding::of(&from), ledger.as_ref())?;
    // The check comes last: from then on only the new key opens the ledger.
    for (name, value) in ledger.settings()?.into_iter().filter(|(name, _)| name != CHECK) {
        if let Some(secret) = from.unwrap(&name, &value) {
            ledger.put_setting(&name, &to.wrap(&name, &secret))?;
            done.secrets += 1;
        }
    }
    let Some(check) = ledger.setting(CHECK)?.and_then(|wrapped| from.unwrap(CHECK, &wrapped)) else {
        return Err(StoreError::Corrupt(format!("setting {CHECK}")));
    };
    ledger.put_setting(CHECK, &to.wrap(CHECK, &check))?;
    ledger.put_setting(ROTATING, b"")?;
    Ok(done)
}
