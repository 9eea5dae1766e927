//! Views: the forms in which the records of a mechanism are shown together.

use gongzhi_base::{Span, Unit, Words};

use crate::ast::{ClauseAt, Mechanism};
use crate::decode::read::{self, Entry, Map};
use crate::decode::step::clause;
use crate::diagnostic::Faults;
use crate::model::{Clause, Field, Type};
use crate::source::Word;

/// Evidence younger than this is fresh where the document names no `fresh`.
const FRESH: Span = Span::new(31, Unit::Days);

/// A view that the kernel and the pages know; every name in it resolves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    pub name: String,
    pub words: Words,
    pub shape: Shape,
    /// What a row or a card shows.
    pub columns: Vec<Column>,
    /// By due time, rows without one last; else newest first.
    pub by_due: bool,
    /// Only open records, unless others are asked for.
    pub open: bool,
    /// Fields by which the reader may narrow it; a date by its month.
    pub filters: Vec<String>,
    /// Truth values that are told by their names beside a record for which they hold.
    pub marks: Vec<String>,
    /// Whether it is a section of the page of each place.
    pub on_place: bool,
    pub clause: Clause,
}

/// The form of a view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    List,
    /// All records in full, as in a bound register.
    Register,
    /// One column for each value.
    Board {
        by: Axis,
    },
    /// Rows and columns; a cell holds the records that have both values.
    Matrix {
        rows: Axis,
        columns: Axis,
        age: Option<String>,
        fresh: Span,
    },
    /// Days of a month.
    Calendar {
        on: String,
    },
    /// Bars over months; from opening where `from` is not said.
    Timeline {
        from: Option<String>,
        to: String,
    },
    /// Places and points.
    Map,
}

impl Shape {
    /// The shape's word in documents and addresses.
    pub fn word(&self) -> &'static str {
        match self {
            Shape::List => "list",
            Shape::Register => "register",
            Shape::Board { .. } => "board",
            Shape::Matrix { .. } => "matrix",
            Shape::Calendar { .. } => "calendar",
            Shape::Timeline { .. } => "timeline",
            Shape::Map => "map",
        }
    }
}

/// What divides records into the columns of a board or the rows and columns of a matrix.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Axis {
    State,
    /// A field with few values; a date by its month.
    Field(String),
}

impl Axis {
    /// The name under which lists of its values are kept.
    pub fn name(&self) -> &str {
        match self {
            Axis::State => "state",
            Axis::Field(field) => field,
        }
    }
}

/// A column of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Column {
    Number,
    Title,
    State,
    Place,
    Unit,
    Kind,
    Due,
    Opened,
    Changed,
    /// The record of which it is a part.
    Parent,
    Field(String),
}

impl Column {
    /// The columns that every mechanism has.
    pub const BUILT_IN: [(&'static str, Column); 10] = [
        ("number", Column::Number),
        ("title", Column::Title),
        ("state", Column::State),
        ("place", Column::Place),
        ("unit", Column::Unit),
        ("kind", Column::Kind),
        ("due", Column::Due),
        ("opened", Column::Opened),
        ("changed", Column::Changed),
        ("parent", Column::Parent),
    ];

    /// A column by its word: a built-in one, else a field.
    pub fn read(word: &str) -> Column {
        let built_in = Column::BUILT_IN.into_iter().find(|(name, _)| *name == word);
        built_in.map_or_else(|| Column::Field(word.to_owned()), |(_, column)| column)
    }

    /// The column's word in documents and addresses.
    pub fn word(&self) -> &str {
        match self {
            Column::Field(field) => field,
            built_in => Column::BUILT_IN.iter().find(|(_, column)| column == built_in).map_or("", |c| c.0),
        }
    }
}

/// A view as written.
#[derive(Debug)]
pub struct Written {
    pub name: Word,
    pub words: Words,
    pub shape: Option<WrittenShape>,
    pub columns: Vec<Word>,
    pub by_due: bool,
    pub open: bool,
    pub filters: Vec<Word>,
    pub marks: Vec<Word>,
    pub on_place: Option<Word>,
    pub clause: ClauseAt,
}

/// The form of a view as written, names unresolved.
#[derive(Debug)]
pub enum WrittenShape {
    List,
    Register,
    Board { by: Word },
    Matrix { rows: Word, columns: Word, age: Option<Word>, fresh: Option<Span> },
    Calendar { on: Word },
    Timeline { from: Option<Word>, to: Word },
    Map,
}

impl Written {
    /// The names that divide the records: values of these are kept as lists.
    pub fn axes(&self) -> Vec<&Word> {
        match &self.shape {
            Some(WrittenShape::Board { by }) => vec![by],
            Some(WrittenShape::Matrix { rows, columns, .. }) => vec![rows, columns],
            _ => Vec::new(),
        }
    }

