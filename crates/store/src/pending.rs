//! What a commit leaves to be done a moment later.
//!
//! A commit makes the entries and the answers durable, and beside them, packed in one row, all that is
//! derived from them: records, cells, numbers given. The tables that lists and figures are read from
//! are brought up to date by [applying](Applier) the packed rows in order, many at once: what several
//! commands changed of one record or one cell is then written once. Whoever reads such a table has
//! what was committed before applied first, so that nobody ever sees less than was acknowledged.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use foldhash::fast::RandomState;
use gongzhi_base::canon::{Canon, Out, array, expect_array};
use gongzhi_base::{Digest, Point, RecordId};
use gongzhi_kernel::project::{CellKey, Projection, Row, Share};
use gongzhi_lang::model::Dimension;
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder};

use crate::shared::{begun, dimension_number};
use crate::{Batch, StoreError, Stored};

/// Packed rows applied in one transaction at most.
pub(crate) const ROWS: u32 = 256;
/// Records left to be applied that are not kept waiting for more.
const ENOUGH: u64 = 1_024;
/// How long a change waits for more to be applied with it, unless somebody asks.
const REST: Duration = Duration::from_millis(100);
/// The least time between two applications: whoever reads waits that long at most, and longer only
/// for what is being applied.
const PAUSE: Duration = Duration::from_millis(8);
/// Bytes of the checksum before the packed ones.
const CHECK: usize = 8;

/// Packs what a batch leaves to be applied; `None` when that is nothing.
pub(crate) fn pack(batch: &Batch) -> Option<Vec<u8>> {
    if batch.records.is_empty() && batch.cells.is_empty() && batch.counters.is_empty() {
        return None;
    }
    let begun = begun(batch);
    let mut plain = Vec::with_capacity(2_048 * batch.records.len() + 64 * batch.cells.len());
    let mut out = Encoder::new(&mut plain);
    array(&mut out, 3);
    array(&mut out, batch.records.len());
    for stored in &batch.records {
        begun.contains(&stored.projection.row.id).put(&mut out);
        put_record(&mut out, stored);
    }
    array(&mut out, batch.cells.len());
    for (key, (numerator, denominator)) in &batch.cells {
        put_key(&mut out, key);
        numerator.put(&mut out);
        denominator.put(&mut out);
    }
    array(&mut out, batch.counters.len());
    for ((mechanism, year), last) in &batch.counters {
        mechanism.put(&mut out);
        year.put(&mut out);
        last.put(&mut out);
    }
    let short = lz4_flex::compress_prepend_size(&plain);
    let mut packed = check(&short).to_vec();
    packed.extend(short);
    Some(packed)
}

fn check(short: &[u8]) -> [u8; CHECK] {
    let mut check = [0; CHECK];
    check.copy_from_slice(&Digest::of(short).0[..CHECK]);
    check
}

/// What several packed rows leave together.
#[derive(Default)]
pub(crate) struct Unpacked {
    records: BTreeMap<RecordId, Stored>,
    begun: HashSet<RecordId>,
    cells: HashMap<CellKey, (i64, i64), RandomState>,
    counters: BTreeMap<(String, i16), u64>,
}

impl Unpacked {
    /// Adds the row that follows the last one; the county's rows are numbered without a gap.
    pub fn next(&mut self, last: &mut i64, n: i64, packed: &[u8]) -> Result<(), StoreError> {
        if n != *last + 1 {
            return Err(Unpacked::missing(*last + 1));
        }
        *last = n;
        self.add(n, packed)
    }

    /// That a row is not there.
    pub fn missing(n: i64) -> StoreError {
        StoreError::Corrupt(format!("what commit {n} left to be written is missing; run `gongzhi rebuild`"))
    }

    /// Adds a packed row, the `n`-th of the county.
    fn add(&mut self, n: i64, packed: &[u8]) -> Result<(), StoreError> {
        let broken = |why: String| {
            StoreError::Corrupt(format!(
                "what commit {n} left to be written is unreadable: {why}; run `gongzhi rebuild`"
            ))
        };
        let (sum, short) = packed.split_at_checked(CHECK).ok_or_else(|| broken("too short".to_owned()))?;
        if sum != check(short) {
            return Err(broken("its checksum is another".to_owned()));
        }
        let plain = lz4_flex::decompress_size_prepended(short).map_err(|error| broken(error.to_string()))?;
        self.read(&mut Decoder::new(&plain)).map_err(|error| broken(error.to_string()))
    }

