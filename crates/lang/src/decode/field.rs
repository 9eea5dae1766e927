//! Fields and elements.

use gongzhi_base::Words;

use crate::ast::{Column, Field, Personal, TypeAt};
use crate::checks::{bad_name, duplicate, personal_incomplete, wrong_value};
use crate::diagnostic::Faults;
use crate::model::{ITEM, Mask, Type};
use crate::source::Word;
use crate::yaml::{Data, Node};

use super::read::{self, Entry, Map};
use super::step::who_list;

/// What may be masked how. `middle` and `phone` leave both ends of a long number.
const MASKS: [(&str, Mask); 4] =
    [("all", Mask::All), ("name", Mask::Name), ("phone", Mask::Phone), ("middle", Mask::Phone)];

/// Reads one field. Words and type may come from its element, so what is missing is told later.
pub fn decode(entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Field> {
    let before = faults.count();
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let [zh, en] = ["zh", "en"].map(|key| map.text(key, faults).map(|word| word.value));
    let help = map.take("help", faults).and_then(|node| read::words(node, entry.key.at, faults));
    let also = map.take("also", faults).map(|node| read::texts(node, faults));
    let of = map.text("of", faults);
    let options = map.take("options", faults).map(|node| options(node, entry, faults));
    let columns = map.take("columns", faults).map(|node| columns(node, entry, source, faults));
    let each = map.text("each", faults);
    let under = map.text("under", faults);
    let within = map.text("in", faults);
    let is = map.take("is", faults).and_then(|node| read::code(node, source, faults));
    let table = Table { columns: columns.as_deref(), each: each.as_ref() };
    let ty = map.text("type", faults).and_then(|word| type_of(&word, of, options.as_deref(), table, faults));
    let number = |map: &mut Map<'_>, key, faults: &mut Faults| {
        map.take(key, faults).and_then(|node| read::number(node, 0, i64::MAX / 2, faults))
    };
    let min = number(&mut map, "min", faults);
    let max = number(&mut map, "max", faults);
    if let (Some(min), Some(max)) = (&min, &max)
        && min.value > max.value
    {
        faults.add(wrong_value::bounds(max.at));
    }
    let usual = map.take("usual", faults).and_then(|node| read::number(node, 1, 1_000, faults));
    let lines = map.take("lines", faults).and_then(|node| read::number(node, 1, 40, faults));
    let levels = map.take("levels", faults).map(|node| read::levels(node, faults));
    let kinds = map.take("kinds", faults).map(|node| read::texts(node, faults));
    let audience = map.text("audience", faults);
    let public = audience.and_then(|word| read::one_of(&word, &[("public", true), ("staff", false)], faults));
    let element = map.text("element", faults);
    let held_by = map.text("held-by", faults);
    let mut mask = map.text("mask", faults).and_then(|word| read::one_of(&word, &MASKS, faults));
    let personal = map.take("personal", faults).and_then(|node| personal(node, entry, &mut mask, faults));
    let basis = map.text("basis", faults);
    map.explain(faults);
    map.finish(faults);
    let mut clause = entry.clause.clone();
    clause.basis = basis.map(|word| word.value).unwrap_or_default();
    Some(Field {
        name: entry.key.clone(),
        zh,
        en,
        help,
        also,
        ty,
        min,
        max,
        lines: lines.map(|lines| lines.value as u8),
        options,
        levels,
        kinds: kinds.map(|kinds| kinds.into_iter().map(|word| word.value).collect()),
        public,
        personal,
        mask,
        element,
        held_by,
        columns,
        each,
        under,
        within,
        usual,
        is,
        clause,
        broken: faults.count() > before,
    })
}

fn options(node: &Node, entry: &Entry<'_>, faults: &mut Faults) -> Vec<(Word, Words)> {
    let Data::Map(entries) = &node.data else {
        faults.add(wrong_value::expected("kind.mapping", node.at));
        return Vec::new();
    };
    let mut out = Vec::new();
    for (key, node) in entries {
        let Some(mut map) = Map::open(node, key.at, entry.clause, faults) else { continue };
        let words = map.words(faults);
        map.finish(faults);
        out.push((key.clone(), words));
    }
    out
}

