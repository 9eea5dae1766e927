//! A real server and reports to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::county::BINARY;

/// A server that ends with the test.
pub struct Server {
    pub child: Child,
    pub host: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    pub fn start(data: &Path) -> Server {
        let mut command = Command::new(BINARY);
        command.args(["serve", "--port", "0", "--data"]).arg(data);
        Server::of(command)
    }

    /// A server that a command starts.
    pub fn of(mut command: Command) -> Server {
        let command = command.env_remove("GONGZHI_MASTER_KEY").stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let host = line.trim().strip_prefix("ready http://").unwrap_or_else(|| panic!("not ready: {line}"));
        Server { host: host.to_owned(), child }
    }

    /// Sends a request of its own connection; gives status and body.
    pub fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.host).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a limit");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        (status, body)
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nAccept-Language: en\r\nConnection: close\r\n\r\n",
            self.host
        ))
    }

    /// Sends an attachment.
    pub fn upload(&self, name: &str, text: &str) -> (u16, String) {
        let body = format!("%PDF-1.4\n{text}\n%%EOF\n");
        self.ask(&format!(
            "POST /api/v1/files?name={name} HTTP/1.1\r\nHost: {}\r\nAccept-Language: en\r\nContent-Type: application/pdf\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        ))
    }

    /// Reports a matter.
    pub fn report(&self, command: &str, what: &str) -> (u16, String) {
        let body = format!(
            r#"{{"command_id":"{command}","mechanism":"matter","step":"report","fields":{{"what":"{what}","where":"140823204208"}}}}"#
        );
        self.ask(&format!(
            "POST /api/v1/records HTTP/1.1\r\nHost: {}\r\nAccept-Language: en\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        ))
    }
}