    /// The names of dates and times on which the shape rests.
    pub fn times(&self) -> Vec<&Word> {
        match &self.shape {
            Some(WrittenShape::Matrix { age, .. }) => age.iter().collect(),
            Some(WrittenShape::Calendar { on }) => vec![on],
            Some(WrittenShape::Timeline { from, to }) => from.iter().chain([to]).collect(),
            _ => Vec::new(),
        }
    }

    /// Every name of a field in it, as far as it is none of the built-in ones.
    pub fn fields(&self) -> impl Iterator<Item = &Word> {
        let columns =
            self.columns.iter().filter(|word| matches!(Column::read(word.text()), Column::Field(_)));
        let axes = self.axes().into_iter().filter(|word| word.text() != "state");
        columns.chain(axes).chain(self.times()).chain(&self.filters).chain(&self.marks)
    }

    /// What the pages show.
    pub fn built(&self, mechanism: &Mechanism, clause: Clause) -> Option<View> {
        let shape = match self.shape.as_ref()? {
            WrittenShape::List => Shape::List,
            WrittenShape::Register => Shape::Register,
            WrittenShape::Board { by } => Shape::Board { by: axis(by) },
            WrittenShape::Matrix { rows, columns, age, fresh } => Shape::Matrix {
                rows: axis(rows),
                columns: axis(columns),
                age: age.as_ref().map(|age| age.value.clone()),
                fresh: fresh.unwrap_or(FRESH),
            },
            WrittenShape::Calendar { on } => Shape::Calendar { on: on.value.clone() },
            WrittenShape::Timeline { from, to } => {
                Shape::Timeline { from: from.as_ref().map(|from| from.value.clone()), to: to.value.clone() }
            }
            WrittenShape::Map => Shape::Map,
        };
        let names = |words: &[Word]| words.iter().map(|word| word.value.clone()).collect();
        let columns: Vec<Column> = self.columns.iter().map(|word| Column::read(word.text())).collect();
        Some(View {
            name: self.name.value.clone(),
            words: self.words.clone(),
            columns: if columns.is_empty() { usual(mechanism, &shape) } else { columns },
            shape,
            by_due: self.by_due,
            open: self.open,
            filters: names(&self.filters),
            marks: names(&self.marks),
            on_place: self.on_place.is_some(),
            clause,
        })
    }
}

fn axis(word: &Word) -> Axis {
    if word.text() == "state" { Axis::State } else { Axis::Field(word.value.clone()) }
}

/// The columns of a view that names none.
fn usual(mechanism: &Mechanism, shape: &Shape) -> Vec<Column> {
    let mut columns = vec![Column::Number, Column::Title];
    let given = [
        (mechanism.kind.is_some(), Column::Kind),
        (mechanism.place.is_some(), Column::Place),
        (mechanism.unit.is_some(), Column::Unit),
    ];
    columns.extend(given.into_iter().filter(|(given, _)| *given).map(|(_, column)| column));
    if *shape == Shape::Register {
        let own = [&mechanism.title, &mechanism.kind, &mechanism.place, &mechanism.unit];
        let fields = mechanism.fields.iter().filter(|field| {
            let named = own.into_iter().flatten().any(|word| word.value == field.name.value);
            let open = field.public == Some(true) && field.personal.is_none();
            open && !named && field.type_of().is_some_and(in_columns)
        });
        columns.extend(fields.map(|field| Column::Field(field.name.value.clone())));
        columns.push(Column::Opened);
    }
    columns.push(Column::State);
    if *shape != Shape::Register && !mechanism.deadlines.is_empty() {
        columns.push(Column::Due);
    }
    columns
}

/// The view that a mechanism has without declaring one.
pub fn plain(mechanism: &Mechanism) -> View {
    let taken = mechanism.views.iter().any(|view| view.name.text() == "list");
    View {
        name: if taken { "list-of-all" } else { "list" }.to_owned(),
        words: crate::locale::words("view.list", &[]),
        columns: usual(mechanism, &Shape::List),
        shape: Shape::List,
        by_due: false,
        open: false,
        filters: Vec::new(),
        marks: Vec::new(),
        on_place: false,
        clause: Clause { document: mechanism.document.clone(), ..Clause::default() },
    }
}

/// Whether a value of the type fits into a cell of a list.
pub fn in_columns(ty: &Type) -> bool {
    match ty {
        Type::List(item) => in_columns(item),
        Type::File | Type::Point | Type::Rows(_) => false,
        _ => true,
    }
}

/// Whether records can be divided by a value of the type.
pub fn divides(ty: &Type) -> bool {
    matches!(
        ty,
        Type::Bool
            | Type::Choice(_)
            | Type::Entry(_)
            | Type::Unit
            | Type::Place
            | Type::Date
            | Type::Month
            | Type::Time
    )
}

/// Whether a value of the type is a day.
pub fn dated(ty: &Type) -> bool {
    matches!(ty, Type::Date | Type::Month | Type::Time)
}

/// Whether a field may be a column of any list: personal data never is.
pub fn listable(field: &Field) -> bool {
    field.personal.is_none() && in_columns(&field.ty)
}

/// The names whose values are kept as lists of their own: `state` and fields, also those by which
/// indicators count, so that their figures open their records.
pub fn kept<'a>(views: &[View], counted: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = counted.map(str::to_owned).collect();
    for view in views {
        names.extend(view.filters.iter().cloned());
        match &view.shape {
            Shape::Board { by } => names.push(by.name().to_owned()),
            Shape::Matrix { rows, columns, .. } => {
                names.extend([rows, columns].map(|axis| axis.name().to_owned()));
            }
            Shape::Calendar { on } => names.push(on.clone()),
            Shape::List | Shape::Register | Shape::Timeline { .. } | Shape::Map => {}
        }
    }
    names.sort();
    names.dedup();
    names
}

