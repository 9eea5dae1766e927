//! Columns and cells of lists in the reader's language. Pages and exported sheets take them from here.

use gongzhi_base::Timestamp;
use gongzhi_base::dayrule::Period;
use gongzhi_lang::model::{Mechanism, Tone as StateTone, Type};
use gongzhi_lang::view::{Axis, Column, dated};
use gongzhi_service::State;
use gongzhi_service::listing::Listed;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::asked::NONE;
use crate::i18n::{Lang, t, t_with};
use crate::pages::rows::{due, moment, record_row, tone};
use crate::pages::words::say;
use crate::pages::{input, names};
use crate::view::{Choice, Due, State as Shown, Tone, format};

/// A cell's value as text, without what a page adds.
pub fn text(lang: Lang, state: &State, column: &Column, one: &Listed, now: Timestamp) -> String {
    let row = &one.row;
    match column {
        Column::Number => row.number.clone(),
        Column::Title => title(one),
        Column::State => state_of(lang, one).label,
        Column::Place => {
            let place = row.path.iter().rev().flatten().next();
            place.map(|code| names::place(lang, state, code)).unwrap_or_default()
        }
        Column::Unit => row.unit.as_deref().map(|unit| names::unit(lang, state, unit)).unwrap_or_default(),
        Column::Kind => record_row(lang, state, row, now).kind,
        Column::Due => row.due.map(|at| due(lang, state, at, now, "").at).unwrap_or_default(),
        Column::Opened => moment(lang, state, row.opened, now),
        Column::Changed => moment(lang, state, row.changed, now),
        Column::Parent => one.parent.as_ref().map(|parent| parent.title.clone()).unwrap_or_default(),
        Column::Field(name) => match one.value(name) {
            Some((field, value)) => names::value(lang, state, field, value),
            None => String::new(),
        },
    }
}

/// Whether a column holds numbers, which stand to the right.
pub fn numeric(mechanism: &Mechanism, column: &Column) -> bool {
    match column {
        Column::Field(name) => mechanism.field(name).is_some_and(|field| field.ty == Type::Int),
        _ => false,
    }
}

/// Whether a column holds dates, which are not broken over lines.
pub fn short(mechanism: &Mechanism, column: &Column) -> bool {
    match column {
        Column::Opened | Column::Changed => true,
        Column::Field(name) => mechanism.field(name).is_some_and(|field| dated(&field.ty)),
        _ => false,
    }
}

/// A column's heading.
pub fn head(lang: Lang, mechanism: &Mechanism, column: &Column) -> String {
    let named = |name: &Option<String>| {
        name.as_deref().and_then(|name| mechanism.field(name)).map(|field| say(lang, &field.words))
    };
    let own = match column {
        Column::Field(name) => mechanism.field(name).map(|field| say(lang, &field.words)),
        Column::Title => named(&mechanism.title),
        Column::Unit => named(&mechanism.unit),
        Column::Kind => named(&mechanism.kind),
        Column::Place => named(&mechanism.place),
        _ => None,
    };
    own.unwrap_or_else(|| t(lang, &format!("column-{}", column.word())).into_owned())
}

/// What a record is about, or its number where it has no title.
pub fn title(one: &Listed) -> String {
    if one.row.title.is_empty() { one.row.number.clone() } else { one.row.title.clone() }
}

/// The state of a record as it is shown.
pub fn state_of(lang: Lang, one: &Listed) -> Shown {
    match one.mechanism.state(&one.row.state) {
        Some(known) => Shown { label: say(lang, &known.words), tone: tone(known.tone) },
        None => Shown::default(),
    }
}

/// Whether a record ended well.
pub fn ended_well(one: &Listed) -> bool {
    one.mechanism.state(&one.row.state).is_some_and(|state| state.is_final && state.tone == StateTone::Good)
}

/// The nearest deadline, linked to its explanation.
pub fn due_of(lang: Lang, state: &State, one: &Listed, now: Timestamp) -> Option<Due> {
    let why = one.row.due_name.as_ref().map(|name| format!("/desk/r/{}/why/{name}", one.row.id));
    Some(due(lang, state, one.row.due?, now, &why.unwrap_or_default()))
}

/// The names of the marks that hold for a record.
pub fn marks(lang: Lang, one: &Listed, marks: &[String]) -> Vec<Shown> {
    let holding = marks.iter().filter(|name| one.holds(name));
    let fields = holding.filter_map(|name| one.mechanism.field(name));
    fields.map(|field| Shown { label: say(lang, &field.words), tone: Tone::Late }).collect()
}

