//! States and steps.

use gongzhi_base::Words;

use crate::ast::{Ask, Calls, ClauseAt, Code, Extends, Need, Opens, State, Step, Who};
use crate::checks::{duplicate, missing_words, wrong_value};
use crate::diagnostic::Faults;
use crate::model::Tone;
use crate::source::{Spanned, Word};
use crate::yaml::{Data, Node};

use super::read::{self, Entry, Map};

/// A list of the forms of `by`.
pub fn who_list(node: &Node, faults: &mut Faults) -> Vec<Spanned<Who>> {
    read::texts(node, faults).iter().map(|word| Spanned::new(who(word.text()), word.at)).collect()
}

fn who(text: &str) -> Who {
    match text {
        "anyone" => Who::Anyone,
        "holder" => Who::Holder,
        "system" => Who::System,
        text => match text.split_once(" of ") {
            Some((role, field)) => {
                Who::RoleOf { role: role.trim().to_owned(), field: field.trim().to_owned() }
            }
            None => Who::Role(text.to_owned()),
        },
    }
}

/// The clause of an entry: that of its block, with the entry's own basis.
pub fn clause(entry: &Entry<'_>, map: &mut Map<'_>, faults: &mut Faults) -> ClauseAt {
    let mut clause = entry.clause.clone();
    clause.basis = map.text("basis", faults).map(|word| word.value).unwrap_or_default();
    clause
}

/// Reads one state.
pub fn state(entry: &Entry<'_>, faults: &mut Faults) -> Option<State> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let words = map.words(faults);
    let waits = map.take("waits", faults).map(|node| who_list(node, faults)).unwrap_or_default();
    let tones =
        [("neutral", Tone::Neutral), ("active", Tone::Active), ("good", Tone::Good), ("bad", Tone::Bad)];
    let tone = map.text("tone", faults).and_then(|word| read::one_of(&word, &tones, faults));
    let before = faults.count();
    let is_final = map.flag("final", faults).unwrap_or(false);
    let broken = faults.count() > before;
    let clause = clause(entry, &mut map, faults);
    map.explain(faults);
    map.finish(faults);
    Some(State {
        name: entry.key.clone(),
        words,
        waits,
        tone: tone.unwrap_or(Tone::Neutral),
        is_final,
        clause,
        broken,
    })
}

