//! Filling a step's fields by the habits' rules.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use gongzhi_base::{FileRef, RecordId, Timestamp, Value};
use gongzhi_kernel::command::Input;
use gongzhi_kernel::{Raw, Record, World};
use gongzhi_lang::model::{Mechanism, Step, Type};
use gongzhi_service::{Service, load};
use jiff::ToSpan as _;

use super::DemoFault;
use super::chance::Chance;
use super::habits::{Fill, Habits};
use super::paint;

pub type Row = BTreeMap<String, String>;

/// Texts, phrases and pictures.
pub struct Words {
    stories: Vec<Row>,
    phrases: HashMap<String, Vec<Row>>,
    photos: Vec<FileRef>,
    /// Units in which somebody holds a post: nothing is sent where nobody is.
    staffed: HashSet<String>,
    kind: String,
    place: String,
    any: String,
    phrase_text: String,
    season: BTreeMap<String, [f64; 12]>,
}

/// About whom and what a step's fields are filled.
pub struct Subject<'a> {
    pub mechanism: &'a Mechanism,
    pub step: &'a Step,
    /// The record as it is; `None` when it is opened.
    pub record: Option<&'a Record>,
    /// The row of the tree that it is opened from.
    pub row: Option<&'a Row>,
    /// When, in milliseconds.
    pub at: i64,
    pub place: &'a str,
    pub story: Option<usize>,
    /// The record that it repeats, and the form of the repeated words.
    pub echoed: Option<RecordId>,
    pub form: Option<&'a str>,
    /// Fields that are filled for sure.
    pub with: &'a [String],
    pub manner: f64,
}

impl Words {
    /// Reads the tables that the habits name and keeps the drawn pictures.
    pub fn read(habits: &Habits, dir: &Path, service: &Service) -> Result<Words, DemoFault> {
        let table = |name: &str| -> Result<Vec<Row>, DemoFault> {
            let rows =
                load::read_csv(&dir.join(name)).map_err(|fault| DemoFault::Tables(format!("{fault:?}")))?;
            Ok(rows.into_iter().map(|(_, row)| row).collect())
        };
        let mut phrases: HashMap<String, Vec<Row>> = HashMap::new();
        for row in table(&habits.phrases.file)? {
            let used = row.get(&habits.phrases.used).cloned().unwrap_or_default();
            phrases.entry(used).or_default().push(row);
        }
        let mut photos = Vec::new();
        for (number, name) in habits.photos.names.iter().enumerate() {
            let fault = || DemoFault::Tables(format!("picture `{name}`"));
            let bytes = paint::paint(number as u64).ok_or_else(fault)?;
            photos.push(service.files.keep(name, &bytes, true).map_err(|_| fault())?);
        }
        Ok(Words {
            stories: table(&habits.stories.file)?,
            phrases,
            photos,
            staffed: service
                .state()
                .world
                .holdings()
                .filter_map(|holding| holding.post.unit.clone())
                .collect(),
            kind: habits.stories.kind.clone(),
            place: habits.stories.place.clone(),
            any: habits.stories.any.clone(),
            phrase_text: habits.phrases.text.clone(),
            season: habits.stories.season.clone(),
        })
    }

    /// A story that fits a kind of place, a month (0 to 11) and kinds; the beginnings of their codes.
    pub fn story(
        &self,
        place_kind: &str,
        month: usize,
        kinds: &[String],
        chance: &mut Chance,
    ) -> Option<usize> {
        let weight = |row: &Row| {
            let code = row.get(&self.kind).map(String::as_str).unwrap_or_default();
            let at = row.get(&self.place).map(String::as_str).unwrap_or_default();
            let fits = at == self.any || at == place_kind;
            if !fits || !(kinds.is_empty() || kinds.iter().any(|kind| code.starts_with(kind.as_str()))) {
                return 0.0;
            }
            let seasons = self.season.iter().filter(|(kind, _)| code.starts_with(kind.as_str()));
            let season = seasons.max_by_key(|(kind, _)| kind.len());
            season.map_or(1.0, |(_, months)| months[month % 12])
        };
        chance.weighted(self.stories.iter().map(weight))
    }

    /// A step's fields; `None` when one that must be filled cannot be.
    pub fn fill(
        &self,
        fills: &BTreeMap<String, Fill>,
        subject: &Subject<'_>,
        world: &World,
        chance: &mut Chance,
    ) -> Option<Input> {
        let mut input = Input::new();
        // Columns of the same phrase belong together within a step.
        let rows = RefCell::new(HashMap::new());
        for ask in &subject.step.asks {
            let raw = fills.get(&ask.field).and_then(|fill| {
                let sure = subject.with.contains(&ask.field);
                let skip = !sure && fill.percent.is_some_and(|percent| !chance.happens(percent));
                if skip { None } else { self.value(fill, &ask.field, subject, world, chance, &rows) }
            });
            match raw {
                Some(raw) => {
                    input.insert(ask.field.clone(), raw);
                }
                None if ask.optional => {}
                None => return None,
            }
        }
        Some(input)
    }

