//! What every page has around it: language, theme, navigation, messages.

use std::borrow::Cow;

use askama::Template;
use fluent_bundle::FluentValue;
use serde::Deserialize;

use super::icons;
use super::{Field, FieldTemplate, Form, FormTemplate, PressTemplate};
use crate::i18n::{self, Lang};

/// The frame of a page. Every page struct holds one in its field `s`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shell {
    /// Language of the page.
    pub lang: Lang,
    /// Light, dark, or as the device says.
    pub theme: Theme,
    /// Large type, for the elderly and anybody else.
    pub large_type: bool,
    /// Name of the page for the title bar, without the product's name.
    pub title: String,
    /// The county's name in the reader's language, from its settings.
    pub county: String,
    /// Who is signed in; none on residents' pages.
    pub signed_in: Option<SignedIn>,
    /// Main navigation.
    pub nav: Vec<NavItem>,
    /// A message from the request before.
    pub flash: Option<Flash>,
    /// Token that every form posts back as `_csrf`.
    pub csrf: String,
    /// Names of the built files.
    pub assets: Assets,
    /// Path and query of this page, where a switch of language or type returns to.
    pub path: String,
    /// Id of the form that the switches of language and type send, where the page was made of what was posted
    /// and its address alone would not bring it back; empty on all others.
    pub resend: String,
    /// Whether invented data is shown, so that the page says so.
    pub demo: bool,
    /// Where the person is; the last one is this page and has no address.
    pub crumbs: Vec<Link>,
    /// Telephone numbers, address and the like at the foot of the page, from the county's settings.
    pub footer: Vec<Link>,
}

/// Colour scheme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the device says.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Every theme, default first.
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    /// The value in the cookie and in `data-theme`.
    pub fn code(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// Key of its name.
    pub fn label(self) -> &'static str {
        match self {
            Theme::Auto => "theme-auto",
            Theme::Light => "theme-light",
            Theme::Dark => "theme-dark",
        }
    }

    /// The value of the `color-scheme` meta tag, so that form controls and scroll bars follow before the stylesheet is read.
    pub fn color_scheme(self) -> &'static str {
        match self {
            Theme::Auto => "light dark",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The theme of a cookie value.
    pub fn parse(code: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.code() == code)
    }
}

/// The person at the desk.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SignedIn {
    /// The person's name.
    pub name: String,
    /// The post in which the person acts, with its unit or place.
    pub post: String,
}

/// An entry of the main navigation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NavItem {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Whether this page belongs to it.
    pub current: bool,
    /// A number beside it, such as the open items of the inbox.
    pub badge: Option<String>,
    /// Keys for the `keys` island, such as `g i`.
    pub key: Option<String>,
}

/// A message about what has just been done, or why it was not.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flash {
    /// Good, late (a fault) or info.
    pub tone: Tone,
    /// The message.
    pub text: String,
    /// Where to read more or go on.
    pub link: Option<Link>,
}

/// Built files with the digest in their names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assets {
    /// Address of the stylesheet.
    pub css: String,
    /// Address of the module of islands; empty for none.
    pub js: String,
    /// Address of the icon (SVG); empty for none.
    pub icon: String,
    /// Address of the web app's manifest; empty for none.
    pub manifest: String,
}

/// A text that may lead somewhere: no address, plain text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Link {
    /// What it says.
    pub label: String,
    /// Where it leads; empty for plain text.
    pub href: String,
}

impl Link {
    /// A link with this text and address.
    pub fn new(label: impl Into<String>, href: impl Into<String>) -> Link {
        Link { label: label.into(), href: href.into() }
    }
}

/// Links that belong together, under what they have in common.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkGroup {
    /// What they have in common.
    pub title: String,
    /// The links.
    pub links: Vec<Link>,
}

/// How something stands. Shown by words and an icon, and by colour only besides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Nothing to say.
    #[default]
    Plain,
    /// Done, met, satisfied.
    Good,
    /// Due soon.
    Soon,
    /// Past due, refused, failed.
    Late,
    /// Worth knowing.
    Info,
    /// The clock stands still.
    Paused,
}

