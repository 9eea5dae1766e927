//! Every page, in every language, with every sample.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::sample::{self, Look};
use super::*;
use crate::i18n::{self, Lang};

fn under(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the folder is there")
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let text = fs::read_to_string(&path).ok()?;
            Some((path.file_stem()?.to_str()?.to_owned(), text))
        })
        .collect();
    found.sort();
    found
}

/// Calls `check` with the name, the language and the HTML of every sample.
fn every_page(check: impl Fn(&str, Lang, &str)) {
    let mut samples = files(&under("../../web/shots/samples"));
    let frames = samples.iter().position(|(name, _)| name == "frames").expect("frames.json");
    let (_, frames) = samples.remove(frames);
    assert!(samples.len() > 20, "every page has a sample");
    for (name, source) in &samples {
        for lang in Lang::ALL {
            let look = Look { lang, ..Look::default() };
            match sample::render(name, source, &frames, &look) {
                Ok(html) => check(name, lang, &html),
                Err(error) => panic!("{name} ({lang}): {error}"),
            }
        }
    }
}

/// The values of an attribute in the order of their appearance.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    html.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_label_and_link_inside_a_page_has_its_target_and_no_id_is_given_twice() {
    every_page(|name, lang, html| {
        let ids = values(html, "id");
        let set: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), set.len(), "{name} ({lang}): an id is given twice: {ids:?}");
        let links = values(html, "href").into_iter().filter_map(|href| href.strip_prefix('#'));
        let described = values(html, "aria-describedby").into_iter().flat_map(str::split_whitespace);
        let named = values(html, "aria-labelledby").into_iter().flat_map(str::split_whitespace);
        for target in links.chain(values(html, "for")).chain(described).chain(named) {
            assert!(set.contains(target), "{name} ({lang}): nothing has the id `{target}`");
        }
    });
}

#[test]
fn no_page_holds_inline_style_or_script_which_the_content_security_policy_forbids() {
    every_page(|name, lang, html| {
        for forbidden in [" style=\"", "<script>", " onclick=", "javascript:"] {
            assert!(!html.contains(forbidden), "{name} ({lang}) holds `{forbidden}`");
        }
    });
}

#[test]
fn every_form_that_posts_carries_the_token() {
    every_page(|name, lang, html| {
        let posts = html.matches("method=\"post\"").count();
        assert_eq!(posts, html.matches("name=\"_csrf\"").count(), "{name} ({lang})");
    });
}

#[test]
fn english_pages_have_their_texts_in_english() {
    let text_of = |html: &str| -> String {
        let mut out = String::new();
        for piece in html.split('<') {
            // The switch to the other language and the seal are Chinese on purpose, as are the names in a document's own words.
            if piece.starts_with("button class=\"switch\"")
                || piece.contains("class=\"seal\"")
                || piece.contains("lang=\"zh")
            {
                continue;
            }
            out.push_str(piece.split_once('>').map_or("", |(_, text)| text));
        }
        out
    };
    every_page(|name, lang, html| {
        if lang == Lang::En {
            let text = text_of(html);
            let han: String = text.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).collect();
            assert!(han.is_empty(), "{name}: Chinese on the English page: {han}");
        }
    });
}

#[test]
fn every_text_that_a_template_asks_for_exists_in_both_languages() {
    let mut templates = files(&under("templates"));
    templates.extend(files(&under("templates/part")));
    let mut asked = 0;
    for (name, source) in templates {
        for call in ["s.t(\"", "s.tn(\"", "s.tx(\"", "s.txy(\""] {
            for rest in source.split(call).skip(1) {
                let key = rest.split('"').next().unwrap_or_default();
                asked += 1;
                for lang in Lang::ALL {
                    assert!(i18n::has(lang, key), "{name}.html asks for `{key}`, missing in {lang}");
                }
            }
        }
    }
    assert!(asked > 100);
    for (_, key) in AboutPage::default().keyboard() {
        assert!(i18n::has(Lang::Zh, key), "missing `{key}`");
    }
}

#[test]
fn what_somebody_typed_is_shown_as_text_never_as_markup() {
    let field = Field {
        name: "what".into(),
        label: "<b>what</b>".into(),
        error: Some("<i>".into()),
        kind: FieldKind::Text(TextInput {
            value: "</textarea><script>".into(),
            rows: 3,
            ..TextInput::default()
        }),
        ..Field::default()
    };
    let shell = Shell::default();
    let html = askama::Template::render(&shell.field(&field)).expect("prints");
    assert!(!html.contains("<script>") && !html.contains("<b>") && !html.contains("<i>"));
    assert!(html.contains("aria-invalid=\"true\"") && html.contains("what-error"));
}

#[test]
fn days_of_a_deadline_fall_under_their_weekday() {
    let day = |weekday: u8| Day { weekday, ..Day::default() };
    let derivation = Derivation { days: [5, 6, 7, 1, 2, 3].map(day).to_vec(), ..Derivation::default() };
    let weeks = derivation.weeks();
    assert_eq!(weeks.len(), 2);
    assert!(weeks.iter().all(|week| week.len() == 7));
    assert!(weeks[0][3].is_none() && weeks[0][4].is_some() && weeks[1][0].is_some() && weeks[1][3].is_none());
}

#[test]
fn a_line_breaks_where_a_value_is_missing() {
    let point = |value: Option<f64>| Point { value, ..Point::default() };
    let line = Line {
        points: vec![point(Some(90.0)), point(None), point(Some(95.0)), point(Some(100.0))],
        ..Line::default()
    };
    let chart = LineChart {
        periods: vec!["1".into(), "2".into(), "3".into(), "4".into()],
        from: 80.0,
        to: 100.0,
        ..LineChart::default()
    };
    let path = chart.path(&line);
    assert_eq!(path.matches('M').count(), 2);
    assert_eq!(path.matches('L').count(), 1);
    assert!(!chart.path(&Line::default()).contains("NaN"));
    // On a telephone a long row of periods is named in part, the newest one always.
    let named = |n: usize| {
        let chart = LineChart { periods: vec![String::new(); n], ..LineChart::default() };
        (0..n).filter(|period| chart.named(period)).collect::<Vec<_>>()
    };
    assert_eq!([named(4), named(6), named(13)], [vec![0, 1, 2, 3], vec![1, 3, 5], vec![0, 4, 8, 12]]);
}
