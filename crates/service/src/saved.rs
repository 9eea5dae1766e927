//! How a person wants lists: saved filters by name, and columns chosen for each view. A setting of the
//! database, kept beside the choices of notices; it says nothing about anybody's work.

use std::collections::BTreeMap;

use gongzhi_store::StoreError;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::service::Service;

/// Filters that one person may save.
pub const MOST: usize = 40;
/// Characters of a name.
pub const LONGEST: usize = 40;

/// A filter saved under a name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Saved {
    pub name: String,
    pub mechanism: String,
    /// As it stands in the address of the list, behind the sign.
    pub query: String,
}

/// A person's lists.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lists {
    pub saved: Vec<Saved>,
    /// Words of columns by `mechanism/view`.
    pub columns: BTreeMap<String, Vec<String>>,
}

/// Why a filter was not saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SaveFault {
    NoName,
    LongName,
    /// There are [`MOST`] already.
    TooMany,
}

impl Lists {
    /// The columns chosen for a view; empty for those of the document.
    pub fn columns(&self, mechanism: &str, view: &str) -> &[String] {
        self.columns.get(&format!("{mechanism}/{view}")).map(Vec::as_slice).unwrap_or_default()
    }
}

fn name(person: &str) -> String {
    format!("lists/{person}")
}

impl Service {
    /// A person's lists.
    pub fn lists(&self, person: &str) -> Result<Lists, Failure> {
        let Some(bytes) = self.ledger().setting(&name(person))? else { return Ok(Lists::default()) };
        let read = serde_json::from_slice(&bytes);
        Ok(read.map_err(|error| StoreError::Corrupt(format!("lists of {person}: {error}")))?)
    }

    fn put_lists(&self, person: &str, lists: &Lists) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(lists).map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(self.ledger().put_setting(&name(person), &bytes)?)
    }

    /// Saves a filter under a name; one of that name over the same mechanism is replaced.
    pub fn save_list(&self, person: &str, saved: Saved) -> Result<Result<(), SaveFault>, Failure> {
        let mut lists = self.lists(person)?;
        let saved = Saved { name: saved.name.trim().to_owned(), ..saved };
        if saved.name.is_empty() {
            return Ok(Err(SaveFault::NoName));
        }
        if saved.name.chars().count() > LONGEST {
            return Ok(Err(SaveFault::LongName));
        }
        let same = |known: &Saved| known.name == saved.name && known.mechanism == saved.mechanism;
        let full = lists.saved.len() >= MOST;
        match lists.saved.iter_mut().find(|known| same(known)) {
            Some(known) => *known = saved,
            None if full => return Ok(Err(SaveFault::TooMany)),
            None => lists.saved.push(saved),
        }
        self.put_lists(person, &lists).map(Ok)
    }

    /// Forgets a saved filter.
    pub fn forget_list(&self, person: &str, mechanism: &str, called: &str) -> Result<(), Failure> {
        let mut lists = self.lists(person)?;
        lists.saved.retain(|known| known.name != called || known.mechanism != mechanism);
        self.put_lists(person, &lists)
    }

    /// Chooses the columns of a view; none goes back to those of the document.
    pub fn choose_columns(
        &self,
        person: &str,
        mechanism: &str,
        view: &str,
        columns: Vec<String>,
    ) -> Result<(), Failure> {
        let mut lists = self.lists(person)?;
        let key = format!("{mechanism}/{view}");
        match columns.is_empty() {
            true => lists.columns.remove(&key),
            false => lists.columns.insert(key, columns),
        };
        self.put_lists(person, &lists)
    }
}
