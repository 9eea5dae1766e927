//! A database changed behind the product's back: nothing false is decided on it, signed, or let in.

use std::path::Path;

use gongzhi_base::RecordId;
use gongzhi_base::canon::Canon as _;
use gongzhi_kernel::{Actor, Command, Order, Raw, Record};
use gongzhi_service::accounts::SignInFault;
use gongzhi_service::ambient::{Ambient as _, Machine};
use gongzhi_service::archive::{self, Frame};
use gongzhi_service::audit::{Outcome, Part, check};
use gongzhi_service::doctor::{self, Level, Outside};
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Failure, rebuild};
use gongzhi_store::StoreError;

mod fixture;

use fixture::{County, county};

fn sql(dir: &Path, text: &str, args: &[&dyn rusqlite::ToSql]) -> usize {
    let conn = rusqlite::Connection::open(dir.join("county.db")).expect("a connection");
    conn.busy_timeout(std::time::Duration::from_secs(10)).expect("set");
    conn.execute(text, args).expect("changed")
}

fn snapshot(county: &County, id: RecordId) -> Vec<u8> {
    county.service.ledger().snapshot(id).expect("read").expect("there")
}

/// Ends the service, changes the database, and begins anew: nothing is in memory any more.
fn behind(county: County, change: impl FnOnce(&Path)) -> County {
    let County { service, clock, _dir: dir } = county;
    service.close();
    change(dir.path());
    let service = fixture::open(dir.path(), &clock);
    County { service, clock, _dir: dir }
}

fn rebuilt(county: County) -> County {
    let County { service, clock, _dir: dir } = county;
    service.close();
    let code = gongzhi_store::sqlite::Sqlite::county_of(&dir.path().join("county.db")).expect("a county");
    let ledger: std::sync::Arc<dyn gongzhi_store::Ledger> = std::sync::Arc::new(
        gongzhi_store::sqlite::Sqlite::open(&dir.path().join("county.db"), &code).expect("a database"),
    );
    let master = MasterKey::in_file(&dir.path().join("master.key")).expect("a key");
    let ambient: std::sync::Arc<dyn gongzhi_service::Ambient> = clock.clone();
    rebuild::rebuild(&ledger, master, &ambient, &mut |_| {}).expect("rebuilt");
    drop(ledger);
    let service = fixture::open(dir.path(), &clock);
    County { service, clock, _dir: dir }
}

/// A step of the holder, who may always add something.
fn adds(county: &County, id: RecordId) -> Command {
    let input = [("addition".to_owned(), Raw::Text("还有一处".into()))].into();
    let order = Order::Step { record: id, step: "add".into(), expect: None, input };
    Command { id: county.service.new_command_id(), actor: Actor::Holder(id), at: county.service.now(), order }
}

fn corrupt(told: &Result<gongzhi_service::Outcome, Failure>, words: &str) -> bool {
    matches!(told, Err(Failure::Store(StoreError::Corrupt(why))) if why.contains(words) && why.contains("gongzhi rebuild"))
}

#[test]
fn a_record_that_is_not_its_newest_form_is_not_decided_on() {
    let county = county();
    let reported =
        |n: u32| county.report(&format!("report-000{n}"), "阳庄村停水两天了").expect("reported").record;
    let (one, two, three) = (reported(1), reported(2), reported(3));
    let older = snapshot(&county, three);
    let first = county.service.engine().act_all(vec![adds(&county, three)]).remove(0);
    first.expect("the step of this test is one that a holder may take");
    let other = snapshot(&county, one);
    let county = behind(county, |dir| {
        for (id, bytes) in [(two, &other), (three, &older)] {
            let set = "UPDATE record SET snapshot = ?2 WHERE record = ?1";
            assert_eq!(sql(dir, set, &[&id.0, bytes]), 1);
        }
    });
    let before = county.service.ledger().head().expect("a head").size;
    let sent = [two, one, three].map(|id| adds(&county, id));
    let told = county.service.engine().act_all(sent.to_vec());
    assert!(corrupt(&told[0], "stands in its place"), "{:?}", told[0]);
    assert!(told[1].is_ok(), "what is sound goes on beside it: {:?}", told[1]);
    assert!(corrupt(&told[2], "its entries end at"), "{:?}", told[2]);
    let written = county.service.ledger().entries(before, 100).expect("entries");
    assert!(written.iter().all(|entry| entry.header.record == one), "nothing was written of the others");
    let shown = county.service.view(&Actor::Holder(two), two);
    assert!(matches!(shown, Err(Failure::Store(StoreError::Corrupt(_)))), "another's record is not shown");

    let county = rebuilt(county);
    for id in [two, three] {
        let told = county.service.engine().act_all(vec![adds(&county, id)]).remove(0);
        assert!(told.is_ok(), "{told:?}");
    }
    let found = check(county.service.ledger(), &Part::Whole, &mut |_, _| ());
    assert!(matches!(found, Outcome::Sound { .. }), "{found:?}");
}

