//! A checked mechanism: what the kernel runs. Only the checker makes one, so every name in it
//! resolves, every expression is typed, and every step leads somewhere.

mod constraint;
mod dimension;
mod document;
mod notice;
mod paper;

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::dayrule::{Day, DayRule, Period};
use gongzhi_base::{Span, Words};

use crate::expr::Expr;
pub use crate::published::Published;

pub use constraint::{CalendarEntry, Constraint, Holds, Proposal, Rule, Together, Within};
pub use dimension::Dimension;
pub use document::{Document, Sort};
pub use notice::Notice;
pub use paper::{Print, Printed, Sheet};

/// Levels of territory, from the county down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    County,
    Township,
    Village,
    Grid,
}

impl Level {
    /// All levels from above.
    pub const ALL: [Level; 4] = [Level::County, Level::Township, Level::Village, Level::Grid];

    /// The level's word in documents and data.
    pub fn word(self) -> &'static str {
        match self {
            Level::County => "county",
            Level::Township => "township",
            Level::Village => "village",
            Level::Grid => "grid",
        }
    }

    /// Reads the level's word.
    pub fn read(word: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.word() == word)
    }
}

/// A clause of a document: where a rule stands and what it rests on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Clause {
    /// The document's name, as in `matter`.
    pub document: String,
    /// The heading under which the rule stands.
    pub heading: String,
    /// The heading's anchor on the help page.
    pub anchor: String,
    /// The law or rule behind it, empty if the document itself is the rule.
    pub basis: String,
}

/// All documents of one county, checked together.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// The newest version of each mechanism by name.
    pub mechanisms: BTreeMap<String, Arc<Mechanism>>,
    pub roles: BTreeMap<String, Role>,
    pub catalogues: BTreeMap<String, Arc<Catalogue>>,
    pub documents: BTreeMap<String, Document>,
}

/// A role of the posts' vocabulary.
#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub words: Words,
    /// Levels of place at which posts with this role exist.
    pub at: Vec<Level>,
    /// Whether such a post belongs to a unit.
    pub in_unit: bool,
}

/// A catalogue of entries, in levels.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub name: String,
    pub words: Words,
    pub levels: u8,
    /// Types of its further columns.
    pub columns: BTreeMap<String, Type>,
    pub entries: BTreeMap<String, Entry>,
}

impl Catalogue {
    /// Whether an entry has others under it.
    pub fn is_head(&self, code: &str) -> bool {
        self.entries.values().any(|entry| entry.parent.as_deref() == Some(code))
    }
}

/// One entry of a catalogue.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    pub code: String,
    pub parent: Option<String>,
    pub words: Words,
    /// Values of the further columns, as text in the file; spans and counts are checked.
    pub values: BTreeMap<String, String>,
}

/// What keeps the records of a mechanism apart in views and figures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Apart {
    pub mechanism: String,
    /// How far above it stands: 1 is the parent.
    pub above: usize,
}

/// One mechanism.
#[derive(Debug)]
pub struct Mechanism {
    pub name: String,
    pub version: u32,
    pub words: Words,
    pub document: String,
    /// `place`, `unit`, `person`, `post`, `document`: which register its records are.
    pub register: Option<String>,
    pub parent: Option<String>,
    /// The mechanism above whose records keep these apart: views and figures are those of one of them.
    pub apart: Option<Apart>,
    pub lives_at: Vec<Level>,
    pub number: Option<String>,
    pub receipt: bool,
    /// Names of the fields that are a record's title, place, unit in charge and kind.
    pub title: Option<String>,
    pub place: Option<String>,
    pub unit: Option<String>,
    pub kind: Option<String>,
    pub readers: Vec<Who>,
    /// In the order of the document.
    pub fields: Vec<Field>,
    pub states: Vec<State>,
    pub steps: Vec<Step>,
    pub deadlines: Vec<Deadline>,
    pub indicators: Vec<Indicator>,
    pub duplicates: Option<Duplicates>,
    pub recurs: Option<Recurs>,
    pub published: Option<Published>,
    pub notices: Vec<Notice>,
    /// The forms in which its records are shown together; a list is always among them.
    pub views: Vec<crate::view::View>,
    /// What its views divide and filter by: `state` and fields, each once. Lists of their values are kept.
    pub kept: Vec<String>,
    /// Its records as the rows of a table.
    pub sheet: Option<Sheet>,
    pub prints: Vec<Print>,
    pub constraints: Vec<Constraint>,
    pub calendar: Option<CalendarEntry>,
    /// Fields by which some indicator is counted, each once.
    pub by_fields: Vec<String>,
    /// What parts tell, by their mechanism; see [`Mechanism::told_by`].
    pub(crate) told: BTreeMap<String, Vec<String>>,
    /// Nobody outside this crate can write one: a mechanism in hand has been checked.
    pub(crate) _sealed: Sealed,
}

