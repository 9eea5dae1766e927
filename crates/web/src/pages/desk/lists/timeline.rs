//! Bars over months: each record from its beginning to its end.

use gongzhi_base::Value;
use gongzhi_service::listing::Listed;
use jiff::civil::Date;

use super::cell;
use super::page::{Seen, ask};
use crate::pages::problem::{Answer, ok};
use crate::view::{TimelinePage, TimelineRow, TimelineTick, Tone, format};

/// Days of the window at least, so that a few short bars do not fill it.
const LEAST: i64 = 92;

/// The course of a page of records.
pub async fn page(seen: &Seen<'_>, from: Option<&str>, to: &str) -> Answer {
    let lang = seen.visitor.lang;
    let ask = ask(seen);
    let listing = seen.read(move |service, actor| service.listing(actor, &ask)).await?;
    let zone = seen.state.world.zone;
    let day = |one: &Listed, name: &str| match one.value(name) {
        Some((_, Value::Date(date))) => Some(*date),
        Some((_, Value::Time(at))) => Some(zone.date(*at)),
        _ => None,
    };
    let span = |one: &Listed| {
        let begin = match from {
            Some(name) => day(one, name),
            None => Some(zone.date(one.row.opened)),
        };
        let end = day(one, to);
        match (begin, end) {
            (Some(begin), Some(end)) => Some((begin.min(end), begin.max(end))),
            (Some(one), None) | (None, Some(one)) => Some((one, one)),
            (None, None) => None,
        }
    };
    let spans: Vec<Option<(Date, Date)>> = listing.rows.iter().map(span).collect();
    let today = seen.today();
    let known = || spans.iter().flatten();
    let begin = known().map(|(begin, _)| *begin).min().unwrap_or(today).first_of_month();
    let end = known().map(|(_, end)| *end).max().unwrap_or(today).last_of_month();
    let days = |date: Date| i64::from((date - begin).get_days());
    let whole = (days(end) + 1).max(LEAST) as f64;
    let percent = |date: Date| (days(date) as f64 / whole * 100.0).clamp(0.0, 100.0);
    let row = |(one, span): (&Listed, &Option<(Date, Date)>)| {
        let (x, width, words) = match span {
            Some((begin, end)) => {
                let width = (percent(*end) - percent(*begin)).max(0.8);
                (
                    percent(*begin),
                    width,
                    format!("{} – {}", format::day(lang, *begin), format::day(lang, *end)),
                )
            }
            None => (0.0, 0.0, seen.visitor.t("timeline-dateless")),
        };
        let state = cell::state_of(lang, one);
        let late = one.row.late || one.row.open && !cell::marks(lang, one, &seen.view.marks).is_empty();
        TimelineRow {
            href: format!("/desk/r/{}", one.row.id),
            title: cell::title(one),
            number: one.row.number.clone(),
            tone: if late { Tone::Late } else { state.tone },
            state,
            words,
            x: format!("{x:.2}"),
            width: format!("{width:.2}"),
            marks: cell::marks(lang, one, &seen.view.marks),
        }
    };
    let rows: Vec<TimelineRow> = listing.rows.iter().zip(&spans).map(row).collect();
    let mut ticks = Vec::new();
    let mut month = begin;
    let months =
        (end.year() - begin.year()) as usize * 12 + end.month() as usize - begin.month() as usize + 1;
    // Not more names stand beside each other than there is room for.
    let every = months.div_ceil(9).max(1);
    for n in 0..months.min(1_200) {
        if n % every == 0 {
            let label = format::month(lang, month);
            ticks.push(TimelineTick { x: format!("{:.2}", percent(month)), label });
        }
        match month.checked_add(jiff::ToSpan::month(1)) {
            Ok(next) => month = next,
            Err(_) => break,
        }
    }
    let asked = seen.asked;
    let inside = (0.0..=100.0).contains(&(days(today) as f64 / whole * 100.0));
    let page = TimelinePage {
        s: seen.shell(),
        head: seen.head(),
        ticks,
        today: if inside { format!("{:.2}", percent(today)) } else { String::new() },
        downloads: seen.records_as_files(&[], !rows.is_empty()),
        rows,
        paging: asked.paging(listing.next),
    };
    Ok(ok(&page))
}
