//! The words of the interface, Chinese first, English complete.
//!
//! Texts lie in `locales/{zh,en}/*.ftl` (Fluent). Most of them take no argument; those are formatted once and looked up in a map.
//! Texts that come from mechanism documents (labels of fields, steps, kinds) are not here: the documents carry both languages.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::FluentResource;
use fluent_bundle::concurrent::FluentBundle;
pub use fluent_bundle::{FluentArgs, FluentValue};
use serde::{Deserialize, Serialize};
use unic_langid::LanguageIdentifier;

/// A language of the interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Simplified Chinese, the default.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Every language, default first.
    pub const ALL: [Lang; 2] = [Lang::Zh, Lang::En];

    /// The short code used in cookies, query strings and documents: `zh` or `en`.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }

    /// The BCP 47 tag for `<html lang>` and the `Content-Language` header.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// Its name in itself.
    pub fn own_name(self) -> Cow<'static, str> {
        t(self, "language-own-name")
    }

    /// The language with this code or tag (`zh`, `zh-CN`, `en-GB` …), if it is one of ours.
    pub fn parse(code: &str) -> Option<Lang> {
        let primary = code.trim().split(['-', '_']).next().unwrap_or_default();
        Lang::ALL.into_iter().find(|lang| lang.code().eq_ignore_ascii_case(primary))
    }

    /// The best language for an `Accept-Language` header; the default when none fits.
    pub fn negotiate(accept_language: &str) -> Lang {
        let mut best = (Lang::default(), 0.0_f32);
        for part in accept_language.split(',') {
            let mut pieces = part.split(';');
            let Some(lang) = pieces.next().and_then(Lang::parse) else {
                continue;
            };
            let weight =
                pieces.find_map(|piece| piece.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            if weight > best.1 {
                best = (lang, weight);
            }
        }
        best.0
    }

    fn identifier(self) -> LanguageIdentifier {
        // Both tags are well formed; the empty identifier of the fallback would only lose plural forms.
        self.tag().parse().unwrap_or_default()
    }

    fn catalogue(self) -> &'static Catalogue {
        match self {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Declares the files of both languages at once, so that neither can lack one.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        const ZH_FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../locales/zh/", $name, ".ftl")))),*];
        const EN_FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../locales/en/", $name, ".ftl")))),*];
    };
}

files![
    "common", "resident", "desk", "errors", "help", "pages", "api", "board", "burden", "log", "notices",
    "tables", "operate", "command", "sheets", "public", "lists"
];

static ZH: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load(Lang::Zh, ZH_FILES));
static EN: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::load(Lang::En, EN_FILES));

/// All messages of one language.
struct Catalogue {
    /// Messages without arguments, already formatted.
    plain: HashMap<&'static str, String>,
    bundle: FluentBundle<FluentResource>,
}

impl Catalogue {
    fn load(lang: Lang, files: &[(&'static str, &'static str)]) -> Catalogue {
        let mut bundle = FluentBundle::new_concurrent(vec![lang.identifier()]);
        // The isolating marks would show up as stray characters in search boxes and copied codes; both scripts run left to right.
        bundle.set_use_isolating(false);
        for (_, source) in files {
            // A file with a fault still yields its sound messages; the tests refuse any fault.
            let resource = match FluentResource::try_new((*source).to_owned()) {
                Ok(resource) => resource,
                Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        let mut plain = HashMap::new();
        for key in files.iter().flat_map(|(_, source)| keys(source)) {
            let mut errors = Vec::new();
            if let Some(pattern) = bundle.get_message(key).and_then(|m| m.value()) {
                let text = bundle.format_pattern(pattern, None, &mut errors).into_owned();
                if errors.is_empty() {
                    plain.insert(key, text);
                }
            }
        }
        Catalogue { plain, bundle }
    }
}

/// The keys of the messages in a Fluent source: lines that begin with a name and an equals sign.
fn keys(source: &'static str) -> impl Iterator<Item = &'static str> {
    source.lines().filter_map(|line| {
        let (key, _) = line.split_once('=')?;
        let key = key.strip_suffix(' ').unwrap_or(key);
        let named = key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        named.then_some(key)
    })
}

/// Whether there is a message with this key (arguments or none).
pub fn has(lang: Lang, key: &str) -> bool {
    lang.catalogue().bundle.has_message(key)
}

/// The text of a message without arguments. A key that does not exist comes back as itself, so that a fault is seen and not hidden;
/// the tests check every key that the templates use.
pub fn t(lang: Lang, key: &str) -> Cow<'static, str> {
    match lang.catalogue().plain.get(key) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(t_args(lang, key, &FluentArgs::new())),
    }
}

/// The text of a message with arguments. Numbers choose plural forms; give them as numbers.
pub fn t_args(lang: Lang, key: &str, args: &FluentArgs<'_>) -> String {
    let bundle = &lang.catalogue().bundle;
    match bundle.get_message(key).and_then(|message| message.value()) {
        Some(pattern) => {
            let mut errors = Vec::new();
            bundle.format_pattern(pattern, Some(args), &mut errors).into_owned()
        }
        None => key.to_owned(),
    }
}

/// The text of a message with the arguments given as pairs.
pub fn t_with<'a, const N: usize>(lang: Lang, key: &str, pairs: [(&'a str, FluentValue<'a>); N]) -> String {
    let mut args = FluentArgs::with_capacity(N);
    for (name, value) in pairs {
        args.set(name, value);
    }
    t_args(lang, key, &args)
}

