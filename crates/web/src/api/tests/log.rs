//! The public log as a witness follows it: by checkpoint, keys and tiles alone.

use axum::http::header;
use gongzhi_base::Digest;
use gongzhi_kernel::chain::leaf_hash;
use gongzhi_kernel::merkle::root_of;
use gongzhi_kernel::note::{Checkpoint, Note};
use gongzhi_kernel::proof;
use gongzhi_kernel::receipt::{Fault, Receipt, Trust, Verified};
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
    let trusted = trust().await.keys;
    let (point, signers) = note.checkpoint(&trusted).expect("signed");
    assert_eq!(signers.len(), 1);
    point
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

/// The keys that the county publishes.
async fn trust() -> Trust {
    Trust { keys: read_list(&text("/log/keys").await).expect("keys"), log: None }
}

fn read(answer: &Answer) -> Receipt {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    let name = answer.headers[header::CONTENT_DISPOSITION].to_str().expect("ascii");
    assert!(name.starts_with("attachment; filename=\"receipt-") && name.ends_with(".json\""), "{name}");
    let file = std::str::from_utf8(&answer.bytes).expect("text");
    crate::receipt::read(file).expect("a receipt").0
}

fn proven(receipt: &Receipt, trust: &Trust) -> Verified {
    receipt.verify(trust).expect("proves")
}

#[tokio::test]
async fn a_holder_s_receipt_proves_each_new_event_and_continues_the_old_one() {
    let open = report("水渠的闸门锈住了打不开").await;
    let trust = trust().await;
    let path = format!("/follow/{}/receipt", open.code);
    let first = read(&ask("GET", &path).send().await);
    let seen = proven(&first, &trust);
    assert!(!seen.own_keys && seen.since.is_none());
    let told = crate::receipt::told(crate::i18n::Lang::Zh, &seen, &Default::default());
    assert!(told.contains("水渠的闸门锈住了打不开") && told.contains(&open.number), "{told}");
    assert!(!told.contains("13800001234") && !told.contains("张三丰"), "sealed values stay sealed: {told}");

    hold(&open.code, "add", serde_json::json!({ "addition": "闸门在村东头桥边" })).await.expect(200);
    let size = seen.checkpoint.size;
    let second = read(&ask("GET", &format!("{path}?since={size}")).send().await);
    let known = Trust { log: Some(first.checkpoint.clone()), ..trust.clone() };
    let later = proven(&second, &known);
    assert_eq!((later.since, later.entries.len()), (Some(size), seen.entries.len() + 1));
    // Without the proof between both, nothing tells that it is the same log.
    let bare = read(&ask("GET", &path).send().await);
    assert!(matches!(bare.verify(&known), Err(Fault::Incomparable { own, .. }) if own == size));
    ask("GET", &format!("{path}?since=9999999")).send().await.problem(404, "not-found");
    ask("GET", &format!("{path}?since=x")).send().await.problem(400, "query");
    ask("GET", "/follow/0000-0000-0000-0000/receipt").from(77).send().await.problem(404, "code");
}

#[tokio::test]
async fn receipts_of_records_are_for_their_readers() {
    let open = report("村口的健身器材松了").await;
    let path = format!("/records/{}/receipt", open.id);
    ask("GET", &path).send().await.problem(401, "signed-out");
    let receipt = read(&ask("GET", &path).by("audit").send().await);
    assert_eq!(proven(&receipt, &trust().await).record.to_string(), open.id);
    // A clerk of another township is told no more than that there is no such record for him.
    ask("GET", &path).by("officer.wadi2").send().await.problem(404, "not-found");
}

