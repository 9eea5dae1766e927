//! Sealing of personal values: each record has its own key, wrapped by the county's master key.
//!
//! Whoever has the database without the master key reads nothing personal; whoever destroys a
//! record's key erases its personal values from the ledger, its indexes and every copy, while the
//! entries still verify. Only this module opens a seal.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use gongzhi_base::canon::Canon as _;
use gongzhi_base::value::Sealed;
use gongzhi_base::{Digest, RecordId, Value};
use gongzhi_kernel::{Decision, Deed, Event, Record};
use gongzhi_lang::model::{Mask, Mechanism};
use gongzhi_store::{KeyFault, Ledger, StoreError};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ambient::Ambient;

/// Schemes of [`Sealed`].
pub mod scheme {
    /// Plain canonical bytes, as the kernel hands them over; never stored.
    pub const OPEN: u8 = 0;
    /// A nonce of 24 bytes and the XChaCha20-Poly1305 cipher text under the record's key. 2 is kept
    /// free for the national algorithms (SM4).
    pub const XCHACHA: u8 = 1;
    /// What may be seen unasked, as UTF-8 text: made for readers, never stored.
    pub const COVERED: u8 = 255;
}

const NONCE: usize = 24;
type Key = Zeroizing<[u8; 32]>;

/// The setting that shows whether a master key is the county's.
pub(crate) const CHECK: &str = "master-check";
/// The file of the master key in a data directory.
pub const KEY_FILE: &str = "master.key";
/// The environment variable that may hold it instead, as 64 hexadecimal digits.
pub const KEY_VARIABLE: &str = "GONGZHI_MASTER_KEY";

/// The county's master key.
#[derive(Clone)]
pub struct MasterKey(Key);

impl MasterKey {
    /// A new key.
    pub fn fresh(ambient: &dyn Ambient) -> MasterKey {
        let mut key = Zeroizing::new([0; 32]);
        ambient.fill(key.as_mut());
        MasterKey(key)
    }

    /// A key from 64 hexadecimal digits; blanks around them do not matter.
    pub fn read(text: &str) -> Option<MasterKey> {
        let text = text.trim();
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut key = Zeroizing::new([0; 32]);
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(MasterKey(key))
    }

    /// A key of these bytes.
    pub(crate) fn of_bytes(bytes: [u8; 32]) -> MasterKey {
        MasterKey(Zeroizing::new(bytes))
    }

    /// The key's bytes.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as 64 hexadecimal digits.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The key in a file, which must hold one.
    pub fn in_file(path: &Path) -> Result<MasterKey, StoreError> {
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
            StoreError::Key(KeyFault::Unreadable { file: path.display().to_string(), why: error.to_string() })
        })?;
        let none = || StoreError::Key(KeyFault::NoKey { at: path.display().to_string() });
        MasterKey::read(&text).ok_or_else(none)
    }

    /// Writes a new key into a file that only its owner may read; an existing file is kept.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        use std::io::Write as _;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let write = || -> std::io::Result<()> {
            let mut file = options.open(path)?;
            file.write_all(self.text().as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        };
        write().map_err(|error| {
            StoreError::Key(KeyFault::Unwritten { file: path.display().to_string(), why: error.to_string() })
        })
    }

    /// The key of the county in a data directory: from the environment, else from the directory's
    /// file. A ledger that never had one gets a new file.
    pub fn of_dir(dir: &Path, ledger: &dyn Ledger, ambient: &dyn Ambient) -> Result<MasterKey, StoreError> {
        let file = dir.join(KEY_FILE);
        if std::env::var_os(KEY_VARIABLE).is_none() && !file.exists() && ledger.setting(CHECK)?.is_none() {
            let key = MasterKey::fresh(ambient);
            key.write(&file)?;
            return Ok(key);
        }
        MasterKey::held(dir)
    }

    /// The key that there is: from the environment, else from the directory's file.
    pub fn held(dir: &Path) -> Result<MasterKey, StoreError> {
        if let Some(text) = std::env::var_os(KEY_VARIABLE) {
            let key = text.to_str().and_then(MasterKey::read);
            return key.ok_or_else(|| StoreError::Key(KeyFault::NoKey { at: KEY_VARIABLE.to_owned() }));
        }
        MasterKey::in_file(&dir.join(KEY_FILE))
    }
}

