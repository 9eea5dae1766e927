//! Shapes that several endpoints answer.

use gongzhi_base::{FileRef, Point, RecordId, Timestamp, Words};
use gongzhi_kernel::project::Row;
use gongzhi_kernel::{World, record};
use gongzhi_lang::model::{Clause, Mechanism};
use gongzhi_store::Page;
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::problem::ClauseShape;
use super::value;
use crate::i18n::Lang;
use crate::pages::words::clause_link;

/// A record's identifier: 32 hexadecimal digits.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub RecordId);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl PartialSchema for Id {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{32}$")).into()
    }
}

impl ToSchema for Id {}

/// A time: RFC 3339 in UTC.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.rfc3339())
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Time {}

/// The same words in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Words)]
pub struct WordsShape {
    pub zh: String,
    pub en: String,
}

impl From<&Words> for WordsShape {
    fn from(words: &Words) -> WordsShape {
        WordsShape { zh: words.zh.clone(), en: words.en.clone() }
    }
}

impl WordsShape {
    /// `None` for words that say nothing.
    pub fn some(words: &Words) -> Option<WordsShape> {
        (!words.zh.is_empty() || !words.en.is_empty()).then(|| words.into())
    }
}

/// The clause of a rule, and the law behind it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BasisShape {
    /// Where the rule stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<ClauseShape>,
    /// What it rests on, as the document names it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub basis: String,
}

/// A clause as it is told, in a language.
pub fn basis(lang: Lang, clause: &Clause) -> BasisShape {
    let link = clause_link(lang, clause).map(|(text, href)| ClauseShape { text, href });
    BasisShape { clause: link, basis: clause.basis.clone() }
}

/// A position in degrees (WGS 84).
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Point, example = json!({ "lat": 35.356, "lon": 111.225 }))]
pub struct PointShape {
    pub lat: f64,
    pub lon: f64,
}

impl From<Point> for PointShape {
    fn from(point: Point) -> PointShape {
        let (lat, lon) = point.degrees();
        PointShape { lat, lon }
    }
}

/// A file that is kept; to be used as a field's value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = File, example = json!({
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "name": "road.jpg", "media": "image/jpeg", "size": 183_204
}))]
pub struct FileShape {
    /// SHA-256 of what is kept, 64 hexadecimal digits.
    pub digest: String,
    /// The name it was given, for showing.
    pub name: String,
    /// Found by looking at the content.
    pub media: String,
    /// In bytes.
    pub size: u64,
}

impl From<&FileRef> for FileShape {
    fn from(file: &FileRef) -> FileShape {
        FileShape {
            digest: file.digest.to_string(),
            name: file.name.clone(),
            media: file.media.clone(),
            size: file.size,
        }
    }
}

/// A record in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Row)]
pub struct RowShape {
    pub id: Id,
    #[schema(example = "matter")]
    pub mechanism: String,
    /// The mechanism's version on which it runs.
    pub version: u32,
    /// Send it back as `seen` with a step.
    pub revision: u64,
    pub state: String,
    /// Whether its state is not final.
    pub open: bool,
    #[schema(example = "W2026-000123")]
    pub number: String,
    /// The beginning of its title.
    pub title: String,
    /// Codes of the places at and above it, from the county down.
    pub place: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When its nearest running deadline ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Time>,
    /// Name of that deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// Whether a running deadline has passed.
    pub late: bool,
    pub opened: Time,
    pub changed: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<PointShape>,
}

impl From<Row> for RowShape {
    fn from(row: Row) -> RowShape {
        RowShape {
            id: Id(row.id),
            mechanism: row.mechanism,
            version: row.version,
            revision: row.revision,
            state: row.state,
            open: row.open,
            number: row.number,
            title: row.title,
            place: row.path.into_iter().flatten().collect(),
            unit: row.unit,
            kind: row.kind,
            due: row.due.map(Time),
            deadline: row.due_name,
            late: row.late,
            opened: Time(row.opened),
            changed: Time(row.changed),
            parent: row.parent.map(Id),
            point: row.point.map(PointShape::from),
        }
    }
}

/// A page of records.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rows {
    pub items: Vec<RowShape>,
    /// Give it as `after` for the next page; none on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl From<Page> for Rows {
    fn from(page: Page) -> Rows {
        Rows {
            items: page.rows.into_iter().map(RowShape::from).collect(),
            next: page.next.map(|(key, id)| format!("{key}.{id}")),
        }
    }
}

impl From<Vec<Row>> for Rows {
    fn from(rows: Vec<Row>) -> Rows {
        Rows { items: rows.into_iter().map(RowShape::from).collect(), next: None }
    }
}

/// Reads what [`Rows::next`] said.
pub fn cursor(text: &str) -> Option<(i64, RecordId)> {
    let (key, id) = text.split_once('.')?;
    Some((key.parse().ok()?, id.parse().ok()?))
}

/// A deadline of a record with everything needed to check it by hand.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadlineShape {
    #[schema(example = "answer")]
    pub name: String,
    pub words: WordsShape,
    pub started: Time,
    /// The first moment after the limit.
    pub due: Time,
    /// Its length as the rule states it.
    #[schema(example = "5 working-days")]
    pub within: String,
    /// `running`, `paused`, `met` or `dropped`.
    pub state: &'static str,
    /// When it was met or dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Time>,
    /// Whether it passed.
    pub late: bool,
    /// How often it was extended.
    pub extended: u32,
    /// Days that did not count.
    pub skipped: Vec<SkippedShape>,
    /// Stretches during which it stood still.
    pub pauses: Vec<PauseShape>,
    /// Years whose holidays were not known when it was counted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_years: Vec<i16>,
    pub rule: BasisShape,
}

/// A day that did not count.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkippedShape {
    #[schema(example = "2026-10-01")]
    pub date: String,
    /// `weekend`, `holiday` or `pause`.
    pub why: &'static str,
    /// The holiday's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holiday: Option<WordsShape>,
}

/// A stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub struct PauseShape {
    pub from: Time,
    pub until: Time,
}

/// A record's deadlines in the order of the document.
pub fn deadlines(lang: Lang, mechanism: &Mechanism, record: &record::Record) -> Vec<DeadlineShape> {
    let known = mechanism.deadlines.iter().filter_map(|rule| Some((rule, record.clocks.get(&rule.name)?)));
    known
        .map(|(rule, clock)| DeadlineShape {
            name: rule.name.clone(),
            words: (&rule.words).into(),
            started: Time(clock.derivation.start),
            due: Time(clock.derivation.due),
            within: clock.derivation.span.to_string(),
            state: match (clock.ended, clock.met, clock.paused) {
                (Some(_), true, _) => "met",
                (Some(_), false, _) => "dropped",
                (None, _, Some(_)) => "paused",
                (None, _, None) => "running",
            },
            ended: clock.ended.map(Time),
            late: record.was_late(&rule.name),
            extended: clock.extended,
            skipped: value::skipped(&clock.derivation.skipped),
            pauses: clock
                .derivation
                .pauses
                .iter()
                .map(|(from, until)| PauseShape { from: Time(*from), until: Time(*until) })
                .collect(),
            unknown_years: clock.derivation.unknown_years.clone(),
            rule: basis(lang, &rule.clause),
        })
        .collect()
}

/// A place's name in a language.
pub fn place_name(lang: Lang, world: &World, code: &str) -> String {
    world.place(code).map(|place| crate::pages::words::say(lang, &place.words)).unwrap_or_default()
}
