//! A county that was lost or half restored: it is said, nothing is begun anew in its place, and a restore brings it back.
//! What commands leave behind, and in which language they speak.

use std::path::Path;
use std::process::Output;

use crate::county::{Place, bad, english, gongzhi, good};

fn load(county: &Path) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = english();
    let files = std::fs::read_dir(format!("{root}/counties")).expect("counties");
    let files = files.map(|entry| entry.expect("one").path()).find(|path| path.join("county.toml").is_file());
    command
        .current_dir(root)
        .args(["load", "--data"])
        .arg(county)
        .arg("--county")
        .arg(files.expect("a county"));
    command.output().expect("the binary runs")
}

fn demo(county: &Path) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = english();
    command.current_dir(root).args(["demo", "--load-only", "--data"]).arg(county);
    command.output().expect("the binary runs")
}

/// Brings an archive back to a directory under a master key.
fn restore(archive: &Path, identity: &Path, key: &Path, to: &Path) -> Output {
    let args: &[&dyn AsRef<std::ffi::OsStr>] =
        &[&"restore", &"--from", &archive, &"--identity", &identity, &"--master-key", &key, &"--data", &to];
    gongzhi(args)
}

/// All names in a directory.
fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("one").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_lost_or_half_restored_county_is_not_begun_anew() {
    let place = Place::new();
    let (county, archive, identity) = (place.county("county"), place.path("a.age"), place.path("id.txt"));
    let recipient = good(gongzhi(&[&"backup", &"keygen", &"--to", &identity]));
    let recipient = recipient.trim();
    good(gongzhi(&[&"backup", &"--data", &county, &"--to", &archive, &"--recipient", &recipient]));
    let key = std::fs::read_to_string(county.join("master.key")).expect("a key");
    std::fs::write(county.join("log.seen"), "as a server leaves it").expect("written");

    type Harm = fn(&Path);
    let harms: [(&str, Harm, &str); 4] = [
        (
            "lost",
            |dir| {
                for name in ["county.db", "county.db-wal", "county.db-shm"] {
                    let _ = std::fs::remove_file(dir.join(name));
                }
            },
            "is gone",
        ),
        (
            "emptied",
            |dir| {
                std::fs::write(dir.join("county.db"), "").expect("emptied");
            },
            "is empty",
        ),
        (
            "restoring",
            |dir| {
                std::fs::create_dir(dir.join("restoring")).expect("a directory");
                std::fs::rename(dir.join("county.db"), dir.join("restoring/county.db")).expect("moved");
            },
            "was cut off",
        ),
        (
            "keyless",
            |dir| {
                std::fs::remove_file(dir.join("county.db")).expect("removed");
                std::fs::remove_file(dir.join("master.key")).expect("removed");
            },
            "is gone",
        ),
    ];
    for (name, harm, words) in harms {
        let dir = place.path(name);
        crate::county::copy(&county, &dir);
        harm(&dir);
        let before = names(&dir);
        for refused in [
            load(&dir),
            demo(&dir),
            gongzhi(&[&"serve", &"--port", &"0", &"--data", &dir]),
            gongzhi(&[&"verify", &"--data", &dir]),
            gongzhi(&[&"doctor", &"--data", &dir]),
            gongzhi(&[&"rebuild", &"--data", &dir]),
        ] {
            let said = bad(refused);
            assert!(said.contains(words) && said.contains("backup"), "{name}: {said}");
            assert!(!said.contains("load one"), "{name}: {said}");
        }
        assert_eq!(names(&dir), before, "{name}: nothing was made");
        // What stands there is not in the way of its own backup.
        let keyfile = place.path("kept.key");
        std::fs::write(&keyfile, &key).expect("written");
        good(restore(&archive, &identity, &keyfile, &dir));
        good(gongzhi(&[&"verify", &"--data", &dir]));
    }
}

#[test]
fn a_restore_of_a_database_that_was_cut_off_is_said_before_its_key_is_asked_for() {
    let place = Place::new();
    let (county, other) = (place.county("county"), place.path("other"));
    let database = gongzhi_testkit::postgres::database();
    let url = database.url();
    good(gongzhi(&[&"move", &"--from", &county, &"--to", &url]));
    // As a restore leaves it that was killed before its key was kept.
    let mark = "UPDATE gongzhi.setting SET value = '1 x' WHERE name = 'archive-taking'; UPDATE gongzhi.ledger SET rebuilding = TRUE";
    database.sql(mark);
    std::fs::create_dir(&other).expect("a directory");
    for command in ["serve", "figures"] {
        let said = bad(gongzhi(&[&command, &"--data", &other, &"--database", &url]));
        assert!(said.contains("restore or move was cut off") && !said.contains("master key"), "{said}");
    }
}

