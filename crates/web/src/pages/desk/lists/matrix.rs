//! A matrix: each cell shows the records that have the values of its row and column, by state, lateness
//! and age of the evidence, and opens them.

use std::collections::BTreeMap;

use gongzhi_base::{Span, Timestamp, Value};
use gongzhi_kernel::project::dividing;
use gongzhi_lang::model::Type;
use gongzhi_lang::view::{Axis, dated};
use gongzhi_paper::write::{Cell, Column, Table};
use gongzhi_service::listing::Listed;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::cell;
use super::page::{Seen, ask};
use crate::i18n::t_with;
use crate::pages::desk::export;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::view::{Figure, Link, MatrixCell, MatrixChip, MatrixPage, MatrixRow, Tone, format};

/// Records read of one column at most.
const MOST: u32 = 300;
/// The same for a file.
const IN_FILE: u32 = 1_000;
/// Records shown in a cell; the cell opens all of them.
const SHOWN: usize = 12;

/// How old the evidence is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Fresh,
    Ageing,
    Stale,
    None,
    /// It has come to its end: nothing is expected any more.
    Over,
}

impl Age {
    fn word(self) -> &'static str {
        match self {
            Age::Fresh => "fresh",
            Age::Ageing => "ageing",
            Age::Stale => "stale",
            Age::None => "none",
            Age::Over => "over",
        }
    }
}

/// Records by the values of their row and their column's position.
type Cells<'f> = BTreeMap<(String, usize), Vec<&'f Listed>>;

/// Of each column the records that have its value, and whether there are more.
type Found = Vec<(Vec<Listed>, bool)>;

/// The columns as read: the first of the months where they are months, their values with words, and the records
/// of each.
struct Columns {
    first: Date,
    heads: Vec<(String, String)>,
    found: Found,
}

/// The columns. Before and behind those that a page has room for stand all earlier and later months, and last what has
/// no value, where there are such records: nothing is left out of the total.
async fn found(seen: &Seen<'_>, columns: &Axis, limit: u32) -> Result<Columns, Trouble> {
    let lang = seen.visitor.lang;
    let mut asked = ask(seen);
    asked.limit = limit;
    let first = window(seen, columns).await?;
    let mut heads = cell::axis_values(lang, seen.state, seen.mechanism, columns, first);
    let shown = heads.len();
    let optional = matches!(columns, Axis::Field(_));
    if is_dated(seen, columns) {
        let month = |by: i32| first.checked_add(by.months()).map(month_of).unwrap_or_default();
        heads.insert(0, (format!("..{}", month(-1)), seen.visitor.t("matrix-earlier")));
        heads.push((format!("{}..", month(12)), seen.visitor.t("matrix-later")));
    }
    if optional {
        heads.push((String::new(), seen.visitor.t("value-none")));
    }
    let wanted: Vec<String> = heads.iter().map(|(value, _)| value.clone()).collect();
    let name = columns.name().to_owned();
    let found = seen.read(move |service, actor| service.divided(actor, &asked, &name, &wanted)).await?;
    let ahead = usize::from(is_dated(seen, columns));
    let columns = heads.into_iter().zip(found).enumerate();
    let kept =
        columns.filter(|(at, (_, (records, _)))| (ahead..ahead + shown).contains(at) || !records.is_empty());
    let (heads, found) = kept.map(|(_, column)| column).unzip();
    Ok(Columns { first, heads, found })
}

fn is_dated(seen: &Seen<'_>, axis: &Axis) -> bool {
    matches!(axis, Axis::Field(name) if seen.mechanism.field(name).is_some_and(|field| dated(&field.ty)))
}

/// `2026-11`
fn month_of(date: Date) -> String {
    format!("{:04}-{:02}", date.year(), date.month())
}

fn cells<'f>(seen: &Seen<'_>, rows: &Axis, found: &'f Found) -> Cells<'f> {
    let mut cells = Cells::new();
    for (at, (records, _)) in found.iter().enumerate() {
        for one in records {
            for value in row_values(seen, rows, one) {
                cells.entry((value, at)).or_default().push(one);
            }
        }
    }
    cells
}

