//! Uploads between being shown and being carried out. They are no part of the county's files: not in
//! backups, and gone after a day.

use std::io::Write as _;
use std::path::PathBuf;

use gongzhi_base::{Digest, RecordId, Timestamp};
use gongzhi_kernel::Actor;
use gongzhi_paper::read::ReadFault;
use gongzhi_store::StoreError;

use super::{ImportFailure, LIMITS};
use crate::failure::Failure;
use crate::service::Service;

/// Uploads older than this go, in milliseconds.
const KEPT: i64 = 24 * 3_600 * 1_000;

/// A sheet that was kept.
pub struct Upload {
    pub token: Digest,
    /// When it came.
    pub at: Timestamp,
    pub bytes: Vec<u8>,
}

impl Service {
    /// Keeps an upload for a day, for this actor and this record or a register; gives what tells it from all others. With
    /// a `seed` chosen by whoever sends it, the same bytes sent again are the same upload.
    pub fn keep_upload(
        &self,
        actor: &Actor,
        root: Option<RecordId>,
        bytes: &[u8],
        seed: Option<Digest>,
    ) -> Result<Digest, ImportFailure> {
        if bytes.is_empty() {
            return Err(ImportFailure::File(ReadFault::Empty));
        }
        if bytes.len() > LIMITS.bytes {
            return Err(ImportFailure::File(ReadFault::TooLarge));
        }
        let seed = seed.map_or_else(|| self.ambient().sixteen().to_vec(), |seed| seed.0.to_vec());
        let token = Digest::of_parts(&[&seed, &Digest::of(bytes).0]);
        let path = self.upload_path(actor, root, token).ok_or(Failure::SignedOut)?;
        self.sweep();
        if path.exists() {
            // What it does follows from when it came first.
            return Ok(token);
        }
        let write = || -> std::io::Result<()> {
            if let Some(dir) = path.parent() {
                std::fs::create_dir_all(dir)?;
            }
            let beside = path.with_extension("part");
            let mut file = std::fs::File::create(&beside)?;
            file.write_all(&self.now().0.to_be_bytes())?;
            file.write_all(bytes)?;
            // A run that is cut off is taken up from it.
            file.sync_all()?;
            std::fs::rename(&beside, &path)
        };
        write().map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull => Failure::Store(StoreError::Full),
            _ => Failure::Store(StoreError::Engine(error.to_string())),
        })?;
        Ok(token)
    }

    pub(super) fn kept_upload(
        &self,
        actor: &Actor,
        root: Option<RecordId>,
        token: Digest,
    ) -> Result<Upload, ImportFailure> {
        let path = self.upload_path(actor, root, token).ok_or(Failure::SignedOut)?;
        let mut bytes = std::fs::read(path).map_err(|_| ImportFailure::Gone)?;
        let at = bytes.first_chunk().map(|at| i64::from_be_bytes(*at)).ok_or(ImportFailure::Gone)?;
        bytes.drain(..size_of::<i64>());
        Ok(Upload { token, at: Timestamp(at), bytes })
    }

    /// Where an upload lies: nobody else finds it, even knowing its token.
    fn upload_path(&self, actor: &Actor, root: Option<RecordId>, token: Digest) -> Option<PathBuf> {
        let Actor::Person { code, .. } = actor else { return None };
        let above = root.map_or(Vec::new(), |root| root.0.to_vec());
        let name = Digest::of_parts(&[b"gongzhi.upload", code.as_bytes(), &above, &token.0]);
        Some(self.files.uploads().join(format!("{name}.sheet")))
    }

    /// Takes away uploads of the days before. A run needs its own for minutes, and one that was cut off is taken
    /// up as soon as a server runs again.
    fn sweep(&self) {
        let now = self.now();
        for file in std::fs::read_dir(self.files.uploads()).into_iter().flatten().flatten() {
            let made = file.metadata().and_then(|about| about.modified()).ok();
            let made = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
            let old = made.is_some_and(|made| now.0.saturating_sub(made.as_millis() as i64) > KEPT);
            if old && let Err(error) = std::fs::remove_file(file.path()) {
                tracing::warn!(%error, "an old upload could not be taken away");
            }
        }
    }
}
