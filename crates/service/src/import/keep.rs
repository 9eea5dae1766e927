//! Uploads between being shown and being carried out. They are no part of the county's files: not in
//! backups, and gone after a day.

use std::path::PathBuf;

use gongzhi_base::{Digest, RecordId};
use gongzhi_kernel::Actor;
use gongzhi_paper::read::ReadFault;
use gongzhi_store::StoreError;

use super::{ImportFailure, LIMITS};
use crate::failure::Failure;
use crate::service::Service;

/// Uploads older than this go, in milliseconds.
const KEPT: i64 = 24 * 3_600 * 1_000;

impl Service {
    /// Keeps an upload for a day, for this actor and this record; gives what tells it from all others. With
    /// a `seed` chosen by whoever sends it, the same bytes sent again are the same upload.
    pub fn keep_upload(
        &self,
        actor: &Actor,
        root: RecordId,
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
        let write = || -> std::io::Result<()> {
            if let Some(dir) = path.parent() {
                std::fs::create_dir_all(dir)?;
            }
            std::fs::write(&path, bytes)
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
        root: RecordId,
        token: Digest,
    ) -> Result<Vec<u8>, ImportFailure> {
        let path = self.upload_path(actor, root, token).ok_or(Failure::SignedOut)?;
        std::fs::read(path).map_err(|_| ImportFailure::Gone)
    }

    /// Where an upload lies: nobody else finds it, even knowing its token.
    fn upload_path(&self, actor: &Actor, root: RecordId, token: Digest) -> Option<PathBuf> {
        let Actor::Person { code, .. } = actor else { return None };
        let name = Digest::of_parts(&[b"gongzhi.upload", code.as_bytes(), &root.0, &token.0]);
        Some(self.files.uploads().join(format!("{name}.sheet")))
    }

    /// Takes away uploads of the days before.
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
