//! Encryption on the way to the server: what an address asks for, and whose certificate is believed.
//!
//! The words are those of PostgreSQL's own programs (`sslmode`, `sslrootcert`), of which the client library knows only some:
//! they are taken out of the address here.

use std::path::PathBuf;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{StoreError, Untrusted};

/// How much is asked of a connection, from the least to the most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Asked {
    /// Never encrypted.
    Disable,
    /// Encrypted where the server offers it, whoever it is.
    Prefer,
    /// Encrypted; the certificate is looked at only where a root is given, as PostgreSQL's own programs do.
    Require,
    /// A root vouches for the certificate.
    Chain,
    /// And it is made out to the name under which the server is reached.
    Full,
}

/// What an address says of encryption.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Wish {
    asked: Asked,
    /// A file of certificates, or the word `system`.
    root: Option<String>,
}

/// Takes out of an address what is said here of encryption; gives the rest as the client library reads it.
pub(super) fn taken(address: &str) -> Result<(String, Wish), StoreError> {
    let (mut mode, mut root) = (None, None);
    let mut take = |name: &str, value: &dyn Fn() -> String| {
        let wanted = match name {
            "sslmode" => &mut mode,
            "sslrootcert" => &mut root,
            _ => return false,
        };
        *wanted = Some(value());
        true
    };
    let rest = match address.split_once("://") {
        Some(_) => of_url(address, &mut take),
        None => of_words(address, &mut take),
    };
    let asked = match mode.as_deref() {
        None | Some("prefer") => Asked::Prefer,
        Some("disable") => Asked::Disable,
        Some("require") => Asked::Require,
        Some("verify-ca") => Asked::Chain,
        Some("verify-full") => Asked::Full,
        Some(other) => return Err(unreadable(&format!("sslmode={other} is not known"))),
    };
    if asked >= Asked::Chain && root.is_none() {
        return Err(unreadable(
            "sslmode=verify-ca and verify-full need sslrootcert: a file with the certificate of who signed the server's, or the word system",
        ));
    }
    Ok((rest, Wish { asked, root }))
}

fn unreadable(why: &str) -> StoreError {
    StoreError::Engine(format!("the address of the database cannot be read: {why}"))
}

/// Takes parameters out of a URL's question.
fn of_url(url: &str, take: &mut dyn FnMut(&str, &dyn Fn() -> String) -> bool) -> String {
    let Some((place, question)) = url.split_once('?') else { return url.to_owned() };
    let decoded = |value: &str| percent_decode_str(value).decode_utf8_lossy().into_owned();
    let kept = question.split('&').filter(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        !take(&decoded(name), &|| decoded(value))
    });
    let kept = kept.collect::<Vec<_>>().join("&");
    if kept.is_empty() { place.to_owned() } else { format!("{place}?{kept}") }
}

/// Takes settings out of a list `name=value name='a value'`; what cannot be read is left for the client library to refuse.
fn of_words(text: &str, take: &mut dyn FnMut(&str, &dyn Fn() -> String) -> bool) -> String {
    let mut kept = String::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (mut end, mut quoted, mut escaped) = (rest.len(), false, false);
        for (at, c) in rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\'' => quoted = !quoted,
                c if c.is_whitespace() && !quoted => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        let (word, after) = rest.split_at(end);
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let plain = || value.trim_matches('\'').replace("\\'", "'").replace("\\\\", "\\");
        if !take(name, &plain) {
            kept.push_str(word);
            kept.push(' ');
        }
        rest = after.trim_start();
    }
    kept.trim_end().to_owned()
}

impl Wish {
    /// What the client library has to know of it.
    pub(super) fn mode(&self) -> SslMode {
        match self.asked {
            Asked::Disable => SslMode::Disable,
            Asked::Prefer => SslMode::Prefer,
            Asked::Require | Asked::Chain | Asked::Full => SslMode::Require,
        }
    }

