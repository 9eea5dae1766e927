//! From rows to commands: which records a sheet speaks of, what becomes of each, and every fault at once.

mod known;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, Digest, RecordId, Value};
use gongzhi_kernel::command::Input;
use gongzhi_kernel::decide::PARENT;
use gongzhi_kernel::{Actor, Command, FieldFault, Order, Raw, Record, Refusal, input};
use gongzhi_lang::model::{Mechanism, Step};
use gongzhi_paper::sheet::{Book, Found, Heading, Row, find, letters};
use gongzhi_store::StoreError;
use jiff::civil::Date;

use super::cells::{Cells, Unread};
use super::keep::Upload;
use super::trial::Trial;
use super::{Aside, Becomes, Column, Entry, ImportFailure, Plan, RowFault, Sheet, Tell, What};
use crate::engine::State;
use crate::service::Service;

/// After how many rows it is told how far it is.
const TOLD: usize = 256;

/// The columns' headings: each may be called in either language.
fn headings(columns: &[Column]) -> Vec<Heading> {
    let heading = |column: &Column| Heading {
        names: vec![column.field.words.zh.clone(), column.field.words.en.clone()],
        required: !column.optional,
    };
    columns.iter().map(heading).collect()
}

/// Plans what a book would do under a record, or in a register.
pub fn make(
    service: &Service,
    actor: &Actor,
    root: Option<&Record>,
    sheet: Sheet,
    book: &Book,
    upload: &Upload,
    tell: Tell<'_>,
) -> Result<Plan, ImportFailure> {
    let found = match find(book, &headings(&sheet.columns)) {
        Ok(found) => found,
        Err(fault) => return Err(ImportFailure::NoTable(Box::new(fault), Box::new(sheet))),
    };
    let state = service.state().clone();
    let mut trial = Trial::new(&state, service.ledger())?;
    trial.know(root.map(|root| Arc::new(root.clone())));
    let mut planning = Planning {
        service,
        actor,
        root,
        upload,
        sheet: &sheet,
        found: &found,
        cells: Cells::new(&state.world),
        state: &state,
        trial: &trial,
        known: HashMap::new(),
        nodes: HashMap::new(),
        entries: Vec::new(),
        faults: Vec::new(),
        orders: Vec::new(),
        claimed: HashMap::new(),
        seen: root.iter().map(|root| root.id).collect(),
        begun: false,
        today: state.world.zone.date(service.now()),
    };
    let table = &book.sheets[found.sheet];
    let mut above: Vec<Option<Node>> = vec![None; sheet.chain.len()];
    let rows = &table.rows[found.first..];
    for (at, row) in rows.iter().enumerate() {
        if at % TOLD == 0 {
            tell(at, 2 * rows.len());
        }
        planning.row(row, &mut above)?;
    }
    planning.alike()?;
    let Planning { entries, mut faults, orders, seen, .. } = planning;
    let seen: Vec<(RecordId, u64)> =
        seen.into_iter().filter_map(|id| Some((id, trial.record(id)?.revision))).collect();
    let total = rows.len();
    let (commands, rows) = commands(service, actor, upload.token, &seen, orders);
    // Trying is the second half of the way.
    let tried = |done: usize| tell(total + total * done / commands.len().max(1), 2 * total);
    refused(&mut trial, (&sheet, &found), (&commands, &rows), &mut faults, &tried)?;
    faults.sort_by_key(|fault| (fault.row, fault.column.as_ref().map(|(_, at)| *at)));
    let mark = mark(&commands);
    Ok(Plan {
        name: table.name.clone(),
        heading: table.rows[found.first - 1].number,
        aside: aside(book, &found),
        sheet,
        entries,
        faults,
        mark,
        commands,
        rows,
        seen,
    })
}

