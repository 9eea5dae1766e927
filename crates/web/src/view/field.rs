//! Form fields. Forms are generated from mechanism documents, so one struct covers every kind of field.

use askama::Template;
use serde::Deserialize;

use super::{Link, Shell};

/// One field of a form, with what was typed into it and what was wrong with that.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Field {
    /// Name under which the value is posted; also the id of the control.
    pub name: String,
    /// The question.
    pub label: String,
    /// What to write, in a sentence; empty for none.
    pub help: String,
    /// Whether an answer is needed. Fields that are not say “optional”.
    pub required: bool,
    /// What is wrong with the answer, and how to mend it.
    pub error: Option<String>,
    /// For personal data: why it is asked, who sees it, how long it is kept.
    pub purpose: Option<Purpose>,
    /// Hint for the browser's own filling-in, such as `tel` or `name`; empty for off.
    pub autocomplete: String,
    /// What kind of answer, with the answer typed so far.
    pub kind: FieldKind,
}

/// Why a personal field is asked, as the law wants it told.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Purpose {
    /// What it is used for.
    pub why: String,
    /// Who sees it.
    pub audience: String,
    /// How long it is kept.
    pub retention: String,
    /// The clause that allows it.
    pub clause: Option<Link>,
}

/// The kinds of answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Words, on one line or several.
    Text(TextInput),
    /// A whole number.
    Count(NumberInput),
    /// An amount of money; typed in yuan.
    Amount(NumberInput),
    /// A day, posted as `2026-11-23`.
    Date(DateInput),
    /// A span of time, posted as `name.from` and `name.to`.
    Span(SpanInput),
    /// One of a few.
    Choice(ChoiceInput),
    /// An entry of a catalogue of up to three levels.
    Catalogue(CatalogueInput),
    /// A place of the county.
    Place(PlaceInput),
    /// A point on the map, posted as `name.lat` and `name.lon`.
    Point(PointInput),
    /// Photos or files.
    Files(FilesInput),
    /// One unit.
    Unit(ChoiceInput),
    /// Several units or persons, posted as repeated `name`.
    Several(ChoiceInput),
    /// A person, chosen among those that the sender may name; without options, typed as words.
    Person(ChoiceInput),
    /// Yes or no, as one tick box.
    Bool(BoolInput),
    /// A month, posted as `2026-11`.
    Month(DateInput),
    /// A moment, posted as `2026-11-23T14:30`.
    Time(DateInput),
    /// Rows of a table, posted as `name.0.column`, `name.1.column`, …
    Rows(RowsInput),
}

impl Default for FieldKind {
    fn default() -> FieldKind {
        FieldKind::Text(TextInput::default())
    }
}

/// Words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextInput {
    /// What was typed.
    pub value: String,
    /// Lines to show; 0 and 1 make a single-line field.
    pub rows: u32,
    /// Longest text, in characters; 0 for no limit.
    pub max: u32,
    /// `text`, `tel`, `email`, `password` or `search`; empty is `text`.
    pub input: String,
    /// Whether the width should follow `max` (codes, telephone numbers).
    pub narrow: bool,
}

/// A number.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberInput {
    /// What was typed, also when it is no number.
    pub value: String,
    /// What is counted, shown after the field.
    pub unit: String,
    /// Smallest; empty for none.
    pub min: String,
    /// Largest; empty for none.
    pub max: String,
}

/// A day.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DateInput {
    /// `2026-11-23`, or whatever was typed.
    pub value: String,
    /// Earliest; empty for none.
    pub min: String,
    /// Latest; empty for none.
    pub max: String,
}

/// From one moment to another.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpanInput {
    /// Beginning, `2026-11-23T14:30`.
    pub from: String,
    /// End.
    pub to: String,
    /// Whether only days are asked, not times.
    pub days_only: bool,
}

