//! Search over the words of records, inside the reader's scope.

use gongzhi_base::words::Term;
use gongzhi_kernel::project::{Row, place_token, unit_token};
use gongzhi_lang::model::Level;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::error::fault;
use super::list::Filter;
use super::read;
use crate::shared::ROW;
use crate::{Scope, ScopePart, StoreError, Within};

/// Rows given at most.
const MOST: u32 = 1_000;

pub(super) fn search(
    conn: &Connection,
    county: &str,
    scope: &Scope,
    terms: &[Term],
    limit: u32,
) -> Result<Vec<Row>, StoreError> {
    let Some(mut words) = expression(terms) else { return Ok(Vec::new()) };
    let mut seen = Filter::default();
    if let Scope::Any(parts) = scope {
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let parts: Vec<&ScopePart> = parts.iter().collect();
        // Nearly every record lies in the county: to look each of them up by it would cost more than it leaves out.
        if !parts.iter().any(|part| matches!(part.within, Within::Place(Level::County, _))) {
            words = format!("({words}) AND {{scope}} : ({})", scope_expression(&parts));
        }
        // The index knows places and units; which mechanism goes with which is checked on the row.
        seen.any_part(&parts, super::list::unit_seen);
    }
    let mut args = vec![Value::from(words), Value::from(county.to_owned())];
    args.append(&mut seen.args);
    args.push(limit.clamp(1, MOST).into());
    // CROSS JOIN: the index gives rows newest first, and the reading ends with the last one wanted.
    let sql = format!(
        "SELECT {ROW} FROM words CROSS JOIN record r ON r.row = words.rowid WHERE words MATCH ? AND r.county = ?{} \
         ORDER BY words.rowid DESC LIMIT ?",
        seen.sql
    );
    conn.prepare_cached(&sql)
        .and_then(|mut query| query.query_map(params_from_iter(args), read::row)?.collect())
        .map_err(fault)
}

/// All terms, as the index's query language says it; `None` when nothing is asked.
fn expression(terms: &[Term]) -> Option<String> {
    let terms: Vec<String> = terms
        .iter()
        .map(|term| match term {
            Term::Phrase(tokens) => format!("{{text}} : {}", quoted(&tokens.join(" "))),
            Term::Prefix(token) => format!("{{text}} : {} *", quoted(token)),
        })
        .collect();
    (!terms.is_empty()).then(|| terms.join(" AND "))
}

/// Any of the places and units, each once.
fn scope_expression(parts: &[&ScopePart]) -> String {
    let mut tokens: Vec<String> = parts
        .iter()
        .map(|part| match &part.within {
            Within::Place(_, code) => quoted(&place_token(code)),
            Within::Unit(code) => quoted(&unit_token(code)),
        })
        .collect();
    tokens.sort();
    tokens.dedup();
    tokens.join(" OR ")
}

/// A string of the query language. Tokens hold letters and digits only; a quotation mark would be
/// doubled all the same.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}
