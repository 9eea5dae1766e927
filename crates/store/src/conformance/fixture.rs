//! Invented records for the cases: plain to build, deterministic, valid for the chain.

use std::collections::BTreeMap;

use gongzhi_base::words::index_tokens;
use gongzhi_base::{CommandId, Digest, RecordId, Timestamp};
use gongzhi_kernel::actor::Acted;
use gongzhi_kernel::chain::Head;
use gongzhi_kernel::event::{Deed, Event};
use gongzhi_kernel::merkle::Frontier;
use gongzhi_kernel::project::{CellKey, Projection, Row, facet_token, place_token, unit_token};
use gongzhi_lang::model::Dimension;

use crate::{Answer, Batch, Ledger, ListQuery, Order, Scope, StoreError, Stored};

/// The county of all cases.
pub const COUNTY: &str = "000000";
/// The mechanism of most records.
pub const MATTER: &str = "matter";
/// A time to count from, 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600_000;
/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// Numbers that look random and are the same in every run (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// The identifier of the n-th record.
pub fn id(n: u64) -> RecordId {
    let mut entropy = [0; 10];
    entropy[..8].copy_from_slice(&n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
    RecordId::at(START + n as i64, entropy)
}

/// A command's identifier.
pub fn command(n: u64) -> CommandId {
    CommandId::new(&format!("command-{:016x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .expect("a good identifier")
}

/// The n-th record: an open matter of the village `v1` in the town `t1`.
pub fn record(n: u64) -> Stored {
    let opened = Timestamp(START + n as i64 * 1_000);
    let row = Row {
        id: id(n),
        mechanism: MATTER.into(),
        version: 1,
        revision: 1,
        state: "received".into(),
        open: true,
        number: format!("2026-{n:06}"),
        title: format!("matter {n}"),
        path: [Some("c1".into()), Some("t1".into()), Some("v1".into()), None],
        unit: None,
        kind: None,
        kind_top: None,
        due: None,
        due_name: None,
        late: false,
        opened,
        changed: opened,
        month: "2026-01".into(),
        marks: 0,
        parent: None,
        point: None,
    };
    let projection = Projection {
        row,
        todo: Vec::new(),
        timers: Vec::new(),
        text: String::new(),
        scopes: Vec::new(),
        facets: Vec::new(),
        share: Default::default(),
    };
    with_scopes(Stored { snapshot: vec![n as u8; 300], receipt: None, projection, text_changed: false })
}

/// Recomputes the scope tokens from the row's places and unit.
pub fn with_scopes(mut stored: Stored) -> Stored {
    let row = &stored.projection.row;
    let mut scopes: Vec<String> = row.path.iter().flatten().map(|code| place_token(code)).collect();
    scopes.extend(row.unit.iter().map(|unit| unit_token(unit)));
    scopes.sort();
    stored.projection.scopes = scopes;
    stored
}

/// Gives a record words to be found by.
pub fn with_text(mut stored: Stored, text: &str) -> Stored {
    stored.projection.text = index_tokens(text);
    stored.text_changed = true;
    stored
}

/// A cell's key.
pub fn cell(indicator: &str, dimension: Dimension, key: &str, period: &str) -> CellKey {
    CellKey {
        mechanism: MATTER.into(),
        indicator: indicator.into(),
        dimension,
        key: key.into(),
        period: period.into(),
        bucket: None,
    }
}

/// The key of a cell that counts lapses of time in a bucket.
pub fn bucket(indicator: &str, key: &str, period: &str, bucket: u16) -> CellKey {
    CellKey { bucket: Some(bucket), ..cell(indicator, Dimension::Place, key, period) }
}

/// A ledger with the head that its next batch continues.
pub struct Book {
    pub ledger: Box<dyn Ledger>,
    pub head: Head,
    edge: Frontier,
    commands: u64,
    /// Revisions committed so far.
    revisions: BTreeMap<RecordId, u64>,
}

impl Book {
    /// Begins with an empty ledger.
    pub fn new(ledger: Box<dyn Ledger>) -> Book {
        assert_eq!(ledger.head(), Ok(Head::EMPTY), "the ledger must be empty");
        Book { ledger, head: Head::EMPTY, edge: Frontier::default(), commands: 0, revisions: BTreeMap::new() }
    }

    /// A batch with one entry and one answered command for each record, at its next revision, and the head
    /// after it.
    pub fn batch(&mut self, records: Vec<Stored>) -> (Batch, Head) {
        let mut batch = Batch::default();
        let mut head = self.head;
        for mut stored in records {
            let row = &mut stored.projection.row;
            row.revision = self.revisions.get(&row.id).map_or(1, |committed| committed + 1);
            // Records of a test may be changed at any time; entries come in order.
            let event = Event { at: Timestamp(head.size as i64), ..event(&stored.projection.row) };
            let (entry, next) = head.append(COUNTY, &event, [7; 16]);
            self.commands += 1;
            batch.answers.push(Answer {
                command: command(self.commands),
                digest: Digest::of(&self.commands.to_be_bytes()),
                record: event.record,
                revision: event.revision,
                seq: head.size,
            });
            batch.entries.push(entry);
            batch.records.push(stored);
            head = next;
        }
        (batch, head)
    }

    /// Commits records, one entry each.
    pub fn put(&mut self, records: Vec<Stored>) -> Result<(), StoreError> {
        self.put_with_cells(records, BTreeMap::new())
    }

    /// The right edge of the log so far.
    pub fn edge(&self) -> &Frontier {
        &self.edge
    }

    /// Commits records with changes of cells.
    pub fn put_with_cells(
        &mut self,
        records: Vec<Stored>,
        cells: BTreeMap<CellKey, (i64, i64)>,
    ) -> Result<(), StoreError> {
        let (mut batch, head) = self.batch(records);
        batch.cells = cells.into_iter().collect();
        let mut edge = self.edge.clone();
        batch.nodes = batch.entries.iter().flat_map(|entry| edge.push(entry.hash)).collect();
        self.ledger.commit(self.head, &batch)?;
        (self.head, self.edge) = (head, edge);
        let rows = batch.records.iter().map(|stored| &stored.projection.row);
        self.revisions.extend(rows.map(|row| (row.id, row.revision)));
        Ok(())
    }
}

/// An event of a record at its revision.
pub fn event(row: &Row) -> Event {
    Event {
        record: row.id,
        mechanism: row.mechanism.clone(),
        version: row.version,
        revision: row.revision,
        at: row.changed,
        by: Acted::System,
        deed: Deed::Look { fields: vec!["phone".into()], purpose: "call back".into() },
    }
}

/// A wrapped key that is found in a file only if it is there.
pub fn wrapped(n: u64) -> Vec<u8> {
    let part = |half: u64| Digest::of_parts(&[b"key", &n.to_be_bytes(), &half.to_be_bytes()]).0;
    [part(0).as_slice(), &part(1), &part(2)[..8]].concat()
}

/// Seals many records, in the order of nothing, and destroys the keys of some, among them neighbours. Gives the
/// numbers of the destroyed and of the others.
pub fn erase_some(book: &mut Book) -> (Vec<u64>, Vec<u64>) {
    const MANY: u64 = 2_000;
    let order = |n: u64| n * 1_009 % MANY;
    let digest = |n: u64| RecordId(*Digest::of(&n.to_be_bytes()).0.first_chunk().expect("sixteen bytes"));
    for from in (0..MANY).step_by(50) {
        let keys = (from..from + 50).map(|n| (digest(order(n)), wrapped(order(n)))).collect();
        let batch = Batch { keys, ..Batch::default() };
        book.ledger.commit(book.head, &batch).expect("committed");
    }
    let (gone, kept): (Vec<u64>, Vec<u64>) = (0..MANY).partition(|n| n % 40 == 7 || (700..720).contains(n));
    for part in gone.chunks(20) {
        let destroyed = part.iter().map(|n| digest(*n)).collect();
        let batch = Batch { destroyed, ..Batch::default() };
        book.ledger.commit(book.head, &batch).expect("committed");
    }
    let held = book.ledger.all_keys(None, 10_000).expect("keys");
    assert_eq!(held.len(), kept.len());
    // One of them is sealed anew: under another key.
    let again = Batch { keys: vec![(digest(gone[0]), wrapped(MANY + 1))], ..Batch::default() };
    book.ledger.commit(book.head, &again).expect("committed");
    assert_eq!(book.ledger.keys(&[digest(gone[0])]).expect("a key"), [(digest(gone[0]), wrapped(MANY + 1))]);
    (gone, kept)
}

/// Which of these keys stand in the files below a directory.
pub fn found_in(dir: &std::path::Path, keys: &[u64]) -> Vec<u64> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap_or_default();
            let mut starts: BTreeMap<[u8; 8], u64> =
                keys.iter().map(|n| (*wrapped(*n).first_chunk().expect("bytes"), *n)).collect();
            for window in bytes.windows(8) {
                let window: &[u8; 8] = window.try_into().expect("eight bytes");
                found.extend(starts.remove(window));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Parts of parts: records under the first two with a state and a month.
pub fn parts(count: u64) -> Vec<Stored> {
    let part = |n: u64| {
        let mut stored = with_scopes(record(n));
        stored.projection.row.open = !n.is_multiple_of(3);
        stored.projection.facets =
            [format!("above={}", id(n % 2)), format!("above={}", id(9)), "due_on=2026-03".to_owned()]
                .iter()
                .map(|key| facet_token(key))
                .collect();
        stored.projection.facets.sort();
        stored
    };
    (0..count).map(part).collect()
}

/// What the lists within the records above [`parts`] hold, newest first and by due time, and their values.
pub fn lists_within(ledger: &dyn Ledger) -> Vec<(Vec<RecordId>, Vec<String>)> {
    let mut found = Vec::new();
    for (above, open) in [(id(0), None), (id(1), Some(true)), (id(9), Some(true))] {
        let query = ListQuery {
            scope: Scope::All,
            mechanism: Some(MATTER.into()),
            facets: vec!["due_on=2026-03".into(), format!("above={above}")],
            order: if open.is_some() { Order::Due } else { Order::Newest },
            open,
            ..ListQuery::default()
        };
        let rows = ledger.list(&query).expect("a list").rows;
        let values = ledger.values(MATTER, "due_on", Some(above)).expect("values");
        found.push((rows.iter().map(|row| row.id).collect(), values));
    }
    found
}
