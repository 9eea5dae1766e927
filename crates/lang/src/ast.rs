//! What documents say, as decoded: names still unresolved, everything with its place.

use std::cell::OnceCell;

use gongzhi_base::dayrule::{Day, DayRule, Period};
use gongzhi_base::{Span, Words};

use crate::expr::{Expr, parse::Tree};
use crate::model::{Level, Mask, Tone, Type};
use crate::source::{At, Spanned, Word};

/// The clause of an entry: index of its heading, and its basis.
#[derive(Clone, Debug, Default)]
pub struct ClauseAt {
    pub heading: String,
    pub anchor: String,
    pub basis: String,
    /// Whether prose stands under the heading: the rule in words.
    pub has_prose: bool,
}

/// A role of the vocabulary.
#[derive(Clone, Debug)]
pub struct Role {
    pub name: Word,
    pub words: Words,
    pub at: Vec<Level>,
    pub in_unit: bool,
}

/// A catalogue's declaration.
#[derive(Clone, Debug)]
pub struct Catalogue {
    pub name: Word,
    pub file: Option<Word>,
    pub words: Words,
    pub levels: u8,
    pub columns: Vec<(Word, Type)>,
}

/// Everything the documents declare.
#[derive(Debug, Default)]
pub struct Documents {
    pub roles: Vec<Role>,
    pub elements: Vec<Field>,
    pub catalogues: Vec<Catalogue>,
    pub mechanisms: Vec<Mechanism>,
    pub settings: Vec<crate::example::Setting>,
    pub examples: Vec<crate::example::Example>,
    /// A block of vocabulary could not be read: what is missing may stand there.
    pub incomplete: bool,
}

/// A mechanism as written.
#[derive(Debug)]
pub struct Mechanism {
    pub name: Word,
    pub document: String,
    pub version: u32,
    pub words: Words,
    pub register: Option<Word>,
    pub parent: Option<Word>,
    /// The mechanism above whose records keep these apart.
    pub apart: Option<Word>,
    pub lives_at: Vec<Level>,
    pub number: Option<Word>,
    pub receipt: bool,
    pub title: Option<Word>,
    pub place: Option<Word>,
    pub unit: Option<Word>,
    pub kind: Option<Word>,
    pub readers: Vec<Spanned<Who>>,
    pub fields: Vec<Field>,
    pub states: Vec<State>,
    pub steps: Vec<Step>,
    pub deadlines: Vec<Deadline>,
    pub indicators: Vec<Indicator>,
    pub duplicates: Option<Duplicates>,
    pub recurs: Option<Recurs>,
    pub published: Option<crate::published::Draft>,
    pub notices: Vec<crate::notice::Notice>,
    pub views: Vec<crate::view::Written>,
    pub sheet: Option<crate::sheet::Sheet>,
    pub prints: Vec<crate::print::Print>,
    pub constraints: Vec<crate::constraint::Constraint>,
    pub calendar: Option<crate::offer::CalendarEntry>,
    /// Places of all its blocks.
    pub blocks: Vec<At>,
    /// A block could not be read: what is missing may stand there.
    pub incomplete: bool,
}

impl Mechanism {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.value == name)
    }
    /// A state by name.
    pub fn state(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name.value == name)
    }
    /// A step by name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name.value == name)
    }
    /// A deadline by name.
    pub fn deadline(&self, name: &str) -> Option<&Deadline> {
        self.deadlines.iter().find(|deadline| deadline.name.value == name)
    }
    /// Names of all fields.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.text())
    }
    /// Names of all steps.
    pub fn step_names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| step.name.text())
    }
    /// Names of all states.
    pub fn state_names(&self) -> impl Iterator<Item = &str> {
        self.states.iter().map(|state| state.name.text())
    }
    /// Names of all deadlines.
    pub fn deadline_names(&self) -> impl Iterator<Item = &str> {
        self.deadlines.iter().map(|deadline| deadline.name.text())
    }
    /// The mechanism of the record whose step is called: the one above, or what the field names.
    pub fn called(&self, calls: &Calls) -> Option<&str> {
        match (&self.parent, self.field(calls.record.text()).and_then(|field| field.type_of())) {
            (Some(parent), None) if calls.record.value == "parent" => Some(parent.text()),
            (_, Some(Type::Record(other))) => Some(other),
            _ => None,
        }
    }
    /// Whether its records are the entries of that register.
    pub fn is_register(&self, register: &str) -> bool {
        self.register.as_ref().is_some_and(|word| word.value == register)
    }
}

