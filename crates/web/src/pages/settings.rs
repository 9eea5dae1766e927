//! What a county's settings say about its presentation: telephone, centre of the map, demo.

use std::sync::Arc;

use axum::Extension;
use axum::http::request::Parts;
use gongzhi_service::service::setting;

use crate::app::App;
use crate::i18n::{Lang, t};
use crate::view::Link;

/// Presentation of one county, read once when the pages are put together.
#[derive(Clone, Debug, Default)]
pub struct Presentation {
    pub demo: bool,
    pub hotline: String,
    /// Where maps open: `lat,lon`.
    pub centre: String,
    /// Login, note in Chinese and in English of each demo account.
    pub accounts: Vec<(String, String, String)>,
    /// The one password of the demo's accounts.
    pub password: String,
}

impl Presentation {
    /// Reads it from the county's settings.
    pub fn read(app: &App) -> Presentation {
        let text = |name| app.service.presentation(name).unwrap_or_default();
        let table: toml::Table = text(setting::COUNTY_FILE).parse().unwrap_or_default();
        let centre = table.get("centre").and_then(toml::Value::as_table);
        let degree = |name| centre.and_then(|centre| centre.get(name)).and_then(toml::Value::as_float);
        let demo = app.service.is_demo();
        Presentation {
            demo,
            hotline: table.get("hotline").and_then(toml::Value::as_str).unwrap_or_default().to_owned(),
            centre: match (degree("lat"), degree("lon")) {
                (Some(lat), Some(lon)) => format!("{lat},{lon}"),
                _ => String::new(),
            },
            accounts: if demo { accounts(&text(setting::ACCOUNTS)) } else { Vec::new() },
            password: if demo { text(setting::DEMO_PASSWORD) } else { String::new() },
        }
    }

    /// The presentation that the layers put beside each request.
    pub fn of(parts: &Parts, app: &App) -> Arc<Presentation> {
        let found = parts.extensions.get::<Arc<Presentation>>();
        found.cloned().unwrap_or_else(|| Arc::new(Presentation::read(app)))
    }

    /// As a layer.
    pub fn layer(app: &App) -> Extension<Arc<Presentation>> {
        Extension(Arc::new(Presentation::read(app)))
    }

    /// What stands at the foot of residents' pages.
    pub fn footer(&self, lang: Lang) -> Vec<Link> {
        if self.hotline.is_empty() {
            return Vec::new();
        }
        vec![Link::new(format!("{} {}", t(lang, "hotline"), self.hotline), format!("tel:{}", self.hotline))]
    }
}

/// Notes on demo accounts out of their table: `login,note_zh,note_en`.
fn accounts(text: &str) -> Vec<(String, String, String)> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines
        .map(|line| {
            let cells = cells(line);
            let cell = |at: usize| cells.get(at).cloned().unwrap_or_default();
            (cell(0), cell(1), cell(2))
        })
        .filter(|(login, _, _)| !login.is_empty())
        .collect()
}

/// The cells of one line of a comma-separated table.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            c => cells.last_mut().into_iter().for_each(|cell| cell.push(c)),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_accounts_are_read_from_their_table() {
        let read = accounts("# c\nlogin,note_zh,note_en\nwindow,窗口,\"Takes, notes\"\n");
        assert_eq!(read, [("window".to_owned(), "窗口".to_owned(), "Takes, notes".to_owned())]);
    }
}
