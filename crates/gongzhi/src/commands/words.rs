//! The words of the commands: one language for the whole run, texts from the locale files.

use std::sync::OnceLock;

use gongzhi_web::i18n::{FluentArgs, Lang, t_args};

static CHOSEN: OnceLock<Lang> = OnceLock::new();

/// Sets the language of this run, once: the one asked for, else the terminal's, else Chinese.
pub fn choose(asked: Option<&str>) {
    let terminal = || {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
        named.filter(|name| !name.is_empty()).find_map(|name| Lang::parse(&name))
    };
    let _ = CHOSEN.set(asked.and_then(Lang::parse).or_else(terminal).unwrap_or_default());
}

/// The language of this run.
pub fn lang() -> Lang {
    CHOSEN.get().copied().unwrap_or_default()
}

/// A text of the locale files with its arguments.
pub fn words<const N: usize>(key: &str, args: [(&'static str, String); N]) -> String {
    let mut given = FluentArgs::with_capacity(N);
    for (name, value) in args {
        given.set(name, value);
    }
    t_args(lang(), key, &given)
}
