//! Parts of a record: facts, events, files, children, duplicates, steps to take.

use askama::Template;
use serde::Deserialize;

use super::{Derivation, Due, Form, Link, LinkGroup, Shell, Tone};

/// A state in words, with its tone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// The state's name.
    pub label: String,
    /// How it stands.
    pub tone: Tone,
}

/// A field of a record with its value.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fact {
    /// The field's name.
    pub label: String,
    /// Its value; an empty one is shown as “not given”. Line breaks are kept.
    pub value: String,
    /// Where it leads; empty for none.
    pub href: String,
    /// A line under it; empty for none.
    pub note: String,
    /// Whether the value is covered (`139****0001`) until the person states a purpose.
    pub masked: bool,
    /// The rows of a table, shown in place of the value.
    pub table: Option<Table>,
}

/// Rows of a table as they are shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Table {
    /// Names of the columns.
    pub heads: Vec<String>,
    /// Which columns hold numbers.
    pub right: Vec<bool>,
    /// The rows, each with a cell for every column.
    pub rows: Vec<Vec<String>>,
}

/// A file or photo of a record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Where it opens.
    pub href: String,
    /// Address of a small picture; empty for files that are no photo.
    pub thumb: String,
    /// Kind and size: `JPG · 1.2 MB`.
    pub note: String,
}

/// Something that happened to a record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Event {
    /// When, as shown.
    pub when: String,
    /// The same for machines.
    pub iso: String,
    /// What: the step's name, or what the clock did.
    pub title: String,
    /// Who, with post or unit; residents see units only.
    pub actor: String,
    /// The words that came with it: answer, reason.
    pub text: String,
    /// Values set by it.
    pub facts: Vec<Fact>,
    /// The clause it rests on.
    pub clause: Option<Link>,
    /// Files that came with it.
    pub files: Vec<Attachment>,
    /// The deadline that began with it.
    pub due: Option<Due>,
    /// How it stands: late for refusals and lapses, good for answers and marks, paused for pauses.
    pub tone: Tone,
    /// Number in the ledger; empty on residents' pages.
    pub seq: String,
}

/// A step that the person may take now, or may not and why.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Action {
    /// The step's name.
    pub label: String,
    /// The page with its form.
    pub href: String,
    /// What it does; empty for none.
    pub note: String,
    /// Whether it is the step to be expected.
    pub primary: bool,
    /// Whether it ends or refuses something.
    pub grave: bool,
    /// Why it cannot be taken now, with the rule; `None` when it can.
    pub refusal: Option<String>,
    /// A form without any field to fill in is shown here instead of a link.
    pub form: Option<Form>,
    /// Key for the `keys` island; empty for none.
    pub key: String,
}

/// A record in a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordRow {
    /// Its number or code.
    pub code: String,
    /// Its page.
    pub href: String,
    /// What it is about. May hold `<mark>` around words found; see `found`.
    pub subject: String,
    /// The piece of text in which words were found, as (text, whether it is a hit); empty outside of search.
    pub found: Vec<Snippet>,
    /// Its kind.
    pub kind: String,
    /// Its place.
    pub place: String,
    /// Its state.
    pub state: State,
    /// Who has it.
    pub owner: String,
    /// When it came in.
    pub opened: String,
    /// What is due next; none when nothing is.
    pub due: Option<Due>,
    /// Further marks: urgent, reopened, joint, raised, chased.
    pub marks: Vec<State>,
}

/// A piece of a found text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Snippet {
    /// The text.
    pub text: String,
    /// Whether it is one of the words looked for.
    pub hit: bool,
}

/// A record that may be about the same thing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Duplicate {
    /// The record.
    pub row: RecordRow,
    /// Why it is thought so: `相距 80 米 · 2 小时前 · 相同词：路灯`.
    pub reasons: Vec<String>,
    /// Merge into it.
    pub merge: Option<Form>,
    /// Link to it.
    pub link: Option<Form>,
}

/// The parts of one kind that a record has.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartGroup {
    /// What they are.
    pub title: String,
    /// How many there are, and how many are closed.
    pub total: String,
    /// The parts.
    pub parts: Vec<Child>,
    /// How many more there are than are shown; empty for none.
    pub more: String,
}

/// A part of a record, with its own parts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Child {
    /// Its page.
    pub href: String,
    /// Its number; empty where its kind has none.
    pub code: String,
    /// What it is about; empty for those who may not read it.
    pub title: String,
    /// Which unit has it.
    pub unit: String,
    /// What it counts of its own parts and rows.
    pub totals: Vec<Fact>,
    /// Its state.
    pub state: State,
    /// Its deadline.
    pub due: Option<Due>,
    /// Its own parts.
    pub parts: Vec<Child>,
}

/// Personal fields that are covered: the form to uncover them by stating a purpose.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Unmask {
    /// The form with the purpose.
    pub form: Form,
    /// Whether the fields are shown open on this page, because a purpose has just been stated.
    pub open: bool,
}

