//! Worked examples: cases that people read beside the rule and that the kernel replays.
//!
//! Nothing is replayed here: this crate knows no record. It reads what an example says, checks its names,
//! and tells a mismatch that the replay has found at the line where the expectation stands.

use gongzhi_base::Words;
use jiff::civil::{Date, DateTime};

use crate::ast::Mechanism;
use crate::checks::unknown_name;
use crate::diagnostic::{Arg, Faults};
use crate::locale;
use crate::source::{At, Word};
use crate::world::World;

pub use crate::checks::example_differs::fault as differs;

/// The small county in which examples play.
#[derive(Clone, Debug)]
pub struct Setting {
    pub name: Word,
    pub words: Words,
    pub document: String,
    /// Days off beyond Saturdays and Sundays, and weekend days that work.
    pub holidays: Vec<Date>,
    pub workdays: Vec<Date>,
    /// Entries of registers: mechanism, code and fields, in the order written.
    pub entries: Vec<Entry>,
}

/// One entry of a register.
#[derive(Clone, Debug)]
pub struct Entry {
    pub register: Word,
    pub code: Word,
    pub fields: Vec<(Word, Plain)>,
}

/// A case: who does what when, and what comes of it.
#[derive(Clone, Debug)]
pub struct Example {
    pub name: Word,
    pub words: Words,
    /// The document in which it stands.
    pub document: String,
    pub mechanism: Word,
    /// The setting in which it plays, if it needs any entry.
    pub setting: Option<Word>,
    pub moves: Vec<Move>,
}

/// One line of a case.
#[derive(Clone, Debug)]
pub struct Move {
    /// Where it stands.
    pub place: At,
    /// When; the same moment as the line before if absent.
    pub at: Option<DateTime>,
    /// Which record; the first one opened if absent.
    pub on: Option<Word>,
    /// By which name later lines call the record that is opened here.
    pub called: Option<Word>,
    /// What is done; without it time passes.
    pub deed: Option<Deed>,
    /// How the deed is refused, if it is to be.
    pub refused: Option<Refused>,
    pub then: Vec<Expect>,
}

/// Somebody takes a step.
#[derive(Clone, Debug)]
pub struct Deed {
    pub who: Actor,
    pub who_at: At,
    pub step: Word,
    /// For a step of another mechanism than the example's.
    pub mechanism: Option<Word>,
    pub with: Vec<(Word, Plain)>,
}

/// Who acts, in the words of `by` with real entries in place of fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    Anyone,
    Holder,
    /// A role, in a unit of the setting (`officer of water`), over a place (`clerk over town`), or over
    /// the whole county. `person` names an entry of the register of persons (`officer of water, zhang`).
    Post {
        role: String,
        unit: Option<String>,
        place: Option<String>,
        person: Option<String>,
    },
}

/// What a refusal must be; what is absent is not looked at.
#[derive(Clone, Debug)]
pub struct Refused {
    pub at: At,
    pub why: Option<Why>,
    /// Fields with faults, all of them.
    pub fields: Vec<Word>,
    /// Words and basis of the need that does not hold.
    pub zh: Option<Word>,
    pub en: Option<Word>,
    pub basis: Option<Word>,
}

/// Kinds of refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    Fields,
    NoRight,
    WrongState,
    Need,
    NoRecord,
    Constraint,
}

/// One expectation, with its place.
#[derive(Clone, Debug)]
pub struct Expect {
    pub at: At,
    pub what: What,
}

/// What is expected of the record after the line.
#[derive(Clone, Debug)]
pub enum What {
    State(Word),
    /// The last day of a running deadline, or its exact end.
    Due(Word, Moment),
    Met(Word),
    Late(Word),
    Running(Word),
    Field(Word, Plain),
    /// How many parts of a mechanism have been opened.
    Parts(Word, i64),
    /// Those to whom the line's events send a notice: roles in units or over places, none for an empty list.
    Told(Word, Vec<(Word, Actor)>),
    /// An indicator over all records of the example: count and, for a ratio, its base.
    Figure(Word, i64, Option<i64>),
}

/// A day or a moment of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    Day(Date),
    At(DateTime),
}

/// A value as written.
#[derive(Clone, Debug)]
pub enum Plain {
    Text(Word),
    List(At, Vec<Plain>),
    Map(At, Vec<(Word, Plain)>),
}

impl Plain {
    /// Where it stands.
    pub fn at(&self) -> At {
        match self {
            Plain::Text(word) => word.at,
            Plain::List(at, _) | Plain::Map(at, _) => *at,
        }
    }
}

/// Words of the locale files for what the replay tells.
pub fn words(key: &str, args: &[Arg]) -> Words {
    locale::words(key, args)
}

