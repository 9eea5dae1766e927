//! PostgreSQL under measurement: a server of its own, set as a small machine's would be, and what its
//! own tool measures on it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, OnceLock};

use gongzhi_store::Ledger;
use gongzhi_store::postgres::Postgres;
use gongzhi_testkit::postgres::Cluster;

use super::engines::Engine;
use super::{CALLERS, Plan, empty_dir};

/// Settings that any operator would choose; they hold for the tool's measurement as for ours.
const SETTINGS: [(&str, &str); 5] = [
    ("shared_buffers", "512MB"),
    ("max_wal_size", "4GB"),
    ("min_wal_size", "1GB"),
    ("checkpoint_timeout", "15min"),
    ("wal_compression", "lz4"),
];

/// The same work as the comparison with SQLite's: one row of an entry's size, one durable commit.
const SCRIPT: &str = "INSERT INTO entry (body) VALUES (decode(repeat('07', 400), 'hex'));\n";

/// One server for the whole run, removed with the process.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let cluster = Cluster::own();
        for (name, value) in SETTINGS {
            cluster.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
        }
        cluster.stop(false);
        cluster.start();
        cluster
    })
}

/// A new, empty database. What was written before is checkpointed: the log goes on in files that are
/// there, as on any server that has run for a while.
pub fn database(name: &str) -> String {
    let cluster = cluster();
    cluster.sql("postgres", "CHECKPOINT");
    cluster.sql("postgres", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    cluster.sql("postgres", &format!("CREATE DATABASE {name}"));
    url(name)
}

/// The address of a database.
pub fn url(name: &str) -> String {
    cluster().url(name)
}

/// Does at once what the server does by itself within the minutes after so many rows were written, and which would go
/// on beside the measurement.
pub fn settle(name: &str) {
    cluster().sql(name, "VACUUM (ANALYZE)");
    cluster().sql(name, "CHECKPOINT");
}

pub struct PostgresEngine;

impl Engine for PostgresEngine {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    /// As pgbench measures it, with as many clients as callers.
    fn own(&self, plan: &Plan) -> Result<f64, String> {
        let url = database("single");
        cluster().sql(
            "single",
            "CREATE TABLE entry (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body BYTEA NOT NULL)",
        );
        let script = empty_dir("pgbench")?.join("insert.sql");
        std::fs::write(&script, SCRIPT).map_err(|error| error.to_string())?;
        let clients = CALLERS.to_string();
        let output = Command::new(cluster().program("pgbench"))
            .args(["-n", "-M", "prepared", "-c", &clients, "-j", "2", "-T", &plan.seconds.to_string(), "-f"])
            .arg(&script)
            .arg(&url)
            .output()
            .map_err(|error| format!("pgbench: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        said.lines()
            .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
            .ok_or_else(|| format!("pgbench: {said}{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn empty(&self, name: &str, county: &str) -> Result<(Arc<dyn Ledger>, PathBuf), String> {
        let ledger = Postgres::open(&database(name), county).map_err(|error| error.to_string())?;
        Ok((Arc::new(ledger), empty_dir(name)?))
    }
}
