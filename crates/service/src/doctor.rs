//! `gongzhi doctor`: everything that keeps a county safe, looked at in a few seconds. What is found
//! is named here; its words lie in the locale files.

use gongzhi_base::Timestamp;
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::note::{Checkpoint, Note, root_text};
use gongzhi_kernel::proof;
use gongzhi_store::{Durability, Ledger, StoreError, Structure, Unfinished};

use crate::accounts::Binding;
use crate::codes::CodeSecret;
use crate::files::{self, Files};
use crate::load;
use crate::log::read_list;
use crate::recount::{Keyless, recount};
use crate::seal::{CHECK, MasterKey, Seals, of_record};
use crate::service::{basics, unfinished};

/// Setting: when the last backup was made, in milliseconds since 1970, and how many entries it holds.
pub const LAST_BACKUP: &str = "backup-last";

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// A clock may lag behind another node's by so much.
const LAG: i64 = 2 * MINUTE;
/// Free bytes below which there is no time left, where nobody says otherwise.
pub const LEAST_FREE: u64 = 512 << 20;
/// So many times as much are little: an administrator should act.
const LITTLE: u64 = 10;

/// How bad something is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    Ok,
    Warn,
    Fail,
}

/// One line of the report. Its words have the key `doctor-CHECK-OUTCOME` and take `args`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub level: Level,
    pub check: &'static str,
    pub outcome: &'static str,
    pub args: Vec<(&'static str, String)>,
}

/// Every outcome there is, so that each has its words.
pub const OUTCOMES: &[(&str, &[&str])] = &[
    ("county", &["bad"]),
    ("reading", &["bad"]),
    ("settings", &["ok", "bad"]),
    ("whole", &["ok", "rebuilding", "taking", "rotating"]),
    ("durability", &["ok", "unsafe", "unknown"]),
    ("key", &["ok", "open", "missing", "wrong"]),
    ("accounts", &["ok", "altered"]),
    ("keys", &["ok", "bad"]),
    ("seen", &["ok", "older", "other", "none"]),
    ("structure", &["ok", "bad", "unchecked"]),
    ("entries", &["ok", "bad"]),
    ("sealed", &["ok", "listed", "gone"]),
    ("files", &["ok", "bad", "unseen"]),
    ("derived", &["ok", "moved", "names", "other", "bad"]),
    ("log", &["ok", "empty", "end", "root", "bad"]),
    ("clock", &["ok", "back"]),
    ("calendar", &["ok", "next", "missing"]),
    ("space", &["ok", "little", "none", "unknown"]),
    ("letters", &["ok", "dead", "unknown"]),
    ("backup", &["ok", "old", "never"]),
    ("checkpoint", &["ok", "older", "other", "unsigned", "bad"]),
];

/// What the machine around the ledger tells.
pub struct Outside<'a> {
    pub now: Timestamp,
    /// The master key, or why there is none.
    pub master: Result<MasterKey, String>,
    /// Others than its owner may read the key's file.
    pub key_readable: bool,
    /// Free bytes where the database and the files lie.
    pub free: Option<u64>,
    /// Free bytes below which that is a failure.
    pub least_free: u64,
    /// The checkpoint that a server kept beside the database.
    pub seen: Option<&'a str>,
    /// A checkpoint of this log that somebody else kept, as a signed note.
    pub checkpoint: Option<&'a str>,
    /// Every page of the database and every entry too: as long as reading all of it takes.
    pub deep: bool,
    /// Where attachments lie, for a deep look.
    pub files: Option<&'a Files>,
}

/// Looks at everything. Changes nothing. Where the database cannot be read on, that is the last line.
pub fn examine(ledger: &std::sync::Arc<dyn Ledger>, outside: &Outside<'_>) -> Vec<Finding> {
    let mut found = Findings(Vec::new());
    if let Err(why) = look(&mut found, ledger, outside) {
        found.add(Level::Fail, "reading", "bad", vec![("why", why.to_string())]);
    }
    found.0
}

