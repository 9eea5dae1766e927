//! The one interface between the product and its databases.
//!
//! Writing: a group of decided commands is one [`Batch`], made durable by one [`Ledger::commit`]:
//! entries, answers of commands, snapshots, read models and indicators change together or not at
//! all. Reading: plain queries, each bounded by a limit.

use std::collections::BTreeMap;
use std::time::Duration;

use gongzhi_base::{CommandId, Digest, RecordId, Timestamp};
use gongzhi_kernel::Claim;
use gongzhi_kernel::chain::{Entry, Head};
use gongzhi_kernel::merkle::Node;
use gongzhi_kernel::notice::Notice;
use gongzhi_kernel::project::{CellKey, Projection, Row};
use gongzhi_lang::model::{Dimension, Level};

use crate::fault::StoreError;
use crate::outbox::{Mark, Outbox};

use crate::look::{Look, LookQuery};
use crate::trace::{Names, Trace, Traces};

/// Everything that one durable transaction changes.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// In order of their sequence, continuing the head.
    pub entries: Vec<Entry>,
    pub answers: Vec<Answer>,
    /// Each record at most once, in its last form.
    pub records: Vec<Stored>,
    /// Change of numerator and denominator of cells, each at most once.
    pub cells: Vec<(CellKey, (i64, i64))>,
    /// Last number given, by mechanism and year.
    pub counters: BTreeMap<(String, i16), u64>,
    /// Full subtrees of the Merkle log that these entries finish.
    pub nodes: Vec<Node>,
    /// Keys of records that seal personal values now, each wrapped by the master key.
    pub keys: Vec<(RecordId, Vec<u8>)>,
    /// Records whose keys go for good: nothing that they sealed can be read again.
    pub destroyed: Vec<RecordId>,
    /// Who is told what because of these entries.
    pub notices: Vec<(Mark, Notice)>,
    /// Looks at personal values among these entries.
    pub looks: Vec<Look>,
    /// What records claim now, and what they claim no more: the latter goes first.
    pub claimed: Vec<(Claim, RecordId)>,
    pub freed: Vec<(Claim, RecordId)>,
}

/// What an accepted command was answered, so that the same command again gets the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub command: CommandId,
    /// Digest of the command's content: another content under the same identifier is refused.
    pub digest: Digest,
    pub record: RecordId,
    pub revision: u64,
    /// Sequence of its last entry.
    pub seq: u64,
}

/// A record's folded form with all that is derived from it.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Canonical bytes of the record, `None` only for entries not kept.
    pub snapshot: Vec<u8>,
    /// Digest of the receipt code, set when the record was opened.
    pub receipt: Option<Digest>,
    pub projection: Projection,
    /// What was stored before has another search text.
    pub text_changed: bool,
}

/// What a group of commands needs before it can be decided.
#[derive(Clone, Debug, Default)]
pub struct Want {
    pub records: Vec<RecordId>,
    pub commands: Vec<CommandId>,
}

/// What was found of a [`Want`].
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// Canonical bytes of the records found.
    pub records: Vec<(RecordId, Vec<u8>)>,
    /// The revision of the newest entry of each of them, as the entries themselves tell it; none of a record
    /// that has no entry.
    pub revisions: BTreeMap<RecordId, u64>,
    pub answers: Vec<Answer>,
}

/// Which records a reader may see, as a filter: any of these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Everything of the county.
    All,
    Any(Vec<ScopePart>),
}

/// Records of one mechanism at or under a place, or in which a role in a unit has a part (in charge, at
/// the desk, helping).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScopePart {
    pub mechanism: String,
    pub within: Within,
}

/// A place with all under it, or a role in a unit by its key (`officer@u1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Within {
    Place(Level, String),
    Unit(String),
}

/// A list of records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListQuery {
    pub scope: Scope,
    pub mechanism: Option<String>,
    pub place: Option<(Level, String)>,
    pub unit: Option<String>,
    /// An entry of the catalogue with all under it (first level or any level by prefix).
    pub kind: Option<String>,
    pub state: Option<String>,
    pub open: Option<bool>,
    pub late: Option<bool>,
    /// When it was opened: a month `yyyy-mm`, a quarter `yyyy-Q4` or a year `yyyy`.
    pub month: Option<String>,
    /// All these bits set in the row's marks.
    pub marks: u64,
    /// Bits that must be clear.
    pub marks_clear: u64,
    pub parent: Option<RecordId>,
    /// Lists of values in all of which a row stands, as in `facet_token`; the first leads, within the record
    /// above (`above=`) where there is one.
    pub facets: Vec<String>,
    /// Lists of values in one of which a row stands; empty for no such condition.
    pub among: Vec<String>,
    pub order: Order,
    /// Continue after this row (its sort key and id).
    pub after: Option<(i64, RecordId)>,
    pub limit: u32,
}