/// What only the checker has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed(());

impl Sealed {
    /// Made when a mechanism has passed all checks.
    pub(crate) fn new() -> Sealed {
        Sealed(())
    }
}

impl Mechanism {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
    /// A field by name, or a column of a table by the name of one of its cells: `costs.2.amount`.
    pub fn field_at(&self, path: &str) -> Option<&Field> {
        let Some((table, cell)) = path.split_once('.') else { return self.field(path) };
        let column = cell.split_once('.').map_or(cell, |(_, column)| column);
        let columns = &self.field(table)?.columns;
        columns.iter().map(|column| &column.field).find(|field| field.name == column)
    }
    /// A state by name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name == name)
    }
    /// A step by name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
    /// A deadline by name.
    pub fn deadline(&self, name: &str) -> Option<&Deadline> {
        self.deadlines.iter().find(|deadline| deadline.name == name)
    }
    /// A view by name; the first one where the name is empty.
    pub fn view(&self, name: &str) -> Option<&crate::view::View> {
        self.views.iter().find(|view| name.is_empty() || view.name == name)
    }
    /// The fields of a part that this mechanism's expressions read: what a part of that mechanism tells
    /// its parent, besides being open. `state` stands among them where its state is read.
    pub fn told_by(&self, part: &str) -> &[String] {
        self.told.get(part).map(Vec::as_slice).unwrap_or_default()
    }
    /// A document to be printed, by name.
    pub fn print(&self, name: &str) -> Option<&Print> {
        self.prints.iter().find(|print| print.name == name)
    }
    /// The opening step of its sheet, and the sheet.
    pub fn sheet(&self) -> Option<(&Sheet, &Step)> {
        let sheet = self.sheet.as_ref()?;
        Some((sheet, self.step(&sheet.new)?))
    }
    /// Steps that open a record.
    pub fn openers(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.opens_record())
    }
}

/// The type of a field, column or expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Type {
    Bool,
    /// A whole number; `amount` fields are whole numbers of fen.
    Int,
    Text,
    Date,
    /// A calendar month; its value is the first day.
    Month,
    Time,
    Span,
    /// One of a field's own options; holds their names.
    Choice(Vec<String>),
    /// An entry of a catalogue.
    Entry(String),
    Place,
    Unit,
    Person,
    /// A record of a mechanism.
    Record(String),
    Point,
    File,
    List(Box<Type>),
    /// Rows of a table: columns with their types.
    Rows(Vec<(String, Type)>),
}

/// The column of a table by entries that names each row's entry.
pub const ITEM: &str = "item";