/// The keys of one county's records.
pub struct Seals {
    county: String,
    master: MasterKey,
    ledger: Arc<dyn Ledger>,
    ambient: Arc<dyn Ambient>,
}

/// Keys made or found while a group of commands is decided.
#[derive(Default)]
pub struct Keyring {
    open: HashMap<RecordId, Key>,
    /// Keys made in this group, wrapped.
    pub fresh: BTreeMap<RecordId, Vec<u8>>,
    pub destroyed: Vec<RecordId>,
    /// Destroyed by a group before this one, perhaps not yet durably.
    gone: Vec<RecordId>,
}

impl Keyring {
    /// The keys for a group decided on top of this one: those made here are not in the ledger yet,
    /// those destroyed here may still be.
    pub fn after(&self) -> Keyring {
        let open = self.fresh.keys().filter_map(|id| Some((*id, self.open.get(id)?.clone())));
        Keyring { open: open.collect(), gone: self.destroyed.clone(), ..Keyring::default() }
    }

    /// Keeps of the keys made here those of records that come to be.
    pub fn keep(&mut self, of: impl Fn(&RecordId) -> bool) {
        self.fresh.retain(|id, _| of(id));
    }

    /// Forgets a record's key for good.
    pub fn destroy(&mut self, id: RecordId) {
        self.open.remove(&id);
        self.fresh.remove(&id);
        self.destroyed.push(id);
    }
}

impl Seals {
    /// Takes a master key as it is.
    pub(crate) fn of(
        county: &str,
        master: MasterKey,
        ledger: Arc<dyn Ledger>,
        ambient: Arc<dyn Ambient>,
    ) -> Seals {
        Seals { county: county.to_owned(), master, ledger, ambient }
    }

    /// Takes the master key, which must be the one that this ledger was begun with.
    pub fn open(
        county: &str,
        master: MasterKey,
        ledger: Arc<dyn Ledger>,
        ambient: Arc<dyn Ambient>,
    ) -> Result<Seals, StoreError> {
        let seals = Seals::of(county, master, ledger, ambient);
        match seals.ledger.setting(CHECK)? {
            Some(wrapped) if seals.unwrap(CHECK, &wrapped).is_none() => {
                Err(StoreError::Key(KeyFault::Foreign))
            }
            Some(_) => Ok(seals),
            None => {
                let mut check = Zeroizing::new([0; 32]);
                seals.ambient.fill(check.as_mut());
                seals.ledger.put_setting(CHECK, &seals.wrap(CHECK, &check))?;
                Ok(seals)
            }
        }
    }

    /// A secret of the installation kept as a setting, wrapped; made when there is none.
    pub fn secret(&self, name: &str) -> Result<Key, StoreError> {
        let found = self.ledger.setting(name)?;
        let secret: Key = match &found {
            Some(wrapped) if wrapped.len() != 32 => {
                return self
                    .unwrap(name, wrapped)
                    .ok_or_else(|| StoreError::Corrupt(format!("secret {name}")));
            }
            // Written by a version before sealing: from now on wrapped.
            Some(plain) => Zeroizing::new(plain.as_slice().try_into().unwrap_or([0; 32])),
            None => {
                let mut fresh = Zeroizing::new([0; 32]);
                self.ambient.fill(fresh.as_mut());
                fresh
            }
        };
        self.ledger.put_setting(name, &self.wrap(name, &secret))?;
        Ok(secret)
    }

