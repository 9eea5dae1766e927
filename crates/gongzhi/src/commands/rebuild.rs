//! `gongzhi rebuild`: lists, figures and search written anew from the ledger.

use std::sync::Arc;

use gongzhi_service::ambient::{Ambient, Machine};
use gongzhi_service::rebuild::{self, Progress};

use super::Fault;
use super::show::Line;

/// Arguments of `gongzhi rebuild`.
#[derive(clap::Args)]
pub struct Rebuild {
    #[command(flatten)]
    data: super::open::Held,
}

/// Runs it.
pub fn run(args: &Rebuild) -> Result<(), Fault> {
    let _alone = super::show::alone(args.data.store().dir()?)?;
    let ledger = args.data.ledger()?;
    let master = args.data.store().master(ledger.as_ref())?;
    let ambient: Arc<dyn Ambient> = Arc::new(Machine);
    let mut line = Line::new(ambient.clone());
    let done = rebuild::rebuild(&ledger, master, &ambient, &mut |Progress { entries, of }| {
        line.show("rebuild", entries, of);
    })?;
    line.end();
    println!(
        "{} entries, {} records, {} figures rebuilt, {} entries a second",
        done.entries,
        done.records,
        done.cells,
        line.rate(done.entries)
    );
    Ok(())
}