/// A field of a record.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub words: Words,
    pub help: Words,
    pub ty: Type,
    /// Only pictures (`photo`), for a file or list of files.
    pub photo: bool,
    /// Whole number of fen, shown as yuan.
    pub amount: bool,
    /// Bounds of characters, number or items.
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// Lines of the input box; 1 for a single line.
    pub lines: u8,
    pub options: Vec<(String, Words)>,
    /// For places: levels that may be chosen. For units: kinds.
    pub levels: Vec<Level>,
    pub kinds: Vec<String>,
    /// Shown to the holder and on public pages.
    pub public: bool,
    pub personal: Option<Personal>,
    pub element: Option<String>,
    /// Columns of a table, in the order of the document.
    pub columns: Vec<Column>,
    /// The catalogue each of whose lowest entries has exactly one row, named by the column [`ITEM`].
    pub each: Option<String>,
    /// The field that names the entry under which those entries stand; all of them without it.
    pub under: Option<String>,
    /// Of a person, or a list of them: the field that names the unit in which each must hold a post.
    pub within: Option<String>,
    /// Of an entry: a table has its rows from the entries under it, here or in a part to which it is handed down under
    /// the same name. Only entries that have others under them are chosen.
    pub heads: bool,
    /// How many rows of a table are filled in general, as the document estimates.
    pub usual: Option<u32>,
    /// Of a day that names the period for which its record opens by itself: how long that period is.
    pub period: Option<Period>,
    /// The expression from which its value follows; nobody fills it.
    pub is: Option<Expr>,
    pub clause: Clause,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    pub field: Field,
    /// Whether it may stay empty.
    pub optional: bool,
}

/// What makes a field personal data.
#[derive(Clone, Debug)]
pub struct Personal {
    pub purpose: Words,
    /// Roles that may see it, stating a purpose.
    pub audience: Vec<Who>,
    pub keep: Span,
    pub mask: Mask,
}

/// What of a personal value may be seen unasked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mask {
    /// Nothing.
    All,
    /// The first character of a name.
    Name,
    /// The first three and last four digits of a phone number.
    Phone,
}

/// A state of a record.
#[derive(Clone, Debug)]
pub struct State {
    pub name: String,
    pub words: Words,
    pub waits: Vec<Who>,
    pub tone: Tone,
    pub is_final: bool,
    pub clause: Clause,
}

/// How a state is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Neutral,
    Active,
    Good,
    Bad,
}

/// Who may act or read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Who {
    /// Anybody, without an account.
    Anyone,
    /// Whoever has the receipt code.
    Holder,
    /// The product itself: timers and automatic steps.
    System,
    /// Holds the role over the record's place.
    Role(String),
    /// Holds the role in the unit (or one of the units) named by the field.
    RoleOf { role: String, field: String },
}

/// A step.
#[derive(Debug)]
pub struct Step {
    pub name: String,
    pub words: Words,
    pub note: Words,
    /// States from which it may be taken; empty for a step that opens a record.
    pub from: Vec<String>,
    /// The state after; `None` keeps it.
    pub to: Option<String>,
    pub by: Vec<Who>,
    pub asks: Vec<Ask>,
    pub needs: Vec<Need>,
    pub set: Vec<(String, Expr)>,
    pub auto: Option<Expr>,
    pub opens: Option<Opens>,
    pub proposes: Vec<Proposal>,
    pub calls: Option<Calls>,
    pub extends: Option<Extends>,
    /// Whether whoever takes it may put the record under another one (`parent`).
    pub moves: bool,
    pub public: bool,
    pub clause: Clause,
}

impl Step {
    /// Whether it opens a record.
    pub fn opens_record(&self) -> bool {
        self.from.is_empty()
    }
}

/// A field asked in a step.
#[derive(Clone, Debug)]
pub struct Ask {
    pub field: String,
    pub optional: bool,
}

/// A condition of a step, with the words of its refusal.
#[derive(Debug)]
pub struct Need {
    pub when: Expr,
    /// The fields it reads of those that the step asks for; without any it holds or fails before anything is filled in.
    pub reads: Vec<String>,
    pub words: Words,
    pub clause: Clause,
}

/// Opening parts.
#[derive(Debug)]
pub struct Opens {
    pub mechanism: String,
    /// The list whose items, or the table whose rows, each get a part.
    pub for_each: String,
    /// The part's field that takes the item of a list.
    pub item_as: Option<String>,
    /// Which rows of a table get a part; reads the row first, then the record.
    pub when: Option<Expr>,
    pub with: Vec<(String, Expr)>,
}

/// Taking a step of another record.
#[derive(Debug)]
pub struct Calls {
    /// The field that names the record.
    pub record: String,
    pub step: String,
    pub with: Vec<(String, Expr)>,
}

