//! The burden of a small library against limits that say beside each line what must be found.

use std::path::{Path, PathBuf};

use gongzhi_lang::burden::{cost, left_out, lines, over, sums};
use gongzhi_lang::{At, DataFile, Source, check};
use gongzhi_service::burden::{read_limits, read_volumes, unknown, write_volumes};

fn suite(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(suite(name)).expect("the suite is there")
}

fn sources() -> Vec<Source> {
    vec![Source { path: "shared.md".into(), text: text("examples/shared.md") }]
}

/// What a file says must be found, as `# error: GZ862 "words" "words"` beside its lines.
fn expected<'t>(name: &'static str, text: &'t str) -> Vec<(&'static str, usize, &'t str, Vec<&'t str>)> {
    let lines = text.lines().enumerate();
    let all =
        lines.flat_map(|(index, line)| line.split("error: ").skip(1).map(move |rest| (index + 1, rest)));
    all.map(|(line, rest)| {
        let code = rest.split(' ').next().unwrap_or_default();
        (name, line, code, rest.split('"').skip(1).step_by(2).collect())
    })
    .collect()
}

#[test]
fn limits_that_are_passed_and_what_has_no_volume_are_told_at_their_lines() {
    let sources = sources();
    let mut checked = check(&sources, &[]);
    let (asked, budget) = (text("burden/volumes.toml"), text("burden/budget.toml"));
    let data = [("volumes.toml", &asked), ("budget.toml", &budget)]
        .map(|(name, text)| DataFile { name: name.into(), text: text.clone() });
    let volumes = read_volumes(&asked).expect("volumes");
    let first = sources.len() as u32;
    let limits = read_limits(&budget, first + 1).expect("limits");
    assert_eq!(unknown(&volumes, &limits, &checked.library), None);
    let mut found = left_out(&checked.library, &volumes, At { source: first, ..At::default() });
    found.extend(over(&lines(&checked.library, &volumes), &volumes, &limits));
    checked.diagnostics.clear();
    checked.add(found, &sources, &data);
    let expected = [expected("volumes.toml", &asked), expected("budget.toml", &budget)].concat();
    assert_eq!(checked.diagnostics.len(), expected.len(), "{:#?}", checked.diagnostics);
    for (found, (path, line, code, words)) in checked.diagnostics.iter().zip(expected) {
        let said = format!("{} {}", found.message.en, found.help.as_ref().expect("what to do").en);
        assert_eq!((found.path.as_str(), found.line, found.code), (path, line, code));
        assert!(words.iter().all(|words| said.contains(words)), "{said} {words:?}");
    }
}

#[test]
fn a_field_that_may_stay_empty_costs_less_and_shares_add_up() {
    let library = check(&sources(), &[]).library;
    let repair = &library.mechanisms["repair"];
    let report = cost(&library, repair, repair.step("report").expect("declared"));
    // 20 for the step, 20 what, 10 where; phone 2 + 6 and photos 2 + 15 as three of ten fill them.
    assert_eq!((report.fields, report.optional, report.seconds), (4, 2, 75));
    let volumes = read_volumes("[steps.help]\ndo = 7\n[steps.repair]\nreport = 2.5\n").expect("volumes");
    let lines = lines(&library, &volumes);
    let sums = sums(&lines, |line| &line.mechanism);
    assert_eq!((sums["help"].times, sums["repair"].times), (7_000, 2_500));
    assert_eq!(sums["repair"].fields, 10_000);
}

#[test]
fn slips_are_told_and_volumes_read_back() {
    let library = check(&sources(), &[]).library;
    for (bad, word) in [
        ("[steps.repair]\nraport = 1", "repair/raport"),
        ("[steps.repare]\nreport = 1", "repare/report"),
        ("[posts]\nofficers = 1", "officers"),
        ("[steps.repair]\nreport = { clark = 1 }", "clark"),
    ] {
        let bad = unknown(&read_volumes(bad).expect("reads"), &[], &library).expect("a slip");
        assert!(bad.0.contains(word), "{bad}");
    }
    for bad in [
        "steps = 1",
        "[steps]\nrepair = 1",
        "[repair]\nreport = 1",
        "[steps.repair]\nreport = \"many\"",
        "[steps.repair]\nreport = -1",
        "[steps",
        "[posts]\na = 1e99",
    ] {
        assert!(read_volumes(bad).is_err(), "{bad}");
    }
    assert!(read_limits("[hours]\nclerk = 1", 0).is_err());
    let volumes = read_volumes(&text("burden/volumes.toml")).expect("volumes");
    assert_eq!(read_volumes(&write_volumes(&volumes)).as_ref(), Ok(&volumes));
}

#[test]
fn fields_cost_the_same_in_a_table_as_one_by_one() {
    let tables = Source { path: "tables.md".into(), text: text("burden/tables.md") };
    let points = DataFile { name: "points.csv".into(), text: text("burden/points.csv") };
    let checked = check(&[sources(), vec![tables]].concat(), &[points]);
    assert!(checked.is_clean(), "{:#?}", checked.diagnostics);
    let look = &checked.library.mechanisms["look"];
    let cost = |step: &str| {
        let cost = cost(&checked.library, look, look.step(step).expect("declared"));
        (cost.fields, cost.optional, cost.seconds)
    };
    // 20 for the step, 15 for the rubric; six rows as estimated, each 4, a tick 4, and a note 2 + 6 as three of ten fill it.
    assert_eq!(cost("begin"), (13, 6, 35 + 6 * 16));
    // Five points under two rubrics: three rows of 4 and a tick.
    assert_eq!(cost("check"), (3, 0, 20 + 3 * 8));
    // All five, where three of ten fill the table at all.
    assert_eq!(cost("check-all"), (5, 5, 20 + 2 + 5 * 8 * 3 / 10));
    // Without an estimate two rows, or as many as there must be.
    assert_eq!(cost("add"), (2, 0, 20 + 2 * 8));
    assert_eq!(cost("add-four"), (4, 0, 20 + 4 * 8));
}
