//! Lists of records and the other views of them.

use askama::Template;
use serde::Deserialize;

use super::{
    Choice, Due, Fact, Figure, FigureTable, Filters, Form, Hidden, Link, Paging, Shell, State, Tab, Tone,
};

/// What stands over every view: name, views, filters, saved filters.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListHead {
    /// The mechanism.
    pub title: String,
    /// Its views; none when there is only one.
    pub tabs: Vec<Tab>,
    /// Filters.
    pub filters: Option<Filters>,
    /// The person's own filters.
    pub saved: Vec<SavedList>,
    /// The address of this list, behind the sign.
    pub query: String,
    /// Whether there is something to save.
    pub may_save: bool,
    /// Of the records that keep these apart, which one is looked at; none where there is no choice.
    pub apart: Option<ApartChoice>,
    /// The record of whose parts it tells; none for all.
    pub under: Option<Link>,
    /// Its figures; empty for none.
    pub figures: String,
    /// The way to a new entry of a register, for whoever may.
    pub enter: Option<Link>,
    /// The way to its import, for whoever may.
    pub import: Option<Link>,
}

/// Which of the records that keep others apart is looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApartChoice {
    /// Where the form goes.
    pub action: String,
    /// What is chosen.
    pub label: String,
    /// The rest of the question.
    pub hidden: Vec<Hidden>,
    /// The records, and all of them.
    pub options: Vec<Choice>,
}

/// A filter saved under a name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SavedList {
    /// Its name.
    pub name: String,
    /// The list.
    pub href: String,
    /// Whether it is this one.
    pub current: bool,
}

/// The head of a column.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListHeadCell {
    /// Its name.
    pub label: String,
    /// Whether it holds numbers.
    pub number: bool,
}

/// A record's line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListRow {
    /// Its identifier, for choosing it.
    pub id: String,
    /// What it is called, for choosing it.
    pub name: String,
    /// The cells in the order of the columns.
    pub cells: Vec<ListCell>,
    /// Marks beside its title.
    pub marks: Vec<State>,
}

/// A cell.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListCell {
    /// The column's name, for narrow screens.
    pub head: String,
    /// Class of its column.
    pub class: String,
    /// What it says.
    pub text: String,
    /// Where it leads; empty for plain text.
    pub href: String,
    /// A state instead of the text.
    pub state: Option<State>,
    /// A deadline instead of the text.
    pub due: Option<Due>,
}

/// A list or register.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "view_list.html")]
pub struct ListPage {
    /// The frame.
    pub s: Shell,
    /// What stands over it.
    pub head: ListHead,
    /// Heads of the columns.
    pub columns: Vec<ListHeadCell>,
    /// The records.
    pub rows: Vec<ListRow>,
    /// The list as files.
    pub downloads: Vec<Link>,
    /// Paging.
    pub paging: Paging,
    /// All columns that there are, those shown marked.
    pub chosen: Vec<Choice>,
    /// Steps that may be taken of many; none when the person may take none.
    pub steps: Vec<Choice>,
    /// The same records on a longer page, so that more of them can be chosen at once.
    pub longest: Option<Link>,
    /// The mechanism's name.
    pub mechanism: String,
    /// The view's name.
    pub view: String,
    /// The address of this page, behind the sign.
    pub back: String,
}

/// A board.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "view_board.html")]
pub struct BoardPage {
    /// The frame.
    pub s: Shell,
    /// What stands over it.
    pub head: ListHead,
    /// Its columns.
    pub columns: Vec<BoardColumn>,
    /// The same as files.
    pub downloads: Vec<Link>,
}

/// A column of a board.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoardColumn {
    /// The value.
    pub label: String,
    /// How it stands.
    pub tone: Tone,
    /// How many, as far as shown.
    pub count: String,
    /// All of them; empty for none.
    pub href: String,
    /// The first records.
    pub cards: Vec<BoardCard>,
    /// Whether there are more.
    pub more: bool,
}

/// A record on a board.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoardCard {
    /// Its page.
    pub href: String,
    /// What it is about.
    pub title: String,
    /// Its number.
    pub number: String,
    /// Some of its values.
    pub facts: Vec<Fact>,
    /// The nearest deadline.
    pub due: Option<Due>,
    /// Marks.
    pub marks: Vec<State>,
}

