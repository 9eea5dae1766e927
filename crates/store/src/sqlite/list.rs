//! Lists, inboxes and the neighbours of a place.
//!
//! Each list is the union of a few index ranges that are already in the wanted order: one for each
//! mechanism and each part of the reader's scope. The first rows of each are merged, so the cost
//! depends on the page and not on the number of records.

use std::collections::{BTreeSet, HashSet};

use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::project::{Row, unit_token};
use gongzhi_lang::model::Level;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::error::fault;
use super::read;
use crate::ledger::months;
use crate::ranges::{self, Branch, COUNTED, Lead, PAGE, Seen};
use crate::shared::{NEVER, ROW, place_column};
use crate::{ListQuery, Order, Page, Scope, ScopePart, StoreError, Within};

type Done<T> = Result<T, StoreError>;

impl Lead {
    /// The index that it leads, over all records or over the open ones.
    fn index(self, open: bool) -> &'static str {
        match (self, open) {
            (Lead::Part, _) => "new_part",
            (Lead::Grid, false) => "new_grid",
            (Lead::Grid, true) => "open_grid",
            (Lead::Village, false) => "new_village",
            (Lead::Village, true) => "open_village",
            (Lead::Unit, false) => "new_unit",
            (Lead::Unit, true) => "open_unit",
            (Lead::Town, false) => "new_town",
            (Lead::Town, true) => "open_town",
            (Lead::Kind, false) => "new_kind",
            (Lead::Kind, true) => "open_kind",
            (Lead::All, false) => "new_all",
            (Lead::All, true) => "open_all",
        }
    }
}

fn branches<'a>(conn: &Connection, county: &str, query: &'a ListQuery) -> Done<Vec<Branch<'a>>> {
    let all = if ranges::over_all(query) { mechanisms(conn, county)? } else { Vec::new() };
    Ok(ranges::branches(query, all))
}

fn mechanisms(conn: &Connection, county: &str) -> Done<Vec<String>> {
    conn.prepare_cached("SELECT name FROM mechanism WHERE county = ?1")
        .and_then(|mut query| query.query_map([county], |row| row.get(0))?.collect())
        .map_err(fault)
}

/// A statement being composed: its conditions and their parameters, in step.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) sql: String,
    pub(super) args: Vec<Value>,
}

impl Filter {
    pub(super) fn and(&mut self, condition: &str, args: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.args.extend(args);
    }

    /// One of the parts; a filter only, never the range that is read.
    pub(super) fn any_part(&mut self, parts: &[&ScopePart], unit: impl Fn(&str) -> (String, Value)) {
        let mut either = Vec::new();
        let mut args = Vec::new();
        // Gathered by mechanism and level, so that the expression stays flat for any number of parts.
        let groups: BTreeSet<(&str, Option<Level>)> =
            parts.iter().map(|part| (part.mechanism.as_str(), level(&part.within))).collect();
        for (mechanism, level) in groups {
            let mut inner = Vec::new();
            args.push(Value::from(mechanism.to_owned()));
            for part in parts
                .iter()
                .filter(|part| (part.mechanism.as_str(), self::level(&part.within)) == (mechanism, level))
            {
                match &part.within {
                    Within::Place(_, code) => {
                        inner.push("?".to_owned());
                        args.push(code.clone().into());
                    }
                    Within::Unit(code) => {
                        let (condition, value) = unit(code);
                        inner.push(condition);
                        args.push(value);
                    }
                }
            }
            either.push(match level {
                Some(level) => {
                    format!("(r.mechanism = ? AND r.{} IN ({}))", place_column(level), inner.join(", "))
                }
                None => format!("(r.mechanism = ? AND ({}))", inner.join(" OR ")),
            });
        }
        if either.is_empty() {
            either.push("0".to_owned());
        }
        self.and(&format!("({})", either.join(" OR ")), args);
    }
}

/// The condition that a unit's people may read a row.
pub(super) fn unit_seen(code: &str) -> (String, Value) {
    ("instr(' ' || r.scopes || ' ', ?) > 0".to_owned(), format!(" {} ", unit_token(code)).into())
}

fn level(within: &Within) -> Option<Level> {
    match within {
        Within::Place(level, _) => Some(*level),
        Within::Unit(_) => None,
    }
}

/// Where a range is read: an index of `record r`, or a list of a unit joined with it as `s`.
struct Source {
    from: String,
    /// The table that holds the key of the order, and that of the time of opening.
    key: char,
    opened: char,
}