/// Some rows of a book as they stand there, below the headings of the columns that are read.
pub fn rows(sheet: Sheet, book: &Book, wanted: &[u32]) -> Result<Vec<Vec<String>>, ImportFailure> {
    let found = match find(book, &headings(&sheet.columns)) {
        Ok(found) => found,
        Err(fault) => return Err(ImportFailure::NoTable(Box::new(fault), Box::new(sheet))),
    };
    let table = &book.sheets[found.sheet];
    let columns: Vec<u32> = found.columns.iter().flatten().copied().collect();
    let texts = |row: &Row| columns.iter().map(|column| row.text(*column).to_owned()).collect();
    let below = table.rows[found.first..].iter().filter(|row| wanted.contains(&row.number));
    Ok(std::iter::once(&table.rows[found.first - 1]).chain(below).map(texts).collect())
}

/// What is not read of a book.
fn aside(book: &Book, found: &Found) -> Aside {
    let table = &book.sheets[found.sheet];
    let heads = &table.rows[found.first - 1];
    // A column without anything under its heading leaves nothing out.
    let holds = |column: &&u32| table.rows[found.first..].iter().any(|row| !row.text(**column).is_empty());
    Aside {
        sheets: found.others.iter().map(|at| book.sheets[*at].name.clone()).collect(),
        columns: found.unknown.iter().filter(holds).map(|column| heads.text(*column).to_owned()).collect(),
        hidden: table.rows[found.first..].iter().filter(|row| row.hidden).map(|row| row.number).collect(),
    }
}

/// Gives each order its command. The identifier holds the revision of the record, so that the same
/// upload sent twice does its work once, and the same sheet uploaded later does it anew.
fn commands(
    service: &Service,
    actor: &Actor,
    token: Digest,
    seen: &[(RecordId, u64)],
    orders: Vec<(u32, Order)>,
) -> (Vec<Command>, Vec<u32>) {
    let revisions: HashMap<RecordId, u64> = seen.iter().copied().collect();
    let now = service.now();
    let command = |(row, order): (u32, Order)| {
        let record = order.record();
        let revision = revisions.get(&record).copied().unwrap_or_default();
        let digest =
            Digest::of_parts(&[b"gongzhi.import", &token.0, &record.0, &revision.to_be_bytes()]).to_string();
        let id = CommandId::new(&digest).unwrap_or_else(|_| service.new_command_id());
        (Command { id, actor: actor.clone(), at: now, order }, row)
    };
    orders.into_iter().map(command).unzip()
}

/// What commands say, whenever they are sent.
fn mark(commands: &[Command]) -> Digest {
    let told: Vec<Vec<u8>> = commands.iter().map(|command| command.digest(None).0.to_vec()).collect();
    let parts: Vec<&[u8]> = told.iter().map(Vec::as_slice).collect();
    Digest::of_parts(&parts)
}

/// Tries all commands and tells those that the rules refuse. What stands under a refused one is not tried.
fn refused(
    trial: &mut Trial<'_>,
    (sheet, found): (&Sheet, &Found),
    (commands, rows): (&[Command], &[u32]),
    faults: &mut Vec<RowFault>,
    tried: &dyn Fn(usize),
) -> Result<(), StoreError> {
    let mut fallen: HashSet<String> = HashSet::new();
    for (done, (command, row)) in commands.iter().zip(rows).enumerate() {
        if done % TOLD == 0 {
            tried(done);
        }
        let parent = match &command.order {
            Order::Open { input, .. } => input.get(PARENT),
            _ => None,
        };
        if let Some(Raw::Text(parent)) = parent
            && fallen.contains(parent)
        {
            fallen.insert(command.order.record().to_string());
            continue;
        }
        let Err(refusal) = trial.decide(command)? else { continue };
        fallen.insert(command.order.record().to_string());
        let mechanism = match &command.order {
            Order::Open { mechanism, .. } => Some(mechanism.clone()),
            order => trial.record(order.record()).map(|record| record.mechanism.clone()),
        };
        let level = sheet.chain.iter().position(|one| Some(&one.name) == mechanism.as_ref());
        let one = |what, column: Option<usize>| RowFault {
            row: *row,
            column: column.map(|at| (place(found, at), at)),
            text: String::new(),
            what,
        };
        match refusal {
            Refusal::Fields(fields) => faults.extend(fields.into_iter().map(|fault| {
                let at = level.and_then(|level| at(sheet, level, &fault.field));
                one(What::Field(fault), at)
            })),
            refusal => faults.push(one(What::Refused(refusal), None)),
        }
    }
    Ok(())
}

