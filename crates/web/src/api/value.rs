//! Values of fields as JSON: the form in which they come in, except that personal ones are masked.

use gongzhi_base::calendar::Skip;
use gongzhi_base::{FileRef, Value};
use gongzhi_kernel::{Event, Record};
use gongzhi_lang::model::Field;
use gongzhi_service::seal::covered;
use jiff::civil::Date;
use serde_json::{Map, Value as Json, json};

use super::shape::{FileShape, PointShape, SkippedShape};

/// A value of a field. A personal one shows only what its mask leaves, as `{"masked": "张＊＊"}`.
pub fn json(field: Option<&Field>, value: &Value) -> Json {
    match value {
        Value::Sealed(_) => json!({ "masked": covered(value) }),
        open => plain(field, open),
    }
}

/// A value that is not personal, or one whose look has been recorded.
pub fn plain(field: Option<&Field>, value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(fen) if field.is_some_and(|field| field.amount) => Json::String(yuan(*fen)),
        Value::Int(value) => Json::from(*value),
        Value::Text(text) => Json::String(text.clone()),
        Value::Date(date) => Json::String(date.to_string()),
        Value::Time(at) => Json::String(at.rfc3339()),
        Value::Span(span) => Json::String(span.to_string()),
        Value::Point(point) => serde_json::to_value(PointShape::from(*point)).unwrap_or_default(),
        Value::File(file) => serde_json::to_value(FileShape::from(file)).unwrap_or_default(),
        Value::Record(id) => Json::String(id.to_string()),
        Value::List(items) => items.iter().map(|item| json(field, item)).collect(),
        Value::Row(columns) => {
            let column = |name: &str| {
                field?.columns.iter().map(|column| &column.field).find(|column| column.name == name)
            };
            let columns = columns.iter().map(|(name, value)| (name.clone(), json(column(name), value)));
            Json::Object(columns.collect::<Map<String, Json>>())
        }
        Value::Sealed(_) => json!({ "masked": covered(value) }),
    }
}

/// An amount as it is typed: yuan with two decimals, no separators.
fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.unsigned_abs() / 100, fen.unsigned_abs() % 100)
}

/// Days that did not count.
pub fn skipped(days: &[(Date, Skip)]) -> Vec<SkippedShape> {
    days.iter()
        .map(|(date, skip)| SkippedShape {
            date: date.to_string(),
            why: match skip {
                Skip::Weekend => "weekend",
                Skip::Holiday(_) => "holiday",
                Skip::Pause => "pause",
            },
            holiday: match skip {
                Skip::Holiday(name) => Some(name.into()),
                _ => None,
            },
        })
        .collect()
}

/// The file with this digest among a record's values, past ones included. Only values that `shown`
/// lets through are looked at; a sealed one is never opened.
pub fn file_of(
    record: &Record,
    history: &[(u64, Event)],
    digest: &str,
    shown: impl Fn(&str) -> bool,
) -> Option<FileRef> {
    let in_value = |value: &Value| {
        value.leaves().into_iter().find_map(|item| match item {
            Value::File(file) if file.digest.to_string() == digest => Some(file.clone()),
            _ => None,
        })
    };
    let now = record.fields.iter();
    let before = history.iter().flat_map(|(_, event)| match &event.deed {
        gongzhi_kernel::Deed::Step(taken) => Some(taken.set.iter()),
        _ => None,
    });
    now.chain(before.flatten()).filter(|(name, _)| shown(name)).find_map(|(_, value)| in_value(value))
}
