//! `gongzhi backup`: the whole county in one encrypted file, while its server runs.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::ambient::{Ambient as _, Machine};
use gongzhi_service::archive::{self, Identity, Recipient, Writer};
use gongzhi_service::doctor::LAST_BACKUP;
use gongzhi_service::files::Files;
use gongzhi_service::rotate;

use super::Fault;
use super::show::Line;

/// Arguments of `gongzhi backup`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Backup {
    #[command(subcommand)]
    keygen: Option<Sub>,
    #[command(flatten)]
    data: super::open::Held,
    /// The archive; it must not exist.
    #[arg(long, value_name = "FILE", required = true)]
    to: Option<PathBuf>,
    /// Whoever may open it: `age1…`. May be given several times.
    #[arg(long, value_name = "KEY", required = true)]
    recipient: Vec<String>,
    /// Put the master key into the archive too: then the archive's identity alone opens personal values.
    #[arg(long)]
    with_master_key: bool,
}

#[derive(clap::Subcommand)]
enum Sub {
    /// Make a pair of keys: the identity into a file, the recipient onto the screen.
    Keygen {
        /// The identity's file; it must not exist. Keep it where no server is.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

/// Runs it.
pub fn run(args: &Backup) -> Result<(), Fault> {
    match (&args.keygen, &args.to) {
        (Some(Sub::Keygen { to }), _) => keygen(to),
        (None, Some(to)) => backup(args, to),
        (None, None) => Err(Fault::new("say where to: --to FILE")),
    }
}

fn keygen(to: &Path) -> Result<(), Fault> {
    let identity = Identity::generate();
    super::show::private(to, identity.file().as_bytes())?;
    println!("{}", identity.recipient());
    Ok(())
}

fn backup(args: &Backup, to: &Path) -> Result<(), Fault> {
    let ambient = Arc::new(Machine);
    let recipients: Vec<Recipient> =
        args.recipient.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
    // Beside a change of the keys it would hold some of each.
    let _reading = args.data.store().dir().map(super::show::serving).ok().transpose()?;
    let ledger = args.data.ledger()?;
    if rotate::rotating(ledger.as_ref())? {
        return Err(Fault::new("the master key is being changed: let that end, then back up"));
    }
    let store = args.data.store();
    let master = match args.with_master_key {
        true => Some(store.held_master()?),
        false => None,
    };
    let files = match store.dir() {
        Ok(dir) => Some(Files::open(dir.join("files"))?),
        Err(_) => {
            eprintln!("gongzhi: without --data DIR the archive holds no attachments");
            None
        }
    };
    if to.exists() {
        return Err(Fault::new(format!("{} is there already: choose another name", to.display())));
    }
    // Under its name only when it is whole.
    let beside = to.with_extension("part");
    let _ = std::fs::remove_file(&beside);
    let made = write(to, &beside, &recipients, ledger.as_ref(), files.as_ref(), master.as_ref());
    let given = match made {
        Ok(given) => given,
        Err(fault) => {
            let _ = std::fs::remove_file(&beside);
            return Err(fault);
        }
    };
    std::fs::rename(&beside, to)?;
    super::show::sync_parent(to)?;
    for digest in &given.damaged {
        eprintln!("gongzhi: the attachment {digest} is damaged on the disk and not in the archive");
    }
    for digest in &given.missing {
        eprintln!(
            "gongzhi: the attachment {digest}, which an entry names, is not on the disk and not in the archive"
        );
    }
    ledger.put_setting(LAST_BACKUP, format!("{} {}", ambient.now().0, given.head.size).as_bytes())?;
    println!(
        "{} entries, {} answers, {} keys, {} files; root {}",
        given.end.entries,
        given.end.answers,
        given.end.keys,
        given.end.files,
        gongzhi_base::Digest(given.end.root)
    );
    Ok(())
}

fn write(
    to: &Path,
    beside: &Path,
    recipients: &[Recipient],
    ledger: &dyn gongzhi_store::Ledger,
    files: Option<&Files>,
    master: Option<&gongzhi_service::seal::MasterKey>,
) -> Result<archive::Given, Fault> {
    let at = |error: std::io::Error| Fault::new(format!("{}: {error}", to.display()));
    let file = super::show::private_file(beside).map_err(at)?;
    let sealed = archive::seal(recipients, BufWriter::with_capacity(1 << 18, file))?;
    let mut writer = Writer::new(sealed)?;
    let mut line = Line::new(Arc::new(Machine));
    let given = archive::give(
        ledger,
        files,
        master,
        &Machine,
        &mut |what, done, of| line.show(what, done, of),
        &mut |frame| writer.put(&frame),
    )?;
    line.end();
    let file = writer.into_inner().finish().map_err(at)?;
    file.into_inner().map_err(|error| at(error.into_error()))?.sync_all().map_err(at)?;
    Ok(given)
}
