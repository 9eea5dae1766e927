//! The ledger as a public transparency log: signed checkpoints, tiles and bundles of entries in the
//! form C2SP `tlog-tiles`, proofs, and the receipts made of them.
//!
//! Only heads of entries are published: they bind the content by salted digests and show none of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::chain::{Entry, Head};
use gongzhi_kernel::merkle::TILE;
use gongzhi_kernel::note::{Checkpoint, LogKey, Note, SignerKey, VerifierKey};
use gongzhi_kernel::proof::{self, Unproven};
use gongzhi_kernel::receipt::{Earlier, Fault, Proven, Receipt, Trust};
use gongzhi_kernel::{Acted, Deed, Event};
use gongzhi_lang::model::Mechanism;
use gongzhi_store::{Ledger, Provable, Setting, StoreError};
use lru::LruCache;

use crate::failure::Failure;
use crate::last;
use crate::seal::Seals;
use crate::service::Service;

/// Setting: the log's public keys, one a line in the order of their making: verifier key, size of
/// the log from which on it signs, and size up to which it signed or `-`.
pub(crate) const KEYS: &str = "log-keys";
/// Setting: the log's name, where it is another than [`origin_of`] gives.
const ORIGIN: &str = "log-origin";

/// Setting: the newest checkpoint that the county signed, kept now and then.
pub(crate) const SIGNED: &str = "log-signed";
/// How often it is kept, in milliseconds.
const KEEP: i64 = 10_000;
/// Setting: the time of the last entry, in milliseconds, when it lies ahead of the clock and is gone on from all the same.
pub(crate) const RESUMED: &str = "log-resumed";

/// Lets the log go on where its last entry was dated ahead, because the clock was wrong then and is right now: what
/// follows is dated like it until the clock has caught up. Gives that time.
pub fn resume(ledger: &dyn Ledger) -> Result<Option<gongzhi_base::Timestamp>, StoreError> {
    let Some(last) = ledger.head()?.size.checked_sub(1) else { return Ok(None) };
    let Some(entry) = ledger.entries(last, 1)?.pop() else { return Ok(None) };
    let at = entry.header.at;
    ledger.put_setting(RESUMED, at.0.to_string().as_bytes())?;
    Ok(Some(at))
}

/// The log's name from the county's code.
pub fn origin_of(county: &str) -> String {
    format!("gongzhi.{}", county.to_lowercase())
}

/// The public list of keys as text, one a line.
pub fn list(keys: &[LogKey]) -> String {
    keys.iter().map(|key| format!("{key}\n")).collect()
}

/// Reads the list; only the verifier key of a line must be there.
pub fn read_list(text: &str) -> Option<Vec<LogKey>> {
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| line.parse().ok()).collect()
}

/// The secret half of the log's key with this number, counted from 1; made when there is none. The
/// one place where it is read or written.
fn log_key(seals: &Seals, origin: &str, number: usize) -> Result<SignerKey, StoreError> {
    let seed = seals.secret(&secret_name(number))?;
    Ok(SignerKey::new(origin.to_owned(), &seed))
}

fn secret_name(number: usize) -> String {
    format!("log-key-{number}")
}

/// All keys of a ledger's log; none before it was signed for the first time.
pub fn keys(ledger: &dyn Ledger) -> Result<Vec<LogKey>, StoreError> {
    stored(ledger)
}

/// The code of the county whose ledger this is, as its log's name has it.
pub fn county(ledger: &dyn Ledger) -> Result<String, StoreError> {
    let code = ledger.setting(crate::service::setting::COUNTY)?;
    code.and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| StoreError::Corrupt("no county is named in it".into()))
}

fn stored(ledger: &dyn Ledger) -> Result<Vec<LogKey>, StoreError> {
    read_keys(ledger.setting(KEYS)?)
}

fn read_keys(setting: Setting) -> Result<Vec<LogKey>, StoreError> {
    let Some(bytes) = setting else { return Ok(Vec::new()) };
    let text = String::from_utf8(bytes).ok();
    text.and_then(|text| read_list(&text)).ok_or_else(|| StoreError::Corrupt(format!("setting {KEYS}")))
}

