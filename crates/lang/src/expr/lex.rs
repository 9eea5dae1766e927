//! Tokens of expressions. Names may be Chinese; positions are bytes of the expression's text.

use std::ops::Range;

/// A token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Token {
    Int(i64),
    Text(String),
    Name(String),
    /// An operator or bracket.
    Sign(&'static str),
    End,
}

/// Why a text is no expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// A sign that belongs to no expression.
    Sign(char),
    /// A full-width sign where the half-width one is meant.
    FullWidth(char),
    /// A text without its closing quote.
    OpenText,
    /// A number too large.
    Number,
    /// This token can't stand here.
    Unexpected(String),
    /// It ends where something is missing.
    Ended,
    /// Nested too deeply.
    Deep,
}

/// A fault of syntax, with its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bad {
    pub why: Why,
    pub range: Range<usize>,
}

/// Longer signs before their beginnings.
const SIGNS: [&str; 22] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", "(", ")", "[", "]",
    ",", ".",
];

/// The half-width sign that a full-width one stands for.
pub fn half_width(c: char) -> Option<char> {
    Some(match c {
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        '。' => '.',
        '、' => ',',
        '【' => '[',
        '】' => ']',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0)?,
        _ => return None,
    })
}

/// Splits a text into tokens with their bytes; the last one is the end.
pub fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, Bad> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c.is_ascii_digit() {
            number(rest, at)?
        } else if c == '"' || c == '\'' {
            quoted(rest, c, at)?
        } else if c == '_' || c.is_alphabetic() {
            let length = rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len());
            (Token::Name(rest[..length].to_owned()), length)
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            let why = if half_width(c).is_some() { Why::FullWidth(c) } else { Why::Sign(c) };
            return Err(Bad { why, range: at..at + c.len_utf8() });
        };
        out.push((token, at..at + length));
        at += length;
    }
    out.push((Token::End, text.len()..text.len()));
    Ok(out)
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Bad> {
    let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let int = rest[..length].parse().map_err(|_| Bad { why: Why::Number, range: at..at + length })?;
    Ok((Token::Int(int), length))
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize), Bad> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((Token::Text(text), index + 1)),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(c) => text.push(c),
                None => break,
            },
            c => text.push(c),
        }
    }
    Err(Bad { why: Why::OpenText, range: at..at + rest.len() })
}
