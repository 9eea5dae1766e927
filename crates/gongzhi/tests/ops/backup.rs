//! Backup while the server runs, restore, move; an older state in place of the newer is noticed.

use std::path::{Path, PathBuf};

use crate::county::{Place, bad, content, gongzhi, good, same};
use crate::server::Server;

/// What opening writes anew, and what is not in an archive.
const LEFT_OUT: &[&str] =
    &["setting", "session", "ledger", "notice", "notice_for", "choices", "message", "dead_letter_decision"];

struct Keys {
    file: PathBuf,
    recipient: String,
}

fn keys(place: &Place) -> Keys {
    let file = place.path("identity.txt");
    let recipient = good(gongzhi(&[&"backup", &"keygen", &"--to", &file])).trim().to_owned();
    assert!(recipient.starts_with("age1"), "{recipient}");
    Keys { file, recipient }
}

fn backup(county: &Path, keys: &Keys, to: &Path) -> String {
    good(gongzhi(&[
        &"backup",
        &"--data",
        &county,
        &"--to",
        &to,
        &"--recipient",
        &keys.recipient,
        &"--with-master-key",
    ]))
}

fn head(county: &Path) -> String {
    good(gongzhi(&[&"verify", &"--data", &county]))
}

#[test]
fn a_backup_is_restored_to_the_same_county() {
    let place = Place::new();
    let (county, restored, archive) = (place.county("county"), place.path("restored"), place.path("a.age"));
    let keys = keys(&place);
    backup(&county, &keys, &archive);
    let restore =
        |to: &Path| gongzhi(&[&"restore", &"--from", &archive, &"--identity", &keys.file, &"--data", &to]);
    let said = good(restore(&restored));
    assert!(said.contains("no list of erasures was given"), "{said}");
    assert_eq!(head(&restored), head(&county));
    same(&content(&county, LEFT_OUT), &content(&restored, LEFT_OUT));
    let figures = |dir: &Path| good(gongzhi(&[&"figures", &"--data", &dir]));
    assert_eq!(figures(&restored), figures(&county));
    assert!(!restored.join("restoring").exists());

    let refused = bad(restore(&restored));
    assert!(refused.contains("holds a county already"), "{refused}");
    let again =
        bad(gongzhi(&[&"backup", &"--data", &county, &"--to", &archive, &"--recipient", &keys.recipient]));
    assert!(again.contains("is there already"), "{again}");
}

#[test]
fn a_damaged_or_foreign_archive_restores_nothing() {
    let place = Place::new();
    let (county, archive) = (place.county("county"), place.path("a.age"));
    let keys = keys(&place);
    backup(&county, &keys, &archive);
    let bytes = std::fs::read(&archive).expect("the archive");
    let target = place.path("target");
    let mut changed = bytes.clone();
    changed[bytes.len() / 2] ^= 1;
    for (name, bytes) in [("cut", &bytes[..bytes.len() / 2]), ("changed", &changed[..]), ("empty", &[][..])] {
        let file = place.path(name);
        std::fs::write(&file, bytes).expect("written");
        let refused =
            bad(gongzhi(&[&"restore", &"--from", &file, &"--identity", &keys.file, &"--data", &target]));
        assert!(refused.contains("damaged"), "{name}: {refused}");
        assert!(!target.join("county.db").exists(), "{name}");
    }
    let other = place.path("other.txt");
    good(gongzhi(&[&"backup", &"keygen", &"--to", &other]));
    let refused = bad(gongzhi(&[&"restore", &"--from", &archive, &"--identity", &other, &"--data", &target]));
    assert!(refused.contains("other recipients"), "{refused}");
    // The broken tries are not in the way of the whole archive.
    good(gongzhi(&[&"restore", &"--from", &archive, &"--identity", &keys.file, &"--data", &target]));
}

#[test]
fn a_backup_while_the_server_runs_is_one_state() {
    let place = Place::new();
    let (county, restored, archive) = (place.county("county"), place.path("restored"), place.path("a.age"));
    let keys = keys(&place);
    let server = Server::start(&county);
    let report = |n: usize| {
        let (status, body) = server.report(&format!("while-backup-{n:04}"), "路灯坏了，晚上看不见");
        assert!((200..300).contains(&status), "{status} {body}");
    };
    (0..20).for_each(report);
    std::thread::scope(|scope| {
        let reporter = scope.spawn(|| (20..80).for_each(report));
        backup(&county, &keys, &archive);
        reporter.join().expect("the reporter");
    });
    // No command that needs the county for itself runs beside a server.
    let refused = bad(gongzhi(&[&"rebuild", &"--data", &county]));
    assert!(refused.contains("a server runs on"), "{refused}");
    drop(server);
    good(gongzhi(&[&"restore", &"--from", &archive, &"--identity", &keys.file, &"--data", &restored]));
    head(&restored);
    good(gongzhi(&[&"recount", &"--data", &restored]));
    let restored = crate::county::open(&restored);
    let held: i64 = restored
        .query_row("SELECT count(*) FROM answer WHERE command LIKE 'while-backup-%'", [], |row| row.get(0))
        .expect("a count");
    assert!((20..=80).contains(&held), "{held}: all that was acknowledged before, none without its entry");
    let loose = "SELECT count(*) FROM answer a WHERE a.seq >= (SELECT size FROM ledger)
        OR NOT EXISTS (SELECT 1 FROM entry e WHERE e.county = a.county AND e.record = a.record AND e.revision = a.revision)";
    assert_eq!(restored.query_row(loose, [], |row| row.get::<_, i64>(0)), Ok(0));
}

