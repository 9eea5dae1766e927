//! Two server processes on one PostgreSQL database, under load, while one is killed, one is halted
//! and goes on, and the database itself crashes: nothing acknowledged is lost or done twice.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gongzhi_testkit::postgres::Cluster;

const BINARY: &str = env!("CARGO_BIN_EXE_gongzhi");
/// Clients of each node.
const CLIENTS: usize = 6;

/// A running server process, killed when dropped.
struct Node {
    child: Child,
    host: String,
}

impl Node {
    fn start(data: &Path, database: &str) -> Node {
        let mut child = Command::new(BINARY)
            .args(["serve", "--port", "0", "--database", database, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let host = line.trim().strip_prefix("ready http://").expect("the line `ready`").to_owned();
        Node { child, host }
    }

    fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([name, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a client was told.
#[derive(Debug, PartialEq)]
enum Told {
    /// Acknowledged; the record's identifier.
    Done(String),
    /// Plainly told to come again.
    Later(u16),
    /// The connection broke: nothing was said.
    Nothing,
}

/// Reports one matter.
fn report(stream: &mut TcpStream, host: &str, command: &str) -> Told {
    let body = format!(
        r#"{{"command_id":"{command}","mechanism":"matter","step":"report","fields":{{"what":"路灯不亮 {command}","where":"140823204208","contact_phone":"13800001111"}}}}"#
    );
    let request = format!(
        "POST /api/v1/records HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    answer(stream, &request).unwrap_or(Told::Nothing)
}

fn answer(stream: &mut TcpStream, request: &str) -> Option<Told> {
    stream.write_all(request.as_bytes()).ok()?;
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let Ok(json) = serde_json::from_str::<serde_json::Value>(body) else { continue };
        let status: u16 = head.split(' ').nth(1)?.parse().ok()?;
        return Some(match status {
            200..300 => Told::Done(json.get("record")?.as_str()?.to_owned()),
            429 | 503 => Told::Later(status),
            _ => panic!("{head}\n{body}"),
        });
    }
}

/// Everything that was acknowledged: command and record.
#[derive(Default)]
struct Load {
    stop: AtomicBool,
    number: AtomicU64,
    acknowledged: Mutex<Vec<(String, String)>>,
    later: AtomicU64,
}

impl Load {
    /// Reports matters until it is stopped, each again under its name until it is acknowledged, at
    /// whichever node answers.
    fn client(&self, hosts: &Mutex<Vec<String>>, node: usize) {
        let mut stream: Option<(TcpStream, String)> = None;
        let mut waiting: Option<String> = None;
        while !self.stop.load(Ordering::Relaxed) {
            let command = waiting
                .take()
                .unwrap_or_else(|| format!("nodes-{:06}", self.number.fetch_add(1, Ordering::Relaxed)));
            if stream.is_none() {
                let host = hosts.lock().expect("lock")[node].clone();
                stream = TcpStream::connect(&host).ok().map(|stream| {
                    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
                    (stream, host)
                });
            }
            let told = match &mut stream {
                Some((stream, host)) => report(stream, host, &command),
                None => Told::Nothing,
            };
            match told {
                Told::Done(record) => self.acknowledged.lock().expect("lock").push((command, record)),
                Told::Later(_) => {
                    self.later.fetch_add(1, Ordering::Relaxed);
                    waiting = Some(command);
                    std::thread::sleep(Duration::from_millis(100));
                }
                Told::Nothing => {
                    (stream, waiting) = (None, Some(command));
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().expect("lock").len()
    }

    /// Waits until so many more were acknowledged.
    fn goes_on(&self, more: usize, what: &str) {
        let before = self.count();
        for _ in 0..600 {
            if self.count() >= before + more {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{what}: only {} of {more} were acknowledged", self.count() - before);
    }
}

fn load_county(database: &str, data: &Path) {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let county = gongzhi_service::load::first_county(&root.join("counties")).expect("a county");
    let loaded = Command::new(BINARY)
        .current_dir(root)
        .args(["load", "--county"])
        .arg(&county)
        .args(["--database", database, "--data"])
        .arg(data)
        .status()
        .expect("loads");
    assert!(loaded.success());
}

#[test]
fn nothing_acknowledged_is_lost_whatever_stops() {
    let cluster = Cluster::own();
    let url = cluster.url("postgres");
    let dir = tempfile::tempdir().expect("a directory");
    let data: PathBuf = dir.path().join("county");
    load_county(&url, &data);

    let mut nodes = [Node::start(&data, &url), Node::start(&data, &url)];
    let hosts = Mutex::new(nodes.iter().map(|node| node.host.clone()).collect::<Vec<_>>());
    let load = Load::default();
    std::thread::scope(|scope| {
        for client in 0..2 * CLIENTS {
            let (load, hosts) = (&load, &hosts);
            scope.spawn(move || load.client(hosts, client % 2));
        }
        // A failing check must not leave the clients at work for ever.
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            load.goes_on(60, "both nodes");

            // One node is killed; the other goes on, and the first comes back.
            nodes[0].child.kill().expect("killed");
            nodes[0].child.wait().expect("gone");
            load.goes_on(40, "the other node after one was killed");
            nodes[0] = Node::start(&data, &url);
            hosts.lock().expect("lock")[0] = nodes[0].host.clone();
            load.goes_on(40, "both nodes again");

            // One node is halted for longer than the database waits for it, and goes on.
            nodes[0].signal("-STOP");
            load.goes_on(40, "the other node while one is halted");
            std::thread::sleep(Duration::from_secs(6));
            nodes[0].signal("-CONT");
            load.goes_on(60, "both nodes after one was halted");

            // The database crashes under both and is started again.
            cluster.stop(true);
            std::thread::sleep(Duration::from_secs(1));
            cluster.start();
            load.goes_on(60, "both nodes after the database crashed");
        }));
        load.stop.store(true, Ordering::Relaxed);
        if let Err(failed) = checked {
            std::panic::resume_unwind(failed);
        }
    });

    let acknowledged = load.acknowledged.into_inner().expect("lock");
    for node in &nodes {
        // The same commands again get the same answers, from either node.
        let mut stream = TcpStream::connect(&node.host).expect("a connection");
        for (command, record) in acknowledged.iter().rev().step_by(3) {
            assert_eq!(report(&mut stream, &node.host, command), Told::Done(record.clone()), "{command}");
        }
    }
    let count = cluster
        .sql("postgres", "SELECT count(DISTINCT record) FROM gongzhi.answer WHERE command LIKE 'nodes-%'");
    let matters = cluster.sql("postgres", "SELECT count(*) FROM gongzhi.record WHERE mechanism = 'matter'");
    assert_eq!(count, matters, "each command made one matter");
    assert!(count.parse::<usize>().is_ok_and(|count| count >= acknowledged.len()), "{count}");
    drop(nodes);
    let verified = Command::new(BINARY).args(["verify", "--database", &url]).output().expect("verifies");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_halted_node_acknowledges_nothing_under_a_key_that_was_changed_meanwhile() {
    let cluster = Cluster::own();
    let url = cluster.url("postgres");
    let dir = tempfile::tempdir().expect("a directory");
    // Two machines: each has a directory of its own, with the same master key.
    let (data, admin) = (dir.path().join("county"), dir.path().join("admin"));
    load_county(&url, &data);
    std::fs::create_dir(&admin).expect("a directory");
    std::fs::copy(data.join("master.key"), admin.join("master.key")).expect("copied");
    let rotate = |more: &[&str]| {
        let mut command = Command::new(BINARY);
        command
            .env("LC_ALL", "en")
            .args(["key", "rotate", "--database", &url, "--data"])
            .arg(&admin)
            .args(more);
        let output = command.output().expect("runs");
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        (output.status.success(), said.concat())
    };
    let answers =
        || cluster.sql("postgres", "SELECT count(*) FROM gongzhi.answer WHERE command LIKE 'sealed-%'");

    let mut node = Node::start(&data, &url);
    let mut stream = TcpStream::connect(&node.host).expect("a connection");
    assert!(matches!(report(&mut stream, &node.host, "sealed-1"), Told::Done(_)));
    node.signal("-STOP");
    let (done, said) = rotate(&[]);
    assert!(!done && said.contains("connected to the county: gongzhi (process "), "{said}");
    assert!(said.contains("--cut-off"), "{said}");
    let (done, said) = rotate(&["--cut-off"]);
    assert!(done && said.contains("are wrapped by the new master key"), "{said}");

    node.signal("-CONT");
    assert!(!matches!(report(&mut stream, &node.host, "sealed-2"), Told::Done(_)), "it has the old key");
    assert_eq!(answers(), "1");
    // It ends by itself, and with its old key it does not start again.
    assert!(!node.child.wait().expect("it ends").success());
    let mut again = Command::new(BINARY);
    again.env("LC_ALL", "en").args(["serve", "--port", "0", "--database", &url, "--data"]).arg(&data);
    let refused = again.output().expect("runs");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not the one of this county"));
    std::fs::copy(admin.join("master.key"), data.join("master.key")).expect("copied");
    let node = Node::start(&data, &url);
    let mut stream = TcpStream::connect(&node.host).expect("a connection");
    assert!(matches!(report(&mut stream, &node.host, "sealed-2"), Told::Done(_)));
    assert_eq!(answers(), "2");
}

#[test]
fn one_of_several_counties_is_chosen_by_its_code() {
    let database = gongzhi_testkit::postgres::database();
    let run = |args: &[&str]| {
        let output =
            Command::new(BINARY).args(args).args(["--lang", "en", "--database", database.url()]).output();
        let output = output.expect("runs");
        let text = if output.status.success() { output.stdout } else { output.stderr };
        String::from_utf8_lossy(&text).trim().to_owned()
    };
    assert_eq!(run(&["verify"]), "gongzhi: the database holds no county; load one first");
    let dir = tempfile::tempdir().expect("a directory");
    load_county(database.url(), &dir.path().join("county"));
    assert!(!run(&["verify"]).starts_with("gongzhi:"));
    database.sql("INSERT INTO gongzhi.ledger (county, size, hash) VALUES ('000000', 0, decode(repeat('00', 32), 'hex'))");
    assert!(run(&["verify"]).contains("choose one with --county (000000, 140823000000)"));
    assert!(!run(&["verify", "--county", "000000"]).starts_with("gongzhi:"));
    assert!(
        run(&["verify", "--county", "999999"])
            .contains("holds no county 999999; it holds 000000, 140823000000")
    );
    assert!(run(&["serve", "--county", "140823000000"]).contains("give --data DIR too"));
}

#[test]
fn a_database_that_is_not_believed_is_refused_in_both_languages_with_what_to_do() {
    let dir = tempfile::tempdir().expect("a directory");
    gongzhi_testkit::postgres::certificates(dir.path());
    let mut cluster = Cluster::own();
    let port = cluster.listen(&dir.path().join("server.pem"), &dir.path().join("server.key"));
    let counties = |lang: &str, root: &str| {
        let url = format!(
            "postgres://postgres@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={}",
            dir.path().join(root).display()
        );
        let output = Command::new(BINARY).args(["verify", "--lang", lang, "--database", &url]).output();
        let output = output.expect("runs");
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(counties("en", "ca.pem").contains("the database holds no county"));
    assert!(counties("zh", "ca.pem").contains("数据库里没有县的数据"));
    for (lang, words) in [("zh", "没有连接"), ("en", "nothing was sent")] {
        let refused = counties(lang, "other.pem");
        assert!(refused.contains(words) && !refused.contains("cannot be reached"), "{refused}");
    }
}
