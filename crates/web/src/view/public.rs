//! What a place publishes, for anybody.

use askama::Template;
use serde::Deserialize;

use super::{Attachment, Child, Event, Fact, Link, Paging, Shell, State};

/// The public page of a place: a board for each mechanism that publishes its records.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "public.html")]
pub struct PublicPage {
    /// The frame.
    pub s: Shell,
    /// The place.
    pub title: String,
    /// The way down from the county; the last one is the present place and has no address.
    pub path: Vec<Link>,
    /// What it publishes.
    pub boards: Vec<PublicBoard>,
    /// Places under it.
    pub places: Vec<Link>,
}

/// The records of one mechanism in one month.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicBoard {
    /// Name for anchors.
    pub id: String,
    /// The mechanism.
    pub title: String,
    /// What it is published for.
    pub purpose: String,
    /// The clause.
    pub clause: Option<Link>,
    /// The month shown.
    pub month: String,
    /// The month before, and the one after unless that is still to come.
    pub earlier: Link,
    pub later: Option<Link>,
    /// Its records.
    pub cards: Vec<PublicCard>,
    pub paging: Paging,
}

/// A published record on its board.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicCard {
    pub href: String,
    pub title: String,
    pub state: State,
    /// Words, one a line.
    pub lines: Vec<Fact>,
    /// Numbers, side by side.
    pub numbers: Vec<Fact>,
}

/// The public page of one record.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "public_record.html")]
pub struct PublicRecordPage {
    /// The frame.
    pub s: Shell,
    /// The way here.
    pub path: Vec<Link>,
    /// Its number.
    pub number: String,
    pub title: String,
    pub state: State,
    /// What it is published for.
    pub purpose: String,
    pub clause: Option<Link>,
    /// All public fields.
    pub facts: Vec<Fact>,
    pub files: Vec<Attachment>,
    /// Its published parts, by mechanism.
    pub parts: Vec<PublicParts>,
    /// What happened, newest first.
    pub events: Vec<Event>,
}

/// Published parts of one mechanism.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicParts {
    pub title: String,
    pub total: String,
    pub parts: Vec<Child>,
}
