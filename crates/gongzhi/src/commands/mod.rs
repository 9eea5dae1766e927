//! The commands.

pub mod check;
pub mod demo;
pub mod figures;
pub mod load;
pub mod serve;
pub mod verify;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use gongzhi_service::load::LoadFault;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Ambient, Service, Settings};
use gongzhi_store::{Ledger, StoreError, sqlite::Sqlite};

/// What ends a command, in words for an operator.
#[derive(Debug)]
pub struct Fault(String);

impl Fault {
    /// A fault in these words.
    pub fn new(words: impl Into<String>) -> Fault {
        Fault(words.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Fault {
        Fault(error.to_string())
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Fault {
        Fault(error.to_string())
    }
}

impl From<LoadFault> for Fault {
    fn from(fault: LoadFault) -> Fault {
        Fault(match fault {
            LoadFault::File { path, why } => format!("{path}: {why}"),
            LoadFault::Row { path, line, why } => format!("{path}, line {line}: {why}"),
            LoadFault::Documents(faults) => format!("the documents have faults:\n{}", faults.join("\n")),
            LoadFault::Failure(failure) => format!("loading stopped: {failure:?}"),
        })
    }
}

impl From<gongzhi_service::Failure> for Fault {
    fn from(failure: gongzhi_service::Failure) -> Fault {
        Fault(format!("{failure:?}"))
    }
}

/// The file of a county's database in its directory.
pub const DATABASE: &str = "county.db";

/// The ledger of a county in a directory, made when missing.
pub fn ledger(dir: &Path, county: &str) -> Result<Arc<dyn Ledger>, Fault> {
    std::fs::create_dir_all(dir)?;
    Ok(Arc::new(Sqlite::open(&dir.join(DATABASE), county)?))
}

/// The ledger in a directory that must hold one.
pub fn existing(dir: &Path) -> Result<Arc<dyn Ledger>, Fault> {
    let file = dir.join(DATABASE);
    if !file.is_file() {
        return Err(Fault::new(format!(
            "{} holds no county; load one first, or run the demo",
            dir.display()
        )));
    }
    ledger(dir, &Sqlite::county_of(&file)?)
}

/// The service of the county in a directory.
pub fn open(
    ledger: Arc<dyn Ledger>,
    dir: &Path,
    ambient: Arc<dyn Ambient>,
    library: Option<gongzhi_lang::model::Library>,
) -> Result<Service, Fault> {
    let master = MasterKey::of_dir(dir, ledger.as_ref(), &gongzhi_service::ambient::Machine)?;
    Ok(Service::open(Settings { ledger, ambient, files: dir.join("files"), master, library })?)
}
