//! `gongzhi rebuild`: lists, figures and search written anew from the ledger.

use std::sync::Arc;

use gongzhi_service::ambient::{Ambient, Machine};
use gongzhi_service::rebuild::{self, Progress};
use gongzhi_store::StoreError;

use super::Fault;
use super::show::Line;
use super::words::words;

/// Arguments of `gongzhi rebuild`.
#[derive(clap::Args)]
pub struct Rebuild {
    #[command(flatten)]
    data: super::open::Held,
}

/// Runs it.
pub fn run(args: &Rebuild) -> Result<(), Fault> {
    let _alone = args.data.taken()?;
    let ledger = args.data.ledger()?;
    let master = args.data.store().master(ledger.as_ref())?;
    let ambient: Arc<dyn Ambient> = Arc::new(Machine);
    let mut line = Line::new(ambient.clone());
    let done = rebuild::rebuild(&ledger, master, &ambient, &mut |Progress { entries, of }| {
        line.show("rebuild", entries, of);
    })
    .map_err(|error| match error {
        // Nothing that a rebuild could write anew, or it would have.
        StoreError::Corrupt(why) | StoreError::Engine(why) => Fault::told("rebuild-cannot", [("why", why)]),
        error => error.into(),
    })?;
    line.end();
    let told = [
        ("entries", done.entries.to_string()),
        ("records", done.records.to_string()),
        ("figures", done.cells.to_string()),
        ("rate", line.rate(done.entries).to_string()),
    ];
    println!("{}", words("rebuilt", told));
    Ok(())
}