/// The statement of one range, with at most `limit` rows.
fn statement(
    conn: &Connection,
    county: &str,
    query: &ListQuery,
    branch: &Branch<'_>,
    since: Option<Timestamp>,
    limit: u32,
) -> Done<Filter> {
    let mut filter = Filter::default();
    let mut lead = Lead::All;
    let mut fix = |filter: &mut Filter, by: Lead, column: &str, value: &str| {
        filter.and(&format!("r.{column} = ?"), [Value::from(value.to_owned())]);
        lead = lead.min(by);
    };
    match &branch.seen {
        Seen::All | Seen::Within(Within::Unit(_)) => {}
        Seen::Within(Within::Place(level, code)) => {
            fix(&mut filter, Lead::of_level(*level), place_column(*level), code);
        }
        Seen::AnyOf(parts) => filter.any_part(parts, unit_seen),
    }
    if let Some((level, code)) = &query.place {
        fix(&mut filter, Lead::of_level(*level), place_column(*level), code);
    }
    if let Some(unit) = &query.unit {
        fix(&mut filter, Lead::Unit, "unit", unit);
    }
    if let Some(kind) = &query.kind {
        let top = top_of(conn, county, &branch.mechanism, kind)?;
        if let Some(top) = top {
            fix(&mut filter, Lead::Kind, "kind_top", top);
        }
        if top != Some(kind.as_str()) {
            // All codes that begin so.
            filter
                .and("r.kind >= ? AND r.kind < ?", [kind.clone().into(), format!("{kind}\u{10FFFF}").into()]);
        }
    }
    if let Some(parent) = query.parent {
        filter.and("r.parent = ?", [Value::from(parent.0.to_vec())]);
        lead = Lead::Part;
    }

    let due = query.order == Order::Due;
    let (key, direction, beyond) = if due { ("due", "ASC", ">") } else { ("opened", "DESC", "<") };
    let mut args = vec![Value::from(county.to_owned()), Value::from(branch.mechanism.clone())];
    let listed = |token: String, args: &mut Vec<Value>| {
        args.push(token.into());
        unit_source(due, query.open == Some(true))
    };
    let (led_by, others) = branch.lists(query);
    let source = match (&branch.seen, led_by) {
        (seen, Some(token)) => {
            if let Seen::Within(Within::Unit(code)) = seen {
                let (condition, token) = unit_seen(code);
                filter.and(&condition, [token]);
            }
            listed(token, &mut args)
        }
        // Not only what the unit has in charge: also the desk, helpers and others with a part in it.
        (Seen::Within(Within::Unit(code)), None) if lead > Lead::Unit => listed(unit_token(code), &mut args),
        (seen, None) => {
            if let Seen::Within(Within::Unit(code)) = seen {
                let (condition, token) = unit_seen(code);
                filter.and(&condition, [token]);
            }
            let index = lead.index(due && query.open == Some(true));
            let from = format!("record r INDEXED BY {index} WHERE r.county = ? AND r.mechanism = ?");
            Source { from, key: 'r', opened: 'r' }
        }
    };
    for token in others {
        filter.and("instr(' ' || r.scopes || ' ', ?) > 0", [format!(" {token} ").into()]);
    }
    plain_conditions(&mut filter, query, source.opened, since);
    let by = source.key;
    if let Some((at, id)) = query.after {
        filter.and(
            &format!("({by}.{key}, {by}.record) {beyond} (?, ?)"),
            [at.into(), Value::from(id.0.to_vec())],
        );
    }
    args.append(&mut filter.args);
    args.push(limit.into());
    Ok(Filter {
        sql: format!(
            "SELECT {ROW} FROM {}{} ORDER BY {by}.{key} {direction}, {by}.record {direction} LIMIT ?",
            source.from, filter.sql
        ),
        args,
    })
}

/// The list of a unit that is in the wanted order.
fn unit_source(due: bool, open: bool) -> Source {
    let (table, key, opened) = match (due, open) {
        (true, true) => ("unit_open", 's', 'r'),
        (false, _) => ("unit_new", 's', 's'),
        // Closed ones by due time: nobody's page, so there is no list in this order.
        (true, false) => ("unit_new", 'r', 's'),
    };
    let from = format!(
        "{table} s CROSS JOIN record r ON r.row = s.row WHERE s.county = ? AND s.mechanism = ? AND s.unit = ?"
    );
    Source { from, key, opened }
}

