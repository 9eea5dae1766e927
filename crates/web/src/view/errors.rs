//! Pages for when something cannot be done. They say what happened, what it means for what was typed, and what to do.

use std::borrow::Cow;

use askama::Template;
use serde::Deserialize;

use super::{Link, Problem, Shell};
use crate::i18n;

/// An error page. The standard words for the status come from the locale; `problem` adds what is particular.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The frame.
    pub s: Shell,
    /// HTTP status.
    pub status: u16,
    /// What is particular: the refusal with its clause.
    pub problem: Option<Problem>,
    /// Seconds to wait; 0 for none.
    pub wait_seconds: u32,
    /// Number under which the operators find it; empty for none.
    pub reference: String,
    /// What was typed, so that it is not lost: name of the field and text.
    pub kept: Vec<super::Fact>,
    /// Ways on.
    pub links: Vec<Link>,
}

impl ErrorPage {
    /// The heading for the status.
    pub fn heading(&self) -> Cow<'static, str> {
        i18n::t(self.s.lang, &self.key("title"))
    }

    /// What it means and what to do.
    pub fn advice(&self) -> Cow<'static, str> {
        i18n::t(self.s.lang, &self.key("text"))
    }

    /// The status as text, for people who are asked for it.
    pub fn status_text(&self) -> String {
        self.status.to_string()
    }

    fn key(&self, part: &str) -> String {
        let known = format!("error-{}-{part}", self.status);
        if i18n::has(self.s.lang, &known) {
            return known;
        }
        let class = if self.status >= 500 { "5xx" } else { "4xx" };
        format!("error-{class}-{part}")
    }
}
