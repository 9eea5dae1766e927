//! What the documents ask of people.

use askama::Template;
use serde::Deserialize;

use super::{FigureTable, Shell};

/// Fields and minutes by role and by document.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "burden.html")]
pub struct BurdenPage {
    /// The frame.
    pub s: Shell,
    /// A row a role.
    pub roles: FigureTable,
    /// The steps of the chosen role.
    pub steps: Option<FigureTable>,
    /// A row a document, with the version before.
    pub documents: FigureTable,
    /// Where it is told what is collected once.
    pub help_href: String,
}
