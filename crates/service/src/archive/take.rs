//! Frames into an empty ledger.

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::chain::{Head, Walk};
use gongzhi_kernel::merkle::Frontier;
use gongzhi_store::{Batch, Ledger, StoreError, Want};

use super::{ArchiveFault, Begin, End, Frame};
use crate::ambient::Ambient;
use crate::files::Files;
use crate::rebuild::{self, Progress};
use crate::seal::{MasterKey, Seals};
use crate::service::setting;

/// Setting: which archive is being taken in, until all of it is there.
pub const TAKING: &str = "archive-taking";

/// The code of a ledger's county.
pub(super) fn county(ledger: &dyn Ledger) -> Result<String, StoreError> {
    let code = ledger.setting(setting::COUNTY)?.and_then(|bytes| String::from_utf8(bytes).ok());
    code.ok_or_else(|| StoreError::Corrupt("the ledger names no county".into()))
}

/// Records whose keys were destroyed, each with the sequence of the erasure in the newest log known.
pub type Erasures = BTreeMap<RecordId, u64>;

/// What was taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Taken {
    pub head: Head,
    pub end: End,
    /// Keys left out because their records were erased later.
    pub erased: u64,
}

/// Takes frames into a ledger that is empty, or holds the first part of the same archive.
pub struct Taker<'a> {
    ledger: Arc<dyn Ledger>,
    files: Option<&'a Files>,
    master: Option<MasterKey>,
    erasures: &'a Erasures,
    ambient: Arc<dyn Ambient>,
    begin: Begin,
    /// How far the archive was read, and how far the ledger holds it.
    walk: Walk,
    held: Head,
    edge: Frontier,
    /// Read so far.
    end: End,
    erased: u64,
    /// The master key was compared with the county's settings.
    right: bool,
}