/// The columns of a table; `?` behind a name marks one that may stay empty.
fn columns(node: &Node, entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Vec<Column> {
    let Data::Map(entries) = &node.data else {
        faults.add(wrong_value::expected("kind.mapping", node.at));
        return Vec::new();
    };
    let mut out: Vec<Column> = Vec::new();
    for (key, node) in entries {
        let (name, optional) = match key.text().strip_suffix('?') {
            Some(name) => (name.to_owned(), true),
            None => (key.value.clone(), false),
        };
        let key = Word::new(name, key.at);
        if let Some(first) = out.iter().find(|column| column.field.name.value == key.value) {
            faults.add(duplicate::key(&key, first.field.name.at));
            continue;
        }
        if !bad_name::variable(&key, faults) {
            continue;
        }
        let column = Entry { key: &key, node, clause: entry.clause };
        out.extend(decode(&column, source, faults).map(|field| Column { field, optional }));
    }
    out
}

/// What a field says of being a table.
#[derive(Clone, Copy)]
struct Table<'a> {
    columns: Option<&'a [Column]>,
    each: Option<&'a Word>,
}

impl Table<'_> {
    fn ty(self, word: &Word, faults: &mut Faults) -> Type {
        if self.columns.is_none_or(<[Column]>::is_empty) {
            faults.add(crate::checks::missing_key::fault("columns", word.at));
        }
        let item = self.each.map(|each| (ITEM.to_owned(), Type::Entry(each.value.clone())));
        let own =
            self.columns.unwrap_or_default().iter().filter_map(|column| {
                Some((column.field.name.value.clone(), column.field.type_of()?.clone()))
            });
        Type::Rows(item.into_iter().chain(own).collect())
    }
}

const TYPES: [(&str, &str); 18] = [
    ("text", "text"),
    ("count", "count"),
    ("amount", "amount"),
    ("date", "date"),
    ("time", "time"),
    ("span", "span"),
    ("bool", "bool"),
    ("choice", "choice"),
    ("entry", "entry"),
    ("place", "place"),
    ("unit", "unit"),
    ("person", "person"),
    ("record", "record"),
    ("point", "point"),
    ("photo", "photo"),
    ("file", "file"),
    ("rows", "rows"),
    ("month", "month"),
];

fn type_of(
    word: &Word,
    of: Option<Word>,
    options: Option<&[(Word, Words)]>,
    table: Table<'_>,
    faults: &mut Faults,
) -> Option<TypeAt> {
    let (item, is_list) = match word.text().strip_prefix("list of ") {
        Some(item) => (Word::new(item.trim().to_owned(), word.at), true),
        None => (word.clone(), false),
    };
    let name = read::one_of(&item, &TYPES, faults)?;
    let of = of.or_else(|| table.each.cloned().filter(|_| name == "rows"));
    let named = |faults: &mut Faults| {
        let name = of.as_ref().map(|of| of.value.clone());
        if name.is_none() {
            faults.add(crate::checks::missing_key::fault("of", word.at));
        }
        name
    };
    let ty = match name {
        "text" => Type::Text,
        "count" | "amount" => Type::Int,
        "date" => Type::Date,
        "month" => Type::Month,
        "time" => Type::Time,
        "span" => Type::Span,
        "bool" => Type::Bool,
        "choice" => {
            let options = options.unwrap_or_default();
            if options.is_empty() {
                faults.add(crate::checks::missing_key::fault("options", word.at));
            }
            Type::Choice(options.iter().map(|(name, _)| name.value.clone()).collect())
        }
        "entry" => Type::Entry(named(faults)?),
        "record" => Type::Record(named(faults)?),
        "place" => Type::Place,
        "unit" => Type::Unit,
        "person" => Type::Person,
        "point" => Type::Point,
        "rows" => table.ty(word, faults),
        _ => Type::File,
    };
    let ty = if is_list { Type::List(Box::new(ty)) } else { ty };
    Some(TypeAt { ty, photo: name == "photo", amount: name == "amount", at: word.at, of })
}

fn personal(
    node: &Node,
    entry: &Entry<'_>,
    mask: &mut Option<Mask>,
    faults: &mut Faults,
) -> Option<Personal> {
    let mut map = Map::open(node, node.at, entry.clause, faults)?;
    map.at = entry.key.at;
    let purpose = map.take("purpose", faults);
    let audience = map.take("audience", faults);
    let keep = map.take("keep", faults);
    let missing = [("purpose", purpose), ("audience", audience), ("keep", keep)];
    for (key, _) in missing.iter().filter(|(_, node)| node.is_none()) {
        faults.add(personal_incomplete::missing(entry.key, key));
    }
    if let Some(word) = map.text("mask", faults) {
        *mask = read::one_of(&word, &MASKS, faults);
    }
    map.finish(faults);
    Some(Personal {
        at: node.at,
        purpose: purpose.and_then(|node| read::words(node, node.at, faults)),
        audience: audience.map(|node| who_list(node, faults)).unwrap_or_default(),
        keep: keep.and_then(|node| read::span(node, faults)),
    })
}
