//! Worked examples and the settings in which they play.

use gongzhi_base::Words;
use jiff::civil::{Date, DateTime};

use crate::ast::Documents;
use crate::checks::{duplicate, missing_key, wrong_value};
use crate::diagnostic::Faults;
use crate::example::{
    Actor, Deed, Entry as Given, Example, Expect, Moment, Move, Plain, Refused, Setting, What, Why,
};
use crate::source::{At, Word};
use crate::yaml::{Data, Node};

use super::Part;
use super::read::{self, Entry, Map};

const WHYS: [(&str, Why); 6] = [
    ("fields", Why::Fields),
    ("no-right", Why::NoRight),
    ("wrong-state", Why::WrongState),
    ("need", Why::Need),
    ("no-record", Why::NoRecord),
    ("constraint", Why::Constraint),
];

fn gathered<'a>(part: &'a Part, key: &'static str, faults: &mut Faults) -> Option<(Map<'a>, Word, Words)> {
    let entries = part.entries.iter().map(|(key, node)| Entry { key, node, clause: &part.clause }).collect();
    let mut map = Map::gathered(part.at, entries);
    let name = map.text(key, faults)?;
    crate::checks::bad_name::check(&name, faults);
    map.at = name.at;
    let words = map.words(faults);
    Some((map, name, words))
}

/// `setting:` the small county in which examples play.
pub fn setting(part: &Part, document: &str, documents: &mut Documents, faults: &mut Faults) {
    let Some((mut map, name, words)) = gathered(part, "setting", faults) else { return };
    let days = |map: &mut Map<'_>, key, faults: &mut Faults| -> Vec<Date> {
        let texts = map.take(key, faults).map(|node| read::texts(node, faults)).unwrap_or_default();
        texts.iter().filter_map(|word| date(word, faults)).collect()
    };
    let holidays = days(&mut map, "holidays", faults);
    let workdays = days(&mut map, "workdays", faults);
    let mut given = Vec::new();
    for (register, node) in entries(&mut map, "given", faults) {
        for (code, node) in pairs(node, faults) {
            let fields = pairs(node, faults).into_iter().map(|(key, node)| (key.clone(), plain(node)));
            given.push(Given { register: register.clone(), code: code.clone(), fields: fields.collect() });
        }
    }
    map.finish(faults);
    match documents.settings.iter().find(|other| other.name.value == name.value) {
        Some(first) => faults.add(duplicate::key(&name, first.name.at)),
        None => {
            let document = document.to_owned();
            documents.settings.push(Setting { name, words, document, holidays, workdays, entries: given });
        }
    }
}

/// `example:` a case. `own` is the mechanism begun before it in the same document.
pub fn example(
    part: &Part,
    own: Option<&Word>,
    document: &str,
    documents: &mut Documents,
    faults: &mut Faults,
) {
    let Some((mut map, name, words)) = gathered(part, "example", faults) else { return };
    let mechanism = map.text("of", faults).or_else(|| own.cloned());
    let setting = map.text("in", faults);
    let steps = map.require("steps", faults).map(read::items).unwrap_or_default();
    let mut moves: Vec<Move> = steps.iter().filter_map(|node| line(node, part, faults)).collect();
    if let Some(first) = moves.first_mut()
        && first.at.is_none()
    {
        faults.add(missing_key::fault("at", first.place));
        moves.clear();
    }
    map.finish(faults);
    let Some(mechanism) = mechanism else {
        faults.add(missing_key::fault("of", name.at));
        return;
    };
    match documents.examples.iter().find(|one| one.name.value == name.value && one.document == document) {
        Some(first) => faults.add(duplicate::key(&name, first.name.at)),
        None => {
            let document = document.to_owned();
            documents.examples.push(Example { name, words, document, mechanism, setting, moves });
        }
    }
}

