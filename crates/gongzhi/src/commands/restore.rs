//! `gongzhi restore`: a county back from a backup, into a place without one.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::Ambient;
use gongzhi_service::ambient::Machine;
use gongzhi_service::archive::{
    self, ArchiveFault, Begin, ErasureList, Frame, Identity, Reader, Taken, Taker,
};
use gongzhi_service::files::Files;
use gongzhi_service::rebuild::Progress;
use gongzhi_service::seal::{KEY_FILE, KEY_VARIABLE, MasterKey};
use gongzhi_store::Ledger;

use super::Fault;
use super::backup::ended;
use super::open::{DATABASE, Store};
use super::place::{RESTORING, Standing, standing};
use super::show::Line;
use super::words::words;

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
    let text = |path: &Path| std::fs::read_to_string(path).map_err(|error| Fault::file(path, &error));
    let identities = Identity::read_file(&text(&args.identity)?)?;
    let list = match &args.erasures {
        Some(path) => ErasureList::read(&text(path)?)?,
        None => ErasureList::default(),
    };
    let file = std::fs::File::open(&args.from).map_err(|error| Fault::file(&args.from, &error))?;
    let mut reader = Reader::new(archive::open(&identities, BufReader::with_capacity(1 << 18, file))?)?;
    let Some(Frame::Begin(begin)) = reader.frame()? else {
        return Err(ArchiveFault::Damaged("it does not begin as one".into()).into());
    };
    if args.erasures.is_some() && list.county != begin.county {
        return Err(ArchiveFault::OtherList { held: begin.county, list: list.county }.into());
    }
    let dir = args.target.dir()?;
    let given = args.master_key.as_deref().map(MasterKey::in_file).transpose()?;
    let made = Made::before(dir)?;
    let _alone = super::show::alone(dir)?;
    let taken = fill(args, dir, given, &mut reader, begin, &list);
    if taken.is_err() {
        made.clear();
    }
    let taken = taken?;
    println!("{}", ended("restored", &taken.end, taken.end.keys - taken.erased));
    match args.erasures {
        Some(_) => println!("{}", words("restored-erased", [("n", taken.erased.to_string())])),
        None => println!("{}", words("restored-no-list", [])),
    }
    Ok(())
}

/// Takes the archive in; the directory is held.
fn fill<R: std::io::Read>(
    args: &Restore,
    dir: &Path,
    given: Option<MasterKey>,
    reader: &mut Reader<R>,
    begin: Begin,
    list: &ErasureList,
) -> Result<Taken, Fault> {
    let place = Target::new(&args.target, dir)?;
    let ledger = place.ledger(&args.target, &begin.county)?;
    let files = dir.join("files");
    let files = Files::open(files.clone()).map_err(|error| Fault::file(&files, &error))?;
    let master = match given {
        Some(key) => Some(key),
        None if dir.join(KEY_FILE).exists() || std::env::var_os(KEY_VARIABLE).is_some() => {
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
    Ok(taken)
}

/// The master key beside the county, unless it comes from the environment or lies there already.
pub fn keep_master(dir: &Path, master: &MasterKey) -> Result<(), Fault> {
    let file = dir.join(KEY_FILE);
    if std::env::var_os(KEY_VARIABLE).is_some() {
        return Ok(());
    }
    if !file.exists() {
        return Ok(master.write(&file)?);
    }
    match MasterKey::in_file(&file)?.text() == master.text() {
        true => Ok(()),
        false => Err(Fault::told("key-other", [("file", file.display().to_string())])),
    }
}

/// What was not in a directory before it was to be filled, and goes again when nothing comes of it.
pub struct Made {
    dir: PathBuf,
    fresh: Vec<PathBuf>,
    /// The directory itself was not there.
    whole: bool,
}

impl Made {
    /// Makes the directory if it is missing.
    pub fn before(dir: &Path) -> Result<Made, Fault> {
        let names = [RESTORING, "files", super::show::LOCK];
        let fresh = names.into_iter().map(|name| dir.join(name)).filter(|path| !path.exists()).collect();
        let whole = !dir.exists();
        std::fs::create_dir_all(dir).map_err(|error| Fault::file(dir, &error))?;
        Ok(Made { dir: dir.to_owned(), fresh, whole })
    }

    /// Takes it away as far as that goes; what cannot go harms nobody.
    pub fn clear(self) {
        for path in self.fresh {
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
        if self.whole {
            // Only if nothing else is in it.
            let _ = std::fs::remove_dir(self.dir);
        }
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
        let named = || [("dir", dir.display().to_string())];
        if standing(dir) == Standing::County {
            return Err(Fault::told("place-held", named()));
        }
        // The log of another database would be taken for the restored one's own.
        for name in ["county.db-wal", "county.db-shm"] {
            if dir.join(name).exists() {
                let [dir] = named();
                return Err(Fault::told("place-left", [dir, ("left", name.into())]));
            }
        }
        let beside = dir.join(RESTORING);
        if beside.is_dir() {
            std::fs::remove_dir_all(&beside).map_err(|error| Fault::file(&beside, &error))?;
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
