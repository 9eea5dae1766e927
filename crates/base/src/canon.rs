//! The one canonical encoding, and how it is hashed.
//!
//! Everything that enters the ledger is written with [`Canon`]: CBOR (RFC 8949) with definite
//! lengths, shortest integers, no floating point, arrays instead of named members, and maps only as
//! sorted lists of pairs. Two equal values have equal bytes; digests are taken over these bytes and
//! never over JSON or a database's own form.

use std::collections::BTreeMap;

use minicbor::data::Type;
use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decoder, Encoder};

use crate::Short;
use crate::calendar::{Derivation, Skip};
use crate::id::{Digest, RecordId};
use crate::lang::Words;
use crate::span::{Span, Unit};
use crate::time::Timestamp;
use crate::value::{FileRef, Point, Sealed, Value};

/// Bytes being written; writing to memory cannot fail.
pub type Out<'a> = Encoder<&'a mut Vec<u8>>;

/// A value with one canonical byte form.
pub trait Canon: Sized {
    /// Writes the canonical form.
    fn put(&self, out: &mut Out<'_>);
    /// Reads it back.
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error>;

    /// The canonical bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        self.put(&mut Encoder::new(&mut bytes));
        bytes
    }

    /// Reads canonical bytes that hold exactly this value.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut input = Decoder::new(bytes);
        let value = Self::take(&mut input)?;
        if input.position() == bytes.len() { Ok(value) } else { Err(Error::message("bytes left over")) }
    }
}

/// Writing to a vector has no error to handle; this drops the empty `Result`.
pub fn ok<W: Write<Error = std::convert::Infallible>>(
    result: Result<&mut Encoder<W>, minicbor::encode::Error<std::convert::Infallible>>,
) {
    debug_assert!(result.is_ok());
}

/// Opens an array of `len` members.
pub fn array(out: &mut Out<'_>, len: usize) {
    ok(out.array(len as u64));
}

/// Reads an array's head and checks its length.
pub fn expect_array(input: &mut Decoder<'_>, len: u64) -> Result<(), Error> {
    match input.array()? {
        Some(found) if found == len => Ok(()),
        _ => Err(Error::message("an array of another length")),
    }
}

/// Reads the head of an array that may hold what came later; whether it does.
pub fn expect_either(input: &mut Decoder<'_>, without: u64, with: u64) -> Result<bool, Error> {
    match input.array()? {
        Some(found) if found == without => Ok(false),
        Some(found) if found == with => Ok(true),
        _ => Err(Error::message("an array of another length")),
    }
}

/// A member that is written only where there is something to say. One that is there and says nothing
/// is refused, so that equal values keep equal bytes.
pub fn take_if<T: Canon + Default + PartialEq>(there: bool, input: &mut Decoder<'_>) -> Result<T, Error> {
    if !there {
        return Ok(T::default());
    }
    let value = T::take(input)?;
    if value == T::default() { Err(Error::message("an empty member")) } else { Ok(value) }
}

fn list_len(input: &mut Decoder<'_>) -> Result<usize, Error> {
    let len = input.array()?.ok_or(Error::message("an array without length"))?;
    usize::try_from(len).map_err(|_| Error::message("an array too long"))
}

macro_rules! canon_simple {
    ($($type:ty: $put:ident, $take:ident;)*) => {$(
        impl Canon for $type {
            fn put(&self, out: &mut Out<'_>) { ok(out.$put(*self)); }
            fn take(input: &mut Decoder<'_>) -> Result<Self, Error> { input.$take() }
        }
    )*};
}

canon_simple! {
    bool: bool, bool;
    u8: u8, u8;
    u32: u32, u32;
    u64: u64, u64;
    i64: i64, i64;
    i32: i32, i32;
    i16: i16, i16;
}

impl Canon for String {
    fn put(&self, out: &mut Out<'_>) {
        ok(out.str(self));
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        input.str().map(str::to_owned)
    }
}

impl Canon for Short {
    fn put(&self, out: &mut Out<'_>) {
        ok(out.str(self));
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        input.str().map(Short::from)
    }
}

impl<T: Canon> Canon for Option<T> {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            None => ok(out.null()),
            Some(value) => value.put(out),
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        if input.datatype()? == Type::Null {
            input.null()?;
            return Ok(None);
        }
        T::take(input).map(Some)
    }
}

impl<T: Canon> Canon for Vec<T> {
    fn put(&self, out: &mut Out<'_>) {
        array(out, self.len());
        for item in self {
            item.put(out);
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        (0..list_len(input)?).map(|_| T::take(input)).collect()
    }
}

impl<T: Canon> Canon for Box<T> {
    fn put(&self, out: &mut Out<'_>) {
        (**self).put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        T::take(input).map(Box::new)
    }
}

impl<A: Canon, B: Canon> Canon for (A, B) {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 2);
        self.0.put(out);
        self.1.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 2)?;
        Ok((A::take(input)?, B::take(input)?))
    }
}

