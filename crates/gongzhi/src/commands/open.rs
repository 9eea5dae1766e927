//! Where a county's ledger lies, and the one place that opens it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::seal::{KEY_FILE, MasterKey};
use gongzhi_service::service::unfinished;
use gongzhi_service::{Ambient, Service, Settings};
use gongzhi_store::postgres::Postgres;
use gongzhi_store::{Ledger, StoreError, sqlite::Sqlite};

use super::{Fault, place, seen, show};

/// The file of a county's database in its directory.
pub const DATABASE: &str = "county.db";

/// A directory, a PostgreSQL database, or both: then the directory holds files and master key.
#[derive(clap::Args, Clone)]
pub struct Store {
    /// Directory of the files and the master key and, without `--database`, of the database.
    #[arg(long, value_name = "DIR", required_unless_present = "database")]
    data: Option<PathBuf>,
    /// A PostgreSQL database that holds the ledger: `postgres://USER:PASSWORD@HOST/NAME`.
    #[arg(long, value_name = "URL", env = "GONGZHI_DATABASE", hide_env_values = true)]
    database: Option<String>,
}

/// A ledger that is there.
#[derive(clap::Args, Clone)]
pub struct Held {
    #[command(flatten)]
    store: Store,
    /// Code of the county, when the database holds several.
    #[arg(long, value_name = "CODE", requires = "database")]
    county: Option<String>,
}

impl Store {
    /// A directory alone.
    pub fn of_dir(dir: &Path) -> Store {
        Store { data: Some(dir.to_owned()), database: None }
    }

    /// A directory, and a database if the ledger is not in it.
    pub fn at(dir: &Path, database: Option<String>) -> Store {
        Store { data: Some(dir.to_owned()), database }
    }

    /// Whether the ledger lies in a database.
    pub fn is_database(&self) -> bool {
        self.database.is_some()
    }

    /// The directory of files and master key.
    pub fn dir(&self) -> Result<&Path, Fault> {
        self.data.as_deref().ok_or_else(|| Fault::told("data-needed", []))
    }

    /// The ledger of a county, made when missing.
    pub fn make(&self, county: &str) -> Result<Arc<dyn Ledger>, Fault> {
        if let Some(url) = &self.database {
            return Ok(Arc::new(Postgres::open(url, county)?));
        }
        let dir = self.dir()?;
        std::fs::create_dir_all(dir).map_err(|error| Fault::file(dir, &error))?;
        Ok(Arc::new(Sqlite::open(&dir.join(DATABASE), county)?))
    }

    /// The ledger into which a county's files are loaded: that of the county, or a new one where nothing of a county
    /// stands. What was lost or half restored is not begun anew.
    pub fn begin(&self, county: &str) -> Result<Arc<dyn Ledger>, Fault> {
        match &self.database {
            None => place::may_begin(self.dir()?)?,
            Some(url) if !Postgres::counties(url)?.iter().any(|held| held == county) => {
                self.lost(county).map_or(Ok(()), Err)?;
            }
            Some(_) => {}
        }
        let ledger = self.make(county)?;
        whole(ledger.as_ref())?;
        seen::check(ledger.as_ref(), self.dir()?)?;
        Ok(ledger)
    }

    /// What is said where the database does not hold the county whose key or log lies in the directory.
    fn lost(&self, county: &str) -> Option<Fault> {
        let dir = self.data.as_deref()?;
        let left = [seen::FILE, KEY_FILE].into_iter().find(|name| dir.join(name).exists())?;
        let args = [("dir", dir.display().to_string()), ("left", left.into()), ("county", county.into())];
        Some(Fault::told("database-lost", args))
    }

    /// The service of the county whose ledger was opened.
    pub fn serve(
        &self,
        ledger: Arc<dyn Ledger>,
        ambient: Arc<dyn Ambient>,
        library: Option<gongzhi_lang::model::Library>,
    ) -> Result<Service, Fault> {
        let dir = self.dir()?;
        // Said before its key is asked for, which a county that was filled in part may not have yet.
        whole(ledger.as_ref())?;
        let master = self.master(ledger.as_ref())?;
        Ok(Service::open(Settings { ledger, ambient, files: dir.join("files"), master, library })?)
    }