/// The conditions that choose no index. `of` is the table whose time of opening may bound the range.
fn plain_conditions(filter: &mut Filter, query: &ListQuery, of: char, since: Option<Timestamp>) {
    match query.open {
        // A constant and not a parameter: only so do the indexes over open records apply.
        Some(true) => filter.and("r.open = 1", []),
        Some(false) => filter.and("r.open = 0", []),
        None => {}
    }
    if let Some(state) = &query.state {
        filter.and("r.state = ?", [state.clone().into()]);
    }
    if let Some(late) = query.late {
        filter.and("r.late = ?", [Value::from(late)]);
    }
    if let Some(period) = &query.month {
        let (month, last) = months(period);
        // The month is that of the county's civil time, a day around it holds it in any zone: the
        // bounds make it one range of the order by opening.
        filter.and(
            &format!(
                "r.month BETWEEN ? AND ? AND {of}.opened >= (unixepoch(? || '-01') - 86400) * 1000 \
                 AND {of}.opened < (unixepoch(? || '-01', '+1 month') + 86400) * 1000"
            ),
            [month.clone().into(), last.clone().into(), month.into(), last.into()],
        );
    }
    if let Some(since) = since {
        filter.and(&format!("{of}.opened >= ?"), [since.0.into()]);
    }
    if query.marks != 0 {
        let marks = query.marks.cast_signed();
        filter.and("(r.marks & ?) = ?", [marks.into(), marks.into()]);
    }
    if query.marks_clear != 0 {
        filter.and("(r.marks & ?) = 0", [query.marks_clear.cast_signed().into()]);
    }
}

/// The longest beginning of a catalogue code under which records stand as their first level: codes
/// of lower levels begin with that of the level above, and the first level has an index.
fn top_of<'a>(conn: &Connection, county: &str, mechanism: &str, kind: &'a str) -> Done<Option<&'a str>> {
    let mut exists = conn
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM record INDEXED BY new_kind
                            WHERE county = ?1 AND mechanism = ?2 AND kind_top = ?3)",
        )
        .map_err(fault)?;
    for end in (1..=kind.len()).rev().filter(|end| kind.is_char_boundary(*end)) {
        let found: bool =
            exists.query_row(params![county, mechanism, &kind[..end]], |row| row.get(0)).map_err(fault)?;
        if found {
            return Ok(Some(&kind[..end]));
        }
    }
    Ok(None)
}

pub(super) fn list(conn: &Connection, county: &str, query: &ListQuery) -> Done<Page> {
    page(conn, county, query, None)
}

fn page(conn: &Connection, county: &str, query: &ListQuery, since: Option<Timestamp>) -> Done<Page> {
    let limit = query.limit.clamp(1, PAGE);
    let mut rows: Vec<Row> = Vec::new();
    let branches = branches(conn, county, query)?;
    for branch in &branches {
        let Filter { sql, args } = statement(conn, county, query, branch, since, limit + 1)?;
        let mut statement = conn.prepare_cached(&sql).map_err(fault)?;
        let mut found = statement.query(params_from_iter(args)).map_err(fault)?;
        while let Some(row) = found.next().map_err(fault)? {
            rows.push(read::row(row).map_err(fault)?);
        }
    }
    let key = |row: &Row| match query.order {
        Order::Due => row.due.map_or(NEVER, |due| due.0),
        Order::Newest => row.opened.0,
    };
    if branches.len() > 1 {
        match query.order {
            Order::Due => rows.sort_by_key(|row| (key(row), row.id)),
            Order::Newest => rows.sort_by_key(|row| std::cmp::Reverse((key(row), row.id))),
        }
        rows.dedup_by_key(|row| row.id);
    }
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| (key(row), row.id));
    Ok(Page { rows, next })
}

pub(super) fn values(
    conn: &Connection,
    county: &str,
    mechanism: &str,
    name: &str,
    above: Option<RecordId>,
) -> Done<Vec<String>> {
    let beginning = ranges::values_of(name, above);
    let end = format!("{beginning}\u{10FFFF}");
    let mut next = conn
        .prepare_cached(
            "SELECT min(unit) FROM unit_new WHERE county = ?1 AND mechanism = ?2 AND unit > ?3 AND unit < ?4",
        )
        .map_err(fault)?;
    let (mut found, mut last) = (Vec::new(), beginning.clone());
    while found.len() < ranges::VALUES {
        let token: Option<String> =
            next.query_row(params![county, mechanism, last, end], |row| row.get(0)).map_err(fault)?;
        let Some(token) = token else { break };
        found.extend(ranges::value_of(&token, &beginning));
        last = token;
    }
    Ok(found)
}

pub(super) fn recent_near(
    conn: &Connection,
    county: &str,
    mechanism: &str,
    place: (Level, &str),
    since: Timestamp,
    limit: u32,
) -> Done<Vec<Row>> {
    let query = ListQuery {
        scope: Scope::All,
        mechanism: Some(mechanism.to_owned()),
        place: Some((place.0, place.1.to_owned())),
        limit,
        ..ListQuery::default()
    };
    page(conn, county, &query, Some(since)).map(|page| page.rows)
}

