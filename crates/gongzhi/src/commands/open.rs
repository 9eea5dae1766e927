//! Where a county's ledger lies, and the one place that opens it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Ambient, Service, Settings};
use gongzhi_store::postgres::Postgres;
use gongzhi_store::{Ledger, StoreError, sqlite::Sqlite};

use super::Fault;

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
        self.data.as_deref().ok_or_else(|| {
            Fault::new(
                "give --data DIR too: the files and the master key lie in a directory, not in the database",
            )
        })
    }

    /// The ledger of a county, made when missing.
    pub fn make(&self, county: &str) -> Result<Arc<dyn Ledger>, Fault> {
        if let Some(url) = &self.database {
            return Ok(Arc::new(Postgres::open(url, county)?));
        }
        let dir = self.dir()?;
        std::fs::create_dir_all(dir)?;
        Ok(Arc::new(Sqlite::open(&dir.join(DATABASE), county)?))
    }

    /// The service of the county whose ledger was opened.
    pub fn serve(
        &self,
        ledger: Arc<dyn Ledger>,
        ambient: Arc<dyn Ambient>,
        library: Option<gongzhi_lang::model::Library>,
    ) -> Result<Service, Fault> {
        let dir = self.dir()?;
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
        std::fs::create_dir_all(dir)?;
        Ok(MasterKey::of_dir(dir, ledger, &gongzhi_service::ambient::Machine)?)
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
        if !file.is_file() {
            return Err(Fault::new(format!(
                "{} holds no county; load one first, or run the demo",
                dir.display()
            )));
        }
        Ok(Arc::new(Sqlite::open(&file, &Sqlite::county_of(&file)?)?))
    }

    /// The ledger, and nobody else at it as long as it is held. Who is connected to a database is cut off with
    /// `cut_off`. The directory, if there is one, is taken first ([`super::show::alone`]).
    pub fn alone(&self, cut_off: bool) -> Result<Arc<dyn Ledger>, Fault> {
        let Some(url) = &self.store.database else { return self.ledger() };
        let county = self.chosen(&Postgres::counties(url)?)?;
        let ledger = Postgres::alone(url, &county, cut_off).map_err(|error| match error {
            StoreError::Held(by) if !by.is_empty() => Fault::new(format!(
                "{}: stop these first; what no longer answers is cut off with --cut-off and then has to be started again",
                StoreError::Held(by)
            )),
            error => error.into(),
        })?;
        Ok(Arc::new(ledger))
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
            (_, []) => Err(Fault::new("the database holds no county; load one first")),
            (Some(county), held) => Err(Fault::new(format!(
                "the database holds no county {county}; it holds {}",
                held.join(", ")
            ))),
            (None, held) => Err(Fault::new(format!(
                "the database holds several counties: choose one with --county ({})",
                held.join(", ")
            ))),
        }
    }
}