/// Loads both languages now rather than at the first request.
pub fn warm() {
    LazyLock::force(&ZH);
    LazyLock::force(&EN);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The arguments (`$name`) that a message uses, by key.
    fn arguments(files: &[(&'static str, &'static str)]) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::new();
        for (_, source) in files {
            let mut key = String::new();
            for line in source.lines() {
                if let Some(found) = keys_of_line(line) {
                    key = found;
                    all.insert(key.clone(), Vec::new());
                } else if !line.starts_with([' ', '\t']) {
                    continue;
                }
                let names: &mut Vec<String> = all.entry(key.clone()).or_default();
                for piece in line.split('$').skip(1) {
                    let name: String = piece
                        .chars()
                        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-')
                        .collect();
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                names.sort();
            }
        }
        all
    }

    fn keys_of_line(line: &str) -> Option<String> {
        let (key, _) = line.split_once('=')?;
        let key = key.trim_end();
        (key.starts_with(|c: char| c.is_ascii_lowercase()) && !key.contains(' ')).then(|| key.to_owned())
    }

    #[test]
    fn both_languages_have_the_same_messages_with_the_same_arguments() {
        let zh = arguments(ZH_FILES);
        let en = arguments(EN_FILES);
        for (key, names) in &zh {
            assert_eq!(en.get(key), Some(names), "message `{key}` differs in en");
        }
        for key in en.keys() {
            assert!(zh.contains_key(key), "message `{key}` is missing in zh");
        }
    }

    #[test]
    fn every_file_parses_and_no_key_is_given_twice() {
        for files in [ZH_FILES, EN_FILES] {
            let mut seen = HashMap::new();
            for (name, source) in files {
                assert!(
                    FluentResource::try_new((*source).to_owned()).is_ok(),
                    "{name}.ftl has a syntax fault"
                );
                for key in keys(source) {
                    assert_eq!(seen.insert(key, *name), None, "`{key}` is given twice");
                }
            }
        }
    }

    /// Sources under a folder, by path.
    fn sources(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        let entries = std::fs::read_dir(folder).expect("the folder is there");
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs" || end == "html") {
                let text = std::fs::read_to_string(&path).expect("a source is text");
                found.push((path.display().to_string(), text));
            }
        }
    }

    /// The literal keys given to a function that looks messages up: `t("…")`, `tn(`, `tx(`, `txy(`, `t_with(lang, "…"`.
    fn literal_keys(source: &str) -> Vec<&str> {
        let mut keys = Vec::new();
        for call in ["t(", "tn(", "tx(", "txy(", "t_with(", "t_args("] {
            for (at, _) in source.match_indices(call) {
                // `format(` and the like end in `t(` too.
                if source[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
                    continue;
                }
                let rest = &source[at + call.len()..];
                let (before, rest) = rest.split_once('"').unwrap_or((rest, ""));
                let language = before.trim().trim_end_matches(',').trim_start_matches('&');
                let named = language.chars().all(|c| c.is_ascii_alphanumeric() || "._:()".contains(c));
                if let (true, Some((key, _))) = (named && before.len() < 40, rest.split_once('"')) {
                    keys.push(key);
                }
            }
        }
        keys
    }

    #[test]
    fn every_key_that_a_page_asks_for_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        for folder in ["src/pages", "src/view", "src/api", "templates"] {
            sources(&root.join(folder), &mut found);
        }
        let mut count = 0;
        let mut missing = Vec::new();
        for (path, source) in &found {
            for key in literal_keys(source) {
                count += 1;
                missing.extend(
                    Lang::ALL
                        .iter()
                        .filter(|lang| !has(**lang, key))
                        .map(|lang| format!("{path}: `{key}` in {lang}")),
                );
            }
        }
        assert!(missing.is_empty(), "missing messages:\n{}", missing.join("\n"));
        assert!(count > 300, "only {count} keys found: the reader has gone blind");
    }

    #[test]
    fn chinese_texts_are_chinese_and_english_ones_are_not() {
        let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for (key, text) in &EN.plain {
            assert!(!han(text) || key.ends_with("-zh"), "`{key}` is Chinese in en: {text}");
        }
    }

    #[test]
    fn languages_are_negotiated() {
        assert_eq!(Lang::negotiate("en-GB,en;q=0.9,zh;q=0.3"), Lang::En);
        assert_eq!(Lang::negotiate("fr,zh-CN;q=0.8,en;q=0.5"), Lang::Zh);
        assert_eq!(Lang::negotiate(""), Lang::Zh);
        assert_eq!(Lang::parse("en_US"), Some(Lang::En));
        assert_eq!(Lang::parse("de"), None);
    }

    #[test]
    fn a_missing_message_shows_its_key() {
        assert_eq!(t(Lang::Zh, "no-such-key"), "no-such-key");
        assert!(!has(Lang::Zh, "no-such-key"));
    }
}
