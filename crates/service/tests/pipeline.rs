//! Groups that are decided ahead: what holds when the one before them fails, and when it does not.

use gongzhi_base::{CommandId, RecordId, Value};
use gongzhi_kernel::{Actor, Command, Order, Raw};
use gongzhi_service::engine::GROUP;
use gongzhi_service::{Failure, Outcome};

mod fixture;

use fixture::{County, county};

fn report(county: &County, id: &str, record: RecordId) -> Command {
    let fields = [
        ("what", "阳庄村停水两天了"),
        ("where", "140823204208"),
        ("kind", "010101"),
        ("contact_phone", "13800001111"),
    ];
    let input = fields.map(|(name, value)| (name.to_owned(), Raw::Text(value.to_owned()))).into();
    let order = Order::Open { mechanism: "matter".into(), step: "report".into(), id: record, input };
    command(county, id, Actor::Public, order)
}

fn accept(county: &County, id: &str, record: RecordId) -> Command {
    let order = Order::Step { record, step: "accept".into(), expect: None, input: [].into() };
    command(county, id, county.service.actor_of("officer.water"), order)
}

fn command(county: &County, id: &str, actor: Actor, order: Order) -> Command {
    let id = CommandId::new(id).expect("an identifier");
    Command { id, actor, at: county.service.now(), order }
}

/// A first group of reports, and a second one that is decided on top of it: a repeated command of the
/// first, steps of records of the first, reports and steps of its own.
fn two_groups(county: &County) -> (Vec<Command>, Vec<RecordId>) {
    let records: Vec<RecordId> = (0..GROUP + 2).map(|_| county.service.new_record_id()).collect();
    let mut commands: Vec<Command> =
        (0..GROUP).map(|n| report(county, &format!("first-{n:04}"), records[n])).collect();
    commands.push(commands[7].clone());
    commands.push(accept(county, "second-0001", records[9]));
    commands.push(report(county, "second-0002", records[GROUP]));
    commands.push(report(county, "second-0003", records[GROUP + 1]));
    commands.push(accept(county, "second-0004", records[GROUP]));
    (commands, records)
}

fn accepted(result: &Result<Outcome, Failure>, again: bool) -> u64 {
    let outcome = result.as_ref().expect("accepted");
    assert_eq!(outcome.again, again, "{outcome:?}");
    outcome.seq
}

fn phone(county: &County, record: RecordId) -> Vec<(String, Value)> {
    let service = &county.service;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let officer = service.actor_of("officer.water");
    let fields = vec!["contact_phone".into()];
    let look = service.look(service.new_command_id(), officer, record, fields, "核实停水范围".into());
    runtime.block_on(look).expect("shown").1
}

#[test]
fn a_group_is_decided_on_what_the_one_before_will_leave() {
    let county = county();
    let (commands, records) = two_groups(&county);
    let answers = county.service.engine().act_all(commands);
    let first: Vec<u64> = answers[..GROUP].iter().map(|answer| accepted(answer, false)).collect();
    assert!(first.is_sorted_by(|a, b| a < b), "decided in their order");
    assert_eq!(accepted(&answers[GROUP], true), first[7], "the same answer as the first time");
    for answer in &answers[GROUP + 1..] {
        assert!(accepted(answer, false) > first[GROUP - 1]);
    }
    assert_eq!(phone(&county, records[9]), [("contact_phone".to_owned(), Value::from("13800001111"))]);
    gongzhi_store::verify(county.service.ledger(), &mut |_| {}).expect("the ledger verifies");
}

#[test]
fn what_was_decided_on_a_group_that_failed_is_decided_again() {
    let county = county();
    let (commands, records) = two_groups(&county);
    let before = county.service.ledger().head().expect("a head");
    // The database refuses the entry of one record: the whole first group fails with it.
    let file = rusqlite::Connection::open(county._dir.path().join("county.db")).expect("the file");
    let id = records[3].0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let trigger = format!(
        "CREATE TRIGGER trouble BEFORE INSERT ON entry WHEN NEW.record = X'{id}'
         BEGIN SELECT RAISE(ABORT, 'the disk has a bad place'); END"
    );
    file.execute_batch(&trigger).expect("a trigger");

    let answers = county.service.engine().act_all(commands.clone());
    for answer in &answers[..GROUP] {
        assert!(matches!(answer, Err(Failure::Store(_))), "{answer:?}");
    }
    // The repeated command of the failed group is the first one now; a step of its record finds none.
    let second = accepted(&answers[GROUP], false);
    assert!(second < before.size + 8, "the log continues what is durable");
    assert_eq!(answers[GROUP + 1], Err(Failure::NotFound));
    for answer in &answers[GROUP + 2..] {
        accepted(answer, false);
    }
    assert_eq!(
        phone(&county, records[GROUP]),
        [("contact_phone".to_owned(), Value::from("13800001111"))],
        "sealed with a key that is durable"
    );

    file.execute_batch("DROP TRIGGER trouble").expect("mended");
    let answers = county.service.engine().act_all(commands);
    for (n, answer) in answers[..GROUP].iter().enumerate() {
        accepted(answer, n == 7);
    }
    assert_eq!(accepted(&answers[GROUP], true), second);
    accepted(&answers[GROUP + 1], false);
    for answer in &answers[GROUP + 2..] {
        accepted(answer, true);
    }
    gongzhi_store::verify(county.service.ledger(), &mut |_| {}).expect("the ledger verifies");
}