    /// How connections are encrypted.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, StoreError> {
        let provider = Arc::new(ring::default_provider());
        // Where nothing but a wish for encryption stands, a root that was given is not asked either.
        let root = self.root.as_deref().filter(|_| self.asked >= Asked::Require);
        let roots = root.map(roots).transpose()?;
        let believed = match roots {
            None => Believed { chain: None, roots: Vec::new(), names: false, provider: provider.clone() },
            Some(roots) => {
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(roots.iter().cloned());
                let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
                let chain = chain.build().map_err(|error| unreadable(&format!("sslrootcert: {error}")))?;
                let names = self.asked == Asked::Full;
                Believed { chain: Some(chain), roots, names, provider: provider.clone() }
            }
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Engine(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(believed))
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

/// The certificates of a file, or those that the machine believes.
fn roots(root: &str) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    if root == "system" {
        let found = rustls_native_certs::load_native_certs();
        return match found.certs.is_empty() {
            false => Ok(found.certs),
            true => Err(unreadable("sslrootcert=system: this machine keeps no certificates")),
        };
    }
    let read = CertificateDer::pem_file_iter(PathBuf::from(root)).and_then(Iterator::collect);
    let found: Vec<CertificateDer<'static>> =
        read.map_err(|error| unreadable(&format!("sslrootcert {root}: {error}")))?;
    match found.is_empty() {
        false => Ok(found),
        true => Err(unreadable(&format!("sslrootcert {root}: it holds no certificate"))),
    }
}

/// Whose certificate is believed.
#[derive(Debug)]
struct Believed {
    /// Nobody is asked without it.
    chain: Option<Arc<WebPkiServerVerifier>>,
    roots: Vec<CertificateDer<'static>>,
    names: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Believed {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        if self.roots.iter().any(|root| root == certificate) {
            // The server's own certificate was given as root, as servers are often set up that sign themselves.
            if self.names {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(certificate, between, name, stapled, now) {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.names => Ok(ServerCertVerified::assertion()),
            found => found,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Why a server was not believed, where an error of a connection says that.
pub(super) fn untrusted(error: &(dyn std::error::Error + 'static)) -> Option<Untrusted> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let found = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()).or(error.downcast_ref());
        if let Some(rustls::Error::InvalidCertificate(why)) = found {
            return Some(match why {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    Untrusted::Name
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Untrusted::Expired,
                _ => Untrusted::Signer,
            });
        }
        // The client library has no word of its own for it.
        if error.to_string() == "server does not support TLS" {
            return Some(Untrusted::Plain);
        }
        cause = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_taken_out_of_either_form_of_an_address() {
        let wish = |asked, root: Option<&str>| Wish { asked, root: root.map(str::to_owned) };
        let cases = [
            ("postgres://u@h/d", "postgres://u@h/d", wish(Asked::Prefer, None)),
            ("postgres://u@h/d?sslmode=disable", "postgres://u@h/d", wish(Asked::Disable, None)),
            (
                "postgres://u@h/d?connect_timeout=3&sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20one.pem",
                "postgres://u@h/d?connect_timeout=3",
                wish(Asked::Full, Some("/etc/ca one.pem")),
            ),
            (
                "host=h  sslrootcert='/etc/ca one.pem' user='a b' sslmode=verify-ca",
                "host=h user='a b'",
                wish(Asked::Chain, Some("/etc/ca one.pem")),
            ),
            ("host=h sslmode=require", "host=h", wish(Asked::Require, None)),
        ];
        for (address, rest, asked) in cases {
            assert_eq!(taken(address), Ok((rest.to_owned(), asked)), "{address}");
        }
        for (address, why) in [
            ("postgres://h/d?sslmode=verify-full", "need sslrootcert"),
            ("postgres://h/d?sslmode=allow", "sslmode=allow is not known"),
        ] {
            assert!(taken(address).expect_err("refused").to_string().contains(why), "{address}");
        }
        let missing = taken("postgres://h/d?sslmode=verify-ca&sslrootcert=/no/such").expect("read").1;
        assert!(missing.connector().err().expect("no file").to_string().contains("/no/such"));
    }
}
