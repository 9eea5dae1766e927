//! The words of messages: one file a language, `key = template` a line, `{0}` for the first value.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use gongzhi_base::{Lang, Words};

use crate::diagnostic::Arg;

type Table = BTreeMap<&'static str, &'static str>;

fn table(lang: Lang) -> &'static Table {
    static TABLES: OnceLock<[Table; 2]> = OnceLock::new();
    let [zh, en] = TABLES
        .get_or_init(|| [read(include_str!("../locales/zh.txt")), read(include_str!("../locales/en.txt"))]);
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

fn read(text: &'static str) -> Table {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, template)| (key.trim(), template.trim()))
        .collect()
}

/// A text of the locale files with its values filled in; the key itself if it is missing.
pub fn text(lang: Lang, key: &str, args: &[Arg]) -> String {
    let Some(template) = table(lang).get(key) else { return key.to_owned() };
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = *template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let slot = rest
            .get(1..2)
            .and_then(|digit| digit.parse::<usize>().ok())
            .filter(|_| rest[2..].starts_with('}'));
        match slot.and_then(|slot| args.get(slot)) {
            Some(Arg::Own(own)) => out.push_str(&one_line(own)),
            Some(Arg::Key(key)) => out.push_str(&text(lang, key, &[])),
            Some(Arg::Words(words)) => out.push_str(&one_line(words.get(lang))),
            None => {
                out.push('{');
                rest = &rest[1..];
                continue;
            }
        }
        rest = &rest[3..];
    }
    out.push_str(rest);
    out
}

/// The same text in both languages.
pub fn words(key: &str, args: &[Arg]) -> Words {
    Words::new(text(Lang::Zh, key, args), text(Lang::En, key, args))
}

/// The document's words inside a message: on one line and not too long.
fn one_line(own: &str) -> String {
    const LONGEST: usize = 160;
    let mut out: String = own.split_whitespace().collect::<Vec<_>>().join(" ");
    if out.chars().count() > LONGEST {
        out = out.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_slots() {
        let (zh, en) = (table(Lang::Zh), table(Lang::En));
        assert_eq!(zh.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        for (key, template) in zh {
            for slot in ["{0}", "{1}", "{2}", "{3}"] {
                assert_eq!(template.contains(slot), en[key].contains(slot), "{key} {slot}");
            }
            assert!(!template.is_empty() && !en[key].is_empty(), "{key}");
        }
    }

    #[test]
    fn english_messages_are_lower_case_and_end_without_a_stop() {
        for (key, template) in
            table(Lang::En).iter().filter(|(key, _)| key.starts_with("GZ") && !key.ends_with(".why"))
        {
            assert!(
                !template.starts_with(char::is_uppercase) && !template.ends_with('.'),
                "{key}: {template}"
            );
        }
    }

    #[test]
    fn values_fill_their_slots() {
        let words = words("help.mean", &["open".into()]);
        assert!(words.zh.contains("`open`") && words.en.contains("`open`"), "{words:?}");
    }
}