/// Adds a key that signs from now on, beside those that sign already; `retire` ends these. Retired
/// keys stay in the list with the largest size that they signed, their secret half is overwritten.
pub fn rotate(ledger: &dyn Ledger, seals: &Seals, county: &str, retire: bool) -> Result<LogKey, StoreError> {
    let mut keys = stored(ledger)?;
    let size = ledger.head()?.size;
    let before = keys.len();
    let retired: Vec<usize> = (0..before).filter(|at| retire && keys[*at].to.is_none()).collect();
    let key = log_key(seals, &origin(ledger, county)?, before + 1)?.verifier();
    let new = LogKey { key, from: size, to: None };
    retired.iter().for_each(|at| keys[*at].to = Some(size));
    keys.push(new.clone());
    ledger.put_setting(KEYS, list(&keys).as_bytes())?;
    if retire {
        // What a server signed with them until it saw the list still counts; nobody signs more, because
        // whoever has signed looks at the list once more before he lets it out.
        let end = ledger.head()?.size;
        retired.iter().for_each(|at| keys[*at].to = Some(end));
        ledger.put_setting(KEYS, list(&keys).as_bytes())?;
        for number in 1..=before {
            ledger.put_setting(&secret_name(number), &[])?;
        }
    }
    Ok(new)
}

fn origin(ledger: &dyn Ledger, county: &str) -> Result<String, StoreError> {
    Ok(read_origin(ledger.setting(ORIGIN)?, county))
}

fn read_origin(setting: Setting, county: &str) -> String {
    let own = setting.and_then(|bytes| String::from_utf8(bytes).ok());
    own.unwrap_or_else(|| origin_of(county))
}

/// What the log is called and the keys that sign it, from the settings [`ORIGIN`] and [`KEYS`].
fn own_log(county: &str, settings: Vec<Setting>) -> Result<(String, Vec<LogKey>), StoreError> {
    let [own, keys] = <[_; 2]>::try_from(settings).unwrap_or_default();
    Ok((read_origin(own, county), read_keys(keys)?))
}

/// A checkpoint with its signatures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signed {
    pub checkpoint: Checkpoint,
    pub note: Note,
    /// All keys, retired ones too.
    pub keys: Vec<LogKey>,
}

impl Signed {
    /// Keys that sign now.
    pub fn current(&self) -> Vec<VerifierKey> {
        self.keys.iter().filter(|key| key.to.is_none()).map(|key| key.key.clone()).collect()
    }
}

/// Tiles kept at hand for proofs: 8 KB each.
const TILES: usize = 256;

/// Signs the log and proves its entries; keeps the keys, the last checkpoint and the tiles of the last proofs at hand.
pub struct Log {
    held: Mutex<Held>,
    /// The beginning of a tile, by level and place in it. A hash of the log never changes; were one of these wrong, the
    /// receipt made of it would not hold against the signed root, which is read from the ledger.
    tiles: Mutex<LruCache<(u8, u64), Vec<Digest>>>,
}

impl Default for Log {
    fn default() -> Log {
        Log { held: Mutex::default(), tiles: Mutex::new(last(TILES)) }
    }
}

#[derive(Default)]
struct Held {
    /// The newest checkpoint that the county signed, as far as this process knows, and when it was last kept for
    /// those to come.
    signed: Option<Checkpoint>,
    kept: Option<gongzhi_base::Timestamp>,
    keys: Vec<LogKey>,
    signers: Vec<SignerKey>,
    last: Option<Arc<Signed>>,
}

impl Log {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tiles(&self) -> MutexGuard<'_, LruCache<(u8, u64), Vec<Digest>>> {
        self.tiles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads tiles as far as they are not at hand.
    fn tile(
        &self,
        ledger: &dyn Ledger,
        level: u8,
        from: u64,
        count: usize,
    ) -> Result<Vec<Digest>, StoreError> {
        let mut tile = self.tiles().get(&(level, from)).cloned().unwrap_or_default();
        if tile.len() < count {
            let more = ledger.nodes(level, from + tile.len() as u64, (count - tile.len()) as u32)?;
            tile.extend(more);
            self.tiles().put((level, from), tile.clone());
        }
        tile.truncate(count);
        Ok(tile)
    }

    /// The last checkpoint that was made, if it is of this end of the log and signed as the settings [`ORIGIN`] and
    /// [`KEYS`] say that were just read.
    fn signed(
        &self,
        county: &str,
        settings: Vec<Setting>,
        head: Head,
    ) -> Result<Option<Arc<Signed>>, StoreError> {
        let (origin, keys) = own_log(county, settings)?;
        Ok(self.held().made(&origin, &keys, head.size))
    }