/// Moving a running deadline.
#[derive(Debug)]
pub struct Extends {
    pub deadline: String,
    pub by: Expr,
}

/// A deadline.
#[derive(Debug)]
pub struct Deadline {
    pub name: String,
    pub words: Words,
    pub starts: Vec<String>,
    pub ends: Vec<String>,
    pub limit: Limit,
    /// States in which it stands still.
    pub pauses: Vec<String>,
    pub warns: Option<Span>,
    /// The step taken when it passes.
    pub late: Option<String>,
    /// Whether it is no limit but a moment: the step is taken, and nothing is late.
    pub moment: bool,
    pub clause: Clause,
}

/// When a deadline ends.
#[derive(Debug)]
pub enum Limit {
    /// So long after it starts: an expression that gives a span.
    Within(Expr),
    /// On a day of the calendar.
    Due(Due),
}

/// A day of the calendar on which a deadline ends.
#[derive(Debug)]
pub struct Due {
    /// As the document words it.
    pub text: String,
    pub rule: DayRule,
    /// The date, or a day of the period; none for the period in which it starts.
    pub base: Option<Expr>,
}

/// Records that open by themselves, once in each period.
#[derive(Debug)]
pub struct Recurs {
    pub every: Period,
    /// The day of the period on which they open.
    pub on: Day,
    /// The step that opens one.
    pub step: String,
    /// The mechanism for each of whose records one opens; none for one record a period.
    pub source: Option<String>,
    /// The field that takes that record, or the code of that register's entry.
    pub item_as: Option<String>,
    /// What must hold of that record; it must be open in any case.
    pub when: Option<Expr>,
    /// The field that takes the period: a month, or the period's first day.
    pub period: Option<String>,
    /// Whether periods that passed unnoticed are made up for, or only the newest opens.
    pub all_missed: bool,
    /// Values computed from that record.
    pub with: Vec<(String, Expr)>,
    /// What is taken over from the record that opened in the period before, for the same item.
    pub previous: Option<Previous>,
    pub clause: Clause,
}

/// What a record that opens by itself takes over from the one of the period before.
#[derive(Debug)]
pub struct Previous {
    /// The field that takes that record.
    pub item_as: String,
    /// What must hold of it.
    pub when: Option<Expr>,
    /// Values computed from it.
    pub with: Vec<(String, Expr)>,
}

/// An indicator.
#[derive(Debug)]
pub struct Indicator {
    pub name: String,
    pub words: Words,
    pub measure: Measure,
    pub at: At,
    pub by: Vec<Dimension>,
    /// The fields by which it is counted as well.
    pub fields: Vec<String>,
    /// In percent for ratios, in the unit of percentiles (held against the highest point), as counted
    /// otherwise.
    pub target: Option<Target>,
    pub clause: Clause,
}

/// What an indicator measures on each record.
#[derive(Debug)]
pub enum Measure {
    /// Records for which it holds.
    Count(Expr),
    /// Sum of a whole number.
    Sum(Expr),
    /// Share of records with `of` among those with `to`.
    Ratio { of: Expr, to: Expr },
    /// Percentiles of the time from one moment to another, over the records that have both.
    Percentile {
        from: Expr,
        to: Expr,
        /// Per cent, 1 to 99, each greater than the one before.
        points: Vec<u8>,
        unit: Lapse,
    },
}

/// In what a lapse of time is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lapse {
    /// Natural hours, measured to the minute.
    Hours,
    /// Whole working days, counted as time limits are: the first day does not count.
    WorkingDays,
}

/// What places a record in a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum At {
    Opened,
    /// A gauge of the present: no period.
    Now,
    /// A field of type date or time.
    Field(String),
}

/// A target value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Target {
    pub at_least: bool,
    /// In thousandths, so that 99.5 % is exact.
    pub thousandths: i64,
}

/// How likely duplicates are found and merged.
#[derive(Clone, Debug)]
pub struct Duplicates {
    /// The text field compared.
    pub words: String,
    /// A field of type point, if nearness counts.
    pub point: Option<String>,
    pub days: u32,
    pub metres: u32,
    /// The step that merges a record into another.
    pub into: Option<String>,
}
