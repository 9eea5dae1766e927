//! Reading what came in against the fields that a step asks for: all faults at once, nothing
//! guessed, nothing lost.

use std::collections::BTreeMap;

use gongzhi_base::canon::Canon;
use gongzhi_base::value::Sealed;
use gongzhi_base::{Point, RecordId, Span, Timestamp, Value};
use gongzhi_lang::model::{Ask, Field, Mechanism, Step, Type};
use jiff::civil::Date;

use crate::command::{Input, Raw};
use crate::refusal::{Fault, FieldFault};
use crate::rows;
use crate::world::World;

/// Longest text of a field without its own limit, in characters.
const MAX_TEXT: i64 = 2_000;
/// Most items of a list without its own limit.
const MAX_ITEMS: i64 = 50;

/// The values of the fields that a step asks, or every fault. Optional fields left empty are in
/// neither map. Personal values are wrapped with the record as the key's owner. `known` are the values
/// that the record has already, `today` the day on which posts must be held.
pub fn read(
    mechanism: &Mechanism,
    step: &Step,
    input: &Input,
    record: RecordId,
    known: &BTreeMap<String, Value>,
    world: &World,
    today: Date,
) -> Result<BTreeMap<String, Value>, Vec<FieldFault>> {
    let mut values = BTreeMap::new();
    let mut faults = Vec::new();
    for name in input.keys() {
        if !step.asks.iter().any(|ask| ask.field == *name) {
            faults.push(FieldFault { field: name.clone(), fault: Fault::NotAsked });
        }
    }
    for Ask { field: name, optional } in &step.asks {
        let Some(field) = mechanism.field(name) else { continue };
        let raw = input.get(name).filter(|raw| !is_blank(raw));
        if let (Some(raw), Type::Rows(_)) = (raw, &field.ty) {
            let under =
                field.under.as_ref().and_then(|under| named(under, &values, known)).map(str::to_owned);
            match rows::read(field, raw, under.as_deref(), world) {
                Ok(Value::List(rows)) if rows.is_empty() && *optional => {}
                Ok(value) => {
                    values.insert(name.clone(), kept(field, record, value));
                }
                Err(found) => faults.extend(found),
            }
            continue;
        }
        let found = match raw {
            None if *optional => continue,
            None => Err(Fault::Missing),
            Some(raw) => {
                value(field, &field.ty, raw, world).and_then(|value| bounds(field, value)).and_then(|value| {
                    match field.within.as_ref().and_then(|unit| named(unit, &values, known)) {
                        Some(unit) => colleagues(value, unit, known.get(name), world, today),
                        None => Ok(value),
                    }
                })
            }
        };
        match found {
            Ok(value) => {
                values.insert(name.clone(), kept(field, record, value));
            }
            Err(fault) => faults.push(FieldFault { field: name.clone(), fault }),
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(faults) }
}

/// What another field names: given in the same step, or before.
fn named<'v>(
    field: &str,
    values: &'v BTreeMap<String, Value>,
    known: &'v BTreeMap<String, Value>,
) -> Option<&'v str> {
    values.get(field).or_else(|| known.get(field)).and_then(Value::text)
}

/// Persons who all hold a post in a unit. Whom the record names already may have left it since.
fn colleagues(
    value: Value,
    unit: &str,
    before: Option<&Value>,
    world: &World,
    today: Date,
) -> Result<Value, Fault> {
    let named = |person: &str| {
        before.is_some_and(|before| before.items().iter().any(|one| one.text() == Some(person)))
    };
    let stranger = |person: &&str| !named(person) && !world.works_in(person, unit, today);
    match value.items().iter().filter_map(Value::text).find(stranger) {
        Some(person) => Err(Fault::NotInUnit(short(person))),
        None => Ok(value),
    }
}

/// A value as it is kept: a personal one wrapped.
fn kept(field: &Field, record: RecordId, value: Value) -> Value {
    match &field.personal {
        Some(_) => Value::Sealed(Sealed { scheme: 0, key: record, bytes: value.to_bytes() }),
        None => value,
    }
}

