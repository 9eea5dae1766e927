//! Records that open by themselves: once for each, whatever is cut off, doubled or missed.

use std::path::Path;
use std::sync::Arc;

use gongzhi_base::{CommandId, Date, RecordId, Timestamp, Value};
use gongzhi_kernel::{Actor, Command, Order, Raw, recurs};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Service, Settings, load, timers};
use gongzhi_store::sqlite::Sqlite;
use gongzhi_store::{ListQuery, Scope};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn at(text: &str) -> Timestamp {
    Timestamp::read(text).expect("a time")
}

fn open(dir: &Path, clock: &Arc<Scripted>, library: Option<gongzhi_lang::Library>) -> Service {
    let path = dir.join("county.db");
    let county = Sqlite::county_of(&path).expect("a county");
    Service::open(Settings {
        ledger: Arc::new(Sqlite::open(&path, &county).expect("a database")),
        ambient: clock.clone(),
        files: dir.join("files"),
        master: MasterKey::read(&"7".repeat(64)).expect("a key"),
        library,
    })
    .expect("a service")
}

/// The demo's registers with a branch of so many members; gives the members' records.
fn county(dir: &Path, clock: &Arc<Scripted>, members: usize) -> (Service, Vec<RecordId>) {
    let files = load::read_library(&root().join("mechanisms")).expect("documents");
    let library = load::check_library(&files).expect("clean documents");
    let data = load::first_county(&root().join("counties")).expect("a county");
    let file = load::CountyFile::read(&data).expect("a county's file");
    {
        let ledger = Sqlite::open(&dir.join("county.db"), &file.place).expect("a database");
        file.write(&ledger).expect("settings");
    }
    let service = open(dir, clock, Some(library));
    load::county(&service, &data, &files).expect("loaded");
    service.reload_laws().expect("laws from the ledger");
    let input = |fields: &[(&str, String)]| {
        fields.iter().map(|(name, value)| ((*name).to_owned(), Raw::Text(value.clone()))).collect()
    };
    let branch = service.new_record_id();
    let fields = input(&[("name", "第一支部".to_owned()), ("where", "140823204208".to_owned())]);
    let order = Order::Open { mechanism: "branch".into(), step: "found".into(), id: branch, input: fields };
    let actor = service.actor_of("organiser");
    let command = Command { id: service.new_command_id(), actor, at: service.now(), order };
    service.engine().act_blocking(command).expect("a branch");
    let mut ids = Vec::new();
    let commands = (0..members).map(|n| {
        let id = service.new_record_id();
        ids.push(id);
        let input = input(&[("called", format!("党员{n}")), ("parent", branch.to_string())]);
        let order = Order::Open { mechanism: "member".into(), step: "enter".into(), id, input };
        Command { id: service.new_command_id(), actor: Actor::System, at: service.now(), order }
    });
    let commands: Vec<Command> = commands.collect();
    for answer in service.engine().act_all(commands) {
        answer.expect("a member");
    }
    (service, ids)
}

/// How many pledges there are of each month of opening.
fn pledges(service: &Service) -> usize {
    let query = ListQuery {
        scope: Scope::All,
        mechanism: Some("pledge".into()),
        limit: 1_000,
        ..ListQuery::default()
    };
    service.ledger().list(&query).expect("a list").rows.len()
}

#[test]
fn each_member_gets_one_pledge_a_month_also_when_it_is_cut_off_in_the_middle() {
    const MEMBERS: usize = 40;
    let dir = tempfile::tempdir().expect("a directory");
    let clock = Arc::new(Scripted::new(at("2026-10-20T01:00:00Z"), 5));
    let (service, members) = county(dir.path(), &clock, MEMBERS);
    let away =
        Order::Step { record: members[0], step: "pause".into(), expect: None, input: Default::default() };
    let actor = service.actor_of("secretary.yangzhuang");
    let command = Command { id: service.new_command_id(), actor, at: service.now(), order: away };
    service.engine().act_blocking(command).expect("away");

    // A part of November opens, and the power goes.
    clock.set(at("2026-11-01T00:00:00Z"));
    let world = service.state().world.clone();
    let november: Date = "2026-11-01".parse().expect("a date");
    for item in &members[..7] {
        let id = recurs::id("pledge", november, Some(*item), &world);
        let digest = gongzhi_base::Digest::of_parts(&[b"recur", &id.0]).to_string();
        let order = Order::Recur { mechanism: "pledge".into(), period: november, item: Some(*item), id };
        let command = CommandId::new(&format!("recur-{}", &digest[..40])).expect("an identifier");
        let _ = service.engine().act_blocking(Command {
            id: command,
            actor: Actor::System,
            at: service.now(),
            order,
        });
    }
    assert_eq!(pledges(&service), 6, "not for the one who is away");
    drop(world);
    service.close();

    let service = open(dir.path(), &clock, None);
    timers::fire_due(&service, service.now()).expect("fired");
    assert_eq!(pledges(&service), MEMBERS - 1);
    timers::fire_due(&service, service.now()).expect("fired");
    let second = open(dir.path(), &clock, None);
    timers::fire_due(&second, second.now()).expect("fired on another node");
    second.close();
    assert_eq!(pledges(&service), MEMBERS - 1, "once, on whatever node and however often");
    let figures = service.all_figures(gongzhi_service::figures::Reading::default()).expect("figures");
    let opened = figures.iter().find(|figure| {
        (figure.key.mechanism.as_str(), figure.key.indicator.as_str(), figure.key.key.as_str())
            == ("pledge", "opened", "140823204208")
    });
    assert_eq!(opened.map(|figure| (figure.numerator, figure.key.period.as_str())), Some((39, "2026-11")));

    // Switched off for three months: only the present month opens, as the document says.
    clock.set(at("2027-02-03T00:00:00Z"));
    timers::fire_due(&service, service.now()).expect("fired");
    assert_eq!(pledges(&service), 2 * (MEMBERS - 1));
    // Nobody had promised anything in November, which is carried over, over the months in between.
    let world = service.state().world.clone();
    let month = |date: &str| recurs::id("pledge", date.parse().expect("a date"), Some(members[1]), &world);
    let present = service.view(&Actor::System, month("2027-02-01")).expect("opened").record;
    assert_eq!(present.fields.get("carried_from"), Some(&Value::Record(month("2026-11-01"))));
    let member = service.view(&Actor::System, members[1]).expect("a member").record;
    let shown: Vec<RecordId> =
        service.opened_for(&member).expect("read").iter().map(|(row, _)| row.id).collect();
    assert_eq!(shown, [month("2027-02-01"), month("2026-11-01")], "the holder sees both");
    gongzhi_store::verify(service.ledger(), &mut |_| {}).expect("the log verifies");
}