/// The letters of a column; empty where the sheet does not have it.
fn place(found: &Found, column: usize) -> String {
    found.columns[column].map(letters).unwrap_or_default()
}

/// The position of a field's column.
fn at(sheet: &Sheet, level: usize, field: &str) -> Option<usize> {
    let name = field.split_once('.').map_or(field, |(name, _)| name);
    sheet.columns.iter().position(|column| column.level == level && column.field.name == name)
}

/// A record of which a row speaks.
#[derive(Clone)]
struct Node {
    id: RecordId,
    /// The row that spoke of it first.
    row: u32,
    values: Arc<BTreeMap<String, Value>>,
}

/// A record that is there and of which a row speaks by a number.
#[derive(Clone)]
struct Known {
    record: Arc<Record>,
    /// By its own number; else by that of what stands below it.
    told: bool,
}

/// The step by which a sheet changes a record: the first that leads on from its state. Where none does, the first of all,
/// which is refused with that state.
fn changing<'m>(mechanism: &'m Mechanism, record: &Record) -> Option<&'m Step> {
    let steps = mechanism.sheet.iter().flat_map(|sheet| &sheet.changed);
    let mut steps = steps.filter_map(|name| mechanism.step(name)).peekable();
    let first = steps.peek().copied();
    steps.find(|step| step.from.contains(&record.state)).or(first)
}

/// A record is told apart under the one above it, if there is one, at its level, by its key.
type Key = (Option<RecordId>, usize, Vec<u8>);

/// The parts of one record by key, with the number of equal ones.
type Parts = HashMap<Vec<u8>, (Arc<Record>, usize)>;

struct Planning<'p> {
    service: &'p Service,
    actor: &'p Actor,
    root: Option<&'p Record>,
    upload: &'p Upload,
    sheet: &'p Sheet,
    found: &'p Found,
    cells: Cells<'p>,
    state: &'p State,
    trial: &'p Trial<'p>,
    /// Parts that are there, of the records above read so far.
    known: HashMap<(Option<RecordId>, usize), Parts>,
    nodes: HashMap<Key, Node>,
    /// Which record bears a key once the sheet has been imported, and the row that says so.
    claimed: HashMap<Key, (RecordId, u32)>,
    entries: Vec<Entry>,
    faults: Vec<RowFault>,
    orders: Vec<(u32, Order)>,
    /// Records on which the plan rests.
    seen: BTreeSet<RecordId>,
    /// Whether a row has been read.
    begun: bool,
    /// The day on which posts must be held.
    today: Date,
}

