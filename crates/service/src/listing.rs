//! Lists of records: every page, export and interface that shows many records of one mechanism asks
//! here, so that rights, filters, columns and order are the same for all of them.

use std::collections::HashMap;
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{Actor, Record};
use gongzhi_lang::dictionary;
use gongzhi_lang::model::{Field, Level, Measure, Mechanism, Type};
use gongzhi_lang::view::{Column, Shape, View, dated, listable};
use gongzhi_store::{ListQuery, Order, Page, Scope, StoreError, Want};

use crate::failure::Failure;
use crate::figures;
use crate::service::Service;

/// Which records by whether they are open or late.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Show {
    All,
    Open,
    Late,
    Closed,
}

impl Show {
    /// All of them.
    pub const ALL: [Show; 4] = [Show::All, Show::Open, Show::Late, Show::Closed];

    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            Show::All => "all",
            Show::Open => "open",
            Show::Late => "late",
            Show::Closed => "closed",
        }
    }

    /// Reads the word.
    pub fn read(word: &str) -> Option<Show> {
        Show::ALL.into_iter().find(|show| show.word() == word)
    }
}

/// Which side of a ratio.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Part {
    #[default]
    Base,
    Counted,
    Rest,
}

/// What somebody asks of a list. Empty texts ask for nothing in particular.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Ask {
    pub mechanism: String,
    pub view: String,
    /// Words of columns; empty takes those of the view. What is no column of the mechanism is left out.
    pub columns: Vec<String>,
    /// Code of a place, with all under it.
    pub place: String,
    pub unit: String,
    /// An entry of the catalogue of kinds, with all under it.
    pub kind: String,
    pub state: String,
    /// As the view says if absent.
    pub show: Option<Show>,
    /// Month of opening, `yyyy-mm`.
    pub month: String,
    /// Values of the fields that the mechanism's views divide or filter by; of a day its month, or months up
    /// to one (`..2026-06`) or from one on (`2027-07..`), of one field at most.
    pub values: Vec<(String, String)>,
    /// Only parts of this record, at any depth.
    pub under: Option<RecordId>,
    /// Only what an indicator counts, and which side of it.
    pub indicator: String,
    pub part: Part,
    pub after: Option<(i64, RecordId)>,
    pub limit: u32,
}

/// One record of a list.
pub struct Listed {
    pub row: Row,
    /// The version on which it runs.
    pub mechanism: Arc<Mechanism>,
    /// Its fields. Personal ones are sealed and never columns.
    pub record: Record,
    /// The number of the record of which it is a part, where that is a column.
    pub parent: Option<Row>,
}

impl Listed {
    /// A field with its value, where the record has one and lists may show it.
    pub fn value(&self, name: &str) -> Option<(&Field, &Value)> {
        let field = self.mechanism.field(name).filter(|field| listable(field))?;
        Some((field, self.record.fields.get(name)?))
    }

    /// Whether a truth value holds.
    pub fn holds(&self, name: &str) -> bool {
        matches!(self.value(name), Some((_, Value::Bool(true))))
    }
}

/// A page of a list.
pub struct Listing {
    pub mechanism: Arc<Mechanism>,
    pub view: View,
    pub columns: Vec<Column>,
    pub rows: Vec<Listed>,
    pub next: Option<(i64, RecordId)>,
}

/// Records told of a mechanism, or to choose from, at most.
const NAMING: u32 = 50;