    fn value(
        &self,
        fill: &Fill,
        field: &str,
        subject: &Subject<'_>,
        world: &World,
        chance: &mut Chance,
        rows: &RefCell<HashMap<String, usize>>,
    ) -> Option<Raw> {
        let name = || world.place(subject.place).map(|place| place.words.zh.clone()).unwrap_or_default();
        let said = |text: &str| Raw::Text(text.replace("{place}", &name()));
        if let Some(text) = &fill.text {
            return Some(said(text));
        }
        if let Some(column) = &fill.story
            && let Some(text) = subject.story.and_then(|at| self.stories.get(at)?.get(column))
            && !text.is_empty()
        {
            let repeated = subject.mechanism.duplicates.as_ref().is_some_and(|rule| rule.words == field);
            return Some(match subject.form.filter(|_| repeated) {
                Some(form) => said(&form.replace("{text}", text)),
                None => said(text),
            });
        }
        if let Some(used) = &fill.phrase {
            let phrases = self.phrases.get(used)?;
            let drawn = chance.count([0, (phrases.len() - 1) as u32]);
            let row = &phrases[*rows.borrow_mut().entry(used.clone()).or_insert(drawn)];
            return row.get(fill.column.as_ref().unwrap_or(&self.phrase_text)).map(|text| said(text));
        }
        if !fill.rows.is_empty() {
            let cells = |row: &BTreeMap<String, String>| {
                Raw::Row(row.iter().map(|(name, text)| (name.clone(), said(text))).collect())
            };
            return Some(Raw::List(fill.rows.iter().map(cells).collect()));
        }
        if let Some(list) = &fill.of {
            let values = subject.record?.fields.get(list)?.items();
            return chance.one(values).cloned().map(Raw::Typed);
        }
        if let Some(table) = &fill.table {
            return self.table(table, field, subject, world, chance);
        }
        if let Some(days) = fill.days {
            let ahead = chance.count(days) as i64;
            return day(fill, ahead, subject, world);
        }
        if !fill.list.is_empty() {
            return Some(Raw::List(fill.list.iter().map(|text| said(text)).collect()));
        }
        if let Some(text) = chance.one(&fill.texts) {
            return Some(said(text));
        }
        if !fill.choose.is_empty() {
            let weight = |(name, weight): (&String, &f64)| {
                if fill.careless.contains(name) { weight * subject.manner } else { *weight }
            };
            let at = chance.weighted(fill.choose.iter().map(weight))?;
            return fill.choose.keys().nth(at).map(|name| Raw::Text(name.clone()));
        }
        if fill.keep {
            return subject.record?.fields.get(field).cloned().map(Raw::Typed);
        }
        if fill.place {
            return Some(Raw::Text(subject.place.to_owned()));
        }
        if let Some(metres) = fill.near {
            let point = world.place(subject.place)?.point?.degrees();
            let (lat, lon) = near(point, metres, chance);
            return Some(Raw::Point(lat, lon));
        }
        if let Some(many) = fill.photos {
            let photos: Vec<Raw> = (0..chance.count(many))
                .filter_map(|_| chance.one(&self.photos).cloned().map(Raw::File))
                .collect();
            return (!photos.is_empty()).then_some(Raw::List(photos));
        }
        if let Some(pattern) = &fill.pattern {
            let digits = pattern.chars().map(|c| match c {
                '#' => char::from(b'0' + (chance.bits() % 10) as u8),
                c => c,
            });
            return Some(Raw::Text(digits.collect()));
        }
        if fill.echoed {
            return subject.echoed.map(|record| Raw::Text(record.to_string()));
        }
        if let Some(raw) =
            from_row(fill, subject, world).or_else(|| from_record(fill, field, subject, chance))
        {
            return Some(raw);
        }
        let able = if fill.staff { staff(field, subject, world)? } else { self.units(fill, subject, world) };
        let list = matches!(subject.mechanism.field(field)?.ty, Type::List(_));
        drawn(able, list, fill, chance)
    }

