//! Commands: what somebody wants done, before anything is decided.

use std::collections::BTreeMap;

use gongzhi_base::canon::{Canon, Out, array, ok};
use gongzhi_base::{CommandId, Digest, FileRef, RecordId, Timestamp, Value};

use gongzhi_lang::model::Mechanism;
use minicbor::Encoder;

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
    /// anybody guess them. The digest is kept with the answer: what it is taken over must not change.
    pub fn digest(&self, mechanism: Option<&Mechanism>) -> Digest {
        let mut said = Vec::with_capacity(256);
        let out = &mut Encoder::new(&mut said);
        let text = |out: &mut Out<'_>, text: &str| ok(out.str(text));
        match &self.order {
            Order::Open { mechanism: name, step, input, .. } => {
                array(out, 4);
                text(out, "open");
                text(out, name);
                text(out, step);
                put_input(out, input, mechanism);
            }
            Order::Step { record, step, input, .. } => {
                array(out, 4);
                text(out, "step");
                record.put(out);
                text(out, step);
                put_input(out, input, mechanism);
            }
            Order::Recur { mechanism, period, item, .. } => {
                array(out, 4);
                text(out, "recur");
                text(out, mechanism);
                period.put(out);
                item.put(out);
            }
            Order::Elapse { record, deadline } => {
                array(out, 3);
                text(out, "elapse");
                record.put(out);
                text(out, deadline);
            }
            Order::Look { record, fields, purpose } => {
                array(out, 4);
                text(out, "look");
                record.put(out);
                fields.put(out);
                text(out, purpose);
            }
            Order::Erase { record, reason } => {
                array(out, 3);
                text(out, "erase");
                record.put(out);
                text(out, reason);
            }
        }
        let who = match &self.actor {
            Actor::Public => "public".to_owned(),
            Actor::Holder(record) => format!("holder {record}"),
            Actor::Person { code, .. } => format!("person {code}"),
            Actor::System => "system".to_owned(),
        };
        Digest::of_parts(&[who.as_bytes(), &said, self.id.as_str().as_bytes()])
    }
}

/// Values by field; of a personal one only that it is there.
fn put_input(out: &mut Out<'_>, input: &Input, mechanism: Option<&Mechanism>) {
    let personal = |name: &str| mechanism.and_then(|m| m.field(name)).is_some_and(|f| f.personal.is_some());
    array(out, input.len());
    for (name, raw) in input {
        array(out, 2);
        name.put(out);
        if personal(name) { ok(out.null()) } else { put_raw(out, raw) }
    }
}

/// A value under a number for its kind: what is another value has other bytes.
fn put_raw(out: &mut Out<'_>, raw: &Raw) {
    array(out, 2);
    let kind = |out: &mut Out<'_>, number: u8| ok(out.u8(number));
    match raw {
        Raw::Bool(yes) => {
            kind(out, 0);
            yes.put(out);
        }
        Raw::Int(number) => {
            kind(out, 1);
            number.put(out);
        }
        Raw::Text(text) => {
            kind(out, 2);
            text.put(out);
        }
        Raw::List(items) => {
            kind(out, 3);
            array(out, items.len());
            items.iter().for_each(|item| put_raw(out, item));
        }
        Raw::Row(cells) => {
            kind(out, 4);
            put_input(out, cells, None);
        }
        Raw::File(file) => {
            kind(out, 5);
            file.put(out);
        }
        Raw::Point(lat, lon) => {
            kind(out, 6);
            array(out, 2);
            ok(out.u64(lat.to_bits()));
            ok(out.u64(lon.to_bits()));
        }
        Raw::Typed(value) => {
            kind(out, 7);
            value.put(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(input: &[(&str, Raw)]) -> Command {
        let input = input.iter().map(|(name, raw)| ((*name).to_owned(), raw.clone())).collect();
        Command {
            id: CommandId::new("command-1").expect("an identifier"),
            actor: Actor::Public,
            at: Timestamp(1),
            order: Order::Open { mechanism: "m".into(), step: "s".into(), id: RecordId([1; 16]), input },
        }
    }

    #[test]
    fn whatever_says_something_else_has_another_digest() {
        let text = |text: &str| Raw::Text(text.to_owned());
        let row = |cells: &[(&str, Raw)]| {
            Raw::Row(cells.iter().map(|(name, raw)| ((*name).to_owned(), raw.clone())).collect())
        };
        let said = [
            vec![],
            vec![("a", text(""))],
            vec![("a", text("1"))],
            vec![("a", Raw::Int(1))],
            vec![("a", Raw::Bool(true))],
            vec![("a", Raw::List(vec![text("1")]))],
            vec![("a", Raw::List(vec![text("1"), text("")]))],
            vec![("a", Raw::List(vec![Raw::List(vec![text("1")]), text("")]))],
            vec![("a", row(&[]))],
            vec![("a", row(&[("b", text("1"))]))],
            vec![("a", Raw::Point(1.0, 2.0))],
            vec![("a", Raw::Point(2.0, 1.0))],
            vec![("a", Raw::Typed(Value::Int(1)))],
            vec![("a", text("1")), ("b", text(""))],
            vec![("a", text("")), ("b", text("1"))],
        ];
        let digests: std::collections::BTreeSet<Digest> =
            said.iter().map(|input| open(input).digest(None)).collect();
        assert_eq!(digests.len(), said.len());
        // When it is decided and under which fresh identifier makes no difference.
        let (first, mut again) = (open(&said[2]), open(&said[2]));
        again.at = Timestamp(2);
        if let Order::Open { id, .. } = &mut again.order {
            *id = RecordId([2; 16]);
        }
        assert_eq!(first.digest(None), again.digest(None));
    }

    #[test]
    fn a_digest_that_was_kept_is_found_again() {
        let command = open(&[("a", Raw::Text("停水".into())), ("b", Raw::Int(-1))]);
        assert_eq!(
            command.digest(None).to_string(),
            "74a07240ce25f8b3436906af21b416b7c72fb7f49147052dc9cecb76f4ed4fe8"
        );
    }
}
