//! Servers that take mail and web messages for the tests, over real sockets.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A letter as the mail server took it.
#[derive(Clone, Debug)]
pub struct Letter {
    pub from: String,
    pub to: String,
    pub head: String,
    pub body: String,
}

impl Letter {
    /// A header's value, unfolded; encoded words are read.
    pub fn header(&self, name: &str) -> String {
        let unfolded = self.head.replace("\r\n ", " ");
        let start = format!("{}:", name.to_lowercase());
        let line = unfolded.lines().find(|line| line.to_lowercase().starts_with(&start)).unwrap_or_default();
        let value = line.split_once(':').map_or("", |(_, value)| value.trim());
        // Blanks between encoded words are none.
        let words = value.split(' ').map(|word| {
            let inner = word.strip_prefix("=?utf-8?b?").and_then(|rest| rest.strip_suffix("?="));
            match inner.and_then(|inner| STANDARD.decode(inner).ok()) {
                Some(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                None => format!("{word} "),
            }
        });
        words.collect::<String>().trim().to_owned()
    }
}

/// A mail server.
pub struct MailSink {
    pub port: u16,
    pub letters: Arc<Mutex<Vec<Letter>>>,
}

impl MailSink {
    /// Listens on a port; 0 takes a free one. Whoever is called `poison` is refused for good,
    /// `later` for now.
    pub fn listen(port: u16) -> MailSink {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let taken = letters.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taken = taken.clone();
                std::thread::spawn(move || mail(&stream, &taken));
            }
        });
        MailSink { port, letters }
    }

    /// What was taken so far.
    pub fn taken(&self) -> Vec<Letter> {
        self.letters.lock().expect("letters").clone()
    }
}

/// One conversation of SMTP (RFC 5321).
fn mail(stream: &TcpStream, taken: &Mutex<Vec<Letter>>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut answer = stream.try_clone().ok()?;
    let mut say = |text: &str| answer.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 sink ready")?;
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let command = line.trim_end().to_owned();
        let address =
            || command.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(a, _)| a.to_owned());
        match command.get(..4).unwrap_or_default().to_uppercase().as_str() {
            "EHLO" => say("250-sink\r\n250 8BITMIME")?,
            "MAIL" => {
                from = address()?;
                say("250 ok")?;
            }
            "RCPT" => {
                to = address()?;
                match to.split('@').next() {
                    Some("poison") => say(&format!("550 5.1.1 <{to}> no such mailbox"))?,
                    Some("later") => say("451 4.3.0 try again later")?,
                    _ => say("250 ok")?,
                }
            }
            "DATA" => {
                say("354 go on")?;
                let mut text = String::new();
                while !text.ends_with("\r\n.\r\n") {
                    if lines.read_line(&mut text).ok()? == 0 {
                        return None;
                    }
                }
                let text = text.trim_end_matches(".\r\n").replace("\r\n..", "\r\n.");
                let (head, body) = text.split_once("\r\n\r\n")?;
                let letter = Letter {
                    from: from.clone(),
                    to: to.clone(),
                    head: head.to_owned(),
                    body: decoded(head, body),
                };
                taken.lock().ok()?.push(letter);
                say("250 taken")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 ok")?,
        }
    }
}

/// A body in one of the encodings of RFC 2045.
fn decoded(head: &str, body: &str) -> String {
    let head = head.to_lowercase();
    if head.contains("content-transfer-encoding: base64") {
        let plain: String = body.split_whitespace().collect();
        return String::from_utf8_lossy(&STANDARD.decode(plain).expect("base64")).into_owned();
    }
    if !head.contains("content-transfer-encoding: quoted-printable") {
        return body.to_owned();
    }
    let text = body.replace("=\r\n", "");
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let pair = [bytes.next().expect("hex"), bytes.next().expect("hex")];
            let pair = std::str::from_utf8(&pair).expect("ascii");
            out.push(u8::from_str_radix(pair, 16).expect("hex"));
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).expect("UTF-8")
}

/// What a web server was sent.
#[derive(Clone, Debug)]
pub struct Posted {
    pub path: String,
    pub head: String,
    pub body: serde_json::Value,
}

/// A web server that answers as it was told, then `200 {"errcode":0}`.
pub struct WebSink {
    pub port: u16,
    posted: Arc<Mutex<Vec<Posted>>>,
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
}

impl WebSink {
    /// Listens on a free port.
    pub fn listen() -> WebSink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let sink = WebSink { port, posted: Arc::default(), answers: Arc::default() };
        let (posted, answers) = (sink.posted.clone(), sink.answers.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                web(&stream, &posted, &answers);
            }
        });
        sink
    }

    /// The next answer.
    pub fn answer(&self, status: u16, body: &str) {
        self.answers.lock().expect("answers").push_back((status, body.to_owned()));
    }

    /// What was posted so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().expect("posted").clone()
    }
}

fn web(
    stream: &TcpStream,
    posted: &Mutex<Vec<Posted>>,
    answers: &Mutex<VecDeque<(u16, String)>>,
) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_lowercase();
    let length = length.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse().ok()?;
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    posted.lock().ok()?.push(Posted {
        path,
        head: head.to_lowercase(),
        body: serde_json::from_slice(&body).ok()?,
    });
    let (status, text) = answers.lock().ok()?.pop_front().unwrap_or((200, r#"{"errcode":0}"#.to_owned()));
    let answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    (&*stream).write_all(answer.as_bytes()).ok()
}