/// Reads one view.
pub fn decode(entry: &Entry<'_>, faults: &mut Faults) -> Option<Written> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let words = map.words(faults);
    let shapes =
        ["list", "register", "board", "matrix", "calendar", "timeline", "map"].map(|name| (name, name));
    let word = map.required_text("as", faults).and_then(|word| read::one_of(&word, &shapes, faults));
    let shape = word.and_then(|word| shape(word, &mut map, faults));
    let mut names = |key, faults: &mut Faults| {
        map.take(key, faults).map(|node| read::texts(node, faults)).unwrap_or_default()
    };
    // The columns of a matrix are the values of one field; elsewhere they are what is shown.
    let columns = if word == Some("matrix") { Vec::new() } else { names("columns", faults) };
    let (filters, marks) = (names("filters", faults), names("marks", faults));
    let orders = [("due", true), ("newest", false)];
    let by_due = map.text("order", faults).and_then(|word| read::one_of(&word, &orders, faults));
    let shows = [("open", true), ("all", false)];
    let open = map.text("show", faults).and_then(|word| read::one_of(&word, &shows, faults));
    let node = map.take("on-place", faults);
    let on_place = node.filter(|node| read::flag(node, faults) == Some(true));
    let on_place = on_place.map(|node| Word::new("on-place".to_owned(), node.at));
    let clause = clause(entry, &mut map, faults);
    // Without a readable shape nobody knows which keys belong to it.
    if word.is_some() {
        map.finish(faults);
    }
    Some(Written {
        name: entry.key.clone(),
        words,
        shape,
        columns,
        by_due: by_due.unwrap_or(false),
        open: open.unwrap_or(false),
        filters,
        marks,
        on_place,
        clause,
    })
}

fn shape(word: &str, map: &mut Map<'_>, faults: &mut Faults) -> Option<WrittenShape> {
    Some(match word {
        "register" => WrittenShape::Register,
        "board" => WrittenShape::Board { by: map.required_text("by", faults)? },
        "matrix" => {
            let (rows, columns) = (map.required_text("rows", faults), map.required_text("columns", faults));
            let age = map.text("age", faults);
            let fresh = map.take("fresh", faults).and_then(|node| read::span(node, faults));
            WrittenShape::Matrix { rows: rows?, columns: columns?, age, fresh }
        }
        "calendar" => WrittenShape::Calendar { on: map.required_text("on", faults)? },
        "timeline" => {
            let from = map.text("from", faults);
            WrittenShape::Timeline { from, to: map.required_text("to", faults)? }
        }
        "map" => WrittenShape::Map,
        _ => WrittenShape::List,
    })
}