    fn read(&mut self, input: &mut Decoder<'_>) -> Result<(), Error> {
        expect_array(input, 3)?;
        for _ in 0..input.array()?.unwrap_or_default() {
            let begun = bool::take(input)?;
            let mut stored = take_record(input)?;
            let id = stored.projection.row.id;
            if begun {
                self.begun.insert(id);
            }
            if let Some(before) = self.records.remove(&id) {
                stored.text_changed |= before.text_changed;
                stored.receipt = stored.receipt.or(before.receipt);
            }
            self.records.insert(id, stored);
        }
        for _ in 0..input.array()?.unwrap_or_default() {
            let key = take_key(input)?;
            let sum = self.cells.entry(key).or_default();
            sum.0 += i64::take(input)?;
            sum.1 += i64::take(input)?;
        }
        for _ in 0..input.array()?.unwrap_or_default() {
            let series = (String::take(input)?, i16::take(input)?);
            self.counters.insert(series, u64::take(input)?);
        }
        Ok(())
    }

    /// One batch of derived rows only, and which of its records are new.
    pub fn whole(self) -> (Batch, HashSet<RecordId>) {
        let mut cells: Vec<_> = self.cells.into_iter().filter(|(_, sum)| *sum != (0, 0)).collect();
        // In the order in which they stand in a database.
        cells.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let records = self.records.into_values().collect();
        (Batch { records, cells, counters: self.counters, ..Batch::default() }, self.begun)
    }
}

fn put_record(out: &mut Out<'_>, stored: &Stored) {
    let Projection { row, todo, timers, text, scopes, facets, share: _ } = &stored.projection;
    array(out, 9);
    put_row(out, row);
    todo.put(out);
    timers.put(out);
    text.put(out);
    scopes.put(out);
    facets.put(out);
    put_bytes(out, &stored.snapshot);
    stored.receipt.put(out);
    stored.text_changed.put(out);
}

fn take_record(input: &mut Decoder<'_>) -> Result<Stored, Error> {
    expect_array(input, 9)?;
    let projection = Projection {
        row: take_row(input)?,
        todo: Canon::take(input)?,
        timers: Canon::take(input)?,
        text: Canon::take(input)?,
        scopes: Canon::take(input)?,
        facets: Canon::take(input)?,
        // Its change stands in the cells.
        share: Share::default(),
    };
    let snapshot = input.bytes()?.to_vec();
    Ok(Stored { projection, snapshot, receipt: Canon::take(input)?, text_changed: Canon::take(input)? })
}

fn put_bytes(out: &mut Out<'_>, bytes: &[u8]) {
    gongzhi_base::canon::ok(out.bytes(bytes));
}

fn put_row(out: &mut Out<'_>, row: &Row) {
    array(out, 21);
    row.id.put(out);
    row.mechanism.put(out);
    row.version.put(out);
    row.revision.put(out);
    row.state.put(out);
    row.open.put(out);
    row.number.put(out);
    row.title.put(out);
    array(out, row.path.len());
    row.path.iter().for_each(|code| code.put(out));
    row.unit.put(out);
    row.kind.put(out);
    row.kind_top.put(out);
    row.due.put(out);
    row.due_name.put(out);
    row.late.put(out);
    row.opened.put(out);
    row.changed.put(out);
    row.month.put(out);
    row.marks.put(out);
    row.parent.put(out);
    row.point.map(|point| (point.lat, point.lon)).put(out);
}

fn take_row(input: &mut Decoder<'_>) -> Result<Row, Error> {
    expect_array(input, 21)?;
    Ok(Row {
        id: Canon::take(input)?,
        mechanism: Canon::take(input)?,
        version: Canon::take(input)?,
        revision: Canon::take(input)?,
        state: Canon::take(input)?,
        open: Canon::take(input)?,
        number: Canon::take(input)?,
        title: Canon::take(input)?,
        path: Vec::take(input)?.try_into().map_err(|_| Error::message("a path of another length"))?,
        unit: Canon::take(input)?,
        kind: Canon::take(input)?,
        kind_top: Canon::take(input)?,
        due: Canon::take(input)?,
        due_name: Canon::take(input)?,
        late: Canon::take(input)?,
        opened: Canon::take(input)?,
        changed: Canon::take(input)?,
        month: Canon::take(input)?,
        marks: Canon::take(input)?,
        parent: Canon::take(input)?,
        point: <Option<(i32, i32)> as Canon>::take(input)?.map(|(lat, lon)| Point { lat, lon }),
    })
}

fn put_key(out: &mut Out<'_>, key: &CellKey) {
    key.mechanism.put(out);
    key.indicator.put(out);
    dimension_number(key.dimension).put(out);
    key.key.put(out);
    key.period.put(out);
    key.bucket.map(u32::from).put(out);
}

fn take_key(input: &mut Decoder<'_>) -> Result<CellKey, Error> {
    let (mechanism, indicator, number) = (Canon::take(input)?, Canon::take(input)?, i64::take(input)?);
    let dimension = Dimension::ALL.into_iter().find(|dimension| dimension_number(*dimension) == number);
    Ok(CellKey {
        mechanism,
        indicator,
        dimension: dimension.ok_or(Error::message("no dimension"))?,
        key: Canon::take(input)?,
        period: Canon::take(input)?,
        bucket: <Option<u32> as Canon>::take(input)?.map(|bucket| bucket as u16),
    })
}