/// Whether nothing stands in what was sent.
pub fn is_blank(raw: &Raw) -> bool {
    match raw {
        Raw::Text(text) => text.trim().is_empty(),
        Raw::List(items) => items.iter().all(is_blank),
        Raw::Row(cells) => cells.values().all(is_blank),
        _ => false,
    }
}

/// A value of a field's type, or why it is none.
pub(crate) fn value(field: &Field, ty: &Type, raw: &Raw, world: &World) -> Result<Value, Fault> {
    if let Raw::Typed(value) = raw {
        return Ok(value.clone());
    }
    match ty {
        Type::Bool => match raw {
            Raw::Bool(value) => Ok(Value::Bool(*value)),
            Raw::Text(text) => match text.as_str() {
                "true" | "1" | "yes" | "on" => Ok(Value::Bool(true)),
                "false" | "0" | "no" | "off" => Ok(Value::Bool(false)),
                _ => Err(Fault::NotBool),
            },
            _ => Err(Fault::NotBool),
        },
        Type::Int => number(field, raw),
        Type::Text => Ok(Value::Text(clean(text(raw, Fault::BadText)?, field.lines > 1)?)),
        Type::Date => text(raw, Fault::NotDate)?.trim().parse().map(Value::Date).map_err(|_| Fault::NotDate),
        Type::Month => month(text(raw, Fault::NotMonth)?.trim()).map(Value::Date).ok_or(Fault::NotMonth),
        Type::Time => time(text(raw, Fault::NotDate)?, world),
        Type::Span => text(raw, Fault::NotSpan)?.parse::<Span>().map(Value::Span).map_err(|_| Fault::NotSpan),
        Type::Choice(options) => {
            let text = text(raw, Fault::NotOffered(String::new()))?;
            if options.iter().any(|option| option == text) {
                Ok(Value::from(text))
            } else {
                Err(Fault::NotOffered(short(text)))
            }
        }
        Type::Entry(catalogue) => {
            let text = text(raw, Fault::NoEntry(String::new()))?.trim();
            let known = world
                .catalogue(catalogue)
                .is_some_and(|c| c.entries.contains_key(text) && (!field.heads || c.is_head(text)));
            if known { Ok(Value::from(text)) } else { Err(Fault::NoEntry(short(text))) }
        }
        Type::Place => {
            let text = text(raw, Fault::NoPlace(String::new()))?.trim();
            let place = world.place(text).ok_or_else(|| Fault::NoPlace(short(text)))?;
            if !field.levels.is_empty() && !field.levels.contains(&place.level) {
                return Err(Fault::WrongLevel);
            }
            Ok(Value::from(text))
        }
        Type::Unit => {
            let text = text(raw, Fault::NoUnit(String::new()))?.trim();
            let unit = world.unit(text).ok_or_else(|| Fault::NoUnit(short(text)))?;
            if !field.kinds.is_empty() && !field.kinds.contains(&unit.kind) {
                return Err(Fault::NoUnit(short(text)));
            }
            Ok(Value::from(text))
        }
        Type::Person => {
            let text = text(raw, Fault::NoPerson(String::new()))?.trim();
            if world.person(text).is_some() {
                Ok(Value::from(text))
            } else {
                Err(Fault::NoPerson(short(text)))
            }
        }
        Type::Record(_) => {
            let text = text(raw, Fault::NoRecord(String::new()))?.trim();
            text.parse().map(Value::Record).map_err(|_| Fault::NoRecord(short(text)))
        }
        Type::Point => point(raw),
        Type::File => match raw {
            Raw::File(file) if field.photo && !file.media.starts_with("image/") => Err(Fault::NotPhoto),
            Raw::File(file) => Ok(Value::File(file.clone())),
            _ => Err(Fault::NotFile),
        },
        // Read by its own door, which tells faults cell by cell.
        Type::Rows(_) => Err(Fault::NotRows),
        Type::List(item) => {
            let items: &[Raw] = match raw {
                Raw::List(items) => items,
                one => std::slice::from_ref(one),
            };
            let mut values: Vec<Value> = Vec::new();
            for raw in items.iter().filter(|raw| !is_blank(raw)) {
                let value = value(field, item, raw, world)?;
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            Ok(Value::List(values))
        }
    }
}

/// A value within the field's bounds.
pub(crate) fn bounds(field: &Field, value: Value) -> Result<Value, Fault> {
    let (size, most) = match &value {
        Value::Text(text) if field.ty == Type::Text => {
            (text.chars().count() as i64, Some(field.max.unwrap_or(MAX_TEXT)))
        }
        Value::List(items) => (items.len() as i64, Some(field.max.unwrap_or(MAX_ITEMS))),
        Value::Int(number) => (*number, field.max),
        _ => return Ok(value),
    };
    if let Some(least) = field.min
        && size < least
    {
        return Err(Fault::TooShort(least));
    }
    match most {
        Some(most) if size > most => Err(Fault::TooLong(most)),
        _ => Ok(value),
    }
}

fn text(raw: &Raw, fault: Fault) -> Result<&str, Fault> {
    match raw {
        Raw::Text(text) => Ok(text),
        _ => Err(fault),
    }
}

/// The beginning of what was typed, to name it in a message.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Trims, makes line ends one form, and refuses control characters.
fn clean(text: &str, lines: bool) -> Result<String, Fault> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    let bad = |c: char| c.is_control() && !(lines && (c == '\n' || c == '\t'));
    if text.chars().any(bad) { Err(Fault::BadText) } else { Ok(text.to_owned()) }
}

