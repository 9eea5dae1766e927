//! The service: one county's ledger, laws, writer and files behind the use cases.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Calendar, CommandId, RecordId, Timestamp, Zone};
use gongzhi_kernel::{Actor, Command, Order, Record, World};
use gongzhi_lang::model::Library;
use gongzhi_store::{Ledger, Slots, StoreError, Unfinished};

use crate::accounts::Binding;
use crate::ambient::Ambient;
use crate::archive::TAKING;
use crate::codes::{self, CodeSecret};
use crate::engine::{Engine, Outcome, State};
use crate::failure::Failure;
use crate::files::Files;
use crate::load;
use crate::rotate::rotating;
use crate::seal::{MasterKey, Seals};

/// Readers at work at the same time; no ledger has more connections for them.
const READERS: usize = 8;

/// What a county's service needs from outside.
pub struct Settings {
    pub ledger: Arc<dyn Ledger>,
    pub ambient: Arc<dyn Ambient>,
    /// Where attachments lie.
    pub files: PathBuf,
    /// Wraps the keys of personal values and the installation's secrets.
    pub master: MasterKey,
    /// Documents used while the ledger holds none yet (when a county is loaded).
    pub library: Option<Library>,
}

/// Names of settings kept in the database.
pub mod setting {
    /// The county's code.
    pub const COUNTY: &str = "county";
    /// The county's civil time: minutes east of UTC, as decimal text.
    pub const ZONE: &str = "zone";
    /// The holiday table as it was loaded.
    pub const CALENDAR: &str = "calendar";
    /// The secret from which receipt codes follow.
    pub const CODES: &str = "codes";
    /// The secret that seals how people and the county are reached.
    pub const OUTBOX: &str = "outbox";
    /// The county's mail server and what else sending needs, sealed.
    pub const OUTGOING: &str = "outgoing";
    /// `1` when the county is a demo.
    pub const DEMO: &str = "demo";
    /// The one password of the demo's accounts.
    pub const DEMO_PASSWORD: &str = "demo-password";
    /// The county's presentation: names, hotline, centre of the map (TOML text).
    pub const COUNTY_FILE: &str = "county-file";
    /// How often steps are taken a month (TOML text), for the burden.
    pub const VOLUMES: &str = "volumes";
    /// Minutes a month that the county allows each role (TOML text).
    pub const BUDGET: &str = "budget";
    /// Notes on demo accounts (CSV text).
    pub const ACCOUNTS: &str = "demo-accounts";
}

/// What changes all of a county and was cut off there.
pub fn unfinished(ledger: &dyn Ledger) -> Result<Option<Unfinished>, StoreError> {
    Ok(if ledger.setting(TAKING)?.is_some_and(|mark| !mark.is_empty()) {
        Some(Unfinished::Taking)
    } else if rotating(ledger)? {
        Some(Unfinished::Rotating)
    } else if ledger.rebuilding()? {
        Some(Unfinished::Rebuild)
    } else {
        None
    })
}

/// The county's code, civil time and calendar, as its settings tell them.
pub(crate) fn basics(ledger: &dyn Ledger) -> Result<(String, Zone, Calendar), StoreError> {
    let text = |name: &str| -> Result<Option<String>, StoreError> {
        let bytes = ledger.setting(name)?;
        bytes
            .map(|bytes| String::from_utf8(bytes).map_err(|_| StoreError::Corrupt(format!("setting {name}"))))
            .transpose()
    };
    let county = text(setting::COUNTY)?.unwrap_or_default();
    let minutes = text(setting::ZONE)?.and_then(|zone| zone.parse().ok()).unwrap_or(Zone::CHINA.minutes);
    let calendar = Calendar::read(&text(setting::CALENDAR)?.unwrap_or_default())
        .map_err(|bad| StoreError::Corrupt(format!("calendar, line {}", bad.line)))?;
    Ok((county, Zone { minutes }, calendar))
}

/// One county's service.
pub struct Service {
    ledger: Arc<dyn Ledger>,
    ambient: Arc<dyn Ambient>,
    state: Arc<ArcSwap<State>>,
    engine: Engine,
    writer: std::thread::JoinHandle<()>,
    secret: Arc<CodeSecret>,
    pub(crate) seals: Arc<Seals>,
    pub(crate) outbox_key: zeroize::Zeroizing<[u8; 32]>,
    pub files: Files,
    /// Those who read at the same time.
    pub readers: Slots,
    pub(crate) attempts: crate::accounts::Attempts,
    pub(crate) binding: crate::accounts::Binding,
    pub(crate) log: crate::log::Log,
    pub(crate) rounds: crate::recur::Rounds,
    /// The one verification of the log that runs or ran last.
    pub audit: crate::audit::Audit,
    /// Large sheets that are checked or carried out.
    pub(crate) imports: crate::import::Imports,
}

