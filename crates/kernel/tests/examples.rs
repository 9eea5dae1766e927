//! Replays `suite/examples`: nothing is found in the good ones, and in the bad ones exactly what stands
//! beside their lines.

use std::path::{Path, PathBuf};

use gongzhi_base::Lang;
use gongzhi_kernel::example;
use gongzhi_lang::{DataFile, Source, render};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

fn source(folder: &Path, name: &str) -> Source {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Source { path: name.to_owned(), text }
}

/// What the comments of a document expect: line, code, words in quotes.
fn expected(text: &str) -> Vec<(usize, String, Vec<String>)> {
    let mut out = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for (start, _) in line.match_indices("error: GZ") {
            let rest = &line[start + "error: GZ".len()..];
            let end = rest.find(" error").unwrap_or(rest.len());
            let words = rest[..end].split('"').skip(1).step_by(2).map(str::to_owned).collect();
            out.push((index + 1, format!("GZ{}", &rest[..3]), words));
        }
    }
    out
}

fn differences(name: &str) -> Vec<String> {
    let folder = folder("suite/examples");
    let sources = [source(&folder, "shared.md"), source(&folder, name)];
    let mut expected = expected(&sources[1].text);
    let mut out = Vec::new();
    for found in example::check(&sources, &[]).diagnostics {
        let texts = [Some(&found.message), found.help.as_ref()];
        let said = |words: &String| {
            texts.iter().flatten().any(|text| text.zh.contains(words) || text.en.contains(words))
        };
        let fits = |(line, code, words): &(usize, String, Vec<String>)| {
            found.path == name && *line == found.line && code == found.code && words.iter().all(said)
        };
        match expected.iter().position(fits) {
            Some(index) => drop(expected.remove(index)),
            None => {
                let text = &sources.iter().find(|one| one.path == found.path).expect("one of them").text;
                out.push(format!("not expected:\n{}", render(&found, text, Lang::En, false)));
            }
        }
    }
    out.extend(expected.iter().map(|one| format!("not found: {one:?}")));
    out
}

#[test]
fn good_examples_come_out_as_they_say() {
    let wrong = differences("good.md");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bad_examples_are_told_at_their_lines() {
    let wrong = differences("bad.md");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The library's own examples, with the count that says they were really played.
#[test]
fn the_library_s_examples_come_out_as_they_say() {
    let dir = folder("mechanisms");
    let mut names: Vec<String> = std::fs::read_dir(&dir)
        .expect("the library is there")
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let (mut sources, mut data) = (Vec::new(), Vec::new());
    for name in names {
        if name.ends_with(".md") {
            sources.push(source(&dir, &name));
        } else if name.ends_with(".csv") {
            let Source { path, text } = source(&dir, &name);
            data.push(DataFile { name: path, text });
        }
    }
    let checked = example::check(&sources, &data);
    let faults: Vec<String> = checked
        .diagnostics
        .iter()
        .filter(|found| found.severity == gongzhi_lang::Severity::Error)
        .map(|found| format!("{}:{} {}", found.path, found.line, found.message.en))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(checked.examples.iter().filter(|one| one.mechanism.text() == "matter").count() >= 4);
}