/// The matrix as tables: how many there are, as it looks; and the records.
pub async fn tables(seen: &Seen<'_>, rows: &Axis, columns: &Axis) -> Result<[Table; 2], Trouble> {
    let lang = seen.visitor.lang;
    let Columns { first, heads, found } = found(seen, columns, IN_FILE).await?;
    let cells = cells(seen, rows, &found);
    let number = |n: usize| if n == 0 { Cell::Empty } else { Cell::Number(n as i64) };
    let total = seen.visitor.t("matrix-total");
    let column = |heading: String, width| Column { heading, width, ..Column::default() };
    let mut made: Vec<Vec<Cell>> = Vec::new();
    for (value, label) in lines(seen, rows, first, &cells) {
        let counts: Vec<usize> =
            (0..heads.len()).map(|at| cells.get(&(value.clone(), at)).map_or(0, Vec::len)).collect();
        let all = counts.iter().sum();
        let counts = counts.into_iter().map(number);
        made.push([Cell::Text(label)].into_iter().chain(counts).chain([number(all)]).collect());
    }
    let below = found.iter().map(|(records, _)| number(records.len()));
    let all = found.iter().map(|(records, _)| records.len()).sum();
    made.push([Cell::Text(total.clone())].into_iter().chain(below).chain([number(all)]).collect());
    if found.iter().any(|(_, more)| *more) {
        let told = t_with(lang, "matrix-cut", [("n", i64::from(IN_FILE).into())]);
        made.push(vec![Cell::Text(told)]);
    }
    let head = column(cell::axis_head(lang, seen.mechanism, rows.name()), 24);
    let heads = heads.into_iter().map(|(_, label)| column(label, 12));
    let counts = Table {
        name: seen.title().replace(" · ", "-"),
        columns: [head].into_iter().chain(heads).chain([column(total, 10)]).collect(),
        rows: made,
        ..Table::default()
    };
    let mut records: Vec<&Listed> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for one in found.iter().flat_map(|(records, _)| records) {
        // A record that has several of the columns' values is still one.
        if known.insert(one.row.id) {
            records.push(one);
        }
    }
    let shown = seen.list_view().map_or(seen.view.columns.as_slice(), |view| view.columns.as_slice());
    let name = seen.visitor.t("matrix-records");
    Ok([counts, export::records(seen.app, lang, seen.state, seen.mechanism, name, shown, &records)])
}

/// The matrix.
pub async fn page(seen: &Seen<'_>, rows: &Axis, columns: &Axis, age: Option<&str>, fresh: Span) -> Answer {
    let lang = seen.visitor.lang;
    let Columns { first, heads, found } = found(seen, columns, MOST).await?;
    let values: Vec<String> = heads.iter().map(|(value, _)| value.clone()).collect();
    let cells = cells(seen, rows, &found);
    let whole: Vec<usize> = found.iter().map(|(records, _)| records.len()).collect();
    let cut = found.iter().any(|(_, more)| *more);
    let all: Vec<&Listed> = found.iter().flat_map(|(records, _)| records).collect();
    let shared = shared_beginning(&all);
    let lines = lines(seen, rows, first, &cells);
    let chip = |one: &Listed| self::chip(seen, one, age, fresh, &shared);
    let made = lines.into_iter().map(|(value, label)| {
        let of = |at: usize| cells.get(&(value.clone(), at)).map(Vec::as_slice).unwrap_or_default();
        let cell = |(at, column): (usize, &String)| {
            let records = of(at);
            MatrixCell {
                href: match records.is_empty() {
                    true => String::new(),
                    false => seen.list_with(&[(rows.name(), &value), (columns.name(), column)]),
                },
                count: cell::number(records.len()),
                chips: records.iter().take(SHOWN).map(|one| chip(one)).collect(),
                more: match records.len().saturating_sub(SHOWN) {
                    0 => String::new(),
                    more => format!("+{more}"),
                },
            }
        };
        let total: usize = (0..values.len()).map(|at| of(at).len()).sum();
        MatrixRow { label, total: cell::number(total), cells: values.iter().enumerate().map(cell).collect() }
    });
    let is_dated = is_dated(seen, columns);
    let at = |first: Date| {
        let last = first.checked_add(11.months()).unwrap_or(first);
        let words = format!("{} – {}", format::month(lang, first), format::month(lang, last));
        Link::new(words, seen.head_asked().with("at", &month_of(first)).href())
    };
    let turned = |by: i32| first.checked_add(by.months()).map(at).ok();
    let here = Link { href: String::new(), ..at(first) };
    let column = |(at, (value, label)): (usize, &(String, String))| {
        let href = seen.list_with(&[(columns.name(), value)]);
        Figure {
            label: if is_dated {
                month_alone(seen, first, value).unwrap_or_else(|| label.clone())
            } else {
                label.clone()
            },
            value: cell::number(whole[at]),
            href: if whole[at] == 0 { String::new() } else { href },
            ..Figure::default()
        }
    };
    let page = MatrixPage {
        s: seen.shell(),
        head: seen.head(),
        row_head: cell::axis_head(lang, seen.mechanism, rows.name()),
        column_head: cell::axis_head(lang, seen.mechanism, columns.name()),
        columns: heads.iter().enumerate().map(column).collect(),
        rows: made.collect(),
        total: cell::number(all.len()),
        years: match is_dated {
            true => turned(-12).into_iter().chain([here]).chain(turned(12)).collect(),
            false => Vec::new(),
        },
        downloads: match all.is_empty() {
            true => Vec::new(),
            false => export::links(seen.visitor, "/desk/export/matrix", &seen.head_asked().query(), true),
        },
        legend_age: age.is_some(),
        legend: legend(seen, fresh),
        cut: if cut { t_with(lang, "matrix-cut", [("n", i64::from(MOST).into())]) } else { String::new() },
    };
    Ok(ok(&page))
}