    /// The master key as it lies there; never made.
    pub fn held_master(&self) -> Result<MasterKey, Fault> {
        Ok(MasterKey::held(self.dir()?)?)
    }

    /// The master key of the county whose ledger was opened.
    pub fn master(&self, ledger: &dyn Ledger) -> Result<MasterKey, Fault> {
        let dir = self.dir()?;
        std::fs::create_dir_all(dir).map_err(|error| Fault::file(dir, &error))?;
        Ok(MasterKey::of_dir(dir, ledger, &gongzhi_service::ambient::Machine)?)
    }
}

/// Refuses a county in which something was cut off that changes all of it.
fn whole(ledger: &dyn Ledger) -> Result<(), Fault> {
    match unfinished(ledger)? {
        Some(what) => Err(StoreError::Unfinished(what).into()),
        None => Ok(()),
    }
}

impl Held {
    /// What a directory alone holds.
    pub fn of_dir(dir: &Path) -> Held {
        Held { store: Store::of_dir(dir), county: None }
    }

    /// What lies at a place.
    pub fn at(store: Store, county: Option<String>) -> Held {
        Held { store, county }
    }

    /// The ledger, which must be there.
    pub fn ledger(&self) -> Result<Arc<dyn Ledger>, Fault> {
        if let Some(url) = &self.store.database {
            let county = self.chosen(&Postgres::counties(url)?)?;
            return Ok(Arc::new(Postgres::open(url, &county)?));
        }
        let dir = self.store.dir()?;
        let file = dir.join(DATABASE);
        place::fault(dir).map_or(Ok(()), Err)?;
        Ok(Arc::new(Sqlite::open(&file, &Sqlite::county_of(&file)?)?))
    }

    /// The ledger, and nobody else at it as long as it is held. Who is connected to a database is cut off with
    /// `cut_off`. The directory, if there is one, is taken first ([`super::show::alone`]).
    pub fn alone(&self, cut_off: bool) -> Result<Arc<dyn Ledger>, Fault> {
        let Some(url) = &self.store.database else { return self.ledger() };
        let county = self.chosen(&Postgres::counties(url)?)?;
        let ledger = Postgres::alone(url, &county, cut_off).map_err(|error| match error {
            StoreError::Held(by) if !by.is_empty() => {
                Fault::told("store-held-others", [("by", by.join(", "))])
            }
            error => error.into(),
        })?;
        Ok(Arc::new(ledger))
    }

    /// Taken while a server runs or a backup is made; several may. Nothing is made where nothing is.
    pub fn serving(&self) -> Result<File, Fault> {
        show::serving(self.there()?)
    }

    /// Taken by commands that no server may run beside. Nothing is made where nothing is.
    pub fn taken(&self) -> Result<File, Fault> {
        show::alone(self.there()?)
    }

    /// The directory, which must hold the county; beside a database it is made when missing.
    fn there(&self) -> Result<&Path, Fault> {
        let dir = self.store.dir()?;
        if self.store.is_database() {
            std::fs::create_dir_all(dir).map_err(|error| Fault::file(dir, &error))?;
        } else {
            place::fault(dir).map_or(Ok(()), Err)?;
        }
        Ok(dir)
    }

    /// Where it lies.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The service of the county.
    pub fn service(&self, ambient: Arc<dyn Ambient>) -> Result<Service, Fault> {
        self.store.serve(self.ledger()?, ambient, None)
    }

    /// The county asked for among those that the database holds.
    fn chosen(&self, held: &[String]) -> Result<String, Fault> {
        match (&self.county, held) {
            (Some(county), held) if held.contains(county) => Ok(county.clone()),
            (None, [only]) => Ok(only.clone()),
            (county, []) => Err(self
                .store
                .lost(county.as_deref().unwrap_or_default())
                .unwrap_or_else(|| Fault::told("database-empty", []))),
            (Some(county), held) => {
                let args = [("county", county.clone()), ("held", held.join(", "))];
                Err(Fault::told("database-other", args))
            }
            (None, held) => Err(Fault::told("database-several", [("held", held.join(", "))])),
        }
    }
}
