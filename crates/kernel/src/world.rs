//! The county as it is now: territory, units, persons and posts, folded from the records of the
//! registers, with the calendar and the catalogues. A plain value: the kernel asks it, never a
//! database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gongzhi_base::{Calendar, Point, RecordId, Value, Words, Zone, words};
use gongzhi_lang::model::{Catalogue, Entry, Level, Library, Mechanism, Role};
use jiff::civil::Date;

use crate::actor::Post;
use crate::lineage::Lineage;
use crate::record::Record;

/// The tokens of a name in both languages, so that it is found in either.
fn tokens(name: &Words) -> String {
    let mut tokens = words::index_tokens(&name.zh);
    words::push_tokens(&mut tokens, &name.en);
    tokens
}

/// A place of the territory.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    pub code: String,
    pub words: Words,
    /// Of its name in both languages, as it stands in the text of records.
    pub tokens: String,
    pub level: Level,
    /// Town, township, community, village, …
    pub kind: String,
    pub parent: Option<String>,
    pub point: Option<Point>,
    pub bounds: String,
    pub phone: String,
}

/// A unit: an office, a department, a committee.
#[derive(Clone, PartialEq, Debug)]
pub struct Unit {
    pub code: String,
    pub words: Words,
    /// As of a [`Place`].
    pub tokens: String,
    pub kind: String,
    pub place: String,
    pub superior: Option<String>,
    pub phone: String,
    /// Whether it sits in the county's one-stop centre.
    pub resident: bool,
}

/// A person of the staff.
#[derive(Clone, PartialEq, Debug)]
pub struct Person {
    pub code: String,
    pub name: String,
    /// The record of the register in which this stands.
    pub record: RecordId,
}

/// A post held by a person, from a day and until the end of another if the register says so.
#[derive(Clone, PartialEq, Debug)]
pub struct Holding {
    pub person: String,
    pub post: Post,
    pub from: Option<Date>,
    pub until: Option<Date>,
}

