//! The whole demo county loaded on SQLite: what the use cases promise.

use std::path::Path;
use std::sync::Arc;

use gongzhi_base::{CommandId, RecordId};
use gongzhi_kernel::{Actor, Command, Order, Raw, Refusal};
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Failure, Outcome, Service, Settings, load, timers};
use gongzhi_store::{ListQuery, sqlite::Sqlite};

mod fixture;

use fixture::{County, NAME, PHONE, county, looked, open};

#[test]
fn a_matter_from_report_to_rating() {
    let county = county();
    let service = &county.service;
    let opened = county.report("report-0001", "阳庄村停水两天了").expect("reported");
    let again = county.report("report-0001", "阳庄村停水两天了").expect("the same answer");
    assert!(again.again);
    assert_eq!(again.record, opened.record);
    assert_eq!(
        county.report("report-0001", "另一件事情"),
        Err(Failure::Refused(Refusal::CommandReused)),
        "an identifier is not used for something else"
    );
    let id = opened.record;
    let code = service.receipt_code(id);
    assert_eq!(service.by_code(&code.to_lowercase()), Ok(Some(id)));
    assert_eq!(service.by_code("0000-0000-0000-0000"), Ok(None));

    let officer = service.actor_of("officer.water");
    let waiting = service.inbox(&officer, None, 10).expect("an inbox");
    assert_eq!(waiting.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id], "routed by kind and place");
    assert!(waiting.rows[0].due.is_some());
    county.step("officer.water", id, "accept", &[]).expect("accepted");
    county
        .step("officer.water", id, "answer", &[("done", "已修复水泵恢复供水"), ("result", "solved")])
        .expect("answered");
    county.step("holder", id, "rate", &[("solved", "yes"), ("satisfied", "yes")]).expect("rated");

    let view = service.view(&officer, id).expect("readable");
    assert_eq!(view.record.state, "closed");
    assert!(view.history.len() >= 5);
    let found = service.search(&officer, "停水", 10).expect("a search");
    assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
    assert_eq!(
        service.search(&officer, "13800001111", 10).expect("a search"),
        [],
        "personal data is in no index"
    );
    let stranger = service.actor_of("officer.tongcheng");
    assert_eq!(service.search(&stranger, "停水", 10).expect("a search"), []);
    assert!(matches!(service.view(&stranger, id), Err(Failure::NotFound)));
    assert_eq!(service.list(&stranger, ListQuery::default()).expect("a list").rows, []);

    gongzhi_store::verify(service.ledger(), &mut |_| {}).expect("the ledger verifies");
}

#[test]
fn a_look_at_personal_data_is_recorded_first() {
    let county = county();
    let service = &county.service;
    let id = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    let officer = service.actor_of("officer.water");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let look = service.look(
        service.new_command_id(),
        officer.clone(),
        id,
        vec!["contact_phone".into()],
        "核实停水范围".into(),
    );
    let (_, values) = runtime.block_on(look).expect("shown");
    assert_eq!(values, [("contact_phone".to_owned(), gongzhi_base::Value::from("13800001111"))]);
    let view = service.view(&officer, id).expect("readable");
    assert_eq!(service.looks(&view).count(), 1);
}

#[test]
fn deadlines_pass_once_also_after_days_switched_off() {
    let county = county();
    let id = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    let later = county.service.now().plus_millis(6 * 86_400_000);
    county.clock.set(later);
    let fired = timers::fire_due(&county.service, later).expect("fired");
    assert!(fired > 0);
    assert_eq!(timers::fire_due(&county.service, later).expect("fired"), 0, "once");
    let officer = county.service.actor_of("dispatch");
    let view = county.service.view(&officer, id).expect("readable");
    let late = view
        .history
        .iter()
        .filter(|(_, event)| matches!(&event.deed, gongzhi_kernel::Deed::Passed { late: true, .. }));
    assert!(late.count() > 0);
}