impl<V: Canon> Canon for BTreeMap<String, V> {
    fn put(&self, out: &mut Out<'_>) {
        ok(out.map(self.len() as u64));
        for (key, value) in self {
            ok(out.str(key));
            value.put(out);
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        let len = input.map()?.ok_or(Error::message("a map without length"))?;
        let mut map: BTreeMap<String, V> = BTreeMap::new();
        for _ in 0..len {
            let key = String::take(input)?;
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(Error::message("map keys out of order"));
            }
            map.insert(key, V::take(input)?);
        }
        Ok(map)
    }
}

fn put_fixed(out: &mut Out<'_>, bytes: &[u8]) {
    ok(out.bytes(bytes));
}

fn take_fixed<const N: usize>(input: &mut Decoder<'_>) -> Result<[u8; N], Error> {
    input.bytes()?.try_into().map_err(|_| Error::message("bytes of another length"))
}

impl Canon for RecordId {
    fn put(&self, out: &mut Out<'_>) {
        put_fixed(out, &self.0);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        take_fixed(input).map(RecordId)
    }
}

impl Canon for Digest {
    fn put(&self, out: &mut Out<'_>) {
        put_fixed(out, &self.0);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        take_fixed(input).map(Digest)
    }
}

impl Canon for Timestamp {
    fn put(&self, out: &mut Out<'_>) {
        self.0.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        input.i64().map(Timestamp)
    }
}

impl Canon for jiff::civil::Date {
    fn put(&self, out: &mut Out<'_>) {
        (i32::from(self.year()) * 10_000 + i32::from(self.month()) * 100 + i32::from(self.day())).put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        let packed = input.i32()?;
        jiff::civil::Date::new((packed / 10_000) as i16, (packed / 100 % 100) as i8, (packed % 100) as i8)
            .map_err(|_| Error::message("no date"))
    }
}

impl Canon for Words {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 2);
        self.zh.put(out);
        self.en.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 2)?;
        Ok(Words { zh: String::take(input)?, en: String::take(input)? })
    }
}

impl Canon for Span {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 2);
        self.amount.put(out);
        (self.unit as u8).put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 2)?;
        let amount = input.u32()?;
        let unit = match input.u8()? {
            0 => Unit::Minutes,
            1 => Unit::Hours,
            2 => Unit::Days,
            3 => Unit::WorkingDays,
            4 => Unit::Months,
            _ => return Err(Error::message("no unit of time")),
        };
        Ok(Span { amount, unit })
    }
}

impl Canon for Skip {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Skip::Weekend => 0u8.put(out),
            Skip::Pause => 1u8.put(out),
            Skip::Holiday(name) => name.put(out),
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        if input.datatype()? == Type::Array {
            return Words::take(input).map(Skip::Holiday);
        }
        match input.u8()? {
            0 => Ok(Skip::Weekend),
            1 => Ok(Skip::Pause),
            _ => Err(Error::message("no reason to skip a day")),
        }
    }
}

impl Canon for Derivation {
    fn put(&self, out: &mut Out<'_>) {
        array(out, if self.named.is_none() { 6 } else { 7 });
        self.start.put(out);
        self.span.put(out);
        self.skipped.put(out);
        self.pauses.put(out);
        self.unknown_years.put(out);
        self.due.put(out);
        if self.named.is_some() {
            self.named.put(out);
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        let more = expect_either(input, 6, 7)?;
        Ok(Derivation {
            start: Timestamp::take(input)?,
            span: Span::take(input)?,
            skipped: Vec::take(input)?,
            pauses: Vec::take(input)?,
            unknown_years: Vec::take(input)?,
            due: Timestamp::take(input)?,
            named: take_if(more, input)?,
        })
    }
}

impl Canon for FileRef {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 4);
        self.digest.put(out);
        self.name.put(out);
        self.media.put(out);
        self.size.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 4)?;
        Ok(FileRef {
            digest: Digest::take(input)?,
            name: String::take(input)?,
            media: String::take(input)?,
            size: input.u64()?,
        })
    }
}