    /// The log as it is now, signed by every key that signs now. Made once for each size.
    fn checkpoint(&self, service: &Service) -> Result<Arc<Signed>, Failure> {
        let mut held = self.held();
        loop {
            if let Some(signed) = held.sign(service)? {
                return Ok(signed);
            }
        }
    }
}

impl Held {
    /// The last checkpoint, if it is of this log and size and signed by these keys.
    fn made(&self, origin: &str, keys: &[LogKey], size: u64) -> Option<Arc<Signed>> {
        let Signed { checkpoint, keys: signers, .. } = &**self.last.as_ref()?;
        let same = checkpoint.size == size && checkpoint.origin == origin && signers == keys;
        self.last.clone().filter(|_| same)
    }

    /// `None` when the keys were changed meanwhile, or made.
    fn sign(&mut self, service: &Service) -> Result<Option<Arc<Signed>>, Failure> {
        let ledger = service.ledger();
        let county = service.state().world.county.clone();
        // Before the end is read, so that it cannot hold more than that.
        if self.signed.is_none() {
            self.signed = signed_before(ledger, &stored(ledger)?)?;
        }
        let (settings, Head { size, .. }) = ledger.settings_and_head(&[ORIGIN, KEYS])?;
        let (origin, keys) = own_log(&county, settings)?;
        if keys.is_empty() {
            rotate(ledger, &service.seals, &county, false)?;
            return Ok(None);
        }
        // A key was added or retired, here or by another process.
        if self.keys != keys {
            let current = keys.iter().enumerate().filter(|(_, key)| key.to.is_none());
            let signers = current.map(|(at, _)| log_key(&service.seals, &origin, at + 1));
            self.signers = signers.collect::<Result<_, StoreError>>()?;
            self.keys.clone_from(&keys);
            self.last = None;
        }
        if let Some(last) = self.made(&origin, &keys, size) {
            return Ok(Some(last));
        }
        let root = proof::root(size, reader(ledger)).map_err(unproven)?;
        let checkpoint = Checkpoint { origin, size, root };
        if let Some(signed) = &self.signed {
            continued(ledger, signed, &checkpoint)?;
        }
        let note = Note::sign(checkpoint.text(), &self.signers);
        // What a retired key signs for a log that grew since counts for nothing.
        if stored(ledger)? != keys {
            return Ok(None);
        }
        let signed = Arc::new(Signed { checkpoint, note, keys });
        self.last = Some(signed.clone());
        self.signed = Some(signed.checkpoint.clone());
        let now = service.now();
        if self.kept.is_none_or(|kept| now.0 - kept.0 >= KEEP) {
            self.kept = Some(now);
            // What cannot be kept now is kept the next time; this process knows it meanwhile.
            if let Err(error) = ledger.put_setting(SIGNED, signed.note.to_string().as_bytes()) {
                tracing::warn!(%error, "the newest checkpoint could not be kept");
            }
        }
        Ok(Some(signed))
    }
}

/// The newest checkpoint that was kept, if the county signed it.
fn signed_before(ledger: &dyn Ledger, keys: &[LogKey]) -> Result<Option<Checkpoint>, StoreError> {
    let text = ledger.setting(SIGNED)?.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(note) = text.and_then(|text| text.parse::<Note>().ok()) else { return Ok(None) };
    Ok(note.checkpoint(keys).ok().map(|(point, _)| point))
}

/// Refuses a checkpoint that does not continue what the county signed before: two such together would prove to
/// anybody that it keeps two logs.
fn continued(ledger: &dyn Ledger, signed: &Checkpoint, new: &Checkpoint) -> Result<(), Failure> {
    let (old, now) = ((signed.size, signed.root), (new.size, new.root));
    let proven = old.0 <= now.0
        && match proof::consistency(old.0, now.0, reader(ledger)) {
            Ok(path) => proof::continues(old, now, &path),
            Err(Unproven::Read(error)) => return Err(error.into()),
            Err(_) => false,
        };
    if proven || signed.origin != new.origin {
        return Ok(());
    }
    metrics::counter!("gongzhi_log_forks").increment(1);
    let told = format!(
        "the log of {} entries does not continue the one of {} that was signed before: nothing is signed; run `gongzhi verify`",
        now.0, old.0
    );
    tracing::error!("{told}");
    Err(StoreError::Corrupt(told).into())
}