impl Service {
    /// The records that name a mechanism as what they are about, such as the notices that found it, as far as
    /// the actor may read them, newest first. Parts only repeat what the record above them says.
    pub fn naming(&self, actor: &Actor, mechanism: &str) -> Result<Vec<Row>, Failure> {
        let state = self.state().clone();
        let names = |one: &&Arc<Mechanism>| {
            let kind = one.kind.as_deref().and_then(|field| one.field(field));
            one.parent.is_none()
                && kind
                    .is_some_and(|field| matches!(&field.ty, Type::Entry(of) if of == dictionary::MECHANISMS))
        };
        let mut rows = Vec::new();
        for one in state.laws.library.mechanisms.values().filter(names) {
            let (of, kind) = (Some(one.name.clone()), Some(mechanism.to_owned()));
            let query = ListQuery { mechanism: of, kind, limit: NAMING, ..ListQuery::default() };
            // Entries of deeper catalogues are asked for with all under them, which begin with the same letters.
            let page = self.list(actor, query)?.rows.into_iter();
            rows.extend(page.filter(|row| row.kind.as_deref() == Some(mechanism)));
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.opened));
        Ok(rows)
    }

    /// The mechanisms of which an actor may list any records, registers left out, by name.
    pub fn listable(&self, actor: &Actor) -> Vec<Arc<Mechanism>> {
        let scope = self.scope(actor);
        let seen = |name: &str| match &scope {
            Scope::All => true,
            Scope::Any(parts) => parts.iter().any(|part| part.mechanism == name),
        };
        let state = self.state();
        let all = state.laws.library.mechanisms.values();
        all.filter(|mechanism| mechanism.register.is_none() && seen(&mechanism.name)).cloned().collect()
    }

    /// The mechanism whose list an actor sees unasked: what residents may open, else the one that its document
    /// lets people look at in the most ways, with the most figures.
    pub fn main_list(&self, actor: &Actor) -> Option<Arc<Mechanism>> {
        let all = self.listable(actor);
        let first = |fits: &dyn Fn(&Mechanism) -> bool| all.iter().find(|one| fits(one)).cloned();
        let ways = |one: &Mechanism| (one.views.len(), one.indicators.len());
        let most = all.iter().map(|one| ways(one)).max();
        first(&|one| one.receipt).or_else(|| first(&|one| Some(ways(one)) == most))
    }

    /// A page of a list within the actor's rights.
    pub fn listing(&self, actor: &Actor, ask: &Ask) -> Result<Listing, Failure> {
        let (mechanism, view) = self.asked(ask)?;
        let columns = columns(&mechanism, &view, &ask.columns);
        let query = self.query(actor, &mechanism, &view, ask)?;
        let page = self.ordered(actor, query)?;
        let with_parent = columns.contains(&Column::Parent);
        let rows = self.listed(page.rows, with_parent)?;
        Ok(Listing { mechanism, view, columns, rows, next: page.next })
    }

    /// For each of these values of a name (`state`, or a field that the mechanism's views divide by)
    /// the first records that have it; with whether there are more.
    pub fn divided(
        &self,
        actor: &Actor,
        ask: &Ask,
        name: &str,
        values: &[String],
    ) -> Result<Vec<(Vec<Listed>, bool)>, Failure> {
        let (mechanism, view) = self.asked(ask)?;
        let query = self.query(actor, &mechanism, &view, ask)?;
        let one = |value: &String| {
            let mut query = query.clone();
            match self.months(&mechanism, ask.under, name, value)? {
                Some(_) if !query.among.is_empty() => return Err(Failure::NotFound),
                Some(months) => query.among = months,
                None => query.facets.insert(0, format!("{name}={value}")),
            }
            let page = self.ordered(actor, query)?;
            Ok((self.listed(page.rows, false)?, page.next.is_some()))
        };
        values.iter().map(one).collect()
    }

    /// These records as a list shows them, as far as the actor may read them, in the order given.
    pub fn listed_of(&self, actor: &Actor, ids: &[RecordId]) -> Result<Vec<Listed>, Failure> {
        let state = self.state();
        let mut listed = self.listed(self.ledger().rows(ids)?, true)?;
        listed
            .retain(|one| gongzhi_kernel::rights::may_read(&one.mechanism, actor, &one.record, &state.world));
        let place = |id: RecordId| ids.iter().position(|known| *known == id);
        listed.sort_by_key(|one| place(one.row.id));
        Ok(listed)
    }

    fn asked(&self, ask: &Ask) -> Result<(Arc<Mechanism>, View), Failure> {
        let state = self.state();
        let mechanism = state.laws.newest(&ask.mechanism).cloned().ok_or(Failure::NotFound)?;
        let view = mechanism.view(&ask.view).cloned().ok_or(Failure::NotFound)?;
        Ok((mechanism, view))
    }

    /// The question in the store's form; what does not exist finds nothing.
    fn query(
        &self,
        actor: &Actor,
        mechanism: &Arc<Mechanism>,
        view: &View,
        ask: &Ask,
    ) -> Result<ListQuery, Failure> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let world = &self.state().world;
        let level = |code: &str| world.place(code).map_or(Level::Grid, |place| place.level);
        // A figure counts records whatever their state, and so does a book of all of them.
        let whole = !ask.indicator.is_empty() || view.shape == Shape::Register;
        let by_default = if view.open && !whole { Show::Open } else { Show::All };
        let show = ask.show.unwrap_or(by_default);
        let (marks, marks_clear) = marks(mechanism, &ask.indicator, ask.part);
        let mut facets: Vec<String> = Vec::new();
        let mut parent = None;
        if let Some(id) = ask.under {
            let (above, _) = self.readable(actor, id)?.ok_or(Failure::NotFound)?;
            match mechanism.parent.as_deref() == Some(above.name.as_str()) {
                true => parent = Some(id),
                false => facets.push(format!("above={id}")),
            }
        }
        let mut among = Vec::new();
        for (name, value) in &ask.values {
            match self.months(mechanism, ask.under, name, value)? {
                Some(_) if !among.is_empty() => return Err(Failure::NotFound),
                Some(months) => among = months,
                None => facets.push(format!("{name}={value}")),
            }
        }
        let by_due = view.by_due || matches!(show, Show::Open | Show::Late);
        Ok(ListQuery {
            mechanism: Some(mechanism.name.clone()),
            place: some(&ask.place).map(|code| (level(&code), code)),
            unit: some(&ask.unit),
            kind: some(&ask.kind),
            state: some(&ask.state),
            open: match show {
                Show::Open | Show::Late => Some(true),
                Show::Closed => Some(false),
                Show::All => None,
            },
            late: (show == Show::Late).then_some(true),
            month: some(&ask.month),
            marks,
            marks_clear,
            parent,
            facets,
            among,
            order: if by_due && show != Show::Closed { Order::Due } else { Order::Newest },
            after: ask.after,
            limit: ask.limit,
            ..ListQuery::default()
        })
    }

    /// The lists of the months that a value of several months means; none for any other value.
    fn months(
        &self,
        mechanism: &Mechanism,
        under: Option<RecordId>,
        name: &str,
        value: &str,
    ) -> Result<Option<Vec<String>>, Failure> {
        let is_dated = mechanism.field(name).is_some_and(|field| dated(&field.ty));
        let Some((from, to)) = value.split_once("..").filter(|_| is_dated) else { return Ok(None) };
        let within = |month: &String| month.as_str() >= from && (to.is_empty() || month.as_str() <= to);
        let months = self.values(mechanism, name, under)?.into_iter().filter(within);
        let mut lists: Vec<String> = months.map(|month| format!("{name}={month}")).collect();
        if lists.is_empty() {
            // No record stands in this one.
            lists.push(format!("{name}={value}"));
        }
        Ok(Some(lists))
    }

    /// The values of a field that the mechanism's views divide by, in order: of days their months. Some that only
    /// stand in records which nobody asked may read are among them.
    pub fn values(
        &self,
        mechanism: &Mechanism,
        name: &str,
        under: Option<RecordId>,
    ) -> Result<Vec<String>, Failure> {
        let above = match under {
            // Parts of one parent are few and have no lists of their own.
            Some(id) => self
                .ledger()
                .rows(&[id])?
                .pop()
                .filter(|row| mechanism.parent.as_ref() != Some(&row.mechanism)),
            None => None,
        };
        Ok(self.ledger().values(&mechanism.name, name, above.map(|row| row.id))?)
    }

    /// The records that keep those of a mechanism apart, as far as the actor may read them, the newest first; none
    /// where nothing keeps them apart.
    pub fn apart(&self, actor: &Actor, mechanism: &Mechanism) -> Result<Vec<Row>, Failure> {
        let Some(apart) = &mechanism.apart else { return Ok(Vec::new()) };
        let of = Some(apart.mechanism.clone());
        Ok(self.list(actor, ListQuery { mechanism: of, limit: NAMING, ..ListQuery::default() })?.rows)
    }

    /// A page in the order asked. By due time only what is open is kept in order: of all records the open ones
    /// come first, then the closed ones, the newest first. In the mark of the next page a negative number tells
    /// that the open ones are through.
    fn ordered(&self, actor: &Actor, query: ListQuery) -> Result<Page, Failure> {
        if query.order != Order::Due || query.open.is_some() {
            return self.list(actor, query);
        }
        let closed = |after, limit| {
            let query = ListQuery { open: Some(false), order: Order::Newest, after, limit, ..query.clone() };
            let mut page = self.list(actor, query)?;
            page.next = page.next.map(|(key, id)| (-key, id));
            Ok::<Page, Failure>(page)
        };
        if let Some((key, id)) = query.after.filter(|(key, _)| *key < 0) {
            return closed(Some((-key, id)), query.limit);
        }
        let mut page = self.list(actor, ListQuery { open: Some(true), ..query.clone() })?;
        if page.next.is_some() {
            return Ok(page);
        }
        let left = query.limit.saturating_sub(u32::try_from(page.rows.len()).unwrap_or(u32::MAX));
        let rest = closed(None, left.max(1))?;
        match (left, rest.rows.first()) {
            // The page is full, and the closed ones begin the next one.
            (0, Some(first)) => page.next = Some((-i64::MAX, first.id)),
            (0, None) => {}
            _ => {
                page.rows.extend(rest.rows);
                page.next = rest.next;
            }
        }
        Ok(page)
    }

    /// Rows with their records.
    fn listed(&self, rows: Vec<Row>, with_parent: bool) -> Result<Vec<Listed>, Failure> {
        let state = self.state();
        let ids: Vec<RecordId> = rows.iter().map(|row| row.id).collect();
        let want = Want { records: ids, commands: Vec::new() };
        let mut records: HashMap<RecordId, Record> = HashMap::new();
        for (id, bytes) in self.ledger().load(&want)?.records {
            let record = Record::from_bytes(&bytes)
                .map_err(|error| StoreError::Corrupt(format!("record {id}: {error}")))?;
            records.insert(id, record);
        }
        let mut parents: HashMap<RecordId, Row> = HashMap::new();
        if with_parent {
            let mut ids: Vec<RecordId> = rows.iter().filter_map(|row| row.parent).collect();
            ids.sort();
            ids.dedup();
            parents.extend(self.ledger().rows(&ids)?.into_iter().map(|row| (row.id, row)));
        }
        let one = |row: Row| {
            let mechanism = state.laws.version(&row.mechanism, row.version)?.clone();
            let record = records.remove(&row.id)?;
            let parent = row.parent.and_then(|id| parents.get(&id).cloned());
            Some(Listed { row, mechanism, record, parent })
        };
        Ok(rows.into_iter().filter_map(one).collect())
    }
}