fn line(node: &Node, part: &Part, faults: &mut Faults) -> Option<Move> {
    let mut map = Map::open(node, node.at, &part.clause, faults)?;
    // A line is told by its beginning: the whole of it may run over many lines.
    let place = At { end: node.at.start + 1, ..node.at };
    map.at = place;
    let at = map.text("at", faults).and_then(|word| time(&word, faults));
    let on = map.text("on", faults);
    let called = map.text("as", faults);
    let who = map.text("who", faults);
    let does = map.text("does", faults);
    let with = map.take("with", faults).map(|node| pairs(node, faults)).unwrap_or_default();
    let with: Vec<(Word, Plain)> = with.into_iter().map(|(key, node)| (key.clone(), plain(node))).collect();
    let refused = map.take("refused", faults).and_then(|node| refused(node, part, faults));
    let then = map.take("then", faults).map(|node| then(node, part, faults)).unwrap_or_default();
    map.finish(faults);
    let deed = match (who, does) {
        (Some(who), Some(does)) => {
            let (mechanism, step) = match does.text().split_once('/') {
                Some((mechanism, step)) => {
                    let start = does.at.start + mechanism.len() as u32 + 1;
                    let first = At { end: start - 1, ..does.at };
                    let word = Word::new(mechanism.to_owned(), first);
                    (Some(word), Word::new(step.to_owned(), At { start, ..does.at }))
                }
                None => (None, does),
            };
            Some(Deed { who: actor(who.text()), who_at: who.at, step, mechanism, with })
        }
        (Some(who), None) => {
            faults.add(missing_key::fault("does", who.at));
            None
        }
        (None, Some(does)) => {
            faults.add(missing_key::fault("who", does.at));
            None
        }
        (None, None) => None,
    };
    Some(Move { place, at, on, called, deed, refused, then })
}

/// `anyone`, `holder`, `dispatcher`, `officer of water`, `clerk over town`, each with `, person` behind.
fn actor(text: &str) -> Actor {
    let (text, person) = match text.split_once(',') {
        Some((text, person)) => (text.trim(), Some(person.trim().to_owned())),
        None => (text, None),
    };
    let part =
        |word: &str| text.split_once(word).map(|(role, at)| (role.trim().to_owned(), at.trim().to_owned()));
    match text {
        "anyone" => Actor::Anyone,
        "holder" => Actor::Holder,
        _ => {
            let (role, unit, place) = match (part(" of "), part(" over ")) {
                (Some((role, unit)), _) => match unit.split_once(" over ") {
                    Some((unit, place)) => {
                        (role, Some(unit.trim().to_owned()), Some(place.trim().to_owned()))
                    }
                    None => (role, Some(unit), None),
                },
                (None, Some((role, place))) => (role, None, Some(place)),
                (None, None) => (text.to_owned(), None, None),
            };
            Actor::Post { role, unit, place, person }
        }
    }
}

