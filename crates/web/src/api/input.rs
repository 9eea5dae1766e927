//! What comes in: bodies, queries and the values of fields, read in one pass, each fault told with
//! its place.

use std::fmt;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use gongzhi_base::{Digest, FileRef};
use gongzhi_kernel::Raw;
use gongzhi_kernel::command::Input;
use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::caller::language;
use super::problem::{self, Problem};
use crate::app::App;
use crate::i18n::Lang;

/// Most bytes of a body of JSON: far above what the longest texts of a step take.
pub const MAX_JSON: usize = 256 * 1024;

/// A body of JSON.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Body<T>, Problem> {
        let (parts, body) = request.into_parts();
        let lang = language(&parts);
        let media = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
        // A form of another site can send plain text, but never this type without asking first.
        if !media.eq_ignore_ascii_case("application/json") {
            return Err(Problem::own(lang, &problem::MEDIA_TYPE));
        }
        let bytes = Bytes::from_request(Request::from_parts(parts, body), app).await;
        let bytes = bytes.map_err(|rejection| unread(lang, &rejection))?;
        serde_json::from_slice(&bytes).map(Body).map_err(|error| Problem::json(lang, &error))
    }
}

/// A body that did not arrive whole.
pub fn unread(lang: Lang, rejection: &BytesRejection) -> Problem {
    let kind = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => &problem::TOO_LARGE,
        _ => &problem::BODY,
    };
    Problem::own(lang, kind).because(rejection.body_text())
}

/// The parameters of a query; a name that is not known is a fault.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Params<T>, Problem> {
        match Query::<T>::from_request_parts(parts, app).await {
            Ok(Query(params)) => Ok(Params(params)),
            Err(rejection) => {
                Err(Problem::own(language(parts), &problem::QUERY).because(rejection.body_text()))
            }
        }
    }
}

/// The variable parts of an address.
pub struct Address<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Address<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Address<T>, Problem> {
        match Path::<T>::from_request_parts(parts, app).await {
            Ok(Path(address)) => Ok(Address(address)),
            Err(_) => Err(Problem::own(language(parts), &problem::ROUTE)),
        }
    }
}

/// Values of fields by name. Which value fits is the mechanism's to say.
#[derive(Debug, Default)]
pub struct Fields(pub Input);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of fields")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Input::new();
                while let Some((name, value)) = map.next_entry::<String, One>()? {
                    if fields.contains_key(&name) {
                        return Err(A::Error::custom(format_args!("the field `{name}` is given twice")));
                    }
                    fields.insert(name, value.0);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

impl PartialSchema for Fields {
    fn schema() -> RefOr<Schema> {
        let any = ObjectBuilder::new().schema_type(SchemaType::AnyValue).build();
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "Values by field: text, codes, dates (`2026-11-23`), times (RFC 3339) and spans (`5 days`) as strings; \
                 counts as numbers; amounts as strings in yuan (`\"12.50\"`; a bare whole number is fen); booleans; points as \
                 `{\"lat\": 35.35, \"lon\": 111.22}`; files as `POST /files` answered them; lists as arrays; tables as arrays of objects by column. `null` leaves a \
                 field empty. `GET /mechanisms/{name}` tells which fields a step asks.",
            ))
            .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(any.into()))))
            .into()
    }
}

impl ToSchema for Fields {}

/// One value before its type is known.
struct One(Raw);

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<One, D::Error> {
        deserializer.deserialize_any(Any).map(One)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a field")
    }
    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Int(value))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        // Beyond the range of counts the digits stay, and the field says that it is no number.
        Ok(i64::try_from(value).map_or_else(|_| Raw::Text(value.to_string()), Raw::Int))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_string()))
    }
    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }
    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Text(String::new()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(One(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut members = Input::new();
        while let Some((name, One(value))) = map.next_entry::<String, One>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the member `{name}` is given twice")));
            }
            members.insert(name, value);
        }
        Ok(point(&members).or_else(|| file(&members)).unwrap_or(Raw::Row(members)))
    }
}

/// An object with exactly `lat` and `lon`, both numbers.
fn point(members: &Input) -> Option<Raw> {
    let degrees = |name: &str| match members.get(name)? {
        Raw::Int(whole) => Some(*whole as f64),
        Raw::Text(text) => text.parse().ok(),
        _ => None,
    };
    (members.len() == 2).then_some(())?;
    Some(Raw::Point(degrees("lat")?, degrees("lon")?))
}

/// An object with exactly `digest`, `name`, `media` and `size`, as a kept file was answered.
fn file(members: &Input) -> Option<Raw> {
    let text = |name: &str| match members.get(name)? {
        Raw::Text(text) => Some(text.clone()),
        _ => None,
    };
    (members.len() == 4).then_some(())?;
    let Raw::Int(size) = members.get("size")? else { return None };
    let digest: Digest = text("digest")?.parse().ok()?;
    let name = text("name")?.chars().filter(|c| !c.is_control()).take(100).collect();
    Some(Raw::File(FileRef { digest, name, media: text("media")?, size: u64::try_from(*size).ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Input, serde_json::Error> {
        serde_json::from_str::<Fields>(text).map(|fields| fields.0)
    }

    #[test]
    fn each_kind_of_value_is_read() {
        let digest = "ab".repeat(32);
        let text = format!(
            r#"{{"a":true,"b":7,"c":"水","d":[1,"x"],"e":{{"lat":35.5,"lon":111}},"f":null,"g":1.5,
            "h":{{"digest":"{digest}","name":"a.pdf","media":"application/pdf","size":9}}}}"#
        );
        let fields = read(&text).expect("reads");
        assert_eq!(fields["a"], Raw::Bool(true));
        assert_eq!(fields["b"], Raw::Int(7));
        assert_eq!(fields["d"], Raw::List(vec![Raw::Int(1), Raw::Text("x".into())]));
        assert_eq!(fields["e"], Raw::Point(35.5, 111.0));
        assert_eq!(fields["f"], Raw::Text(String::new()));
        assert_eq!(fields["g"], Raw::Text("1.5".into()));
        assert!(matches!(&fields["h"], Raw::File(file) if file.size == 9));
        let rows = read(r#"{"a":[{"item":"x","amount":"1.50"},{}]}"#).expect("reads");
        let Raw::List(rows) = &rows["a"] else { panic!("a list") };
        assert!(matches!(&rows[0], Raw::Row(cells) if cells["amount"] == Raw::Text("1.50".into())));
    }

    #[test]
    fn what_is_no_value_is_told_with_its_place() {
        for bad in [r#"{"a":{"x":1,"x":2}}"#, r#"{"a":1,"a":2}"#, "[]"] {
            let error = read(bad).expect_err(bad);
            assert!(error.line() == 1, "{error}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(read(&deep).is_err(), "depth is bounded");
    }
}