#[test]
fn no_checkpoint_is_signed_that_does_not_continue_the_last_one() {
    let county = county();
    let id = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    county.service.receipt(id, None).expect("a receipt");
    let signed = county.service.checkpoint().expect("signed");
    let last = signed.checkpoint.size - 1;
    let changes = [
        "UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND at = 0".to_owned(),
        format!("UPDATE entry SET hash = zeroblob(32) WHERE seq = {last}"),
    ];
    for (n, change) in changes.iter().enumerate() {
        let table = change.split(' ').nth(1).expect("a table");
        let dir = county._dir.path();
        sql(dir, &format!("CREATE TABLE kept AS SELECT * FROM {table}"), &[]);
        assert_eq!(sql(dir, change, &[]), 1, "{change}");
        county.report(&format!("report-01{n}0"), "路灯不亮").expect("reported");
        let told = county.service.checkpoint();
        assert!(
            matches!(&told, Err(Failure::Store(StoreError::Corrupt(why))) if why.contains("nothing is signed")),
            "{change}: {told:?}"
        );
        assert!(county.service.receipt(id, None).is_err(), "{change}");
        let found = check(county.service.ledger(), &Part::Whole, &mut |_, _| ());
        match table {
            "node" => assert_eq!(found, Outcome::Node { level: 1, index: 0 }),
            _ => assert!(matches!(found, Outcome::Broken { .. }), "{found:?}"),
        }
        let key = if table == "node" { "(level, at)" } else { "(seq)" };
        let back = format!(
            "UPDATE {table} SET hash = kept.hash FROM kept WHERE {} = {}",
            key.replace('(', &format!("({table}.")).replace(", ", &format!(", {table}.")),
            key.replace('(', "(kept.").replace(", ", ", kept.")
        );
        sql(dir, &back, &[]);
        sql(dir, "DROP TABLE kept", &[]);
    }
    // As it was, it is signed again; the last one signed is remembered over a restart.
    county.service.receipt(id, None).expect("a receipt");
    let county = behind(county, |dir| {
        sql(dir, "UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND at = 0", &[]);
    });
    assert!(county.service.checkpoint().is_err(), "{}", signed.checkpoint.size);
    let county = rebuilt(county);
    let again = county.service.checkpoint().expect("signed");
    assert!(again.checkpoint.size > signed.checkpoint.size);
    county.service.receipt(id, Some(signed.checkpoint.size)).expect("a receipt that continues the first");
}

#[test]
fn no_receipt_leaves_out_a_content_that_was_changed() {
    let county = county();
    let id = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    let other = county.report("report-0002", "路灯不亮").expect("reported").record;
    fixture::looked(&county, "officer.water", other);
    county.service.engine().act_blocking(adds(&county, id)).expect("added");
    county.service.receipt(id, None).expect("a receipt");
    let last =
        |id| county.service.ledger().history(id).expect("entries").pop().expect("one").header.seq as i64;
    // The content of a look is nobody's to see on his receipt: in the place of his own words it would be left out.
    let change = "UPDATE entry SET body = (SELECT body FROM entry WHERE seq = ?2) WHERE seq = ?1";
    assert_eq!(sql(county._dir.path(), change, &[&last(id), &last(other)]), 1);
    let told = county.service.receipt(id, None);
    assert!(
        matches!(&told, Err(Failure::Store(StoreError::Corrupt(why))) if why.contains("not what was entered")),
        "{told:?}"
    );
}

#[test]
fn an_account_changed_in_the_database_lets_nobody_in() {
    let county = county();
    let service = &county.service;
    service.set_password("window", "window", "a good password").expect("an account");
    let let_in = || service.sign_in("window", "a good password", "127.0.0.1");
    let token = let_in().expect("signed in").token;
    assert_eq!(service.staff(&token).expect("read").map(|staff| staff.code), Some("window".into()));
    let dir = county._dir.path();
    assert_eq!(sql(dir, "UPDATE session SET person = 'admin'", &[]), 1);
    assert!(service.staff(&token).expect("read").is_none(), "a session is of whom it was begun for");
    assert_eq!(sql(dir, "UPDATE credential SET person = 'admin'", &[]), 1);
    assert_eq!(let_in().err(), Some(SignInFault::Wrong));
    assert_eq!(found(&county, "accounts"), "altered");
    service.set_password("window", "window", "a good password").expect("an account");
    let_in().expect("signed in");
    assert_eq!(found(&county, "accounts"), "ok");
    // What binds it is cut away: so accounts of before looked, but then none was bound.
    service.set_password("admin", "admin", "a good password").expect("an account");
    let cut = "UPDATE credential SET hash = substr(hash, 1, instr(hash, ' ') - 1) WHERE login = 'window'";
    let county = behind(county, |dir| assert_eq!(sql(dir, cut, &[]), 1));
    assert_eq!(
        county.service.sign_in("window", "a good password", "127.0.0.2").err(),
        Some(SignInFault::Wrong)
    );
    // Accounts of before are bound when a server starts.
    let cut = "UPDATE credential SET hash = substr(hash || ' ', 1, instr(hash || ' ', ' ') - 1)";
    let county = behind(county, |dir| assert_eq!(sql(dir, cut, &[]), 2));
    county.service.sign_in("window", "a good password", "127.0.0.3").expect("signed in");
    assert_eq!(found(&county, "accounts"), "ok");
}

