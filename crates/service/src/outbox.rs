//! What people are told: notices in the application and, as each chooses, messages by e-mail or to
//! a chat robot, at once or once a day.

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_base::RecordId;
use gongzhi_kernel::notice::{self, Notice};
use gongzhi_kernel::{Event, Laws, Record, World};

/// What an event tells, in the light of the records after its decision.
pub(crate) fn of_event(
    laws: &Laws,
    world: &World,
    event: &Event,
    after: &BTreeMap<RecordId, Arc<Record>>,
) -> Vec<Notice> {
    match (laws.version(&event.mechanism, event.version), after.get(&event.record)) {
        (Some(mechanism), Some(record)) => notice::of_event(mechanism, event, record, world),
        _ => Vec::new(),
    }
}
