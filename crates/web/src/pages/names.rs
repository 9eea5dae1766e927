//! Names of places, units, kinds, posts and people in the reader's language.

use gongzhi_base::Value;
use gongzhi_base::dayrule::Period;
use gongzhi_kernel::{Acted, Post, World};
use gongzhi_lang::model::{Field, Level, Type};
use gongzhi_service::State;
use jiff::civil::Date;

use super::words::say;
use crate::i18n::{Lang, t, t_with};
use crate::view::format;

/// A place with those above it below the county, widest first.
pub fn place(lang: Lang, state: &State, code: &str) -> String {
    let path = state.world.path(code);
    let below = path.iter().skip(1).flatten();
    let names: Vec<String> =
        below.filter_map(|code| state.world.place(code)).map(|place| say(lang, &place.words)).collect();
    match names.is_empty() {
        true => place_alone(lang, state, code),
        false => names.join(" › "),
    }
}

/// A place's own name.
pub fn place_alone(lang: Lang, state: &State, code: &str) -> String {
    state.world.place(code).map_or_else(|| code.to_owned(), |place| say(lang, &place.words))
}

/// A unit's name.
pub fn unit(lang: Lang, state: &State, code: &str) -> String {
    state.world.unit(code).map_or_else(|| code.to_owned(), |unit| say(lang, &unit.words))
}

/// A catalogue entry with the entries above it.
pub fn entry(lang: Lang, state: &State, catalogue: &str, code: &str) -> String {
    entry_path(lang, state, catalogue, code).join(" › ")
}

/// The names of the entries above a catalogue entry, from the top, and its own; its code where it is not known.
pub fn entry_path(lang: Lang, state: &State, catalogue: &str, code: &str) -> Vec<String> {
    let path = state.world.entry_path(catalogue, code);
    let known = state.world.catalogue(catalogue);
    let known = known.into_iter().flat_map(|known| path.iter().filter_map(|code| known.entries.get(code)));
    let names: Vec<String> = known.map(|entry| say(lang, &entry.words)).collect();
    if names.is_empty() { vec![code.to_owned()] } else { names }
}

/// A role's name.
pub fn role(lang: Lang, state: &State, name: &str) -> String {
    state.world.role(name).map_or_else(|| name.to_owned(), |role| say(lang, &role.words))
}

/// A post: role and unit, or role and place.
pub fn post(lang: Lang, state: &State, post: &Post) -> String {
    let at = match &post.unit {
        Some(code) => unit(lang, state, code),
        None => place_alone(lang, state, &post.place),
    };
    format!("{} · {at}", role(lang, state, &post.role))
}

/// Who acted. Residents are told the unit, never the person.
pub fn acted(lang: Lang, state: &State, by: &Acted, staff: bool) -> String {
    match by {
        Acted::Public | Acted::Holder if staff => t(lang, "by-resident").into_owned(),
        Acted::Public | Acted::Holder => t(lang, "by-you").into_owned(),
        Acted::System => t(lang, "by-system").into_owned(),
        Acted::Person { code, post: held } => {
            let at = held.as_ref().map(|held| match (staff, &held.unit) {
                (true, _) => post(lang, state, held),
                (false, Some(code)) => unit(lang, state, code),
                (false, None) => role(lang, state, &held.role),
            });
            let name = state.world.person(code).map(|person| person.name.clone()).filter(|_| staff);
            let both: Vec<String> = name.into_iter().chain(at).collect();
            both.join(" · ")
        }
    }
}

/// The word for a level of place.
pub fn level(lang: Lang, level: Level) -> String {
    t(lang, &format!("level-{}", level.word())).into_owned()
}

/// A value as text. Files and sealed values have places of their own and give nothing here.
pub fn value(lang: Lang, state: &State, field: &Field, value: &Value) -> String {
    let ty = super::input::item(&field.ty);
    let items: Vec<String> = value
        .items()
        .iter()
        .map(|item| one(lang, state, field, ty, item))
        .filter(|text| !text.is_empty())
        .collect();
    items.join(&t(lang, "list-comma"))
}

/// A row of a table as one text, where there is no room for a table.
fn row(lang: Lang, state: &State, table: &Field, row: &Value) -> String {
    let Some(shown) = super::tables::shown(lang, state, table, row) else { return String::new() };
    let cells = shown.rows.into_iter().flatten().filter(|cell| !cell.is_empty());
    cells.collect::<Vec<_>>().join(" · ")
}

/// The quarter or year in which a day lies, where the day names it.
pub fn period(lang: Lang, field: &Field, day: Date) -> String {
    let year = day.year().to_string();
    match field.period {
        Some(Period::Quarter) => {
            let pairs = [("year", year.into()), ("n", ((day.month() - 1) / 3 + 1).to_string().into())];
            t_with(lang, "figure-quarter", pairs)
        }
        Some(Period::Year) => t_with(lang, "figure-year", [("year", year.into())]),
        _ => format::full_day(lang, day),
    }
}

/// A person's name, or the code where the register does not hold it.
pub fn person(world: &World, code: &str) -> String {
    world.person(code).map_or_else(|| code.to_owned(), |person| person.name.clone())
}

fn one(lang: Lang, state: &State, field: &Field, ty: &Type, value: &Value) -> String {
    let zone = state.world.zone;
    match (ty, value) {
        (Type::Place, Value::Text(code)) => place(lang, state, code),
        (Type::Unit, Value::Text(code)) => unit(lang, state, code),
        (Type::Entry(catalogue), Value::Text(code)) => entry(lang, state, catalogue, code),
        (Type::Person, Value::Text(code)) => person(&state.world, code),
        (Type::Choice(_), Value::Text(name)) => {
            let option = field.options.iter().find(|(known, _)| known == name);
            option.map_or_else(|| name.clone(), |(_, words)| say(lang, words))
        }
        (Type::Rows(_), Value::Row(_)) => row(lang, state, field, value),
        (_, Value::Text(text)) => text.clone(),
        (_, Value::Bool(yes)) => t(lang, if *yes { "yes" } else { "no" }).into_owned(),
        (_, Value::Int(fen)) if field.amount => format!("¥{}", format::yuan(*fen)),
        (_, Value::Int(number)) => format::number(*number),
        (Type::Month, Value::Date(date)) => format::month(lang, *date),
        (_, Value::Date(date)) if matches!(field.period, Some(Period::Quarter | Period::Year)) => {
            period(lang, field, *date)
        }
        (_, Value::Date(date)) => format::full_day(lang, *date),
        (_, Value::Time(at)) => format::moment(lang, zone.civil(*at), 0),
        (_, Value::Span(span)) => super::why::span(lang, *span),
        (_, Value::Point(point)) => {
            let (lat, lon) = point.degrees();
            format!("{lat:.5}, {lon:.5}")
        }
        _ => String::new(),
    }
}
