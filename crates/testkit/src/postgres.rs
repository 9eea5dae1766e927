//! Real PostgreSQL servers for tests, on a Unix socket in a temporary directory.
//!
//! [`database`] gives an empty database on one server that all test programs of this user share:
//! started by the first that asks, stopped when the last has ended, however it ended. [`Cluster::own`]
//! gives a server to one test alone, which may stop and start it.
//!
//! Tests fail when PostgreSQL is missing: Debian's package `postgresql` brings it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The port by which sockets are named; nothing listens on the network.
const PORT: u16 = 5500;

/// The oldest version that the product knows.
const OLDEST: u32 = 15;

/// Numbers what this process makes.
static MADE: AtomicU32 = AtomicU32::new(0);

/// An empty database on the shared server, dropped with this value.
pub struct Database {
    name: String,
    url: String,
}

impl Database {
    /// How the product reaches it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements as the owner and gives what `psql` prints, unaligned.
    pub fn sql(&self, text: &str) -> String {
        shared().sql(&self.name, text)
    }

    /// A database with the same content. Nobody may be connected to this one.
    pub fn copy(&self) -> Database {
        made(&format!("TEMPLATE {}", self.name))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What is left is dropped when the server starts the next time.
        let _ = shared().psql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// A new empty database on the shared server.
pub fn database() -> Database {
    made("")
}

fn made(how: &str) -> Database {
    let server = shared();
    let name = format!("t_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    server.sql("postgres", &format!("CREATE DATABASE {name} {how}"));
    Database { url: server.url(&name), name }
}

/// A server of one test.
pub struct Cluster {
    server: Server,
    guard: Option<Child>,
}

impl Cluster {
    /// Makes and starts a server; it is stopped and removed with this value or this process.
    pub fn own() -> Cluster {
        let home = Home::open();
        let base =
            home.dir.join(format!("own-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)));
        let server = must(home.cluster(&base), "a cluster");
        let stop = server.shell_command(&["pg_ctl", "stop", "-m", "immediate", "-w", "-D"]);
        let script = format!("read -r _; {stop} '{}'; rm -rf '{}'", server.data().display(), base.display());
        let guard = Some(watch(&script));
        must(server.start(), "the server starts");
        Cluster { server, guard }
    }

    /// How the product reaches a database of this server; `postgres` is always there.
    pub fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// Runs statements as the owner.
    pub fn sql(&self, database: &str, text: &str) -> String {
        self.server.sql(database, text)
    }

    /// Lets it be reached over the network of this machine too, encrypted with a certificate and its key (files in PEM);
    /// gives the port. What was connected is not any more.
    pub fn listen(&mut self, certificate: &Path, key: &Path) -> u16 {
        let free = must(std::net::TcpListener::bind(("127.0.0.1", 0)), "a free port");
        let port = must(free.local_addr(), "a free port").port();
        drop(free);
        self.stop(false);
        for (from, name) in [(certificate, "server.crt"), (key, "server.key")] {
            must(self.server.install_file(from, &self.data().join(name)), "its certificate");
        }
        self.set(&format!("listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\n"));
        self.server.port = port;
        self.start();
        port
    }

    /// Adds settings, for its next start.
    pub fn set(&self, settings: &str) {
        let file = self.data().join("postgresql.conf");
        let text = must(fs::read_to_string(&file), "its settings");
        must(fs::write(&file, text + settings), "its settings");
    }

    /// A program of the server's own, as `pgbench`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.server.programs.join(name)
    }

    /// Where its files lie.
    pub fn data(&self) -> PathBuf {
        self.server.data().to_path_buf()
    }

    /// Stops the server at once, as a crash would, or in order.
    pub fn stop(&self, crash: bool) {
        must(self.server.stop(if crash { "immediate" } else { "fast" }), "the server stops");
    }

    /// Starts it again.
    pub fn start(&self) {
        must(self.server.start(), "the server starts");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            drop(guard.stdin.take());
            let _ = guard.wait();
        }
    }
}

/// Ends the test with the reason.
fn must<T>(result: io::Result<T>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("PostgreSQL for tests, {what}: {error}"))
}

/// The server that all test programs share, started when it does not run.
fn shared() -> &'static Server {
    static SHARED: OnceLock<(Server, File, Child)> = OnceLock::new();
    let make = || -> io::Result<(Server, File, Child)> {
        let home = Home::open();
        let starting = home.lock("start.lock")?;
        let users = home.open_file("users.lock")?;
        let base = home.dir.join("shared");
        let server = home.cluster(&base)?;
        if !server.runs() {
            server.start()?;
            let old =
                server.psql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 't\\_%'")?;
            for name in String::from_utf8_lossy(&old.stdout).split_whitespace() {
                server.psql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
            }
        }
        users.lock_shared()?;
        // Ends the server when this process has ended, unless another one still uses it.
        let stop = server.shell_command(&["pg_ctl", "stop", "-m", "fast", "-w", "-D"]);
        let dir = home.dir.display();
        let guard = watch(&format!(
            "read -r _; exec 9>'{dir}/start.lock'; flock 9; exec 8>>'{dir}/users.lock'; \
             if flock -w 1 8; then {stop} '{}'; fi",
            server.data().display()
        ));
        drop(starting);
        Ok((server, users, guard))
    };
    &SHARED.get_or_init(|| must(make(), "the shared server")).0
}

/// A shell that runs a script once this process has ended: its standard input closes then.
fn watch(script: &str) -> Child {
    let child = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Not ended by what ends this process from a terminal.
        .process_group(0)
        .spawn();
    must(child, "its guard")
}

/// The directory of this user's servers.
struct Home {
    dir: PathBuf,
    programs: PathBuf,
    root: bool,
}

impl Home {
    fn open() -> Home {
        let programs = programs();
        let uid = must(fs::metadata("/proc/self"), "this user").uid();
        let version = programs.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        let dir = std::env::temp_dir().join(format!("gongzhi-postgresql-{version}-{uid}"));
        must(fs::create_dir_all(&dir), "its directory");
        assert_eq!(must(fs::metadata(&dir), "its directory").uid(), uid, "{} is another's", dir.display());
        Home { dir, programs, root: uid == 0 }
    }

