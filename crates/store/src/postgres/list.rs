//! Lists, inboxes and the neighbours of a place.
//!
//! Each list is the union of a few index ranges that are already in the wanted order: one for each
//! mechanism and each part of the reader's scope, all in one statement. The first rows of each are
//! merged, so the cost depends on the page and not on the number of records. The condition that leads
//! a range is an equality; all others are written so that no index answers them, which leaves the
//! planner no other choice.

use std::collections::{BTreeMap, BTreeSet};

use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::project::{Row, unit_token};
use gongzhi_lang::model::Level;

use super::error::Done;
use super::link::{Arg, Link, arg, count, get};
use super::read;
use crate::ledger::months;
use crate::ranges::{self, Branch, COUNTED, Lead, PAGE, Seen};
use crate::shared::{NEVER, ROW, place_column};
use crate::{ListQuery, Order, Page, Scope, ScopePart, Within};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

async fn branches<'a>(link: &Link, county: &str, query: &'a ListQuery) -> Done<Vec<Branch<'a>>> {
    let all = if ranges::over_all(query) { mechanisms(link, county).await? } else { Vec::new() };
    Ok(ranges::branches(query, all))
}

async fn mechanisms(link: &Link, county: &str) -> Done<Vec<String>> {
    let rows = link.query("SELECT name FROM mechanism WHERE county = $1 ORDER BY name", &[&county]).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// A statement being composed, with its parameters.
struct Composed {
    args: Vec<Arg<'static>>,
}

impl Composed {
    /// Adds a parameter and gives its name.
    fn arg(&mut self, value: impl tokio_postgres::types::ToSql + Sync + 'static) -> String {
        self.args.push(arg(value));
        format!("${}", self.args.len())
    }
}

/// Conditions, joined by `AND`.
#[derive(Default)]
struct Filter(String);

impl Filter {
    fn and(&mut self, condition: &str) {
        self.0.push_str(" AND ");
        self.0.push_str(condition);
    }
}

/// The condition that a unit's people may read a row.
fn unit_seen(composed: &mut Composed, code: &str) -> String {
    let token = composed.arg(format!(" {} ", unit_token(code)));
    format!("strpos(' ' || r.scopes || ' ', {token}) > 0")
}

/// One of the parts; a filter only, never the range that is read.
fn any_part(composed: &mut Composed, parts: &[&ScopePart]) -> String {
    let mut places: BTreeMap<Level, Vec<String>> = BTreeMap::new();
    let mut units: BTreeSet<String> = BTreeSet::new();
    for part in parts {
        match &part.within {
            Within::Place(level, code) => places.entry(*level).or_default().push(code.clone()),
            Within::Unit(code) => drop(units.insert(unit_token(code))),
        }
    }
    let mut either: Vec<String> = Vec::new();
    for (level, codes) in places {
        either.push(format!("r.{} = ANY({}::text[])", place_column(level), composed.arg(codes)));
    }
    if !units.is_empty() {
        let units: Vec<String> = units.into_iter().collect();
        either.push(format!("string_to_array(r.scopes, ' ') && {}::text[]", composed.arg(units)));
    }
    format!("({})", either.join(" OR "))
}

/// The statement of one range, with at most `limit` rows; `top` is the first level of the wanted kind.
fn range(
    composed: &mut Composed,
    query: &ListQuery,
    branch: &Branch<'_>,
    top: Option<&str>,
    since: Option<Timestamp>,
    limit: &str,
) -> String {
    // What may lead the range: its column and the value's parameter.
    let mut leads: Vec<(Lead, &str, String)> = Vec::new();
    let mut filter = Filter::default();
    match &branch.seen {
        Seen::All | Seen::Within(Within::Unit(_)) => {}
        Seen::Within(Within::Place(level, code)) => {
            leads.push((Lead::of_level(*level), place_column(*level), composed.arg(code.clone())));
        }
        Seen::AnyOf(parts) => {
            let any = any_part(composed, parts);
            filter.and(&any);
        }
    }
    if let Some((level, code)) = &query.place {
        leads.push((Lead::of_level(*level), place_column(*level), composed.arg(code.clone())));
    }
    if let Some(unit) = &query.unit {
        leads.push((Lead::Unit, "unit", composed.arg(unit.clone())));
    }
    if let Some(kind) = &query.kind {
        if let Some(top) = top {
            leads.push((Lead::Kind, "kind_top", composed.arg(top.to_owned())));
        }
        if top != Some(kind.as_str()) {
            // All codes that begin so.
            let prefix = composed.arg(kind.clone());
            filter.and(&format!("starts_with(r.kind, {prefix})"));
        }
    }
    if let Some(parent) = query.parent {
        leads.push((Lead::Part, "parent", composed.arg(parent.0.to_vec())));
    }
    leads.sort_by_key(|(lead, ..)| *lead);

    let due = query.order == Order::Due;
    let open_by_due = due && query.open == Some(true);
    let (key, direction, beyond) = if due { ("due", "ASC", ">") } else { ("opened", "DESC", "<") };
    let lead = leads.first().map_or(Lead::All, |(lead, ..)| *lead);
    // Looked up for each row of the range: the limit keeps the planner from joining in another way.
    let joined = "CROSS JOIN LATERAL (SELECT * FROM record f WHERE f.county = s.county AND f.record = s.record LIMIT 1) r";
    // Where the range is read (`s` is a table of its own beside the record), and which tables hold the
    // key of the order and the time of opening.
    let listed = |token: String, composed: &mut Composed| {
        let token = Some(composed.arg(token));
        if open_by_due {
            (format!("unit_open s {joined}"), 's', 'r', token)
        } else {
            // Closed ones by due time: nobody's page, so there is no list in this order.
            (format!("unit_new s {joined}"), if due { 'r' } else { 's' }, 's', token)
        }
    };
    let (led_by, others) = branch.lists(query);
    let (from, by, opened, unit) = match (&branch.seen, led_by) {
        (seen, Some(token)) => {
            if let Seen::Within(Within::Unit(code)) = seen {
                let part = unit_seen(composed, code);
                filter.and(&part);
            }
            listed(token, composed)
        }
        // Not only what the unit has in charge: also the desk, helpers and others with a part in it.
        (Seen::Within(Within::Unit(code)), None) if lead > Lead::Unit => listed(unit_token(code), composed),
        (seen, None) => {
            if let Seen::Within(Within::Unit(code)) = seen {
                let part = unit_seen(composed, code);
                filter.and(&part);
            }
            // By parent there is one order only.
            if open_by_due && lead != Lead::Part {
                (format!("waiting s {joined}"), 's', 'r', None)
            } else {
                ("record r".to_owned(), 'r', 'r', None)
            }
        }
    };
    let source = if from.starts_with("record") { 'r' } else { 's' };
    let mut range = Filter::default();
    for (at, (lead, column, value)) in leads.iter().enumerate() {
        if at == 0 && *lead < Lead::All && unit.is_none() {
            range.and(&format!("{source}.{column} = {value}"));
        } else {
            // Such a comparison is never looked up in an index.
            filter.and(&format!("r.{column} IS NOT DISTINCT FROM {value}"));
        }
    }
    if let Some(unit) = unit {
        range.and(&format!("s.unit = {unit}"));
    }
    for token in others {
        let token = composed.arg(format!(" {token} "));
        filter.and(&format!("strpos(' ' || r.scopes || ' ', {token}) > 0"));
    }
    plain_conditions(composed, &mut filter, query, opened, since);
    if let Some((at, id)) = query.after {
        let (at, id) = (composed.arg(at), composed.arg(id.0.to_vec()));
        filter.and(&format!("({by}.{key}, {by}.record) {beyond} ({at}, {id})"));
    }
    let mechanism = composed.arg(branch.mechanism.clone());
    format!(
        "SELECT {ROW} FROM {from} WHERE {source}.county = $1 AND {source}.mechanism = {mechanism}{}{} \
         ORDER BY {by}.{key} {direction}, {by}.record {direction} LIMIT {limit}",
        range.0, filter.0
    )
}

/// The conditions that choose no index. `of` is the table whose time of opening may bound the range.
fn plain_conditions(
    composed: &mut Composed,
    filter: &mut Filter,
    query: &ListQuery,
    of: char,
    since: Option<Timestamp>,
) {
    if let Some(open) = query.open {
        filter.and(if open { "r.open" } else { "NOT r.open" });
    }
    if let Some(state) = &query.state {
        let state = composed.arg(state.clone());
        filter.and(&format!("r.state = {state}"));
    }
    if let Some(late) = query.late {
        filter.and(if late { "r.late" } else { "NOT r.late" });
    }
    if let Some(period) = &query.month {
        let (month, last) = months(period);
        // The month is that of the county's civil time, a day around it holds it in any zone: the
        // bounds make it one range of the order by opening.
        let first = |month: &str| {
            Timestamp::read(&format!("{month}-01T00:00:00Z")).map_or(i64::MAX - 40 * DAY, |at| at.0)
        };
        let (from, to) = (composed.arg(first(&month) - DAY), composed.arg(first(&last) + 32 * DAY));
        let (month, last) = (composed.arg(month), composed.arg(last));
        filter.and(&format!(
            "r.month BETWEEN {month} AND {last} AND {of}.opened >= {from} AND {of}.opened < {to}"
        ));
    }
    if let Some(since) = since {
        let since = composed.arg(since.0);
        filter.and(&format!("{of}.opened >= {since}"));
    }
    if query.marks != 0 {
        let marks = composed.arg(query.marks.cast_signed());
        filter.and(&format!("(r.marks & {marks}) = {marks}"));
    }
    if query.marks_clear != 0 {
        let marks = composed.arg(query.marks_clear.cast_signed());
        filter.and(&format!("(r.marks & {marks}) = 0"));
    }
}

/// For each mechanism the longest beginning of a catalogue code under which records stand as their
/// first level: codes of lower levels begin with that of the level above, and the first level has an
/// index.
async fn tops(
    link: &Link,
    county: &str,
    branches: &[Branch<'_>],
    kind: Option<&String>,
) -> Done<BTreeMap<String, String>> {
    let Some(kind) = kind else { return Ok(BTreeMap::new()) };
    let beginnings: Vec<&str> =
        (1..=kind.len()).filter(|end| kind.is_char_boundary(*end)).map(|end| &kind[..end]).collect();
    let mechanisms: BTreeSet<&str> = branches.iter().map(|branch| branch.mechanism.as_str()).collect();
    let mechanisms: Vec<&str> = mechanisms.into_iter().collect();
    let sql = "SELECT m.name, k.top FROM unnest($2::text[]) AS m (name) CROSS JOIN unnest($3::text[]) AS k (top)
               WHERE EXISTS (SELECT 1 FROM record r WHERE r.county = $1 AND r.mechanism = m.name AND r.kind_top = k.top)";
    let mut tops: BTreeMap<String, String> = BTreeMap::new();
    for row in link.query(sql, &[&county, &mechanisms, &beginnings]).await? {
        let (mechanism, top): (String, String) = (get(&row, 0)?, get(&row, 1)?);
        let longest = tops.entry(mechanism).or_default();
        if top.len() > longest.len() {
            *longest = top;
        }
    }
    Ok(tops)
}

/// The whole statement; nothing when the reader may see nothing.
async fn statement(
    link: &Link,
    county: &str,
    query: &ListQuery,
    since: Option<Timestamp>,
    limit: u32,
) -> Done<Option<(String, Vec<Arg<'static>>, usize)>> {
    let branches = branches(link, county, query).await?;
    if branches.is_empty() {
        return Ok(None);
    }
    let tops = tops(link, county, &branches, query.kind.as_ref()).await?;
    let mut composed = Composed { args: vec![arg(county.to_owned())] };
    let limit = composed.arg(i64::from(limit));
    let ranges: Vec<String> = branches
        .iter()
        .map(|branch| {
            let top = tops.get(&branch.mechanism).map(String::as_str);
            range(&mut composed, query, branch, top, since, &limit)
        })
        .collect();
    let sql = match ranges.as_slice() {
        [only] => only.clone(),
        ranges => format!("({})", ranges.join(") UNION ALL (")),
    };
    Ok(Some((sql, composed.args, branches.len())))
}

pub(super) async fn list(link: &Link, county: &str, query: &ListQuery) -> Done<Page> {
    page(link, county, query, None).await
}

async fn page(link: &Link, county: &str, query: &ListQuery, since: Option<Timestamp>) -> Done<Page> {
    let limit = query.limit.clamp(1, PAGE);
    let Some((sql, args, ranges)) = statement(link, county, query, since, limit + 1).await? else {
        return Ok(Page::default());
    };
    let found = link.composed(&sql, &args).await?;
    let mut rows: Vec<Row> = found.iter().map(read::row).collect::<Done<_>>()?;
    let key = |row: &Row| match query.order {
        Order::Due => row.due.map_or(NEVER, |due| due.0),
        Order::Newest => row.opened.0,
    };
    if ranges > 1 {
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

pub(super) async fn values(
    link: &Link,
    county: &str,
    mechanism: &str,
    name: &str,
    above: Option<RecordId>,
) -> Done<Vec<String>> {
    let beginning = ranges::values_of(name, above);
    let end = format!("{beginning}\u{10FFFF}");
    // From each value to the next one: a look-up a value, however many records have it.
    let next = "SELECT unit FROM unit_new WHERE county = $1 AND mechanism = $2 AND unit > %s AND unit < $4
                ORDER BY unit LIMIT 1";
    let (first, then) = (next.replace("%s", "$3"), next.replace("%s", "v.unit"));
    let sql = format!(
        "WITH RECURSIVE v (unit) AS (
             ({first}) UNION ALL SELECT ({then}) FROM v WHERE v.unit IS NOT NULL
         ) SELECT unit FROM v WHERE unit IS NOT NULL LIMIT $5"
    );
    let most = ranges::VALUES as i64;
    let rows = link.query(&sql, &[&county, &mechanism, &beginning, &end, &most]).await?;
    let tokens: Vec<String> = rows.iter().map(|row| get(row, 0)).collect::<Done<_>>()?;
    Ok(tokens.iter().filter_map(|token| ranges::value_of(token, &beginning)).collect())
}

pub(super) async fn recent_near(
    link: &Link,
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
    page(link, county, &query, Some(since)).await.map(|page| page.rows)
}

pub(super) async fn todo(
    link: &Link,
    county: &str,
    keys: &[String],
    after: Option<(i64, RecordId)>,
    limit: u32,
) -> Done<Page> {
    let limit = limit.clamp(1, PAGE);
    let (due, id) = after.map_or((i64::MIN, [0; 16]), |(due, id)| (due, id.0));
    let sql = format!(
        "SELECT {ROW}, w.due FROM (
             SELECT DISTINCT t.due, t.record FROM unnest($2::text[]) AS k (who) CROSS JOIN LATERAL (
                 SELECT due, record FROM todo WHERE county = $1 AND who = k.who AND (due, record) > ($3, $4)
                 ORDER BY due, record LIMIT $5
             ) t ORDER BY t.due, t.record LIMIT $5
         ) w JOIN record r ON r.county = $1 AND r.record = w.record ORDER BY w.due, w.record"
    );
    let found = link.query(&sql, &[&county, &keys, &due, &id.as_slice(), &i64::from(limit + 1)]).await?;
    let more = found.len() > limit as usize;
    let found = &found[..found.len().min(limit as usize)];
    let rows: Vec<Row> = found.iter().map(read::row).collect::<Done<_>>()?;
    let next = match (found.last(), rows.last()) {
        (Some(last), Some(row)) if more => Some((get(last, 25)?, row.id)),
        _ => None,
    };
    Ok(Page { rows, next })
}

pub(super) async fn todo_count(link: &Link, county: &str, keys: &[String]) -> Done<(u64, u64)> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE w.late) FROM (
                   SELECT t.record, bool_or(t.late) AS late
                   FROM unnest($2::text[]) AS k (who) CROSS JOIN LATERAL (
                       SELECT due, record, late FROM todo WHERE county = $1 AND who = k.who
                       ORDER BY due, record LIMIT $3
                   ) t GROUP BY t.due, t.record ORDER BY t.due, t.record LIMIT $3
               ) w";
    match link.first(sql, &[&county, &keys, &(COUNTED as i64)]).await? {
        Some(row) => Ok((count(&row, 0)?, count(&row, 1)?)),
        None => Ok((0, 0)),
    }
}

/// The planner's choice for a list, one line a step.
#[cfg(test)]
pub(super) async fn plan(link: &Link, county: &str, query: &ListQuery) -> Done<String> {
    let Some((sql, args, _)) = statement(link, county, query, None, query.limit).await? else {
        return Ok(String::new());
    };
    planned(link, &sql, args.len()).await
}

/// The planner's choice for a statement with so many parameters, whatever their values.
#[cfg(test)]
pub(super) async fn planned(link: &Link, sql: &str, args: usize) -> Done<String> {
    link.script(&format!("PREPARE probe AS {sql}")).await?;
    let values = vec!["NULL"; args].join(", ");
    let rows = link.query(&format!("EXPLAIN (COSTS OFF) EXECUTE probe ({values})"), &[]).await;
    link.script("DEALLOCATE probe").await?;
    let rows = rows?;
    let lines: Vec<String> = rows.iter().map(|row| get(row, 0)).collect::<Done<_>>()?;
    Ok(lines.join("\n"))
}
