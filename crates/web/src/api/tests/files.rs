//! Attachments: kept first, then named in a command, then read by those who may.

use axum::http::header;
use gongzhi_service::files::MAX_BYTES;
use serde_json::json;

use super::*;

pub(super) const PDF: &[u8] = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n";

/// A picture of one pixel (PNG), chunk by chunk.
fn pixel() -> Vec<u8> {
    let hex = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de000\
               0000c49444154789c63f8dfc0000004010180c52a185d0000000049454e44ae426082";
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or("0"), 16).unwrap_or(0);
    digits.chunks(2).map(pair).collect()
}

#[tokio::test]
async fn a_file_is_kept_named_and_read_again() {
    let kept =
        ask("POST", "/files?name=plan.pdf").from(90).body("application/pdf", PDF).send().await.expect(201);
    assert_eq!(kept["media"], "application/pdf");
    let open = report("道路塌陷需要维修").await;
    step("officer.tongcheng", &open.id, "accept", json!({})).await.expect(200);
    let fields = json!({ "done": "已经修补路面", "result": "solved", "files": [kept] });
    step("officer.tongcheng", &open.id, "answer", fields).await.expect(200);
    let digest = kept["digest"].as_str().expect("a digest");
    let path = format!("/records/{}/files/{digest}", open.id);
    let read = ask("GET", &path).by("dispatch").send().await;
    assert_eq!(read.bytes, PDF);
    assert_eq!(read.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let shown = read.headers[header::CONTENT_DISPOSITION].to_str().expect("ascii");
    assert!(shown.starts_with("attachment"), "{shown}");
    ask("GET", &path).by("officer.water").send().await.problem(404, "not-found");
    let held = ask("GET", &format!("/follow/{}/files/{digest}", open.code)).send().await;
    assert_eq!(held.bytes, PDF, "the field is public");
    let other = report("另外一条道路塌陷").await;
    let path = format!("/records/{}/files/{digest}", other.id);
    ask("GET", &path).by("dispatch").send().await.problem(404, "not-found");
}

#[tokio::test]
async fn forms_and_pictures_are_taken() {
    let mut form =
        b"--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../a.png\"\r\n\r\n".to_vec();
    form.extend(pixel());
    form.extend(b"\r\n--edge--\r\n");
    let media = "multipart/form-data; boundary=edge";
    let kept = ask("POST", "/files?photo=true").from(91).body(media, &form).send().await.expect(201);
    assert_eq!((&kept["media"], &kept["name"]), (&json!("image/jpeg"), &json!("a.png")));
    let fields = json!({ "what": "有照片的一件事情", "where": VILLAGE, "photos": [kept.clone()] });
    report_with(fields).await;

    let mut lie = kept.clone();
    lie["media"] = json!("application/pdf");
    let mut gone = kept;
    gone["digest"] = json!("00".repeat(32));
    for file in [lie, gone] {
        let fields = json!({ "what": "有照片的一件事情", "where": VILLAGE, "photos": [file] });
        let body =
            json!({ "command_id": command(), "mechanism": "matter", "step": "report", "fields": fields });
        let told = ask("POST", "/records").json(&body).send().await.problem(422, "fields");
        assert_eq!(told["faults"][0]["code"], "not-file");
    }
}

#[tokio::test]
async fn what_is_no_file_of_ours_is_refused() {
    let raw = "application/octet-stream";
    ask("POST", "/files").from(92).body(raw, b"").send().await.problem(422, "file-empty");
    ask("POST", "/files").from(92).body(raw, b"MZ\x90\x00").send().await.problem(415, "file-not-taken");
    ask("POST", "/files?photo=true").from(92).body(raw, PDF).send().await.problem(415, "file-not-photo");
    let huge = vec![0; MAX_BYTES + 200_000];
    ask("POST", "/files").from(92).body(raw, &huge).send().await.problem(413, "too-large");
    let form = b"--edge\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--edge--\r\n";
    let media = "multipart/form-data; boundary=edge";
    ask("POST", "/files").from(92).body(media, form).send().await.problem(422, "file-empty");
    ask("POST", "/files").from(92).body(media, b"--edge\r\nbroken").send().await.problem(400, "body");
}
