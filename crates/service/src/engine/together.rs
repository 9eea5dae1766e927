//! Commands that are carried out all or none, in one durable transaction of their own.

use gongzhi_base::RecordId;
use gongzhi_kernel::{Command, Refusal};
use gongzhi_store::StoreError;
use tokio::sync::oneshot;

use super::group::{AtHand, Group};
use super::{Outcome, TRIES, Writer};
use crate::failure::Failure;

/// Why nothing was done: the position of the command refused, if it was one of them, and why.
pub type Halted = (Option<usize>, Failure);

pub(super) struct Together {
    pub commands: Vec<Command>,
    /// Records on which they rest, each at the revision that it must still have.
    pub seen: Vec<(RecordId, u64)>,
    pub reply: oneshot::Sender<Result<Vec<Outcome>, Halted>>,
}

impl Writer {
    /// Decides the commands in a group of their own, on what is durable; the first that is refused
    /// ends it, and nothing of it was made durable.
    pub(super) fn together(&mut self, together: Together) {
        let result = self.all(&together);
        let _ = together.reply.send(result);
    }

    fn all(&mut self, together: &Together) -> Result<Vec<Outcome>, Halted> {
        let mut lost = 0;
        loop {
            self.finish();
            if lost > 0 || self.turns > 0 {
                self.turn().map_err(|error| (None, Failure::Store(error)))?;
            }
            if let Err(error) = self.fresh_laws() {
                self.means.ledger.let_go();
                return Err((None, Failure::Store(error)));
            }
            let laws = self.means.state.load().laws.clone();
            let mut group = Group::new(self.at.clone());
            let (kept, recent) = (&mut self.kept, &mut self.recent);
            let mut at_hand = AtHand { ahead: None, kept, recent, careful: true };
            let all = group.all(&self.means, &laws, &mut at_hand, &together.commands, &together.seen);
            let outcomes = match all {
                Ok(outcomes) if group.writes() => outcomes,
                ended => {
                    self.means.ledger.let_go();
                    return ended;
                }
            };
            // What is kept in memory counts under the places of before.
            if group.moves() {
                self.kept.clear();
            }
            let (ahead, decided) = group.close(&laws);
            self.under_way = Some(ahead);
            self.committer.commit(decided);
            let Some(settled) = self.committer.wait() else {
                self.under_way = None;
                return Err((None, Failure::Busy));
            };
            let result = settled.result.clone();
            // Another node that came first is followed there.
            self.settled(settled);
            match result {
                Ok(()) => return Ok(outcomes),
                Err(StoreError::Conflict) if lost < TRIES => lost += 1,
                Err(error) => return Err((None, Failure::Store(error))),
            }
        }
    }
}

/// A record is not as it was when the commands were made.
pub(super) fn moved_on(seen: u64, record: Option<&gongzhi_kernel::Record>) -> Halted {
    let refusal = match record {
        Some(record) => Refusal::Stale { seen, now: record.revision, changed: record.changed },
        None => Refusal::NoRecord,
    };
    (None, Failure::Refused(refusal))
}
