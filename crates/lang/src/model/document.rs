//! A document as people read it.

use gongzhi_base::Words;

/// A document as people read it.
#[derive(Clone, Debug)]
pub struct Document {
    /// File name without ending.
    pub name: String,
    pub title: Words,
    /// The Markdown source.
    pub source: String,
    /// Mechanisms declared in it.
    pub mechanisms: Vec<String>,
    pub sort: Sort,
}

/// What a document is to its readers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sort {
    /// How something is done: records of it go through steps.
    Rules,
    /// What rules name: registers, catalogues, the vocabulary.
    Registers,
    /// Nothing but the small county in which examples play.
    Example,
}
