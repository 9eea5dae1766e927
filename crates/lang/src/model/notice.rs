//! Notices of checked mechanisms.

use super::{Clause, Who};

/// Who is told what, and when. The text is told to people only who may read the record.
#[derive(Clone, Debug)]
pub struct Notice {
    pub name: String,
    pub zh: Vec<crate::notice::Piece>,
    pub en: Vec<crate::notice::Piece>,
    /// Steps that tell it.
    pub on: Vec<String>,
    /// Deadlines whose reminder tells it.
    pub warned: Vec<String>,
    /// Deadlines whose passing tells it.
    pub late: Vec<String>,
    pub to: Vec<Who>,
    pub clause: Clause,
}
