//! Typed values of a record's fields.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::id::{Digest, RecordId};
use crate::span::Span;
use crate::time::Timestamp;

/// A field's value. Codes of places, units, persons and catalogue entries are [`Value::Text`]: the
/// field's type says what they name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Value {
    Bool(bool),
    /// A count, or an amount of money in fen (1/100 yuan).
    Int(i64),
    Text(String),
    Date(Date),
    Time(Timestamp),
    Span(Span),
    Point(Point),
    File(FileRef),
    Record(RecordId),
    List(Vec<Value>),
    /// One row of a table, by column.
    Row(BTreeMap<String, Value>),
    /// A personal value: readable only through the service's disclosure, which records the look.
    Sealed(Sealed),
}

impl Value {
    /// The text of a text value.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a count or amount.
    pub fn int(&self) -> Option<i64> {
        match self {
            Value::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// The items of a list; a single value counts as a list of one.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            one => std::slice::from_ref(one),
        }
    }

    /// The single values of which it is made: items of lists and cells of rows.
    pub fn leaves(&self) -> Vec<&Value> {
        match self {
            Value::List(items) => items.iter().flat_map(Value::leaves).collect(),
            Value::Row(cells) => cells.values().flat_map(Value::leaves).collect(),
            one => vec![one],
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

/// A personal value as the ledger holds it. The seal's scheme says how `bytes` are protected; the
/// kernel never opens one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sealed {
    /// How the bytes are protected: 0 plain canonical bytes (the seam for per-person keys).
    pub scheme: u8,
    /// Whose key seals it.
    pub key: RecordId,
    pub bytes: Vec<u8>,
}

/// A position on the earth in millionths of a degree (WGS 84), so that equality is exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Point {
    pub lat: i32,
    pub lon: i32,
}

impl Point {
    /// A point from degrees; `None` outside the earth's range or for values that are no numbers.
    pub fn from_degrees(lat: f64, lon: f64) -> Option<Point> {
        let fits = lat.is_finite() && lon.is_finite() && lat.abs() <= 90.0 && lon.abs() <= 180.0;
        fits.then(|| Point { lat: (lat * 1e6).round() as i32, lon: (lon * 1e6).round() as i32 })
    }

    /// Latitude and longitude in degrees.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.lat) / 1e6, f64::from(self.lon) / 1e6)
    }

    /// The distance in metres, on a sphere with the mean earth radius.
    pub fn metres_to(self, other: Point) -> f64 {
        let (a, b) = (self.degrees(), other.degrees());
        let (lat1, lat2) = (a.0.to_radians(), b.0.to_radians());
        let (dlat, dlon) = (lat2 - lat1, (b.1 - a.1).to_radians());
        let h = (dlat / 2.0).sin().powi(2) + lat1.cos() * lat2.cos() * (dlon / 2.0).sin().powi(2);
        2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
    }
}

/// A file kept beside the ledger, named by its content.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileRef {
    pub digest: Digest,
    /// The name the person gave it, for showing only.
    pub name: String,
    /// The media type found by looking at the content.
    pub media: String,
    /// Length in bytes.
    pub size: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_metres() {
        let a = Point::from_degrees(35.0, 111.0).expect("in range");
        let b = Point::from_degrees(35.001, 111.0).expect("in range");
        let metres = a.metres_to(b);
        assert!((111.0..112.0).contains(&metres), "{metres}");
        assert_eq!(Point::from_degrees(91.0, 0.0), None);
        assert_eq!(Point::from_degrees(f64::NAN, 0.0), None);
    }
}
