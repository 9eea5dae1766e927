//! `gongzhi erasures`: the list of erased records, kept beside the backups.

use std::path::PathBuf;

use gongzhi_service::archive::ErasureList;

use super::Fault;
use super::words::words;

/// Arguments of `gongzhi erasures`.
#[derive(clap::Args)]
pub struct ErasuresArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Write the list of all erasures so far. It names records by identifier and nobody by name.
    Export {
        #[command(flatten)]
        data: super::open::Held,
        /// The list; an older one is replaced.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Destroy the keys of what was erased after the state that this county was restored to.
    Apply {
        #[command(flatten)]
        data: super::open::Held,
        /// The list.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Cut off what is still connected to the database; it has to be started again.
        #[arg(long)]
        cut_off: bool,
    },
}

/// Runs it.
pub fn run(args: &ErasuresArgs) -> Result<(), Fault> {
    match &args.what {
        What::Export { data, to } => {
            let list = ErasureList::of(data.ledger()?.as_ref())?;
            let beside = to.with_extension("part");
            let _ = std::fs::remove_file(&beside);
            super::show::private(&beside, list.text().as_bytes())?;
            std::fs::rename(&beside, to).map_err(|error| Fault::file(to, &error))?;
            let args = [("n", list.erased.len().to_string()), ("size", list.size.to_string())];
            println!("{}", words("erasures-listed", args));
        }
        What::Apply { data, from, cut_off } => {
            let text = std::fs::read_to_string(from).map_err(|error| Fault::file(from, &error))?;
            let list = ErasureList::read(&text)?;
            let _alone = data.store().dir().is_ok().then(|| data.taken()).transpose()?;
            let count = list.apply(data.alone(*cut_off)?.as_ref())?;
            println!("{}", words("erasures-applied", [("n", count.to_string())]));
        }
    }
    Ok(())
}
