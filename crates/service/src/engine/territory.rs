//! Changes of the territory: a place was moved, merged, closed or taken up again.
//!
//! Figures stand on the map of their time: a record counts under the places above it when it was
//! opened, for good. By how much today's map differs is kept beside them ([`Dimension::Moved`]); a
//! change of the territory moves the whole figures of one place there, in the same transaction, however
//! many records they come from. Lists, inboxes and searches stand on today's map only: rows of the
//! records concerned are written anew right after, some at a time, before the change is answered. What is
//! still to be written is kept as a setting, so that the next commit goes on where the answer was lost, and the next
//! start after a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Short, Timestamp};
use gongzhi_kernel::project::{CellKey, apart_key, project, read_apart_key};
use gongzhi_kernel::{Command, Decision, Laws, Order, Record, World};
use gongzhi_lang::model::{Dimension, Level};
use gongzhi_store::{Batch, CellQuery, Ledger, ListQuery, Order as Sorted, Scope, StoreError, Stored, Want};

use super::group::{Cells, Group, Means};
use super::{TRIES, Writer};

/// Rows written anew with one transaction.
const PAGE: u32 = 500;
/// Before the place in the name of the setting that keeps what is to be written anew.
const PENDING: &str = "territory/";

/// A place that lies elsewhere now, with all that lies under it.
pub(super) struct Move {
    code: String,
    /// Under which places it lay, and lies no more.
    lost: Vec<String>,
    gained: Vec<String>,
    /// Where the rows of its records stand until they are written anew.
    rows: Option<(Level, String)>,
}

/// What a command's moves change.
pub(super) struct Shift {
    /// After them.
    world: Arc<World>,
    moves: Vec<Move>,
    cells: Cells,
}

/// Whether a command may change the territory: a step of a place that is in the register.
pub(super) fn may_move(command: &Command, world: &World) -> bool {
    matches!(command.order, Order::Step { .. }) && world.is_place(command.order.record())
}

/// A command that may change the territory comes after everything that was opened before it, also by a
/// clock that was set back meanwhile: under which places a record counts must not change behind it.
pub(super) fn after_all(
    command: &Command,
    ledger: &dyn Ledger,
    newest_here: Option<Timestamp>,
) -> Result<Command, StoreError> {
    let newest = ListQuery { scope: Scope::All, order: Sorted::Newest, limit: 1, ..ListQuery::default() };
    let durable = ledger.list(&newest)?.rows.first().map(|row| row.opened);
    let newest = durable.max(newest_here);
    let at = newest.map_or(command.at, |newest| command.at.max(newest.plus_millis(1)));
    Ok(Command { at, ..command.clone() })
}

/// Whether a record is a place that was there, and lies under others afterwards or is no more (or is again).
fn lies_elsewhere(laws: &Laws, world: &World, record: &Record) -> bool {
    if !world.is_place(record.id) {
        return false;
    }
    let Some(mechanism) = laws.version(&record.mechanism, record.version) else { return false };
    let text = |name: &str| record.fields.get(name).and_then(gongzhi_base::Value::text);
    let gone = mechanism.state(&record.state).is_some_and(|state| state.is_final);
    let before = text("code").and_then(|code| world.place(code));
    gone || before.is_none_or(|before| before.parent.as_deref() != text("parent"))
}

/// The setting that tells that rows of a place are to be written anew.
fn pending(level: Level, code: &str) -> String {
    format!("{PENDING}{}/{code}", level.word())
}

/// Takes the places among changed records into the world; gives those that lie elsewhere now.
fn register(laws: &Laws, world: &mut Arc<World>, records: &BTreeMap<RecordId, Arc<Record>>) -> Vec<Move> {
    let mut moves = Vec::new();
    for record in records.values() {
        let Some(mechanism) = laws.version(&record.mechanism, record.version) else { continue };
        let Some(code) = record.fields.get("code").and_then(gongzhi_base::Value::text) else { continue };
        if mechanism.register.as_deref() != Some("place") {
            continue;
        }
        let before = world.lineage().line(code, None);
        let path = world.known_path(code).cloned();
        let rows = path.as_ref().and_then(|path| {
            path.iter().zip(Level::ALL).rev().find_map(|(code, level)| Some((level, code.clone()?)))
        });
        Arc::make_mut(world).register(mechanism, record);
        let after = world.lineage().line(code, None);
        let without = |line: &[String], other: &[String]| -> Vec<String> {
            line.iter().filter(|place| !other.contains(place)).cloned().collect()
        };
        // A place that was not there has no records.
        let elsewhere = before != after || path.as_ref() != world.known_path(code);
        if !before.is_empty() && elsewhere {
            let (lost, gained) = (without(&before, &after), without(&after, &before));
            moves.push(Move { code: code.to_owned(), lost, gained, rows });
        }
    }
    moves
}

