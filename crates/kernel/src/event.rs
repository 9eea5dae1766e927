//! Events: what happened to one record. The ledger keeps their canonical bytes for good.

use std::collections::BTreeMap;

use gongzhi_base::calendar::Derivation;
use gongzhi_base::canon::{Canon, Out, array, expect_array, expect_either, take_if};
use gongzhi_base::{RecordId, Timestamp, Value};
use minicbor::Decoder;
use minicbor::decode::Error;

use crate::actor::Acted;
use crate::record::Part;

/// One event of one record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub record: RecordId,
    pub mechanism: String,
    /// The version of the mechanism on which the record runs.
    pub version: u32,
    /// The record's revision after this event, counted from 1.
    pub revision: u64,
    pub at: Timestamp,
    pub by: Acted,
    pub deed: Deed,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A step was taken.
    Step(Box<StepTaken>),
    /// A deadline's reminder came (`false`) or the deadline passed (`true`).
    Passed { deadline: String, late: bool },
    /// A part of this record was opened or closed, or told something that this record reads.
    Part(Box<PartNews>),
    /// A part of this record stands under another one from here on.
    Left(Box<PartLeft>),
    /// Somebody looked at personal fields, for a stated purpose.
    Look { fields: Vec<String>, purpose: String },
    /// The personal values of these fields, and all earlier ones, were erased: their key is gone.
    /// `reason` is empty when their time of keeping had ended.
    Erased { fields: Vec<String>, reason: String },
}

/// A step and all it changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StepTaken {
    pub step: String,
    /// The state after; `None` keeps it.
    pub to: Option<String>,
    /// Present on the first event of a record, and where it is put under another one: its number stays.
    pub opening: Option<Opening>,
    /// The record's place, when it was set or moved.
    pub place: Option<String>,
    pub set: BTreeMap<String, Value>,
    pub cleared: Vec<String>,
    pub clocks: Vec<(String, ClockChange)>,
}

/// What a part told, and what followed from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartNews {
    pub part: Part,
    /// Computed fields that have another value now.
    pub set: BTreeMap<String, Value>,
    pub cleared: Vec<String>,
}

/// A part that was put under another record, and what followed from it here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartLeft {
    pub mechanism: String,
    pub part: RecordId,
    /// Where it stands now.
    pub to: RecordId,
    /// Computed fields that have another value now.
    pub set: BTreeMap<String, Value>,
    pub cleared: Vec<String>,
}

/// A record's number, and under which one it stands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Opening {
    pub number: String,
    pub parent: Option<RecordId>,
    /// The records above the parent, from the top.
    pub above: Vec<RecordId>,
}

/// A change of a deadline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClockChange {
    Started(Derivation),
    /// Done in time, or after it had passed.
    Met,
    /// No longer needed.
    Dropped,
    Paused,
    /// Runs again, with the due time found anew.
    Resumed(Derivation),
    /// Moved with somebody's approval.
    Extended(Derivation),
}

impl Event {
    /// The mechanism of an event's canonical bytes, without reading the rest.
    pub fn mechanism_of(bytes: &[u8]) -> Result<&str, Error> {
        let mut input = Decoder::new(bytes);
        expect_array(&mut input, 7)?;
        input.skip()?;
        input.str()
    }
}

impl Canon for Event {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 7);
        self.record.put(out);
        self.mechanism.put(out);
        self.version.put(out);
        self.revision.put(out);
        self.at.put(out);
        self.by.put(out);
        self.deed.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 7)?;
        Ok(Event {
            record: Canon::take(input)?,
            mechanism: Canon::take(input)?,
            version: Canon::take(input)?,
            revision: Canon::take(input)?,
            at: Canon::take(input)?,
            by: Canon::take(input)?,
            deed: Canon::take(input)?,
        })
    }
}

