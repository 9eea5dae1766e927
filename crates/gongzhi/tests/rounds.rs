//! The server is killed (SIGKILL) while the records of a month open by themselves: started again it opens
//! the rest, none is missing and none is there twice.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gongzhi_base::RecordId;
use gongzhi_kernel::{Actor, Command as Deed, Order, Raw};
use gongzhi_service::ambient::Machine;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Service, Settings};
use gongzhi_store::sqlite::Sqlite;
use gongzhi_store::{Ledger, ListQuery, Scope};

const BINARY: &str = env!("CARGO_BIN_EXE_gongzhi");
const MEMBERS: usize = 1_500;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn serve(data: &Path) -> Child {
    let mut child = Command::new(BINARY)
        .args(["serve", "--port", "0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("ready "), "{line}");
    child
}

/// The titles of all pledges.
fn pledges(ledger: &dyn Ledger) -> Vec<String> {
    let mut titles = Vec::new();
    let mut after = None;
    loop {
        let query = ListQuery {
            scope: Scope::All,
            mechanism: Some("pledge".into()),
            after,
            limit: 1_000,
            ..ListQuery::default()
        };
        let page = ledger.list(&query).expect("a list");
        titles.extend(page.rows.into_iter().map(|row| row.title));
        after = page.next;
        if after.is_none() {
            return titles;
        }
    }
}

/// A branch with its members, entered by the product itself while no server runs.
fn enter(data: &Path) {
    let path = data.join("county.db");
    let county = Sqlite::county_of(&path).expect("a county");
    let key = std::fs::read_to_string(data.join("master.key")).expect("its key");
    let service = Service::open(Settings {
        ledger: Arc::new(Sqlite::open(&path, &county).expect("a database")),
        ambient: Arc::new(Machine),
        files: data.join("files"),
        master: MasterKey::read(key.trim()).expect("a key"),
        library: None,
    })
    .expect("a service");
    let branch = service.new_record_id();
    let input = |fields: &[(&str, String)]| {
        fields.iter().map(|(name, value)| ((*name).to_owned(), Raw::Text(value.clone()))).collect()
    };
    let fields = input(&[("name", "第一支部".to_owned()), ("where", "140823204208".to_owned())]);
    let order = Order::Open { mechanism: "branch".into(), step: "found".into(), id: branch, input: fields };
    let actor = service.actor_of("organiser");
    let command = Deed { id: service.new_command_id(), actor, at: service.now(), order };
    service.engine().act_blocking(command).expect("a branch");
    let entering = (0..MEMBERS).map(|n| {
        let id: RecordId = service.new_record_id();
        let fields = input(&[("called", format!("党员{n}")), ("parent", branch.to_string())]);
        let order = Order::Open { mechanism: "member".into(), step: "enter".into(), id, input: fields };
        Deed { id: service.new_command_id(), actor: Actor::System, at: service.now(), order }
    });
    for answer in service.engine().act_all(entering.collect()) {
        answer.expect("a member");
    }
    service.close();
}

/// Waits until so many pledges are there; gives how many there are then.
#[expect(clippy::disallowed_methods, reason = "the server runs by the machine's clock")]
fn wait(ledger: &dyn Ledger, least: usize) -> usize {
    let began = Instant::now();
    loop {
        let found = pledges(ledger).len();
        if found >= least {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "only {found} of {least} opened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn none_is_doubled_or_missing_when_the_server_is_killed_in_the_middle() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("county");
    let county = gongzhi_service::load::first_county(&root().join("counties")).expect("a county");
    let loaded = Command::new(BINARY)
        .current_dir(root())
        .args(["load", "--county"])
        .arg(&county)
        .args(["--data"])
        .arg(&data)
        .status()
        .expect("loads");
    assert!(loaded.success());
    enter(&data);
    let path = data.join("county.db");
    let county = Sqlite::county_of(&path).expect("a county");
    let ledger = Sqlite::open(&path, &county).expect("a database");
    assert_eq!(pledges(&ledger).len(), 0);

    // The month's day has come long ago: the server opens them as soon as it looks at the clock.
    let mut found = 0;
    for part in [1, 500] {
        let mut child = serve(&data);
        found = wait(&ledger, part);
        child.kill().expect("killed");
        child.wait().expect("gone");
    }
    assert!(found < MEMBERS, "it was killed too late to say anything: all {found} had opened");

    let mut child = serve(&data);
    wait(&ledger, MEMBERS);
    // Time to double some, if it would.
    std::thread::sleep(Duration::from_secs(3));
    child.kill().expect("killed");
    child.wait().expect("gone");
    let mut titles = pledges(&ledger);
    assert_eq!(titles.len(), MEMBERS);
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), MEMBERS, "one for each member");
    gongzhi_store::verify(&ledger, &mut |_| {}).expect("the log verifies");
}
