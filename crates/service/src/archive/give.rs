//! A ledger as frames, while its server goes on.

use std::collections::BTreeSet;

use gongzhi_base::Digest;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::Event;
use gongzhi_kernel::chain::{Head, Walk, What};
use gongzhi_kernel::merkle::Frontier;
use gongzhi_store::outbox::Waiting;
use gongzhi_store::{Ledger, StoreError};

use super::{ArchiveFault, Begin, End, Frame};
use crate::ambient::Ambient;
use crate::files::{Files, of_event};
use crate::log::SIGNED;
use crate::seal::MasterKey;

/// Entries, answers or keys of one frame.
const PAGE: u32 = 2_000;

/// What was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    pub head: Head,
    pub end: End,
    /// Attachments whose bytes are not those of their name, left out.
    pub damaged: Vec<Digest>,
    /// Attachments that entries name and that are not there.
    pub missing: Vec<Digest>,
    /// Messages that waited to be sent, and dead letters: left out, because whoever goes on with the source
    /// sends them, and nothing may be sent twice.
    pub left: Waiting,
}

/// Gives a county up to the head that its ledger has now. Entries are verified on the way.
///
/// The head is read first, so that whatever was erased before it has no key any more when keys are
/// read. What comes meanwhile is left out; the key of a record that comes meanwhile may be in, and
/// opens nothing.
pub fn give(
    ledger: &dyn Ledger,
    files: Option<&Files>,
    master: Option<&MasterKey>,
    ambient: &dyn Ambient,
    progress: &mut dyn FnMut(&str, u64, u64),
    sink: &mut dyn FnMut(Frame) -> Result<(), ArchiveFault>,
) -> Result<Given, ArchiveFault> {
    let head = ledger.head()?;
    let county = super::take::county(ledger)?;
    sink(Frame::Begin(Begin {
        county,
        size: head.size,
        hash: head.hash,
        made: ambient.now(),
        program: env!("CARGO_PKG_VERSION").into(),
    }))?;
    if let Some(master) = master {
        sink(Frame::Master(master.bytes().to_vec()))?;
    }
    // What the source signed meanwhile may lie beyond the archive's end.
    for (name, value) in ledger.settings()?.into_iter().filter(|(name, _)| name != SIGNED) {
        sink(Frame::Setting(name, value))?;
    }
    for account in ledger.credentials()? {
        let choices = ledger.outbox().choices(&account.person)?;
        sink(Frame::Credential(account))?;
        if let Some(mut choices) = choices {
            // What was told after the archive's end will be told of other entries.
            choices.told = choices.told.min(head.size);
            sink(Frame::Choices(choices))?;
        }
    }
    let mut end = End::default();
    let (mut edge, mut named) = (Frontier::default(), BTreeSet::new());
    let mut walk = Walk::default().whenever();
    let mut at = Head::EMPTY;
    while at.size < head.size {
        let page = ledger.entries(at.size, (head.size - at.size).min(u64::from(PAGE)) as u32)?;
        if page.is_empty() {
            return Err(StoreError::Corrupt(format!("entry {} is missing", at.size)).into());
        }
        for entry in &page {
            walk.pass(entry).map_err(|broken| {
                let told = match broken.what {
                    What::Revision => "is not the next revision of its record: one is missing or there twice",
                    _ => "does not verify: run `gongzhi verify`",
                };
                StoreError::Corrupt(format!("entry {} {told}", broken.seq))
            })?;
            edge.push(entry.hash);
            if files.is_some() {
                named.extend(Event::from_bytes(&entry.body).iter().flat_map(of_event));
            }
        }
        at = walk.head();
        sink(Frame::Entries(page))?;
        progress("entries", at.size, head.size);
    }
    if at != head {
        return Err(StoreError::Corrupt("the last entry is not the one that the head names".into()).into());
    }
    end.entries = at.size;
    end.root = edge.root().0;
    let mut after = None;
    loop {
        let mut page = ledger.answers(after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.command.clone());
        page.retain(|answer| answer.seq < head.size);
        end.answers += page.len() as u64;
        sink(Frame::Answers(page))?;
        progress("answers", end.answers, end.answers);
    }
    let mut after = None;
    loop {
        let page = ledger.all_keys(after, PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        end.keys += page.len() as u64;
        sink(Frame::Keys(page))?;
        progress("keys", end.keys, end.keys);
    }
    let mut damaged = Vec::new();
    let kept = files.map_or(Ok(Vec::new()), Files::all)?;
    for (at, digest) in kept.iter().enumerate() {
        let Some(files) = files else { break };
        let bytes = std::fs::read(files.path(*digest))?;
        if Digest::of(&bytes) == *digest {
            end.files += 1;
            sink(Frame::File(*digest, bytes))?;
        } else {
            damaged.push(*digest);
        }
        named.remove(digest);
        progress("files", at as u64 + 1, kept.len() as u64);
    }
    sink(Frame::End(end))?;
    let left = ledger.outbox().waiting()?;
    Ok(Given { head, end, damaged, missing: named.into_iter().collect(), left })
}