/// What a deep look of the doctor says of one thing.
fn found(county: &County, check: &str) -> &'static str {
    let dir = county._dir.path();
    let code = gongzhi_store::sqlite::Sqlite::county_of(&dir.join("county.db")).expect("a county");
    let ledger: std::sync::Arc<dyn gongzhi_store::Ledger> = std::sync::Arc::new(
        gongzhi_store::sqlite::Sqlite::open(&dir.join("county.db"), &code).expect("a database"),
    );
    let outside = Outside {
        now: county.service.now(),
        master: Ok(MasterKey::in_file(&dir.join("master.key")).expect("a key")),
        key_readable: false,
        free: Some(1 << 40),
        least_free: doctor::LEAST_FREE,
        seen: None,
        checkpoint: None,
        deep: true,
        files: Some(&county.service.files),
    };
    let lines = doctor::examine(&ledger, &outside);
    let line = lines.iter().find(|line| line.check == check).expect("a line");
    assert_eq!(line.level == Level::Ok, line.outcome == "ok");
    line.outcome
}

#[test]
fn attachments_that_are_missing_or_changed_are_named() {
    let county = county();
    let attach = |n: u32| {
        let text = format!("%PDF-1.7 {n}");
        let file = county.service.files.keep("单据.pdf", text.as_bytes(), false).expect("kept");
        let digest = file.digest;
        let input = [
            ("what".to_owned(), Raw::Text("阳庄村停水两天了".into())),
            ("where".to_owned(), Raw::Text("140823204208".into())),
            ("kind".to_owned(), Raw::Text("010101".into())),
            (
                "photos".to_owned(),
                Raw::List(vec![Raw::File(gongzhi_base::FileRef { media: "image/jpeg".into(), ..file })]),
            ),
        ];
        let id = county.service.new_record_id();
        let order =
            Order::Open { mechanism: "matter".into(), step: "report".into(), id, input: input.into() };
        county.send(&format!("photo-000{n}"), Actor::Public, order).expect("reported");
        digest
    };
    let [sound, gone, changed] = [1, 2, 3].map(attach);
    assert_eq!(found(&county, "files"), "ok");
    let files = &county.service.files;
    std::fs::remove_file(files.path(gone)).expect("removed");
    assert_eq!(found(&county, "files"), "bad");
    std::fs::write(files.path(changed), b"%PDF-1.7 x").expect("written");
    let mut held = Vec::new();
    let mut sink = |frame| {
        if let Frame::File(digest, _) = frame {
            held.push(digest);
        }
        Ok(())
    };
    let given =
        archive::give(county.service.ledger(), Some(files), None, &Machine, &mut |_, _, _| (), &mut sink);
    let given = given.expect("given");
    assert_eq!((held, given.missing, given.damaged), (vec![sound], vec![gone], vec![changed]));
    assert!(Machine.now() > county.service.now(), "the test's own clock is used nowhere but in the archive");
}

#[test]
fn a_former_name_in_search_is_told_and_lost_words_are_a_failure() {
    let county = county();
    county.report("renamed-1", "路灯坏了三天").expect("reported");
    assert_eq!(found(&county, "derived"), "ok");
    let service = &county.service;
    let places = service.ledger().snapshots("places").expect("places").into_iter();
    let mut places = places.map(|bytes| Record::from_bytes(&bytes).expect("a place"));
    let text = |record: &Record, field: &str| {
        record.fields.get(field).and_then(gongzhi_base::Value::text).unwrap_or_default().to_owned()
    };
    let village = places.find(|place| text(place, "code") == "140823204208").expect("the village");
    let parent = text(&village, "parent");
    county.step("admin", village.id, "amend", &[("name", "改名村"), ("parent", &parent)]).expect("renamed");
    assert_eq!(found(&county, "derived"), "names");
    let newest = "DELETE FROM words WHERE rowid = (SELECT max(row) FROM record WHERE mechanism = 'matter')";
    let county = behind(county, |dir| assert_eq!(sql(dir, newest, &[]), 1));
    assert_eq!(found(&county, "derived"), "other");
    assert_eq!(found(&rebuilt(county), "derived"), "ok");
}
