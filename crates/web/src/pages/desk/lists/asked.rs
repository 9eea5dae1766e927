//! What an address asks of a list, and addresses that ask a little differently.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use gongzhi_base::RecordId;
use gongzhi_kernel::project::Row;
use gongzhi_service::listing::{Ask, Part, Show};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::pages::posted::decode;
use crate::pages::rows::{cursor, cursor_text};
use crate::view::Paging;

/// Rows of a page, and the most that may be asked for.
const ROWS: [u32; 3] = [30, 100, 200];

/// The question in an address, by name. Values of fields stand under `f.name`.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Asked(BTreeMap<String, String>);

/// Names that an address of a list knows.
const KNOWN: [&str; 19] = [
    "q",
    "mechanism",
    "view",
    "place",
    "kind",
    "unit",
    "state",
    "show",
    "month",
    "indicator",
    "part",
    "under",
    "counted",
    "field",
    "cols",
    "at",
    "rows",
    "after",
    "lang",
];
/// Longest value.
const LONGEST: usize = 400;

impl Asked {
    /// Reads the query of an address. What is not known, or empty, is left out.
    pub fn read(query: &str) -> Asked {
        let known = |name: &str| KNOWN.contains(&name) || name.starts_with("f.");
        let pairs = decode(query.as_bytes()).into_iter();
        let pairs = pairs.filter(|(name, value)| known(name) && !value.is_empty() && value.len() <= LONGEST);
        Asked(pairs.collect())
    }

    /// What is asked under a name; empty for nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The same question with one part of it changed; an empty value takes it out. It begins anew.
    pub fn with(&self, name: &str, value: &str) -> Asked {
        let mut asked = self.clone();
        asked.0.remove("after");
        asked.0.remove("lang");
        match value {
            "" => asked.0.remove(name),
            value => asked.0.insert(name.to_owned(), value.to_owned()),
        };
        asked
    }

    /// The question without what narrows it.
    pub fn bare(&self) -> Asked {
        let kept = ["mechanism", "view", "cols", "at", "rows"];
        Asked(self.0.iter().filter(|(name, _)| kept.contains(&name.as_str())).map(own).collect())
    }

    /// The question as it stands in an address, behind the sign.
    pub fn query(&self) -> String {
        let encoded = |value: &String| utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
        // Where the page begins stands last.
        let (cursor, asked): (Vec<_>, Vec<_>) = self.0.iter().partition(|(name, _)| *name == "after");
        let pair = |(name, value): (&String, &String)| format!("{name}={}", encoded(value));
        asked.into_iter().chain(cursor).map(pair).collect::<Vec<_>>().join("&")
    }

    /// The address of the list.
    pub fn href(&self) -> String {
        format!("/desk/list?{}", self.query())
    }

    /// What narrows the list, by name, as a form sends it along.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Values of fields, by field.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs().filter_map(|(name, value)| Some((name.strip_prefix("f.")?, value)))
    }

    /// Rows of a page.
    pub fn limit(&self) -> u32 {
        let asked = self.get("rows").parse().unwrap_or(ROWS[0]);
        if ROWS.contains(&asked) { asked } else { ROWS[0] }
    }

    /// The same question with the longest page, where there is more than this one shows.
    pub fn longest(&self, more: bool) -> Option<Asked> {
        let most = ROWS[ROWS.len() - 1];
        (more && self.limit() < most).then(|| self.with("rows", &most.to_string()))
    }

    /// The question in the service's form; `mechanism` where none is named.
    pub fn ask(&self, mechanism: &str) -> Ask {
        let text = |name: &str| self.get(name).to_owned();
        let columns = self.get("cols").split(',').filter(|word| !word.is_empty());
        Ask {
            mechanism: if self.get("mechanism").is_empty() {
                mechanism.to_owned()
            } else {
                text("mechanism")
            },
            view: text("view"),
            columns: columns.map(str::to_owned).collect(),
            place: text("place"),
            unit: text("unit"),
            kind: text("kind"),
            state: text("state"),
            show: Show::read(self.get("show")),
            month: text("month"),
            // `none` asks for records without a value.
            values: self
                .values()
                .map(|(name, value)| (name.to_owned(), if value == NONE { "" } else { value }.to_owned()))
                .collect(),
            under: self.under(),
            indicator: text("indicator"),
            part: match self.get("part") {
                "counted" => Part::Counted,
                "rest" => Part::Rest,
                _ => Part::Base,
            },
            after: cursor(self.get("after")),
            limit: self.limit(),
        }
    }

    /// The way to the first page and to the next one.
    pub fn paging(&self, next: Option<(i64, RecordId)>) -> Paging {
        let first = (!self.get("after").is_empty()).then(|| self.with("after", "").href());
        let next = next.map(|next| self.with("after", &cursor_text(next)).href());
        let (first_href, next_href) = (first.unwrap_or_default(), next.unwrap_or_default());
        Paging { first_href, next_href, ..Paging::default() }
    }

    /// The question with the record above that it means: of records that these keep apart those of the newest open
    /// one, or of the newest. Behind a figure it means all that is counted.
    pub fn apart(&self, above: &[Row]) -> Asked {
        let means = self.get("under").is_empty() && self.get("indicator").is_empty();
        let newest = above.iter().find(|row| row.open).or(above.first()).filter(|_| means);
        let mut asked = self.clone();
        asked.0.extend(newest.map(|row| ("under".to_owned(), row.id.to_string())));
        asked
    }

    /// The record of whose parts it asks.
    pub fn under(&self) -> Option<RecordId> {
        self.get("under").parse().ok()
    }
}

/// Stands in an address for all records, though others keep them apart.
pub const WHOLE: &str = "all";

/// Stands in an address for “no value”.
pub const NONE: &str = "none";

fn own((name, value): (&String, &String)) -> (String, String) {
    (name.clone(), value.clone())
}

impl FromRequestParts<App> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Asked, Self::Rejection> {
        Ok(Asked::read(parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_changed_and_written_again() {
        let asked = Asked::read(
            "mechanism=measure&f.force=f1&f.due_on=none&show=late&evil=1&state=&after=5.x&q=%E6%B0%B4",
        );
        assert_eq!(asked.get("q"), "\u{6c34}");
        let ask = asked.ask("other");
        assert_eq!((ask.mechanism.as_str(), ask.show), ("measure", Some(Show::Late)));
        assert_eq!(ask.values, [("due_on".to_owned(), String::new()), ("force".to_owned(), "f1".to_owned())]);
        let other = asked.with("f.force", "").with("show", "open");
        assert_eq!(other.query(), "f.due_on=none&mechanism=measure&q=%E6%B0%B4&show=open");
        assert_eq!(asked.bare().href(), "/desk/list?mechanism=measure");
        assert_eq!(Asked::read("rows=5000").limit(), 30);
        let longest = asked.longest(true).expect("more than thirty");
        assert_eq!((longest.limit(), longest.get("after")), (200, ""));
        assert_eq!((asked.longest(false), longest.longest(true)), (None, None));
    }
}
