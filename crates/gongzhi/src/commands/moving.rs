//! `gongzhi move`: a county from one database to another, with one log and one root.

use std::path::PathBuf;
use std::sync::Arc;

use gongzhi_service::Ambient;
use gongzhi_service::ambient::Machine;
use gongzhi_service::archive::{self, ArchiveFault, Erasures, Frame, Taker};
use gongzhi_service::files::Files;
use gongzhi_service::rebuild::Progress;

use super::Fault;
use super::open::{Held, Store};
use super::restore::{Target, keep_master};
use super::show::Line;

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
        (true, true) => args.data.clone().ok_or_else(|| {
            Fault::new("give --data DIR: the files and the master key lie in a directory, not in a database")
        }),
    };
    let (from_dir, to_dir) = (dir_of(&args.from, &args.to)?, dir_of(&args.to, &args.from)?);
    let store = |side: &str, dir: &PathBuf| Store::at(dir, is_url(side).then(|| side.to_owned()));
    let (from, to) = (store(&args.from, &from_dir), store(&args.to, &to_dir));
    std::fs::create_dir_all(&to_dir)?;
    let source = Held::at(from.clone(), args.county.clone()).ledger()?;
    let _alone = super::show::alone(&to_dir)?;
    let place = Target::new(&to, &to_dir)?;
    let master = from.held_master()?;
    let (from_files, to_files) = (Files::open(from_dir.join("files"))?, Files::open(to_dir.join("files"))?);
    let ambient: Arc<dyn Ambient> = Arc::new(Machine);
    let none = Erasures::new();
    let mut taker = None;
    let mut line = Line::new(Arc::new(Machine));
    let given = archive::give(
        source.as_ref(),
        Some(&from_files),
        Some(&master),
        &Machine,
        &mut |what, done, of| line.show(what, done, of),
        &mut |frame| match (frame, &mut taker) {
            (Frame::Begin(begin), none_yet) => {
                let ledger = place
                    .ledger(&to, &begin.county)
                    .map_err(|fault| ArchiveFault::Locked(fault.to_string()))?;
                *none_yet = Some(Taker::new(begin, ledger, Some(&to_files), None, &none, ambient.clone())?);
                Ok(())
            }
            (frame, Some(taker)) => taker.take(frame),
            (_, None) => Err(ArchiveFault::Damaged("nothing begins".into())),
        },
    )?;
    let Some(taker) = taker else { return Err(Fault::new("the source gave nothing")) };
    let (taken, master) = taker.finish(&mut |Progress { entries, of }| line.show("rebuild", entries, of))?;
    line.end();
    if source.head()? != taken.head {
        return Err(ArchiveFault::Moved.into());
    }
    keep_master(&to_dir, &master)?;
    place.done()?;
    println!(
        "{} entries moved, {} answers, {} keys, {} files; root {} unchanged",
        taken.end.entries,
        taken.end.answers,
        taken.end.keys,
        taken.end.files,
        gongzhi_base::Digest(taken.end.root)
    );
    for digest in &given.missing {
        eprintln!("gongzhi: the attachment {digest}, which an entry names, is not in the source");
    }
    for digest in &given.damaged {
        eprintln!("gongzhi: the attachment {digest} is damaged in the source and was not moved");
    }
    let left = given.left;
    if left.waiting + left.dead > 0 {
        eprintln!(
            "gongzhi: {} messages that wait to be sent and {} dead letters stay in the source: \
             serve it until they are sent, then move, if people must have them",
            left.waiting, left.dead
        );
    }
    println!("the source is as it was; serve only one of the two");
    Ok(())
}
