//! Proofs over the Merkle log (RFC 6962, RFC 9162): that an entry is in a log of a certain size, and
//! that a smaller log is the beginning of a greater one.
//!
//! Proofs are made from tiles of [`TILE`] hashes that the caller reads, one or two of each level,
//! however long the log is. Checking needs nothing but the proof.

use std::collections::BTreeMap;

use gongzhi_base::Digest;

use crate::merkle::{TILE, node_hash, root_of};

/// Why no proof could be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unproven<E> {
    /// There is no such entry, or no log of that size.
    OutOfRange,
    /// The store holds fewer nodes than a log of this size has.
    Short { level: u8, from: u64 },
    /// The nodes could not be read.
    Read(E),
}

/// Reads tiles, each once.
struct Tiles<F> {
    /// Leaves of the log as the proof sees it; later ones do not count.
    size: u64,
    read: F,
    held: BTreeMap<(u8, u64), Vec<Digest>>,
}

impl<E, F: FnMut(u8, u64, usize) -> Result<Vec<Digest>, E>> Tiles<F> {
    fn new(size: u64, read: F) -> Tiles<F> {
        Tiles { size, read, held: BTreeMap::new() }
    }

    /// Hash of the full subtree of `2^height` leaves that begins at leaf `start`.
    fn full(&mut self, start: u64, height: u32) -> Result<Digest, Unproven<E>> {
        let level = (height / 8) as u8;
        let at = start >> (8 * u32::from(level));
        let tile = at / TILE as u64;
        if !self.held.contains_key(&(level, tile)) {
            let from = tile * TILE as u64;
            let there = (self.size >> (8 * u32::from(level))) - from;
            let count = there.min(TILE as u64) as usize;
            let hashes = (self.read)(level, from, count).map_err(Unproven::Read)?;
            if hashes.len() != count {
                return Err(Unproven::Short { level, from });
            }
            self.held.insert((level, tile), hashes);
        }
        let within = (at % TILE as u64) as usize;
        let hashes = &self.held[&(level, tile)];
        Ok(root_of(&hashes[within..within + (1 << (height % 8))]))
    }

    /// Hash of the leaves `from..to`: a subtree that is full, or the ragged right end of the log.
    fn range(&mut self, from: u64, to: u64) -> Result<Digest, Unproven<E>> {
        let len = to - from;
        if len.is_power_of_two() {
            return self.full(from, len.trailing_zeros());
        }
        let split = split(len);
        let left = self.range(from, from + split)?;
        Ok(node_hash(&left, &self.range(from + split, to)?))
    }
}

/// The largest power of two below `len`, which is at least 2.
fn split(len: u64) -> u64 {
    1 << (u64::BITS - 1 - (len - 1).leading_zeros())
}

/// The root of the first `size` entries. `read(level, from, count)` gives nodes of a level.
pub fn root<E>(
    size: u64,
    read: impl FnMut(u8, u64, usize) -> Result<Vec<Digest>, E>,
) -> Result<Digest, Unproven<E>> {
    match size {
        0 => Ok(root_of(&[])),
        size => Tiles::new(size, read).range(0, size),
    }
}

/// Proof that the entry `seq` is in the log of `size` entries: the siblings from the leaf upwards.
pub fn inclusion<E>(
    seq: u64,
    size: u64,
    read: impl FnMut(u8, u64, usize) -> Result<Vec<Digest>, E>,
) -> Result<Vec<Digest>, Unproven<E>> {
    Ok(inclusions(&[seq], size, read)?.pop().unwrap_or_default())
}

/// Proofs for several entries of one log, which share the tiles they need.
pub fn inclusions<E>(
    seqs: &[u64],
    size: u64,
    read: impl FnMut(u8, u64, usize) -> Result<Vec<Digest>, E>,
) -> Result<Vec<Vec<Digest>>, Unproven<E>> {
    let mut tiles = Tiles::new(size, read);
    let mut all = Vec::with_capacity(seqs.len());
    for &seq in seqs {
        if seq >= size {
            return Err(Unproven::OutOfRange);
        }
        let (mut from, mut to, mut path) = (0, size, Vec::new());
        while to - from > 1 {
            let middle = from + split(to - from);
            if seq < middle {
                path.push(tiles.range(middle, to)?);
                to = middle;
            } else {
                path.push(tiles.range(from, middle)?);
                from = middle;
            }
        }
        path.reverse();
        all.push(path);
    }
    Ok(all)
}

/// Proof that the log of `old` entries is the beginning of that of `new` entries.
pub fn consistency<E>(
    old: u64,
    new: u64,
    read: impl FnMut(u8, u64, usize) -> Result<Vec<Digest>, E>,
) -> Result<Vec<Digest>, Unproven<E>> {
    if old > new {
        return Err(Unproven::OutOfRange);
    }
    if old == 0 || old == new {
        return Ok(Vec::new());
    }
    let mut tiles = Tiles::new(new, read);
    let (mut from, mut to, mut path) = (0, new, Vec::new());
    // RFC 6962, SUBPROOF: whether the part on the way is the old log itself, whose root is known.
    let mut whole = true;
    while old < to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(tiles.range(middle, to)?);
            to = middle;
        } else {
            path.push(tiles.range(from, middle)?);
            from = middle;
            whole = false;
        }
    }
    if !whole {
        path.push(tiles.range(from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// The root to which an inclusion proof leads; `None` when the proof cannot be one of this size.
pub fn root_from(leaf: Digest, seq: u64, size: u64, path: &[Digest]) -> Option<Digest> {
    if seq >= size {
        return None;
    }
    let (mut at, mut last, mut hash) = (seq, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// Whether an inclusion proof holds.
pub fn includes(leaf: Digest, seq: u64, size: u64, path: &[Digest], root: Digest) -> bool {
    root_from(leaf, seq, size, path) == Some(root)
}

/// Whether a consistency proof holds between two logs, each given by size and root.
pub fn continues(old: (u64, Digest), new: (u64, Digest), path: &[Digest]) -> bool {
    let ((old, old_root), (new, new_root)) = (old, new);
    if old > new {
        return false;
    }
    if old == new {
        return path.is_empty() && old_root == new_root;
    }
    if old == 0 {
        return path.is_empty() && old_root == root_of(&[]);
    }
    let (mut at, mut last) = (old - 1, new - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let mut rest = path.iter();
    // A full old log is itself the first node, and not in the proof.
    let first = if old.is_power_of_two() { Some(old_root) } else { rest.next().copied() };
    let Some(first) = first else { return false };
    let (mut left, mut right) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            left = node_hash(sibling, &left);
            right = node_hash(sibling, &right);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            right = node_hash(&right, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && left == old_root && right == new_root
}

#[cfg(test)]
mod tests;
