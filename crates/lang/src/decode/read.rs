//! Reading values out of YAML nodes, telling every fault and going on.

use gongzhi_base::{Span, Unit, Words};

use crate::ast::{ClauseAt, Code};
use crate::checks::{
    bad_name, duplicate, expression_syntax, full_width, missing_key, missing_words, unknown_key, wrong_value,
};
use crate::diagnostic::Faults;
use crate::expr::lex::Why;
use crate::expr::parse::parse;
use crate::source::{At, Spanned, Word};
use crate::yaml::{Data, Node};

/// A mapping being read: keys that nobody takes are unknown.
pub struct Map<'a> {
    /// Where to tell what is missing: the entry's name.
    pub at: At,
    entries: Vec<Entry<'a>>,
    known: Vec<&'static str>,
}

/// One entry, with the clause of the block in which it stands.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub key: &'a Word,
    pub node: &'a Node,
    pub clause: &'a ClauseAt,
}

impl<'a> Map<'a> {
    /// A mapping from a node; anything else is a fault.
    pub fn open(node: &'a Node, at: At, clause: &'a ClauseAt, faults: &mut Faults) -> Option<Map<'a>> {
        match &node.data {
            Data::Map(entries) => {
                let entries = entries.iter().map(|(key, node)| Entry { key, node, clause }).collect();
                Some(Map { at, entries, known: Vec::new() })
            }
            _ => {
                faults.add(wrong_value::expected("kind.mapping", shown(node, at)));
                None
            }
        }
    }

    /// A mapping put together from several blocks.
    pub fn gathered(at: At, entries: Vec<Entry<'a>>) -> Map<'a> {
        Map { at, entries, known: Vec::new() }
    }

    /// The value of a key; a second one in another block is told.
    pub fn take(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'a Node> {
        let all = self.take_all(key);
        for again in all.iter().skip(1) {
            faults.add(duplicate::key(again.key, all[0].key.at));
        }
        all.first().map(|entry| entry.node)
    }

    /// The value of a key that must be there.
    pub fn require(&mut self, key: &'static str, faults: &mut Faults) -> Option<&'a Node> {
        let node = self.take(key, faults);
        if node.is_none() {
            faults.add(missing_key::fault(key, self.at));
        }
        node
    }

    /// All values of a key that may be spread over blocks.
    pub fn take_all(&mut self, key: &'static str) -> Vec<Entry<'a>> {
        self.known.push(key);
        self.entries.iter().filter(|entry| entry.key.value == key).copied().collect()
    }

    /// The text of an optional key.
    pub fn text(&mut self, key: &'static str, faults: &mut Faults) -> Option<Word> {
        let node = self.take(key, faults)?;
        text(node, faults)
    }

    /// The text of a key that must be there.
    pub fn required_text(&mut self, key: &'static str, faults: &mut Faults) -> Option<Word> {
        let node = self.require(key, faults)?;
        text(node, faults)
    }

    /// Its words `zh` and `en`, both of which must be there.
    pub fn words(&mut self, faults: &mut Faults) -> Words {
        let [zh, en] =
            ["zh", "en"].map(|key| self.text(key, faults).map(|word| word.value).unwrap_or_default());
        missing_words::check(&zh, &en, self.at, faults);
        Words::new(zh, en)
    }

    /// A truth value; false if absent.
    pub fn flag(&mut self, key: &'static str, faults: &mut Faults) -> Option<bool> {
        let node = self.take(key, faults)?;
        flag(node, faults)
    }

    /// Notes why words that look harmful are not: `not-harmful: {zh, en}`.
    pub fn explain(&mut self, faults: &mut Faults) {
        let at = self.at;
        if let Some(node) = self.take("not-harmful", faults)
            && let Some(words) = words(node, at, faults)
        {
            faults.explain(at, words);
        }
    }

    /// Tells the keys that nobody took.
    pub fn finish(self, faults: &mut Faults) {
        for entry in &self.entries {
            let word = entry.key;
            if !self.known.contains(&word.text()) && !word.value.is_empty() {
                faults.add(unknown_key::fault(word, &self.known));
            }
        }
    }
}

/// Where to point for a node: at the node, or at what holds it if the node is empty.
fn shown(node: &Node, fallback: At) -> At {
    if node.at.start == node.at.end { fallback } else { node.at }
}

/// A scalar's text.
pub fn text(node: &Node, faults: &mut Faults) -> Option<Word> {
    let word = node.word();
    if word.is_none() {
        faults.add(wrong_value::expected("kind.text", node.at));
    }
    word
}

/// `true` or `false`.
pub fn flag(node: &Node, faults: &mut Faults) -> Option<bool> {
    match &node.data {
        Data::Scalar { text, plain: true } if text == "true" => Some(true),
        Data::Scalar { text, plain: true } if text == "false" => Some(false),
        _ => {
            faults.add(wrong_value::expected("kind.flag", node.at));
            None
        }
    }
}

/// A whole number between two bounds.
pub fn number(node: &Node, least: i64, most: i64, faults: &mut Faults) -> Option<Spanned<i64>> {
    let number = match &node.data {
        Data::Scalar { text, plain: true } => text.parse::<i64>().ok(),
        _ => None,
    };
    match number {
        Some(number) if (least..=most).contains(&number) => Some(Spanned::new(number, node.at)),
        Some(_) => {
            faults.add(wrong_value::range(least, most, node.at));
            None
        }
        None => {
            faults.add(wrong_value::expected("kind.number", node.at));
            None
        }
    }
}

/// A span of time; years are counted as twelve months.
pub fn span(node: &Node, faults: &mut Faults) -> Option<Span> {
    let word = text(node, faults)?;
    let span = span_of(&word.value);
    if span.is_none() {
        faults.add(wrong_value::expected("kind.span", node.at));
    }
    span
}

/// A span of time from its text.
pub fn span_of(text: &str) -> Option<Span> {
    if let Ok(span) = text.parse() {
        return Some(span);
    }
    let years = text.trim().strip_suffix("years").or_else(|| text.trim().strip_suffix("year"))?;
    let years: u32 = years.trim().parse().ok()?;
    (years <= 100).then(|| Span::new(years * 12, Unit::Months))
}

/// The items of a list, or a single item written without one.
pub fn items(node: &Node) -> &[Node] {
    match &node.data {
        Data::List(items) => items,
        Data::Null => &[],
        _ => std::slice::from_ref(node),
    }
}

/// A list of texts.
pub fn texts(node: &Node, faults: &mut Faults) -> Vec<Word> {
    items(node).iter().filter_map(|item| text(item, faults)).collect()
}

/// One of the listed words.
pub fn one_of<T: Copy>(word: &Word, choices: &[(&'static str, T)], faults: &mut Faults) -> Option<T> {
    let found = choices.iter().find(|(name, _)| *name == word.value).map(|(_, value)| *value);
    if found.is_none() {
        faults.add(wrong_value::choice(word, choices.iter().map(|(name, _)| *name)));
    }
    found
}

/// A list of levels of territory.
pub fn levels(node: &Node, faults: &mut Faults) -> Vec<crate::model::Level> {
    let choices = crate::model::Level::ALL.map(|level| (level.word(), level));
    texts(node, faults).iter().filter_map(|word| one_of(word, &choices, faults)).collect()
}

/// A pair of words without an entry's other keys: `{zh, en}`.
pub fn words(node: &Node, at: At, faults: &mut Faults) -> Option<Words> {
    let clause = ClauseAt::default();
    let mut map = Map::open(node, at, &clause, faults)?;
    map.at = shown(node, at);
    let words = map.words(faults);
    map.finish(faults);
    Some(words)
}

/// The named entries of a mapping that may be spread over blocks, each name once.
pub fn named<'a>(entries: Vec<Entry<'a>>, faults: &mut Faults) -> Vec<Entry<'a>> {
    let mut out: Vec<Entry<'a>> = Vec::new();
    for entry in entries {
        let Data::Map(inner) = &entry.node.data else {
            faults.add(wrong_value::expected("kind.mapping", shown(entry.node, entry.key.at)));
            continue;
        };
        for (key, node) in inner {
            match out.iter().find(|other| other.key.value == key.value) {
                Some(first) => faults.add(duplicate::key(key, first.key.at)),
                None if bad_name::check(key, faults) => out.push(Entry { key, node, clause: entry.clause }),
                None => {}
            }
        }
    }
    out
}

/// An expression; a fault of syntax is told at its exact place.
pub fn code(node: &Node, source: &str, faults: &mut Faults) -> Option<Code> {
    let word = text(node, faults)?;
    code_of(&word, node, source, faults)
}

/// An expression that stands within a scalar.
pub fn code_of(word: &Word, node: &Node, source: &str, faults: &mut Faults) -> Option<Code> {
    // Inside quotes or folded lines the text may differ from what stands in the source: then the
    // whole scalar is the place.
    let written = source.get(node.at.range()).unwrap_or("");
    let (at, exact) = match written.find(word.text()) {
        Some(offset) => (node.at.part(offset..offset + word.value.len()), true),
        None => (node.at, false),
    };
    let tree = match parse(word.text()) {
        Ok(tree) => Some(tree),
        Err(bad) => {
            let place = if exact { expression_syntax::place(at, &bad.range, word.text()) } else { at };
            match bad.why {
                Why::FullWidth(c) => faults.add(full_width::sign(place, c)),
                why => faults.add(expression_syntax::fault(place, why)),
            }
            None
        }
    };
    Some(Code { at, exact, tree, typed: Default::default() })
}

/// A span or an expression that gives one.
pub fn span_or_code(node: &Node, source: &str, faults: &mut Faults) -> Option<Code> {
    if let Data::Scalar { text, .. } = &node.data
        && let Some(span) = span_of(text)
    {
        let typed = std::cell::OnceCell::from(crate::expr::Expr::Span(span));
        return Some(Code { at: node.at, exact: true, tree: None, typed });
    }
    code(node, source, faults)
}