impl Canon for Sealed {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 3);
        self.scheme.put(out);
        self.key.put(out);
        put_fixed(out, &self.bytes);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 3)?;
        Ok(Sealed { scheme: input.u8()?, key: RecordId::take(input)?, bytes: input.bytes()?.to_vec() })
    }
}

// Tags of the kinds of values: part of the ledger's format, never renumbered.
const DATE: u8 = 0;
const TIME: u8 = 1;
const SPAN: u8 = 2;
const POINT: u8 = 3;
const FILE: u8 = 4;
const RECORD: u8 = 5;
const LIST: u8 = 6;
const SEALED: u8 = 7;

impl Canon for Value {
    fn put(&self, out: &mut Out<'_>) {
        fn tagged(out: &mut Out<'_>, tag: u8, value: &impl Canon) {
            array(out, 2);
            tag.put(out);
            value.put(out);
        }
        match self {
            Value::Bool(value) => value.put(out),
            Value::Int(value) => value.put(out),
            Value::Text(value) => value.put(out),
            Value::Date(value) => tagged(out, DATE, value),
            Value::Time(value) => tagged(out, TIME, value),
            Value::Span(value) => tagged(out, SPAN, value),
            Value::Point(point) => tagged(out, POINT, &(point.lat, point.lon)),
            Value::File(value) => tagged(out, FILE, value),
            Value::Record(value) => tagged(out, RECORD, value),
            Value::List(value) => tagged(out, LIST, value),
            Value::Row(value) => value.put(out),
            Value::Sealed(value) => tagged(out, SEALED, value),
        }
    }

    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        match input.datatype()? {
            Type::Bool => return input.bool().map(Value::Bool),
            Type::String => return String::take(input).map(Value::Text),
            Type::Map => return BTreeMap::take(input).map(Value::Row),
            Type::Array => {}
            _ => return input.i64().map(Value::Int),
        }
        expect_array(input, 2)?;
        Ok(match input.u8()? {
            DATE => Value::Date(Canon::take(input)?),
            TIME => Value::Time(Canon::take(input)?),
            SPAN => Value::Span(Canon::take(input)?),
            POINT => {
                let (lat, lon) = Canon::take(input)?;
                Value::Point(Point { lat, lon })
            }
            FILE => Value::File(Canon::take(input)?),
            RECORD => Value::Record(Canon::take(input)?),
            LIST => Value::List(Canon::take(input)?),
            SEALED => Value::Sealed(Canon::take(input)?),
            _ => return Err(Error::message("no kind of value")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            ".{0,20}".prop_map(Value::Text),
            (1900i16..2200, 1i8..13, 1i8..29)
                .prop_map(|(y, m, d)| Value::Date(jiff::civil::Date::new(y, m, d).expect("a date"))),
            any::<i64>().prop_map(|t| Value::Time(Timestamp(t))),
            (0..Span::MAX).prop_map(|n| Value::Span(Span::new(n, Unit::WorkingDays))),
            (any::<i32>(), any::<i32>()).prop_map(|(lat, lon)| Value::Point(Point { lat, lon })),
            any::<[u8; 16]>().prop_map(|id| Value::Record(RecordId(id))),
            any::<Vec<u8>>().prop_map(|bytes| Value::Sealed(Sealed {
                scheme: 0,
                key: RecordId([1; 16]),
                bytes
            })),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                prop::collection::btree_map("[a-z]{1,6}", inner, 0..5).prop_map(Value::Row),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_read_back_and_have_one_form(value in any_value()) {
            let bytes = value.to_bytes();
            let back = Value::from_bytes(&bytes).expect("reads back");
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(back.to_bytes(), bytes);
        }

        #[test]
        fn reading_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Value::from_bytes(&bytes);
        }
    }

    #[test]
    fn the_form_is_fixed() {
        let mut row = BTreeMap::new();
        row.insert("a".to_owned(), Value::Int(1));
        row.insert("b".to_owned(), Value::List(vec![Value::from("水")]));
        let hex: String = Value::Row(row).to_bytes().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "a261610161628206 8163e6b0b4".replace(' ', ""));
    }

    #[test]
    fn unsorted_maps_are_refused() {
        assert!(Value::from_bytes(&[0xa2, 0x61, 0x62, 1, 0x61, 0x61, 2]).is_err());
        assert!(Value::from_bytes(&[0x01, 0x01]).is_err(), "bytes left over");
    }
}
