//! Roles, elements and catalogues: what all mechanisms share.

use crate::ast::{Catalogue, ClauseAt, Documents, Role};
use crate::checks::{duplicate, wrong_value};
use crate::diagnostic::Faults;
use crate::model::Type;
use crate::source::Word;
use crate::yaml::{Data, Node};

use super::read::{self, Entry, Map, named};
use super::{APART, Part, field};

/// `roles:` the vocabulary of posts.
pub fn roles(key: &Word, node: &Node, clause: &ClauseAt, documents: &mut Documents, faults: &mut Faults) {
    for entry in named(vec![Entry { key, node, clause }], faults) {
        let Some(mut map) = Map::open(entry.node, entry.key.at, clause, faults) else { continue };
        let words = map.words(faults);
        let at = map.require("at", faults).map(|node| read::levels(node, faults)).unwrap_or_default();
        let in_unit = map.flag("in-unit", faults).unwrap_or(false);
        map.finish(faults);
        match documents.roles.iter().find(|role| role.name.value == entry.key.value) {
            Some(first) => faults.add(duplicate::key(entry.key, first.name.at)),
            None => documents.roles.push(Role { name: entry.key.clone(), words, at, in_unit }),
        }
    }
}

/// `elements:` the data dictionary.
pub fn elements(key: &Word, node: &Node, clause: &ClauseAt, documents: &mut Documents, faults: &mut Faults) {
    for entry in named(vec![Entry { key, node, clause }], faults) {
        let Some(element) = field::decode(&entry, "", faults) else { continue };
        match documents.elements.iter().find(|other| other.name.value == element.name.value) {
            Some(first) => faults.add(duplicate::key(&element.name, first.name.at)),
            None => documents.elements.push(element),
        }
    }
}

/// `catalogue:` a data file of entries in levels.
pub fn catalogue(part: &Part, documents: &mut Documents, faults: &mut Faults) {
    let entries = part
        .entries
        .iter()
        .filter(|(key, _)| key.value == "catalogue" || !APART.contains(&key.text()))
        .map(|(key, node)| Entry { key, node, clause: &part.clause })
        .collect();
    let mut map = Map::gathered(part.at, entries);
    let Some(name) = map.text("catalogue", faults) else { return };
    crate::checks::bad_name::check(&name, faults);
    map.at = name.at;
    let words = map.words(faults);
    let file = map.required_text("file", faults);
    let levels = map.take("levels", faults).and_then(|node| read::number(node, 1, 9, faults));
    let columns = map.take("columns", faults).map(|node| columns(node, faults)).unwrap_or_default();
    map.finish(faults);
    match documents.catalogues.iter().find(|other| other.name.value == name.value) {
        Some(first) => faults.add(duplicate::key(&name, first.name.at)),
        None => {
            let levels = levels.map_or(1, |levels| levels.value as u8);
            documents.catalogues.push(Catalogue { name, file, words, levels, columns });
        }
    }
}

fn columns(node: &Node, faults: &mut Faults) -> Vec<(Word, Type)> {
    let choices = [("text", 0), ("count", 1), ("amount", 1), ("span", 2), ("bool", 3), ("date", 4)];
    let Data::Map(entries) = &node.data else {
        faults.add(wrong_value::expected("kind.mapping", node.at));
        return Vec::new();
    };
    let mut out = Vec::new();
    for (key, node) in entries {
        let Some(word) = read::text(node, faults) else { continue };
        let ty = match read::one_of(&word, &choices, faults) {
            Some(0) => Type::Text,
            Some(1) => Type::Int,
            Some(2) => Type::Span,
            Some(3) => Type::Bool,
            Some(_) => Type::Date,
            None => continue,
        };
        if crate::checks::bad_name::variable(key, faults) {
            out.push((key.clone(), ty));
        }
    }
    out
}