#[test]
fn a_restore_that_fails_leaves_nothing_and_other_files_alone() {
    let place = Place::new();
    let (county, archive, identity) = (place.county("county"), place.path("a.age"), place.path("id.txt"));
    let recipient = good(gongzhi(&[&"backup", &"keygen", &"--to", &identity]));
    let recipient = recipient.trim();
    let said = good(gongzhi(&[&"backup", &"--data", &county, &"--to", &archive, &"--recipient", &recipient]));
    let wrong = place.path("wrong.key");
    std::fs::write(&wrong, "ab".repeat(32)).expect("written");
    let restore = |to: &Path, key: &Path| restore(&archive, &identity, key, to);
    let (fresh, used) = (place.path("fresh"), place.path("used"));
    assert!(bad(restore(&fresh, &wrong)).contains("not the one of this county"));
    assert!(!fresh.exists());
    std::fs::create_dir(&used).expect("a directory");
    std::fs::write(used.join("note.txt"), "somebody's").expect("written");
    bad(restore(&used, &wrong));
    assert_eq!(names(&used), ["note.txt"]);
    let again = good(restore(&used, &county.join("master.key")));
    assert!(names(&used).contains(&"note.txt".to_owned()));
    // One form of the root wherever it is shown.
    let root = |text: &str| text.rsplit("root ").next().map(|rest| rest[..44].to_owned()).expect("a root");
    let verified = good(gongzhi(&[&"verify", &"--data", &used]));
    let looked = good(gongzhi(&[&"doctor", &"--data", &used]));
    assert_eq!((root(&said), root(&looked)), (root(&again), root(&again)));
    assert!(verified.contains(&root(&again)), "{verified}");
    // A wrong list of erasures is no damaged archive.
    let list = place.path("list.txt");
    std::fs::write(&list, "gongzhi erasures 1\nend 0 00\n").expect("written");
    let said = bad(gongzhi(&[&"erasures", &"apply", &"--data", &used, &"--from", &list]));
    assert!(said.contains("the list of erasures was changed") && !said.contains("another backup"), "{said}");
}

#[test]
fn nothing_is_made_where_nothing_is() {
    let place = Place::new();
    let nowhere = place.path("nowhere");
    for command in ["serve", "rebuild", "verify", "doctor"] {
        let said = bad(gongzhi(&[&command, &"--data", &nowhere]));
        assert!(said.contains("holds no county"), "{command}: {said}");
    }
    assert!(!nowhere.exists());
}

#[cfg(unix)]
#[test]
fn what_is_made_is_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    let dir = place.path("county");
    let said = good(load(&dir));
    assert!(said.contains("is loaded"), "{said}");
    drop(crate::server::Server::start(&dir));
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for name in names(&dir) {
        assert_eq!(mode(&dir.join(&name)) & 0o077, 0, "{name}");
    }
}

#[test]
fn every_command_speaks_the_language_asked_for() {
    let place = Place::new();
    let nowhere = place.path("nowhere");
    let url = format!("host={} user=nobody dbname=none", nowhere.display());
    let cases: [(&[&str], &str); 5] = [
        (&["backup", "--to", "x", "--recipient", "age1none"], "接收人公钥"),
        (&["load", "--county", "none"], "读不了"),
        (&["rebuild"], "没有县的数据"),
        (&["recount"], "没有县的数据"),
        (&["erasures", "export", "--to", "x"], "没有县的数据"),
    ];
    for (args, words) in cases {
        let run = |more: &[&str]| {
            let mut command = english();
            bad(command.args(args).arg("--data").arg(&nowhere).args(more).output().expect("runs"))
        };
        let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        let said = run(&["--lang", "zh"]);
        assert!(said.contains(words), "{args:?}: {said}");
        let said = run(&[]);
        assert!(!han(&said), "{args:?}: {said}");
    }
    let said = bad(gongzhi(&[&"verify", &"--lang", &"zh", &"--database", &url]));
    assert!(said.contains("连不上 PostgreSQL"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_server_that_is_told_to_stop_keeps_what_it_saw_last() {
    let place = Place::new();
    let county = place.county("county");
    let mut server = crate::server::Server::start(&county);
    let (status, body) = server.report("the-last-one-1", "路灯坏了，晚上看不见");
    assert!((200..300).contains(&status), "{status} {body}");
    let stop = std::process::Command::new("kill").arg("-TERM").arg(server.child.id().to_string()).status();
    assert!(stop.expect("told").success());
    assert!(server.child.wait().expect("it ends").success());
    let size = crate::bytes::ledger(&county).expect("a ledger").head().expect("a head").size;
    let kept = std::fs::read_to_string(county.join("log.seen")).expect("kept");
    assert_eq!(kept.lines().nth(1), Some(size.to_string().as_str()), "{kept}");
}