impl Default for ListQuery {
    fn default() -> Self {
        ListQuery {
            scope: Scope::Any(Vec::new()),
            mechanism: None,
            place: None,
            unit: None,
            kind: None,
            state: None,
            open: None,
            late: None,
            month: None,
            marks: 0,
            marks_clear: 0,
            parent: None,
            facets: Vec::new(),
            among: Vec::new(),
            order: Order::Newest,
            after: None,
            limit: 50,
        }
    }
}

/// The first and last month of a period written as month `2026-11`, quarter `2026-Q4` or year `2026`; a text
/// that is none of them comes back twice and holds no month.
pub fn months(period: &str) -> (String, String) {
    match (period.split_once("-Q"), period.len()) {
        (Some((year, quarter)), _) => {
            let last = quarter.parse::<u8>().map_or(0, |quarter| quarter.min(4) * 3);
            (format!("{year}-{:02}", last.saturating_sub(2)), format!("{year}-{last:02}"))
        }
        (None, 4) => (format!("{period}-01"), format!("{period}-12")),
        (None, _) => (period.to_owned(), period.to_owned()),
    }
}

/// How a list is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// By due time, rows without one last.
    Due,
    /// Newest opened first.
    Newest,
}

/// A page of rows and where the next page begins.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    pub rows: Vec<Row>,
    pub next: Option<(i64, RecordId)>,
}

/// A running deadline that wants attention.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timer {
    pub record: RecordId,
    pub deadline: String,
    pub at: Timestamp,
}

/// Cells of indicators.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CellQuery {
    pub mechanism: String,
    /// Empty means all.
    pub indicators: Vec<String>,
    pub dimension: Dimension,
    /// Empty means all keys.
    pub keys: Vec<String>,
    /// From and to period, inclusive; both empty for gauges of the present.
    pub from: String,
    pub to: String,
}

/// A cell's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CellValue {
    pub key: CellKey,
    pub numerator: i64,
    pub denominator: i64,
}

/// All cells of one figure in one period: of times taken there is one for each bucket, which may be hundreds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Without a bucket.
    pub key: CellKey,
    /// Of the cell without a bucket; 0 where there is none.
    pub numerator: i64,
    pub denominator: i64,
    /// The cells with a bucket, by bucket: numerator and denominator.
    pub buckets: Vec<(u16, i64, i64)>,
}

impl Tally {
    /// One by one; cells of nothing are left out.
    pub(crate) fn cells(self) -> impl Iterator<Item = CellValue> {
        let Tally { key, numerator, denominator, buckets } = self;
        let whole = (numerator != 0 || denominator != 0).then_some((None, numerator, denominator));
        let buckets = buckets.into_iter().map(|(bucket, num, den)| (Some(bucket), num, den));
        whole.into_iter().chain(buckets).map(move |(bucket, numerator, denominator)| CellValue {
            key: CellKey { bucket, ..key.clone() },
            numerator,
            denominator,
        })
    }
}

/// A staff account's secret side; never part of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credential {
    pub login: String,
    /// Code of the person in the register.
    pub person: String,
    /// PHC string of the password's hash.
    pub hash: String,
}

/// A signed-in session; the token itself is never stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    pub token: Digest,
    pub person: String,
    pub created: Timestamp,
    pub expires: Timestamp,
    /// Secret of the session's forms.
    pub csrf: [u8; 16],
}

/// Whether what a commit acknowledged outlives a loss of power; the engine's own settings in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Durability {
    Safe(String),
    Unsafe(String),
    /// The engine does not tell.
    Unknown,
}

/// What the engine's own check of all its pages finds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Structure {
    Sound,
    /// The first thing that is wrong, in the engine's words.
    Damaged(String),
    /// The engine has no such check that a client may ask for.
    Unchecked,
}

/// What a setting holds, when it is there.
pub type Setting = Option<Vec<u8>>;

/// What a record's receipt is made of, all read at about the same moment, but not of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Provable {
    /// The record as folded; none when it is not there.
    pub snapshot: Option<Vec<u8>>,
    /// All its entries, oldest first.
    pub entries: Vec<Entry>,
    /// The entry that stands before the oldest in the log, when there is one.
    pub before: Option<Entry>,
    /// Settings in the order of their names given.
    pub settings: Vec<Setting>,
    /// The end of the ledger.
    pub head: Head,
}

