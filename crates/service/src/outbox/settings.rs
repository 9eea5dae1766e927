//! How the county sends: its mail server, and which hosts inside its network robots may be on.
//! Sealed, since the server's password is among them.

use gongzhi_store::StoreError;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::service::{Service, setting};

/// The county's ways out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Outgoing {
    pub mail: Option<MailServer>,
    /// Hosts to which messages may go though they are inside the network or without TLS.
    pub hosts: Vec<String>,
}

/// The server that takes the county's mail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MailServer {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// Empty for a server that asks for no name.
    #[serde(default)]
    pub login: String,
    #[serde(default)]
    pub password: String,
    /// The sender's address.
    pub from: String,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after `STARTTLS`, which must be there.
    Starttls,
    /// None: on this machine, or without a password.
    Plain,
}

impl MailServer {
    /// What is wrong with it, in words for an operator.
    pub fn fault(&self) -> Option<String> {
        if self.host.trim().is_empty() || self.host.contains(|c: char| c.is_whitespace() || c == '/') {
            return Some(format!("`{}` is no name of a host", self.host));
        }
        if self.from.parse::<lettre::Address>().is_err() {
            return Some(format!("`{}` is no mail address to send from", self.from));
        }
        let here = matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if self.security == Security::Plain && !self.password.is_empty() && !here {
            return Some("a password does not travel without TLS: use tls or starttls".to_owned());
        }
        None
    }
}

impl Service {
    /// The county's ways out.
    pub fn outgoing(&self) -> Result<Outgoing, Failure> {
        let Some(sealed) = self.ledger().setting(setting::OUTGOING)? else { return Ok(Outgoing::default()) };
        let plain = self.seals.open_bytes(&self.outbox_key, setting::OUTGOING, &sealed);
        let read = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
        Ok(read.ok_or_else(|| StoreError::Corrupt(format!("setting {}", setting::OUTGOING)))?)
    }

    /// Replaces them.
    pub fn set_outgoing(&self, outgoing: &Outgoing) -> Result<(), Failure> {
        let plain = Zeroizing::new(
            serde_json::to_vec(outgoing).map_err(|error| StoreError::Engine(error.to_string()))?,
        );
        let sealed = self.seals.close_bytes(&self.outbox_key, setting::OUTGOING, &plain);
        Ok(self.ledger().put_setting(setting::OUTGOING, &sealed)?)
    }
}