impl Service {
    /// The log as it is now, signed by every key that signs now.
    pub fn checkpoint(&self) -> Result<Arc<Signed>, Failure> {
        self.log.checkpoint(self)
    }

    /// The receipt of a record as its holder may have it, perhaps with the proof that the log of
    /// `since` entries was only added to.
    pub fn receipt(&self, record: RecordId, since: Option<u64>) -> Result<Receipt, Failure> {
        self.receipt_of(record, self.provable(record)?, since)
    }

    /// What the receipt of a record is made of.
    pub(crate) fn provable(&self, record: RecordId) -> Result<Provable, StoreError> {
        self.ledger().provable(record, &[ORIGIN, KEYS])
    }

    /// The receipt of what was read of a record.
    pub(crate) fn receipt_of(
        &self,
        record: RecordId,
        made_of: Provable,
        since: Option<u64>,
    ) -> Result<Receipt, Failure> {
        let ledger = self.ledger();
        let Provable { entries, before, settings, head, .. } = made_of;
        let first = entries.first().ok_or(Failure::NotFound)?;
        let event = read_event(first)?;
        let state = self.state();
        let mechanism = state.laws.version(&event.mechanism, event.version).cloned();
        let signed = match self.log.signed(&state.world.county, settings, head)? {
            // The end may have been read before the last entry came.
            Some(signed) if entries.iter().all(|entry| entry.header.seq < head.size) => signed,
            _ => self.checkpoint()?,
        };
        let size = signed.checkpoint.size;
        if since.is_some_and(|since| since > size) {
            return Err(Failure::NotFound);
        }
        let seqs: Vec<u64> = entries.iter().map(|entry| entry.header.seq).collect();
        let tile = |level, from, count| self.log.tile(ledger, level, from, count);
        let paths = proof::inclusions(&seqs, size, tile).map_err(unproven)?;
        let mut proven = Vec::with_capacity(entries.len());
        for (entry, path) in entries.into_iter().zip(paths) {
            // Also where the holder does not see it: what a changed content says cannot tell whether he may.
            let event = read_event(&entry)?;
            let shown = mechanism.as_ref().is_some_and(|mechanism| shows(mechanism, &event));
            proven.push(Proven {
                seq: entry.header.seq,
                header: entry.header.to_bytes(),
                body: shown.then_some((entry.salt, entry.body)),
                path,
            });
        }
        let earlier = since.map(|since| {
            let root = proof::root(since, reader(ledger)).map_err(unproven)?;
            Ok::<_, Failure>(Earlier { size: since, root, path: self.prove_consistency(since, size)? })
        });
        let receipt = Receipt {
            record,
            keys: signed.current(),
            checkpoint: signed.note.clone(),
            entries: proven,
            before: before.map(|entry| entry.header.to_bytes()),
            earlier: earlier.transpose()?,
        };
        // A hash kept of the log may be damaged: nobody is handed what proves nothing. A date that was falsely
        // written once is told by whoever checks it.
        match receipt.verify(&Trust::default()) {
            Ok(_) | Err(Fault::Time { .. }) => Ok(receipt),
            Err(fault) => {
                // What was read before may have been mended since.
                self.log.tiles().clear();
                let told = format!(
                    "the receipt of record {record} would not hold ({fault:?}): run `gongzhi verify`"
                );
                tracing::error!("{told}");
                Err(StoreError::Corrupt(told).into())
            }
        }
    }
}

/// What happened by an entry, if it is what was entered.
fn read_event(entry: &Entry) -> Result<Event, StoreError> {
    entry.event().ok_or_else(|| {
        let seq = entry.header.seq;
        let told = format!("the content of entry {seq} is not what was entered: run `gongzhi verify`");
        tracing::error!("{told}");
        StoreError::Corrupt(told)
    })
}

