//! The one transaction that makes a group of commands durable: one statement, and so one round trip.
//! Where what the records were is not remembered it is asked first, with the head's lock taken.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::chain::Head;
use tokio_postgres::Config;

use super::derive::{self, Derived, Old};
use super::error::{Done, Fault};
use super::link::{Link, Step, Told, arg, bytes, count, get, step};
use super::pool::Patience;
use super::{claims, log, looks, outbox, read};
use crate::shared::{begun, continued, dimension_number};
use crate::{Batch, StoreError};

/// A mechanism's indicator in one dimension: mechanism, the dimension's number, indicator.
pub(super) type Series = (String, i64, String);

/// The channel on which the county's servers tell each other that the ledger has grown.
pub(super) fn channel(county: &str) -> String {
    format!("gongzhi {county}")
}

/// The writing connection with what it remembers of small, only growing tables.
pub(super) struct Writer {
    config: Config,
    county: String,
    link: Option<Link>,
    /// The number of the server's process that this connection has, for the listener.
    process: Arc<AtomicI32>,
    memory: Memory,
}

/// Records of which is remembered how they stand in the database.
const HELD: usize = 4_096;

/// What stands in the database for certain.
#[derive(Default)]
struct Memory {
    series: HashMap<Series, i64>,
    mechanisms: BTreeSet<String>,
    /// The head that this node wrote last, and how many rows there were then. While it is the head,
    /// what is held is true.
    rows: Option<(Head, i64)>,
    held: Held,
}

impl Memory {
    /// Takes in what is durable now.
    fn learn(&mut self, fresh: Fresh) {
        self.series.extend(fresh.series);
        self.mechanisms.extend(fresh.mechanisms);
        self.rows = fresh.rows;
        self.held.extend(fresh.held);
    }

    /// Keeps only what nobody changes.
    fn doubt(&mut self) {
        self.rows = None;
        self.held.clear();
    }
}

/// The records written last, in two halves: when the newer one is full, the older one is forgotten.
#[derive(Default)]
struct Held {
    newer: HashMap<RecordId, Old>,
    older: HashMap<RecordId, Old>,
}

impl Held {
    fn get(&self, id: &RecordId) -> Option<&Old> {
        self.newer.get(id).or_else(|| self.older.get(id))
    }

    /// Adds one; nothing is forgotten before [`Held::trim`].
    fn extend(&mut self, records: Vec<(RecordId, Old)>) {
        self.newer.extend(records);
    }

    fn trim(&mut self) {
        if self.newer.len() > HELD / 2 {
            self.older = std::mem::take(&mut self.newer);
        }
    }

    fn clear(&mut self) {
        self.newer.clear();
        self.older.clear();
    }
}

/// What a transaction adds to the [`Memory`] once it is durable.
#[derive(Default)]
struct Fresh {
    series: Vec<(Series, i64)>,
    mechanisms: Vec<String>,
    rows: Option<(Head, i64)>,
    held: Vec<(RecordId, Old)>,
}

/// What became of a transaction.
enum Tried {
    Done(Fresh),
    /// Another server came first; nothing was changed.
    Late,
}

impl Writer {
    pub(super) fn new(config: Config, county: &str, link: Link, process: Arc<AtomicI32>) -> Writer {
        Writer { config, county: county.to_owned(), link: Some(link), process, memory: Memory::default() }
    }

    /// The connection, made anew when it was lost.
    fn link(&mut self, patience: &mut Patience) -> Result<&Link, StoreError> {
        loop {
            if let Some(link) = self.link.take() {
                return Ok(self.link.insert(link));
            }
            match Link::connect(&self.config).and_then(|link| Ok((link.process()?, link))) {
                Ok((process, link)) => {
                    self.process.store(process, Ordering::Relaxed);
                    self.link = Some(link);
                }
                Err(Fault::Store(error)) => return Err(error),
                Err(Fault::Lost(why)) => patience.rest(why)?,
            }
        }
    }

    /// Writes a whole batch, or nothing.
    pub(super) fn commit(&mut self, expect: Head, batch: &Batch) -> Result<(), StoreError> {
        let end = continued(&self.county, expect, batch)?;
        let mut patience = Patience::new();
        loop {
            let (county, mut memory) = (self.county.clone(), std::mem::take(&mut self.memory));
            memory.held.trim();
            let tried = match self.link(&mut patience) {
                Ok(link) => link.run(commit(link, &county, &mut memory, (expect, end), batch)),
                Err(error) => return Err(error),
            };
            if !matches!(tried, Ok(Tried::Done(_))) {
                memory.doubt();
            }
            self.memory = memory;
            match tried {
                Ok(Tried::Done(fresh)) => {
                    self.memory.learn(fresh);
                    return Ok(());
                }
                Ok(Tried::Late) => return Err(StoreError::Conflict),
                Err(Fault::Store(error)) => {
                    self.rollback();
                    return Err(error);
                }
                Err(Fault::Lost(why)) => {
                    tracing::warn!(why, "the connection to PostgreSQL was lost while writing");
                    self.link = None;
                    if self.stands(expect, end, &mut patience)? {
                        return Ok(());
                    }
                    patience.rest(why)?;
                }
            }
        }
    }