struct State {
    /// Something is to be applied.
    any: bool,
    /// How many records commits have left since the last time.
    records: u64,
    /// Up to which commit it was applied, and up to which somebody waits for it.
    applied: i64,
    wanted: i64,
    /// How often it could not be done, and why the last time.
    failures: u64,
    error: StoreError,
    stop: bool,
}

struct Bell {
    state: Mutex<State>,
    /// For the thread.
    wake: Condvar,
    /// For those who wait.
    done: Condvar,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody asks, there is enough to apply, or some has waited long enough; false when it
    /// is time to end.
    fn rest(&self) -> bool {
        let asked = |state: &State| state.stop || state.wanted > state.applied;
        let pause = |state: &mut State| !state.stop;
        let nothing = |state: &mut State| !state.any && !asked(state);
        let few = |state: &mut State| state.records < ENOUGH && !asked(state);
        // Readers that come one after another share what is applied for them.
        let (state, _) =
            self.wake.wait_timeout_while(self.lock(), PAUSE, pause).unwrap_or_else(PoisonError::into_inner);
        let state = self.wake.wait_while(state, nothing).unwrap_or_else(PoisonError::into_inner);
        let (mut state, _) =
            self.wake.wait_timeout_while(state, REST, few).unwrap_or_else(PoisonError::into_inner);
        (state.any, state.records) = (false, 0);
        !state.stop
    }

    /// Tells how it went.
    fn tell(&self, result: Result<i64, StoreError>) {
        let mut state = self.lock();
        match result {
            Ok(applied) => state.applied = state.applied.max(applied),
            Err(error) => {
                tracing::warn!(%error, "what was committed could not be written into the lists yet");
                state.any = true;
                state.wanted = 0;
                state.failures += 1;
                state.error = error;
            }
        }
        self.done.notify_all();
    }
}

/// However the thread ends, nobody waits for it in vain.
struct Last(Arc<Bell>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.lock().stop = true;
        self.0.done.notify_all();
    }
}

/// The thread that applies what commits leave.
pub(crate) struct Applier {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

impl Applier {
    /// Starts it; `apply` applies all that is left and gives the last commit that was applied. What an
    /// earlier life left is applied at once.
    pub fn start(
        mut apply: impl FnMut() -> Result<i64, StoreError> + Send + 'static,
    ) -> std::io::Result<Applier> {
        let error = StoreError::Engine("it was closed".to_owned());
        let state =
            State { any: true, records: ENOUGH, applied: 0, wanted: 0, failures: 0, error, stop: false };
        let bell = Arc::new(Bell { state: Mutex::new(state), wake: Condvar::new(), done: Condvar::new() });
        let last = Last(Arc::clone(&bell));
        let work = move || {
            while last.0.rest() {
                last.0.tell(apply());
            }
            // What cannot be applied now is applied by the next life.
            let _ = apply();
        };
        let thread = std::thread::Builder::new().name("applier".to_owned()).spawn(work)?;
        Ok(Applier { bell, thread: Some(thread) })
    }

    /// Tells that a commit left so many records.
    pub fn left(&self, records: usize) {
        let mut state = self.bell.lock();
        let (first, few) = (!state.any, state.records < ENOUGH);
        state.any = true;
        state.records += records as u64;
        if first || few && state.records >= ENOUGH {
            self.bell.wake.notify_one();
        }
    }

    /// Whether commits have left something here that is not applied for certain.
    pub fn behind(&self) -> bool {
        let state = self.bell.lock();
        state.any || state.applied < state.wanted
    }

    /// Tells that the database knows of no more than this as applied: a server that crashed may have lost
    /// what was not synced by itself, and it is to be applied again.
    pub fn lost(&self, applied: i64) {
        let mut state = self.bell.lock();
        state.applied = state.applied.min(applied);
        state.wanted = state.wanted.min(applied);
        state.any = true;
        self.bell.wake.notify_one();
    }

    /// Waits until all commits up to this one are applied; meanwhile the reader's slot is another's.
    pub fn wait(&self, until: i64) -> Result<(), StoreError> {
        crate::slots::aside(|| self.waited(until))
    }

