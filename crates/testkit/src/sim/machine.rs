//! The county's servers: one or several nodes on one database, which stop, crash and start again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_base::Digest;
use gongzhi_service::ambient::Scripted;
use gongzhi_service::audit::{Outcome, Part};
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Ambient as _, Service, Settings, load};
use gongzhi_store::postgres::Postgres;
use gongzhi_store::sqlite::Sqlite;
use gongzhi_store::{Ledger, StoreError};

use super::faulty::{Faulty, Recorder};
use super::{Engine, county};
use crate::postgres::Cluster;

/// A server node.
pub struct Node {
    pub service: Service,
    pub ledger: Arc<Faulty>,
    /// The ledger without faults: what is really there.
    pub real: Arc<dyn Ledger>,
}

/// All nodes with their database.
pub struct Machine {
    dir: tempfile::TempDir,
    /// A PostgreSQL server of this county's own; without one its database is a file.
    server: Option<Cluster>,
    /// Counts copies of the database: each crash leaves the old one behind.
    generation: u32,
    pub clock: Arc<Scripted>,
    pub recorder: Arc<Recorder>,
    master: MasterKey,
    /// Nodes that are off are `None`.
    nodes: Vec<Option<Node>>,
}

/// Why a county could not be started, in words.
pub fn words(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// Copies files as they stand together at one moment, though others may be writing them: what has changed before the last
/// of them was copied is copied again. A file of before a write and its log of after it were never on any disk.
fn copy_at_one_moment(from: &Path, to: &Path, names: &[&str]) -> std::io::Result<()> {
    let read = || -> std::io::Result<Vec<Option<Vec<u8>>>> {
        let contents = names.iter().map(|name| match std::fs::read(from.join(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        });
        contents.collect()
    };
    let mut before = read()?;
    loop {
        let now = read()?;
        if now == before {
            break;
        }
        before = now;
    }
    for (name, bytes) in names.iter().zip(before) {
        if let Some(bytes) = bytes {
            std::fs::write(to.join(name), bytes)?;
        }
    }
    Ok(())
}

impl Machine {
    /// Loads a county's files and starts its nodes.
    pub fn start(
        clock: Arc<Scripted>,
        nodes: usize,
        engine: Engine,
        mechanisms: &Path,
        write: impl FnOnce(&Path, &gongzhi_lang::model::Library) -> std::io::Result<()>,
    ) -> Result<Machine, String> {
        let dir = tempfile::tempdir().map_err(words)?;
        let files = load::read_library(mechanisms).map_err(words)?;
        let library = load::check_library(&files).map_err(words)?;
        let data = dir.path().join("county");
        write(&data, &library).map_err(words)?;
        let file = load::CountyFile::read(&data).map_err(words)?;
        let recorder = Arc::new(Recorder::default());
        let master = MasterKey::fresh(clock.as_ref());
        let server = (engine == Engine::Postgres).then(Cluster::own);
        let mut machine = Machine { dir, server, generation: 0, clock, recorder, master, nodes: Vec::new() };
        std::fs::create_dir_all(machine.database()).map_err(words)?;
        let (ledger, real) = machine.ledger().map_err(words)?;
        file.write(ledger.as_ref()).map_err(words)?;
        let first = machine.node(ledger, real, Some(library)).map_err(words)?;
        load::county(&first.service, &data, &files).map_err(words)?;
        first.service.reload_laws().map_err(words)?;
        machine.nodes.push(Some(first));
        machine.nodes.extend((1..nodes).map(|_| None));
        machine.on().map_err(words)?;
        Ok(machine)
    }

    fn database(&self) -> PathBuf {
        self.dir.path().join(format!("database-{}", self.generation))
    }

    fn ledger(&self) -> Result<(Arc<Faulty>, Arc<dyn Ledger>), StoreError> {
        let real: Arc<dyn Ledger> = match &self.server {
            Some(server) => Arc::new(Postgres::open(&server.url("postgres"), county::COUNTY)?),
            None => Arc::new(Sqlite::open(&self.database(), county::COUNTY)?),
        };
        let ledger = Faulty::new(real.clone(), self.clock.clone(), self.recorder.clone());
        Ok((Arc::new(ledger), real))
    }

    fn node(
        &self,
        ledger: Arc<Faulty>,
        real: Arc<dyn Ledger>,
        library: Option<gongzhi_lang::model::Library>,
    ) -> Result<Node, StoreError> {
        let service = Service::open(Settings {
            ledger: ledger.clone(),
            ambient: self.clock.clone(),
            files: self.dir.path().join("files"),
            master: self.master.clone(),
            library,
        })?;
        Ok(Node { service, ledger, real })
    }

    /// How many nodes there are.
    pub fn count(&self) -> usize {
        self.nodes.len()
    }

    /// A node; they are on, or nobody asks.
    pub fn at(&self, node: usize) -> &Node {
        self.nodes[node].as_ref().unwrap_or_else(|| unreachable!("asked while it is off"))
    }

    /// Whether the nodes are on.
    pub fn is_on(&self) -> bool {
        self.nodes.iter().all(Option::is_some)
    }

    /// Starts what is off.
    pub fn on(&mut self) -> Result<(), StoreError> {
        for at in 0..self.nodes.len() {
            if self.nodes[at].is_none() {
                let (ledger, real) = self.ledger()?;
                self.nodes[at] = Some(self.node(ledger, real, None)?);
            }
        }
        Ok(())
    }

    /// Ends one node without any order: what it had in hand is lost with it.
    pub fn kill(&mut self, node: usize) {
        if let Some(node) = self.nodes[node].take() {
            node.ledger.die();
            node.service.close();
        }
    }

    /// The whole machine loses its power: what the database's files hold at this moment is all that
    /// is left. `torn` is what was being written at the end of the database's log.
    pub fn power_loss(&mut self, torn: Option<&[u8]>) -> std::io::Result<()> {
        self.nodes.iter().flatten().for_each(|node| node.ledger.die());
        if let Some(server) = &self.server {
            // The database's own recovery answers for what it had acknowledged.
            server.stop(true);
            server.start();
            self.off();
            return Ok(());
        }
        let old = self.database();
        self.generation += 1;
        let new = self.database();
        std::fs::create_dir_all(&new)?;
        copy_at_one_moment(&old, &new, &["ledger.sqlite", "ledger.sqlite-wal"])?;
        if let Some(torn) = torn {
            use std::io::Write as _;
            let log = new.join("ledger.sqlite-wal");
            std::fs::OpenOptions::new().append(true).create(true).open(log)?.write_all(torn)?;
        }
        for node in &mut self.nodes {
            if let Some(node) = node.take() {
                node.service.close();
            }
        }
        std::fs::remove_dir_all(old)
    }

    /// Stops everything in order.
    pub fn off(&mut self) {
        for node in &mut self.nodes {
            if let Some(node) = node.take() {
                node.service.close();
            }
        }
    }

    /// Whether some bytes are in the database's files.
    pub fn holds(&self, needle: &[u8]) -> std::io::Result<bool> {
        let mut folders = vec![self.server.as_ref().map_or_else(|| self.database(), Cluster::data)];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                match entry.file_type()?.is_dir() {
                    true => folders.push(entry.path()),
                    false => files.push(entry.path()),
                }
            }
        }
        for file in files {
            // A running server removes files of its own meanwhile.
            let Ok(bytes) = std::fs::read(file) else { continue };
            // Whole windows are slow: look at where the first byte stands.
            let mut rest = bytes.as_slice();
            while let Some(at) = rest.iter().position(|byte| *byte == needle[0]) {
                if rest[at..].starts_with(needle) {
                    return Ok(true);
                }
                rest = &rest[at + 1..];
            }
        }
        Ok(false)
    }

    /// The auditor's verification of the whole log: its root, or what is wrong.
    pub fn audit(&self) -> Result<(u64, Digest), String> {
        let service = &self.at(0).service;
        if !service.audit.begin(Part::Whole, "simulator".into(), self.clock.now()) {
            return Err("another verification runs".into());
        }
        service.audit.run(service);
        match service.audit.job().and_then(|job| job.done) {
            Some((_, Outcome::Sound { size, root, .. })) => Ok((size, root)),
            other => Err(format!("the log does not verify: {other:?}")),
        }
    }
}