/// The page of one record.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "record.html")]
pub struct RecordPage {
    /// The frame.
    pub s: Shell,
    /// Its number or code.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// Its state.
    pub state: State,
    /// Further marks: urgent, reopened, joint, raised, chased.
    pub marks: Vec<State>,
    /// Who has it.
    pub owner: String,
    /// What is due next.
    pub due: Option<Due>,
    /// Steps, the expected one first.
    pub actions: Vec<Action>,
    /// What was reported.
    pub facts: Vec<Fact>,
    /// Personal fields.
    pub personal: Vec<Fact>,
    /// The way to uncover them; none when there is nothing covered or the person may not.
    pub unmask: Option<Unmask>,
    /// Where the looks at this record are listed; empty when it never holds personal data.
    pub looks_href: String,
    /// Where its personal values can be erased; empty when they cannot be now, or not by this person.
    pub erase_href: String,
    /// Files that came with the report.
    pub files: Vec<Attachment>,
    /// Views of what stands under it, at any depth.
    pub lists: Vec<LinkGroup>,
    /// Its parts, by kind.
    pub groups: Vec<PartGroup>,
    /// The record that this one is a part of.
    pub parent: Option<Link>,
    /// Records linked to this one.
    pub related: Vec<RecordRow>,
    /// Records that may be about the same thing.
    pub duplicates: Vec<Duplicate>,
    /// Deadlines with their derivation, open ones first.
    pub deadlines: Vec<Derivation>,
    /// What happened, newest first.
    pub events: Vec<Event>,
    /// Address of server-sent events that tell of changes; empty for none.
    pub live: String,
    /// Which version of which document the record runs by.
    pub version: Option<Link>,
    /// Its parts as sheets: to import, to save, to print.
    pub sheets: Vec<Link>,
}

/// The page with the form of one step.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "step.html")]
pub struct StepPage {
    /// The frame.
    pub s: Shell,
    /// The step's name.
    pub title: String,
    /// What it does and who will have the record afterwards.
    pub effect: String,
    /// The clause of the step.
    pub clause: Option<Link>,
    /// The record it is taken on.
    pub record: RecordRow,
    /// Facts worth seeing while filling in the form.
    pub facts: Vec<Fact>,
    /// What a move would bring about, before it is made.
    pub moving: Option<MovePreview>,
    /// The form.
    pub form: Form,
}

/// What putting a record under another one would bring about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MovePreview {
    /// Heading.
    pub title: String,
    /// From where to where, and that nothing has been written.
    pub words: String,
    /// The records that become otherwise by it.
    pub moved: Vec<Moved>,
}

/// A record that becomes otherwise.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moved {
    /// Its number and title.
    pub record: Link,
    /// What it is.
    pub sort: String,
    /// What changes: before and after.
    pub lines: Vec<String>,
}

/// A clerk takes a report for somebody.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "new_record.html")]
pub struct NewRecordPage {
    /// The frame.
    pub s: Shell,
    /// What is opened.
    pub title: String,
    /// A line under it; empty for none.
    pub lead: String,
    /// The record of which it becomes a part.
    pub above: Option<Link>,
    /// The form.
    pub form: Form,
    /// Likely duplicates of what has been typed; `None` before anything was looked up.
    pub duplicates: Option<Vec<Duplicate>>,
    /// Name of the button that looks for duplicates without sending; posted as `_check`.
    pub check: bool,
    /// Where the `dups` island asks while the clerk types.
    pub dups_src: String,
    /// What it sends, as `parameter=field` with blanks between; empty for no such island.
    pub dups_fields: String,
}

impl Shell {
    /// Facts as a list, to be printed with `|safe`.
    pub fn facts<'a>(&'a self, facts: &'a [Fact]) -> FactsTemplate<'a> {
        FactsTemplate { s: self, facts }
    }

    /// Files as pictures and links, to be printed with `|safe`.
    pub fn files<'a>(&'a self, files: &'a [Attachment]) -> FilesTemplate<'a> {
        FilesTemplate { s: self, files }
    }

    /// Events as a timeline, to be printed with `|safe`.
    pub fn timeline<'a>(&'a self, events: &'a [Event]) -> TimelineTemplate<'a> {
        TimelineTemplate { s: self, events }
    }

    /// Records as a table (cards on a phone), to be printed with `|safe`.
    pub fn rows<'a>(&'a self, rows: &'a [RecordRow]) -> RowsTemplate<'a> {
        RowsTemplate { s: self, rows }
    }

    /// Likely duplicates, to be printed with `|safe`.
    pub fn duplicates<'a>(&'a self, duplicates: &'a [Duplicate]) -> DuplicatesTemplate<'a> {
        DuplicatesTemplate { s: self, duplicates }
    }
}

/// Prints facts.
#[derive(Debug, Template)]
#[template(path = "part/facts.html")]
pub struct FactsTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The facts.
    pub facts: &'a [Fact],
}

/// Prints files.
#[derive(Debug, Template)]
#[template(path = "part/files.html")]
pub struct FilesTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The files.
    pub files: &'a [Attachment],
}

/// Prints events.
#[derive(Debug, Template)]
#[template(path = "part/timeline.html")]
pub struct TimelineTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The events.
    pub events: &'a [Event],
}

/// Prints records.
#[derive(Debug, Template)]
#[template(path = "part/rows.html")]
pub struct RowsTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The records.
    pub rows: &'a [RecordRow],
}

/// Prints likely duplicates.
#[derive(Debug, Template)]
#[template(path = "part/duplicates.html")]
pub struct DuplicatesTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The records.
    pub duplicates: &'a [Duplicate],
}