    fn open_file(&self, name: &str) -> io::Result<File> {
        File::options().create(true).append(true).open(self.dir.join(name))
    }

    fn lock(&self, name: &str) -> io::Result<File> {
        let file = self.open_file(name)?;
        file.lock()?;
        Ok(file)
    }

    /// A cluster in `base`, copied from the one that was made once for this user.
    fn cluster(&self, base: &Path) -> io::Result<Server> {
        let server =
            Server { base: base.to_owned(), programs: self.programs.clone(), root: self.root, port: PORT };
        if server.data().is_dir() {
            return Ok(server);
        }
        let _making = self.lock("template.lock")?;
        let template = Server { base: self.dir.join("template"), ..server.clone() };
        if !template.base.join("done").is_file() {
            let _ = fs::remove_dir_all(&template.base);
            template.make_dir(&template.base)?;
            let data = template.data();
            template.run(
                "initdb",
                &["-E", "UTF8", "--locale=C", "-A", "trust", "-U", "postgres", "-D"],
                &data,
            )?;
            fs::write(template.base.join("done"), "")?;
        }
        server.make_dir(base)?;
        server.make_dir(&base.join("socket"))?;
        let copied = Command::new("cp").arg("-a").arg(template.data()).arg(server.data()).output()?;
        said(copied)?;
        let settings = format!(
            "listen_addresses = ''\nport = {PORT}\nunix_socket_directories = '{}'\nmax_connections = 200\n\
             shared_buffers = 128MB\nmax_wal_size = 1GB\n",
            base.join("socket").display()
        );
        let file = server.data().join("postgresql.conf");
        let mut text = fs::read_to_string(&file)?;
        text.push_str(&settings);
        fs::write(&file, text)?;
        Ok(server)
    }
}

/// Where the newest server's programs lie.
pub(crate) fn programs() -> PathBuf {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let bin = path.join("bin");
            (version >= OLDEST && bin.join("initdb").is_file()).then_some((version, bin))
        })
        .collect();
    found.sort();
    match found.pop() {
        Some((_, bin)) => bin,
        None => {
            panic!("PostgreSQL {OLDEST} or newer is needed for tests: install Debian's package `postgresql`")
        }
    }
}

#[derive(Clone)]
struct Server {
    base: PathBuf,
    programs: PathBuf,
    root: bool,
    port: u16,
}

