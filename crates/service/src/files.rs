//! Attachments: kept beside the ledger, named by their content. Pictures are decoded and written
//! anew, which drops the place and camera data that phones put into them.

use std::collections::BTreeSet;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use gongzhi_base::canon::Canon as _;
use gongzhi_base::{Digest, FileRef, Value};
use gongzhi_kernel::{Deed, Event};
use gongzhi_store::{Ledger, StoreError};
use image::{ImageFormat, ImageReader, Limits};

/// Largest upload in bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;
/// Entries read at once.
const PAGE: u32 = 1_000;
/// Longest side of a kept picture in pixels.
const MAX_SIDE: u32 = 2_000;

/// Why a file was not kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileFault {
    /// Larger than [`MAX_BYTES`].
    TooLarge,
    Empty,
    /// Not a picture, although one was asked for, or a damaged one.
    NotPhoto,
    /// Of a kind that is not taken.
    NotTaken,
    /// The disk is full or fails.
    Disk(String),
}

/// A directory of files by content.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// Files under a directory, made when missing.
    pub fn open(root: PathBuf) -> std::io::Result<Files> {
        std::fs::create_dir_all(&root)?;
        Ok(Files { root })
    }

    /// Keeps a file. It is on the disk for good before this returns.
    pub fn keep(&self, name: &str, bytes: &[u8], photo: bool) -> Result<FileRef, FileFault> {
        if bytes.is_empty() {
            return Err(FileFault::Empty);
        }
        if bytes.len() > MAX_BYTES {
            return Err(FileFault::TooLarge);
        }
        let (bytes, media) = match picture(bytes) {
            Some(kept) => kept?,
            None if photo => return Err(FileFault::NotPhoto),
            None => (bytes.to_vec(), document(bytes).ok_or(FileFault::NotTaken)?.to_owned()),
        };
        let digest = Digest::of(&bytes);
        self.write(&self.path(digest), &bytes).map_err(|error| FileFault::Disk(error.to_string()))?;
        let name: String = Path::new(name)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(100)
            .collect();
        Ok(FileRef { digest, name, media, size: bytes.len() as u64 })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        let dir = path.parent().unwrap_or(&self.root);
        std::fs::create_dir_all(dir)?;
        // Written beside and renamed, so that a crash never leaves half a file under its name.
        let beside = path.with_extension("part");
        let mut file = std::fs::File::create(&beside)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written {
            let _ = std::fs::remove_file(&beside);
            return Err(error);
        }
        std::fs::rename(&beside, path)?;
        std::fs::File::open(dir)?.sync_all()
    }

    /// All files kept, by name.
    pub fn all(&self) -> std::io::Result<Vec<Digest>> {
        let mut found = Vec::new();
        for dir in std::fs::read_dir(&self.root)? {
            let dir = dir?.path();
            if !dir.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(dir)? {
                // What an upload that was cut off left behind has no such name.
                found.extend(file?.file_name().to_str().and_then(|name| name.parse::<Digest>().ok()));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Puts back a file that was kept before. The bytes must be those of its name.
    pub fn restore(&self, digest: Digest, bytes: &[u8]) -> std::io::Result<()> {
        self.write(&self.path(digest), bytes)
    }

    /// Where uploads lie that are no files of records yet.
    pub(crate) fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// Whether a file is there, and is the one that was kept.
    pub fn holds(&self, digest: Digest) -> bool {
        std::fs::read(self.path(digest)).is_ok_and(|bytes| Digest::of(&bytes) == digest)
    }

    /// Where a file lies.
    pub fn path(&self, digest: Digest) -> PathBuf {
        let hex = digest.to_string();
        self.root.join(&hex[..2]).join(hex)
    }
}

/// The attachments that an event names.
pub(crate) fn of_event(event: &Event) -> Vec<Digest> {
    let Deed::Step(taken) = &event.deed else { return Vec::new() };
    let files = taken.set.values().flat_map(Value::leaves).filter_map(|value| match value {
        Value::File(file) => Some(file.digest),
        _ => None,
    });
    files.collect()
}

/// All attachments that the entries name.
pub(crate) fn named(ledger: &dyn Ledger) -> Result<BTreeSet<Digest>, StoreError> {
    let (mut named, mut from) = (BTreeSet::new(), 0);
    loop {
        let page = ledger.entries(from, PAGE)?;
        let Some(last) = page.last() else { return Ok(named) };
        from = last.header.seq + 1;
        // What cannot be read is told by whoever verifies the entries.
        let events = page.iter().filter_map(|entry| Event::from_bytes(&entry.body).ok());
        named.extend(events.flat_map(|event| of_event(&event)));
    }
}

/// A picture decoded, made no larger than needed, and written anew; `None` if it is no picture.
fn picture(bytes: &[u8]) -> Option<Result<(Vec<u8>, String), FileFault>> {
    let format = image::guess_format(bytes).ok()?;
    if !matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP) {
        return None;
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // A small file can claim to be an enormous picture.
    let mut limits = Limits::default();
    limits.max_image_width = Some(20_000);
    limits.max_image_height = Some(20_000);
    limits.max_alloc = Some(256 * 1024 * 1024);
    reader.limits(limits);
    Some(rewrite(reader))
}

fn rewrite(reader: ImageReader<Cursor<&[u8]>>) -> Result<(Vec<u8>, String), FileFault> {
    use image::ImageDecoder as _;
    let mut decoder = reader.into_decoder().map_err(|_| FileFault::NotPhoto)?;
    let turn = decoder.orientation().ok();
    let mut image = image::DynamicImage::from_decoder(decoder).map_err(|_| FileFault::NotPhoto)?;
    if let Some(turn) = turn {
        image.apply_orientation(turn);
    }
    if image.width().max(image.height()) > MAX_SIDE {
        image = image.resize(MAX_SIDE, MAX_SIDE, image::imageops::FilterType::Triangle);
    }
    let mut out = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 82);
    image.to_rgb8().write_with_encoder(encoder).map_err(|_| FileFault::NotPhoto)?;
    Ok((out, "image/jpeg".to_owned()))
}

/// The media type of a document that is taken, by its first bytes.
fn document(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"%PDF-") {
        return Some("application/pdf");
    }
    let zip = bytes.starts_with(b"PK\x03\x04");
    let holds = |name: &[u8]| bytes.windows(name.len()).take(8_192).any(|window| window == name);
    match zip {
        true if holds(b"word/") => {
            Some("application/vnd.openxmlformats-officedocument.wordprocessingml.document")
        }
        true if holds(b"xl/") => Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        _ => None,
    }
}
