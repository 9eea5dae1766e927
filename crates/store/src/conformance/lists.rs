//! Inboxes and lists, compared with plain filters over the same rows.

use gongzhi_base::{RecordId, Timestamp};
use gongzhi_kernel::project::{Row, facet_token, unit_token};
use gongzhi_lang::model::Level;

use super::Make;
use super::fixture::{Book, DAY, Dice, MATTER, START, id, record, with_scopes};
use crate::ledger::months;
use crate::{ListQuery, Order, Page, Scope, ScopePart, Stored, Within};

fn waiting(n: u64, revision: u64, due: Option<i64>, late: bool, keys: &[&str]) -> Stored {
    let mut stored = record(n);
    stored.projection.row.revision = revision;
    stored.projection.row.due = due.map(Timestamp);
    stored.projection.row.late = late;
    stored.projection.todo = keys.iter().map(|key| (*key).to_owned()).collect();
    stored
}

pub(super) fn todo(make: Make<'_>) {
    let mut book = Book::new(make());
    book.put(vec![
        waiting(1, 1, Some(300), false, &["clerk@t1", "lead@t1"]),
        waiting(2, 1, Some(100), true, &["clerk@t1"]),
        waiting(3, 1, None, false, &["clerk@t1"]),
        waiting(4, 1, Some(200), false, &["clerk@t2"]),
        waiting(5, 1, Some(200), false, &["lead@t1"]),
        waiting(6, 1, Some(50), false, &["nobody@t1"]),
    ])
    .expect("committed");
    let keys = ["clerk@t1".to_owned(), "lead@t1".to_owned(), "unknown@t1".to_owned()];
    let order = |book: &Book, limit: u32| {
        let mut ids = Vec::new();
        let mut after = None;
        loop {
            let page = book.ledger.todo(&keys, after, limit).expect("an inbox");
            assert!(page.rows.len() <= limit as usize);
            ids.extend(page.rows.iter().map(|row| row.id));
            match page.next {
                Some(next) => after = Some(next),
                None => return ids,
            }
        }
    };
    for limit in [1, 2, 3, 10] {
        assert_eq!(order(&book, limit), [id(2), id(5), id(1), id(3)], "pages of {limit}");
    }
    assert_eq!(book.ledger.todo(&[], None, 10), Ok(Page::default()));
    // Changes: another due time, another inbox, out of all inboxes, late without another due time.
    book.put(vec![
        waiting(1, 2, Some(10), false, &["clerk@t1", "lead@t1"]),
        waiting(2, 2, Some(100), true, &["clerk@t2"]),
        waiting(3, 2, None, false, &[]),
        waiting(5, 2, Some(200), true, &["lead@t1"]),
    ])
    .expect("committed");
    assert_eq!(order(&book, 10), [id(1), id(5)]);
    assert_eq!(book.ledger.todo_count(&keys), Ok((2, 1)));
    let page = book.ledger.todo(&keys, None, 10).expect("an inbox");
    assert_eq!(page.rows[0].revision, 2, "rows are the present ones");
}

pub(super) fn todo_counts(make: Make<'_>) {
    let mut book = Book::new(make());
    let keys = ["clerk@t1".to_owned(), "lead@t1".to_owned()];
    book.put((0..30).map(|n| waiting(n, 1, Some(n as i64), n < 7, &["clerk@t1", "lead@t1"])).collect())
        .expect("committed");
    assert_eq!(book.ledger.todo_count(&keys), Ok((30, 7)));
    book.put((30..1_100).map(|n| waiting(n, 1, Some(n as i64), false, &["lead@t1"])).collect())
        .expect("committed");
    assert_eq!(book.ledger.todo_count(&keys), Ok((crate::COUNTED as u64, 7)), "no further");
    assert_eq!(book.ledger.todo_count(&[]), Ok((0, 0)));
}

const TOWNS: [&str; 3] = ["t1", "t2", "t3"];
const UNITS: [&str; 3] = ["u1", "u2", "u3"];
const KINDS: [&str; 4] = ["010101", "010201", "020101", "020102"];
const STATES: [&str; 3] = ["received", "working", "closed"];
/// Of the record above with the identifier `id(0)`.
const ABOVE_ONE: &str = "above=019b76daa80000000000000000000000";
const FACETS: [&str; 6] = ["force=f1", "force=f2", "due_on=2026-03", "due_on=", "state=closed", ABOVE_ONE];
const MECHANISMS: [&str; 3] = [MATTER, "joint", "unit"];