/// Whether the holder may have an entry's whole content: what he did himself, how the matter was
/// entered, and deadlines that passed. Steps of the staff name the person, whom the holder's pages do
/// not show: of these he has the proof and the time.
fn shows(mechanism: &Mechanism, event: &Event) -> bool {
    match &event.deed {
        Deed::Passed { late, .. } => *late,
        Deed::Step(taken) => match &event.by {
            Acted::Public | Acted::Holder => true,
            Acted::System => false,
            Acted::Person { .. } => {
                let open = |name: &String| {
                    mechanism.field(name).is_some_and(|field| field.public || field.personal.is_some())
                };
                event.revision == 1 && taken.set.keys().all(open)
            }
        },
        Deed::Erased { .. } => event.by == Acted::Holder,
        Deed::Part { .. } | Deed::Left { .. } | Deed::Look { .. } => false,
    }
}

fn reader(ledger: &dyn Ledger) -> impl FnMut(u8, u64, usize) -> Result<Vec<Digest>, StoreError> {
    |level, from, count| ledger.nodes(level, from, count as u32)
}

fn unproven(why: Unproven<StoreError>) -> Failure {
    match why {
        Unproven::OutOfRange => Failure::NotFound,
        Unproven::Short { level, from } => {
            StoreError::Corrupt(format!("the log lacks hashes of level {level} from {from} on")).into()
        }
        Unproven::Read(error) => error.into(),
    }
}

impl Service {
    /// Hashes `index * 256 ..` of a level, `width` of them (1 to 256), as a tile's bytes.
    pub fn tile(&self, level: u8, index: u64, width: usize) -> Result<Vec<u8>, Failure> {
        let from = self.tile_start(level, index, width)?;
        let hashes = self.ledger().nodes(level, from, width as u32)?;
        if hashes.len() != width {
            return Err(Failure::NotFound);
        }
        Ok(hashes.into_iter().flat_map(|hash| hash.0).collect())
    }

    /// Heads of the entries `index * 256 ..`, each behind its length in two bytes.
    pub fn entries_bundle(&self, index: u64, width: usize) -> Result<Vec<u8>, Failure> {
        let from = self.tile_start(0, index, width)?;
        let entries = self.ledger().entries(from, width as u32)?;
        if entries.len() != width {
            return Err(Failure::NotFound);
        }
        let mut bytes = Vec::with_capacity(width * 128);
        for entry in entries {
            let header = entry.header.to_bytes();
            let len = u16::try_from(header.len())
                .map_err(|_| StoreError::Corrupt(format!("entry {}: head too long", entry.header.seq)))?;
            bytes.extend(len.to_be_bytes());
            bytes.extend(header);
        }
        Ok(bytes)
    }

    /// Position of a tile's first hash, if the log has that many.
    fn tile_start(&self, level: u8, index: u64, width: usize) -> Result<u64, Failure> {
        let size = self.ledger().head()?.size;
        let there = size.checked_shr(8 * u32::from(level)).unwrap_or(0);
        let from = index.checked_mul(TILE as u64).ok_or(Failure::NotFound)?;
        let end = from.checked_add(width as u64).ok_or(Failure::NotFound)?;
        if width == 0 || width > TILE || end > there { Err(Failure::NotFound) } else { Ok(from) }
    }

    /// Proof that an entry is in the log of `size` entries.
    pub fn prove_inclusion(&self, seq: u64, size: u64) -> Result<Vec<Digest>, Failure> {
        if size > self.ledger().head()?.size {
            return Err(Failure::NotFound);
        }
        proof::inclusion(seq, size, reader(self.ledger())).map_err(unproven)
    }

    /// Proof that the log of `to` entries continues that of `from` entries.
    pub fn prove_consistency(&self, from: u64, to: u64) -> Result<Vec<Digest>, Failure> {
        if to > self.ledger().head()?.size {
            return Err(Failure::NotFound);
        }
        proof::consistency(from, to, reader(self.ledger())).map_err(unproven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_keys_reads_back_and_plain_keys_are_a_list_as_well() {
        let key = |seed| SignerKey::new(origin_of("00A000"), &[seed; 32]).verifier();
        let keys =
            vec![LogKey { key: key(1), from: 0, to: Some(9) }, LogKey { key: key(2), from: 9, to: None }];
        assert_eq!(read_list(&list(&keys)), Some(keys));
        let plain = read_list(&format!("\n{}\n", key(3))).expect("a list");
        assert_eq!(plain, [LogKey { key: key(3), from: 0, to: None }]);
        assert_eq!(plain[0].key.name, "gongzhi.00a000");
        assert_eq!(read_list("no key"), None);
    }
}
