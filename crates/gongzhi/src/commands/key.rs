//! `gongzhi key rotate`: a new master key, everything wrapped anew.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gongzhi_service::Ambient;
use gongzhi_service::ambient::Machine;
use gongzhi_service::rotate;
use gongzhi_service::seal::{KEY_FILE, KEY_VARIABLE, MasterKey};

use super::Fault;
use super::words::words;

/// Arguments of `gongzhi key`.
#[derive(clap::Args)]
pub struct Key {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Make a new master key and wrap everything by it; no server may run. Run it again if it was cut off.
    Rotate {
        #[command(flatten)]
        data: super::open::Held,
        /// Cut off what is still connected to the database; it has to be started again.
        #[arg(long)]
        cut_off: bool,
    },
}

/// Runs it.
pub fn run(args: &Key) -> Result<(), Fault> {
    let What::Rotate { data, cut_off } = &args.what;
    if std::env::var_os(KEY_VARIABLE).is_some() {
        let args = [("variable", KEY_VARIABLE.to_owned()), ("file", KEY_FILE.to_owned())];
        return Err(Fault::told("rotate-variable", args));
    }
    let dir = data.store().dir()?;
    let _alone = data.taken()?;
    let ledger = data.alone(*cut_off)?;
    let (file, fresh) = (dir.join(KEY_FILE), dir.join("master.key.new"));
    let ambient: Arc<dyn Ambient> = Arc::new(Machine);
    // On the disk before anything is wrapped by it.
    if !fresh.exists() {
        MasterKey::fresh(&Machine).write(&fresh)?;
        super::show::sync_parent(&fresh)?;
    }
    let new = MasterKey::in_file(&fresh)?;
    // Cut off between the last two steps, only the new file is left; everything is under it.
    let old = if file.exists() { MasterKey::in_file(&file)? } else { new.clone() };
    let done = rotate::rotate(&ledger, old, new, &ambient, &mut |_| {})?;
    if file.exists() {
        let kept = old_name(dir);
        std::fs::rename(&file, &kept)?;
        println!("{}", words("rotate-old", [("file", kept.display().to_string())]));
    }
    std::fs::rename(&fresh, &file)?;
    super::show::sync_parent(&file)?;
    let args = [("keys", done.keys.to_string()), ("secrets", done.secrets.to_string())];
    println!("{}", words("rotated", args));
    println!("{}", words("rotate-copy", [("file", file.display().to_string())]));
    Ok(())
}

/// A name for the old key that nothing has.
fn old_name(dir: &Path) -> PathBuf {
    let name = |n: u32| dir.join(format!("master.key.old-{n}"));
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
}