    /// Whether a transaction whose answer was lost stands. Its server process may still be at work:
    /// the head's lock is had only after that one has ended, in whatever way. False means that it may
    /// be tried again.
    fn stands(&mut self, expect: Head, end: Head, patience: &mut Patience) -> Result<bool, StoreError> {
        let county = self.county.clone();
        loop {
            let link = self.link(patience)?;
            let found = link.run(async {
                let head = [
                    step("BEGIN", vec![]),
                    step("SELECT size, hash FROM ledger WHERE county = $1 FOR UPDATE", vec![arg(&county)]),
                ];
                let rows = link.pipeline(&head).await?;
                let head = match rows.last().and_then(|rows| rows.first()) {
                    Some(row) => Head { size: count(row, 0)?, hash: Digest(bytes(row, 1)?) },
                    None => Head::EMPTY,
                };
                // What was written is bound by the hash of its last entry, also under what others added.
                let last = read::entries(link, &county, end.size.saturating_sub(1), 1).await?;
                link.script("COMMIT").await?;
                let ours = last.first().is_some_and(|entry| entry.hash == end.hash);
                Ok((head, ours && head.size >= end.size && end != expect))
            });
            match found {
                Ok((_, true)) => return Ok(true),
                Ok((head, false)) if head == expect => return Ok(false),
                Ok(_) => return Err(StoreError::Conflict),
                Err(Fault::Store(error)) => {
                    self.rollback();
                    return Err(StoreError::Engine(format!(
                        "whether the last commands were made durable is not known: {error}"
                    )));
                }
                Err(Fault::Lost(why)) => {
                    self.link = None;
                    patience.rest(why)?;
                }
            }
        }
    }

    /// Ends a failed transaction; a connection that cannot even do that is given up.
    fn rollback(&mut self) {
        if self.link.as_ref().is_some_and(|link| link.run(link.script("ROLLBACK")).is_err()) {
            self.link = None;
        }
    }

    /// Writes derived rows only, during a rebuild: all records are new.
    pub(super) fn derive(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut patience = Patience::new();
        let (county, memory) = (self.county.clone(), std::mem::take(&mut self.memory));
        let link = self.link(&mut patience)?;
        match link.run(rebuild(link, &county, &memory, batch)) {
            Ok(fresh) => {
                self.memory = memory;
                self.memory.learn(fresh);
                Ok(())
            }
            Err(Fault::Store(error)) => {
                self.rollback();
                Err(error)
            }
            Err(Fault::Lost(why)) => {
                // Whether it was done is open: the rebuild must begin again, and says so.
                self.link = None;
                Err(super::pool::away(&why))
            }
        }
    }

    /// Empties all that is derived.
    pub(super) fn empty(&mut self) -> Result<(), StoreError> {
        let county = self.county.clone();
        self.memory = Memory::default();
        let link = self.link(&mut Patience::new())?;
        match link.run_long(log::empty(link, &county)) {
            Ok(()) => Ok(()),
            Err(Fault::Store(error)) => {
                self.rollback();
                Err(error)
            }
            Err(Fault::Lost(why)) => {
                self.link = None;
                Err(super::pool::away(&why))
            }
        }
    }
}

/// Takes the head, unless it or the number of rows is another one by now.
const TAKE: &str = "UPDATE ledger SET size = $2, hash = $3, rows = $6
    WHERE county = $1 AND size = $4 AND hash = $5 AND rows = $7 RETURNING 1";

/// What has to be asked before a batch can be written: the records that it changes, as they are, the
/// numbers of its series, and how many rows there are. The head's lock is taken with it.
async fn ask(
    link: &Link,
    county: &str,
    expect: Head,
    records: &[RecordId],
    unknown: &BTreeSet<Series>,
) -> Done<Option<Asked>> {
    let mut steps = vec![
        step("BEGIN", vec![]),
        step(
            "SELECT rows FROM ledger WHERE county = $1 AND size = $2 AND hash = $3 FOR UPDATE",
            vec![arg(county), arg(expect.size.cast_signed()), arg(expect.hash.0.as_slice())],
        ),
        step(derive::OLD, vec![arg(county), arg(read::ids(records))]),
    ];
    number(county, unknown, &mut steps);
    let found = link.pipeline(&steps).await?;
    let Some(head) = found[1].first() else {
        link.script("ROLLBACK").await?;
        return Ok(None);
    };
    Ok(Some(Asked {
        begun: true,
        rows: get(head, 0)?,
        old: found[2].iter().map(derive::old).collect::<Done<_>>()?,
        numbers: if unknown.is_empty() { Vec::new() } else { numbered(&found[found.len() - 1])? },
    }))
}

