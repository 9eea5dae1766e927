//! Pages of notices: what a person was told, how he wants to be told, and what could not be sent.

use askama::Template;
use serde::Deserialize;

use super::{Figure, Form, Link, Paging, Shell};

/// What a person was told, unread first.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "notices.html")]
pub struct NoticesPage {
    /// The frame.
    pub s: Shell,
    /// The notices.
    pub rows: Vec<NoticeRow>,
    /// Marks all as read; none when nothing is unread.
    pub read_all: Option<Form>,
    /// Further pages of the person's notices.
    pub more: Vec<Link>,
    /// Paging.
    pub paging: Paging,
}

/// A notice.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoticeRow {
    /// What is told, with the address that opens the record.
    pub text: Link,
    /// When.
    pub when: String,
    /// Whether it has not been read.
    pub unread: bool,
    /// The clause that wants it told.
    pub clause: Option<Link>,
}

/// How a person wants to be told.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "notice_settings.html")]
pub struct NoticeSettingsPage {
    /// The frame.
    pub s: Shell,
    /// Channels, addresses, hour.
    pub form: Form,
    /// Sends a test message, for each channel in use.
    pub tests: Vec<Form>,
    /// The calendar's address, told only when it was just made.
    pub calendar: String,
    /// Makes the address, or another one.
    pub calendar_new: Form,
    /// Ends the address; none when there is none.
    pub calendar_end: Option<Form>,
}

/// Messages that could not be sent.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "dead_letters.html")]
pub struct DeadLettersPage {
    /// The frame.
    pub s: Shell,
    /// Waiting and dead.
    pub figures: Vec<Figure>,
    /// The dead ones.
    pub letters: Vec<DeadLetter>,
    /// Paging.
    pub paging: Paging,
    /// What was decided lately.
    pub decisions: Vec<LetterDecision>,
}

/// A message that was given up.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadLetter {
    /// When it was made.
    pub when: String,
    /// To whom, by which channel.
    pub to: String,
    /// About what.
    pub subject: String,
    /// Why it could not be sent, in the server's words.
    pub error: String,
    /// After how many attempts.
    pub tries: String,
    /// Sends it again.
    pub again: Form,
    /// Where throwing it away is asked about.
    pub discard: Link,
    /// The question, once it is asked.
    pub sure: Option<Sure>,
}

/// Whether a letter is to be thrown away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sure {
    /// What it means.
    pub words: String,
    /// Throws it away.
    pub yes: Form,
    /// Back to the list.
    pub no: Link,
}

/// A decision about a dead letter.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LetterDecision {
    /// When.
    pub when: String,
    /// Who decided.
    pub who: String,
    /// What.
    pub what: String,
    /// About which message.
    pub letter: String,
}
