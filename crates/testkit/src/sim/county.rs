//! The county that a seed makes: territory, units, people and posts as the tables that every county
//! is loaded from. Which units and roles there are comes from the documents and from data.

use std::fmt::Write as _;
use std::path::Path;

use gongzhi_lang::model::{Level, Library, Type};

use super::chance::Chance;
use super::habits::CountyHabits;

/// Code of the county's place.
pub const COUNTY: &str = "990000000000";

struct Place {
    code: String,
    level: Level,
    parent: Option<usize>,
}

struct Unit {
    code: String,
    kind: String,
    place: usize,
}

/// Writes the county's files into a directory.
pub fn write(
    dir: &Path,
    habits: &CountyHabits,
    villages: u32,
    library: &Library,
    seed: u64,
) -> std::io::Result<()> {
    let mut chance = Chance::new(seed, "county");
    let places = places(habits, villages, &mut chance);
    let units = units(habits, library, &places);
    std::fs::create_dir_all(dir)?;
    let file = |name: &str, text: String| std::fs::write(dir.join(name), text);
    file("county.toml", format!("place = \"{COUNTY}\"\nutc_offset = \"+08:00\"\n"))?;
    file("workdays.csv", workdays(&mut chance))?;
    file("places.csv", place_table(&places))?;
    file("units.csv", unit_table(&places, &units))?;
    let (people, posts) = posts(habits, library, &places, &units, &mut chance);
    file("people.csv", people)?;
    file("posts.csv", posts)
}

fn places(habits: &CountyHabits, villages: u32, chance: &mut Chance) -> Vec<Place> {
    let mut places = vec![Place { code: COUNTY.to_owned(), level: Level::County, parent: None }];
    let townships = (villages / habits.villages_of_township).max(2);
    for township in 0..townships {
        let code = format!("990{:03}000000", township + 1);
        places.push(Place { code, level: Level::Township, parent: Some(0) });
    }
    for village in 0..villages {
        let above = 1 + chance.count(0, u64::from(townships) - 1) as usize;
        let code = format!("{}{:06}", &places[above].code[..6], village + 1);
        places.push(Place { code: code.clone(), level: Level::Village, parent: Some(above) });
        let parent = Some(places.len() - 1);
        for grid in 0..chance.count(1, u64::from(habits.most_grids)) {
            places.push(Place { code: format!("{code}-{}", grid + 1), level: Level::Grid, parent });
        }
    }
    places
}

fn units(habits: &CountyHabits, library: &Library, places: &[Place]) -> Vec<Unit> {
    // Every kind of unit that documents or catalogues name has to be somewhere.
    let mut county: Vec<String> = habits.county_units.clone();
    let columns = library.catalogues.values().flat_map(|catalogue| catalogue.entries.values());
    let named = columns.filter_map(|entry| entry.values.get("unit_kind").cloned());
    let fields = library.mechanisms.values().flat_map(|mechanism| &mechanism.fields);
    let asked = fields.filter(|field| field.ty == Type::Unit).flat_map(|field| field.kinds.clone());
    for kind in named.chain(asked).filter(|kind| !kind.is_empty()) {
        let elsewhere = habits.township_units.contains(&kind) || habits.village_units.contains(&kind);
        if !elsewhere && !county.contains(&kind) {
            county.push(kind);
        }
    }
    let mut units = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let kinds: &[String] = match place.level {
            Level::County => &county,
            Level::Township => &habits.township_units,
            Level::Village => &habits.village_units,
            Level::Grid => &[],
        };
        for kind in kinds {
            let code = format!("{kind}-{}", place.code);
            units.push(Unit { code, kind: kind.clone(), place: at });
        }
    }
    units
}

/// The unit in which somebody of a place works: its own first one, else the nearest above.
fn unit_over<'u>(places: &[Place], units: &'u [Unit], place: usize) -> Option<&'u Unit> {
    let mut at = Some(place);
    while let Some(here) = at {
        if let Some(unit) = units.iter().find(|unit| unit.place == here) {
            return Some(unit);
        }
        at = places[here].parent;
    }
    None
}

