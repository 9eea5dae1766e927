//! What came out of a line, compared with what is written.

use std::collections::BTreeSet;

use gongzhi_base::{RecordId, Value};
use gongzhi_lang::example::{self, Actor, Expect, Moment, Plain, What};
use gongzhi_lang::{Arg, Fault, Word};

use super::{Play, own, shown};
use crate::project::{project, todo_key};
use crate::record::Record;

impl Play<'_> {
    /// What differs from an expectation.
    pub(super) fn compare(&self, record: &Record, expect: &Expect) -> Option<Fault> {
        let told = |variant, args: Vec<Arg>| Some(example::differs(variant, expect.at, args));
        match &expect.what {
            What::State(state) => {
                (record.state != state.value).then_some(())?;
                told("state", vec![record.state.clone().into(), own(state)])
            }
            What::Due(name, wanted) => {
                let clock = record.clocks.get(name.text()).filter(|clock| clock.running());
                let Some(clock) = clock else { return told("not-running", vec![own(name)]) };
                let zone = self.world.zone;
                let due = clock.derivation.due;
                let right = match wanted {
                    Moment::Day(day) => zone.end_of(*day),
                    Moment::At(at) => zone.instant(*at),
                };
                (due != right).then_some(())?;
                let (came, wanted) = (shown(zone, due), shown(zone, right));
                told("due", vec![own(name), came.into(), wanted.into()])
            }
            What::Running(name) => {
                let runs = record.clocks.get(name.text()).is_some_and(|clock| clock.running());
                if runs { None } else { told("not-running", vec![own(name)]) }
            }
            What::Met(name) => {
                let met = record.clocks.get(name.text()).is_some_and(|clock| clock.met);
                if met { None } else { told("not-met", vec![own(name)]) }
            }
            What::Late(name) => {
                if record.was_late(name.text()) {
                    None
                } else {
                    told("not-late", vec![own(name)])
                }
            }
            What::Told(name, wanted) => self.told(record, name, wanted),
            What::Field(name, wanted) => self.field(record, name, wanted),
            What::Parts(mechanism, wanted) => {
                let count =
                    record.parts.iter().filter(|part| part.mechanism == mechanism.value).count() as i64;
                (count != *wanted).then_some(())?;
                told("parts", vec![own(mechanism), count.to_string().into(), wanted.to_string().into()])
            }
            What::Figure(name, of, to) => {
                let (numerator, denominator) = self.figure(&record.mechanism, name.text());
                let right = numerator == *of && to.is_none_or(|to| to == denominator);
                (!right).then_some(())?;
                let form = |of: i64, to: Option<i64>| match to {
                    Some(to) => format!("{of}/{to}"),
                    None => of.to_string(),
                };
                let came = form(numerator, to.map(|_| denominator));
                told("figure", vec![own(name), came.into(), form(*of, *to).into()])
            }
        }
    }

    /// Whom the line told by a notice, against whom it should have.
    fn told(&self, record: &Record, name: &Word, wanted: &[(Word, Actor)]) -> Option<Fault> {
        let own = |(id, rule, _): &&(RecordId, String, Vec<String>)| *id == record.id && *rule == name.value;
        let came: BTreeSet<&String> = self.told.iter().filter(own).flat_map(|(.., to)| to).collect();
        let key = |(word, who): &(Word, Actor)| match who {
            Actor::Post { role, unit, place, .. } => {
                todo_key(role, unit.as_ref().or(place.as_ref()).unwrap_or(&self.world.county))
            }
            _ => word.value.clone(),
        };
        let right: BTreeSet<String> = wanted.iter().map(key).collect();
        if came.iter().copied().eq(&right) {
            return None;
        }
        let form = |mut keys: Vec<String>| match keys.len() {
            0 => Arg::Key("example.nothing"),
            _ => {
                keys.iter_mut().for_each(|key| *key = format!("`{key}`"));
                Arg::Own(keys.join(", "))
            }
        };
        let came = came.into_iter().cloned().collect();
        let right = right.into_iter().collect();
        Some(example::differs("told", name.at, vec![self::own(name), form(came), form(right)]))
    }

    /// An indicator over all records of the example, as the county's figure.
    fn figure(&self, mechanism: &str, indicator: &str) -> (i64, i64) {
        let mut sum = (0, 0);
        for record in self.records.values().filter(|record| record.mechanism == mechanism) {
            let Some(law) = self.laws.version(mechanism, record.version) else { continue };
            let cells = project(law, record, &self.world, self.now).share.cells();
            // Every dimension holds the same share; the county's is the sum over one of them.
            if let Some(cell) = cells.iter().find(|cell| cell.key.indicator == indicator) {
                sum.0 += cell.numerator;
                sum.1 += cell.denominator;
            }
        }
        sum
    }

    fn field(&self, record: &Record, name: &Word, wanted: &Plain) -> Option<Fault> {
        let came = record.fields.get(name.text());
        // A record may be spoken of in more than one way.
        if let (Some(Value::Record(id)), Plain::Text(word)) = (came, wanted)
            && self.record(Some(word)) == Some(*id)
        {
            return None;
        }
        let texts =
            |value: &Value| -> Vec<String> { value.items().iter().map(|item| self.text(item)).collect() };
        let came = came.map(texts).unwrap_or_default();
        let right = match wanted {
            Plain::Text(word) if word.value.is_empty() => Vec::new(),
            Plain::Text(word) => vec![word.value.clone()],
            Plain::List(_, items) => items.iter().map(said).collect(),
            Plain::Map(..) => vec![said(wanted)],
        };
        if came == right {
            return None;
        }
        let form = |list: &[String]| match list {
            [] => Arg::Key("example.nothing"),
            list => Arg::Own(list.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")),
        };
        Some(example::differs("field", name.at, vec![own(name), form(&came), form(&right)]))
    }

    /// A value in the words of examples.
    fn text(&self, value: &Value) -> String {
        match value {
            Value::Bool(value) => value.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Date(date) => date.to_string(),
            Value::Time(at) => shown(self.world.zone, *at),
            Value::Span(span) => span.to_string(),
            Value::Point(point) => {
                let (lat, lon) = point.degrees();
                format!("{lat},{lon}")
            }
            Value::File(file) => file.name.clone(),
            Value::Record(id) => {
                let named = self.named.iter().find(|(name, found)| *found == id && !name.is_empty());
                named.map_or_else(|| id.to_string(), |(name, _)| name.clone())
            }
            Value::List(items) => items.iter().map(|item| self.text(item)).collect::<Vec<_>>().join(", "),
            Value::Row(row) => {
                cells(row.iter().map(|(column, item)| (column.as_str(), self.text(item))).collect())
            }
            Value::Sealed(_) => example::words("example.sealed", &[]).en,
        }
    }
}

fn said(value: &Plain) -> String {
    match value {
        Plain::Text(word) => word.value.clone(),
        Plain::List(_, items) => items.iter().map(said).collect::<Vec<_>>().join(", "),
        Plain::Map(_, entries) => {
            cells(entries.iter().map(|(column, item)| (column.text(), said(item))).collect())
        }
    }
}

/// A row of a table, its columns by name: the order in which they are written does not count.
fn cells(mut row: Vec<(&str, String)>) -> String {
    row.sort();
    let row: Vec<String> = row.iter().map(|(column, text)| format!("{column}: {text}")).collect();
    row.join(", ")
}