#[derive(Default)]
struct Asked {
    /// The transaction has begun.
    begun: bool,
    rows: i64,
    old: Vec<(RecordId, Old)>,
    numbers: Vec<(Series, i64)>,
}

async fn commit(
    link: &Link,
    county: &str,
    memory: &mut Memory,
    (expect, end): (Head, Head),
    batch: &Batch,
) -> Done<Tried> {
    let unknown = unknown(memory, batch);
    let (begun, known) = (begun(batch), memory.rows.filter(|(head, _)| *head == expect));
    if known.is_none() {
        // Others have written: what is remembered of records may be old.
        memory.held.clear();
    }
    let changed =
        batch.records.iter().map(|stored| stored.projection.row.id).filter(|id| !begun.contains(id));
    let strange: Vec<RecordId> = changed.filter(|id| memory.held.get(id).is_none()).collect();
    let asked = match known {
        Some((_, rows)) if strange.is_empty() && unknown.is_empty() => {
            Asked { rows, begun: false, ..Asked::default() }
        }
        _ => match ask(link, county, expect, &strange, &unknown).await? {
            Some(asked) => asked,
            None => return Ok(Tried::Late),
        },
    };
    memory.held.extend(asked.old);
    // What is taken for new must not be there, whatever is remembered.
    let old = |id: &RecordId| memory.held.get(id).filter(|_| !begun.contains(id));
    let derived = Derived::new(county, batch, &old, asked.rows, &memory.mechanisms);
    let head = |head: &Head| (head.size.cast_signed(), head.hash.0.to_vec());
    let (((old_size, old_hash), (size, hash)), added) = ((head(&expect), head(&end)), derived.added());
    // What changes records without an entry uses up a number as well: by it other nodes notice that what
    // they hold of records is old.
    let rows = asked.rows + added + i64::from(batch.entries.is_empty());
    let taken =
        vec![arg(county), arg(size), arg(hash), arg(old_size), arg(old_hash), arg(rows), arg(asked.rows)];
    // A record may be erased and then seal personal values anew within one group: its key is deleted and
    // inserted, which takes two statements.
    let at_once = !asked.begun && batch.destroyed.is_empty();
    let mut steps = Vec::new();
    if !asked.begun && !at_once {
        steps.push(step("BEGIN", vec![]));
    }
    steps.push(step(TAKE, taken));
    entries(county, batch, &mut steps);
    log::put(county, batch, &mut steps);
    outbox::put(county, batch, &mut steps);
    looks::put(county, batch, &mut steps);
    claims::put(county, batch, &mut steps);
    derived.steps(county, &mut steps);
    figures(county, batch, memory, &asked.numbers, &mut steps);
    let told = Told { channel: &channel(county), text: &end.size.to_string() };
    if at_once {
        link.at_once(&steps, told).await?;
    } else {
        steps.push(step("COMMIT", vec![]));
        link.pipeline_and_tell(&steps, told).await?;
    }
    Ok(Tried::Done(Fresh {
        series: asked.numbers,
        mechanisms: derived.mechanisms().collect(),
        rows: Some((end, rows)),
        held: derived.left().collect(),
    }))
}

async fn rebuild(link: &Link, county: &str, memory: &Memory, batch: &Batch) -> Done<Fresh> {
    let unknown = unknown(memory, batch);
    let mut first = vec![
        step("BEGIN", vec![]),
        step("SELECT rows FROM ledger WHERE county = $1 FOR UPDATE", vec![arg(county)]),
    ];
    number(county, &unknown, &mut first);
    let found = link.pipeline(&first).await?;
    let rows = match found[1].first() {
        Some(row) => get(row, 0)?,
        None => return Err(StoreError::Corrupt("the ledger's head is missing".to_owned()).into()),
    };
    let numbers = if unknown.is_empty() { Vec::new() } else { numbered(&found[found.len() - 1])? };
    let derived = Derived::new(county, batch, &|_| None, rows, &memory.mechanisms);
    let mut steps = Vec::new();
    derived.steps(county, &mut steps);
    looks::put(county, batch, &mut steps);
    claims::put(county, batch, &mut steps);
    figures(county, batch, memory, &numbers, &mut steps);
    let sql = "UPDATE ledger SET rows = rows + $2 WHERE county = $1";
    steps.push(step(sql, vec![arg(county), arg(derived.added())]));
    steps.push(step("COMMIT", vec![]));
    link.pipeline(&steps).await?;
    Ok(Fresh { series: numbers, mechanisms: derived.mechanisms().collect(), ..Fresh::default() })
}

