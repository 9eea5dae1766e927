//! `gongzhi verify`: every entry of the ledger, from the first to the last.

use super::Fault;

/// Arguments of `gongzhi verify`.
#[derive(clap::Args)]
pub struct Verify {
    #[command(flatten)]
    data: crate::DataDir,
}

/// Runs it.
pub fn run(args: &Verify) -> Result<(), Fault> {
    let ledger = super::existing(&args.data.data)?;
    let head = gongzhi_store::verify(ledger.as_ref(), &mut |_| {})
        .map_err(|error| Fault::new(format!("the ledger does not verify: {error}")))?;
    println!("{} entries verify, head {}", head.size, head.hash);
    Ok(())
}
