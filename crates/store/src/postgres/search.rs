//! Search over the words of records, inside the reader's scope.
//!
//! The inverted index answers which rows hold all lexemes: words, but also places, units and
//! mechanisms as marked lexemes, so that a scope is exact. Phrases are checked on the text. Rows are
//! found newest first by reading block after block: the cost of a frequent word is that of a block,
//! not of all records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use gongzhi_base::words::Term;
use gongzhi_kernel::project::{Projection, Row, unit_token};
use gongzhi_lang::model::Level;

use super::error::Done;
use super::link::{Link, get};
use super::read;
use crate::shared::{ROW, units};
use crate::{Scope, ScopePart, Within};

/// Rows given at most.
const MOST: u32 = 1_000;
/// Rows of a block, as a power of two.
const BLOCK: u32 = 12;
/// How many blocks each question reads, the newest first; the last question reads all that are left.
const STEPS: [i64; 3] = [2, 8, 64];
/// Longer words are indexed by their beginning; the text decides.
const LONGEST: usize = 200;

/// The beginning of a word that is indexed.
fn cut(word: &str) -> &str {
    let mut end = word.len().min(LONGEST);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    &word[..end]
}

/// Marks that no word begins with: a block, a mechanism, a place, a unit.
fn block(county: &str, row: i64) -> String {
    format!("#{county}.{}", row >> BLOCK)
}

fn mechanism(name: &str) -> String {
    format!("={name}")
}

fn place(level: Level, code: &str) -> String {
    format!("@{}{code}", level as usize)
}

fn unit(token: &str) -> String {
    format!("&{token}")
}

/// All lexemes of a row, separated by spaces, each once.
pub(super) fn lexemes(county: &str, row: i64, made: &Projection) -> String {
    let levels = [Level::County, Level::Township, Level::Village, Level::Grid];
    let words = made.text.split(' ').filter(|word| !word.is_empty()).map(|word| cut(word).to_owned());
    let places =
        made.row.path.iter().zip(levels).filter_map(|(code, level)| Some(place(level, code.as_ref()?)));
    let helpers = made.scopes.iter().flat_map(|scope| units(scope)).map(unit);
    let all: BTreeSet<String> = words
        .chain(places)
        .chain(helpers)
        .chain([block(county, row), mechanism(&made.row.mechanism)])
        .collect();
    all.into_iter().collect::<Vec<_>>().join(" ")
}

/// A lexeme as the query language writes it.
fn quoted(lexeme: &str) -> String {
    format!("'{}'", lexeme.replace('\\', "\\\\").replace('\'', "''"))
}

/// All terms, and what the text must hold besides.
fn words(terms: &[Term]) -> (Vec<String>, Vec<String>) {
    let mut lexemes = Vec::new();
    let mut phrases = Vec::new();
    for term in terms {
        match term {
            Term::Phrase(tokens) => {
                lexemes.extend(tokens.iter().map(|token| quoted(cut(token))));
                if tokens.len() > 1 || tokens.iter().any(|token| token.len() > LONGEST) {
                    phrases.push(format!(" {} ", tokens.join(" ")));
                }
            }
            Term::Prefix(token) => {
                lexemes.push(format!("{}:*", quoted(cut(token))));
                if token.len() > LONGEST {
                    phrases.push(format!(" {token}"));
                }
            }
        }
    }
    (lexemes, phrases)
}

/// Any of the parts: a mechanism with any of its places and units.
fn scope_lexemes(parts: &[ScopePart]) -> String {
    let mut by_mechanism: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for part in parts {
        let lexeme = match &part.within {
            Within::Place(level, code) => place(*level, code),
            Within::Unit(code) => unit(&unit_token(code)),
        };
        by_mechanism.entry(&part.mechanism).or_default().insert(quoted(&lexeme));
    }
    let any: Vec<String> = by_mechanism
        .into_iter()
        .map(|(name, within)| {
            let within: Vec<String> = within.into_iter().collect();
            format!("({} & ({}))", quoted(&mechanism(name)), within.join(" | "))
        })
        .collect();
    format!("({})", any.join(" | "))
}

/// Neither county nor row is compared as it stands: before the server has counted a new table it would
/// rather follow the key through all rows than the inverted index.
pub(super) static SQL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH hit AS MATERIALIZED (
             SELECT w.row, w.record FROM words w
             WHERE w.lexemes @@ $2::text::tsquery AND w.county || '' = $1 AND w.row + 0 < $3 AND w.row + 0 >= $4
                 AND NOT EXISTS (SELECT 1 FROM unnest($5::text[]) AS p (phrase)
                                 WHERE strpos(' ' || w.text || ' ', p.phrase) = 0)
         ), newest AS MATERIALIZED (SELECT row, record FROM hit ORDER BY row DESC LIMIT $6)
         SELECT {ROW} FROM newest n JOIN record r ON r.county = $1 AND r.record = n.record ORDER BY n.row DESC"
    )
});

pub(super) async fn search(
    link: &Link,
    county: &str,
    scope: &Scope,
    terms: &[Term],
    limit: u32,
) -> Done<Vec<Row>> {
    let (mut lexemes, phrases) = words(terms);
    if lexemes.is_empty() {
        return Ok(Vec::new());
    }
    if let Scope::Any(parts) = scope {
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        lexemes.push(scope_lexemes(parts));
    }
    let wanted = lexemes.join(" & ");
    let limit = limit.clamp(1, MOST) as usize;
    let newest = link.first("SELECT rows FROM applied WHERE county = $1", &[&county]).await?;
    // The first row that was read already.
    let mut below: i64 = newest.map_or(Ok(0), |row| get::<i64>(&row, 0))?.saturating_add(1);
    let mut found: Vec<Row> = Vec::new();
    for blocks in STEPS.into_iter().map(Some).chain([None]) {
        if below <= 1 || found.len() >= limit {
            break;
        }
        let (asked, from) = match blocks {
            Some(blocks) => {
                let last = (below - 1) >> BLOCK;
                let first = (last - blocks + 1).max(0);
                let any: Vec<String> = (first..=last).map(|at| quoted(&block(county, at << BLOCK))).collect();
                (format!("{wanted} & ({})", any.join(" | ")), first << BLOCK)
            }
            None => (wanted.clone(), 0),
        };
        let missing = (limit - found.len()) as i64;
        let rows = link.query(&SQL, &[&county, &asked, &below, &from, &phrases, &missing]).await?;
        for row in &rows {
            found.push(read::row(row)?);
        }
        below = from;
    }
    Ok(found)
}
