//! Pages about the log: the receipt as a proof, checking one, and the auditor's page.

use askama::Template;
use serde::Deserialize;

use super::{Fact, Link, Shell, Tone};

/// The proof on a receipt.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProofPart {
    /// QR code of the short form's address, as SVG source; empty when it does not fit into one.
    pub qr_svg: String,
    /// The page that checks it, with the short form behind `#`.
    pub verify_href: String,
    /// The file.
    pub file_href: String,
    /// The page about the proof.
    pub page_href: String,
}

/// What the receipt of a matter proves now, to be saved or scanned.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "proof.html")]
pub struct ProofPage {
    /// The frame.
    pub s: Shell,
    /// The matter.
    pub record: Link,
    /// The log, its size, and how many of its entries are the matter's.
    pub facts: Vec<Fact>,
    /// The proof.
    pub part: ProofPart,
    /// The size of the log of an earlier receipt, as typed.
    pub since: String,
    /// What is wrong with it.
    pub since_error: Option<String>,
}

/// Checking a receipt in the browser.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "verify.html")]
pub struct VerifyPage {
    /// The frame.
    pub s: Shell,
    /// The log's keys with the sizes for which they sign, one a line.
    pub keys: String,
    /// The address under which residents reach the product.
    pub url: String,
}

impl VerifyPage {
    /// What the island says, by the end of the attribute's name. `{x}` and `{y}` are filled in there.
    pub fn words(&self) -> Vec<(String, String)> {
        let plain = [
            "reading",
            "log",
            "size",
            "signed",
            "record",
            "since",
            "after",
            "after-text",
            "after-none",
            "entry",
            "hidden",
            "passed-late",
            "erased",
            "erased-why",
            "keys-page",
            "keys-given",
            "by-person",
            "by-public",
            "by-system",
            "others",
            "bad",
            "none",
            "none-code",
            "of-file",
            "of-code",
        ];
        let faults = [
            "unreadable",
            "checkpoint",
            "foreign",
            "no-key",
            "unknown-key",
            "forged",
            "key-range",
            "empty",
            "header",
            "record",
            "gap",
            "not-in-log",
            "body",
            "before",
            "time",
            "rewritten",
            "incomparable",
        ];
        let (x, y) = ("{x}", "{y}");
        let word = |key: String| self.s.txy(&key, x, y);
        let plain = plain.map(|name| (name.to_owned(), word(format!("verify-{name}"))));
        let faults = faults.map(|name| (format!("fault-{name}"), word(format!("receipt-fault-{name}"))));
        plain.into_iter().chain(faults).collect()
    }
}

/// The auditor's page.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "audit.html")]
pub struct AuditPage {
    /// The frame.
    pub s: Shell,
    /// The verification that runs.
    pub running: Option<Running>,
    /// How the last one ended.
    pub last: Option<Ended>,
    /// The record asked for, as typed.
    pub record: String,
    /// What is wrong with it.
    pub record_error: Option<String>,
    /// First day of the period, as typed.
    pub from: String,
    /// Last day of the period, as typed.
    pub to: String,
    /// What is wrong with the period.
    pub period_error: Option<String>,
    /// The log as it is now.
    pub checkpoint: Vec<Fact>,
}

/// A verification that runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Running {
    /// How far it is, in words.
    pub words: String,
    /// Entries checked.
    pub checked: u64,
    /// Of how many.
    pub total: u64,
}

/// A verification that has ended.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ended {
    /// What was verified, with the page of a record.
    pub part: Link,
    /// When it ended.
    pub when: String,
    /// Who had it verified.
    pub by: String,
    /// The result.
    pub words: String,
    /// Good, late for a fault, or neither where there was nothing to verify.
    pub tone: Tone,
}

/// Which looks an auditor wants to see.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LooksFilter {
    /// First day, as typed.
    pub from: String,
    /// Last day, as typed.
    pub to: String,
    /// Name or code of the person who looked, as typed.
    pub person: String,
    /// What is wrong with the days.
    pub period_error: Option<String>,
    /// What is wrong with the person.
    pub person_error: Option<String>,
}

impl LooksFilter {
    /// Whether all looks are asked for.
    pub fn is_all(&self) -> bool {
        self.from.is_empty() && self.to.is_empty() && self.person.is_empty()
    }

    /// Whether what was typed is in order.
    pub fn is_good(&self) -> bool {
        self.period_error.is_none() && self.person_error.is_none()
    }
}
