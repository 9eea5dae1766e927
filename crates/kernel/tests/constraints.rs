//! Constraints over records: what they refuse, whom they name, and that no order of steps gets round
//! them.

mod county;

use county::{County, fields};
use gongzhi_base::RecordId;
use gongzhi_kernel::{Actor, Fault, Order, Post, Raw, Refusal};
use proptest::prelude::*;

/// A county of two villages under `suite/lang/good/constraints.md`.
fn county() -> County {
    County::of_suite(
        "constraints",
        &[("1", "county", ""), ("11", "township", "1"), ("111", "village", "11"), ("112", "village", "11")],
    )
}

/// A secretary who looks after one village, or all.
fn secretary(place: &str) -> Actor {
    let post = Post { role: "secretary".into(), unit: None, place: place.into() };
    Actor::Person { code: format!("p-{place}"), posts: vec![post] }
}

fn hour(at: i64) -> String {
    format!("2026-11-{:02} {:02}:00", 2 + at.div_euclid(24), at.rem_euclid(24))
}

fn ask(county: &mut County, place: &str, venue: &str, from: &str, to: &str) -> Result<RecordId, Refusal> {
    let id = RecordId([county.count as u8 + 1; 16]);
    let input =
        fields(&[("occasion", "婚宴"), ("village", place), ("venue", venue), ("begins", from), ("ends", to)]);
    let order = Order::Open { mechanism: "hall".into(), step: "ask".into(), id, input };
    county.send(secretary("1"), order)?;
    Ok(id)
}

fn apply(county: &mut County, plot: &str, place: &str, term: Option<(&str, &str)>) -> Result<(), Refusal> {
    let id = RecordId([county.count as u8 + 1; 16]);
    let (from, until) = term.unwrap_or(("", ""));
    let input = fields(&[("plot", plot), ("village", place), ("from", from), ("until", until)]);
    let order = Order::Open { mechanism: "grant".into(), step: "apply".into(), id, input };
    county.send(secretary(place), order).map(drop)
}

#[test]
fn a_hall_is_taken_once_at_a_time() {
    let mut county = county();
    let first = ask(&mut county, "111", "大厅", &hour(10), &hour(14)).expect("booked");
    match ask(&mut county, "111", "大厅", &hour(13), &hour(15)) {
        Err(Refusal::Clash { words, clause, other }) => {
            assert_eq!(words.en, "the hall is taken at that time");
            assert_eq!(clause.heading, "一、场所 · Halls");
            assert_eq!(other.map(|(id, _)| id), Some(first), "who may read it is told which");
        }
        other => panic!("{other:?}"),
    }
    // Another hall, another village, and the hour after: none is in the way.
    let other_hall = ask(&mut county, "111", "小厅", &hour(13), &hour(15));
    other_hall.expect("another hall");
    ask(&mut county, "112", "大厅", &hour(13), &hour(15)).expect("another village");
    let next = ask(&mut county, "111", "大厅", &hour(14), &hour(16)).expect("one after another");
    // A booking may be moved within itself, not into another one.
    let by = secretary("111");
    let moved = |county: &mut County, from, to| {
        county.step(&by, first, "move", &[("begins", &hour(from)), ("ends", &hour(to))])
    };
    moved(&mut county, 11, 14).expect("shorter");
    assert!(matches!(moved(&mut county, 11, 15), Err(Refusal::Clash { .. })));
    county.step(&by, next, "cancel", &[]).expect("cancelled");
    moved(&mut county, 11, 15).expect("the hour is free again");
    // What comes back is asked again.
    assert!(matches!(county.step(&by, next, "restore", &[]), Err(Refusal::Clash { .. })));
}

#[test]
fn a_span_is_one_that_can_be_kept_free() {
    let mut county = county();
    let fault = |result: Result<RecordId, Refusal>| match result {
        Err(Refusal::Fields(faults)) => faults.into_iter().map(|fault| (fault.field, fault.fault)).collect(),
        other => panic!("{other:?}"),
    };
    let backwards: Vec<(String, Fault)> = fault(ask(&mut county, "111", "大厅", &hour(14), &hour(10)));
    assert_eq!(backwards, [("ends".to_owned(), Fault::EndsBefore)]);
    let long = fault(ask(&mut county, "111", "大厅", &hour(0), "2028-01-01 00:00"));
    assert_eq!(long, [("ends".to_owned(), Fault::TooManyDays(400))]);
    // Until midnight is not yet the next day.
    ask(&mut county, "111", "大厅", &hour(20), &hour(24)).expect("an evening");
    ask(&mut county, "111", "大厅", &hour(24), &hour(26)).expect("after midnight");
}

#[test]
fn once_a_year_for_each_plot() {
    let mut county = county();
    apply(&mut county, "0101", "111", None).expect("the first");
    let again = apply(&mut county, "0101", "111", None);
    let Err(Refusal::Clash { clause, .. }) = again else { panic!("{again:?}") };
    assert_eq!(clause.basis, "补助办法 3");
    apply(&mut county, "0101", "112", None).expect("another village");
    apply(&mut county, "0102", "111", Some(("2026-11-01", "2026-11-30"))).expect("another plot");
    // Days count with both ends, wherever the plot lies.
    let meets = apply(&mut county, "0102", "112", Some(("2026-11-30", "2026-12-31")));
    let Err(Refusal::Clash { other, .. }) = meets else { panic!("{meets:?}") };
    assert_eq!(other, None, "nobody is told of what he may not read");
    county.now = county::at("2027-01-05 09:00");
    apply(&mut county, "0101", "111", None).expect("another year");
}

