//! A month with the records of each of its days: a grid on a wide screen, a list of days on a narrow one.

use gongzhi_base::Value;
use gongzhi_service::listing::Listed;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::cell;
use super::page::{Seen, ask};
use crate::i18n::t_with;
use crate::pages::problem::{Answer, ok};
use crate::view::{CalendarDay, CalendarItem, CalendarPage, Link, format};

/// Records of a month at most.
const MOST: u32 = 500;
/// Records shown of one day; the day opens them with the month's list.
const SHOWN: usize = 6;

/// The month.
pub async fn page(seen: &Seen<'_>, on: &str) -> Answer {
    let lang = seen.visitor.lang;
    let today = seen.today();
    let first: Option<Date> = format!("{}-01", seen.asked.get("at")).parse().ok();
    let first = first.unwrap_or_else(|| today.first_of_month());
    let month = format!("{:04}-{:02}", first.year(), first.month());
    let mut asked = ask(seen);
    asked.limit = MOST;
    let (name, values) = (on.to_owned(), vec![month.clone()]);
    let mut found = seen.read(move |service, actor| service.divided(actor, &asked, &name, &values)).await?;
    let (records, more) = found.pop().unwrap_or_default();
    let zone = seen.state.world.zone;
    let day_of = |one: &Listed| match one.value(on) {
        Some((_, Value::Date(date))) => Some(*date),
        Some((_, Value::Time(at))) => Some(zone.date(*at)),
        _ => None,
    };
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
        let at = format!("{:04}-{:02}", date.year(), date.month());
        Some(Link::new(format::month(lang, date), seen.head_asked().with("at", &at).href()))
    };
    let page = CalendarPage {
        s: seen.shell(),
        head: seen.head(),
        month: format::month(lang, first),
        before: to(first.checked_sub(1.month())),
        after: to(first.checked_add(1.month())),
        count: t_with(lang, "calendar-count", [("n", (records.len() as i64).into())]),
        list: if records.is_empty() { String::new() } else { list },
        cut: if more { t_with(lang, "matrix-cut", [("n", i64::from(MOST).into())]) } else { String::new() },
        empty: records.is_empty(),
        weeks,
    };
    Ok(ok(&page))
}
