//! Faults as the checks tell them, and diagnostics as people read them.

use std::ops::Range;

use gongzhi_base::{Lang, Words};
use serde::Serialize;
use serde::ser::SerializeMap;

use crate::checks::Check;
use crate::literate::Block;
use crate::locale;
use crate::source::{At, DataFile, Source, line_column};

/// How grave a diagnostic is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The mechanism can't run and can't be published.
    Error,
    /// It runs, and is probably not what was meant.
    Warning,
}

impl Severity {
    /// The severity's word in machine-readable output.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One fault, in both languages, with its exact place.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The check's code, as in `GZ101`.
    pub code: &'static str,
    pub severity: Severity,
    pub path: String,
    /// Bytes in the text at `path`.
    pub span: Range<usize>,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong: one line, the document's words in backticks.
    pub message: Words,
    /// Why it matters.
    pub why: Words,
    /// What to write instead.
    pub help: Option<Words>,
    /// The heading above the fault; empty in data files and above the first clause.
    pub clause: String,
}

/// A value put into a message's template.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Arg {
    /// The document's own words: the same in both languages.
    Own(String),
    /// A key of the locale files.
    Key(&'static str),
    /// The document's own words, one for each language.
    Words(Words),
}

impl From<&str> for Arg {
    fn from(text: &str) -> Arg {
        Arg::Own(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Arg {
        Arg::Own(text)
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Arg {
        Arg::Own(number.to_string())
    }
}

/// A fault as a check tells it: keys and values, no words yet.
#[derive(Clone, Debug)]
pub struct Fault {
    pub check: &'static Check,
    /// The message's key behind the code; empty for a check with one message.
    pub variant: &'static str,
    pub at: At,
    pub args: Vec<Arg>,
    pub help: Option<(&'static str, Vec<Arg>)>,
}

impl Fault {
    /// A fault with the check's message of that variant.
    pub fn new(check: &'static Check, variant: &'static str, at: At) -> Fault {
        Fault { check, variant, at, args: Vec::new(), help: None }
    }

    /// Adds the next value of the message.
    #[must_use]
    pub fn with(mut self, arg: impl Into<Arg>) -> Fault {
        self.args.push(arg.into());
        self
    }

    /// Adds a word of the locale files as the next value of the message.
    #[must_use]
    pub fn with_key(mut self, key: &'static str) -> Fault {
        self.args.push(Arg::Key(key));
        self
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn help(mut self, key: &'static str, args: Vec<Arg>) -> Fault {
        self.help = Some((key, args));
        self
    }

    /// Adds the nearest of the known names as “did you mean”, or else the list of them.
    #[must_use]
    pub fn suggest<'a>(self, word: &str, known: impl IntoIterator<Item = &'a str>) -> Fault {
        let known: Vec<&str> = known.into_iter().collect();
        if let Some(near) = crate::suggest::nearest(word, known.iter().copied()) {
            return self.help("help.mean", vec![near.into()]);
        }
        if known.is_empty() || known.len() > 12 {
            return self;
        }
        self.help("help.known", vec![known.join("`, `").into()])
    }
}

/// The faults found so far. Every check adds to it; none stops at the first.
#[derive(Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
    /// Why a name that looks harmful is not, by the name's place.
    explained: Vec<(At, Words)>,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    /// Notes an explanation given beside a declaration.
    pub fn explain(&mut self, at: At, words: Words) {
        self.explained.push((at, words));
    }

    /// The explanation given beside the declaration whose name stands there.
    pub fn explanation(&self, at: At) -> Option<&Words> {
        self.explained.iter().find(|(place, _)| *place == at).map(|(_, words)| words)
    }

    /// How many there are: a mark to compare with later.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Whether an error stands within the given place.
    pub fn error_within(&self, place: At) -> bool {
        self.list.iter().any(|fault| {
            fault.check.severity == Severity::Error
                && fault.at.source == place.source
                && fault.at.start >= place.start
                && fault.at.start <= place.end
        })
    }

    /// All faults in the order of the texts, with their words.
    pub fn told(mut self, sources: &[Source], outlines: &[Vec<Block>], data: &[DataFile]) -> Vec<Diagnostic> {
        self.list.sort_by_key(|fault| (fault.at, fault.check.code));
        self.list.dedup_by(|a, b| {
            (a.at, a.check.code, a.variant, &a.args) == (b.at, b.check.code, b.variant, &b.args)
        });
        self.list.into_iter().map(|fault| tell(fault, sources, outlines, data)).collect()
    }
}

fn tell(fault: Fault, sources: &[Source], outlines: &[Vec<Block>], data: &[DataFile]) -> Diagnostic {
    let index = fault.at.source as usize;
    let (path, text) = match sources.get(index) {
        Some(source) => (source.path.as_str(), source.text.as_str()),
        None => data.get(index - sources.len()).map_or(("", ""), |file| (&file.name, &file.text)),
    };
    let range = fault.at.range();
    let start = crate::source::floor(text, range.start);
    let end = crate::source::floor(text, range.end).max(start);
    let (line, column) = line_column(text, start);
    let Check { code, severity, .. } = *fault.check;
    let key = if fault.variant.is_empty() { code.to_owned() } else { format!("{code}.{}", fault.variant) };
    let help = fault.help.map(|(key, args)| locale::words(key, &args));
    Diagnostic {
        code,
        severity,
        path: path.to_owned(),
        span: start..end,
        line,
        column,
        message: locale::words(&key, &fault.args),
        why: Words::new(fault.check.why(Lang::Zh), fault.check.why(Lang::En)),
        help,
        clause: outlines.get(index).map(|outline| heading_above(outline, start)).unwrap_or_default(),
    }
}

fn heading_above(outline: &[Block], byte: usize) -> String {
    let above = outline.iter().rev().find_map(|block| match block {
        Block::Heading { level, text, range, .. } if *level > 1 && range.start <= byte => Some(text.clone()),
        _ => None,
    });
    above.unwrap_or_default()
}

/// Words in JSON, one entry a language.
struct Json<'a>(&'a Words);

impl Serialize for Json<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        for lang in [Lang::Zh, Lang::En] {
            map.serialize_entry(lang.short(), self.0.get(lang))?;
        }
        map.end()
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code)?;
        map.serialize_entry("severity", self.severity.word())?;
        map.serialize_entry("path", &self.path)?;
        map.serialize_entry("start", &self.span.start)?;
        map.serialize_entry("end", &self.span.end)?;
        map.serialize_entry("line", &self.line)?;
        map.serialize_entry("column", &self.column)?;
        map.serialize_entry("message", &Json(&self.message))?;
        map.serialize_entry("why", &Json(&self.why))?;
        map.serialize_entry("help", &self.help.as_ref().map(Json))?;
        map.serialize_entry("clause", &self.clause)?;
        map.end()
    }
}