/// A varied record.
fn any(n: u64, dice: &mut Dice) -> Stored {
    let mut stored = record(n);
    let row = &mut stored.projection.row;
    row.mechanism = (*dice.pick(&MECHANISMS)).to_owned();
    let town = *dice.pick(&TOWNS);
    let village = (!dice.once_in(4)).then(|| format!("{town}v{}", dice.below(3)));
    let grid =
        village.as_ref().filter(|_| dice.once_in(2)).map(|village| format!("{village}g{}", dice.below(2)));
    row.path = [Some("c1".into()), (!dice.once_in(9)).then(|| town.to_owned()), village, grid];
    row.unit = (!dice.once_in(3)).then(|| (*dice.pick(&UNITS)).to_owned());
    let kind = (!dice.once_in(5)).then(|| *dice.pick(&KINDS));
    row.kind = kind.map(str::to_owned);
    row.kind_top = kind.map(|kind| kind[..2].to_owned());
    row.state = (*dice.pick(&STATES)).to_owned();
    row.open = row.state != "closed";
    // Equal times are common on purpose: pages must not lose rows between them.
    row.due = (row.open && !dice.once_in(4)).then(|| Timestamp(START + dice.below(20) as i64 * DAY));
    row.late = row.due.is_some() && dice.once_in(3);
    let month = dice.below(3);
    row.opened = Timestamp(START + (month as i64 * 31 + dice.below(25) as i64) * DAY);
    row.month = ["2026-01", "2026-02", "2026-03"][month as usize].to_owned();
    if month == 1 {
        row.opened = Timestamp(row.opened.0.max(START + 31 * DAY));
    }
    row.marks = dice.below(16);
    row.parent = dice.once_in(5).then(|| id(dice.below(4)));
    let mut stored = with_scopes(stored);
    if dice.once_in(3) {
        // A unit that helps.
        stored.projection.scopes.push(unit_token(UNITS[dice.below(3) as usize]));
        stored.projection.scopes.sort();
        stored.projection.scopes.dedup();
    }
    // Lists of values: one of two, and seldom a second.
    let facets = [FACETS[dice.below(2) as usize], FACETS[2 + dice.below(4) as usize]];
    let kept = if dice.once_in(3) { 2 } else { 1 };
    stored.projection.facets = facets[..kept].iter().map(|key| facet_token(key)).collect();
    stored.projection.facets.sort();
    stored
}

fn any_scope(dice: &mut Dice, parts: u64) -> Scope {
    Scope::Any(
        (0..parts)
            .map(|_| {
                let town = *dice.pick(&TOWNS);
                ScopePart {
                    mechanism: (*dice.pick(&MECHANISMS)).to_owned(),
                    within: match dice.below(9) {
                        0 => Within::Place(Level::County, "c1".into()),
                        1 => Within::Place(Level::Township, "c1".into()),
                        2 | 3 => Within::Place(Level::Township, town.into()),
                        4 => Within::Place(Level::Village, format!("{town}v{}", dice.below(3))),
                        5 => Within::Place(Level::Grid, format!("{town}v1g{}", dice.below(2))),
                        _ => Within::Unit((*dice.pick(&UNITS)).into()),
                    },
                }
            })
            .collect(),
    )
}

