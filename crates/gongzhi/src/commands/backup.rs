//! `gongzhi backup`: the whole county in one encrypted file, while its server runs.

use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_kernel::note::root_text;
use gongzhi_service::ambient::{Ambient as _, Machine};
use gongzhi_service::archive::{self, ArchiveFault, End, Identity, Recipient, Writer};
use gongzhi_service::doctor::LAST_BACKUP;
use gongzhi_service::files::Files;
use gongzhi_service::rotate;

use super::Fault;
use super::show::Line;
use super::words::words;

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
        (None, None) => Err(Fault::told("backup-where", [])),
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
    let _reading = args.data.store().dir().is_ok().then(|| args.data.serving()).transpose()?;
    let ledger = args.data.ledger()?;
    if rotate::rotating(ledger.as_ref())? {
        return Err(Fault::told("backup-rotating", []));
    }
    let store = args.data.store();
    let master = match args.with_master_key {
        true => Some(store.held_master()?),
        false => None,
    };
    let files = match store.dir() {
        Ok(dir) => Some(Files::open(dir.join("files"))?),
        Err(_) => {
            eprintln!("gongzhi: {}", words("backup-no-files", []));
            None
        }
    };
    if to.exists() {
        return Err(Fault::told("backup-there", [("file", to.display().to_string())]));
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
        eprintln!("gongzhi: {}", words("backup-damaged", [("file", digest.to_string())]));
    }
    for digest in &given.missing {
        eprintln!("gongzhi: {}", words("backup-missing", [("file", digest.to_string())]));
    }
    ledger.put_setting(LAST_BACKUP, format!("{} {}", ambient.now().0, given.head.size).as_bytes())?;
    println!("{}", ended("backed-up", &given.end, given.end.keys));
    Ok(())
}

/// What an archive holds, in words: of so many keys, and with the log's root.
pub fn ended(key: &str, end: &End, keys: u64) -> String {
    let args = [
        ("entries", end.entries.to_string()),
        ("answers", end.answers.to_string()),
        ("keys", keys.to_string()),
        ("files", end.files.to_string()),
        ("root", root_text(&gongzhi_base::Digest(end.root))),
    ];
    words(key, args)
}

fn write(
    to: &Path,
    beside: &Path,
    recipients: &[Recipient],
    ledger: &dyn gongzhi_store::Ledger,
    files: Option<&Files>,
    master: Option<&gongzhi_service::seal::MasterKey>,
) -> Result<archive::Given, Fault> {
    let at = |error: std::io::Error| Fault::file(to, &error);
    // Whatever fails of files here fails in writing: what cannot be read is left out and named.
    let told = |fault: ArchiveFault| match fault {
        ArchiveFault::File(error) => at(error),
        fault => fault.into(),
    };
    let file = super::show::private_file(beside).map_err(at)?;
    let sealed = archive::seal(recipients, BufWriter::with_capacity(1 << 18, file)).map_err(told)?;
    let mut writer = Writer::new(sealed).map_err(told)?;
    let mut line = Line::new(Arc::new(Machine));
    let given = archive::give(
        ledger,
        files,
        master,
        &Machine,
        &mut |what, done, of| line.show(what, done, of),
        &mut |frame| writer.put(&frame),
    )
    .map_err(told)?;
    line.end();
    let file = writer.into_inner().finish().map_err(at)?;
    file.into_inner().map_err(|error| at(error.into_error()))?.sync_all().map_err(at)?;
    Ok(given)
}
