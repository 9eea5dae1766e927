//! The server is killed under load (SIGKILL): nothing that was acknowledged is lost, nothing is
//! done twice, and the ledger verifies.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_gongzhi");

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn serve(data: &Path) -> (Child, String) {
    let mut child = Command::new(BINARY)
        .args(["serve", "--port", "0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let host = line.trim().strip_prefix("ready http://").expect("the line `ready`").to_owned();
    (child, host)
}

/// Reports one matter; the record's identifier if it was acknowledged.
fn report(stream: &mut TcpStream, host: &str, command: &str) -> Option<String> {
    let body = format!(
        r#"{{"command_id":"{command}","mechanism":"matter","step":"report","fields":{{"what":"路灯不亮 {command}","where":"140823204208"}}}}"#
    );
    let request = format!(
        "POST /api/v1/records HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).ok()?;
        if read == 0 {
            return None;
        }
        answer.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let json: serde_json::Value = match serde_json::from_str(body) {
            Ok(json) => json,
            Err(_) => continue,
        };
        assert!(head.starts_with("HTTP/1.1 20"), "{head}\n{body}");
        return json.get("record").and_then(|id| id.as_str()).map(str::to_owned);
    }
}

#[test]
fn nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("county");
    let county = gongzhi_service::load::first_county(&root().join("counties")).expect("a county");
    let loaded = Command::new(BINARY)
        .current_dir(root())
        .args(["load", "--county"])
        .arg(&county)
        .args(["--data"])
        .arg(&data)
        .status()
        .expect("loads");
    assert!(loaded.success());

    let mut acknowledged: Vec<(String, String)> = Vec::new();
    for round in 0..3 {
        let (mut child, host) = serve(&data);
        let stop = Arc::new(AtomicBool::new(false));
        let found = Arc::new(Mutex::new(Vec::new()));
        let clients: Vec<_> = (0..12)
            .map(|client| {
                let (host, stop, found) = (host.clone(), stop.clone(), found.clone());
                std::thread::spawn(move || {
                    let Ok(mut stream) = TcpStream::connect(&host) else { return };
                    let mut n = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let command = format!("kill-{round}-{client}-{n}");
                        match report(&mut stream, &host, &command) {
                            Some(record) => found.lock().expect("lock").push((command, record)),
                            None => return,
                        }
                        n += 1;
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(700 + 400 * round));
        child.kill().expect("killed");
        child.wait().expect("gone");
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().expect("a client");
        }
        acknowledged.append(&mut found.lock().expect("lock"));
    }
    assert!(acknowledged.len() > 100, "only {} were acknowledged", acknowledged.len());

    let verified = Command::new(BINARY).args(["verify", "--data"]).arg(&data).status().expect("verifies");
    assert!(verified.success(), "the ledger verifies after the kills");

    // The same commands again get the same answers: they are there, once.
    let (mut child, host) = serve(&data);
    let mut stream = TcpStream::connect(&host).expect("a connection");
    for (command, record) in &acknowledged {
        assert_eq!(report(&mut stream, &host, command).as_ref(), Some(record), "{command}");
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
}
