//! The data dictionary: which register holds what, so that nothing is asked twice.
//!
//! An element is held by the register that its `held-by` names, or else by the only register with a
//! field of that element. A register's other fields are facts about its entries too, known by their
//! words. What identifies an entry (its code and its title) is no fact about it.

use std::sync::Arc;

use gongzhi_base::Words;

use crate::ast::{self, Documents, Field, Mechanism};
use crate::locale;
use crate::model::{Catalogue, Entry, Type};
use crate::source::{At, Word};
use crate::world::World;

/// The name of the catalogue that every library has: what its registers hold.
pub const NAME: &str = "dictionary";

/// A field of a register that holds an answer.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    pub register: &'a Mechanism,
    pub field: &'a Field,
}

/// The register that holds an element, with the field in which it stands.
pub fn holder<'a>(world: &World<'a>, element: &str) -> Option<Held<'a>> {
    let declared = world.documents.elements.iter().find(|one| one.name.value == element);
    if let Some(by) = declared.and_then(|one| one.held_by.as_ref()) {
        let register = world.mechanism(by.text())?;
        return of_element(register, element).map(|field| Held { register, field });
    }
    let mut all = world.documents.mechanisms.iter().filter(|one| one.register.is_some());
    let mut holds = all
        .by_ref()
        .filter_map(|register| of_element(register, element).map(|field| Held { register, field }));
    let first = holds.next()?;
    holds.next().is_none().then_some(first)
}

/// A register's field of an element.
pub fn of_element<'a>(register: &'a Mechanism, element: &str) -> Option<&'a Field> {
    register.fields.iter().find(|field| field.element.as_ref().is_some_and(|word| word.value == element))
}

/// Whether a mechanism's records are what others name: a register, or named by some `held-by`.
pub fn is_register(world: &World<'_>, mechanism: &Mechanism) -> bool {
    let named = || {
        let held_by = world.documents.elements.iter().filter_map(|element| element.held_by.as_ref());
        held_by.into_iter().any(|word| word.value == mechanism.name.value)
    };
    mechanism.register.is_some() || named()
}

/// The field with which a mechanism names one entry of a register: its records are about that entry.
pub fn subject<'a>(mechanism: &'a Mechanism, register: &Mechanism) -> Option<&'a Field> {
    mechanism.fields.iter().find(|field| match field.type_of() {
        Some(Type::Unit) => register.is_register("unit"),
        Some(Type::Person) => register.is_register("person"),
        Some(Type::Place) => register.is_register("place"),
        Some(Type::Record(name)) => *name == register.name.value,
        _ => false,
    })
}

/// Where the answer to a field is held already: by its element, or by the words of a register whose
/// entry the mechanism names. Places are where something is, seldom what it is about, so only
/// elements count for them.
pub fn held<'a>(world: &World<'a>, mechanism: &'a Mechanism, field: &Field) -> Option<(Held<'a>, &'a Field)> {
    let by_element = field.element.as_ref().and_then(|element| holder(world, element.text()));
    let by_words = || {
        let registers = world.documents.mechanisms.iter().filter(|one| is_register(world, one));
        registers.filter(|register| !register.is_register("place")).find_map(|register| {
            let same = |own: &&Field| {
                let identity = own.name.value == "code"
                    || register.title.as_ref().is_some_and(|title| title.value == own.name.value);
                !identity && own.zh == field.zh && own.type_of() == field.type_of() && opening(register, own)
            };
            let found = register.fields.iter().find(same)?;
            Some(Held { register, field: found })
        })
    };
    // What a record is called, where it is and what kind it has are its own, whatever they are called.
    let own = [&mechanism.title, &mechanism.place, &mechanism.unit, &mechanism.kind];
    if own.into_iter().flatten().any(|word| word.value == field.name.value) {
        return None;
    }
    let held = by_element.or_else(by_words)?;
    if held.register.name.value == mechanism.name.value {
        return None;
    }
    let subject = subject(mechanism, held.register)?;
    // A field that names the entry itself is the question, not a second answer.
    (subject.name.value != field.name.value).then_some((held, subject))
}

/// Whether a register asks a field when it enters something: what it asks later are reasons of change.
fn opening(register: &Mechanism, field: &Field) -> bool {
    let mut openers = register.steps.iter().filter(|step| step.opener);
    openers.any(|step| step.asks.iter().any(|ask| ask.field.value == field.name.value))
}

