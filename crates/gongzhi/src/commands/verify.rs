//! `gongzhi verify`: every entry of the ledger, from the first to the last.

use super::Fault;

/// Arguments of `gongzhi verify`.
#[derive(clap::Args)]
pub struct Verify {
    #[command(flatten)]
    data: super::open::Held,
}

/// Runs it.
pub fn run(args: &Verify) -> Result<(), Fault> {
    let ledger = args.data.ledger()?;
    let head = gongzhi_store::verify(ledger.as_ref(), &mut |_| {})
        .map_err(|error| Fault::new(format!("the ledger does not verify: {error}")))?;
    println!("{} entries verify, head {}", head.size, head.hash);
    Ok(())
}
