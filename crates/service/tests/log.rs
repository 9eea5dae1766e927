//! The log as its keepers and auditors use it: keys that change, verification, looks at personal data.

use std::sync::Arc;

use gongzhi_base::Timestamp;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Failure, Service};
use gongzhi_store::sqlite::Sqlite;

mod fixture;

use fixture::{County, county, looked};

#[test]
fn receipts_of_an_old_and_a_new_key_verify() {
    use gongzhi_kernel::receipt::{Fault, Trust};
    use gongzhi_service::log;
    let county = county();
    let service = &county.service;
    let id = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    let first = service.receipt(id, None).expect("a receipt");
    let seals = || {
        let master = MasterKey::in_file(&county._dir.path().join("master.key")).expect("a key");
        let path = county._dir.path().join("county.db");
        let code = Sqlite::county_of(&path).expect("a county");
        // As the command does it, beside the running server.
        let beside = Arc::new(Sqlite::open(&path, &code).expect("a database"));
        let seals = gongzhi_service::seal::Seals::open(&code, master, beside.clone(), county.clock.clone());
        (seals.expect("seals"), beside, code)
    };
    let rotate = |retire| {
        let (seals, beside, code) = seals();
        log::rotate(beside.as_ref(), &seals, &code, retire).expect("a new key");
        log::keys(service.ledger()).expect("keys")
    };
    assert_eq!(rotate(false).len(), 2);
    let both = service.receipt(id, None).expect("a receipt");
    assert_eq!(both.checkpoint.signatures.len(), 2, "both sign for a while");
    let keys = rotate(true);
    assert_eq!(keys.iter().filter(|key| key.to.is_none()).count(), 1);
    let last = service.receipt(id, None).expect("a receipt");
    assert_eq!(last.checkpoint.signatures.len(), 1);
    let published = Trust { keys: keys.clone(), log: None };
    for receipt in [&first, &both, &last] {
        receipt.verify(&published).expect("verifies with the published list");
    }
    let old = Trust { keys: vec![keys[0].key.clone().into()], log: None };
    both.verify(&old).expect("whoever knows the old key only still follows");
    assert_eq!(last.verify(&old), Err(Fault::UnknownKey));
    // The secret of a retired key is gone: nobody signs with it again.
    let secret = service.ledger().setting("log-key-1").expect("readable");
    assert_eq!(secret, Some(vec![]));
}

#[test]
fn what_a_leaked_key_signs_after_it_was_retired_counts_for_nothing() {
    use gongzhi_base::Digest;
    use gongzhi_kernel::note::{Checkpoint, Note, SignerKey};
    use gongzhi_kernel::receipt::{Fault, Trust};
    use gongzhi_service::doctor::{Seen, seen};
    use gongzhi_service::log;
    use gongzhi_service::seal::Seals;
    let county = county();
    county.report("report-0001", "阳庄村停水两天了").expect("reported");
    let origin = county.service.checkpoint().expect("signed").checkpoint.origin.clone();
    let path = county._dir.path().join("county.db");
    let code = Sqlite::county_of(&path).expect("a county");
    let beside = Arc::new(Sqlite::open(&path, &code).expect("a database"));
    let master = MasterKey::in_file(&county._dir.path().join("master.key")).expect("a key");
    let seals = Seals::open(&code, master, beside.clone(), county.clock.clone()).expect("seals");
    let leaked = [SignerKey::new(origin.clone(), &seals.secret("log-key-1").expect("a secret"))];
    log::rotate(beside.as_ref(), &seals, &code, true).expect("a new key");
    drop((seals, beside));
    let id = county.report("report-0002", "路灯不亮").expect("reported").record;

    let keys = log::keys(county.service.ledger()).expect("keys");
    let retired = keys[0].to.expect("retired");
    let published = Trust { keys, log: None };
    let mut receipt = county.service.receipt(id, None).expect("a receipt");
    receipt.verify(&published).expect("verifies");
    let size = Checkpoint::read(&receipt.checkpoint.text).expect("a checkpoint").size;
    assert!(size > retired);
    receipt.checkpoint = Note::sign(receipt.checkpoint.text, &leaked);
    let outside = Fault::KeyRange { size, from: published.keys[0].from, to: Some(retired) };
    assert_eq!(receipt.verify(&published), Err(outside));
    let doctor = |note: &Note| seen(county.service.ledger(), &note.to_string()).expect("compared");
    assert_eq!(doctor(&receipt.checkpoint), Seen::Unsigned);

    // Nor does a server believe by it that the county signed another log.
    let forged = Checkpoint { origin, size: 1, root: Digest([1; 32]) };
    let forged = |size| Note::sign(Checkpoint { size, ..forged.clone() }.text(), &leaked).to_string();
    let County { service, clock, _dir: dir } = county;
    service.ledger().put_setting("log-signed", forged(size).as_bytes()).expect("written");
    service.close();
    let service = fixture::open(dir.path(), &clock);
    service.checkpoint().expect("signed");
    // What it signed in its time still binds the county.
    service.ledger().put_setting("log-signed", forged(retired).as_bytes()).expect("written");
    service.close();
    let service = fixture::open(dir.path(), &clock);
    assert!(service.checkpoint().is_err());
}

