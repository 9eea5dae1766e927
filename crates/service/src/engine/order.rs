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
    if last <= command.at {
        return Ok(Cow::Borrowed(command));
    }
    if let Some(minutes) = behind(ledger, last, command.at)? {
        metrics::counter!("gongzhi_clock_behind").increment(1);
        tracing::error!(minutes, "the clock is behind the last entry: no command is taken");
        return Err(Failure::Clock { minutes });
    }
    Ok(Cow::Owned(Command { at: last, ..command.clone() }))
}

/// By how many minutes a clock lies too far behind the last entry for any command to be taken; `None` where it does not.
pub(super) fn behind(
    ledger: &dyn Ledger,
    last: Timestamp,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let behind = last.0.saturating_sub(now.0);
    Ok(if behind > LAG && !resumed(ledger, last)? { Some(behind / 60_000) } else { None })
}

/// Whether an administrator lets the log go on although its last entry lies ahead of the clock.
fn resumed(ledger: &dyn Ledger, time: Timestamp) -> Result<bool, StoreError> {
    Ok(ledger.setting(RESUMED)?.is_some_and(|mark| mark == time.0.to_string().into_bytes()))
}
