//! `gongzhi key rotate` on a directory, and a master key that is gone or another's.

use crate::county::{Place, bad, gongzhi, good};
use crate::server::Server;

#[test]
fn a_new_master_key_is_made_and_the_old_one_kept_aside() {
    let place = Place::new();
    let county = place.county("county");
    let key = |name: &str| std::fs::read_to_string(county.join(name)).expect("a key");
    let old = key("master.key");
    let server = Server::start(&county);
    let refused = bad(gongzhi(&[&"key", &"rotate", &"--data", &county]));
    assert!(refused.contains("a server runs on"), "{refused}");
    drop(server);
    let said = good(gongzhi(&[&"key", &"rotate", &"--data", &county]));
    assert!(said.contains("are wrapped by the new master key"), "{said}");
    assert_ne!(key("master.key"), old);
    assert_eq!(key("master.key.old-1"), old);
    assert!(!county.join("master.key.new").exists());
    good(gongzhi(&[&"doctor", &"--lang", &"en", &"--data", &county]));

    // Killed between its last steps it is ended by running it again.
    std::fs::rename(county.join("master.key"), county.join("master.key.new")).expect("moved");
    let missing = bad(gongzhi(&[&"doctor", &"--lang", &"en", &"--data", &county]));
    assert!(missing.contains("there is no master key"), "{missing}");
    good(gongzhi(&[&"key", &"rotate", &"--data", &county]));
    good(gongzhi(&[&"doctor", &"--lang", &"en", &"--data", &county]));
}

#[test]
fn a_missing_or_foreign_master_key_is_said_and_changes_nothing() {
    let place = Place::new();
    let county = place.county("county");
    let right = std::fs::read_to_string(county.join("master.key")).expect("a key");
    std::fs::write(county.join("master.key"), "ab".repeat(32)).expect("written");
    let doctor = || bad(gongzhi(&[&"doctor", &"--lang", &"en", &"--data", &county]));
    assert!(doctor().contains("the master key is not the county's"));
    let refused = bad(gongzhi(&[&"serve", &"--port", &"0", &"--data", &county]));
    assert!(refused.contains("not the one of this county"), "{refused}");
    std::fs::remove_file(county.join("master.key")).expect("removed");
    assert!(doctor().contains("there is no master key"));
    let refused = bad(gongzhi(&[&"serve", &"--port", &"0", &"--data", &county]));
    assert!(refused.contains("put your copy of it back"), "{refused}");
    assert!(!county.join("master.key").exists(), "no other key is made");
    std::fs::write(county.join("master.key"), right).expect("put back");
    drop(Server::start(&county));
}
