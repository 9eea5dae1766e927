//! Sample pages: JSON files in `web/shots/samples`, one per page and case, each good for every language.
//!
//! A value `{"zh": …, "en": …}` stands for the one of the language asked for. A page names its frame (`"frame": "public"` or
//! `"desk"`), whose values come from `frames.json`; its own `s` goes over them. The page struct is the file's name up to the first dot.

use std::fmt;

use askama::Template;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::*;
use crate::i18n::Lang;

/// Why a sample could not be rendered.
#[derive(Debug)]
pub enum SampleError {
    /// The file is no JSON, or does not fit the page's struct.
    Data(serde_json::Error),
    /// The page could not be printed.
    Print(askama::Error),
    /// No page has this name.
    Unknown(String),
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SampleError::Data(error) => write!(f, "the sample does not fit its page: {error}"),
            SampleError::Print(error) => write!(f, "the page could not be printed: {error}"),
            SampleError::Unknown(name) => write!(f, "no page is called `{name}`"),
        }
    }
}

impl std::error::Error for SampleError {}

/// Looks of a sample that do not depend on its data.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Language.
    pub lang: Lang,
    /// Colours.
    pub theme: Theme,
    /// Large type.
    pub large_type: bool,
    /// Files to link to.
    pub assets: Assets,
}

/// Renders the sample called `name` (`report`, `report.errors` …) from its source, with the common frames.
///
/// # Errors
/// When the sample does not fit its page's struct.
pub fn render(name: &str, source: &str, frames: &str, look: &Look) -> Result<String, SampleError> {
    let frames = pick(parse(frames)?, look.lang);
    let Value::Object(mut page) = pick(parse(source)?, look.lang) else {
        return Err(SampleError::Unknown(name.to_owned()));
    };
    let frame = page.remove("frame").unwrap_or(Value::Null);
    let mut shell = match frames.get(frame.as_str().unwrap_or("public")) {
        Some(Value::Object(shell)) => shell.clone(),
        _ => Map::new(),
    };
    if let Some(Value::Object(own)) = page.remove("s") {
        shell.extend(own);
    }
    shell.insert("lang".into(), Value::from(look.lang.code()));
    shell.insert("theme".into(), Value::from(look.theme.code()));
    shell.insert("large_type".into(), Value::from(look.large_type));
    page.insert("s".into(), Value::Object(shell));
    let page = Value::Object(page);
    match name.split('.').next().unwrap_or(name) {
        "find" => show::<FindPage>(page, look, |p| &mut p.s),
        "home" => show::<HomePage>(page, look, |p| &mut p.s),
        "report" => show::<ReportPage>(page, look, |p| &mut p.s),
        "receipt" => show::<ReceiptPage>(page, look, |p| &mut p.s),
        "audit" => show::<AuditPage>(page, look, |p| &mut p.s),
        "verify" => show::<VerifyPage>(page, look, |p| &mut p.s),
        "proof" => show::<ProofPage>(page, look, |p| &mut p.s),
        "follow" => show::<FollowPage>(page, look, |p| &mut p.s),
        "rates" => show::<RatesPage>(page, look, |p| &mut p.s),
        "public" => show::<PublicPage>(page, look, |p| &mut p.s),
        "public_record" => show::<PublicRecordPage>(page, look, |p| &mut p.s),
        "rounds" => show::<RoundsPage>(page, look, |p| &mut p.s),
        "place" => show::<PlacePage>(page, look, |p| &mut p.s),
        "help" => show::<HelpPage>(page, look, |p| &mut p.s),
        "text" => show::<TextPage>(page, look, |p| &mut p.s),
        "error" => show::<ErrorPage>(page, look, |p| &mut p.s),
        "preferences" => show::<PreferencesPage>(page, look, |p| &mut p.s),
        "sign_in" => show::<SignInPage>(page, look, |p| &mut p.s),
        "inbox" => show::<InboxPage>(page, look, |p| &mut p.s),
        "search" => show::<SearchPage>(page, look, |p| &mut p.s),
        "record" => show::<RecordPage>(page, look, |p| &mut p.s),
        "step" => show::<StepPage>(page, look, |p| &mut p.s),
        "new_record" => show::<NewRecordPage>(page, look, |p| &mut p.s),
        "dashboard" => show::<DashboardPage>(page, look, |p| &mut p.s),
        "drill" => show::<DrillPage>(page, look, |p| &mut p.s),
        "why" => show::<WhyPage>(page, look, |p| &mut p.s),
        "looks" => show::<LooksPage>(page, look, |p| &mut p.s),
        "burden" => show::<BurdenPage>(page, look, |p| &mut p.s),
        "notices" => show::<NoticesPage>(page, look, |p| &mut p.s),
        "notice_settings" => show::<NoticeSettingsPage>(page, look, |p| &mut p.s),
        "dead_letters" => show::<DeadLettersPage>(page, look, |p| &mut p.s),
        "import" => show::<ImportPage>(page, look, |p| &mut p.s),
        "account" => show::<AccountPage>(page, look, |p| &mut p.s),
        "about" => show::<AboutPage>(page, look, |p| &mut p.s),
        other => Err(SampleError::Unknown(other.to_owned())),
    }
}

fn parse(source: &str) -> Result<Value, SampleError> {
    serde_json::from_str(source).map_err(SampleError::Data)
}

fn show<P: DeserializeOwned + Template>(
    page: Value,
    look: &Look,
    shell: impl Fn(&mut P) -> &mut Shell,
) -> Result<String, SampleError> {
    let mut page: P = serde_json::from_value(page).map_err(SampleError::Data)?;
    shell(&mut page).assets = look.assets.clone();
    page.render().map_err(SampleError::Print)
}

/// Puts the value of one language in the place of each `{"zh": …, "en": …}`.
fn pick(value: Value, lang: Lang) -> Value {
    match value {
        Value::Object(mut map) => {
            let bilingual = map.len() == 2 && map.contains_key("zh") && map.contains_key("en");
            match map.remove(lang.code()) {
                Some(one) if bilingual => pick(one, lang),
                other => {
                    map.extend(other.map(|one| (lang.code().to_owned(), one)));
                    Value::Object(map.into_iter().map(|(key, value)| (key, pick(value, lang))).collect())
                }
            }
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| pick(item, lang)).collect()),
        other => other,
    }
}