/// Folds full-width digits and signs, which Chinese keyboards type easily.
fn half_width(text: &str) -> String {
    text.chars()
        .map(|c| match c as u32 {
            wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
            _ => c,
        })
        .filter(|c| !matches!(c, ',' | ' '))
        .collect()
}

fn number(field: &Field, raw: &Raw) -> Result<Value, Fault> {
    let text = match raw {
        Raw::Int(number) => return Ok(Value::Int(*number)),
        Raw::Text(text) => half_width(text.trim()),
        _ => return Err(Fault::NotNumber),
    };
    if !field.amount {
        return text.parse().map(Value::Int).map_err(|_| Fault::NotNumber);
    }
    // Amounts are typed in yuan with at most two decimals and kept in fen.
    let (yuan, fen) = text.split_once('.').unwrap_or((&text, "0"));
    if fen.is_empty() || fen.len() > 2 || !fen.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::NotNumber);
    }
    let fen: i64 = format!("{fen:0<2}").parse().map_err(|_| Fault::NotNumber)?;
    let negative = yuan.starts_with('-');
    let yuan: i64 = yuan.parse().map_err(|_| Fault::NotNumber)?;
    let whole = yuan.checked_mul(100).ok_or(Fault::NotNumber)?;
    Ok(Value::Int(if negative { whole - fen } else { whole + fen }))
}

/// `2026-11`, or any day of that month.
fn month(text: &str) -> Option<jiff::civil::Date> {
    let first = format!("{}-01", text.get(..7)?);
    let day: jiff::civil::Date = first.parse().ok()?;
    let whole = text.len() == 7 || text.parse::<jiff::civil::Date>().is_ok();
    whole.then_some(day)
}

fn time(text: &str, world: &World) -> Result<Value, Fault> {
    if let Some(at) = Timestamp::read(text) {
        return Ok(Value::Time(at));
    }
    text.trim().parse().map(|civil| Value::Time(world.zone.instant(civil))).map_err(|_| Fault::NotDate)
}

fn point(raw: &Raw) -> Result<Value, Fault> {
    let (lat, lon) = match raw {
        Raw::Point(lat, lon) => (*lat, *lon),
        Raw::Text(text) => {
            let (lat, lon) = text.split_once(',').ok_or(Fault::NotPoint)?;
            let read = |part: &str| part.trim().parse::<f64>().map_err(|_| Fault::NotPoint);
            (read(lat)?, read(lon)?)
        }
        _ => return Err(Fault::NotPoint),
    };
    Point::from_degrees(lat, lon).map(Value::Point).ok_or(Fault::NotPoint)
}