/// Names in examples that nothing has.
pub(crate) fn names(world: &World<'_>, faults: &mut Faults) {
    for example in &world.documents.examples {
        let settings = world.documents.settings.iter().map(|one| one.name.text());
        if let Some(setting) = &example.setting
            && !world.documents.settings.iter().any(|one| one.name.value == setting.value)
        {
            faults.add(unknown_name::fault("kind.setting", setting.text(), setting.at, settings));
        }
        let Some(own) = find(world, &example.mechanism, faults) else { continue };
        for line in &example.moves {
            if let Some(deed) = &line.deed {
                deed_names(world, own, line, deed, faults);
            }
            // What is expected of a part is expected of another mechanism's record.
            let subject = line.on.as_ref().and_then(|on| part(world, on)).unwrap_or(own);
            let subject = match &line.deed {
                Some(Deed { mechanism: Some(word), .. }) => world.mechanism(word.text()).unwrap_or(subject),
                _ => subject,
            };
            // A record called by a name of the example may be of any mechanism that it opened.
            let known = line.on.as_ref().is_none_or(|on| part(world, on).is_some());
            for expect in line.then.iter().filter(|_| known) {
                expected_names(world, subject, &expect.what, faults);
            }
        }
    }
    for entry in world.documents.settings.iter().flat_map(|setting| &setting.entries) {
        if let Some(register) = find(world, &entry.register, faults) {
            for (field, _) in &entry.fields {
                known(
                    register.field(field.text()).is_some(),
                    "kind.field",
                    field,
                    register.field_names(),
                    faults,
                );
            }
        }
    }
}

/// The mechanism of a part: `assist 2` is the second part opened of that mechanism.
fn part<'a>(world: &World<'a>, on: &Word) -> Option<&'a Mechanism> {
    world.mechanism(on.text().rsplit_once(' ')?.0)
}

fn find<'a>(world: &World<'a>, word: &Word, faults: &mut Faults) -> Option<&'a Mechanism> {
    let found = world.mechanism(word.text());
    if found.is_none() {
        faults.add(unknown_name::fault("kind.mechanism", word.text(), word.at, world.mechanism_names()));
    }
    found.filter(|mechanism| !mechanism.incomplete)
}

fn known<'a>(
    is: bool,
    kind: &'static str,
    word: &Word,
    all: impl Iterator<Item = &'a str>,
    faults: &mut Faults,
) {
    if !is {
        faults.add(unknown_name::fault(kind, word.text(), word.at, all));
    }
}

fn deed_names(world: &World<'_>, own: &Mechanism, line: &Move, deed: &Deed, faults: &mut Faults) {
    let mechanism = match (&deed.mechanism, line.on.as_ref()) {
        (Some(word), _) => find(world, word, faults),
        (None, Some(on)) => part(world, on),
        (None, None) => Some(own),
    };
    if let Actor::Post { role, .. } = &deed.who
        && world.role(role).is_none()
        && !world.documents.incomplete
    {
        let all = world.role_names().chain(["anyone", "holder"]);
        faults.add(unknown_name::fault("kind.role", role, deed.who_at, all));
    }
    let Some(mechanism) = mechanism else { return };
    let step = mechanism.step(deed.step.text());
    known(step.is_some(), "kind.step", &deed.step, mechanism.step_names(), faults);
    // A step that does not ask for the field refuses it, which an example may want to show; a field that
    // nothing knows is a slip.
    for (field, _) in &deed.with {
        let under = mechanism.parent.is_some() && field.text() == "parent";
        let is = under || line.refused.is_some() || mechanism.field(field.text()).is_some();
        known(is, "kind.field", field, mechanism.field_names(), faults);
    }
}

fn expected_names(world: &World<'_>, of: &Mechanism, what: &What, faults: &mut Faults) {
    match what {
        What::State(word) => {
            known(of.state(word.text()).is_some(), "kind.state", word, of.state_names(), faults)
        }
        What::Due(word, _) | What::Met(word) | What::Late(word) | What::Running(word) => {
            known(of.deadline(word.text()).is_some(), "kind.deadline", word, of.deadline_names(), faults)
        }
        What::Field(word, _) => {
            known(of.field(word.text()).is_some(), "kind.field", word, of.field_names(), faults)
        }
        What::Parts(word, _) => {
            find(world, word, faults);
        }
        What::Told(word, to) => {
            let all = || of.notices.iter().map(|one| one.name.text());
            known(all().any(|name| name == word.text()), "kind.notice", word, all(), faults);
            for (word, who) in to {
                if let Actor::Post { role, .. } = who
                    && world.role(role).is_none()
                    && !world.documents.incomplete
                {
                    faults.add(unknown_name::fault("kind.role", role, word.at, world.role_names()));
                }
            }
        }
        What::Figure(word, ..) => {
            let all = || of.indicators.iter().map(|one| one.name.text());
            known(all().any(|name| name == word.text()), "kind.indicator", word, all(), faults)
        }
    }
}
