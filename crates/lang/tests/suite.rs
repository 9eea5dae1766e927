//! Runs `suite/lang`: good documents without a fault, bad ones with exactly the faults beside their lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gongzhi_base::Lang;
use gongzhi_lang::{Checked, DataFile, Diagnostic, Source, check, checks, manual, render};

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/lang")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(suite().join(folder)).expect("the suite is there");
    let mut out: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    out.retain(|path| path.extension().is_some_and(|found| found == ending));
    out.sort();
    out
}

fn name(path: &Path) -> String {
    path.file_name().expect("a file").to_string_lossy().into_owned()
}

/// A document together with the shared vocabulary, and the data files beside it.
struct Case {
    sources: Vec<Source>,
    data: Vec<DataFile>,
}

impl Case {
    fn new(path: &Path) -> Case {
        let shared = Source { path: "shared.md".into(), text: read(&suite().join("shared.md")) };
        let own = Source { path: name(path), text: read(path) };
        let mut data = vec![DataFile { name: "kinds.csv".into(), text: read(&suite().join("kinds.csv")) }];
        let beside = path.with_extension("csv");
        if beside.exists() {
            data.push(DataFile { name: name(&beside), text: read(&beside) });
        }
        Case { sources: vec![shared, own], data }
    }

    fn check(&self) -> Checked {
        check(&self.sources, &self.data)
    }

    fn text(&self, path: &str) -> &str {
        let sources = self.sources.iter().map(|one| (&one.path, &one.text));
        let mut all = sources.chain(self.data.iter().map(|one| (&one.name, &one.text)));
        all.find(|(found, _)| *found == path).map_or("", |(_, text)| text)
    }
}

/// What a comment expects.
#[derive(Debug)]
struct Expected {
    path: String,
    line: usize,
    severity: String,
    code: String,
    words: Vec<String>,
}

fn expectations(path: &str, text: &str) -> Vec<Expected> {
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for marker in ["error: GZ", "warning: GZ", "error-next: GZ", "warning-next: GZ"] {
            for (start, _) in line.match_indices(marker) {
                // `error: GZ` does not stand inside `error-next: GZ`, so every hit is one expectation.
                let rest = &line[start + marker.len()..];
                let end = [" error", " warning"]
                    .iter()
                    .filter_map(|next| rest.find(next))
                    .min()
                    .unwrap_or(rest.len());
                out.push(Expected {
                    path: path.to_owned(),
                    line: index + 1 + usize::from(marker.contains("-next")),
                    severity: marker.split([':', '-']).next().unwrap_or("").to_owned(),
                    code: format!("GZ{}", &rest[..3]),
                    words: rest[..end].split('"').skip(1).step_by(2).map(str::to_owned).collect(),
                });
            }
        }
    }
    out
}

fn fits(expected: &Expected, found: &Diagnostic) -> bool {
    let said = |words: &String| {
        let texts = [Some(&found.message), found.help.as_ref()];
        texts.into_iter().flatten().any(|text| text.zh.contains(words) || text.en.contains(words))
    };
    expected.path == found.path
        && expected.line == found.line
        && expected.code == found.code
        && expected.severity == found.severity.word()
        && expected.words.iter().all(said)
}

/// Differences between what was expected and what was found, for a person to read.
fn differences(case: &Case) -> Vec<String> {
    let texts = case.sources.iter().map(|one| (&one.path, &one.text));
    let texts = texts.chain(case.data.iter().map(|one| (&one.name, &one.text)));
    let mut expected: Vec<Expected> = texts.flat_map(|(path, text)| expectations(path, text)).collect();
    let mut out = Vec::new();
    for found in case.check().diagnostics {
        match expected.iter().position(|one| fits(one, &found)) {
            Some(index) => {
                expected.remove(index);
            }
            None => out
                .push(format!("not expected:\n{}", render(&found, case.text(&found.path), Lang::En, false))),
        }
    }
    out.extend(expected.iter().map(|one| format!("not found: {one:?}")));
    out
}

#[test]
fn good_documents_have_no_fault() {
    for path in files("good", "md") {
        let case = Case::new(&path);
        let wrong = differences(&case);
        assert!(wrong.is_empty(), "{}:\n{}", path.display(), wrong.join("\n"));
        let library = case.check().library;
        assert!(
            !library.documents[name(&path).trim_end_matches(".md")].mechanisms.is_empty(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn bad_documents_have_exactly_the_faults_beside_their_lines() {
    let mut wrong = Vec::new();
    for path in files("bad", "md") {
        let differences = differences(&Case::new(&path));
        if !differences.is_empty() {
            wrong.push(format!("==== {}\n{}", path.display(), differences.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_check_has_a_bad_case() {
    let mut seen = BTreeSet::new();
    for ending in ["md", "csv"] {
        for path in files("bad", ending) {
            seen.extend(expectations("", &read(&path)).into_iter().map(|one| one.code));
        }
    }
    // What is found right of this crate has its cases in folders of their own.
    for name in ["../examples/bad.md", "../burden/budget.toml", "../burden/volumes.toml"] {
        seen.extend(expectations("", &read(&suite().join(name))).into_iter().map(|one| one.code));
    }
    let missing: Vec<_> =
        checks::ALL.iter().map(|check| check.code).filter(|code| !seen.contains(*code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn messages_follow_the_grammar() {
    for path in files("bad", "md") {
        for found in Case::new(&path).check().diagnostics {
            for text in [&found.message, &found.why].into_iter().chain(&found.help) {
                for words in [&text.zh, &text.en] {
                    assert!(!words.is_empty() && !words.contains('\n'), "{}: {words}", found.code);
                    let slots = ["{0}", "{1}", "{2}"].iter().any(|slot| words.contains(slot));
                    let types = ["Option<", "Type::", "Some("].iter().any(|name| words.contains(name));
                    assert!(!slots && !types && !words.starts_with("GZ"), "{}: {words}", found.code);
                }
            }
        }
    }
}

#[test]
fn the_manual_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual/checks.md");
    let text = format!("{}\n{}", manual(Lang::En), manual(Lang::Zh));
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("can be made");
        fs::write(&path, &text).expect("can be written");
    }
    assert!(fs::read_to_string(&path).is_ok_and(|found| found == text), "run the tests with UPDATE=1");
}
