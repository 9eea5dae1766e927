//! Ledgers written by earlier versions, kept under `suite/ledgers/vN`: each loads, verifies, folds to
//! what it stored, and can be rebuilt, for ever.
//!
//! A new one is written when the form of entries grows: `WRITE_LEDGER=vN cargo test -p gongzhi-service
//! --test old_ledgers`. Those that are there are never written again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{CommandId, RecordId, Timestamp};
use gongzhi_kernel::project::project;
use gongzhi_kernel::{Actor, Command, Event, Order, Raw, Record};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Service, Settings, load, timers};
use gongzhi_store::sqlite::Sqlite;
use gongzhi_store::{Batch, Ledger, ListQuery, Scope, Stored};

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/ledgers")
}

/// The master key of all old ledgers: it protects nobody's data.
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn settings(ledger: Arc<dyn Ledger>, dir: &Path, clock: &Arc<Scripted>) -> Settings {
    Settings {
        ledger,
        ambient: clock.clone(),
        files: dir.join("files"),
        master: MasterKey::read(KEY).expect("a key"),
        library: None,
    }
}

fn clock() -> Arc<Scripted> {
    Arc::new(Scripted::new(Timestamp::read("2026-09-14T01:00:00Z").expect("a time"), 7))
}

/// A small county lives through what entries can hold.
fn write(dir: &Path) {
    let clock = clock();
    let county = suite().join("county");
    let files = load::read_library(&county.join("mechanisms")).expect("documents");
    let library = load::check_library(&files).expect("clean documents");
    let file = load::CountyFile::read(&county).expect("a county's file");
    let ledger = Arc::new(Sqlite::open(&dir.join("county.db"), &file.place).expect("a database"));
    file.write(ledger.as_ref()).expect("settings");
    let opened = settings(ledger, dir, &clock);
    let service = Service::open(Settings { library: Some(library), ..opened }).expect("a service");
    load::county(&service, &county, &files).expect("loaded");
    service.reload_laws().expect("laws");

    let send = |actor: Actor, order: Order| {
        let command = Command { id: service.new_command_id(), actor, at: service.now(), order };
        service.engine().act_blocking(command).expect("accepted").record
    };
    let input = |fields: &[(&str, &str)]| -> BTreeMap<String, Raw> {
        let raw = |value: &str| match value.split_once('|') {
            Some(_) => Raw::List(value.split('|').map(|item| Raw::Text(item.to_owned())).collect()),
            None => Raw::Text(value.to_owned()),
        };
        fields.iter().map(|(name, value)| ((*name).to_owned(), raw(value))).collect()
    };
    let report = || {
        let input = input(&[("what", "东街停水两天"), ("where", "111"), ("contact", "13800001111")]);
        let id = service.new_record_id();
        send(Actor::Public, Order::Open { mechanism: "case".into(), step: "report".into(), id, input })
    };
    let step = |who: &str, record: RecordId, step: &str, fields: &[(&str, &str)]| {
        let actor = if who == "holder" { Actor::Holder(record) } else { service.actor_of(who) };
        send(actor, Order::Step { record, step: step.into(), expect: None, input: input(fields) });
        clock.set(service.now().plus_millis(3_600_000));
    };
    let (first, second, third) = (report(), report(), report());
    step("town", first, "accept", &[]);
    step("town", first, "ask", &[("reason", "哪条路")]);
    clock.set(service.now().plus_millis(2 * 86_400_000));
    step("holder", first, "tell", &[("what", "东街路灯旁")]);
    step("town", first, "more", &[]);
    step("town", first, "join", &[("partners", "water|other")]);
    let parts: Vec<RecordId> = service
        .view(&service.actor_of("town"), first)
        .expect("a view")
        .parts
        .iter()
        .map(|row| row.id)
        .collect();
    step("water", parts[0], "give", &[("reply", "已修好")]);
    step("other", parts[1], "give", &[("reply", "已查看")]);
    let look = Order::Look { record: first, fields: vec!["contact".into()], purpose: "回访核实".into() };
    send(service.actor_of("town"), look);
    step("town", first, "answer", &[]);
    send(Actor::Holder(first), Order::Erase { record: first, reason: "本人要求".into() });
    for _ in 0..3 {
        step("town", second, "refuse", &[("reason", "不归我们管")]);
    }
    step("town", third, "accept", &[]);
    clock.set(service.now().plus_millis(12 * 86_400_000));
    assert!(timers::fire_due(&service, service.now()).expect("fired") > 0);
    service.close();
}

