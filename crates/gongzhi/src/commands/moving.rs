//! `gongzhi move`: a county from one database to another, with one log and one root.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::Ambient;
use gongzhi_service::ambient::Machine;
use gongzhi_service::archive::{self, ArchiveFault, Erasures, Frame, Given, Taken, Taker};
use gongzhi_service::files::Files;
use gongzhi_service::rebuild::Progress;
use gongzhi_service::seal::MasterKey;
use gongzhi_store::Ledger;

use super::Fault;
use super::backup::ended;
use super::open::{Held, Store};
use super::restore::{Made, Target, keep_master};
use super::show::Line;
use super::words::words;

/// Arguments of `gongzhi move`.
#[derive(clap::Args)]
pub struct Move {
    /// Where the county is: a directory or `postgres://…`.
    #[arg(long, value_name = "DIR|URL")]
    from: String,
    /// Where it goes: an empty directory, or a database without this county.
    #[arg(long, value_name = "DIR|URL")]
    to: String,
    /// The directory of files and master key that goes with a database; where both sides have one
    /// directory, that of the other side.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Code of the county, when the source database holds several.
    #[arg(long, value_name = "CODE")]
    county: Option<String>,
}

/// Whether a database is meant: by its URL or, as PostgreSQL's own programs take it, by a list of settings.
fn is_url(text: &str) -> bool {
    let begins = ["postgres://", "postgresql://", "host=", "hostaddr=", "port=", "user=", "dbname="];
    begins.iter().any(|begin| text.starts_with(begin))
}

/// Runs it.
pub fn run(args: &Move) -> Result<(), Fault> {
    let dir_of = |side: &str, other: &str| match (is_url(side), is_url(other)) {
        (false, _) => Ok(PathBuf::from(side)),
        (true, false) => Ok(args.data.clone().unwrap_or_else(|| PathBuf::from(other))),
        (true, true) => args.data.clone().ok_or_else(|| Fault::told("data-needed", [])),
    };
    let (from_dir, to_dir) = (dir_of(&args.from, &args.to)?, dir_of(&args.to, &args.from)?);
    let store = |side: &str, dir: &PathBuf| Store::at(dir, is_url(side).then(|| side.to_owned()));
    let (from, to) = (store(&args.from, &from_dir), store(&args.to, &to_dir));
    let source = Held::at(from.clone(), args.county.clone()).ledger()?;
    let master = from.held_master()?;
    let made = Made::before(&to_dir)?;
    let _alone = super::show::alone(&to_dir)?;
    let moved = fill(&from_dir, (&to, &to_dir), source.as_ref(), &master);
    if moved.is_err() {
        made.clear();
    }
    let (given, taken) = moved?;
    println!("{}", ended("moved", &taken.end, taken.end.keys));
    for digest in &given.missing {
        eprintln!("gongzhi: {}", words("move-missing", [("file", digest.to_string())]));
    }
    for digest in &given.damaged {
        eprintln!("gongzhi: {}", words("move-damaged", [("file", digest.to_string())]));
    }
    let left = given.left;
    if left.waiting + left.dead > 0 {
        let args = [("waiting", left.waiting.to_string()), ("dead", left.dead.to_string())];
        eprintln!("gongzhi: {}", words("move-left", args));
    }
    println!("{}", words("move-source", []));
    Ok(())
}

/// From one place to the other; both directories are held.
fn fill(
    from_dir: &Path,
    (to, to_dir): (&Store, &Path),
    source: &dyn Ledger,
    master: &MasterKey,
) -> Result<(Given, Taken), Fault> {
    let place = Target::new(to, to_dir)?;
    let (from_files, to_files) = (Files::open(from_dir.join("files"))?, Files::open(to_dir.join("files"))?);
    let ambient: Arc<dyn Ambient> = Arc::new(Machine);
    let none = Erasures::new();
    let (mut taker, mut refused) = (None, None);
    let mut line = Line::new(Arc::new(Machine));
    let given = archive::give(
        source,
        Some(&from_files),
        Some(master),
        &Machine,
        &mut |what, done, of| line.show(what, done, of),
        &mut |frame| match (frame, &mut taker) {
            (Frame::Begin(begin), none_yet) => {
                let ledger = place.ledger(to, &begin.county).map_err(|fault| {
                    refused = Some(fault);
                    ArchiveFault::Moved
                })?;
                *none_yet = Some(Taker::new(begin, ledger, Some(&to_files), None, &none, ambient.clone())?);
                Ok(())
            }
            (frame, Some(taker)) => taker.take(frame),
            (_, None) => Err(ArchiveFault::Damaged("nothing begins".into())),
        },
    );
    if let Some(fault) = refused {
        return Err(fault);
    }
    let given = given?;
    let Some(taker) = taker else { return Err(ArchiveFault::Damaged("nothing begins".into()).into()) };
    let (taken, master) = taker.finish(&mut |Progress { entries, of }| line.show("rebuild", entries, of))?;
    line.end();
    if source.head()? != taken.head {
        return Err(ArchiveFault::Moved.into());
    }
    keep_master(to_dir, &master)?;
    place.done()?;
    Ok((given, taken))
}