/// A matrix.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "view_matrix.html")]
pub struct MatrixPage {
    /// The frame.
    pub s: Shell,
    /// What stands over it.
    pub head: ListHead,
    /// What the rows are.
    pub row_head: String,
    /// What the columns are.
    pub column_head: String,
    /// The columns with their totals.
    pub columns: Vec<Figure>,
    /// The rows.
    pub rows: Vec<MatrixRow>,
    /// The total.
    pub total: String,
    /// The year before, this one without address, and the year after; none where columns are no months.
    pub years: Vec<Link>,
    /// Whether ages of evidence are shown.
    pub legend_age: bool,
    /// What colours and signs mean.
    pub legend: Vec<MatrixChip>,
    /// That not everything is shown; empty when all is.
    pub cut: String,
    /// The same as files.
    pub downloads: Vec<Link>,
}

/// A row of a matrix.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatrixRow {
    /// Its value.
    pub label: String,
    /// How many are in it.
    pub total: String,
    /// Its cells.
    pub cells: Vec<MatrixCell>,
}

/// A cell of a matrix.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatrixCell {
    /// The list of its records; empty for none.
    pub href: String,
    /// How many.
    pub count: String,
    /// The first records.
    pub chips: Vec<MatrixChip>,
    /// How many more; empty for none.
    pub more: String,
}

/// A record in a cell.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatrixChip {
    /// Its page.
    pub href: String,
    /// A short name.
    pub label: String,
    /// Everything in words.
    pub words: String,
    /// How it stands.
    pub tone: Tone,
    /// A sign that says the same without colour.
    pub sign: String,
    /// Age of the evidence: `fresh`, `ageing`, `stale`, `none` or `over`.
    pub age: String,
}

/// A month.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "view_calendar.html")]
pub struct CalendarPage {
    /// The frame.
    pub s: Shell,
    /// What stands over it.
    pub head: ListHead,
    /// The month.
    pub month: String,
    /// The month before.
    pub before: Option<Link>,
    /// The month after.
    pub after: Option<Link>,
    /// How many.
    pub count: String,
    /// The list of the month; empty for none.
    pub list: String,
    /// That not everything is shown; empty when all is.
    pub cut: String,
    /// Whether there is nothing in the month.
    pub empty: bool,
    /// Weeks of seven days.
    pub weeks: Vec<Vec<CalendarDay>>,
    /// The same as files.
    pub downloads: Vec<Link>,
}

/// A day.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalendarDay {
    /// Its number; empty for a day of another month.
    pub number: String,
    /// In words.
    pub words: String,
    /// For machines.
    pub iso: String,
    /// A day off.
    pub rest: bool,
    /// Today.
    pub today: bool,
    /// The records.
    pub items: Vec<CalendarItem>,
    /// The rest of them.
    pub more: Option<Link>,
}

/// A record in a calendar.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalendarItem {
    /// Its page.
    pub href: String,
    /// What it is about.
    pub title: String,
    /// Its state.
    pub state: State,
    /// Whether a deadline has passed.
    pub late: bool,
    /// Marks.
    pub marks: Vec<State>,
}

/// A timeline.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "view_timeline.html")]
pub struct TimelinePage {
    /// The frame.
    pub s: Shell,
    /// What stands over it.
    pub head: ListHead,
    /// Months.
    pub ticks: Vec<TimelineTick>,
    /// Where today is, in percent; empty outside.
    pub today: String,
    /// The records.
    pub rows: Vec<TimelineRow>,
    /// Paging.
    pub paging: Paging,
    /// The same as files.
    pub downloads: Vec<Link>,
}

/// A month of a timeline.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimelineTick {
    /// Where it begins, in percent.
    pub x: String,
    /// Its name.
    pub label: String,
}

/// A bar.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimelineRow {
    /// Its page.
    pub href: String,
    /// What it is about.
    pub title: String,
    /// Its number.
    pub number: String,
    /// How it stands.
    pub tone: Tone,
    /// Its state.
    pub state: State,
    /// From when to when.
    pub words: String,
    /// Where it begins, in percent.
    pub x: String,
    /// How long it is, in percent.
    pub width: String,
    /// Marks.
    pub marks: Vec<State>,
}

