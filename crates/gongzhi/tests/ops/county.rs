//! Copies of the demo county, the real binary, and what its database holds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

pub const BINARY: &str = env!("CARGO_BIN_EXE_gongzhi");

/// A directory of a test's own, gone when dropped.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Place {
        Place(tempfile::tempdir().expect("a directory"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A fresh copy of the demo county.
    pub fn county(&self, name: &str) -> PathBuf {
        let to = self.path(name);
        copy(&demo(), &to);
        to
    }
}

/// The demo county, made by the first test that asks.
fn demo() -> PathBuf {
    static DEMO: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = DEMO.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a directory");
        let to = dir.path().join("county");
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let mut load = Command::new(BINARY);
        load.current_dir(root).args(["demo", "--load-only", "--data"]).arg(&to);
        let loaded = load.output().expect("the binary runs");
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        dir
    });
    dir.path().join("county")
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
}

/// The binary on a terminal that speaks English, with nothing set that belongs to another county.
pub fn english() -> Command {
    let mut command = Command::new(BINARY);
    command.env_remove("GONGZHI_MASTER_KEY").env_remove("GONGZHI_DATABASE");
    command.env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "en_US.UTF-8");
    command
}

/// Runs the binary; gives its output whatever came of it.
pub fn gongzhi(args: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    let mut command = english();
    for arg in args {
        command.arg(arg.as_ref());
    }
    // How full the disk of this machine is says nothing of the product.
    let said = |name: &str| args.iter().any(|arg| arg.as_ref() == name);
    if said("doctor") && !said("--least-free") {
        command.args(["--least-free", "0"]);
    }
    command.output().expect("the binary runs")
}

/// Standard output of a command that must succeed.
pub fn good(output: Output) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    out
}

/// Both outputs of a command that must fail.
pub fn bad(output: Output) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(!output.status.success(), "it should have failed: {out}\n{err}");
    assert!(!err.contains("panicked"), "{err}");
    out + &err
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn open(dir: &Path) -> Connection {
    Connection::open(dir.join("county.db")).expect("a database")
}

/// What a database holds, a line a row. Numbers of rows, which mean nothing outside, are replaced by
/// the record that the row is of; search by its words. `except` names tables left out.
pub fn content(dir: &Path, except: &[&str]) -> BTreeSet<String> {
    let conn = open(dir);
    let mut found = BTreeSet::new();
    let names: Vec<String> = conn
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'words%' AND name NOT LIKE 'sqlite%'")
        .expect("a query")
        .query_map([], |row| row.get(0))
        .expect("tables")
        .collect::<Result<_, _>>()
        .expect("names");
    for table in names.iter().filter(|name| !except.contains(&name.as_str())) {
        let sql = match table.as_str() {
            "cell" => "SELECT s.mechanism, s.dimension, s.indicator, c.* FROM cell c JOIN series s ON s.id = c.series WHERE c.num <> 0 OR c.den <> 0".to_owned(),
            // Where a key lies means nothing, nor what is left of one that was destroyed.
            "record_key" => "SELECT county, record, key FROM record_key WHERE gone = 0".to_owned(),
            // Its numbers mean nothing either; it stands beside the cells.
            "series" => continue,
            table => format!("SELECT * FROM {table}"),
        };
        lines(&conn, &sql, table, &mut found);
    }
    if !except.contains(&"words") {
        conn.execute_batch(
            "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'words', 'instance')",
        )
        .expect("a vocabulary");
        let words = "SELECT v.term, v.col, v.offset, r.record FROM temp.vocabulary v LEFT JOIN record r ON r.row = v.doc";
        lines(&conn, words, "words", &mut found);
    }
    found
}

fn lines(conn: &Connection, sql: &str, table: &str, found: &mut BTreeSet<String>) {
    let mut query = conn.prepare(sql).expect("a query");
    let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
    let mut rows = query.query([]).expect("rows");
    while let Some(row) = rows.next().expect("a row") {
        let mut line = table.to_owned();
        for (at, column) in columns.iter().enumerate() {
            let value = row.get_ref(at).expect("a value");
            let shown = match (column.as_str(), value) {
                ("series", _) => continue,
                ("row", ValueRef::Integer(_)) if table == "record" => continue,
                ("row", ValueRef::Integer(number)) => {
                    let of = "SELECT hex(record) FROM record WHERE row = ?1";
                    conn.query_row(of, [number], |row| row.get(0)).unwrap_or_else(|_| "nothing".to_owned())
                }
                (_, ValueRef::Blob(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
                (_, ValueRef::Null) => "-".to_owned(),
                (_, ValueRef::Integer(number)) => number.to_string(),
                (_, ValueRef::Real(number)) => number.to_string(),
                (_, ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            };
            line.push_str(&format!("\t{column}={shown}"));
        }
        assert!(found.insert(line.clone()), "twice: {line}");
    }
}

/// Fails with the first lines that only one side has.
pub fn same(before: &BTreeSet<String>, after: &BTreeSet<String>) {
    let short = |line: &String| line.chars().take(700).collect::<String>();
    let gone: Vec<String> = before.difference(after).take(6).map(short).collect();
    let come: Vec<String> = after.difference(before).take(6).map(short).collect();
    assert!(gone.is_empty() && come.is_empty(), "only before: {gone:#?}\nonly after: {come:#?}");
}