impl<'p> Planning<'p> {
    /// One row: the record of each level, from above. `above` holds those of the row before.
    fn row(&mut self, row: &Row, above: &mut [Option<Node>]) -> Result<(), ImportFailure> {
        let columns: Vec<usize> = (0..self.sheet.columns.len()).collect();
        let blank = |column: &usize| {
            self.found.columns[*column].is_none_or(|at| row.text(at).is_empty() && row.fault(at).is_none())
        };
        if columns.iter().all(blank) {
            return Ok(());
        }
        let sheet = self.sheet;
        let Some(known) = self.numbered(row)? else {
            above.fill(None);
            return Ok(());
        };
        let moving = known.last().and_then(Option::as_ref);
        let moving = moving.is_some_and(|known| self.moves(sheet.chain.len() - 1, known));
        let mut under = Some(self.root.map(|root| root.id));
        // Whether this row speaks of the same record as the one before, down to here.
        let mut same = std::mem::replace(&mut self.begun, true);
        for (level, mechanism) in sheet.chain.iter().enumerate() {
            let own: Vec<usize> =
                columns.iter().copied().filter(|column| sheet.columns[*column].level == level).collect();
            let known = &known[level];
            let last = level + 1 == sheet.chain.len();
            let blank = own.iter().all(blank);
            let above_it = above[level].as_ref().map(|node| node.id);
            if blank
                && !last
                && (same || known.is_some())
                && known.as_ref().is_none_or(|known| Some(known.record.id) == above_it)
            {
                // Where the row above has a fault, this has been told.
                under = above[level].as_ref().map(|node| Some(node.id));
                continue;
            }
            let node = match (known, blank && !last) {
                // Known by the number of what stands below it: nothing is said of itself.
                (Some(Known { record, .. }), true) => {
                    let values = Arc::new(record.fields.clone());
                    Some(Node { id: record.id, row: row.number, values })
                }
                (known, _) => match (under, self.values(row, mechanism, &own)) {
                    (Some(under), Some((input, values))) => {
                        self.node(row, level, (under, known.as_ref(), moving), &input, values)?
                    }
                    _ => None,
                },
            };
            same =
                same && node.is_some() && above[level].as_ref().map(|n| n.id) == node.as_ref().map(|n| n.id);
            under = node.as_ref().map(|node| Some(node.id));
            above[level] = node;
        }
        Ok(())
    }

    fn fault(&mut self, row: &Row, column: Option<usize>, what: What) {
        let at = column.and_then(|column| self.found.columns[column]);
        let text = at.map(|at| row.text(at).chars().take(60).collect()).unwrap_or_default();
        let column = column.map(|column| (place(self.found, column), column));
        self.faults.push(RowFault { row: row.number, column, text, what });
    }

    /// What a row says of one level, as it came and as values; `None` with faults.
    fn values(
        &mut self,
        row: &Row,
        mechanism: &Mechanism,
        own: &[usize],
    ) -> Option<(Input, BTreeMap<String, Value>)> {
        let (_, step) = mechanism.sheet()?;
        let before = self.faults.len();
        let mut input = Input::new();
        let mut unread = HashSet::new();
        for &column in own {
            let Some(at) = self.found.columns[column].filter(|_| !self.sheet.columns[column].number) else {
                continue;
            };
            let field = &self.sheet.columns[column].field;
            let what = match row.fault(at) {
                Some(fault) => Err(What::Cell(fault)),
                None => self.cells.read(field, row.text(at)).map_err(|unread| match unread {
                    Unread::Fault(fault) => What::Field(FieldFault { field: field.name.clone(), fault }),
                    Unread::Several(codes) => What::Several(codes),
                }),
            };
            match what {
                Ok(raw) => drop(input.insert(field.name.clone(), raw)),
                Err(what) => {
                    unread.insert(field.name.clone());
                    self.fault(row, Some(column), what);
                }
            }
        }
        // A new record that names itself has no identifier yet.
        let unnamed = self.root.map_or(RecordId([0; 16]), |root| root.id);
        let opening = asked(&input, step);
        match input::read(mechanism, step, &opening, unnamed, &BTreeMap::new(), &self.state.world, self.today)
        {
            Ok(values) if self.faults.len() == before => return Some((input, values)),
            Ok(_) => {}
            Err(faults) => {
                for fault in faults.into_iter().filter(|fault| !unread.contains(&fault.field)) {
                    let column = own
                        .iter()
                        .copied()
                        .find(|column| self.sheet.columns[*column].field.name == fault.field);
                    // A column that a sheet may leave out is not asked for.
                    self.fault(row, column, What::Field(fault));
                }
            }
        }
        None
    }

