//! Entries in the order of their times.

use std::borrow::Cow;

use gongzhi_base::Timestamp;
use gongzhi_kernel::Command;
use gongzhi_kernel::chain::LAG;
use gongzhi_store::{Ledger, StoreError};

use crate::failure::Failure;
use crate::log::RESUMED;

/// The command dated not before the last entry: clocks of two nodes differ, and commands overtake each other. A clock
/// that lies far behind is wrong, and what it dates would be believed for good.
pub(super) fn in_order<'c>(
    ledger: &dyn Ledger,
    last: Timestamp,
    command: &'c Command,
) -> Result<Cow<'c, Command>, Failure> {
    let behind = last.0.saturating_sub(command.at.0);
    if behind <= 0 {
        return Ok(Cow::Borrowed(command));
    }
    if behind > LAG && !resumed(ledger, last)? {
        metrics::counter!("gongzhi_clock_behind").increment(1);
        let minutes = behind / 60_000;
        tracing::error!(minutes, "the clock is behind the last entry: no command is taken");
        return Err(Failure::Clock { minutes });
    }
    Ok(Cow::Owned(Command { at: last, ..command.clone() }))
}

/// Whether an administrator lets the log go on although its last entry lies ahead of the clock.
fn resumed(ledger: &dyn Ledger, time: Timestamp) -> Result<bool, StoreError> {
    Ok(ledger.setting(RESUMED)?.is_some_and(|mark| mark == time.0.to_string().into_bytes()))
}
