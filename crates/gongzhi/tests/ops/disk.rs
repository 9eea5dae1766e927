//! A full disk: a real small one, filled and emptied below a running server, and below the PostgreSQL of one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gongzhi_testkit::small::{Small, fill};

use crate::county::{BINARY, Place, gongzhi, good};
use crate::server::Server;

/// A server whose data lie on a disk of 24 MB, in a mount namespace of its own.
fn start(county: &Path, disk: &Path) -> Server {
    std::fs::create_dir_all(disk).expect("a directory");
    let script = format!(
        "mount -t tmpfs -o size=24m none '{disk}' && cp -a '{county}'/. '{disk}' && exec '{BINARY}' serve --port 0 --data '{disk}'",
        disk = disk.display(),
        county = county.display(),
    );
    let mut command = Command::new("unshare");
    command.args(["-Urm", "sh", "-c", &script]);
    Server::of(command)
}

/// Reports sent to a server whose disk fills, and which commands were acknowledged.
struct Reports<'s> {
    server: &'s Server,
    acknowledged: Vec<String>,
}

impl Reports<'_> {
    fn put(&self, command: &str) -> (u16, String) {
        self.server.report(command, &"路灯坏了，晚上看不见路。".repeat(12))
    }

    fn send(&mut self, n: usize) -> (u16, String) {
        let command = format!("disk-{n:05}");
        let (status, body) = self.put(&command);
        if (200..300).contains(&status) {
            self.acknowledged.push(command);
        }
        (status, body)
    }

    /// Sends until one is refused, in words that say so; gives which one.
    fn until_refused(&mut self, most: usize, refusals: &[u16]) -> usize {
        for n in 1..most {
            let (status, body) = self.send(n);
            if refusals.contains(&status) {
                assert!(body.contains("not saved") || body.contains("safe"), "{body}");
                return n;
            }
            assert!((200..300).contains(&status), "{status} {body}");
        }
        panic!("it was never refused")
    }

    /// Sends one again and again until it is taken.
    fn until_taken(&mut self, n: usize, tries: usize) {
        for _ in 0..tries {
            if (200..300).contains(&self.send(n).0) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("it did not recover")
    }

    /// Sends all that was acknowledged once more; gives them, each once.
    fn again(mut self) -> Vec<String> {
        for command in &self.acknowledged {
            let (status, body) = self.put(command);
            assert!((200..300).contains(&status), "{command}: {status} {body}");
        }
        self.acknowledged.dedup();
        self.acknowledged
    }
}

#[test]
fn a_full_disk_is_said_loses_nothing_and_is_recovered_from() {
    let place = Place::new();
    let (county, disk) = (place.county("county"), place.path("disk"));
    let server = start(&county, &disk);
    // The server's own view of its disk, from outside of its namespace.
    let inside: PathBuf = format!("/proc/{}/root{}", server.child.id(), disk.display()).into();
    let mut reports = Reports { server: &server, acknowledged: Vec::new() };
    assert!((200..300).contains(&reports.send(0).0));

    assert_eq!(server.get("/readyz").0, 200);
    // Fill it to the last byte.
    let ballast = fill(&inside);
    let at = reports.until_refused(2_000, &[507]);
    let (status, why) = server.get("/readyz");
    assert_eq!((status, why.as_str()), (503, "the database's disk is full\n"));
    // An attachment neither, and no half of one stays.
    let (status, body) = server.upload("plan.pdf", "a plan");
    assert_eq!(status, 507, "{body}");
    let halves = |dir: &Path| -> usize {
        let dirs = std::fs::read_dir(dir).expect("files").map(|dir| dir.expect("a directory").path());
        dirs.filter(|dir| dir.is_dir())
            .flat_map(|dir| std::fs::read_dir(dir).expect("a directory"))
            .filter(|file| file.as_ref().expect("a file").path().extension().is_some())
            .count()
    };
    assert_eq!(halves(&inside.join("files")), 0);
    // Reading goes on, and what is refused is refused again, plainly.
    assert_eq!(server.get("/").0, 200);
    assert_eq!(server.get("/log/checkpoint").0, 200);
    assert_eq!(reports.send(at).0, 507);

    // As soon as there is room, it takes again, by itself; the very command that was refused too.
    std::fs::remove_file(&ballast).expect("removed");
    reports.until_taken(at, 100);
    assert_eq!(server.get("/readyz").0, 200);
    assert_eq!(server.upload("plan.pdf", "a plan").0, 201);
    // Everything that was acknowledged is there, once.
    let copy = place.path("copy");
    let acknowledged = reports.again();
    std::fs::create_dir_all(&copy).expect("a directory");
    for name in ["county.db", "county.db-wal", "master.key"] {
        std::fs::copy(inside.join(name), copy.join(name)).expect("copied");
    }
    drop(server);
    good(gongzhi(&[&"verify", &"--data", &copy]));
    good(gongzhi(&[&"recount", &"--data", &copy]));
    let held: i64 = crate::county::open(&copy)
        .query_row("SELECT count(*) FROM answer WHERE command LIKE 'disk-%'", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(held as usize, acknowledged.len());
}

#[test]
fn a_full_disk_of_the_database_is_said_loses_nothing_and_is_recovered_from() {
    let place = Place::new();
    let county = place.county("county");
    let small = Small::new(160);
    let url = small.url();
    good(gongzhi(&[&"move", &"--from", &county, &"--to", &url]));
    let mut serve = Command::new(BINARY);
    serve.args(["serve", "--port", "0", "--database", &url, "--data"]).arg(&county);
    let server = Server::of(serve);
    let mut reports = Reports { server: &server, acknowledged: Vec::new() };
    assert!((200..300).contains(&reports.send(0).0));

    let ballast = fill(&small.disk());
    // Full where a table has to grow; away where the server's own log has to: then it ends by itself.
    let at = reports.until_refused(20_000, &[507, 503]);
    assert!([507, 503].contains(&reports.send(at).0), "it stays refused");

    // As soon as there is room, it takes again, by itself; the very command that was refused too.
    std::fs::remove_file(&ballast).expect("removed");
    reports.until_taken(at, 300);
    // Everything that was acknowledged is there, once.
    let acknowledged = reports.again();
    drop(server);
    let there = |command: &str| good(gongzhi(&[&command, &"--data", &county, &"--database", &url]));
    there("verify");
    there("recount");
    let held = small.psql("SELECT count(*) FROM gongzhi.answer WHERE command LIKE 'disk-%'");
    assert_eq!(held, Some(acknowledged.len().to_string()));
}
