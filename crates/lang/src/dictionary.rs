//! The data dictionary: which register holds what, so that nothing is asked twice.
//!
//! An element is held by the register that its `held-by` names, or else by the only register with a
//! field of that element. A register's other fields are facts about its entries too, known by their
//! words. What identifies an entry (its code and its title) is no fact about it.

use crate::ast::{Field, Mechanism};
use crate::model::Type;
use crate::world::World;

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
