//! A client as cheap as can be, so that on a small machine the server gets the processor: one
//! kept-alive connection, requests written whole, answers read by their length.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection.
pub struct Client {
    stream: TcpStream,
    host: String,
    buffer: Vec<u8>,
}

/// An answer.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// A request that got no answer.
pub type Broken = std::io::Error;

impl Client {
    /// Connects to `host:port`.
    pub async fn connect(host: &str) -> Result<Client, Broken> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Client { stream, host: host.to_owned(), buffer: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request and reads the answer. `extra` are further head lines, each with its end.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        extra: &str,
        body: &str,
    ) -> Result<Answer, Broken> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{extra}", self.host);
        if !body.is_empty() {
            request
                .push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        request.push_str("\r\n");
        request.push_str(body);
        self.stream.write_all(request.as_bytes()).await?;
        self.read().await
    }

    async fn fill(&mut self) -> Result<(), Broken> {
        let mut chunk = [0; 32 * 1024];
        let read = self.stream.read(&mut chunk).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(&chunk[..read]);
        Ok(())
    }

    async fn read(&mut self) -> Result<Answer, Broken> {
        let end = loop {
            match self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(at) => break at + 4,
                None => self.fill().await?,
            }
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.drain(..end);
        let status = head.get(9..12).and_then(|text| text.parse().ok()).unwrap_or(0);
        let field = |name: &str| {
            head.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim().to_owned())
        };
        if let Some(length) = field("content-length").and_then(|text| text.parse::<usize>().ok()) {
            while self.buffer.len() < length {
                self.fill().await?;
            }
            let body = self.buffer.drain(..length).collect();
            return Ok(Answer { status, body });
        }
        if field("transfer-encoding").is_none() {
            return Ok(Answer { status, body: Vec::new() });
        }
        let mut body = Vec::new();
        loop {
            let line = loop {
                match self.buffer.windows(2).position(|window| window == b"\r\n") {
                    Some(at) => break at,
                    None => self.fill().await?,
                }
            };
            let size = std::str::from_utf8(&self.buffer[..line]).unwrap_or("0");
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            while self.buffer.len() < line + 2 + size + 2 {
                self.fill().await?;
            }
            body.extend_from_slice(&self.buffer[line + 2..line + 2 + size]);
            self.buffer.drain(..line + 2 + size + 2);
            if size == 0 {
                return Ok(Answer { status, body });
            }
        }
    }
}
