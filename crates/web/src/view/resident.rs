//! Pages that need no account.

use askama::Template;
use serde::Deserialize;

use super::{
    Attachment, Due, Event, Fact, Figure, FigureTable, Form, LineChart, Link, Look, ProofPart, RecordRow,
    Shell, State,
};

/// The front page.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "home.html")]
pub struct HomePage {
    /// The frame.
    pub s: Shell,
    /// Where to report; the place of the QR code is carried along.
    pub report_href: String,
    /// The month of the figures.
    pub month: String,
    /// Response, solution, satisfaction.
    pub rates: Vec<Figure>,
    /// The open table of all offices.
    pub rates_href: String,
    /// Where places publish; empty where nothing is published.
    pub public_href: String,
    /// How it works, step by step, with time limits and clauses.
    pub how: Vec<HowStep>,
    /// Other ways: telephone, window, grid worker.
    pub contacts: Vec<Fact>,
    /// The mechanism document as help page.
    pub help: Option<Link>,
}

/// Where a receipt code is typed in.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[template(path = "find.html")]
#[serde(default, deny_unknown_fields)]
pub struct FindPage {
    /// The frame.
    pub s: Shell,
    /// The code typed.
    pub code: String,
    /// What is wrong with it, if anything.
    pub error: Option<String>,
    /// The number to ask for who has lost his code; its label is empty where the county gives none.
    pub hotline: Link,
}

/// A step of how it works.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HowStep {
    /// What happens.
    pub title: String,
    /// By whom and by when.
    pub text: String,
    /// The clause.
    pub clause: Option<Link>,
}

/// The form for a report.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "report.html")]
pub struct ReportPage {
    /// The frame.
    pub s: Shell,
    /// The form.
    pub form: Form,
    /// Where the QR code stood that was scanned; empty for none.
    pub scanned: String,
    /// What not to report here: emergencies with their numbers.
    pub urgent: String,
}

/// The receipt, on screen and on paper.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "receipt.html")]
pub struct ReceiptPage {
    /// The frame.
    pub s: Shell,
    /// The code in groups: `K7QF-2M9X-4T`.
    pub code: String,
    /// Address of the page to follow it, in full.
    pub url: String,
    /// The same address without a host, for links.
    pub follow_href: String,
    /// Where a receipt is checked, in full.
    pub verify_url: String,
    /// The record's identifier, which the proof names.
    pub record: String,
    /// QR code of the address, as SVG source.
    pub qr_svg: String,
    /// Whether it was entered for the holder, who told nothing.
    pub given: bool,
    /// When it was received.
    pub received: String,
    /// What was reported.
    pub facts: Vec<Fact>,
    /// What happens now.
    pub next: String,
    /// By when.
    pub due: Option<Due>,
    /// The proof that it was entered.
    pub proof: Option<ProofPart>,
    /// Key of the draft that script may drop now.
    pub draft_done: String,
}

/// How a report goes, for whoever holds its code.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "follow.html")]
pub struct FollowPage {
    /// The frame.
    pub s: Shell,
    /// The code in groups.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// Its state.
    pub state: State,
    /// The unit that has it; empty when nobody has.
    pub owner: String,
    /// Telephone of the unit; empty for none.
    pub owner_phone: String,
    /// What is due next.
    pub due: Option<Due>,
    /// The stages of the way, for the bar at the top.
    pub stages: Vec<Stage>,
    /// The answer, once there is one.
    pub answer: Option<Answer>,
    /// What was reported.
    pub facts: Vec<Fact>,
    /// Files sent along.
    pub files: Vec<Attachment>,
    /// Whether it was entered for the holder, who told nothing.
    pub given: bool,
    /// What opened by itself for the holder.
    pub opened: Vec<super::PublicCard>,
    /// What the resident can do now: rate, add, reopen.
    pub steps: Vec<FollowStep>,
    /// What the resident could do but for a condition.
    pub hindered: Vec<Hindered>,
    /// What happened, newest first.
    pub events: Vec<Event>,
    /// The receipt, for printing again.
    pub receipt_href: String,
    /// The receipt as a proof, to be saved.
    pub proof_href: String,
    /// What is held about the holder; absent when nothing personal was ever given.
    pub own: Option<OwnData>,
}

