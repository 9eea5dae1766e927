//! Full-width punctuation · 全角标点
//!
//! # What it does
//! Finds full-width punctuation where the program needs the half-width one: `：` after a key, `，`
//! between entries, `“”` around a value, and any in an expression. Punctuation inside words for people
//! is left alone.
//!
//! # Why is this bad
//! The two look alike on the page, but only the half-width one separates keys, entries and texts: the
//! line would be read as one long word.
//!
//! # Example
//! ```yaml
//! fields：
//!   what: { type： text }
//! ```
//!
//! # Fix
//! ```yaml
//! fields:
//!   what: { type: text }
//! ```
//!
//! # 作用
//! 找出应当用半角却用了全角的标点：键后面的 `：`、各项之间的 `，`、值两边的 `“”`，以及表达式里的全角符号。给人看的文字里的标点不管。
//!
//! # 为什么不好
//! 两种标点看上去差不多，但只有半角的才起分隔作用：整行会被当成一个长词。

use crate::checks::Check;
use crate::diagnostic::{Fault, Faults, Severity};
use crate::expr::lex::half_width;
use crate::source::At;

/// The check.
pub const CHECK: Check = Check {
    code: "GZ002",
    name: "full-width",
    severity: Severity::Error,
    page: include_str!("full_width.rs"),
};

/// Tells every full-width sign that stands where structure is meant. True if there was one.
pub fn lint(text: &str, at: At, faults: &mut Faults) -> bool {
    let mut found = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        for (offset, c) in suspects(line) {
            found = true;
            faults.add(sign(at.part(start + offset..start + offset + c.len_utf8()), c));
        }
        start += line.len();
    }
    found
}

/// A full-width sign in structure or in an expression.
pub fn sign(at: At, c: char) -> Fault {
    let half = half_width(c).unwrap_or(c).to_string();
    Fault::new(&CHECK, "", at).with(c.to_string()).help("help.write", vec![half.into()])
}

/// Full-width signs of one line that can only be meant as structure.
fn suspects(line: &str) -> Vec<(usize, char)> {
    let mut out = Vec::new();
    let mut quote: Option<char> = None;
    // What stands since the last separator: a key, or the beginning of a value.
    let mut word_start = 0;
    let mut at_value = true;
    for (at, c) in line.char_indices() {
        if let Some(open) = quote {
            quote = (c != open).then_some(open);
            continue;
        }
        let word = line[word_start..at].trim();
        match c {
            '#' if line[..at].ends_with(' ') || at == 0 => break,
            '"' | '\'' if word.is_empty() => quote = Some(c),
            '：' if is_key(word) && at_value => {
                out.push((at, c));
                word_start = at + c.len_utf8();
            }
            '，' if separates(word, &line[at + c.len_utf8()..]) => {
                out.push((at, c));
                word_start = at + c.len_utf8();
                at_value = true;
                continue;
            }
            '“' | '”' | '‘' | '’' | '｛' | '［' | '【' if word.is_empty() && !at_value => {
                out.push((at, c))
            }
            ':' | ',' | '{' | '[' | '}' | ']' => word_start = at + 1,
            '-' if word.is_empty() => word_start = at + 1,
            _ => {}
        }
        if !c.is_whitespace() {
            at_value = matches!(c, '{' | ',' | '[' | '-') || (at_value && c != ':' && c != '：');
        }
    }
    out
}

/// Whether a word may be a key: ASCII letters, digits, `-` and `_`.
fn is_key(word: &str) -> bool {
    let word = word.trim_start_matches('-').trim();
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '?'))
}

/// Whether a comma stands between entries: another key follows, or both sides are names.
fn separates(before: &str, after: &str) -> bool {
    let name = |text: &str| {
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '?')))
            .unwrap_or(text.len());
        (end > 0).then(|| text[end..].trim_start().chars().next())
    };
    match name(after.trim_start()) {
        Some(Some(':' | '：')) => true,
        Some(Some(']' | '，' | ',')) => is_key(before),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_is_told_apart_from_words() {
        let signs = |line| suspects(line).into_iter().map(|(_, c)| c).collect::<String>();
        assert_eq!(signs("fields：\n"), "：");
        assert_eq!(signs("  what: { type： text， max: 20 }"), "：，");
        assert_eq!(signs("  zh: “诉求”"), "“");
        assert_eq!(signs("  from: [open， closed]"), "，");
        for fine in [
            "  zh: 时间、经过，希望怎么办：请写明。",
            "  help: { zh: 例如：村小学门口，3号楼。, en: x }",
            "  when: \"a == '，：'\"",
            "  zh: 按“类别归口”派单",
            "  # 注释：这里，随便写",
        ] {
            assert_eq!(signs(fine), "", "{fine}");
        }
    }
}