/// The ledger of one county with its read models.
pub trait Ledger: Send + Sync {
    /// The end of the ledger.
    fn head(&self) -> Result<Head, StoreError>;
    /// Records and earlier answers for a group of commands.
    fn load(&self, want: &Want) -> Result<Loaded, StoreError>;
    /// Makes a group durable: all of it, or nothing. `expect` is the head it continues.
    fn commit(&self, expect: Head, batch: &Batch) -> Result<(), StoreError>;
    /// Stands in line behind the other nodes that write this ledger, in the order in which they came; gives the head
    /// as it is then. It stays that one until this node's next commit or [`Ledger::let_go`], for some seconds at most:
    /// a node that is halted does not hold up the others. Nobody stands in line where one process writes.
    fn turn(&self) -> Result<Head, StoreError> {
        self.head()
    }
    /// Gives a turn up that no commit used.
    fn let_go(&self) {}
    /// Last number given, by mechanism and year.
    fn counters(&self) -> Result<BTreeMap<(String, i16), u64>, StoreError>;

    /// Records that hold any of these claims, by claim and record.
    fn holders(&self, claims: &[Claim]) -> Result<Vec<(Claim, RecordId)>, StoreError>;
    /// All claims, by claim and record, after this one: for a recount.
    fn claims(
        &self,
        after: Option<(Claim, RecordId)>,
        limit: u32,
    ) -> Result<Vec<(Claim, RecordId)>, StoreError>;
    /// What inboxes, lists and search have to hold of a record, as this engine writes it.
    fn trace(&self, stored: &Stored, names: &Names) -> Trace;
    /// What they hold of all records. Takes as long as reading these tables whole.
    fn traces(&self, names: &Names) -> Result<Traces, StoreError>;
    /// Snapshots of all records of a mechanism (registers), by id.
    fn snapshots(&self, mechanism: &str) -> Result<Vec<Vec<u8>>, StoreError>;
    /// One record's snapshot.
    fn snapshot(&self, id: RecordId) -> Result<Option<Vec<u8>>, StoreError>;
    /// One record's row.
    fn rows(&self, ids: &[RecordId]) -> Result<Vec<Row>, StoreError>;
    /// The record that a receipt code opens.
    fn by_receipt(&self, receipt: Digest) -> Result<Option<RecordId>, StoreError>;
    /// A record by its number.
    fn by_number(&self, number: &str) -> Result<Option<RecordId>, StoreError>;
    /// All entries of a record, oldest first.
    fn history(&self, id: RecordId) -> Result<Vec<Entry>, StoreError>;
    /// What a record's receipt is made of, with some settings.
    fn provable(&self, id: RecordId, names: &[&str]) -> Result<Provable, StoreError> {
        let snapshot = self.snapshot(id)?;
        let entries = self.history(id)?;
        let before = match entries.first().and_then(|first| first.header.seq.checked_sub(1)) {
            Some(seq) => self.entries(seq, 1)?.pop(),
            None => None,
        };
        let (settings, head) = self.settings_and_head(names)?;
        Ok(Provable { snapshot, entries, before, settings, head })
    }
    /// Entries from a sequence on.
    fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>, StoreError>;
    /// Entries in the order of their records' identifiers and, within a record, of its revisions; after
    /// this record and revision. Reads a whole ledger record by record.
    fn entries_by_record(&self, after: Option<(RecordId, u64)>, limit: u32)
    -> Result<Vec<Entry>, StoreError>;

    /// Nodes of the Merkle log of one level, from a position on. Level 0 are the entries' own hashes.
    fn nodes(&self, level: u8, from: u64, limit: u32) -> Result<Vec<Digest>, StoreError>;
    /// Puts these in place of all nodes kept of the Merkle log; only between begin and end of a rebuild.
    fn replace_nodes(&self, nodes: &[Node]) -> Result<(), StoreError>;
    /// Answers of commands in the order of their identifiers, after one; for archives.
    fn answers(&self, after: Option<&CommandId>, limit: u32) -> Result<Vec<Answer>, StoreError>;
    /// The wrapped keys of these records, as far as there are any.
    fn keys(&self, of: &[RecordId]) -> Result<Vec<(RecordId, Vec<u8>)>, StoreError>;
    /// Wrapped keys in the order of their records, after one; for archives and a new master key.
    fn all_keys(&self, after: Option<RecordId>, limit: u32) -> Result<Vec<(RecordId, Vec<u8>)>, StoreError>;
    /// Writes or replaces wrapped keys.
    fn put_keys(&self, keys: &[(RecordId, Vec<u8>)]) -> Result<(), StoreError>;

