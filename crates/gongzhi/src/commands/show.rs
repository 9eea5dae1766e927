//! What commands share: a line of progress, private files, and who may run beside whom.

use std::fs::File;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use gongzhi_base::Timestamp;
use gongzhi_service::Ambient;

use super::Fault;
use super::words::words;

/// Milliseconds between two lines on a terminal, and in a file.
const EVERY: [i64; 2] = [200, 10_000];

/// A line of progress on standard error: in place on a terminal, now and then elsewhere.
pub struct Line {
    clock: Arc<dyn Ambient>,
    terminal: bool,
    what: String,
    begun: Timestamp,
    last: Timestamp,
}

impl Line {
    /// A line that begins now.
    pub fn new(clock: Arc<dyn Ambient>) -> Line {
        let begun = clock.now();
        Line { clock, terminal: std::io::stderr().is_terminal(), what: String::new(), begun, last: begun }
    }

    /// Shows how far something is (`progress-WHAT` in the locale files), if the last time is long enough ago.
    pub fn show(&mut self, what: &str, done: u64, of: u64) {
        let now = self.clock.now();
        if self.what != what {
            // What comes first began with the line: it is told of when a part of it is done.
            if !self.what.is_empty() {
                self.begun = now;
            }
            what.clone_into(&mut self.what);
        }
        let every = EVERY[usize::from(!self.terminal)];
        if now.0 - self.last.0 < every {
            return;
        }
        self.last = now;
        let share = done.saturating_mul(100).checked_div(of).unwrap_or(100);
        let text = words(
            "progress",
            [
                ("what", words(&format!("progress-{what}"), [])),
                ("done", done.to_string()),
                ("of", of.to_string()),
                ("share", share.to_string()),
                ("rate", self.rate(done).to_string()),
            ],
        );
        if self.terminal { eprint!("\r{text}\x1b[K") } else { eprintln!("{text}") }
    }

    /// How many a second so far.
    pub fn rate(&self, done: u64) -> u64 {
        done.saturating_mul(1_000) / (self.clock.now().0 - self.begun.0).max(1).unsigned_abs()
    }

    /// Leaves the line.
    pub fn end(&self) {
        if self.terminal {
            eprintln!();
        }
    }
}

/// A new file that only its owner may read.
pub fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes a new file that only its owner may read.
pub fn private(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    use std::io::Write as _;
    let write = || {
        let mut file = private_file(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error: std::io::Error| Fault::file(path, &error))
}

/// Makes a new or moved name durable.
pub fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => File::open(".")?.sync_all(),
    }
}

/// The file by which servers and commands on one directory know of each other.
pub const LOCK: &str = "serving.lock";

fn lock_file(dir: &Path) -> Result<File, Fault> {
    let open = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(LOCK));
    open.map_err(|error| Fault::file(&dir.join(LOCK), &error))
}

/// Whether somebody has a directory for himself now.
pub fn is_taken(dir: &Path) -> bool {
    File::open(dir.join(LOCK)).is_ok_and(|file| file.try_lock_shared().is_err())
}

/// Taken while a server runs on a directory or a backup is made of it; several may.
pub fn serving(dir: &Path) -> Result<File, Fault> {
    let file = lock_file(dir)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        Err(_) => Err(Fault::told("place-taken", [("dir", dir.display().to_string())])),
    }
}

/// Taken by commands that no server may run beside.
pub fn alone(dir: &Path) -> Result<File, Fault> {
    let file = lock_file(dir)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => Err(Fault::told("place-served", [("dir", dir.display().to_string())])),
    }
}
