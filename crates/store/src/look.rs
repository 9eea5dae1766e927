//! The list of looks at personal values: where each stands in the ledger, by time and by person.

use gongzhi_base::Timestamp;
use gongzhi_kernel::{Acted, Deed, Event};

/// A look at personal values. What was looked at and why stands in its entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Look {
    /// Sequence of its entry.
    pub seq: u64,
    pub at: Timestamp,
    /// Code of the person of the staff who looked; empty for anybody else.
    pub person: String,
}

impl Look {
    /// The look that an entry's event tells, if it tells one.
    pub fn of(seq: u64, event: &Event) -> Option<Look> {
        let Deed::Look { .. } = event.deed else { return None };
        let person = match &event.by {
            Acted::Person { code, .. } => code.clone(),
            Acted::Public | Acted::Holder | Acted::System => String::new(),
        };
        Some(Look { seq, at: event.at, person })
    }
}

/// Which looks, newest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookQuery {
    pub from: Timestamp,
    /// Up to before this time.
    pub to: Timestamp,
    pub person: Option<String>,
    /// Continue after this one (its time and sequence).
    pub after: Option<(Timestamp, u64)>,
    pub limit: u32,
}
