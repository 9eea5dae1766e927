//! A PostgreSQL server whose files lie on a disk of their own, small enough to be filled.
//!
//! The disk is a `tmpfs` in a mount namespace of the test's, so that it needs no rights; the server runs there in a user
//! namespace of its own again, as it refuses to be anything like root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::postgres::programs;

/// The port by which the socket is named.
const PORT: u16 = 5500;

/// A running server; it ends with this value.
pub struct Small {
    child: Child,
    home: tempfile::TempDir,
}

impl Small {
    /// Starts a server on an empty disk of so many megabytes, of which it takes some thirty.
    pub fn new(megabytes: u32) -> Small {
        let home = tempfile::tempdir().expect("a directory");
        let path = |name: &str| home.path().join(name).display().to_string();
        let (disk, socket) = (path("disk"), path("socket"));
        for dir in [&disk, &socket] {
            fs::create_dir(dir).expect("a directory");
        }
        let programs = programs();
        let programs = programs.display();
        // It is started again by itself when it has ended: after a crash, as an operator or his system would do it.
        let server = format!(
            "{programs}/initdb --wal-segsize=1 -E UTF8 --locale=C -A trust -U postgres -D {disk}/data >/dev/null || exit 1
             while true; do
                 {programs}/postgres -D {disk}/data -k {socket} -p {PORT} -c listen_addresses= -c shared_buffers=16MB \
                     -c max_wal_size=8MB -c min_wal_size=2MB
                 sleep 0.2
             done"
        );
        let script = format!(
            "mount -t tmpfs -o size={megabytes}m,mode=0777 none {disk} && \
             exec unshare -U --map-user=1000 --map-group=1000 sh -c '{server}'"
        );
        let child = Command::new("unshare")
            .args(["-Urm", "--pid", "--fork", "--kill-child", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("unshare");
        let small = Small { child, home };
        assert!((0..600).any(|_| small.answers()), "the server does not start");
        small
    }

    /// How the product reaches it.
    pub fn url(&self) -> String {
        let socket = self.home.path().join("socket").display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{socket}:{PORT}/postgres")
    }

    /// The disk as the server sees it, from outside.
    pub fn disk(&self) -> PathBuf {
        let inside = |pid: u32| -> PathBuf {
            format!("/proc/{pid}/root{}", self.home.path().join("disk").display()).into()
        };
        // The namespace is that of the program which `unshare` has begun.
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let first = children.split_whitespace().next().and_then(|pid| pid.parse().ok());
        inside(first.unwrap_or(pid))
    }

    /// Whether it answers, after a moment if not.
    fn answers(&self) -> bool {
        let answers = self.psql("SELECT 1").is_some();
        if !answers {
            std::thread::sleep(Duration::from_millis(100));
        }
        answers
    }

    /// What a statement gives; `None` where the server does not answer or refuses.
    pub fn psql(&self, text: &str) -> Option<String> {
        let socket = self.home.path().join("socket");
        let mut psql = Command::new(programs().join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-U", "postgres", "-h"]).arg(socket);
        let output = psql.args(["-p", &PORT.to_string(), "-c", text]).output().expect("psql");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // All that runs in its namespace of processes ends with the first one.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Fills a disk to its last byte; the file that does it.
pub fn fill(disk: &Path) -> PathBuf {
    let ballast = disk.join("ballast");
    let filled = fs::write(&ballast, vec![0; 256 << 20]).expect_err("no room");
    assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);
    ballast
}
