//! Pages about the log: the receipt as a proof, checking one, and the auditor's page.

use askama::Template;
use serde::Deserialize;

use super::{Fact, Link, Shell};

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