#[test]
fn whoever_lost_a_post_has_lost_its_rights_also_in_the_same_group() {
    let county = county();
    let service = &county.service;
    let id = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    let officer = service.actor_of("officer.water");
    let post = service
        .state()
        .world
        .holdings()
        .find(|holding| holding.person == "officer.water")
        .map(|holding| {
            format!("officer.water/{}/{}", holding.post.role, holding.post.unit.clone().unwrap_or_default())
        })
        .expect("a post");
    let reason = [("reason".to_owned(), Raw::Text("调离".into()))].into();
    let post = RecordId::of_entry("posts", &post);
    let command = |id: &str, actor: Actor, order: Order| {
        let id = CommandId::new(id).expect("an identifier");
        Command { id, actor, at: service.now(), order }
    };
    let end = Order::Step { record: post, step: "end".into(), expect: None, input: reason };
    let accept = Order::Step { record: id, step: "accept".into(), expect: None, input: Default::default() };
    let answers = service
        .engine()
        .act_all(vec![command("end-the-post", Actor::System, end), command("too-late-now", officer, accept)]);
    assert!(answers[0].is_ok(), "{:?}", answers[0]);
    assert_eq!(answers[1], Err(Failure::NotFound));
}

#[test]
fn a_post_gives_rights_from_its_first_day_to_its_last() {
    let county = county();
    let service = &county.service;
    let id = county.report("report-0001", "阳庄村停水两天了").expect("reported").record;
    let holding = service.state().world.holdings().find(|holding| holding.person == "officer.water").cloned();
    let held = holding.expect("a post").post;
    let unit = held.unit.clone().expect("in a unit");
    let post = RecordId::of_entry("posts", &format!("officer.water/{}/{unit}", held.role));
    let sees = || service.view(&service.actor_of("officer.water"), id).is_ok();
    assert!(sees());
    for (at, (from, until), may) in [
        ("past", ("2026-01-01", "2026-11-01"), false),
        ("today", ("2026-11-02", "2026-11-02"), true),
        ("later", ("2026-11-03", "2026-12-31"), false),
    ] {
        let fields =
            [("person", "officer.water"), ("role", &held.role), ("unit", &unit), ("place", &held.place)];
        let fields = fields.into_iter().chain([("from", from), ("until", until)]);
        let input = fields.map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned()))).collect();
        let order = Order::Step { record: post, step: "amend".into(), expect: None, input };
        county.send(&format!("amend-{at}"), Actor::System, order).expect("amended");
        assert_eq!(sees(), may, "{at}");
    }
}

#[test]
fn the_county_is_there_after_a_restart() {
    let county = county();
    let opened = county.report("report-0001", "阳庄村停水两天了").expect("reported");
    let County { service, clock, _dir: dir } = county;
    let head = service.ledger().head().expect("a head");
    service.close();
    let service = open(dir.path(), &clock);
    assert_eq!(service.ledger().head().expect("a head"), head);
    assert_eq!(
        service.state().world.places().filter(|p| p.level == gongzhi_lang::model::Level::Township).count(),
        12
    );
    let officer = service.actor_of("officer.water");
    assert_eq!(service.inbox(&officer, None, 10).expect("an inbox").rows[0].id, opened.record);
}