impl Group {
    /// What a decision's places change, where some lie elsewhere afterwards: the figures on today's map, and which rows are
    /// to be written anew. It only reads, but for the note of what is to be written anew; that of a command that fails
    /// costs no more than the work.
    pub(super) fn shift_of(
        &self,
        means: &Means,
        laws: &Laws,
        decision: &Decision,
    ) -> Result<Option<Shift>, StoreError> {
        if !decision.records.values().any(|record| lies_elsewhere(laws, &self.at.world, record)) {
            return Ok(None);
        }
        let mut world = self.at.world.clone();
        let moves = register(laws, &mut world, &decision.records);
        let mut shift = Shift { world, moves: Vec::new(), cells: Cells::default() };
        for place in moves {
            // The figures of a place that moved before in the same command stand where that left them.
            for ((key, above), sum) in self.figures_of(means, laws, &place.code, &shift.cells)? {
                let mut add = |code: &String, sign: i64| {
                    let there = match &above {
                        None => Some(code.into()),
                        Some(above) => apart_key(above, Dimension::Moved, code),
                    };
                    let Some(there) = there else { return };
                    let cell = shift.cells.entry(CellKey { key: there, ..key.clone() }).or_default();
                    cell.0 += sign * sum.0;
                    cell.1 += sign * sum.1;
                };
                place.gained.iter().for_each(|code| add(code, 1));
                place.lost.iter().for_each(|code| add(code, -1));
            }
            if let Some((level, code)) = &place.rows {
                means.ledger.put_setting(&pending(*level, code), b"1")?;
            }
            shift.moves.push(place);
        }
        Ok(Some(shift))
    }

    /// Takes a decision's places into the world, and what that changes.
    pub(super) fn take_places(
        &mut self,
        means: &Means,
        laws: &Laws,
        decision: &Decision,
        shift: Option<Shift>,
    ) {
        let Some(Shift { world, moves, cells }) = shift else {
            // Where new ones lie there was nothing.
            register(laws, &mut self.at.world, &decision.records);
            return;
        };
        self.at.world = world;
        if moves.is_empty() {
            return;
        }
        // What records counted for before stands under today's places from here on: only what changes
        // after the moves is added to the cells record by record.
        for kept in self.found.values_mut() {
            if let Some(mechanism) = laws.version(&kept.record.mechanism, kept.record.version) {
                let made = project(mechanism, &kept.record, &self.at.world, means.ambient.now());
                kept.share = Arc::new(made.share);
            }
        }
        for (key, change) in cells {
            let cell = self.cells.entry(key).or_default();
            cell.0 += change.0;
            cell.1 += change.1;
        }
        self.moved.extend(moves.into_iter().filter_map(|place| place.rows));
    }

    /// All figures of a place on today's map, over all records and within each record above that keeps its
    /// parts apart, what the group has changed so far included, and `further` changes. Nothing is under way: what
    /// the ledger holds is what the group stands on, or it will not be made durable.
    fn figures_of(
        &self,
        means: &Means,
        laws: &Laws,
        code: &str,
        further: &Cells,
    ) -> Result<Sums, StoreError> {
        let mut sums = Sums::new();
        let mut add = |key: CellKey, change: (i64, i64)| {
            let Some((dimension, above)) = of_place(&key, code) else { return };
            let sum = sums.entry((CellKey { dimension, key: Short::default(), ..key }, above)).or_default();
            sum.0 += change.0;
            sum.1 += change.1;
        };
        let apart: BTreeSet<&str> =
            laws.all().filter(|law| law.apart.is_some()).map(|law| law.name.as_str()).collect();
        for mechanism in laws.library.mechanisms.keys() {
            let own =
                [Dimension::Place, Dimension::Moved].map(|dimension| (dimension, vec![code.to_owned()]));
            // Within which records above it is counted only their keys tell.
            let within = apart.contains(mechanism.as_str()).then(|| (Dimension::Apart, Vec::new()));
            for (dimension, keys) in own.into_iter().chain(within) {
                let query = CellQuery {
                    mechanism: mechanism.clone(),
                    indicators: Vec::new(),
                    dimension,
                    keys,
                    from: String::new(),
                    to: "9999-99".to_owned(),
                };
                for cell in means.ledger.cells(&query)? {
                    add(cell.key, (cell.numerator, cell.denominator));
                }
            }
        }
        for (key, change) in self.cells.iter().chain(further) {
            add(key.clone(), *change);
        }
        Ok(sums)
    }
}

