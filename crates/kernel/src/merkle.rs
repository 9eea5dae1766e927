//! The Merkle log over the entries' headers (RFC 6962), in tiles of 256 hashes.
//!
//! Nodes of level 0 are the leaf hashes, which stand in the entries themselves. A node of level `n`
//! is the root of a full subtree of 256ⁿ leaves: whoever keeps these finds any root or proof in a
//! few hundred hashes.

use gongzhi_base::Digest;

/// Hashes of one tile.
pub const TILE: usize = 256;

/// A full subtree's root.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node {
    /// From 1; a node of level `n` covers 256ⁿ leaves.
    pub level: u8,
    /// Position among the nodes of its level.
    pub index: u64,
    pub hash: Digest,
}

/// RFC 6962 interior hash: SHA-256 over 0x01 and both children.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut input = [0u8; 65];
    input[0] = 1;
    input[1..33].copy_from_slice(&left.0);
    input[33..].copy_from_slice(&right.0);
    Digest::of(&input)
}

/// The RFC 6962 tree hash over hashes of leaves (or of full subtrees of one size).
pub fn root_of(hashes: &[Digest]) -> Digest {
    match hashes {
        [] => Digest::of(b""),
        [one] => *one,
        many => {
            let split = (many.len() / 2 + many.len() % 2).next_power_of_two();
            let split = if split >= many.len() { split / 2 } else { split };
            node_hash(&root_of(&many[..split]), &root_of(&many[split..]))
        }
    }
}

/// The right edge of the log: enough to go on and to give the root.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frontier {
    size: u64,
    /// The unfinished tile of each level, lowest first; each holds fewer than [`TILE`] hashes.
    levels: Vec<Vec<Digest>>,
}

impl Frontier {
    /// The edge of a log of `size` leaves. `tail(level, from)` gives the nodes of a level from a
    /// position on, of which there are fewer than [`TILE`].
    pub fn read<E>(
        size: u64,
        mut tail: impl FnMut(u8, u64, usize) -> Result<Vec<Digest>, E>,
    ) -> Result<Frontier, E> {
        let mut levels = Vec::new();
        let mut count = size;
        let mut level = 0;
        while count > 0 {
            let open = (count % TILE as u64) as usize;
            levels.push(if open == 0 { Vec::new() } else { tail(level, count - open as u64, open)? });
            count /= TILE as u64;
            level += 1;
        }
        Ok(Frontier { size, levels })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf's hash; gives the nodes that are finished by it, lowest first.
    pub fn push(&mut self, leaf: Digest) -> Vec<Node> {
        let mut done = Vec::new();
        let mut hash = leaf;
        self.size += 1;
        let mut covered = self.size;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let tile = &mut self.levels[level];
            tile.push(hash);
            if tile.len() < TILE {
                break;
            }
            hash = root_of(tile);
            tile.clear();
            covered /= TILE as u64;
            done.push(Node { level: level as u8 + 1, index: covered - 1, hash });
        }
        done
    }

    /// The root of the whole log.
    pub fn root(&self) -> Digest {
        let mut right: Option<Digest> = None;
        for tile in &self.levels {
            let mut hashes = tile.clone();
            hashes.extend(right);
            if !hashes.is_empty() {
                right = Some(root_of(&hashes));
            }
        }
        right.unwrap_or_else(|| Digest::of(b""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(at: u64) -> Digest {
        Digest::of(&at.to_be_bytes())
    }

    #[test]
    fn the_edge_gives_the_root_of_all_leaves() {
        let mut edge = Frontier::default();
        let mut leaves = Vec::new();
        let mut nodes: Vec<Node> = Vec::new();
        assert_eq!(edge.root(), Digest::of(b""));
        for at in 0..70_000 {
            leaves.push(leaf(at));
            nodes.extend(edge.push(leaf(at)));
            let size = at + 1;
            if [1, 2, 3, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 66_000, 70_000].contains(&size)
            {
                assert_eq!(edge.root(), root_of(&leaves), "{size} leaves");
                let read = Frontier::read(size, |level, from, count| {
                    let all: Vec<Digest> = match level {
                        0 => leaves.clone(),
                        level => nodes.iter().filter(|n| n.level == level).map(|n| n.hash).collect(),
                    };
                    Ok::<_, ()>(all[from as usize..from as usize + count].to_vec())
                });
                assert_eq!(read, Ok(edge.clone()), "{size} leaves");
            }
        }
        for node in nodes.iter().filter(|node| node.level == 1) {
            let from = node.index as usize * TILE;
            assert_eq!(node.hash, root_of(&leaves[from..from + TILE]));
        }
    }
}