/// Waits for the verification that was begun.
fn audited(service: &Service) -> gongzhi_service::audit::Outcome {
    for _ in 0..600 {
        if let Some((_, outcome)) = service.audit.job().and_then(|job| job.done) {
            return outcome;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the verification did not end");
}

#[test]
fn an_auditor_verifies_all_a_period_and_a_record_and_is_told_the_first_bad_entry() {
    use gongzhi_kernel::chain::What;
    use gongzhi_service::audit::{Outcome as Found, Part};
    let county = county();
    let id = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    let County { service, clock, _dir: dir } = county;
    let service = Arc::new(service);
    let auditor = service.actor_of("audit");
    let run = |part| {
        assert_eq!(service.begin_audit(&auditor, part), Ok(true));
        audited(&service)
    };
    let stranger = service.actor_of("officer.water");
    assert_eq!(service.begin_audit(&stranger, Part::Whole), Err(Failure::NotFound));
    let size = service.ledger().head().expect("a head").size;
    let root = service.checkpoint().expect("signed").checkpoint.root;
    assert_eq!(run(Part::Whole), Found::Sound { entries: size, size, root });
    let own = service.ledger().history(id).expect("entries");
    assert_eq!(run(Part::Record(id)), Found::Sound { entries: own.len() as u64, size, root });
    let now = service.now();
    let period = |from: Timestamp, to: Timestamp| Part::Period { from, to };
    assert_eq!(run(period(now.plus_millis(1_000), now.plus_millis(2_000))), Found::Nothing);
    assert!(
        matches!(run(period(now, now.plus_millis(1))), Found::Sound { entries, .. } if entries >= own.len() as u64)
    );

    // A word changed by whoever has the file in his hands, while the server runs.
    let seq = own[0].header.seq;
    let file = rusqlite::Connection::open(dir.path().join("county.db")).expect("the file");
    let change = |sql: &str| assert_eq!(file.execute(sql, [seq as i64]).expect("changed"), 1, "{sql}");
    change("UPDATE entry SET body = CAST(x'00' || substr(body, 2) AS BLOB) WHERE seq = ?1");
    let broken = Found::Broken { seq, what: What::Body };
    for part in [Part::Whole, Part::Record(id), period(now, now.plus_millis(1))] {
        assert_eq!(run(part), broken);
    }
    change("DELETE FROM entry WHERE seq = ?1");
    assert_eq!(run(Part::Whole), Found::Broken { seq, what: What::Sequence });
    drop(clock);
}

#[test]
fn an_auditor_sees_every_look_and_others_do_not() {
    use gongzhi_store::LookQuery;
    let county = county();
    let service = &county.service;
    let first = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    let second = county.report("report-0002", "阳庄村的路灯不亮").expect("reported").record;
    looked(&county, "officer.water", first);
    county.clock.set(service.now().plus_millis(60_000));
    looked(&county, "officer.water", first);
    let all = LookQuery { from: Timestamp(0), to: Timestamp(i64::MAX), person: None, after: None, limit: 10 };
    let auditor = service.actor_of("audit");
    let seen = service.all_looks(&auditor, &all).expect("looks");
    assert_eq!(seen.len(), 2);
    assert!(seen[0].look.at > seen[1].look.at && seen.iter().all(|seen| seen.event.record == first));
    assert!(seen.iter().all(|seen| seen.row.as_ref().is_some_and(|row| !row.number.is_empty())));
    assert!(seen[0].event.record != second);
    let of = |person: &str| LookQuery { person: Some(person.into()), ..all.clone() };
    assert_eq!(service.all_looks(&auditor, &of("officer.water")).expect("looks").len(), 2);
    assert_eq!(service.all_looks(&auditor, &of("window")).expect("looks").len(), 0);
    let early = LookQuery { to: seen[0].look.at, ..all.clone() };
    assert_eq!(service.all_looks(&auditor, &early).expect("looks").len(), 1);
    for other in ["officer.water", "window"] {
        assert_eq!(
            service.all_looks(&service.actor_of(other), &all).map(|seen| seen.len()),
            Err(Failure::NotFound)
        );
    }
}

#[test]
fn no_entry_is_dated_before_the_one_before_it() {
    use gongzhi_service::audit::{Outcome, Part, check};
    let county = county();
    let (service, clock) = (&county.service, &county.clock);
    let now = service.now();
    let size = || service.ledger().head().expect("a head").size;
    let times = |from| -> Vec<Timestamp> {
        service.ledger().entries(from, 10_000).expect("entries").iter().map(|entry| entry.header.at).collect()
    };
    county.report("report-0001", "阳庄村停水两天了").expect("reported");
    let before = size();
    // Two machines' clocks differ a little: what comes second is dated second.
    clock.set(now.plus_millis(-9 * 60_000));
    let second = county.report("report-0002", "路灯不亮").expect("reported").record;
    assert!(times(before).iter().all(|at| *at == now), "{:?}", times(before));
    assert_eq!(service.ready(), Ok(()));
    let receipt = service.receipt(second, None).expect("a receipt");
    let proven = receipt.verify(&Default::default()).expect("verifies");
    assert_eq!((proven.after, proven.entries[0].at), (Some(now), now));
    // A clock that was set back dates nothing.
    let before = size();
    clock.set(now.plus_millis(-2 * 86_400_000));
    let told = county.report("report-0003", "垃圾没人清运");
    assert_eq!(told.err(), Some(Failure::Clock { minutes: 2 * 24 * 60 }));
    assert_eq!(service.ready(), Err(Failure::Clock { minutes: 2 * 24 * 60 }));
    assert_eq!(size(), before, "nothing was written");
    // Unless an administrator says that the clock is right now and was wrong then.
    let resumed = gongzhi_service::log::resume(service.ledger()).expect("resumed");
    assert_eq!(resumed, Some(now));
    assert_eq!(service.ready(), Ok(()));
    county.report("report-0003", "垃圾没人清运").expect("reported");
    assert!(times(before).iter().all(|at| *at == now), "{:?}", times(before));
    // A period holds all that is dated in it.
    let dated = times(0).iter().filter(|at| **at == now).count() as u64;
    let part = Part::Period { from: now, to: now.plus_millis(1) };
    let found = check(service.ledger(), &part, &mut |_, _| ());
    assert!(matches!(found, Outcome::Sound { entries, .. } if entries == dated), "{found:?}");
    let part = Part::Period { from: now.plus_millis(-3 * 86_400_000), to: now.plus_millis(-86_400_000) };
    assert_eq!(check(service.ledger(), &part, &mut |_, _| ()), Outcome::Nothing);
}

/// Whoever sends a command again is owed its answer, also by a node that has just started with a wrong clock.
#[test]
fn what_was_done_is_answered_again_while_the_clock_lies_behind() {
    use gongzhi_base::CommandId;
    use gongzhi_kernel::{Actor, Command, Order, Raw};
    let county = county();
    let (service, clock) = (&county.service, &county.clock);
    let now = service.now();
    let told = [("what", "阳庄村停水两天了"), ("where", "140823204208"), ("kind", "010101")];
    let input = told.map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned()))).into();
    let id = service.new_record_id();
    let order = Order::Open { mechanism: "matter".into(), step: "report".into(), id, input };
    let once = CommandId::new("report-once").expect("an identifier");
    let command = Command { id: once, actor: Actor::Public, at: now, order };
    let first = service.engine().act_all(vec![command.clone()]).remove(0).expect("reported");
    clock.set(now.plus_millis(-3 * 3_600_000));
    let started = fixture::open(county._dir.path(), clock);
    let command = Command { at: started.now(), ..command };
    let again = started.engine().act_all(vec![command.clone()]).remove(0).expect("answered");
    assert!(
        again.again && (again.record, again.revision, again.seq) == (first.record, first.revision, first.seq)
    );
    let new = Command { id: CommandId::new("report-new").expect("an identifier"), ..command };
    assert_eq!(started.engine().act_all(vec![new]).remove(0).err(), Some(Failure::Clock { minutes: 180 }));
    started.close();
}

