//! Some simulated counties, and proof that the simulation notices when something is wrong.

use std::path::Path;

use gongzhi_testkit::sim::{Engine, Habits, Plan, Report, Sabotage, run};

fn plan(seed: u64, nodes: usize) -> Plan {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    Plan {
        seed,
        days: 45,
        villages: Some(24),
        nodes,
        engine: Engine::Sqlite,
        mechanisms: root.join("mechanisms"),
        habits: Habits::read(&root.join("suite/simulate/habits.toml")).expect("habits"),
        sabotage: None,
    }
}

#[test]
fn a_county_lives_on_postgresql_too() {
    for nodes in [1, 2] {
        sound(&Plan { engine: Engine::Postgres, days: 14, ..plan(31, nodes) });
    }
}

/// Plays a plan that must hold.
fn sound(plan: &Plan) -> Report {
    let report = run(plan).expect("a county that can be loaded");
    if let Some(failure) = &report.failure {
        panic!("{report}\n{}", failure.trace.join("\n"));
    }
    report
}

#[test]
fn small_counties_hold_under_faults() {
    let reports: Vec<Report> =
        (1..=9).map(|seed| sound(&plan(seed, if seed % 3 == 0 { 2 } else { 1 }))).collect();
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    // A simulation in which nothing happens proves nothing.
    assert!(sum(|report| report.tally.records) > 150);
    assert!(sum(|report| report.tally.accepted) > 1_000);
    assert!(sum(|report| report.tally.refused) > 300);
    assert!(sum(|report| report.tally.crashes) > 10);
    assert!(sum(|report| report.tally.passed) > 100);
    for fault in ["conflict", "answer of commit lost", "error before commit", "disk full", "read error"] {
        let times = sum_of(&reports, fault);
        assert!(times > 0, "no `{fault}` in all seeds");
    }
}

fn sum_of(reports: &[Report], fault: &str) -> u64 {
    reports.iter().filter_map(|report| report.tally.faults.get(fault)).sum()
}

#[test]
fn two_hundred_villages_hold_for_some_days() {
    let plan = Plan { days: 14, villages: None, ..plan(1, 1) };
    let report = sound(&plan);
    assert!(report.tally.records > 30, "{report}");
}

#[test]
fn the_same_seed_plays_the_same_county() {
    for nodes in [1, 2] {
        let plan = Plan { days: 20, ..plan(77, nodes) };
        let (first, second) = (sound(&plan), sound(&plan));
        assert!(first.root.is_some());
        assert_eq!((first.root, first.tally), (second.root, second.tally));
        let other = sound(&Plan { seed: 78, ..plan });
        assert_ne!(other.root, second.root);
    }
}

#[test]
fn every_lie_is_noticed() {
    use Sabotage::{Answer, Figure, Forget, Inbox, Key, Right, Snapshot, Timer};
    for (lie, said) in [
        (Forget, "durable"),
        (Answer, "are kept"),
        (Figure, "recount"),
        (Inbox, "inbox"),
        (Timer, "did not"),
        (Right, "right crossed"),
        (Snapshot, "snapshot"),
        (Key, "key is still there"),
    ] {
        let mut habits = plan(5, 1).habits;
        // Nothing else goes wrong, so that it is the lie that is noticed.
        (habits.faults.crashes, habits.faults.stops, habits.faults.off) = (0.0, 0.0, 0.0);
        habits.people.erasures = 60.0;
        habits.people.reads = 30.0;
        let plan = Plan { sabotage: Some(lie), habits, ..plan(5, 1) };
        let report = run(&plan).expect("a county that can be loaded");
        let what = report.failure.map(|failure| failure.violation.what);
        assert!(what.as_ref().is_some_and(|what| what.contains(said)), "{lie:?} was told as {what:?}");
    }
}