/// The series of a batch that have no number in memory.
fn unknown(memory: &Memory, batch: &Batch) -> BTreeSet<Series> {
    let name = |key: &gongzhi_kernel::project::CellKey| {
        (key.mechanism.clone(), dimension_number(key.dimension), key.indicator.clone())
    };
    batch.cells.keys().map(name).filter(|name| !memory.series.contains_key(name)).collect()
}

/// Gives numbers to series that have none, and reads those of all asked for. The head's lock is held:
/// nobody else gives numbers in this county.
fn number<'a>(county: &'a str, unknown: &'a BTreeSet<Series>, steps: &mut Vec<Step<'a>>) {
    if unknown.is_empty() {
        return;
    }
    let args = || {
        vec![
            arg(county),
            arg(unknown.iter().map(|(mechanism, ..)| mechanism.as_str()).collect::<Vec<_>>()),
            arg(unknown.iter().map(|(_, dimension, _)| *dimension).collect::<Vec<_>>()),
            arg(unknown.iter().map(|(.., indicator)| indicator.as_str()).collect::<Vec<_>>()),
        ]
    };
    let give = "INSERT INTO series (county, id, mechanism, dimension, indicator)
        SELECT $1, (SELECT coalesce(max(id), 0) FROM series WHERE county = $1) + row_number() OVER (), n.*
        FROM unnest($2::text[], $3::bigint[], $4::text[]) AS n (mechanism, dimension, indicator)
        WHERE NOT EXISTS (SELECT 1 FROM series s WHERE s.county = $1 AND s.mechanism = n.mechanism
                          AND s.dimension = n.dimension AND s.indicator = n.indicator)";
    let read = "SELECT s.mechanism, s.dimension, s.indicator, s.id
        FROM unnest($2::text[], $3::bigint[], $4::text[]) AS n (mechanism, dimension, indicator)
        JOIN series s ON s.county = $1 AND s.mechanism = n.mechanism AND s.dimension = n.dimension
                         AND s.indicator = n.indicator";
    steps.push(step(give, args()));
    steps.push(step(read, args()));
}

fn numbered(rows: &[tokio_postgres::Row]) -> Done<Vec<(Series, i64)>> {
    rows.iter().map(|row| Ok(((get(row, 0)?, get(row, 1)?, get(row, 2)?), get(row, 3)?))).collect()
}

fn figures<'a>(
    county: &'a str,
    batch: &'a Batch,
    memory: &Memory,
    numbers: &[(Series, i64)],
    steps: &mut Vec<Step<'a>>,
) {
    let fresh: BTreeMap<&Series, i64> = numbers.iter().map(|(name, number)| (name, *number)).collect();
    let series = |name: &Series| {
        // Every name was either known or has just been given its number.
        fresh.get(name).or_else(|| memory.series.get(name)).copied().unwrap_or_default()
    };
    derive::figures(county, batch, series, steps);
}

/// Entries and answers.
fn entries<'a>(county: &'a str, batch: &'a Batch, steps: &mut Vec<Step<'a>>) {
    use gongzhi_base::canon::Canon as _;
    let of = &batch.entries;
    if !of.is_empty() {
        let sql = "INSERT INTO entry (county, seq, record, revision, header, hash, salt, body)
            SELECT $1, n.* FROM unnest($2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[],
                $8::bytea[]) AS n";
        let args = vec![
            arg(county),
            arg(of.iter().map(|entry| entry.header.seq.cast_signed()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.header.record.0.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.header.revision.cast_signed()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.header.to_bytes()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.hash.0.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.salt.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|entry| entry.body.as_slice()).collect::<Vec<_>>()),
        ];
        steps.push(step(sql, args));
    }
    let of = &batch.answers;
    if !of.is_empty() {
        let sql = "INSERT INTO answer (county, command, digest, record, revision, seq)
            SELECT $1, n.* FROM unnest($2::text[], $3::bytea[], $4::bytea[], $5::bigint[], $6::bigint[]) AS n";
        let args = vec![
            arg(county),
            arg(of.iter().map(|answer| answer.command.as_str()).collect::<Vec<_>>()),
            arg(of.iter().map(|answer| answer.digest.0.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|answer| answer.record.0.as_slice()).collect::<Vec<_>>()),
            arg(of.iter().map(|answer| answer.revision.cast_signed()).collect::<Vec<_>>()),
            arg(of.iter().map(|answer| answer.seq.cast_signed()).collect::<Vec<_>>()),
        ];
        steps.push(step(sql, args));
    }
}
