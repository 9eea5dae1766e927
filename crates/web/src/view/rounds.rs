//! What opens by itself, and how far it is.

use askama::Template;
use serde::Deserialize;

use super::{Link, Shell};

/// The page of whoever administers.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "rounds.html")]
pub struct RoundsPage {
    /// The frame.
    pub s: Shell,
    /// Every mechanism whose records open by themselves.
    pub rounds: Vec<RoundView>,
}

/// One of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoundView {
    /// The mechanism.
    pub title: String,
    /// Where the present period is gone over again; empty while it is under way.
    pub again_href: String,
    /// The clause by which it opens.
    pub clause: Option<Link>,
    /// The period opened last, and when the next one opens.
    pub last: String,
    pub next: String,
    /// What this node has done of it, in words; empty if nothing since it was started.
    pub told: String,
    /// Gone over and to go over, while it goes on.
    pub running: Option<(u64, u64)>,
    /// The records that were opened.
    pub records: Option<Link>,
}