/// The values by which a record stands in a row: one of an entry's own level and above counts once, at the top.
fn row_values(seen: &Seen<'_>, rows: &Axis, one: &Listed) -> Vec<String> {
    let Axis::Field(name) = rows else { return vec![one.row.state.clone()] };
    let Some((field, value)) = one.value(name) else { return vec![String::new()] };
    let world = &seen.state.world;
    match &field.ty {
        Type::Entry(_) => {
            let first = dividing(&field.ty, Some(value), world).into_iter().next();
            vec![first.unwrap_or_default()]
        }
        // The county itself stands above every place.
        Type::Place => {
            let all = dividing(&field.ty, Some(value), world);
            vec![all.get(1).or(all.first()).cloned().unwrap_or_default()]
        }
        ty => dividing(ty, Some(value), world),
    }
}

/// The rows: those of the document in their order; units and places only where records stand.
fn lines(seen: &Seen<'_>, rows: &Axis, first: Date, cells: &Cells<'_>) -> Vec<(String, String)> {
    let lang = seen.visitor.lang;
    let stands = |value: &str| cells.keys().any(|(known, _)| known == value);
    let many = matches!(rows, Axis::Field(name) if seen.mechanism.field(name)
        .is_some_and(|field| matches!(field.ty, Type::Unit | Type::Place)));
    let mut lines = cell::axis_values(lang, seen.state, seen.mechanism, rows, first);
    lines.retain(|(value, _)| !many || stands(value));
    let mut rest: Vec<&String> = cells.keys().map(|(value, _)| value).collect();
    rest.dedup();
    for value in rest {
        if !lines.iter().any(|(known, _)| known == value) {
            let words = cell::axis_value(lang, seen.state, seen.mechanism, rows.name(), value);
            lines.push((value.clone(), words));
        }
    }
    lines
}

/// The beginning that all numbers share, up to a point or a dash: it says nothing within one matrix.
fn shared_beginning(all: &[&Listed]) -> String {
    let Some(first) = all.first().map(|one| one.row.number.as_str()) else { return String::new() };
    let mut shared = first.rfind(['.', '-']).map_or("", |end| &first[..=end]);
    for one in all {
        while !one.row.number.starts_with(shared) {
            shared = shared[..shared.len() - 1].rfind(['.', '-']).map_or("", |end| &shared[..=end]);
        }
    }
    shared.to_owned()
}

fn chip(seen: &Seen<'_>, one: &Listed, age: Option<&str>, fresh: Span, shared: &str) -> MatrixChip {
    let lang = seen.visitor.lang;
    let now = seen.app.service.now();
    let state = cell::state_of(lang, one);
    let marks = cell::marks(lang, one, &seen.view.marks);
    let late = one.row.late || !marks.is_empty() && one.row.open;
    let (age, days) = match age {
        Some(name) if one.row.open => aged(seen, one, name, fresh, now),
        _ => (Age::Over, None),
    };
    let mut words = vec![cell::title(one), state.label.clone()];
    words.extend(marks.iter().map(|mark| mark.label.clone()));
    match (age, days) {
        (Age::Over, _) => {}
        (_, Some(days)) => words.push(t_with(lang, "evidence-days", [("n", days.into())])),
        (_, None) => words.push(seen.visitor.t("evidence-none")),
    }
    MatrixChip {
        href: format!("/desk/r/{}", one.row.id),
        label: one.row.number.strip_prefix(shared).unwrap_or(&one.row.number).to_owned(),
        words: words.join(" · "),
        tone: if late {
            Tone::Late
        } else if cell::ended_well(one) {
            Tone::Good
        } else {
            state.tone
        },
        sign: if late {
            "!"
        } else if cell::ended_well(one) {
            "\u{2713}"
        } else {
            ""
        }
        .to_owned(),
        age: age.word().to_owned(),
    }
}