fn any_query(dice: &mut Dice) -> ListQuery {
    let town = *dice.pick(&TOWNS);
    let place = match dice.below(5) {
        0 => Some((Level::County, "c1".to_owned())),
        1 => Some((Level::Township, town.to_owned())),
        2 => Some((Level::Village, format!("{town}v{}", dice.below(3)))),
        3 if dice.once_in(2) => Some((Level::Grid, format!("{town}v0g{}", dice.below(2)))),
        _ => None,
    };
    let maybe =
        |dice: &mut Dice, n: u64, from: &[&str]| dice.once_in(n).then(|| (*dice.pick(from)).to_owned());
    ListQuery {
        scope: if dice.once_in(3) {
            Scope::All
        } else {
            let parts = dice.below(6);
            any_scope(dice, parts)
        },
        mechanism: maybe(dice, 2, &MECHANISMS),
        place,
        unit: maybe(dice, 4, &UNITS),
        kind: maybe(dice, 4, &["01", "02", "0101", "0201", "020101", "09"]),
        state: maybe(dice, 6, &STATES),
        open: dice.once_in(2).then(|| !dice.once_in(4)),
        late: dice.once_in(6).then(|| dice.once_in(2)),
        month: maybe(dice, 5, &["2026-01", "2026-02", "2026-03", "2026-Q1", "2026-Q2", "2026", "nonsense"]),
        marks: if dice.once_in(4) { 1 << dice.below(4) } else { 0 },
        marks_clear: if dice.once_in(4) { 1 << dice.below(4) } else { 0 },
        parent: dice.once_in(9).then(|| id(dice.below(4))),
        facets: if dice.once_in(3) {
            let all = [*dice.pick(&FACETS), *dice.pick(&FACETS)];
            all[..1 + dice.below(2) as usize].iter().map(|key| (*key).to_owned()).collect()
        } else {
            Vec::new()
        },
        among: match dice.below(8) {
            0 => FACETS.iter().filter(|_| dice.once_in(2)).map(|key| (*key).to_owned()).collect(),
            _ => Vec::new(),
        },
        order: if dice.once_in(2) { Order::Due } else { Order::Newest },
        after: None,
        limit: 1 + dice.below(40) as u32,
    }
}

/// Whether a scope shows a record, said as plainly as possible.
pub(super) fn sees(scope: &Scope, stored: &Stored) -> bool {
    let row = &stored.projection.row;
    let Scope::Any(parts) = scope else { return true };
    parts.iter().any(|part| {
        part.mechanism == row.mechanism
            && match &part.within {
                Within::Place(level, code) => row.path[*level as usize].as_ref() == Some(code),
                Within::Unit(code) => stored.projection.scopes.contains(&unit_token(code)),
            }
    })
}

fn fits(query: &ListQuery, stored: &Stored) -> bool {
    let row = &stored.projection.row;
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    sees(&query.scope, stored)
        && is(&query.mechanism, &row.mechanism)
        && query.place.as_ref().is_none_or(|(level, code)| row.path[*level as usize].as_ref() == Some(code))
        && query.unit.as_ref().is_none_or(|unit| row.unit.as_ref() == Some(unit))
        && query
            .kind
            .as_ref()
            .is_none_or(|kind| row.kind.as_ref().is_some_and(|found| found.starts_with(kind)))
        && is(&query.state, &row.state)
        && query.open.is_none_or(|open| open == row.open)
        && query.late.is_none_or(|late| late == row.late)
        && query.month.as_ref().is_none_or(|period| {
            let (first, last) = months(period);
            (first..=last).contains(&row.month)
        })
        && row.marks & query.marks == query.marks
        && row.marks & query.marks_clear == 0
        && query.parent.is_none_or(|parent| row.parent == Some(parent))
        && query.facets.iter().all(|facet| stored.projection.facets.contains(&facet_token(facet)))
        && (query.among.is_empty()
            || query.among.iter().any(|facet| stored.projection.facets.contains(&facet_token(facet))))
}

/// The identifiers that a query must give, in order.
fn expected(query: &ListQuery, all: &[Stored]) -> Vec<RecordId> {
    let mut rows: Vec<&Row> =
        all.iter().filter(|stored| fits(query, stored)).map(|stored| &stored.projection.row).collect();
    match query.order {
        Order::Due => rows.sort_by_key(|row| (row.due.map_or(i64::MAX, |due| due.0), row.id)),
        Order::Newest => rows.sort_by_key(|row| std::cmp::Reverse((row.opened, row.id))),
    }
    rows.iter().map(|row| row.id).collect()
}

/// All pages of a query.
fn paged(book: &Book, query: &ListQuery) -> Vec<RecordId> {
    let mut query = query.clone();
    let mut ids = Vec::new();
    loop {
        let page = book.ledger.list(&query).expect("a list");
        assert!(page.rows.len() <= query.limit as usize);
        ids.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return ids,
        }
    }
}