/// One or several of a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChoiceInput {
    /// The choices, in groups; a group with an empty label has no heading.
    pub groups: Vec<OptionGroup>,
    /// As radio buttons (few) or as a list to fold out (many).
    pub style: ChoiceStyle,
    /// First entry of a list that stands for no answer; empty takes the standard one.
    pub blank: String,
    /// Where options are missing: what was typed as words.
    pub value: String,
}

/// How choices look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChoiceStyle {
    /// Radio buttons (tick boxes where several may be chosen) under each other.
    #[default]
    List,
    /// Radio buttons beside each other, for marks and yes/no.
    Row,
    /// A list to fold out.
    Select,
}

/// Choices under a heading.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptionGroup {
    /// The heading; empty for none.
    pub label: String,
    /// The choices.
    pub options: Vec<Choice>,
}

/// A choice.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choice {
    /// Value posted.
    pub value: String,
    /// What it says.
    pub label: String,
    /// A line of explanation; empty for none.
    pub note: String,
    /// Whether it is chosen.
    pub selected: bool,
}

/// A catalogue of kinds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogueInput {
    /// The first level.
    pub groups: Vec<CatalogueGroup>,
    /// As tree of foldable groups (residents) or as one list to fold out (desk).
    pub style: CatalogueStyle,
    /// Label of the entry that leaves the choice to the clerk; empty when one must be chosen.
    pub unsure: String,
}

/// How a catalogue looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatalogueStyle {
    /// Groups that fold open.
    #[default]
    Tree,
    /// One list with headings.
    Select,
}

/// A first-level kind.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogueGroup {
    /// Its name.
    pub label: String,
    /// Some of what is in it, for those who look for their case; empty for none.
    pub note: String,
    /// The second level; a group with an empty label holds entries directly.
    pub groups: Vec<OptionGroup>,
}

impl CatalogueGroup {
    /// Whether the chosen entry lies in this group, which then stands open.
    pub fn chosen(&self) -> bool {
        self.groups.iter().any(|group| group.options.iter().any(|choice| choice.selected))
    }
}

impl CatalogueInput {
    /// Whether any entry is chosen.
    pub fn chosen(&self) -> bool {
        self.groups.iter().any(CatalogueGroup::chosen)
    }
}

/// A place. Posted values, from strongest to weakest: `name` (a code, set by script or by a search result), then `name.0`, `name.1` …
/// (the lists, widest first; the last one that is not empty counts). A submission with `_pick=name` asks only for the form again with
/// the next list, or the places found for `name.q`, filled in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaceInput {
    /// Code of the place chosen; empty for none.
    pub code: String,
    /// The chosen place with those above it, in words.
    pub chosen: String,
    /// What was typed into the search.
    pub query: String,
    /// Places found for it; `None` when nothing was searched.
    pub results: Option<Vec<Choice>>,
    /// The lists from the widest level on: township, village, grid.
    pub levels: Vec<PlaceLevel>,
    /// URL prefix that answers the places under a code, for script.
    pub children_url: String,
    /// URL prefix that answers a search, for script.
    pub search_url: String,
}

/// One level of places.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaceLevel {
    /// Its name: township, village or community, grid.
    pub label: String,
    /// The places; none until the level above is chosen.
    pub groups: Vec<OptionGroup>,
}

/// A point on the map.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PointInput {
    /// Latitude in degrees north, as typed.
    pub lat: String,
    /// Longitude in degrees east, as typed.
    pub lon: String,
    /// URL of the outlines that the map draws.
    pub outline_url: String,
    /// Template of map tiles; empty for none.
    pub tiles: String,
    /// Where the map opens: `lat,lon`.
    pub center: String,
}

/// Photos or files.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilesInput {
    /// Accepted types, as in the `accept` attribute.
    pub accept: String,
    /// Most files at once.
    pub max_files: u32,
    /// Largest file, in bytes.
    pub max_bytes: u64,
    /// The same in words, such as “10 MB”.
    pub max_label: String,
    /// Longer edge to which script shrinks photos before sending; 0 for never.
    pub max_edge: u32,
    /// Photos (camera offered) rather than any file.
    pub photos: bool,
    /// Files kept from a submission that failed elsewhere: name and the value posted back as `name.kept`.
    pub kept: Vec<Choice>,
}

