//! Records that open by themselves: which periods are due, and under which identity each one opens.

use gongzhi_base::{Date, Digest, RecordId, Timestamp};
use gongzhi_lang::model::Recurs;

use crate::world::World;

/// Periods looked back over at most: items older than a rule have nothing to be found in any of them.
const LOOKED_BACK: usize = 24;

/// The identifier of what opens for an item in a period: it follows from these, so that nothing opens
/// twice, whoever fires it and however often. `period` is the period's first day.
pub fn id(mechanism: &str, period: Date, item: Option<RecordId>, world: &World) -> RecordId {
    let first = format!("{period}");
    let digest = Digest::of_parts(&[
        b"gongzhi.recurs",
        mechanism.as_bytes(),
        first.as_bytes(),
        item.as_ref().map_or(&[][..], |item| &item.0),
    ]);
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&digest.0[..10]);
    RecordId::at(world.zone.start_of(period).0, entropy)
}

/// The identifiers under which something may have opened for the same item in the periods before, newest
/// first: a period may have been missed, or the item left out of it. Nothing opened before `since`, when
/// the item itself was opened.
pub fn earlier(
    recurs: &Recurs,
    mechanism: &str,
    period: Date,
    item: Option<RecordId>,
    since: Option<Timestamp>,
    world: &World,
) -> impl Iterator<Item = RecordId> {
    let first = since.map(|at| recurs.every.first(world.zone.date(at)));
    let every = recurs.every;
    let before = std::iter::successors(Some(every.before(period)), move |later| Some(every.before(*later)));
    let before =
        before.take(LOOKED_BACK).take_while(move |before| first.is_none_or(|first| *before >= first));
    before.map(move |before| id(mechanism, before, item, world))
}

/// Whether the records of a period open now or have opened.
pub fn has_come(recurs: &Recurs, period: Date, now: Timestamp, world: &World) -> bool {
    let day = world.calendar.day_of(recurs.on, recurs.every, period);
    world.zone.start_of(day) <= now
}

/// The periods to be opened now, oldest first, by their first days. `last` is the last one that was
/// opened; without any, the rule begins with the present period once its day has come.
pub fn due(recurs: &Recurs, last: Option<Date>, now: Timestamp, world: &World) -> Vec<Date> {
    let present = recurs.every.first(world.zone.date(now));
    let newest = match has_come(recurs, present, now, world) {
        true => present,
        false => recurs.every.before(present),
    };
    let Some(last) = last else {
        return if newest == present { vec![present] } else { Vec::new() };
    };
    if !recurs.all_missed {
        return if newest > last { vec![newest] } else { Vec::new() };
    }
    let mut periods = Vec::new();
    let mut period = recurs.every.next(last);
    while period <= newest && periods.len() < 1_000 {
        periods.push(period);
        period = recurs.every.next(period);
    }
    periods
}

#[cfg(test)]
mod tests {
    use super::*;
    use gongzhi_base::dayrule::{Day, Period};
    use gongzhi_base::{Calendar, Zone};
    use gongzhi_lang::Library;
    use std::sync::Arc;

    fn rule(on: Day, all_missed: bool) -> Recurs {
        Recurs {
            every: Period::Month,
            on,
            step: "open".into(),
            source: None,
            item_as: None,
            when: None,
            period: None,
            all_missed,
            with: Vec::new(),
            previous: None,
            clause: gongzhi_lang::model::Clause::default(),
        }
    }

    fn day(text: &str) -> Date {
        text.parse().expect("a date")
    }

    #[test]
    fn what_is_earlier_goes_back_to_the_item_and_not_for_ever() {
        let world = World::new("1".into(), Zone::CHINA, Arc::new(Calendar::default()), &Library::default());
        let rule = rule(Day::Nth(1), false);
        let since = Zone::CHINA.instant("2026-08-20T10:00".parse().expect("a civil time"));
        let item = Some(RecordId([7; 16]));
        let found: Vec<RecordId> =
            earlier(&rule, "pledge", day("2026-11-01"), item, Some(since), &world).collect();
        let months = ["2026-10-01", "2026-09-01", "2026-08-01"];
        assert_eq!(found, months.map(|month| id("pledge", day(month), item, &world)));
        assert_eq!(earlier(&rule, "pledge", day("2026-11-01"), None, None, &world).count(), LOOKED_BACK);
    }

    #[test]
    fn missed_periods_are_made_up_for_as_the_document_says() {
        let world = World::new("1".into(), Zone::CHINA, Arc::new(Calendar::default()), &Library::default());
        let at = |text: &str| Zone::CHINA.instant(text.parse().expect("a civil time"));
        let due = |on, all, last: &str, now| {
            let last = (!last.is_empty()).then(|| day(last));
            super::due(&rule(on, all), last, at(now), &world)
        };
        assert_eq!(due(Day::Nth(1), false, "", "2026-11-20T10:00"), [day("2026-11-01")]);
        assert_eq!(due(Day::Nth(25), false, "", "2026-11-20T10:00"), [], "the first day is waited for");
        assert_eq!(due(Day::Nth(1), true, "2026-11-01", "2026-11-20T10:00"), []);
        assert_eq!(
            due(Day::Nth(1), true, "2026-08-01", "2026-11-20T10:00"),
            ["2026-09-01", "2026-10-01", "2026-11-01"].map(day)
        );
        assert_eq!(due(Day::Nth(1), false, "2026-08-01", "2026-11-20T10:00"), [day("2026-11-01")]);
        assert_eq!(due(Day::Nth(25), true, "2026-09-01", "2026-11-20T10:00"), [day("2026-10-01")]);
        assert_eq!(
            due(Day::NthWorking(1), true, "2026-10-01", "2026-11-01T10:00"),
            [],
            "the 1st is a Sunday"
        );
        assert_eq!(due(Day::NthWorking(1), true, "2026-10-01", "2026-11-02T00:00"), [day("2026-11-01")]);
    }
}
