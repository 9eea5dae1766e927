//! Messages by e-mail.

use std::time::{Duration, SystemTime};

use gongzhi_base::{Lang, Timestamp};
use gongzhi_store::outbox::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Address, SmtpTransport, Transport as _};

use super::send::Miss;
use super::settings::{MailServer, Security};
use super::text::text;

/// How long the server may take for each answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a mail says of its sender.
pub struct Letterhead<'a> {
    /// The county's name in the reader's language.
    pub county: &'a str,
    /// The address of the product, without a slash at the end.
    pub base: &'a str,
    pub lang: Lang,
}

/// A message as mail. Its identifier is the same however often it is sent, so that mail programs
/// show it once.
pub fn letter(
    server: &MailServer,
    to: &str,
    message: &Message,
    head: &Letterhead<'_>,
    now: Timestamp,
) -> Result<lettre::Message, Miss> {
    let never = |error: &dyn std::fmt::Display| Miss::never(error.to_string());
    let from: Address = server.from.parse().map_err(|error| never(&error))?;
    let to: Address = to.parse().map_err(|error| never(&error))?;
    let lang = head.lang;
    let open = text(lang, "mail.open", &[&format!("{}{}", head.base, message.link)]);
    let settings = format!("{}/desk/notices/settings", head.base);
    let why = text(lang, "mail.why", &[head.county, &settings]);
    let body = format!("{}\n\n{open}\n\n-- \n{why}\n", message.text);
    let date = SystemTime::UNIX_EPOCH + Duration::from_millis(now.0.max(0).cast_unsigned());
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    lettre::Message::builder()
        .from(Mailbox::new(Some(head.county.to_owned()), from.clone()))
        .to(Mailbox::new(None, to))
        .subject(message.subject.as_str())
        .message_id(Some(format!("<{}@{}>", message.id, from.domain())))
        .date(date)
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .singlepart(SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body))
        .map_err(|error| never(&error))
}

/// Hands a letter over to the county's server.
pub fn send(server: &MailServer, letter: &lettre::Message) -> Result<(), Miss> {
    let parameters =
        || TlsParameters::new(server.host.clone()).map_err(|error| Miss::later(error.to_string()));
    let tls = match server.security {
        Security::Tls => Tls::Wrapper(parameters()?),
        Security::Starttls => Tls::Required(parameters()?),
        Security::Plain => Tls::None,
    };
    let mut builder = SmtpTransport::builder_dangerous(server.host.clone())
        .port(server.port)
        .tls(tls)
        .timeout(Some(PATIENCE));
    if !server.login.is_empty() {
        builder = builder.credentials(Credentials::new(server.login.clone(), server.password.clone()));
    }
    match builder.build().send(letter) {
        Ok(_) => Ok(()),
        Err(error) => {
            let words = std::error::Error::source(&error).map_or_else(
                || format!("{}: {error}", server.host),
                |cause| format!("{}: {error}: {cause}", server.host),
            );
            // 5xx is said of this letter; anything else may be better in a while.
            Err(if error.is_permanent() {
                Miss::never(words)
            } else {
                Miss { away: !error.is_response() && !error.is_transient(), ..Miss::later(words) }
            })
        }
    }
}
