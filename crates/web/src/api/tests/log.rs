//! The public log as a witness follows it: by checkpoint, keys and tiles alone.

use axum::http::header;
use gongzhi_base::Digest;
use gongzhi_kernel::chain::leaf_hash;
use gongzhi_kernel::merkle::root_of;
use gongzhi_kernel::note::{Checkpoint, Note};
use gongzhi_kernel::proof;
use gongzhi_service::log::read_list;

use super::*;

async fn text(path: &str) -> String {
    let answer = ask_at("GET", path).send().await;
    assert_eq!(answer.status, 200, "{path}");
    assert_eq!(answer.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    String::from_utf8(answer.bytes).expect("text")
}

/// The signed size and root, checked with the published keys.
async fn checkpoint() -> Checkpoint {
    let note: Note = text("/log/checkpoint").await.parse().expect("a note");
    let keys: Vec<_> =
        read_list(&text("/log/keys").await).expect("keys").into_iter().map(|key| key.key).collect();
    assert_eq!(note.signers(&keys).map(|signers| signers.len()), Ok(1));
    Checkpoint::read(&note.text).expect("a checkpoint")
}

fn address(kind: &str, index: u64, width: u64) -> String {
    assert!(index < 1_000, "the tests' county is small");
    let part = if width == 256 { String::new() } else { format!(".p/{width}") };
    format!("/log/tile/{kind}/{index:03}{part}")
}

/// Hashes of the entries by their heads, each compared with the lowest tiles.
async fn leaves(size: u64) -> Vec<Digest> {
    let mut leaves = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = (size - index * 256).min(256);
        let tile = ask_at("GET", &address("0", index, width)).send().await;
        assert_eq!(tile.headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        let (hashes, rest) = tile.bytes.as_chunks::<32>();
        assert!(rest.is_empty());
        let bundle = ask_at("GET", &address("entries", index, width)).send().await.bytes;
        let mut left = bundle.as_slice();
        for hash in hashes {
            let (len, rest) = left.split_first_chunk::<2>().expect("a length");
            let (head, rest) = rest.split_at(usize::from(u16::from_be_bytes(*len)));
            assert_eq!(leaf_hash(head), Digest(*hash));
            left = rest;
            leaves.push(Digest(*hash));
        }
        assert!(left.is_empty());
    }
    leaves
}

#[tokio::test]
async fn a_witness_follows_the_log_by_its_tiles() {
    report("沟渠堵了水漫到路上").await;
    let first = checkpoint().await;
    assert_eq!(first.origin, format!("gongzhi.{}", county().app.service.state().world.county));
    let mut hashes = leaves(first.size).await;
    assert_eq!(root_of(&hashes), first.root);

    report("田边的变压器嗡嗡响").await;
    let second = checkpoint().await;
    assert!(second.size > first.size);
    let all = leaves(second.size).await;
    assert_eq!(root_of(&all), second.root);
    hashes.truncate(usize::try_from(first.size).expect("small"));
    assert!(all.starts_with(&hashes), "the log was only added to");
    let path = county().app.service.prove_consistency(first.size, second.size).expect("a proof");
    assert!(proof::continues((first.size, first.root), (second.size, second.root), &path));
}

#[tokio::test]
async fn tiles_that_are_not_there_are_not_found() {
    for path in ["0/999", "entries/999", "7/000", "0/000.p/256", "0/1", "data/000", "%2e%2e/x"] {
        let answer = ask_at("GET", &format!("/log/tile/{path}")).send().await;
        assert_eq!(answer.status, 404, "{path}");
    }
}
