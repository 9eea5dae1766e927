//! Which records commands need, so that they are read together.

use gongzhi_base::{RecordId, Timestamp, Value};
use gongzhi_kernel::world::World;
use gongzhi_kernel::{Command, Laws, Order, Raw, Record, recurs};

/// Records that a command names.
pub fn named(command: &Command) -> Vec<RecordId> {
    let mut ids = vec![command.order.record()];
    if let Order::Recur { item: Some(item), .. } = &command.order {
        ids.push(*item);
    }
    if let Order::Open { input, .. } | Order::Step { input, .. } = &command.order {
        ids.extend(input.values().filter_map(|raw| match raw {
            Raw::Text(text) if text.len() == 32 => text.parse::<RecordId>().ok(),
            _ => None,
        }));
    }
    ids
}

/// Records of the periods before, newest first, where what opens by itself takes something over from one.
pub fn earlier<'a>(
    command: &'a Command,
    laws: &'a Laws,
    world: &'a World,
    since: Option<Timestamp>,
) -> impl Iterator<Item = RecordId> + 'a {
    let rule = match &command.order {
        Order::Recur { mechanism, period, item, .. } => laws
            .newest(mechanism)
            .and_then(|law| law.recurs.as_ref())
            .filter(|rule| rule.previous.is_some())
            .map(|rule| (rule, mechanism, *period, *item)),
        _ => None,
    };
    rule.into_iter().flat_map(move |(rule, mechanism, period, item)| {
        recurs::earlier(rule, mechanism, period, item, since, world)
    })
}

/// Records that a record points at.
pub fn cited(record: &Record) -> Vec<RecordId> {
    let fields = record.fields.values().filter_map(|value| match value {
        Value::Record(id) => Some(*id),
        _ => None,
    });
    fields.chain(record.parent).collect()
}