impl Holding {
    /// Whether it is held on a day.
    pub fn on(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

/// The county as it is now.
#[derive(Clone, Debug)]
pub struct World {
    /// The county's code: names its ledger.
    pub county: String,
    pub zone: Zone,
    pub calendar: Arc<Calendar>,
    roles: BTreeMap<String, Role>,
    catalogues: BTreeMap<String, Arc<Catalogue>>,
    places: BTreeMap<String, Place>,
    /// Levels of the places that stand in a path: those in force, and closed ones.
    levels: BTreeMap<String, Level>,
    lineage: Lineage,
    /// The records of the register of places.
    place_records: BTreeSet<RecordId>,
    /// The record of each code by register, closed ones too.
    entered: BTreeMap<String, BTreeMap<String, RecordId>>,
    paths: BTreeMap<String, [Option<String>; 4]>,
    children: BTreeMap<String, Vec<String>>,
    units: BTreeMap<String, Unit>,
    /// Units by kind and place.
    units_at: BTreeMap<(String, String), String>,
    persons: BTreeMap<String, Person>,
    holdings: BTreeMap<String, Holding>,
    /// Codes of the posts of each person.
    posts_of: BTreeMap<String, BTreeSet<String>>,
    /// Codes of the posts that have an inbox.
    holders: BTreeMap<String, BTreeSet<String>>,
}

impl World {
    /// An empty county under a library of documents.
    pub fn new(county: String, zone: Zone, calendar: Arc<Calendar>, library: &Library) -> World {
        World {
            county,
            zone,
            calendar,
            roles: library.roles.clone(),
            catalogues: library.catalogues.clone(),
            places: BTreeMap::new(),
            levels: BTreeMap::new(),
            lineage: Lineage::default(),
            place_records: BTreeSet::new(),
            entered: BTreeMap::new(),
            paths: BTreeMap::new(),
            children: BTreeMap::new(),
            units: BTreeMap::new(),
            units_at: BTreeMap::new(),
            persons: BTreeMap::new(),
            holdings: BTreeMap::new(),
            posts_of: BTreeMap::new(),
            holders: BTreeMap::new(),
        }
    }

    /// Takes over roles and catalogues of newly published documents.
    pub fn use_library(&mut self, library: &Library) {
        self.roles = library.roles.clone();
        self.catalogues = library.catalogues.clone();
    }

    /// Takes a register's record into the picture; `false` if the mechanism is no register of it.
    pub fn register(&mut self, mechanism: &Mechanism, record: &Record) -> bool {
        let Some(register) = mechanism.register.as_deref() else { return false };
        let gone = mechanism.state(&record.state).is_some_and(|state| state.is_final);
        let text = |name: &str| record.fields.get(name).and_then(Value::text).unwrap_or_default().to_owned();
        let maybe = |name: &str| record.fields.get(name).and_then(Value::text).map(str::to_owned);
        let day = |name: &str| match record.fields.get(name) {
            Some(Value::Date(day)) => Some(*day),
            _ => None,
        };
        let code = text("code");
        self.entered.entry(register.to_owned()).or_default().insert(code.clone(), record.id);
        match register {
            "place" => {
                let Some(level) = Level::read(&text("level")) else { return true };
                let words = Words::new(text("name"), text("name_en"));
                let place = Place {
                    tokens: tokens(&words),
                    words,
                    level,
                    kind: text("kind"),
                    parent: maybe("parent"),
                    point: match record.fields.get("point") {
                        Some(Value::Point(point)) => Some(*point),
                        _ => None,
                    },
                    bounds: text("bounds"),
                    phone: text("phone"),
                    code: code.clone(),
                };
                let into = maybe("into").filter(|_| gone);
                match into.is_some() {
                    true => {
                        self.levels.remove(&code);
                        self.lineage.lost();
                    }
                    false => drop(self.levels.insert(code.clone(), level)),
                }
                let up = into.or_else(|| place.parent.clone());
                self.lineage.put(&code, record.changed, up);
                self.place_records.insert(record.id);
                self.put_place(code, (!gone).then_some(place));
            }
            "unit" => {
                if let Some(old) = self.units.remove(&code) {
                    self.units_at.remove(&(old.kind, old.place));
                }
                if !gone {
                    let words = Words::new(text("name"), text("name_en"));
                    let unit = Unit {
                        tokens: tokens(&words),
                        words,
                        kind: text("unit_kind"),
                        place: text("place"),
                        superior: maybe("superior"),
                        phone: text("phone"),
                        resident: record.fields.get("resident") == Some(&Value::Bool(true)),
                        code: code.clone(),
                    };
                    self.units_at.insert((unit.kind.clone(), unit.place.clone()), code.clone());
                    self.units.insert(code, unit);
                }
            }
            "person" => {
                self.persons.remove(&code);
                if !gone {
                    let name = text("name");
                    self.persons.insert(code.clone(), Person { code, name, record: record.id });
                }
            }
            "post" => {
                if let Some(old) = self.holdings.remove(&code) {
                    if let Some(posts) = self.posts_of.get_mut(&old.person) {
                        posts.remove(&code);
                    }
                    for inbox in old.post.inboxes() {
                        if let Some(holders) = self.holders.get_mut(&inbox) {
                            holders.remove(&code);
                        }
                    }
                }
                if !gone {
                    let post = Post { role: text("role"), unit: maybe("unit"), place: text("place") };
                    let person = text("person");
                    self.posts_of.entry(person.clone()).or_default().insert(code.clone());
                    for inbox in post.inboxes() {
                        self.holders.entry(inbox).or_default().insert(code.clone());
                    }
                    self.holdings
                        .insert(code, Holding { person, post, from: day("from"), until: day("until") });
                }
            }
            _ => return false,
        }
        true
    }

    /// The record of a code in a register, also when that entry is closed.
    pub fn entered(&self, register: &str, code: &str) -> Option<RecordId> {
        self.entered.get(register)?.get(code).copied()
    }

    fn put_place(&mut self, code: String, place: Option<Place>) {
        if let Some(old) = self.places.remove(&code)
            && let Some(parent) = &old.parent
            && let Some(siblings) = self.children.get_mut(parent)
        {
            siblings.retain(|sibling| *sibling != code);
        }
        if let Some(place) = place {
            if let Some(parent) = &place.parent {
                let siblings = self.children.entry(parent.clone()).or_default();
                let at = siblings.partition_point(|sibling| *sibling < code);
                siblings.insert(at, code.clone());
            }
            self.places.insert(code.clone(), place);
        }
        // Paths of the place and of everything under it.
        let mut seen = BTreeSet::new();
        let mut stale = vec![code];
        while let Some(code) = stale.pop() {
            // A ring would be a damaged register.
            if !seen.insert(code.clone()) {
                continue;
            }
            stale.extend(self.lineage.under(&code).cloned());
            match self.find_path(&code) {
                Some(path) => self.paths.insert(code, path),
                None => self.paths.remove(&code),
            };
        }
    }

    fn find_path(&self, code: &str) -> Option<[Option<String>; 4]> {
        let line = self.lineage.line(code, None);
        (!line.is_empty()).then_some(())?;
        let mut path = [const { None }; 4];
        for code in line {
            if let Some(level) = self.levels.get(&code) {
                path[*level as usize].get_or_insert(code);
            }
        }
        Some(path)
    }

    /// A place by its code.
    pub fn place(&self, code: &str) -> Option<&Place> {
        self.places.get(code)
    }

    /// Takes the whole history of a place into the picture, oldest form first.
    pub fn register_past(&mut self, mechanism: &Mechanism, forms: &[Record]) {
        let code = forms.last().and_then(|last| last.fields.get("code")).and_then(Value::text);
        if let Some(code) = code {
            self.lineage.forget(code);
        }
        for form in forms {
            self.register(mechanism, form);
        }
    }

    /// Where places lie and lay.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Whether a record is a place of the register.
    pub fn is_place(&self, record: RecordId) -> bool {
        self.place_records.contains(&record)
    }

    /// All places by code.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.values()
    }

    /// The places directly under a place, by code.
    pub fn children(&self, code: &str) -> impl Iterator<Item = &Place> {
        self.children.get(code).into_iter().flatten().filter_map(|code| self.places.get(code))
    }

    /// The places above and at a place: county, township, village, grid.
    pub fn path(&self, code: &str) -> [Option<String>; 4] {
        self.known_path(code).cloned().unwrap_or_default()
    }

    /// The same without a copy; `None` for a place that the register never held. A place that was merged
    /// lies in the one that took it in.
    pub fn known_path(&self, code: &str) -> Option<&[Option<String>; 4]> {
        self.paths.get(code)
    }

    /// The place of a level above or at a place.
    pub fn up(&self, code: &str, level: Level) -> Option<&str> {
        self.paths.get(code)?[level as usize].as_deref()
    }

    /// Whether `inner` is `outer` or lies under it.
    pub fn covers(&self, outer: &str, inner: &str) -> bool {
        match self.levels.get(outer) {
            Some(level) => self.up(inner, *level) == Some(outer),
            None => false,
        }
    }

    /// A unit by its code.
    pub fn unit(&self, code: &str) -> Option<&Unit> {
        self.units.get(code)
    }

    /// All units by code.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }

    /// The unit of a kind whose place is the nearest at or above a place.
    pub fn unit_for(&self, kind: &str, place: &str) -> Option<&str> {
        let path = self.paths.get(place)?;
        path.iter()
            .rev()
            .flatten()
            .find_map(|code| self.units_at.get(&(kind.to_owned(), code.clone())).map(String::as_str))
    }

    /// A person by code.
    pub fn person(&self, code: &str) -> Option<&Person> {
        self.persons.get(code)
    }

    /// All persons of the staff, by code.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.persons.values()
    }