/// A field, or an element that fields take over.
#[derive(Clone, Debug)]
pub struct Field {
    pub name: Word,
    pub zh: Option<String>,
    pub en: Option<String>,
    pub help: Option<Words>,
    /// Other names under which people know it.
    pub also: Option<Vec<Word>>,
    pub ty: Option<TypeAt>,
    pub min: Option<Spanned<i64>>,
    pub max: Option<Spanned<i64>>,
    pub lines: Option<u8>,
    pub options: Option<Vec<(Word, Words)>>,
    pub levels: Option<Vec<Level>>,
    pub kinds: Option<Vec<String>>,
    pub public: Option<bool>,
    pub personal: Option<Personal>,
    pub mask: Option<Mask>,
    pub element: Option<Word>,
    /// For an element: the register that holds it.
    pub held_by: Option<Word>,
    /// Columns of a table.
    pub columns: Option<Vec<Column>>,
    /// The catalogue each of whose entries has one row.
    pub each: Option<Word>,
    /// The field that names the entry under which those entries stand.
    pub under: Option<Word>,
    /// Of a person (`in`): the field that names the unit in which it must hold a post.
    pub within: Option<Word>,
    /// How many rows of the table are filled in general.
    pub usual: Option<Spanned<i64>>,
    /// The expression from which its value follows.
    pub is: Option<Code>,
    pub clause: ClauseAt,
    /// Some key could not be read: don't report what may stand there.
    pub broken: bool,
}

impl Field {
    /// The field's type, if it could be read.
    pub fn type_of(&self) -> Option<&Type> {
        self.ty.as_ref().map(|ty| &ty.ty)
    }
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    pub field: Field,
    /// Whether it may stay empty.
    pub optional: bool,
}

/// A field's type with what its name says beyond it.
#[derive(Clone, Debug)]
pub struct TypeAt {
    pub ty: Type,
    pub photo: bool,
    pub amount: bool,
    pub at: At,
    /// The catalogue or mechanism named by `of`.
    pub of: Option<Word>,
}

/// What makes a field personal data.
#[derive(Clone, Debug)]
pub struct Personal {
    pub at: At,
    pub purpose: Option<Words>,
    pub audience: Vec<Spanned<Who>>,
    pub keep: Option<Span>,
}

/// A state as written.
#[derive(Clone, Debug)]
pub struct State {
    pub name: Word,
    pub words: Words,
    pub waits: Vec<Spanned<Who>>,
    pub tone: Tone,
    pub is_final: bool,
    pub clause: ClauseAt,
    /// Whether it is final could not be read.
    pub broken: bool,
}

/// Who may act, names unresolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Who {
    Anyone,
    Holder,
    System,
    Role(String),
    RoleOf { role: String, field: String },
}

/// A step as written.
#[derive(Debug)]
pub struct Step {
    pub name: Word,
    pub words: Words,
    pub note: Words,
    /// Whether `from` is `new`.
    pub opener: bool,
    pub from: Vec<Word>,
    /// `None` for `same`.
    pub to: Option<Word>,
    pub by: Vec<Spanned<Who>>,
    pub asks: Vec<Ask>,
    pub needs: Vec<Need>,
    pub set: Vec<(Word, Code)>,
    pub auto: Option<Code>,
    pub opens: Option<Opens>,
    pub proposes: Vec<crate::offer::Proposal>,
    pub calls: Option<Calls>,
    pub extends: Option<Extends>,
    /// The record may be put under another one: where that is written.
    pub moves: Option<At>,
    pub public: Option<bool>,
    pub clause: ClauseAt,
    /// `from` or `to` could not be read.
    pub broken: bool,
}

impl Step {
    /// Whether the system may take it.
    pub fn by_system(&self) -> bool {
        self.by.iter().any(|who| who.value == Who::System)
    }
}