    /// A secret that follows from the master key and stands nowhere.
    pub(crate) fn derived(&self, name: &str) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.master.bytes()) else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(&Digest::of_parts(&[b"gongzhi.derived", self.county.as_bytes(), name.as_bytes()]).0);
        mac.finalize().into_bytes().into()
    }

    /// Seals the personal values that a decision sets, in its events and its records alike.
    pub fn seal(&self, decision: &mut Decision, ring: &mut Keyring) -> Result<(), StoreError> {
        let mut sealed: HashMap<Sealed, Sealed> = HashMap::new();
        for event in &mut decision.events {
            let Deed::Step(taken) = &mut event.deed else { continue };
            for value in taken.set.values_mut() {
                let Value::Sealed(plain) = value else { continue };
                if plain.scheme != scheme::OPEN {
                    continue;
                }
                let done = match sealed.get(plain) {
                    Some(done) => done.clone(),
                    None => {
                        let done = self.close(plain, ring)?;
                        sealed.insert(plain.clone(), done.clone());
                        done
                    }
                };
                *plain = done;
            }
        }
        if sealed.is_empty() {
            return Ok(());
        }
        for record in decision.records.values_mut() {
            let record = Arc::make_mut(record);
            for value in record.fields.values_mut() {
                if let Value::Sealed(plain) = value
                    && let Some(done) = sealed.get(plain)
                {
                    *plain = done.clone();
                }
            }
        }
        Ok(())
    }

    fn close(&self, plain: &Sealed, ring: &mut Keyring) -> Result<Sealed, StoreError> {
        let id = plain.key;
        let key = match ring.open.get(&id) {
            Some(key) => key.clone(),
            None => {
                let lost = ring.destroyed.contains(&id) || ring.gone.contains(&id);
                let key = match if lost { None } else { self.key(id)? } {
                    Some(key) => key,
                    None => {
                        let mut key = Zeroizing::new([0; 32]);
                        self.ambient.fill(key.as_mut());
                        ring.fresh.insert(id, self.wrap(&of_record(id), &key));
                        key
                    }
                };
                ring.open.insert(id, key.clone());
                key
            }
        };
        let bytes = self.encrypt(&key, &self.about("value", &of_record(id)), &plain.bytes);
        Ok(Sealed { scheme: scheme::XCHACHA, key: id, bytes })
    }

    /// A record's key; `None` when it never had one or it was destroyed.
    fn key(&self, id: RecordId) -> Result<Option<Key>, StoreError> {
        let Some((_, wrapped)) = self.ledger.keys(&[id])?.pop() else { return Ok(None) };
        let key = self.unwrap(&of_record(id), &wrapped);
        key.map(Some).ok_or_else(|| StoreError::Corrupt(format!("key of record {id}")))
    }

    /// The personal values of a record, opened. Only for a look that is recorded, or the holder.
    pub fn opened(&self, record: &Record) -> Result<BTreeMap<String, Value>, StoreError> {
        let mut keys = HashMap::new();
        let mut found = BTreeMap::new();
        for (name, value) in &record.fields {
            if let Value::Sealed(sealed) = value
                && let Some(value) = self.value(sealed, &mut keys)?
            {
                found.insert(name.clone(), value);
            }
        }
        Ok(found)
    }

    /// One sealed value; `None` when its key is gone.
    fn value(
        &self,
        sealed: &Sealed,
        keys: &mut HashMap<RecordId, Option<Key>>,
    ) -> Result<Option<Value>, StoreError> {
        let key = match keys.get(&sealed.key) {
            Some(key) => key,
            None => {
                let key = self.key(sealed.key)?;
                keys.entry(sealed.key).or_insert(key)
            }
        };
        let Some(key) = key else { return Ok(None) };
        if sealed.scheme != scheme::XCHACHA {
            return Ok(None);
        }
        // A value sealed before an erasure does not open with the key made after it.
        let about = self.about("value", &of_record(sealed.key));
        Ok(self.decrypt(key, &about, &sealed.bytes).and_then(|plain| Value::from_bytes(&plain).ok()))
    }

    /// Replaces the personal values of a record and its history by what may be seen of them unasked.
    pub fn cover(
        &self,
        mechanism: &Mechanism,
        record: &mut Record,
        history: &mut [(u64, Event)],
    ) -> Result<(), StoreError> {
        let mut keys = HashMap::new();
        let steps = history.iter_mut().filter_map(|(_, event)| match &mut event.deed {
            Deed::Step(taken) => Some(&mut taken.set),
            _ => None,
        });
        for (name, value) in steps.flatten().chain(&mut record.fields) {
            let Value::Sealed(sealed) = value else { continue };
            let mask = mechanism.field(name).and_then(|field| field.personal.as_ref());
            let mask = mask.map_or(Mask::All, |personal| personal.mask);
            let text = match self.value(sealed, &mut keys)? {
                Some(value) => masked(&value, mask),
                None => String::new(),
            };
            *sealed = Sealed { scheme: scheme::COVERED, key: sealed.key, bytes: text.into_bytes() };
        }
        Ok(())
    }

    /// Seals bytes under a secret of the installation, bound to their owner.
    pub(crate) fn close_bytes(&self, key: &[u8; 32], owner: &str, plain: &[u8]) -> Vec<u8> {
        self.encrypt(key, &self.about("bytes", owner), plain)
    }

    /// Opens such bytes; `None` when they are not what was sealed.
    pub(crate) fn open_bytes(
        &self,
        key: &[u8; 32],
        owner: &str,
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        self.decrypt(key, &self.about("bytes", owner), sealed)
    }

    /// Wraps a secret by the master key, bound to its name.
    pub(crate) fn wrap(&self, name: &str, secret: &[u8; 32]) -> Vec<u8> {
        self.encrypt(&self.master.0, &self.about("wrap", name), secret)
    }

    pub(crate) fn unwrap(&self, name: &str, wrapped: &[u8]) -> Option<Key> {
        let plain = self.decrypt(&self.master.0, &self.about("wrap", name), wrapped)?;
        plain.as_slice().try_into().ok().map(Zeroizing::new)
    }

    /// What a cipher text is bound to: its use, the county, its owner.
    fn about(&self, what: &str, owner: &str) -> Vec<u8> {
        format!("gongzhi.{what}\0{}\0{owner}", self.county).into_bytes()
    }

    fn encrypt(&self, key: &[u8; 32], about: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        self.ambient.fill(&mut nonce);
        let cipher = XChaCha20Poly1305::new(key.into());
        let text = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: about });
        // Fails only beyond 256 GB.
        let text = text.unwrap_or_else(|_| unreachable!("short texts can be sealed"));
        [&nonce[..], &text].concat()
    }

    fn decrypt(&self, key: &[u8; 32], about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE>()?;
        let cipher = XChaCha20Poly1305::new(key.into());
        let plain = cipher.decrypt(&XNonce::from(*nonce), Payload { msg: text, aad: about }).ok()?;
        Some(Zeroizing::new(plain))
    }
}

pub(crate) fn of_record(id: RecordId) -> String {
    format!("record/{id}")
}

/// What stands for a value of which nothing may be seen, or that was erased.
const HIDDEN: &str = "＊＊＊";

/// The text of a covered value, for showing.
pub fn covered(value: &Value) -> String {
    match value {
        Value::Sealed(sealed) if sealed.scheme == scheme::COVERED && !sealed.bytes.is_empty() => {
            String::from_utf8_lossy(&sealed.bytes).into_owned()
        }
        _ => HIDDEN.to_owned(),
    }
}

/// What of a personal value may be seen unasked.
fn masked(value: &Value, mask: Mask) -> String {
    let Value::Text(text) = value else { return HIDDEN.to_owned() };
    let chars: Vec<char> = text.chars().collect();
    match mask {
        Mask::Name if !chars.is_empty() => format!("{}＊＊", chars[0]),
        Mask::Phone if chars.len() >= 8 => {
            let (head, tail) = (&chars[..3], &chars[chars.len() - 4..]);
            format!("{}****{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
        }
        _ => HIDDEN.to_owned(),
    }
}
