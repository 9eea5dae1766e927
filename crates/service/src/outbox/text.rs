//! The few words around what documents say, from the locale files of this crate.

use gongzhi_base::Lang;

const FILES: [(Lang, &str); 2] =
    [(Lang::Zh, include_str!("../../locales/zh.txt")), (Lang::En, include_str!("../../locales/en.txt"))];

fn lines(lang: Lang) -> impl Iterator<Item = (&'static str, &'static str)> {
    let file = FILES.into_iter().find(|(known, _)| *known == lang).map_or("", |(_, file)| file);
    let lines = file.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(key, text)| (key.trim(), text.trim()))
}

/// A text with its values; the key itself where a file lacks it.
pub fn text(lang: Lang, key: &str, values: &[&str]) -> String {
    let found = lines(lang).find(|(known, _)| *known == key).map_or(key, |(_, text)| text);
    let mut out = found.to_owned();
    for (at, value) in values.iter().enumerate() {
        out = out.replace(&format!("{{{at}}}"), value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_the_same_keys_and_slots() {
        let of = |lang| lines(lang).map(|(key, text)| (key, text.matches('{').count())).collect::<Vec<_>>();
        assert_eq!(of(Lang::Zh), of(Lang::En));
        assert_eq!(text(Lang::En, "digest.more", &["7"]), "7 more are in the product.");
    }
}