    /// The posts that a person holds on a day.
    pub fn posts_of(&self, person: &str, day: Date) -> Vec<Post> {
        let codes = self.posts_of.get(person).into_iter().flatten();
        let held = codes.filter_map(|code| self.holdings.get(code)).filter(|holding| holding.on(day));
        held.map(|holding| holding.post.clone()).collect()
    }

    /// Whether a person holds a post in a unit on a day.
    pub fn works_in(&self, person: &str, unit: &str, day: Date) -> bool {
        self.posts_of(person, day).iter().any(|post| post.unit.as_deref() == Some(unit))
    }

    /// Whoever holds posts in a unit on a day, with them, by name.
    pub fn staff_of(&self, unit: &str, day: Date) -> Vec<(&Person, Vec<&Post>)> {
        let here = self.holdings.values().filter(|one| one.post.unit.as_deref() == Some(unit) && one.on(day));
        let mut staff: BTreeMap<&str, Vec<&Post>> = BTreeMap::new();
        for holding in here {
            staff.entry(&holding.person).or_default().push(&holding.post);
        }
        let known = staff.into_iter().filter_map(|(code, posts)| Some((self.person(code)?, posts)));
        let mut known: Vec<_> = known.collect();
        known.sort_by(|(one, _), (other, _)| (&one.name, &one.code).cmp(&(&other.name, &other.code)));
        known
    }

