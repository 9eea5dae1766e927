//! From documents to declarations: every block is read, every fault told, nothing resolved yet.

mod calendar;
mod example;
mod field;
mod measure;
mod mechanism;
pub mod read;
pub mod step;
mod vocabulary;

use crate::ast::{ClauseAt, Documents};
use crate::checks::{full_width, heading_missing, missing_key};
use crate::diagnostic::Faults;
use crate::literate::Block;
use crate::source::{At, Source, Word};
use crate::yaml::{self, Data, Node};

/// Keys that stand beside mechanisms, not in them.
const APART: [&str; 5] = ["roles", "elements", "catalogue", "setting", "example"];

/// A block as read: its place, its clause and its entries.
struct Part {
    at: At,
    clause: ClauseAt,
    entries: Vec<(Word, Node)>,
}

/// Blocks of one mechanism.
struct Draft {
    name: Word,
    parts: Vec<Part>,
    incomplete: bool,
}

/// Reads all documents; `outlines` are their pieces.
pub fn decode(sources: &[Source], outlines: &[Vec<Block>], faults: &mut Faults) -> Documents {
    let mut documents = Documents::default();
    for (index, (source, outline)) in sources.iter().zip(outlines).enumerate() {
        let mut drafts: Vec<Draft> = Vec::new();
        for (at, clause, text) in programs(index, outline) {
            let node = if full_width::lint(text, at, faults) { None } else { yaml::read(text, at, faults) };
            let entries = match node.map(|node| node.data) {
                Some(Data::Map(entries)) => entries,
                Some(Data::Null) => continue,
                Some(_) => {
                    faults.add(crate::checks::wrong_value::expected(
                        "kind.mapping",
                        at.part(0..first_line(text)),
                    ));
                    continue;
                }
                None if text.trim().is_empty() => continue,
                None => {
                    unreadable(text, at, clause, &mut drafts, &mut documents);
                    continue;
                }
            };
            if clause.heading.is_empty()
                && let Some((key, _)) = entries.first()
            {
                faults.add(heading_missing::fault(key.at));
            }
            let part = Part { at, clause, entries };
            if part.entries.iter().any(|(key, _)| key.value == "example") {
                let own = drafts.last().map(|draft| &draft.name);
                example::example(&part, own, source.name(), &mut documents, faults);
                continue;
            }
            if part.entries.iter().any(|(key, _)| key.value == "setting") {
                example::setting(&part, source.name(), &mut documents, faults);
                continue;
            }
            sort(part, &mut drafts, &mut documents, faults);
        }
        for draft in drafts {
            let mechanism = mechanism::decode(draft, source, faults);
            documents.mechanisms.push(mechanism);
        }
    }
    documents
}

fn first_line(text: &str) -> usize {
    text.lines().next().map_or(0, str::len)
}

/// The yaml blocks of a document with their places and clauses.
fn programs(index: usize, outline: &[Block]) -> Vec<(At, ClauseAt, &str)> {
    let mut out = Vec::new();
    let mut clause = ClauseAt::default();
    for (position, block) in outline.iter().enumerate() {
        match block {
            Block::Heading { level, text, anchor, .. } if *level > 1 => {
                let under = outline[position + 1..]
                    .iter()
                    .take_while(|block| !matches!(block, Block::Heading { .. }));
                let has_prose = under.into_iter().any(|block| matches!(block, Block::Prose { .. }));
                clause = ClauseAt {
                    heading: text.clone(),
                    anchor: anchor.clone(),
                    basis: String::new(),
                    has_prose,
                };
            }
            Block::Code { language, text, range } if matches!(language.as_str(), "yaml" | "yml") => {
                let at = At { source: index as u32, start: range.start as u32, end: range.end as u32 };
                out.push((at, clause.clone(), text.as_str()));
            }
            _ => {}
        }
    }
    out
}

/// Notes what an unreadable block may have held, so that nothing is called unknown because of it.
fn unreadable(text: &str, at: At, clause: ClauseAt, drafts: &mut Vec<Draft>, documents: &mut Documents) {
    let begun = text
        .lines()
        .find_map(|line| line.strip_prefix("mechanism:").or_else(|| line.strip_prefix("mechanism：")));
    if let Some(name) = begun {
        let name = Word::new(name.trim().to_owned(), at);
        drafts.push(Draft { name, parts: vec![Part { at, clause, entries: Vec::new() }], incomplete: true });
    } else if text.lines().any(|line| APART.iter().any(|key| line.starts_with(key))) {
        documents.incomplete = true;
    } else if let Some(draft) = drafts.last_mut() {
        draft.parts.push(Part { at, clause, entries: Vec::new() });
        draft.incomplete = true;
    }
}

/// Puts a block's entries where they belong: vocabulary, or the mechanism begun last.
fn sort(part: Part, drafts: &mut Vec<Draft>, documents: &mut Documents, faults: &mut Faults) {
    let has = |key: &str| part.entries.iter().find(|(word, _)| word.value == key);
    for (key, node) in &part.entries {
        match key.text() {
            "roles" => vocabulary::roles(key, node, &part.clause, documents, faults),
            "elements" => vocabulary::elements(key, node, &part.clause, documents, faults),
            _ => {}
        }
    }
    if has("catalogue").is_some() {
        vocabulary::catalogue(&part, documents, faults);
        return;
    }
    let begins = has("mechanism").map(|(key, node)| (key.clone(), node.clone()));
    let entries: Vec<_> = part.entries.into_iter().filter(|(key, _)| !APART.contains(&key.text())).collect();
    let part = Part { entries, ..part };
    if let Some((key, node)) = begins {
        let name = read::text(&node, faults).unwrap_or(key);
        crate::checks::bad_name::check(&name, faults);
        drafts.push(Draft { name, parts: vec![part], incomplete: false });
    } else if let Some(draft) = drafts.last_mut() {
        draft.parts.push(part);
    } else if let Some((key, _)) = part.entries.first() {
        faults.add(missing_key::fault("mechanism", key.at));
    }
}
