//! `gongzhi restore`: a county back from a backup, into an empty place.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::Ambient;
use gongzhi_service::ambient::Machine;
use gongzhi_service::archive::{self, ErasureList, Frame, Identity, Reader, Taker};
use gongzhi_service::files::Files;
use gongzhi_service::rebuild::Progress;
use gongzhi_service::seal::{KEY_FILE, MasterKey};
use gongzhi_store::Ledger;

use super::Fault;
use super::open::{DATABASE, Store};
use super::show::Line;

/// Arguments of `gongzhi restore`.
#[derive(clap::Args)]
pub struct Restore {
    #[command(flatten)]
    target: Store,
    /// The archive.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The file of an identity that opens it.
    #[arg(long, value_name = "KEYFILE")]
    identity: PathBuf,
    /// The county's master key, when the archive holds none and the directory neither.
    #[arg(long, value_name = "FILE")]
    master_key: Option<PathBuf>,
    /// The newest list of erasures: what it names stays unreadable.
    #[arg(long, value_name = "FILE")]
    erasures: Option<PathBuf>,
}

/// Runs it.
pub fn run(args: &Restore) -> Result<(), Fault> {
    let named = |path: &Path| {
        let shown = path.display().to_string();
        move |error: std::io::Error| Fault::new(format!("{shown}: {error}"))
    };
    let identities = std::fs::read_to_string(&args.identity).map_err(named(&args.identity))?;
    let identities = Identity::read_file(&identities)?;
    let list = match &args.erasures {
        Some(path) => ErasureList::read(&std::fs::read_to_string(path).map_err(named(path))?)?,
        None => ErasureList::default(),
    };
    let file = std::fs::File::open(&args.from).map_err(named(&args.from))?;
    let mut reader = Reader::new(archive::open(&identities, BufReader::with_capacity(1 << 18, file))?)?;
    let Some(Frame::Begin(begin)) = reader.frame()? else {
        return Err(Fault::new("the archive is damaged: it does not begin as one"));
    };
    if args.erasures.is_some() && list.county != begin.county {
        return Err(Fault::new(format!(
            "the list of erasures is of county {}, the archive of {}",
            list.county, begin.county
        )));
    }
    let dir = args.target.dir()?;
    std::fs::create_dir_all(dir)?;
    let _alone = super::show::alone(dir)?;
    let place = Target::new(&args.target, dir)?;
    let ledger = place.ledger(&args.target, &begin.county)?;
    let files = Files::open(dir.join("files"))?;
    let master = match &args.master_key {
        Some(path) => Some(MasterKey::in_file(path)?),
        None if dir.join(KEY_FILE).exists()
            || std::env::var_os(gongzhi_service::seal::KEY_VARIABLE).is_some() =>
        {
            Some(args.target.held_master()?)
        }
        None => None,
    };
    let of = begin.size;
    let mut line = Line::new(Arc::new(Machine));
    let ambient: Arc<dyn Ambient> = Arc::new(Machine);
    let mut taker = Taker::new(begin, ledger, Some(&files), master, &list.erased, ambient)?;
    let mut done = 0;
    while let Some(frame) = reader.frame()? {
        if let Frame::Entries(entries) = &frame {
            done += entries.len() as u64;
            line.show("restore", done, of);
        }
        taker.take(frame)?;
    }
    let mut line = Line::new(Arc::new(Machine));
    let (taken, master) = taker.finish(&mut |Progress { entries, of }| line.show("rebuild", entries, of))?;
    line.end();
    keep_master(dir, &master)?;
    place.done()?;
    println!(
        "{} entries verified and restored, {} answers, {} keys, {} files; root {}",
        taken.end.entries,
        taken.end.answers,
        taken.end.keys - taken.erased,
        taken.end.files,
        gongzhi_base::Digest(taken.end.root)
    );
    if args.erasures.is_some() {
        println!("{} keys stayed destroyed, as the list of erasures says", taken.erased);
    } else {
        println!(
            "no list of erasures was given: what was erased after this backup was made can be read again; see `gongzhi erasures`"
        );
    }
    Ok(())
}

/// The master key beside the county, unless it comes from the environment or lies there already.
pub fn keep_master(dir: &Path, master: &MasterKey) -> Result<(), Fault> {
    let file = dir.join(KEY_FILE);
    if std::env::var_os(gongzhi_service::seal::KEY_VARIABLE).is_some() {
        return Ok(());
    }
    if !file.exists() {
        return Ok(master.write(&file)?);
    }
    match MasterKey::in_file(&file)?.text() == master.text() {
        true => Ok(()),
        false => Err(Fault::new(format!(
            "{} holds another master key: move it aside and restore again",
            file.display()
        ))),
    }
}

/// Where a county is being written: a file beside, moved into place when it is whole, or a database,
/// in which it stays marked until then.
pub struct Target {
    beside: Option<PathBuf>,
    dir: PathBuf,
}

impl Target {
    /// The place must hold no county.
    pub fn new(store: &Store, dir: &Path) -> Result<Target, Fault> {
        if store.is_database() {
            return Ok(Target { beside: None, dir: dir.to_owned() });
        }
        if dir.join(DATABASE).exists() {
            return Err(Fault::new(format!(
                "{} holds a county already: nothing was changed; choose an empty directory",
                dir.display()
            )));
        }
        let beside = dir.join("restoring");
        if beside.is_dir() {
            std::fs::remove_dir_all(&beside)?;
        }
        Ok(Target { beside: Some(beside), dir: dir.to_owned() })
    }

    /// The empty ledger to be filled.
    pub fn ledger(&self, store: &Store, county: &str) -> Result<Arc<dyn Ledger>, Fault> {
        match &self.beside {
            Some(beside) => Store::of_dir(beside).make(county),
            None => store.make(county),
        }
    }

    /// Moves it into place; the ledger is closed.
    pub fn done(self) -> Result<(), Fault> {
        if let Some(beside) = self.beside {
            std::fs::rename(beside.join(DATABASE), self.dir.join(DATABASE))?;
            std::fs::remove_dir_all(&beside)?;
            super::show::sync_parent(&self.dir.join(DATABASE))?;
        }
        Ok(())
    }
}