/// The columns asked for, as far as lists may show them; those of the view when none is left.
fn columns(mechanism: &Mechanism, view: &View, asked: &[String]) -> Vec<Column> {
    let mut chosen: Vec<Column> = Vec::new();
    for column in asked.iter().filter_map(|word| column(mechanism, word)) {
        if !chosen.contains(&column) {
            chosen.push(column);
        }
    }
    if chosen.is_empty() { view.columns.clone() } else { chosen }
}

/// A column of the mechanism by its word: a field that lists may show, or a built-in one.
pub fn column(mechanism: &Mechanism, word: &str) -> Option<Column> {
    let column = Column::read(word);
    match &column {
        Column::Field(name) => mechanism.field(name).is_some_and(listable).then_some(column),
        Column::Kind => mechanism.kind.is_some().then_some(column),
        Column::Unit => mechanism.unit.is_some().then_some(column),
        Column::Parent => mechanism.parent.is_some().then_some(column),
        _ => Some(column),
    }
}

/// All columns that a list of the mechanism may have, in a fixed order.
pub fn all_columns(mechanism: &Mechanism) -> Vec<Column> {
    let built_in = Column::BUILT_IN.iter().filter_map(|(word, _)| column(mechanism, word));
    let own = [&mechanism.title, &mechanism.kind, &mechanism.place, &mechanism.unit];
    let fields = mechanism
        .fields
        .iter()
        .filter(|field| listable(field) && !own.into_iter().flatten().any(|name| *name == field.name));
    built_in.chain(fields.map(|field| Column::Field(field.name.clone()))).collect()
}

/// The bits that a row has, and those that it lacks, when an indicator counts it.
fn marks(mechanism: &Arc<Mechanism>, indicator: &str, part: Part) -> (u64, u64) {
    let Some((base, counted)) = figures::marks(mechanism, indicator) else { return (0, 0) };
    let ratio = mechanism
        .indicators
        .iter()
        .any(|known| known.name == indicator && matches!(known.measure, Measure::Ratio { .. }));
    match (ratio, part) {
        (false, _) => (counted, 0),
        (true, Part::Counted) => (base | counted, 0),
        (true, Part::Rest) => (base, counted),
        (true, Part::Base) => (base, 0),
    }
}