impl Service {
    /// Opens a county: documents and registers are read from the ledger, then the writer starts.
    pub fn open(settings: Settings) -> Result<Service, StoreError> {
        let Settings { ledger, ambient, files, master, library } = settings;
        if let Some(unfinished) = unfinished(ledger.as_ref())? {
            return Err(StoreError::Unfinished(unfinished));
        }
        let (county, zone, calendar) = basics(ledger.as_ref())?;
        let seals = Arc::new(Seals::open(&county, master, ledger.clone(), ambient.clone())?);
        let secret = seals.secret(setting::CODES)?;
        let outbox_key = seals.secret(setting::OUTBOX)?;
        let binding = Binding::of(&seals);
        binding.first(ledger.as_ref())?;
        let laws = load::laws(ledger.as_ref(), library)?;
        let mut world = World::new(county, zone, Arc::new(calendar), &laws.library);
        load::registers(ledger.as_ref(), &laws, &mut world)?;
        let state = Arc::new(ArcSwap::from_pointee(State { laws: Arc::new(laws), world: Arc::new(world) }));
        let secret = Arc::new(CodeSecret(*secret));
        let (engine, writer) =
            Engine::start(ledger.clone(), state.clone(), ambient.clone(), secret.clone(), seals.clone())?;
        let files = Files::open(files).map_err(|error| StoreError::Engine(error.to_string()))?;
        let attempts = crate::accounts::Attempts::default();
        Ok(Service {
            readers: Slots::new(READERS),
            ledger,
            ambient,
            state,
            engine,
            writer,
            secret,
            seals,
            outbox_key,
            files,
            attempts,
            binding,
            log: crate::log::Log::default(),
            rounds: crate::recur::Rounds::default(),
            audit: crate::audit::Audit::default(),
            imports: crate::import::Imports::default(),
        })
    }

    /// Ends the service: everything sent before is done, and the database is closed when this
    /// returns (as far as no one else holds the ledger).
    pub fn close(self) {
        let Service { engine, writer, .. } = self;
        drop(engine);
        if writer.join().is_err() {
            tracing::error!("the writer ended badly");
        }
    }

    /// The laws and the county as they are now.
    pub fn state(&self) -> arc_swap::Guard<Arc<State>> {
        self.state.load()
    }

    /// The ledger, for reads that need no rights (operators' commands).
    pub fn ledger(&self) -> &dyn Ledger {
        self.ledger.as_ref()
    }

    /// The writer.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.ambient.now()
    }

    /// Whether a command given now would be taken, as far as database and clock go.
    ///
    /// # Errors
    /// [`Failure::Store`] where the database cannot be read or written, [`Failure::Clock`] where the clock lies too far
    /// behind the last entry.
    pub fn ready(&self) -> Result<(), Failure> {
        crate::engine::ready(self.ledger(), self.now())
    }

    /// The outside's clock and randomness.
    pub fn ambient(&self) -> &dyn Ambient {
        self.ambient.as_ref()
    }

    /// Whether this county is a demo (accounts with a known password).
    pub fn is_demo(&self) -> bool {
        matches!(self.ledger.setting(setting::DEMO), Ok(Some(flag)) if flag == b"1")
    }

    /// Carries out an order for an actor; answered when it is durable.
    pub async fn act(&self, id: CommandId, actor: Actor, order: Order) -> Result<Outcome, Failure> {
        self.engine.act(Command { id, actor, at: self.now(), order }).await
    }

    /// A fresh identifier for a record to be opened.
    pub fn new_record_id(&self) -> RecordId {
        self.ambient.record_id()
    }

    /// A fresh identifier for a command, for callers that bring none of their own.
    pub fn new_command_id(&self) -> CommandId {
        let text = RecordId(self.ambient.sixteen()).to_string();
        CommandId::new(&text).unwrap_or_else(|_| unreachable!("32 hexadecimal digits fit"))
    }

    /// The receipt code of a record, for whoever just opened it or may print it again.
    pub fn receipt_code(&self, record: RecordId) -> String {
        self.secret.code(record)
    }

    /// The secret of receipt codes.
    pub(crate) fn code_secret(&self) -> &CodeSecret {
        &self.secret
    }

    /// The record that a typed receipt code opens. The actor to use is `Actor::Holder(id)`.
    pub fn by_code(&self, typed: &str) -> Result<Option<RecordId>, Failure> {
        match codes::read(typed) {
            Some(code) => {
                let code = codes::digest(&code);
                // What was opened a moment ago may not stand in the lists yet.
                match self.engine.opened(code) {
                    Some(id) => Ok(Some(id)),
                    None => Ok(self.ledger.by_receipt(code)?),
                }
            }
            None => Ok(None),
        }
    }

    /// One record, folded.
    pub(crate) fn record(&self, id: RecordId) -> Result<Record, Failure> {
        self.folded(id, self.ledger.snapshot(id)?)
    }

    /// A record from the bytes that were read of it.
    pub(crate) fn folded(&self, id: RecordId, bytes: Option<Vec<u8>>) -> Result<Record, Failure> {
        let bytes = bytes.ok_or(Failure::NotFound)?;
        let corrupt = |what: String| Failure::Store(StoreError::Corrupt(format!("record {id}: {what}")));
        let record = Record::from_bytes(&bytes).map_err(|error| corrupt(error.to_string()))?;
        // Another's must not be shown to whoever may see this one.
        if record.id == id { Ok(record) } else { Err(corrupt("another stands in its place".to_owned())) }
    }

    /// The actor of a person of the staff, with all posts held now.
    pub fn actor_of(&self, person: &str) -> Actor {
        let state = self.state();
        let today = state.world.zone.date(self.now());
        Actor::Person { code: person.to_owned(), posts: state.world.posts_of(person, today) }
    }

    /// The presentation settings kept at loading: `[name]`, hotline and so on as text.
    pub fn presentation(&self, name: &str) -> Option<String> {
        self.ledger.setting(name).ok().flatten().and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// Publishes the documents again from the ledger after they changed.
    pub fn reload_laws(&self) -> Result<(), Failure> {
        let laws = load::laws(self.ledger.as_ref(), None)?;
        self.engine.use_laws(laws);
        Ok(())
    }
}

/// Fields by name, as a step's form sends them.
pub type Fields = BTreeMap<String, gongzhi_kernel::Raw>;