    /// The record of a level: one known by its number, one of this sheet, one that is there, or a new one.
    fn node(
        &mut self,
        row: &Row,
        level: usize,
        (under, known, moving): (Option<RecordId>, Option<&Known>, bool),
        input: &Input,
        values: BTreeMap<String, Value>,
    ) -> Result<Option<Node>, ImportFailure> {
        let sheet = self.sheet;
        let mechanism = &sheet.chain[level];
        let key = key(mechanism, &values);
        let column = sheet.columns.iter().position(|column| column.level == level && column.key);
        let values = Arc::new(values);
        let named = self.there(level, under, &key)?;
        let last = level + 1 == sheet.chain.len();
        // What stands below may be moved: the row says where to. It may also give the one above another name.
        let elsewhere = moving && !last && known.is_some_and(|known| !known.told);
        let unknown = elsewhere && named.is_none();
        let known = known
            .map(|known| &known.record)
            .filter(|known| !elsewhere || named.as_ref().is_none_or(|(other, _)| other.id == known.id));
        let record = match (known, named) {
            (Some(known), _) if known.parent != under && !(moving && last) => {
                self.fault(row, column, if unknown { What::NoTarget } else { What::Elsewhere });
                return Ok(None);
            }
            (Some(known), Some((other, _)))
                if other.id != known.id
                    && (known.parent != under || self::key(mechanism, &known.fields) != key) =>
            {
                self.fault(row, column, What::Named(other.number.clone()));
                return Ok(None);
            }
            (Some(known), _) => Some(known.clone()),
            (None, Some((_, several))) if several > 1 => {
                self.fault(row, column, What::Ambiguous);
                return Ok(None);
            }
            (None, named) => named.map(|(record, _)| record),
        };
        let id = record.as_ref().map_or_else(|| self.fresh(under, level, &key), |record| record.id);
        let slot = (None, level, id.0.to_vec());
        if let Some(node) = self.nodes.get(&slot).cloned() {
            if last {
                self.fault(row, column, What::Twice(node.row));
                return Ok(None);
            }
            let other = (0..sheet.columns.len()).find(|at| {
                let column = &sheet.columns[*at];
                let name = &column.field.name;
                column.level == level
                    && self.found.columns[*at].is_some()
                    && node.values.get(name) != values.get(name)
            });
            if let Some(other) = other {
                let nowhere = unknown && sheet.columns[other].key;
                let what = if nowhere { What::NoTarget } else { What::Disagrees(node.row) };
                self.fault(row, Some(other), what);
            }
            return Ok(Some(node));
        }
        // Two that would be called alike: one of them got its name in another row.
        match self.claimed.insert((under, level, key.clone()), (id, row.number)) {
            Some((other, first)) if other != id => {
                self.fault(row, column, What::Twice(first));
                return Ok(None);
            }
            _ => {}
        }
        match record {
            Some(record) => self.kept(row, level, (&record, under), input, &values),
            None => {
                let (entry, order) = opened(mechanism, level, row.number, id, under, input, &values);
                self.entries.push(entry);
                self.orders.extend(order.map(|order| (row.number, order)));
            }
        }
        let node = Node { id, row: row.number, values };
        self.nodes.insert(slot, node.clone());
        Ok(Some(node))
    }

    /// A new record's identifier follows from the upload, so that sending it twice names the same one.
    fn fresh(&self, under: Option<RecordId>, level: usize, key: &[u8]) -> RecordId {
        let (level, above) = ((level as u64).to_be_bytes(), under.map_or(Vec::new(), |id| id.0.to_vec()));
        let digest = Digest::of_parts(&[b"gongzhi.import", &self.upload.token.0, &above, &level, key]);
        let mut entropy = [0; 10];
        entropy.copy_from_slice(&digest.0[..10]);
        RecordId::at(self.root.map_or(self.upload.at, |root| root.opened).0, entropy)
    }