impl<'a> Taker<'a> {
    /// Begins with an archive's first frame. The ledger is that of its county.
    pub fn new(
        begin: Begin,
        ledger: Arc<dyn Ledger>,
        files: Option<&'a Files>,
        master: Option<MasterKey>,
        erasures: &'a Erasures,
        ambient: Arc<dyn Ambient>,
    ) -> Result<Taker<'a>, ArchiveFault> {
        let held = ledger.head()?;
        // The same state given twice is the same archive, whenever it was made.
        let mark = format!("{} {}", begin.size, begin.hash).into_bytes();
        let again = ledger.setting(TAKING)? == Some(mark.clone());
        let settled = ledger.setting(setting::COUNTY)?.is_some();
        if !again && (held.size > 0 || settled) {
            return Err(ArchiveFault::NotEmpty(held.size));
        }
        // Marked before anything is written: a server refuses what is not whole.
        ledger.begin_rebuild()?;
        ledger.put_setting(TAKING, &mark)?;
        Ok(Taker {
            ledger,
            files,
            master,
            erasures,
            ambient,
            begin,
            walk: Walk::default().whenever(),
            held,
            edge: Frontier::default(),
            end: End::default(),
            erased: 0,
            right: false,
        })
    }

    /// Takes the next frame.
    pub fn take(&mut self, frame: Frame) -> Result<(), ArchiveFault> {
        match frame {
            Frame::Begin(_) => return Err(ArchiveFault::Damaged("it begins twice".into())),
            Frame::Master(bytes) => {
                let key = bytes.as_slice().try_into().map(MasterKey::of_bytes);
                self.master = Some(key.map_err(|_| ArchiveFault::Damaged("its master key is none".into()))?);
            }
            Frame::Setting(name, _) if name == TAKING => {}
            Frame::Setting(name, value) => self.ledger.put_setting(&name, &value)?,
            Frame::Credential(account) => self.ledger.put_credential(&account)?,
            Frame::Choices(choices) => self.ledger.outbox().put_choices(&choices)?,
            Frame::Entries(entries) => self.entries(entries)?,
            Frame::Answers(answers) => {
                self.end.answers += answers.len() as u64;
                let commands = answers.iter().map(|answer| answer.command.clone()).collect();
                let known = self.ledger.load(&Want { records: Vec::new(), commands })?.answers;
                let mut answers = answers;
                answers.retain(|answer| !known.contains(answer));
                self.ledger.commit(self.held, &Batch { answers, ..Batch::default() })?;
            }
            Frame::Keys(mut keys) => {
                self.end.keys += keys.len() as u64;
                let read = keys.len();
                // Erased after this archive was made: what it sealed must stay unreadable.
                let size = self.begin.size;
                keys.retain(|(record, _)| self.erasures.get(record).is_none_or(|seq| *seq < size));
                self.erased += (read - keys.len()) as u64;
                self.ledger.put_keys(&keys)?;
            }
            Frame::File(digest, bytes) => {
                self.end.files += 1;
                if Digest::of(&bytes) != digest {
                    return Err(ArchiveFault::Damaged(format!("the attachment {digest} is another")));
                }
                if let Some(files) = self.files {
                    files.restore(digest, &bytes)?;
                }
            }
            Frame::End(end) => {
                self.end.root = self.edge.root().0;
                self.end.entries = self.walk.head().size;
                if end != self.end {
                    return Err(ArchiveFault::Damaged("its end mark counts otherwise".into()));
                }
                if self.walk.head().size != self.begin.size || self.walk.head().hash != self.begin.hash {
                    return Err(ArchiveFault::Damaged("its entries end elsewhere than it says".into()));
                }
            }
        }
        Ok(())
    }

    /// Entries are verified one by one; those that the ledger holds already must be the same.
    fn entries(&mut self, entries: Vec<gongzhi_kernel::Entry>) -> Result<(), ArchiveFault> {
        self.check_master()?;
        let mut batch = Batch::default();
        for entry in entries {
            if entry.header.county != self.begin.county {
                return Err(ArchiveFault::Damaged(format!("entry {} is another county's", entry.header.seq)));
            }
            self.walk
                .pass(&entry)
                .map_err(|broken| ArchiveFault::Damaged(format!("entry {} does not verify", broken.seq)))?;
            let nodes = self.edge.push(entry.hash);
            let at = self.walk.head();
            if at.size == self.held.size && at.hash != self.held.hash {
                return Err(ArchiveFault::NotEmpty(self.held.size));
            }
            if at.size > self.held.size {
                batch.nodes.extend(nodes);
                batch.entries.push(entry);
            }
        }
        if !batch.entries.is_empty() {
            self.ledger.commit(self.held, &batch)?;
            self.held = self.walk.head();
        }
        Ok(())
    }

    /// The key must be there and the county's own before the long work begins.
    fn check_master(&mut self) -> Result<(), ArchiveFault> {
        if self.right {
            return Ok(());
        }
        let Some(master) = &self.master else {
            return Err(ArchiveFault::NoKey);
        };
        Seals::open(&self.begin.county, master.clone(), self.ledger.clone(), self.ambient.clone())?;
        self.right = true;
        Ok(())
    }

    /// Ends: rebuilds lists and figures and gives what was taken, with the master key.
    pub fn finish(mut self, progress: &mut dyn FnMut(Progress)) -> Result<(Taken, MasterKey), ArchiveFault> {
        self.check_master()?;
        let Some(master) = self.master.clone() else {
            return Err(ArchiveFault::NoKey);
        };
        let size = self.begin.size;
        let later = self.erasures.iter().filter(|(_, seq)| **seq >= size).map(|(record, _)| *record);
        super::erasures::list(self.ledger.as_ref(), later)?;
        rebuild::rebuild(&self.ledger, master.clone(), &self.ambient, progress)?;
        // From here on it is a county like any other; asked again, it is not empty.
        self.ledger.put_setting(TAKING, b"")?;
        if self.ledger.head()? != self.walk.head() {
            return Err(StoreError::Corrupt("the ledger ends elsewhere than the archive".into()).into());
        }
        Ok((Taken { head: self.walk.head(), end: self.end, erased: self.erased }, master))
    }
}
