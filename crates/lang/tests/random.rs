//! No text makes the checker panic, and every diagnostic points into its text.

use std::path::Path;

use gongzhi_lang::{DataFile, Source, check, render};
use proptest::prelude::*;

fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/lang").join(name);
    std::fs::read_to_string(path).expect("the suite is there")
}

fn try_out(text: String, csv: String) {
    let source = Source { path: "random.md".into(), text };
    let data = DataFile { name: "kinds.csv".into(), text: csv };
    let texts = [source.text.clone(), data.text.clone()];
    let checked = check(&[source], &[data]);
    for diagnostic in &checked.diagnostics {
        let text = if diagnostic.path == "random.md" { &texts[0] } else { &texts[1] };
        assert!(text.get(diagnostic.span.clone()).is_some(), "{diagnostic:?}");
        assert!(!render(diagnostic, text, gongzhi_base::Lang::Zh, false).is_empty());
    }
}

/// Cuts a piece out of a text and puts something else in its place.
fn mutated(text: &str, cuts: &[(usize, usize, String)]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for (at, length, insert) in cuts {
        let at = at % (chars.len() + 1);
        let end = (at + length).min(chars.len());
        chars.splice(at..end, insert.chars());
    }
    chars.into_iter().collect()
}

fn cuts() -> impl Strategy<Value = Vec<(usize, usize, String)>> {
    let insert = prop_oneof![
        Just(String::new()),
        Just("\n".to_owned()),
        Just("：".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("\"".to_owned()),
        Just("```".to_owned()),
        Just("- ".to_owned()),
        Just("\t".to_owned()),
        Just("\u{feff}".to_owned()),
        "\\PC{0,6}",
    ];
    prop::collection::vec((any::<usize>(), 0usize..12, insert), 1..8)
}

/// Few cases by default, so that the tests stay quick; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(96), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600), csv in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = String::from_utf8_lossy(&bytes);
        try_out(format!("# a\n## b\n```yaml\n{text}\n```\n"), String::from_utf8_lossy(&csv).into_owned());
        try_out(text.into_owned(), String::new());
    }

    #[test]
    fn mutated_documents(cuts in cuts(), which in 0usize..5) {
        let names = ["good/mediation.md", "good/pledge.md", "good/merge.md", "good/venue.md", "shared.md"];
        let text = format!("{}\n{}", sample("shared.md"), sample(names[which]));
        try_out(mutated(&text, &cuts), mutated(&sample("kinds.csv"), &cuts));
    }

    #[test]
    fn mutated_blocks(text in "[a-z:{}\\[\\], \n\"'#&*!|>?%@`~：“，-]{0,120}") {
        try_out(format!("# a\n## b\nwords\n```yaml\nmechanism: m\n{text}\n```\n"), String::new());
    }

    #[test]
    fn expressions(text in "[a-z0-9().\\[\\]'\"+*/%<>=!&|?: 户-]{0,60}") {
        let text = text.replace('\'', "''");
        try_out(format!("# a\n## b\n```yaml\nmechanism: m\nsteps:\n  s: {{ auto: '{text}' }}\n```\n"), String::new());
    }
}