/// A map with the list beside it.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "view_map.html")]
pub struct MapPage {
    /// The frame.
    pub s: Shell,
    /// What stands over it.
    pub head: ListHead,
    /// Address of the points.
    pub src: String,
    /// Centre of the county.
    pub center: String,
    /// Heads of the columns.
    pub columns: Vec<ListHeadCell>,
    /// The records.
    pub rows: Vec<ListRow>,
    /// Paging.
    pub paging: Paging,
    /// The same as files.
    pub downloads: Vec<Link>,
}

/// A step of many records before it is taken.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "bulk.html")]
pub struct BulkPage {
    /// The frame.
    pub s: Shell,
    /// The step.
    pub title: String,
    /// How many were chosen.
    pub lead: String,
    /// The clause.
    pub clause: Option<Link>,
    /// Whether the lines tell what would happen with what was filled in.
    pub told: bool,
    /// How many would take it.
    pub would: String,
    /// How many would refuse; empty for none.
    pub refused: String,
    /// The records.
    pub lines: Vec<BulkLine>,
    /// The form.
    pub form: Form,
}

/// A record of a turn.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BulkLine {
    /// Its page; empty where it may not be read.
    pub href: String,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// What would happen, or happened.
    pub verdict: State,
    /// Why not; empty where nothing stands against it.
    pub why: String,
    /// The clause that stands against it.
    pub clause: Option<Link>,
}

/// What became of a step of many records.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "turn.html")]
pub struct TurnPage {
    /// The frame.
    pub s: Shell,
    /// The step.
    pub title: String,
    /// How many took it.
    pub good: String,
    /// How many refused; empty for none.
    pub bad: String,
    /// The records.
    pub lines: Vec<BulkLine>,
    /// What was sent, to ask for the same once more.
    pub sent: Vec<Hidden>,
    /// The list from which it began.
    pub back: String,
}

/// A place at the desk.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "place_desk.html")]
pub struct PlaceDesk {
    /// The frame.
    pub s: Shell,
    /// Its name.
    pub title: String,
    /// Its level.
    pub level: String,
    /// The places under it.
    pub under: Vec<Link>,
    /// What documents show of it.
    pub sections: Vec<PlaceSection>,
}

/// A section of the page of a place.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaceSection {
    /// Its anchor.
    pub id: String,
    /// Its name.
    pub title: String,
    /// All of it.
    pub href: String,
    /// Heads of the columns.
    pub columns: Vec<ListHeadCell>,
    /// The first records.
    pub rows: Vec<ListRow>,
    /// Whether there are more.
    pub more: bool,
}

/// The figures of a mechanism.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "view_figures.html")]
pub struct FiguresPage {
    /// The frame.
    pub s: Shell,
    /// The mechanism.
    pub title: String,
    /// Its list.
    pub list: String,
    /// Over which time.
    pub note: String,
    /// Of the records that keep these apart, which one is looked at; none where there is no choice.
    pub apart: Option<ApartChoice>,
    /// The one that is looked at; none for all.
    pub under: Option<Link>,
    /// A table for each dimension.
    pub tables: Vec<FigureTable>,
}

/// Every list that the person may open.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "lists.html")]
pub struct ListsPage {
    /// The frame.
    pub s: Shell,
    /// The person's own filters.
    pub saved: Vec<Link>,
    /// The lists by document.
    pub groups: Vec<ListsGroup>,
}

/// The lists of a document.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListsGroup {
    /// The document.
    pub title: String,
    /// Each mechanism with its views.
    pub lists: Vec<(String, Vec<Link>)>,
}

impl Shell {
    /// What stands over a view, to be printed with `|safe`.
    pub fn list_head<'a>(&'a self, head: &'a ListHead) -> ListHeadTemplate<'a> {
        ListHeadTemplate { s: self, head }
    }
}

/// Prints what stands over a view.
#[derive(Debug, Template)]
#[template(path = "part/list_head.html")]
pub struct ListHeadTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The head.
    pub head: &'a ListHead,
}