    /// A record that is there: what the sheet changes of it.
    fn kept(
        &mut self,
        row: &Row,
        level: usize,
        (record, under): (&Arc<Record>, Option<RecordId>),
        input: &Input,
        values: &BTreeMap<String, Value>,
    ) {
        let mechanism = &self.sheet.chain[level];
        self.seen.insert(record.id);
        let step = changing(mechanism, record);
        let moved = self.moved(level, record, under);
        let asks = |name: &str| step.is_some_and(|step| step.asks.iter().any(|ask| ask.field == name));
        let mut changes = Vec::new();
        for at in 0..self.sheet.columns.len() {
            let column = &self.sheet.columns[at];
            let name = &column.field.name;
            if column.level != level
                || column.only_changed
                || column.number
                || self.found.columns[at].is_none()
            {
                continue;
            }
            let (before, after) = (record.fields.get(name), values.get(name));
            if before == after {
                continue;
            }
            changes.push((name.clone(), before.cloned(), after.cloned()));
            if !asks(name) {
                self.fault(row, Some(at), What::Fixed);
            }
        }
        let unchanged = changes.is_empty() && moved.is_none();
        let becomes = if unchanged { Becomes::Unchanged } else { Becomes::Changed(changes) };
        if let (Becomes::Changed(_), Some(step)) = (&becomes, step) {
            let mut input = asked(input, step);
            let to = under.filter(|_| moved.is_some());
            input.extend(to.map(|to| (PARENT.to_owned(), Raw::Text(to.to_string()))));
            let expect = Some(record.revision);
            let order = Order::Step { record: record.id, step: step.name.clone(), expect, input };
            self.orders.push((row.number, order));
        }
        self.entries.push(Entry {
            row: row.number,
            level,
            record: record.id,
            number: record.number.clone(),
            title: title(mechanism, values),
            becomes,
            under: if moved.is_some() { under } else { record.parent },
            moved,
            ended: mechanism
                .state(&record.state)
                .filter(|state| state.is_final)
                .map(|state| state.words.clone()),
            alike: None,
        });
    }
}

/// A new record's entry and its order.
fn opened(
    mechanism: &Mechanism,
    level: usize,
    row: u32,
    id: RecordId,
    under: Option<RecordId>,
    input: &Input,
    values: &Arc<BTreeMap<String, Value>>,
) -> (Entry, Option<Order>) {
    let order = mechanism.sheet().map(|(sheet, step)| {
        let mut input = asked(input, step);
        input.extend(under.map(|under| (PARENT.to_owned(), Raw::Text(under.to_string()))));
        Order::Open { mechanism: mechanism.name.clone(), step: sheet.new.clone(), id, input }
    });
    let (number, title) = (String::new(), title(mechanism, values));
    let becomes = Becomes::New(values.clone());
    let entry = Entry {
        row,
        level,
        record: id,
        number,
        title,
        becomes,
        under,
        moved: None,
        ended: None,
        alike: None,
    };
    (entry, order)
}

/// What a step asks of a row.
fn asked(input: &Input, step: &Step) -> Input {
    let own = input.iter().filter(|(name, _)| step.asks.iter().any(|ask| ask.field == **name));
    own.map(|(name, raw)| (name.clone(), raw.clone())).collect()
}

/// The values that tell a record from its siblings, as bytes.
fn key(mechanism: &Mechanism, values: &BTreeMap<String, Value>) -> Vec<u8> {
    let names = mechanism.sheet.iter().flat_map(|sheet| &sheet.key);
    let values: Vec<Value> = names.filter_map(|name| values.get(name).cloned()).collect();
    Value::List(values).to_bytes()
}

fn title(mechanism: &Mechanism, values: &BTreeMap<String, Value>) -> String {
    let named = mechanism.title.as_ref().and_then(|name| values.get(name)).and_then(Value::text);
    named.unwrap_or_default().to_owned()
}
