//! The person's own page and the page about the product.

use askama::Template;
use serde::Deserialize;

use super::{Fact, Form, Link, OwnData, Shell};

/// The person's posts, rights, sessions and settings, with the way out.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// The frame.
    pub s: Shell,
    /// Name and login.
    pub facts: Vec<Fact>,
    /// Posts held: role, over which place or unit, since when.
    pub posts: Vec<Post>,
    /// What the register of staff holds about the person, and who looked.
    pub own: Option<OwnData>,
    /// Sessions open elsewhere.
    pub sessions: Vec<Fact>,
    /// Changes the password.
    pub password: Option<Form>,
    /// Address that the sign-out button posts to.
    pub sign_out_action: String,
    /// The person's own looks at personal fields.
    pub looks_href: String,
}

/// A post that the person holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Post {
    /// The role.
    pub role: String,
    /// Over which place or unit.
    pub over: String,
    /// Since when.
    pub since: String,
    /// Whether the person acts in it now.
    pub current: bool,
    /// Address to post to in order to act in it; empty when it is the current one.
    pub switch_action: String,
}

/// About the product: version, documents in force, keyboard help.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "about.html")]
pub struct AboutPage {
    /// The frame.
    pub s: Shell,
    /// Version, county, ledger.
    pub facts: Vec<Fact>,
    /// Mechanism documents in force.
    pub documents: Vec<Link>,
    /// Addresses for machines: API description, health.
    pub machines: Vec<Link>,
}

impl AboutPage {
    /// Keys and the text that says what they do.
    pub fn keyboard(&self) -> Vec<(Vec<&'static str>, &'static str)> {
        vec![
            (vec!["/"], "key-search"),
            (vec!["g", "i"], "key-inbox"),
            (vec!["g", "s"], "key-list"),
            (vec!["g", "d"], "key-dashboard"),
            (vec!["g", "n"], "nav-notices"),
            (vec!["n"], "key-new"),
            (vec!["j", "k"], "key-rows"),
            (vec!["Enter"], "key-open"),
            (vec!["Tab"], "key-tab"),
        ]
    }
}
