//! What the read models hold of a record: one row, who is to act, running deadlines, search text,
//! and its share in every indicator. Computed from the folded record alone, so that all of it can
//! be rebuilt from the ledger.

use gongzhi_base::{RecordId, Short, Timestamp, Value, words};
use gongzhi_lang::expr::Expr;
use gongzhi_lang::model::{At, Dimension, Lapse, Level, Measure, Mechanism, Type, Who};

use crate::eval::Scope;
use crate::keeping;
use crate::record::Record;
use crate::share::{By, Count, Keys};
pub use crate::share::{Share, apart_key, delta, read_apart_key};
use crate::spread;
use crate::world::World;

/// A record's row in lists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub id: RecordId,
    pub mechanism: String,
    pub version: u32,
    pub revision: u64,
    pub state: String,
    pub open: bool,
    pub number: String,
    pub title: String,
    /// Codes of the places above and at the record: county, township, village, grid.
    pub path: [Option<String>; 4],
    pub unit: Option<String>,
    pub kind: Option<String>,
    /// The first-level entry above `kind`.
    pub kind_top: Option<String>,
    /// The nearest running deadline.
    pub due: Option<Timestamp>,
    pub due_name: Option<String>,
    /// Whether a running deadline has passed.
    pub late: bool,
    pub opened: Timestamp,
    pub changed: Timestamp,
    /// Month of opening, `yyyy-mm`.
    pub month: String,
    /// Two bits for each indicator in the order of the mechanism: 1 in its base, 2 in its count.
    pub marks: u64,
    pub parent: Option<RecordId>,
    pub point: Option<gongzhi_base::Point>,
}

/// Everything derived from one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Projection {
    pub row: Row,
    /// Who is to act now: keys as in [`todo_key`].
    pub todo: Vec<String>,
    /// When the next reminder or passing of each running deadline comes.
    pub timers: Vec<(String, Timestamp)>,
    /// Search tokens of the public and staff text (never of personal fields).
    pub text: String,
    /// Places and units whose people may find it, as single tokens.
    pub scopes: Vec<String>,
    /// The lists of values in which it stands, as [`facet_token`]s: what views divide and filter by.
    pub facets: Vec<String>,
    pub share: Share,
}

/// The key of a cell of an indicator.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CellKey {
    pub mechanism: Short,
    pub indicator: Short,
    pub dimension: Dimension,
    /// Code of the place, unit or catalogue entry.
    pub key: Short,
    /// `yyyy-mm`, or empty for a gauge of the present.
    pub period: Short,
    /// The bucket of [`crate::spread`] whose lapses of time it counts; none for other figures.
    pub bucket: Option<u16>,
}

/// A record's share in one cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    pub key: CellKey,
    pub numerator: i64,
    pub denominator: i64,
}

/// The key of an inbox: a role over a place, or a role in a unit.
pub fn todo_key(role: &str, at: &str) -> String {
    format!("{role}@{at}")
}

/// The search token of a place: one word whatever its code holds, so that `1` is no part of `1-2`.
pub fn place_token(code: &str) -> String {
    token("zp", code)
}

/// The search token of a role in a unit (its [`todo_key`]), or of a unit: no two have the same.
pub fn unit_token(key: &str) -> String {
    token("zu", key)
}

/// The token of a list of values by its key: `field=value` (a month for a date, nothing behind the sign
/// for no value), `state=name`, or `above=identifier` for what is a part of a part of a record.
pub fn facet_token(key: &str) -> String {
    token("zf", key)
}

/// The key, or the end of a key, of which this is the token or its end; none for what is no token.
pub fn facet_key(token: &str) -> Option<String> {
    let mut bytes = token.bytes();
    let mut key = Vec::with_capacity(token.len());
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = bytes.next() {
        key.push(match byte {
            b'x' => match bytes.next() {
                Some(b'x') => b'x',
                high => digit(high)? << 4 | digit(bytes.next())?,
            },
            b'a'..=b'z' | b'0'..=b'9' => byte,
            _ => return None,
        });
    }
    String::from_utf8(key).ok()
}

fn token(kind: &str, key: &str) -> String {
    token_of(kind, &[key])
}

