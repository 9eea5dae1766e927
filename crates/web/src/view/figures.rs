//! Figures, rates and the tables that hold them. Every figure can lead to its records.

use serde::Deserialize;

use super::{Link, Tone};

/// A number with its name and where its records are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Figure {
    /// What is counted.
    pub label: String,
    /// The number as shown, with its unit: `312`, `98.4%`, `2.1 天`.
    pub value: String,
    /// What it is measured against, or how it changed; empty for none.
    pub note: String,
    /// The list of its records; empty for none.
    pub href: String,
    /// How it stands.
    pub tone: Tone,
}

/// Bars under each other, one per place, kind or unit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BarTable {
    /// Id of the section, for links to it.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What the label column holds.
    pub label_head: String,
    /// What the value column holds.
    pub value_head: String,
    /// The bars.
    pub rows: Vec<Bar>,
    /// The page with all of them; none when these are all.
    pub more: Option<Link>,
}

/// A bar.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bar {
    /// What it stands for.
    pub label: String,
    /// The number as shown.
    pub value: String,
    /// Its length, 0 to 1, against the longest.
    pub share: f64,
    /// The part of the length that is late, 0 to 1 of the whole scale.
    pub late_share: f64,
    /// Words for the late part; empty for none.
    pub late: String,
    /// The list of its records.
    pub href: String,
}

impl Bar {
    /// Length in hundredths.
    pub fn percent(&self) -> f64 {
        hundredths(self.share)
    }

    /// Length of the late part in hundredths.
    pub fn late_percent(&self) -> f64 {
        hundredths(self.late_share)
    }
}

fn hundredths(share: f64) -> f64 {
    (share.clamp(0.0, 1.0) * 1000.0).round() / 10.0
}

/// A table of figures: a row per office, a column per rate or month.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FigureTable {
    /// Id of the section.
    pub id: String,
    /// Heading.
    pub title: String,
    /// How to read it; empty for none.
    pub note: String,
    /// What the first column holds.
    pub row_head: String,
    /// The other columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<FigureRow>,
    /// The row of the whole county, shown last and stronger.
    pub total: Option<FigureRow>,
}

/// Head of a column.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Column {
    /// What it says.
    pub label: String,
    /// What it means, for those who ask; empty for none.
    pub note: String,
    /// Where it leads; empty for none.
    pub href: String,
}

/// A row of figures.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FigureRow {
    /// Whose figures.
    pub label: String,
    /// What stands above it in a tree of kinds, from the top: the row is indented by it, and it is read out.
    pub above: Vec<String>,
    /// The page of that office; empty for none.
    pub href: String,
    /// As many as there are columns.
    pub cells: Vec<Cell>,
}

/// A figure in a table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cell {
    /// The number as shown; an empty one is shown as a dash.
    pub value: String,
    /// The base, such as `118/120`; empty for none.
    pub note: String,
    /// Bar behind it, 0 to 1; negative for none.
    pub share: f64,
    /// The list of its records; empty for none.
    pub href: String,
    /// How it stands.
    pub tone: Tone,
}

impl Cell {
    /// Whether a bar is drawn.
    pub fn barred(&self) -> bool {
        self.share > 0.0
    }

    /// Length of the bar in hundredths.
    pub fn percent(&self) -> f64 {
        hundredths(self.share)
    }
}
