//! Pages of sheets: the import with its preview.

use askama::Template;
use serde::Deserialize;

use super::{Figure, Form, Link, Shell, Tone};

/// Importing a sheet under a record.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "import.html")]
pub struct ImportPage {
    /// The frame.
    pub s: Shell,
    /// What is imported.
    pub title: String,
    /// The record under which it comes.
    pub above: Link,
    /// The clause that says so.
    pub clause: Option<Link>,
    /// The form to be filled.
    pub form_href: String,
    /// Its columns.
    pub columns: Vec<SheetColumn>,
    /// The upload.
    pub form: Form,
    /// Whether several records stand in a row.
    pub under: bool,
    /// What an upload would do.
    pub preview: Option<ImportPreview>,
    /// A large sheet that is being checked or carried out, or was.
    pub watch: Option<ImportWatch>,
}

impl ImportPage {
    /// Whether something goes on: then there is nothing else to do here.
    pub fn waiting(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.max > 0)
    }
}

/// How far a large sheet is, or how it ended.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportWatch {
    /// What goes on.
    pub title: String,
    /// How far it is, in words.
    pub told: String,
    /// The same as a bar; no bar where `max` is 0.
    pub value: u64,
    /// The whole.
    pub max: u64,
    /// How it ended.
    pub tone: Tone,
    /// Rows that were left; empty for none.
    pub left: String,
    /// Those rows as a file, to be put right; none where none were left.
    pub left_file: Option<Link>,
    /// The records.
    pub link: Option<Link>,
}

/// A column of a sheet.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SheetColumn {
    /// What stands at its head.
    pub heading: String,
    /// To which of the records in a row it belongs.
    pub of: String,
    /// Whether it must be filled.
    pub required: bool,
    /// Whether it tells records apart.
    pub key: bool,
    /// How it is filled.
    pub how: String,
    /// The document's own words on it.
    pub help: String,
}

/// What an upload would do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportPreview {
    /// Faults, new, changed, unchanged.
    pub figures: Vec<Figure>,
    /// Which sheet was read, with its row of headings.
    pub read: String,
    /// What the file holds beside that, in sentences.
    pub hints: Vec<String>,
    /// Why there is nothing to carry out, where there is neither fault nor change.
    pub nothing: String,
    /// It is another plan than was shown before; empty if not.
    pub otherwise: String,
    /// What is wrong, by row.
    pub faults: Vec<ImportFault>,
    /// How many more faults there are, in words.
    pub more_faults: String,
    /// What is new and what changes.
    pub changes: Vec<ImportChange>,
    /// How many more there are, in words.
    pub more_changes: String,
    /// Carries it out; none with faults or nothing to do.
    pub apply: Option<Form>,
}

/// A fault in a row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportFault {
    /// The row's number.
    pub row: String,
    /// The column's letters and heading.
    pub column: String,
    /// What stands in the cell.
    pub text: String,
    /// What is wrong and what to do.
    pub what: String,
    /// The clause on which it rests.
    pub clause: Option<Link>,
}

/// A record that is new or changes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportChange {
    /// The row's number.
    pub row: String,
    /// New or changed, in words.
    pub what: String,
    /// Whether it is new.
    pub new: bool,
    /// What kind of record.
    pub of: String,
    /// Its title.
    pub title: String,
    /// The record, when it is there already.
    pub record: Option<Link>,
    /// Each change: before and after.
    pub lines: Vec<String>,
}
