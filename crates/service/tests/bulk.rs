//! One step of many records: whatever node is asked, and however often, what was taken is taken once.

mod fixture;

use fixture::{County, county};
use gongzhi_base::{CommandId, RecordId};
use gongzhi_kernel::command::Input;
use gongzhi_kernel::{Raw, Refusal};
use gongzhi_service::bulk::{Chosen, command_of};
use gongzhi_service::{Failure, Service};

const STEP: &str = "supervise";

fn input() -> Input {
    [("order".to_owned(), Raw::Text("三日内报进展。".to_owned()))].into()
}

/// What became of each record: taken, or why not.
fn told(service: &Service, batch: &CommandId, chosen: &[Chosen]) -> Vec<Result<(), Failure>> {
    let actor = service.actor_of("supervise");
    let lines = service.turned(&actor, batch, STEP, chosen, &input()).expect("told");
    assert!(lines.iter().all(|line| line.row.is_some()), "each record is named");
    lines.into_iter().map(|line| line.result).collect()
}

fn chased(service: &Service, id: RecordId) -> Option<gongzhi_base::Value> {
    let view = service.view(&service.actor_of("supervise"), id).expect("readable");
    view.record.fields.get("chased").cloned()
}

#[test]
fn a_turn_that_was_cut_off_is_told_and_ended_by_another_node() {
    let county = county();
    let ids: Vec<RecordId> = (0..3)
        .map(|n| county.report(&format!("report-{n}"), &format!("路灯{n}不亮")).expect("reported").record)
        .collect();
    let batch = CommandId::new("turn-0001").expect("an identifier");
    let actor = county.service.actor_of("supervise");
    // The last one was seen before somebody else took a step of it.
    let revision = |id: &RecordId| county.service.view(&actor, *id).expect("readable").record.revision;
    let mut chosen: Vec<Chosen> = ids.iter().map(|id| (*id, Some(revision(id)))).collect();
    county.step("dispatch", ids[2], STEP, &[("order", "先办这一件。")]).expect("supervised");
    // The node that began it got no further than the first record.
    let begun = county.service.take_turn(&actor, &batch, STEP, &chosen[..1], &input());
    assert!(matches!(begun.as_slice(), [Ok(_)]), "{begun:?}");
    let County { service, clock, _dir: dir } = county;
    service.close();

    let service = fixture::open(dir.path(), &clock);
    let stale = |result: &Result<(), Failure>| matches!(result, Err(Failure::Refused(Refusal::Stale { .. })));
    let seen = told(&service, &batch, &chosen);
    assert!(seen[0].is_ok() && seen[1] == Err(Failure::Busy) && stale(&seen[2]), "{seen:?}");
    let before = service.ledger().head().expect("a head");
    told(&service, &batch, &chosen);
    assert_eq!(service.ledger().head().expect("a head"), before, "telling writes nothing");

    // Sent once more it does the rest, and nothing twice.
    let ended = service.take_turn(&actor, &batch, STEP, &chosen, &input());
    assert!(matches!(&ended[..2], [Ok(first), Ok(second)] if first.again && !second.again), "{ended:?}");
    let counts: Vec<_> = ids.iter().map(|id| chased(&service, *id)).collect();
    assert_eq!(counts, vec![Some(gongzhi_base::Value::Int(1)); 3]);
    let seen = told(&service, &batch, &chosen);
    assert!(seen[0].is_ok() && seen[1].is_ok() && stale(&seen[2]), "{seen:?}");
    // Another turn is another one, also over the same records.
    chosen.truncate(1);
    let other = CommandId::new("turn-0002").expect("an identifier");
    assert_ne!(command_of(&batch, ids[0]), command_of(&other, ids[0]));
    assert!(stale(&told(&service, &other, &chosen)[0]));
}