/// What a record holds about its holder, who may see it, until when, and who has looked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnData {
    /// Each value with what it is for.
    pub items: Vec<OwnItem>,
    /// Until when it is kept, in words.
    pub until: String,
    /// Who has looked, newest first.
    pub looks: Vec<Look>,
    /// Where it can be erased; empty while it cannot.
    pub erase_href: String,
    /// Why it cannot be erased now; empty when it can.
    pub refused: String,
}

/// A personal value of the holder.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OwnItem {
    /// The field.
    pub label: String,
    /// The value, open.
    pub value: String,
    /// What it was asked for.
    pub purpose: String,
    /// Who may see it, stating a purpose.
    pub audience: String,
    /// The clause.
    pub clause: Option<Link>,
}

/// Asks before personal values are erased for good.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "erase.html")]
pub struct ErasePage {
    /// The frame.
    pub s: Shell,
    /// The record.
    pub record: Link,
    /// Names of the fields that go.
    pub fields: Vec<String>,
    /// The form.
    pub form: Form,
}

/// A stage of the way.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stage {
    /// Its name.
    pub label: String,
    /// Whether it is behind.
    pub done: bool,
    /// Whether it is the present one.
    pub current: bool,
    /// When it was reached or will be; empty for unknown.
    pub when: String,
}

/// The answer of the unit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answer {
    /// Which unit.
    pub unit: String,
    /// When.
    pub when: String,
    /// What it says.
    pub text: String,
    /// What it rests on.
    pub clause: Option<Link>,
    /// Files with it.
    pub files: Vec<Attachment>,
}

/// Something that the resident can do.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FollowStep {
    /// What it is called.
    pub title: String,
    /// What it does.
    pub note: String,
    /// Its form.
    pub form: Form,
    /// Whether it stands open: it is the expected one.
    pub open: bool,
}

/// A step that cannot be taken now, and why.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hindered {
    /// What it is called.
    pub title: String,
    /// What stands against it.
    pub why: String,
    /// The clause that says so.
    pub clause: Option<Link>,
}

/// The rates of every office.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "rates.html")]
pub struct RatesPage {
    /// The frame.
    pub s: Shell,
    /// The rates to choose from, the current one without address.
    pub rates: Vec<Link>,
    /// The whole county this month.
    pub figures: Vec<Figure>,
    /// The course over the months.
    pub chart: Option<LineChart>,
    /// Township by month, or township by rate.
    pub table: FigureTable,
    /// How each rate is computed, with clause.
    pub rules: Vec<Fact>,
    /// The same data as a file.
    pub download: Option<Link>,
}

/// Choosing a place on a page of its own.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "place.html")]
pub struct PlacePage {
    /// The frame.
    pub s: Shell,
    /// The form, with one place field.
    pub form: Form,
    /// The way down from the county; the last one is the present place and has no address.
    pub path: Vec<Link>,
    /// The places under it.
    pub children: Vec<PlaceChild>,
}

/// A place to choose or to go into.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaceChild {
    /// Its name.
    pub name: String,
    /// Its code and level, or what lies under it.
    pub note: String,
    /// Goes into it; empty when nothing lies under it.
    pub open_href: String,
    /// Takes it.
    pub choose_href: String,
    /// Its public page; empty where it has none.
    pub board_href: String,
}

/// A rendered mechanism document.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "help.html")]
pub struct HelpPage {
    /// The frame.
    pub s: Shell,
    /// Its title.
    pub title: String,
    /// Version and since when in force.
    pub version: String,
    /// Its headings; addresses are `#anchors`.
    pub contents: Vec<Link>,
    /// What names a mechanism of it, such as the notices that found it; for the staff only.
    pub founded: Vec<Founding>,
    /// The body as HTML, made by the product from the document (never from what somebody typed).
    pub html: String,
    /// Other documents.
    pub others: Vec<Link>,
}

/// A record that names a mechanism.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Founding {
    /// What it is: a notice.
    pub sort: String,
    /// Its number, title, state, unit and day.
    pub row: RecordRow,
}

/// Language, theme and type are on the settings page; this is the plain page of text, such as “about” or the privacy notice.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "text.html")]
pub struct TextPage {
    /// The frame.
    pub s: Shell,
    /// Its heading.
    pub title: String,
    /// Paragraphs under headings.
    pub sections: Vec<TextSection>,
}

/// A section of a page of text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextSection {
    /// Its heading; empty for none.
    pub title: String,
    /// Its paragraphs.
    pub paragraphs: Vec<String>,
    /// Facts as a list.
    pub facts: Vec<Fact>,
    /// Links.
    pub links: Vec<Link>,
}