    /// Empties all that is derived from the entries (records, lists, timers, search, cells, claims,
    /// numbers given) and marks the ledger as being rebuilt until [`Ledger::end_rebuild`].
    fn begin_rebuild(&self) -> Result<(), StoreError>;
    /// Adds derived rows of a batch (records, cells, counters, looks, claims); only between begin and end. A record
    /// comes once.
    fn put_derived(&self, batch: &Batch) -> Result<(), StoreError>;
    /// The derived rows are whole again.
    fn end_rebuild(&self) -> Result<(), StoreError>;
    /// Whether a rebuild was begun and not ended: what is derived must not be believed.
    fn rebuilding(&self) -> Result<bool, StoreError>;
    /// Waits until others have made the ledger hold more than `beyond` entries, at most so long; gives
    /// how many it holds.
    fn wait(&self, beyond: u64, at_most: Duration) -> Result<u64, StoreError>;
    /// Whether several server nodes may write this ledger.
    fn shared(&self) -> bool;

    /// Looks at personal values, newest first.
    fn looks(&self, query: &LookQuery) -> Result<Vec<Look>, StoreError>;

    /// Open rows that wait for any of these keys, by due time; `after` continues a page.
    fn todo(&self, keys: &[String], after: Option<(i64, RecordId)>, limit: u32) -> Result<Page, StoreError>;
    /// How many rows wait for these keys, and how many of them are late (each counted once, up to [`crate::COUNTED`]).
    fn todo_count(&self, keys: &[String]) -> Result<(u64, u64), StoreError>;
    /// A filtered list.
    fn list(&self, query: &ListQuery) -> Result<Page, StoreError>;
    /// The values of a name by which the records of a mechanism are listed (`facet_token`), in order, at most
    /// 1,000; of those under a record above (not their parent) only, where one is given. Costs a look-up a value.
    fn values(&self, mechanism: &str, name: &str, above: Option<RecordId>)
    -> Result<Vec<String>, StoreError>;
    /// Rows whose text holds all terms, newest first, within the scope.
    fn search(
        &self,
        scope: &Scope,
        terms: &[gongzhi_base::words::Term],
        limit: u32,
    ) -> Result<Vec<Row>, StoreError>;
    /// Rows opened since, at or under the place, for likeness.
    fn recent_near(
        &self,
        mechanism: &str,
        place: (Level, &str),
        since: Timestamp,
        limit: u32,
    ) -> Result<Vec<Row>, StoreError>;
    /// Timers due by a time, oldest first.
    fn timers(&self, until: Timestamp, limit: u32) -> Result<Vec<Timer>, StoreError>;
    /// Values of cells, those of one figure put together, by key; with a full disk as they were.
    fn tallies(&self, query: &CellQuery) -> Result<Vec<Tally>, StoreError>;
    /// The same, cell by cell, for what decisions rest on: nothing older will do.
    fn cells(&self, query: &CellQuery) -> Result<Vec<CellValue>, StoreError>;

    /// Writes or replaces an account.
    fn put_credential(&self, credential: &Credential) -> Result<(), StoreError>;
    /// An account by its login.
    fn credential(&self, login: &str) -> Result<Option<Credential>, StoreError>;
    /// Begins a session.
    fn put_session(&self, session: &Session) -> Result<(), StoreError>;
    /// A session that has not expired.
    fn session(&self, token: Digest, now: Timestamp) -> Result<Option<Session>, StoreError>;
    /// Ends a session.
    fn end_session(&self, token: Digest) -> Result<(), StoreError>;
    /// All accounts, by login; for archives.
    fn credentials(&self) -> Result<Vec<Credential>, StoreError>;
    /// All settings, by name; for archives.
    fn settings(&self) -> Result<Vec<(String, Vec<u8>)>, StoreError>;
    /// A setting of the database (county code, secrets of the instance).
    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Some settings in the order of their names given, and the end of the ledger, which is not read before them.
    fn settings_and_head(&self, names: &[&str]) -> Result<(Vec<Setting>, Head), StoreError> {
        let values = names.iter().map(|name| self.setting(name)).collect::<Result<_, _>>()?;
        Ok((values, self.head()?))
    }
    /// Writes a setting.
    fn put_setting(&self, name: &str, value: &[u8]) -> Result<(), StoreError>;
    /// Notices and messages to people.
    fn outbox(&self) -> &dyn Outbox;
    /// How safe a commit is.
    fn durability(&self) -> Result<Durability, StoreError> {
        Ok(Durability::Unknown)
    }
    /// What the engine's own check of all its pages finds. Takes as long as reading everything.
    fn structure(&self) -> Result<Structure, StoreError> {
        Ok(Structure::Unchecked)
    }
    /// A harmless question that shows whether the database answers, can be written and, where its disk is this machine's,
    /// has room ([`StoreError::Full`]).
    fn ping(&self) -> Result<(), StoreError>;
}
