//! Refusals are values: what was not done, why, by which clause, and what to do instead. Their
//! words come from the documents or, for faults of form, from the locale files by code.

use gongzhi_base::{RecordId, Timestamp, Words};
use gongzhi_lang::model::{Clause, Who};

/// Why a command was not carried out. Nothing was changed.
#[derive(Clone, PartialEq, Debug)]
pub enum Refusal {
    /// Fields with faults; all of them.
    Fields(Vec<FieldFault>),
    /// The actor holds no post that may take the step here.
    NoRight { step: Words, who: Vec<Who>, clause: Clause },
    /// The record is in a state in which the step is not taken.
    WrongState { step: Words, state: Words, clause: Clause },
    /// A condition of the step does not hold.
    Need { words: Words, clause: Clause },
    /// A constraint does not hold; with the record in the way and its number, if the actor may read it.
    Clash { words: Words, clause: Clause, other: Option<(RecordId, String)> },
    /// Somebody acted in the meantime: the record has moved on.
    Stale { seen: u64, now: u64, changed: Timestamp },
    /// There is no such record (or none that the actor may know of).
    NoRecord,
    /// There is no such mechanism, step or deadline.
    NoSuch { what: String },
    /// The command's identifier was used before for something else.
    CommandReused,
    /// Personal values are needed until the record is in a final state (PIPL art. 47(1)).
    StillNeeded { state: Words },
    /// The record holds no personal values (any more), or none of those asked for.
    NothingPersonal,
    /// A document says something else of a mechanism under a version that records run on.
    OldVersion { mechanism: String, next: u32 },
    /// A document leads into a circle of automatic steps.
    Circle { step: String },
}

/// A fault in one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldFault {
    pub field: String,
    pub fault: Fault,
}

/// What is wrong with a field. Each has its words in the locale files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    Missing,
    /// Fewer characters, items or units than this.
    TooShort(i64),
    /// More than this.
    TooLong(i64),
    NotNumber,
    NotDate,
    NotMonth,
    /// No rows of a table.
    NotRows,
    NotSpan,
    NotBool,
    NotPoint,
    /// Not one of the offered choices.
    NotOffered(String),
    NoPlace(String),
    /// A place of a level that is not asked for.
    WrongLevel,
    NoUnit(String),
    NoPerson(String),
    /// Somebody who holds no post in the unit from which one is asked.
    NotInUnit(String),
    NoEntry(String),
    NoRecord(String),
    NotFile,
    /// A file of another kind than asked.
    NotPhoto,
    /// The step does not ask for this field.
    NotAsked,
    /// A table with one row for each entry lacks this one.
    NoRow(String),
    /// It has this one twice.
    RowTwice(String),
    /// A span that ends before it begins.
    EndsBefore,
    /// A span over more days than can be kept free of others.
    TooManyDays(i64),
    /// The code of another entry of the register.
    CodeTaken(String),
    /// Control characters or other text that cannot be kept.
    BadText,
}

impl Fault {
    /// The stable name of a field's fault.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::Missing => "missing",
            Fault::TooShort(_) => "too-short",
            Fault::TooLong(_) => "too-long",
            Fault::NotNumber => "not-number",
            Fault::NotDate => "not-date",
            Fault::NotSpan => "not-span",
            Fault::NotBool => "not-bool",
            Fault::NotPoint => "not-point",
            Fault::NotOffered(_) => "not-offered",
            Fault::NoPlace(_) => "no-place",
            Fault::WrongLevel => "wrong-level",
            Fault::NoUnit(_) => "no-unit",
            Fault::NoPerson(_) => "no-person",
            Fault::NotInUnit(_) => "not-in-unit",
            Fault::NoEntry(_) => "no-entry",
            Fault::NoRecord(_) => "no-record",
            Fault::NotFile => "not-file",
            Fault::NotPhoto => "not-photo",
            Fault::NotAsked => "not-asked",
            Fault::BadText => "bad-text",
            Fault::NotMonth => "not-month",
            Fault::NotRows => "not-rows",
            Fault::NoRow(_) => "no-row",
            Fault::RowTwice(_) => "row-twice",
            Fault::CodeTaken(_) => "code-taken",
            Fault::EndsBefore => "ends-before",
            Fault::TooManyDays(_) => "too-many-days",
        }
    }
}
