//! The mechanisms in force: the newest version of each for new records, and every older version on
//! which a record may still run.

use std::collections::BTreeMap;
use std::sync::Arc;

use gongzhi_lang::model::{Library, Mechanism};

/// All published versions of all mechanisms.
#[derive(Clone, Debug, Default)]
pub struct Laws {
    pub library: Arc<Library>,
    older: BTreeMap<(String, u32), Arc<Mechanism>>,
}

impl Laws {
    /// The laws of a library with nothing older.
    pub fn new(library: Library) -> Laws {
        Laws { library: Arc::new(library), older: BTreeMap::new() }
    }

    /// Publishes a new library: mechanisms that it replaces stay known by their version.
    pub fn publish(&mut self, library: Library) {
        for (name, mechanism) in &self.library.mechanisms {
            self.older.insert((name.clone(), mechanism.version), mechanism.clone());
        }
        self.library = Arc::new(library);
    }

    /// The newest version of a mechanism.
    pub fn newest(&self, name: &str) -> Option<&Arc<Mechanism>> {
        self.library.mechanisms.get(name)
    }

    /// The newest version of a mechanism older than this one.
    pub fn before(&self, name: &str, version: u32) -> Option<&Arc<Mechanism>> {
        self.older.range((name.to_owned(), 0)..(name.to_owned(), version)).next_back().map(|(_, older)| older)
    }

    /// Every version of every mechanism.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Mechanism>> {
        self.library.mechanisms.values().chain(self.older.values())
    }

    /// The version on which a record runs.
    pub fn version(&self, name: &str, version: u32) -> Option<&Arc<Mechanism>> {
        match self.library.mechanisms.get(name) {
            Some(newest) if newest.version == version => Some(newest),
            _ => self.older.get(&(name.to_owned(), version)),
        }
    }
}
