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
    /// Go on although the last entry lies ahead of the clock, because the clock was wrong then and is right now: what
    /// follows is dated like that entry until the clock has caught up.
    Resume {
        #[command(flatten)]
        data: super::open::Held,
    },
}

/// Runs it.
pub fn run(args: &Log) -> Result<(), Fault> {
    let (data, retire) = match &args.what {
        What::Keys { data } => (data, None),
        What::Rotate { data, retire } => (data, Some(*retire)),
        What::Resume { data } => {
            match log::resume(data.ledger()?.as_ref())? {
                Some(at) => println!("{}", at.rfc3339()),
                None => return Err(Fault::told("doctor-log-empty", [])),
            }
            return Ok(());
        }
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