fn filled(make: Make<'_>, count: u64) -> (Book, Vec<Stored>) {
    let mut dice = Dice(11);
    let mut book = Book::new(make());
    let mut stored: Vec<Stored> = (0..count).map(|n| any(n, &mut dice)).collect();
    book.put(stored.clone()).expect("committed");
    // A second life for some: places, units, states and times become others.
    let mut again = Vec::new();
    for (n, stored) in stored.iter_mut().enumerate().filter(|(n, _)| n % 3 == 0) {
        let receipt = stored.receipt;
        *stored = any(n as u64, &mut dice);
        stored.receipt = receipt;
        stored.projection.row.revision = 2;
        again.push(stored.clone());
    }
    book.put(again).expect("committed");
    (book, stored)
}

pub(super) fn filters(make: Make<'_>) {
    let (book, rows) = filled(make, 300);
    let mut dice = Dice(5);
    for _ in 0..400 {
        let query = any_query(&mut dice);
        assert_eq!(paged(&book, &query), expected(&query, &rows), "{query:?}");
    }
    let nothing = ListQuery { mechanism: Some(MATTER.into()), ..ListQuery::default() };
    assert_eq!(book.ledger.list(&nothing), Ok(Page::default()), "an empty scope sees nothing");
}

pub(super) fn values(make: Make<'_>) {
    let (book, rows) = filled(make, 200);
    for (mechanism, above) in MECHANISMS.iter().flat_map(|name| [(*name, false), (*name, true)]) {
        let of = |stored: &&Stored| {
            stored.projection.row.mechanism == mechanism
                && (!above || stored.projection.facets.contains(&facet_token(ABOVE_ONE)))
        };
        let stands =
            |key: &&&str| rows.iter().filter(of).any(|row| row.projection.facets.contains(&facet_token(key)));
        let mut wanted: Vec<String> = FACETS
            .iter()
            .filter(|key| key.starts_with("due_on=2") || key.starts_with("force="))
            .filter(stands)
            .map(|key| (*key).to_owned())
            .collect();
        wanted.sort();
        let above = above.then(|| id(0));
        let found = ["due_on", "force"].map(|name| {
            let values = book.ledger.values(mechanism, name, above).expect("values");
            values.into_iter().map(|value| format!("{name}={value}")).collect::<Vec<_>>()
        });
        assert_eq!(found.concat(), wanted, "{mechanism} {above:?}");
    }
}

pub(super) fn scopes(make: Make<'_>) {
    let (book, rows) = filled(make, 200);
    let mut dice = Dice(6);
    for _ in 0..300 {
        let parts = dice.below(5);
        let scope = any_scope(&mut dice, parts);
        let order = if dice.once_in(2) { Order::Due } else { Order::Newest };
        let open = dice.once_in(2).then_some(true);
        let query =
            ListQuery { scope, order, open, limit: 1 + dice.below(30) as u32, ..ListQuery::default() };
        assert_eq!(paged(&book, &query), expected(&query, &rows), "{query:?}");
    }
}

pub(super) fn many_parts(make: Make<'_>) {
    let (book, rows) = filled(make, 200);
    let mut dice = Dice(7);
    let Scope::Any(mut parts) = any_scope(&mut dice, 40) else { return };
    parts.extend((0..1_500).map(|n| ScopePart {
        mechanism: MATTER.into(),
        within: if n % 2 == 0 {
            Within::Place(Level::Village, format!("t1v{n}"))
        } else {
            Within::Unit("u1".into())
        },
    }));
    let query = ListQuery { scope: Scope::Any(parts), limit: 50, ..ListQuery::default() };
    assert_eq!(paged(&book, &query), expected(&query, &rows));
}

pub(super) fn near(make: Make<'_>) {
    let (book, rows) = filled(make, 200);
    for (level, code) in
        [(Level::County, "c1"), (Level::Township, "t1"), (Level::Village, "t2v1"), (Level::Grid, "t1v0g1")]
    {
        let since = Timestamp(START + 20 * DAY);
        let found = book.ledger.recent_near(MATTER, (level, code), since, 30).expect("neighbours");
        let query = ListQuery {
            scope: Scope::All,
            mechanism: Some(MATTER.into()),
            place: Some((level, code.into())),
            ..ListQuery::default()
        };
        let mut wanted = expected(&query, &rows);
        wanted.retain(|wanted| {
            rows.iter()
                .map(|stored| &stored.projection.row)
                .any(|row| row.id == *wanted && row.opened >= since)
        });
        wanted.truncate(30);
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), wanted, "{code}");
    }
}
