//! The burden of a small library against limits that say beside each line what must be found.

use std::path::{Path, PathBuf};

use gongzhi_lang::burden::{cost, lines, over, sums};
use gongzhi_lang::{DataFile, Source, check};
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

#[test]
fn limits_that_are_passed_are_told_at_their_lines() {
    let sources = sources();
    let mut checked = check(&sources, &[]);
    let volumes = read_volumes(&text("burden/volumes.toml")).expect("volumes");
    let budget = text("burden/budget.toml");
    let limits = read_limits(&budget, sources.len() as u32).expect("limits");
    assert_eq!(unknown(&volumes, &limits, &checked.library), None);
    let found = over(&lines(&checked.library, &volumes), &volumes, &limits);
    checked.diagnostics.clear();
    checked.add(found, &sources, &[DataFile { name: "budget.toml".into(), text: budget.clone() }]);
    let mut expected: Vec<(usize, Vec<&str>)> = Vec::new();
    for (index, line) in budget.lines().enumerate() {
        if let Some((_, rest)) = line.split_once("error: GZ861") {
            expected.push((index + 1, rest.split('"').skip(1).step_by(2).collect()));
        }
    }
    assert_eq!(checked.diagnostics.len(), expected.len(), "{:#?}", checked.diagnostics);
    for (found, (line, words)) in checked.diagnostics.iter().zip(expected) {
        let said = format!("{} {}", found.message.en, found.help.as_ref().expect("what to do").en);
        assert_eq!((found.path.as_str(), found.line), ("budget.toml", line));
        assert!(words.iter().all(|words| said.contains(words)), "{said} {words:?}");
    }
}

#[test]
fn a_field_that_may_stay_empty_costs_less_and_shares_add_up() {
    let library = check(&sources(), &[]).library;
    let repair = &library.mechanisms["repair"];
    let report = cost(repair, repair.step("report").expect("declared"));
    // 20 for the step, 20 what, 10 where; phone 2 + 6 and photos 2 + 15 as three of ten fill them.
    assert_eq!((report.fields, report.optional, report.seconds), (4, 2, 75));
    let volumes = read_volumes("[help]\ndo = 7\n[repair]\nreport = 2.5\n").expect("volumes");
    let lines = lines(&library, &volumes);
    let sums = sums(&lines, |line| &line.mechanism);
    assert_eq!((sums["help"].times, sums["repair"].times), (7_000, 2_500));
    assert_eq!(sums["repair"].fields, 10_000);
}

#[test]
fn slips_are_told_and_volumes_read_back() {
    let library = check(&sources(), &[]).library;
    for (bad, word) in [
        ("[repair]\nraport = 1", "repair/raport"),
        ("[repare]\nreport = 1", "repare/report"),
        ("[posts]\nofficers = 1", "officers"),
        ("[repair]\nreport = { clark = 1 }", "clark"),
    ] {
        let bad = unknown(&read_volumes(bad).expect("reads"), &[], &library).expect("a slip");
        assert!(bad.0.contains(word), "{bad}");
    }
    for bad in
        ["repair = 1", "[repair]\nreport = \"many\"", "[repair]\nreport = -1", "[repair", "[posts]\na = 1e99"]
    {
        assert!(read_volumes(bad).is_err(), "{bad}");
    }
    assert!(read_limits("[hours]\nclerk = 1", 0).is_err());
    let volumes = read_volumes(&text("burden/volumes.toml")).expect("volumes");
    assert_eq!(read_volumes(&write_volumes(&volumes)).as_ref(), Ok(&volumes));
}
