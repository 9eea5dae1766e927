//! Deadlines that pass: each once, whatever falls due with it and whoever notices it first.

mod county;

use county::{County, at, fields, officer};
use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::{Acted, Actor, Deed, Event, Order, Post, Refusal};
use gongzhi_lang::Source;

/// A county under `tests/data/together.md` with a duty begun on 14 September, 9 o'clock.
fn duty(step: &str, row: &[(&str, &str)]) -> (County, RecordId) {
    let source = |name: &str| {
        let path = format!("{}/tests/data/{name}.md", env!("CARGO_MANIFEST_DIR"));
        Source { path: format!("{name}.md"), text: std::fs::read_to_string(path).expect("a document") }
    };
    let mut county = County::under(&[source("together"), source("registers")], &[]);
    county.enter("places", &[("code", "1"), ("name", "县"), ("level", "county")]);
    let id = RecordId::at(county.now.0, [1; 10]);
    let input = fields(row);
    let order = Order::Open { mechanism: "duty".into(), step: step.into(), id, input };
    county.send(Actor::Public, order).expect("begun");
    (county, id)
}

fn dispatcher() -> Actor {
    let post = Post { role: "dispatcher".into(), unit: None, place: "1".into() };
    Actor::Person { code: "d".into(), posts: vec![post] }
}

fn elapse(county: &mut County, record: RecordId, deadline: &str) -> Result<Vec<Event>, Refusal> {
    county.send(Actor::System, Order::Elapse { record, deadline: deadline.into() })
}

/// Events in short: `-answer` a reminder, `!answer` a passing, `chase` a step; those of other records say which.
fn told(events: &[Event]) -> Vec<String> {
    let short = |event: &Event| match &event.deed {
        Deed::Passed { deadline, late } => format!("{}{deadline}", if *late { '!' } else { '-' }),
        Deed::Step(taken) => taken.step.clone(),
        Deed::Part(_) => "part".into(),
        other => format!("{other:?}"),
    };
    events
        .iter()
        .map(|event| format!("{}{}", if event.mechanism == "case" { "case " } else { "" }, short(event)))
        .collect()
}

#[test]
fn what_is_due_together_is_noted_together_whichever_timer_comes_first() {
    for first in ["answer", "second-look"] {
        let (mut county, id) = duty("begin", &[("what", "修路灯")]);
        county.now = at("2026-09-18T00:00");
        let events = elapse(&mut county, id, first).expect("passed");
        assert_eq!(told(&events), ["!second-look", "!answer", "raise", "chase"], "{first} came first");
        let told = &county.passed[&(id, events[1].revision)].clocks["second-look"];
        assert_eq!(county.world.zone.civil(told.derivation.due).to_string(), "2026-09-18T00:00:00");
        let clock = &county.records[&id].clocks["second-look"];
        assert!(clock.running() && clock.late.is_none(), "the chase began it anew");
        assert_eq!(county.world.zone.civil(clock.derivation.due).to_string(), "2026-09-22T00:00:00");
        for other in ["answer", "second-look"] {
            assert!(elapse(&mut county, id, other).is_err(), "{other} passes once");
        }
        assert_eq!(
            (county.field(id, "raised"), county.field(id, "chased")),
            (Some(Value::Int(1)), Some(Value::Int(1)))
        );
    }
}

#[test]
fn what_had_passed_is_noted_before_somebody_ends_it() {
    let (mut county, id) = duty("begin", &[("what", "修路灯")]);
    county.now = at("2026-09-18T00:00");
    let events = county.step(&dispatcher(), id, "do", &[]).expect("done");
    assert_eq!(told(&events), ["!second-look", "!answer", "raise", "chase", "do"]);
    assert!(county.records[&id].clocks["answer"].met, "met, if late");
}

/// Days during which nothing ran: what passed first is dealt with first.
#[test]
fn after_a_standstill_the_order_is_that_of_the_due_times() {
    let (mut county, id) = duty("begin", &[("what", "修路灯"), ("until", "2026-09-15")]);
    county.now = at("2026-09-20T08:00");
    let events = elapse(&mut county, id, "answer").expect("passed");
    assert_eq!(told(&events), ["!round", "repeat", "!second-look", "!answer", "raise", "chase"]);
    let far = &county.records[&id].clocks["far"];
    assert!(
        far.running() && far.late.is_none(),
        "on time the chase would have begun it anew before it was due"
    );
    let round = &county.records[&id].clocks["round"];
    assert!(round.running() && round.late.is_some(), "its step does not begin it again in the past");
    assert!(elapse(&mut county, id, "round").is_err(), "so that it does not pass for ever");
}

#[test]
fn a_moment_that_comes_with_a_limit_is_over_with_its_step() {
    for first in ["care", "shutting", "hint"] {
        let (mut county, id) = duty("bounded", &[("what", "看一看")]);
        county.now = at("2026-09-18T00:00");
        let events = elapse(&mut county, id, first).expect("passed");
        assert_eq!(told(&events), ["!care", "chase", "shut"], "{first} came first");
        assert!(county.records[&id].running().is_empty());
    }
}

/// Two limits of which each begins the other: each passes once, not for ever.
#[test]
fn what_has_just_passed_does_not_begin_again_in_the_past() {
    let (mut county, id) = duty("bounce", &[("what", "往复"), ("until", "2026-09-15")]);
    county.now = at("2026-09-20T08:00");
    let events = elapse(&mut county, id, "outward").expect("passed");
    assert_eq!(told(&events), ["!outward", "there", "!homeward", "back"]);
    assert!(elapse(&mut county, id, "outward").is_err() && elapse(&mut county, id, "homeward").is_err());
}

/// A document may ask for what cannot be: the time is over all the same, and people can go on.
#[test]
fn a_late_step_that_is_refused_holds_nobody_up() {
    let (mut county, id) = duty("begin", &[("what", "修路灯")]);
    county.now = at("2026-09-30T00:00");
    let events = elapse(&mut county, id, "stamping").expect("passed");
    assert_eq!(told(&events), ["!second-look", "!answer", "raise", "chase", "!stamping"]);
    assert_eq!(county.field(id, "again"), Some(Value::Int(0)));
    county.step(&dispatcher(), id, "do", &[]).expect("done");
}

/// Whether the answer was late must not depend on whether its timer came before the last part.
#[test]
fn what_had_passed_above_is_noted_before_a_part_goes_on() {
    let mut county = County::new();
    let (town, water) = (officer("town", "11"), officer("water", "1"));
    let id = county.report("111");
    county.step(&town, id, "accept", &[]).expect("accepted");
    county.now = at("2026-09-21T15:00");
    county.step(&town, id, "join", &[("partners", "water|other")]).expect("joined");
    let part = county.records[&id].parts[0].id;
    county.now = at("2026-09-22T00:00");
    let events = county.step(&water, part, "give", &[("reply", "已修好")]).expect("given");
    assert_eq!(told(&events), ["case !answer", "case chase", "give", "case part"]);
    assert!(matches!(events[2].by, Acted::Person { .. }));
    assert!(elapse(&mut county, id, "answer").is_err(), "its timer has nothing left to say");
}
