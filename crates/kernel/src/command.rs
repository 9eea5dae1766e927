//! Commands: what somebody wants done, before anything is decided.

use std::collections::BTreeMap;

use gongzhi_base::canon::Canon;
use gongzhi_base::{CommandId, Digest, FileRef, RecordId, Timestamp, Value};

use gongzhi_lang::model::Mechanism;

use crate::actor::Actor;

/// A command with everything that deciding it needs from outside: who, when, and identifiers.
#[derive(Clone, Debug)]
pub struct Command {
    pub id: CommandId,
    pub actor: Actor,
    /// The time at which it is decided.
    pub at: Timestamp,
    pub order: Order,
}

/// What is wanted.
#[derive(Clone, PartialEq, Debug)]
pub enum Order {
    /// Open a record by one of the mechanism's opening steps. `id` comes from outside.
    Open { mechanism: String, step: String, id: RecordId, input: Input },
    /// Take a step of a record. `expect` is the revision that the person saw; `None` means that any
    /// will do.
    Step { record: RecordId, step: String, expect: Option<u64>, input: Input },
    /// The day came on which a record opens by itself: for this period (its first day) and, where the
    /// document goes over records, for this one of them. `id` is what [`crate::recurs::id`] gives.
    Recur { mechanism: String, period: gongzhi_base::Date, item: Option<RecordId>, id: RecordId },
    /// A timer came: remind of a deadline or note that it passed.
    Elapse { record: RecordId, deadline: String },
    /// Look at personal fields, stating why; at those of them that hold something.
    Look { record: RecordId, fields: Vec<String>, purpose: String },
    /// Erase the record's personal values for good, stating why.
    Erase { record: RecordId, reason: String },
}

impl Order {
    /// The record it is about.
    pub fn record(&self) -> RecordId {
        match self {
            Order::Open { id, .. } | Order::Recur { id, .. } => *id,
            Order::Step { record, .. }
            | Order::Elapse { record, .. }
            | Order::Look { record, .. }
            | Order::Erase { record, .. } => *record,
        }
    }
}

/// Values as they came in, by field.
pub type Input = BTreeMap<String, Raw>;

/// A value before its field's type is known.
#[derive(Clone, PartialEq, Debug)]
pub enum Raw {
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Raw>),
    /// A row of a table, by column.
    Row(BTreeMap<String, Raw>),
    /// A file already kept and looked at.
    File(FileRef),
    /// A position in degrees, latitude first.
    Point(f64, f64),
    /// A value that needs no reading: computed by a mechanism.
    Typed(Value),
}

impl Command {
    /// A digest of what the command says (without time and fresh identifiers), to notice that an
    /// identifier is used again for something else.
    ///
    /// Of personal fields of the mechanism only their presence counts: nothing that is kept may let
    /// anybody guess them.
    pub fn digest(&self, mechanism: Option<&Mechanism>) -> Digest {
        let personal =
            |name: &str| mechanism.and_then(|m| m.field(name)).is_some_and(|f| f.personal.is_some());
        let plain = |input: &Input| -> String {
            let values: Vec<(&String, Option<&Raw>)> =
                input.iter().map(|(name, raw)| (name, (!personal(name)).then_some(raw))).collect();
            format!("{values:?}")
        };
        let mut text = String::new();
        match &self.order {
            Order::Open { mechanism, step, input, .. } => {
                text.push_str(&format!("open\0{mechanism}\0{step}\0{}", plain(input)));
            }
            Order::Step { record, step, input, .. } => {
                text.push_str(&format!("step\0{record}\0{step}\0{}", plain(input)));
            }
            Order::Recur { mechanism, period, item, .. } => {
                text.push_str(&format!("recur\0{mechanism}\0{period}\0{item:?}"));
            }
            Order::Elapse { record, deadline } => text.push_str(&format!("elapse\0{record}\0{deadline}")),
            Order::Look { record, fields, purpose } => {
                text.push_str(&format!("look\0{record}\0{fields:?}\0{purpose}"));
            }
            Order::Erase { record, reason } => text.push_str(&format!("erase\0{record}\0{reason}")),
        }
        let who = match &self.actor {
            Actor::Public => "public".to_owned(),
            Actor::Holder(record) => format!("holder {record}"),
            Actor::Person { code, .. } => format!("person {code}"),
            Actor::System => "system".to_owned(),
        };
        Digest::of_parts(&[who.as_bytes(), text.as_bytes(), &self.id.as_str().to_owned().to_bytes()])
    }
}
