//! Frames as bytes: lengths, the chain of digests, the end mark.

use std::io::{Read, Write};

use gongzhi_base::Digest;
use gongzhi_base::canon::Canon as _;

use super::{ArchiveFault, End, Frame};

/// The number of the format.
pub const FORMAT: u64 = 1;
/// The first line, before the number of the format.
const NAME: &str = "gongzhi archive ";
/// Longest frame: an attachment with room around it.
const LONGEST: u32 = 64 * 1024 * 1024;

fn first_line() -> String {
    format!("{NAME}{FORMAT}\n")
}

fn next(chain: &Digest, bytes: &[u8]) -> Digest {
    Digest::of_parts(&[&chain.0, bytes])
}

/// Writes frames.
pub struct Writer<W> {
    out: W,
    chain: Digest,
}

impl<W: Write> Writer<W> {
    /// Begins an archive.
    pub fn new(mut out: W) -> Result<Writer<W>, ArchiveFault> {
        let line = first_line();
        out.write_all(line.as_bytes())?;
        Ok(Writer { out, chain: Digest::of(line.as_bytes()) })
    }

    /// Adds a frame.
    pub fn put(&mut self, frame: &Frame) -> Result<(), ArchiveFault> {
        let bytes = frame.to_bytes();
        let len = u32::try_from(bytes.len()).ok().filter(|len| *len <= LONGEST).ok_or_else(|| {
            ArchiveFault::Damaged(format!("a part of {} bytes is longer than an archive takes", bytes.len()))
        })?;
        self.chain = next(&self.chain, &bytes);
        self.out.write_all(&len.to_be_bytes())?;
        self.out.write_all(&bytes)?;
        self.out.write_all(&self.chain.0)?;
        Ok(())
    }

    /// What was written to; the end mark has been put.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Reads frames; each is checked before it is given.
pub struct Reader<R> {
    input: R,
    chain: Digest,
    ended: bool,
}

fn cut(error: std::io::Error) -> ArchiveFault {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => ArchiveFault::Damaged("it ends before its end mark".into()),
        // What a cipher says of bytes that were changed.
        std::io::ErrorKind::InvalidData => ArchiveFault::Damaged(error.to_string()),
        _ => ArchiveFault::File(error),
    }
}

impl<R: Read> Reader<R> {
    /// Begins to read.
    pub fn new(mut input: R) -> Result<Reader<R>, ArchiveFault> {
        let mut line = Vec::new();
        // The line is short: a byte at a time does no harm.
        while line.last() != Some(&b'\n') && line.len() < 64 {
            let mut byte = [0];
            input.read_exact(&mut byte).map_err(cut)?;
            line.push(byte[0]);
        }
        let text = std::str::from_utf8(&line).ok().and_then(|text| text.strip_suffix('\n'));
        let format = text.and_then(|text| text.strip_prefix(NAME)).and_then(|number| number.parse().ok());
        match format {
            Some(FORMAT) => Ok(Reader { input, chain: Digest::of(&line), ended: false }),
            Some(newer) if newer > FORMAT => Err(ArchiveFault::Newer(newer)),
            _ => Err(ArchiveFault::Damaged("it does not begin as one".into())),
        }
    }

    /// The next frame. After the end mark there is nothing more; bytes there are a fault.
    pub fn frame(&mut self) -> Result<Option<Frame>, ArchiveFault> {
        if self.ended {
            return match self.input.read(&mut [0]).map_err(cut)? {
                0 => Ok(None),
                _ => Err(ArchiveFault::Damaged("it goes on after its end mark".into())),
            };
        }
        let mut len = [0; 4];
        self.input.read_exact(&mut len).map_err(cut)?;
        let len = u32::from_be_bytes(len);
        if len > LONGEST {
            return Err(ArchiveFault::Damaged("a part is longer than there can be".into()));
        }
        let mut bytes = vec![0; len as usize];
        self.input.read_exact(&mut bytes).map_err(cut)?;
        let mut told = [0; 32];
        self.input.read_exact(&mut told).map_err(cut)?;
        self.chain = next(&self.chain, &bytes);
        if self.chain.0 != told {
            return Err(ArchiveFault::Damaged("a part is not what the chain binds".into()));
        }
        let frame = Frame::from_bytes(&bytes)
            .map_err(|error| ArchiveFault::Damaged(format!("a part cannot be read: {error}")))?;
        self.ended = matches!(frame, Frame::End(End { .. }));
        Ok(Some(frame))
    }
}
