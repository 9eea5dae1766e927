//! `gongzhi log`: the keys that sign the log.

use std::sync::Arc;

use gongzhi_service::ambient::Machine;
use gongzhi_service::log;
use gongzhi_service::seal::Seals;

use super::Fault;

/// Arguments of `gongzhi log`.
#[derive(clap::Args)]
pub struct Log {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Print the public keys of the log, one a line, as `/log/keys` has them.
    Keys {
        #[command(flatten)]
        data: super::open::Held,
    },
    /// Add a key that signs from now on, beside those that sign already.
    Rotate {
        #[command(flatten)]
        data: super::open::Held,
        /// End the keys that signed until now; receipts that they signed go on verifying.
        #[arg(long)]
        retire: bool,
    },
}

/// Runs it.
pub fn run(args: &Log) -> Result<(), Fault> {
    let (data, retire) = match &args.what {
        What::Keys { data } => (data, None),
        What::Rotate { data, retire } => (data, Some(*retire)),
    };
    let ledger = data.ledger()?;
    if let Some(retire) = retire {
        let county = gongzhi_service::log::county(ledger.as_ref())?;
        let master = data.store().master(ledger.as_ref())?;
        let seals = Seals::open(&county, master, ledger.clone(), Arc::new(Machine))?;
        log::rotate(ledger.as_ref(), &seals, &county, retire)?;
    }
    print!("{}", log::list(&log::keys(ledger.as_ref())?));
    Ok(())
}
