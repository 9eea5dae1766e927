//! What a record claims for itself alone, so that whether another one stands in its way is found by
//! looking a few keys up, however many records there are.
//!
//! A claim is a digest of the constraint and the values that records are compared by. A span claims
//! every day that it touches: two spans that meet share a day, so whoever holds none of the days cannot
//! be in the way. That records share a key only says that they have to be compared; the records
//! themselves decide.

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Date, Digest, Value, Zone};
use gongzhi_lang::model::{Constraint, Holds, Mechanism, Rule, Together, Within};

use crate::record::Record;

/// A key under which records that may be in each other's way are found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Claim(pub [u8; 16]);

/// Days that one span may touch: a year and its ends.
pub const MOST_DAYS: i64 = 400;

/// A span as it is compared: from the first up to, without, the last, in days or milliseconds.
type Span = (i64, i64);

/// Everything a record claims under the constraints of its mechanism; nothing twice.
pub fn of(mechanism: &Mechanism, record: &Record, zone: Zone) -> Vec<Claim> {
    let mut claims: Vec<Claim> =
        mechanism.constraints.iter().flat_map(|constraint| by(constraint, mechanism, record, zone)).collect();
    claims.sort_unstable();
    claims.dedup();
    claims
}

/// What a record claims under one constraint.
pub(crate) fn by(constraint: &Constraint, mechanism: &Mechanism, record: &Record, zone: Zone) -> Vec<Claim> {
    if !demanded(constraint, mechanism, record) {
        return Vec::new();
    }
    match &constraint.rule {
        Rule::Unique(of) => {
            together(of, record, zone).map(|key| key_of(constraint, record, &key, None)).into_iter().collect()
        }
        Rule::NoOverlap { of, from, to } => {
            let (Some(key), Some((first, last))) = (together(of, record, zone), days(record, from, to, zone))
            else {
                return Vec::new();
            };
            let days = first.series(jiff::Span::new().days(1)).take_while(|day| *day <= last);
            let days = days.take(MOST_DAYS as usize);
            days.map(|day| key_of(constraint, record, &key, Some(day))).collect()
        }
        Rule::Balanced { .. } => Vec::new(),
    }
}

/// Whether a constraint is demanded of a record in its state.
pub(crate) fn demanded(constraint: &Constraint, mechanism: &Mechanism, record: &Record) -> bool {
    match &constraint.holds {
        Holds::Always => true,
        Holds::Open => crate::decide::is_open(mechanism, &record.state),
        Holds::States(states) => states.contains(&record.state),
    }
}

/// Whether two records that share a claim really are in each other's way.
pub(crate) fn meet(constraint: &Constraint, one: &Record, other: &Record, zone: Zone) -> bool {
    match &constraint.rule {
        Rule::Unique(of) => {
            let key = together(of, one, zone);
            key.is_some() && key == together(of, other, zone)
        }
        Rule::NoOverlap { of, from, to } => {
            let key = together(of, one, zone);
            let (Some(a), Some(b)) = (span(one, from, to), span(other, from, to)) else { return false };
            key.is_some() && key == together(of, other, zone) && a.0 < b.1 && b.0 < a.1
        }
        Rule::Balanced { .. } => false,
    }
}

/// Why a span cannot be kept free of others: it ends before it begins, or is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BadSpan {
    Backwards,
    TooLong,
}

/// Whether a record's span can be compared with others at all.
pub(crate) fn check_span(record: &Record, from: &str, to: &str, zone: Zone) -> Result<(), BadSpan> {
    let Some((begin, end)) = span(record, from, to) else { return Ok(()) };
    if begin >= end {
        return Err(BadSpan::Backwards);
    }
    let Some((first, last)) = days(record, from, to, zone) else { return Ok(()) };
    let days = (last - first).get_days();
    if i64::from(days) >= MOST_DAYS { Err(BadSpan::TooLong) } else { Ok(()) }
}

/// The values that records are compared by; `None` where one is missing.
fn together(of: &Together, record: &Record, zone: Zone) -> Option<Vec<Value>> {
    let fields = of.fields.iter().map(|field| record.fields.get(field).cloned());
    let opened = zone.month(record.opened);
    let within = of.within.iter().map(|within| match within {
        Within::Parent => record.parent.map(Value::Record),
        Within::Place => Some(Value::Text(record.place.clone())),
        Within::Month => Some(Value::Text(opened.clone())),
        Within::Year => Some(Value::Text(opened.chars().take(4).collect())),
    });
    fields.chain(within).collect()
}

/// The span between two fields: days with both ends, times without the last moment.
fn span(record: &Record, from: &str, to: &str) -> Option<Span> {
    match (record.fields.get(from)?, record.fields.get(to)?) {
        (Value::Date(from), Value::Date(to)) => Some((number(*from), number(*to) + 1)),
        (Value::Time(from), Value::Time(to)) => Some((from.0, to.0)),
        _ => None,
    }
}

/// A day as a number that rises by one a day.
fn number(day: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    i64::from((day - epoch).get_days())
}

/// The first and the last day that a span touches.
fn days(record: &Record, from: &str, to: &str, zone: Zone) -> Option<(Date, Date)> {
    match (record.fields.get(from)?, record.fields.get(to)?) {
        (Value::Date(from), Value::Date(to)) => Some((*from, *to)),
        // The last moment is outside, so a span until midnight does not touch the next day.
        (Value::Time(from), Value::Time(to)) => Some((zone.date(*from), zone.date(to.plus_millis(-1)))),
        _ => None,
    }
}

fn key_of(constraint: &Constraint, record: &Record, key: &[Value], day: Option<Date>) -> Claim {
    let mut parts: Vec<Vec<u8>> = vec![
        b"gongzhi.claim".to_vec(),
        record.mechanism.clone().into_bytes(),
        constraint.name.clone().into_bytes(),
    ];
    parts.extend(key.iter().map(|value| value.to_bytes()));
    parts.extend(day.map(|day| day.to_string().into_bytes()));
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let digest = Digest::of_parts(&parts);
    let mut claim = [0; 16];
    claim.copy_from_slice(&digest.0[..16]);
    Claim(claim)
}
