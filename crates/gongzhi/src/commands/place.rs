//! What stands in a county's directory before its database is opened. A county that was lost or half restored is not an
//! empty place: nothing may be begun anew there.

use std::path::Path;

use gongzhi_service::seal::KEY_FILE;

use super::Fault;
use super::open::DATABASE;
use super::{seen, show};

/// The directory in which a restore or move fills a database before it is moved into place.
pub const RESTORING: &str = "restoring";
/// The same of the demo.
pub const LOADING: &str = "loading";

/// What stands in a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing of a county.
    Nothing,
    /// A database; whether it is whole, it tells itself.
    County,
    /// A restore or move to here was cut off, or goes on now.
    Restoring,
    /// There is no database, but this of a county that was here.
    Lost(&'static str),
}

/// What stands in a directory, which need not be there. A file of no bytes is no database.
pub fn standing(dir: &Path) -> Standing {
    let file = dir.join(DATABASE);
    let size = std::fs::metadata(&file).map(|meta| meta.len()).ok();
    match size {
        Some(size) if size > 0 => return Standing::County,
        _ if dir.join(RESTORING).is_dir() => return Standing::Restoring,
        Some(_) => return Standing::Lost(DATABASE),
        None => {}
    }
    let left = ["county.db-wal", seen::FILE, KEY_FILE].into_iter().find(|name| dir.join(name).exists());
    left.map_or(Standing::Nothing, Standing::Lost)
}

/// Why no county can be opened in a directory, with what to do; `None` where there is one.
pub fn fault(dir: &Path) -> Option<Fault> {
    let args = |left: &str| [("dir", dir.display().to_string()), ("left", left.to_owned())];
    Some(match standing(dir) {
        Standing::County => return None,
        Standing::Nothing => Fault::told("place-nothing", args("")),
        // Whoever fills it holds the directory for himself.
        Standing::Restoring if show::is_taken(dir) => Fault::told("place-taken", args("")),
        Standing::Restoring => Fault::told("place-restoring", args(RESTORING)),
        Standing::Lost(DATABASE) => Fault::told("place-emptied", args(DATABASE)),
        Standing::Lost(left) => Fault::told("place-lost", args(left)),
    })
}

/// Refuses to begin a county where one was lost or half restored; an empty place and a county that stands are let through.
pub fn may_begin(dir: &Path) -> Result<(), Fault> {
    match standing(dir) {
        Standing::Nothing => Ok(()),
        _ => fault(dir).map_or(Ok(()), Err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_county_is_no_empty_place() {
        let dir = tempfile::tempdir().expect("a directory");
        let dir = dir.path();
        assert_eq!(standing(&dir.join("nowhere")), Standing::Nothing);
        std::fs::write(dir.join("note.txt"), "somebody's").expect("written");
        assert_eq!(standing(dir), Standing::Nothing);
        for name in [KEY_FILE, seen::FILE, "county.db-wal"] {
            std::fs::write(dir.join(name), "").expect("written");
            assert_eq!(standing(dir), Standing::Lost(name));
        }
        std::fs::write(dir.join(DATABASE), "").expect("written");
        assert_eq!(standing(dir), Standing::Lost(DATABASE));
        std::fs::create_dir(dir.join(RESTORING)).expect("made");
        assert_eq!(standing(dir), Standing::Restoring);
        std::fs::write(dir.join(DATABASE), "bytes").expect("written");
        assert_eq!(standing(dir), Standing::County);
        assert!(may_begin(dir).is_ok());
    }
}