/// The catalogue of what the registers hold: registers on the first level, their fields on the second.
/// Fields of type `entry of dictionary` choose from it, and `held(…)` finds in it.
pub fn catalogue(documents: &Documents) -> (ast::Catalogue, Arc<Catalogue>) {
    let words = locale::words("dictionary", &[]);
    let columns = [("element", Type::Text), ("personal", Type::Bool), ("also", Type::Text)];
    let place = At::default();
    let declared = ast::Catalogue {
        name: Word::new(NAME.to_owned(), place),
        file: None,
        words: words.clone(),
        levels: 2,
        columns: columns
            .iter()
            .map(|(name, ty)| (Word::new((*name).to_owned(), place), ty.clone()))
            .collect(),
    };
    let mut built = Catalogue {
        name: NAME.to_owned(),
        words,
        levels: 2,
        columns: columns.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect(),
        ..Catalogue::default()
    };
    // Documents are known by their names; their texts are nobody's data.
    let named = |one: &&Mechanism| {
        let by = documents.elements.iter().filter_map(|element| element.held_by.as_ref());
        one.register.as_ref().is_some_and(|word| word.value != "document")
            || by.into_iter().any(|word| word.value == one.name.value)
    };
    for register in documents.mechanisms.iter().filter(named) {
        let code = register.name.value.clone();
        let entry =
            Entry { code: code.clone(), parent: None, words: register.words.clone(), ..Entry::default() };
        built.entries.insert(code.clone(), entry);
        for field in register.fields.iter().filter(|field| opening(register, field)) {
            let own = format!("{code}.{}", field.name.value);
            let mut values = std::collections::BTreeMap::new();
            values.insert("personal".to_owned(), field.personal.is_some().to_string());
            if let Some(element) = &field.element {
                values.insert("element".to_owned(), element.value.clone());
            }
            if let Some(also) = &field.also {
                let also: Vec<&str> = also.iter().map(|word| word.text()).collect();
                values.insert("also".to_owned(), also.join("\n"));
            }
            let (zh, en) = (field.zh.clone().unwrap_or_default(), field.en.clone().unwrap_or_default());
            let entry =
                Entry { code: own.clone(), parent: Some(code.clone()), words: Words::new(zh, en), values };
            built.entries.insert(own, entry);
        }
    }
    (declared, Arc::new(built))
}

/// The name of the catalogue of all mechanisms: what a document of another kind may found.
pub const MECHANISMS: &str = "mechanisms";

/// The name of the catalogue of all roles: what a post may be.
pub const ROLES: &str = "roles";

/// The catalogue of the county's mechanisms, each under its own name.
pub fn mechanisms(documents: &Documents) -> (ast::Catalogue, Arc<Catalogue>) {
    let all = documents.mechanisms.iter();
    named(MECHANISMS, all.map(|mechanism| (mechanism.name.text(), &mechanism.words)))
}

/// The catalogue of the roles that the documents know, each under its own name.
pub fn roles(documents: &Documents) -> (ast::Catalogue, Arc<Catalogue>) {
    named(ROLES, documents.roles.iter().map(|role| (role.name.text(), &role.words)))
}

/// A catalogue of one level that no file holds.
fn named<'a>(
    name: &str,
    entries: impl Iterator<Item = (&'a str, &'a Words)>,
) -> (ast::Catalogue, Arc<Catalogue>) {
    let words = locale::words(name, &[]);
    let declared = ast::Catalogue {
        name: Word::new(name.to_owned(), At::default()),
        file: None,
        words: words.clone(),
        levels: 1,
        columns: Vec::new(),
    };
    let entry = |(code, words): (&str, &Words)| {
        (code.to_owned(), Entry { code: code.to_owned(), words: words.clone(), ..Entry::default() })
    };
    let entries = entries.map(entry).collect();
    (
        declared,
        Arc::new(Catalogue { name: name.to_owned(), words, levels: 1, entries, ..Catalogue::default() }),
    )
}

/// The fields of registers that are called so: by their words in either language, by another name that
/// their document gives (`also`), or by one of these behind the register's own name (`unit's phone`). What
/// stands in brackets says how, not what. Nothing is guessed from parts of words.
pub fn find<'a>(dictionary: &'a Catalogue, text: &str) -> Vec<&'a str> {
    let wanted = plain(text);
    if wanted.is_empty() {
        return Vec::new();
    }
    let called = |entry: &&Entry| {
        let Some(register) = entry.parent.as_ref().and_then(|parent| dictionary.entries.get(parent)) else {
            return false;
        };
        let also = entry.values.get("also").map(String::as_str).unwrap_or_default();
        let names = [entry.words.zh.as_str(), entry.words.en.as_str()].into_iter().chain(also.lines());
        names.map(plain).filter(|name| !name.is_empty()).any(|name| {
            let owners = [&register.words.zh, &register.words.en].map(|words| plain(words));
            name == wanted
                || owners.iter().any(|owner| {
                    wanted.strip_prefix(owner.as_str()).is_some_and(|rest| {
                        rest == name || OF.iter().any(|of| rest.strip_prefix(of) == Some(name.as_str()))
                    })
                })
        })
    };
    dictionary.entries.values().filter(called).map(|entry| entry.code.as_str()).collect()
}

/// What joins a register's name and a field's in either language, once blanks are gone.
const OF: [&str; 3] = ["\u{7684}", "'s", "\u{2019}s"];

/// A name without blanks, brackets and capitals.
fn plain(text: &str) -> String {
    let mut depth = 0usize;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '(' | '\u{ff08}' => depth += 1,
            ')' | '\u{ff09}' => depth = depth.saturating_sub(1),
            c if depth == 0 && !c.is_whitespace() => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    out
}
