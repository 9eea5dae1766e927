//! Search over the words of records, inside the reader's scope.
//!
//! The inverted index answers which rows hold all lexemes: words, but also places, units and
//! mechanisms as marked lexemes, so that a scope is exact. Phrases are checked on the text. Rows are
//! found newest first by reading block after block: the cost of a frequent word is that of a block,
//! not of all records.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use bytes::BytesMut;
use gongzhi_base::words::Term;
use gongzhi_kernel::project::{Projection, Row, unit_token};
use gongzhi_lang::model::Level;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::error::Done;
use super::link::{Link, arg, get};
use super::read;
use crate::shared::{ROW, units};
use crate::{Scope, ScopePart, Within};

/// Rows given at most.
const MOST: u32 = 1_000;
/// Rows of a block, as a power of two.
const BLOCK: u32 = 12;
/// How many blocks the first part of a question reads, the newest. Each block is a lexeme to look up.
const FIRST: i64 = 4;
/// How many the second reads, where more than [`REST`] rows would be left to the last part, which reads all.
const SECOND: i64 = 64;
/// Of so many rows a word that is rare among the newest has few enough to read them all.
const REST: i64 = 1 << 21;
/// Longer words are indexed by their beginning; the text decides.
const LONGEST: usize = 200;

/// Rows written at once whose words are put into the index together, rather than some rows at a time as they come:
/// what they have in common, and that is most, is then looked up once.
pub(super) const MANY: usize = 24;
/// Before them: their words are only gathered, in the list that every search reads.
pub(super) const GATHER: &str = "SET LOCAL gin_pending_list_limit = '64MB'";
/// After them: that list is emptied into the index, unless the index is put off.
pub(super) const SORT_IN: &str = "SELECT gin_clean_pending_list(to_regclass('words_lexemes'))";

/// The beginning of a word that is indexed.
pub(super) fn cut(word: &str) -> &str {
    let mut end = word.len().min(LONGEST);
    while !word.is_char_boundary(end) {
        end -= 1;
    }
    &word[..end]
}

/// Marks that no word begins with: a block, a mechanism, a place, a unit.
pub(super) fn block(county: &str, row: i64) -> String {
    format!("#{county}.{}", row >> BLOCK)
}

/// Whether a lexeme is one of those and no word.
pub(super) fn is_mark(lexeme: &str) -> bool {
    lexeme.starts_with(['#', '=', '@', '&'])
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

/// Lexemes as the server sends and takes them: how many, and each with an end mark and without positions. It need
/// not make them from a list of words then, nor sort them when they come sorted.
#[derive(Debug)]
pub(super) struct Lexemes(Vec<u8>);

impl Lexemes {
    /// All lexemes of a row.
    pub(super) fn of(county: &str, row: i64, made: &Projection) -> Lexemes {
        let (block, others) = (block(county, row), lexemes_of(made));
        // No other lexeme begins as a block does: it is the first.
        let all = std::iter::once(block.as_str()).chain(others.iter().map(AsRef::as_ref));
        let size = all.clone().map(|lexeme| lexeme.len() + END.len()).sum::<usize>();
        let mut bytes = Vec::with_capacity(size_of::<u32>() + size);
        bytes.extend((others.len() as u32 + 1).to_be_bytes());
        for lexeme in all {
            bytes.extend(lexeme.as_bytes());
            bytes.extend(END);
        }
        Lexemes(bytes)
    }
}

/// The end of a lexeme's text, and that no positions follow.
const END: [u8; 3] = [0; 3];

impl ToSql for Lexemes {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TS_VECTOR
    }

    to_sql_checked!();
}

/// Those that follow from the record alone, wherever its row stands: each once. Most are pieces of the text, which are
/// not copied: a rebuild makes more than a hundred for each record.
pub(super) fn lexemes_of(made: &Projection) -> Vec<Cow<'_, str>> {
    let levels = [Level::County, Level::Township, Level::Village, Level::Grid];
    let words = made.text.split(' ').filter(|word| !word.is_empty()).map(|word| Cow::Borrowed(cut(word)));
    let places =
        made.row.path.iter().zip(levels).filter_map(|(code, level)| Some(place(level, code.as_ref()?)));
    let helpers = made.scopes.iter().flat_map(|scope| units(scope)).map(unit);
    let marks = places.chain(helpers).chain([mechanism(&made.row.mechanism)]);
    let all = words.chain(marks.map(Cow::Owned));
    let mut all: Vec<(u64, Cow<'_, str>)> = all.map(|lexeme| (beginning(&lexeme), lexeme)).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(|(_, lexeme)| lexeme).collect()
}

/// The first eight bytes, which sort as the whole: most words have no more, and numbers are compared at once.
fn beginning(lexeme: &str) -> u64 {
    let mut bytes = [0; 8];
    let length = lexeme.len().min(bytes.len());
    bytes[..length].copy_from_slice(&lexeme.as_bytes()[..length]);
    u64::from_be_bytes(bytes)
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

/// The statement that reads so many parts, each only when those before it gave too few rows. Of a part it is told
/// the lexemes and between which rows; of all the county, phrases and limit.
///
/// Neither county nor row is compared as it stands: before the server has counted a new table it would
/// rather follow the key through all rows than the inverted index.
pub(super) fn sql(parts: usize) -> String {
    let part = |at: usize| {
        let (lexemes, below, from) = (4 + 3 * at, 5 + 3 * at, 6 + 3 * at);
        format!(
            "(SELECT w.row, w.record FROM words w
              WHERE w.lexemes @@ ${lexemes}::text::tsquery AND w.county || '' = $1
                  AND w.row + 0 < ${below}::bigint AND w.row + 0 >= ${from}::bigint
                  AND NOT EXISTS (SELECT 1 FROM unnest($2::text[]) AS p (phrase)
                                  WHERE strpos(' ' || w.text || ' ', p.phrase) = 0)
              ORDER BY w.row DESC LIMIT $3::bigint)"
        )
    };
    let parts: Vec<String> = (0..parts).map(part).collect();
    format!(
        "WITH newest AS MATERIALIZED (SELECT p.row, p.record FROM ({}) AS p LIMIT $3::bigint)
         SELECT {ROW} FROM newest n JOIN record r ON r.county = $1 AND r.record = n.record ORDER BY n.row DESC",
        parts.join(" UNION ALL ")
    )
}

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
    let newest = link.first("SELECT rows FROM applied WHERE county = $1", &[&county]).await?;
    // The first row that is in a part before.
    let mut below: i64 = newest.map_or(Ok(0), |row| get::<i64>(&row, 0))?.saturating_add(1);
    let limit = i64::from(limit.clamp(1, MOST));
    let mut args = vec![arg(county), arg(phrases), arg(limit)];
    let mut parts = 0;
    for blocks in [Some(FIRST), Some(SECOND), None] {
        if below <= 1 {
            break;
        }
        if blocks == Some(SECOND) && below <= REST {
            continue;
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
        args.extend([arg(asked), arg(below), arg(from)]);
        (below, parts) = (from, parts + 1);
    }
    if parts == 0 {
        return Ok(Vec::new());
    }
    link.composed(&sql(parts), &args).await?.iter().map(read::row).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_word_with_its_beginning_sorts_as_the_word(one in "[a-c停水\\x00]{0,10}", other in "[a-c停水\\x00]{0,10}") {
            let with = |word| (beginning(word), word);
            prop_assert_eq!(with(one.as_str()).cmp(&with(other.as_str())), one.cmp(&other));
        }
    }
}