/// The token of a key that is given in parts.
fn token_of(kind: &str, parts: &[&str]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut token = String::with_capacity(kind.len() + length + 8);
    token.push_str(kind);
    for byte in parts.iter().flat_map(|part| part.bytes()) {
        match byte {
            b'x' => token.push_str("xx"),
            b'a'..=b'z' | b'0'..=b'9' => token.push(char::from(byte)),
            byte => {
                let digit = |half: u8| char::from(HEX[usize::from(half)]);
                token.extend(['x', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
    token
}

/// The [`facet_token`] of a field's value.
fn facet_of(field: &str, value: &str) -> String {
    token_of("zf", &[field, "=", value])
}

/// Derives all read models of a record.
pub fn project(mechanism: &Mechanism, record: &Record, world: &World, now: Timestamp) -> Projection {
    let state = mechanism.state(&record.state);
    let open = !state.is_some_and(|state| state.is_final);
    let path = world.known_path(&record.place);
    let path = path.unwrap_or(&[const { None }; 4]);
    let unit = field_text(record, mechanism.unit.as_deref());
    let kind = field_text(record, mechanism.kind.as_deref());
    let kinds = kind_path(mechanism, world, kind.as_deref());
    // What is due of somebody; a moment is due of nobody.
    let mut running = record.running();
    running.retain(|(name, _)| mechanism.deadline(name).is_none_or(|deadline| !deadline.moment));
    let due = running.iter().map(|(_, clock)| clock.derivation.due).min();
    let due_name = running
        .iter()
        .find(|(_, clock)| Some(clock.derivation.due) == due)
        .map(|(name, _)| (*name).to_owned());
    let late = running.iter().any(|(_, clock)| clock.late.is_some());
    let month = world.zone.month(record.opened);
    let (marks, counts) = measure(mechanism, record, world, now, &month);
    let (places, moved) = lines(record, world, path);
    let keys = Keys {
        mechanism: record.mechanism.as_str().into(),
        places,
        moved,
        unit: unit.as_deref().map(Short::from),
        kinds: kinds.iter().map(Short::from).collect(),
        parents: parents(mechanism, record),
        apart: apart(mechanism, record),
        fields: fields(mechanism, record, world),
    };
    let title = field_text(record, mechanism.title.as_deref()).unwrap_or_default();
    let row = Row {
        id: record.id,
        mechanism: record.mechanism.clone(),
        version: record.version,
        revision: record.revision,
        state: record.state.clone(),
        open,
        number: record.number.clone(),
        title: title.chars().take(160).collect(),
        path: path.clone(),
        unit,
        kind,
        kind_top: kinds.first().cloned(),
        due,
        due_name,
        late,
        opened: record.opened,
        changed: record.changed,
        month,
        marks,
        parent: record.parent,
        point: record.fields.values().find_map(|value| match value {
            Value::Point(point) => Some(*point),
            _ => None,
        }),
    };
    Projection {
        todo: state.map(|state| todo(&state.waits, record, world)).unwrap_or_default(),
        timers: timers(mechanism, record, world),
        text: search_text(mechanism, record, world),
        scopes: scopes(mechanism, record, path),
        facets: facets(mechanism, record, world),
        row,
        share: Share { keys, counts },
    }
}

fn field_text(record: &Record, field: Option<&str>) -> Option<String> {
    record.fields.get(field?)?.text().map(str::to_owned)
}

/// A catalogue entry with the entries above it, from the top.
fn kind_path(mechanism: &Mechanism, world: &World, kind: Option<&str>) -> Vec<String> {
    let (Some(kind), Some(field)) = (kind, mechanism.kind.as_deref().and_then(|f| mechanism.field(f))) else {
        return Vec::new();
    };
    match &field.ty {
        Type::Entry(catalogue) => world.entry_path(catalogue, kind),
        _ => vec![kind.to_owned()],
    }
}

/// The inboxes of those who are meant, as far as they have one.
pub(crate) fn todo(waits: &[Who], record: &Record, world: &World) -> Vec<String> {
    let path = world.known_path(&record.place).unwrap_or(&[const { None }; 4]);
    let mut keys = Vec::new();
    for who in waits {
        match who {
            Who::Role(role) => {
                let levels = world.role_levels(role);
                let places = path.iter().zip(Level::ALL).filter(|(_, level)| levels.contains(level));
                keys.extend(places.filter_map(|(code, _)| Some(todo_key(role, code.as_ref()?))));
            }
            Who::RoleOf { role, field } => keys.extend(
                record
                    .fields
                    .get(field)
                    .map(Value::items)
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|unit| unit.text().map(|unit| todo_key(role, unit))),
            ),
            Who::Anyone | Who::Holder | Who::System => {}
        }
    }
    keys.sort();
    keys.dedup();
    keys
}

/// The next time at which each running deadline wants attention.
fn timers(mechanism: &Mechanism, record: &Record, world: &World) -> Vec<(String, Timestamp)> {
    let keeping = keeping::ends(mechanism, record, world).map(|end| (keeping::TIMER.to_owned(), end));
    let running =
        record.running().into_iter().filter(|(_, clock)| clock.ticks()).filter_map(|(name, clock)| {
            let deadline = mechanism.deadline(name)?;
            let at = match deadline.warns {
                Some(_) if !clock.warned => clock.warn_at(deadline),
                _ => clock.derivation.due,
            };
            Some((name.to_owned(), at))
        });
    running.chain(keeping).collect()
}

fn search_text(mechanism: &Mechanism, record: &Record, world: &World) -> String {
    let mut text = String::with_capacity(512);
    words::push_tokens(&mut text, &record.number);
    for field in mechanism.fields.iter().filter(|field| field.personal.is_none()) {
        let Some(value) = record.fields.get(&field.name) else { continue };
        for item in value.items() {
            match (&field.ty, item) {
                (Type::Rows(columns), Value::Row(cells)) => {
                    for (name, ty) in columns {
                        cells.get(name).into_iter().for_each(|cell| words_of(ty, cell, world, &mut text));
                    }
                }
                (ty, item) => words_of(ty, item, world, &mut text),
            }
        }
    }
    text
}

/// Adds the words by which a value is found; of lists only those of one place, entry, unit or text are.
fn words_of(ty: &Type, value: &Value, world: &World, text: &mut String) {
    let Value::Text(value) = value else { return };
    match ty {
        Type::Place => {
            for place in world.known_path(value).into_iter().flatten().skip(1).flatten() {
                world.place(place).into_iter().for_each(|place| words::push_made(text, &place.tokens));
            }
        }
        Type::Entry(catalogue) => {
            let entry = world.catalogue(catalogue).and_then(|known| known.entries.get(value));
            let names = entry.iter().flat_map(|entry| [&entry.words.zh, &entry.words.en]);
            names.for_each(|name| words::push_tokens(text, name));
        }
        Type::Unit => world.unit(value).into_iter().for_each(|unit| words::push_made(text, &unit.tokens)),
        Type::Text => words::push_tokens(text, value),
        _ => {}
    }
}

fn scopes(mechanism: &Mechanism, record: &Record, path: &[Option<String>; 4]) -> Vec<String> {
    let mut tokens: Vec<String> = path.iter().flatten().map(|code| place_token(code)).collect();
    // Only roles in units that may read it: an office that is merely named does not find it, nor
    // does another role in one that takes part.
    for who in crate::rights::reading(mechanism) {
        let Who::RoleOf { role, field } = who else { continue };
        let units = record.fields.get(field).map(Value::items).unwrap_or_default();
        tokens.extend(units.iter().filter_map(Value::text).map(|unit| unit_token(&todo_key(role, unit))));
    }
    tokens.sort();
    tokens.dedup();
    tokens
}

/// The lists of values in which a record stands.
fn facets(mechanism: &Mechanism, record: &Record, world: &World) -> Vec<String> {
    let mut tokens: Vec<String> = record.above.iter().map(|id| facet_of("above", &id.to_string())).collect();
    for name in &mechanism.kept {
        let values = match mechanism.field(name) {
            None => vec![record.state.clone()],
            Some(field) => dividing(&field.ty, record.fields.get(name), world),
        };
        tokens.extend(values.iter().map(|value| facet_of(name, value)));
        if values.is_empty() {
            tokens.push(facet_of(name, ""));
        }
    }
    tokens.sort();
    tokens.dedup();
    tokens
}

/// The values by which views divide: a day by its month, entries and places with those above them.
pub fn dividing(ty: &Type, value: Option<&Value>, world: &World) -> Vec<String> {
    let Some(value) = value else { return Vec::new() };
    let month = |date: jiff::civil::Date| format!("{:04}-{:02}", date.year(), date.month());
    let of = |value: &Value| match (ty, value) {
        (Type::Entry(catalogue), Value::Text(code)) => world.entry_path(catalogue, code),
        (Type::Place, Value::Text(code)) => {
            let path = world.known_path(code);
            path.map_or_else(|| vec![code.clone()], |path| path.iter().flatten().cloned().collect())
        }
        (_, Value::Text(text)) => vec![text.clone()],
        (_, Value::Bool(yes)) => vec![yes.to_string()],
        (_, Value::Date(date)) => vec![month(*date)],
        (_, Value::Time(at)) => vec![world.zone.month(*at)],
        _ => Vec::new(),
    };
    value.items().iter().flat_map(of).collect()
}

/// The records above, from the parent up, where some indicator is counted by them.
fn parents(mechanism: &Mechanism, record: &Record) -> Vec<Short> {
    if !mechanism.indicators.iter().any(|indicator| indicator.by.contains(&Dimension::Parent)) {
        return Vec::new();
    }
    record.ancestors().map(|id| id.to_string().into()).collect()
}

/// The record above that keeps these apart.
fn apart(mechanism: &Mechanism, record: &Record) -> Option<Short> {
    let above = mechanism.apart.as_ref()?.above;
    record.ancestors().nth(above - 1).map(|id| id.to_string().into())
}

/// The fields by which some indicator is counted, with their values; an entry with those above it.
fn fields(mechanism: &Mechanism, record: &Record, world: &World) -> Vec<(Short, Vec<Short>)> {
    let one = |name: &String| {
        let ty = mechanism.field(name).map(|field| &field.ty);
        let values =
            record.fields.get(name).into_iter().flat_map(Value::items).flat_map(|value| match (ty, value) {
                (Some(Type::Entry(catalogue)), Value::Text(code)) => world.entry_path(catalogue, code),
                (_, Value::Text(text)) => vec![text.clone()],
                (_, Value::Bool(yes)) => vec![yes.to_string()],
                _ => Vec::new(),
            });
        (name.into(), values.map(Short::from).collect())
    };
    mechanism.by_fields.iter().map(one).collect()
}

/// The record's marks and what it counts for.
fn measure(
    mechanism: &Mechanism,
    record: &Record,
    world: &World,
    now: Timestamp,
    month: &str,
) -> (u64, Vec<Count>) {
    let scope = Scope::of(mechanism, record, world, now);
    let mut marks = 0;
    let mut counts = Vec::new();
    for (at, indicator) in mechanism.indicators.iter().enumerate() {
        let mut bucket = None;
        let (numerator, denominator) = match &indicator.measure {
            Measure::Count(of) => (i64::from(scope.holds(of)), 0),
            Measure::Sum(of) => (scope.eval(of).and_then(|value| value.int()).unwrap_or(0), 0),
            Measure::Ratio { of, to } => match scope.holds(to) {
                true => (i64::from(scope.holds(of)), 1),
                false => (0, 0),
            },
            Measure::Percentile { from, to, unit, .. } => {
                bucket = lapse(&scope, from, to, *unit).map(spread::bucket);
                (i64::from(bucket.is_some()), 0)
            }
        };
        if numerator == 0 && denominator == 0 {
            continue;
        }
        if at < 32 {
            marks |= u64::from(denominator != 0) << (2 * at) | u64::from(numerator != 0) << (2 * at + 1);
        }
        let period = match &indicator.at {
            At::Now => Some(Short::default()),
            At::Opened => Some(month.into()),
            At::Field(field) => match record.fields.get(field) {
                Some(Value::Time(time)) => Some(world.zone.month(*time).into()),
                Some(Value::Date(date)) => Some(format!("{:04}-{:02}", date.year(), date.month()).into()),
                _ => None,
            },
        };
        let Some(period) = period else { continue };
        let by = By::of(indicator, &mechanism.by_fields);
        counts.push(Count {
            indicator: indicator.name.as_str().into(),
            period,
            bucket,
            by,
            numerator,
            denominator,
        });
    }
    (marks, counts)
}

/// The places under which a record counts as it was when it was opened, and what differs on today's map.
fn lines(record: &Record, world: &World, path: &[Option<String>; 4]) -> (Vec<Short>, Vec<(Short, bool)>) {
    if world.lineage().is_plain() {
        return (path.iter().flatten().map(Short::from).collect(), Vec::new());
    }
    let then = world.lineage().line(&record.place, Some(record.opened));
    let today = world.lineage().line(&record.place, None);
    let gained = today.iter().filter(|place| !then.contains(place)).map(|place| (place.into(), true));
    let lost = then.iter().filter(|place| !today.contains(place)).map(|place| (place.into(), false));
    let moved = gained.chain(lost).collect();
    (then.iter().map(Short::from).collect(), moved)
}

/// The time that went by between two moments, in whole minutes or working days; none while one of them
/// is missing. A clock that was set back makes no negative time.
fn lapse(scope: &Scope<'_>, from: &Expr, to: &Expr, unit: Lapse) -> Option<u64> {
    let (Some(Value::Time(from)), Some(Value::Time(to))) = (scope.eval(from), scope.eval(to)) else {
        return None;
    };
    Some(match unit {
        Lapse::Hours => u64::try_from(to.0 - from.0).unwrap_or(0) / 60_000,
        Lapse::WorkingDays => {
            let zone = scope.world.zone;
            u64::from(scope.world.calendar.working_days(zone.date(from), zone.date(to)))
        }
    })
}