#[tokio::test]
async fn proofs_are_told_to_whoever_asks() {
    report("路边的护栏被撞弯了").await;
    let point = checkpoint().await;
    let hashes = leaves(point.size).await;
    let read = |answer: &serde_json::Value| -> Vec<Digest> {
        let list = answer["hashes"].as_array().expect("a list").iter();
        list.map(|hash| hash.as_str().expect("text").parse().expect("a hash")).collect()
    };
    let entry = point.size / 2;
    let told = ask("GET", &format!("/log/proof?entry={entry}&size={}", point.size)).send().await.expect(200);
    let leaf = hashes[usize::try_from(entry).expect("small")];
    assert!(proof::includes(leaf, entry, point.size, &read(&told), point.root));
    let old = root_of(&hashes[..usize::try_from(entry).expect("small")]);
    let told = ask("GET", &format!("/log/proof?from={entry}&size={}", point.size)).send().await.expect(200);
    assert!(proof::continues((entry, old), (point.size, point.root), &read(&told)));
    assert!(ask("GET", "/log/proof?from=1").send().await.expect(200)["size"].as_u64() >= Some(point.size));
    for bad in ["", "?entry=1&from=1", "?entry=-1", "?entry=1&other=2"] {
        ask("GET", &format!("/log/proof{bad}")).send().await.problem(400, "query");
    }
    for missing in ["?entry=99999999", "?from=99999999", "?entry=1&size=99999999", "?entry=5&size=5"] {
        ask("GET", &format!("/log/proof{missing}")).send().await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn receipt_pages_carry_the_proof_and_the_file() {
    let open = report("河边的警示牌倒了").await;
    let at = |path: &str| ask_at("GET", path);
    for path in [format!("/receipt/{}", open.code), format!("/follow/{}/receipt", open.code)] {
        let page = at(&path).send().await;
        let page = String::from_utf8(page.bytes).expect("text");
        let digits = page.split("/verify#").nth(1).expect("a link to check it").split('"').next();
        let (short, _) = crate::receipt::read(digits.expect("digits")).expect("a short receipt");
        assert_eq!(proven(&short, &trust().await).record.to_string(), open.id);
        assert!(page.contains(&format!("/follow/{}/receipt.json", open.code)));
        assert!(page.len() < 60_000, "{}", page.len());
    }
    let file = format!("/follow/{}/receipt.json", open.code);
    let receipt = read(&at(&file).send().await);
    let size = proven(&receipt, &trust().await).checkpoint.size;
    assert_eq!(
        proven(&read(&at(&format!("{file}?since={size}")).send().await), &trust().await).since,
        Some(size)
    );
    for bad in ["9999999", "%E5%8D%81"] {
        let answer = at(&format!("{file}?since={bad}")).send().await;
        assert_eq!(answer.status, 303);
        let page = at(answer.headers[header::LOCATION].to_str().expect("ascii")).send().await;
        assert_eq!(page.status, 422);
        assert!(String::from_utf8(page.bytes).expect("text").contains("since-error"));
    }
}

#[tokio::test]
async fn the_holder_s_own_erasure_stands_in_his_receipt_with_its_reason() {
    let open = report("村道上的井盖不见了").await;
    step("officer.tongcheng", &open.id, "accept", serde_json::json!({ "plan": "当天去看" }))
        .await
        .expect(200);
    let done = serde_json::json!({ "done": "井盖已补上", "result": "solved" });
    step("officer.tongcheng", &open.id, "answer", done).await.expect(200);
    let rating = serde_json::json!({ "solved": "yes", "satisfied": "yes" });
    hold(&open.code, "rate", rating).await.expect(200);
    let path = format!("/follow/{}", open.code);
    let body = serde_json::json!({ "command_id": command(), "reason": "不想再留电话" });
    ask("POST", &format!("{path}/erasure")).json(&body).send().await.expect(200);
    let answer = ask("GET", &format!("{path}/receipt")).send().await;
    let file = std::str::from_utf8(&answer.bytes).expect("text");
    let (receipt, reading) = crate::receipt::read(file).expect("a receipt");
    let seen = proven(&receipt, &trust().await);
    let told = crate::receipt::told(crate::i18n::Lang::Zh, &seen, &reading);
    for words in ["删除个人信息：", "contact_phone 〔", "删除原因: 不想再留电话", "群众"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
}