#[test]
fn every_old_ledger_loads_verifies_and_can_be_rebuilt() {
    if let Some(name) = std::env::var_os("WRITE_LEDGER") {
        let dir = suite().join(name);
        assert!(!dir.join("county.db").exists(), "an old ledger is never written again");
        std::fs::create_dir_all(&dir).expect("a directory");
        write(&dir);
        std::fs::remove_dir_all(dir.join("files")).expect("no files");
    }
    let found = std::fs::read_dir(suite()).expect("old ledgers").map(|entry| entry.expect("readable").path());
    let ledgers: Vec<PathBuf> = found.filter(|path| path.join("county.db").exists()).collect();
    assert!(!ledgers.is_empty());
    for path in ledgers {
        one(&path);
    }
}

fn one(path: &Path) {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::copy(path.join("county.db"), dir.path().join("county.db")).expect("a copy");
    let file = dir.path().join("county.db");
    let code = Sqlite::county_of(&file).expect("a county");
    let ledger: Arc<dyn Ledger> = Arc::new(Sqlite::open(&file, &code).expect("opened by this version"));
    let clock = clock();
    let service = Service::open(settings(ledger.clone(), dir.path(), &clock)).expect("a service");
    let head = gongzhi_store::verify(ledger.as_ref(), &mut |_| {}).expect("verifies");

    let state = service.state().clone();
    let mut records: BTreeMap<RecordId, Record> = BTreeMap::new();
    for entry in ledger.entries(0, u32::MAX >> 1).expect("entries") {
        let event = Event::from_bytes(&entry.body).expect("an event of an older form");
        assert_eq!(event.to_bytes(), entry.body, "an old entry has one form");
        let old = records.remove(&event.record);
        records.insert(event.record, Record::fold(old, &event).expect("follows"));
    }
    let mut batch = Batch::default();
    let mut cells = BTreeMap::new();
    for (id, record) in &records {
        let stored = ledger.snapshot(*id).expect("readable").expect("stored");
        assert_eq!(&Record::from_bytes(&stored).expect("an older snapshot reads"), record, "{id}");
        let mechanism = state.laws.version(&record.mechanism, record.version).expect("its mechanism");
        let projection = project(mechanism, record, &state.world, service.now());
        for cell in &projection.share.cells() {
            let sum: &mut (i64, i64) = cells.entry(cell.key.clone()).or_default();
            sum.0 += cell.numerator;
            sum.1 += cell.denominator;
        }
        let receipt = mechanism
            .receipt
            .then(|| gongzhi_service::codes::digest(&service.receipt_code(*id).replace('-', "")));
        batch.records.push(Stored { snapshot: record.to_bytes(), receipt, projection, text_changed: true });
    }
    batch.cells = cells.into_iter().collect();
    batch.counters = ledger.counters().expect("counters");
    // Documents are entered before there is any place: their rows have no path until a rebuild.
    let rows_now = || -> Vec<String> {
        let query = ListQuery { scope: Scope::All, limit: 1_000, ..ListQuery::default() };
        let rows = ledger.list(&query).expect("rows").rows.into_iter();
        rows.filter(|row| row.mechanism != load::DOCUMENTS).map(|row| format!("{row:?}")).collect()
    };
    let rows = rows_now();
    let figures = service.all_figures(gongzhi_service::figures::Reading::default()).expect("figures");
    assert!(rows.len() > 5 && figures.len() > 5);
    ledger.begin_rebuild().expect("begun");
    ledger.put_derived(&batch).expect("derived");
    ledger.end_rebuild().expect("ended");
    for (now, before) in rows_now().iter().zip(&rows) {
        assert_eq!(now, before, "a row as it was");
    }
    assert_eq!(
        service.all_figures(gongzhi_service::figures::Reading::default()).expect("figures"),
        figures,
        "figures as they were"
    );
    // It goes on: new entries follow the old ones.
    let input =
        [("what", "西街停水"), ("where", "111")].map(|(n, v)| (n.to_owned(), Raw::Text(v.to_owned()))).into();
    let id = service.new_record_id();
    let order = Order::Open { mechanism: "case".into(), step: "report".into(), id, input };
    let command = CommandId::new("goes-on-0001").expect("an identifier");
    let at = service.now().plus_millis(400 * 86_400_000);
    service
        .engine()
        .act_blocking(Command { id: command, actor: Actor::Public, at, order })
        .expect("accepted");
    let after = gongzhi_store::verify(ledger.as_ref(), &mut |_| {}).expect("still verifies");
    assert!(after.size > head.size);
}