#[test]
fn a_county_moves_and_the_source_stays() {
    let place = Place::new();
    let (county, moved) = (place.county("county"), place.path("moved"));
    let before = head(&county);
    let said = good(gongzhi(&[&"move", &"--from", &county, &"--to", &moved]));
    assert!(said.contains("unchanged"), "{said}");
    assert_eq!(head(&moved), before);
    assert_eq!(head(&county), before);
    same(&content(&county, LEFT_OUT), &content(&moved, LEFT_OUT));
    let refused = bad(gongzhi(&[&"move", &"--from", &county, &"--to", &moved]));
    assert!(refused.contains("holds a county already"), "{refused}");
}

#[test]
fn a_county_moves_to_postgresql_and_back() {
    let place = Place::new();
    let (county, back, archive) = (place.county("county"), place.path("back"), place.path("a.age"));
    let database = gongzhi_testkit::postgres::database();
    let url = database.url();
    let before = head(&county);
    let said = good(gongzhi(&[&"move", &"--from", &county, &"--to", &url]));
    assert!(said.contains("unchanged"), "{said}");
    let there = |command: &str| gongzhi(&[&command, &"--data", &county, &"--database", &url]);
    assert_eq!(good(there("verify")), before);
    good(there("recount"));
    good(there("doctor"));
    assert_eq!(good(there("figures")), good(gongzhi(&[&"figures", &"--data", &county])));
    let again = bad(gongzhi(&[&"move", &"--from", &county, &"--to", &url]));
    assert!(again.contains("already"), "{again}");

    // Rebuilt there it is the same; a backup of it restores into a directory.
    good(there("rebuild"));
    good(there("recount"));
    let keys = keys(&place);
    let recipient: &[&dyn AsRef<std::ffi::OsStr>] = &[
        &"backup",
        &"--data",
        &county,
        &"--database",
        &url,
        &"--to",
        &archive,
        &"--recipient",
        &keys.recipient,
        &"--with-master-key",
    ];
    good(gongzhi(recipient));
    let restored = place.path("restored");
    good(gongzhi(&[&"restore", &"--from", &archive, &"--identity", &keys.file, &"--data", &restored]));
    assert_eq!(head(&restored), before);

    good(gongzhi(&[&"move", &"--from", &url, &"--to", &back, &"--data", &county]));
    assert_eq!(head(&back), before);
    same(&content(&county, LEFT_OUT), &content(&back, LEFT_OUT));
}

#[test]
fn an_older_state_put_in_place_of_the_newer_is_noticed() {
    let place = Place::new();
    let (county, archive) = (place.county("county"), place.path("a.age"));
    let keys = keys(&place);
    backup(&county, &keys, &archive);
    let server = Server::start(&county);
    server.report("after-the-backup-1", "路灯坏了，晚上看不见");
    let (status, witness) = server.get("/log/checkpoint");
    assert_eq!(status, 200);
    // Until the server has kept what it saw itself.
    let kept = || std::fs::read_to_string(county.join("log.seen")).unwrap_or_default();
    let size = witness.lines().nth(1).expect("a size").to_owned();
    for _ in 0..300 {
        if kept().lines().nth(1) == Some(size.as_str()) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    drop(server);
    let note = place.path("witness");
    std::fs::write(&note, &witness).expect("written");
    let look = || gongzhi(&[&"doctor", &"--lang", &"en", &"--data", &county, &"--checkpoint", &note]);
    let sound = good(look());
    assert!(sound.contains("the ledger continues the checkpoint"), "{sound}");

    for name in ["county.db", "county.db-wal", "county.db-shm"] {
        let _ = std::fs::remove_file(county.join(name));
    }
    good(gongzhi(&[&"restore", &"--from", &archive, &"--identity", &keys.file, &"--data", &county]));
    let older = bad(look());
    assert!(
        older.contains("an older backup was put here") || older.contains("not signed by this log's keys"),
        "{older}"
    );
    assert!(older.contains("an older state was put in its place"), "{older}");
    let refused = bad(gongzhi(&[&"serve", &"--port", &"0", &"--data", &county]));
    assert!(refused.contains("an older state was put in its place"), "{refused}");
    // Who means it says so.
    std::fs::rename(county.join("log.seen"), county.join("log.seen.old")).expect("moved aside");
    drop(Server::start(&county));
}
