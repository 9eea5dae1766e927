//! `gongzhi load`: a county's files into a fresh or existing directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::ambient::{Ambient, Machine};
use gongzhi_service::{Service, load};

use super::open::Store;
use super::words::words;
use super::{Fault, say};

/// Arguments of `gongzhi load`.
#[derive(clap::Args)]
pub struct Load {
    #[command(flatten)]
    data: Store,
    /// Directory of the county's files.
    #[arg(long, value_name = "DIR")]
    county: PathBuf,
    /// Directory of the mechanism documents.
    #[arg(long, value_name = "DIR", default_value = "mechanisms")]
    mechanisms: PathBuf,
}

/// Runs it.
pub fn run(args: &Load) -> Result<(), Fault> {
    let service = county(&args.data, &args.county, &args.mechanisms, Arc::new(Machine))?;
    let (head, state) = (service.ledger().head()?, service.state());
    let documents = state.laws.library.mechanisms.len().to_string();
    let args = [
        ("county", state.world.county.clone()),
        ("documents", documents),
        ("entries", head.size.to_string()),
    ];
    drop(state);
    service.close();
    say(&format!("{}\n", words("loaded", args)))
}

/// Loads a county's files and gives its open service.
pub fn county(
    store: &Store,
    county: &Path,
    mechanisms: &Path,
    ambient: Arc<dyn Ambient>,
) -> Result<Service, Fault> {
    let files = load::read_library(mechanisms)?;
    let library = load::check_library(&files)?;
    let file = load::CountyFile::read(county)?;
    let ledger = store.begin(&file.place)?;
    file.write(ledger.as_ref())?;
    let service = store.serve(ledger, ambient, Some(library))?;
    load::county(&service, county, &files)?;
    service.reload_laws()?;
    Ok(service)
}