#[test]
fn a_page_is_posted_when_both_sides_are_equal() {
    let mut county = county();
    let id = RecordId([9; 16]);
    let row = |debit: &str, credit: &str| {
        Raw::Row(
            [("debit", debit), ("credit", credit)]
                .map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned())))
                .into(),
        )
    };
    let mut input = fields(&[("what", "修渠")]);
    input.insert("lines".into(), Raw::List(vec![row("300", ""), row("", "200")]));
    let order = Order::Open { mechanism: "page".into(), step: "draft".into(), id, input };
    county.send(secretary("1"), order).expect("a draft need not balance");
    let by = secretary("1");
    let unequal = county.step(&by, id, "post", &[]);
    assert!(matches!(unequal, Err(Refusal::Need { .. })), "{unequal:?}");
    let amend = |county: &mut County, lines: Vec<Raw>| {
        let input = [("lines".to_owned(), Raw::List(lines))].into();
        county.send(by.clone(), Order::Step { record: id, step: "amend".into(), expect: None, input })
    };
    amend(&mut county, vec![row("150", ""), row("150", ""), row("", "300")]).expect("amended");
    // Two parts of one command are in each other's way as well.
    assert!(matches!(county.step(&by, id, "post", &[]), Err(Refusal::Clash { .. })));
    amend(&mut county, vec![row("100", ""), row("200", ""), row("", "300")]).expect("amended");
    county.step(&by, id, "post", &[]).expect("posted");
    let page = &county.records[&id];
    assert_eq!(page.parts.len(), 2, "a part for each row with a debit, none for the credit");
    let sums: Vec<_> = page.parts.iter().map(|part| county.records[&part.id].fields["debit"].int()).collect();
    assert_eq!(sums, [Some(10_000), Some(20_000)]);
}

#[derive(Clone, Debug)]
enum Act {
    Ask { venue: bool, from: i64, long: i64 },
    Move { which: usize, from: i64, long: i64 },
    Cancel(usize),
    Restore(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (any::<bool>(), 0i64..72, 1i64..40).prop_map(|(venue, from, long)| Act::Ask { venue, from, long }),
        (0usize..12, 0i64..72, 1i64..40).prop_map(|(which, from, long)| Act::Move { which, from, long }),
        (0usize..12).prop_map(Act::Cancel),
        (0usize..12).prop_map(Act::Restore),
    ]
}

/// What a tester keeps beside the kernel: hall, span and whether it stands.
struct Booked {
    id: RecordId,
    venue: bool,
    span: (i64, i64),
    stands: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is asked, moved, cancelled and taken up again: a step is taken exactly when no other
    /// booking that stands meets the span.
    #[test]
    fn no_two_bookings_that_stand_meet(acts in prop::collection::vec(act(), 1..40)) {
        let mut county = county();
        let by = secretary("1");
        let mut all: Vec<Booked> = Vec::new();
        let free = |all: &[Booked], venue: bool, span: (i64, i64), but: Option<RecordId>| {
            !all.iter().any(|one| {
                one.stands && one.venue == venue && Some(one.id) != but && one.span.0 < span.1 && span.0 < one.span.1
            })
        };
        for act in acts {
            match act {
                Act::Ask { venue, from, long } => {
                    let (name, span) = (if venue { "大厅" } else { "小厅" }, (from, from + long));
                    let result = ask(&mut county, "111", name, &hour(span.0), &hour(span.1));
                    prop_assert_eq!(result.is_ok(), free(&all, venue, span, None));
                    all.extend(result.map(|id| Booked { id, venue, span, stands: true }));
                }
                Act::Move { which, from, long } => {
                    let Some(one) = all.get(which).filter(|one| one.stands) else { continue };
                    let (id, span) = (one.id, (from, from + long));
                    let may = free(&all, one.venue, span, Some(id));
                    let ends = [("begins", hour(span.0)), ("ends", hour(span.1))];
                    let ends: Vec<(&str, &str)> = ends.iter().map(|(name, at)| (*name, at.as_str())).collect();
                    prop_assert_eq!(county.step(&by, id, "move", &ends).is_ok(), may);
                    if may {
                        all[which].span = span;
                    }
                }
                Act::Cancel(which) => {
                    let Some(one) = all.get_mut(which).filter(|one| one.stands) else { continue };
                    county.step(&by, one.id, "cancel", &[]).expect("cancelled");
                    one.stands = false;
                }
                Act::Restore(which) => {
                    let Some(one) = all.get(which).filter(|one| !one.stands) else { continue };
                    let may = free(&all, one.venue, one.span, None);
                    prop_assert_eq!(county.step(&by, one.id, "restore", &[]).is_ok(), may);
                    all[which].stands = may;
                }
            }
        }
    }
}
