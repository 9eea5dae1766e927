//! Words for search: Chinese text as overlapping pairs of characters, other text as lower-case
//! words. The same function prepares what is stored and what is asked, so recall is exact.

/// Whether a character belongs to a script written without spaces.
fn unspaced(c: char) -> bool {
    matches!(c as u32, 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Folds full-width letters and digits to their usual forms and lower-cases.
fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    if unspaced(c) {
        return c;
    }
    let c = match c as u32 {
        0x3000 => ' ',
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    c.to_lowercase().next().unwrap_or(c)
}

/// One run of text: either unspaced script or a word.
fn runs(text: &str) -> Vec<(bool, Vec<char>)> {
    let mut out: Vec<(bool, Vec<char>)> = Vec::new();
    let mut open = false;
    for c in text.chars().map(fold) {
        let han = unspaced(c);
        if !han && !c.is_alphanumeric() {
            open = false;
            continue;
        }
        match out.last_mut() {
            Some((kind, run)) if open && *kind == han => run.push(c),
            _ => out.push((han, vec![c])),
        }
        open = true;
    }
    out
}

/// The tokens under which a text is stored: each single Chinese character that begins a pair and
/// the last one, each pair, and each other word; separated by spaces.
pub fn index_tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    push_tokens(&mut out, text);
    out
}

/// The same, added to what is there. Every change of a record comes through here: one pass, no
/// memory of its own.
pub fn push_tokens(out: &mut String, text: &str) {
    // The last character of an open run of unspaced script.
    let mut before: Option<char> = None;
    let mut word = false;
    for c in text.chars().map(fold) {
        if unspaced(c) {
            if let Some(before) = before {
                begin(out);
                out.extend([before, c]);
            }
            (before, word) = (Some(c), false);
            continue;
        }
        if let Some(last) = before.take() {
            begin(out);
            out.push(last);
        }
        if !c.is_alphanumeric() {
            word = false;
            continue;
        }
        if !word {
            begin(out);
            word = true;
        }
        out.push(c);
    }
    if let Some(last) = before {
        begin(out);
        out.push(last);
    }
}

fn begin(out: &mut String) {
    if !out.is_empty() {
        out.push(' ');
    }
}

/// Adds tokens that were made before: names stand in many records.
pub fn push_made(out: &mut String, tokens: &str) {
    if !tokens.is_empty() {
        begin(out);
        out.push_str(tokens);
    }
}

/// What to look for, as alternatives a search must all find: each is a phrase of tokens in order,
/// or a prefix (for a single Chinese character or the last, possibly unfinished, word).
pub fn query_terms(text: &str) -> Vec<Term> {
    let runs = runs(text);
    let last = runs.len().saturating_sub(1);
    runs.iter()
        .enumerate()
        .take(12)
        .map(|(at, (han, run))| match (han, run.len()) {
            (true, 1) => Term::Prefix(run.iter().collect()),
            (true, _) => Term::Phrase(run.windows(2).take(30).map(|pair| pair.iter().collect()).collect()),
            (false, _) if at == last => Term::Prefix(run.iter().collect()),
            (false, _) => Term::Phrase(vec![run.iter().collect()]),
        })
        .collect()
}

/// One thing a search must find. Tokens hold letters and digits only: nothing to escape.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Term {
    /// Tokens in this order, next to each other.
    Phrase(Vec<String>),
    /// A token that begins so.
    Prefix(String),
}

/// How alike two texts are, 0 to 1: the share of common character pairs and words (Dice).
pub fn likeness(a: &str, b: &str) -> f64 {
    let set = |text: &str| -> std::collections::BTreeSet<String> {
        index_tokens(text).split(' ').filter(|t| t.chars().count() > 1).map(str::to_owned).collect()
    };
    let (a, b) = (set(a), set(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    2.0 * a.intersection(&b).count() as f64 / (a.len() + b.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_is_stored_as_pairs_and_words_as_words() {
        assert_eq!(index_tokens("阳庄村停水 3天 ABC"), "阳庄 庄村 村停 停水 水 3 天 abc");
    }

    #[test]
    fn tokens_made_before_stand_as_if_they_were_made_now() {
        for before in ["", "abc", "停水"] {
            for text in ["", " ", "阳庄村", "Yangzhuang 3", "水"] {
                let (mut now, mut made) = (index_tokens(before), index_tokens(before));
                push_tokens(&mut now, text);
                push_made(&mut made, &index_tokens(text));
                assert_eq!(made, now);
            }
        }
    }

    #[test]
    fn queries_find_what_was_stored() {
        assert_eq!(query_terms("停水"), [Term::Phrase(vec!["停水".into()])]);
        assert_eq!(query_terms("水"), [Term::Prefix("水".into())]);
        assert_eq!(query_terms("AB 12").last(), Some(&Term::Prefix("12".into())));
        assert!(query_terms("\"; DROP * --").iter().all(|t| matches!(t, Term::Prefix(p) if p == "drop")));
    }

    #[test]
    fn likeness_is_high_for_the_same_trouble() {
        assert!(likeness("阳庄村停水两天了", "阳庄村已经停水两天") > 0.5);
        assert!(likeness("阳庄村停水两天了", "路灯不亮") < 0.1);
    }
}