/// A field asked.
#[derive(Clone, Debug)]
pub struct Ask {
    pub field: Word,
    pub optional: bool,
}

/// A condition of a step.
#[derive(Debug)]
pub struct Need {
    pub when: Option<Code>,
    pub words: Words,
    pub basis: String,
}

/// Opening parts.
#[derive(Debug)]
pub struct Opens {
    pub at: At,
    pub mechanism: Word,
    /// A list, or a table.
    pub for_each: Word,
    /// The part's field that takes an item of the list; a table's rows are read by `with`.
    pub item_as: Option<Word>,
    /// Which rows of the table get a part.
    pub when: Option<Code>,
    pub with: Vec<(Word, Code)>,
}

/// Taking a step of another record.
#[derive(Debug)]
pub struct Calls {
    pub at: At,
    pub record: Word,
    pub step: Word,
    pub with: Vec<(Word, Code)>,
}

/// Moving a deadline.
#[derive(Debug)]
pub struct Extends {
    pub deadline: Word,
    pub by: Code,
}

/// An expression: its text, its tree, and once checked its typed form.
#[derive(Clone, Debug)]
pub struct Code {
    pub at: At,
    /// Whether the text stands in the source as it is, so that parts of it have places.
    pub exact: bool,
    pub tree: Option<Tree>,
    pub typed: OnceCell<Expr>,
}

/// A deadline as written.
#[derive(Debug)]
pub struct Deadline {
    pub name: Word,
    pub words: Words,
    pub starts: Vec<Word>,
    pub ends: Vec<Word>,
    pub within: Option<Code>,
    pub due: Option<Due>,
    pub pauses: Vec<Word>,
    pub warns: Option<Span>,
    pub late: Option<Word>,
    /// The step of `then`: it is no limit, only a moment at which the system takes that step.
    pub then: Option<Word>,
    pub clause: ClauseAt,
}

impl Deadline {
    /// The step that the system takes when its time comes.
    pub fn comes(&self) -> Option<&Word> {
        self.then.as_ref().or(self.late.as_ref())
    }

    /// The steps that end it. A moment ends with its own.
    pub fn ending(&self) -> impl Iterator<Item = &Word> {
        self.ends.iter().chain(&self.then)
    }
}

/// A day of the calendar as written.
#[derive(Debug)]
pub struct Due {
    pub at: At,
    pub text: String,
    pub rule: DayRule,
    /// The word behind `of`, where it is none of the periods: a field.
    pub of: Option<Word>,
    /// The expression of a date.
    pub date: Option<Code>,
}

/// Records that open by themselves, as written.
#[derive(Debug)]
pub struct Recurs {
    pub at: At,
    pub every: Period,
    pub on: Day,
    pub step: Word,
    pub source: Option<Word>,
    pub item_as: Option<Word>,
    pub when: Option<Code>,
    pub period: Option<Word>,
    pub all_missed: bool,
    pub with: Vec<(Word, Code)>,
    pub previous: Option<Previous>,
    pub clause: ClauseAt,
}

/// What is taken over from the record of the period before, as written.
#[derive(Debug)]
pub struct Previous {
    pub item_as: Word,
    pub when: Option<Code>,
    pub with: Vec<(Word, Code)>,
}

/// An indicator as written.
#[derive(Debug)]
pub struct Indicator {
    pub name: Word,
    pub words: Words,
    pub measure: Option<Measure>,
    pub at: Option<Word>,
    pub by: Vec<Word>,
    pub target: Option<crate::model::Target>,
    pub clause: ClauseAt,
}

/// What an indicator measures.
#[derive(Debug)]
pub enum Measure {
    Count(Code),
    Sum(Code),
    Ratio { of: Code, to: Code },
    Percentile { from: Code, to: Code, points: Vec<u8>, unit: crate::model::Lapse },
}

/// How duplicates are found.
#[derive(Clone, Debug)]
pub struct Duplicates {
    pub at: At,
    pub words: Word,
    pub point: Option<Word>,
    pub days: u32,
    pub metres: u32,
    pub into: Option<Word>,
}
