//! A line of progress on standard error: in place on a terminal, now and then elsewhere.

use std::io::IsTerminal as _;
use std::sync::Arc;

use gongzhi_base::Timestamp;
use gongzhi_service::Ambient;

/// Milliseconds between two lines on a terminal, and in a file.
const EVERY: [i64; 2] = [200, 10_000];

/// The line.
pub struct Line {
    clock: Arc<dyn Ambient>,
    terminal: bool,
    begun: Timestamp,
    last: Timestamp,
}

impl Line {
    /// A line that begins now.
    pub fn new(clock: Arc<dyn Ambient>) -> Line {
        let begun = clock.now();
        Line { clock, terminal: std::io::stderr().is_terminal(), begun, last: begun }
    }

    /// Shows how far something is, if the last time is long enough ago.
    pub fn show(&mut self, what: &str, done: u64, of: u64) {
        let now = self.clock.now();
        let every = EVERY[usize::from(!self.terminal)];
        if now.0 - self.last.0 < every && done < of {
            return;
        }
        self.last = now;
        let share = if of == 0 { 100 } else { done.saturating_mul(100) / of };
        let seconds = (now.0 - self.begun.0).max(1) as f64 / 1_000.0;
        let text = format!("{what}: {done} of {of} ({share} %), {:.0} a second", done as f64 / seconds);
        if self.terminal { eprint!("\r{text}\x1b[K") } else { eprintln!("{text}") }
    }

    /// Leaves the line.
    pub fn end(&self) {
        if self.terminal {
            eprintln!();
        }
    }
}
