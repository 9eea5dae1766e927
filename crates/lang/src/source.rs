//! Texts to check, and positions in them.

use std::ops::Range;

/// A mechanism document: a Markdown file.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path shown in diagnostics.
    pub path: String,
    pub text: String,
}

impl Source {
    /// The document's name: the file's name without folder and ending.
    pub fn name(&self) -> &str {
        let file = self.path.rsplit(['/', '\\']).next().unwrap_or(&self.path);
        file.strip_suffix(".md").unwrap_or(file)
    }
}

/// A data file that a document names, such as a catalogue's CSV.
#[derive(Clone, Debug)]
pub struct DataFile {
    /// The name by which documents call it.
    pub name: String,
    pub text: String,
}

/// A place in the texts under check: which text, and the bytes from `start` to `end`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct At {
    /// Index among the sources; data files follow the documents.
    pub source: u32,
    pub start: u32,
    pub end: u32,
}

impl At {
    /// The bytes as a range.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// A part of this place, by bytes from its start.
    pub fn part(self, range: Range<usize>) -> At {
        At { source: self.source, start: self.start + range.start as u32, end: self.start + range.end as u32 }
    }
}

/// Something read from a text, with its place.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    pub value: T,
    pub at: At,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub fn new(value: T, at: At) -> Spanned<T> {
        Spanned { value, at }
    }
}

/// A word with its place.
pub type Word = Spanned<String>;

impl Word {
    /// The word's text.
    pub fn text(&self) -> &str {
        &self.value
    }
}

/// Line and column, both from 1, of a byte; columns count characters.
pub fn line_column(text: &str, byte: usize) -> (usize, usize) {
    let byte = floor(text, byte);
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The nearest character boundary at or before a byte.
pub fn floor(text: &str, byte: usize) -> usize {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let text = "一二\n状态：开";
        assert_eq!(line_column(text, 0), (1, 1));
        assert_eq!(line_column(text, text.find('：').expect("there")), (2, 3));
        assert_eq!(line_column(text, text.len()), (2, 5));
    }

    #[test]
    fn a_document_is_called_by_its_file() {
        let source = |path: &str| Source { path: path.into(), text: String::new() };
        assert_eq!(source("mechanisms/matter.md").name(), "matter");
        assert_eq!(source("matter").name(), "matter");
    }
}