impl Server {
    fn data(&self) -> PathBuf {
        self.base.join("data")
    }

    fn url(&self, database: &str) -> String {
        let socket = self.base.join("socket").display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{socket}:{}/{database}", self.port)
    }

    /// A directory of the user as whom the server runs: it refuses to run as root.
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        let mut install = Command::new("install");
        install.args(["-d", "-m", "700"]);
        if self.root {
            install.args(["-o", "postgres", "-g", "postgres"]);
        }
        said(install.arg(dir).output()?).map(drop)
    }

    /// Copies a file that only the server's user may read.
    fn install_file(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut install = Command::new("install");
        install.args(["-m", "600"]);
        if self.root {
            install.args(["-o", "postgres", "-g", "postgres"]);
        }
        said(install.arg(from).arg(to).output()?).map(drop)
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !self.root {
            return Command::new(program);
        }
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
        command
    }

    /// The same as text for a shell.
    fn shell_command(&self, words: &[&str]) -> String {
        let user = if self.root { "cd /; runuser -u postgres -- " } else { "" };
        format!("{user}'{}'/{}", self.programs.display(), words.join(" "))
    }

    fn run(&self, program: &str, args: &[&str], dir: &Path) -> io::Result<Output> {
        let mut command = self.command(program);
        said(command.args(args).arg(dir).stdin(Stdio::null()).output()?)
    }

    fn runs(&self) -> bool {
        self.run("pg_ctl", &["status", "-D"], &self.data()).is_ok()
    }

    fn start(&self) -> io::Result<()> {
        let log = self.data().join("server.log");
        // The server keeps what it is given: neither its input nor its output may be this process's.
        let status = self
            .command("pg_ctl")
            .args(["start", "-w", "-t", "120", "-l"])
            .arg(&log)
            .arg("-D")
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other(fs::read_to_string(&log).unwrap_or_else(|error| error.to_string())))
    }

    fn stop(&self, mode: &str) -> io::Result<()> {
        self.run("pg_ctl", &["stop", "-w", "-t", "120", "-m", mode, "-D"], &self.data()).map(drop)
    }

    fn psql(&self, database: &str, text: &str) -> io::Result<Output> {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]);
        command.arg("-h").arg(self.base.join("socket")).args(["-p", &self.port.to_string(), "-c", text]);
        said(command.stdin(Stdio::null()).output()?)
    }

    fn sql(&self, database: &str, text: &str) -> String {
        String::from_utf8_lossy(&must(self.psql(database, text), text).stdout).trim().to_owned()
    }
}

/// A program's output, or its words as an error.
fn said(output: Output) -> io::Result<Output> {
    if output.status.success() {
        return Ok(output);
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Certificates made for a test, in a directory: `ca.pem` signs `server.pem`, which is made out to `localhost`; `other.pem`
/// signs nothing. Needs the program `openssl`.
pub fn certificates(dir: &Path) {
    const CURVE: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let openssl = |args: &[&str]| {
        let run = Command::new("openssl").args(args).current_dir(dir).output().and_then(said);
        must(run, "openssl");
    };
    for name in ["ca", "other"] {
        let (key, out, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
        let own = ["req", "-x509", "-keyout", &key, "-out", &out, "-subj", &subject, "-days", "30"];
        openssl(&[&own[..], &CURVE].concat());
    }
    let asked = ["req", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"];
    openssl(&[&asked[..], &CURVE].concat());
    must(fs::write(dir.join("names"), "subjectAltName = DNS:localhost\n"), "a file");
    openssl(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        "server.pem",
        "-days",
        "30",
        "-extfile",
        "names",
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_empty_and_apart() {
        let (one, two) = (database(), database());
        one.sql("CREATE TABLE t (n BIGINT)");
        assert_eq!(one.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
        assert_eq!(two.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
        assert_eq!(one.sql("SHOW fsync"), "on", "tests are about durability");
    }

    #[test]
    fn a_server_of_its_own_stops_and_starts() {
        let cluster = Cluster::own();
        cluster.sql("postgres", "CREATE TABLE t AS SELECT 1 AS n");
        cluster.stop(true);
        cluster.start();
        assert_eq!(cluster.sql("postgres", "SELECT n FROM t"), "1");
        let base = cluster.server.base.clone();
        drop(cluster);
        assert!(!base.exists(), "it is removed");
    }
}