/// All bytes of the database's files, as an intruder would read them.
fn bytes_on_disk(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    let files = files.filter(|path| path.is_file() && !path.ends_with("master.key"));
    files.flat_map(|path| std::fs::read(path).expect("a file")).collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

fn closed_matter(county: &County, id: &str) -> RecordId {
    let id = county.report(id, "阳庄村停水两天了").expect("reported").record;
    county.step("officer.water", id, "accept", &[]).expect("accepted");
    county
        .step("officer.water", id, "answer", &[("done", "已修复水泵恢复供水"), ("result", "solved")])
        .expect("answered");
    county.step("holder", id, "rate", &[("solved", "yes"), ("satisfied", "yes")]).expect("rated");
    id
}

#[test]
fn personal_values_are_nowhere_in_clear_and_an_erasure_is_for_good() {
    let county = county();
    let service = &county.service;
    let dir = county._dir.path().to_owned();
    let id = county.report("erase-0001", "阳庄村停水两天了").expect("reported").record;
    assert_eq!(looked(&county, "officer.water", id), [("contact_phone".to_owned(), PHONE.into())]);
    for typed in [PHONE, NAME] {
        assert!(!holds(&bytes_on_disk(&dir), typed.as_bytes()), "sealed before it was stored");
        assert_eq!(service.search(&service.actor_of("officer.water"), typed, 10), Ok(vec![]));
    }
    let view = service.view(&service.actor_of("officer.water"), id).expect("readable");
    assert_eq!(gongzhi_service::seal::covered(&view.record.fields["contact_phone"]), "138****1111");
    assert!(view.own.is_empty());
    let own = service.view(&Actor::Holder(id), id).expect("the holder's own");
    assert_eq!(own.own["contact_phone"], PHONE.into());

    let erase = |id: RecordId, actor: Actor| {
        let order = Order::Erase { record: id, reason: "本人要求".into() };
        county.send(service.new_command_id().as_str(), actor, order)
    };
    assert!(
        matches!(erase(id, Actor::Holder(id)), Err(Failure::Refused(Refusal::StillNeeded { .. }))),
        "needed while it is handled"
    );
    let id = closed_matter(&county, "erase-0002");
    assert_eq!(erase(id, Actor::Public), Err(Failure::NotFound));
    let stranger = service.actor_of("officer.tongcheng");
    assert_eq!(erase(id, stranger), Err(Failure::NotFound));
    let wrapped = service.ledger().keys(&[id]).expect("keys").remove(0).1;
    assert!(holds(&bytes_on_disk(&dir), &wrapped));
    erase(id, Actor::Holder(id)).expect("erased");
    assert_eq!(service.ledger().keys(&[id]), Ok(vec![]));
    for gone in [&wrapped, PHONE.as_bytes(), NAME.as_bytes()] {
        assert!(!holds(&bytes_on_disk(&dir), gone), "nor in free pages or the write-ahead log");
    }
    assert!(matches!(erase(id, Actor::Holder(id)), Err(Failure::Refused(Refusal::NothingPersonal))));
    let own = service.view(&Actor::Holder(id), id).expect("still readable");
    assert!(own.own.is_empty() && !own.record.fields.contains_key("contact_phone"));
    assert!(service.view(&service.actor_of("officer.water"), id).is_ok(), "the matter itself stays");
    gongzhi_store::verify(service.ledger(), &mut |_| {}).expect("the log verifies");
}

#[test]
fn what_was_kept_long_enough_goes_by_itself() {
    let county = county();
    let service = &county.service;
    let (open, closed) = (
        county.report("keep-0001", "阳庄村停水两天了").expect("reported").record,
        closed_matter(&county, "keep-0002"),
    );
    let start = service.now();
    county.clock.set(start.plus_millis(700 * 86_400_000));
    timers::fire_due(service, service.now()).expect("fired");
    assert_eq!(service.ledger().keys(&[closed]).expect("keys").len(), 1, "24 months are not over");
    county.clock.set(start.plus_millis(760 * 86_400_000));
    timers::fire_due(service, service.now()).expect("fired");
    assert_eq!(service.ledger().keys(&[closed]), Ok(vec![]));
    assert_eq!(service.ledger().keys(&[open]).expect("keys").len(), 1, "what is open is still needed");
}

#[test]
fn another_master_key_is_refused() {
    let county = county();
    let dir = county._dir.path();
    let other = MasterKey::fresh(county.clock.as_ref());
    let path = dir.join("county.db");
    let open = |master| {
        let code = Sqlite::county_of(&path).expect("a county");
        Service::open(Settings {
            ledger: Arc::new(Sqlite::open(&path, &code).expect("a database")),
            ambient: county.clock.clone(),
            files: dir.join("files"),
            master,
            library: None,
        })
        .err()
        .map(|error| error.to_string())
    };
    let refused = open(other).expect("refused");
    assert!(refused.contains("the master key is not the one of this county"), "{refused}");
    assert_eq!(open(MasterKey::in_file(&dir.join("master.key")).expect("a key")), None);
}

#[test]
fn two_nodes_on_one_ledger_lose_and_double_nothing() {
    const EACH: usize = 60;
    let county = county();
    let second = open(county._dir.path(), &county.clock);
    let run = |service: &Service, node: usize| -> Vec<Outcome> {
        let report = |n: usize| {
            let input = [("what", format!("第{n}件事情")), ("where", "140823204208".to_owned())]
                .map(|(name, value)| (name.to_owned(), Raw::Text(value)))
                .into();
            let id = CommandId::new(&format!("node-{node}-{n:04}")).expect("an identifier");
            let record = service.new_record_id();
            let order = Order::Open { mechanism: "matter".into(), step: "report".into(), id: record, input };
            let command = Command { id, actor: Actor::Public, at: service.now(), order };
            service.engine().act_blocking(command).expect("accepted, whoever came first")
        };
        (0..EACH).map(report).collect()
    };
    let first = &county.service;
    let mut outcomes = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(&second, 2));
        let mut mine = run(first, 1);
        mine.extend(other.join().expect("the second node"));
        mine
    });
    let ledger = first.ledger();
    let ids: Vec<RecordId> = outcomes.iter().map(|outcome| outcome.record).collect();
    let mut numbers: Vec<String> =
        ledger.rows(&ids).expect("rows").into_iter().map(|row| row.number).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 2 * EACH, "each matter has its own number");
    outcomes.sort_by_key(|outcome| outcome.seq);
    outcomes.dedup_by_key(|outcome| outcome.seq);
    assert_eq!(outcomes.len(), 2 * EACH);
    gongzhi_store::verify(ledger, &mut |_| {}).expect("the log verifies");
    // What one node did, the other knows: the same command again is not done again.
    let order = Order::Look { record: ids[0], fields: vec![], purpose: "x".into() };
    let again = CommandId::new("node-2-0000").expect("an identifier");
    let command = Command { id: again, actor: Actor::Public, at: first.now(), order };
    assert_eq!(first.engine().act_blocking(command), Err(Failure::Refused(Refusal::CommandReused)));
    second.close();
}