fn look(
    found: &mut Findings,
    ledger: &std::sync::Arc<dyn Ledger>,
    outside: &Outside<'_>,
) -> Result<(), StoreError> {
    let held = ledger.as_ref();
    found.settings(held);
    found.whole(held)?;
    found.durability(held)?;
    found.key(ledger, outside)?;
    let last = found.log(held)?;
    found.clock(last, outside.now);
    found.calendar(held, outside.now);
    found.space(outside.free, outside.least_free);
    found.letters(held);
    found.backup(held, outside.now)?;
    let signed = ledger.setting(crate::log::SIGNED)?.and_then(|bytes| String::from_utf8(bytes).ok());
    found.seen(held, outside.seen.or(signed.as_deref()))?;
    if outside.deep {
        found.deep(ledger, outside)?;
        found.files(held, outside.files)?;
    }
    if let Some(note) = outside.checkpoint {
        let (level, outcome, args) = match seen(held, note)? {
            Seen::Continued { size } => (Level::Ok, "ok", vec![("size", size.to_string())]),
            Seen::Older { size, held } => {
                (Level::Fail, "older", vec![("size", size.to_string()), ("held", held.to_string())])
            }
            Seen::Other { size } => (Level::Fail, "other", vec![("size", size.to_string())]),
            Seen::Unsigned => (Level::Fail, "unsigned", vec![]),
            Seen::NoCheckpoint => (Level::Fail, "bad", vec![]),
        };
        found.add(level, "checkpoint", outcome, args);
    }
    Ok(())
}

/// How a ledger stands to a checkpoint of its log that somebody kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It continues what was seen.
    Continued { size: u64 },
    /// It holds less than was seen: an older state was put in its place.
    Older { size: u64, held: u64 },
    /// It holds other entries than were seen.
    Other { size: u64 },
    /// None of the log's keys signed it, or one that does not sign for a log of this size.
    Unsigned,
    /// The text is no checkpoint.
    NoCheckpoint,
}

/// Compares a ledger with a checkpoint, a signed note by one of the log's keys.
pub fn seen(ledger: &dyn Ledger, note: &str) -> Result<Seen, StoreError> {
    let Ok(signed) = note.parse::<Note>() else { return Ok(Seen::NoCheckpoint) };
    let list = ledger.setting(crate::log::KEYS)?.and_then(|bytes| String::from_utf8(bytes).ok());
    let keys = list.and_then(|text| read_list(&text)).unwrap_or_default();
    match stands(ledger, note)? {
        // Whatever it says, it says nothing if nobody signed it.
        Seen::Continued { .. } | Seen::Older { .. } | Seen::Other { .. }
            if signed.checkpoint(&keys).is_err() =>
        {
            Ok(Seen::Unsigned)
        }
        found => Ok(found),
    }
}

/// The same for a checkpoint that is trusted as it is.
pub fn stands(ledger: &dyn Ledger, note: &str) -> Result<Seen, StoreError> {
    let Ok(note) = note.parse::<Note>() else { return Ok(Seen::NoCheckpoint) };
    let Ok(checkpoint) = Checkpoint::read(&note.text) else { return Ok(Seen::NoCheckpoint) };
    let (size, held) = (checkpoint.size, ledger.head()?.size);
    if size > held {
        return Ok(Seen::Older { size, held });
    }
    match root(ledger, size)? {
        Some(root) if root == checkpoint.root => Ok(Seen::Continued { size }),
        _ => Ok(Seen::Other { size }),
    }
}