pub(super) fn todo(
    conn: &Connection,
    county: &str,
    keys: &[String],
    after: Option<(i64, RecordId)>,
    limit: u32,
) -> Done<Page> {
    let limit = limit.clamp(1, PAGE);
    let (due, id) = after.map_or((i64::MIN, [0; 16]), |(due, id)| (due, id.0));
    let mut waiting: Vec<(i64, [u8; 16], i64)> = Vec::new();
    let mut query = conn
        .prepare_cached(
            "SELECT due, record, row FROM todo WHERE county = ?1 AND who = ?2 AND (due, record) > (?3, ?4)
             ORDER BY due, record LIMIT ?5",
        )
        .map_err(fault)?;
    for key in keys {
        let mut found = query.query(params![county, key, due, id, limit + 1]).map_err(fault)?;
        while let Some(row) = found.next().map_err(fault)? {
            let read = || Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            waiting.push(read().map_err(fault)?);
        }
    }
    waiting.sort_unstable();
    waiting.dedup();
    let more = waiting.len() > limit as usize;
    waiting.truncate(limit as usize);
    let next = waiting.last().filter(|_| more).map(|(due, id, _)| (*due, RecordId(*id)));
    let sql = format!("SELECT {ROW} FROM record r WHERE r.row = ?1 AND r.county = ?2");
    let mut query = conn.prepare_cached(&sql).map_err(fault)?;
    let rows = waiting
        .iter()
        .map(|(_, _, row)| query.query_row(params![row, county], read::row))
        .collect::<Result<_, _>>()
        .map_err(fault)?;
    Ok(Page { rows, next })
}

pub(super) fn todo_count(conn: &Connection, county: &str, keys: &[String]) -> Done<(u64, u64)> {
    // Counted inside the engine: a full inbox of one key costs a tenth of reading its rows.
    let mut query = conn
        .prepare_cached(
            "SELECT count(*), coalesce(sum(late), 0) FROM
             (SELECT late FROM todo WHERE county = ?1 AND who = ?2 ORDER BY due, record LIMIT ?3)",
        )
        .map_err(fault)?;
    let mut counted: Vec<(&String, u64, u64)> = Vec::new();
    for key in keys {
        let (all, late) = query
            .query_row(params![county, key, COUNTED as i64], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
            })
            .map_err(fault)?;
        if all > 0 {
            counted.push((key, all, late));
        }
    }
    match counted.as_slice() {
        [] => Ok((0, 0)),
        [(_, all, late)] => Ok((*all, *late)),
        many => {
            match many.iter().filter(|(_, all, _)| *all >= COUNTED as u64).max_by_key(|(_, _, late)| *late) {
                Some((_, all, late)) => Ok((*all, *late)),
                None => todo_count_once(conn, county, many.iter().map(|(key, _, _)| key.as_str())),
            }
        }
    }
}

/// The count over several keys, under which the same record may wait.
fn todo_count_once<'k>(
    conn: &Connection,
    county: &str,
    keys: impl Iterator<Item = &'k str>,
) -> Done<(u64, u64)> {
    let mut query = conn
        .prepare_cached(
            "SELECT row, late FROM todo WHERE county = ?1 AND who = ?2 ORDER BY due, record LIMIT ?3",
        )
        .map_err(fault)?;
    let mut seen: HashSet<i64> = HashSet::new();
    let mut late = 0;
    for key in keys {
        let mut found = query.query(params![county, key, COUNTED as i64]).map_err(fault)?;
        while let Some(row) = found.next().map_err(fault)? {
            if seen.len() >= COUNTED {
                return Ok((seen.len() as u64, late));
            }
            if seen.insert(row.get(0).map_err(fault)?) && row.get::<_, bool>(1).map_err(fault)? {
                late += 1;
            }
        }
    }
    Ok((seen.len() as u64, late))
}

/// The engine's plan for each range of a list, one line a step.
#[cfg(test)]
pub(super) fn plan(conn: &Connection, county: &str, query: &ListQuery) -> Done<String> {
    let mut plan = String::new();
    for branch in branches(conn, county, query)? {
        let Filter { sql, args } = statement(conn, county, query, &branch, None, query.limit)?;
        let mut explain = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).map_err(fault)?;
        let lines: Vec<String> = explain
            .query_map(params_from_iter(args), |row| row.get(3))
            .and_then(Iterator::collect)
            .map_err(fault)?;
        plan.push_str(&lines.join("\n"));
        plan.push('\n');
    }
    Ok(plan)
}
