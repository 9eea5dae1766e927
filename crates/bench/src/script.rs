//! The benchmark's script: what one lifecycle asks, read from `suite/bench/*.toml`.

use std::collections::BTreeMap;

/// A whole script.
pub struct Script {
    pub password: String,
    pub sign_in: Vec<String>,
    pub places: Vec<String>,
    pub requests: Vec<Request>,
    pub pages: BTreeMap<String, PageSpec>,
}

/// One request of a lifecycle.
pub struct Request {
    pub name: String,
    pub account: Option<String>,
    pub method: String,
    pub path: String,
    pub body: String,
    pub status: u16,
    /// Names of the answer's members that later requests use.
    pub takes: BTreeMap<String, String>,
    /// Text that the answer must hold.
    pub finds: Option<String>,
}

/// A page to be measured.
pub struct PageSpec {
    pub account: Option<String>,
    pub path: String,
}

fn text(table: &toml::Table, name: &str) -> Option<String> {
    table.get(name).and_then(toml::Value::as_str).map(str::to_owned)
}

fn texts(table: &toml::Table, name: &str) -> Vec<String> {
    let items = table.get(name).and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect()
}

impl Script {
    /// Reads a script.
    pub fn read(source: &str) -> Result<Script, String> {
        let table: toml::Table = source.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let need = |table: &toml::Table, name: &str| text(table, name).ok_or(format!("`{name}` is missing"));
        let mut requests = Vec::new();
        for request in table.get("request").and_then(toml::Value::as_array).into_iter().flatten() {
            let request = request.as_table().ok_or("a request is no table")?;
            let takes = request.get("takes").and_then(toml::Value::as_table);
            requests.push(Request {
                name: need(request, "name")?,
                account: text(request, "as"),
                method: need(request, "method")?,
                path: need(request, "path")?,
                body: text(request, "body").unwrap_or_default(),
                status: request.get("status").and_then(toml::Value::as_integer).unwrap_or(200) as u16,
                takes: takes
                    .into_iter()
                    .flatten()
                    .filter_map(|(name, member)| Some((name.clone(), member.as_str()?.to_owned())))
                    .collect(),
                finds: text(request, "finds"),
            });
        }
        let mut pages = BTreeMap::new();
        for (name, page) in table.get("pages").and_then(toml::Value::as_table).into_iter().flatten() {
            let page = page.as_table().ok_or("a page is no table")?;
            pages.insert(name.clone(), PageSpec { account: text(page, "as"), path: need(page, "path")? });
        }
        Ok(Script {
            password: need(&table, "password")?,
            sign_in: texts(&table, "sign-in"),
            places: texts(&table, "places"),
            requests,
            pages,
        })
    }
}