    fn waited(&self, until: i64) -> Result<(), StoreError> {
        let mut state = self.bell.lock();
        let failures = state.failures;
        if state.applied < until && state.wanted < until {
            state.wanted = until;
            self.bell.wake.notify_one();
        }
        let waiting = |state: &mut State| state.applied < until && state.failures == failures && !state.stop;
        let state = self.bell.done.wait_while(state, waiting).unwrap_or_else(PoisonError::into_inner);
        if state.applied < until { Err(state.error.clone()) } else { Ok(()) }
    }
}

impl Drop for Applier {
    fn drop(&mut self) {
        self.bell.lock().stop = true;
        self.bell.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fixture::{bucket, cell, event, record, with_text};
    use gongzhi_kernel::chain::Head;

    fn batch(n: u64, text: &str, begins: bool) -> Batch {
        let mut stored = with_text(record(n), text);
        stored.text_changed = begins;
        stored.projection.row.revision = if begins { 1 } else { 2 };
        stored.projection.row.point = Some(Point { lat: 35_000_000, lon: -1 });
        stored.receipt = begins.then(|| Digest::of(b"code"));
        let (entry, _) = Head::EMPTY.append("000000", &event(&stored.projection.row), [1; 16]);
        Batch {
            entries: vec![entry],
            records: vec![stored],
            cells: vec![
                (cell("done", Dimension::Place, "v1", "2026-01"), (1, 2)),
                (bucket("took", "v1", "2026-01", 300), (if begins { 1 } else { -1 }, 0)),
            ],
            counters: BTreeMap::from([(("matter".to_owned(), 2026), n)]),
            ..Batch::default()
        }
    }

    #[test]
    fn two_commits_become_one_change() {
        let mut unpacked = Unpacked::default();
        let (first, second) = (batch(7, "停水", true), batch(7, "停电", false));
        for (n, batch) in [(1, &first), (2, &second)] {
            unpacked.add(n, &pack(batch).expect("something")).expect("unpacked");
        }
        let (whole, begun) = unpacked.whole();
        let [stored] = whole.records.as_slice() else { panic!("one record") };
        assert_eq!(stored.projection, second.records[0].projection);
        assert_eq!(stored.snapshot, second.records[0].snapshot);
        assert_eq!((stored.receipt, stored.text_changed), (Some(Digest::of(b"code")), true));
        assert!(begun.contains(&stored.projection.row.id));
        let cells: Vec<_> = whole.cells.into_iter().map(|(_, sum)| sum).collect();
        assert_eq!(cells, [(2, 4)], "what adds up to nothing is left out");
        assert_eq!(whole.counters.into_values().collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn any_changed_byte_is_found() {
        let packed = pack(&batch(7, "停水", true)).expect("something");
        for at in 0..packed.len() {
            let mut bad = packed.clone();
            bad[at] ^= 1;
            let told = Unpacked::default().add(3, &bad).expect_err("broken");
            assert!(told.to_string().contains("commit 3"), "{told}");
        }
    }

    #[test]
    fn whoever_waits_is_told_of_a_failure_and_served_when_it_is_over() {
        let full = Arc::new(Mutex::new(true));
        let (seen, mut applied) = (Arc::clone(&full), 0);
        let apply = move || {
            if *seen.lock().expect("sound") {
                return Err(StoreError::Full);
            }
            applied += 1;
            Ok(applied)
        };
        let applier = Applier::start(apply).expect("starts");
        applier.left(1);
        assert_eq!(applier.wait(1), Err(StoreError::Full));
        *full.lock().expect("sound") = false;
        assert_eq!(applier.wait(1), Ok(()));
        let all: Vec<_> = std::thread::scope(|scope| {
            let waiting: Vec<_> = (1..=5).map(|until| scope.spawn(move || until)).collect();
            waiting.into_iter().map(|thread| applier.wait(thread.join().expect("a number"))).collect()
        });
        assert_eq!(all, vec![Ok(()); 5], "however often it takes");
    }

    #[test]
    fn what_the_database_has_lost_is_applied_again() {
        let kept = Arc::new(Mutex::new(0));
        let seen = Arc::clone(&kept);
        let apply = move || {
            *seen.lock().expect("sound") += 1;
            Ok(3)
        };
        let applier = Applier::start(apply).expect("starts");
        assert_eq!(applier.wait(3), Ok(()));
        let before = *kept.lock().expect("sound");
        assert_eq!(applier.wait(3), Ok(()), "known to be applied");
        assert_eq!(*kept.lock().expect("sound"), before);
        applier.lost(2);
        assert_eq!(applier.wait(3), Ok(()));
        assert!(*kept.lock().expect("sound") > before, "applied again");
    }

    #[test]
    fn nobody_waits_for_a_thread_that_ended_badly() {
        let applier = Applier::start(|| panic!("broken on purpose")).expect("starts");
        assert!(matches!(applier.wait(1), Err(StoreError::Engine(_))));
    }

    #[test]
    fn nothing_derived_is_nothing_to_apply() {
        let batch =
            Batch { records: Vec::new(), cells: Vec::new(), counters: BTreeMap::new(), ..batch(1, "", true) };
        assert_eq!(pack(&batch), None);
    }
}