fn place_table(places: &[Place]) -> String {
    let mut table = String::from("code,name,name_en,level,kind,parent,lat,lon,bounds,phone\n");
    for (at, place) in places.iter().enumerate() {
        let parent = place.parent.map_or("", |parent| &places[parent].code);
        let (lat, lon) = (35.0 + at as f64 / 5_000.0, 111.0 + (at * 7 % 2_000) as f64 / 4_000.0);
        let _ = writeln!(
            table,
            "{0},{0},Place {0},{1},{1},{2},{3:.5},{4:.5},,",
            place.code,
            place.level.word(),
            parent,
            lat,
            lon
        );
    }
    table
}

fn unit_table(places: &[Place], units: &[Unit]) -> String {
    let mut table = String::from("code,name,name_en,kind,place,superior,phone,resident\n");
    for (at, unit) in units.iter().enumerate() {
        // What is stuck goes to a unit of the place above; in the county to its first unit.
        let superior = match places[unit.place].parent {
            Some(above) => unit_over(places, units, above),
            None => units.first().filter(|_| at > 0),
        };
        let superior = superior.map_or("", |unit| &unit.code);
        let place = &places[unit.place].code;
        let _ = writeln!(table, "{0},{0},Unit {0},{1},{place},{superior},,0", unit.code, unit.kind);
    }
    table
}

/// People and posts: every role of the vocabulary is held wherever it can be.
fn posts(
    habits: &CountyHabits,
    library: &Library,
    places: &[Place],
    units: &[Unit],
    chance: &mut Chance,
) -> (String, String) {
    let mut people = String::from("login,name,phone\n");
    let mut posts = String::from("login,role,unit,place\n");
    let mut person = 0;
    for (name, role) in &library.roles {
        for (at, place) in places.iter().enumerate().filter(|(_, place)| role.at.contains(&place.level)) {
            let mut seats: Vec<Option<&Unit>> = match role.in_unit {
                true => units.iter().filter(|unit| unit.place == at).map(Some).collect(),
                false => vec![None],
            };
            if seats.is_empty() {
                seats.extend(unit_over(places, units, at).map(Some));
            }
            if place.level == Level::County {
                // A role that only some units have, such as the clerks of the centre.
                let only = habits.only_in.get(name);
                seats.retain(|seat| {
                    only.is_none_or(|only| seat.is_some_and(|unit| only.contains(&unit.kind)))
                });
            }
            for seat in seats {
                let holders = if chance.happens(habits.second_holder) { 2 } else { 1 };
                for _ in 0..holders {
                    // Some hold several posts.
                    if person == 0 || !chance.happens(habits.further_post) {
                        person += 1;
                        let _ = writeln!(people, "p{person:05},Person {person},");
                    }
                    let unit = seat.map_or("", |unit| &unit.code);
                    let _ = writeln!(posts, "p{person:05},{name},{unit},{}", place.code);
                }
            }
        }
    }
    (people, posts)
}

/// Made-up holidays of one year, with working days in exchange.
fn workdays(chance: &mut Chance) -> String {
    let mut table = String::from("date,weekday,kind,is_workday,holiday_zh,holiday_en\n");
    for month in 1..=12 {
        if !chance.happens(60.0) {
            continue;
        }
        let first = chance.count(1, 20);
        for day in first..first + chance.count(1, 8) {
            let _ =
                writeln!(table, "{}-{month:02}-{day:02},,holiday,0,H{month},Holiday {month}", super::YEAR);
        }
        let makeup = chance.count(22, 28);
        if makeup > first + 8 {
            let _ =
                writeln!(table, "{}-{month:02}-{makeup:02},,makeup,1,H{month},Holiday {month}", super::YEAR);
        }
    }
    table
}