#[test]
fn a_county_loaded_again_takes_in_what_is_new_and_changes_nothing_else() {
    let county = county();
    // Somebody entered one by hand whom the tables bring along as well.
    let input = [("code", "by-hand"), ("name", "手工登记")];
    let input = input.map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned()))).into();
    let (id, who) = (county.service.new_record_id(), county.service.actor_of("admin"));
    let order = Order::Open { mechanism: "people".into(), step: "enter".into(), id, input };
    county.send("by-hand-0001", who, order).expect("entered");
    let County { service, clock, _dir: dir } = county;
    service.close();

    let data = dir.path().join("tables");
    std::fs::create_dir(&data).expect("a directory");
    let from = load::first_county(&fixture::root().join("counties")).expect("a county");
    for entry in std::fs::read_dir(from).expect("a directory").flatten() {
        std::fs::copy(entry.path(), data.join(entry.file_name())).expect("copied");
    }
    let people = std::fs::read_to_string(data.join("people.csv")).expect("people");
    let changed = people.replacen("window,", "window,改名", 1) + "by-hand,手工登记,\nbrand-new,新来的,\n";
    assert_ne!(people, changed);
    std::fs::write(data.join("people.csv"), changed).expect("written");
    let mut files = load::read_library(&fixture::root().join("mechanisms")).expect("documents");
    files.sources[0].text.push('\n');

    let service = open(dir.path(), &clock);
    let before = service.ledger().head().expect("a head").size;
    for more in [1, 0] {
        let size = service.ledger().head().expect("a head").size;
        load::county(&service, &data, &files).expect("loaded again");
        assert_eq!(service.ledger().head().expect("a head").size, size + more);
    }
    let world = service.state().world.clone();
    assert_eq!(world.person("brand-new").map(|person| person.name.as_str()), Some("新来的"));
    assert_eq!(world.person("by-hand").map(|person| person.record), Some(id));
    assert!(world.person("window").is_some_and(|person| !person.name.starts_with("改名")));
    assert_eq!(service.ledger().head().expect("a head").size, before + 1);
    service.close();
}