impl Tone {
    /// The class suffix.
    pub fn code(self) -> &'static str {
        match self {
            Tone::Plain => "plain",
            Tone::Good => "good",
            Tone::Soon => "soon",
            Tone::Late => "late",
            Tone::Info => "info",
            Tone::Paused => "paused",
        }
    }

    /// Whether there is nothing to say.
    pub fn is_plain(self) -> bool {
        self == Tone::Plain
    }

    /// Whether somebody should act.
    pub fn warns(self) -> bool {
        matches!(self, Tone::Soon | Tone::Late)
    }

    /// The icon that says the same as the colour.
    pub fn icon(self) -> &'static str {
        icons::svg(match self {
            Tone::Plain => "dot",
            Tone::Good => "check",
            Tone::Soon => "clock",
            Tone::Late => "warn",
            Tone::Info => "info",
            Tone::Paused => "pause",
        })
    }
}

impl Shell {
    /// A text of the interface.
    pub fn t(&self, key: &str) -> Cow<'static, str> {
        i18n::t(self.lang, key)
    }

    /// A text with the number `n`, which chooses its plural form.
    pub fn tn(&self, key: &str, n: impl Into<Count>) -> String {
        i18n::t_with(self.lang, key, [("n", FluentValue::from(n.into().0))])
    }

    /// A text with the words `x`.
    pub fn tx(&self, key: &str, x: &str) -> String {
        i18n::t_with(self.lang, key, [("x", FluentValue::from(x))])
    }

    /// A text with the words `x` and `y`.
    pub fn txy(&self, key: &str, x: &str, y: &str) -> String {
        i18n::t_with(self.lang, key, [("x", FluentValue::from(x)), ("y", FluentValue::from(y))])
    }

    /// A drawn sign (SVG source), hidden from screen readers.
    pub fn icon(&self, name: &str) -> &'static str {
        icons::svg(name)
    }

    /// A form field, to be printed with `|safe`.
    pub fn field<'a>(&'a self, field: &'a Field) -> FieldTemplate<'a> {
        FieldTemplate { s: self, f: field }
    }

    /// A whole form, to be printed with `|safe`.
    pub fn form<'a>(&'a self, form: &'a Form) -> FormTemplate<'a> {
        FormTemplate { s: self, form }
    }

    /// The other language, for the switch.
    pub fn other_lang(&self) -> Lang {
        match self.lang {
            Lang::Zh => Lang::En,
            Lang::En => Lang::Zh,
        }
    }

    /// The short name of a day of the week, 1 for Monday.
    pub fn weekday(&self, number: &i32) -> Cow<'static, str> {
        self.t(&format!("weekday-{number}"))
    }

    /// A form that is one button, to be printed with `|safe`.
    pub fn press<'a>(&'a self, form: &'a Form) -> PressTemplate<'a> {
        PressTemplate { s: self, form }
    }
}

/// A number for a text with plural forms. Lists have their length as `usize`, which Fluent does not take.
#[derive(Debug, Clone, Copy)]
pub struct Count(i64);

impl From<usize> for Count {
    fn from(n: usize) -> Count {
        Count(i64::try_from(n).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Count {
    fn from(n: u32) -> Count {
        Count(i64::from(n))
    }
}

impl From<i64> for Count {
    fn from(n: i64) -> Count {
        Count(n)
    }
}

impl<T: Copy + Into<Count>> From<&T> for Count {
    fn from(n: &T) -> Count {
        (*n).into()
    }
}

/// Display settings: language, type size, theme, with and without script.
#[derive(Debug, Clone, Default, Deserialize, Template)]
#[serde(default, deny_unknown_fields)]
#[template(path = "preferences.html")]
pub struct PreferencesPage {
    /// The frame.
    pub s: Shell,
    /// Where to go after saving.
    pub back: String,
}
