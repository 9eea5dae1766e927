//! Taking turns with other nodes that write the same ledger.
//!
//! A group is decided on the head that this node knows. Where another node moves the head meanwhile, that was in
//! vain, and the group is decided again on what the other wrote. As long as this is rare nothing is cheaper. A node
//! that loses again and again stands in line instead: it waits for its turn, takes in what was written, decides and
//! commits, while nobody else does. So each group waits for one group of each other node at most. Whoever finds at
//! its turn that nobody else has written goes back to deciding ahead.

use std::time::Duration;

use gongzhi_store::StoreError;

use super::Writer;

/// Races lost in a row after which a node stands in line.
const FEW: u64 = 2;
/// Turns in a row at which nobody else had written, after which it does so no more.
const QUIET: u32 = 4;

impl Writer {
    /// Another node came first: whatever is decided next is decided on what that one wrote.
    pub(super) fn lost_a_race(&mut self) -> Result<(), StoreError> {
        self.lost += 1;
        if self.lost >= FEW {
            self.turns = QUIET;
            return Ok(());
        }
        self.catch_up()?;
        // Two nodes that lost to each other must not keep step.
        let chance = u64::from(self.means.ambient.sixteen()[0]);
        std::thread::sleep(Duration::from_micros(chance * 8));
        Ok(())
    }

    /// Before the first command of a group: waits for this node's turn, if others write too.
    pub(super) fn turn_if_crowded(&mut self) -> Result<(), StoreError> {
        match self.turns > 0 && self.under_way.is_none() && self.making.is_none() {
            true => self.turn(),
            false => Ok(()),
        }
    }

    /// Waits for this node's turn and takes in what the others wrote. Nothing may be under way. The turn ends with
    /// the next commit; whoever has nothing to commit lets it go.
    pub(super) fn turn(&mut self) -> Result<(), StoreError> {
        metrics::counter!("gongzhi_group_turns").increment(1);
        let head = self.means.ledger.turn()?;
        self.turns = if head == self.at.head { self.turns.saturating_sub(1) } else { QUIET };
        self.catch_up_with(head).inspect_err(|_| self.means.ledger.let_go())
    }
}