fn refused(node: &Node, part: &Part, faults: &mut Faults) -> Option<Refused> {
    let mut refused = Refused { at: node.at, why: None, fields: Vec::new(), zh: None, en: None, basis: None };
    if let Data::Scalar { .. } = &node.data {
        refused.why = read::one_of(&read::text(node, faults)?, &WHYS, faults);
        return Some(refused);
    }
    let mut map = Map::open(node, node.at, &part.clause, faults)?;
    refused.why = map.text("why", faults).and_then(|word| read::one_of(&word, &WHYS, faults));
    refused.fields = map.take("fields", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    refused.zh = map.text("zh", faults);
    refused.en = map.text("en", faults);
    refused.basis = map.text("basis", faults);
    map.finish(faults);
    Some(refused)
}

fn then(node: &Node, part: &Part, faults: &mut Faults) -> Vec<Expect> {
    let Some(mut map) = Map::open(node, node.at, &part.clause, faults) else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(state) = map.text("state", faults) {
        out.push(Expect { at: state.at, what: What::State(state) });
    }
    for (key, node) in entries(&mut map, "due", faults) {
        let Some(word) = read::text(node, faults) else { continue };
        let day = word.text().parse::<Date>().map(Moment::Day);
        let moment = if word.value.len() == 10 { day.ok() } else { time(&word, faults).map(Moment::At) };
        match moment {
            Some(moment) => out.push(Expect { at: word.at, what: What::Due(key.clone(), moment) }),
            None => faults.add(wrong_value::expected("kind.moment", word.at)),
        }
    }
    type Made = fn(Word) -> What;
    for (key, what) in [("met", What::Met as Made), ("late", What::Late), ("running", What::Running)] {
        for word in map.take(key, faults).map(|node| read::texts(node, faults)).unwrap_or_default() {
            out.push(Expect { at: word.at, what: what(word) });
        }
    }
    for (key, node) in entries(&mut map, "fields", faults) {
        let value = plain(node);
        out.push(Expect { at: key.at, what: What::Field(key.clone(), value) });
    }
    for (key, node) in entries(&mut map, "parts", faults) {
        if let Some(number) = read::number(node, 0, 1_000, faults) {
            out.push(Expect { at: node.at, what: What::Parts(key.clone(), number.value) });
        }
    }
    for (key, node) in entries(&mut map, "told", faults) {
        let to = read::texts(node, faults).into_iter().map(|word| (word.clone(), actor(word.text())));
        out.push(Expect { at: key.at, what: What::Told(key.clone(), to.collect()) });
    }
    for (key, node) in entries(&mut map, "figures", faults) {
        let Some(word) = read::text(node, faults) else { continue };
        let (of, to) = match word.text().split_once('/') {
            Some((of, to)) => (of.trim().parse().ok(), Some(to.trim().parse().ok())),
            None => (word.text().trim().parse().ok(), None),
        };
        match (of, to) {
            (Some(of), None) => out.push(Expect { at: word.at, what: What::Figure(key.clone(), of, None) }),
            (Some(of), Some(Some(to))) => {
                out.push(Expect { at: word.at, what: What::Figure(key.clone(), of, Some(to)) });
            }
            _ => faults.add(wrong_value::expected("kind.figure", word.at)),
        }
    }
    map.finish(faults);
    out
}

/// The entries of a key that holds a mapping.
fn entries<'a>(map: &mut Map<'a>, key: &'static str, faults: &mut Faults) -> Vec<(&'a Word, &'a Node)> {
    map.take(key, faults).map(|node| pairs(node, faults)).unwrap_or_default()
}

/// The entries of a mapping; anything else is a fault.
fn pairs<'a>(node: &'a Node, faults: &mut Faults) -> Vec<(&'a Word, &'a Node)> {
    match &node.data {
        Data::Map(entries) => entries.iter().map(|(key, node)| (key, node)).collect(),
        Data::Null => Vec::new(),
        _ => {
            faults.add(wrong_value::expected("kind.mapping", node.at));
            Vec::new()
        }
    }
}

fn plain(node: &Node) -> Plain {
    match &node.data {
        Data::Null => Plain::Text(Word::new(String::new(), node.at)),
        Data::Scalar { text, .. } => Plain::Text(Word::new(text.clone(), node.at)),
        Data::List(items) => Plain::List(node.at, items.iter().map(plain).collect()),
        Data::Map(entries) => {
            Plain::Map(node.at, entries.iter().map(|(key, node)| (key.clone(), plain(node))).collect())
        }
    }
}

fn date(word: &Word, faults: &mut Faults) -> Option<Date> {
    let date = word.text().parse().ok();
    if date.is_none() {
        faults.add(wrong_value::expected("kind.moment", word.at));
    }
    date
}

/// `2026-09-14 09:00`; a day alone is its beginning.
fn time(word: &Word, faults: &mut Faults) -> Option<DateTime> {
    let time = match word.value.len() {
        10 => word.text().parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0)),
        _ => word.text().replace(' ', "T").parse().ok(),
    };
    if time.is_none() {
        faults.add(wrong_value::expected("kind.moment", word.at));
    }
    time
}