/// Sums by the cell that they go to, its key left empty, and by the record above within which they were counted.
type Sums = BTreeMap<(CellKey, Option<String>), (i64, i64)>;

/// Whether a cell counts for a place on today's map: in which dimension what differs is kept, and within which
/// record above.
fn of_place(key: &CellKey, code: &str) -> Option<(Dimension, Option<String>)> {
    let on_map = |dimension| matches!(dimension, Dimension::Place | Dimension::Moved);
    if key.dimension == Dimension::Apart {
        let (above, dimension, place) = read_apart_key(&key.key)?;
        return (on_map(dimension) && place == code).then(|| (Dimension::Apart, Some(above.to_owned())));
    }
    (on_map(key.dimension) && key.key == code).then_some((Dimension::Moved, None))
}

impl Writer {
    /// Rows of these places are to be written anew. A node that started between the note and the commit may have
    /// taken the note for its own.
    pub(super) fn note_moved(&mut self, moved: &[(Level, String)]) {
        for (level, code) in moved {
            self.rows_stale = true;
            if let Err(error) = self.means.ledger.put_setting(&pending(*level, code), b"1") {
                tracing::warn!(%error, "which lists do not stand on the new map could not be noted again");
            }
        }
    }

    /// Writes the rows of moved places anew, what an earlier process left undone too.
    pub(super) fn write_moved(&mut self) -> Result<(), StoreError> {
        let pending = self.means.ledger.settings()?;
        let pending =
            pending.into_iter().filter(|(name, value)| name.starts_with(PENDING) && !value.is_empty());
        let places: BTreeSet<String> = pending.map(|(name, _)| name).collect();
        for name in places {
            let place = name.strip_prefix(PENDING).and_then(|place| place.split_once('/'));
            if let Some((level, code)) = place
                && let Some(level) = Level::read(level)
            {
                let written = self.write_rows(level, code);
                self.means.ledger.let_go();
                written?;
            }
            self.means.ledger.put_setting(&name, b"")?;
        }
        Ok(())
    }

    /// Writes the rows of all records at and under a place anew. Nothing may be under way.
    fn write_rows(&mut self, level: Level, code: &str) -> Result<(), StoreError> {
        let mut after = None;
        let (mut written, mut lost) = (0, 0);
        loop {
            let query = ListQuery {
                scope: Scope::All,
                place: Some((level, code.to_owned())),
                order: Sorted::Newest,
                after,
                limit: PAGE,
                ..ListQuery::default()
            };
            let page = self.means.ledger.list(&query)?;
            let ids: Vec<RecordId> = page.rows.iter().map(|row| row.id).collect();
            if ids.is_empty() {
                break;
            }
            let batch = self.rows_anew(ids)?;
            match self.means.ledger.commit(self.at.head, &batch) {
                Ok(()) => (written, lost) = (written + batch.records.len(), 0),
                // Another node wrote meanwhile: the same page again on what it left. While another process rebuilds,
                // nobody writes; then it is done later.
                Err(StoreError::Conflict) if lost < TRIES => {
                    lost += 1;
                    self.turn()?;
                    continue;
                }
                Err(error) => return Err(error),
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        tracing::info!(place = code, records = written, "lists stand on the new map");
        Ok(())
    }

    /// What is derived of records, on the map of now. It holds no entry.
    fn rows_anew(&self, ids: Vec<RecordId>) -> Result<Batch, StoreError> {
        let laws = self.means.state.load().laws.clone();
        let now = self.means.ambient.now();
        let mut batch = Batch::default();
        for (id, snapshot) in self.means.ledger.load(&Want { records: ids, commands: Vec::new() })?.records {
            let record = Record::from_bytes(&snapshot)
                .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))?;
            let Some(mechanism) = laws.version(&record.mechanism, record.version) else { continue };
            let projection = project(mechanism, &record, &self.at.world, now);
            batch.records.push(Stored { snapshot, receipt: None, projection, text_changed: true });
        }
        Ok(batch)
    }
}
