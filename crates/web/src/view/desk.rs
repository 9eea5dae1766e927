//! Pages of the desk that show many records.

use askama::Template;
use serde::Deserialize;

use super::{BarTable, Figure, FigureTable, Form, LineChart, Link, LooksFilter, RecordRow, Shell, State};

/// The sign-in page.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// The frame.
    pub s: Shell,
    /// Name and password.
    pub form: Form,
    /// Invented people to try; empty outside of the demo.
    pub demo_accounts: Vec<DemoAccount>,
}

/// An invented person of the demo.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DemoAccount {
    /// Name to sign in with.
    pub login: String,
    /// Password of the demo.
    pub password: String,
    /// The person's name.
    pub name: String,
    /// Post and place.
    pub post: String,
    /// What can be tried as this person.
    pub note: String,
    /// Signs in with one press; none where typing is wanted.
    pub form: Option<Form>,
}

/// A tab over a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tab {
    /// What it says.
    pub label: String,
    /// How many; empty for unknown.
    pub count: String,
    /// Where it leads.
    pub href: String,
    /// Whether it is open.
    pub current: bool,
}

/// Filters over a list: a form sent with GET.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// Address it is sent to.
    pub action: String,
    /// Values sent along, such as the tab.
    pub hidden: Vec<super::Hidden>,
    /// Words looked for.
    pub query: String,
    /// Lists to fold out.
    pub selects: Vec<FilterSelect>,
    /// Filters in force, each with the address without it.
    pub active: Vec<Link>,
    /// The list without any filter; empty when there is none in force.
    pub clear_href: String,
}

/// A filter with a list of values.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilterSelect {
    /// Name in the query string.
    pub name: String,
    /// What is chosen.
    pub label: String,
    /// The values; the one that means “any” is added by the page.
    pub groups: Vec<super::OptionGroup>,
}

/// Turning pages by cursor.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Paging {
    /// What is shown, in words: `第 1–25 件，共 312 件`.
    pub shown: String,
    /// The first page; empty when this is it.
    pub first_href: String,
    /// The next page; empty when this is the last.
    pub next_href: String,
}

/// A list of records with tabs and filters: inbox, search, the records of a figure.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecordList {
    /// Tabs; none for a plain list.
    pub tabs: Vec<Tab>,
    /// Filters; none for a fixed list.
    pub filters: Option<Filters>,
    /// The records.
    pub rows: Vec<RecordRow>,
    /// What to say when there are none; empty takes the standard text.
    pub empty: String,
    /// Paging.
    pub paging: Paging,
    /// The same list as files.
    pub downloads: Vec<Link>,
}

/// What waits for the person, ordered by what is due.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "inbox.html")]
pub struct InboxPage {
    /// The frame.
    pub s: Shell,
    /// Late, due today, due this week, waiting for others.
    pub figures: Vec<Figure>,
    /// The records.
    pub list: RecordList,
    /// Address of server-sent events that tell of changes; empty for none.
    pub live: String,
    /// Where a new record is taken; none where the person may not.
    pub new_href: Option<String>,
}

/// Searching and listing.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "search.html")]
pub struct SearchPage {
    /// The frame.
    pub s: Shell,
    /// The records.
    pub list: RecordList,
}

/// The records of a figure.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "drill.html")]
pub struct DrillPage {
    /// The frame.
    pub s: Shell,
    /// The figure.
    pub figure: Figure,
    /// How it is computed, in words.
    pub rule: String,
    /// The clause or the indicator's place in its document.
    pub clause: Option<Link>,
    /// For a ratio: the parts, each with its list; the current one is marked.
    pub parts: Vec<Tab>,
    /// The records.
    pub list: RecordList,
}

/// The county at a glance, for dispatchers.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "dashboard.html")]
pub struct DashboardPage {
    /// The frame.
    pub s: Shell,
    /// As of when.
    pub as_of: String,
    /// The place whose figures these are, with those above it.
    pub place: Vec<Link>,
    /// Open, late, due today, raised, reopened.
    pub figures: Vec<Figure>,
    /// Open by place, by kind, by unit, by lateness.
    pub open: Vec<BarTable>,
    /// Months to choose from.
    pub months: Vec<Tab>,
    /// The three rates by township.
    pub rates: FigureTable,
    /// The course of the three rates.
    pub chart: Option<LineChart>,
    /// The latest overdue ones, to raise and chase.
    pub overdue: Vec<RecordRow>,
    /// The list of all of them.
    pub overdue_href: String,
    /// Address of server-sent events that tell of changes; empty for none.
    pub live: String,
}

/// Who looked at personal fields, and for what.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "looks.html")]
pub struct LooksPage {
    /// The frame.
    pub s: Shell,
    /// The record; none for all looks that the person may see.
    pub record: Option<Link>,
    /// What narrows all looks; none for those of a record.
    pub filter: Option<LooksFilter>,
    /// The looks, newest first.
    pub looks: Vec<Look>,
    /// Paging.
    pub paging: Paging,
}

impl LooksPage {
    /// Whether what was asked for cannot be understood: then nothing was looked for.
    fn is_wrong(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| !filter.is_good())
    }

    /// Whether only some of all looks are asked for.
    fn is_filtered(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| !filter.is_all())
    }
}

/// A look at personal fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Look {
    /// When.
    pub when: String,
    /// Who, with post.
    pub who: String,
    /// The record.
    pub record: Link,
    /// Which fields.
    pub fields: String,
    /// For what.
    pub purpose: String,
    /// Worth a check: outside of working hours, no task at that record.
    pub mark: Option<State>,
}

impl Shell {
    /// A list with tabs, filters and paging, to be printed with `|safe`.
    pub fn list<'a>(&'a self, list: &'a RecordList) -> RecordListTemplate<'a> {
        RecordListTemplate { s: self, list }
    }

    /// Figures beside each other, to be printed with `|safe`.
    pub fn figures<'a>(&'a self, figures: &'a [Figure]) -> FiguresTemplate<'a> {
        FiguresTemplate { s: self, figures }
    }

    /// A table of figures, to be printed with `|safe`.
    pub fn figure_table<'a>(&'a self, table: &'a FigureTable) -> FigureTableTemplate<'a> {
        FigureTableTemplate { s: self, table }
    }

    /// Paging, to be printed with `|safe`.
    pub fn paging<'a>(&'a self, paging: &'a Paging) -> PagingTemplate<'a> {
        PagingTemplate { s: self, paging }
    }
}

/// Prints a list of records.
#[derive(Debug, Template)]
#[template(path = "part/record_list.html")]
pub struct RecordListTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The list.
    pub list: &'a RecordList,
}

/// Prints figures.
#[derive(Debug, Template)]
#[template(path = "part/figures.html")]
pub struct FiguresTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The figures.
    pub figures: &'a [Figure],
}

/// Prints a table of figures.
#[derive(Debug, Template)]
#[template(path = "part/figure_table.html")]
pub struct FigureTableTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The table.
    pub table: &'a FigureTable,
}

/// Prints paging.
#[derive(Debug, Template)]
#[template(path = "part/paging.html")]
pub struct PagingTemplate<'a> {
    /// The frame.
    pub s: &'a Shell,
    /// The paging.
    pub paging: &'a Paging,
}
