//! What comes out of a check: the library that the kernel runs.

use std::path::Path;

use gongzhi_base::{Lang, Span, Unit, Words};
use gongzhi_lang::expr::Expr;
use gongzhi_lang::model::{At, Dimension, Level, Limit, Mask, Measure, Target, Type, Who};
use gongzhi_lang::{Checked, DataFile, Source, check, render, to_json};

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suite/lang").join(name);
    std::fs::read_to_string(path).expect("the suite is there")
}

fn checked(documents: &[(&str, String)]) -> Checked {
    let mut sources = vec![Source { path: "shared.md".into(), text: read("shared.md") }];
    sources
        .extend(documents.iter().map(|(name, text)| Source { path: (*name).to_owned(), text: text.clone() }));
    check(&sources, &[DataFile { name: "kinds.csv".into(), text: read("kinds.csv") }])
}

#[test]
fn a_document_becomes_a_mechanism_with_clauses() {
    let library = checked(&[("m/mediation.md", read("good/mediation.md"))]).library;
    let mechanism = &library.mechanisms["mediation"];
    assert_eq!((mechanism.version, mechanism.receipt), (2, true));
    assert_eq!(mechanism.lives_at, [Level::Township, Level::Village]);
    assert_eq!(mechanism.title.as_deref(), Some("争议"));
    assert!(mechanism.readers.contains(&Who::RoleOf { role: "officer".into(), field: "committee".into() }));

    let apply = mechanism.step("apply").expect("declared");
    assert!(apply.opens_record() && apply.public);
    assert_eq!(apply.clause.basis, "人民调解法 17");
    assert_eq!(apply.clause.heading, "第一条 申请 · Application");
    assert_eq!(apply.clause.anchor, "第一条-申请-application");
    assert_eq!(apply.clause.document, "mediation");
    assert!(apply.asks.iter().any(|ask| ask.field == "phone" && ask.optional));
    assert!(matches!(&apply.set[0], (field, Expr::UnitFor { .. }) if field == "committee"));

    let phone = mechanism.field("phone").expect("declared");
    let personal = phone.personal.as_ref().expect("taken over from the element");
    assert_eq!((personal.mask, personal.keep), (Mask::Phone, Span::new(24, Unit::Months)));
    assert_eq!((phone.max, &phone.words), (Some(20), &Words::new("电话", "Phone")));
    let applicant = mechanism.field("applicant").expect("declared");
    assert_eq!(applicant.words.zh, "申请人", "its own words stand before the element's");

    let settle = mechanism.deadline("settle").expect("declared");
    assert_eq!(settle.pauses, ["waiting"]);
    assert_eq!(settle.warns, Some(Span::new(5, Unit::Days)));
    assert!(matches!(settle.limit, Limit::Within(Expr::If { .. })));
    let accept = mechanism.deadline("register").expect("declared");
    assert!(
        matches!(accept.limit, Limit::Within(Expr::Span(span)) if span == Span::new(3, Unit::WorkingDays))
    );

    let settled = &mechanism.indicators[0];
    assert!(matches!(settled.measure, Measure::Ratio { .. }));
    assert_eq!(settled.at, At::Field("signed".into()));
    assert_eq!(settled.by, [Dimension::Place, Dimension::Unit, Dimension::Kind, Dimension::Month]);
    assert_eq!(settled.target, Some(Target { at_least: true, thousandths: 90_500 }));
    assert_eq!(library.documents["mediation"].mechanisms, ["help", "mediation"]);
    assert_eq!(library.documents["mediation"].title, Words::new("人民调解", "People's mediation"));
}

#[test]
fn a_catalogue_holds_typed_values() {
    let library = checked(&[]).library;
    let kinds = &library.catalogues["kinds"];
    assert_eq!(kinds.columns["answer"], Type::Span);
    let outage = &kinds.entries["0101"];
    assert_eq!((outage.parent.as_deref(), outage.words.en.as_str()), (Some("01"), "Water outage"));
    assert_eq!(outage.values.get("answer"), None, "an empty value is none");
    assert_eq!(
        (outage.values["urgent"].as_str(), kinds.entries["02"].values["urgent"].as_str()),
        ("true", "false")
    );
    assert_eq!(kinds.entries["02"].values["answer"], "5 working-days");
}

#[test]
fn what_rests_on_a_faulty_mechanism_stays_out() {
    let broken = read("good/mediation.md").replace("asked: { zh: 待协助", "asked: { zz: 待协助");
    let checked = checked(&[("mediation.md", broken), ("venue.md", read("good/venue.md"))]);
    assert!(!checked.is_clean());
    let names: Vec<_> = checked.library.mechanisms.keys().map(String::as_str).collect();
    assert_eq!(names, ["booking", "places", "units"], "the part is faulty, so its parent stays out too");
}

#[test]
fn an_unreadable_block_does_not_make_the_rest_unknown() {
    let broken = read("good/pledge.md").replacen("states:\n  pledged:", "states: [\n  pledged:", 1);
    let checked = checked(&[("pledge.md", broken)]);
    let codes: Vec<_> = checked.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["GZ001"], "{:#?}", checked.diagnostics);
}

#[test]
fn a_caret_stands_under_the_word_also_behind_chinese() {
    let broken = read("good/venue.md").replace(
        "ask: { zh: 预订, en: Ask, from: new, to: asked",
        "ask: { zh: 预订, en: Ask, from: new, to: akeds",
    );
    let checked = checked(&[("venue.md", broken.clone())]);
    let first = &checked.diagnostics[0];
    assert_eq!(&broken[first.span.clone()], "akeds");
    let text = render(first, &broken, Lang::Zh, false);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("错误[GZ101]: 不认识的状态 `akeds`"), "{text}");
    let width = |text: &str| text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let word = lines[3].find("akeds").expect("the line is shown");
    assert_eq!(width(&lines[3][..word]), lines[4].find("^^^^^").expect("marked"), "{text}");
    assert!(text.contains("是不是 `asked`？"), "{text}");
    let json = to_json(&checked.diagnostics);
    assert!(json.contains("\"code\": \"GZ101\"") && json.contains("\"zh\""), "{json}");
}