impl Canon for Deed {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Deed::Step(taken) => {
                array(out, 8);
                0u8.put(out);
                taken.step.put(out);
                taken.to.put(out);
                taken.opening.put(out);
                taken.place.put(out);
                taken.set.put(out);
                taken.cleared.put(out);
                taken.clocks.put(out);
            }
            Deed::Passed { deadline, late } => {
                array(out, 3);
                1u8.put(out);
                deadline.put(out);
                late.put(out);
            }
            Deed::Part(news) => {
                let PartNews { part, set, cleared } = &**news;
                let more = !part.told.is_empty() || !set.is_empty() || !cleared.is_empty();
                array(out, if more { 7 } else { 4 });
                2u8.put(out);
                part.mechanism.put(out);
                part.id.put(out);
                part.open.put(out);
                if more {
                    part.told.put(out);
                    set.put(out);
                    cleared.put(out);
                }
            }
            Deed::Left(left) => {
                array(out, 6);
                5u8.put(out);
                left.mechanism.put(out);
                left.part.put(out);
                left.to.put(out);
                left.set.put(out);
                left.cleared.put(out);
            }
            Deed::Look { fields, purpose } => {
                array(out, 3);
                3u8.put(out);
                fields.put(out);
                purpose.put(out);
            }
            Deed::Erased { fields, reason } => {
                array(out, 3);
                4u8.put(out);
                fields.put(out);
                reason.put(out);
            }
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        let len = input.array()?.ok_or(Error::message("an array without length"))?;
        Ok(match (input.u8()?, len) {
            (0, 8) => Deed::Step(Box::new(StepTaken {
                step: Canon::take(input)?,
                to: Canon::take(input)?,
                opening: Canon::take(input)?,
                place: Canon::take(input)?,
                set: Canon::take(input)?,
                cleared: Canon::take(input)?,
                clocks: Canon::take(input)?,
            })),
            (1, 3) => Deed::Passed { deadline: Canon::take(input)?, late: Canon::take(input)? },
            (2, 4 | 7) => {
                let (mechanism, id, open) = (Canon::take(input)?, Canon::take(input)?, Canon::take(input)?);
                let mut news = PartNews {
                    part: Part { mechanism, id, open, told: BTreeMap::new() },
                    set: BTreeMap::new(),
                    cleared: Vec::new(),
                };
                if len == 7 {
                    news.part.told = Canon::take(input)?;
                    news.set = Canon::take(input)?;
                    news.cleared = Canon::take(input)?;
                    if news.part.told.is_empty() && news.set.is_empty() && news.cleared.is_empty() {
                        return Err(Error::message("an empty member"));
                    }
                }
                Deed::Part(Box::new(news))
            }
            (3, 3) => Deed::Look { fields: Canon::take(input)?, purpose: Canon::take(input)? },
            (4, 3) => Deed::Erased { fields: Canon::take(input)?, reason: Canon::take(input)? },
            (5, 6) => Deed::Left(Box::new(PartLeft {
                mechanism: Canon::take(input)?,
                part: Canon::take(input)?,
                to: Canon::take(input)?,
                set: Canon::take(input)?,
                cleared: Canon::take(input)?,
            })),
            _ => return Err(Error::message("no kind of deed")),
        })
    }
}

impl Canon for Opening {
    fn put(&self, out: &mut Out<'_>) {
        array(out, if self.above.is_empty() { 2 } else { 3 });
        self.number.put(out);
        self.parent.put(out);
        if !self.above.is_empty() {
            self.above.put(out);
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        let more = expect_either(input, 2, 3)?;
        Ok(Opening { number: Canon::take(input)?, parent: Canon::take(input)?, above: take_if(more, input)? })
    }
}

impl Canon for ClockChange {
    fn put(&self, out: &mut Out<'_>) {
        let (tag, derivation) = match self {
            ClockChange::Met => (0u8, None),
            ClockChange::Dropped => (1, None),
            ClockChange::Paused => (2, None),
            ClockChange::Started(d) => (3, Some(d)),
            ClockChange::Resumed(d) => (4, Some(d)),
            ClockChange::Extended(d) => (5, Some(d)),
        };
        array(out, 2);
        tag.put(out);
        match derivation {
            Some(derivation) => derivation.put(out),
            None => None::<Derivation>.put(out),
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 2)?;
        let tag = input.u8()?;
        let derivation: Option<Derivation> = Canon::take(input)?;
        Ok(match (tag, derivation) {
            (0, None) => ClockChange::Met,
            (1, None) => ClockChange::Dropped,
            (2, None) => ClockChange::Paused,
            (3, Some(d)) => ClockChange::Started(d),
            (4, Some(d)) => ClockChange::Resumed(d),
            (5, Some(d)) => ClockChange::Extended(d),
            _ => return Err(Error::message("no change of a deadline")),
        })
    }
}