fn root(ledger: &dyn Ledger, size: u64) -> Result<Option<gongzhi_base::Digest>, StoreError> {
    match proof::root(size, |level, from, count| ledger.nodes(level, from, count as u32)) {
        Ok(root) => Ok(Some(root)),
        Err(proof::Unproven::Read(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(
        &mut self,
        level: Level,
        check: &'static str,
        outcome: &'static str,
        args: Vec<(&'static str, String)>,
    ) {
        self.0.push(Finding { level, check, outcome, args });
    }

    fn settings(&mut self, ledger: &dyn Ledger) {
        let laws = || -> Result<usize, StoreError> {
            basics(ledger)?;
            Ok(load::laws(ledger, None)?.library.mechanisms.len())
        };
        match laws() {
            Ok(n) if n > 0 => self.add(Level::Ok, "settings", "ok", vec![("n", n.to_string())]),
            Ok(_) => self.add(Level::Fail, "settings", "bad", vec![("why", "0".into())]),
            Err(error) => self.add(Level::Fail, "settings", "bad", vec![("why", error.to_string())]),
        }
    }

    fn whole(&mut self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        let outcome = unfinished(ledger)?.map_or("ok", Unfinished::word);
        let level = if outcome == "ok" { Level::Ok } else { Level::Fail };
        self.add(level, "whole", outcome, vec![]);
        Ok(())
    }

    fn durability(&mut self, ledger: &dyn Ledger) -> Result<(), StoreError> {
        match ledger.durability()? {
            Durability::Safe(how) => self.add(Level::Ok, "durability", "ok", vec![("how", how)]),
            Durability::Unsafe(how) => self.add(Level::Fail, "durability", "unsafe", vec![("how", how)]),
            Durability::Unknown => self.add(Level::Warn, "durability", "unknown", vec![]),
        }
        Ok(())
    }

    fn key(&mut self, ledger: &std::sync::Arc<dyn Ledger>, outside: &Outside<'_>) -> Result<(), StoreError> {
        let master = match &outside.master {
            Ok(master) => master,
            Err(why) => {
                self.add(Level::Fail, "key", "missing", vec![("why", why.clone())]);
                return Ok(());
            }
        };
        let county = basics(ledger.as_ref()).map(|(county, ..)| county).unwrap_or_default();
        let seals =
            Seals::of(&county, master.clone(), ledger.clone(), std::sync::Arc::new(crate::ambient::Machine));
        let right = ledger.setting(CHECK)?.is_some_and(|check| seals.unwrap(CHECK, &check).is_some());
        match (right, outside.key_readable) {
            (false, _) => self.add(Level::Fail, "key", "wrong", vec![]),
            (true, true) => self.add(Level::Warn, "key", "open", vec![]),
            (true, false) => self.add(Level::Ok, "key", "ok", vec![]),
        }
        if !right {
            return Ok(());
        }
        match Binding::of(&seals).altered(ledger.as_ref())?.as_slice() {
            [] => self.add(Level::Ok, "accounts", "ok", vec![]),
            altered => {
                let args = vec![("n", altered.len().to_string()), ("login", altered[0].clone())];
                self.add(Level::Fail, "accounts", "altered", args);
            }
        }
        self.keys(ledger.as_ref(), &seals)
    }

    /// Every record's key opens with the master key. Some millions take some seconds.
    fn keys(&mut self, ledger: &dyn Ledger, seals: &Seals) -> Result<(), StoreError> {
        let (mut after, mut n) = (None, 0);
        loop {
            let page = ledger.all_keys(after, 4_096)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            n += page.len();
            let bad = page.iter().find(|(record, key)| seals.unwrap(&of_record(*record), key).is_none());
            if let Some((record, _)) = bad {
                self.add(Level::Fail, "keys", "bad", vec![("record", record.to_string())]);
                return Ok(());
            }
        }
        self.add(Level::Ok, "keys", "ok", vec![("n", n.to_string())]);
        Ok(())
    }

    fn seen(&mut self, ledger: &dyn Ledger, note: Option<&str>) -> Result<(), StoreError> {
        match note.map(|note| stands(ledger, note)).transpose()? {
            Some(Seen::Continued { size }) => {
                self.add(Level::Ok, "seen", "ok", vec![("size", size.to_string())]);
            }
            Some(Seen::Older { size, held }) => {
                let args = vec![("size", size.to_string()), ("held", held.to_string())];
                self.add(Level::Fail, "seen", "older", args);
            }
            Some(Seen::Other { size }) => {
                self.add(Level::Fail, "seen", "other", vec![("size", size.to_string())]);
            }
            Some(Seen::Unsigned | Seen::NoCheckpoint) | None => self.add(Level::Ok, "seen", "none", vec![]),
        }
        Ok(())
    }

    /// The end of the log as the head, the entries and the nodes tell it; gives the last entry's time.
    fn log(&mut self, ledger: &dyn Ledger) -> Result<Option<Timestamp>, StoreError> {
        let head = ledger.head()?;
        if head == Head::EMPTY {
            self.add(Level::Warn, "log", "empty", vec![]);
            return Ok(None);
        }
        let size = ("size", head.size.to_string());
        let last = match ledger.entries(head.size.saturating_sub(1), 2) {
            Ok(last) => last,
            Err(error) => {
                self.add(Level::Fail, "log", "bad", vec![("why", error.to_string())]);
                return Ok(None);
            }
        };
        let time = last.first().map(|entry| entry.header.at);
        let ended = match last.as_slice() {
            [only] => {
                let before = Head { size: head.size - 1, hash: only.header.previous };
                before.verify(only) == Ok(head)
            }
            _ => false,
        };
        if !ended {
            // A server may have added entries between two questions.
            if ledger.head()? != head {
                return self.log(ledger);
            }
            self.add(Level::Fail, "log", "end", vec![size]);
            return Ok(time);
        }
        match root(ledger, head.size)? {
            Some(root) => self.add(Level::Ok, "log", "ok", vec![size, ("root", root_text(&root))]),
            None => self.add(Level::Fail, "log", "root", vec![size]),
        }
        Ok(time)
    }

    fn clock(&mut self, last: Option<Timestamp>, now: Timestamp) {
        match last.filter(|last| last.0 > now.0 + LAG) {
            Some(last) => {
                let minutes = (last.0 - now.0) / MINUTE;
                self.add(Level::Fail, "clock", "back", vec![("minutes", minutes.to_string())]);
            }
            None => self.add(Level::Ok, "clock", "ok", vec![]),
        }
    }

    fn calendar(&mut self, ledger: &dyn Ledger, now: Timestamp) {
        let Ok((_, zone, calendar)) = basics(ledger) else { return };
        let today = zone.date(now);
        let (year, next) = (today.year(), today.year() + 1);
        // The next year's holidays are published in November.
        let (level, outcome, year) = match (calendar.knows(year), calendar.knows(next)) {
            (false, _) => (Level::Fail, "missing", year),
            (true, false) if today.month() >= 11 => (Level::Warn, "next", next),
            (true, _) => (Level::Ok, "ok", year),
        };
        self.add(level, "calendar", outcome, vec![("year", year.to_string())]);
    }

    fn space(&mut self, free: Option<u64>, least: u64) {
        let Some(free) = free else { return self.add(Level::Warn, "space", "unknown", vec![]) };
        let (level, outcome) = match free {
            free if free < least => (Level::Fail, "none"),
            free if free < least.saturating_mul(LITTLE) => (Level::Warn, "little"),
            _ => (Level::Ok, "ok"),
        };
        self.add(
            level,
            "space",
            outcome,
            vec![("free", format!("{:.1}", free as f64 / (1u64 << 30) as f64))],
        );
    }

    /// The engine's own check of its pages, every entry of the log, and a key for every sealed value.
    fn deep(&mut self, shared: &std::sync::Arc<dyn Ledger>, outside: &Outside<'_>) -> Result<(), StoreError> {
        let ledger = shared.as_ref();
        match ledger.structure() {
            Ok(Structure::Sound) => self.add(Level::Ok, "structure", "ok", vec![]),
            Ok(Structure::Damaged(why)) => self.add(Level::Fail, "structure", "bad", vec![("why", why)]),
            Ok(Structure::Unchecked) => self.add(Level::Warn, "structure", "unchecked", vec![]),
            Err(why) => self.add(Level::Fail, "structure", "bad", vec![("why", why.to_string())]),
        }
        match gongzhi_store::verify(ledger, &mut |_| {}) {
            Ok(head) => self.add(Level::Ok, "entries", "ok", vec![("size", head.size.to_string())]),
            Err(why) => self.add(Level::Fail, "entries", "bad", vec![("why", why.to_string())]),
        }
        let secret = match &outside.master {
            Ok(master) => CodeSecret::kept(shared, master.clone())?,
            Err(_) => None,
        };
        let found = match recount(ledger, secret.as_ref(), outside.now, &mut |_, _| {}) {
            Ok(found) => found,
            Err(why) => {
                self.add(Level::Fail, "derived", "bad", vec![("why", why.to_string())]);
                return Ok(());
            }
        };
        match &found.keyless {
            Keyless { lost, first_lost: Some(first), .. } => {
                let args = vec![("n", lost.to_string()), ("record", first.to_string())];
                self.add(Level::Fail, "sealed", "gone", args);
            }
            Keyless { listed: 0, .. } => self.add(Level::Ok, "sealed", "ok", vec![]),
            Keyless { listed, .. } => {
                self.add(Level::Ok, "sealed", "listed", vec![("n", listed.to_string())]);
            }
        }
        let n = (found.differences.len() + found.strange.len()).to_string();
        let first = found.strange.first().map(|strange| format!("{} {}", strange.kind, strange.which));
        let first = first.or(found.differences.first().map(|one| {
            format!("{} {} {} {}", one.key.mechanism, one.key.indicator, one.key.key, one.key.period)
        }));
        match (found.agrees(), found.moved) {
            (true, _) => self.add(Level::Ok, "derived", "ok", vec![("n", found.records.to_string())]),
            // What came while it was read may look like a difference.
            (false, true) => self.add(Level::Warn, "derived", "moved", vec![("n", n)]),
            // As after a renaming: they are found by the old name, not by the new one.
            (false, false) if found.only_names() => {
                let args = vec![("n", n), ("first", first.unwrap_or_default())];
                self.add(Level::Warn, "derived", "names", args);
            }
            (false, false) => {
                let args = vec![("n", n), ("first", first.unwrap_or_default())];
                self.add(Level::Fail, "derived", "other", args);
            }
        }
        Ok(())
    }

    /// Every attachment that an entry names is there and is the one that was attached.
    fn files(&mut self, ledger: &dyn Ledger, kept: Option<&Files>) -> Result<(), StoreError> {
        let Some(kept) = kept else {
            self.add(Level::Warn, "files", "unseen", vec![]);
            return Ok(());
        };
        let named = files::named(ledger)?;
        let wrong: Vec<_> = named.iter().filter(|digest| !kept.holds(**digest)).collect();
        match wrong.first() {
            None => self.add(Level::Ok, "files", "ok", vec![("n", named.len().to_string())]),
            Some(first) => {
                let args =
                    vec![("n", wrong.len().to_string()), ("first", kept.path(**first).display().to_string())];
                self.add(Level::Fail, "files", "bad", args);
            }
        }
        Ok(())
    }

    fn letters(&mut self, ledger: &dyn Ledger) {
        match ledger.outbox().waiting() {
            Ok(waiting) if waiting.dead == 0 => {
                self.add(Level::Ok, "letters", "ok", vec![("waiting", waiting.waiting.to_string())]);
            }
            Ok(waiting) => {
                self.add(Level::Warn, "letters", "dead", vec![("n", waiting.dead.to_string())]);
            }
            Err(_) => self.add(Level::Warn, "letters", "unknown", vec![]),
        }
    }

    fn backup(&mut self, ledger: &dyn Ledger, now: Timestamp) -> Result<(), StoreError> {
        let last = ledger.setting(LAST_BACKUP)?.and_then(|bytes| String::from_utf8(bytes).ok());
        let at = last.and_then(|text| text.split(' ').next().and_then(|at| at.parse::<i64>().ok()));
        let Some(at) = at else {
            self.add(Level::Warn, "backup", "never", vec![]);
            return Ok(());
        };
        let hours = ((now.0 - at) / (60 * MINUTE)).max(0);
        let (level, outcome) = if now.0 - at > 2 * DAY { (Level::Warn, "old") } else { (Level::Ok, "ok") };
        self.add(level, "backup", outcome, vec![("hours", hours.to_string())]);
        Ok(())
    }
}