/// Reads one step.
pub fn step(entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Step> {
    let mut map = Map::open(entry.node, entry.key.at, entry.clause, faults)?;
    let words = map.words(faults);
    let note = map.take("note", faults).and_then(|node| read::words(node, entry.key.at, faults));
    let before = faults.count();
    let mut from = map.require("from", faults).map(|node| read::texts(node, faults)).unwrap_or_default();
    let to = map.required_text("to", faults);
    let broken = faults.count() > before;
    let opener = from.iter().any(|state| state.value == "new");
    if opener && from.len() > 1 {
        faults.add(wrong_value::new_alone(from[0].at));
    }
    from.retain(|state| state.value != "new");
    let to = to.filter(|state| state.value != "same");
    if opener && to.is_none() && !broken {
        faults.add(wrong_value::opens_into_nothing(entry.key));
    }
    let by = map.require("by", faults).map(|node| who_list(node, faults)).unwrap_or_default();
    let asks = map.take("asks", faults).map(|node| asks(node, faults)).unwrap_or_default();
    let needs = map.take("needs", faults).map(|node| needs(node, entry, source, faults)).unwrap_or_default();
    let set = map.take("set", faults).map(|node| pairs(node, source, faults)).unwrap_or_default();
    let auto = map.take("auto", faults).and_then(|node| read::code(node, source, faults));
    let opens = map.take("opens", faults).and_then(|node| opens(node, entry, source, faults));
    let proposes = map
        .take("proposes", faults)
        .map(|node| crate::offer::proposals(node, entry.clause, source, faults))
        .unwrap_or_default();
    let calls = map.take("calls", faults).and_then(|node| calls(node, entry, source, faults));
    let extends = map.take("extends", faults).and_then(|node| extends(node, entry, source, faults));
    let moves = map.flag("moves", faults).unwrap_or(false).then_some(entry.key.at);
    let public = map.flag("public", faults);
    let clause = clause(entry, &mut map, faults);
    map.explain(faults);
    map.finish(faults);
    Some(Step {
        name: entry.key.clone(),
        words,
        note: note.unwrap_or_default(),
        opener,
        from,
        to,
        by,
        asks,
        needs,
        set,
        auto,
        opens,
        proposes,
        calls,
        extends,
        moves,
        public,
        clause,
        broken,
    })
}

fn asks(node: &Node, faults: &mut Faults) -> Vec<Ask> {
    let mut out: Vec<Ask> = Vec::new();
    for word in read::texts(node, faults) {
        let (name, optional) = match word.text().strip_suffix('?') {
            Some(name) => (name.to_owned(), true),
            None => (word.value.clone(), false),
        };
        let field = Word::new(name, word.at);
        match out.iter().find(|ask| ask.field.value == field.value) {
            Some(first) => faults.add(duplicate::key(&field, first.field.at)),
            None => out.push(Ask { field, optional }),
        }
    }
    out
}

fn needs(node: &Node, entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Vec<Need> {
    let mut out = Vec::new();
    for item in read::items(node) {
        let Some(mut map) = Map::open(item, item.at, entry.clause, faults) else { continue };
        // What is missing is told at the condition itself: the whole item would be too long a place.
        let when = map.require("when", faults).and_then(|node| read::code(node, source, faults));
        let [zh, en] =
            ["zh", "en"].map(|key| map.text(key, faults).map(|word| word.value).unwrap_or_default());
        missing_words::check(&zh, &en, when.as_ref().map_or(item.at, |code| code.at), faults);
        let basis = map.text("basis", faults).map(|word| word.value).unwrap_or_default();
        map.finish(faults);
        out.push(Need { when, words: Words::new(zh, en), basis });
    }
    out
}

/// `{field: expression}` in the order written.
pub fn pairs(node: &Node, source: &str, faults: &mut Faults) -> Vec<(Word, Code)> {
    let Data::Map(entries) = &node.data else {
        faults.add(wrong_value::expected("kind.mapping", node.at));
        return Vec::new();
    };
    entries.iter().filter_map(|(key, node)| Some((key.clone(), read::code(node, source, faults)?))).collect()
}

fn opens(node: &Node, entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Opens> {
    let mut map = Map::open(node, entry.key.at, entry.clause, faults)?;
    let mechanism = map.required_text("mechanism", faults);
    let for_each = map.required_text("for-each", faults);
    let item_as = map.text("as", faults);
    let when = map.take("when", faults).and_then(|node| read::code(node, source, faults));
    let with = map.take("with", faults).map(|node| pairs(node, source, faults)).unwrap_or_default();
    map.finish(faults);
    Some(Opens { at: node.at, mechanism: mechanism?, for_each: for_each?, item_as, when, with })
}

fn calls(node: &Node, entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Calls> {
    let mut map = Map::open(node, entry.key.at, entry.clause, faults)?;
    let record = map.required_text("record", faults);
    let step = map.required_text("step", faults);
    let with = map.take("with", faults).map(|node| pairs(node, source, faults)).unwrap_or_default();
    map.finish(faults);
    Some(Calls { at: node.at, record: record?, step: step?, with })
}

fn extends(node: &Node, entry: &Entry<'_>, source: &str, faults: &mut Faults) -> Option<Extends> {
    let mut map = Map::open(node, entry.key.at, entry.clause, faults)?;
    let deadline = map.required_text("deadline", faults);
    let by = map.require("by", faults).and_then(|node| read::span_or_code(node, source, faults));
    map.finish(faults);
    Some(Extends { deadline: deadline?, by: by? })
}