/// How old a record's evidence is, with its days.
fn aged(seen: &Seen<'_>, one: &Listed, name: &str, fresh: Span, now: Timestamp) -> (Age, Option<i64>) {
    let zone = seen.state.world.zone;
    let at = match one.value(name) {
        Some((_, Value::Time(at))) => Some(zone.date(*at)),
        Some((_, Value::Date(date))) => Some(*date),
        _ => None,
    };
    let Some(at) = at else { return (Age::None, None) };
    let days = i64::from((zone.date(now) - at).get_days());
    let fresh = fresh.rough_minutes() as i64 / 1_440;
    let age = match days {
        days if days <= fresh => Age::Fresh,
        days if days <= 2 * fresh => Age::Ageing,
        _ => Age::Stale,
    };
    (age, Some(days))
}

/// The first of the twelve months: the one asked for; else a third of a year ago, or where all months that there
/// are fit into twelve and some lie outside, the first of them.
async fn window(seen: &Seen<'_>, columns: &Axis) -> Result<Date, Trouble> {
    let read = |month: &str| format!("{month}-01").parse::<Date>().ok();
    let asked = read(seen.asked.get("at")).filter(|date| (1_900..9_990).contains(&date.year()));
    let recent = seen.recent();
    if let Some(first) = asked.or(Some(recent).filter(|_| !is_dated(seen, columns))) {
        return Ok(first);
    }
    let (name, under) = (columns.name().to_owned(), seen.asked.under());
    let mechanism = seen.state.laws.newest(&seen.mechanism.name).cloned();
    let values = seen.read(move |service, _| match mechanism {
        Some(mechanism) => service.values(&mechanism, &name, under),
        None => Ok(Vec::new()),
    });
    let values = values.await?;
    let ends = values.first().and_then(|month| read(month)).zip(values.last().and_then(|month| read(month)));
    let last = |first: Date| first.checked_add(11.months()).unwrap_or(first);
    let fits = |(begin, end): &(Date, Date)| *end <= last(*begin) && (*begin < recent || *end > last(recent));
    Ok(ends.filter(fits).map_or(recent, |(begin, _)| begin))
}

/// A month without its year, except where a year begins; none for what is no month.
fn month_alone(seen: &Seen<'_>, first: Date, value: &str) -> Option<String> {
    let date: Date = format!("{value}-01").parse().ok()?;
    Some(match date == first || date.month() == 1 {
        true => crate::pages::desk::board::month_words(seen.visitor.lang, value),
        false => seen.visitor.t(&format!("month-{}", date.month())),
    })
}

/// What colours and signs mean, in words.
fn legend(seen: &Seen<'_>, fresh: Span) -> Vec<MatrixChip> {
    let days = (fresh.rough_minutes() / 1_440) as i64;
    let lang = seen.visitor.lang;
    let chip = |key: &str, tone: Tone, sign: &str, age: Age, n: i64| MatrixChip {
        label: "1.1".into(),
        words: t_with(lang, key, [("n", n.into())]),
        tone,
        sign: sign.into(),
        age: age.word().into(),
        ..MatrixChip::default()
    };
    vec![
        chip("legend-active", Tone::Info, "", Age::Over, 0),
        chip("legend-good", Tone::Good, "\u{2713}", Age::Over, 0),
        chip("legend-late", Tone::Late, "!", Age::Over, 0),
        chip("legend-fresh", Tone::Info, "", Age::Fresh, days),
        chip("legend-ageing", Tone::Info, "", Age::Ageing, days),
        chip("legend-stale", Tone::Info, "", Age::Stale, 2 * days),
        chip("legend-none", Tone::Info, "", Age::None, 0),
    ]
}