/// The words of a name by which views divide.
pub fn axis_head(lang: Lang, mechanism: &Mechanism, name: &str) -> String {
    match name {
        "state" => t(lang, "column-state").into_owned(),
        field => head(lang, mechanism, &Column::Field(field.to_owned())),
    }
}

/// The values by which views divide, in their order: states of the document, options, first entries,
/// places under the county, units, twelve
/// months. The one that means “no value” is not among them.
pub fn axis_values(
    lang: Lang,
    state: &State,
    mechanism: &Mechanism,
    axis: &Axis,
    first: Date,
) -> Vec<(String, String)> {
    let Axis::Field(name) = axis else {
        let states = mechanism.states.iter();
        return states.map(|state| (state.name.clone(), say(lang, &state.words))).collect();
    };
    let Some(field) = mechanism.field(name) else { return Vec::new() };
    let world = &state.world;
    match input::item(&field.ty) {
        Type::Bool => ["true", "false"]
            .map(|value| (value.to_owned(), t(lang, if value == "true" { "yes" } else { "no" }).into_owned()))
            .to_vec(),
        Type::Choice(_) => {
            let options = field.options.iter();
            options.map(|(name, words)| (name.clone(), say(lang, words))).collect()
        }
        Type::Entry(catalogue) => {
            let entries = world.catalogue(catalogue).into_iter().flat_map(|known| known.entries.values());
            let top = entries.filter(|entry| entry.parent.is_none());
            top.map(|entry| (entry.code.clone(), say(lang, &entry.words))).collect()
        }
        Type::Place => {
            let places = world.children(&world.county);
            places.map(|place| (place.code.clone(), say(lang, &place.words))).collect()
        }
        Type::Unit => {
            // A village's own units would make hundreds of lines that hardly ever hold anything.
            let high = world.units().filter(|unit| {
                let level = world.place(&unit.place).map(|place| place.level);
                level.is_some_and(|level| level <= gongzhi_lang::model::Level::Township)
                    && (field.kinds.is_empty() || field.kinds.contains(&unit.kind))
            });
            high.map(|unit| (unit.code.clone(), say(lang, &unit.words))).collect()
        }
        _ => months(lang, first),
    }
}

/// Twelve months from one on.
pub fn months(lang: Lang, first: Date) -> Vec<(String, String)> {
    let month = |n: i32| {
        let date = first.checked_add(n.months()).ok()?;
        Some((format!("{:04}-{:02}", date.year(), date.month()), format::month(lang, date)))
    };
    (0..12).filter_map(month).collect()
}

/// One value by which views divide, in words.
pub fn axis_value(lang: Lang, state: &State, mechanism: &Mechanism, name: &str, value: &str) -> String {
    if value.is_empty() || value == NONE {
        return t(lang, "value-none").into_owned();
    }
    if name == "state" {
        let known = mechanism.state(value);
        return known.map_or_else(|| value.to_owned(), |state| say(lang, &state.words));
    }
    let Some(field) = mechanism.field(name) else { return value.to_owned() };
    match input::item(&field.ty) {
        Type::Date | Type::Month | Type::Time => {
            let words = |month| crate::pages::desk::board::month_words(lang, month);
            match value.split_once("..") {
                Some(("", to)) => t_with(lang, "months-until", [("x", words(to).into())]),
                Some((from, "")) => t_with(lang, "months-from", [("x", words(from).into())]),
                _ => match format!("{value}-01").parse() {
                    Ok(day) if matches!(field.period, Some(Period::Quarter | Period::Year)) => {
                        names::period(lang, field, day)
                    }
                    _ => words(value),
                },
            }
        }
        Type::Bool => t(lang, if value == "true" { "yes" } else { "no" }).into_owned(),
        _ => names::value(lang, state, field, &gongzhi_base::Value::Text(value.to_owned())),
    }
}

/// Values to choose from, as a form lists them; one that is not among them is added.
pub fn choices(values: Vec<(String, String)>, chosen: &str, words: impl Fn(&str) -> String) -> Vec<Choice> {
    let mut values = values;
    if !chosen.is_empty() && !values.iter().any(|(value, _)| value == chosen) {
        values.push((chosen.to_owned(), words(chosen)));
    }
    let choice = |(value, label): (String, String)| Choice {
        selected: value == chosen,
        value,
        label,
        ..Choice::default()
    };
    values.into_iter().map(choice).collect()
}

/// A number as the page shows it.
pub fn number(n: usize) -> String {
    format::number(n as i64)
}
