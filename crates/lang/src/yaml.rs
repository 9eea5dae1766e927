//! YAML 1.2 into a small tree whose nodes know their bytes.
//!
//! The parser counts characters; positions are converted here. Duplicate keys are kept and told, so
//! that one of them does not hide the others' faults.

use std::borrow::Cow;

use saphyr_parser::{BufferedInput, Event, Parser, ScalarStyle};

use crate::checks::{duplicate, yaml_syntax};
use crate::diagnostic::Faults;
use crate::source::{At, Word};

/// Nesting beyond this is refused: no document needs it, and recursion stays bounded.
const DEPTH: usize = 32;

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    pub at: At,
    pub data: Data,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Data {
    Null,
    /// A scalar's text; `plain` tells that it stood without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Word, Node)>),
}

impl Node {
    /// The word of a scalar.
    pub fn word(&self) -> Option<Word> {
        match &self.data {
            Data::Scalar { text, .. } => Some(Word::new(text.clone(), self.at)),
            _ => None,
        }
    }
}

/// A list or mapping still being read.
enum Open {
    List(At, Vec<Node>),
    Map(At, Vec<(Word, Node)>, Option<Word>),
}

/// Reads one block; `at` is its place in the document. `None` after a fault of syntax.
pub fn read(text: &str, at: At, faults: &mut Faults) -> Option<Node> {
    let offsets: Vec<u32> =
        text.char_indices().map(|(byte, _)| byte as u32).chain([text.len() as u32]).collect();
    let byte = |index: usize| offsets[index.min(offsets.len() - 1)] as usize;
    let mut stack: Vec<Open> = Vec::new();
    let mut root = None;
    let mut documents = 0;
    // The buffered input counts characters everywhere; the one over `str` counts some comments in bytes.
    for event in Parser::new(BufferedInput::new(text.chars())) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let start = byte(error.marker().index());
                faults.add(yaml_syntax::syntax(point(text, at, start), error.info()));
                return None;
            }
        };
        let (start, end) = (byte(span.start.index()), byte(span.end.index()));
        let here = at.part(start..end.max(start));
        let node = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    faults.add(yaml_syntax::several(point(text, at, start)));
                    return None;
                }
                continue;
            }
            Event::Alias(_) => {
                faults.add(yaml_syntax::alias(here));
                Node { at: here, data: Data::Null }
            }
            Event::Scalar(value, style, _, _) => scalar(value, style, text, start, here),
            Event::SequenceStart(..) | Event::MappingStart(..) if stack.len() >= DEPTH => {
                faults.add(yaml_syntax::deep(point(text, at, start)));
                return None;
            }
            Event::SequenceStart(..) => {
                stack.push(Open::List(here, Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                stack.push(Open::Map(here, Vec::new(), None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                Some(Open::List(open, items)) => {
                    Node { at: close(open, at, text, end), data: Data::List(items) }
                }
                Some(Open::Map(open, entries, _)) => {
                    tell_duplicates(&entries, faults);
                    Node { at: close(open, at, text, end), data: Data::Map(entries) }
                }
                None => return None,
            },
            _ => continue,
        };
        match stack.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(key_of(node, faults)),
            },
        }
    }
    root
}

/// The place of a fault known only by its start: that character, or the last one at the end.
fn point(text: &str, at: At, start: usize) -> At {
    let start = if start >= text.len() { text.trim_end().len().saturating_sub(1) } else { start };
    let start = crate::source::floor(text, start);
    let length = text[start..].chars().next().map_or(0, char::len_utf8);
    at.part(start..start + length)
}

/// The place of a whole collection, without the blank lines that block style puts behind it.
fn close(open: At, block: At, text: &str, end: usize) -> At {
    let start = (open.start - block.start) as usize;
    let end = start + text[start..end.max(start)].trim_end().len();
    block.part(start..end)
}

fn scalar(value: Cow<'_, str>, style: ScalarStyle, text: &str, start: usize, at: At) -> Node {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(&*value, "" | "~" | "null") {
        return Node { at, data: Data::Null };
    }
    // A plain scalar's end may take in blanks behind it; its text tells the true end.
    let at = if plain && text[start..].starts_with(&*value) {
        At { end: at.start + value.len() as u32, ..at }
    } else {
        at
    };
    Node { at, data: Data::Scalar { text: value.into_owned(), plain } }
}

fn key_of(node: Node, faults: &mut Faults) -> Word {
    node.word().unwrap_or_else(|| {
        faults.add(yaml_syntax::key(node.at));
        Word::new(String::new(), node.at)
    })
}

fn tell_duplicates(entries: &[(Word, Node)], faults: &mut Faults) {
    for (index, (key, _)) in entries.iter().enumerate() {
        if let Some((first, _)) = entries[..index].iter().find(|(other, _)| other.value == key.value) {
            faults.add(duplicate::key(key, first.at));
        }
    }
}