    /// The persons with an inbox of this key on a day, some perhaps more than once.
    pub fn holders(&self, inbox: &str, day: Date) -> impl Iterator<Item = &str> {
        let codes = self.holders.get(inbox).into_iter().flatten();
        let held = codes.filter_map(|code| self.holdings.get(code)).filter(move |holding| holding.on(day));
        held.map(|holding| holding.person.as_str())
    }

    /// All posts of the register, with who holds them and when.
    pub fn holdings(&self) -> impl Iterator<Item = &Holding> {
        self.holdings.values()
    }

    /// A role of the vocabulary.
    pub fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name)
    }

    /// The levels at which posts of a role exist.
    pub fn role_levels(&self, role: &str) -> &[Level] {
        self.roles.get(role).map(|role| role.at.as_slice()).unwrap_or_default()
    }

    /// A catalogue by name.
    pub fn catalogue(&self, name: &str) -> Option<&Arc<Catalogue>> {
        self.catalogues.get(name)
    }

    /// The entries of a catalogue under which there are no others, by code.
    pub fn lowest_entries(&self, catalogue: &str) -> Vec<&Entry> {
        self.lowest_under(catalogue, None)
    }

    /// The same, of those at or under an entry.
    pub fn lowest_under(&self, catalogue: &str, under: Option<&str>) -> Vec<&Entry> {
        let name = catalogue;
        let Some(catalogue) = self.catalogues.get(catalogue) else { return Vec::new() };
        let above: std::collections::BTreeSet<&str> =
            catalogue.entries.values().filter_map(|entry| entry.parent.as_deref()).collect();
        let lowest = catalogue.entries.values().filter(|entry| !above.contains(entry.code.as_str()));
        let chosen = |entry: &&Entry| {
            under.is_none_or(|under| self.entry_path(name, &entry.code).iter().any(|code| code == under))
        };
        lowest.filter(chosen).collect()
    }

    /// A catalogue entry with those above it, from the top.
    pub fn entry_path(&self, catalogue: &str, code: &str) -> Vec<String> {
        let mut path = Vec::new();
        let Some(catalogue) = self.catalogues.get(catalogue) else { return path };
        let mut at = Some(code);
        while let Some(entry) = at.and_then(|code| catalogue.entries.get(code)) {
            path.push(entry.code.clone());
            at = entry.parent.as_deref();
            if path.len() > 9 {
                break;
            }
        }
        path.reverse();
        path
    }

    /// Both languages of a place's name and of the names above it, for search.
    pub fn place_words(&self, code: &str) -> String {
        let path = self.path(code);
        let names = path.iter().skip(1).flatten().filter_map(|code| self.places.get(code));
        names.map(|place| format!("{} {}", place.words.zh, place.words.en)).collect::<Vec<_>>().join(" ")
    }
}