/// One tick box.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoolInput {
    /// Whether it is ticked.
    pub checked: bool,
}

/// Rows of a table. A submission with `_pick=name` asks only for the form again, with more rows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RowsInput {
    /// The rows, at least one.
    pub rows: Vec<RowInput>,
    /// Whether more may be asked for.
    pub more: bool,
}

/// One row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RowInput {
    /// Its number, or the entry that it is about.
    pub label: String,
    /// The entry's code, posted as `name.0.item`; empty for plain rows.
    pub item: String,
    /// Its cells.
    pub cells: Vec<Field>,
}

impl Field {
    /// The fields with faults: this one, or the cells of a table; each with the name of its row, if it has one.
    pub fn faults(&self) -> Vec<(&str, &Field)> {
        let own = self.error.is_some().then_some(("", self));
        let rows: &[RowInput] = match &self.kind {
            FieldKind::Rows(table) => &table.rows,
            _ => &[],
        };
        let cells = rows.iter().flat_map(|row| row.cells.iter().map(|cell| (row.label.as_str(), cell)));
        own.into_iter().chain(cells.filter(|(_, cell)| cell.error.is_some())).collect()
    }

    /// Whether it carries files.
    pub fn has_files(&self) -> bool {
        match &self.kind {
            FieldKind::Files(_) => true,
            FieldKind::Rows(table) => table.rows.iter().flat_map(|row| &row.cells).any(Field::has_files),
            _ => false,
        }
    }

    /// Id of the control that the error summary leads to.
    pub fn target(&self) -> String {
        match &self.kind {
            FieldKind::Span(_) => format!("{}.from", self.name),
            FieldKind::Place(_) => format!("{}.q", self.name),
            FieldKind::Catalogue(c) if c.style == CatalogueStyle::Tree => format!("{}-group", self.name),
            FieldKind::Choice(c) | FieldKind::Unit(c) | FieldKind::Person(c)
                if c.style != ChoiceStyle::Select && !c.groups.is_empty() =>
            {
                format!("{}-0-0", self.name)
            }
            FieldKind::Several(_) => format!("{}-0-0", self.name),
            FieldKind::Point(_) | FieldKind::Rows(_) => format!("{}-group", self.name),
            _ => self.name.clone(),
        }
    }

    /// Ids of help and error, for `aria-describedby`; empty when there are none.
    pub fn described_by(&self) -> String {
        let mut ids = Vec::new();
        if !self.help.is_empty() {
            ids.push(format!("{}-help", self.name));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.name));
        }
        ids.join(" ")
    }

    /// Whether the field is a group of controls, which needs a `fieldset` and a `legend`.
    pub fn grouped(&self) -> bool {
        match &self.kind {
            FieldKind::Span(_)
            | FieldKind::Place(_)
            | FieldKind::Point(_)
            | FieldKind::Several(_)
            | FieldKind::Rows(_) => true,
            FieldKind::Catalogue(c) => c.style == CatalogueStyle::Tree,
            FieldKind::Choice(c) | FieldKind::Unit(c) | FieldKind::Person(c) => {
                c.style != ChoiceStyle::Select && !c.groups.is_empty()
            }
            _ => false,
        }
    }

    /// Whether the question stands beside the control instead of above it.
    pub fn inline(&self) -> bool {
        matches!(self.kind, FieldKind::Bool(_))
    }
}

/// Prints one field.
#[derive(Debug, Template)]
#[template(path = "part/field.html")]
pub struct FieldTemplate<'a> {
    /// The frame, for language.
    pub s: &'a Shell,
    /// The field.
    pub f: &'a Field,
}
