//! A county with some matters, one of them closed.

use std::path::Path;
use std::sync::Arc;

use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::{Actor, Command, Order, Raw};
use gongzhi_service::ambient::Scripted;
use gongzhi_service::seal::MasterKey;
use gongzhi_service::{Ambient, Failure, Outcome, Service, Settings, load};
use gongzhi_store::Ledger;
use gongzhi_store::sqlite::Sqlite;

pub const PHONE: &str = "13800001111";

pub struct County {
    pub service: Service,
    pub clock: Arc<Scripted>,
    pub master: MasterKey,
    pub dir: tempfile::TempDir,
}

pub fn clock() -> Arc<Scripted> {
    Arc::new(Scripted::new(Timestamp::read("2026-11-02T01:00:00Z").expect("a time"), 1))
}

pub fn ledger(dir: &Path) -> Arc<dyn Ledger> {
    Arc::new(Sqlite::open(&dir.join("county.db"), "140823000000").expect("a database"))
}

pub fn open(ledger: Arc<dyn Ledger>, dir: &Path, master: MasterKey) -> Result<Service, String> {
    let settings = Settings { ledger, ambient: clock(), files: dir.join("files"), master, library: None };
    Service::open(settings).map_err(|error| error.to_string())
}

impl County {
    pub fn new() -> County {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let dir = tempfile::tempdir().expect("a directory");
        let clock = clock();
        let files = load::read_library(&root.join("mechanisms")).expect("documents");
        let library = load::check_library(&files).expect("clean documents");
        let data = load::first_county(&root.join("counties")).expect("a county");
        let ledger = ledger(dir.path());
        load::CountyFile::read(&data).expect("a county's file").write(ledger.as_ref()).expect("settings");
        let master = MasterKey::fresh(clock.as_ref());
        let settings = Settings {
            ledger,
            ambient: clock.clone(),
            files: dir.path().join("files"),
            master: master.clone(),
            library: Some(library),
        };
        let service = Service::open(settings).expect("a service");
        load::county(&service, &data, &files).expect("loaded");
        service.reload_laws().expect("laws from the ledger");
        service.set_password("admin", "admin", "a good password").expect("an account");
        County { service, clock, master, dir }
    }

    fn send(&self, actor: Actor, order: Order) -> Result<Outcome, Failure> {
        let id = self.service.new_command_id();
        self.service.engine().act_blocking(Command { id, actor, at: self.service.now(), order })
    }

    pub fn report(&self, what: &str) -> RecordId {
        let fields =
            [("what", what), ("where", "140823204208"), ("kind", "010101"), ("contact_phone", PHONE)];
        let input = fields.map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned()))).into();
        let id = self.service.new_record_id();
        let order = Order::Open { mechanism: "matter".into(), step: "report".into(), id, input };
        self.send(Actor::Public, order).expect("reported").record
    }

    fn step(&self, actor: Actor, record: RecordId, step: &str, fields: &[(&str, &str)]) {
        let input = fields.iter().map(|(n, v)| ((*n).to_owned(), Raw::Text((*v).to_owned()))).collect();
        let order = Order::Step { record, step: step.into(), expect: None, input };
        self.send(actor, order).expect(step);
    }

    /// A matter that went its whole way.
    pub fn closed(&self) -> RecordId {
        let id = self.report("阳庄村停水两天了");
        let officer = self.service.actor_of("officer.water");
        self.step(officer.clone(), id, "accept", &[]);
        self.step(officer, id, "answer", &[("done", "已修复水泵恢复供水"), ("result", "solved")]);
        self.step(Actor::Holder(id), id, "rate", &[("solved", "yes"), ("satisfied", "yes")]);
        id
    }

    pub fn erase(&self, record: RecordId) {
        let order = Order::Erase { record, reason: "本人要求".into() };
        self.send(Actor::Holder(record), order).expect("erased");
    }

    pub fn ledger(&self) -> Arc<dyn Ledger> {
        ledger(self.dir.path())
    }

    pub fn ambient(&self) -> Arc<dyn Ambient> {
        self.clock.clone()
    }
}

/// What the holder reads of his own telephone number.
pub fn own_phone(service: &Service, id: RecordId) -> Option<String> {
    let view = service.view(&Actor::Holder(id), id).expect("readable");
    view.own.get("contact_phone").and_then(|value| value.text()).map(str::to_owned)
}