    /// The rows of a table: of a check list one for each of its entries.
    fn table(
        &self,
        table: &super::habits::Rows,
        field: &str,
        subject: &Subject<'_>,
        world: &World,
        chance: &mut Chance,
    ) -> Option<Raw> {
        let asked = subject.mechanism.field(field)?;
        let under = asked.under.as_ref().and_then(|under| subject.record?.fields.get(under)?.text());
        let items: Vec<Option<&str>> = match &asked.each {
            Some(catalogue) => {
                world.lowest_under(catalogue, under).iter().map(|entry| Some(entry.code.as_str())).collect()
            }
            None => vec![None; chance.count(table.count.unwrap_or([1, 1]))],
        };
        let others = table.others.map_or(0, |others| chance.count(others));
        let first = chance.count([0, items.len().saturating_sub(1) as u32]);
        let drawn: HashMap<&String, usize> = table
            .cells
            .values()
            .filter_map(|fill| fill.phrase.as_ref())
            .map(|used| (used, chance.count([0, 1_000])))
            .collect();
        let mut rows = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let other = (at + items.len() - first) % items.len() < others;
            let fills = if other { &table.other } else { &table.cells };
            // Phrases follow each other, so that no two rows say the same.
            let nth = drawn.iter().filter_map(|(used, from)| {
                Some(((*used).clone(), (from + at) % self.phrases.get(*used)?.len()))
            });
            let said = RefCell::new(nth.collect::<HashMap<String, usize>>());
            let mut cells = BTreeMap::new();
            for (column, fill) in fills {
                if fill.percent.is_some_and(|percent| !chance.happens(percent)) {
                    continue;
                }
                let value = self.value(fill, column, subject, world, chance, &said)?;
                // A cell holds one value where a field may hold several.
                let value = match value {
                    Raw::List(mut several) => several.pop()?,
                    one => one,
                };
                cells.insert(column.clone(), value);
            }
            let name = gongzhi_lang::model::ITEM.to_owned();
            cells.extend(item.map(|item| (name, Raw::Text(item.to_owned()))));
            rows.push(Raw::Row(cells));
        }
        Some(Raw::List(rows))
    }

    fn units<'w>(&self, fill: &Fill, subject: &Subject<'_>, world: &'w World) -> Vec<&'w str> {
        let never: Vec<&str> = fill
            .except
            .iter()
            .filter_map(|name| subject.record?.fields.get(name))
            .flat_map(Value::items)
            .filter_map(Value::text)
            .collect();
        let near = fill.units.iter().filter_map(|kind| world.unit_for(kind, subject.place));
        near.filter(|unit| self.staffed.contains(*unit) && !never.contains(unit)).collect()
    }
}

/// Whoever holds a post in the unit from which a field asks persons.
fn staff<'w>(field: &str, subject: &Subject<'_>, world: &'w World) -> Option<Vec<&'w str>> {
    let unit = subject.mechanism.field(field)?.within.as_deref()?;
    let unit = subject.record?.fields.get(unit)?.text()?;
    let today = world.zone.date(Timestamp(subject.at));
    Some(world.staff_of(unit, today).into_iter().map(|(person, _)| person.code.as_str()).collect())
}

/// One of several codes, or for a list some of them.
fn drawn(mut able: Vec<&str>, list: bool, fill: &Fill, chance: &mut Chance) -> Option<Raw> {
    let mut chosen = Vec::new();
    for _ in 0..chance.count(fill.count.filter(|_| list).unwrap_or([1, 1])) {
        if able.is_empty() {
            break;
        }
        let at = chance.count([0, (able.len() - 1) as u32]);
        chosen.push(Raw::Text(able.swap_remove(at).to_owned()));
    }
    if list { (!chosen.is_empty()).then_some(Raw::List(chosen)) } else { chosen.pop() }
}

/// What the tree's row tells.
fn from_row(fill: &Fill, subject: &Subject<'_>, world: &World) -> Option<Raw> {
    let row = subject.row?;
    let told = |column: &String| row.get(column).filter(|text| !text.is_empty());
    if let Some(column) = &fill.row {
        return told(column).map(|text| Raw::Text(text.clone()));
    }
    let days: i64 = told(fill.ahead.as_ref()?)?.parse().ok()?;
    day(fill, days, subject, world)
}

/// A day so many days ahead; with an hour, at that hour of the next working day.
fn day(fill: &Fill, ahead: i64, subject: &Subject<'_>, world: &World) -> Option<Raw> {
    let today = world.zone.date(Timestamp(subject.at));
    let mut day = today.checked_add(ahead.days()).ok()?;
    while (fill.working || fill.hour.is_some()) && world.calendar.rest(day).is_some() {
        day = day.tomorrow().ok()?;
    }
    Some(Raw::Text(fill.hour.as_ref().map_or_else(|| day.to_string(), |hour| format!("{day} {hour}"))))
}

/// What follows from the record's own days and numbers.
fn from_record(fill: &Fill, field: &str, subject: &Subject<'_>, chance: &mut Chance) -> Option<Raw> {
    let fields = &subject.record?.fields;
    if let Some(later) = &fill.later {
        let Value::Date(day) = fields.get(&later.than)? else { return None };
        let days = chance.count(later.days) as i64;
        return Some(Raw::Text(day.checked_add(days.days()).ok()?.to_string()));
    }
    let toward = fill.toward.as_ref()?;
    let whole = fields.get(&toward.field)?.int()? as f64;
    let before = fields.get(field).and_then(Value::int).unwrap_or(0);
    Some(Raw::Int(before.max((whole * chance.between(toward.share)).floor() as i64)))
}

/// A point within some metres north or south and east or west of another, in degrees.
pub fn near((lat, lon): (f64, f64), metres: f64, chance: &mut Chance) -> (f64, f64) {
    let mut away = || chance.between([-metres, metres]) / 111_320.0;
    let (north, east) = (away(), away());
    (lat + north, lon + east / lat.to_radians().cos())
}
