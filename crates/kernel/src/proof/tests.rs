//! Against the reference values of the Certificate Transparency project (its Merkle tree tests, the
//! log of 8 leaves), and against a tree made naively.

use proptest::prelude::*;

use super::*;
use crate::chain::leaf_hash;
use crate::merkle::Frontier;

/// Data of the reference log's leaves.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// Roots of its beginnings of 0 to 8 leaves.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Entry, size, path.
const INCLUSION: [(u64, u64, &[&str]); 3] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
];

/// Old size, new size, path.
const CONSISTENCY: [(u64, u64, &[&str]); 4] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ascii"), 16).expect("hex"))
        .collect()
}

fn digest(text: &str) -> Digest {
    Digest(hex(text).try_into().expect("32 bytes"))
}

fn digests(texts: &[&str]) -> Vec<Digest> {
    texts.iter().map(|text| digest(text)).collect()
}

/// A log in memory with its nodes, as a store keeps them.
struct Log {
    levels: Vec<Vec<Digest>>,
    reads: usize,
}

impl Log {
    fn of(leaves: impl Iterator<Item = Digest>) -> Log {
        let mut edge = Frontier::default();
        let mut levels = vec![Vec::new()];
        for leaf in leaves {
            levels[0].push(leaf);
            for node in edge.push(leaf) {
                if levels.len() == usize::from(node.level) {
                    levels.push(Vec::new());
                }
                levels[usize::from(node.level)].push(node.hash);
            }
        }
        Log { levels, reads: 0 }
    }

    fn read(&mut self, level: u8, from: u64, count: usize) -> Result<Vec<Digest>, ()> {
        self.reads += count;
        let level = self.levels.get(usize::from(level)).map(Vec::as_slice).unwrap_or_default();
        Ok(level.iter().skip(from as usize).take(count).copied().collect())
    }
}

fn reference() -> Log {
    Log::of(LEAVES.iter().map(|leaf| leaf_hash(&hex(leaf))))
}

fn numbered(count: u64) -> Log {
    Log::of((0..count).map(|at| leaf_hash(&at.to_be_bytes())))
}

#[test]
fn the_published_values_are_found_and_verify() {
    let mut log = reference();
    for (size, expected) in ROOTS.iter().enumerate() {
        assert_eq!(root(size as u64, |l, f, c| log.read(l, f, c)), Ok(digest(expected)), "{size} leaves");
    }
    for (seq, size, expected) in INCLUSION {
        let path = inclusion(seq, size, |l, f, c| log.read(l, f, c)).expect("a proof");
        assert_eq!(path, digests(expected), "entry {seq} of {size}");
        let leaf = log.levels[0][seq as usize];
        assert!(includes(leaf, seq, size, &path, digest(ROOTS[size as usize])));
    }
    for (old, new, expected) in CONSISTENCY {
        let path = consistency(old, new, |l, f, c| log.read(l, f, c)).expect("a proof");
        assert_eq!(path, digests(expected), "{old} to {new}");
        let roots = (digest(ROOTS[old as usize]), digest(ROOTS[new as usize]));
        assert!(continues((old, roots.0), (new, roots.1), &path));
    }
}

#[test]
fn every_pair_of_small_sizes_is_consistent_and_any_other_root_is_not() {
    let mut log = numbered(70);
    let roots: Vec<Digest> = (0..=70).map(|size| root_of(&log.levels[0][..size])).collect();
    for new in 0..=70u64 {
        for old in 0..=new {
            let path = consistency(old, new, |l, f, c| log.read(l, f, c)).expect("a proof");
            let (left, right) = ((old, roots[old as usize]), (new, roots[new as usize]));
            assert!(continues(left, right, &path), "{old} to {new}");
            assert!(!continues((old, Digest([9; 32])), right, &path), "{old} to {new}");
            // The empty log is the beginning of every log: of the new root that says nothing.
            assert_eq!(continues(left, (new, Digest([9; 32])), &path), old == 0 && new > 0, "{old} to {new}");
            let longer = [path.as_slice(), &[Digest([1; 32])]].concat();
            assert!(!continues(left, right, &longer), "{old} to {new}");
            if let [rest @ .., _] = path.as_slice() {
                assert!(!continues(left, right, rest), "{old} to {new}");
            }
        }
    }
}

#[test]
fn a_proof_of_a_long_log_reads_few_hashes() {
    let mut log = numbered(200_000);
    let size = 199_999;
    let whole = root_of(&log.levels[0][..size as usize]);
    for seq in [0, 1, 255, 256, 65_535, 65_536, 131_071, 199_998] {
        log.reads = 0;
        let path = inclusion(seq, size, |l, f, c| log.read(l, f, c)).expect("a proof");
        assert!(includes(log.levels[0][seq as usize], seq, size, &path, whole), "entry {seq}");
        assert!(log.reads <= 6 * TILE, "{} hashes read for entry {seq}", log.reads);
    }
    let missing = inclusion(0, 200_001, |l, f, c| log.read(l, f, c));
    assert_eq!(missing, Err(Unproven::Short { level: 0, from: 199_936 }));
    assert_eq!(inclusion(9, 9, |l, f, c| log.read(l, f, c)), Err(Unproven::OutOfRange));
    assert_eq!(consistency(9, 8, |l, f, c| log.read(l, f, c)), Err(Unproven::OutOfRange));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn proofs_hold_and_changed_ones_do_not(size in 1u64..3_000, at in any::<u64>(), old in any::<u64>(), bad in any::<prop::sample::Index>()) {
        let mut log = numbered(size);
        let (seq, old) = (at % size, old % (size + 1));
        let whole = root_of(&log.levels[0]);
        prop_assert_eq!(root(size, |l, f, c| log.read(l, f, c)), Ok(whole));
        let path = inclusion(seq, size, |l, f, c| log.read(l, f, c)).expect("a proof");
        let leaf = log.levels[0][seq as usize];
        prop_assert!(includes(leaf, seq, size, &path, whole));
        prop_assert!(!includes(Digest([7; 32]), seq, size, &path, whole));
        prop_assert!(size == 1 || !includes(leaf, (seq + 1) % size, size, &path, whole));
        if !path.is_empty() {
            let mut changed = path.clone();
            let at = bad.index(changed.len());
            changed[at].0[5] ^= 1;
            prop_assert!(!includes(leaf, seq, size, &changed, whole));
            prop_assert!(!includes(leaf, seq, size, &path[1..], whole));
        }
        let before = root_of(&log.levels[0][..old as usize]);
        let path = consistency(old, size, |l, f, c| log.read(l, f, c)).expect("a proof");
        prop_assert!(continues((old, before), (size, whole), &path));
        if !path.is_empty() {
            let mut changed = path.clone();
            let at = bad.index(changed.len());
            changed[at].0[5] ^= 1;
            prop_assert!(!continues((old, before), (size, whole), &changed));
        }
    }
}