#[test]
fn a_look_names_what_was_seen_and_nothing_that_was_not_there() {
    use gongzhi_kernel::{Actor, Deed, Order, Raw, Refusal};
    let county = county();
    let service = &county.service;
    let both = || vec!["contact_name".to_owned(), "contact_phone".to_owned()];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let look = |record, fields| {
        let actor = service.actor_of("officer.water");
        runtime.block_on(service.look(service.new_command_id(), actor, record, fields, "回访核实".into()))
    };
    let report = |id: &str, contact: &[(&str, &str)]| {
        let told = [("what", "阳庄村停水两天了"), ("where", "140823204208"), ("kind", "010101")];
        let input = told.iter().chain(contact);
        let input = input.map(|(name, value)| ((*name).to_owned(), Raw::Text((*value).to_owned()))).collect();
        let record = service.new_record_id();
        let order = Order::Open { mechanism: "matter".into(), step: "report".into(), id: record, input };
        county.send(id, Actor::Public, order).expect("reported").record
    };
    let id = report("report-0001", &[("contact_phone", "13800001111")]);
    let (outcome, shown) = look(id, both()).expect("a look");
    assert_eq!(shown, [("contact_phone".to_owned(), "13800001111".into())]);
    let event = service.ledger().entries(outcome.seq, 1).expect("read").remove(0).event().expect("an event");
    assert!(matches!(&event.deed, Deed::Look { fields, .. } if *fields == ["contact_phone"]), "{event:?}");

    let without = report("report-0002", &[]);
    let size = service.ledger().head().expect("a head").size;
    for (record, fields) in [(without, both()), (id, vec!["contact_name".to_owned()])] {
        assert_eq!(look(record, fields).err(), Some(Failure::Refused(Refusal::NothingPersonal)));
    }
    assert_eq!(service.ledger().head().expect("a head").size, size, "nothing is said to have been seen");
}
