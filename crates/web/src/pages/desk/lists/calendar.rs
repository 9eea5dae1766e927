//! A month with the records of each of its days: a grid on a wide screen, a list of days on a narrow one; and as
//! a file for calendar programs.

use gongzhi_base::Value;
use gongzhi_service::listing::Listed;
use gongzhi_service::outbox::ical;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::cell;
use super::page::{Seen, ask};
use crate::i18n::t_with;
use crate::pages::names;
use crate::pages::problem::{Answer, Trouble, ok};
use crate::view::{CalendarDay, CalendarItem, CalendarPage, Link, format};

/// Records of a month at most.
const MOST: u32 = 500;
/// Records shown of one day; the day opens them with the month's list.
const SHOWN: usize = 6;

/// The first day of the month asked for, or of this one.
fn first(seen: &Seen<'_>) -> Date {
    let first: Option<Date> = format!("{}-01", seen.asked.get("at")).parse().ok();
    first.unwrap_or_else(|| seen.today().first_of_month())
}

/// `2026-11`
fn month_of(first: Date) -> String {
    format!("{:04}-{:02}", first.year(), first.month())
}

/// The records of a month, and whether there are more.
async fn records(seen: &Seen<'_>, on: &str, month: &str) -> Result<(Vec<Listed>, bool), Trouble> {
    let mut asked = ask(seen);
    asked.limit = MOST;
    let (name, values) = (on.to_owned(), vec![month.to_owned()]);
    let mut found = seen.read(move |service, actor| service.divided(actor, &asked, &name, &values)).await?;
    Ok(found.pop().unwrap_or_default())
}

fn day_of(seen: &Seen<'_>, one: &Listed, on: &str) -> Option<Date> {
    match one.value(on) {
        Some((_, Value::Date(date))) => Some(*date),
        Some((_, Value::Time(at))) => Some(seen.state.world.zone.date(*at)),
        _ => None,
    }
}

/// The month's records as files: a table, and days for a calendar program.
fn files(seen: &Seen<'_>, on: &str, month: &str, any: bool) -> Vec<Link> {
    let mut files = seen.records_as_files(&[(on, month)], any);
    if any {
        let query = seen.head_asked().with("at", month).query();
        files.push(Link::new(seen.visitor.t("export-ics"), format!("/desk/export/calendar.ics?{query}")));
    }
    files
}

/// The month's records as whole days of a calendar.
pub async fn days(seen: &Seen<'_>, on: &str) -> Result<ical::Calendar, Trouble> {
    let lang = seen.visitor.lang;
    let month = month_of(first(seen));
    let (records, _) = records(seen, on, &month).await?;
    let entry = |one: &Listed| {
        Some(ical::Entry {
            // The same day of the same record in whichever month's file.
            uid: format!("{}-{on}@{}.gongzhi", one.row.id, seen.state.world.county),
            stamp: one.row.changed,
            day: Some(day_of(seen, one, on)?),
            summary: cell::title(one),
            description: [one.row.number.as_str(), &cell::state_of(lang, one).label].join(" "),
            location: names::place(lang, seen.state, one.row.path.iter().rev().flatten().next()?),
            url: format!("{}/desk/r/{}", seen.app.public_url, one.row.id),
            ..ical::Entry::default()
        })
    };
    let name = format!("{} {month}", seen.title());
    Ok(ical::Calendar { name, entries: records.iter().filter_map(entry).collect() })
}

/// The month.
pub async fn page(seen: &Seen<'_>, on: &str) -> Answer {
    let lang = seen.visitor.lang;
    let today = seen.today();
    let first = first(seen);
    let month = month_of(first);
    let (records, more) = records(seen, on, &month).await?;
    let day_of = |one: &Listed| day_of(seen, one, on);
    let item = |one: &Listed| {
        let marks = cell::marks(lang, one, &seen.view.marks);
        CalendarItem {
            href: format!("/desk/r/{}", one.row.id),
            title: cell::title(one),
            state: cell::state_of(lang, one),
            late: one.row.late,
            marks,
        }
    };
    let list = seen.list_with(&[(on, &month)]);
    let mut weeks: Vec<Vec<CalendarDay>> = Vec::new();
    // Weeks begin on Monday, as everywhere in the product.
    let mut day =
        first.checked_sub(i64::from(first.weekday().to_monday_zero_offset()).days()).unwrap_or(first);
    let last = first.last_of_month();
    while day <= last {
        let mut week = Vec::with_capacity(7);
        for _ in 0..7 {
            let here = day.month() == first.month();
            let mut items: Vec<CalendarItem> = match here {
                true => records.iter().filter(|one| day_of(one) == Some(day)).map(item).collect(),
                false => Vec::new(),
            };
            let over = items.len().saturating_sub(SHOWN);
            items.truncate(SHOWN);
            week.push(CalendarDay {
                number: if here { day.day().to_string() } else { String::new() },
                words: format::full_day(lang, day),
                iso: day.to_string(),
                rest: seen.state.world.calendar.rest(day).is_some(),
                today: day == today,
                items,
                more: (over > 0).then(|| {
                    Link::new(t_with(lang, "calendar-more", [("n", (over as i64).into())]), list.clone())
                }),
            });
            day = match day.checked_add(1.day()) {
                Ok(next) => next,
                Err(_) => {
                    return Ok(ok(&CalendarPage {
                        s: seen.shell(),
                        head: seen.head(),
                        ..CalendarPage::default()
                    }));
                }
            };
        }
        weeks.push(week);
    }
    let to = |date: Result<Date, jiff::Error>| {
        let date = date.ok()?;
        let at = month_of(date);
        Some(Link::new(format::month(lang, date), seen.head_asked().with("at", &at).href()))
    };
    let page = CalendarPage {
        s: seen.shell(),
        head: seen.head(),
        month: format::month(lang, first),
        before: to(first.checked_sub(1.month())),
        after: to(first.checked_add(1.month())),
        count: t_with(lang, "calendar-count", [("n", (records.len() as i64).into())]),
        downloads: files(seen, on, &month, !records.is_empty()),
        list: if records.is_empty() { String::new() } else { list },
        cut: if more { t_with(lang, "matrix-cut", [("n", i64::from(MOST).into())]) } else { String::new() },
        empty: records.is_empty(),
        weeks,
    };
    Ok(ok(&page))
}
