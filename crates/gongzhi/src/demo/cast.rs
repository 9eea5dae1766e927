//! Who can act and where: the county's posts and places, indexed for drawing.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use gongzhi_kernel::{Actor, Record, World};
use gongzhi_lang::model::{Level, Who};

use super::chance::Chance;
use super::habits::Habits;

/// Places with their weight, by code.
type Weighted = Rc<[(String, f64)]>;

/// A post of a person.
struct Held {
    person: String,
    place: String,
}

/// Posts and places of a county.
pub struct Cast {
    by_role: HashMap<String, Vec<Held>>,
    by_unit: HashMap<(String, String), Vec<String>>,
    /// Places with their weight, by code.
    places: Vec<(String, f64)>,
    /// Places that fit a question asked before: there are few questions and many openings.
    asked: RefCell<HashMap<String, Weighted>>,
    manner: BTreeMap<String, f64>,
}

impl Cast {
    /// The cast of a county.
    pub fn new(world: &World, habits: &Habits) -> Cast {
        let mut by_role: HashMap<String, Vec<Held>> = HashMap::new();
        let mut by_unit: HashMap<(String, String), Vec<String>> = HashMap::new();
        for holding in world.holdings() {
            let post = &holding.post;
            let held = Held { person: holding.person.clone(), place: post.place.clone() };
            by_role.entry(post.role.clone()).or_default().push(held);
            if let Some(unit) = &post.unit {
                let key = (post.role.clone(), unit.clone());
                by_unit.entry(key).or_default().push(holding.person.clone());
            }
        }
        let places = world
            .places()
            .map(|place| {
                let kind = habits.places.kinds.get(&place.kind).copied().unwrap_or(0.0);
                let path = world.path(&place.code);
                let more = path.iter().flatten().filter_map(|code| habits.places.more.get(code));
                (place.code.clone(), kind * more.product::<f64>())
            })
            .filter(|(_, weight)| *weight > 0.0)
            .collect();
        Cast { by_role, by_unit, places, asked: RefCell::default(), manner: habits.manner.clone() }
    }

    /// Somebody who may act as one of `who` on a record; `wanted` in the document's words narrows it.
    pub fn actor(
        &self,
        who: &[Who],
        wanted: Option<&str>,
        record: &Record,
        world: &World,
        chance: &mut Chance,
    ) -> Option<Actor> {
        let mut able: Vec<Actor> = Vec::new();
        for who in who.iter().filter(|who| wanted.is_none_or(|wanted| words(who) == wanted)) {
            match who {
                Who::Anyone => able.push(Actor::Public),
                Who::Holder => able.push(Actor::Holder(record.id)),
                Who::System => {}
                Who::Role(role) => {
                    let held = self.by_role.get(role).map(Vec::as_slice).unwrap_or_default();
                    let here: Vec<&str> = held
                        .iter()
                        .filter(|held| world.covers(&held.place, &record.place))
                        .map(|held| held.person.as_str())
                        .collect();
                    able.extend(chance.one(&here).map(|person| staff(person, world)));
                }
                Who::RoleOf { role, field } => {
                    let units = record.fields.get(field).map(gongzhi_base::Value::items).unwrap_or_default();
                    let mut here: Vec<&str> = Vec::new();
                    for unit in units.iter().filter_map(gongzhi_base::Value::text) {
                        let key = (role.clone(), unit.to_owned());
                        here.extend(self.by_unit.get(&key).into_iter().flatten().map(String::as_str));
                    }
                    able.extend(chance.one(&here).map(|person| staff(person, world)));
                }
            }
        }
        let at = chance.count([0, (able.len().max(1) - 1) as u32]);
        (at < able.len()).then(|| able.swap_remove(at))
    }

    /// Somebody who opens a record as `who`, and its place: of `levels`, at or under `within`.
    pub fn opener(
        &self,
        who: &str,
        levels: &[Level],
        within: Option<&str>,
        world: &World,
        chance: &mut Chance,
    ) -> Option<(Actor, String)> {
        let Some(held) = self.by_role.get(who) else {
            // One named person, where it must be somebody of a certain office.
            if world.person(who).is_some() {
                let place = self.place(levels, within, None, world, chance)?;
                return Some((staff(who, world), place));
            }
            let place = self.place(levels, within, None, world, chance)?;
            return Some((Actor::Public, place));
        };
        // A post is drawn by how much happens where it stands, so that the many places under a
        // county's post do not leave a grid's own post without work.
        let reaches = |held: &&Held| {
            within.is_none_or(|within| world.covers(&held.place, within) || world.covers(within, &held.place))
        };
        let held: Vec<&Held> = held.iter().filter(reaches).collect();
        let weight =
            |held: &&Held| self.places.iter().find(|(code, _)| *code == held.place).map_or(1.0, |p| p.1);
        let held = held.get(chance.weighted(held.iter().map(weight))?)?;
        let place = self.place(levels, within, Some(&held.place), world, chance)?;
        Some((staff(&held.person, world), place))
    }

    fn place(
        &self,
        levels: &[Level],
        within: Option<&str>,
        under: Option<&str>,
        world: &World,
        chance: &mut Chance,
    ) -> Option<String> {
        let key = format!("{levels:?} {within:?} {under:?}");
        let known = self.asked.borrow().get(&key).cloned();
        let fitting = known.unwrap_or_else(|| {
            let fits = |(code, _): &&(String, f64)| {
                let level = world.place(code).is_some_and(|p| levels.is_empty() || levels.contains(&p.level));
                level && [within, under].into_iter().flatten().all(|outer| world.covers(outer, code))
            };
            let fitting: Weighted = self.places.iter().filter(fits).cloned().collect();
            self.asked.borrow_mut().insert(key, fitting.clone());
            fitting
        });
        let at = chance.weighted(fitting.iter().map(|(_, weight)| *weight))?;
        Some(fitting[at].0.clone())
    }

    /// How careless the people are in whose hands a record is.
    pub fn manner(&self, world: &World, place: &str, unit: Option<&str>) -> f64 {
        let path = world.path(place);
        let codes = path.iter().flatten().map(String::as_str).chain(unit);
        codes.filter_map(|code| self.manner.get(code)).product()
    }
}

/// The posts held at the time count when a command is decided; here it is enough that there are some.
fn staff(person: &str, world: &World) -> Actor {
    let held = world.holdings().filter(|holding| holding.person == person);
    Actor::Person { code: person.to_owned(), posts: held.map(|holding| holding.post.clone()).collect() }
}

/// Who may act, in the document's words.
pub fn words(who: &Who) -> String {
    match who {
        Who::Anyone => "anyone".to_owned(),
        Who::Holder => "holder".to_owned(),
        Who::System => "system".to_owned(),
        Who::Role(role) => role.clone(),
        Who::RoleOf { role, field } => format!("{role} of {field}"),
    }
}
